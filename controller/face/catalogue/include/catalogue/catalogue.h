/*
 * The catalogue: every text for people, in Chinese and English, compiled in. Its source is
 * controller/face/catalogue/<chapter>.json; cmake/catalogue.py merges the chapters at build time, refuses duplicates,
 * missing languages and placeholders that differ between the languages, and also writes messages.json for scripts.
 * Thread: any. Nothing allocates or blocks.
 */
#ifndef CATALOGUE_CATALOGUE_H
#define CATALOGUE_CATALOGUE_H

#include <stddef.h>

enum lk_lang { LK_LANG_ZH, LK_LANG_EN, LK_LANGS };

/* The text of a key such as "reason.wrong_code", UTF-8, with {name} placeholders left as they are. NULL when there is
 * no such key. Static. */
const char *lk_catalogue_text(const char *key, enum lk_lang lang);

/* How many keys there are, and the n-th (0-based) in byte order; NULL beyond the end. For tests and listings. */
size_t lk_catalogue_count(void);
const char *lk_catalogue_key(size_t n);

#endif
