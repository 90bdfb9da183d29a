/* The power-fail line in virtual time: failing at once, good after a while, a dip that is over, a chip that goes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/power.h"
#include "hal/gpio_sim.h"

enum { GOOD_MS = 5000 };
#define MS INT64_C(1000000)

static struct lk_gpio_sim_chip *chip;
static struct lk_power *power;
static char told[256];

static void say(const char *text)
{
    size_t n = strlen(told);
    (void)snprintf(told + n, sizeof(told) - n, "%s;", text);
}

static void on_failing(void *user, bool failing)
{
    (void)user;
    say(failing ? "fails" : "good");
}

static void on_watched(void *user, int error)
{
    (void)user;
    say(error == 0 ? "watched" : strerrorname_np(-error));
}

static const struct lk_power_sink sink = {.failing = on_failing, .watched = on_watched};

static int setup(void **state)
{
    struct lk_gpio_config config = {.chip = "label:ups", .consumer = "lockerd power", .lines_n = 1};
    struct lk_gpio *gpio = NULL;
    (void)state;
    told[0] = '\0';
    (void)snprintf(config.lines[0].name, sizeof(config.lines[0].name), "#2");
    config.lines[0].direction = LK_GPIO_IN_EDGES;
    config.lines[0].active_low = true;
    if (lk_gpio_sim_chip_create("ups", "U", 4, 0, &chip) != 0 || lk_gpio_sim_create(chip, &config, &gpio) != 0) {
        return -1;
    }
    lk_gpio_sim_pull(chip, 2, true);
    return lk_power_create(gpio, GOOD_MS, &sink, NULL, &power);
}

static int teardown(void **state)
{
    (void)state;
    power = lk_power_destroy(power);
    chip = lk_gpio_sim_chip_destroy(chip);
    return 0;
}

/* Lives until then, called back as it asked. */
static void until_ms(int64_t end_ms)
{
    int64_t now_ms = lk_gpio_sim_now_ns(chip) / MS;
    while (now_ms <= end_ms) {
        lk_power_tick(power, now_ms);
        int64_t next_ms = lk_power_next_at_ms(power);
        next_ms = next_ms > now_ms ? next_ms : now_ms + 1;
        now_ms = next_ms < end_ms || now_ms == end_ms ? next_ms : end_ms;
        if (now_ms <= end_ms) {
            lk_gpio_sim_advance(chip, now_ms * MS);
        }
    }
}

static void assert_told(const char *should)
{
    assert_string_equal(told, should);
    told[0] = '\0';
}

static void failing_at_once_and_good_after_a_while(void **state)
{
    (void)state;
    until_ms(100);
    assert_told("watched;");
    lk_gpio_sim_pull(chip, 2, false);
    lk_power_tick(power, lk_gpio_sim_now_ns(chip) / MS);
    assert_told("fails;");
    until_ms(3000);
    lk_gpio_sim_pull(chip, 2, true);
    until_ms(3000 + GOOD_MS - 1000);
    assert_told("");
    until_ms(3000 + GOOD_MS + 1100);
    assert_told("good;");
}

static void one_that_comes_and_goes_is_failing(void **state)
{
    (void)state;
    until_ms(100);
    told[0] = '\0';
    for (int i = 0; i < 10; i++) {
        lk_gpio_sim_pull(chip, 2, false);
        until_ms(100 + i * 4000 + 1000);
        lk_gpio_sim_pull(chip, 2, true);
        until_ms(100 + i * 4000 + 4000);
    }
    assert_told("fails;");
}

/* Over before anybody looked: the edges tell of it. */
static void a_dip_counts(void **state)
{
    (void)state;
    until_ms(100);
    told[0] = '\0';
    lk_gpio_sim_pull(chip, 2, false);
    lk_gpio_sim_pull(chip, 2, true);
    lk_power_tick(power, lk_gpio_sim_now_ns(chip) / MS);
    assert_told("fails;");
    until_ms(100 + GOOD_MS + 1100);
    assert_told("good;");
}

static void failing_at_the_start(void **state)
{
    (void)state;
    lk_gpio_sim_pull(chip, 2, false);
    until_ms(10);
    assert_told("watched;fails;");
}

static void what_cannot_be_read_does_not_become_good(void **state)
{
    (void)state;
    until_ms(100);
    lk_gpio_sim_pull(chip, 2, false);
    until_ms(200);
    told[0] = '\0';
    lk_gpio_sim_pull(chip, 2, true);
    lk_gpio_sim_plug(chip, false);
    until_ms(20000);
    assert_told("ENODEV;");
    assert_int_equal(lk_power_fd(power), -1);
    lk_gpio_sim_plug(chip, true);
    until_ms(40000);
    assert_told("watched;good;");
}

static void a_line_of_somebody_else_is_named(void **state)
{
    (void)state;
    lk_gpio_sim_hold(chip, 2, "gpio-fan");
    until_ms(10);
    assert_told("EBUSY;");
    assert_non_null(strstr(lk_power_complaint(power), "gpio-fan"));
    lk_gpio_sim_hold(chip, 2, NULL);
    until_ms(3000);
    assert_told("watched;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(failing_at_once_and_good_after_a_while, setup, teardown),
        cmocka_unit_test_setup_teardown(one_that_comes_and_goes_is_failing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_dip_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(failing_at_the_start, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_does_not_become_good, setup, teardown),
        cmocka_unit_test_setup_teardown(a_line_of_somebody_else_is_named, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
