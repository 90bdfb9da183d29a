/*
 * The real GPIO: a chip of the kernel through libgpiod, 1.6 or 2.x as the build found it. Only controller/app/main.c
 * and tests choose it.
 */
#ifndef HAL_GPIO_LINUX_H
#define HAL_GPIO_LINUX_H

#include "hal/gpio.h"

/*
 * Names lines; nothing is opened. The configuration is copied. 0, -EINVAL as lk_gpio_config_check(), -ENOMEM. Ended
 * with lk_gpio_destroy().
 *
 * Guarded outputs (ceiling_ms > 0) fork a process at each open: see docs/gpio.md. It is reaped by close.
 */
int lk_gpio_linux_create(const struct lk_gpio_config *config, struct lk_gpio **ret_gpio);

#endif
