#include "chain.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "sql.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

struct lk_sha {
    EVP_MD *md;
    EVP_MD_CTX *ctx;
    bool failed;
};

int lk_sha_create(struct lk_sha **ret_sha)
{
    struct lk_sha *sha = calloc(1, sizeof(*sha));
    if (!sha) {
        return -ENOMEM;
    }
    sha->md = EVP_MD_fetch(NULL, "SHA256", NULL);
    sha->ctx = EVP_MD_CTX_new();
    if (!sha->md || !sha->ctx) {
        (void)lk_sha_free(sha);
        return -ENOMEM;
    }
    *ret_sha = sha;
    return 0;
}

struct lk_sha *lk_sha_free(struct lk_sha *sha)
{
    if (sha) {
        EVP_MD_CTX_free(sha->ctx);
        EVP_MD_free(sha->md);
        free(sha);
    }
    return NULL;
}

void lk_sha_begin(struct lk_sha *sha)
{
    sha->failed = EVP_DigestInit_ex2(sha->ctx, sha->md, NULL) != 1;
}

void lk_sha_add(struct lk_sha *sha, const void *bytes, size_t n)
{
    sha->failed = sha->failed || EVP_DigestUpdate(sha->ctx, bytes, n) != 1;
}

int lk_sha_end(struct lk_sha *sha, uint8_t ret_hash[32])
{
    return sha->failed || EVP_DigestFinal_ex(sha->ctx, ret_hash, NULL) != 1 ? -EIO : 0;
}

int lk_store_fingerprint(const char *text, uint8_t ret_print[LK_WIRING_LEN])
{
    return EVP_Q_digest(NULL, "SHA256", NULL, text, strlen(text), ret_print, NULL) == 1 ? 0 : -EIO;
}

int lk_chain_hash(struct lk_sha *sha, const char *epoch, const struct lk_chain_row *row, uint8_t ret_hash[32])
{
    char seq[24];
    (void)snprintf(seq, sizeof(seq), "%" PRIu64, row->seq);
    const char *const parts[] = {row->prevhash, epoch, seq, row->type, row->time, row->quality, row->data};
    lk_sha_begin(sha);
    for (size_t i = 0; i < LK_ARRAY_SIZE(parts); i++) {
        if (i > 0) {
            lk_sha_add(sha, "\n", 1);
        }
        lk_sha_add(sha, parts[i], strlen(parts[i]));
    }
    return lk_sha_end(sha, ret_hash);
}

static int read_hash(sqlite3_stmt *stmt, int column, char hex[LK_HASH_HEX + 1])
{
    if (sqlite3_column_bytes(stmt, column) != 32) {
        return -EUCLEAN;
    }
    lk_text_hex(hex, sqlite3_column_blob(stmt, column), 32);
    return 0;
}

int lk_chain_read(sqlite3_stmt *stmt, struct lk_chain_row *ret_row)
{
    ret_row->seq = (uint64_t)sqlite3_column_int64(stmt, 0);
    ret_row->type = lk_sql_text(stmt, 1);
    ret_row->time = lk_sql_text(stmt, 2);
    ret_row->quality = lk_sql_text(stmt, 3);
    ret_row->data = lk_sql_text(stmt, 4);
    int r = read_hash(stmt, 5, ret_row->prevhash);
    return r < 0 ? r : read_hash(stmt, 6, ret_row->hash);
}

static bool row_is_right(sqlite3_stmt *stmt, struct lk_sha *sha, const char *epoch, struct lk_store_chain *chain)
{
    struct lk_chain_row row;
    uint8_t hash[32];
    char hex[LK_HASH_HEX + 1];
    if (lk_chain_read(stmt, &row) < 0 || row.seq != chain->next_seq || strcmp(row.prevhash, chain->prevhash) != 0) {
        return false;
    }
    if (lk_chain_hash(sha, epoch, &row, hash) < 0) {
        return false;
    }
    lk_text_hex(hex, hash, sizeof(hash));
    memcpy(chain->prevhash, hex, sizeof(hex));
    return strcmp(hex, row.hash) == 0;
}

int lk_chain_walk(sqlite3 *db, sqlite3_stmt *after, struct lk_sha *sha, const char *epoch, struct lk_store_chain *chain,
                  unsigned limit)
{
    LK_CLEANUP(lk_sql_resetp) sqlite3_stmt *stmt = after;
    sqlite3_bind_int64(stmt, 1, (int64_t)chain->next_seq - 1);
    sqlite3_bind_int64(stmt, 2, limit);
    int rc = SQLITE_DONE;
    for (unsigned i = 0; i < limit && !chain->finished && (rc = sqlite3_step(stmt)) == SQLITE_ROW; i++) {
        if (!row_is_right(stmt, sha, epoch, chain)) {
            chain->first_bad_seq = chain->next_seq;
            chain->finished = true;
            break;
        }
        chain->next_seq++;
        chain->checked++;
    }
    if (rc == SQLITE_DONE) {
        chain->finished = true;
    }
    return lk_sql_errno(db, rc);
}
