/* The citizens' stories in detail: second factor, disputes, refusal, rating, more time. */
#include "person-words.h"
#include "staff-words.h"

#include "core/trace.h"

enum { CODE = 11112222, OTHER_CODE = 33334444, TOKEN = 999, ZHANG = 51234 };

static void tell_upstreams(enum lk_command_kind kind, const char *id)
{
    struct lk_input in = command(kind);
    (void)lk_text_copy(in.command.item.id, sizeof(in.command.item.id), id);
    facts(&in, model_store_item(&bench.store, id));
    in.code_live = model_store_has_secret(&bench.store, id);
    in.secret = model_secret(OTHER_CODE, 0);
    feed(in);
    CHECK_INT(find_fx(LK_FX_COMMAND)->result, LK_RESULT_OK);
}

/* --- the second factor -------------------------------------------------------------------------------------------- */

CASE(law_8_the_code_alone_opens_nothing)
{
    setup();
    CHECK_INT(stock_for("X1", CODE, ZHANG, true), A01);
    code(CODE);
    CHECK_INT(answer(), LK_REASON_NONE);
    CHECK_INT(count_fx(LK_FX_PULSE), 0);
    CHECK_INT(shown().screen, LK_SCREEN_SECOND);
    CHECK_INT(shown().tail, 1);
    CHECK_STR(shown().door, "");
    second("1234");
    CHECK_INT(find_fx(LK_FX_PULSE)->door, A01);
    CHECK_INT(shown().tail, 0);
}

CASE(law_8_a_wrong_tail_is_a_wrong_try)
{
    setup();
    (void)stock_for("X1", CODE, ZHANG, true);
    for (unsigned i = 1; i < bench.cfg.lockout_tries; i++) {
        code(CODE);
        second("9999");
        CHECK_INT(answer(), LK_REASON_WRONG_TAIL);
        CHECK_INT(bench.core.lockout.tries, i);
        second("1234"); /* the code was not shown again */
        CHECK_INT(answer(), LK_REASON_NOT_NOW);
    }
    code(CODE);
    second("9999");
    CHECK_INT(answer(), LK_REASON_LOCKED_OUT);
    code(CODE);
    CHECK_INT(answer(), LK_REASON_LOCKED_OUT);
    CHECK_INT(count_fx(LK_FX_PULSE), 0);
}

CASE(law_8_a_locked_keypad_keeps_tails_out_but_no_plain_token)
{
    setup();
    int plain = stock("X2", 5, TOKEN);
    announce("X1", CODE, TOKEN + 1);
    struct lk_input in = command(LK_CMD_ITEM_UPDATE);
    (void)lk_text_copy(in.command.item.id, sizeof(in.command.item.id), "X1");
    in.command.item.second_factor = true;
    in.command.given = LK_GIVEN_SECOND_FACTOR | LK_GIVEN_PHONE;
    (void)lk_text_copy(in.command.item.phone_tail, sizeof(in.command.item.phone_tail), "1234");
    facts(&in, model_store_item(&bench.store, "X1"));
    in.code_live = true;
    feed(in);
    CHECK_INT(find_fx(LK_FX_COMMAND)->result, LK_RESULT_OK);
    bring("X1");
    press_size(LK_SIZE_M);
    opens(A04);
    shuts(A04);
    press(LK_BUTTON_SIGN_OUT);
    for (unsigned i = 0; i < bench.cfg.lockout_tries; i++) {
        code(1);
    }
    qr(TOKEN + 1);
    CHECK_INT(answer(), LK_REASON_LOCKED_OUT);
    qr(TOKEN);
    CHECK_INT(find_fx(LK_FX_PULSE)->door, plain);
}

CASE(not_four_digits_are_no_try)
{
    setup();
    (void)stock_for("X1", CODE, ZHANG, true);
    code(CODE);
    second("");
    CHECK_INT(answer(), LK_REASON_CODE_MALFORMED);
    CHECK_INT(shown().screen, LK_SCREEN_SECOND);
    CHECK_INT(shown().reason, LK_REASON_CODE_MALFORMED);
    CHECK_INT(bench.core.lockout.tries, 0);
    second("1234");
    CHECK_INT(count_fx(LK_FX_PULSE), 1);
}

CASE(what_is_not_known_cannot_be_asked_for)
{
    setup();
    (void)stock("X1", CODE, TOKEN);
    for (int i = 0; i < MODEL_ITEMS; i++) {
        bench.store.item[i].item.second_factor = true; /* a database of before: no tail was ever sent */
    }
    code(CODE);
    CHECK_INT(answer(), LK_REASON_NOT_ALLOWED);
    CHECK_INT(count_fx(LK_FX_PULSE), 0);
}

CASE(a_delegate_is_asked_for_their_own_tail)
{
    setup();
    (void)stock_for("X1", CODE, ZHANG, true);
    grant("X1", OTHER_CODE, "7777");
    code(OTHER_CODE);
    second("1234"); /* the recipient's */
    CHECK_INT(answer(), LK_REASON_WRONG_TAIL);
    code(OTHER_CODE);
    second("7777");
    CHECK_INT(find_fx(LK_FX_INTENT_ADD)->actor, LK_ACTOR_DELEGATE);
}

CASE(law_8_a_code_that_dies_while_its_tail_is_asked_for_opens_nothing)
{
    static const enum lk_command_kind kinds[] = {LK_CMD_ITEM_CANCEL, LK_CMD_CODE_REVOKE, LK_CMD_CODE_REISSUE};
    for (size_t i = 0; i < LK_ARRAY_SIZE(kinds); i++) {
        setup();
        (void)stock_for("X1", CODE, ZHANG, true);
        code(CODE);
        tell_upstreams(kinds[i], "X1");
        second("1234");
        CHECK_INT(answer(), LK_REASON_NOT_NOW);
        CHECK_INT(count_fx(LK_FX_PULSE), 0);
    }
}

CASE(law_8_the_tail_that_holds_is_the_one_upstream_knows_now)
{
    setup();
    (void)stock_for("X1", CODE, ZHANG, true);
    code(CODE);
    struct lk_input in = command(LK_CMD_ITEM_UPDATE);
    (void)lk_text_copy(in.command.item.id, sizeof(in.command.item.id), "X1");
    (void)lk_text_copy(in.command.item.phone_tail, sizeof(in.command.item.phone_tail), "5678");
    in.command.given = LK_GIVEN_PHONE;
    facts(&in, model_store_item(&bench.store, "X1"));
    in.code_live = true;
    feed(in);
    second("1234");
    CHECK_INT(answer(), LK_REASON_NOT_NOW);
    code(CODE);
    second("1234");
    CHECK_INT(answer(), LK_REASON_WRONG_TAIL);
    code(CODE);
    second("5678");
    CHECK_INT(count_fx(LK_FX_PULSE), 1);
}

CASE(an_item_lost_while_its_tail_is_asked_for_opens_for_nobody)
{
    setup();
    (void)stock_for("X1", CODE, ZHANG, true);
    code(CODE);
    opens(A01); /* forced */
    shuts(A01);
    second("1234");
    CHECK_INT(answer(), LK_REASON_DOOR_BLOCKED);
    CHECK_INT(count_fx(LK_FX_PULSE), 0);
}

/* --- disputes ----------------------------------------------------------------------------------------------------- */

CASE(what_was_said_survives_everything_but_a_change_of_mind)
{
    setup();
    (void)stock("X1", CODE, TOKEN);
    code(CODE);
    opens(A01);
    press(LK_BUTTON_NOT_MINE);
    CHECK_INT(shown().screen, LK_SCREEN_GIVE_BACK);
    CHECK_INT(shown().reason, LK_REASON_NOT_MINE);
    press(LK_BUTTON_DONE); /* the screen is left */
    code(CODE);            /* and comes back */
    CHECK_INT(shown().screen, LK_SCREEN_GIVE_BACK);
    wait_ms(bench.cfg.left_open_ms + bench.cfg.notice_ms);
    board(0, LK_BANK_LOST);
    board(0, LK_BANK_READY);
    restart();
    shuts(A01);
    CHECK_INT(custody("X1"), LK_CUSTODY_UNKNOWN);
    CHECK(find_event(LK_EV_ITEM_DISPUTED)->alarm);
    CHECK_INT(find_event(LK_EV_ITEM_DISPUTED)->reason, LK_REASON_NOT_MINE);
    CHECK_INT(bench.core.door[A01].blocked_for, LK_REASON_NOT_MINE);
}

CASE(nothing_can_be_said_twice)
{
    setup();
    (void)stock("X1", CODE, TOKEN);
    code(CODE);
    opens(A01);
    press(LK_BUTTON_NOTHING_INSIDE);
    CHECK_INT(shown().screen, LK_SCREEN_TAKE);
    CHECK_INT(shown().reason, LK_REASON_NOTHING_INSIDE);
    CHECK(!shown().button[LK_BUTTON_NOT_MINE]);
    CHECK(!shown().button[LK_BUTTON_REFUSE]);
    CHECK(shown().button[LK_BUTTON_BACK]);
    press(LK_BUTTON_BACK);
    CHECK_INT(shown().reason, LK_REASON_NONE);
    CHECK(!shown().button[LK_BUTTON_BACK]);
    shuts(A01);
    CHECK_INT(custody("X1"), LK_CUSTODY_COLLECTED);
}

CASE(nobody_disputes_what_others_had_in_hand)
{
    setup();
    (void)stock("X1", CODE, TOKEN);
    take_out("X1", CODE);
    CHECK(shown().button[LK_BUTTON_NOT_MINE]);
    wait_ms(1000);
    admin(LK_ADMIN_OPEN, A01, LK_ACTOR_MAINTENANCE);
    opens(A01);
    shuts(A01);
    CHECK_INT(shown().screen, LK_SCREEN_TAKEN);
    CHECK(!shown().button[LK_BUTTON_NOT_MINE]);
    CHECK(!shown().button[LK_BUTTON_NOTHING_INSIDE]);
    CHECK(!shown().button[LK_BUTTON_STILL_INSIDE]);
}

CASE(a_reopened_door_is_disputed_when_it_is_shut)
{
    setup();
    (void)stock("X1", CODE, TOKEN);
    take_out("X1", CODE);
    press(LK_BUTTON_OPEN_AGAIN);
    opens(A01);
    CHECK(!shown().button[LK_BUTTON_NOT_MINE]);
    CHECK(!shown().button[LK_BUTTON_REFUSE]);
    shuts(A01);
    press(LK_BUTTON_NOT_MINE);
    CHECK_INT(custody("X1"), LK_CUSTODY_UNKNOWN);
    CHECK_INT(find_fx(LK_FX_INTENT_ADD)->purpose, LK_PURPOSE_REOPEN);
    CHECK_INT(find_fx(LK_FX_INTENT_TURN)->reason, LK_REASON_NOT_MINE);
}

CASE(a_disputed_item_is_not_collected_again_by_its_code)
{
    setup();
    (void)stock("X1", CODE, TOKEN);
    take_out("X1", CODE);
    press(LK_BUTTON_NOTHING_INSIDE);
    settle("X1", LK_CUSTODY_IN_LOCKER, LK_ACTOR_CLERK); /* it was there, at the back */
    CHECK_INT(custody("X1"), LK_CUSTODY_IN_LOCKER);
    code(CODE); /* used up: upstream makes a new one */
    CHECK_INT(answer(), LK_REASON_WRONG_CODE);
    CHECK_INT(count_fx(LK_FX_PULSE), 0);
}

/* --- refusal, rating, more time ----------------------------------------------------------------------------------- */

CASE(law_8_a_refused_item_opens_for_nobody_with_a_code)
{
    setup();
    (void)stock("X1", CODE, TOKEN);
    grant("X1", OTHER_CODE, "");
    code(CODE);
    opens(A01);
    press(LK_BUTTON_REFUSE);
    press(LK_BUTTON_CONFIRM);
    shuts(A01);
    CHECK(!model_store_has_secret(&bench.store, "X1"));
    code(OTHER_CODE);
    CHECK_INT(answer(), LK_REASON_REJECTED);
    qr(TOKEN);
    CHECK_INT(answer(), LK_REASON_REJECTED);
    CHECK_INT(bench.core.lockout.tries, 0);
}

CASE(a_friend_refuses_nothing)
{
    static const uint64_t opener[] = {OTHER_CODE, CODE}, other[] = {CODE, OTHER_CODE};
    for (int i = 0; i < 2; i++) {
        setup();
        (void)stock("X1", CODE, TOKEN);
        grant("X1", OTHER_CODE, "");
        code(opener[i]);
        opens(A01);
        CHECK_INT(shown().button[LK_BUTTON_REFUSE], i == 1);
        code(other[i]); /* the other one of them, while the door stands open */
        CHECK_INT(shown().screen, LK_SCREEN_TAKE);
        CHECK(!shown().button[LK_BUTTON_REFUSE]);
    }
}

CASE(shut_while_it_was_asked_is_taken)
{
    setup();
    (void)stock("X1", CODE, TOKEN);
    code(CODE);
    opens(A01);
    press(LK_BUTTON_REFUSE);
    CHECK_INT(count_fx(LK_FX_INTENT_TURN), 0);
    shuts(A01);
    CHECK_INT(custody("X1"), LK_CUSTODY_COLLECTED);
    CHECK_INT(shown().screen, LK_SCREEN_TAKEN);
}

CASE(a_rating_is_one_tap_and_only_one)
{
    setup();
    (void)stock_for("X1", CODE, ZHANG, false);
    (void)stock_for("X2", CODE, ZHANG, false);
    take_out("X1", CODE);
    rate(5);
    CHECK_INT(answer(), LK_REASON_NOT_NOW); /* this site asks for none */
    bench.cfg.rating = true;
    int64_t left_ms = shown().left_ms;
    rate(0);
    CHECK_INT(answer(), LK_REASON_BAD_REQUEST);
    rate(6);
    CHECK_INT(answer(), LK_REASON_BAD_REQUEST);
    CHECK_INT(bench.store.by_type[LK_EV_ITEM_RATED], 0);
    rate(1);
    CHECK_INT(find_event(LK_EV_ITEM_RATED)->rating, 1);
    CHECK_STR(the_event(LK_EV_ITEM_RATED)->item, "X1");
    CHECK_INT(shown().left_ms, left_ms);
    rate(5);
    CHECK_INT(answer(), LK_REASON_NOT_NOW);
    press_my_next();
    opens(A02);
    shuts(A02);
    rate(5);
    CHECK_STR(the_event(LK_EV_ITEM_RATED)->item, "X2");
}

CASE(law_11_more_time_is_days_more_and_as_often_as_allowed)
{
    setup();
    (void)stock("X1", CODE, TOKEN);
    bench.cfg.extend_most = 2;
    for (int i = 0; i < 2; i++) {
        press(LK_BUTTON_MORE_TIME);
        code(CODE);
        CHECK_INT(find_fx(LK_FX_ITEM_EXTEND)->count, bench.cfg.extend_days);
        CHECK_INT(count_fx(LK_FX_PULSE), 0);
        CHECK_INT(shown().reason, LK_REASON_EXTENDED);
        press(LK_BUTTON_DONE);
    }
    press(LK_BUTTON_MORE_TIME);
    code(CODE);
    CHECK_INT(answer(), LK_REASON_EXTEND_LIMIT);
    code(CODE); /* and at home it opens */
    CHECK_INT(count_fx(LK_FX_PULSE), 1);
}

CASE(law_8_guessing_codes_for_more_time_is_guessing)
{
    setup();
    for (unsigned i = 0; i < bench.cfg.lockout_tries; i++) {
        press(LK_BUTTON_MORE_TIME);
        code(1);
        press(LK_BUTTON_DONE);
    }
    press(LK_BUTTON_MORE_TIME);
    code(CODE);
    CHECK_INT(answer(), LK_REASON_LOCKED_OUT);
}

/* --- law 12: nothing of a person in a trace ----------------------------------------------------------------------- */

static char told[8192];

static void collect_line(void *user, const char *line)
{
    struct lk_text *text = user;
    lk_text_addf(text, "%s\n", line);
}

static void traced(struct lk_input in, struct lk_text *text)
{
    ask(in);
    in.now_ms = bench.now_ms;
    lk_trace_step(&bench.cfg, &in, &bench.before, &bench.core, &bench.fx, collect_line, text);
}

CASE(law_12_no_tail_case_or_name_in_a_trace)
{
    setup();
    bench.cfg.dropoff = true;
    (void)stock_for("X1", CODE, ZHANG, true);
    for (int i = 0; i < MODEL_ITEMS; i++) {
        (void)lk_text_copy(bench.store.item[i].item.name, sizeof(bench.store.item[i].item.name), "Zhang**");
    }
    struct lk_text text = lk_text_init(told, sizeof(told));
    struct lk_input in = input(LK_IN_CODE);
    in.well_formed = true;
    model_store_look_up(&bench.store, CODE, false, &in);
    traced(in, &text);
    in = input(LK_IN_SECOND);
    (void)lk_text_copy(in.tail, sizeof(in.tail), "1234");
    traced(in, &text);
    CHECK_INT(count_fx(LK_FX_PULSE), 1);
    report(A01, LK_PULSE_NOT_SENT);
    press(LK_BUTTON_DONE);
    press(LK_BUTTON_DROP_OFF);
    in = input(LK_IN_CASE);
    (void)lk_text_copy(in.text, sizeof(in.text), "CASE77");
    (void)lk_text_copy(in.item.id, sizeof(in.item.id), "D1");
    traced(in, &text);
    in = input(LK_IN_BUTTON);
    in.button = LK_BUTTON_SIZE;
    in.size = LK_SIZE_M;
    traced(in, &text);
    CHECK(strstr(told, "four digits") != NULL && strstr(told, "item=D1") != NULL);
    CHECK(strstr(told, "1234") == NULL);
    CHECK(strstr(told, "11112222") == NULL);
    CHECK(strstr(told, "CASE77") == NULL);
    CHECK(strstr(told, "Zhang") == NULL);
}

int main(int argc, char **argv)
{
    static const struct check_case cases[] = {
        NAMED(law_8_the_code_alone_opens_nothing),
        NAMED(law_8_a_wrong_tail_is_a_wrong_try),
        NAMED(law_8_a_locked_keypad_keeps_tails_out_but_no_plain_token),
        NAMED(not_four_digits_are_no_try),
        NAMED(what_is_not_known_cannot_be_asked_for),
        NAMED(a_delegate_is_asked_for_their_own_tail),
        NAMED(law_8_a_code_that_dies_while_its_tail_is_asked_for_opens_nothing),
        NAMED(law_8_the_tail_that_holds_is_the_one_upstream_knows_now),
        NAMED(an_item_lost_while_its_tail_is_asked_for_opens_for_nobody),
        NAMED(what_was_said_survives_everything_but_a_change_of_mind),
        NAMED(nothing_can_be_said_twice),
        NAMED(nobody_disputes_what_others_had_in_hand),
        NAMED(a_reopened_door_is_disputed_when_it_is_shut),
        NAMED(a_disputed_item_is_not_collected_again_by_its_code),
        NAMED(law_8_a_refused_item_opens_for_nobody_with_a_code),
        NAMED(a_friend_refuses_nothing),
        NAMED(shut_while_it_was_asked_is_taken),
        NAMED(a_rating_is_one_tap_and_only_one),
        NAMED(law_11_more_time_is_days_more_and_as_often_as_allowed),
        NAMED(law_8_guessing_codes_for_more_time_is_guessing),
        NAMED(law_12_no_tail_case_or_name_in_a_trace),
    };
    return check_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
