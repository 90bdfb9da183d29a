/*
 * The journal of a commissioning: one JSON object a line, one fact each, on the disk before it counts.
 *
 * A line that was cut off by a crash is the last one and has no end; it is dropped when the journal is opened again,
 * for nothing followed from it. Anything else that cannot be read is a damaged journal and refused.
 *
 *   {"at":"2026-03-01T08:00:00Z","fact":"pulse","unit":1,"channel":3,"who":"m01","text":"first wiring"}
 *
 * Channels and inputs count from 1 here. Thread: one. Blocking: fsync(2).
 */
#ifndef COMMISSION_JOURNAL_H
#define COMMISSION_JOURNAL_H

#include "commission/known.h"

struct lk_com_journal;

/*
 * Opens the journal for this process alone and folds what it holds into *known.
 * resume: it must exist; otherwise it must not. 0; -EEXIST, -ENOENT; -EBUSY: another commissioning uses it; -EBADMSG:
 * damaged, *ret_line says where; other errnos of open(2). known is the caller's, zeroed by this.
 */
int lk_com_journal_open(const char *path, bool resume, struct lk_com_known *known, unsigned *ret_line,
                        struct lk_com_journal **ret_journal);

/* 0 when the fact would survive a power cut; else a negative errno, and the journal takes no more. */
int lk_com_journal_note(struct lk_com_journal *journal, const struct lk_com_fact *fact, int64_t wall_s);

/* NULL is fine. Returns NULL. */
struct lk_com_journal *lk_com_journal_close(struct lk_com_journal *journal);

/* One line of JSON, without its end, and back. 0, -ENOBUFS or -EBADMSG. */
int lk_com_fact_write(const struct lk_com_fact *fact, int64_t wall_s, char *buf, size_t cap);
int lk_com_fact_read(const char *line, size_t n, struct lk_com_fact *ret_fact);

#endif
