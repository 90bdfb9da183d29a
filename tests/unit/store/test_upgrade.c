/* A real database of version 2 (tests/data/store-v2), brought up to date: nothing of it is lost, and it works on. */
#include "unit/store/fixture.h"
#include "unit/store/store_facts.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void unpack(const char *name, const char *to)
{
    char command[512];
    (void)snprintf(command, sizeof(command), "gzip -dc '%s/%s.gz' > '%s'", STORE_V2, name, to);
    assert_int_equal(system(command), 0);
}

/* The old files in place, nothing opened. */
static int setup(void **state)
{
    if (fix_setup_closed(state) != 0) {
        return -1;
    }
    struct fix *f = *state;
    unpack("lockerd.db", f->db);
    fix_copy_file(STORE_V2 "/code.key", f->key);
    facts_cabinet(&f->cfg);
    f->now = facts_now();
    f->config.remind_days = 2;
    f->config.personal_days = 30;
    f->config.records_days = 365;
    return chmod(f->db, 0600);
}

static char *facts_now_of(struct fix *f)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    assert_non_null(out);
    facts_write(f->store, &f->cfg, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

/* The first line that differs is worth more than two texts of a thousand lines. */
static void compare_lines(char *was, char *is)
{
    char *rest_was = NULL, *rest_is = NULL;
    unsigned n = 0;
    char *a = strtok_r(was, "\n", &rest_was), *b = strtok_r(is, "\n", &rest_is);
    for (; a && b; a = strtok_r(NULL, "\n", &rest_was), b = strtok_r(NULL, "\n", &rest_is), n++) {
        assert_string_equal(b, a);
    }
    assert_null(a);
    assert_null(b);
    assert_true(n > 900);
}

static void assert_chain_holds(struct fix *f)
{
    struct lk_store_chain chain;
    lk_store_chain_begin(f->store, &chain);
    assert_int_equal(lk_store_chain_step(f->store, &chain, 1000000), 0);
    assert_true(chain.finished);
    assert_int_equal(chain.first_bad_seq, 0);
    assert_int_equal(chain.checked, lk_store_last_seq(f->store) - lk_store_first_seq(f->store) + 1);
}

static void everything_comes_along(void **state)
{
    struct fix *f = *state;
    size_t n = 0;
    char path[PATH_CAP];
    (void)snprintf(path, sizeof(path), "%s", fix_path(f, "facts"));
    unpack("facts.txt", path);
    LK_CLEANUP(lk_freep) char *was = (char *)fix_read(path, &n);
    was[n] = '\0';
    fix_open(f);
    struct lk_store_health health;
    lk_store_health(f->store, &health);
    assert_true(health.schema > 2);
    facts_rewire(&f->cfg);
    LK_CLEANUP(lk_freep) char *is = facts_now_of(f);
    compare_lines(was, is);
    assert_chain_holds(f);
    assert_int_equal(lk_store_check(f->store, NULL), 0);
    assert_true(fix_exists(fix_path(f, "lockerd.db.v2.1"))); /* the copy made before */
}

/* The same once more: an upgraded database is like any other. */
static void next_event_appends_and_a_restart_keeps_it(void **state)
{
    struct fix *f = *state;
    fix_open(f);
    uint64_t last = lk_store_last_seq(f->store);
    char head[65], epoch[40];
    (void)snprintf(head, sizeof(head), "%s", lk_store_head_hash(f->store));
    (void)snprintf(epoch, sizeof(epoch), "%s", lk_store_epoch(f->store));
    fx_event(f, LK_EV_SITE_STARTED)->clock = LK_CLOCK_SYNCED;
    apply_ok(f);
    assert_int_equal(lk_store_last_seq(f->store), last + 1);
    assert_string_not_equal(lk_store_head_hash(f->store), head);
    fix_reopen(f);
    assert_string_equal(lk_store_epoch(f->store), epoch);
    assert_int_equal(lk_store_last_seq(f->store), last + 1);
    assert_chain_holds(f);
    assert_false(fix_exists(fix_path(f, "lockerd.db.v2.2")));
}

static struct lk_core core;

static struct lk_effects *step(struct fix *f, struct lk_input in)
{
    static struct lk_effects effects;
    static int64_t now_ms = 2000;
    in.now_ms = now_ms += 500;
    lk_core_step(&f->cfg, &core, &in, &effects);
    assert_int_equal(lk_store_apply(f->store, &effects, &f->now, NULL), 0);
    return &effects;
}

static int pulsed(const struct lk_effects *effects)
{
    for (unsigned i = 0; i < effects->count; i++) {
        if (effects->at[i].kind == LK_FX_PULSE) {
            return effects->at[i].door;
        }
    }
    return LK_NO_DOOR;
}

static void boot(struct fix *f)
{
    lk_core_init(&core, &f->cfg);
    assert_int_equal(lk_store_restore(f->store, &core, &f->now, 1000, NULL), 0);
    assert_null(lk_core_check(&f->cfg, NULL, &core, NULL));
    (void)step(f, (struct lk_input){.kind = LK_IN_BOOT, .clock = LK_CLOCK_SYNCED});
    for (int i = 0; i < f->cfg.banks; i++) {
        (void)step(f, (struct lk_input){.kind = LK_IN_BANK, .bank = i, .bank_state = LK_BANK_READY});
    }
    for (int i = 0; i < f->cfg.doors; i++) {
        (void)step(f, (struct lk_input){.kind = LK_IN_SENSE, .door = i, .sense = LK_SENSE_CLOSED});
    }
}

/* Types the code of one item. Returns the door that was pulsed for it. */
static int type_code(struct fix *f, int n)
{
    char code[16];
    facts_code(n, code);
    struct lk_store_found found = find_code(f, code);
    return pulsed(step(f, (struct lk_input){.kind = LK_IN_CODE,
                                            .well_formed = true,
                                            .found = found.found,
                                            .item = found.item,
                                            .more = found.more,
                                            .code_live = found.live}));
}

/* Law 8, over the upgrade: each live code opens its own item's door and no other, each used-up one opens none. */
static void law_8_live_codes_open_their_own_doors(void **state)
{
    struct fix *f = *state;
    unsigned opened = 0;
    fix_open(f);
    boot(f);
    (void)step(f, (struct lk_input){.kind = LK_IN_ADMIN,
                                    .admin = LK_ADMIN_UNBLOCK,
                                    .door = LK_NO_DOOR,
                                    .bank = 1,
                                    .staff = {.ok = true, .role = LK_ACTOR_SUPERVISOR, .id = "boss-1"}});
    core.lockout = (struct lk_lockout){0};
    for (int n = 0; n < FACTS_ITEMS; n++) {
        char code[16], id[32];
        facts_code(n, code);
        (void)snprintf(id, sizeof(id), "YL2026-%05d", n);
        struct lk_store_found by_code = find_code(f, code), by_id = find_item(f, id);
        bool may = by_code.live && by_id.item.custody == LK_CUSTODY_IN_LOCKER;
        int door = type_code(f, n);
        core.lockout = (struct lk_lockout){0}; /* used-up codes count as wrong ones; not what this is about */
        if (door == LK_NO_DOOR) {
            assert_false(may && core.door[by_id.item.door].doubt_purpose == LK_PURPOSE_NONE);
            continue;
        }
        assert_true(may);
        assert_int_equal(door, by_id.item.door);
        (void)step(f, (struct lk_input){.kind = LK_IN_SENSE, .door = door, .sense = LK_SENSE_OPEN});
        (void)step(f, (struct lk_input){.kind = LK_IN_SENSE, .door = door, .sense = LK_SENSE_CLOSED});
        assert_int_equal(find_item(f, id).item.custody, LK_CUSTODY_COLLECTED);
        assert_int_equal(type_code(f, n), LK_NO_DOOR);
        opened++;
    }
    assert_true(opened > 20);
    assert_chain_holds(f);
}

/* Law 11: what has no date of a trusted clock is forgotten from the upgrade on, not from 1970 on. */
static void law_11_nobody_is_erased_by_the_upgrade(void **state)
{
    struct fix *f = *state;
    struct lk_store_purge_plan plan;
    fix_open(f);
    assert_int_equal(lk_store_purge_count(f->store, &f->now, &plan), 0);
    assert_int_equal(plan.erase, 0);
    boot(f); /* says that the clock is right */
    f->now.wall_ms += INT64_C(30) * 86400000 - 1;
    assert_int_equal(lk_store_purge_count(f->store, &f->now, &plan), 0);
    assert_int_equal(plan.erase, 0);
    f->now.wall_ms += 1;
    assert_int_equal(lk_store_purge_count(f->store, &f->now, &plan), 0);
    assert_true(plan.erase > 250); /* all that were collected or returned */
    assert_int_equal(plan.records, 0);
}

/* Nothing is on a round only because its recipient would have taken it at the window, too. */
static bool count_wanted(void *user, const struct lk_store_item *row)
{
    *(unsigned *)user += !row->item.overdue && !row->item.cancelled;
    return true;
}

static void what_lies_here_is_here_for_the_locker(void **state)
{
    struct fix *f = *state;
    unsigned wanted = 0;
    fix_open(f);
    assert_int_equal(lk_store_list_round(f->store, &f->now, 0, count_wanted, &wanted), 0);
    assert_int_equal(wanted, 0);
}

static void supervisors_may_sign_in_beside_the_old_staff(void **state)
{
    struct fix *f = *state;
    struct lk_store_staff staff;
    bool found = false;
    fix_open(f);
    assert_int_equal(lk_store_staff_put(f->store, "boss-1", LK_ACTOR_SUPERVISOR, "$argon2id$x", NULL, &f->now), 0);
    assert_int_equal(lk_store_staff_by_badge(f->store, "badge-of-courier-7", &found, &staff), 0);
    assert_true(found);
    assert_string_equal(staff.id, "courier-7");
    assert_int_equal(strncmp(staff.pin, "$argon2id$v=19$", 15), 0);
    assert_int_equal(lk_store_staff_put(f->store, "k-9", LK_ACTOR_CLERK, "$argon2id$x", "badge-of-courier-7", &f->now),
                     -EEXIST);
}

/* The downgrade: a program that knows less than the file says what to do, and touches nothing. */
static void newer_database_is_refused_with_advice(void **state)
{
    struct fix *f = *state;
    fix_open(f);
    f->store = lk_store_close(f->store);
    sqlite3 *db = raw_open(f->db);
    raw_exec(db, "PRAGMA user_version = 99");
    sqlite3_close(db);
    assert_int_equal(fix_refused(f), -EUCLEAN);
    assert_non_null(strstr(f->why, "has version 99"));
    assert_non_null(strstr(f->why, "Install the newer program, or restore a backup that fits this one."));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(everything_comes_along, setup, fix_teardown),
        cmocka_unit_test_setup_teardown(next_event_appends_and_a_restart_keeps_it, setup, fix_teardown),
        cmocka_unit_test_setup_teardown(law_8_live_codes_open_their_own_doors, setup, fix_teardown),
        cmocka_unit_test_setup_teardown(law_11_nobody_is_erased_by_the_upgrade, setup, fix_teardown),
        cmocka_unit_test_setup_teardown(what_lies_here_is_here_for_the_locker, setup, fix_teardown),
        cmocka_unit_test_setup_teardown(supervisors_may_sign_in_beside_the_old_staff, setup, fix_teardown),
        cmocka_unit_test_setup_teardown(newer_database_is_refused_with_advice, setup, fix_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
