#include "app.h"
#include "metrics.h"
#include "windows.h"
#include "wiring.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <errno.h>
#include <event2/event.h>
#include <grp.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum {
    HOUSEKEEPING_MS = 1000,
    STOP_MOST_MS = 4000,   /* a dead board may take two time-outs; then we leave anyway */
    TIDY_EVERY_MS = 60000, /* with a commit as a probe each time: a write, and an SD card has a life */
    METRICS_EVERY_MS = 15000,
    MQTT_SILENT_MS = 30000,
};

/* --- outlets of the engine
 * --------------------------------------------------------------------------------------------------------------- */

static int out_pulse(void *user, int door, uint64_t intent, int64_t now_ms)
{
    return lk_cabinet_pulse(((struct lk_app *)user)->cabinet, door, intent, now_ms);
}

static void out_resume_bank(void *user, int bank)
{
    lk_cabinet_resume_bank(((struct lk_app *)user)->cabinet, bank);
}

static void out_replay(void *user, uint64_t from_seq)
{
    lk_postal_replay(((struct lk_app *)user)->postal, from_seq);
}

static void out_reply(void *user, const struct lk_effect *reply)
{
    if (reply->request & 1) {
        lk_admin_reply(user, reply);
    } else {
        lk_kiosk_reply(user, reply);
    }
}

static void out_command(void *user, const struct lk_effect *command)
{
    lk_postal_command(((struct lk_app *)user)->postal, command);
}

static void out_logged(void *user, struct lk_store_range range)
{
    struct lk_app *app = user;
    lk_postal_logged(app->postal, range);
    if (app->admin) {
        lk_admin_feed_followers(app);
    }
}

static void out_changed(void *user)
{
    struct lk_app *app = user;
    if (!app->started) {
        return;
    }
    struct lk_view view;
    lk_core_view(lk_engine_core_config(app->engine), lk_engine_core(app->engine), lk_engine_now_ms(app->engine), &view);
    lk_face_show(app->face, &view);
    lk_readers_show(app->readers, &view);
    lk_lamps_show(app->lamps, &view);
    lk_postal_changed(app->postal);
}

static void out_settled(void *user, int door, enum lk_outcome outcome)
{
    lk_wear_outcome(((struct lk_app *)user)->wear, door, outcome);
}

static void out_replaced(void *user, int door, enum lk_reason reason)
{
    lk_wear_part(((struct lk_app *)user)->wear, door, reason);
}

static void begin_stop(struct lk_app *app);

static void out_broken(void *user, int error)
{
    struct lk_app *app = user;
    lk_log(LK_ERR, LK_BLAME_BUG, "the state and the store contradict each other: %s; starting anew from the store",
           strerror(-error));
    app->exit_code = EX_SOFTWARE;
    begin_stop(app);
}

static int start_devices(struct lk_app *app, struct lk_text *why)
{
    int r = lk_readers_create(app, &app->readers, why);
    if (r == 0) {
        r = lk_lamps_create(app, &app->lamps, why);
    }
    out_changed(app); /* they know nothing of the screen yet */
    return r == 0 ? EX_OK : r == -EPERM ? EX_CONFIG : EX_OSERR;
}

/* --- housekeeping: clock quality, watchdog, write-ahead log
 * --------------------------------------------------------------------------------------- */

static void feed_watchdog(struct lk_app *app, int64_t now_ms)
{
    bool lines = lk_cabinet_answers(app->cabinet, now_ms);
    bool mqtt = true;
    if (app->postal) {
        struct lk_postal_status status;
        lk_postal_status(app->postal, &status);
        mqtt = now_ms - status.alive_at_ms < MQTT_SILENT_MS;
    }
    if (lines && mqtt && !app->stopping) {
        (void)lk_watchdog_tell(app->backends.watchdog, LK_WATCHDOG_FEED);
    }
}

static void look_after_store(struct lk_app *app, int64_t now_ms)
{
    if (now_ms < app->tidy_at_ms) {
        return;
    }
    app->tidy_at_ms = now_ms + TIDY_EVERY_MS;
    (void)lk_store_tidy(app->store);
    (void)malloc_trim(0); /* a long admin answer leaves 1 MB of free memory below what came later */
    if (lk_wear_save(app->wear, app->store) < 0) {
        lk_log(LK_WARN, LK_BLAME_DEVICE, "the disk takes no commit; doors stay shut until it does");
    }
}

static void write_metrics(struct lk_app *app, int64_t now_ms)
{
    static struct lk_log_limit limit = {.burst = 1, .window_ms = 3600000}; /* owner thread only */
    const char *path = app->config->metrics_textfile;
    unsigned dropped = 0;
    if (path[0] == '\0' || now_ms < app->metrics_at_ms) {
        return;
    }
    app->metrics_at_ms = now_ms + METRICS_EVERY_MS;
    int r = lk_metrics_write(app, path);
    if (r < 0 && lk_log_allowed(&limit, now_ms, &dropped)) {
        lk_log(LK_WARN, LK_BLAME_CONFIG, "%s cannot be written: %s; everything else goes on (%u more such lines)", path,
               strerror(-r), dropped);
    }
}

/* Each second, for the clock may jump at any; the face tells people only of a change. */
static void tell_of_windows(struct lk_app *app)
{
    struct lk_stamp now = lk_engine_stamp(app->engine);
    struct lk_face_window window;
    lk_windows_now(app->config, &now, &window);
    lk_face_window(app->face, &window);
    bool missing = window.state == LK_FACE_WINDOW_UNKNOWN && now.quality == LK_CLOCK_SYNCED;
    if (missing && !app->hours_missing) {
        lk_log(LK_WARN, LK_BLAME_CONFIG,
               "no [holidays YEAR] describes this year; the kiosk does not say when the windows are open");
    }
    app->hours_missing = missing;
}

/* People see rtc where the machine says synchronised: the log tells why. */
static void say_doubt(const struct lk_app *app)
{
    long long off_s = lk_clock_doubt_ms(app->backends.clock) / 1000;
    if (off_s != 0) {
        lk_log(
            LK_WARN, LK_BLAME_PEER,
            "the time service's calendar jumped by %lld h; it decides nothing until it is back or has stayed there for "
            "24 h. If it is right now, start lockerd anew",
            off_s / 3600);
    }
}

static void look_at_clock(struct lk_app *app)
{
    enum lk_clock_quality quality = lk_engine_quality(app->backends.clock);
    if (quality == lk_engine_core(app->engine)->clock || app->stopping) {
        return;
    }
    struct lk_input in = lk_engine_input(LK_IN_CLOCK);
    in.clock = quality;
    say_doubt(app);
    lk_engine_post(app->engine, &in);
    lk_dues_look(app->dues);
    lk_postal_look_at_dates(app->postal);
}

static void on_housekeeping(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct lk_app *app = user;
    int64_t now_ms = lk_engine_now_ms(app->engine);
    look_at_clock(app);
    tell_of_windows(app);
    if (!app->stopping) {
        lk_wear_look(app->wear, app->engine, now_ms);
        lk_limits_look(app->limits, now_ms);
    }
    look_after_store(app, now_ms);
    write_metrics(app, now_ms);
    feed_watchdog(app, now_ms);
}

/* --- the end
 * ---------------------------------------------------------------------------------------------------------------------------------------------
 */

static void on_stop_timer(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct lk_app *app = user;
    if (lk_cabinet_stopped(app->cabinet) && lk_lamps_stopped(app->lamps)) {
        (void)event_base_loopbreak(app->base);
    }
}

static void on_stop_late(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    lk_log(LK_WARN, LK_BLAME_DEVICE, "a board did not say that its coils are off; leaving anyway");
    (void)event_base_loopbreak(((struct lk_app *)user)->base);
}

static void begin_stop(struct lk_app *app)
{
    if (app->stopping) {
        return;
    }
    lk_log(LK_NOTICE, LK_BLAME_NONE, "stopping: no new openings, all coils off");
    (void)lk_watchdog_tell(app->backends.watchdog, LK_WATCHDOG_STOPPING);
    struct lk_input in = lk_engine_input(LK_IN_SHUTDOWN);
    lk_engine_post(app->engine, &in);
    (void)lk_wear_save(app->wear, app->store); /* a clean stop forgets nothing */
    app->stopping = true;
    lk_cabinet_stop(app->cabinet);
    lk_lamps_stop(app->lamps);
    struct timeval often = {.tv_usec = 20000}, most = {.tv_sec = STOP_MOST_MS / 1000};
    app->stop_timer = event_new(app->base, -1, EV_PERSIST, on_stop_timer, app);
    if (!app->stop_timer || event_add(app->stop_timer, &often) < 0 ||
        event_base_once(app->base, -1, EV_TIMEOUT, on_stop_late, app, &most) < 0) {
        (void)event_base_loopbreak(app->base);
    }
}

static void on_signal(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    begin_stop(user);
}

/* Also when there is no uplink: a service manager asks whatever is configured. */
static void on_reload(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct lk_app *app = user;
    char buf[256];
    struct lk_text why = lk_text_init(buf, sizeof(buf));
    struct lk_postal_reloaded done;
    if (app->postal && app->started && !app->stopping) {
        (void)lk_postal_reload(app->postal, &done, &why); /* says in the log what came of it */
    }
}

/* --- the beginning
 * ---------------------------------------------------------------------------------------------------------------------------------------
 */

static int store_exit_code(int error)
{
    switch (-error) {
    case EBUSY:
        return EX_TEMPFAIL;
    case EUCLEAN:
    case ENOKEY:
    case EKEYREJECTED:
    case EXDEV:
    case EPERM:
        return EX_DATAERR;
    default:
        return EX_OSERR;
    }
}

void lk_app_store_config(const struct lk_config *config, struct lk_store_config *ret_config)
{
    *ret_config = (struct lk_store_config){
        .path = config->paths.database,
        .key_path = config->paths.code_key,
        .backup_dir = config->paths.state_dir,
        .operator_id = config->site.operator_id,
        .site_id = config->site.id,
        .core = &config->core,
        .retention_days = config->retention_days,
        .remind_days = config->remind_days,
        .personal_days = config->personal_days,
        .records_days = config->records_days,
        .events_days = config->events_days,
    };
}

static int start_store(struct lk_app *app, struct lk_text *why)
{
    struct lk_store_config config;
    lk_app_store_config(app->config, &config);
    lk_limits_make_room(app->config);
    int r = lk_store_open(&config, &app->store, why);
    return r < 0 ? store_exit_code(r) : EX_OK;
}

static int start_wear(struct lk_app *app, struct lk_text *why)
{
    int r = lk_wear_create(app->config, app->store, &app->wear, why);
    return r < 0 ? store_exit_code(r) : EX_OK;
}

static int start_engine(struct lk_app *app, struct lk_text *why)
{
    struct lk_engine_config config = {
        .core = &app->config->core,
        .store = app->store,
        .clock = app->backends.clock,
        .base = app->base,
        .outlets = {.user = app,
                    .pulse = out_pulse,
                    .resume_bank = out_resume_bank,
                    .replay = out_replay,
                    .reply = out_reply,
                    .command = out_command,
                    .logged = out_logged,
                    .settled = out_settled,
                    .replaced = out_replaced,
                    .changed = out_changed,
                    .broken = out_broken},
        .trace_file = app->config->trace_file,
    };
    int r = lk_engine_create(&config, &app->engine, why);
    return r == 0 ? EX_OK : r == -ENODEV ? EX_CONFIG : store_exit_code(r);
}

static int start_face(struct lk_app *app, struct lk_text *why)
{
    struct lk_face_config config = {
        .port = (uint16_t)app->config->kiosk_port,
        .site_name = app->config->site.name[0] ? app->config->site.name : NULL,
        .support_phone = app->config->site.support_phone[0] ? app->config->site.support_phone : NULL,
        .code_digits = app->config->code_digits,
        .frame_ancestor = getenv("LOCKERD_DEMO_FRAME"), /* scripts/demo shows the kiosk beside the cabinet */
    };
    int r = lk_face_create(&config, &lk_kiosk_ops, app, app->base, &app->face);
    if (r < 0) {
        lk_text_addf(why, "the kiosk page cannot be served on 127.0.0.1:%u: %s", app->config->kiosk_port, strerror(-r));
    }
    return r == 0 ? EX_OK : r == -EADDRINUSE ? EX_TEMPFAIL : EX_OSERR;
}

static int start_limits(struct lk_app *app, struct lk_text *why)
{
    return lk_limits_create(app, &app->limits, why) < 0 ? EX_OSERR : EX_OK;
}

static int start_admin(struct lk_app *app, struct lk_text *why)
{
    const char *name = app->config->admin_group;
    const struct group *group = name[0] ? getgrnam(name) : NULL;
    if (name[0] && !group) {
        lk_text_addf(why, "admin.group: there is no group %s on this machine", name);
        return EX_CONFIG;
    }
    struct lk_admin_config config = {
        .path = app->config->admin_socket, .group = group ? group->gr_gid : (gid_t)-1, .commands = lk_admin_table};
    int r = lk_admin_create(&config, &lk_admin_desk, app, app->base, &app->admin);
    if (r < 0) {
        lk_text_addf(why, "the admin socket %s cannot be made: %s", app->config->admin_socket,
                     r == -EBUSY ? "another process listens there" : strerror(-r));
    }
    return r == 0 ? EX_OK : r == -EBUSY ? EX_TEMPFAIL : EX_OSERR;
}

static int start_postal(struct lk_app *app, struct lk_text *why)
{
    if (!app->config->uplink.present) {
        return EX_OK;
    }
    struct lk_postal_config config = {.config = app->config,
                                      .store = app->store,
                                      .wear = app->wear,
                                      .limits = app->limits,
                                      .clock = app->backends.clock,
                                      .base = app->base,
                                      .started_at_ms = app->started_at_ms};
    int r = lk_postal_create(&config, &app->postal, why);
    return r == 0 ? EX_OK : r == -ENOMEM ? EX_OSERR : EX_CONFIG;
}

static int start_cabinet(struct lk_app *app, struct lk_text *why)
{
    const struct lk_cabinet_makers make = {.fieldbus = app->backends.fieldbus, .gpio = app->backends.gpio};
    int r = lk_cabinet_create(app->config, &make, app->base, app->backends.clock, &app->cabinet, why);
    if (r == 0) {
        lk_cabinet_set_wear(app->cabinet, app->wear);
    }
    return r == 0 ? EX_OK : r == -EINVAL ? EX_CONFIG : EX_OSERR;
}

/* Before anything is written down or told upstream: who does not get the lines never started. */
static int open_lines(struct lk_app *app, struct lk_text *why)
{
    int r = lk_cabinet_open(app->cabinet, why);
    return r == 0 ? EX_OK : r == -EBUSY ? EX_TEMPFAIL : EX_OSERR;
}

static int start_loop(struct lk_app *app, struct lk_text *why)
{
    static const struct {
        int number;
        event_callback_fn taken;
    } signals[] = {{SIGTERM, on_signal}, {SIGINT, on_signal}, {SIGHUP, on_reload}};
    app->base = event_base_new();
    if (!app->base || event_base_priority_init(app->base, LK_APP_PRIORITIES) < 0 ||
        lk_worker_create(app->base, &app->worker) < 0) {
        lk_text_add(why, "the event loop cannot be made: out of memory");
        return EX_OSERR;
    }
    _Static_assert(LK_ARRAY_SIZE(signals) == LK_APP_SIGNALS, "a place for each");
    for (unsigned i = 0; i < LK_APP_SIGNALS; i++) {
        app->signals[i] = evsignal_new(app->base, signals[i].number, signals[i].taken, app);
        if (!app->signals[i] || event_add(app->signals[i], NULL) < 0) {
            return EX_OSERR;
        }
    }
    app->housekeeping = event_new(app->base, -1, EV_PERSIST, on_housekeeping, app);
    struct timeval tv = {.tv_sec = HOUSEKEEPING_MS / 1000};
    return app->housekeeping && event_add(app->housekeeping, &tv) == 0 ? EX_OK : EX_OSERR;
}

static int start_dues(struct lk_app *app, struct lk_text *why)
{
    const struct lk_dues_config config = {
        .engine = app->engine, .store = app->store, .base = app->base, .commands_days = app->config->commands_days};
    if (lk_dues_create(&config, &app->dues) < 0) {
        lk_text_add(why, "the calendar's timer cannot be made: out of memory");
        return EX_OSERR;
    }
    return EX_OK;
}

/* Everything stands: boot the core, listen to the boards, serve. */
static int go(struct lk_app *app, struct lk_text *why)
{
    struct lk_input boot = lk_engine_input(LK_IN_BOOT);
    boot.clock = lk_engine_quality(app->backends.clock);
    app->started = true;
    lk_postal_serve(app->postal, app->engine);
    lk_engine_post(app->engine, &boot);
    lk_wiring_say(lk_engine_core_config(app->engine), lk_engine_core(app->engine));
    tell_of_windows(app);
    int r = lk_cabinet_start(app->cabinet, app->engine, why);
    lk_limits_begin(app->limits);
    return r == 0 ? start_devices(app, why) : EX_OSERR;
}

int lk_app_start(struct lk_app *app, const struct lk_config *config, const struct lk_backends *backends,
                 struct lk_text *why)
{
    static int (*const stages[])(struct lk_app *, struct lk_text *) = {
        start_loop, start_store, start_wear, start_cabinet, start_engine, start_limits,
        start_face, start_admin, open_lines, start_postal,  go,           start_dues,
    };
    *app = (struct lk_app){.config = config, .backends = *backends};
    lk_windows_zone(config); /* before there is any thread */
    app->started_at_ms = lk_clock_mono_ms(backends->clock);
    app->tidy_at_ms = app->started_at_ms + TIDY_EVERY_MS;
    for (unsigned i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
        int code = stages[i](app, why);
        if (code != EX_OK) {
            return code;
        }
    }
    lk_log(LK_NOTICE, LK_BLAME_NONE, "lockerd %s serves %s at %s", LK_VERSION, config->site.key,
           lk_face_url(app->face));
    (void)lk_watchdog_tell(backends->watchdog, LK_WATCHDOG_READY);
    return EX_OK;
}

int lk_app_run(struct lk_app *app)
{
    (void)event_base_dispatch(app->base);
    lk_log(LK_NOTICE, LK_BLAME_NONE, "stopped%s",
           lk_cabinet_stopped(app->cabinet) ? ": every board was told to switch its coils off" : "");
    return app->exit_code;
}

static void free_event(struct event *ev)
{
    if (ev) {
        event_free(ev);
    }
}

void lk_app_end(struct lk_app *app)
{
    app->stopping = true;
    app->started = false;
    app->admin = lk_admin_destroy(app->admin);
    app->worker = lk_worker_destroy(app->worker);
    lk_admin_end_long(app);
    lk_admin_drop_all(app);
    app->postal = lk_postal_stop(app->postal);
    app->lamps = lk_lamps_destroy(app->lamps);
    app->cabinet = lk_cabinet_destroy(app->cabinet);
    app->readers = lk_readers_destroy(app->readers);
    app->face = lk_face_destroy(app->face);
    app->dues = lk_dues_destroy(app->dues);
    app->engine = lk_engine_destroy(app->engine);
    app->limits = lk_limits_destroy(app->limits);
    app->wear = lk_wear_destroy(app->wear);
    app->store = lk_store_close(app->store);
    for (unsigned i = 0; i < LK_APP_SIGNALS; i++) {
        free_event(app->signals[i]);
    }
    free_event(app->housekeeping);
    free_event(app->stop_timer);
    if (app->base) {
        event_base_free(app->base);
    }
}
