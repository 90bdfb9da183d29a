/* What the calendar asks for. Only a synced clock says that something is due (law 11). */
#include "store/care.h"
#include "store/find.h"

#include "base/cleanup.h"
#include "items.h"

static int find_due(struct lk_store *store, const struct lk_stamp *now, sqlite3_stmt *started,
                    struct lk_store_found *ret_found)
{
    LK_CLEANUP(lk_sql_resetp) sqlite3_stmt *stmt = started;
    struct lk_store_item row;
    int r = lk_sql_row(store, stmt);
    if (r <= 0) {
        return r;
    }
    r = lk_item_read(store, stmt, now, &row);
    if (r == 0) {
        *ret_found = (struct lk_store_found){.found = true, .live = row.live, .item = row.item};
    }
    return r;
}

static int count(struct lk_store *store, enum lk_st st, int64_t before_ms, unsigned *ret_count)
{
    LK_CLEANUP(lk_sql_resetp) sqlite3_stmt *stmt = LK_START(store, st, LK_I(before_ms));
    int r = lk_sql_row(store, stmt);
    if (r > 0) {
        *ret_count = (unsigned)sqlite3_column_int64(stmt, 0);
    }
    return r < 0 ? r : 0;
}

enum {
    EVENTS_LOOKED_AT = 4096, /* so many in a row without a right clock, and what is before them is kept for good */
    EVENTS_AT_ONCE = 256,    /* some ms: the doors come first */
    DAY_MS = 86400000,
    HOUR_MS = 3600000, /* looking at so many each minute would cost more than it is worth */
};

/* How many of the oldest events upstream has are older than this for certain. */
static int count_older(struct lk_store *store, int64_t than_ms, uint64_t *ret_count)
{
    char over[32];
    struct lk_text text = lk_text_init(over, sizeof(over));
    lk_text_add_utc(&text, than_ms);
    LK_CLEANUP(lk_sql_resetp)
    sqlite3_stmt *stmt =
        LK_START(store, ST_EVENTS_OVER, LK_I(store->first_seq), LK_I(store->acked), LK_I(EVENTS_LOOKED_AT), LK_T(over));
    int r = lk_sql_row(store, stmt);
    uint64_t to = r > 0 ? (uint64_t)sqlite3_column_int64(stmt, 0) : 0;
    *ret_count = to >= store->first_seq ? to - store->first_seq + 1 : 0;
    return r < 0 ? r : 0;
}

/* How many are past their time. A day's worth goes together, in several steps: each purge is an event itself. */
static int count_events(struct lk_store *store, int64_t now_ms, unsigned *ret_count)
{
    int64_t over_ms = now_ms - store->events_ms;
    int64_t since_ms = now_ms - store->events_looked_ms;
    uint64_t count = 0;
    if (!store->purging && since_ms > -HOUR_MS && since_ms < HOUR_MS) {
        *ret_count = 0;
        return 0;
    }
    store->events_looked_ms = now_ms;
    int r = store->purging ? 0 : count_older(store, over_ms - DAY_MS, &count);
    if (r == 0 && (store->purging || count > 0)) {
        r = count_older(store, over_ms, &count);
    }
    store->purging = r == 0 && count > 0;
    *ret_count = (unsigned)(count < EVENTS_AT_ONCE ? count : EVENTS_AT_ONCE);
    return r;
}

static sqlite3_stmt *start_due(struct lk_store *store, enum lk_due due, int64_t now_ms)
{
    switch (due) {
    case LK_DUE_REMINDER:
        return LK_START(store, ST_DUE_REMINDER, LK_I(now_ms + store->remind_ms), LK_I(now_ms));
    case LK_DUE_OVERDUE:
        return LK_START(store, ST_DUE_OVERDUE, LK_I(now_ms));
    case LK_DUE_ERASE:
        return LK_START(store, ST_DUE_ERASE, LK_I(now_ms - store->personal_ms));
    case LK_DUE_PURGE:
    case LK_DUE_EVENTS:
    case LK_DUES:
        break;
    }
    return NULL;
}

int lk_store_next_due(struct lk_store *store, const struct lk_stamp *now, enum lk_due *ret_due,
                      struct lk_store_found *ret_found, unsigned *ret_count)
{
    static const enum lk_due order[] = {LK_DUE_REMINDER, LK_DUE_OVERDUE, LK_DUE_ERASE};
    struct lk_store_found found = {.item.door = LK_NO_DOOR};
    enum lk_due due = LK_DUE_PURGE;
    unsigned records = 0;
    int r = 0;
    bool synced = now->quality == LK_CLOCK_SYNCED;
    for (size_t i = 0; r == 0 && synced && !found.found && i < LK_ARRAY_SIZE(order); i++) {
        due = order[i];
        r = find_due(store, now, start_due(store, due, now->wall_ms), &found);
    }
    if (r == 0 && synced && !found.found) {
        due = LK_DUE_PURGE;
        r = count(store, ST_COUNT_RECORDS, now->wall_ms - store->records_ms, &records);
        found.found = records > 0;
    }
    if (r == 0 && synced && !found.found && store->events_ms > 0) {
        due = LK_DUE_EVENTS;
        r = count_events(store, now->wall_ms, &records);
        found.found = records > 0;
    }
    if (r == 0) {
        *ret_due = due;
        *ret_found = found;
        *ret_count = records;
    }
    return r;
}

int lk_store_purge_count(struct lk_store *store, const struct lk_stamp *now, struct lk_store_purge_plan *ret_plan)
{
    struct lk_store_purge_plan plan = {0};
    int r = 0;
    if (now->quality == LK_CLOCK_SYNCED) {
        r = count(store, ST_COUNT_ERASE, now->wall_ms - store->personal_ms, &plan.erase);
        r = r < 0 ? r : count(store, ST_COUNT_RECORDS, now->wall_ms - store->records_ms, &plan.records);
    }
    if (r == 0) {
        *ret_plan = plan;
    }
    return r;
}

int lk_store_last_round(struct lk_store *store, int64_t *ret_wall_ms)
{
    LK_CLEANUP(lk_sql_resetp) sqlite3_stmt *stmt = lk_sql_start(store, ST_ROUND_LAST, NULL, 0);
    int r = lk_sql_row(store, stmt);
    if (r > 0) {
        *ret_wall_ms = sqlite3_column_int64(stmt, 0);
    }
    return r < 0 ? r : 0;
}
