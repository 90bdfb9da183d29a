/*
 * A clock in virtual time, for tests and replays: stands still unless told, and jumps as a bad battery clock does.
 * Thread: one.
 */
#ifndef HAL_CLOCK_SIM_H
#define HAL_CLOCK_SIM_H

#include "hal/clock.h"

/* Starts at mono_ns 0, the given calendar time, and SYNCED. 0 or -ENOMEM; ended with lk_clock_destroy(). */
int lk_clock_sim_create(int64_t wall_ms, struct lk_clock **ret_clock);

/* Time passes on both clocks. ns >= 0: the monotonic clock never goes back (a negative value is ignored). */
void lk_clock_sim_advance_ns(struct lk_clock *clock, int64_t ns);

/* The calendar jumps to wall_ms; the monotonic clock does not notice. */
void lk_clock_sim_set_wall_ms(struct lk_clock *clock, int64_t wall_ms);

/* What quality says from now on. */
void lk_clock_sim_set_quality(struct lk_clock *clock, enum lk_hal_clock quality);

#endif
