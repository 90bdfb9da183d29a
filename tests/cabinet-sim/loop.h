/*
 * One epoll loop with one deadline, on time to some microseconds: a timerfd wakes it shortly before a deadline that
 * matters, and the rest is spent polling. Idle it sleeps. Thread: one. Blocking: lk_cab_loop_wait() only.
 */
#ifndef LK_CAB_LOOP_H
#define LK_CAB_LOOP_H

#include <stdbool.h>
#include <stdint.h>

/* Something with a descriptor; embedded in its owner, alive until removed. */
struct lk_cab_source {
    int fd;
    void (*ready)(void *arg, uint32_t events);
    void *arg;
};

struct lk_cab_loop {
    int epoll_fd, timer_fd;
    int64_t armed_ns;
};

/* Also sets the thread's timer slack to 1 ns. 0 or negative errno. */
int lk_cab_loop_init(struct lk_cab_loop *ret_loop);
void lk_cab_loop_free(struct lk_cab_loop *loop);

/* events as for epoll_ctl(2). 0 or negative errno. */
int lk_cab_loop_add(struct lk_cab_loop *loop, struct lk_cab_source *s, uint32_t events);
int lk_cab_loop_change(struct lk_cab_loop *loop, struct lk_cab_source *s, uint32_t events);
void lk_cab_loop_remove(struct lk_cab_loop *loop, struct lk_cab_source *s);

/* Waits until one source is ready and calls it, or until a deadline (INT64_MAX = none). precise_ns is met to a few
 * microseconds at the price of a short spin, coarse_ns by the timer alone. 0 or negative errno. */
int lk_cab_loop_wait(struct lk_cab_loop *loop, int64_t precise_ns, int64_t coarse_ns);

/* CLOCK_MONOTONIC. The only clock in the program. */
int64_t lk_cab_now(void);

#endif
