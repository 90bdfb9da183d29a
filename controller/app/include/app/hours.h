/*
 * When a window of the office is open: weekly hours, closed days and make-up working days (调休). Pure: no clock, no
 * time zone, no allocation; the local time comes in as a day and a minute. Any thread.
 *
 * A day of a year that no [holidays YEAR] describes is not known, once any year is described: nobody may be sent to a
 * window that is shut for New Year because a file was not renewed. Without any such section weekly hours are all there
 * is.
 *
 * A window that is open over midnight is said to be open until 24:00, and after midnight anew.
 */
#ifndef APP_HOURS_H
#define APP_HOURS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    LK_WINDOWS = 16,
    LK_WINDOW_NAME = 32, /* bytes, NUL included */
    LK_WINDOW_SPANS = 4, /* of hours in one day */
    LK_HOLIDAY_YEARS = 8,
    LK_SPECIAL_DAYS = 80, /* in one year */
    LK_HOURS_AHEAD = 45,  /* days that are looked at for the next opening, today included */
    LK_DAY_MINUTES = 1440,
    LK_WEEK = 7, /* Monday is 0 */
};

/* Minutes of the day, from 0; `to` is the first one after it. */
struct lk_span {
    unsigned from, to;
};

/* In order, with a gap between each two. */
struct lk_day_hours {
    unsigned count;
    struct lk_span span[LK_WINDOW_SPANS];
};

struct lk_window {
    char name[LK_WINDOW_NAME];
    bool on_holidays; /* keeps its hours on closed days */
    struct lk_day_hours week[LK_WEEK];
};

/* A day that is not as its weekday says. Days are counted from 1970-01-01. */
struct lk_special_day {
    int32_t day;
    int works_as; /* the weekday whose hours it has, or -1: closed */
};

struct lk_holidays {
    int year;
    unsigned count;
    struct lk_special_day at[LK_SPECIAL_DAYS];
};

struct lk_calendar {
    unsigned years;
    struct lk_holidays year[LK_HOLIDAY_YEARS];
};

/* A local time. */
struct lk_moment {
    int32_t day;     /* since 1970-01-01 */
    unsigned minute; /* of that day */
};

enum lk_hours_state { LK_HOURS_OPEN, LK_HOURS_CLOSED, LK_HOURS_UNKNOWN };

struct lk_hours {
    enum lk_hours_state state;
    bool has_change;         /* .change is known; always when open, never when unknown */
    struct lk_moment change; /* open: it closes then (minute 1440: at midnight). Closed: it opens then */
};

/* 0 or -EINVAL: there is no such date in the years 1970 to 2199. */
int lk_hours_day(int year, unsigned month, unsigned day, int32_t *ret_day);

/* "2026-02-14", and "17:05" or "24:00". */
void lk_hours_date(int32_t day, char text[11]);
void lk_hours_time(unsigned minute, char text[6]);

/* 0 is Monday. */
unsigned lk_hours_weekday(int32_t day);

/* How it is with one window at a local time. */
void lk_hours_ask(const struct lk_window *window, const struct lk_calendar *calendar, struct lk_moment now,
                  struct lk_hours *ret_hours);

/* The window that serves people best now: open and longest so; else the one that opens first; else one whose state is
 * not known; the first of equals. -1: there are none. */
int lk_hours_best(const struct lk_window *windows, unsigned count, const struct lk_calendar *calendar,
                  struct lk_moment now, struct lk_hours *ret_hours);

/* Texts of the configuration. 0, or -EINVAL with *ret_what: what is wrong, "names a day twice". Outputs are half filled
 * then. */

/* "mon-fri 09:00-12:00 13:30-17:00, sat 10:00-16:00"; a day that is not named is closed. */
int lk_hours_parse_week(const char *text, struct lk_day_hours week[LK_WEEK], const char **ret_what);

/* "2026-01-01 2026-02-16..2026-02-22": closed days, added to those of the year. */
int lk_hours_parse_closed(const char *text, struct lk_holidays *year, const char **ret_what);

/* "2026-02-14:fri": make-up days and the weekday they work like, added likewise. */
int lk_hours_parse_working(const char *text, struct lk_holidays *year, const char **ret_what);

#endif
