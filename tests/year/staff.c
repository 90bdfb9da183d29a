/* Couriers and clerks: at the kiosk, and at the window. */
#include "year.h"

#include "base/text.h"

#include <string.h>

bool staff_badge(struct site *s, const char *who)
{
    char badge[16];
    (void)snprintf(badge, sizeof(badge), "BADGE-%c%c", who[0] - 'a' + 'A', who[1]);
    kiosk_clear(s);
    (void)kiosk_scan(s, badge);
    return kiosk_screen(s) == LK_SCREEN_STAFF_MENU;
}

static void put_in(struct site *s, struct envelope *e, int door)
{
    site_wait(s, chance_between(&s->rng, 2, 8) * SECOND_MS);
    if (s->door[door].open) {
        e->where = BEHIND_DOOR;
        e->door = door;
        if (s->cfg.misload_check) {
            (void)kiosk_scan(s, e->id);
        }
        site_wait(s, SECOND_MS);
        cabinet_shut(s, door);
        (void)kiosk_wait_while(s, LK_SCREEN_PUT, 10 * SECOND_MS);
    }
}

static void after_jam(struct site *s)
{
    (void)kiosk_press(s, LK_BUTTON_RETRY, LK_SIZE_S, 0);
    if (kiosk_wait_while(s, LK_SCREEN_PUT_OPENING, 40 * SECOND_MS) == LK_SCREEN_PUT_JAM) {
        (void)kiosk_press(s, LK_BUTTON_OTHER, LK_SIZE_S, 0);
        (void)kiosk_wait_while(s, LK_SCREEN_PUT_OPENING, 40 * SECOND_MS);
    }
}

static void choose_size(struct site *s, const struct envelope *e)
{
    for (int size = (int)e->size; size < LK_SIZES && kiosk_screen(s) == LK_SCREEN_SIZE; size++) {
        (void)kiosk_press(s, LK_BUTTON_SIZE, (enum lk_size)size, 0);
        if (kiosk_screen(s) == LK_SCREEN_NOTICE) { /* none of this size is free */
            (void)kiosk_press(s, LK_BUTTON_DONE, LK_SIZE_S, 0);
        }
    }
}

/* From the screen SCAN to PLACED. */
static void deposit(struct site *s, int item)
{
    struct envelope *e = &s->item[item];
    (void)kiosk_scan(s, e->id);
    if (kiosk_screen(s) == LK_SCREEN_ASK) {
        (void)kiosk_press(s, LK_BUTTON_CONFIRM, LK_SIZE_S, 0);
    }
    choose_size(s, e);
    if (kiosk_wait_while(s, LK_SCREEN_PUT_OPENING, 40 * SECOND_MS) == LK_SCREEN_PUT_JAM) {
        after_jam(s);
    }
    if (kiosk_screen(s) == LK_SCREEN_PUT && site_core(s)->session.door != LK_NO_DOOR) {
        put_in(s, e, site_core(s)->session.door);
    }
    if (e->where == BEHIND_DOOR) {
        int64_t comes_ms = site_now(s) + e->patience_ms;
        (void)site_plan(s, H_CITIZEN, comes_ms, item);
    }
    for (int i = 0; i < 3 && s->up && kiosk_screen(s) != LK_SCREEN_SCAN; i++) {
        bool done = kiosk_has(s, LK_BUTTON_DONE);
        (void)kiosk_press(s, done ? LK_BUTTON_DONE : LK_BUTTON_BACK, LK_SIZE_S, 0);
    }
}

void staff_courier(struct site *s)
{
    bool any = false;
    for (size_t i = 0; i < s->items; i++) {
        struct envelope *e = &s->item[i];
        bool brings = e->where == AT_OFFICE && e->channel == LK_CHANNEL_LOCKER && e->tries < 20;
        if (!brings) {
            continue;
        }
        if (!any || kiosk_screen(s) != LK_SCREEN_SCAN) {
            if (!staff_badge(s, "k1")) {
                return;
            }
            (void)kiosk_press(s, LK_BUTTON_DEPOSIT, LK_SIZE_S, 0);
            any = true;
        }
        e->tries++;
        deposit(s, (int)i);
    }
    kiosk_clear(s);
}

void staff_arrives(struct site *s, int item)
{
    struct envelope *e = &s->item[item];
    if (e->where == AT_SENDER) {
        e->where = AT_OFFICE;
    }
}

void staff_morning(struct site *s)
{
    care_morning(s);
}

void staff_closing(struct site *s)
{
    (void)s;
}

void staff_window(struct site *s, int item)
{
    (void)s;
    (void)item;
}
