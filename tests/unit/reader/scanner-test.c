/* The scanner: hot-plug in virtual time on the simulated line, then a real tty (a pseudo terminal). */
#include "base/cleanup.h"
#include "drivers/scanner.h"
#include "hal/serial_linux.h"
#include "hal/serial_sim.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char told[8192];
static struct lk_serial *serial; /* the scanner's */
static struct lk_scanner *scanner;

static void tell(const char *what, const char *text)
{
    size_t n = strlen(told);
    snprintf(told + n, sizeof(told) - n, "%s %s;", what, text);
}

static void on_line(void *user, const char *line, int64_t now_ms)
{
    (void)user, (void)now_ms;
    tell("line", line);
}

static void on_drop(void *user, enum lk_reader_drop why, int64_t now_ms)
{
    (void)user, (void)now_ms;
    tell("drop", lk_reader_drop_name(why));
}

static void on_state(void *user, int error, int64_t now_ms)
{
    struct lk_scanner *self = *(struct lk_scanner **)user;
    (void)now_ms;
    tell("state", error ? strerrorname_np(-error) : "there");
    assert_int_equal(lk_scanner_error(self), error);
    assert_int_equal(lk_scanner_fd(self) >= 0, error == 0);
}

static const struct lk_scanner_sink sink = {.reader = {.line = on_line, .drop = on_drop}, .state = on_state};

#define assert_told(expected)                                                                                          \
    do {                                                                                                               \
        assert_string_equal(told, expected);                                                                           \
        told[0] = '\0';                                                                                                \
    } while (0)

static int setup_sim(void **state)
{
    (void)state;
    told[0] = '\0';
    if (lk_serial_sim_create(&serial) != 0) {
        return -1;
    }
    return lk_scanner_create(serial, &sink, &scanner, &scanner);
}

static int teardown(void **state)
{
    (void)state;
    scanner = lk_scanner_destroy(scanner);
    return 0;
}

static void arrive(const char *text)
{
    assert_int_equal(lk_serial_sim_arrive(serial, text, strlen(text)), 0);
}

static void opens_at_the_first_tick_and_reads(void **state)
{
    (void)state;
    assert_int_equal(lk_scanner_fd(scanner), -1);
    assert_int_equal(lk_scanner_error(scanner), -ENODEV);
    assert_true(lk_scanner_next_at_ms(scanner) <= 0);
    lk_scanner_tick(scanner, 0);
    assert_told("state there;");
    assert_int_equal(lk_scanner_next_at_ms(scanner), INT64_MAX);
    arrive("12345678\r\nAB");
    lk_scanner_ready(scanner, 100);
    arrive("C\n");
    lk_scanner_ready(scanner, 200);
    lk_scanner_ready(scanner, 200);
    assert_told("line 12345678;line ABC;");
    struct lk_scanner_counts counts;
    lk_scanner_counts(scanner, &counts);
    assert_int_equal(counts.lines, 2);
}

static void an_absent_one_is_tried_once_a_second_and_told_once(void **state)
{
    (void)state;
    lk_serial_sim_unplug(serial, -ENOENT);
    lk_scanner_tick(scanner, 0);
    assert_told("state ENOENT;");
    assert_int_equal(lk_scanner_next_at_ms(scanner), 1000);
    lk_scanner_tick(scanner, 999);
    lk_scanner_tick(scanner, 1000);
    lk_scanner_tick(scanner, 2000);
    assert_told("");
    assert_int_equal(lk_scanner_next_at_ms(scanner), 3000);
    lk_serial_sim_unplug(serial, 0);
    lk_scanner_tick(scanner, 2999);
    assert_told("");
    lk_scanner_tick(scanner, 3000);
    assert_told("state there;");
}

static void another_holder_is_named(void **state)
{
    (void)state;
    lk_serial_sim_unplug(serial, -EBUSY);
    lk_scanner_tick(scanner, 0);
    assert_told("state EBUSY;");
}

static void unplugged_in_the_middle_of_a_line_and_back(void **state)
{
    (void)state;
    lk_scanner_tick(scanner, 0);
    arrive("1234");
    lk_scanner_ready(scanner, 100);
    lk_serial_sim_unplug(serial, -ENOENT);
    lk_scanner_ready(scanner, 200);
    assert_told("state there;state ENODEV;");
    assert_int_equal(lk_scanner_next_at_ms(scanner), 1200);
    lk_scanner_ready(scanner, 300); /* a stale wake-up does nothing */
    lk_scanner_tick(scanner, 1200);
    assert_told(""); /* still the same news */
    assert_int_equal(lk_scanner_error(scanner), -ENOENT);
    lk_serial_sim_unplug(serial, 0);
    lk_scanner_tick(scanner, 2200);
    arrive("5678\n"); /* at once after opening: may be the rest of a line */
    lk_scanner_ready(scanner, 2210);
    arrive("87654321\n");
    lk_scanner_ready(scanner, 2300);
    assert_told("state there;drop tail;line 87654321;");
}

static void a_flood_starves_nobody(void **state)
{
    char flood[20000];
    struct lk_scanner_counts counts;
    (void)state;
    lk_scanner_tick(scanner, 0);
    for (size_t i = 0; i < sizeof(flood); i++) {
        flood[i] = "AB\nC\n"[i % 5];
    }
    assert_int_equal(lk_serial_sim_arrive(serial, flood, sizeof(flood)), 0);
    lk_scanner_ready(scanner, 100);
    lk_scanner_counts(scanner, &counts);
    assert_in_range(counts.lines, 4096 / 5 * 2 - 2, 4096 / 5 * 2 + 2);
}

static void late_lines_are_dropped_by_the_tick(void **state)
{
    (void)state;
    lk_scanner_tick(scanner, 0);
    arrive("1234");
    lk_scanner_ready(scanner, 100);
    assert_int_equal(lk_scanner_next_at_ms(scanner), 2101);
    lk_scanner_tick(scanner, 2101);
    assert_told("state there;drop late;");
}

static void triggers_a_scanner_in_host_mode(void **state)
{
    char got[16];
    (void)state;
    assert_int_equal(lk_scanner_trigger(scanner, &lk_reader_trigger_gm65, true), -EBADF);
    lk_scanner_tick(scanner, 0);
    assert_int_equal(lk_scanner_trigger(scanner, &lk_reader_trigger_gm65, true), 0);
    assert_int_equal(lk_serial_sim_take(serial, got, sizeof(got)), 6);
    assert_memory_equal(got, "\x04\xe4\x04\x00\xff\x14", 6);
    assert_int_equal(lk_scanner_trigger(scanner, &lk_reader_trigger_gm65, false), 0);
    assert_int_equal(lk_serial_sim_take(serial, got, sizeof(got)), 6);
    assert_memory_equal(got, "\x04\xe5\x04\x00\xff\x13", 6);
}

/* --- a real tty ----------------------------------------------------------------------------------------------------
 */

static char link_dir[64], link_path[96];

/* A pseudo terminal behind a symbolic link, as udev makes one below /dev/serial/by-id. Returns the master. */
static int plug_in(void)
{
    char name[128];
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(master >= 0);
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    assert_int_equal(ptsname_r(master, name, sizeof(name)), 0);
    assert_int_equal(symlink(name, link_path), 0);
    return master;
}

static int setup_tty(void **state)
{
    (void)state;
    told[0] = '\0';
    strcpy(link_dir, "/tmp/lk-scanner-XXXXXX");
    if (!mkdtemp(link_dir)) {
        return -1;
    }
    snprintf(link_path, sizeof(link_path), "%s/scanner", link_dir);
    if (lk_serial_linux_create(link_path, 9600, &serial) != 0) {
        return -1;
    }
    return lk_scanner_create(serial, &sink, &scanner, &scanner);
}

static int teardown_tty(void **state)
{
    (void)unlink(link_path);
    (void)rmdir(link_dir);
    return teardown(state);
}

static void read_when_ready(int64_t now_ms)
{
    struct pollfd p = {.fd = lk_scanner_fd(scanner), .events = POLLIN};
    assert_int_equal(poll(&p, 1, 2000), 1);
    lk_scanner_ready(scanner, now_ms);
}

static void send_line(int master, const char *text)
{
    assert_int_equal(write(master, text, strlen(text)), strlen(text));
}

static void a_tty_unplugged_and_back(void **state)
{
    (void)state;
    lk_scanner_tick(scanner, 0);
    assert_told("state ENOENT;");
    LK_CLEANUP(lk_closep) int master = plug_in();
    lk_scanner_tick(scanner, 1000);
    send_line(master, "12345678\r\n");
    read_when_ready(1100);
    assert_told("state there;line 12345678;");
    assert_int_equal(unlink(link_path), 0);
    lk_closep(&master);
    read_when_ready(1200);
    assert_told("state ENODEV;");
    LK_CLEANUP(lk_closep) int again = plug_in();
    lk_scanner_tick(scanner, 2200);
    send_line(again, "87654321\n");
    read_when_ready(2300);
    assert_told("state there;line 87654321;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(opens_at_the_first_tick_and_reads, setup_sim, teardown),
        cmocka_unit_test_setup_teardown(an_absent_one_is_tried_once_a_second_and_told_once, setup_sim, teardown),
        cmocka_unit_test_setup_teardown(another_holder_is_named, setup_sim, teardown),
        cmocka_unit_test_setup_teardown(unplugged_in_the_middle_of_a_line_and_back, setup_sim, teardown),
        cmocka_unit_test_setup_teardown(a_flood_starves_nobody, setup_sim, teardown),
        cmocka_unit_test_setup_teardown(late_lines_are_dropped_by_the_tick, setup_sim, teardown),
        cmocka_unit_test_setup_teardown(triggers_a_scanner_in_host_mode, setup_sim, teardown),
        cmocka_unit_test_setup_teardown(a_tty_unplugged_and_back, setup_tty, teardown_tty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
