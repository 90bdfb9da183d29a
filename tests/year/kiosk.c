/* What a person types, scans and presses, with the facts looked up as controller/app does. */
#include "year.h"

#include "base/text.h"
#include "facts.h"

#include <string.h>

enum { CODE_DIGITS = 8, LOOK_MS = 250, FREE_WITHIN_MS = 5 * 60 * 1000 };

bool kiosk_see(const struct site *s, struct lk_view *ret_view)
{
    if (s->up) {
        lk_core_view(&s->cfg, site_core(s), lk_engine_now_ms(s->engine), ret_view);
    }
    return s->up;
}

/* LK_SCREENS: the screen is dark. */
enum lk_screen kiosk_screen(const struct site *s)
{
    return s->up ? site_core(s)->session.screen : LK_SCREENS;
}

bool kiosk_send(struct site *s, struct lk_input *in)
{
    static uint64_t request;
    in->request = ++request;
    return s->up && lk_engine_submit(s->engine, in) == 0;
}

bool kiosk_has(const struct site *s, enum lk_button button)
{
    struct lk_view v;
    return kiosk_see(s, &v) && v.button[button];
}

static void look(struct site *s, int r, const char *what)
{
    if (r < 0) {
        site_broken(s, "%s cannot be looked up: %s", what, strerror(-r));
    }
}

bool kiosk_code(struct site *s, const char *code)
{
    struct lk_input in = {0};
    struct lk_stamp now = {0};
    if (!s->up) {
        return false;
    }
    now = site_stamp(s);
    look(s, lk_facts_code(s->store, &now, code, CODE_DIGITS, &in), "a code");
    return kiosk_send(s, &in);
}

bool kiosk_scan(struct site *s, const char *text)
{
    struct lk_input in = {0};
    if (!s->up) {
        return false;
    }
    struct lk_stamp now = site_stamp(s);
    bool staff = site_core(s)->session.staff != LK_ACTOR_SYSTEM;
    look(s, lk_facts_scan(s->store, &now, text, staff, &in), "a scan");
    return kiosk_send(s, &in);
}

bool kiosk_press(struct site *s, enum lk_button button, enum lk_size size, int rating)
{
    struct lk_input in = lk_engine_input(LK_IN_BUTTON);
    in.button = button;
    in.size = size;
    in.rating = (unsigned)rating;
    return kiosk_send(s, &in);
}

bool kiosk_choose(struct site *s, enum lk_button button, const char *item)
{
    struct lk_input in = lk_engine_input(LK_IN_BUTTON);
    if (!s->up) {
        return false;
    }
    struct lk_stamp now = site_stamp(s);
    in.button = button;
    look(s, lk_facts_item(s->store, &now, item, &in), "an item");
    return kiosk_send(s, &in);
}

enum lk_screen kiosk_wait_while(struct site *s, enum lk_screen screen, int64_t most_ms)
{
    for (int64_t waited = 0; waited < most_ms && kiosk_screen(s) == screen; waited += LOOK_MS) {
        site_wait(s, LOOK_MS);
    }
    return kiosk_screen(s);
}

/* The next one in the queue waits until the last one is done, or touches what is left on the screen. */
void kiosk_clear(struct site *s)
{
    for (int64_t waited = 0; waited < FREE_WITHIN_MS && kiosk_screen(s) != LK_SCREEN_HOME; waited += SECOND_MS) {
        bool leaves = kiosk_has(s, LK_BUTTON_SIGN_OUT) && kiosk_press(s, LK_BUTTON_SIGN_OUT, LK_SIZE_S, 0);
        leaves = leaves || (kiosk_has(s, LK_BUTTON_DONE) && kiosk_press(s, LK_BUTTON_DONE, LK_SIZE_S, 0));
        leaves = leaves || (kiosk_has(s, LK_BUTTON_BACK) && kiosk_press(s, LK_BUTTON_BACK, LK_SIZE_S, 0));
        site_wait(s, SECOND_MS);
    }
}
