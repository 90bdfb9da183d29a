/*
 * A misbehaving disk: an SQLite VFS over the real one that fails the n-th write, sync or truncate, fails for good from
 * there on (full disk), or remembers what was synced and shows the files as a power cut would leave them.
 */
#ifndef TESTS_STORE_DISK_H
#define TESTS_STORE_DISK_H

#include <stdbool.h>
#include <stddef.h>

enum disk_failure { DISK_FULL, DISK_IO_WRITE, DISK_IO_SYNC };

/* Becomes SQLite's default VFS for the rest of the process; counts from 0. */
void disk_install(void);

/* The n-th counted call from now (1 is the next) fails; forever: and all after it. Writes that fail are half done. */
void disk_fail_at(unsigned n, enum disk_failure failure, bool forever);
void disk_heal(void);
/* Whether the failure happened. */
bool disk_failed(void);

/* From now on: remember writes since each sync, for files whose path begins with `prefix`. */
void disk_watch(const char *prefix);
/* At the n-th counted call from now, note how a power cut at that moment could leave the files: everything synced, and
 * of the rest what `seed` says, torn at sectors. */
void disk_cut_at(unsigned n, unsigned seed);
bool disk_was_cut(void);
/* Writes the noted files (base names kept) to another folder. */
void disk_write_image(const char *folder);
void disk_forget(void);

#endif
