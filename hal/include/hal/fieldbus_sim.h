/*
 * A fieldbus in virtual time: the same scheduler as the real one, before boards in memory that misbehave on request.
 * No thread, no clock: nothing happens but in lk_fieldbus_sim_advance(). Frames take the time they would take on a wire
 * of the configured speed, so priorities, gaps and time-outs are what they would be.
 *
 * Every function takes a handle made by lk_fieldbus_sim_create(). Thread: the owner's. Nothing blocks.
 */
#ifndef HAL_FIELDBUS_SIM_H
#define HAL_FIELDBUS_SIM_H

#include "hal/fieldbus.h"
#include "hal/sim_board.h"

/* What is wrong with a board. All zero: nothing. */
struct lk_fieldbus_sim_fault {
    bool dead;          /* hears nothing */
    bool lose_reply;    /* does it, and the reply is lost */
    bool corrupt;       /* the reply's checksum is wrong (TCP: the header) */
    bool noise;         /* rubbish comes before the reply, as soon as one could come (hal/sim only) */
    bool glued;         /* the reply comes twice without a pause (a real line only) */
    unsigned late_ms;   /* the reply starts this much later */
    uint8_t answers_as; /* this address in the reply instead of its own; 0: its own */
    uint8_t exception;  /* does nothing and answers with this code; 0: none */
    unsigned twice_ms;  /* the reply comes again so long after its end, as if a second board had the address; 0: once */
    int bend;           /* added to the last byte of the reply: a wrong echo */
    uint8_t only_function; /* requests with another function code are answered well; 0: all are concerned */
    unsigned count;        /* for so many requests; 0: until told otherwise */
};

/* Sees every request as a board hears it, dead boards included. */
typedef void lk_fieldbus_sim_watch(void *user, int64_t at_ns, uint8_t unit, const uint8_t *pdu, size_t n);

/* Virtual time starts at start_ns. Errors as lk_fieldbus_linux_create(); device and host are names only. */
int lk_fieldbus_sim_create(const struct lk_fieldbus_config *config, int64_t start_ns, struct lk_fieldbus **ret_fb);

/* Puts a board on the line. The pointer stays valid until destroy; all its inputs read 0, all its relays are off.
 * NULL: too many, or the address is taken. */
struct lk_sim_board *lk_fieldbus_sim_board(struct lk_fieldbus *fb, uint8_t unit, unsigned channels);

/* Lets everything happen up to the instant; earlier instants do nothing. */
void lk_fieldbus_sim_advance(struct lk_fieldbus *fb, int64_t to_ns);

/* When something will happen by itself, at the earliest; INT64_MAX: nothing before the next call. */
int64_t lk_fieldbus_sim_next_ns(struct lk_fieldbus *fb);

int64_t lk_fieldbus_sim_now_ns(const struct lk_fieldbus *fb);

/* Sets (replaces) what is wrong with a unit; it need not have a board. */
void lk_fieldbus_sim_fault(struct lk_fieldbus *fb, uint8_t unit, const struct lk_fieldbus_sim_fault *fault);

/* Pulls the adapter (or cuts the connection), or puts it back: it is then noticed at the next retry. */
void lk_fieldbus_sim_plug(struct lk_fieldbus *fb, bool plugged);

/* NULL: nobody watches. */
void lk_fieldbus_sim_set_watch(struct lk_fieldbus *fb, lk_fieldbus_sim_watch *watch, void *user);

#endif
