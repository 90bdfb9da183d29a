/*
 * A relay board in memory: what a waveshare-like Modbus board does with a request, with pulses that end by themselves
 * and relays that can weld. Used by hal/sim in virtual time, and by tests that answer on a real wire.
 *
 * Pure: time is an argument. Thread: one at a time. The struct is the caller's; fields may be read and set directly.
 * Source: Waveshare Modbus RTU Relay protocol; Modbus Application Protocol V1.1b3, section 6.
 */
#ifndef HAL_SIM_BOARD_H
#define HAL_SIM_BOARD_H

#include <stddef.h>
#include <stdint.h>

enum { LK_SIM_CHANNELS_MAX = 32, LK_SIM_REPLY_MAX = 80 };

struct lk_sim_board {
    uint8_t unit;
    unsigned channels;                        /* 1..LK_SIM_CHANNELS_MAX relays and inputs */
    uint32_t coils;                           /* bit per channel, 1 = energised */
    uint32_t inputs;                          /* bit per channel, as FC02 tells it */
    uint32_t stuck;                           /* relays that, once on, never let go */
    uint32_t pulses[LK_SIM_CHANNELS_MAX];     /* how often each relay went on */
    uint16_t link_modes[LK_SIM_CHANNELS_MAX]; /* registers 0x1000.. */
    int64_t off_at_ns[LK_SIM_CHANNELS_MAX];   /* end of the pulse; 0: none runs */
    /* Called at every relay change; may be NULL. Must not call back into the board. */
    void (*on_coil)(void *user, uint8_t unit, unsigned channel, int on, int64_t at_ns);
    void *user;
};

/* Answers one request PDU: carries it out and writes the reply PDU (LK_SIM_REPLY_MAX bytes). Returns its length; a
 * request it does not know gets an exception reply, as on a real board. */
size_t lk_sim_board_answer(struct lk_sim_board *board, const uint8_t *pdu, size_t n, int64_t now_ns,
                           uint8_t *ret_reply);

/* Ends the pulses that are over. */
void lk_sim_board_run(struct lk_sim_board *board, int64_t now_ns);

/* When the next pulse ends; INT64_MAX: none runs. */
int64_t lk_sim_board_next_ns(const struct lk_sim_board *board);

#endif
