#include "sql.h"

#include "base/cleanup.h"

#include <errno.h>
#include <string.h>
#include <time.h>

static int io_errno(sqlite3 *db)
{
    int e = db ? sqlite3_system_errno(db) : 0;
    return e == ENOSPC || e == EDQUOT ? -ENOSPC : e == EROFS ? -EROFS : -EIO;
}

static const struct {
    int rc, error;
} results[] = {
    {SQLITE_FULL, -ENOSPC},     {SQLITE_BUSY, -EBUSY},     {SQLITE_LOCKED, -EBUSY},      {SQLITE_CORRUPT, -EUCLEAN},
    {SQLITE_NOTADB, -EUCLEAN},  {SQLITE_FORMAT, -EUCLEAN}, {SQLITE_READONLY, -EROFS},    {SQLITE_NOMEM, -ENOMEM},
    {SQLITE_PERM, -EACCES},     {SQLITE_AUTH, -EACCES},    {SQLITE_CONSTRAINT, -EINVAL}, {SQLITE_MISMATCH, -EINVAL},
    {SQLITE_TOOBIG, -EMSGSIZE},
};

int lk_sql_errno(sqlite3 *db, int rc)
{
    int extended = db ? sqlite3_extended_errcode(db) : rc;
    if (rc == SQLITE_OK || rc == SQLITE_ROW || rc == SQLITE_DONE) {
        return 0;
    }
    if (extended == SQLITE_CONSTRAINT_UNIQUE || extended == SQLITE_CONSTRAINT_PRIMARYKEY ||
        extended == SQLITE_CONSTRAINT_ROWID) {
        return -EEXIST;
    }
    for (size_t i = 0; i < LK_ARRAY_SIZE(results); i++) {
        if (results[i].rc == (rc & 0xff)) {
            return results[i].error;
        }
    }
    if ((rc & 0xff) == SQLITE_CANTOPEN && db && sqlite3_system_errno(db) > 0) {
        return -sqlite3_system_errno(db);
    }
    return io_errno(db);
}

int lk_sql_exec(sqlite3 *db, const char *sql)
{
    return lk_sql_errno(db, sqlite3_exec(db, sql, NULL, NULL, NULL));
}

void lk_sql_finalizep(sqlite3_stmt **stmt)
{
    sqlite3_finalize(*stmt);
    *stmt = NULL;
}

void lk_sql_resetp(sqlite3_stmt **stmt)
{
    if (*stmt) {
        sqlite3_reset(*stmt);
        sqlite3_clear_bindings(*stmt);
    }
}

int lk_sql_int(sqlite3 *db, const char *sql, int64_t *ret_value)
{
    LK_CLEANUP(lk_sql_finalizep) sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(stmt);
    }
    if (rc != SQLITE_ROW) {
        return rc == SQLITE_DONE ? -ENOENT : lk_sql_errno(db, rc);
    }
    *ret_value = sqlite3_column_int64(stmt, 0);
    return 0;
}

static int bind(sqlite3_stmt *stmt, int at, const struct lk_arg *arg)
{
    if (arg->kind == 'i') {
        return sqlite3_bind_int64(stmt, at, arg->i);
    }
    if (arg->kind == 't' && arg->t) {
        return sqlite3_bind_text(stmt, at, arg->t, -1, SQLITE_STATIC);
    }
    if (arg->kind == 'b') {
        return sqlite3_bind_blob(stmt, at, arg->b, arg->size, SQLITE_STATIC);
    }
    return sqlite3_bind_null(stmt, at);
}

sqlite3_stmt *lk_sql_start(struct lk_store *store, enum lk_st st, const struct lk_arg *args, size_t count)
{
    sqlite3_stmt *stmt = store->st[st];
    for (size_t i = 0; i < count; i++) {
        (void)bind(stmt, (int)i + 1, &args[i]); /* cannot fail but for memory, and a missing value fails the step */
    }
    return stmt;
}

int lk_sql_row(struct lk_store *store, sqlite3_stmt *stmt)
{
    int rc = sqlite3_step(stmt);
    return rc == SQLITE_ROW ? 1 : lk_sql_errno(store->db, rc);
}

int lk_sql_run(struct lk_store *store, enum lk_st st, const struct lk_arg *args, size_t count)
{
    LK_CLEANUP(lk_sql_resetp) sqlite3_stmt *stmt = lk_sql_start(store, st, args, count);
    int r;
    do {
        r = lk_sql_row(store, stmt);
    } while (r > 0);
    return r;
}

int lk_sql_changed(struct lk_store *store, int r)
{
    return r < 0 ? r : sqlite3_changes(store->db) == 0 ? -ESTALE : 0;
}

const char *lk_sql_text(sqlite3_stmt *stmt, int column)
{
    const char *s = (const char *)sqlite3_column_text(stmt, column);
    return s ? s : "";
}

static bool is_the_disks(int r)
{
    return r != -ESTALE && r != -EEXIST && r != -EINVAL;
}

static int failed(struct lk_store *store, const char *doing, int r)
{
    if (is_the_disks(r)) {
        store->failures++;
        store->error = r;
        (void)lk_text_copy(store->doing, sizeof(store->doing), doing);
    }
    return r;
}

int lk_tx_begin(struct lk_store *store, const char *doing)
{
    int r = lk_sql_run(store, ST_BEGIN, NULL, 0);
    return r < 0 ? lk_tx_abort(store, doing, r) : 0;
}

/* For measuring only: nothing is decided by it here. */
static int64_t mono_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int lk_tx_commit(struct lk_store *store, const char *doing)
{
    int64_t since_ms = mono_ms();
    int r = lk_sql_run(store, ST_COMMIT, NULL, 0);
    int64_t took_ms = mono_ms() - since_ms;
    store->slowest_ms = took_ms > store->slowest_ms ? took_ms : store->slowest_ms;
    if (r < 0) {
        return lk_tx_abort(store, doing, r);
    }
    store->commits++;
    store->error = 0;
    store->doing[0] = '\0';
    return 0;
}

int lk_tx_abort(struct lk_store *store, const char *doing, int r)
{
    if (!sqlite3_get_autocommit(store->db)) {
        (void)lk_sql_run(store, ST_ROLLBACK, NULL, 0); /* when even this fails, SQLite has rolled back by itself */
    }
    return failed(store, doing, r);
}

const char *lk_store_label(const struct lk_store *store, int door)
{
    return door >= 0 && door < store->core->doors ? store->core->door[door].label : NULL;
}

int lk_store_door(const struct lk_store *store, const char *label)
{
    unsigned low = 0, high = store->doors_sorted;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        int order = strcmp(label, store->core->door[store->by_label[middle]].label);
        if (order == 0) {
            return store->by_label[middle];
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return LK_NO_DOOR;
}

int lk_why(struct lk_text *why, int r, const char *fmt, ...)
{
    if (why) {
        va_list ap;
        va_start(ap, fmt);
        lk_text_vaddf(why, fmt, ap);
        va_end(ap);
    }
    return r;
}
