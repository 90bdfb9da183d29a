/* A chip that cannot tell edges, below the real request (hal/linux/gpio_linux.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "gpio_fake_chip.h"
#include "hal/gpio_linux.h"

enum { SOON_MS = 3000 };

static struct lk_gpio *gpio;

static int make(void **state)
{
    (void)state;
    fake_chip_make("W", 8);
    fake_chip_no_edges();
    return 0;
}

static int end(void **state)
{
    (void)state;
    gpio = lk_gpio_destroy(gpio);
    return 0;
}

static int opened(unsigned poll_ms, unsigned debounce_ms)
{
    struct lk_gpio_config c = {.chip = "gpiofake",
                               .consumer = "polled-test",
                               .poll_ms = poll_ms,
                               .lines_n = 1,
                               .lines = {{.name = "W03", .direction = LK_GPIO_IN_EDGES, .debounce_ms = debounce_ms}}};
    assert_int_equal(lk_gpio_linux_create(&c, &gpio), 0);
    return lk_gpio_open(gpio);
}

/* Waits as a loop does. */
static struct lk_gpio_event next_event(void)
{
    struct lk_gpio_event e;
    int n = 0;
    for (int turns = 0; n == 0 && turns < 100; turns++) {
        struct pollfd p = {.fd = lk_gpio_fd(gpio), .events = POLLIN};
        assert_int_equal(poll(&p, 1, SOON_MS), 1);
        n = lk_gpio_take(gpio, &e, 1);
    }
    assert_int_equal(n, 1);
    return e;
}

static void without_polling_it_is_refused(void **state)
{
    (void)state;
    assert_int_equal(opened(0, 0), -EOPNOTSUPP);
    assert_true(strlen(lk_gpio_complaint(gpio)) > 0);
}

static void with_polling_its_levels_make_events(void **state)
{
    (void)state;
    assert_int_equal(opened(10, 0), 0);
    assert_string_equal(lk_gpio_complaint(gpio), "");
    fake_chip_pull(3, true);
    struct lk_gpio_event e = next_event();
    assert_true(e.level && e.reread);
    fake_chip_pull(3, false);
    assert_false(next_event().level);
}

static void with_polling_debounce_is_timed_here(void **state)
{
    (void)state;
    uint64_t levels;
    assert_int_equal(opened(10, 40), 0);
    fake_chip_pull(3, true);
    assert_int_equal(lk_gpio_read(gpio, &levels), 0);
    assert_int_equal(levels, 0);
    assert_true(next_event().level);
    assert_int_equal(lk_gpio_read(gpio, &levels), 0);
    assert_int_equal(levels, 1);
}

static void a_chip_that_vanishes_is_noticed(void **state)
{
    (void)state;
    struct lk_gpio_event e;
    assert_int_equal(opened(10, 0), 0);
    fake_chip_plug(false);
    struct pollfd p = {.fd = lk_gpio_fd(gpio), .events = POLLIN};
    assert_int_equal(poll(&p, 1, SOON_MS), 1);
    assert_int_equal(lk_gpio_take(gpio, &e, 1), -ENODEV);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_polling_it_is_refused),
        TEST(with_polling_its_levels_make_events),
        TEST(with_polling_debounce_is_timed_here),
        TEST(a_chip_that_vanishes_is_noticed),
    };
    return cmocka_run_group_tests_name("gpio without edges", tests, NULL, NULL);
}
