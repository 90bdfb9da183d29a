/*
 * The words of the core: every enumeration that crosses a module, and the one lower-case name each value has on the
 * wire, in the database, in traces and in lockerctl. Pure data; any thread.
 */
#ifndef CORE_WORDS_H
#define CORE_WORDS_H

/* Sizes of the fixed arrays. Ids are printable ASCII made of letters, digits and . _ - (base/text.h lk_text_is_id). */
enum {
    LK_MAX_BANKS = 64, /* 512 doors of boards with 8 relays */
    LK_MAX_DOORS = 512,
    LK_ITEM_ID_MAX = 64,  /* characters of an item_id, a barcode */
    LK_STAFF_ID_MAX = 32, /* characters of a staff id */
    LK_JTI_MAX = 64,      /* characters of a command id */
    LK_LABEL_MAX = 7,     /* characters of a door label such as A07 */
    LK_WAYBILL_MAX = 32,  /* characters of a waybill number */
    LK_NAME_MAX = 31,     /* bytes of a masked name, UTF-8 */
    LK_NOTE_MAX = 200,    /* bytes of what a staff member gave as the reason, UTF-8, one line */
    LK_NO_DOOR = -1,
};

/* What a door is doing. closed/open/left_open/forced come from its sensor; nothing else may claim them. */
enum lk_door_state {
    LK_DOOR_UNKNOWN, /* not seen yet */
    LK_DOOR_CLOSED,
    LK_DOOR_PULSING,   /* a pulse is on its way or was given; the sensor has not moved yet */
    LK_DOOR_OPEN,      /* opened with authority */
    LK_DOOR_LEFT_OPEN, /* open for longer than allowed */
    LK_DOOR_JAMMED,    /* was pulsed and did not open */
    LK_DOOR_FORCED,    /* opened without authority */
    LK_DOOR_LOST,      /* its board does not answer */
    LK_DOOR_STATES
};

/* What one door's sensor says. */
enum lk_sense { LK_SENSE_UNKNOWN, LK_SENSE_CLOSED, LK_SENSE_OPEN, LK_SENSES };

/* What a compartment is used for. */
enum lk_use { LK_USE_FREE, LK_USE_RESERVED, LK_USE_OCCUPIED, LK_USE_BLOCKED, LK_USES };

/* Where an item is: exactly one of these (law 4). NONE is "no such item", never stored. */
enum lk_custody {
    LK_CUSTODY_NONE,
    LK_CUSTODY_EXPECTED,
    LK_CUSTODY_IN_LOCKER,
    LK_CUSTODY_AT_WINDOW,
    LK_CUSTODY_WITH_COURIER,
    LK_CUSTODY_COLLECTED,
    LK_CUSTODY_RETURNED,
    LK_CUSTODY_UNKNOWN,
    LK_CUSTODIES
};

/* How the recipient wants the item. */
enum lk_channel { LK_CHANNEL_LOCKER, LK_CHANNEL_WINDOW, LK_CHANNEL_POST, LK_CHANNELS };

/* Who acts. */
enum lk_actor {
    LK_ACTOR_SYSTEM,
    LK_ACTOR_RECIPIENT,
    LK_ACTOR_COURIER,
    LK_ACTOR_CLERK,
    LK_ACTOR_MAINTENANCE,
    LK_ACTOR_UPSTREAM,
    LK_ACTOR_DELEGATE,   /* somebody with the one-time code a recipient had made for them */
    LK_ACTOR_SUPERVISOR, /* a clerk who may also override, and be the second person */
    LK_ACTORS
};

/* Why a door is opened. */
enum lk_purpose {
    LK_PURPOSE_NONE,
    LK_PURPOSE_DEPOSIT,
    LK_PURPOSE_PICKUP,
    LK_PURPOSE_RECALL,
    LK_PURPOSE_REOPEN,  /* "open again" after a pickup, a deposit or a recall: nothing changes hands */
    LK_PURPOSE_SERVICE, /* staff at the cabinet or by lockerctl */
    LK_PURPOSE_REMOTE,  /* upstream's compartment.open */
    LK_PURPOSES
};

/* What the sensor proved about an intent. PENDING: nothing yet; the intent is open. */
enum lk_outcome {
    LK_OUTCOME_PENDING,
    LK_OUTCOME_OPENED,
    LK_OUTCOME_ALREADY_OPEN,
    LK_OUTCOME_JAMMED,
    LK_OUTCOME_UNKNOWN,
    LK_OUTCOMES
};

/* What became of one pulse request, as the driver knows it; never proof that a door opened (law 2). */
enum lk_pulse_report {
    LK_PULSE_ECHOED,   /* the board repeated the request byte for byte */
    LK_PULSE_NOT_SENT, /* certainly never on the wire */
    LK_PULSE_UNPROVEN, /* sent; no answer, or a wrong one */
    LK_PULSE_REPORTS
};

/* Whose secret it is. */
enum lk_holder { LK_HOLDER_RECIPIENT, LK_HOLDER_DELEGATE, LK_HOLDERS };

/* What the calendar says about an item, found by the store while the clock is synced (law 11). */
enum lk_due {
    LK_DUE_REMINDER, /* its retention ends soon */
    LK_DUE_OVERDUE,  /* its retention is over; its code stays valid until staff recall it */
    LK_DUE_ERASE,    /* its story ended so long ago that nobody may know the person any more */
    LK_DUE_PURGE,    /* postal records are past their own time: not about one item */
    LK_DUE_EVENTS,   /* events that upstream has are past the time of the audit: not about one item */
    LK_DUES
};

/* How much room the log has for events that upstream has not acknowledged. */
enum lk_outbox_level {
    LK_OUTBOX_ROOMY,
    LK_OUTBOX_FILLING, /* people should look: an alarm, nothing else */
    LK_OUTBOX_FULL,    /* nothing new is taken in, and what tells nothing new is counted instead of logged */
    LK_OUTBOX_LEVELS
};

/* By what a person at the window proved that the item is theirs. */
enum lk_proof { LK_PROOF_NONE, LK_PROOF_CODE, LK_PROOF_TAIL, LK_PROOFS };

/* A courier's barcode that nobody announced. */
enum lk_unknown_barcode { LK_BARCODE_REFUSE, LK_BARCODE_ASK, LK_BARCODE_ACCEPT, LK_BARCODES };

/* What a bank's board is doing. */
enum lk_bank_state {
    LK_BANK_LOST,    /* does not answer; nothing is known about its doors */
    LK_BANK_READY,   /* coils proved off, inputs are being read */
    LK_BANK_STOPPED, /* answers, but must not be pulsed until a technician has looked */
    LK_BANK_STATES
};

enum lk_size { LK_SIZE_S, LK_SIZE_M, LK_SIZE_L, LK_SIZE_XL, LK_SIZES };

/* How a door is wired, compared with what the store knows of it (docs/decisions/0009). */
enum lk_wiring {
    LK_WIRING_SAME,    /* as confirmed */
    LK_WIRING_NEW,     /* the store knows nothing of it: a new door, or a database of before */
    LK_WIRING_CHANGED, /* otherwise than confirmed, and nobody was told yet */
    LK_WIRING_HELD,    /* otherwise than confirmed, as it was at the last start */
    LK_WIRING_BACK,    /* as confirmed again, after it was otherwise */
    LK_WIRINGS
};

/* How much the wall clock is worth. */
enum lk_clock_quality { LK_CLOCK_UNSYNCED, LK_CLOCK_RTC, LK_CLOCK_SYNCED, LK_CLOCK_QUALITIES };

/* The answer to a request or a command. */
enum lk_result { LK_RESULT_OK, LK_RESULT_REFUSED, LK_RESULT_FAILED, LK_RESULT_UNKNOWN, LK_RESULT_PENDING, LK_RESULTS };

/* Why something was refused, failed, blocked or reported. The text for people is catalogue entry "reason.<name>". */
enum lk_reason {
    LK_REASON_NONE,
    /* codes and scans */
    LK_REASON_WRONG_CODE,
    LK_REASON_CODE_MALFORMED,
    LK_REASON_LOCKED_OUT,
    LK_REASON_UNKNOWN_BARCODE,
    LK_REASON_ALREADY_COLLECTED,
    LK_REASON_NOT_HERE_YET,
    LK_REASON_AT_WINDOW,
    LK_REASON_WITH_COURIER,
    LK_REASON_RETURNED,
    LK_REASON_CUSTODY_UNKNOWN,
    LK_REASON_ITEM_CANCELLED,
    LK_REASON_ALREADY_IN_LOCKER,
    LK_REASON_NOT_ANNOUNCED,
    LK_REASON_NO_SUCH_ITEM,
    LK_REASON_ITEM_EXISTS,
    LK_REASON_WRONG_TAIL,       /* the four digits are not the item's phone tail */
    LK_REASON_WRONG_SITE,       /* the item belongs to another hall */
    LK_REASON_REJECTED,         /* refused by its recipient: staff are to recall it */
    LK_REASON_NOT_MINE,         /* disputes: what the person said */
    LK_REASON_NOTHING_INSIDE,   /* */
    LK_REASON_STILL_INSIDE,     /* */
    LK_REASON_DISPUTED,         /* thanks: somebody will look */
    LK_REASON_EXTENDED,         /* the retention is longer now */
    LK_REASON_EXTEND_LIMIT,     /* it was made longer as often as is allowed */
    LK_REASON_OVERDUE,          /* */
    LK_REASON_NOT_CHECKED,      /* put in without the second scan that this site asks for */
    LK_REASON_MISLOAD,          /* the second scan read another item */
    LK_REASON_NOT_EMPTY,        /* a compartment that should be empty was not */
    LK_REASON_NOT_FOUND_INSIDE, /* a compartment that should hold something did not */
    LK_REASON_BAD_WAYBILL,      /* not a waybill number */
    LK_REASON_RECEIVED,         /* at the window: done */
    LK_REASON_HANDED_OVER,      /* */
    LK_REASON_SENT_BY_POST,     /* */
    LK_REASON_UNDELIVERABLE,    /* the post could not deliver it */
    LK_REASON_DELEGATE_GRANTED,
    LK_REASON_DELEGATE_REVOKED,
    LK_REASON_CODE_REISSUED,
    LK_REASON_CODE_REVOKED,
    LK_REASON_DETAILS_CHANGED,
    LK_REASON_DROPOFF_OFF,      /* this site takes nothing from citizens */
    LK_REASON_DROPOFF_GIVEN_UP, /* nothing was put in */
    LK_REASON_AS_EXPECTED,      /* inspection: what was found is what is recorded */
    /* staff */
    LK_REASON_SIGN_IN_FAILED,
    LK_REASON_NOT_ALLOWED,
    LK_REASON_SIGNED_OUT,
    LK_REASON_SECOND_PERSON, /* a second staff member has to agree */
    LK_REASON_SIGN_IN_AGAIN, /* an override needs a PIN that was given just now */
    /* doors */
    LK_REASON_NO_SUCH_DOOR,
    LK_REASON_NO_FREE_DOOR,
    LK_REASON_DOOR_BUSY,
    LK_REASON_DOOR_UNREACHABLE,
    LK_REASON_DOOR_OPEN,
    LK_REASON_DOOR_BLOCKED,
    LK_REASON_DOOR_OCCUPIED,
    LK_REASON_DOOR_NOT_BLOCKED,
    LK_REASON_DOOR_JAMMED,
    LK_REASON_DOOR_FORCED,
    LK_REASON_WRONG_DOOR,
    LK_REASON_BANK_STOPPED,
    LK_REASON_PULSE_NOT_SENT,
    LK_REASON_OUTCOME_UNPROVEN,
    LK_REASON_COIL_STUCK,
    LK_REASON_LINK_MODE,
    LK_REASON_BOARD_SILENT,
    LK_REASON_LINE_HELD,
    LK_REASON_LINE_MISSING,
    LK_REASON_GUARD_LOST,
    LK_REASON_BOARD_UNVERIFIED,
    LK_REASON_DEVICE_MISSING,
    LK_REASON_WIRING_CHANGED,
    LK_REASON_RESTORED, /* the records are a backup's: what happened since is to be looked at */
    LK_REASON_DUPLICATE_ADDRESS,
    LK_REASON_WRONG_BOARD,
    LK_REASON_GARBLED,
    LK_REASON_INPUTS_SILENT,
    /* process */
    LK_REASON_STORE_FAILED,
    LK_REASON_BACKUP_FAILED,
    LK_REASON_NOT_NOW,
    LK_REASON_CANCELLED_BY_PERSON,
    LK_REASON_TIMED_OUT,
    LK_REASON_RECOVERED,
    LK_REASON_STAFF_REQUEST,
    LK_REASON_SHUTTING_DOWN,
    LK_REASON_BAD_REQUEST,
    /* upstream's commands */
    LK_REASON_MALFORMED,
    LK_REASON_BAD_SIGNATURE,
    LK_REASON_UNKNOWN_KEY,
    LK_REASON_WRONG_AUDIENCE,
    LK_REASON_EXPIRED,
    LK_REASON_NOT_YET_VALID,
    LK_REASON_LIFETIME_TOO_LONG,
    LK_REASON_RETAINED,
    LK_REASON_UNKNOWN_COMMAND,
    LK_REASON_BAD_ARGUMENT,
    LK_REASON_ID_REUSED,
    LK_REASON_OVERSIZE,
    LK_REASON_REMOTE_LIMIT,
    LK_REASON_CODE_IN_USE,
    LK_REASON_CLOCK_UNSYNCED,
    LK_REASON_CLOCK_JUMPED,
    LK_REASON_NO_SUCH_EVENT,
    LK_REASON_NO_SUCH_STAFF,
    LK_REASON_BADGE_IN_USE,
    LK_REASON_STAFF_CHANGED,
    LK_REASON_STAFF_REMOVED,
    LK_REASON_NO_SEAL_KEY, /* nobody could be told a code that the locker makes */
    /* the uplink */
    LK_REASON_OUTBOX_FILLING,
    LK_REASON_POWER_FAILING,   /* the supply says that it goes: no new pulses */
    LK_REASON_DISK_LOW,        /* hardly any room on the disk: nothing new is taken in, pickups go on */
    LK_REASON_DISK_SLOW,       /* the disk takes its time: pickups go on */
    LK_REASON_OUTBOX_FULL,     /* nothing new is taken in; pickups go on */
    LK_REASON_EVENTS_LEFT_OUT, /* counted while the outbox was full, not kept */
    LK_REASON_EVENTS_OVER,     /* acknowledged, and past the time of the audit */
    LK_REASON_CERTIFICATE_EXPIRING,
    LK_REASON_CERTIFICATE_EXPIRED,
    LK_REASON_CERTIFICATE_BAD,
    LK_REASON_RELOAD_FAILED, /* the former keys and certificates stay in use */
    /* wear: what will fail before long (core/wear.h), and what was put in its place */
    LK_REASON_LOCK_NEAR_RATING,
    LK_REASON_RELAY_NEAR_RATING,
    LK_REASON_OPENING_SLOWER,
    LK_REASON_JAMS_OFTEN,
    LK_REASON_DISK_WEARING,
    LK_REASON_TOO_HOT,
    LK_REASON_LOCK_REPLACED,
    LK_REASON_RELAY_REPLACED,
    LK_REASONS
};

/* What the event log can say. Wire type: "locker." + name + ".v1"; the part before the dot is the class. */
enum lk_event_type {
    LK_EV_ITEM_EXPECTED,
    LK_EV_ITEM_DEPOSITED,
    LK_EV_ITEM_COLLECTED,
    LK_EV_ITEM_RECALLED,
    LK_EV_ITEM_CANCELLED,
    LK_EV_ITEM_RETURNED,
    LK_EV_ITEM_SETTLED,
    LK_EV_ITEM_REMINDER,
    LK_EV_ITEM_OVERDUE,
    LK_EV_ITEM_TRANSFERRED, /* to the window or to the post */
    LK_EV_ITEM_REJECTED,
    LK_EV_ITEM_DISPUTED,
    LK_EV_ITEM_UPDATED, /* nothing changed hands: .reason says what changed */
    LK_EV_ITEM_RATED,
    LK_EV_ITEM_ERASED,
    LK_EV_DOOR_OPENED,
    LK_EV_DOOR_CLOSED,
    LK_EV_DOOR_OPEN_FAILED,
    LK_EV_DOOR_LEFT_OPEN,
    LK_EV_DOOR_FORCED,
    LK_EV_DOOR_WRONG,
    LK_EV_DOOR_BLOCKED,
    LK_EV_DOOR_UNBLOCKED,
    LK_EV_ACCESS_DENIED,
    LK_EV_ACCESS_LOCKOUT,
    LK_EV_ACCESS_STAFF_IN,
    LK_EV_ACCESS_STAFF_OUT,
    LK_EV_ACCESS_COMMAND_REFUSED,
    LK_EV_SITE_STARTED,
    LK_EV_SITE_STOPPED,
    LK_EV_SITE_BOARD_LOST,
    LK_EV_SITE_BOARD_BACK,
    LK_EV_SITE_CLOCK,
    LK_EV_SITE_CONFIG,
    LK_EV_SITE_DEGRADED,
    LK_EV_AUDIT_MISMATCH,
    LK_EV_AUDIT_INSPECTION,
    LK_EV_AUDIT_PURGE,
    LK_EVENT_TYPES
};

const char *lk_door_state_name(enum lk_door_state v);
const char *lk_sense_name(enum lk_sense v);
const char *lk_use_name(enum lk_use v);
const char *lk_custody_name(enum lk_custody v);
const char *lk_channel_name(enum lk_channel v);
const char *lk_actor_name(enum lk_actor v);
const char *lk_purpose_name(enum lk_purpose v);
const char *lk_outcome_name(enum lk_outcome v);
const char *lk_pulse_report_name(enum lk_pulse_report v);
const char *lk_bank_state_name(enum lk_bank_state v);
const char *lk_size_name(enum lk_size v);
const char *lk_clock_quality_name(enum lk_clock_quality v);
const char *lk_result_name(enum lk_result v);
const char *lk_holder_name(enum lk_holder v);
const char *lk_due_name(enum lk_due v);
const char *lk_outbox_level_name(enum lk_outbox_level v);
const char *lk_proof_name(enum lk_proof v);
const char *lk_reason_name(enum lk_reason v);
const char *lk_event_type_name(enum lk_event_type v); /* for example "item.deposited" */

/* The reverse look-ups: 0 and *ret_value, or -EINVAL with *ret_value untouched. */
int lk_use_parse(const char *name, enum lk_use *ret_value);
int lk_custody_parse(const char *name, enum lk_custody *ret_value);
int lk_channel_parse(const char *name, enum lk_channel *ret_value);
int lk_actor_parse(const char *name, enum lk_actor *ret_value);
int lk_purpose_parse(const char *name, enum lk_purpose *ret_value);
int lk_outcome_parse(const char *name, enum lk_outcome *ret_value);
int lk_reason_parse(const char *name, enum lk_reason *ret_value);
int lk_result_parse(const char *name, enum lk_result *ret_value);
int lk_size_parse(const char *name, enum lk_size *ret_value);
int lk_event_type_parse(const char *name, enum lk_event_type *ret_value);

#endif
