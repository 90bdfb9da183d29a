/* Opening an older database: this program has one schema step more than the released one. */
#define lk_schema_steps  released_steps
#define lk_schema_latest released_latest
#include "schema.c"
#undef lk_schema_steps
#undef lk_schema_latest

#include "unit/store/fixture.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

extern const char *const lk_schema_steps[];
extern const size_t lk_schema_latest;
const char *const lk_schema_steps[] = {version_1, "ALTER TABLE item ADD COLUMN colour TEXT;"
                                                  "CREATE TABLE paint (colour TEXT PRIMARY KEY) STRICT;"};
const size_t lk_schema_latest = 2;

/* As the released program would have left it. */
static void make_version_1(struct fix *f)
{
    assert_int_equal(released_latest, 1);
    assert_non_null(released_steps[0]);
    say_announce(f, "case-1", "12345678", NULL);
    f->store = lk_store_close(f->store);
    sqlite3 *db = raw_open(f->db);
    raw_exec(db, "ALTER TABLE item DROP COLUMN colour; DROP TABLE paint; PRAGMA user_version = 1");
    sqlite3_close(db);
}

static void older_database_is_copied_and_brought_up(void **state)
{
    struct fix *f = *state;
    char folder[PATH_CAP];
    (void)snprintf(folder, sizeof(folder), "%s", fix_path(f, "copies"));
    assert_int_equal(mkdir(folder, 0700), 0);
    f->config.backup_dir = folder;
    make_version_1(f);
    uint64_t before = store_digest(f->db);
    fix_open(f);
    assert_true(find_code(f, "12345678").live);
    struct lk_store_health health;
    lk_store_health(f->store, &health);
    assert_int_equal(health.schema, 2);
    f->store = lk_store_close(f->store);
    sqlite3 *db = raw_open(f->db);
    assert_int_equal(raw_int(db, "PRAGMA user_version"), 2);
    assert_int_equal(raw_int(db, "SELECT count(*) FROM paint"), 0);
    sqlite3_close(db);
    assert_true(store_digest(fix_path(f, "copies/lockerd.db.v1.1")) == before);
    fix_open(f); /* nothing more to do */
    assert_false(fix_exists(fix_path(f, "copies/lockerd.db.v1.2")));
}

static void failed_migration_leaves_the_old_database(void **state)
{
    struct fix *f = *state;
    make_version_1(f);
    sqlite3 *db = raw_open(f->db);
    raw_exec(db, "CREATE TABLE paint (x INTEGER)"); /* in the way of step 2 */
    sqlite3_close(db);
    uint64_t before = store_digest(f->db);
    for (int attempt = 1; attempt <= 2; attempt++) {
        char copy[PATH_CAP + 8];
        struct lk_text why = lk_text_init(f->why, sizeof(f->why));
        (void)snprintf(copy, sizeof(copy), "%s.v1.%d", f->db, attempt);
        assert_true(lk_store_open(&f->config, &f->store, &why) < 0);
        assert_non_null(strstr(f->why, "copy made before is whole"));
        assert_true(store_digest(f->db) == before);
        assert_true(store_digest(copy) == before);
    }
}

static void no_copy_no_migration(void **state)
{
    struct fix *f = *state;
    make_version_1(f);
    uint64_t before = store_digest(f->db);
    f->config.backup_dir = "/nowhere";
    assert_int_equal(fix_refused(f), -ENOENT);
    assert_non_null(strstr(f->why, "/nowhere/"));
    assert_true(store_digest(f->db) == before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(older_database_is_copied_and_brought_up, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(failed_migration_leaves_the_old_database, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(no_copy_no_migration, fix_setup, fix_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
