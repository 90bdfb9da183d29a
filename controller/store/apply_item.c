#include "apply.h"

#include "base/cleanup.h"

#include <errno.h>
#include <string.h>

enum { DAY_MS = 86400000 };

static struct lk_arg phone_of(const struct lk_item *item)
{
    return (struct lk_arg){.kind = item->has_phone ? 'b' : '\0', .b = item->phone_mac, .size = sizeof(item->phone_mac)};
}

int lk_tx_item_put(struct lk_tx *tx, const struct lk_effect *fx)
{
    const struct lk_item *item = &fx->item;
    enum lk_custody custody = item->custody == LK_CUSTODY_NONE ? LK_CUSTODY_EXPECTED : item->custody;
    const struct lk_arg args[] = {
        LK_T(item->id),
        LK_T(lk_channel_name(item->channel)),
        LK_T(lk_size_name(item->size)),
        LK_I(item->low_reach),
        LK_T(item->phone_tail),
        phone_of(item),
        LK_T(item->name),
        LK_T(item->case_id),
        LK_T(item->site),
        LK_I(item->second_factor),
        LK_I(item->dropoff),
        LK_I(tx->now->wall_ms),
        LK_T(lk_custody_name(custody)),
        LK_I(item->cancelled),
    };
    int r = lk_sql_changed(tx->store, lk_sql_run(tx->store, ST_ITEM_UPDATE, args, LK_ARRAY_SIZE(args) - 2));
    if (r != -ESTALE) {
        return r;
    }
    memcpy(tx->made_item, item->id, sizeof(tx->made_item));
    tx->made_custody = custody;
    return lk_sql_run(tx->store, ST_ITEM_INSERT, args, LK_ARRAY_SIZE(args));
}

static bool is_deposit(enum lk_custody from, enum lk_custody to)
{
    return to == LK_CUSTODY_IN_LOCKER && from != LK_CUSTODY_UNKNOWN && from != LK_CUSTODY_IN_LOCKER;
}

int lk_tx_item_custody(struct lk_tx *tx, const struct lk_effect *fx)
{
    enum lk_custody from = fx->from;
    if (from == LK_CUSTODY_NONE) {
        if (tx->made_item[0] == '\0' || strcmp(tx->made_item, fx->item.id) != 0) {
            return -ESTALE;
        }
        from = tx->made_custody;
    }
    bool deposit = is_deposit(from, fx->to), synced = tx->now->quality == LK_CLOCK_SYNCED;
    bool over = fx->to == LK_CUSTODY_COLLECTED || fx->to == LK_CUSTODY_RETURNED;
    int r = deposit ? LK_RUN(tx->store, ST_ITEM_PLACED, LK_T(fx->item.id)) : 0;
    return r < 0 ? r
                 : LK_RUN_ONE(tx->store, ST_ITEM_CUSTODY, LK_T(fx->item.id), LK_T(lk_custody_name(from)),
                              LK_T(lk_custody_name(fx->to)), LK_T(lk_store_label(tx->store, fx->door)),
                              LK_I(tx->now->wall_ms), LK_I(deposit),
                              LK_IN(tx->now->wall_ms + tx->store->retention_ms, synced),
                              LK_IN(tx->now->wall_ms, over && synced));
}

int lk_tx_item_cancelled(struct lk_tx *tx, const struct lk_effect *fx)
{
    return LK_RUN_ONE(tx->store, ST_ITEM_CANCEL, LK_T(fx->item.id), LK_I(tx->now->wall_ms));
}

int lk_tx_item_rejected(struct lk_tx *tx, const struct lk_effect *fx)
{
    return LK_RUN_ONE(tx->store, ST_ITEM_REJECT, LK_T(fx->item.id), LK_I(tx->now->wall_ms));
}

int lk_tx_item_reminded(struct lk_tx *tx, const struct lk_effect *fx)
{
    return LK_RUN_ONE(tx->store, ST_ITEM_REMINDED, LK_T(fx->item.id));
}

int lk_tx_item_overdue(struct lk_tx *tx, const struct lk_effect *fx)
{
    return LK_RUN_ONE(tx->store, ST_ITEM_OVERDUE, LK_T(fx->item.id));
}

/* From now on when it is over already, as far as the clock can be trusted. */
int lk_tx_item_extend(struct lk_tx *tx, const struct lk_effect *fx)
{
    int64_t from_ms = tx->now->quality == LK_CLOCK_SYNCED ? tx->now->wall_ms : 0;
    return LK_RUN_ONE(tx->store, ST_ITEM_EXTEND, LK_T(fx->item.id), LK_I((int64_t)fx->count * DAY_MS), LK_I(from_ms));
}

int lk_tx_item_waybill(struct lk_tx *tx, const struct lk_effect *fx)
{
    return LK_RUN_ONE(tx->store, ST_ITEM_WAYBILL, LK_T(fx->item.id), LK_T(fx->waybill));
}

static int item_rid(struct lk_tx *tx, const char *id, int64_t *ret_rid)
{
    LK_CLEANUP(lk_sql_resetp) sqlite3_stmt *stmt = LK_START(tx->store, ST_ITEM_RID, LK_T(id));
    int r = lk_sql_row(tx->store, stmt);
    if (r > 0) {
        *ret_rid = sqlite3_column_int64(stmt, 0);
    }
    return r < 0 ? r : r == 0 ? -ESTALE : 0;
}

int lk_tx_item_erase(struct lk_tx *tx, const struct lk_effect *fx)
{
    int64_t rid = 0;
    int r = item_rid(tx, fx->item.id, &rid);
    r = r < 0 ? r : LK_RUN_ONE(tx->store, ST_ITEM_ERASE, LK_T(fx->item.id));
    return r < 0 ? r : LK_RUN(tx->store, ST_SECRET_FORGET, LK_I(rid));
}

/* Their openings go with them; the newest intent stays, for the next one counts from it. */
int lk_tx_records_purge(struct lk_tx *tx, const struct lk_effect *fx)
{
    (void)fx;
    if (tx->now->quality != LK_CLOCK_SYNCED) {
        return 0;
    }
    int64_t before = tx->now->wall_ms - tx->store->records_ms;
    int r = LK_RUN(tx->store, ST_INTENT_FORGET, LK_I(before));
    return r < 0 ? r : LK_RUN(tx->store, ST_RECORDS_PURGE, LK_I(before));
}

/* --- codes and tokens --------------------------------------------------------------------------------------------- */

/* One live value is one person's; the database's own triggers would only say that something is wrong. */
static int clash(struct lk_tx *tx, int64_t rid, const char *kind, const char *holder, const uint8_t mac[32])
{
    LK_CLEANUP(lk_sql_resetp)
    sqlite3_stmt *stmt = LK_START(tx->store, ST_SECRET_CLASH, LK_I(rid), LK_B(mac, 32), LK_T(kind), LK_T(holder));
    int r = lk_sql_row(tx->store, stmt);
    return r > 0 ? -EEXIST : r;
}

static int add_secret(struct lk_tx *tx, int64_t rid, const char *kind, const struct lk_secret *secret, bool has,
                      const uint8_t mac[32])
{
    const char *holder = lk_holder_name(secret->holder);
    int r = has ? clash(tx, rid, kind, holder, mac) : 0;
    return r < 0 || !has ? r
                         : LK_RUN(tx->store, ST_SECRET_ADD, LK_I(rid), LK_T(kind), LK_T(LK_KEY_ALGORITHM),
                                  LK_B(mac, 32), LK_I(tx->now->wall_ms), LK_T(holder), LK_T(secret->tail));
}

int lk_tx_secret_kill(struct lk_tx *tx, const struct lk_effect *fx)
{
    int64_t rid = 0;
    int r = item_rid(tx, fx->item.id, &rid);
    return r < 0 ? r : LK_RUN(tx->store, ST_SECRET_KILL, LK_I(rid), LK_I(tx->now->wall_ms));
}

int lk_tx_secret_revoke(struct lk_tx *tx, const struct lk_effect *fx)
{
    int64_t rid = 0;
    int r = item_rid(tx, fx->item.id, &rid);
    return r < 0 ? r
                 : LK_RUN(tx->store, ST_SECRET_REVOKE, LK_I(rid), LK_I(tx->now->wall_ms),
                          LK_T(lk_holder_name(fx->secret.holder)));
}

int lk_tx_secret_set(struct lk_tx *tx, const struct lk_effect *fx)
{
    int64_t rid = 0;
    int r = lk_tx_secret_revoke(tx, fx);
    r = r < 0 ? r : item_rid(tx, fx->item.id, &rid);
    r = r < 0 ? r : add_secret(tx, rid, "code", &fx->secret, fx->secret.has_code, fx->secret.code_mac);
    return r < 0 ? r : add_secret(tx, rid, "token", &fx->secret, fx->secret.has_token, fx->secret.token_mac);
}
