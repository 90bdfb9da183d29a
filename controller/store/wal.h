/*
 * Inside the store: the write-ahead log's length and when it is copied back into the database.
 */
#ifndef LK_STORE_WAL_H
#define LK_STORE_WAL_H

#include "sql.h"

/* Call once, when the connection is in WAL mode: takes checkpoints over, and gives the log its length on the disk. A
 * commit then overwrites instead of growing a file: the disk has no metadata to write (220 to 110 us here). A disk that
 * has no room for that is no error. */
void lk_wal_prepare(struct lk_store *store);

/* Copies the whole log back, cuts it to nothing and gives it its length again, all zeros. */
int lk_wal_empty(struct lk_store *store);

#endif
