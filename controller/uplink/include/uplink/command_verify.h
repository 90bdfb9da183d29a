/*
 * From the bytes on `cmd` to a command that may be obeyed: JWS compact serialisation (RFC 7515), ES256 only, keys from
 * our own list by `kid`, claims of RFC 7519 checked by us. Nothing in a token is used before its signature was found
 * right. Pure apart from loading keys: no clock (the time is in the context), no I/O, no log. Thread: any, one at a
 * time per key list. Never blocks; a refusal costs at most one ES256 verification.
 */
#ifndef UPLINK_COMMAND_VERIFY_H
#define UPLINK_COMMAND_VERIFY_H

#include "core/command.h"
#include "uplink/topic.h"

#include <stddef.h>
#include <stdint.h>

enum {
    LK_COMMAND_TOKEN_MAX = 16384, /* bytes of a token; more is LK_REASON_OVERSIZE */
    LK_COMMAND_LIFETIME_MOST_S = 120,
    LK_COMMAND_SKEW_S = 30,    /* iat may be this far ahead of our clock */
    LK_COMMAND_DEPTH_MOST = 8, /* nesting of JSON objects and arrays */
    LK_COMMAND_KEYS_MOST = 16,
    LK_COMMAND_KID_MAX = 64,
    LK_COMMAND_WHY_MAX = 128, /* bytes of `why` with its NUL */
};

struct lk_command_keys;

/* Loads upstream's public keys: files separated by spaces, each a JWK set or a single JWK (.json, .jwk, .jwks) or a PEM
 * public key, whose kid is its file name without ".pem". Only P-256; a private key in a file is an error; a kid twice
 * is an error; 1..LK_COMMAND_KEYS_MOST keys. 0; -EINVAL or a file's errno, and `why` (LK_COMMAND_WHY_MAX bytes) names
 * file and fault. The caller frees *ret_keys with lk_command_keys_free(). */
int lk_command_keys_load(const char *files, struct lk_command_keys **ret_keys, char *why);

/* NULL is fine. Returns NULL. */
struct lk_command_keys *lk_command_keys_free(struct lk_command_keys *keys);

/* How many keys there are. */
size_t lk_command_keys_count(const struct lk_command_keys *keys);

struct lk_command_context {
    struct lk_uplink_site site; /* aud must be "{operator}/{site}" */
    int64_t now_wall_s;
    enum lk_clock_quality quality; /* UNSYNCED: every command is refused, since nobody can tell whether it expired */
    bool retained;                 /* the message came with the retain flag: refused before anything is looked at */
};

/* Checks one token of len bytes. LK_REASON_NONE: *ret_command is filled, with door LK_NO_DOOR and digest the SHA-256 of
 * the token. Otherwise the reason; *ret_command is empty except that jti, issuer and digest are filled as soon as they
 * were read from a rightly signed payload, so that the refusal can be answered (jti "": do not answer).
 * `why` (LK_COMMAND_WHY_MAX bytes, always written) says in English what was wrong; it never quotes a code or a token.
 * The announced code and token in *ret_command are the caller's to erase. */
enum lk_reason lk_command_verify(const struct lk_command_keys *keys, const struct lk_command_context *context,
                                 const char *token, size_t len, struct lk_command *ret_command, char *why);

#endif
