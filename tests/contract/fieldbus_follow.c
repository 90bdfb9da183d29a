/*
 * What a line does by itself: the "off" that follows an "on" (law 9), listening for a second answer, broadcasts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "fieldbus_asks.h"

enum { AFTER_MS = 300, LATE_MS = 60 }; /* LATE_MS: a real world on a busy machine */

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

/* A relay switched on, and off by the line. */
static struct lk_fb_request timed(uint64_t tag, uint8_t unit, uint8_t channel)
{
    return (struct lk_fb_request){.tag = tag,
                                  .unit = unit,
                                  .pdu_len = 5,
                                  .pdu = {0x05, 0x00, channel, 0xFF, 0x00},
                                  .expect = LK_FB_ECHO,
                                  .priority = LK_FB_PULSE,
                                  .then_pdu_len = 5,
                                  .then_pdu = {0x05, 0x00, channel, 0x00, 0x00},
                                  .then_after_ms = AFTER_MS};
}

/* Lets time pass and reaps nothing, as an owner does who hangs. */
static void hang(struct world *w, int64_t ms)
{
    for (int64_t end_ms = world_now_ms(w) + ms; world_now_ms(w) < end_ms;) {
        world_sleep(w, 5);
    }
}

static void law_9_the_line_switches_off_though_the_owner_hangs(void **state)
{
    struct world *w = *state;
    struct lk_fb_completion c;
    struct lk_fb_request r = timed(7, 2, 3);
    assert_int_equal(lk_fieldbus_submit(world_line(w), &r), 0);
    hang(w, 100);
    assert_int_equal(world_coils(w, 2), 1U << 3);
    hang(w, AFTER_MS - 100 + LATE_MS);
    assert_int_equal(world_coils(w, 2), 0);
    assert_true(next(w, 100, &c));
    assert_int_equal(c.status, 0);
    assert_true(c.then_follows && !c.is_then);
    int64_t on_ns = c.sent_at_ns;
    assert_true(next(w, 100, &c));
    assert_int_equal(c.status, 0);
    assert_int_equal(c.tag, 7);
    assert_true(c.is_then && c.was_sent && !c.then_follows);
    assert_in_range(c.sent_at_ns - on_ns, AFTER_MS * 1000000LL, (AFTER_MS + LATE_MS) * 1000000LL);
    assert_false(next(w, 100, &c));
    assert_int_equal(world_pulses(w, 2, 3), 1);
}

static void law_9_off_follows_whatever_became_of_on(void **state)
{
    static const struct lk_fieldbus_sim_fault faults[] = {
        {.lose_reply = true, .count = 1}, {.corrupt = true, .count = 1},          {.bend = 1, .count = 1},
        {.answers_as = 3, .count = 1},    {.late_ms = AFTER_MS + 30, .count = 1},
    };
    struct world *w = *state;
    for (uint64_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        world_fault(w, 1, &faults[i]);
        struct lk_fb_completion c = ask(w, timed(i, 1, (uint8_t)i));
        assert_true(c.status == -ETIMEDOUT || c.status == -EBADMSG);
        assert_int_equal(c.garbled && world_owes(w), faults[i].corrupt && world_owes(w));
        assert_true(c.then_follows);
        c = await(w, i);
        assert_true(c.is_then);
        assert_int_equal(c.status, 0);
        assert_int_equal(world_coils(w, 1), 0);
        hang(w, 50);
        assert_int_equal(ask(w, read_inputs(50 + i, 1)).status, 0);
    }
}

static void law_9_off_is_tried_again_and_then_given_up(void **state)
{
    struct world *w = *state;
    struct lk_fb_completion c;
    struct lk_fb_stats st;
    world_fault(w, 1, &(struct lk_fieldbus_sim_fault){.only_function = 5, .lose_reply = true, .count = 4});
    assert_int_equal(ask(w, timed(1, 1, 0)).status, -ETIMEDOUT);
    c = await(w, 1);
    assert_true(c.is_then);
    assert_int_equal(c.status, 0); /* the fourth: quarantine after three failures does not hold it back */
    world_fault(w, 1, &(struct lk_fieldbus_sim_fault){.dead = true});
    assert_int_equal(ask(w, timed(2, 1, 1)).status, -ETIMEDOUT);
    assert_int_equal(lk_fieldbus_stats(world_line(w), 1, &st), 0);
    uint64_t before = st.requests;
    c = await(w, 2);
    assert_true(c.is_then && c.was_sent);
    assert_int_equal(c.status, -ETIMEDOUT);
    assert_int_equal(lk_fieldbus_stats(world_line(w), 1, &st), 0);
    assert_int_equal(st.requests - before, LK_FB_THEN_TRIES);
    assert_true(st.quarantined);
    assert_false(next(w, 300, &c));
}

static void what_is_never_sent_is_not_followed(void **state)
{
    struct world *w = *state;
    struct lk_fb_completion c;
    world_fault(w, 1, &(struct lk_fieldbus_sim_fault){.dead = true});
    for (uint64_t tag = 1; tag <= 3; tag++) {
        (void)ask(w, read_inputs(tag, 1));
    }
    for (uint64_t tag = 10; tag < 10 + 2 * WORLD_SLOTS; tag++) {
        c = ask(w, timed(tag, 1, 0)); /* the slot of its second completion comes back each time */
        assert_int_equal(c.status, -EHOSTDOWN);
        assert_false(c.was_sent || c.then_follows);
    }
    assert_false(next(w, AFTER_MS + 100, &c));
}

static void a_follow_up_takes_a_slot_of_its_own(void **state)
{
    struct world *w = *state;
    struct lk_fb_request r = timed(1, 1, 0);
    for (unsigned i = 0; i < WORLD_SLOTS / 2; i++) {
        r.unit = (uint8_t)(1 + i % WORLD_BOARDS);
        r.pdu[2] = r.then_pdu[2] = (uint8_t)i;
        assert_int_equal(lk_fieldbus_submit(world_line(w), &r), 0);
    }
    struct lk_fb_request one = read_inputs(9, 1);
    assert_int_equal(lk_fieldbus_submit(world_line(w), &one), -EAGAIN);
    unsigned followed = 0;
    for (unsigned i = 0; i < WORLD_SLOTS; i++) {
        struct lk_fb_completion c = await(w, 1);
        assert_int_equal(c.status, 0);
        followed += c.is_then;
    }
    assert_int_equal(followed, WORLD_SLOTS / 2);
    for (uint8_t unit = 1; unit <= WORLD_BOARDS; unit++) {
        assert_int_equal(world_coils(w, unit), 0);
    }
}

/* A dead board is polled all the time, each time for 120 ms; a slow one answers after 80. */
static void law_9_others_do_not_make_off_late(void **state)
{
    struct world *w = *state;
    struct lk_fb_poll slow = poll_inputs(100, 3, 0);
    world_fault(w, 3, &(struct lk_fieldbus_sim_fault){.late_ms = 80});
    assert_int_equal(lk_fieldbus_poll_set(world_line(w), &slow), 0);
    hang(w, 500);
    for (uint64_t tag = 1; tag <= 3; tag++) {
        struct lk_fb_request doomed = read_inputs(50 + tag, 2);
        world_fault(w, 2, &(struct lk_fieldbus_sim_fault){.dead = true});
        struct lk_fb_completion c = ask(w, timed(tag, 1, 0));
        int64_t on_ns = c.sent_at_ns;
        assert_int_equal(lk_fieldbus_submit(world_line(w), &doomed), 0);
        while (!c.is_then) {
            c = await(w, tag);
        }
        assert_int_equal(c.status, 0);
        /* Nothing begins that is expected to end later: not even the transaction in flight delays it. */
        assert_in_range(c.sent_at_ns - on_ns, AFTER_MS * 1000000LL, (AFTER_MS + LATE_MS) * 1000000LL);
    }
}

static void law_9_stopping_switches_off_at_once(void **state)
{
    struct world *w = *state;
    struct lk_fb_completion c;
    struct lk_fb_request r = timed(1, 1, 4);
    r.then_after_ms = LK_FB_THEN_AFTER_MAX_MS;
    assert_int_equal(ask(w, r).status, 0);
    assert_int_equal(world_coils(w, 1), 1U << 4);
    int64_t begin_ms = world_now_ms(w);
    lk_fieldbus_stop(world_line(w));
    assert_true(world_now_ms(w) - begin_ms < 500);
    assert_int_equal(world_coils(w, 1), 0);
    assert_true(lk_fieldbus_reap(world_line(w), &c));
    assert_true(c.is_then && c.was_sent);
    assert_int_equal(c.status, 0);
    assert_false(lk_fieldbus_reap(world_line(w), &c));
}

/* Stopped while "on" itself still waits for its echo, and while the board answers nothing: bounded all the same. */
static void law_9_stopping_tries_a_silent_board_too(void **state)
{
    struct world *w = *state;
    struct lk_fb_completion c;
    struct lk_fb_request r = timed(1, 1, 4);
    r.then_after_ms = LK_FB_THEN_AFTER_MAX_MS;
    r.timeout_ms = LK_FB_TIMEOUT_MAX_MS;
    world_fault(w, 1, &(struct lk_fieldbus_sim_fault){.lose_reply = true});
    assert_int_equal(lk_fieldbus_submit(world_line(w), &r), 0);
    hang(w, 100);
    int64_t begin_ms = world_now_ms(w);
    lk_fieldbus_stop(world_line(w));
    assert_true(world_now_ms(w) - begin_ms < 2000 || !world_is_real(w));
    assert_int_equal(world_coils(w, 1), 0);
    assert_true(lk_fieldbus_reap(world_line(w), &c));
    assert_true(!c.is_then && c.then_follows && c.was_sent);
    assert_true(lk_fieldbus_reap(world_line(w), &c));
    assert_true(c.is_then && c.was_sent);
    assert_true(c.status == -ETIMEDOUT || (c.status == -ENODEV && !world_owes(w))); /* TCP: no time to connect again */
}

static void law_9_off_is_the_first_thing_on_a_line_that_returns(void **state)
{
    struct world *w = *state;
    struct lk_fb_completion c;
    struct lk_fb_poll poll = poll_inputs(100, 2, 0);
    assert_int_equal(lk_fieldbus_poll_set(world_line(w), &poll), 0);
    assert_int_equal(ask(w, timed(1, 1, 4)).status, 0);
    world_plug(w, false);
    do {
        c = await(w, 1);
    } while (!c.is_then);
    assert_int_equal(c.status, -ENODEV);
    hang(w, AFTER_MS);
    assert_int_equal(world_coils(w, 1), 1U << 4); /* it never lost its power */
    world_plug(w, true);
    c = await_status(w, 100, 0);
    while (c.generation < 2) {
        c = await_status(w, 100, 0);
    }
    assert_int_equal(world_coils(w, 1), 0); /* before the first poll was answered */
    assert_false(next(w, 300, &c) && c.tag == 1);
}

static void two_answers_to_one_address_are_noticed(void **state)
{
    struct world *w = *state;
    struct lk_fb_stats st;
    struct lk_fb_request r = read_inputs(1, 1);
    r.listen_ms = 60;
    struct lk_fb_completion c = ask(w, r);
    assert_int_equal(c.status, 0);
    assert_false(c.doubled);
    world_fault(w, 1, &(struct lk_fieldbus_sim_fault){.twice_ms = 25, .count = 1});
    c = ask(w, r);
    assert_int_equal(c.status, 0);
    assert_true(c.doubled);
    assert_false(c.garbled);
    assert_int_equal(lk_fieldbus_stats(world_line(w), 1, &st), 0);
    assert_int_equal(st.doubled, 1);
    world_fault(w, 1, &(struct lk_fieldbus_sim_fault){.corrupt = true, .count = 1});
    c = ask(w, r);
    assert_int_equal(c.status, -EBADMSG);
    assert_int_equal(c.garbled, world_owes(w)); /* there is no checksum on TCP */
    assert_int_equal(ask(w, r).status, 0);
}

static void a_broadcast_tells_who_answered(void **state)
{
    struct world *w = *state;
    struct lk_fb_request r = {.tag = 1,
                              .pdu_len = 5,
                              .pdu = {0x03, 0x40, 0x00, 0x00, 0x01},
                              .expect = LK_FB_READ,
                              .read_bytes = 2,
                              .priority = LK_FB_PROBE,
                              .listen_ms = 40};
    if (!world_owes(w)) {
        assert_int_equal(lk_fieldbus_submit(world_line(w), &r), -EINVAL); /* TCP */
        return;
    }
    world_fault(w, 1, &(struct lk_fieldbus_sim_fault){.dead = true});
    world_fault(w, 2, &(struct lk_fieldbus_sim_fault){.dead = true});
    struct lk_fb_completion c = ask(w, r);
    assert_int_equal(c.status, 0);
    assert_false(c.doubled);
    assert_int_equal(c.unit, 3);
    assert_memory_equal(c.data, ((uint8_t[]){0, 3}), 2);
    /* Two boards: the second answer shows. A real wire may garble both instead. */
    world_fault(w, 1, &(struct lk_fieldbus_sim_fault){.late_ms = 20});
    c = ask(w, r);
    assert_true(c.status == -EBADMSG || c.doubled);
    /* Nobody: it is a time-out, and nobody's books change. */
    struct lk_fb_stats st;
    for (uint8_t unit = 1; unit <= WORLD_BOARDS; unit++) {
        world_fault(w, unit, &(struct lk_fieldbus_sim_fault){.dead = true});
    }
    c = ask(w, r);
    assert_int_equal(c.status, -ETIMEDOUT);
    assert_int_equal(c.unit, 0);
    assert_int_equal(lk_fieldbus_stats(world_line(w), 3, &st), -ENOENT);
}

/* The answer to a broadcast comes late, when its unit is asked something that has the same answer. */
static void a_late_answer_to_a_broadcast_is_nobodys(void **state)
{
    struct world *w = *state;
    struct lk_fb_request r = {.tag = 1,
                              .pdu_len = 5,
                              .pdu = {0x03, 0x40, 0x00, 0x00, 0x01},
                              .expect = LK_FB_READ,
                              .read_bytes = 2,
                              .priority = LK_FB_PROBE};
    if (!world_owes(w)) {
        return; /* TCP has none */
    }
    for (uint8_t unit = 1; unit <= WORLD_BOARDS; unit++) {
        world_fault(w, unit, &(struct lk_fieldbus_sim_fault){.dead = unit != 2, .late_ms = WORLD_TIMEOUT_MS + 60});
    }
    assert_int_equal(ask(w, r).status, -ETIMEDOUT);
    world_fault(w, 2, &(struct lk_fieldbus_sim_fault){0});
    r.tag = 2;
    r.unit = 2;
    r.pdu[1] = 0x10; /* a link mode, which is 0: not the address 2 */
    struct lk_fb_completion c = ask(w, r);
    assert_int_equal(c.status, 0);
    assert_memory_equal(c.data, ((uint8_t[]){0, 0}), 2);
}

static void nonsense_is_refused(void **state)
{
    struct lk_fieldbus *fb = world_line(*state);
    struct lk_fb_request r = timed(1, 1, 0);
    r.then_after_ms = LK_FB_THEN_AFTER_MIN_MS - 1;
    assert_int_equal(lk_fieldbus_submit(fb, &r), -EINVAL);
    r.then_after_ms = LK_FB_THEN_AFTER_MAX_MS + 1;
    assert_int_equal(lk_fieldbus_submit(fb, &r), -EINVAL);
    r = timed(1, 1, 0);
    r.then_pdu_len = LK_FB_THEN_MAX + 1;
    assert_int_equal(lk_fieldbus_submit(fb, &r), -EINVAL);
    r = read_inputs(1, 1);
    r.listen_ms = LK_FB_LISTEN_MAX_MS + 1;
    assert_int_equal(lk_fieldbus_submit(fb, &r), -EINVAL);
    r = read_inputs(1, 0); /* broadcasts: with that priority only */
    assert_int_equal(lk_fieldbus_submit(fb, &r), -EINVAL);
    r = timed(1, 0, 0);
    r.priority = LK_FB_PROBE;
    assert_int_equal(lk_fieldbus_submit(fb, &r), -EINVAL);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, make, end)
    const struct CMUnitTest tests[] = {
        T(law_9_the_line_switches_off_though_the_owner_hangs),
        T(law_9_off_follows_whatever_became_of_on),
        T(law_9_off_is_tried_again_and_then_given_up),
        T(what_is_never_sent_is_not_followed),
        T(a_follow_up_takes_a_slot_of_its_own),
        T(law_9_others_do_not_make_off_late),
        T(law_9_stopping_switches_off_at_once),
        T(law_9_stopping_tries_a_silent_board_too),
        T(law_9_off_is_the_first_thing_on_a_line_that_returns),
        T(two_answers_to_one_address_are_noticed),
        T(a_broadcast_tells_who_answered),
        T(a_late_answer_to_a_broadcast_is_nobodys),
        T(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
