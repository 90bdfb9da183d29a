#include "json_text.h"

#include "face/face.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/* Nesting is counted before parsing, so that a hostile text never recurses. Brackets inside strings do not count. */
static bool too_deep(const char *text, size_t length, unsigned most)
{
    unsigned depth = 0;
    bool quoted = false;

    for (size_t i = 0; i < length; i++) {
        if (quoted && text[i] == '\\') {
            i++;
        } else if (text[i] == '"') {
            quoted = !quoted;
        } else if (!quoted && (text[i] == '{' || text[i] == '[')) {
            if (++depth > most) {
                return true;
            }
        } else if (!quoted && (text[i] == '}' || text[i] == ']') && depth > 0) {
            depth--;
        }
    }
    return false;
}

json_t *lk_json_load_object(const char *text, size_t length, unsigned depth, struct lk_text *why)
{
    json_error_t error;

    if (!lk_text_is_utf8(text, length)) {
        lk_text_add(why, "not UTF-8, or holds a NUL");
        return NULL;
    }
    if (too_deep(text, length, depth)) {
        lk_text_addf(why, "nested deeper than %u levels", depth);
        return NULL;
    }
    json_t *value = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    if (!value) {
        bool twice = json_error_code(&error) == json_error_duplicate_key;
        lk_text_addf(why, "%s (line %d, column %d)", twice ? "a member is there twice" : "not JSON", error.line,
                     error.column);
        return NULL;
    }
    if (!json_is_object(value)) {
        lk_text_add(why, "not a JSON object");
        json_decref(value);
        return NULL;
    }
    return value;
}

void lk_json_add_string(struct lk_text *t, const char *s)
{
    lk_text_add(t, "\"");
    for (; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\') {
            lk_text_addf(t, "\\%c", c);
        } else if (c < ' ') {
            lk_text_addf(t, "\\u%04x", c);
        } else {
            lk_text_addf(t, "%c", c);
        }
    }
    lk_text_add(t, "\"");
}

void lk_json_wipe(const json_t *string)
{
    if (json_is_string(string)) {
        /* jansson hands out const; the bytes are its own heap copy, and about to be freed. */
        explicit_bzero((void *)(uintptr_t)json_string_value(string), json_string_length(string));
    }
}

const char *lk_json_plain_name(const char *name)
{
    return lk_text_is_id(name, 24) ? name : "?";
}

static void free_wiped(void *memory)
{
    if (memory) {
        explicit_bzero(memory, malloc_usable_size(memory));
        free(memory);
    }
}

void lk_face_wipe_json(void)
{
    json_set_alloc_funcs(malloc, free_wiped);
}
