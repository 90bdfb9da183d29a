/*
 * What the calendar time is worth, from what the kernel says. Pure; split from the clock so that it can be tested.
 */
#ifndef HAL_LINUX_CLOCK_JUDGE_H
#define HAL_LINUX_CLOCK_JUDGE_H

#include "hal/clock.h"

#include <stdbool.h>

/* wall_s: now; earliest_s: what is implausible before. state, status: of adjtimex(2), state -1 when it failed. */
enum lk_hal_clock lk_clock_judge(int64_t wall_s, int64_t earliest_s, int state, int status);

/*
 * A time service may lie: a receiver whose weeks have rolled over, a wrong server. What it says is measured by the
 * monotonic clock: a calendar that was synchronised and is elsewhere now, by more than LK_CLOCK_JUMP_MS, is doubted
 * until it is back (at once) or until it has been there for LK_CLOCK_DOUBT_MS (then it was the first word that was
 * wrong). Both ways lengthen deadlines only (law 11). A drifting, smeared or leaping calendar is never that far off,
 * and what nobody disciplines proves nothing, whatever it does.
 */
#define LK_CLOCK_JUMP_MS  (INT64_C(60) * 60 * 1000)
#define LK_CLOCK_DOUBT_MS (INT64_C(24) * 60 * 60 * 1000)

/* Zeroed at first. Calendar minus monotonic clock, in ms: what was believed last, and what is doubted. */
struct lk_clock_trust {
    bool any, doubted;
    int64_t believed_ms, doubted_ms;
    int64_t doubted_at_ms; /* monotonic: when it was first seen there */
};

/* What the word of lk_clock_judge() is worth beside the monotonic clock; keeps books in trust. */
enum lk_hal_clock lk_clock_trust(struct lk_clock_trust *trust, enum lk_hal_clock said, int64_t wall_ms,
                                 int64_t mono_ms);

#endif
