/*
 * Staff PINs: Argon2id (RFC 9106) by libargon2, on the worker thread: a hash takes tens to hundreds of milliseconds.
 * PINs are overwritten after use and never logged.
 */
#ifndef APP_PINS_H
#define APP_PINS_H

#include "worker.h"

#include <stdbool.h>

enum { LK_PIN_MIN = 4, LK_PIN_MAX = 32, LK_PIN_HASH_MAX = 127 };

/* The verdict, on the owner thread. */
typedef void lk_pin_checked(void *user, void *cookie, bool ok);
typedef void lk_pin_hashed(void *user, void *cookie, int error, const char *encoded);

/* Checks pin against an encoded hash; NULL hash: nobody by that name, which takes the same time and is never ok.
 * 0, -EAGAIN (too many waiting), -ENOMEM; on failure the callback is not called. */
int lk_pin_check(struct lk_worker *worker, const char *pin, const char *encoded, lk_pin_checked *done, void *user,
                 void *cookie);

/* Makes an encoded hash. -EINVAL: not 4 to 32 digits. */
int lk_pin_hash(struct lk_worker *worker, const char *pin, lk_pin_hashed *done, void *user, void *cookie);

#endif
