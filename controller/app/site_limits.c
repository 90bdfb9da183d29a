#include "site_limits.h"

#include "app.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "drivers/power.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
    MB = 1024 * 1024,
    LOOK_EVERY_MS = 2000,
    SLOW_FOR_MS = 600000, /* so long after the last slow commit the disk counts as slow */
    FULL_BYTES = 2 * MB,  /* less than this, and the store could not even be opened for writing */
    AMPLE_PERCENT = 150,  /* of low_mb: from there on there is room again */
};

_Static_assert((int)LK_GPIO_DEBOUNCE_MAX_MS == 1000, "the configuration's bound");

struct lk_limits {
    struct lk_app *app;
    struct lk_power *power;
    struct event *timer, *readable;
    int fd;
    struct lk_limits_state is;
    char reserve[LK_CONFIG_PATH_LEN + 16];
    int64_t look_at_ms, slow_until_ms;
};

/* --- what follows ------------------------------------------------------------------------------------------------- */

static void post(struct lk_limits *l)
{
    struct lk_input in = lk_engine_input(LK_IN_LIMITS);
    in.power_failing = l->is.power_failing;
    in.disk_low = l->is.disk_low;
    lk_engine_post(l->app->engine, &in);
}

static void tell(struct lk_limits *l, bool begins, enum lk_reason reason)
{
    struct lk_input in = lk_engine_input(LK_IN_SITE);
    in.reason = begins ? reason : LK_REASON_RECOVERED;
    (void)lk_text_copy(in.note, sizeof(in.note), begins ? "" : lk_reason_name(reason));
    lk_engine_post(l->app->engine, &in);
}

/* --- power -------------------------------------------------------------------------------------------------------- */

/* The core first: from here on it begins no opening. A pulse that waits for its turn is given up; one that has begun
 * ends as it should. Everything that was said is on the disk, for every commit waits for it. */
static void on_failing(void *user, bool failing)
{
    struct lk_limits *l = user;
    l->is.power_failing = failing;
    lk_log(failing ? LK_WARN : LK_NOTICE, LK_BLAME_NONE,
           failing ? "the supply says that the power goes: no new openings"
                   : "the power is good again: openings go on");
    post(l);
    if (failing) {
        lk_cabinet_drop_waiting(l->app->cabinet);
    }
}

static void on_watched(void *user, int error)
{
    struct lk_limits *l = user;
    l->is.power_watched = error == 0;
    l->is.power_error = error;
    if (error < 0) {
        lk_log(LK_WARN, LK_BLAME_DEVICE,
               "the power-fail line cannot be watched (%s): a power cut will come without notice",
               lk_power_complaint(l->power)[0] ? lk_power_complaint(l->power) : strerror(-error));
    } else {
        lk_log(LK_INFO, LK_BLAME_NONE, "the power-fail line is watched");
    }
}

static const struct lk_power_sink sink = {.failing = on_failing, .watched = on_watched};

static void on_power(evutil_socket_t fd, short what, void *user);

static void arm(struct lk_limits *l)
{
    int fd = lk_power_fd(l->power);
    int64_t now_ms = lk_engine_now_ms(l->app->engine), at_ms = lk_power_next_at_ms(l->power);
    if (fd != l->fd) {
        if (l->readable) {
            event_free(l->readable);
        }
        l->fd = fd;
        l->readable = fd >= 0 ? event_new(l->app->base, fd, EV_READ | EV_PERSIST, on_power, l) : NULL;
        (void)(l->readable ? event_add(l->readable, NULL) : 0); /* else it is looked at once a second */
    }
    int64_t wait_ms = at_ms > now_ms ? at_ms - now_ms : 1;
    struct timeval tv = {.tv_sec = wait_ms / 1000, .tv_usec = (wait_ms % 1000) * 1000};
    (void)event_add(l->timer, &tv);
}

static void on_power(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct lk_limits *l = user;
    lk_power_tick(l->power, lk_engine_now_ms(l->app->engine));
    arm(l);
}

static int make_power(struct lk_limits *l)
{
    const struct lk_config_power *from = &l->app->config->power;
    struct lk_gpio_config config = {.consumer = "lockerd power", .lines_n = 1, .poll_ms = LK_GPIO_LOOK_MS};
    struct lk_gpio *gpio = NULL;
    if (from->chip[0] == '\0') {
        return 0;
    }
    l->is.power_configured = true;
    (void)lk_text_copy(config.chip, sizeof(config.chip), from->chip);
    (void)lk_text_copy(config.lines[0].name, sizeof(config.lines[0].name), from->line);
    config.lines[0].direction = LK_GPIO_IN_EDGES;
    config.lines[0].active_low = from->fails == LK_CONFIG_LOW;
    config.lines[0].debounce_ms = from->debounce_ms;
    config.lines[0].bias = (enum lk_gpio_bias)from->bias;
    l->timer = event_new(l->app->base, -1, 0, on_power, l);
    int r = l->app->backends.gpio ? l->app->backends.gpio(&config, &gpio) : -EOPNOTSUPP;
    r = r < 0 ? r : lk_power_create(gpio, from->good_ms, &sink, l, &l->power);
    return r < 0 ? r : l->timer ? 0 : -ENOMEM;
}

/* --- disk --------------------------------------------------------------------------------------------------------- */

static void reserve_path(const struct lk_config *config, char *buf, size_t cap)
{
    struct lk_text t = lk_text_init(buf, cap);
    lk_text_addf(&t, "%s/reserve", config->paths.state_dir);
}

static int64_t free_bytes(const char *folder)
{
    struct statvfs disk;
    return statvfs(folder, &disk) < 0 ? -1 : (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
}

void lk_limits_make_room(const struct lk_config *config)
{
    char path[LK_CONFIG_PATH_LEN + 16];
    int64_t left = free_bytes(config->paths.state_dir);
    reserve_path(config, path, sizeof(path));
    if (left >= 0 && left < FULL_BYTES && unlink(path) == 0) {
        lk_log(LK_WARN, LK_BLAME_DEVICE,
               "the disk is full: the room kept for giving out what is in the cabinet is used now");
    }
}

static void give_up_reserve(struct lk_limits *l)
{
    if (l->is.reserve_bytes > 0 && unlink(l->reserve) == 0) {
        lk_log(LK_WARN, LK_BLAME_DEVICE,
               "the disk is full: the room kept for giving out what is in the cabinet is used now");
        l->is.reserve_bytes = 0;
    }
}

/* Only from what is left over: the reserve itself must never make the disk nearly full. */
static void keep_reserve(struct lk_limits *l, int64_t left)
{
    int64_t want = (int64_t)l->app->config->disk.reserve_mb * MB, low = (int64_t)l->app->config->disk.low_mb * MB;
    if (want == 0 || l->is.reserve_bytes == want || left < want + low * AMPLE_PERCENT / 100) {
        return;
    }
    LK_CLEANUP(lk_closep) int fd = open(l->reserve, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    int r = fd < 0 ? -errno : ftruncate(fd, 0) < 0 ? -errno : -posix_fallocate(fd, 0, want);
    if (r < 0) {
        (void)unlink(l->reserve);
        lk_log(LK_WARN, LK_BLAME_DEVICE, "no room can be kept in %s: %s", l->reserve, strerror(-r));
        want = 0;
    }
    l->is.reserve_bytes = want;
}

static bool is_low(const struct lk_limits *l, int64_t left)
{
    int64_t low = (int64_t)l->app->config->disk.low_mb * MB;
    return left >= 0 && left < (l->is.disk_low ? low * AMPLE_PERCENT / 100 : low);
}

static void look_at_room(struct lk_limits *l)
{
    struct lk_store_health health;
    lk_store_health(l->app->store, &health);
    if (health.degraded && health.error == -ENOSPC) {
        give_up_reserve(l);
    }
    int64_t left = free_bytes(l->app->config->paths.state_dir);
    bool low = is_low(l, left);
    if (low != l->is.disk_low) {
        l->is.disk_low = low;
        lk_log(low ? LK_WARN : LK_NOTICE, LK_BLAME_DEVICE,
               low ? "%lld MB are left on the disk: nothing new is taken in, pickups go on"
                   : "%lld MB are left on the disk: there is room again",
               (long long)(left / MB));
        post(l);
    }
    if (!low) {
        keep_reserve(l, left);
    }
}

static void look_at_speed(struct lk_limits *l, int64_t now_ms)
{
    int64_t slowest_ms = lk_store_take_slowest_ms(l->app->store), bound_ms = l->app->config->disk.slow_ms;
    if (slowest_ms >= bound_ms && bound_ms > 0) {
        l->slow_until_ms = now_ms + SLOW_FOR_MS;
        l->is.slowest_ms = slowest_ms;
    }
    bool slow = now_ms < l->slow_until_ms;
    if (slow != l->is.disk_slow) {
        l->is.disk_slow = slow;
        lk_log(slow ? LK_WARN : LK_NOTICE, LK_BLAME_DEVICE,
               slow ? "the disk took %lld ms for a commit; openings wait for it"
                    : "the disk is quick again (%lld ms before)",
               (long long)l->is.slowest_ms);
        tell(l, slow, LK_REASON_DISK_SLOW);
    }
}

void lk_limits_look(struct lk_limits *l, int64_t now_ms)
{
    if (l && now_ms >= l->look_at_ms) {
        l->look_at_ms = now_ms + LOOK_EVERY_MS;
        look_at_room(l);
        look_at_speed(l, now_ms);
    }
}

/* --- for others --------------------------------------------------------------------------------------------------- */

void lk_limits_state(const struct lk_limits *l, struct lk_limits_state *ret_state)
{
    *ret_state = l ? l->is : (struct lk_limits_state){0};
}

static size_t add_fault(struct lk_envelope_fault *faults, size_t n, size_t room, bool is, const char *what,
                        enum lk_reason reason)
{
    if (is && n < room) {
        faults[n++] = (struct lk_envelope_fault){what, "", reason};
    }
    return n;
}

size_t lk_limits_faults(const struct lk_limits *l, struct lk_envelope_fault *faults, size_t room)
{
    struct lk_limits_state is;
    lk_limits_state(l, &is);
    size_t n = add_fault(faults, 0, room, is.power_failing, "power", LK_REASON_POWER_FAILING);
    n = add_fault(faults, n, room, is.power_configured && !is.power_watched, "power", LK_REASON_DEVICE_MISSING);
    n = add_fault(faults, n, room, is.disk_low, "disk", LK_REASON_DISK_LOW);
    return add_fault(faults, n, room, is.disk_slow, "disk", LK_REASON_DISK_SLOW);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

int lk_limits_create(struct lk_app *app, struct lk_limits **ret_limits, struct lk_text *why)
{
    struct lk_limits *l = calloc(1, sizeof(*l));
    if (!l) {
        return -ENOMEM;
    }
    l->app = app;
    l->fd = -1;
    l->slow_until_ms = INT64_MIN;
    reserve_path(app->config, l->reserve, sizeof(l->reserve));
    struct stat st;
    l->is.reserve_bytes = stat(l->reserve, &st) == 0 ? st.st_size : 0;
    int r = make_power(l);
    if (r < 0) {
        lk_text_addf(why, "the power-fail line cannot be set up: %s", strerror(-r));
        (void)lk_limits_destroy(l);
        return r;
    }
    *ret_limits = l;
    return 0;
}

void lk_limits_begin(struct lk_limits *l)
{
    if (l->power) {
        lk_power_tick(l->power, lk_engine_now_ms(l->app->engine));
        arm(l);
    }
    lk_limits_look(l, lk_engine_now_ms(l->app->engine));
}

struct lk_limits *lk_limits_destroy(struct lk_limits *l)
{
    if (l) {
        if (l->timer) {
            event_free(l->timer);
        }
        if (l->readable) {
            event_free(l->readable);
        }
        (void)lk_power_destroy(l->power);
        free(l);
    }
    return NULL;
}
