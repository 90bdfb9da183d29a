/*
 * What the locker made, sealed to upstream's public key: JWE compact serialisation (RFC 7516) with ECDH-ES (RFC 7518,
 * section 4.6, direct key agreement on P-256) and A256GCM, so that neither the broker nor a copy of our database gives
 * a code away. We only ever seal; there is no private key here, and nothing from outside is ever opened.
 *
 * Thread: any, one at a time per key. Blocking: some 200 us of arithmetic. Ownership: the caller's, lk_seal_key_free().
 */
#ifndef UPLINK_SEAL_H
#define UPLINK_SEAL_H

#include "base/text.h"

#include <stddef.h>

struct lk_seal_key;

/* Loads upstream's key: one file, a single JWK, a set with one key, or a PEM public key, whose kid is its file name
 * without
 * ".pem". P-256, for encryption or without a "use". 0; -EINVAL or the file's errno, and `why` (LK_COMMAND_WHY_MAX
 * bytes) names file and fault; a private key is a fault. */
int lk_seal_key_load(const char *file, struct lk_seal_key **ret_key, char *why);

/* NULL is fine. Returns NULL. */
struct lk_seal_key *lk_seal_key_free(struct lk_seal_key *key);

/* The key's id, as the header of what is sealed names it. */
const char *lk_seal_key_id(const struct lk_seal_key *key);

/* What is sealed. Texts are borrowed; code and token are "" when there is none. */
struct lk_seal_secret {
    const char *site, *item_id, *holder, *jti;
    const char *code, *token;
    long long iat; /* seconds since 1970, as the wall clock says */
};

/* Seals {"site","item_id","holder","code","token","jti","iat"} and appends the JWE to `ret`. 0; -EIO: OpenSSL or the
 * kernel refused; -ENOSPC: it did not fit. */
int lk_seal(const struct lk_seal_key *key, const struct lk_seal_secret *secret, struct lk_text *ret);

#endif
