#include "pty.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

/* The kernel may tell two openings at once as one. Whoever still sends this long after the last known close has the
 * port open; what comes sooner was written before the close. */
#define LAST_WORDS_NS (200 * INT64_C(1000000))

void lk_cab_pty_init(struct lk_cab_pty *p, struct lk_cab_loop *loop, const char *link,
                     const struct lk_cab_pty_handler *handler)
{
    *p = (struct lk_cab_pty){.loop = loop, .handler = *handler, .link = link, .slave_fd = -1, .watch_fd = -1};
    p->master.fd = p->watch.fd = -1;
}

bool lk_cab_pty_plugged(const struct lk_cab_pty *p)
{
    return p->master.fd >= 0;
}

static void master_ready(void *arg, uint32_t events)
{
    struct lk_cab_pty *p = arg;
    uint8_t bytes[512];
    (void)events;
    ssize_t n = read(p->master.fd, bytes, sizeof bytes);
    if (n > 0) {
        if (p->openers == 0 && lk_cab_now() - p->closed_at_ns > LAST_WORDS_NS) {
            p->openers = 1;
        }
        p->handler.bytes(p->handler.arg, bytes, (size_t)n);
    }
}

static void port_opened(struct lk_cab_pty *p, bool open)
{
    p->openers += open ? 1u : 0u;
    p->openers -= !open && p->openers > 0 ? 1u : 0u;
    if (p->openers == 0) {
        p->closed_at_ns = lk_cab_now();
        (void)ioctl(p->slave_fd, TIOCNXCL);
        master_ready(p, EPOLLIN);             /* its last words, when the close was told first, */
        (void)tcflush(p->slave_fd, TCIFLUSH); /* and nothing of what it did not read */
    }
    p->handler.opened(p->handler.arg, p->openers > 0);
}

static void watch_ready(void *arg, uint32_t events)
{
    struct lk_cab_pty *p = arg;
    _Alignas(struct inotify_event) char buf[1024];
    (void)events;
    ssize_t n = read(p->watch_fd, buf, sizeof buf);
    for (ssize_t at = 0; n > 0 && at < n;) {
        const struct inotify_event *e = (const struct inotify_event *)(buf + at);
        port_opened(p, (e->mask & IN_OPEN) != 0);
        at += (ssize_t)(sizeof *e + e->len);
    }
}

static int open_raw_slave(const char *device)
{
    LK_CLEANUP(lk_closep) int fd = open(device, O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios t;
    if (fd < 0 || tcgetattr(fd, &t) < 0) {
        return -errno;
    }
    cfmakeraw(&t);
    return tcsetattr(fd, TCSANOW, &t) < 0 ? -errno : lk_steal_fd(&fd);
}

/* By rename, so that there is never a moment with half a link. */
static int point_link(const char *link, const char *device)
{
    char temporary[4096];
    struct stat st;
    if (lstat(link, &st) == 0 && !S_ISLNK(st.st_mode)) {
        return -EEXIST;
    }
    int n = snprintf(temporary, sizeof temporary, "%s.%d", link, (int)getpid());
    if (n < 0 || (size_t)n >= sizeof temporary) {
        return -ENAMETOOLONG;
    }
    (void)unlink(temporary);
    if (symlink(device, temporary) < 0) {
        return -errno;
    }
    return rename(temporary, link) < 0 ? -errno : 0;
}

static int watch_port(struct lk_cab_pty *p)
{
    p->watch_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (p->watch_fd < 0 || inotify_add_watch(p->watch_fd, p->device, IN_OPEN | IN_CLOSE) < 0) {
        return -errno;
    }
    p->watch = (struct lk_cab_source){p->watch_fd, watch_ready, p};
    return lk_cab_loop_add(p->loop, &p->watch, EPOLLIN);
}

static int plug(struct lk_cab_pty *p)
{
    int fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    p->master = (struct lk_cab_source){fd, master_ready, p};
    if (fd < 0 || grantpt(fd) < 0 || unlockpt(fd) < 0 || ptsname_r(fd, p->device, sizeof p->device) != 0) {
        return -errno;
    }
    p->slave_fd = open_raw_slave(p->device);
    if (p->slave_fd < 0) {
        return p->slave_fd;
    }
    int r = watch_port(p);
    r = r < 0 ? r : lk_cab_loop_add(p->loop, &p->master, EPOLLIN);
    return r < 0 ? r : point_link(p->link, p->device);
}

static void release(struct lk_cab_pty *p)
{
    if (p->watch.fd >= 0) {
        lk_cab_loop_remove(p->loop, &p->watch);
    }
    if (p->master.fd >= 0) {
        lk_cab_loop_remove(p->loop, &p->master);
    }
    p->watch.fd = -1;
    lk_closep(&p->watch_fd);
    lk_closep(&p->slave_fd);
    lk_closep(&p->master.fd);
    p->openers = 0;
    p->device[0] = '\0';
}

int lk_cab_pty_plug(struct lk_cab_pty *p)
{
    if (lk_cab_pty_plugged(p)) {
        return -EALREADY;
    }
    int r = plug(p);
    if (r < 0) {
        release(p);
    }
    return r;
}

void lk_cab_pty_unplug(struct lk_cab_pty *p)
{
    char target[64] = "";
    if (!lk_cab_pty_plugged(p)) {
        return;
    }
    ssize_t n = readlink(p->link, target, sizeof target - 1);
    if (n > 0 && strcmp(target, p->device) == 0) {
        (void)unlink(p->link);
    }
    release(p);
}

void lk_cab_pty_write(struct lk_cab_pty *p, const uint8_t *bytes, size_t n)
{
    if (lk_cab_pty_plugged(p) && p->openers > 0) {
        ssize_t written = write(p->master.fd, bytes, n);
        (void)written;
    }
}

unsigned lk_cab_pty_baud(const struct lk_cab_pty *p)
{
    static const struct {
        speed_t speed;
        unsigned baud;
    } rows[] = {{B1200, 1200},   {B2400, 2400},   {B4800, 4800},     {B9600, 9600},    {B19200, 19200},
                {B38400, 38400}, {B57600, 57600}, {B115200, 115200}, {B230400, 230400}};
    struct termios t;
    if (p->slave_fd < 0 || tcgetattr(p->slave_fd, &t) < 0) {
        return 0;
    }
    for (size_t i = 0; i < LK_ARRAY_SIZE(rows); i++) {
        if (rows[i].speed == cfgetospeed(&t)) {
            return rows[i].baud;
        }
    }
    return 0;
}
