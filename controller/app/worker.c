#include "worker.h"

#include "base/ring.h"

#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { JOBS = 16 };

struct lk_worker {
    pthread_t thread;
    struct lk_ring *waiting, *finished;
    struct event *wake;
    atomic_bool stop;
    unsigned under_way; /* owner's count: never more than the finished ring holds */
};

static void *work(void *arg)
{
    struct lk_worker *w = arg;
    struct lk_job job;
    while (!atomic_load(&w->stop)) {
        struct pollfd p = {.fd = lk_ring_fd(w->waiting), .events = POLLIN};
        (void)poll(&p, 1, 1000);
        lk_ring_clear(w->waiting);
        while (!atomic_load(&w->stop) && lk_ring_pop(w->waiting, &job)) {
            job.run(job.arg);
            (void)lk_ring_push(w->finished, &job);
        }
    }
    return NULL;
}

static void finish_all(struct lk_worker *w, struct lk_ring *ring)
{
    struct lk_job job;
    lk_ring_clear(ring);
    while (lk_ring_pop(ring, &job)) {
        w->under_way--;
        job.done(job.arg);
    }
}

static void on_wake(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct lk_worker *w = user;
    finish_all(w, w->finished);
}

int lk_worker_create(struct event_base *base, struct lk_worker **ret_worker)
{
    struct lk_worker *w = calloc(1, sizeof(*w));
    if (!w) {
        return -ENOMEM;
    }
    int r = lk_ring_create(JOBS, sizeof(struct lk_job), &w->waiting);
    if (r == 0) {
        r = lk_ring_create(JOBS, sizeof(struct lk_job), &w->finished);
    }
    if (r == 0) {
        w->wake = event_new(base, lk_ring_fd(w->finished), EV_READ | EV_PERSIST, on_wake, w);
        r = w->wake && event_add(w->wake, NULL) == 0 ? 0 : -ENOMEM;
    }
    if (r == 0) {
        r = -pthread_create(&w->thread, NULL, work, w);
    }
    if (r < 0) {
        if (w->wake) {
            event_free(w->wake);
        }
        (void)lk_ring_destroy(w->finished);
        (void)lk_ring_destroy(w->waiting);
        free(w);
        return r;
    }
    *ret_worker = w;
    return 0;
}

static void nothing(void *arg)
{
    (void)arg;
}

struct lk_worker *lk_worker_destroy(struct lk_worker *w)
{
    if (!w) {
        return NULL;
    }
    atomic_store(&w->stop, true);
    /* Wakes it at once; a ring with no room for this has woken it already. */
    (void)lk_ring_push(w->waiting, &(struct lk_job){.run = nothing, .done = nothing});
    (void)pthread_join(w->thread, NULL);
    finish_all(w, w->finished);
    finish_all(w, w->waiting);
    event_free(w->wake);
    (void)lk_ring_destroy(w->finished);
    (void)lk_ring_destroy(w->waiting);
    free(w);
    return NULL;
}

int lk_worker_give(struct lk_worker *w, const struct lk_job *job)
{
    if (w->under_way == JOBS) {
        return -EAGAIN;
    }
    int r = lk_ring_push(w->waiting, job);
    w->under_way += r == 0;
    return r;
}
