/*
 * A serial line with boards that misbehave at random, for one thread on one pseudo terminal, and the truth about it.
 *
 * Boards 1..WIRE_UNITS. Functions 03 and 04 answer with what was asked, so that every reply is unmistakable to who
 * asked (the line itself cannot tell: all replies of one length look alike). Function 05 at 0x0200 + channel is a timed
 * pulse, at 0..WIRE_CHANNELS - 1 a plain coil. Bytes take their time, as on a wire of WIRE_BAUD 8N1.
 */
#ifndef LK_TESTS_STRESS_WIRE_H
#define LK_TESTS_STRESS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WIRE_UNITS = 8, WIRE_CHANNELS = 8, WIRE_BAUD = 115200, WIRE_TIMEOUT_MS = 20, WIRE_PATH = 64 };

enum wire_fault {
    WIRE_NONE,
    WIRE_LATE,      /* after its time-out */
    WIRE_LOST,      /* the request, or the reply */
    WIRE_TRUNCATED, /* only the first bytes of the reply */
    WIRE_CRC,       /* a bit is wrong */
    WIRE_UNIT,      /* under another board's address */
    WIRE_EXCEPTION, /* refused, nothing done */
    WIRE_DUPLICATE, /* the reply comes twice, the second one up to a moment after the next request */
    WIRE_GARBAGE,   /* rubbish before the reply */
    WIRE_FAULTS,
};

struct wire;

/* faults: how many of a thousand requests meet one. Ends the program on failure. */
struct wire *wire_make(uint64_t seed, unsigned faults);
void wire_end(struct wire *w);

const char *wire_path(const struct wire *w);

/* The truth. Thread: any. */
uint32_t wire_done(struct wire *w, uint8_t unit,
                   unsigned channel);                           /* pulses carried out, and plain coils switched on */
bool wire_coil(struct wire *w, uint8_t unit, unsigned channel); /* plain coils */
int64_t wire_longest_on_ms(struct wire *w);                     /* of any plain coil, those that are on included */
uint64_t wire_faults(struct wire *w, enum wire_fault fault);    /* how often it happened */
uint64_t wire_requests(struct wire *w);

/* From now on nothing goes wrong. */
void wire_heal(struct wire *w);

const char *wire_fault_name(enum wire_fault fault);

#endif
