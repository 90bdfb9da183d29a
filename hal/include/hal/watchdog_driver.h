/*
 * For implementers of a watchdog: the object behind the handle and its ops. Callers include hal/watchdog.h only.
 * An implementation embeds struct lk_watchdog as its first member and fills in interval_ms when it is made.
 */
#ifndef HAL_WATCHDOG_DRIVER_H
#define HAL_WATCHDOG_DRIVER_H

#include "hal/watchdog.h"

/* All required, with the contracts of the functions of the same names in hal/watchdog.h. */
struct lk_watchdog_ops {
    const char *name;
    int (*tell)(struct lk_watchdog *watchdog, enum lk_watchdog_news news);
    int (*status)(struct lk_watchdog *watchdog, const char *text);
    void (*destroy)(struct lk_watchdog *watchdog);
};

/* The device: what every implementation has first. */
struct lk_watchdog {
    const struct lk_watchdog_ops *ops;
    int64_t interval_ms; /* feed at least this often: half of what the manager allows. 0: not watched */
};

#endif
