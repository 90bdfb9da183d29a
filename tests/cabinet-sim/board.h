/*
 * One relay and input board: registers, relays with their own timers, and how its profile turns a request into a reply.
 * The protocol itself is a table (struct lk_cab_profile): function, first address, number of addresses, and what
 * reading or writing one of them does. The codec in board.c knows the shapes of the function codes, nothing of makers.
 * Thread: the owner's. Blocking: never.
 */
#ifndef LK_CAB_BOARD_H
#define LK_CAB_BOARD_H

#include "door.h"
#include "fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LK_CAB_CHANNELS_MAX 64u

/* Modbus Application Protocol V1.1b3, 7. */
enum { LK_CAB_EX_FUNCTION = 1, LK_CAB_EX_ADDRESS = 2, LK_CAB_EX_VALUE = 3 };

/* A relay with its timer. */
struct lk_cab_channel {
    bool commanded;    /* what the board was told */
    bool contact;      /* what the contact does (faults, power) */
    bool after;        /* commanded goes to this at until_ns */
    int64_t until_ns;  /* 0 = no timer */
    int64_t since_ns;  /* contact closed since */
    uint16_t link;     /* waveshare: input link mode 0..3 */
    uint16_t mode;     /* jy-dam: mode register of the pulse */
    bool input_last;   /* for links */
    int door;          /* door in the world whose lock it drives, -1 = nothing */
    int sensor;        /* door in the world whose switch is on the input of this number, -1 = none */
    uint64_t commands; /* requests that switch it on */
    uint64_t pulses;   /* times the contact closed */
};

struct lk_cab_board {
    char name[LK_CAB_NAME_MAX];
    unsigned index;
    int line;
    uint8_t unit;
    uint16_t uart; /* waveshare register 0x2000; not acted upon */
    unsigned channels, inputs;
    uint16_t watchdog_s; /* plain-coil register 8: all relays off after so long without a request, 0 = never */
    int64_t heard_ns;
    const struct lk_cab_profile *profile;
    bool power;
    int first_door;
    unsigned doors;
    struct lk_cab_channel channel[LK_CAB_CHANNELS_MAX];
    uint64_t requests, replies;
    struct lk_cab_fault_state faults[LK_CAB_BOARD_FAULTS];
};

/* One range of addresses under one function code. Handlers get the address within the range, already checked. */
struct lk_cab_row {
    uint8_t fc;
    uint16_t first;
    uint16_t span;        /* addresses; 0 = one for each channel */
    bool of_inputs;       /* with span 0: for each input instead */
    uint16_t per_channel; /* with span 0: addresses for each channel, 0 counts as 1 */
    bool answers_broadcast;
    uint16_t (*get)(struct lk_cab_world *w, struct lk_cab_board *b, unsigned at); /* reading functions */
    bool (*ok)(const struct lk_cab_board *b, unsigned at, uint16_t value);        /* writing: false = exception 03 */
    void (*put)(struct lk_cab_world *w, struct lk_cab_board *b, unsigned at, uint16_t value, int64_t now_ns);
};

/* A maker's protocol. */
struct lk_cab_profile {
    const char *name;
    const struct lk_cab_row *rows;
    size_t row_count;
    uint8_t catch_all[2]; /* further units it answers to, 0 = none */
};

/* The profile of that name, or NULL. */
const struct lk_cab_profile *lk_cab_profile_find(const char *name);

/* The n-th profile, or NULL after the last. */
const struct lk_cab_profile *lk_cab_profile_at(size_t n);

/* Does the board listen to this unit id (own, second by fault, catch-all, broadcast 0)? */
bool lk_cab_board_hears(const struct lk_cab_board *b, uint8_t unit);

/* Acts on one request PDU. Returns the length of the reply PDU in ret_pdu (LK_CAB_PDU_MAX bytes), 0 = no reply. */
size_t lk_cab_board_serve(struct lk_cab_world *w, struct lk_cab_board *b, const uint8_t *pdu, size_t len,
                          bool broadcast, int64_t now_ns, uint8_t *ret_pdu);

/* Switches a relay, for_ns > 0: the opposite comes back by itself after that time. */
void lk_cab_board_switch(struct lk_cab_world *w, struct lk_cab_board *b, unsigned ch, bool on, int64_t for_ns,
                         int64_t now_ns);

/* What a read of the relay's state answers. */
bool lk_cab_board_readback(struct lk_cab_world *w, const struct lk_cab_board *b, unsigned ch);

/* What the input terminal reads; an input without a switch reads 0. */
bool lk_cab_board_input(struct lk_cab_world *w, const struct lk_cab_board *b, unsigned ch);

/* Somebody spoke to the board: the watchdog's time begins anew. */
void lk_cab_board_wait(struct lk_cab_world *w, struct lk_cab_board *b, int64_t now_ns);

/* The communication watchdog is due (or was). */
void lk_cab_board_watchdog(struct lk_cab_world *w, struct lk_cab_board *b, int64_t now_ns);

/* A relay's timer is due (or was). */
void lk_cab_board_due(struct lk_cab_world *w, struct lk_cab_board *b, unsigned ch, int64_t now_ns);

/* An input, a fault or the power changed: works out contact and lock current of one channel again. */
void lk_cab_board_refresh(struct lk_cab_world *w, struct lk_cab_board *b, unsigned ch, int64_t now_ns);

/* The input of the channel changed: link modes 1 to 3 act. */
void lk_cab_board_input_changed(struct lk_cab_world *w, struct lk_cab_board *b, unsigned ch, int64_t now_ns);

/* Power cut: relays drop, nothing is answered. Power back: all relays off, registers kept. */
void lk_cab_board_power(struct lk_cab_world *w, struct lk_cab_board *b, bool on, int64_t now_ns);

#endif
