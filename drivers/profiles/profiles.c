#include "profiles.h"

#include <string.h>

#include "hal/fieldbus.h"

const struct lk_board_profile *lk_board_profile_at(size_t i)
{
    return i < lk_profiles_n ? &lk_profiles[i] : NULL;
}

const struct lk_board_profile *lk_board_profile_find(const char *name)
{
    for (size_t i = 0; i < lk_profiles_n; i++) {
        if (strcmp(lk_profiles[i].name, name) == 0) {
            return &lk_profiles[i];
        }
    }
    return NULL;
}

bool lk_board_profile_unit_ok(const struct lk_board_profile *profile, unsigned unit)
{
    for (size_t i = 0; i < LK_BOARD_CATCH_ALL_MAX; i++) {
        if (profile->catch_all[i] != 0 && unit == profile->catch_all[i]) {
            return false;
        }
    }
    return unit >= 1 && unit <= LK_FB_UNIT_MAX;
}

static bool mode_known(const struct lk_board_profile *profile, unsigned mode)
{
    for (size_t i = 0; i < profile->pulse_modes_n; i++) {
        if (profile->pulse_modes[i] == mode) {
            return true;
        }
    }
    return mode == 0;
}

bool lk_board_profile_pulse_ok(const struct lk_board_profile *profile, unsigned pulse_ms, unsigned mode)
{
    unsigned used = mode == 0 && profile->pulse_modes_n > 0 ? profile->pulse_modes[0] : mode;
    bool fixed = used != 0 && used == profile->pulse_fixed_mode;
    return mode_known(profile, mode) && pulse_ms >= profile->pulse_min_ms && pulse_ms <= profile->pulse_max_ms &&
           pulse_ms % profile->pulse_unit_ms == 0 && (!fixed || pulse_ms == profile->pulse_unit_ms);
}
