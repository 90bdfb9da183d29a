/*
 * What the tests of the model share: one RTU line with board A (unit 1) and board B (unit 2) in virtual time, and what
 * came back from it. Nothing sleeps; rig_run() moves the clock.
 */
#ifndef LK_CAB_TEST_RIG_H
#define LK_CAB_TEST_RIG_H

#include "rtu.h"
#include "world.h"

#define MS LK_CAB_MS

struct rig {
    struct lk_cab_world w;
    struct lk_cab_rtu line;
    int64_t now_ns;
    uint8_t got[2048]; /* everything delivered since the last request */
    size_t got_len;
    unsigned deliveries;
    int64_t got_at_ns;
};

/* An unpaced, tolerant line; the profile of both boards, 32 channels each, no bounce, 50 ms latch, 60 ms spring. */
void rig_init(struct rig *r, const char *profile);
void rig_free(struct rig *r);

/* Lets time pass. */
void rig_run(struct rig *r, int64_t ns);

/* Sends bytes as they are, now. */
void rig_send(struct rig *r, const uint8_t *bytes, size_t n);

/* Sends the request (hex without CRC), lets 5 ms pass; got[] holds what came. Returns its length. */
size_t rig_ask(struct rig *r, const char *hex);

/* True when got[] is exactly this frame (hex without CRC, which is checked too). */
bool rig_got(const struct rig *r, const char *hex);

/* Door n of board A, counted from 1. */
struct lk_cab_door *rig_door(struct rig *r, unsigned n);

/* Sets a fault with its defaults, changed by the caller through *f before (NULL: as they are). */
struct lk_cab_fault_state rig_fault(enum lk_cab_fault fault);
void rig_break_board(struct rig *r, enum lk_cab_fault fault, const struct lk_cab_fault_state *f);
void rig_break_door(struct rig *r, unsigned n, enum lk_cab_fault fault, const struct lk_cab_fault_state *f);

/* How often that kind stands in the history; *ret_last (may be NULL) gets the latest. */
unsigned rig_count(const struct rig *r, enum lk_cab_kind kind, struct lk_cab_happening *ret_last);

#endif
