/*
 * The daemon's program, run for what it does offline (--check-config, --restore). Thread: one. Blocking: until it ends.
 */
#ifndef CTL_PROGRAM_H
#define CTL_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

/* Where lockerd is: `given` (--lockerd; NULL: none), beside us, in the sbin beside our bin, or where systems keep it.
 * buf holds cap bytes. 0 or -ENOENT. */
int lk_program_find(const char *given, char *buf, size_t cap);

/* Runs it with argv (NULL at the end; argv[0] is its name) and reads what it prints into ret_words, cut at cap - 1
 * bytes. all: also what it complains on stderr, else that goes where ours goes. Returns its exit code, 128 + n when a
 * signal ended it, or a negative errno when it could not be run. */
int lk_program_run(const char *path, const char *const *argv, bool all, char *ret_words, size_t cap);

#endif
