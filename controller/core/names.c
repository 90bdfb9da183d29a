#include "names.h"

#include <errno.h>
#include <string.h>

const char *lk_name_of(const char *const *names, size_t count, int v)
{
    return v >= 0 && (size_t)v < count && names[v] ? names[v] : "?";
}

int lk_value_of(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (names[i] && strcmp(names[i], name) == 0) {
            return (int)i;
        }
    }
    return -EINVAL;
}
