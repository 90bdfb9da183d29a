#include "say.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The length of the well-formed sequence at s, or 0. */
static size_t sequence(const char *s)
{
    for (size_t n = 1; n <= 4 && s[n - 1] != '\0'; n++) {
        if (lk_text_is_utf8(s, n)) {
            return n;
        }
    }
    return 0;
}

static uint32_t code_point(const char *s, size_t n)
{
    static const unsigned char lead[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t cp = (unsigned char)s[0] & lead[n];
    for (size_t i = 1; i < n; i++) {
        cp = cp << 6 | ((unsigned char)s[i] & 0x3f);
    }
    return cp;
}

/* Cells of one character. Source: Unicode's EastAsianWidth.txt, W and F, and the marks that combine. */
static unsigned cells_of(uint32_t cp)
{
    static const struct {
        uint32_t first, last;
        unsigned cells;
    } rows[] = {
        {0x0300, 0x036f, 0}, {0x1100, 0x115f, 2}, {0x200b, 0x200f, 0},   {0x2e80, 0x303e, 2},   {0x3041, 0x4dbf, 2},
        {0x4e00, 0xa4cf, 2}, {0xac00, 0xd7a3, 2}, {0xf900, 0xfaff, 2},   {0xfe00, 0xfe0f, 0},   {0xfe30, 0xfe4f, 2},
        {0xff00, 0xff60, 2}, {0xffe0, 0xffe6, 2}, {0x1f300, 0x1f64f, 2}, {0x1f900, 0x1f9ff, 2}, {0x20000, 0x3fffd, 2},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (cp >= rows[i].first && cp <= rows[i].last) {
            return rows[i].cells;
        }
    }
    return 1;
}

size_t lk_say_width(const char *s)
{
    size_t width = 0;
    while (*s != '\0') {
        size_t n = sequence(s);
        width += n == 0 ? 1 : cells_of(code_point(s, n));
        s += n == 0 ? 1 : n;
    }
    return width;
}

/* Control characters of ASCII and of Latin-1 (C1: some terminals obey those too), and the marks that turn the direction
 * of writing. */
static bool is_harmful(uint32_t cp)
{
    return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || (cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069);
}

void lk_say_clean(struct lk_text *out, const char *s)
{
    while (*s != '\0') {
        size_t n = sequence(s);
        bool bad = n == 0 || is_harmful(code_point(s, n));
        if (bad) {
            lk_text_add(out, "?");
        } else {
            lk_text_addf(out, "%.*s", (int)n, s);
        }
        s += n == 0 ? 1 : n;
    }
}

/* The word for the placeholder that begins at text ("{name}"), or NULL; *ret_len is the placeholder's length. */
static const char *word_at(const char *text, const struct lk_word *words, size_t *ret_len)
{
    const char *end = strchr(text, '}');
    for (const struct lk_word *w = words; end != NULL && w != NULL && w->name != NULL; w++) {
        size_t n = (size_t)(end - text) - 1;
        if (strlen(w->name) == n && memcmp(w->name, text + 1, n) == 0) {
            *ret_len = n + 2;
            return w->value;
        }
    }
    return NULL;
}

void lk_say_fill(struct lk_text *out, const char *text, const struct lk_word *words)
{
    while (*text != '\0') {
        size_t plain = text[0] == '{' ? 1 : strcspn(text, "{");
        size_t len = 0;
        const char *value = text[0] == '{' ? word_at(text, words, &len) : NULL;
        if (value != NULL) {
            lk_say_clean(out, value);
            text += len;
        } else {
            lk_text_addf(out, "%.*s", (int)plain, text);
            text += plain;
        }
    }
}

const char *lk_say_text(enum lk_lang lang, const char *key)
{
    const char *text = lk_catalogue_text(key, lang);
    return text != NULL ? text : key;
}

const char *lk_say_word(enum lk_lang lang, const char *prefix, const char *word, char *buf, size_t cap)
{
    struct lk_text t = lk_text_init(buf, cap);
    lk_text_addf(&t, "%s.%s", prefix, word);
    const char *text = t.truncated ? NULL : lk_catalogue_text(buf, lang);
    if (text != NULL) {
        return text;
    }
    t = lk_text_init(buf, cap);
    lk_say_clean(&t, word);
    return buf;
}

void lk_say(FILE *out, enum lk_lang lang, const char *key, const struct lk_word *words)
{
    char line[2048];
    struct lk_text t = lk_text_init(line, sizeof(line));
    lk_say_fill(&t, lk_say_text(lang, key), words);
    fprintf(out, "%s\n", line);
}

static void add_unit(struct lk_text *out, enum lk_lang lang, const char *key, int64_t n)
{
    char number[24];
    snprintf(number, sizeof(number), "%" PRId64, n);
    lk_text_add(out, out->len == 0 ? "" : " ");
    lk_say_fill(out, lk_say_text(lang, key), LK_WORDS({"n", number}));
}

void lk_say_duration(struct lk_text *out, enum lk_lang lang, int64_t seconds)
{
    static const struct {
        const char *key;
        int64_t seconds;
    } units[] = {{"ctl.time.d", 86400}, {"ctl.time.h", 3600}, {"ctl.time.m", 60}, {"ctl.time.s", 1}};
    size_t i = 0;
    int64_t rest = seconds < 0 ? 0 : seconds;
    while (i < 3 && rest < units[i].seconds) {
        i++;
    }
    char text[64];
    struct lk_text t = lk_text_init(text, sizeof(text));
    add_unit(&t, lang, units[i].key, rest / units[i].seconds);
    rest %= units[i].seconds;
    if (i < 3 && rest / units[i + 1].seconds > 0) {
        add_unit(&t, lang, units[i + 1].key, rest / units[i + 1].seconds);
    }
    lk_text_add(out, text);
}

void lk_say_bytes(struct lk_text *out, int64_t bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    double n = (double)bytes;
    size_t i = 0;
    while (n >= 1000 && i < 4) {
        n /= 1000;
        i++;
    }
    lk_text_addf(out, i == 0 || n >= 100 ? "%.0f %s" : "%.1f %s", n, units[i]);
}

static void cut_cell(char *cell, const char *s)
{
    char clean[2 * LK_TABLE_CELL];
    struct lk_text t = lk_text_init(clean, sizeof(clean));
    lk_say_clean(&t, s);
    size_t len = strlen(clean);
    if (len >= LK_TABLE_CELL) {
        len = LK_TABLE_CELL - 2;
        while (len > 0 && ((unsigned char)clean[len] & 0xc0) == 0x80) {
            len--;
        }
        clean[len++] = '~';
    }
    memcpy(cell, clean, len);
    cell[len] = '\0';
}

int lk_table_add(struct lk_table *t, const char *const *cells)
{
    if (t->rows == t->cap) {
        size_t cap = t->cap == 0 ? 16 : t->cap * 2;
        void *grown = realloc(t->cell, cap * t->columns * LK_TABLE_CELL);
        if (grown == NULL) {
            return -ENOMEM;
        }
        t->cell = grown;
        t->cap = cap;
    }
    for (size_t c = 0; c < t->columns; c++) {
        cut_cell(t->cell[t->rows * t->columns + c], cells[c] != NULL && cells[c][0] != '\0' ? cells[c] : "-");
    }
    t->rows++;
    return 0;
}

static void print_cell(const struct lk_table *t, size_t row, size_t column, size_t width, FILE *out)
{
    const char *cell = t->cell[row * t->columns + column];
    int pad = (int)(width - lk_say_width(cell));
    bool last = column + 1 == t->columns;
    if ((t->right >> column & 1) != 0) {
        fprintf(out, "%*s%s%s", pad, "", cell, last ? "" : "  ");
    } else {
        fprintf(out, "%s%*s", cell, last ? 0 : pad + 2, "");
    }
}

void lk_table_print(const struct lk_table *t, FILE *out)
{
    size_t width[LK_TABLE_COLUMNS] = {0};
    for (size_t i = 0; i < t->rows * t->columns; i++) {
        size_t w = lk_say_width(t->cell[i]);
        width[i % t->columns] = w > width[i % t->columns] ? w : width[i % t->columns];
    }
    for (size_t r = 0; r < t->rows; r++) {
        for (size_t c = 0; c < t->columns; c++) {
            print_cell(t, r, c, width[c], out);
        }
        fputc('\n', out);
    }
}

void lk_table_free(struct lk_table *t)
{
    free(t->cell);
    *t = (struct lk_table){0};
}
