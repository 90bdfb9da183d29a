/* Opening: new, again, and every way in which it must refuse without touching anything. */
#include "unit/store/fixture.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void fresh_database_has_what_the_design_says(void **state)
{
    struct fix *f = *state;
    struct stat st;
    assert_int_equal(stat(f->key, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(st.st_size, 65);
    assert_int_equal(stat(f->db, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(strlen(lk_store_epoch(f->store)), 36);
    assert_int_equal(lk_store_epoch(f->store)[14], '4');
    assert_int_equal(lk_store_last_seq(f->store), 0);
    assert_int_equal(lk_store_first_seq(f->store), 1);
    assert_int_equal(strspn(lk_store_head_hash(f->store), "0"), 64);
    f->store = lk_store_close(f->store);
    assert_false(fix_exists(fix_path(f, "lockerd.db-wal")));
    assert_false(fix_exists(fix_path(f, "lockerd.db.new")));
    sqlite3 *db = raw_open(f->db);
    assert_int_equal(raw_int(db, "PRAGMA application_id"), 0x4c4f434b);
    assert_int_equal(raw_int(db, "PRAGMA user_version"), 5);
    assert_int_equal(raw_int(db, "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND "
                                 "name NOT LIKE 'sqlite%' AND NOT strict"),
                     0);
    sqlite3_close(db);
}

static void epoch_and_contents_survive(void **state)
{
    struct fix *f = *state;
    char epoch[37], head[65];
    say_announce(f, "case-1", "12345678", NULL);
    (void)snprintf(epoch, sizeof(epoch), "%s", lk_store_epoch(f->store));
    (void)snprintf(head, sizeof(head), "%s", lk_store_head_hash(f->store));
    fix_reopen(f);
    assert_string_equal(lk_store_epoch(f->store), epoch);
    assert_string_equal(lk_store_head_hash(f->store), head);
    assert_int_equal(lk_store_last_seq(f->store), 1);
    assert_true(find_code(f, "12345678").live);
}

static void second_opener_is_busy(void **state)
{
    struct fix *f = *state;
    struct lk_store *second = NULL;
    struct lk_text why = lk_text_init(f->why, sizeof(f->why));
    assert_int_equal(lk_store_open(&f->config, &second, &why), -EBUSY);
    assert_non_null(strstr(f->why, "in use"));
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        _exit(lk_store_open(&f->config, &second, NULL) == -EBUSY ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    say_announce(f, "case-1", NULL, NULL); /* and the first one goes on */
}

/* Somebody with the sqlite3 shell does not know our lock file. */
static void foreign_sqlite_is_locked_out(void **state)
{
    struct fix *f = *state;
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        sqlite3 *db = NULL;
        int rc = sqlite3_open_v2(f->db, &db, SQLITE_OPEN_READWRITE, NULL);
        rc = rc == SQLITE_OK ? sqlite3_exec(db, "SELECT * FROM item", NULL, NULL, NULL) : rc;
        _exit(rc == SQLITE_BUSY ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void foreign_holder_makes_us_busy(void **state)
{
    struct fix *f = *state;
    int ready[2], done[2];
    f->store = lk_store_close(f->store);
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(done), 0);
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        char c = 'x';
        sqlite3 *db = NULL;
        (void)close(done[1]);
        (void)sqlite3_open_v2(f->db, &db, SQLITE_OPEN_READWRITE, NULL);
        (void)sqlite3_exec(db, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE", NULL, NULL, NULL);
        (void)!write(ready[1], &c, 1);
        (void)!read(done[0], &c, 1);
        _exit(0);
    }
    char c;
    assert_int_equal(read(ready[0], &c, 1), 1);
    struct lk_text why = lk_text_init(f->why, sizeof(f->why));
    assert_int_equal(lk_store_open(&f->config, &f->store, &why), -EBUSY);
    (void)close(done[0]);
    (void)close(done[1]);
    (void)close(ready[0]);
    (void)close(ready[1]);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    fix_open(f);
}

static void fill_and_close(struct fix *f)
{
    char item[32], code[16];
    for (int i = 0; i < 200; i++) {
        (void)snprintf(item, sizeof(item), "case-%03d", i);
        (void)snprintf(code, sizeof(code), "%08d", 10000000 + i);
        say_announce(f, item, code, item);
    }
    f->store = lk_store_close(f->store);
}

static void truncated_file(void **state)
{
    struct fix *f = *state;
    fill_and_close(f);
    size_t n = 0;
    LK_CLEANUP(lk_freep) unsigned char *bytes = fix_read(f->db, &n);
    const size_t cuts[] = {n - 1, n - 4096, n / 2, 4096, 4095, 100, 99, 16, 1};
    for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
        fix_write(f->db, bytes, cuts[i]);
        assert_int_equal(fix_refused(f), -EUCLEAN);
        assert_non_null(strstr(f->why, "Nothing was changed"));
        assert_non_null(strstr(f->why, "backup"));
    }
    fix_write(f->db, bytes, n);
    fix_open(f);
}

static void zeroed_page(void **state)
{
    struct fix *f = *state;
    fill_and_close(f);
    size_t n = 0;
    LK_CLEANUP(lk_freep) unsigned char *good = fix_read(f->db, &n);
    LK_CLEANUP(lk_freep) unsigned char *bad = malloc(n);
    unsigned used = 0, refused = 0;
    for (size_t page = 0; page < n / 4096; page++) {
        static const unsigned char zeros[4096];
        memcpy(bad, good, n);
        if (memcmp(bad + page * 4096, zeros, 4096) == 0) {
            continue;
        }
        memset(bad + page * 4096, 0, 4096);
        fix_write(f->db, bad, n);
        used++;
        refused += fix_refused(f) == -EUCLEAN;
    }
    assert_true(used > 20);
    assert_int_equal(refused, used);
}

static void not_a_database(void **state)
{
    struct fix *f = *state;
    fill_and_close(f);
    char text[5000];
    memset(text, 'x', sizeof(text));
    fix_write(f->db, text, sizeof(text));
    assert_int_equal(fix_refused(f), -EUCLEAN);
    assert_non_null(strstr(f->why, "not a database"));
    fix_write(f->db, "", 0);
    assert_int_equal(fix_refused(f), -EUCLEAN);
    assert_non_null(strstr(f->why, "empty"));
    assert_int_equal(unlink(f->db), 0);
    assert_int_equal(mkdir(f->db, 0700), 0);
    assert_int_equal(fix_refused(f), -EUCLEAN);
    assert_int_equal(rmdir(f->db), 0);
}

static void foreign_database(void **state)
{
    struct fix *f = *state;
    f->store = lk_store_close(f->store);
    assert_int_equal(unlink(f->db), 0);
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(f->db, &db), SQLITE_OK);
    raw_exec(db, "CREATE TABLE bookmarks (url TEXT)");
    sqlite3_close(db);
    assert_int_equal(fix_refused(f), -EUCLEAN);
    assert_non_null(strstr(f->why, "other program"));
}

static void newer_version(void **state)
{
    struct fix *f = *state;
    f->store = lk_store_close(f->store);
    sqlite3 *db = raw_open(f->db);
    raw_exec(db, "PRAGMA user_version = 6");
    sqlite3_close(db);
    assert_int_equal(fix_refused(f), -EUCLEAN);
    assert_non_null(strstr(f->why, "newer program"));
}

static void missing_table_or_column(void **state)
{
    struct fix *f = *state;
    f->store = lk_store_close(f->store);
    sqlite3 *db = raw_open(f->db);
    raw_exec(db, "ALTER TABLE item RENAME COLUMN custody TO custard");
    sqlite3_close(db);
    struct lk_text why = lk_text_init(f->why, sizeof(f->why));
    assert_int_equal(lk_store_open(&f->config, &f->store, &why), -EUCLEAN);
    assert_non_null(strstr(f->why, "custody"));
}

static void database_gone_but_key_there(void **state)
{
    struct fix *f = *state;
    f->store = lk_store_close(f->store);
    assert_int_equal(unlink(f->db), 0);
    assert_int_equal(fix_refused(f), -EUCLEAN);
    assert_non_null(strstr(f->why, "missing"));
    assert_false(fix_exists(f->db));
}

static void orphaned_wal(void **state)
{
    struct fix *f = *state;
    say_announce(f, "case-1", NULL, NULL);
    fix_copy_file(fix_path(f, "lockerd.db-wal"), fix_path(f, "saved"));
    f->store = lk_store_close(f->store);
    assert_int_equal(unlink(f->db), 0);
    assert_int_equal(unlink(f->key), 0);
    fix_copy_file(fix_path(f, "saved"), fix_path(f, "lockerd.db-wal"));
    assert_int_equal(fix_refused(f), -EUCLEAN);
    assert_non_null(strstr(f->why, "-wal"));
    assert_int_equal(unlink(fix_path(f, "lockerd.db-wal")), 0);
    fix_copy_file(fix_path(f, "saved"), fix_path(f, "lockerd.db-journal"));
    assert_int_equal(fix_refused(f), -EUCLEAN);
}

/* A restored backup beside the old log: SQLite would play one into the other. */
static void foreign_wal_beside_a_backup(void **state)
{
    struct fix *f = *state;
    struct lk_store_backup *backup = NULL;
    struct lk_store_progress progress = {0};
    struct lk_store_backup_result result;
    assert_int_equal(lk_store_backup_begin(f->store, fix_path(f, "copy"), &backup, NULL), 0);
    while (!progress.finished) {
        assert_int_equal(lk_store_backup_step(backup, 100, &progress), 0);
    }
    assert_int_equal(lk_store_backup_finish(backup, &result, NULL), 0);
    (void)lk_store_backup_end(backup);
    say_announce(f, "case-1", NULL, NULL);
    fix_copy_file(fix_path(f, "lockerd.db-wal"), fix_path(f, "saved"));
    f->store = lk_store_close(f->store);
    assert_int_equal(rename(fix_path(f, "copy"), f->db), 0);
    fix_copy_file(fix_path(f, "saved"), fix_path(f, "lockerd.db-wal"));
    assert_int_equal(fix_refused(f), -EUCLEAN);
    assert_non_null(strstr(f->why, "does not belong"));
    assert_int_equal(unlink(fix_path(f, "lockerd.db-wal")), 0);
    fix_open(f);
    assert_false(find_item(f, "case-1").found);
}

static void key_troubles(void **state)
{
    struct fix *f = *state;
    f->store = lk_store_close(f->store);
    fix_copy_file(f->key, fix_path(f, "saved"));
    assert_int_equal(unlink(f->key), 0);
    assert_int_equal(fix_refused(f), -ENOKEY);
    assert_non_null(strstr(f->why, "Put the key back"));
    assert_int_equal(symlink("saved", f->key), 0);
    assert_int_equal(fix_refused(f), -EPERM);
    assert_int_equal(unlink(f->key), 0);
    static const char *const wrong[] = {"",
                                        "abc",
                                        "zz",
                                        "0123456789abcdef0123456789abcdef0123456789abcdef",
                                        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeg\n",
                                        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n\n\nx",
                                        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        fix_write(f->key, wrong[i], strlen(wrong[i]));
        assert_int_equal(fix_refused(f), -EKEYREJECTED);
        assert_non_null(strstr(f->why, "Put the key back"));
    }
    fix_copy_file(fix_path(f, "saved"), f->key);
    for (mode_t mode = 0604; mode <= 0660; mode += 014) { /* 0604, 0620, 0634, 0650 */
        assert_int_equal(chmod(f->key, mode), 0);
        assert_int_equal(fix_refused(f), -EPERM);
        assert_non_null(strstr(f->why, "chmod 0600"));
    }
    assert_int_equal(chmod(f->key, 0400), 0);
    fix_open(f);
}

static void other_site(void **state)
{
    struct fix *f = *state;
    f->store = lk_store_close(f->store);
    f->config.operator_id = "elsewhere";
    assert_int_equal(fix_refused(f), -EXDEV);
    assert_non_null(strstr(f->why, "yulin/hall-1"));
    f->config.operator_id = "yulin";
    f->config.site_id = "hall-2";
    assert_int_equal(fix_refused(f), -EXDEV);
    f->config.site_id = "hall-1";
    fix_open(f);
}

static void no_folder(void **state)
{
    struct fix *f = *state;
    char path[PATH_CAP];
    (void)snprintf(path, sizeof(path), "%s", fix_path(f, "nowhere/lockerd.db"));
    f->config.path = path;
    assert_int_equal(fix_refused(f), -ENOENT);
}

/* A creation cut short (power, full disk) leaves .new behind, maybe with the key: it is simply done again. */
static void creation_cut_short(void **state)
{
    struct fix *f = *state;
    fix_write(fix_path(f, "lockerd.db.new"), "half", 4);
    fix_open(f);
    f->store = lk_store_close(f->store);
    assert_int_equal(rename(f->db, fix_path(f, "lockerd.db.new")), 0);
    fix_open(f);
    assert_false(fix_exists(fix_path(f, "lockerd.db.new")));
    say_announce(f, "case-1", "12345678", NULL);
    assert_true(find_code(f, "12345678").live);
}

static void end_of_the_log_missing(void **state)
{
    struct fix *f = *state;
    fill_and_close(f);
    fix_open(f);
    assert_int_equal(lk_store_set_acked(f->store, 200), 0);
    f->store = lk_store_close(f->store);
    sqlite3 *db = raw_open(f->db);
    raw_exec(db, "DROP TRIGGER event_no_delete; DELETE FROM event WHERE seq > 150");
    sqlite3_close(db);
    struct lk_text why = lk_text_init(f->why, sizeof(f->why));
    assert_int_equal(lk_store_open(&f->config, &f->store, &why), -EUCLEAN);
    assert_non_null(strstr(f->why, "end of the event log"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fresh_database_has_what_the_design_says, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(epoch_and_contents_survive, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(second_opener_is_busy, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(foreign_sqlite_is_locked_out, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(foreign_holder_makes_us_busy, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(truncated_file, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(zeroed_page, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(not_a_database, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(foreign_database, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(newer_version, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(missing_table_or_column, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(database_gone_but_key_there, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(orphaned_wal, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(foreign_wal_beside_a_backup, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(key_troubles, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(other_site, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(no_folder, fix_setup_closed, fix_teardown),
        cmocka_unit_test_setup_teardown(creation_cut_short, fix_setup_closed, fix_teardown),
        cmocka_unit_test_setup_teardown(end_of_the_log_missing, fix_setup, fix_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
