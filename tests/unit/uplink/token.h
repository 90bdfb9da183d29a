/*
 * Makes tokens, good and bad, for the tests: a P-256 key and JWS parts from any text.
 */
#ifndef UPLINK_TOKEN_H
#define UPLINK_TOKEN_H

#include <openssl/evp.h>
#include <stddef.h>

enum { TOKEN_MOST = 40000 };

/* base64url without padding; NUL-terminated; returns its length. */
size_t token_base64url(char *dst, const void *bytes, size_t len);

/* A new P-256 key. */
EVP_PKEY *token_new_key(void);

/* The public key as JWK text with this kid; `extra` is put before the closing brace, for example ",\"use\":\"sig\"". */
void token_jwk(EVP_PKEY *key, const char *kid, const char *extra, char *buf, size_t cap);

/* header.payload.signature, signed with ES256 by `key`, whatever header and payload say. */
void token_sign(EVP_PKEY *key, const char *header, const char *payload, char *buf);

/* The same with HMAC-SHA256 and `secret` as key, as an attacker would who knows the public key. */
void token_sign_hmac(const char *secret, const char *header, const char *payload, char *buf);

/* Writes text to a file in folder; returns its path in `path`. */
void token_write_file(const char *folder, const char *name, const char *text, char *path, size_t cap);

#endif
