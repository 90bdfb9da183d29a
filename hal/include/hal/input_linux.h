/*
 * The real input device: /dev/input/event*, through libevdev. Only controller/app/main.c and tests choose it.
 */
#ifndef HAL_INPUT_LINUX_H
#define HAL_INPUT_LINUX_H

#include "hal/input.h"

/*
 * Names a device; nothing is opened. The path is copied; it should be one below /dev/input/by-id that ends in
 * -event-kbd. 0, -EINVAL (a path that is empty or too long), -ENOMEM. Ended with lk_input_device_destroy().
 *
 * Read only: no lamp of a keyboard is touched, and `char-input r` is enough for the service. Only one process can hold
 * a grab; the kernel gives it up with the descriptor, so that a killed daemon leaves nothing behind.
 */
int lk_input_linux_create(const char *path, struct lk_input_device **ret_device);

#endif
