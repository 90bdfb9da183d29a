/* What citizens leave for the office. */
#include "person-words.h"
#include "staff-words.h"

/* --- drop-off ----------------------------------------------------------------------------------------------------- */

CASE(no_more_than_so_many_drop_offs)
{
    setup();
    bench.cfg.dropoff_most = 2;
    CHECK_INT(drop_off("D1"), A01);
    (void)begin_drop_off("D2"); /* one on its way counts */
    restart();
    shuts(A01);
    shuts(A02);
    CHECK(!shown().button[LK_BUTTON_DROP_OFF]);
    wait_ms(bench.cfg.doubt_grace_ms);
    CHECK_INT(custody("D2"), LK_CUSTODY_UNKNOWN);
    CHECK(!shown().button[LK_BUTTON_DROP_OFF]); /* it may lie there */
    settle("D2", LK_CUSTODY_RETURNED, LK_ACTOR_CLERK);
    CHECK(shown().button[LK_BUTTON_DROP_OFF]);
}

CASE(a_drop_off_needs_a_case_and_a_receipt)
{
    setup();
    bench.cfg.dropoff = true;
    press(LK_BUTTON_DROP_OFF);
    case_number("", "D1");
    CHECK_INT(answer(), LK_REASON_BAD_ARGUMENT);
    case_number("C9", "");
    CHECK_INT(answer(), LK_REASON_STORE_FAILED);
    CHECK_INT(shown().screen, LK_SCREEN_DROP_CASE);
    case_number("C9", "D1");
    CHECK_INT(shown().screen, LK_SCREEN_DROP_SIZE);
    CHECK_INT(shown().free[LK_SIZE_S], 4);
    case_number("C9", "D2");
    CHECK_INT(answer(), LK_REASON_NOT_NOW);
    CHECK_INT(custody("D1"), LK_CUSTODY_NONE); /* born with its opening, not before */
}

CASE(citizens_leave_some_compartments_free)
{
    setup();
    bench.cfg.dropoff = true;
    bench.cfg.keep_free[LK_SIZE_S] = 4;
    press(LK_BUTTON_DROP_OFF);
    case_number("C9", "D1");
    CHECK_INT(shown().free[LK_SIZE_S], 0);
    press_size(LK_SIZE_S);
    CHECK_INT(answer(), LK_REASON_NO_FREE_DOOR);
    CHECK_INT(custody("D1"), LK_CUSTODY_NONE);
}

/* Every way in which a drop-off ends without being put in: nobody waits for it any more. */
CASE(law_4_a_drop_off_given_up_is_over)
{
    for (int way = 0; way < 6; way++) {
        setup();
        CHECK_INT(begin_drop_off("D1"), A01);
        if (way == 0) {
            opens(A01);
            press(LK_BUTTON_CANCEL);
        } else if (way == 1) {
            opens(A01);
            press(LK_BUTTON_NOT_EMPTY);
        } else if (way == 2) {
            report(A01, LK_PULSE_NOT_SENT);
        } else {
            report(A01, LK_PULSE_ECHOED);
            wait_ms(bench.cfg.open_timeout_ms);
            CHECK_INT(shown().screen, LK_SCREEN_DROP_JAM);
        }
        if (way == 3) {
            press(LK_BUTTON_CANCEL);
            CHECK_INT(shown().reason, LK_REASON_DROPOFF_GIVEN_UP);
        } else if (way == 4) {
            wait_ms(bench.cfg.late_open_ms);
        } else if (way == 5) {
            admin(LK_ADMIN_OPEN, A01, LK_ACTOR_MAINTENANCE);
        }
        CHECK_INT(custody("D1"), LK_CUSTODY_RETURNED);
        CHECK_INT(find_event(LK_EV_ITEM_CANCELLED)->reason, LK_REASON_DROPOFF_GIVEN_UP);
        CHECK_INT(find_event(LK_EV_ITEM_CANCELLED)->from, LK_CUSTODY_EXPECTED);
        CHECK(!bench.core.door[A01].dropoff);
    }
}

CASE(no_other_compartment_gives_a_drop_off_up)
{
    setup();
    for (int i = A01; i < BENCH_DOORS; i++) {
        if (bench.cfg.door[i].size != LK_SIZE_S || i > A01) {
            admin(LK_ADMIN_BLOCK, i, LK_ACTOR_MAINTENANCE);
        }
    }
    CHECK_INT(begin_drop_off("D1"), A01);
    report(A01, LK_PULSE_ECHOED);
    wait_ms(bench.cfg.open_timeout_ms);
    press(LK_BUTTON_OTHER);
    CHECK_INT(answer(), LK_REASON_NO_FREE_DOOR);
    CHECK_INT(custody("D1"), LK_CUSTODY_RETURNED);
    setup();
    CHECK_INT(begin_drop_off("D1"), A01);
    opens(A01);
    for (int i = A02; i < BENCH_DOORS; i++) {
        admin(LK_ADMIN_BLOCK, i, LK_ACTOR_MAINTENANCE);
    }
    press(LK_BUTTON_LARGER);
    CHECK_INT(shown().screen, LK_SCREEN_DROP_BACK);
    CHECK_INT(custody("D1"), LK_CUSTODY_RETURNED);
}

/* One in a thousand million, but an item must not be born twice: upstream announces it while somebody chooses a size.
 */
CASE(law_5_a_receipt_number_that_is_taken_meanwhile_is_no_drop_off)
{
    setup();
    bench.cfg.dropoff = true;
    press(LK_BUTTON_DROP_OFF);
    case_number("C9", "D1");
    announce("D1", 11112222, 0);
    CHECK_INT(shown().screen, LK_SCREEN_NOTICE);
    CHECK_INT(shown().reason, LK_REASON_ITEM_EXISTS);
    press(LK_BUTTON_DONE);
    CHECK_INT(shown().screen, LK_SCREEN_HOME);
}

int main(int argc, char **argv)
{
    static const struct check_case cases[] = {
        NAMED(no_more_than_so_many_drop_offs),
        NAMED(a_drop_off_needs_a_case_and_a_receipt),
        NAMED(citizens_leave_some_compartments_free),
        NAMED(law_4_a_drop_off_given_up_is_over),
        NAMED(no_other_compartment_gives_a_drop_off_up),
        NAMED(law_5_a_receipt_number_that_is_taken_meanwhile_is_no_drop_off),
    };
    return check_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
