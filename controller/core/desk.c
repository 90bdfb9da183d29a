/* What is done with an item outside of a compartment: once for the window's screens, for lockerctl and for upstream. */
#include "base/text.h"
#include "machine.h"

#include <string.h>

#define BY(actor)     (1U << (actor))
#define OF(custody)   (1U << LK_CUSTODY_##custody)
#define WINDOW_ACTORS (BY(LK_ACTOR_CLERK) | BY(LK_ACTOR_SUPERVISOR))
#define EXTENDERS     (WINDOW_ACTORS | BY(LK_ACTOR_UPSTREAM) | BY(LK_ACTOR_RECIPIENT) | BY(LK_ACTOR_DELEGATE))

/* What is to become of an item that its owner took back or its recipient refused. */
enum marked { MARKED_TOO, MARKED_NOT, MARKED_ONLY };

static const struct act {
    unsigned from;
    enum lk_custody to; /* NONE: nothing changes hands, and .actors says who may */
    unsigned actors;
    enum marked marked;
    bool dropoff; /* also with what a citizen left for the office */
} acts[LK_DESKS] = {
    [LK_DESK_RECEIVE] = {OF(EXPECTED) | OF(WITH_COURIER), LK_CUSTODY_AT_WINDOW, 0, MARKED_TOO, true},
    [LK_DESK_HAND_OVER] = {OF(AT_WINDOW), LK_CUSTODY_COLLECTED, 0, MARKED_NOT, true},
    [LK_DESK_SEND] = {OF(AT_WINDOW), LK_CUSTODY_WITH_COURIER, 0, MARKED_NOT, true},
    [LK_DESK_RETURN] = {OF(AT_WINDOW), LK_CUSTODY_RETURNED, 0, MARKED_ONLY, true},
    [LK_DESK_REJECT] = {OF(AT_WINDOW), LK_CUSTODY_NONE, WINDOW_ACTORS, MARKED_NOT, false},
    [LK_DESK_EXTEND] = {OF(IN_LOCKER), LK_CUSTODY_NONE, EXTENDERS, MARKED_NOT, false},
};

static enum lk_reason mark_refusal(const struct act *act, const struct lk_item *item)
{
    bool marked = item->cancelled || item->rejected;
    if (act->marked == MARKED_NOT && marked) {
        return item->cancelled ? LK_REASON_ITEM_CANCELLED : LK_REASON_REJECTED;
    }
    bool fits = (act->marked != MARKED_ONLY || marked) && (act->dropoff || !item->dropoff);
    return fits ? LK_REASON_NONE : LK_REASON_NOT_ALLOWED;
}

enum lk_reason lk_desk_refusal(const struct lk_core_config *cfg, const struct lk_core *core, enum lk_desk desk,
                               const struct lk_item *item, enum lk_actor actor)
{
    const struct act *act = &acts[desk];
    if (!item || item->custody == LK_CUSTODY_NONE) {
        return LK_REASON_NO_SUCH_ITEM;
    }
    if ((act->from & BY(item->custody)) == 0) {
        return lk_custody_reason(item->custody);
    }
    bool may =
        act->to == LK_CUSTODY_NONE ? (act->actors & BY(actor)) != 0 : lk_custody_allowed(item->custody, act->to, actor);
    if (!may) {
        return LK_REASON_NOT_ALLOWED;
    }
    if (item->custody != LK_CUSTODY_IN_LOCKER && lk_custody_door(core, item->id) != LK_NO_DOOR) {
        return LK_REASON_DOOR_BUSY; /* somebody is just putting it into a compartment, or was */
    }
    bool elsewhere = item->site[0] != '\0' && strcmp(item->site, cfg->site) != 0;
    return desk == LK_DESK_RECEIVE && elsewhere ? LK_REASON_WRONG_SITE : mark_refusal(act, item);
}

static struct lk_event *desk_event(struct lk_step *s, enum lk_event_type type, const struct lk_item *item,
                                   const struct lk_by *by)
{
    struct lk_event *e = lk_fx_event(s, type, LK_NO_DOOR);
    memcpy(e->item, item->id, sizeof(e->item));
    e->actor = by->actor;
    (void)lk_text_copy(e->who, sizeof(e->who), by->who);
    (void)lk_text_copy(e->jti, sizeof(e->jti), by->jti ? by->jti : "");
    (void)lk_text_copy(e->note, sizeof(e->note), by->note ? by->note : "");
    return e;
}

/* The change of hands with its event; the kiosk goes on with what is true now. */
static struct lk_event *move(struct lk_step *s, enum lk_event_type type, enum lk_desk desk, const struct lk_item *item,
                             const struct lk_by *by)
{
    struct lk_event *e = desk_event(s, type, item, by);
    struct lk_item now = *item;
    now.custody = acts[desk].to;
    e->from = item->custody;
    e->to = now.custody;
    lk_fx_custody(s, item->id, e->from, e->to, LK_NO_DOOR);
    lk_deposit_changed(s, &now);
    return e;
}

enum lk_reason lk_desk_receive(struct lk_step *s, const struct lk_item *item, const struct lk_by *by)
{
    enum lk_reason reason = lk_desk_refusal(s->cfg, s->core, LK_DESK_RECEIVE, item, by->actor);
    if (reason == LK_REASON_NONE) {
        (void)move(s, LK_EV_ITEM_TRANSFERRED, LK_DESK_RECEIVE, item, by);
    }
    return reason;
}

/* Upstream needs no proof: it had its own. Nobody has a code for what was left for the office: whoever works there. */
enum lk_reason lk_desk_hand_over(struct lk_step *s, const struct lk_item *item, enum lk_proof proof,
                                 const struct lk_by *by)
{
    enum lk_reason reason = lk_desk_refusal(s->cfg, s->core, LK_DESK_HAND_OVER, item, by->actor);
    if (reason == LK_REASON_NONE && proof == LK_PROOF_NONE && by->actor != LK_ACTOR_UPSTREAM && !item->dropoff) {
        reason = LK_REASON_WRONG_CODE;
    }
    if (reason != LK_REASON_NONE) {
        return reason;
    }
    struct lk_event *e = move(s, LK_EV_ITEM_COLLECTED, LK_DESK_HAND_OVER, item, by);
    e->has_via = true;
    e->via = LK_CHANNEL_WINDOW;
    e->proof = proof;
    lk_fx_secret_kill(s, item->id);
    return LK_REASON_NONE;
}

enum lk_reason lk_desk_send(struct lk_step *s, const struct lk_item *item, const char *waybill, const struct lk_by *by)
{
    enum lk_reason reason = lk_desk_refusal(s->cfg, s->core, LK_DESK_SEND, item, by->actor);
    if (reason == LK_REASON_NONE && waybill[0] == '\0') {
        reason = LK_REASON_BAD_WAYBILL;
    }
    if (reason != LK_REASON_NONE) {
        return reason;
    }
    struct lk_event *e = move(s, LK_EV_ITEM_TRANSFERRED, LK_DESK_SEND, item, by);
    (void)lk_text_copy(e->waybill, sizeof(e->waybill), waybill);
    lk_fx_waybill(s, item->id, waybill);
    return LK_REASON_NONE;
}

enum lk_reason lk_desk_return(struct lk_step *s, const struct lk_item *item, const struct lk_by *by)
{
    enum lk_reason reason = lk_desk_refusal(s->cfg, s->core, LK_DESK_RETURN, item, by->actor);
    if (reason == LK_REASON_NONE) {
        (void)move(s, LK_EV_ITEM_RETURNED, LK_DESK_RETURN, item, by);
        lk_fx_secret_kill(s, item->id);
    }
    return reason;
}

enum lk_reason lk_desk_reject(struct lk_step *s, const struct lk_item *item, const struct lk_by *by)
{
    enum lk_reason reason = lk_desk_refusal(s->cfg, s->core, LK_DESK_REJECT, item, by->actor);
    if (reason != LK_REASON_NONE) {
        return reason;
    }
    struct lk_item now = *item;
    now.rejected = true;
    (void)desk_event(s, LK_EV_ITEM_REJECTED, item, by);
    memcpy(lk_fx(s, LK_FX_ITEM_REJECTED)->item.id, item->id, sizeof(item->id));
    lk_fx_secret_kill(s, item->id);
    lk_deposit_changed(s, &now);
    return LK_REASON_NONE;
}

enum lk_reason lk_desk_extend(struct lk_step *s, const struct lk_item *item, unsigned days, const struct lk_by *by)
{
    enum lk_reason reason = lk_desk_refusal(s->cfg, s->core, LK_DESK_EXTEND, item, by->actor);
    days = days != 0 ? days : s->cfg->extend_days;
    if (reason == LK_REASON_NONE && days == 0) {
        reason = LK_REASON_BAD_ARGUMENT;
    }
    if (reason != LK_REASON_NONE) {
        return reason;
    }
    struct lk_event *e = desk_event(s, LK_EV_ITEM_UPDATED, item, by);
    e->reason = LK_REASON_EXTENDED;
    e->count = days;
    struct lk_effect *fx = lk_fx(s, LK_FX_ITEM_EXTEND);
    memcpy(fx->item.id, item->id, sizeof(fx->item.id));
    fx->count = days;
    return LK_REASON_NONE;
}
