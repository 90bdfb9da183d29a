/* What the kiosk is told of the windows: the site's local time, and nothing while the clock is not worth it. */
#include "windows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* 2026-11-26 00:00:00 UTC, a Thursday. */
enum { THURSDAY_S = 1795651200 };

static struct lk_config config;

static int configure(void **state)
{
    (void)state;
    const char *what = NULL;
    memset(&config, 0, sizeof(config));
    strcpy(config.site.time_zone, "Asia/Shanghai");
    config.windows = 1;
    strcpy(config.window[0].name, "3");
    return lk_hours_parse_week("mon-fri 09:00-12:00 13:30-17:00", config.window[0].week, &what);
}

static struct lk_face_window at_utc(int hour, int minute, enum lk_clock_quality quality)
{
    struct lk_stamp now = {.wall_ms = (THURSDAY_S + hour * 3600 + minute * 60) * INT64_C(1000), .quality = quality};
    struct lk_face_window window;
    lk_windows_zone(&config);
    lk_windows_now(&config, &now, &window);
    return window;
}

static void assert_told(struct lk_face_window window, enum lk_face_window_state state, const char *day, const char *at)
{
    assert_int_equal(window.state, state);
    assert_string_equal(window.name, "3");
    assert_string_equal(window.day, day);
    assert_string_equal(window.at, at);
}

static void keeps_the_sites_local_time(void **state)
{
    (void)state;
    assert_told(at_utc(0, 59, LK_CLOCK_SYNCED), LK_FACE_WINDOW_CLOSED, "today", "09:00"); /* 8:59 there */
    assert_told(at_utc(1, 0, LK_CLOCK_SYNCED), LK_FACE_WINDOW_OPEN, "today", "12:00");
    assert_told(at_utc(8, 59, LK_CLOCK_SYNCED), LK_FACE_WINDOW_OPEN, "today", "17:00");
    assert_told(at_utc(9, 0, LK_CLOCK_SYNCED), LK_FACE_WINDOW_CLOSED, "2026-11-27", "09:00");
    assert_told(at_utc(16, 0, LK_CLOCK_SYNCED), LK_FACE_WINDOW_CLOSED, "today", "09:00"); /* midnight there */
    strcpy(config.site.time_zone, "Europe/Berlin");
    assert_told(at_utc(8, 0, LK_CLOCK_SYNCED), LK_FACE_WINDOW_OPEN, "today", "12:00");
    assert_told(at_utc(7, 59, LK_CLOCK_SYNCED), LK_FACE_WINDOW_CLOSED, "today", "09:00");
}

static void says_nothing_it_does_not_know(void **state)
{
    (void)state;
    assert_told(at_utc(1, 0, LK_CLOCK_UNSYNCED), LK_FACE_WINDOW_UNKNOWN, "", "");
    assert_told(at_utc(1, 0, LK_CLOCK_RTC), LK_FACE_WINDOW_UNKNOWN, "", "");
    config.calendar = (struct lk_calendar){.years = 1, .year = {{.year = 2025}}};
    assert_told(at_utc(1, 0, LK_CLOCK_SYNCED), LK_FACE_WINDOW_UNKNOWN, "", "");
    config.calendar.year[0].year = 2026;
    assert_told(at_utc(1, 0, LK_CLOCK_SYNCED), LK_FACE_WINDOW_OPEN, "today", "12:00");
    struct lk_stamp never = {.wall_ms = INT64_MIN / 2, .quality = LK_CLOCK_SYNCED};
    struct lk_face_window window;
    lk_windows_now(&config, &never, &window);
    assert_told(window, LK_FACE_WINDOW_UNKNOWN, "", "");
}

static void has_nothing_to_say_without_windows(void **state)
{
    (void)state;
    config.windows = 0;
    struct lk_face_window window = at_utc(1, 0, LK_CLOCK_SYNCED);
    assert_int_equal(window.state, LK_FACE_WINDOW_NONE);
}

static void names_the_window_that_serves_best(void **state)
{
    (void)state;
    const char *what = NULL;
    config.windows = 2;
    strcpy(config.window[1].name, "8");
    assert_int_equal(lk_hours_parse_week("mon-sun 09:00-20:00", config.window[1].week, &what), 0);
    struct lk_face_window window = at_utc(1, 0, LK_CLOCK_SYNCED);
    assert_string_equal(window.name, "8");
    assert_string_equal(window.at, "20:00");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(keeps_the_sites_local_time, configure),
        cmocka_unit_test_setup(says_nothing_it_does_not_know, configure),
        cmocka_unit_test_setup(has_nothing_to_say_without_windows, configure),
        cmocka_unit_test_setup(names_the_window_that_serves_best, configure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
