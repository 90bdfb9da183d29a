/* The records are a backup's (docs/restore.md): nobody's code opens a door before somebody has looked behind it, and
 * what was under way when the backup was made is over. */
#include "staff-words.h"

enum { CODE = 11112222, TOKEN = 999 };

static void hold(int door)
{
    struct lk_input in = input(LK_IN_RESTORED);
    in.door = door;
    feed(in);
}

/* The store is a backup's, put in place while nobody served. */
static void put_backup_in_place(void)
{
    lk_core_init(&bench.core, &bench.cfg);
    model_store_restore(&bench.store, &bench.cfg, &bench.core, bench.now_ms);
    for (int i = 0; i < BENCH_DOORS; i++) {
        hold(i);
    }
    restart();
    for (int i = 0; i < BENCH_DOORS; i++) {
        shuts(i);
    }
}

CASE(law_8_a_code_of_before_opens_nothing)
{
    setup();
    int door = stock("X1", CODE, TOKEN);
    put_backup_in_place();
    CHECK_INT(custody("X1"), LK_CUSTODY_UNKNOWN);
    CHECK_INT(bench.core.door[door].use, LK_USE_BLOCKED);
    CHECK_INT(bench.core.door[door].blocked_for, LK_REASON_RESTORED);
    code(CODE);
    CHECK_INT(count_fx(LK_FX_PULSE), 0);
    CHECK_INT(answer(), LK_REASON_CUSTODY_UNKNOWN);
    wait_ms(20000);
    qr(TOKEN);
    CHECK_INT(count_fx(LK_FX_PULSE), 0);
}

CASE(it_is_told_of_each_item_with_an_alarm)
{
    setup();
    int door = stock("X1", CODE, TOKEN);
    lk_core_init(&bench.core, &bench.cfg);
    model_store_restore(&bench.store, &bench.cfg, &bench.core, bench.now_ms);
    hold(door);
    const struct lk_event *e = the_event(LK_EV_AUDIT_MISMATCH);
    CHECK(e->alarm);
    CHECK_STR(e->item, "X1");
    CHECK_INT(e->reason, LK_REASON_RESTORED);
    CHECK_INT(e->from, LK_CUSTODY_IN_LOCKER);
    CHECK_INT(e->to, LK_CUSTODY_UNKNOWN);
    hold(A02);
    CHECK_INT(the_event(LK_EV_DOOR_BLOCKED)->reason, LK_REASON_RESTORED);
    hold(A02); /* again: nothing more to say */
    CHECK_INT(bench.fx.count, 0);
}

CASE(once_somebody_has_looked_the_code_is_right_again)
{
    setup();
    int door = stock("X1", CODE, TOKEN);
    put_backup_in_place();
    settle("X1", LK_CUSTODY_IN_LOCKER, LK_ACTOR_CLERK);
    CHECK_INT(bench.core.door[door].use, LK_USE_OCCUPIED);
    code(CODE);
    CHECK_INT(find_fx(LK_FX_PULSE)->door, door);
}

CASE(nothing_is_put_where_nobody_has_looked)
{
    setup();
    put_backup_in_place();
    announce("X2", CODE, 0);
    bring("X2");
    press_size(LK_SIZE_S);
    CHECK_INT(count_fx(LK_FX_PULSE), 0);
    admin(LK_ADMIN_UNBLOCK, A02, LK_ACTOR_MAINTENANCE);
    CHECK_INT(answer(), LK_REASON_NONE);
    CHECK_INT(bench.core.door[A02].use, LK_USE_FREE);
}

/* How far it had come does not matter: pulsed, seen open. Nobody may try again, and nothing that is seen proves it. */
CASE(an_interrupted_pickup_is_over)
{
    for (int stage = 0; stage < 2; stage++) {
        setup();
        int door = stock("X1", CODE, TOKEN);
        code(CODE);
        if (stage == 1) {
            opens(door);
        }
        put_backup_in_place();
        CHECK_INT(custody("X1"), LK_CUSTODY_UNKNOWN);
        CHECK_INT(bench.core.door[door].op.purpose, LK_PURPOSE_NONE);
        code(CODE);
        CHECK_INT(count_fx(LK_FX_PULSE), 0);
    }
}

CASE(an_interrupted_deposit_is_over)
{
    setup();
    announce("X2", CODE, 0);
    bring("X2");
    press_size(LK_SIZE_S);
    int door = find_fx(LK_FX_PULSE)->door;
    opens(door);
    put_backup_in_place();
    CHECK_INT(custody("X2"), LK_CUSTODY_UNKNOWN);
    CHECK_INT(bench.core.door[door].use, LK_USE_BLOCKED);
    CHECK_STR(bench.core.door[door].item, "X2");
}

CASE(a_doubt_is_not_cleared_up_by_the_same_person)
{
    setup();
    int door = stock("X1", CODE, TOKEN);
    code(CODE);
    restart();
    shuts(door);
    CHECK(bench.core.door[door].doubt_until_ms != LK_NEVER);
    put_backup_in_place();
    CHECK_INT(custody("X1"), LK_CUSTODY_UNKNOWN);
    CHECK_INT(bench.core.door[door].doubt_until_ms, LK_NEVER);
}

CASE(what_lies_together_is_all_unknown)
{
    setup();
    stock_two_together();
    put_backup_in_place();
    CHECK_INT(custody("X1"), LK_CUSTODY_UNKNOWN);
    CHECK_INT(custody("X2"), LK_CUSTODY_UNKNOWN);
}

CASE(a_door_that_was_blocked_stays_blocked_for_what_it_was)
{
    setup();
    admin(LK_ADMIN_BLOCK, A04, LK_ACTOR_MAINTENANCE);
    put_backup_in_place();
    CHECK_INT(bench.core.door[A04].use, LK_USE_BLOCKED);
    CHECK_INT(bench.core.door[A04].blocked_for, LK_REASON_STAFF_REQUEST);
}

CASE(who_put_it_in_place_is_told)
{
    setup();
    struct lk_input in = input(LK_IN_RESTORED);
    staff_member(&in, LK_ACTOR_MAINTENANCE);
    (void)lk_text_copy(in.note, sizeof(in.note), "disk replaced");
    feed(in);
    const struct lk_event *e = the_event(LK_EV_SITE_DEGRADED);
    CHECK(e->alarm);
    CHECK_INT(e->reason, LK_REASON_RESTORED);
    CHECK_STR(e->note, "disk replaced");
    CHECK_STR(e->who, "s1");
}

int main(int argc, char **argv)
{
    static const struct check_case cases[] = {
        NAMED(law_8_a_code_of_before_opens_nothing),
        NAMED(it_is_told_of_each_item_with_an_alarm),
        NAMED(once_somebody_has_looked_the_code_is_right_again),
        NAMED(nothing_is_put_where_nobody_has_looked),
        NAMED(an_interrupted_pickup_is_over),
        NAMED(an_interrupted_deposit_is_over),
        NAMED(a_doubt_is_not_cleared_up_by_the_same_person),
        NAMED(what_lies_together_is_all_unknown),
        NAMED(a_door_that_was_blocked_stays_blocked_for_what_it_was),
        NAMED(who_put_it_in_place_is_told),
    };
    return check_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
