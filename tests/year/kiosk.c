/* What a person types, scans and presses, with the facts looked up as controller/app/kiosk.c does. */
#include "year.h"

#include "base/text.h"
#include "facts.h"

#include <string.h>

enum { CODE_DIGITS = 8, LOOK_MS = 250, FREE_WITHIN_MS = 5 * 60 * 1000, LATEST_S = 25 };

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

/* What is typed means what the screen asks for. */
bool kiosk_code(struct site *s, const char *code)
{
    struct lk_input in = {0};
    if (!s->up) {
        return false;
    }
    struct lk_stamp now = site_stamp(s);
    const struct lk_session *session = &site_core(s)->session;
    if (session->screen == LK_SCREEN_SECOND) {
        in = lk_facts_second(code);
    } else if (session->screen == LK_SCREEN_DROP_CASE) {
        look(s, lk_facts_case(s->store, &now, code, CODE_DIGITS, &in), "a case number");
    } else if (session->screen == LK_SCREEN_HAND_OVER) {
        look(s, lk_facts_proof(s->store, session->item.id, code, &in), "a proof");
    } else {
        look(s, lk_facts_code(s->store, &now, code, CODE_DIGITS, &in), "a code");
    }
    return kiosk_send(s, &in);
}

bool kiosk_scan(struct site *s, const char *text)
{
    struct lk_input in = {0};
    if (!s->up) {
        return false;
    }
    struct lk_stamp now = site_stamp(s);
    const struct lk_session *session = &site_core(s)->session;
    if (session->screen == LK_SCREEN_DROP_CASE) {
        look(s, lk_facts_case(s->store, &now, text, CODE_DIGITS, &in), "a case number");
    } else if (session->screen == LK_SCREEN_WAYBILL) {
        look(s, lk_facts_waybill(s->store, &now, text, CODE_DIGITS, &in), "a waybill");
    } else {
        bool staff = session->staff != LK_ACTOR_SYSTEM && session->screen != LK_SCREEN_HAND_OVER;
        look(s, lk_facts_scan(s->store, &now, text, staff, &in), "a scan");
    }
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

bool kiosk_next(struct site *s)
{
    struct lk_input in = lk_engine_input(LK_IN_BUTTON);
    if (!s->up) {
        return false;
    }
    struct lk_stamp now = site_stamp(s);
    const struct lk_session *session = &site_core(s)->session;
    in.button = LK_BUTTON_NEXT;
    look(s,
         session->screen == LK_SCREEN_TAKEN ? lk_facts_sibling(s->store, &now, &session->item, &in)
                                            : lk_facts_round(s->store, &now, session->item.id, session->staff, &in),
         "the next one");
    return kiosk_send(s, &in);
}

enum lk_custody kiosk_custody(struct site *s, const char *item)
{
    struct lk_store_found found = {0};
    while (!s->up) {
        site_wait(s, MINUTE_MS); /* whoever wants to know waits for the light */
    }
    struct lk_stamp now = site_stamp(s);
    look(s, lk_store_find_item(s->store, &now, item, &found), "an item");
    return found.found ? found.item.custody : LK_CUSTODY_NONE;
}

enum lk_screen kiosk_wait_while(struct site *s, enum lk_screen screen, int64_t most_ms)
{
    for (int64_t waited = 0; waited < most_ms && kiosk_screen(s) == screen; waited += LOOK_MS) {
        site_wait(s, LOOK_MS);
    }
    return kiosk_screen(s);
}

bool kiosk_wait_open(struct site *s, int door)
{
    for (int i = 0; i < LATEST_S && door != LK_NO_DOOR && !s->door[door].open; i++) {
        site_wait(s, SECOND_MS);
    }
    return door != LK_NO_DOOR && s->door[door].open;
}

static void touch(struct site *s)
{
    static const enum lk_button ways_out[] = {LK_BUTTON_SIGN_OUT, LK_BUTTON_DONE, LK_BUTTON_BACK, LK_BUTTON_CANCEL};
    for (size_t i = 0; i < sizeof(ways_out) / sizeof(ways_out[0]); i++) {
        if (kiosk_has(s, ways_out[i])) {
            (void)kiosk_press(s, ways_out[i], LK_SIZE_S, 0);
            return;
        }
    }
}

/* The next one in the queue waits until the last one is done, or touches what is left on the screen. */
void kiosk_clear(struct site *s)
{
    for (int64_t waited = 0; waited < FREE_WITHIN_MS && kiosk_screen(s) != LK_SCREEN_HOME; waited += SECOND_MS) {
        touch(s);
        site_wait(s, SECOND_MS);
    }
}
