#include "machine.h"

#include <stddef.h>

/* The screen while the door opens once more. */
static enum lk_screen opening_of(enum lk_screen screen)
{
    static const enum lk_screen opening[LK_SCREENS] = {
        [LK_SCREEN_PUT_JAM] = LK_SCREEN_PUT_OPENING,
        [LK_SCREEN_PLACED] = LK_SCREEN_PUT_OPENING,
        [LK_SCREEN_DROP_JAM] = LK_SCREEN_DROP_OPENING,
        [LK_SCREEN_DROP_PLACED] = LK_SCREEN_DROP_OPENING,
        [LK_SCREEN_RECALL_JAM] = LK_SCREEN_RECALL_OPENING,
        [LK_SCREEN_RECALL_TAKEN] = LK_SCREEN_RECALL_OPENING,
        [LK_SCREEN_JAM] = LK_SCREEN_OPENING,
        [LK_SCREEN_TAKEN] = LK_SCREEN_OPENING,
    };
    return opening[screen];
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
    const struct lk_door *d = &s->core->door[door];
    const char *item = d->joining[0] != '\0' ? d->joining : d->item;
    lk_opening_retry(s, door, item[0] != '\0' ? item : session->item.id);
    lk_session_show(s, opening_of(session->screen));
}

static void press_open_again(struct lk_step *s)
{
    lk_reopen(s, opening_of(s->core->session.screen));
}

/* Where "back" leads; the rest: to the menu of staff, or home. */
static void press_back(struct lk_step *s)
{
    static const struct {
        enum lk_screen from, to;
    } rows[] = {
        {LK_SCREEN_SIZE, LK_SCREEN_SCAN},          {LK_SCREEN_ASK, LK_SCREEN_SCAN},
        {LK_SCREEN_CHECK, LK_SCREEN_SCAN},         {LK_SCREEN_RECALL_JAM, LK_SCREEN_RECALL_LIST},
        {LK_SCREEN_WINDOW_ITEM, LK_SCREEN_WINDOW},
    };
    struct lk_session *session = &s->core->session;
    enum lk_screen to = session->screen == LK_SCREEN_NOTICE ? session->back : lk_session_base(session);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        to = rows[i].from == session->screen ? rows[i].to : to;
    }
    lk_session_show(s, to);
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
    case LK_BUTTON_RECALL_ITEM:
        lk_recall_item(s);
        break;
    case LK_BUTTON_SIGN_OUT:
        lk_session_sign_out(s, LK_REASON_SIGNED_OUT);
        break;
    case LK_BUTTON_RECALL:
    case LK_BUTTON_SMALLER:
    case LK_BUTTON_NOT_EMPTY:
    case LK_BUTTON_JOIN:
    case LK_BUTTON_NOT_MINE:
    case LK_BUTTON_NOTHING_INSIDE:
    case LK_BUTTON_STILL_INSIDE:
    case LK_BUTTON_REFUSE:
    case LK_BUTTON_CONFIRM:
    case LK_BUTTON_NEXT:
    case LK_BUTTON_RATE:
    case LK_BUTTON_MORE_TIME:
    case LK_BUTTON_DROP_OFF:
    case LK_BUTTON_WINDOW:
    case LK_BUTTON_RECEIVE:
    case LK_BUTTON_HAND_OVER:
    case LK_BUTTON_SEND_POST:
    case LK_BUTTON_RETURN_ITEM:
    case LK_BUTTON_RECALL_POST:
    case LK_BUTTON_ROUND:
    case LK_BUTTON_RECEIPT:
    case LK_BUTTONS:
        break;
    }
}

void lk_button_input(struct lk_step *s)
{
    if (!lk_session_has_button(s->cfg, s->core, s->in->now_ms, s->in->button)) {
        lk_fx_answer(s, LK_RESULT_REFUSED, LK_REASON_NOT_NOW);
        return;
    }
    bool staff = s->core->session.staff != LK_ACTOR_SYSTEM;
    if (!(staff ? lk_staff_press : lk_person_press)(s)) {
        press(s);
    }
    lk_fx_answer(s, s->refused == LK_REASON_NONE ? LK_RESULT_OK : LK_RESULT_REFUSED, s->refused);
}
