#include "machine.h"

#include "base/text.h"

#include <string.h>

/* --- which compartment -----------------------------------------------------------------------------------------------
 */

static bool is_usable(const struct lk_core_config *cfg, const struct lk_core *core, int door)
{
    const struct lk_door *d = &core->door[door];
    const struct lk_bank *bank = &core->bank[cfg->door[door].bank];
    return d->use == LK_USE_FREE && d->state == LK_DOOR_CLOSED && d->op.purpose == LK_PURPOSE_NONE && !d->wiring_held &&
           bank->state == LK_BANK_READY && !bank->stopped_by_us && lk_limits_rest(core) == LK_REASON_NONE;
}

static bool suits(const struct lk_core_config *cfg, int door, enum lk_size size, const struct lk_item *item)
{
    return cfg->door[door].size == size && (!item->low_reach || cfg->door[door].low_reach);
}

/* Couriers and citizens leave some of each size free; whoever works in the hall may use all of them. */
static unsigned kept(const struct lk_core_config *cfg, const struct lk_core *core, enum lk_size size)
{
    enum lk_actor actor = core->session.staff;
    return actor == LK_ACTOR_CLERK || actor == LK_ACTOR_SUPERVISOR ? 0 : cfg->keep_free[size];
}

unsigned lk_deposit_free(const struct lk_core_config *cfg, const struct lk_core *core, enum lk_size size,
                         const struct lk_item *item)
{
    unsigned all = 0, fit = 0, keep = kept(cfg, core, size);
    for (int i = 0; i < cfg->doors; i++) {
        bool usable = is_usable(cfg, core, i) && cfg->door[i].size == size;
        all += usable;
        fit += usable && suits(cfg, i, size, item);
    }
    unsigned may = all > keep ? all - keep : 0;
    return fit < may ? fit : may;
}

/* The first suitable door; low ones are kept for those who need them as long as others are free. */
static int allocate(const struct lk_core_config *cfg, const struct lk_core *core, enum lk_size size,
                    const struct lk_item *item)
{
    int low = LK_NO_DOOR;
    if (lk_deposit_free(cfg, core, size, item) == 0) {
        return LK_NO_DOOR;
    }
    for (int i = 0; i < cfg->doors; i++) {
        if (!is_usable(cfg, core, i) || !suits(cfg, i, size, item)) {
            continue;
        }
        if (!cfg->door[i].low_reach || item->low_reach) {
            return i;
        }
        low = low == LK_NO_DOOR ? i : low;
    }
    return low;
}

static enum lk_reason why_none(const struct lk_step *s)
{
    enum lk_reason rest = lk_limits_rest(s->core);
    return rest != LK_REASON_NONE ? rest : LK_REASON_NO_FREE_DOOR;
}

/* Of this size or, when there is none, of the next one that has one free. */
static int allocate_from(const struct lk_step *s, int size, const struct lk_item *item)
{
    int door = LK_NO_DOOR;
    for (; size < LK_SIZES && door == LK_NO_DOOR; size++) {
        door = allocate(s->cfg, s->core, (enum lk_size)size, item);
    }
    return door;
}

static int allocate_smaller(const struct lk_core_config *cfg, const struct lk_core *core, enum lk_size than,
                            const struct lk_item *item)
{
    int door = LK_NO_DOOR;
    for (int size = (int)than - 1; size >= 0 && door == LK_NO_DOOR; size--) {
        door = allocate(cfg, core, (enum lk_size)size, item);
    }
    return door;
}

/* The first size that is asked for when the item does not go into the compartment it was given. */
static int next_size(const struct lk_step *s, bool larger)
{
    const struct lk_session *session = &s->core->session;
    bool beside = s->core->door[session->door].joining[0] != '\0'; /* then it may have one of its own size */
    return beside ? (int)session->item.size : (int)s->cfg->door[session->door].size + larger;
}

bool lk_deposit_has_smaller(const struct lk_core_config *cfg, const struct lk_core *core)
{
    const struct lk_session *session = &core->session;
    bool beside = core->door[session->door].joining[0] != '\0';
    return !beside && allocate_smaller(cfg, core, cfg->door[session->door].size, &session->item) != LK_NO_DOOR;
}

/* Whether the item may be put beside others in this compartment; that they are of one case and person is a fact. */
bool lk_deposit_may_join(const struct lk_core_config *cfg, const struct lk_core *core, int door,
                         const struct lk_item *item)
{
    if (door < 0 || door >= cfg->doors || !cfg->join_case || item->dropoff || lk_limits_rest(core) != LK_REASON_NONE) {
        return false;
    }
    const struct lk_door *d = &core->door[door];
    const struct lk_bank *bank = &core->bank[cfg->door[door].bank];
    bool quiet = d->use == LK_USE_OCCUPIED && d->state == LK_DOOR_CLOSED && d->op.purpose == LK_PURPOSE_NONE &&
                 d->doubt_until_ms == LK_NEVER && !d->wiring_held;
    return quiet && bank->state == LK_BANK_READY && !bank->stopped_by_us && lk_together_has_room(core, door) &&
           (!item->low_reach || cfg->door[door].low_reach);
}

/* --- opening it
 * ------------------------------------------------------------------------------------------------------- */

static void announce_unknown(struct lk_step *s, struct lk_item *item)
{
    struct lk_effect *put = lk_fx(s, LK_FX_ITEM_PUT);
    item->custody = LK_CUSTODY_EXPECTED;
    put->item = *item;
    struct lk_event *e = lk_fx_event(s, LK_EV_ITEM_EXPECTED, LK_NO_DOOR);
    memcpy(e->item, item->id, sizeof(e->item));
    e->to = LK_CUSTODY_EXPECTED;
    e->actor = lk_session_actor(&s->core->session);
    memcpy(e->who, s->core->session.who, sizeof(e->who));
    if (item->dropoff) {
        memcpy(e->case_id, item->case_id, sizeof(e->case_id));
    }
}

/* The citizen's screens for the same steps. */
static enum lk_screen screen_of(const struct lk_session *session, enum lk_screen staff)
{
    if (!session->item.dropoff) {
        return staff;
    }
    return staff == LK_SCREEN_PUT_OPENING ? LK_SCREEN_DROP_OPENING
           : staff == LK_SCREEN_PUT_BACK  ? LK_SCREEN_DROP_BACK
                                          : LK_SCREEN_DROP_PUT;
}

/* The receipt is about everything from the first intent on. */
static void put_on_receipt(struct lk_session *session, uint64_t intent)
{
    session->first_intent = session->first_intent != 0 ? session->first_intent : intent;
}

static void open_for_deposit(struct lk_step *s, int door)
{
    struct lk_session *session = &s->core->session;
    if (session->item.custody == LK_CUSTODY_NONE) {
        announce_unknown(s, &session->item);
    }
    struct lk_door *d = &s->core->door[door];
    if (d->use == LK_USE_OCCUPIED) {
        memcpy(d->joining, session->item.id, sizeof(d->joining));
    } else if (strcmp(d->item, session->item.id) != 0) {
        lk_fx_use(s, door, LK_USE_RESERVED, session->item.id, LK_REASON_NONE);
    }
    struct lk_authority by = {
        .purpose = LK_PURPOSE_DEPOSIT,
        .actor = lk_session_actor(session),
        .who = session->who,
        .item = session->item.id,
        .from = session->item.custody,
    };
    lk_opening_start(s, door, &by);
    d->dropoff = session->item.dropoff;
    d->op.unchecked = s->cfg->misload_check && !session->item.dropoff;
    put_on_receipt(session, d->op.intent);
    session->door = door;
    session->size = s->cfg->door[door].size;
    session->reopened = 0;
    lk_session_show(s, screen_of(session, LK_SCREEN_PUT_OPENING));
}

/* --- the courier's steps
 * ---------------------------------------------------------------------------------------------- */

static bool is_of_another_site(const struct lk_step *s, const struct lk_item *item)
{
    return item->site[0] != '\0' && strcmp(item->site, s->cfg->site) != 0;
}

/* Why this item is not put into a compartment, whoever brings it. */
static enum lk_reason item_refusal(const struct lk_step *s, const struct lk_item *item)
{
    bool may = lk_custody_allowed(item->custody, LK_CUSTODY_IN_LOCKER, s->core->session.staff);
    if (!may || item->custody == LK_CUSTODY_UNKNOWN) {
        return item->cancelled ? LK_REASON_ITEM_CANCELLED : lk_custody_reason(item->custody);
    }
    return item->cancelled               ? LK_REASON_ITEM_CANCELLED
           : item->rejected              ? LK_REASON_REJECTED
           : is_of_another_site(s, item) ? LK_REASON_WRONG_SITE
           : item->dropoff               ? LK_REASON_NOT_ALLOWED /* it is for the office; nobody has a code for it */
                                         : LK_REASON_NONE;
}

static enum lk_reason scan_refusal(const struct lk_step *s)
{
    if (s->in->text[0] == '\0') {
        return LK_REASON_UNKNOWN_BARCODE;
    }
    if (!s->in->found) {
        return s->cfg->unknown_barcode == LK_BARCODE_REFUSE ? LK_REASON_NOT_ANNOUNCED : lk_limits_intake(s->core);
    }
    enum lk_reason refusal = item_refusal(s, &s->in->item);
    return refusal == LK_REASON_NONE ? lk_limits_intake(s->core) : refusal;
}

/* An interrupted deposit of this item: the person standing there proves it by opening the same door again. With the
 * door still open no pulse is needed, and the barcode just read is the second scan. */
static enum lk_reason go_on(struct lk_step *s, int door)
{
    struct lk_door *d = &s->core->door[door];
    if (d->op.purpose == LK_PURPOSE_DEPOSIT && lk_door_is_open(d->state)) {
        d->op.unchecked = false;
        put_on_receipt(&s->core->session, d->op.intent);
        s->core->session.door = door;
        s->core->session.reason = LK_REASON_NONE;
        lk_session_show(s, LK_SCREEN_PUT);
        return LK_REASON_NONE;
    }
    enum lk_reason refusal = lk_opening_refusal(s, door);
    if (refusal == LK_REASON_NONE) {
        open_for_deposit(s, door);
    }
    return refusal;
}

static void resume(struct lk_step *s, int door)
{
    enum lk_reason refusal = go_on(s, door);
    if (refusal != LK_REASON_NONE) {
        lk_session_refuse(s, door, refusal);
        return;
    }
    lk_fx_answer(s, LK_RESULT_OK, LK_REASON_NONE);
}

static void take_up(struct lk_session *session, const struct lk_input *in)
{
    session->item = in->item;
    if (!in->found) {
        memset(&session->item, 0, sizeof(session->item));
        memcpy(session->item.id, in->text, sizeof(session->item.id));
        session->item.door = LK_NO_DOOR;
    }
    session->door = LK_NO_DOOR;
    session->size = session->item.size;
    session->join_door = in->found ? in->join_door : LK_NO_DOOR;
}

void lk_deposit_scan(struct lk_step *s)
{
    struct lk_session *session = &s->core->session;
    enum lk_reason reason = scan_refusal(s);
    int door = s->in->found ? lk_custody_door(s->core, s->in->item.id) : LK_NO_DOOR;
    if (reason != LK_REASON_NONE) {
        lk_session_refuse(s, door, reason); /* with the door: a duplicate lies there */
        return;
    }
    take_up(session, s->in);
    if (door != LK_NO_DOOR) {
        resume(s, door);
        return;
    }
    bool ask = !s->in->found && s->cfg->unknown_barcode == LK_BARCODE_ASK;
    lk_session_show(s, ask ? LK_SCREEN_ASK : LK_SCREEN_SIZE);
    lk_fx_answer(s, LK_RESULT_OK, LK_REASON_NONE);
}

void lk_deposit_join(struct lk_step *s)
{
    open_for_deposit(s, s->core->session.join_door);
}

void lk_deposit_size(struct lk_step *s, enum lk_size size)
{
    int door = size < LK_SIZES ? allocate(s->cfg, s->core, size, &s->core->session.item) : LK_NO_DOOR;
    if (door == LK_NO_DOOR) {
        lk_session_notice(s, why_none(s));
        return;
    }
    open_for_deposit(s, door);
}

/* Out of this compartment; a drop-off that is taken out again comes to nothing. */
static void take_out(struct lk_step *s, enum lk_reason reason)
{
    struct lk_session *session = &s->core->session;
    lk_dropoff_give_up(s, session->door);
    lk_opening_withdraw(s, session->door);
    session->reason = reason;
    lk_session_show(s, screen_of(session, LK_SCREEN_PUT_BACK));
}

/* Out of this compartment and into another one; without another one it is taken out again. */
static void move_to(struct lk_step *s, int door)
{
    struct lk_session *session = &s->core->session;
    if (door == LK_NO_DOOR) {
        take_out(s, why_none(s));
        return;
    }
    lk_opening_withdraw(s, session->door);
    open_for_deposit(s, door);
}

void lk_deposit_larger(struct lk_step *s)
{
    move_to(s, allocate_from(s, next_size(s, true), &s->core->session.item));
}

void lk_deposit_smaller(struct lk_step *s)
{
    const struct lk_session *session = &s->core->session;
    move_to(s, allocate_smaller(s->cfg, s->core, s->cfg->door[session->door].size, &session->item));
}

/* Whose it is, nobody knows: the compartment is nobody's from the moment it is shut until staff have looked. */
void lk_deposit_not_empty(struct lk_step *s)
{
    const struct lk_session *session = &s->core->session;
    struct lk_event *e = lk_fx_event(s, LK_EV_AUDIT_MISMATCH, session->door);
    e->item[0] = '\0';
    e->reason = LK_REASON_NOT_EMPTY;
    e->alarm = true;
    lk_opening_turn(s, session->door, LK_REASON_NOT_EMPTY);
    if (session->item.dropoff) {
        take_out(s, LK_REASON_NOT_EMPTY); /* a citizen who finds something goes to the staff, not to the next one */
    } else {
        move_to(s, allocate_from(s, next_size(s, false), &session->item));
    }
}

void lk_deposit_other(struct lk_step *s)
{
    struct lk_session *session = &s->core->session;
    int door = allocate_from(s, next_size(s, false), &session->item);
    if (door != LK_NO_DOOR) {
        s->core->door[session->door].dropoff = false; /* it goes on elsewhere: not given up */
    }
    lk_opening_abandon(s, session->door);
    if (door == LK_NO_DOOR) {
        lk_session_notice(s, why_none(s));
        return;
    }
    open_for_deposit(s, door);
}

void lk_deposit_cancel(struct lk_step *s)
{
    struct lk_session *session = &s->core->session;
    if (session->screen == LK_SCREEN_PUT || session->screen == LK_SCREEN_DROP_PUT) {
        take_out(s, LK_REASON_CANCELLED_BY_PERSON);
    } else if (session->screen == LK_SCREEN_DROP_JAM) {
        lk_opening_abandon(s, session->door);
        lk_session_tell(s, LK_REASON_DROPOFF_GIVEN_UP);
    } else {
        lk_opening_abandon(s, session->door);
        lk_session_show(s, LK_SCREEN_SCAN);
    }
}

/* --- the second scan -----------------------------------------------------------------------------------------------
 */

void lk_deposit_check(struct lk_step *s)
{
    struct lk_session *session = &s->core->session;
    bool same = strcmp(s->in->text, session->item.id) == 0;
    s->core->door[session->door].op.unchecked = !same;
    session->reason = same ? LK_REASON_NONE : LK_REASON_MISLOAD;
    lk_session_show(s, LK_SCREEN_PUT);
    lk_fx_answer(s, same ? LK_RESULT_OK : LK_RESULT_REFUSED, session->reason);
}

/* Shut without it: the door opens once more, for the same deposit. */
void lk_deposit_again(struct lk_step *s)
{
    enum lk_reason refusal = go_on(s, s->core->session.door);
    if (refusal != LK_REASON_NONE) {
        lk_session_notice(s, refusal);
    }
}

enum lk_screen lk_deposit_news(struct lk_step *s, int door, enum lk_screen next)
{
    struct lk_session *session = &s->core->session;
    const struct lk_op *op = &s->core->door[door].op;
    if (next == LK_SCREEN_PUT && op->unchecked) {
        session->reason = LK_REASON_NOT_CHECKED;
    } else if (next == LK_SCREEN_PLACED && s->core->door[door].doubt_until_ms != LK_NEVER) {
        session->reason = LK_REASON_NOT_CHECKED;
        return LK_SCREEN_CHECK;
    } else if (next == LK_SCREEN_PLACED) {
        session->placed += op->purpose == LK_PURPOSE_DEPOSIT;
    }
    return next;
}

/* --- what happens elsewhere meanwhile ------------------------------------------------------------------------------
 */

static bool is_in_hand(enum lk_screen screen)
{
    return screen == LK_SCREEN_SIZE || screen == LK_SCREEN_ASK || screen == LK_SCREEN_WINDOW_ITEM ||
           screen == LK_SCREEN_HAND_OVER || screen == LK_SCREEN_WAYBILL;
}

void lk_deposit_changed(struct lk_step *s, const struct lk_item *item)
{
    struct lk_session *session = &s->core->session;
    lk_second_changed(s, item->id);

    if (session->screen == LK_SCREEN_DROP_SIZE && strcmp(session->item.id, item->id) == 0) {
        lk_session_notice(s, LK_REASON_ITEM_EXISTS); /* the receipt number is taken: they begin anew */
        return;
    }
    if (!is_in_hand(session->screen) || strcmp(session->item.id, item->id) != 0) {
        return;
    }
    session->item = *item;
    session->item.door = LK_NO_DOOR;
    if (session->screen != LK_SCREEN_SIZE && session->screen != LK_SCREEN_ASK) {
        return;
    }
    enum lk_reason reason = item_refusal(s, item);
    if (reason != LK_REASON_NONE) {
        lk_session_notice(s, reason);
    } else if (session->screen == LK_SCREEN_ASK) {
        lk_session_show(s, LK_SCREEN_SIZE); /* upstream has just named it */
    }
}
