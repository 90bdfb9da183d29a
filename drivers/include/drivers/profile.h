/*
 * Board profiles: what a relay board of the market understands, as data. A new board whose protocol fits these fields
 * is one more row in drivers/profiles/ and no code.
 *
 * Profiles are constant and live as long as the program. Thread: any.
 */
#ifndef DRIVERS_PROFILE_H
#define DRIVERS_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How the board is told to pulse a relay and to let go of it by itself. */
enum lk_pulse_kind {
    LK_PULSE_COIL_TIMED, /* function 05 at pulse_address + channel, value = duration / pulse_unit_ms; echoed */
};

struct lk_board_profile {
    const char *name;   /* as in the configuration: "waveshare-relay-8" */
    const char *source; /* where the numbers come from */
    bool verified;      /* false: refuses to drive a lock until a technician confirmed it */
    unsigned channels;  /* relays, and as many inputs */
    uint8_t coils_read; /* function that reads relays, packed bits, 1 = on */
    uint16_t coils_address;
    uint8_t inputs_read; /* function that reads inputs, packed bits */
    uint16_t inputs_address;
    enum lk_pulse_kind pulse_kind;
    uint16_t pulse_address;
    unsigned pulse_unit_ms;    /* the board counts pulses in this */
    unsigned pulse_default_ms; /* what most locks want */
    unsigned pulse_max_ms;     /* never longer, whatever the configuration says */
    uint16_t all_off_address;  /* function 05 with value 0 here releases every relay; echoed */
    bool has_link_modes;       /* registers that may tie an input to a relay; all must read 0 */
    uint16_t link_modes_address;
    unsigned timeout_ms; /* for a reply */
};

/* The profile of that name, or NULL. */
const struct lk_board_profile *lk_board_profile_find(const char *name);

/* The table, for listings: the i-th profile, or NULL past the end. */
const struct lk_board_profile *lk_board_profile_at(size_t i);

#endif
