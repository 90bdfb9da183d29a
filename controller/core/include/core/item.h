/*
 * An item as the core and the store both know it, and an event as the core states it. Pure data; any thread; value
 * types.
 */
#ifndef CORE_ITEM_H
#define CORE_ITEM_H

#include "core/words.h"

#include <stdbool.h>
#include <stdint.h>

/* One item. Text fields end with NUL; an empty text means "not known". Door is an index into the configuration. */
struct lk_item {
    char id[LK_ITEM_ID_MAX + 1];
    enum lk_custody custody;
    enum lk_channel channel;
    enum lk_size size; /* smallest compartment it fits, as announced */
    int door;          /* where it lies or is being put, else LK_NO_DOOR */
    bool cancelled;    /* upstream took it back: its code is dead, staff are to recall it */
    bool low_reach;    /* needs a compartment a seated person can reach */
    bool overdue;      /* past retention, as far as the clock can be trusted; only the store sets it, on reading */
    char phone_tail[5];
};

/* Keyed hashes of an item's code and token, computed outside; the core only carries them (law 8). */
struct lk_secret {
    bool has_code, has_token;
    uint8_t code_mac[32];
    uint8_t token_mac[32];
};

/* One entry for the event log, before the store gives it seq, time and hash. Fields a type does not use stay zero
 * (door: LK_NO_DOOR) and are left out of its JSON. Never holds a code, a token, a PIN or a person's data (law 12). */
struct lk_event {
    enum lk_event_type type;
    int door;          /* index or LK_NO_DOOR */
    int expected_door; /* door.wrong: the door that was pulsed; else LK_NO_DOOR */
    int bank;          /* site.board_*: index; else -1 */
    uint32_t doors;    /* site.config: bit n is the n-th door of .bank; else 0 */
    char item[LK_ITEM_ID_MAX + 1];
    enum lk_custody from, to; /* a custody change, when to != LK_CUSTODY_NONE */
    enum lk_purpose purpose;
    enum lk_outcome outcome;
    enum lk_actor actor;
    char who[LK_STAFF_ID_MAX + 1];
    enum lk_reason reason;
    uint64_t intent;             /* 0: none */
    unsigned count;              /* access.denied: wrong tries so far; access.lockout: level */
    unsigned duration_s;         /* access.lockout: how long */
    bool alarm;                  /* somebody has to look */
    char jti[LK_JTI_MAX + 1];    /* the command that caused it */
    enum lk_clock_quality clock; /* site.clock */
};

#endif
