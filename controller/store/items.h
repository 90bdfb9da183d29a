/* Inside the store: reading one item's columns (ITEM_COLUMNS of statements.c). */
#ifndef LK_STORE_ITEMS_H
#define LK_STORE_ITEMS_H

#include "sql.h"
#include "store/find.h"

/* -EUCLEAN when a word is unknown to us. */
int lk_item_read(const struct lk_store *store, sqlite3_stmt *stmt, const struct lk_stamp *now,
                 struct lk_store_item *ret_item);

#endif
