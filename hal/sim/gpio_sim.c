#include "hal/gpio_sim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "gpio_sim_private.h"

static struct gpio_sim *sim(struct lk_gpio *gpio)
{
    return (struct gpio_sim *)gpio;
}

/* --- opening */

__attribute__((format(printf, 3, 4))) static int complain(struct gpio_sim *self, int err, const char *fmt, ...)
{
    struct lk_text t = lk_text_init(self->base.complaint, sizeof(self->base.complaint));
    va_list ap;
    va_start(ap, fmt);
    lk_text_vaddf(&t, fmt, ap);
    va_end(ap);
    return err;
}

static int find_line(struct gpio_sim *self, const char *name, unsigned *ret_offset)
{
    unsigned found = 0;
    if (lk_gpio_offset(name, ret_offset) == 0) {
        return *ret_offset < self->chip->lines ? 0 : complain(self, -ENOENT, "the chip has no line %s", name);
    }
    for (unsigned i = 0; i < self->chip->lines; i++) {
        if (strcmp(self->chip->wires[i].name, name) == 0) {
            *ret_offset = i;
            found++;
        }
    }
    return found ? 0 : complain(self, -ENOENT, "the chip has no line %s", name);
}

static int find_lines(struct gpio_sim *self)
{
    const struct lk_gpio_config *c = &self->base.config;
    for (unsigned i = 0; i < c->lines_n; i++) {
        int r = find_line(self, c->lines[i].name, &self->offsets[i]);
        for (unsigned k = 0; r == 0 && k < i; k++) {
            if (self->offsets[k] == self->offsets[i]) {
                r = complain(self, -EINVAL, "%s and %s are the same line", c->lines[k].name, c->lines[i].name);
            }
        }
        if (r) {
            return r;
        }
    }
    return 0;
}

static int find_holder(struct gpio_sim *self)
{
    for (unsigned i = 0; i < self->base.config.lines_n; i++) {
        const struct wire *w = &self->chip->wires[self->offsets[i]];
        const char *holder = w->owner ? w->owner->base.config.consumer : w->holder;
        if (holder[0]) {
            return complain(self, -EBUSY, "%s is held by \"%s\"", self->base.config.lines[i].name, holder);
        }
    }
    return 0;
}

static bool answers_to(const struct lk_gpio_sim_chip *chip, const char *name)
{
    return !chip->gone && strncmp(name, "label:", strlen("label:")) == 0 &&
           strcmp(name + strlen("label:"), chip->label) == 0;
}

static int check(struct gpio_sim *self)
{
    if (!answers_to(self->chip, self->base.config.chip)) {
        return complain(self, -ENODEV, "there is no chip %s", self->base.config.chip);
    }
    int r = find_lines(self);
    r = r ? r : find_holder(self);
    if (r == 0 && self->chip->no_edges && self->base.config.poll_ms == 0 &&
        lk_gpio_mask(&self->base.config, LK_GPIO_IN_EDGES)) {
        r = complain(self, -EOPNOTSUPP, "the chip cannot tell edges, or has no such bias, on these lines");
    }
    return r;
}

static uint64_t levels_of(const struct gpio_sim *self)
{
    uint64_t levels = 0;
    for (unsigned i = 0; i < self->base.config.lines_n; i++) {
        levels |= (uint64_t)lk_gpio_sim_logical(self, i) << i;
    }
    return levels;
}

static int open_lines(struct lk_gpio *gpio)
{
    struct gpio_sim *self = sim(gpio);
    int r = check(self);
    if (r) {
        return r;
    }
    gpio->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (gpio->fd < 0) {
        return -errno;
    }
    self->gone = false;
    memset(self->queues, 0, sizeof(self->queues));
    for (unsigned i = 0; i < gpio->config.lines_n; i++) {
        enum lk_gpio_bias bias = gpio->config.lines[i].bias;
        if (bias == LK_GPIO_BIAS_UP || bias == LK_GPIO_BIAS_DOWN) {
            lk_gpio_sim_pull(self->chip, self->offsets[i], bias == LK_GPIO_BIAS_UP);
        }
        self->chip->wires[self->offsets[i]].owner = self;
    }
    lk_gpio_sim_all_off(self);
    lk_gpio_edges_start(&self->edges, &gpio->config, true, levels_of(self));
    self->polled = self->chip->no_edges;
    if (self->polled) {
        lk_gpio_edges_poll(&self->edges, gpio->config.poll_ms, self->chip->now_ns);
    }
    self->guard =
        (struct guard){.alive = gpio->config.ceiling_ms > 0, .answer_at_ns = INT64_MAX, .off_at_ns = INT64_MAX};
    return 0;
}

static void close_lines(struct lk_gpio *gpio)
{
    struct gpio_sim *self = sim(gpio);
    if (gpio->fd >= 0) {
        lk_gpio_sim_all_off(self);
        lk_gpio_sim_let_go(self);
    }
    lk_closep(&gpio->fd);
}

/* --- the guard */

static int permit(struct lk_gpio *gpio, unsigned line, int64_t until_ns)
{
    struct gpio_sim *self = sim(gpio);
    struct guard *g = &self->guard;
    if (!g->alive) {
        return -EOWNERDEAD;
    }
    if (until_ns - self->chip->now_ns > (int64_t)gpio->config.ceiling_ms * LK_GPIO_SIM_NS_PER_MS) {
        return -EINVAL;
    }
    if (g->busy) {
        return -EBUSY;
    }
    g->busy = true;
    g->given = false;
    g->line = line;
    g->until_ns = g->off_at_ns = until_ns;
    g->answer_at_ns = self->chip->now_ns + self->chip->guards.answer_ns;
    return 0;
}

static int permitted(const struct lk_gpio *gpio, unsigned line)
{
    const struct gpio_sim *self = (const struct gpio_sim *)gpio;
    const struct guard *g = &self->guard;
    if (!g->alive) {
        return -EOWNERDEAD;
    }
    return g->given && g->line == line && self->chip->now_ns < g->until_ns;
}

static void give_back(struct gpio_sim *self, uint64_t lines)
{
    struct guard *g = &self->guard;
    if (g->busy && lines >> g->line & 1) {
        g->busy = g->given = false;
        g->answer_at_ns = g->off_at_ns = INT64_MAX;
    }
}

/* --- levels and events */

static int read_levels(struct lk_gpio *gpio, uint64_t *ret_levels)
{
    if (sim(gpio)->gone) {
        return -ENODEV;
    }
    *ret_levels = lk_gpio_edges_debounced(&sim(gpio)->edges, levels_of(sim(gpio)));
    return 0;
}

static int write_levels(struct lk_gpio *gpio, uint64_t mask, uint64_t levels)
{
    struct gpio_sim *self = sim(gpio);
    if (self->gone) {
        return -ENODEV;
    }
    if (self->chip->refuse_count > 0) {
        self->chip->refuse_count--;
        return self->chip->refuse_error;
    }
    for (unsigned i = 0; i < gpio->config.lines_n; i++) {
        if (mask >> i & 1) {
            lk_gpio_sim_drive(self, i, levels >> i & 1);
        }
    }
    give_back(self, mask & ~levels);
    return 0;
}

static void feed_queues(struct gpio_sim *self)
{
    for (unsigned i = 0; i < self->base.config.lines_n; i++) {
        struct queue *q = &self->queues[i];
        if (lk_gpio_edges_room(&self->edges) < LK_GPIO_QUEUE) {
            return;
        }
        for (unsigned k = 0; k < q->n; k++) {
            lk_gpio_edges_feed(&self->edges, i, q->edges[k].level, q->edges[k].at_ns);
        }
        q->n = 0;
    }
}

static bool more_to_take(const struct gpio_sim *self)
{
    bool more = lk_gpio_edges_next_ns(&self->edges) <= self->chip->now_ns;
    for (unsigned i = 0; i < self->base.config.lines_n; i++) {
        more = more || self->queues[i].n > 0;
    }
    return more;
}

static int take(struct lk_gpio *gpio, struct lk_gpio_event *ret_events, unsigned cap)
{
    struct gpio_sim *self = sim(gpio);
    uint64_t ignored;
    if (self->gone) {
        return -ENODEV;
    }
    feed_queues(self);
    if (lk_gpio_edges_wants(&self->edges, self->chip->now_ns)) {
        lk_gpio_edges_levels(&self->edges, levels_of(self), self->chip->now_ns);
    }
    unsigned n = lk_gpio_edges_take(&self->edges, ret_events, cap);
    if (read(gpio->fd, &ignored, sizeof(ignored)) >= 0 && more_to_take(self)) {
        lk_gpio_sim_wake(self);
    }
    return (int)n;
}

static void forget(struct gpio_sim *self)
{
    for (unsigned i = 0; i < LK_GPIO_SIM_REQUESTS_MAX; i++) {
        if (self->chip->requests[i] == self) {
            self->chip->requests[i] = NULL;
        }
    }
}

static void destroy(struct lk_gpio *gpio)
{
    close_lines(gpio);
    forget(sim(gpio));
    free(gpio);
}

static const struct lk_gpio_ops ops = {
    .name = "sim",
    .open = open_lines,
    .close = close_lines,
    .read = read_levels,
    .write = write_levels,
    .take = take,
    .permit = permit,
    .permitted = permitted,
    .destroy = destroy,
};

int lk_gpio_sim_create(struct lk_gpio_sim_chip *chip, const struct lk_gpio_config *config, struct lk_gpio **ret_gpio)
{
    unsigned slot = 0;
    int r = lk_gpio_config_check(config);
    if (r) {
        return r;
    }
    while (slot < LK_GPIO_SIM_REQUESTS_MAX && chip->requests[slot]) {
        slot++;
    }
    struct gpio_sim *self = slot < LK_GPIO_SIM_REQUESTS_MAX ? calloc(1, sizeof(*self)) : NULL;
    if (!self) {
        return -ENOMEM;
    }
    self->base.ops = &ops;
    self->base.config = *config;
    self->base.fd = -1;
    self->chip = chip;
    chip->requests[slot] = self;
    *ret_gpio = &self->base;
    return 0;
}
