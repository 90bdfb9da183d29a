#include "panel_driver.h"

#include <errno.h>
#include <stdlib.h>

enum { EVENTS = 8 };

struct gpio_port {
    struct lk_panel_port base;
    struct lk_gpio *gpio;
    int line[LK_PANEL_OUTPUTS];
    uint32_t outputs;
    int64_t due_at_ms; /* the next attempt to open, or the next look */
};

static struct gpio_port *self_of(struct lk_panel_port *port)
{
    return (struct gpio_port *)port;
}

static void lose(struct gpio_port *self, int error, int64_t now_ms)
{
    lk_gpio_close(self->gpio);
    self->base.error = error;
    self->due_at_ms = lk_gpio_retry_at_ms(now_ms);
}

static void write_lines(struct gpio_port *self, int64_t now_ms)
{
    uint64_t mask = 0, levels = 0;
    for (int i = 0; i < LK_PANEL_OUTPUTS; i++) {
        if (self->line[i] >= 0) {
            mask |= UINT64_C(1) << self->line[i];
            levels |= (self->outputs & 1U << i) != 0 ? UINT64_C(1) << self->line[i] : 0;
        }
    }
    int r = lk_gpio_write(self->gpio, mask, levels);
    if (r < 0) {
        lose(self, r, now_ms);
    }
}

static void show(struct lk_panel_port *port, uint32_t outputs, int64_t now_ms)
{
    self_of(port)->outputs = outputs;
    if (lk_gpio_fd(self_of(port)->gpio) >= 0) {
        write_lines(self_of(port), now_ms);
    }
}

static void try_open(struct gpio_port *self, int64_t now_ms)
{
    int r = lk_gpio_open(self->gpio);
    self->base.tried = true;
    if (r < 0) {
        lose(self, r, now_ms);
        return;
    }
    self->base.error = 0;
    self->due_at_ms = now_ms + LK_GPIO_LOOK_MS;
    write_lines(self, now_ms);
}

static void look(struct gpio_port *self, int64_t now_ms)
{
    uint64_t levels;
    int r = lk_gpio_read(self->gpio, &levels);
    self->due_at_ms = now_ms + LK_GPIO_LOOK_MS;
    if (r < 0) {
        lose(self, r, now_ms);
    }
}

static void tick(struct lk_panel_port *port, int64_t now_ms)
{
    struct gpio_port *self = self_of(port);
    if (now_ms < self->due_at_ms) {
        return;
    }
    if (lk_gpio_fd(self->gpio) < 0) {
        try_open(self, now_ms);
    } else {
        look(self, now_ms);
    }
}

static int64_t next_at_ms(const struct lk_panel_port *port)
{
    return ((const struct gpio_port *)port)->due_at_ms;
}

static bool settled(const struct lk_panel_port *port)
{
    (void)port;
    return true; /* a write is done when it returns */
}

static int port_fd(const struct lk_panel_port *port)
{
    return lk_gpio_fd(((const struct gpio_port *)port)->gpio);
}

static void ready(struct lk_panel_port *port, int64_t now_ms)
{
    struct lk_gpio_event events[EVENTS];
    int r = lk_gpio_take(self_of(port)->gpio, events, EVENTS);
    if (r < 0) {
        lose(self_of(port), r, now_ms);
    }
}

static const char *complaint(const struct lk_panel_port *port)
{
    return lk_gpio_complaint(((const struct gpio_port *)port)->gpio);
}

static void destroy(struct lk_panel_port *port)
{
    (void)lk_gpio_destroy(self_of(port)->gpio); /* switches off */
    free(port);
}

static const struct lk_panel_port_ops ops = {
    .name = "gpio",
    .show = show,
    .tick = tick,
    .next_at_ms = next_at_ms,
    .settled = settled,
    .destroy = destroy,
    .fd = port_fd,
    .ready = ready,
    .complaint = complaint,
};

int lk_panel_create_gpio(struct lk_gpio *gpio, const int line[LK_PANEL_OUTPUTS], const struct lk_panel_sink *sink,
                         void *user, struct lk_panel **ret_panel)
{
    struct gpio_port *self = calloc(1, sizeof(*self));
    if (!self) {
        (void)lk_gpio_destroy(gpio);
        return -ENOMEM;
    }
    self->base.ops = &ops;
    self->gpio = gpio;
    self->due_at_ms = INT64_MIN;
    for (int i = 0; i < LK_PANEL_OUTPUTS; i++) {
        self->line[i] = line[i];
        self->base.wired |= line[i] >= 0 ? 1U << i : 0;
    }
    return lk_panel_create_on(&self->base, sink, user, ret_panel);
}
