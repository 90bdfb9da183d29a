#include "base/text.h"
#include "machine.h"

#include <string.h>

enum { DAY_MS = 86400000 };

static struct lk_effect *remember(struct lk_step *s, enum lk_result result, enum lk_reason reason)
{
    struct lk_effect *fx = lk_fx(s, LK_FX_COMMAND);
    memcpy(fx->jti, s->in->command.jti, sizeof(fx->jti));
    memcpy(fx->digest, s->in->command.digest, sizeof(fx->digest));
    fx->result = result;
    fx->reason = reason;
    return fx;
}

static void refuse(struct lk_step *s, enum lk_reason reason)
{
    struct lk_event *e = lk_fx_event(s, LK_EV_ACCESS_COMMAND_REFUSED, LK_NO_DOOR);
    e->reason = reason;
    e->actor = LK_ACTOR_UPSTREAM;
    memcpy(e->who, s->in->command.issuer, sizeof(e->who));
    memcpy(e->jti, s->in->command.jti, sizeof(e->jti));
    (void)remember(s, LK_RESULT_REFUSED, reason);
}

static struct lk_event *item_event(struct lk_step *s, enum lk_event_type type)
{
    struct lk_event *e = lk_fx_event(s, type, LK_NO_DOOR);
    memcpy(e->item, s->in->command.item.id, sizeof(e->item));
    memcpy(e->jti, s->in->command.jti, sizeof(e->jti));
    memcpy(e->who, s->in->command.issuer, sizeof(e->who));
    e->actor = LK_ACTOR_UPSTREAM;
    return e;
}

/* --- item.announce
 * ------------------------------------------------------------------------------------------------------ */

static enum lk_reason announce_refusal(const struct lk_step *s)
{
    if (s->in->code_in_use) {
        return LK_REASON_CODE_IN_USE;
    }
    if (!s->in->found) {
        return LK_REASON_NONE;
    }
    /* An item that a courier brought before upstream named it has no code yet: now it gets one. */
    bool waits = s->in->item.custody == LK_CUSTODY_EXPECTED || s->in->item.custody == LK_CUSTODY_IN_LOCKER;
    return waits && !s->in->code_live && !s->in->item.cancelled ? LK_REASON_NONE : LK_REASON_ITEM_EXISTS;
}

static void announce(struct lk_step *s)
{
    enum lk_reason reason = announce_refusal(s);
    if (reason != LK_REASON_NONE) {
        refuse(s, reason);
        return;
    }
    struct lk_effect *put = lk_fx(s, LK_FX_ITEM_PUT);
    put->item = s->in->command.item;
    put->item.custody = s->in->found ? s->in->item.custody : LK_CUSTODY_EXPECTED;
    if (s->in->secret.has_code || s->in->secret.has_token) {
        struct lk_effect *set = lk_fx(s, LK_FX_SECRET_SET);
        set->item = put->item;
        set->secret = s->in->secret;
    }
    if (!s->in->found) {
        item_event(s, LK_EV_ITEM_EXPECTED)->to = LK_CUSTODY_EXPECTED;
    }
    lk_deposit_changed(s, &put->item);
    (void)remember(s, LK_RESULT_OK, LK_REASON_NONE);
}

/* --- item.cancel
 * -------------------------------------------------------------------------------------------------------- */

static enum lk_reason cancel_refusal(const struct lk_step *s, int door)
{
    const struct lk_item *item = &s->in->item;
    if (!s->in->found) {
        return LK_REASON_NO_SUCH_ITEM;
    }
    if (item->cancelled) {
        return LK_REASON_ITEM_CANCELLED;
    }
    if (item->custody != LK_CUSTODY_EXPECTED && item->custody != LK_CUSTODY_IN_LOCKER) {
        return lk_custody_reason(item->custody);
    }
    if (door == LK_NO_DOOR) {
        return LK_REASON_NONE;
    }
    const struct lk_door *d = &s->core->door[door];
    bool changing_hands = d->op.purpose != LK_PURPOSE_NONE || d->doubt_until_ms != LK_NEVER;
    return changing_hands ? LK_REASON_DOOR_BUSY : LK_REASON_NONE;
}

static void cancel(struct lk_step *s)
{
    const struct lk_item *item = &s->in->item;
    int door = lk_custody_door(s->core, s->in->command.item.id);
    enum lk_reason reason = cancel_refusal(s, door);
    if (reason != LK_REASON_NONE) {
        refuse(s, reason);
        return;
    }
    struct lk_event *e = item_event(s, LK_EV_ITEM_CANCELLED);
    e->door = door;
    memcpy(lk_fx(s, LK_FX_ITEM_CANCELLED)->item.id, item->id, sizeof(item->id));
    lk_fx_secret_kill(s, item->id);
    if (item->custody == LK_CUSTODY_EXPECTED) {
        e->from = LK_CUSTODY_EXPECTED;
        e->to = LK_CUSTODY_RETURNED;
        lk_fx_custody(s, item->id, LK_CUSTODY_EXPECTED, LK_CUSTODY_RETURNED, LK_NO_DOOR);
    }
    struct lk_item now = *item;
    now.cancelled = true;
    lk_deposit_changed(s, &now);
    (void)remember(s, LK_RESULT_OK, LK_REASON_NONE);
}

/* --- compartment.open
 * ----------------------------------------------------------------------------------------------------- */

static bool remote_allowed(const struct lk_step *s)
{
    unsigned day = 0, lately = 0;
    for (int i = 0; i < LK_REMOTE_KEPT; i++) {
        int64_t at = s->core->remote_at_ms[i];
        bool used = at != LK_NEVER;
        day += used && s->in->now_ms - at < DAY_MS;
        lately += used && s->in->now_ms - at < s->cfg->remote_short_ms;
    }
    return day < s->cfg->remote_day_most && lately < s->cfg->remote_short_most;
}

static void open_compartment(struct lk_step *s)
{
    int door = s->in->command.door;
    enum lk_reason reason = door == LK_NO_DOOR ? LK_REASON_NO_SUCH_DOOR : lk_opening_refusal(s, door);
    if (reason == LK_REASON_NONE && s->core->door[door].op.purpose != LK_PURPOSE_NONE) {
        reason = LK_REASON_DOOR_BUSY;
    }
    if (reason == LK_REASON_NONE && !remote_allowed(s)) {
        reason = LK_REASON_REMOTE_LIMIT;
    }
    if (reason != LK_REASON_NONE) {
        refuse(s, reason);
        return;
    }
    s->core->remote_at_ms[s->core->remote_next] = s->in->now_ms;
    s->core->remote_next = (s->core->remote_next + 1) % LK_REMOTE_KEPT;
    struct lk_authority by = {
        .purpose = LK_PURPOSE_REMOTE,
        .actor = LK_ACTOR_UPSTREAM,
        .who = s->in->command.issuer,
        .item = s->core->door[door].item,
        .from = LK_CUSTODY_NONE,
        .jti = s->in->command.jti,
    };
    remember(s, LK_RESULT_PENDING, LK_REASON_NONE)->door = door;
    lk_opening_start(s, door, &by);
}

void lk_command_answer(struct lk_step *s, int door, const char *jti, enum lk_result result, enum lk_reason reason,
                       enum lk_outcome outcome)
{
    struct lk_effect *fx = lk_fx(s, LK_FX_COMMAND);
    (void)lk_text_copy(fx->jti, sizeof(fx->jti), jti);
    fx->door = door;
    fx->result = result;
    fx->reason = reason;
    fx->outcome = outcome;
}

void lk_command_run(struct lk_step *s)
{
    switch (s->in->command.kind) {
    case LK_CMD_ITEM_ANNOUNCE:
        announce(s);
        break;
    case LK_CMD_ITEM_CANCEL:
        cancel(s);
        break;
    case LK_CMD_COMPARTMENT_OPEN:
        open_compartment(s);
        break;
    case LK_CMD_STATUS_GET:
        remember(s, LK_RESULT_OK, LK_REASON_NONE)->status = true;
        break;
    case LK_CMD_ITEM_UPDATE:
    case LK_CMD_ITEM_TRANSFER:
    case LK_CMD_ITEM_EXTEND:
    case LK_CMD_ITEM_DELIVERED:
    case LK_CMD_ITEM_RECEIVED:
    case LK_CMD_CODE_REISSUE:
    case LK_CMD_CODE_REVOKE:
    case LK_CMD_DELEGATE_GRANT:
    case LK_CMD_DELEGATE_REVOKE:
        refuse(s, LK_REASON_UNKNOWN_COMMAND);
        break;
    case LK_COMMANDS:
        break;
    }
}

void lk_command_refuse(struct lk_step *s)
{
    struct lk_event *e = lk_fx_event(s, LK_EV_ACCESS_COMMAND_REFUSED, LK_NO_DOOR);
    e->reason = s->in->reason;
    e->actor = LK_ACTOR_UPSTREAM;
    memcpy(e->jti, s->in->jti, sizeof(e->jti));
}
