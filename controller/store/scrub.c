/*
 * secure_delete zeroes what is deleted, but not the copies that SQLite leaves behind in the unused part of a page when
 * it moves rows to another one. Tables that are emptied as a whole give all their pages back, zeroed.
 */
#include "store/care.h"
#include "wal.h"

#include <errno.h>

/* In order of rid, so that the pages fill up one after the other. */
static const char rewrite[] = "CREATE TEMP TABLE kept_item AS SELECT * FROM main.item ORDER BY rid;"
                              "CREATE TEMP TABLE kept_secret AS SELECT * FROM main.secret ORDER BY rid;"
                              "DELETE FROM main.secret;"
                              "DELETE FROM main.item;"
                              "INSERT INTO main.item SELECT * FROM kept_item;"
                              "INSERT INTO main.secret SELECT * FROM kept_secret;"
                              "DROP TABLE kept_item;"
                              "DROP TABLE kept_secret;";

static int rewrite_tables(struct lk_store *store)
{
    int r = lk_tx_begin(store, "scrub");
    if (r < 0) {
        return r;
    }
    r = lk_sql_exec(store->db, rewrite);
    return r < 0 ? lk_tx_abort(store, "scrub", r) : lk_tx_commit(store, "scrub");
}

int lk_store_scrub(struct lk_store *store)
{
    if (store->copying) {
        return -EBUSY;
    }
    /* References would make it delete row by row; every row comes back in the same transaction. */
    int r = lk_sql_exec(store->db, "PRAGMA foreign_keys = OFF");
    r = r < 0 ? r : rewrite_tables(store);
    int on = lk_sql_exec(store->db, "PRAGMA foreign_keys = ON");
    r = r < 0 ? r : on;
    return r < 0 ? r : lk_wal_empty(store);
}
