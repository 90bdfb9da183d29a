/*
 * The real clock. Only controller/app/main.c and tests choose it; everybody else sees hal/clock.h.
 */
#ifndef HAL_CLOCK_LINUX_H
#define HAL_CLOCK_LINUX_H

#include "hal/clock.h"

/*
 * Makes the clock; the caller ends it with lk_clock_destroy(). 0, or -ENOMEM.
 *
 * earliest_wall_s: calendar times before this second are implausible (UNSYNCED); 0 means the day of the build
 * (SOURCE_DATE_EPOCH where the build sets it, so that a package and its rebuild agree).
 *
 * SYNCED needs a plausible time and an adjtimex(2) that reports neither TIME_ERROR nor STA_UNSYNC. Where the call is
 * forbidden (a sandbox) the answer is RTC at best: what cannot be proved is not claimed. A calendar that was SYNCED and
 * jumps by more than an hour is RTC, whatever the kernel says, until it is back or has stayed there for 24 hours.
 */
int lk_clock_linux_create(int64_t earliest_wall_s, struct lk_clock **ret_clock);

#endif
