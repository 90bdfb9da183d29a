/* Admin commands about wear: what there is, and that a part was replaced. */
#include "app.h"

#include "base/text.h"

#include <string.h>

static json_t *warnings_json(uint32_t raised)
{
    json_t *list = json_array();
    for (int i = 0; i < LK_WEAR_WARNINGS; i++) {
        if (raised & 1U << i) {
            json_array_append_new(list, json_string(lk_reason_name(lk_wear_reason((enum lk_wear_warning)i))));
        }
    }
    return list;
}

static json_t *times_json(const struct lk_wear_door *w)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < w->recent; i++) {
        json_array_append_new(list, json_integer(w->recent_ms[i]));
    }
    return list;
}

static json_t *number_or_null(bool known, uint64_t value)
{
    return known ? json_integer((json_int_t)value) : json_null();
}

static json_t *door_json(const struct lk_app *app, int door)
{
    const struct lk_wear_rules *rules = &app->config->wear;
    const struct lk_core_config *core = &app->config->core;
    const struct lk_wear_door *w = lk_wear_door_of(app->wear, door);
    uint32_t lately_ms = lk_wear_lately_ms(rules, w);
    bool relay = lk_wear_has_relay(app->wear, door);
    json_t *json =
        json_pack("{s:s, s:s, s:i, s:o, s:I, s:I, s:o}", "door", core->door[door].label, "bank",
                  core->bank_name[core->door[door].bank], "percent", (int)lk_wear_share(rules, w), "warnings",
                  warnings_json(w->raised), "lock_cycles", (json_int_t)w->lock_cycles, "lock_rating",
                  (json_int_t)rules->lock_cycles, "relay_cycles", number_or_null(relay, w->relay_cycles));
    json_object_set_new(json, "relay_rating", number_or_null(relay, rules->relay_cycles));
    json_object_set_new(json, "openings", json_integer(w->openings));
    json_object_set_new(json, "jams", json_integer(w->jams));
    json_object_set_new(json, "jams_lately", json_integer(lk_wear_jams_lately(w)));
    json_object_set_new(json, "baseline_ms", number_or_null(w->baseline_ms != 0, w->baseline_ms));
    json_object_set_new(json, "lately_ms", number_or_null(lately_ms != 0, lately_ms));
    json_object_set_new(json, "recent_ms", times_json(w));
    json_object_set_new(json, "lock_replaced", json_integer(w->lock_resets));
    json_object_set_new(json, "relay_replaced", json_integer(w->relay_resets));
    return json;
}

static json_t *machine_json(const struct lk_app *app)
{
    const struct lk_wear_site *site = lk_wear_site_of(app->wear);
    const struct lk_store_disk *disk = lk_wear_disk_of(app->wear);
    json_t *json = json_object();
    json_object_set_new(json, "warnings", warnings_json(site->raised));
    json_object_set_new(json, "temperature",
                        site->temperature == LK_WEAR_NO_VALUE ? json_null() : json_integer(site->temperature));
    json_object_set_new(json, "disk_life_percent",
                        number_or_null(site->disk_life_percent >= 0, (uint64_t)site->disk_life_percent));
    json_object_set_new(json, "disk_pre_eol", number_or_null(site->disk_pre_eol != 0, (uint64_t)site->disk_pre_eol));
    json_object_set_new(json, "hours", json_integer(disk->hours));
    json_object_set_new(json, "disk_daily_bytes",
                        number_or_null(disk->hours > 0, lk_wear_daily(disk->device_kib, disk->hours)));
    json_object_set_new(json, "own_daily_bytes",
                        number_or_null(disk->hours > 0, lk_wear_daily(disk->own_kib, disk->hours)));
    json_object_set_new(json, "disk_bytes", json_integer((json_int_t)disk->device_bytes));
    json_object_set_new(json, "own_bytes", json_integer((json_int_t)disk->own_bytes));
    return json;
}

void lk_admin_wear(void *user, struct lk_admin_request *request, const json_t *args)
{
    (void)args;
    struct lk_app *app = user;
    uint16_t order[LK_MAX_DOORS];
    json_t *list = json_array();
    lk_wear_order(app->wear, order);
    for (int i = 0; i < app->config->core.doors; i++) {
        json_array_append_new(list, door_json(app, order[i]));
    }
    lk_admin_ok(request, json_pack("{s:o, s:o}", "doors", list, "machine", machine_json(app)));
}

void lk_admin_wear_reset(void *user, struct lk_admin_request *request, const json_t *args)
{
    struct lk_app *app = user;
    const char *door = NULL, *part = NULL;
    struct lk_input in = lk_engine_input(LK_IN_ADMIN);
    struct lk_admin_wait about = {0};
    in.admin = LK_ADMIN_REPLACED;
    if (!lk_admin_text(request, args, "door", true, LK_LABEL_MAX, &door) ||
        !lk_admin_text(request, args, "part", true, 8, &part) || !lk_admin_why(request, args, true, &in)) {
        return;
    }
    in.door = lk_core_find_door(lk_engine_core_config(app->engine), door);
    if (in.door == LK_NO_DOOR) {
        lk_admin_fail(request, LK_REASON_NO_SUCH_DOOR, "args.door: this cabinet has no such door");
        return;
    }
    bool lock = strcmp(part, "lock") == 0, relay = strcmp(part, "relay") == 0;
    if (!lock && (!relay || !lk_wear_has_relay(app->wear, in.door))) {
        lk_admin_fail(request, LK_REASON_BAD_ARGUMENT,
                      "args.part: must be lock, or relay where the bank is a board of relays");
        return;
    }
    in.reason = lock ? LK_REASON_LOCK_REPLACED : LK_REASON_RELAY_REPLACED;
    (void)lk_text_copy(about.door, sizeof(about.door), door);
    lk_admin_submit(app, request, &in, &about);
}
