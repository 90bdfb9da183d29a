/* The clocks: what a calendar time is worth, and that virtual time moves only when told. */
#include "hal/clock_linux.h"
#include "hal/clock_sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/timex.h>
#include <time.h>

#include "clock_judge.h"

#include <cmocka.h>

static int64_t now_ms(clockid_t id)
{
    struct timespec ts;
    assert_int_equal(clock_gettime(id, &ts), 0);
    return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

static void real_clock_is_the_kernels(void **state)
{
    struct lk_clock *clock = NULL;
    (void)state;
    assert_int_equal(lk_clock_linux_create(0, &clock), 0);
    int64_t before = now_ms(CLOCK_MONOTONIC);
    int64_t seen = lk_clock_mono_ms(clock);
    int64_t ns = lk_clock_mono_ns(clock);
    int64_t after = now_ms(CLOCK_MONOTONIC);
    assert_true(before <= seen && seen <= after);
    assert_true(ns / 1000000 >= seen && ns / 1000000 <= after);
    before = now_ms(CLOCK_REALTIME);
    seen = lk_clock_wall_ms(clock);
    after = now_ms(CLOCK_REALTIME);
    assert_true(before <= seen && seen <= after);
    assert_null(lk_clock_destroy(clock));
    assert_null(lk_clock_destroy(NULL));
}

static void law_11_time_before_the_build_is_not_believed(void **state)
{
    struct lk_clock *clock = NULL;
    (void)state;
    assert_int_equal(lk_clock_linux_create(now_ms(CLOCK_REALTIME) / 1000 + 3600, &clock), 0);
    assert_int_equal(lk_clock_quality(clock), LK_HAL_CLOCK_UNSYNCED);
    (void)lk_clock_destroy(clock);
    /* The default is the day of the build, and we run later than that. */
    assert_int_equal(lk_clock_linux_create(0, &clock), 0);
    assert_int_not_equal(lk_clock_quality(clock), LK_HAL_CLOCK_UNSYNCED);
    (void)lk_clock_destroy(clock);
}

static void quality_agrees_with_adjtimex(void **state)
{
    struct lk_clock *clock = NULL;
    struct timex tx = {.modes = 0};
    (void)state;
    assert_int_equal(lk_clock_linux_create(1, &clock), 0);
    int r = adjtimex(&tx);
    enum lk_hal_clock expected =
        r < 0 || r == TIME_ERROR || (tx.status & STA_UNSYNC) ? LK_HAL_CLOCK_RTC : LK_HAL_CLOCK_SYNCED;
    assert_int_equal(lk_clock_quality(clock), expected);
    (void)lk_clock_destroy(clock);
}

static void judging(void **state)
{
    static const struct {
        int64_t wall_s;
        int state, status;
        enum lk_hal_clock expected;
    } rows[] = {
        {1000, TIME_OK, 0, LK_HAL_CLOCK_SYNCED},
        {1000, TIME_INS, STA_PLL, LK_HAL_CLOCK_SYNCED}, /* a leap second is coming */
        {1000, TIME_OK, STA_UNSYNC, LK_HAL_CLOCK_RTC},
        {1000, TIME_ERROR, STA_UNSYNC, LK_HAL_CLOCK_RTC},
        {1000, TIME_ERROR, 0, LK_HAL_CLOCK_RTC},
        {1000, -1, 0, LK_HAL_CLOCK_RTC}, /* the call is forbidden: nothing is claimed */
        {999, TIME_OK, 0, LK_HAL_CLOCK_UNSYNCED},
        {999, TIME_ERROR, STA_UNSYNC, LK_HAL_CLOCK_UNSYNCED},
        {-5, TIME_OK, 0, LK_HAL_CLOCK_UNSYNCED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(lk_clock_judge(rows[i].wall_s, 1000, rows[i].state, rows[i].status), rows[i].expected);
    }
}

static int64_t day(double days)
{
    return (int64_t)(days * 24 * 60 * 60 * 1000);
}

/* Each row is a moment: what the kernel says, where its calendar is, and what is believed. */
static void law_11_a_synchronised_calendar_that_jumps_is_doubted(void **state)
{
    const enum lk_hal_clock U = LK_HAL_CLOCK_UNSYNCED, R = LK_HAL_CLOCK_RTC, S = LK_HAL_CLOCK_SYNCED;
    const struct {
        double mono_days, wall_days;
        enum lk_hal_clock said, expected;
    } rows[] = {
        {0, 0, U, U},           {0.01, 20000, R, R},    {0.02, 20000.5, S, S}, /* the first word is believed */
        {0.03, 20000.51, S, S},                                                /* as the monotonic clock goes */
        {50, 20050.52, S, S},   {50.1, 20050.59, S, S}, /* drift, and a quarter of an hour set back */
        {50.2, 21050, S, R},                            /* years ahead */
        {50.3, 20050.79, S, S},                         /* and back: at once */
        {50.4, 20050.9, R, R},  {60, 19000, R, R},      {61, 19001, S, R}, /* stepped, then "synchronised" there */
        {61.9, 19001.9, S, R},  {61.95, 30000, S, R},                      /* a day at one place is what counts */
        {62.5, 30000.55, S, R}, {62.9, 30000.95, S, R}, {62.96, 30001.01, S, S},
        {63, 30001.05, S, S},   {63.1, 20063.49, S, R},
    };
    struct lk_clock_trust trust = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum lk_hal_clock got = lk_clock_trust(&trust, rows[i].said, day(rows[i].wall_days), day(rows[i].mono_days));
        if (got != rows[i].expected) {
            fail_msg("row %zu: %d, expected %d", i, (int)got, (int)rows[i].expected);
        }
    }
}

static void virtual_time_moves_only_when_told(void **state)
{
    struct lk_clock *clock = NULL;
    (void)state;
    assert_int_equal(lk_clock_sim_create(1700000000123, &clock), 0);
    assert_int_equal(lk_clock_mono_ns(clock), 0);
    assert_int_equal(lk_clock_wall_ms(clock), 1700000000123);
    assert_int_equal(lk_clock_quality(clock), LK_HAL_CLOCK_SYNCED);
    for (int i = 0; i < 1000; i++) {
        lk_clock_sim_advance_ns(clock, 1500); /* half-microseconds add up on both */
    }
    assert_int_equal(lk_clock_mono_ns(clock), 1500000);
    assert_int_equal(lk_clock_mono_ms(clock), 1);
    assert_int_equal(lk_clock_wall_ms(clock), 1700000000124);
    lk_clock_sim_advance_ns(clock, -7);
    assert_int_equal(lk_clock_mono_ns(clock), 1500000);
    (void)lk_clock_destroy(clock);
}

static void a_jump_leaves_the_monotonic_clock_alone(void **state)
{
    struct lk_clock *clock = NULL;
    (void)state;
    assert_int_equal(lk_clock_sim_create(1700000000000, &clock), 0);
    lk_clock_sim_advance_ns(clock, 5000000);
    lk_clock_sim_set_wall_ms(clock, 1000);
    lk_clock_sim_set_quality(clock, LK_HAL_CLOCK_UNSYNCED);
    assert_int_equal(lk_clock_mono_ms(clock), 5);
    assert_int_equal(lk_clock_wall_ms(clock), 1000);
    assert_int_equal(lk_clock_quality(clock), LK_HAL_CLOCK_UNSYNCED);
    (void)lk_clock_destroy(clock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_clock_is_the_kernels),
        cmocka_unit_test(law_11_time_before_the_build_is_not_believed),
        cmocka_unit_test(quality_agrees_with_adjtimex),
        cmocka_unit_test(judging),
        cmocka_unit_test(law_11_a_synchronised_calendar_that_jumps_is_doubted),
        cmocka_unit_test(virtual_time_moves_only_when_told),
        cmocka_unit_test(a_jump_leaves_the_monotonic_clock_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
