#include "gpio_fake_chip.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "gpio_chip.h"

enum { LINES = 64, NS_PER_S = 1000000000 };

/* Shared between the processes of a test. */
struct shared {
    atomic_bool there, no_edges;
    atomic_uint life; /* a chip that came back is another one */
    atomic_bool pull[LINES], driven[LINES], drive[LINES];
};

struct queue {
    unsigned n;
    struct lk_gpio_edge edges[LK_GPIO_QUEUE];
};

struct lk_gpio_chip {
    unsigned life;
    bool requested;
    int event_fd, output_fd;
    struct lk_gpio_config config;
    unsigned offsets[LINES];
    struct queue queues[LINES];
};

static struct shared *shared;
static char prefix[8];
static unsigned lines_n;
static struct lk_gpio_chip *owners[LINES];

static bool gone(const struct lk_gpio_chip *chip)
{
    return !shared->there || shared->life != chip->life;
}

static int64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* --- for the test */

void fake_chip_make(const char *name, unsigned lines)
{
    if (!shared) {
        void *m = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (m == MAP_FAILED) {
            abort();
        }
        shared = m;
    }
    memset(shared, 0, sizeof(*shared));
    (void)snprintf(prefix, sizeof(prefix), "%s", name);
    lines_n = lines;
    fake_chip_plug(true);
}

static void wake(const struct lk_gpio_chip *chip)
{
    uint64_t one = 1;
    if (write(chip->event_fd, &one, sizeof(one)) < 0) {
        return; /* readable already */
    }
}

void fake_chip_plug(bool there)
{
    shared->there = there;
    shared->life += there;
    for (unsigned i = 0; !there && i < LINES; i++) {
        shared->driven[i] = shared->drive[i] = shared->pull[i] = false;
        if (owners[i]) {
            wake(owners[i]);
            owners[i] = NULL;
        }
    }
}

void fake_chip_no_edges(void)
{
    shared->no_edges = true;
}

bool fake_chip_wire(unsigned offset)
{
    return shared->driven[offset] ? shared->drive[offset] : shared->pull[offset];
}

static bool logical(const struct lk_gpio_chip *chip, unsigned i)
{
    return fake_chip_wire(chip->offsets[i]) != chip->config.lines[i].active_low;
}

void fake_chip_pull(unsigned offset, bool high)
{
    struct lk_gpio_chip *chip = owners[offset];
    bool before = fake_chip_wire(offset);
    shared->pull[offset] = high;
    for (unsigned i = 0; chip && fake_chip_wire(offset) != before && i < chip->config.lines_n; i++) {
        struct queue *q = &chip->queues[i];
        if (chip->offsets[i] == offset && chip->config.lines[i].direction == LK_GPIO_IN_EDGES) {
            if (q->n < LK_GPIO_QUEUE) {
                q->edges[q->n++] = (struct lk_gpio_edge){.line = i, .level = logical(chip, i), .at_ns = now_ns()};
            }
            wake(chip);
        }
    }
}

/* --- the library's side */

bool lk_gpio_chip_debounces(void)
{
    return false;
}

int lk_gpio_chip_open(const char *path, struct lk_gpio_chip **ret_chip)
{
    if (strcmp(path, "/dev/gpiofake") != 0 || !shared->there) {
        return -ENOENT;
    }
    struct lk_gpio_chip *chip = calloc(1, sizeof(*chip));
    if (!chip) {
        return -ENOMEM;
    }
    chip->life = shared->life;
    chip->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    chip->output_fd = eventfd(0, EFD_CLOEXEC);
    *ret_chip = chip;
    return 0;
}

struct lk_gpio_chip *lk_gpio_chip_close(struct lk_gpio_chip *chip)
{
    if (!chip) {
        return NULL;
    }
    for (unsigned i = 0; i < LINES; i++) {
        if (owners[i] == chip) {
            owners[i] = NULL;
            shared->driven[i] = false;
        }
    }
    close(chip->event_fd);
    close(chip->output_fd);
    free(chip);
    return NULL;
}

int lk_gpio_chip_label(struct lk_gpio_chip *chip, char *ret_label, size_t cap)
{
    (void)snprintf(ret_label, cap, "fake");
    return gone(chip) ? -ENODEV : 0;
}

int lk_gpio_chip_lines(struct lk_gpio_chip *chip, unsigned *ret_lines)
{
    *ret_lines = lines_n;
    return gone(chip) ? -ENODEV : 0;
}

int lk_gpio_chip_line(struct lk_gpio_chip *chip, unsigned offset, struct lk_gpio_line_info *ret_info)
{
    if (gone(chip)) {
        return -ENODEV;
    }
    *ret_info = (struct lk_gpio_line_info){.held = owners[offset] != NULL};
    (void)snprintf(ret_info->name, sizeof(ret_info->name), "%s%02u", prefix, offset);
    if (owners[offset]) {
        (void)snprintf(ret_info->holder, sizeof(ret_info->holder), "%s", owners[offset]->config.consumer);
    }
    return 0;
}

int lk_gpio_chip_request(struct lk_gpio_chip *chip, const struct lk_gpio_config *config, const unsigned *offsets)
{
    for (unsigned i = 0; i < config->lines_n; i++) {
        if (owners[offsets[i]]) {
            return -EBUSY;
        }
    }
    for (unsigned i = 0; i < config->lines_n; i++) {
        if (shared->no_edges && config->lines[i].direction == LK_GPIO_IN_EDGES) {
            return -ENXIO;
        }
    }
    chip->config = *config;
    for (unsigned i = 0; i < config->lines_n; i++) {
        const struct lk_gpio_line *line = &config->lines[i];
        chip->offsets[i] = offsets[i];
        owners[offsets[i]] = chip;
        if (line->bias == LK_GPIO_BIAS_UP || line->bias == LK_GPIO_BIAS_DOWN) {
            shared->pull[offsets[i]] = line->bias == LK_GPIO_BIAS_UP;
        }
        shared->drive[offsets[i]] = line->active_low;
        shared->driven[offsets[i]] = line->direction == LK_GPIO_OUT;
    }
    chip->requested = true;
    return 0;
}

unsigned lk_gpio_chip_edge_fds(const struct lk_gpio_chip *chip, int *ret_fds)
{
    bool edges = false;
    for (unsigned i = 0; i < chip->config.lines_n; i++) {
        edges = edges || chip->config.lines[i].direction == LK_GPIO_IN_EDGES;
    }
    ret_fds[0] = chip->event_fd;
    return edges ? 1 : 0;
}

unsigned lk_gpio_chip_output_fds(const struct lk_gpio_chip *chip, int *ret_fds)
{
    ret_fds[0] = chip->output_fd;
    return 1;
}

int lk_gpio_chip_read(struct lk_gpio_chip *chip, uint64_t *ret_levels)
{
    if (gone(chip)) {
        return -ENODEV;
    }
    *ret_levels = 0;
    for (unsigned i = 0; i < chip->config.lines_n; i++) {
        *ret_levels |= (uint64_t)logical(chip, i) << i;
    }
    return 0;
}

int lk_gpio_chip_write(struct lk_gpio_chip *chip, uint64_t mask, uint64_t levels)
{
    if (gone(chip)) {
        return -ENODEV;
    }
    if (fcntl(chip->output_fd, F_GETFD) < 0) {
        return -EBADF; /* as a guard that closed too much would find */
    }
    for (unsigned i = 0; i < chip->config.lines_n; i++) {
        if (mask >> i & 1) {
            shared->drive[chip->offsets[i]] = (levels >> i & 1) != chip->config.lines[i].active_low;
        }
    }
    return 0;
}

int lk_gpio_chip_edges(struct lk_gpio_chip *chip, struct lk_gpio_edge *ret_edges, unsigned cap)
{
    uint64_t ignored;
    if (gone(chip)) {
        return -ENODEV;
    }
    for (unsigned i = 0; i < chip->config.lines_n; i++) {
        struct queue *q = &chip->queues[i];
        unsigned n = q->n;
        if (n > 0 && n <= cap) {
            memcpy(ret_edges, q->edges, n * sizeof(*ret_edges));
            q->n = 0;
            return (int)n;
        }
    }
    return read(chip->event_fd, &ignored, sizeof(ignored)) < 0 && errno != EAGAIN ? -errno : 0;
}
