#include "hal/clock_driver.h"

#include <stddef.h>

int64_t lk_clock_mono_ns(const struct lk_clock *clock)
{
    return clock->ops->mono_ns(clock);
}

int64_t lk_clock_mono_ms(const struct lk_clock *clock)
{
    return clock->ops->mono_ns(clock) / 1000000;
}

int64_t lk_clock_wall_ms(const struct lk_clock *clock)
{
    return clock->ops->wall_ms(clock);
}

enum lk_hal_clock lk_clock_quality(const struct lk_clock *clock)
{
    return clock->ops->quality(clock);
}

int64_t lk_clock_doubt_ms(const struct lk_clock *clock)
{
    return clock->ops->doubt_ms ? clock->ops->doubt_ms(clock) : 0;
}

struct lk_clock *lk_clock_destroy(struct lk_clock *clock)
{
    if (clock) {
        clock->ops->destroy(clock);
    }
    return NULL;
}
