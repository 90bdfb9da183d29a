#include "base/text.h"
#include "machine.h"

#include <string.h>

enum { REOPEN_MOST = 3 };

/* --- showing a screen -----------------------------------------------------------------------------------------------
 */

static int64_t screen_lasts_ms(const struct lk_core_config *cfg, enum lk_screen screen)
{
    switch (screen) {
    case LK_SCREEN_HOME:
        return LK_NEVER;
    case LK_SCREEN_NOTICE:
        return cfg->notice_ms;
    case LK_SCREEN_OPENING:
        return cfg->pulse_wait_ms + cfg->open_timeout_ms + cfg->notice_ms;
    case LK_SCREEN_TAKE:
        return cfg->left_open_ms + cfg->notice_ms;
    case LK_SCREEN_TAKEN:
        return cfg->open_again_ms;
    case LK_SCREEN_JAM:
        return cfg->late_open_ms;
    case LK_SCREEN_STAFF_MENU:
    case LK_SCREEN_SCAN:
    case LK_SCREEN_SIZE:
    case LK_SCREEN_PUT_OPENING:
    case LK_SCREEN_PUT:
    case LK_SCREEN_PUT_BACK:
    case LK_SCREEN_PLACED:
    case LK_SCREEN_PUT_JAM:
    case LK_SCREEN_RECALL_LIST:
    case LK_SCREEN_RECALL_OPENING:
    case LK_SCREEN_RECALL_TAKE:
    case LK_SCREEN_RECALL_TAKEN:
    case LK_SCREEN_RECALL_JAM:
    case LK_SCREENS:
        break;
    }
    return cfg->staff_idle_ms;
}

static bool is_staff(const struct lk_session *session)
{
    return session->staff != LK_ACTOR_SYSTEM;
}

/* The screen a session falls back to when there is nothing more to say. */
static enum lk_screen base_screen(const struct lk_session *session)
{
    return is_staff(session) ? LK_SCREEN_STAFF_MENU : LK_SCREEN_HOME;
}

/* The screens between two items. */
static bool is_about_nothing(enum lk_screen screen)
{
    return screen == LK_SCREEN_STAFF_MENU || screen == LK_SCREEN_SCAN || screen == LK_SCREEN_RECALL_LIST;
}

/* What was on the screen before is over: nothing of it may show up in the next story. */
static void about(struct lk_session *session, int door)
{
    memset(&session->item, 0, sizeof(session->item));
    session->door = door;
    session->reopened = 0;
}

void lk_session_show(struct lk_step *s, enum lk_screen screen)
{
    struct lk_session *session = &s->core->session;
    if (screen == LK_SCREEN_HOME) {
        memset(session, 0, sizeof(*session));
        session->door = LK_NO_DOOR;
    } else if (is_about_nothing(screen)) {
        about(session, LK_NO_DOOR);
    }
    session->screen = screen;
    int64_t lasts = screen_lasts_ms(s->cfg, screen);
    session->deadline_at_ms = lasts == LK_NEVER ? LK_NEVER : s->in->now_ms + lasts;
}

void lk_session_notice(struct lk_step *s, enum lk_reason reason)
{
    struct lk_session *session = &s->core->session;
    if (session->screen != LK_SCREEN_NOTICE) {
        bool listing = session->screen == LK_SCREEN_RECALL_LIST || session->screen == LK_SCREEN_RECALL_OPENING ||
                       session->screen == LK_SCREEN_RECALL_TAKE || session->screen == LK_SCREEN_RECALL_TAKEN ||
                       session->screen == LK_SCREEN_RECALL_JAM;
        enum lk_screen work = listing ? LK_SCREEN_RECALL_LIST : LK_SCREEN_SCAN;
        session->back = !is_staff(session)                        ? LK_SCREEN_HOME
                        : session->screen == LK_SCREEN_STAFF_MENU ? LK_SCREEN_STAFF_MENU
                                                                  : work;
    }
    session->reason = reason;
    lk_session_show(s, LK_SCREEN_NOTICE);
}

void lk_session_refuse(struct lk_step *s, int door, enum lk_reason reason)
{
    about(&s->core->session, door);
    lk_session_notice(s, reason);
    lk_fx_answer(s, LK_RESULT_REFUSED, reason);
}

/* --- what happens to the door on the screen -------------------------------------------------------------------------
 */

#define STAYS LK_SCREENS
static enum lk_screen after_news(enum lk_screen screen, enum lk_door_news news)
{
    static const struct {
        enum lk_screen screen, opened, closed, jammed;
    } rows[] = {
        {LK_SCREEN_OPENING, LK_SCREEN_TAKE, STAYS, LK_SCREEN_JAM},
        {LK_SCREEN_TAKE, STAYS, LK_SCREEN_TAKEN, STAYS},
        {LK_SCREEN_JAM, LK_SCREEN_TAKE, STAYS, LK_SCREEN_JAM},
        {LK_SCREEN_PUT_OPENING, LK_SCREEN_PUT, STAYS, LK_SCREEN_PUT_JAM},
        {LK_SCREEN_PUT, STAYS, LK_SCREEN_PLACED, STAYS},
        {LK_SCREEN_PUT_BACK, STAYS, LK_SCREEN_SCAN, STAYS},
        {LK_SCREEN_PUT_JAM, LK_SCREEN_PUT, STAYS, LK_SCREEN_PUT_JAM},
        {LK_SCREEN_RECALL_OPENING, LK_SCREEN_RECALL_TAKE, STAYS, LK_SCREEN_RECALL_JAM},
        {LK_SCREEN_RECALL_TAKE, STAYS, LK_SCREEN_RECALL_TAKEN, STAYS},
        {LK_SCREEN_RECALL_JAM, LK_SCREEN_RECALL_TAKE, STAYS, LK_SCREEN_RECALL_JAM},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].screen == screen) {
            return news == LK_NEWS_OPENED ? rows[i].opened : news == LK_NEWS_CLOSED ? rows[i].closed : rows[i].jammed;
        }
    }
    return STAYS;
}

static bool waits_for_door(enum lk_screen screen)
{
    return after_news(screen, LK_NEWS_OPENED) != STAYS || after_news(screen, LK_NEWS_CLOSED) != STAYS;
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
    enum lk_screen next = after_news(session->screen, news);
    if (next != STAYS) {
        session->reason = reason;
        lk_session_show(s, next);
    }
}
#undef STAYS

/* --- buttons
 * ---------------------------------------------------------------------------------------------------------- */

#define HAS(button) (1U << LK_BUTTON_##button)
static const unsigned screen_buttons[LK_SCREENS] = {
    [LK_SCREEN_HOME] = 0,
    [LK_SCREEN_NOTICE] = HAS(BACK) | HAS(DONE) | HAS(SIGN_OUT),
    [LK_SCREEN_OPENING] = 0,
    [LK_SCREEN_TAKE] = HAS(DONE),
    [LK_SCREEN_TAKEN] = HAS(OPEN_AGAIN) | HAS(DONE),
    [LK_SCREEN_JAM] = HAS(RETRY) | HAS(DONE),
    [LK_SCREEN_STAFF_MENU] = HAS(DEPOSIT) | HAS(RECALL) | HAS(SIGN_OUT),
    [LK_SCREEN_SCAN] = HAS(BACK) | HAS(SIGN_OUT),
    [LK_SCREEN_SIZE] = HAS(SIZE) | HAS(BACK) | HAS(SIGN_OUT),
    [LK_SCREEN_PUT_OPENING] = 0,
    [LK_SCREEN_PUT] = HAS(LARGER) | HAS(CANCEL),
    [LK_SCREEN_PUT_BACK] = 0,
    [LK_SCREEN_PLACED] = HAS(OPEN_AGAIN) | HAS(DONE) | HAS(BACK) | HAS(SIGN_OUT),
    [LK_SCREEN_PUT_JAM] = HAS(RETRY) | HAS(OTHER) | HAS(CANCEL),
    [LK_SCREEN_RECALL_LIST] = HAS(RECALL_ITEM) | HAS(BACK) | HAS(SIGN_OUT),
    [LK_SCREEN_RECALL_OPENING] = 0,
    [LK_SCREEN_RECALL_TAKE] = 0,
    [LK_SCREEN_RECALL_TAKEN] = HAS(OPEN_AGAIN) | HAS(DONE) | HAS(SIGN_OUT),
    [LK_SCREEN_RECALL_JAM] = HAS(RETRY) | HAS(BACK),
};
#undef HAS

static bool may_open_again(const struct lk_core_config *cfg, const struct lk_core *core, int64_t now_ms)
{
    const struct lk_session *session = &core->session;
    const struct lk_door *d = &core->door[session->door];
    return d->state == LK_DOOR_CLOSED && d->op.purpose == LK_PURPOSE_NONE && session->reopened < REOPEN_MOST &&
           now_ms - d->moved_at_ms <= cfg->open_again_ms;
}

bool lk_session_has_button(const struct lk_core_config *cfg, const struct lk_core *core, int64_t now_ms,
                           enum lk_button button)
{
    const struct lk_session *session = &core->session;
    if ((screen_buttons[session->screen] & 1U << button) == 0) {
        return false;
    }
    bool door = session->door != LK_NO_DOOR;
    const struct lk_op *op = door ? &core->door[session->door].op : NULL;
    if (button == LK_BUTTON_OPEN_AGAIN) {
        return door && may_open_again(cfg, core, now_ms);
    }
    if (button == LK_BUTTON_RETRY) {
        return door && op->purpose != LK_PURPOSE_NONE && op->outcome == LK_OUTCOME_JAMMED && op->tries < 2;
    }
    if (button == LK_BUTTON_LARGER || (button == LK_BUTTON_CANCEL && session->screen == LK_SCREEN_PUT)) {
        return door && op->purpose == LK_PURPOSE_DEPOSIT && !op->withdrawn;
    }
    if (button == LK_BUTTON_OTHER) {
        return door && op->purpose == LK_PURPOSE_DEPOSIT && core->door[session->door].doubt_until_ms == LK_NEVER;
    }
    return button != LK_BUTTON_SIGN_OUT || is_staff(session);
}

static void press_retry(struct lk_step *s)
{
    struct lk_session *session = &s->core->session;
    int door = session->door;
    enum lk_reason refusal = lk_opening_refusal(s, door);
    if (refusal != LK_REASON_NONE) {
        lk_session_notice(s, refusal);
        return;
    }
    const char *item = s->core->door[door].item;
    lk_opening_retry(s, door, item[0] != '\0' ? item : session->item.id);
    bool put = session->screen == LK_SCREEN_PUT_JAM;
    bool recall = session->screen == LK_SCREEN_RECALL_JAM;
    lk_session_show(s, put ? LK_SCREEN_PUT_OPENING : recall ? LK_SCREEN_RECALL_OPENING : LK_SCREEN_OPENING);
}

static void press_open_again(struct lk_step *s)
{
    enum lk_screen screen = s->core->session.screen;
    lk_reopen(s, screen == LK_SCREEN_PLACED         ? LK_SCREEN_PUT_OPENING
                 : screen == LK_SCREEN_RECALL_TAKEN ? LK_SCREEN_RECALL_OPENING
                                                    : LK_SCREEN_OPENING);
}

static void press_back(struct lk_step *s)
{
    struct lk_session *session = &s->core->session;
    switch (session->screen) {
    case LK_SCREEN_NOTICE:
        lk_session_show(s, session->back);
        break;
    case LK_SCREEN_SIZE:
        lk_session_show(s, LK_SCREEN_SCAN);
        break;
    case LK_SCREEN_RECALL_JAM:
        lk_session_show(s, LK_SCREEN_RECALL_LIST);
        break;
    case LK_SCREEN_HOME:
    case LK_SCREEN_OPENING:
    case LK_SCREEN_TAKE:
    case LK_SCREEN_TAKEN:
    case LK_SCREEN_JAM:
    case LK_SCREEN_STAFF_MENU:
    case LK_SCREEN_SCAN:
    case LK_SCREEN_PUT_OPENING:
    case LK_SCREEN_PUT:
    case LK_SCREEN_PUT_BACK:
    case LK_SCREEN_PLACED:
    case LK_SCREEN_PUT_JAM:
    case LK_SCREEN_RECALL_LIST:
    case LK_SCREEN_RECALL_OPENING:
    case LK_SCREEN_RECALL_TAKE:
    case LK_SCREEN_RECALL_TAKEN:
    case LK_SCREENS:
        lk_session_show(s, base_screen(session));
        break;
    }
}

static void press_done(struct lk_step *s)
{
    struct lk_session *session = &s->core->session;
    if (session->screen == LK_SCREEN_NOTICE) {
        lk_session_show(s, session->back);
    } else if (session->screen == LK_SCREEN_PLACED) {
        lk_session_show(s, LK_SCREEN_SCAN);
    } else if (session->screen == LK_SCREEN_RECALL_TAKEN) {
        lk_session_show(s, LK_SCREEN_RECALL_LIST);
    } else {
        lk_session_show(s, LK_SCREEN_HOME);
    }
}

static void press(struct lk_step *s)
{
    switch (s->in->button) {
    case LK_BUTTON_BACK:
        press_back(s);
        break;
    case LK_BUTTON_DONE:
        press_done(s);
        break;
    case LK_BUTTON_RETRY:
        press_retry(s);
        break;
    case LK_BUTTON_OPEN_AGAIN:
        press_open_again(s);
        break;
    case LK_BUTTON_LARGER:
        lk_deposit_larger(s);
        break;
    case LK_BUTTON_OTHER:
        lk_deposit_other(s);
        break;
    case LK_BUTTON_CANCEL:
        lk_deposit_cancel(s);
        break;
    case LK_BUTTON_SIZE:
        lk_deposit_size(s, s->in->size);
        break;
    case LK_BUTTON_DEPOSIT:
        lk_session_show(s, LK_SCREEN_SCAN);
        break;
    case LK_BUTTON_RECALL:
        lk_session_show(s, LK_SCREEN_RECALL_LIST);
        break;
    case LK_BUTTON_RECALL_ITEM:
        lk_recall_item(s);
        break;
    case LK_BUTTON_SIGN_OUT:
        lk_session_sign_out(s, LK_REASON_SIGNED_OUT);
        break;
    case LK_BUTTONS:
        break;
    }
}

static void button(struct lk_step *s)
{
    if (!lk_session_has_button(s->cfg, s->core, s->in->now_ms, s->in->button)) {
        lk_fx_answer(s, LK_RESULT_REFUSED, LK_REASON_NOT_NOW);
        return;
    }
    press(s);
    bool refused = s->core->session.screen == LK_SCREEN_NOTICE;
    lk_fx_answer(s, refused ? LK_RESULT_REFUSED : LK_RESULT_OK, refused ? s->core->session.reason : LK_REASON_NONE);
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
    if (s->in->staff.role != LK_ACTOR_COURIER && s->in->staff.role != LK_ACTOR_CLERK) {
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
           screen == LK_SCREEN_RECALL_TAKE;
}

static void scan(struct lk_step *s)
{
    if (is_staff(&s->core->session)) {
        lk_deposit_scan(s);
    } else if (s->in->scan == LK_SCAN_TOKEN) {
        lk_pickup_present(s);
    } else if (s->in->scan == LK_SCAN_BADGE) {
        sign_in(s);
    } else {
        lk_session_refuse(s, LK_NO_DOOR, LK_REASON_UNKNOWN_BARCODE);
    }
}

void lk_session_input(struct lk_step *s)
{
    const struct lk_session *session = &s->core->session;
    bool keypad = s->in->kind == LK_IN_CODE || s->in->kind == LK_IN_SIGN_IN;
    if (s->in->kind == LK_IN_BUTTON) {
        button(s);
    } else if (is_busy(session->screen) || (keypad && is_staff(session))) {
        lk_fx_answer(s, LK_RESULT_REFUSED, LK_REASON_NOT_NOW);
    } else if (keypad && lk_lockout_active(s)) {
        lk_session_refuse(s, LK_NO_DOOR, LK_REASON_LOCKED_OUT);
    } else if (s->in->kind == LK_IN_CODE) {
        lk_pickup_present(s);
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
