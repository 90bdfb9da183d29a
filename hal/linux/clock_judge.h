/*
 * What the calendar time is worth, from what the kernel says. Pure; split from the clock so that it can be tested.
 */
#ifndef HAL_LINUX_CLOCK_JUDGE_H
#define HAL_LINUX_CLOCK_JUDGE_H

#include "hal/clock.h"

/* wall_s: now; earliest_s: what is implausible before. state, status: of adjtimex(2), state -1 when it failed. */
enum lk_hal_clock lk_clock_judge(int64_t wall_s, int64_t earliest_s, int state, int status);

#endif
