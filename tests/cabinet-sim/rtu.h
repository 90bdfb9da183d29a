/*
 * A Modbus RTU line as time and bytes, without a descriptor: finds the requests in what the master wrote, paces both
 * directions as the line's speed would, keeps account of the silent gaps, and hands out the replies when their last
 * character has passed.
 *
 * A pty delivers a whole request at once, so the reply is held back by the wire time of the request, the board's
 * turnaround and the wire time of the reply, and comes in one piece. The silent gap is 3.5 characters, 1.75 ms above
 * 19200 baud, measured from the end of the previous frame (the modelled end of the reply, or of the request when none
 * came) to the start of the next request. A real board needs the same gap to know that the request is over, hence the
 * default turnaround of one gap.
 *
 * Times are CLOCK_MONOTONIC nanoseconds. Thread: the owner's. Blocking: never, except what deliver() does.
 * Source: Modbus over Serial Line V1.02, 2.5.1.1.
 */
#ifndef LK_CAB_RTU_H
#define LK_CAB_RTU_H

#include "exchange.h"

/* The instant of a request is only known as well as the program is woken: gaps shorter by less are let pass. */
#define LK_CAB_GAP_TOLERANCE_NS (50 * INT64_C(1000))

enum { LK_CAB_PENDING_MAX = 32, LK_CAB_RX_MAX = 600 };

struct lk_cab_rtu_config {
    unsigned baud;         /* 0 = no pacing, no gaps */
    unsigned bits;         /* of one character, 10 for 8N1, 11 for 8E1 */
    int64_t turnaround_ns; /* end of request to start of reply; negative = one gap */
    bool strict;           /* a request that starts within the gap is thrown away */
    bool same_baud;        /* boards hear only who has set their speed at the port */
};

struct lk_cab_pending {
    bool used, is_reply, drop;
    int64_t at_ns;    /* request: its end, to be served; reply: its end, to be delivered */
    int64_t start_ns; /* first character */
    int board;
    size_t len;
    uint8_t bytes[LK_CAB_ADU_MAX];
};

struct lk_cab_rtu {
    struct lk_cab_world *world;
    int line;
    struct lk_cab_rtu_config config;
    void (*deliver)(void *arg, const uint8_t *bytes, size_t n);
    void *deliver_arg;
    uint8_t rx[LK_CAB_RX_MAX];
    size_t rx_len;
    bool skipping, rx_drop;
    int64_t rx_start_ns;   /* first character of what is in rx */
    int64_t tx_free_ns;    /* end of the last character the master sent */
    int64_t silence_at_ns; /* 0 = not waiting for silence */
    int64_t last_end_ns;   /* end of the last frame of either side, 0 = none yet */
    struct lk_cab_pending pending[LK_CAB_PENDING_MAX];
};

/* Wire time of n characters, and the silent gap. 0 when not paced. */
int64_t lk_cab_rtu_wire_ns(const struct lk_cab_rtu_config *c, size_t n);
int64_t lk_cab_rtu_gap_ns(const struct lk_cab_rtu_config *c);

/* The master wrote n bytes, noticed at now_ns. */
void lk_cab_rtu_feed(struct lk_cab_rtu *l, const uint8_t *bytes, size_t n, int64_t now_ns);

/* When lk_cab_rtu_run() has something to do, INT64_MAX = nothing until more bytes come. */
int64_t lk_cab_rtu_next(const struct lk_cab_rtu *l);

/* Does what is due, in order, each at its own instant; now_ns only measures how late that is. */
void lk_cab_rtu_run(struct lk_cab_rtu *l, int64_t now_ns);

/* The cable was pulled, or the port closed: what is under way is lost. */
void lk_cab_rtu_forget(struct lk_cab_rtu *l);

#endif
