/* Upstream's commands about compartments, staff and the log, and the same by lockerctl. */
#include "bench.h"

enum { SECRET = 11112222 };

static enum lk_reason told(void)
{
    const struct lk_effect *fx = find_fx(LK_FX_COMMAND);
    CHECK_INT(count_fx(LK_FX_COMMAND), 1);
    CHECK_INT(fx->result, fx->reason == LK_REASON_NONE ? LK_RESULT_OK : LK_RESULT_REFUSED);
    CHECK_INT(find_event(LK_EV_ACCESS_COMMAND_REFUSED) != NULL, fx->reason != LK_REASON_NONE);
    return fx->reason;
}

/* --- compartments --------------------------------------------------------------------------------------------------
 */

static enum lk_reason about_door(enum lk_command_kind kind, int door)
{
    struct lk_input in = command(kind);
    in.command.door = door;
    (void)lk_text_copy(in.command.note, sizeof(in.command.note), "the hinge is bent");
    feed(in);
    return told();
}

/* As after an incident or a request, whichever. */
static void by_staff(enum lk_reason blocked_for)
{
    bench.core.door[A01].use = LK_USE_BLOCKED;
    bench.core.door[A01].blocked_for = blocked_for;
}

/* Past the bench's own store, which knows nothing of by_staff(). */
static enum lk_reason answer_to_unblock(void)
{
    static struct lk_effects fx;
    struct lk_input in = command(LK_CMD_COMPARTMENT_UNBLOCK);
    in.command.door = A01;
    lk_core_step(&bench.cfg, &bench.core, &in, &fx);
    CHECK_INT(fx.at[fx.count - 1].kind, LK_FX_COMMAND);
    return fx.at[fx.count - 1].reason;
}

CASE(a_free_compartment_goes_out_of_use_and_back)
{
    setup();
    CHECK_INT(about_door(LK_CMD_COMPARTMENT_BLOCK, A01), LK_REASON_NONE);
    const struct lk_event *e = find_event(LK_EV_DOOR_BLOCKED);
    CHECK_INT(e->actor, LK_ACTOR_UPSTREAM);
    CHECK_STR(e->note, "the hinge is bent");
    CHECK(e->jti[0] != '\0');
    CHECK_INT(bench.core.door[A01].use, LK_USE_BLOCKED);
    CHECK_INT(about_door(LK_CMD_COMPARTMENT_BLOCK, A01), LK_REASON_DOOR_BLOCKED);
    CHECK_INT(about_door(LK_CMD_COMPARTMENT_UNBLOCK, A01), LK_REASON_NONE);
    CHECK(find_event(LK_EV_DOOR_UNBLOCKED) != NULL);
    CHECK_INT(bench.core.door[A01].use, LK_USE_FREE);
    CHECK_INT(about_door(LK_CMD_COMPARTMENT_UNBLOCK, A01), LK_REASON_DOOR_NOT_BLOCKED);
    CHECK_INT(about_door(LK_CMD_COMPARTMENT_BLOCK, LK_NO_DOOR), LK_REASON_NO_SUCH_DOOR);
    CHECK_INT(about_door(LK_CMD_COMPARTMENT_UNBLOCK, LK_NO_DOOR), LK_REASON_NO_SUCH_DOOR);
    CHECK_INT(count_fx(LK_FX_PULSE), 0);
}

CASE(what_holds_an_item_is_not_blocked)
{
    setup();
    CHECK_INT(stock("X1", SECRET, 0), A01);
    CHECK_INT(about_door(LK_CMD_COMPARTMENT_BLOCK, A01), LK_REASON_DOOR_OCCUPIED);
    CHECK_INT(custody("X1"), LK_CUSTODY_IN_LOCKER);
}

/* Every reason a compartment can be blocked for: only a request may be taken back from afar. */
CASE(what_waits_for_somebody_to_look_is_not_freed_from_afar)
{
    for (int reason = LK_REASON_NONE + 1; reason < LK_REASONS; reason++) {
        setup();
        by_staff((enum lk_reason)reason);
        bool asked = reason == LK_REASON_STAFF_REQUEST;
        CHECK_INT(answer_to_unblock(), asked ? LK_REASON_NONE : LK_REASON_NOT_ALLOWED);
        CHECK_INT(bench.core.door[A01].use, asked ? LK_USE_FREE : LK_USE_BLOCKED);
    }
}

CASE(an_open_or_unseen_door_is_not_freed)
{
    static const struct {
        enum lk_door_state state;
        enum lk_reason reason;
    } rows[] = {{LK_DOOR_FORCED, LK_REASON_DOOR_OPEN},
                {LK_DOOR_JAMMED, LK_REASON_DOOR_JAMMED},
                {LK_DOOR_LOST, LK_REASON_DOOR_UNREACHABLE},
                {LK_DOOR_UNKNOWN, LK_REASON_DOOR_UNREACHABLE}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        setup();
        by_staff(LK_REASON_STAFF_REQUEST);
        bench.core.door[A01].state = rows[i].state;
        CHECK_INT(answer_to_unblock(), rows[i].reason);
        CHECK_INT(bench.core.door[A01].use, LK_USE_BLOCKED);
    }
}

/* --- staff ---------------------------------------------------------------------------------------------------------
 */

static struct lk_member member(enum lk_actor role, bool pin)
{
    struct lk_member m = {.role = role};
    (void)lk_text_copy(m.id, sizeof(m.id), "s-1");
    (void)lk_text_copy(m.pin_hash, sizeof(m.pin_hash), pin ? "$argon2id$..." : "");
    return m;
}

static enum lk_reason upsert(enum lk_actor role, enum lk_actor now, bool pin, bool badge_in_use)
{
    struct lk_input in = command(LK_CMD_STAFF_UPSERT);
    in.command.member = member(role, pin);
    in.member_role = now;
    in.badge_in_use = badge_in_use;
    feed(in);
    enum lk_reason reason = told();
    CHECK_INT(count_fx(LK_FX_STAFF_PUT), reason == LK_REASON_NONE);
    CHECK_INT(find_event(LK_EV_SITE_CONFIG) != NULL, reason == LK_REASON_NONE);
    return reason;
}

static enum lk_reason dismiss(enum lk_actor now)
{
    struct lk_input in = command(LK_CMD_STAFF_REMOVE);
    in.command.member = member(LK_ACTOR_SYSTEM, false);
    in.member_role = now;
    feed(in);
    enum lk_reason reason = told();
    CHECK_INT(count_fx(LK_FX_STAFF_REMOVE), reason == LK_REASON_NONE);
    return reason;
}

CASE(somebody_new_needs_a_pin_and_a_badge_of_their_own)
{
    setup();
    CHECK_INT(upsert(LK_ACTOR_COURIER, LK_ACTOR_SYSTEM, false, false), LK_REASON_BAD_ARGUMENT);
    CHECK_INT(upsert(LK_ACTOR_COURIER, LK_ACTOR_SYSTEM, true, true), LK_REASON_BADGE_IN_USE);
    CHECK_INT(upsert(LK_ACTOR_COURIER, LK_ACTOR_SYSTEM, true, false), LK_REASON_NONE);
    CHECK_STR(the_event(LK_EV_SITE_CONFIG)->staff, "s-1");
    CHECK_INT(find_event(LK_EV_SITE_CONFIG)->reason, LK_REASON_STAFF_CHANGED);
    CHECK_INT(upsert(LK_ACTOR_CLERK, LK_ACTOR_COURIER, false, false), LK_REASON_NONE);
    CHECK_INT(dismiss(LK_ACTOR_SYSTEM), LK_REASON_NO_SUCH_STAFF);
    CHECK_INT(dismiss(LK_ACTOR_CLERK), LK_REASON_NONE);
    CHECK_INT(find_event(LK_EV_SITE_CONFIG)->reason, LK_REASON_STAFF_REMOVED);
}

static bool may(enum lk_remote_staff most, enum lk_actor role)
{
    return role == LK_ACTOR_COURIER ? most >= LK_REMOTE_COURIERS
           : role == LK_ACTOR_CLERK ? most >= LK_REMOTE_CLERKS
                                    : most == LK_REMOTE_EVERYBODY;
}

/* Each setting, each role asked for, each role they have: neither may be beyond what the site lets upstream do. */
CASE(nobody_is_raised_or_brought_down_beyond_the_configuration)
{
    static const enum lk_actor roles[] = {LK_ACTOR_COURIER, LK_ACTOR_CLERK, LK_ACTOR_MAINTENANCE, LK_ACTOR_SUPERVISOR};
    for (int most = LK_REMOTE_NOBODY; most <= LK_REMOTE_EVERYBODY; most++) {
        for (size_t to = 0; to < 4; to++) {
            for (size_t from = 0; from < 5; from++) {
                setup();
                bench.cfg.remote_staff = (enum lk_remote_staff)most;
                enum lk_actor now = from < 4 ? roles[from] : LK_ACTOR_SYSTEM;
                bool right = may((enum lk_remote_staff)most, roles[to]) &&
                             (now == LK_ACTOR_SYSTEM || may((enum lk_remote_staff)most, now));
                CHECK_INT(upsert(roles[to], now, true, false), right ? LK_REASON_NONE : LK_REASON_NOT_ALLOWED);
            }
            bool right = may((enum lk_remote_staff)most, roles[to]);
            CHECK_INT(dismiss(roles[to]), right ? LK_REASON_NONE : LK_REASON_NOT_ALLOWED);
        }
    }
}

CASE(who_is_removed_does_not_work_on)
{
    setup();
    sign_in(LK_ACTOR_COURIER);
    struct lk_input in = command(LK_CMD_STAFF_REMOVE);
    in.command.member = member(LK_ACTOR_SYSTEM, false);
    in.member_role = LK_ACTOR_COURIER;
    feed(in); /* somebody else */
    CHECK_INT(bench.core.session.screen, LK_SCREEN_STAFF_MENU);
    in = command(LK_CMD_STAFF_REMOVE);
    in.member_role = LK_ACTOR_COURIER;
    memcpy(in.command.member.id, bench.core.session.who, sizeof(in.command.member.id));
    feed(in);
    CHECK_INT(bench.core.session.screen, LK_SCREEN_HOME);
    CHECK_INT(bench.core.session.staff, LK_ACTOR_SYSTEM);
    CHECK_INT(find_event(LK_EV_ACCESS_STAFF_OUT)->reason, LK_REASON_STAFF_CHANGED);
}

CASE(lockerctl_changes_staff_and_it_is_told)
{
    setup();
    struct lk_input in = input(LK_IN_ADMIN);
    staff_member(&in, LK_ACTOR_MAINTENANCE);
    in.request = 7;
    in.admin = LK_ADMIN_STAFF_PUT;
    in.member = member(LK_ACTOR_SUPERVISOR, true);
    feed(in);
    CHECK_INT(answer(), LK_REASON_NONE);
    CHECK_INT(count_fx(LK_FX_STAFF_PUT), 1);
    CHECK_STR(the_event(LK_EV_SITE_CONFIG)->staff, "s-1");
    CHECK_INT(find_event(LK_EV_SITE_CONFIG)->actor, LK_ACTOR_MAINTENANCE);
    in.badge_in_use = true;
    feed(in);
    CHECK_INT(answer(), LK_REASON_BADGE_IN_USE);
    in.admin = LK_ADMIN_STAFF_REMOVE;
    feed(in);
    CHECK_INT(answer(), LK_REASON_NO_SUCH_STAFF);
    in.member_role = LK_ACTOR_SUPERVISOR;
    feed(in);
    CHECK_INT(answer(), LK_REASON_NONE);
    CHECK_INT(count_fx(LK_FX_STAFF_REMOVE), 1);
}

/* --- the log -------------------------------------------------------------------------------------------------------
 */

CASE(only_what_is_kept_comes_again)
{
    static const struct {
        uint64_t from;
        enum lk_reason reason;
    } rows[] = {{1, LK_REASON_NO_SUCH_EVENT},
                {4, LK_REASON_NO_SUCH_EVENT},
                {5, LK_REASON_NONE},
                {9, LK_REASON_NONE},
                {10, LK_REASON_NO_SUCH_EVENT}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        setup();
        struct lk_input in = command(LK_CMD_EVENTS_REPLAY);
        in.first_seq = 5;
        in.last_seq = 9;
        in.command.replay_from = rows[i].from;
        feed(in);
        CHECK_INT(told(), rows[i].reason);
        CHECK_INT(count_fx(LK_FX_REPLAY), rows[i].reason == LK_REASON_NONE);
    }
}

int main(int argc, char **argv)
{
    static const struct check_case cases[] = {
        NAMED(a_free_compartment_goes_out_of_use_and_back),
        NAMED(what_holds_an_item_is_not_blocked),
        NAMED(what_waits_for_somebody_to_look_is_not_freed_from_afar),
        NAMED(an_open_or_unseen_door_is_not_freed),
        NAMED(somebody_new_needs_a_pin_and_a_badge_of_their_own),
        NAMED(nobody_is_raised_or_brought_down_beyond_the_configuration),
        NAMED(who_is_removed_does_not_work_on),
        NAMED(lockerctl_changes_staff_and_it_is_told),
        NAMED(only_what_is_kept_comes_again),
    };
    return check_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
