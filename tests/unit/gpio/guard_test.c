/*
 * The guard as a real process. An "owner" is forked, opens guarded lines of a chip made of shared memory through the
 * real request (hal/linux/gpio_linux.c, gpio_guard.c), switches a lock on, and is then killed, stopped or left alone;
 * the test looks at the wire.
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
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "gpio_fake_chip.h"
#include "gpio_guard.h"
#include "hal/gpio_linux.h"

/* LATE_MS: what a busy machine may add before a process runs that has something to do. */
enum { NS_PER_MS = 1000000, LATE_MS = 250, SOON_MS = 3000, LONG_MS = 2000 };

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

/* When the wire of line 0 goes off, in ms from from_ms; -1: not within within_ms. */
static int64_t off_after_ms(int64_t from_ms, int64_t within_ms)
{
    while (fake_chip_wire(0)) {
        if (now_ms() - from_ms > within_ms) {
            return -1;
        }
        pass_ms(1);
    }
    return now_ms() - from_ms;
}

/* --- owners: what runs in the forked process */

struct owner {
    pid_t pid;
    int in;           /* it says what it did; end of file when nobody has the other end any more */
    int64_t until_ms; /* of the permission it told us */
};

static struct lk_gpio *open_lines(unsigned ceiling_ms)
{
    struct lk_gpio_config c = {
        .chip = "gpiofake",
        .consumer = "guard-test",
        .ceiling_ms = ceiling_ms,
        .lines_n = 2,
        .lines = {{.name = "W00", .direction = LK_GPIO_OUT}, {.name = "W01", .direction = LK_GPIO_OUT}}};
    struct lk_gpio *gpio = NULL;
    if (lk_gpio_linux_create(&c, &gpio) != 0 || lk_gpio_open(gpio) != 0) {
        abort();
    }
    return gpio;
}

static void await_permission(struct lk_gpio *gpio)
{
    struct lk_gpio_event e;
    for (int i = 0; i < SOON_MS && lk_gpio_permitted(gpio, 0) == 0; i++) {
        struct pollfd p = {.fd = lk_gpio_fd(gpio), .events = POLLIN};
        (void)poll(&p, 1, 1);
        (void)lk_gpio_take(gpio, &e, 1);
    }
    if (lk_gpio_permitted(gpio, 0) != 1) {
        abort();
    }
}

static struct lk_gpio *switch_on(int64_t until_ns, unsigned ceiling_ms)
{
    struct lk_gpio *gpio = open_lines(ceiling_ms);
    if (lk_gpio_permit(gpio, 0, until_ns) != 0) {
        abort();
    }
    await_permission(gpio);
    if (lk_gpio_write(gpio, 1, 1) != 0) {
        abort();
    }
    return gpio;
}

static void say(int out, int64_t value)
{
    if (write(out, &value, sizeof(value)) != (ssize_t)sizeof(value)) {
        abort();
    }
}

/* Switches on with a permission of `ms`, says until when, and does nothing any more. */
static void holds_on(int out, int64_t ms)
{
    int64_t until_ns = now_ns() + ms * NS_PER_MS;
    (void)switch_on(until_ns, (unsigned)ms);
    say(out, until_ns / NS_PER_MS);
    for (;;) {
        (void)pause();
    }
}

/* Looked at its permission in time, was stopped, and switches on long after it ended. */
static void switches_on_too_late(int out, int64_t ms)
{
    int64_t until_ns = now_ns() + ms * NS_PER_MS;
    struct lk_gpio *gpio = open_lines((unsigned)ms);
    if (lk_gpio_permit(gpio, 0, until_ns) != 0) {
        abort();
    }
    await_permission(gpio);
    while (now_ns() < until_ns + 20 * NS_PER_MS) {
        pass_ms(1);
    }
    fake_chip_force(0, true); /* the system call that was about to be made */
    say(out, now_ms());
    for (;;) {
        (void)pause();
    }
}

/* A loop gone mad: as often on as it is allowed, never off by itself. */
static void drives_on_and_on(int out, int64_t ms)
{
    struct lk_gpio *gpio = open_lines((unsigned)ms);
    struct lk_gpio_event e;
    say(out, now_ms());
    for (;;) {
        (void)lk_gpio_permit(gpio, 0, now_ns() + ms * NS_PER_MS);
        (void)lk_gpio_take(gpio, &e, 1);
        (void)lk_gpio_write(gpio, 1, 1);
        pass_ms(1);
    }
}

static struct owner start(void (*run)(int out, int64_t ms), int64_t ms)
{
    int pair[2];
    struct owner o = {0};
    fake_chip_make("W", 8);
    assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
    o.pid = fork();
    assert_true(o.pid >= 0);
    if (o.pid == 0) {
        close(pair[0]);
        run(pair[1], ms);
        _exit(0);
    }
    close(pair[1]);
    o.in = pair[0];
    assert_int_equal(read(o.in, &o.until_ms, sizeof(o.until_ms)), (ssize_t)sizeof(o.until_ms));
    return o;
}

static void finish(struct owner *o)
{
    (void)kill(o->pid, SIGKILL);
    assert_int_equal(waitpid(o->pid, NULL, 0), o->pid);
    close(o->in);
}

/* --- death */

static void law_9_a_killed_owner_is_off_at_once(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        struct owner o = start(holds_on, LONG_MS);
        assert_true(fake_chip_wire(0));
        int64_t killed_ms = now_ms();
        finish(&o);
        int64_t after_ms = off_after_ms(killed_ms, SOON_MS);
        assert_in_range(after_ms, 0, LATE_MS);
        assert_true(killed_ms + after_ms < o.until_ms); /* long before the ceiling */
    }
}

static void law_9_a_stopped_owner_is_off_at_the_ceiling(void **state)
{
    (void)state;
    struct owner o = start(holds_on, 400);
    assert_int_equal(kill(o.pid, SIGSTOP), 0);
    int64_t late_ms = off_after_ms(o.until_ms, SOON_MS);
    assert_true(late_ms >= -1 && late_ms <= LATE_MS);
    pass_ms(100);
    assert_false(fake_chip_wire(0));
    finish(&o);
}

static void law_9_not_before_the_ceiling(void **state)
{
    (void)state;
    struct owner o = start(holds_on, 600);
    while (now_ms() < o.until_ms - 100) {
        assert_true(fake_chip_wire(0));
        pass_ms(5);
    }
    assert_true(off_after_ms(o.until_ms, SOON_MS) <= LATE_MS);
    finish(&o);
}

static void law_9_an_owner_that_is_killed_while_stopped(void **state)
{
    (void)state;
    struct owner o = start(holds_on, LONG_MS);
    assert_int_equal(kill(o.pid, SIGSTOP), 0);
    pass_ms(20);
    assert_true(fake_chip_wire(0));
    int64_t killed_ms = now_ms();
    finish(&o);
    assert_in_range(off_after_ms(killed_ms, SOON_MS), 0, LATE_MS);
}

static void law_9_switching_on_after_the_end_does_not_last(void **state)
{
    (void)state;
    struct owner o = start(switches_on_too_late, 150);
    int64_t after_ms = off_after_ms(o.until_ms, SOON_MS);
    assert_in_range(after_ms, 0, LK_GPIO_GUARD_INSIST_MS + LATE_MS);
    finish(&o);
}

static void law_9_a_mad_loop_gets_one_pulse(void **state)
{
    (void)state;
    struct owner o = start(drives_on_and_on, 150);
    pass_ms(150 + LATE_MS);
    for (int i = 0; i < 100; i++) { /* it never gives the line back: no second permission */
        assert_false(fake_chip_wire(0));
        pass_ms(3);
    }
    finish(&o);
}

/* --- what a guard is. Its owner here is the test itself. */

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

static struct lk_gpio_guard start_guard(struct lines *l)
{
    struct lk_gpio_guard g;
    assert_int_equal(pipe2(l->pipe, O_CLOEXEC), 0);
    l->fd = dup(l->pipe[0]);
    int keep[] = {l->pipe[1], l->fd};
    struct lk_gpio_guard_duty duty = {
        .off = off_by_pipe, .user = l, .lines = 5, .ceiling_ms = 300, .keep = keep, .keep_n = 2};
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
    struct lk_gpio_guard g = start_guard(&l);
    assert_int_equal(lk_gpio_guard_ask(&g, 2, now_ns() + 200 * NS_PER_MS, now_ns()), 0);
    assert_int_equal(await_answer(&g, 2), 1); /* it runs */
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE, SIGALRM, SIGUSR1, SIGTSTP};
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        assert_int_equal(kill(g.pid, signals[i]), 0);
    }
    assert_int_equal(next_off(&l, SOON_MS), 4); /* it still does its work */
    lk_gpio_guard_give_back(&g, 4);
    assert_int_equal(next_off(&l, SOON_MS), 4);
    while (next_off(&l, 0) >= 0) {
    }
    assert_int_equal(shutdown(g.fd, 1), 0); /* what it sees when its owner dies */
    assert_int_equal(next_off(&l, SOON_MS), 5);
    assert_int_equal(waitpid(g.pid, NULL, 0), g.pid);
    close(g.fd);
    close(g.pidfd);
    drop_lines(&l);
}

static void a_killed_guard_gives_no_permission(void **state)
{
    (void)state;
    struct lines l;
    struct lk_gpio_guard g = start_guard(&l);
    assert_int_equal(lk_gpio_guard_ask(&g, 0, now_ns() + 250 * NS_PER_MS, now_ns()), 0);
    assert_int_equal(await_answer(&g, 0), 1);
    assert_int_equal(kill(g.pid, SIGKILL), 0);
    assert_int_equal(await_answer(&g, 0), -EOWNERDEAD);
    assert_int_equal(lk_gpio_guard_ask(&g, 2, now_ns() + 100 * NS_PER_MS, now_ns()), -EOWNERDEAD);
    lk_gpio_guard_stop(&g);
    assert_int_equal(g.fd, -1);
    drop_lines(&l);
}

static void a_guard_refuses_what_is_not_its_own(void **state)
{
    (void)state;
    struct lines l;
    struct lk_gpio_guard g = start_guard(&l);
    assert_int_equal(lk_gpio_guard_ask(&g, 1, now_ns() + 100 * NS_PER_MS, now_ns()), 0); /* line 1 is not among 5 */
    assert_int_equal(await_answer(&g, 1), -EOWNERDEAD);
    lk_gpio_guard_stop(&g);
    drop_lines(&l);
}

static void law_9_the_ceiling_is_the_guards_own(void **state)
{
    (void)state;
    struct lines l;
    struct lk_gpio_guard g = start_guard(&l);
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
    struct lk_gpio_guard g = start_guard(&l);
    assert_int_equal(kill(g.pid, SIGSTOP), 0);
    assert_int_equal(lk_gpio_guard_ask(&g, 0, now_ns() + 200 * NS_PER_MS, now_ns()), 0);
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
    struct lk_gpio_guard g = start_guard(&l), g2 = start_guard(&l2);
    assert_int_equal(lk_gpio_guard_ask(&g, 0, now_ns() + 100 * NS_PER_MS, now_ns()), 0);
    assert_int_equal(await_answer(&g, 0), 1);
    assert_int_equal(lk_gpio_guard_ask(&g2, 0, now_ns() + 100 * NS_PER_MS, now_ns()), 0);
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

static void closing_leaves_no_process_behind(void **state)
{
    (void)state;
    fake_chip_make("W", 8);
    struct lk_gpio *gpio = open_lines(300);
    for (int i = 0; i < 20; i++) {
        lk_gpio_close(gpio);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
        assert_int_equal(errno, ECHILD);
        assert_int_equal(lk_gpio_open(gpio), 0);
    }
    lk_gpio_destroy(gpio);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(law_9_a_killed_owner_is_off_at_once),
        cmocka_unit_test(law_9_a_stopped_owner_is_off_at_the_ceiling),
        cmocka_unit_test(law_9_not_before_the_ceiling),
        cmocka_unit_test(law_9_an_owner_that_is_killed_while_stopped),
        cmocka_unit_test(law_9_switching_on_after_the_end_does_not_last),
        cmocka_unit_test(law_9_a_mad_loop_gets_one_pulse),
        cmocka_unit_test(a_guard_survives_signals_and_ends_with_its_owner),
        cmocka_unit_test(a_killed_guard_gives_no_permission),
        cmocka_unit_test(a_guard_refuses_what_is_not_its_own),
        cmocka_unit_test(law_9_the_ceiling_is_the_guards_own),
        cmocka_unit_test(a_stopped_guard_does_not_hold_up_the_end),
        cmocka_unit_test(a_guard_holds_nothing_of_its_owners),
        cmocka_unit_test(closing_leaves_no_process_behind),
    };
    return cmocka_run_group_tests_name("gpio guard", tests, NULL, NULL);
}
