#include "reinstate.h"

#include "app.h"
#include "base/cleanup.h"
#include "core/step.h"
#include "store/log.h"
#include "store/reinstate.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

enum { DIFFERENCES_MOST = 500 };

struct job {
    const struct lk_config *config;
    const struct lk_restore_options *options;
    const struct lk_clock *clock;
    struct lk_reinstate *reinstate;
    json_t *answer, *differences;
    unsigned more; /* differences that are counted only */
    char text[512];
    struct lk_text why;
};

static int print(struct job *job, int code)
{
    json_dumpf(job->answer, stdout, JSON_COMPACT);
    (void)fputc('\n', stdout);
    return fflush(stdout) == 0 ? code : EX_IOERR;
}

static int fail(struct job *job, int code, const char *reason)
{
    json_object_set_new(job->answer, "ok", json_false());
    json_object_set_new(job->answer, "reason", json_string(reason));
    json_object_set_new(job->answer, "message", json_string(job->text));
    return print(job, code);
}

static int fail_with(struct job *job, int error)
{
    switch (-error) {
    case EBUSY:
        return fail(job, EX_TEMPFAIL, "busy");
    case EUCLEAN:
    case ENOKEY:
    case EKEYREJECTED:
    case EXDEV:
    case EPERM:
    case ENODEV:
        return fail(job, EX_DATAERR, "bad_backup");
    case ENOENT:
        return fail(job, EX_NOINPUT, "no_such_file");
    default:
        return fail(job, EX_OSERR, "failed");
    }
}

static bool add_difference(void *user, const char *item, const char *backup_custody, const char *backup_door,
                           const char *present_custody, const char *present_door)
{
    struct job *job = user;
    if (json_array_size(job->differences) >= DIFFERENCES_MOST) {
        job->more++;
        return true;
    }
    json_array_append_new(job->differences, json_pack("{s:s, s:{s:s, s:s}, s:{s:s, s:s}}", "item", item, "backup",
                                                      "custody", backup_custody, "door", backup_door, "present",
                                                      "custody", present_custody, "door", present_door));
    return true;
}

static void tell_look(struct job *job)
{
    const struct lk_reinstate_look *look = lk_reinstate_look(job->reinstate);
    job->differences = json_array();
    bool all = lk_reinstate_differences(job->reinstate, add_difference, job) == 0;
    json_t *seen = json_pack("{s:{s:s, s:I, s:s, s:i, s:i}, s:{s:s, s:s, s:I, s:s, s:b}, s:I, s:I, s:o, s:i, s:b}",
                             "backup", "path", job->options->backup, "events", (json_int_t)look->backup_seq, "time",
                             look->backup_time, "schema", (int)look->backup_schema, "in_locker", (int)look->in_locker,
                             "present", "state", lk_present_name(look->present), "finding", look->finding, "events",
                             (json_int_t)look->present_seq, "time", look->present_time, "goes_on", look->same_line,
                             "lost", (json_int_t)look->lost, "carried", (json_int_t)look->carried, "differences",
                             job->differences, "differences_more", (int)job->more, "differences_all", all);
    json_object_update(job->answer, seen);
    json_decref(seen);
}

/* Each door in a step and a commit of its own: the copy is nobody's yet, and is put in place as a whole or not at all.
 */
static int hold_doors(struct job *job, struct lk_store *store)
{
    const struct lk_core_config *cfg = &job->config->core;
    struct lk_stamp now = {.wall_ms = lk_clock_wall_ms(job->clock), .quality = lk_engine_quality(job->clock)};
    LK_CLEANUP(lk_freep) struct lk_core *core = malloc(sizeof(*core));
    LK_CLEANUP(lk_freep) struct lk_effects *fx = malloc(sizeof(*fx));
    if (!core || !fx) {
        return -ENOMEM;
    }
    lk_core_init(core, cfg);
    int r = lk_store_restore(store, core, &now, lk_clock_mono_ms(job->clock), &job->why);
    struct lk_input in = lk_engine_input(LK_IN_RESTORED);
    in.now_ms = lk_clock_mono_ms(job->clock);
    in.clock = now.quality;
    in.staff.ok = true;
    in.staff.role = LK_ACTOR_MAINTENANCE;
    (void)snprintf(in.staff.id, sizeof(in.staff.id), "uid-%u", (unsigned)getuid());
    (void)lk_text_copy(in.note, sizeof(in.note), job->options->why ? job->options->why : "");
    for (int door = LK_NO_DOOR; r == 0 && door < cfg->doors; door++) {
        in.door = door;
        lk_core_step(cfg, core, &in, fx);
        r = lk_store_apply(store, fx, &now, NULL);
    }
    if (r < 0 && job->why.len == 0) {
        lk_text_addf(&job->why, "The copy of the backup cannot be written: %s. Nothing was changed.", strerror(-r));
    }
    return r;
}

static int put_in_place(struct job *job)
{
    char aside[PATH_MAX];
    struct lk_store *store = NULL;
    struct lk_stamp now = {.wall_ms = lk_clock_wall_ms(job->clock), .quality = lk_engine_quality(job->clock)};
    int r = lk_reinstate_open(job->reinstate, &store, &job->why);
    r = r < 0 ? r : hold_doors(job, store);
    if (r == 0) {
        json_object_set_new(job->answer, "epoch", json_string(lk_store_epoch(store)));
    }
    (void)lk_store_close(store);
    r = r < 0 ? r : lk_reinstate_finish(job->reinstate, &now, aside, sizeof(aside), &job->why);
    if (r < 0) {
        return fail_with(job, r);
    }
    json_object_set_new(job->answer, "ok", json_true());
    json_object_set_new(job->answer, "aside", json_string(aside));
    json_object_set_new(job->answer, "doors", json_integer(job->config->core.doors));
    return print(job, EX_OK);
}

static int decide(struct job *job)
{
    const struct lk_reinstate_look *look = lk_reinstate_look(job->reinstate);
    tell_look(job);
    if (job->options->dry_run) {
        json_object_set_new(job->answer, "ok", json_true());
        return print(job, EX_OK);
    }
    if (look->present == LK_PRESENT_WHOLE && !job->options->although_whole) {
        lk_text_addf(&job->why, "The present database is whole. A backup would only make it forget %llu events.",
                     (unsigned long long)look->lost);
        return fail(job, EX_UNAVAILABLE, "present_whole");
    }
    return put_in_place(job);
}

/* A dry run works elsewhere, so that not even a time in the state folder changes. */
static int dry_folder(const struct lk_restore_options *options, char *buf, size_t cap)
{
    const char *tmp = getenv("TMPDIR");
    struct lk_text t = lk_text_init(buf, cap);
    if (!options->dry_run) {
        return 0;
    }
    lk_text_addf(&t, "%s/lockerd-restore-XXXXXX", tmp && tmp[0] == '/' ? tmp : "/tmp");
    if (t.truncated || !mkdtemp(buf)) {
        return t.truncated ? -ENAMETOOLONG : -errno;
    }
    return 0;
}

int lk_app_reinstate(const struct lk_config *config, const struct lk_restore_options *options,
                     const struct lk_clock *clock)
{
    char parent[PATH_MAX] = "", folder[PATH_MAX + 16];
    struct job job = {.config = config, .options = options, .clock = clock};
    struct lk_store_config store;
    job.why = lk_text_init(job.text, sizeof(job.text));
    job.answer = json_pack("{s:b}", "dry_run", options->dry_run);
    lk_app_store_config(config, &store);
    int code, r = dry_folder(options, parent, sizeof(parent));
    (void)snprintf(folder, sizeof(folder), "%s/work", parent);
    r = r < 0 ? r
              : lk_reinstate_begin(&store, options->backup, options->dry_run ? folder : NULL, &job.reinstate, &job.why);
    if (r == -EALREADY) {
        json_object_set_new(job.answer, "ok", json_true());
        json_object_set_new(job.answer, "completed", json_true());
        json_object_set_new(job.answer, "message", json_string(job.text));
        code = print(&job, EX_OK);
    } else {
        code = r < 0 ? fail_with(&job, r) : decide(&job);
    }
    (void)lk_reinstate_end(job.reinstate);
    if (parent[0]) {
        (void)rmdir(parent);
    }
    json_decref(job.answer);
    return code;
}
