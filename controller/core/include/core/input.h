/*
 * What can happen: everything lk_core_step() is told. Facts the core needs (the item behind a code, the staff member
 * behind a badge) are looked up by the engine and travel in the input, so that the core does no I/O. Value type.
 */
#ifndef CORE_INPUT_H
#define CORE_INPUT_H

#include "core/command.h"
#include "core/item.h"

enum lk_input_kind {
    LK_IN_BOOT,       /* once, after the restore calls: the daemon runs */
    LK_IN_SHUTDOWN,   /* clean stop: no new pulses from here on */
    LK_IN_TICK,       /* time passed; nothing else */
    LK_IN_CLOCK,      /* the wall clock's quality changed: .clock */
    LK_IN_SENSE,      /* .door, .sense: a confirmed sensor change */
    LK_IN_PULSE_DONE, /* .door, .intent, .pulse */
    LK_IN_BANK,       /* .bank, .bank_state, .reason */
    LK_IN_CODE,       /* keypad: .well_formed, .found, .item (facts), .code_live */
    LK_IN_SCAN,       /* scanner: .scan says what the text is; .item or .staff, .text */
    LK_IN_SIGN_IN,    /* staff id and PIN were checked: .staff.ok */
    LK_IN_SECOND,     /* keypad, where the screen asks for a phone tail: .tail, "" when not four digits */
    LK_IN_CASE,       /* keypad or scanner, where the screen asks for a case number: .text, "" when it is none;
                         .item.id: a fresh receipt number for a drop-off */
    LK_IN_BUTTON,     /* .button, maybe .size, .rating, .item (recall choice, next: facts) */
    LK_IN_DUE,        /* .due, .item (facts); PURGE: .count records; EVENTS: .count, the oldest ones */
    LK_IN_SITE,       /* .reason, .note, .door: something only the outside sees is not as it should be, or RECOVERED */
    LK_IN_OUTBOX,     /* .outbox: how much room the log has */
    LK_IN_RESTORED,   /* before LK_IN_BOOT: what the store said is a backup. .door: nobody knows what happened there
                         since; LK_NO_DOOR, .note, .staff: who put it in place, and which */
    LK_IN_COMMAND,    /* verified: .command, .item (facts), .known (by jti), .secret */
    LK_IN_COMMAND_REFUSED, /* not verified or remembered with other content: .reason, .jti ("" when unreadable) */
    LK_IN_ADMIN,           /* lockerctl: .admin, .door / .bank / .item, .staff, .approver, .note, .settle_to, .reason */
    LK_INPUTS
};

/* What a scanned text turned out to be. In a staff session an item's barcode wins over everything else. */
enum lk_scan_kind { LK_SCAN_UNKNOWN, LK_SCAN_TOKEN, LK_SCAN_BADGE, LK_SCAN_ITEM, LK_SCANS };

enum lk_button {
    LK_BUTTON_BACK,  /* leave this screen */
    LK_BUTTON_DONE,  /* finished: home, or the next item */
    LK_BUTTON_RETRY, /* pulse once more after a jam */
    LK_BUTTON_OPEN_AGAIN,
    LK_BUTTON_LARGER,
    LK_BUTTON_OTHER,       /* another compartment of the same size */
    LK_BUTTON_CANCEL,      /* cancel this deposit */
    LK_BUTTON_SIZE,        /* .size */
    LK_BUTTON_DEPOSIT,     /* staff menu: start depositing */
    LK_BUTTON_RECALL,      /* staff menu: the recall list */
    LK_BUTTON_RECALL_ITEM, /* .item */
    LK_BUTTON_SIGN_OUT,
    LK_BUTTON_SMALLER,        /* deposit: a smaller compartment would do */
    LK_BUTTON_NOT_EMPTY,      /* deposit: something lies in there */
    LK_BUTTON_JOIN,           /* deposit: into the compartment that holds other items of this case */
    LK_BUTTON_NOT_MINE,       /* pickup: this is not mine */
    LK_BUTTON_NOTHING_INSIDE, /* pickup: it was empty */
    LK_BUTTON_STILL_INSIDE,   /* pickup: shut, and the item is still in there */
    LK_BUTTON_REFUSE,         /* pickup: I do not want it (拒收) */
    LK_BUTTON_CONFIRM,        /* yes, really */
    LK_BUTTON_NEXT,           /* pickup: my next item; round: the next compartment. .item */
    LK_BUTTON_RATE,           /* .rating */
    LK_BUTTON_MORE_TIME,      /* home: I cannot come in time */
    LK_BUTTON_DROP_OFF,       /* home: leave material for the office */
    LK_BUTTON_WINDOW,         /* staff menu: work at the window */
    LK_BUTTON_RECEIVE,
    LK_BUTTON_HAND_OVER,
    LK_BUTTON_SEND_POST,
    LK_BUTTON_RETURN_ITEM, /* window: a cancelled or refused item goes back */
    LK_BUTTON_RECALL_POST, /* recall list: what is taken now goes to the post; once more: to the window */
    LK_BUTTON_ROUND,       /* staff menu: everything overdue, one compartment after the other */
    LK_BUTTON_RECEIPT,     /* staff menu: what was put where since signing in */
    LK_BUTTONS
};

enum lk_admin_op {
    LK_ADMIN_OPEN,         /* .door */
    LK_ADMIN_BLOCK,        /* .door */
    LK_ADMIN_UNBLOCK,      /* .door, or .bank when door is LK_NO_DOOR: resume a stopped bank */
    LK_ADMIN_CONFIRM,      /* .door, or .bank when door is LK_NO_DOOR: the changed wiring was tried and is right */
    LK_ADMIN_SETTLE,       /* .item (facts), .settle_to: an inspection decided where an unknown item is */
    LK_ADMIN_RECEIVE,      /* .item (facts): it is at the window now */
    LK_ADMIN_HAND_OVER,    /* .item (facts), .proof, checked outside; NONE: what was shown does not fit */
    LK_ADMIN_SEND,         /* .item (facts), .waybill: from the window to the post */
    LK_ADMIN_RETURN,       /* .item (facts): a cancelled or refused one goes back from the window */
    LK_ADMIN_REJECT,       /* .item (facts): its recipient refused it at the window */
    LK_ADMIN_EXTEND,       /* .item (facts), .count days, 0: as configured */
    LK_ADMIN_INSPECTED,    /* .door, .holds: what was seen in the open compartment */
    LK_ADMIN_STAFF_PUT,    /* .member, .badge_in_use */
    LK_ADMIN_STAFF_REMOVE, /* .member.id, .member_role */
    LK_ADMIN_REPLACED,     /* .door, .reason LOCK_REPLACED or RELAY_REPLACED: its wear begins anew */
    LK_ADMIN_ROUND,        /* .count compartments seen, .mismatches: an inspection round is over */
    LK_ADMINS
};

/* A staff member whose PIN or badge was checked outside. ok false: wrong PIN or unknown badge. */
struct lk_staff {
    bool ok;
    enum lk_actor role; /* COURIER, CLERK, MAINTENANCE or SUPERVISOR */
    char id[LK_STAFF_ID_MAX + 1];
};

struct lk_input {
    enum lk_input_kind kind;
    int64_t now_ms;   /* monotonic */
    int64_t wall_s;   /* calendar, for the trace only; decisions use now_ms */
    uint64_t request; /* who waits for an answer (engine's handle), 0: nobody */

    int door, bank;
    enum lk_sense sense;
    uint64_t intent;
    enum lk_pulse_report pulse;
    enum lk_bank_state bank_state;
    enum lk_reason reason;
    enum lk_clock_quality clock;

    bool well_formed; /* CODE: digits of a lawful length */
    bool found;       /* the code, token or item id names .item */
    bool code_live;   /* CODE, token: not used up and not revoked */
    struct lk_item item;
    enum lk_scan_kind scan;
    char text[LK_ITEM_ID_MAX + 1]; /* SCAN: an item barcode as read, "" when it cannot be one */
    struct lk_staff staff;
    enum lk_button button;
    enum lk_size size;
    enum lk_admin_op admin;
    enum lk_custody settle_to;

    struct lk_staff approver;         /* ADMIN: the second person, when there is one */
    char note[LK_NOTE_MAX + 1];       /* ADMIN: why, in the staff member's words */
    char waybill[LK_WAYBILL_MAX + 1]; /* ADMIN SEND; SCAN where the screen asks for a waybill: "" when it is none */
    enum lk_proof proof;              /* ADMIN HAND_OVER */
    bool holds;                       /* ADMIN INSPECTED: something lies inside */
    unsigned count, mismatches;       /* ADMIN EXTEND, ROUND; DUE PURGE, EVENTS */
    enum lk_due due;
    enum lk_outbox_level outbox;
    unsigned rating; /* 1 to 5 */
    char tail[5];    /* SECOND */
    unsigned more;   /* CODE, token, NEXT: how many further compartments the same code opens, one after the other; what
                        lies beside .item is taken out with it and does not count */
    int join_door;   /* SCAN of an item in a staff session: where other items of its case and person lie, else
                        LK_NO_DOOR; the core decides whether it may be opened for them */

    struct lk_member member;      /* ADMIN STAFF_PUT, STAFF_REMOVE */
    enum lk_actor member_role;    /* STAFF_*, also as a command: who they are now; SYSTEM: no such staff member */
    bool badge_in_use;            /* STAFF_PUT, upsert: the badge is somebody else's */
    uint64_t first_seq, last_seq; /* replay: the events that are kept */
    struct lk_command command;
    bool code_in_use; /* announce, reissue, grant: the code is another person's live one */
    struct lk_secret secret;
    char jti[LK_JTI_MAX + 1];
};

const char *lk_input_name(enum lk_input_kind v);
const char *lk_button_name(enum lk_button v);
int lk_button_parse(const char *name, enum lk_button *ret_value);
const char *lk_admin_name(enum lk_admin_op v);
const char *lk_scan_name(enum lk_scan_kind v);

#endif
