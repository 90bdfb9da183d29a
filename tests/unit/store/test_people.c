/* Look-ups about people and their several items: the next one, what lies together, the window, rounds and receipts. */
#include "unit/store/fixture.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_MS = 86400000 };

#define CODE "12345678"

/* An item of a person and a case (NULL: not known) with a code and maybe a token. */
static void announce(struct fix *f, const char *id, const char *phone, const char *affair, const char *code,
                     const char *token)
{
    struct lk_item *item = &fx_item(f, LK_FX_ITEM_PUT, id)->item;
    item->custody = LK_CUSTODY_EXPECTED;
    if (phone) {
        item->has_phone = true;
        assert_int_equal(lk_store_phone(f->store, phone, item->phone_mac), 0);
        (void)snprintf(item->phone_tail, sizeof(item->phone_tail), "%s", phone + strlen(phone) - 4);
    }
    (void)snprintf(item->case_id, sizeof(item->case_id), "%s", affair ? affair : "");
    if (code || token) {
        struct lk_effect *set = fx_item(f, LK_FX_SECRET_SET, id);
        assert_int_equal(lk_store_make_secret(f->store, code, token, &set->secret), 0);
    }
    apply_ok(f);
}

static void grant(struct fix *f, const char *id, const char *code)
{
    struct lk_effect *set = fx_item(f, LK_FX_SECRET_SET, id);
    assert_int_equal(lk_store_make_secret(f->store, code, NULL, &set->secret), 0);
    set->secret.holder = LK_HOLDER_DELEGATE;
    apply_ok(f);
}

static struct lk_store_found sibling(struct fix *f, const char *id, enum lk_holder holder)
{
    struct lk_store_found found;
    assert_int_equal(lk_store_find_sibling(f->store, &f->now, id, holder, &found), 0);
    return found;
}

static void mark(struct fix *f, enum lk_effect_kind kind, const char *item)
{
    (void)fx_item(f, kind, item);
    apply_ok(f);
}

/* --- several items of one person -----------------------------------------------------------------------------------
 */

static void several_items_come_one_after_the_other(void **state)
{
    struct fix *f = *state;
    announce(f, "z", "13800004711", NULL, CODE, "t");
    announce(f, "y", "13800004711", NULL, CODE, "t");
    announce(f, "x", "13800004711", NULL, CODE, NULL);
    announce(f, "w", "13800004711", NULL, CODE, NULL); /* never came */
    assert_true(find_code(f, CODE).live);
    assert_int_equal(find_code(f, CODE).more, 0);
    say_deposit(f, 1, "x", 5);  /* B06 */
    say_deposit(f, 2, "y", 12); /* A05 */
    say_deposit(f, 3, "z", 1);  /* B02 */
    struct lk_store_found found = find_code(f, CODE);
    assert_true(found.live);
    assert_string_equal(found.item.id, "y"); /* by door; what can be taken out before what cannot */
    assert_int_equal(found.more, 2);
    say_collect(f, 4, "y", 12);
    found = sibling(f, "y", LK_HOLDER_RECIPIENT);
    assert_true(found.found && found.live);
    assert_string_equal(found.item.id, "z");
    assert_int_equal(found.item.door, 1);
    assert_int_equal(found.more, 1);
    say_collect(f, 5, "z", 1);
    fix_reopen(f);
    found = sibling(f, "z", LK_HOLDER_RECIPIENT);
    assert_string_equal(found.item.id, "x");
    assert_int_equal(found.more, 0);
    say_collect(f, 6, "x", 5);
    assert_false(sibling(f, "x", LK_HOLDER_RECIPIENT).found);
    assert_true(find_code(f, CODE).live); /* w may still come */
    assert_string_equal(find_code(f, CODE).item.id, "w");
}

static void what_lies_together_is_one_compartment(void **state)
{
    struct fix *f = *state;
    static const char *const ids[] = {"a", "b", "c", "d"};
    static const int doors[] = {8, 8, 9, 9};
    for (int i = 0; i < 4; i++) {
        announce(f, ids[i], "13800004711", "affair", CODE, NULL);
        say_deposit(f, (uint64_t)i + 1, ids[i], doors[i]);
    }
    assert_int_equal(find_code(f, CODE).more, 1); /* four items, two doors: one more to open */
}

/* Law 8: a cancelled or refused item opens for nobody, whoever's code it shares. */
static void what_waits_for_staff_is_no_sibling(void **state)
{
    struct fix *f = *state;
    static const char *const ids[] = {"a", "b", "c"};
    for (int i = 0; i < 3; i++) {
        announce(f, ids[i], "13800004711", NULL, CODE, NULL);
        say_deposit(f, (uint64_t)i + 1, ids[i], i + 8);
    }
    mark(f, LK_FX_ITEM_CANCELLED, "b");
    mark(f, LK_FX_ITEM_REJECTED, "c");
    assert_string_equal(find_code(f, CODE).item.id, "a");
    assert_int_equal(find_code(f, CODE).more, 0);
    assert_false(sibling(f, "a", LK_HOLDER_RECIPIENT).found);
}

/* Law 8: a delegate's code for one letter does not lead to the other one. */
static void law_8_a_delegate_gets_only_what_was_granted(void **state)
{
    struct fix *f = *state;
    announce(f, "a", "13800004711", NULL, CODE, NULL);
    announce(f, "b", "13800004711", NULL, CODE, NULL);
    announce(f, "c", "13800004711", NULL, CODE, NULL);
    grant(f, "a", "99999999");
    grant(f, "c", "99999999");
    say_deposit(f, 1, "a", 8);
    say_deposit(f, 2, "b", 9);
    say_deposit(f, 3, "c", 10);
    assert_int_equal(find_code(f, CODE).more, 2);
    assert_int_equal(find_code(f, "99999999").more, 1);
    say_collect(f, 4, "a", 8);
    struct lk_store_found found = sibling(f, "a", LK_HOLDER_DELEGATE);
    assert_string_equal(found.item.id, "c");
    assert_int_equal(found.item.holder, LK_HOLDER_DELEGATE);
    assert_int_equal(found.more, 0);
    assert_string_equal(sibling(f, "a", LK_HOLDER_RECIPIENT).item.id, "b");
    assert_false(sibling(f, "nobody", LK_HOLDER_RECIPIENT).found);
}

/* A code that was replaced on one item leads nowhere from there any more. */
static void law_8_only_the_youngest_set_leads_on(void **state)
{
    struct fix *f = *state;
    announce(f, "a", "13800004711", NULL, CODE, NULL);
    announce(f, "b", "13800004711", NULL, CODE, NULL);
    say_deposit(f, 1, "a", 8);
    say_deposit(f, 2, "b", 9);
    f->now.wall_ms += 1000;
    struct lk_effect *set = fx_item(f, LK_FX_SECRET_SET, "a");
    assert_int_equal(lk_store_make_secret(f->store, "55555555", NULL, &set->secret), 0);
    apply_ok(f);
    assert_false(sibling(f, "a", LK_HOLDER_RECIPIENT).found);
    say_collect(f, 3, "a", 8);
    assert_false(sibling(f, "a", LK_HOLDER_RECIPIENT).found);
}

static bool in_use(struct fix *f, const char *except, const char *phone)
{
    uint8_t mac[32];
    bool used = false;
    if (phone) {
        assert_int_equal(lk_store_phone(f->store, phone, mac), 0);
    }
    assert_int_equal(lk_store_code_in_use(f->store, CODE, except, phone ? mac : NULL, &used), 0);
    return used;
}

static void a_code_in_use_may_be_the_same_persons(void **state)
{
    struct fix *f = *state;
    assert_false(in_use(f, "", NULL));
    announce(f, "a", "13800004711", NULL, CODE, NULL);
    assert_false(in_use(f, "b", "13800004711"));
    assert_true(in_use(f, "b", "13800004712"));
    assert_true(in_use(f, "b", NULL));
    assert_false(in_use(f, "a", NULL));
    announce(f, "b", "13800004711", NULL, CODE, NULL);
    assert_true(in_use(f, "a", "13800004712")); /* b is still somebody else's */
    announce(f, "nobody-known", NULL, NULL, NULL, NULL);
    assert_true(in_use(f, "nobody-known", NULL));
}

/* --- what may lie together -----------------------------------------------------------------------------------------
 */

static int companion(struct fix *f, const char *id)
{
    int door = 99;
    assert_int_equal(lk_store_find_companion(f->store, id, &door), 0);
    return door;
}

static void companions_are_of_one_case_and_one_person(void **state)
{
    struct fix *f = *state;
    announce(f, "new", "13800004711", "affair", NULL, NULL);
    announce(f, "other-case", "13800004711", "affair-2", NULL, NULL);
    announce(f, "other-person", "13800004712", "affair", NULL, NULL);
    announce(f, "no-person", NULL, "affair", NULL, NULL);
    announce(f, "no-case", "13800004711", NULL, NULL, NULL);
    announce(f, "nothing", NULL, NULL, NULL, NULL);
    static const char *const ids[] = {"other-case", "other-person", "no-person", "no-case", "nothing"};
    for (int i = 0; i < 5; i++) {
        say_deposit(f, (uint64_t)i + 1, ids[i], i);
    }
    announce(f, "no-person-2", NULL, "affair", NULL, NULL);
    announce(f, "nothing-2", NULL, NULL, NULL, NULL);
    assert_int_equal(companion(f, "new"), LK_NO_DOOR);
    assert_int_equal(companion(f, "no-person-2"), LK_NO_DOOR); /* unknown is never the same */
    assert_int_equal(companion(f, "nothing-2"), LK_NO_DOOR);
    assert_int_equal(companion(f, "never-seen"), LK_NO_DOOR);
    announce(f, "mate-b", "13800004711", "affair", NULL, NULL);
    announce(f, "mate-a", "13800004711", "affair", NULL, NULL);
    assert_int_equal(companion(f, "new"), LK_NO_DOOR); /* not here yet */
    say_deposit(f, 10, "mate-b", 7);
    assert_int_equal(companion(f, "new"), 7);
    say_deposit(f, 11, "mate-a", 10); /* A03 comes before B08 */
    assert_int_equal(companion(f, "new"), 10);
    mark(f, LK_FX_ITEM_CANCELLED, "mate-a");
    assert_int_equal(companion(f, "new"), 7);
    say_collect(f, 12, "mate-b", 7);
    assert_int_equal(companion(f, "new"), LK_NO_DOOR);
}

/* --- the window ----------------------------------------------------------------------------------------------------
 */

static enum lk_proof proof(struct fix *f, const char *id, const char *digits)
{
    enum lk_proof shown = LK_PROOFS;
    assert_int_equal(lk_store_proof(f->store, id, digits, &shown), 0);
    return shown;
}

static void proof_at_the_window(void **state)
{
    struct fix *f = *state;
    announce(f, "a", "13800004711", NULL, CODE, "token-a");
    announce(f, "b", "13800004712", NULL, "87654321", NULL);
    announce(f, "c", NULL, NULL, "4712", NULL); /* no tail is known, and its code looks like one */
    assert_int_equal(proof(f, "a", CODE), LK_PROOF_CODE);
    assert_int_equal(proof(f, "a", "4711"), LK_PROOF_TAIL);
    assert_int_equal(proof(f, "c", "4712"), LK_PROOF_CODE);
    static const char *const wrong[] = {"87654321", "4712", "711", "04711", "", "token-a", "4711 ", "\xef\xbc\x94"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(proof(f, "a", wrong[i]), LK_PROOF_NONE);
    }
    assert_int_equal(proof(f, "c", ""), LK_PROOF_NONE);
    assert_int_equal(proof(f, "nobody", "4711"), LK_PROOF_NONE);
    grant(f, "a", "99999999");
    assert_int_equal(proof(f, "a", "99999999"), LK_PROOF_CODE);
    mark(f, LK_FX_SECRET_KILL, "a");
    assert_int_equal(proof(f, "a", CODE), LK_PROOF_NONE);
    assert_int_equal(proof(f, "a", "99999999"), LK_PROOF_NONE);
    assert_int_equal(proof(f, "a", "4711"), LK_PROOF_TAIL);
}

static void the_same_number_is_the_same_person(void **state)
{
    struct fix *f = *state;
    static const char *const same[] = {"13800004711", "+8613800004711", "008613800004711", "138 0000 4711",
                                       "+86 138 0000 4711"};
    static const char *const none[] = {"", "1234", "123456789012345678901", "+44 1234 5678", "1380000471x", "138-0000"};
    uint8_t mac[32], first[32], key[32], computed[32];
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        assert_int_equal(lk_store_phone(f->store, same[i], mac), 0);
        memcpy(i == 0 ? first : mac, mac, 32);
        assert_memory_equal(mac, first, 32);
    }
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        assert_int_equal(lk_store_phone(f->store, none[i], mac), -EINVAL);
    }
    assert_int_equal(lk_store_phone(f->store, "13800004712", mac), 0);
    assert_memory_not_equal(mac, first, 32);
    size_t n = 0;
    char *hex = (char *)fix_read(f->key, &n);
    hex[64] = '\0';
    assert_int_equal(lk_text_unhex(key, 32, hex), 0);
    free(hex);
    (void)HMAC(EVP_sha256(), key, 32,
               (const unsigned char *)"hall-1\4"
                                      "13800004711",
               18, computed, NULL);
    assert_memory_equal(computed, first, 32);
}

static void receipts_are_new_numbers(void **state)
{
    struct fix *f = *state;
    char id[LK_ITEM_ID_MAX + 1], before[LK_ITEM_ID_MAX + 1] = "";
    for (int i = 0; i < 50; i++) {
        assert_int_equal(lk_store_new_receipt(f->store, id), 0);
        assert_int_equal(strlen(id), 10);
        assert_int_equal(id[0], 'D');
        assert_true(lk_text_is_digits(id + 1, 9, 9));
        assert_string_not_equal(id, before);
        assert_false(find_item(f, id).found);
        memcpy(before, id, sizeof(before));
    }
}

/* --- rounds and receipts -------------------------------------------------------------------------------------------
 */

struct list {
    unsigned count, stop_after;
    char ids[256];
    int last_door;
};

static bool take(void *user, const struct lk_store_item *row)
{
    struct list *list = user;
    size_t n = strlen(list->ids);
    (void)snprintf(list->ids + n, sizeof(list->ids) - n, "%s ", row->item.id);
    list->last_door = row->item.door;
    return ++list->count != list->stop_after;
}

static void a_round_goes_bank_by_bank(void **state)
{
    struct fix *f = *state;
    static const char *const ids[] = {"late-A01",    "late-B02",   "cancelled-A02", "refused-B01",
                                      "brought-B03", "wanted-A03", "fresh-B04",     "fresh-A04"};
    static const int doors[] = {8, 1, 9, 0, 2, 10, 3, 11};
    for (int i = 0; i < 8; i++) {
        if (i == 2) {
            f->now.wall_ms += (int64_t)5 * DAY_MS;
        }
        announce(f, ids[i], NULL, NULL, NULL, NULL);
        say_deposit(f, (uint64_t)i + 1, ids[i], doors[i]);
    }
    mark(f, LK_FX_ITEM_CANCELLED, "cancelled-A02");
    mark(f, LK_FX_ITEM_REJECTED, "refused-B01");
    fx_item(f, LK_FX_ITEM_PUT, "brought-B03")->item.dropoff = true;
    fx_item(f, LK_FX_ITEM_PUT, "wanted-A03")->item.channel = LK_CHANNEL_POST;
    apply_ok(f);
    f->now.wall_ms += (int64_t)3 * DAY_MS;
    struct list list = {0};
    assert_int_equal(lk_store_list_round(f->store, &f->now, 0, take, &list), 0);
    assert_string_equal(list.ids, "refused-B01 late-B02 brought-B03 late-A01 cancelled-A02 wanted-A03 ");
    list = (struct list){0};
    assert_int_equal(lk_store_list_round(f->store, &f->now, 2, take, &list), 0);
    assert_string_equal(list.ids, "refused-B01 late-B02 ");
    list = (struct list){.stop_after = 3};
    assert_int_equal(lk_store_list_round(f->store, &f->now, 0, take, &list), 0);
    assert_int_equal(list.count, 3);
    f->now.quality = LK_CLOCK_RTC; /* law 11: nobody can say what is late */
    list = (struct list){0};
    assert_int_equal(lk_store_list_round(f->store, &f->now, 0, take, &list), 0);
    assert_string_equal(list.ids, "refused-B01 brought-B03 cancelled-A02 wanted-A03 ");
    list = (struct list){0};
    assert_int_equal(lk_store_list_recalls(f->store, &f->now, 2, take, &list), 0);
    assert_string_equal(list.ids, "cancelled-A02 refused-B01 "); /* staff see these first, too */
}

static void a_redeposit_is_wanted_nowhere_else(void **state)
{
    struct fix *f = *state;
    announce(f, "a", NULL, NULL, NULL, NULL);
    struct lk_effect *put = fx_item(f, LK_FX_ITEM_PUT, "a");
    put->item.channel = LK_CHANNEL_WINDOW;
    apply_ok(f);
    say_deposit(f, 1, "a", 0); /* loaded at closing time: it was not collected at the window */
    struct list list = {0};
    assert_int_equal(lk_store_list_round(f->store, &f->now, 0, take, &list), 0);
    assert_int_equal(list.count, 0);
}

static void withdrawn_deposit(struct fix *f, uint64_t intent, const char *item, int door)
{
    say_intent(f, intent, door, item, LK_PURPOSE_DEPOSIT);
    apply_ok(f);
    struct lk_effect *settle = fx(f, LK_FX_INTENT_SETTLE);
    settle->intent = intent;
    settle->outcome = LK_OUTCOME_OPENED;
    fx(f, LK_FX_INTENT_WITHDRAW)->intent = intent;
    fx(f, LK_FX_INTENT_FINISH)->intent = intent;
    apply_ok(f);
}

static struct list deposits(struct fix *f, const char *who, uint64_t from, unsigned limit)
{
    struct list list = {0};
    assert_int_equal(lk_store_list_deposits(f->store, &f->now, who, from, limit, take, &list), 0);
    return list;
}

static void a_receipt_lists_what_was_loaded_where(void **state)
{
    struct fix *f = *state;
    static const char *const ids[] = {"before", "c", "a", "gone", "larger", "later"};
    for (int i = 0; i < 6; i++) {
        announce(f, ids[i], NULL, NULL, NULL, NULL);
    }
    say_deposit(f, 1, "before", 0);
    say_deposit(f, 2, "c", 1);
    say_deposit(f, 3, "a", 2);
    withdrawn_deposit(f, 4, "gone", 3);
    withdrawn_deposit(f, 5, "larger", 4);
    say_deposit(f, 6, "larger", 5);
    say_intent(f, 7, 6, "later", LK_PURPOSE_DEPOSIT); /* still open */
    apply_ok(f);
    say_collect(f, 8, "c", 1); /* its recipient was quick */
    struct list list = deposits(f, "c-17", 2, 0);
    assert_string_equal(list.ids, "c a larger ");
    assert_int_equal(list.last_door, 5);
    list = deposits(f, "c-17", 2, 1);
    assert_string_equal(list.ids, "c ");
    assert_int_equal(list.last_door, 1); /* where it was put, though it lies there no more */
    assert_string_equal(deposits(f, "c-17", 7, 0).ids, "");
    assert_string_equal(deposits(f, "c-18", 0, 0).ids, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(several_items_come_one_after_the_other, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(what_lies_together_is_one_compartment, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(what_waits_for_staff_is_no_sibling, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(law_8_a_delegate_gets_only_what_was_granted, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(law_8_only_the_youngest_set_leads_on, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(a_code_in_use_may_be_the_same_persons, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(companions_are_of_one_case_and_one_person, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(proof_at_the_window, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(the_same_number_is_the_same_person, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(receipts_are_new_numbers, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(a_round_goes_bank_by_bank, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(a_redeposit_is_wanted_nowhere_else, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(a_receipt_lists_what_was_loaded_where, fix_setup, fix_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
