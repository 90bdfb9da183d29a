/*
 * The requests a board understands, made from its profile: what a lock bank and the commissioning tool put on the wire.
 * Each comes without unit, tag, priority and time-out (all 0): the caller fills these in. A request that the profile
 * has no register for must not be asked for (has_address_register and the like).
 *
 * Pure functions; thread: any. Source: the profile's; tests/data/boards.csv and modbus-frames.csv hold them byte for
 * byte.
 */
#ifndef DRIVERS_BOARD_FRAMES_H
#define DRIVERS_BOARD_FRAMES_H

#include "drivers/profile.h"
#include "hal/fieldbus.h"

/* Channels count from 0, pulse_ms is one that lk_board_profile_pulse_ok() accepts; mode 0: the profile's first. Where
 * the board cannot time it, "off" is the request's follow-up. */
struct lk_fb_request lk_board_frame_pulse(const struct lk_board_profile *profile, unsigned channel, unsigned pulse_ms,
                                          unsigned mode);
struct lk_fb_request lk_board_frame_coil(const struct lk_board_profile *profile, unsigned channel, bool on);
struct lk_fb_request lk_board_frame_all_off(const struct lk_board_profile *profile);

/* Their replies are read with lk_board_bits(): coils and inputs are one bit each, whatever the board packs them in. */
struct lk_fb_request lk_board_frame_read_coils(const struct lk_board_profile *profile);
struct lk_fb_request lk_board_frame_read_inputs(const struct lk_board_profile *profile);

/* Registers; lk_board_register() reads the i-th of the reply. */
struct lk_fb_request lk_board_frame_read_link_modes(const struct lk_board_profile *profile);
struct lk_fb_request lk_board_frame_read_identity(const struct lk_board_profile *profile);
struct lk_fb_request lk_board_frame_set_watchdog(const struct lk_board_profile *profile);

/* With unit 0 where address_by_broadcast: only while exactly one board is on the line. The reply to set is an echo,
 * from the old address or from the new one. */
struct lk_fb_request lk_board_frame_read_address(const struct lk_board_profile *profile);
struct lk_fb_request lk_board_frame_set_address(const struct lk_board_profile *profile, uint8_t address);

/* Bit i of a proven reply: relay or input i is on. count: as many as were asked for, 32 at most. */
uint32_t lk_board_bits(const struct lk_fb_completion *completion, unsigned count);

/* Register i of a proven reply; 0 when the reply has fewer. */
uint16_t lk_board_register(const struct lk_fb_completion *completion, unsigned i);

#endif
