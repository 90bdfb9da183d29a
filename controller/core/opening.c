#include "base/text.h"
#include "machine.h"

#include <string.h>

enum lk_reason lk_opening_refusal(const struct lk_step *s, int door)
{
    return s->core->door[door].wiring_held ? LK_REASON_WIRING_CHANGED : lk_opening_obstacle(s, door);
}

enum lk_reason lk_opening_obstacle(const struct lk_step *s, int door)
{
    const struct lk_bank *bank = &s->core->bank[s->cfg->door[door].bank];
    if (lk_limits_rest(s->core) != LK_REASON_NONE) {
        return lk_limits_rest(s->core);
    }
    if (bank->stopped_by_us || bank->state == LK_BANK_STOPPED) {
        return LK_REASON_BANK_STOPPED;
    }
    if (bank->state == LK_BANK_LOST) {
        return LK_REASON_DOOR_UNREACHABLE;
    }
    static const enum lk_reason by_state[LK_DOOR_STATES] = {
        [LK_DOOR_UNKNOWN] = LK_REASON_DOOR_UNREACHABLE, [LK_DOOR_CLOSED] = LK_REASON_NONE,
        [LK_DOOR_PULSING] = LK_REASON_DOOR_BUSY,        [LK_DOOR_OPEN] = LK_REASON_DOOR_OPEN,
        [LK_DOOR_LEFT_OPEN] = LK_REASON_DOOR_OPEN,      [LK_DOOR_JAMMED] = LK_REASON_NONE,
        [LK_DOOR_FORCED] = LK_REASON_DOOR_FORCED,       [LK_DOOR_LOST] = LK_REASON_DOOR_UNREACHABLE,
    };
    return by_state[s->core->door[door].state];
}

static void forget(struct lk_op *op)
{
    memset(op, 0, sizeof(*op));
}

/* The opening is over, whatever came of it. */
static void finish(struct lk_step *s, int door)
{
    struct lk_door *d = &s->core->door[door];
    if (d->op.purpose != LK_PURPOSE_NONE) {
        lk_fx(s, LK_FX_INTENT_FINISH)->intent = d->op.intent;
        forget(&d->op);
        d->deadline_at_ms = LK_NEVER;
    }
}

/* Tells the person who waits for this opening, once. */
static void answer_person(struct lk_step *s, int door, enum lk_result result, enum lk_reason reason)
{
    struct lk_op *op = &s->core->door[door].op;
    lk_fx_reply(s, op->request, result, reason, door, op->outcome);
    op->request = 0;
}

/* Tells the person and the command that wait for this opening, each once. */
static void answer_waiting(struct lk_step *s, int door, enum lk_result result, enum lk_reason reason)
{
    struct lk_op *op = &s->core->door[door].op;
    answer_person(s, door, result, reason);
    if (op->jti[0] != '\0') {
        lk_command_answer(s, door, op->jti, result, reason, op->outcome);
        op->jti[0] = '\0';
    }
}

static void settle(struct lk_step *s, int door, enum lk_outcome outcome, enum lk_reason reason)
{
    struct lk_op *op = &s->core->door[door].op;
    op->outcome = outcome;
    struct lk_effect *fx = lk_fx(s, LK_FX_INTENT_SETTLE);
    fx->intent = op->intent;
    fx->outcome = outcome;
    bool opened = outcome == LK_OUTCOME_OPENED || outcome == LK_OUTCOME_ALREADY_OPEN;
    struct lk_event *e = lk_fx_event(s, opened ? LK_EV_DOOR_OPENED : LK_EV_DOOR_OPEN_FAILED, door);
    e->outcome = outcome;
    e->reason = reason;
    enum lk_result result = opened                          ? LK_RESULT_OK
                            : outcome == LK_OUTCOME_UNKNOWN ? LK_RESULT_UNKNOWN
                                                            : LK_RESULT_FAILED;
    answer_waiting(s, door, result, reason);
}

static void write_intent(struct lk_step *s, int door, const char *item)
{
    struct lk_op *op = &s->core->door[door].op;
    op->intent = s->core->next_intent++;
    op->outcome = LK_OUTCOME_PENDING;
    struct lk_effect *fx = lk_fx(s, LK_FX_INTENT_ADD);
    fx->intent = op->intent;
    fx->door = door;
    (void)lk_text_copy(fx->item.id, sizeof(fx->item.id), item);
    fx->to = op->to;
    memcpy(fx->waybill, op->waybill, sizeof(fx->waybill));
    fx->purpose = op->purpose;
    fx->actor = op->actor;
    memcpy(fx->who, op->who, sizeof(fx->who));
    memcpy(fx->jti, op->jti, sizeof(fx->jti));
    fx->from = op->from;
}

static void pulse(struct lk_step *s, int door)
{
    struct lk_door *d = &s->core->door[door];
    struct lk_bank *bank = &s->core->bank[s->cfg->door[door].bank];
    (void)lk_door_move(s, door, LK_DOOR_PULSE);
    d->deadline_at_ms = s->in->now_ms + s->cfg->pulse_wait_ms;
    bank->pulsed_door = door;
    bank->pulsed_at_ms = s->in->now_ms;
    struct lk_effect *fx = lk_fx(s, LK_FX_PULSE);
    fx->door = door;
    fx->intent = d->op.intent;
}

void lk_opening_start(struct lk_step *s, int door, const struct lk_authority *by)
{
    struct lk_op *op = &s->core->door[door].op;
    finish(s, door); /* a jammed opening that nobody followed up */
    op->purpose = by->purpose;
    op->actor = by->actor;
    (void)lk_text_copy(op->who, sizeof(op->who), by->who);
    op->from = by->from;
    op->to = by->to;
    (void)lk_text_copy(op->waybill, sizeof(op->waybill), by->waybill ? by->waybill : "");
    (void)lk_text_copy(op->second, sizeof(op->second), by->second ? by->second : "");
    op->request = by->request;
    (void)lk_text_copy(op->jti, sizeof(op->jti), by->jti ? by->jti : "");
    op->tries = 1;
    write_intent(s, door, by->item);
    pulse(s, door);
}

void lk_opening_retry(struct lk_step *s, int door, const char *item)
{
    struct lk_op *op = &s->core->door[door].op;
    lk_fx(s, LK_FX_INTENT_FINISH)->intent = op->intent;
    op->tries++;
    write_intent(s, door, item);
    if (op->turn != LK_REASON_NONE) {
        lk_opening_turn(s, door, op->turn);
    }
    pulse(s, door);
}

void lk_opening_abandon(struct lk_step *s, int door)
{
    struct lk_door *d = &s->core->door[door];
    bool deposit = d->op.purpose == LK_PURPOSE_DEPOSIT;
    bool in_doubt = d->doubt_until_ms != LK_NEVER; /* an earlier try may have let the item in: it stays in question */
    if (deposit && d->joining[0] != '\0') {
        if (!in_doubt) {
            d->joining[0] = '\0'; /* what lies there already stays as it is */
        }
    } else if (deposit && d->state == LK_DOOR_JAMMED && !in_doubt) {
        struct lk_event *e = lk_fx_event(s, LK_EV_DOOR_BLOCKED, door);
        e->reason = LK_REASON_DOOR_JAMMED;
        e->alarm = true;
        lk_dropoff_give_up(s, door);
        lk_fx_use(s, door, LK_USE_BLOCKED, "", LK_REASON_DOOR_JAMMED);
    }
    finish(s, door);
}

void lk_opening_turn(struct lk_step *s, int door, enum lk_reason said)
{
    struct lk_op *op = &s->core->door[door].op;
    op->turn = said;
    struct lk_effect *fx = lk_fx(s, LK_FX_INTENT_TURN);
    fx->intent = op->intent;
    fx->reason = said;
}

void lk_opening_withdraw(struct lk_step *s, int door)
{
    struct lk_door *d = &s->core->door[door];
    d->op.withdrawn = true;
    lk_fx(s, LK_FX_INTENT_WITHDRAW)->intent = d->op.intent;
    lk_custody_doubt_over(s, door);
    if (d->joining[0] != '\0') {
        d->joining[0] = '\0';
        return;
    }
    lk_fx_use(s, door, LK_USE_RESERVED, "", LK_REASON_CANCELLED_BY_PERSON);
}

/* --- what the sensor says -------------------------------------------------------------------------------------------
 */

static bool waits_for_opening(const struct lk_door *d)
{
    return d->op.purpose != LK_PURPOSE_NONE &&
           (d->op.outcome == LK_OUTCOME_PENDING || d->op.outcome == LK_OUTCOME_JAMMED);
}

static void own_open(struct lk_step *s, int door)
{
    struct lk_door *d = &s->core->door[door];
    bool first = waits_for_opening(d), was_open = lk_door_is_open(d->state);
    if (!lk_door_move(s, door, LK_DOOR_SEE_OPEN_OWN)) {
        return;
    }
    if (!was_open) {
        d->deadline_at_ms = s->in->now_ms + s->cfg->left_open_ms;
    }
    if (first) {
        settle(s, door, LK_OUTCOME_OPENED, LK_REASON_NONE);
        lk_session_door(s, door, LK_NEWS_OPENED, LK_REASON_NONE);
    }
}

/* The other door of this one's bank that was pulsed just now, or LK_NO_DOOR: then the wiring, the address or the board
 * is wrong (law 3). A pulse may wait for its supply, and a sense for the store: a door that still waits for its opening
 * counts however long ago it was pulsed. */
static int pulsed_instead(const struct lk_step *s, int door)
{
    int bank = s->cfg->door[door].bank;
    const struct lk_bank *b = &s->core->bank[bank];
    if (b->pulsed_door != LK_NO_DOOR && b->pulsed_door != door &&
        s->in->now_ms - b->pulsed_at_ms <= s->cfg->wrong_door_ms) {
        return b->pulsed_door;
    }
    for (int i = 0; i < s->cfg->doors; i++) {
        if (s->cfg->door[i].bank == bank && s->core->door[i].state == LK_DOOR_PULSING) {
            return i;
        }
    }
    return LK_NO_DOOR;
}

static void forced_open(struct lk_step *s, int door)
{
    struct lk_door *d = &s->core->door[door];
    int bank = s->cfg->door[door].bank;
    int expected = pulsed_instead(s, door);
    bool wrong = expected != LK_NO_DOOR;
    bool was_jammed = d->state == LK_DOOR_JAMMED;
    if (d->state == LK_DOOR_FORCED || !lk_door_move(s, door, LK_DOOR_SEE_OPEN_FORCED)) {
        return;
    }
    struct lk_event *e = lk_fx_event(s, wrong ? LK_EV_DOOR_WRONG : LK_EV_DOOR_FORCED, door);
    e->expected_door = expected;
    e->reason = was_jammed ? LK_REASON_DOOR_JAMMED : LK_REASON_NONE;
    e->alarm = true;
    lk_custody_lose(s, door, wrong ? LK_REASON_WRONG_DOOR : LK_REASON_DOOR_FORCED, e);
    if (wrong) {
        lk_site_stop_bank(s, bank, LK_REASON_WRONG_DOOR);
    }
}

static void found_open(struct lk_step *s, int door)
{
    if (s->core->door[door].item[0] != '\0') {
        forced_open(s, door);
    } else if (lk_door_move(s, door, LK_DOOR_SEE_OPEN_FOUND)) {
        s->core->door[door].deadline_at_ms = s->in->now_ms + s->cfg->left_open_ms;
    }
}

static void sense_open(struct lk_step *s, int door)
{
    struct lk_door *d = &s->core->door[door];
    bool first_look = d->state == LK_DOOR_UNKNOWN || d->state == LK_DOOR_LOST;
    if (d->op.purpose != LK_PURPOSE_NONE && d->op.outcome != LK_OUTCOME_UNKNOWN) {
        own_open(s, door);
    } else if (first_look) {
        found_open(s, door);
    } else if (!lk_door_is_open(d->state)) {
        forced_open(s, door);
    }
}

static void closed_after_open(struct lk_step *s, int door)
{
    struct lk_event *e = lk_fx_event(s, LK_EV_DOOR_CLOSED, door);
    e->outcome = s->core->door[door].op.outcome;
    e->reason =
        s->core->door[door].op.unchecked && !s->core->door[door].op.withdrawn ? LK_REASON_NOT_CHECKED : LK_REASON_NONE;
    lk_custody_complete(s, door);
    lk_session_door(s, door, LK_NEWS_CLOSED, LK_REASON_NONE);
    finish(s, door);
}

static bool changes_hands(enum lk_purpose purpose)
{
    return purpose == LK_PURPOSE_DEPOSIT || purpose == LK_PURPOSE_PICKUP || purpose == LK_PURPOSE_RECALL;
}

/* Nor may the person try again: the same code could open another door now. Staff find out where the item is. */
void lk_opening_void(struct lk_step *s, int door, enum lk_reason reason)
{
    const struct lk_op *op = &s->core->door[door].op;
    if (op->outcome == LK_OUTCOME_PENDING) {
        settle(s, door, LK_OUTCOME_UNKNOWN, reason);
    }
    if (changes_hands(op->purpose)) {
        lk_custody_give_up(s, door, reason);
    }
    finish(s, door);
}

/* First look after a restart or a lost board, and an opening is not over: it is settled by looking, never by pulsing.
 * While nobody looked even a jammed door may have given way: what was to change hands is in doubt. */
static void found_closed(struct lk_step *s, int door)
{
    struct lk_door *d = &s->core->door[door];
    bool deposit = d->op.purpose == LK_PURPOSE_DEPOSIT;
    bool was_open = d->op.outcome == LK_OUTCOME_OPENED || d->op.outcome == LK_OUTCOME_ALREADY_OPEN;
    if (was_open && (!deposit || d->op.withdrawn)) {
        closed_after_open(s, door);
        return;
    }
    if (d->op.outcome == LK_OUTCOME_PENDING) {
        settle(s, door, LK_OUTCOME_UNKNOWN, LK_REASON_OUTCOME_UNPROVEN);
    } else if (was_open) {
        struct lk_event *e = lk_fx_event(s, LK_EV_DOOR_CLOSED, door);
        e->outcome = d->op.outcome;
        e->reason = LK_REASON_OUTCOME_UNPROVEN; /* shut, but with the item or without it? */
    }
    if (changes_hands(d->op.purpose)) {
        lk_custody_doubt(s, door);
    }
    lk_session_door(s, door, LK_NEWS_FAILED, LK_REASON_OUTCOME_UNPROVEN);
    finish(s, door);
}

static void sense_closed(struct lk_step *s, int door)
{
    struct lk_door *d = &s->core->door[door];
    bool first_look = d->state == LK_DOOR_UNKNOWN || d->state == LK_DOOR_LOST;
    bool was_open = lk_door_is_open(d->state);
    if (!lk_door_move(s, door, LK_DOOR_SEE_CLOSED)) {
        return;
    }
    if (first_look && d->op.purpose != LK_PURPOSE_NONE) {
        found_closed(s, door);
    } else if (was_open) {
        closed_after_open(s, door);
    }
}

static void sense_lost(struct lk_step *s, int door)
{
    struct lk_door *d = &s->core->door[door];
    bool waiting = d->op.purpose != LK_PURPOSE_NONE && d->state != LK_DOOR_LOST;
    (void)lk_door_move(s, door, LK_DOOR_SEE_NOTHING);
    if (waiting) {
        if (d->op.outcome == LK_OUTCOME_PENDING) {
            /* A command can wait: its one answer is what the next look proves (laws 2, 7). */
            answer_person(s, door, LK_RESULT_UNKNOWN, LK_REASON_DOOR_UNREACHABLE);
        }
        lk_session_door(s, door, LK_NEWS_LOST, LK_REASON_DOOR_UNREACHABLE);
    }
}

void lk_opening_sense(struct lk_step *s)
{
    if (s->core->door[s->in->door].op.rewired && s->in->sense != LK_SENSE_UNKNOWN) {
        lk_opening_void(s, s->in->door, LK_REASON_WIRING_CHANGED);
    }
    switch (s->in->sense) {
    case LK_SENSE_OPEN:
        sense_open(s, s->in->door);
        break;
    case LK_SENSE_CLOSED:
        sense_closed(s, s->in->door);
        break;
    case LK_SENSE_UNKNOWN:
        sense_lost(s, s->in->door);
        break;
    case LK_SENSES:
        break;
    }
}

/* --- what became of the pulse ---------------------------------------------------------------------------------------
 */

static void not_sent(struct lk_step *s, int door)
{
    struct lk_door *d = &s->core->door[door];
    bool deposit = d->op.purpose == LK_PURPOSE_DEPOSIT && d->doubt_until_ms == LK_NEVER;
    struct lk_bank *bank = &s->core->bank[s->cfg->door[door].bank];
    if (bank->pulsed_door == door) {
        bank->pulsed_door = LK_NO_DOOR;
    }
    (void)lk_door_move(s, door, LK_DOOR_PULSE_NOT_SENT);
    settle(s, door, LK_OUTCOME_UNKNOWN, LK_REASON_PULSE_NOT_SENT);
    if (deposit && d->joining[0] != '\0') {
        d->joining[0] = '\0';
    } else if (deposit) {
        lk_dropoff_give_up(s, door);
        lk_fx_use(s, door, LK_USE_FREE, "", LK_REASON_NONE);
    }
    lk_session_door(s, door, LK_NEWS_FAILED, LK_REASON_PULSE_NOT_SENT);
    finish(s, door);
}

void lk_opening_pulse_done(struct lk_step *s)
{
    int door = s->in->door;
    struct lk_door *d = &s->core->door[door];
    if (d->op.purpose == LK_PURPOSE_NONE || d->op.intent != s->in->intent || d->op.outcome != LK_OUTCOME_PENDING) {
        return; /* the sensor was faster, or it is an older intent's */
    }
    if (s->in->pulse == LK_PULSE_NOT_SENT) {
        not_sent(s, door);
        return;
    }
    struct lk_bank *bank = &s->core->bank[s->cfg->door[door].bank];
    if (bank->pulsed_door == door) {
        bank->pulsed_at_ms = s->in->now_ms; /* it may have waited for its supply */
    }
    if (d->state == LK_DOOR_PULSING) {
        d->deadline_at_ms = s->in->now_ms + s->cfg->open_timeout_ms;
    }
}

static void jam(struct lk_step *s, int door)
{
    struct lk_door *d = &s->core->door[door];
    if (!lk_door_move(s, door, LK_DOOR_GIVE_UP)) {
        return;
    }
    d->deadline_at_ms = s->in->now_ms + s->cfg->late_open_ms;
    settle(s, door, LK_OUTCOME_JAMMED, LK_REASON_DOOR_JAMMED);
    lk_session_door(s, door, LK_NEWS_JAMMED, LK_REASON_DOOR_JAMMED);
}

static void left_open(struct lk_step *s, int door)
{
    if (lk_door_move(s, door, LK_DOOR_TOO_LONG)) {
        lk_fx_event(s, LK_EV_DOOR_LEFT_OPEN, door)->alarm = true;
    }
}

void lk_opening_tick(struct lk_step *s, int door)
{
    struct lk_door *d = &s->core->door[door];
    if (d->deadline_at_ms > s->in->now_ms) {
        return;
    }
    d->deadline_at_ms = LK_NEVER;
    if (d->state == LK_DOOR_PULSING) {
        jam(s, door);
    } else if (d->state == LK_DOOR_OPEN) {
        left_open(s, door);
    } else if (d->state == LK_DOOR_JAMMED) {
        lk_opening_abandon(s, door);
        lk_session_door(s, door, LK_NEWS_FAILED, LK_REASON_DOOR_JAMMED);
    }
}
