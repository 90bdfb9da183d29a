#include "check.h"

#include "base/cleanup.h"
#include "uplink/outbox.h"

#include <errno.h>
#include <string.h>

static const char epoch[] = "0b8f5c1e-3f0a-4d59-9a57-6a0f4e6c2d11";

/* Sends all that may be sent now; returns the last one, 0: none. */
static uint64_t send_all(struct lk_outbox *o, int64_t now_ms)
{
    uint64_t seq, last = 0;
    while (lk_outbox_next(o, now_ms, &seq)) {
        last = seq;
        lk_outbox_sent(o, now_ms);
    }
    return last;
}

static void deliver(struct lk_outbox *o, uint64_t from, uint64_t to, int64_t now_ms)
{
    for (uint64_t seq = from; seq <= to; seq++) {
        lk_outbox_delivered(o, seq, now_ms);
    }
}

static enum lk_ack_verdict ack(struct lk_outbox *o, uint64_t up_to, int64_t now_ms)
{
    struct lk_ack a = {.has_epoch = true, .seq = up_to};
    memcpy(a.epoch, epoch, sizeof(epoch));
    return lk_outbox_ack(o, &a, now_ms);
}

static enum lk_ack_verdict replay(struct lk_outbox *o, uint64_t from, int64_t now_ms)
{
    struct lk_ack a = {.replay = true, .seq = from};
    return lk_outbox_ack(o, &a, now_ms);
}

static void begins_after_what_was_acknowledged(void **state)
{
    (void)state;
    struct lk_outbox o;
    uint64_t seq;
    lk_outbox_init(&o, epoch, 10, 4, 0);
    assert_false(lk_outbox_next(&o, 0, &seq));
    lk_outbox_connected(&o, 0);
    assert_true(lk_outbox_next(&o, 0, &seq));
    assert_int_equal(seq, 5);
    assert_int_equal(send_all(&o, 0), 10);
    assert_int_equal(o.in_flight, 6);
    lk_outbox_grew(&o, 11);
    assert_int_equal(send_all(&o, 0), 11);
}

static void window_bounds_what_is_in_flight(void **state)
{
    (void)state;
    struct lk_outbox o;
    lk_outbox_init(&o, epoch, 100, 0, 10);
    lk_outbox_connected(&o, 0);
    assert_int_equal(send_all(&o, 0), 10);
    assert_int_equal(lk_outbox_next_at_ms(&o), INT64_MAX);
    deliver(&o, 1, 3, 0);
    assert_int_equal(send_all(&o, 0), 13);
}

static void begins_anew_on_each_connection(void **state)
{
    (void)state;
    struct lk_outbox o;
    lk_outbox_init(&o, epoch, 20, 0, 10);
    lk_outbox_connected(&o, 0);
    (void)send_all(&o, 0);
    deliver(&o, 1, 10, 0);
    assert_int_equal(ack(&o, 6, 0), LK_ACK_MOVED);
    lk_outbox_lost(&o);
    assert_int_equal(o.in_flight, 0);
    uint64_t seq;
    assert_false(lk_outbox_next(&o, 1, &seq));
    lk_outbox_connected(&o, 2);
    assert_true(lk_outbox_next(&o, 2, &seq));
    assert_int_equal(seq, 7);
}

static void acks_move_forward_only(void **state)
{
    (void)state;
    struct lk_outbox o;
    lk_outbox_init(&o, epoch, 20, 5, 0);
    lk_outbox_connected(&o, 0);
    (void)send_all(&o, 0);
    assert_int_equal(ack(&o, 12, 0), LK_ACK_MOVED);
    assert_int_equal(ack(&o, 12, 0), LK_ACK_OLD);
    assert_int_equal(ack(&o, 3, 0), LK_ACK_OLD);
    assert_int_equal(ack(&o, 21, 0), LK_ACK_BEYOND);
    struct lk_ack foreign = {.has_epoch = true, .epoch = "another", .seq = 15};
    assert_int_equal(lk_outbox_ack(&o, &foreign, 0), LK_ACK_FOREIGN_EPOCH);
    foreign.replay = true;
    assert_int_equal(lk_outbox_ack(&o, &foreign, 0), LK_ACK_FOREIGN_EPOCH);
    assert_int_equal(o.acked, 12);
}

static void an_ack_before_the_resending_saves_it(void **state)
{
    (void)state;
    struct lk_outbox o;
    uint64_t seq;
    lk_outbox_init(&o, epoch, 20, 5, 0);
    lk_outbox_connected(&o, 0);
    assert_int_equal(ack(&o, 12, 0), LK_ACK_MOVED);
    assert_true(lk_outbox_next(&o, 0, &seq));
    assert_int_equal(seq, 13);
}

static void replay_goes_below_acked_and_takes_nothing_back(void **state)
{
    (void)state;
    struct lk_outbox o;
    uint64_t seq;
    lk_outbox_init(&o, epoch, 20, 10, 0);
    lk_outbox_connected(&o, 0);
    (void)send_all(&o, 0);
    deliver(&o, 11, 20, 0);
    assert_int_equal(replay(&o, 3, 0), LK_ACK_REPLAYING);
    assert_int_equal(o.acked, 10);
    assert_true(lk_outbox_next(&o, 0, &seq));
    assert_int_equal(seq, 3);
    assert_int_equal(ack(&o, 15, 0), LK_ACK_MOVED); /* must not skip what was asked for */
    assert_true(lk_outbox_next(&o, 0, &seq));
    assert_int_equal(seq, 3);
    assert_int_equal(send_all(&o, 0), 20);
}

static void replay_survives_a_lost_connection(void **state)
{
    (void)state;
    struct lk_outbox o;
    uint64_t seq;
    lk_outbox_init(&o, epoch, 20, 20, 5);
    lk_outbox_connected(&o, 0);
    assert_int_equal(replay(&o, 3, 0), LK_ACK_REPLAYING);
    assert_int_equal(send_all(&o, 0), 7);
    lk_outbox_lost(&o);
    lk_outbox_connected(&o, 0);
    assert_true(lk_outbox_next(&o, 0, &seq));
    assert_int_equal(seq, 3);
    for (uint64_t i = 3; i <= 20; i++) {
        (void)send_all(&o, 0);
        lk_outbox_delivered(&o, i, 0);
    }
    lk_outbox_lost(&o);
    lk_outbox_connected(&o, 0);
    assert_false(lk_outbox_next(&o, 0, &seq)); /* done: nothing comes again */
}

static void refused_by_the_broker_it_goes_back_after_a_pause(void **state)
{
    (void)state;
    struct lk_outbox o;
    uint64_t seq;
    lk_outbox_init(&o, epoch, 20, 0, 0);
    lk_outbox_connected(&o, 0);
    (void)send_all(&o, 0);
    lk_outbox_undelivered(&o, 7, 50);
    lk_outbox_undelivered(&o, 8, 50);
    assert_false(lk_outbox_next(&o, 51, &seq));
    assert_int_equal(lk_outbox_next_at_ms(&o), 50 + LK_OUTBOX_RETRY_MS);
    assert_true(lk_outbox_next(&o, 50 + LK_OUTBOX_RETRY_MS, &seq));
    assert_int_equal(seq, 7);
}

static void silence_of_upstream_makes_it_send_one_window_again(void **state)
{
    (void)state;
    struct lk_outbox o;
    uint64_t seq;
    lk_outbox_init(&o, epoch, 30, 0, 10);
    lk_outbox_connected(&o, 0);
    for (uint64_t i = 1; i <= 30; i++) {
        (void)send_all(&o, 0);
        lk_outbox_delivered(&o, i, 0);
    }
    assert_int_equal(ack(&o, 5, 0), LK_ACK_MOVED);
    assert_int_equal(lk_outbox_next_at_ms(&o), LK_OUTBOX_STALL_MS);
    assert_false(lk_outbox_next(&o, LK_OUTBOX_STALL_MS - 1, &seq));
    assert_true(lk_outbox_next(&o, LK_OUTBOX_STALL_MS, &seq));
    assert_int_equal(seq, 6);
    assert_int_equal(send_all(&o, LK_OUTBOX_STALL_MS), 15);
    deliver(&o, 6, 15, LK_OUTBOX_STALL_MS);
    assert_int_equal(lk_outbox_next_at_ms(&o), LK_OUTBOX_STALL_MS + 2 * LK_OUTBOX_STALL_MS); /* more patient */
    assert_int_equal(ack(&o, 15, LK_OUTBOX_STALL_MS), LK_ACK_MOVED); /* it had lost them: the next window at once */
    assert_int_equal(send_all(&o, LK_OUTBOX_STALL_MS), 25);
}

/* A broker that restarted with the locker there first: it confirmed everything to nobody, and upstream knows of none.
 */
static void an_upstream_never_heard_of_is_offered_everything_again(void **state)
{
    (void)state;
    struct lk_outbox o;
    uint64_t seq;
    lk_outbox_init(&o, epoch, 25, 4, 10); /* what it acknowledged was said to an earlier life of ours */
    lk_outbox_connected(&o, 0);
    for (uint64_t i = 5; i <= 25; i++) {
        (void)send_all(&o, 0);
        lk_outbox_delivered(&o, i, 0);
    }
    assert_int_equal(lk_outbox_next_at_ms(&o), LK_OUTBOX_STALL_MS);
    assert_true(lk_outbox_next(&o, LK_OUTBOX_STALL_MS, &seq));
    assert_int_equal(seq, 5);
    assert_int_equal(send_all(&o, LK_OUTBOX_STALL_MS), 14);
    deliver(&o, 5, 14, LK_OUTBOX_STALL_MS);
    assert_int_equal(ack(&o, 14, LK_OUTBOX_STALL_MS), LK_ACK_MOVED);
    assert_int_equal(send_all(&o, LK_OUTBOX_STALL_MS), 24);
    deliver(&o, 15, 24, LK_OUTBOX_STALL_MS);
    assert_int_equal(ack(&o, 24, LK_OUTBOX_STALL_MS), LK_ACK_MOVED);
    assert_int_equal(send_all(&o, LK_OUTBOX_STALL_MS), 25);
}

static void to_ask_for_what_comes_next_is_to_miss_nothing(void **state)
{
    (void)state;
    struct lk_outbox o;
    uint64_t seq;
    lk_outbox_init(&o, epoch, 20, 10, 0);
    lk_outbox_connected(&o, 0);
    assert_int_equal(send_all(&o, 0), 20);
    assert_int_equal(replay(&o, 21, 0), LK_ACK_OLD);
    assert_false(lk_outbox_next(&o, 0, &seq));
    assert_int_equal(replay(&o, 22, 0), LK_ACK_BEYOND);
    lk_outbox_grew(&o, 21);
    assert_int_equal(send_all(&o, 0), 21);
    assert_int_equal(o.acked, 10);
}

static void no_ack_in_the_file_beyond_the_log(void **state)
{
    (void)state;
    struct lk_outbox o;
    lk_outbox_init(&o, epoch, 3, 9, 0);
    assert_int_equal(o.acked, 3);
}

static void reads_acks(void **state)
{
    (void)state;
    struct lk_ack a;
    char why[64];
    static const char up_to[] = "{\"epoch\":\"e-1\",\"upTo\":42,\"note\":\"ignored\"}";
    assert_int_equal(lk_ack_parse(up_to, strlen(up_to), &a, why), 0);
    assert_true(a.has_epoch && !a.replay && a.seq == 42);
    assert_string_equal(a.epoch, "e-1");
    static const char from[] = "{\"replayFrom\":1}";
    assert_int_equal(lk_ack_parse(from, strlen(from), &a, why), 0);
    assert_true(!a.has_epoch && a.replay && a.seq == 1);
}

static void refuses_what_is_no_ack(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "null",
        "42",
        "[]",
        "{}",
        "{\"upTo\":1}",
        "{\"epoch\":1,\"upTo\":1}",
        "{\"epoch\":\"e\",\"upTo\":-1}",
        "{\"epoch\":\"e\",\"upTo\":1.0}",
        "{\"epoch\":\"e\",\"upTo\":\"1\"}",
        "{\"epoch\":\"e\",\"upTo\":true}",
        "{\"epoch\":\"e\",\"upTo\":99999999999999999999}",
        "{\"epoch\":\"e\",\"upTo\":1,\"upTo\":2}",
        "{\"epoch\":\"e\",\"upTo\":1,\"replayFrom\":1}",
        "{\"replayFrom\":0}",
        "{\"replayFrom\":-5}",
        "{\"replayFrom\":null}",
        "{\"epoch\":\"0123456789012345678901234567890123456789\",\"upTo\":1}",
        "{\"epoch\":\"e\",\"upTo\":1}x",
        "{\"epoch\":\"e\",\"upTo\":1",
        "{\"epoch\":\"\xff\",\"upTo\":1}",
        "{\"epoch\":\"e\",\"upTo\":[[[[[[[[[[1]]]]]]]]]]}",
    };
    for (size_t i = 0; i < LK_ARRAY_SIZE(rows); i++) {
        struct lk_ack a = {.seq = 77};
        char why[64] = "";
        if (lk_ack_parse(rows[i], strlen(rows[i]), &a, why) != -EINVAL || why[0] == '\0' || a.seq != 77) {
            fail_msg("taken: %s", rows[i]);
        }
    }
}

static void levels_have_a_dead_band(void **state)
{
    (void)state;
    static const struct {
        enum lk_outbox_level was;
        uint64_t unacked;
        enum lk_outbox_level is;
    } rows[] = {
        {LK_OUTBOX_ROOMY, 0, LK_OUTBOX_ROOMY},      {LK_OUTBOX_ROOMY, 499, LK_OUTBOX_ROOMY},
        {LK_OUTBOX_ROOMY, 500, LK_OUTBOX_FILLING},  {LK_OUTBOX_FILLING, 450, LK_OUTBOX_FILLING},
        {LK_OUTBOX_FILLING, 449, LK_OUTBOX_ROOMY},  {LK_OUTBOX_FILLING, 999, LK_OUTBOX_FILLING},
        {LK_OUTBOX_FILLING, 1000, LK_OUTBOX_FULL},  {LK_OUTBOX_FULL, 900, LK_OUTBOX_FULL},
        {LK_OUTBOX_FULL, 899, LK_OUTBOX_FILLING},   {LK_OUTBOX_FULL, 0, LK_OUTBOX_ROOMY},
        {LK_OUTBOX_ROOMY, 5000000, LK_OUTBOX_FULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(lk_outbox_level(rows[i].was, rows[i].unacked, 1000, 50), rows[i].is);
    }
    assert_int_equal(lk_outbox_level(LK_OUTBOX_ROOMY, UINT64_MAX, 0, 50), LK_OUTBOX_ROOMY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_after_what_was_acknowledged),
        cmocka_unit_test(window_bounds_what_is_in_flight),
        cmocka_unit_test(begins_anew_on_each_connection),
        cmocka_unit_test(acks_move_forward_only),
        cmocka_unit_test(an_ack_before_the_resending_saves_it),
        cmocka_unit_test(replay_goes_below_acked_and_takes_nothing_back),
        cmocka_unit_test(replay_survives_a_lost_connection),
        cmocka_unit_test(refused_by_the_broker_it_goes_back_after_a_pause),
        cmocka_unit_test(silence_of_upstream_makes_it_send_one_window_again),
        cmocka_unit_test(an_upstream_never_heard_of_is_offered_everything_again),
        cmocka_unit_test(to_ask_for_what_comes_next_is_to_miss_nothing),
        cmocka_unit_test(no_ack_in_the_file_beyond_the_log),
        cmocka_unit_test(levels_have_a_dead_band),
        cmocka_unit_test(reads_acks),
        cmocka_unit_test(refuses_what_is_no_ack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
