/*
 * Wear in the store (core/wear.h says what the numbers mean): one row for each door, one for the disk. Written inside
 * the probe's transaction, that is there once a minute anyway, and only what has changed: an opening costs no flush of
 * its own. A power cut loses what was counted since the last one. Schema: version 5, docs/store.md.
 *
 * Thread: the owner thread. Errors: 0 or negative errno.
 */
#ifndef STORE_WEAR_H
#define STORE_WEAR_H

#include "core/wear.h"
#include "store/store.h"

enum { LK_STORE_WEAR_HOURS = 24 };

/* What was written to the disk while the daemon ran. Hours of its own running, so that no clock has a say in it. */
struct lk_store_disk {
    uint64_t device_bytes, own_bytes;         /* in all */
    uint32_t hours;                           /* full hours kept, at most LK_STORE_WEAR_HOURS */
    uint32_t device_kib[LK_STORE_WEAR_HOURS]; /* the oldest first */
    uint32_t own_kib[LK_STORE_WEAR_HOURS];
    uint32_t raised; /* lk_wear_site.raised */
};

/* What has to be written. doors: as many as the store's configuration has; changed: one flag each. disk NULL: nothing.
 * Borrowed during the call. */
struct lk_store_wear {
    const struct lk_wear_door *doors;
    const bool *changed;
    const struct lk_store_disk *disk;
};

/* lk_store_probe() with this in its transaction. -ESTALE: a counter would have gone back, our bug; nothing is written.
 */
int lk_store_probe_with(struct lk_store *store, const struct lk_store_wear *wear);

/* Reads everything, at the start. doors: as above; those without a row stay as they are, and rows of doors that the
 * configuration does not have any more stay in the database. Damaged numbers: -EUCLEAN. */
int lk_store_wear_load(struct lk_store *store, struct lk_wear_door *doors, struct lk_store_disk *ret_disk);

#endif
