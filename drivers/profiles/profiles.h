/* The table of all boards, as drivers/profiles/compile_profiles.py makes it from the data files at build time. */
#ifndef LK_DRIVERS_PROFILES_H
#define LK_DRIVERS_PROFILES_H

#include "drivers/profile.h"

extern const struct lk_board_profile lk_profiles[];
extern const size_t lk_profiles_n;

#endif
