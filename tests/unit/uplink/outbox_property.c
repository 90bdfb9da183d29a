/*
 * Law 6 by chance: the outbox between a log that grows, a broker that loses PUBACKs, connections and (in half of the
 * histories) its whole queue without a word, and an upstream that acknowledges late, asks for replays and forgets.
 * Everything in virtual time, each history from its seed: `uplink-outbox-property SEED` plays one again.
 *
 * Claims: upstream gets every event; without silent drops and refusals the first receptions are in order without a gap;
 * acked never exceeds what upstream has and never goes back; nothing is skipped; what was asked for again comes again.
 */
#include "check.h"

#include "uplink/outbox.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EVENTS = 400, QUEUE = 4096, STEPS = 6000, HISTORIES = 400, SETTLE_STEPS = 20000 };

static const char epoch[] = "e-1";
static unsigned histories = HISTORIES;
static uint64_t first_seed = 1;

struct world {
    uint64_t random;
    bool honest; /* the broker never drops or refuses silently */
    struct lk_outbox outbox;
    int64_t now_ms;
    uint64_t log_last, acked_before;
    uint64_t wire[QUEUE]; /* sent, PUBACK not seen by us yet */
    size_t wire_head, wire_count;
    uint64_t broker[QUEUE]; /* accepted by the broker, upstream has not got it yet */
    size_t broker_head, broker_count;
    bool got[EVENTS + 1];
    uint64_t contiguous; /* upstream has 1..contiguous */
    uint64_t asked;      /* replay asked for from here and not seen again yet; 0: none */
    uint64_t sends, replays, losses, drops;
};

static uint64_t chance(struct world *w)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return w->random;
}

static bool one_in(struct world *w, uint64_t n)
{
    return chance(w) % n == 0;
}

static void push(uint64_t *queue, size_t head, size_t *count, uint64_t seq)
{
    assert_true(*count < QUEUE);
    queue[(head + (*count)++) % QUEUE] = seq;
}

static uint64_t pop(const uint64_t *queue, size_t *head, size_t *count)
{
    uint64_t seq = queue[*head];
    *head = (*head + 1) % QUEUE;
    (*count)--;
    return seq;
}

static void send(struct world *w)
{
    uint64_t seq;
    if (w->broker_count + w->outbox.window < QUEUE && lk_outbox_next(&w->outbox, w->now_ms, &seq)) {
        assert_in_range(seq, 1, w->log_last);
        assert_true(w->outbox.in_flight < w->outbox.window);
        push(w->wire, w->wire_head, &w->wire_count, seq);
        lk_outbox_sent(&w->outbox, w->now_ms);
        w->sends++;
    }
}

static void broker_takes_one(struct world *w)
{
    if (w->wire_count == 0) {
        return;
    }
    uint64_t seq = pop(w->wire, &w->wire_head, &w->wire_count);
    if (!w->honest && one_in(w, 50)) {
        lk_outbox_undelivered(&w->outbox, seq, w->now_ms);
        return;
    }
    if (w->honest || !one_in(w, 20)) {
        push(w->broker, w->broker_head, &w->broker_count, seq);
    } else {
        w->drops++;
    }
    lk_outbox_delivered(&w->outbox, seq, w->now_ms);
}

static void lose_connection(struct world *w)
{
    size_t reached = w->wire_count > 0 ? chance(w) % (w->wire_count + 1) : 0;
    while (w->wire_count > 0) { /* some reached the broker, their PUBACKs did not reach us; the rest is gone */
        uint64_t seq = pop(w->wire, &w->wire_head, &w->wire_count);
        if (reached > 0) {
            push(w->broker, w->broker_head, &w->broker_count, seq);
            reached--;
        }
    }
    lk_outbox_lost(&w->outbox);
    w->losses++;
}

static void upstream_takes_one(struct world *w)
{
    if (w->broker_count == 0) {
        return;
    }
    uint64_t seq = pop(w->broker, &w->broker_head, &w->broker_count);
    if (w->honest && !w->got[seq]) {
        assert_int_equal(seq, w->contiguous + 1);
    }
    if (seq == w->asked) {
        w->asked = 0;
    }
    w->got[seq] = true;
    while (w->contiguous < EVENTS && w->got[w->contiguous + 1]) {
        w->contiguous++;
    }
}

static void upstream_says(struct world *w, struct lk_ack *ack)
{
    memcpy(ack->epoch, epoch, sizeof(epoch));
    ack->has_epoch = true;
    enum lk_ack_verdict verdict = lk_outbox_ack(&w->outbox, ack, w->now_ms);
    assert_true(verdict == LK_ACK_MOVED || verdict == LK_ACK_OLD || verdict == LK_ACK_REPLAYING);
}

static void upstream_acks(struct world *w)
{
    struct lk_ack ack = {.seq = w->contiguous > 0 ? w->contiguous - chance(w) % (w->contiguous / 4 + 1) : 0};
    if (w->outbox.connected) {
        upstream_says(w, &ack);
    }
}

static void upstream_asks_again(struct world *w)
{
    if (w->outbox.connected && w->log_last > 0) {
        struct lk_ack ack = {.replay = true, .seq = 1 + chance(w) % w->log_last};
        upstream_says(w, &ack);
        w->asked = ack.seq;
        w->replays++;
    }
}

static void broker_dies(struct world *w)
{
    if (!w->honest) {
        w->broker_count = 0;
    }
    if (w->outbox.connected) {
        lose_connection(w);
    }
}

static void grow(struct world *w)
{
    if (w->log_last < EVENTS) {
        lk_outbox_grew(&w->outbox, ++w->log_last);
    }
}

static void restart(struct world *w)
{
    if (w->outbox.connected) {
        lose_connection(w);
    }
    lk_outbox_init(&w->outbox, epoch, w->log_last, w->outbox.acked, w->outbox.window);
    w->asked = 0; /* a replay is forgotten with the process */
}

static void check(struct world *w)
{
    assert_true(w->outbox.acked >= w->acked_before);
    w->acked_before = w->outbox.acked;
    assert_true(w->outbox.acked <= w->contiguous);
    assert_true(w->outbox.in_flight == w->wire_count);
    assert_true(w->outbox.next >= 1 && w->outbox.next <= w->log_last + 1);
}

static void step(struct world *w)
{
    w->now_ms += (int64_t)(chance(w) % 200);
    switch (chance(w) % 12) {
    case 0:
        grow(w);
        break;
    case 1:
    case 2:
    case 3:
    case 4:
        send(w);
        break;
    case 5:
    case 6:
        broker_takes_one(w);
        break;
    case 7:
    case 8:
        upstream_takes_one(w);
        break;
    case 9:
        upstream_acks(w);
        break;
    case 10:
        if (!w->outbox.connected && one_in(w, 3)) {
            lk_outbox_connected(&w->outbox, w->now_ms);
        } else if (w->outbox.connected && one_in(w, 30)) {
            lose_connection(w);
        }
        break;
    case 11:
        if (one_in(w, 60)) {
            upstream_asks_again(w);
        } else if (one_in(w, 80)) {
            broker_dies(w);
        } else if (one_in(w, 200)) {
            restart(w);
        }
        break;
    }
    check(w);
}

/* Locker and broker begin anew, the locker is back first: the broker confirms everything, and upstream gets none of it.
 */
static void everything_goes_to_nobody(struct world *w)
{
    uint64_t seq;
    broker_dies(w);
    restart(w);
    lk_outbox_connected(&w->outbox, w->now_ms);
    while (lk_outbox_next(&w->outbox, w->now_ms, &seq)) {
        lk_outbox_sent(&w->outbox, w->now_ms);
        lk_outbox_delivered(&w->outbox, seq, w->now_ms);
        w->drops++;
    }
    check(w);
}

/* Now everything works: all that is outstanding has to arrive, by nothing but acks and the passing of time. */
static bool settle(struct world *w)
{
    w->honest = true;
    if (!w->outbox.connected) {
        lk_outbox_connected(&w->outbox, w->now_ms);
    }
    for (int i = 0; i < SETTLE_STEPS; i++) {
        if (w->outbox.acked == w->log_last && w->asked == 0 && w->contiguous == w->log_last) {
            return true;
        }
        send(w);
        broker_takes_one(w);
        w->honest = false; /* the order was broken earlier; only arrival counts from here on */
        upstream_takes_one(w);
        w->honest = true;
        if (w->broker_count == 0 && w->contiguous > w->outbox.acked) {
            struct lk_ack ack = {.seq = w->contiguous};
            upstream_says(w, &ack);
        }
        int64_t at_ms = lk_outbox_next_at_ms(&w->outbox);
        if (w->broker_count == 0 && w->wire_count == 0 && at_ms != INT64_MAX && at_ms > w->now_ms) {
            w->now_ms = at_ms;
        }
        check(w);
    }
    return false;
}

static struct world play(uint64_t seed)
{
    struct world w = {.random = seed * UINT64_C(0x9e3779b97f4a7c15) | 1, .honest = seed % 2 == 0};
    lk_outbox_init(&w.outbox, epoch, 0, 0, 1 + (unsigned)(chance(&w) % 64));
    for (int i = 0; i < STEPS; i++) {
        step(&w);
    }
    if (!w.honest && one_in(&w, 2)) {
        everything_goes_to_nobody(&w);
    }
    if (!settle(&w)) {
        fail_msg("seed %" PRIu64 ": stuck at acked %" PRIu64 " of %" PRIu64 ", upstream has %" PRIu64 ", next %" PRIu64
                 ", asked %" PRIu64,
                 seed, w.outbox.acked, w.log_last, w.contiguous, w.outbox.next, w.asked);
    }
    return w;
}

static void upstream_gets_everything(void **state)
{
    (void)state;
    uint64_t sends = 0, replays = 0, losses = 0, drops = 0;
    for (unsigned i = 0; i < histories; i++) {
        struct world w = play(first_seed + i);
        sends += w.sends;
        replays += w.replays;
        losses += w.losses;
        drops += w.drops;
    }
    print_message("%u histories: %" PRIu64 " events sent, %" PRIu64 " connections lost, %" PRIu64 " replays, %" PRIu64
                  " silently dropped\n",
                  histories, sends, losses, replays, drops);
}

static void a_seed_plays_the_same_history(void **state)
{
    (void)state;
    static struct world a, b;
    a = play(first_seed);
    b = play(first_seed);
    assert_memory_equal(&a, &b, sizeof(a));
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        first_seed = strtoull(argv[1], NULL, 10);
        histories = 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(upstream_gets_everything),
        cmocka_unit_test(a_seed_plays_the_same_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
