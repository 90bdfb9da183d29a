/*
 * Inside the simulated GPIO: a chip with its wires (gpio_sim_chip.c), and the requests on it (gpio_sim.c). Thread: one.
 */
#ifndef LK_HAL_SIM_GPIO_SIM_PRIVATE_H
#define LK_HAL_SIM_GPIO_SIM_PRIVATE_H

#include "hal/gpio_driver.h"
#include "hal/gpio_sim.h"

enum { LK_GPIO_SIM_NS_PER_MS = 1000000 };

struct gpio_sim;

struct wire {
    char name[LK_GPIO_NAME_MAX];
    char holder[LK_GPIO_NAME_MAX]; /* another process; "" nobody */
    struct gpio_sim *owner;        /* one of our requests */
    bool pull, driven, drive, stuck, stuck_at;
};

struct move {
    int64_t at_ns;
    uint64_t order;
    unsigned offset;
    bool high;
};

struct lk_gpio_sim_chip {
    char label[LK_GPIO_NAME_MAX];
    unsigned lines;
    struct wire wires[LK_GPIO_SIM_LINES_MAX];
    struct gpio_sim *requests[LK_GPIO_SIM_REQUESTS_MAX];
    struct move moves[LK_GPIO_SIM_MOVES_MAX];
    unsigned moves_n;
    uint64_t order;
    int64_t now_ns;
    bool gone, no_edges;
    int refuse_error;
    unsigned refuse_count;
    struct lk_gpio_sim_guard guards;
    void (*on_wire)(void *user, unsigned offset, bool high, int64_t at_ns);
    void *user;
};

/* The kernel's queue of one line: what comes when it is full is lost. */
struct queue {
    unsigned n;
    struct {
        bool level;
        int64_t at_ns;
    } edges[LK_GPIO_QUEUE];
};

/* INT64_MAX: it does not come. */
struct guard {
    bool alive, busy, given;
    unsigned line;
    int64_t answer_at_ns, off_at_ns, until_ns;
};

struct gpio_sim {
    struct lk_gpio base;
    struct lk_gpio_sim_chip *chip;
    bool gone, polled;
    unsigned offsets[LK_GPIO_LINES_MAX];
    struct queue queues[LK_GPIO_LINES_MAX];
    struct lk_gpio_edges edges;
    struct guard guard;
};

/* What a wire carries, and what an open request's line reads. */
bool lk_gpio_sim_level(const struct wire *w);
bool lk_gpio_sim_logical(const struct gpio_sim *self, unsigned line);

/* The request drives a line to a logical level; all its outputs off; gives its wires back to their pulls. */
void lk_gpio_sim_drive(struct gpio_sim *self, unsigned line, bool level);
void lk_gpio_sim_all_off(struct gpio_sim *self);
void lk_gpio_sim_let_go(struct gpio_sim *self);

/* Makes its descriptor readable. */
void lk_gpio_sim_wake(struct gpio_sim *self);

#endif
