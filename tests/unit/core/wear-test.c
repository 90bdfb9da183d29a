/*
 * Wear as properties over random locks (a seed each): a lock that stays as it is never warns, however noisy; one that
 * slows down to twice its time always does; what was counted never goes back; all numbers stop at their end.
 */
#include "check.h"
#include "core/wear.h"

#include <string.h>

enum { LOCKS = 400, OPENINGS = 1500 };

static const struct lk_wear_rules rules = {.lock_cycles = 500000,
                                           .relay_cycles = 100000,
                                           .warn_percent = 80,
                                           .drift_percent = 50,
                                           .window = 32,
                                           .jams = 3,
                                           .temperature = 75,
                                           .disk_life_percent = 80,
                                           .disk_daily_mb = 4000};

static uint64_t seed;

static uint32_t random_below(uint32_t n)
{
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(seed >> 33) % n;
}

/* Near bell-shaped: the mean of 12 dice, sigma percent of it wide; then read by a poll every poll_ms. */
static int64_t noisy(uint32_t mean_ms, uint32_t sigma, uint32_t poll_ms)
{
    int64_t dice = 0;
    for (int i = 0; i < 12; i++) {
        dice += random_below(1001);
    }
    int64_t ms = mean_ms + (dice - 6000) * (int64_t)mean_ms * sigma / 100000;
    ms = ms < 1 ? 1 : ms;
    return (ms / poll_ms + 1) * poll_ms - random_below(poll_ms);
}

static void look(struct lk_wear_door *door)
{
    door->raised = lk_wear_judge(&rules, door);
}

CASE(a_stable_lock_never_warns)
{
    for (seed = 1; seed < (uint64_t)LOCKS * 7919; seed += 7919) {
        uint64_t kept = seed;
        uint32_t mean_ms = 40 + random_below(900), sigma = random_below(31), poll_ms = 1 + random_below(100);
        struct lk_wear_door door = {0};
        for (int i = 0; i < OPENINGS / 4; i++) {
            lk_wear_opened_in(&rules, &door, noisy(mean_ms, sigma, poll_ms));
            look(&door);
            CHECK_INT(door.raised, 0);
        }
        CHECK(door.baseline_ms != 0);
        seed = kept;
    }
}

CASE(a_lock_that_takes_twice_the_time_always_warns)
{
    for (seed = 3; seed < (uint64_t)LOCKS * 104729; seed += 104729) {
        uint64_t kept = seed;
        uint32_t mean_ms = 120 + random_below(900), sigma = random_below(21), poll_ms = 1 + random_below(50);
        struct lk_wear_door door = {0};
        for (uint32_t i = 0; i < OPENINGS; i++) {
            uint32_t slower = i < 32 ? 0 : mean_ms * (i - 32) / (OPENINGS - 132);
            slower = slower > mean_ms ? mean_ms : slower;
            lk_wear_opened_in(&rules, &door, noisy(mean_ms + slower, sigma, poll_ms));
            look(&door);
        }
        CHECK_INT(door.raised, 1U << LK_WEAR_SLOWER);
        for (uint32_t i = 0; i < rules.window; i++) { /* oiled: as it was */
            lk_wear_opened_in(&rules, &door, noisy(mean_ms, 5, 1));
            look(&door);
        }
        CHECK_INT(door.raised, 0);
        seed = kept;
    }
}

static bool went_back(const struct lk_wear_door *was, const struct lk_wear_door *is)
{
    return is->lock_cycles < was->lock_cycles || is->relay_cycles < was->relay_cycles || is->openings < was->openings ||
           is->jams < was->jams || is->attempts_known < was->attempts_known;
}

CASE(counters_never_go_back_and_stop_at_their_end)
{
    struct lk_wear_door door = {0};
    for (seed = 5; seed != 0 && door.lock_cycles != UINT32_MAX; (void)random_below(2)) {
        struct lk_wear_door was = door;
        lk_wear_pulsed(&door, 1 + random_below(30000000), random_below(2) == 0);
        lk_wear_settled(&door, (enum lk_outcome)random_below(LK_OUTCOMES));
        lk_wear_opened_in(&rules, &door, (int64_t)random_below(9000) - 1000);
        look(&door);
        CHECK(!went_back(&was, &door));
        CHECK(door.recent <= rules.window && door.attempts_known <= LK_WEAR_ATTEMPTS);
    }
    door.openings = door.jams = door.relay_cycles = UINT32_MAX;
    lk_wear_pulsed(&door, 1, true);
    lk_wear_settled(&door, LK_OUTCOME_OPENED);
    lk_wear_settled(&door, LK_OUTCOME_JAMMED);
    CHECK(door.lock_cycles == UINT32_MAX && door.relay_cycles == UINT32_MAX);
    CHECK(door.openings == UINT32_MAX && door.jams == UINT32_MAX);
    CHECK_INT(lk_wear_share(&rules, &door), 9999);
}

CASE(ratings_warn_at_their_share)
{
    struct lk_wear_door door = {.lock_cycles = 399999, .relay_cycles = 79999};
    CHECK_INT(lk_wear_judge(&rules, &door), 0);
    CHECK_INT(lk_wear_share(&rules, &door), 99);
    lk_wear_pulsed(&door, 1, false);
    CHECK_INT(lk_wear_judge(&rules, &door), 1U << LK_WEAR_LOCK);
    lk_wear_pulsed(&door, 1, true);
    CHECK_INT(lk_wear_judge(&rules, &door), 1U << LK_WEAR_LOCK | 1U << LK_WEAR_RELAY);
    struct lk_wear_rules none = rules;
    none.lock_cycles = none.relay_cycles = 0;
    CHECK_INT(lk_wear_judge(&none, &door), 0);
}

CASE(jams_warn_and_end_later_than_they_began)
{
    struct lk_wear_door door = {0};
    for (int i = 0; i < 3; i++) {
        look(&door);
        CHECK_INT(door.raised, 0);
        lk_wear_settled(&door, LK_OUTCOME_JAMMED);
        lk_wear_settled(&door, LK_OUTCOME_UNKNOWN); /* proves nothing */
    }
    look(&door);
    CHECK_INT(door.raised, 1U << LK_WEAR_JAMS);
    for (int i = 0; i < 62; i++) { /* one of three has fallen out: 2 of 64 is not over yet */
        lk_wear_settled(&door, LK_OUTCOME_OPENED);
        look(&door);
    }
    CHECK_INT(lk_wear_jams_lately(&door), 2);
    CHECK_INT(door.raised, 1U << LK_WEAR_JAMS);
    lk_wear_settled(&door, LK_OUTCOME_OPENED);
    look(&door);
    CHECK_INT(door.raised, 0);
}

CASE(a_new_part_begins_anew)
{
    struct lk_wear_door door = {0}, before;
    lk_wear_pulsed(&door, 90000, true);
    lk_wear_settled(&door, LK_OUTCOME_JAMMED);
    for (int i = 0; i < 40; i++) {
        lk_wear_opened_in(&rules, &door, 300);
    }
    before = door;
    lk_wear_replaced(&door, LK_REASON_RELAY_REPLACED);
    CHECK(door.relay_cycles == 0 && door.relay_resets == 1 && door.lock_cycles == before.lock_cycles);
    CHECK_INT(door.baseline_ms, before.baseline_ms);
    lk_wear_replaced(&door, LK_REASON_LOCK_REPLACED);
    CHECK(door.lock_cycles == 0 && door.lock_resets == 1 && door.relay_resets == 1);
    CHECK(door.jams == 0 && door.baseline_ms == 0 && door.recent == 0 && door.attempts_known == 0);
    before = door;
    lk_wear_replaced(&door, LK_REASON_NOT_NOW);
    CHECK(memcmp(&door, &before, sizeof(door)) == 0);
}

CASE(a_smaller_window_keeps_the_newest)
{
    struct lk_wear_rules small = rules;
    struct lk_wear_door door = {0};
    small.window = 8;
    for (int i = 0; i < 32 + 32; i++) {
        lk_wear_opened_in(&rules, &door, 100);
    }
    for (int i = 0; i < 8; i++) {
        lk_wear_opened_in(&small, &door, 400);
    }
    CHECK_INT(door.recent, 8);
    CHECK_INT(lk_wear_lately_ms(&small, &door), 400);
    CHECK_INT(lk_wear_judge(&small, &door), 1U << LK_WEAR_SLOWER);
}

CASE(the_machine)
{
    struct lk_wear_site site = {.temperature = LK_WEAR_NO_VALUE, .disk_life_percent = LK_WEAR_NO_VALUE};
    CHECK_INT(lk_wear_judge_site(&rules, &site), 0);
    static const struct {
        int celsius;
        bool hot;
    } day[] = {{74, false}, {75, true}, {71, true}, {70, false}, {74, false}, {75, true}, {LK_WEAR_NO_VALUE, false}};
    for (size_t i = 0; i < sizeof(day) / sizeof(day[0]); i++) {
        site.temperature = day[i].celsius;
        site.raised = lk_wear_judge_site(&rules, &site);
        CHECK_INT(site.raised, day[i].hot ? 1U << LK_WEAR_HOT : 0);
    }
    site.disk_life_percent = 80;
    CHECK_INT(lk_wear_judge_site(&rules, &site), 1U << LK_WEAR_DISK);
    site.disk_life_percent = 10;
    site.disk_pre_eol = 2;
    CHECK_INT(lk_wear_judge_site(&rules, &site), 1U << LK_WEAR_DISK);
    site.disk_pre_eol = 1;
    site.daily_bytes = UINT64_MAX;
    CHECK_INT(lk_wear_judge_site(&rules, &site), 0); /* not observed for a day yet */
    site.daily_known = true;
    CHECK_INT(lk_wear_judge_site(&rules, &site), 1U << LK_WEAR_DISK);
}

int main(int argc, char **argv)
{
    static const struct check_case cases[] = {
        NAMED(a_stable_lock_never_warns),
        NAMED(a_lock_that_takes_twice_the_time_always_warns),
        NAMED(counters_never_go_back_and_stop_at_their_end),
        NAMED(ratings_warn_at_their_share),
        NAMED(jams_warn_and_end_later_than_they_began),
        NAMED(a_new_part_begins_anew),
        NAMED(a_smaller_window_keeps_the_newest),
        NAMED(the_machine),
    };
    return check_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
