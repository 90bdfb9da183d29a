/* Who may sign in: added, changed and removed, by upstream and by lockerctl. Here are hashes only (law 12). */
#include "commands.h"

#include <string.h>

/* Nobody yet may be touched by whoever may touch anybody. */
static bool may_touch(const struct lk_step *s, enum lk_actor role)
{
    enum lk_remote_staff needed = role == LK_ACTOR_SYSTEM    ? LK_REMOTE_COURIERS
                                  : role == LK_ACTOR_COURIER ? LK_REMOTE_COURIERS
                                  : role == LK_ACTOR_CLERK   ? LK_REMOTE_CLERKS
                                                             : LK_REMOTE_EVERYBODY;
    return s->cfg->remote_staff >= needed;
}

/* Who was somebody else a moment ago does not work on as them. */
static void end_session(struct lk_step *s, const char *id)
{
    const struct lk_session *session = &s->core->session;
    if (session->staff != LK_ACTOR_SYSTEM && strcmp(session->who, id) == 0) {
        lk_session_sign_out(s, LK_REASON_STAFF_CHANGED);
    }
}

static void change(struct lk_step *s, enum lk_effect_kind kind, const struct lk_member *member, struct lk_event *e)
{
    lk_fx(s, kind)->member = *member;
    memcpy(e->staff, member->id, sizeof(e->staff));
    end_session(s, member->id);
}

static struct lk_event *told(struct lk_step *s, enum lk_reason what)
{
    struct lk_event *e = lk_fx_event(s, LK_EV_SITE_CONFIG, LK_NO_DOOR);
    e->actor = LK_ACTOR_UPSTREAM;
    memcpy(e->who, s->in->command.issuer, sizeof(e->who));
    memcpy(e->jti, s->in->command.jti, sizeof(e->jti));
    e->reason = what;
    return e;
}

static enum lk_reason put_refusal(const struct lk_member *member, enum lk_actor role_now, bool badge_in_use)
{
    if (role_now == LK_ACTOR_SYSTEM && member->pin_hash[0] == '\0') {
        return LK_REASON_BAD_ARGUMENT; /* nobody could sign in as them */
    }
    return badge_in_use ? LK_REASON_BADGE_IN_USE : LK_REASON_NONE;
}

void lk_command_staff_upsert(struct lk_step *s)
{
    const struct lk_member *member = &s->in->command.member;
    bool allowed = may_touch(s, member->role) && may_touch(s, s->in->member_role);
    enum lk_reason reason =
        allowed ? put_refusal(member, s->in->member_role, s->in->badge_in_use) : LK_REASON_NOT_ALLOWED;
    if (reason == LK_REASON_NONE) {
        change(s, LK_FX_STAFF_PUT, member, told(s, LK_REASON_STAFF_CHANGED));
    }
    lk_command_settle(s, reason);
}

void lk_command_staff_remove(struct lk_step *s)
{
    enum lk_reason reason = s->in->member_role == LK_ACTOR_SYSTEM ? LK_REASON_NO_SUCH_STAFF
                            : !may_touch(s, s->in->member_role)   ? LK_REASON_NOT_ALLOWED
                                                                  : LK_REASON_NONE;
    if (reason == LK_REASON_NONE) {
        change(s, LK_FX_STAFF_REMOVE, &s->in->command.member, told(s, LK_REASON_STAFF_REMOVED));
    }
    lk_command_settle(s, reason);
}

void lk_staff_admin(struct lk_step *s)
{
    bool put = s->in->admin == LK_ADMIN_STAFF_PUT;
    enum lk_reason reason = put ? put_refusal(&s->in->member, s->in->member_role, s->in->badge_in_use)
                            : s->in->member_role == LK_ACTOR_SYSTEM ? LK_REASON_NO_SUCH_STAFF
                                                                    : LK_REASON_NONE;
    if (reason == LK_REASON_NONE) {
        enum lk_reason what = put ? LK_REASON_STAFF_CHANGED : LK_REASON_STAFF_REMOVED;
        change(s, put ? LK_FX_STAFF_PUT : LK_FX_STAFF_REMOVE, &s->in->member,
               lk_fx_staff(s, LK_EV_SITE_CONFIG, LK_NO_DOOR, what));
    }
    lk_fx_answer(s, reason == LK_REASON_NONE ? LK_RESULT_OK : LK_RESULT_REFUSED, reason);
}
