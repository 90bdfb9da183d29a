#include "gpio_chip.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gpiod.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

enum { NS_PER_S = 1000000000, LINK_CAP = 64 };

/* Each line is a request of its own: an event needs that in this interface, and an output that shares a handle would be
 * written together with its neighbours. */
struct lk_gpio_chip {
    struct gpiod_chip *chip;
    unsigned lines_n;
    struct gpiod_line *lines[LK_GPIO_LINES_MAX];
    bool edges[LK_GPIO_LINES_MAX];
    unsigned next; /* whose edges are taken first, so that a noisy line does not starve the others */
    unsigned output_fds_n;
    int output_fds[LK_GPIO_LINES_MAX];
};

bool lk_gpio_chip_debounces(void)
{
    return false;
}

static int failure(void)
{
    return errno ? -errno : -EIO;
}

int lk_gpio_chip_open(const char *path, struct lk_gpio_chip **ret_chip)
{
    struct lk_gpio_chip *self = calloc(1, sizeof(*self));
    if (!self) {
        return -ENOMEM;
    }
    errno = 0;
    self->chip = gpiod_chip_open(path);
    if (!self->chip) {
        int r = failure();
        free(self);
        return r == -ENOTTY ? -ENODEV : r; /* a device, but no GPIO chip */
    }
    *ret_chip = self;
    return 0;
}

struct lk_gpio_chip *lk_gpio_chip_close(struct lk_gpio_chip *chip)
{
    if (chip) {
        gpiod_chip_close(chip->chip); /* releases the lines */
        free(chip);
    }
    return NULL;
}

int lk_gpio_chip_label(struct lk_gpio_chip *chip, char *ret_label, size_t cap)
{
    return lk_text_copy(ret_label, cap, gpiod_chip_label(chip->chip));
}

int lk_gpio_chip_lines(struct lk_gpio_chip *chip, unsigned *ret_lines)
{
    *ret_lines = gpiod_chip_num_lines(chip->chip);
    return 0;
}

int lk_gpio_chip_line(struct lk_gpio_chip *chip, unsigned offset, struct lk_gpio_line_info *ret_info)
{
    struct gpiod_line *line = gpiod_chip_get_line(chip->chip, offset);
    if (!line || gpiod_line_update(line) != 0) {
        return failure();
    }
    const char *name = gpiod_line_name(line);
    const char *holder = gpiod_line_consumer(line);
    *ret_info = (struct lk_gpio_line_info){.held = gpiod_line_is_used(line)};
    (void)lk_text_copy(ret_info->name, sizeof(ret_info->name), name ? name : "");
    (void)lk_text_copy(ret_info->holder, sizeof(ret_info->holder), holder ? holder : "");
    return 0;
}

/* --- the request */

static int type_of(enum lk_gpio_direction direction)
{
    switch (direction) {
    case LK_GPIO_IN:
        break;
    case LK_GPIO_IN_EDGES:
        return GPIOD_LINE_REQUEST_EVENT_BOTH_EDGES;
    case LK_GPIO_OUT:
        return GPIOD_LINE_REQUEST_DIRECTION_OUTPUT;
    }
    return GPIOD_LINE_REQUEST_DIRECTION_INPUT;
}

static int flags_of(const struct lk_gpio_line *line)
{
    static const int bias[] = {[LK_GPIO_BIAS_AS_IS] = 0,
                               [LK_GPIO_BIAS_UP] = GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP,
                               [LK_GPIO_BIAS_DOWN] = GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN,
                               [LK_GPIO_BIAS_OFF] = GPIOD_LINE_REQUEST_FLAG_BIAS_DISABLE};
    return bias[line->bias] | (line->active_low ? GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW : 0);
}

/* A read that finds nothing must not wait. */
static int make_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 ? 0 : -errno;
}

static int request_line(struct lk_gpio_chip *chip, const struct lk_gpio_config *config, unsigned i, unsigned offset)
{
    const struct lk_gpio_line *want = &config->lines[i];
    struct gpiod_line_request_config request = {
        .consumer = config->consumer, .request_type = type_of(want->direction), .flags = flags_of(want)};
    errno = 0;
    struct gpiod_line *line = gpiod_chip_get_line(chip->chip, offset);
    if (!line || gpiod_line_request(line, &request, 0) != 0) {
        return failure();
    }
    chip->lines[i] = line;
    chip->edges[i] = want->direction == LK_GPIO_IN_EDGES;
    return chip->edges[i] ? make_nonblocking(gpiod_line_event_get_fd(line)) : 0;
}

/* The library keeps the descriptors of outputs to itself; the guard has to know which ones are ours. So: those of all
 * line handles this process has, before the request and after. */
static int list_handles(int *ret_fds, unsigned cap, unsigned *ret_n)
{
    DIR *dir = opendir("/proc/self/fd");
    unsigned n = 0;
    if (!dir) {
        return -errno;
    }
    for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
        char link[LINK_CAP];
        ssize_t len = readlinkat(dirfd(dir), e->d_name, link, sizeof(link) - 1);
        link[len > 0 ? len : 0] = '\0';
        if (strcmp(link, "anon_inode:gpio-linehandle") == 0 && n < cap) {
            ret_fds[n++] = atoi(e->d_name);
        }
    }
    (void)closedir(dir);
    *ret_n = n;
    return 0;
}

static bool listed(const int *fds, unsigned n, int fd)
{
    for (unsigned i = 0; i < n; i++) {
        if (fds[i] == fd) {
            return true;
        }
    }
    return false;
}

static int request_outputs(struct lk_gpio_chip *chip, const struct lk_gpio_config *config, const unsigned *offsets)
{
    enum { HANDLES_MAX = 1024 };
    int before[HANDLES_MAX], after[HANDLES_MAX];
    unsigned before_n, after_n, outputs = 0;
    int r = list_handles(before, HANDLES_MAX, &before_n);
    for (unsigned i = 0; r == 0 && i < config->lines_n; i++) {
        if (config->lines[i].direction == LK_GPIO_OUT) {
            r = request_line(chip, config, i, offsets[i]);
            outputs++;
        }
    }
    if (r || outputs == 0) {
        return r;
    }
    r = list_handles(after, HANDLES_MAX, &after_n);
    for (unsigned i = 0; r == 0 && i < after_n && chip->output_fds_n < outputs; i++) {
        if (!listed(before, before_n, after[i])) {
            chip->output_fds[chip->output_fds_n++] = after[i];
        }
    }
    return r == 0 && chip->output_fds_n != outputs ? -EIO : r;
}

int lk_gpio_chip_request(struct lk_gpio_chip *chip, const struct lk_gpio_config *config, const unsigned *offsets)
{
    int r = request_outputs(chip, config, offsets);
    for (unsigned i = 0; r == 0 && i < config->lines_n; i++) {
        if (config->lines[i].direction != LK_GPIO_OUT) {
            r = request_line(chip, config, i, offsets[i]);
        }
    }
    for (unsigned i = 0; r && i < config->lines_n; i++) {
        if (chip->lines[i]) {
            gpiod_line_release(chip->lines[i]); /* so that what is still held is held by somebody else */
        }
    }
    chip->lines_n = r ? 0 : config->lines_n;
    return r;
}

unsigned lk_gpio_chip_edge_fds(const struct lk_gpio_chip *chip, int *ret_fds)
{
    unsigned n = 0;
    for (unsigned i = 0; i < chip->lines_n; i++) {
        if (chip->edges[i]) {
            ret_fds[n++] = gpiod_line_event_get_fd(chip->lines[i]);
        }
    }
    return n;
}

unsigned lk_gpio_chip_output_fds(const struct lk_gpio_chip *chip, int *ret_fds)
{
    memcpy(ret_fds, chip->output_fds, chip->output_fds_n * sizeof(*ret_fds));
    return chip->output_fds_n;
}

/* --- levels and edges */

int lk_gpio_chip_read(struct lk_gpio_chip *chip, uint64_t *ret_levels)
{
    uint64_t levels = 0;
    for (unsigned i = 0; i < chip->lines_n; i++) {
        int level = gpiod_line_get_value(chip->lines[i]);
        if (level < 0) {
            return failure();
        }
        levels |= (uint64_t)(level != 0) << i;
    }
    *ret_levels = levels;
    return 0;
}

int lk_gpio_chip_write(struct lk_gpio_chip *chip, uint64_t mask, uint64_t levels)
{
    int r = 0;
    for (unsigned i = 0; i < chip->lines_n; i++) {
        if (mask >> i & 1 && gpiod_line_set_value(chip->lines[i], (int)(levels >> i & 1)) != 0) {
            r = failure(); /* and the others still have to go off */
        }
    }
    return r;
}

static int edges_of(struct lk_gpio_chip *chip, unsigned i, struct lk_gpio_edge *ret_edges)
{
    struct gpiod_line_event events[LK_GPIO_QUEUE];
    int fd = gpiod_line_event_get_fd(chip->lines[i]);
    errno = 0;
    int n = gpiod_line_event_read_fd_multiple(fd, events, LK_GPIO_QUEUE);
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR ? 0 : failure();
    }
    for (int k = 0; k < n; k++) {
        ret_edges[k] = (struct lk_gpio_edge){.line = i,
                                             .level = events[k].event_type == GPIOD_LINE_EVENT_RISING_EDGE,
                                             .at_ns = (int64_t)events[k].ts.tv_sec * NS_PER_S + events[k].ts.tv_nsec};
    }
    return n;
}

int lk_gpio_chip_edges(struct lk_gpio_chip *chip, struct lk_gpio_edge *ret_edges, unsigned cap)
{
    if (cap < LK_GPIO_QUEUE) {
        return -EINVAL;
    }
    for (unsigned tried = 0; tried < chip->lines_n; tried++) {
        unsigned i = chip->next;
        chip->next = (chip->next + 1) % chip->lines_n;
        int n = chip->edges[i] ? edges_of(chip, i, ret_edges) : 0;
        if (n != 0) {
            return n;
        }
    }
    return 0;
}
