/*
 * hal/linux on a real kernel: a keyboard made by uinput. Needs /dev/uinput (modules uinput and evdev) and the rights to
 * use it; where they are not, every case fails: this program never passes without having seen a kernel.
 */
#include "input_world.h"

#include <errno.h>
#include <fcntl.h>
#include <libevdev/libevdev-uinput.h>
#include <libevdev/libevdev.h>
#include <linux/input.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "hal/input_linux.h"

enum { FLOOD = 4000, PATIENCE_MS = 5000 };

static char dir[64], path[96];
static struct libevdev *shape;
static struct libevdev_uinput *keyboard;
static int other = -1; /* somebody who listens, and may grab */

static int appear(const char *node)
{
    for (int waited_ms = 0; access(node, R_OK) != 0; waited_ms++) {
        if (waited_ms >= PATIENCE_MS) {
            return -ENOENT;
        }
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return 0;
}

/* The node comes below a stable name, as udev makes one below /dev/input/by-id. */
static int plug(void)
{
    int r = libevdev_uinput_create_from_device(shape, LIBEVDEV_UINPUT_OPEN_MANAGED, &keyboard);
    if (r < 0) {
        return r;
    }
    const char *node = libevdev_uinput_get_devnode(keyboard);
    r = node ? appear(node) : -ENOENT;
    if (r == 0) {
        other = open(node, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        r = other >= 0 && symlink(node, path) == 0 ? 0 : -errno;
    }
    return r;
}

static void make_shape(void)
{
    shape = libevdev_new();
    libevdev_set_name(shape, "lockerd test keyboard");
    libevdev_enable_event_type(shape, EV_KEY);
    for (unsigned code = KEY_ESC; code <= KEY_COMPOSE; code++) {
        libevdev_enable_event_code(shape, EV_KEY, code, NULL);
    }
}

int input_world_begin(struct lk_input_device **ret_device)
{
    strcpy(dir, "/tmp/lk-uinput-XXXXXX");
    if (!mkdtemp(dir)) {
        return -errno;
    }
    snprintf(path, sizeof(path), "%s/event-kbd", dir);
    make_shape();
    int r = plug();
    if (r < 0) {
        input_world_end();
        return r;
    }
    return lk_input_linux_create(path, ret_device);
}

static void pull(void)
{
    if (other >= 0) {
        close(other);
        other = -1;
    }
    unlink(path);
    if (keyboard) {
        libevdev_uinput_destroy(keyboard);
        keyboard = NULL;
    }
}

void input_world_end(void)
{
    pull();
    libevdev_free(shape);
    shape = NULL;
    rmdir(dir);
}

static void emit(unsigned code, int value)
{
    if (libevdev_uinput_write_event(keyboard, EV_KEY, code, value) < 0 ||
        libevdev_uinput_write_event(keyboard, EV_SYN, SYN_REPORT, 0) < 0) {
        abort();
    }
}

void input_world_key(enum lk_input_event_kind kind, uint16_t code)
{
    static const int values[] = {[LK_INPUT_UP] = 0, [LK_INPUT_DOWN] = 1, [LK_INPUT_REPEAT] = 2};
    emit(code, values[kind]);
}

void input_world_lose(void)
{
    for (int i = 0; i < FLOOD; i++) {
        emit(KEY_F, 1);
        emit(KEY_F, 0);
    }
    emit(KEY_RIGHTSHIFT, 0);
    emit(KEY_LEFTSHIFT, 1);
}

void input_world_unplug(void)
{
    pull();
}

void input_world_replug(void)
{
    if (plug() < 0) {
        abort();
    }
}

void input_world_hold(bool hold)
{
    if (ioctl(other, EVIOCGRAB, hold ? 1 : 0) != 0) {
        abort();
    }
}

bool input_world_overheard(void)
{
    struct input_event ev;
    while (read(other, &ev, sizeof(ev)) == (ssize_t)sizeof(ev)) {
        if (ev.type == EV_KEY) {
            return true;
        }
    }
    return false;
}
