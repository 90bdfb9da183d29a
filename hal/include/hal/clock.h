/*
 * The clock of the machine, as the daemon sees it: a monotonic time for every deadline, a calendar time for people and
 * envelopes, and what the calendar time is worth.
 *
 * Monotonic time is CLOCK_MONOTONIC, not CLOCK_BOOTTIME: it is what libevent, ppoll and the fieldbus measure with, so
 * that instants of all of them can be subtracted, and it stands still while the board sleeps, which can only lengthen a
 * deadline (law 11). Calendar time decides nothing but a date in an envelope.
 *
 * Thread: any for the real clock; one for the simulated one. Nothing blocks, allocates or fails after create.
 * Sources: clock_gettime(2), adjtimex(2).
 */
#ifndef HAL_CLOCK_H
#define HAL_CLOCK_H

#include <stdint.h>

/* How much the calendar time is worth. */
enum lk_hal_clock {
    LK_HAL_CLOCK_UNSYNCED, /* implausible: before the day this program was built. A board without a battery */
    LK_HAL_CLOCK_RTC,      /* plausible, but nothing disciplines it: from a battery clock, or set by hand */
    LK_HAL_CLOCK_SYNCED,   /* the kernel is being disciplined by a time service */
};

struct lk_clock;

/* For implementers; all required. Callers use the functions below. */
struct lk_clock_ops {
    const char *name; /* "linux", "sim": for messages */
    int64_t (*mono_ns)(const struct lk_clock *clock);
    int64_t (*wall_ms)(const struct lk_clock *clock);
    enum lk_hal_clock (*quality)(const struct lk_clock *clock);
    void (*destroy)(struct lk_clock *clock);
};

/* The device; an implementation embeds it as its first member. Made by hal/clock_linux.h or hal/clock_sim.h. */
struct lk_clock {
    const struct lk_clock_ops *ops;
};

/* Nanoseconds since an arbitrary start; never goes back. */
static inline int64_t lk_clock_mono_ns(const struct lk_clock *clock)
{
    return clock->ops->mono_ns(clock);
}

/* The same in milliseconds, rounded down: the now_ms of the core and of the drivers. */
static inline int64_t lk_clock_mono_ms(const struct lk_clock *clock)
{
    return clock->ops->mono_ns(clock) / 1000000;
}

/* Milliseconds since 1970-01-01 UTC, as good as lk_clock_quality() says. May jump either way. */
static inline int64_t lk_clock_wall_ms(const struct lk_clock *clock)
{
    return clock->ops->wall_ms(clock);
}

/* Costs a system call: ask when an envelope is stamped or about once a second, not in a tight loop. */
static inline enum lk_hal_clock lk_clock_quality(const struct lk_clock *clock)
{
    return clock->ops->quality(clock);
}

/* NULL is fine. Returns NULL. */
static inline struct lk_clock *lk_clock_destroy(struct lk_clock *clock)
{
    if (clock) {
        clock->ops->destroy(clock);
    }
    return 0;
}

#endif
