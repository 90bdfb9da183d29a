/*
 * The list of upstream's keys, as command_verify.c and command_keys.c share it.
 */
#ifndef UPLINK_COMMAND_KEYS_H
#define UPLINK_COMMAND_KEYS_H

#include "uplink/command_verify.h"

#include <jansson.h>

struct lk_command_key {
    char kid[LK_COMMAND_KID_MAX + 1];
    json_t *jwk; /* kty, crv, x, y and alg only, whatever else the file said */
};

struct lk_key_purpose;

struct lk_command_keys {
    const struct lk_key_purpose *purpose; /* static */
    size_t count;
    struct lk_command_key key[LK_COMMAND_KEYS_MOST];
};

/* What a public key in a file is for. */
struct lk_key_purpose {
    const char *use; /* RFC 7517: a "use" in the file has to be this */
    const char *alg; /* ... and an "alg" this */
    const char *misfit;
};

/* As lk_command_keys_load(), for keys of a purpose. */
int lk_public_keys_load(const struct lk_key_purpose *purpose, const char *files, struct lk_command_keys **ret_keys,
                        char *why);

/* The key of that kid, or NULL. */
const json_t *lk_command_key_find(const struct lk_command_keys *keys, const char *kid);

#endif
