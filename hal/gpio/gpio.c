#include "hal/gpio_driver.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/text.h"

enum { OFFSET_MOST = 65535 };

static bool text_ok(const char *text, size_t cap)
{
    size_t n = strnlen(text, cap);
    return n < cap && lk_text_is_printable(text, cap - 1);
}

int lk_gpio_offset(const char *name, unsigned *ret_offset)
{
    uint64_t n;
    if (name[0] != '#' || lk_text_parse_u64(name + 1, OFFSET_MOST, &n) != 0) {
        return -EINVAL;
    }
    *ret_offset = (unsigned)n;
    return 0;
}

static bool line_ok(const struct lk_gpio_line *line)
{
    unsigned ignored;
    if (!text_ok(line->name, sizeof(line->name)) ||
        (line->name[0] == '#' && lk_gpio_offset(line->name, &ignored) != 0)) {
        return false;
    }
    return line->debounce_ms == 0 ||
           (line->direction == LK_GPIO_IN_EDGES && line->debounce_ms <= LK_GPIO_DEBOUNCE_MAX_MS);
}

static bool repeated(const struct lk_gpio_config *config, unsigned i)
{
    for (unsigned k = 0; k < i; k++) {
        if (strcmp(config->lines[k].name, config->lines[i].name) == 0) {
            return true;
        }
    }
    return false;
}

uint64_t lk_gpio_mask(const struct lk_gpio_config *config, enum lk_gpio_direction direction)
{
    uint64_t mask = 0;
    for (unsigned i = 0; i < config->lines_n; i++) {
        mask |= (uint64_t)(config->lines[i].direction == direction) << i;
    }
    return mask;
}

int lk_gpio_config_check(const struct lk_gpio_config *config)
{
    if (!text_ok(config->chip, sizeof(config->chip)) || !text_ok(config->consumer, sizeof(config->consumer)) ||
        config->lines_n < 1 || config->lines_n > LK_GPIO_LINES_MAX || config->ceiling_ms > LK_GPIO_CEILING_MAX_MS ||
        (config->poll_ms > 0 && config->poll_ms < LK_GPIO_POLL_MIN_MS)) {
        return -EINVAL;
    }
    for (unsigned i = 0; i < config->lines_n; i++) {
        if (!line_ok(&config->lines[i]) || repeated(config, i)) {
            return -EINVAL;
        }
    }
    return config->ceiling_ms > 0 && lk_gpio_mask(config, LK_GPIO_OUT) == 0 ? -EINVAL : 0;
}

int lk_gpio_open(struct lk_gpio *gpio)
{
    if (gpio->fd >= 0) {
        return 0;
    }
    gpio->complaint[0] = '\0';
    return gpio->ops->open(gpio);
}

void lk_gpio_close(struct lk_gpio *gpio)
{
    gpio->ops->close(gpio);
}

int lk_gpio_fd(const struct lk_gpio *gpio)
{
    return gpio->fd;
}

const char *lk_gpio_complaint(const struct lk_gpio *gpio)
{
    return gpio->complaint;
}

int lk_gpio_read(struct lk_gpio *gpio, uint64_t *ret_levels)
{
    return gpio->fd < 0 ? -EBADF : gpio->ops->read(gpio, ret_levels);
}

int lk_gpio_write(struct lk_gpio *gpio, uint64_t mask, uint64_t levels)
{
    if (gpio->fd < 0) {
        return -EBADF;
    }
    if (mask & ~lk_gpio_mask(&gpio->config, LK_GPIO_OUT)) {
        return -EINVAL;
    }
    for (unsigned i = 0; gpio->config.ceiling_ms > 0 && i < gpio->config.lines_n; i++) {
        if ((mask & levels) >> i & 1 && gpio->ops->permitted(gpio, i) <= 0) {
            return -EPERM;
        }
    }
    return gpio->ops->write(gpio, mask, levels);
}

int lk_gpio_take(struct lk_gpio *gpio, struct lk_gpio_event *ret_events, unsigned cap)
{
    return gpio->fd < 0 ? -EBADF : gpio->ops->take(gpio, ret_events, cap);
}

int lk_gpio_permit(struct lk_gpio *gpio, unsigned line, int64_t until_ns)
{
    if (gpio->fd < 0) {
        return -EBADF;
    }
    if (gpio->config.ceiling_ms == 0 || line >= gpio->config.lines_n ||
        gpio->config.lines[line].direction != LK_GPIO_OUT) {
        return -EINVAL;
    }
    return gpio->ops->permit(gpio, line, until_ns);
}

int lk_gpio_permitted(const struct lk_gpio *gpio, unsigned line)
{
    bool guarded = gpio->fd >= 0 && gpio->config.ceiling_ms > 0 && line < gpio->config.lines_n;
    return guarded ? gpio->ops->permitted(gpio, line) : 0;
}

int64_t lk_gpio_retry_at_ms(int64_t tried_at_ms)
{
    return tried_at_ms + LK_GPIO_RETRY_MS;
}

struct lk_gpio *lk_gpio_destroy(struct lk_gpio *gpio)
{
    if (gpio) {
        gpio->ops->destroy(gpio);
    }
    return NULL;
}
