/*
 * What a guard is and is not (hal/linux/gpio_guard.h); its owner here is the test itself, and "off" a byte in a pipe.
 * What it is worth when its owner dies is in tests/contract/gpio_guard_contract.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "gpio_guard.h"

/* LATE_MS: what a busy machine may add before a process runs that has something to do. */
enum { NS_PER_MS = 1000000, LATE_MS = 400, SOON_MS = 3000 };

static int64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t now_ms(void)
{
    return now_ns() / NS_PER_MS;
}

static void pass_ms(int ms)
{
    (void)poll(NULL, 0, ms);
}

struct lines {
    int fd; /* keep */
    int pipe[2];
};

static int off_by_pipe(void *user, uint64_t lines)
{
    struct lines *l = user;
    char c = (char)lines;
    return write(l->pipe[1], &c, 1) == 1 && fcntl(l->fd, F_GETFD) >= 0 ? 0 : -errno;
}

static struct lk_gpio_guard start_guard(struct lines *l, unsigned ceiling_ms)
{
    struct lk_gpio_guard g;
    assert_int_equal(pipe2(l->pipe, O_CLOEXEC), 0);
    l->fd = dup(l->pipe[0]);
    int keep[] = {l->pipe[1], l->fd};
    struct lk_gpio_guard_duty duty = {
        .off = off_by_pipe, .user = l, .lines = 5, .ceiling_ms = ceiling_ms, .keep = keep, .keep_n = 2};
    assert_int_equal(lk_gpio_guard_start(&g, &duty), 0);
    assert_int_equal(fcntl(l->pipe[0], F_SETFL, O_NONBLOCK), 0);
    return g;
}

static void drop_lines(struct lines *l)
{
    close(l->fd);
    close(l->pipe[0]);
    close(l->pipe[1]);
}

/* The lines of the next switching off, or -1 when there is none within ms. */
static int next_off(const struct lines *l, int ms)
{
    struct pollfd p = {.fd = l->pipe[0], .events = POLLIN};
    char c;
    return poll(&p, 1, ms) > 0 && read(l->pipe[0], &c, 1) == 1 ? c : -1;
}

static int await_answer(struct lk_gpio_guard *g, unsigned line)
{
    struct pollfd p = {.fd = g->fd, .events = POLLIN};
    (void)poll(&p, 1, SOON_MS);
    lk_gpio_guard_hear(g);
    return lk_gpio_guard_permitted(g, line, now_ns());
}

static void a_guard_survives_signals_and_ends_with_its_owner(void **state)
{
    (void)state;
    struct lines l;
    struct lk_gpio_guard g = start_guard(&l, SOON_MS);
    assert_int_equal(lk_gpio_guard_ask(&g, 2, now_ns() + INT64_C(1000) * NS_PER_MS, now_ns()), 0);
    assert_int_equal(await_answer(&g, 2), 1); /* it runs */
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE, SIGALRM, SIGUSR1, SIGTSTP};
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        assert_int_equal(kill(g.pid, signals[i]), 0);
    }
    assert_int_equal(next_off(&l, SOON_MS), 4); /* it still does its work */
    lk_gpio_guard_give_back(&g, 4);
    assert_int_equal(next_off(&l, SOON_MS), 4); /* and insisted until then */
    assert_int_equal(shutdown(g.fd, 1), 0);     /* what it sees when its owner dies */
    int off = 4;
    while (off == 4) {
        off = next_off(&l, SOON_MS);
    }
    assert_int_equal(off, 5);
    assert_int_equal(waitpid(g.pid, NULL, 0), g.pid);
    close(g.fd);
    close(g.pidfd);
    drop_lines(&l);
}

static void a_killed_guard_gives_no_permission(void **state)
{
    (void)state;
    struct lines l;
    struct lk_gpio_guard g = start_guard(&l, SOON_MS);
    assert_int_equal(lk_gpio_guard_ask(&g, 0, now_ns() + INT64_C(2000) * NS_PER_MS, now_ns()), 0);
    assert_int_equal(await_answer(&g, 0), 1);
    assert_int_equal(kill(g.pid, SIGKILL), 0);
    assert_int_equal(await_answer(&g, 0), -EOWNERDEAD);
    assert_int_equal(lk_gpio_guard_ask(&g, 2, now_ns() + INT64_C(2000) * NS_PER_MS, now_ns()), -EOWNERDEAD);
    lk_gpio_guard_stop(&g);
    assert_int_equal(g.fd, -1);
    drop_lines(&l);
}

static void a_guard_refuses_what_is_not_its_own(void **state)
{
    (void)state;
    struct lines l;
    struct lk_gpio_guard g = start_guard(&l, SOON_MS);
    assert_int_equal(lk_gpio_guard_ask(&g, 1, now_ns() + INT64_C(2000) * NS_PER_MS, now_ns()),
                     0); /* line 1 is not among 5 */
    assert_int_equal(await_answer(&g, 1), -EOWNERDEAD);
    lk_gpio_guard_stop(&g);
    drop_lines(&l);
}

static void law_9_the_ceiling_is_the_guards_own(void **state)
{
    (void)state;
    struct lines l;
    struct lk_gpio_guard g = start_guard(&l, 300);
    int64_t asked_ms = now_ms(), hour_ns = INT64_C(3600000000000);
    g.ceiling_ms = 3600000; /* an owner that has lost its mind asks for an hour */
    assert_int_equal(lk_gpio_guard_ask(&g, 0, now_ns() + hour_ns / 2, now_ns()), 0);
    assert_int_equal(await_answer(&g, 0), 1);
    assert_int_equal(next_off(&l, SOON_MS), 1);
    assert_in_range(now_ms() - asked_ms, 299, 300 + LATE_MS);
    lk_gpio_guard_stop(&g);
    drop_lines(&l);
}

static void a_stopped_guard_does_not_hold_up_the_end(void **state)
{
    (void)state;
    struct lines l;
    struct lk_gpio_guard g = start_guard(&l, SOON_MS);
    assert_int_equal(kill(g.pid, SIGSTOP), 0);
    assert_int_equal(lk_gpio_guard_ask(&g, 0, now_ns() + INT64_C(2000) * NS_PER_MS, now_ns()), 0);
    pass_ms(100);
    lk_gpio_guard_hear(&g);
    assert_int_equal(lk_gpio_guard_permitted(&g, 0, now_ns()), 0); /* no answer, no permission */
    int64_t before_ms = now_ms();
    lk_gpio_guard_stop(&g);
    assert_in_range(now_ms() - before_ms, 0, LATE_MS);
    drop_lines(&l);
}

/* The descriptors of a process as counted by the kernel. */
static unsigned descriptors_of(pid_t pid)
{
    char path[64];
    unsigned n = 0;
    (void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    DIR *d = opendir(path);
    assert_non_null(d);
    for (struct dirent *e = readdir(d); e; e = readdir(d)) {
        n += e->d_name[0] != '.';
    }
    closedir(d);
    return n;
}

static void a_guard_holds_nothing_of_its_owners(void **state)
{
    (void)state;
    char path[] = "/tmp/lk-guard-XXXXXX";
    int locked = mkstemp(path), strange[2];
    assert_true(locked >= 0);
    assert_int_equal(flock(locked, LOCK_EX), 0);
    assert_int_equal(pipe2(strange, 0), 0);
    struct lines l, l2;
    struct lk_gpio_guard g = start_guard(&l, SOON_MS), g2 = start_guard(&l2, SOON_MS);
    assert_int_equal(lk_gpio_guard_ask(&g, 0, now_ns() + INT64_C(2000) * NS_PER_MS, now_ns()), 0);
    assert_int_equal(await_answer(&g, 0), 1);
    assert_int_equal(lk_gpio_guard_ask(&g2, 0, now_ns() + INT64_C(2000) * NS_PER_MS, now_ns()), 0);
    assert_int_equal(await_answer(&g2, 0), 1);
    assert_int_equal(descriptors_of(g.pid), 3); /* its socket and the two it was told to keep */
    assert_int_equal(descriptors_of(g2.pid), 3);
    close(locked);
    locked = open(path, O_RDWR | O_CLOEXEC);
    assert_int_equal(flock(locked, LOCK_EX | LOCK_NB), 0); /* a lock ends with its owner's descriptor */
    close(strange[1]);
    char c;
    assert_int_equal(read(strange[0], &c, 1), 0);
    close(strange[0]);
    lk_gpio_guard_stop(&g2);
    assert_int_equal(kill(g.pid, 0), 0); /* the other one's end is not its own */
    lk_gpio_guard_stop(&g);
    drop_lines(&l);
    drop_lines(&l2);
    close(locked);
    (void)unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_guard_survives_signals_and_ends_with_its_owner),
        cmocka_unit_test(a_killed_guard_gives_no_permission),
        cmocka_unit_test(a_guard_refuses_what_is_not_its_own),
        cmocka_unit_test(law_9_the_ceiling_is_the_guards_own),
        cmocka_unit_test(a_stopped_guard_does_not_hold_up_the_end),
        cmocka_unit_test(a_guard_holds_nothing_of_its_owners),
    };
    return cmocka_run_group_tests_name("gpio guard", tests, NULL, NULL);
}
