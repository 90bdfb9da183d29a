/* Clerks at the window: by the kiosk's staff screens, by lockerctl, or told by upstream. */
#include "year.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { POSTED_AFTER_DAYS = 20 };

static const struct {
    enum lk_button button;
    enum lk_admin_op op;
} acts[] = {
    [0] = {LK_BUTTON_RECEIVE, LK_ADMIN_RECEIVE}, [1] = {LK_BUTTON_HAND_OVER, LK_ADMIN_HAND_OVER},
    [2] = {LK_BUTTON_SEND_POST, LK_ADMIN_SEND},  [3] = {LK_BUTTON_RETURN_ITEM, LK_ADMIN_RETURN},
    [4] = {LK_BUTTON_REFUSE, LK_ADMIN_REJECT},
};
enum act { RECEIVE, HAND_OVER, SEND, RETURN_ITEM, REJECT };

/* --- at the kiosk ------------------------------------------------------------------------------------------------- */

static bool at_window_screen(struct site *s)
{
    for (int i = 0; i < 4 && s->up && kiosk_screen(s) != LK_SCREEN_WINDOW; i++) {
        bool menu = kiosk_has(s, LK_BUTTON_WINDOW);
        enum lk_button button = menu                           ? LK_BUTTON_WINDOW
                                : kiosk_has(s, LK_BUTTON_DONE) ? LK_BUTTON_DONE
                                                               : LK_BUTTON_BACK;
        if (kiosk_has(s, button)) {
            (void)kiosk_press(s, button, LK_SIZE_S, 0);
        }
    }
    if (s->up && kiosk_screen(s) != LK_SCREEN_WINDOW && staff_badge(s, "c1")) {
        (void)kiosk_press(s, LK_BUTTON_WINDOW, LK_SIZE_S, 0);
    }
    return kiosk_screen(s) == LK_SCREEN_WINDOW;
}

/* What the person shows: the code, its QR text, or four digits of the phone. */
static void shows(struct site *s, const struct envelope *e)
{
    if (e->by_qr) {
        (void)kiosk_scan(s, e->token);
    } else {
        (void)kiosk_code(s, chance_in(&s->rng, 5000) ? e->code : e->phone + 7);
    }
}

static void by_kiosk(struct site *s, const struct envelope *e, enum act act)
{
    if (!at_window_screen(s)) {
        return;
    }
    (void)kiosk_scan(s, e->id);
    site_wait(s, 2 * SECOND_MS);
    if (!kiosk_has(s, acts[act].button)) {
        return;
    }
    (void)kiosk_press(s, acts[act].button, LK_SIZE_S, 0);
    site_wait(s, 2 * SECOND_MS);
    if (kiosk_screen(s) == LK_SCREEN_HAND_OVER) {
        shows(s, e);
    } else if (kiosk_screen(s) == LK_SCREEN_WAYBILL) {
        (void)kiosk_scan(s, e->waybill);
    }
    site_wait(s, 2 * SECOND_MS);
}

/* --- by lockerctl, by upstream ------------------------------------------------------------------------------------ */

static void by_lockerctl(struct site *s, const struct envelope *e, enum act act)
{
    struct lk_input in = lk_engine_input(LK_IN_ADMIN);
    struct lk_store_found found = {0};
    if (!s->up) {
        return;
    }
    struct lk_stamp now = site_stamp(s);
    in.admin = acts[act].op;
    if (lk_store_find_item(s->store, &now, e->id, &found) < 0 ||
        lk_store_proof(s->store, e->id, e->phone + 7, &in.proof) < 0) {
        site_broken(s, "an item cannot be looked up");
    }
    in.found = found.found;
    in.item = found.item;
    (void)lk_text_copy(in.waybill, sizeof(in.waybill), e->waybill);
    (void)care_admin(s, &in, "c1");
}

static bool by_upstream(struct site *s, const struct envelope *e, enum act act)
{
    bool done = act == HAND_OVER;
    if ((!done && act != RECEIVE) || !s->net_up || !s->up) {
        return false;
    }
    struct lk_command c = upstream_command(s, done ? LK_CMD_ITEM_DELIVERED : LK_CMD_ITEM_RECEIVED, e);
    c.via = LK_CHANNEL_WINDOW;
    upstream_send(s, &c);
    return true;
}

static void does(struct site *s, const struct envelope *e, enum act act)
{
    int64_t way = chance_between(&s->rng, 0, 9);
    if (way == 0 && by_upstream(s, e, act)) {
        return;
    }
    if (way < 4) {
        by_lockerctl(s, e, act);
    } else {
        by_kiosk(s, e, act);
    }
}

/* --- what is to be done with it ----------------------------------------------------------------------------------- */

static bool is_marked(struct site *s, const struct envelope *e)
{
    struct lk_store_found found = {0};
    struct lk_stamp now = site_stamp(s);
    if (lk_store_find_item(s->store, &now, e->id, &found) < 0) {
        site_broken(s, "an item cannot be looked up");
    }
    return found.item.cancelled || found.item.rejected;
}

static void receive(struct site *s, int item)
{
    struct envelope *e = &s->item[item];
    does(s, e, RECEIVE);
    if (kiosk_custody(s, e->id) == LK_CUSTODY_AT_WINDOW) {
        staff_here(s, item);
    }
}

static void at_window(struct site *s, int item)
{
    struct envelope *e = &s->item[item];
    bool posted = e->channel == LK_CHANNEL_POST && !e->bad_address;
    bool old = e->since_ms > 0 && site_now(s) - e->since_ms > POSTED_AFTER_DAYS * DAY_MS;
    enum act act = is_marked(s, e) ? RETURN_ITEM : e->dropoff ? HAND_OVER : SEND;
    if (act == SEND && !posted && !old) {
        return;
    }
    does(s, e, act);
    enum lk_custody custody = kiosk_custody(s, e->id);
    if (custody == LK_CUSTODY_RETURNED) {
        e->where = SENT_BACK;
    } else if (custody == LK_CUSTODY_COLLECTED) {
        e->where = AT_RECIPIENT;
    } else if (custody == LK_CUSTODY_WITH_COURIER) {
        staff_post(s, item);
    }
}

/* Everything that lies at the office and waits for a clerk. */
void window_batch(struct site *s)
{
    for (size_t i = 0; i < s->items && s->up; i++) {
        const struct envelope *e = &s->item[i];
        if (e->where != AT_OFFICE && !e->brought_back) {
            continue;
        }
        enum lk_custody custody = kiosk_custody(s, e->id);
        bool came = custody == LK_CUSTODY_WITH_COURIER ||
                    (custody == LK_CUSTODY_EXPECTED && e->channel != LK_CHANNEL_LOCKER && !e->dropoff);
        if (came) {
            receive(s, (int)i);
        }
        if (s->up && kiosk_custody(s, e->id) == LK_CUSTODY_AT_WINDOW) {
            at_window(s, (int)i);
        }
    }
    kiosk_clear(s);
}

/* The recipient stands at the window. */
void window_person(struct site *s, int item)
{
    struct envelope *e = &s->item[item];
    int64_t opens_ms = calendar_next_open(site_now(s));
    if (e->where != AT_OFFICE || kiosk_custody(s, e->id) != LK_CUSTODY_AT_WINDOW) {
        return;
    }
    if (opens_ms > site_now(s)) {
        (void)site_plan(s, H_WINDOW, opens_ms, item);
        return;
    }
    if (is_marked(s, e)) {
        return; /* the clerk says so; it goes back */
    }
    does(s, e, chance_in(&s->rng, 60) ? REJECT : HAND_OVER);
    if (kiosk_custody(s, e->id) == LK_CUSTODY_COLLECTED) {
        e->where = AT_RECIPIENT;
    } else if (e->tries++ < 10) {
        (void)site_plan(s, H_WINDOW, site_now(s) + 20 * HOUR_MS, item);
    }
    kiosk_clear(s);
}
