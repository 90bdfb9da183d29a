#include "uplink/outbox.h"

#include <string.h>

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

void lk_outbox_init(struct lk_outbox *o, const char *epoch, uint64_t last, uint64_t acked, unsigned window)
{
    memset(o, 0, sizeof(*o));
    strncpy(o->epoch, epoch, LK_EPOCH_MAX);
    o->window = window > 0 ? window : LK_OUTBOX_WINDOW;
    o->last = last;
    o->acked = least(acked, last);
    o->next = o->acked + 1;
    o->stall_ms = LK_OUTBOX_STALL_MS;
}

void lk_outbox_grew(struct lk_outbox *o, uint64_t last)
{
    if (last > o->last) {
        o->last = last;
    }
}

static void again_stop(struct lk_outbox *o)
{
    o->again = 0;
    o->again_to = 0;
}

static void progressed(struct lk_outbox *o, int64_t now_ms)
{
    o->progress_at_ms = now_ms;
    o->stall_ms = LK_OUTBOX_STALL_MS;
}

void lk_outbox_connected(struct lk_outbox *o, int64_t now_ms)
{
    o->connected = true;
    o->in_flight = 0;
    o->hold_until_ms = INT64_MIN;
    /* A replay that the lost connection cut short is begun anew: nobody knows how far it came. */
    o->next = o->replay_to > 0 ? least(o->replay_from, o->acked + 1) : o->acked + 1;
    again_stop(o);
    progressed(o, now_ms);
}

void lk_outbox_lost(struct lk_outbox *o)
{
    o->connected = false;
    o->in_flight = 0;
    again_stop(o);
}

static bool is_sending_again(const struct lk_outbox *o)
{
    return o->again_to > 0 && o->again <= o->again_to;
}

static bool is_waiting_for_upstream(const struct lk_outbox *o)
{
    return o->connected && o->in_flight == 0 && !is_sending_again(o) && o->next > o->acked + 1;
}

static void again_start(struct lk_outbox *o)
{
    o->again = o->acked + 1;
    o->again_to = least(o->acked + o->window, o->next - 1);
}

/* The broker took events and upstream says nothing: a broker may have thrown its queue away without telling anybody,
 * or had nobody to give them to, so that upstream knows of none and cannot ask. Hence also when upstream never spoke.
 * One window is sent again; when upstream acknowledges that, the following one (lk_outbox_ack). */
static void look_for_stall(struct lk_outbox *o, int64_t now_ms)
{
    if (is_waiting_for_upstream(o) && now_ms - o->progress_at_ms >= o->stall_ms) {
        again_start(o);
        o->progress_at_ms = now_ms;
        o->stall_ms = o->stall_ms * 2 < LK_OUTBOX_STALL_MOST_MS ? o->stall_ms * 2 : LK_OUTBOX_STALL_MOST_MS;
    }
}

bool lk_outbox_next(struct lk_outbox *o, int64_t now_ms, uint64_t *ret_seq)
{
    if (!o->connected || o->in_flight >= o->window || now_ms < o->hold_until_ms) {
        return false;
    }
    look_for_stall(o, now_ms);
    uint64_t seq = is_sending_again(o) ? o->again : o->next;
    if (seq > o->last) {
        return false;
    }
    *ret_seq = seq;
    return true;
}

void lk_outbox_sent(struct lk_outbox *o, int64_t now_ms)
{
    if (is_sending_again(o)) {
        o->again++;
    } else {
        o->next++;
    }
    o->in_flight++;
    o->progress_at_ms = now_ms;
}

static void one_less_in_flight(struct lk_outbox *o)
{
    if (o->in_flight > 0) {
        o->in_flight--;
    }
}

void lk_outbox_delivered(struct lk_outbox *o, uint64_t seq, int64_t now_ms)
{
    (void)seq;
    one_less_in_flight(o);
    o->progress_at_ms = now_ms;
    if (o->in_flight == 0 && o->next > o->replay_to) {
        o->replay_to = 0;
    }
}

void lk_outbox_undelivered(struct lk_outbox *o, uint64_t seq, int64_t now_ms)
{
    one_less_in_flight(o);
    o->next = least(o->next, seq);
    again_stop(o);
    o->hold_until_ms = now_ms + LK_OUTBOX_RETRY_MS;
}

int64_t lk_outbox_next_at_ms(const struct lk_outbox *o)
{
    if (!o->connected) {
        return INT64_MAX;
    }
    if (o->in_flight < o->window && (o->next <= o->last || is_sending_again(o))) {
        return o->hold_until_ms;
    }
    return is_waiting_for_upstream(o) ? o->progress_at_ms + o->stall_ms : INT64_MAX;
}

static enum lk_ack_verdict replay(struct lk_outbox *o, uint64_t from, int64_t now_ms)
{
    if (from > o->last) {
        return from == o->last + 1 ? LK_ACK_OLD : LK_ACK_BEYOND;
    }
    progressed(o, now_ms);
    if (from >= o->next) {
        return LK_ACK_REPLAYING; /* on its way already */
    }
    bool running = o->replay_to > 0;
    o->replay_from = running ? least(o->replay_from, from) : from;
    o->replay_to = running && o->replay_to >= o->next ? o->replay_to : o->next - 1;
    o->next = from;
    again_stop(o);
    return LK_ACK_REPLAYING;
}

/* What upstream has need not be sent; but what it asked for by replayFrom is sent all the same. */
static void skip_acked(struct lk_outbox *o)
{
    if (o->next > o->replay_to && o->next <= o->acked) {
        o->next = o->acked + 1;
    }
    if (o->again_to == 0) {
        return;
    }
    if (o->acked < o->again_to) {
        o->again = o->again <= o->acked ? o->acked + 1 : o->again;
    } else if (o->acked + 1 < o->next) {
        again_start(o);
    } else {
        again_stop(o);
    }
}

enum lk_ack_verdict lk_outbox_ack(struct lk_outbox *o, const struct lk_ack *ack, int64_t now_ms)
{
    if (ack->has_epoch && strcmp(ack->epoch, o->epoch) != 0) {
        return LK_ACK_FOREIGN_EPOCH;
    }
    if (ack->replay) {
        return replay(o, ack->seq, now_ms);
    }
    if (ack->seq > o->last) {
        return LK_ACK_BEYOND;
    }
    if (ack->seq <= o->acked) {
        return LK_ACK_OLD;
    }
    o->acked = ack->seq;
    progressed(o, now_ms);
    skip_acked(o);
    return LK_ACK_MOVED;
}

enum lk_outbox_level lk_outbox_level(enum lk_outbox_level was, uint64_t unacked, unsigned most, unsigned percent)
{
    uint64_t alarm = (uint64_t)most * percent / 100;
    if (most == 0) {
        return LK_OUTBOX_ROOMY;
    }
    if (unacked >= most || (was == LK_OUTBOX_FULL && unacked >= most - most / 10)) {
        return LK_OUTBOX_FULL;
    }
    bool fills = unacked >= alarm || (was != LK_OUTBOX_ROOMY && unacked >= alarm - alarm / 10);
    return fills && alarm > 0 ? LK_OUTBOX_FILLING : LK_OUTBOX_ROOMY;
}
