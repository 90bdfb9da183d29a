#include "machine.h"

#include <stddef.h>

enum { REOPEN_MOST = 3 };

int64_t lk_screen_lasts_ms(const struct lk_core_config *cfg, enum lk_screen screen)
{
    switch (screen) {
    case LK_SCREEN_HOME:
        return LK_NEVER;
    case LK_SCREEN_NOTICE:
        return cfg->notice_ms;
    case LK_SCREEN_OPENING:
    case LK_SCREEN_DROP_OPENING:
        return cfg->pulse_wait_ms + cfg->open_timeout_ms + cfg->notice_ms;
    case LK_SCREEN_TAKE:
    case LK_SCREEN_REFUSE_ASK:
    case LK_SCREEN_GIVE_BACK:
    case LK_SCREEN_DROP_PUT:
    case LK_SCREEN_DROP_BACK:
        return cfg->left_open_ms + cfg->notice_ms;
    case LK_SCREEN_TAKEN:
        return cfg->open_again_ms;
    case LK_SCREEN_JAM:
    case LK_SCREEN_DROP_JAM:
        return cfg->late_open_ms;
    case LK_SCREEN_SECOND:
    case LK_SCREEN_EXTEND:
    case LK_SCREEN_DROP_CASE:
    case LK_SCREEN_DROP_SIZE:
    case LK_SCREEN_DROP_PLACED:
        return cfg->person_idle_ms;
    case LK_SCREEN_STAFF_MENU:
    case LK_SCREEN_SCAN:
    case LK_SCREEN_ASK:
    case LK_SCREEN_SIZE:
    case LK_SCREEN_PUT_OPENING:
    case LK_SCREEN_PUT:
    case LK_SCREEN_PUT_BACK:
    case LK_SCREEN_CHECK:
    case LK_SCREEN_PLACED:
    case LK_SCREEN_PUT_JAM:
    case LK_SCREEN_RECALL_LIST:
    case LK_SCREEN_WAYBILL:
    case LK_SCREEN_RECALL_OPENING:
    case LK_SCREEN_RECALL_TAKE:
    case LK_SCREEN_RECALL_TAKEN:
    case LK_SCREEN_RECALL_JAM:
    case LK_SCREEN_WINDOW:
    case LK_SCREEN_WINDOW_ITEM:
    case LK_SCREEN_HAND_OVER:
    case LK_SCREEN_RECEIPT:
    case LK_SCREENS:
        break;
    }
    return cfg->staff_idle_ms;
}

/* --- what happens to the door on the screen ----------------------------------------------------------------------- */

#define STAYS LK_SCREENS
enum lk_screen lk_screen_after_news(enum lk_screen screen, enum lk_door_news news)
{
    static const struct {
        enum lk_screen screen, opened, closed, jammed;
    } rows[] = {
        {LK_SCREEN_OPENING, LK_SCREEN_TAKE, STAYS, LK_SCREEN_JAM},
        {LK_SCREEN_TAKE, STAYS, LK_SCREEN_TAKEN, STAYS},
        {LK_SCREEN_REFUSE_ASK, STAYS, LK_SCREEN_TAKEN, STAYS},
        {LK_SCREEN_GIVE_BACK, STAYS, LK_SCREEN_TAKEN, STAYS},
        {LK_SCREEN_JAM, LK_SCREEN_TAKE, STAYS, LK_SCREEN_JAM},
        {LK_SCREEN_DROP_OPENING, LK_SCREEN_DROP_PUT, STAYS, LK_SCREEN_DROP_JAM},
        {LK_SCREEN_DROP_PUT, STAYS, LK_SCREEN_DROP_PLACED, STAYS},
        {LK_SCREEN_DROP_BACK, STAYS, LK_SCREEN_HOME, STAYS},
        {LK_SCREEN_DROP_JAM, LK_SCREEN_DROP_PUT, STAYS, LK_SCREEN_DROP_JAM},
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

#undef STAYS

/* --- which buttons a screen has ----------------------------------------------------------------------------------- */

#define HAS(button) (UINT64_C(1) << LK_BUTTON_##button)
static const uint64_t screen_buttons[LK_SCREENS] = {
    [LK_SCREEN_HOME] = HAS(MORE_TIME) | HAS(DROP_OFF),
    [LK_SCREEN_NOTICE] = HAS(BACK) | HAS(DONE) | HAS(SIGN_OUT),
    [LK_SCREEN_TAKE] = HAS(DONE) | HAS(NOT_MINE) | HAS(NOTHING_INSIDE) | HAS(REFUSE) | HAS(BACK),
    [LK_SCREEN_TAKEN] =
        HAS(OPEN_AGAIN) | HAS(DONE) | HAS(NEXT) | HAS(RATE) | HAS(NOT_MINE) | HAS(NOTHING_INSIDE) | HAS(STILL_INSIDE),
    [LK_SCREEN_SECOND] = HAS(BACK),
    [LK_SCREEN_REFUSE_ASK] = HAS(CONFIRM) | HAS(BACK),
    [LK_SCREEN_GIVE_BACK] = HAS(BACK) | HAS(DONE),
    [LK_SCREEN_EXTEND] = HAS(BACK),
    [LK_SCREEN_DROP_CASE] = HAS(BACK),
    [LK_SCREEN_DROP_SIZE] = HAS(SIZE) | HAS(BACK),
    [LK_SCREEN_DROP_PUT] = HAS(LARGER) | HAS(SMALLER) | HAS(NOT_EMPTY) | HAS(CANCEL),
    [LK_SCREEN_DROP_PLACED] = HAS(OPEN_AGAIN) | HAS(DONE),
    [LK_SCREEN_DROP_JAM] = HAS(RETRY) | HAS(OTHER) | HAS(CANCEL),
    [LK_SCREEN_JAM] = HAS(RETRY) | HAS(DONE),
    [LK_SCREEN_STAFF_MENU] = HAS(DEPOSIT) | HAS(RECALL) | HAS(ROUND) | HAS(WINDOW) | HAS(RECEIPT) | HAS(SIGN_OUT),
    [LK_SCREEN_SCAN] = HAS(BACK) | HAS(SIGN_OUT),
    [LK_SCREEN_ASK] = HAS(CONFIRM) | HAS(BACK) | HAS(SIGN_OUT),
    [LK_SCREEN_SIZE] = HAS(SIZE) | HAS(JOIN) | HAS(BACK) | HAS(SIGN_OUT),
    [LK_SCREEN_PUT] = HAS(LARGER) | HAS(SMALLER) | HAS(NOT_EMPTY) | HAS(CANCEL),
    [LK_SCREEN_CHECK] = HAS(OPEN_AGAIN) | HAS(BACK) | HAS(SIGN_OUT),
    [LK_SCREEN_PLACED] = HAS(OPEN_AGAIN) | HAS(DONE) | HAS(BACK) | HAS(SIGN_OUT),
    [LK_SCREEN_PUT_JAM] = HAS(RETRY) | HAS(OTHER) | HAS(CANCEL),
    [LK_SCREEN_RECALL_LIST] = HAS(RECALL_ITEM) | HAS(RECALL_POST) | HAS(BACK) | HAS(SIGN_OUT),
    [LK_SCREEN_WAYBILL] = HAS(BACK) | HAS(SIGN_OUT),
    [LK_SCREEN_RECALL_TAKEN] = HAS(OPEN_AGAIN) | HAS(NEXT) | HAS(DONE) | HAS(SIGN_OUT),
    [LK_SCREEN_RECALL_JAM] = HAS(RETRY) | HAS(BACK),
    [LK_SCREEN_WINDOW] = HAS(BACK) | HAS(SIGN_OUT),
    [LK_SCREEN_WINDOW_ITEM] =
        HAS(RECEIVE) | HAS(HAND_OVER) | HAS(SEND_POST) | HAS(RETURN_ITEM) | HAS(REFUSE) | HAS(BACK) | HAS(SIGN_OUT),
    [LK_SCREEN_HAND_OVER] = HAS(BACK) | HAS(SIGN_OUT),
    [LK_SCREEN_RECEIPT] = HAS(BACK) | HAS(SIGN_OUT),
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
    if ((screen_buttons[session->screen] & UINT64_C(1) << button) == 0) {
        return false;
    }
    if (!(session->staff != LK_ACTOR_SYSTEM ? lk_staff_may_press : lk_person_may_press)(cfg, core, button)) {
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
    return button != LK_BUTTON_SIGN_OUT || session->staff != LK_ACTOR_SYSTEM;
}
