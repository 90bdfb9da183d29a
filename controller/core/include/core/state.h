/*
 * The state of one site: everything a decision depends on besides the input. A flat value: copied before a step and
 * thrown away when the commit fails. Only controller/core writes it (lk_core_step, lk_core_restore_*); everybody on the
 * owner thread may read it.
 */
#ifndef CORE_STATE_H
#define CORE_STATE_H

#include "core/config.h"
#include "core/item.h"

#define LK_NEVER INT64_MAX /* no deadline */

/* The current authorised opening of a door. purpose NONE: there is none. */
struct lk_op {
    enum lk_purpose purpose;
    enum lk_outcome outcome; /* PENDING until the sensor proved something */
    uint64_t intent;
    enum lk_actor actor;
    char who[LK_STAFF_ID_MAX + 1];
    char second[LK_STAFF_ID_MAX + 1]; /* service: who agreed; in memory only, access.staff_in has it for good */
    enum lk_custody from;             /* the item's custody when the opening was authorised */
    enum lk_custody to;               /* recall: what its items become: AT_WINDOW, WITH_COURIER or RETURNED */
    char waybill[LK_WAYBILL_MAX + 1]; /* recall to the post */
    enum lk_reason turn;              /* what the person said while the door was open, and what closing therefore means:
                                         pickup: REJECTED, NOT_MINE, NOTHING_INSIDE; reopen to put it back: NOT_MINE;
 withdrawn deposit: NOT_EMPTY; else NONE */
    bool unchecked;                   /* deposit: the second scan that this site asks for has not come yet */
    bool withdrawn;                   /* deposit: the courier takes the item out again; closing frees the door */
    bool rewired;                     /* restored, and its door is wired otherwise than when it was pulsed */
    unsigned tries;                   /* pulses given for this authorisation by a person: 1, then 2 */
    uint64_t request;                 /* who waits for the outcome, 0: nobody */
    char jti[LK_JTI_MAX + 1];         /* the command that waits for the outcome */
};

struct lk_door {
    enum lk_door_state state;
    enum lk_use use;
    enum lk_reason blocked_for;
    char item[LK_ITEM_ID_MAX + 1];    /* what lies here or is being put here; "" when neither */
    char joining[LK_ITEM_ID_MAX + 1]; /* what is being put in beside it, or may have been (doubt); "" when nothing */
    struct lk_op op;
    int64_t deadline_at_ms; /* pulsing: jammed then; open: left open then */
    int64_t moved_at_ms;    /* the last change of state */
    int64_t doubt_until_ms; /* LK_NEVER: no doubt. Else the item's outcome is unproven until a person or staff decide */
    enum lk_purpose doubt_purpose;
    enum lk_custody doubt_from;
    bool dropoff;     /* the item was brought by a citizen for the office */
    bool wiring_held; /* wired otherwise than confirmed: only staff may open it, to find out which door it is now */
    bool wiring_news; /* until boot: what is to be told about its wiring */
    bool forced_told; /* while the outbox is full: that it was forced, since then */
};

/* A further item of an occupied (or blocked) compartment; item "": the entry is free. */
struct lk_extra {
    int door;
    bool unknown; /* the compartment is blocked, and nobody has settled this one yet */
    char item[LK_ITEM_ID_MAX + 1];
};

enum {
    LK_EXTRAS = 256,      /* on the whole site */
    LK_TOGETHER_MOST = 8, /* items in one compartment */
};

struct lk_bank {
    enum lk_bank_state state;
    enum lk_reason reason;
    bool stopped_by_us; /* wrong door: stays until staff resume, whatever the board says */
    int pulsed_door;    /* the last door pulsed, for wrong-door detection */
    int64_t pulsed_at_ms;
    bool lost_told, back_told; /* while the outbox is full: that it was lost, that it came back, since then */
};

/* What the kiosk shows; the handlers per screen are in screens.c. */
enum lk_screen {
    LK_SCREEN_HOME,
    LK_SCREEN_NOTICE,     /* a refusal or an explanation: reason, maybe door */
    LK_SCREEN_OPENING,    /* the citizen's door was pulsed */
    LK_SCREEN_TAKE,       /* the citizen's door is open */
    LK_SCREEN_TAKEN,      /* closed again; "open again" for a while */
    LK_SCREEN_JAM,        /* did not open: retry once, or help */
    LK_SCREEN_SECOND,     /* the code is right; now the phone tail */
    LK_SCREEN_REFUSE_ASK, /* really refuse it? */
    LK_SCREEN_GIVE_BACK,  /* put it back in and close: reason REJECTED or NOT_MINE */
    LK_SCREEN_EXTEND,     /* more time: waiting for the code */
    LK_SCREEN_DROP_CASE,  /* drop-off: waiting for the case number */
    LK_SCREEN_DROP_SIZE,
    LK_SCREEN_DROP_OPENING,
    LK_SCREEN_DROP_PUT,
    LK_SCREEN_DROP_BACK,   /* given up: take it out and close */
    LK_SCREEN_DROP_PLACED, /* with the receipt number */
    LK_SCREEN_DROP_JAM,
    LK_SCREEN_STAFF_MENU, /* from here on somebody is signed in */
    LK_SCREEN_SCAN,       /* deposit: waiting for a barcode */
    LK_SCREEN_ASK,        /* deposit: nobody announced this one. Take it all the same? */
    LK_SCREEN_SIZE,       /* deposit: which size */
    LK_SCREEN_PUT_OPENING,
    LK_SCREEN_PUT,      /* put the item in and close */
    LK_SCREEN_PUT_BACK, /* cancelled: take it out and close */
    LK_SCREEN_CHECK,    /* shut without the second scan: scan it again, its door opens once more */
    LK_SCREEN_PLACED,   /* deposited; next scan, or open again */
    LK_SCREEN_PUT_JAM,  /* did not open: retry once, another compartment, cancel */
    LK_SCREEN_RECALL_LIST,
    LK_SCREEN_WAYBILL, /* to the post: waiting for the waybill's barcode */
    LK_SCREEN_RECALL_OPENING,
    LK_SCREEN_RECALL_TAKE,
    LK_SCREEN_RECALL_TAKEN,
    LK_SCREEN_RECALL_JAM,
    LK_SCREEN_WINDOW,      /* waiting for an item's barcode */
    LK_SCREEN_WINDOW_ITEM, /* what may be done with it */
    LK_SCREEN_HAND_OVER,   /* waiting for its code or phone tail */
    LK_SCREEN_RECEIPT,
    LK_SCREENS
};

const char *lk_screen_name(enum lk_screen v);

struct lk_session {
    enum lk_screen screen;
    enum lk_actor staff; /* SYSTEM: nobody is signed in */
    char who[LK_STAFF_ID_MAX + 1];
    struct lk_item item; /* what it is about; id "" when nothing */
    int door;
    enum lk_size size;
    enum lk_reason reason;
    enum lk_screen back; /* where a notice leads to */
    unsigned reopened;   /* times "open again" was used for this door */
    unsigned more;       /* further compartments the same code opens */
    bool proved;         /* the second factor was shown */
    int64_t shut_at_ms;  /* TAKEN: when the door was seen to shut */
    unsigned taken;      /* TAKEN: how many items were taken out, and which */
    char taken_item[LK_TOGETHER_MOST][LK_ITEM_ID_MAX + 1];
    bool rated;                       /* this item was rated already */
    bool round;                       /* the recall list is a round: only what is due */
    enum lk_custody to;               /* recall: WITH_COURIER when it goes to the post, else NONE */
    char waybill[LK_WAYBILL_MAX + 1]; /* scanned for the item that is about to be taken out */
    int join_door;                    /* SIZE: where this item may be put beside others, else LK_NO_DOOR */
    unsigned placed;                  /* items put in since signing in */
    uint64_t first_intent;            /* the first one since signing in: what the receipt is about */
    bool sending;                     /* WAYBILL: for an item at the window, not for one in a compartment */
    int64_t deadline_at_ms;           /* the screen falls back then */
};

struct lk_lockout {
    unsigned tries;      /* wrong codes since the last right one or lockout */
    unsigned level;      /* lockouts in a row */
    int64_t until_at_ms; /* locked until then; 0 when not */
    int64_t last_at_ms;  /* when the last lockout began */
};

struct lk_core {
    bool booted;
    bool stopping;   /* no new pulses: shutting down */
    bool wiring_new; /* until boot: a door's wiring is not in the store yet */
    uint64_t next_intent;
    struct lk_bank bank[LK_MAX_BANKS];
    struct lk_door door[LK_MAX_DOORS];
    struct lk_session session;
    struct lk_lockout lockout;
    enum lk_clock_quality clock;
    struct lk_extra extra[LK_EXTRAS];
    int service_door;                   /* the last compartment staff opened without a code, or LK_NO_DOOR */
    char service_note[LK_NOTE_MAX + 1]; /* why, for the event that tells its outcome; "" after a restart */
    int64_t service_at_ms;
    int64_t remote_at_ms[LK_REMOTE_KEPT]; /* ring of the last remote opens; LK_NEVER: unused */
    unsigned remote_next;
    enum lk_outbox_level outbox;
    bool power_failing; /* no new pulses */
    bool disk_low;      /* nothing new is taken in */
    unsigned left_out;  /* events that were counted instead of logged, and nobody was told so yet */
};

#endif
