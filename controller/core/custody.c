#include "base/text.h"
#include "machine.h"

#include <string.h>

#define BY(actor)  (1U << (actor))
#define WINDOW     (BY(LK_ACTOR_CLERK) | BY(LK_ACTOR_SUPERVISOR))
#define DESK       (BY(LK_ACTOR_COURIER) | WINDOW)
#define PERSON     (BY(LK_ACTOR_RECIPIENT) | BY(LK_ACTOR_DELEGATE))
#define INSPECTION (BY(LK_ACTOR_MAINTENANCE) | WINDOW)
#define UPSTREAM   BY(LK_ACTOR_UPSTREAM)
#define SYSTEM     BY(LK_ACTOR_SYSTEM)

/* The table of docs/core.md; a test compares the two. */
static const struct {
    enum lk_custody from, to;
    unsigned actors;
} changes[] = {
    {LK_CUSTODY_NONE, LK_CUSTODY_EXPECTED, UPSTREAM | DESK | BY(LK_ACTOR_RECIPIENT)},
    {LK_CUSTODY_EXPECTED, LK_CUSTODY_IN_LOCKER, DESK | BY(LK_ACTOR_RECIPIENT)},
    {LK_CUSTODY_AT_WINDOW, LK_CUSTODY_IN_LOCKER, DESK},
    {LK_CUSTODY_WITH_COURIER, LK_CUSTODY_IN_LOCKER, DESK},
    {LK_CUSTODY_EXPECTED, LK_CUSTODY_AT_WINDOW, WINDOW | UPSTREAM},
    {LK_CUSTODY_WITH_COURIER, LK_CUSTODY_AT_WINDOW, WINDOW | UPSTREAM},
    {LK_CUSTODY_EXPECTED, LK_CUSTODY_RETURNED, UPSTREAM | BY(LK_ACTOR_RECIPIENT) | SYSTEM},
    {LK_CUSTODY_IN_LOCKER, LK_CUSTODY_COLLECTED, PERSON},
    {LK_CUSTODY_AT_WINDOW, LK_CUSTODY_COLLECTED, WINDOW | UPSTREAM},
    {LK_CUSTODY_WITH_COURIER, LK_CUSTODY_COLLECTED, UPSTREAM},
    {LK_CUSTODY_IN_LOCKER, LK_CUSTODY_WITH_COURIER, DESK},
    {LK_CUSTODY_AT_WINDOW, LK_CUSTODY_WITH_COURIER, DESK},
    {LK_CUSTODY_IN_LOCKER, LK_CUSTODY_AT_WINDOW, DESK},
    {LK_CUSTODY_IN_LOCKER, LK_CUSTODY_RETURNED, DESK},
    {LK_CUSTODY_AT_WINDOW, LK_CUSTODY_RETURNED, WINDOW},
    {LK_CUSTODY_IN_LOCKER, LK_CUSTODY_UNKNOWN, SYSTEM | PERSON},
    {LK_CUSTODY_COLLECTED, LK_CUSTODY_UNKNOWN, PERSON},
    {LK_CUSTODY_EXPECTED, LK_CUSTODY_UNKNOWN, SYSTEM},
    {LK_CUSTODY_AT_WINDOW, LK_CUSTODY_UNKNOWN, SYSTEM},
    {LK_CUSTODY_WITH_COURIER, LK_CUSTODY_UNKNOWN, SYSTEM},
    {LK_CUSTODY_UNKNOWN, LK_CUSTODY_IN_LOCKER, INSPECTION},
    {LK_CUSTODY_UNKNOWN, LK_CUSTODY_AT_WINDOW, INSPECTION},
    {LK_CUSTODY_UNKNOWN, LK_CUSTODY_WITH_COURIER, INSPECTION},
    {LK_CUSTODY_UNKNOWN, LK_CUSTODY_COLLECTED, INSPECTION},
    {LK_CUSTODY_UNKNOWN, LK_CUSTODY_RETURNED, INSPECTION},
};

bool lk_custody_allowed(enum lk_custody from, enum lk_custody to, enum lk_actor actor)
{
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        if (changes[i].from == from && changes[i].to == to) {
            return (changes[i].actors & BY(actor)) != 0;
        }
    }
    return false;
}

int lk_custody_door(const struct lk_core *core, const char *item)
{
    for (int i = 0; i < LK_MAX_DOORS; i++) {
        const struct lk_door *d = &core->door[i];
        if ((d->item[0] != '\0' && strcmp(d->item, item) == 0) ||
            (d->joining[0] != '\0' && strcmp(d->joining, item) == 0)) {
            return i;
        }
    }
    for (int i = 0; i < LK_EXTRAS && item[0] != '\0'; i++) {
        if (strcmp(core->extra[i].item, item) == 0) {
            return core->extra[i].door;
        }
    }
    return LK_NO_DOOR;
}

enum lk_reason lk_custody_reason(enum lk_custody custody)
{
    static const enum lk_reason reasons[LK_CUSTODIES] = {
        [LK_CUSTODY_NONE] = LK_REASON_NO_SUCH_ITEM,           [LK_CUSTODY_EXPECTED] = LK_REASON_NOT_HERE_YET,
        [LK_CUSTODY_IN_LOCKER] = LK_REASON_ALREADY_IN_LOCKER, [LK_CUSTODY_AT_WINDOW] = LK_REASON_AT_WINDOW,
        [LK_CUSTODY_WITH_COURIER] = LK_REASON_WITH_COURIER,   [LK_CUSTODY_COLLECTED] = LK_REASON_ALREADY_COLLECTED,
        [LK_CUSTODY_RETURNED] = LK_REASON_RETURNED,           [LK_CUSTODY_UNKNOWN] = LK_REASON_CUSTODY_UNKNOWN,
    };
    return reasons[custody];
}

struct lk_event *lk_custody_change(struct lk_step *s, int door, const char *item, enum lk_event_type type,
                                   enum lk_custody from, enum lk_custody to)
{
    struct lk_event *e = lk_fx_event(s, type, door);
    (void)lk_text_copy(e->item, sizeof(e->item), item);
    e->from = from;
    e->to = to;
    lk_fx_custody(s, item, from, to, to == LK_CUSTODY_IN_LOCKER || to == LK_CUSTODY_UNKNOWN ? door : LK_NO_DOOR);
    return e;
}

static void complete_deposit(struct lk_step *s, int door)
{
    struct lk_door *d = &s->core->door[door];
    if (d->op.withdrawn && d->use == LK_USE_RESERVED) {
        bool blocked = d->op.turn == LK_REASON_NOT_EMPTY;
        lk_fx_use(s, door, blocked ? LK_USE_BLOCKED : LK_USE_FREE, "", d->op.turn);
    } else if (!d->op.withdrawn && d->joining[0] != '\0') {
        (void)lk_custody_change(s, door, d->joining, LK_EV_ITEM_DEPOSITED, d->op.from, LK_CUSTODY_IN_LOCKER);
        lk_together_add(s->core, door, d->joining, false);
        d->joining[0] = '\0';
    } else if (!d->op.withdrawn) {
        (void)lk_custody_change(s, door, d->item, LK_EV_ITEM_DEPOSITED, d->op.from, LK_CUSTODY_IN_LOCKER);
        lk_fx_use(s, door, LK_USE_OCCUPIED, d->item, LK_REASON_NONE);
    }
}

static void collect(struct lk_step *s, int door, const char *item)
{
    struct lk_event *e =
        lk_custody_change(s, door, item, LK_EV_ITEM_COLLECTED, LK_CUSTODY_IN_LOCKER, LK_CUSTODY_COLLECTED);
    e->has_via = true;
    e->via = LK_CHANNEL_LOCKER;
    lk_fx_secret_kill(s, item);
    struct lk_session *session = &s->core->session;
    if (session->door == door && session->taken < LK_TOGETHER_MOST) {
        (void)lk_text_copy(session->taken_item[session->taken++], LK_ITEM_ID_MAX + 1, item);
    }
}

/* What lies together goes together: it is all the same person's. */
static void collect_all(struct lk_step *s, int door)
{
    struct lk_extra *extra = NULL;
    collect(s, door, s->core->door[door].item);
    while ((extra = lk_together_next(s->core, door)) != NULL) {
        collect(s, door, extra->item);
        extra->item[0] = '\0';
    }
    lk_fx_use(s, door, LK_USE_FREE, "", LK_REASON_NONE);
}

static void complete_pickup(struct lk_step *s, int door)
{
    enum lk_reason turn = s->core->door[door].op.turn;
    if (turn == LK_REASON_NONE) {
        collect_all(s, door);
    } else if (turn == LK_REASON_REJECTED) {
        lk_refuse_closed(s, door);
    } else {
        lk_dispute_closed(s, door);
    }
}

static void take_back(struct lk_step *s, int door, const char *item, enum lk_custody to)
{
    static const enum lk_event_type types[LK_CUSTODIES] = {
        [LK_CUSTODY_AT_WINDOW] = LK_EV_ITEM_RECALLED,
        [LK_CUSTODY_WITH_COURIER] = LK_EV_ITEM_TRANSFERRED,
        [LK_CUSTODY_RETURNED] = LK_EV_ITEM_RETURNED,
    };
    const struct lk_op *op = &s->core->door[door].op;
    struct lk_event *e = lk_custody_change(s, door, item, types[to], LK_CUSTODY_IN_LOCKER, to);
    if (to == LK_CUSTODY_WITH_COURIER) {
        memcpy(e->waybill, op->waybill, sizeof(e->waybill));
        lk_fx_waybill(s, item, op->waybill);
    }
    if (to == LK_CUSTODY_RETURNED) {
        lk_fx_secret_kill(s, item);
    }
}

/* Only the item the recall was about goes back to where it came from; what lay beside it waits at the window. */
static void complete_recall(struct lk_step *s, int door)
{
    enum lk_custody to = s->core->door[door].op.to;
    struct lk_extra *extra = NULL;
    take_back(s, door, s->core->door[door].item, to);
    while ((extra = lk_together_next(s->core, door)) != NULL) {
        take_back(s, door, extra->item, to == LK_CUSTODY_RETURNED ? LK_CUSTODY_AT_WINDOW : to);
        extra->item[0] = '\0';
    }
    lk_fx_use(s, door, LK_USE_FREE, "", LK_REASON_NONE);
}

void lk_custody_complete(struct lk_step *s, int door)
{
    switch (s->core->door[door].op.purpose) {
    case LK_PURPOSE_DEPOSIT:
        if (s->core->door[door].op.unchecked && !s->core->door[door].op.withdrawn) {
            lk_custody_doubt(s, door); /* shut, but with which item? */
            break;
        }
        lk_custody_doubt_over(s, door);
        complete_deposit(s, door);
        break;
    case LK_PURPOSE_PICKUP:
        lk_custody_doubt_over(s, door);
        complete_pickup(s, door);
        break;
    case LK_PURPOSE_RECALL:
        lk_custody_doubt_over(s, door);
        complete_recall(s, door);
        break;
    case LK_PURPOSE_NONE:
    case LK_PURPOSE_REOPEN:
    case LK_PURPOSE_SERVICE:
    case LK_PURPOSE_REMOTE:
    case LK_PURPOSES:
        break;
    }
}

/* What custody the item of this door has: occupied means in the locker; else what a running deposit found. */
static enum lk_custody custody_of(const struct lk_door *d)
{
    if (d->use == LK_USE_OCCUPIED) {
        return LK_CUSTODY_IN_LOCKER;
    }
    return d->doubt_until_ms != LK_NEVER ? d->doubt_from : d->op.from;
}

/* What was being put in beside others may lie there now, or not. */
static void lose_joining(struct lk_step *s, int door, enum lk_custody from, enum lk_reason reason)
{
    struct lk_door *d = &s->core->door[door];
    if (d->joining[0] == '\0') {
        return;
    }
    struct lk_event *e = lk_custody_change(s, door, d->joining, LK_EV_AUDIT_MISMATCH, from, LK_CUSTODY_UNKNOWN);
    lk_fx_nobody(e);
    e->reason = reason;
    e->alarm = true;
    lk_together_add(s->core, door, d->joining, true);
    d->joining[0] = '\0';
}

static void lose_extras(struct lk_step *s, int door, enum lk_reason reason)
{
    for (int i = 0; i < LK_EXTRAS; i++) {
        struct lk_extra *extra = &s->core->extra[i];
        if (extra->item[0] == '\0' || extra->door != door || extra->unknown) {
            continue;
        }
        struct lk_event *e =
            lk_custody_change(s, door, extra->item, LK_EV_AUDIT_MISMATCH, LK_CUSTODY_IN_LOCKER, LK_CUSTODY_UNKNOWN);
        lk_fx_nobody(e);
        e->reason = reason;
        e->alarm = true;
        extra->unknown = true;
    }
}

void lk_custody_lose(struct lk_step *s, int door, enum lk_reason reason, struct lk_event *event)
{
    struct lk_door *d = &s->core->door[door];
    if (d->item[0] == '\0') {
        lk_fx_use(s, door, LK_USE_BLOCKED, "", reason);
        return;
    }
    enum lk_custody from = custody_of(d);
    enum lk_custody joined_from = d->doubt_until_ms != LK_NEVER ? d->doubt_from : d->op.from;
    lk_custody_doubt_over(s, door);
    memcpy(event->item, d->item, sizeof(event->item));
    if (d->use != LK_USE_BLOCKED) {
        event->from = from;
        event->to = LK_CUSTODY_UNKNOWN;
        lk_fx_custody(s, d->item, from, LK_CUSTODY_UNKNOWN, door);
    }
    lose_extras(s, door, reason);
    lose_joining(s, door, joined_from, reason);
    char item[LK_ITEM_ID_MAX + 1];
    memcpy(item, d->item, sizeof(item));
    lk_fx_use(s, door, LK_USE_BLOCKED, item, reason);
}

void lk_custody_give_up(struct lk_step *s, int door, enum lk_reason reason)
{
    struct lk_event *e = lk_fx_event(s, LK_EV_AUDIT_MISMATCH, door);
    lk_fx_nobody(e);
    e->reason = reason;
    e->alarm = true;
    lk_custody_lose(s, door, reason, e);
}

void lk_custody_doubt(struct lk_step *s, int door)
{
    struct lk_door *d = &s->core->door[door];
    d->doubt_until_ms = s->in->now_ms + s->cfg->doubt_grace_ms;
    d->doubt_purpose = d->op.purpose;
    d->doubt_from = d->op.from;
    lk_fx_doubt(s, door, d->doubt_purpose, d->doubt_from);
}

void lk_custody_doubt_over(struct lk_step *s, int door)
{
    struct lk_door *d = &s->core->door[door];
    if (d->doubt_until_ms != LK_NEVER) {
        d->doubt_until_ms = LK_NEVER;
        d->doubt_purpose = LK_PURPOSE_NONE;
        d->doubt_from = LK_CUSTODY_NONE;
        lk_fx_doubt(s, door, LK_PURPOSE_NONE, LK_CUSTODY_NONE);
    }
}

bool lk_custody_is_others_doubt(const struct lk_door *d, enum lk_purpose purpose)
{
    return d->doubt_until_ms != LK_NEVER && d->doubt_purpose != purpose;
}

void lk_custody_tick(struct lk_step *s, int door)
{
    const struct lk_door *d = &s->core->door[door];
    bool undecided = d->op.purpose == LK_PURPOSE_NONE;
    if (d->doubt_until_ms <= s->in->now_ms && undecided) {
        lk_custody_give_up(s, door, LK_REASON_OUTCOME_UNPROVEN);
    }
}
