#include "base/text.h"
#include "machine.h"

#include <string.h>

/* --- showing a screen ----------------------------------------------------------------------------------------------
 */

static bool is_staff(const struct lk_session *session)
{
    return session->staff != LK_ACTOR_SYSTEM;
}

enum lk_screen lk_session_base(const struct lk_session *session)
{
    return is_staff(session) ? LK_SCREEN_STAFF_MENU : LK_SCREEN_HOME;
}

/* The screens between two items. */
static bool is_about_nothing(enum lk_screen screen)
{
    return screen == LK_SCREEN_STAFF_MENU || screen == LK_SCREEN_SCAN || screen == LK_SCREEN_RECALL_LIST ||
           screen == LK_SCREEN_WINDOW;
}

/* What was on the screen before is over: nothing of it may show up in the next story. */
static void about(struct lk_session *session, int door)
{
    memset(&session->item, 0, sizeof(session->item));
    session->door = door;
    session->reopened = 0;
    session->join_door = LK_NO_DOOR;
    session->sending = false;
    session->waybill[0] = '\0';
}

void lk_session_show(struct lk_step *s, enum lk_screen screen)
{
    struct lk_session *session = &s->core->session;
    if (screen == LK_SCREEN_HOME) {
        memset(session, 0, sizeof(*session));
        session->door = LK_NO_DOOR;
        session->join_door = LK_NO_DOOR;
    } else if (is_about_nothing(screen)) {
        about(session, LK_NO_DOOR);
    }
    if (screen == LK_SCREEN_STAFF_MENU) {
        session->round = false;
        session->to = LK_CUSTODY_NONE;
    }
    session->screen = screen;
    int64_t lasts = lk_screen_lasts_ms(s->cfg, screen);
    session->deadline_at_ms = lasts == LK_NEVER ? LK_NEVER : s->in->now_ms + lasts;
}

/* The staff's work that a screen belongs to: where a notice leads back to. */
static enum lk_screen work_of(const struct lk_session *session)
{
    static const enum lk_screen work[LK_SCREENS] = {
        [LK_SCREEN_STAFF_MENU] = LK_SCREEN_STAFF_MENU,      [LK_SCREEN_RECALL_LIST] = LK_SCREEN_RECALL_LIST,
        [LK_SCREEN_RECALL_OPENING] = LK_SCREEN_RECALL_LIST, [LK_SCREEN_RECALL_TAKE] = LK_SCREEN_RECALL_LIST,
        [LK_SCREEN_RECALL_TAKEN] = LK_SCREEN_RECALL_LIST,   [LK_SCREEN_RECALL_JAM] = LK_SCREEN_RECALL_LIST,
        [LK_SCREEN_WAYBILL] = LK_SCREEN_RECALL_LIST,        [LK_SCREEN_WINDOW] = LK_SCREEN_WINDOW,
        [LK_SCREEN_WINDOW_ITEM] = LK_SCREEN_WINDOW,         [LK_SCREEN_HAND_OVER] = LK_SCREEN_WINDOW,
    };
    if (session->screen == LK_SCREEN_WAYBILL && session->sending) {
        return LK_SCREEN_WINDOW;
    }
    return work[session->screen] != LK_SCREEN_HOME ? work[session->screen] : LK_SCREEN_SCAN;
}

void lk_session_tell(struct lk_step *s, enum lk_reason reason)
{
    struct lk_session *session = &s->core->session;
    if (session->screen != LK_SCREEN_NOTICE) {
        session->back = !is_staff(session) ? LK_SCREEN_HOME : work_of(session);
    }
    session->reason = reason;
    lk_session_show(s, LK_SCREEN_NOTICE);
}

void lk_session_notice(struct lk_step *s, enum lk_reason reason)
{
    s->refused = reason;
    lk_session_tell(s, reason);
}

void lk_session_refuse(struct lk_step *s, int door, enum lk_reason reason)
{
    about(&s->core->session, door);
    lk_session_notice(s, reason);
    lk_fx_answer(s, LK_RESULT_REFUSED, reason);
}

/* --- what happens to the door on the screen ------------------------------------------------------------------------
 */

static bool waits_for_door(enum lk_screen screen)
{
    return lk_screen_after_news(screen, LK_NEWS_OPENED) != LK_SCREENS ||
           lk_screen_after_news(screen, LK_NEWS_CLOSED) != LK_SCREENS;
}

void lk_session_door(struct lk_step *s, int door, enum lk_door_news news, enum lk_reason reason)
{
    struct lk_session *session = &s->core->session;
    if (session->door != door || !waits_for_door(session->screen)) {
        return;
    }
    if (news == LK_NEWS_FAILED || news == LK_NEWS_LOST) {
        lk_session_notice(s, reason);
        return;
    }
    enum lk_screen next = lk_screen_after_news(session->screen, news);
    if (next != LK_SCREENS) {
        session->reason = reason;
        next = is_staff(session) ? lk_deposit_news(s, door, next) : lk_person_news(s, door, next);
        lk_session_show(s, next);
    }
}
/* --- signing in and out
 * ------------------------------------------------------------------------------------------------ */

void lk_session_sign_out(struct lk_step *s, enum lk_reason reason)
{
    struct lk_session *session = &s->core->session;
    if (is_staff(session)) {
        struct lk_event *e = lk_fx_event(s, LK_EV_ACCESS_STAFF_OUT, LK_NO_DOOR);
        e->actor = session->staff;
        memcpy(e->who, session->who, sizeof(e->who));
        e->reason = reason;
    }
    lk_session_show(s, LK_SCREEN_HOME);
}

static void sign_in_failed(struct lk_step *s)
{
    enum lk_reason reason = LK_REASON_SIGN_IN_FAILED;
    if (s->in->kind == LK_IN_SIGN_IN) {
        reason = lk_lockout_wrong(s, reason);
    } else {
        lk_fx_event(s, LK_EV_ACCESS_DENIED, LK_NO_DOOR)->reason = reason;
    }
    lk_session_refuse(s, LK_NO_DOOR, reason);
}

static void sign_in(struct lk_step *s)
{
    struct lk_session *session = &s->core->session;
    if (!s->in->staff.ok) {
        sign_in_failed(s);
        return;
    }
    if (s->in->staff.role != LK_ACTOR_COURIER && s->in->staff.role != LK_ACTOR_CLERK &&
        s->in->staff.role != LK_ACTOR_SUPERVISOR) {
        lk_session_refuse(s, LK_NO_DOOR, LK_REASON_NOT_ALLOWED);
        return;
    }
    if (s->in->kind == LK_IN_SIGN_IN) {
        lk_lockout_right(s);
    }
    lk_session_show(s, LK_SCREEN_HOME);
    session->staff = s->in->staff.role;
    memcpy(session->who, s->in->staff.id, sizeof(session->who));
    struct lk_event *e = lk_fx_event(s, LK_EV_ACCESS_STAFF_IN, LK_NO_DOOR);
    e->actor = session->staff;
    memcpy(e->who, session->who, sizeof(e->who));
    lk_session_show(s, LK_SCREEN_STAFF_MENU);
    lk_fx_answer(s, LK_RESULT_OK, LK_REASON_NONE);
}

/* --- inputs
 * ------------------------------------------------------------------------------------------------------------ */

/* Somebody's door is on its way open: nothing else may take the screen. */
static bool is_busy(enum lk_screen screen)
{
    return screen == LK_SCREEN_OPENING || screen == LK_SCREEN_PUT_OPENING || screen == LK_SCREEN_PUT ||
           screen == LK_SCREEN_PUT_BACK || screen == LK_SCREEN_PUT_JAM || screen == LK_SCREEN_RECALL_OPENING ||
           screen == LK_SCREEN_RECALL_TAKE || screen == LK_SCREEN_DROP_OPENING || screen == LK_SCREEN_DROP_PUT ||
           screen == LK_SCREEN_DROP_BACK || screen == LK_SCREEN_DROP_JAM;
}

/* A code or token: what for, the screen says. */
static void present(struct lk_step *s)
{
    if (s->core->session.screen == LK_SCREEN_EXTEND) {
        lk_extend_present(s);
    } else {
        lk_pickup_present(s);
    }
}

static void scan(struct lk_step *s)
{
    if (is_staff(&s->core->session)) {
        lk_deposit_scan(s);
    } else if (s->in->scan == LK_SCAN_TOKEN) {
        present(s);
    } else if (s->in->scan == LK_SCAN_BADGE) {
        sign_in(s);
    } else {
        lk_session_refuse(s, LK_NO_DOOR, LK_REASON_UNKNOWN_BARCODE);
    }
}

void lk_session_input(struct lk_step *s)
{
    const struct lk_session *session = &s->core->session;
    bool keypad = s->in->kind == LK_IN_CODE || s->in->kind == LK_IN_SIGN_IN || s->in->kind == LK_IN_SECOND;
    if (s->in->kind == LK_IN_BUTTON) {
        lk_button_input(s);
    } else if (lk_staff_input(s)) {
        return;
    } else if (is_busy(session->screen) || (keypad && is_staff(session))) {
        lk_fx_answer(s, LK_RESULT_REFUSED, LK_REASON_NOT_NOW);
    } else if (keypad && lk_lockout_active(s)) {
        lk_session_refuse(s, LK_NO_DOOR, LK_REASON_LOCKED_OUT);
    } else if (s->in->kind == LK_IN_SECOND) {
        lk_second_typed(s);
    } else if (s->in->kind == LK_IN_CASE) {
        lk_dropoff_case(s);
    } else if (s->in->kind == LK_IN_CODE) {
        present(s);
    } else if (s->in->kind == LK_IN_SIGN_IN) {
        sign_in(s);
    } else {
        scan(s);
    }
}

void lk_session_tick(struct lk_step *s)
{
    struct lk_session *session = &s->core->session;
    if (session->deadline_at_ms > s->in->now_ms) {
        return;
    }
    if (session->screen == LK_SCREEN_NOTICE) {
        lk_session_show(s, session->back);
    } else {
        lk_session_sign_out(s, LK_REASON_TIMED_OUT);
    }
}
