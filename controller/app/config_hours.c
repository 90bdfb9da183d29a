#include "config_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int lk_config_year(const char *name, int *ret_year)
{
    uint64_t year = 0;
    int32_t day;
    if (strlen(name) != 4 || lk_text_parse_u64(name, 9999, &year) < 0 || lk_hours_day((int)year, 1, 1, &day) < 0) {
        return -EINVAL;
    }
    *ret_year = (int)year;
    return 0;
}

void lk_config_set_hours(struct lk_config_reader *r, struct lk_config_found *s, const struct lk_config_key *key,
                         const char *value, void *field)
{
    const char *what = NULL;
    int rc = key->type == LK_TYPE_HOURS    ? lk_hours_parse_week(value, field, &what)
             : key->type == LK_TYPE_CLOSED ? lk_hours_parse_closed(value, field, &what)
                                           : lk_hours_parse_working(value, field, &what);
    if (rc < 0) {
        lk_config_fault_value(r, s, key, value, what);
    }
}

/* Whether libc will find it: an unknown name is UTC to it, without a word. */
static bool is_zone_here(const char *name)
{
    const char *dir = getenv("TZDIR");
    char path[LK_CONFIG_TEXT + LK_CONFIG_PATH_LEN];
    struct lk_text t = lk_text_init(path, sizeof(path));
    lk_text_addf(&t, "%s/%s", dir != NULL ? dir : "/usr/share/zoneinfo", name);
    return !t.truncated && access(path, R_OK) == 0;
}

void lk_config_check_windows(struct lk_config_reader *r)
{
    const struct lk_config *c = r->config;
    const struct lk_config_found *site = lk_config_find(r, LK_SEC_SITE, NULL);
    if (c->windows > 0 && site != NULL && !is_zone_here(c->site.time_zone)) {
        lk_config_fault(r, lk_config_key_place(site, "time_zone"),
                        "site.time_zone: there is no \"%.60s\" on this machine; allowed: a name such as Asia/Shanghai, "
                        "with the package tzdata installed",
                        c->site.time_zone);
    }
}
