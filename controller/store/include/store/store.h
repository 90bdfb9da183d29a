/*
 * The store: everything that has to survive a power cut, in one SQLite file. This header opens and closes it, gives the
 * core its state back, and commits what the core decided. Look-ups: store/find.h; event log: store/log.h; staff and
 * command memory: store/memory.h; backups and purging: store/care.h. The schema and the design: docs/store.md.
 *
 * Thread: the owner thread only, for every function that takes a struct lk_store, unless it says otherwise.
 * Blocking: yes, shortly (a commit waits for the disk: 0.1 to 0.3 ms on a development disk, a few ms on an SD card).
 * Errors: 0 or negative errno. Nothing here logs; `why` texts are English sentences for the log, never holding a code,
 * a token, a PIN or a person's data (law 12).
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/text.h"
#include "core/effect.h"
#include "core/state.h"

#include <stdbool.h>
#include <stdint.h>

struct lk_store;

/* The calendar at one moment, and what it is worth. */
struct lk_stamp {
    int64_t wall_ms; /* milliseconds since 1970-01-01 UTC */
    enum lk_clock_quality quality;
};

/* What the store has to know. All pointers are borrowed during lk_store_open() only, except `core`. */
struct lk_store_config {
    const char *path;                  /* the database file; beside it live -wal and .lock */
    const char *key_path;              /* the code key: 64 hex digits in a file of mode 0600, outside the database */
    const char *backup_dir;            /* copies before a migration go here; NULL: beside the database */
    const char *operator_id, *site_id; /* whose database this is; written at creation, compared ever after */
    const struct lk_core_config *core; /* doors by label. Borrowed until lk_store_close(), must not change */
    unsigned retention_days;           /* an item is overdue this long after its deposit */
    unsigned remind_days;              /* its recipient is reminded this long before that; 0: never */
    unsigned personal_days;            /* who it was for is erased this long after its story ended */
    unsigned records_days; /* that it was here at all is forgotten this long after; at least personal_days */
    unsigned events_days;  /* an event that upstream has is kept this long; 0: for good */
};

/* Opens the store, or makes a new one (and a new code key, from getrandom(2)) when neither database nor key is there.
 *
 * An existing database is locked against other processes, checked (quick_check) and, if it is older, copied to
 * backup_dir and migrated. 0 and *ret_store, whose owner is the caller; else *ret_store is untouched, nothing on the
 * disk was changed, and *why (may be NULL) is a sentence that says what is wrong and what to do:
 *   -EBUSY         another process has it open (exit 75)
 *   -EUCLEAN       damaged, not a database, not ours, a newer version's, empty, or half of it is missing (an orphaned
 *                  write-ahead log; the code key without its database). Never replaced by an empty one.
 *   -ENOKEY        the database is there, its code key is not
 *   -EPERM         the code key's file may be read or written by others, or is no plain file
 *   -EKEYREJECTED  the code key is malformed or another database's
 *   -EXDEV         the database belongs to another operator or site
 *   -ENOENT, -EACCES, -EROFS, -ENOSPC, -EIO, -ENOMEM as usual */
int lk_store_open(const struct lk_store_config *config, struct lk_store **ret_store, struct lk_text *why);

/* Writes the log back into the file and closes. NULL is fine. Returns NULL. */
struct lk_store *lk_store_close(struct lk_store *store);

/* Gives the core what the store knows: calls lk_core_restore_* for doors, unfinished intents, doubts, stopped banks,
 * how each door's wiring compares with the confirmed one, lockout, remote opens and the next intent id. Call it
 * between lk_core_init() and LK_IN_BOOT.
 *   now     the calendar; remote opens of the last 24 h are counted by it when it is synced, else all of the last
 *           LK_REMOTE_KEPT count (law 11)
 *   now_ms  monotonic
 * 0; -ENODEV when a compartment holds, reserves or is in doubt about something and the configuration no longer has its
 * door (*why names the door and the item); -EUCLEAN when a row cannot be understood; -EIO. On failure the core is to be
 * thrown away. */
int lk_store_restore(struct lk_store *store, struct lk_core *core, const struct lk_stamp *now, int64_t now_ms,
                     struct lk_text *why);

/* What one lk_store_apply() appended to the event log: seq first..last; first 0 when no event was in the list. */
struct lk_store_range {
    uint64_t first, last;
};

/* Commits all STORE effects of the list in one transaction (laws 1, 4, 5); the others are skipped. No STORE effect: no
 * transaction, 0. On failure nothing of the list is in the store:
 *   -ESTALE   a custody row does not say what the effect's `from` says, or the item or intent is not there
 *   -EEXIST   a code or token is another item's live one; a jti is remembered with another content; an intent id is
 * used -EINVAL   an effect that cannot be stored (our bug) -ENOSPC, -EIO, -EROFS, -EUCLEAN, -ENOMEM After -EIO and
 * -ENOSPC a crash may still bring the transaction back whole at the next start; never a part of it. Meaning of details
 * that effect.h leaves open: ITEM_PUT       a new item gets .item.custody, or expected when that is NONE ITEM_CUSTODY
 * from NONE: the item was made by an ITEM_PUT of this list. The item's door becomes .door. Coming to in_locker sets
 * retain_until = now + retention_days, if the clock is synced; else the first synced site.clock or site.started event
 * sets it INTENT_ADD     .jti, when set, is kept and restored too ret_range may be NULL. */
int lk_store_apply(struct lk_store *store, const struct lk_effects *fx, const struct lk_stamp *now,
                   struct lk_store_range *ret_range);

/* A real commit that changes nothing anybody sees: the watchdog's proof that the disk still takes our word. */
int lk_store_probe(struct lk_store *store);

/* Copies the write-ahead log into the database when it has grown (some ms). Call it when nothing is going on; without
 * it commits do it themselves now and then. */
int lk_store_tidy(struct lk_store *store);

/* How the store is. Cheap: no read of the database. */
struct lk_store_health {
    bool degraded;     /* the last write failed, and none has succeeded since */
    int error;         /* that failure, negative errno; 0 when not degraded */
    char doing[24];    /* what failed: "commit", "probe", ... ; "" when not degraded */
    uint64_t failures; /* failed writes since the start */
    uint64_t commits;  /* successful ones */
    int64_t bytes;     /* size of the database file */
    int64_t wal_bytes; /* size of its write-ahead log */
    int64_t disk_free; /* bytes an ordinary user can still write there; -1: cannot tell */
    unsigned schema;   /* user_version */
};

void lk_store_health(struct lk_store *store, struct lk_store_health *ret_health);

/* How long the slowest commit took since this was asked last, in ms; 0: none. Failed ones count. */
int64_t lk_store_take_slowest_ms(struct lk_store *store);

/* SHA-256 of a text: the fingerprint of what it says (lk_door_config.wiring). 0, or -EIO when OpenSSL fails. Any
 * thread; needs no open store. */
int lk_store_fingerprint(const char *text, uint8_t ret_print[LK_WIRING_LEN]);

/* The database's path, as given. Valid until close. */
const char *lk_store_path(const struct lk_store *store);

#endif
