/* The table that cmake/catalogue.py writes: sorted by key in byte order, one text per enum lk_lang. */
#ifndef CATALOGUE_ROWS_H
#define CATALOGUE_ROWS_H

#include "catalogue/catalogue.h"

struct lk_catalogue_row {
    const char *key;
    const char *text[LK_LANGS];
};

extern const struct lk_catalogue_row lk_catalogue_rows[];
extern const size_t lk_catalogue_row_count;

#endif
