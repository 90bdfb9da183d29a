#include "core/wear.h"

#include <string.h>

#define BIT(warning) (1U << (warning))

static uint32_t add(uint32_t a, uint32_t b)
{
    return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

/* --- what happened ------------------------------------------------------------------------------------------------ */

void lk_wear_pulsed(struct lk_wear_door *door, uint32_t pulses, bool has_relay)
{
    door->lock_cycles = add(door->lock_cycles, pulses);
    door->relay_cycles = has_relay ? add(door->relay_cycles, pulses) : door->relay_cycles;
}

static uint32_t window_of(const struct lk_wear_rules *rules)
{
    uint32_t n = rules->window;
    return n < 1 ? 1 : n > LK_WEAR_WINDOW_MOST ? LK_WEAR_WINDOW_MOST : n;
}

static uint32_t median(const uint16_t *values, uint32_t count)
{
    uint16_t sorted[LK_WEAR_WINDOW_MOST];
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = i;
        for (; at > 0 && sorted[at - 1] > values[i]; at--) {
            sorted[at] = sorted[at - 1];
        }
        sorted[at] = values[i];
    }
    return count == 0 ? 0 : ((uint32_t)sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

/* A window that the configuration made smaller since keeps its newest. */
static void keep(struct lk_wear_door *door, uint32_t window, uint16_t ms)
{
    uint32_t extra = door->recent >= window ? door->recent - window + 1 : 0;
    memmove(door->recent_ms, door->recent_ms + extra, (door->recent - extra) * sizeof(door->recent_ms[0]));
    door->recent -= extra;
    door->recent_ms[door->recent++] = ms;
}

void lk_wear_opened_in(const struct lk_wear_rules *rules, struct lk_wear_door *door, int64_t ms)
{
    uint32_t window = window_of(rules);
    if (ms < 0 || ms > LK_WEAR_OPENING_MS) {
        return;
    }
    keep(door, window, (uint16_t)ms);
    if (door->baseline_ms == 0 && door->recent == window) {
        uint32_t learned = median(door->recent_ms, window);
        door->baseline_ms = learned > 0 ? learned : 1;
        door->recent = 0; /* what was learned from proves nothing about itself */
    }
}

void lk_wear_settled(struct lk_wear_door *door, enum lk_outcome outcome)
{
    if (outcome != LK_OUTCOME_OPENED && outcome != LK_OUTCOME_JAMMED) {
        return;
    }
    bool jammed = outcome == LK_OUTCOME_JAMMED;
    door->openings = add(door->openings, !jammed);
    door->jams = add(door->jams, jammed);
    door->attempts = door->attempts << 1 | jammed;
    door->attempts_known += door->attempts_known < LK_WEAR_ATTEMPTS;
}

void lk_wear_replaced(struct lk_wear_door *door, enum lk_reason reason)
{
    struct lk_wear_door old = *door;
    if (reason == LK_REASON_RELAY_REPLACED) {
        door->relay_cycles = 0;
        door->relay_resets = add(door->relay_resets, 1);
    } else if (reason == LK_REASON_LOCK_REPLACED) {
        *door = (struct lk_wear_door){.relay_cycles = old.relay_cycles,
                                      .relay_resets = old.relay_resets,
                                      .lock_resets = add(old.lock_resets, 1),
                                      .raised = old.raised};
    }
}

/* --- what follows ------------------------------------------------------------------------------------------------- */

uint32_t lk_wear_lately_ms(const struct lk_wear_rules *rules, const struct lk_wear_door *door)
{
    bool enough = door->baseline_ms != 0 && door->recent >= window_of(rules);
    return enough ? median(door->recent_ms, door->recent) : 0;
}

uint32_t lk_wear_jams_lately(const struct lk_wear_door *door)
{
    uint32_t count = 0;
    for (uint64_t bits = door->attempts; bits != 0; bits &= bits - 1) {
        count++;
    }
    return count;
}

/* Percent of the way to a warning; what is not watched is no way at all. */
static uint32_t way(uint64_t value, uint64_t limit)
{
    uint64_t percent = limit == 0 ? 0 : value / limit >= 100 ? 9999 : value * 100 / limit;
    return percent > 9999 ? 9999 : (uint32_t)percent;
}

static uint32_t rating_way(uint32_t cycles, uint32_t rating, uint32_t percent)
{
    return way((uint64_t)cycles * 100, (uint64_t)rating * percent);
}

static uint32_t slower_way(const struct lk_wear_rules *rules, const struct lk_wear_door *door)
{
    uint32_t lately_ms = lk_wear_lately_ms(rules, door);
    if (lately_ms < door->baseline_ms + 1) {
        return 0;
    }
    uint64_t more_ms = lately_ms - door->baseline_ms;
    uint32_t by_share = way(more_ms * 100, (uint64_t)door->baseline_ms * rules->drift_percent);
    uint32_t by_time = rules->drift_percent == 0 ? 0 : way(more_ms, LK_WEAR_LEAST_MS);
    return by_share < by_time ? by_share : by_time;
}

/* Raised at 100 percent of the way; ended below `end`. */
static uint32_t bit(uint32_t raised, enum lk_wear_warning warning, uint32_t percent, uint32_t end)
{
    uint32_t least = raised & BIT(warning) ? end : 100;
    return percent >= least ? BIT(warning) : 0;
}

uint32_t lk_wear_judge(const struct lk_wear_rules *rules, const struct lk_wear_door *door)
{
    uint32_t raised = door->raised;
    bool unsure = door->baseline_ms != 0 && door->recent < window_of(rules); /* after a change of the window */
    uint32_t slower = unsure ? raised & BIT(LK_WEAR_SLOWER) : bit(raised, LK_WEAR_SLOWER, slower_way(rules, door), 50);
    return bit(raised, LK_WEAR_LOCK, rating_way(door->lock_cycles, rules->lock_cycles, rules->warn_percent), 100) |
           bit(raised, LK_WEAR_RELAY, rating_way(door->relay_cycles, rules->relay_cycles, rules->warn_percent), 100) |
           slower | bit(raised, LK_WEAR_JAMS, way(lk_wear_jams_lately(door), rules->jams), 50);
}

static uint32_t disk_way(const struct lk_wear_rules *rules, const struct lk_wear_site *site)
{
    uint32_t life = site->disk_life_percent < 0 ? 0 : way((uint64_t)site->disk_life_percent, rules->disk_life_percent);
    uint32_t daily = site->daily_known ? way(site->daily_bytes, rules->disk_daily_mb * 1000000ULL) : 0;
    uint32_t more = life > daily ? life : daily;
    return site->disk_pre_eol >= 2 && more < 100 ? 100 : more;
}

uint32_t lk_wear_judge_site(const struct lk_wear_rules *rules, const struct lk_wear_site *site)
{
    bool watched = rules->temperature != 0 && site->temperature != LK_WEAR_NO_VALUE;
    bool was_hot = (site->raised & BIT(LK_WEAR_HOT)) != 0;
    int limit = (int)rules->temperature - (was_hot ? LK_WEAR_COOLER : 0);
    bool hot = watched && (was_hot ? site->temperature > limit : site->temperature >= limit);
    return (hot ? BIT(LK_WEAR_HOT) : 0) | bit(site->raised, LK_WEAR_DISK, disk_way(rules, site), 80);
}

uint32_t lk_wear_share(const struct lk_wear_rules *rules, const struct lk_wear_door *door)
{
    const uint32_t ways[] = {rating_way(door->lock_cycles, rules->lock_cycles, rules->warn_percent),
                             rating_way(door->relay_cycles, rules->relay_cycles, rules->warn_percent),
                             slower_way(rules, door), way(lk_wear_jams_lately(door), rules->jams)};
    uint32_t most = door->raised != 0 ? 100 : 0;
    for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        most = ways[i] > most ? ways[i] : most;
    }
    return most;
}

enum lk_reason lk_wear_reason(enum lk_wear_warning warning)
{
    static const enum lk_reason words[LK_WEAR_WARNINGS] = {
        [LK_WEAR_LOCK] = LK_REASON_LOCK_NEAR_RATING, [LK_WEAR_RELAY] = LK_REASON_RELAY_NEAR_RATING,
        [LK_WEAR_SLOWER] = LK_REASON_OPENING_SLOWER, [LK_WEAR_JAMS] = LK_REASON_JAMS_OFTEN,
        [LK_WEAR_DISK] = LK_REASON_DISK_WEARING,     [LK_WEAR_HOT] = LK_REASON_TOO_HOT,
    };
    return words[warning];
}
