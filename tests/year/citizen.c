/* Recipients and their delegates at the cabinet, and citizens who leave something for the office. */
#include "year.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { TRIES_MOST = 8, DEAD_CODE_TRIES = 4, NEXT_MOST = 8 };

static void comes_again(struct site *s, int item)
{
    struct envelope *e = &s->item[item];
    s->tally.in_vain++;
    if (e->tries++ < TRIES_MOST) {
        (void)site_plan(s, H_CITIZEN, site_now(s) + chance_between(&s->rng, HOUR_MS, 20 * HOUR_MS), item);
    }
}

/* What a person holds, of this door: to be put back, or to be carried home. */
static void in_hand(struct site *s, int door, bool back)
{
    for (size_t i = 0; i < s->items; i++) {
        struct envelope *e = &s->item[i];
        if (e->where == AT_RECIPIENT && e->door == door) {
            e->where = back ? BEHIND_DOOR : AT_RECIPIENT;
            e->door = back ? door : LK_NO_DOOR;
        }
    }
}

static bool is_open(const struct site *s, int door)
{
    return door != LK_NO_DOOR && s->door[door].open;
}

static void takes(struct site *s, int door)
{
    if (is_open(s, door)) {
        care_take_out(s, door, AT_RECIPIENT);
    }
}

static void presses(struct site *s, enum lk_button button)
{
    if (kiosk_has(s, button)) {
        (void)kiosk_press(s, button, LK_SIZE_S, 0);
    }
}

/* --- in front of the open door ------------------------------------------------------------------------------------ */

static bool says_before(struct site *s, struct envelope *e, int door)
{
    bool early = chance_in(&s->rng, 5000);
    if (e->dispute == SAYS_NOTHING && kiosk_has(s, LK_BUTTON_NOTHING_INSIDE)) {
        presses(s, LK_BUTTON_NOTHING_INSIDE);
    } else if (e->dispute == SAYS_NOT_MINE && early && kiosk_has(s, LK_BUTTON_NOT_MINE)) {
        presses(s, LK_BUTTON_NOT_MINE);
    } else if (e->dispute == SAYS_REFUSE && kiosk_has(s, LK_BUTTON_REFUSE)) {
        presses(s, LK_BUTTON_REFUSE);
        site_wait(s, 3 * SECOND_MS);
        if (chance_in(&s->rng, 1000)) { /* thinks again */
            presses(s, LK_BUTTON_BACK);
            return false;
        }
        presses(s, LK_BUTTON_CONFIRM);
    } else {
        return e->dispute == SAYS_STILL_INSIDE && is_open(s, door); /* looks away, and shuts it */
    }
    return true;
}

/* Said once; a second one at the same door is an ordinary pickup. */
static void says_after(struct site *s, struct envelope *e, int door)
{
    enum lk_button button = e->dispute == SAYS_NOT_MINE ? LK_BUTTON_NOT_MINE : LK_BUTTON_STILL_INSIDE;
    bool still = e->dispute == SAYS_STILL_INSIDE;
    e->dispute = NO_DISPUTE;
    if (!kiosk_has(s, button)) {
        return;
    }
    presses(s, button);
    (void)kiosk_wait_while(s, LK_SCREEN_OPENING, 40 * SECOND_MS);
    site_wait(s, 3 * SECOND_MS);
    if (is_open(s, door)) {
        if (still) {
            takes(s, door);
        } else {
            in_hand(s, door, true);
        }
        site_wait(s, 2 * SECOND_MS);
        cabinet_shut(s, door);
        site_wait(s, 2 * SECOND_MS);
    }
}

/* Whoever shut the door on their envelope and could not say so tells the clerk; the cabinet never knew. */
static void left_inside(struct site *s, int door)
{
    for (size_t i = 0; i < s->items; i++) {
        struct envelope *e = &s->item[i];
        if (e->where == BEHIND_DOOR && e->door == door && kiosk_custody(s, e->id) == LK_CUSTODY_COLLECTED) {
            e->known_unseen = true;
            s->tally.unseen++;
        }
    }
}

static void at_open_door(struct site *s, struct envelope *e, int door)
{
    site_wait(s, chance_between(&s->rng, 2, 10) * SECOND_MS);
    bool leaves_it = says_before(s, e, door);
    if (!leaves_it) {
        takes(s, door);
    }
    site_wait(s, chance_between(&s->rng, 2, 15) * SECOND_MS);
    if (!e->forgets || leaves_it) {
        cabinet_shut(s, door);
    }
    (void)kiosk_wait_while(s, LK_SCREEN_TAKE, 10 * SECOND_MS);
    (void)kiosk_wait_while(s, LK_SCREEN_GIVE_BACK, 10 * SECOND_MS);
    if (kiosk_screen(s) == LK_SCREEN_TAKEN && (e->dispute == SAYS_NOT_MINE || e->dispute == SAYS_STILL_INSIDE)) {
        says_after(s, e, door);
    }
    if (e->rates && kiosk_has(s, LK_BUTTON_RATE)) {
        (void)kiosk_press(s, LK_BUTTON_RATE, LK_SIZE_S, (int)chance_between(&s->rng, 3, 5));
    }
    in_hand(s, door, false);
    left_inside(s, door);
}

/* --- the code ----------------------------------------------------------------------------------------------------- */

static void presents(struct site *s, const struct envelope *e)
{
    bool delegate = e->delegate && !e->by_qr;
    (void)(e->by_qr ? kiosk_scan(s, e->token) : kiosk_code(s, delegate ? e->delegate_code : e->code));
    if (kiosk_screen(s) == LK_SCREEN_SECOND) {
        s->tally.second_factors++;
        (void)kiosk_code(s, delegate ? "4321" : e->phone + 7);
    }
    s->tally.delegates += delegate && kiosk_screen(s) == LK_SCREEN_OPENING;
}

/* True: somebody stood at an open door. */
static bool waits_for_door(struct site *s, struct envelope *e)
{
    if (kiosk_screen(s) != LK_SCREEN_OPENING && kiosk_screen(s) != LK_SCREEN_TAKE) {
        return false;
    }
    int door = site_core(s)->session.door;
    if (kiosk_wait_while(s, LK_SCREEN_OPENING, 40 * SECOND_MS) == LK_SCREEN_JAM) {
        presses(s, LK_BUTTON_RETRY);
        (void)kiosk_wait_while(s, LK_SCREEN_OPENING, 40 * SECOND_MS);
    }
    for (int i = 0; i < 35 && !is_open(s, door) && kiosk_screen(s) != LK_SCREEN_NOTICE; i++) {
        site_wait(s, SECOND_MS);
    }
    if (!is_open(s, door)) {
        return false;
    }
    at_open_door(s, e, door);
    return true;
}

static bool tries_to_open(struct site *s, struct envelope *e)
{
    presents(s, e);
    bool opened = waits_for_door(s, e);
    for (int i = 0; i < NEXT_MOST && opened && kiosk_has(s, LK_BUTTON_NEXT); i++) {
        s->tally.next++;
        (void)kiosk_next(s);
        if (kiosk_screen(s) == LK_SCREEN_SECOND) {
            (void)kiosk_code(s, e->phone + 7);
        }
        opened = waits_for_door(s, e);
    }
    return opened;
}

/* The code is no good any more: who comes again and again then asks at the window instead. */
static bool is_dead(const struct site *s)
{
    enum lk_reason reason = s->up ? site_core(s)->session.reason : LK_REASON_NONE;
    return kiosk_screen(s) == LK_SCREEN_NOTICE &&
           (reason == LK_REASON_WRONG_CODE || reason == LK_REASON_UNKNOWN_BARCODE ||
            reason == LK_REASON_ITEM_CANCELLED || reason == LK_REASON_REJECTED);
}

static void wants_time(struct site *s, int item)
{
    struct envelope *e = &s->item[item];
    e->wants_time = false;
    presses(s, LK_BUTTON_MORE_TIME);
    if (kiosk_screen(s) == LK_SCREEN_EXTEND) {
        (void)kiosk_code(s, e->code);
    }
    (void)site_plan(s, H_CITIZEN, site_now(s) + chance_between(&s->rng, DAY_MS, 4 * DAY_MS), item);
}

static void types_wrong(struct site *s, struct envelope *e)
{
    e->wrong_first = false;
    (void)kiosk_code(s, "99999999");
    site_wait(s, 3 * SECOND_MS);
    kiosk_clear(s);
}

void citizen_comes(struct site *s, int item)
{
    struct envelope *e = &s->item[item];
    if (e->where != BEHIND_DOOR || e->never_comes) {
        return; /* somebody was faster, or it is elsewhere now and upstream told them so */
    }
    kiosk_clear(s);
    if (e->wrong_first) {
        types_wrong(s, e);
    }
    if (e->wants_time) {
        wants_time(s, item);
    } else if (!tries_to_open(s, e) && e->where == BEHIND_DOOR) {
        bool dark = !s->up;
        for (int i = 0; i < 10 && !s->up; i++) {
            site_wait(s, MINUTE_MS); /* the light went out; the same person types the code again */
        }
        bool again = dark && e->where == BEHIND_DOOR && tries_to_open(s, e);
        if (!again && e->where == BEHIND_DOOR) {
            e->tries += is_dead(s) ? DEAD_CODE_TRIES : 0;
            comes_again(s, item);
        }
    }
    kiosk_clear(s);
}

/* --- drop-off ----------------------------------------------------------------------------------------------------- */

static struct envelope *new_dropoff(struct site *s)
{
    struct envelope *e = &s->item[s->items];
    *e = (struct envelope){.dropoff = true, .channel = LK_CHANNEL_WINDOW, .where = AT_SENDER, .door = LK_NO_DOOR};
    (void)lk_text_copy(e->id, sizeof(e->id), site_core(s)->session.item.id);
    s->items++;
    return e;
}

static void puts_in(struct site *s, struct envelope *e, int door)
{
    site_wait(s, chance_between(&s->rng, 3, 10) * SECOND_MS);
    if (chance_in(&s->rng, 1000)) {
        presses(s, LK_BUTTON_CANCEL);
        e->where = SENT_BACK;
    } else if (is_open(s, door)) {
        e->where = BEHIND_DOOR;
        e->door = door;
    }
    site_wait(s, 2 * SECOND_MS);
    cabinet_shut(s, door);
    site_wait(s, 2 * SECOND_MS);
}

void citizen_drops(struct site *s)
{
    char case_id[32];
    (void)snprintf(case_id, sizeof(case_id), "K%02d-%06u", s->number, (unsigned)(site_now(s) / MINUTE_MS));
    kiosk_clear(s);
    presses(s, LK_BUTTON_DROP_OFF);
    if (kiosk_screen(s) != LK_SCREEN_DROP_CASE || s->tally.dropoffs == DROPOFFS_MOST) {
        return;
    }
    (void)kiosk_scan(s, case_id);
    if (kiosk_screen(s) == LK_SCREEN_DROP_SIZE) {
        (void)kiosk_press(s, LK_BUTTON_SIZE, LK_SIZE_S, 0);
    }
    if (kiosk_screen(s) == LK_SCREEN_DROP_OPENING) {
        struct envelope *e = new_dropoff(s);
        int door = site_core(s)->session.door;
        s->tally.dropoffs++;
        (void)kiosk_wait_while(s, LK_SCREEN_DROP_OPENING, 40 * SECOND_MS);
        if (is_open(s, door) && kiosk_screen(s) == LK_SCREEN_DROP_PUT) {
            puts_in(s, e, door);
        }
        e->where = e->where == AT_SENDER ? SENT_BACK : e->where;
    }
    kiosk_clear(s);
}
