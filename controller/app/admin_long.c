/* Admin commands that take a while: a backup, and a walk of the event chain (store, selfcheck). One at a time, in
 * slices on the owner thread so that doors never wait for them. SQLite's quick_check cannot be sliced, and nobody else
 * may open the live file: with a big database it waits for a moment when nobody is at the cabinet. */
#include "app.h"
#include "rounds.h"
#include "store/care.h"
#include "store/find.h"
#include "store/log.h"

#include "base/text.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAGES = 64,
    CHAIN_ROWS = 500,
    PROGRESS_EVERY = 16,
    WHY = 320,
    SMALL_BYTES = 8 << 20, /* checked at once: under 0.1 s */
    CALM_MOST_MS = 30000,  /* how long to wait for a calm moment */
    CALM_LOOK_MS = 100,
};

struct lk_long_job {
    struct lk_app *app;
    struct lk_admin_request *request;
    struct event *next_slice;
    struct lk_store_backup *backup;
    struct lk_store_backup_result result;
    struct lk_store_chain chain;
    void (*chain_done)(struct lk_long_job *job);
    unsigned slices;
    int64_t calm_until_ms; /* when the wait for a calm moment ends; 0: not begun */
    int error;
    char path[LK_CONFIG_PATH_LEN];
    char why[WHY];
};

static void end_job(struct lk_long_job *job)
{
    job->app->long_job = NULL;
    if (job->next_slice) {
        event_free(job->next_slice);
    }
    (void)lk_store_backup_end(job->backup);
    free(job);
}

void lk_admin_end_long(struct lk_app *app)
{
    if (app->long_job) {
        end_job(app->long_job);
    }
}

static void in_ms(struct lk_long_job *job, int ms)
{
    struct timeval tv = {.tv_usec = (suseconds_t)ms * 1000};
    (void)event_add(job->next_slice, &tv);
}

static void soon(struct lk_long_job *job)
{
    in_ms(job, 1);
}

static struct lk_long_job *begin(struct lk_app *app, struct lk_admin_request *request, event_callback_fn slice)
{
    if (app->long_job) {
        lk_admin_fail(request, LK_REASON_NOT_NOW, "another backup or check is under way");
        return NULL;
    }
    struct lk_long_job *job = calloc(1, sizeof(*job));
    if (job) {
        job->app = app;
        job->request = request;
        job->next_slice = event_new(app->base, -1, 0, slice, job);
    }
    if (!job || !job->next_slice) {
        free(job);
        lk_admin_fail(request, LK_REASON_NOT_NOW, "out of memory");
        return NULL;
    }
    app->long_job = job;
    return job;
}

/* --- backup
 * ------------------------------------------------------------------------------------------------------------------------------
 */

static void backup_failed(struct lk_long_job *job, int error)
{
    char text[WHY + 64];
    struct lk_text t = lk_text_init(text, sizeof(text));
    lk_text_addf(&t, "no backup was made: %s", job->why[0] ? job->why : strerror(-error));
    lk_admin_fail(job->request, LK_REASON_BACKUP_FAILED, text);
    end_job(job);
}

static void prove_backup(void *arg)
{
    struct lk_long_job *job = arg;
    struct lk_text why = lk_text_init(job->why, sizeof(job->why));
    job->error = lk_store_backup_finish(job->backup, &job->result, &why);
}

static void backup_proved(void *arg)
{
    struct lk_long_job *job = arg;
    struct lk_app *app = job->app;
    if (!app->admin) {
        end_job(job); /* we are leaving: nobody is there to hear it */
        return;
    }
    if (job->error < 0) {
        backup_failed(job, job->error);
        return;
    }
    struct lk_stamp now = lk_engine_stamp(app->engine);
    (void)lk_store_note_backup(app->store, job->path, &job->result, &now);
    lk_admin_ok(job->request,
                json_pack("{s:s, s:I, s:s, s:I, s:b}", "path", job->path, "bytes", (json_int_t)job->result.bytes,
                          "sha256", job->result.sha256, "last_seq", (json_int_t)job->result.last_seq, "verified", 1));
    end_job(job);
}

static void backup_slice(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct lk_long_job *job = user;
    struct lk_store_progress progress;
    int r = lk_store_backup_step(job->backup, PAGES, &progress);
    if (r < 0 || lk_admin_gone(job->request)) {
        backup_failed(job, r);
        return;
    }
    if (job->slices++ % PROGRESS_EVERY == 0 || progress.finished) {
        (void)lk_admin_progress(job->request,
                                json_pack("{s:i, s:i}", "done", (int)progress.done, "total", (int)progress.total));
    }
    if (!progress.finished) {
        soon(job);
        return;
    }
    struct lk_job proof = {.run = prove_backup, .done = backup_proved, .arg = job};
    r = lk_worker_give(job->app->worker, &proof);
    if (r < 0) {
        backup_failed(job, r);
    }
}

void lk_admin_backup(void *user, struct lk_admin_request *request, const json_t *args)
{
    struct lk_app *app = user;
    const char *path = NULL;
    if (!lk_admin_text(request, args, "path", true, LK_CONFIG_PATH_LEN - 1, &path)) {
        return;
    }
    if (path[0] != '/') {
        lk_admin_fail(request, LK_REASON_BAD_ARGUMENT, "args.path: must begin with /");
        return;
    }
    struct lk_long_job *job = begin(app, request, backup_slice);
    if (!job) {
        return;
    }
    (void)lk_text_copy(job->path, sizeof(job->path), path);
    struct lk_text why = lk_text_init(job->why, sizeof(job->why));
    int r = lk_store_backup_begin(app->store, path, &job->backup, &why);
    if (r < 0) {
        backup_failed(job, r);
        return;
    }
    soon(job);
}

/* --- the chain, walked
 * --------------------------------------------------------------------------------------------------------------------
 */

static bool somebody_is_there(const struct lk_app *app)
{
    const struct lk_core *core = lk_engine_core(app->engine);
    bool there = core->session.screen != LK_SCREEN_HOME;
    for (int i = 0; i < lk_engine_core_config(app->engine)->doors; i++) {
        there = there || core->door[i].state == LK_DOOR_PULSING || core->door[i].state == LK_DOOR_OPEN;
    }
    return there;
}

/* The rows are checked; what is left blocks for about a second per 100 MB. */
static void finish_check(struct lk_long_job *job)
{
    struct lk_store_health h;
    lk_store_health(job->app->store, &h);
    int64_t now_ms = lk_engine_now_ms(job->app->engine);
    if (h.bytes + h.wal_bytes <= SMALL_BYTES || !somebody_is_there(job->app)) {
        job->chain_done(job);
        end_job(job);
        return;
    }
    job->calm_until_ms = job->calm_until_ms ? job->calm_until_ms : now_ms + CALM_MOST_MS;
    if (now_ms < job->calm_until_ms) {
        in_ms(job, CALM_LOOK_MS);
        return;
    }
    lk_admin_fail(job->request, LK_REASON_NOT_NOW,
                  "somebody is at the cabinet and would wait for this; try again later");
    end_job(job);
}

static void chain_slice(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct lk_long_job *job = user;
    int r = lk_store_chain_step(job->app->store, &job->chain, CHAIN_ROWS);
    if (r < 0) {
        lk_admin_store_failed(job->request, r);
        end_job(job);
    } else if (lk_admin_gone(job->request)) {
        lk_admin_ok(job->request, NULL); /* nobody hears it */
        end_job(job);
    } else if (job->chain.finished) {
        finish_check(job);
    } else {
        soon(job);
    }
}

static void walk_chain(struct lk_app *app, struct lk_admin_request *request, void (*done)(struct lk_long_job *job))
{
    struct lk_long_job *job = begin(app, request, chain_slice);
    if (job) {
        job->chain_done = done;
        lk_store_chain_begin(app->store, &job->chain);
        soon(job);
    }
}

/* --- store
 * -----------------------------------------------------------------------------------------------------------------------------------
 */

static json_t *chain_json(const struct lk_store_chain *chain)
{
    bool ok = chain->first_bad_seq == 0;
    json_t *json = json_pack("{s:b, s:I}", "ok", ok, "checked", (json_int_t)chain->checked);
    json_object_set_new(json, "first_bad_seq", ok ? json_null() : json_integer((json_int_t)chain->first_bad_seq));
    return json;
}

static json_t *counts_json(const struct lk_store_counts *counts)
{
    json_t *json = json_object();
    for (int c = LK_CUSTODY_EXPECTED; c < LK_CUSTODIES; c++) {
        json_object_set_new(json, lk_custody_name((enum lk_custody)c), json_integer((json_int_t)counts->items[c]));
    }
    return json;
}

static json_t *last_backup_json(struct lk_app *app)
{
    struct lk_store_last_backup last = {0};
    if (lk_store_last_backup(app->store, &last) < 0 || !last.any) {
        return json_null();
    }
    return json_pack("{s:s, s:I, s:I, s:I, s:s}", "path", last.path, "wall_ms", (json_int_t)last.wall_ms, "bytes",
                     (json_int_t)last.bytes, "last_seq", (json_int_t)last.last_seq, "sha256", last.sha256);
}

static void store_checked(struct lk_long_job *job)
{
    struct lk_app *app = job->app;
    struct lk_store_health h;
    struct lk_store_counts counts = {0};
    struct lk_text why = lk_text_init(job->why, sizeof(job->why));
    lk_store_health(app->store, &h);
    (void)lk_store_counts(app->store, &counts);
    int quick = lk_store_check(app->store, &why);
    json_t *json = json_pack("{s:s, s:I, s:I, s:I, s:i, s:s, s:I}", "path", lk_store_path(app->store), "bytes",
                             (json_int_t)h.bytes, "wal_bytes", (json_int_t)h.wal_bytes, "disk_free",
                             (json_int_t)h.disk_free, "schema", (int)h.schema, "quick_check",
                             quick == 0 ? "ok" : job->why, "codes_live", (json_int_t)counts.codes_live);
    json_object_set_new(json, "chain", chain_json(&job->chain));
    json_object_set_new(json, "items", counts_json(&counts));
    json_object_set_new(json, "last_backup", last_backup_json(app));
    lk_admin_ok(job->request, json);
}

void lk_admin_store(void *user, struct lk_admin_request *request, const json_t *args)
{
    (void)args;
    walk_chain(user, request, store_checked);
}

/* --- selfcheck
 * ---------------------------------------------------------------------------------------------------------------------------------
 */

struct checks {
    json_t *list;
    bool ok;
};

static void check(struct checks *checks, const char *what, const char *place, bool ok, enum lk_reason reason,
                  const char *detail)
{
    checks->ok = checks->ok && ok;
    json_array_append_new(checks->list, json_pack("{s:s, s:s, s:b, s:s, s:s}", "check", what, "place", place, "ok", ok,
                                                  "reason", ok ? "" : lk_reason_name(reason), "detail", detail));
}

static void check_cabinet(struct lk_app *app, struct checks *checks)
{
    const struct lk_core *core = lk_engine_core(app->engine);
    for (unsigned i = 0; i < app->config->fieldbuses; i++) {
        bool up = lk_fieldbus_up(lk_cabinet_fieldbus(app->cabinet, i));
        check(checks, "fieldbus", app->config->fieldbus[i].name, up, LK_REASON_BOARD_SILENT,
              up ? "the line is open" : "the adapter or the connection is not there");
    }
    for (unsigned b = 0; b < app->config->banks; b++) {
        const struct lk_bank *bank = &core->bank[b];
        bool ok = bank->state == LK_BANK_READY && !bank->stopped_by_us;
        check(checks, "bank", app->config->bank[b].name, ok,
              bank->reason == LK_REASON_NONE ? LK_REASON_BOARD_SILENT : bank->reason,
              ok ? "answers, coils proved off" : "cannot be used");
    }
}

static void check_readers(struct lk_app *app, struct checks *checks)
{
    struct lk_readers_state list[LK_READERS_MOST];
    size_t n = lk_readers_list(app, list);
    for (size_t i = 0; i < n; i++) {
        check(checks, list[i].name, list[i].device, list[i].error == 0, LK_REASON_DEVICE_MISSING, list[i].detail);
    }
}

static void check_doors(struct lk_app *app, struct checks *checks)
{
    const struct lk_core_config *cfg = lk_engine_core_config(app->engine);
    for (int i = 0; i < cfg->doors; i++) {
        const struct lk_door *d = &lk_engine_core(app->engine)->door[i];
        bool bad = d->state == LK_DOOR_LEFT_OPEN || d->state == LK_DOOR_JAMMED || d->state == LK_DOOR_FORCED;
        if (bad || d->use == LK_USE_BLOCKED) {
            check(checks, "door", cfg->door[i].label, false,
                  d->blocked_for == LK_REASON_NONE ? LK_REASON_DOOR_OPEN : d->blocked_for,
                  lk_door_state_name(d->state));
        }
    }
}

static void check_inspection(struct lk_app *app, struct checks *checks)
{
    struct lk_rounds rounds = {0};
    struct lk_stamp now = lk_engine_stamp(app->engine);
    int r = lk_rounds_state(app->store, app->config, &now, &rounds);
    check(checks, "inspection", "", r == 0 && !rounds.due, r < 0 ? LK_REASON_STORE_FAILED : LK_REASON_OVERDUE, "");
}

static void check_uplink(struct lk_app *app, struct checks *checks)
{
    if (app->postal) {
        struct lk_postal_status s;
        lk_postal_status(app->postal, &s);
        check(checks, "uplink", app->config->uplink.url, s.connected, LK_REASON_TIMED_OUT,
              s.connected ? "connected" : s.last_error);
        check(checks, "commands", "uplink.command_keys", s.command_keys > 0, LK_REASON_UNKNOWN_KEY,
              s.command_keys > 0 ? "keys are loaded" : "no key: every command is refused");
    }
    enum lk_clock_quality clock = lk_engine_quality(app->backends.clock);
    bool unset = clock == LK_CLOCK_UNSYNCED, jumped = lk_clock_doubt_ms(app->backends.clock) != 0;
    check(checks, "clock", "", !unset && !jumped, unset ? LK_REASON_CLOCK_UNSYNCED : LK_REASON_CLOCK_JUMPED,
          lk_clock_quality_name(clock));
}

static void self_checked(struct lk_long_job *job)
{
    struct lk_app *app = job->app;
    struct checks checks = {.list = json_array(), .ok = true};
    struct lk_text why = lk_text_init(job->why, sizeof(job->why));
    int r = lk_store_check(app->store, &why);
    check(&checks, "store", app->config->paths.database, r == 0, LK_REASON_STORE_FAILED, r == 0 ? "ok" : job->why);
    r = lk_store_probe(app->store);
    check(&checks, "commit", app->config->paths.database, r == 0, LK_REASON_STORE_FAILED,
          r == 0 ? "the disk takes a commit" : strerror(-r));
    bool chain = job->chain.first_bad_seq == 0;
    check(&checks, "chain", "", chain, LK_REASON_STORE_FAILED,
          chain ? "every event's hash is right" : "an event was changed after it was written");
    check_uplink(app, &checks);
    check_cabinet(app, &checks);
    check_readers(app, &checks);
    check_doors(app, &checks);
    check_inspection(app, &checks);
    lk_admin_ok(job->request, json_pack("{s:o, s:b}", "checks", checks.list, "ok", checks.ok));
}

void lk_admin_selfcheck(void *user, struct lk_admin_request *request, const json_t *args)
{
    (void)args;
    walk_chain(user, request, self_checked);
}
