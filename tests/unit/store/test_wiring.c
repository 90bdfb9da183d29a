/* How each door is wired, as the store keeps it (law 3): with every intent, confirmed, and last told. */
#include "unit/store/fixture.h"

#include <stdio.h>
#include <string.h>

enum { T0 = 1000, A01 = 8, A02 = 9 };

static struct lk_core core;

/* As a start of the daemon does it: restore, step, commit. */
static void boot(struct fix *f)
{
    struct lk_text why = lk_text_init(f->why, sizeof(f->why));
    struct lk_input in = {.kind = LK_IN_BOOT, .door = LK_NO_DOOR, .bank = -1, .now_ms = T0};
    lk_core_init(&core, &f->cfg);
    assert_int_equal(lk_store_restore(f->store, &core, &f->now, T0, &why), 0);
    lk_core_step(&f->cfg, &core, &in, &f->fx);
    apply_ok(f);
}

static void rewire(struct fix *f, int door, uint8_t to)
{
    memset(f->cfg.door[door].wiring, to, LK_WIRING_LEN);
    fix_reopen(f);
}

/* The last event of the log, as text. */
static bool keep(void *user, const struct lk_record *record)
{
    char *text = user;
    (void)snprintf(text, 256, "%s %s", lk_event_type_name(record->type), record->data);
    return true;
}

static const char *last_event(struct fix *f)
{
    static char text[256];
    text[0] = '\0';
    assert_int_equal(lk_store_read_events(f->store, lk_store_last_seq(f->store) - 1, 1, keep, text), 0);
    return text;
}

static void a_new_door_is_as_it_should_be(void **state)
{
    struct fix *f = *state;
    boot(f);
    assert_string_equal(last_event(f), "site.started {\"clock\":\"unsynced\"}");
    for (int i = 0; i < f->cfg.doors; i++) {
        assert_false(core.door[i].wiring_held);
    }
    uint64_t commits = lk_store_last_seq(f->store);
    fix_reopen(f);
    boot(f);
    assert_int_equal(lk_store_last_seq(f->store), commits + 1);
    f->store = lk_store_close(f->store);
    sqlite3 *db = raw_open(f->db);
    assert_int_equal(raw_int(db, "SELECT count(*) FROM wiring"), f->cfg.doors);
    sqlite3_close(db);
}

static void law_3_a_changed_wiring_holds_its_door_until_confirmed(void **state)
{
    struct fix *f = *state;
    boot(f);
    rewire(f, A02, 7);
    boot(f);
    assert_true(core.door[A02].wiring_held);
    assert_false(core.door[A01].wiring_held);
    assert_string_equal(last_event(f), "site.config {\"bank\":\"A\",\"doors\":[\"A02\"],\"reason\":\"wiring_changed\","
                                       "\"alarm\":true}");
    uint64_t told = lk_store_last_seq(f->store);
    fix_reopen(f);
    boot(f); /* told once, held all the same */
    assert_true(core.door[A02].wiring_held);
    assert_int_equal(lk_store_last_seq(f->store), told + 1);

    fx(f, LK_FX_WIRING_CONFIRM)->door = A02;
    apply_ok(f);
    fix_reopen(f);
    boot(f);
    assert_false(core.door[A02].wiring_held);
}

static void the_old_wiring_is_remembered(void **state)
{
    struct fix *f = *state;
    boot(f);
    rewire(f, A01, 7);
    boot(f);
    rewire(f, A01, 8);
    boot(f);
    assert_true(core.door[A01].wiring_held);
    rewire(f, A01, 0);
    boot(f);
    assert_false(core.door[A01].wiring_held);
    assert_string_equal(last_event(f), "site.config {\"bank\":\"A\",\"doors\":[\"A01\"],\"reason\":\"recovered\"}");
}

static void law_3_an_intent_knows_its_wiring(void **state)
{
    struct fix *f = *state;
    boot(f);
    say_announce(f, "case-1", NULL, NULL);
    say_intent(f, 1, A01, "case-1", LK_PURPOSE_PICKUP);
    apply_ok(f);
    lk_core_init(&core, &f->cfg);
    assert_int_equal(lk_store_restore(f->store, &core, &f->now, T0, NULL), 0);
    assert_false(core.door[A01].op.rewired);
    rewire(f, A01, 7);
    lk_core_init(&core, &f->cfg);
    assert_int_equal(lk_store_restore(f->store, &core, &f->now, T0, NULL), 0);
    assert_true(core.door[A01].op.rewired);
    assert_true(core.door[A01].wiring_held);
}

/* What was committed of before keeps nobody from starting: a door that is gone and comes back is compared again. */
static void a_door_that_was_away_is_compared_again(void **state)
{
    struct fix *f = *state;
    int doors = f->cfg.doors;
    boot(f);
    f->cfg.doors = doors - 1; /* A08 is taken away */
    fix_reopen(f);
    boot(f);
    f->cfg.doors = doors;
    rewire(f, doors - 1, 9);
    boot(f);
    assert_true(core.door[doors - 1].wiring_held);
}

static void nonsense_is_refused(void **state)
{
    struct fix *f = *state;
    boot(f);
    fx(f, LK_FX_WIRING_CONFIRM)->door = LK_NO_DOOR;
    assert_true(fx_apply(f) < 0);
    say_intent(f, 1, LK_NO_DOOR, "", LK_PURPOSE_SERVICE);
    assert_true(fx_apply(f) < 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fix_setup, fix_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_door_is_as_it_should_be),          TEST(law_3_a_changed_wiring_holds_its_door_until_confirmed),
        TEST(the_old_wiring_is_remembered),           TEST(law_3_an_intent_knows_its_wiring),
        TEST(a_door_that_was_away_is_compared_again), TEST(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
