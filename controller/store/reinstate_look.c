#include "reinstate.h"

#include "base/cleanup.h"
#include "chain.h"
#include "files.h"
#include "schema.h"

#include <errno.h>
#include <string.h>

/* One of the two databases, read raw: it may be damaged, and it may be of an older version. */
struct side {
    sqlite3 *db;
    char epoch[LK_EPOCH_MAX + 1];
    uint64_t first, last, acked;
    char head[LK_HASH_HEX + 1];
    char time[32];
};

static int prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret_stmt)
{
    return lk_sql_errno(db, sqlite3_prepare_v2(db, sql, -1, ret_stmt, NULL));
}

static int read_side(struct side *side, struct lk_store_chain *ret_chain)
{
    LK_CLEANUP(lk_sql_finalizep) sqlite3_stmt *stmt = NULL;
    int r = prepare(side->db, lk_statements[ST_CURSOR_ANCHOR], &stmt);
    r = r < 0 ? r : sqlite3_step(stmt) == SQLITE_ROW ? 0 : -EUCLEAN;
    if (r < 0 || sqlite3_column_bytes(stmt, 3) != 32) {
        return r < 0 ? r : -EUCLEAN;
    }
    if (lk_text_copy(side->epoch, sizeof(side->epoch), lk_sql_text(stmt, 0)) < 0) {
        return -EUCLEAN;
    }
    side->acked = (uint64_t)sqlite3_column_int64(stmt, 1);
    side->first = (uint64_t)sqlite3_column_int64(stmt, 2) + 1;
    lk_text_hex(side->head, sqlite3_column_blob(stmt, 3), 32);
    *ret_chain = (struct lk_store_chain){.next_seq = side->first};
    memcpy(ret_chain->prevhash, side->head, sizeof(ret_chain->prevhash));
    return 0;
}

/* The whole event log, link by link: a log with a hole is none. */
static int walk(struct side *side)
{
    struct lk_store_chain chain;
    LK_CLEANUP(lk_sql_finalizep) sqlite3_stmt *stmt = NULL;
    struct lk_sha *sha = NULL;
    int r = read_side(side, &chain);
    r = r < 0 ? r : lk_sha_create(&sha);
    r = r < 0 ? r : prepare(side->db, lk_statements[ST_EVENTS_AFTER], &stmt);
    while (r == 0 && !chain.finished) {
        r = lk_chain_walk(side->db, stmt, sha, side->epoch, &chain, 10000);
    }
    (void)lk_sha_free(sha);
    if (r < 0 || chain.first_bad_seq != 0 || chain.next_seq - 1 < side->acked) {
        return r < 0 ? r : -EUCLEAN;
    }
    side->last = chain.next_seq - 1;
    memcpy(side->head, chain.prevhash, sizeof(side->head));
    return 0;
}

static int event_at(struct side *side, uint64_t seq, char head[LK_HASH_HEX + 1], char time[32])
{
    LK_CLEANUP(lk_sql_finalizep) sqlite3_stmt *stmt = NULL;
    int r = prepare(side->db, lk_statements[ST_EVENT_HASH], &stmt);
    if (r < 0) {
        return r;
    }
    sqlite3_bind_int64(stmt, 1, (int64_t)seq);
    if (sqlite3_step(stmt) != SQLITE_ROW || sqlite3_column_bytes(stmt, 0) != 32) {
        return -ENOENT;
    }
    lk_text_hex(head, sqlite3_column_blob(stmt, 0), 32);
    return lk_text_copy(time, 32, lk_sql_text(stmt, 1));
}

/* Whether the present log has the backup's last event, that very one. */
static bool goes_on(struct side *present, const struct side *backup)
{
    char head[LK_HASH_HEX + 1], time[32];
    if (strcmp(present->epoch, backup->epoch) != 0 || present->last < backup->last) {
        return false;
    }
    if (present->first > backup->last) {
        return true; /* purged since, after upstream had it */
    }
    return event_at(present, backup->last, head, time) == 0 && strcmp(head, backup->head) == 0;
}

static void look_at_present(struct lk_reinstate *reinstate, struct side *present, const struct side *backup)
{
    struct lk_reinstate_look *look = &reinstate->look;
    int64_t version = 0;
    int r = lk_db_open(reinstate->present, SQLITE_OPEN_READWRITE, &present->db);
    r = r < 0 ? r : lk_sql_int(present->db, "PRAGMA user_version", &version);
    bool known = r == 0 && version >= 1 && version <= (int64_t)lk_schema_latest;
    int damage = known ? lk_db_check(present->db, "PRAGMA integrity_check(1)", look->finding) : r;
    if (!known || walk(present) < 0) {
        if (!look->finding[0]) {
            (void)lk_text_copy(look->finding, sizeof(look->finding),
                               present->db ? sqlite3_errmsg(present->db) : strerror(-r));
        }
        return;
    }
    look->present = damage < 0 ? LK_PRESENT_DAMAGED : LK_PRESENT_WHOLE;
    if (damage == 0) {
        look->finding[0] = '\0';
    }
    look->present_seq = present->last;
    char head[LK_HASH_HEX + 1];
    (void)event_at(present, present->last, head, look->present_time);
    look->same_line = goes_on(present, backup);
    look->lost = look->same_line ? present->last - backup->last : present->last - (present->first - 1);
    reinstate->resume = (look->same_line && backup->last > present->acked ? backup->last : present->acked) + 1;
    look->carried = present->last >= reinstate->resume ? present->last - reinstate->resume + 1 : 0;
    if (look->same_line && present->acked > reinstate->acked) {
        reinstate->acked = present->acked < backup->last ? present->acked : backup->last;
    }
}

static int look_at_backup(struct lk_reinstate *reinstate, struct side *backup, struct lk_text *why)
{
    struct lk_reinstate_look *look = &reinstate->look;
    char finding[160] = "", head[LK_HASH_HEX + 1];
    int64_t inside = 0;
    int r = lk_db_open(reinstate->copy, SQLITE_OPEN_READWRITE, &backup->db);
    r = r < 0 ? r : lk_db_check(backup->db, "PRAGMA integrity_check(1)", finding);
    r = r < 0 ? r : lk_sql_int(backup->db, "SELECT count(*) FROM item WHERE custody = 'in_locker'", &inside);
    if (r < 0) {
        return lk_why(why, r, "The backup is damaged (%s). Nothing was changed. Take an older one.",
                      finding[0] ? finding : strerror(-r));
    }
    r = walk(backup);
    if (r < 0) {
        return lk_why(why, r, "The backup's event chain is broken. Nothing was changed. Take an older one.");
    }
    look->backup_seq = backup->last;
    look->in_locker = (unsigned)inside;
    (void)event_at(backup, backup->last, head, look->backup_time);
    reinstate->acked = backup->acked;
    memcpy(reinstate->epoch, backup->epoch, sizeof(reinstate->epoch));
    return 0;
}

int lk_reinstate_compare(struct lk_reinstate *reinstate, struct lk_text *why)
{
    struct side backup = {0}, present = {0};
    int r = look_at_backup(reinstate, &backup, why);
    if (r == 0 && lk_file_exists(reinstate->present)) {
        look_at_present(reinstate, &present, &backup);
    }
    if (r == 0) {
        reinstate->look.carried += backup.last - reinstate->acked;
    }
    lk_db_closep(&backup.db);
    lk_db_closep(&present.db);
    return r;
}

int lk_reinstate_differences(struct lk_reinstate *reinstate, lk_reinstate_row *row, void *user)
{
    static const char sql[] =
        "SELECT b.id, b.custody, coalesce(b.door, ''), coalesce(p.custody, ''), coalesce(p.door, '') "
        "FROM main.item b LEFT JOIN present.item p ON p.id = b.id "
        "WHERE p.id IS NULL OR p.custody <> b.custody OR p.door IS NOT b.door "
        "UNION ALL SELECT p.id, '', '', p.custody, coalesce(p.door, '') FROM present.item p "
        "WHERE NOT EXISTS (SELECT 1 FROM main.item b WHERE b.id = p.id) ORDER BY 1";
    LK_CLEANUP(lk_db_closep) sqlite3 *db = NULL;
    if (reinstate->look.present != LK_PRESENT_DAMAGED && reinstate->look.present != LK_PRESENT_WHOLE) {
        return 0;
    }
    int r = lk_db_open(reinstate->copy, SQLITE_OPEN_READWRITE, &db);
    r = r < 0 ? r : lk_db_attach(db, reinstate->present);
    LK_CLEANUP(lk_sql_finalizep) sqlite3_stmt *stmt = NULL;
    r = r < 0 ? r : prepare(db, sql, &stmt);
    int rc = SQLITE_ROW;
    while (r == 0 && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        if (!row(user, lk_sql_text(stmt, 0), lk_sql_text(stmt, 1), lk_sql_text(stmt, 2), lk_sql_text(stmt, 3),
                 lk_sql_text(stmt, 4))) {
            return 0;
        }
    }
    return r < 0 ? r : lk_sql_errno(db, rc);
}
