/*
 * Inside the store: the connection, its prepared statements, and the translation of SQLite's results to errno.
 * Owner thread only.
 */
#ifndef LK_STORE_SQL_H
#define LK_STORE_SQL_H

#include "chain.h"
#include "key.h"
#include "store/log.h"
#include "store/store.h"

#include <sqlite3.h>

/* Every statement that runs on the live database after opening; texts in statements.c. */
enum lk_st {
    ST_BEGIN,
    ST_COMMIT,
    ST_ROLLBACK,
    ST_PROBE,
    ST_ITEM_UPDATE,
    ST_ITEM_INSERT,
    ST_ITEM_RID,
    ST_ITEM_CUSTODY,
    ST_ITEM_PLACED,
    ST_ITEM_CANCEL,
    ST_ITEM_REJECT,
    ST_ITEM_REMINDED,
    ST_ITEM_OVERDUE,
    ST_ITEM_EXTEND,
    ST_ITEM_WAYBILL,
    ST_ITEM_ERASE,
    ST_ITEM_RETAIN,
    ST_ITEM_END,
    ST_SECRET_KILL,
    ST_SECRET_REVOKE,
    ST_SECRET_ADD,
    ST_SECRET_CLASH,
    ST_SECRET_FORGET,
    ST_DOOR_USE,
    ST_DOUBT,
    ST_INTENT_ADD,
    ST_INTENT_TURN,
    ST_INTENT_FORGET,
    ST_INTENT_SETTLE,
    ST_INTENT_WITHDRAW,
    ST_INTENT_FINISH,
    ST_BANK_STOP,
    ST_BANK_RESUME,
    ST_WIRING_SEEN,
    ST_WIRING_CONFIRM,
    ST_WEAR_PUT,
    ST_WEAR_ALL,
    ST_WEAR_LOCK_NEW,
    ST_WEAR_RELAY_NEW,
    ST_WEAR_DISK_PUT,
    ST_WEAR_DISK,
    ST_LOCKOUT,
    ST_COMMAND_PUT,
    ST_COMMAND_ANSWER,
    ST_COMMAND_FIND,
    ST_COMMAND_PURGE,
    ST_EVENT_ADD,
    ST_EVENTS_AFTER,
    ST_EVENT_HASH,
    ST_EVENT_PURGE,
    ST_CURSOR_PURGE,
    ST_CURSOR_ACK,
    ST_CURSOR_LEFT_OUT,
    ST_CURSOR_ANCHOR,
    ST_FIND_LIVE,
    ST_FIND_DEAD,
    ST_COUNT_MORE,
    ST_FIND_SIBLING,
    ST_COUNT_SIBLINGS,
    ST_FIND_COMPANION,
    ST_FIND_ITEM,
    ST_CODE_OWNER,
    ST_CODE_SHARED,
    ST_PROOF_CODE,
    ST_DUE_REMINDER,
    ST_DUE_OVERDUE,
    ST_DUE_ERASE,
    ST_COUNT_ERASE,
    ST_COUNT_RECORDS,
    ST_EVENTS_OVER,
    ST_RECORDS_PURGE,
    ST_LIST_ALL,
    ST_LIST_CUSTODY,
    ST_LIST_RECALLS,
    ST_LIST_DUE_OF_DOOR,
    ST_LIST_DEPOSITS,
    ST_COUNT_ITEMS,
    ST_COUNT_SECRETS,
    ST_STAFF_PUT,
    ST_STAFF_UPSERT,
    ST_STAFF_REMOVE,
    ST_STAFF_BY_ID,
    ST_STAFF_BY_BADGE,
    ST_STAFF_LIST,
    ST_ROUND_NOTE,
    ST_ROUND_DATE,
    ST_ROUND_LAST,
    ST_BACKUP_NOTE,
    ST_BACKUP_LAST,
    ST_RESTORE_DOORS,
    ST_RESTORE_EXTRAS,
    ST_RESTORE_SERVICE,
    ST_RESTORE_INTENTS,
    ST_RESTORE_BANKS,
    ST_RESTORE_WIRING,
    ST_RESTORE_LOCKOUT,
    ST_RESTORE_REMOTE,
    ST_RESTORE_NEXT,
    ST_RESTORE_LEFT_OUT,
    ST_COUNT
};

extern const char *const lk_statements[ST_COUNT];

struct lk_store {
    sqlite3 *db;
    sqlite3_stmt *st[ST_COUNT];
    int lock_fd;
    char *path;
    const struct lk_core_config *core;
    unsigned doors_sorted;
    uint16_t by_label[LK_MAX_DOORS]; /* door indexes in order of their labels */
    int64_t retention_ms, remind_ms, personal_ms, records_ms, events_ms;
    struct lk_key *key;
    struct lk_sha *sha;

    char epoch[LK_EPOCH_MAX + 1];
    uint64_t first_seq, last_seq, acked;
    char head[LK_HASH_HEX + 1];

    int wal_frames;           /* since the last checkpoint */
    bool copying;             /* a backup is under way */
    bool purging;             /* a day's worth of old events goes, in several steps */
    int64_t events_looked_ms; /* when it was last looked for events past their time, by the wall clock */
    unsigned schema;
    int error;
    char doing[24];
    uint64_t failures, commits;
    int64_t slowest_ms; /* commit, since it was asked last */
};

/* 0 for OK, ROW and DONE; else the negative errno that says the same. */
int lk_sql_errno(sqlite3 *db, int rc);

/* Runs a text without results. 0 or negative errno. */
int lk_sql_exec(sqlite3 *db, const char *sql);

/* Runs a text and reads the first column of its first row as a number. */
int lk_sql_int(sqlite3 *db, const char *sql, int64_t *ret_value);

/* A bound value. NULL text and empty text by LK_TN are SQL NULL. Texts and blobs are borrowed until the statement is
 * reset. */
struct lk_arg {
    char kind; /* i, t, b, 0 */
    int64_t i;
    const char *t;
    const uint8_t *b;
    int size;
};
#define LK_I(v)                                                                                                        \
    {                                                                                                                  \
        .kind = 'i', .i = (int64_t)(v)                                                                                 \
    }
#define LK_T(s)                                                                                                        \
    {                                                                                                                  \
        .kind = 't', .t = (s)                                                                                          \
    }
#define LK_TN(s)                                                                                                       \
    {                                                                                                                  \
        .kind = (s) && *(s) ? 't' : '\0', .t = (s)                                                                     \
    }
#define LK_B(p, n)                                                                                                     \
    {                                                                                                                  \
        .kind = 'b', .b = (p), .size = (n)                                                                             \
    }
#define LK_IN(v, on)                                                                                                   \
    {                                                                                                                  \
        .kind = (on) ? 'i' : '\0', .i = (int64_t)(v)                                                                   \
    }

/* Starts a statement with its arguments bound; read rows by lk_sql_row(), end it by lk_sql_resetp (LK_CLEANUP). */
sqlite3_stmt *lk_sql_start(struct lk_store *store, enum lk_st st, const struct lk_arg *args, size_t count);
#define LK_START(store, st, ...)                                                                                       \
    lk_sql_start(store, st, (const struct lk_arg[]){__VA_ARGS__},                                                      \
                 sizeof((const struct lk_arg[]){__VA_ARGS__}) / sizeof(struct lk_arg))

/* 1: a row is there; 0: no more; negative errno. */
int lk_sql_row(struct lk_store *store, sqlite3_stmt *stmt);
void lk_sql_resetp(sqlite3_stmt **stmt);
void lk_sql_finalizep(sqlite3_stmt **stmt);

/* Runs a statement that gives no rows (or whose rows do not matter). 0 or negative errno. */
int lk_sql_run(struct lk_store *store, enum lk_st st, const struct lk_arg *args, size_t count);
#define LK_RUN(store, st, ...)                                                                                         \
    lk_sql_run(store, st, (const struct lk_arg[]){__VA_ARGS__},                                                        \
               sizeof((const struct lk_arg[]){__VA_ARGS__}) / sizeof(struct lk_arg))

/* As LK_RUN, and -ESTALE when no row was changed. */
#define LK_RUN_ONE(store, st, ...)                                                                                     \
    lk_sql_changed(store, lk_sql_run(store, st, (const struct lk_arg[]){__VA_ARGS__},                                  \
                                     sizeof((const struct lk_arg[]){__VA_ARGS__}) / sizeof(struct lk_arg)))
int lk_sql_changed(struct lk_store *store, int r);

/* A column's text, "" for NULL; valid until the next row. */
const char *lk_sql_text(sqlite3_stmt *stmt, int column);

/* A transaction. commit rolls back when it fails; both keep the health up to date. `doing` is what health calls it. */
int lk_tx_begin(struct lk_store *store, const char *doing);
int lk_tx_commit(struct lk_store *store, const char *doing);
/* Rolls back and returns r, which it notes as a failure when it is the disk's. */
int lk_tx_abort(struct lk_store *store, const char *doing, int r);

/* A door's label for the database, NULL for LK_NO_DOOR or an index that is none; and back: LK_NO_DOOR when the
 * configuration has no such door. */
const char *lk_store_label(const struct lk_store *store, int door);
int lk_store_door(const struct lk_store *store, const char *label);

/* base/text.h for a `why` that may be NULL. Returns r. */
int lk_why(struct lk_text *why, int r, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
