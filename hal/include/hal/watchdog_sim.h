/*
 * A watchdog that only remembers, for tests of whoever feeds it. Thread: one.
 */
#ifndef HAL_WATCHDOG_SIM_H
#define HAL_WATCHDOG_SIM_H

#include "hal/watchdog.h"

/* interval_ms as the service manager would ask for, 0: not watched. 0 or -ENOMEM; ended with lk_watchdog_destroy(). */
int lk_watchdog_sim_create(int64_t interval_ms, struct lk_watchdog **ret_watchdog);

/* How often the news was told, and the last status ("" before the first). Valid until the next call. */
unsigned lk_watchdog_sim_count(const struct lk_watchdog *watchdog, enum lk_watchdog_news news);
const char *lk_watchdog_sim_status(const struct lk_watchdog *watchdog);

/* Telling fails with this from now on (a negative errno); 0: it works again. */
void lk_watchdog_sim_fail(struct lk_watchdog *watchdog, int error);

#endif
