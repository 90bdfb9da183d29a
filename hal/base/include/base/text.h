/*
 * Bounded text: a builder over a caller's buffer, and checks on outside text. Nothing here allocates.
 * Thread: any; a builder belongs to one thread at a time.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A builder. buf is the caller's and always ends with NUL; truncated becomes and stays true once something did not fit.
 */
struct lk_text {
    char *buf;
    size_t cap; /* bytes, including the NUL */
    size_t len; /* bytes, without the NUL */
    bool truncated;
};

/* Starts an empty text in buf of cap >= 1 bytes. */
struct lk_text lk_text_init(char *buf, size_t cap);

void lk_text_addf(struct lk_text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void lk_text_vaddf(struct lk_text *t, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
void lk_text_add(struct lk_text *t, const char *s);

/*
 * Adds wall_ms (since 1970) as RFC 3339 in UTC with milliseconds, years 0000 to 9999. Not through time_t, which has 32
 * bits on 32-bit boards and ends in 2038.
 */
void lk_text_add_utc(struct lk_text *t, int64_t wall_ms);

/* Copies s into dst of cap bytes. 0, or -ENAMETOOLONG with dst set to "" (never a shortened copy). */
int lk_text_copy(char *dst, size_t cap, const char *s);

/* Writes 2*n lower-case hex digits and a NUL to dst (2*n+1 bytes). */
void lk_text_hex(char *dst, const uint8_t *bytes, size_t n);

/* Reads exactly 2*n hex digits of either case. 0, or -EINVAL with dst unspecified. */
int lk_text_unhex(uint8_t *dst, size_t n, const char *hex);

/* Decimal digits only, min <= length <= max. */
bool lk_text_is_digits(const char *s, size_t min, size_t max);

/* Printable ASCII (0x20..0x7e) only, 1 <= length <= max. */
bool lk_text_is_printable(const char *s, size_t max);

/* Letters, digits and . _ - only (what item, staff and command ids are made of), 1 <= length <= max. */
bool lk_text_is_id(const char *s, size_t max);

/* Well-formed UTF-8 of n bytes without NUL (RFC 3629: no surrogates, no overlong forms). */
bool lk_text_is_utf8(const char *s, size_t n);

/* One line of words for people: well-formed UTF-8, not empty, no control characters, and none that turn the direction
 * of writing or take no room (U+200B to U+200F, U+2028 to U+202E, U+2066 to U+2069, U+FEFF). */
bool lk_text_is_line(const char *s);

/* Strict unsigned decimal: whole string, no sign, no blanks. 0, -EINVAL or -ERANGE (above max). */
int lk_text_parse_u64(const char *s, uint64_t max, uint64_t *ret_value);

#endif
