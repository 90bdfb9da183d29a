/*
 * What has to be done after a step: data, in the order in which it has to happen. All STORE effects of one step are one
 * transaction; when its commit fails none of the others is run and the new state is thrown away (design: one step).
 * Value types; the list is the caller's.
 */
#ifndef CORE_EFFECT_H
#define CORE_EFFECT_H

#include "core/item.h"

#include <stdbool.h>

enum lk_effect_kind {
    /* STORE: one transaction, in list order */
    LK_FX_INTENT_ADD,      /* .intent, .door, .item.id, .purpose, .actor, .who, .from: durable before its PULSE (law 1),
                              together with how the door is wired; recall: .to; .waybill when it goes to the post */
    LK_FX_INTENT_SETTLE,   /* .intent, .outcome: what the sensor proved */
    LK_FX_INTENT_WITHDRAW, /* .intent: the deposit was cancelled while its door was open */
    LK_FX_INTENT_TURN,     /* .intent, .reason: what the person said while the door was open (lk_op.turn); NONE: taken
                              back */
    LK_FX_INTENT_FINISH,   /* .intent: the opening is over, its door is shut or given up */
    LK_FX_ITEM_PUT, /* .item: create, or update of one that exists: channel, size, low_reach, phone tail and hash, name,
                       case, site, second_factor, dropoff; not custody, not waybill, not the marks below */
    LK_FX_ITEM_CUSTODY,   /* .item.id, .from, .to, .door: the row must say .from, else the commit fails (law 4). A
                             deposit makes its channel locker again and forgets its waybill: an item in a compartment
                             with another channel is one that upstream asked for since */
    LK_FX_ITEM_CANCELLED, /* .item.id */
    LK_FX_ITEM_REJECTED,  /* .item.id */
    LK_FX_ITEM_REMINDED,  /* .item.id: told once; an extension makes it news again */
    LK_FX_ITEM_OVERDUE,   /* .item.id: the same */
    LK_FX_ITEM_EXTEND,    /* .item.id, .count: so many days more, also when its retention has no end yet (law 11) */
    LK_FX_ITEM_WAYBILL,   /* .item.id, .waybill */
    LK_FX_ITEM_ERASE,     /* .item.id: nothing about the person stays: name, phone, hashes, case, secrets */
    LK_FX_RECORDS_PURGE,  /* erased items past the time of postal records are removed; how many: the store's own
                             affair, the same rows as lk_store_purge_count() counted for the input */
    LK_FX_EVENTS_PURGE,   /* .count: so many events, the oldest ones, all acknowledged, are removed from the log */
    LK_FX_LEFT_OUT,       /* .count: so many events were counted instead of logged, and that is not told yet */
    LK_FX_SECRET_SET,     /* .item.id, .secret: replaces the live code and token of .secret.holder */
    LK_FX_SECRET_KILL,    /* .item.id: every code and token is used up for good (law 8) */
    LK_FX_SECRET_REVOKE,  /* .item.id, .secret.holder: that holder's only */
    LK_FX_DOOR_USE,       /* .door, .use, .item.id, .reason */
    LK_FX_DOUBT,          /* .door, .to non-NONE: in doubt (.from, .purpose, .item.id: what was being put in beside
                             others, else ""); NONE: doubt is over */
    LK_FX_BANK_STOP,      /* .bank, .reason; reason NONE: resumed */
    LK_FX_WIRING_SEEN,    /* every door's wiring as it is now was told; a door not known before is confirmed with it */
    LK_FX_WIRING_CONFIRM, /* .door: as it is wired now is right */
    LK_FX_WEAR_RESET,     /* .door, .reason: a new lock or relay is in its place */
    LK_FX_LOCKOUT,        /* .count tries, .level, .duration_ms of the lockout that runs (0: none) */
    LK_FX_COMMAND,        /* .jti, .digest, .result, .reason, .outcome: remembered, and the stored answer */
    LK_FX_STAFF_PUT,      /* .member: added or changed; what it does not give stays */
    LK_FX_STAFF_REMOVE,   /* .member.id: a tombstone stays, PIN hash and badge are erased */
    LK_FX_EVENT,          /* .event: appended to the log in the same transaction (law 5) */
    /* the rest: run only after the commit */
    LK_FX_PULSE,       /* .door, .intent: give it once, never again */
    LK_FX_REPLY,       /* .request, .result, .reason, .outcome, .door */
    LK_FX_RESUME_BANK, /* .bank: the driver may start the board anew */
    LK_FX_REPLAY,      /* .seq: upstream asked for the events from there again */
    LK_EFFECTS
};

struct lk_effect {
    enum lk_effect_kind kind;
    int door, bank;
    uint64_t intent, request;
    enum lk_purpose purpose;
    enum lk_actor actor;
    char who[LK_STAFF_ID_MAX + 1];
    enum lk_outcome outcome;
    enum lk_use use;
    enum lk_custody from, to;
    enum lk_reason reason;
    enum lk_result result;
    struct lk_item item;
    struct lk_secret secret;
    unsigned count, level;
    int64_t duration_ms;
    char jti[LK_JTI_MAX + 1];
    char waybill[LK_WAYBILL_MAX + 1];
    uint8_t digest[32];
    const char *sealed; /* COMMAND: goes with the answer, and is stored with it; borrowed, as long as the input is */
    bool status;        /* COMMAND: upstream asked for the site's status: the answer carries it */
    struct lk_member member;
    uint64_t seq;
    struct lk_event event;
};

/* The most effects one input can cause: BANK lost settles up to 32 doors of the bank with a few effects each. */
enum { LK_EFFECTS_MOST = 256 };

struct lk_effects {
    unsigned count;
    struct lk_effect at[LK_EFFECTS_MOST];
};

const char *lk_effect_name(enum lk_effect_kind v);

/* Whether the effect belongs to the transaction. */
bool lk_effect_is_store(enum lk_effect_kind v);

#endif
