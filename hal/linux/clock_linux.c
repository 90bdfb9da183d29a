#include "hal/clock_linux.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/timex.h>
#include <time.h>

#include "clock_judge.h"
#include "hal/clock_driver.h"

struct clock_linux {
    struct lk_clock base;
    int64_t earliest_s;
};

static struct timespec now(clockid_t id)
{
    struct timespec ts = {0};
    (void)clock_gettime(id, &ts);
    return ts;
}

static int64_t mono_ns(const struct lk_clock *clock)
{
    (void)clock;
    struct timespec ts = now(CLOCK_MONOTONIC);
    return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static int64_t wall_ms(const struct lk_clock *clock)
{
    (void)clock;
    struct timespec ts = now(CLOCK_REALTIME);
    return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

enum lk_hal_clock lk_clock_judge(int64_t wall_s, int64_t earliest_s, int state, int status)
{
    if (wall_s < earliest_s) {
        return LK_HAL_CLOCK_UNSYNCED;
    }
    /* A time service that says "synchronised to 1970" is not believed, hence the order. */
    bool disciplined = state >= 0 && state != TIME_ERROR && !(status & STA_UNSYNC);
    return disciplined ? LK_HAL_CLOCK_SYNCED : LK_HAL_CLOCK_RTC;
}

static enum lk_hal_clock quality(const struct lk_clock *clock)
{
    const struct clock_linux *self = (const struct clock_linux *)clock;
    struct timex tx = {.modes = 0};
    int state = adjtimex(&tx);
    return lk_clock_judge(now(CLOCK_REALTIME).tv_sec, self->earliest_s, state, tx.status);
}

static void destroy(struct lk_clock *clock)
{
    free(clock);
}

static const struct lk_clock_ops ops = {
    .name = "linux",
    .mono_ns = mono_ns,
    .wall_ms = wall_ms,
    .quality = quality,
    .destroy = destroy,
};

int lk_clock_linux_create(int64_t earliest_wall_s, struct lk_clock **ret_clock)
{
    struct clock_linux *self = calloc(1, sizeof(*self));
    if (!self) {
        return -ENOMEM;
    }
    self->base.ops = &ops;
    self->earliest_s = earliest_wall_s != 0 ? earliest_wall_s : LK_BUILD_DAY_S;
    *ret_clock = &self->base;
    return 0;
}
