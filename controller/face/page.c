#include "page.h"

#include <stdio.h>
#include <string.h>

static void put_escaped(FILE *out, const char *value)
{
    for (; *value != '\0'; value++) {
        if (strchr("&<>\"'", *value)) {
            fprintf(out, "&#%d;", *value);
        } else {
            fputc(*value, out);
        }
    }
}

static void put_value(FILE *out, const char *name, size_t length, const struct lk_page_value *values)
{
    for (; values->name; values++) {
        if (strlen(values->name) == length && strncmp(values->name, name, length) == 0) {
            put_escaped(out, values->value);
        }
    }
}

char *lk_page_fill(const char *html, size_t length, const struct lk_page_value *values, size_t *ret_length)
{
    char *page = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&page, &size);
    const char *at = html, *end = html + length;

    if (!out) {
        return NULL;
    }
    while (at < end) {
        const char *open = memmem(at, (size_t)(end - at), "{{", 2);
        const char *close = open ? memmem(open, (size_t)(end - open), "}}", 2) : NULL;
        if (!close) {
            break;
        }
        fwrite(at, 1, (size_t)(open - at), out);
        put_value(out, open + 2, (size_t)(close - open - 2), values);
        at = close + 2;
    }
    fwrite(at, 1, (size_t)(end - at), out);
    if (fclose(out) != 0) {
        return NULL;
    }
    *ret_length = size;
    return page;
}
