/*
 * Words for people: catalogue texts with their {placeholders} filled, and tables whose columns line up although Chinese
 * characters are two cells wide. Everything printed passes through here, so that text from outside (a broker's error, a
 * barcode) cannot send control sequences to the terminal. Thread: one.
 */
#ifndef CTL_SAY_H
#define CTL_SAY_H

#include "base/text.h"
#include "catalogue/catalogue.h"

#include <stdint.h>
#include <stdio.h>

struct lk_word {
    const char *name; /* of the placeholder, without braces */
    const char *value;
};

/* A list of words for lk_say_fill: LK_WORDS({"door", label}, {"n", number}). */
#define LK_WORDS(...)                                                                                                  \
    (const struct lk_word[])                                                                                           \
    {                                                                                                                  \
        __VA_ARGS__,                                                                                                   \
        {                                                                                                              \
            NULL, NULL                                                                                                 \
        }                                                                                                              \
    }

/* Appends text with each {name} replaced; a placeholder without a word stays as it is. words may be NULL. */
void lk_say_fill(struct lk_text *out, const char *text, const struct lk_word *words);

/* The catalogue's text, or the key itself when there is none. */
const char *lk_say_text(enum lk_lang lang, const char *key);

/* The text of "prefix.word"; the word itself when the catalogue has none, so that a newer daemon stays readable. The
 * result may live in buf. */
const char *lk_say_word(enum lk_lang lang, const char *prefix, const char *word, char *buf, size_t cap);

/* Prints one filled catalogue text and a newline. */
void lk_say(FILE *out, enum lk_lang lang, const char *key, const struct lk_word *words);

/* Copies s to out with control characters and broken UTF-8 replaced by '?'. */
void lk_say_clean(struct lk_text *out, const char *s);

/* How many terminal cells a UTF-8 text takes. */
size_t lk_say_width(const char *s);

/* "3 h 12 min", "3 小时 12 分". */
void lk_say_duration(struct lk_text *out, enum lk_lang lang, int64_t seconds);

/* "1.2 MB" in powers of 1000. */
void lk_say_bytes(struct lk_text *out, int64_t bytes);

enum { LK_TABLE_COLUMNS = 16, LK_TABLE_CELL = 160 };

/* A table of text cells, printed when all rows are known. Zero it, set columns; free with lk_table_free. */
struct lk_table {
    size_t columns;
    uint32_t right; /* bit c: column c is set flush right */
    size_t rows, cap;
    char (*cell)[LK_TABLE_CELL]; /* row-major */
};

/* Adds one row; cells is an array of `columns` texts, NULL meaning "-". Texts too long for a cell are cut with "~".
 * 0 or -ENOMEM. */
int lk_table_add(struct lk_table *t, const char *const *cells);

/* Prints the rows in columns, two blanks apart, without blanks at line ends. */
void lk_table_print(const struct lk_table *t, FILE *out);

void lk_table_free(struct lk_table *t);

#endif
