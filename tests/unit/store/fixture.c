#include "unit/store/fixture.h"

#include "base/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *fix_path(const struct fix *f, const char *name)
{
    static char buffers[4][PATH_CAP];
    static unsigned next;
    char *buffer = buffers[next++ % 4];
    (void)snprintf(buffer, PATH_CAP, "%s/%s", f->dir, name);
    return buffer;
}

void fix_cabinet(struct lk_core_config *cfg)
{
    lk_core_config_defaults(cfg);
    cfg->banks = 2;
    cfg->doors = 16;
    (void)snprintf(cfg->bank_name[0], sizeof(cfg->bank_name[0]), "B");
    (void)snprintf(cfg->bank_name[1], sizeof(cfg->bank_name[1]), "A");
    for (int i = 0; i < cfg->doors; i++) { /* bank B first: the order of labels is not the order of indexes */
        (void)snprintf(cfg->door[i].label, sizeof(cfg->door[i].label), "%c%02d", cfg->bank_name[i / 8][0], i % 8 + 1);
        cfg->door[i].bank = i / 8;
        cfg->door[i].size = i % 8 < 6 ? LK_SIZE_S : LK_SIZE_L;
    }
}

int fix_setup_closed(void **state)
{
    struct fix *f = calloc(1, sizeof(*f));
    /* Memory where there is some: thousands of syncs, and none of them is what is tested. */
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    (void)snprintf(f->dir, sizeof(f->dir), "%s/lk-store-XXXXXX", base);
    if (!mkdtemp(f->dir)) {
        return -1;
    }
    (void)snprintf(f->db, sizeof(f->db), "%s/lockerd.db", f->dir);
    (void)snprintf(f->key, sizeof(f->key), "%s/code.key", f->dir);
    fix_cabinet(&f->cfg);
    f->config = (struct lk_store_config){.path = f->db,
                                         .key_path = f->key,
                                         .operator_id = "yulin",
                                         .site_id = "hall-1",
                                         .core = &f->cfg,
                                         .retention_days = 7,
                                         .remind_days = 2,
                                         .personal_days = 30,
                                         .records_days = 365,
                                         .events_days = 365};
    f->now = (struct lk_stamp){.wall_ms = 1767225600123, .quality = LK_CLOCK_SYNCED};
    *state = f;
    return 0;
}

int fix_setup(void **state)
{
    int r = fix_setup_closed(state);
    if (r == 0) {
        fix_open(*state);
    }
    return r;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

int fix_teardown(void **state)
{
    struct fix *f = *state;
    (void)lk_store_close(f->store);
    (void)nftw(f->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(f);
    return 0;
}

void fix_open(struct fix *f)
{
    struct lk_text why = lk_text_init(f->why, sizeof(f->why));
    int r = lk_store_open(&f->config, &f->store, &why);
    if (r < 0) {
        fail_msg("open: %s (%s)", strerror(-r), f->why);
    }
    assert_string_equal(f->why, "");
}

void fix_reopen(struct fix *f)
{
    f->store = lk_store_close(f->store);
    fix_open(f);
}

/* Names, sizes and bytes of all files but the lock. */
static uint64_t folder_digest(const char *dir)
{
    uint64_t sum = 0;
    DIR *d = opendir(dir);
    struct dirent *e;
    while (d && (e = readdir(d))) {
        char path[PATH_CAP + 256];
        struct stat st;
        (void)snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
        if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || strstr(e->d_name, ".lock")) {
            continue;
        }
        uint64_t h = 1469598103934665603u;
        for (const char *p = e->d_name; *p; p++) {
            h = (h ^ (unsigned char)*p) * 1099511628211u;
        }
        size_t n = 0;
        LK_CLEANUP(lk_freep) unsigned char *bytes = fix_read(path, &n);
        for (size_t i = 0; i < n; i++) {
            h = (h ^ bytes[i]) * 1099511628211u;
        }
        sum += h;
    }
    (void)closedir(d);
    return sum;
}

int fix_refused(struct fix *f)
{
    struct lk_text why = lk_text_init(f->why, sizeof(f->why));
    struct lk_store *untouched = (struct lk_store *)f, *store = untouched;
    uint64_t before = folder_digest(f->dir);
    int r = lk_store_open(&f->config, &store, &why);
    assert_true(r < 0);
    assert_ptr_equal(store, untouched);
    assert_true(strlen(f->why) > 20);
    assert_true(f->why[strlen(f->why) - 1] == '.');
    assert_true(folder_digest(f->dir) == before);
    return r;
}

unsigned char *fix_read(const char *path, size_t *ret_n)
{
    LK_CLEANUP(lk_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st = {0};
    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    unsigned char *bytes = malloc((size_t)st.st_size + 1);
    *ret_n = (size_t)st.st_size;
    assert_int_equal(read(fd, bytes, *ret_n), (ssize_t)*ret_n);
    return bytes;
}

void fix_write(const char *path, const void *bytes, size_t n)
{
    LK_CLEANUP(lk_closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, n), (ssize_t)n);
}

void fix_copy_file(const char *from, const char *to)
{
    size_t n = 0;
    LK_CLEANUP(lk_freep) unsigned char *bytes = fix_read(from, &n);
    fix_write(to, bytes, n);
}

bool fix_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

struct lk_effect *fx(struct fix *f, enum lk_effect_kind kind)
{
    assert_true(f->fx.count < LK_EFFECTS_MOST);
    struct lk_effect *e = &f->fx.at[f->fx.count++];
    memset(e, 0, sizeof(*e));
    e->kind = kind;
    e->door = LK_NO_DOOR;
    e->bank = -1;
    e->item.door = LK_NO_DOOR;
    return e;
}

struct lk_effect *fx_item(struct fix *f, enum lk_effect_kind kind, const char *item)
{
    struct lk_effect *e = fx(f, kind);
    assert_int_equal(lk_text_copy(e->item.id, sizeof(e->item.id), item), 0);
    return e;
}

struct lk_event *fx_event(struct fix *f, enum lk_event_type type)
{
    struct lk_event *e = &fx(f, LK_FX_EVENT)->event;
    e->type = type;
    e->door = LK_NO_DOOR;
    e->expected_door = LK_NO_DOOR;
    e->bank = -1;
    return e;
}

int fx_apply(struct fix *f)
{
    int r = lk_store_apply(f->store, &f->fx, &f->now, NULL);
    f->fx.count = 0;
    return r;
}

static void event_item(struct lk_event *e, const char *item)
{
    assert_int_equal(lk_text_copy(e->item, sizeof(e->item), item), 0);
}

void say_announce(struct fix *f, const char *item, const char *code, const char *token)
{
    struct lk_effect *put = fx_item(f, LK_FX_ITEM_PUT, item);
    put->item.custody = LK_CUSTODY_EXPECTED;
    put->item.channel = LK_CHANNEL_LOCKER;
    put->item.size = LK_SIZE_M;
    if (code || token) {
        struct lk_effect *set = fx_item(f, LK_FX_SECRET_SET, item);
        assert_int_equal(lk_store_make_secret(f->store, code, token, &set->secret), 0);
    }
    struct lk_event *e = fx_event(f, LK_EV_ITEM_EXPECTED);
    event_item(e, item);
    e->to = LK_CUSTODY_EXPECTED;
    apply_ok(f);
}

void say_intent(struct fix *f, uint64_t intent, int door, const char *item, enum lk_purpose purpose)
{
    struct lk_effect *e = fx_item(f, LK_FX_INTENT_ADD, item);
    e->intent = intent;
    e->door = door;
    e->purpose = purpose;
    e->actor = purpose == LK_PURPOSE_PICKUP ? LK_ACTOR_RECIPIENT : LK_ACTOR_COURIER;
    (void)snprintf(e->who, sizeof(e->who), "%s", purpose == LK_PURPOSE_PICKUP ? "" : "c-17");
    e->from = purpose == LK_PURPOSE_PICKUP ? LK_CUSTODY_IN_LOCKER : LK_CUSTODY_EXPECTED;
}

static void use(struct fix *f, int door, enum lk_use what, const char *item)
{
    struct lk_effect *e = fx_item(f, LK_FX_DOOR_USE, item);
    e->door = door;
    e->use = what;
}

static void change(struct fix *f, const char *item, enum lk_custody from, enum lk_custody to, int door,
                   enum lk_event_type type)
{
    struct lk_effect *e = fx_item(f, LK_FX_ITEM_CUSTODY, item);
    e->from = from;
    e->to = to;
    e->door = door;
    struct lk_event *ev = fx_event(f, type);
    event_item(ev, item);
    ev->from = from;
    ev->to = to;
    ev->door = door;
}

static void settle_and_finish(struct fix *f, uint64_t intent)
{
    struct lk_effect *e = fx(f, LK_FX_INTENT_SETTLE);
    e->intent = intent;
    e->outcome = LK_OUTCOME_OPENED;
    fx_event(f, LK_EV_DOOR_OPENED)->intent = intent;
    apply_ok(f);
    fx(f, LK_FX_INTENT_FINISH)->intent = intent;
}

void say_deposit(struct fix *f, uint64_t intent, const char *item, int door)
{
    use(f, door, LK_USE_RESERVED, item);
    say_intent(f, intent, door, item, LK_PURPOSE_DEPOSIT);
    apply_ok(f);
    settle_and_finish(f, intent);
    change(f, item, LK_CUSTODY_EXPECTED, LK_CUSTODY_IN_LOCKER, door, LK_EV_ITEM_DEPOSITED);
    use(f, door, LK_USE_OCCUPIED, item);
    apply_ok(f);
}

void say_collect(struct fix *f, uint64_t intent, const char *item, int door)
{
    say_intent(f, intent, door, item, LK_PURPOSE_PICKUP);
    apply_ok(f);
    settle_and_finish(f, intent);
    change(f, item, LK_CUSTODY_IN_LOCKER, LK_CUSTODY_COLLECTED, LK_NO_DOOR, LK_EV_ITEM_COLLECTED);
    (void)fx_item(f, LK_FX_SECRET_KILL, item);
    use(f, door, LK_USE_FREE, "");
    apply_ok(f);
}

struct lk_store_found find_code(struct fix *f, const char *code)
{
    struct lk_store_found found;
    assert_int_equal(lk_store_find_code(f->store, &f->now, code, &found), 0);
    return found;
}

struct lk_store_found find_item(struct fix *f, const char *id)
{
    struct lk_store_found found;
    assert_int_equal(lk_store_find_item(f->store, &f->now, id, &found), 0);
    return found;
}

sqlite3 *raw_open(const char *path)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, "unix"), SQLITE_OK);
    return db;
}

int raw_exec_rc(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

void raw_exec(sqlite3 *db, const char *sql)
{
    if (raw_exec_rc(db, sql) != SQLITE_OK) {
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    }
}

int64_t raw_int(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int64_t v = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return v;
}

static uint64_t table_digest(sqlite3 *db, const char *table)
{
    char sql[128];
    sqlite3_stmt *stmt = NULL;
    uint64_t h = 1469598103934665603u;
    (void)snprintf(sql, sizeof(sql), "SELECT * FROM \"%s\" ORDER BY 1", table);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        for (int c = 0; c < sqlite3_column_count(stmt); c++) {
            const unsigned char *bytes = sqlite3_column_blob(stmt, c);
            int n = sqlite3_column_bytes(stmt, c);
            h = (h ^ (uint64_t)sqlite3_column_type(stmt, c)) * 1099511628211u;
            for (int i = 0; i < n; i++) {
                h = (h ^ bytes[i]) * 1099511628211u;
            }
        }
    }
    sqlite3_finalize(stmt);
    return h;
}

uint64_t store_digest(const char *db_path)
{
    sqlite3 *db = raw_open(db_path);
    sqlite3_stmt *tables = NULL;
    uint64_t h = 0;
    assert_int_equal(
        sqlite3_prepare_v2(db, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name", -1, &tables, NULL),
        SQLITE_OK);
    while (sqlite3_step(tables) == SQLITE_ROW) {
        h = h * 31 + table_digest(db, (const char *)sqlite3_column_text(tables, 0));
    }
    sqlite3_finalize(tables);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return h;
}
