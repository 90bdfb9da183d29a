/*
 * The simulator's only source of chance: splitmix64, so that a seed replays the same faults. Not for secrets.
 * Thread: the owner's. Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014).
 */
#ifndef LK_CAB_RAND_H
#define LK_CAB_RAND_H

#include <stdbool.h>
#include <stdint.h>

struct lk_cab_rand {
    uint64_t state;
};

/* The next 64 bits. */
uint64_t lk_cab_rand_next(struct lk_cab_rand *r);

/* 0 .. limit-1; limit > 0. */
unsigned lk_cab_rand_below(struct lk_cab_rand *r, unsigned limit);

/* True with probability p; p >= 1 always, p <= 0 never (neither uses up a number). */
bool lk_cab_rand_chance(struct lk_cab_rand *r, double p);

#endif
