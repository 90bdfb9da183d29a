/*
 * A serial line without a device, for tests: the other side is this interface, and it misbehaves on request.
 * Its descriptor is real (an event loop can watch it). Thread: one.
 */
#ifndef HAL_SERIAL_SIM_H
#define HAL_SERIAL_SIM_H

#include "hal/serial.h"

/* A line that is plugged in. 0 or -ENOMEM; ended with lk_serial_destroy(). */
int lk_serial_sim_create(struct lk_serial **ret_serial);

/* Bytes arrive. 0; -ENODEV while closed or unplugged, -EAGAIN when the reader lets too many pile up. */
int lk_serial_sim_arrive(struct lk_serial *serial, const void *bytes, size_t n);

/* What was written by the caller since the last take, at most cap bytes; 0: nothing, or closed. */
size_t lk_serial_sim_take(struct lk_serial *serial, void *ret_bytes, size_t cap);

/* The device vanishes: reads and writes say -ENODEV, the descriptor becomes readable, opening says open_error (-ENOENT,
 * -EBUSY, ...). With open_error 0 it is plugged in again, and works after the caller's close and open. */
void lk_serial_sim_unplug(struct lk_serial *serial, int open_error);

#endif
