#include "sql.h"

#include "base/cleanup.h"
#include "core/step.h"

#include <errno.h>
#include <string.h>

enum { DAY_MS = 86400000 };

static int not_understood(struct lk_text *why, const char *what, const char *where)
{
    return lk_why(
        why, -EUCLEAN,
        "The database holds %s %s that this program does not understand. Nothing was changed. Restore the last "
        "backup (lockerctl restore).",
        what, where);
}

static int door_is_gone(struct lk_text *why, const char *label, const char *item, const char *what)
{
    return lk_why(why, -ENODEV,
                  "Door %s %s %s, but the configuration has no such door any more. Put the door back into the "
                  "configuration, take the item out, then remove it.",
                  label, what, item[0] ? item : "(no item named)");
}

static int restore_doubt(struct lk_core *core, int door, sqlite3_stmt *stmt, struct lk_text *why)
{
    enum lk_purpose purpose;
    enum lk_custody from = LK_CUSTODY_NONE;
    if (lk_purpose_parse(lk_sql_text(stmt, 4), &purpose) < 0 ||
        (lk_sql_text(stmt, 5)[0] && lk_custody_parse(lk_sql_text(stmt, 5), &from) < 0)) {
        return not_understood(why, "a doubt about door", lk_sql_text(stmt, 0));
    }
    if (strlen(lk_sql_text(stmt, 6)) > LK_ITEM_ID_MAX) {
        return not_understood(why, "a doubt about door", lk_sql_text(stmt, 0));
    }
    lk_core_restore_doubt(core, door, purpose, from, lk_sql_text(stmt, 6));
    return 0;
}

static int restore_door(struct lk_store *store, struct lk_core *core, sqlite3_stmt *stmt, struct lk_text *why)
{
    const char *label = lk_sql_text(stmt, 0), *item = lk_sql_text(stmt, 2);
    bool in_doubt = lk_sql_text(stmt, 4)[0] != '\0';
    enum lk_use use;
    enum lk_reason reason;
    if (lk_use_parse(lk_sql_text(stmt, 1), &use) < 0 || lk_reason_parse(lk_sql_text(stmt, 3), &reason) < 0 ||
        strlen(item) > LK_ITEM_ID_MAX) {
        return not_understood(why, "a use of door", label);
    }
    int door = lk_store_door(store, label);
    if (door == LK_NO_DOOR) {
        bool matters = item[0] || in_doubt || use == LK_USE_OCCUPIED || use == LK_USE_RESERVED;
        return matters ? door_is_gone(why, label, item, in_doubt ? "is in doubt about" : "holds or is kept for") : 0;
    }
    lk_core_restore_door(core, door, use, item, reason);
    if (sqlite3_column_int(stmt, 7) != 0) {
        lk_core_restore_dropoff(core, door);
    }
    return in_doubt ? restore_doubt(core, door, stmt, why) : 0;
}

/* What lies beside the item that the door's story is about. */
static int restore_extra(struct lk_store *store, struct lk_core *core, sqlite3_stmt *stmt, struct lk_text *why)
{
    const char *label = lk_sql_text(stmt, 0), *item = lk_sql_text(stmt, 1);
    int door = lk_store_door(store, label);
    if (strlen(item) > LK_ITEM_ID_MAX) {
        return not_understood(why, "an item in door", label);
    }
    if (door == LK_NO_DOOR) {
        return door_is_gone(why, label, item, "holds");
    }
    int r = lk_core_restore_extra(core, door, item, sqlite3_column_int(stmt, 2) != 0);
    return r < 0 ? lk_why(why, -EUCLEAN, "The database has more items lying together than this program can keep.") : 0;
}

static int read_op(sqlite3_stmt *stmt, struct lk_op *ret_op)
{
    struct lk_op op = {
        .intent = (uint64_t)sqlite3_column_int64(stmt, 0), .withdrawn = sqlite3_column_int(stmt, 9) != 0, .tries = 1};
    const char *from = lk_sql_text(stmt, 7), *to = lk_sql_text(stmt, 8);
    if (lk_purpose_parse(lk_sql_text(stmt, 3), &op.purpose) < 0 ||
        lk_outcome_parse(lk_sql_text(stmt, 4), &op.outcome) < 0 ||
        lk_actor_parse(lk_sql_text(stmt, 5), &op.actor) < 0 ||
        lk_text_copy(op.who, sizeof(op.who), lk_sql_text(stmt, 6)) < 0 ||
        (from[0] && lk_custody_parse(from, &op.from) < 0) || (to[0] && lk_custody_parse(to, &op.to) < 0) ||
        lk_text_copy(op.waybill, sizeof(op.waybill), lk_sql_text(stmt, 12)) < 0 ||
        lk_reason_parse(lk_sql_text(stmt, 13), &op.turn) < 0 ||
        lk_text_copy(op.jti, sizeof(op.jti), lk_sql_text(stmt, 10)) < 0) {
        return -EUCLEAN;
    }
    *ret_op = op;
    return 0;
}

static int restore_op(struct lk_store *store, struct lk_core *core, sqlite3_stmt *stmt, struct lk_text *why)
{
    const char *label = lk_sql_text(stmt, 1), *item = lk_sql_text(stmt, 2);
    struct lk_op op;
    if (read_op(stmt, &op) < 0) {
        return not_understood(why, "an opening of door", label);
    }
    int door = lk_store_door(store, label);
    if (door == LK_NO_DOOR) {
        return item[0] ? door_is_gone(why, label, item, "has an unfinished opening for") : 0;
    }
    const void *wiring = sqlite3_column_blob(stmt, 11); /* NULL: an intent of before fingerprints */
    op.rewired = wiring && memcmp(wiring, store->core->door[door].wiring, LK_WIRING_LEN) != 0;
    lk_core_restore_op(core, door, &op);
    bool beside = core->door[door].use == LK_USE_OCCUPIED && strcmp(core->door[door].item, item) != 0;
    if (op.purpose == LK_PURPOSE_DEPOSIT && !op.withdrawn && beside) {
        lk_core_restore_joining(core, door, item);
    }
    return 0;
}

static int restore_wiring(struct lk_store *store, struct lk_core *core, int door)
{
    const struct lk_door_config *place = &store->core->door[door];
    LK_CLEANUP(lk_sql_resetp)
    sqlite3_stmt *stmt = LK_START(store, ST_RESTORE_WIRING, LK_T(place->label), LK_B(place->wiring, LK_WIRING_LEN));
    int r = lk_sql_row(store, stmt);
    if (r <= 0) {
        lk_core_restore_wiring(core, door, LK_WIRING_NEW);
        return r;
    }
    bool confirmed = sqlite3_column_int(stmt, 0) != 0, seen = sqlite3_column_int(stmt, 1) != 0;
    lk_core_restore_wiring(
        core, door, confirmed ? (seen ? LK_WIRING_SAME : LK_WIRING_BACK) : (seen ? LK_WIRING_HELD : LK_WIRING_CHANGED));
    return 0;
}

static int restore_wirings(struct lk_store *store, struct lk_core *core, struct lk_text *why)
{
    int r = 0;
    for (int i = 0; r == 0 && i < store->core->doors; i++) {
        r = restore_wiring(store, core, i);
    }
    return r < 0 ? lk_why(why, r, "The database %s cannot be read.", store->path) : 0;
}

static int restore_bank(struct lk_store *store, struct lk_core *core, sqlite3_stmt *stmt, struct lk_text *why)
{
    enum lk_reason reason;
    if (lk_reason_parse(lk_sql_text(stmt, 1), &reason) < 0) {
        return not_understood(why, "a stop of bank", lk_sql_text(stmt, 0));
    }
    int bank = lk_core_find_bank(store->core, lk_sql_text(stmt, 0));
    if (bank >= 0) { /* a bank that was taken away needs no stop */
        lk_core_restore_bank(core, bank, reason);
    }
    return 0;
}

typedef int restore_row(struct lk_store *store, struct lk_core *core, sqlite3_stmt *stmt, struct lk_text *why);

static int each(struct lk_store *store, enum lk_st st, struct lk_core *core, restore_row *row, struct lk_text *why)
{
    LK_CLEANUP(lk_sql_resetp) sqlite3_stmt *stmt = lk_sql_start(store, st, NULL, 0);
    int r;
    while ((r = lk_sql_row(store, stmt)) > 0) {
        r = row(store, core, stmt, why);
        if (r < 0) {
            return r;
        }
    }
    return r < 0 ? lk_why(why, r, "The database %s cannot be read.", store->path) : 0;
}

static int restore_counters(struct lk_store *store, struct lk_core *core, const struct lk_stamp *now, int64_t now_ms)
{
    int64_t since = now->quality == LK_CLOCK_SYNCED ? now->wall_ms - DAY_MS : INT64_MIN;
    LK_CLEANUP(lk_sql_resetp) sqlite3_stmt *lockout = lk_sql_start(store, ST_RESTORE_LOCKOUT, NULL, 0);
    LK_CLEANUP(lk_sql_resetp)
    sqlite3_stmt *remote = LK_START(store, ST_RESTORE_REMOTE, LK_I(LK_REMOTE_KEPT), LK_I(since));
    LK_CLEANUP(lk_sql_resetp) sqlite3_stmt *next = lk_sql_start(store, ST_RESTORE_NEXT, NULL, 0);
    LK_CLEANUP(lk_sql_resetp) sqlite3_stmt *left_out = lk_sql_start(store, ST_RESTORE_LEFT_OUT, NULL, 0);
    LK_CLEANUP(lk_sql_resetp)
    sqlite3_stmt *service =
        LK_START(store, ST_RESTORE_SERVICE,
                 LK_I(now->quality == LK_CLOCK_SYNCED ? now->wall_ms - store->core->two_person_ms : INT64_MIN));
    int opened = lk_sql_row(store, service);
    if (opened < 0 || lk_sql_row(store, lockout) <= 0 || lk_sql_row(store, remote) <= 0 ||
        lk_sql_row(store, next) <= 0 || lk_sql_row(store, left_out) <= 0) {
        return -EIO;
    }
    lk_core_restore_left_out(core, (unsigned)sqlite3_column_int64(left_out, 0));
    lk_core_restore_lockout(core, (unsigned)sqlite3_column_int64(lockout, 0),
                            (unsigned)sqlite3_column_int64(lockout, 1), sqlite3_column_int64(lockout, 2), now_ms);
    lk_core_restore_remote(core, (unsigned)sqlite3_column_int64(remote, 0), now_ms);
    int door = opened > 0 ? lk_store_door(store, lk_sql_text(service, 0)) : LK_NO_DOOR;
    if (door != LK_NO_DOOR) {
        lk_core_restore_service(core, door, now_ms);
    }
    lk_core_restore_next_intent(core, (uint64_t)sqlite3_column_int64(next, 0));
    return 0;
}

int lk_store_restore(struct lk_store *store, struct lk_core *core, const struct lk_stamp *now, int64_t now_ms,
                     struct lk_text *why)
{
    int r = each(store, ST_RESTORE_DOORS, core, restore_door, why);
    r = r < 0 ? r : each(store, ST_RESTORE_EXTRAS, core, restore_extra, why);
    r = r < 0 ? r : each(store, ST_RESTORE_INTENTS, core, restore_op, why);
    r = r < 0 ? r : each(store, ST_RESTORE_BANKS, core, restore_bank, why);
    r = r < 0 ? r : restore_wirings(store, core, why);
    if (r == 0) {
        r = restore_counters(store, core, now, now_ms);
        if (r < 0) {
            (void)lk_why(why, r, "The database %s cannot be read.", store->path);
        }
    }
    return r;
}
