/* The work at the window, on the kiosk's staff screens. What is done is desk.c's. */
#include "base/text.h"
#include "machine.h"

#include <string.h>

void lk_window_scan(struct lk_step *s)
{
    struct lk_session *session = &s->core->session;
    if (s->in->text[0] == '\0' || !s->in->found) {
        lk_session_refuse(s, LK_NO_DOOR, s->in->text[0] == '\0' ? LK_REASON_UNKNOWN_BARCODE : LK_REASON_NOT_ANNOUNCED);
        return;
    }
    session->item = s->in->item;
    session->door = lk_custody_door(s->core, session->item.id);
    lk_session_show(s, LK_SCREEN_WINDOW_ITEM);
    lk_fx_answer(s, LK_RESULT_OK, LK_REASON_NONE);
}

static struct lk_by this_clerk(const struct lk_step *s)
{
    return (struct lk_by){.actor = s->core->session.staff, .who = s->core->session.who};
}

/* Done, and said so; or refused, and said why. */
static void tell(struct lk_step *s, enum lk_reason refusal, enum lk_reason done)
{
    if (refusal != LK_REASON_NONE) {
        lk_session_notice(s, refusal);
    } else {
        lk_session_tell(s, done);
    }
}

static void ask_for(struct lk_step *s, enum lk_screen screen)
{
    s->core->session.reason = LK_REASON_NONE;
    s->core->session.sending = screen == LK_SCREEN_WAYBILL;
    lk_session_show(s, screen);
}

void lk_window_press(struct lk_step *s)
{
    const struct lk_item item = s->core->session.item; /* the session's own changes with what is done */
    const struct lk_by by = this_clerk(s);
    if (s->in->button == LK_BUTTON_RECEIVE) {
        tell(s, lk_desk_receive(s, &item, &by), LK_REASON_RECEIVED);
    } else if (s->in->button == LK_BUTTON_RETURN_ITEM) {
        tell(s, lk_desk_return(s, &item, &by), LK_REASON_RETURNED);
    } else if (s->in->button == LK_BUTTON_REFUSE) {
        tell(s, lk_desk_reject(s, &item, &by), LK_REASON_REJECTED);
    } else if (s->in->button == LK_BUTTON_SEND_POST) {
        ask_for(s, LK_SCREEN_WAYBILL);
    } else if (item.dropoff) {
        tell(s, lk_desk_hand_over(s, &item, LK_PROOF_NONE, &by), LK_REASON_HANDED_OVER);
    } else {
        ask_for(s, LK_SCREEN_HAND_OVER);
    }
}

/* A token may have been made for several items of one person: whoever shows it is that person. */
static bool is_theirs(const struct lk_item *shown, const struct lk_item *item)
{
    bool same_person = shown->holder == LK_HOLDER_RECIPIENT && shown->has_phone && item->has_phone &&
                       memcmp(shown->phone_mac, item->phone_mac, sizeof(item->phone_mac)) == 0;
    return strcmp(shown->id, item->id) == 0 || same_person;
}

static enum lk_proof proof_of(const struct lk_step *s)
{
    const struct lk_input *in = s->in;
    bool token = in->kind == LK_IN_SCAN && in->scan == LK_SCAN_TOKEN && in->found && in->code_live &&
                 is_theirs(&in->item, &s->core->session.item);
    return token ? LK_PROOF_CODE : in->proof;
}

/* What is typed is counted as at the locker: nobody may try all tails of a phone number. A scan is not. */
static void wrong(struct lk_step *s)
{
    enum lk_reason reason = LK_REASON_WRONG_CODE;
    if (s->in->kind == LK_IN_CODE) {
        reason = lk_lockout_wrong(s, reason);
    } else {
        struct lk_event *e = lk_fx_event(s, LK_EV_ACCESS_DENIED, LK_NO_DOOR);
        e->reason = reason;
        e->actor = s->core->session.staff;
        memcpy(e->who, s->core->session.who, sizeof(e->who));
    }
    if (reason == LK_REASON_LOCKED_OUT) {
        lk_session_refuse(s, LK_NO_DOOR, reason);
    } else {
        lk_staff_stay(s, reason);
    }
}

void lk_window_proof(struct lk_step *s)
{
    const struct lk_item item = s->core->session.item;
    const struct lk_by by = this_clerk(s);
    if (s->in->kind == LK_IN_CODE && lk_lockout_active(s)) {
        lk_session_refuse(s, LK_NO_DOOR, LK_REASON_LOCKED_OUT);
        return;
    }
    enum lk_reason reason = lk_desk_hand_over(s, &item, proof_of(s), &by);
    if (reason == LK_REASON_WRONG_CODE) {
        wrong(s);
        return;
    }
    if (reason == LK_REASON_NONE && s->in->kind == LK_IN_CODE) {
        lk_lockout_right(s);
    }
    tell(s, reason, LK_REASON_HANDED_OVER);
    lk_fx_answer(s, reason == LK_REASON_NONE ? LK_RESULT_OK : LK_RESULT_REFUSED, reason);
}

void lk_window_send(struct lk_step *s)
{
    const struct lk_item item = s->core->session.item;
    const struct lk_by by = this_clerk(s);
    tell(s, lk_desk_send(s, &item, s->in->waybill, &by), LK_REASON_SENT_BY_POST);
}
