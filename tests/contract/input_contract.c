/* The contract of hal/input.h, on every implementation there is (input_world.h). */
#include <errno.h>
#include <linux/input-event-codes.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/scanner.h"
#include "input_world.h"

enum { PATIENCE_MS = 5000 };

static struct lk_input_device *device;

static int setup(void **state)
{
    (void)state;
    int r = input_world_begin(&device);
    if (r < 0) {
        print_error("this world cannot be made here: %s\n", strerror(-r));
    }
    return r;
}

static int teardown(void **state)
{
    (void)state;
    device = lk_input_device_destroy(device);
    input_world_end();
    return 0;
}

static void wait_readable(void)
{
    struct pollfd p = {.fd = lk_input_device_fd(device), .events = POLLIN};
    assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
}

/* The next event; events of a real kernel take a moment. */
static int next(struct lk_input_event *event)
{
    int r = lk_input_device_next(device, event);
    while (r == -EAGAIN) {
        wait_readable();
        r = lk_input_device_next(device, event);
    }
    return r;
}

static void assert_next(enum lk_input_event_kind kind, uint16_t code)
{
    struct lk_input_event event;
    assert_int_equal(next(&event), 0);
    assert_int_equal(event.kind, kind);
    assert_int_equal(event.code, code);
}

static void assert_no_more(void)
{
    struct lk_input_event event;
    assert_int_equal(lk_input_device_next(device, &event), -EAGAIN);
}

static void is_closed_at_first(void **state)
{
    struct lk_input_event event;
    (void)state;
    assert_int_equal(lk_input_device_fd(device), -1);
    assert_int_equal(lk_input_device_next(device, &event), -EBADF);
    assert_false(lk_input_device_held(device, KEY_A));
    lk_input_device_close(device);
    assert_int_equal(lk_input_device_fd(device), -1);
}

static void opening_and_closing_twice_is_fine(void **state)
{
    (void)state;
    assert_int_equal(lk_input_device_open(device), 0);
    int fd = lk_input_device_fd(device);
    assert_true(fd >= 0);
    assert_int_equal(lk_input_device_open(device), 0);
    assert_int_equal(lk_input_device_fd(device), fd);
    assert_no_more();
    lk_input_device_close(device);
    lk_input_device_close(device);
    assert_int_equal(lk_input_device_fd(device), -1);
}

static void keys_come_in_order(void **state)
{
    (void)state;
    assert_int_equal(lk_input_device_open(device), 0);
    input_world_key(LK_INPUT_DOWN, KEY_A);
    input_world_key(LK_INPUT_REPEAT, KEY_A);
    input_world_key(LK_INPUT_UP, KEY_A);
    input_world_key(LK_INPUT_DOWN, KEY_KPENTER);
    input_world_key(LK_INPUT_UP, KEY_KPENTER);
    wait_readable();
    assert_next(LK_INPUT_DOWN, KEY_A);
    assert_next(LK_INPUT_REPEAT, KEY_A);
    assert_next(LK_INPUT_UP, KEY_A);
    assert_next(LK_INPUT_DOWN, KEY_KPENTER);
    assert_next(LK_INPUT_UP, KEY_KPENTER);
    assert_no_more();
}

static void held_follows_what_was_taken(void **state)
{
    (void)state;
    assert_int_equal(lk_input_device_open(device), 0);
    input_world_key(LK_INPUT_DOWN, KEY_LEFTSHIFT);
    assert_next(LK_INPUT_DOWN, KEY_LEFTSHIFT);
    assert_true(lk_input_device_held(device, KEY_LEFTSHIFT));
    assert_false(lk_input_device_held(device, KEY_RIGHTSHIFT));
    input_world_key(LK_INPUT_UP, KEY_LEFTSHIFT);
    assert_next(LK_INPUT_UP, KEY_LEFTSHIFT);
    assert_false(lk_input_device_held(device, KEY_LEFTSHIFT));
}

static void what_was_typed_before_is_not_told(void **state)
{
    (void)state;
    input_world_key(LK_INPUT_DOWN, KEY_A);
    input_world_key(LK_INPUT_UP, KEY_A);
    assert_int_equal(lk_input_device_open(device), 0);
    input_world_key(LK_INPUT_DOWN, KEY_B);
    assert_next(LK_INPUT_DOWN, KEY_B);
}

static void one_that_somebody_holds_is_busy(void **state)
{
    (void)state;
    input_world_hold(true);
    assert_int_equal(lk_input_device_open(device), -EBUSY);
    assert_int_equal(lk_input_device_fd(device), -1);
    assert_int_equal(lk_input_device_open(device), -EBUSY);
    input_world_hold(false);
    assert_int_equal(lk_input_device_open(device), 0);
    input_world_key(LK_INPUT_DOWN, KEY_A);
    assert_next(LK_INPUT_DOWN, KEY_A);
}

static void nobody_else_hears_the_keys(void **state)
{
    (void)state;
    assert_int_equal(lk_input_device_open(device), 0);
    input_world_key(LK_INPUT_DOWN, KEY_A);
    assert_next(LK_INPUT_DOWN, KEY_A);
    assert_false(input_world_overheard());
}

static void lost_events_are_said_and_the_state_is_true_again(void **state)
{
    struct lk_input_event event;
    (void)state;
    assert_int_equal(lk_input_device_open(device), 0);
    input_world_key(LK_INPUT_DOWN, KEY_RIGHTSHIFT);
    assert_next(LK_INPUT_DOWN, KEY_RIGHTSHIFT);
    input_world_lose();
    do {
        assert_int_equal(next(&event), 0); /* what came before the gap may still be told */
    } while (event.kind != LK_INPUT_LOST);
    assert_true(lk_input_device_held(device, KEY_LEFTSHIFT));
    assert_false(lk_input_device_held(device, KEY_RIGHTSHIFT));
    while (lk_input_device_next(device, &event) == 0) {
        /* and what came behind it */
    }
    input_world_key(LK_INPUT_DOWN, KEY_Z);
    assert_next(LK_INPUT_DOWN, KEY_Z);
}

static bool is_absent(int error)
{
    return error == -ENOENT || error == -ENODEV || error == -ENXIO;
}

static void unplugged_and_back(void **state)
{
    struct lk_input_event event;
    (void)state;
    assert_int_equal(lk_input_device_open(device), 0);
    input_world_key(LK_INPUT_DOWN, KEY_LEFTSHIFT);
    assert_next(LK_INPUT_DOWN, KEY_LEFTSHIFT);
    input_world_unplug();
    int r;
    while ((r = next(&event)) == 0) {
        assert_int_equal(event.kind, LK_INPUT_UP); /* the kernel lets go of what was held */
    }
    assert_int_equal(r, -ENODEV);
    assert_int_equal(lk_input_device_next(device, &event), -ENODEV);
    lk_input_device_close(device);
    assert_true(is_absent(lk_input_device_open(device)));
    input_world_replug();
    assert_int_equal(lk_input_device_open(device), 0);
    assert_false(lk_input_device_held(device, KEY_LEFTSHIFT));
    input_world_key(LK_INPUT_DOWN, KEY_A);
    assert_next(LK_INPUT_DOWN, KEY_A);
}

static void absent_at_first(void **state)
{
    (void)state;
    input_world_unplug();
    assert_true(is_absent(lk_input_device_open(device)));
    assert_int_equal(lk_input_device_retry_at_ms(5), 5 + LK_INPUT_RETRY_MS);
    input_world_replug();
    assert_int_equal(lk_input_device_open(device), 0);
}

/* --- a whole scan through the driver --- */

static char got[256];

static void on_line(void *user, const char *line, int64_t now_ms)
{
    (void)user;
    (void)now_ms;
    snprintf(got, sizeof(got), "line %s", line);
}

static void on_drop(void *user, enum lk_reader_drop why, int64_t now_ms)
{
    (void)user;
    (void)now_ms;
    snprintf(got, sizeof(got), "drop %s", lk_reader_drop_name(why));
}

static void on_state(void *user, int error, int64_t now_ms)
{
    (void)user;
    (void)error;
    (void)now_ms;
}

static void a_scan_with_capitals(void **state)
{
    static const struct lk_scanner_sink sink = {.reader = {.line = on_line, .drop = on_drop}, .state = on_state};
    static const uint16_t taps[] = {KEY_K, KEY_1, KEY_KP2, KEY_ENTER};
    struct lk_scanner *scanner = NULL;
    (void)state;
    assert_int_equal(lk_scanner_create_keyboard(device, &sink, NULL, &scanner), 0);
    device = NULL; /* the scanner's now */
    got[0] = '\0';
    lk_scanner_tick(scanner, 0);
    assert_int_equal(lk_scanner_error(scanner), 0);
    input_world_key(LK_INPUT_DOWN, KEY_LEFTSHIFT);
    input_world_key(LK_INPUT_DOWN, KEY_Q);
    input_world_key(LK_INPUT_UP, KEY_Q);
    input_world_key(LK_INPUT_UP, KEY_LEFTSHIFT);
    for (size_t i = 0; i < sizeof(taps) / sizeof(taps[0]); i++) {
        input_world_key(LK_INPUT_DOWN, taps[i]);
        input_world_key(LK_INPUT_UP, taps[i]);
    }
    while (got[0] == '\0') {
        struct pollfd p = {.fd = lk_scanner_fd(scanner), .events = POLLIN};
        assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
        lk_scanner_ready(scanner, 100);
    }
    assert_string_equal(got, "line Qk12");
    (void)lk_scanner_destroy(scanner);
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(is_closed_at_first),
        ROW(opening_and_closing_twice_is_fine),
        ROW(keys_come_in_order),
        ROW(held_follows_what_was_taken),
        ROW(what_was_typed_before_is_not_told),
        ROW(one_that_somebody_holds_is_busy),
        ROW(nobody_else_hears_the_keys),
        ROW(lost_events_are_said_and_the_state_is_true_again),
        ROW(unplugged_and_back),
        ROW(absent_at_first),
        ROW(a_scan_with_capitals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
