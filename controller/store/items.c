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
    COL_LIVE,
    COL_REJECTED,
    COL_DROPOFF,
    COL_SECOND,
    COL_EXTENDED,
    COL_MAC,
    COL_NAME,
    COL_CASE,
    COL_SITE,
    COL_WAYBILL,
    COL_REMINDED,
    COL_TOLD,
    COL_RECIPIENT,
    COL_DELEGATE,
    COL_MORE, /* what a statement adds: holder and tail of a secret, or a door */
    COL_TAIL
};

static bool is_overdue(const struct lk_store_item *row, const struct lk_stamp *now)
{
    return now->quality == LK_CLOCK_SYNCED && row->item.custody == LK_CUSTODY_IN_LOCKER &&
           row->retain_until_wall_ms != 0 && row->retain_until_wall_ms <= now->wall_ms;
}

static int read_texts(sqlite3_stmt *stmt, struct lk_item *item)
{
    const struct {
        char *to;
        size_t cap;
        int column;
    } rows[] = {
        {item->id, sizeof(item->id), COL_ID},       {item->phone_tail, sizeof(item->phone_tail), COL_PHONE},
        {item->name, sizeof(item->name), COL_NAME}, {item->case_id, sizeof(item->case_id), COL_CASE},
        {item->site, sizeof(item->site), COL_SITE}, {item->waybill, sizeof(item->waybill), COL_WAYBILL},
    };
    for (size_t i = 0; i < LK_ARRAY_SIZE(rows); i++) {
        if (lk_text_copy(rows[i].to, rows[i].cap, lk_sql_text(stmt, rows[i].column)) < 0) {
            return -EUCLEAN;
        }
    }
    return 0;
}

static void read_marks(sqlite3_stmt *stmt, struct lk_item *item)
{
    item->cancelled = sqlite3_column_int(stmt, COL_CANCELLED) != 0;
    item->low_reach = sqlite3_column_int(stmt, COL_LOW) != 0;
    item->rejected = sqlite3_column_int(stmt, COL_REJECTED) != 0;
    item->dropoff = sqlite3_column_int(stmt, COL_DROPOFF) != 0;
    item->second_factor = sqlite3_column_int(stmt, COL_SECOND) != 0;
    item->extended = (unsigned)sqlite3_column_int(stmt, COL_EXTENDED);
    item->has_phone = sqlite3_column_bytes(stmt, COL_MAC) == (int)sizeof(item->phone_mac);
    if (item->has_phone) {
        memcpy(item->phone_mac, sqlite3_column_blob(stmt, COL_MAC), sizeof(item->phone_mac));
    }
}

int lk_item_read_holder(sqlite3_stmt *stmt, struct lk_item *item)
{
    bool delegate = strcmp(lk_sql_text(stmt, COL_MORE), lk_holder_name(LK_HOLDER_DELEGATE)) == 0;
    item->holder = delegate ? LK_HOLDER_DELEGATE : LK_HOLDER_RECIPIENT;
    return delegate ? lk_text_copy(item->phone_tail, sizeof(item->phone_tail), lk_sql_text(stmt, COL_TAIL)) : 0;
}

int lk_item_read(const struct lk_store *store, sqlite3_stmt *stmt, const struct lk_stamp *now,
                 struct lk_store_item *ret_item)
{
    struct lk_store_item row = {.live = sqlite3_column_int(stmt, COL_LIVE) != 0,
                                .deposited_wall_ms = sqlite3_column_int64(stmt, COL_PUT),
                                .retain_until_wall_ms = sqlite3_column_int64(stmt, COL_KEEP),
                                .reminded = sqlite3_column_int(stmt, COL_REMINDED) != 0,
                                .told_overdue = sqlite3_column_int(stmt, COL_TOLD) != 0,
                                .holder = {[LK_HOLDER_RECIPIENT] = sqlite3_column_int(stmt, COL_RECIPIENT) != 0,
                                           [LK_HOLDER_DELEGATE] = sqlite3_column_int(stmt, COL_DELEGATE) != 0}};
    struct lk_item *item = &row.item;
    if (read_texts(stmt, item) < 0 || lk_custody_parse(lk_sql_text(stmt, COL_CUSTODY), &item->custody) < 0 ||
        lk_channel_parse(lk_sql_text(stmt, COL_CHANNEL), &item->channel) < 0 ||
        lk_size_parse(lk_sql_text(stmt, COL_SIZE), &item->size) < 0) {
        return -EUCLEAN;
    }
    item->door = lk_store_door(store, lk_sql_text(stmt, COL_DOOR));
    read_marks(stmt, item);
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

/* Bank by bank and door by door, as the cabinet stands there. */
int lk_store_list_round(struct lk_store *store, const struct lk_stamp *now, unsigned limit, lk_store_item_row *each,
                        void *user)
{
    int64_t due = now->quality == LK_CLOCK_SYNCED ? now->wall_ms : INT64_MIN;
    unsigned n = 0;
    int r = 0;
    for (int i = 0; i < store->core->doors; i++) {
        struct lk_store_item row;
        LK_CLEANUP(lk_sql_resetp)
        sqlite3_stmt *stmt = LK_START(store, ST_LIST_DUE_OF_DOOR, LK_T(store->core->door[i].label), LK_I(due));
        while ((r = lk_sql_row(store, stmt)) > 0) {
            r = lk_item_read(store, stmt, now, &row);
            if (r < 0 || (limit != 0 && n++ == limit) || !each(user, &row)) {
                return r;
            }
        }
        if (r < 0) {
            return r;
        }
    }
    return r;
}

int lk_store_list_deposits(struct lk_store *store, const struct lk_stamp *now, const char *who, uint64_t from_intent,
                           unsigned limit, lk_store_item_row *each, void *user)
{
    struct lk_store_item row;
    int r;
    LK_CLEANUP(lk_sql_resetp)
    sqlite3_stmt *stmt =
        LK_START(store, ST_LIST_DEPOSITS, LK_I(from_intent), LK_T(who), LK_I(limit ? (int64_t)limit : -1));
    while ((r = lk_sql_row(store, stmt)) > 0) {
        r = lk_item_read(store, stmt, now, &row);
        row.item.door = r < 0 ? LK_NO_DOOR : lk_store_door(store, lk_sql_text(stmt, COL_MORE));
        if (r < 0 || !each(user, &row)) {
            return r;
        }
    }
    return r;
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
