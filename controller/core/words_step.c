/* The names of what goes in and out of a step; words.c has those of what the site is made of. */
#include "base/cleanup.h"
#include "core/command.h"
#include "core/effect.h"
#include "core/input.h"
#include "core/state.h"
#include "names.h"

#include <errno.h>

static const char *const command_names[] = {
    [LK_CMD_ITEM_ANNOUNCE] = "item.announce",
    [LK_CMD_ITEM_CANCEL] = "item.cancel",
    [LK_CMD_COMPARTMENT_OPEN] = "compartment.open",
    [LK_CMD_STATUS_GET] = "status.get",
    [LK_CMD_ITEM_UPDATE] = "item.update",
    [LK_CMD_ITEM_TRANSFER] = "item.transfer",
    [LK_CMD_ITEM_EXTEND] = "item.extend",
    [LK_CMD_ITEM_DELIVERED] = "item.delivered",
    [LK_CMD_ITEM_RECEIVED] = "item.received",
    [LK_CMD_CODE_REISSUE] = "code.reissue",
    [LK_CMD_CODE_REVOKE] = "code.revoke",
    [LK_CMD_DELEGATE_GRANT] = "delegate.grant",
    [LK_CMD_DELEGATE_REVOKE] = "delegate.revoke",
    [LK_CMD_COMPARTMENT_BLOCK] = "compartment.block",
    [LK_CMD_COMPARTMENT_UNBLOCK] = "compartment.unblock",
    [LK_CMD_STAFF_UPSERT] = "staff.upsert",
    [LK_CMD_STAFF_REMOVE] = "staff.remove",
    [LK_CMD_EVENTS_REPLAY] = "events.replay",
};

const char *lk_command_name(enum lk_command_kind v)
{
    return lk_name_of(command_names, LK_ARRAY_SIZE(command_names), (int)v);
}

int lk_command_parse(const char *name, enum lk_command_kind *ret_value)
{
    int v = lk_value_of(command_names, LK_ARRAY_SIZE(command_names), name);
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
    [LK_IN_SECOND] = "second",
    [LK_IN_CASE] = "case",
    [LK_IN_DUE] = "due",
    [LK_IN_OUTBOX] = "outbox",
    [LK_IN_RESTORED] = "restored",
    [LK_IN_SITE] = "site",
};

const char *lk_input_name(enum lk_input_kind v)
{
    return lk_name_of(input_names, LK_ARRAY_SIZE(input_names), (int)v);
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
    [LK_BUTTON_SMALLER] = "smaller",
    [LK_BUTTON_NOT_EMPTY] = "not_empty",
    [LK_BUTTON_JOIN] = "join",
    [LK_BUTTON_NOT_MINE] = "not_mine",
    [LK_BUTTON_NOTHING_INSIDE] = "nothing_inside",
    [LK_BUTTON_STILL_INSIDE] = "still_inside",
    [LK_BUTTON_REFUSE] = "refuse",
    [LK_BUTTON_CONFIRM] = "confirm",
    [LK_BUTTON_NEXT] = "next",
    [LK_BUTTON_RATE] = "rate",
    [LK_BUTTON_MORE_TIME] = "more_time",
    [LK_BUTTON_DROP_OFF] = "drop_off",
    [LK_BUTTON_WINDOW] = "window",
    [LK_BUTTON_RECEIVE] = "receive",
    [LK_BUTTON_HAND_OVER] = "hand_over",
    [LK_BUTTON_SEND_POST] = "send_post",
    [LK_BUTTON_RETURN_ITEM] = "return_item",
    [LK_BUTTON_RECALL_POST] = "recall_post",
    [LK_BUTTON_ROUND] = "round",
    [LK_BUTTON_RECEIPT] = "receipt",
};

const char *lk_button_name(enum lk_button v)
{
    return lk_name_of(button_names, LK_ARRAY_SIZE(button_names), (int)v);
}

int lk_button_parse(const char *name, enum lk_button *ret_value)
{
    int v = lk_value_of(button_names, LK_ARRAY_SIZE(button_names), name);
    if (v < 0) {
        return v;
    }
    *ret_value = (enum lk_button)v;
    return 0;
}

static const char *const admin_names[] = {
    [LK_ADMIN_OPEN] = "open",           [LK_ADMIN_BLOCK] = "block",
    [LK_ADMIN_UNBLOCK] = "unblock",     [LK_ADMIN_CONFIRM] = "confirm",
    [LK_ADMIN_SETTLE] = "settle",       [LK_ADMIN_RECEIVE] = "receive",
    [LK_ADMIN_HAND_OVER] = "hand_over", [LK_ADMIN_SEND] = "send",
    [LK_ADMIN_RETURN] = "return",       [LK_ADMIN_REJECT] = "reject",
    [LK_ADMIN_EXTEND] = "extend",       [LK_ADMIN_INSPECTED] = "inspected",
    [LK_ADMIN_REPLACED] = "replaced",   [LK_ADMIN_ROUND] = "round",
    [LK_ADMIN_STAFF_PUT] = "staff_put", [LK_ADMIN_STAFF_REMOVE] = "staff_remove",
};

const char *lk_admin_name(enum lk_admin_op v)
{
    return lk_name_of(admin_names, LK_ARRAY_SIZE(admin_names), (int)v);
}

static const char *const scan_names[] = {
    [LK_SCAN_UNKNOWN] = "unknown",
    [LK_SCAN_TOKEN] = "token",
    [LK_SCAN_BADGE] = "badge",
    [LK_SCAN_ITEM] = "item",
};

const char *lk_scan_name(enum lk_scan_kind v)
{
    return lk_name_of(scan_names, LK_ARRAY_SIZE(scan_names), (int)v);
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
    [LK_FX_WEAR_RESET] = "wear_reset",
    [LK_FX_COMMAND] = "command",
    [LK_FX_EVENT] = "event",
    [LK_FX_PULSE] = "pulse",
    [LK_FX_REPLY] = "reply",
    [LK_FX_RESUME_BANK] = "resume_bank",
    [LK_FX_INTENT_TURN] = "intent_turn",
    [LK_FX_ITEM_REJECTED] = "item_rejected",
    [LK_FX_ITEM_REMINDED] = "item_reminded",
    [LK_FX_ITEM_OVERDUE] = "item_overdue",
    [LK_FX_ITEM_EXTEND] = "item_extend",
    [LK_FX_ITEM_WAYBILL] = "item_waybill",
    [LK_FX_ITEM_ERASE] = "item_erase",
    [LK_FX_RECORDS_PURGE] = "records_purge",
    [LK_FX_SECRET_REVOKE] = "secret_revoke",
    [LK_FX_STAFF_PUT] = "staff_put",
    [LK_FX_STAFF_REMOVE] = "staff_remove",
    [LK_FX_REPLAY] = "replay",
    [LK_FX_EVENTS_PURGE] = "events_purge",
    [LK_FX_LEFT_OUT] = "left_out",
};

const char *lk_effect_name(enum lk_effect_kind v)
{
    return lk_name_of(effect_names, LK_ARRAY_SIZE(effect_names), (int)v);
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
    [LK_SCREEN_SECOND] = "second",
    [LK_SCREEN_REFUSE_ASK] = "refuse_ask",
    [LK_SCREEN_GIVE_BACK] = "give_back",
    [LK_SCREEN_EXTEND] = "extend",
    [LK_SCREEN_DROP_CASE] = "drop_case",
    [LK_SCREEN_DROP_SIZE] = "drop_size",
    [LK_SCREEN_DROP_OPENING] = "drop_opening",
    [LK_SCREEN_DROP_PUT] = "drop_put",
    [LK_SCREEN_DROP_BACK] = "drop_back",
    [LK_SCREEN_DROP_PLACED] = "drop_placed",
    [LK_SCREEN_DROP_JAM] = "drop_jam",
    [LK_SCREEN_ASK] = "ask",
    [LK_SCREEN_CHECK] = "check",
    [LK_SCREEN_WAYBILL] = "waybill",
    [LK_SCREEN_WINDOW] = "window",
    [LK_SCREEN_WINDOW_ITEM] = "window_item",
    [LK_SCREEN_HAND_OVER] = "hand_over",
    [LK_SCREEN_RECEIPT] = "receipt",
};

const char *lk_screen_name(enum lk_screen v)
{
    return lk_name_of(screen_names, LK_ARRAY_SIZE(screen_names), (int)v);
}
