/*
 * A lock bank: the doors wired to one board. Pulses locks, reads door switches, keeps coils safe, and says what it
 * knows: open, closed or unknown, never a guess.
 *
 * Board life: LOST -> (set-up) -> READY -> LOST | STOPPED. Set-up runs at start, when the line was reopened, and when
 * the board answers again after quarantine: all coils off, a few questions that show whether two boards answer, coils
 * read back (must be off), identity, watchdog and input link modes where the profile has them, inputs read. Then READY
 * and one sense call per door. Where the door switches are on another board, READY takes both. While the board is not
 * READY every door is UNKNOWN, said once per door.
 *
 * Coils (law 9): pulses are timed by the board, or, where it cannot and the configuration accepts that, switched off by
 * the line's worker whatever this thread does (hal/fieldbus.h, follow-up); through its lk_supply a bank shares "one
 * coil at a time", the stagger and the rest of a coil with the banks on the same power supply. 100 ms after each pulse
 * the coils are read back; one that is still on is forced off and the bank stops.
 *
 * Thread: the owner thread only. Time: the caller's monotonic ms, the same clock as the completions' (so virtual time
 * works). Nothing blocks, nothing logs; memory is taken at create only.
 *
 * How the caller drives it: after create, start(). For every completion reaped from the fieldbus, find the bank by
 * lk_lockbank_tag_bank(completion.tag) and call completion(). Keep one timer at the least next_at_ms() of all banks and
 * call tick() of every bank whose instant has come.
 *
 * Source: hardware facts in drivers/include/drivers/profile.h and each profile's `source`.
 */
#ifndef DRIVERS_LOCKBANK_H
#define DRIVERS_LOCKBANK_H

#include <stdbool.h>
#include <stdint.h>

#include "drivers/profile.h"
#include "drivers/supply.h"
#include "hal/fieldbus.h"

struct lk_lockbank;

enum {
    LK_LOCKBANK_DOORS_MAX = 32,
    LK_LOCKBANK_BANKS_MAX = 65535, /* tag_base is below this */
    LK_LOCKBANK_PULSE_MAX_MS = 500 /* unless the profile allows more */
};

enum lk_lockbank_sense { LK_LOCKBANK_SENSE_UNKNOWN, LK_LOCKBANK_SENSE_CLOSED, LK_LOCKBANK_SENSE_OPEN };

/* What is known about a pulse. None of them says that a door opened: only sense() does. */
enum lk_lockbank_pulse_result {
    LK_LOCKBANK_PULSE_DONE,     /* the board echoed the command byte for byte */
    LK_LOCKBANK_PULSE_NOT_SENT, /* certainly never on the wire, or refused by the board with a Modbus exception */
    LK_LOCKBANK_PULSE_UNPROVEN, /* sent, and no answer or a wrong one: the lock may have moved */
};

enum lk_lockbank_board { LK_LOCKBANK_LOST, LK_LOCKBANK_READY, LK_LOCKBANK_STOPPED };

enum lk_lockbank_reason {
    LK_LOCKBANK_REASON_NONE,        /* with READY */
    LK_LOCKBANK_REASON_STARTING,    /* LOST: nothing heard yet, or set-up is running */
    LK_LOCKBANK_REASON_SILENT,      /* LOST: the board is in quarantine, or failed during set-up */
    LK_LOCKBANK_REASON_LINE,        /* LOST: adapter, connection or GPIO chip gone */
    LK_LOCKBANK_REASON_COIL_STUCK,  /* STOPPED: a coil was on when it had to be off */
    LK_LOCKBANK_REASON_LINK_MODE,   /* STOPPED: an input drives a relay by itself (register 0x1000 + channel not 0) */
    LK_LOCKBANK_REASON_UNVERIFIED,  /* STOPPED: profile not verified and not confirmed by the configuration */
    LK_LOCKBANK_REASON_REFUSED,     /* LOST: the board answers with Modbus exceptions; busy, or the wrong profile */
    LK_LOCKBANK_REASON_SHUTDOWN,    /* STOPPED: lk_lockbank_stop() was called */
    LK_LOCKBANK_REASON_DUPLICATE,   /* STOPPED: two boards answer to this address: a pulse would open two doors */
    LK_LOCKBANK_REASON_WRONG_BOARD, /* STOPPED: the board is not the one that the profile describes */
    LK_LOCKBANK_REASON_GARBLED, /* LOST: answers come, broken: two boards with one address, noise, A and B swapped */
    LK_LOCKBANK_REASON_INPUTS_SILENT, /* LOST: the other board, that reads the door switches, does not answer */
    LK_LOCKBANK_REASON_HELD,          /* LOST: somebody else holds a GPIO line; lk_lockbank_complaint() says who */
    LK_LOCKBANK_REASON_NO_LINE,       /* LOST: the GPIO chip has no such line, or cannot do what is asked of it */
    LK_LOCKBANK_REASON_GUARD,         /* LOST: nobody would switch a lock off if this process died: not driven */
};

/* Where a bank tells its news. Called from start, completion, tick and stop only, never from pulse. The callee may call
 * lk_lockbank_pulse() but no other function of the same bank that changes it. All three are required. */
struct lk_lockbank_sink {
    /* A door's sense changed. at_ms: when the reading that shows it arrived (not when it was confirmed). */
    void (*sense)(void *user, unsigned door, enum lk_lockbank_sense sense, int64_t at_ms);
    /* Exactly once per accepted pulse. */
    void (*pulse_done)(void *user, unsigned door, uint64_t intent, enum lk_lockbank_pulse_result result);
    /* The board's state or reason changed. Comes before the sense calls that follow from it. */
    void (*board)(void *user, enum lk_lockbank_board state, enum lk_lockbank_reason reason);
};

struct lk_lockbank_config {
    unsigned tag_base; /* the caller's index of this bank, 0..LK_LOCKBANK_BANKS_MAX-1: see lk_lockbank_tag_bank() */
    uint8_t unit;      /* the board's address on the line, 1..247 */
    const struct lk_board_profile *profile;  /* must outlive the bank (profiles are static data) */
    bool verified;                           /* a technician confirmed an unverified profile on the bench */
    unsigned doors;                          /* 1..32, not more than the profile's channels */
    unsigned pulse_ms;                       /* 0: the profile's default. A multiple of its unit, within its limit */
    uint32_t sensor_closed_level;            /* bit d: what the input of door d (from 0) reads while the door is shut */
    bool has_channels;                       /* false: door d is on channel d */
    uint8_t channels[LK_LOCKBANK_DOORS_MAX]; /* door -> channel from 0, each used once */
    unsigned timeout_ms;                     /* 0: the profile's */
    unsigned confirm_ms;                     /* 0: 200. How long an unexpected change must hold */
    unsigned poll_ms;                        /* 0: as often as the line allows (RTU); 100 is usual for TCP */
    bool has_inputs;                         /* false: door d is on the input of its channel's number */
    uint8_t inputs[LK_LOCKBANK_DOORS_MAX];   /* door -> input from 0, each used once */
    uint8_t inputs_unit;                     /* 0: the door switches are on this board. Otherwise on that board */
    const struct lk_board_profile *inputs_profile; /* of the same line, with this profile */
    bool accept_software_pulse; /* without it a profile with LK_PULSE_SOFTWARE is refused: see docs/boards.md */
    unsigned pulse_mode;        /* one of the profile's pulse_modes; 0: its first */
    unsigned lock_ma;           /* what a lock draws; 0: unknown, and boards with an output_limit_ma are refused */
};

/* Makes a bank on a line and a supply, both of which must outlive it; neither is owned. Doors are numbered from 0.
 * 0; -EINVAL for a configuration that breaks the rules above; -ENOMEM. */
int lk_lockbank_create(const struct lk_lockbank_config *config, struct lk_fieldbus *fb, struct lk_supply *supply,
                       const struct lk_lockbank_sink *sink, void *user, struct lk_lockbank **ret_bank);

/* Frees; pending pulses are NOT reported any more. NULL is fine. Returns NULL. */
struct lk_lockbank *lk_lockbank_destroy(struct lk_lockbank *bank);

/* Begins: sets the standing poll; set-up follows with the first answer. Also the way out of STOPPED, after a person
 * dealt with the cause. 0, or the error of lk_fieldbus_poll_set(). */
int lk_lockbank_start(struct lk_lockbank *bank, int64_t now_ms);

/* The tag_base of the bank that a completion's tag belongs to: tag >> 48. */
unsigned lk_lockbank_tag_bank(uint64_t tag);

/* Takes in one completion whose tag is this bank's. */
void lk_lockbank_completion(struct lk_lockbank *bank, const struct lk_fb_completion *completion, int64_t now_ms);

/* The descriptor to watch for reading, or -1: a bank on a fieldbus has none of its own. It changes only inside start(),
 * ready() and tick(); call ready() when it is readable. */
int lk_lockbank_fd(const struct lk_lockbank *bank);
void lk_lockbank_ready(struct lk_lockbank *bank, int64_t now_ms);

/* When tick() is wanted next; INT64_MAX: not before the next completion. Ask again after every call. */
int64_t lk_lockbank_next_at_ms(const struct lk_lockbank *bank);

/* Does what has become due. Calling it early or twice is harmless. */
void lk_lockbank_tick(struct lk_lockbank *bank, int64_t now_ms);

/*
 * Asks for one pulse of one lock. It waits for its turn on the supply, goes out at most once, and is never repeated.
 * 0: accepted, exactly one pulse_done() follows. Otherwise nothing will happen: -EHOSTDOWN (board not READY), -EPERM
 * (unverified profile), -EBUSY (a pulse of this door is pending, or its coil is not proved off yet), -EINVAL (no such
 * door).
 */
int lk_lockbank_pulse(struct lk_lockbank *bank, unsigned door, uint64_t intent, int64_t now_ms);

/* How long a pulse asked for now would have to wait for the supply and for the rest of the coil; 0: not at all.
 * For the page that says "one moment". */
int64_t lk_lockbank_pulse_wait_ms(const struct lk_lockbank *bank, unsigned door, int64_t now_ms);

/* Pulses that wait for their turn become NOT_SENT; one that has begun ends as it should. */
void lk_lockbank_drop_waiting(struct lk_lockbank *bank, int64_t now_ms);

/* Begins the end: waiting pulses become NOT_SENT, all coils off, read back. Go on with completion() and tick() until
 * stopped(), which is at most about two time-outs away (and one pulse, where the board ignores "off" during it); a dead
 * board does not hold it up. */
void lk_lockbank_stop(struct lk_lockbank *bank, int64_t now_ms);
bool lk_lockbank_stopped(const struct lk_lockbank *bank);

/* After stopped(): the coils were read back and all were off. */
bool lk_lockbank_proved_off(const struct lk_lockbank *bank);

/* What was last said through the sink. */
enum lk_lockbank_board lk_lockbank_board_state(const struct lk_lockbank *bank, enum lk_lockbank_reason *ret_reason);
enum lk_lockbank_sense lk_lockbank_sense_of(const struct lk_lockbank *bank, unsigned door);

/* What stands in the way, where more is known than the reason: `GPIO5 is held by "gpio-fan"`. "" otherwise. Valid until
 * the next call that changes the bank. */
const char *lk_lockbank_complaint(const struct lk_lockbank *bank);

/* Pulses this bank has put on the wire for a door since create, for wear. 0 for a door that does not exist. */
uint32_t lk_lockbank_pulses(const struct lk_lockbank *bank, unsigned door);

/* Words for messages: "ready", "coil stuck on", ... Never NULL. */
const char *lk_lockbank_board_name(enum lk_lockbank_board state);
const char *lk_lockbank_reason_name(enum lk_lockbank_reason reason);

#endif
