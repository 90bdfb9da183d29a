#include "reinstate.h"

#include "base/cleanup.h"
#include "files.h"
#include "schema.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

const char *lk_present_name(enum lk_present present)
{
    static const char *const names[LK_PRESENTS] = {
        [LK_PRESENT_MISSING] = "missing", [LK_PRESENT_IN_USE] = "in_use", [LK_PRESENT_UNREADABLE] = "unreadable",
        [LK_PRESENT_DAMAGED] = "damaged", [LK_PRESENT_WHOLE] = "whole",
    };
    return names[present];
}

/* For a dry run a lock file is not even made: where there is none, nobody has the database. */
static int take_lock(struct lk_reinstate *reinstate, struct lk_text *why)
{
    LK_CLEANUP(lk_freep) char *path = lk_file_beside(reinstate->config.path, ".lock");
    if (!path) {
        return -ENOMEM;
    }
    reinstate->lock_fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | (reinstate->dry ? 0 : O_CREAT), 0600);
    if (reinstate->lock_fd < 0) {
        int e = errno;
        return reinstate->dry && e == ENOENT
                   ? 0
                   : lk_why(why, -e, "The lock file %s cannot be opened: %s.", path, strerror(e));
    }
    if (flock(reinstate->lock_fd, LOCK_EX | LOCK_NB) == 0) {
        return 0;
    }
    return errno == EWOULDBLOCK ? -EBUSY : -errno;
}

static int look_at_lock(struct lk_reinstate *reinstate, struct lk_text *why)
{
    int r = take_lock(reinstate, why);
    reinstate->look.present = lk_file_exists(reinstate->config.path) ? LK_PRESENT_UNREADABLE : LK_PRESENT_MISSING;
    if (r == -EBUSY && reinstate->dry) {
        reinstate->look.present = LK_PRESENT_IN_USE;
        return 0;
    }
    return r == -EBUSY ? lk_why(why, r, "The database %s is in use: stop the daemon first (systemctl stop lockerd).",
                                reinstate->config.path)
                       : r;
}

/* From here on lk_reinstate_end() removes the folder: the lock is ours. */
static int name_files(struct lk_reinstate *reinstate, const char *folder)
{
    reinstate->folder = folder ? strdup(folder) : lk_file_beside(reinstate->config.path, ".restoring");
    if (!reinstate->folder) {
        return -ENOMEM;
    }
    reinstate->copy = lk_file_beside(reinstate->folder, "/backup.db");
    reinstate->present = lk_file_beside(reinstate->folder, "/present.db");
    return reinstate->copy && reinstate->present ? 0 : -ENOMEM;
}

static int make_folder(struct lk_reinstate *reinstate, struct lk_text *why)
{
    if (!reinstate->dry) {
        lk_reinstate_clean(reinstate->folder); /* of a run that was cut short */
    }
    if (mkdir(reinstate->folder, 0700) < 0) {
        int e = errno;
        return lk_why(why, -e, "The folder %s cannot be made: %s.", reinstate->folder, strerror(e));
    }
    return 0;
}

/* As the daemon would open it: whose it is, its key, its version. Brings it up to date. */
static int prove(struct lk_reinstate *reinstate, const char *backup, struct lk_text *why)
{
    char inner[400] = "";
    struct lk_text reason = lk_text_init(inner, sizeof(inner));
    struct lk_store_config config = reinstate->config;
    struct lk_store *store = NULL;
    config.path = reinstate->copy;
    config.backup_dir = reinstate->folder;
    int r = lk_store_open(&config, &store, &reason);
    (void)lk_store_close(store);
    return r < 0 ? lk_why(why, r, "The backup %s, copied to %s, cannot be used. %s", backup, reinstate->copy, inner)
                 : 0;
}

static int version_of(struct lk_reinstate *reinstate)
{
    LK_CLEANUP(lk_db_closep) sqlite3 *db = NULL;
    int64_t version = 0;
    int r = lk_db_open(reinstate->copy, SQLITE_OPEN_READWRITE, &db);
    r = r < 0 ? r : lk_sql_int(db, "PRAGMA user_version", &version);
    reinstate->look.backup_schema = r < 0 ? 0 : (unsigned)version;
    return 0; /* what is wrong is said by prove() */
}

static int begin(struct lk_reinstate *reinstate, const char *backup, const char *folder, struct lk_text *why)
{
    int r = look_at_lock(reinstate, why);
    r = r < 0 ? r : name_files(reinstate, folder);
    if (r == 0 && !reinstate->dry) {
        r = lk_reinstate_complete(reinstate->config.path, why);
    }
    r = r < 0 ? r : make_folder(reinstate, why);
    r = r < 0 ? r : lk_reinstate_copies(reinstate, backup, why);
    r = r < 0 ? r : version_of(reinstate);
    r = r < 0 ? r : prove(reinstate, backup, why);
    return r < 0 ? r : lk_reinstate_compare(reinstate, why);
}

int lk_reinstate_begin(const struct lk_store_config *config, const char *backup, const char *folder,
                       struct lk_reinstate **ret_reinstate, struct lk_text *why)
{
    struct lk_reinstate *reinstate = calloc(1, sizeof(*reinstate));
    if (!reinstate) {
        return -ENOMEM;
    }
    reinstate->config = *config;
    reinstate->lock_fd = -1;
    reinstate->dry = folder != NULL;
    int r = begin(reinstate, backup, folder, why);
    if (r < 0) {
        (void)lk_reinstate_end(reinstate);
        return why && why->len ? r : lk_why(why, r, "The backup %s cannot be looked at: %s.", backup, strerror(-r));
    }
    *ret_reinstate = reinstate;
    return 0;
}

const struct lk_reinstate_look *lk_reinstate_look(const struct lk_reinstate *reinstate)
{
    return &reinstate->look;
}

int lk_reinstate_open(struct lk_reinstate *reinstate, struct lk_store **ret_store, struct lk_text *why)
{
    struct lk_store_config config = reinstate->config;
    config.path = reinstate->copy;
    config.backup_dir = reinstate->folder;
    int r = lk_reinstate_renew(reinstate, why);
    return r < 0 ? r : lk_store_open(&config, ret_store, why);
}

static int seal(struct lk_reinstate *reinstate, struct lk_text *why)
{
    LK_CLEANUP(lk_db_closep) sqlite3 *db = NULL;
    char finding[160] = "";
    int r = lk_db_open(reinstate->copy, SQLITE_OPEN_READWRITE, &db);
    r = r < 0 ? r : lk_db_seal(db);
    r = r < 0 ? r : lk_db_check(db, "PRAGMA integrity_check(1)", finding);
    return r < 0 ? lk_why(why, r, "The restored database is not whole (%s). Nothing was changed.",
                          finding[0] ? finding : strerror(-r))
                 : 0;
}

/* PATH.aside-20260101T000000Z, and -2 ... -9 behind it when somebody was quick. */
static int name_aside(const struct lk_reinstate *reinstate, int64_t wall_ms, char *ret_aside, size_t cap)
{
    char stamp[32];
    struct lk_text t = lk_text_init(stamp, sizeof(stamp));
    lk_text_add_utc(&t, wall_ms);
    for (int n = 1; n < 10; n++) {
        struct lk_text name = lk_text_init(ret_aside, cap);
        lk_text_addf(&name, "%s.aside-", reinstate->config.path);
        for (const char *c = stamp; *c && *c != '.'; c++) {
            if (*c != '-' && *c != ':') {
                lk_text_addf(&name, "%c", *c);
            }
        }
        lk_text_add(&name, "Z");
        if (n > 1) {
            lk_text_addf(&name, "-%d", n);
        }
        if (name.truncated || !lk_file_exists(ret_aside)) {
            return name.truncated ? -ENAMETOOLONG : 0;
        }
    }
    return -EEXIST;
}

int lk_reinstate_finish(struct lk_reinstate *reinstate, const struct lk_stamp *now, char *ret_aside, size_t cap,
                        struct lk_text *why)
{
    int r = name_aside(reinstate, now->wall_ms, ret_aside, cap);
    r = r < 0 ? r : seal(reinstate, why);
    r = r < 0 ? r : lk_reinstate_swap(reinstate, ret_aside, why);
    if (r == 0 && !lk_file_exists(ret_aside)) {
        ret_aside[0] = '\0';
    }
    return r < 0 && (!why || why->len == 0) ? lk_why(why, r, "No name for the database of before: %s.", strerror(-r))
                                            : r;
}

struct lk_reinstate *lk_reinstate_end(struct lk_reinstate *reinstate)
{
    if (!reinstate) {
        return NULL;
    }
    if (reinstate->folder) {
        lk_reinstate_clean(reinstate->folder);
    }
    free(reinstate->folder);
    free(reinstate->copy);
    free(reinstate->present);
    lk_closep(&reinstate->lock_fd);
    free(reinstate);
    return NULL;
}
