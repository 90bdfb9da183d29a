#include "reinstate.h"

#include "base/cleanup.h"
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int copy_bytes(int from, int to)
{
    char buffer[65536];
    ssize_t n;
    while ((n = read(from, buffer, sizeof(buffer))) > 0) {
        for (ssize_t done = 0, m; done < n; done += m) {
            m = write(to, buffer + done, (size_t)(n - done));
            if (m < 0) {
                return -errno;
            }
        }
    }
    return n < 0 || fsync(to) < 0 ? -errno : 0;
}

static int copy_file(const char *from, const char *to)
{
    LK_CLEANUP(lk_closep) int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0) {
        return -errno;
    }
    LK_CLEANUP(lk_closep) int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    return out < 0 ? -errno : copy_bytes(in, out);
}

/* A database, and the log that belongs to it. */
static int copy_pair(const char *from, const char *to)
{
    LK_CLEANUP(lk_freep) char *from_log = lk_file_beside(from, "-wal");
    LK_CLEANUP(lk_freep) char *to_log = lk_file_beside(to, "-wal");
    int r = from_log && to_log ? copy_file(from, to) : -ENOMEM;
    return r == 0 && lk_file_has_bytes(from, "-wal") ? copy_file(from_log, to_log) : r;
}

int lk_reinstate_copies(struct lk_reinstate *reinstate, const char *backup, struct lk_text *why)
{
    int r = copy_pair(backup, reinstate->copy);
    if (r < 0) {
        return lk_why(why, r, "The backup %s cannot be copied to %s: %s. Nothing was changed.", backup,
                      reinstate->folder, strerror(-r));
    }
    if (reinstate->look.present != LK_PRESENT_UNREADABLE) {
        return 0;
    }
    r = copy_pair(reinstate->config.path, reinstate->present);
    if (r == -ENOSPC || r == -ENOMEM) {
        return lk_why(why, r, "%s has no room for a copy of the database. Nothing was changed.", reinstate->folder);
    }
    return 0; /* what cannot be read stays unreadable: that is why somebody restores */
}

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* Calls each for every PATH.aside-* with whether it is one of a database (not of its log). True stops. */
static bool find_aside(const char *path, bool (*each)(const char *aside, const char *path))
{
    char folder[PATH_MAX], name[PATH_MAX];
    const char *slash = strrchr(path, '/');
    (void)snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    DIR *dir = opendir(folder[0] ? folder : "/");
    bool found = false;
    for (const struct dirent *e; dir && !found && (e = readdir(dir));) {
        int n = snprintf(name, sizeof(name), "%s/%s", folder, e->d_name);
        size_t base = strlen(path);
        bool ours = n > 0 && (size_t)n < sizeof(name) && strncmp(name, path, base) == 0 &&
                    strncmp(name + base, ".aside-", 7) == 0 && !strstr(name + base, "-wal");
        found = ours && each(name, path);
    }
    if (dir) {
        (void)closedir(dir);
    }
    return found;
}

/* The log beside the database is the log of one that was set aside, and the database is another one by now. */
static bool is_left_over(const char *aside, const char *path)
{
    LK_CLEANUP(lk_freep) char *log = lk_file_beside(path, "-wal");
    LK_CLEANUP(lk_freep) char *aside_log = lk_file_beside(aside, "-wal");
    return log && aside_log && same_file(log, aside_log) && !same_file(aside, path);
}

/* A name that was given to the database by a run that went no further. */
static bool take_name_back(const char *aside, const char *path)
{
    LK_CLEANUP(lk_freep) char *aside_log = lk_file_beside(aside, "-wal");
    if (aside_log && same_file(aside, path)) {
        (void)unlink(aside_log);
        (void)unlink(aside);
    }
    return false;
}

int lk_reinstate_complete(const char *path, struct lk_text *why)
{
    LK_CLEANUP(lk_freep) char *log = lk_file_beside(path, "-wal");
    if (!log) {
        return -ENOMEM;
    }
    (void)find_aside(path, take_name_back);
    if (!find_aside(path, is_left_over)) {
        return 0;
    }
    int r = unlink(log) < 0 ? -errno : lk_file_sync_folder(path);
    return r < 0
               ? lk_why(why, r, "%s cannot be removed: %s.", log, strerror(-r))
               : lk_why(why, -EALREADY,
                        "An earlier restore was cut short when all but its last step was done. It is complete now: %s "
                        "is the restored database.",
                        path);
}

/* As the present database, or its folder: root restores, and the daemon's user has to read it. */
static int give_owner(const char *path, const char *copy)
{
    struct stat st;
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    (void)snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
    if (stat(path, &st) < 0 && stat(folder, &st) < 0) {
        return -errno;
    }
    bool same = st.st_uid == geteuid() && st.st_gid == getegid();
    return !same && chown(copy, st.st_uid, st.st_gid) < 0 ? -errno : 0;
}

static int link_if_there(const char *from, const char *to)
{
    return link(from, to) < 0 && errno != ENOENT ? -errno : 0;
}

/* Both names exist before either of the old ones goes. The copy keeps no log (lk_db_seal), so that the old log beside
 * the new database is seen to be foreign and never played into it. */
int lk_reinstate_swap(const struct lk_reinstate *reinstate, const char *aside, struct lk_text *why)
{
    const char *path = reinstate->config.path;
    LK_CLEANUP(lk_freep) char *log = lk_file_beside(path, "-wal");
    LK_CLEANUP(lk_freep) char *aside_log = lk_file_beside(aside, "-wal");
    int r = log && aside_log ? give_owner(path, reinstate->copy) : -ENOMEM;
    r = r < 0 ? r : lk_file_sync(reinstate->copy);
    r = r < 0 ? r : link_if_there(path, aside); /* this one first: by it take_name_back() finds the other */
    r = r < 0 ? r : link_if_there(log, aside_log);
    r = r < 0 ? r : lk_file_sync_folder(path);
    if (r == 0 && rename(reinstate->copy, path) < 0) {
        r = -errno;
    }
    r = r < 0 ? r : lk_file_sync_folder(path);
    if (r == 0 && unlink(log) < 0 && errno != ENOENT) {
        r = -errno;
    }
    r = r < 0 ? r : lk_file_sync_folder(path);
    return r < 0 ? lk_why(why, r, "The restored database cannot be put in place: %s.", strerror(-r)) : 0;
}

/* Of its own making only: plain files in one folder. */
void lk_reinstate_clean(const char *folder)
{
    char path[PATH_MAX];
    DIR *dir = opendir(folder);
    for (const struct dirent *e; dir && (e = readdir(dir));) {
        int n = snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
        if (n > 0 && (size_t)n < sizeof(path) && e->d_name[0] != '.') {
            (void)unlink(path);
        }
    }
    if (dir) {
        (void)closedir(dir);
    }
    (void)rmdir(folder);
}
