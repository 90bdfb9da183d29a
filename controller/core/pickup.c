#include "machine.h"

/* Why this item cannot be picked up, whatever its door says. */
static enum lk_reason item_refusal(const struct lk_step *s)
{
    const struct lk_item *item = &s->in->item;
    if (item->custody != LK_CUSTODY_IN_LOCKER) {
        return lk_custody_reason(item->custody);
    }
    if (item->cancelled) {
        return LK_REASON_ITEM_CANCELLED;
    }
    return s->in->code_live ? LK_REASON_NONE : LK_REASON_WRONG_CODE;
}

static void show_door(struct lk_step *s, int door, enum lk_screen screen)
{
    struct lk_session *session = &s->core->session;
    lk_session_show(s, LK_SCREEN_HOME); /* a new person: nothing of the last one stays */
    session->item = s->in->item;
    session->door = door;
    lk_session_show(s, screen);
    lk_fx_answer(s, LK_RESULT_OK, LK_REASON_NONE);
}

static void open_for_recipient(struct lk_step *s, int door)
{
    struct lk_authority by = {
        .purpose = LK_PURPOSE_PICKUP,
        .actor = LK_ACTOR_RECIPIENT,
        .who = "",
        .item = s->in->item.id,
        .from = LK_CUSTODY_IN_LOCKER,
    };
    if (s->in->kind == LK_IN_CODE) {
        lk_lockout_right(s); /* only an opening counts: an open door must not buy fresh tries again and again */
    }
    lk_together_lead(s, door, s->in->item.id);
    lk_opening_start(s, door, &by);
    show_door(s, door, LK_SCREEN_OPENING);
}

void lk_pickup_present(struct lk_step *s)
{
    if (s->in->kind == LK_IN_CODE && !s->in->well_formed) {
        lk_session_refuse(s, LK_NO_DOOR, LK_REASON_CODE_MALFORMED);
        return;
    }
    if (!s->in->found) {
        bool code = s->in->kind == LK_IN_CODE;
        lk_session_refuse(s, LK_NO_DOOR, code ? lk_lockout_wrong(s, LK_REASON_WRONG_CODE) : LK_REASON_UNKNOWN_BARCODE);
        return;
    }
    enum lk_reason reason = item_refusal(s);
    int door = lk_custody_door(s->core, s->in->item.id);
    if (reason == LK_REASON_NONE && door == LK_NO_DOOR) {
        reason = LK_REASON_CUSTODY_UNKNOWN; /* store and state disagree: our bug, and no reason to open anything */
    }
    if (reason == LK_REASON_WRONG_CODE && s->in->kind == LK_IN_CODE) {
        reason = lk_lockout_wrong(s, reason); /* a code that was replaced: it opens nothing, so it is a wrong one */
    }
    if (reason != LK_REASON_NONE) {
        lk_session_refuse(s, LK_NO_DOOR, reason);
        return;
    }
    const struct lk_door *d = &s->core->door[door];
    if (lk_door_is_open(d->state) && d->op.purpose == LK_PURPOSE_PICKUP) {
        show_door(s, door, LK_SCREEN_TAKE); /* the same opening, still open */
        return;
    }
    reason = d->use == LK_USE_BLOCKED ? LK_REASON_DOOR_BLOCKED /* beside it lies an unknown one */
             : lk_custody_is_others_doubt(d, LK_PURPOSE_PICKUP) ? LK_REASON_OUTCOME_UNPROVEN
                                                                : lk_opening_refusal(s, door);
    if (reason != LK_REASON_NONE) {
        lk_session_refuse(s, door, reason);
        return;
    }
    open_for_recipient(s, door);
}
