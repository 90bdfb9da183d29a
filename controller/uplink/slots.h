/*
 * The publications that are at Paho: one slot each, from the call until the owner has taken the notice about it. So the
 * number of slots bounds everything behind it, and no notice is ever lost for want of room.
 *
 * Threads: the uplink's thread takes slots and ends generations; Paho's threads report; the owner collects.
 */
#ifndef UPLINK_SLOTS_H
#define UPLINK_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LK_SLOTS_MOST = 4096,
    LK_SLOTS_KEPT = 4, /* the last ones are for our own presence, however busy the owner is */
};

enum lk_slot_kind {
    LK_SLOT_QUIET,  /* nobody wants to hear of it */
    LK_SLOT_TAGGED, /* the owner gets a result */
    LK_SLOT_BIRTH,  /* as QUIET, may use the kept ones */
    LK_SLOT_LEAVE,  /* may use the kept ones; the thread is told */
};

struct lk_slots;

/* `count` slots and the kept ones. 0, -EINVAL or -ENOMEM. */
int lk_slots_create(size_t count, struct lk_slots **ret_slots);
struct lk_slots *lk_slots_destroy(struct lk_slots *slots);

/* Takes a slot for a publication of this session. 0 and the mark to publish with, or -EAGAIN: none is free or the
 * limit is reached; then lk_slots_report() and lk_slots_collect() say when it is worth trying again. */
int lk_slots_take(struct lk_slots *slots, enum lk_slot_kind kind, uint32_t session, uint64_t tag, uintptr_t *ret_mark);

/* The publication never reached Paho: frees the slot. */
void lk_slots_put_back(struct lk_slots *slots, uintptr_t mark);

/* A new generation: whatever is reported later about earlier marks is ignored. */
void lk_slots_forget(struct lk_slots *slots);

/* At most this many publications of the owner at Paho without a report, until said otherwise. */
void lk_slots_limit(struct lk_slots *slots, size_t most);

/* Paho says what became of it. *ret_leave: it was a LK_SLOT_LEAVE. Returns whether somebody waits for a
 * slot that is free now. */
bool lk_slots_report(struct lk_slots *slots, uintptr_t mark, int code, bool *ret_leave);

struct lk_slot_result {
    uint32_t session;
    uint64_t tag;
    int code; /* 0: PUBACK */
};

/* The next result of a tagged publication; frees its slot. *ret_wanted: somebody waits for a slot. */
bool lk_slots_collect(struct lk_slots *slots, struct lk_slot_result *ret_result, bool *ret_wanted);

/* Readable while results may wait; lk_slots_clear() before draining. */
int lk_slots_fd(const struct lk_slots *slots);
void lk_slots_clear(struct lk_slots *slots);

#endif
