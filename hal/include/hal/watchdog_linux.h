/*
 * The real watchdog: systemd, by sd_notify. Only controller/app/main.c and tests choose it.
 */
#ifndef HAL_WATCHDOG_LINUX_H
#define HAL_WATCHDOG_LINUX_H

#include "hal/watchdog.h"

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID as the service manager set them; they stay in the environment.
 * 0, -ENOMEM, or -EINVAL for a WATCHDOG_USEC that makes no sense. Ended with lk_watchdog_destroy(). */
int lk_watchdog_linux_create(struct lk_watchdog **ret_watchdog);

#endif
