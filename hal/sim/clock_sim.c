#include "hal/clock_sim.h"
#include "hal/clock_driver.h"

#include <errno.h>
#include <stdlib.h>

struct clock_sim {
    struct lk_clock base;
    int64_t mono_ns;
    int64_t wall_ns; /* nanoseconds, so that many small steps add up on both clocks alike */
    enum lk_hal_clock quality;
};

static struct clock_sim *sim(struct lk_clock *clock)
{
    return (struct clock_sim *)clock;
}

static int64_t mono_ns(const struct lk_clock *clock)
{
    return ((const struct clock_sim *)clock)->mono_ns;
}

static int64_t wall_ms(const struct lk_clock *clock)
{
    return ((const struct clock_sim *)clock)->wall_ns / 1000000;
}

static enum lk_hal_clock quality(const struct lk_clock *clock)
{
    return ((const struct clock_sim *)clock)->quality;
}

static void destroy(struct lk_clock *clock)
{
    free(clock);
}

static const struct lk_clock_ops ops = {
    .name = "sim",
    .mono_ns = mono_ns,
    .wall_ms = wall_ms,
    .quality = quality,
    .destroy = destroy,
};

int lk_clock_sim_create(int64_t start_wall_ms, struct lk_clock **ret_clock)
{
    struct clock_sim *self = calloc(1, sizeof(*self));
    if (!self) {
        return -ENOMEM;
    }
    self->base.ops = &ops;
    self->wall_ns = start_wall_ms * 1000000;
    self->quality = LK_HAL_CLOCK_SYNCED;
    *ret_clock = &self->base;
    return 0;
}

void lk_clock_sim_advance_ns(struct lk_clock *clock, int64_t ns)
{
    if (ns > 0) {
        sim(clock)->mono_ns += ns;
        sim(clock)->wall_ns += ns;
    }
}

void lk_clock_sim_set_wall_ms(struct lk_clock *clock, int64_t to_ms)
{
    sim(clock)->wall_ns = to_ms * 1000000;
}

void lk_clock_sim_set_quality(struct lk_clock *clock, enum lk_hal_clock to)
{
    sim(clock)->quality = to;
}
