/*
 * hal/linux on a kernel that is played here, for machines without uinput: the device is a FIFO, its bytes are struct
 * input_event as evdev writes them (scan codes, keys, reports), and this program's own ioctl() and read() come before
 * libc's, for the library too. Everything else of libevdev and of input_linux.c is the real thing.
 */
#include "input_world.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hal/input_linux.h"

static char dir[64], path[96];
static int writer = -1; /* keeps the FIFO open, and types */
static bool held_by_other, gone;
static bool is_open; /* grabbed: the kernel keeps events for those only who have opened the device */
static uint8_t down[KEY_CNT / 8];

static bool is_fake(int fd)
{
    struct stat here, there;
    return path[0] != '\0' && fstat(fd, &here) == 0 && S_ISFIFO(here.st_mode) && writer >= 0 &&
           fstat(writer, &there) == 0 && here.st_ino == there.st_ino;
}

static void set_bit(uint8_t *bits, size_t cap, unsigned bit)
{
    if (bit / 8 < cap) {
        bits[bit / 8] |= (uint8_t)(1U << (bit % 8));
    }
}

/* EVIOCGBIT: what the device can do: keys, scan codes. */
static int capabilities(unsigned type, uint8_t *bits, size_t cap)
{
    memset(bits, 0, cap);
    if (type == 0) {
        set_bit(bits, cap, EV_SYN);
        set_bit(bits, cap, EV_KEY);
        set_bit(bits, cap, EV_MSC);
        set_bit(bits, cap, EV_REP);
    } else if (type == EV_KEY) {
        for (unsigned code = KEY_ESC; code <= KEY_COMPOSE; code++) {
            set_bit(bits, cap, code);
        }
    } else if (type == EV_MSC) {
        set_bit(bits, cap, MSC_SCAN);
    }
    return (int)cap;
}

static int evdev_ioctl(unsigned long request, void *arg)
{
    unsigned nr = _IOC_NR(request);
    size_t cap = _IOC_SIZE(request);
    if (nr == _IOC_NR(EVIOCGRAB)) {
        is_open = arg && !held_by_other;
        errno = EBUSY;
        return arg && held_by_other ? -1 : 0;
    }
    if (nr >= 0x20 && nr < 0x40) {
        return capabilities(nr - 0x20, arg, cap);
    }
    if (nr == _IOC_NR(EVIOCGKEY(0))) {
        memset(arg, 0, cap);
        memcpy(arg, down, cap < sizeof(down) ? cap : sizeof(down));
        return (int)cap;
    }
    if (nr == _IOC_NR(EVIOCGPHYS(0)) || nr == _IOC_NR(EVIOCGUNIQ(0))) {
        errno = ENOENT;
        return -1;
    }
    if (nr == _IOC_NR(EVIOCGNAME(0))) {
        snprintf(arg, cap, "Played Scanner");
        return (int)strlen(arg) + 1;
    }
    if (_IOC_DIR(request) == _IOC_READ) {
        memset(arg, 0, cap);
        if (nr == _IOC_NR(EVIOCGVERSION)) {
            *(int *)arg = EV_VERSION;
        }
    }
    return 0;
}

int ioctl(int fd, unsigned long request, ...)
{
    va_list ap;
    va_start(ap, request);
    void *arg = va_arg(ap, void *);
    va_end(ap);
    if (is_fake(fd) && _IOC_TYPE(request) == 'E') {
        return evdev_ioctl(request, arg);
    }
    return (int)syscall(SYS_ioctl, fd, request, arg);
}

ssize_t read(int fd, void *buf, size_t n)
{
    if (gone && is_fake(fd)) {
        errno = ENODEV;
        return -1;
    }
    return syscall(SYS_read, fd, buf, n);
}

static int plug(void)
{
    gone = is_open = false;
    memset(down, 0, sizeof(down));
    if (mkfifo(path, 0600) != 0) {
        return -errno;
    }
    writer = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    return writer >= 0 ? 0 : -errno;
}

int input_world_begin(struct lk_input_device **ret_device)
{
    strcpy(dir, "/tmp/lk-input-XXXXXX");
    held_by_other = false;
    if (!mkdtemp(dir)) {
        return -errno;
    }
    snprintf(path, sizeof(path), "%s/event-kbd", dir);
    int r = plug();
    return r < 0 ? r : lk_input_linux_create(path, ret_device);
}

void input_world_end(void)
{
    if (writer >= 0) {
        close(writer);
        writer = -1;
    }
    unlink(path);
    rmdir(dir);
    path[0] = '\0';
}

static void emit(uint16_t type, uint16_t code, int32_t value)
{
    struct input_event ev = {.type = type, .code = code, .value = value};
    if (write(writer, &ev, sizeof(ev)) != (ssize_t)sizeof(ev)) {
        abort();
    }
}

static void drain(void)
{
    char bytes[4096];
    while (syscall(SYS_read, writer, bytes, sizeof(bytes)) > 0) {
        /* nobody had opened the device when it was typed, or the kernel threw it away */
    }
}

static void remember(uint16_t code, bool is_down)
{
    down[code / 8] = (uint8_t)(is_down ? down[code / 8] | 1U << (code % 8) : down[code / 8] & ~(1U << (code % 8)));
}

void input_world_key(enum lk_input_event_kind kind, uint16_t code)
{
    static const int32_t values[] = {[LK_INPUT_UP] = 0, [LK_INPUT_DOWN] = 1, [LK_INPUT_REPEAT] = 2};
    remember(code, kind != LK_INPUT_UP);
    if (!is_open) {
        return;
    }
    emit(EV_MSC, MSC_SCAN, 0x70000 + code);
    emit(EV_KEY, code, values[kind]);
    emit(EV_SYN, SYN_REPORT, 0);
}

void input_world_lose(void)
{
    drain();
    remember(KEY_RIGHTSHIFT, false);
    remember(KEY_LEFTSHIFT, true);
    emit(EV_SYN, SYN_DROPPED, 0);
    emit(EV_KEY, KEY_LEFTSHIFT, 1);
    emit(EV_SYN, SYN_REPORT, 0);
}

/* Readers wake up: a byte is there, and the played read() says what it is worth. */
void input_world_unplug(void)
{
    gone = true;
    emit(EV_SYN, SYN_REPORT, 0);
    unlink(path);
}

void input_world_replug(void)
{
    close(writer);
    (void)plug();
}

void input_world_hold(bool hold)
{
    held_by_other = hold;
}

bool input_world_overheard(void)
{
    return false;
}
