/*
 * Inside the store: the hash chain of the event log. Works on any connection, so that backups can be proven the same
 * way. The hashed bytes: docs/store.md.
 */
#ifndef LK_STORE_CHAIN_H
#define LK_STORE_CHAIN_H

#include "store/log.h"

#include <sqlite3.h>

/* A SHA-256 that is used again and again by one thread. */
struct lk_sha;
int lk_sha_create(struct lk_sha **ret_sha);
struct lk_sha *lk_sha_free(struct lk_sha *sha); /* NULL is fine; returns NULL */
void lk_sha_begin(struct lk_sha *sha);
void lk_sha_add(struct lk_sha *sha, const void *bytes, size_t n);
/* 0 or -EIO when OpenSSL failed anywhere since begin. */
int lk_sha_end(struct lk_sha *sha, uint8_t ret_hash[32]);

#define LK_CHAIN_GENESIS "0000000000000000000000000000000000000000000000000000000000000000"

/* One event's words, as they are in the database and in the hash. */
struct lk_chain_row {
    uint64_t seq;
    const char *type, *time, *quality, *data;
    char prevhash[LK_HASH_HEX + 1], hash[LK_HASH_HEX + 1];
};

/* SHA-256 over prevhash, epoch, seq, type, time, quality, data, with a newline between each two. */
int lk_chain_hash(struct lk_sha *sha, const char *epoch, const struct lk_chain_row *row, uint8_t ret_hash[32]);

/* Reads the columns seq, type, time, quality, data, prevhash, hash of a statement that stands on a row. -EUCLEAN when
 * a hash is not 32 bytes. */
int lk_chain_read(sqlite3_stmt *stmt, struct lk_chain_row *ret_row);

/* Goes on with a walk: `after` is a statement (seq > ?1 limit ?2) with those columns. */
int lk_chain_walk(sqlite3 *db, sqlite3_stmt *after, struct lk_sha *sha, const char *epoch, struct lk_store_chain *chain,
                  unsigned limit);

#endif
