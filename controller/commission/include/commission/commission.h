/*
 * Commissioning of one line: finds its boards, opens each lock in turn, learns which door and which input belong to it.
 *
 * The caller lends a line (opened on request), a clock, a person and a journal through struct lk_com_io; this decides
 * what is asked and what goes on the line, and hands every fact to the journal before anything follows from it. Pulses
 * go through drivers/lockbank.h only, one board after the other on one supply: timed by the board, one coil at a time,
 * rested, all coils off and read back before the first pulse of a board and at the end, whatever the end is (law 9).
 *
 * The program runs as a straight story (ask, pulse, watch, ask), and never blocks by itself: time passes only in
 * io->wait(). In tests that is virtual time over hal/sim, and the person is a script.
 *
 * Thread: one. Memory: one allocation, and what lockbank and supply take. Nothing logs; what is said to the person goes
 * through io as keys of the catalogue ("ctl.commission.KEY") with words to fill in.
 */
#ifndef COMMISSION_COMMISSION_H
#define COMMISSION_COMMISSION_H

#include "commission/known.h"

enum {
    LK_COM_SPEEDS = 8,
    LK_COM_PARITIES = 3,
    LK_COM_WORDS = 8,
    LK_COM_ANSWER = 160,    /* bytes of an answer, NUL included */
    LK_COM_WATCH_MS = 2500, /* how long after a pulse an input may change */
    LK_COM_MORE_MS = 700,   /* after the first change: whether another one follows */
    LK_COM_SHUT_MS = 5000,  /* how long after "it is shut" the input may take to say so */
    LK_COM_PROBE_MS = 200,  /* a board answers within this */
};

/* What is said or asked: a key of the catalogue, and the words of its placeholders. */
struct lk_com_say {
    const char *key;
    struct {
        const char *name;
        char value[LK_COM_TEXT];
    } word[LK_COM_WORDS];
    unsigned words;
    const char *preset; /* questions: what an empty answer means; NULL: an answer is needed */
};

struct lk_com_io {
    /* Makes and starts a line. 0, or an errno of lk_fieldbus_start(): -EBUSY when another process has it. The line is
     * destroyed by the commissioning. */
    int (*open)(void *user, const struct lk_fieldbus_config *config, struct lk_fieldbus **ret_fb);
    int64_t (*now_ms)(void *user);
    /* Lets time pass until until_ms, or until the line or the person has something to say. 0, or -EINTR: the person (or
     * a signal) wants to leave. fb may be NULL. */
    int (*wait)(void *user, struct lk_fieldbus *fb, int64_t until_ms);
    /* Puts a question. answer() then says -EAGAIN until there is one. -EINTR: leave; -EPIPE: nobody is there any more.
     */
    void (*ask)(void *user, const struct lk_com_say *question);
    int (*answer)(void *user, char *ret_text, size_t cap);
    void (*tell)(void *user, const struct lk_com_say *news);
    /* Writes a fact down. 0 only when it would survive a power cut. */
    int (*note)(void *user, const struct lk_com_fact *fact);
};

struct lk_com_setup {
    struct lk_fieldbus_config line; /* baud and parity are taken from the lists below (RTU) */
    unsigned baud[LK_COM_SPEEDS];
    unsigned bauds;
    enum lk_fb_parity parity[LK_COM_PARITIES];
    unsigned parities;
    unsigned unit_first, unit_last;                   /* the addresses to look at */
    const char *profile;                              /* NULL: asked for each board */
    const char *who, *why;                            /* who stands at the cabinet; why, for the journal */
    bool (*bank_taken)(void *user, const char *bank); /* by another line's configuration; NULL: none is */
};

struct lk_com;

/* known: what an earlier run left, or all zero; it stays the caller's and is kept up to date. All pointers must outlive
 * the object. 0 or -ENOMEM. */
int lk_com_create(const struct lk_com_setup *setup, struct lk_com_known *known, const struct lk_com_io *io, void *user,
                  struct lk_com **ret_com);

/*
 * Goes on until everything is learned and the person has agreed to the review.
 * 0; -EINTR: the person left, go on later; -EPIPE: the answers ended; -EBUSY: another process has the line; -ENXIO: no
 * board answered; -EIO: the line broke, or a board could not be made safe; -EPERM: a profile is not verified; others:
 * of open() and note(). Before it returns all coils are off, and read back where the board answers.
 */
int lk_com_run(struct lk_com *com);

/* Gives the one board on the line another address: looks with a broadcast, listens for a second answer, asks, writes,
 * reads back. 0; -EEXIST: two boards answered, or one answers at the new address; -ENXIO: none; -ENOTSUP: no profile
 * knows how; others as lk_com_run(). Nothing is written unless exactly one board answered and the person agreed. */
int lk_com_set_address(struct lk_com *com, unsigned to);

/* Whether, at the last end of a run, every board's coils were read back off. */
bool lk_com_proved_off(const struct lk_com *com);

/* Frees; closes the line. NULL is fine. Returns NULL. */
struct lk_com *lk_com_destroy(struct lk_com *com);

#endif
