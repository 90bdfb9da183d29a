/* The page's files inside the program, as cmake/embed.py writes them. "/index.html" is the template of page.h. */
#ifndef FACE_ASSETS_H
#define FACE_ASSETS_H

#include <stddef.h>

struct lk_asset {
    const char *path;
    const char *type;
    const char *bytes;
    size_t length;
};

extern const struct lk_asset lk_assets[];
extern const size_t lk_asset_count;

#endif
