#include "open.h"

#include "base/cleanup.h"
#include "files.h"
#include "schema.h"
#include "wal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static const char every_connection[] = "PRAGMA locking_mode = EXCLUSIVE;"
                                       "PRAGMA synchronous = FULL;"
                                       "PRAGMA foreign_keys = ON;"
                                       "PRAGMA cell_size_check = ON;"
                                       "PRAGMA mmap_size = 0;"
                                       "PRAGMA cache_size = -512;" /* KiB: the kernel caches the file anyway */
                                       "PRAGMA temp_store = MEMORY;"
                                       "PRAGMA secure_delete = ON;";

void lk_db_closep(sqlite3 **db)
{
    (void)sqlite3_close(*db);
    *db = NULL;
}

int lk_db_open(const char *path, int flags, sqlite3 **ret_db)
{
    int rc = sqlite3_open_v2(path, ret_db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (rc != SQLITE_OK) {
        return lk_sql_errno(*ret_db, rc);
    }
    sqlite3_db_config(*ret_db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(*ret_db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(*ret_db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(*ret_db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    return lk_sql_exec(*ret_db, every_connection);
}

static int take_lock(struct lk_store *store, struct lk_text *why)
{
    LK_CLEANUP(lk_freep) char *path = lk_file_beside(store->path, ".lock");
    if (!path) {
        return -ENOMEM;
    }
    store->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (store->lock_fd < 0) {
        int e = errno;
        return lk_why(why, -e, "The lock file %s cannot be opened: %s.", path, strerror(e));
    }
    if (flock(store->lock_fd, LOCK_EX | LOCK_NB) < 0) {
        return lk_why(why, errno == EWOULDBLOCK ? -EBUSY : -errno,
                      "The database %s is in use by another process; only one may have it open.", store->path);
    }
    return 0;
}

static int compare_site(struct lk_store *store, const struct lk_store_config *config, struct lk_text *why)
{
    uint8_t check[32];
    LK_CLEANUP(lk_sql_finalizep) sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(store->db, "SELECT operator, site, key_check FROM site", -1, &stmt, NULL);
    rc = rc == SQLITE_OK ? sqlite3_step(stmt) : rc;
    if (rc != SQLITE_ROW || sqlite3_column_bytes(stmt, 2) != 32) {
        return lk_why(
            why, rc == SQLITE_ROW || rc == SQLITE_DONE || rc == SQLITE_ERROR ? -EUCLEAN : lk_sql_errno(store->db, rc),
            "The database %s does not say whose it is. Nothing was changed. Restore the last backup "
            "(lockerctl restore).",
            store->path);
    }
    if (strcmp(lk_sql_text(stmt, 0), config->operator_id) != 0 || strcmp(lk_sql_text(stmt, 1), config->site_id) != 0) {
        return lk_why(why, -EXDEV,
                      "The database %s belongs to %s/%s, the configuration says %s/%s. Nothing was changed. Correct "
                      "the configuration, or put the right database in place.",
                      store->path, lk_sql_text(stmt, 0), lk_sql_text(stmt, 1), config->operator_id, config->site_id);
    }
    int r = lk_key_mac(store->key, LK_KEY_CHECK, "lockerd", check);
    if (r == 0 && memcmp(check, sqlite3_column_blob(stmt, 2), sizeof(check)) != 0) {
        return lk_why(why, -EKEYREJECTED,
                      "The code key %s is not the one the database %s was made with. Nothing was changed. Put the key "
                      "back that was saved with the database.",
                      config->key_path, store->path);
    }
    return r;
}

static int damaged(struct lk_store *store, int r, const char *finding, struct lk_text *why)
{
    if (r == -EBUSY) {
        return lk_why(why, r, "The database %s is in use by another process; only one may have it open.", store->path);
    }
    if (r == -EUCLEAN) {
        return lk_why(
            why, r,
            "The database %s is damaged (%s). Nothing was changed. Restore the last backup (lockerctl restore).",
            store->path, finding);
    }
    return lk_why(why, r, "The database %s cannot be read (%s).", store->path, finding);
}

static int examine(struct lk_store *store, const struct lk_store_config *config, int64_t *ret_version,
                   struct lk_text *why)
{
    char finding[160] = "its version cannot be read";
    int64_t id = 0;
    int r = lk_sql_int(store->db, "PRAGMA user_version", ret_version);
    r = r < 0 ? r : lk_sql_int(store->db, "PRAGMA application_id", &id);
    if (r < 0) {
        return damaged(store, r, finding, why);
    }
    if (id != LK_APPLICATION_ID || *ret_version > (int64_t)lk_schema_latest || *ret_version < 1) {
        return lk_why(why, -EUCLEAN,
                      "The database %s has version %lld and this program knows 1 to %zu. Nothing was changed. Install "
                      "the newer program, or restore a backup that fits this one.",
                      store->path, (long long)*ret_version, lk_schema_latest);
    }
    r = lk_db_check(store->db, "PRAGMA quick_check(1)", finding);
    return r < 0 ? damaged(store, r, finding, why) : compare_site(store, config, why);
}

/* path.v1.1: the first copy of a version 1 database; a further attempt makes path.v1.2. */
static int copy_before(struct lk_store *store, const struct lk_store_config *config, int64_t version,
                       struct lk_text *why)
{
    const char *slash = strrchr(store->path, '/');
    const char *name = config->backup_dir ? (slash ? slash + 1 : store->path) : store->path;
    const char *folder = config->backup_dir ? config->backup_dir : "";
    char copy[PATH_MAX];
    int r = -EEXIST;
    for (int n = 1; r == -EEXIST && n < 100; n++) {
        struct lk_text t = lk_text_init(copy, sizeof(copy));
        lk_text_addf(&t, "%s%s%s.v%lld.%d", folder, *folder ? "/" : "", name, (long long)version, n);
        r = t.truncated ? -ENAMETOOLONG : lk_db_copy(store->db, copy);
    }
    return r < 0 ? lk_why(why, r, "No copy %s can be made before the database is brought up to date: %s.", copy,
                          strerror(-r))
                 : 0;
}

static int migrate(struct lk_store *store, const struct lk_store_config *config, int64_t version, struct lk_text *why)
{
    if (version == (int64_t)lk_schema_latest) {
        return 0;
    }
    int r = copy_before(store, config, version, why);
    if (r < 0) {
        return r;
    }
    r = lk_schema_migrate(store->db, lk_schema_steps, (size_t)version, lk_schema_latest);
    return r < 0 ? lk_why(why, r, "The database %s cannot be brought up to date: %s. The copy made before is whole.",
                          store->path, strerror(-r))
                 : 0;
}

static int prepare(struct lk_store *store, struct lk_text *why)
{
    int r = lk_sql_exec(store->db, "PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = 8388608");
    if (r < 0) {
        return lk_why(why, r, "The database %s cannot be written: %s.", store->path, sqlite3_errmsg(store->db));
    }
    lk_wal_prepare(store);
    for (int i = 0; i < ST_COUNT; i++) {
        int rc = sqlite3_prepare_v3(store->db, lk_statements[i], -1, SQLITE_PREPARE_PERSISTENT, &store->st[i], NULL);
        if (rc != SQLITE_OK) {
            r = rc == SQLITE_ERROR ? -EUCLEAN : lk_sql_errno(store->db, rc);
            return lk_why(why, r, "The database %s is not what it should be: %s.", store->path,
                          sqlite3_errmsg(store->db));
        }
    }
    return 0;
}

static int load_head(struct lk_store *store, struct lk_text *why)
{
    LK_CLEANUP(lk_sql_resetp) sqlite3_stmt *stmt = lk_sql_start(store, ST_CURSOR_ANCHOR, NULL, 0);
    int r = lk_sql_row(store, stmt);
    if (r <= 0 || sqlite3_column_bytes(stmt, 3) != 32) {
        return damaged(store, r < 0 ? r : -EUCLEAN, "the event log has no cursor", why);
    }
    (void)lk_text_copy(store->epoch, sizeof(store->epoch), lk_sql_text(stmt, 0));
    store->acked = (uint64_t)sqlite3_column_int64(stmt, 1);
    uint64_t purged = (uint64_t)sqlite3_column_int64(stmt, 2);
    uint64_t last = (uint64_t)sqlite3_column_int64(stmt, 4);
    store->first_seq = purged + 1;
    store->last_seq = last > purged ? last : purged;
    lk_text_hex(store->head, sqlite3_column_blob(stmt, 3), 32);
    if (last <= purged) {
        return store->acked > store->last_seq ? damaged(store, -EUCLEAN, "the end of the event log is missing", why)
                                              : 0;
    }
    LK_CLEANUP(lk_sql_resetp) sqlite3_stmt *tail = LK_START(store, ST_EVENT_HASH, LK_I(last));
    r = lk_sql_row(store, tail);
    if (r <= 0 || sqlite3_column_bytes(tail, 0) != 32 || store->acked > last) {
        return damaged(store, r < 0 ? r : -EUCLEAN, "the end of the event log is missing", why);
    }
    lk_text_hex(store->head, sqlite3_column_blob(tail, 0), 32);
    return 0;
}

static int by_label(const void *a, const void *b, void *user)
{
    const struct lk_store *store = user;
    return strcmp(store->core->door[*(const uint16_t *)a].label, store->core->door[*(const uint16_t *)b].label);
}

static int begin(struct lk_store *store, const struct lk_store_config *config)
{
    store->lock_fd = -1;
    store->core = config->core;
    store->retention_ms = (int64_t)config->retention_days * 86400000;
    store->remind_ms = (int64_t)config->remind_days * 86400000;
    store->personal_ms = (int64_t)config->personal_days * 86400000;
    store->records_ms = (int64_t)config->records_days * 86400000;
    store->events_ms = (int64_t)config->events_days * 86400000;
    store->doors_sorted = (unsigned)config->core->doors;
    for (unsigned i = 0; i < store->doors_sorted; i++) {
        store->by_label[i] = (uint16_t)i;
    }
    qsort_r(store->by_label, store->doors_sorted, sizeof(store->by_label[0]), by_label, store);
    store->path = strdup(config->path);
    return store->path ? lk_sha_create(&store->sha) : -ENOMEM;
}

static int open_files(struct lk_store *store, const struct lk_store_config *config, struct lk_text *why)
{
    bool fresh = false;
    int r = take_lock(store, why);
    r = r < 0 ? r : lk_files_check(config, &fresh, why);
    if (r == 0 && fresh) {
        r = lk_store_create(config, why);
    }
    r = r < 0 ? r : lk_key_load(config->key_path, config->site_id, &store->key, why);
    if (r < 0) {
        return r;
    }
    bool has_log = lk_file_has_bytes(config->path, "-wal");
    r = lk_db_open(config->path, SQLITE_OPEN_READWRITE, &store->db);
    if (r == 0) {
        /* Until everything is found right, closing must not play a log into the file. */
        sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, has_log, NULL);
    }
    if (r == 0 && sqlite3_db_readonly(store->db, "main") == 1) {
        return lk_why(why, -EROFS,
                      "The database %s may not be written; nothing was changed. Check the rights of the "
                      "file and whether the disk is mounted read-only.",
                      config->path);
    }
    return r < 0 ? damaged(store, r, store->db ? sqlite3_errmsg(store->db) : "no memory", why) : 0;
}

static int open_all(struct lk_store *store, const struct lk_store_config *config, struct lk_text *why)
{
    int64_t version = 0;
    int r = begin(store, config);
    r = r < 0 ? r : open_files(store, config, why);
    r = r < 0 ? r : examine(store, config, &version, why);
    r = r < 0 ? r : migrate(store, config, version, why);
    r = r < 0 ? r : prepare(store, why);
    r = r < 0 ? r : load_head(store, why);
    store->schema = (unsigned)lk_schema_latest;
    return r;
}

int lk_store_open(const struct lk_store_config *config, struct lk_store **ret_store, struct lk_text *why)
{
    struct lk_store *store = calloc(1, sizeof(*store));
    int r = store ? open_all(store, config, why) : -ENOMEM;
    if (r < 0) {
        if (why && why->len == 0) {
            (void)lk_why(why, r, "The store %s cannot be opened: %s.", config->path, strerror(-r));
        }
        (void)lk_store_close(store);
        return r;
    }
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    *ret_store = store;
    return 0;
}

struct lk_store *lk_store_close(struct lk_store *store)
{
    if (!store) {
        return NULL;
    }
    for (int i = 0; i < ST_COUNT; i++) {
        sqlite3_finalize(store->st[i]);
    }
    lk_db_closep(&store->db);
    (void)lk_key_free(store->key);
    (void)lk_sha_free(store->sha);
    lk_closep(&store->lock_fd);
    free(store->path);
    free(store);
    return NULL;
}

const char *lk_store_path(const struct lk_store *store)
{
    return store->path;
}
