/*
 * A site for bank tests in virtual time: one simulated line, up to four banks on one supply, and a note of all that the
 * banks said and that the coils did.
 */
#ifndef LK_TESTS_LOCKBANK_RIG_H
#define LK_TESTS_LOCKBANK_RIG_H

#include "drivers/lockbank.h"
#include "hal/fieldbus_sim.h"

enum { RIG_BANKS = 4, RIG_NOTES = 512, RIG_START_MS = 1000, RIG_INPUTS_UNIT = 101 };

enum rig_kind { RIG_SENSE, RIG_PULSE, RIG_BOARD, RIG_COIL, RIG_REQUEST };

struct rig_note {
    enum rig_kind kind;
    int64_t at_ms;
    unsigned bank; /* RIG_COIL, RIG_REQUEST: unit - 1 */
    unsigned door; /* RIG_COIL: channel; RIG_REQUEST: function << 16 | address */
    int value;     /* sense, result, state, on, or the request's value */
    int reason;    /* of the board */
    uint64_t intent;
};

struct rig {
    struct lk_fieldbus *fb;
    struct lk_supply *supply;
    struct lk_lockbank *banks[RIG_BANKS];
    struct lk_sim_board *boards[RIG_BANKS];
    struct lk_sim_board *inputs[RIG_BANKS]; /* where the door switches are: the same board, or one of its own */
    unsigned doors[RIG_BANKS];
    struct rig_user {
        struct rig *rig;
        unsigned bank;
    } users[RIG_BANKS];
    int64_t now_ms;
    struct rig_note notes[RIG_NOTES];
    unsigned notes_n;
};

/* A line of that speed with `banks` boards of 8 channels, all doors shut (inputs 1 = closed); nothing started. */
void rig_make(struct rig *rig, unsigned banks, unsigned baud);
void rig_end(struct rig *rig);

/* Makes bank b (a config change applied by the caller's function, may be NULL). */
void rig_bank(struct rig *rig, unsigned b, void (*change)(struct lk_lockbank_config *));

/* hal/sim knows this maker. A family it does not know is tested by its frames only (frames_test.c). */
bool rig_knows(const struct lk_board_profile *profile);

/* The profile of bank b, on a simulated board of that maker; a board without inputs gets another one for the switches,
 * at address RIG_INPUTS_UNIT + b. Everything is confirmed and accepted; at most 8 doors. change as above. */
void rig_bank_as(struct rig *rig, unsigned b, const struct lk_board_profile *profile,
                 void (*change)(struct lk_lockbank_config *));

/* Starts all banks and lets time pass until they are ready. */
void rig_ready(struct rig *rig);

/* What was last said about bank b. */
enum lk_lockbank_board rig_state(const struct rig *rig, unsigned b);
enum lk_lockbank_reason rig_reason(const struct rig *rig, unsigned b);

/* Lets time pass in steps of a millisecond, driving the banks as the engine does. */
void rig_run(struct rig *rig, int64_t ms);

void rig_door(struct rig *rig, unsigned b, unsigned door, bool open);
void rig_forget(struct rig *rig);

/* Notes of a kind for a bank (-1: any) and door (-1: any); the i-th of them, or NULL. */
unsigned rig_count(const struct rig *rig, enum rig_kind kind, int bank, int door);
const struct rig_note *rig_note(const struct rig *rig, enum rig_kind kind, int bank, int door, unsigned i);

#endif
