/* The numbers of wear: docs/wear.md. */
#include "metrics_impl.h"

#include "base/cleanup.h"

#include <stdlib.h>

typedef double door_value(const struct lk_app *app, const struct lk_wear_door *w);

#define VALUE(fn, expression)                                                                                          \
    static double fn(const struct lk_app *app, const struct lk_wear_door *w)                                           \
    {                                                                                                                  \
        (void)app;                                                                                                     \
        return (double)(expression);                                                                                   \
    }

VALUE(lock_cycles, w->lock_cycles)
VALUE(relay_cycles, w->relay_cycles)
VALUE(openings, w->openings)
VALUE(jams, w->jams)
VALUE(baseline, w->baseline_ms / 1000.0)
VALUE(lately, lk_wear_lately_ms(&app->config->wear, w) / 1000.0)

static const struct {
    const char *name, *type, *help;
    door_value *value;
    bool of_relay;
} rows[] = {
    {"lock_cycles_total", "counter", "Pulses given to a door's lock since it was new.", lock_cycles, false},
    {"relay_cycles_total", "counter", "Operations of its relay since that was new.", relay_cycles, true},
    {"door_openings_total", "counter", "Openings that the sensor proved since the lock was new.", openings, false},
    {"door_jams_total", "counter", "Pulses after which the door stayed shut, likewise.", jams, false},
    {"door_opening_baseline_seconds", "gauge", "From pulse to open when the lock was new; 0: still learning.", baseline,
     false},
    {"door_opening_seconds", "gauge", "From pulse to open of late, the median; 0: too few yet.", lately, false},
};

static void add_doors(struct lk_app *app, struct lk_text *out)
{
    const struct lk_core_config *cfg = lk_engine_core_config(app->engine);
    for (size_t r = 0; r < LK_ARRAY_SIZE(rows); r++) {
        lk_metrics_head(out, rows[r].name, rows[r].type, rows[r].help);
        for (int i = 0; i < cfg->doors; i++) {
            if (!rows[r].of_relay || lk_wear_has_relay(app->wear, i)) {
                lk_metrics_labelled(out, rows[r].name, "door", cfg->door[i].label,
                                    rows[r].value(app, lk_wear_door_of(app->wear, i)));
            }
        }
    }
}

/* One series for each word, so that an alert can name it without a series for each door and word. */
static void add_warnings(struct lk_app *app, struct lk_text *out)
{
    unsigned count[LK_WEAR_WARNINGS] = {0};
    for (int i = 0; i <= app->config->core.doors; i++) {
        bool site = i == app->config->core.doors;
        uint32_t raised = site ? lk_wear_site_of(app->wear)->raised : lk_wear_door_of(app->wear, i)->raised;
        for (int w = 0; w < LK_WEAR_WARNINGS; w++) {
            count[w] += raised >> w & 1;
        }
    }
    lk_metrics_head(out, "wear_warnings", "gauge", "Places with a warning, by what it is.");
    for (int w = 0; w < LK_WEAR_WARNINGS; w++) {
        lk_metrics_labelled(out, "wear_warnings", "reason", lk_reason_name(lk_wear_reason((enum lk_wear_warning)w)),
                            count[w]);
    }
}

static void add_machine(struct lk_app *app, struct lk_text *out)
{
    const struct lk_wear_site *site = lk_wear_site_of(app->wear);
    const struct lk_store_disk *disk = lk_wear_disk_of(app->wear);
    lk_metrics_one(out, "lock_rating_cycles", "gauge", "What a lock is made for; 0: not watched.",
                   app->config->wear.lock_cycles);
    lk_metrics_one(out, "relay_rating_cycles", "gauge", "What a relay is made for; 0: not watched.",
                   app->config->wear.relay_cycles);
    if (site->temperature != LK_WEAR_NO_VALUE) {
        lk_metrics_one(out, "temperature_celsius", "gauge", "The machine's hottest sensor.", site->temperature);
    }
    if (site->disk_life_percent >= 0) {
        lk_metrics_one(out, "disk_life_used_ratio", "gauge", "Of the disk's life, by its own word.",
                       site->disk_life_percent / 100.0);
    }
    if (disk->hours > 0) {
        lk_metrics_one(out, "disk_written_daily_bytes", "gauge", "Written to the disk of the state folder in a day.",
                       (double)lk_wear_daily(disk->device_kib, disk->hours));
        lk_metrics_one(out, "disk_written_own_daily_bytes", "gauge", "Of that by the daemon.",
                       (double)lk_wear_daily(disk->own_kib, disk->hours));
    }
}

void lk_metrics_add_wear(struct lk_app *app, struct lk_text *out)
{
    add_doors(app, out);
    add_warnings(app, out);
    add_machine(app, out);
}
