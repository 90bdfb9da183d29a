/* A disk that fails at every single call in turn, and power cuts between any two: before or after, never between. */
#include "unit/store/disk.h"
#include "unit/store/fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A step as the core makes them: reservation, intent, event; several pages. */
static int typical(struct fix *f)
{
    struct lk_effect *use = fx_item(f, LK_FX_DOOR_USE, "case-1");
    use->door = 3;
    use->use = LK_USE_RESERVED;
    say_intent(f, 1, 3, "case-1", LK_PURPOSE_DEPOSIT);
    struct lk_effect *set = fx_item(f, LK_FX_SECRET_SET, "case-1");
    assert_int_equal(lk_store_make_secret(f->store, "12345678", "token", &set->secret), 0);
    struct lk_effect *e = fx(f, LK_FX_LOCKOUT);
    e->count = 1;
    (void)fx_event(f, LK_EV_ACCESS_DENIED);
    (void)fx_event(f, LK_EV_DOOR_OPENED);
    return fx_apply(f);
}

static uint64_t digest_of_copy(struct fix *f)
{
    char wal[PATH_CAP];
    fix_copy_file(f->db, fix_path(f, "copy.db"));
    (void)snprintf(wal, sizeof(wal), "%s", fix_path(f, "lockerd.db-wal"));
    if (fix_exists(wal)) {
        fix_copy_file(wal, fix_path(f, "copy.db-wal"));
    }
    uint64_t digest = store_digest(fix_path(f, "copy.db"));
    (void)unlink(fix_path(f, "copy.db"));
    (void)unlink(fix_path(f, "copy.db-wal"));
    return digest;
}

static void crash_and_compare(struct fix *f, uint64_t before, uint64_t after)
{
    struct fix copy = *f;
    (void)mkdir(fix_path(f, "crash"), 0700);
    (void)snprintf(copy.db, sizeof(copy.db), "%s", fix_path(f, "crash/lockerd.db"));
    copy.config.path = copy.db;
    copy.store = NULL;
    (void)unlink(fix_path(f, "crash/lockerd.db-wal"));
    fix_copy_file(f->db, copy.db);
    fix_copy_file(fix_path(f, "lockerd.db-wal"), fix_path(f, "crash/lockerd.db-wal"));
    fix_open(&copy);
    copy.store = lk_store_close(copy.store);
    uint64_t found = store_digest(copy.db);
    assert_true(found == before || found == after);
}

/* Fails call n = 1, 2, 3 ... of one commit until one goes through. */
static void commit_fails_everywhere(struct fix *f, enum disk_failure failure, bool forever, int expected)
{
    unsigned n = 1;
    say_announce(f, "case-1", NULL, NULL);
    fix_reopen(f); /* an empty log: the next commit also writes its header */
    f->store = lk_store_close(f->store);
    fix_copy_file(f->db, fix_path(f, "base"));
    fix_open(f);
    uint64_t before = digest_of_copy(f);
    assert_int_equal(typical(f), 0);
    uint64_t after = digest_of_copy(f);
    assert_true(before != after);
    for (bool through = false; !through; n++) {
        f->store = lk_store_close(f->store);
        fix_copy_file(fix_path(f, "base"), f->db);
        fix_open(f);
        uint64_t seq = lk_store_last_seq(f->store);
        disk_fail_at(n, failure, forever);
        int r = typical(f);
        through = !disk_failed();
        if (through) {
            assert_int_equal(r, 0);
            break;
        }
        struct lk_store_health health;
        assert_int_equal(r, expected);
        assert_int_equal(lk_store_last_seq(f->store), seq);
        assert_false(find_code(f, "12345678").found);
        lk_store_health(f->store, &health);
        assert_true(health.degraded);
        assert_int_equal(health.error, expected);
        assert_true(health.doing[0] != '\0');
        if (forever) {
            assert_int_equal(lk_store_probe(f->store), expected);
        }
        disk_heal();
        crash_and_compare(f, before, after);
        assert_int_equal(typical(f), 0); /* the same handle works again: once, not twice */
        assert_true(digest_of_copy(f) == after);
        lk_store_health(f->store, &health);
        assert_false(health.degraded);
        assert_true(health.failures >= 1);
    }
    disk_heal();
    assert_true(n > 5);
    print_message("failed at %u calls\n", n - 1);
}

static void full_disk(void **state)
{
    commit_fails_everywhere(*state, DISK_FULL, false, -ENOSPC);
}

static void full_disk_that_stays(void **state)
{
    commit_fails_everywhere(*state, DISK_FULL, true, -ENOSPC);
}

static void io_error(void **state)
{
    commit_fails_everywhere(*state, DISK_IO_WRITE, false, -EIO);
}

static void io_error_that_stays(void **state)
{
    commit_fails_everywhere(*state, DISK_IO_WRITE, true, -EIO);
}

/* The log is copied back into the file: whatever fails there, nothing is lost. */
static void tidy_fails_everywhere(void **state)
{
    struct fix *f = *state;
    unsigned n = 1;
    for (int i = 0; i < 40; i++) {
        char item[16];
        (void)snprintf(item, sizeof(item), "case-%d", i + 1);
        say_announce(f, item, NULL, NULL);
    }
    uint64_t all = digest_of_copy(f);
    for (;; n++) {
        disk_fail_at(n, n % 2 ? DISK_FULL : DISK_IO_WRITE, false);
        int r = lk_store_tidy(f->store);
        bool through = !disk_failed();
        disk_heal();
        assert_true(digest_of_copy(f) == all);
        crash_and_compare(f, all, all);
        if (through) {
            assert_int_equal(r, 0);
            break;
        }
        assert_true(r == -ENOSPC || r == -EIO);
    }
    assert_true(n > 5);
    assert_int_equal(typical(f), 0);
}

/* Making a new store: each failure leaves nothing that would stop the next attempt. */
static void creation_fails_everywhere(void **state)
{
    struct fix *f = *state;
    unsigned n = 1;
    for (;; n++) {
        struct lk_text why = lk_text_init(f->why, sizeof(f->why));
        disk_fail_at(n, n % 2 ? DISK_FULL : DISK_IO_WRITE, n % 3 == 0);
        int r = lk_store_open(&f->config, &f->store, &why);
        bool through = !disk_failed();
        disk_heal();
        if (through) {
            assert_int_equal(r, 0);
            break;
        }
        if (r == 0) { /* a failure SQLite could live with */
            f->store = lk_store_close(f->store);
        } else {
            assert_true(r == -ENOSPC || r == -EIO);
            assert_true(strlen(f->why) > 20);
        }
        if (n % 4 == 0) { /* sometimes the second attempt goes through, sometimes the third ... */
            fix_open(f);
            say_announce(f, "case-1", "12345678", NULL);
            fix_reopen(f);
            assert_true(find_code(f, "12345678").live);
            f->store = lk_store_close(f->store);
            assert_int_equal(unlink(f->db), 0);
            assert_int_equal(unlink(f->key), 0);
        }
    }
    assert_true(n > 20);
}

static void backup_to_a_full_disk(void **state)
{
    struct fix *f = *state;
    say_announce(f, "case-1", NULL, NULL);
    for (unsigned n = 1;; n++) {
        struct lk_store_backup *backup = NULL;
        struct lk_store_progress progress = {0};
        struct lk_store_backup_result result;
        disk_fail_at(n, DISK_FULL, true);
        int r = lk_store_backup_begin(f->store, fix_path(f, "out"), &backup, NULL);
        while (r == 0 && !progress.finished) {
            r = lk_store_backup_step(backup, 7, &progress);
        }
        r = r < 0 ? r : lk_store_backup_finish(backup, &result, NULL);
        bool through = !disk_failed();
        disk_heal();
        (void)lk_store_backup_end(backup);
        assert_true(fix_exists(fix_path(f, "out")) == (r == 0));
        assert_false(fix_exists(fix_path(f, "out.tmp")));
        if (through) {
            assert_int_equal(r, 0);
            break;
        }
        if (r == 0) {
            (void)unlink(fix_path(f, "out"));
        }
        (void)fx_event(f, LK_EV_ACCESS_DENIED);
        apply_ok(f);
    }
}

/* --- power cuts ----------------------------------------------------------------------------------------------------
 */

enum { COMMITS = 9 };

/* Commits items 1..COMMITS and an ack each; returns how many were acknowledged to the caller before the cut. */
static unsigned work_until_cut(struct fix *f, unsigned *ret_acked)
{
    unsigned sure = 0, acked = 0;
    for (unsigned i = 1; i <= COMMITS; i++) {
        char item[16], code[16];
        (void)snprintf(item, sizeof(item), "case-%u", i);
        (void)snprintf(code, sizeof(code), "%08u", i);
        say_announce(f, item, code, NULL);
        sure = disk_was_cut() ? sure : i;
        assert_int_equal(lk_store_set_acked(f->store, i), 0);
        acked = disk_was_cut() ? acked : i;
        if (i % 5 == 0) { /* checkpoints belong to it */
            assert_int_equal(lk_store_tidy(f->store), 0);
        }
    }
    *ret_acked = acked;
    return sure;
}

static void look_after_cut(struct fix *f, unsigned sure, unsigned acked)
{
    struct fix copy = *f;
    (void)mkdir(fix_path(f, "crash"), 0700);
    (void)unlink(fix_path(f, "crash/lockerd.db-wal"));
    disk_write_image(fix_path(f, "crash"));
    (void)snprintf(copy.db, sizeof(copy.db), "%s", fix_path(f, "crash/lockerd.db"));
    copy.config.path = copy.db;
    copy.store = NULL;
    disk_forget();
    fix_open(&copy);
    uint64_t last = lk_store_last_seq(copy.store);
    assert_true(last >= sure && last <= sure + 1);
    assert_true(lk_store_acked(copy.store) >= acked && lk_store_acked(copy.store) <= acked + 1);
    struct lk_store_counts counts;
    struct lk_store_chain chain;
    assert_int_equal(lk_store_counts(copy.store, &counts), 0);
    assert_int_equal(counts.items[LK_CUSTODY_EXPECTED], last); /* item, code and event: all or none */
    assert_int_equal(counts.codes_live, last);
    lk_store_chain_begin(copy.store, &chain);
    assert_int_equal(lk_store_chain_step(copy.store, &chain, 1000), 0);
    assert_int_equal(chain.first_bad_seq, 0);
    assert_int_equal(chain.checked, last);
    (void)lk_store_close(copy.store);
}

static void power_cut_at_any_moment(void **state)
{
    struct fix *f = *state;
    f->store = lk_store_close(f->store);
    fix_copy_file(f->db, fix_path(f, "base"));
    unsigned cuts = 0;
    for (unsigned n = 1;; n++) {
        unsigned acked = 0;
        fix_copy_file(fix_path(f, "base"), f->db);
        disk_watch(f->db);
        fix_open(f);
        disk_cut_at(n, n * 77 + 5);
        unsigned sure = work_until_cut(f, &acked);
        bool cut = disk_was_cut();
        f->store = lk_store_close(f->store);
        if (!cut) {
            break;
        }
        look_after_cut(f, sure, acked);
        cuts++;
    }
    disk_forget();
    assert_true(cuts > 100);
    print_message("%u power cuts\n", cuts);
}

static int setup_disk(void **state)
{
    (void)state;
    disk_install();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(full_disk, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(full_disk_that_stays, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(io_error, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(io_error_that_stays, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(tidy_fails_everywhere, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(creation_fails_everywhere, fix_setup_closed, fix_teardown),
        cmocka_unit_test_setup_teardown(backup_to_a_full_disk, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(power_cut_at_any_moment, fix_setup, fix_teardown),
    };
    return cmocka_run_group_tests(tests, setup_disk, NULL);
}
