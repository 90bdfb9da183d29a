/*
 * Inside the store: what the database looks like, as a list of steps from nothing to today (user_version counts them).
 * Forward only; a step that was ever released is never edited.
 */
#ifndef LK_STORE_SCHEMA_H
#define LK_STORE_SCHEMA_H

#include <sqlite3.h>
#include <stddef.h>

enum { LK_APPLICATION_ID = 0x4c4f434b }; /* "LOCK" */

/* Step i brings version i to i + 1. */
extern const char *const lk_schema_steps[];
extern const size_t lk_schema_latest;

/* Runs steps[from..count), each in a transaction of its own together with its user_version. 0 or negative errno; on
 * failure the database is at the last whole step. */
int lk_schema_migrate(sqlite3 *db, const char *const *steps, size_t from, size_t count);

#endif
