/*
 * Every (state of an item, citizen's act, actor): what is allowed happens, with exactly one event that names the actor;
 * what is not is refused with a reason that has a name, and changes nothing. The tables below are written from the
 * trade's side and know nothing of the core's own. What staff do: triples-staff-test.c.
 */
#include "person-words.h"
#include "staff-words.h"

enum { CODE = 11112222, FRIENDS_CODE = 55556666 };

static const enum lk_actor persons[] = {LK_ACTOR_RECIPIENT, LK_ACTOR_DELEGATE};

/* --- an item in each state ---------------------------------------------------------------------------------------- */

enum state {
    NOT_KNOWN,
    EXPECTED,
    IN_LOCKER,
    CANCELLED_INSIDE,
    REFUSED_INSIDE,
    IN_DOUBT_OF_PICKUP,
    IN_DOUBT_OF_RECALL,
    BEING_RECALLED,
    BOARD_SILENT,
    WIRING_HELD,
    BANK_STOPPED,
    AT_WINDOW,
    WITH_COURIER,
    COLLECTED,
    RETURNED,
    UNKNOWN,
    STATES
};

/* What a citizen with a code is told; NONE: the item is theirs to take. */
static const struct {
    const char *name;
    enum lk_custody custody;
    enum lk_reason refused;
    bool gone; /* no more time for this one either */
} states[STATES] = {
    [NOT_KNOWN] = {"not known", LK_CUSTODY_NONE, LK_REASON_WRONG_CODE, true},
    [EXPECTED] = {"expected", LK_CUSTODY_EXPECTED, LK_REASON_NOT_HERE_YET, true},
    [IN_LOCKER] = {"in locker", LK_CUSTODY_IN_LOCKER, LK_REASON_NONE, false},
    [CANCELLED_INSIDE] = {"cancelled", LK_CUSTODY_IN_LOCKER, LK_REASON_ITEM_CANCELLED, true},
    [REFUSED_INSIDE] = {"refused", LK_CUSTODY_IN_LOCKER, LK_REASON_REJECTED, true},
    [IN_DOUBT_OF_PICKUP] = {"in doubt of a pickup", LK_CUSTODY_IN_LOCKER, LK_REASON_NONE, false},
    [IN_DOUBT_OF_RECALL] = {"in doubt of a recall", LK_CUSTODY_IN_LOCKER, LK_REASON_OUTCOME_UNPROVEN, false},
    [BEING_RECALLED] = {"being recalled", LK_CUSTODY_IN_LOCKER, LK_REASON_DOOR_OPEN, false},
    [BOARD_SILENT] = {"board silent", LK_CUSTODY_IN_LOCKER, LK_REASON_DOOR_UNREACHABLE, false},
    [WIRING_HELD] = {"wiring changed", LK_CUSTODY_IN_LOCKER, LK_REASON_WIRING_CHANGED, false},
    [BANK_STOPPED] = {"bank stopped", LK_CUSTODY_IN_LOCKER, LK_REASON_BANK_STOPPED, false},
    [AT_WINDOW] = {"at window", LK_CUSTODY_AT_WINDOW, LK_REASON_AT_WINDOW, true},
    [WITH_COURIER] = {"with courier", LK_CUSTODY_WITH_COURIER, LK_REASON_WITH_COURIER, true},
    [COLLECTED] = {"collected", LK_CUSTODY_COLLECTED, LK_REASON_ALREADY_COLLECTED, true},
    [RETURNED] = {"returned", LK_CUSTODY_RETURNED, LK_REASON_RETURNED, true},
    [UNKNOWN] = {"unknown", LK_CUSTODY_UNKNOWN, LK_REASON_CUSTODY_UNKNOWN, true},
};

static void put_in(void)
{
    bring("X1");
    press_size(LK_SIZE_S);
    opens(A01);
    shuts(A01);
    press(LK_BUTTON_SIGN_OUT);
}

static void begin_recall(void)
{
    sign_in(LK_ACTOR_CLERK);
    press(LK_BUTTON_RECALL);
    press_recall("X1");
}

static void refuse_it(void)
{
    code(CODE);
    opens(A01);
    press(LK_BUTTON_REFUSE);
    press(LK_BUTTON_CONFIRM);
    shuts(A01);
    press(LK_BUTTON_DONE);
}

static void restart_shut(void)
{
    restart();
    for (int i = 0; i < BENCH_DOORS; i++) {
        shuts(i);
    }
}

/* What befalls an item in its compartment. */
static void befall(enum state want)
{
    if (want == CANCELLED_INSIDE) {
        cancel("X1");
    } else if (want == REFUSED_INSIDE) {
        refuse_it();
    } else if (want == IN_DOUBT_OF_PICKUP) {
        code(CODE);
        restart_shut();
    } else if (want == IN_DOUBT_OF_RECALL || want == BEING_RECALLED) {
        begin_recall();
        if (want == IN_DOUBT_OF_RECALL) {
            restart_shut();
        } else {
            opens(A01);
            wait_ms(bench.cfg.staff_idle_ms + bench.cfg.notice_ms); /* the clerk went away */
        }
    } else if (want == BOARD_SILENT) {
        board(0, LK_BANK_LOST);
    } else if (want == BANK_STOPPED) {
        admin(LK_ADMIN_OPEN, A02, LK_ACTOR_MAINTENANCE);
        opens(A03);
        shuts(A03);
    } else if (want == WIRING_HELD) {
        bench.store.door[A01].wired++;
        restart_shut();
    } else if (want == UNKNOWN) {
        opens(A01);
        shuts(A01);
    }
}

static void bring_about(enum state want)
{
    setup();
    if (want == NOT_KNOWN) {
        return;
    }
    announce("X1", CODE, 0);
    grant("X1", FRIENDS_CODE, "7777");
    if (want == RETURNED) {
        cancel("X1");
    } else if (want == AT_WINDOW || want == WITH_COURIER || want == COLLECTED) {
        desk(LK_ADMIN_RECEIVE, "X1", LK_ACTOR_CLERK);
    } else if (want != EXPECTED) {
        put_in();
        befall(want);
    }
    if (want == WITH_COURIER) {
        desk(LK_ADMIN_SEND, "X1", LK_ACTOR_CLERK);
    } else if (want == COLLECTED) {
        desk(LK_ADMIN_HAND_OVER, "X1", LK_ACTOR_CLERK);
    }
    CHECK_STR(lk_custody_name(custody("X1")), lk_custody_name(states[want].custody));
    wait_ms(1000);
}

/* --- what citizens do --------------------------------------------------------------------------------------------- */

static enum lk_reason show_code(enum lk_actor who)
{
    code(who == LK_ACTOR_DELEGATE ? FRIENDS_CODE : CODE);
    return answer();
}

/* Up to the open door. */
static enum lk_reason open_it(enum lk_actor who)
{
    enum lk_reason reason = show_code(who);
    if (reason == LK_REASON_NONE) {
        opens(A01);
    }
    return reason;
}

static enum lk_reason act_pick_up(enum lk_actor who)
{
    enum lk_reason reason = open_it(who);
    if (reason == LK_REASON_NONE) {
        shuts(A01);
    }
    return reason;
}

static enum lk_reason say(enum lk_actor who, enum lk_button button)
{
    enum lk_reason reason = open_it(who);
    if (reason == LK_REASON_NONE) {
        press(button);
        reason = answer();
    }
    if (reason == LK_REASON_NONE && button == LK_BUTTON_REFUSE) {
        press(LK_BUTTON_CONFIRM);
        reason = answer();
    }
    if (reason == LK_REASON_NONE) {
        shuts(A01);
    }
    return reason;
}

static enum lk_reason act_refuse(enum lk_actor who)
{
    return say(who, LK_BUTTON_REFUSE);
}

static enum lk_reason act_not_mine(enum lk_actor who)
{
    return say(who, LK_BUTTON_NOT_MINE);
}

static enum lk_reason act_nothing_inside(enum lk_actor who)
{
    return say(who, LK_BUTTON_NOTHING_INSIDE);
}

static enum lk_reason say_later(enum lk_actor who, enum lk_button button)
{
    enum lk_reason reason = act_pick_up(who);
    if (reason == LK_REASON_NONE) {
        press(button);
        reason = answer();
    }
    return reason;
}

static enum lk_reason act_not_mine_later(enum lk_actor who)
{
    return say_later(who, LK_BUTTON_NOT_MINE);
}

static enum lk_reason act_nothing_later(enum lk_actor who)
{
    return say_later(who, LK_BUTTON_NOTHING_INSIDE);
}

static enum lk_reason act_still_inside(enum lk_actor who)
{
    return say_later(who, LK_BUTTON_STILL_INSIDE);
}

static enum lk_reason act_extend(enum lk_actor who)
{
    press(LK_BUTTON_MORE_TIME);
    return show_code(who);
}

#define BY(actor) (1U << LK_ACTOR_##actor)
#define BOTH      (BY(RECIPIENT) | BY(DELEGATE))

/* From an item that is theirs to take. */
static const struct act {
    const char *name;
    enum lk_reason (*run)(enum lk_actor who);
    unsigned actors;
    enum lk_custody from, to; /* of the last change; equal: nothing changes hands */
    enum lk_event_type event;
} acts[] = {
    {"pick up", act_pick_up, BOTH, LK_CUSTODY_IN_LOCKER, LK_CUSTODY_COLLECTED, LK_EV_ITEM_COLLECTED},
    {"refuse", act_refuse, BY(RECIPIENT), LK_CUSTODY_IN_LOCKER, LK_CUSTODY_IN_LOCKER, LK_EV_ITEM_REJECTED},
    {"not mine", act_not_mine, BOTH, LK_CUSTODY_IN_LOCKER, LK_CUSTODY_UNKNOWN, LK_EV_ITEM_DISPUTED},
    {"nothing inside", act_nothing_inside, BOTH, LK_CUSTODY_IN_LOCKER, LK_CUSTODY_UNKNOWN, LK_EV_ITEM_DISPUTED},
    {"not mine, later", act_not_mine_later, BOTH, LK_CUSTODY_COLLECTED, LK_CUSTODY_UNKNOWN, LK_EV_ITEM_DISPUTED},
    {"nothing inside, later", act_nothing_later, BOTH, LK_CUSTODY_COLLECTED, LK_CUSTODY_UNKNOWN, LK_EV_ITEM_DISPUTED},
    {"still inside", act_still_inside, BOTH, LK_CUSTODY_COLLECTED, LK_CUSTODY_COLLECTED, LK_EVENT_TYPES},
    {"more time", act_extend, BOTH, LK_CUSTODY_IN_LOCKER, LK_CUSTODY_IN_LOCKER, LK_EV_ITEM_UPDATED},
};

/* --- the triples -------------------------------------------------------------------------------------------------- */

static void check_done(const struct act *act, enum lk_actor who)
{
    CHECK_STR(lk_custody_name(custody("X1")), lk_custody_name(act->to));
    CHECK_INT(count_fx(LK_FX_ITEM_CUSTODY), act->from != act->to);
    const struct lk_event *e = act->event == LK_EVENT_TYPES ? NULL : find_event(act->event);
    if (act->event == LK_EVENT_TYPES) {
        CHECK_INT(count_fx(LK_FX_PULSE), 1); /* still inside: the door opens again, and that is all */
        return;
    }
    CHECK(e != NULL);
    CHECK_STR(e->item, "X1");
    CHECK_INT(e->actor, who);
    CHECK_INT(e->to, act->from != act->to ? act->to : LK_CUSTODY_NONE);
    CHECK_INT(e->from, act->from != act->to ? act->from : LK_CUSTODY_NONE);
}

static void check_refused(enum state from, enum lk_reason is, enum lk_reason should)
{
    CHECK(is != LK_REASON_NONE);
    CHECK(lk_reason_name(is) != NULL && lk_reason_name(is)[0] != '\0');
    CHECK_STR(lk_reason_name(is), lk_reason_name(should));
    CHECK_STR(lk_custody_name(custody("X1")), lk_custody_name(states[from].custody));
    CHECK_INT(count_fx(LK_FX_ITEM_CUSTODY) + count_fx(LK_FX_PULSE) + count_fx(LK_FX_INTENT_ADD), 0);
}

/* More time needs no door: only where the item is counts. */
static enum lk_reason refusal_of(const struct act *act, enum state from)
{
    return act->run == act_extend && !states[from].gone ? LK_REASON_NONE : states[from].refused;
}

static void try_out(enum state from, const struct act *act, enum lk_actor who)
{
    bring_about(from);
    enum lk_reason should = refusal_of(act, from);
    bool may = (act->actors & 1U << who) != 0;
    enum lk_reason is = act->run(who);
    if ((is == LK_REASON_NONE) != (should == LK_REASON_NONE && may)) {
        printf("# %s, %s, %s: %s\n", states[from].name, act->name, lk_actor_name(who), lk_reason_name(is));
    }
    if (should == LK_REASON_NONE && may) {
        CHECK_INT(is, LK_REASON_NONE);
        check_done(act, who);
    } else {
        check_refused(from, is, should != LK_REASON_NONE ? should : LK_REASON_NOT_NOW);
    }
}

CASE(every_state_act_and_person)
{
    unsigned done = 0;
    for (int s = 0; s < STATES; s++) {
        for (size_t a = 0; a < LK_ARRAY_SIZE(acts); a++) {
            for (size_t p = 0; p < LK_ARRAY_SIZE(persons); p++) {
                try_out((enum state)s, &acts[a], persons[p]);
                done++;
            }
        }
    }
    CHECK_INT(done, 256);
}

CASE(every_custody_is_tried)
{
    unsigned seen = 0;
    for (int s = 0; s < STATES; s++) {
        seen |= 1U << states[s].custody;
    }
    CHECK_INT(seen, (1U << LK_CUSTODIES) - 1);
}

/* Every change that the table of the core allows to a citizen is one of those above, or part of a drop-off. */
CASE(no_change_of_a_citizen_is_left_out)
{
    for (int f = 0; f < LK_CUSTODIES; f++) {
        for (int t = 0; t < LK_CUSTODIES; t++) {
            enum lk_custody from = (enum lk_custody)f, to = (enum lk_custody)t;
            bool known = (from == LK_CUSTODY_NONE && to == LK_CUSTODY_EXPECTED) ||
                         (from == LK_CUSTODY_EXPECTED && (to == LK_CUSTODY_IN_LOCKER || to == LK_CUSTODY_RETURNED));
            for (size_t a = 0; a < LK_ARRAY_SIZE(acts); a++) {
                known = known || (from != to && acts[a].from == from && acts[a].to == to);
            }
            CHECK_INT(lk_custody_allowed(from, to, LK_ACTOR_RECIPIENT), known);
        }
    }
}

/* --- leaving something for the office ----------------------------------------------------------------------------- */

CASE(a_drop_off_is_born_and_put_in_by_its_citizen)
{
    setup();
    int door = begin_drop_off("D1");
    const struct lk_event *born = find_event(LK_EV_ITEM_EXPECTED);
    CHECK(born != NULL);
    CHECK_INT(born->actor, LK_ACTOR_RECIPIENT);
    CHECK_STR(born->case_id, "C9");
    opens(door);
    shuts(door);
    const struct lk_event *put = find_event(LK_EV_ITEM_DEPOSITED);
    CHECK(put != NULL);
    CHECK_INT(put->actor, LK_ACTOR_RECIPIENT);
    CHECK_STR(shown().receipt, "D1");
    CHECK_INT(custody("D1"), LK_CUSTODY_IN_LOCKER);
}

CASE(nothing_of_a_citizen_is_done_with_a_drop_off)
{
    setup();
    CHECK_INT(drop_off("D1"), A01);
    CHECK(!model_store_has_secret(&bench.store, "D1"));
    struct lk_input in = input(LK_IN_SCAN); /* its receipt number under the scanner */
    in.scan = LK_SCAN_ITEM;
    (void)lk_text_copy(in.text, sizeof(in.text), "D1");
    facts(&in, model_store_item(&bench.store, "D1"));
    ask(in);
    CHECK_INT(answer(), LK_REASON_UNKNOWN_BARCODE);
    CHECK_INT(count_fx(LK_FX_PULSE), 0);
}

int main(int argc, char **argv)
{
    static const struct check_case cases[] = {
        NAMED(every_state_act_and_person),
        NAMED(every_custody_is_tried),
        NAMED(no_change_of_a_citizen_is_left_out),
        NAMED(a_drop_off_is_born_and_put_in_by_its_citizen),
        NAMED(nothing_of_a_citizen_is_done_with_a_drop_off),
    };
    return check_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
