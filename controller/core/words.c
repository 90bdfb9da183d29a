#include "core/words.h"

#include "base/cleanup.h"
#include "core/command.h"
#include "core/effect.h"
#include "core/input.h"
#include "core/state.h"

#include <errno.h>
#include <string.h>

static const char *name_of(const char *const *names, size_t count, int v)
{
    return v >= 0 && (size_t)v < count && names[v] ? names[v] : "?";
}

static int value_of(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (names[i] && strcmp(names[i], name) == 0) {
            return (int)i;
        }
    }
    return -EINVAL;
}

static const char *const door_state_names[] = {
    [LK_DOOR_UNKNOWN] = "unknown", [LK_DOOR_CLOSED] = "closed",       [LK_DOOR_PULSING] = "pulsing",
    [LK_DOOR_OPEN] = "open",       [LK_DOOR_LEFT_OPEN] = "left_open", [LK_DOOR_JAMMED] = "jammed",
    [LK_DOOR_FORCED] = "forced",   [LK_DOOR_LOST] = "lost",           [LK_DOOR_STATES] = "states",
};

const char *lk_door_state_name(enum lk_door_state v)
{
    return name_of(door_state_names, LK_ARRAY_SIZE(door_state_names), (int)v);
}

static const char *const sense_names[] = {
    [LK_SENSE_UNKNOWN] = "unknown",
    [LK_SENSE_CLOSED] = "closed",
    [LK_SENSE_OPEN] = "open",
};

const char *lk_sense_name(enum lk_sense v)
{
    return name_of(sense_names, LK_ARRAY_SIZE(sense_names), (int)v);
}

static const char *const use_names[] = {
    [LK_USE_FREE] = "free",
    [LK_USE_RESERVED] = "reserved",
    [LK_USE_OCCUPIED] = "occupied",
    [LK_USE_BLOCKED] = "blocked",
};

const char *lk_use_name(enum lk_use v)
{
    return name_of(use_names, LK_ARRAY_SIZE(use_names), (int)v);
}

int lk_use_parse(const char *name, enum lk_use *ret_value)
{
    int v = value_of(use_names, LK_ARRAY_SIZE(use_names), name);
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
    return name_of(custody_names, LK_ARRAY_SIZE(custody_names), (int)v);
}

int lk_custody_parse(const char *name, enum lk_custody *ret_value)
{
    int v = value_of(custody_names, LK_ARRAY_SIZE(custody_names), name);
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
    return name_of(channel_names, LK_ARRAY_SIZE(channel_names), (int)v);
}

int lk_channel_parse(const char *name, enum lk_channel *ret_value)
{
    int v = value_of(channel_names, LK_ARRAY_SIZE(channel_names), name);
    if (v < 0) {
        return v;
    }
    *ret_value = (enum lk_channel)v;
    return 0;
}

static const char *const actor_names[] = {
    [LK_ACTOR_SYSTEM] = "system", [LK_ACTOR_RECIPIENT] = "recipient",     [LK_ACTOR_COURIER] = "courier",
    [LK_ACTOR_CLERK] = "clerk",   [LK_ACTOR_MAINTENANCE] = "maintenance", [LK_ACTOR_UPSTREAM] = "upstream",
};

const char *lk_actor_name(enum lk_actor v)
{
    return name_of(actor_names, LK_ARRAY_SIZE(actor_names), (int)v);
}

int lk_actor_parse(const char *name, enum lk_actor *ret_value)
{
    int v = value_of(actor_names, LK_ARRAY_SIZE(actor_names), name);
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
    return name_of(purpose_names, LK_ARRAY_SIZE(purpose_names), (int)v);
}

int lk_purpose_parse(const char *name, enum lk_purpose *ret_value)
{
    int v = value_of(purpose_names, LK_ARRAY_SIZE(purpose_names), name);
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
    return name_of(outcome_names, LK_ARRAY_SIZE(outcome_names), (int)v);
}

int lk_outcome_parse(const char *name, enum lk_outcome *ret_value)
{
    int v = value_of(outcome_names, LK_ARRAY_SIZE(outcome_names), name);
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
    return name_of(pulse_report_names, LK_ARRAY_SIZE(pulse_report_names), (int)v);
}

static const char *const bank_state_names[] = {
    [LK_BANK_LOST] = "lost",
    [LK_BANK_READY] = "ready",
    [LK_BANK_STOPPED] = "stopped",
    [LK_BANK_STATES] = "states",
};

const char *lk_bank_state_name(enum lk_bank_state v)
{
    return name_of(bank_state_names, LK_ARRAY_SIZE(bank_state_names), (int)v);
}

static const char *const size_names[] = {
    [LK_SIZE_S] = "S",
    [LK_SIZE_M] = "M",
    [LK_SIZE_L] = "L",
    [LK_SIZE_XL] = "XL",
};

const char *lk_size_name(enum lk_size v)
{
    return name_of(size_names, LK_ARRAY_SIZE(size_names), (int)v);
}

int lk_size_parse(const char *name, enum lk_size *ret_value)
{
    int v = value_of(size_names, LK_ARRAY_SIZE(size_names), name);
    if (v < 0) {
        return v;
    }
    *ret_value = (enum lk_size)v;
    return 0;
}

static const char *const clock_quality_names[] = {
    [LK_CLOCK_UNSYNCED] = "unsynced",
    [LK_CLOCK_RTC] = "rtc",
    [LK_CLOCK_SYNCED] = "synced",
    [LK_CLOCK_QUALITIES] = "qualities",
};

const char *lk_clock_quality_name(enum lk_clock_quality v)
{
    return name_of(clock_quality_names, LK_ARRAY_SIZE(clock_quality_names), (int)v);
}

static const char *const result_names[] = {
    [LK_RESULT_OK] = "ok",           [LK_RESULT_REFUSED] = "refused", [LK_RESULT_FAILED] = "failed",
    [LK_RESULT_UNKNOWN] = "unknown", [LK_RESULT_PENDING] = "pending",
};

const char *lk_result_name(enum lk_result v)
{
    return name_of(result_names, LK_ARRAY_SIZE(result_names), (int)v);
}

int lk_result_parse(const char *name, enum lk_result *ret_value)
{
    int v = value_of(result_names, LK_ARRAY_SIZE(result_names), name);
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
};

const char *lk_reason_name(enum lk_reason v)
{
    return name_of(reason_names, LK_ARRAY_SIZE(reason_names), (int)v);
}

int lk_reason_parse(const char *name, enum lk_reason *ret_value)
{
    int v = value_of(reason_names, LK_ARRAY_SIZE(reason_names), name);
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
};

const char *lk_event_type_name(enum lk_event_type v)
{
    return name_of(event_type_names, LK_ARRAY_SIZE(event_type_names), (int)v);
}

int lk_event_type_parse(const char *name, enum lk_event_type *ret_value)
{
    int v = value_of(event_type_names, LK_ARRAY_SIZE(event_type_names), name);
    if (v < 0) {
        return v;
    }
    *ret_value = (enum lk_event_type)v;
    return 0;
}

static const char *const command_names[] = {
    [LK_CMD_ITEM_ANNOUNCE] = "item.announce",
    [LK_CMD_ITEM_CANCEL] = "item.cancel",
    [LK_CMD_COMPARTMENT_OPEN] = "compartment.open",
    [LK_CMD_STATUS_GET] = "status.get",
};

const char *lk_command_name(enum lk_command_kind v)
{
    return name_of(command_names, LK_ARRAY_SIZE(command_names), (int)v);
}

int lk_command_parse(const char *name, enum lk_command_kind *ret_value)
{
    int v = value_of(command_names, LK_ARRAY_SIZE(command_names), name);
    if (v < 0) {
        return v;
    }
    *ret_value = (enum lk_command_kind)v;
    return 0;
}

static const char *const input_names[] = {
    [LK_IN_BOOT] = "boot",
    [LK_IN_SHUTDOWN] = "shutdown",
    [LK_IN_TICK] = "tick",
    [LK_IN_CLOCK] = "clock",
    [LK_IN_SENSE] = "sense",
    [LK_IN_PULSE_DONE] = "pulse_done",
    [LK_IN_BANK] = "bank",
    [LK_IN_CODE] = "code",
    [LK_IN_SCAN] = "scan",
    [LK_IN_SIGN_IN] = "sign_in",
    [LK_IN_BUTTON] = "button",
    [LK_IN_COMMAND] = "command",
    [LK_IN_COMMAND_REFUSED] = "command_refused",
    [LK_IN_ADMIN] = "admin",
};

const char *lk_input_name(enum lk_input_kind v)
{
    return name_of(input_names, LK_ARRAY_SIZE(input_names), (int)v);
}

static const char *const button_names[] = {
    [LK_BUTTON_BACK] = "back",
    [LK_BUTTON_DONE] = "done",
    [LK_BUTTON_RETRY] = "retry",
    [LK_BUTTON_OPEN_AGAIN] = "open_again",
    [LK_BUTTON_LARGER] = "larger",
    [LK_BUTTON_OTHER] = "other",
    [LK_BUTTON_CANCEL] = "cancel",
    [LK_BUTTON_SIZE] = "size",
    [LK_BUTTON_DEPOSIT] = "deposit",
    [LK_BUTTON_RECALL] = "recall",
    [LK_BUTTON_RECALL_ITEM] = "recall_item",
    [LK_BUTTON_SIGN_OUT] = "sign_out",
};

const char *lk_button_name(enum lk_button v)
{
    return name_of(button_names, LK_ARRAY_SIZE(button_names), (int)v);
}

int lk_button_parse(const char *name, enum lk_button *ret_value)
{
    int v = value_of(button_names, LK_ARRAY_SIZE(button_names), name);
    if (v < 0) {
        return v;
    }
    *ret_value = (enum lk_button)v;
    return 0;
}

static const char *const admin_names[] = {
    [LK_ADMIN_OPEN] = "open",       [LK_ADMIN_BLOCK] = "block",   [LK_ADMIN_UNBLOCK] = "unblock",
    [LK_ADMIN_CONFIRM] = "confirm", [LK_ADMIN_SETTLE] = "settle",
};

const char *lk_admin_name(enum lk_admin_op v)
{
    return name_of(admin_names, LK_ARRAY_SIZE(admin_names), (int)v);
}

static const char *const scan_names[] = {
    [LK_SCAN_UNKNOWN] = "unknown",
    [LK_SCAN_TOKEN] = "token",
    [LK_SCAN_BADGE] = "badge",
    [LK_SCAN_ITEM] = "item",
};

const char *lk_scan_name(enum lk_scan_kind v)
{
    return name_of(scan_names, LK_ARRAY_SIZE(scan_names), (int)v);
}

static const char *const effect_names[] = {
    [LK_FX_INTENT_ADD] = "intent_add",
    [LK_FX_INTENT_SETTLE] = "intent_settle",
    [LK_FX_INTENT_WITHDRAW] = "intent_withdraw",
    [LK_FX_INTENT_FINISH] = "intent_finish",
    [LK_FX_ITEM_PUT] = "item_put",
    [LK_FX_ITEM_CUSTODY] = "item_custody",
    [LK_FX_ITEM_CANCELLED] = "item_cancelled",
    [LK_FX_SECRET_SET] = "secret_set",
    [LK_FX_SECRET_KILL] = "secret_kill",
    [LK_FX_DOOR_USE] = "door_use",
    [LK_FX_DOUBT] = "doubt",
    [LK_FX_BANK_STOP] = "bank_stop",
    [LK_FX_WIRING_SEEN] = "wiring_seen",
    [LK_FX_WIRING_CONFIRM] = "wiring_confirm",
    [LK_FX_LOCKOUT] = "lockout",
    [LK_FX_COMMAND] = "command",
    [LK_FX_EVENT] = "event",
    [LK_FX_PULSE] = "pulse",
    [LK_FX_REPLY] = "reply",
    [LK_FX_RESUME_BANK] = "resume_bank",
};

const char *lk_effect_name(enum lk_effect_kind v)
{
    return name_of(effect_names, LK_ARRAY_SIZE(effect_names), (int)v);
}

static const char *const screen_names[] = {
    [LK_SCREEN_HOME] = "home",
    [LK_SCREEN_NOTICE] = "notice",
    [LK_SCREEN_OPENING] = "opening",
    [LK_SCREEN_TAKE] = "take",
    [LK_SCREEN_TAKEN] = "taken",
    [LK_SCREEN_JAM] = "jam",
    [LK_SCREEN_STAFF_MENU] = "staff_menu",
    [LK_SCREEN_SCAN] = "scan",
    [LK_SCREEN_SIZE] = "size",
    [LK_SCREEN_PUT_OPENING] = "put_opening",
    [LK_SCREEN_PUT] = "put",
    [LK_SCREEN_PUT_BACK] = "put_back",
    [LK_SCREEN_PLACED] = "placed",
    [LK_SCREEN_PUT_JAM] = "put_jam",
    [LK_SCREEN_RECALL_LIST] = "recall_list",
    [LK_SCREEN_RECALL_OPENING] = "recall_opening",
    [LK_SCREEN_RECALL_TAKE] = "recall_take",
    [LK_SCREEN_RECALL_TAKEN] = "recall_taken",
    [LK_SCREEN_RECALL_JAM] = "recall_jam",
};

const char *lk_screen_name(enum lk_screen v)
{
    return name_of(screen_names, LK_ARRAY_SIZE(screen_names), (int)v);
}
