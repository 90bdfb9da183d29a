/*
 * Whether a text is a hash of a PIN that this machine can check without harm: PHC string format of Argon2id (RFC 9106),
 * version 19, within bounds that keep a check between 10 ms and a second on a small board, so that nobody can make it
 * run out of memory from afar. Pure; any thread. Source of the format: the reference implementation's encoding.
 */
#ifndef UPLINK_PIN_HASH_H
#define UPLINK_PIN_HASH_H

#include <stdbool.h>

enum {
    LK_PIN_MEMORY_LEAST_KIB = 8192,
    LK_PIN_MEMORY_MOST_KIB = 65536,
    LK_PIN_PASSES_MOST = 4,
    LK_PIN_LANES_MOST = 4,
};

/* "$argon2id$v=19$m=KIB,t=PASSES,p=LANES$SALT$HASH": salt of 8 to 48 bytes, hash of 16 to 64, base64 without padding;
 * at most 127 characters, which is what the store keeps. */
bool lk_pin_hash_ok(const char *text);

#endif
