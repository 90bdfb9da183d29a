/*
 * The line by which a power supply or an UPS says that it goes ("power fail", "mains fail", a relay of the UPS).
 * Failing counts at once, good only when it has been good for a while: a supply that comes and goes is a failing one.
 *
 * An input that cannot be read (chip gone, line held) says nothing: then the last word stands until it can be read
 * again, and who listens is told that nobody watches.
 *
 * Thread: the owner thread. Nothing blocks but what hal/gpio.h says. Source: docs/degraded.md.
 */
#ifndef DRIVERS_POWER_H
#define DRIVERS_POWER_H

#include "hal/gpio.h"

#include <stdbool.h>
#include <stdint.h>

struct lk_power;

struct lk_power_sink {
    /* It fails, or is good again. Called only when that changes; good is never told before it has failed. */
    void (*failing)(void *user, bool failing);
    /* 0: the line is watched; else the negative errno why it is not. Called only when that changes. */
    void (*watched)(void *user, int error);
};

/* gpio: one line, an input with edges, level 1 meaning "fails"; becomes the object's own, also on failure. good_ms: see
 * above. 0, -ENOMEM. */
int lk_power_create(struct lk_gpio *gpio, unsigned good_ms, const struct lk_power_sink *sink, void *user,
                    struct lk_power **ret_power);

/* To be called when lk_power_fd() is readable, and at lk_power_next_at_ms(), for the first time at once. The descriptor
 * (-1: none now) may be another one afterwards. */
void lk_power_tick(struct lk_power *power, int64_t now_ms);
int lk_power_fd(const struct lk_power *power);
int64_t lk_power_next_at_ms(const struct lk_power *power);

/* In words, what stands in the way of watching; "". Valid until the next call. */
const char *lk_power_complaint(const struct lk_power *power);

/* NULL is fine. Returns NULL. */
struct lk_power *lk_power_destroy(struct lk_power *power);

#endif
