#include "core/config.h"

#include <string.h>

void lk_core_config_defaults(struct lk_core_config *cfg)
{
    *cfg = (struct lk_core_config){
        .pulse_wait_ms = 30000,
        .open_timeout_ms = 4000,
        .left_open_ms = 60000,
        .open_again_ms = 60000,
        .person_idle_ms = 60000,
        .notice_ms = 15000,
        .staff_idle_ms = 180000,
        .doubt_grace_ms = 900000,
        .wrong_door_ms = 3000,
        .late_open_ms = 30000,
        .lockout_tries = 5,
        .lockout_first_ms = 60000,
        .lockout_most_ms = 900000,
        .lockout_alarm = 3,
        .lockout_forget_ms = 3600000,
        .remote_staff = LK_REMOTE_CLERKS,
        .remote_short_most = 3,
        .remote_short_ms = 600000,
        .remote_day_most = 10,
        .join_case = true,
        .refusable = true,
        .extend_days = 3,
        .extend_most = 1,
        .dropoff_most = 4,
        .two_person_ms = 1800000,
    };
}

int lk_core_find_door(const struct lk_core_config *cfg, const char *label)
{
    for (int i = 0; i < cfg->doors; i++) {
        if (strcmp(cfg->door[i].label, label) == 0) {
            return i;
        }
    }
    return LK_NO_DOOR;
}

int lk_core_find_bank(const struct lk_core_config *cfg, const char *name)
{
    for (int i = 0; i < cfg->banks; i++) {
        if (strcmp(cfg->bank_name[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

const char *lk_core_label(const struct lk_core_config *cfg, int door)
{
    return door >= 0 && door < cfg->doors ? cfg->door[door].label : "-";
}
