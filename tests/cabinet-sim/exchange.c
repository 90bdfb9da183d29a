#include "exchange.h"

#include <string.h>

/* Bits that may flip: all of an RTU frame, but of a TCP unit only the PDU, since TCP itself guards the way. */
static void flip_bits(struct lk_cab_world *w, struct lk_cab_answer *a, size_t from)
{
    unsigned flips = 1 + lk_cab_rand_below(&w->rand, 3);
    unsigned first = lk_cab_rand_below(&w->rand, (unsigned)(a->len - from) * 8);
    for (unsigned i = 0; i < flips; i++) {
        unsigned bit = (first + i) % (unsigned)((a->len - from) * 8);
        a->adu[from + bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void prepend_garbage(struct lk_cab_world *w, struct lk_cab_answer *a, unsigned bytes)
{
    size_t room = sizeof a->adu - a->len;
    size_t n = bytes < room ? bytes : room;
    memmove(a->adu + n, a->adu, a->len);
    for (size_t i = 0; i < n; i++) {
        a->adu[i] = (uint8_t)lk_cab_rand_next(&w->rand);
    }
    a->len += n;
}

static uint8_t reply_unit(struct lk_cab_world *w, struct lk_cab_board *b, const struct lk_cab_request *q)
{
    struct lk_cab_fault_state *wrong = &b->faults[LK_CAB_WRONG_UNIT];
    if (lk_cab_fault_strikes(wrong, &w->rand, q->pdu[0])) {
        return wrong->value >= 0 ? (uint8_t)wrong->value : (uint8_t)(b->unit + 1);
    }
    /* a read by broadcast is how an unknown address is found out: the board names itself */
    return q->unit == 0 && q->pdu[0] == 3 ? b->unit : q->unit;
}

static void spoil(struct lk_cab_world *w, struct lk_cab_board *b, const struct lk_cab_request *q,
                  struct lk_cab_answer *a)
{
    struct lk_cab_fault_state *f = b->faults;
    uint8_t fc = q->pdu[0];
    if (lk_cab_fault_strikes(&f[LK_CAB_NOISE], &w->rand, fc)) {
        flip_bits(w, a, w->line[b->line].medium == LK_CAB_TCP ? 7 : 0);
    }
    if (lk_cab_fault_strikes(&f[LK_CAB_TRUNCATED], &w->rand, fc) && f[LK_CAB_TRUNCATED].bytes < a->len) {
        a->len = f[LK_CAB_TRUNCATED].bytes;
    }
    if (lk_cab_fault_strikes(&f[LK_CAB_GARBAGE], &w->rand, fc)) {
        prepend_garbage(w, a, f[LK_CAB_GARBAGE].bytes);
    }
    if (lk_cab_fault_strikes(&f[LK_CAB_LATE], &w->rand, fc)) {
        a->delay_ns = f[LK_CAB_LATE].ms * LK_CAB_MS;
    }
    if (lk_cab_fault_strikes(&f[LK_CAB_DOUBLE_REPLY], &w->rand, fc)) {
        a->copies = 2;
    }
}

static size_t act(struct lk_cab_world *w, struct lk_cab_board *b, const struct lk_cab_request *q, int64_t now_ns,
                  uint8_t *ret_pdu)
{
    if (lk_cab_fault_strikes(&b->faults[LK_CAB_EXCEPTION], &w->rand, q->pdu[0])) {
        ret_pdu[0] = q->pdu[0] | 0x80;
        ret_pdu[1] = (uint8_t)b->faults[LK_CAB_EXCEPTION].value;
        return 2;
    }
    return lk_cab_board_serve(w, b, q->pdu, q->len, q->unit == 0, now_ns, ret_pdu);
}

static bool answer_of(struct lk_cab_world *w, struct lk_cab_board *b, const struct lk_cab_request *q, int64_t now_ns,
                      struct lk_cab_answer *ret_a)
{
    uint8_t pdu[LK_CAB_PDU_MAX];
    uint8_t fc = q->pdu[0];
    if (!b->power || lk_cab_fault_strikes(&b->faults[LK_CAB_DEAD], &w->rand, fc) ||
        lk_cab_fault_strikes(&b->faults[LK_CAB_LOST], &w->rand, fc)) {
        return false;
    }
    b->requests++;
    size_t n = act(w, b, q, now_ns, pdu);
    if (n == 0 || lk_cab_fault_strikes(&b->faults[LK_CAB_ECHO_LOST], &w->rand, fc)) {
        return false;
    }
    b->replies++;
    uint8_t unit = reply_unit(w, b, q);
    *ret_a = (struct lk_cab_answer){.board = (int)b->index, .copies = 1};
    ret_a->len = w->line[b->line].medium == LK_CAB_TCP ? lk_cab_tcp_wrap(q->transaction, unit, pdu, n, ret_a->adu)
                                                       : lk_cab_rtu_wrap(unit, pdu, n, ret_a->adu);
    spoil(w, b, q, ret_a);
    return ret_a->len > 0;
}

/* Two drivers on one pair of wires: dominant bits win, a few characters apart, so that nothing valid is left. */
static void collide(struct lk_cab_world *w, struct lk_cab_answer *a, const struct lk_cab_answer *other)
{
    size_t both = a->len < other->len ? a->len : other->len;
    for (size_t i = 1; i < both; i++) {
        a->adu[i] &= other->adu[i - 1];
    }
    a->adu[0] ^= (uint8_t)(1u << lk_cab_rand_below(&w->rand, 8));
    w->line[w->board[a->board].line].stats.collisions++;
}

bool lk_cab_exchange(struct lk_cab_world *w, const struct lk_cab_request *request, int64_t now_ns,
                     struct lk_cab_answer *ret_answer)
{
    bool answered = false;
    for (unsigned i = 0; i < w->boards; i++) {
        struct lk_cab_board *b = &w->board[i];
        struct lk_cab_answer one;
        if (b->line != request->line || !lk_cab_board_hears(b, request->unit) ||
            !answer_of(w, b, request, now_ns, &one)) {
            continue;
        }
        if (answered) {
            collide(w, ret_answer, &one);
        } else {
            *ret_answer = one;
        }
        answered = true;
    }
    return answered;
}
