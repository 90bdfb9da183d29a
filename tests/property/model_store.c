#include "model_store.h"

#include <string.h>

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

static void revoke_secrets(struct model_store *store, const char *id, enum lk_holder holder)
{
    for (int i = 0; i < MODEL_SECRETS; i++) {
        struct model_secret *s = &store->secret[i];
        s->live = s->live && (s->holder != holder || strcmp(s->item, id) != 0);
    }
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
    } else if (fx->purpose == LK_PURPOSE_SERVICE) {
        store->serviced = true;
        store->service_door = fx->door;
        store->service_at_ms = now_ms;
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
    } else if (fx->kind == LK_FX_INTENT_TURN) {
        intent->op.turn = fx->reason;
    } else {
        memset(intent, 0, sizeof(*intent));
    }
    return NULL;
}

static const char *item_put(struct model_store *store, const struct lk_effect *fx)
{
    struct lk_item *item = row(store, fx->item.id);
    if (item) {
        struct lk_item now = fx->item;
        now.custody = item->custody;
        now.door = item->door;
        now.cancelled = item->cancelled;
        now.rejected = item->rejected;
        now.extended = item->extended;
        memcpy(now.waybill, item->waybill, sizeof(now.waybill));
        *item = now;
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
    if (fx->to == LK_CUSTODY_IN_LOCKER && fx->from != LK_CUSTODY_UNKNOWN) {
        item->channel = LK_CHANNEL_LOCKER; /* what was wanted before it came here is settled */
        item->waybill[0] = '\0';
    }
    return NULL;
}

static bool is_same_person(const struct model_store *store, const char *a, const char *b)
{
    const struct lk_item *one = model_store_item(store, a), *other = model_store_item(store, b);
    return one && other && (one == other || model_same_person(one, other));
}

static const char *secret_set(struct model_store *store, const struct lk_effect *fx)
{
    struct model_secret next = {.used = true, .live = true, .holder = fx->secret.holder};
    memcpy(next.tail, fx->secret.tail, sizeof(next.tail));
    memcpy(&next.code, fx->secret.code_mac, sizeof(next.code));
    memcpy(&next.token, fx->secret.token_mac, sizeof(next.token));
    memcpy(next.item, fx->item.id, sizeof(next.item));
    revoke_secrets(store, fx->item.id, next.holder);
    for (int i = 0; i < MODEL_SECRETS; i++) {
        const struct model_secret *s = &store->secret[i];
        if (s->used && s->live && next.code != 0 && s->code == next.code &&
            !is_same_person(store, s->item, next.item)) {
            return "a code is live for two people (law 8)";
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
    memcpy(store->door[fx->door].doubt_joining, fx->item.id, sizeof(fx->item.id));
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

/* A mark or a detail of an item; its custody stays. */
static const char *item_mark(struct model_store *store, const struct lk_effect *fx)
{
    struct lk_item *item = row(store, fx->item.id);
    if (!item) {
        return "an item is marked that is not there";
    }
    for (int i = 0; i < MODEL_ITEMS; i++) {
        if (&store->item[i].item == item) {
            bool extends = fx->kind == LK_FX_ITEM_EXTEND;
            store->item[i].reminded = !extends && (store->item[i].reminded || fx->kind == LK_FX_ITEM_REMINDED);
            store->item[i].overdue = !extends && (store->item[i].overdue || fx->kind == LK_FX_ITEM_OVERDUE);
            store->item[i].erased = store->item[i].erased || fx->kind == LK_FX_ITEM_ERASE;
        }
    }
    item->rejected = item->rejected || fx->kind == LK_FX_ITEM_REJECTED;
    item->extended += fx->kind == LK_FX_ITEM_EXTEND;
    if (fx->kind == LK_FX_ITEM_WAYBILL) {
        memcpy(item->waybill, fx->waybill, sizeof(item->waybill));
    } else if (fx->kind == LK_FX_ITEM_ERASE) {
        forget_secrets(store, item->id, true);
        item->has_phone = false;
        memset(item->phone_mac, 0, sizeof(item->phone_mac));
        memset(item->phone_tail, 0, sizeof(item->phone_tail));
        memset(item->name, 0, sizeof(item->name));
        memset(item->case_id, 0, sizeof(item->case_id));
    }
    return NULL;
}

static const char *apply_one(struct model_store *store, const struct lk_effect *fx, int64_t now_ms)
{
    switch (fx->kind) {
    case LK_FX_INTENT_ADD:
        return intent_add(store, fx, now_ms);
    case LK_FX_INTENT_SETTLE:
    case LK_FX_INTENT_WITHDRAW:
    case LK_FX_INTENT_TURN:
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
    case LK_FX_WEAR_RESET:
        return NULL; /* the books of metal; nothing here reads them */
    case LK_FX_LOCKOUT:
        store->tries = fx->count;
        store->level = fx->level;
        store->lock_ms = fx->duration_ms;
        return NULL;
    case LK_FX_COMMAND:
        return command(store, fx);
    case LK_FX_EVENT:
        return event(store, &fx->event);
    case LK_FX_ITEM_REJECTED:
    case LK_FX_ITEM_REMINDED:
    case LK_FX_ITEM_OVERDUE:
    case LK_FX_ITEM_EXTEND:
    case LK_FX_ITEM_WAYBILL:
    case LK_FX_ITEM_ERASE:
        return item_mark(store, fx);
    case LK_FX_SECRET_REVOKE:
        revoke_secrets(store, fx->item.id, fx->secret.holder);
        return NULL;
    case LK_FX_LEFT_OUT:
        store->left_out = fx->count;
        return NULL;
    case LK_FX_EVENTS_PURGE:
        return fx->count > 0 ? NULL : "nothing is taken out of the log";
    case LK_FX_RECORDS_PURGE:
    case LK_FX_STAFF_PUT:
    case LK_FX_STAFF_REMOVE:
    case LK_FX_REPLAY:
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
