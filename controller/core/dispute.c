/* "Not mine", "nothing inside", "still inside": what a person says about a pickup, and what becomes of it. */
#include "machine.h"

#include <string.h>

/* The items of one compartment become unknown; it is blocked with them until an inspection settles them. */
static void dispute(struct lk_step *s, int door, const char *item, enum lk_custody from, enum lk_reason said,
                    enum lk_actor actor)
{
    struct lk_event *e = lk_custody_change(s, door, item, LK_EV_ITEM_DISPUTED, from, LK_CUSTODY_UNKNOWN);
    e->actor = actor;
    e->reason = said;
    e->alarm = true;
}

void lk_dispute_closed(struct lk_step *s, int door)
{
    const struct lk_door *d = &s->core->door[door];
    char lead[LK_ITEM_ID_MAX + 1];
    memcpy(lead, d->item, sizeof(lead));
    dispute(s, door, lead, LK_CUSTODY_IN_LOCKER, d->op.turn, d->op.actor);
    for (int i = 0; i < LK_EXTRAS; i++) {
        struct lk_extra *extra = &s->core->extra[i];
        if (extra->item[0] != '\0' && extra->door == door) {
            dispute(s, door, extra->item, LK_CUSTODY_IN_LOCKER, d->op.turn, d->op.actor);
            extra->unknown = true;
        }
    }
    lk_fx_use(s, door, LK_USE_BLOCKED, lead, d->op.turn);
}

/* --- while the door is open --------------------------------------------------------------------------------------- */

void lk_dispute_say(struct lk_step *s)
{
    struct lk_session *session = &s->core->session;
    bool mine = s->in->button == LK_BUTTON_NOTHING_INSIDE;
    session->reason = mine ? LK_REASON_NOTHING_INSIDE : LK_REASON_NOT_MINE;
    lk_opening_turn(s, session->door, session->reason);
    lk_session_show(s, mine ? LK_SCREEN_TAKE : LK_SCREEN_GIVE_BACK);
}

void lk_dispute_take_back(struct lk_step *s)
{
    struct lk_session *session = &s->core->session;
    lk_opening_turn(s, session->door, LK_REASON_NONE);
    session->reason = LK_REASON_NONE;
    lk_session_show(s, LK_SCREEN_TAKE);
}

/* --- when it is shut ---------------------------------------------------------------------------------------------- */

bool lk_dispute_may(const struct lk_core *core)
{
    const struct lk_session *session = &core->session;
    if (session->door == LK_NO_DOOR || session->taken == 0) {
        return false;
    }
    const struct lk_door *d = &core->door[session->door];
    bool untouched = d->moved_at_ms == session->shut_at_ms || d->state == LK_DOOR_LOST;
    return d->use == LK_USE_FREE && d->op.purpose == LK_PURPOSE_NONE && untouched;
}

static void dispute_taken(struct lk_step *s, enum lk_reason said)
{
    struct lk_session *session = &s->core->session;
    for (unsigned i = 0; i < session->taken; i++) {
        dispute(s, session->door, session->taken_item[i], LK_CUSTODY_COLLECTED, said, lk_session_actor(session));
        if (i > 0) {
            lk_together_add(s->core, session->door, session->taken_item[i], true);
        }
    }
    lk_fx_use(s, session->door, LK_USE_BLOCKED, session->taken_item[0], said);
    session->taken = 0;
}

static bool opens_again(const struct lk_step *s)
{
    return lk_session_has_button(s->cfg, s->core, s->in->now_ms, LK_BUTTON_OPEN_AGAIN) &&
           lk_opening_refusal(s, s->core->session.door) == LK_REASON_NONE;
}

/* The record is put right before the door opens once more: a power cut while it stands open must not leave "collected".
 */
void lk_dispute_taken(struct lk_step *s)
{
    bool not_mine = s->in->button == LK_BUTTON_NOT_MINE, still = s->in->button == LK_BUTTON_STILL_INSIDE;
    bool opens = opens_again(s);
    if (still && opens) {
        lk_reopen(s, LK_SCREEN_OPENING);
        return;
    }
    dispute_taken(s, not_mine ? LK_REASON_NOT_MINE : still ? LK_REASON_STILL_INSIDE : LK_REASON_NOTHING_INSIDE);
    if (not_mine && opens) {
        lk_reopen(s, LK_SCREEN_OPENING);
        lk_opening_turn(s, s->core->session.door, LK_REASON_NOT_MINE);
    } else {
        lk_session_tell(s, LK_REASON_DISPUTED);
    }
}
