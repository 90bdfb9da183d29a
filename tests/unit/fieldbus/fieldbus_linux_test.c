/*
 * What only the real line can get wrong: the frame gap, the speed of a scan, who owns the tty, the processor's time.
 * The numbers are printed; the limits that are asserted leave room for a busy machine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "hal/fieldbus_driver.h"
#include "hal/fieldbus_linux.h"
#include "responder.h"

enum { READ_32_BYTES = 8 + 9 };

static struct responder_heard heard[RESPONDER_HEARD];

static int64_t now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static struct lk_fieldbus_config rtu(const struct responder *r, unsigned baud)
{
    struct lk_fieldbus_config c = {.name = "t", .transport = LK_FB_RTU, .baud = baud, .timeout_ms = 200};
    strcpy(c.device, responder_path(r));
    return c;
}

static struct lk_fieldbus *start(const struct lk_fieldbus_config *config)
{
    struct lk_fieldbus *fb;
    assert_int_equal(lk_fieldbus_linux_create(config, &fb), 0);
    assert_int_equal(lk_fieldbus_start(fb), 0);
    for (int i = 0; i < 300 && !lk_fieldbus_up(fb); i++) {
        (void)poll(NULL, 0, 10);
    }
    assert_true(lk_fieldbus_up(fb));
    return fb;
}

static void add_polls(struct lk_fieldbus *fb, unsigned units, unsigned period_ms)
{
    for (unsigned u = 1; u <= units; u++) {
        struct lk_fb_poll poll = {.tag = u,
                                  .unit = (uint8_t)u,
                                  .pdu_len = 5,
                                  .pdu = {0x02, 0, 0, 0, 32},
                                  .read_bytes = 4,
                                  .period_ms = period_ms};
        assert_int_equal(lk_fieldbus_poll_set(fb, &poll), 0);
    }
}

static void reap_for(struct lk_fieldbus *fb, int64_t ms)
{
    struct lk_fb_completion c;
    for (int64_t end_ns = now_ns() + ms * 1000000; now_ns() < end_ns;) {
        struct pollfd p = {.fd = lk_fieldbus_fd(fb), .events = POLLIN};
        (void)poll(&p, 1, (int)((end_ns - now_ns()) / 1000000 + 1));
        while (lk_fieldbus_reap(fb, &c)) {
        }
    }
}

/* How fast it is, tests/bench says; here only that no gap is ever too short. */
static void scan(unsigned baud)
{
    struct responder *r = responder_make(LK_FB_RTU, 4, 32);
    struct lk_fieldbus_config config = rtu(r, baud);
    responder_pace(r, baud);
    struct lk_fieldbus *fb = start(&config);
    add_polls(fb, 4, 0);
    reap_for(fb, 200);
    (void)responder_heard(r, heard);
    reap_for(fb, 800);
    size_t n = responder_heard(r, heard);
    assert_true(n > 10);
    unsigned violations = 0;
    int64_t gap_ns = lk_fb_gap_ns(&config), shortest_ns = INT64_MAX;
    for (size_t i = 1; i < n; i++) {
        int64_t kept_ns = heard[i].at_ns - heard[i].reply_before_ns;
        violations += kept_ns < gap_ns;
        shortest_ns = kept_ns < shortest_ns ? kept_ns : shortest_ns;
    }
    double lawful_ms = (double)(lk_fb_wire_ns(&config, READ_32_BYTES) + 2 * gap_ns) / 1e6;
    double one_gap_ms = (double)(lk_fb_wire_ns(&config, READ_32_BYTES) + gap_ns) / 1e6;
    double mean_ms = (double)(heard[n - 1].at_ns - heard[0].at_ns) / 1e6 / (double)(n - 1);
    print_message(
        "%6u baud: %.3f ms a read, wire + our gap %.3f (x %.3f), + the board's gap %.3f; shortest gap %.3f of "
        "%.3f ms, %u violations\n",
        baud, mean_ms, one_gap_ms, mean_ms / one_gap_ms, lawful_ms, (double)shortest_ns / 1e6, (double)gap_ns / 1e6,
        violations);
    assert_int_equal(violations, 0);
    lk_fieldbus_destroy(fb);
    responder_end(r);
}

static void a_scan_keeps_the_gap(void **state)
{
    (void)state;
    scan(9600);
    scan(19200);
    scan(115200);
}

static void a_second_opener_is_told_busy(void **state)
{
    (void)state;
    struct responder *r = responder_make(LK_FB_RTU, 1, 8);
    struct lk_fieldbus_config config = rtu(r, 9600);
    struct lk_fieldbus *first = start(&config), *second;
    assert_int_equal(lk_fieldbus_linux_create(&config, &second), 0);
    assert_int_equal(lk_fieldbus_start(second), -EBUSY);
    lk_fieldbus_destroy(second);
    lk_fieldbus_destroy(first);
    first = start(&config); /* given back */
    lk_fieldbus_destroy(first);
    responder_end(r);
}

static void an_absent_tty_is_waited_for(void **state)
{
    (void)state;
    struct responder *r = responder_make(LK_FB_RTU, 1, 8);
    struct lk_fieldbus_config config = rtu(r, 9600);
    struct lk_fieldbus *fb;
    responder_plug(r, false);
    strcpy(config.device, "/tmp/lk-no-such-tty");
    assert_int_equal(lk_fieldbus_linux_create(&config, &fb), 0);
    assert_int_equal(lk_fieldbus_start(fb), 0);
    assert_false(lk_fieldbus_up(fb));
    lk_fieldbus_destroy(fb);
    responder_end(r);
}

static void names_and_wild_values_are_refused(void **state)
{
    (void)state;
    struct lk_fieldbus *fb;
    struct lk_fieldbus_config tcp = {.transport = LK_FB_TCP, .host = "board.example", .port = 502};
    assert_int_equal(lk_fieldbus_linux_create(&tcp, &fb), -EINVAL);
    strcpy(tcp.host, "::1");
    assert_int_equal(lk_fieldbus_linux_create(&tcp, &fb), 0);
    lk_fieldbus_destroy(fb);
    tcp.port = 70000;
    assert_int_equal(lk_fieldbus_linux_create(&tcp, &fb), -EINVAL);
    struct lk_fieldbus_config line = {.transport = LK_FB_RTU, .device = "/dev/ttyS0", .baud = 9601};
    assert_int_equal(lk_fieldbus_linux_create(&line, &fb), -EINVAL);
    line.baud = 9600;
    line.device[0] = '\0';
    assert_int_equal(lk_fieldbus_linux_create(&line, &fb), -EINVAL);
}

/* Two replies wait together when this thread was held up: which of them belongs to the request? */
static void law_3_a_reply_with_another_one_is_no_proof(void **state)
{
    (void)state;
    struct responder *r = responder_make(LK_FB_RTU, 1, 8);
    struct lk_fieldbus_config config = rtu(r, 115200);
    struct lk_fieldbus *fb = start(&config);
    struct lk_fb_request q = {.tag = 1,
                              .unit = 1,
                              .pdu_len = 5,
                              .pdu = {2, 0, 0, 0, 8},
                              .expect = LK_FB_READ,
                              .read_bytes = 1,
                              .priority = LK_FB_NORMAL};
    for (unsigned glued = 0; glued < 2; glued++) {
        struct lk_fb_completion c = {0};
        responder_fault(r, 1, &(struct lk_fieldbus_sim_fault){.glued = glued == 1, .count = 1});
        assert_int_equal(lk_fieldbus_submit(fb, &q), 0);
        while (!lk_fieldbus_reap(fb, &c)) {
            (void)poll(NULL, 0, 1);
        }
        assert_int_equal(c.status, glued ? -EBADMSG : 0);
        assert_int_equal(c.doubled, glued);
    }
    lk_fieldbus_destroy(fb);
    responder_end(r);
}

/* --- a repetition that comes while this process does not run */

enum { SLOW_BAUD = 1200 };

static const uint8_t stale_reply[] = {1, 2, 1, 0x01, 0x60, 0x48}, true_reply[] = {1, 2, 1, 0x02, 0x20, 0x49};

/* Asks twice; its exit code: 0 the second reading was not proven, 1 it was the stale one, 2 the true one, 3 anything
 * else. */
static int ask_twice(const char *tty)
{
    struct lk_fieldbus_config config = {
        .name = "t", .transport = LK_FB_RTU, .baud = SLOW_BAUD, .timeout_ms = 1000, .paced_pty = true};
    struct lk_fb_request q = {
        .tag = 1, .unit = 1, .pdu_len = 5, .pdu = {2, 0, 0, 0, 8}, .expect = LK_FB_READ, .read_bytes = 1};
    struct lk_fb_completion c[2] = {{0}, {0}};
    struct lk_fieldbus *fb;
    (void)snprintf(config.device, sizeof(config.device), "%s", tty);
    if (lk_fieldbus_linux_create(&config, &fb) != 0 || lk_fieldbus_start(fb) != 0) {
        return 3;
    }
    for (int i = 0; i < 2; i++) {
        if (lk_fieldbus_submit(fb, &q) != 0) {
            return 3;
        }
        while (!lk_fieldbus_reap(fb, &c[i])) {
            (void)poll(NULL, 0, 1);
        }
    }
    if (c[0].status != 0 || (c[1].status != 0 && c[1].status != -EBADMSG)) {
        return 3;
    }
    return c[1].status != 0 ? 0 : c[1].data[0] == stale_reply[3] ? 1 : 2;
}

static void hear_request(int master)
{
    uint8_t q[8];
    for (size_t n = 0; n < sizeof(q);) {
        struct pollfd p = {.fd = master, .events = POLLIN};
        assert_int_equal(poll(&p, 1, 5000), 1);
        ssize_t got = read(master, q + n, sizeof(q) - n);
        assert_true(got > 0);
        n += (size_t)got;
    }
}

static void say_after(int master, const uint8_t *reply, int ms)
{
    (void)poll(NULL, 0, ms);
    assert_int_equal(write(master, reply, sizeof(true_reply)), sizeof(true_reply));
}

/* stop: the process does not run from the second request on until long after the repetition came. */
static int exit_code_with(bool stop)
{
    struct termios raw;
    int status, master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    char tty[64];
    assert_int_equal(ptsname_r(master, tty, sizeof(tty)), 0);
    int slave = open(tty, O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(slave >= 0 && tcgetattr(slave, &raw) == 0);
    cfmakeraw(&raw);
    assert_int_equal(tcsetattr(slave, TCSANOW, &raw), 0);
    pid_t pid = fork();
    if (pid == 0) {
        _exit(ask_twice(tty));
    }
    hear_request(master);
    say_after(master, stale_reply, 150); /* request and reply take 117 ms */
    hear_request(master);
    if (stop) {
        assert_int_equal(kill(pid, SIGSTOP), 0);
        assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
    }
    say_after(master, stale_reply, 0);
    if (stop) {
        (void)poll(NULL, 0, 300);
        assert_int_equal(kill(pid, SIGCONT), 0);
    }
    say_after(master, true_reply, 150);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    close(slave);
    close(master);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 3;
}

/* A repetition right behind a request is known by its time. Whoever sleeps through that time knows nothing. */
static void law_3_a_repetition_slept_through_is_no_proof(void **state)
{
    (void)state;
    assert_int_equal(exit_code_with(false), 2);
    assert_int_equal(exit_code_with(true), 0);
}

/* On Modbus TCP each connection has its own worker. */
static void law_10_a_dead_tcp_board_blocks_no_other(void **state)
{
    (void)state;
    struct responder *dead = responder_make(LK_FB_TCP, 1, 8), *well = responder_make(LK_FB_TCP, 1, 8);
    struct lk_fieldbus_config config = {.name = "t", .transport = LK_FB_TCP, .host = "127.0.0.1", .timeout_ms = 1000};
    responder_fault(dead, 1, &(struct lk_fieldbus_sim_fault){.dead = true});
    config.port = responder_port(dead);
    struct lk_fieldbus *to_dead = start(&config);
    config.port = responder_port(well);
    struct lk_fieldbus *to_well = start(&config);
    add_polls(to_dead, 1, 0);
    struct lk_fb_request r = {
        .unit = 1, .pdu_len = 5, .pdu = {5, 2, 0, 0, 1}, .expect = LK_FB_ECHO, .priority = LK_FB_PULSE};
    struct lk_fb_completion c;
    for (r.tag = 1; r.tag <= 20; r.tag++) {
        int64_t begin_ns = now_ns();
        assert_int_equal(lk_fieldbus_submit(to_well, &r), 0);
        struct pollfd p = {.fd = lk_fieldbus_fd(to_well), .events = POLLIN};
        while (!lk_fieldbus_reap(to_well, &c)) {
            assert_int_equal(poll(&p, 1, 900), 1);
        }
        assert_int_equal(c.status, 0);
        assert_true(now_ns() - begin_ns < 900000000);
        (void)poll(NULL, 0, 20);
    }
    lk_fieldbus_destroy(to_well);
    lk_fieldbus_destroy(to_dead);
    responder_end(well);
    responder_end(dead);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scan_keeps_the_gap),
        cmocka_unit_test(a_second_opener_is_told_busy),
        cmocka_unit_test(an_absent_tty_is_waited_for),
        cmocka_unit_test(law_3_a_reply_with_another_one_is_no_proof),
        cmocka_unit_test(law_3_a_repetition_slept_through_is_no_proof),
        cmocka_unit_test(law_10_a_dead_tcp_board_blocks_no_other),
        cmocka_unit_test(names_and_wild_values_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
