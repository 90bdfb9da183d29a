#include "machine.h"

#include <string.h>

/* Why this item cannot be picked up, whatever its door says. */
static enum lk_reason item_refusal(const struct lk_item *item)
{
    if (item->custody != LK_CUSTODY_IN_LOCKER) {
        return lk_custody_reason(item->custody);
    }
    return item->cancelled ? LK_REASON_ITEM_CANCELLED : item->rejected ? LK_REASON_REJECTED : LK_REASON_NONE;
}

enum lk_reason lk_pickup_secret(struct lk_step *s)
{
    bool code = s->in->kind == LK_IN_CODE;
    if (code && !s->in->well_formed) {
        return LK_REASON_CODE_MALFORMED;
    }
    if (!s->in->found) {
        return code ? lk_lockout_wrong(s, LK_REASON_WRONG_CODE) : LK_REASON_UNKNOWN_BARCODE;
    }
    enum lk_reason reason = item_refusal(&s->in->item);
    if (reason != LK_REASON_NONE || s->in->code_live) {
        return reason;
    }
    /* a code that was replaced: it opens nothing, so it is a wrong one */
    return code ? lk_lockout_wrong(s, LK_REASON_WRONG_CODE) : LK_REASON_WRONG_CODE;
}

/* --- the door ----------------------------------------------------------------------------------------------------- */

static bool is_open_already(const struct lk_step *s, int door)
{
    return door != LK_NO_DOOR && lk_door_is_open(s->core->door[door].state) &&
           s->core->door[door].op.purpose == LK_PURPOSE_PICKUP;
}

static enum lk_reason door_refusal(const struct lk_step *s, int door)
{
    if (door == LK_NO_DOOR) {
        return LK_REASON_CUSTODY_UNKNOWN; /* store and state disagree: our bug, and no reason to open anything */
    }
    const struct lk_door *d = &s->core->door[door];
    if (d->use == LK_USE_BLOCKED) {
        return LK_REASON_DOOR_BLOCKED; /* something in it is unknown: staff look first */
    }
    return lk_custody_is_others_doubt(d, LK_PURPOSE_PICKUP) ? LK_REASON_OUTCOME_UNPROVEN : lk_opening_refusal(s, door);
}

static void begin(struct lk_step *s, const struct lk_claim *claim, int door)
{
    struct lk_session *session = &s->core->session;
    lk_session_show(s, LK_SCREEN_HOME); /* a new person: nothing of the last one stays */
    session->item = claim->item;
    session->door = door;
    session->more = claim->more;
    session->proved = claim->proved;
}

static void open_for_person(struct lk_step *s, int door)
{
    const struct lk_session *session = &s->core->session;
    struct lk_authority by = {
        .purpose = LK_PURPOSE_PICKUP,
        .actor = lk_session_actor(session),
        .who = "",
        .item = session->item.id,
        .from = LK_CUSTODY_IN_LOCKER,
    };
    if (s->in->kind == LK_IN_CODE || s->in->kind == LK_IN_SECOND) {
        lk_lockout_right(s); /* only an opening counts: an open door must not buy fresh tries again and again */
    }
    lk_together_lead(s, door, session->item.id);
    lk_opening_start(s, door, &by);
    lk_session_show(s, LK_SCREEN_OPENING);
}

/* The same opening, still open; what was said about it still holds. */
static void show_open(struct lk_step *s, int door)
{
    enum lk_reason turn = s->core->door[door].op.turn;
    bool back = turn == LK_REASON_REJECTED || turn == LK_REASON_NOT_MINE;
    s->core->session.reason = turn;
    lk_session_show(s, back ? LK_SCREEN_GIVE_BACK : LK_SCREEN_TAKE);
}

enum lk_reason lk_pickup_go_on(struct lk_step *s, const struct lk_claim *claim, int *ret_door)
{
    int door = lk_custody_door(s->core, claim->item.id);
    bool open = is_open_already(s, door), ask = claim->item.second_factor && !claim->proved;
    enum lk_reason reason = open ? LK_REASON_NONE : door_refusal(s, door);
    if (reason == LK_REASON_NONE && ask) {
        reason = lk_second_refusal(s, &claim->item);
    }
    *ret_door = door;
    if (reason != LK_REASON_NONE) {
        return reason;
    }
    begin(s, claim, ask ? LK_NO_DOOR : door);
    if (ask) {
        lk_session_show(s, LK_SCREEN_SECOND);
    } else if (open) {
        show_open(s, door);
    } else {
        open_for_person(s, door);
    }
    return LK_REASON_NONE;
}

/* --- what a person does ------------------------------------------------------------------------------------------- */

void lk_pickup_present(struct lk_step *s)
{
    struct lk_claim claim = {.item = s->in->item, .more = s->in->more};
    int door = LK_NO_DOOR;
    enum lk_reason reason = lk_pickup_secret(s);
    if (reason == LK_REASON_NONE) {
        reason = lk_pickup_go_on(s, &claim, &door);
    }
    if (reason != LK_REASON_NONE) {
        lk_session_refuse(s, door, reason);
        return;
    }
    lk_fx_answer(s, LK_RESULT_OK, LK_REASON_NONE);
}

/* Law 8: the same code is the own code of this item, too. That they are one person's, and that a friend's code stays a
 * friend's, is looked at once more. */
static bool is_same_person(const struct lk_item *a, const struct lk_item *b)
{
    return a->holder == b->holder && a->has_phone && b->has_phone &&
           memcmp(a->phone_mac, b->phone_mac, sizeof(a->phone_mac)) == 0;
}

void lk_pickup_next(struct lk_step *s)
{
    struct lk_session *session = &s->core->session;
    struct lk_claim claim = {.item = s->in->item, .more = s->in->more};
    int door = LK_NO_DOOR;
    if (!s->in->found || !is_same_person(&s->in->item, &session->item)) {
        session->more = 0; /* it was taken out meanwhile; what is on the screen stays true */
        s->refused = LK_REASON_NO_SUCH_ITEM;
        return;
    }
    claim.proved = session->proved && strcmp(claim.item.phone_tail, session->item.phone_tail) == 0;
    enum lk_reason reason = item_refusal(&claim.item);
    if (reason == LK_REASON_NONE) {
        reason = lk_pickup_go_on(s, &claim, &door);
    }
    if (reason != LK_REASON_NONE) {
        session->door = door;
        lk_session_notice(s, reason);
    }
}
