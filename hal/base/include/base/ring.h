/*
 * A bounded queue of fixed-size records between threads, with an eventfd that tells the reader.
 *
 * Any number of writers, one reader. push and pop never block (a short mutex apart) and never allocate. The eventfd is
 * readable while records may be waiting; the reader calls lk_ring_clear() before it drains, so that no wake is lost.
 * Source of the pattern: eventfd(2).
 */
#ifndef BASE_RING_H
#define BASE_RING_H

#include <stdbool.h>
#include <stddef.h>

struct lk_ring;

/* A ring of `slots` (1..65536) records of `record_size` bytes. 0, -EINVAL, -ENOMEM, or eventfd's errno.
 * Owner: the caller, who frees it with lk_ring_destroy() after every thread has stopped using it. */
int lk_ring_create(size_t slots, size_t record_size, struct lk_ring **ret_ring);

/* Frees the ring and closes its eventfd; NULL is fine. Returns NULL. */
struct lk_ring *lk_ring_destroy(struct lk_ring *ring);

/* Copies one record in and wakes the reader. 0, or -EAGAIN when full (the record was not taken). */
int lk_ring_push(struct lk_ring *ring, const void *record);

/* Copies the oldest record out. True when there was one. */
bool lk_ring_pop(struct lk_ring *ring, void *ret_record);

/* Resets the eventfd. Call before draining. */
void lk_ring_clear(struct lk_ring *ring);

/* The descriptor to poll for reading; valid until destroy. */
int lk_ring_fd(const struct lk_ring *ring);

/* Records waiting now. */
size_t lk_ring_count(struct lk_ring *ring);

#endif
