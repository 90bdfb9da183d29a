/* What must be so: custody against what is really so, the books against the store, a restart against the state. */
#include "year.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS_AT_ONCE = 500, CHAIN_AT_ONCE = 10000 };

/* --- items -------------------------------------------------------------------------------------------------------- */

static struct envelope *envelope(struct site *s, const char *id)
{
    if (id[0] == 'Y') {
        size_t n = strtoul(id + 4, NULL, 10);
        return n < s->items ? &s->item[n] : NULL;
    }
    for (size_t i = s->items; i-- > 0;) {
        if (strcmp(s->item[i].id, id) == 0) {
            return &s->item[i];
        }
    }
    return NULL;
}

/* Nobody has told the core yet what became of it, or may still prove it. */
static bool in_question(const struct site *s, int door)
{
    const struct lk_door *d = &site_core(s)->door[door];
    return d->op.purpose != LK_PURPOSE_NONE || d->doubt_until_ms != LK_NEVER || s->door[door].open ||
           d->state == LK_DOOR_LOST || d->state == LK_DOOR_UNKNOWN;
}

static bool is_there(const struct site *s, const struct lk_item *item, const struct envelope *e)
{
    switch (item->custody) {
    case LK_CUSTODY_EXPECTED:
        return e->where == AT_SENDER || e->where == AT_OFFICE || (e->dropoff && e->where == SENT_BACK);
    case LK_CUSTODY_IN_LOCKER:
        return (e->where == BEHIND_DOOR && e->door == item->door) ||
               (item->door != LK_NO_DOOR && in_question(s, item->door));
    case LK_CUSTODY_AT_WINDOW:
        return e->where == AT_OFFICE;
    case LK_CUSTODY_WITH_COURIER:
        return e->where == AT_POST || (s->waits > 0 && e->where == AT_RECIPIENT);
    case LK_CUSTODY_COLLECTED:
        return e->where == AT_RECIPIENT;
    case LK_CUSTODY_RETURNED:
        return e->where == SENT_BACK || e->where == AT_OFFICE || e->where == AT_SENDER;
    case LK_CUSTODY_UNKNOWN:
        return true;
    case LK_CUSTODY_NONE:
    case LK_CUSTODIES:
        break;
    }
    return false;
}

struct audit {
    struct site *s;
    char last[LK_ITEM_ID_MAX + 1];
    unsigned rows;
    uint64_t custody[LK_CUSTODIES];
    bool count;
};

static bool on_item(void *user, const struct lk_store_item *row)
{
    static const char *const places[] = {"at the sender", "behind a door", "with its recipient",
                                         "at the office", "with the post", "sent back",
                                         "stolen"};
    struct audit *a = user;
    struct envelope *e = envelope(a->s, row->item.id);
    if (!e) {
        site_broken(a->s, "the store has %s, and there is no such envelope", row->item.id);
    }
    bool open = e->where == BEHIND_DOOR && in_question(a->s, e->door);
    if (!open && !e->known_unseen && !is_there(a->s, &row->item, e)) {
        site_broken(a->s, "custody says %s is %s, and really it is %s (door %s)", e->id,
                    lk_custody_name(row->item.custody), places[e->where], lk_core_label(&a->s->cfg, e->door));
    }
    a->custody[row->item.custody]++;
    if (a->count) {
        a->s->tally.custody[e->dropoff ? LK_CHANNELS : e->channel][row->item.custody]++;
        const struct book_line *line = upstream_book(a->s, e->id);
        if (!line || line->custody != row->item.custody) {
            site_broken(a->s, "upstream's books say another custody of %s than the store", e->id);
        }
        if (row->item.custody == LK_CUSTODY_COLLECTED && !e->dropoff) {
            a->s->tally.collected_via[e->channel][line->via]++;
        }
    }
    memcpy(a->last, row->item.id, sizeof(a->last));
    a->rows++;
    return true;
}

static void audit(struct site *s, struct audit *a)
{
    struct lk_stamp now = site_stamp(s);
    a->s = s;
    do {
        a->rows = 0;
        struct lk_store_item_filter filter = {.after = a->last[0] ? a->last : NULL, .limit = ROWS_AT_ONCE};
        if (lk_store_list_items(s->store, &now, &filter, on_item, a) < 0) {
            site_broken(s, "items cannot be listed");
        }
    } while (a->rows == ROWS_AT_ONCE);
    s->tally.checks++;
}

void truth_items(struct site *s)
{
    struct audit a = {0};
    if (s->up) {
        audit(s, &a);
    }
}

/* --- a restart ---------------------------------------------------------------------------------------------------- */

static void same(const struct site *s, bool is, const char *what, int door)
{
    if (!is) {
        site_broken(s, "after a restart %s of %s is another one", what, lk_core_label(&s->cfg, door));
    }
}

static unsigned extras_of(const struct lk_core *core, int door)
{
    unsigned n = 0;
    for (int i = 0; i < LK_EXTRAS; i++) {
        n += core->extra[i].item[0] != '\0' && core->extra[i].door == door;
    }
    return n;
}

void truth_restored(struct site *s, const struct lk_core *before, const struct lk_core *after)
{
    for (int i = 0; i < s->cfg.doors; i++) {
        const struct lk_door *a = &before->door[i], *b = &after->door[i];
        same(s, a->use == b->use && a->blocked_for == b->blocked_for, "the use", i);
        same(s, strcmp(a->item, b->item) == 0 && strcmp(a->joining, b->joining) == 0, "the item", i);
        same(s, a->op.intent == b->op.intent && a->op.purpose == b->op.purpose && a->op.outcome == b->op.outcome,
             "the opening", i);
        same(s, a->op.withdrawn == b->op.withdrawn && a->op.turn == b->op.turn && a->op.to == b->op.to,
             "what closing means", i);
        same(s, a->doubt_purpose == b->doubt_purpose && a->doubt_from == b->doubt_from, "the doubt", i);
        same(s, extras_of(before, i) == extras_of(after, i), "the number of items", i);
    }
    for (int i = 0; i < s->cfg.banks; i++) {
        if (before->bank[i].stopped_by_us != after->bank[i].stopped_by_us) {
            site_broken(s, "after a restart bank %s is stopped, or not any more", s->cfg.bank_name[i]);
        }
    }
    if (before->next_intent != after->next_intent || before->lockout.tries != after->lockout.tries ||
        before->lockout.level != after->lockout.level) {
        site_broken(s, "after a restart the next intent or the lockout is another one");
    }
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

static void chain(struct site *s)
{
    struct lk_store_chain walk;
    lk_store_chain_begin(s->store, &walk);
    while (!walk.finished) {
        if (lk_store_chain_step(s->store, &walk, CHAIN_AT_ONCE) < 0) {
            site_broken(s, "the chain cannot be read");
        }
    }
    if (walk.first_bad_seq != 0 || walk.checked != lk_store_last_seq(s->store)) {
        site_broken(s, "the chain is broken at event %" PRIu64, walk.first_bad_seq);
    }
    s->tally.chain += walk.checked;
}

static int by_number(const void *a, const void *b)
{
    return (int)*(const unsigned *)a - (int)*(const unsigned *)b;
}

static void cycles(struct site *s)
{
    unsigned n[LK_MAX_DOORS];
    for (int i = 0; i < s->cfg.doors; i++) {
        n[i] = s->door[i].cycles;
    }
    qsort(n, (size_t)s->cfg.doors, sizeof(n[0]), by_number);
    s->tally.cycles_min = n[0];
    s->tally.cycles_median = n[s->cfg.doors / 2];
    s->tally.cycles_max = n[s->cfg.doors - 1];
}

/* The books, summed up, against the store's own count; each single item was compared by the audit. */
static void sums(struct site *s, const struct audit *a)
{
    struct lk_store_counts counts;
    if (lk_store_counts(s->store, &counts) < 0) {
        site_broken(s, "items cannot be counted");
    }
    uint64_t books[LK_CUSTODIES] = {0};
    for (size_t i = 0; i < s->books.room; i++) {
        books[s->books.line[i].custody] += s->books.line[i].item[0] != '\0';
    }
    for (int c = LK_CUSTODY_EXPECTED; c < LK_CUSTODIES; c++) {
        if (books[c] != counts.items[c] || a->custody[c] != counts.items[c]) {
            site_broken(s, "%" PRIu64 " items are %s in the store, %" PRIu64 " in the books", counts.items[c],
                        lk_custody_name((enum lk_custody)c), books[c]);
        }
    }
}

void truth_end(struct site *s)
{
    struct audit a = {.count = true};
    upstream_net(s, true);
    upstream_read(s, true);
    audit(s, &a);
    sums(s, &a);
    chain(s);
    cycles(s);
    site_cut(s, true);
    site_boot(s);
}
