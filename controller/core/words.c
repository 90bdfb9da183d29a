#include "core/words.h"

#include "base/cleanup.h"
#include "core/command.h"
#include "core/effect.h"
#include "core/input.h"
#include "core/state.h"
#include "names.h"

#include <errno.h>
#include <string.h>

static const char *const door_state_names[] = {
    [LK_DOOR_UNKNOWN] = "unknown", [LK_DOOR_CLOSED] = "closed",       [LK_DOOR_PULSING] = "pulsing",
    [LK_DOOR_OPEN] = "open",       [LK_DOOR_LEFT_OPEN] = "left_open", [LK_DOOR_JAMMED] = "jammed",
    [LK_DOOR_FORCED] = "forced",   [LK_DOOR_LOST] = "lost",           [LK_DOOR_STATES] = "states",
};

const char *lk_door_state_name(enum lk_door_state v)
{
    return lk_name_of(door_state_names, LK_ARRAY_SIZE(door_state_names), (int)v);
}

static const char *const sense_names[] = {
    [LK_SENSE_UNKNOWN] = "unknown",
    [LK_SENSE_CLOSED] = "closed",
    [LK_SENSE_OPEN] = "open",
};

const char *lk_sense_name(enum lk_sense v)
{
    return lk_name_of(sense_names, LK_ARRAY_SIZE(sense_names), (int)v);
}

static const char *const use_names[] = {
    [LK_USE_FREE] = "free",
    [LK_USE_RESERVED] = "reserved",
    [LK_USE_OCCUPIED] = "occupied",
    [LK_USE_BLOCKED] = "blocked",
};

const char *lk_use_name(enum lk_use v)
{
    return lk_name_of(use_names, LK_ARRAY_SIZE(use_names), (int)v);
}

int lk_use_parse(const char *name, enum lk_use *ret_value)
{
    int v = lk_value_of(use_names, LK_ARRAY_SIZE(use_names), name);
    if (v < 0) {
        return v;
    }
    *ret_value = (enum lk_use)v;
    return 0;
}

static const char *const custody_names[] = {
    [LK_CUSTODY_NONE] = "none",
    [LK_CUSTODY_EXPECTED] = "expected",
    [LK_CUSTODY_IN_LOCKER] = "in_locker",
    [LK_CUSTODY_AT_WINDOW] = "at_window",
    [LK_CUSTODY_WITH_COURIER] = "with_courier",
    [LK_CUSTODY_COLLECTED] = "collected",
    [LK_CUSTODY_RETURNED] = "returned",
    [LK_CUSTODY_UNKNOWN] = "unknown",
};

const char *lk_custody_name(enum lk_custody v)
{
    return lk_name_of(custody_names, LK_ARRAY_SIZE(custody_names), (int)v);
}

int lk_custody_parse(const char *name, enum lk_custody *ret_value)
{
    int v = lk_value_of(custody_names, LK_ARRAY_SIZE(custody_names), name);
    if (v < 0) {
        return v;
    }
    *ret_value = (enum lk_custody)v;
    return 0;
}

static const char *const channel_names[] = {
    [LK_CHANNEL_LOCKER] = "locker",
    [LK_CHANNEL_WINDOW] = "window",
    [LK_CHANNEL_POST] = "post",
};

const char *lk_channel_name(enum lk_channel v)
{
    return lk_name_of(channel_names, LK_ARRAY_SIZE(channel_names), (int)v);
}

int lk_channel_parse(const char *name, enum lk_channel *ret_value)
{
    int v = lk_value_of(channel_names, LK_ARRAY_SIZE(channel_names), name);
    if (v < 0) {
        return v;
    }
    *ret_value = (enum lk_channel)v;
    return 0;
}

static const char *const actor_names[] = {
    [LK_ACTOR_SYSTEM] = "system",     [LK_ACTOR_RECIPIENT] = "recipient",     [LK_ACTOR_COURIER] = "courier",
    [LK_ACTOR_CLERK] = "clerk",       [LK_ACTOR_MAINTENANCE] = "maintenance", [LK_ACTOR_UPSTREAM] = "upstream",
    [LK_ACTOR_DELEGATE] = "delegate", [LK_ACTOR_SUPERVISOR] = "supervisor",
};

const char *lk_actor_name(enum lk_actor v)
{
    return lk_name_of(actor_names, LK_ARRAY_SIZE(actor_names), (int)v);
}

int lk_actor_parse(const char *name, enum lk_actor *ret_value)
{
    int v = lk_value_of(actor_names, LK_ARRAY_SIZE(actor_names), name);
    if (v < 0) {
        return v;
    }
    *ret_value = (enum lk_actor)v;
    return 0;
}

static const char *const purpose_names[] = {
    [LK_PURPOSE_NONE] = "none",     [LK_PURPOSE_DEPOSIT] = "deposit", [LK_PURPOSE_PICKUP] = "pickup",
    [LK_PURPOSE_RECALL] = "recall", [LK_PURPOSE_REOPEN] = "reopen",   [LK_PURPOSE_SERVICE] = "service",
    [LK_PURPOSE_REMOTE] = "remote",
};

const char *lk_purpose_name(enum lk_purpose v)
{
    return lk_name_of(purpose_names, LK_ARRAY_SIZE(purpose_names), (int)v);
}

int lk_purpose_parse(const char *name, enum lk_purpose *ret_value)
{
    int v = lk_value_of(purpose_names, LK_ARRAY_SIZE(purpose_names), name);
    if (v < 0) {
        return v;
    }
    *ret_value = (enum lk_purpose)v;
    return 0;
}

static const char *const outcome_names[] = {
    [LK_OUTCOME_PENDING] = "pending", [LK_OUTCOME_OPENED] = "opened",   [LK_OUTCOME_ALREADY_OPEN] = "already_open",
    [LK_OUTCOME_JAMMED] = "jammed",   [LK_OUTCOME_UNKNOWN] = "unknown",
};

const char *lk_outcome_name(enum lk_outcome v)
{
    return lk_name_of(outcome_names, LK_ARRAY_SIZE(outcome_names), (int)v);
}

int lk_outcome_parse(const char *name, enum lk_outcome *ret_value)
{
    int v = lk_value_of(outcome_names, LK_ARRAY_SIZE(outcome_names), name);
    if (v < 0) {
        return v;
    }
    *ret_value = (enum lk_outcome)v;
    return 0;
}

static const char *const pulse_report_names[] = {
    [LK_PULSE_ECHOED] = "echoed",
    [LK_PULSE_NOT_SENT] = "not_sent",
    [LK_PULSE_UNPROVEN] = "unproven",
    [LK_PULSE_REPORTS] = "reports",
};

const char *lk_pulse_report_name(enum lk_pulse_report v)
{
    return lk_name_of(pulse_report_names, LK_ARRAY_SIZE(pulse_report_names), (int)v);
}

static const char *const bank_state_names[] = {
    [LK_BANK_LOST] = "lost",
    [LK_BANK_READY] = "ready",
    [LK_BANK_STOPPED] = "stopped",
    [LK_BANK_STATES] = "states",
};

const char *lk_bank_state_name(enum lk_bank_state v)
{
    return lk_name_of(bank_state_names, LK_ARRAY_SIZE(bank_state_names), (int)v);
}

static const char *const size_names[] = {
    [LK_SIZE_S] = "S",
    [LK_SIZE_M] = "M",
    [LK_SIZE_L] = "L",
    [LK_SIZE_XL] = "XL",
};

const char *lk_size_name(enum lk_size v)
{
    return lk_name_of(size_names, LK_ARRAY_SIZE(size_names), (int)v);
}

int lk_size_parse(const char *name, enum lk_size *ret_value)
{
    int v = lk_value_of(size_names, LK_ARRAY_SIZE(size_names), name);
    if (v < 0) {
        return v;
    }
    *ret_value = (enum lk_size)v;
    return 0;
}

static const char *const holder_names[] = {
    [LK_HOLDER_RECIPIENT] = "recipient",
    [LK_HOLDER_DELEGATE] = "delegate",
    [LK_HOLDERS] = "holders",
};

const char *lk_holder_name(enum lk_holder v)
{
    return lk_name_of(holder_names, LK_ARRAY_SIZE(holder_names), (int)v);
}

static const char *const due_names[] = {
    [LK_DUE_REMINDER] = "reminder", [LK_DUE_OVERDUE] = "overdue", [LK_DUE_ERASE] = "erase",
    [LK_DUE_PURGE] = "purge",       [LK_DUE_EVENTS] = "events",   [LK_DUES] = "dues",
};

const char *lk_due_name(enum lk_due v)
{
    return lk_name_of(due_names, LK_ARRAY_SIZE(due_names), (int)v);
}

static const char *const outbox_level_names[] = {
    [LK_OUTBOX_ROOMY] = "roomy",
    [LK_OUTBOX_FILLING] = "filling",
    [LK_OUTBOX_FULL] = "full",
    [LK_OUTBOX_LEVELS] = "levels",
};

const char *lk_outbox_level_name(enum lk_outbox_level v)
{
    return lk_name_of(outbox_level_names, LK_ARRAY_SIZE(outbox_level_names), (int)v);
}

static const char *const proof_names[] = {
    [LK_PROOF_NONE] = "none",
    [LK_PROOF_CODE] = "code",
    [LK_PROOF_TAIL] = "phone_tail",
    [LK_PROOFS] = "proofs",
};

const char *lk_proof_name(enum lk_proof v)
{
    return lk_name_of(proof_names, LK_ARRAY_SIZE(proof_names), (int)v);
}

static const char *const clock_quality_names[] = {
    [LK_CLOCK_UNSYNCED] = "unsynced",
    [LK_CLOCK_RTC] = "rtc",
    [LK_CLOCK_SYNCED] = "synced",
    [LK_CLOCK_QUALITIES] = "qualities",
};

const char *lk_clock_quality_name(enum lk_clock_quality v)
{
    return lk_name_of(clock_quality_names, LK_ARRAY_SIZE(clock_quality_names), (int)v);
}

static const char *const result_names[] = {
    [LK_RESULT_OK] = "ok",           [LK_RESULT_REFUSED] = "refused", [LK_RESULT_FAILED] = "failed",
    [LK_RESULT_UNKNOWN] = "unknown", [LK_RESULT_PENDING] = "pending",
};

const char *lk_result_name(enum lk_result v)
{
    return lk_name_of(result_names, LK_ARRAY_SIZE(result_names), (int)v);
}

int lk_result_parse(const char *name, enum lk_result *ret_value)
{
    int v = lk_value_of(result_names, LK_ARRAY_SIZE(result_names), name);
    if (v < 0) {
        return v;
    }
    *ret_value = (enum lk_result)v;
    return 0;
}

static const char *const reason_names[] = {
    [LK_REASON_NONE] = "none",
    [LK_REASON_WRONG_CODE] = "wrong_code",
    [LK_REASON_CODE_MALFORMED] = "code_malformed",
    [LK_REASON_LOCKED_OUT] = "locked_out",
    [LK_REASON_UNKNOWN_BARCODE] = "unknown_barcode",
    [LK_REASON_ALREADY_COLLECTED] = "already_collected",
    [LK_REASON_NOT_HERE_YET] = "not_here_yet",
    [LK_REASON_AT_WINDOW] = "at_window",
    [LK_REASON_WITH_COURIER] = "with_courier",
    [LK_REASON_RETURNED] = "returned",
    [LK_REASON_CUSTODY_UNKNOWN] = "custody_unknown",
    [LK_REASON_ITEM_CANCELLED] = "item_cancelled",
    [LK_REASON_ALREADY_IN_LOCKER] = "already_in_locker",
    [LK_REASON_NOT_ANNOUNCED] = "not_announced",
    [LK_REASON_NO_SUCH_ITEM] = "no_such_item",
    [LK_REASON_ITEM_EXISTS] = "item_exists",
    [LK_REASON_SIGN_IN_FAILED] = "sign_in_failed",
    [LK_REASON_NOT_ALLOWED] = "not_allowed",
    [LK_REASON_SIGNED_OUT] = "signed_out",
    [LK_REASON_NO_SUCH_DOOR] = "no_such_door",
    [LK_REASON_NO_FREE_DOOR] = "no_free_door",
    [LK_REASON_DOOR_BUSY] = "door_busy",
    [LK_REASON_DOOR_UNREACHABLE] = "door_unreachable",
    [LK_REASON_DOOR_OPEN] = "door_open",
    [LK_REASON_DOOR_BLOCKED] = "door_blocked",
    [LK_REASON_DOOR_OCCUPIED] = "door_occupied",
    [LK_REASON_DOOR_NOT_BLOCKED] = "door_not_blocked",
    [LK_REASON_DOOR_JAMMED] = "door_jammed",
    [LK_REASON_DOOR_FORCED] = "door_forced",
    [LK_REASON_WRONG_DOOR] = "wrong_door",
    [LK_REASON_BANK_STOPPED] = "bank_stopped",
    [LK_REASON_PULSE_NOT_SENT] = "pulse_not_sent",
    [LK_REASON_OUTCOME_UNPROVEN] = "outcome_unproven",
    [LK_REASON_COIL_STUCK] = "coil_stuck",
    [LK_REASON_LINK_MODE] = "link_mode",
    [LK_REASON_BOARD_SILENT] = "board_silent",
    [LK_REASON_LINE_HELD] = "line_held",
    [LK_REASON_LINE_MISSING] = "line_missing",
    [LK_REASON_GUARD_LOST] = "guard_lost",
    [LK_REASON_BOARD_UNVERIFIED] = "board_unverified",
    [LK_REASON_DEVICE_MISSING] = "device_missing",
    [LK_REASON_WIRING_CHANGED] = "wiring_changed",
    [LK_REASON_RESTORED] = "restored",
    [LK_REASON_DUPLICATE_ADDRESS] = "duplicate_address",
    [LK_REASON_WRONG_BOARD] = "wrong_board",
    [LK_REASON_GARBLED] = "garbled",
    [LK_REASON_INPUTS_SILENT] = "inputs_silent",
    [LK_REASON_STORE_FAILED] = "store_failed",
    [LK_REASON_BACKUP_FAILED] = "backup_failed",
    [LK_REASON_NOT_NOW] = "not_now",
    [LK_REASON_CANCELLED_BY_PERSON] = "cancelled_by_person",
    [LK_REASON_TIMED_OUT] = "timed_out",
    [LK_REASON_RECOVERED] = "recovered",
    [LK_REASON_STAFF_REQUEST] = "staff_request",
    [LK_REASON_SHUTTING_DOWN] = "shutting_down",
    [LK_REASON_BAD_REQUEST] = "bad_request",
    [LK_REASON_MALFORMED] = "malformed",
    [LK_REASON_BAD_SIGNATURE] = "bad_signature",
    [LK_REASON_UNKNOWN_KEY] = "unknown_key",
    [LK_REASON_WRONG_AUDIENCE] = "wrong_audience",
    [LK_REASON_EXPIRED] = "expired",
    [LK_REASON_NOT_YET_VALID] = "not_yet_valid",
    [LK_REASON_LIFETIME_TOO_LONG] = "lifetime_too_long",
    [LK_REASON_RETAINED] = "retained",
    [LK_REASON_UNKNOWN_COMMAND] = "unknown_command",
    [LK_REASON_BAD_ARGUMENT] = "bad_argument",
    [LK_REASON_ID_REUSED] = "id_reused",
    [LK_REASON_OVERSIZE] = "oversize",
    [LK_REASON_REMOTE_LIMIT] = "remote_limit",
    [LK_REASON_CODE_IN_USE] = "code_in_use",
    [LK_REASON_CLOCK_UNSYNCED] = "clock_unsynced",
    [LK_REASON_CLOCK_JUMPED] = "clock_jumped",
    [LK_REASON_OUTBOX_FILLING] = "outbox_filling",
    [LK_REASON_POWER_FAILING] = "power_failing",
    [LK_REASON_DISK_LOW] = "disk_low",
    [LK_REASON_DISK_SLOW] = "disk_slow",
    [LK_REASON_OUTBOX_FULL] = "outbox_full",
    [LK_REASON_EVENTS_LEFT_OUT] = "events_left_out",
    [LK_REASON_EVENTS_OVER] = "events_over",
    [LK_REASON_NO_SUCH_EVENT] = "no_such_event",
    [LK_REASON_NO_SUCH_STAFF] = "no_such_staff",
    [LK_REASON_BADGE_IN_USE] = "badge_in_use",
    [LK_REASON_STAFF_CHANGED] = "staff_changed",
    [LK_REASON_STAFF_REMOVED] = "staff_removed",
    [LK_REASON_NO_SEAL_KEY] = "no_seal_key",
    [LK_REASON_CERTIFICATE_EXPIRING] = "certificate_expiring",
    [LK_REASON_CERTIFICATE_EXPIRED] = "certificate_expired",
    [LK_REASON_CERTIFICATE_BAD] = "certificate_bad",
    [LK_REASON_RELOAD_FAILED] = "reload_failed",
    [LK_REASON_LOCK_NEAR_RATING] = "lock_near_rating",
    [LK_REASON_RELAY_NEAR_RATING] = "relay_near_rating",
    [LK_REASON_OPENING_SLOWER] = "opening_slower",
    [LK_REASON_JAMS_OFTEN] = "jams_often",
    [LK_REASON_DISK_WEARING] = "disk_wearing",
    [LK_REASON_TOO_HOT] = "too_hot",
    [LK_REASON_LOCK_REPLACED] = "lock_replaced",
    [LK_REASON_RELAY_REPLACED] = "relay_replaced",
    [LK_REASON_WRONG_TAIL] = "wrong_tail",
    [LK_REASON_WRONG_SITE] = "wrong_site",
    [LK_REASON_REJECTED] = "rejected",
    [LK_REASON_NOT_MINE] = "not_mine",
    [LK_REASON_NOTHING_INSIDE] = "nothing_inside",
    [LK_REASON_STILL_INSIDE] = "still_inside",
    [LK_REASON_DISPUTED] = "disputed",
    [LK_REASON_EXTENDED] = "extended",
    [LK_REASON_EXTEND_LIMIT] = "extend_limit",
    [LK_REASON_OVERDUE] = "overdue",
    [LK_REASON_NOT_CHECKED] = "not_checked",
    [LK_REASON_MISLOAD] = "misload",
    [LK_REASON_NOT_EMPTY] = "not_empty",
    [LK_REASON_NOT_FOUND_INSIDE] = "not_found_inside",
    [LK_REASON_BAD_WAYBILL] = "bad_waybill",
    [LK_REASON_RECEIVED] = "received",
    [LK_REASON_HANDED_OVER] = "handed_over",
    [LK_REASON_SENT_BY_POST] = "sent_by_post",
    [LK_REASON_UNDELIVERABLE] = "undeliverable",
    [LK_REASON_DELEGATE_GRANTED] = "delegate_granted",
    [LK_REASON_DELEGATE_REVOKED] = "delegate_revoked",
    [LK_REASON_CODE_REISSUED] = "code_reissued",
    [LK_REASON_CODE_REVOKED] = "code_revoked",
    [LK_REASON_DETAILS_CHANGED] = "details_changed",
    [LK_REASON_DROPOFF_OFF] = "dropoff_off",
    [LK_REASON_DROPOFF_GIVEN_UP] = "dropoff_given_up",
    [LK_REASON_AS_EXPECTED] = "as_expected",
    [LK_REASON_SECOND_PERSON] = "second_person",
    [LK_REASON_SIGN_IN_AGAIN] = "sign_in_again",
};

const char *lk_reason_name(enum lk_reason v)
{
    return lk_name_of(reason_names, LK_ARRAY_SIZE(reason_names), (int)v);
}

int lk_reason_parse(const char *name, enum lk_reason *ret_value)
{
    int v = lk_value_of(reason_names, LK_ARRAY_SIZE(reason_names), name);
    if (v < 0) {
        return v;
    }
    *ret_value = (enum lk_reason)v;
    return 0;
}

static const char *const event_type_names[] = {
    [LK_EV_ITEM_EXPECTED] = "item.expected",
    [LK_EV_ITEM_DEPOSITED] = "item.deposited",
    [LK_EV_ITEM_COLLECTED] = "item.collected",
    [LK_EV_ITEM_RECALLED] = "item.recalled",
    [LK_EV_ITEM_CANCELLED] = "item.cancelled",
    [LK_EV_ITEM_RETURNED] = "item.returned",
    [LK_EV_ITEM_SETTLED] = "item.settled",
    [LK_EV_DOOR_OPENED] = "door.opened",
    [LK_EV_DOOR_CLOSED] = "door.closed",
    [LK_EV_DOOR_OPEN_FAILED] = "door.open_failed",
    [LK_EV_DOOR_LEFT_OPEN] = "door.left_open",
    [LK_EV_DOOR_FORCED] = "door.forced",
    [LK_EV_DOOR_WRONG] = "door.wrong",
    [LK_EV_DOOR_BLOCKED] = "door.blocked",
    [LK_EV_DOOR_UNBLOCKED] = "door.unblocked",
    [LK_EV_ACCESS_DENIED] = "access.denied",
    [LK_EV_ACCESS_LOCKOUT] = "access.lockout",
    [LK_EV_ACCESS_STAFF_IN] = "access.staff_in",
    [LK_EV_ACCESS_STAFF_OUT] = "access.staff_out",
    [LK_EV_ACCESS_COMMAND_REFUSED] = "access.command_refused",
    [LK_EV_SITE_STARTED] = "site.started",
    [LK_EV_SITE_STOPPED] = "site.stopped",
    [LK_EV_SITE_BOARD_LOST] = "site.board_lost",
    [LK_EV_SITE_BOARD_BACK] = "site.board_back",
    [LK_EV_SITE_CLOCK] = "site.clock",
    [LK_EV_SITE_CONFIG] = "site.config",
    [LK_EV_SITE_DEGRADED] = "site.degraded",
    [LK_EV_AUDIT_MISMATCH] = "audit.mismatch",
    [LK_EV_ITEM_REMINDER] = "item.reminder",
    [LK_EV_ITEM_OVERDUE] = "item.overdue",
    [LK_EV_ITEM_TRANSFERRED] = "item.transferred",
    [LK_EV_ITEM_REJECTED] = "item.rejected",
    [LK_EV_ITEM_DISPUTED] = "item.disputed",
    [LK_EV_ITEM_UPDATED] = "item.updated",
    [LK_EV_ITEM_RATED] = "item.rated",
    [LK_EV_ITEM_ERASED] = "item.erased",
    [LK_EV_AUDIT_INSPECTION] = "audit.inspection",
    [LK_EV_AUDIT_PURGE] = "audit.purge",
};

const char *lk_event_type_name(enum lk_event_type v)
{
    return lk_name_of(event_type_names, LK_ARRAY_SIZE(event_type_names), (int)v);
}

int lk_event_type_parse(const char *name, enum lk_event_type *ret_value)
{
    int v = lk_value_of(event_type_names, LK_ARRAY_SIZE(event_type_names), name);
    if (v < 0) {
        return v;
    }
    *ret_value = (enum lk_event_type)v;
    return 0;
}
