#include "commands.h"

#include "base/text.h"

#include <string.h>

struct lk_effect *lk_command_remember(struct lk_step *s, enum lk_result result, enum lk_reason reason)
{
    struct lk_effect *fx = lk_fx(s, LK_FX_COMMAND);
    memcpy(fx->jti, s->in->command.jti, sizeof(fx->jti));
    memcpy(fx->digest, s->in->command.digest, sizeof(fx->digest));
    fx->door = s->in->command.door;
    fx->result = result;
    fx->reason = reason;
    fx->sealed = result == LK_RESULT_OK ? s->in->command.sealed : NULL;
    return fx;
}

static void refuse(struct lk_step *s, enum lk_reason reason)
{
    struct lk_event *e = lk_fx_event(s, LK_EV_ACCESS_COMMAND_REFUSED, LK_NO_DOOR);
    e->reason = reason;
    e->actor = LK_ACTOR_UPSTREAM;
    memcpy(e->who, s->in->command.issuer, sizeof(e->who));
    memcpy(e->jti, s->in->command.jti, sizeof(e->jti));
    (void)lk_command_remember(s, LK_RESULT_REFUSED, reason);
}

void lk_command_settle(struct lk_step *s, enum lk_reason reason)
{
    if (reason == LK_REASON_NONE) {
        (void)lk_command_remember(s, LK_RESULT_OK, LK_REASON_NONE);
    } else {
        refuse(s, reason);
    }
}

struct lk_event *lk_command_event(struct lk_step *s, enum lk_event_type type)
{
    struct lk_event *e = lk_fx_event(s, type, LK_NO_DOOR);
    memcpy(e->item, s->in->command.item.id, sizeof(e->item));
    memcpy(e->jti, s->in->command.jti, sizeof(e->jti));
    memcpy(e->who, s->in->command.issuer, sizeof(e->who));
    e->actor = LK_ACTOR_UPSTREAM;
    e->door = lk_custody_door(s->core, e->item);
    return e;
}

struct lk_by lk_command_by(const struct lk_step *s)
{
    return (struct lk_by){.actor = LK_ACTOR_UPSTREAM, .who = s->in->command.issuer, .jti = s->in->command.jti};
}

const struct lk_item *lk_command_item(const struct lk_step *s)
{
    return s->in->found ? &s->in->item : NULL;
}

enum lk_reason lk_command_item_refusal(const struct lk_step *s)
{
    const struct lk_item *item = &s->in->item;
    if (!s->in->found) {
        return LK_REASON_NO_SUCH_ITEM;
    }
    if (item->custody == LK_CUSTODY_COLLECTED || item->custody == LK_CUSTODY_RETURNED) {
        return lk_custody_reason(item->custody);
    }
    return item->dropoff ? LK_REASON_NOT_ALLOWED : item->cancelled ? LK_REASON_ITEM_CANCELLED : LK_REASON_NONE;
}

void lk_command_code_died(struct lk_step *s, enum lk_holder holder, enum lk_reason reason)
{
    const struct lk_session *session = &s->core->session;
    bool theirs = holder == LK_HOLDERS || holder == session->item.holder;
    if (theirs && session->screen == LK_SCREEN_SECOND && strcmp(session->item.id, s->in->command.item.id) == 0) {
        lk_session_notice(s, reason);
    }
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

static void status(struct lk_step *s)
{
    lk_command_remember(s, LK_RESULT_OK, LK_REASON_NONE)->status = true;
}

/* What upstream lost comes again; only what is kept can. */
static void replay(struct lk_step *s)
{
    uint64_t from = s->in->command.replay_from;
    bool there = from >= s->in->first_seq && from <= s->in->last_seq;
    if (there) {
        lk_fx(s, LK_FX_REPLAY)->seq = from;
    }
    lk_command_settle(s, there ? LK_REASON_NONE : LK_REASON_NO_SUCH_EVENT);
}

void lk_command_run(struct lk_step *s)
{
    static void (*const handlers[LK_COMMANDS])(struct lk_step * s) = {
        [LK_CMD_ITEM_ANNOUNCE] = lk_command_announce,
        [LK_CMD_ITEM_UPDATE] = lk_command_update,
        [LK_CMD_ITEM_CANCEL] = lk_command_cancel,
        [LK_CMD_ITEM_TRANSFER] = lk_command_transfer,
        [LK_CMD_ITEM_EXTEND] = lk_command_extend,
        [LK_CMD_ITEM_DELIVERED] = lk_command_delivered,
        [LK_CMD_ITEM_RECEIVED] = lk_command_received,
        [LK_CMD_CODE_REISSUE] = lk_command_reissue,
        [LK_CMD_CODE_REVOKE] = lk_command_revoke,
        [LK_CMD_DELEGATE_GRANT] = lk_command_grant,
        [LK_CMD_DELEGATE_REVOKE] = lk_command_ungrant,
        [LK_CMD_COMPARTMENT_OPEN] = lk_command_open,
        [LK_CMD_STATUS_GET] = status,
        [LK_CMD_COMPARTMENT_BLOCK] = lk_command_block,
        [LK_CMD_COMPARTMENT_UNBLOCK] = lk_command_unblock,
        [LK_CMD_STAFF_UPSERT] = lk_command_staff_upsert,
        [LK_CMD_STAFF_REMOVE] = lk_command_staff_remove,
        [LK_CMD_EVENTS_REPLAY] = replay,
    };
    if (s->in->command.kind < LK_COMMANDS) {
        handlers[s->in->command.kind](s);
    }
}

void lk_command_refuse(struct lk_step *s)
{
    struct lk_event *e = lk_fx_event(s, LK_EV_ACCESS_COMMAND_REFUSED, LK_NO_DOOR);
    e->reason = s->in->reason;
    e->actor = LK_ACTOR_UPSTREAM;
    memcpy(e->jti, s->in->jti, sizeof(e->jti));
}
