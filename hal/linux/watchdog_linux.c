#include "hal/watchdog_linux.h"
#include "hal/watchdog_driver.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

struct watchdog_linux {
    struct lk_watchdog base;
};

/* sd_notify: > 0 sent, 0 nobody listens. */
static int notify(const char *state)
{
    int r = sd_notify(0, state);
    return r < 0 ? r : 0;
}

static int tell(struct lk_watchdog *watchdog, enum lk_watchdog_news news)
{
    static const char *const words[] = {
        [LK_WATCHDOG_READY] = "READY=1",
        [LK_WATCHDOG_STOPPING] = "STOPPING=1",
        [LK_WATCHDOG_FEED] = "WATCHDOG=1",
    };
    (void)watchdog;
    return notify(words[news]);
}

/* So that a cut never leaves half a character. */
static void drop_half_character(char *text, size_t len)
{
    size_t lead = len - 1;
    while (lead > 0 && ((unsigned char)text[lead] & 0xc0) == 0x80) {
        lead--;
    }
    unsigned char c = (unsigned char)text[lead];
    size_t whole = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
    if (len - lead < whole) {
        text[lead] = '\0';
    }
}

static int status(struct lk_watchdog *watchdog, const char *text)
{
    char line[sizeof("STATUS=") + LK_WATCHDOG_STATUS_MAX - 1];
    (void)watchdog;
    int n = snprintf(line, sizeof(line), "STATUS=%s", text);
    if (n >= (int)sizeof(line)) {
        drop_half_character(line, sizeof(line) - 1);
    }
    for (char *c = line; *c; c++) {
        if (*c == '\n') {
            *c = ' ';
        }
    }
    return notify(line);
}

static void destroy(struct lk_watchdog *watchdog)
{
    free(watchdog);
}

static const struct lk_watchdog_ops ops = {
    .name = "linux",
    .tell = tell,
    .status = status,
    .destroy = destroy,
};

int lk_watchdog_linux_create(struct lk_watchdog **ret_watchdog)
{
    uint64_t usec = 0;
    int r = sd_watchdog_enabled(0, &usec);
    if (r < 0) {
        return r;
    }
    struct watchdog_linux *self = calloc(1, sizeof(*self));
    if (!self) {
        return -ENOMEM;
    }
    self->base.ops = &ops;
    if (r > 0) {
        uint64_t half_ms = usec / 2000;
        self->base.interval_ms = half_ms > 0 ? (int64_t)half_ms : 1;
    }
    *ret_watchdog = &self->base;
    return 0;
}
