/*
 * Everything the store of version 2 promises to remember, as text: one line each for the log's head, items, codes,
 * doors, openings, banks, staff. Written by the program of that version when tests/data/store-v2 was made, and again by
 * today's after it brought the file up to date: the two have to be equal. Uses only what both versions have.
 */
#ifndef TESTS_STORE_FACTS_H
#define TESTS_STORE_FACTS_H

#include "core/step.h"
#include "store/find.h"
#include "store/log.h"
#include "store/memory.h"
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* The cabinet behind the file: three banks of 32 doors. */
enum { FACTS_BANKS = 3, FACTS_DOORS = 96, FACTS_ITEMS = 420 };

static inline void facts_cabinet(struct lk_core_config *cfg)
{
    lk_core_config_defaults(cfg);
    cfg->banks = FACTS_BANKS;
    cfg->doors = FACTS_DOORS;
    for (int i = 0; i < cfg->banks; i++) {
        (void)snprintf(cfg->bank_name[i], sizeof(cfg->bank_name[i]), "%c", 'A' + i);
    }
    for (int i = 0; i < cfg->doors; i++) {
        struct lk_door_config *door = &cfg->door[i];
        (void)snprintf(door->label, sizeof(door->label), "%c%02d", 'A' + i / 32, i % 32 + 1);
        door->bank = i / 32;
        door->size = i % 32 < 24 ? LK_SIZE_S : LK_SIZE_L;
        door->low_reach = i % 4 == 3;
        door->wiring[0] = (uint8_t)(i + 1);
    }
}

/* Two doors are wired otherwise when the facts are looked at: one has an opening under way. */
static inline void facts_rewire(struct lk_core_config *cfg)
{
    cfg->door[1].wiring[0] = 0xee;
    cfg->door[83].wiring[0] = 0xee;
}

/* The clock of the file's last day. */
static inline struct lk_stamp facts_now(void)
{
    return (struct lk_stamp){.wall_ms = INT64_C(1767225600123) + INT64_C(20) * 86400000, .quality = LK_CLOCK_SYNCED};
}

static inline void facts_code(int n, char ret_code[16])
{
    (void)snprintf(ret_code, 16, "%08u", (unsigned)n * 7919U + 10000019U);
}

static inline void facts_token(int n, char ret_token[32])
{
    (void)snprintf(ret_token, 32, "qr-token-of-item-%d", n);
}

struct facts {
    FILE *out;
    const struct lk_core_config *cfg;
};

/* What lies in a locker is there for the locker: from version 3 on another channel means that it is wanted elsewhere.
 */
static inline const char *facts_channel(const struct lk_item *item)
{
    bool here = item->custody == LK_CUSTODY_IN_LOCKER || item->custody == LK_CUSTODY_UNKNOWN;
    return here ? "-" : lk_channel_name(item->channel);
}

static inline bool facts_item(void *user, const struct lk_store_item *row)
{
    const struct facts *facts = user;
    const struct lk_item *item = &row->item;
    (void)fprintf(facts->out,
                  "item %s %s %s %s %s cancelled=%d low=%d tail=%s live=%d put=%" PRId64 " keep=%" PRId64 "\n",
                  item->id, lk_custody_name(item->custody), facts_channel(item), lk_size_name(item->size),
                  lk_core_label(facts->cfg, item->door), item->cancelled, item->low_reach, item->phone_tail, row->live,
                  row->deposited_wall_ms, row->retain_until_wall_ms);
    return true;
}

static inline bool facts_staff(void *user, const struct lk_store_staff *staff)
{
    const struct facts *facts = user;
    (void)fprintf(facts->out, "staff %s %s badge=%d removed=%d\n", staff->id, lk_actor_name(staff->role), staff->badge,
                  staff->removed);
    return true;
}

static inline void facts_secret(struct facts *facts, struct lk_store *store, const char *kind, const char *text)
{
    struct lk_stamp now = facts_now();
    struct lk_store_found found;
    int r =
        kind[0] == 'c' ? lk_store_find_code(store, &now, text, &found) : lk_store_find_token(store, &now, text, &found);
    if (r < 0) {
        abort();
    }
    if (found.found) {
        (void)fprintf(facts->out, "%s %s opens=%d %s %s\n", kind, text, found.live, found.item.id,
                      lk_core_label(facts->cfg, found.item.door));
    }
}

/* What becomes of a recalled item. Version 2 only knew whether it was cancelled. */
static inline enum lk_custody facts_op_to(const struct lk_op *op)
{
#ifdef FACTS_OF_VERSION_2
    return op->purpose != LK_PURPOSE_RECALL ? LK_CUSTODY_NONE
           : op->item_cancelled             ? LK_CUSTODY_RETURNED
                                            : LK_CUSTODY_AT_WINDOW;
#else
    return op->to;
#endif
}

static inline void facts_door(struct facts *facts, const struct lk_core *core, int i)
{
    const struct lk_door *d = &core->door[i];
    const struct lk_op *op = &d->op;
    (void)fprintf(facts->out, "door %s %s %s item=%s doubt=%s/%s held=%d\n", lk_core_label(facts->cfg, i),
                  lk_use_name(d->use), lk_reason_name(d->blocked_for), d->item, lk_purpose_name(d->doubt_purpose),
                  lk_custody_name(d->doubt_from), d->wiring_held);
    if (op->purpose != LK_PURPOSE_NONE) {
        (void)fprintf(facts->out, "opening %s %" PRIu64 " %s %s by=%s/%s %s->%s withdrawn=%d rewired=%d command=%s\n",
                      lk_core_label(facts->cfg, i), op->intent, lk_purpose_name(op->purpose),
                      lk_outcome_name(op->outcome), lk_actor_name(op->actor), op->who, lk_custody_name(op->from),
                      lk_custody_name(facts_op_to(op)), op->withdrawn, op->rewired, op->jti);
    }
}

static inline void facts_restored(struct facts *facts, struct lk_store *store)
{
    static struct lk_core core;
    struct lk_stamp now = facts_now();
    unsigned remote = 0;
    lk_core_init(&core, facts->cfg);
    if (lk_store_restore(store, &core, &now, 1000, NULL) < 0) {
        abort();
    }
    for (int i = 0; i < facts->cfg->doors; i++) {
        facts_door(facts, &core, i);
    }
    for (int i = 0; i < facts->cfg->banks; i++) {
        (void)fprintf(facts->out, "bank %s stopped=%d %s\n", facts->cfg->bank_name[i], core.bank[i].stopped_by_us,
                      lk_reason_name(core.bank[i].reason));
    }
    for (int i = 0; i < LK_REMOTE_KEPT; i++) {
        remote += core.remote_at_ms[i] != LK_NEVER;
    }
    (void)fprintf(facts->out, "site next_intent=%" PRIu64 " tries=%u level=%u locked=%d remote=%u\n", core.next_intent,
                  core.lockout.tries, core.lockout.level, core.lockout.until_at_ms != 0, remote);
}

static inline void facts_write(struct lk_store *store, const struct lk_core_config *cfg, FILE *out)
{
    struct facts facts = {.out = out, .cfg = cfg};
    struct lk_stamp now = facts_now();
    struct lk_store_item_filter all = {.limit = FACTS_ITEMS * 2};
    (void)fprintf(out, "log epoch=%s first=%" PRIu64 " last=%" PRIu64 " acked=%" PRIu64 " head=%s\n",
                  lk_store_epoch(store), lk_store_first_seq(store), lk_store_last_seq(store), lk_store_acked(store),
                  lk_store_head_hash(store));
    if (lk_store_list_items(store, &now, &all, facts_item, &facts) < 0 ||
        lk_store_staff_list(store, facts_staff, &facts) < 0) {
        abort();
    }
    for (int n = 0; n < FACTS_ITEMS; n++) {
        char code[16], token[32];
        facts_code(n, code);
        facts_token(n, token);
        facts_secret(&facts, store, "code", code);
        facts_secret(&facts, store, "token", token);
    }
    facts_restored(&facts, store);
}

#endif
