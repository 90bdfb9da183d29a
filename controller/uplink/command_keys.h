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

struct lk_command_keys {
    size_t count;
    struct lk_command_key key[LK_COMMAND_KEYS_MOST];
};

/* The key of that kid, or NULL. */
const json_t *lk_command_key_find(const struct lk_command_keys *keys, const char *kid);

#endif
