/* What the HTTP side and the admin socket both need around jansson. Pure; any thread. */
#ifndef FACE_JSON_TEXT_H
#define FACE_JSON_TEXT_H

#include "base/text.h"

#include <jansson.h>

/* Parses outside text: well-formed UTF-8, an object, no member twice, nesting <= depth. Returns a new reference, or
 * NULL and in why what is wrong, with nothing of the text in it. */
json_t *lk_json_load_object(const char *text, size_t length, unsigned depth, struct lk_text *why);

/* Adds s as a JSON string with its quotes. */
void lk_json_add_string(struct lk_text *t, const char *s);

/* Overwrites a string value in place. */
void lk_json_wipe(const json_t *string);

/* A member's name for a message: itself when it is a short plain word, else "?". */
const char *lk_json_plain_name(const char *name);

#endif
