/*
 * What can be wrong with a board or a door, by name. A fault is switched on with parameters and stays until it is
 * cleared, or until it has struck `left` times. One table row per fault says where it applies and what it takes.
 * Thread: the owner's. Blocking: never. Sources of the list: field reports in makers' forums and drivers' trackers.
 */
#ifndef LK_CAB_FAULT_H
#define LK_CAB_FAULT_H

#include "rand.h"

#include <stdbool.h>
#include <stdint.h>

enum lk_cab_fault {
    /* boards: what goes wrong between the request and the reply */
    LK_CAB_DEAD,         /* neither acts nor answers */
    LK_CAB_LOST,         /* the request never arrives: no act, no answer */
    LK_CAB_ECHO_LOST,    /* acts, the reply is lost */
    LK_CAB_LATE,         /* the reply comes `ms` later, perhaps as the answer to the next request */
    LK_CAB_WRONG_UNIT,   /* the reply carries unit `value` (default: its own + 1) */
    LK_CAB_NOISE,        /* one to three bits of the reply flip, the CRC no longer fits (TCP: bits of the PDU) */
    LK_CAB_TRUNCATED,    /* only the first `bytes` of the reply come */
    LK_CAB_EXCEPTION,    /* does not act, answers exception `value` */
    LK_CAB_GARBAGE,      /* `bytes` random characters before the reply */
    LK_CAB_DOUBLE_REPLY, /* the reply comes twice */
    LK_CAB_SAME_ADDRESS, /* also answers to unit `value`, another board's: both act, the replies collide */
    LK_CAB_PULSE_STAYS,  /* a timed pulse switches on for good (mode swapped) */
    LK_CAB_IGNORES_OFF,  /* "off" does nothing while a timed pulse runs (RYN4) */
    LK_CAB_BOARD_FAULTS, /* how many there are for boards; the others are for doors */
    LK_CAB_RELAY_WELDED = LK_CAB_BOARD_FAULTS, /* the contact stays closed; value 0: the read-back does not show it */
    LK_CAB_RELAY_OPEN,                         /* the contact never closes; value 0: the read-back does not show it */
    LK_CAB_SENSOR_STUCK,                       /* the input reads `value` whatever the door does */
    LK_CAB_SENSOR_INVERTED,                    /* the input reads the opposite */
    LK_CAB_BOUNCE,                             /* each movement makes `value` extra pairs of edges within `ms` */
    LK_CAB_JAM,                                /* the latch holds; value 1: it lets go while somebody pushes the door */
    LK_CAB_SLOW,                               /* the door takes `ms` longer to open */
    LK_CAB_WEAK_COIL,                          /* the latch lets go only with probability p */
    LK_CAB_FORCED,                             /* the door is torn open at once, and the latch no longer holds it */
    LK_CAB_SWAPPED_WIRES,                      /* the lock wires of this and the `with` door are exchanged */
    LK_CAB_FAULTS,
};

/* Parameters of one fault on one board or door; all zero is "not there". */
struct lk_cab_fault_state {
    bool on;
    double p;      /* chance to strike each time, default 1 */
    unsigned left; /* strikes left, 0 = no limit */
    uint8_t fc;    /* only for this function code, 0 = all */
    int64_t ms;
    int value;
    unsigned bytes;
    int other; /* LK_CAB_SWAPPED_WIRES: index of the other door */
    uint64_t struck;
};

struct lk_cab_fault_row {
    const char *name;
    const char *takes; /* parameters besides p, n and fc, separated by blanks */
    struct lk_cab_fault_state defaults;
    int value_min, value_max;
};

/* The row of a fault; never NULL. */
const struct lk_cab_fault_row *lk_cab_fault_row(enum lk_cab_fault fault);

/* The fault of that name, or LK_CAB_FAULTS. */
enum lk_cab_fault lk_cab_fault_from_name(const char *name);

/* Does it strike now? Uses up one of `left`, and switches off with the last. fc 0: not about a request. */
bool lk_cab_fault_strikes(struct lk_cab_fault_state *f, struct lk_cab_rand *r, uint8_t fc);

#endif
