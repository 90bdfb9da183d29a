/*
 * The real fieldbus: libmodbus on a tty or a TCP connection, one worker thread per line.
 * Only controller/app/main.c and tests choose it; everybody else sees hal/fieldbus.h.
 */
#ifndef HAL_FIELDBUS_LINUX_H
#define HAL_FIELDBUS_LINUX_H

#include "hal/fieldbus.h"

/*
 * Makes a line; nothing is opened before lk_fieldbus_start(). 0, -EINVAL for a configuration that breaks the rules of
 * struct lk_fieldbus_config (a host name instead of a numeric address is one), -ENOMEM, or eventfd's errno.
 * Owner: the caller, who ends it with lk_fieldbus_destroy().
 *
 * The tty is locked with flock(2), and with TIOCEXCL unless it is a pseudo terminal (there the kernel would keep the
 * mark after a crash for as long as the other side lives).
 *
 * After an exchange on TCP that proved nothing the connection is made anew at once, for libmodbus sends raw requests
 * always with transaction number 0, so nothing else could tell a late reply from the right one. The generation does
 * not change then; it does when the new connection fails and comes back later.
 */
int lk_fieldbus_linux_create(const struct lk_fieldbus_config *config, struct lk_fieldbus **ret_fb);

#endif
