/*
 * The dues job: asks the store what the calendar wants (reminders, overdue, erasing, purging), puts it before the core,
 * and empties the store's files of what was erased. Every minute, and soon after lk_dues_look().
 *
 * Thread: the owner thread. Blocking: a commit per due, at most DUES_PER_TURN of them before others get their turn; a
 * scrub of the store once a day, the first one ten minutes after a start, only when the kiosk rests. Errors: told in
 * the log; the next minute tries again.
 */
#ifndef APP_DUES_H
#define APP_DUES_H

#include "engine.h"

struct lk_dues;

struct lk_dues_config {
    struct lk_engine *engine; /* all borrowed until destroy */
    struct lk_store *store;
    struct event_base *base;
    unsigned commands_days; /* an answered command is remembered this long */
};

/* 0 or -ENOMEM. The first look is at the loop's next turn. */
int lk_dues_create(const struct lk_dues_config *config, struct lk_dues **ret_dues);

/* Something changed that dates depend on: the clock is right now, or jumped. NULL is fine. */
void lk_dues_look(struct lk_dues *dues);

/* What lk_dues_now() did. */
struct lk_dues_done {
    unsigned erased, records;
    bool more; /* there is more to do */
};

/* Does some of what is due at once, as many as in one turn: somebody asks for it. 0, or the error of a look-up or
 * commit; what was done before it is done and counted. */
int lk_dues_now(struct lk_dues *dues, struct lk_dues_done *ret_done);

/* NULL is fine. Returns NULL. */
struct lk_dues *lk_dues_destroy(struct lk_dues *dues);

#endif
