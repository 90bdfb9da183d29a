/*
 * Every (custody, staff act, actor): what is allowed happens, with exactly one event; what is not is refused with a
 * reason and changes nothing. The table below is written from the trade's side and knows nothing of the core's own
 * tables.
 */
#include "staff-words.h"

enum { CODE = 11112222 };

#define ROLE(actor)   (1U << LK_ACTOR_##actor)
#define CLERKS        (ROLE(CLERK) | ROLE(SUPERVISOR))
#define LOADERS       (ROLE(COURIER) | CLERKS)
#define INSPECTORS    (ROLE(MAINTENANCE) | CLERKS)
#define FROM(custody) (1U << LK_CUSTODY_##custody)

static const enum lk_actor roles[] = {LK_ACTOR_COURIER, LK_ACTOR_CLERK, LK_ACTOR_SUPERVISOR, LK_ACTOR_MAINTENANCE};

/* --- an item of each custody -------------------------------------------------------------------------------------- */

static void bring_about(enum lk_custody want)
{
    setup();
    if (want == LK_CUSTODY_NONE) {
        return;
    }
    if (want == LK_CUSTODY_IN_LOCKER || want == LK_CUSTODY_UNKNOWN) {
        CHECK_INT(stock("X1", CODE, 0), A01);
    } else {
        announce("X1", CODE, 0);
    }
    if (want == LK_CUSTODY_UNKNOWN) {
        opens(A01);
        shuts(A01);
    } else if (want == LK_CUSTODY_RETURNED) {
        cancel("X1");
    } else if (want != LK_CUSTODY_EXPECTED && want != LK_CUSTODY_IN_LOCKER) {
        desk(LK_ADMIN_RECEIVE, "X1", LK_ACTOR_CLERK);
    }
    if (want == LK_CUSTODY_WITH_COURIER) {
        desk(LK_ADMIN_SEND, "X1", LK_ACTOR_CLERK);
    } else if (want == LK_CUSTODY_COLLECTED) {
        desk(LK_ADMIN_HAND_OVER, "X1", LK_ACTOR_CLERK);
    }
    CHECK_STR(lk_custody_name(custody("X1")), lk_custody_name(want));
}

/* --- what staff do ------------------------------------------------------------------------------------------------ */

/* The door opens and shuts if the last step pulsed it. */
static void go_through(void)
{
    if (count_fx(LK_FX_PULSE) == 1) {
        int door = find_fx(LK_FX_PULSE)->door;
        opens(door);
        shuts(door);
    }
}

static bool signed_in(enum lk_actor role, enum lk_button work)
{
    sign_in(role);
    if (answer() != LK_REASON_NONE) {
        return false;
    }
    press(work);
    return true;
}

static enum lk_reason act_deposit(enum lk_actor role)
{
    if (!signed_in(role, LK_BUTTON_DEPOSIT)) {
        return answer();
    }
    scan("X1");
    enum lk_reason reason = answer();
    if (reason == LK_REASON_NONE) {
        press_size(LK_SIZE_S);
        go_through();
    }
    return reason;
}

static enum lk_reason recall_to(enum lk_actor role, bool post)
{
    if (!signed_in(role, LK_BUTTON_RECALL)) {
        return answer();
    }
    if (post) {
        press(LK_BUTTON_RECALL_POST);
    }
    press_recall("X1");
    enum lk_reason reason = answer();
    if (bench.core.session.screen == LK_SCREEN_WAYBILL) {
        scan_waybill("EMS-1");
    }
    go_through();
    return reason;
}

static enum lk_reason act_recall(enum lk_actor role)
{
    return recall_to(role, false);
}

static enum lk_reason act_recall_post(enum lk_actor role)
{
    return recall_to(role, true);
}

#define DESK_ACT(name, op)                                                                                             \
    static enum lk_reason act_##name(enum lk_actor role)                                                               \
    {                                                                                                                  \
        desk(op, "X1", role);                                                                                          \
        return answer();                                                                                               \
    }
DESK_ACT(receive, LK_ADMIN_RECEIVE)
DESK_ACT(hand_over, LK_ADMIN_HAND_OVER)
DESK_ACT(send, LK_ADMIN_SEND)
DESK_ACT(return, LK_ADMIN_RETURN)
DESK_ACT(reject, LK_ADMIN_REJECT)
DESK_ACT(extend, LK_ADMIN_EXTEND)

#define SETTLE_ACT(to)                                                                                                 \
    static enum lk_reason act_settle_##to(enum lk_actor role)                                                          \
    {                                                                                                                  \
        settle("X1", LK_CUSTODY_##to, role);                                                                           \
        return answer();                                                                                               \
    }
SETTLE_ACT(IN_LOCKER)
SETTLE_ACT(AT_WINDOW)
SETTLE_ACT(WITH_COURIER)
SETTLE_ACT(COLLECTED)
SETTLE_ACT(RETURNED)
SETTLE_ACT(EXPECTED)

static const struct {
    const char *name;
    enum lk_reason (*act)(enum lk_actor role);
    unsigned from;  /* from these custodies */
    unsigned roles; /* by these */
    enum lk_custody to;
} acts[] = {
    {"deposit", act_deposit, FROM(EXPECTED) | FROM(AT_WINDOW) | FROM(WITH_COURIER), LOADERS, LK_CUSTODY_IN_LOCKER},
    {"recall", act_recall, FROM(IN_LOCKER), LOADERS, LK_CUSTODY_AT_WINDOW},
    {"recall to the post", act_recall_post, FROM(IN_LOCKER), LOADERS, LK_CUSTODY_WITH_COURIER},
    {"receive", act_receive, FROM(EXPECTED) | FROM(WITH_COURIER), CLERKS, LK_CUSTODY_AT_WINDOW},
    {"hand over", act_hand_over, FROM(AT_WINDOW), CLERKS, LK_CUSTODY_COLLECTED},
    {"send", act_send, FROM(AT_WINDOW), LOADERS, LK_CUSTODY_WITH_COURIER},
    {"return", act_return, 0, 0, LK_CUSTODY_RETURNED}, /* neither cancelled nor refused: never */
    {"reject", act_reject, FROM(AT_WINDOW), CLERKS, LK_CUSTODY_AT_WINDOW},
    {"extend", act_extend, FROM(IN_LOCKER), CLERKS, LK_CUSTODY_IN_LOCKER},
    {"settle in_locker", act_settle_IN_LOCKER, FROM(UNKNOWN), INSPECTORS, LK_CUSTODY_IN_LOCKER},
    {"settle at_window", act_settle_AT_WINDOW, FROM(UNKNOWN), INSPECTORS, LK_CUSTODY_AT_WINDOW},
    {"settle with_courier", act_settle_WITH_COURIER, FROM(UNKNOWN), INSPECTORS, LK_CUSTODY_WITH_COURIER},
    {"settle collected", act_settle_COLLECTED, FROM(UNKNOWN), INSPECTORS, LK_CUSTODY_COLLECTED},
    {"settle returned", act_settle_RETURNED, FROM(UNKNOWN), INSPECTORS, LK_CUSTODY_RETURNED},
    {"settle expected", act_settle_EXPECTED, 0, 0, LK_CUSTODY_EXPECTED},
};

/* What is said about an item that is not where the act could begin. */
static bool says_where(enum lk_custody custody, enum lk_reason reason)
{
    static const enum lk_reason said[LK_CUSTODIES] = {
        [LK_CUSTODY_EXPECTED] = LK_REASON_NOT_HERE_YET,       [LK_CUSTODY_IN_LOCKER] = LK_REASON_ALREADY_IN_LOCKER,
        [LK_CUSTODY_AT_WINDOW] = LK_REASON_AT_WINDOW,         [LK_CUSTODY_WITH_COURIER] = LK_REASON_WITH_COURIER,
        [LK_CUSTODY_COLLECTED] = LK_REASON_ALREADY_COLLECTED, [LK_CUSTODY_RETURNED] = LK_REASON_RETURNED,
        [LK_CUSTODY_UNKNOWN] = LK_REASON_CUSTODY_UNKNOWN,
    };
    bool unheard_of = reason == LK_REASON_NO_SUCH_ITEM || reason == LK_REASON_NOT_ANNOUNCED;
    bool back = custody == LK_CUSTODY_RETURNED && reason == LK_REASON_ITEM_CANCELLED;
    return custody == LK_CUSTODY_NONE ? unheard_of : back || said[custody] == reason;
}

static bool tries(size_t a, enum lk_custody from, enum lk_actor role)
{
    bring_about(from);
    uint64_t before = bench.store.events;
    enum lk_reason reason = acts[a].act(role);
    bool begins = (acts[a].from & 1U << from) != 0, may = (acts[a].roles & 1U << role) != 0;
    enum lk_custody now = custody("X1");
    if (begins && may) {
        return reason == LK_REASON_NONE && now == acts[a].to && bench.store.events > before;
    }
    bool explained = reason == LK_REASON_NOT_ALLOWED || says_where(from, reason);
    return explained && now == from && (may || !begins || reason == LK_REASON_NOT_ALLOWED);
}

CASE(every_custody_act_and_role)
{
    int wrong = 0;
    for (size_t a = 0; a < LK_ARRAY_SIZE(acts); a++) {
        for (int from = 0; from < LK_CUSTODIES; from++) {
            for (size_t r = 0; r < LK_ARRAY_SIZE(roles); r++) {
                if (!tries(a, (enum lk_custody)from, roles[r])) {
                    printf("# %s of an item %s by %s: now %s\n", acts[a].name, lk_custody_name((enum lk_custody)from),
                           lk_actor_name(roles[r]), lk_custody_name(custody("X1")));
                    wrong++;
                }
            }
        }
    }
    CHECK_INT(wrong, 0);
}

/* A refused item can only go back, from wherever it is, and a cancelled one too. */
CASE(a_refused_or_cancelled_item_goes_back)
{
    for (size_t r = 0; r < LK_ARRAY_SIZE(roles); r++) {
        bool clerk = roles[r] == LK_ACTOR_CLERK || roles[r] == LK_ACTOR_SUPERVISOR;
        bring_about(LK_CUSTODY_AT_WINDOW);
        desk(LK_ADMIN_REJECT, "X1", LK_ACTOR_CLERK);
        CHECK_INT(custody("X1"), LK_CUSTODY_AT_WINDOW);
        CHECK(!model_store_has_secret(&bench.store, "X1"));
        desk(LK_ADMIN_HAND_OVER, "X1", roles[r]);
        CHECK_INT(answer(), clerk ? LK_REASON_REJECTED : LK_REASON_NOT_ALLOWED);
        desk(LK_ADMIN_RETURN, "X1", roles[r]);
        CHECK_INT(answer(), clerk ? LK_REASON_NONE : LK_REASON_NOT_ALLOWED);
        CHECK_INT(custody("X1"), clerk ? LK_CUSTODY_RETURNED : LK_CUSTODY_AT_WINDOW);
    }
    bring_about(LK_CUSTODY_IN_LOCKER);
    cancel("X1");
    CHECK_INT(act_recall_post(LK_ACTOR_COURIER), LK_REASON_NONE); /* the waybill that was scanned is not asked for */
    CHECK_INT(custody("X1"), LK_CUSTODY_RETURNED);
    CHECK_STR(model_store_item(&bench.store, "X1")->waybill, "");
}

/* The window's screen offers exactly what lockerctl would do. */
CASE(the_window_offers_what_is_allowed)
{
    static const struct {
        enum lk_button button;
        enum lk_admin_op op;
    } same[] = {
        {LK_BUTTON_RECEIVE, LK_ADMIN_RECEIVE}, {LK_BUTTON_HAND_OVER, LK_ADMIN_HAND_OVER},
        {LK_BUTTON_SEND_POST, LK_ADMIN_SEND},  {LK_BUTTON_RETURN_ITEM, LK_ADMIN_RETURN},
        {LK_BUTTON_REFUSE, LK_ADMIN_REJECT},
    };
    for (int from = LK_CUSTODY_EXPECTED; from < LK_CUSTODIES; from++) {
        for (size_t i = 0; i < LK_ARRAY_SIZE(same); i++) {
            bring_about((enum lk_custody)from);
            sign_in(LK_ACTOR_CLERK);
            press(LK_BUTTON_WINDOW);
            scan("X1");
            CHECK_INT(bench.core.session.screen, LK_SCREEN_WINDOW_ITEM);
            bool offered = shown().button[same[i].button];
            desk(same[i].op, "X1", LK_ACTOR_CLERK);
            CHECK_INT(offered, answer() == LK_REASON_NONE);
        }
    }
    bring_about(LK_CUSTODY_AT_WINDOW);
    sign_in(LK_ACTOR_COURIER);
    press(LK_BUTTON_WINDOW);
    CHECK_INT(answer(), LK_REASON_NOT_NOW);
}

int main(int argc, char **argv)
{
    static const struct check_case cases[] = {
        NAMED(every_custody_act_and_role),
        NAMED(a_refused_or_cancelled_item_goes_back),
        NAMED(the_window_offers_what_is_allowed),
    };
    return check_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
