/* Online backup: in slices, while the daemon writes; proven before it gets its name. */
#include "unit/store/fixture.h"

#include "base/cleanup.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void fill(struct fix *f, int from, int to)
{
    for (int i = from; i < to; i++) {
        char item[32], code[16];
        (void)snprintf(item, sizeof(item), "case-%05d", i);
        (void)snprintf(code, sizeof(code), "%08d", i);
        say_announce(f, item, code, item);
    }
}

static struct lk_store_backup *begin(struct fix *f, const char *name)
{
    struct lk_store_backup *backup = NULL;
    assert_int_equal(lk_store_backup_begin(f->store, fix_path(f, name), &backup, NULL), 0);
    return backup;
}

struct finish {
    struct lk_store_backup *backup;
    struct lk_store_backup_result result;
    int r;
};

static void *finish_thread(void *user)
{
    struct finish *finish = user;
    finish->r = lk_store_backup_finish(finish->backup, &finish->result, NULL);
    return NULL;
}

/* Commits between the slices and while another thread proves the copy. */
static void backup_while_writing(void **state)
{
    struct fix *f = *state;
    fill(f, 0, 300);
    struct finish finish = {.backup = begin(f, "copy.db")};
    struct lk_store_progress progress = {0};
    unsigned steps = 0;
    while (!progress.finished) {
        assert_int_equal(lk_store_backup_step(finish.backup, 5, &progress), 0);
        assert_true(progress.done <= progress.total && progress.total > 0);
        if (steps++ < 20 && !progress.finished) {
            fill(f, 300 + (int)steps, 301 + (int)steps);
        }
    }
    assert_true(steps > 10);
    uint64_t seq = lk_store_last_seq(f->store);
    char head[65];
    (void)snprintf(head, sizeof(head), "%s", lk_store_head_hash(f->store));
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, finish_thread, &finish), 0);
    fill(f, 5000, 5100);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(finish.r, 0);
    (void)lk_store_backup_end(finish.backup);
    assert_int_equal(finish.result.last_seq, seq);
    assert_string_equal(finish.result.head_hash, head);

    /* The copy alone is a store: same key, same site, and nothing of what came later. */
    struct fix copy = *f;
    struct stat st;
    (void)snprintf(copy.db, sizeof(copy.db), "%s", fix_path(f, "copy.db"));
    assert_int_equal(stat(copy.db, &st), 0);
    assert_int_equal(st.st_size, finish.result.bytes);
    assert_false(fix_exists(fix_path(f, "copy.db.tmp")));
    assert_false(fix_exists(fix_path(f, "copy.db-wal")));
    copy.config.path = copy.db;
    copy.config.core = &f->cfg;
    fix_open(&copy);
    assert_int_equal(lk_store_last_seq(copy.store), seq);
    assert_true(find_code(&copy, "00000321").live == false);
    assert_true(find_code(&copy, "00000310").live);
    assert_false(find_code(&copy, "00005000").found);
    (void)lk_store_close(copy.store);
}

static void sha256_is_the_files(void **state)
{
    struct fix *f = *state;
    struct lk_store_backup_result result;
    struct lk_store_progress progress = {0};
    struct lk_store_last_backup last;
    char command[512], line[128] = "";
    fill(f, 0, 10);
    struct lk_store_backup *backup = begin(f, "copy.db");
    while (!progress.finished) {
        assert_int_equal(lk_store_backup_step(backup, 100, &progress), 0);
    }
    assert_int_equal(lk_store_backup_finish(backup, &result, NULL), 0);
    assert_int_equal(lk_store_backup_finish(backup, &result, NULL), -EINVAL);
    (void)lk_store_backup_end(backup);
    (void)snprintf(command, sizeof(command), "sha256sum %s", fix_path(f, "copy.db"));
    FILE *p = popen(command, "r");
    assert_non_null(fgets(line, sizeof(line), p));
    (void)pclose(p);
    assert_memory_equal(line, result.sha256, 64);

    assert_int_equal(lk_store_last_backup(f->store, &last), 0);
    assert_false(last.any);
    assert_int_equal(lk_store_note_backup(f->store, fix_path(f, "copy.db"), &result, &f->now), 0);
    fix_reopen(f);
    assert_int_equal(lk_store_last_backup(f->store, &last), 0);
    assert_true(last.any);
    assert_string_equal(last.path, fix_path(f, "copy.db"));
    assert_string_equal(last.sha256, result.sha256);
    assert_int_equal(last.wall_ms, f->now.wall_ms);
    assert_int_equal(last.last_seq, 10);
}

static void refuses_what_it_should(void **state)
{
    struct fix *f = *state;
    struct lk_store_backup *backup = NULL, *second = NULL;
    struct lk_text why = lk_text_init(f->why, sizeof(f->why));
    fix_write(fix_path(f, "there"), "precious", 8);
    assert_int_equal(lk_store_backup_begin(f->store, fix_path(f, "there"), &backup, &why), -EEXIST);
    assert_non_null(strstr(f->why, "replaces nothing"));
    assert_int_equal(lk_store_backup_begin(f->store, f->db, &backup, NULL), -EEXIST);
    assert_int_equal(lk_store_backup_begin(f->store, fix_path(f, "no/folder"), &backup, NULL), -ENOENT);
    backup = begin(f, "copy");
    assert_int_equal(lk_store_backup_begin(f->store, fix_path(f, "other"), &second, NULL), -EEXIST);
    struct lk_store_backup_result result;
    assert_int_equal(lk_store_backup_finish(backup, &result, NULL), -EINVAL); /* nothing copied yet */
    (void)lk_store_backup_end(backup);
    assert_false(fix_exists(fix_path(f, "copy")));
    assert_false(fix_exists(fix_path(f, "copy.tmp")));
    backup = begin(f, "copy");
    struct lk_store_progress progress = {0};
    while (!progress.finished) {
        assert_int_equal(lk_store_backup_step(backup, 100, &progress), 0);
    }
    fix_write(fix_path(f, "copy"), "appeared meanwhile", 18);
    assert_int_equal(lk_store_backup_finish(backup, &result, NULL), -EEXIST);
    (void)lk_store_backup_end(backup);
    size_t n = 0;
    LK_CLEANUP(lk_freep) unsigned char *bytes = fix_read(fix_path(f, "copy"), &n);
    assert_int_equal(n, 18);
}

static void damaged_copy_never_gets_the_name(void **state)
{
    struct fix *f = *state;
    static const char *const damage[] = {
        "DROP TRIGGER event_no_update; UPDATE event SET data = '{\"count\":1}' WHERE seq = 100",
        "DROP TRIGGER event_no_delete; DELETE FROM event WHERE seq = 300",
        "PRAGMA foreign_keys = OFF; UPDATE compartment SET item = 'nobody'",
    };
    fill(f, 0, 300);
    struct lk_effect *use = fx_item(f, LK_FX_DOOR_USE, "case-00001");
    use->use = LK_USE_RESERVED;
    use->door = 1;
    apply_ok(f);
    for (int i = 0; i < 4; i++) {
        struct lk_store_backup *backup = begin(f, "copy");
        struct lk_store_progress progress = {0};
        struct lk_store_backup_result result;
        char tmp[PATH_CAP];
        while (!progress.finished) {
            assert_int_equal(lk_store_backup_step(backup, 100, &progress), 0);
        }
        (void)snprintf(tmp, sizeof(tmp), "%s", fix_path(f, "copy.tmp"));
        if (i < 3) {
            /* damage it as another process would: a copy with other contents put in its place */
            fix_copy_file(tmp, fix_path(f, "bad"));
            sqlite3 *db = raw_open(fix_path(f, "bad"));
            raw_exec(db, damage[i]);
            sqlite3_close(db);
            fix_copy_file(fix_path(f, "bad"), tmp);
        } else {
            assert_int_equal(truncate(tmp, 16384), 0);
        }
        struct lk_text why = lk_text_init(f->why, sizeof(f->why));
        assert_int_equal(lk_store_backup_finish(backup, &result, &why), -EUCLEAN);
        assert_true(strlen(f->why) > 20);
        (void)lk_store_backup_end(backup);
        assert_false(fix_exists(fix_path(f, "copy")));
        assert_false(fix_exists(tmp));
    }
    fill(f, 400, 401); /* the live one is well */
    assert_int_equal(lk_store_check(f->store, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(backup_while_writing, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(sha256_is_the_files, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(refuses_what_it_should, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(damaged_copy_never_gets_the_name, fix_setup, fix_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
