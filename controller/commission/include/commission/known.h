/*
 * What commissioning knows about the boards of one line, as a fold over facts, and what has to be found out next.
 *
 * A fact is one thing that was proved or said, and is written down before anything follows from it (journal.h). What is
 * known is nothing but the facts taken in order, so that an interrupted commissioning goes on exactly behind its last
 * fact: read the journal, fold, ask lk_com_next(). A lock that was about to be pulsed when the power went is known as
 * LK_COM_DOUBT and is not pulsed again before a person has looked (law 1).
 *
 * Pure: no clock, no I/O, no allocation. Thread: any, one at a time per object. Channels and inputs count from 0 here,
 * from 1 wherever people read them; doors count from 1.
 */
#ifndef COMMISSION_KNOWN_H
#define COMMISSION_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/profile.h"
#include "hal/fieldbus.h"

enum {
    LK_COM_BOARDS = 16,   /* on one line: each takes two of the line's standing polls */
    LK_COM_CHANNELS = 32, /* of one board */
    LK_COM_TEXT = 160,    /* bytes of a fact's text, NUL included */
    LK_COM_WHO = 64,
    LK_COM_BANK = 6, /* as LK_CONFIG_BANK_NAME in the daemon */
    LK_COM_NAME = 32,
};

enum lk_com_kind {
    LK_COM_BEGIN,    /* a run began: who, text = device or address of the line; always the same one */
    LK_COM_EMPTY,    /* who says that nothing lies in the cabinet */
    LK_COM_SPEED,    /* boards answer at this speed: number = baud, to = parity */
    LK_COM_BOARD,    /* unit, text = its profile */
    LK_COM_SCANNED,  /* these are all the boards of the line */
    LK_COM_VERIFIED, /* unit: the bench questions about its unverified profile were answered with yes */
    LK_COM_SOFTWARE, /* unit: the risk of a pulse that the board does not time was accepted */
    LK_COM_MODE,     /* unit, number = the command of its timed pulse, where the profile knows several */
    LK_COM_CURRENT,  /* unit, number = what a lock draws, in mA, where the board's outputs bear little */
    LK_COM_NAMED,    /* unit, text = name of its bank; "" = no lock is wired to it */
    LK_COM_PULSE,    /* unit, channel: this lock is about to be pulsed: who, text = why */
    LK_COM_LEARNED,  /* unit, channel, door, input_unit, input, level = what the input reads while shut */
    LK_COM_LEFT,     /* unit, channel: not used. text = why: unused, dead, two, no_sensor, skip */
    LK_COM_AGAIN,    /* unit, channel: what was known about it is forgotten */
    LK_COM_NUMBER,   /* unit, door, to: the door gets that number, and who had it gets this one */
    LK_COM_SIZES,    /* unit, text = sizes of the bank's doors */
    LK_COM_ADDRESS,  /* unit, to: the one board of the line gets this address. Said before it is written */
    LK_COM_MOVED,    /* unit, to: it was read back there */
    LK_COM_WRITTEN,  /* text = a configuration file */
    LK_COM_DONE,     /* all of them */
    LK_COM_STOPPED,  /* a run ended: level = all coils were read back off */
    LK_COM_KINDS
};

/* Members that a kind does not name are 0. */
struct lk_com_fact {
    enum lk_com_kind kind;
    unsigned unit, channel, door, input_unit, input, number, to;
    bool level;
    char who[LK_COM_WHO];
    char text[LK_COM_TEXT];
};

enum lk_com_channel_state {
    LK_COM_UNTRIED,
    LK_COM_DOUBT, /* its pulse may have gone out, and nobody knows what moved */
    LK_COM_KNOWN,
    LK_COM_UNUSED, /* nothing is wired to it, or it was left out */
};

struct lk_com_channel {
    enum lk_com_channel_state state;
    unsigned door, input_unit, input;
    bool closed_level;
    char why[16]; /* LK_COM_UNUSED */
};

struct lk_com_board {
    unsigned unit;
    const struct lk_board_profile *profile;
    bool verified, software, named, has_sizes;
    unsigned pulse_mode, lock_ma; /* 0: not told */
    char bank[LK_COM_BANK];       /* "": no locks */
    char sizes[LK_COM_TEXT];
    struct lk_com_channel channel[LK_COM_CHANNELS];
};

struct lk_com_known {
    unsigned facts;
    bool begun, empty, scanned, done;
    char place[LK_COM_TEXT]; /* of the line */
    unsigned baud;
    enum lk_fb_parity parity;
    unsigned boards;
    struct lk_com_board board[LK_COM_BOARDS]; /* in order of their addresses */
    unsigned last_unit, last_channel;         /* where "back" leads; last_unit 0: nowhere */
};

enum lk_com_step_kind {
    LK_COM_STEP_SCAN,
    LK_COM_STEP_VERIFY, /* board; and the same for the next two */
    LK_COM_STEP_CURRENT,
    LK_COM_STEP_SOFTWARE,
    LK_COM_STEP_NAME,  /* board */
    LK_COM_STEP_DOUBT, /* board, channel */
    LK_COM_STEP_LEARN, /* board, channel */
    LK_COM_STEP_SIZES, /* board */
    LK_COM_STEP_REVIEW,
    LK_COM_STEP_DONE,
};

struct lk_com_step {
    enum lk_com_step_kind kind;
    unsigned board, channel; /* indices */
};

/* Takes one fact in. 0; -EINVAL for a fact that contradicts what is known (a board or profile that does not exist, a
 * door or an input that is another channel's): then nothing changed. */
int lk_com_fold(struct lk_com_known *known, const struct lk_com_fact *fact);

/* The one thing to find out next. */
struct lk_com_step lk_com_next(const struct lk_com_known *known);

/* "pulse", "learned", ...: as in the journal. Never NULL. */
const char *lk_com_kind_name(enum lk_com_kind kind);

/* The kind of that name, or LK_COM_KINDS. */
enum lk_com_kind lk_com_kind_of(const char *name);

/* The board of that address, or NULL. */
const struct lk_com_board *lk_com_board_of(const struct lk_com_known *known, unsigned unit);

/* The board of the bank of that name, or NULL. */
const struct lk_com_board *lk_com_bank_of(const struct lk_com_known *known, const char *bank);

/* The channel (index) of a door of this board's bank, or -1. */
int lk_com_channel_of_door(const struct lk_com_board *board, unsigned door);

/* How many doors are known, and the highest number among them; equal when the numbers have no gap. */
unsigned lk_com_doors(const struct lk_com_board *board, unsigned *ret_highest);

/* Who has this input of the line: the board and the channel. False: nobody yet. */
bool lk_com_input_owner(const struct lk_com_known *known, unsigned unit, unsigned input, unsigned *ret_board,
                        unsigned *ret_channel);

#endif
