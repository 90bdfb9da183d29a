/* The line's time: pacing, silent gaps, framing, and rubbish. Virtual time. */
#include "test_head.h"

#include "rig.h"

#include "base/cleanup.h"

#include <string.h>

#define US 1000

static struct rig rig;

static int set_up(void **state)
{
    (void)state;
    rig_init(&rig, "waveshare-relay");
    rig.line.config = (struct lk_cab_rtu_config){.baud = 9600, .bits = 10, .turnaround_ns = -1, .strict = false};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rig_free(&rig);
    return 0;
}

static size_t inputs_request(uint8_t unit, uint8_t *ret_adu)
{
    const uint8_t pdu[] = {2, 0, 0, 0, 32};
    return lk_cab_rtu_wrap(unit, pdu, sizeof pdu, ret_adu);
}

static void send_inputs(uint8_t unit)
{
    uint8_t adu[LK_CAB_ADU_MAX];
    rig_send(&rig, adu, inputs_request(unit, adu));
}

/* Lawful time for one read of 32 inputs, both gaps included. */
static void test_lawful_times(void **state)
{
    static const struct {
        unsigned baud, bits;
        int64_t us;
    } rows[] = {{9600, 10, 25000}, {19200, 10, 12500}, {19200, 11, 13750}, {115200, 10, 4976}};
    (void)state;
    for (size_t i = 0; i < LK_ARRAY_SIZE(rows); i++) {
        lk_cab_rtu_forget(&rig.line);
        rig.line.config.baud = rows[i].baud;
        rig.line.config.bits = rows[i].bits;
        int64_t start_ns = rig.now_ns;
        send_inputs(1);
        rig_run(&rig, 1000 * MS);
        assert_int_equal(rig.got_len, 9);
        int64_t us = (rig.got_at_ns + lk_cab_rtu_gap_ns(&rig.line.config) - start_ns + 500) / US;
        assert_int_equal(us, rows[i].us);
    }
}

static void test_nothing_comes_early(void **state)
{
    (void)state;
    send_inputs(1);
    rig_run(&rig, 21354 * US);
    assert_int_equal(rig.got_len, 0);
    rig_run(&rig, 1 * US);
    assert_int_equal(rig.got_len, 9);
}

static void test_the_board_acts_when_the_request_has_passed(void **state)
{
    const uint8_t pdu[] = {5, 2, 0, 0, 5};
    uint8_t adu[LK_CAB_ADU_MAX];
    struct lk_cab_happening h;
    (void)state;
    int64_t start_ns = rig.now_ns;
    rig_send(&rig, adu, lk_cab_rtu_wrap(1, pdu, sizeof pdu, adu));
    rig_run(&rig, 100 * MS);
    assert_int_equal(rig_count(&rig, LK_CAB_PULSE_START, &h), 1);
    assert_int_equal((h.at_ns - start_ns) / US, 8333);
    assert_int_equal(rig_count(&rig, LK_CAB_REQUEST, &h), 1);
    assert_int_equal(h.value, start_ns);
    assert_string_equal(h.text, "0105020000050c71");
}

/* Two requests with a silence of gap_us between the end of the reply and the second. */
static void two_requests(int64_t gap_us)
{
    send_inputs(1);
    rig_run(&rig, 21354 * US + 167 + gap_us * US);
    send_inputs(2);
    rig_run(&rig, 100 * MS);
}

static void test_gap_kept(void **state)
{
    (void)state;
    rig.line.config.strict = true;
    two_requests(3650);
    assert_int_equal(rig.w.line[0].stats.gap_violations, 0);
    assert_int_equal(rig.got_len, 9);
    assert_in_range(rig.w.line[0].stats.shortest_gap_ns, 3640 * US, 3660 * US);
}

static void test_gap_broken_is_counted(void **state)
{
    (void)state;
    two_requests(3500);
    assert_int_equal(rig.w.line[0].stats.gap_violations, 1);
    assert_int_equal(rig.got_len, 9); /* tolerant */
}

static void test_gap_broken_is_dropped_when_strict(void **state)
{
    struct lk_cab_happening h;
    (void)state;
    rig.line.config.strict = true;
    two_requests(3500);
    assert_int_equal(rig.w.line[0].stats.gap_violations, 1);
    assert_int_equal(rig.w.line[0].stats.dropped, 1);
    assert_int_equal(rig.got_len, 0);
    assert_int_equal(rig_count(&rig, LK_CAB_GAP_VIOLATION, &h), 1);
    assert_in_range(h.value, 3490 * US, 3510 * US);
    send_inputs(2);
    rig_run(&rig, 100 * MS);
    assert_int_equal(rig.got_len, 9);
}

static void test_gap_after_no_reply_counts_from_the_request(void **state)
{
    (void)state;
    rig.line.config.strict = true;
    send_inputs(9);
    rig_run(&rig, 8334 * US + 3500 * US);
    send_inputs(1);
    rig_run(&rig, 100 * MS);
    assert_int_equal(rig.w.line[0].stats.dropped, 1);
    send_inputs(9);
    rig_run(&rig, 8334 * US + 3700 * US);
    send_inputs(1);
    rig_run(&rig, 100 * MS);
    assert_int_equal(rig.w.line[0].stats.dropped, 1);
    assert_int_equal(rig.got_len, 9);
}

static void test_request_into_the_reply(void **state)
{
    (void)state;
    send_inputs(1);
    rig_run(&rig, 15 * MS); /* the reply has begun */
    send_inputs(2);
    rig_run(&rig, 100 * MS);
    assert_int_equal(rig.w.line[0].stats.gap_violations, 1);
    assert_true(rig.w.line[0].stats.shortest_gap_ns < 0);
}

static void test_late_reply_not_begun_is_no_violation(void **state)
{
    struct lk_cab_fault_state f = rig_fault(LK_CAB_LATE);
    (void)state;
    f.left = 1;
    f.ms = 300;
    rig_break_board(&rig, LK_CAB_LATE, &f);
    send_inputs(1);
    rig_run(&rig, 100 * MS);
    send_inputs(2);
    rig_run(&rig, 500 * MS);
    assert_int_equal(rig.w.line[0].stats.gap_violations, 0);
    assert_int_equal(rig.got_len, 18);
}

static void test_two_frames_in_one_write(void **state)
{
    uint8_t adu[2 * LK_CAB_ADU_MAX];
    (void)state;
    size_t n = inputs_request(1, adu);
    n += inputs_request(2, adu + n);
    rig_send(&rig, adu, n);
    rig_run(&rig, 200 * MS);
    assert_int_equal(rig.w.line[0].stats.requests, 2);
    assert_int_equal(rig.w.line[0].stats.gap_violations, 1);
}

static void test_frame_in_pieces(void **state)
{
    uint8_t adu[LK_CAB_ADU_MAX];
    (void)state;
    size_t n = inputs_request(1, adu);
    for (size_t i = 0; i < n; i++) {
        rig_send(&rig, adu + i, 1);
        rig_run(&rig, 1 * MS);
    }
    rig_run(&rig, 100 * MS);
    assert_int_equal(rig.got_len, 9);
    assert_int_equal(rig.w.line[0].stats.gap_violations, 0);
}

static void test_cut_frame_ends_with_silence(void **state)
{
    uint8_t adu[LK_CAB_ADU_MAX];
    (void)state;
    size_t n = inputs_request(1, adu);
    rig_send(&rig, adu, n - 3);
    rig_run(&rig, 50 * MS);
    assert_int_equal(rig.w.line[0].stats.garbled, 1);
    send_inputs(1);
    rig_run(&rig, 50 * MS);
    assert_int_equal(rig.got_len, 9);
}

static void test_unpaced(void **state)
{
    (void)state;
    rig.line.config.baud = 0;
    for (unsigned i = 0; i < 3; i++) {
        send_inputs(1);
        rig_run(&rig, 0);
        assert_int_equal(rig.got_len, 9);
    }
    assert_int_equal(rig.w.line[0].stats.gap_violations, 0);
}

static void test_forget(void **state)
{
    (void)state;
    send_inputs(1);
    rig_run(&rig, 12 * MS);
    lk_cab_rtu_forget(&rig.line);
    rig_run(&rig, 100 * MS);
    assert_int_equal(rig.got_len, 0);
    assert_int_equal(lk_cab_rtu_next(&rig.line), INT64_MAX);
}

/* Rubbish, half frames, whole frames with lies in them: nothing breaks, and afterwards a good request is answered. */
static void test_rubbish(void **state)
{
    struct lk_cab_rand rand = {2024};
    uint8_t bytes[700];
    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        size_t n = 1 + lk_cab_rand_below(&rand, round % 50 == 0 ? sizeof bytes : 40);
        for (size_t i = 0; i < n; i++) {
            bytes[i] = (uint8_t)lk_cab_rand_next(&rand);
        }
        bytes[0] = round % 3 ? 1 : bytes[0];
        if (n >= 4 && n < LK_CAB_ADU_MAX && round % 2) {
            bytes[1] %= 24;
            uint16_t crc = lk_cab_crc(bytes, n - 2);
            bytes[n - 2] = (uint8_t)crc;
            bytes[n - 1] = (uint8_t)(crc >> 8);
        }
        rig.line.config.baud = round % 5 ? 115200 : 0;
        rig_send(&rig, bytes, n);
        rig_run(&rig, (int64_t)lk_cab_rand_below(&rand, 30) * MS);
    }
    rig_run(&rig, 2000 * MS);
    lk_cab_world_reset(&rig.w, rig.now_ns);
    rig.w.board[0].unit = 1;
    rig.w.board[1].unit = 2;
    send_inputs(1);
    rig_run(&rig, 100 * MS);
    assert_true(rig_got(&rig, "010204ffffffff"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(test_lawful_times),
        T(test_nothing_comes_early),
        T(test_the_board_acts_when_the_request_has_passed),
        T(test_gap_kept),
        T(test_gap_broken_is_counted),
        T(test_gap_broken_is_dropped_when_strict),
        T(test_gap_after_no_reply_counts_from_the_request),
        T(test_request_into_the_reply),
        T(test_late_reply_not_begun_is_no_violation),
        T(test_two_frames_in_one_write),
        T(test_frame_in_pieces),
        T(test_cut_frame_ends_with_silence),
        T(test_unpaced),
        T(test_forget),
        T(test_rubbish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
