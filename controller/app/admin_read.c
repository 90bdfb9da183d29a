#include "app.h"
#include "rounds.h"
#include "store/find.h"
#include "store/log.h"
#include "uplink/envelope.h"
#include "wiring.h"

#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { EVENTS_BATCH = 100 };

/* --- status
 * ----------------------------------------------------------------------------------------------------------------------------
 */

static json_t *uplink_json(struct lk_app *app, bool brief)
{
    if (!app->postal) {
        return json_pack("{s:b, s:b}", "configured", 0, "connected", 0);
    }
    struct lk_postal_status s;
    lk_postal_status(app->postal, &s);
    json_t *json = json_pack("{s:b, s:b, s:s, s:s}", "configured", 1, "connected", s.connected, "url",
                             app->config->uplink.url, "last_error", s.last_error);
    if (!brief) {
        uint64_t seq = lk_store_last_seq(app->store), acked = lk_store_acked(app->store);
        json_object_set_new(json, "since_s", json_integer((lk_engine_now_ms(app->engine) - s.since_ms) / 1000));
        json_object_set_new(json, "epoch", json_string(lk_store_epoch(app->store)));
        json_object_set_new(json, "seq", json_integer((json_int_t)seq));
        json_object_set_new(json, "acked", json_integer((json_int_t)acked));
        json_object_set_new(json, "unacked", json_integer((json_int_t)(seq - acked)));
        json_object_set_new(json, "first_seq", json_integer((json_int_t)lk_store_first_seq(app->store)));
        json_object_set_new(json, "outbox", json_string(lk_outbox_level_name(s.level)));
        json_object_set_new(json, "outbox_most", json_integer(s.outbox_most));
        json_object_set_new(json, "left_out", json_integer(s.left_out));
        json_object_set_new(json, "sent", json_integer((json_int_t)s.sent));
        json_object_set_new(json, "command_keys", json_integer(s.command_keys));
        json_object_set_new(json, "seal_key", json_string(s.seal_key));
    }
    return json;
}

static json_t *store_json(struct lk_app *app)
{
    struct lk_store_health h;
    lk_store_health(app->store, &h);
    json_t *json = json_pack("{s:b, s:I, s:I}", "ok", !h.degraded, "bytes", (json_int_t)h.bytes, "disk_free",
                             (json_int_t)h.disk_free);
    json_object_set_new(json, "degraded", h.degraded ? json_string(strerror(-h.error)) : json_null());
    return json;
}

static json_t *limits_json(struct lk_app *app)
{
    struct lk_limits_state is;
    lk_limits_state(app->limits, &is);
    const char *power = !is.power_configured ? "not_wired"
                        : is.power_failing   ? "failing"
                        : is.power_watched   ? "good"
                                             : "not_watched";
    return json_pack("{s:s, s:s, s:b, s:b, s:I, s:I}", "power", power, "power_error",
                     is.power_error < 0 ? strerror(-is.power_error) : "", "disk_low", is.disk_low, "disk_slow",
                     is.disk_slow, "slowest_ms", (json_int_t)is.slowest_ms, "reserve", (json_int_t)is.reserve_bytes);
}

const char *lk_admin_bank_state(const struct lk_bank *bank)
{
    return bank->stopped_by_us ? "stopped" : lk_bank_state_name(bank->state);
}

static const char *reason_or_empty(enum lk_reason reason)
{
    return reason == LK_REASON_NONE ? "" : lk_reason_name(reason);
}

/* A board that was never heard of has no reason yet; it is silent. */
static const char *bank_reason(const struct lk_bank *bank)
{
    bool never = bank->state == LK_BANK_LOST && bank->reason == LK_REASON_NONE;
    return reason_or_empty(never ? LK_REASON_BOARD_SILENT : bank->reason);
}

static json_t *banks_json(struct lk_app *app)
{
    const struct lk_core *core = lk_engine_core(app->engine);
    json_t *list = json_array();
    for (unsigned i = 0; i < app->config->banks; i++) {
        const struct lk_config_bank *bank = &app->config->bank[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:i, s:s, s:i, s:s}", "name", bank->name, "state",
                                              lk_admin_bank_state(&core->bank[i]), "reason",
                                              bank_reason(&core->bank[i]), "doors", (int)bank->doors, "fieldbus",
                                              bank->fieldbus, "unit", (int)bank->unit, "profile", bank->profile));
    }
    return list;
}

static json_t *door_counts_json(struct lk_app *app)
{
    const struct lk_core *core = lk_engine_core(app->engine);
    const struct lk_core_config *cfg = lk_engine_core_config(app->engine);
    int use[LK_USES] = {0}, open = 0, unknown = 0;
    for (int i = 0; i < cfg->doors; i++) {
        enum lk_door_state state = core->door[i].state;
        use[core->door[i].use]++;
        open += state == LK_DOOR_OPEN || state == LK_DOOR_LEFT_OPEN || state == LK_DOOR_FORCED;
        unknown += state == LK_DOOR_UNKNOWN || state == LK_DOOR_LOST;
    }
    return json_pack("{s:i, s:i, s:i, s:i, s:i, s:i}", "free", use[LK_USE_FREE], "reserved", use[LK_USE_RESERVED],
                     "occupied", use[LK_USE_OCCUPIED], "blocked", use[LK_USE_BLOCKED], "open", open, "unknown",
                     unknown);
}

/* The doors whose wiring waits for staff. */
static json_t *wiring_json(struct lk_app *app)
{
    json_t *list = json_array();
    const char *label;
    for (unsigned n = 0;
         (label = lk_wiring_held(lk_engine_core_config(app->engine), lk_engine_core(app->engine), -1, n)) != NULL;
         n++) {
        json_array_append_new(list, json_string(label));
    }
    return list;
}

static void add_log_state(struct lk_app *app, json_t *json)
{
    uint64_t seq = lk_store_last_seq(app->store), acked = lk_store_acked(app->store), oldest = 0;
    char time[32] = "";
    (void)lk_store_oldest_unacked(app->store, &oldest, time);
    json_object_set_new(json, "epoch", json_string(lk_store_epoch(app->store)));
    json_object_set_new(json, "seq", json_integer((json_int_t)seq));
    json_object_set_new(json, "acked", json_integer((json_int_t)acked));
    json_object_set_new(json, "unacked", json_integer((json_int_t)(seq - acked)));
    json_object_set_new(json, "oldest_unacked", oldest ? json_string(time) : json_null());
}

static json_t *inspection_json(struct lk_app *app)
{
    struct lk_rounds rounds;
    struct lk_stamp now = lk_engine_stamp(app->engine);
    char text[32] = "";
    struct lk_text t = lk_text_init(text, sizeof(text));
    if (lk_rounds_state(app->store, app->config, &now, &rounds) < 0) {
        return json_null(); /* better nothing than a wrong answer */
    }
    lk_text_add_utc(&t, rounds.last_wall_ms);
    return json_pack("{s:o, s:b, s:i, s:b}", "last", rounds.last_wall_ms == 0 ? json_null() : json_string(text),
                     "undated", rounds.undated, "every_days", (int)app->config->inspect_every_days, "due", rounds.due);
}

static bool is_ready(struct lk_app *app)
{
    const struct lk_core *core = lk_engine_core(app->engine);
    bool any = false;
    for (unsigned i = 0; i < app->config->banks; i++) {
        any = any || (core->bank[i].state == LK_BANK_READY && !core->bank[i].stopped_by_us);
    }
    return any && !lk_engine_stalled(app->engine);
}

void lk_admin_status(void *user, struct lk_admin_request *request, const json_t *args)
{
    (void)args;
    struct lk_app *app = user;
    const struct lk_lockout *lockout = &lk_engine_core(app->engine)->lockout;
    int64_t now_ms = lk_engine_now_ms(app->engine);
    int64_t locked_ms = lockout->until_at_ms > now_ms ? lockout->until_at_ms - now_ms : 0;
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:I, s:s, s:b}", "version", LK_VERSION, "operator", app->config->site.operator_id,
                  "site", app->config->site.id, "uptime_s", (json_int_t)((now_ms - app->started_at_ms) / 1000), "clock",
                  lk_clock_quality_name(lk_engine_quality(app->backends.clock)), "ready", is_ready(app));
    add_log_state(app, json);
    json_object_set_new(json, "uplink", uplink_json(app, true));
    json_object_set_new(json, "store", store_json(app));
    json_object_set_new(json, "limits", limits_json(app));
    json_object_set_new(json, "fieldbuses", lk_admin_fieldbuses_json(app));
    json_object_set_new(json, "banks", banks_json(app));
    json_object_set_new(json, "doors", door_counts_json(app));
    json_object_set_new(json, "readers", lk_readers_json(app));
    json_object_set_new(json, "wiring_changed", wiring_json(app));
    json_object_set_new(json, "inspection", inspection_json(app));
    json_object_set_new(json, "two_person_s", json_integer(app->config->core.two_person_ms / 1000));
    json_object_set_new(json, "wear", lk_admin_wear_faults(app));
    json_object_set_new(
        json, "kiosk",
        json_pack("{s:s, s:i}", "url", lk_face_url(app->face), "streams", (int)lk_face_streams(app->face)));
    json_object_set_new(json, "lockout",
                        json_pack("{s:i, s:I, s:i}", "level", (int)lockout->level, "locked_s",
                                  (json_int_t)((locked_ms + 999) / 1000), "tries", (int)lockout->tries));
    lk_admin_ok(request, json);
}

void lk_admin_uplink(void *user, struct lk_admin_request *request, const json_t *args)
{
    (void)args;
    lk_admin_ok(request, uplink_json(user, false));
}

/* --- doors
 * -----------------------------------------------------------------------------------------------------------------------
 */

/* What lies there beside the item the door is about. */
static json_t *others_json(const struct lk_core *core, int door)
{
    json_t *list = json_array();
    for (int i = 0; i < LK_EXTRAS; i++) {
        if (core->extra[i].item[0] != '\0' && core->extra[i].door == door) {
            json_array_append_new(list, json_string(core->extra[i].item));
        }
    }
    return list;
}

static json_t *door_json(struct lk_app *app, int i)
{
    const struct lk_core_config *cfg = lk_engine_core_config(app->engine);
    const struct lk_door_config *place = &cfg->door[i];
    const struct lk_door *door = &lk_engine_core(app->engine)->door[i];
    enum lk_reason reason = door->doubt_until_ms != LK_NEVER      ? LK_REASON_OUTCOME_UNPROVEN
                            : door->blocked_for != LK_REASON_NONE ? door->blocked_for
                            : door->wiring_held                   ? LK_REASON_WIRING_CHANGED
                                                                  : LK_REASON_NONE;
    json_t *others = others_json(lk_engine_core(app->engine), i);
    return json_pack("{s:s, s:s, s:s, s:b, s:s, s:s, s:s, s:o, s:s, s:I, s:I}", "door", place->label, "bank",
                     cfg->bank_name[place->bank], "size", lk_size_name(place->size), "low_reach", place->low_reach,
                     "state", lk_door_state_name(door->state), "use", lk_use_name(door->use), "item", door->item,
                     "others", others, "reason", reason_or_empty(reason), "since_s",
                     (json_int_t)((lk_engine_now_ms(app->engine) - door->moved_at_ms) / 1000), "pulses",
                     (json_int_t)lk_cabinet_pulses(app->cabinet, i));
}

void lk_admin_doors(void *user, struct lk_admin_request *request, const json_t *args)
{
    (void)args;
    struct lk_app *app = user;
    json_t *list = json_array();
    for (int i = 0; i < lk_engine_core_config(app->engine)->doors; i++) {
        json_array_append_new(list, door_json(app, i));
    }
    lk_admin_ok(request, json_pack("{s:o}", "doors", list));
}

/* --- events
 * -------------------------------------------------------------------------------------------------------------------------------
 */

struct lk_follower {
    struct lk_follower *next;
    struct lk_app *app;
    struct lk_admin_request *request;
    uint64_t after, left;
    bool follow, writing; /* writing: the last slice is not out yet */
    struct lk_uplink_site site;
};

static bool send_event(void *user, const struct lk_record *record)
{
    struct lk_follower *f = user;
    static char buf[LK_ENVELOPE_EVENT_MAX]; /* owner thread only */
    struct lk_text t = lk_text_init(buf, sizeof(buf));
    lk_envelope_event(&t, &f->site, record, lk_config_status_code(f->app->config, record->type));
    f->after = record->seq;
    f->left--;
    return lk_admin_event_text(f->request, t.buf, t.len) == 0 && f->left > 0;
}

static void forget_follower(struct lk_follower *f)
{
    for (struct lk_follower **at = &f->app->followers; *at; at = &(*at)->next) {
        if (*at == f) {
            *at = f->next;
            break;
        }
    }
    free(f);
}

static void end_follower(struct lk_follower *f)
{
    lk_admin_ok(f->request, json_pack("{s:I}", "last", (json_int_t)f->after));
    forget_follower(f);
}

static void on_written(void *user, struct lk_admin_request *request);

/* One slice, then the next when the client has taken it. A follower that has everything waits for news. */
static void send_slice(struct lk_follower *f)
{
    int r = lk_store_read_events(f->app->store, f->after, EVENTS_BATCH, send_event, f);
    bool all = f->after >= lk_store_last_seq(f->app->store);
    if (r < 0) {
        lk_admin_store_failed(f->request, r);
        forget_follower(f);
    } else if (lk_admin_gone(f->request) || f->left == 0 || (all && !f->follow)) {
        end_follower(f);
    } else if (!all) {
        f->writing = true;
        lk_admin_when_written(f->request, on_written);
    }
}

static void on_written(void *user, struct lk_admin_request *request)
{
    (void)user;
    struct lk_follower *f = lk_admin_data(request);
    f->writing = false;
    send_slice(f);
}

static struct lk_follower *make_follower(struct lk_app *app, struct lk_admin_request *request, const json_t *args)
{
    struct lk_follower *f = calloc(1, sizeof(*f));
    if (!f) {
        lk_admin_fail(request, LK_REASON_NOT_NOW, "out of memory");
        return NULL;
    }
    f->app = app;
    f->request = request;
    f->follow = json_is_true(json_object_get(args, "follow"));
    (void)lk_text_copy(f->site.operator_id, sizeof(f->site.operator_id), app->config->site.operator_id);
    (void)lk_text_copy(f->site.site_id, sizeof(f->site.site_id), app->config->site.id);
    json_int_t from = f->follow ? (json_int_t)lk_store_last_seq(app->store) : 0;
    if (!lk_admin_number(request, args, "after", INT64_MAX, from, &f->after) ||
        !lk_admin_number(request, args, "limit", INT64_MAX, 0, &f->left)) {
        free(f);
        return NULL;
    }
    f->left = f->left ? f->left : UINT64_MAX;
    return f;
}

void lk_admin_events(void *user, struct lk_admin_request *request, const json_t *args)
{
    struct lk_app *app = user;
    struct lk_follower *f = make_follower(app, request, args);
    if (f) {
        f->next = app->followers;
        app->followers = f;
        lk_admin_set_data(request, f);
        send_slice(f);
    }
}

void lk_admin_feed_followers(struct lk_app *app)
{
    struct lk_follower *next = NULL;
    for (struct lk_follower *f = app->followers; f; f = next) {
        next = f->next;
        if (!f->writing) {
            send_slice(f);
        }
    }
}

void lk_admin_events_cancelled(struct lk_app *app, struct lk_admin_request *request)
{
    (void)app;
    struct lk_follower *f = lk_admin_data(request);
    if (f) {
        end_follower(f);
    }
}

void lk_admin_drop_all(struct lk_app *app)
{
    while (app->followers) {
        struct lk_follower *f = app->followers;
        app->followers = f->next;
        free(f);
    }
    memset(app->waiting, 0, sizeof(app->waiting));
}
