/*
 * Names in tables: what words.c and words_step.c share. Not for other modules.
 */
#ifndef CORE_NAMES_H
#define CORE_NAMES_H

#include <stddef.h>

/* The name of value v in a table with one entry per value, "?" when it has none. Static text. */
const char *lk_name_of(const char *const *names, size_t count, int v);

/* The value a name stands for, or -EINVAL. */
int lk_value_of(const char *const *names, size_t count, const char *name);

#endif
