/* The laws that the core carries, each as a case that fails when it is broken. */
#include "bench.h"

enum { CODE = 11112222, TOKEN = 999, OTHER_CODE = 33334444 };

/* --- law 1: intent first -------------------------------------------------------------------------------------------
 */

CASE(law_1_intent_before_pulse)
{
    setup();
    stock("X1", CODE, TOKEN);
    code(CODE);
    unsigned intent = 0, pulse = 0;
    for (unsigned i = 0; i < bench.fx.count; i++) {
        intent = bench.fx.at[i].kind == LK_FX_INTENT_ADD ? i + 1 : intent;
        pulse = bench.fx.at[i].kind == LK_FX_PULSE ? i + 1 : pulse;
    }
    CHECK(intent > 0 && intent < pulse);
    CHECK_INT(find_fx(LK_FX_PULSE)->intent, find_fx(LK_FX_INTENT_ADD)->intent);
    CHECK_STR(find_fx(LK_FX_INTENT_ADD)->item.id, "X1");
    CHECK_INT(find_fx(LK_FX_INTENT_ADD)->actor, LK_ACTOR_RECIPIENT);
}

CASE(law_1_a_restart_never_pulses)
{
    static const enum lk_sense found[] = {LK_SENSE_OPEN, LK_SENSE_CLOSED};
    for (int i = 0; i < 2; i++) {
        setup();
        int door = stock("X1", CODE, TOKEN);
        code(CODE);
        uint64_t next = bench.store.next_intent;
        boot();
        CHECK_INT(count_fx(LK_FX_PULSE), 0);
        board(0, LK_BANK_READY);
        CHECK_INT(count_fx(LK_FX_PULSE), 0);
        sense(door, found[i]);
        CHECK_INT(count_fx(LK_FX_PULSE), 0);
        CHECK_INT(bench.store.next_intent, next);
        CHECK_INT(find_fx(LK_FX_INTENT_SETTLE)->outcome, i == 0 ? LK_OUTCOME_OPENED : LK_OUTCOME_UNKNOWN);
    }
}

CASE(law_1_a_retry_is_a_new_intent)
{
    setup();
    stock("X1", CODE, TOKEN);
    code(CODE);
    uint64_t first = find_fx(LK_FX_PULSE)->intent;
    report(A01, LK_PULSE_ECHOED);
    wait_ms(5000);
    press(LK_BUTTON_RETRY);
    CHECK_INT(find_fx(LK_FX_PULSE)->intent, first + 1);
    CHECK_INT(find_fx(LK_FX_INTENT_FINISH)->intent, first);
    wait_ms(40000);
    press(LK_BUTTON_RETRY);
    CHECK_INT(answer(), LK_REASON_NOT_NOW);
}

/* --- law 2: acknowledged is not opened -----------------------------------------------------------------------------
 */

CASE(law_2_an_echo_opens_nothing)
{
    setup();
    stock("X1", CODE, TOKEN);
    code(CODE);
    report(A01, LK_PULSE_ECHOED);
    CHECK_INT(bench.core.door[A01].state, LK_DOOR_PULSING);
    CHECK_INT(count_fx(LK_FX_INTENT_SETTLE), 0);
    wait_ms(4000);
    CHECK_INT(bench.core.door[A01].state, LK_DOOR_JAMMED);
    CHECK_INT(custody("X1"), LK_CUSTODY_IN_LOCKER);
}

CASE(law_2_no_data_is_unknown)
{
    setup();
    stock("X1", CODE, TOKEN);
    board(0, LK_BANK_LOST);
    for (int i = A01; i <= A05; i++) {
        CHECK_INT(bench.core.door[i].state, LK_DOOR_LOST);
    }
    CHECK_INT(bench.core.door[B01].state, LK_DOOR_CLOSED);
    code(CODE);
    CHECK_INT(answer(), LK_REASON_DOOR_UNREACHABLE);
    CHECK_INT(lk_custody_allowed(LK_CUSTODY_IN_LOCKER, LK_CUSTODY_UNKNOWN, LK_ACTOR_SYSTEM), 1);
    boot();
    CHECK_INT(bench.core.door[A01].state, LK_DOOR_UNKNOWN);
    code(CODE);
    CHECK_INT(answer(), LK_REASON_DOOR_UNREACHABLE);
}

CASE(law_2_found_shut_is_a_doubt_the_same_person_proves)
{
    setup();
    stock("X1", CODE, TOKEN);
    code(CODE);
    board(0, LK_BANK_LOST);
    board(0, LK_BANK_READY);
    shuts(A01);
    CHECK_INT(custody("X1"), LK_CUSTODY_IN_LOCKER);
    CHECK_INT(bench.core.door[A01].doubt_purpose, LK_PURPOSE_PICKUP);
    code(CODE);
    opens(A01);
    shuts(A01);
    CHECK_INT(custody("X1"), LK_CUSTODY_COLLECTED);
    CHECK_INT(bench.core.door[A01].doubt_purpose, LK_PURPOSE_NONE);
}

CASE(law_2_a_doubt_ends_in_unknown)
{
    setup();
    stock("X1", CODE, TOKEN);
    code(CODE);
    restart();
    shuts(A01);
    wait_ms(bench.cfg.doubt_grace_ms - 1);
    CHECK_INT(custody("X1"), LK_CUSTODY_IN_LOCKER);
    wait_ms(1);
    CHECK_INT(custody("X1"), LK_CUSTODY_UNKNOWN);
    CHECK_INT(bench.core.door[A01].use, LK_USE_BLOCKED);
}

CASE(law_2_a_doubt_waits_while_somebody_proves_it)
{
    setup();
    stock("X1", CODE, TOKEN);
    code(CODE);
    restart();
    shuts(A01);
    wait_ms(bench.cfg.doubt_grace_ms - 100);
    code(CODE);
    opens(A01);
    wait_ms(10000); /* past the grace, the door still open */
    CHECK_INT(custody("X1"), LK_CUSTODY_IN_LOCKER);
    CHECK(lk_core_next_at_ms(&bench.cfg, &bench.core) > bench.now_ms);
    shuts(A01);
    CHECK_INT(custody("X1"), LK_CUSTODY_COLLECTED);
}

CASE(law_2_a_doubt_is_not_proved_by_others)
{
    setup();
    stock("X1", CODE, TOKEN);
    sign_in(LK_ACTOR_CLERK);
    press(LK_BUTTON_RECALL);
    press_recall("X1");
    restart();
    shuts(A01);
    code(CODE);
    CHECK_INT(answer(), LK_REASON_OUTCOME_UNPROVEN);
    cancel("X1");
    CHECK_INT(find_fx(LK_FX_COMMAND)->reason, LK_REASON_DOOR_BUSY);
}

CASE(law_2_a_jam_nobody_watched_is_a_doubt)
{
    setup();
    stock("X1", CODE, TOKEN);
    code(CODE);
    report(A01, LK_PULSE_ECHOED);
    wait_ms(5000);
    board(0, LK_BANK_LOST);
    board(0, LK_BANK_READY);
    shuts(A01);
    CHECK_INT(bench.core.door[A01].doubt_purpose, LK_PURPOSE_PICKUP);
}

/* --- law 3: never the wrong door -----------------------------------------------------------------------------------
 */

CASE(law_3_another_door_stops_the_bank)
{
    setup();
    stock("X1", CODE, TOKEN);
    code(CODE);
    report(A01, LK_PULSE_ECHOED);
    opens(A02);
    CHECK(find_event(LK_EV_DOOR_WRONG) != NULL);
    CHECK(find_event(LK_EV_DOOR_WRONG)->alarm);
    CHECK_INT(find_event(LK_EV_DOOR_WRONG)->expected_door, A01);
    CHECK(bench.core.bank[0].stopped_by_us);
    shuts(A02);
    wait_ms(60000);
    code(CODE);
    CHECK_INT(answer(), LK_REASON_BANK_STOPPED);
    restart();
    shuts(A01);
    CHECK(bench.core.bank[0].stopped_by_us);
    shuts(B01);
    admin(LK_ADMIN_OPEN, B01, LK_ACTOR_MAINTENANCE);
    CHECK_INT(count_fx(LK_FX_PULSE), 1);
}

CASE(law_3_a_waiting_pulse_keeps_watch)
{
    setup();
    stock("X1", CODE, TOKEN);
    code(CODE);
    bench.now_ms += bench.cfg.wrong_door_ms + 1; /* no report yet: it may wait for its supply */
    opens(A02);
    CHECK(find_event(LK_EV_DOOR_WRONG) != NULL);
}

CASE(law_3_another_bank_goes_on)
{
    setup();
    stock("X1", CODE, TOKEN);
    code(CODE);
    opens(B01);
    CHECK(find_event(LK_EV_DOOR_FORCED) != NULL);
    CHECK(!bench.core.bank[0].stopped_by_us);
    CHECK(!bench.core.bank[1].stopped_by_us);
}

CASE(law_3_a_report_for_an_older_intent_is_nobodys)
{
    setup();
    stock("X1", CODE, TOKEN);
    code(CODE);
    struct lk_input late = input(LK_IN_PULSE_DONE);
    late.door = A01;
    late.intent = bench.core.door[A01].op.intent - 1;
    late.pulse = LK_PULSE_NOT_SENT;
    feed(late);
    CHECK_INT(bench.fx.count, 0);
    CHECK_INT(bench.core.door[A01].state, LK_DOOR_PULSING);
}

/* --- law 4: one custody --------------------------------------------------------------------------------------------
 */

CASE(law_4_a_change_and_its_event_are_one_step)
{
    setup();
    stock("X1", CODE, TOKEN);
    code(CODE);
    opens(A01);
    CHECK_INT(count_fx(LK_FX_ITEM_CUSTODY), 0);
    shuts(A01);
    CHECK_INT(count_fx(LK_FX_ITEM_CUSTODY), 1);
    const struct lk_event *e = find_event(LK_EV_ITEM_COLLECTED);
    CHECK(e != NULL);
    CHECK_INT(e->from, LK_CUSTODY_IN_LOCKER);
    CHECK_INT(e->to, LK_CUSTODY_COLLECTED);
    CHECK_STR(e->item, "X1");
}

CASE(law_4_the_check_sees_a_change_without_event)
{
    setup();
    stock("X1", CODE, TOKEN);
    code(CODE);
    opens(A01);
    shuts(A01);
    for (unsigned i = 0; i < bench.fx.count; i++) {
        if (bench.fx.at[i].kind == LK_FX_EVENT && bench.fx.at[i].event.to != LK_CUSTODY_NONE) {
            bench.fx.at[i].event.to = LK_CUSTODY_NONE;
        }
    }
    CHECK(lk_core_check(&bench.cfg, &bench.before, &bench.core, &bench.fx) != NULL);
}

CASE(law_4_an_item_in_hand_follows_upstream)
{
    setup();
    announce("X1", CODE, TOKEN);
    bring("X1");
    cancel("X1");
    CHECK_INT(custody("X1"), LK_CUSTODY_RETURNED);
    press_size(LK_SIZE_S);
    CHECK_INT(answer(), LK_REASON_NOT_NOW);
}

CASE(law_4_an_item_has_one_birth)
{
    setup();
    bench.cfg.unknown_barcode = LK_BARCODE_ACCEPT;
    bring("N1");
    announce("N1", CODE, TOKEN);
    CHECK(find_event(LK_EV_ITEM_EXPECTED) != NULL);
    press_size(LK_SIZE_S);
    CHECK(find_event(LK_EV_ITEM_EXPECTED) == NULL);
    CHECK_INT(count_fx(LK_FX_ITEM_PUT), 0);
}

CASE(law_4_larger_moves_it_never_doubles_it)
{
    setup();
    announce("X1", CODE, TOKEN);
    bring("X1");
    press_size(LK_SIZE_S);
    opens(A01);
    press(LK_BUTTON_LARGER);
    CHECK_STR(bench.core.door[A01].item, "");
    CHECK_STR(bench.core.door[A04].item, "X1");
    opens(A04);
    shuts(A01);
    CHECK_INT(bench.core.door[A01].use, LK_USE_FREE);
    CHECK_INT(custody("X1"), LK_CUSTODY_EXPECTED);
    shuts(A04);
    CHECK_INT(custody("X1"), LK_CUSTODY_IN_LOCKER);
    CHECK_INT(model_store_item(&bench.store, "X1")->door, A04);
}

CASE(law_4_settled_only_behind_a_shut_door)
{
    setup();
    stock("X1", CODE, TOKEN);
    opens(A01);
    CHECK_INT(custody("X1"), LK_CUSTODY_UNKNOWN);
    settle("X1", LK_CUSTODY_IN_LOCKER, LK_ACTOR_MAINTENANCE);
    CHECK_INT(answer(), LK_REASON_DOOR_OPEN);
    shuts(A01);
    settle("X1", LK_CUSTODY_IN_LOCKER, LK_ACTOR_COURIER);
    CHECK_INT(answer(), LK_REASON_NOT_ALLOWED);
    settle("X1", LK_CUSTODY_IN_LOCKER, LK_ACTOR_CLERK);
    CHECK_INT(custody("X1"), LK_CUSTODY_IN_LOCKER);
}

/* --- law 7: a command acts at most once ----------------------------------------------------------------------------
 */

CASE(law_7_every_command_is_remembered_once)
{
    setup();
    announce("X1", CODE, TOKEN);
    CHECK_INT(count_fx(LK_FX_COMMAND), 1);
    announce("X1", CODE, TOKEN);
    CHECK_INT(count_fx(LK_FX_COMMAND), 1);
    CHECK_INT(find_fx(LK_FX_COMMAND)->reason, LK_REASON_ITEM_EXISTS);
    CHECK(find_event(LK_EV_ACCESS_COMMAND_REFUSED) != NULL);
    cancel("X9");
    CHECK_INT(find_fx(LK_FX_COMMAND)->reason, LK_REASON_NO_SUCH_ITEM);
    feed(command(LK_CMD_STATUS_GET));
    CHECK_INT(find_fx(LK_FX_COMMAND)->result, LK_RESULT_OK);
}

CASE(law_7_a_remote_open_is_answered_once)
{
    setup();
    remote_open(A02);
    CHECK_INT(find_fx(LK_FX_COMMAND)->result, LK_RESULT_PENDING);
    report(A02, LK_PULSE_ECHOED);
    wait_ms(5000);
    CHECK_INT(model_store_command(&bench.store, "j1")->result, LK_RESULT_FAILED);
    opens(A02); /* late: told as an event, not as a second answer */
    CHECK_INT(count_fx(LK_FX_COMMAND), 0);
    CHECK(find_event(LK_EV_DOOR_OPENED) != NULL);
}

CASE(law_7_the_answer_survives_a_restart)
{
    setup();
    remote_open(A02);
    board(0, LK_BANK_LOST);
    CHECK_INT(model_store_command(&bench.store, "j1")->result, LK_RESULT_PENDING);
    restart();
    opens(A02);
    CHECK_INT(model_store_command(&bench.store, "j1")->result, LK_RESULT_OK);
    restart();
    shuts(A02);
    CHECK_INT(count_fx(LK_FX_COMMAND), 0);
}

CASE(law_7_a_jam_that_gives_way_after_a_restart_is_no_second_answer)
{
    setup();
    remote_open(A02);
    report(A02, LK_PULSE_ECHOED);
    wait_ms(5000);
    CHECK_INT(model_store_command(&bench.store, "j1")->result, LK_RESULT_FAILED);
    restart();
    opens(A02);
    CHECK(find_event(LK_EV_DOOR_OPENED) != NULL);
    CHECK_INT(count_fx(LK_FX_COMMAND), 0);
}

CASE(law_7_remote_opens_are_capped)
{
    setup();
    for (int i = 0; i < 3; i++) {
        remote_open(A02);
        opens(A02);
        shuts(A02);
    }
    remote_open(A02);
    CHECK_INT(find_fx(LK_FX_COMMAND)->reason, LK_REASON_REMOTE_LIMIT);
    for (int i = 3; i < 10; i++) {
        wait_ms(bench.cfg.remote_short_ms);
        remote_open(A02);
        CHECK_INT(count_fx(LK_FX_PULSE), 1);
        opens(A02);
        shuts(A02);
    }
    wait_ms(bench.cfg.remote_short_ms);
    remote_open(A02);
    CHECK_INT(find_fx(LK_FX_COMMAND)->reason, LK_REASON_REMOTE_LIMIT);
    restart();
    shuts(A02);
    wait_ms(bench.cfg.remote_short_ms);
    remote_open(A02);
    CHECK_INT(find_fx(LK_FX_COMMAND)->reason, LK_REASON_REMOTE_LIMIT);
    wait_ms(86400000);
    remote_open(A02);
    CHECK_INT(count_fx(LK_FX_PULSE), 1);
}

/* --- law 8: a code opens only its own item's door ------------------------------------------------------------------
 */

CASE(law_8_own_door_only)
{
    setup();
    int first = stock("X1", CODE, TOKEN), second = stock("X2", OTHER_CODE, TOKEN + 1);
    CHECK(first != second);
    code(OTHER_CODE);
    CHECK_INT(find_fx(LK_FX_PULSE)->door, second);
    opens(second);
    shuts(second);
    qr(TOKEN);
    CHECK_INT(find_fx(LK_FX_PULSE)->door, first);
}

CASE(law_8_collected_never_again)
{
    setup();
    stock("X1", CODE, TOKEN);
    code(CODE);
    opens(A01);
    shuts(A01);
    CHECK_INT(count_fx(LK_FX_SECRET_KILL), 1);
    code(CODE);
    CHECK_INT(answer(), LK_REASON_ALREADY_COLLECTED);
    qr(TOKEN);
    CHECK_INT(answer(), LK_REASON_ALREADY_COLLECTED);
    CHECK_INT(count_fx(LK_FX_PULSE), 0);
}

CASE(law_8_a_dead_code_is_a_wrong_code)
{
    setup();
    stock("X1", CODE, TOKEN);
    struct lk_input in = input(LK_IN_CODE);
    in.well_formed = true;
    facts(&in, model_store_item(&bench.store, "X1"));
    in.code_live = false; /* replaced by a newer one */
    ask(in);
    CHECK_INT(answer(), LK_REASON_WRONG_CODE);
    CHECK_INT(bench.core.lockout.tries, 1);
}

CASE(law_8_scans_neither_count_nor_reset)
{
    setup();
    stock("X1", CODE, TOKEN);
    for (int i = 0; i < 4; i++) {
        code(1);
    }
    badge(LK_ACTOR_SYSTEM);
    qr(5);
    CHECK_INT(bench.core.lockout.tries, 4);
    qr(TOKEN);
    CHECK_INT(count_fx(LK_FX_PULSE), 1);
    CHECK_INT(bench.core.lockout.tries, 4);
    opens(A01);
    code(CODE); /* the door is open already: nothing new was opened */
    CHECK_INT(bench.core.lockout.tries, 4);
    badge(LK_ACTOR_COURIER);
    CHECK_INT(bench.core.lockout.tries, 4);
}

CASE(law_8_a_badge_does_not_end_a_lockout)
{
    setup();
    for (int i = 0; i < 5; i++) {
        code(1);
    }
    int64_t until_ms = bench.core.lockout.until_at_ms;
    badge(LK_ACTOR_SYSTEM);
    CHECK_INT(bench.core.lockout.until_at_ms, until_ms);
    CHECK_INT(bench.store.lock_ms, bench.cfg.lockout_first_ms);
}

/* --- law 10: one dead thing stops nothing else ---------------------------------------------------------------------
 */

CASE(law_10_a_dead_board_stops_only_its_doors)
{
    setup();
    board(0, LK_BANK_LOST);
    announce("X1", CODE, TOKEN);
    bring("X1");
    press_size(LK_SIZE_S);
    CHECK_INT(find_fx(LK_FX_PULSE)->door, B01);
    opens(B01);
    shuts(B01);
    press(LK_BUTTON_SIGN_OUT);
    board(0, LK_BANK_READY);
    board(0, LK_BANK_LOST);
    code(CODE);
    opens(B01);
    shuts(B01);
    CHECK_INT(custody("X1"), LK_CUSTODY_COLLECTED);
}

CASE(law_10_an_open_door_does_not_keep_others_out)
{
    setup();
    stock("X1", CODE, TOKEN);
    int second = stock("X2", OTHER_CODE, TOKEN + 1);
    code(CODE);
    opens(A01);
    code(OTHER_CODE);
    CHECK_INT(find_fx(LK_FX_PULSE)->door, second);
    shuts(A01);
    CHECK_INT(custody("X1"), LK_CUSTODY_COLLECTED);
}

/* --- law 11: a wrong clock may lengthen, never shorten -------------------------------------------------------------
 */

CASE(law_11_the_calendar_decides_nothing)
{
    setup();
    for (int i = 0; i < 5; i++) {
        code(1);
    }
    struct lk_input in = input(LK_IN_TICK);
    in.wall_s = INT64_MAX / 2;
    feed(in);
    CHECK(bench.core.lockout.until_at_ms > bench.now_ms);
}

CASE(law_11_a_restart_starts_deadlines_anew)
{
    setup();
    for (int i = 0; i < 5; i++) {
        code(1);
    }
    wait_ms(59000);
    restart();
    CHECK_INT(bench.core.lockout.until_at_ms, bench.now_ms + bench.cfg.lockout_first_ms);
    setup();
    stock("X1", CODE, TOKEN);
    code(CODE);
    restart();
    shuts(A01);
    wait_ms(bench.cfg.doubt_grace_ms - 1000);
    restart();
    shuts(A01);
    wait_ms(bench.cfg.doubt_grace_ms - 1000);
    CHECK_INT(custody("X1"), LK_CUSTODY_IN_LOCKER);
}

int main(int argc, char **argv)
{
    static const struct check_case cases[] = {
        NAMED(law_1_intent_before_pulse),
        NAMED(law_1_a_restart_never_pulses),
        NAMED(law_1_a_retry_is_a_new_intent),
        NAMED(law_2_an_echo_opens_nothing),
        NAMED(law_2_no_data_is_unknown),
        NAMED(law_2_found_shut_is_a_doubt_the_same_person_proves),
        NAMED(law_2_a_doubt_ends_in_unknown),
        NAMED(law_2_a_doubt_waits_while_somebody_proves_it),
        NAMED(law_2_a_doubt_is_not_proved_by_others),
        NAMED(law_2_a_jam_nobody_watched_is_a_doubt),
        NAMED(law_3_another_door_stops_the_bank),
        NAMED(law_3_a_waiting_pulse_keeps_watch),
        NAMED(law_3_another_bank_goes_on),
        NAMED(law_3_a_report_for_an_older_intent_is_nobodys),
        NAMED(law_4_a_change_and_its_event_are_one_step),
        NAMED(law_4_the_check_sees_a_change_without_event),
        NAMED(law_4_an_item_in_hand_follows_upstream),
        NAMED(law_4_an_item_has_one_birth),
        NAMED(law_4_larger_moves_it_never_doubles_it),
        NAMED(law_4_settled_only_behind_a_shut_door),
        NAMED(law_7_every_command_is_remembered_once),
        NAMED(law_7_a_remote_open_is_answered_once),
        NAMED(law_7_the_answer_survives_a_restart),
        NAMED(law_7_a_jam_that_gives_way_after_a_restart_is_no_second_answer),
        NAMED(law_7_remote_opens_are_capped),
        NAMED(law_8_own_door_only),
        NAMED(law_8_collected_never_again),
        NAMED(law_8_a_dead_code_is_a_wrong_code),
        NAMED(law_8_scans_neither_count_nor_reset),
        NAMED(law_8_a_badge_does_not_end_a_lockout),
        NAMED(law_10_a_dead_board_stops_only_its_doors),
        NAMED(law_10_an_open_door_does_not_keep_others_out),
        NAMED(law_11_the_calendar_decides_nothing),
        NAMED(law_11_a_restart_starts_deadlines_anew),
    };
    return check_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
