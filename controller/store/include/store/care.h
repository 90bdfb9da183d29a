/*
 * Looking after the store: online backup, thorough check, purging. Nobody else ever opens the live file: SQLite up to
 * 3.51.2 can damage a write-ahead log that two connections reset at once (docs/store.md).
 *
 * Thread: the owner thread, except lk_store_backup_finish(). Errors: 0 or negative errno, and a sentence in *why (may
 * be NULL) where a function takes one.
 */
#ifndef STORE_CARE_H
#define STORE_CARE_H

#include "core/record.h"
#include "store/store.h"

struct lk_store_backup;

/* Starts a copy of the live database to `path`, written as path.tmp until it is proven. -EEXIST: something is at `path`
 * already, or a copy is under way; -ENOENT, -EACCES, -ENOSPC ... of the target's folder. Owner of *ret_backup: the
 * caller; it ends with lk_store_backup_end(), before the store is closed. */
int lk_store_backup_begin(struct lk_store *store, const char *path, struct lk_store_backup **ret_backup,
                          struct lk_text *why);

struct lk_store_progress {
    unsigned done, total; /* pages; total may grow when the database does */
    bool finished;        /* all copied: go on with finish */
};

/* Copies up to `pages` (of 4 KiB) more; some 10 us each. Commits between two steps are part of the copy. On failure the
 * live database is unharmed; end the backup. */
int lk_store_backup_step(struct lk_store_backup *backup, unsigned pages, struct lk_store_progress *ret_progress);

struct lk_store_backup_result {
    int64_t bytes;
    uint64_t last_seq; /* the last event in the copy */
    char head_hash[LK_HASH_HEX + 1];
    char sha256[LK_HASH_HEX + 1]; /* of the file */
};

/* Proves the copy through a connection of its own, read-only (integrity_check, foreign keys, the whole event chain up
 * to the head the live database had), writes it through to the disk and gives it its name. May be called on any thread,
 * while nobody else uses `backup`: it does not touch the live database. Blocks for about a second per 100 MB. On
 * failure there is nothing at the path. -EUCLEAN: the copy is not what it should be. */
int lk_store_backup_finish(struct lk_store_backup *backup, struct lk_store_backup_result *ret_result,
                           struct lk_text *why);

/* Frees it; a copy that was not finished is removed. NULL is fine. Returns NULL. */
struct lk_store_backup *lk_store_backup_end(struct lk_store_backup *backup);

/* Remembers in the store that a backup was made (a commit), and tells of the last one. */
struct lk_store_last_backup {
    bool any;
    char path[256]; /* cut at the front when longer */
    int64_t wall_ms, bytes;
    uint64_t last_seq;
    char sha256[LK_HASH_HEX + 1];
};

int lk_store_note_backup(struct lk_store *store, const char *path, const struct lk_store_backup_result *result,
                         const struct lk_stamp *now);
int lk_store_last_backup(struct lk_store *store, struct lk_store_last_backup *ret_last);

/* SQLite's quick_check on the live database: 0 when it says ok, -EUCLEAN with its first finding in *why. Blocks for
 * about a second per 100 MB. */
int lk_store_check(struct lk_store *store, struct lk_text *why);

/* Removes events 1..up_to for good, at most `limit` rows per call (0: 1000), the mark of the chain moving with them.
 * Only acknowledged ones: -EPERM beyond that. *ret_removed (may be NULL): how many. */
int lk_store_purge_events(struct lk_store *store, uint64_t up_to, unsigned limit, unsigned *ret_removed);

/* What a purge would do now, without doing it: people to be erased, and postal records past their time. Both 0 while
 * the clock is not synced. */
struct lk_store_purge_plan {
    unsigned erase, records;
};

int lk_store_purge_count(struct lk_store *store, const struct lk_stamp *now, struct lk_store_purge_plan *ret_plan);

/* After erasures: writes every row about items and codes anew, then writes the log back and empties it, so that no
 * erased byte stays in a file. Blocks: docs/store.md has what was measured; once a day is enough. -EBUSY: a backup is
 * under way.
 */
int lk_store_scrub(struct lk_store *store);

/* There was a round, but no synced clock has dated it yet; the first one does, later than it was (law 11). */
#define LK_ROUND_UNDATED INT64_C(-1)

/* When the last inspection round ended, by a synced clock, or LK_ROUND_UNDATED; 0: never. */
int lk_store_last_round(struct lk_store *store, int64_t *ret_wall_ms);

/* Forgets answered commands. Both must hold: older than keep_days (at least 7) by a synced clock, and not among the
 * youngest 10,000 - so that a clock that jumped cannot make us forget what may still be repeated (law 11). With a clock
 * that is not synced: does nothing. *ret_removed may be NULL. */
int lk_store_purge_commands(struct lk_store *store, const struct lk_stamp *now, unsigned keep_days,
                            unsigned *ret_removed);

#endif
