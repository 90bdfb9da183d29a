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
    return NULL;
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

static bool is_in_two_places(const struct lk_core_config *cfg, const struct lk_core *core)
{
    for (int i = 0; i < cfg->doors; i++) {
        for (int k = i + 1; core->door[i].item[0] != '\0' && k < cfg->doors; k++) {
            if (strcmp(core->door[i].item, core->door[k].item) == 0) {
                return true;
            }
        }
    }
    return false;
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
    return session->screen == LK_SCREEN_HOME && session->staff != LK_ACTOR_SYSTEM
               ? "the home screen is shown and somebody is signed in"
               : NULL;
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
    return check_session(cfg, &core->session);
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
    return after->stopping ? "a door is pulsed while shutting down" : NULL;
}

static const struct lk_event *event_of_change(const struct lk_effects *fx, const struct lk_effect *change)
{
    for (unsigned i = 0; i < fx->count; i++) {
        const struct lk_event *e = &fx->at[i].event;
        if (fx->at[i].kind == LK_FX_EVENT && strcmp(e->item, change->item.id) == 0 && e->from == change->from &&
            e->to == change->to) {
            return e;
        }
    }
    return NULL;
}

static const char *check_change(const struct lk_effects *fx, const struct lk_effect *change)
{
    const struct lk_event *e = event_of_change(fx, change);
    if (!e) {
        return "custody changes without its event (laws 4, 5)";
    }
    return lk_custody_allowed(change->from, change->to, e->actor) ? NULL
                                                                  : "a custody change is not in the table (law 4)";
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
