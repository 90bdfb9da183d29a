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
#include <poll.h>
#include <time.h>

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
        cmocka_unit_test(law_10_a_dead_tcp_board_blocks_no_other),
        cmocka_unit_test(names_and_wild_values_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
