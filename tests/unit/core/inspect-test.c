/* Two people for a second compartment, inspections, and unknown items settled one by one. */
#include "staff-words.h"

static unsigned items_in(int door)
{
    unsigned n = bench.core.door[door].item[0] != '\0';
    for (int i = 0; i < LK_EXTRAS; i++) {
        n += bench.core.extra[i].item[0] != '\0' && bench.core.extra[i].door == door;
    }
    return n;
}

/* --- two people, inspections -------------------------------------------------------------------------------------- */

CASE(a_second_compartment_needs_a_second_person)
{
    setup();
    admin(LK_ADMIN_OPEN, A01, LK_ACTOR_MAINTENANCE);
    admin(LK_ADMIN_OPEN, A02, LK_ACTOR_SUPERVISOR);
    CHECK_INT(answer(), LK_REASON_SECOND_PERSON);
    CHECK_INT(bench.core.service_door, A01);
    open_with(A02, "s1", LK_ACTOR_CLERK);
    CHECK_INT(answer(), LK_REASON_SECOND_PERSON);
    open_with(A02, "k1", LK_ACTOR_COURIER);
    CHECK_INT(answer(), LK_REASON_SECOND_PERSON);
    open_with(A02, "c1", LK_ACTOR_CLERK);
    CHECK_STR(the_event(LK_EV_ACCESS_STAFF_IN)->who, "c1");
    CHECK_INT(find_event(LK_EV_ACCESS_STAFF_IN)->reason, LK_REASON_SECOND_PERSON);
    CHECK_INT(bench.core.service_door, A02);
    opens(A02);
    CHECK_STR(the_event(LK_EV_DOOR_OPENED)->second, "c1");
    CHECK_STR(the_event(LK_EV_DOOR_OPENED)->who, "s1");
}

/* Once, with what came of it; and of another compartment's opening nothing is said. */
CASE(why_staff_opened_a_door_is_kept_with_the_outcome)
{
    setup();
    struct lk_input in = input(LK_IN_ADMIN);
    in.admin = LK_ADMIN_OPEN;
    in.door = A01;
    (void)lk_text_copy(in.note, sizeof(in.note), "the hinge");
    staff_member(&in, LK_ACTOR_MAINTENANCE);
    ask(in);
    opens(A01);
    CHECK_STR(the_event(LK_EV_DOOR_OPENED)->note, "the hinge");
    shuts(A01);
    CHECK_STR(the_event(LK_EV_DOOR_CLOSED)->note, "");
    open_with(A02, "c1", LK_ACTOR_CLERK);
    opens(A02);
    CHECK_STR(the_event(LK_EV_DOOR_OPENED)->note, "");
}

CASE(two_people_can_be_switched_off_and_end)
{
    setup();
    admin(LK_ADMIN_OPEN, A01, LK_ACTOR_MAINTENANCE);
    opens(A01);
    shuts(A01);
    wait_ms(bench.cfg.two_person_ms - 1);
    admin(LK_ADMIN_OPEN, B01, LK_ACTOR_MAINTENANCE);
    CHECK_INT(answer(), LK_REASON_SECOND_PERSON);
    wait_ms(1);
    admin(LK_ADMIN_OPEN, B01, LK_ACTOR_MAINTENANCE);
    CHECK_INT(count_fx(LK_FX_PULSE), 1);
    bench.cfg.two_person_ms = 0;
    admin(LK_ADMIN_OPEN, A02, LK_ACTOR_MAINTENANCE);
    CHECK_INT(count_fx(LK_FX_PULSE), 1);
}

CASE(an_inspection_only_tells_what_differs)
{
    setup();
    stock("X1", 1, 0);
    inspected(A01, true, LK_ACTOR_CLERK);
    CHECK_INT(find_fx(LK_FX_REPLY)->result, LK_RESULT_OK);
    CHECK_INT(answer(), LK_REASON_AS_EXPECTED);
    CHECK_INT(bench.fx.count, 1);
    inspected(A02, false, LK_ACTOR_MAINTENANCE);
    CHECK_INT(bench.fx.count, 1);
    inspected(A02, true, LK_ACTOR_SUPERVISOR);
    CHECK_INT(bench.core.door[A02].use, LK_USE_BLOCKED);
    CHECK(find_event(LK_EV_AUDIT_MISMATCH)->alarm);
    CHECK_INT(find_event(LK_EV_AUDIT_MISMATCH)->actor, LK_ACTOR_SUPERVISOR);
    inspected(A03, true, LK_ACTOR_COURIER);
    CHECK_INT(answer(), LK_REASON_NOT_ALLOWED);
    CHECK_INT(bench.core.door[A03].use, LK_USE_FREE);
}

CASE(nothing_where_two_should_lie)
{
    setup();
    stock_two_together();
    inspected(A01, false, LK_ACTOR_CLERK);
    CHECK_INT(custody("X1"), LK_CUSTODY_UNKNOWN);
    CHECK_INT(custody("X2"), LK_CUSTODY_UNKNOWN);
    for (unsigned i = 0; i < bench.fx.count; i++) {
        if (bench.fx.at[i].kind == LK_FX_EVENT) {
            CHECK_STR(bench.fx.at[i].event.who, "s1"); /* on whose word */
        }
    }
    settle("X1", LK_CUSTODY_COLLECTED, LK_ACTOR_CLERK);
    CHECK_STR(bench.core.door[A01].item, "X2");
    CHECK_INT(bench.core.door[A01].use, LK_USE_BLOCKED);
    settle("X2", LK_CUSTODY_IN_LOCKER, LK_ACTOR_CLERK);
    CHECK_INT(bench.core.door[A01].use, LK_USE_OCCUPIED);
}

/* Whichever is settled first, and wherever each of them is: what stays is known, and the rest is gone. */
CASE(two_together_are_settled_in_any_order)
{
    static const enum lk_custody to[] = {LK_CUSTODY_IN_LOCKER, LK_CUSTODY_AT_WINDOW};
    static const char *const ids[] = {"X1", "X2"};
    for (unsigned n = 0; n < 8; n++) {
        const char *first = ids[n & 1], *second = ids[1 - (n & 1)];
        enum lk_custody a = to[n >> 1 & 1], b = to[n >> 2 & 1];
        setup();
        stock_two_together();
        opens(A01);
        shuts(A01);
        settle(first, a, LK_ACTOR_CLERK);
        CHECK_INT(bench.core.door[A01].use, LK_USE_BLOCKED);
        CHECK_STR(bench.core.door[A01].item, second);
        code((uint64_t)(n & 1) + 1); /* what was settled first is not collected past an unknown one */
        CHECK_INT(count_fx(LK_FX_PULSE), 0);
        CHECK_INT(answer(), a == LK_CUSTODY_IN_LOCKER ? LK_REASON_DOOR_BLOCKED : LK_REASON_AT_WINDOW);
        restart();
        shuts(A01);
        settle(second, b, LK_ACTOR_MAINTENANCE);
        CHECK_INT(custody(first), a);
        CHECK_INT(custody(second), b);
        unsigned inside = (a == LK_CUSTODY_IN_LOCKER) + (b == LK_CUSTODY_IN_LOCKER);
        CHECK_INT(items_in(A01), inside);
        CHECK_INT(bench.core.door[A01].use, inside > 0 ? LK_USE_OCCUPIED : LK_USE_BLOCKED);
    }
}

CASE(a_round_is_told_with_what_was_seen)
{
    setup();
    round_over(7, 0, LK_ACTOR_CLERK);
    CHECK_INT(find_event(LK_EV_AUDIT_INSPECTION)->count, 7);
    CHECK_INT(find_event(LK_EV_AUDIT_INSPECTION)->reason, LK_REASON_AS_EXPECTED);
    round_over(7, 1, LK_ACTOR_MAINTENANCE);
    CHECK_INT(find_event(LK_EV_AUDIT_INSPECTION)->reason, LK_REASON_NOT_EMPTY);
    round_over(7, 8, LK_ACTOR_CLERK);
    CHECK_INT(answer(), LK_REASON_BAD_ARGUMENT);
    CHECK(!find_event(LK_EV_AUDIT_INSPECTION));
}

static void replaced(int door, int bank, enum lk_reason reason)
{
    struct lk_input in = input(LK_IN_ADMIN);
    in.admin = LK_ADMIN_REPLACED;
    in.door = door;
    in.bank = bank;
    in.reason = reason;
    memcpy(in.note, "new", sizeof("new"));
    staff_member(&in, LK_ACTOR_MAINTENANCE);
    ask(in);
}

/* In whatever state the door is: only its books change. */
CASE(a_new_lock_or_board_is_recorded_with_who_and_why)
{
    setup();
    admin(LK_ADMIN_OPEN, A01, LK_ACTOR_MAINTENANCE);
    opens(A01);
    struct lk_door before = bench.core.door[A01];
    replaced(A01, -1, LK_REASON_LOCK_REPLACED);
    CHECK_INT(answer(), LK_REASON_NONE);
    CHECK_INT(count_fx(LK_FX_WEAR_RESET), 1);
    CHECK_INT(find_fx(LK_FX_WEAR_RESET)->door, A01);
    const struct lk_event *e = the_event(LK_EV_SITE_CONFIG);
    CHECK(e->door == A01 && e->bank == -1 && e->reason == LK_REASON_LOCK_REPLACED && e->purpose == LK_PURPOSE_NONE);
    CHECK_STR(e->note, "new");
    CHECK(memcmp(&before, &bench.core.door[A01], sizeof(before)) == 0);
    replaced(LK_NO_DOOR, 1, LK_REASON_RELAY_REPLACED);
    unsigned doors = 0;
    for (int i = 0; i < bench.cfg.doors; i++) {
        doors += bench.cfg.door[i].bank == 1;
    }
    CHECK(doors > 0);
    CHECK_INT(count_fx(LK_FX_WEAR_RESET), doors);
    CHECK_INT(bench.cfg.door[find_fx(LK_FX_WEAR_RESET)->door].bank, 1);
    CHECK_INT(the_event(LK_EV_SITE_CONFIG)->bank, 1);
    replaced(A01, -1, LK_REASON_NOT_NOW);
    CHECK_INT(answer(), LK_REASON_BAD_ARGUMENT);
    replaced(LK_NO_DOOR, 99, LK_REASON_LOCK_REPLACED);
    CHECK_INT(answer(), LK_REASON_NO_SUCH_DOOR);
    CHECK_INT(count_fx(LK_FX_WEAR_RESET), 0);
}

/* What wears out is told with its door and nothing else of it. */
CASE(what_only_the_outside_sees_is_told_with_its_place)
{
    setup();
    admin(LK_ADMIN_OPEN, A01, LK_ACTOR_MAINTENANCE);
    struct lk_input in = input(LK_IN_SITE);
    in.door = A01;
    in.reason = LK_REASON_OPENING_SLOWER;
    ask(in);
    const struct lk_event *e = the_event(LK_EV_SITE_DEGRADED);
    CHECK(e->door == A01 && e->alarm && e->intent == 0 && e->purpose == LK_PURPOSE_NONE && e->who[0] == '\0');
}

int main(int argc, char **argv)
{
    static const struct check_case cases[] = {
        NAMED(a_second_compartment_needs_a_second_person),
        NAMED(why_staff_opened_a_door_is_kept_with_the_outcome),
        NAMED(two_people_can_be_switched_off_and_end),
        NAMED(an_inspection_only_tells_what_differs),
        NAMED(nothing_where_two_should_lie),
        NAMED(two_together_are_settled_in_any_order),
        NAMED(a_new_lock_or_board_is_recorded_with_who_and_why),
        NAMED(what_only_the_outside_sees_is_told_with_its_place),
        NAMED(a_round_is_told_with_what_was_seen),
    };
    return check_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
