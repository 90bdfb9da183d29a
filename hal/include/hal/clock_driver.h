/*
 * For implementers of a clock: the object behind the handle and its ops. Callers include hal/clock.h only.
 * An implementation embeds struct lk_clock as its first member and is owned through it until destroy.
 */
#ifndef HAL_CLOCK_DRIVER_H
#define HAL_CLOCK_DRIVER_H

#include "hal/clock.h"

/* All required but doubt_ms (a clock without one doubts nothing), with the contracts of the functions of the same names
 * in hal/clock.h. */
struct lk_clock_ops {
    const char *name; /* "linux", "sim": for messages */
    int64_t (*mono_ns)(const struct lk_clock *clock);
    int64_t (*wall_ms)(const struct lk_clock *clock);
    enum lk_hal_clock (*quality)(const struct lk_clock *clock);
    int64_t (*doubt_ms)(const struct lk_clock *clock);
    void (*destroy)(struct lk_clock *clock);
};

/* The device: what every implementation has first. */
struct lk_clock {
    const struct lk_clock_ops *ops;
};

#endif
