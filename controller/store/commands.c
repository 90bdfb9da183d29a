#include "sql.h"
#include "store/care.h"
#include "store/memory.h"

#include "base/cleanup.h"

#include <errno.h>
#include <string.h>

enum { COMMANDS_KEPT = 10000, COMMAND_DAYS_LEAST = 7 };

int lk_store_find_command(struct lk_store *store, const char *jti, const uint8_t digest[32],
                          struct lk_store_command *ret_command)
{
    LK_CLEANUP(lk_sql_resetp) sqlite3_stmt *stmt = LK_START(store, ST_COMMAND_FIND, LK_T(jti));
    struct lk_store_command command = {.known = LK_STORE_KNOWN_NONE};
    int r = lk_sql_row(store, stmt);
    if (r < 0) {
        return r;
    }
    if (r > 0) {
        bool same = sqlite3_column_bytes(stmt, 0) == 32 && memcmp(sqlite3_column_blob(stmt, 0), digest, 32) == 0;
        command.known = same ? LK_STORE_KNOWN_SAME : LK_STORE_KNOWN_OTHER;
        if (lk_result_parse(lk_sql_text(stmt, 1), &command.result) < 0 ||
            lk_reason_parse(lk_sql_text(stmt, 2), &command.reason) < 0 ||
            lk_outcome_parse(lk_sql_text(stmt, 3), &command.outcome) < 0 ||
            lk_text_copy(command.sealed, sizeof(command.sealed), lk_sql_text(stmt, 4)) < 0) {
            return -EUCLEAN;
        }
    }
    *ret_command = command;
    return 0;
}

int lk_store_purge_commands(struct lk_store *store, const struct lk_stamp *now, unsigned keep_days,
                            unsigned *ret_removed)
{
    unsigned days = keep_days < COMMAND_DAYS_LEAST ? COMMAND_DAYS_LEAST : keep_days;
    unsigned removed = 0;
    int r = 0;
    if (now->quality == LK_CLOCK_SYNCED) {
        r = lk_tx_begin(store, "purge");
        if (r < 0) {
            return r;
        }
        r = LK_RUN(store, ST_COMMAND_PURGE, LK_I(now->wall_ms - (int64_t)days * 86400000), LK_I(COMMANDS_KEPT));
        removed = (unsigned)sqlite3_changes(store->db);
        r = r < 0 ? lk_tx_abort(store, "purge", r) : lk_tx_commit(store, "purge");
    }
    if (r == 0 && ret_removed) {
        *ret_removed = removed;
    }
    return r;
}
