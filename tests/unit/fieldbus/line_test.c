/*
 * How a line spends its time, in virtual time: what a dead board costs, how long is waited for a quick one and for a
 * slow one, how punctual a follow-up is, and whose echo it was.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "hal/fieldbus_sim.h"

enum { UNITS = 8, HEARD_MAX = 64, STEADY = 2048 };

#define MS      INT64_C(1000000)
#define HOUR_MS (3600 * INT64_C(1000))

struct rig {
    struct lk_fieldbus *fb;
    struct lk_sim_board *board_1;
    uint64_t seed;
    unsigned tail_unit;
    unsigned (*late_ms)(uint64_t random);
    bool hear_reads;
    int64_t heard_ns[HEARD_MAX];
    uint8_t heard[HEARD_MAX][6];
    unsigned heard_n;
};

static struct rig rig;

static uint64_t dice(struct rig *r)
{
    r->seed = r->seed * 6364136223846793005U + 1442695040888963407U;
    return r->seed >> 33;
}

/* Sets how late the unit's next reply will be, and writes down what switches coils. */
static void watch(void *user, int64_t at_ns, uint8_t unit, const uint8_t *pdu, size_t n)
{
    struct rig *r = user;
    if (r->late_ms && unit == r->tail_unit) {
        struct lk_fieldbus_sim_fault fault = {.late_ms = r->late_ms(dice(r))};
        lk_fieldbus_sim_fault(r->fb, unit, &fault);
    }
    if ((pdu[0] == 5 || r->hear_reads) && n == 5 && r->heard_n < HEARD_MAX) {
        r->heard_ns[r->heard_n] = at_ns;
        r->heard[r->heard_n][0] = unit;
        memcpy(r->heard[r->heard_n++] + 1, pdu, 5);
    }
}

static int make(void **state)
{
    struct lk_fieldbus_config config = {
        .name = "l", .transport = LK_FB_RTU, .device = "/dev/none", .baud = 19200, .timeout_ms = 120};
    rig = (struct rig){.seed = 11};
    assert_int_equal(lk_fieldbus_sim_create(&config, 1000 * MS, &rig.fb), 0);
    for (uint8_t u = 1; u <= UNITS; u++) {
        struct lk_sim_board *b = lk_fieldbus_sim_board(rig.fb, u, 8);
        assert_non_null(b);
        rig.board_1 = u == 1 ? b : rig.board_1;
    }
    lk_fieldbus_sim_set_watch(rig.fb, watch, &rig);
    assert_int_equal(lk_fieldbus_start(rig.fb), 0);
    *state = &rig;
    return 0;
}

static int end(void **state)
{
    struct rig *r = *state;
    lk_fieldbus_destroy(r->fb);
    return 0;
}

static int64_t now_ms(struct rig *r)
{
    return lk_fieldbus_sim_now_ns(r->fb) / MS;
}

static void run(struct rig *r, int64_t ms)
{
    struct lk_fb_completion c;
    for (int64_t end_ms = now_ms(r) + ms; now_ms(r) < end_ms;) {
        int64_t step_ms = end_ms - now_ms(r) < 200 ? end_ms - now_ms(r) : 200;
        lk_fieldbus_sim_advance(r->fb, lk_fieldbus_sim_now_ns(r->fb) + step_ms * MS);
        while (lk_fieldbus_reap(r->fb, &c)) {
        }
    }
}

static void poll_unit(struct rig *r, uint8_t unit, unsigned timeout_ms)
{
    struct lk_fb_poll poll = {
        .tag = unit, .unit = unit, .pdu_len = 5, .pdu = {2, 0, 0, 0, 8}, .read_bytes = 1, .timeout_ms = timeout_ms};
    assert_int_equal(lk_fieldbus_poll_set(r->fb, &poll), 0);
}

static struct lk_fb_stats books(struct rig *r, uint8_t unit)
{
    struct lk_fb_stats st = {0};
    (void)lk_fieldbus_stats(r->fb, unit, &st);
    return st;
}

static void kill_unit(struct rig *r, uint8_t unit, bool dead)
{
    struct lk_fieldbus_sim_fault fault = {.dead = dead};
    lk_fieldbus_sim_fault(r->fb, unit, &fault);
}

/* The share of the line that `dead` of the boards cost together in an hour, in thousandths. */
static unsigned dead_share(struct rig *r, unsigned dead, unsigned timeout_ms)
{
    uint64_t before[UNITS + 1], together = 0;
    for (uint8_t u = 1; u <= UNITS; u++) {
        poll_unit(r, u, timeout_ms);
    }
    run(r, 1000);
    uint64_t line_before = books(r, 1).line_ns;
    for (uint8_t u = 1; u <= dead; u++) {
        before[u] = books(r, u).dead_ns;
        kill_unit(r, u, true);
    }
    run(r, HOUR_MS);
    uint64_t line = books(r, UNITS).line_ns - line_before;
    assert_in_range(line / MS, HOUR_MS - 1000, HOUR_MS + 2000);
    for (uint8_t u = 1; u <= dead; u++) {
        assert_true(books(r, u).quarantined);
        assert_true(books(r, u).probes > 30 / dead);
        together += books(r, u).dead_ns - before[u];
    }
    return (unsigned)(together * 1000 / line);
}

/* How long until all boards that are back have been found, in ms. */
static int64_t found_after(struct rig *r, unsigned dead)
{
    int64_t begin_ms = now_ms(r);
    for (uint8_t u = 1; u <= dead; u++) {
        kill_unit(r, u, false);
    }
    for (uint8_t u = 1; u <= dead; u++) {
        while (books(r, u).quarantined) {
            run(r, 100);
            assert_true(now_ms(r) - begin_ms < 600000);
        }
    }
    return now_ms(r) - begin_ms;
}

static void dead_boards_cost(void **state, unsigned dead, unsigned timeout_ms, unsigned share_most, int64_t found_most)
{
    struct rig *r = *state;
    unsigned share = dead_share(r, dead, timeout_ms);
    int64_t found_ms = found_after(r, dead);
    print_message("%u of %d boards dead, time-out %u ms: %u.%u %% of the line, found again after %u ms at most\n", dead,
                  UNITS, timeout_ms, share / 10, share % 10, (unsigned)found_ms);
    assert_true(share < share_most);
    assert_true(found_ms <= found_most);
}

/* The bound of docs/fieldbus.md: each of n dead ones is asked at least every n * (time-out + 30 ms) * 23, or 10 s. */
static int64_t bound_ms(unsigned dead, unsigned timeout_ms)
{
    int64_t ms = (int64_t)dead * (timeout_ms + 30) * 23;
    return (ms > 10000 ? ms : 10000) + 1000;
}

static void law_10_a_dead_board_costs_less_than_a_twentieth(void **state)
{
    dead_boards_cost(state, 1, 120, 50, bound_ms(1, 120));
}

static void law_10_whatever_its_timeout(void **state)
{
    dead_boards_cost(state, 1, LK_FB_TIMEOUT_MAX_MS, 50, bound_ms(1, LK_FB_TIMEOUT_MAX_MS));
}

static void law_10_and_so_do_several_together(void **state)
{
    dead_boards_cost(state, UNITS - 1, 300, 50, bound_ms(UNITS - 1, 300));
}

static void a_line_with_nobody_left_is_searched_quickly(void **state)
{
    dead_boards_cost(state, UNITS, 300, 510, 10000 + 1000);
}

static void until_quarantined(struct rig *r, uint8_t unit)
{
    kill_unit(r, unit, true);
    for (int i = 0; i < 200 && !books(r, unit).quarantined; i++) {
        run(r, 100);
    }
    assert_true(books(r, unit).quarantined);
}

static void a_quick_board_that_dies_is_given_up_quickly(void **state)
{
    struct rig *r = *state;
    poll_unit(r, 1, LK_FB_TIMEOUT_MAX_MS);
    run(r, 1000);
    assert_int_equal(books(r, 1).timeout_ms, LK_FB_TIMEOUT_MAX_MS); /* not proven yet */
    until_quarantined(r, 1);
    uint64_t unproven_ns = books(r, 1).dead_ns;
    assert_in_range(unproven_ns / MS, 3 * LK_FB_TIMEOUT_MAX_MS, 3 * LK_FB_TIMEOUT_MAX_MS + 150);
    kill_unit(r, 1, false);
    while (books(r, 1).ok < 2 * STEADY + 100) {
        run(r, 1000);
    }
    assert_int_equal(books(r, 1).timeout_ms, 100);
    uint64_t before_ns = books(r, 1).dead_ns;
    until_quarantined(r, 1);
    /* short, long, short */
    assert_in_range((books(r, 1).dead_ns - before_ns) / MS, LK_FB_TIMEOUT_MAX_MS + 200, LK_FB_TIMEOUT_MAX_MS + 350);
}

/* hardware.md's field unit: of 1000 replies 112 take more than 400 ms, 5 more than 500, none more than 600. */
static unsigned field_unit(uint64_t random)
{
    unsigned k = (unsigned)(random % 1000), more = (unsigned)(random / 1000 % 80);
    return k < 5 ? 500 + more : k < 112 ? 405 + more : 20 + more * 4;
}

/* Quick, but one reply in 700 takes half a second. */
static unsigned seldom_slow(uint64_t random)
{
    return random % 700 == 0 ? 520 : 5;
}

static uint64_t timeouts_of(struct rig *r, unsigned (*late_ms)(uint64_t), uint64_t replies)
{
    r->tail_unit = 3;
    r->late_ms = late_ms;
    poll_unit(r, 3, 600);
    while (books(r, 3).ok < replies) {
        run(r, 10000);
    }
    struct lk_fb_stats st = books(r, 3);
    print_message("%u replies: %u time-outs; median %u us, 99 %% within %u us; waits %u ms\n", (unsigned)st.ok,
                  (unsigned)st.timeouts, st.latency_p50_us, st.latency_p99_us, st.timeout_ms);
    return st.timeouts;
}

static void a_slow_board_is_not_squeezed_into_errors(void **state)
{
    struct rig *r = *state;
    assert_int_equal(timeouts_of(r, field_unit, 10000), 0);
    struct lk_fb_stats st = books(r, 3);
    assert_in_range(st.latency_p50_us, 160000, 240000);
    assert_in_range(st.latency_p99_us, 430000, 540000);
}

static void a_board_slow_once_in_a_while_is_learnt(void **state)
{
    assert_true(timeouts_of(*state, seldom_slow, 60000) <= 1);
}

/* Steady for long, then slow for good: one time-out, and the full time again at once. */
static void a_board_that_becomes_slow_gets_its_time_back(void **state)
{
    struct rig *r = *state;
    poll_unit(r, 3, 600);
    while (books(r, 3).ok < STEADY + 100) {
        run(r, 1000);
    }
    assert_int_equal(books(r, 3).timeout_ms, 100);
    struct lk_fieldbus_sim_fault slow = {.late_ms = 450};
    lk_fieldbus_sim_fault(r->fb, 3, &slow);
    run(r, 60000);
    assert_int_equal(books(r, 3).timeouts, 1);
    assert_false(books(r, 3).quarantined);
    assert_int_equal(books(r, 3).timeout_ms, 600);
}

/* A write always waits its full time, however quick its board is. */
static void a_pulse_always_gets_its_full_time(void **state)
{
    struct rig *r = *state;
    struct lk_fb_completion c;
    poll_unit(r, 3, 600);
    while (books(r, 3).ok < STEADY + 100) {
        run(r, 1000);
    }
    struct lk_fieldbus_sim_fault slow = {.late_ms = 450, .only_function = 5, .count = 1};
    lk_fieldbus_sim_fault(r->fb, 3, &slow);
    struct lk_fb_request p = {.tag = 77,
                              .unit = 3,
                              .pdu_len = 5,
                              .pdu = {5, 2, 0, 0, 5},
                              .expect = LK_FB_ECHO,
                              .priority = LK_FB_PULSE,
                              .timeout_ms = 600};
    assert_int_equal(lk_fieldbus_submit(r->fb, &p), 0);
    do {
        lk_fieldbus_sim_advance(r->fb, lk_fieldbus_sim_now_ns(r->fb) + MS);
    } while (!lk_fieldbus_reap(r->fb, &c) || c.tag != 77);
    assert_int_equal(c.status, 0);
}

static struct lk_fb_request on_and_off(uint64_t tag, unsigned after_ms)
{
    return (struct lk_fb_request){.tag = tag,
                                  .unit = 1,
                                  .pdu_len = 5,
                                  .pdu = {5, 0, 0, 0xFF, 0},
                                  .expect = LK_FB_ECHO,
                                  .priority = LK_FB_PULSE,
                                  .then_pdu_len = 5,
                                  .then_pdu = {5, 0, 0, 0, 0},
                                  .then_after_ms = after_ms};
}

static struct lk_fb_completion await_tag(struct rig *r, uint64_t tag)
{
    struct lk_fb_completion c = {0};
    for (int i = 0; i < 20000; i++) {
        if (lk_fieldbus_reap(r->fb, &c) && c.tag == tag) {
            return c;
        }
        lk_fieldbus_sim_advance(r->fb, lk_fieldbus_sim_now_ns(r->fb) + MS / 4);
    }
    fail_msg("no completion");
    return c;
}

/* The echo of the first "off" comes late, while the second, equal one waits for its own, which is lost. */
static void law_3_a_late_off_is_not_the_next_ones(void **state)
{
    struct rig *r = *state;
    struct lk_fb_request first = on_and_off(1, 60), second = on_and_off(2, 20);
    assert_int_equal(lk_fieldbus_submit(r->fb, &first), 0);
    assert_int_equal(await_tag(r, 1).status, 0);
    struct lk_fieldbus_sim_fault late = {.late_ms = 220, .count = 1}, lost = {.lose_reply = true, .count = 1};
    lk_fieldbus_sim_fault(r->fb, 1, &late);
    assert_int_equal(await_tag(r, 1).status, 0); /* its second try */
    assert_int_equal(r->heard_n, 3);
    assert_int_equal(lk_fieldbus_submit(r->fb, &second), 0);
    assert_int_equal(await_tag(r, 2).status, 0);
    lk_fieldbus_sim_fault(r->fb, 1, &lost);
    struct lk_fb_completion c = await_tag(r, 2);
    assert_true(c.is_then);
    assert_int_equal(c.status, 0);
    assert_int_equal(r->heard_n, 6); /* on, off, off; on, off, off */
    assert_true(c.sent_at_ns > r->heard_ns[4]);
    assert_int_equal(books(r, 1).late, 1);
}

static struct lk_fb_request read_of(uint64_t tag, uint8_t unit)
{
    return (struct lk_fb_request){.tag = tag,
                                  .unit = unit,
                                  .pdu_len = 5,
                                  .pdu = {2, 0, 0, 0, 8},
                                  .expect = LK_FB_READ,
                                  .read_bytes = 1,
                                  .priority = LK_FB_NORMAL};
}

static struct lk_fb_completion read_now(struct rig *r, uint64_t tag, uint8_t unit)
{
    struct lk_fb_request q = read_of(tag, unit);
    assert_int_equal(lk_fieldbus_submit(r->fb, &q), 0);
    return await_tag(r, tag);
}

/* A board's reply is late; meanwhile another answers under its address. That does not pay the debt. */
static void law_3_a_wrong_address_pays_no_debt(void **state)
{
    struct rig *r = *state;
    struct lk_fieldbus_sim_fault late = {.late_ms = 330, .count = 1}, wrong = {.answers_as = 1, .count = 1};
    struct lk_fieldbus_sim_fault slow = {.late_ms = 90, .count = 1};
    lk_fieldbus_sim_fault(r->fb, 1, &late);
    assert_int_equal(read_now(r, 1, 1).status, -ETIMEDOUT);
    r->board_1->inputs = 0x80;
    lk_fieldbus_sim_fault(r->fb, 2, &wrong);
    assert_int_equal(read_now(r, 2, 2).status, -ETIMEDOUT);
    lk_fieldbus_sim_fault(r->fb, 1, &slow);
    struct lk_fb_completion c = read_now(r, 3, 1);
    assert_int_equal(c.status, 0);
    assert_int_equal(c.data[0], 0x80);
}

/* Noise on the wire before a slow reply: the reply still comes, and is not the next request's. */
static void law_3_noise_is_not_the_reply(void **state)
{
    struct rig *r = *state;
    struct lk_fieldbus_sim_fault noise = {.noise = true, .late_ms = 60, .count = 1}, slow = {.late_ms = 80, .count = 1};
    lk_fieldbus_sim_fault(r->fb, 1, &noise);
    struct lk_fb_completion c = read_now(r, 1, 1);
    assert_int_equal(c.status, -EBADMSG);
    assert_true(c.garbled);
    r->board_1->inputs = 0x80;
    lk_fieldbus_sim_fault(r->fb, 1, &slow);
    c = read_now(r, 2, 1);
    assert_int_equal(c.status, 0);
    assert_int_equal(c.data[0], 0x80);
}

/* The same reply again, when the next request is on its way already: no board can have answered that one yet. */
static void law_3_a_repetition_is_not_the_next_reply(void **state)
{
    struct rig *r = *state;
    struct lk_fieldbus_sim_fault twice = {.twice_ms = 1, .count = 1};
    lk_fieldbus_sim_fault(r->fb, 1, &twice);
    struct lk_fb_request q[] = {read_of(1, 1), read_of(2, 1)};
    assert_int_equal(lk_fieldbus_submit(r->fb, &q[0]), 0);
    assert_int_equal(lk_fieldbus_submit(r->fb, &q[1]), 0);
    assert_int_equal(await_tag(r, 1).status, 0);
    r->board_1->inputs = 0x80;
    struct lk_fb_completion c = await_tag(r, 2);
    assert_int_equal(c.status, 0);
    assert_int_equal(c.data[0], 0x80);
}

/* Eight boards are read without a pause. Whenever somebody comes, the pulse is the next request but one at most, and
 * the very next when he comes in the gap: what goes is chosen after it. */
static void a_pulse_waits_for_one_transaction_at_most(void **state)
{
    struct rig *r = *state;
    unsigned in_gap = 0;
    for (uint8_t u = 1; u <= UNITS; u++) {
        poll_unit(r, u, 0);
    }
    run(r, 500);
    for (uint64_t i = 0; i < 200; i++) {
        struct lk_fb_request p = {.tag = 1000 + i,
                                  .unit = 1,
                                  .pdu_len = 5,
                                  .pdu = {5, 2, (uint8_t)(i % 8), 0, 1},
                                  .expect = LK_FB_ECHO,
                                  .priority = LK_FB_PULSE};
        lk_fieldbus_sim_advance(r->fb, lk_fieldbus_sim_now_ns(r->fb) + (int64_t)(dice(r) % 40000000));
        r->heard_n = 0;
        r->hear_reads = true;
        int64_t asked_ns = lk_fieldbus_sim_now_ns(r->fb);
        assert_int_equal(lk_fieldbus_submit(r->fb, &p), 0);
        struct lk_fb_completion c = await_tag(r, p.tag);
        assert_int_equal(c.status, 0);
        unsigned before = r->heard[0][1] == 5 ? 0 : 1;
        assert_int_equal(r->heard[before][1], 5);
        in_gap += before == 0 && c.sent_at_ns > asked_ns;
        /* request, turnaround, reply and gap of the read in flight: 10.2 ms at 19200 for 8 inputs */
        assert_true(c.sent_at_ns - asked_ns <= 10300000);
    }
    assert_true(in_gap > 20);
}

static void a_moving_board_is_read_in_every_second_slot(void **state)
{
    struct rig *r = *state;
    for (uint8_t u = 1; u <= UNITS; u++) {
        poll_unit(r, u, 0);
    }
    run(r, 500);
    assert_int_equal(lk_fieldbus_focus(r->fb, 3, now_ms(r) + 10000), 0);
    run(r, 100);
    r->heard_n = 0;
    r->hear_reads = true;
    run(r, 1000);
    assert_int_equal(r->heard_n, HEARD_MAX);
    bool others[UNITS + 1] = {false};
    for (unsigned i = 0; i + 1 < HEARD_MAX; i++) {
        assert_int_equal((r->heard[i][0] == 3) + (r->heard[i + 1][0] == 3), 1);
        others[r->heard[i][0]] = true;
    }
    for (uint8_t u = 1; u <= UNITS; u++) {
        assert_true(others[u]); /* and nobody is forgotten */
    }
}

/* Of a line with slow and dead boards, at every phase: never late by more than one transaction that fails. */
static void law_9_off_is_late_by_one_failing_transaction_at_most(void **state)
{
    struct rig *r = *state;
    int64_t worst_ns = 0;
    for (uint8_t u = 2; u <= UNITS; u++) {
        struct lk_fieldbus_sim_fault slow = {.late_ms = 10U * u};
        lk_fieldbus_sim_fault(r->fb, u, &slow);
        poll_unit(r, u, 300);
    }
    run(r, 3000);
    for (uint64_t i = 0; i < 60; i++) {
        uint8_t dying = (uint8_t)(2 + i % (UNITS - 1));
        struct lk_fieldbus_sim_fault lost = {.lose_reply = true, .count = 1};
        struct lk_fb_request q = on_and_off(1000 + i, 100 + (unsigned)(i * 7 % 300));
        assert_int_equal(lk_fieldbus_submit(r->fb, &q), 0);
        struct lk_fb_completion on = await_tag(r, q.tag);
        lk_fieldbus_sim_fault(r->fb, dying, &lost);
        struct lk_fb_completion off = await_tag(r, q.tag);
        assert_true(off.is_then);
        assert_int_equal(off.status, 0);
        int64_t late_ns = off.sent_at_ns - on.sent_at_ns - q.then_after_ms * MS;
        assert_true(late_ns >= 0);
        worst_ns = late_ns > worst_ns ? late_ns : worst_ns;
        struct lk_fieldbus_sim_fault slow = {.late_ms = 10U * dying};
        lk_fieldbus_sim_fault(r->fb, dying, &slow);
    }
    print_message("worst: %u us late\n", (unsigned)(worst_ns / 1000));
    assert_true(worst_ns > 1 * MS); /* one did fail in that place */
    assert_true(worst_ns <= (300 + 30) * MS);
}

/* Someone who looks for boards asks every address; the books hold 32. */
static void all_addresses_can_be_searched(void **state)
{
    struct rig *r = *state;
    poll_unit(r, 1, 120);
    run(r, 2000);
    uint64_t before = books(r, 1).ok;
    assert_true(before > 100);
    for (unsigned unit = UNITS + 1; unit <= LK_FB_UNIT_MAX; unit++) {
        struct lk_fb_request q = {.tag = 10000 + unit,
                                  .unit = (uint8_t)unit,
                                  .pdu_len = 5,
                                  .pdu = {1, 0, 0, 0, 8},
                                  .expect = LK_FB_READ,
                                  .read_bytes = 1,
                                  .priority = LK_FB_PROBE,
                                  .timeout_ms = 50};
        assert_int_equal(lk_fieldbus_submit(r->fb, &q), 0);
        assert_int_equal(await_tag(r, q.tag).status, -ETIMEDOUT);
    }
    assert_true(books(r, 1).ok >= before); /* nobody took its row */
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, make, end)
    const struct CMUnitTest tests[] = {
        T(law_10_a_dead_board_costs_less_than_a_twentieth),
        T(law_10_whatever_its_timeout),
        T(law_10_and_so_do_several_together),
        T(a_line_with_nobody_left_is_searched_quickly),
        T(a_quick_board_that_dies_is_given_up_quickly),
        T(a_slow_board_is_not_squeezed_into_errors),
        T(a_board_slow_once_in_a_while_is_learnt),
        T(a_board_that_becomes_slow_gets_its_time_back),
        T(a_pulse_always_gets_its_full_time),
        T(law_3_a_late_off_is_not_the_next_ones),
        T(law_3_a_wrong_address_pays_no_debt),
        T(law_3_noise_is_not_the_reply),
        T(law_3_a_repetition_is_not_the_next_reply),
        T(a_pulse_waits_for_one_transaction_at_most),
        T(a_moving_board_is_read_in_every_second_slot),
        T(law_9_off_is_late_by_one_failing_transaction_at_most),
        T(all_addresses_can_be_searched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
