#include "call.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int lk_cab_fail(struct lk_cab_call *c, int code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(c->error, sizeof c->error, fmt, ap);
    va_end(ap);
    return code;
}

bool lk_cab_word_in(const char *words, const char *word)
{
    size_t n = strlen(word);
    for (const char *at = words; n > 0 && (at = strstr(at, word)) != NULL; at += n) {
        if ((at == words || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0')) {
            return true;
        }
    }
    return false;
}

bool lk_cab_has(const struct lk_cab_call *c, const char *key)
{
    return json_object_get(c->args, key) != NULL;
}

const char *lk_cab_need_text(struct lk_cab_call *c, const char *key)
{
    const char *text = json_string_value(json_object_get(c->args, key));
    if (!text) {
        (void)lk_cab_fail(c, -EINVAL, "%s: %s", key, lk_cab_has(c, key) ? "must be a text" : "missing");
    }
    return text;
}

int lk_cab_take_int(struct lk_cab_call *c, const char *key, int64_t min, int64_t max, int64_t *value)
{
    const json_t *j = json_object_get(c->args, key);
    if (!j) {
        return 0;
    }
    if (!json_is_integer(j) || json_integer_value(j) < min || json_integer_value(j) > max) {
        return lk_cab_fail(c, -EINVAL, "%s: must be a whole number from %lld to %lld", key, (long long)min,
                           (long long)max);
    }
    *value = json_integer_value(j);
    return 0;
}

int lk_cab_take_bool(struct lk_cab_call *c, const char *key, bool *value)
{
    const json_t *j = json_object_get(c->args, key);
    if (j && !json_is_boolean(j)) {
        return lk_cab_fail(c, -EINVAL, "%s: must be true or false", key);
    }
    *value = j ? json_is_true(j) : *value;
    return 0;
}

int lk_cab_find_named(struct lk_cab_call *c, const char *key, int (*look_up)(const struct lk_cab_world *, const char *))
{
    const char *name = lk_cab_need_text(c, key);
    int r = name ? look_up(&c->sim->world, name) : -EINVAL;
    return r == -ENOENT ? lk_cab_fail(c, r, "%s: there is no \"%.40s\"", key, name) : r;
}
