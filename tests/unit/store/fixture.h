/*
 * A store in a private folder, a small cabinet (banks A and B of 8 doors), and short ways to say what the core would.
 */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/step.h"
#include "store/care.h"
#include "store/find.h"
#include "store/log.h"
#include "store/memory.h"
#include "store/store.h"

#include <sqlite3.h>

enum { PATH_CAP = 192 };

struct fix {
    char dir[64], db[PATH_CAP], key[PATH_CAP];
    struct lk_core_config cfg;
    struct lk_store_config config;
    struct lk_store *store;
    struct lk_stamp now;
    struct lk_effects fx;
    char why[512];
};

/* cmocka setup and teardown: an open store in *state; a bare folder. */
int fix_setup(void **state);
int fix_setup_closed(void **state);
int fix_teardown(void **state);

/* Opens (again); the test fails when it does not work. */
void fix_open(struct fix *f);
void fix_reopen(struct fix *f);
/* Tries to open; returns the error, the sentence is in f->why. The folder must look the same afterwards. */
int fix_refused(struct fix *f);
void fix_cabinet(struct lk_core_config *cfg);

/* dir/name. Points into one of 4 rotating buffers. */
const char *fix_path(const struct fix *f, const char *name);
void fix_copy_file(const char *from, const char *to);
void fix_write(const char *path, const void *bytes, size_t n);
/* malloc'd bytes of a file */
unsigned char *fix_read(const char *path, size_t *ret_n);
bool fix_exists(const char *path);

/* Effects: appended to f->fx; apply commits them, returns the error and empties the list. */
struct lk_effect *fx(struct fix *f, enum lk_effect_kind kind);
struct lk_effect *fx_item(struct fix *f, enum lk_effect_kind kind, const char *item);
struct lk_event *fx_event(struct fix *f, enum lk_event_type type);
int fx_apply(struct fix *f);
#define apply_ok(f) assert_int_equal(fx_apply(f), 0)

/* Whole stories, one or more commits each. */
void say_announce(struct fix *f, const char *item, const char *code, const char *token);
void say_intent(struct fix *f, uint64_t intent, int door, const char *item, enum lk_purpose purpose);
void say_deposit(struct fix *f, uint64_t intent, const char *item, int door);
void say_collect(struct fix *f, uint64_t intent, const char *item, int door);

struct lk_store_found find_code(struct fix *f, const char *code);
struct lk_store_found find_item(struct fix *f, const char *id);

/* A connection of the test's own to a file that is not the live one. */
sqlite3 *raw_open(const char *path);
void raw_exec(sqlite3 *db, const char *sql);
int raw_exec_rc(sqlite3 *db, const char *sql);
int64_t raw_int(sqlite3 *db, const char *sql);

/* A digest over every row of every table of the store, for "nothing changed". */
uint64_t store_digest(const char *db_path);

#endif
