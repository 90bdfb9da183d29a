#include "commands.h"

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
    lk_command_remember(s, LK_RESULT_PENDING, LK_REASON_NONE)->door = door;
    lk_opening_start(s, door, &by);
}
