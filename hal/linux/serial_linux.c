#include "hal/serial_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "hal/serial_driver.h"

enum {
    PTY_MAJOR_FIRST = 136, /* Documentation/admin-guide/devices.txt */
    PTY_MAJOR_LAST = 143,
};

struct serial_linux {
    struct lk_serial base;
    speed_t speed;
    char path[LK_SERIAL_PATH_MAX];
};

static const struct {
    unsigned baud;
    speed_t speed;
} speeds[] = {
    {1200, B1200},   {2400, B2400},   {4800, B4800},   {9600, B9600},
    {19200, B19200}, {38400, B38400}, {57600, B57600}, {115200, B115200},
};

/* 0 on success, -EINVAL when there is no such speed. */
static int find_speed(unsigned baud, speed_t *ret_speed)
{
    for (size_t i = 0; i < LK_ARRAY_SIZE(speeds); i++) {
        if (speeds[i].baud == baud) {
            *ret_speed = speeds[i].speed;
            return 0;
        }
    }
    return -EINVAL;
}

bool lk_serial_linux_baud_ok(unsigned baud)
{
    speed_t ignored;
    return find_speed(baud, &ignored) == 0;
}

static bool is_pty(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && major(st.st_rdev) >= PTY_MAJOR_FIRST && major(st.st_rdev) <= PTY_MAJOR_LAST;
}

/* Before the speed is touched, for that would already disturb whoever has the line. */
static int lock_line(int fd)
{
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK ? -EBUSY : -errno;
    }
    if (!is_pty(fd) && ioctl(fd, TIOCEXCL) != 0) {
        return -errno;
    }
    return 0;
}

static int set_raw(int fd, speed_t speed)
{
    struct termios t, got;
    if (tcgetattr(fd, &t) != 0) {
        return -errno;
    }
    cfmakeraw(&t);
    t.c_cflag &= ~(tcflag_t)(CSTOPB | CRTSCTS | HUPCL);
    t.c_cflag |= CLOCAL | CREAD;
    t.c_cc[VMIN] = 1; /* so that a read of 0 bytes can only mean that the line hung up */
    t.c_cc[VTIME] = 0;
    if (cfsetspeed(&t, speed) != 0 || tcsetattr(fd, TCSANOW, &t) != 0 || tcgetattr(fd, &got) != 0) {
        return -errno;
    }
    /* tcsetattr succeeds when it could do any part of what was asked. */
    if (cfgetispeed(&got) != speed || cfgetospeed(&got) != speed || (got.c_lflag & (ICANON | ECHO)) != 0) {
        return -EIO;
    }
    return tcflush(fd, TCIFLUSH) == 0 ? 0 : -errno;
}

static int open_line(struct lk_serial *serial)
{
    struct serial_linux *self = (struct serial_linux *)serial;
    if (serial->fd >= 0) {
        return 0;
    }
    LK_CLEANUP(lk_closep) int fd = open(self->path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    if (!isatty(fd)) {
        return -ENOTTY;
    }
    int r = lock_line(fd);
    if (r == 0) {
        r = set_raw(fd, self->speed);
    }
    if (r == 0) {
        serial->fd = lk_steal_fd(&fd);
    }
    return r;
}

static void close_line(struct lk_serial *serial)
{
    if (serial->fd >= 0 && !is_pty(serial->fd)) {
        (void)ioctl(serial->fd, TIOCNXCL);
    }
    lk_closep(&serial->fd);
}

/* What a failed read or write means. */
static ssize_t failure(int err)
{
    switch (err) {
    case EIO: /* the other side of a pseudo terminal closed, or a USB adapter went */
    case ENXIO:
    case EPIPE:
        return -ENODEV;
    case EWOULDBLOCK:
        return -EAGAIN;
    default:
        return -err;
    }
}

static ssize_t read_line(struct lk_serial *serial, void *ret_bytes, size_t cap)
{
    ssize_t n;
    if (serial->fd < 0 || cap == 0) {
        return serial->fd < 0 ? -EBADF : -EINVAL;
    }
    do {
        n = read(serial->fd, ret_bytes, cap);
    } while (n < 0 && errno == EINTR);
    if (n == 0) {
        return -ENODEV;
    }
    return n > 0 ? n : failure(errno);
}

static ssize_t write_line(struct lk_serial *serial, const void *bytes, size_t n)
{
    ssize_t done;
    if (serial->fd < 0) {
        return -EBADF;
    }
    do {
        done = write(serial->fd, bytes, n);
    } while (done < 0 && errno == EINTR);
    return done >= 0 ? done : failure(errno);
}

static void destroy(struct lk_serial *serial)
{
    close_line(serial);
    free(serial);
}

static const struct lk_serial_ops ops = {
    .name = "linux",
    .open = open_line,
    .close = close_line,
    .read = read_line,
    .write = write_line,
    .destroy = destroy,
};

int lk_serial_linux_create(const char *path, unsigned baud, struct lk_serial **ret_serial)
{
    speed_t speed;
    if (find_speed(baud, &speed) != 0 || path[0] == '\0' || strlen(path) >= LK_SERIAL_PATH_MAX) {
        return -EINVAL;
    }
    struct serial_linux *self = calloc(1, sizeof(*self));
    if (!self) {
        return -ENOMEM;
    }
    self->base.ops = &ops;
    self->base.fd = -1;
    self->speed = speed;
    (void)lk_text_copy(self->path, sizeof(self->path), path);
    *ret_serial = &self->base;
    return 0;
}
