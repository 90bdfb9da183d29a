/* base/ring.h */
#include "base/ring.h"

#include "check.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>

enum { WRITERS = 3, RECORDS = 5000 };

static int is_readable(const struct lk_ring *ring)
{
    struct pollfd p = {.fd = lk_ring_fd(ring), .events = POLLIN};
    return poll(&p, 1, 0) == 1;
}

CASE(first_in_first_out_and_bounded)
{
    struct lk_ring *ring = NULL;
    int out = 0;
    CHECK_INT(lk_ring_create(3, sizeof(int), &ring), 0);
    CHECK(!lk_ring_pop(ring, &out));
    for (int round = 0; round < 5; round++) {
        for (int i = 1; i <= 3; i++) {
            CHECK_INT(lk_ring_push(ring, &i), 0);
        }
        int more = 4;
        CHECK_INT(lk_ring_push(ring, &more), -EAGAIN);
        CHECK_INT(lk_ring_count(ring), 3);
        for (int i = 1; i <= 3; i++) {
            CHECK(lk_ring_pop(ring, &out));
            CHECK_INT(out, i);
        }
        CHECK(!lk_ring_pop(ring, &out));
    }
    CHECK(lk_ring_destroy(ring) == NULL);
    CHECK(lk_ring_destroy(NULL) == NULL);
}

CASE(the_descriptor_wakes_the_reader)
{
    struct lk_ring *ring = NULL;
    int record = 1;
    CHECK_INT(lk_ring_create(2, sizeof(int), &ring), 0);
    CHECK(!is_readable(ring));
    CHECK_INT(lk_ring_push(ring, &record), 0);
    CHECK_INT(lk_ring_push(ring, &record), 0);
    CHECK(is_readable(ring));
    lk_ring_clear(ring);
    CHECK(!is_readable(ring));
    CHECK_INT(lk_ring_count(ring), 2);
    (void)lk_ring_destroy(ring);
}

CASE(nonsense_is_refused)
{
    struct lk_ring *ring = NULL;
    CHECK_INT(lk_ring_create(0, 4, &ring), -EINVAL);
    CHECK_INT(lk_ring_create(65537, 4, &ring), -EINVAL);
    CHECK_INT(lk_ring_create(4, 0, &ring), -EINVAL);
    CHECK(ring == NULL);
}

struct record {
    int writer, number;
};

static struct lk_ring *shared;

static void *write_all(void *user)
{
    for (int i = 0; i < RECORDS; i++) {
        struct record r = {.writer = *(int *)user, .number = i};
        while (lk_ring_push(shared, &r) == -EAGAIN) {
            (void)sched_yield();
        }
    }
    return NULL;
}

CASE(many_writers_lose_nothing_and_keep_their_order)
{
    pthread_t threads[WRITERS];
    int ids[WRITERS], next[WRITERS] = {0}, got = 0;
    CHECK_INT(lk_ring_create(16, sizeof(struct record), &shared), 0);
    for (int i = 0; i < WRITERS; i++) {
        ids[i] = i;
        CHECK_INT(pthread_create(&threads[i], NULL, write_all, &ids[i]), 0);
    }
    while (got < WRITERS * RECORDS) {
        struct record r;
        struct pollfd p = {.fd = lk_ring_fd(shared), .events = POLLIN};
        CHECK_INT(poll(&p, 1, 10000), 1);
        lk_ring_clear(shared);
        while (lk_ring_pop(shared, &r)) {
            CHECK_INT(r.number, next[r.writer]);
            next[r.writer]++;
            got++;
        }
    }
    for (int i = 0; i < WRITERS; i++) {
        CHECK_INT(pthread_join(threads[i], NULL), 0);
    }
    (void)lk_ring_destroy(shared);
}

int main(int argc, char **argv)
{
    static const struct check_case cases[] = {
        NAMED(first_in_first_out_and_bounded),
        NAMED(the_descriptor_wakes_the_reader),
        NAMED(nonsense_is_refused),
        NAMED(many_writers_lose_nothing_and_keep_their_order),
    };
    return check_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
