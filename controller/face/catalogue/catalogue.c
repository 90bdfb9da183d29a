#include "catalogue/catalogue.h"

#include "catalogue/rows.h"

#include <stdlib.h>
#include <string.h>

static int compare_key(const void *key, const void *row)
{
    return strcmp(key, ((const struct lk_catalogue_row *)row)->key);
}

const char *lk_catalogue_text(const char *key, enum lk_lang lang)
{
    const struct lk_catalogue_row *row =
        bsearch(key, lk_catalogue_rows, lk_catalogue_row_count, sizeof(*row), compare_key);

    return row && lang < LK_LANGS ? row->text[lang] : NULL;
}

size_t lk_catalogue_count(void)
{
    return lk_catalogue_row_count;
}

const char *lk_catalogue_key(size_t n)
{
    return n < lk_catalogue_row_count ? lk_catalogue_rows[n].key : NULL;
}
