/* Opening an older database: this program has one schema step more than the released one. */
#define lk_schema_steps  released_steps
#define lk_schema_latest released_latest
#include "schema.c"
#undef lk_schema_steps
#undef lk_schema_latest

#include "store/wear.h"
#include "unit/store/fixture.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

extern const char *const lk_schema_steps[];
extern const size_t lk_schema_latest;
const char *const lk_schema_steps[] = {version_1, version_2, version_3, version_4, version_5,
                                       "ALTER TABLE item ADD COLUMN colour TEXT;"
                                       "CREATE TABLE paint (colour TEXT PRIMARY KEY) STRICT;"};
const size_t lk_schema_latest = 6;

/* The columns both have, joined by commas. */
static void common_columns(sqlite3 *db, const char *table, char *buf, size_t cap)
{
    char sql[256];
    sqlite3_stmt *stmt = NULL;
    (void)snprintf(sql, sizeof(sql),
                   "SELECT group_concat(name) FROM pragma_table_info('%s') WHERE name IN "
                   "(SELECT name FROM pragma_table_info('%s', 'now'))",
                   table, table);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    (void)snprintf(buf, cap, "%s", (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
}

static void copy_table(sqlite3 *db, const char *table, int version)
{
    char columns[1024], sql[2400];
    bool intents =
        version < 3 && strcmp(table, "intent") == 0; /* before version 3 they said otherwise where a recall leads to */
    common_columns(db, table, columns, sizeof(columns));
    (void)snprintf(sql, sizeof(sql), "INSERT INTO main.%s (%s%s) SELECT %s%s FROM now.%s", table, columns,
                   intents ? ",cancelled" : "", columns, intents ? ",custody_to IS 'returned'" : "", table);
    raw_exec(db, sql);
}

/* The same rows in the tables of that version, as its program made them. */
static void make_older(struct fix *f, int version)
{
    static const char *const tables[] = {"site",      "item",    "secret", "compartment", "intent",
                                         "bank_stop", "command", "staff",  "event",       "wiring"};
    char path[PATH_CAP + 8], sql[PATH_CAP + 64];
    (void)snprintf(path, sizeof(path), "%s.old", f->db);
    (void)remove(path);
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    raw_exec(db, version_1);
    for (int v = 2; v <= version; v++) {
        raw_exec(db, lk_schema_steps[v - 1]);
    }
    (void)snprintf(sql, sizeof(sql), "ATTACH '%s' AS now", f->db);
    raw_exec(db, sql);
    for (size_t i = 0; i < LK_ARRAY_SIZE(tables) - (version < 2); i++) {
        copy_table(db, tables[i], version);
    }
    (void)snprintf(sql, sizeof(sql), "DETACH now; PRAGMA application_id = 0x4c4f434b; PRAGMA user_version = %d",
                   version);
    raw_exec(db, sql);
    raw_exec(db, "PRAGMA journal_mode = WAL");
    sqlite3_close(db);
    assert_int_equal(rename(path, f->db), 0);
}

/* As the released program of that version would have left it: an announced item, openings that are not over. */
static void make_version(struct fix *f, int version)
{
    assert_int_equal(released_latest, 5);
    assert_non_null(released_steps[0]);
    say_announce(f, "case-1", "12345678", NULL);
    say_intent(f, 1, 8, "case-1", LK_PURPOSE_SERVICE);
    apply_ok(f);
    say_intent(f, 2, 9, "case-1", LK_PURPOSE_RECALL);
    f->fx.at[0].to = LK_CUSTODY_RETURNED;
    apply_ok(f);
    f->store = lk_store_close(f->store);
    make_older(f, version);
}

/* The tables of a database, one after the other, as SQLite keeps them. */
static void read_schema(sqlite3 *db, char *buf, size_t cap)
{
    sqlite3_stmt *stmt = NULL;
    struct lk_text t = lk_text_init(buf, cap);
    assert_int_equal(sqlite3_prepare_v2(db,
                                        "SELECT name, group_concat(c, ',') FROM (SELECT m.name AS name, "
                                        "i.name || ' ' || i.type || i.\"notnull\" AS c FROM sqlite_schema m, "
                                        "pragma_table_info(m.name) i WHERE m.type = 'table' ORDER BY m.name, i.cid) "
                                        "GROUP BY name ORDER BY name",
                                        -1, &stmt, NULL),
                     SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        lk_text_addf(&t, "%s(%s)\n", sqlite3_column_text(stmt, 0), sqlite3_column_text(stmt, 1));
    }
    sqlite3_finalize(stmt);
    assert_false(t.truncated);
}

/* A database of version 1 keeps everything; its intents have no wiring, and its doors are as they should be. */
static void law_3_version_1_comes_along(void **state)
{
    struct fix *f = *state;
    static struct lk_core core;
    make_version(f, 1);
    fix_open(f);
    assert_true(find_code(f, "12345678").live);
    lk_core_init(&core, &f->cfg);
    assert_int_equal(lk_store_restore(f->store, &core, &f->now, 1000, NULL), 0);
    assert_int_equal(core.door[8].op.intent, 1);
    assert_int_equal(core.door[8].op.purpose, LK_PURPOSE_SERVICE);
    assert_false(core.door[8].op.rewired);
    assert_int_equal(core.door[9].op.to, LK_CUSTODY_RETURNED);
    assert_false(core.door[8].wiring_held);
    assert_true(core.wiring_new);
    f->store = lk_store_close(f->store);
    sqlite3 *db = raw_open(f->db);
    assert_int_equal(raw_int(db, "SELECT count(*) FROM intent WHERE wiring IS NULL"), 2);
    sqlite3_close(db);
}

/* It does not matter at which version a database began. */
static void every_way_leads_to_the_same_schema(void **state)
{
    struct fix *f = *state;
    static char made[8000], grown[8000];
    f->store = lk_store_close(f->store);
    sqlite3 *db = raw_open(f->db);
    read_schema(db, made, sizeof(made));
    sqlite3_close(db);
    fix_open(f);
    make_version(f, 1);
    fix_open(f);
    f->store = lk_store_close(f->store);
    db = raw_open(f->db);
    read_schema(db, grown, sizeof(grown));
    sqlite3_close(db);
    assert_string_equal(made, grown);
    assert_non_null(strstr(made, "wiring("));
}

/* Version 4 knew nothing of wear: every door begins at nothing, and counts from then on. */
static void version_4_begins_to_count(void **state)
{
    struct fix *f = *state;
    static struct lk_wear_door doors[LK_MAX_DOORS];
    static bool changed[LK_MAX_DOORS];
    struct lk_store_disk disk;
    make_version(f, 4);
    fix_open(f);
    assert_true(find_code(f, "12345678").live);
    assert_int_equal(lk_store_wear_load(f->store, doors, &disk), 0);
    assert_int_equal(doors[8].lock_cycles, 0);
    doors[8].lock_cycles = 1;
    changed[8] = true;
    const struct lk_store_wear all = {.doors = doors, .changed = changed, .disk = &disk};
    assert_int_equal(lk_store_probe_with(f->store, &all), 0);
    fix_reopen(f);
    memset(doors, 0, sizeof(doors));
    assert_int_equal(lk_store_wear_load(f->store, doors, &disk), 0);
    assert_int_equal(doors[8].lock_cycles, 1);
}

static void older_database_is_copied_and_brought_up(void **state)
{
    struct fix *f = *state;
    char folder[PATH_CAP];
    (void)snprintf(folder, sizeof(folder), "%s", fix_path(f, "copies"));
    assert_int_equal(mkdir(folder, 0700), 0);
    f->config.backup_dir = folder;
    make_version(f, 2);
    uint64_t before = store_digest(f->db);
    fix_open(f);
    assert_true(find_code(f, "12345678").live);
    struct lk_store_health health;
    lk_store_health(f->store, &health);
    assert_int_equal(health.schema, 6);
    f->store = lk_store_close(f->store);
    sqlite3 *db = raw_open(f->db);
    assert_int_equal(raw_int(db, "PRAGMA user_version"), 6);
    assert_int_equal(raw_int(db, "SELECT count(*) FROM paint"), 0);
    sqlite3_close(db);
    assert_true(store_digest(fix_path(f, "copies/lockerd.db.v2.1")) == before);
    fix_open(f); /* nothing more to do */
    assert_false(fix_exists(fix_path(f, "copies/lockerd.db.v2.2")));
}

static void failed_migration_leaves_the_old_database(void **state)
{
    struct fix *f = *state;
    make_version(f, 5);
    sqlite3 *db = raw_open(f->db);
    raw_exec(db, "CREATE TABLE paint (x INTEGER)"); /* in the way of step 6 */
    sqlite3_close(db);
    uint64_t before = store_digest(f->db);
    for (int attempt = 1; attempt <= 2; attempt++) {
        char copy[PATH_CAP + 8];
        struct lk_text why = lk_text_init(f->why, sizeof(f->why));
        (void)snprintf(copy, sizeof(copy), "%s.v5.%d", f->db, attempt);
        assert_true(lk_store_open(&f->config, &f->store, &why) < 0);
        assert_non_null(strstr(f->why, "copy made before is whole"));
        assert_true(store_digest(f->db) == before);
        assert_true(store_digest(copy) == before);
    }
}

static void no_copy_no_migration(void **state)
{
    struct fix *f = *state;
    make_version(f, 2);
    uint64_t before = store_digest(f->db);
    f->config.backup_dir = "/nowhere";
    assert_int_equal(fix_refused(f), -ENOENT);
    assert_non_null(strstr(f->why, "/nowhere/"));
    assert_true(store_digest(f->db) == before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(law_3_version_1_comes_along, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(every_way_leads_to_the_same_schema, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(version_4_begins_to_count, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(older_database_is_copied_and_brought_up, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(failed_migration_leaves_the_old_database, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(no_copy_no_migration, fix_setup, fix_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
