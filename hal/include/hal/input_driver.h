/*
 * For implementers of an input device: the object behind the handle and its ops. Callers include hal/input.h only.
 * An implementation embeds struct lk_input_device as its first member, keeps fd true (-1 while closed), and is owned
 * through it until destroy, which closes.
 */
#ifndef HAL_INPUT_DRIVER_H
#define HAL_INPUT_DRIVER_H

#include "hal/input.h"

/* All required, with the contracts of the functions of the same names in hal/input.h. */
struct lk_input_device_ops {
    const char *name; /* "linux", "sim": for messages */
    int (*open)(struct lk_input_device *device);
    void (*close)(struct lk_input_device *device);
    int (*next)(struct lk_input_device *device, struct lk_input_event *ret_event);
    bool (*held)(const struct lk_input_device *device, uint16_t code);
    void (*destroy)(struct lk_input_device *device);
};

/* The device: what every implementation has first. */
struct lk_input_device {
    const struct lk_input_device_ops *ops;
    int fd; /* -1 while closed */
};

#endif
