#include "hal/watchdog_sim.h"
#include "hal/watchdog_driver.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct watchdog_sim {
    struct lk_watchdog base;
    unsigned count[LK_WATCHDOG_FEED + 1];
    char status[LK_WATCHDOG_STATUS_MAX];
    int error;
};

static struct watchdog_sim *sim(struct lk_watchdog *watchdog)
{
    return (struct watchdog_sim *)watchdog;
}

static int tell(struct lk_watchdog *watchdog, enum lk_watchdog_news news)
{
    if (sim(watchdog)->error == 0) {
        sim(watchdog)->count[news]++;
    }
    return sim(watchdog)->error;
}

static int status(struct lk_watchdog *watchdog, const char *text)
{
    if (sim(watchdog)->error == 0) {
        (void)snprintf(sim(watchdog)->status, sizeof(sim(watchdog)->status), "%s", text);
    }
    return sim(watchdog)->error;
}

static void destroy(struct lk_watchdog *watchdog)
{
    free(watchdog);
}

static const struct lk_watchdog_ops ops = {
    .name = "sim",
    .tell = tell,
    .status = status,
    .destroy = destroy,
};

int lk_watchdog_sim_create(int64_t interval_ms, struct lk_watchdog **ret_watchdog)
{
    struct watchdog_sim *self = calloc(1, sizeof(*self));
    if (!self) {
        return -ENOMEM;
    }
    self->base.ops = &ops;
    self->base.interval_ms = interval_ms;
    *ret_watchdog = &self->base;
    return 0;
}

unsigned lk_watchdog_sim_count(const struct lk_watchdog *watchdog, enum lk_watchdog_news news)
{
    return ((const struct watchdog_sim *)watchdog)->count[news];
}

const char *lk_watchdog_sim_status(const struct lk_watchdog *watchdog)
{
    return ((const struct watchdog_sim *)watchdog)->status;
}

void lk_watchdog_sim_fail(struct lk_watchdog *watchdog, int error)
{
    sim(watchdog)->error = error;
}
