/* The second factor: the code is right, now the last four digits of the phone. */
#include "machine.h"

#include <string.h>

/* What cannot be asked for cannot be right; and what is typed here counts as the keypad's. */
enum lk_reason lk_second_refusal(const struct lk_step *s, const struct lk_item *item)
{
    if (item->phone_tail[0] == '\0') {
        return LK_REASON_NOT_ALLOWED;
    }
    return lk_lockout_active(s) ? LK_REASON_LOCKED_OUT : LK_REASON_NONE;
}

void lk_second_changed(struct lk_step *s, const char *item)
{
    const struct lk_session *session = &s->core->session;
    if (session->screen == LK_SCREEN_SECOND && strcmp(session->item.id, item) == 0) {
        lk_session_notice(s, LK_REASON_DETAILS_CHANGED);
    }
}

void lk_second_typed(struct lk_step *s)
{
    struct lk_session *session = &s->core->session;
    struct lk_claim claim = {.item = session->item, .more = session->more, .proved = true};
    int door = LK_NO_DOOR;
    if (session->screen != LK_SCREEN_SECOND) {
        lk_fx_answer(s, LK_RESULT_REFUSED, LK_REASON_NOT_NOW);
        return;
    }
    if (s->in->tail[0] == '\0') {
        session->reason = LK_REASON_CODE_MALFORMED; /* not a try: once more */
        lk_session_show(s, LK_SCREEN_SECOND);
        lk_fx_answer(s, LK_RESULT_REFUSED, LK_REASON_CODE_MALFORMED);
        return;
    }
    bool right = strcmp(s->in->tail, session->item.phone_tail) == 0;
    enum lk_reason reason = right ? lk_pickup_go_on(s, &claim, &door) : lk_lockout_wrong(s, LK_REASON_WRONG_TAIL);
    if (reason != LK_REASON_NONE) {
        lk_session_refuse(s, door, reason);
        return;
    }
    lk_fx_answer(s, LK_RESULT_OK, LK_REASON_NONE);
}
