/* The page "/": the embedded template with this boot's values put in. Pure but for its allocation. */
#ifndef FACE_PAGE_H
#define FACE_PAGE_H

#include <stddef.h>

/* A {{name}} of the template and what replaces it; the value is escaped for HTML text and attributes. */
struct lk_page_value {
    const char *name;
    const char *value;
};

/* The whole page, ending with NUL (owner: caller, free), and its length. NULL: out of memory. A {{name}} without a
 * value becomes nothing. values ends with a row whose name is NULL. */
char *lk_page_fill(const char *html, size_t length, const struct lk_page_value *values, size_t *ret_length);

#endif
