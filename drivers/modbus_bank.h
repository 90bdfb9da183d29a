/*
 * Inside a lock bank on a fieldbus: its state, and what its files do for one another.
 *   modbus_bank.c    making it, what completions mean
 *   modbus_setup.c   the steps of set-up and of the end
 *   modbus_check.c   reading the coils back after a pulse
 *   modbus_frames.c  requests from the profile's numbers
 * Thread: the owner thread.
 */
#ifndef LK_DRIVERS_MODBUS_BANK_H
#define LK_DRIVERS_MODBUS_BANK_H

#include "lockbank_driver.h"

enum { LK_BANK_RETRY_MS = 20 /* the line took no request: its queue is full */ };

/* What a request of ours was for; part of its tag. */
enum lk_bank_use {
    LK_BANK_USE_POLL = 1,
    LK_BANK_USE_STEP,
    LK_BANK_USE_PULSE,
    LK_BANK_USE_CHECK,
    LK_BANK_USE_FORCE_OFF,
    LK_BANK_USE_CONFIRM,
};

/* Set-up and end, in this order. AGAIN: once more after coils were found on. */
enum lk_bank_step {
    LK_BANK_STEP_NONE,
    LK_BANK_STEP_ALL_OFF,
    LK_BANK_STEP_COILS,
    LK_BANK_STEP_ALL_OFF_AGAIN,
    LK_BANK_STEP_COILS_AGAIN,
    LK_BANK_STEP_LINK_MODES,
    LK_BANK_STEP_INPUTS,
};

struct lk_modbus_bank {
    struct lk_lockbank base;
    struct lk_lockbank_config config; /* defaults and channels filled in */
    struct lk_fieldbus *fb;
    uint32_t generation; /* of the line at the last set-up */
    uint64_t seq;
    enum lk_bank_step step;
    uint64_t step_tag;  /* 0: the step's request could not be submitted yet */
    uint64_t check_tag; /* 0: no reading back is on its way */
    uint64_t confirm_tag;
    uint64_t pulse_tag[LK_LOCKBANK_DOORS_MAX]; /* of pulses that are on their way */
    int64_t check_again_ms;
    unsigned end_failures;
};

/* modbus_bank.c */
uint64_t lk_modbus_tag(struct lk_modbus_bank *bank, enum lk_bank_use use);
/* Submits; on a full queue notes when to try again. */
int lk_modbus_submit(struct lk_modbus_bank *bank, const struct lk_fb_request *request, int64_t now_ms);
int64_t lk_modbus_ms_up(int64_t ns); /* to ms, rounded up */
/* What the inputs read, by door. */
uint32_t lk_modbus_levels(const struct lk_modbus_bank *bank, const struct lk_fb_completion *c);

/* modbus_frames.c: requests without tag and priority */
struct lk_fb_request lk_modbus_all_off(const struct lk_modbus_bank *bank);
struct lk_fb_request lk_modbus_coil_off(const struct lk_modbus_bank *bank, unsigned channel);
struct lk_fb_request lk_modbus_pulse(const struct lk_modbus_bank *bank, unsigned channel);
struct lk_fb_request lk_modbus_read_coils(const struct lk_modbus_bank *bank);
struct lk_fb_request lk_modbus_read_inputs(const struct lk_modbus_bank *bank);
struct lk_fb_request lk_modbus_read_link_modes(const struct lk_modbus_bank *bank);
uint32_t lk_modbus_bits(const struct lk_fb_completion *c, unsigned channels);

/* modbus_setup.c */
void lk_modbus_setup_begin(struct lk_modbus_bank *bank, int64_t now_ms);
void lk_modbus_end_begin(struct lk_modbus_bank *bank, int64_t now_ms);
void lk_modbus_step_submit(struct lk_modbus_bank *bank, int64_t now_ms);
void lk_modbus_step_done(struct lk_modbus_bank *bank, const struct lk_fb_completion *c, int64_t now_ms);

/* modbus_check.c */
void lk_modbus_check_due(struct lk_modbus_bank *bank, int64_t now_ms);
void lk_modbus_check_done(struct lk_modbus_bank *bank, const struct lk_fb_completion *c, int64_t now_ms);
int64_t lk_modbus_check_next_ms(const struct lk_modbus_bank *bank);

#endif
