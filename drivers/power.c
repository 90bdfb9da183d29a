#include "drivers/power.h"

#include <errno.h>
#include <stdlib.h>

enum { EVENTS = 8 };

struct lk_power {
    struct lk_gpio *gpio;
    const struct lk_power_sink *sink;
    void *user;
    unsigned good_ms;
    bool level, failing;
    int error;          /* as told last; 1: nothing was told yet */
    int64_t good_at_ms; /* while failing and the level is good: when that counts; INT64_MAX */
    int64_t due_at_ms;  /* the next attempt to open, or the next look */
};

int lk_power_create(struct lk_gpio *gpio, unsigned good_ms, const struct lk_power_sink *sink, void *user,
                    struct lk_power **ret_power)
{
    struct lk_power *p = calloc(1, sizeof(*p));
    if (!p) {
        (void)lk_gpio_destroy(gpio);
        return -ENOMEM;
    }
    *p = (struct lk_power){.gpio = gpio,
                           .sink = sink,
                           .user = user,
                           .good_ms = good_ms,
                           .error = 1,
                           .good_at_ms = INT64_MAX,
                           .due_at_ms = INT64_MIN};
    *ret_power = p;
    return 0;
}

static void tell_watched(struct lk_power *p, int error)
{
    if (p->error != error) {
        p->error = error;
        p->sink->watched(p->user, error);
    }
}

static void lose(struct lk_power *p, int error, int64_t now_ms)
{
    lk_gpio_close(p->gpio);
    p->due_at_ms = lk_gpio_retry_at_ms(now_ms);
    p->good_at_ms = INT64_MAX; /* what cannot be read does not become good */
    tell_watched(p, error);
}

static void set_level(struct lk_power *p, bool level, int64_t now_ms)
{
    p->level = level;
    if (level) {
        p->good_at_ms = INT64_MAX;
        if (!p->failing) {
            p->failing = true;
            p->sink->failing(p->user, true);
        }
    } else if (p->failing && p->good_at_ms == INT64_MAX) {
        p->good_at_ms = now_ms + p->good_ms;
    }
}

static void look(struct lk_power *p, int64_t now_ms)
{
    uint64_t levels = 0;
    int r = lk_gpio_read(p->gpio, &levels);
    p->due_at_ms = now_ms + LK_GPIO_LOOK_MS;
    if (r < 0) {
        lose(p, r, now_ms);
        return;
    }
    tell_watched(p, 0);
    set_level(p, (levels & 1) != 0, now_ms);
}

/* Each edge counts, also one that is over by now: a dip is the beginning of many failures. */
static void take(struct lk_power *p, int64_t now_ms)
{
    struct lk_gpio_event events[EVENTS];
    int n = EVENTS;
    while (n == EVENTS) {
        n = lk_gpio_take(p->gpio, events, EVENTS);
        for (int i = 0; i < n; i++) {
            set_level(p, events[i].level, now_ms);
        }
    }
    if (n < 0) {
        lose(p, n, now_ms);
    }
}

static void open_it(struct lk_power *p, int64_t now_ms)
{
    int r = lk_gpio_open(p->gpio);
    if (r < 0) {
        lose(p, r, now_ms);
    } else {
        look(p, now_ms);
    }
}

void lk_power_tick(struct lk_power *p, int64_t now_ms)
{
    if (lk_gpio_fd(p->gpio) >= 0) {
        take(p, now_ms);
    }
    if (now_ms >= p->due_at_ms) {
        if (lk_gpio_fd(p->gpio) < 0) {
            open_it(p, now_ms);
        } else {
            look(p, now_ms);
        }
    }
    if (now_ms >= p->good_at_ms) {
        p->good_at_ms = INT64_MAX;
        p->failing = false;
        p->sink->failing(p->user, false);
    }
}

int lk_power_fd(const struct lk_power *p)
{
    return lk_gpio_fd(p->gpio);
}

int64_t lk_power_next_at_ms(const struct lk_power *p)
{
    return p->good_at_ms < p->due_at_ms ? p->good_at_ms : p->due_at_ms;
}

const char *lk_power_complaint(const struct lk_power *p)
{
    return p->error < 0 ? lk_gpio_complaint(p->gpio) : "";
}

struct lk_power *lk_power_destroy(struct lk_power *p)
{
    if (p) {
        (void)lk_gpio_destroy(p->gpio);
        free(p);
    }
    return NULL;
}
