#include "machine.h"

#include <string.h>

typedef bool picks(const struct lk_door *door);

static bool is_changed(const struct lk_door *door)
{
    return door->wiring_news && door->wiring_held;
}

static bool is_back(const struct lk_door *door)
{
    return door->wiring_news && !door->wiring_held;
}

static bool is_held(const struct lk_door *door)
{
    return door->wiring_held;
}

/* Bit n: the n-th door of the bank is picked. */
static uint32_t doors_of(const struct lk_step *s, int bank, picks *pick)
{
    uint32_t mask = 0;
    unsigned n = 0;
    for (int i = 0; i < s->cfg->doors && n < 32; i++) {
        if (s->cfg->door[i].bank == bank) {
            mask |= (uint32_t)pick(&s->core->door[i]) << n;
            n++;
        }
    }
    return mask;
}

/* False when there is no room left to say it. */
static bool tell(struct lk_step *s, int bank, picks *pick, enum lk_reason reason)
{
    uint32_t doors = doors_of(s, bank, pick);
    if (doors == 0) {
        return true;
    }
    if (!lk_fx_has_room(s)) {
        return false;
    }
    struct lk_event *e = lk_fx_event(s, LK_EV_SITE_CONFIG, LK_NO_DOOR);
    e->bank = bank;
    e->doors = doors;
    e->reason = reason;
    e->alarm = reason == LK_REASON_WIRING_CHANGED;
    return true;
}

/* What was not proved before the change cannot be proved by anybody's code after it. */
static void decide(struct lk_step *s, int door)
{
    const struct lk_door *d = &s->core->door[door];
    if (d->op.purpose != LK_PURPOSE_NONE && d->op.rewired) {
        lk_opening_void(s, door, LK_REASON_WIRING_CHANGED);
    } else if (d->op.purpose == LK_PURPOSE_NONE && d->wiring_held && d->doubt_purpose != LK_PURPOSE_NONE) {
        lk_custody_give_up(s, door, LK_REASON_WIRING_CHANGED);
    }
}

void lk_wiring_boot(struct lk_step *s)
{
    bool told = true, news = s->core->wiring_new;
    for (int i = 0; i < s->cfg->banks; i++) {
        told = tell(s, i, is_changed, LK_REASON_WIRING_CHANGED) && told;
        told = tell(s, i, is_back, LK_REASON_RECOVERED) && told;
    }
    for (int i = 0; i < s->cfg->doors; i++) {
        news = news || s->core->door[i].wiring_news;
        s->core->door[i].wiring_news = false;
    }
    if (news && told) {
        (void)lk_fx(s, LK_FX_WIRING_SEEN); /* else the next start tells it again */
    }
    s->core->wiring_new = false;
    for (int i = 0; i < s->cfg->doors && lk_fx_has_room(s); i++) {
        decide(s, i);
    }
}

/* --- confirming ---------------------------------------------------------------------------------------------------
 */

static bool is_meant(const struct lk_step *s, int door)
{
    bool named = s->in->door == LK_NO_DOOR ? s->cfg->door[door].bank == s->in->bank : s->in->door == door;
    return named && s->core->door[door].wiring_held;
}

/* Whoever confirms has tried the door: then its board answers and it is shut again. */
static enum lk_reason confirm_refusal(const struct lk_step *s)
{
    enum lk_reason reason = LK_REASON_DOOR_NOT_BLOCKED;
    if (s->in->staff.role != LK_ACTOR_MAINTENANCE) {
        return LK_REASON_NOT_ALLOWED;
    }
    for (int i = 0; i < s->cfg->doors; i++) {
        if (is_meant(s, i)) {
            enum lk_reason obstacle = lk_opening_obstacle(s, i);
            if (obstacle != LK_REASON_NONE) {
                return obstacle;
            }
            reason = LK_REASON_NONE;
        }
    }
    return reason;
}

void lk_wiring_confirm(struct lk_step *s)
{
    enum lk_reason reason = confirm_refusal(s);
    if (reason != LK_REASON_NONE) {
        lk_fx_answer(s, LK_RESULT_REFUSED, reason);
        return;
    }
    int bank = s->in->door == LK_NO_DOOR ? s->in->bank : s->cfg->door[s->in->door].bank;
    uint32_t before = doors_of(s, bank, is_held);
    for (int i = 0; i < s->cfg->doors; i++) {
        if (is_meant(s, i)) {
            s->core->door[i].wiring_held = false;
            lk_fx(s, LK_FX_WIRING_CONFIRM)->door = i;
        }
    }
    struct lk_event *e = lk_fx_event(s, LK_EV_SITE_CONFIG, LK_NO_DOOR);
    e->bank = bank;
    e->doors = before & ~doors_of(s, bank, is_held);
    e->reason = LK_REASON_STAFF_REQUEST;
    e->actor = s->in->staff.role;
    memcpy(e->who, s->in->staff.id, sizeof(e->who));
    memcpy(e->note, s->in->note, sizeof(e->note));
    lk_fx_answer(s, LK_RESULT_OK, LK_REASON_NONE);
}
