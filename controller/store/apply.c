#include "apply.h"

#include "event_json.h"
#include "store/care.h"

#include "base/cleanup.h"

#include <errno.h>
#include <string.h>

const char *lk_custody_or_null(enum lk_custody v)
{
    return v == LK_CUSTODY_NONE ? NULL : lk_custody_name(v);
}

static const uint8_t *wiring_of(const struct lk_tx *tx, int door)
{
    const struct lk_core_config *core = tx->store->core;
    return door >= 0 && door < core->doors ? core->door[door].wiring : NULL;
}

static int intent_add(struct lk_tx *tx, const struct lk_effect *fx)
{
    return LK_RUN(tx->store, ST_INTENT_ADD, LK_I(fx->intent), LK_T(lk_store_label(tx->store, fx->door)),
                  LK_TN(fx->item.id), LK_T(lk_purpose_name(fx->purpose)), LK_T(lk_actor_name(fx->actor)),
                  LK_TN(fx->who), LK_T(lk_custody_or_null(fx->from)), LK_TN(fx->jti), LK_I(tx->now->wall_ms),
                  LK_T(lk_custody_or_null(fx->to)), LK_B(wiring_of(tx, fx->door), LK_WIRING_LEN), LK_TN(fx->waybill),
                  LK_I(tx->now->quality == LK_CLOCK_SYNCED));
}

static int intent_settle(struct lk_tx *tx, const struct lk_effect *fx)
{
    return LK_RUN_ONE(tx->store, ST_INTENT_SETTLE, LK_I(fx->intent), LK_T(lk_outcome_name(fx->outcome)),
                      LK_I(tx->now->wall_ms));
}

static int intent_withdraw(struct lk_tx *tx, const struct lk_effect *fx)
{
    return LK_RUN_ONE(tx->store, ST_INTENT_WITHDRAW, LK_I(fx->intent));
}

static int intent_turn(struct lk_tx *tx, const struct lk_effect *fx)
{
    return LK_RUN_ONE(tx->store, ST_INTENT_TURN, LK_I(fx->intent), LK_T(lk_reason_name(fx->reason)));
}

static int intent_finish(struct lk_tx *tx, const struct lk_effect *fx)
{
    return LK_RUN_ONE(tx->store, ST_INTENT_FINISH, LK_I(fx->intent));
}

static int door_use(struct lk_tx *tx, const struct lk_effect *fx)
{
    return LK_RUN(tx->store, ST_DOOR_USE, LK_T(lk_store_label(tx->store, fx->door)), LK_T(lk_use_name(fx->use)),
                  LK_TN(fx->item.id), LK_T(lk_reason_name(fx->reason)));
}

static int doubt(struct lk_tx *tx, const struct lk_effect *fx)
{
    bool on = fx->to != LK_CUSTODY_NONE;
    return LK_RUN(tx->store, ST_DOUBT, LK_T(lk_store_label(tx->store, fx->door)),
                  LK_T(on ? lk_purpose_name(fx->purpose) : NULL), LK_T(on ? lk_custody_or_null(fx->from) : NULL),
                  LK_TN(on ? fx->item.id : NULL));
}

static int bank_stop(struct lk_tx *tx, const struct lk_effect *fx)
{
    if (fx->bank < 0 || fx->bank >= tx->store->core->banks) {
        return -EINVAL;
    }
    const char *name = tx->store->core->bank_name[fx->bank];
    return fx->reason == LK_REASON_NONE ? LK_RUN(tx->store, ST_BANK_RESUME, LK_T(name))
                                        : LK_RUN(tx->store, ST_BANK_STOP, LK_T(name), LK_T(lk_reason_name(fx->reason)));
}

static int wiring_seen(struct lk_tx *tx, const struct lk_effect *fx)
{
    (void)fx;
    int r = 0;
    for (int i = 0; r == 0 && i < tx->store->core->doors; i++) {
        r = LK_RUN(tx->store, ST_WIRING_SEEN, LK_T(lk_store_label(tx->store, i)), LK_B(wiring_of(tx, i), LK_WIRING_LEN),
                   LK_I(tx->now->wall_ms));
    }
    return r;
}

static int wiring_confirm(struct lk_tx *tx, const struct lk_effect *fx)
{
    return LK_RUN_ONE(tx->store, ST_WIRING_CONFIRM, LK_T(lk_store_label(tx->store, fx->door)),
                      LK_B(wiring_of(tx, fx->door), LK_WIRING_LEN), LK_I(tx->now->wall_ms));
}

static int wear_reset(struct lk_tx *tx, const struct lk_effect *fx)
{
    enum lk_st st = fx->reason == LK_REASON_LOCK_REPLACED ? ST_WEAR_LOCK_NEW : ST_WEAR_RELAY_NEW;
    const char *label = lk_store_label(tx->store, fx->door);
    return label ? LK_RUN(tx->store, st, LK_T(label)) : -EINVAL;
}

static int lockout(struct lk_tx *tx, const struct lk_effect *fx)
{
    return LK_RUN(tx->store, ST_LOCKOUT, LK_I(fx->count), LK_I(fx->level), LK_I(fx->duration_ms));
}

/* The late answer of a command that is remembered already comes without its digest. */
static int command_answer(struct lk_tx *tx, const struct lk_effect *fx)
{
    return LK_RUN_ONE(tx->store, ST_COMMAND_ANSWER, LK_T(fx->jti), LK_T(lk_result_name(fx->result)),
                      LK_T(lk_reason_name(fx->reason)), LK_T(lk_outcome_name(fx->outcome)));
}

static int command(struct lk_tx *tx, const struct lk_effect *fx)
{
    static const uint8_t no_digest[sizeof(fx->digest)];
    if (memcmp(fx->digest, no_digest, sizeof(no_digest)) == 0) {
        return command_answer(tx, fx);
    }
    int r = LK_RUN_ONE(tx->store, ST_COMMAND_PUT, LK_T(fx->jti), LK_B(fx->digest, sizeof(fx->digest)),
                       LK_T(lk_result_name(fx->result)), LK_T(lk_reason_name(fx->reason)),
                       LK_T(lk_outcome_name(fx->outcome)), LK_I(tx->now->wall_ms), LK_T(fx->sealed ? fx->sealed : ""));
    return r == -ESTALE ? -EEXIST : r;
}

static int staff_put(struct lk_tx *tx, const struct lk_effect *fx)
{
    const struct lk_member *m = &fx->member;
    struct lk_arg badge = {.kind = m->has_badge ? 'b' : '\0', .b = m->badge_mac, .size = sizeof(m->badge_mac)};
    return LK_RUN(tx->store, ST_STAFF_UPSERT, LK_T(m->id), LK_T(lk_actor_name(m->role)), LK_T(m->pin_hash), badge,
                  LK_I(tx->now->wall_ms));
}

static int staff_remove(struct lk_tx *tx, const struct lk_effect *fx)
{
    return LK_RUN_ONE(tx->store, ST_STAFF_REMOVE, LK_T(fx->member.id), LK_I(tx->now->wall_ms));
}

static int left_out(struct lk_tx *tx, const struct lk_effect *fx)
{
    return LK_RUN_ONE(tx->store, ST_CURSOR_LEFT_OUT, LK_I(fx->count));
}

static int append(struct lk_tx *tx, const struct lk_event *event, const char *data)
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

/* The clock is right now: what happened while it was not gets its dates, later ones than the true ones (law 11). */
static int date_what_waits(struct lk_tx *tx)
{
    int r = LK_RUN(tx->store, ST_ITEM_RETAIN, LK_I(tx->now->wall_ms + tx->store->retention_ms));
    r = r < 0 ? r : LK_RUN(tx->store, ST_ITEM_END, LK_I(tx->now->wall_ms));
    return r < 0 ? r : LK_RUN(tx->store, ST_ROUND_DATE, LK_I(tx->now->wall_ms), LK_I(LK_ROUND_UNDATED));
}

static int after_event(struct lk_tx *tx, const struct lk_event *event)
{
    bool clock = event->type == LK_EV_SITE_CLOCK || event->type == LK_EV_SITE_STARTED;
    bool synced = tx->now->quality == LK_CLOCK_SYNCED;
    if (clock && synced) {
        return date_what_waits(tx);
    }
    return event->type == LK_EV_AUDIT_INSPECTION
               ? LK_RUN(tx->store, ST_ROUND_NOTE, LK_I(synced ? tx->now->wall_ms : LK_ROUND_UNDATED))
               : 0;
}

static int event_add(struct lk_tx *tx, const struct lk_effect *fx)
{
    LK_CLEANUP(lk_freep) char *data = NULL;
    int r = lk_event_json(tx->store->core, &fx->event, &data);
    r = r < 0 ? r : append(tx, &fx->event, data);
    return r < 0 ? r : after_event(tx, &fx->event);
}

typedef int tx_effect(struct lk_tx *tx, const struct lk_effect *fx);

static tx_effect *const handlers[LK_EFFECTS] = {
    [LK_FX_INTENT_ADD] = intent_add,
    [LK_FX_INTENT_SETTLE] = intent_settle,
    [LK_FX_INTENT_WITHDRAW] = intent_withdraw,
    [LK_FX_INTENT_TURN] = intent_turn,
    [LK_FX_INTENT_FINISH] = intent_finish,
    [LK_FX_ITEM_PUT] = lk_tx_item_put,
    [LK_FX_ITEM_CUSTODY] = lk_tx_item_custody,
    [LK_FX_ITEM_CANCELLED] = lk_tx_item_cancelled,
    [LK_FX_ITEM_REJECTED] = lk_tx_item_rejected,
    [LK_FX_ITEM_REMINDED] = lk_tx_item_reminded,
    [LK_FX_ITEM_OVERDUE] = lk_tx_item_overdue,
    [LK_FX_ITEM_EXTEND] = lk_tx_item_extend,
    [LK_FX_ITEM_WAYBILL] = lk_tx_item_waybill,
    [LK_FX_ITEM_ERASE] = lk_tx_item_erase,
    [LK_FX_RECORDS_PURGE] = lk_tx_records_purge,
    [LK_FX_EVENTS_PURGE] = lk_tx_events_purge,
    [LK_FX_LEFT_OUT] = left_out,
    [LK_FX_SECRET_SET] = lk_tx_secret_set,
    [LK_FX_SECRET_KILL] = lk_tx_secret_kill,
    [LK_FX_SECRET_REVOKE] = lk_tx_secret_revoke,
    [LK_FX_DOOR_USE] = door_use,
    [LK_FX_DOUBT] = doubt,
    [LK_FX_BANK_STOP] = bank_stop,
    [LK_FX_WIRING_SEEN] = wiring_seen,
    [LK_FX_WIRING_CONFIRM] = wiring_confirm,
    [LK_FX_WEAR_RESET] = wear_reset,
    [LK_FX_LOCKOUT] = lockout,
    [LK_FX_COMMAND] = command,
    [LK_FX_STAFF_PUT] = staff_put,
    [LK_FX_STAFF_REMOVE] = staff_remove,
    [LK_FX_EVENT] = event_add,
};

static int run_effects(struct lk_tx *tx, const struct lk_effects *fx)
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

static int run(struct lk_tx *tx, const struct lk_effects *fx)
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
        store->first_seq = tx->kept_from;
        memcpy(store->head, tx->head, sizeof(store->head));
    }
    return r;
}

int lk_store_apply(struct lk_store *store, const struct lk_effects *fx, const struct lk_stamp *now,
                   struct lk_store_range *ret_range)
{
    struct lk_tx tx = {.store = store, .now = now, .last_seq = store->last_seq, .kept_from = store->first_seq};
    memcpy(tx.head, store->head, sizeof(tx.head));
    int r = has_work(fx) ? run(&tx, fx) : 0;
    if (r == 0 && ret_range) {
        *ret_range = (struct lk_store_range){.first = tx.first_seq, .last = tx.first_seq ? tx.last_seq : 0};
    }
    return r;
}
