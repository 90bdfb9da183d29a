#include "model_store.h"

#include <string.h>

enum { DAY_MS = 86400000 };

void model_store_init(struct model_store *store)
{
    memset(store, 0, sizeof(*store));
    store->next_intent = 1;
}

struct lk_secret model_secret(uint64_t code, uint64_t token)
{
    struct lk_secret secret = {.has_code = code != 0, .has_token = token != 0};
    memcpy(secret.code_mac, &code, sizeof(code));
    memcpy(secret.token_mac, &token, sizeof(token));
    return secret;
}

static struct lk_item *row(struct model_store *store, const char *id)
{
    for (int i = 0; i < MODEL_ITEMS; i++) {
        if (store->item[i].used && strcmp(store->item[i].item.id, id) == 0) {
            return &store->item[i].item;
        }
    }
    return NULL;
}

const struct lk_item *model_store_item(const struct model_store *store, const char *id)
{
    return row((struct model_store *)store, id);
}

const struct lk_item *model_store_find(const struct model_store *store, uint64_t number, bool is_token, bool *ret_live)
{
    const struct lk_item *found = NULL;
    *ret_live = false;
    for (int i = 0; i < MODEL_SECRETS && !*ret_live; i++) {
        const struct model_secret *s = &store->secret[i];
        if (s->used && (is_token ? s->token : s->code) == number && number != 0 && (s->live || !found)) {
            found = model_store_item(store, s->item);
            *ret_live = s->live && found;
        }
    }
    return found;
}

bool model_store_has_secret(const struct model_store *store, const char *id)
{
    for (int i = 0; i < MODEL_SECRETS; i++) {
        if (store->secret[i].used && store->secret[i].live && strcmp(store->secret[i].item, id) == 0) {
            return true;
        }
    }
    return false;
}

const struct model_command *model_store_command(const struct model_store *store, const char *jti)
{
    for (int i = 0; i < MODEL_COMMANDS; i++) {
        if (store->command[i].used && strcmp(store->command[i].jti, jti) == 0) {
            return &store->command[i];
        }
    }
    return NULL;
}

static void forget_secrets(struct model_store *store, const char *id, bool erase)
{
    for (int i = 0; i < MODEL_SECRETS; i++) {
        if (store->secret[i].used && strcmp(store->secret[i].item, id) == 0) {
            store->secret[i].live = false;
            store->secret[i].used = !erase;
        }
    }
}

void model_store_forget(struct model_store *store, const char *id)
{
    for (int i = 0; i < MODEL_ITEMS; i++) {
        if (store->item[i].used && strcmp(store->item[i].item.id, id) == 0) {
            store->item[i].used = false;
            forget_secrets(store, id, true);
        }
    }
}

/* --- one function per effect ---------------------------------------------------------------------------------------
 */

static struct model_intent *unfinished(struct model_store *store, uint64_t id)
{
    for (int i = 0; i < MODEL_DOORS; i++) {
        if (id != 0 && store->door[i].intent.op.intent == id) {
            return &store->door[i].intent;
        }
    }
    return NULL;
}

static const char *intent_add(struct model_store *store, const struct lk_effect *fx, int64_t now_ms)
{
    struct model_intent *intent = &store->door[fx->door].intent;
    if (fx->intent != store->next_intent) {
        return "intent ids do not count up";
    }
    if (intent->op.intent != 0) {
        return "a door has two unfinished intents";
    }
    store->next_intent++;
    intent->op = (struct lk_op){.purpose = fx->purpose, .intent = fx->intent, .actor = fx->actor, .from = fx->from};
    intent->op.to = fx->to;
    memcpy(intent->op.waybill, fx->waybill, sizeof(intent->op.waybill));
    intent->op.tries = 1;
    memcpy(intent->op.who, fx->who, sizeof(intent->op.who));
    memcpy(intent->op.jti, fx->jti, sizeof(intent->op.jti));
    memcpy(intent->item, fx->item.id, sizeof(intent->item));
    intent->wired = store->door[fx->door].wired;
    if (fx->purpose == LK_PURPOSE_REMOTE) {
        store->remote_at_ms[store->remotes++ % LK_REMOTE_KEPT] = now_ms;
    }
    return NULL;
}

static const char *intent_change(struct model_store *store, const struct lk_effect *fx)
{
    struct model_intent *intent = unfinished(store, fx->intent);
    if (!intent) {
        return "an intent is settled, withdrawn or finished that is not open";
    }
    if (fx->kind == LK_FX_INTENT_SETTLE) {
        intent->op.outcome = fx->outcome;
    } else if (fx->kind == LK_FX_INTENT_WITHDRAW) {
        intent->op.withdrawn = true;
    } else {
        memset(intent, 0, sizeof(*intent));
    }
    return NULL;
}

static const char *item_put(struct model_store *store, const struct lk_effect *fx)
{
    struct lk_item *item = row(store, fx->item.id);
    if (item) {
        item->channel = fx->item.channel;
        item->size = fx->item.size;
        item->low_reach = fx->item.low_reach;
        memcpy(item->phone_tail, fx->item.phone_tail, sizeof(item->phone_tail));
        return NULL;
    }
    if (fx->item.custody != LK_CUSTODY_EXPECTED) {
        return "a new item is not expected";
    }
    for (int i = 0; i < MODEL_ITEMS; i++) {
        if (!store->item[i].used) {
            store->item[i].used = true;
            store->item[i].item = fx->item;
            store->item[i].item.door = LK_NO_DOOR;
            return NULL;
        }
    }
    return "the model is full";
}

static const char *item_custody(struct model_store *store, const struct lk_effect *fx)
{
    struct lk_item *item = row(store, fx->item.id);
    if (!item || item->custody != fx->from) {
        return "a custody change starts from what the row does not say (law 4)";
    }
    item->custody = fx->to;
    item->door = fx->door;
    return NULL;
}

static const char *secret_set(struct model_store *store, const struct lk_effect *fx)
{
    struct model_secret next = {.used = true, .live = true};
    memcpy(&next.code, fx->secret.code_mac, sizeof(next.code));
    memcpy(&next.token, fx->secret.token_mac, sizeof(next.token));
    memcpy(next.item, fx->item.id, sizeof(next.item));
    forget_secrets(store, fx->item.id, false);
    for (int i = 0; i < MODEL_SECRETS; i++) {
        const struct model_secret *s = &store->secret[i];
        if (s->used && s->live && next.code != 0 && s->code == next.code) {
            return "a code is live for two items (law 8)";
        }
    }
    for (int i = 0; i < MODEL_SECRETS; i++) {
        struct model_secret *s = &store->secret[store->next_secret++ % MODEL_SECRETS];
        if (!s->used || !s->live) {
            *s = next;
            return NULL;
        }
    }
    return "the model is full of secrets";
}

static const char *door_use(struct model_store *store, const struct lk_effect *fx)
{
    struct model_door *door = &store->door[fx->door];
    if (fx->item.id[0] != '\0' && !row(store, fx->item.id)) {
        return "a compartment is used for an item that does not exist";
    }
    door->use = fx->use;
    door->reason = fx->reason;
    memcpy(door->item, fx->item.id, sizeof(door->item));
    return NULL;
}

static const char *doubt(struct model_store *store, const struct lk_effect *fx)
{
    bool on = fx->to != LK_CUSTODY_NONE;
    store->door[fx->door].doubt_purpose = on ? fx->purpose : LK_PURPOSE_NONE;
    store->door[fx->door].doubt_from = on ? fx->from : LK_CUSTODY_NONE;
    return NULL;
}

static const char *wiring(struct model_store *store, const struct lk_effect *fx)
{
    for (int i = 0; i < MODEL_DOORS; i++) {
        struct model_door *d = &store->door[i];
        if (fx->kind == LK_FX_WIRING_SEEN) {
            d->seen = d->wired;
        } else if (i == fx->door) {
            if (d->confirmed == d->wired) {
                return "a wiring is confirmed that was not in question";
            }
            d->confirmed = d->wired;
            d->seen = d->wired;
        }
    }
    return NULL;
}

static const char *command(struct model_store *store, const struct lk_effect *fx)
{
    struct model_command *known = (struct model_command *)model_store_command(store, fx->jti);
    if (known && known->result != LK_RESULT_PENDING) {
        return "a command gets a second answer (law 7)";
    }
    if (!known) {
        known = &store->command[store->next_command++ % MODEL_COMMANDS];
        known->used = true;
        memcpy(known->jti, fx->jti, sizeof(known->jti));
    }
    known->result = fx->result;
    known->reason = fx->reason;
    return NULL;
}

static const char *event(struct model_store *store, const struct lk_event *e)
{
    store->events++;
    store->by_type[e->type]++;
    return e->item[0] == '\0' || row(store, e->item) ? NULL : "an event is about an item that does not exist";
}

static const char *item_cancelled(struct model_store *store, const struct lk_effect *fx)
{
    struct lk_item *item = row(store, fx->item.id);
    if (!item || item->cancelled) {
        return "an item is cancelled that is not there, or twice";
    }
    item->cancelled = true;
    return NULL;
}

static const char *apply_one(struct model_store *store, const struct lk_effect *fx, int64_t now_ms)
{
    switch (fx->kind) {
    case LK_FX_INTENT_ADD:
        return intent_add(store, fx, now_ms);
    case LK_FX_INTENT_SETTLE:
    case LK_FX_INTENT_WITHDRAW:
    case LK_FX_INTENT_FINISH:
        return intent_change(store, fx);
    case LK_FX_ITEM_PUT:
        return item_put(store, fx);
    case LK_FX_ITEM_CUSTODY:
        return item_custody(store, fx);
    case LK_FX_ITEM_CANCELLED:
        return item_cancelled(store, fx);
    case LK_FX_SECRET_SET:
        return secret_set(store, fx);
    case LK_FX_SECRET_KILL:
        forget_secrets(store, fx->item.id, false);
        return NULL;
    case LK_FX_DOOR_USE:
        return door_use(store, fx);
    case LK_FX_DOUBT:
        return doubt(store, fx);
    case LK_FX_BANK_STOP:
        store->bank_stopped[fx->bank] = fx->reason;
        return NULL;
    case LK_FX_WIRING_SEEN:
    case LK_FX_WIRING_CONFIRM:
        return wiring(store, fx);
    case LK_FX_LOCKOUT:
        store->tries = fx->count;
        store->level = fx->level;
        store->lock_ms = fx->duration_ms;
        return NULL;
    case LK_FX_COMMAND:
        return command(store, fx);
    case LK_FX_EVENT:
        return event(store, &fx->event);
    case LK_FX_INTENT_TURN:
    case LK_FX_ITEM_REJECTED:
    case LK_FX_ITEM_REMINDED:
    case LK_FX_ITEM_OVERDUE:
    case LK_FX_ITEM_EXTEND:
    case LK_FX_ITEM_WAYBILL:
    case LK_FX_ITEM_ERASE:
    case LK_FX_RECORDS_PURGE:
    case LK_FX_SECRET_REVOKE:
        return "the model store does not know this effect yet";
    case LK_FX_PULSE:
    case LK_FX_REPLY:
    case LK_FX_RESUME_BANK:
    case LK_EFFECTS:
        break;
    }
    return NULL;
}

/* --- what must come in pairs ---------------------------------------------------------------------------------------
 */

static unsigned events_of(const struct lk_effects *fx, const struct lk_effect *change)
{
    unsigned n = 0;
    for (unsigned i = 0; i < fx->count; i++) {
        const struct lk_event *e = &fx->at[i].event;
        n += fx->at[i].kind == LK_FX_EVENT && strcmp(e->item, change->item.id) == 0 && e->from == change->from &&
             e->to == change->to;
    }
    return n;
}

static bool has_change(const struct model_store *before, const struct lk_effects *fx, const struct lk_event *e)
{
    for (unsigned i = 0; i < fx->count; i++) {
        const struct lk_effect *x = &fx->at[i];
        bool same = strcmp(x->item.id, e->item) == 0;
        bool born = x->kind == LK_FX_ITEM_PUT && e->from == LK_CUSTODY_NONE && e->to == LK_CUSTODY_EXPECTED &&
                    !model_store_item(before, e->item);
        if (same && (born || (x->kind == LK_FX_ITEM_CUSTODY && x->from == e->from && x->to == e->to))) {
            return true;
        }
    }
    return false;
}

static const char *check_pairs(const struct model_store *before, const struct lk_effects *fx)
{
    for (unsigned i = 0; i < fx->count; i++) {
        const struct lk_effect *x = &fx->at[i];
        if (x->kind == LK_FX_ITEM_CUSTODY && events_of(fx, x) != 1) {
            return "a custody change has not exactly one event (laws 4, 5)";
        }
        if (x->kind == LK_FX_EVENT && x->event.to != LK_CUSTODY_NONE && !has_change(before, fx, &x->event)) {
            return "an event tells of a custody change that did not happen (law 5)";
        }
    }
    return NULL;
}

const char *model_store_apply(struct model_store *store, const struct lk_effects *fx, int64_t now_ms)
{
    struct model_store next = *store;
    const char *broken = check_pairs(store, fx);
    for (unsigned i = 0; i < fx->count && !broken; i++) {
        broken = apply_one(&next, &fx->at[i], now_ms);
    }
    if (!broken) {
        *store = next;
    }
    return broken;
}

/* --- after a restart -----------------------------------------------------------------------------------------------
 */

static unsigned remotes_of_a_day(const struct model_store *store, int64_t now_ms)
{
    unsigned n = 0;
    for (unsigned i = 0; i < store->remotes && i < LK_REMOTE_KEPT; i++) {
        n += now_ms - store->remote_at_ms[i] < DAY_MS;
    }
    return n;
}

void model_store_restore(const struct model_store *store, const struct lk_core_config *cfg, struct lk_core *core,
                         int64_t now_ms)
{
    for (int i = 0; i < cfg->doors; i++) {
        const struct model_door *d = &store->door[i];
        lk_core_restore_door(core, i, d->use, d->item, d->reason);
        if (d->doubt_purpose != LK_PURPOSE_NONE) {
            lk_core_restore_doubt(core, i, d->doubt_purpose, d->doubt_from, "");
        }
        if (d->intent.op.intent != 0) {
            struct lk_op op = d->intent.op;
            op.rewired = d->intent.wired != d->wired;
            lk_core_restore_op(core, i, &op);
        }
        bool same = d->wired == d->confirmed, told = d->wired == d->seen;
        lk_core_restore_wiring(
            core, i, same ? (told ? LK_WIRING_SAME : LK_WIRING_BACK) : (told ? LK_WIRING_HELD : LK_WIRING_CHANGED));
    }
    for (int i = 0; i < cfg->banks; i++) {
        if (store->bank_stopped[i] != LK_REASON_NONE) {
            lk_core_restore_bank(core, i, store->bank_stopped[i]);
        }
    }
    lk_core_restore_lockout(core, store->tries, store->level, store->lock_ms, now_ms);
    lk_core_restore_remote(core, remotes_of_a_day(store, now_ms), now_ms);
    lk_core_restore_next_intent(core, store->next_intent);
}

static bool same_op(const struct lk_op *a, const struct lk_op *b)
{
    return a->purpose == b->purpose && a->outcome == b->outcome && a->intent == b->intent && a->actor == b->actor &&
           strcmp(a->who, b->who) == 0 && a->from == b->from && a->to == b->to &&
           a->withdrawn == b->withdrawn;
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
        if (d->doubt_purpose != m->doubt_purpose || d->doubt_from != m->doubt_from) {
            return "core and store disagree about a doubt";
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
    const struct lk_lockout *l = &core->lockout;
    if (l->tries != store->tries || l->level != store->level || (l->until_at_ms != 0) != (store->lock_ms != 0)) {
        return "core and store disagree about the lockout";
    }
    return core->next_intent == store->next_intent ? NULL : "core and store disagree about the next intent";
}
