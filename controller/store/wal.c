#include "wal.h"

#include "base/cleanup.h"
#include "files.h"

#include <fcntl.h>
#include <unistd.h>

enum { CHECKPOINT_FRAMES = 500, TIDY_FRAMES = 64, PAGE = 4096 };

/* One transaction may run over the checkpoint's mark. */
enum { LOG_BYTES = (CHECKPOINT_FRAMES + 64) * (PAGE + 24) };

/* Called by SQLite after each commit. A checkpoint that fails costs nothing but a longer log: the commit stands. */
static int on_commit(void *user, sqlite3 *db, const char *name, int frames)
{
    struct lk_store *store = user;
    (void)name;
    store->wal_frames = frames;
    if (frames >= CHECKPOINT_FRAMES &&
        sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) == 0) {
        store->wal_frames = 0;
    }
    return SQLITE_OK;
}

/* Zeros are no frames: page number 0, and a header without the magic number (sqlite.org/walformat.html). */
static void lay_out(const char *path)
{
    static const char zeros[PAGE];
    LK_CLEANUP(lk_closep) int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    off_t at = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
    while (at >= 0 && at < LOG_BYTES && pwrite(fd, zeros, sizeof(zeros), at) == (ssize_t)sizeof(zeros)) {
        at += (off_t)sizeof(zeros);
    }
    if (at >= 0) {
        (void)fdatasync(fd);
    }
}

void lk_wal_prepare(struct lk_store *store)
{
    LK_CLEANUP(lk_freep) char *path = lk_file_beside(store->path, "-wal");
    (void)sqlite3_wal_hook(store->db, on_commit, store);
    if (path) {
        lay_out(path);
    }
}

int lk_wal_empty(struct lk_store *store)
{
    int rc = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    if (rc == SQLITE_OK) {
        store->wal_frames = 0;
        lk_wal_prepare(store);
    }
    return lk_sql_errno(store->db, rc);
}

int lk_store_tidy(struct lk_store *store)
{
    if (store->wal_frames < TIDY_FRAMES) {
        return 0;
    }
    int rc = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if (rc == SQLITE_OK) {
        store->wal_frames = 0;
    }
    return lk_sql_errno(store->db, rc);
}
