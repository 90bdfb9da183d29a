/*
 * GPIO: one set of lines of one chip, requested together. Levels are logical: 1 is active, whatever the wire carries
 * (active_low turns it round in the kernel). Bit i of a mask or of levels is line i of the configuration.
 *
 * An object is a wish at first and closed. Open it, watch lk_gpio_fd(), and call lk_gpio_take() when it is readable. A
 * chip may vanish at any time (a USB expander, an unbound driver): then every call says -ENODEV once and for all; the
 * caller closes, and tries to open again when LK_GPIO_RETRY_MS have passed. Older kernels may wake nobody when
 * a chip goes: read the levels every LK_GPIO_LOOK_MS to notice.
 *
 * Edges: the kernel's queue holds LK_GPIO_QUEUE edges of a line and drops the rest without a word. So the levels are
 * read again after each burst, and what take() told last about a line is true, whatever was lost before. Events of one
 * line alternate between 0 and 1; in between, edges may be missing.
 *
 * Outputs are inactive from the instant of the request. With ceiling_ms they are guarded: a line may be switched on
 * only with a permission that ends by itself (lk_gpio_permit), and someone independent of the caller's process switches
 * it off then, or at once when the caller dies (law 9; docs/gpio.md says what that is on Linux and what it cannot do).
 *
 * Thread: one, the owner's. Blocking: never on a chip of the processor; an expander on I2C takes its transfer time.
 * Sources: the kernel's GPIO character device (uapi linux/gpio.h), libgpiod 1.6 and 2.x.
 */
#ifndef HAL_GPIO_H
#define HAL_GPIO_H

#include <stdbool.h>
#include <stdint.h>

enum {
    LK_GPIO_LINES_MAX = 64,
    LK_GPIO_CHIP_MAX = 64,          /* bytes of a chip's name as configured, NUL included */
    LK_GPIO_NAME_MAX = 32,          /* bytes of a line's or a consumer's name, NUL included (the kernel's limit) */
    LK_GPIO_COMPLAINT_MAX = 160,    /* bytes of a complaint, NUL included */
    LK_GPIO_QUEUE = 16,             /* edges of a line that wait in the kernel */
    LK_GPIO_RETRY_MS = 1000,        /* between two attempts to open a chip that is not there */
    LK_GPIO_LOOK_MS = 1000,         /* between two readings that would notice a vanished chip */
    LK_GPIO_DEBOUNCE_MAX_MS = 1000, /* longest debounce */
    LK_GPIO_POLL_MIN_MS = 10,       /* reading an expander takes its time, too */
    LK_GPIO_CEILING_MAX_MS = 10000, /* longest permission */
};

enum lk_gpio_direction {
    LK_GPIO_IN,       /* levels only */
    LK_GPIO_IN_EDGES, /* levels, and an event for each change */
    LK_GPIO_OUT,      /* push-pull, inactive at first */
};

enum lk_gpio_bias { LK_GPIO_BIAS_AS_IS, LK_GPIO_BIAS_UP, LK_GPIO_BIAS_DOWN, LK_GPIO_BIAS_OFF };

struct lk_gpio_line {
    char name[LK_GPIO_NAME_MAX]; /* the kernel's name of the line, "GPIO5"; or its offset on the chip, "#5" */
    enum lk_gpio_direction direction;
    bool active_low;
    enum lk_gpio_bias bias;
    unsigned
        debounce_ms; /* LK_GPIO_IN_EDGES only: a change counts after so long without an edge; 0: every edge counts */
};

struct lk_gpio_config {
    char chip[LK_GPIO_CHIP_MAX];     /* "label:pinctrl-bcm2711", "/dev/gpiochip0" or "gpiochip0" */
    char consumer[LK_GPIO_NAME_MAX]; /* what others are told when they want one of our lines */
    unsigned poll_ms;                /* where the chip cannot tell edges: read the levels so often instead. 0: do not */
    unsigned ceiling_ms;             /* > 0: the outputs are guarded, and no permission is longer. 0: they are not */
    unsigned lines_n;                /* 1..LK_GPIO_LINES_MAX */
    struct lk_gpio_line lines[LK_GPIO_LINES_MAX];
};

struct lk_gpio_event {
    unsigned line;
    bool level;    /* from now on */
    bool reread;   /* seen by reading the level, not by an edge: at_ns is when it was read */
    int64_t at_ns; /* CLOCK_MONOTONIC, by the kernel where it saw the edge. Debounced: when the quiet time was over */
};

/* Made by hal/gpio_linux.h or hal/gpio_sim.h; implementers see hal/gpio_driver.h. */
struct lk_gpio;

/* 0, or -EINVAL for what breaks the rules above: no lines, an empty or repeated name, an offset that is no number, a
 * debounce without edges, a ceiling without outputs, a value above its limit. The creators check it, too. */
int lk_gpio_config_check(const struct lk_gpio_config *config);

/* The offset that a name like "#5" means: 0, or -EINVAL when it is none (then it is a name). */
int lk_gpio_offset(const char *name, unsigned *ret_offset);

/*
 * Requests the lines. 0 (also when open already); else nothing is held, and lk_gpio_complaint() says it in words:
 * -ENODEV    no such chip (try again later: it may come back)
 * -ENOENT    the chip has no such line
 * -ENOTUNIQ  two chips, or two lines of the chip, answer to the name
 * -EBUSY     somebody else holds a line; the complaint names the line and the holder
 * -EOPNOTSUPP the chip cannot do this: edges without an interrupt (and poll_ms is 0), or bias
 * -EACCES    the user is not in the group of the chip's device
 * -EINVAL    two of the names mean the same line
 * others     of open(2), fork(2)
 */
int lk_gpio_open(struct lk_gpio *gpio);

/* Switches the outputs off and gives the lines back; what the wire carries then is the chip's affair (docs/gpio.md).
 * Closing a closed one is fine. */
void lk_gpio_close(struct lk_gpio *gpio);

/* The descriptor to poll for reading, -1 while closed. Valid until close; a new one after every open. */
int lk_gpio_fd(const struct lk_gpio *gpio);

/* What stood in the way of the last open, for people: `GPIO5 is held by "gpio-fan"`. "" after success. Valid until the
 * next open or destroy. */
const char *lk_gpio_complaint(const struct lk_gpio *gpio);

/* The levels now, of all lines: debounced where that was asked for; of outputs, what the wire carries as far as the
 * chip can tell. 0; -ENODEV; -EBADF: closed; others of ioctl(2): to be treated like -ENODEV. */
int lk_gpio_read(struct lk_gpio *gpio, uint64_t *ret_levels);

/* Sets the outputs in mask to the bits of levels. 0; -EINVAL: an input is in the mask; -EPERM: guarded, and there is no
 * permission for a line that would be on (nothing was written); -ENODEV; -EBADF; others of ioctl(2). Writing 0 gives a
 * permission back. */
int lk_gpio_write(struct lk_gpio *gpio, uint64_t mask, uint64_t levels);

/*
 * What has happened since the last call, oldest first: how many (0: nothing), at most cap (>= 1); when the result is
 * cap there may be more, and the descriptor stays readable. -ENODEV; -EBADF. Also to be called for the other news
 * behind the descriptor: permissions and the end of a quiet time.
 */
int lk_gpio_take(struct lk_gpio *gpio, struct lk_gpio_event *ret_events, unsigned cap);

/*
 * Asks the guard to let one output be on until then (CLOCK_MONOTONIC, not longer than ceiling_ms from now). One line of
 * the request at a time. The answer comes through the descriptor and lk_gpio_take(); then see lk_gpio_permitted().
 * 0; -EINVAL: no guarded output, or too long; -EBUSY: a permission is asked for or given already (write 0 to that
 * line first); -EOWNERDEAD: the guard is gone: close; -EBADF.
 */
int lk_gpio_permit(struct lk_gpio *gpio, unsigned line, int64_t until_ns);

/* 1: the line may be switched on now; 0: not yet answered, or the time is over, or never asked; -EOWNERDEAD: the guard
 * is gone, nothing may be switched on any more, and the caller should close and open again. */
int lk_gpio_permitted(const struct lk_gpio *gpio, unsigned line);

/* When an attempt to open that failed at tried_at_ms should be repeated. Monotonic ms in and out. */
int64_t lk_gpio_retry_at_ms(int64_t tried_at_ms);

/* Closes and frees; NULL is fine. Returns NULL. */
struct lk_gpio *lk_gpio_destroy(struct lk_gpio *gpio);

#endif
