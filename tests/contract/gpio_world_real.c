/* The world of a real kernel: a chip made by gpio-sim (Documentation/admin-guide/gpio/gpio-sim.rst). Needs root and
 * configfs; it is run where there is one (label vm), and fails where there is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "gpio_world.h"
#include "hal/gpio_linux.h"

enum { NS_PER_MS = 1000000, NS_PER_S = 1000000000, PATH_CAP = 256, SLACK_MS = 800 };

#define CONFIGFS "/sys/kernel/config/gpio-sim"

struct world {
    char device[PATH_CAP]; /* below configfs */
    char lines[PATH_CAP];  /* below sysfs: /sys/devices/platform/gpio-sim.N/gpiochipM */
    char chip[LK_GPIO_CHIP_MAX];
};

__attribute__((format(printf, 2, 3))) static void make_path(char *ret_path, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(ret_path, PATH_CAP, fmt, ap);
    va_end(ap);
    assert_in_range(n, 1, PATH_CAP - 1);
}

static void put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
        fail_msg("%s: cannot write \"%s\": %s", path, text, strerror(errno));
    }
    close(fd);
}

static void get(const char *path, char *ret_text, size_t cap)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, ret_text, cap - 1) : -1;
    if (n < 0) {
        fail_msg("%s: cannot read: %s", path, strerror(errno));
    }
    close(fd);
    ret_text[n] = '\0';
    ret_text[strcspn(ret_text, "\n")] = '\0';
}

static void make_folder(const char *path)
{
    if (mkdir(path, 0755) != 0) {
        fail_msg("%s: %s (is gpio-sim loaded, and configfs mounted?)", path, strerror(errno));
    }
}

static void find_lines(struct world *w)
{
    char path[PATH_CAP], chip[LK_GPIO_CHIP_MAX], device[LK_GPIO_CHIP_MAX];
    make_path(path, "%.200s/bank0/chip_name", w->device);
    get(path, chip, sizeof(chip));
    make_path(path, "%.200s/dev_name", w->device);
    get(path, device, sizeof(device));
    make_path(w->lines, "/sys/devices/platform/%s/%s", device, chip);
}

struct world *world_make(void)
{
    static unsigned number;
    char path[PATH_CAP], text[LK_GPIO_CHIP_MAX];
    struct world *w = calloc(1, sizeof(*w));
    assert_non_null(w);
    (void)snprintf(text, sizeof(text), "lk-%d-%u", (int)getpid(), number++);
    (void)snprintf(w->chip, sizeof(w->chip), "label:%.40s", text);
    make_path(w->device, "%s/%s", CONFIGFS, text);
    make_folder(w->device);
    make_path(path, "%.200s/bank0", w->device);
    make_folder(path);
    make_path(path, "%.200s/bank0/label", w->device);
    put(path, text);
    make_path(path, "%.200s/bank0/num_lines", w->device);
    (void)snprintf(text, sizeof(text), "%d", WORLD_LINES);
    put(path, text);
    for (unsigned i = 0; i < WORLD_LINES; i++) {
        make_path(path, "%.200s/bank0/line%u", w->device, i);
        make_folder(path);
        make_path(path, "%.200s/bank0/line%u/name", w->device, i);
        (void)snprintf(text, sizeof(text), "W%02u", i);
        put(path, text);
    }
    world_plug(w, true);
    return w;
}

void world_plug(struct world *w, bool there)
{
    char path[PATH_CAP];
    make_path(path, "%.200s/live", w->device);
    put(path, there ? "1" : "0");
    if (there) {
        find_lines(w);
    }
}

void world_end(struct world *w)
{
    char path[PATH_CAP], live[8];
    make_path(path, "%.200s/live", w->device);
    get(path, live, sizeof(live));
    if (live[0] == '1') {
        world_plug(w, false);
    }
    for (unsigned i = 0; i < WORLD_LINES; i++) {
        make_path(path, "%.200s/bank0/line%u", w->device, i);
        (void)rmdir(path);
    }
    make_path(path, "%.200s/bank0", w->device);
    (void)rmdir(path);
    assert_int_equal(rmdir(w->device), 0);
    free(w);
}

const char *world_chip(const struct world *w)
{
    return w->chip;
}

int world_gpio(struct world *w, const struct lk_gpio_config *config, struct lk_gpio **ret_gpio)
{
    (void)w;
    return lk_gpio_linux_create(config, ret_gpio);
}

void world_pull(struct world *w, unsigned offset, bool high)
{
    char path[PATH_CAP];
    make_path(path, "%.200s/sim_gpio%u/pull", w->lines, offset);
    put(path, high ? "pull-up" : "pull-down");
}

bool world_wire(struct world *w, unsigned offset)
{
    char path[PATH_CAP], text[8];
    make_path(path, "%.200s/sim_gpio%u/value", w->lines, offset);
    get(path, text, sizeof(text));
    return text[0] == '1';
}

void world_wait(struct world *w, int fd, int64_t ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    (void)w;
    (void)poll(&p, fd >= 0 ? 1 : 0, (int)ms);
}

int64_t world_now_ns(struct world *w)
{
    struct timespec t;
    (void)w;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

int64_t world_slack_ms(const struct world *w)
{
    (void)w;
    return SLACK_MS;
}
