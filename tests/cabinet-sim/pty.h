/*
 * The plug of an RTU line: a pseudo terminal whose slave end stands at a fixed path, as /dev/serial/by-id does for a
 * USB adapter. Bytes in, bytes out, pulled and plugged in again. The slave is kept open and raw; when the other program
 * closes it, TIOCEXCL and unread bytes are dropped as the last close of a real port would drop them.
 * Thread: the loop's. Blocking: never.
 */
#ifndef LK_CAB_PTY_H
#define LK_CAB_PTY_H

#include "loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lk_cab_pty_handler {
    void (*bytes)(void *arg, const uint8_t *bytes, size_t n);
    void (*opened)(void *arg, bool open); /* another program opened or closed the port */
    void *arg;
};

struct lk_cab_pty {
    struct lk_cab_loop *loop;
    struct lk_cab_pty_handler handler;
    const char *link;
    char device[64];
    int slave_fd, watch_fd;
    unsigned openers;
    int64_t closed_at_ns;
    struct lk_cab_source master, watch;
};

/* Sets up without plugging in. link must stay valid. */
void lk_cab_pty_init(struct lk_cab_pty *p, struct lk_cab_loop *loop, const char *link,
                     const struct lk_cab_pty_handler *handler);

/* Makes a new terminal and points the link at it. 0; -EEXIST something that is no symbolic link is in the way;
 * -EALREADY; or another negative errno. */
int lk_cab_pty_plug(struct lk_cab_pty *p);

/* Hangs up whoever has it open and removes the link. Unplugged is fine. */
void lk_cab_pty_unplug(struct lk_cab_pty *p);

bool lk_cab_pty_plugged(const struct lk_cab_pty *p);

/* Sends towards the other program; lost when nobody listens or the buffer is full. */
void lk_cab_pty_write(struct lk_cab_pty *p, const uint8_t *bytes, size_t n);

/* Speed the other program has set, 0 = unknown. */
unsigned lk_cab_pty_baud(const struct lk_cab_pty *p);

#endif
