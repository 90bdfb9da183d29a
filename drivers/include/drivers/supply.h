/*
 * A power supply of coils, shared by the banks it feeds: at most one coil at a time, a stagger between pulses, and a
 * rest for a coil that was pulsed several times (law 9). It is book-keeping in the caller's time, no hardware.
 *
 * Thread: the owner thread. Nothing blocks or allocates after create.
 * Source: typical 12 V locks draw 2 A for 300..1000 ms at intermittent duty; openings are staggered by 200 ms or more.
 */
#ifndef DRIVERS_SUPPLY_H
#define DRIVERS_SUPPLY_H

#include <stdbool.h>
#include <stdint.h>

struct lk_supply;

struct lk_supply_config {
    unsigned stagger_ms; /* from start to start of two pulses; 0: 200 */
    unsigned burst;      /* pulses of one coil before it must rest; 0: 3 */
    unsigned rest_ms;    /* the rest; 0: 10000. A coil idle for that long starts counting anew */
};

/* One coil's history, kept by the bank that drives it; zero it before first use. */
struct lk_supply_coil {
    unsigned in_burst;
    int64_t last_end_at_ms;
};

/* NULL config: all defaults. 0 or -ENOMEM. Owner: the caller; must outlive the banks on it. */
int lk_supply_create(const struct lk_supply_config *config, struct lk_supply **ret_supply);

/* NULL is fine. Returns NULL. */
struct lk_supply *lk_supply_destroy(struct lk_supply *supply);

/* When a pulse of this coil may begin at the earliest, as far as is known at now_ms; <= now_ms means now. While
 * another pulse is on its way this is an estimate that may move: ask again then. */
int64_t lk_supply_earliest_at_ms(const struct lk_supply *supply, const struct lk_supply_coil *coil, int64_t now_ms);

/* Takes the supply for one pulse of this coil. True when it was granted; then settle or release follows. */
bool lk_supply_take(struct lk_supply *supply, const struct lk_supply_coil *coil, int64_t now_ms, unsigned pulse_ms);

/* The pulse was sent, proven or not: it may have begun as late as start_at_ms and lasts pulse_ms from there. */
void lk_supply_settle(struct lk_supply *supply, struct lk_supply_coil *coil, int64_t start_at_ms, unsigned pulse_ms);

/* The pulse certainly never went out: the supply is free again at once, the coil's history is as before. */
void lk_supply_release(struct lk_supply *supply);

#endif
