#include "files.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *lk_file_beside(const char *path, const char *suffix)
{
    char *s = NULL;
    return asprintf(&s, "%s%s", path, suffix) < 0 ? NULL : s;
}

int64_t lk_file_size(const char *path)
{
    struct stat st;
    return stat(path, &st) < 0 ? -errno : st.st_size;
}

bool lk_file_exists(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 || errno != ENOENT;
}

bool lk_file_has_bytes(const char *path, const char *suffix)
{
    LK_CLEANUP(lk_freep) char *beside = lk_file_beside(path, suffix);
    return beside && lk_file_size(beside) > 0;
}

static int sync_open(const char *path, int flags)
{
    LK_CLEANUP(lk_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | flags);
    return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int lk_file_sync(const char *path)
{
    return sync_open(path, 0);
}

int lk_file_sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) + 1 : 1;
    LK_CLEANUP(lk_freep) char *folder = strndup(slash ? path : ".", n);
    return folder ? sync_open(folder, O_DIRECTORY) : -ENOMEM;
}

int lk_file_rename(const char *from, const char *to)
{
    int r = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
    if (r < 0 && (errno == EINVAL || errno == ENOSYS)) { /* for example a FAT stick before Linux 6 */
        r = lk_file_exists(to) ? (errno = EEXIST, -1) : rename(from, to);
    }
    return r < 0 ? -errno : lk_file_sync_folder(to);
}

static int write_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, bytes, n);
        if (done < 0 && errno != EINTR) {
            return -errno;
        }
        bytes += done > 0 ? done : 0;
        n -= done > 0 ? (size_t)done : 0;
    }
    return fsync(fd) < 0 ? -errno : 0;
}

int lk_file_create(const char *path, const char *bytes, size_t n)
{
    LK_CLEANUP(lk_freep) char *tmp = lk_file_beside(path, ".tmp");
    if (!tmp) {
        return -ENOMEM;
    }
    (void)unlink(tmp); /* of an attempt that was cut short */
    LK_CLEANUP(lk_closep) int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return -errno;
    }
    int r = write_all(fd, bytes, n);
    r = r < 0 ? r : lk_file_rename(tmp, path);
    if (r < 0) {
        (void)unlink(tmp);
    }
    return r;
}
