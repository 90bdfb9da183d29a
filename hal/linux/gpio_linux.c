#include "hal/gpio_linux.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "gpio_chip.h"
#include "gpio_guard.h"
#include "hal/gpio_driver.h"

enum { PATH_CAP = 128, NS_PER_S = 1000000000 };

static const char LABEL[] = "label:";
static const char DEV[] = "/dev/";

struct gpio_linux {
    struct lk_gpio base; /* its fd is an epoll of the lines', the guard's and the timer's */
    struct lk_gpio_chip *chip;
    struct lk_gpio_guard guard;
    bool polled; /* the chip cannot tell edges */
    int timer;   /* events are left, or the end of a quiet time; -1 without edges */
    int64_t timer_at_ns;
    struct lk_gpio_edges edges;
};

static struct gpio_linux *self_of(struct lk_gpio *gpio)
{
    return (struct gpio_linux *)gpio;
}

static int64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

__attribute__((format(printf, 3, 4))) static int complain(struct gpio_linux *self, int err, const char *fmt, ...)
{
    struct lk_text t = lk_text_init(self->base.complaint, sizeof(self->base.complaint));
    va_list ap;
    va_start(ap, fmt);
    lk_text_vaddf(&t, fmt, ap);
    va_end(ap);
    return err;
}

/* --- which chip */

/* Opens the chip at path if its label fits. 0, -ENODEV: it is another; or why it could not be opened. */
static int try_label(const char *path, const char *label, struct lk_gpio_chip **ret_chip)
{
    char is[LK_GPIO_CHIP_MAX];
    struct lk_gpio_chip *chip;
    int r = lk_gpio_chip_open(path, &chip);
    if (r) {
        return r;
    }
    r = lk_gpio_chip_label(chip, is, sizeof(is));
    if (r == 0 && strcmp(is, label) != 0) {
        r = -ENODEV;
    }
    if (r) {
        lk_gpio_chip_close(chip);
        return r;
    }
    *ret_chip = chip;
    return 0;
}

static int is_chip(const struct dirent *entry)
{
    return strncmp(entry->d_name, "gpiochip", strlen("gpiochip")) == 0;
}

static int take_candidate(struct gpio_linux *self, const char *path, const char *label, bool *ret_denied)
{
    struct lk_gpio_chip *chip;
    int r = try_label(path, label, &chip);
    *ret_denied = *ret_denied || r == -EACCES;
    if (r) {
        return 0;
    }
    if (self->chip) {
        lk_gpio_chip_close(chip);
        return complain(self, -ENOTUNIQ, "two chips are labelled \"%s\"", label);
    }
    self->chip = chip;
    return 0;
}

static int find_by_label(struct gpio_linux *self, const char *label)
{
    struct dirent **entries;
    bool denied = false;
    int r = 0;
    int n = scandir(DEV, &entries, is_chip, NULL);
    for (int i = 0; i < n; i++) {
        char path[PATH_CAP];
        struct lk_text t = lk_text_init(path, sizeof(path));
        lk_text_addf(&t, "%s%s", DEV, entries[i]->d_name);
        if (r == 0 && !t.truncated) {
            r = take_candidate(self, path, label, &denied);
        }
        free(entries[i]);
    }
    if (n >= 0) {
        free(entries);
    }
    if (r || self->chip) {
        return r;
    }
    return denied ? complain(self, -EACCES, "no chip \"%s\" among those this user may open", label)
                  : complain(self, -ENODEV, "there is no chip labelled \"%s\"", label);
}

static int find_by_path(struct gpio_linux *self, const char *name)
{
    char path[PATH_CAP];
    struct lk_text t = lk_text_init(path, sizeof(path));
    lk_text_addf(&t, "%s%s", name[0] == '/' ? "" : DEV, name);
    int r = lk_gpio_chip_open(path, &self->chip);
    switch (r) {
    case 0:
        return 0;
    case -ENOENT:
    case -ENXIO:
    case -ENODEV:
        return complain(self, -ENODEV, "there is no chip %s", path);
    case -EACCES:
    case -EPERM:
        return complain(self, -EACCES, "this user may not open %s", path);
    default:
        return complain(self, r, "%s: %s", path, strerror(-r));
    }
}

static int find_chip(struct gpio_linux *self)
{
    const char *name = self->base.config.chip;
    size_t n = strlen(LABEL);
    return strncmp(name, LABEL, n) == 0 ? find_by_label(self, name + n) : find_by_path(self, name);
}

/* --- which lines */

static int find_line(struct gpio_linux *self, unsigned lines, const char *name, unsigned *ret_offset)
{
    unsigned found = 0;
    if (lk_gpio_offset(name, ret_offset) == 0) {
        return *ret_offset < lines ? 0 : complain(self, -ENOENT, "%s: the chip has %u lines", name, lines);
    }
    for (unsigned i = 0; i < lines; i++) {
        struct lk_gpio_line_info info;
        int r = lk_gpio_chip_line(self->chip, i, &info);
        if (r) {
            return complain(self, r, "line #%u: %s", i, strerror(-r));
        }
        if (strcmp(info.name, name) == 0) {
            *ret_offset = i;
            found++;
        }
    }
    if (found > 1) {
        return complain(self, -ENOTUNIQ, "%u lines of the chip are called %s: use \"#%u\"", found, name, *ret_offset);
    }
    return found ? 0 : complain(self, -ENOENT, "the chip has no line %s", name);
}

static int find_lines(struct gpio_linux *self, unsigned *ret_offsets)
{
    const struct lk_gpio_config *c = &self->base.config;
    unsigned lines;
    int r = lk_gpio_chip_lines(self->chip, &lines);
    for (unsigned i = 0; r == 0 && i < c->lines_n; i++) {
        r = find_line(self, lines, c->lines[i].name, &ret_offsets[i]);
        for (unsigned k = 0; r == 0 && k < i; k++) {
            if (ret_offsets[k] == ret_offsets[i]) {
                r = complain(self, -EINVAL, "%s and %s are the same line", c->lines[k].name, c->lines[i].name);
            }
        }
    }
    return r;
}

static int explain_refusal(struct gpio_linux *self, const unsigned *offsets, int err)
{
    const struct lk_gpio_config *c = &self->base.config;
    struct lk_gpio_line_info info;
    for (unsigned i = 0; err == -EBUSY && i < c->lines_n; i++) {
        if (lk_gpio_chip_line(self->chip, offsets[i], &info) == 0 && info.held) {
            return complain(self, err, "%s is held by \"%s\"", c->lines[i].name,
                            info.holder[0] ? info.holder : "somebody who gave no name");
        }
    }
    bool there = lk_gpio_chip_line(self->chip, offsets[0], &info) == 0;
    if (there && (err == -ENODEV || err == -ENXIO || err == -ENOTSUP)) {
        return complain(self, -EOPNOTSUPP, "the chip cannot tell edges, or has no such bias, on these lines");
    }
    return complain(self, err, "the lines are refused: %s", strerror(-err));
}

static int request_without_edges(struct gpio_linux *self, const unsigned *offsets)
{
    struct lk_gpio_config plain = self->base.config;
    for (unsigned i = 0; i < plain.lines_n; i++) {
        bool edges = plain.lines[i].direction == LK_GPIO_IN_EDGES;
        plain.lines[i].direction = edges ? LK_GPIO_IN : plain.lines[i].direction;
        plain.lines[i].debounce_ms = 0;
    }
    return lk_gpio_chip_request(self->chip, &plain, offsets);
}

static int request_lines(struct gpio_linux *self)
{
    unsigned offsets[LK_GPIO_LINES_MAX];
    int r = find_lines(self, offsets);
    if (r) {
        return r;
    }
    r = lk_gpio_chip_request(self->chip, &self->base.config, offsets);
    r = r ? explain_refusal(self, offsets, r) : 0;
    self->polled = r == -EOPNOTSUPP && self->base.config.poll_ms > 0 && request_without_edges(self, offsets) == 0;
    if (self->polled) {
        self->base.complaint[0] = '\0';
    }
    return self->polled ? 0 : r;
}

/* --- what is watched */

static int switch_off(void *chip, uint64_t lines)
{
    return lk_gpio_chip_write(chip, lines, 0);
}

static int start_guard(struct gpio_linux *self)
{
    int keep[LK_GPIO_LINES_MAX];
    unsigned n = lk_gpio_chip_output_fds(self->chip, keep);
    struct lk_gpio_guard_duty duty = {.off = switch_off,
                                      .user = self->chip,
                                      .lines = lk_gpio_mask(&self->base.config, LK_GPIO_OUT),
                                      .ceiling_ms = self->base.config.ceiling_ms,
                                      .keep = keep,
                                      .keep_n = n};
    if (self->base.config.ceiling_ms == 0) {
        return 0;
    }
    int r = n > 0 ? lk_gpio_guard_start(&self->guard, &duty) : -EIO;
    return r ? complain(self, r, "the outputs cannot be guarded: %s", strerror(-r)) : 0;
}

static int watch(int epoll, int fd)
{
    struct epoll_event e = {.events = EPOLLIN, .data = {.fd = fd}};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) == 0 ? 0 : -errno;
}

static int watch_all(struct gpio_linux *self, int epoll)
{
    int fds[LK_GPIO_LINES_MAX];
    unsigned n = lk_gpio_chip_edge_fds(self->chip, fds);
    int r = 0;
    for (unsigned i = 0; r == 0 && i < n; i++) {
        r = watch(epoll, fds[i]);
    }
    if (r == 0 && self->guard.fd >= 0) {
        r = watch(epoll, self->guard.fd);
    }
    if (r == 0 && self->edges.lines) {
        self->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
        r = self->timer >= 0 ? watch(epoll, self->timer) : -errno;
    }
    return r;
}

/* Only what changed: an instant that is over makes the descriptor readable until it is taken. */
static void arm(struct gpio_linux *self)
{
    int64_t wanted_ns = lk_gpio_edges_next_ns(&self->edges), at_ns = wanted_ns;
    if (self->timer < 0 || at_ns == self->timer_at_ns) {
        return;
    }
    struct itimerspec t = {0};
    if (at_ns != INT64_MAX) {
        at_ns = at_ns > 0 ? at_ns : 1; /* 0 would mean never */
        t.it_value = (struct timespec){.tv_sec = at_ns / NS_PER_S, .tv_nsec = at_ns % NS_PER_S};
    }
    (void)timerfd_settime(self->timer, TFD_TIMER_ABSTIME, &t, NULL);
    self->timer_at_ns = wanted_ns;
}

/* --- the ops */

static void close_lines(struct lk_gpio *gpio)
{
    struct gpio_linux *self = self_of(gpio);
    uint64_t outputs = lk_gpio_mask(&gpio->config, LK_GPIO_OUT);
    if (gpio->fd >= 0 && outputs) {
        (void)lk_gpio_chip_write(self->chip, outputs, 0);
    }
    lk_gpio_guard_stop(&self->guard); /* before the lines: it holds them, too */
    lk_closep(&gpio->fd);
    lk_closep(&self->timer);
    self->chip = lk_gpio_chip_close(self->chip);
}

static int start_edges(struct gpio_linux *self)
{
    uint64_t levels;
    int r = lk_gpio_chip_read(self->chip, &levels);
    if (r) {
        return complain(self, r, "the lines cannot be read: %s", strerror(-r));
    }
    lk_gpio_edges_start(&self->edges, &self->base.config, self->polled || !lk_gpio_chip_debounces(), levels);
    if (self->polled) {
        lk_gpio_edges_poll(&self->edges, self->base.config.poll_ms, now_ns());
    }
    self->timer_at_ns = INT64_MAX;
    return 0;
}

static int open_lines(struct lk_gpio *gpio)
{
    struct gpio_linux *self = self_of(gpio);
    LK_CLEANUP(lk_closep) int epoll = -1;
    int r = find_chip(self);
    if (r == 0) {
        r = request_lines(self);
    }
    if (r == 0) {
        r = start_guard(self);
    }
    if (r == 0) {
        r = start_edges(self);
    }
    if (r == 0) {
        epoll = epoll_create1(EPOLL_CLOEXEC);
        r = epoll >= 0 ? watch_all(self, epoll) : -errno;
    }
    if (r) {
        close_lines(gpio);
        return r;
    }
    gpio->fd = lk_steal_fd(&epoll);
    arm(self);
    return 0;
}

static int read_levels(struct lk_gpio *gpio, uint64_t *ret_levels)
{
    uint64_t levels;
    int r = lk_gpio_chip_read(self_of(gpio)->chip, &levels);
    if (r == 0) {
        *ret_levels = lk_gpio_edges_debounced(&self_of(gpio)->edges, levels);
    }
    return r;
}

static int write_levels(struct lk_gpio *gpio, uint64_t mask, uint64_t levels)
{
    int r = lk_gpio_chip_write(self_of(gpio)->chip, mask, levels);
    if (r == 0) {
        lk_gpio_guard_give_back(&self_of(gpio)->guard, mask & ~levels);
    }
    return r;
}

/* Feeds what waits. 0: all of it; 1: there is more than has room; or negative errno. */
static int drain(struct gpio_linux *self)
{
    struct lk_gpio_edge edges[LK_GPIO_QUEUE];
    while (lk_gpio_edges_room(&self->edges) >= LK_ARRAY_SIZE(edges)) {
        int n = lk_gpio_chip_edges(self->chip, edges, LK_ARRAY_SIZE(edges));
        if (n <= 0) {
            return n;
        }
        for (int i = 0; i < n; i++) {
            lk_gpio_edges_feed(&self->edges, edges[i].line, edges[i].level, edges[i].at_ns);
        }
    }
    return 1;
}

static int take(struct lk_gpio *gpio, struct lk_gpio_event *ret_events, unsigned cap)
{
    struct gpio_linux *self = self_of(gpio);
    lk_gpio_guard_hear(&self->guard);
    int r = self->edges.lines && !self->polled ? drain(self) : 0;
    if (r == 0 && lk_gpio_edges_wants(&self->edges, now_ns())) {
        uint64_t levels;
        r = lk_gpio_chip_read(self->chip, &levels);
        if (r == 0) {
            lk_gpio_edges_levels(&self->edges, levels, now_ns());
        }
    }
    if (r < 0) {
        return r;
    }
    r = (int)lk_gpio_edges_take(&self->edges, ret_events, cap);
    arm(self);
    return r;
}

static int permit(struct lk_gpio *gpio, unsigned line, int64_t until_ns)
{
    return lk_gpio_guard_ask(&self_of(gpio)->guard, line, until_ns, now_ns());
}

static int permitted(const struct lk_gpio *gpio, unsigned line)
{
    return lk_gpio_guard_permitted(&((const struct gpio_linux *)gpio)->guard, line, now_ns());
}

static void destroy(struct lk_gpio *gpio)
{
    close_lines(gpio);
    free(gpio);
}

static const struct lk_gpio_ops ops = {
    .name = "linux",
    .open = open_lines,
    .close = close_lines,
    .read = read_levels,
    .write = write_levels,
    .take = take,
    .permit = permit,
    .permitted = permitted,
    .destroy = destroy,
};

int lk_gpio_linux_create(const struct lk_gpio_config *config, struct lk_gpio **ret_gpio)
{
    int r = lk_gpio_config_check(config);
    if (r) {
        return r;
    }
    struct gpio_linux *self = calloc(1, sizeof(*self));
    if (!self) {
        return -ENOMEM;
    }
    self->base.ops = &ops;
    self->base.config = *config;
    self->base.fd = -1;
    self->guard = LK_GPIO_GUARD_NONE;
    self->timer = -1;
    *ret_gpio = &self->base;
    return 0;
}
