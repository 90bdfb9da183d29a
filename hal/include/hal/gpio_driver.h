/*
 * For implementers of GPIO: the object behind the handle and its ops. Callers include hal/gpio.h only.
 * An implementation embeds struct lk_gpio as its first member, keeps fd true (-1 while closed) and complaint in words,
 * and is owned through it until destroy, which closes.
 */
#ifndef HAL_GPIO_DRIVER_H
#define HAL_GPIO_DRIVER_H

#include "hal/gpio.h"

/* All required, with the contracts of the functions of the same names in hal/gpio.h. */
struct lk_gpio_ops {
    const char *name; /* "linux", "sim": for messages */
    int (*open)(struct lk_gpio *gpio);
    void (*close)(struct lk_gpio *gpio);
    int (*read)(struct lk_gpio *gpio, uint64_t *ret_levels);
    int (*write)(struct lk_gpio *gpio, uint64_t mask, uint64_t levels);
    int (*take)(struct lk_gpio *gpio, struct lk_gpio_event *ret_events, unsigned cap);
    int (*permit)(struct lk_gpio *gpio, unsigned line, int64_t until_ns);
    int (*permitted)(const struct lk_gpio *gpio, unsigned line);
    void (*destroy)(struct lk_gpio *gpio);
};

/* The lines: what every implementation has first. */
struct lk_gpio {
    const struct lk_gpio_ops *ops;
    struct lk_gpio_config config;
    int fd; /* -1 while closed */
    char complaint[LK_GPIO_COMPLAINT_MAX];
};

#endif
