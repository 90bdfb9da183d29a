/* Look-ups, lists, staff, and that nothing secret is in the files. */
#include "unit/store/fixture.h"

#include "base/cleanup.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void code_finds_only_its_own_item(void **state)
{
    struct fix *f = *state;
    say_announce(f, "case-1", "12345678", "qr-text-of-case-1");
    say_announce(f, "case-2", "87654321", NULL);
    struct lk_store_found found = find_code(f, "12345678");
    assert_true(found.found && found.live);
    assert_string_equal(found.item.id, "case-1");
    assert_int_equal(found.item.size, LK_SIZE_M);
    assert_string_equal(find_code(f, "87654321").item.id, "case-2");
    static const char *const wrong[] = {"",       "1234567",  "123456789", "12345679", " 12345678", "qr-text-of-case-1",
                                        "case-1", "\xff\xfe", "12345678\n"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        found = find_code(f, wrong[i]);
        assert_false(found.found || found.live);
        assert_int_equal(found.item.door, LK_NO_DOOR);
    }
    char endless[4096];
    memset(endless, '1', sizeof(endless) - 1);
    endless[sizeof(endless) - 1] = '\0';
    assert_false(find_code(f, endless).found);
}

static void token_and_code_are_different_worlds(void **state)
{
    struct fix *f = *state;
    struct lk_store_found found;
    say_announce(f, "case-1", "12345678", "99999999");
    assert_int_equal(lk_store_find_token(f->store, &f->now, "99999999", &found), 0);
    assert_true(found.live);
    assert_int_equal(lk_store_find_token(f->store, &f->now, "12345678", &found), 0);
    assert_false(found.found);
    assert_false(find_code(f, "99999999").found);
}

/* Law 8: collected never again. */
static void used_up_code_is_known_but_dead(void **state)
{
    struct fix *f = *state;
    say_announce(f, "case-1", "12345678", "token-1");
    say_deposit(f, 1, "case-1", 5);
    struct lk_store_found found = find_code(f, "12345678");
    assert_int_equal(found.item.door, 5);
    say_collect(f, 2, "case-1", 5);
    fix_reopen(f);
    found = find_code(f, "12345678");
    assert_true(found.found);
    assert_false(found.live);
    assert_int_equal(found.item.custody, LK_CUSTODY_COLLECTED);
    assert_int_equal(found.item.door, LK_NO_DOOR);
    assert_int_equal(lk_store_find_token(f->store, &f->now, "token-1", &found), 0);
    assert_true(found.found && !found.live);
    assert_false(find_item(f, "case-1").live);
}

static void youngest_of_dead_codes_wins(void **state)
{
    struct fix *f = *state;
    for (int i = 1; i <= 3; i++) {
        char item[16];
        (void)snprintf(item, sizeof(item), "case-%d", i);
        say_announce(f, item, "12345678", NULL);
        (void)fx_item(f, LK_FX_SECRET_KILL, item);
        apply_ok(f);
        assert_string_equal(find_code(f, "12345678").item.id, item);
    }
}

static void code_in_use_knows_its_exception(void **state)
{
    struct fix *f = *state;
    bool used = true;
    assert_int_equal(lk_store_code_in_use(f->store, "12345678", NULL, NULL, &used), 0);
    assert_false(used);
    say_announce(f, "case-1", "12345678", NULL);
    assert_int_equal(lk_store_code_in_use(f->store, "12345678", NULL, NULL, &used), 0);
    assert_true(used);
    assert_int_equal(lk_store_code_in_use(f->store, "12345678", "case-2", NULL, &used), 0);
    assert_true(used);
    assert_int_equal(lk_store_code_in_use(f->store, "12345678", "case-1", NULL, &used), 0);
    assert_false(used);
    (void)fx_item(f, LK_FX_SECRET_KILL, "case-1");
    apply_ok(f);
    assert_int_equal(lk_store_code_in_use(f->store, "12345678", "case-2", NULL, &used), 0);
    assert_false(used);
}

/* HMAC-SHA256(key, site || kind || text), computed here by other means from the key's file. */
static void secrets_are_the_documented_hmac(void **state)
{
    struct fix *f = *state;
    size_t n = 0;
    LK_CLEANUP(lk_freep) unsigned char *hex = fix_read(f->key, &n);
    uint8_t key[32], mac[32];
    hex[64] = '\0';
    assert_int_equal(lk_text_unhex(key, 32, (char *)hex), 0);
    struct lk_secret secret;
    assert_int_equal(lk_store_make_secret(f->store, "12345678", "token", &secret), 0);
    assert_true(secret.has_code && secret.has_token);
    (void)HMAC(EVP_sha256(), key, 32,
               (const unsigned char *)"hall-1\0"
                                      "12345678",
               15, mac, NULL);
    assert_memory_equal(mac, secret.code_mac, 32);
    (void)HMAC(EVP_sha256(), key, 32, (const unsigned char *)"hall-1\1token", 12, mac, NULL);
    assert_memory_equal(mac, secret.token_mac, 32);
    assert_int_equal(lk_store_make_secret(f->store, NULL, "", &secret), 0);
    assert_false(secret.has_code || secret.has_token);
}

static bool contains_bytes(const char *path, const void *needle, size_t length)
{
    size_t n = 0;
    LK_CLEANUP(lk_freep) unsigned char *bytes = fix_read(path, &n);
    return memmem(bytes, n, needle, length) != NULL;
}

static bool contains(const char *path, const char *needle)
{
    return contains_bytes(path, needle, strlen(needle));
}

/* Laws 8 and 12, against the bytes of every file. */
static void nothing_secret_is_in_the_files(void **state)
{
    struct fix *f = *state;
    say_announce(f, "case-1", "31415926", "qr-0123456789-secret");
    say_deposit(f, 1, "case-1", 5);
    say_collect(f, 2, "case-1", 5);
    assert_int_equal(
        lk_store_staff_put(f->store, "c-17", LK_ACTOR_COURIER, "$argon2id$v=19$x", "badge-27182818", &f->now), 0);
    size_t n = 0;
    LK_CLEANUP(lk_freep) char *key = (char *)fix_read(f->key, &n);
    key[64] = '\0';
    uint8_t raw_key[32];
    assert_int_equal(lk_text_unhex(raw_key, 32, key), 0);
    static const char *const files[] = {"lockerd.db-wal", "lockerd.db"};
    for (int closed = 0; closed < 2; closed++) {
        for (size_t i = (size_t)closed; i < 2; i++) {
            const char *path = fix_path(f, files[i]);
            assert_false(contains(path, "31415926"));
            assert_false(contains(path, "qr-0123456789-secret"));
            assert_false(contains(path, "badge-27182818"));
            assert_false(contains(path, key));
            assert_false(contains_bytes(path, raw_key, 32));
        }
        assert_true(contains(fix_path(f, files[closed]), "case-1")); /* the search itself works */
        f->store = lk_store_close(f->store);
    }
}

struct list {
    unsigned count, stop_after;
    char ids[512];
    struct lk_store_item last;
};

static bool take(void *user, const struct lk_store_item *row)
{
    struct list *list = user;
    size_t n = strlen(list->ids);
    (void)snprintf(list->ids + n, sizeof(list->ids) - n, "%s ", row->item.id);
    list->last = *row;
    return ++list->count != list->stop_after;
}

static struct list items(struct fix *f, struct lk_store_item_filter filter)
{
    struct list list = {0};
    assert_int_equal(lk_store_list_items(f->store, &f->now, &filter, take, &list), 0);
    return list;
}

static void items_are_listed_and_counted(void **state)
{
    struct fix *f = *state;
    struct lk_store_counts counts;
    say_announce(f, "c", "11111111", "t1");
    say_announce(f, "a", "22222222", NULL);
    say_announce(f, "d", NULL, NULL);
    say_announce(f, "b", "33333333", NULL);
    say_deposit(f, 1, "b", 0);
    say_deposit(f, 2, "c", 1);
    say_collect(f, 3, "c", 1);
    assert_string_equal(items(f, (struct lk_store_item_filter){0}).ids, "a b c d ");
    assert_string_equal(items(f, (struct lk_store_item_filter){.limit = 2}).ids, "a b ");
    assert_string_equal(items(f, (struct lk_store_item_filter){.limit = 2, .after = "b"}).ids, "c d ");
    assert_string_equal(items(f, (struct lk_store_item_filter){.custody = LK_CUSTODY_EXPECTED}).ids, "a d ");
    assert_string_equal(items(f, (struct lk_store_item_filter){.custody = LK_CUSTODY_EXPECTED, .after = "a"}).ids,
                        "d ");
    struct list one = items(f, (struct lk_store_item_filter){.item = "b"});
    assert_int_equal(one.count, 1);
    assert_true(one.last.live);
    assert_int_equal(one.last.item.door, 0);
    assert_int_equal(one.last.deposited_wall_ms, f->now.wall_ms);
    assert_int_equal(one.last.retain_until_wall_ms, f->now.wall_ms + (int64_t)7 * 86400000);
    assert_int_equal(items(f, (struct lk_store_item_filter){.item = "zz"}).count, 0);
    assert_int_equal(lk_store_counts(f->store, &counts), 0);
    assert_int_equal(counts.items[LK_CUSTODY_EXPECTED], 2);
    assert_int_equal(counts.items[LK_CUSTODY_IN_LOCKER], 1);
    assert_int_equal(counts.items[LK_CUSTODY_COLLECTED], 1);
    assert_int_equal(counts.codes_live, 2);
    assert_int_equal(counts.tokens_live, 0);
}

static void recalls_overdue_and_cancelled_first(void **state)
{
    struct fix *f = *state;
    static const char *const order[] = {"late-b03", "fresh-a01", "cancelled-a04", "late-a02", "fresh-b01"};
    static const int doors[] = {2, 8, 11, 9, 0};
    struct lk_stamp start = f->now;
    for (int i = 0; i < 5; i++) {
        bool late = strncmp(order[i], "late", 4) == 0;
        f->now.wall_ms = start.wall_ms + (late ? 0 : (int64_t)86400000 * 5);
        say_announce(f, order[i], NULL, NULL);
        say_deposit(f, (uint64_t)i + 1, order[i], doors[i]);
    }
    (void)fx_item(f, LK_FX_ITEM_CANCELLED, "cancelled-a04");
    apply_ok(f);
    f->now.wall_ms = start.wall_ms + (int64_t)86400000 * 8;
    struct list list = {0};
    assert_int_equal(lk_store_list_recalls(f->store, &f->now, 0, take, &list), 0);
    assert_string_equal(list.ids, "late-a02 cancelled-a04 late-b03 fresh-a01 fresh-b01 ");
    f->now.quality = LK_CLOCK_UNSYNCED; /* nobody can say what is late */
    list = (struct list){0};
    assert_int_equal(lk_store_list_recalls(f->store, &f->now, 4, take, &list), 0);
    assert_string_equal(list.ids, "cancelled-a04 fresh-a01 late-a02 fresh-b01 ");
    assert_false(list.last.item.overdue);
}

static void reserved_door_is_the_items_door(void **state)
{
    struct fix *f = *state;
    say_announce(f, "case-1", NULL, NULL);
    struct lk_effect *use = fx_item(f, LK_FX_DOOR_USE, "case-1");
    use->door = 12;
    use->use = LK_USE_RESERVED;
    apply_ok(f);
    assert_int_equal(find_item(f, "case-1").item.door, 12);
}

static bool count_staff(void *user, const struct lk_store_staff *staff)
{
    assert_string_equal(staff->pin, "");
    *(int *)user += staff->removed ? 100 : 1;
    return true;
}

static void staff_come_and_go(void **state)
{
    struct fix *f = *state;
    struct lk_store_staff staff;
    bool found = true;
    int count = 0;
    assert_int_equal(lk_store_staff_by_id(f->store, "c-17", &found, &staff), 0);
    assert_false(found);
    assert_int_equal(lk_store_staff_put(f->store, "c-17", LK_ACTOR_COURIER, "$argon2id$1", "BADGE-17", &f->now), 0);
    assert_int_equal(lk_store_staff_put(f->store, "m-1", LK_ACTOR_MAINTENANCE, "$argon2id$2", NULL, &f->now), 0);
    assert_int_equal(lk_store_staff_put(f->store, "k-1", LK_ACTOR_CLERK, "$argon2id$3", "BADGE-17", &f->now), -EEXIST);
    assert_int_equal(lk_store_staff_put(f->store, "k-1", LK_ACTOR_RECIPIENT, "$argon2id$3", NULL, &f->now), -EINVAL);
    assert_int_equal(lk_store_staff_put(f->store, "k 1", LK_ACTOR_CLERK, "$argon2id$3", NULL, &f->now), -EINVAL);
    assert_int_equal(lk_store_staff_put(f->store, "k-1", LK_ACTOR_CLERK, "", NULL, &f->now), -EINVAL);
    fix_reopen(f);
    assert_int_equal(lk_store_staff_by_badge(f->store, "BADGE-17", &found, &staff), 0);
    assert_true(found);
    assert_string_equal(staff.id, "c-17");
    assert_int_equal(staff.role, LK_ACTOR_COURIER);
    assert_string_equal(staff.pin, "$argon2id$1");
    assert_true(staff.badge);
    assert_int_equal(lk_store_staff_put(f->store, "c-17", LK_ACTOR_CLERK, "$argon2id$9", NULL, &f->now), 0);
    assert_int_equal(lk_store_staff_by_badge(f->store, "BADGE-17", &found, &staff), 0);
    assert_false(found);
    assert_int_equal(lk_store_staff_remove(f->store, "c-17", &f->now), 0);
    assert_int_equal(lk_store_staff_remove(f->store, "c-17", &f->now), -ENOENT);
    assert_int_equal(lk_store_staff_by_id(f->store, "c-17", &found, &staff), 0);
    assert_false(found);
    assert_int_equal(lk_store_staff_list(f->store, count_staff, &count), 0);
    assert_int_equal(count, 101);
    assert_int_equal(lk_store_staff_put(f->store, "c-17", LK_ACTOR_COURIER, "$argon2id$4", "BADGE-17", &f->now), 0);
    assert_int_equal(lk_store_staff_by_id(f->store, "c-17", &found, &staff), 0);
    assert_true(found && staff.badge && !staff.removed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(code_finds_only_its_own_item, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(token_and_code_are_different_worlds, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(used_up_code_is_known_but_dead, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(youngest_of_dead_codes_wins, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(code_in_use_knows_its_exception, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(secrets_are_the_documented_hmac, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(nothing_secret_is_in_the_files, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(items_are_listed_and_counted, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(recalls_overdue_and_cancelled_first, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(reserved_door_is_the_items_door, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(staff_come_and_go, fix_setup, fix_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
