/* Every STORE effect, the laws at the level of the store, and all-or-nothing. */
#include "unit/store/fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void no_store_effect_no_transaction(void **state)
{
    struct fix *f = *state;
    struct lk_store_health before, after;
    struct lk_store_range range = {.first = 9, .last = 9};
    lk_store_health(f->store, &before);
    fx(f, LK_FX_PULSE)->door = 1;
    (void)fx(f, LK_FX_REPLY);
    (void)fx(f, LK_FX_RESUME_BANK);
    assert_int_equal(lk_store_apply(f->store, &f->fx, &f->now, &range), 0);
    lk_store_health(f->store, &after);
    assert_int_equal(after.commits, before.commits);
    assert_int_equal(range.first, 0);
}

static void range_names_the_new_events(void **state)
{
    struct fix *f = *state;
    struct lk_store_range range;
    (void)fx_event(f, LK_EV_SITE_STARTED);
    (void)fx_event(f, LK_EV_SITE_BOARD_BACK);
    assert_int_equal(lk_store_apply(f->store, &f->fx, &f->now, &range), 0);
    assert_int_equal(range.first, 1);
    assert_int_equal(range.last, 2);
    assert_int_equal(lk_store_apply(f->store, &f->fx, &f->now, &range), 0);
    assert_int_equal(range.first, 3);
    assert_int_equal(lk_store_last_seq(f->store), 4);
}

static void item_put_creates_then_updates_but_never_custody(void **state)
{
    struct fix *f = *state;
    struct lk_effect *put = fx_item(f, LK_FX_ITEM_PUT, "case-1");
    put->item.custody = LK_CUSTODY_EXPECTED;
    put->item.channel = LK_CHANNEL_WINDOW;
    put->item.size = LK_SIZE_S;
    apply_ok(f);
    put = fx_item(f, LK_FX_ITEM_PUT, "case-1");
    put->item.custody = LK_CUSTODY_COLLECTED; /* not this effect's business */
    put->item.channel = LK_CHANNEL_POST;
    put->item.size = LK_SIZE_XL;
    put->item.low_reach = true;
    put->item.cancelled = true;
    (void)snprintf(put->item.phone_tail, sizeof(put->item.phone_tail), "4711");
    apply_ok(f);
    fix_reopen(f);
    struct lk_store_found found = find_item(f, "case-1");
    assert_true(found.found);
    assert_false(found.live);
    assert_int_equal(found.item.custody, LK_CUSTODY_EXPECTED);
    assert_int_equal(found.item.channel, LK_CHANNEL_POST);
    assert_int_equal(found.item.size, LK_SIZE_XL);
    assert_true(found.item.low_reach);
    assert_false(found.item.cancelled);
    assert_string_equal(found.item.phone_tail, "4711");
    assert_int_equal(found.item.door, LK_NO_DOOR);
}

static void custody_from_none_needs_the_put_of_the_same_list(void **state)
{
    struct fix *f = *state;
    (void)fx_item(f, LK_FX_ITEM_PUT, "case-1");
    struct lk_effect *change = fx_item(f, LK_FX_ITEM_CUSTODY, "case-1");
    change->to = LK_CUSTODY_AT_WINDOW;
    apply_ok(f);
    assert_int_equal(find_item(f, "case-1").item.custody, LK_CUSTODY_AT_WINDOW);
    change = fx_item(f, LK_FX_ITEM_CUSTODY, "case-1");
    change->to = LK_CUSTODY_COLLECTED;
    assert_int_equal(fx_apply(f), -ESTALE);
    (void)fx_item(f, LK_FX_ITEM_PUT, "case-2");
    change = fx_item(f, LK_FX_ITEM_CUSTODY, "case-1");
    change->to = LK_CUSTODY_COLLECTED;
    assert_int_equal(fx_apply(f), -ESTALE);
    assert_false(find_item(f, "case-2").found);
}

/* Law 4: the row must say what the decision was made on, else nothing of the step happens. */
static void stale_custody_rolls_everything_back(void **state)
{
    struct fix *f = *state;
    say_announce(f, "case-1", "12345678", NULL);
    say_deposit(f, 1, "case-1", 3);
    uint64_t seq = lk_store_last_seq(f->store);
    char head[65];
    (void)snprintf(head, sizeof(head), "%s", lk_store_head_hash(f->store));

    (void)fx_event(f, LK_EV_ITEM_COLLECTED);
    struct lk_effect *use = fx(f, LK_FX_DOOR_USE);
    use->door = 3;
    use->use = LK_USE_FREE;
    (void)fx_item(f, LK_FX_SECRET_KILL, "case-1");
    struct lk_effect *change = fx_item(f, LK_FX_ITEM_CUSTODY, "case-1");
    change->from = LK_CUSTODY_AT_WINDOW;
    change->to = LK_CUSTODY_COLLECTED;
    assert_int_equal(fx_apply(f), -ESTALE);

    assert_int_equal(lk_store_last_seq(f->store), seq);
    assert_string_equal(lk_store_head_hash(f->store), head);
    struct lk_store_found found = find_code(f, "12345678");
    assert_true(found.live);
    assert_int_equal(found.item.custody, LK_CUSTODY_IN_LOCKER);
    assert_int_equal(found.item.door, 3);
    struct lk_store_health health;
    lk_store_health(f->store, &health);
    assert_false(health.degraded); /* our bug, not the disk's failure */
}

static void unknown_item_or_intent_is_stale(void **state)
{
    struct fix *f = *state;
    static const enum lk_effect_kind kinds[] = {LK_FX_ITEM_CUSTODY,    LK_FX_ITEM_CANCELLED, LK_FX_SECRET_SET,
                                                LK_FX_SECRET_KILL,     LK_FX_INTENT_SETTLE,  LK_FX_INTENT_FINISH,
                                                LK_FX_INTENT_WITHDRAW, LK_FX_COMMAND};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct lk_effect *e = fx_item(f, kinds[i], "nobody");
        e->intent = 77;
        e->from = LK_CUSTODY_EXPECTED;
        e->to = LK_CUSTODY_AT_WINDOW;
        (void)snprintf(e->jti, sizeof(e->jti), "late-answer");
        assert_int_equal(fx_apply(f), -ESTALE);
    }
}

static void impossible_effects_are_refused(void **state)
{
    struct fix *f = *state;
    say_announce(f, "case-1", NULL, NULL);
    struct lk_effect *e = fx_item(f, LK_FX_ITEM_CUSTODY, "case-1"); /* in the locker, but in no door */
    e->from = LK_CUSTODY_EXPECTED;
    e->to = LK_CUSTODY_IN_LOCKER;
    assert_int_equal(fx_apply(f), -EINVAL);
    e = fx_item(f, LK_FX_ITEM_CUSTODY, "case-1"); /* none is nothing to be stored */
    e->from = LK_CUSTODY_EXPECTED;
    e->to = LK_CUSTODY_NONE;
    assert_int_equal(fx_apply(f), -EINVAL);
    e = fx_item(f, LK_FX_DOOR_USE, "never-seen"); /* the item of a compartment must exist */
    e->door = 1;
    e->use = LK_USE_OCCUPIED;
    assert_int_equal(fx_apply(f), -EINVAL);
    fx(f, LK_FX_DOOR_USE)->door = 99;
    assert_int_equal(fx_apply(f), -EINVAL);
    e = fx(f, LK_FX_BANK_STOP);
    e->bank = 2;
    e->reason = LK_REASON_WRONG_DOOR;
    assert_int_equal(fx_apply(f), -EINVAL);
    fx_event(f, LK_EV_DOOR_OPENED)->door = 99;
    assert_int_equal(fx_apply(f), -EINVAL);
    assert_int_equal(lk_store_last_seq(f->store), 1);
    assert_int_equal(find_item(f, "case-1").item.custody, LK_CUSTODY_EXPECTED);
}

static void intent_id_is_used_once(void **state)
{
    struct fix *f = *state;
    say_intent(f, 5, 1, "", LK_PURPOSE_SERVICE);
    f->fx.at[0].from = LK_CUSTODY_NONE;
    apply_ok(f);
    say_intent(f, 5, 2, "", LK_PURPOSE_SERVICE);
    f->fx.at[0].from = LK_CUSTODY_NONE;
    assert_int_equal(fx_apply(f), -EEXIST);
}

/* Law 8: among live codes each is one item's; a dead one may come again. */
static void live_codes_are_unique(void **state)
{
    struct fix *f = *state;
    say_announce(f, "case-1", "12345678", "token-of-case-1");
    say_announce(f, "case-2", NULL, NULL);
    struct lk_effect *set = fx_item(f, LK_FX_SECRET_SET, "case-2");
    assert_int_equal(lk_store_make_secret(f->store, "12345678", NULL, &set->secret), 0);
    (void)fx_event(f, LK_EV_ITEM_EXPECTED);
    assert_int_equal(fx_apply(f), -EEXIST);
    assert_int_equal(lk_store_last_seq(f->store), 2);

    say_deposit(f, 1, "case-1", 0);
    say_collect(f, 2, "case-1", 0);
    struct lk_store_found found = find_code(f, "12345678");
    assert_true(found.found);
    assert_false(found.live);
    set = fx_item(f, LK_FX_SECRET_SET, "case-2");
    assert_int_equal(lk_store_make_secret(f->store, "12345678", NULL, &set->secret), 0);
    apply_ok(f);
    found = find_code(f, "12345678");
    assert_true(found.live);
    assert_string_equal(found.item.id, "case-2");
}

static void new_secret_kills_the_old_one(void **state)
{
    struct fix *f = *state;
    say_announce(f, "case-1", "11111111", "old-token");
    struct lk_effect *set = fx_item(f, LK_FX_SECRET_SET, "case-1");
    assert_int_equal(lk_store_make_secret(f->store, "22222222", NULL, &set->secret), 0);
    apply_ok(f);
    struct lk_store_found found = find_code(f, "11111111");
    assert_true(found.found && !found.live);
    assert_true(find_code(f, "22222222").live);
    assert_int_equal(lk_store_find_token(f->store, &f->now, "old-token", &found), 0);
    assert_true(found.found && !found.live);
}

/* Law 7: remembered with its answer; the late answer comes without a digest. */
static void commands_are_remembered(void **state)
{
    struct fix *f = *state;
    struct lk_store_command known;
    uint8_t digest[32] = {1, 2, 3}, other[32] = {9};
    assert_int_equal(lk_store_find_command(f->store, "cmd-1", digest, &known), 0);
    assert_int_equal(known.known, LK_STORE_KNOWN_NONE);
    struct lk_effect *e = fx(f, LK_FX_COMMAND);
    (void)snprintf(e->jti, sizeof(e->jti), "cmd-1");
    memcpy(e->digest, digest, 32);
    e->result = LK_RESULT_PENDING;
    apply_ok(f);
    e = fx(f, LK_FX_COMMAND);
    (void)snprintf(e->jti, sizeof(e->jti), "cmd-1");
    e->result = LK_RESULT_FAILED;
    e->reason = LK_REASON_DOOR_JAMMED;
    e->outcome = LK_OUTCOME_JAMMED;
    apply_ok(f);
    fix_reopen(f);
    assert_int_equal(lk_store_find_command(f->store, "cmd-1", digest, &known), 0);
    assert_int_equal(known.known, LK_STORE_KNOWN_SAME);
    assert_int_equal(known.result, LK_RESULT_FAILED);
    assert_int_equal(known.reason, LK_REASON_DOOR_JAMMED);
    assert_int_equal(known.outcome, LK_OUTCOME_JAMMED);
    assert_int_equal(lk_store_find_command(f->store, "cmd-1", other, &known), 0);
    assert_int_equal(known.known, LK_STORE_KNOWN_OTHER);
    e = fx(f, LK_FX_COMMAND);
    (void)snprintf(e->jti, sizeof(e->jti), "cmd-1");
    memcpy(e->digest, other, 32);
    assert_int_equal(fx_apply(f), -EEXIST);
}

static void commands_are_purged_only_when_old_and_many(void **state)
{
    struct fix *f = *state;
    struct lk_stamp later = f->now;
    unsigned removed = 99;
    for (int i = 0; i < 10100; i++) {
        struct lk_effect *e = fx(f, LK_FX_COMMAND);
        (void)snprintf(e->jti, sizeof(e->jti), "cmd-%d", i);
        e->digest[0] = 1;
        e->result = i == 3 ? LK_RESULT_PENDING : LK_RESULT_OK;
        if (f->fx.count == 100) {
            apply_ok(f);
        }
    }
    later.wall_ms += (int64_t)6 * 86400000;
    assert_int_equal(lk_store_purge_commands(f->store, &later, 1, &removed), 0);
    assert_int_equal(removed, 0); /* never before seven days */
    later.wall_ms += (int64_t)400 * 86400000;
    later.quality = LK_CLOCK_RTC;
    assert_int_equal(lk_store_purge_commands(f->store, &later, 7, &removed), 0);
    assert_int_equal(removed, 0); /* nor by a clock that proves nothing */
    later.quality = LK_CLOCK_SYNCED;
    assert_int_equal(lk_store_purge_commands(f->store, &later, 7, &removed), 0);
    assert_int_equal(removed, 99); /* all but the youngest 10,000, and the one without an answer */
}

/* Law 11: an end of retention is only ever set by a clock that is right. */
static void retention_waits_for_a_synced_clock(void **state)
{
    struct fix *f = *state;
    struct lk_stamp good = f->now;
    f->now = (struct lk_stamp){.wall_ms = 1000, .quality = LK_CLOCK_UNSYNCED};
    say_announce(f, "case-1", NULL, NULL);
    say_deposit(f, 1, "case-1", 0);
    f->now = good;
    assert_false(find_item(f, "case-1").item.overdue);
    fx_event(f, LK_EV_SITE_CLOCK)->clock = LK_CLOCK_SYNCED;
    apply_ok(f);
    f->now.wall_ms = good.wall_ms + (int64_t)7 * 86400000 - 1;
    assert_false(find_item(f, "case-1").item.overdue);
    f->now.wall_ms += 1;
    assert_true(find_item(f, "case-1").item.overdue);
    f->now.quality = LK_CLOCK_RTC;
    assert_false(find_item(f, "case-1").item.overdue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_store_effect_no_transaction, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(range_names_the_new_events, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(item_put_creates_then_updates_but_never_custody, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(custody_from_none_needs_the_put_of_the_same_list, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(stale_custody_rolls_everything_back, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(unknown_item_or_intent_is_stale, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(impossible_effects_are_refused, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(intent_id_is_used_once, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(live_codes_are_unique, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(new_secret_kills_the_old_one, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(commands_are_remembered, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(commands_are_purged_only_when_old_and_many, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(retention_waits_for_a_synced_clock, fix_setup, fix_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
