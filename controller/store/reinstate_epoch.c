/* A new epoch: upstream has seen numbers that this database will give out again, so they need another name. What
 * upstream has not acknowledged is told in it, with the times and words it had; the rest stays in the backup and in
 * what was set aside. */
#include "reinstate.h"

#include "base/cleanup.h"
#include "chain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int lk_db_attach(sqlite3 *db, const char *path)
{
    LK_CLEANUP(lk_sql_finalizep) sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db, "ATTACH ?1 AS present", -1, &stmt, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_bind_text(stmt, 1, path, -1, SQLITE_STATIC);
        rc = sqlite3_step(stmt);
    }
    return lk_sql_errno(db, rc);
}

/* What is newer in the present database and does not move an item: commands that were obeyed (law 7), who may sign in,
 * codes that are used up (law 8). Each as a whole or not at all: a damaged page costs only what stands on it. */
static void take_over(sqlite3 *db)
{
    static const char *const parts[] = {
        "INSERT OR IGNORE INTO command (jti, digest, result, reason, outcome, made_wall_ms, sealed) "
        "SELECT jti, digest, result, reason, outcome, made_wall_ms, sealed FROM present.command ORDER BY n",
        "DELETE FROM staff WHERE (SELECT count(*) FROM present.staff) > 0; INSERT INTO staff "
        "SELECT * FROM present.staff WHERE (SELECT count(*) FROM staff) = 0",
        "UPDATE secret SET live = 0, ended_wall_ms = made_wall_ms WHERE live = 1 AND EXISTS (SELECT 1 FROM "
        "present.secret p JOIN present.item q ON q.rid = p.item JOIN item i ON i.rid = secret.item "
        "WHERE p.mac = secret.mac AND p.live = 0 AND q.id = i.id)",
        "DELETE FROM wear; INSERT INTO wear SELECT * FROM present.wear",
        "UPDATE site SET tries = max(tries, (SELECT tries FROM present.site)), "
        "level = max(level, (SELECT level FROM present.site)), lock_ms = max(lock_ms, (SELECT lock_ms FROM "
        "present.site))",
    };
    for (size_t i = 0; i < LK_ARRAY_SIZE(parts); i++) {
        bool done = lk_sql_exec(db, "SAVEPOINT part") == 0 && lk_sql_exec(db, parts[i]) == 0;
        (void)lk_sql_exec(db, done ? "RELEASE part" : "ROLLBACK TO part; RELEASE part");
    }
}

static int run_with(sqlite3 *db, const char *sql, int64_t number)
{
    LK_CLEANUP(lk_sql_finalizep) sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_bind_int64(stmt, 1, number);
        rc = sqlite3_step(stmt);
    }
    return lk_sql_errno(db, rc);
}

/* The events that go on, in the order in which they were logged. */
static int gather(struct lk_reinstate *reinstate, sqlite3 *db)
{
    int r =
        lk_sql_exec(db, "CREATE TEMP TABLE carried (n INTEGER PRIMARY KEY, type TEXT, time TEXT, quality TEXT, data "
                        "TEXT)");
    r = r < 0 ? r
              : run_with(db,
                         "INSERT INTO carried (type, time, quality, data) SELECT type, time, quality, data FROM "
                         "main.event WHERE seq > ?1 ORDER BY seq",
                         (int64_t)reinstate->acked);
    if (r == 0 && reinstate->resume > 0) {
        r = run_with(db,
                     "INSERT INTO carried (type, time, quality, data) SELECT type, time, quality, data FROM "
                     "present.event WHERE seq >= ?1 ORDER BY seq",
                     (int64_t)reinstate->resume);
    }
    return r;
}

/* Takes a rule off and gives its text, to be put back. *ret_text is malloc'd. */
static int take_off(sqlite3 *db, const char *rule, char **ret_text)
{
    char sql[128];
    LK_CLEANUP(lk_sql_finalizep) sqlite3_stmt *stmt = NULL;
    int r =
        lk_sql_errno(db, sqlite3_prepare_v2(db, "SELECT sql FROM main.sqlite_schema WHERE name = ?1", -1, &stmt, NULL));
    if (r < 0) {
        return r;
    }
    sqlite3_bind_text(stmt, 1, rule, -1, SQLITE_STATIC);
    if (sqlite3_step(stmt) != SQLITE_ROW) {
        return -EUCLEAN;
    }
    *ret_text = strdup(lk_sql_text(stmt, 0));
    lk_sql_finalizep(&stmt); /* a statement under way would lock the schema */
    (void)snprintf(sql, sizeof(sql), "DROP TRIGGER main.%s", rule);
    return *ret_text ? lk_sql_exec(db, sql) : -ENOMEM;
}

static int name_epoch(sqlite3 *db, const char *epoch)
{
    LK_CLEANUP(lk_sql_finalizep) sqlite3_stmt *stmt = NULL;
    int r = lk_sql_errno(db, sqlite3_prepare_v2(db, "UPDATE main.site SET epoch = ?1", -1, &stmt, NULL));
    if (r == 0) {
        sqlite3_bind_text(stmt, 1, epoch, -1, SQLITE_STATIC);
        r = lk_sql_errno(db, sqlite3_step(stmt));
    }
    return r;
}

/* The rules that make the log append-only are taken off for this one time, and put back word for word. */
static int empty_log(sqlite3 *db, const char *epoch)
{
    static const char *const rules[] = {"event_no_delete", "cursor_forward"};
    char *texts[LK_ARRAY_SIZE(rules)] = {NULL};
    int r = 0;
    for (size_t i = 0; r == 0 && i < LK_ARRAY_SIZE(rules); i++) {
        r = take_off(db, rules[i], &texts[i]);
    }
    r = r < 0 ? r
              : lk_sql_exec(db, "DELETE FROM main.event; "
                                "UPDATE main.cursor SET acked = 0, purged = 0, purged_hash = zeroblob(32)");
    for (size_t i = 0; i < LK_ARRAY_SIZE(rules); i++) {
        r = r < 0 ? r : lk_sql_exec(db, texts[i]);
        free(texts[i]);
    }
    return r < 0 ? r : name_epoch(db, epoch);
}

static int bind_event(sqlite3_stmt *add, const struct lk_chain_row *row, const uint8_t prev[32], const uint8_t hash[32])
{
    sqlite3_reset(add);
    sqlite3_bind_int64(add, 1, (int64_t)row->seq);
    sqlite3_bind_text(add, 2, row->type, -1, SQLITE_STATIC);
    sqlite3_bind_text(add, 3, row->time, -1, SQLITE_STATIC);
    sqlite3_bind_text(add, 4, row->quality, -1, SQLITE_STATIC);
    sqlite3_bind_text(add, 5, row->data, -1, SQLITE_STATIC);
    sqlite3_bind_blob(add, 6, prev, 32, SQLITE_STATIC);
    sqlite3_bind_blob(add, 7, hash, 32, SQLITE_STATIC);
    return sqlite3_step(add) == SQLITE_DONE ? 0 : -EIO;
}

/* The carried events again, as links of a chain that begins with them. */
static int chain_again(sqlite3 *db, const char *epoch)
{
    LK_CLEANUP(lk_sql_finalizep) sqlite3_stmt *read = NULL;
    LK_CLEANUP(lk_sql_finalizep) sqlite3_stmt *add = NULL;
    struct lk_sha *sha = NULL;
    struct lk_chain_row row = {0};
    uint8_t prev[32] = {0}, hash[32];
    int r = lk_sha_create(&sha);
    r = r < 0 ? r
              : lk_sql_errno(db, sqlite3_prepare_v2(db, "SELECT type, time, quality, data FROM carried ORDER BY n", -1,
                                                    &read, NULL));
    r = r < 0 ? r : lk_sql_errno(db, sqlite3_prepare_v2(db, lk_statements[ST_EVENT_ADD], -1, &add, NULL));
    while (r == 0 && sqlite3_step(read) == SQLITE_ROW) {
        row.seq++;
        row.type = lk_sql_text(read, 0);
        row.time = lk_sql_text(read, 1);
        row.quality = lk_sql_text(read, 2);
        row.data = lk_sql_text(read, 3);
        lk_text_hex(row.prevhash, prev, sizeof(prev));
        r = lk_chain_hash(sha, epoch, &row, hash);
        r = r < 0 ? r : bind_event(add, &row, prev, hash);
        memcpy(prev, hash, sizeof(prev));
    }
    (void)lk_sha_free(sha);
    return r;
}

static int renew(struct lk_reinstate *reinstate, sqlite3 *db, const char *epoch)
{
    bool both = reinstate->look.present == LK_PRESENT_DAMAGED || reinstate->look.present == LK_PRESENT_WHOLE;
    int r = both ? lk_db_attach(db, reinstate->present) : 0;
    r = r < 0 ? r : gather(reinstate, db);
    r = r < 0 ? r : lk_sql_exec(db, "BEGIN IMMEDIATE");
    if (r < 0) {
        return r;
    }
    if (both) {
        take_over(db);
    }
    r = empty_log(db, epoch);
    r = r < 0 ? r : chain_again(db, epoch);
    return lk_sql_exec(db, r < 0 ? "ROLLBACK" : "COMMIT") < 0 && r == 0 ? -EIO : r;
}

int lk_reinstate_renew(struct lk_reinstate *reinstate, struct lk_text *why)
{
    char epoch[LK_EPOCH_MAX + 1];
    sqlite3 *db = NULL;
    int r = lk_make_epoch(epoch);
    r = r < 0 ? r : lk_db_open(reinstate->copy, SQLITE_OPEN_READWRITE, &db);
    r = r < 0 ? r : renew(reinstate, db, epoch);
    if (r < 0) {
        (void)lk_why(why, r, "The copy of the backup cannot be written: %s. Nothing was changed.",
                     db ? sqlite3_errmsg(db) : strerror(-r));
    }
    lk_db_closep(&db);
    return r;
}
