#include "gpio_chip.h"

#include <errno.h>
#include <fcntl.h>
#include <gpiod.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

enum { US_PER_MS = 1000 };

/* One request for all lines; the kernel keeps one queue for all their edges. */
struct lk_gpio_chip {
    struct gpiod_chip *chip;
    struct gpiod_line_request *request;
    struct gpiod_edge_event_buffer *buffer;
    unsigned lines_n;
    bool edges, outputs;
    unsigned offsets[LK_GPIO_LINES_MAX];
};

static void free_info(struct gpiod_chip_info **info)
{
    if (*info) {
        gpiod_chip_info_free(*info);
    }
}

static void free_line_info(struct gpiod_line_info **info)
{
    if (*info) {
        gpiod_line_info_free(*info);
    }
}

static void free_settings(struct gpiod_line_settings **settings)
{
    if (*settings) {
        gpiod_line_settings_free(*settings);
    }
}

static void free_lines(struct gpiod_line_config **lines)
{
    if (*lines) {
        gpiod_line_config_free(*lines);
    }
}

static void free_request(struct gpiod_request_config **request)
{
    if (*request) {
        gpiod_request_config_free(*request);
    }
}

bool lk_gpio_chip_debounces(void)
{
    return true;
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

static void release(struct lk_gpio_chip *chip)
{
    if (chip->request) {
        gpiod_line_request_release(chip->request);
    }
    if (chip->buffer) {
        gpiod_edge_event_buffer_free(chip->buffer);
    }
    chip->request = NULL;
    chip->buffer = NULL;
    chip->lines_n = 0;
}

struct lk_gpio_chip *lk_gpio_chip_close(struct lk_gpio_chip *chip)
{
    if (chip) {
        release(chip);
        gpiod_chip_close(chip->chip);
        free(chip);
    }
    return NULL;
}

int lk_gpio_chip_label(struct lk_gpio_chip *chip, char *ret_label, size_t cap)
{
    LK_CLEANUP(free_info) struct gpiod_chip_info *info = gpiod_chip_get_info(chip->chip);
    return info ? lk_text_copy(ret_label, cap, gpiod_chip_info_get_label(info)) : failure();
}

int lk_gpio_chip_lines(struct lk_gpio_chip *chip, unsigned *ret_lines)
{
    LK_CLEANUP(free_info) struct gpiod_chip_info *info = gpiod_chip_get_info(chip->chip);
    if (!info) {
        return failure();
    }
    *ret_lines = (unsigned)gpiod_chip_info_get_num_lines(info);
    return 0;
}

int lk_gpio_chip_line(struct lk_gpio_chip *chip, unsigned offset, struct lk_gpio_line_info *ret_info)
{
    LK_CLEANUP(free_line_info) struct gpiod_line_info *info = gpiod_chip_get_line_info(chip->chip, offset);
    if (!info) {
        return failure();
    }
    const char *name = gpiod_line_info_get_name(info);
    const char *holder = gpiod_line_info_get_consumer(info);
    *ret_info = (struct lk_gpio_line_info){.held = gpiod_line_info_is_used(info)};
    (void)lk_text_copy(ret_info->name, sizeof(ret_info->name), name ? name : "");
    (void)lk_text_copy(ret_info->holder, sizeof(ret_info->holder), holder ? holder : "");
    return 0;
}

/* --- the request */

static int set_all(struct gpiod_line_settings *settings, const struct lk_gpio_line *line)
{
    static const enum gpiod_line_bias bias[] = {[LK_GPIO_BIAS_AS_IS] = GPIOD_LINE_BIAS_AS_IS,
                                                [LK_GPIO_BIAS_UP] = GPIOD_LINE_BIAS_PULL_UP,
                                                [LK_GPIO_BIAS_DOWN] = GPIOD_LINE_BIAS_PULL_DOWN,
                                                [LK_GPIO_BIAS_OFF] = GPIOD_LINE_BIAS_DISABLED};
    bool out = line->direction == LK_GPIO_OUT;
    int r = gpiod_line_settings_set_direction(settings, out ? GPIOD_LINE_DIRECTION_OUTPUT : GPIOD_LINE_DIRECTION_INPUT);
    r |= gpiod_line_settings_set_bias(settings, bias[line->bias]);
    r |= gpiod_line_settings_set_output_value(settings, GPIOD_LINE_VALUE_INACTIVE);
    gpiod_line_settings_set_active_low(settings, line->active_low);
    if (line->direction == LK_GPIO_IN_EDGES) {
        r |= gpiod_line_settings_set_edge_detection(settings, GPIOD_LINE_EDGE_BOTH);
        r |= gpiod_line_settings_set_event_clock(settings, GPIOD_LINE_CLOCK_MONOTONIC);
        gpiod_line_settings_set_debounce_period_us(settings, line->debounce_ms * US_PER_MS);
    }
    return r ? -EINVAL : 0;
}

static int add_line(struct gpiod_line_config *lines, const struct lk_gpio_line *line, unsigned offset)
{
    LK_CLEANUP(free_settings) struct gpiod_line_settings *settings = gpiod_line_settings_new();
    int r = settings ? set_all(settings, line) : -ENOMEM;
    if (r == 0 && gpiod_line_config_add_line_settings(lines, &offset, 1, settings) != 0) {
        r = failure();
    }
    return r;
}

static int request_all(struct lk_gpio_chip *chip, const struct lk_gpio_config *config)
{
    LK_CLEANUP(free_lines) struct gpiod_line_config *lines = gpiod_line_config_new();
    LK_CLEANUP(free_request) struct gpiod_request_config *request = gpiod_request_config_new();
    if (!lines || !request) {
        return -ENOMEM;
    }
    for (unsigned i = 0; i < config->lines_n; i++) {
        int r = add_line(lines, &config->lines[i], chip->offsets[i]);
        if (r) {
            return r;
        }
        chip->edges = chip->edges || config->lines[i].direction == LK_GPIO_IN_EDGES;
        chip->outputs = chip->outputs || config->lines[i].direction == LK_GPIO_OUT;
    }
    gpiod_request_config_set_consumer(request, config->consumer);
    errno = 0;
    chip->request = gpiod_chip_request_lines(chip->chip, request, lines);
    return chip->request ? 0 : failure();
}

int lk_gpio_chip_request(struct lk_gpio_chip *chip, const struct lk_gpio_config *config, const unsigned *offsets)
{
    chip->lines_n = config->lines_n;
    for (unsigned i = 0; i < config->lines_n; i++) {
        chip->offsets[i] = offsets[i];
    }
    chip->buffer = gpiod_edge_event_buffer_new(LK_GPIO_QUEUE);
    int r = chip->buffer ? request_all(chip, config) : -ENOMEM;
    if (r == 0) { /* a read that finds nothing must not wait */
        int fd = gpiod_line_request_get_fd(chip->request);
        int flags = fcntl(fd, F_GETFL);
        r = flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 ? 0 : -errno;
    }
    if (r) {
        release(chip);
    }
    return r;
}

unsigned lk_gpio_chip_edge_fds(const struct lk_gpio_chip *chip, int *ret_fds)
{
    ret_fds[0] = gpiod_line_request_get_fd(chip->request);
    return chip->edges ? 1 : 0;
}

unsigned lk_gpio_chip_output_fds(const struct lk_gpio_chip *chip, int *ret_fds)
{
    ret_fds[0] = gpiod_line_request_get_fd(chip->request);
    return chip->outputs ? 1 : 0;
}

/* --- levels and edges */

int lk_gpio_chip_read(struct lk_gpio_chip *chip, uint64_t *ret_levels)
{
    enum gpiod_line_value values[LK_GPIO_LINES_MAX];
    uint64_t levels = 0;
    errno = 0;
    if (gpiod_line_request_get_values_subset(chip->request, chip->lines_n, chip->offsets, values) != 0) {
        return failure();
    }
    for (unsigned i = 0; i < chip->lines_n; i++) {
        levels |= (uint64_t)(values[i] == GPIOD_LINE_VALUE_ACTIVE) << i;
    }
    *ret_levels = levels;
    return 0;
}

int lk_gpio_chip_write(struct lk_gpio_chip *chip, uint64_t mask, uint64_t levels)
{
    unsigned offsets[LK_GPIO_LINES_MAX];
    enum gpiod_line_value values[LK_GPIO_LINES_MAX];
    size_t n = 0;
    for (unsigned i = 0; i < chip->lines_n; i++) {
        if (mask >> i & 1) {
            offsets[n] = chip->offsets[i];
            values[n++] = levels >> i & 1 ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE;
        }
    }
    errno = 0;
    return n == 0 || gpiod_line_request_set_values_subset(chip->request, n, offsets, values) == 0 ? 0 : failure();
}

static unsigned line_at(const struct lk_gpio_chip *chip, unsigned offset)
{
    unsigned i = 0;
    while (i + 1 < chip->lines_n && chip->offsets[i] != offset) {
        i++;
    }
    return i;
}

int lk_gpio_chip_edges(struct lk_gpio_chip *chip, struct lk_gpio_edge *ret_edges, unsigned cap)
{
    size_t most = cap < LK_GPIO_QUEUE ? cap : LK_GPIO_QUEUE;
    errno = 0;
    int n = gpiod_line_request_read_edge_events(chip->request, chip->buffer, most);
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR ? 0 : failure();
    }
    for (int k = 0; k < n; k++) {
        struct gpiod_edge_event *e = gpiod_edge_event_buffer_get_event(chip->buffer, (unsigned long)k);
        ret_edges[k] =
            (struct lk_gpio_edge){.line = line_at(chip, gpiod_edge_event_get_line_offset(e)),
                                  .level = gpiod_edge_event_get_event_type(e) == GPIOD_EDGE_EVENT_RISING_EDGE,
                                  .at_ns = (int64_t)gpiod_edge_event_get_timestamp_ns(e)};
    }
    return n;
}
