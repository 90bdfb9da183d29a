#include "hal/watchdog_linux.h"
#include "base/text.h"
#include "hal/watchdog_driver.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct watchdog_linux {
    struct lk_watchdog base;
};

/* "/path" or, with '@' for its first byte, an abstract name. */
static int read_address(const char *name, struct sockaddr_un *ret_address, socklen_t *ret_len)
{
    size_t len = strlen(name);
    if ((name[0] != '/' && name[0] != '@') || len < 2 || len >= sizeof(ret_address->sun_path)) {
        return -EINVAL;
    }
    *ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(ret_address->sun_path, name, len + 1);
    *ret_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1);
    if (name[0] == '@') {
        ret_address->sun_path[0] = '\0';
        --*ret_len;
    }
    return 0;
}

/* The protocol of sd_notify(3), stable by promise. Its library would bring six more and 1 MB into memory for this. */
static int notify(const char *state)
{
    struct sockaddr_un address;
    socklen_t len = 0;
    const char *name = getenv("NOTIFY_SOCKET");
    if (!name) {
        return 0; /* nobody listens */
    }
    int r = read_address(name, &address, &len);
    if (r < 0) {
        return r;
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -errno;
    }
    ssize_t n = sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address, len);
    r = n < 0 ? -errno : 0;
    (void)close(fd);
    return r;
}

/* How often the service manager wants to hear from us: 0 not at all. WATCHDOG_PID names who is meant, when set. */
static int read_interval(uint64_t *ret_usec)
{
    const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    uint64_t whom = 0, value = 0;
    if (!usec) {
        *ret_usec = 0;
        return 0;
    }
    if (lk_text_parse_u64(usec, INT64_MAX, &value) < 0 || value == 0 ||
        (pid && (lk_text_parse_u64(pid, INT32_MAX, &whom) < 0 || whom == 0))) {
        return -EINVAL;
    }
    *ret_usec = pid && (pid_t)whom != getpid() ? 0 : value;
    return 0;
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
    int r = read_interval(&usec);
    if (r < 0) {
        return r;
    }
    struct watchdog_linux *self = calloc(1, sizeof(*self));
    if (!self) {
        return -ENOMEM;
    }
    self->base.ops = &ops;
    if (usec > 0) {
        uint64_t half_ms = usec / 2000;
        self->base.interval_ms = half_ms > 0 ? (int64_t)half_ms : 1;
    }
    *ret_watchdog = &self->base;
    return 0;
}
