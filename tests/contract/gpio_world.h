/*
 * What the GPIO contract is tested in: a chip of 24 lines called W00 to W23, all pulled low at first. In virtual time,
 * on a chip made of memory below the real request, epoll and guard (the library replaced), or on a gpio-sim chip of the
 * kernel. One test program per world, the same tests in all.
 */
#ifndef LK_TESTS_CONTRACT_GPIO_WORLD_H
#define LK_TESTS_CONTRACT_GPIO_WORLD_H

#include "hal/gpio.h"

enum { WORLD_LINES = 24 };

struct world;

/* Makes the chip, there. Ends the test program if it cannot. */
struct world *world_make(void);
void world_end(struct world *w);

/* What a configuration calls the chip. */
const char *world_chip(const struct world *w);

/* A request of this world's kind; destroyed by the test. */
int world_gpio(struct world *w, const struct lk_gpio_config *config, struct lk_gpio **ret_gpio);

/* The world pulls a wire (high or low), now; what the wire carries. */
void world_pull(struct world *w, unsigned offset, bool high);
bool world_wire(struct world *w, unsigned offset);

/* Lets time pass until the descriptor is readable, at most for so long; -1: nothing but time. */
void world_wait(struct world *w, int fd, int64_t ms);

int64_t world_now_ns(struct world *w);

/* How late anything may be here beyond what was asked for: 0 in virtual time. */
int64_t world_slack_ms(const struct world *w);

/* The chip vanishes, or comes back. */
void world_plug(struct world *w, bool there);

#endif
