/* What only staff can press and scan at the kiosk, and who of them. The stories are in files of their own. */
#include "machine.h"

#include <stddef.h>

static bool is_clerk(const struct lk_session *session)
{
    return session->staff == LK_ACTOR_CLERK || session->staff == LK_ACTOR_SUPERVISOR;
}

/* --- may it be pressed -------------------------------------------------------------------------------------------- */

static bool may_desk(const struct lk_core_config *cfg, const struct lk_core *core, enum lk_button button)
{
    static const struct {
        enum lk_button button;
        enum lk_desk desk;
    } rows[] = {
        {LK_BUTTON_RECEIVE, LK_DESK_RECEIVE}, {LK_BUTTON_HAND_OVER, LK_DESK_HAND_OVER},
        {LK_BUTTON_SEND_POST, LK_DESK_SEND},  {LK_BUTTON_RETURN_ITEM, LK_DESK_RETURN},
        {LK_BUTTON_REFUSE, LK_DESK_REJECT},
    };
    const struct lk_session *session = &core->session;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].button == button) {
            return lk_desk_refusal(cfg, core, rows[i].desk, &session->item, session->staff) == LK_REASON_NONE;
        }
    }
    return true;
}

/* NOT_EMPTY and SMALLER: of a compartment that should be this item's alone. */
static bool may_change(const struct lk_core_config *cfg, const struct lk_core *core, enum lk_button button)
{
    const struct lk_session *session = &core->session;
    const struct lk_door *d = session->door == LK_NO_DOOR ? NULL : &core->door[session->door];
    if (!d || d->op.purpose != LK_PURPOSE_DEPOSIT || d->op.withdrawn || d->joining[0] != '\0') {
        return false;
    }
    return button == LK_BUTTON_NOT_EMPTY || lk_deposit_has_smaller(cfg, core);
}

bool lk_staff_may_press(const struct lk_core_config *cfg, const struct lk_core *core, enum lk_button button)
{
    const struct lk_session *session = &core->session;
    if (button == LK_BUTTON_WINDOW) {
        return is_clerk(session);
    }
    if (button == LK_BUTTON_RECEIPT) {
        return session->placed > 0;
    }
    if (button == LK_BUTTON_NEXT) {
        return session->round;
    }
    if (button == LK_BUTTON_JOIN) {
        return lk_deposit_may_join(cfg, core, session->join_door, &session->item);
    }
    if (button == LK_BUTTON_SMALLER || button == LK_BUTTON_NOT_EMPTY) {
        return may_change(cfg, core, button);
    }
    return session->screen != LK_SCREEN_WINDOW_ITEM || may_desk(cfg, core, button);
}

/* --- pressing ----------------------------------------------------------------------------------------------------- */

static bool press_back(struct lk_step *s)
{
    struct lk_session *session = &s->core->session;
    if (session->screen == LK_SCREEN_HAND_OVER || (session->screen == LK_SCREEN_WAYBILL && session->sending)) {
        lk_session_show(s, LK_SCREEN_WINDOW_ITEM);
    } else if (session->screen == LK_SCREEN_WAYBILL) {
        lk_session_show(s, LK_SCREEN_RECALL_LIST);
    } else {
        return false;
    }
    return true;
}

static bool press_show(struct lk_step *s)
{
    enum lk_button button = s->in->button;
    if (button == LK_BUTTON_RECALL || button == LK_BUTTON_ROUND) {
        lk_recall_list(s, button == LK_BUTTON_ROUND);
    } else if (button == LK_BUTTON_WINDOW) {
        lk_session_show(s, LK_SCREEN_WINDOW);
    } else if (button == LK_BUTTON_RECEIPT) {
        lk_session_show(s, LK_SCREEN_RECEIPT);
    } else if (button == LK_BUTTON_CONFIRM) {
        lk_session_show(s, LK_SCREEN_SIZE); /* ASK: taken all the same */
    } else if (button == LK_BUTTON_RECALL_POST) {
        bool post = s->core->session.to == LK_CUSTODY_WITH_COURIER;
        s->core->session.to = post ? LK_CUSTODY_NONE : LK_CUSTODY_WITH_COURIER;
        lk_session_show(s, LK_SCREEN_RECALL_LIST);
    } else {
        return false;
    }
    return true;
}

bool lk_staff_press(struct lk_step *s)
{
    static const struct {
        enum lk_button button;
        void (*press)(struct lk_step *s);
    } rows[] = {
        {LK_BUTTON_SMALLER, lk_deposit_smaller}, {LK_BUTTON_NOT_EMPTY, lk_deposit_not_empty},
        {LK_BUTTON_JOIN, lk_deposit_join},       {LK_BUTTON_NEXT, lk_recall_item},
        {LK_BUTTON_RECEIVE, lk_window_press},    {LK_BUTTON_HAND_OVER, lk_window_press},
        {LK_BUTTON_SEND_POST, lk_window_press},  {LK_BUTTON_RETURN_ITEM, lk_window_press},
        {LK_BUTTON_REFUSE, lk_window_press},
    };
    if (s->core->session.staff == LK_ACTOR_SYSTEM) {
        return false;
    }
    if (s->in->button == LK_BUTTON_OPEN_AGAIN && s->core->session.screen == LK_SCREEN_CHECK) {
        lk_deposit_again(s);
        return true;
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].button == s->in->button) {
            rows[i].press(s);
            return true;
        }
    }
    return s->in->button == LK_BUTTON_BACK ? press_back(s) : press_show(s);
}

/* --- scanning and typing ------------------------------------------------------------------------------------------ */

void lk_staff_stay(struct lk_step *s, enum lk_reason reason)
{
    s->core->session.reason = reason;
    lk_session_show(s, s->core->session.screen);
    lk_fx_answer(s, LK_RESULT_REFUSED, reason);
}

static void scan_waybill(struct lk_step *s)
{
    if (s->in->waybill[0] == '\0') {
        lk_staff_stay(s, LK_REASON_BAD_WAYBILL);
        return;
    }
    if (s->core->session.sending) {
        lk_window_send(s);
    } else {
        lk_recall_waybill(s);
    }
    lk_fx_answer(s, s->refused == LK_REASON_NONE ? LK_RESULT_OK : LK_RESULT_REFUSED, s->refused);
}

static bool waits_for_check(const struct lk_step *s)
{
    const struct lk_session *session = &s->core->session;
    return session->screen == LK_SCREEN_PUT && session->door != LK_NO_DOOR &&
           s->core->door[session->door].op.unchecked && !s->core->door[session->door].op.withdrawn;
}

bool lk_staff_input(struct lk_step *s)
{
    const struct lk_session *session = &s->core->session;
    bool scan = s->in->kind == LK_IN_SCAN;
    if (session->screen == LK_SCREEN_HAND_OVER && (scan || s->in->kind == LK_IN_CODE)) {
        lk_window_proof(s);
    } else if (scan && session->screen == LK_SCREEN_WAYBILL) {
        scan_waybill(s);
    } else if (scan && (session->screen == LK_SCREEN_WINDOW || session->screen == LK_SCREEN_WINDOW_ITEM)) {
        lk_window_scan(s);
    } else if (scan && waits_for_check(s)) {
        lk_deposit_check(s);
    } else {
        return false;
    }
    return true;
}
