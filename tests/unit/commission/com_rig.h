/*
 * A cabinet that somebody has wired, and a person who stands before it, for commissioning in virtual time: boards on
 * hal/sim, locks and switches wired as the test says, answers by looking at the doors unless the test says otherwise.
 * Every fact is kept; a pulse without a fact before it fails the test (law 1).
 */
#ifndef LK_TESTS_COM_RIG_H
#define LK_TESTS_COM_RIG_H

#include "commission/commission.h"
#include "hal/fieldbus_sim.h"

enum { RIG_BOARDS = 4, RIG_DOORS = 40, RIG_FACTS = 1000, RIG_ANSWERS = 40, RIG_SAID = 200, RIG_QUESTIONS = 5000 };

/* One door: where its lock and its switch are wired. */
struct rig_door {
    const char *label;          /* as painted on it, and as the person says */
    unsigned unit, channel;     /* of its lock; unit 0: no lock */
    unsigned input_unit, input; /* of its switch; unit 0: no switch */
    bool closed_level;          /* what the switch reads while the door is shut */
    bool jammed;                /* its lock does nothing */
    bool open;
};

struct rig_board {
    enum lk_sim_kind kind;
    bool swapped_modes, no_inputs;
    unsigned unit, channels;
    const char *profile; /* what the person says it is */
    unsigned stray;      /* bit per input: it moves with every pulse of this board, too (crosstalk) */
};

/* An answer for the n-th question of that key, instead of the honest one; n 0: for each. */
struct rig_answer {
    const char *key;
    unsigned n;
    const char *text;
};

struct rig {
    struct rig_board board[RIG_BOARDS];
    unsigned boards;
    struct rig_door door[RIG_DOORS];
    unsigned doors;
    struct rig_answer answer[RIG_ANSWERS];
    unsigned answers;
    unsigned baud;                      /* the boards' */
    unsigned die_after;                 /* facts; the journal fails then. 0: never */
    unsigned leave_at_wait;             /* the n-th wait says that the person leaves; 0: never */
    struct lk_fieldbus_sim_fault fault; /* of fault_unit */
    unsigned fault_unit;

    struct lk_com_setup setup;
    struct lk_com_known known;
    struct lk_com_fact fact[RIG_FACTS];
    unsigned facts;
    const char *said[RIG_SAID];
    char asked[64]; /* the open question */
    char words[LK_COM_TEXT];
    unsigned count[RIG_SAID];
    unsigned said_n;
    unsigned pulses, opens, waits, questions;
    uint32_t pulsed[RIG_BOARDS]; /* bit per channel: since the last answer about it */
    int64_t now_ms;
    struct lk_fieldbus *fb;
    struct lk_sim_board *sim[RIG_BOARDS];
    uint32_t moved; /* doors that the last pulse opened */
};

/* An empty cabinet on /dev/rig. */
void rig_init(struct rig *rig);
void rig_add_board(struct rig *rig, unsigned unit, unsigned channels);

/* Doors 1..n of the board: lock d on channel d, switch on input d, 1 while shut. Labels "A01", ... */
void rig_add_doors(struct rig *rig, unsigned unit, const char *bank, unsigned n);
struct rig_door *rig_door(struct rig *rig, const char *label);

/* Another answer than the honest one. */
void rig_say(struct rig *rig, const char *key, unsigned n, const char *text);

/* Commissions from what is known until it ends; returns what lk_com_run() did, and checks that all coils are off. */
int rig_run(struct rig *rig);

int rig_set_address(struct rig *rig, unsigned to);

/* How often something was said or asked. */
unsigned rig_said(const struct rig *rig, const char *key);

/* Forgets who was here, not what is known: as a new process. The facts so far are folded anew. */
void rig_restart(struct rig *rig);

/* The configuration of the bank, in a static buffer. Fails the test when there is none. */
const char *rig_conf(struct rig *rig, const char *bank);

#endif
