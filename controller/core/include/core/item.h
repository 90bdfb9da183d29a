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
    enum lk_size size;  /* smallest compartment it fits, as announced */
    int door;           /* where it lies or is being put, else LK_NO_DOOR */
    bool cancelled;     /* upstream took it back: its code is dead, staff are to recall it */
    bool low_reach;     /* needs a compartment a seated person can reach */
    bool overdue;       /* past retention, as far as the clock can be trusted; only the store sets it, on reading */
    bool rejected;      /* its recipient refused it: its code is dead, staff are to recall it */
    bool dropoff;       /* brought by a citizen for the office, not for a recipient */
    bool second_factor; /* the code alone does not open: the phone tail is asked for too */
    unsigned extended;  /* how often its retention was made longer */
    char phone_tail[5]; /* of whoever the look-up was about: the recipient, or the delegate whose code it was */
    bool has_phone;     /* phone_mac is known: the same hash, the same person */
    uint8_t phone_mac[32];
    char name[LK_NAME_MAX + 1];       /* masked (uplink masks it before anybody else sees it) */
    char case_id[LK_ITEM_ID_MAX + 1]; /* the case it belongs to: items of one case and person may lie together */
    char site[LK_STAFF_ID_MAX + 1];   /* where it belongs; "": here */
    char waybill[LK_WAYBILL_MAX + 1]; /* the number under which the post has, or is to have, it */
    enum lk_holder holder;            /* look-ups by code or token: whose it was */
};

/* Keyed hashes of an item's code and token, computed outside; the core only carries them (law 8). An item has one set
 * of its recipient and at most one of a delegate. tail: the delegate's phone tail, "" when not given. */
struct lk_secret {
    enum lk_holder holder;
    char tail[5];
    bool has_code, has_token;
    uint8_t code_mac[32];
    uint8_t token_mac[32];
};

/* A staff member as an addition or a change leaves them; what is not given stays as it is. Hashes only (law 12). */
enum { LK_PIN_HASH_LEN = 127 };

struct lk_member {
    char id[LK_STAFF_ID_MAX + 1];
    enum lk_actor role;                 /* COURIER, CLERK, MAINTENANCE or SUPERVISOR */
    char pin_hash[LK_PIN_HASH_LEN + 1]; /* encoded Argon2id; "": not given */
    bool has_badge;                     /* badge_mac is given */
    uint8_t badge_mac[32];
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
    uint64_t intent;          /* 0: none */
    unsigned count;           /* access.denied: wrong tries so far; access.lockout: level */
    unsigned duration_s;      /* access.lockout: how long */
    bool alarm;               /* somebody has to look */
    char jti[LK_JTI_MAX + 1]; /* the command that caused it */
    bool has_via;             /* item.collected: .via says how */
    enum lk_channel via;
    enum lk_proof proof;              /* item.collected at the window */
    unsigned rating;                  /* item.rated: 1 to 5 */
    char waybill[LK_WAYBILL_MAX + 1]; /* item.transferred to the post */
    char case_id[LK_ITEM_ID_MAX + 1]; /* item.expected of a drop-off */
    char second[LK_STAFF_ID_MAX + 1]; /* the second person */
    char note[LK_NOTE_MAX + 1];       /* what the staff member gave as the reason */
    enum lk_clock_quality clock;      /* site.clock */
    char staff[LK_STAFF_ID_MAX + 1];  /* site.config: the staff member it is about */
};

#endif
