/* The keypad beside the screen, on a simulated device in virtual time. */
#include <errno.h>
#include <linux/input-event-codes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "drivers/keypad.h"
#include "hal/input_sim.h"

static struct lk_input_device *device;
static struct lk_keypad *keypad;
static char told[1024];

static void note(const char *what, const char *text)
{
    size_t len = strlen(told);
    snprintf(told + len, sizeof(told) - len, "%s %s;", what, text);
}

static void on_length(void *user, size_t length, int64_t now_ms)
{
    char text[8];
    (void)user;
    (void)now_ms;
    snprintf(text, sizeof(text), "%zu", length);
    note("len", text);
}

static void on_entered(void *user, const char *digits, int64_t now_ms)
{
    (void)user;
    (void)now_ms;
    note("code", digits);
}

static void on_state(void *user, int error, int64_t now_ms)
{
    (void)user;
    (void)now_ms;
    note("state", error == 0 ? "there" : strerrorname_np(-error));
}

static const struct lk_keypad_sink sink = {.length = on_length, .entered = on_entered, .state = on_state};

static int setup(void **state)
{
    (void)state;
    told[0] = '\0';
    if (lk_input_sim_create(&device) != 0 || lk_keypad_create(device, 4, 30000, &sink, NULL, &keypad) != 0) {
        return -1;
    }
    lk_keypad_tick(keypad, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    keypad = lk_keypad_destroy(keypad);
    return 0;
}

static void assert_told(const char *should)
{
    assert_string_equal(told, should);
    told[0] = '\0';
}

static void tap(uint16_t code)
{
    assert_int_equal(lk_input_sim_key(device, LK_INPUT_DOWN, code), 0);
    assert_int_equal(lk_input_sim_key(device, LK_INPUT_UP, code), 0);
}

static void tap_at(uint16_t code, int64_t now_ms)
{
    tap(code);
    lk_keypad_ready(keypad, now_ms);
}

static void digits_of_every_block_and_enter(void **state)
{
    (void)state;
    tap_at(KEY_1, 10);
    tap_at(KEY_KP2, 20);
    tap_at(KEY_NUMERIC_3, 30);
    tap_at(KEY_KP0, 40);
    tap_at(KEY_KPENTER, 50);
    assert_told("state there;len 1;len 2;len 3;len 4;code 1230;len 0;");
    assert_int_equal(lk_keypad_next_at_ms(keypad), INT64_MAX);
}

static void every_digit_key_is_its_digit(void **state)
{
    static const uint16_t blocks[][10] = {
        {KEY_0, KEY_1, KEY_2, KEY_3, KEY_4, KEY_5, KEY_6, KEY_7, KEY_8, KEY_9},
        {KEY_KP0, KEY_KP1, KEY_KP2, KEY_KP3, KEY_KP4, KEY_KP5, KEY_KP6, KEY_KP7, KEY_KP8, KEY_KP9},
        {KEY_NUMERIC_0, KEY_NUMERIC_1, KEY_NUMERIC_2, KEY_NUMERIC_3, KEY_NUMERIC_4, KEY_NUMERIC_5, KEY_NUMERIC_6,
         KEY_NUMERIC_7, KEY_NUMERIC_8, KEY_NUMERIC_9},
    };
    (void)state;
    told[0] = '\0';
    for (size_t b = 0; b < LK_ARRAY_SIZE(blocks); b++) {
        for (int d = 0; d < 10; d++) {
            char should[64];
            snprintf(should, sizeof(should), "len 1;code %d;len 0;", d);
            tap(blocks[b][d]);
            tap_at(KEY_ENTER, 10);
            assert_told(should);
        }
    }
}

static void backspace_and_clear(void **state)
{
    (void)state;
    tap_at(KEY_9, 10);
    tap_at(KEY_8, 10);
    tap_at(KEY_BACKSPACE, 10);
    tap_at(KEY_7, 10);
    tap_at(KEY_ENTER, 10);
    assert_told("state there;len 1;len 2;len 1;len 2;code 97;len 0;");
    static const uint16_t clears[] = {KEY_ESC, KEY_CLEAR, KEY_KPASTERISK, KEY_KPDOT, KEY_NUMERIC_STAR};
    for (size_t i = 0; i < LK_ARRAY_SIZE(clears); i++) {
        tap_at(KEY_1, 20);
        tap_at(KEY_2, 20);
        tap_at(clears[i], 20);
        tap_at(KEY_BACKSPACE, 20); /* nothing there */
        tap_at(KEY_ENTER, 20);     /* nothing to confirm */
        assert_told("len 1;len 2;len 0;");
    }
}

static void star_and_hash_of_a_door_phone(void **state)
{
    (void)state;
    tap(KEY_1);
    lk_input_sim_key(device, LK_INPUT_DOWN, KEY_LEFTSHIFT);
    tap(KEY_8); /* star */
    lk_input_sim_key(device, LK_INPUT_UP, KEY_LEFTSHIFT);
    tap(KEY_2);
    lk_input_sim_key(device, LK_INPUT_DOWN, KEY_LEFTSHIFT);
    tap(KEY_5); /* a percent sign is nothing */
    tap(KEY_3); /* hash */
    lk_input_sim_key(device, LK_INPUT_UP, KEY_LEFTSHIFT);
    lk_keypad_ready(keypad, 10);
    assert_told("state there;len 1;len 0;len 1;code 2;len 0;");
}

static void more_digits_than_a_code_has_are_ignored(void **state)
{
    (void)state;
    for (uint16_t code = KEY_1; code <= KEY_6; code++) {
        tap(code);
    }
    tap_at(KEY_ENTER, 10);
    assert_told("state there;len 1;len 2;len 3;len 4;code 1234;len 0;");
}

static void other_keys_and_repeats_mean_nothing(void **state)
{
    (void)state;
    tap(KEY_A);
    tap(KEY_F1);
    tap(KEY_NUMLOCK);
    tap(KEY_5);
    lk_input_sim_key(device, LK_INPUT_REPEAT, KEY_5);
    lk_input_sim_key(device, LK_INPUT_REPEAT, KEY_5);
    tap_at(KEY_ENTER, 10);
    assert_told("state there;len 1;code 5;len 0;");
}

static void a_half_typed_code_is_forgotten(void **state)
{
    (void)state;
    tap_at(KEY_1, 1000);
    tap_at(KEY_2, 5000);
    assert_int_equal(lk_keypad_next_at_ms(keypad), 35000);
    lk_keypad_tick(keypad, 34999);
    assert_told("state there;len 1;len 2;");
    lk_keypad_tick(keypad, 35000);
    assert_told("len 0;");
    tap_at(KEY_3, 36000);
    tap_at(KEY_4, 70000); /* the tick came too late: still nobody's business */
    tap_at(KEY_ENTER, 70001);
    assert_told("len 1;len 0;len 1;code 4;len 0;");
}

static void lost_keys_end_the_code(void **state)
{
    (void)state;
    tap_at(KEY_1, 10);
    tap(KEY_2);
    lk_input_sim_lose(device);
    tap(KEY_3);
    tap_at(KEY_ENTER, 20);
    assert_told("state there;len 1;len 0;len 1;code 3;len 0;");
}

static void unplugged_in_the_middle_and_back(void **state)
{
    (void)state;
    tap_at(KEY_1, 10);
    lk_input_sim_unplug(device, -ENOENT);
    lk_keypad_ready(keypad, 20);
    assert_told("state there;len 1;len 0;state ENODEV;");
    lk_keypad_tick(keypad, 1020);
    lk_keypad_tick(keypad, 2020);
    assert_told("");
    assert_int_equal(lk_keypad_error(keypad), -ENOENT);
    lk_input_sim_unplug(device, 0);
    lk_keypad_tick(keypad, 3020);
    tap_at(KEY_2, 3030);
    tap_at(KEY_ENTER, 3040);
    assert_told("state there;len 1;code 2;len 0;");
}

static void the_caller_may_clear(void **state)
{
    (void)state;
    tap_at(KEY_1, 10);
    lk_keypad_clear(keypad, 20);
    lk_keypad_clear(keypad, 30);
    assert_told("state there;len 1;len 0;");
    assert_int_equal(lk_keypad_length(keypad), 0);
}

static void expects_what_the_screen_asks_for(void **state)
{
    (void)state;
    lk_keypad_expect(keypad, 6, 5); /* more than before */
    for (uint16_t key = KEY_1; key <= KEY_7; key++) {
        tap_at(key, 10);
    }
    assert_told("state there;len 1;len 2;len 3;len 4;len 5;len 6;");
    lk_keypad_expect(keypad, 2, 20); /* fewer than are there */
    lk_keypad_expect(keypad, 0, 21);
    lk_keypad_expect(keypad, LK_KEYPAD_DIGITS_MAX + 1, 22);
    tap_at(KEY_9, 30);
    tap_at(KEY_ENTER, 40);
    assert_told("len 2;code 12;len 0;");
}

static void takes_no_impossible_code_length(void **state)
{
    struct lk_keypad *none = NULL;
    struct lk_input_device *other = NULL;
    (void)state;
    assert_int_equal(lk_input_sim_create(&other), 0);
    assert_int_equal(lk_keypad_create(other, LK_KEYPAD_DIGITS_MAX + 1, 1000, &sink, NULL, &none), -EINVAL);
    assert_null(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(digits_of_every_block_and_enter, setup, teardown),
        cmocka_unit_test_setup_teardown(every_digit_key_is_its_digit, setup, teardown),
        cmocka_unit_test_setup_teardown(backspace_and_clear, setup, teardown),
        cmocka_unit_test_setup_teardown(star_and_hash_of_a_door_phone, setup, teardown),
        cmocka_unit_test_setup_teardown(more_digits_than_a_code_has_are_ignored, setup, teardown),
        cmocka_unit_test_setup_teardown(other_keys_and_repeats_mean_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_half_typed_code_is_forgotten, setup, teardown),
        cmocka_unit_test_setup_teardown(lost_keys_end_the_code, setup, teardown),
        cmocka_unit_test_setup_teardown(unplugged_in_the_middle_and_back, setup, teardown),
        cmocka_unit_test_setup_teardown(the_caller_may_clear, setup, teardown),
        cmocka_unit_test_setup_teardown(expects_what_the_screen_asks_for, setup, teardown),
        cmocka_unit_test_setup_teardown(takes_no_impossible_code_length, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
