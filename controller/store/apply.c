#include "event_json.h"
#include "sql.h"

#include "base/cleanup.h"

#include <errno.h>
#include <string.h>

/* One transaction under way. The head moves only here until the commit. */
struct tx {
    struct lk_store *store;
    const struct lk_stamp *now;
    uint64_t first_seq, last_seq;
    char head[LK_HASH_HEX + 1];
    char made_item[LK_ITEM_ID_MAX + 1]; /* by an ITEM_PUT of this list */
    enum lk_custody made_custody;
};

static const char *custody_or_null(enum lk_custody v)
{
    return v == LK_CUSTODY_NONE ? NULL : lk_custody_name(v);
}

static const uint8_t *wiring_of(const struct tx *tx, int door)
{
    const struct lk_core_config *core = tx->store->core;
    return door >= 0 && door < core->doors ? core->door[door].wiring : NULL;
}

static int intent_add(struct tx *tx, const struct lk_effect *fx)
{
    return LK_RUN(tx->store, ST_INTENT_ADD, LK_I(fx->intent), LK_T(lk_store_label(tx->store, fx->door)),
                  LK_TN(fx->item.id), LK_T(lk_purpose_name(fx->purpose)), LK_T(lk_actor_name(fx->actor)),
                  LK_TN(fx->who), LK_T(custody_or_null(fx->from)), LK_TN(fx->jti), LK_I(tx->now->wall_ms),
                  LK_I(fx->to == LK_CUSTODY_RETURNED), LK_B(wiring_of(tx, fx->door), LK_WIRING_LEN));
}

static int intent_settle(struct tx *tx, const struct lk_effect *fx)
{
    return LK_RUN_ONE(tx->store, ST_INTENT_SETTLE, LK_I(fx->intent), LK_T(lk_outcome_name(fx->outcome)),
                      LK_I(tx->now->wall_ms));
}

static int intent_withdraw(struct tx *tx, const struct lk_effect *fx)
{
    return LK_RUN_ONE(tx->store, ST_INTENT_WITHDRAW, LK_I(fx->intent));
}

static int intent_finish(struct tx *tx, const struct lk_effect *fx)
{
    return LK_RUN_ONE(tx->store, ST_INTENT_FINISH, LK_I(fx->intent));
}

static int item_put(struct tx *tx, const struct lk_effect *fx)
{
    const struct lk_item *item = &fx->item;
    int r = LK_RUN_ONE(tx->store, ST_ITEM_UPDATE, LK_T(item->id), LK_T(lk_channel_name(item->channel)),
                       LK_T(lk_size_name(item->size)), LK_I(item->low_reach), LK_T(item->phone_tail),
                       LK_I(tx->now->wall_ms));
    if (r != -ESTALE) {
        return r;
    }
    enum lk_custody custody = item->custody == LK_CUSTODY_NONE ? LK_CUSTODY_EXPECTED : item->custody;
    r = LK_RUN(tx->store, ST_ITEM_INSERT, LK_T(item->id), LK_T(lk_channel_name(item->channel)),
               LK_T(lk_size_name(item->size)), LK_I(item->low_reach), LK_T(item->phone_tail), LK_I(tx->now->wall_ms),
               LK_T(lk_custody_name(custody)), LK_I(item->cancelled));
    memcpy(tx->made_item, item->id, sizeof(tx->made_item));
    tx->made_custody = custody;
    return r;
}

static bool is_deposit(enum lk_custody from, enum lk_custody to)
{
    return to == LK_CUSTODY_IN_LOCKER && from != LK_CUSTODY_UNKNOWN && from != LK_CUSTODY_IN_LOCKER;
}

static int item_custody(struct tx *tx, const struct lk_effect *fx)
{
    enum lk_custody from = fx->from;
    if (from == LK_CUSTODY_NONE) {
        if (tx->made_item[0] == '\0' || strcmp(tx->made_item, fx->item.id) != 0) {
            return -ESTALE;
        }
        from = tx->made_custody;
    }
    bool deposit = is_deposit(from, fx->to);
    bool dated = deposit && tx->now->quality == LK_CLOCK_SYNCED;
    return LK_RUN_ONE(tx->store, ST_ITEM_CUSTODY, LK_T(fx->item.id), LK_T(lk_custody_name(from)),
                      LK_T(lk_custody_name(fx->to)), LK_T(lk_store_label(tx->store, fx->door)), LK_I(tx->now->wall_ms),
                      LK_I(deposit), LK_IN(tx->now->wall_ms + tx->store->retention_ms, dated));
}

static int item_cancelled(struct tx *tx, const struct lk_effect *fx)
{
    return LK_RUN_ONE(tx->store, ST_ITEM_CANCEL, LK_T(fx->item.id), LK_I(tx->now->wall_ms));
}

static int item_rid(struct tx *tx, const char *id, int64_t *ret_rid)
{
    LK_CLEANUP(lk_sql_resetp) sqlite3_stmt *stmt = LK_START(tx->store, ST_ITEM_RID, LK_T(id));
    int r = lk_sql_row(tx->store, stmt);
    if (r > 0) {
        *ret_rid = sqlite3_column_int64(stmt, 0);
    }
    return r < 0 ? r : r == 0 ? -ESTALE : 0;
}

static int add_secret(struct tx *tx, int64_t rid, const char *kind, bool has, const uint8_t mac[32])
{
    return !has ? 0
                : LK_RUN(tx->store, ST_SECRET_ADD, LK_I(rid), LK_T(kind), LK_T(LK_KEY_ALGORITHM), LK_B(mac, 32),
                         LK_I(tx->now->wall_ms));
}

static int secret_kill(struct tx *tx, const struct lk_effect *fx)
{
    int64_t rid = 0;
    int r = item_rid(tx, fx->item.id, &rid);
    return r < 0 ? r : LK_RUN(tx->store, ST_SECRET_KILL, LK_I(rid), LK_I(tx->now->wall_ms));
}

static int secret_set(struct tx *tx, const struct lk_effect *fx)
{
    int64_t rid = 0;
    int r = secret_kill(tx, fx);
    r = r < 0 ? r : item_rid(tx, fx->item.id, &rid);
    r = r < 0 ? r : add_secret(tx, rid, "code", fx->secret.has_code, fx->secret.code_mac);
    return r < 0 ? r : add_secret(tx, rid, "token", fx->secret.has_token, fx->secret.token_mac);
}

static int door_use(struct tx *tx, const struct lk_effect *fx)
{
    return LK_RUN(tx->store, ST_DOOR_USE, LK_T(lk_store_label(tx->store, fx->door)), LK_T(lk_use_name(fx->use)),
                  LK_TN(fx->item.id), LK_T(lk_reason_name(fx->reason)));
}

static int doubt(struct tx *tx, const struct lk_effect *fx)
{
    bool on = fx->to != LK_CUSTODY_NONE;
    return LK_RUN(tx->store, ST_DOUBT, LK_T(lk_store_label(tx->store, fx->door)),
                  LK_T(on ? lk_purpose_name(fx->purpose) : NULL), LK_T(on ? custody_or_null(fx->from) : NULL));
}

static int bank_stop(struct tx *tx, const struct lk_effect *fx)
{
    if (fx->bank < 0 || fx->bank >= tx->store->core->banks) {
        return -EINVAL;
    }
    const char *name = tx->store->core->bank_name[fx->bank];
    return fx->reason == LK_REASON_NONE ? LK_RUN(tx->store, ST_BANK_RESUME, LK_T(name))
                                        : LK_RUN(tx->store, ST_BANK_STOP, LK_T(name), LK_T(lk_reason_name(fx->reason)));
}

static int wiring_seen(struct tx *tx, const struct lk_effect *fx)
{
    (void)fx;
    int r = 0;
    for (int i = 0; r == 0 && i < tx->store->core->doors; i++) {
        r = LK_RUN(tx->store, ST_WIRING_SEEN, LK_T(lk_store_label(tx->store, i)), LK_B(wiring_of(tx, i), LK_WIRING_LEN),
                   LK_I(tx->now->wall_ms));
    }
    return r;
}

static int wiring_confirm(struct tx *tx, const struct lk_effect *fx)
{
    return LK_RUN_ONE(tx->store, ST_WIRING_CONFIRM, LK_T(lk_store_label(tx->store, fx->door)),
                      LK_B(wiring_of(tx, fx->door), LK_WIRING_LEN), LK_I(tx->now->wall_ms));
}

static int lockout(struct tx *tx, const struct lk_effect *fx)
{
    return LK_RUN(tx->store, ST_LOCKOUT, LK_I(fx->count), LK_I(fx->level), LK_I(fx->duration_ms));
}

/* The late answer of a command that is remembered already comes without its digest. */
static int command_answer(struct tx *tx, const struct lk_effect *fx)
{
    return LK_RUN_ONE(tx->store, ST_COMMAND_ANSWER, LK_T(fx->jti), LK_T(lk_result_name(fx->result)),
                      LK_T(lk_reason_name(fx->reason)), LK_T(lk_outcome_name(fx->outcome)));
}

static int command(struct tx *tx, const struct lk_effect *fx)
{
    static const uint8_t no_digest[sizeof(fx->digest)];
    if (memcmp(fx->digest, no_digest, sizeof(no_digest)) == 0) {
        return command_answer(tx, fx);
    }
    int r = LK_RUN_ONE(tx->store, ST_COMMAND_PUT, LK_T(fx->jti), LK_B(fx->digest, sizeof(fx->digest)),
                       LK_T(lk_result_name(fx->result)), LK_T(lk_reason_name(fx->reason)),
                       LK_T(lk_outcome_name(fx->outcome)), LK_I(tx->now->wall_ms));
    return r == -ESTALE ? -EEXIST : r;
}

static int append(struct tx *tx, const struct lk_event *event, const char *data)
{
    char time_text[32];
    uint8_t hash[32], prevhash[32];
    struct lk_chain_row row = {.seq = tx->last_seq + 1,
                               .type = lk_event_type_name(event->type),
                               .time = time_text,
                               .quality = lk_clock_quality_name(tx->now->quality),
                               .data = data};
    struct lk_text time = lk_text_init(time_text, sizeof(time_text));
    lk_text_add_utc(&time, tx->now->wall_ms);
    memcpy(row.prevhash, tx->head, sizeof(row.prevhash));
    int r = lk_chain_hash(tx->store->sha, tx->store->epoch, &row, hash);
    if (r < 0 || lk_text_unhex(prevhash, sizeof(prevhash), tx->head) < 0) {
        return -EIO;
    }
    r = LK_RUN(tx->store, ST_EVENT_ADD, LK_I(row.seq), LK_T(row.type), LK_T(row.time), LK_T(row.quality), LK_T(data),
               LK_B(prevhash, 32), LK_B(hash, 32));
    tx->first_seq = tx->first_seq ? tx->first_seq : row.seq;
    tx->last_seq = row.seq;
    lk_text_hex(tx->head, hash, sizeof(hash));
    return r;
}

/* The clock is right now: items deposited while it was not get their end of retention. */
static int date_deposits(struct tx *tx, const struct lk_event *event)
{
    bool news = event->type == LK_EV_SITE_CLOCK || event->type == LK_EV_SITE_STARTED;
    return news && tx->now->quality == LK_CLOCK_SYNCED
               ? LK_RUN(tx->store, ST_ITEM_RETAIN, LK_I(tx->now->wall_ms + tx->store->retention_ms))
               : 0;
}

static int event_add(struct tx *tx, const struct lk_effect *fx)
{
    LK_CLEANUP(lk_freep) char *data = NULL;
    int r = lk_event_json(tx->store->core, &fx->event, &data);
    r = r < 0 ? r : append(tx, &fx->event, data);
    return r < 0 ? r : date_deposits(tx, &fx->event);
}

typedef int tx_effect(struct tx *tx, const struct lk_effect *fx);

static tx_effect *const handlers[LK_EFFECTS] = {
    [LK_FX_INTENT_ADD] = intent_add,
    [LK_FX_INTENT_SETTLE] = intent_settle,
    [LK_FX_INTENT_WITHDRAW] = intent_withdraw,
    [LK_FX_INTENT_FINISH] = intent_finish,
    [LK_FX_ITEM_PUT] = item_put,
    [LK_FX_ITEM_CUSTODY] = item_custody,
    [LK_FX_ITEM_CANCELLED] = item_cancelled,
    [LK_FX_SECRET_SET] = secret_set,
    [LK_FX_SECRET_KILL] = secret_kill,
    [LK_FX_DOOR_USE] = door_use,
    [LK_FX_DOUBT] = doubt,
    [LK_FX_BANK_STOP] = bank_stop,
    [LK_FX_WIRING_SEEN] = wiring_seen,
    [LK_FX_WIRING_CONFIRM] = wiring_confirm,
    [LK_FX_LOCKOUT] = lockout,
    [LK_FX_COMMAND] = command,
    [LK_FX_EVENT] = event_add,
};

static int run_effects(struct tx *tx, const struct lk_effects *fx)
{
    int r = 0;
    for (unsigned i = 0; r == 0 && i < fx->count; i++) {
        if (lk_effect_is_store(fx->at[i].kind)) {
            r = handlers[fx->at[i].kind] ? handlers[fx->at[i].kind](tx, &fx->at[i]) : -EINVAL;
        }
    }
    return r;
}

static bool has_work(const struct lk_effects *fx)
{
    for (unsigned i = 0; i < fx->count; i++) {
        if (lk_effect_is_store(fx->at[i].kind)) {
            return true;
        }
    }
    return false;
}

static int run(struct tx *tx, const struct lk_effects *fx)
{
    struct lk_store *store = tx->store;
    int r = lk_tx_begin(store, "begin");
    if (r < 0) {
        return r;
    }
    r = run_effects(tx, fx);
    if (r < 0) {
        return lk_tx_abort(store, "write", r);
    }
    r = lk_tx_commit(store, "commit");
    if (r == 0) {
        store->last_seq = tx->last_seq;
        memcpy(store->head, tx->head, sizeof(store->head));
    }
    return r;
}

int lk_store_apply(struct lk_store *store, const struct lk_effects *fx, const struct lk_stamp *now,
                   struct lk_store_range *ret_range)
{
    struct tx tx = {.store = store, .now = now, .last_seq = store->last_seq};
    memcpy(tx.head, store->head, sizeof(tx.head));
    int r = has_work(fx) ? run(&tx, fx) : 0;
    if (r == 0 && ret_range) {
        *ret_range = (struct lk_store_range){.first = tx.first_seq, .last = tx.first_seq ? tx.last_seq : 0};
    }
    return r;
}
