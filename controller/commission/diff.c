#include "commission/conf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

enum { LINES_MAX = 500, CONTEXT = 3 };

struct lines {
    const char *text[LINES_MAX];
    int len[LINES_MAX];
    unsigned n;
};

static int cut(const char *text, struct lines *ret)
{
    ret->n = 0;
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        if (ret->n == LINES_MAX) {
            return -ENOBUFS;
        }
        ret->text[ret->n] = text;
        ret->len[ret->n++] = (int)len;
        text += len + (text[len] == '\n');
    }
    return 0;
}

static bool same(const struct lines *a, unsigned i, const struct lines *b, unsigned j)
{
    return a->len[i] == b->len[j] && memcmp(a->text[i], b->text[j], (size_t)a->len[i]) == 0;
}

/* The longest common tail of lines, for all pairs of starts. */
struct table {
    unsigned short common[LINES_MAX + 1][LINES_MAX + 1];
};

static void fill(struct table *t, const struct lines *a, const struct lines *b)
{
    for (unsigned i = a->n; i-- > 0;) {
        for (unsigned j = b->n; j-- > 0;) {
            unsigned short down = t->common[i + 1][j], right = t->common[i][j + 1];
            t->common[i][j] = same(a, i, b, j) ? (unsigned short)(t->common[i + 1][j + 1] + 1)
                              : down > right   ? down
                                               : right;
        }
    }
}

/* The lines of both between first and last (in a), marked. */
static void body(const struct table *t, const struct lines *a, const struct lines *b, unsigned head, unsigned tail,
                 struct lk_text *out)
{
    unsigned i = head, j = head;
    while (i < a->n - tail || j < b->n - tail) {
        bool more_a = i < a->n - tail, more_b = j < b->n - tail;
        if (more_a && more_b && same(a, i, b, j)) {
            lk_text_addf(out, " %.*s\n", a->len[i], a->text[i]);
            i++;
            j++;
        } else if (more_a && (!more_b || t->common[i + 1][j] >= t->common[i][j + 1])) {
            lk_text_addf(out, "-%.*s\n", a->len[i], a->text[i]);
            i++;
        } else {
            lk_text_addf(out, "+%.*s\n", b->len[j], b->text[j]);
            j++;
        }
    }
}

/* One hunk from the first change to the last: these files are short. */
static void hunk(const struct table *t, const struct lines *a, const struct lines *b, struct lk_text *out)
{
    unsigned head = 0, tail = 0;
    while (head < a->n && head < b->n && same(a, head, b, head)) {
        head++;
    }
    while (tail < a->n - head && tail < b->n - head && same(a, a->n - 1 - tail, b, b->n - 1 - tail)) {
        tail++;
    }
    head = head > CONTEXT ? head - CONTEXT : 0;
    tail = tail > CONTEXT ? tail - CONTEXT : 0;
    unsigned from_a = a->n - head - tail, from_b = b->n - head - tail;
    lk_text_addf(out, "@@ -%u,%u +%u,%u @@\n", from_a > 0 ? head + 1 : head, from_a, from_b > 0 ? head + 1 : head,
                 from_b);
    body(t, a, b, head, tail, out);
}

int lk_com_diff(const char *old_name, const char *old_text, const char *new_name, const char *new_text,
                struct lk_text *out)
{
    struct lines a, b;
    if (strcmp(old_text, new_text) == 0) {
        return 0;
    }
    if (cut(old_text, &a) < 0 || cut(new_text, &b) < 0) {
        return -ENOBUFS;
    }
    LK_CLEANUP(lk_freep) struct table *t = calloc(1, sizeof(*t));
    if (!t) {
        return -ENOMEM;
    }
    fill(t, &a, &b);
    lk_text_addf(out, "--- %s\n+++ %s\n", old_name, new_name);
    hunk(t, &a, &b, out);
    return out->truncated ? -ENOBUFS : 0;
}
