#include "app/hours.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { YEAR_LEAST = 1970, YEAR_MOST = 2199 };

/* --- days ------------------------------------------------------------------------------------------------------- */

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned month_days(int year, unsigned month)
{
    static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

/* From 1970-01-01 to the first day of the year. */
static int32_t days_before(int year)
{
    enum { LEAPS_BEFORE_1970 = 1969 / 4 - 1969 / 100 + 1969 / 400 };
    int last = year - 1;
    return 365 * (year - 1970) + last / 4 - last / 100 + last / 400 - LEAPS_BEFORE_1970;
}

int lk_hours_day(int year, unsigned month, unsigned day, int32_t *ret_day)
{
    if (year < YEAR_LEAST || year > YEAR_MOST || month < 1 || month > 12 || day < 1 || day > month_days(year, month)) {
        return -EINVAL;
    }
    int32_t days = days_before(year) + (int32_t)day - 1;
    for (unsigned m = 1; m < month; m++) {
        days += (int32_t)month_days(year, m);
    }
    *ret_day = days;
    return 0;
}

static int year_of(int32_t day, int32_t *ret_in_year)
{
    int year = YEAR_LEAST + day / 366 - (day < 0);
    while (days_before(year + 1) <= day) {
        year++;
    }
    *ret_in_year = day - days_before(year);
    return year;
}

void lk_hours_date(int32_t day, char text[11])
{
    int32_t left = 0;
    int year = year_of(day, &left);
    unsigned month = 1;
    while (left >= (int32_t)month_days(year, month)) {
        left -= (int32_t)month_days(year, month++);
    }
    (void)snprintf(text, 11, "%04u-%02u-%02u", (unsigned)year % 10000, month % 100, ((unsigned)left + 1) % 100);
}

void lk_hours_time(unsigned minute, char text[6])
{
    (void)snprintf(text, 6, "%02u:%02u", minute / 60 % 100, minute % 60);
}

unsigned lk_hours_weekday(int32_t day)
{
    return (unsigned)(((day + 3) % LK_WEEK + LK_WEEK) % LK_WEEK); /* 1970-01-01 was a Thursday */
}

/* --- the answer ------------------------------------------------------------------------------------------------- */

/* The hours of one day; NULL: nobody said. */
static const struct lk_day_hours *hours_of(const struct lk_window *window, const struct lk_calendar *calendar,
                                           int32_t day)
{
    static const struct lk_day_hours closed = {.count = 0};
    const struct lk_day_hours *usual = &window->week[lk_hours_weekday(day)];
    int32_t in_year;
    int year = year_of(day, &in_year);
    for (unsigned y = 0; y < calendar->years; y++) {
        const struct lk_holidays *h = &calendar->year[y];
        for (unsigned i = 0; h->year == year && i < h->count; i++) {
            if (h->at[i].day == day && h->at[i].works_as >= 0) {
                return &window->week[h->at[i].works_as];
            }
            if (h->at[i].day == day) {
                return window->on_holidays ? usual : &closed;
            }
        }
        if (h->year == year) {
            return usual;
        }
    }
    return calendar->years == 0 ? usual : NULL;
}

static void find_opening(const struct lk_window *window, const struct lk_calendar *calendar, struct lk_moment now,
                         struct lk_hours *hours)
{
    for (int32_t day = now.day; day < now.day + LK_HOURS_AHEAD; day++) {
        const struct lk_day_hours *of_day = hours_of(window, calendar, day);
        if (!of_day) {
            return;
        }
        for (unsigned i = 0; i < of_day->count; i++) {
            if (day > now.day || of_day->span[i].from > now.minute) {
                hours->has_change = true;
                hours->change = (struct lk_moment){day, of_day->span[i].from};
                return;
            }
        }
    }
}

void lk_hours_ask(const struct lk_window *window, const struct lk_calendar *calendar, struct lk_moment now,
                  struct lk_hours *ret_hours)
{
    const struct lk_day_hours *today = hours_of(window, calendar, now.day);
    struct lk_hours hours = {.state = today ? LK_HOURS_CLOSED : LK_HOURS_UNKNOWN};
    for (unsigned i = 0; today && i < today->count; i++) {
        if (now.minute >= today->span[i].from && now.minute < today->span[i].to) {
            hours = (struct lk_hours){LK_HOURS_OPEN, true, {now.day, today->span[i].to}};
        }
    }
    if (hours.state == LK_HOURS_CLOSED) {
        find_opening(window, calendar, now, &hours);
    }
    *ret_hours = hours;
}

static bool is_before(struct lk_moment a, struct lk_moment b)
{
    return a.day != b.day ? a.day < b.day : a.minute < b.minute;
}

/* 0 is best. */
static int rank(const struct lk_hours *hours)
{
    switch (hours->state) {
    case LK_HOURS_OPEN:
        return 0;
    case LK_HOURS_CLOSED:
        return hours->has_change ? 1 : 3;
    case LK_HOURS_UNKNOWN:
        break;
    }
    return 2;
}

static bool is_better(const struct lk_hours *a, const struct lk_hours *b)
{
    if (rank(a) != rank(b) || !a->has_change) {
        return rank(a) < rank(b);
    }
    return a->state == LK_HOURS_OPEN ? is_before(b->change, a->change) : is_before(a->change, b->change);
}

int lk_hours_best(const struct lk_window *windows, unsigned count, const struct lk_calendar *calendar,
                  struct lk_moment now, struct lk_hours *ret_hours)
{
    int best = -1;
    for (unsigned i = 0; i < count; i++) {
        struct lk_hours hours;
        lk_hours_ask(&windows[i], calendar, now, &hours);
        if (best < 0 || is_better(&hours, ret_hours)) {
            best = (int)i;
            *ret_hours = hours;
        }
    }
    return best;
}

/* --- texts ------------------------------------------------------------------------------------------------------ */

static void skip_blanks(const char **at)
{
    *at += strspn(*at, " \t");
}

/* Whether a word ends here: at a blank, a comma or the end. */
static bool ends_word(const char *at)
{
    return *at == '\0' || strchr(" \t,", *at) != NULL;
}

/* Takes exactly n digits. */
static int take_digits(const char **at, unsigned n, unsigned *ret_value)
{
    unsigned value = 0;
    for (unsigned i = 0; i < n; i++, (*at)++) {
        if (**at < '0' || **at > '9') {
            return -EINVAL;
        }
        value = value * 10 + (unsigned)(**at - '0');
    }
    *ret_value = value;
    return 0;
}

static int take_char(const char **at, char c)
{
    if (**at != c) {
        return -EINVAL;
    }
    (*at)++;
    return 0;
}

static int take_weekday(const char **at, unsigned *ret_day)
{
    static const char *const names[LK_WEEK] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    for (unsigned i = 0; i < LK_WEEK; i++) {
        if (strncmp(*at, names[i], 3) == 0) {
            *at += 3;
            *ret_day = i;
            return 0;
        }
    }
    return -EINVAL;
}

/* "mon" or "mon-fri" into bits. */
static int take_days(const char **at, unsigned *days)
{
    unsigned first = 0, last = 0;
    if (take_weekday(at, &first) < 0) {
        return -EINVAL;
    }
    last = first;
    if (**at == '-') {
        (*at)++;
        if (take_weekday(at, &last) < 0 || last <= first) {
            return -EINVAL;
        }
    }
    if (!ends_word(*at)) {
        return -EINVAL;
    }
    for (unsigned d = first; d <= last; d++) {
        if (*days & 1u << d) {
            return -EEXIST;
        }
        *days |= 1u << d;
    }
    return 0;
}

static int take_time(const char **at, unsigned *ret_minute)
{
    unsigned hour = 0, minute = 0;
    if (take_digits(at, 2, &hour) < 0 || take_char(at, ':') < 0 || take_digits(at, 2, &minute) < 0 || minute > 59 ||
        hour * 60 + minute > LK_DAY_MINUTES) {
        return -EINVAL;
    }
    *ret_minute = hour * 60 + minute;
    return 0;
}

static int take_span(const char **at, struct lk_day_hours *hours, const char **ret_what)
{
    struct lk_span span = {0, 0};
    if (take_time(at, &span.from) < 0 || take_char(at, '-') < 0 || take_time(at, &span.to) < 0 || !ends_word(*at)) {
        return -EINVAL;
    }
    if (span.from >= span.to || (hours->count > 0 && span.from <= hours->span[hours->count - 1].to)) {
        *ret_what = "has hours that end before they begin, overlap, touch or are not in order";
        return -EINVAL;
    }
    if (hours->count == LK_WINDOW_SPANS) {
        *ret_what = "has more than 4 times of a day";
        return -EINVAL;
    }
    hours->span[hours->count++] = span;
    return 0;
}

/* "mon-wed fri 09:00-12:00 13:30-17:00" up to a comma. */
static int take_group(const char **at, struct lk_day_hours week[LK_WEEK], unsigned *seen, const char **ret_what)
{
    unsigned before = *seen;
    struct lk_day_hours hours = {.count = 0};
    int r = 0;
    skip_blanks(at);
    while (r == 0 && **at >= 'a' && **at <= 'z') {
        r = take_days(at, seen);
        skip_blanks(at);
    }
    if (r == -EEXIST) {
        *ret_what = "names a day twice";
        return -EINVAL;
    }
    while (r == 0 && **at != '\0' && **at != ',') {
        r = take_span(at, &hours, ret_what);
        skip_blanks(at);
    }
    for (unsigned d = 0; r == 0 && d < LK_WEEK; d++) {
        if ((*seen & ~before) & 1u << d) {
            week[d] = hours;
        }
    }
    return *seen == before || hours.count == 0 ? -EINVAL : r;
}

int lk_hours_parse_week(const char *text, struct lk_day_hours week[LK_WEEK], const char **ret_what)
{
    unsigned seen = 0;
    const char *at = text;
    *ret_what = "is not a list of days and hours";
    memset(week, 0, LK_WEEK * sizeof(week[0]));
    for (;;) {
        int r = take_group(&at, week, &seen, ret_what);
        if (r < 0 || *at == '\0') {
            return r;
        }
        at++;
    }
}

static int take_date(const char **at, int32_t *ret_day)
{
    unsigned year = 0, month = 0, day = 0;
    if (take_digits(at, 4, &year) < 0 || take_char(at, '-') < 0 || take_digits(at, 2, &month) < 0 ||
        take_char(at, '-') < 0 || take_digits(at, 2, &day) < 0) {
        return -EINVAL;
    }
    return lk_hours_day((int)year, month, day, ret_day);
}

static int add_day(struct lk_holidays *year, int32_t day, int works_as, const char **ret_what)
{
    int32_t in_year;
    if (year_of(day, &in_year) != year->year) {
        *ret_what = "has a date of another year";
        return -EINVAL;
    }
    for (unsigned i = 0; i < year->count; i++) {
        if (year->at[i].day == day) {
            *ret_what = "names a day that is named already";
            return -EINVAL;
        }
    }
    if (year->count == LK_SPECIAL_DAYS) {
        *ret_what = "makes more than 80 special days in the year";
        return -EINVAL;
    }
    year->at[year->count++] = (struct lk_special_day){day, works_as};
    return 0;
}

/* "2026-02-16..2026-02-22" or one date. */
static int take_closed(const char **at, struct lk_holidays *year, const char **ret_what)
{
    int32_t first = 0, last = 0;
    if (take_date(at, &first) < 0) {
        return -EINVAL;
    }
    last = first;
    if (strncmp(*at, "..", 2) == 0) {
        *at += 2;
        if (take_date(at, &last) < 0 || last <= first) {
            return -EINVAL;
        }
    }
    int r = ends_word(*at) ? 0 : -EINVAL;
    for (int32_t day = first; r == 0 && day <= last; day++) {
        r = add_day(year, day, -1, ret_what);
    }
    return r;
}

static int take_working(const char **at, struct lk_holidays *year, const char **ret_what)
{
    int32_t day = 0;
    unsigned works_as = 0;
    if (take_date(at, &day) < 0 || take_char(at, ':') < 0 || take_weekday(at, &works_as) < 0 || !ends_word(*at)) {
        return -EINVAL;
    }
    return add_day(year, day, (int)works_as, ret_what);
}

static int parse_dates(const char *text, struct lk_holidays *year, const char **ret_what,
                       int (*take)(const char **at, struct lk_holidays *year, const char **ret_what))
{
    const char *at = text;
    int r = 0;
    skip_blanks(&at);
    while (r == 0 && *at != '\0') {
        r = take(&at, year, ret_what);
        skip_blanks(&at);
    }
    return r;
}

int lk_hours_parse_closed(const char *text, struct lk_holidays *year, const char **ret_what)
{
    *ret_what = "is not a list of dates";
    return parse_dates(text, year, ret_what, take_closed);
}

int lk_hours_parse_working(const char *text, struct lk_holidays *year, const char **ret_what)
{
    *ret_what = "is not a list of dates and weekdays";
    return parse_dates(text, year, ret_what, take_working);
}
