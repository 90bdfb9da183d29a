#include "loop.h"

#include "base/cleanup.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

/* Timer wake-ups were seen up to 60 us late on an idle virtual machine. */
#define SPIN_NS (100 * INT64_C(1000))
#define S_NS    INT64_C(1000000000)

int64_t lk_cab_now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * S_NS + t.tv_nsec;
}

static void timer_ready(void *arg, uint32_t events)
{
    (void)arg, (void)events;
}

static struct lk_cab_source timer_source = {.fd = -1, .ready = timer_ready};

int lk_cab_loop_init(struct lk_cab_loop *ret_loop)
{
    LK_CLEANUP(lk_closep) int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    LK_CLEANUP(lk_closep) int timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (epoll_fd < 0 || timer_fd < 0) {
        return -errno;
    }
    /* edge-triggered, so that the expiration count need not be read */
    struct epoll_event ev = {.events = EPOLLIN | EPOLLET, .data.ptr = &timer_source};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, timer_fd, &ev) < 0) {
        return -errno;
    }
    (void)prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
    *ret_loop = (struct lk_cab_loop){lk_steal_fd(&epoll_fd), lk_steal_fd(&timer_fd), INT64_MAX};
    return 0;
}

void lk_cab_loop_free(struct lk_cab_loop *loop)
{
    lk_closep(&loop->epoll_fd);
    lk_closep(&loop->timer_fd);
}

static int control(struct lk_cab_loop *loop, int op, struct lk_cab_source *s, uint32_t events)
{
    struct epoll_event ev = {.events = events, .data.ptr = s};
    return epoll_ctl(loop->epoll_fd, op, s->fd, &ev) < 0 ? -errno : 0;
}

int lk_cab_loop_add(struct lk_cab_loop *loop, struct lk_cab_source *s, uint32_t events)
{
    return control(loop, EPOLL_CTL_ADD, s, events);
}

int lk_cab_loop_change(struct lk_cab_loop *loop, struct lk_cab_source *s, uint32_t events)
{
    return control(loop, EPOLL_CTL_MOD, s, events);
}

void lk_cab_loop_remove(struct lk_cab_loop *loop, struct lk_cab_source *s)
{
    (void)control(loop, EPOLL_CTL_DEL, s, 0);
}

static void arm(struct lk_cab_loop *loop, int64_t at_ns)
{
    if (at_ns == loop->armed_ns) {
        return;
    }
    loop->armed_ns = at_ns;
    struct itimerspec t = {0};
    if (at_ns != INT64_MAX) {
        at_ns = at_ns > 1 ? at_ns : 1; /* zero would disarm it */
        t.it_value = (struct timespec){.tv_sec = at_ns / S_NS, .tv_nsec = at_ns % S_NS};
    }
    (void)timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &t, NULL);
}

/* One event at a time, as a source may remove others. 1 when something was called, 0 or negative errno. */
static int take_one(struct lk_cab_loop *loop, int timeout_ms)
{
    struct epoll_event ev;
    int n = epoll_wait(loop->epoll_fd, &ev, 1, timeout_ms);
    if (n < 0) {
        return errno == EINTR ? 0 : -errno;
    }
    if (n == 0) {
        return 0;
    }
    struct lk_cab_source *s = ev.data.ptr;
    if (s == &timer_source) {
        loop->armed_ns = INT64_MIN;
    }
    s->ready(s->arg, ev.events);
    return s != &timer_source;
}

int lk_cab_loop_wait(struct lk_cab_loop *loop, int64_t precise_ns, int64_t coarse_ns)
{
    int64_t wake_ns = precise_ns == INT64_MAX ? INT64_MAX : precise_ns - SPIN_NS;
    wake_ns = coarse_ns < wake_ns ? coarse_ns : wake_ns;
    int64_t now_ns = lk_cab_now();
    int r = 0;
    if (now_ns < wake_ns) {
        arm(loop, wake_ns);
        r = take_one(loop, -1);
        now_ns = lk_cab_now();
    }
    while (r == 0 && precise_ns - SPIN_NS <= now_ns && now_ns < precise_ns && now_ns < coarse_ns) {
        r = take_one(loop, 0);
        now_ns = lk_cab_now();
    }
    if (r == 0 && now_ns >= wake_ns) {
        r = take_one(loop, 0);
    }
    return r < 0 ? r : 0;
}
