/* Windows' hours: what people are told, minute by minute of a year, against the simplest reference there is. */
#include "app/hours.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int32_t day_of(int year, unsigned month, unsigned day)
{
    int32_t n = -1;
    assert_int_equal(lk_hours_day(year, month, day, &n), 0);
    return n;
}

static struct lk_window window_of(const char *hours)
{
    struct lk_window w = {.name = "3"};
    const char *what = NULL;
    if (lk_hours_parse_week(hours, w.week, &what) < 0) {
        fail_msg("%s: %s", hours, what);
    }
    return w;
}

/* 2026 as an office might publish it. */
static struct lk_calendar calendar_2026(void)
{
    struct lk_calendar c = {.years = 1, .year = {{.year = 2026}}};
    const char *what = NULL;
    assert_int_equal(
        lk_hours_parse_closed("2026-01-01..2026-01-03 2026-02-15..2026-02-23 2026-10-01", &c.year[0], &what), 0);
    assert_int_equal(lk_hours_parse_working("2026-01-04:fri 2026-02-14:mon  2026-02-28:tue", &c.year[0], &what), 0);
    return c;
}

static struct lk_hours ask(const struct lk_window *w, const struct lk_calendar *c, int32_t day, unsigned h, unsigned m)
{
    struct lk_hours hours;
    lk_hours_ask(w, c, (struct lk_moment){day, h * 60 + m}, &hours);
    return hours;
}

static void assert_open(struct lk_hours hours, unsigned h, unsigned m)
{
    assert_int_equal(hours.state, LK_HOURS_OPEN);
    assert_true(hours.has_change);
    assert_int_equal(hours.change.minute, h * 60 + m);
}

static void assert_closed(struct lk_hours hours, int32_t day, unsigned h, unsigned m)
{
    assert_int_equal(hours.state, LK_HOURS_CLOSED);
    assert_true(hours.has_change);
    assert_int_equal(hours.change.day, day);
    assert_int_equal(hours.change.minute, h * 60 + m);
}

static void counts_days(void **state)
{
    (void)state;
    char text[11];
    assert_int_equal(day_of(1970, 1, 1), 0);
    assert_int_equal(day_of(2000, 3, 1), 11017);
    assert_int_equal(day_of(2026, 11, 26), 20783);
    assert_int_equal(lk_hours_weekday(day_of(2026, 11, 26)), 3); /* a Thursday */
    assert_int_equal(lk_hours_weekday(day_of(1970, 1, 5)), 0);
    assert_int_equal(lk_hours_weekday(-1), 2);
    for (int32_t day = 0; day < day_of(2199, 12, 31); day++) {
        unsigned y = 0, m = 0, d = 0;
        lk_hours_date(day, text);
        assert_int_equal(sscanf(text, "%4u-%2u-%2u", &y, &m, &d), 3);
        assert_int_equal(day_of((int)y, m, d), day);
    }
    int32_t kept = 7;
    static const struct {
        int year;
        unsigned month, day;
    } wrong[] = {{2026, 2, 29}, {2100, 2, 29}, {2026, 0, 1}, {2026, 13, 1}, {2026, 4, 31},
                 {2026, 1, 0},  {1969, 1, 1},  {2200, 1, 1}, {2026, 1, 32}};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(lk_hours_day(wrong[i].year, wrong[i].month, wrong[i].day, &kept), -EINVAL);
    }
    assert_int_equal(kept, 7);
    assert_int_equal(day_of(2024, 2, 29) + 1, day_of(2024, 3, 1));
    lk_hours_date(-1, text);
    assert_string_equal(text, "1969-12-31");
    char time[6];
    lk_hours_time(0, time);
    assert_string_equal(time, "00:00");
    lk_hours_time(LK_DAY_MINUTES, time);
    assert_string_equal(time, "24:00");
    lk_hours_time(13 * 60 + 5, time);
    assert_string_equal(time, "13:05");
}

static void tells_an_ordinary_week(void **state)
{
    (void)state;
    const struct lk_calendar none = {.years = 0};
    struct lk_window w = window_of("mon-fri 09:00-12:00 13:30-17:00, sat 10:00-16:00");
    int32_t monday = day_of(2026, 11, 23);
    assert_closed(ask(&w, &none, monday, 8, 59), monday, 9, 0);
    assert_open(ask(&w, &none, monday, 9, 0), 12, 0);
    assert_open(ask(&w, &none, monday, 11, 59), 12, 0);
    assert_closed(ask(&w, &none, monday, 12, 0), monday, 13, 30);
    assert_open(ask(&w, &none, monday, 16, 59), 17, 0);
    assert_closed(ask(&w, &none, monday, 17, 0), monday + 1, 9, 0);
    assert_open(ask(&w, &none, monday + 5, 10, 0), 16, 0);
    assert_closed(ask(&w, &none, monday + 5, 16, 0), monday + 7, 9, 0);
    assert_closed(ask(&w, &none, monday + 6, 12, 0), monday + 7, 9, 0);
}

static void knows_holidays_and_make_up_days(void **state)
{
    (void)state;
    struct lk_calendar c = calendar_2026();
    struct lk_window w = window_of("mon-thu 09:00-17:00, fri 09:00-15:00");
    assert_closed(ask(&w, &c, day_of(2026, 1, 1), 10, 0), day_of(2026, 1, 4), 9, 0); /* a Sunday that works */
    assert_open(ask(&w, &c, day_of(2026, 1, 4), 10, 0), 15, 0);                      /* like a Friday */
    assert_open(ask(&w, &c, day_of(2026, 2, 14), 10, 0), 17, 0);                     /* a Saturday like a Monday */
    assert_closed(ask(&w, &c, day_of(2026, 2, 14), 18, 0), day_of(2026, 2, 24), 9, 0);
    assert_closed(ask(&w, &c, day_of(2026, 10, 1), 10, 0), day_of(2026, 10, 2), 9, 0);
    assert_open(ask(&w, &c, day_of(2026, 10, 2), 10, 0), 15, 0);
    w.on_holidays = true;
    assert_open(ask(&w, &c, day_of(2026, 1, 1), 10, 0), 17, 0);  /* a Thursday, kept */
    assert_open(ask(&w, &c, day_of(2026, 2, 28), 10, 0), 17, 0); /* and the make-up day too */
    assert_closed(ask(&w, &c, day_of(2026, 2, 21), 10, 0), day_of(2026, 2, 23), 9, 0);
}

static void says_what_it_does_not_know(void **state)
{
    (void)state;
    struct lk_calendar c = calendar_2026();
    struct lk_window w = window_of("mon-fri 09:00-17:00");
    struct lk_hours hours = ask(&w, &c, day_of(2027, 1, 1), 10, 0); /* a Friday of a year nobody described */
    assert_int_equal(hours.state, LK_HOURS_UNKNOWN);
    assert_false(hours.has_change);
    assert_int_equal(ask(&w, &c, day_of(2025, 12, 31), 10, 0).state, LK_HOURS_UNKNOWN);
    assert_open(ask(&w, &c, day_of(2026, 12, 31), 10, 0), 17, 0);
    hours = ask(&w, &c, day_of(2026, 12, 31), 17, 0); /* closed that is certain; when it opens is not */
    assert_int_equal(hours.state, LK_HOURS_CLOSED);
    assert_false(hours.has_change);
    c.year[c.years++] = (struct lk_holidays){.year = 2027};
    assert_closed(ask(&w, &c, day_of(2026, 12, 31), 17, 0), day_of(2027, 1, 1), 9, 0);
    assert_open(ask(&w, &c, day_of(2027, 1, 1), 10, 0), 17, 0);
}

static void looks_ahead_so_far_and_no_further(void **state)
{
    (void)state;
    struct lk_calendar c = {.years = 1, .year = {{.year = 2026}}};
    struct lk_window w = window_of("mon-sun 09:00-17:00");
    const char *what = NULL;
    assert_int_equal(lk_hours_parse_closed("2026-03-02..2026-04-14", &c.year[0], &what), 0); /* 44 days */
    assert_closed(ask(&w, &c, day_of(2026, 3, 2), 8, 0), day_of(2026, 4, 15), 9, 0);
    assert_false(ask(&w, &c, day_of(2026, 3, 1), 18, 0).has_change);
}

static void is_open_to_midnight_and_anew(void **state)
{
    (void)state;
    const struct lk_calendar none = {.years = 0};
    struct lk_window w = window_of("mon 22:00-24:00, tue 00:00-02:00");
    int32_t monday = day_of(2026, 11, 23);
    assert_open(ask(&w, &none, monday, 23, 59), 24, 0);
    assert_open(ask(&w, &none, monday + 1, 0, 0), 2, 0);
    assert_closed(ask(&w, &none, monday + 1, 2, 0), monday + 7, 22, 0);
}

static void chooses_the_window_that_serves_best(void **state)
{
    (void)state;
    struct lk_calendar c = calendar_2026();
    struct lk_hours hours;
    struct lk_window w[3] = {window_of("mon-fri 09:00-12:00"), window_of("mon-fri 09:00-17:00"),
                             window_of("mon-fri 08:30-17:00")};
    int32_t monday = day_of(2026, 11, 23);
    assert_int_equal(lk_hours_best(w, 0, &c, (struct lk_moment){monday, 600}, &hours), -1);
    assert_int_equal(lk_hours_best(w, 3, &c, (struct lk_moment){monday, 600}, &hours), 1);
    assert_open(hours, 17, 0);
    assert_int_equal(lk_hours_best(w, 3, &c, (struct lk_moment){monday, 18 * 60}, &hours), 2);
    assert_closed(hours, monday + 1, 8, 30);
    assert_int_equal(lk_hours_best(w, 2, &c, (struct lk_moment){monday, 510}, &hours), 0);
    assert_int_equal(lk_hours_best(w, 3, &c, (struct lk_moment){monday, 510}, &hours), 2);
    assert_int_equal(lk_hours_best(w, 3, &c, (struct lk_moment){day_of(2027, 1, 4), 600}, &hours), 0);
    assert_int_equal(hours.state, LK_HOURS_UNKNOWN);
}

/* --- texts ------------------------------------------------------------------------------------------------------ */

static void refuses_bad_hours(void **state)
{
    (void)state;
    static const char order[] = "has hours that end before they begin, overlap, touch or are not in order";
    static const char list[] = "is not a list of days and hours";
    static const struct {
        const char *text, *what;
    } rows[] = {
        {"", list},
        {"mon", list},
        {"09:00-17:00", list},
        {"mon 9:00-17:00", list},
        {"mon 09:00-1700", list},
        {"mon 09:00-17:60", list},
        {"mon 09:00-24:01", list},
        {"mon 09:00 -17:00", list},
        {"mon 09:00-17:00x", list},
        {"monday 09:00-17:00", list},
        {"Mon 09:00-17:00", list},
        {"mon-mon 09:00-17:00", list},
        {"fri-mon 09:00-17:00", list},
        {"mon- 09:00-17:00", list},
        {"mon 09:00-17:00 tue 09:00-17:00", list},
        {"mon 09:00-17:00,", list},
        {",mon 09:00-17:00", list},
        {"mon 09:00-17:00,,tue 09:00-17:00", list},
        {"mon-wed 09:00-17:00, wed 10:00-11:00", "names a day twice"},
        {"mon mon 09:00-17:00", "names a day twice"},
        {"mon 17:00-09:00", order},
        {"mon 09:00-09:00", order},
        {"mon 24:00-24:00", order},
        {"mon 09:00-12:00 11:00-17:00", order},
        {"mon 09:00-12:00 12:00-17:00", order},
        {"mon 13:00-17:00 09:00-12:00", order},
        {"mon 01:00-02:00 03:00-04:00 05:00-06:00 07:00-08:00 09:00-10:00", "has more than 4 times of a day"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct lk_day_hours week[LK_WEEK];
        const char *what = NULL;
        if (lk_hours_parse_week(rows[i].text, week, &what) != -EINVAL || strcmp(what, rows[i].what) != 0) {
            fail_msg("\"%s\": %s", rows[i].text, what);
        }
    }
}

static void refuses_bad_dates(void **state)
{
    (void)state;
    static const char dates[] = "is not a list of dates";
    static const struct {
        const char *text, *what;
    } rows[] = {
        {"2026-2-1", dates},
        {"2026-02-29", dates},
        {"2026-13-01", dates},
        {"01-01", dates},
        {"2026-01-01,2026-01-02", dates},
        {"2026-01-01..", dates},
        {"2026-01-02..2026-01-01", dates},
        {"2026-01-01..2026-01-01", dates},
        {"2026-01-01x", dates},
        {"2025-12-31..2026-01-01", "has a date of another year"},
        {"2026-12-31..2027-01-01", "has a date of another year"},
        {"2027-01-01", "has a date of another year"},
        {"2026-01-01 2026-01-01", "names a day that is named already"},
        {"2026-05-01", "names a day that is named already"},
        {"2026-01-01..2026-03-31", "makes more than 80 special days in the year"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct lk_holidays year = {.year = 2026};
        const char *what = NULL;
        assert_int_equal(lk_hours_parse_working("2026-05-01:fri", &year, &what), 0);
        if (lk_hours_parse_closed(rows[i].text, &year, &what) != -EINVAL || strcmp(what, rows[i].what) != 0) {
            fail_msg("\"%s\": %s", rows[i].text, what);
        }
    }
    static const char *const working[] = {"2026-05-09",
                                          "2026-05-09:",
                                          "2026-05-09:friday",
                                          "2026-05-09:x",
                                          "2026-05-09..2026-05-10:fri",
                                          "2026-05-01:fri 2026-05-01:sat"};
    for (size_t i = 0; i < sizeof(working) / sizeof(working[0]); i++) {
        struct lk_holidays year = {.year = 2026};
        const char *what = NULL;
        assert_int_equal(lk_hours_parse_working(working[i], &year, &what), -EINVAL);
        assert_non_null(what);
    }
}

/* --- a year, every minute ---------------------------------------------------------------------------------------- */

enum { DAYS = 365, MINUTES = DAYS * LK_DAY_MINUTES };

/* The reference: one word a minute of 2026, made from the texts by the longest way. */
struct naive {
    bool open[MINUTES];
    unsigned opens_in[MINUTES];  /* minutes until it is open, 0: is; MINUTES: not this year */
    unsigned closes_in[MINUTES]; /* the same until it is not open or the day is over */
};

static uint64_t seed;

static unsigned below(unsigned n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % n;
}

static void random_site(struct lk_window *w, struct lk_calendar *c, struct naive *naive)
{
    static const char *const names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    static bool week[LK_WEEK][LK_DAY_MINUTES];
    int special[DAYS]; /* -2: none, -1: closed, else works as */
    const char *what = NULL;
    char text[400] = "";
    size_t n = 0;
    memset(week, 0, sizeof(week));
    memset(w, 0, sizeof(*w));
    w->on_holidays = below(4) == 0;
    for (unsigned d = 0; d < LK_WEEK; d++) {
        unsigned at = below(600);
        unsigned spans = below(4);
        n += spans > 0 ? (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", n > 0 ? ", " : "", names[d]) : 0;
        for (unsigned i = 0; i < spans; i++) {
            unsigned to = at + 1 + below(250);
            n += (size_t)snprintf(text + n, sizeof(text) - n, " %02u:%02u-%02u:%02u", at / 60, at % 60, to / 60,
                                  to % 60);
            for (unsigned m = at; m < to; m++) {
                week[d][m] = true;
            }
            at = to + 1 + below(20);
        }
    }
    if (n > 0) {
        assert_int_equal(lk_hours_parse_week(text, w->week, &what), 0);
    }
    *c = (struct lk_calendar){.years = 1, .year = {{.year = 2026}}};
    for (int d = 0; d < DAYS; d++) {
        char date[11], one[32];
        special[d] = below(10) == 0 ? -1 : below(15) == 0 ? (int)below(LK_WEEK) : -2;
        lk_hours_date(day_of(2026, 1, 1) + d, date);
        snprintf(one, sizeof(one), special[d] >= 0 ? "%s:%s" : "%s", date, special[d] >= 0 ? names[special[d]] : "");
        if (special[d] != -2 && (special[d] == -1 ? lk_hours_parse_closed(one, &c->year[0], &what)
                                                  : lk_hours_parse_working(one, &c->year[0], &what)) < 0) {
            assert_string_equal(what, "makes more than 80 special days in the year");
            special[d] = -2;
        }
        unsigned weekday = (3u + (unsigned)d) % LK_WEEK; /* 2026 begins with a Thursday */
        bool shut = special[d] == -1 && !w->on_holidays;
        const bool *hours = week[special[d] >= 0 ? (unsigned)special[d] : weekday];
        for (unsigned m = 0; m < LK_DAY_MINUTES; m++) {
            naive->open[d * LK_DAY_MINUTES + (int)m] = !shut && hours[m];
        }
    }
    for (int i = MINUTES - 1; i >= 0; i--) {
        bool last = i == MINUTES - 1;
        naive->opens_in[i] = naive->open[i]                              ? 0
                             : last || naive->opens_in[i + 1] >= MINUTES ? MINUTES
                                                                         : naive->opens_in[i + 1] + 1;
        bool day_ends = (i + 1) % LK_DAY_MINUTES == 0;
        naive->closes_in[i] = !naive->open[i] ? 0 : day_ends ? 1 : naive->closes_in[i + 1] + 1;
    }
}

static void is_right_every_minute_of_a_year(void **state)
{
    (void)state;
    static struct naive naive;
    unsigned opened = 0, told = 0;
    for (unsigned site = 1; site <= 8; site++) {
        struct lk_window w;
        struct lk_calendar c;
        seed = site;
        random_site(&w, &c, &naive);
        int32_t first = day_of(2026, 1, 1);
        for (int i = 0; i < MINUTES; i++) {
            struct lk_hours hours;
            struct lk_moment now = {first + i / LK_DAY_MINUTES, (unsigned)i % LK_DAY_MINUTES};
            lk_hours_ask(&w, &c, now, &hours);
            unsigned change =
                hours.has_change ? (unsigned)(hours.change.day - first) * LK_DAY_MINUTES + hours.change.minute : 0;
            unsigned opens_at = (unsigned)i + naive.opens_in[i];
            bool seen = naive.opens_in[i] < MINUTES &&
                        opens_at / LK_DAY_MINUTES < (unsigned)i / LK_DAY_MINUTES + LK_HOURS_AHEAD;
            bool right =
                naive.open[i]
                    ? hours.state == LK_HOURS_OPEN && hours.has_change && change == (unsigned)i + naive.closes_in[i]
                    : hours.state == LK_HOURS_CLOSED && hours.has_change == seen && (!seen || change == opens_at);
            if (!right) {
                fail_msg("seed %u, day %d minute %u: state %d, change %u", site, i / LK_DAY_MINUTES, now.minute,
                         hours.state, change);
            }
            opened += naive.open[i];
            told += !naive.open[i] && seen;
        }
    }
    assert_in_range(opened, 100000, 8u * MINUTES / 2); /* the sites were no empty ones */
    assert_in_range(told, 100000, 8u * MINUTES);
}

/* Whatever is written there, it is read or refused, and never half way out of bounds. */
static void random_texts_never_crash(void **state)
{
    (void)state;
    static const char *const words[] = {"mon",         "tue-fri",     "sun",         " ",          ",",  "09:00-12:00",
                                        "12:00-24:00", "00:00-01:00", "-",           "2026-01-01", "..", "2026-12-31",
                                        ":fri",        ":",           "99:99-99:99", "\t",         "mo"};
    seed = 99;
    unsigned good = 0;
    for (unsigned i = 0; i < 200000; i++) {
        char text[128] = "";
        struct lk_day_hours week[LK_WEEK];
        struct lk_holidays year = {.year = 2026};
        const char *what = NULL;
        for (unsigned n = below(8); n > 0; n--) {
            strcat(text, words[below(sizeof(words) / sizeof(words[0]))]);
        }
        good += lk_hours_parse_week(text, week, &what) == 0;
        good += lk_hours_parse_closed(text, &year, &what) == 0 && year.count > 0;
        good += lk_hours_parse_working(text, &year, &what) == 0 && year.count > 0;
    }
    assert_in_range(good, 100, 100000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_days),
        cmocka_unit_test(tells_an_ordinary_week),
        cmocka_unit_test(knows_holidays_and_make_up_days),
        cmocka_unit_test(says_what_it_does_not_know),
        cmocka_unit_test(looks_ahead_so_far_and_no_further),
        cmocka_unit_test(is_open_to_midnight_and_anew),
        cmocka_unit_test(chooses_the_window_that_serves_best),
        cmocka_unit_test(refuses_bad_hours),
        cmocka_unit_test(refuses_bad_dates),
        cmocka_unit_test(is_right_every_minute_of_a_year),
        cmocka_unit_test(random_texts_never_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
