#include "machine.h"

/* Why this item cannot be taken back from the locker now. */
static enum lk_reason recall_refusal(const struct lk_step *s, int door)
{
    if (!s->in->found) {
        return LK_REASON_NO_SUCH_ITEM;
    }
    if (s->in->item.custody != LK_CUSTODY_IN_LOCKER) {
        return lk_custody_reason(s->in->item.custody);
    }
    if (!lk_custody_allowed(LK_CUSTODY_IN_LOCKER, LK_CUSTODY_AT_WINDOW, s->core->session.staff)) {
        return LK_REASON_NOT_ALLOWED;
    }
    if (door == LK_NO_DOOR) {
        return LK_REASON_CUSTODY_UNKNOWN;
    }
    bool others = lk_custody_is_others_doubt(&s->core->door[door], LK_PURPOSE_RECALL);
    return others ? LK_REASON_OUTCOME_UNPROVEN : lk_opening_refusal(s, door);
}

/* A recall that was interrupted while its door stood open goes on, without another pulse. */
static bool is_still_open(const struct lk_step *s, int door)
{
    const struct lk_door *d = &s->core->door[door];
    return d->op.purpose == LK_PURPOSE_RECALL && lk_door_is_open(d->state);
}

static void show_door(struct lk_step *s, int door, enum lk_screen screen)
{
    struct lk_session *session = &s->core->session;
    session->item = s->in->item;
    session->door = door;
    session->reopened = 0;
    lk_session_show(s, screen);
}

void lk_recall_item(struct lk_step *s)
{
    struct lk_session *session = &s->core->session;
    int door = lk_custody_door(s->core, s->in->item.id);
    enum lk_reason reason = recall_refusal(s, door);
    session->door = door;
    if (reason == LK_REASON_DOOR_OPEN && is_still_open(s, door)) {
        show_door(s, door, LK_SCREEN_RECALL_TAKE);
        return;
    }
    if (reason != LK_REASON_NONE) {
        lk_session_notice(s, reason);
        return;
    }
    struct lk_authority by = {
        .purpose = LK_PURPOSE_RECALL,
        .actor = session->staff,
        .who = session->who,
        .item = s->in->item.id,
        .from = LK_CUSTODY_IN_LOCKER,
        .to = s->in->item.cancelled || s->in->item.rejected ? LK_CUSTODY_RETURNED : LK_CUSTODY_AT_WINDOW,
    };
    lk_together_lead(s, door, s->in->item.id);
    lk_opening_start(s, door, &by);
    show_door(s, door, LK_SCREEN_RECALL_OPENING);
}

void lk_reopen(struct lk_step *s, enum lk_screen next)
{
    struct lk_session *session = &s->core->session;
    enum lk_reason refusal = lk_opening_refusal(s, session->door);
    if (refusal != LK_REASON_NONE) {
        lk_session_notice(s, refusal);
        return;
    }
    bool staff = session->staff != LK_ACTOR_SYSTEM;
    struct lk_authority by = {
        .purpose = LK_PURPOSE_REOPEN,
        .actor = staff ? session->staff : LK_ACTOR_RECIPIENT,
        .who = session->who,
        .item = session->item.id,
        .from = LK_CUSTODY_NONE,
    };
    lk_opening_start(s, session->door, &by);
    session->reopened++;
    lk_session_show(s, next);
}
