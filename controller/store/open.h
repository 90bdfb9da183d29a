/*
 * Inside the store: the steps of lk_store_open().
 */
#ifndef LK_STORE_OPEN_H
#define LK_STORE_OPEN_H

#include "sql.h"

/* Looks at the files only. *ret_fresh: there is nothing yet, or only a creation that was cut short. -EUCLEAN when half
 * of the store is there, or what is there cannot be a database. */
int lk_files_check(const struct lk_store_config *config, bool *ret_fresh, struct lk_text *why);

/* Makes key and database. All or nothing. */
int lk_store_create(const struct lk_store_config *config, struct lk_text *why);

/* Opens a database file with the settings every connection of ours has. On failure *ret_db may still be set, for its
 * message; close it. flags: SQLITE_OPEN_*. */
int lk_db_open(const char *path, int flags, sqlite3 **ret_db);
void lk_db_closep(sqlite3 **db);

/* Writes a whole, self-contained copy of `db` to `path` (which must not exist), through to the disk. */
int lk_db_copy(sqlite3 *db, const char *path);

/* Makes a copy self-contained: rollback journal mode, so that no write-ahead log can ever be taken for its own. */
int lk_db_seal(sqlite3 *db);

/* A name for a new event log: a UUID of version 4. */
int lk_make_epoch(char epoch[LK_EPOCH_MAX + 1]);

/* Opens the database at `path` beside `db`, as "present". */
int lk_db_attach(sqlite3 *db, const char *path);

/* Runs "PRAGMA quick_check" or "PRAGMA integrity_check": -EUCLEAN and the first finding in finding[]. */
int lk_db_check(sqlite3 *db, const char *pragma, char finding[160]);

#endif
