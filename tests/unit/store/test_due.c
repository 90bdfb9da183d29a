/* What the calendar asks for: told once, news again after an extension, and never by a clock that proves nothing. */
#include "unit/store/fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_MS = 86400000 };

struct due {
    bool any;
    enum lk_due kind;
    struct lk_item item;
    unsigned count;
};

static struct due next(struct fix *f)
{
    struct lk_store_found found;
    struct due due = {.kind = LK_DUES, .count = 99};
    assert_int_equal(lk_store_next_due(f->store, &f->now, &due.kind, &found, &due.count), 0);
    due.any = found.found;
    due.item = found.item;
    return due;
}

static void assert_next(struct fix *f, enum lk_due kind, const char *item)
{
    struct due due = next(f);
    assert_true(due.any);
    assert_int_equal(due.kind, kind);
    assert_string_equal(due.item.id, item);
    assert_int_equal(due.count, 0);
}

static void assert_nothing(struct fix *f)
{
    struct due due = next(f);
    assert_false(due.any);
    assert_int_equal(due.count, 0);
}

static void mark(struct fix *f, enum lk_effect_kind kind, const char *item)
{
    (void)fx_item(f, kind, item);
    apply_ok(f);
}

static void put_in(struct fix *f, uint64_t intent, const char *item, int door)
{
    say_announce(f, item, NULL, NULL);
    say_deposit(f, intent, item, door);
}

static void days(struct fix *f, int n)
{
    f->now.wall_ms += (int64_t)n * DAY_MS;
}

static void reminded_and_overdue_are_told_once(void **state)
{
    struct fix *f = *state;
    put_in(f, 1, "case-1", 0);
    days(f, 5);
    f->now.wall_ms -= 1;
    assert_nothing(f);
    f->now.wall_ms += 1; /* two days before its end */
    assert_next(f, LK_DUE_REMINDER, "case-1");
    assert_next(f, LK_DUE_REMINDER, "case-1"); /* as long as nobody told it */
    mark(f, LK_FX_ITEM_REMINDED, "case-1");
    assert_nothing(f);
    fix_reopen(f);
    assert_nothing(f);
    days(f, 2);
    assert_next(f, LK_DUE_OVERDUE, "case-1");
    assert_true(next(f).item.overdue);
    mark(f, LK_FX_ITEM_OVERDUE, "case-1");
    assert_nothing(f);
    days(f, 100); /* its code stays valid until staff recall it: nothing else is ever due of it */
    assert_nothing(f);
}

static void an_extension_makes_both_news_again(void **state)
{
    struct fix *f = *state;
    put_in(f, 1, "case-1", 0);
    days(f, 7);
    mark(f, LK_FX_ITEM_REMINDED, "case-1");
    mark(f, LK_FX_ITEM_OVERDUE, "case-1");
    fx_item(f, LK_FX_ITEM_EXTEND, "case-1")->count = 3;
    apply_ok(f);
    assert_nothing(f);
    days(f, 1);
    assert_next(f, LK_DUE_REMINDER, "case-1");
    mark(f, LK_FX_ITEM_REMINDED, "case-1");
    days(f, 2);
    assert_next(f, LK_DUE_OVERDUE, "case-1");
}

/* Who was never reminded, because the site was down, is told the later truth only. */
static void overdue_needs_no_reminder_before(void **state)
{
    struct fix *f = *state;
    put_in(f, 1, "case-1", 0);
    days(f, 30);
    assert_next(f, LK_DUE_OVERDUE, "case-1");
    mark(f, LK_FX_ITEM_OVERDUE, "case-1");
    assert_nothing(f);
}

static void the_oldest_comes_first(void **state)
{
    struct fix *f = *state;
    put_in(f, 1, "b-first", 0);
    days(f, 1);
    put_in(f, 2, "a-second", 1);
    days(f, 5);
    assert_next(f, LK_DUE_REMINDER, "b-first");
    mark(f, LK_FX_ITEM_REMINDED, "b-first");
    assert_next(f, LK_DUE_REMINDER, "a-second");
    days(f, 30);
    assert_next(f, LK_DUE_OVERDUE, "b-first");
}

/* Law 11, for each kind of due. */
static void law_11_nothing_is_due_by_a_clock_that_proves_nothing(void **state)
{
    struct fix *f = *state;
    static const enum lk_clock_quality bad[] = {LK_CLOCK_UNSYNCED, LK_CLOCK_RTC};
    static const enum lk_due kinds[] = {LK_DUE_REMINDER, LK_DUE_OVERDUE, LK_DUE_ERASE, LK_DUE_PURGE};
    static const int wait_days[] = {5, 2, 30, 365};
    put_in(f, 1, "case-1", 0);
    for (int kind = 0; kind < 4; kind++) {
        if (kind == 2) {
            say_collect(f, 2, "case-1", 0);
        }
        days(f, wait_days[kind]);
        for (int i = 0; i < 2; i++) {
            f->now.quality = bad[i];
            assert_nothing(f);
        }
        f->now.quality = LK_CLOCK_SYNCED;
        struct due due = next(f);
        assert_true(due.any);
        assert_int_equal(due.kind, kinds[kind]);
        static const enum lk_effect_kind done[] = {LK_FX_ITEM_REMINDED, LK_FX_ITEM_OVERDUE, LK_FX_ITEM_ERASE};
        if (kind < 3) {
            mark(f, done[kind], "case-1");
        }
    }
}

static void only_who_may_come_is_reminded(void **state)
{
    struct fix *f = *state;
    put_in(f, 1, "cancelled", 0);
    put_in(f, 2, "refused", 1);
    put_in(f, 3, "left-here", 2);
    put_in(f, 4, "taken", 3);
    put_in(f, 5, "recalled", 4);
    mark(f, LK_FX_ITEM_CANCELLED, "cancelled");
    mark(f, LK_FX_ITEM_REJECTED, "refused");
    fx_item(f, LK_FX_ITEM_PUT, "left-here")->item.dropoff = true; /* by a citizen, for the office */
    apply_ok(f);
    say_collect(f, 6, "taken", 3);
    struct lk_effect *change = fx_item(f, LK_FX_ITEM_CUSTODY, "recalled");
    change->from = LK_CUSTODY_IN_LOCKER;
    change->to = LK_CUSTODY_AT_WINDOW;
    apply_ok(f);
    days(f, 6);
    assert_nothing(f);
    days(f, 2);
    assert_nothing(f);
}

static void reminders_can_be_off(void **state)
{
    struct fix *f = *state;
    f->config.remind_days = 0;
    fix_reopen(f);
    put_in(f, 1, "case-1", 0);
    days(f, 6);
    assert_nothing(f);
    days(f, 1);
    assert_next(f, LK_DUE_OVERDUE, "case-1");
}

static void rounds_are_remembered(void **state)
{
    struct fix *f = *state;
    int64_t when = 99;
    assert_int_equal(lk_store_last_round(f->store, &when), 0);
    assert_int_equal(when, 0);
    fx_event(f, LK_EV_AUDIT_INSPECTION)->count = 16;
    apply_ok(f);
    int64_t ended = f->now.wall_ms;
    days(f, 1);
    (void)fx_event(f, LK_EV_AUDIT_MISMATCH); /* a look into one compartment is no round */
    apply_ok(f);
    fix_reopen(f);
    assert_int_equal(lk_store_last_round(f->store, &when), 0);
    assert_int_equal(when, ended);
}

/* By such a clock a round may have been in 1970, and the next one would be due at once; or in 2040, and none for years.
 */
static void law_11_a_round_gets_its_date_from_a_right_clock(void **state)
{
    struct fix *f = *state;
    int64_t when = 99;
    f->now.quality = LK_CLOCK_RTC;
    fx_event(f, LK_EV_AUDIT_INSPECTION)->count = 16;
    apply_ok(f);
    assert_int_equal(lk_store_last_round(f->store, &when), 0);
    assert_int_equal(when, LK_ROUND_UNDATED);
    fx_event(f, LK_EV_SITE_CLOCK)->clock = LK_CLOCK_RTC;
    apply_ok(f);
    fix_reopen(f);
    assert_int_equal(lk_store_last_round(f->store, &when), 0);
    assert_int_equal(when, LK_ROUND_UNDATED);
    f->now.quality = LK_CLOCK_SYNCED;
    fx_event(f, LK_EV_SITE_CLOCK)->clock = LK_CLOCK_SYNCED;
    apply_ok(f);
    int64_t dated = f->now.wall_ms;
    days(f, 3);
    fx_event(f, LK_EV_SITE_CLOCK)->clock = LK_CLOCK_SYNCED;
    apply_ok(f);
    assert_int_equal(lk_store_last_round(f->store, &when), 0);
    assert_int_equal(when, dated);
}

/* What upstream has goes when a day of it is past its time; never what a wrong clock dated, nor what is not
 * acknowledged. */
static void add_events(struct fix *f, unsigned n, enum lk_clock_quality quality)
{
    enum lk_clock_quality was = f->now.quality;
    f->now.quality = quality;
    for (unsigned i = 0; i < n; i++) {
        fx_event(f, LK_EV_ACCESS_DENIED)->count = i + 1;
        apply_ok(f);
    }
    f->now.quality = was;
}

static void assert_events_due(struct fix *f, unsigned count)
{
    struct due due = next(f);
    assert_int_equal(due.any, count > 0);
    assert_int_equal(due.count, count);
    if (count > 0) {
        assert_int_equal(due.kind, LK_DUE_EVENTS);
    }
}

static void take_out(struct fix *f, unsigned count)
{
    fx(f, LK_FX_EVENTS_PURGE)->count = count;
    fx_event(f, LK_EV_AUDIT_PURGE)->count = count;
    apply_ok(f);
}

static void events_go_when_a_day_of_them_is_over(void **state)
{
    struct fix *f = *state;
    add_events(f, 4, LK_CLOCK_SYNCED);
    f->now.wall_ms += DAY_MS / 2;
    add_events(f, 3, LK_CLOCK_SYNCED);
    days(f, 365);
    assert_events_due(f, 0); /* upstream has none of them */
    assert_int_equal(lk_store_set_acked(f->store, 6), 0);
    assert_events_due(f, 0); /* over, but not yet for a day: they go together */
    f->now.wall_ms += DAY_MS / 2;
    assert_events_due(f, 6);
    take_out(f, 6);
    assert_int_equal(lk_store_first_seq(f->store), 7);
    assert_events_due(f, 0);
    fix_reopen(f);
    assert_int_equal(lk_store_first_seq(f->store), 7);
    assert_int_equal(lk_store_last_seq(f->store), 8);
}

static void a_wrong_date_takes_no_event_out(void **state)
{
    struct fix *f = *state;
    int64_t right_ms = f->now.wall_ms;
    f->now.wall_ms = 1000;
    add_events(f, 3, LK_CLOCK_UNSYNCED); /* of 1970, they say */
    f->now.wall_ms = right_ms;
    assert_int_equal(lk_store_set_acked(f->store, 3), 0);
    assert_events_due(f, 0);
    add_events(f, 1, LK_CLOCK_SYNCED);
    assert_int_equal(lk_store_set_acked(f->store, 4), 0);
    assert_events_due(f, 0);
    days(f, 367);
    f->now.quality = LK_CLOCK_UNSYNCED;
    assert_events_due(f, 0);
    f->now.quality = LK_CLOCK_SYNCED;
    assert_events_due(f, 4); /* what stands before an event that is certainly old is older */
}

static void many_go_in_bounded_steps(void **state)
{
    struct fix *f = *state;
    add_events(f, 600, LK_CLOCK_SYNCED);
    assert_int_equal(lk_store_set_acked(f->store, 600), 0);
    days(f, 367);
    for (unsigned left = 600; left > 0;) {
        unsigned count = next(f).count;
        assert_in_range(count, 1, 256);
        take_out(f, count);
        left -= count;
    }
    assert_events_due(f, 0);
    fx(f, LK_FX_EVENTS_PURGE)->count = 1; /* the purges' own events: not acknowledged */
    assert_int_equal(fx_apply(f), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reminded_and_overdue_are_told_once, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(an_extension_makes_both_news_again, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(overdue_needs_no_reminder_before, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(the_oldest_comes_first, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(law_11_nothing_is_due_by_a_clock_that_proves_nothing, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(only_who_may_come_is_reminded, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(reminders_can_be_off, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(rounds_are_remembered, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(law_11_a_round_gets_its_date_from_a_right_clock, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(events_go_when_a_day_of_them_is_over, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(a_wrong_date_takes_no_event_out, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(many_go_in_bounded_steps, fix_setup, fix_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
