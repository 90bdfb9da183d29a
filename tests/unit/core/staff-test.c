/* The staff's side of the core: where items are put, what lies together, second scans, rounds, the window, inspections.
 */
#include "person-words.h"
#include "staff-words.h"

enum { CODE = 11112222 };

static void hold(int door, bool held)
{
    bench.core.door[door].wiring_held = held;
    bench.store.door[door].wired = held ? 1 : 0;
}

/* The courier has X2 in hand, and X1 of its case lies in A01. */
static void ready_to_join(void)
{
    const struct lk_item one = of_one_case("X1"), other = of_one_case("X2");
    setup();
    announce_item(&one, 1);
    CHECK_INT(stock("X1", 1, 0), A01);
    announce_item(&other, 2);
    sign_in(LK_ACTOR_COURIER);
    press(LK_BUTTON_DEPOSIT);
    scan_beside("X2", A01);
}

/* --- together ----------------------------------------------------------------------------------------------------- */

CASE(join_is_offered_with_the_compartment)
{
    ready_to_join();
    CHECK(shown().button[LK_BUTTON_JOIN]);
    CHECK_STR(shown().join, "A01");
    scan("X2"); /* the engine knows of no other item now */
    CHECK(!shown().button[LK_BUTTON_JOIN]);
    CHECK_STR(shown().join, "");
    press(LK_BUTTON_JOIN);
    CHECK_INT(answer(), LK_REASON_NOT_NOW);
}

CASE(join_is_not_offered_where_it_may_not_be)
{
    ready_to_join();
    bench.cfg.join_case = false;
    CHECK(!shown().button[LK_BUTTON_JOIN]);
    bench.cfg.join_case = true;
    hold(A01, true);
    CHECK(!shown().button[LK_BUTTON_JOIN]);
    hold(A01, false);
    CHECK(shown().button[LK_BUTTON_JOIN]);
    board(0, LK_BANK_LOST);
    CHECK(!shown().button[LK_BUTTON_JOIN]);
    board(0, LK_BANK_READY);
    CHECK(!shown().button[LK_BUTTON_JOIN]); /* not seen yet */
    shuts(A01);
    CHECK(shown().button[LK_BUTTON_JOIN]);
    opens(A01); /* forced: what lies there is unknown */
    shuts(A01);
    CHECK(!shown().button[LK_BUTTON_JOIN]);
}

CASE(join_of_who_needs_a_low_one_only_into_a_low_one)
{
    ready_to_join();
    bench.core.session.item.low_reach = true;
    CHECK(!shown().button[LK_BUTTON_JOIN]);
    bench.cfg.door[A01].low_reach = true;
    CHECK(shown().button[LK_BUTTON_JOIN]);
}

CASE(eight_lie_together_and_no_more)
{
    setup();
    for (char id[] = "X1"; id[1] <= '9'; id[1]++) {
        const struct lk_item item = of_one_case(id);
        announce_item(&item, (uint64_t)id[1]);
        sign_in(LK_ACTOR_COURIER);
        press(LK_BUTTON_DEPOSIT);
        scan_beside(id, id[1] == '1' ? LK_NO_DOOR : A01);
        CHECK_INT(shown().button[LK_BUTTON_JOIN], id[1] != '1' && id[1] != '9');
        press(LK_BUTTON_JOIN);
        if (count_fx(LK_FX_PULSE) == 0) {
            press_size(LK_SIZE_S);
        }
        CHECK_INT(find_fx(LK_FX_PULSE)->door, id[1] == '9' ? A02 : A01);
        opens(id[1] == '9' ? A02 : A01);
        shuts(id[1] == '9' ? A02 : A01);
        press(LK_BUTTON_SIGN_OUT);
    }
    restart();
    for (int i = 0; i < BENCH_DOORS; i++) {
        shuts(i);
    }
    code('4');
    opens(A01);
    shuts(A01);
    CHECK_INT(custody("X1"), LK_CUSTODY_COLLECTED);
    CHECK_INT(custody("X8"), LK_CUSTODY_COLLECTED);
    CHECK_INT(custody("X9"), LK_CUSTODY_IN_LOCKER);
    CHECK_INT(bench.core.door[A01].use, LK_USE_FREE);
}

CASE(a_retry_beside_others_is_about_the_item_in_hand)
{
    ready_to_join();
    press(LK_BUTTON_JOIN);
    report(A01, LK_PULSE_ECHOED);
    wait_ms(bench.cfg.open_timeout_ms);
    press(LK_BUTTON_RETRY);
    CHECK_STR(find_fx(LK_FX_INTENT_ADD)->item.id, "X2");
    restart();
    shuts(A01);
    CHECK_STR(bench.core.door[A01].joining, "X2");
    CHECK_INT(bench.core.door[A01].doubt_purpose, LK_PURPOSE_DEPOSIT);
}

/* --- where it goes ------------------------------------------------------------------------------------------------ */

CASE(couriers_leave_compartments_free)
{
    setup();
    bench.cfg.keep_free[LK_SIZE_S] = 3;
    announce("X1", 1, 0);
    bring("X1");
    CHECK_INT(shown().free[LK_SIZE_S], 1);
    CHECK_INT(shown().free[LK_SIZE_M], 2);
    press(LK_BUTTON_SIGN_OUT);
    CHECK_INT(stock("X1", 1, 0), A01);
    announce("X2", 2, 0);
    bring("X2");
    CHECK_INT(shown().free[LK_SIZE_S], 0);
    press_size(LK_SIZE_S);
    CHECK_INT(answer(), LK_REASON_NO_FREE_DOOR);
    press(LK_BUTTON_SIGN_OUT);
    sign_in(LK_ACTOR_SUPERVISOR);
    press(LK_BUTTON_DEPOSIT);
    scan("X2");
    CHECK_INT(shown().free[LK_SIZE_S], 3);
    press_size(LK_SIZE_S);
    CHECK_INT(find_fx(LK_FX_PULSE)->door, A02);
}

CASE(smaller_takes_the_next_size_down_that_is_free)
{
    setup();
    admin(LK_ADMIN_BLOCK, A04, LK_ACTOR_MAINTENANCE);
    admin(LK_ADMIN_BLOCK, B02, LK_ACTOR_MAINTENANCE);
    announce("X1", 1, 0);
    bring("X1");
    press_size(LK_SIZE_L);
    opens(A05);
    CHECK(shown().button[LK_BUTTON_SMALLER]);
    press(LK_BUTTON_SMALLER);
    CHECK_INT(find_fx(LK_FX_PULSE)->door, A01);
    opens(A01);
    CHECK(!shown().button[LK_BUTTON_SMALLER]); /* there is no smaller size */
}

CASE(not_empty_goes_up_a_size_when_it_has_to)
{
    setup();
    admin(LK_ADMIN_BLOCK, B02, LK_ACTOR_MAINTENANCE);
    announce("X1", 1, 0);
    bring("X1");
    press_size(LK_SIZE_M);
    opens(A04);
    press(LK_BUTTON_NOT_EMPTY);
    CHECK(find_event(LK_EV_AUDIT_MISMATCH)->alarm);
    CHECK_STR(the_event(LK_EV_AUDIT_MISMATCH)->item, "");
    CHECK_INT(find_event(LK_EV_AUDIT_MISMATCH)->to, LK_CUSTODY_NONE);
    CHECK_INT(find_fx(LK_FX_PULSE)->door, A05);
    shuts(A04);
    CHECK_INT(bench.core.door[A04].use, LK_USE_BLOCKED);
    CHECK_INT(bench.core.door[A04].blocked_for, LK_REASON_NOT_EMPTY);
    opens(A05);
    shuts(A05);
    CHECK_INT(custody("X1"), LK_CUSTODY_IN_LOCKER);
}

CASE(what_was_left_for_the_office_is_not_put_in_again)
{
    struct lk_item item = {.id = "D1", .door = LK_NO_DOOR, .dropoff = true};
    setup();
    announce_item(&item, 0);
    bring("D1");
    CHECK_INT(answer(), LK_REASON_NOT_ALLOWED);
}

/* --- the second scan ---------------------------------------------------------------------------------------------- */

CASE(the_screen_says_that_a_second_scan_is_due)
{
    setup();
    bench.cfg.misload_check = true;
    announce("X1", CODE, 0);
    announce("X2", 2, 0);
    bring("X1");
    press_size(LK_SIZE_S);
    opens(A01);
    CHECK_INT(shown().reason, LK_REASON_NOT_CHECKED);
    scan("X2");
    CHECK_INT(answer(), LK_REASON_MISLOAD);
    CHECK_INT(shown().screen, LK_SCREEN_PUT);
    CHECK_INT(shown().reason, LK_REASON_MISLOAD);
    scan("X1");
    CHECK_INT(answer(), LK_REASON_NONE);
    CHECK_INT(shown().reason, LK_REASON_NONE);
    shuts(A01);
    CHECK_INT(shown().screen, LK_SCREEN_PLACED);
    CHECK_INT(custody("X1"), LK_CUSTODY_IN_LOCKER);
}

CASE(nobody_collects_what_was_not_checked)
{
    setup();
    bench.cfg.misload_check = true;
    announce("X1", CODE, 0);
    bring("X1");
    press_size(LK_SIZE_S);
    opens(A01);
    scan("X9");
    shuts(A01);
    CHECK_INT(shown().screen, LK_SCREEN_CHECK);
    CHECK_INT(custody("X1"), LK_CUSTODY_EXPECTED);
    CHECK_INT(bench.core.session.placed, 0);
    code(CODE); /* nobody collects what nobody vouches for */
    CHECK_INT(answer(), LK_REASON_NOT_NOW);
    press(LK_BUTTON_BACK);
    press(LK_BUTTON_SIGN_OUT);
    wait_ms(bench.cfg.doubt_grace_ms);
    CHECK_INT(custody("X1"), LK_CUSTODY_UNKNOWN);
}

/* --- receipt ------------------------------------------------------------------------------------------------------ */

CASE(the_receipt_counts_what_was_put_in)
{
    setup();
    announce("X1", 1, 0);
    announce("X2", 2, 0);
    sign_in(LK_ACTOR_COURIER);
    CHECK(!shown().button[LK_BUTTON_RECEIPT]);
    press(LK_BUTTON_DEPOSIT);
    scan("X1");
    press_size(LK_SIZE_S);
    uint64_t first = find_fx(LK_FX_INTENT_ADD)->intent;
    opens(A01);
    CHECK_INT(shown().placed, 0);
    shuts(A01);
    CHECK_INT(shown().placed, 1);
    press(LK_BUTTON_OPEN_AGAIN);
    opens(A01);
    shuts(A01);
    CHECK_INT(shown().placed, 1);
    scan("X2");
    press_size(LK_SIZE_S);
    opens(A02);
    press(LK_BUTTON_CANCEL);
    shuts(A02);
    CHECK_INT(shown().placed, 1);
    CHECK_INT(bench.core.session.first_intent, first);
    press(LK_BUTTON_BACK);
    CHECK(shown().button[LK_BUTTON_RECEIPT]);
    press(LK_BUTTON_SIGN_OUT);
    sign_in(LK_ACTOR_COURIER);
    CHECK(!shown().button[LK_BUTTON_RECEIPT]);
    CHECK_INT(bench.core.session.first_intent, 0);
}

/* After a restart the door still stands open: the receipt begins with that very opening, not with all of history. */
CASE(a_resumed_deposit_is_on_the_receipt)
{
    setup();
    stock("X0", 9, 0);
    announce("X1", 1, 0);
    bring("X1");
    press_size(LK_SIZE_S);
    uint64_t first = find_fx(LK_FX_INTENT_ADD)->intent;
    opens(A02);
    restart();
    opens(A02);
    bring("X1");
    CHECK_INT(bench.core.session.first_intent, first);
    shuts(A02);
    CHECK_INT(shown().placed, 1);
}

/* --- recall ------------------------------------------------------------------------------------------------------- */

CASE(what_was_left_for_the_office_goes_to_the_window)
{
    setup();
    CHECK_INT(drop_off("D1"), A01);
    sign_in(LK_ACTOR_COURIER);
    press(LK_BUTTON_RECALL);
    press_recall("D1");
    CHECK_INT(answer(), LK_REASON_NOT_ALLOWED);
    press(LK_BUTTON_BACK);
    press(LK_BUTTON_SIGN_OUT);
    sign_in(LK_ACTOR_CLERK);
    press(LK_BUTTON_RECALL);
    press(LK_BUTTON_RECALL_POST);
    press_recall("D1");
    CHECK_INT(find_fx(LK_FX_INTENT_ADD)->to, LK_CUSTODY_AT_WINDOW);
    opens(A01);
    shuts(A01);
    CHECK_INT(custody("D1"), LK_CUSTODY_AT_WINDOW);
    press(LK_BUTTON_SIGN_OUT);
    sign_in(LK_ACTOR_CLERK);
    press(LK_BUTTON_WINDOW);
    scan("D1");
    CHECK(!shown().button[LK_BUTTON_REFUSE]);
    press(LK_BUTTON_HAND_OVER); /* to the office: nobody has a code for it */
    CHECK_INT(custody("D1"), LK_CUSTODY_COLLECTED);
    CHECK_INT(find_event(LK_EV_ITEM_COLLECTED)->via, LK_CHANNEL_WINDOW);
    CHECK_INT(find_event(LK_EV_ITEM_COLLECTED)->proof, LK_PROOF_NONE);
}

CASE(a_round_offers_the_next_one)
{
    setup();
    stock("X1", 1, 0);
    stock("X2", 2, 0);
    sign_in(LK_ACTOR_COURIER);
    press(LK_BUTTON_ROUND);
    CHECK(shown().round);
    press_recall("X1");
    opens(A01);
    shuts(A01);
    CHECK(shown().button[LK_BUTTON_NEXT]);
    press_next("X2");
    CHECK_INT(find_fx(LK_FX_PULSE)->door, A02);
    opens(A02);
    shuts(A02);
    press_next("nobody");
    CHECK_INT(answer(), LK_REASON_NONE);
    CHECK_INT(shown().screen, LK_SCREEN_RECALL_LIST);
    press(LK_BUTTON_BACK);
    CHECK(!shown().round);
    press(LK_BUTTON_RECALL);
    CHECK(!shown().round);
}

CASE(the_list_says_where_things_go)
{
    setup();
    stock("X1", 1, 0);
    sign_in(LK_ACTOR_CLERK);
    press(LK_BUTTON_RECALL);
    CHECK(!shown().post);
    press(LK_BUTTON_RECALL_POST);
    CHECK(shown().post);
    press_recall("X1");
    CHECK_INT(shown().screen, LK_SCREEN_WAYBILL);
    CHECK_INT(count_fx(LK_FX_INTENT_ADD), 0);
    scan_waybill("");
    CHECK_INT(answer(), LK_REASON_BAD_WAYBILL);
    CHECK_INT(shown().reason, LK_REASON_BAD_WAYBILL);
    press(LK_BUTTON_BACK);
    CHECK(shown().post);
    press_recall("X1");
    CHECK_INT(shown().reason, LK_REASON_NONE);
    scan_waybill("EMS-1");
    CHECK_STR(find_fx(LK_FX_INTENT_ADD)->waybill, "EMS-1");
    press(LK_BUTTON_BACK);
    CHECK_INT(answer(), LK_REASON_NOT_NOW);
}

/* --- window ------------------------------------------------------------------------------------------------------- */

CASE(the_window_shows_whose_it_is_and_where)
{
    struct lk_item item = of_one_case("X1");
    (void)lk_text_copy(item.name, sizeof(item.name), "W**");
    setup();
    announce_item(&item, 1);
    sign_in(LK_ACTOR_CLERK);
    press(LK_BUTTON_WINDOW);
    scan("X1");
    CHECK_STR(shown().name, "W**");
    CHECK_INT(shown().custody, LK_CUSTODY_EXPECTED);
    press(LK_BUTTON_RECEIVE);
    CHECK_INT(shown().screen, LK_SCREEN_NOTICE);
    CHECK_INT(shown().reason, LK_REASON_RECEIVED);
    CHECK_INT(answer(), LK_REASON_NONE);
    press(LK_BUTTON_DONE);
    CHECK_STR(shown().name, "");
    CHECK_INT(shown().custody, LK_CUSTODY_NONE);
}

CASE(an_item_on_its_way_into_a_compartment_is_not_received)
{
    setup();
    announce("X1", 1, 0);
    bring("X1");
    press_size(LK_SIZE_S);
    desk(LK_ADMIN_RECEIVE, "X1", LK_ACTOR_CLERK);
    CHECK_INT(answer(), LK_REASON_DOOR_BUSY);
    opens(A01);
    shuts(A01);
    CHECK_INT(custody("X1"), LK_CUSTODY_IN_LOCKER);
}

/* The commit of a stale change would fail; the courier learns it before. */
CASE(what_the_window_does_is_known_at_the_size_screen)
{
    setup();
    announce("X1", 1, 0);
    bring("X1");
    desk(LK_ADMIN_RECEIVE, "X1", LK_ACTOR_CLERK);
    CHECK_INT(shown().screen, LK_SCREEN_SIZE);
    press_size(LK_SIZE_S);
    opens(A01);
    shuts(A01);
    CHECK_INT(custody("X1"), LK_CUSTODY_IN_LOCKER);
    announce("X2", 2, 0);
    scan("X2");
    desk(LK_ADMIN_RECEIVE, "X2", LK_ACTOR_CLERK);
    desk(LK_ADMIN_HAND_OVER, "X2", LK_ACTOR_CLERK);
    CHECK_INT(shown().screen, LK_SCREEN_NOTICE);
    CHECK_INT(shown().reason, LK_REASON_ALREADY_COLLECTED);
}

CASE(a_token_of_the_same_person_is_a_proof)
{
    struct lk_item one = of_one_case("X1"), other = of_one_case("X2"), strange = of_one_case("X3");
    strange.phone_mac[0] = 8;
    setup();
    announce_item(&one, 1);
    announce_item(&other, 2);
    announce_item(&strange, 3);
    desk(LK_ADMIN_RECEIVE, "X1", LK_ACTOR_CLERK);
    sign_in(LK_ACTOR_CLERK);
    press(LK_BUTTON_WINDOW);
    scan("X1");
    press(LK_BUTTON_HAND_OVER);
    struct lk_input in = input(LK_IN_SCAN);
    in.scan = LK_SCAN_TOKEN;
    in.code_live = true;
    facts(&in, model_store_item(&bench.store, "X3"));
    ask(in);
    CHECK_INT(answer(), LK_REASON_WRONG_CODE);
    CHECK_INT(find_event(LK_EV_ACCESS_DENIED)->actor, LK_ACTOR_CLERK);
    facts(&in, model_store_item(&bench.store, "X2"));
    in.code_live = false;
    ask(in);
    CHECK_INT(answer(), LK_REASON_WRONG_CODE);
    in.code_live = true;
    ask(in);
    CHECK_INT(answer(), LK_REASON_NONE);
    CHECK_INT(custody("X1"), LK_CUSTODY_COLLECTED);
}

int main(int argc, char **argv)
{
    static const struct check_case cases[] = {
        NAMED(join_is_offered_with_the_compartment),
        NAMED(join_is_not_offered_where_it_may_not_be),
        NAMED(join_of_who_needs_a_low_one_only_into_a_low_one),
        NAMED(eight_lie_together_and_no_more),
        NAMED(a_retry_beside_others_is_about_the_item_in_hand),
        NAMED(couriers_leave_compartments_free),
        NAMED(smaller_takes_the_next_size_down_that_is_free),
        NAMED(not_empty_goes_up_a_size_when_it_has_to),
        NAMED(what_was_left_for_the_office_is_not_put_in_again),
        NAMED(the_screen_says_that_a_second_scan_is_due),
        NAMED(nobody_collects_what_was_not_checked),
        NAMED(the_receipt_counts_what_was_put_in),
        NAMED(a_resumed_deposit_is_on_the_receipt),
        NAMED(what_was_left_for_the_office_goes_to_the_window),
        NAMED(a_round_offers_the_next_one),
        NAMED(the_list_says_where_things_go),
        NAMED(the_window_shows_whose_it_is_and_where),
        NAMED(an_item_on_its_way_into_a_compartment_is_not_received),
        NAMED(what_the_window_does_is_known_at_the_size_screen),
        NAMED(a_token_of_the_same_person_is_a_proof),
    };
    return check_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
