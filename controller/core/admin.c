#include "machine.h"

#include <string.h>

static struct lk_event *staff_event(struct lk_step *s, enum lk_event_type type, int door, enum lk_reason reason)
{
    struct lk_event *e = lk_fx_event(s, type, door);
    e->actor = s->in->staff.role;
    memcpy(e->who, s->in->staff.id, sizeof(e->who));
    e->reason = reason;
    return e;
}

static void answer(struct lk_step *s, enum lk_reason reason)
{
    lk_fx_answer(s, reason == LK_REASON_NONE ? LK_RESULT_OK : LK_RESULT_REFUSED, reason);
}

static void open_door(struct lk_step *s)
{
    int door = s->in->door;
    enum lk_reason reason = lk_opening_obstacle(s, door);
    const struct lk_op *op = &s->core->door[door].op;
    if (reason == LK_REASON_NONE && op->purpose != LK_PURPOSE_NONE && op->outcome != LK_OUTCOME_JAMMED) {
        reason = LK_REASON_DOOR_BUSY;
    }
    if (reason != LK_REASON_NONE) {
        answer(s, reason);
        return;
    }
    lk_session_door(s, door, LK_NEWS_FAILED, LK_REASON_STAFF_REQUEST); /* its opening is not the kiosk's any more */
    lk_opening_abandon(s, door);
    struct lk_authority by = {
        .purpose = LK_PURPOSE_SERVICE,
        .actor = s->in->staff.role,
        .who = s->in->staff.id,
        .item = s->core->door[door].item,
        .from = LK_CUSTODY_NONE,
        .request = s->in->request,
    };
    lk_opening_start(s, door, &by);
}

static void block(struct lk_step *s)
{
    const struct lk_door *d = &s->core->door[s->in->door];
    if (d->use != LK_USE_FREE || d->op.purpose != LK_PURPOSE_NONE) {
        answer(s, d->use == LK_USE_BLOCKED ? LK_REASON_DOOR_BLOCKED
                  : d->use == LK_USE_FREE  ? LK_REASON_DOOR_BUSY
                                           : LK_REASON_DOOR_OCCUPIED);
        return;
    }
    (void)staff_event(s, LK_EV_DOOR_BLOCKED, s->in->door, LK_REASON_STAFF_REQUEST);
    lk_fx_use(s, s->in->door, LK_USE_BLOCKED, "", LK_REASON_STAFF_REQUEST);
    answer(s, LK_REASON_NONE);
}

static enum lk_reason unblock_refusal(const struct lk_door *d)
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
    staff_event(s, LK_EV_DOOR_UNBLOCKED, LK_NO_DOOR, LK_REASON_STAFF_REQUEST)->bank = s->in->bank;
    lk_fx(s, LK_FX_RESUME_BANK)->bank = s->in->bank;
    answer(s, LK_REASON_NONE);
}

static void unblock(struct lk_step *s)
{
    if (s->in->door == LK_NO_DOOR) {
        resume_bank(s);
        return;
    }
    enum lk_reason reason = unblock_refusal(&s->core->door[s->in->door]);
    if (reason == LK_REASON_NONE) {
        (void)staff_event(s, LK_EV_DOOR_UNBLOCKED, s->in->door, LK_REASON_STAFF_REQUEST);
        lk_fx_use(s, s->in->door, LK_USE_FREE, "", LK_REASON_NONE);
    }
    answer(s, reason);
}

static enum lk_reason settle_refusal(const struct lk_step *s, int door)
{
    if (!s->in->found) {
        return LK_REASON_NO_SUCH_ITEM;
    }
    if (s->in->item.custody != LK_CUSTODY_UNKNOWN) {
        return lk_custody_reason(s->in->item.custody);
    }
    if (!lk_custody_allowed(LK_CUSTODY_UNKNOWN, s->in->settle_to, s->in->staff.role)) {
        return LK_REASON_NOT_ALLOWED;
    }
    if (s->in->settle_to != LK_CUSTODY_IN_LOCKER) {
        return LK_REASON_NONE;
    }
    if (door == LK_NO_DOOR) {
        return LK_REASON_BAD_ARGUMENT;
    }
    return lk_door_is_open(s->core->door[door].state) ? LK_REASON_DOOR_OPEN : LK_REASON_NONE;
}

static void settle(struct lk_step *s)
{
    const struct lk_item *item = &s->in->item;
    int door = lk_custody_door(s->core, item->id);
    enum lk_reason reason = settle_refusal(s, door);
    if (reason != LK_REASON_NONE) {
        answer(s, reason);
        return;
    }
    bool stays = s->in->settle_to == LK_CUSTODY_IN_LOCKER;
    struct lk_event *e = staff_event(s, LK_EV_ITEM_SETTLED, door, LK_REASON_STAFF_REQUEST);
    memcpy(e->item, item->id, sizeof(e->item));
    e->from = LK_CUSTODY_UNKNOWN;
    e->to = s->in->settle_to;
    lk_fx_custody(s, item->id, LK_CUSTODY_UNKNOWN, s->in->settle_to, stays ? door : LK_NO_DOOR);
    if (s->in->settle_to == LK_CUSTODY_COLLECTED || s->in->settle_to == LK_CUSTODY_RETURNED) {
        lk_fx_secret_kill(s, item->id);
    }
    if (door != LK_NO_DOOR) {
        /* An emptied compartment stays blocked until staff unblock it: they have just had it open. */
        enum lk_use use = stays ? LK_USE_OCCUPIED : LK_USE_BLOCKED;
        lk_fx_use(s, door, use, stays ? item->id : "", stays ? LK_REASON_NONE : LK_REASON_STAFF_REQUEST);
    }
    answer(s, LK_REASON_NONE);
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
        settle(s);
        break;
    case LK_ADMIN_RECEIVE:
    case LK_ADMIN_HAND_OVER:
    case LK_ADMIN_SEND:
    case LK_ADMIN_RETURN:
    case LK_ADMIN_REJECT:
    case LK_ADMIN_EXTEND:
    case LK_ADMIN_INSPECTED:
    case LK_ADMIN_ROUND:
        answer(s, LK_REASON_NOT_NOW);
        break;
    case LK_ADMINS:
        break;
    }
}
