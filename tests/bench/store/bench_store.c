/*
 * What the store costs: look-up of a code, a durable intent, events. Prints a table with median and p99 beside the
 * limit. Fills the store through its public functions only.
 *
 *   bench_store [codes] [folder]     default 20000 codes in a private folder under /tmp; the promise is for 1000000
 */
#include "base/text.h"
#include "store/find.h"
#include "store/log.h"
#include "store/store.h"

#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ITEMS_PER_COMMIT = 60, LOOKUPS = 20000, COMMITS = 2000 };

struct bench {
    char dir[256], db[320], key[320];
    struct lk_core_config cfg;
    struct lk_store *store;
    struct lk_stamp now;
    struct lk_effects fx;
    unsigned codes;
    double *us;
};

static void die(const char *what, int r)
{
    (void)fprintf(stderr, "bench_store: %s: %s\n", what, strerror(-r));
    exit(1);
}

static double now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void row(struct bench *b, const char *name, unsigned n, const char *limit)
{
    qsort(b->us, n, sizeof(*b->us), by_size);
    printf("%-44s %8u %12.1f %12.1f %12.1f   %s\n", name, n, b->us[n / 2], b->us[n - 1 - n / 100], b->us[n - 1], limit);
}

static struct lk_effect *fx(struct bench *b, enum lk_effect_kind kind, const char *item)
{
    struct lk_effect *e = &b->fx.at[b->fx.count++];
    memset(e, 0, sizeof(*e));
    e->kind = kind;
    e->door = LK_NO_DOOR;
    e->bank = -1;
    (void)lk_text_copy(e->item.id, sizeof(e->item.id), item);
    return e;
}

static void event(struct bench *b, enum lk_event_type type, const char *item)
{
    struct lk_event *e = &fx(b, LK_FX_EVENT, "")->event;
    *e = (struct lk_event){.type = type, .door = LK_NO_DOOR, .expected_door = LK_NO_DOOR, .bank = -1};
    (void)lk_text_copy(e->item, sizeof(e->item), item);
}

static void apply(struct bench *b)
{
    int r = lk_store_apply(b->store, &b->fx, &b->now, NULL);
    if (r < 0) {
        die("apply", r);
    }
    b->fx.count = 0;
}

/* Codes are spread over all 10^8 numbers. */
static void code_of(unsigned i, char code[16])
{
    (void)snprintf(code, 16, "%08u", (unsigned)((uint64_t)i * 61803399u % 100000000u));
}

static void fill(struct bench *b)
{
    double start = now_us();
    for (unsigned i = 0; i < b->codes; i++) {
        char item[32], code[16];
        (void)snprintf(item, sizeof(item), "case-%08u", i);
        code_of(i, code);
        fx(b, LK_FX_ITEM_PUT, item)->item.custody = LK_CUSTODY_EXPECTED;
        struct lk_effect *set = fx(b, LK_FX_SECRET_SET, item);
        if (lk_store_make_secret(b->store, code, NULL, &set->secret) < 0) {
            die("secret", -1);
        }
        if (b->fx.count >= 2 * ITEMS_PER_COMMIT || i + 1 == b->codes) {
            event(b, LK_EV_ITEM_EXPECTED, item);
            apply(b);
        }
    }
    printf("filled with %u codes in %.1f s\n\n", b->codes, (now_us() - start) / 1e6);
}

static void look_up(struct bench *b, bool right)
{
    unsigned seed = 7;
    for (unsigned n = 0; n < LOOKUPS; n++) {
        struct lk_store_found found;
        char code[16];
        code_of((unsigned)rand_r(&seed) % b->codes, code);
        if (!right) {
            (void)snprintf(code, sizeof(code), "%07u", n);
        }
        double start = now_us();
        int r = lk_store_find_code(b->store, &b->now, code, &found);
        b->us[n] = now_us() - start;
        if (r < 0 || found.live != right) {
            die("find", r);
        }
    }
    row(b, right ? "a right code looked up (HMAC included)" : "a wrong code looked up", LOOKUPS, "<= 20 us");
}

/* What stands before a pulse: door use, intent, nothing else. */
static void intents(struct bench *b)
{
    for (unsigned n = 0; n < COMMITS; n++) {
        char item[32];
        (void)snprintf(item, sizeof(item), "case-%08u", n % b->codes);
        struct lk_effect *use = fx(b, LK_FX_DOOR_USE, item);
        use->door = (int)(n % 512);
        use->use = LK_USE_OCCUPIED;
        struct lk_effect *e = fx(b, LK_FX_INTENT_ADD, item);
        e->intent = n + 1;
        e->door = (int)(n % 512);
        e->purpose = LK_PURPOSE_PICKUP;
        e->actor = LK_ACTOR_RECIPIENT;
        e->from = LK_CUSTODY_IN_LOCKER;
        double start = now_us();
        apply(b);
        b->us[n] = now_us() - start;
    }
    row(b, "durable intent (door use, intent)", COMMITS, "<= 300 us median");
}

static void outcomes(struct bench *b)
{
    for (unsigned n = 0; n < COMMITS; n++) {
        struct lk_effect *e = fx(b, LK_FX_INTENT_SETTLE, "");
        e->intent = n + 1;
        e->outcome = LK_OUTCOME_OPENED;
        event(b, LK_EV_DOOR_OPENED, "case-00000001");
        double start = now_us();
        apply(b);
        b->us[n] = now_us() - start;
    }
    row(b, "durable outcome (settle, event)", COMMITS, "<= 300 us median");
}

static bool count(void *user, const struct lk_record *record)
{
    (void)record;
    ++*(unsigned *)user;
    return true;
}

static void reading(struct bench *b)
{
    unsigned seen = 0, n = 0;
    for (uint64_t after = 0; after < lk_store_last_seq(b->store) && n < COMMITS; after += 100) {
        double start = now_us();
        if (lk_store_read_events(b->store, after, 100, count, &seen) < 0) {
            die("read", -1);
        }
        b->us[n++] = (now_us() - start) / 100;
    }
    row(b, "an event read (in pages of 100)", n, "");
}

static void chain(struct bench *b)
{
    struct lk_store_chain chain;
    unsigned n = 0;
    lk_store_chain_begin(b->store, &chain);
    while (!chain.finished && n < COMMITS) {
        double start = now_us();
        if (lk_store_chain_step(b->store, &chain, 100) < 0 || chain.first_bad_seq) {
            die("chain", -1);
        }
        b->us[n++] = (now_us() - start) / 100;
    }
    row(b, "an event's hash checked", n, "");
}

static void open_store(struct bench *b)
{
    char why[512];
    struct lk_text text = lk_text_init(why, sizeof(why));
    struct lk_store_config config = {.path = b->db,
                                     .key_path = b->key,
                                     .operator_id = "bench",
                                     .site_id = "bench",
                                     .core = &b->cfg,
                                     .retention_days = 7};
    int r = lk_store_open(&config, &b->store, &text);
    if (r < 0) {
        die(why, r);
    }
}

static void reopen(struct bench *b)
{
    b->store = lk_store_close(b->store);
    b->us[0] = now_us();
    open_store(b);
    b->us[0] = now_us() - b->us[0];
    row(b, "opened (quick_check of everything)", 1, "");
    struct lk_store_health health;
    lk_store_health(b->store, &health);
    printf("\n%.1f MB database\n", (double)health.bytes / 1e6);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static void prepare(struct bench *b, const char *folder)
{
    (void)snprintf(b->dir, sizeof(b->dir), "%s/lk-bench-store-XXXXXX", folder);
    if (!mkdtemp(b->dir)) {
        die(folder, -1);
    }
    (void)snprintf(b->db, sizeof(b->db), "%s/lockerd.db", b->dir);
    (void)snprintf(b->key, sizeof(b->key), "%s/code.key", b->dir);
    lk_core_config_defaults(&b->cfg);
    b->cfg.doors = LK_MAX_DOORS;
    for (int i = 0; i < b->cfg.doors; i++) {
        (void)snprintf(b->cfg.door[i].label, sizeof(b->cfg.door[i].label), "%c%02d", 'A' + i / 32, i % 32 + 1);
    }
    b->now = (struct lk_stamp){.wall_ms = 1767225600000, .quality = LK_CLOCK_SYNCED};
    b->us = calloc(LOOKUPS, sizeof(*b->us));
}

int main(int argc, char **argv)
{
    static struct bench bench;
    uint64_t codes = 20000;
    if (argc > 1 && (lk_text_parse_u64(argv[1], 50000000, &codes) < 0 || codes == 0)) {
        (void)fprintf(stderr, "usage: bench_store [codes] [folder]\n");
        return 2;
    }
    bench.codes = (unsigned)codes;
    prepare(&bench, argc > 2 ? argv[2] : "/tmp");
    open_store(&bench);
    fill(&bench);
    printf("%-44s %8s %12s %12s %12s   %s\n", "", "n", "median us", "p99 us", "max us", "limit");
    look_up(&bench, true);
    look_up(&bench, false);
    intents(&bench);
    outcomes(&bench);
    reading(&bench);
    chain(&bench);
    reopen(&bench);
    (void)lk_store_close(bench.store);
    (void)nftw(bench.dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(bench.us);
    return 0;
}
