#include "world.h"

#include <string.h>

/* --- authority: who may have a door opened -------------------------------------------------------------------------
 */

/* The item that a person's input opens, by the store; NULL: it is nobody's to open. */
static const struct lk_item *claimed(const struct world *w, const struct lk_input *in)
{
    const struct lk_session *session = &w->core.session;
    const struct lk_item *shown = model_store_item(&w->store, session->item.id);
    if (in->kind == LK_IN_SECOND) {
        bool right = strcmp(in->tail, session->item.phone_tail) == 0;
        return right && model_store_has_secret(&w->store, session->item.id) ? shown : NULL;
    }
    bool next = in->kind == LK_IN_BUTTON && in->button == LK_BUTTON_NEXT;
    if (next && (!shown || !model_same_person(shown, &in->item))) {
        return NULL;
    }
    bool secret = next || in->kind == LK_IN_CODE || in->kind == LK_IN_SCAN;
    return secret && in->found && in->code_live ? model_store_item(&w->store, in->item.id) : NULL;
}

static const char *pickup_truth(const struct world *w, const struct lk_input *in, const struct lk_effect *intent)
{
    const struct model_door *door = &w->store.door[intent->door];
    if (in->kind == LK_IN_BUTTON && in->button == LK_BUTTON_RETRY) {
        return strcmp(door->item, intent->item.id) == 0 ? NULL : "a retry opens another item's door (law 8)";
    }
    const struct lk_item *item = claimed(w, in);
    if (!item) {
        return "a pickup is authorised by no live code or token (law 8)";
    }
    if (item->custody != LK_CUSTODY_IN_LOCKER || item->cancelled || item->rejected || item->dropoff) {
        return "a pickup opens for an item that is not to be collected here (law 8)";
    }
    if (item->second_factor && in->kind != LK_IN_SECOND && !w->core.session.proved) {
        return "a pickup opens without its second factor (law 8)";
    }
    return item->door == intent->door && strcmp(intent->item.id, item->id) == 0
               ? NULL
               : "a code opens another item's door (law 8)";
}

static bool is_drop_off(const struct world *w, const struct lk_effect *intent)
{
    return w->cfg.dropoff && intent->purpose == LK_PURPOSE_DEPOSIT && intent->actor == LK_ACTOR_RECIPIENT &&
           w->next.door[intent->door].dropoff;
}

static const char *reopen_truth(const struct lk_input *in)
{
    bool button = in->button == LK_BUTTON_OPEN_AGAIN || in->button == LK_BUTTON_RETRY ||
                  in->button == LK_BUTTON_STILL_INSIDE || in->button == LK_BUTTON_NOT_MINE;
    return in->kind == LK_IN_BUTTON && button ? NULL : "a door opens again without the button";
}

static const char *intent_truth(const struct world *w, const struct lk_input *in, const struct lk_effect *intent)
{
    switch (intent->purpose) {
    case LK_PURPOSE_PICKUP:
        return pickup_truth(w, in, intent);
    case LK_PURPOSE_DEPOSIT:
    case LK_PURPOSE_RECALL:
        return w->core.session.staff != LK_ACTOR_SYSTEM || is_drop_off(w, intent)
                   ? NULL
                   : "a staff opening happens with nobody signed in";
    case LK_PURPOSE_REOPEN:
        return reopen_truth(in);
    case LK_PURPOSE_SERVICE:
        return in->kind == LK_IN_ADMIN ? NULL : "a service opening is not authorised by staff";
    case LK_PURPOSE_REMOTE:
        return in->kind == LK_IN_COMMAND ? NULL : "a remote opening is not authorised by a command";
    case LK_PURPOSE_NONE:
    case LK_PURPOSES:
        break;
    }
    return "an intent has no purpose";
}

/* Law 3: a door that opens while its bank's pulse is still fresh stops the bank. */
static const char *wrong_door_truth(const struct world *w, const struct lk_input *in)
{
    const struct real_door *d = &w->door[in->door];
    int bank = w->cfg.door[in->door].bank;
    bool forced = w->next.door[in->door].state == LK_DOOR_FORCED && w->core.door[in->door].state != LK_DOOR_FORCED;
    bool fresh = false;
    for (int i = 0; i < w->cfg.doors; i++) {
        fresh = fresh || (w->cfg.door[i].bank == bank && w->core.door[i].state == LK_DOOR_PULSING);
    }
    return d->open && forced && fresh && !w->next.bank[bank].stopped_by_us
               ? "a wrong door opened and its bank goes on (law 3)"
               : NULL;
}

/* A person's button must not change what the core keeps about a door without an answer; commands are remembered. */
static const char *command_truth(const struct world *w, const struct lk_input *in)
{
    unsigned remembered = 0;
    for (unsigned i = 0; i < w->fx.count; i++) {
        remembered += w->fx.at[i].kind == LK_FX_COMMAND && strcmp(w->fx.at[i].jti, in->command.jti) == 0;
    }
    return remembered == 1 ? NULL : "a command is not remembered exactly once (law 7)";
}

const char *truths_of_step(const struct world *w, const struct lk_input *in)
{
    const char *broken = NULL;
    unsigned pulses = 0;
    for (unsigned i = 0; i < w->fx.count && !broken; i++) {
        if (w->fx.at[i].kind == LK_FX_INTENT_ADD) {
            broken = intent_truth(w, in, &w->fx.at[i]);
        }
        pulses += w->fx.at[i].kind == LK_FX_PULSE;
    }
    if (!broken && pulses > 1) {
        broken = "one input gives two pulses";
    }
    if (!broken && pulses > 0 &&
        (in->kind == LK_IN_TICK || in->kind == LK_IN_SENSE || in->kind == LK_IN_BANK || in->kind == LK_IN_BOOT ||
         in->kind == LK_IN_PULSE_DONE)) {
        broken = "a door is pulsed although nobody asked (law 1)";
    }
    if (!broken && in->kind == LK_IN_SENSE && in->sense == LK_SENSE_OPEN) {
        broken = wrong_door_truth(w, in);
    }
    return broken || in->kind != LK_IN_COMMAND ? broken : command_truth(w, in);
}

/* --- what is so, against what store and core believe ---------------------------------------------------------------
 */

/* Whether the controller has had the chance to know everything about this door. */
static bool caught_up(const struct world *w, int door)
{
    const struct real_door *d = &w->door[door];
    return w->up && w->waits == 0 && d->told == (d->open ? LK_SENSE_OPEN : LK_SENSE_CLOSED);
}

static bool in_question(const struct world *w, int door)
{
    const struct model_door *d = &w->store.door[door];
    return d->doubt_purpose != LK_PURPOSE_NONE || d->intent.op.purpose == LK_PURPOSE_PICKUP ||
           d->intent.op.purpose == LK_PURPOSE_RECALL || d->intent.op.purpose == LK_PURPOSE_DEPOSIT;
}

static const char *in_locker_truth(const struct world *w, const struct lk_item *item, const struct envelope *e)
{
    if (item->door == LK_NO_DOOR || w->store.door[item->door].item[0] == '\0') {
        return "an item is in the locker and no compartment knows it (law 4)";
    }
    bool there = e->where == BEHIND_DOOR && e->door == item->door;
    return there || in_question(w, item->door) || !caught_up(w, item->door)
               ? NULL
               : "custody says in_locker and the envelope is not there (law 4)";
}

static const char *outside_truth(const struct world *w, const struct envelope *e)
{
    if (e->where == WITH_SENDER || e->where == WITH_STAFF) {
        return NULL;
    }
    bool open_question = e->where == BEHIND_DOOR && (in_question(w, e->door) || !caught_up(w, e->door));
    return open_question ? NULL : "custody says outside and the envelope is not there (law 4)";
}

static const char *item_truth(const struct world *w, const struct lk_item *item, const struct envelope *e)
{
    switch (item->custody) {
    case LK_CUSTODY_IN_LOCKER:
        return in_locker_truth(w, item, e);
    case LK_CUSTODY_COLLECTED:
        return e->where == WITH_RECIPIENT ? NULL : "custody says collected and nobody took it (law 2)";
    case LK_CUSTODY_EXPECTED:
    case LK_CUSTODY_AT_WINDOW:
    case LK_CUSTODY_WITH_COURIER:
    case LK_CUSTODY_RETURNED:
        return outside_truth(w, e);
    case LK_CUSTODY_UNKNOWN:
        return NULL;
    case LK_CUSTODY_NONE:
    case LK_CUSTODIES:
        break;
    }
    return "an item has no custody (law 4)";
}

static const char *free_truth(const struct world *w, const struct envelope *e)
{
    const struct model_door *d = &w->store.door[e->door];
    bool free_now = d->use == LK_USE_FREE && d->intent.op.intent == 0 && caught_up(w, e->door);
    return e->where == BEHIND_DOOR && free_now ? "a free compartment is not empty (law 2)" : NULL;
}

static const char *pending_truth(const struct world *w)
{
    for (int i = 0; i < MODEL_COMMANDS; i++) {
        const struct model_command *c = &w->store.command[i];
        bool waits = c->used && c->result == LK_RESULT_PENDING;
        for (int d = 0; waits && d < w->cfg.doors; d++) {
            waits = strcmp(w->core.door[d].op.jti, c->jti) != 0;
        }
        if (waits) {
            return "an accepted command will never get its answer (law 7)";
        }
    }
    return NULL;
}

const char *truths_of_world(const struct world *w)
{
    for (int i = 0; i < MODEL_ITEMS; i++) {
        const struct envelope *e = &w->envelope[i];
        const struct lk_item *item = e->used && !e->exempt ? model_store_item(&w->store, e->id) : NULL;
        const char *broken = item ? item_truth(w, item, e) : NULL;
        broken = broken || !item ? broken : free_truth(w, e);
        if (broken) {
            return broken;
        }
    }
    return pending_truth(w);
}
