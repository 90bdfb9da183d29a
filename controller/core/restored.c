/* The records are a backup's. Nobody knows what was put in or taken out since, so nobody's code opens a door before
 * somebody has looked behind it: an old code might show a stranger's document (law 8). */
#include "machine.h"

#include <string.h>

/* A reservation belongs to a deposit of which nothing came before the backup was made. */
static void take_out_of_use(struct lk_step *s, int door)
{
    lk_dropoff_give_up(s, door);
    struct lk_event *e = lk_fx_event(s, LK_EV_DOOR_BLOCKED, door);
    lk_fx_nobody(e);
    e->item[0] = '\0';
    e->reason = LK_REASON_RESTORED;
    lk_fx_use(s, door, LK_USE_BLOCKED, "", LK_REASON_RESTORED);
}

static void hold(struct lk_step *s, int door)
{
    struct lk_door *d = &s->core->door[door];
    if (d->doubt_purpose != LK_PURPOSE_NONE) {
        d->doubt_until_ms = s->in->now_ms; /* a restored doubt gets its time at boot only; here it ends */
    }
    if (d->op.purpose != LK_PURPOSE_NONE) {
        lk_opening_void(s, door, LK_REASON_RESTORED);
    }
    switch (d->use) {
    case LK_USE_FREE:
        take_out_of_use(s, door);
        break;
    case LK_USE_RESERVED:
        if (d->doubt_purpose != LK_PURPOSE_NONE) {
            lk_custody_give_up(s, door, LK_REASON_RESTORED);
        } else {
            take_out_of_use(s, door);
        }
        break;
    case LK_USE_OCCUPIED:
        lk_custody_give_up(s, door, LK_REASON_RESTORED);
        break;
    case LK_USE_BLOCKED: /* waits for somebody who looks, whatever for */
    case LK_USES:
        break;
    }
}

void lk_restored(struct lk_step *s)
{
    if (s->in->door >= 0 && s->in->door < s->cfg->doors) {
        hold(s, s->in->door);
    } else if (s->in->door == LK_NO_DOOR) {
        struct lk_event *e = lk_fx_staff(s, LK_EV_SITE_DEGRADED, LK_NO_DOOR, LK_REASON_RESTORED);
        e->alarm = true;
    }
}
