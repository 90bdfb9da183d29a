/* Inside the store: reading one item's columns (ITEM_COLUMNS of statements.c). */
#ifndef LK_STORE_ITEMS_H
#define LK_STORE_ITEMS_H

#include "sql.h"
#include "store/find.h"

/* -EUCLEAN when a word is unknown to us. */
int lk_item_read(const struct lk_store *store, sqlite3_stmt *stmt, const struct lk_stamp *now,
                 struct lk_store_item *ret_item);

/* What a statement about a secret adds after the item's columns: whose it is, and the delegate's phone tail in the
 * place of the recipient's. */
int lk_item_read_holder(sqlite3_stmt *stmt, struct lk_item *item);

#endif
