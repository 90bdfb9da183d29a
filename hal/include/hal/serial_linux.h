/*
 * The real serial line: a tty of the kernel. Only controller/app/main.c and tests choose it.
 */
#ifndef HAL_SERIAL_LINUX_H
#define HAL_SERIAL_LINUX_H

#include <stdbool.h>

#include "hal/serial.h"

/*
 * Names a tty; nothing is opened. baud: one that lk_serial_linux_baud_ok() accepts. The path is copied.
 * 0, -EINVAL (baud, or a path that is empty or too long), -ENOMEM. Ended with lk_serial_destroy().
 *
 * While open it is locked with flock(2), and with TIOCEXCL unless it is a pseudo terminal (there the kernel would keep
 * the mark for as long as the other side lives, so that a daemon killed and restarted would lock itself out).
 */
int lk_serial_linux_create(const char *path, unsigned baud, struct lk_serial **ret_serial);

/* 1200, 2400, 4800, 9600, 19200, 38400, 57600 or 115200. */
bool lk_serial_linux_baud_ok(unsigned baud);

#endif
