/*
 * A site for GPIO banks in virtual time: one chip, two banks of 4 doors on one supply, and a note of all that the banks
 * said and that the locks did. Bank 0 has locks that are active high and switches that are high while shut; bank 1 has
 * locks that are active low, pulled high, and switches of both kinds.
 */
#ifndef LK_TESTS_GPIOBANK_RIG_H
#define LK_TESTS_GPIOBANK_RIG_H

#include "drivers/gpiobank.h"
#include "hal/gpio_sim.h"

enum { RIG_BANKS = 2, RIG_DOORS = 4, RIG_NOTES = 512, RIG_START_MS = 1000, RIG_BANK_1_CLOSED = 0x5 };

enum rig_kind { RIG_SENSE, RIG_PULSE, RIG_BOARD, RIG_LOCK };

struct rig_note {
    enum rig_kind kind;
    int64_t at_ms;
    unsigned bank, door;
    int value; /* sense, result, state, or whether the lock is energised */
    int reason;
    uint64_t intent;
};

struct rig {
    struct lk_gpio_sim_chip *chip;
    struct lk_supply *supply;
    struct lk_gpio *gpio[RIG_BANKS];
    struct lk_lockbank *banks[RIG_BANKS];
    struct rig_user {
        struct rig *rig;
        unsigned bank;
    } users[RIG_BANKS];
    int64_t now_ms;
    bool stalled; /* the owner's loop does not turn */
    struct rig_note notes[RIG_NOTES];
    unsigned notes_n;
};

/* Chip and banks, all doors shut; nothing started. */
void rig_make(struct rig *rig);
void rig_end(struct rig *rig);

/* Makes bank b anew, with a switch on a line that the chip does not have. */
void rig_misname(struct rig *rig, unsigned b);

/* Starts a bank and sees it ready. */
void rig_ready(struct rig *rig, unsigned b);

/* Lets time pass in steps of a millisecond, driving the banks as the loop does. */
void rig_run(struct rig *rig, int64_t ms);

unsigned rig_lock_line(unsigned b, unsigned door);
unsigned rig_sensor_line(unsigned b, unsigned door);

/* A lock's coil has current. */
bool rig_energised(const struct rig *rig, unsigned b, unsigned door);
bool rig_any_energised(const struct rig *rig);

void rig_door(struct rig *rig, unsigned b, unsigned door, bool open);

void rig_forget(struct rig *rig);

/* Notes of a kind for a bank (-1: any) and door (-1: any); the i-th of them, or NULL. */
unsigned rig_count(const struct rig *rig, enum rig_kind kind, int bank, int door);
const struct rig_note *rig_note(const struct rig *rig, enum rig_kind kind, int bank, int door, unsigned i);

/* The bank is in this state for this reason. */
bool rig_is(const struct rig *rig, unsigned b, enum lk_lockbank_board state, enum lk_lockbank_reason reason);

#endif
