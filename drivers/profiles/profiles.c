#include "profiles.h"

#include <string.h>

static const struct {
    const struct lk_board_profile *rows;
    size_t n;
} families[] = {
    {lk_profiles_waveshare, LK_WAVESHARE_ROWS},
};

const struct lk_board_profile *lk_board_profile_at(size_t i)
{
    for (size_t f = 0; f < sizeof(families) / sizeof(families[0]); f++) {
        if (i < families[f].n) {
            return &families[f].rows[i];
        }
        i -= families[f].n;
    }
    return NULL;
}

const struct lk_board_profile *lk_board_profile_find(const char *name)
{
    const struct lk_board_profile *profile;
    for (size_t i = 0; (profile = lk_board_profile_at(i)); i++) {
        if (strcmp(profile->name, name) == 0) {
            return profile;
        }
    }
    return NULL;
}
