/*
 * What the core has to know about its cabinet: fixed after start. Filled by controller/app from the configuration file.
 * All durations are milliseconds of the monotonic clock. Value type; any thread may read it.
 */
#ifndef CORE_CONFIG_H
#define CORE_CONFIG_H

#include "core/words.h"

#include <stdbool.h>
#include <stdint.h>

enum { LK_WIRING_LEN = 32 }; /* SHA-256 */

struct lk_door_config {
    char label[LK_LABEL_MAX + 1]; /* "A07": bank name and two-digit number */
    int bank;
    enum lk_size size;
    bool low_reach;
    uint8_t
        wiring[LK_WIRING_LEN]; /* fingerprint of what connects the label to a lock and a switch; the core carries it */
};

/* Each includes the ones before it. */
enum lk_remote_staff { LK_REMOTE_NOBODY, LK_REMOTE_COURIERS, LK_REMOTE_CLERKS, LK_REMOTE_EVERYBODY };

struct lk_core_config {
    int banks;
    char bank_name[LK_MAX_BANKS][LK_LABEL_MAX + 1];
    int doors;
    struct lk_door_config door[LK_MAX_DOORS];

    int64_t pulse_wait_ms;     /* a pulse may wait this long for its supply before we give up hearing of it (30 000) */
    int64_t open_timeout_ms;   /* from the pulse to "jammed" (4 000) */
    int64_t left_open_ms;      /* from opening to door.left_open (60 000) */
    int64_t open_again_ms;     /* from closing to the end of "open again" (60 000) */
    int64_t person_idle_ms;    /* a screen that waits for a citizen's typing ends without a touch (60 000) */
    int64_t notice_ms;         /* how long a notice stays on the kiosk (15 000) */
    int64_t staff_idle_ms;     /* a staff session without a touch ends (180 000) */
    int64_t doubt_grace_ms;    /* the person standing there may prove an unproven outcome (900 000) */
    int64_t wrong_door_ms;     /* another door moving this soon after a pulse on its bank is a wrong door (3 000) */
    int64_t late_open_ms;      /* a jammed door opening this soon counts as its own late opening (30 000) */
    unsigned lockout_tries;    /* wrong codes before a lockout (5) */
    int64_t lockout_first_ms;  /* (60 000), doubling up to */
    int64_t lockout_most_ms;   /* (900 000) */
    unsigned lockout_alarm;    /* the lockout in a row that raises the alarm (3) */
    int64_t lockout_forget_ms; /* a quiet time after which the next lockout is a first one again (3 600 000) */
    enum lk_remote_staff remote_staff; /* whom upstream may add, change and remove */
    unsigned remote_short_most;        /* remote opens in remote_short_ms (3 in 600 000) */
    int64_t remote_short_ms;
    unsigned remote_day_most;                /* remote opens in 24 h (10); at most LK_REMOTE_KEPT */
    enum lk_unknown_barcode unknown_barcode; /* a courier scans an item nobody announced (REFUSE) */
    bool misload_check;                      /* deposit: scan the item once more while the door is open (no) */
    bool join_case;                          /* several items of one case and person may share a compartment (yes) */
    unsigned keep_free[LK_SIZES];            /* couriers and citizens leave so many compartments of a size free (0) */
    bool refusable;                          /* a recipient may refuse an item at the locker (yes) */
    bool rating;                             /* ask for a rating (no) */
    unsigned extend_days;                    /* "more time" adds so many days (3); 0: there is no such button */
    unsigned extend_most;                    /* so often for one item (1) */
    bool dropoff;                            /* citizens may leave material for the office (no) */
    unsigned dropoff_most;                   /* so many compartments of it at a time (4) */
    int64_t two_person_ms;                   /* a second compartment without a code this soon needs a second person
                                                (1 800 000); 0: never */
    char site[LK_STAFF_ID_MAX + 1];          /* this site's id: items of others are refused */
};

enum { LK_REMOTE_KEPT = 64 };

/* The defaults named above; banks and doors are left empty. */
void lk_core_config_defaults(struct lk_core_config *cfg);

/* The index of a label, or LK_NO_DOOR. */
int lk_core_find_door(const struct lk_core_config *cfg, const char *label);

/* The index of a bank name, or -1. */
int lk_core_find_bank(const struct lk_core_config *cfg, const char *name);

/* The door's label, or "-" for LK_NO_DOOR. */
const char *lk_core_label(const struct lk_core_config *cfg, int door);

#endif
