/* The rows of each board family, for the table in profiles.c. A new family: its file, a line here, a line there. */
#ifndef LK_DRIVERS_PROFILES_H
#define LK_DRIVERS_PROFILES_H

#include "drivers/profile.h"

enum { LK_WAVESHARE_ROWS = 3 };

extern const struct lk_board_profile lk_profiles_waveshare[LK_WAVESHARE_ROWS];

#endif
