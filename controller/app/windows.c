#include "windows.h"

#include "base/text.h"

#include <stdlib.h>
#include <time.h>

_Static_assert((int)LK_FACE_WINDOW_MAX >= (int)LK_WINDOW_NAME - 1, "the face has room for a window's name");

void lk_windows_zone(const struct lk_config *config)
{
    if (config->windows > 0) {
        (void)setenv("TZ", config->site.time_zone, 1);
        tzset();
    }
}

static bool local_moment(int64_t wall_ms, struct lk_moment *ret_moment)
{
    time_t at = (time_t)(wall_ms / 1000);
    struct tm tm;
    if ((int64_t)at != wall_ms / 1000 || !localtime_r(&at, &tm) ||
        lk_hours_day(tm.tm_year + 1900, (unsigned)tm.tm_mon + 1, (unsigned)tm.tm_mday, &ret_moment->day) < 0) {
        return false;
    }
    ret_moment->minute = (unsigned)tm.tm_hour * 60 + (unsigned)tm.tm_min;
    return true;
}

static void put_change(const struct lk_hours *hours, struct lk_moment now, struct lk_face_window *window)
{
    if (!hours->has_change) {
        return;
    }
    if (hours->change.day == now.day) {
        (void)lk_text_copy(window->day, sizeof(window->day), "today");
    } else {
        lk_hours_date(hours->change.day, window->day);
    }
    lk_hours_time(hours->change.minute, window->at);
}

void lk_windows_now(const struct lk_config *config, const struct lk_stamp *now, struct lk_face_window *ret_window)
{
    static const enum lk_face_window_state states[] = {
        [LK_HOURS_OPEN] = LK_FACE_WINDOW_OPEN,
        [LK_HOURS_CLOSED] = LK_FACE_WINDOW_CLOSED,
        [LK_HOURS_UNKNOWN] = LK_FACE_WINDOW_UNKNOWN,
    };
    struct lk_face_window window = {.state = LK_FACE_WINDOW_NONE};
    struct lk_hours hours = {.state = LK_HOURS_UNKNOWN};
    struct lk_moment moment = {0, 0};
    int best = config->windows > 0 ? 0 : -1;
    if (best == 0 && now->quality == LK_CLOCK_SYNCED && local_moment(now->wall_ms, &moment)) {
        best = lk_hours_best(config->window, config->windows, &config->calendar, moment, &hours);
    }
    if (best >= 0) {
        window.state = states[hours.state];
        (void)lk_text_copy(window.name, sizeof(window.name), config->window[best].name);
        put_change(&hours, moment, &window);
    }
    *ret_window = window;
}
