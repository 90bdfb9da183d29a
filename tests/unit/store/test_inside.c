/* Inside the store: migrations forward with a copy first, files that are whole, the translation of errors. */
#include "unit/store/fixture.h"

#include "base/cleanup.h"
#include "files.h"
#include "key.h"
#include "open.h"
#include "schema.h"
#include "sql.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void migration_steps_are_all_or_nothing(void **state)
{
    struct fix *f = *state;
    static const char *const steps[] = {"CREATE TABLE a (x INTEGER) STRICT;",
                                        "INSERT INTO a VALUES (1); CREATE TABLE b "
                                        "(y INTEGER) STRICT;",
                                        "INSERT INTO a VALUES (2); INSERT INTO nowhere VALUES (1);"};
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(fix_path(f, "m.db"), &db), SQLITE_OK);
    assert_int_equal(lk_schema_migrate(db, steps, 0, 1), 0);
    assert_int_equal(raw_int(db, "PRAGMA user_version"), 1);
    assert_true(lk_schema_migrate(db, steps, 1, 3) < 0);
    assert_int_equal(raw_int(db, "PRAGMA user_version"), 2); /* the second is whole, of the third there is nothing */
    assert_int_equal(raw_int(db, "SELECT count(*) FROM a"), 1);
    assert_int_equal(lk_schema_migrate(db, steps, 2, 2), 0);
    sqlite3_close(db);
}

static void copy_is_whole_and_alone(void **state)
{
    struct fix *f = *state;
    say_announce(f, "case-1", "12345678", NULL);
    fix_reopen(f);
    f->store = lk_store_close(f->store);
    sqlite3 *db = raw_open(f->db);
    char path[PATH_CAP];
    (void)snprintf(path, sizeof(path), "%s", fix_path(f, "copy.v1.1"));
    assert_int_equal(lk_db_copy(db, path), 0);
    assert_int_equal(lk_db_copy(db, path), -EEXIST);
    assert_int_equal(lk_db_copy(db, fix_path(f, "no/folder")), -ENOENT);
    assert_true(store_digest(path) == store_digest(f->db));
    sqlite3_close(db);
    assert_false(fix_exists(fix_path(f, "copy.v1.1-wal")));
    assert_false(fix_exists(fix_path(f, "copy.v1.1.tmp")));
    size_t n = 0;
    LK_CLEANUP(lk_freep) unsigned char *bytes = fix_read(path, &n);
    assert_int_equal(bytes[18], 1); /* rollback journal: no log can be taken for its own */
}

static void files_are_made_once_and_private(void **state)
{
    struct fix *f = *state;
    struct stat st;
    char path[PATH_CAP];
    (void)snprintf(path, sizeof(path), "%s", fix_path(f, "file"));
    assert_int_equal(lk_file_create(path, "one", 3), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(lk_file_create(path, "two", 3), -EEXIST);
    assert_false(fix_exists(fix_path(f, "file.tmp")));
    size_t n = 0;
    LK_CLEANUP(lk_freep) unsigned char *bytes = fix_read(path, &n);
    assert_memory_equal(bytes, "one", 3);
    assert_int_equal(lk_file_create(fix_path(f, "no/file"), "x", 1), -ENOENT);
    assert_int_equal(lk_file_size(path), 3);
    assert_int_equal(lk_file_size(fix_path(f, "none")), -ENOENT);
}

/* RFC 4231 has no case with our separator, so the key is one for which openssl dgst gave this value. */
static void mac_is_hmac_sha256(void **state)
{
    struct fix *f = *state;
    struct lk_key *key = NULL;
    uint8_t mac[32], again[32];
    char hex[65];
    const char *text = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";
    fix_write(fix_path(f, "k"), text, strlen(text));
    assert_int_equal(lk_key_load(fix_path(f, "k"), "hall-1", &key, NULL), 0);
    assert_int_equal(lk_key_mac(key, LK_KEY_CODE, "12345678", mac), 0);
    lk_text_hex(hex, mac, 32);
    assert_string_equal(hex, "ec28164df43970bbb9213bce989040a8c80b2d15e19ef31f85aed1c2abb60151");
    assert_int_equal(lk_key_mac(key, LK_KEY_TOKEN, "12345678", again), 0);
    assert_memory_not_equal(mac, again, 32);
    assert_int_equal(lk_key_mac(key, LK_KEY_CODE, "12345678", again), 0);
    assert_memory_equal(mac, again, 32);
    assert_null(lk_key_free(key));
    assert_null(lk_key_free(NULL));
}

static void errors_are_translated(void **state)
{
    (void)state;
    assert_int_equal(lk_sql_errno(NULL, SQLITE_OK), 0);
    assert_int_equal(lk_sql_errno(NULL, SQLITE_ROW), 0);
    assert_int_equal(lk_sql_errno(NULL, SQLITE_DONE), 0);
    assert_int_equal(lk_sql_errno(NULL, SQLITE_FULL), -ENOSPC);
    assert_int_equal(lk_sql_errno(NULL, SQLITE_BUSY), -EBUSY);
    assert_int_equal(lk_sql_errno(NULL, SQLITE_CORRUPT), -EUCLEAN);
    assert_int_equal(lk_sql_errno(NULL, SQLITE_CORRUPT_INDEX), -EUCLEAN);
    assert_int_equal(lk_sql_errno(NULL, SQLITE_NOTADB), -EUCLEAN);
    assert_int_equal(lk_sql_errno(NULL, SQLITE_READONLY_DBMOVED), -EROFS);
    assert_int_equal(lk_sql_errno(NULL, SQLITE_IOERR_FSYNC), -EIO);
    assert_int_equal(lk_sql_errno(NULL, SQLITE_CONSTRAINT_UNIQUE), -EEXIST);
    assert_int_equal(lk_sql_errno(NULL, SQLITE_CONSTRAINT_CHECK), -EINVAL);
    assert_int_equal(lk_sql_errno(NULL, SQLITE_NOMEM), -ENOMEM);
    assert_int_equal(lk_sql_errno(NULL, SQLITE_ERROR), -EIO);
}

static void health_of_a_good_store(void **state)
{
    struct fix *f = *state;
    struct lk_store_health before, after;
    lk_store_health(f->store, &before);
    assert_false(before.degraded);
    assert_int_equal(before.error, 0);
    assert_true(before.bytes > 4096);
    assert_true(before.disk_free > 0);
    assert_int_equal(before.schema, lk_schema_latest);
    assert_int_equal(lk_store_probe(f->store), 0);
    lk_store_health(f->store, &after);
    assert_int_equal(after.commits, before.commits + 1);
    assert_true(after.wal_bytes > before.wal_bytes);
    assert_string_equal(lk_store_path(f->store), f->db);
    assert_int_equal(lk_store_check(f->store, NULL), 0);
    assert_null(lk_store_close(NULL));
}

/* The plan of a statement, one line per step. */
static void read_plan(struct fix *f, enum lk_st st, struct lk_text *plan)
{
    char sql[4096];
    sqlite3_stmt *stmt = NULL;
    (void)snprintf(sql, sizeof(sql), "EXPLAIN QUERY PLAN %s", lk_statements[st]);
    assert_int_equal(sqlite3_prepare_v2(f->store->db, sql, -1, &stmt, NULL), SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        lk_text_addf(plan, "%s\n", sqlite3_column_text(stmt, 3));
    }
    sqlite3_finalize(stmt);
    assert_false(plan->truncated);
}

/* What happens at a door, at the window or once a minute must not read through a year's items. */
static void lookups_use_their_indexes(void **state)
{
    struct fix *f = *state;
    static const enum lk_st statements[] = {
        ST_FIND_LIVE,    ST_FIND_DEAD,        ST_COUNT_MORE,     ST_FIND_ITEM,    ST_CODE_OWNER,    ST_SECRET_CLASH,
        ST_FIND_SIBLING, ST_COUNT_SIBLINGS,   ST_FIND_COMPANION, ST_PROOF_CODE,   ST_DUE_REMINDER,  ST_DUE_OVERDUE,
        ST_DUE_ERASE,    ST_COUNT_ERASE,      ST_COUNT_RECORDS,  ST_SECRET_KILL,  ST_SECRET_REVOKE, ST_ITEM_CUSTODY,
        ST_LIST_CUSTODY, ST_LIST_DUE_OF_DOOR, ST_SECRET_FORGET,  ST_LIST_DEPOSITS};
    for (size_t i = 0; i < LK_ARRAY_SIZE(statements); i++) {
        char text[2048];
        struct lk_text plan = lk_text_init(text, sizeof(text));
        read_plan(f, statements[i], &plan);
        if (strstr(text, "SCAN") != NULL) {
            fail_msg("%s\n%s", lk_statements[statements[i]], text);
        }
        assert_true(statements[i] == ST_ITEM_CUSTODY || strstr(text, "SEARCH") != NULL);
    }
    char live[2048];
    struct lk_text plan = lk_text_init(live, sizeof(live));
    read_plan(f, ST_FIND_LIVE, &plan);
    assert_non_null(strstr(live, "secret_live (mac=?)"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(migration_steps_are_all_or_nothing, fix_setup_closed, fix_teardown),
        cmocka_unit_test_setup_teardown(copy_is_whole_and_alone, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(files_are_made_once_and_private, fix_setup_closed, fix_teardown),
        cmocka_unit_test_setup_teardown(mac_is_hmac_sha256, fix_setup_closed, fix_teardown),
        cmocka_unit_test(errors_are_translated),
        cmocka_unit_test_setup_teardown(health_of_a_good_store, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(lookups_use_their_indexes, fix_setup, fix_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
