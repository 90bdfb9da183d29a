/*
 * One request on a line: which boards hear it, what they do, and what of their replies comes back, faults included.
 * Independent of how the bytes travel. Thread: the owner's. Blocking: never.
 */
#ifndef LK_CAB_EXCHANGE_H
#define LK_CAB_EXCHANGE_H

#include "frame.h"
#include "world.h"

struct lk_cab_request {
    int line;
    uint8_t unit;         /* 0 = all boards of the line */
    uint16_t transaction; /* TCP only */
    const uint8_t *pdu;
    size_t len;
};

/* What goes back. */
struct lk_cab_answer {
    uint8_t adu[LK_CAB_ADU_MAX];
    size_t len;
    int board;        /* who sent it (the first, when several collided) */
    int64_t delay_ns; /* on top of the usual turnaround */
    unsigned copies;
};

/* Lets the boards act at now_ns. True with *ret_answer filled when something comes back. */
bool lk_cab_exchange(struct lk_cab_world *w, const struct lk_cab_request *request, int64_t now_ns,
                     struct lk_cab_answer *ret_answer);

#endif
