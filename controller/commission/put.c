#include "commission/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

static int write_all(int folder, const char *name, const char *text)
{
    LK_CLEANUP(lk_closep) int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    size_t n = strlen(text);
    if (fd < 0) {
        return -errno;
    }
    ssize_t written = write(fd, text, n);
    if (written != (ssize_t)n || fsync(fd) < 0) {
        return written >= 0 && written != (ssize_t)n ? -ENOSPC : -errno;
    }
    return 0;
}

int lk_com_get(const char *folder, const char *name, char *buf, size_t cap)
{
    char path[PATH_MAX];
    struct lk_text t = lk_text_init(path, sizeof(path));
    lk_text_addf(&t, "%s/%s", folder, name);
    buf[0] = '\0';
    LK_CLEANUP(lk_closep) int fd = t.truncated ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? 0 : -errno;
    }
    ssize_t n = read(fd, buf, cap);
    if (n < 0 || (size_t)n >= cap) {
        buf[0] = '\0';
        return n < 0 ? -errno : -EFBIG;
    }
    buf[n] = '\0';
    return 0;
}

/* The old text under another name, on the disk before the new one takes its place. */
static int keep_old(int at, const char *folder, const char *name)
{
    char text[LK_COM_FILE_MAX], bak[NAME_MAX];
    struct lk_text t = lk_text_init(bak, sizeof(bak));
    struct stat st;
    if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        return errno == ENOENT ? 0 : -errno;
    }
    lk_text_addf(&t, "%s.bak", name);
    int r = lk_com_get(folder, name, text, sizeof(text));
    return r < 0 ? r : write_all(at, bak, text);
}

int lk_com_put(const char *folder, const char *name, const char *text)
{
    char temp[NAME_MAX];
    struct lk_text t = lk_text_init(temp, sizeof(temp));
    if (mkdir(folder, 0755) < 0 && errno != EEXIST) {
        return -errno;
    }
    LK_CLEANUP(lk_closep) int at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (at < 0) {
        return -errno;
    }
    lk_text_addf(&t, ".%s.new", name);
    int r = keep_old(at, folder, name);
    r = r == 0 ? write_all(at, temp, text) : r;
    if (r == 0 && (renameat(at, temp, at, name) < 0 || fsync(at) < 0)) {
        r = -errno;
    }
    if (r < 0) {
        (void)unlinkat(at, temp, 0);
    }
    return r;
}
