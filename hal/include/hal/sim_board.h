/*
 * A relay board in memory: what a Modbus board of the market does with a request, with pulses that end by themselves,
 * relays that can weld, and the ways in which the makers differ. Used by hal/sim in virtual time, and by tests that
 * answer on a real wire. It knows nothing of the drivers' board profiles: it is what these are tested against.
 *
 * Pure: time is an argument. Thread: one at a time. The struct is the caller's; fields may be read and set directly. A
 * zeroed struct with unit and channels is a waveshare board with as many inputs.
 * Source: Waveshare Modbus RTU Relay protocol; Juying DAM and eletechsup command lists; Wiren Board relay modules;
 * Modbus Application Protocol V1.1b3, section 6.
 */
#ifndef HAL_SIM_BOARD_H
#define HAL_SIM_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LK_SIM_CHANNELS_MAX = 32, LK_SIM_REPLY_MAX = 80, LK_SIM_LINK_FREE = 3 };

enum lk_sim_kind {
    LK_SIM_WAVESHARE,
    LK_SIM_JY_DAM,
    LK_SIM_R4D,
    LK_SIM_PLAIN, /* coils and inputs, register 8 a communication watchdog (seconds), from 9 link modes (3: free) */
};

struct lk_sim_board {
    uint8_t unit;
    enum lk_sim_kind kind;
    unsigned channels;                        /* 1..LK_SIM_CHANNELS_MAX relays */
    bool no_inputs;                           /* otherwise as many inputs */
    uint32_t coils;                           /* bit per channel, 1 = energised */
    uint32_t inputs;                          /* bit per channel, as FC02 tells it */
    uint32_t stuck;                           /* relays that, once on, never let go */
    uint32_t pulses[LK_SIM_CHANNELS_MAX];     /* how often each relay went on */
    uint16_t link_modes[LK_SIM_CHANNELS_MAX]; /* waveshare: registers 0x1000..; plain: 9.. */
    uint16_t version;                         /* waveshare register 0x8000; 0: as V2.00 */
    bool swapped_modes;                       /* jy-dam: 2 energises and then releases, 4 the other way round */
    bool ignores_off;                         /* r4d: while a delay runs, as the RYN4 does */
    uint16_t watchdog_s;                      /* plain register 8; 0: off */
    int64_t heard_at_ns;                      /* last request */
    int64_t off_at_ns[LK_SIM_CHANNELS_MAX];   /* end of the pulse; 0: none runs */
    uint32_t then_on;                         /* relays that go on, not off, at that end */
    uint16_t modes[LK_SIM_CHANNELS_MAX];      /* jy-dam: the mode register, until the time is written */
    /* Called at every relay change; may be NULL. Must not call back into the board. */
    void (*on_coil)(void *user, uint8_t unit, unsigned channel, int on, int64_t at_ns);
    void *user;
};

/* Makes it another kind of board: as it comes out of its box, its inputs linked to nothing. */
void lk_sim_board_become(struct lk_sim_board *board, enum lk_sim_kind kind);

/* Answers one request PDU: carries it out and writes the reply PDU (LK_SIM_REPLY_MAX bytes). Returns its length; a
 * request it does not know gets an exception reply, as on a real board. */
size_t lk_sim_board_answer(struct lk_sim_board *board, const uint8_t *pdu, size_t n, int64_t now_ns,
                           uint8_t *ret_reply);

/* Ends the pulses that are over, and everything when the watchdog has heard nobody. */
void lk_sim_board_run(struct lk_sim_board *board, int64_t now_ns);

/* When a pulse ends or the watchdog strikes; INT64_MAX: neither is to come. */
int64_t lk_sim_board_next_ns(const struct lk_sim_board *board);

#endif
