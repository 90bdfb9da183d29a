/* Law 12: a person who is erased is in no byte of the database, of its log, and of a new backup; the events stay whole.
 */
#include "unit/store/fixture.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PEOPLE = 240, DAY_MS = 86400000 };

#define TAIL_OF_ERASED "~}{|"

/* Recognisable in any byte of any file. */
struct person {
    char id[32], name[LK_NAME_MAX + 1], old_name[LK_NAME_MAX + 1], case_id[40], code[16], token[40];
    uint8_t phone[32];
    struct lk_secret secret;
    bool goes; /* is erased */
};

static struct person people[PEOPLE];

static int setup(void **state)
{
    if (fix_setup_closed(state) != 0) {
        return -1;
    }
    struct fix *f = *state;
    f->config.remind_days = 2;
    f->config.personal_days = 30;
    f->config.records_days = 365;
    fix_open(f);
    return 0;
}

static void make_person(struct fix *f, struct person *p, int n)
{
    char phone[24];
    *p = (struct person){.goes = n % 3 != 0};
    (void)snprintf(p->id, sizeof(p->id), "case-%d", n);
    (void)snprintf(p->name, sizeof(p->name), "\xe7\x8e\x8b**-known-as-%d-", n);
    (void)snprintf(p->old_name, sizeof(p->old_name), "\xe7\x8e\x8b*-once-%d-", n);
    (void)snprintf(p->case_id, sizeof(p->case_id), "secret.affair.%d.", n);
    (void)snprintf(p->code, sizeof(p->code), "%08d", 31415000 + n);
    (void)snprintf(p->token, sizeof(p->token), "qr-of-person-%d", n);
    (void)snprintf(phone, sizeof(phone), "+86 138 0000 %04d", n);
    assert_int_equal(lk_store_phone(f->store, phone, p->phone), 0);
    assert_int_equal(lk_store_make_secret(f->store, p->code, p->token, &p->secret), 0);
    memcpy(p->secret.tail, p->goes ? TAIL_OF_ERASED : "1234", 5);
}

static void put(struct fix *f, const struct person *p, const char *name)
{
    struct lk_item *item = &fx_item(f, LK_FX_ITEM_PUT, p->id)->item;
    item->custody = LK_CUSTODY_EXPECTED;
    item->low_reach = true;
    item->has_phone = true;
    memcpy(item->phone_mac, p->phone, sizeof(item->phone_mac));
    (void)snprintf(item->phone_tail, sizeof(item->phone_tail), "%s", p->secret.tail);
    (void)snprintf(item->name, sizeof(item->name), "%s", name);
    (void)snprintf(item->case_id, sizeof(item->case_id), "%s", p->case_id);
}

static void grant(struct fix *f, const struct person *p, enum lk_holder holder)
{
    char other[32];
    struct lk_effect *set = fx_item(f, LK_FX_SECRET_SET, p->id);
    set->secret = p->secret;
    if (holder == LK_HOLDER_DELEGATE) {
        (void)snprintf(other, sizeof(other), "delegate-%s", p->code);
        assert_int_equal(lk_store_make_secret(f->store, other, NULL, &set->secret), 0);
        memcpy(set->secret.tail, p->secret.tail, sizeof(set->secret.tail));
    }
    set->secret.holder = holder;
}

/* Announced, renamed, half of them put in and collected; the others never came. */
static void live(struct fix *f)
{
    for (int n = 0; n < PEOPLE; n++) {
        make_person(f, &people[n], n);
        put(f, &people[n], people[n].old_name);
        grant(f, &people[n], LK_HOLDER_RECIPIENT);
        apply_ok(f);
    }
    for (int n = PEOPLE - 1; n >= 0; n--) {
        put(f, &people[n], people[n].name);
        grant(f, &people[n], LK_HOLDER_DELEGATE);
        apply_ok(f);
    }
    for (int i = 0; i < PEOPLE; i++) {
        int n = i * 7 % PEOPLE;
        if (people[n].goes) {
            say_deposit(f, (uint64_t)i * 2 + 1, people[n].id, n % 16);
            say_collect(f, (uint64_t)i * 2 + 2, people[n].id, n % 16);
        }
    }
}

static bool holds(const unsigned char *bytes, size_t n, const void *needle, size_t length)
{
    return memmem(bytes, n, needle, length) != NULL;
}

static bool holds_text(const unsigned char *bytes, size_t n, const char *needle)
{
    return holds(bytes, n, needle, strlen(needle));
}

/* How many of these people's traces are in the bytes. */
static unsigned traces(const char *path, bool of_erased)
{
    size_t n = 0;
    unsigned found = 0;
    LK_CLEANUP(lk_freep) unsigned char *bytes = fix_read(path, &n);
    for (int i = 0; i < PEOPLE; i++) {
        const struct person *p = &people[i];
        if (p->goes == of_erased) {
            found += holds_text(bytes, n, p->name) + holds_text(bytes, n, p->old_name) +
                     holds_text(bytes, n, p->case_id) + holds(bytes, n, p->phone, sizeof(p->phone)) +
                     holds(bytes, n, p->secret.code_mac, 32) + holds(bytes, n, p->secret.token_mac, 32);
        }
    }
    return found;
}

/* A tail is only four bytes: known by the size or the door that comes before it in a row. */
static unsigned tails(const char *path)
{
    size_t n = 0;
    unsigned found = 0;
    LK_CLEANUP(lk_freep) unsigned char *bytes = fix_read(path, &n);
    static const char *const before[] = {"lockerS" TAIL_OF_ERASED, "A01" TAIL_OF_ERASED, "B03" TAIL_OF_ERASED,
                                         "delegate" TAIL_OF_ERASED};
    for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
        found += holds_text(bytes, n, before[i]);
    }
    return found;
}

/* What the calendar asks for is done, as the core would. */
static unsigned erase_all(struct fix *f)
{
    unsigned erased = 0, count = 0;
    for (;;) {
        enum lk_due due;
        struct lk_store_found found;
        assert_int_equal(lk_store_next_due(f->store, &f->now, &due, &found, &count), 0);
        if (!found.found || due != LK_DUE_ERASE) {
            return erased;
        }
        (void)fx_item(f, LK_FX_ITEM_ERASE, found.item.id);
        struct lk_event *e = fx_event(f, LK_EV_ITEM_ERASED);
        (void)snprintf(e->item, sizeof(e->item), "%s", found.item.id);
        apply_ok(f);
        erased++;
    }
}

static void make_backup(struct fix *f, const char *path)
{
    struct lk_store_backup *backup = NULL;
    struct lk_store_progress progress = {0};
    struct lk_store_backup_result result;
    assert_int_equal(lk_store_backup_begin(f->store, path, &backup, NULL), 0);
    while (!progress.finished) {
        assert_int_equal(lk_store_backup_step(backup, 1000, &progress), 0);
    }
    assert_int_equal(lk_store_backup_finish(backup, &result, NULL), 0);
    (void)lk_store_backup_end(backup);
}

static void assert_chain_holds(struct fix *f)
{
    struct lk_store_chain chain;
    lk_store_chain_begin(f->store, &chain);
    assert_int_equal(lk_store_chain_step(f->store, &chain, 1000000), 0);
    assert_true(chain.finished && chain.first_bad_seq == 0);
}

static void law_12_no_byte_of_an_erased_person_stays(void **state)
{
    struct fix *f = *state;
    char wal[PATH_CAP], copy[PATH_CAP];
    (void)snprintf(wal, sizeof(wal), "%s", fix_path(f, "lockerd.db-wal"));
    (void)snprintf(copy, sizeof(copy), "%s", fix_path(f, "backup.db"));
    live(f);
    unsigned gone = 0;
    for (int n = 0; n < PEOPLE; n++) {
        gone += people[n].goes;
    }
    assert_true(traces(f->db, true) + traces(wal, true) > gone * 5); /* the search works */
    assert_true(tails(f->db) + tails(wal) > 0);
    f->now.wall_ms += (int64_t)30 * DAY_MS + 60000;
    assert_int_equal(erase_all(f), gone);
    assert_true(traces(f->db, true) + traces(wal, true) > 0); /* and the scrub is needed */
    assert_int_equal(lk_store_scrub(f->store), 0);
    make_backup(f, copy);
    const char *const files[] = {f->db, wal, copy};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(traces(files[i], true), 0);
        assert_int_equal(tails(files[i]), 0);
    }
    assert_true(traces(f->db, false) > 4 * (PEOPLE - gone)); /* the others' rows are all there */
    assert_true(traces(copy, false) > 4 * (PEOPLE - gone));
    assert_chain_holds(f);
    assert_int_equal(lk_store_check(f->store, NULL), 0);
    f->store = lk_store_close(f->store);
    assert_int_equal(traces(f->db, true), 0);
}

/* That it was here, and what became of it, stays for the time of postal records. */
static void records_of_the_erased_stay(void **state)
{
    struct fix *f = *state;
    live(f);
    struct lk_item before = find_item(f, people[1].id).item;
    assert_true(before.has_phone && before.low_reach && before.name[0] != '\0');
    f->now.wall_ms += (int64_t)30 * DAY_MS + 60000;
    (void)erase_all(f);
    fix_reopen(f);
    struct lk_store_found found = find_item(f, people[1].id);
    assert_true(found.found && !found.live);
    assert_int_equal(found.item.custody, LK_CUSTODY_COLLECTED);
    assert_string_equal(found.item.name, "");
    assert_string_equal(found.item.phone_tail, "");
    assert_string_equal(found.item.case_id, "");
    assert_false(found.item.has_phone || found.item.low_reach);
    assert_false(find_code(f, people[1].code).found); /* not even that it was somebody's code */
    struct lk_store_found other = find_item(f, people[0].id);
    assert_string_equal(other.item.name, people[0].name);
    assert_true(other.live && other.item.has_phone);
    assert_true(find_code(f, people[0].code).live);
}

static void nobody_is_erased_whose_story_goes_on(void **state)
{
    struct fix *f = *state;
    static const enum lk_custody going_on[] = {LK_CUSTODY_AT_WINDOW, LK_CUSTODY_WITH_COURIER, LK_CUSTODY_UNKNOWN};
    say_announce(f, "case-1", NULL, NULL);
    (void)fx_item(f, LK_FX_ITEM_ERASE, "case-1");
    assert_int_equal(fx_apply(f), -ESTALE);
    (void)fx_item(f, LK_FX_ITEM_ERASE, "nobody");
    assert_int_equal(fx_apply(f), -ESTALE);
    enum lk_custody from = LK_CUSTODY_EXPECTED;
    for (size_t i = 0; i < sizeof(going_on) / sizeof(going_on[0]); i++) {
        struct lk_effect *change = fx_item(f, LK_FX_ITEM_CUSTODY, "case-1");
        change->from = from;
        change->to = from = going_on[i];
        apply_ok(f);
        f->now.wall_ms += (int64_t)400 * DAY_MS;
        assert_int_equal(erase_all(f), 0);
        (void)fx_item(f, LK_FX_ITEM_ERASE, "case-1");
        assert_int_equal(fx_apply(f), -ESTALE);
    }
}

static struct lk_store_purge_plan plan_of(struct fix *f)
{
    struct lk_store_purge_plan plan = {99, 99};
    assert_int_equal(lk_store_purge_count(f->store, &f->now, &plan), 0);
    return plan;
}

/* Postal records go after their own time, with the openings that name them; the numbers of the openings count on. */
static void records_are_purged_after_their_own_time(void **state)
{
    struct fix *f = *state;
    say_announce(f, "case-1", "11111111", NULL);
    say_announce(f, "case-2", "22222222", NULL);
    say_deposit(f, 1, "case-1", 0);
    say_collect(f, 2, "case-1", 0);
    f->now.wall_ms += (int64_t)365 * DAY_MS + 60000;
    assert_int_equal(plan_of(f).erase, 1);
    assert_int_equal(plan_of(f).records, 0); /* first the person, then the record */
    assert_int_equal(erase_all(f), 1);
    assert_int_equal(plan_of(f).records, 1);
    enum lk_due due;
    struct lk_store_found found;
    unsigned count = 0;
    assert_int_equal(lk_store_next_due(f->store, &f->now, &due, &found, &count), 0);
    assert_true(found.found && due == LK_DUE_PURGE);
    assert_string_equal(found.item.id, "");
    assert_int_equal(count, 1);
    f->now.quality = LK_CLOCK_RTC; /* law 11: by such a clock nothing is forgotten */
    (void)fx(f, LK_FX_RECORDS_PURGE);
    apply_ok(f);
    f->now.quality = LK_CLOCK_SYNCED;
    assert_true(find_item(f, "case-1").found);
    (void)fx(f, LK_FX_RECORDS_PURGE);
    fx_event(f, LK_EV_AUDIT_PURGE)->count = count;
    apply_ok(f);
    assert_false(find_item(f, "case-1").found);
    assert_true(find_code(f, "22222222").live);
    assert_int_equal(plan_of(f).records, 0);
    static struct lk_core core;
    lk_core_init(&core, &f->cfg);
    assert_int_equal(lk_store_restore(f->store, &core, &f->now, 0, NULL), 0);
    assert_int_equal(core.next_intent, 3);
    assert_chain_holds(f);
}

/* Law 11: the end of a story that no trusted clock saw is dated by the first one that does, later than it was. */
static void law_11_erasure_waits_for_a_synced_clock(void **state)
{
    struct fix *f = *state;
    struct lk_stamp good = f->now;
    say_announce(f, "case-1", NULL, NULL);
    say_deposit(f, 1, "case-1", 0);
    f->now = (struct lk_stamp){.wall_ms = 1000, .quality = LK_CLOCK_UNSYNCED}; /* 1970: long ago, were it believed */
    say_collect(f, 2, "case-1", 0);
    f->now = good;
    f->now.wall_ms += (int64_t)1000 * DAY_MS;
    assert_int_equal(plan_of(f).erase, 0);
    fx_event(f, LK_EV_SITE_CLOCK)->clock = LK_CLOCK_SYNCED;
    apply_ok(f);
    f->now.wall_ms += (int64_t)30 * DAY_MS - 1;
    assert_int_equal(plan_of(f).erase, 0);
    f->now.wall_ms += 1;
    assert_int_equal(plan_of(f).erase, 1);
    f->now.quality = LK_CLOCK_RTC;
    assert_int_equal(plan_of(f).erase, 0);
    assert_int_equal(erase_all(f), 0);
}

/* An item that was collected and then disputed is nobody's past yet. */
static void a_dispute_keeps_the_person(void **state)
{
    struct fix *f = *state;
    say_announce(f, "case-1", NULL, NULL);
    say_deposit(f, 1, "case-1", 0);
    say_collect(f, 2, "case-1", 0);
    struct lk_effect *change = fx_item(f, LK_FX_ITEM_CUSTODY, "case-1");
    change->from = LK_CUSTODY_COLLECTED;
    change->to = LK_CUSTODY_UNKNOWN;
    change->door = 0;
    apply_ok(f);
    f->now.wall_ms += (int64_t)100 * DAY_MS;
    assert_int_equal(erase_all(f), 0);
    change = fx_item(f, LK_FX_ITEM_CUSTODY, "case-1");
    change->from = LK_CUSTODY_UNKNOWN;
    change->to = LK_CUSTODY_RETURNED;
    apply_ok(f);
    assert_int_equal(erase_all(f), 0); /* from its new end on */
    f->now.wall_ms += (int64_t)30 * DAY_MS;
    assert_int_equal(erase_all(f), 1);
}

/* A backup under way would have to begin anew: the scrub comes later, and everything works on after it. */
static void scrub_waits_for_a_backup(void **state)
{
    struct fix *f = *state;
    live(f);
    struct lk_store_backup *backup = NULL;
    struct lk_store_progress progress;
    assert_int_equal(lk_store_backup_begin(f->store, fix_path(f, "backup.db"), &backup, NULL), 0);
    assert_int_equal(lk_store_backup_step(backup, 1, &progress), 0);
    assert_int_equal(lk_store_scrub(f->store), -EBUSY);
    (void)lk_store_backup_end(backup);
    assert_int_equal(lk_store_scrub(f->store), 0);
    say_announce(f, "after", "99999999", NULL);
    fix_reopen(f);
    assert_true(find_code(f, "99999999").live);
    assert_true(find_code(f, people[0].code).live);
    assert_int_equal(lk_store_check(f->store, NULL), 0);
    assert_chain_holds(f);
    struct lk_effect *use = fx_item(f, LK_FX_DOOR_USE, "never-seen"); /* references are looked after again */
    use->door = 1;
    use->use = LK_USE_OCCUPIED;
    assert_int_equal(fx_apply(f), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(law_12_no_byte_of_an_erased_person_stays, setup, fix_teardown),
        cmocka_unit_test_setup_teardown(records_of_the_erased_stay, setup, fix_teardown),
        cmocka_unit_test_setup_teardown(nobody_is_erased_whose_story_goes_on, setup, fix_teardown),
        cmocka_unit_test_setup_teardown(records_are_purged_after_their_own_time, setup, fix_teardown),
        cmocka_unit_test_setup_teardown(law_11_erasure_waits_for_a_synced_clock, setup, fix_teardown),
        cmocka_unit_test_setup_teardown(a_dispute_keeps_the_person, setup, fix_teardown),
        cmocka_unit_test_setup_teardown(scrub_waits_for_a_backup, setup, fix_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
