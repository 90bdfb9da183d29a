#include "items.h"

#include "base/cleanup.h"

#include <errno.h>
#include <string.h>

enum {
    COL_ID,
    COL_CUSTODY,
    COL_CHANNEL,
    COL_SIZE,
    COL_DOOR,
    COL_CANCELLED,
    COL_LOW,
    COL_PHONE,
    COL_PUT,
    COL_KEEP,
    COL_LIVE
};

static bool is_overdue(const struct lk_store_item *row, const struct lk_stamp *now)
{
    return now->quality == LK_CLOCK_SYNCED && row->item.custody == LK_CUSTODY_IN_LOCKER &&
           row->retain_until_wall_ms != 0 && row->retain_until_wall_ms <= now->wall_ms;
}

int lk_item_read(const struct lk_store *store, sqlite3_stmt *stmt, const struct lk_stamp *now,
                 struct lk_store_item *ret_item)
{
    struct lk_store_item row = {.live = sqlite3_column_int(stmt, COL_LIVE) != 0,
                                .deposited_wall_ms = sqlite3_column_int64(stmt, COL_PUT),
                                .retain_until_wall_ms = sqlite3_column_int64(stmt, COL_KEEP)};
    struct lk_item *item = &row.item;
    if (lk_text_copy(item->id, sizeof(item->id), lk_sql_text(stmt, COL_ID)) < 0 ||
        lk_text_copy(item->phone_tail, sizeof(item->phone_tail), lk_sql_text(stmt, COL_PHONE)) < 0 ||
        lk_custody_parse(lk_sql_text(stmt, COL_CUSTODY), &item->custody) < 0 ||
        lk_channel_parse(lk_sql_text(stmt, COL_CHANNEL), &item->channel) < 0 ||
        lk_size_parse(lk_sql_text(stmt, COL_SIZE), &item->size) < 0) {
        return -EUCLEAN;
    }
    item->door = lk_store_door(store, lk_sql_text(stmt, COL_DOOR));
    item->cancelled = sqlite3_column_int(stmt, COL_CANCELLED) != 0;
    item->low_reach = sqlite3_column_int(stmt, COL_LOW) != 0;
    item->overdue = is_overdue(&row, now);
    *ret_item = row;
    return 0;
}

static int list(struct lk_store *store, const struct lk_stamp *now, sqlite3_stmt *stmt, lk_store_item_row *each,
                void *user)
{
    struct lk_store_item row;
    int r;
    while ((r = lk_sql_row(store, stmt)) > 0) {
        r = lk_item_read(store, stmt, now, &row);
        if (r < 0 || !each(user, &row)) {
            return r;
        }
    }
    return r;
}

int lk_store_list_items(struct lk_store *store, const struct lk_stamp *now, const struct lk_store_item_filter *filter,
                        lk_store_item_row *row, void *user)
{
    const char *after = filter->after ? filter->after : "";
    unsigned limit = filter->limit ? filter->limit : 100;
    LK_CLEANUP(lk_sql_resetp)
    sqlite3_stmt *stmt =
        filter->item ? LK_START(store, ST_FIND_ITEM, LK_T(filter->item))
        : filter->custody == LK_CUSTODY_NONE
            ? LK_START(store, ST_LIST_ALL, LK_T(after), LK_I(limit))
            : LK_START(store, ST_LIST_CUSTODY, LK_T(after), LK_I(limit), LK_T(lk_custody_name(filter->custody)));
    return list(store, now, stmt, row, user);
}

int lk_store_list_recalls(struct lk_store *store, const struct lk_stamp *now, unsigned limit, lk_store_item_row *row,
                          void *user)
{
    int64_t due = now->quality == LK_CLOCK_SYNCED ? now->wall_ms : INT64_MIN;
    LK_CLEANUP(lk_sql_resetp)
    sqlite3_stmt *stmt = LK_START(store, ST_LIST_RECALLS, LK_I(due), LK_I(limit ? (int64_t)limit : -1));
    return list(store, now, stmt, row, user);
}

int lk_store_counts(struct lk_store *store, struct lk_store_counts *ret_counts)
{
    struct lk_store_counts counts = {0};
    LK_CLEANUP(lk_sql_resetp) sqlite3_stmt *items = lk_sql_start(store, ST_COUNT_ITEMS, NULL, 0);
    LK_CLEANUP(lk_sql_resetp) sqlite3_stmt *secrets = lk_sql_start(store, ST_COUNT_SECRETS, NULL, 0);
    int r;
    while ((r = lk_sql_row(store, items)) > 0) {
        enum lk_custody custody;
        if (lk_custody_parse(lk_sql_text(items, 0), &custody) < 0) {
            return -EUCLEAN;
        }
        counts.items[custody] = (uint64_t)sqlite3_column_int64(items, 1);
    }
    r = r < 0 ? r : lk_sql_row(store, secrets);
    if (r < 0) {
        return r;
    }
    counts.codes_live = (uint64_t)sqlite3_column_int64(secrets, 0);
    counts.tokens_live = (uint64_t)sqlite3_column_int64(secrets, 1);
    *ret_counts = counts;
    return 0;
}
