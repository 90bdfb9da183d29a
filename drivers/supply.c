#include "drivers/supply.h"

#include <errno.h>
#include <stdlib.h>

enum { STAGGER_MS = 200, BURST = 3, REST_MS = 10000, ASK_AGAIN_MS = 10 };

struct lk_supply {
    struct lk_supply_config config;
    bool taken;
    int64_t free_at_ms; /* while taken: the earliest it can become free */
};

int lk_supply_create(const struct lk_supply_config *config, struct lk_supply **ret_supply)
{
    struct lk_supply *s = calloc(1, sizeof(*s));
    if (!s) {
        return -ENOMEM;
    }
    if (config) {
        s->config = *config;
    }
    s->config.stagger_ms = s->config.stagger_ms ? s->config.stagger_ms : STAGGER_MS;
    s->config.burst = s->config.burst ? s->config.burst : BURST;
    s->config.rest_ms = s->config.rest_ms ? s->config.rest_ms : REST_MS;
    s->free_at_ms = INT64_MIN;
    *ret_supply = s;
    return 0;
}

struct lk_supply *lk_supply_destroy(struct lk_supply *supply)
{
    free(supply);
    return NULL;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static bool rested(const struct lk_supply *s, const struct lk_supply_coil *coil, int64_t at_ms)
{
    return coil->in_burst == 0 || at_ms >= coil->last_end_at_ms + s->config.rest_ms;
}

int64_t lk_supply_earliest_at_ms(const struct lk_supply *supply, const struct lk_supply_coil *coil, int64_t now_ms)
{
    int64_t at_ms = supply->free_at_ms;
    if (supply->taken) {
        at_ms = later(at_ms, now_ms + ASK_AGAIN_MS);
    }
    if (coil->in_burst >= supply->config.burst) {
        at_ms = later(at_ms, coil->last_end_at_ms + supply->config.rest_ms);
    }
    return at_ms;
}

bool lk_supply_take(struct lk_supply *supply, const struct lk_supply_coil *coil, int64_t now_ms, unsigned pulse_ms)
{
    if (supply->taken || lk_supply_earliest_at_ms(supply, coil, now_ms) > now_ms) {
        return false;
    }
    supply->taken = true;
    supply->free_at_ms = now_ms + later(supply->config.stagger_ms, pulse_ms);
    return true;
}

void lk_supply_settle(struct lk_supply *supply, struct lk_supply_coil *coil, int64_t start_at_ms, unsigned pulse_ms)
{
    coil->in_burst = rested(supply, coil, start_at_ms) ? 1 : coil->in_burst + 1;
    coil->last_end_at_ms = start_at_ms + pulse_ms;
    supply->taken = false;
    supply->free_at_ms = start_at_ms + later(supply->config.stagger_ms, pulse_ms);
}

void lk_supply_release(struct lk_supply *supply)
{
    supply->taken = false;
    supply->free_at_ms = INT64_MIN;
}
