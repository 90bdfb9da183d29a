/* The log holds what upstream has not acknowledged, for as long as it takes; its room is bounded by configuration. Long
 * before it is full people are told. When it is full nothing new is taken in, what is in the cabinet is still given
 * out, and what tells nothing new is counted: what changed hands and every opening is logged whatever the level (law
 * 5). */
#include "machine.h"

#include <string.h>

static struct lk_event *tell(struct lk_step *s, enum lk_reason reason, bool alarm)
{
    struct lk_event *e = lk_fx_event(s, LK_EV_SITE_DEGRADED, LK_NO_DOOR);
    e->reason = reason;
    e->alarm = alarm;
    return e;
}

static void forget_told(struct lk_core *core)
{
    for (int i = 0; i < LK_MAX_DOORS; i++) {
        core->door[i].forced_told = false;
    }
    for (int i = 0; i < LK_MAX_BANKS; i++) {
        core->bank[i].lost_told = false;
        core->bank[i].back_told = false;
    }
}

static void tell_left_out(struct lk_step *s)
{
    if (s->core->left_out > 0) {
        tell(s, LK_REASON_EVENTS_LEFT_OUT, false)->count = s->core->left_out;
        s->core->left_out = 0;
        lk_fx(s, LK_FX_LEFT_OUT)->count = 0;
    }
}

void lk_outbox_room(struct lk_step *s)
{
    enum lk_outbox_level was = s->core->outbox, is = s->in->outbox;
    s->core->outbox = is;
    if (is != LK_OUTBOX_FULL) {
        forget_told(s->core);
        tell_left_out(s); /* also of before a restart */
    }
    if (is == was) {
        return;
    }
    switch (is) {
    case LK_OUTBOX_ROOMY:
        (void)tell(s, LK_REASON_RECOVERED, false);
        break;
    case LK_OUTBOX_FILLING:
        if (was == LK_OUTBOX_ROOMY) {
            (void)tell(s, LK_REASON_OUTBOX_FILLING, true);
        }
        break;
    case LK_OUTBOX_FULL:
        (void)tell(s, LK_REASON_OUTBOX_FULL, true);
        break;
    case LK_OUTBOX_LEVELS:
        break;
    }
}

enum lk_reason lk_outbox_refusal(const struct lk_core *core)
{
    return core->outbox == LK_OUTBOX_FULL ? LK_REASON_OUTBOX_FULL : LK_REASON_NONE;
}

/* Told already since the outbox is full; else from now on it is. */
static bool again(bool *told)
{
    bool was = *told;
    *told = true;
    return was;
}

/* Of a kind that can come without end while nobody is at the other side, and that nobody has to account for. */
static bool can_come_without_end(struct lk_core *core, const struct lk_event *e)
{
    switch ((int)e->type) {
    case LK_EV_ACCESS_DENIED:
        return true;
    case LK_EV_ACCESS_STAFF_IN:
    case LK_EV_ACCESS_STAFF_OUT:
        return e->door == LK_NO_DOOR && e->note[0] == '\0'; /* the kiosk's menu; what they do there is told by itself */
    case LK_EV_DOOR_CLOSED:
        return true;
    case LK_EV_DOOR_FORCED:
        return again(&core->door[e->door].forced_told);
    case LK_EV_SITE_BOARD_LOST:
        return again(&core->bank[e->bank].lost_told);
    case LK_EV_SITE_BOARD_BACK:
        return again(&core->bank[e->bank].back_told);
    default:
        return false;
    }
}

static bool tells_nothing_new(struct lk_core *core, const struct lk_event *e)
{
    return can_come_without_end(core, e) && e->to == LK_CUSTODY_NONE && e->intent == 0;
}

void lk_outbox_spare(struct lk_step *s)
{
    bool full = s->core->outbox == LK_OUTBOX_FULL;
    for (unsigned i = 0; full && i < s->fx->count; i++) {
        struct lk_effect *fx = &s->fx->at[i];
        if (fx->kind == LK_FX_EVENT && tells_nothing_new(s->core, &fx->event)) {
            memset(fx, 0, sizeof(*fx));
            fx->kind = LK_FX_LEFT_OUT;
            fx->door = LK_NO_DOOR;
            fx->bank = -1;
            fx->count = ++s->core->left_out;
        }
    }
}
