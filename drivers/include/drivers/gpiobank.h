/*
 * A lock bank on GPIO lines: door d has its lock on one line of a chip and its switch on another. It is a lockbank like
 * any other (drivers/lockbank.h) once it is made; it needs its descriptor watched.
 *
 * Pulses are timed by software here, since a line has no clock: the bank switches on with the guard's permission
 * (hal/gpio.h) and off after pulse_ms; the guard, which does not depend on this process, switches off at the ceiling, a
 * little later, or at once when this process dies. Without a guard the bank does not drive. Each output is read back
 * after its pulse and once a second; one that is on without a reason stops the bank (COIL_STUCK).
 *
 * The supply counts a pulse as long as its ceiling, so that even a late switching off does not meet the next coil.
 *
 * Door switches: edges bring the news, the levels are read again for the truth, and an unexpected change must hold for
 * confirm_ms as on every bank. A chip that cannot tell edges is read 20 times a second instead.
 *
 * A chip that is not there or vanished is LOST with LINE, a line that somebody else holds LOST with HELD, a name that
 * the chip does not have LOST with NO_LINE, a guard that died or does not answer LOST with GUARD; each is tried again
 * every LK_GPIO_RETRY_MS, with a new set-up. lk_lockbank_complaint() has the words.
 *
 * Thread: the owner thread. Source: docs/gpio.md.
 */
#ifndef DRIVERS_GPIOBANK_H
#define DRIVERS_GPIOBANK_H

#include "drivers/lockbank.h"
#include "hal/gpio.h"

enum {
    LK_GPIOBANK_PULSE_MS = 400, /* the default */
    LK_GPIOBANK_PULSE_MIN_MS = 50,
    LK_GPIOBANK_CEILING_MS = 500 /* no lock is on for longer, whoever dies; pulse_ms may be as long at most */
};

struct lk_gpiobank_config {
    char chip[LK_GPIO_CHIP_MAX];     /* as lk_gpio_config.chip */
    char consumer[LK_GPIO_NAME_MAX]; /* "" is "lockerd" */
    unsigned doors;                  /* 1..LK_LOCKBANK_DOORS_MAX */
    char locks[LK_LOCKBANK_DOORS_MAX][LK_GPIO_NAME_MAX];
    char sensors[LK_LOCKBANK_DOORS_MAX][LK_GPIO_NAME_MAX];
    bool lock_active_low;         /* the lock is energised while its line is low */
    uint32_t sensor_closed_level; /* bit d: 1 when the line of door d's switch is high while the door is shut */
    enum lk_gpio_bias bias;       /* of the switches */
    unsigned debounce_ms;         /* of the switches */
    unsigned pulse_ms;            /* 0: LK_GPIOBANK_PULSE_MS */
    unsigned confirm_ms;          /* 0: 200 */
};

/* The request of lines that this bank needs, to make its lk_gpio from. 0, or -EINVAL as lk_gpio_config_check() or for a
 * number above. */
int lk_gpiobank_lines(const struct lk_gpiobank_config *config, struct lk_gpio_config *ret_lines);

/* Makes a bank. gpio was made from lk_gpiobank_lines() of the same configuration, is closed, and belongs to the bank
 * from success on. The supply must outlive the bank. 0, -EINVAL, -ENOMEM. Ended with lk_lockbank_destroy(), which
 * switches all locks off. */
int lk_gpiobank_create(const struct lk_gpiobank_config *config, struct lk_gpio *gpio, struct lk_supply *supply,
                       const struct lk_lockbank_sink *sink, void *user, struct lk_lockbank **ret_bank);

#endif
