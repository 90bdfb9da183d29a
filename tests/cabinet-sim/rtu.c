#include "rtu.h"

#include <string.h>

/* A writer who is interrupted in mid-frame is forgiven on a line that is not strict. */
#define PATIENCE_NS (5 * LK_CAB_MS)

int64_t lk_cab_rtu_wire_ns(const struct lk_cab_rtu_config *c, size_t n)
{
    return c->baud ? (int64_t)n * c->bits * INT64_C(1000000000) / c->baud : 0;
}

int64_t lk_cab_rtu_gap_ns(const struct lk_cab_rtu_config *c)
{
    if (c->baud == 0) {
        return 0;
    }
    return c->baud > 19200 ? INT64_C(1750000) : INT64_C(3500000000) * c->bits / c->baud;
}

static struct lk_cab_line_stats *stats(struct lk_cab_rtu *l)
{
    return &l->world->line[l->line].stats;
}

static struct lk_cab_pending *earliest(const struct lk_cab_rtu *l)
{
    const struct lk_cab_pending *best = NULL;
    for (size_t i = 0; i < LK_CAB_PENDING_MAX; i++) {
        const struct lk_cab_pending *p = &l->pending[i];
        best = p->used && (!best || p->at_ns < best->at_ns) ? p : best;
    }
    return (struct lk_cab_pending *)best;
}

static struct lk_cab_pending *new_pending(struct lk_cab_rtu *l, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < LK_CAB_PENDING_MAX; i++) {
        struct lk_cab_pending *p = &l->pending[i];
        if (!p->used) {
            *p = (struct lk_cab_pending){.used = true, .board = -1, .len = n};
            memcpy(p->bytes, bytes, n);
            return p;
        }
    }
    stats(l)->overruns++;
    return NULL;
}

static void tell_bytes(struct lk_cab_rtu *l, int64_t at_ns, enum lk_cab_kind kind, int board, int64_t value,
                       const uint8_t *bytes, size_t n)
{
    char hex[sizeof((struct lk_cab_happening *)0)->text];
    lk_cab_hex_text(hex, sizeof hex, bytes, n);
    lk_cab_tell_line(l->world, at_ns, kind, l->line, board, value, hex);
}

/* End of the last frame that began before t; replies still on the wire count, late ones that have not begun do not. */
static int64_t busy_until(const struct lk_cab_rtu *l, int64_t t)
{
    int64_t end = l->last_end_ns;
    for (size_t i = 0; i < LK_CAB_PENDING_MAX; i++) {
        const struct lk_cab_pending *p = &l->pending[i];
        if (p->used && p->start_ns <= t && p->at_ns > end) {
            end = p->at_ns;
        }
    }
    return end;
}

static void begin_frame(struct lk_cab_rtu *l, int64_t start_ns)
{
    int64_t busy = busy_until(l, start_ns);
    int64_t kept = start_ns - busy;
    l->rx_start_ns = start_ns;
    l->rx_drop = false;
    if (busy == 0) {
        return;
    }
    if (kept < stats(l)->shortest_gap_ns) {
        stats(l)->shortest_gap_ns = kept;
    }
    if (kept + LK_CAB_GAP_TOLERANCE_NS < lk_cab_rtu_gap_ns(&l->config)) {
        stats(l)->gap_violations++;
        l->rx_drop = l->config.strict;
        lk_cab_tell_line(l->world, start_ns, LK_CAB_GAP_VIOLATION, l->line, -1, kept, NULL);
    }
}

static void await_silence(struct lk_cab_rtu *l)
{
    int64_t patience = l->config.strict && l->config.baud ? 0 : PATIENCE_NS;
    l->silence_at_ns = l->tx_free_ns + lk_cab_rtu_gap_ns(&l->config) + patience;
}

/* Takes the first n bytes of rx out as one request that ended at end_ns. */
static void take_frame(struct lk_cab_rtu *l, size_t n, int64_t end_ns, int64_t serve_at_ns)
{
    struct lk_cab_pending *p = n <= LK_CAB_ADU_MAX ? new_pending(l, l->rx, n) : NULL;
    if (p) {
        p->start_ns = l->rx_start_ns;
        p->at_ns = serve_at_ns;
        p->drop = l->rx_drop;
    }
    l->last_end_ns = end_ns > l->last_end_ns ? end_ns : l->last_end_ns;
    memmove(l->rx, l->rx + n, l->rx_len - n);
    l->rx_len -= n;
    if (l->rx_len > 0) {
        begin_frame(l, end_ns);
    }
}

static void garbled(struct lk_cab_rtu *l)
{
    stats(l)->garbled++;
    tell_bytes(l, l->tx_free_ns, LK_CAB_GARBLED, -1, l->rx_start_ns, l->rx, l->rx_len);
    l->rx_len = 0;
}

static void find_frames(struct lk_cab_rtu *l)
{
    l->silence_at_ns = 0;
    while (l->rx_len > 0) {
        int length = lk_cab_rtu_request_length(l->rx, l->rx_len);
        if (length <= 0 || (size_t)length > l->rx_len) {
            await_silence(l);
            return;
        }
        size_t n = (size_t)length;
        if (!lk_cab_crc_ok(l->rx, n)) {
            garbled(l);
            l->skipping = true;
            await_silence(l);
            return;
        }
        int64_t end_ns = l->tx_free_ns - lk_cab_rtu_wire_ns(&l->config, l->rx_len - n);
        take_frame(l, n, end_ns, end_ns);
    }
}

void lk_cab_rtu_feed(struct lk_cab_rtu *l, const uint8_t *bytes, size_t n, int64_t now_ns)
{
    int64_t start_ns = now_ns > l->tx_free_ns ? now_ns : l->tx_free_ns;
    int64_t wire_ns = lk_cab_rtu_wire_ns(&l->config, n);
    stats(l)->bytes_in += n;
    stats(l)->wire_ns += wire_ns;
    l->tx_free_ns = start_ns + wire_ns;
    if (l->skipping) {
        await_silence(l);
        return;
    }
    if (l->rx_len == 0) {
        begin_frame(l, start_ns);
    }
    size_t fits = sizeof l->rx - l->rx_len < n ? sizeof l->rx - l->rx_len : n;
    memcpy(l->rx + l->rx_len, bytes, fits);
    l->rx_len += fits;
    if (fits < n) {
        garbled(l);
        l->skipping = true;
        await_silence(l);
        return;
    }
    find_frames(l);
}

/* Silence ends what has no length of its own, and anything cut short. */
static void silence(struct lk_cab_rtu *l)
{
    int64_t at_ns = l->silence_at_ns;
    l->silence_at_ns = 0;
    l->skipping = false;
    l->last_end_ns = l->tx_free_ns > l->last_end_ns ? l->tx_free_ns : l->last_end_ns;
    if (l->rx_len == 0) {
        return;
    }
    if (l->rx_len <= LK_CAB_PDU_MAX + 3 && lk_cab_rtu_request_length(l->rx, l->rx_len) < 0 &&
        lk_cab_crc_ok(l->rx, l->rx_len)) {
        take_frame(l, l->rx_len, l->tx_free_ns, at_ns);
    } else {
        garbled(l);
    }
}

static void send_reply(struct lk_cab_rtu *l, const struct lk_cab_answer *a, int64_t start_ns)
{
    for (unsigned i = 0; i < a->copies; i++) {
        struct lk_cab_pending *p = new_pending(l, a->adu, a->len);
        if (!p) {
            return;
        }
        p->is_reply = true;
        p->board = a->board;
        p->start_ns = start_ns;
        p->at_ns = start_ns + lk_cab_rtu_wire_ns(&l->config, a->len);
        start_ns = p->at_ns + lk_cab_rtu_gap_ns(&l->config);
    }
}

static void serve(struct lk_cab_rtu *l, struct lk_cab_pending *p)
{
    p->used = false;
    lk_cab_world_run(l->world, p->at_ns);
    if (p->drop) {
        stats(l)->dropped++;
        tell_bytes(l, p->at_ns, LK_CAB_DROPPED, -1, p->start_ns, p->bytes, p->len);
        return;
    }
    stats(l)->requests++;
    tell_bytes(l, p->at_ns, LK_CAB_REQUEST, -1, p->start_ns, p->bytes, p->len);
    struct lk_cab_request q = {.line = l->line, .unit = p->bytes[0], .pdu = p->bytes + 1, .len = p->len - 3};
    struct lk_cab_answer a;
    if (lk_cab_exchange(l->world, &q, p->at_ns, &a)) {
        const struct lk_cab_rtu_config *c = &l->config;
        int64_t turnaround_ns = c->turnaround_ns < 0 ? lk_cab_rtu_gap_ns(c) : c->turnaround_ns;
        send_reply(l, &a, p->at_ns + turnaround_ns + a.delay_ns);
    } else if (q.unit != 0) {
        stats(l)->unanswered++;
        lk_cab_tell_line(l->world, p->at_ns, LK_CAB_UNANSWERED, l->line, -1, q.unit, NULL);
    }
}

static void hand_over(struct lk_cab_rtu *l, struct lk_cab_pending *p, int64_t now_ns)
{
    p->used = false;
    l->deliver(l->deliver_arg, p->bytes, p->len);
    struct lk_cab_line_stats *s = stats(l);
    s->replies++;
    s->bytes_out += p->len;
    s->wire_ns += p->at_ns - p->start_ns;
    s->worst_late_ns = now_ns - p->at_ns > s->worst_late_ns ? now_ns - p->at_ns : s->worst_late_ns;
    l->last_end_ns = p->at_ns > l->last_end_ns ? p->at_ns : l->last_end_ns;
    tell_bytes(l, p->at_ns, LK_CAB_REPLY, p->board, p->start_ns, p->bytes, p->len);
}

int64_t lk_cab_rtu_next(const struct lk_cab_rtu *l)
{
    const struct lk_cab_pending *p = earliest(l);
    int64_t at_ns = p ? p->at_ns : INT64_MAX;
    return l->silence_at_ns != 0 && l->silence_at_ns < at_ns ? l->silence_at_ns : at_ns;
}

void lk_cab_rtu_run(struct lk_cab_rtu *l, int64_t now_ns)
{
    while (lk_cab_rtu_next(l) <= now_ns) {
        struct lk_cab_pending *p = earliest(l);
        if (l->silence_at_ns != 0 && (!p || l->silence_at_ns <= p->at_ns)) {
            silence(l);
        } else if (p->is_reply) {
            hand_over(l, p, now_ns);
        } else {
            serve(l, p);
        }
    }
}

void lk_cab_rtu_forget(struct lk_cab_rtu *l)
{
    memset(l->pending, 0, sizeof l->pending);
    l->rx_len = 0;
    l->skipping = l->rx_drop = false;
    l->silence_at_ns = l->tx_free_ns = l->last_end_ns = 0;
}
