#include "machine.h"

#include <string.h>

#define BY(actor)  (1U << (actor))
#define DESK       (BY(LK_ACTOR_COURIER) | BY(LK_ACTOR_CLERK))
#define INSPECTION (BY(LK_ACTOR_MAINTENANCE) | BY(LK_ACTOR_CLERK))

/* The table of docs/core.md; a test compares the two. */
static const struct {
    enum lk_custody from, to;
    unsigned actors;
} changes[] = {
    {LK_CUSTODY_NONE, LK_CUSTODY_EXPECTED, BY(LK_ACTOR_UPSTREAM) | DESK},
    {LK_CUSTODY_EXPECTED, LK_CUSTODY_IN_LOCKER, DESK},
    {LK_CUSTODY_AT_WINDOW, LK_CUSTODY_IN_LOCKER, DESK},
    {LK_CUSTODY_WITH_COURIER, LK_CUSTODY_IN_LOCKER, DESK},
    {LK_CUSTODY_EXPECTED, LK_CUSTODY_RETURNED, BY(LK_ACTOR_UPSTREAM)},
    {LK_CUSTODY_IN_LOCKER, LK_CUSTODY_COLLECTED, BY(LK_ACTOR_RECIPIENT)},
    {LK_CUSTODY_IN_LOCKER, LK_CUSTODY_AT_WINDOW, DESK},
    {LK_CUSTODY_IN_LOCKER, LK_CUSTODY_RETURNED, DESK},
    {LK_CUSTODY_IN_LOCKER, LK_CUSTODY_UNKNOWN, BY(LK_ACTOR_SYSTEM)},
    {LK_CUSTODY_EXPECTED, LK_CUSTODY_UNKNOWN, BY(LK_ACTOR_SYSTEM)},
    {LK_CUSTODY_AT_WINDOW, LK_CUSTODY_UNKNOWN, BY(LK_ACTOR_SYSTEM)},
    {LK_CUSTODY_WITH_COURIER, LK_CUSTODY_UNKNOWN, BY(LK_ACTOR_SYSTEM)},
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
        if (core->door[i].item[0] != '\0' && strcmp(core->door[i].item, item) == 0) {
            return i;
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

/* One custody change with its event, in the same step. */
static void change(struct lk_step *s, int door, enum lk_event_type type, enum lk_custody to)
{
    struct lk_door *d = &s->core->door[door];
    struct lk_event *e = lk_fx_event(s, type, door);
    e->from = d->op.from;
    e->to = to;
    lk_fx_custody(s, d->item, d->op.from, to, to == LK_CUSTODY_IN_LOCKER ? door : LK_NO_DOOR);
}

static void complete_deposit(struct lk_step *s, int door)
{
    struct lk_door *d = &s->core->door[door];
    if (d->op.withdrawn) {
        lk_fx_use(s, door, LK_USE_FREE, "", LK_REASON_NONE);
        return;
    }
    change(s, door, LK_EV_ITEM_DEPOSITED, LK_CUSTODY_IN_LOCKER);
    lk_fx_use(s, door, LK_USE_OCCUPIED, d->item, LK_REASON_NONE);
}

static void complete_pickup(struct lk_step *s, int door)
{
    change(s, door, LK_EV_ITEM_COLLECTED, LK_CUSTODY_COLLECTED);
    lk_fx_secret_kill(s, s->core->door[door].item);
    lk_fx_use(s, door, LK_USE_FREE, "", LK_REASON_NONE);
}

static void complete_recall(struct lk_step *s, int door)
{
    bool returned = s->core->door[door].op.item_cancelled;
    change(s, door, returned ? LK_EV_ITEM_RETURNED : LK_EV_ITEM_RECALLED,
           returned ? LK_CUSTODY_RETURNED : LK_CUSTODY_AT_WINDOW);
    lk_fx_secret_kill(s, s->core->door[door].item);
    lk_fx_use(s, door, LK_USE_FREE, "", LK_REASON_NONE);
}

void lk_custody_complete(struct lk_step *s, int door)
{
    switch (s->core->door[door].op.purpose) {
    case LK_PURPOSE_DEPOSIT:
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

void lk_custody_lose(struct lk_step *s, int door, enum lk_reason reason, struct lk_event *event)
{
    struct lk_door *d = &s->core->door[door];
    if (d->item[0] == '\0') {
        lk_fx_use(s, door, LK_USE_BLOCKED, "", reason);
        return;
    }
    enum lk_custody from = custody_of(d);
    lk_custody_doubt_over(s, door);
    if (d->use != LK_USE_BLOCKED) {
        event->from = from;
        event->to = LK_CUSTODY_UNKNOWN;
        lk_fx_custody(s, d->item, from, LK_CUSTODY_UNKNOWN, door);
    }
    char item[LK_ITEM_ID_MAX + 1];
    memcpy(item, d->item, sizeof(item));
    lk_fx_use(s, door, LK_USE_BLOCKED, item, reason);
}

void lk_custody_give_up(struct lk_step *s, int door, enum lk_reason reason)
{
    struct lk_event *e = lk_fx_event(s, LK_EV_AUDIT_MISMATCH, door);
    e->purpose = LK_PURPOSE_NONE; /* nobody does this */
    e->intent = 0;
    e->actor = LK_ACTOR_SYSTEM;
    e->who[0] = '\0';
    e->jti[0] = '\0';
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
