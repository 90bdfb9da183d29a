/* The days of 2025 as the State Council announced them: holidays, and weekends worked to make up for them. */
#include "year.h"

/* 2025 began on a Wednesday. */
enum { FIRST_WEEKDAY = 3, OPEN_MIN = 9 * 60, CLOSE_MIN = 17 * 60, WEEKEND_CLOSE_MIN = 16 * 60 };

struct span {
    int first, last; /* day of the year, from 0 */
};

static const struct span holidays[] = {
    {0, 0},     /* New Year's Day */
    {27, 34},   /* Spring Festival: 28 January to 4 February */
    {93, 95},   /* Qingming: 4 to 6 April */
    {120, 124}, /* Labour Day: 1 to 5 May */
    {150, 152}, /* Dragon Boat: 31 May to 2 June */
    {273, 280}, /* National Day and Mid-Autumn: 1 to 8 October */
};
static const int made_up[] = {25, 38, 116, 270, 283}; /* 26 January, 8 February, 27 April, 28 September, 11 October */

enum day_kind calendar_day(int day)
{
    for (size_t i = 0; i < sizeof(holidays) / sizeof(holidays[0]); i++) {
        if (day >= holidays[i].first && day <= holidays[i].last) {
            return DAY_HOLIDAY;
        }
    }
    for (size_t i = 0; i < sizeof(made_up) / sizeof(made_up[0]); i++) {
        if (day == made_up[i]) {
            return DAY_WORK;
        }
    }
    int weekday = (FIRST_WEEKDAY + day) % 7;
    return weekday == 0 || weekday == 6 ? DAY_WEEKEND : DAY_WORK;
}

bool calendar_is_monday(int day)
{
    return (FIRST_WEEKDAY + day) % 7 == 1;
}

/* The customer's windows are open at weekends too; on holidays this model keeps them shut. */
bool calendar_hours(int day, int *ret_open_min, int *ret_close_min)
{
    enum day_kind kind = calendar_day(day);
    *ret_open_min = OPEN_MIN;
    *ret_close_min = kind == DAY_WEEKEND ? WEEKEND_CLOSE_MIN : CLOSE_MIN;
    return kind != DAY_HOLIDAY;
}

int64_t calendar_next_open(int64_t at_ms)
{
    for (;;) {
        int day = (int)(at_ms / DAY_MS), open = 0, close = 0;
        int64_t midnight_ms = day * DAY_MS;
        if (calendar_hours(day, &open, &close) && at_ms < midnight_ms + close * MINUTE_MS) {
            int64_t opens_ms = midnight_ms + open * MINUTE_MS;
            return at_ms > opens_ms ? at_ms : opens_ms;
        }
        at_ms = midnight_ms + DAY_MS;
    }
}
