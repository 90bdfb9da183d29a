#include "profiles.h"

/* The three sizes differ in their number of channels only. timeout_ms: one unit in the field made 112 errors per 1000
 * at 400 ms, 5 at 500 and none at 600. pulse_max_ms: solenoids of locks burn out above it (law 9), the board itself
 * could hold for 0x7FFF units. */
#define WAVESHARE(n, label)                                                                                            \
    {                                                                                                                  \
        .name = label, .source = "Waveshare wiki, Modbus RTU Relay (development protocol, V2), also POE ETH Relay",    \
        .verified = true, .channels = (n), .coils_read = 0x01, .coils_address = 0x0000, .inputs_read = 0x02,           \
        .inputs_address = 0x0000, .pulse_kind = LK_PULSE_COIL_TIMED, .pulse_address = 0x0200, .pulse_unit_ms = 100,    \
        .pulse_default_ms = 500, .pulse_max_ms = 500, .all_off_address = 0x00FF, .has_link_modes = true,               \
        .link_modes_address = 0x1000, .timeout_ms = 600                                                                \
    }

const struct lk_board_profile lk_profiles_waveshare[LK_WAVESHARE_ROWS] = {
    WAVESHARE(8, "waveshare-relay-8"),
    WAVESHARE(16, "waveshare-relay-16"),
    WAVESHARE(32, "waveshare-relay-32"),
};
