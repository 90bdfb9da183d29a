/*
 * The event log: audit trail, outbox and live feed in one (law 5). Append-only (triggers refuse UPDATE and DELETE),
 * seq 1, 2, 3 ... without a gap, hash-chained. The exact hashed bytes, so that an auditor can compute them again:
 * docs/store.md. Events come in only by lk_store_apply().
 *
 * Thread: the owner thread. Blocking: reads of some us per row; set_acked is a commit. Errors: 0 or -EIO, -EUCLEAN
 * (a row cannot be understood), -ENOMEM, and what a function names.
 */
#ifndef STORE_LOG_H
#define STORE_LOG_H

#include "core/record.h"
#include "store/store.h"

/* The head of the log; kept in memory, no read. Pointers are valid until close. */
const char *lk_store_epoch(const struct lk_store *store);     /* UUID, 36 characters; new with each new database */
uint64_t lk_store_last_seq(const struct lk_store *store);     /* 0: nothing yet */
uint64_t lk_store_first_seq(const struct lk_store *store);    /* oldest one kept (after purging), last + 1 when none */
const char *lk_store_head_hash(const struct lk_store *store); /* hex; 64 zeros when there is no event. Changes with
                                                                  the next commit */

/* What upstream has acknowledged: 1..acked. Survives restarts, never goes back. */
uint64_t lk_store_acked(const struct lk_store *store);

/* Upstream has everything up to and including `up_to`. 0 (also when it is not news: then nothing is written), -ERANGE
 * when it is beyond the last event, or the error of the commit (then nothing changed). */
int lk_store_set_acked(struct lk_store *store, uint64_t up_to);

/* The oldest event upstream has not acknowledged: its seq and RFC 3339 time; seq 0 and "" when there is none. */
int lk_store_oldest_unacked(struct lk_store *store, uint64_t *ret_seq, char ret_time[32]);

/* Called once per event, in order of seq; false ends the reading. `record->data` is valid during the call. It must not
 * call the store. */
typedef bool lk_store_record_row(void *user, const struct lk_record *record);

/* Events with seq > after, at most `limit` of them (0: 100). Purged ones are left out. */
int lk_store_read_events(struct lk_store *store, uint64_t after, unsigned limit, lk_store_record_row *row, void *user);

/* Walks the chain and computes each hash again; a value the caller keeps, so that the walk can be spread over many
 * turns of the loop. Events appended meanwhile are walked too. */
struct lk_store_chain {
    uint64_t next_seq;      /* where to go on */
    uint64_t checked;       /* rows found right */
    uint64_t first_bad_seq; /* 0: none found */
    bool finished;          /* at the head, or at the first bad row */
    char prevhash[LK_HASH_HEX + 1];
};

/* Starts a walk at the oldest event kept (its prevhash was noted when older ones were purged). */
void lk_store_chain_begin(struct lk_store *store, struct lk_store_chain *ret_chain);

/* Checks up to `limit` more rows (0: 1000; some 3 us each). A gap, a changed byte or a changed hash ends the walk with
 * first_bad_seq set; that is not an error of this function. */
int lk_store_chain_step(struct lk_store *store, struct lk_store_chain *chain, unsigned limit);

#endif
