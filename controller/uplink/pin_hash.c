#include "pin_hash.h"

#include "base/text.h"

#include <stdint.h>
#include <string.h>

enum { TEXT_MOST = 127, SALT_LEAST = 11, SALT_MOST = 64, HASH_LEAST = 22, HASH_MOST = 86 };

/* A number at *at, before `end`; *at is behind `end` then. */
static bool take_number(const char **at, const char *name, char end, uint64_t least, uint64_t most)
{
    size_t len = strlen(name);
    char digits[12];
    uint64_t value;
    if (strncmp(*at, name, len) != 0) {
        return false;
    }
    const char *from = *at + len, *stop = strchr(from, end);
    if (!stop || stop == from || (size_t)(stop - from) >= sizeof(digits)) {
        return false;
    }
    memcpy(digits, from, (size_t)(stop - from));
    digits[stop - from] = '\0';
    *at = stop + 1;
    return digits[0] != '0' && lk_text_parse_u64(digits, most, &value) == 0 && value >= least;
}

static bool is_base64(const char *s, size_t len, size_t least, size_t most)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    return len >= least && len <= most && len % 4 != 1 && strspn(s, alphabet) >= len;
}

bool lk_pin_hash_ok(const char *text)
{
    static const char head[] = "$argon2id$v=19$";
    const char *at = text + sizeof(head) - 1;
    if (strlen(text) > TEXT_MOST || strncmp(text, head, sizeof(head) - 1) != 0) {
        return false;
    }
    if (!take_number(&at, "m=", ',', LK_PIN_MEMORY_LEAST_KIB, LK_PIN_MEMORY_MOST_KIB) ||
        !take_number(&at, "t=", ',', 1, LK_PIN_PASSES_MOST) || !take_number(&at, "p=", '$', 1, LK_PIN_LANES_MOST)) {
        return false;
    }
    const char *hash = strchr(at, '$');
    return hash && is_base64(at, (size_t)(hash - at), SALT_LEAST, SALT_MOST) &&
           is_base64(hash + 1, strlen(hash + 1), HASH_LEAST, HASH_MOST);
}
