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
    LK_HAL_CLOCK_RTC,      /* plausible, but nothing disciplines it (a battery clock, set by hand), or doubted */
    LK_HAL_CLOCK_SYNCED,   /* the kernel is being disciplined by a time service */
};

/* Made by hal/clock_linux.h or hal/clock_sim.h; implementers see hal/clock_driver.h. */
struct lk_clock;

/* Nanoseconds since an arbitrary start; never goes back. */
int64_t lk_clock_mono_ns(const struct lk_clock *clock);

/* The same in milliseconds, rounded down: the now_ms of the core and of the drivers. */
int64_t lk_clock_mono_ms(const struct lk_clock *clock);

/* Milliseconds since 1970-01-01 UTC, as good as lk_clock_quality() says. May jump either way. */
int64_t lk_clock_wall_ms(const struct lk_clock *clock);

/* Costs a system call: ask when an envelope is stamped or about once a second, not in a tight loop. */
enum lk_hal_clock lk_clock_quality(const struct lk_clock *clock);

/*
 * How far the calendar stands from where the monotonic clock says it must be, while the last lk_clock_quality() that
 * was told "synchronised" did not believe it; 0: it is not doubted. Negative: it is too early. In milliseconds.
 */
int64_t lk_clock_doubt_ms(const struct lk_clock *clock);

/* NULL is fine. Returns NULL. */
struct lk_clock *lk_clock_destroy(struct lk_clock *clock);

#endif
