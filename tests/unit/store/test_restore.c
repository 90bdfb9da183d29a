/* After a restart the core knows what it knew, fact by fact. Whole days: test_days.c. */
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

/* Law 11: openings that a wrong clock dated long ago count like those of today, until one of yesterday came after them.
 */
static void law_11_openings_of_a_wrong_clock_count(void **state)
{
    struct fix *f = *state;
    static struct lk_core core;
    struct lk_stamp good = f->now;
    f->now = (struct lk_stamp){.wall_ms = 1000, .quality = LK_CLOCK_UNSYNCED};
    for (uint64_t i = 1; i <= 4; i++) {
        say_intent(f, i, (int)i, "", i == 4 ? LK_PURPOSE_SERVICE : LK_PURPOSE_REMOTE);
        f->fx.at[0].from = LK_CUSTODY_NONE;
        apply_ok(f);
    }
    f->now = good;
    assert_int_equal(remotes(f), 3);
    boot(f, &core);
    assert_int_equal(core.service_door, 4);
    say_intent(f, 5, 5, "", LK_PURPOSE_REMOTE);
    f->fx.at[0].from = LK_CUSTODY_NONE;
    apply_ok(f);
    f->now.wall_ms += (int64_t)24 * 3600000 - 1;
    assert_int_equal(remotes(f), 4);
    f->now.wall_ms += 1;
    assert_int_equal(remotes(f), 0);
    boot(f, &core);
    assert_int_equal(core.service_door, LK_NO_DOOR);
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

/* --- what lies together, and what was said ---------------------------------------------------------------------------
 */

/* An item that lies beside the one its compartment is about. */
static void put_beside(struct fix *f, const char *item, int door, enum lk_custody custody)
{
    say_announce(f, item, NULL, NULL);
    struct lk_effect *change = fx_item(f, LK_FX_ITEM_CUSTODY, item);
    change->from = LK_CUSTODY_EXPECTED;
    change->to = custody;
    change->door = door;
    apply_ok(f);
}

/* The items beside the lead of a door, in order, an unknown one with a question mark. */
static const char *beside(const struct lk_core *core, int door)
{
    static char text[256];
    struct lk_text t = lk_text_init(text, sizeof(text));
    for (int i = 0; i < LK_EXTRAS; i++) {
        const struct lk_extra *extra = &core->extra[i];
        if (extra->item[0] != '\0' && extra->door == door) {
            lk_text_addf(&t, "%s%s ", extra->item, extra->unknown ? "?" : "");
        }
    }
    return text;
}

static void what_lies_together_comes_back(void **state)
{
    struct fix *f = *state;
    static struct lk_core core;
    say_announce(f, "lead", NULL, NULL);
    say_deposit(f, 1, "lead", 8);
    put_beside(f, "second", 8, LK_CUSTODY_IN_LOCKER);
    put_beside(f, "third", 8, LK_CUSTODY_IN_LOCKER);
    say_announce(f, "alone", NULL, NULL);
    say_deposit(f, 2, "alone", 9);
    boot(f, &core);
    assert_string_equal(core.door[8].item, "lead");
    assert_string_equal(beside(&core, 8), "second third ");
    assert_string_equal(beside(&core, 9), "");
    assert_null(lk_core_check(&f->cfg, NULL, &core, NULL));
    struct lk_effect *use = fx_item(f, LK_FX_DOOR_USE, "third"); /* the story is about another one now */
    use->door = 8;
    use->use = LK_USE_OCCUPIED;
    apply_ok(f);
    fix_reopen(f);
    boot(f, &core);
    assert_string_equal(core.door[8].item, "third");
    assert_string_equal(beside(&core, 8), "lead second ");
    assert_int_equal(find_item(f, "second").item.door, 8);
}

static void unknown_ones_lie_in_a_blocked_compartment(void **state)
{
    struct fix *f = *state;
    static struct lk_core core;
    say_announce(f, "lead", NULL, NULL);
    say_deposit(f, 1, "lead", 8);
    put_beside(f, "lost", 8, LK_CUSTODY_UNKNOWN);
    put_beside(f, "found", 8, LK_CUSTODY_IN_LOCKER);
    struct lk_effect *use = fx_item(f, LK_FX_DOOR_USE, "lead");
    use->door = 8;
    use->use = LK_USE_BLOCKED;
    use->reason = LK_REASON_NOT_MINE;
    apply_ok(f);
    boot(f, &core);
    assert_string_equal(beside(&core, 8), "lost? found ");
    assert_int_equal(core.door[8].blocked_for, LK_REASON_NOT_MINE);
    assert_null(lk_core_check(&f->cfg, NULL, &core, NULL));
}

static void a_gone_door_with_several_items(void **state)
{
    struct fix *f = *state;
    say_announce(f, "lead", NULL, NULL);
    say_deposit(f, 1, "lead", 15);
    put_beside(f, "second", 15, LK_CUSTODY_IN_LOCKER);
    f->cfg.doors = 15;
    fix_reopen(f);
    assert_int_equal(boot_error(f), -ENODEV);
    assert_non_null(strstr(f->why, "A08"));
}

static void too_many_together_is_said(void **state)
{
    struct fix *f = *state;
    for (int i = 0; i <= LK_EXTRAS; i++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "item-%d", i);
        if (i == 0) {
            say_announce(f, id, NULL, NULL);
            say_deposit(f, 1, id, 8);
        } else {
            put_beside(f, id, 8, LK_CUSTODY_IN_LOCKER);
        }
    }
    assert_int_equal(boot_error(f), 0);
    put_beside(f, "one-more", 8, LK_CUSTODY_IN_LOCKER);
    assert_int_equal(boot_error(f), -EUCLEAN);
    assert_non_null(strstr(f->why, "together"));
}

static void what_is_being_put_beside_others_comes_back(void **state)
{
    struct fix *f = *state;
    static struct lk_core core;
    say_announce(f, "lead", NULL, NULL);
    say_deposit(f, 1, "lead", 8);
    say_announce(f, "joining", NULL, NULL);
    say_intent(f, 2, 8, "joining", LK_PURPOSE_DEPOSIT);
    apply_ok(f);
    boot(f, &core);
    assert_string_equal(core.door[8].item, "lead");
    assert_string_equal(core.door[8].joining, "joining");
    fx(f, LK_FX_INTENT_WITHDRAW)->intent = 2; /* taken out again: it is not being put in any more */
    apply_ok(f);
    boot(f, &core);
    assert_string_equal(core.door[8].joining, "");
    fx(f, LK_FX_INTENT_FINISH)->intent = 2;
    struct lk_effect *e = fx_item(f, LK_FX_DOUBT, "joining");
    e->door = 8;
    e->purpose = LK_PURPOSE_DEPOSIT;
    e->from = LK_CUSTODY_EXPECTED;
    e->to = LK_CUSTODY_UNKNOWN;
    apply_ok(f);
    fix_reopen(f);
    boot(f, &core);
    assert_string_equal(core.door[8].joining, "joining");
    assert_int_equal(core.door[8].doubt_purpose, LK_PURPOSE_DEPOSIT);
    assert_null(lk_core_check(&f->cfg, NULL, &core, NULL));
    fx(f, LK_FX_DOUBT)->door = 8; /* over */
    apply_ok(f);
    boot(f, &core);
    assert_string_equal(core.door[8].joining, "");
}

static void what_was_said_and_where_it_goes_come_back(void **state)
{
    struct fix *f = *state;
    static struct lk_core core;
    say_announce(f, "case-1", NULL, NULL);
    say_deposit(f, 1, "case-1", 8);
    say_intent(f, 2, 8, "case-1", LK_PURPOSE_PICKUP);
    struct lk_effect *turn = fx(f, LK_FX_INTENT_TURN);
    turn->intent = 2;
    turn->reason = LK_REASON_REJECTED;
    apply_ok(f);
    boot(f, &core);
    assert_int_equal(core.door[8].op.turn, LK_REASON_REJECTED);
    fx(f, LK_FX_INTENT_TURN)->intent = 2; /* taken back */
    apply_ok(f);
    boot(f, &core);
    assert_int_equal(core.door[8].op.turn, LK_REASON_NONE);
    fx(f, LK_FX_INTENT_FINISH)->intent = 2;
    say_intent(f, 3, 8, "case-1", LK_PURPOSE_RECALL);
    f->fx.at[1].to = LK_CUSTODY_WITH_COURIER;
    (void)snprintf(f->fx.at[1].waybill, sizeof(f->fx.at[1].waybill), "EMS-1");
    apply_ok(f);
    fix_reopen(f);
    boot(f, &core);
    assert_int_equal(core.door[8].op.to, LK_CUSTODY_WITH_COURIER);
    assert_string_equal(core.door[8].op.waybill, "EMS-1");
    assert_int_equal(core.door[8].op.turn, LK_REASON_NONE);
}

/* Law 11: a restart or a clock that is not right does not make the second person unnecessary. */
static void law_11_the_last_service_door_comes_back(void **state)
{
    struct fix *f = *state;
    static struct lk_core core;
    boot(f, &core);
    assert_int_equal(core.service_door, LK_NO_DOOR);
    say_intent(f, 1, 3, "", LK_PURPOSE_SERVICE);
    say_intent(f, 2, 4, "", LK_PURPOSE_SERVICE);
    say_intent(f, 3, 5, "", LK_PURPOSE_REMOTE);
    for (int i = 0; i < 3; i++) {
        f->fx.at[i].from = LK_CUSTODY_NONE;
    }
    apply_ok(f);
    f->now.wall_ms += f->cfg.two_person_ms - 1;
    boot(f, &core);
    assert_int_equal(core.service_door, 4);
    assert_int_equal(core.service_at_ms, T0); /* as if it had happened now */
    f->now.wall_ms += 1;
    boot(f, &core);
    assert_int_equal(core.service_door, LK_NO_DOOR);
    f->now.quality = LK_CLOCK_RTC;
    boot(f, &core);
    assert_int_equal(core.service_door, 4);
}

static void a_citizens_drop_off_is_known_again(void **state)
{
    struct fix *f = *state;
    static struct lk_core core;
    say_announce(f, "D123456789", NULL, NULL);
    fx_item(f, LK_FX_ITEM_PUT, "D123456789")->item.dropoff = true;
    apply_ok(f);
    say_deposit(f, 1, "D123456789", 8);
    say_announce(f, "case-1", NULL, NULL);
    say_deposit(f, 2, "case-1", 9);
    boot(f, &core);
    assert_true(core.door[8].dropoff);
    assert_false(core.door[9].dropoff);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(doors_come_back_by_label, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(open_intent_comes_back_whole, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(waiting_command_comes_back_until_answered, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(doubt_bank_and_lockout_come_back, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(remote_opens_of_a_day, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(law_11_openings_of_a_wrong_clock_count, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(door_gone_from_the_configuration, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(unfinished_opening_or_doubt_of_a_gone_door, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(words_nobody_knows, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(what_lies_together_comes_back, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(unknown_ones_lie_in_a_blocked_compartment, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(a_gone_door_with_several_items, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(too_many_together_is_said, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(what_is_being_put_beside_others_comes_back, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(what_was_said_and_where_it_goes_come_back, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(law_11_the_last_service_door_comes_back, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(a_citizens_drop_off_is_known_again, fix_setup, fix_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
