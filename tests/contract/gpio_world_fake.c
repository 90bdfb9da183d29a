#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include "gpio_fake_chip.h"
#include "gpio_world.h"
#include "hal/gpio_linux.h"

enum { NS_PER_S = 1000000000, SLACK_MS = 400 };

struct world {
    bool made;
};

struct world *world_make(void)
{
    struct world *w = calloc(1, sizeof(*w));
    assert_non_null(w);
    fake_chip_make("W", WORLD_LINES);
    return w;
}

void world_end(struct world *w)
{
    free(w);
}

const char *world_chip(const struct world *w)
{
    (void)w;
    return "gpiofake";
}

int world_gpio(struct world *w, const struct lk_gpio_config *config, struct lk_gpio **ret_gpio)
{
    (void)w;
    return lk_gpio_linux_create(config, ret_gpio);
}

void world_pull(struct world *w, unsigned offset, bool high)
{
    (void)w;
    fake_chip_pull(offset, high);
}

bool world_wire(struct world *w, unsigned offset)
{
    (void)w;
    return fake_chip_wire(offset);
}

void world_wait(struct world *w, int fd, int64_t ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    (void)w;
    (void)poll(&p, fd >= 0 ? 1 : 0, (int)ms);
}

int64_t world_now_ns(struct world *w)
{
    struct timespec t;
    (void)w;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

int64_t world_slack_ms(const struct world *w)
{
    (void)w;
    return SLACK_MS;
}

void world_plug(struct world *w, bool there)
{
    (void)w;
    fake_chip_plug(there);
}
