/* How much room the log has for what upstream has not acknowledged: what is told, refused, counted. */
#include "person-words.h"
#include "staff-words.h"

enum { CODE = 11112222, WRONG = 99990000 };

static void room(enum lk_outbox_level level)
{
    struct lk_input in = input(LK_IN_OUTBOX);
    in.outbox = level;
    feed(in);
}

static unsigned left_out(void)
{
    return count_fx(LK_FX_LEFT_OUT) == 1 ? find_fx(LK_FX_LEFT_OUT)->count : 0;
}

CASE(each_level_is_told_once_and_alarms_on_the_way_up_only)
{
    static const struct {
        enum lk_outbox_level level;
        enum lk_reason told; /* NONE: nothing */
        bool alarm;
    } rows[] = {
        {LK_OUTBOX_ROOMY, LK_REASON_NONE, false},
        {LK_OUTBOX_FILLING, LK_REASON_OUTBOX_FILLING, true},
        {LK_OUTBOX_FILLING, LK_REASON_NONE, false},
        {LK_OUTBOX_FULL, LK_REASON_OUTBOX_FULL, true},
        {LK_OUTBOX_FULL, LK_REASON_NONE, false},
        {LK_OUTBOX_FILLING, LK_REASON_NONE, false},
        {LK_OUTBOX_FULL, LK_REASON_OUTBOX_FULL, true},
        {LK_OUTBOX_ROOMY, LK_REASON_RECOVERED, false},
        {LK_OUTBOX_FILLING, LK_REASON_OUTBOX_FILLING, true},
        {LK_OUTBOX_ROOMY, LK_REASON_RECOVERED, false},
    };
    setup();
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        room(rows[i].level);
        const struct lk_event *e = find_event(LK_EV_SITE_DEGRADED);
        CHECK_INT(e != NULL, rows[i].told != LK_REASON_NONE);
        CHECK_INT(e ? e->reason : LK_REASON_NONE, rows[i].told);
        CHECK_INT(e && e->alarm, rows[i].alarm);
    }
}

CASE(full_it_takes_nothing_in_and_gives_everything_out)
{
    setup();
    (void)stock("Y1", CODE, 0);
    announce("Y2", 22223333, 0);
    room(LK_OUTBOX_FULL);
    bring("Y2");
    CHECK_INT(answer(), LK_REASON_OUTBOX_FULL);
    press(LK_BUTTON_SIGN_OUT);
    bench.cfg.dropoff = true;
    CHECK(!shown().button[LK_BUTTON_DROP_OFF]);
    struct lk_input in = command(LK_CMD_ITEM_ANNOUNCE);
    (void)lk_text_copy(in.command.item.id, sizeof(in.command.item.id), "Y3");
    feed(in);
    CHECK_INT(find_fx(LK_FX_COMMAND)->reason, LK_REASON_OUTBOX_FULL);
    CHECK_INT(custody("Y3"), LK_CUSTODY_NONE);
    cancel("Y2"); /* what is known goes on living */
    CHECK_INT(find_fx(LK_FX_COMMAND)->result, LK_RESULT_OK);
    code(CODE);
    opens(A01);
    CHECK(find_event(LK_EV_DOOR_OPENED) != NULL);
    shuts(A01);
    CHECK_INT(custody("Y1"), LK_CUSTODY_COLLECTED);
    CHECK(find_event(LK_EV_ITEM_COLLECTED) != NULL && find_event(LK_EV_DOOR_CLOSED) != NULL);
    room(LK_OUTBOX_FILLING);
    announce("Y3", 0, 0);
    CHECK_INT(custody("Y3"), LK_CUSTODY_EXPECTED);
}

CASE(a_drop_off_begun_before_is_refused_when_its_case_comes)
{
    setup();
    bench.cfg.dropoff = true;
    press(LK_BUTTON_DROP_OFF);
    room(LK_OUTBOX_FULL);
    case_number("C9", "D1");
    CHECK_INT(answer(), LK_REASON_OUTBOX_FULL);
    CHECK_INT(custody("D1"), LK_CUSTODY_NONE);
}

CASE(law_5_what_tells_nothing_new_is_counted_and_told_of)
{
    setup();
    room(LK_OUTBOX_FULL);
    for (unsigned i = 1; i <= 3; i++) {
        code(WRONG + i);
        CHECK(find_event(LK_EV_ACCESS_DENIED) == NULL);
        CHECK_INT(left_out(), i);
    }
    sign_in(LK_ACTOR_COURIER);
    CHECK_INT(left_out(), 4);
    press(LK_BUTTON_SIGN_OUT);
    CHECK_INT(left_out(), 5);
    restart(); /* the count is durable */
    room(LK_OUTBOX_FULL);
    CHECK_INT(bench.core.left_out, 5);
    room(LK_OUTBOX_FILLING);
    const struct lk_event *e = find_event(LK_EV_SITE_DEGRADED);
    CHECK_INT(e->reason, LK_REASON_EVENTS_LEFT_OUT);
    CHECK_INT(e->count, 5);
    CHECK_INT(bench.core.left_out, 0);
    code(WRONG);
    CHECK(find_event(LK_EV_ACCESS_DENIED) != NULL);
}

CASE(a_restart_between_full_and_room_tells_of_them_all_the_same)
{
    setup();
    room(LK_OUTBOX_FULL);
    code(WRONG);
    restart();
    room(LK_OUTBOX_ROOMY);
    CHECK_INT(find_event(LK_EV_SITE_DEGRADED)->count, 1);
    room(LK_OUTBOX_ROOMY);
    CHECK(find_event(LK_EV_SITE_DEGRADED) == NULL);
}

CASE(law_5_the_first_of_a_kind_and_whatever_is_about_custody_is_logged)
{
    setup();
    int door = stock("Y1", CODE, 0);
    room(LK_OUTBOX_FULL);
    opens(door); /* by force: the item is lost from sight */
    CHECK(find_event(LK_EV_DOOR_FORCED) != NULL);
    CHECK_INT(custody("Y1"), LK_CUSTODY_UNKNOWN);
    shuts(door);
    CHECK(find_event(LK_EV_DOOR_CLOSED) == NULL);
    opens(door);
    CHECK(find_event(LK_EV_DOOR_FORCED) == NULL); /* the same door once more, nothing in it that anybody vouches for */
    board(0, LK_BANK_LOST);
    CHECK(find_event(LK_EV_SITE_BOARD_LOST) != NULL);
    board(0, LK_BANK_READY);
    CHECK(find_event(LK_EV_SITE_BOARD_BACK) != NULL);
    board(0, LK_BANK_LOST);
    CHECK(find_event(LK_EV_SITE_BOARD_LOST) == NULL);
    board(0, LK_BANK_READY);
    CHECK(find_event(LK_EV_SITE_BOARD_BACK) == NULL);
    room(LK_OUTBOX_FILLING);
    room(LK_OUTBOX_FULL); /* full anew: news again */
    board(0, LK_BANK_LOST);
    CHECK(find_event(LK_EV_SITE_BOARD_LOST) != NULL);
}

CASE(law_11_only_a_right_clock_takes_events_out_of_the_log)
{
    setup();
    struct lk_input in = input(LK_IN_DUE);
    in.due = LK_DUE_EVENTS;
    in.count = 7;
    struct lk_input synced = input(LK_IN_CLOCK);
    synced.clock = LK_CLOCK_SYNCED;
    feed(synced);
    feed(in);
    CHECK_INT(find_fx(LK_FX_EVENTS_PURGE)->count, 7);
    CHECK_INT(find_event(LK_EV_AUDIT_PURGE)->reason, LK_REASON_EVENTS_OVER);
    CHECK_INT(find_event(LK_EV_AUDIT_PURGE)->count, 7);
    struct lk_input clock = input(LK_IN_CLOCK);
    clock.clock = LK_CLOCK_UNSYNCED;
    feed(clock);
    feed(in);
    CHECK_INT(count_fx(LK_FX_EVENTS_PURGE), 0);
}

int main(int argc, char **argv)
{
    static const struct check_case cases[] = {
        NAMED(each_level_is_told_once_and_alarms_on_the_way_up_only),
        NAMED(full_it_takes_nothing_in_and_gives_everything_out),
        NAMED(a_drop_off_begun_before_is_refused_when_its_case_comes),
        NAMED(law_5_what_tells_nothing_new_is_counted_and_told_of),
        NAMED(a_restart_between_full_and_room_tells_of_them_all_the_same),
        NAMED(law_5_the_first_of_a_kind_and_whatever_is_about_custody_is_logged),
        NAMED(law_11_only_a_right_clock_takes_events_out_of_the_log),
    };
    return check_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
