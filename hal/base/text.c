#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct lk_text lk_text_init(char *buf, size_t cap)
{
    buf[0] = '\0';
    return (struct lk_text){.buf = buf, .cap = cap};
}

void lk_text_vaddf(struct lk_text *t, const char *fmt, va_list ap)
{
    size_t room = t->cap - t->len;
    int n = vsnprintf(t->buf + t->len, room, fmt, ap);
    if (n < 0 || (size_t)n >= room) {
        t->truncated = true;
        t->len = n < 0 ? t->len : t->cap - 1;
        t->buf[t->len] = '\0';
        return;
    }
    t->len += (size_t)n;
}

void lk_text_addf(struct lk_text *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    lk_text_vaddf(t, fmt, ap);
    va_end(ap);
}

void lk_text_add(struct lk_text *t, const char *s)
{
    lk_text_addf(t, "%s", s);
}

/* From days since 1970 to a date of the Gregorian calendar, counting years from March so that leap days come last. */
static void add_date(struct lk_text *t, int64_t days)
{
    enum { DAYS_TO_1970 = 719468, ERA = 146097, CENTURY = 36524, FOUR_YEARS = 1460, YEAR = 365 };
    days += DAYS_TO_1970;
    int64_t era = (days >= 0 ? days : days - (ERA - 1)) / ERA;
    int64_t of_era = days - era * ERA;
    int64_t year = (of_era - of_era / FOUR_YEARS + of_era / CENTURY - of_era / (ERA - 1)) / YEAR;
    int64_t of_year = of_era - (YEAR * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153;
    int64_t day = of_year - (153 * month + 2) / 5 + 1;
    month = month < 10 ? month + 3 : month - 9;
    year += era * 400 + (month <= 2);
    lk_text_addf(t, "%04d-%02d-%02d", (int)year, (int)month, (int)day);
}

void lk_text_add_utc(struct lk_text *t, int64_t wall_ms)
{
    enum { DAY_MS = 86400000 };
    int64_t days = (wall_ms >= 0 ? wall_ms : wall_ms - (DAY_MS - 1)) / DAY_MS;
    int ms = (int)(wall_ms - days * DAY_MS);
    add_date(t, days);
    lk_text_addf(t, "T%02d:%02d:%02d.%03dZ", ms / 3600000, ms / 60000 % 60, ms / 1000 % 60, ms % 1000);
}

int lk_text_copy(char *dst, size_t cap, const char *s)
{
    size_t n = strlen(s);
    if (n >= cap) {
        dst[0] = '\0';
        return -ENAMETOOLONG;
    }
    memcpy(dst, s, n + 1);
    return 0;
}

void lk_text_hex(char *dst, const uint8_t *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        dst[2 * i] = digits[bytes[i] >> 4];
        dst[2 * i + 1] = digits[bytes[i] & 15];
    }
    dst[2 * n] = '\0';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int lk_text_unhex(uint8_t *dst, size_t n, const char *hex)
{
    if (strlen(hex) != 2 * n) {
        return -EINVAL;
    }
    for (size_t i = 0; i < n; i++) {
        int hi = hex_value(hex[2 * i]);
        int lo = hex_value(hex[2 * i + 1]);
        if (hi < 0 || lo < 0) {
            return -EINVAL;
        }
        dst[i] = (uint8_t)(hi << 4 | lo);
    }
    return 0;
}

static bool all_of(const char *s, size_t min, size_t max, bool (*ok)(unsigned char))
{
    size_t n = 0;
    for (; s[n] != '\0'; n++) {
        if (n >= max || !ok((unsigned char)s[n])) {
            return false;
        }
    }
    return n >= min;
}

static bool is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

static bool is_printable(unsigned char c)
{
    return c >= 0x20 && c <= 0x7e;
}

static bool is_id_char(unsigned char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' || c == '-';
}

bool lk_text_is_digits(const char *s, size_t min, size_t max)
{
    return all_of(s, min, max, is_digit);
}

bool lk_text_is_printable(const char *s, size_t max)
{
    return all_of(s, 1, max, is_printable);
}

bool lk_text_is_id(const char *s, size_t max)
{
    return all_of(s, 1, max, is_id_char);
}

/* Length of the sequence that starts with c, its smallest lawful code point in *ret_min, its payload in *ret_cp. */
static size_t utf8_lead(unsigned char c, uint32_t *ret_min, uint32_t *ret_cp)
{
    static const struct {
        unsigned char mask, lead;
        uint32_t min;
    } rows[] = {{0x80, 0x00, 1}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    for (size_t i = 0; i < 4; i++) {
        if ((c & rows[i].mask) == rows[i].lead) {
            *ret_min = rows[i].min;
            *ret_cp = c & (unsigned char)~rows[i].mask;
            return i + 1;
        }
    }
    return 0;
}

/* Length of the well-formed character at s, n bytes left; 0: there is none. */
static size_t utf8_character(const char *s, size_t n, uint32_t *ret_point)
{
    uint32_t min = 0, cp = 0;
    size_t len = utf8_lead((unsigned char)s[0], &min, &cp);
    if (len == 0 || len > n) {
        return 0;
    }
    for (size_t k = 1; k < len; k++) {
        unsigned char c = (unsigned char)s[k];
        if ((c & 0xc0) != 0x80) {
            return 0;
        }
        cp = cp << 6 | (c & 0x3f);
    }
    *ret_point = cp;
    return cp < min || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff) ? 0 : len;
}

bool lk_text_is_utf8(const char *s, size_t n)
{
    uint32_t point = 0;
    size_t len = 0;
    for (size_t i = 0; i < n; i += len) {
        len = utf8_character(s + i, n - i, &point);
        if (len == 0) {
            return false;
        }
    }
    return true;
}

/* Makes a screen or a terminal show something else than what is there. */
static bool is_control(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0) || (point >= 0x200b && point <= 0x200f) ||
           (point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069) || point == 0xfeff;
}

bool lk_text_is_line(const char *s)
{
    uint32_t point = 0;
    size_t n = strlen(s), len = 0;
    for (size_t i = 0; i < n; i += len) {
        len = utf8_character(s + i, n - i, &point);
        if (len == 0 || is_control(point)) {
            return false;
        }
    }
    return n > 0;
}

int lk_text_parse_u64(const char *s, uint64_t max, uint64_t *ret_value)
{
    uint64_t v = 0;
    if (!lk_text_is_digits(s, 1, 20)) {
        return -EINVAL;
    }
    for (; *s; s++) {
        uint64_t digit = (uint64_t)(*s - '0');
        if (v > (UINT64_MAX - digit) / 10) {
            return -ERANGE;
        }
        v = v * 10 + digit;
    }
    if (v > max) {
        return -ERANGE;
    }
    *ret_value = v;
    return 0;
}
