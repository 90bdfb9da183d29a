/* Couriers and clerks at the kiosk: deposits one after the other, and recall rounds. */
#include "year.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { COURIER_TRIES = 20, ROUND_MOST = 60, POST_ROUND_SITES = 3 };

bool staff_badge(struct site *s, const char *who)
{
    char badge[16];
    (void)snprintf(badge, sizeof(badge), "BADGE-%c%c", who[0] - 'a' + 'A', who[1]);
    kiosk_clear(s);
    (void)kiosk_scan(s, badge);
    return kiosk_screen(s) == LK_SCREEN_STAFF_MENU;
}

static void press(struct site *s, enum lk_button button)
{
    if (kiosk_has(s, button)) {
        (void)kiosk_press(s, button, LK_SIZE_S, 0);
    }
}

/* --- what happens next -------------------------------------------------------------------------------------------- */

void staff_here(struct site *s, int item)
{
    struct envelope *e = &s->item[item];
    e->since_ms = site_now(s);
    e->brought_back = false;
    e->where = AT_OFFICE;
    e->door = LK_NO_DOOR;
    if (!e->never_comes && !e->dropoff) {
        (void)site_plan(s, H_WINDOW, calendar_next_open(site_now(s) + e->patience_ms), item);
    }
}

void staff_post(struct site *s, int item)
{
    s->item[item].where = AT_POST;
    s->item[item].door = LK_NO_DOOR;
    (void)site_plan(s, H_DELIVER, site_now(s) + chance_between(&s->rng, DAY_MS, 4 * DAY_MS), item);
}

void staff_arrives(struct site *s, int item)
{
    if (s->item[item].where == AT_SENDER) {
        s->item[item].where = AT_OFFICE;
    }
}

/* --- deposit ------------------------------------------------------------------------------------------------------ */

static void put_in(struct site *s, struct envelope *e, int door)
{
    site_wait(s, chance_between(&s->rng, 2, 8) * SECOND_MS);
    if (chance_in(&s->rng, 60)) { /* the hand slips: "cancel", and into the bag again */
        press(s, LK_BUTTON_CANCEL);
        site_wait(s, 2 * SECOND_MS);
        cabinet_shut(s, door);
        site_wait(s, 2 * SECOND_MS);
        return;
    }
    if (!s->door[door].open) {
        return;
    }
    e->where = BEHIND_DOOR;
    e->door = door;
    if (s->cfg.misload_check && !chance_in(&s->rng, 200)) {
        (void)kiosk_scan(s, e->id);
    }
    site_wait(s, SECOND_MS);
    cabinet_shut(s, door);
    (void)kiosk_wait_while(s, LK_SCREEN_PUT, 10 * SECOND_MS);
}

/* "Larger": out of this one, into another one. */
static void moves_to_larger(struct site *s)
{
    int door = site_core(s)->session.door;
    if (!chance_in(&s->rng, 100) || !kiosk_has(s, LK_BUTTON_LARGER)) {
        return;
    }
    press(s, LK_BUTTON_LARGER);
    site_wait(s, 3 * SECOND_MS);
    cabinet_shut(s, door);
    (void)kiosk_wait_while(s, LK_SCREEN_PUT_OPENING, 40 * SECOND_MS);
}

/* The misload check was forgotten: the door opens once more for the second scan. */
static void scans_again(struct site *s, const struct envelope *e)
{
    (void)kiosk_scan(s, e->id);
    (void)kiosk_wait_while(s, LK_SCREEN_PUT_OPENING, 40 * SECOND_MS);
    if (kiosk_screen(s) == LK_SCREEN_PUT && site_core(s)->session.door != LK_NO_DOOR) {
        int door = site_core(s)->session.door;
        (void)kiosk_scan(s, e->id);
        site_wait(s, 2 * SECOND_MS);
        cabinet_shut(s, door);
        (void)kiosk_wait_while(s, LK_SCREEN_PUT, 10 * SECOND_MS);
    }
}

static void after_jam(struct site *s)
{
    press(s, LK_BUTTON_RETRY);
    if (kiosk_wait_while(s, LK_SCREEN_PUT_OPENING, 40 * SECOND_MS) == LK_SCREEN_PUT_JAM) {
        press(s, LK_BUTTON_OTHER);
        (void)kiosk_wait_while(s, LK_SCREEN_PUT_OPENING, 40 * SECOND_MS);
    }
}

static void choose_size(struct site *s, const struct envelope *e)
{
    if (kiosk_has(s, LK_BUTTON_JOIN)) {
        s->tally.together++;
        press(s, LK_BUTTON_JOIN);
    }
    for (int size = (int)e->size; size < LK_SIZES && kiosk_screen(s) == LK_SCREEN_SIZE; size++) {
        (void)kiosk_press(s, LK_BUTTON_SIZE, (enum lk_size)size, 0);
    }
}

/* It lies in the compartment now: its recipient will come, and perhaps have somebody else come. */
static void is_in(struct site *s, int item)
{
    struct envelope *e = &s->item[item];
    if (kiosk_custody(s, e->id) != LK_CUSTODY_IN_LOCKER) {
        return;
    }
    e->tries = 0;
    if (e->delegate) {
        struct lk_command c = upstream_command(s, LK_CMD_DELEGATE_GRANT, e);
        (void)lk_text_copy(c.code, sizeof(c.code), e->delegate_code);
        (void)lk_text_copy(c.item.phone_tail, sizeof(c.item.phone_tail), "4321");
        upstream_send(s, &c);
    }
    (void)site_plan(s, H_CITIZEN, site_now(s) + e->patience_ms, item);
}

/* From the screen SCAN, and back to it. */
static void deposit(struct site *s, int item)
{
    struct envelope *e = &s->item[item];
    (void)kiosk_scan(s, e->id);
    if (kiosk_screen(s) == LK_SCREEN_ASK) {
        press(s, LK_BUTTON_CONFIRM);
    }
    choose_size(s, e);
    if (kiosk_wait_while(s, LK_SCREEN_PUT_OPENING, 40 * SECOND_MS) == LK_SCREEN_PUT_JAM) {
        after_jam(s);
    }
    if (kiosk_screen(s) == LK_SCREEN_PUT) {
        moves_to_larger(s);
    }
    if (kiosk_screen(s) == LK_SCREEN_PUT && site_core(s)->session.door != LK_NO_DOOR) {
        put_in(s, e, site_core(s)->session.door);
    }
    if (kiosk_screen(s) == LK_SCREEN_CHECK) {
        scans_again(s, e);
    }
    is_in(s, item);
    for (int i = 0; i < 3 && s->up && kiosk_screen(s) != LK_SCREEN_SCAN; i++) {
        press(s, kiosk_has(s, LK_BUTTON_DONE) ? LK_BUTTON_DONE : LK_BUTTON_BACK);
    }
}

/* Brings everything of this kind that is at hand. */
static void deposit_all(struct site *s, const char *who, bool window)
{
    bool any = false;
    for (size_t i = 0; i < s->items; i++) {
        struct envelope *e = &s->item[i];
        bool locker = e->channel == LK_CHANNEL_LOCKER && e->since_ms == 0;
        bool late = e->channel == LK_CHANNEL_WINDOW && e->loaded_late && e->since_ms > 0;
        if (e->where != AT_OFFICE || e->dropoff || !(window ? late : locker) || e->tries >= COURIER_TRIES) {
            continue;
        }
        if (!any || kiosk_screen(s) != LK_SCREEN_SCAN) {
            if (!staff_badge(s, who)) {
                return;
            }
            press(s, LK_BUTTON_DEPOSIT);
            any = true;
        }
        e->tries++;
        e->loaded_late = false;
        deposit(s, (int)i);
    }
    kiosk_clear(s);
}

/* --- recall ------------------------------------------------------------------------------------------------------- */

/* What was in the compartment, and where the store says that it is now. */
static void carried_off(struct site *s, int door, bool post)
{
    for (size_t i = 0; i < s->items; i++) {
        struct envelope *e = &s->item[i];
        if (e->where != AT_OFFICE || e->door != door) {
            continue;
        }
        enum lk_custody custody = kiosk_custody(s, e->id);
        if (custody == LK_CUSTODY_RETURNED) {
            e->where = SENT_BACK;
        } else if (custody == LK_CUSTODY_WITH_COURIER && post) {
            staff_post(s, (int)i);
        } else {
            staff_here(s, (int)i);
        }
        e->door = LK_NO_DOOR;
    }
}

static void empties(struct site *s, bool post)
{
    int door = site_core(s)->session.door;
    if (kiosk_wait_while(s, LK_SCREEN_RECALL_OPENING, 40 * SECOND_MS) == LK_SCREEN_RECALL_JAM) {
        press(s, LK_BUTTON_RETRY);
        (void)kiosk_wait_while(s, LK_SCREEN_RECALL_OPENING, 40 * SECOND_MS);
    }
    for (int i = 0; i < 25 && !s->door[door].open && kiosk_screen(s) == LK_SCREEN_RECALL_JAM; i++) {
        site_wait(s, SECOND_MS);
    }
    if (!s->door[door].open) {
        return;
    }
    site_wait(s, 3 * SECOND_MS);
    care_take_out(s, door, AT_OFFICE);
    cabinet_shut(s, door);
    (void)kiosk_wait_while(s, LK_SCREEN_RECALL_TAKE, 10 * SECOND_MS);
    site_wait(s, SECOND_MS);
    carried_off(s, door, post);
}

static bool first_due(void *user, const struct lk_store_item *row)
{
    struct lk_store_item *first = user;
    *first = *row;
    return false;
}

/* A courier may not touch what was left for the office; the round shows it all the same. */
static bool begins_round(struct site *s, const char *who, struct lk_store_item *ret_first)
{
    if (!s->up) {
        return false;
    }
    struct lk_stamp now = site_stamp(s);
    memset(ret_first, 0, sizeof(*ret_first));
    if (lk_store_list_round(s->store, &now, 1, first_due, ret_first) < 0) {
        site_broken(s, "the round cannot be listed");
    }
    return ret_first->item.id[0] != '\0' && staff_badge(s, who);
}

static void chooses(struct site *s, const char *item, bool post)
{
    (void)kiosk_choose(s, LK_BUTTON_RECALL_ITEM, item);
    if (post && kiosk_screen(s) == LK_SCREEN_WAYBILL) {
        char waybill[32];
        (void)snprintf(waybill, sizeof(waybill), "EMS-R%02d-%u", s->number, ++s->waybills);
        (void)kiosk_scan(s, waybill);
    }
}

static void recall_round(struct site *s, const char *who, bool post)
{
    struct lk_store_item first;
    if (!begins_round(s, who, &first)) {
        return;
    }
    press(s, LK_BUTTON_ROUND);
    if (post) {
        press(s, LK_BUTTON_RECALL_POST);
    }
    chooses(s, first.item.id, post);
    for (int i = 0; i < ROUND_MOST && kiosk_screen(s) == LK_SCREEN_RECALL_OPENING; i++) {
        empties(s, post);
        if (!kiosk_has(s, LK_BUTTON_NEXT)) {
            break;
        }
        (void)kiosk_next(s);
    }
    kiosk_clear(s);
}

/* --- the day ------------------------------------------------------------------------------------------------------ */

void staff_courier(struct site *s)
{
    deposit_all(s, "k1", false);
    if (s->number % POST_ROUND_SITES == 0) {
        recall_round(s, "k1", true);
    }
}

void staff_morning(struct site *s)
{
    care_morning(s);
    window_batch(s);
}

void staff_closing(struct site *s)
{
    window_batch(s);
    deposit_all(s, "c1", true);
    recall_round(s, "c1", false);
    window_batch(s);
}
