/*
 * Board profiles: what a relay board of the market understands, as data. A board whose protocol fits these fields is
 * one data file in drivers/profiles/ (drivers/profiles/compile_profiles.py makes the table at build time) and no code;
 * docs/boards.md says how to add one.
 *
 * Addresses are as on the wire, counted from 0. Where a field says "+ channel", channels count from 0 too. Profiles are
 * constant and live as long as the program. Thread: any. Nothing blocks.
 *
 * Source: each profile's `source`; the frames in tests/data/modbus-frames.csv.
 */
#ifndef DRIVERS_PROFILE_H
#define DRIVERS_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LK_BOARD_CHANNELS_MAX = 32, /* relays, and inputs, of one board */
    LK_BOARD_PULSE_MODES_MAX = 4,
    LK_BOARD_CATCH_ALL_MAX = 2,
};

/* Which lines a board can be on. ANY: an RTU board, perhaps behind a Modbus TCP gateway. */
enum lk_board_line { LK_BOARD_ANY_LINE, LK_BOARD_RTU_ONLY, LK_BOARD_TCP_ONLY };

/* How the board is told to pulse a relay and to let go of it by itself. */
enum lk_pulse_kind {
    LK_PULSE_COIL_TIMED,       /* function 05 at pulse_address + channel, value = duration / pulse_unit_ms; echoed */
    LK_PULSE_REGISTERS_TIMED,  /* function 10 at pulse_address + channel * pulse_stride, two registers: the mode, and
                                * duration / pulse_unit_ms */
    LK_PULSE_REGISTER_COMMAND, /* function 06 at pulse_address + channel, value = mode << 8 | duration / pulse_unit_ms,
                                * or mode << 8 alone where the mode is pulse_fixed_mode; echoed */
    LK_PULSE_SOFTWARE,         /* it cannot: coil on, and off by the line's worker. The bank refuses to drive it without
                                * accept_software_pulse */
};

/* A single relay on and off. Both functions are echoed. */
enum lk_coil_kind {
    LK_COIL_BIT,      /* function 05 at coil_address + channel, FF00 on, 0000 off */
    LK_COIL_REGISTER, /* function 06 at coil_address + channel, coil_on and coil_off */
};

/* Every relay off with one request. */
enum lk_all_off_kind {
    LK_ALL_OFF_COIL,     /* function 05, all_off_address, value 0 */
    LK_ALL_OFF_REGISTER, /* function 06, all_off_address, all_off_value */
    LK_ALL_OFF_COILS,    /* function 0F from coil_address over all channels, all bits 0 */
};

/* A field nobody has proved, and why: printed by the documentation and by the commissioning tool. */
struct lk_board_doubt {
    const char *field;
    const char *because;
};

struct lk_board_profile {
    const char *name;                    /* as in the configuration: "waveshare-relay-8" */
    const char *family;                  /* "waveshare-relay": the name of its data file */
    const char *source;                  /* where the numbers come from */
    bool verified;                       /* false: drives nothing until the configuration says verified = yes */
    const struct lk_board_doubt *doubts; /* what is not sure; doubts_n of them */
    size_t doubts_n;
    enum lk_board_line line;

    unsigned channels; /* relays, 1..LK_BOARD_CHANNELS_MAX */
    unsigned inputs;   /* 0: it has none, and door switches need another board of the line (inputs_profile) */

    uint8_t coils_read; /* 01: packed bits; 03: one register for each channel, 0 = off */
    uint16_t coils_address;
    uint8_t inputs_read; /* 01, 02: packed bits; 03, 04: one register for each input. 0 without inputs */
    uint16_t inputs_address;

    enum lk_coil_kind coil_kind;
    uint16_t coil_address;
    uint16_t coil_on, coil_off;
    enum lk_all_off_kind all_off_kind;
    uint16_t all_off_address, all_off_value;

    enum lk_pulse_kind pulse_kind;
    uint16_t pulse_address;
    uint16_t pulse_stride;     /* addresses from one channel to the next, LK_PULSE_REGISTERS_TIMED only */
    unsigned pulse_unit_ms;    /* the board counts pulses in this; a duration is a multiple of it */
    unsigned pulse_min_ms;     /* the shortest it can time */
    unsigned pulse_default_ms; /* what most locks want */
    unsigned pulse_max_ms;     /* never longer, whatever the configuration says */
    uint8_t
        pulse_modes[LK_BOARD_PULSE_MODES_MAX]; /* that bank config pulse_mode may choose; the first is the default */
    size_t pulse_modes_n;                      /* 0: the board knows no modes */
    uint8_t pulse_fixed_mode;                  /* always lasts one pulse_unit_ms; 0: none */
    bool pulse_ignores_off;                    /* "off" does nothing while a pulse runs */

    bool has_link_modes; /* registers (function 03) that may tie an input to a relay, one for each input */
    uint16_t link_modes_address, link_modes_free; /* each must read link_modes_free, or doors open by themselves */

    bool has_identity; /* a register (function 03) that tells this kind of board from others */
    uint16_t identity_address;
    uint16_t identity_min, identity_max; /* what is acceptable there */

    bool has_address_register; /* the board's own address can be read (function 03) and set (function 06) there */
    uint16_t address_register;
    bool address_by_broadcast;                 /* there it also answers address 0: only with one board on the line */
    uint8_t catch_all[LK_BOARD_CATCH_ALL_MAX]; /* addresses it answers besides its own: never used; 0: none */

    unsigned output_limit_ma; /* 0: it switches any lock; otherwise refuses unless the bank's lock_ma is at or below */

    bool has_watchdog; /* a register (function 06): all outputs off when nobody has spoken for a while */
    uint16_t watchdog_address, watchdog_value; /* what set-up writes there */
    unsigned watchdog_ms;                      /* what that value means */

    unsigned timeout_ms; /* for a reply */
};

/* The profile of that name, or NULL. */
const struct lk_board_profile *lk_board_profile_find(const char *name);

/* The table, for listings: the i-th profile, or NULL past the end. */
const struct lk_board_profile *lk_board_profile_at(size_t i);

/* Whether a bank may use this unit address with the profile: 1..247, and none of its catch-all addresses. */
bool lk_board_profile_unit_ok(const struct lk_board_profile *profile, unsigned unit);

/* Whether a duration can be asked of the board: a multiple of its unit, within its limits, and what the mode (0: the
 * default one) can do. */
bool lk_board_profile_pulse_ok(const struct lk_board_profile *profile, unsigned pulse_ms, unsigned mode);

#endif
