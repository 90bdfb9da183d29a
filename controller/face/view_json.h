/* A snapshot as the page gets it. Pure; any thread. */
#ifndef FACE_VIEW_JSON_H
#define FACE_VIEW_JSON_H

#include "core/view.h"

#include <stddef.h>

enum { LK_VIEW_JSON_MAX = 2048 };

/* Everything of the view but left_ms and locked_ms, as members of a JSON object without its braces, so that equal
 * pictures give equal texts. Returns the length. */
size_t lk_view_json(const struct lk_view *view, char text[LK_VIEW_JSON_MAX]);

#endif
