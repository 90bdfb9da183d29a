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

/* --- host mode ---
 */

static void assert_sent(const char *bytes, size_t n)
{
    char got[64];
    assert_int_equal(lk_serial_sim_take(serial, got, sizeof(got)), n);
    assert_memory_equal(got, bytes, n);
}
#define START "\x04\xe4\x04\x00\xff\x14"
#define STOP  "\x04\xe5\x04\x00\xff\x13"

static int setup_host(void **state)
{
    int r = setup_sim(state);
    return r == 0 ? lk_scanner_host_mode(scanner, &lk_reader_trigger_gm65) : r;
}

static void reads_only_while_a_code_is_wanted(void **state)
{
    (void)state;
    lk_scanner_tick(scanner, 0);
    assert_sent("", 0);
    lk_scanner_want(scanner, true, 100);
    lk_scanner_want(scanner, true, 110);
    assert_sent(START, 6);
    assert_int_equal(lk_scanner_next_at_ms(scanner), 100 + LK_SCANNER_START_MS);
    lk_scanner_want(scanner, false, 200);
    lk_scanner_want(scanner, false, 210);
    assert_sent(STOP, 6);
    assert_int_equal(lk_scanner_next_at_ms(scanner), INT64_MAX);
    lk_scanner_tick(scanner, 90000);
    assert_sent("", 0);
}

static void starts_again_after_a_code_and_when_the_time_of_one_reading_is_over(void **state)
{
    (void)state;
    lk_scanner_tick(scanner, 0);
    lk_scanner_want(scanner, true, 100);
    assert_sent(START, 6);
    lk_scanner_tick(scanner, 100 + LK_SCANNER_START_MS - 1);
    assert_sent("", 0);
    lk_scanner_tick(scanner, 100 + LK_SCANNER_START_MS);
    assert_sent(START, 6);
    arrive("12345678\r\n");
    lk_scanner_ready(scanner, 5000);
    assert_told("state there;line 12345678;");
    assert_sent("", 0);
    lk_scanner_tick(scanner, 5000 + LK_SCANNER_REST_MS);
    assert_sent(START, 6);
}

static void starts_again_when_the_scanner_comes_back(void **state)
{
    (void)state;
    lk_scanner_want(scanner, true, 0); /* it is not even there */
    lk_serial_sim_unplug(serial, -ENOENT);
    lk_scanner_tick(scanner, 0);
    lk_serial_sim_unplug(serial, 0);
    lk_scanner_tick(scanner, 1000);
    assert_sent(START, 6);
    lk_serial_sim_unplug(serial, -ENOENT);
    lk_scanner_ready(scanner, 1500);
    lk_serial_sim_unplug(serial, 0);
    lk_scanner_tick(scanner, 2500);
    assert_sent(START, 6);
    assert_told("state ENOENT;state there;state ENODEV;state there;");
}

static void one_that_went_is_noticed_by_the_start(void **state)
{
    (void)state;
    lk_scanner_tick(scanner, 0);
    lk_serial_sim_unplug(serial, -ENOENT);
    lk_scanner_want(scanner, true, 100);
    assert_told("state there;state ENODEV;");
    assert_int_equal(lk_scanner_next_at_ms(scanner), 1100);
}

static void arrive_bytes(const char *bytes, size_t n)
{
    assert_int_equal(lk_serial_sim_arrive(serial, bytes, n), 0);
}

static void acknowledgements_are_no_part_of_a_code(void **state)
{
    (void)state;
    lk_scanner_tick(scanner, 0);
    for (size_t i = 0; i < lk_reader_trigger_gm65.ack_count; i++) {
        const struct lk_reader_ack *ack = &lk_reader_trigger_gm65.acks[i];
        char code[40];
        snprintf(code, sizeof(code), "1234567%zu\n", i);
        arrive_bytes((const char *)ack->bytes, 3); /* in two pieces */
        lk_scanner_ready(scanner, 100);
        arrive_bytes((const char *)ack->bytes + 3, ack->len - 3);
        arrive(code);
        lk_scanner_ready(scanner, 120);
    }
    assert_told("state there;line 12345670;line 12345671;line 12345672;line 12345673;line 12345674;");
}

static void acknowledgements_have_right_checksums(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) { /* the ones of the Simple Serial Interface: the sum of all is 0x10000 */
        const struct lk_reader_ack *ack = &lk_reader_trigger_gm65.acks[i];
        unsigned sum = 0;
        for (size_t b = 0; b < ack->len - 2; b++) {
            sum += ack->bytes[b];
        }
        sum += (unsigned)ack->bytes[ack->len - 2] << 8 | ack->bytes[ack->len - 1];
        assert_int_equal(sum, 0x10000);
        assert_int_equal(ack->bytes[0], ack->len - 2);
    }
}

static void almost_an_acknowledgement_is_garbage_and_so_is_one_inside_a_code(void **state)
{
    (void)state;
    lk_scanner_tick(scanner, 0);
    arrive_bytes("\x04\xd0\x00\x00\xff\x2d"
                 "111\n",
                 10);
    arrive_bytes("22\x04\xd0\x00\x00\xff\x2c"
                 "22\n",
                 11);
    arrive("333\n");
    lk_scanner_ready(scanner, 100);
    assert_told("state there;drop garbage;drop garbage;line 333;");
}

static void without_host_mode_an_acknowledgement_is_garbage(void **state)
{
    (void)state;
    lk_scanner_tick(scanner, 0);
    lk_scanner_want(scanner, true, 10);
    assert_sent("", 0);
    arrive_bytes("\x04\xd0\x00\x00\xff\x2c"
                 "111\n",
                 10);
    lk_scanner_ready(scanner, 100);
    assert_told("state there;drop garbage;");
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

/* Everything a bad line does at once: noise, a wrong baud rate, a line end that got lost, a flood without one. */
static void garbage_through_a_tty_never_becomes_a_code(void **state)
{
    char flood[3000];
    struct lk_scanner_counts counts;
    (void)state;
    LK_CLEANUP(lk_closep) int master = plug_in();
    lk_scanner_tick(scanner, 0);
    assert_told("state there;");
    for (size_t i = 0; i < sizeof(flood); i++) {
        flood[i] = (char)(i * 37 % 251 + 1);
        flood[i] = flood[i] == '\r' || flood[i] == '\n' ? '~' : flood[i];
    }
    for (size_t done = 0; done < sizeof(flood); done += 500) {
        assert_int_equal(write(master, flood + done, 500), 500);
        read_when_ready(100);
    }
    send_line(master, "\n\xff\x01\x80"
                      "1111\r\n12\x1b[A34\n\n\r\n12345678\r");
    while (strstr(told, "line") == NULL) {
        read_when_ready(200);
    }
    assert_string_equal(strstr(told, "line"), "line 12345678;");
    lk_scanner_counts(scanner, &counts);
    assert_int_equal(counts.lines, 1);
    told[0] = '\0';
}

static void host_mode_through_a_tty(void **state)
{
    char got[64];
    (void)state;
    assert_int_equal(lk_scanner_host_mode(scanner, &lk_reader_trigger_gm65), 0);
    LK_CLEANUP(lk_closep) int master = plug_in();
    lk_scanner_tick(scanner, 0);
    lk_scanner_want(scanner, true, 0);
    struct pollfd p = {.fd = master, .events = POLLIN};
    assert_int_equal(poll(&p, 1, 2000), 1);
    assert_int_equal(read(master, got, sizeof(got)), 6);
    assert_memory_equal(got, START, 6);
    assert_int_equal(write(master, "\x04\xd0\x00\x00\xff\x2c", 6), 6);
    send_line(master, "12345678\r\n");
    while (strstr(told, "line") == NULL) {
        read_when_ready(100);
    }
    assert_told("state there;line 12345678;");
    scanner = lk_scanner_destroy(scanner); /* and does not leave it shining */
    assert_int_equal(read(master, got, sizeof(got)), 6);
    assert_memory_equal(got, STOP, 6);
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
        cmocka_unit_test_setup_teardown(reads_only_while_a_code_is_wanted, setup_host, teardown),
        cmocka_unit_test_setup_teardown(starts_again_after_a_code_and_when_the_time_of_one_reading_is_over, setup_host,
                                        teardown),
        cmocka_unit_test_setup_teardown(starts_again_when_the_scanner_comes_back, setup_host, teardown),
        cmocka_unit_test_setup_teardown(one_that_went_is_noticed_by_the_start, setup_host, teardown),
        cmocka_unit_test_setup_teardown(acknowledgements_are_no_part_of_a_code, setup_host, teardown),
        cmocka_unit_test(acknowledgements_have_right_checksums),
        cmocka_unit_test_setup_teardown(almost_an_acknowledgement_is_garbage_and_so_is_one_inside_a_code, setup_host,
                                        teardown),
        cmocka_unit_test_setup_teardown(without_host_mode_an_acknowledgement_is_garbage, setup_sim, teardown),
        cmocka_unit_test_setup_teardown(a_tty_unplugged_and_back, setup_tty, teardown_tty),
        cmocka_unit_test_setup_teardown(garbage_through_a_tty_never_becomes_a_code, setup_tty, teardown_tty),
        cmocka_unit_test_setup_teardown(host_mode_through_a_tty, setup_tty, teardown_tty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
