#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <stdlib.h>

#include "gpio_world.h"
#include "hal/gpio_sim.h"

enum { NS_PER_MS = 1000000, START_NS = 1000000000, ANSWER_NS = 200000 };

struct world {
    struct lk_gpio_sim_chip *chip;
};

struct world *world_make(void)
{
    struct world *w = calloc(1, sizeof(*w));
    assert_non_null(w);
    assert_int_equal(lk_gpio_sim_chip_create("world", "W", WORLD_LINES, START_NS, &w->chip), 0);
    lk_gpio_sim_guards(w->chip, &(struct lk_gpio_sim_guard){.answer_ns = ANSWER_NS});
    return w;
}

void world_end(struct world *w)
{
    lk_gpio_sim_chip_destroy(w->chip);
    free(w);
}

const char *world_chip(const struct world *w)
{
    (void)w;
    return "label:world";
}

int world_gpio(struct world *w, const struct lk_gpio_config *config, struct lk_gpio **ret_gpio)
{
    return lk_gpio_sim_create(w->chip, config, ret_gpio);
}

void world_pull(struct world *w, unsigned offset, bool high)
{
    lk_gpio_sim_pull(w->chip, offset, high);
}

bool world_wire(struct world *w, unsigned offset)
{
    return lk_gpio_sim_wire(w->chip, offset);
}

static bool readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return fd >= 0 && poll(&p, 1, 0) > 0;
}

void world_wait(struct world *w, int fd, int64_t ms)
{
    int64_t end_ns = world_now_ns(w) + ms * NS_PER_MS;
    while (!readable(fd) && world_now_ns(w) < end_ns) {
        int64_t next_ns = world_now_ns(w) + NS_PER_MS;
        lk_gpio_sim_advance(w->chip, next_ns < end_ns ? next_ns : end_ns);
    }
}

int64_t world_now_ns(struct world *w)
{
    return lk_gpio_sim_now_ns(w->chip);
}

int64_t world_slack_ms(const struct world *w)
{
    (void)w;
    return 0;
}

void world_plug(struct world *w, bool there)
{
    lk_gpio_sim_plug(w->chip, there);
}
