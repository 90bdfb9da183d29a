/*
 * Between gpio_linux.c and the library: a chip, what its lines are called and who holds them, and one request of lines.
 * gpio_v1.c (libgpiod 1.6) or gpio_v2.c (2.x) implements it, whichever the build found; tests have a third.
 *
 * All return 0 or negative errno unless said otherwise. Levels and edges are logical, bit or number i is line i of the
 * request. Thread: one at a time. write() is also called in the guard, a forked process: it must not allocate, lock or
 * change memory that matters to others.
 */
#ifndef LK_HAL_LINUX_GPIO_CHIP_H
#define LK_HAL_LINUX_GPIO_CHIP_H

#include <stddef.h>

#include "hal/gpio.h"

struct lk_gpio_chip;

struct lk_gpio_line_info {
    char name[LK_GPIO_NAME_MAX];   /* "" without */
    char holder[LK_GPIO_NAME_MAX]; /* "" when nobody says who */
    bool held;
};

struct lk_gpio_edge {
    unsigned line;
    bool level;
    int64_t at_ns;
};

/* True when the kernel debounces edges behind this library. */
bool lk_gpio_chip_debounces(void);

/* The chip at this path of /dev, without lines. */
int lk_gpio_chip_open(const char *path, struct lk_gpio_chip **ret_chip);

/* Gives lines and chip back. NULL is fine. Returns NULL. */
struct lk_gpio_chip *lk_gpio_chip_close(struct lk_gpio_chip *chip);

int lk_gpio_chip_label(struct lk_gpio_chip *chip, char *ret_label, size_t cap);
int lk_gpio_chip_lines(struct lk_gpio_chip *chip, unsigned *ret_lines);
int lk_gpio_chip_line(struct lk_gpio_chip *chip, unsigned offset, struct lk_gpio_line_info *ret_info);

/* Requests line i of config at offsets[i], outputs inactive, all or none. -EBUSY: one of them is held. */
int lk_gpio_chip_request(struct lk_gpio_chip *chip, const struct lk_gpio_config *config, const unsigned *offsets);

/* Descriptors that become readable when edges wait (and when the chip vanished, in kernels that say so), at most
 * LK_GPIO_LINES_MAX. Returns how many. */
unsigned lk_gpio_chip_edge_fds(const struct lk_gpio_chip *chip, int *ret_fds);

/* Descriptors that write() needs, and that hold the outputs while anybody has them open, at most LK_GPIO_LINES_MAX.
 * Returns how many. */
unsigned lk_gpio_chip_output_fds(const struct lk_gpio_chip *chip, int *ret_fds);

int lk_gpio_chip_read(struct lk_gpio_chip *chip, uint64_t *ret_levels);
int lk_gpio_chip_write(struct lk_gpio_chip *chip, uint64_t mask, uint64_t levels);

/* Takes waiting edges, at most cap (>= LK_GPIO_QUEUE), without waiting: how many, 0: none. */
int lk_gpio_chip_edges(struct lk_gpio_chip *chip, struct lk_gpio_edge *ret_edges, unsigned cap);

#endif
