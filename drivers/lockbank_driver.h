/*
 * For implementers of a lock bank: the object behind the handle, its ops, and the common part that every kind of board
 * uses. Callers include drivers/lockbank.h only.
 *
 * An implementation embeds struct lk_lockbank as its first member and calls lk_bank_init(). The common part keeps what
 * was said through the sink, queues pulses for the supply, and turns readings into open and closed; the implementation
 * talks to the metal and tells what it saw:
 *   lockbank.c    the public functions, state changes
 *   bank_pulse.c  pulses and the supply
 *   bank_sense.c  from readings to open and closed
 *   modbus_*.c    a board on a fieldbus
 *   gpiobank.c    locks and switches on GPIO lines
 * Thread: the owner thread.
 */
#ifndef LK_DRIVERS_LOCKBANK_DRIVER_H
#define LK_DRIVERS_LOCKBANK_DRIVER_H

#include "drivers/lockbank.h"

enum {
    LK_BANK_CONFIRM_MS = 200,
    LK_BANK_EXPECT_MS = 5000,  /* a door may be seen to open this long after its pulse */
    LK_BANK_READBACK_MS = 100, /* after the end of a pulse */
    LK_BANK_FOCUS_MS = 1000,   /* a door whose change is not confirmed yet is looked at closely for so long */
    LK_BANK_AGAIN_MS = 200,    /* a check failed on the wire */
    LK_BANK_HELD_MS = 2000,    /* beyond the pulse: if nobody has said "off" by then, the coil is looked at */
};

/* HELD: its result was said, but nobody has said yet when the coil went off: the supply stays taken. */
enum lk_bank_pulse { LK_BANK_PULSE_NONE, LK_BANK_PULSE_WAITING, LK_BANK_PULSE_SENT, LK_BANK_PULSE_HELD };

struct lk_bank_door {
    enum lk_lockbank_sense sense;     /* as said */
    enum lk_lockbank_sense candidate; /* UNKNOWN: none */
    int64_t candidate_at_ms;
    int64_t expect_until_ms; /* an opening before this follows from our pulse */
    enum lk_bank_pulse pulse;
    uint64_t intent, ticket;
    int64_t check_at_ms; /* INT64_MAX: the coil needs no reading back */
    struct lk_supply_coil coil;
    uint32_t pulses;
};

/* All required but ready and fd, which a kind without a descriptor of its own leaves out, and completion, which one
 * without a fieldbus does. Every op may call the common part, and through it the sink. */
struct lk_lockbank_ops {
    const char *name; /* of the kind, for messages */
    bool (*may_drive)(const struct lk_lockbank *bank);
    /* Begins to listen; set-up follows with the first answer. 0 or negative errno. */
    int (*start)(struct lk_lockbank *bank, int64_t now_ms);
    /* Puts a granted pulse on its way, once. 0: lk_bank_pulse_done() follows; else certainly nothing left us, and it is
     * asked again when retry_at_ms has come. */
    int (*pulse)(struct lk_lockbank *bank, unsigned door, int64_t now_ms);
    /* A door is moving: look often until then. */
    void (*look_closely)(struct lk_lockbank *bank, int64_t until_ms);
    /* A change has lasted long enough: take a reading of its own and tell it as fresh. */
    void (*confirm)(struct lk_lockbank *bank, int64_t now_ms);
    void (*completion)(struct lk_lockbank *bank, const struct lk_fb_completion *completion, int64_t now_ms);
    void (*ready)(struct lk_lockbank *bank, int64_t now_ms);
    int (*fd)(const struct lk_lockbank *bank);
    /* The implementation's own timers; the common part has asked its own already. */
    void (*tick)(struct lk_lockbank *bank, int64_t now_ms);
    int64_t (*next_at_ms)(const struct lk_lockbank *bank);
    /* Begins the end: coils off, proved; sets ended and proved_off when done. reachable false: never drove anything. */
    void (*stop)(struct lk_lockbank *bank, bool reachable, int64_t now_ms);
    /* Left out: nothing to say. */
    const char *(*complaint)(const struct lk_lockbank *bank);
    void (*destroy)(struct lk_lockbank *bank);
};

/* What the common part has to know. */
struct lk_bank_config {
    unsigned doors;
    unsigned pulse_ms;
    unsigned confirm_ms;          /* 0: LK_BANK_CONFIRM_MS */
    uint32_t sensor_closed_level; /* bit d: what the input of door d reads while the door is shut */
};

struct lk_lockbank {
    const struct lk_lockbank_ops *ops;
    struct lk_bank_config common;
    struct lk_supply *supply;
    struct lk_lockbank_sink sink;
    void *user;
    enum lk_lockbank_board state;
    enum lk_lockbank_reason reason;
    uint64_t tickets;
    int64_t now_ms;           /* of the last call */
    int64_t retry_at_ms;      /* nothing is put on its way before this */
    bool confirming;          /* a confirming reading is on its way */
    int64_t confirm_again_ms; /* it failed: not before this */
    bool ending, ended, proved_off;
    struct lk_bank_door doors[LK_LOCKBANK_DOORS_MAX];
};

/* lockbank.c */
void lk_bank_init(struct lk_lockbank *bank, const struct lk_lockbank_ops *ops, const struct lk_bank_config *config,
                  struct lk_supply *supply, const struct lk_lockbank_sink *sink, void *user);
/* Says a new state or reason; anything but READY makes every door unknown and drops waiting pulses. */
void lk_bank_set_state(struct lk_lockbank *bank, enum lk_lockbank_board state, enum lk_lockbank_reason reason,
                       int64_t now_ms);
/* The end is over. */
void lk_bank_end(struct lk_lockbank *bank, bool proved_off);
/* READY, with the first reading: one sense for each door. */
void lk_bank_ready(struct lk_lockbank *bank, uint32_t levels, int64_t at_ms, int64_t now_ms);

/* bank_pulse.c */
void lk_bank_pulses_grant(struct lk_lockbank *bank, int64_t now_ms);
void lk_bank_pulses_drop(struct lk_lockbank *bank);
/* The pulse of this door ended. was_sent: the coil may be on until pulse_ms after done_at_ms. */
void lk_bank_pulse_done(struct lk_lockbank *bank, unsigned door, enum lk_lockbank_pulse_result result, bool was_sent,
                        int64_t done_at_ms, int64_t now_ms);
/* The same, where "off" is a message of its own that is still to come: the pulse was sent. lk_bank_pulse_off() follows.
 */
void lk_bank_pulse_held(struct lk_lockbank *bank, unsigned door, enum lk_lockbank_pulse_result result,
                        int64_t done_at_ms);
/* The coil went off not later than off_at_ms; proven false: that could not be shown, and it is looked at now. */
void lk_bank_pulse_off(struct lk_lockbank *bank, unsigned door, bool proven, int64_t off_at_ms, int64_t now_ms);
int64_t lk_bank_pulses_next_ms(const struct lk_lockbank *bank);

/* bank_sense.c: a reading is one level for each door (bit d), taken not before taken_ms and here at at_ms. fresh: it
 * was asked for by confirm(). */
struct lk_bank_reading {
    uint32_t levels;
    int64_t taken_ms, at_ms;
    bool fresh;
};
void lk_bank_sense_unknown(struct lk_lockbank *bank, int64_t at_ms);
void lk_bank_sense_first(struct lk_lockbank *bank, uint32_t levels, int64_t at_ms);
void lk_bank_sense_reading(struct lk_lockbank *bank, const struct lk_bank_reading *reading);
void lk_bank_confirm_due(struct lk_lockbank *bank, int64_t now_ms);
/* The reading asked for by confirm() came (failed: it did not). */
void lk_bank_confirmed(struct lk_lockbank *bank, bool failed, int64_t now_ms);
int64_t lk_bank_confirm_next_ms(const struct lk_lockbank *bank);

static inline int64_t lk_bank_sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

#endif
