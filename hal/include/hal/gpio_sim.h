/*
 * A GPIO chip in virtual time, for tests: wires that move and bounce, a kernel queue that drops edges, a chip that
 * vanishes, lines that others hold, outputs that stick or are refused, and a guard that can be slow, deaf or dead.
 * Debounce is timed as over libgpiod 1.6. The descriptors are real (an event loop can watch them).
 *
 * A wire carries: the level it is stuck at; else what an open request drives; else its pull. Levels here are those of
 * the wire, high or low, not logical ones. Offsets are those of the chip. Thread: one.
 */
#ifndef HAL_GPIO_SIM_H
#define HAL_GPIO_SIM_H

#include "hal/gpio.h"

enum { LK_GPIO_SIM_LINES_MAX = 64, LK_GPIO_SIM_REQUESTS_MAX = 8, LK_GPIO_SIM_MOVES_MAX = 256 };

struct lk_gpio_sim_chip;

/* A chip that is there, with lines called PREFIX00, PREFIX01, ..., all pulled low, at now_ns. 0, -EINVAL, -ENOMEM. */
int lk_gpio_sim_chip_create(const char *label, const char *prefix, unsigned lines, int64_t now_ns,
                            struct lk_gpio_sim_chip **ret_chip);

/* After all requests on it were destroyed. NULL is fine. Returns NULL. */
struct lk_gpio_sim_chip *lk_gpio_sim_chip_destroy(struct lk_gpio_sim_chip *chip);

/* A request that looks for its chip among this one only; the chip must outlive it. 0, -EINVAL, -ENOMEM. */
int lk_gpio_sim_create(struct lk_gpio_sim_chip *chip, const struct lk_gpio_config *config, struct lk_gpio **ret_gpio);

int64_t lk_gpio_sim_now_ns(const struct lk_gpio_sim_chip *chip);

/* Lets time pass until then; what was to happen in between happens at its instant. */
void lk_gpio_sim_advance(struct lk_gpio_sim_chip *chip, int64_t until_ns);

/* The world pulls a wire, now. */
void lk_gpio_sim_pull(struct lk_gpio_sim_chip *chip, unsigned offset, bool high);

/* The world will pull a wire at that instant (bounce is a row of them). 0 or -EAGAIN: too many are waiting. */
int lk_gpio_sim_pull_at(struct lk_gpio_sim_chip *chip, unsigned offset, bool high, int64_t at_ns);

/* What the wire carries. */
bool lk_gpio_sim_wire(const struct lk_gpio_sim_chip *chip, unsigned offset);

/* Called for each change of a wire. NULL: nobody. */
void lk_gpio_sim_watch(struct lk_gpio_sim_chip *chip,
                       void (*on_wire)(void *user, unsigned offset, bool high, int64_t at_ns), void *user);

/* Another process takes the line (NULL: gives it back). */
void lk_gpio_sim_hold(struct lk_gpio_sim_chip *chip, unsigned offset, const char *holder);

/* The chip vanishes or comes back. Open requests find out; after their close and open they work again. */
void lk_gpio_sim_plug(struct lk_gpio_sim_chip *chip, bool there);

/* The wire carries this whatever is driven; unstick ends that. */
void lk_gpio_sim_stick(struct lk_gpio_sim_chip *chip, unsigned offset, bool high);
void lk_gpio_sim_unstick(struct lk_gpio_sim_chip *chip, unsigned offset);

/* The next `count` writes fail with this errno (negative) and change nothing. */
void lk_gpio_sim_refuse(struct lk_gpio_sim_chip *chip, int error, unsigned count);

/* The chip cannot tell edges, as seen by the next open. */
void lk_gpio_sim_no_edges(struct lk_gpio_sim_chip *chip, bool none);

/* How the guards of this chip's requests behave from now on. */
struct lk_gpio_sim_guard {
    int64_t answer_ns; /* how long an answer takes */
    bool deaf;         /* it hangs: neither answers nor switches off */
};
void lk_gpio_sim_guards(struct lk_gpio_sim_chip *chip, const struct lk_gpio_sim_guard *behaviour);

/* The guard of an open request is killed. */
void lk_gpio_sim_kill_guard(struct lk_gpio *gpio);

/* The owner is killed: nothing of its code runs any more. Its guard, if it lives, switches the outputs off; then the
 * kernel takes the lines back. Left to do with the object: destroy. */
void lk_gpio_sim_kill_owner(struct lk_gpio *gpio);

#endif
