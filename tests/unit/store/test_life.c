/* The whole life of an item in the store: what is kept of it, more time, codes of a recipient and of a delegate. */
#include "unit/store/fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_MS = 86400000 };

static void be_person(struct fix *f, struct lk_item *item, const char *phone)
{
    if (phone) {
        item->has_phone = true;
        assert_int_equal(lk_store_phone(f->store, phone, item->phone_mac), 0);
    }
}

/* An item that exists becomes (NULL: nobody known's) this person's. */
static void give(struct fix *f, const char *item, const char *phone)
{
    struct lk_effect *put = fx_item(f, LK_FX_ITEM_PUT, item);
    be_person(f, &put->item, phone);
    apply_ok(f);
}

static int set_secret(struct fix *f, const char *item, const char *code, const char *token, enum lk_holder holder,
                      const char *tail)
{
    struct lk_effect *set = fx_item(f, LK_FX_SECRET_SET, item);
    assert_int_equal(lk_store_make_secret(f->store, code, token, &set->secret), 0);
    set->secret.holder = holder;
    (void)snprintf(set->secret.tail, sizeof(set->secret.tail), "%s", tail);
    return fx_apply(f);
}

static void custody(struct fix *f, const char *item, enum lk_custody from, enum lk_custody to, int door)
{
    struct lk_effect *change = fx_item(f, LK_FX_ITEM_CUSTODY, item);
    change->from = from;
    change->to = to;
    change->door = door;
    apply_ok(f);
}

static void fill(struct lk_item *item)
{
    item->channel = LK_CHANNEL_POST;
    item->size = LK_SIZE_L;
    item->low_reach = true;
    item->second_factor = true;
    item->dropoff = true;
    (void)snprintf(item->phone_tail, sizeof(item->phone_tail), "4711");
    (void)snprintf(item->name, sizeof(item->name), "\xe7\x8e\x8b**");
    (void)snprintf(item->case_id, sizeof(item->case_id), "affair-7");
    (void)snprintf(item->site, sizeof(item->site), "hall-2");
    item->rejected = item->cancelled = item->overdue = true; /* not this effect's business, nor is the next */
    item->extended = 9;
    (void)snprintf(item->waybill, sizeof(item->waybill), "WRONG");
}

static void assert_filled(struct fix *f, const char *id, const char *waybill)
{
    struct lk_item item = find_item(f, id).item;
    assert_int_equal(item.channel, LK_CHANNEL_POST);
    assert_int_equal(item.size, LK_SIZE_L);
    assert_true(item.low_reach && item.second_factor && item.dropoff && item.has_phone);
    assert_string_equal(item.phone_tail, "4711");
    assert_string_equal(item.name, "\xe7\x8e\x8b**");
    assert_string_equal(item.case_id, "affair-7");
    assert_string_equal(item.site, "hall-2");
    assert_string_equal(item.waybill, waybill);
    assert_false(item.rejected || item.cancelled || item.overdue);
    assert_int_equal(item.extended, 0);
}

static void put_keeps_every_field_but_waybill_and_marks(void **state)
{
    struct fix *f = *state;
    say_announce(f, "updated", NULL, NULL);
    struct lk_effect *waybill = fx_item(f, LK_FX_ITEM_WAYBILL, "updated");
    (void)snprintf(waybill->waybill, sizeof(waybill->waybill), "EMS-1");
    static const char *const ids[] = {"updated", "new"};
    uint8_t mac[32];
    assert_int_equal(lk_store_phone(f->store, "13800004711", mac), 0);
    for (int i = 0; i < 2; i++) {
        struct lk_effect *put = fx_item(f, LK_FX_ITEM_PUT, ids[i]);
        fill(&put->item);
        put->item.cancelled = i == 0; /* an item may be born cancelled */
        be_person(f, &put->item, "13800004711");
    }
    apply_ok(f);
    fix_reopen(f);
    assert_filled(f, "updated", "EMS-1");
    assert_filled(f, "new", "");
    assert_memory_equal(find_item(f, "new").item.phone_mac, mac, 32);
    give(f, "new", NULL); /* what is not given is not known any more */
    struct lk_item item = find_item(f, "new").item;
    assert_false(item.has_phone || item.second_factor || item.dropoff || item.low_reach);
    assert_string_equal(item.name, "");
    assert_string_equal(item.case_id, "");
}

static void marks_are_kept(void **state)
{
    struct fix *f = *state;
    say_announce(f, "case-1", NULL, NULL);
    (void)fx_item(f, LK_FX_ITEM_REJECTED, "case-1");
    apply_ok(f);
    fix_reopen(f);
    assert_true(find_item(f, "case-1").item.rejected);
    assert_false(find_item(f, "case-1").item.cancelled);
    static const enum lk_effect_kind kinds[] = {LK_FX_ITEM_REJECTED, LK_FX_ITEM_REMINDED, LK_FX_ITEM_OVERDUE,
                                                LK_FX_ITEM_EXTEND,   LK_FX_ITEM_WAYBILL,  LK_FX_ITEM_ERASE,
                                                LK_FX_SECRET_REVOKE, LK_FX_INTENT_TURN};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        (void)fx_event(f, LK_EV_ITEM_UPDATED);
        fx_item(f, kinds[i], "nobody")->intent = 77;
        assert_int_equal(fx_apply(f), -ESTALE);
    }
    assert_int_equal(lk_store_last_seq(f->store), 1);
}

/* --- more time -----------------------------------------------------------------------------------------------------
 */

static bool take_row(void *user, const struct lk_store_item *row)
{
    *(struct lk_store_item *)user = *row;
    return false;
}

static int64_t keep_until(struct fix *f, const char *id)
{
    struct lk_store_item row = {0};
    struct lk_store_item_filter filter = {.item = id};
    assert_int_equal(lk_store_list_items(f->store, &f->now, &filter, take_row, &row), 0);
    assert_string_equal(row.item.id, id);
    return row.retain_until_wall_ms;
}

static void extend(struct fix *f, const char *id, unsigned days)
{
    fx_item(f, LK_FX_ITEM_EXTEND, id)->count = days;
    apply_ok(f);
}

static void more_time_counts_from_the_end_or_from_now(void **state)
{
    struct fix *f = *state;
    int64_t start = f->now.wall_ms;
    say_announce(f, "case-1", NULL, NULL);
    say_deposit(f, 1, "case-1", 0);
    extend(f, "case-1", 3);
    assert_int_equal(keep_until(f, "case-1"), start + (int64_t)10 * DAY_MS);
    assert_int_equal(find_item(f, "case-1").item.extended, 1);
    f->now.wall_ms = start + (int64_t)20 * DAY_MS;
    assert_true(find_item(f, "case-1").item.overdue);
    extend(f, "case-1", 2); /* somebody who asks late gets days that have not gone by yet */
    assert_false(find_item(f, "case-1").item.overdue);
    assert_int_equal(keep_until(f, "case-1"), f->now.wall_ms + (int64_t)2 * DAY_MS);
    assert_int_equal(find_item(f, "case-1").item.extended, 2);
}

/* Law 11: the days are remembered until there is an end to add them to, and a wrong clock takes none away. */
static void law_11_more_time_without_a_clock(void **state)
{
    struct fix *f = *state;
    struct lk_stamp good = f->now;
    f->now = (struct lk_stamp){.wall_ms = 1000, .quality = LK_CLOCK_UNSYNCED};
    say_announce(f, "case-1", NULL, NULL);
    say_deposit(f, 1, "case-1", 0);
    extend(f, "case-1", 3);
    extend(f, "case-1", 1);
    assert_int_equal(keep_until(f, "case-1"), 0);
    f->now = good;
    fx_event(f, LK_EV_SITE_CLOCK)->clock = LK_CLOCK_SYNCED;
    apply_ok(f);
    assert_int_equal(keep_until(f, "case-1"), good.wall_ms + (int64_t)11 * DAY_MS);
    f->now = (struct lk_stamp){.wall_ms = good.wall_ms * 2, .quality = LK_CLOCK_RTC};
    extend(f, "case-1", 1);
    assert_int_equal(keep_until(f, "case-1"), good.wall_ms + (int64_t)12 * DAY_MS);
    fx_event(f, LK_EV_SITE_CLOCK)->clock = LK_CLOCK_SYNCED;
    f->now = good;
    apply_ok(f); /* the same days are not added twice */
    assert_int_equal(keep_until(f, "case-1"), good.wall_ms + (int64_t)12 * DAY_MS);
}

static void a_second_deposit_begins_anew(void **state)
{
    struct fix *f = *state;
    say_announce(f, "case-1", NULL, NULL);
    say_deposit(f, 1, "case-1", 0);
    extend(f, "case-1", 3);
    custody(f, "case-1", LK_CUSTODY_IN_LOCKER, LK_CUSTODY_AT_WINDOW, LK_NO_DOOR);
    f->now.wall_ms += (int64_t)5 * DAY_MS;
    custody(f, "case-1", LK_CUSTODY_AT_WINDOW, LK_CUSTODY_IN_LOCKER, 1);
    assert_int_equal(keep_until(f, "case-1"), f->now.wall_ms + (int64_t)7 * DAY_MS);
    assert_int_equal(find_item(f, "case-1").item.extended, 0);
}

/* A deposit that nobody proved, and that an inspection found: it lies there, so it has an end. */
static void what_is_settled_into_a_locker_has_an_end(void **state)
{
    struct fix *f = *state;
    say_announce(f, "case-1", NULL, NULL);
    custody(f, "case-1", LK_CUSTODY_EXPECTED, LK_CUSTODY_UNKNOWN, 3);
    assert_int_equal(keep_until(f, "case-1"), 0);
    custody(f, "case-1", LK_CUSTODY_UNKNOWN, LK_CUSTODY_IN_LOCKER, 3);
    int64_t end = f->now.wall_ms + (int64_t)7 * DAY_MS;
    assert_int_equal(keep_until(f, "case-1"), end);
    f->now.wall_ms += DAY_MS;
    custody(f, "case-1", LK_CUSTODY_IN_LOCKER, LK_CUSTODY_UNKNOWN, 3);
    custody(f, "case-1", LK_CUSTODY_UNKNOWN, LK_CUSTODY_IN_LOCKER, 3);
    assert_int_equal(keep_until(f, "case-1"), end); /* the one it has stays */
}

/* --- law 8: whose a code is ----------------------------------------------------------------------------------------
 */

static void law_8_one_code_opens_one_persons_items_only(void **state)
{
    struct fix *f = *state;
    for (int i = 1; i <= 4; i++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "case-%d", i);
        say_announce(f, id, NULL, NULL);
    }
    give(f, "case-1", "138 0000 4711");
    give(f, "case-2", "+8613800004711"); /* the same person */
    give(f, "case-3", "13800004712");
    assert_int_equal(set_secret(f, "case-1", "12345678", "token-1", LK_HOLDER_RECIPIENT, ""), 0);
    assert_int_equal(set_secret(f, "case-2", "12345678", "token-1", LK_HOLDER_RECIPIENT, ""), 0);
    assert_int_equal(set_secret(f, "case-3", "12345678", NULL, LK_HOLDER_RECIPIENT, ""), -EEXIST);
    assert_int_equal(set_secret(f, "case-3", NULL, "token-1", LK_HOLDER_RECIPIENT, ""), -EEXIST);
    assert_int_equal(set_secret(f, "case-4", "12345678", NULL, LK_HOLDER_RECIPIENT, ""),
                     -EEXIST); /* unknown: nobody's */
    assert_int_equal(set_secret(f, "case-2", "12345678", NULL, LK_HOLDER_DELEGATE, ""), -EEXIST);
    assert_false(find_item(f, "case-3").live || find_item(f, "case-4").live);
    struct lk_effect *put = fx_item(f, LK_FX_ITEM_PUT, "case-2"); /* nor may it become another person's by an update */
    be_person(f, &put->item, "13800004712");
    assert_int_equal(fx_apply(f), -EINVAL);
    (void)fx_item(f, LK_FX_ITEM_PUT, "case-2");
    assert_int_equal(fx_apply(f), -EINVAL);
    give(f, "case-2", "13800004711"); /* to stay the same is fine */
    (void)fx_item(f, LK_FX_SECRET_KILL, "case-1");
    apply_ok(f);
    give(f, "case-2", "13800004712"); /* shared no more */
    assert_true(find_code(f, "12345678").live);
    assert_string_equal(find_code(f, "12345678").item.id, "case-2");
}

/* Whatever the program does: the database itself refuses it. */
static void law_8_the_database_itself_refuses(void **state)
{
    struct fix *f = *state;
    say_announce(f, "case-1", "12345678", NULL);
    say_announce(f, "case-2", "87654321", NULL);
    (void)fx_item(f, LK_FX_SECRET_KILL, "case-2");
    apply_ok(f);
    f->store = lk_store_close(f->store);
    sqlite3 *db = raw_open(f->db);
    static const char insert[] =
        "INSERT INTO secret (item, kind, algorithm, mac, live, made_wall_ms) "
        "SELECT (SELECT rid FROM item WHERE id = 'case-2'), 'code', algorithm, mac, 1, 0 FROM secret WHERE live = 1";
    assert_int_equal(raw_exec_rc(db, insert), SQLITE_CONSTRAINT);
    assert_non_null(strstr(sqlite3_errmsg(db), "one person"));
    assert_int_equal(raw_exec_rc(db, "UPDATE secret SET live = 1"), SQLITE_CONSTRAINT);
    assert_non_null(strstr(sqlite3_errmsg(db), "used up"));
    assert_int_equal(raw_exec_rc(db, "UPDATE secret SET holder = 'friend'"), SQLITE_CONSTRAINT);
    raw_exec(db, "UPDATE item SET phone_mac = zeroblob(32)"); /* one person's: now it may */
    raw_exec(db, insert);
    assert_int_equal(raw_exec_rc(db, "UPDATE item SET phone_mac = randomblob(32) WHERE id = 'case-1'"),
                     SQLITE_CONSTRAINT);
    sqlite3_close(db);
}

static void a_delegate_has_a_code_of_their_own(void **state)
{
    struct fix *f = *state;
    say_announce(f, "case-1", NULL, NULL);
    struct lk_effect *put = fx_item(f, LK_FX_ITEM_PUT, "case-1");
    (void)snprintf(put->item.phone_tail, sizeof(put->item.phone_tail), "1111");
    apply_ok(f);
    assert_int_equal(set_secret(f, "case-1", "10000001", NULL, LK_HOLDER_RECIPIENT, ""), 0);
    assert_int_equal(set_secret(f, "case-1", "20000002", "token-2", LK_HOLDER_DELEGATE, "2222"), 0);
    assert_int_equal(set_secret(f, "case-1", "10000003", NULL, LK_HOLDER_RECIPIENT, ""), 0); /* reissued */
    struct lk_store_found found = find_code(f, "20000002");
    assert_true(found.live);
    assert_int_equal(found.item.holder, LK_HOLDER_DELEGATE);
    assert_string_equal(found.item.phone_tail, "2222");
    found = find_code(f, "10000003");
    assert_true(found.live);
    assert_int_equal(found.item.holder, LK_HOLDER_RECIPIENT);
    assert_string_equal(found.item.phone_tail, "1111");
    assert_false(find_code(f, "10000001").live);
    fx_item(f, LK_FX_SECRET_REVOKE, "case-1")->secret.holder = LK_HOLDER_DELEGATE;
    apply_ok(f);
    found = find_code(f, "20000002");
    assert_true(found.found && !found.live);
    assert_int_equal(found.item.holder, LK_HOLDER_DELEGATE);
    assert_true(find_code(f, "10000003").live);
    assert_int_equal(set_secret(f, "case-1", "20000004", NULL, LK_HOLDER_DELEGATE, ""), 0);
    (void)fx_item(f, LK_FX_SECRET_KILL, "case-1"); /* a delegate's code dies with the item's */
    apply_ok(f);
    assert_false(find_code(f, "20000004").live || find_code(f, "10000003").live || find_item(f, "case-1").live);
}

/* --- events --------------------------------------------------------------------------------------------------------
 */

static bool take_data(void *user, const struct lk_record *record)
{
    (void)snprintf(user, 1024, "%s", record->data);
    return true;
}

static void event_fields_in_their_order(void **state)
{
    struct fix *f = *state;
    char data[1024];
    struct lk_event *e = fx_event(f, LK_EV_SITE_CLOCK);
    e->clock = LK_CLOCK_SYNCED;
    e->has_via = true;
    e->via = LK_CHANNEL_WINDOW;
    e->proof = LK_PROOF_TAIL;
    e->rating = 5;
    (void)snprintf(e->waybill, sizeof(e->waybill), "EMS-1");
    (void)snprintf(e->case_id, sizeof(e->case_id), "affair-7");
    (void)snprintf(e->second, sizeof(e->second), "k-2");
    (void)snprintf(e->note, sizeof(e->note), "asked \"twice\"");
    apply_ok(f);
    assert_int_equal(lk_store_read_events(f->store, 0, 1, take_data, data), 0);
    assert_string_equal(data, "{\"clock\":\"synced\",\"via\":\"window\",\"proof\":\"phone_tail\",\"rating\":5,"
                              "\"waybill\":\"EMS-1\",\"case\":\"affair-7\",\"second\":\"k-2\","
                              "\"note\":\"asked \\\"twice\\\"\"}");
    (void)fx_event(f, LK_EV_ITEM_RATED);
    apply_ok(f);
    assert_int_equal(lk_store_read_events(f->store, 1, 1, take_data, data), 0);
    assert_string_equal(data, "{}"); /* what is not set is left out */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(put_keeps_every_field_but_waybill_and_marks, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(marks_are_kept, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(more_time_counts_from_the_end_or_from_now, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(law_11_more_time_without_a_clock, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(a_second_deposit_begins_anew, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(what_is_settled_into_a_locker_has_an_end, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(law_8_one_code_opens_one_persons_items_only, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(law_8_the_database_itself_refuses, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(a_delegate_has_a_code_of_their_own, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(event_fields_in_their_order, fix_setup, fix_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
