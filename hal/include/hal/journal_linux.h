/*
 * The log into the journal by its own protocol, so that what a line is about are fields that one can ask for
 * (docs/journal.md). Source: systemd.io "Native Journal Protocol", systemd.exec(5) on $JOURNAL_STREAM. Thread: open
 * once, before there are threads; lines come from any. Nothing blocks or allocates.
 */
#ifndef HAL_JOURNAL_LINUX_H
#define HAL_JOURNAL_LINUX_H

#include <stdbool.h>

#define LK_JOURNAL_SOCKET "/run/systemd/journal/socket"

/* Whether stderr is the journal, by $JOURNAL_STREAM. */
bool lk_journal_linux_is_stderr(void);

/* From now on lines go as datagrams to this socket; one that it does not take (full, closed) goes to stderr. 0, or
 * negative errno: then all stays as it was. */
int lk_journal_linux_open(const char *path);

#endif
