/* Codes and tokens that the locker makes itself, for upstream to hand on. */
#include "store/find.h"

#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

enum { TRIES = 64, TOKEN_BYTES = 24 };

/* A number below 10^digits, each as likely as any other. */
static int random_number(unsigned digits, uint64_t *ret_number)
{
    uint64_t range = 1, value = 0;
    for (unsigned i = 0; i < digits; i++) {
        range *= 10;
    }
    uint64_t fair = UINT64_MAX - UINT64_MAX % range; /* from here on small numbers would be likelier */
    do {
        if (getrandom(&value, sizeof(value), 0) != (ssize_t)sizeof(value)) {
            return -EIO;
        }
    } while (value >= fair);
    *ret_number = value % range;
    return 0;
}

int lk_store_new_code(struct lk_store *store, unsigned digits, char ret_code[LK_CODE_MAX + 1])
{
    static const struct lk_stamp no_clock = {.quality = LK_CLOCK_UNSYNCED};
    for (int i = 0; i < TRIES; i++) {
        struct lk_store_found found = {0};
        uint64_t number = 0;
        int r = random_number(digits, &number);
        (void)snprintf(ret_code, LK_CODE_MAX + 1, "%0*llu", (int)digits, (unsigned long long)number);
        r = r < 0 ? r : lk_store_find_code(store, &no_clock, ret_code, &found);
        if (r < 0 || !found.found || !found.live) {
            return r;
        }
    }
    return -ENOSPC; /* nearly every code of this length is somebody's: the configuration's digits are too few */
}

int lk_store_new_token(char ret_token[LK_TOKEN_MAX + 1])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint8_t bytes[TOKEN_BYTES];
    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
        return -EIO;
    }
    char *out = ret_token;
    for (size_t i = 0; i < sizeof(bytes); i += 3) {
        uint32_t three = (uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1] << 8 | bytes[i + 2];
        for (int shift = 18; shift >= 0; shift -= 6) {
            *out++ = letters[three >> shift & 63];
        }
    }
    *out = '\0';
    explicit_bzero(bytes, sizeof(bytes));
    return 0;
}
