/* What a panel is wired to: GPIO lines (panel_gpio.c) or coils (panel_coils.c). Private to the panel. */
#ifndef DRIVERS_PANEL_DRIVER_H
#define DRIVERS_PANEL_DRIVER_H

#include "drivers/panel.h"

struct lk_panel_port;

/* All required but ready, fd, completion and complaint. A port remembers what it has to show and sees to it, also when
 * it comes back; it is owned by its panel. */
struct lk_panel_port_ops {
    const char *name;
    void (*show)(struct lk_panel_port *port, uint32_t outputs, int64_t now_ms);
    void (*tick)(struct lk_panel_port *port, int64_t now_ms);
    int64_t (*next_at_ms)(const struct lk_panel_port *port);
    bool (*settled)(const struct lk_panel_port *port); /* what is to be shown is on the wire, or it cannot be */
    void (*destroy)(struct lk_panel_port *port);
    int (*fd)(const struct lk_panel_port *port);
    void (*ready)(struct lk_panel_port *port, int64_t now_ms);
    void (*completion)(struct lk_panel_port *port, const struct lk_fb_completion *done, int64_t now_ms);
    const char *(*complaint)(const struct lk_panel_port *port);
};

struct lk_panel_port {
    const struct lk_panel_port_ops *ops;
    bool tried; /* error is an experience: the port sets both, the panel tells them */
    int error;
    uint32_t wired; /* outputs it has */
};

/* A panel on this port, which it takes over (also on failure). 0, -EINVAL: nothing is wired, -ENOMEM. */
int lk_panel_create_on(struct lk_panel_port *port, const struct lk_panel_sink *sink, void *user,
                       struct lk_panel **ret_panel);

#endif
