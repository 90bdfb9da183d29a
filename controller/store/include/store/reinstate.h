/*
 * Putting a backup in the place of the database, while no daemon runs (docs/restore.md). In this order:
 *
 *   begin   copies the backup and what is there now into a working folder, and looks at both. The live files are only
 *           read. This alone is the dry run.
 *   open    gives the copy its new epoch, takes over from the present database what can still be read, and opens it as
 *           a store; the caller lets the core hold every door (LK_IN_RESTORED), commits that, and closes the store
 *   finish  sets the present database aside under a name of its own and puts the copy in its place
 *   end     removes the working folder
 *
 * A cut at any moment leaves the old database or the new one, whole; what lies in between is refused by
 * lk_store_open(), and another run completes it. Nothing is ever deleted but what was made here.
 *
 * Thread: one, for all. Blocking: yes, for seconds with a large database. Errors: 0 or negative errno and a sentence in
 * *why, which never holds a code, a PIN or a person's data.
 */
#ifndef STORE_REINSTATE_H
#define STORE_REINSTATE_H

#include "store/store.h"

struct lk_reinstate;

/* The database that is there now. */
enum lk_present {
    LK_PRESENT_MISSING,
    LK_PRESENT_IN_USE,     /* the daemon runs: it was not looked at */
    LK_PRESENT_UNREADABLE, /* not even its event log can be read */
    LK_PRESENT_DAMAGED,    /* parts of it can be read */
    LK_PRESENT_WHOLE,      /* nothing is wrong with it */
    LK_PRESENTS
};

/* What was found. Times are as in events: 2026-01-01T00:00:00.123Z, "" when there is none. */
struct lk_reinstate_look {
    uint64_t backup_seq; /* the backup's last event */
    char backup_time[32];
    unsigned backup_schema; /* before it is brought up to date */
    unsigned in_locker;     /* items that the backup has in compartments */
    enum lk_present present;
    char finding[160]; /* what is wrong with it, "" */
    bool same_line;    /* its events go on from where the backup's end */
    uint64_t present_seq;
    char present_time[32];
    uint64_t lost;    /* events that the present database has and the backup has not, as far as can be read */
    uint64_t carried; /* events that upstream has not acknowledged: they are told in the new epoch */
};

/* folder: where to work, made new with mode 0700; NULL: beside the database, and the database's lock is taken.
 *   -EBUSY     the daemon, or another run, has the database (only without a folder)
 *   -EALREADY  an earlier run was cut short after the new database was in its place, and is complete now: the
 * write-ahead log of the old one was removed (it is kept under the old one's new name). Only without a folder.
 *   -EUCLEAN, -ENOKEY, -EKEYREJECTED, -EXDEV, -EPERM  the backup cannot be used, as for lk_store_open()
 *   -ENOENT, -ENOSPC, -EACCES ... */
int lk_reinstate_begin(const struct lk_store_config *config, const char *backup, const char *folder,
                       struct lk_reinstate **ret_reinstate, struct lk_text *why);

/* Valid until end. */
const struct lk_reinstate_look *lk_reinstate_look(const struct lk_reinstate *reinstate);

/* Each item whose whereabouts differ between the backup and the present database, as far as that can be read; "" for an
 * item that one of them does not have. Ordered by id. row returns false to stop. 0, or the first error met: then there
 * may be more. */
typedef bool lk_reinstate_row(void *user, const char *item, const char *backup_custody, const char *backup_door,
                              const char *present_custody, const char *present_door);
int lk_reinstate_differences(struct lk_reinstate *reinstate, lk_reinstate_row *row, void *user);

/* *ret_store is the caller's, to be closed before finish. */
int lk_reinstate_open(struct lk_reinstate *reinstate, struct lk_store **ret_store, struct lk_text *why);

/* now names what is set aside: PATH.aside-20260101T000000Z. ret_aside (cap bytes) is "" when there was nothing. */
int lk_reinstate_finish(struct lk_reinstate *reinstate, const struct lk_stamp *now, char *ret_aside, size_t cap,
                        struct lk_text *why);

/* NULL is fine. Returns NULL. */
struct lk_reinstate *lk_reinstate_end(struct lk_reinstate *reinstate);

const char *lk_present_name(enum lk_present present);

#endif
