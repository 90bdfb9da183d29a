/*
 * When somebody last compared the compartments with the records, and whether that was too long ago ([staff]
 * inspect_every_days). Thread: the owner thread. Blocking: short reads of the store.
 */
#ifndef APP_ROUNDS_H
#define APP_ROUNDS_H

#include "app/config.h"
#include "store/store.h"

struct lk_rounds {
    int64_t last_wall_ms; /* the end of the last round; 0: there was none, or no clock has dated it yet */
    bool undated;         /* there was one, and no synced clock has dated it yet */
    bool due;             /* only ever true while the clock is synced: a wrong one calls nobody */
};

/* A site that never had a round is due once its oldest event with a date of a synced clock is older than that, so that
 * a new one is not at once. 0 or the store's errno. */
int lk_rounds_state(struct lk_store *store, const struct lk_config *config, const struct lk_stamp *now,
                    struct lk_rounds *ret_rounds);

#endif
