#include "json_in.h"

#include "base/text.h"
#include "uplink/command_verify.h"

/* Counted on the bytes, because jansson itself goes 2048 deep and its stack with it. */
static bool is_too_deep(const char *s, size_t len)
{
    int depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < len; i++) {
        if (in_string && s[i] == '\\') {
            i++;
        } else if (s[i] == '"') {
            in_string = !in_string;
        } else if (!in_string && (s[i] == '{' || s[i] == '[')) {
            if (++depth > LK_COMMAND_DEPTH_MOST) {
                return true;
            }
        } else if (!in_string && (s[i] == '}' || s[i] == ']')) {
            depth--;
        }
    }
    return false;
}

static json_t *fail(const char **ret_fault, const char *fault)
{
    *ret_fault = fault;
    return NULL;
}

json_t *lk_json_in(const char *bytes, size_t len, const char **ret_fault)
{
    if (len > LK_COMMAND_TOKEN_MAX) {
        return fail(ret_fault, "longer than 16 KiB");
    }
    if (!lk_text_is_utf8(bytes, len)) {
        return fail(ret_fault, "not UTF-8 text");
    }
    if (is_too_deep(bytes, len)) {
        return fail(ret_fault, "nested too deep");
    }
    json_error_t error;
    json_t *root = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &error);
    if (!root) {
        return fail(ret_fault, json_error_code(&error) == json_error_duplicate_key ? "a key appears twice"
                                                                                   : "not one JSON object");
    }
    if (!json_is_object(root)) {
        json_decref(root);
        return fail(ret_fault, "not one JSON object");
    }
    return root;
}
