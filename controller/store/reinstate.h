/*
 * Inside the store: the parts of putting a backup in place.
 */
#ifndef LK_STORE_REINSTATE_H
#define LK_STORE_REINSTATE_H

#include "open.h"
#include "store/reinstate.h"

struct lk_reinstate {
    struct lk_store_config config; /* the caller's, texts borrowed */
    int lock_fd;
    bool dry;      /* works in the caller's folder, and never touches the database's */
    char *folder;  /* where it works */
    char *copy;    /* folder/backup.db */
    char *present; /* folder/present.db */
    char epoch[LK_EPOCH_MAX + 1];
    uint64_t acked;  /* of the backup's events, by whichever of the two knows more */
    uint64_t resume; /* of the present database's events the first that is carried; 0: none */
    struct lk_reinstate_look look;
};

/* reinstate_look.c: fills look, acked and resume from the two copies. */
int lk_reinstate_compare(struct lk_reinstate *reinstate, struct lk_text *why);

/* reinstate_epoch.c: what the present database still knows, and the new epoch, in one transaction of the copy. */
int lk_reinstate_renew(struct lk_reinstate *reinstate, struct lk_text *why);

/* reinstate_files.c */
int lk_reinstate_copies(struct lk_reinstate *reinstate, const char *backup, struct lk_text *why);
/* -EALREADY: see lk_reinstate_begin(). */
int lk_reinstate_complete(const char *path, struct lk_text *why);
int lk_reinstate_swap(const struct lk_reinstate *reinstate, const char *aside, struct lk_text *why);
void lk_reinstate_clean(const char *folder);

#endif
