#include "machine.h"

#include <string.h>

static void answer(struct lk_step *s, enum lk_reason reason)
{
    lk_fx_answer(s, reason == LK_REASON_NONE ? LK_RESULT_OK : LK_RESULT_REFUSED, reason);
}

/* Whoever opens one compartment after the other without a code needs somebody who agrees. */
static bool is_second_compartment(const struct lk_step *s, int door)
{
    const struct lk_core *core = s->core;
    return core->service_door != LK_NO_DOOR && core->service_door != door &&
           s->in->now_ms - core->service_at_ms < s->cfg->two_person_ms;
}

static bool is_second_person(const struct lk_input *in)
{
    const struct lk_staff *other = &in->approver;
    bool role =
        other->role == LK_ACTOR_CLERK || other->role == LK_ACTOR_MAINTENANCE || other->role == LK_ACTOR_SUPERVISOR;
    return other->ok && role && strcmp(other->id, in->staff.id) != 0;
}

/* That somebody agreed is in the log with the intent, whatever becomes of the opening. */
static void agree(struct lk_step *s, int door)
{
    struct lk_event *e = lk_fx_event(s, LK_EV_ACCESS_STAFF_IN, door);
    lk_fx_nobody(e);
    e->actor = s->in->approver.role;
    memcpy(e->who, s->in->approver.id, sizeof(e->who));
    memcpy(e->note, s->in->note, sizeof(e->note));
    e->reason = LK_REASON_SECOND_PERSON;
}

static void open_door(struct lk_step *s)
{
    int door = s->in->door;
    enum lk_reason reason = lk_opening_obstacle(s, door);
    const struct lk_op *op = &s->core->door[door].op;
    if (reason == LK_REASON_NONE && op->purpose != LK_PURPOSE_NONE && op->outcome != LK_OUTCOME_JAMMED) {
        reason = LK_REASON_DOOR_BUSY;
    }
    if (reason == LK_REASON_NONE && is_second_compartment(s, door) && !is_second_person(s->in)) {
        reason = LK_REASON_SECOND_PERSON;
    }
    if (reason != LK_REASON_NONE) {
        answer(s, reason);
        return;
    }
    if (is_second_person(s->in)) {
        agree(s, door);
    }
    s->core->service_door = door;
    memcpy(s->core->service_note, s->in->note, sizeof(s->core->service_note));
    s->core->service_at_ms = s->in->now_ms;
    lk_session_door(s, door, LK_NEWS_FAILED, LK_REASON_STAFF_REQUEST); /* its opening is not the kiosk's any more */
    lk_opening_abandon(s, door);
    struct lk_authority by = {
        .purpose = LK_PURPOSE_SERVICE,
        .actor = s->in->staff.role,
        .who = s->in->staff.id,
        .item = s->core->door[door].item,
        .from = LK_CUSTODY_NONE,
        .second = is_second_person(s->in) ? s->in->approver.id : NULL,
        .request = s->in->request,
    };
    lk_opening_start(s, door, &by);
}

enum lk_reason lk_door_block_refusal(const struct lk_door *d)
{
    if (d->use == LK_USE_FREE) {
        return d->op.purpose == LK_PURPOSE_NONE ? LK_REASON_NONE : LK_REASON_DOOR_BUSY;
    }
    return d->use == LK_USE_BLOCKED ? LK_REASON_DOOR_BLOCKED : LK_REASON_DOOR_OCCUPIED;
}

static void block(struct lk_step *s)
{
    enum lk_reason reason = lk_door_block_refusal(&s->core->door[s->in->door]);
    if (reason == LK_REASON_NONE) {
        (void)lk_fx_staff(s, LK_EV_DOOR_BLOCKED, s->in->door, LK_REASON_STAFF_REQUEST);
        lk_fx_use(s, s->in->door, LK_USE_BLOCKED, "", LK_REASON_STAFF_REQUEST);
    }
    answer(s, reason);
}

enum lk_reason lk_door_unblock_refusal(const struct lk_door *d)
{
    if (d->use != LK_USE_BLOCKED) {
        return LK_REASON_DOOR_NOT_BLOCKED;
    }
    if (d->item[0] != '\0') {
        return LK_REASON_CUSTODY_UNKNOWN; /* settle the item first */
    }
    if (d->state == LK_DOOR_CLOSED) {
        return LK_REASON_NONE;
    }
    return d->state == LK_DOOR_JAMMED  ? LK_REASON_DOOR_JAMMED
           : lk_door_is_open(d->state) ? LK_REASON_DOOR_OPEN
                                       : LK_REASON_DOOR_UNREACHABLE;
}

static void resume_bank(struct lk_step *s)
{
    struct lk_bank *bank = &s->core->bank[s->in->bank];
    if (!bank->stopped_by_us && bank->state != LK_BANK_STOPPED) {
        answer(s, LK_REASON_DOOR_NOT_BLOCKED);
        return;
    }
    if (bank->stopped_by_us) {
        bank->stopped_by_us = false;
        bank->reason = LK_REASON_NONE;
    }
    struct lk_effect *fx = lk_fx(s, LK_FX_BANK_STOP);
    fx->bank = s->in->bank;
    lk_fx_staff(s, LK_EV_DOOR_UNBLOCKED, LK_NO_DOOR, LK_REASON_STAFF_REQUEST)->bank = s->in->bank;
    lk_fx(s, LK_FX_RESUME_BANK)->bank = s->in->bank;
    answer(s, LK_REASON_NONE);
}

static void unblock(struct lk_step *s)
{
    if (s->in->door == LK_NO_DOOR) {
        resume_bank(s);
        return;
    }
    enum lk_reason reason = lk_door_unblock_refusal(&s->core->door[s->in->door]);
    if (reason == LK_REASON_NONE) {
        (void)lk_fx_staff(s, LK_EV_DOOR_UNBLOCKED, s->in->door, LK_REASON_STAFF_REQUEST);
        lk_fx_use(s, s->in->door, LK_USE_FREE, "", LK_REASON_NONE);
    }
    answer(s, reason);
}

/* A new lock or relay: nothing but its books changes, so that no state of the door can stand in the way. */
static void replaced(struct lk_step *s)
{
    if (s->in->reason != LK_REASON_LOCK_REPLACED && s->in->reason != LK_REASON_RELAY_REPLACED) {
        answer(s, LK_REASON_BAD_ARGUMENT);
        return;
    }
    struct lk_effect *fx = lk_fx(s, LK_FX_WEAR_RESET);
    fx->door = s->in->door;
    fx->reason = s->in->reason;
    struct lk_event *e = lk_fx_staff(s, LK_EV_SITE_CONFIG, s->in->door, s->in->reason);
    e->item[0] = '\0'; /* what lies behind the door has no part in it */
    answer(s, LK_REASON_NONE);
}

/* --- at the window ------------------------------------------------------------------------------------------------ */

/* What was shown does not fit: nothing happens, and it is on record who tried. */
static void deny(struct lk_step *s, const struct lk_item *item)
{
    struct lk_event *e = lk_fx_staff(s, LK_EV_ACCESS_DENIED, LK_NO_DOOR, LK_REASON_WRONG_CODE);
    memcpy(e->item, item->id, sizeof(e->item));
}

static enum lk_reason desk(struct lk_step *s)
{
    const struct lk_input *in = s->in;
    const struct lk_item *item = in->found ? &in->item : NULL;
    const struct lk_by by = {.actor = in->staff.role, .who = in->staff.id, .note = in->note};
    enum lk_reason reason = LK_REASON_NOT_NOW;
    if (in->admin == LK_ADMIN_RECEIVE) {
        reason = lk_desk_receive(s, item, &by);
    } else if (in->admin == LK_ADMIN_HAND_OVER) {
        reason = lk_desk_hand_over(s, item, in->proof, &by);
    } else if (in->admin == LK_ADMIN_SEND) {
        reason = lk_desk_send(s, item, in->waybill, &by);
    } else if (in->admin == LK_ADMIN_RETURN) {
        reason = lk_desk_return(s, item, &by);
    } else if (in->admin == LK_ADMIN_REJECT) {
        reason = lk_desk_reject(s, item, &by);
    } else if (in->admin == LK_ADMIN_EXTEND) {
        reason = lk_desk_extend(s, item, in->count, &by);
    }
    if (reason == LK_REASON_WRONG_CODE) {
        deny(s, item);
    }
    return reason;
}

void lk_admin_run(struct lk_step *s)
{
    switch (s->in->admin) {
    case LK_ADMIN_OPEN:
        open_door(s);
        break;
    case LK_ADMIN_BLOCK:
        block(s);
        break;
    case LK_ADMIN_UNBLOCK:
        unblock(s);
        break;
    case LK_ADMIN_CONFIRM:
        lk_wiring_confirm(s);
        break;
    case LK_ADMIN_SETTLE:
        lk_inspect_settle(s);
        break;
    case LK_ADMIN_RECEIVE:
    case LK_ADMIN_HAND_OVER:
    case LK_ADMIN_SEND:
    case LK_ADMIN_RETURN:
    case LK_ADMIN_REJECT:
    case LK_ADMIN_EXTEND:
        answer(s, desk(s));
        break;
    case LK_ADMIN_REPLACED:
        replaced(s);
        break;
    case LK_ADMIN_STAFF_PUT:
    case LK_ADMIN_STAFF_REMOVE:
        lk_staff_admin(s);
        break;
    case LK_ADMIN_INSPECTED:
        lk_inspect_door(s);
        break;
    case LK_ADMIN_ROUND:
        lk_inspect_round(s);
        break;
    case LK_ADMINS:
        break;
    }
}
