/*
 * An inspection: what was found so far, and one door of it. A finding is one line of the journal:
 *   {"at":"...","who":"m01","door":"A07","expected":"Y1","custody":"in_locker","found":"absent","verdict":"missing",
 *    "detail":"..."}
 * expected: all items the records have there, with blanks between; custody: of the first one, before. found: there,
 * absent, some (of them are there), other, empty, not_opened, skipped. verdict: as_expected, settled (it was unknown
 * and is not any more), missing, foreign (something else lies there), unsettled, not_opened, skipped; the worst one
 * counts. Thread: one. Blocking: yes.
 */
#ifndef CTL_INSPECT_H
#define CTL_INSPECT_H

#include "commission/conf.h"
#include "commission/site.h"
#include "person.h"
#include "show.h"

struct lk_inspection {
    struct lk_ctl *ctl;
    struct lk_person person;
    json_t *findings; /* an array */
    int journal;      /* -1: none */
    unsigned meant;   /* doors to look at */
    bool round;       /* the weekly round: in its order, and recorded as one at the end */
    bool recorded;    /* the daemon has it */
    char second[33];  /* the second person, when asked for here */
    char who[LK_COM_WHO];
};

/* Opens --journal, with --resume the findings in it are taken over. Exit codes. */
int lk_inspect_journal_open(struct lk_inspection *i);

/* Whether this door has a finding. */
bool lk_inspect_is_done(const struct lk_inspection *i, const char *door);

/* Opens it, asks, has it shut, tells the daemon what was seen, settles what can be settled, and writes the finding
 * down. row: the door as `doors` told of it, borrowed. LK_EXIT_OK, LK_EXIT_LEFT, or what stops the whole inspection. */
int lk_inspect_door(struct lk_inspection *i, const json_t *row);

#endif
