/* A scanner that types: keys to lines, on a simulated device. */
#include <errno.h>
#include <linux/input-event-codes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "drivers/keyboard.h"
#include "drivers/scanner.h"
#include "hal/input_sim.h"

static struct lk_input_device *device;
static struct lk_scanner *scanner;
static char told[1024];

static void note(const char *what, const char *text)
{
    size_t len = strlen(told);
    snprintf(told + len, sizeof(told) - len, "%s %s;", what, text);
}

static void on_line(void *user, const char *line, int64_t now_ms)
{
    (void)user;
    (void)now_ms;
    note("line", line);
}

static void on_drop(void *user, enum lk_reader_drop why, int64_t now_ms)
{
    (void)user;
    (void)now_ms;
    note("drop", lk_reader_drop_name(why));
}

static void on_state(void *user, int error, int64_t now_ms)
{
    (void)user;
    (void)now_ms;
    note("state", error == 0 ? "there" : strerrorname_np(-error));
}

static const struct lk_scanner_sink sink = {.reader = {.line = on_line, .drop = on_drop}, .state = on_state};

static int setup(void **state)
{
    (void)state;
    told[0] = '\0';
    if (lk_input_sim_create(&device) != 0 || lk_scanner_create_keyboard(device, &sink, NULL, &scanner) != 0) {
        return -1;
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scanner = lk_scanner_destroy(scanner);
    return 0;
}

static void assert_told(const char *should)
{
    assert_string_equal(told, should);
    told[0] = '\0';
}

static void key(enum lk_input_event_kind kind, uint16_t code)
{
    assert_int_equal(lk_input_sim_key(device, kind, code), 0);
}

static void tap(uint16_t code)
{
    key(LK_INPUT_DOWN, code);
    key(LK_INPUT_UP, code);
}

static void tap_shifted(uint16_t code)
{
    key(LK_INPUT_DOWN, KEY_LEFTSHIFT);
    tap(code);
    key(LK_INPUT_UP, KEY_LEFTSHIFT);
}

static void begin(void)
{
    lk_scanner_tick(scanner, 0);
    assert_told("state there;");
}

static const uint16_t digit_keys[] = {KEY_0, KEY_1, KEY_2, KEY_3, KEY_4, KEY_5, KEY_6, KEY_7, KEY_8, KEY_9};

static void type_digits(const char *digits)
{
    for (; *digits != '\0'; digits++) {
        tap(digit_keys[*digits - '0']);
    }
}

/* Written down by hand from a US keyboard, row by row, so that a slip in the table shows. */
static const struct {
    const char *plain, *shifted;
    uint16_t code[13];
} rows[] = {
    {"`1234567890-=",
     "~!@#$%^&*()_+",
     {KEY_GRAVE, KEY_1, KEY_2, KEY_3, KEY_4, KEY_5, KEY_6, KEY_7, KEY_8, KEY_9, KEY_0, KEY_MINUS, KEY_EQUAL}},
    {"qwertyuiop[]\\",
     "QWERTYUIOP{}|",
     {KEY_Q, KEY_W, KEY_E, KEY_R, KEY_T, KEY_Y, KEY_U, KEY_I, KEY_O, KEY_P, KEY_LEFTBRACE, KEY_RIGHTBRACE,
      KEY_BACKSLASH}},
    {"asdfghjkl;'",
     "ASDFGHJKL:\"",
     {KEY_A, KEY_S, KEY_D, KEY_F, KEY_G, KEY_H, KEY_J, KEY_K, KEY_L, KEY_SEMICOLON, KEY_APOSTROPHE}},
    {"zxcvbnm,./", "ZXCVBNM<>?", {KEY_Z, KEY_X, KEY_C, KEY_V, KEY_B, KEY_N, KEY_M, KEY_COMMA, KEY_DOT, KEY_SLASH}},
    {" ", " ", {KEY_SPACE}},
};

static void every_printable_byte_has_a_key(void **state)
{
    bool seen[128] = {false};
    (void)state;
    for (size_t r = 0; r < LK_ARRAY_SIZE(rows); r++) {
        for (size_t i = 0; rows[r].plain[i] != '\0'; i++) {
            assert_int_equal(lk_keyboard_byte(rows[r].code[i], false), rows[r].plain[i]);
            assert_int_equal(lk_keyboard_byte(rows[r].code[i], true), rows[r].shifted[i]);
            seen[(int)rows[r].plain[i]] = true;
            seen[(int)rows[r].shifted[i]] = true;
        }
    }
    for (int c = 0x20; c < 0x7f; c++) {
        assert_true(seen[c]);
    }
}

static void no_other_key_means_anything(void **state)
{
    static const uint16_t none[] = {0,         KEY_ESC,       KEY_TAB, KEY_LEFTCTRL, KEY_LEFTALT, KEY_CAPSLOCK,
                                    KEY_F1,    KEY_NUMLOCK,   KEY_UP,  KEY_DELETE,   KEY_102ND,   KEY_LEFTMETA,
                                    KEY_SYSRQ, KEY_BACKSPACE, KEY_RO,  BTN_LEFT,     KEY_MAX,     UINT16_MAX};
    (void)state;
    for (size_t i = 0; i < LK_ARRAY_SIZE(none); i++) {
        assert_int_equal(lk_keyboard_byte(none[i], false), -1);
        assert_int_equal(lk_keyboard_byte(none[i], true), -1);
    }
}

static void reads_letters_with_shift_and_both_digit_blocks(void **state)
{
    (void)state;
    begin();
    tap_shifted(KEY_L);
    tap(KEY_K);
    tap_shifted(KEY_MINUS);
    tap(KEY_7);
    tap(KEY_KP7);
    tap(KEY_KPENTER);
    type_digits("12345678");
    tap(KEY_ENTER);
    lk_scanner_ready(scanner, 100);
    assert_told("line Lk_77;line 12345678;");
}

static void both_shift_keys_count_until_the_last_is_up(void **state)
{
    (void)state;
    begin();
    key(LK_INPUT_DOWN, KEY_LEFTSHIFT);
    key(LK_INPUT_DOWN, KEY_RIGHTSHIFT);
    tap(KEY_A);
    key(LK_INPUT_UP, KEY_LEFTSHIFT);
    tap(KEY_B);
    key(LK_INPUT_UP, KEY_RIGHTSHIFT);
    tap(KEY_C);
    tap(KEY_ENTER);
    lk_scanner_ready(scanner, 100);
    assert_told("line ABc;");
}

static void repeats_of_the_kernel_are_ignored(void **state)
{
    (void)state;
    begin();
    key(LK_INPUT_DOWN, KEY_1);
    key(LK_INPUT_REPEAT, KEY_1);
    key(LK_INPUT_REPEAT, KEY_1);
    key(LK_INPUT_UP, KEY_1);
    tap(KEY_2);
    tap(KEY_ENTER);
    lk_scanner_ready(scanner, 100);
    assert_told("line 12;");
}

static void another_key_drops_the_whole_line_with_one_reason(void **state)
{
    static const uint16_t bad[] = {KEY_LEFTCTRL, KEY_LEFTALT, KEY_CAPSLOCK, KEY_NUMLOCK,
                                   KEY_TAB,      KEY_F5,      KEY_BACKSPACE};
    (void)state;
    begin();
    for (size_t i = 0; i < LK_ARRAY_SIZE(bad); i++) {
        type_digits("123");
        tap(bad[i]);
        tap(bad[i]);
        type_digits("456");
        tap(KEY_ENTER);
        lk_scanner_ready(scanner, 100);
        assert_told("drop garbage;");
    }
    type_digits("123456");
    tap(KEY_ENTER);
    lk_scanner_ready(scanner, 200);
    assert_told("line 123456;");
}

static void a_line_has_128_bytes_at_most(void **state)
{
    (void)state;
    begin();
    for (int i = 0; i < LK_READER_LINE_MAX; i++) {
        tap(KEY_A);
    }
    tap(KEY_ENTER);
    lk_scanner_ready(scanner, 100);
    assert_int_equal(strlen(told), strlen("line ;") + LK_READER_LINE_MAX);
    told[0] = '\0';
    for (int i = 0; i < LK_READER_LINE_MAX + 1; i++) {
        tap(KEY_A);
        lk_scanner_ready(scanner, 3000);
    }
    tap(KEY_ENTER);
    lk_scanner_ready(scanner, 3000);
    assert_told("drop overlong;");
}

static void a_line_takes_two_seconds_at_most(void **state)
{
    (void)state;
    begin();
    type_digits("1234");
    lk_scanner_ready(scanner, 100);
    assert_int_equal(lk_scanner_next_at_ms(scanner), 2101);
    lk_scanner_tick(scanner, 2101);
    assert_told("drop late;");
    type_digits("5678");
    tap(KEY_ENTER);
    lk_scanner_ready(scanner, 2200);
    assert_told("");
}

static void the_same_code_held_before_it_is_one_scan(void **state)
{
    struct lk_scanner_counts counts;
    (void)state;
    begin();
    for (int i = 0; i < 3; i++) {
        type_digits("12345678");
        tap(KEY_ENTER);
        lk_scanner_ready(scanner, 100 + i * 1000);
    }
    assert_told("line 12345678;");
    lk_scanner_counts(scanner, &counts);
    assert_int_equal(counts.repeats, 2);
}

static void lost_events_drop_the_line_and_give_back_the_shift(void **state)
{
    (void)state;
    begin();
    type_digits("123");
    lk_scanner_ready(scanner, 100);
    key(LK_INPUT_DOWN, KEY_LEFTSHIFT); /* among what is lost */
    type_digits("45");
    assert_int_equal(lk_input_sim_lose(device), 0);
    type_digits("6");
    tap(KEY_ENTER);
    tap(KEY_1);
    key(LK_INPUT_UP, KEY_LEFTSHIFT);
    tap(KEY_1);
    tap(KEY_ENTER);
    lk_scanner_ready(scanner, 200);
    assert_told("drop lost;line !1;");
}

static void lost_events_between_two_lines_may_have_been_the_beginning_of_one(void **state)
{
    (void)state;
    begin();
    type_digits("99");
    assert_int_equal(lk_input_sim_lose(device), 0);
    type_digits("12345678");
    tap(KEY_ENTER);
    type_digits("12345678");
    tap(KEY_ENTER);
    lk_scanner_ready(scanner, 100);
    assert_told("drop lost;line 12345678;");
}

static void unplugged_with_shift_held_and_back(void **state)
{
    (void)state;
    begin();
    type_digits("12");
    key(LK_INPUT_DOWN, KEY_LEFTSHIFT);
    lk_scanner_ready(scanner, 100);
    lk_input_sim_unplug(device, -ENOENT);
    lk_scanner_ready(scanner, 200);
    assert_told("state ENODEV;");
    assert_int_equal(lk_scanner_fd(scanner), -1);
    lk_scanner_tick(scanner, 1200);
    lk_scanner_tick(scanner, 2200);
    assert_told(""); /* told once */
    lk_input_sim_unplug(device, 0);
    lk_scanner_tick(scanner, 3200);
    type_digits("34");
    tap(KEY_ENTER);
    lk_scanner_ready(scanner, 3300);
    assert_told("state there;line 34;");
}

static void one_that_is_held_by_somebody_else_is_tried_again(void **state)
{
    (void)state;
    lk_input_sim_unplug(device, -EBUSY);
    lk_scanner_tick(scanner, 0);
    lk_scanner_tick(scanner, 1000);
    assert_told("state EBUSY;");
    assert_int_equal(lk_scanner_error(scanner), -EBUSY);
    assert_int_equal(lk_scanner_next_at_ms(scanner), 2000);
    lk_input_sim_unplug(device, 0);
    lk_scanner_tick(scanner, 2000);
    assert_told("state there;");
}

static void cannot_be_triggered(void **state)
{
    (void)state;
    begin();
    assert_int_equal(lk_scanner_host_mode(scanner, &lk_reader_trigger_gm65), -ENOTSUP);
    assert_int_equal(lk_scanner_trigger(scanner, &lk_reader_trigger_gm65, true), -ENOTSUP);
    lk_scanner_want(scanner, true, 10);
    lk_scanner_tick(scanner, 9000);
    assert_told("");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_printable_byte_has_a_key),
        cmocka_unit_test(no_other_key_means_anything),
        cmocka_unit_test_setup_teardown(reads_letters_with_shift_and_both_digit_blocks, setup, teardown),
        cmocka_unit_test_setup_teardown(both_shift_keys_count_until_the_last_is_up, setup, teardown),
        cmocka_unit_test_setup_teardown(repeats_of_the_kernel_are_ignored, setup, teardown),
        cmocka_unit_test_setup_teardown(another_key_drops_the_whole_line_with_one_reason, setup, teardown),
        cmocka_unit_test_setup_teardown(a_line_has_128_bytes_at_most, setup, teardown),
        cmocka_unit_test_setup_teardown(a_line_takes_two_seconds_at_most, setup, teardown),
        cmocka_unit_test_setup_teardown(the_same_code_held_before_it_is_one_scan, setup, teardown),
        cmocka_unit_test_setup_teardown(lost_events_drop_the_line_and_give_back_the_shift, setup, teardown),
        cmocka_unit_test_setup_teardown(lost_events_between_two_lines_may_have_been_the_beginning_of_one, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(unplugged_with_shift_held_and_back, setup, teardown),
        cmocka_unit_test_setup_teardown(one_that_is_held_by_somebody_else_is_tried_again, setup, teardown),
        cmocka_unit_test_setup_teardown(cannot_be_triggered, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
