/*
 * Inside a lock bank: its state, and what its files do for one another.
 *   lockbank.c    the public functions, routing, state changes
 *   bank_setup.c  the steps of set-up and of the end
 *   bank_pulse.c  pulses and the supply
 *   bank_check.c  reading the coils back after a pulse
 *   bank_sense.c  from input bits to open and closed
 *   bank_frames.c requests from the profile's numbers
 * Thread: the owner thread.
 */
#ifndef LK_DRIVERS_BANK_PRIVATE_H
#define LK_DRIVERS_BANK_PRIVATE_H

#include "drivers/lockbank.h"

enum {
    LK_BANK_CONFIRM_MS = 200,
    LK_BANK_EXPECT_MS = 5000,  /* a door may be seen to open this long after its pulse */
    LK_BANK_READBACK_MS = 100, /* after the end of a pulse */
    LK_BANK_FOCUS_MS = 1000,   /* a door whose change is not confirmed yet is looked at closely for so long */
    LK_BANK_RETRY_MS = 20,     /* the line took no request: its queue is full */
    LK_BANK_AGAIN_MS = 200,    /* a check failed on the wire */
};

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

enum lk_bank_pulse { LK_BANK_PULSE_NONE, LK_BANK_PULSE_WAITING, LK_BANK_PULSE_SENT };

struct lk_bank_door {
    enum lk_lockbank_sense sense;     /* as said */
    enum lk_lockbank_sense candidate; /* UNKNOWN: none */
    int64_t candidate_at_ms;
    int64_t expect_until_ms; /* an opening before this follows from our pulse */
    enum lk_bank_pulse pulse;
    uint64_t intent, pulse_tag, ticket;
    int64_t check_at_ms; /* INT64_MAX: the coil needs no reading back */
    struct lk_supply_coil coil;
    uint32_t pulses;
};

struct lk_lockbank {
    struct lk_lockbank_config config; /* defaults and channels filled in */
    struct lk_fieldbus *fb;
    struct lk_supply *supply;
    struct lk_lockbank_sink sink;
    void *user;
    enum lk_lockbank_board state;
    enum lk_lockbank_reason reason;
    uint32_t generation; /* of the line at the last set-up */
    uint64_t seq, tickets;
    enum lk_bank_step step;
    uint64_t step_tag;  /* 0: the step's request could not be submitted yet */
    uint64_t check_tag; /* 0: no reading back is on its way */
    uint64_t confirm_tag;
    int64_t confirm_again_ms, check_again_ms;
    int64_t now_ms;      /* of the last call */
    int64_t retry_at_ms; /* no submitting before this */
    bool ending, ended, proved_off;
    unsigned end_failures;
    struct lk_bank_door doors[LK_LOCKBANK_DOORS_MAX];
};

/* lockbank.c */
uint64_t lk_bank_tag(struct lk_lockbank *bank, enum lk_bank_use use);
void lk_bank_set_state(struct lk_lockbank *bank, enum lk_lockbank_board state, enum lk_lockbank_reason reason,
                       int64_t now_ms);
/* Submits; on a full queue notes when to try again. */
int lk_bank_submit(struct lk_lockbank *bank, const struct lk_fb_request *request, int64_t now_ms);
int64_t lk_bank_ms_up(int64_t ns); /* to ms, rounded up */

/* bank_frames.c: requests without tag and priority */
struct lk_fb_request lk_bank_all_off(const struct lk_lockbank *bank);
struct lk_fb_request lk_bank_coil_off(const struct lk_lockbank *bank, unsigned channel);
struct lk_fb_request lk_bank_pulse_request(const struct lk_lockbank *bank, unsigned channel);
struct lk_fb_request lk_bank_read_coils(const struct lk_lockbank *bank);
struct lk_fb_request lk_bank_read_inputs(const struct lk_lockbank *bank);
struct lk_fb_request lk_bank_read_link_modes(const struct lk_lockbank *bank);
uint32_t lk_bank_bits(const struct lk_fb_completion *c, unsigned channels);

/* bank_setup.c */
void lk_bank_setup_begin(struct lk_lockbank *bank, int64_t now_ms);
void lk_bank_end_begin(struct lk_lockbank *bank, int64_t now_ms);
void lk_bank_step_submit(struct lk_lockbank *bank, int64_t now_ms);
void lk_bank_step_done(struct lk_lockbank *bank, const struct lk_fb_completion *c, int64_t now_ms);

/* bank_pulse.c */
void lk_bank_pulses_grant(struct lk_lockbank *bank, int64_t now_ms);
void lk_bank_pulses_drop(struct lk_lockbank *bank);
void lk_bank_pulse_done(struct lk_lockbank *bank, const struct lk_fb_completion *c, int64_t now_ms);
int64_t lk_bank_pulses_next_ms(const struct lk_lockbank *bank);

/* bank_check.c */
void lk_bank_check_due(struct lk_lockbank *bank, int64_t now_ms);
void lk_bank_check_done(struct lk_lockbank *bank, const struct lk_fb_completion *c, int64_t now_ms);
int64_t lk_bank_check_next_ms(const struct lk_lockbank *bank);

/* bank_sense.c */
void lk_bank_sense_unknown(struct lk_lockbank *bank, int64_t at_ms);
void lk_bank_sense_first(struct lk_lockbank *bank, const struct lk_fb_completion *c);
void lk_bank_sense_reading(struct lk_lockbank *bank, const struct lk_fb_completion *c, bool fresh);
void lk_bank_confirm_due(struct lk_lockbank *bank, int64_t now_ms);
void lk_bank_confirm_done(struct lk_lockbank *bank, const struct lk_fb_completion *c, int64_t now_ms);
int64_t lk_bank_confirm_next_ms(const struct lk_lockbank *bank);

#endif
