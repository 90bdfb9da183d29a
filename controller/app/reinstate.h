/*
 * lockerd --restore: a backup in the place of the database, offline (docs/restore.md; store/reinstate.h does the
 * files). What was found and done is printed on stdout as one line of JSON, for lockerctl restore. Thread: one, nothing
 * else runs.
 */
#ifndef APP_REINSTATE_H
#define APP_REINSTATE_H

#include "app/config.h"
#include "hal/clock.h"

struct lk_restore_options {
    const char *backup;  /* path */
    const char *why;     /* what staff say, for the event log; NULL: nothing */
    bool dry_run;        /* looks, in a folder of its own below $TMPDIR, and changes nothing */
    bool although_whole; /* also when nothing is wrong with the present database */
};

/* An exit code (sysexits.h): EX_OK done, or looked; EX_UNAVAILABLE the present database is whole; EX_TEMPFAIL in use;
 * EX_DATAERR the backup cannot be used; EX_USAGE; EX_OSERR. */
int lk_app_reinstate(const struct lk_config *config, const struct lk_restore_options *options,
                     const struct lk_clock *clock);

#endif
