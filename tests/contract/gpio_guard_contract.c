/*
 * The guard of guarded outputs as a real process, on real lines where the world has them. An "owner" is forked, opens
 * guarded lines, switches one on, and is then killed, stopped or left alone; the test looks at the wire.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "gpio_world.h"
#include "hal/gpio_driver.h"

enum { NS_PER_MS = 1000000, SOON_MS = 3000, LONG_MS = 2000, INSIST_MS = 50 };

static struct world *world;

static int make(void **state)
{
    (void)state;
    world = world_make();
    return 0;
}

static int end(void **state)
{
    (void)state;
    world_end(world);
    return 0;
}

/* What a busy machine may add before a process runs that has something to do. */
static int64_t late_ms(void)
{
    return world_slack_ms(world);
}

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
    while (world_wire(world, 0)) {
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
    (void)snprintf(c.chip, sizeof(c.chip), "%s", world_chip(world));
    if (world_gpio(world, &c, &gpio) != 0 || lk_gpio_open(gpio) != 0) {
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

/* With a permission of `ms`; when that ends. */
static struct lk_gpio *permitted(int64_t ms, int64_t *ret_until_ns)
{
    struct lk_gpio *gpio = open_lines((unsigned)ms);
    *ret_until_ns = now_ns() + ms * NS_PER_MS;
    if (lk_gpio_permit(gpio, 0, *ret_until_ns) != 0) {
        abort();
    }
    await_permission(gpio);
    return gpio;
}

static void say(int out, int64_t value)
{
    if (write(out, &value, sizeof(value)) != (ssize_t)sizeof(value)) {
        abort();
    }
}

/* Switches on, says until when it may, and does nothing any more. */
static void holds_on(int out, int64_t ms)
{
    int64_t until_ns;
    struct lk_gpio *gpio = permitted(ms, &until_ns);
    if (lk_gpio_write(gpio, 1, 1) != 0) {
        abort();
    }
    say(out, until_ns / NS_PER_MS);
    for (;;) {
        (void)pause();
    }
}

/* Looked at its permission in time, was stopped, and switches on long after it ended. */
static void switches_on_too_late(int out, int64_t ms)
{
    int64_t until_ns;
    struct lk_gpio *gpio = permitted(ms, &until_ns);
    while (now_ns() < until_ns + 20 * NS_PER_MS) {
        pass_ms(1);
    }
    if (gpio->ops->write(gpio, 1, 1) != 0) { /* the system call that was about to be made */
        abort();
    }
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
        assert_true(world_wire(world, 0));
        int64_t killed_ms = now_ms();
        finish(&o);
        int64_t after_ms = off_after_ms(killed_ms, SOON_MS);
        print_message("off %d ms after the owner was killed\n", (int)after_ms);
        assert_in_range(after_ms, 0, late_ms());
        assert_true(killed_ms + after_ms < o.until_ms); /* long before the ceiling */
    }
}

static void law_9_a_stopped_owner_is_off_at_the_ceiling(void **state)
{
    (void)state;
    struct owner o = start(holds_on, 500);
    assert_int_equal(kill(o.pid, SIGSTOP), 0);
    int64_t after_ms = off_after_ms(o.until_ms, SOON_MS);
    print_message("off %d ms after the ceiling\n", (int)after_ms);
    assert_true(after_ms >= -1 && after_ms <= late_ms());
    pass_ms(100);
    assert_false(world_wire(world, 0));
    finish(&o);
}

static void law_9_not_before_the_ceiling(void **state)
{
    (void)state;
    struct owner o = start(holds_on, 800);
    while (now_ms() < o.until_ms - 100) {
        assert_true(world_wire(world, 0));
        pass_ms(5);
    }
    assert_true(off_after_ms(o.until_ms, SOON_MS) <= late_ms());
    finish(&o);
}

static void law_9_an_owner_that_is_killed_while_stopped(void **state)
{
    (void)state;
    struct owner o = start(holds_on, LONG_MS);
    assert_int_equal(kill(o.pid, SIGSTOP), 0);
    pass_ms(20);
    assert_true(world_wire(world, 0));
    int64_t killed_ms = now_ms();
    finish(&o);
    assert_in_range(off_after_ms(killed_ms, SOON_MS), 0, late_ms());
}

static void law_9_switching_on_after_the_end_does_not_last(void **state)
{
    (void)state;
    struct owner o = start(switches_on_too_late, 400);
    int64_t after_ms = off_after_ms(o.until_ms, SOON_MS);
    assert_in_range(after_ms, 0, INSIST_MS + late_ms());
    finish(&o);
}

static void law_9_a_mad_loop_gets_one_pulse(void **state)
{
    (void)state;
    struct owner o = start(drives_on_and_on, 150);
    pass_ms(150 + (int)late_ms());
    for (int i = 0; i < 100; i++) { /* it never gives the line back: no second permission */
        assert_false(world_wire(world, 0));
        pass_ms(3);
    }
    finish(&o);
}

static void closing_leaves_no_process_behind(void **state)
{
    (void)state;
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, make, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(law_9_a_killed_owner_is_off_at_once),
        TEST(law_9_a_stopped_owner_is_off_at_the_ceiling),
        TEST(law_9_not_before_the_ceiling),
        TEST(law_9_an_owner_that_is_killed_while_stopped),
        TEST(law_9_switching_on_after_the_end_does_not_last),
        TEST(law_9_a_mad_loop_gets_one_pulse),
        TEST(closing_leaves_no_process_behind),
    };
    return cmocka_run_group_tests_name("gpio guard", tests, NULL, NULL);
}
