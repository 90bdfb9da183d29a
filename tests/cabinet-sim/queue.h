/*
 * Deadlines of the model, earliest first. Entries are never cancelled: whoever set one keeps its own copy of the
 * instant and ignores a call for an instant that no longer holds. Equal instants come out in the order they went in.
 * Thread: the owner's. Blocking: never.
 */
#ifndef LK_CAB_QUEUE_H
#define LK_CAB_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum lk_cab_due { LK_CAB_DUE_DOOR, LK_CAB_DUE_CHANNEL, LK_CAB_DUE_WATCHDOG };

struct lk_cab_deadline {
    int64_t at_ns; /* CLOCK_MONOTONIC */
    uint64_t order;
    enum lk_cab_due due;
    unsigned index; /* of the door, channel or board in the world */
};

/* All zero is an empty queue. */
struct lk_cab_queue {
    struct lk_cab_deadline *heap;
    size_t used, room;
    uint64_t order;
};

/* Frees the heap; the queue is empty and usable again. */
void lk_cab_queue_free(struct lk_cab_queue *q);

/* 0, or -ENOMEM (the deadline is not set). */
int lk_cab_queue_add(struct lk_cab_queue *q, int64_t at_ns, enum lk_cab_due due, unsigned index);

/* INT64_MAX when empty. */
int64_t lk_cab_queue_next(const struct lk_cab_queue *q);

/* Takes the earliest out if it is due at now_ns. True when there was one. */
bool lk_cab_queue_pop(struct lk_cab_queue *q, int64_t now_ns, struct lk_cab_deadline *ret_due);

#endif
