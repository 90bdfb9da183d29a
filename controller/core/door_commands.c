#include "commands.h"

#include <string.h>

enum { DAY_MS = 86400000 };

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

static enum lk_reason open_refusal(const struct lk_step *s, int door)
{
    enum lk_reason reason = door == LK_NO_DOOR ? LK_REASON_NO_SUCH_DOOR : lk_opening_refusal(s, door);
    if (reason == LK_REASON_NONE && s->core->door[door].op.purpose != LK_PURPOSE_NONE) {
        reason = LK_REASON_DOOR_BUSY;
    }
    return reason == LK_REASON_NONE && !remote_allowed(s) ? LK_REASON_REMOTE_LIMIT : reason;
}

void lk_command_open(struct lk_step *s)
{
    int door = s->in->command.door;
    enum lk_reason reason = open_refusal(s, door);
    if (reason != LK_REASON_NONE) {
        lk_command_settle(s, reason);
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
    (void)lk_command_remember(s, LK_RESULT_PENDING, LK_REASON_NONE);
    lk_opening_start(s, door, &by);
}

/* --- out of use, and back --------------------------------------------------------------------------------------- */

static struct lk_event *door_event(struct lk_step *s, enum lk_event_type type)
{
    struct lk_event *e = lk_fx_event(s, type, s->in->command.door);
    lk_fx_nobody(e);
    e->actor = LK_ACTOR_UPSTREAM;
    memcpy(e->who, s->in->command.issuer, sizeof(e->who));
    memcpy(e->jti, s->in->command.jti, sizeof(e->jti));
    e->reason = LK_REASON_STAFF_REQUEST;
    return e;
}

void lk_command_block(struct lk_step *s)
{
    int door = s->in->command.door;
    enum lk_reason reason = door == LK_NO_DOOR ? LK_REASON_NO_SUCH_DOOR : lk_door_block_refusal(&s->core->door[door]);
    if (reason == LK_REASON_NONE) {
        memcpy(door_event(s, LK_EV_DOOR_BLOCKED)->note, s->in->command.note, sizeof(s->in->command.note));
        lk_fx_use(s, door, LK_USE_BLOCKED, "", LK_REASON_STAFF_REQUEST);
    }
    lk_command_settle(s, reason);
}

/* What waits for somebody to look is not for upstream to free: it cannot see the compartment. */
static enum lk_reason unblock_refusal(const struct lk_door *d)
{
    enum lk_reason reason = lk_door_unblock_refusal(d);
    bool asked = d->blocked_for == LK_REASON_STAFF_REQUEST;
    return d->use == LK_USE_BLOCKED && !asked ? LK_REASON_NOT_ALLOWED : reason;
}

void lk_command_unblock(struct lk_step *s)
{
    int door = s->in->command.door;
    enum lk_reason reason = door == LK_NO_DOOR ? LK_REASON_NO_SUCH_DOOR : unblock_refusal(&s->core->door[door]);
    if (reason == LK_REASON_NONE) {
        (void)door_event(s, LK_EV_DOOR_UNBLOCKED);
        lk_fx_use(s, door, LK_USE_FREE, "", LK_REASON_NONE);
    }
    lk_command_settle(s, reason);
}
