/* The model store after a restart, and whether it and the core say the same. */
#include "model_store.h"

#include <string.h>

enum { DAY_MS = 86400000 };

static unsigned remotes_of_a_day(const struct model_store *store, int64_t now_ms)
{
    unsigned n = 0;
    for (unsigned i = 0; i < store->remotes && i < LK_REMOTE_KEPT; i++) {
        n += now_ms - store->remote_at_ms[i] < DAY_MS;
    }
    return n;
}

/* What an unfinished deposit was putting in beside others; "": nothing. */
static const char *joining(const struct model_door *d)
{
    const struct lk_op *op = &d->intent.op;
    bool beside = op->purpose == LK_PURPOSE_DEPOSIT && !op->withdrawn && d->use == LK_USE_OCCUPIED;
    return beside ? d->intent.item : d->doubt_joining;
}

const char *model_store_joining(const struct model_store *store, int door)
{
    return joining(&store->door[door]);
}

int model_store_companion(const struct model_store *store, const struct lk_item *item)
{
    for (int i = 0; i < MODEL_ITEMS && item->has_phone && item->case_id[0] != '\0'; i++) {
        const struct lk_item *other = &store->item[i].item;
        bool inside = store->item[i].used && other->custody == LK_CUSTODY_IN_LOCKER && other->has_phone;
        bool same = inside && strcmp(other->case_id, item->case_id) == 0 && strcmp(other->id, item->id) != 0 &&
                    memcmp(other->phone_mac, item->phone_mac, sizeof(item->phone_mac)) == 0;
        if (same) {
            return other->door;
        }
    }
    return LK_NO_DOOR;
}

/* Further items of a compartment: those of its door that are not its lead. */
static bool is_extra(const struct model_store *store, int index, int door)
{
    const struct lk_item *item = &store->item[index].item;
    bool inside = item->custody == LK_CUSTODY_IN_LOCKER || item->custody == LK_CUSTODY_UNKNOWN;
    return store->item[index].used && inside && item->door == door && strcmp(item->id, store->door[door].item) != 0;
}

static void restore_items(const struct model_store *store, struct lk_core *core, int door)
{
    for (int i = 0; i < MODEL_ITEMS; i++) {
        if (is_extra(store, i, door)) {
            const struct lk_item *item = &store->item[i].item;
            (void)lk_core_restore_extra(core, door, item->id, item->custody == LK_CUSTODY_UNKNOWN);
        }
    }
    if (joining(&store->door[door])[0] != '\0') {
        lk_core_restore_joining(core, door, joining(&store->door[door]));
    }
}

static bool is_dropoff(const struct model_store *store, const struct model_door *d)
{
    const struct lk_item *item = model_store_item(store, d->item);
    return item && item->dropoff;
}

void model_store_restore(const struct model_store *store, const struct lk_core_config *cfg, struct lk_core *core,
                         int64_t now_ms)
{
    if (store->serviced && now_ms - store->service_at_ms < cfg->two_person_ms) {
        lk_core_restore_service(core, store->service_door, now_ms);
    }
    for (int i = 0; i < cfg->doors; i++) {
        const struct model_door *d = &store->door[i];
        lk_core_restore_door(core, i, d->use, d->item, d->reason);
        if (is_dropoff(store, d)) {
            lk_core_restore_dropoff(core, i);
        }
        if (d->doubt_purpose != LK_PURPOSE_NONE) {
            lk_core_restore_doubt(core, i, d->doubt_purpose, d->doubt_from, d->doubt_joining);
        }
        if (d->intent.op.intent != 0) {
            struct lk_op op = d->intent.op;
            op.rewired = d->intent.wired != d->wired;
            lk_core_restore_op(core, i, &op);
        }
        restore_items(store, core, i);
        bool same = d->wired == d->confirmed, told = d->wired == d->seen;
        lk_core_restore_wiring(
            core, i, same ? (told ? LK_WIRING_SAME : LK_WIRING_BACK) : (told ? LK_WIRING_HELD : LK_WIRING_CHANGED));
    }
    for (int i = 0; i < cfg->banks; i++) {
        if (store->bank_stopped[i] != LK_REASON_NONE) {
            lk_core_restore_bank(core, i, store->bank_stopped[i]);
        }
    }
    lk_core_restore_left_out(core, store->left_out);
    lk_core_restore_lockout(core, store->tries, store->level, store->lock_ms, now_ms);
    lk_core_restore_remote(core, remotes_of_a_day(store, now_ms), now_ms);
    lk_core_restore_next_intent(core, store->next_intent);
}

static bool same_op(const struct lk_op *a, const struct lk_op *b)
{
    return a->purpose == b->purpose && a->outcome == b->outcome && a->intent == b->intent && a->actor == b->actor &&
           strcmp(a->who, b->who) == 0 && a->from == b->from && a->to == b->to && a->turn == b->turn &&
           strcmp(a->waybill, b->waybill) == 0 && a->withdrawn == b->withdrawn;
}

static const struct lk_extra *extra_of(const struct lk_core *core, int door, const char *item)
{
    for (int i = 0; i < LK_EXTRAS; i++) {
        if (core->extra[i].door == door && strcmp(core->extra[i].item, item) == 0) {
            return &core->extra[i];
        }
    }
    return NULL;
}

static bool items_agree(const struct model_store *store, const struct lk_core *core, int door)
{
    unsigned n = 0;
    for (int i = 0; i < MODEL_ITEMS; i++) {
        const struct lk_item *item = &store->item[i].item;
        const struct lk_extra *extra = is_extra(store, i, door) ? extra_of(core, door, item->id) : NULL;
        if (is_extra(store, i, door) && (!extra || extra->unknown != (item->custody == LK_CUSTODY_UNKNOWN))) {
            return false;
        }
        n += extra != NULL;
    }
    for (int i = 0; i < LK_EXTRAS; i++) {
        n -= core->extra[i].item[0] != '\0' && core->extra[i].door == door;
    }
    return n == 0 && strcmp(core->door[door].joining, joining(&store->door[door])) == 0;
}

const char *model_store_agrees(const struct model_store *store, const struct lk_core_config *cfg,
                               const struct lk_core *core)
{
    for (int i = 0; i < cfg->doors; i++) {
        const struct lk_door *d = &core->door[i];
        const struct model_door *m = &store->door[i];
        if (d->use != m->use || d->blocked_for != m->reason || strcmp(d->item, m->item) != 0) {
            return "core and store disagree about the use of a compartment";
        }
        if (!same_op(&d->op, &m->intent.op)) {
            return "core and store disagree about an opening";
        }
        if (d->dropoff != is_dropoff(store, m)) {
            return "core and store disagree about a drop-off";
        }
        if (d->doubt_purpose != m->doubt_purpose || d->doubt_from != m->doubt_from) {
            return "core and store disagree about a doubt";
        }
        if (!items_agree(store, core, i)) {
            return "core and store disagree about what lies together";
        }
        if (d->wiring_held != (m->wired != m->confirmed)) {
            return "core and store disagree about a wiring";
        }
    }
    for (int i = 0; i < cfg->banks; i++) {
        if (core->bank[i].stopped_by_us != (store->bank_stopped[i] != LK_REASON_NONE)) {
            return "core and store disagree about a stopped bank";
        }
    }
    if (core->service_door != LK_NO_DOOR && core->service_door != store->service_door) {
        return "core and store disagree about the last opening without a code";
    }
    const struct lk_lockout *l = &core->lockout;
    if (core->left_out != store->left_out) {
        return "the core and the store count the events left out otherwise";
    }
    if (l->tries != store->tries || l->level != store->level || (l->until_at_ms != 0) != (store->lock_ms != 0)) {
        return "core and store disagree about the lockout";
    }
    return core->next_intent == store->next_intent ? NULL : "core and store disagree about the next intent";
}
