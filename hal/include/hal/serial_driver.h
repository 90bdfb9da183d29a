/*
 * For implementers of a serial line: the object behind the handle and its ops. Callers include hal/serial.h only.
 * An implementation embeds struct lk_serial as its first member, keeps fd true (-1 while closed), and is owned through
 * it until destroy, which closes.
 */
#ifndef HAL_SERIAL_DRIVER_H
#define HAL_SERIAL_DRIVER_H

#include "hal/serial.h"

/* All required, with the contracts of the functions of the same names in hal/serial.h. */
struct lk_serial_ops {
    const char *name; /* "linux", "sim": for messages */
    int (*open)(struct lk_serial *serial);
    void (*close)(struct lk_serial *serial);
    ssize_t (*read)(struct lk_serial *serial, void *ret_bytes, size_t cap);
    ssize_t (*write)(struct lk_serial *serial, const void *bytes, size_t n);
    void (*destroy)(struct lk_serial *serial);
};

/* The device: what every implementation has first. */
struct lk_serial {
    const struct lk_serial_ops *ops;
    int fd; /* -1 while closed */
};

#endif
