/* A door that is wired otherwise than confirmed (law 3; docs/decisions/0009). The stories are tests/traces'; here are
 * each purpose, each outcome, each way to a door, and a whole hall at once. */
#include "bench.h"

enum { CODE = 11112222, TOKEN = 999 };

/* The daemon is started anew with another wiring of this door. */
static void rewired(int door)
{
    bench.store.door[door].wired++;
    boot();
}

static void seen(void)
{
    board(0, LK_BANK_READY);
    board(1, LK_BANK_READY);
    for (int i = 0; i < BENCH_DOORS; i++) {
        shuts(i);
    }
}

static unsigned count_events(enum lk_event_type type)
{
    unsigned n = 0;
    for (unsigned i = 0; i < bench.fx.count; i++) {
        n += bench.fx.at[i].kind == LK_FX_EVENT && bench.fx.at[i].event.type == type;
    }
    return n;
}

CASE(law_3_it_is_told_once_for_each_bank)
{
    setup();
    bench.store.door[A02].wired = 1;
    bench.store.door[A05].wired = 1;
    bench.store.door[B02].wired = 1;
    boot();
    const struct lk_event *e = find_event(LK_EV_SITE_CONFIG);
    CHECK(e && e->alarm);
    CHECK_INT(count_events(LK_EV_SITE_CONFIG), 2);
    CHECK_INT(e->bank, 0);
    CHECK_INT(e->doors, 1U << A02 | 1U << A05);
    CHECK_INT(e->reason, LK_REASON_WIRING_CHANGED);
    boot();
    CHECK_INT(count_events(LK_EV_SITE_CONFIG), 0);
    CHECK_INT(count_fx(LK_FX_WIRING_SEEN), 0);
    CHECK(bench.core.door[A02].wiring_held);
    CHECK(!bench.core.door[A01].wiring_held);
}

/* Everybody's way to a door, but the staff's who want to find out. */
CASE(law_3_a_held_door_opens_for_nobody)
{
    setup();
    int door = stock("X1", CODE, TOKEN);
    CHECK_INT(door, A01);
    rewired(door);
    seen();
    code(CODE);
    CHECK_INT(answer(), LK_REASON_WIRING_CHANGED);
    wait_ms(20000);
    qr(TOKEN);
    CHECK_INT(answer(), LK_REASON_WIRING_CHANGED);
    wait_ms(20000);
    remote_open(door);
    CHECK_INT(count_fx(LK_FX_PULSE), 0);
    CHECK_INT(find_fx(LK_FX_COMMAND)->reason, LK_REASON_WIRING_CHANGED);
    sign_in(LK_ACTOR_COURIER);
    press(LK_BUTTON_RECALL);
    press_recall("X1");
    CHECK_INT(count_fx(LK_FX_PULSE), 0);
    CHECK_INT(bench.core.session.reason, LK_REASON_WIRING_CHANGED);
    CHECK_INT(custody("X1"), LK_CUSTODY_IN_LOCKER); /* nothing happened to it */
}

CASE(law_3_nothing_new_is_put_there)
{
    setup();
    bench.store.door[A01].wired = 1;
    rewired(A02);
    seen();
    announce("X2", CODE, 0);
    bring("X2");
    press_size(LK_SIZE_S);
    CHECK_INT(find_fx(LK_FX_PULSE)->door, B01); /* the first S one that is not low and not held */
}

/* A doubt gives the same person another try at the same door; there is no same door any more. */
CASE(law_3_a_doubt_is_not_cleared_up_on_other_metal)
{
    setup();
    int door = stock("X1", CODE, TOKEN);
    code(CODE);
    restart();
    shuts(door);
    CHECK(bench.core.door[door].doubt_until_ms != LK_NEVER);
    rewired(door);
    const struct lk_event *e = find_event(LK_EV_AUDIT_MISMATCH);
    CHECK(e && e->alarm && e->reason == LK_REASON_WIRING_CHANGED);
    CHECK_INT(custody("X1"), LK_CUSTODY_UNKNOWN);
    CHECK_INT(bench.core.door[door].use, LK_USE_BLOCKED);
    seen();
    code(CODE);
    CHECK_INT(answer(), LK_REASON_CUSTODY_UNKNOWN);
}

/* How far it had come does not matter: pulsed, seen open, jammed. */
CASE(law_3_an_interrupted_pickup_is_unknown_whatever_is_seen)
{
    static const enum lk_sense found[] = {LK_SENSE_OPEN, LK_SENSE_CLOSED};
    for (int stage = 0; stage < 3; stage++) {
        for (int f = 0; f < 2; f++) {
            setup();
            int door = stock("X1", CODE, TOKEN);
            code(CODE);
            if (stage == 1) {
                opens(door);
            } else if (stage == 2) {
                report(door, LK_PULSE_ECHOED);
                wait_ms(5000);
            }
            rewired(door);
            CHECK_INT(count_fx(LK_FX_PULSE), 0);
            CHECK_INT(count_fx(LK_FX_INTENT_SETTLE), stage == 0);
            CHECK_INT(count_events(LK_EV_AUDIT_MISMATCH), 1);
            CHECK_INT(custody("X1"), LK_CUSTODY_UNKNOWN);
            board(0, LK_BANK_READY);
            sense(door, found[f]);
            shuts(door);
            CHECK_INT(custody("X1"), LK_CUSTODY_UNKNOWN);
            CHECK_INT(bench.core.door[door].op.purpose, LK_PURPOSE_NONE);
        }
    }
}

CASE(law_7_a_command_on_changed_wires_gets_its_answer)
{
    setup();
    remote_open(A02);
    rewired(A02);
    CHECK_INT(find_fx(LK_FX_COMMAND)->result, LK_RESULT_UNKNOWN);
    CHECK_INT(find_fx(LK_FX_COMMAND)->reason, LK_REASON_WIRING_CHANGED);
    CHECK_INT(bench.core.door[A02].use, LK_USE_FREE); /* held, not blocked */
}

/* Wired as when it was pulsed, whatever came since: its own door, and the look counts. */
CASE(an_opening_on_the_same_wires_is_settled_by_looking)
{
    setup();
    rewired(A01);
    seen();
    admin(LK_ADMIN_OPEN, A01, LK_ACTOR_MAINTENANCE);
    CHECK_INT(count_fx(LK_FX_PULSE), 1);
    boot();
    CHECK_INT(count_fx(LK_FX_INTENT_SETTLE), 0);
    board(0, LK_BANK_READY);
    opens(A01);
    CHECK_INT(find_fx(LK_FX_INTENT_SETTLE)->outcome, LK_OUTCOME_OPENED);
    CHECK(bench.core.door[A01].wiring_held);
}

static void confirm(int door, int bank, enum lk_actor role)
{
    struct lk_input in = input(LK_IN_ADMIN);
    in.admin = LK_ADMIN_CONFIRM;
    in.door = door;
    in.bank = bank;
    staff_member(&in, role);
    ask(in);
}

CASE(law_3_only_maintenance_confirms_and_only_what_it_can_have_tried)
{
    static const enum lk_actor others[] = {LK_ACTOR_COURIER, LK_ACTOR_CLERK};
    setup();
    bench.store.door[A02].wired = 1;
    rewired(A01);
    confirm(A01, -1, LK_ACTOR_MAINTENANCE);
    CHECK_INT(answer(), LK_REASON_DOOR_UNREACHABLE); /* its board is not there yet */
    seen();
    for (int i = 0; i < 2; i++) {
        confirm(A01, -1, others[i]);
        CHECK_INT(answer(), LK_REASON_NOT_ALLOWED);
    }
    confirm(A03, -1, LK_ACTOR_MAINTENANCE);
    CHECK_INT(answer(), LK_REASON_DOOR_NOT_BLOCKED);
    confirm(LK_NO_DOOR, 1, LK_ACTOR_MAINTENANCE);
    CHECK_INT(answer(), LK_REASON_DOOR_NOT_BLOCKED);
    confirm(LK_NO_DOOR, 2, LK_ACTOR_MAINTENANCE);
    CHECK_INT(answer(), LK_REASON_NO_SUCH_DOOR);
    confirm(A01, -1, LK_ACTOR_MAINTENANCE);
    CHECK_INT(answer(), LK_REASON_NONE);
    CHECK(!bench.core.door[A01].wiring_held);
    CHECK(bench.core.door[A02].wiring_held);
    const struct lk_event *e = find_event(LK_EV_SITE_CONFIG);
    CHECK(e && !e->alarm && e->doors == 1U << A01 && e->actor == LK_ACTOR_MAINTENANCE);
    admin(LK_ADMIN_OPEN, A02, LK_ACTOR_CLERK);
    opens(A02);
    confirm(LK_NO_DOOR, 0, LK_ACTOR_MAINTENANCE);
    CHECK_INT(answer(), LK_REASON_DOOR_OPEN);
    shuts(A02);
    confirm(LK_NO_DOOR, 0, LK_ACTOR_MAINTENANCE);
    CHECK_INT(answer(), LK_REASON_NONE);
    boot();
    CHECK(!bench.core.door[A01].wiring_held && !bench.core.door[A02].wiring_held);
}

/* The other door still stops the bank while staff find out which one it is. */
CASE(law_3_the_wrong_door_alarm_stays)
{
    setup();
    rewired(A01);
    seen();
    admin(LK_ADMIN_OPEN, A01, LK_ACTOR_MAINTENANCE);
    opens(A03);
    CHECK(find_event(LK_EV_DOOR_WRONG) != NULL);
    CHECK(bench.core.bank[0].stopped_by_us);
}

/* 512 doors in 64 banks, all changed, an opening under way at each: more than one step can say, and nothing of it is
 * lost or believed. */
CASE(law_3_a_whole_hall_at_once)
{
    static struct lk_core_config cfg;
    static struct lk_core core, before;
    static struct lk_effects fx;
    static bool settled[LK_MAX_DOORS];
    lk_core_config_defaults(&cfg);
    cfg.banks = LK_MAX_BANKS;
    cfg.doors = LK_MAX_DOORS;
    for (int i = 0; i < cfg.doors; i++) {
        cfg.door[i].bank = i / (LK_MAX_DOORS / LK_MAX_BANKS);
        (void)snprintf(cfg.door[i].label, sizeof(cfg.door[i].label), "D%03u", (unsigned)i % 1000U);
    }
    memset(settled, 0, sizeof(settled));
    lk_core_init(&core, &cfg);
    for (int i = 0; i < cfg.doors; i++) {
        char item[16];
        (void)snprintf(item, sizeof(item), "X%d", i);
        lk_core_restore_door(&core, i, LK_USE_OCCUPIED, item, LK_REASON_NONE);
        struct lk_op op = {.purpose = LK_PURPOSE_PICKUP, .intent = (uint64_t)i + 1, .actor = LK_ACTOR_RECIPIENT};
        op.from = LK_CUSTODY_IN_LOCKER;
        op.rewired = true;
        lk_core_restore_op(&core, i, &op);
        lk_core_restore_wiring(&core, i, LK_WIRING_CHANGED);
    }
    lk_core_restore_next_intent(&core, 1000);
    struct lk_input in = input(LK_IN_BOOT);
    unsigned told = 0, lost = 0;
    for (int step = -1; step < LK_MAX_BANKS + cfg.doors; step++) {
        if (step >= LK_MAX_BANKS) {
            in = input(LK_IN_SENSE);
            in.door = step - LK_MAX_BANKS;
            in.sense = step % 2 == 0 ? LK_SENSE_OPEN : LK_SENSE_CLOSED;
        } else if (step >= 0) {
            in = input(LK_IN_BANK);
            in.bank = step;
            in.bank_state = LK_BANK_READY;
        }
        before = core;
        lk_core_step(&cfg, &core, &in, &fx);
        CHECK(lk_core_check(&cfg, &before, &core, &fx) == NULL);
        for (unsigned i = 0; i < fx.count; i++) {
            const struct lk_effect *e = &fx.at[i];
            told += e->kind == LK_FX_EVENT && e->event.type == LK_EV_SITE_CONFIG;
            lost += e->kind == LK_FX_ITEM_CUSTODY && e->to == LK_CUSTODY_UNKNOWN;
            if (e->kind == LK_FX_INTENT_SETTLE) {
                CHECK_INT(e->outcome, LK_OUTCOME_UNKNOWN);
                settled[e->intent - 1] = true;
            }
        }
    }
    CHECK_INT(told, LK_MAX_BANKS);
    CHECK_INT(lost, LK_MAX_DOORS);
    for (int i = 0; i < cfg.doors; i++) {
        CHECK(settled[i] && core.door[i].wiring_held);
    }
}

int main(int argc, char **argv)
{
    static const struct check_case cases[] = {
        NAMED(law_3_it_is_told_once_for_each_bank),
        NAMED(law_3_a_held_door_opens_for_nobody),
        NAMED(law_3_nothing_new_is_put_there),
        NAMED(law_3_a_doubt_is_not_cleared_up_on_other_metal),
        NAMED(law_3_an_interrupted_pickup_is_unknown_whatever_is_seen),
        NAMED(law_7_a_command_on_changed_wires_gets_its_answer),
        NAMED(an_opening_on_the_same_wires_is_settled_by_looking),
        NAMED(law_3_only_maintenance_confirms_and_only_what_it_can_have_tried),
        NAMED(law_3_the_wrong_door_alarm_stays),
        NAMED(law_3_a_whole_hall_at_once),
    };
    return check_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
