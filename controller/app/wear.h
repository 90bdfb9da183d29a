/*
 * The wear of locks, relays, disk and machine: counts what the cabinet says, has core/wear.h judge it, tells a warning
 * once when it begins and once when it ends, and has the store keep it. Owner thread.
 *
 * Counting costs nothing on the disk: what changed is written inside the probe, once a minute (store/wear.h).
 */
#ifndef APP_WEAR_H
#define APP_WEAR_H

#include "app/config.h"
#include "core/wear.h"
#include "engine.h"
#include "machine.h"
#include "store/wear.h"

struct lk_wear;

/* Reads what is known. config, store: borrowed until destroy. 0, or negative errno with *why. */
int lk_wear_create(const struct lk_config *config, struct lk_store *store, struct lk_wear **ret_wear,
                   struct lk_text *why);
struct lk_wear *lk_wear_destroy(struct lk_wear *wear); /* NULL is fine; returns NULL */

/* --- news --------------------------------------------------------------------------------------------------------- */

/* A pulse was given: total is how many its bank gave that door since the start. proven: the board said so, and from
 * now_ms on the time to the opening runs. */
void lk_wear_pulse(struct lk_wear *wear, int door, uint32_t total, bool proven, int64_t now_ms);

/* The sensor saw the door open, read at at_ms. */
void lk_wear_open(struct lk_wear *wear, int door, int64_t at_ms);

/* An intent was settled, or a part replaced; after the commit. */
void lk_wear_outcome(struct lk_wear *wear, int door, enum lk_outcome outcome);
void lk_wear_part(struct lk_wear *wear, int door, enum lk_reason reason);

/* --- each second -------------------------------------------------------------------------------------------------- */

/* Judges what has changed, looks at the machine once a minute, posts site.degraded to the engine for each news. */
void lk_wear_look(struct lk_wear *wear, struct lk_engine *engine, int64_t now_ms);

/* The store's probe with what has changed. 0, or the commit's error: then the next one has it. */
int lk_wear_save(struct lk_wear *wear, struct lk_store *store);

/* --- for answers, metrics and health ------------------------------------------------------------------------------ */

const struct lk_wear_door *lk_wear_door_of(const struct lk_wear *wear, int door);
const struct lk_wear_site *lk_wear_site_of(const struct lk_wear *wear);
const struct lk_store_disk *lk_wear_disk_of(const struct lk_wear *wear);
bool lk_wear_has_relay(const struct lk_wear *wear, int door);

/* Doors, the one that needs somebody first at [0]; doors as the configuration has. Bytes a day by the hours kept;
 * 0 while there is none. */
void lk_wear_order(const struct lk_wear *wear, uint16_t order[LK_MAX_DOORS]);
uint64_t lk_wear_daily(const uint32_t *kib, uint32_t hours);

/* The n-th warning there is, worst door first, then the machine's: place is a door's label, or "" for the machine.
 * False: there are no more. */
bool lk_wear_fault(const struct lk_wear *wear, const uint16_t order[LK_MAX_DOORS], unsigned n, const char **ret_place,
                   enum lk_reason *ret_reason);

#endif
