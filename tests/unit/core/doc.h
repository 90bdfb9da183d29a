/*
 * Reads a table of a Markdown page: the lines between <!-- name --> and <!-- /name -->, without the ruler below the
 * head. Cells are trimmed texts. For tests that compare a page with the code; thread: one.
 */
#ifndef DOC_H
#define DOC_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DOC_ROWS = 40, DOC_CELLS = 12, DOC_TEXT = 120 };

struct doc {
    int rows; /* the head is row 0 */
    char cell[DOC_ROWS][DOC_CELLS][DOC_TEXT];
};

static inline void doc_row(struct doc *doc, char *line)
{
    int n = 0;
    char *text = strchr(line, '|');
    while (text && n < DOC_CELLS) {
        char *end = strchr(++text, '|');
        if (!end) {
            break;
        }
        *end = '\0';
        text += strspn(text, " ");
        size_t length = strlen(text);
        while (length > 0 && text[length - 1] == ' ') {
            length--;
        }
        (void)snprintf(doc->cell[doc->rows][n++], DOC_TEXT, "%.*s", (int)length, text);
        text = end;
    }
    doc->rows++;
}

/* Ends the program with a message when the page or the table is not there. */
static inline void doc_read(struct doc *doc, const char *path, const char *name)
{
    char line[1024], begin[64], end[64];
    int inside = 0;
    FILE *f = fopen(path, "re");
    (void)snprintf(begin, sizeof(begin), "<!-- %s -->", name);
    (void)snprintf(end, sizeof(end), "<!-- /%s -->", name);
    memset(doc, 0, sizeof(*doc));
    while (f && fgets(line, sizeof(line), f) && doc->rows < DOC_ROWS) {
        if (strncmp(line, end, strlen(end)) == 0) {
            break;
        }
        if (inside && line[0] == '|' && strncmp(line, "|--", 3) != 0) {
            doc_row(doc, line);
        }
        inside = inside || strncmp(line, begin, strlen(begin)) == 0;
    }
    if (f) {
        (void)fclose(f);
    }
    if (doc->rows == 0) {
        fprintf(stderr, "%s has no table \"%s\"\n", path, name);
        exit(1);
    }
}

#endif
