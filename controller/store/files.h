/*
 * Inside the store: files that have to be whole and to stay, whatever the power does.
 */
#ifndef LK_STORE_FILES_H
#define LK_STORE_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Creates `path` with mode 0600 and these bytes: written to path.tmp, synced, renamed. -EEXIST when it is there. */
int lk_file_create(const char *path, const char *bytes, size_t n);

/* Gives `from` the name `to` without replacing anything, and syncs the folder. -EEXIST. */
int lk_file_rename(const char *from, const char *to);

/* Syncs a file, or the folder a path is in. */
int lk_file_sync(const char *path);
int lk_file_sync_folder(const char *path);

/* Size in bytes; -ENOENT and others. */
int64_t lk_file_size(const char *path);
bool lk_file_exists(const char *path);
/* Whether path + suffix is a file with something in it. */
bool lk_file_has_bytes(const char *path, const char *suffix);

/* malloc'd "path" + suffix, NULL when out of memory. */
char *lk_file_beside(const char *path, const char *suffix);

#endif
