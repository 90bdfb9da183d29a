/*
 * Makes a database as a busy site has it, through the store's public functions only: so many codes, the first of them
 * for items that lie in the doors, the others for announced items; every event acknowledged, or
 * none.
 *
 *   make_store FOLDER OPERATOR SITE BANKS DOORS ITEMS EVERY [unacked]
 *
 * FOLDER/lockerd.db and FOLDER/code.key must not exist. BANKS banks A, B, ... of DOORS doors each, all occupied as far
 * as ITEMS go. One event for EVERY items. Item i is `case-%08u`, its code is i * 61803399 mod 10^8 in eight digits: no
 * two are the same, and they are spread over all numbers. Prints {"epoch": ..., "seq": ...} for whoever plays upstream.
 */
#include "base/text.h"
#include "store/find.h"
#include "store/log.h"
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EFFECTS_PER_COMMIT = LK_EFFECTS_MOST - 8, ARGS = 8 };

struct maker {
    struct lk_core_config cfg;
    struct lk_store *store;
    struct lk_stamp now;
    struct lk_effects fx;
    uint64_t items, every;
};

static void die(const char *what, int r)
{
    (void)fprintf(stderr, "make_store: %s: %s\n", what, strerror(-r));
    exit(1);
}

static uint64_t number(const char *text, uint64_t most)
{
    uint64_t value = 0;
    if (lk_text_parse_u64(text, most, &value) < 0 || value == 0) {
        (void)fprintf(stderr, "make_store: %s: not a number from 1 to %" PRIu64 "\n", text, most);
        exit(2);
    }
    return value;
}

static struct lk_effect *fx(struct maker *m, enum lk_effect_kind kind, const char *item)
{
    struct lk_effect *e = &m->fx.at[m->fx.count++];
    memset(e, 0, sizeof(*e));
    e->kind = kind;
    e->door = LK_NO_DOOR;
    e->bank = -1;
    (void)lk_text_copy(e->item.id, sizeof(e->item.id), item);
    return e;
}

static void event(struct maker *m, enum lk_event_type type, const char *item, int door)
{
    struct lk_event *e = &fx(m, LK_FX_EVENT, "")->event;
    *e = (struct lk_event){.type = type, .door = door, .expected_door = LK_NO_DOOR, .bank = -1};
    (void)lk_text_copy(e->item, sizeof(e->item), item);
    e->from = type == LK_EV_ITEM_DEPOSITED ? LK_CUSTODY_EXPECTED : LK_CUSTODY_NONE;
    e->to = type == LK_EV_ITEM_DEPOSITED ? LK_CUSTODY_IN_LOCKER : LK_CUSTODY_EXPECTED;
    e->actor = type == LK_EV_ITEM_DEPOSITED ? LK_ACTOR_COURIER : LK_ACTOR_UPSTREAM;
    (void)lk_text_copy(e->who, sizeof(e->who), type == LK_EV_ITEM_DEPOSITED ? "c-17" : "upstream");
    if (type == LK_EV_ITEM_DEPOSITED) {
        e->purpose = LK_PURPOSE_DEPOSIT;
        e->intent = (uint64_t)door + 1;
    } else {
        (void)lk_text_copy(e->jti, sizeof(e->jti), item);
    }
}

static void apply(struct maker *m)
{
    int r = lk_store_apply(m->store, &m->fx, &m->now, NULL);
    if (r < 0) {
        die("apply", r);
    }
    m->fx.count = 0;
}

static void put_in(struct maker *m, const char *item, int door)
{
    struct lk_effect *e = fx(m, LK_FX_ITEM_CUSTODY, item);
    e->to = LK_CUSTODY_IN_LOCKER;
    e->door = door;
    e = fx(m, LK_FX_DOOR_USE, item);
    e->door = door;
    e->use = LK_USE_OCCUPIED;
}

static void add_item(struct maker *m, unsigned i)
{
    char item[32], code[16];
    bool lies = (int)i < m->cfg.doors;
    (void)snprintf(item, sizeof(item), "case-%08u", i);
    (void)snprintf(code, sizeof(code), "%08u", (unsigned)((uint64_t)i * 61803399u % 100000000u));
    struct lk_effect *put = fx(m, LK_FX_ITEM_PUT, item);
    put->item.channel = LK_CHANNEL_LOCKER;
    put->item.size = LK_SIZE_S;
    if (lies) {
        put_in(m, item, (int)i);
    }
    int r = lk_store_make_secret(m->store, code, NULL, &fx(m, LK_FX_SECRET_SET, item)->secret);
    if (r < 0) {
        die("secret", r);
    }
    if (i % m->every == 0) {
        event(m, lies ? LK_EV_ITEM_DEPOSITED : LK_EV_ITEM_EXPECTED, item, lies ? (int)i : LK_NO_DOOR);
    }
}

static void open_store(struct maker *m, char **argv)
{
    char db[512], key[512], why[512];
    struct lk_text text = lk_text_init(why, sizeof(why));
    (void)snprintf(db, sizeof(db), "%s/lockerd.db", argv[1]);
    (void)snprintf(key, sizeof(key), "%s/code.key", argv[1]);
    struct lk_store_config config = {
        .path = db, .key_path = key, .operator_id = argv[2], .site_id = argv[3], .core = &m->cfg, .retention_days = 15};
    int r = lk_store_open(&config, &m->store, &text);
    if (r < 0) {
        die(why, r);
    }
}

int main(int argc, char **argv)
{
    static struct maker m;
    bool unacked = argc == ARGS + 1 && strcmp(argv[ARGS], "unacked") == 0;
    if (argc != ARGS && !unacked) {
        (void)fprintf(stderr, "usage: make_store FOLDER OPERATOR SITE BANKS DOORS ITEMS EVERY [unacked]\n");
        return 2;
    }
    unsigned banks = (unsigned)number(argv[4], LK_MAX_BANKS), doors = (unsigned)number(argv[5], 32);
    m.items = number(argv[6], 50000000);
    m.every = number(argv[7], 50000000);
    lk_core_config_defaults(&m.cfg);
    m.cfg.doors = (int)(banks * doors);
    for (unsigned i = 0; i < banks * doors; i++) {
        struct lk_text label = lk_text_init(m.cfg.door[i].label, sizeof(m.cfg.door[i].label));
        lk_text_addf(&label, "%c%02u", (char)('A' + i / doors), i % doors + 1);
    }
    m.now = (struct lk_stamp){.wall_ms = 1767225600000, .quality = LK_CLOCK_SYNCED};
    open_store(&m, argv);
    for (unsigned i = 0; i < m.items; i++) {
        add_item(&m, i);
        if (m.fx.count >= EFFECTS_PER_COMMIT || i + 1 == m.items) {
            apply(&m);
        }
    }
    uint64_t last = lk_store_last_seq(m.store);
    int r = unacked ? 0 : lk_store_set_acked(m.store, last);
    if (r < 0) {
        die("ack", r);
    }
    printf("{\"epoch\": \"%s\", \"seq\": %" PRIu64 ", \"items\": %" PRIu64 "}\n", lk_store_epoch(m.store), last,
           m.items);
    (void)lk_store_close(m.store);
    return 0;
}
