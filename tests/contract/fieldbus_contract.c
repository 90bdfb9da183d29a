#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "fieldbus_asks.h"

static const struct lk_fieldbus_sim_fault healthy = {0};

static int make(void **state)
{
    *state = world_make();
    return 0;
}

static int end(void **state)
{
    world_end(*state);
    return 0;
}

static void an_echo_is_proof(void **state)
{
    struct world *w = *state;
    struct lk_fb_completion c = ask(w, pulse(7, 2, 3));
    assert_int_equal(c.status, 0);
    assert_true(c.was_sent);
    assert_false(c.is_poll);
    assert_int_equal(c.unit, 2);
    assert_int_equal(c.generation, 1);
    assert_true(c.done_at_ns > c.sent_at_ns && c.sent_at_ns > 0);
    assert_int_equal(world_pulses(w, 2, 3), 1);
    assert_int_equal(world_pulses(w, 1, 3), 0);
}

static void a_read_brings_data(void **state)
{
    struct world *w = *state;
    world_inputs(w, 3, 0xA5);
    struct lk_fb_completion c = ask(w, read_inputs(1, 3));
    assert_int_equal(c.status, 0);
    assert_int_equal(c.data_len, 1);
    assert_int_equal(c.data[0], 0xA5);
}

static void silence_is_a_timeout(void **state)
{
    struct world *w = *state;
    world_fault(w, 1, &(struct lk_fieldbus_sim_fault){.dead = true});
    struct lk_fb_completion c = ask(w, pulse(1, 1, 0));
    assert_int_equal(c.status, -ETIMEDOUT);
    assert_true(c.was_sent);
    int64_t took_ms = (c.done_at_ns - c.sent_at_ns) / 1000000;
    assert_in_range(took_ms, WORLD_TIMEOUT_MS, WORLD_TIMEOUT_MS + 100);
}

static void a_reply_from_another_unit_proves_nothing(void **state)
{
    struct world *w = *state;
    world_fault(w, 1, &(struct lk_fieldbus_sim_fault){.answers_as = 2, .count = 1});
    struct lk_fb_completion c = ask(w, pulse(1, 1, 0));
    assert_int_equal(c.status, -EBADMSG);
    assert_true(c.was_sent);
    assert_int_equal(ask(w, pulse(2, 1, 1)).status, 0);
}

static void a_wrong_echo_proves_nothing_and_is_not_repeated(void **state)
{
    struct world *w = *state;
    world_fault(w, 1, &(struct lk_fieldbus_sim_fault){.bend = 1, .count = 1});
    assert_int_equal(ask(w, pulse(1, 1, 0)).status, -EBADMSG);
    struct lk_fb_completion c;
    assert_false(next(w, 300, &c));
    assert_int_equal(world_pulses(w, 1, 0), 1);
}

static void a_lost_echo_is_not_repeated(void **state)
{
    struct world *w = *state;
    struct lk_fb_completion c;
    world_fault(w, 1, &(struct lk_fieldbus_sim_fault){.lose_reply = true, .count = 1});
    assert_int_equal(ask(w, pulse(1, 1, 0)).status, -ETIMEDOUT);
    assert_false(next(w, 600, &c));
    assert_int_equal(world_pulses(w, 1, 0), 1);
}

static void noise_is_a_bad_message(void **state)
{
    struct world *w = *state;
    struct lk_fb_stats st;
    world_fault(w, 1, &(struct lk_fieldbus_sim_fault){.corrupt = true, .count = 1});
    assert_int_equal(ask(w, read_inputs(1, 1)).status, -EBADMSG);
    assert_int_equal(ask(w, read_inputs(2, 1)).status, 0);
    assert_int_equal(lk_fieldbus_stats(world_line(w), 1, &st), 0);
    assert_int_equal(st.crc + st.bad, 1);
    assert_int_equal(st.ok, 1);
    assert_int_equal(st.requests, 2);
}

static void an_exception_carries_its_code(void **state)
{
    struct world *w = *state;
    world_fault(w, 1, &(struct lk_fieldbus_sim_fault){.exception = 4, .count = 1});
    struct lk_fb_completion c = ask(w, pulse(1, 1, 0));
    assert_int_equal(c.status, -EREMOTEIO);
    assert_int_equal(c.exception, 4);
    assert_int_equal(world_pulses(w, 1, 0), 0);
}

static void a_late_echo_is_not_the_next_doors(void **state)
{
    struct world *w = *state;
    struct lk_fb_stats st;
    world_fault(w, 1, &(struct lk_fieldbus_sim_fault){.late_ms = WORLD_TIMEOUT_MS + 60, .count = 1});
    assert_int_equal(ask(w, pulse(7, 1, 6)).status, -ETIMEDOUT);
    /* Door 8's request is on the wire when door 7's answer comes in; its own answer never comes. */
    world_fault(w, 1, &(struct lk_fieldbus_sim_fault){.dead = true, .count = 1});
    assert_int_equal(ask(w, pulse(8, 1, 7)).status, -ETIMEDOUT);
    assert_int_equal(world_pulses(w, 1, 6), 1);
    assert_int_equal(world_pulses(w, 1, 7), 0);
    assert_int_equal(lk_fieldbus_stats(world_line(w), 1, &st), 0);
    assert_int_equal(st.late, world_owes(w) ? 1 : 0);
}

static void a_late_reading_is_not_the_next_one(void **state)
{
    struct world *w = *state;
    world_inputs(w, 1, 0x01);
    world_fault(w, 1, &(struct lk_fieldbus_sim_fault){.late_ms = WORLD_TIMEOUT_MS + 60, .count = 1});
    assert_int_equal(ask(w, read_inputs(1, 1)).status, -ETIMEDOUT);
    world_inputs(w, 1, 0x80);
    for (uint64_t tag = 2; tag < 5; tag++) {
        struct lk_fb_completion c = ask(w, read_inputs(tag, 1));
        assert_int_equal(c.status, 0);
        assert_int_equal(c.data[0], 0x80);
    }
}

/* The board answers everything too late: without holding back, each answer would pass for the next question's. */
static void a_slow_board_is_not_one_reading_behind(void **state)
{
    struct world *w = *state;
    world_inputs(w, 1, 0x01);
    world_fault(w, 1, &(struct lk_fieldbus_sim_fault){.late_ms = WORLD_TIMEOUT_MS + 60, .count = 2});
    assert_int_equal(ask(w, read_inputs(1, 1)).status, -ETIMEDOUT);
    world_inputs(w, 1, 0x80);
    struct lk_fb_completion c = ask(w, read_inputs(2, 1));
    assert_true(c.status == -ETIMEDOUT || c.data[0] == 0x80);
}

static void a_late_reply_does_not_harm_another_unit(void **state)
{
    struct world *w = *state;
    world_fault(w, 1, &(struct lk_fieldbus_sim_fault){.late_ms = WORLD_TIMEOUT_MS + 60, .count = 1});
    world_fault(w, 2, &(struct lk_fieldbus_sim_fault){.late_ms = 80, .count = 1});
    assert_int_equal(ask(w, read_inputs(1, 1)).status, -ETIMEDOUT);
    assert_int_equal(ask(w, pulse(2, 2, 1)).status, 0);
}

static void a_dead_unit_is_set_aside_and_comes_back(void **state)
{
    struct world *w = *state;
    struct lk_fb_poll poll = poll_inputs(100, 1, 50);
    struct lk_fb_stats st;
    assert_int_equal(lk_fieldbus_poll_set(world_line(w), &poll), 0);
    assert_int_equal(await(w, 100).status, 0);
    world_fault(w, 1, &(struct lk_fieldbus_sim_fault){.dead = true});
    (void)await_status(w, 100, -EHOSTDOWN);
    struct lk_fb_completion c = ask(w, pulse(1, 1, 0));
    assert_int_equal(c.status, -EHOSTDOWN);
    assert_false(c.was_sent);
    assert_int_equal(lk_fieldbus_stats(world_line(w), 1, &st), 0);
    assert_true(st.quarantined);
    for (uint64_t tag = 10; tag < 30; tag++) {
        c = ask(w, read_inputs(tag, 2));
        assert_int_equal(c.status, 0);
    }
    world_fault(w, 1, &healthy);
    (void)await_status(w, 100, 0);
    assert_int_equal(ask(w, pulse(40, 1, 0)).status, 0);
    assert_int_equal(world_pulses(w, 1, 0), 1);
}

static void a_unit_without_poll_is_tried_again(void **state)
{
    struct world *w = *state;
    world_fault(w, 1, &(struct lk_fieldbus_sim_fault){.dead = true});
    for (uint64_t tag = 1; tag <= 3; tag++) {
        assert_int_equal(ask(w, read_inputs(tag, 1)).status, -ETIMEDOUT);
    }
    assert_int_equal(ask(w, read_inputs(4, 1)).status, -EHOSTDOWN);
    world_fault(w, 1, &healthy);
    int64_t end_ms = world_now_ms(w) + 4000;
    struct lk_fb_completion c = {.status = -EHOSTDOWN};
    for (uint64_t tag = 5; c.status == -EHOSTDOWN && world_now_ms(w) < end_ms; tag++) {
        c = ask(w, read_inputs(tag, 1));
        struct lk_fb_completion none;
        assert_false(next(w, 50, &none));
    }
    assert_int_equal(c.status, 0);
}

static void a_lost_line_says_so_and_comes_back_new(void **state)
{
    struct world *w = *state;
    struct lk_fb_poll poll = poll_inputs(100, 1, 50);
    assert_int_equal(lk_fieldbus_poll_set(world_line(w), &poll), 0);
    assert_int_equal(await(w, 100).generation, 1);
    world_plug(w, false);
    struct lk_fb_completion c = await_status(w, 100, -ENODEV);
    c = ask(w, pulse(1, 2, 0));
    assert_int_equal(c.status, -ENODEV);
    assert_false(c.was_sent);
    assert_false(lk_fieldbus_up(world_line(w)));
    world_plug(w, true);
    c = await_status(w, 100, 0);
    assert_int_equal(c.generation, 2);
    assert_true(lk_fieldbus_up(world_line(w)));
    assert_int_equal(ask(w, pulse(2, 2, 0)).status, 0);
    assert_int_equal(world_pulses(w, 2, 0), 1);
}

static void a_full_queue_says_again_and_nothing_is_lost(void **state)
{
    struct world *w = *state;
    struct lk_fb_completion c;
    unsigned seen[WORLD_SLOTS + 1] = {0};
    world_fault(w, 1, &(struct lk_fieldbus_sim_fault){.answers_as = 3, .count = 1});
    for (uint64_t tag = 0; tag < WORLD_SLOTS; tag++) {
        struct lk_fb_request r = read_inputs(tag, (uint8_t)(1 + tag % WORLD_BOARDS));
        assert_int_equal(lk_fieldbus_submit(world_line(w), &r), 0);
    }
    struct lk_fb_request more = read_inputs(99, 1);
    assert_int_equal(lk_fieldbus_submit(world_line(w), &more), -EAGAIN);
    for (unsigned i = 0; i < WORLD_SLOTS; i++) {
        assert_true(next(w, 3000, &c));
        assert_true(c.tag < WORLD_SLOTS);
        seen[c.tag]++;
    }
    for (unsigned i = 0; i < WORLD_SLOTS; i++) {
        assert_int_equal(seen[i], 1);
    }
    assert_false(next(w, 100, &c));
    assert_int_equal(lk_fieldbus_submit(world_line(w), &more), 0);
    (void)await(w, 99);
}

static void a_pulse_goes_before_what_waits(void **state)
{
    struct world *w = *state;
    struct lk_fb_completion c;
    for (uint8_t unit = 1; unit <= WORLD_BOARDS; unit++) {
        world_fault(w, unit, &(struct lk_fieldbus_sim_fault){.late_ms = 30});
    }
    for (uint64_t tag = 0; tag < 6; tag++) {
        struct lk_fb_request r = read_inputs(tag, (uint8_t)(1 + tag % WORLD_BOARDS));
        assert_int_equal(lk_fieldbus_submit(world_line(w), &r), 0);
    }
    struct lk_fb_request moving = read_inputs(50, 2), p = pulse(60, 3, 1);
    moving.priority = LK_FB_MOVING;
    assert_int_equal(lk_fieldbus_submit(world_line(w), &moving), 0);
    assert_int_equal(lk_fieldbus_submit(world_line(w), &p), 0);
    unsigned pulse_place = 0, moving_place = 0;
    for (unsigned i = 0; i < 8; i++) {
        assert_true(next(w, 2000, &c));
        assert_int_equal(c.status, 0);
        pulse_place = c.tag == 60 ? i : pulse_place;
        moving_place = c.tag == 50 ? i : moving_place;
    }
    assert_true(pulse_place <= 1);
    assert_true(moving_place <= 2);
    assert_true(pulse_place < moving_place);
}

static void a_poll_speaks_when_something_changed(void **state)
{
    struct world *w = *state;
    struct lk_fb_completion c;
    struct lk_fb_poll poll = poll_inputs(100, 1, 20);
    poll.report_every_ms = 700;
    assert_int_equal(lk_fieldbus_poll_set(world_line(w), &poll), 0);
    c = await(w, 100);
    assert_true(c.is_poll);
    assert_int_equal(c.data[0], 0);
    assert_false(next(w, 400, &c));
    world_inputs(w, 1, 0x10);
    assert_true(next(w, 200, &c));
    assert_int_equal(c.data[0], 0x10);
    assert_false(next(w, 500, &c));
    assert_true(next(w, 500, &c)); /* report_every_ms */
    assert_int_equal(c.data[0], 0x10);
    assert_int_equal(lk_fieldbus_poll_drop(world_line(w), 100), 0);
    world_inputs(w, 1, 0x20);
    assert_false(next(w, 1000, &c));
}

static void focus_reads_more_often(void **state)
{
    struct world *w = *state;
    struct lk_fb_stats before, after;
    struct lk_fb_poll poll = poll_inputs(100, 1, 400);
    assert_int_equal(lk_fieldbus_poll_set(world_line(w), &poll), 0);
    (void)await(w, 100);
    assert_int_equal(lk_fieldbus_stats(world_line(w), 1, &before), 0);
    assert_int_equal(lk_fieldbus_focus(world_line(w), 100, world_now_ms(w) + 400), 0);
    struct lk_fb_completion c;
    assert_false(next(w, 350, &c));
    assert_int_equal(lk_fieldbus_stats(world_line(w), 1, &after), 0);
    assert_true(after.ok - before.ok >= 7);
}

/* Found on the whole daemon: a forced door was noticed 13 s late after another one had been in focus. */
static void after_focus_a_poll_keeps_its_period(void **state)
{
    struct world *w = *state;
    struct lk_fb_completion c;
    struct lk_fb_poll poll = poll_inputs(100, 1, 100);
    poll.report_every_ms = 60000;
    assert_int_equal(lk_fieldbus_poll_set(world_line(w), &poll), 0);
    (void)await(w, 100);
    assert_int_equal(lk_fieldbus_focus(world_line(w), 100, world_now_ms(w) + 500), 0);
    assert_false(next(w, 600, &c));
    world_inputs(w, 1, 0x08);
    assert_true(next(w, 250, &c));
    assert_int_equal(c.data[0], 0x08);
}

static void stop_completes_everything(void **state)
{
    struct world *w = *state;
    struct lk_fb_completion c;
    unsigned canceled = 0, total = 0;
    world_fault(w, 1, &(struct lk_fieldbus_sim_fault){.dead = true});
    for (uint64_t tag = 0; tag < 10; tag++) {
        struct lk_fb_request r = read_inputs(tag, 1);
        assert_int_equal(lk_fieldbus_submit(world_line(w), &r), 0);
    }
    int64_t begin_ms = world_now_ms(w);
    lk_fieldbus_stop(world_line(w));
    assert_true(world_now_ms(w) - begin_ms < 2000);
    while (lk_fieldbus_reap(world_line(w), &c)) {
        total++;
        canceled += c.status == -ECANCELED && !c.was_sent;
    }
    assert_int_equal(total, 10);
    assert_true(canceled >= 9);
    struct lk_fb_request r = read_inputs(1, 1);
    assert_int_equal(lk_fieldbus_submit(world_line(w), &r), -ESHUTDOWN);
    lk_fieldbus_stop(world_line(w));
}

static void nonsense_is_refused(void **state)
{
    struct lk_fieldbus *fb = world_line(*state);
    struct lk_fb_request r = read_inputs(1, 0);
    assert_int_equal(lk_fieldbus_submit(fb, &r), -EINVAL); /* broadcast */
    r = read_inputs(1, 248);
    assert_int_equal(lk_fieldbus_submit(fb, &r), -EINVAL);
    r = read_inputs(1, 1);
    r.read_bytes = 0;
    assert_int_equal(lk_fieldbus_submit(fb, &r), -EINVAL);
    r = read_inputs(1, 1);
    r.timeout_ms = 5000;
    assert_int_equal(lk_fieldbus_submit(fb, &r), -EINVAL);
    r = pulse(1, 1, 1);
    r.pdu_len = 0;
    assert_int_equal(lk_fieldbus_submit(fb, &r), -EINVAL);
    struct lk_fb_poll poll = poll_inputs(1, 0, 0);
    assert_int_equal(lk_fieldbus_poll_set(fb, &poll), -EINVAL);
    assert_int_equal(lk_fieldbus_start(fb), -EALREADY);
    struct lk_fb_stats st;
    assert_int_equal(lk_fieldbus_stats(fb, 77, &st), -ENOENT);
}

static void polls_are_bounded(void **state)
{
    struct world *w = *state;
    for (uint64_t tag = 0; tag < LK_FB_POLLS_MAX; tag++) {
        struct lk_fb_poll poll = poll_inputs(1000 + tag, 1, 5000);
        assert_int_equal(lk_fieldbus_poll_set(world_line(w), &poll), 0);
    }
    struct lk_fb_poll poll = poll_inputs(2000, 1, 5000);
    assert_int_equal(lk_fieldbus_poll_set(world_line(w), &poll), -ENOSPC);
    assert_int_equal(lk_fieldbus_poll_drop(world_line(w), 1003), 0);
    assert_int_equal(await(w, 1000).status, 0); /* the worker has seen the drop, or will before the next */
    assert_int_equal(lk_fieldbus_poll_set(world_line(w), &poll), 0);
    assert_int_equal(await(w, 2000).status, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, make, end)
    const struct CMUnitTest tests[] = {
        T(an_echo_is_proof),
        T(a_read_brings_data),
        T(silence_is_a_timeout),
        T(a_reply_from_another_unit_proves_nothing),
        T(a_wrong_echo_proves_nothing_and_is_not_repeated),
        T(a_lost_echo_is_not_repeated),
        T(noise_is_a_bad_message),
        T(an_exception_carries_its_code),
        T(a_late_echo_is_not_the_next_doors),
        T(a_late_reading_is_not_the_next_one),
        T(a_slow_board_is_not_one_reading_behind),
        T(a_late_reply_does_not_harm_another_unit),
        T(a_dead_unit_is_set_aside_and_comes_back),
        T(a_unit_without_poll_is_tried_again),
        T(a_lost_line_says_so_and_comes_back_new),
        T(a_full_queue_says_again_and_nothing_is_lost),
        T(a_pulse_goes_before_what_waits),
        T(a_poll_speaks_when_something_changed),
        T(focus_reads_more_often),
        T(after_focus_a_poll_keeps_its_period),
        T(stop_completes_everything),
        T(nonsense_is_refused),
        T(polls_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
