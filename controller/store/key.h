/*
 * Inside the store: the code key and what is computed with it (law 8). The key lives in a file of its own, so that the
 * database alone (a backup, a stolen card) does not give the 10^8 codes away.
 */
#ifndef LK_STORE_KEY_H
#define LK_STORE_KEY_H

#include "base/text.h"

#include <stdint.h>

#define LK_KEY_ALGORITHM "hmac-sha256"

struct lk_key;

/* What a text is, so that a code can never pass for a token. The value is the byte between site and text. */
enum lk_key_kind { LK_KEY_CODE = 0, LK_KEY_TOKEN = 1, LK_KEY_BADGE = 2, LK_KEY_CHECK = 3, LK_KEY_PHONE = 4 };

/* Writes a new random key to `path`, which must not exist; through to the disk, all or nothing. */
int lk_key_make(const char *path, struct lk_text *why);

/* Reads and checks the file. Owner: the caller. -ENOKEY, -EPERM, -EKEYREJECTED as lk_store_open(). */
int lk_key_load(const char *path, const char *site, struct lk_key **ret_key, struct lk_text *why);

/* Erases and frees. NULL is fine. Returns NULL. */
struct lk_key *lk_key_free(struct lk_key *key);

/* HMAC(key, site || kind || text). 0 or -ENOMEM. */
int lk_key_mac(struct lk_key *key, enum lk_key_kind kind, const char *text, uint8_t ret_mac[32]);

#endif
