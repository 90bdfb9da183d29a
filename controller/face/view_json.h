/* A snapshot as the page gets it, as members of a JSON object. Pure; any thread. */
#ifndef FACE_VIEW_JSON_H
#define FACE_VIEW_JSON_H

#include "face/face.h"

#include <stddef.h>

enum { LK_VIEW_JSON_MAX = 3072, LK_WINDOW_JSON_MAX = 384 };

/* Everything of the view but left_ms and locked_ms, as members of a JSON object without its braces, so that equal
 * pictures give equal texts. Returns the length. */
size_t lk_view_json(const struct lk_view *view, char text[LK_VIEW_JSON_MAX]);

/* The window as a JSON object; "null" when there is none. Returns the length. */
size_t lk_window_json(const struct lk_face_window *window, char text[LK_WINDOW_JSON_MAX]);

#endif
