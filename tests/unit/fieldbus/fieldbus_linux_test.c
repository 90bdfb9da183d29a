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

enum { READ_32_BYTES = 8 + 9, TRIES = 4 };

/* A sanitizer makes everything several times slower; the limit then only catches a worker that spins. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LK_CPU_SHARE   0.30
#define LK_SCAN_FACTOR 1.50
#else
#define LK_CPU_SHARE   0.03
#define LK_SCAN_FACTOR 1.10
#endif

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

/* One measurement; the machine may be busy, so only gap violations count at once. Returns mean over lawful. */
static double scan(unsigned baud)
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
    return mean_ms / one_gap_ms;
}

static void a_scan_keeps_the_gap_and_wastes_little(void **state)
{
    static const unsigned bauds[] = {9600, 19200, 115200};
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        double factor = 9;
        for (unsigned tries = 0; tries < TRIES && factor > LK_SCAN_FACTOR; tries++) {
            factor = scan(bauds[i]);
        }
        assert_true(factor <= LK_SCAN_FACTOR);
    }
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

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* On a line that is read all the time a pulse waits for one transaction and the gap, no more. */
static bool pulses_wait_for_one(void)
{
    enum { PULSES = 30 };
    int64_t waits[PULSES];
    struct responder *r = responder_make(LK_FB_RTU, 4, 32);
    struct lk_fieldbus_config config = rtu(r, 19200);
    responder_pace(r, 19200);
    struct lk_fieldbus *fb = start(&config);
    add_polls(fb, 4, 0);
    reap_for(fb, 200);
    for (unsigned i = 0; i < PULSES; i++) {
        struct lk_fb_completion c = {0};
        struct lk_fb_request p = {.tag = 1000 + i,
                                  .unit = (uint8_t)(1 + i % 4),
                                  .pdu_len = 5,
                                  .pdu = {0x05, 0x02, (uint8_t)i, 0, 1},
                                  .expect = LK_FB_ECHO,
                                  .priority = LK_FB_PULSE};
        int64_t asked_ns = now_ns();
        assert_int_equal(lk_fieldbus_submit(fb, &p), 0);
        while (c.tag != p.tag) {
            struct pollfd pfd = {.fd = lk_fieldbus_fd(fb), .events = POLLIN};
            assert_int_equal(poll(&pfd, 1, 2000), 1);
            (void)lk_fieldbus_reap(fb, &c);
        }
        assert_int_equal(c.status, 0);
        waits[i] = c.sent_at_ns - asked_ns;
        (void)poll(NULL, 0, (int)(i * 7 % 13));
    }
    qsort(waits, PULSES, sizeof(waits[0]), by_value);
    int64_t one_ns = lk_fb_wire_ns(&config, READ_32_BYTES) + lk_fb_gap_ns(&config);
    print_message("pulse to wire at 19200: median %.2f ms, longest %.2f; one read and gap is %.2f\n",
                  (double)waits[PULSES / 2] / 1e6, (double)waits[PULSES - 1] / 1e6, (double)one_ns / 1e6);
    lk_fieldbus_destroy(fb);
    responder_end(r);
    return waits[PULSES * 9 / 10] < one_ns + 1000000 && waits[PULSES - 1] < one_ns * 2;
}

static void a_pulse_waits_for_one_transaction(void **state)
{
    (void)state;
    bool held = false;
    for (unsigned tries = 0; tries < TRIES && !held; tries++) {
        held = pulses_wait_for_one();
    }
    assert_true(held);
}

/* Processor time of the workers alone, from the kernel's books of this process's threads (proc(5), schedstat). */
static double worker_seconds(void)
{
    double sum_s = 0;
    char path[300], name[32];
    DIR *tasks = opendir("/proc/self/task");
    assert_non_null(tasks);
    for (struct dirent *e; (e = readdir(tasks));) {
        unsigned long long ns = 0;
        (void)snprintf(path, sizeof(path), "/proc/self/task/%s/comm", e->d_name);
        LK_CLEANUP(lk_fclosep) FILE *comm = fopen(path, "re");
        (void)snprintf(path, sizeof(path), "/proc/self/task/%s/schedstat", e->d_name);
        LK_CLEANUP(lk_fclosep) FILE *sched = fopen(path, "re");
        if (comm && sched && fgets(name, sizeof(name), comm) && strcmp(name, "lk-fieldbus\n") == 0 &&
            fscanf(sched, "%llu", &ns) == 1) {
            sum_s += (double)ns / 1e9;
        }
    }
    (void)closedir(tasks);
    return sum_s;
}

/* Sixteen connections, each reading its board ten times a second. */
static double sixteen_tcp_boards(void)
{
    enum { LINES = 16, MS = 1500 };
    struct responder *r[LINES];
    struct lk_fieldbus *fb[LINES];
    struct lk_fb_stats st;
    for (unsigned i = 0; i < LINES; i++) {
        r[i] = responder_make(LK_FB_TCP, 1, 32);
        struct lk_fieldbus_config config = {
            .name = "t", .transport = LK_FB_TCP, .host = "127.0.0.1", .port = responder_port(r[i]), .timeout_ms = 200};
        fb[i] = start(&config);
        add_polls(fb[i], 1, 100);
    }
    (void)poll(NULL, 0, 200);
    double before = worker_seconds();
    int64_t begin_ns = now_ns();
    (void)poll(NULL, 0, MS);
    double share = (worker_seconds() - before) / ((double)(now_ns() - begin_ns) / 1e9);
    for (unsigned i = 0; i < LINES; i++) {
        assert_int_equal(lk_fieldbus_stats(fb[i], 1, &st), 0);
        assert_in_range(st.ok, MS / 100 - 2, MS / 100 + 8);
        lk_fieldbus_destroy(fb[i]);
        responder_end(r[i]);
    }
    print_message("16 boards over TCP every 100 ms: %.2f %% of a core; latency mean %u us\n", share * 100,
                  st.latency_mean_us);
    return share;
}

static void sixteen_tcp_boards_cost_little(void **state)
{
    (void)state;
    double share = 1;
    for (unsigned tries = 0; tries < TRIES && share > LK_CPU_SHARE; tries++) {
        share = sixteen_tcp_boards();
    }
    assert_true(share <= LK_CPU_SHARE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scan_keeps_the_gap_and_wastes_little),
        cmocka_unit_test(a_second_opener_is_told_busy),
        cmocka_unit_test(an_absent_tty_is_waited_for),
        cmocka_unit_test(names_and_wild_values_are_refused),
        cmocka_unit_test(a_pulse_waits_for_one_transaction),
        cmocka_unit_test(sixteen_tcp_boards_cost_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
