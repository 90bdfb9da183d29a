#include "hal/input_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <libevdev/libevdev.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "hal/input_driver.h"

struct input_linux {
    struct lk_input_device base;
    struct libevdev *evdev; /* NULL while closed */
    char path[LK_INPUT_PATH_MAX];
};

static struct input_linux *self_of(struct lk_input_device *device)
{
    return (struct input_linux *)device;
}

/* The library answers for "no input device" with whatever its first ioctl got. */
static int adopt(int fd, struct libevdev **ret_evdev)
{
    struct libevdev *evdev = NULL;
    int r = libevdev_new_from_fd(fd, &evdev);
    if (r < 0) {
        return r == -EINVAL ? -ENOTTY : r;
    }
    if (!libevdev_has_event_type(evdev, EV_KEY)) {
        libevdev_free(evdev);
        return -ENOTTY;
    }
    r = libevdev_grab(evdev, LIBEVDEV_GRAB);
    if (r < 0) {
        libevdev_free(evdev);
        return r;
    }
    *ret_evdev = evdev;
    return 0;
}

static int open_device(struct lk_input_device *device)
{
    struct input_linux *self = self_of(device);
    if (device->fd >= 0) {
        return 0;
    }
    LK_CLEANUP(lk_closep) int fd = open(self->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    int r = adopt(fd, &self->evdev);
    if (r == 0) {
        device->fd = lk_steal_fd(&fd);
    }
    return r;
}

static void close_device(struct lk_input_device *device)
{
    struct input_linux *self = self_of(device);
    if (self->evdev) {
        (void)libevdev_grab(self->evdev, LIBEVDEV_UNGRAB);
        libevdev_free(self->evdev);
        self->evdev = NULL;
    }
    lk_closep(&device->fd);
}

/* The changes that the library makes up to describe the gap are no typing: only the state after them counts. */
static int skip_gap(struct input_linux *self)
{
    struct input_event ev;
    int r = LIBEVDEV_READ_STATUS_SYNC;
    while (r == LIBEVDEV_READ_STATUS_SYNC) {
        r = libevdev_next_event(self->evdev, LIBEVDEV_READ_FLAG_SYNC, &ev);
    }
    return r == -EAGAIN ? 0 : r;
}

static int next_event(struct lk_input_device *device, struct lk_input_event *ret_event)
{
    static const enum lk_input_event_kind kinds[] = {LK_INPUT_UP, LK_INPUT_DOWN, LK_INPUT_REPEAT};
    struct input_linux *self = self_of(device);
    struct input_event ev;
    if (device->fd < 0) {
        return -EBADF;
    }
    for (;;) {
        int r = libevdev_next_event(self->evdev, LIBEVDEV_READ_FLAG_NORMAL, &ev);
        if (r == LIBEVDEV_READ_STATUS_SYNC) {
            r = skip_gap(self);
            *ret_event = r < 0 ? *ret_event : (struct lk_input_event){.kind = LK_INPUT_LOST};
            return r < 0 ? r : 0;
        }
        if (r < 0) {
            return r;
        }
        if (ev.type == EV_KEY && ev.value >= 0 && (size_t)ev.value < LK_ARRAY_SIZE(kinds)) {
            *ret_event = (struct lk_input_event){.kind = kinds[ev.value], .code = ev.code};
            return 0;
        }
    }
}

static bool is_held(const struct lk_input_device *device, uint16_t code)
{
    const struct input_linux *self = (const struct input_linux *)device;
    return self->evdev && libevdev_get_event_value(self->evdev, EV_KEY, code) != 0;
}

static void destroy(struct lk_input_device *device)
{
    close_device(device);
    free(device);
}

static const struct lk_input_device_ops ops = {
    .name = "linux",
    .open = open_device,
    .close = close_device,
    .next = next_event,
    .held = is_held,
    .destroy = destroy,
};

int lk_input_linux_create(const char *path, struct lk_input_device **ret_device)
{
    if (path[0] == '\0' || strlen(path) >= LK_INPUT_PATH_MAX) {
        return -EINVAL;
    }
    struct input_linux *self = calloc(1, sizeof(*self));
    if (!self) {
        return -ENOMEM;
    }
    libevdev_set_log_function(NULL, NULL); /* it would write to stderr by itself */
    self->base.ops = &ops;
    self->base.fd = -1;
    (void)lk_text_copy(self->path, sizeof(self->path), path);
    *ret_device = &self->base;
    return 0;
}
