#include "base/text.h"
#include "machine.h"

#include <string.h>

/* What becomes of it. What its owner took back or its recipient refused goes back, and what was left for the office
 * goes there, whatever the list is about. */
static enum lk_custody destination(const struct lk_session *session, const struct lk_item *item)
{
    if (item->cancelled || item->rejected) {
        return LK_CUSTODY_RETURNED;
    }
    return session->to == LK_CUSTODY_WITH_COURIER && !item->dropoff ? LK_CUSTODY_WITH_COURIER : LK_CUSTODY_AT_WINDOW;
}

/* Why this item cannot be taken back from the locker now. */
static enum lk_reason recall_refusal(const struct lk_step *s, const struct lk_item *item, int door)
{
    const struct lk_session *session = &s->core->session;
    if (item->custody != LK_CUSTODY_IN_LOCKER) {
        return lk_custody_reason(item->custody);
    }
    bool office = item->dropoff && session->staff == LK_ACTOR_COURIER;
    if (office || !lk_custody_allowed(LK_CUSTODY_IN_LOCKER, destination(session, item), session->staff)) {
        return LK_REASON_NOT_ALLOWED;
    }
    if (door == LK_NO_DOOR) {
        return LK_REASON_CUSTODY_UNKNOWN;
    }
    const struct lk_door *d = &s->core->door[door];
    if (d->use == LK_USE_BLOCKED) {
        return LK_REASON_DOOR_BLOCKED; /* something beside it is unknown still */
    }
    return lk_custody_is_others_doubt(d, LK_PURPOSE_RECALL) ? LK_REASON_OUTCOME_UNPROVEN : lk_opening_refusal(s, door);
}

/* A recall that was interrupted while its door stood open goes on, without another pulse. */
static bool is_still_open(const struct lk_step *s, int door)
{
    const struct lk_door *d = &s->core->door[door];
    return d->op.purpose == LK_PURPOSE_RECALL && lk_door_is_open(d->state);
}

static void open_for_recall(struct lk_step *s, int door, const char *waybill)
{
    struct lk_session *session = &s->core->session;
    struct lk_authority by = {
        .purpose = LK_PURPOSE_RECALL,
        .actor = session->staff,
        .who = session->who,
        .item = session->item.id,
        .from = LK_CUSTODY_IN_LOCKER,
        .to = destination(session, &session->item),
        .waybill = waybill,
    };
    lk_together_lead(s, door, session->item.id);
    lk_opening_start(s, door, &by);
    lk_session_show(s, LK_SCREEN_RECALL_OPENING);
}

/* Opens the door of the item that the session is about, once it has the waybill that it may need. */
static void go_on(struct lk_step *s, const char *waybill)
{
    struct lk_session *session = &s->core->session;
    bool post = destination(session, &session->item) == LK_CUSTODY_WITH_COURIER;
    int door = lk_custody_door(s->core, session->item.id);
    enum lk_reason reason = recall_refusal(s, &session->item, door);
    session->door = door;
    session->reopened = 0;
    session->reason = LK_REASON_NONE;
    if (reason == LK_REASON_DOOR_OPEN && is_still_open(s, door)) {
        lk_session_show(s, LK_SCREEN_RECALL_TAKE);
    } else if (reason != LK_REASON_NONE) {
        lk_session_notice(s, reason);
    } else if (post && waybill[0] == '\0') {
        lk_session_show(s, LK_SCREEN_WAYBILL);
    } else {
        open_for_recall(s, door, post ? waybill : "");
    }
}

void lk_recall_item(struct lk_step *s)
{
    struct lk_session *session = &s->core->session;
    if (!s->in->found && s->in->button == LK_BUTTON_NEXT) {
        lk_session_show(s, LK_SCREEN_RECALL_LIST); /* the round is over */
    } else if (!s->in->found) {
        session->door = LK_NO_DOOR;
        lk_session_notice(s, LK_REASON_NO_SUCH_ITEM);
    } else {
        session->item = s->in->item;
        go_on(s, session->item.waybill);
    }
}

void lk_recall_list(struct lk_step *s, bool round)
{
    s->core->session.round = round;
    s->core->session.to = LK_CUSTODY_NONE;
    lk_session_show(s, LK_SCREEN_RECALL_LIST);
}

void lk_recall_waybill(struct lk_step *s)
{
    struct lk_session *session = &s->core->session;
    (void)lk_text_copy(session->waybill, sizeof(session->waybill), s->in->waybill);
    go_on(s, session->waybill);
}

void lk_reopen(struct lk_step *s, enum lk_screen next)
{
    struct lk_session *session = &s->core->session;
    enum lk_reason refusal = lk_opening_refusal(s, session->door);
    if (refusal != LK_REASON_NONE) {
        lk_session_notice(s, refusal);
        return;
    }
    struct lk_authority by = {
        .purpose = LK_PURPOSE_REOPEN,
        .actor = lk_session_actor(session),
        .who = session->who,
        .item = session->item.id,
        .from = LK_CUSTODY_NONE,
    };
    lk_opening_start(s, session->door, &by);
    session->reopened++;
    lk_session_show(s, next);
}
