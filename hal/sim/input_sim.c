#include "hal/input_sim.h"

#include <errno.h>
#include <linux/input-event-codes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "hal/input_driver.h"

/* Events travel as packets through a pair of sockets, so that the descriptor becomes readable as a device's does;
 * unplugging closes the far one. */
struct input_sim {
    struct lk_input_device base;
    int far;
    int open_error;
    bool really[KEY_CNT]; /* as the fingers are */
    bool told[KEY_CNT];   /* as the caller has seen it */
    bool after[KEY_CNT];  /* as they were when events were lost */
};

static struct input_sim *sim(struct lk_input_device *device)
{
    return (struct input_sim *)device;
}

static int open_device(struct lk_input_device *device)
{
    int pair[2];
    if (device->fd >= 0) {
        return 0;
    }
    if (sim(device)->open_error) {
        return sim(device)->open_error;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0) {
        return -errno;
    }
    device->fd = pair[0];
    sim(device)->far = pair[1];
    memcpy(sim(device)->told, sim(device)->really, sizeof(sim(device)->told));
    return 0;
}

static void close_device(struct lk_input_device *device)
{
    lk_closep(&device->fd);
    lk_closep(&sim(device)->far);
}

static int next_event(struct lk_input_device *device, struct lk_input_event *ret_event)
{
    struct lk_input_event event;
    if (device->fd < 0) {
        return -EBADF;
    }
    ssize_t n = recv(device->fd, &event, sizeof(event), 0);
    if (n <= 0) {
        return n == 0 || errno == ECONNRESET ? -ENODEV : -errno;
    }
    if (event.kind == LK_INPUT_LOST) {
        memcpy(sim(device)->told, sim(device)->after, sizeof(sim(device)->told));
    } else {
        sim(device)->told[event.code] = event.kind != LK_INPUT_UP;
    }
    *ret_event = event;
    return 0;
}

static bool is_held(const struct lk_input_device *device, uint16_t code)
{
    return device->fd >= 0 && code < KEY_CNT && ((const struct input_sim *)device)->told[code];
}

static void destroy(struct lk_input_device *device)
{
    close_device(device);
    free(device);
}

static const struct lk_input_device_ops ops = {
    .name = "sim",
    .open = open_device,
    .close = close_device,
    .next = next_event,
    .held = is_held,
    .destroy = destroy,
};

int lk_input_sim_create(struct lk_input_device **ret_device)
{
    struct input_sim *self = calloc(1, sizeof(*self));
    if (!self) {
        return -ENOMEM;
    }
    self->base.ops = &ops;
    self->base.fd = -1;
    self->far = -1;
    *ret_device = &self->base;
    return 0;
}

static int send_event(struct input_sim *self, const struct lk_input_event *event)
{
    if (self->far < 0) {
        return -ENODEV;
    }
    ssize_t n = send(self->far, event, sizeof(*event), MSG_NOSIGNAL);
    return n >= 0 ? 0 : errno == EPIPE || errno == ECONNRESET ? -ENODEV : -EAGAIN;
}

int lk_input_sim_key(struct lk_input_device *device, enum lk_input_event_kind kind, uint16_t code)
{
    if (kind == LK_INPUT_LOST || code >= KEY_CNT) {
        return -EINVAL;
    }
    sim(device)->really[code] = kind != LK_INPUT_UP;
    return send_event(sim(device), &(struct lk_input_event){.kind = kind, .code = code});
}

int lk_input_sim_lose(struct lk_input_device *device)
{
    struct lk_input_event lost;
    while (device->fd >= 0 && recv(device->fd, &lost, sizeof(lost), 0) > 0) {
        /* gone */
    }
    memcpy(sim(device)->after, sim(device)->really, sizeof(sim(device)->after));
    return send_event(sim(device), &(struct lk_input_event){.kind = LK_INPUT_LOST});
}

void lk_input_sim_unplug(struct lk_input_device *device, int open_error)
{
    lk_closep(&sim(device)->far);
    sim(device)->open_error = open_error;
    memset(sim(device)->really, 0, sizeof(sim(device)->really));
}
