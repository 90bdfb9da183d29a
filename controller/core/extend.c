/* More time: the code makes the retention longer instead of opening the door. */
#include "machine.h"

void lk_extend_present(struct lk_step *s)
{
    const struct lk_item *item = &s->in->item;
    struct lk_by by = {.actor = item->holder == LK_HOLDER_DELEGATE ? LK_ACTOR_DELEGATE : LK_ACTOR_RECIPIENT, .who = ""};
    enum lk_reason reason = lk_pickup_secret(s);
    if (reason == LK_REASON_NONE && item->extended >= s->cfg->extend_most) {
        reason = LK_REASON_EXTEND_LIMIT;
    }
    if (reason == LK_REASON_NONE) {
        reason = lk_desk_extend(s, item, 0, &by);
    }
    if (reason != LK_REASON_NONE) {
        lk_session_refuse(s, LK_NO_DOOR, reason);
        return;
    }
    lk_session_tell(s, LK_REASON_EXTENDED);
    lk_fx_answer(s, LK_RESULT_OK, LK_REASON_NONE);
}
