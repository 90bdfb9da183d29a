#include "machine.h"

#include <string.h>

/* --- the state by itself
 * ----------------------------------------------------------------------------------------------- */

static const char *check_use(const struct lk_door *d)
{
    bool item = d->item[0] != '\0';
    switch (d->use) {
    case LK_USE_FREE:
        return item ? "a free compartment holds an item" : NULL;
    case LK_USE_OCCUPIED:
        return item ? NULL : "an occupied compartment holds no item";
    case LK_USE_RESERVED:
        return d->op.purpose == LK_PURPOSE_DEPOSIT || d->doubt_purpose == LK_PURPOSE_DEPOSIT
                   ? NULL
                   : "a compartment is reserved for no deposit";
    case LK_USE_BLOCKED:
        return d->blocked_for != LK_REASON_NONE ? NULL : "a compartment is blocked without a reason";
    case LK_USES:
        break;
    }
    return "a compartment's use is out of range";
}

/* What a person can have said about an opening of this purpose. */
static const char *check_turn(const struct lk_op *op)
{
    bool pickup = op->turn == LK_REASON_REJECTED || op->turn == LK_REASON_NOTHING_INSIDE;
    bool fits =
        op->turn == LK_REASON_NONE || (pickup && op->purpose == LK_PURPOSE_PICKUP) ||
        (op->turn == LK_REASON_NOT_MINE && (op->purpose == LK_PURPOSE_PICKUP || op->purpose == LK_PURPOSE_REOPEN)) ||
        (op->turn == LK_REASON_NOT_EMPTY && op->purpose == LK_PURPOSE_DEPOSIT);
    return fits ? NULL : "somebody said something about an opening that it cannot be about";
}

static const char *check_opening(const struct lk_door *d)
{
    bool active = d->op.purpose != LK_PURPOSE_NONE;
    bool pending = active && d->op.outcome == LK_OUTCOME_PENDING;
    if (d->state == LK_DOOR_PULSING && !pending) {
        return "a door is pulsing without an open intent";
    }
    if (pending && d->state != LK_DOOR_PULSING && d->state != LK_DOOR_LOST && d->state != LK_DOOR_UNKNOWN) {
        return "an intent is open although its door was seen";
    }
    if (active && d->op.intent == 0) {
        return "an opening has no intent";
    }
    if (d->state == LK_DOOR_CLOSED && active) {
        return "an opening outlived the closing of its door";
    }
    return check_turn(&d->op);
}

static const char *check_door(const struct lk_core_config *cfg, const struct lk_core *core, int door)
{
    const struct lk_door *d = &core->door[door];
    const char *broken = check_use(d);
    if (!broken && core->booted) {
        broken = check_opening(d);
    }
    if (!broken && core->bank[cfg->door[door].bank].state != LK_BANK_READY && d->state != LK_DOOR_UNKNOWN &&
        d->state != LK_DOOR_LOST) {
        broken = "a door is known although its board does not answer";
    }
    return broken;
}

/* The n-th thing that lies in some compartment, or is just being put in; "": that place is empty. */
static const char *place(const struct lk_core_config *cfg, const struct lk_core *core, int n)
{
    return n < cfg->doors       ? core->door[n].item
           : n < 2 * cfg->doors ? core->door[n - cfg->doors].joining
                                : core->extra[n - 2 * cfg->doors].item;
}

static bool is_in_two_places(const struct lk_core_config *cfg, const struct lk_core *core)
{
    const char *held[2 * LK_MAX_DOORS + LK_EXTRAS];
    int n = 0;
    for (int i = 0; i < 2 * cfg->doors + LK_EXTRAS; i++) {
        const char *item = place(cfg, core, i);
        for (int k = 0; item[0] != '\0' && k < n; k++) {
            if (strcmp(held[k], item) == 0) {
                return true;
            }
        }
        if (item[0] != '\0') {
            held[n++] = item;
        }
    }
    return false;
}

/* --- several items in one compartment ----------------------------------------------------------------------------- */

static const char *check_joining(const struct lk_door *d)
{
    bool deposit = d->op.purpose == LK_PURPOSE_DEPOSIT || d->doubt_purpose == LK_PURPOSE_DEPOSIT;
    if (d->joining[0] != '\0' && (d->use != LK_USE_OCCUPIED || !deposit)) {
        return "an item is being put in beside nothing, or by nobody";
    }
    return d->dropoff && (d->item[0] == '\0' || d->joining[0] != '\0') ? "a drop-off is not alone in its compartment"
                                                                       : NULL;
}

static const char *check_extra(const struct lk_core_config *cfg, const struct lk_core *core,
                               const struct lk_extra *extra)
{
    if (extra->item[0] == '\0') {
        return NULL;
    }
    if (extra->door < 0 || extra->door >= cfg->doors) {
        return "an item lies in a compartment that does not exist";
    }
    const struct lk_door *d = &core->door[extra->door];
    if (d->item[0] == '\0' || (d->use != LK_USE_OCCUPIED && d->use != LK_USE_BLOCKED)) {
        return "an item lies beside nothing";
    }
    if (extra->unknown && d->use != LK_USE_BLOCKED) {
        return "an unknown item lies in a compartment that is not blocked";
    }
    return d->dropoff                                                ? "a drop-off is not alone in its compartment"
           : lk_together_count(core, extra->door) > LK_TOGETHER_MOST ? "too many items lie together"
                                                                     : NULL;
}

static const char *check_together(const struct lk_core_config *cfg, const struct lk_core *core)
{
    const char *broken = NULL;
    for (int i = 0; i < cfg->doors && !broken; i++) {
        broken = check_joining(&core->door[i]);
    }
    for (int i = 0; i < LK_EXTRAS && !broken; i++) {
        broken = check_extra(cfg, core, &core->extra[i]);
    }
    return broken;
}

/* What a screen cannot do without. */
static const char *check_about(const struct lk_session *session)
{
    static const enum lk_screen of_doors[] = {
        LK_SCREEN_OPENING,    LK_SCREEN_TAKE,        LK_SCREEN_TAKEN,        LK_SCREEN_JAM,
        LK_SCREEN_REFUSE_ASK, LK_SCREEN_GIVE_BACK,   LK_SCREEN_DROP_OPENING, LK_SCREEN_DROP_PUT,
        LK_SCREEN_DROP_BACK,  LK_SCREEN_DROP_PLACED, LK_SCREEN_DROP_JAM,
    };
    for (size_t i = 0; i < sizeof(of_doors) / sizeof(of_doors[0]); i++) {
        if (of_doors[i] == session->screen && session->door == LK_NO_DOOR) {
            return "a screen about a door is about none";
        }
    }
    if (session->screen == LK_SCREEN_SECOND && (session->item.id[0] == '\0' || !session->item.second_factor)) {
        return "a phone tail is asked for that no item needs";
    }
    return session->taken > LK_TOGETHER_MOST ? "more was taken than can lie together" : NULL;
}

static const char *check_session(const struct lk_core_config *cfg, const struct lk_session *session)
{
    if (session->door != LK_NO_DOOR && (session->door < 0 || session->door >= cfg->doors)) {
        return "the kiosk is about a door that does not exist";
    }
    bool staff_screen = session->screen >= LK_SCREEN_STAFF_MENU;
    if (staff_screen && session->staff == LK_ACTOR_SYSTEM) {
        return "a staff screen is shown and nobody is signed in";
    }
    bool citizen_screen = !staff_screen && session->screen != LK_SCREEN_NOTICE;
    if (citizen_screen && session->staff != LK_ACTOR_SYSTEM) {
        return "a citizen's screen is shown and somebody is signed in";
    }
    return check_about(session);
}

static const char *check_state(const struct lk_core_config *cfg, const struct lk_core *core)
{
    for (int i = 0; i < cfg->doors; i++) {
        const char *broken = check_door(cfg, core, i);
        if (broken) {
            return broken;
        }
    }
    if (is_in_two_places(cfg, core)) {
        return "an item is in two compartments";
    }
    const char *broken = check_together(cfg, core);
    return broken ? broken : check_session(cfg, &core->session);
}

/* --- the effects of one step
 * --------------------------------------------------------------------------------------------- */

static bool has_intent_before(const struct lk_effects *fx, unsigned pulse)
{
    for (unsigned i = 0; i < pulse; i++) {
        if (fx->at[i].kind == LK_FX_INTENT_ADD && fx->at[i].intent == fx->at[pulse].intent &&
            fx->at[i].door == fx->at[pulse].door) {
            return true;
        }
    }
    return false;
}

static const char *check_pulse(const struct lk_core_config *cfg, const struct lk_core *before,
                               const struct lk_core *after, const struct lk_effects *fx, unsigned i)
{
    const struct lk_effect *pulse = &fx->at[i];
    if (!has_intent_before(fx, i)) {
        return "a lock is pulsed without an intent in the same transaction (law 1)";
    }
    if (before->door[pulse->door].wiring_held && after->door[pulse->door].op.purpose != LK_PURPOSE_SERVICE) {
        return "a door is pulsed whose wiring nobody confirmed (law 3)";
    }
    if (pulse->intent < before->next_intent) {
        return "an intent is pulsed a second time (law 1)";
    }
    if (before->door[pulse->door].state != LK_DOOR_CLOSED && before->door[pulse->door].state != LK_DOOR_JAMMED) {
        return "a door is pulsed that is not known to be shut (law 2)";
    }
    const struct lk_bank *bank = &after->bank[cfg->door[pulse->door].bank];
    if (bank->stopped_by_us || bank->state != LK_BANK_READY) {
        return "a door is pulsed on a bank that stands still (law 3)";
    }
    return after->stopping        ? "a door is pulsed while shutting down"
           : after->power_failing ? "a door is pulsed while the power fails"
                                  : NULL;
}

/* The one event that tells of the change; NULL: there is none, or more than one. */
static const struct lk_event *event_of_change(const struct lk_effects *fx, const struct lk_effect *change)
{
    const struct lk_event *found = NULL;
    for (unsigned i = 0; i < fx->count; i++) {
        const struct lk_event *e = &fx->at[i].event;
        if (fx->at[i].kind == LK_FX_EVENT && strcmp(e->item, change->item.id) == 0 && e->from == change->from &&
            e->to == change->to) {
            if (found) {
                return NULL;
            }
            found = e;
        }
    }
    return found;
}

static const char *check_change(const struct lk_effects *fx, const struct lk_effect *change)
{
    const struct lk_event *e = event_of_change(fx, change);
    if (!e) {
        return "custody changes without exactly one event (laws 4, 5)";
    }
    return lk_custody_allowed(change->from, change->to, e->actor) ? NULL
                                                                  : "a custody change is not in the table (law 4)";
}

/* Law 8: what was taken back by its owner or refused by its recipient is opened for nobody with a code. */
static const char *check_intent(const struct lk_core *after, const struct lk_effect *intent)
{
    const struct lk_session *session = &after->session;
    if (intent->purpose != LK_PURPOSE_PICKUP) {
        return NULL;
    }
    if (intent->actor != LK_ACTOR_RECIPIENT && intent->actor != LK_ACTOR_DELEGATE) {
        return "a pickup by somebody who has no code (law 8)";
    }
    bool told = strcmp(session->item.id, intent->item.id) == 0;
    if (!told || session->item.cancelled || session->item.rejected || session->item.dropoff ||
        session->item.custody != LK_CUSTODY_IN_LOCKER) {
        return "a code opens for an item that nobody may pick up (law 8)";
    }
    return session->item.second_factor && !session->proved ? "a code opens without its second factor (law 8)" : NULL;
}

static const char *check_mark(const struct lk_effects *fx, const struct lk_effect *mark)
{
    for (unsigned i = 0; i < fx->count; i++) {
        const struct lk_event *e = &fx->at[i].event;
        if (fx->at[i].kind == LK_FX_EVENT && e->type == LK_EV_ITEM_REJECTED && strcmp(e->item, mark->item.id) == 0) {
            return NULL;
        }
    }
    return "an item is marked as refused without its event (law 5)";
}

/* Nobody is forgotten while their item lies here or is being put in. */
static const char *check_erase(const struct lk_core *after, const char *item)
{
    return lk_custody_door(after, item) == LK_NO_DOOR ? NULL : "a person is erased whose item is here (law 12)";
}

static const char *check_effects(const struct lk_core_config *cfg, const struct lk_core *before,
                                 const struct lk_core *after, const struct lk_effects *fx)
{
    for (unsigned i = 0; i < fx->count; i++) {
        const char *broken = NULL;
        if (fx->at[i].kind == LK_FX_PULSE) {
            broken = check_pulse(cfg, before, after, fx, i);
        } else if (fx->at[i].kind == LK_FX_ITEM_CUSTODY) {
            broken = check_change(fx, &fx->at[i]);
        } else if (fx->at[i].kind == LK_FX_INTENT_ADD) {
            broken = check_intent(after, &fx->at[i]);
        } else if (fx->at[i].kind == LK_FX_ITEM_REJECTED) {
            broken = check_mark(fx, &fx->at[i]);
        } else if (fx->at[i].kind == LK_FX_ITEM_ERASE) {
            broken = check_erase(after, fx->at[i].item.id);
        }
        if (broken) {
            return broken;
        }
    }
    return NULL;
}

const char *lk_core_check(const struct lk_core_config *cfg, const struct lk_core *before, const struct lk_core *after,
                          const struct lk_effects *fx)
{
    const char *broken = check_state(cfg, after);
    return broken || !before ? broken : check_effects(cfg, before, after, fx);
}
