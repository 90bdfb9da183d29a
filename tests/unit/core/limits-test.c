/* What the machine around us allows: no openings while the power fails, nothing new while the disk is nearly full. */
#include "person-words.h"
#include "staff-words.h"

enum { CODE = 11112222, TOKEN = 999 };

static void limits(bool power_failing, bool disk_low)
{
    struct lk_input in = input(LK_IN_LIMITS);
    in.power_failing = power_failing;
    in.disk_low = disk_low;
    feed(in);
}

CASE(each_change_is_told_once_and_alarms_when_it_begins)
{
    setup();
    limits(false, false);
    CHECK_INT(bench.fx.count, 0);
    limits(true, false);
    CHECK_INT(the_event(LK_EV_SITE_DEGRADED)->reason, LK_REASON_POWER_FAILING);
    CHECK(the_event(LK_EV_SITE_DEGRADED)->alarm);
    limits(true, false);
    CHECK_INT(bench.fx.count, 0);
    limits(true, true);
    CHECK_INT(the_event(LK_EV_SITE_DEGRADED)->reason, LK_REASON_DISK_LOW);
    limits(false, true);
    CHECK_INT(the_event(LK_EV_SITE_DEGRADED)->reason, LK_REASON_RECOVERED);
    CHECK_STR(the_event(LK_EV_SITE_DEGRADED)->note, "power_failing");
    CHECK(!the_event(LK_EV_SITE_DEGRADED)->alarm);
    limits(false, false);
    CHECK_STR(the_event(LK_EV_SITE_DEGRADED)->note, "disk_low");
}

/* Everybody's way to a door. */
CASE(while_the_power_fails_no_lock_is_pulsed)
{
    setup();
    int door = stock("X1", CODE, TOKEN);
    announce("X2", 22223333, 0);
    limits(true, false);
    code(CODE);
    CHECK_INT(answer(), LK_REASON_POWER_FAILING);
    CHECK_INT(count_fx(LK_FX_PULSE), 0);
    wait_ms(20000);
    qr(TOKEN);
    CHECK_INT(count_fx(LK_FX_PULSE), 0);
    wait_ms(20000);
    remote_open(door);
    CHECK_INT(find_fx(LK_FX_COMMAND)->reason, LK_REASON_POWER_FAILING);
    admin(LK_ADMIN_OPEN, door, LK_ACTOR_MAINTENANCE);
    CHECK_INT(answer(), LK_REASON_POWER_FAILING);
    bring("X2");
    press_size(LK_SIZE_S);
    CHECK_INT(count_fx(LK_FX_PULSE), 0);
    CHECK_INT(custody("X1"), LK_CUSTODY_IN_LOCKER);
    CHECK_INT(custody("X2"), LK_CUSTODY_EXPECTED);
    CHECK(shown().out_of_service);
    limits(false, false);
    CHECK(!shown().out_of_service);
}

CASE(what_is_under_way_ends_as_it_should)
{
    setup();
    int door = stock("X1", CODE, TOKEN);
    code(CODE);
    limits(true, false);
    opens(door);
    shuts(door);
    CHECK_INT(custody("X1"), LK_CUSTODY_COLLECTED);
}

/* A jam is not tried again, and the person may come back: nothing is lost. */
CASE(a_retry_waits_for_the_power)
{
    setup();
    int door = stock("X1", CODE, TOKEN);
    code(CODE);
    report(door, LK_PULSE_ECHOED);
    limits(true, false);
    wait_ms(60000);
    CHECK_INT(count_fx(LK_FX_PULSE), 0);
    limits(false, false);
    wait_ms(20000);
    code(CODE);
    CHECK_INT(find_fx(LK_FX_PULSE)->door, door);
}

CASE(once_the_power_is_good_all_goes_on)
{
    setup();
    int door = stock("X1", CODE, TOKEN);
    limits(true, false);
    limits(false, false);
    code(CODE);
    CHECK_INT(find_fx(LK_FX_PULSE)->door, door);
}

CASE(with_hardly_any_room_nothing_new_comes_in_and_everything_goes_out)
{
    setup();
    int door = stock("X1", CODE, TOKEN);
    announce("X2", 22223333, 0);
    limits(false, true);
    bring("X2");
    CHECK_INT(answer(), LK_REASON_DISK_LOW);
    press(LK_BUTTON_SIGN_OUT);
    bench.cfg.dropoff = true;
    CHECK(!shown().button[LK_BUTTON_DROP_OFF]);
    struct lk_input in = command(LK_CMD_ITEM_ANNOUNCE);
    (void)lk_text_copy(in.command.item.id, sizeof(in.command.item.id), "X3");
    feed(in);
    CHECK_INT(find_fx(LK_FX_COMMAND)->reason, LK_REASON_DISK_LOW);
    code(CODE);
    CHECK_INT(find_fx(LK_FX_PULSE)->door, door);
}

int main(int argc, char **argv)
{
    static const struct check_case cases[] = {
        NAMED(each_change_is_told_once_and_alarms_when_it_begins),
        NAMED(while_the_power_fails_no_lock_is_pulsed),
        NAMED(what_is_under_way_ends_as_it_should),
        NAMED(a_retry_waits_for_the_power),
        NAMED(once_the_power_is_good_all_goes_on),
        NAMED(with_hardly_any_room_nothing_new_comes_in_and_everything_goes_out),
    };
    return check_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
