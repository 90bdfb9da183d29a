#include "rounds.h"

#include "store/care.h"
#include "store/log.h"

#include <time.h>

#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)

enum { EVENTS_LOOKED_AT = 4096 }; /* a site that wrote more before its clock was set is not asked for its first round */

/* The first date that can be believed: a new site may have begun in 1970 (law 11). */
static bool take_time(void *user, const struct lk_record *record)
{
    struct tm tm = {0};
    int64_t *at_ms = user;
    bool synced = record->quality == LK_CLOCK_SYNCED;
    if (synced && strptime(record->time, "%Y-%m-%dT%H:%M:%S", &tm)) {
        *at_ms = (int64_t)timegm(&tm) * 1000;
    }
    return !synced;
}

/* When the oldest event that is kept was written, as far as that is known; 0: it is not. */
static int oldest_event(struct lk_store *store, int64_t *ret_wall_ms)
{
    *ret_wall_ms = 0;
    return lk_store_read_events(store, lk_store_first_seq(store) - 1, EVENTS_LOOKED_AT, take_time, ret_wall_ms);
}

int lk_rounds_state(struct lk_store *store, const struct lk_config *config, const struct lk_stamp *now,
                    struct lk_rounds *ret_rounds)
{
    int64_t last_ms = 0, since_ms = 0;
    int r = lk_store_last_round(store, &last_ms);
    since_ms = last_ms;
    bool asked_for = config->inspect_every_days > 0 && now->quality == LK_CLOCK_SYNCED;
    if (r == 0 && last_ms == 0 && asked_for) {
        r = oldest_event(store, &since_ms);
    }
    if (r < 0) {
        return r;
    }
    *ret_rounds = (struct lk_rounds){
        .last_wall_ms = last_ms == LK_ROUND_UNDATED ? 0 : last_ms,
        .undated = last_ms == LK_ROUND_UNDATED,
        .due = asked_for && since_ms > 0 && now->wall_ms - since_ms > (int64_t)config->inspect_every_days * DAY_MS,
    };
    return 0;
}
