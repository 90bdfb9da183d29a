/*
 * Inside a lock bank on a fieldbus: its state, and what its files do for one another.
 *   modbus_config.c  what a configuration may say
 *   modbus_bank.c    making it, requests, what completions mean
 *   modbus_polls.c   news from the standing polls of its one or two boards
 *   modbus_setup.c   the steps of set-up and of the end
 *   modbus_check.c   reading the coils back
 * Thread: the owner thread.
 */
#ifndef LK_DRIVERS_MODBUS_BANK_H
#define LK_DRIVERS_MODBUS_BANK_H

#include "drivers/board_frames.h"
#include "lockbank_driver.h"

enum {
    LK_BANK_RETRY_MS = 20,       /* the line took no request: its queue is full */
    LK_BANK_SLOW_MS = 5000,      /* a board that must not be driven is only asked whether it is there */
    LK_BANK_HEALTH_MS = 1000,    /* a board without inputs is asked for its relays so often */
    LK_BANK_PROBES = 3,          /* questions at set-up that show whether two boards answer */
    LK_BANK_PROBES_ODD = 2,      /* so many broken or double answers are no bad luck */
    LK_BANK_LISTEN_MS = 30,      /* for a second answer */
    LK_BANK_IGNORED_OFF_MS = 200 /* beyond the longest pulse, on a board that ignores "off" during it */
};

/* What a request of ours was for; part of its tag. */
enum lk_bank_use {
    LK_BANK_USE_POLL = 1, /* the standing poll of the inputs */
    LK_BANK_USE_STEP,
    LK_BANK_USE_PULSE,
    LK_BANK_USE_CHECK,
    LK_BANK_USE_FORCE_OFF,
    LK_BANK_USE_CONFIRM,
    LK_BANK_USE_HEALTH, /* the standing poll of the relays, where the inputs are on another board */
};

/* Set-up, in this order; a step that the board has no use for is left out. The end: ALL_OFF, COILS. AGAIN: once more
 * after coils were found on. INPUTS_*: of the other board. */
enum lk_bank_step {
    LK_BANK_STEP_NONE,
    LK_BANK_STEP_ALL_OFF,
    LK_BANK_STEP_PROBE,
    LK_BANK_STEP_COILS,
    LK_BANK_STEP_ALL_OFF_AGAIN,
    LK_BANK_STEP_COILS_AGAIN,
    LK_BANK_STEP_IDENTITY,
    LK_BANK_STEP_WATCHDOG,
    LK_BANK_STEP_LINK_MODES,
    LK_BANK_STEP_INPUTS_PROBE,
    LK_BANK_STEP_INPUTS_IDENTITY,
    LK_BANK_STEP_INPUTS,
};

enum lk_bank_heard { LK_BANK_UNHEARD, LK_BANK_HEARD, LK_BANK_FAILED };

/* What the standing poll of one board last said. */
struct lk_bank_board {
    enum lk_bank_heard heard;
    bool garbled; /* its last failure was a broken answer */
};

struct lk_modbus_bank {
    struct lk_lockbank base;
    struct lk_lockbank_config config; /* defaults, channels and inputs filled in */
    struct lk_fieldbus *fb;
    uint32_t generation; /* of the line at the last set-up */
    uint64_t seq;
    struct lk_bank_board relays, inputs; /* the same news where it is one board */
    bool polls_slow;
    bool relays_set_up; /* only the other board was missing */
    enum lk_bank_step step;
    uint64_t step_tag; /* 0: the step's request could not be submitted yet */
    int64_t step_at_ms;
    unsigned probes, probes_garbled, probes_doubled;
    uint64_t check_tag; /* 0: no reading back is on its way */
    uint64_t confirm_tag;
    uint64_t pulse_tag[LK_LOCKBANK_DOORS_MAX]; /* of pulses that are on their way */
    int64_t check_again_ms;
    int64_t forced_check_at_ms; /* coils were forced off: look at them then; INT64_MAX: no */
    unsigned end_failures;
};

/* modbus_config.c */
bool lk_modbus_config_ok(const struct lk_lockbank_config *config);
void lk_modbus_config_fill(struct lk_lockbank_config *config);

/* modbus_bank.c */
/* The door switches are on another board. */
bool lk_modbus_two_boards(const struct lk_modbus_bank *bank);
const struct lk_board_profile *lk_modbus_inputs_profile(const struct lk_modbus_bank *bank);
/* Fills in what a frame leaves open: for the relay board, and for the board with the inputs. */
struct lk_fb_request lk_modbus_to_relays(const struct lk_modbus_bank *bank, struct lk_fb_request frame);
struct lk_fb_request lk_modbus_to_inputs(const struct lk_modbus_bank *bank, struct lk_fb_request frame);
uint64_t lk_modbus_poll_tag(const struct lk_modbus_bank *bank, enum lk_bank_use use);
/* Gives it a tag for this use and submits; on a full queue notes when to try again. */
int lk_modbus_submit(struct lk_modbus_bank *bank, struct lk_fb_request *request, enum lk_bank_use use, int64_t now_ms);
/* What the inputs read, by door. */
uint32_t lk_modbus_levels(const struct lk_modbus_bank *bank, const struct lk_fb_completion *c);
void lk_modbus_tell_reading(struct lk_modbus_bank *bank, const struct lk_fb_completion *c, bool fresh);

/* modbus_polls.c */
/* slow: two boards answer, and each answer is a disturbance to the others of the line. 0 or negative errno. */
int lk_modbus_polls_set(struct lk_modbus_bank *bank, bool slow);
void lk_modbus_polls_drop(struct lk_modbus_bank *bank);
void lk_modbus_poll_news(struct lk_modbus_bank *bank, const struct lk_fb_completion *c, bool health, int64_t now_ms);

/* modbus_setup.c */
void lk_modbus_setup_begin(struct lk_modbus_bank *bank, int64_t now_ms);
void lk_modbus_end_begin(struct lk_modbus_bank *bank, int64_t now_ms);
void lk_modbus_step_submit(struct lk_modbus_bank *bank, int64_t now_ms);
void lk_modbus_step_done(struct lk_modbus_bank *bank, const struct lk_fb_completion *c, int64_t now_ms);
int64_t lk_modbus_step_next_ms(const struct lk_modbus_bank *bank);

/* modbus_check.c */
void lk_modbus_check_due(struct lk_modbus_bank *bank, int64_t now_ms);
void lk_modbus_check_done(struct lk_modbus_bank *bank, const struct lk_fb_completion *c, int64_t now_ms);
/* Any reading of the coils while READY. */
void lk_modbus_coils_seen(struct lk_modbus_bank *bank, const struct lk_fb_completion *c, int64_t now_ms);
int64_t lk_modbus_check_next_ms(const struct lk_modbus_bank *bank);

#endif
