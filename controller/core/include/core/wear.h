/*
 * Wear: what a door's lock and relay have done, how long its last openings took beside what they took when the lock was
 * new, and when that is worth a warning. Likewise the disk and the temperature of the machine. Pure: no clock, no I/O;
 * values come in, a verdict goes out. Counters stop at their largest value and never go back but by a reset.
 *
 * What is compared with what, and why these figures: docs/wear.md.
 * Thread: any; the caller owns the structs. Units: ms, degrees Celsius, bytes, percent.
 */
#ifndef CORE_WEAR_H
#define CORE_WEAR_H

#include "core/words.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    LK_WEAR_WINDOW_MOST = 32,  /* opening times kept for a door */
    LK_WEAR_ATTEMPTS = 64,     /* attempts kept to tell how often a door jams */
    LK_WEAR_OPENING_MS = 5000, /* longer, and it is no opening that followed from the pulse */
    LK_WEAR_LEAST_MS = 50,     /* a difference below this is in the reading, not in the lock: switches are polled */
    LK_WEAR_COOLER = 5,        /* degrees below the limit that end a warning */
    LK_WEAR_NO_VALUE = -1000,  /* this machine has no such sensor */
};

/* Bits of `raised`. One warning each, told once when it begins and once when it ends. */
enum lk_wear_warning {
    LK_WEAR_LOCK,    /* the lock's cycles are near its rating */
    LK_WEAR_RELAY,   /* the relay's */
    LK_WEAR_SLOWER,  /* openings take longer than they did */
    LK_WEAR_JAMS,    /* too many of the last attempts jammed */
    LK_WEAR_DISK,    /* the disk's own word for its life, or what is written to it each day */
    LK_WEAR_HOT,     /* the machine */
    LK_WEAR_WARNINGS /* how many */
};

/* From the configuration, [wear]. A rating or limit of 0: not watched. */
struct lk_wear_rules {
    uint32_t lock_cycles, relay_cycles; /* ratings, the maker's figure */
    uint32_t warn_percent;              /* of a rating */
    uint32_t drift_percent;             /* slower than the baseline by this */
    uint32_t window;                    /* openings of the baseline and of "lately", 8..LK_WEAR_WINDOW_MOST */
    uint32_t jams;                      /* of the last LK_WEAR_ATTEMPTS */
    uint32_t temperature;               /* degrees */
    uint32_t disk_life_percent;         /* used up, by the disk's own word */
    uint32_t disk_daily_mb;             /* written by everybody, 10^6 bytes */
};

/* One door. All zero: nothing known yet. */
struct lk_wear_door {
    uint32_t lock_cycles, relay_cycles;      /* pulses since the part was new */
    uint32_t openings, jams;                 /* proved outcomes since the lock was new */
    uint32_t lock_resets, relay_resets;      /* how often each was replaced */
    uint64_t attempts;                       /* the last outcomes, bit 0 the newest; 1: jammed */
    uint32_t attempts_known;                 /* how many of these bits mean something */
    uint32_t baseline_ms;                    /* median of the first `window` openings; 0: still learning */
    uint32_t recent;                         /* how many opening times are kept */
    uint16_t recent_ms[LK_WEAR_WINDOW_MOST]; /* the oldest first */
    uint32_t raised;                         /* bits of enum lk_wear_warning */
};

/* The machine. */
struct lk_wear_site {
    int temperature;       /* the hottest sensor; LK_WEAR_NO_VALUE */
    int disk_life_percent; /* used; LK_WEAR_NO_VALUE */
    int disk_pre_eol;      /* 0 not told, 1 normal, 2 warning, 3 urgent: JEDEC JESD84-B51, PRE_EOL_INFO */
    uint64_t daily_bytes;  /* to the disk of the state folder, by everybody */
    bool daily_known;      /* observed for long enough to say */
    uint32_t raised;
};

/* --- what happened ------------------------------------------------------------------------------------------------ */

/* So many pulses were given. has_relay false: the bank has none of its own that could be counted (GPIO). */
void lk_wear_pulsed(struct lk_wear_door *door, uint32_t pulses, bool has_relay);

/* The sensor saw the door open so long after its pulse. Longer than LK_WEAR_OPENING_MS or negative: not counted. */
void lk_wear_opened_in(const struct lk_wear_rules *rules, struct lk_wear_door *door, int64_t ms);

/* An intent was settled; only OPENED and JAMMED count. */
void lk_wear_settled(struct lk_wear_door *door, enum lk_outcome outcome);

/* The part is new: LOCK_REPLACED begins everything but the relay's count anew, RELAY_REPLACED that one. Any other
 * reason: our bug, nothing changes. */
void lk_wear_replaced(struct lk_wear_door *door, enum lk_reason reason);

/* --- what follows ------------------------------------------------------------------------------------------------- */

/* The bits that should be raised now. A warning that is raised (in door->raised) ends later than it began: hysteresis.
 */
uint32_t lk_wear_judge(const struct lk_wear_rules *rules, const struct lk_wear_door *door);
uint32_t lk_wear_judge_site(const struct lk_wear_rules *rules, const struct lk_wear_site *site);

/* Median of the openings kept; 0 while there are fewer than a window of them, or the baseline is being learned. */
uint32_t lk_wear_lately_ms(const struct lk_wear_rules *rules, const struct lk_wear_door *door);

/* How many of the last attempts jammed. */
uint32_t lk_wear_jams_lately(const struct lk_wear_door *door);

/* How near the door is to its next warning, in percent of the way; 100 and more: there is one. For "worst first". */
uint32_t lk_wear_share(const struct lk_wear_rules *rules, const struct lk_wear_door *door);

/* The word upstream and staff read. */
enum lk_reason lk_wear_reason(enum lk_wear_warning warning);

#endif
