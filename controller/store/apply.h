/*
 * Inside the store: one lk_store_apply() under way. apply.c runs the effects; apply_item.c those about items and codes.
 */
#ifndef LK_STORE_APPLY_H
#define LK_STORE_APPLY_H

#include "sql.h"

/* The head of the log moves only here until the commit. */
struct lk_tx {
    struct lk_store *store;
    const struct lk_stamp *now;
    uint64_t first_seq, last_seq;
    uint64_t kept_from; /* the oldest event that is left */
    char head[LK_HASH_HEX + 1];
    char made_item[LK_ITEM_ID_MAX + 1]; /* by an ITEM_PUT of this list */
    enum lk_custody made_custody;
};

/* The name for the database, NULL for NONE. */
const char *lk_custody_or_null(enum lk_custody v);

/* One effect each: 0, or what lk_store_apply() says. */
int lk_tx_item_put(struct lk_tx *tx, const struct lk_effect *fx);
int lk_tx_item_custody(struct lk_tx *tx, const struct lk_effect *fx);
int lk_tx_item_cancelled(struct lk_tx *tx, const struct lk_effect *fx);
int lk_tx_item_rejected(struct lk_tx *tx, const struct lk_effect *fx);
int lk_tx_item_reminded(struct lk_tx *tx, const struct lk_effect *fx);
int lk_tx_item_overdue(struct lk_tx *tx, const struct lk_effect *fx);
int lk_tx_item_extend(struct lk_tx *tx, const struct lk_effect *fx);
int lk_tx_item_waybill(struct lk_tx *tx, const struct lk_effect *fx);
int lk_tx_item_erase(struct lk_tx *tx, const struct lk_effect *fx);
int lk_tx_records_purge(struct lk_tx *tx, const struct lk_effect *fx);
int lk_tx_events_purge(struct lk_tx *tx, const struct lk_effect *fx); /* purge.c */
int lk_tx_secret_set(struct lk_tx *tx, const struct lk_effect *fx);
int lk_tx_secret_kill(struct lk_tx *tx, const struct lk_effect *fx);
int lk_tx_secret_revoke(struct lk_tx *tx, const struct lk_effect *fx);

#endif
