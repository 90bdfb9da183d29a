/* What the calendar asks for. The store found it while the clock was synced (law 11); here it is looked at once more.
 */
#include "machine.h"

#include <string.h>

static struct lk_event *due_event(struct lk_step *s, enum lk_event_type type)
{
    struct lk_event *e = lk_fx_event(s, type, LK_NO_DOOR);
    memcpy(e->item, s->in->item.id, sizeof(e->item));
    e->door = lk_custody_door(s->core, e->item);
    return e;
}

static void mark(struct lk_step *s, enum lk_effect_kind effect)
{
    memcpy(lk_fx(s, effect)->item.id, s->in->item.id, sizeof(s->in->item.id));
}

static void remind(struct lk_step *s)
{
    if (s->in->item.custody == LK_CUSTODY_IN_LOCKER) {
        mark(s, LK_FX_ITEM_REMINDED);
        (void)due_event(s, LK_EV_ITEM_REMINDER);
    }
}

static void overdue(struct lk_step *s)
{
    if (s->in->item.custody == LK_CUSTODY_IN_LOCKER) {
        mark(s, LK_FX_ITEM_OVERDUE);
        (void)due_event(s, LK_EV_ITEM_OVERDUE);
    }
}

/* Nobody is forgotten before their item's story is over: not while it lies anywhere, nor while nobody knows where. */
static void erase(struct lk_step *s)
{
    enum lk_custody custody = s->in->item.custody;
    bool over = custody == LK_CUSTODY_COLLECTED || custody == LK_CUSTODY_RETURNED;
    if (over && lk_custody_door(s->core, s->in->item.id) == LK_NO_DOOR) {
        mark(s, LK_FX_ITEM_ERASE);
        (void)due_event(s, LK_EV_ITEM_ERASED);
    }
}

static void purge(struct lk_step *s)
{
    if (s->in->count > 0) {
        (void)lk_fx(s, LK_FX_RECORDS_PURGE);
        lk_fx_event(s, LK_EV_AUDIT_PURGE, LK_NO_DOOR)->count = s->in->count;
    }
}

/* What upstream has, and nobody needs for the audit any more. That they are gone is itself told. */
static void events(struct lk_step *s)
{
    if (s->in->count > 0) {
        lk_fx(s, LK_FX_EVENTS_PURGE)->count = s->in->count;
        struct lk_event *e = lk_fx_event(s, LK_EV_AUDIT_PURGE, LK_NO_DOOR);
        e->count = s->in->count;
        e->reason = LK_REASON_EVENTS_OVER;
    }
}

void lk_due_run(struct lk_step *s)
{
    static void (*const handlers[LK_DUES])(struct lk_step * s) = {
        [LK_DUE_REMINDER] = remind, [LK_DUE_OVERDUE] = overdue, [LK_DUE_ERASE] = erase,
        [LK_DUE_PURGE] = purge,     [LK_DUE_EVENTS] = events,
    };
    bool about_one = s->in->due != LK_DUE_PURGE && s->in->due != LK_DUE_EVENTS;
    if (s->core->clock == LK_CLOCK_SYNCED && s->in->due < LK_DUES && (s->in->found || !about_one)) {
        handlers[s->in->due](s);
    }
}
