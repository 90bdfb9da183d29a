/* After a restart the core knows what it knew: run on the real core, step by step, with the store behind it. */
#include "unit/store/fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { T0 = 1000 };

static void boot(struct fix *f, struct lk_core *core)
{
    lk_core_init(core, &f->cfg);
    struct lk_text why = lk_text_init(f->why, sizeof(f->why));
    int r = lk_store_restore(f->store, core, &f->now, T0, &why);
    if (r < 0) {
        fail_msg("restore: %s (%s)", strerror(-r), f->why);
    }
}

static int boot_error(struct fix *f)
{
    static struct lk_core core;
    lk_core_init(&core, &f->cfg);
    struct lk_text why = lk_text_init(f->why, sizeof(f->why));
    return lk_store_restore(f->store, &core, &f->now, T0, &why);
}

static void doors_come_back_by_label(void **state)
{
    struct fix *f = *state;
    static struct lk_core core;
    say_announce(f, "case-1", NULL, NULL);
    say_deposit(f, 1, "case-1", 8); /* A01 */
    struct lk_effect *use = fx(f, LK_FX_DOOR_USE);
    use->door = 0; /* B01 */
    use->use = LK_USE_BLOCKED;
    use->reason = LK_REASON_DOOR_JAMMED;
    apply_ok(f);
    /* the technician writes the banks in another order */
    struct lk_core_config old = f->cfg;
    for (int i = 0; i < 16; i++) {
        f->cfg.door[i] = old.door[(i + 8) % 16];
    }
    fix_reopen(f);
    boot(f, &core);
    assert_int_equal(core.door[0].use, LK_USE_OCCUPIED);
    assert_string_equal(core.door[0].item, "case-1");
    assert_int_equal(core.door[8].use, LK_USE_BLOCKED);
    assert_int_equal(core.door[8].blocked_for, LK_REASON_DOOR_JAMMED);
    assert_int_equal(core.door[1].use, LK_USE_FREE);
    assert_int_equal(core.next_intent, 2);
    assert_int_equal(find_item(f, "case-1").item.door, 0);
}

static void open_intent_comes_back_whole(void **state)
{
    struct fix *f = *state;
    static struct lk_core core;
    say_announce(f, "case-1", NULL, NULL);
    struct lk_effect *use = fx_item(f, LK_FX_DOOR_USE, "case-1");
    use->door = 3;
    use->use = LK_USE_RESERVED;
    say_intent(f, 41, 3, "case-1", LK_PURPOSE_DEPOSIT);
    fx(f, LK_FX_INTENT_WITHDRAW)->intent = 41;
    apply_ok(f);
    boot(f, &core);
    const struct lk_op *op = &core.door[3].op;
    assert_int_equal(op->purpose, LK_PURPOSE_DEPOSIT);
    assert_int_equal(op->outcome, LK_OUTCOME_PENDING);
    assert_int_equal(op->intent, 41);
    assert_int_equal(op->actor, LK_ACTOR_COURIER);
    assert_string_equal(op->who, "c-17");
    assert_int_equal(op->from, LK_CUSTODY_EXPECTED);
    assert_true(op->withdrawn);
    assert_int_equal(op->to, LK_CUSTODY_NONE);
    assert_int_equal(op->request, 0);
    assert_int_equal(core.next_intent, 42);

    fx(f, LK_FX_INTENT_FINISH)->intent = 41; /* the retry: a new intent on the same door */
    say_intent(f, 42, 3, "case-1", LK_PURPOSE_RECALL);
    f->fx.at[1].to = LK_CUSTODY_RETURNED;
    struct lk_effect *settle = fx(f, LK_FX_INTENT_SETTLE);
    settle->intent = 42;
    settle->outcome = LK_OUTCOME_JAMMED;
    apply_ok(f);
    boot(f, &core);
    assert_int_equal(op->intent, 42);
    assert_int_equal(op->purpose, LK_PURPOSE_RECALL);
    assert_int_equal(op->outcome, LK_OUTCOME_JAMMED);
    assert_int_equal(op->to, LK_CUSTODY_RETURNED);
    assert_false(op->withdrawn);
    fx(f, LK_FX_INTENT_FINISH)->intent = 42;
    apply_ok(f);
    boot(f, &core);
    assert_int_equal(op->purpose, LK_PURPOSE_NONE);
    assert_int_equal(core.next_intent, 43);
}

static void waiting_command_comes_back_until_answered(void **state)
{
    struct fix *f = *state;
    static struct lk_core core;
    struct lk_effect *e = fx(f, LK_FX_COMMAND);
    (void)snprintf(e->jti, sizeof(e->jti), "cmd-1");
    e->digest[0] = 1;
    e->result = LK_RESULT_PENDING;
    say_intent(f, 1, 3, "", LK_PURPOSE_REMOTE);
    f->fx.at[1].from = LK_CUSTODY_NONE;
    (void)snprintf(f->fx.at[1].jti, sizeof(f->fx.at[1].jti), "cmd-1");
    apply_ok(f);
    boot(f, &core);
    assert_string_equal(core.door[3].op.jti, "cmd-1");
    assert_int_equal(core.door[3].op.from, LK_CUSTODY_NONE);
    e = fx(f, LK_FX_COMMAND);
    (void)snprintf(e->jti, sizeof(e->jti), "cmd-1");
    e->result = LK_RESULT_UNKNOWN;
    apply_ok(f);
    boot(f, &core);
    assert_string_equal(core.door[3].op.jti, "");
    assert_int_equal(core.door[3].op.purpose, LK_PURPOSE_REMOTE);
}

static void doubt_bank_and_lockout_come_back(void **state)
{
    struct fix *f = *state;
    static struct lk_core core;
    struct lk_effect *e = fx(f, LK_FX_DOUBT);
    e->door = 9;
    e->purpose = LK_PURPOSE_PICKUP;
    e->from = LK_CUSTODY_IN_LOCKER;
    e->to = LK_CUSTODY_UNKNOWN;
    e = fx(f, LK_FX_BANK_STOP);
    e->bank = 1;
    e->reason = LK_REASON_WRONG_DOOR;
    e = fx(f, LK_FX_LOCKOUT);
    e->count = 2;
    e->level = 3;
    e->duration_ms = 240000;
    apply_ok(f);
    boot(f, &core);
    assert_int_equal(core.door[9].doubt_purpose, LK_PURPOSE_PICKUP);
    assert_int_equal(core.door[9].doubt_from, LK_CUSTODY_IN_LOCKER);
    assert_true(core.bank[1].stopped_by_us);
    assert_int_equal(core.bank[1].reason, LK_REASON_WRONG_DOOR);
    assert_false(core.bank[0].stopped_by_us);
    assert_int_equal(core.lockout.tries, 2);
    assert_int_equal(core.lockout.level, 3);
    assert_int_equal(core.lockout.until_at_ms, T0 + 240000);
    fx(f, LK_FX_DOUBT)->door = 9;
    fx(f, LK_FX_BANK_STOP)->bank = 1;
    (void)fx(f, LK_FX_LOCKOUT);
    apply_ok(f);
    boot(f, &core);
    assert_int_equal(core.door[9].doubt_purpose, LK_PURPOSE_NONE);
    assert_false(core.bank[1].stopped_by_us);
    assert_int_equal(core.lockout.until_at_ms, 0);
}

static unsigned remotes(struct fix *f)
{
    static struct lk_core core;
    unsigned n = 0;
    boot(f, &core);
    for (int i = 0; i < LK_REMOTE_KEPT; i++) {
        n += core.remote_at_ms[i] == T0;
    }
    return n;
}

/* Law 11: a clock that jumped or is not right never gives the remote side more openings. */
static void remote_opens_of_a_day(void **state)
{
    struct fix *f = *state;
    struct lk_stamp start = f->now;
    for (uint64_t i = 1; i <= 6; i++) {
        f->now.wall_ms = start.wall_ms + (int64_t)i * 6 * 3600000;
        say_intent(f, i, (int)i, "", i == 6 ? LK_PURPOSE_SERVICE : LK_PURPOSE_REMOTE);
        f->fx.at[0].from = LK_CUSTODY_NONE;
        apply_ok(f);
    }
    f->now.wall_ms = start.wall_ms + (int64_t)31 * 3600000; /* at 31 h: those of 12, 18, 24, 30 h */
    assert_int_equal(remotes(f), 4);
    f->now.wall_ms = start.wall_ms - 3600000; /* the clock was set back: they are "in the future" */
    assert_int_equal(remotes(f), 5);
    f->now.wall_ms = start.wall_ms + (int64_t)1000 * 3600000;
    assert_int_equal(remotes(f), 0);
    f->now.quality = LK_CLOCK_RTC;
    assert_int_equal(remotes(f), 5);
}

static void door_gone_from_the_configuration(void **state)
{
    struct fix *f = *state;
    say_announce(f, "case-1", NULL, NULL);
    say_deposit(f, 1, "case-1", 15); /* A08 */
    struct lk_effect *use = fx(f, LK_FX_DOOR_USE);
    use->door = 14; /* A07: blocked and empty, nobody misses it */
    use->use = LK_USE_BLOCKED;
    use->reason = LK_REASON_DOOR_FORCED;
    apply_ok(f);
    f->cfg.doors = 15;
    fix_reopen(f);
    assert_int_equal(boot_error(f), -ENODEV);
    assert_non_null(strstr(f->why, "A08"));
    assert_non_null(strstr(f->why, "case-1"));
    assert_int_equal(find_item(f, "case-1").item.door, LK_NO_DOOR);
    f->cfg.doors = 16;
    fix_reopen(f);
    say_collect(f, 2, "case-1", 15);
    f->cfg.doors = 14;
    fix_reopen(f);
    assert_int_equal(boot_error(f), 0);
}

static void unfinished_opening_or_doubt_of_a_gone_door(void **state)
{
    struct fix *f = *state;
    say_announce(f, "case-1", NULL, NULL);
    say_intent(f, 1, 15, "case-1", LK_PURPOSE_DEPOSIT);
    apply_ok(f);
    f->cfg.doors = 15;
    fix_reopen(f);
    assert_int_equal(boot_error(f), -ENODEV);
    assert_non_null(strstr(f->why, "A08"));
    f->cfg.doors = 16;
    fix_reopen(f);
    fx(f, LK_FX_INTENT_FINISH)->intent = 1;
    struct lk_effect *e = fx(f, LK_FX_DOUBT);
    e->door = 15;
    e->purpose = LK_PURPOSE_DEPOSIT;
    e->from = LK_CUSTODY_EXPECTED;
    e->to = LK_CUSTODY_UNKNOWN;
    apply_ok(f);
    f->cfg.doors = 15;
    fix_reopen(f);
    assert_int_equal(boot_error(f), -ENODEV);
}

static void words_nobody_knows(void **state)
{
    struct fix *f = *state;
    static const char *const sql[] = {
        "INSERT INTO compartment (label, reason) VALUES ('A01', 'hunch')",
        "INSERT INTO bank_stop VALUES ('A', 'hunch')",
        "INSERT INTO intent (id, door, purpose, actor, made_wall_ms) VALUES (1, 'A01', 'pickup', 'elf', "
        "0)",
    };
    f->store = lk_store_close(f->store);
    fix_copy_file(f->db, fix_path(f, "good"));
    for (size_t i = 0; i < sizeof(sql) / sizeof(sql[0]); i++) {
        fix_copy_file(fix_path(f, "good"), f->db);
        sqlite3 *db = raw_open(f->db);
        raw_exec(db, sql[i]);
        sqlite3_close(db);
        fix_open(f);
        assert_int_equal(boot_error(f), -EUCLEAN);
        assert_non_null(strstr(f->why, "does not understand"));
        f->store = lk_store_close(f->store);
    }
}

/* --- the real core, random days ------------------------------------------------------------------------------------
 */

struct day {
    struct fix *f;
    struct lk_core core;
    int64_t now_ms;
    unsigned seed;
    unsigned applied;
};

static unsigned dice(struct day *day, unsigned n)
{
    day->seed = day->seed * 1103515245u + 12345u;
    return (day->seed >> 16) % n;
}

static void step(struct day *day, struct lk_input *in)
{
    static struct lk_effects effects;
    in->now_ms = day->now_ms;
    in->wall_s = day->f->now.wall_ms / 1000;
    lk_core_step(&day->f->cfg, &day->core, in, &effects);
    int r = lk_store_apply(day->f->store, &effects, &day->f->now, NULL);
    if (r < 0) {
        fail_msg("apply of %s: %s", lk_input_name(in->kind), strerror(-r));
    }
    day->applied++;
}

static void sense_all(struct day *day, enum lk_sense sense)
{
    for (int bank = 0; bank < 2; bank++) {
        step(day, &(struct lk_input){.kind = LK_IN_BANK, .bank = bank, .bank_state = LK_BANK_READY});
    }
    for (int i = 0; i < day->f->cfg.doors; i++) {
        step(day, &(struct lk_input){.kind = LK_IN_SENSE, .door = i, .sense = sense});
    }
}

static struct lk_input about_item(struct day *day, enum lk_input_kind kind, const char *id)
{
    struct lk_store_found found = find_item(day->f, id);
    struct lk_input in = {.kind = kind, .found = found.found, .item = found.item, .code_live = found.live};
    (void)snprintf(in.text, sizeof(in.text), "%s", id);
    return in;
}

static void announce_one(struct day *day, const char *id, unsigned n)
{
    struct lk_input in = about_item(day, LK_IN_COMMAND, id);
    char code[16];
    in.command.kind = LK_CMD_ITEM_ANNOUNCE;
    in.command.item.door = LK_NO_DOOR;
    in.command.item.size = LK_SIZE_S;
    (void)snprintf(in.command.jti, sizeof(in.command.jti), "cmd-%u", day->applied);
    in.command.digest[0] = 1;
    (void)snprintf(in.command.item.id, sizeof(in.command.item.id), "%s", id);
    (void)snprintf(code, sizeof(code), "%08u", n);
    assert_int_equal(lk_store_make_secret(day->f->store, code, NULL, &in.secret), 0);
    assert_int_equal(lk_store_code_in_use(day->f->store, code, id, NULL, &in.code_in_use), 0);
    step(day, &in);
}

static void something_happens(struct day *day)
{
    unsigned n = dice(day, 12) + 12 * (day->applied / 600);
    char id[16], code[16];
    (void)snprintf(id, sizeof(id), "case-%u", n);
    (void)snprintf(code, sizeof(code), "%08u", n);
    struct lk_input in;
    unsigned what = dice(day, 16);
    int door = (int)dice(day, 16);
    if (what == 0) {
        announce_one(day, id, n);
    } else if (what == 1) {
        struct lk_store_found found = find_code(day->f, code);
        step(day, &(struct lk_input){.kind = LK_IN_CODE,
                                     .well_formed = true,
                                     .found = found.found,
                                     .item = found.item,
                                     .code_live = found.live});
    } else if (what <= 3) {
        in = about_item(day, LK_IN_SCAN, id);
        in.scan = LK_SCAN_ITEM;
        step(day, &in);
    } else if (what == 4) {
        in = (struct lk_input){.kind = LK_IN_SIGN_IN, .staff = {.ok = true, .role = LK_ACTOR_CLERK, .id = "k-1"}};
        step(day, &in);
    } else if (what <= 8) {
        in = about_item(day, LK_IN_BUTTON, id);
        in.button = (enum lk_button)dice(day, LK_BUTTONS);
        in.size = LK_SIZE_S;
        step(day, &in);
    } else if (what <= 12) {
        for (door = 0; door < 15 && day->core.door[door].state != LK_DOOR_PULSING &&
                       !(day->core.door[door].state == LK_DOOR_OPEN && what == 12);) {
            door++;
        }
        enum lk_sense sense = day->core.door[door].state == LK_DOOR_PULSING ? LK_SENSE_OPEN : LK_SENSE_CLOSED;
        step(day, &(struct lk_input){.kind = LK_IN_SENSE, .door = door, .sense = sense});
    } else if (what == 13 && dice(day, 4) == 0) {
        step(day, &(struct lk_input){.kind = LK_IN_SENSE, .door = door, .sense = (enum lk_sense)dice(day, 3)});
    } else if (what == 14) {
        in = about_item(day, LK_IN_ADMIN, id);
        in.admin = (enum lk_admin_op)dice(day, LK_ADMINS);
        in.door = in.admin == LK_ADMIN_UNBLOCK && dice(day, 2) ? LK_NO_DOOR : door;
        in.bank = (int)dice(day, 2);
        in.settle_to = (enum lk_custody)(1 + dice(day, LK_CUSTODIES - 2));
        in.staff = (struct lk_staff){.ok = true, .role = LK_ACTOR_MAINTENANCE, .id = "m-1"};
        step(day, &in);
    } else {
        day->now_ms += (int64_t)dice(day, 20000);
        step(day, &(struct lk_input){.kind = LK_IN_TICK});
    }
}

/* What a restart must not lose, compared between the core that ran and one made from the store. */
static void compare(struct day *day)
{
    static struct lk_core again;
    boot(day->f, &again);
    assert_int_equal(again.next_intent, day->core.next_intent);
    assert_int_equal(again.lockout.tries, day->core.lockout.tries);
    assert_int_equal(again.lockout.level, day->core.lockout.level);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(again.bank[i].stopped_by_us, day->core.bank[i].stopped_by_us);
    }
    for (int i = 0; i < day->f->cfg.doors; i++) {
        const struct lk_door *was = &day->core.door[i], *is = &again.door[i];
        assert_int_equal(is->use, was->use);
        assert_int_equal(is->blocked_for, was->blocked_for);
        assert_string_equal(is->item, was->item);
        assert_int_equal(is->doubt_purpose, was->doubt_purpose);
        assert_int_equal(is->doubt_from, was->doubt_from);
        assert_int_equal(is->op.purpose, was->op.purpose);
        assert_int_equal(is->op.outcome, was->op.outcome);
        assert_int_equal(is->op.intent, was->op.intent);
        if (was->op.purpose != LK_PURPOSE_NONE) {
            assert_int_equal(is->op.actor, was->op.actor);
            assert_string_equal(is->op.who, was->op.who);
            assert_int_equal(is->op.from, was->op.from);
            assert_int_equal(is->op.withdrawn, was->op.withdrawn);
            assert_int_equal(is->op.to, was->op.to);
            assert_string_equal(is->op.jti, was->op.jti);
        }
    }
}

static void random_days_survive_restarts(void **state)
{
    struct fix *f = *state;
    static struct day day;
    day = (struct day){.f = f, .seed = 20260101};
    for (unsigned i = 0; i < 6000; i++) {
        if (i % 300 == 0) { /* power cut and back: what the store knows is all there is */
            fix_reopen(f);
            day.now_ms = T0;
            boot(f, &day.core);
            step(&day, &(struct lk_input){.kind = LK_IN_BOOT, .clock = LK_CLOCK_SYNCED});
            sense_all(&day, LK_SENSE_CLOSED);
        }
        something_happens(&day);
        if (i % 5 == 0) {
            compare(&day);
        }
    }
    struct lk_store_chain chain;
    lk_store_chain_begin(f->store, &chain);
    assert_int_equal(lk_store_chain_step(f->store, &chain, 1000000), 0);
    assert_int_equal(chain.first_bad_seq, 0);
    assert_int_equal(chain.checked, lk_store_last_seq(f->store));
    struct lk_store_counts counts;
    assert_int_equal(lk_store_counts(f->store, &counts), 0);
    print_message("%u steps, %u events, collected %u, unknown %u, returned %u, in locker %u\n", day.applied,
                  (unsigned)chain.checked, (unsigned)counts.items[LK_CUSTODY_COLLECTED],
                  (unsigned)counts.items[LK_CUSTODY_UNKNOWN], (unsigned)counts.items[LK_CUSTODY_RETURNED],
                  (unsigned)counts.items[LK_CUSTODY_IN_LOCKER]);
    assert_true(chain.checked > 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(doors_come_back_by_label, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(open_intent_comes_back_whole, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(waiting_command_comes_back_until_answered, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(doubt_bank_and_lockout_come_back, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(remote_opens_of_a_day, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(door_gone_from_the_configuration, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(unfinished_opening_or_doubt_of_a_gone_door, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(words_nobody_knows, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(random_days_survive_restarts, fix_setup, fix_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
