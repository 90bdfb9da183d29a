#include "hal/serial_sim.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "hal/serial_driver.h"

/* A pair of sockets, so that the descriptor becomes readable as a tty's does; unplugging closes the far one. */
struct serial_sim {
    struct lk_serial base;
    int far;
    int open_error;
};

static struct serial_sim *sim(struct lk_serial *serial)
{
    return (struct serial_sim *)serial;
}

static int open_line(struct lk_serial *serial)
{
    int pair[2];
    if (serial->fd >= 0) {
        return 0;
    }
    if (sim(serial)->open_error) {
        return sim(serial)->open_error;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0) {
        return -errno;
    }
    serial->fd = pair[0];
    sim(serial)->far = pair[1];
    return 0;
}

static void close_line(struct lk_serial *serial)
{
    lk_closep(&serial->fd);
    lk_closep(&sim(serial)->far);
}

static ssize_t failure(int err)
{
    return err == EPIPE || err == ECONNRESET ? -ENODEV : -err;
}

static ssize_t read_line(struct lk_serial *serial, void *ret_bytes, size_t cap)
{
    if (serial->fd < 0 || cap == 0) {
        return serial->fd < 0 ? -EBADF : -EINVAL;
    }
    ssize_t n = recv(serial->fd, ret_bytes, cap, 0);
    if (n == 0) {
        return -ENODEV;
    }
    return n > 0 ? n : failure(errno);
}

static ssize_t write_line(struct lk_serial *serial, const void *bytes, size_t n)
{
    if (serial->fd < 0) {
        return -EBADF;
    }
    ssize_t done = send(serial->fd, bytes, n, MSG_NOSIGNAL);
    return done >= 0 ? done : failure(errno);
}

static void destroy(struct lk_serial *serial)
{
    close_line(serial);
    free(serial);
}

static const struct lk_serial_ops ops = {
    .name = "sim",
    .open = open_line,
    .close = close_line,
    .read = read_line,
    .write = write_line,
    .destroy = destroy,
};

int lk_serial_sim_create(struct lk_serial **ret_serial)
{
    struct serial_sim *self = calloc(1, sizeof(*self));
    if (!self) {
        return -ENOMEM;
    }
    self->base.ops = &ops;
    self->base.fd = -1;
    self->far = -1;
    *ret_serial = &self->base;
    return 0;
}

int lk_serial_sim_arrive(struct lk_serial *serial, const void *bytes, size_t n)
{
    if (sim(serial)->far < 0) {
        return -ENODEV;
    }
    ssize_t done = send(sim(serial)->far, bytes, n, MSG_NOSIGNAL);
    if (done < 0) {
        return (int)failure(errno);
    }
    return (size_t)done == n ? 0 : -EAGAIN;
}

size_t lk_serial_sim_take(struct lk_serial *serial, void *ret_bytes, size_t cap)
{
    if (sim(serial)->far < 0) {
        return 0;
    }
    ssize_t n = recv(sim(serial)->far, ret_bytes, cap, 0);
    return n > 0 ? (size_t)n : 0;
}

void lk_serial_sim_unplug(struct lk_serial *serial, int open_error)
{
    lk_closep(&sim(serial)->far);
    sim(serial)->open_error = open_error;
}
