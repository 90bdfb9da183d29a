/* Recipients and their delegates at the cabinet. */
#include "year.h"

#include "base/text.h"

#include <string.h>

enum { TRIES_MOST = 6 };

static void comes_again(struct site *s, int item)
{
    struct envelope *e = &s->item[item];
    s->tally.in_vain++;
    if (e->tries++ < TRIES_MOST) {
        (void)site_plan(s, H_CITIZEN, site_now(s) + chance_between(&s->rng, HOUR_MS, 20 * HOUR_MS), item);
    }
}

/* Everything that lies there; a person does not leave the second envelope of a case behind. */
static void take_out(struct site *s, int door, enum place to)
{
    for (size_t i = 0; i < s->items; i++) {
        if (s->item[i].where == BEHIND_DOOR && s->item[i].door == door) {
            s->item[i].where = to;
        }
    }
}

/* It is in the hand no longer to be put back. */
static void goes_home(struct site *s, int door)
{
    for (size_t i = 0; i < s->items; i++) {
        if (s->item[i].where == AT_RECIPIENT && s->item[i].door == door) {
            s->item[i].door = LK_NO_DOOR;
        }
    }
}

static void shut_later(struct site *s, const struct envelope *e, int door)
{
    site_wait(s, chance_between(&s->rng, 2, 15) * SECOND_MS);
    if (e->forgets) {
        site_wait(s, 3 * SECOND_MS); /* and gone: somebody else shuts it, or the kiosk asks in vain */
    } else {
        cabinet_shut(s, door);
    }
}

/* The door is open in front of them. */
static void at_open_door(struct site *s, struct envelope *e, int door)
{
    site_wait(s, chance_between(&s->rng, 2, 10) * SECOND_MS);
    take_out(s, door, AT_RECIPIENT);
    shut_later(s, e, door);
    if (kiosk_wait_while(s, LK_SCREEN_TAKE, 10 * SECOND_MS) != LK_SCREEN_TAKEN) {
        goes_home(s, door);
        return;
    }
    goes_home(s, door);
    if (kiosk_has(s, LK_BUTTON_DONE)) {
        (void)kiosk_press(s, LK_BUTTON_DONE, LK_SIZE_S, 0);
    }
}

static bool is_open(const struct site *s, int door)
{
    return door != LK_NO_DOOR && s->door[door].open;
}

/* Types or scans, and waits in front of the door. True: somebody stood at an open door. */
static bool tries_to_open(struct site *s, struct envelope *e)
{
    (void)(e->by_qr ? kiosk_scan(s, e->token) : kiosk_code(s, e->code));
    if (kiosk_screen(s) != LK_SCREEN_OPENING && kiosk_screen(s) != LK_SCREEN_TAKE) {
        return false;
    }
    int door = site_core(s)->session.door;
    if (kiosk_wait_while(s, LK_SCREEN_OPENING, 40 * SECOND_MS) == LK_SCREEN_JAM) {
        (void)kiosk_press(s, LK_BUTTON_RETRY, LK_SIZE_S, 0);
        (void)kiosk_wait_while(s, LK_SCREEN_OPENING, 40 * SECOND_MS);
        for (int i = 0; i < 35 && !is_open(s, door); i++) {
            site_wait(s, SECOND_MS);
        }
    }
    if (!is_open(s, door)) {
        return false;
    }
    at_open_door(s, e, door);
    return true;
}

void citizen_comes(struct site *s, int item)
{
    struct envelope *e = &s->item[item];
    if (e->where != BEHIND_DOOR) {
        return; /* somebody was faster, or it is elsewhere now and upstream told them so */
    }
    kiosk_clear(s);
    if (e->wrong_first) {
        e->wrong_first = false;
        (void)kiosk_code(s, "00000000");
        site_wait(s, 3 * SECOND_MS);
        kiosk_clear(s);
    }
    if (!tries_to_open(s, e) && e->where == BEHIND_DOOR) {
        comes_again(s, item);
    }
    kiosk_clear(s);
}

void citizen_drops(struct site *s)
{
    (void)s;
}
