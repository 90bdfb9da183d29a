/*
 * An input device without a device, for tests: fingers are this interface, and it misbehaves on request.
 * Its descriptor is real (an event loop can watch it). Thread: one.
 */
#ifndef HAL_INPUT_SIM_H
#define HAL_INPUT_SIM_H

#include "hal/input.h"

/* A device that is plugged in. 0 or -ENOMEM; ended with lk_input_device_destroy(). */
int lk_input_sim_create(struct lk_input_device **ret_device);

/* A key goes down (DOWN), is held (REPEAT) or goes up (UP). 0; -ENODEV while closed or unplugged, -EAGAIN when too many
 * pile up. */
int lk_input_sim_key(struct lk_input_device *device, enum lk_input_event_kind kind, uint16_t code);

/* The kernel loses everything not taken yet: what is held stays as the keys really are, and LOST comes next. 0 or as
 * lk_input_sim_key(). */
int lk_input_sim_lose(struct lk_input_device *device);

/* The device vanishes: next says -ENODEV, the descriptor becomes readable, opening says open_error (-ENOENT, -EBUSY,
 * ...). With open_error 0 it is plugged in again, all keys up, and works after the caller's close and open. */
void lk_input_sim_unplug(struct lk_input_device *device, int open_error);

#endif
