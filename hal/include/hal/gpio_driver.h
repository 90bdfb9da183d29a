/*
 * For implementers of GPIO: the object behind the handle and its ops. Callers include hal/gpio.h only.
 * An implementation embeds struct lk_gpio as its first member, keeps fd true (-1 while closed) and complaint in words,
 * and is owned through it until destroy, which closes.
 */
#ifndef HAL_GPIO_DRIVER_H
#define HAL_GPIO_DRIVER_H

#include "hal/gpio.h"

/* All but permit and permitted are called while fd is open only; levels never ask for an output that has no permission,
 * and open never for one that is open. All required, with the contracts of the functions of the same names in
 * hal/gpio.h. */
struct lk_gpio_ops {
    const char *name; /* "linux", "sim": for messages */
    int (*open)(struct lk_gpio *gpio);
    void (*close)(struct lk_gpio *gpio);
    int (*read)(struct lk_gpio *gpio, uint64_t *ret_levels);
    int (*write)(struct lk_gpio *gpio, uint64_t mask, uint64_t levels);
    int (*take)(struct lk_gpio *gpio, struct lk_gpio_event *ret_events, unsigned cap);
    int (*permit)(struct lk_gpio *gpio, unsigned line, int64_t until_ns);
    int (*permitted)(const struct lk_gpio *gpio, unsigned line);
    void (*destroy)(struct lk_gpio *gpio);
};

/* The lines: what every implementation has first. */
struct lk_gpio {
    const struct lk_gpio_ops *ops;
    struct lk_gpio_config config;
    int fd; /* -1 while closed */
    char complaint[LK_GPIO_COMPLAINT_MAX];
};

/* The lines with this direction. */
uint64_t lk_gpio_mask(const struct lk_gpio_config *config, enum lk_gpio_direction direction);

/*
 * From edges to events: what every implementation does with what its kernel says. Drops an edge that tells nothing new,
 * tells what a reading shows and no edge told, and times the debounce where the kernel does not (timed).
 *
 * In a take(): feed the waiting edges while there is room; when none waits any more and a reading is wanted, read the
 * levels and feed them; hand out; see to it that the descriptor is readable at lk_gpio_edges_next_ns().
 */
enum { LK_GPIO_EDGES_QUEUE = 256 };

struct lk_gpio_edges {
    uint64_t lines;                      /* with edges */
    uint64_t debounced;                  /* of them, those timed here */
    uint64_t told;                       /* the level of each edge line as handed out or queued */
    uint64_t moving;                     /* debounced here, and not quiet for long enough */
    int64_t quiet_ns[LK_GPIO_LINES_MAX]; /* how long a line has to be quiet */
    int64_t due_ns[LK_GPIO_LINES_MAX];   /* moving: when it will have been */
    unsigned burst[LK_GPIO_LINES_MAX];   /* edges since the last reading: LK_GPIO_QUEUE of them, and some may be lost */
    unsigned bursts;                     /* their sum */
    bool full;                           /* a reading found no room */
    int64_t poll_ns, read_at_ns;         /* poll_ns > 0: there are no edges, only readings */
    uint64_t raw;                        /* of the last reading, where there are only readings */
    struct lk_gpio_event queue[LK_GPIO_EDGES_QUEUE];
    unsigned head, count;
};

/* At open, with the levels read after the request. timed: this kernel interface does not debounce. */
void lk_gpio_edges_start(struct lk_gpio_edges *edges, const struct lk_gpio_config *config, bool timed, uint64_t levels);

/* After start, where the chip cannot tell edges: a reading is wanted so often. Debounce is then timed here, too. */
void lk_gpio_edges_poll(struct lk_gpio_edges *edges, unsigned poll_ms, int64_t now_ns);

/* How many more edges can be fed. */
unsigned lk_gpio_edges_room(const struct lk_gpio_edges *edges);

/* One edge from the kernel, in order. There must be room. */
void lk_gpio_edges_feed(struct lk_gpio_edges *edges, unsigned line, bool level, int64_t at_ns);

/* A reading is wanted: after a burst, at the end of a quiet time, and where there are no edges. Not otherwise: it would
 * run ahead of an edge that is on its way, and take its time away. */
bool lk_gpio_edges_wants(const struct lk_gpio_edges *edges, int64_t now_ns);

/* The levels of all lines, undebounced where timed here, read at now_ns. Call it when no edge waits any more. */
void lk_gpio_edges_levels(struct lk_gpio_edges *edges, uint64_t levels, int64_t now_ns);

/* When take() has something to do though no edge waits in the kernel: 0 (at once) while events are left, else the end
 * of the next quiet time, or the next reading where there are no edges. INT64_MAX: not at all. */
int64_t lk_gpio_edges_next_ns(const struct lk_gpio_edges *edges);

unsigned lk_gpio_edges_take(struct lk_gpio_edges *edges, struct lk_gpio_event *ret_events, unsigned cap);

/* levels with those replaced that are debounced here. */
uint64_t lk_gpio_edges_debounced(const struct lk_gpio_edges *edges, uint64_t levels);

#endif
