#include "admin_world.h"

#include "base/cleanup.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void do_echo(void *user, struct lk_admin_request *request, const json_t *args)
{
    (void)user;
    const struct lk_staff *who = lk_admin_who(request);
    const struct lk_staff *with = lk_admin_with(request);
    lk_admin_ok(request, json_pack("{s:O, s:s, s:b, s:s, s:s, s:s, s:b}", "args", args, "who", who->id, "ok", who->ok,
                                   "role", lk_actor_name(who->role), "name", lk_admin_name_of(request), "with",
                                   with->id, "with_ok", with->ok));
}

static void do_nothing(void *user, struct lk_admin_request *request, const json_t *args)
{
    (void)user;
    (void)args;
    lk_admin_ok(request, NULL);
}

static void do_keep(void *user, struct lk_admin_request *request, const json_t *args)
{
    struct world *w = user;

    (void)args;
    lk_admin_set_data(request, w);
    w->kept[w->keeps++ % LK_ARRAY_SIZE(w->kept)] = request;
}

static void do_fail(void *user, struct lk_admin_request *request, const json_t *args)
{
    (void)user;
    (void)args;
    lk_admin_progress(request, json_pack("{s:i, s:i}", "done", 1, "total", 2));
    lk_admin_fail(request, LK_REASON_DOOR_BUSY, "door A07 is in use");
}

static void do_follow(void *user, struct lk_admin_request *request, const json_t *args)
{
    do_keep(user, request, args);
    lk_admin_event(request, json_pack("{s:s}", "type", "locker.site.started.v1"));
    lk_admin_event_text(request, "{\"n\":2}", 7);
}

/* A long list in slices: 40 times 64 KiB, far more than may wait at once. */
static void next_slice(void *user, struct lk_admin_request *request)
{
    struct world *w = user;
    char row[1100];
    int length = snprintf(row, sizeof(row), "{\"row\":\"%01000d\"}", w->slices);

    if (w->slices++ == 40) {
        lk_admin_ok(request, json_pack("{s:i}", "last", 40));
        return;
    }
    for (int i = 0; i < 64; i++) {
        assert_int_equal(lk_admin_event_text(request, row, (size_t)length), 0);
    }
    lk_admin_when_written(request, next_slice);
}

static void do_long(void *user, struct lk_admin_request *request, const json_t *args)
{
    (void)args;
    next_slice(user, request);
}

enum { AT_WINDOW = 1U << LK_ACTOR_CLERK | 1U << LK_ACTOR_SUPERVISOR };

const struct lk_admin_command world_commands[] = {
    {"echo", LK_ADMIN_READ, do_echo, 0},         {"nothing", LK_ADMIN_READ, do_nothing, 0},
    {"keep", LK_ADMIN_READ, do_keep, 0},         {"fail", LK_ADMIN_READ, do_fail, 0},
    {"follow", LK_ADMIN_READ, do_follow, 0},     {"long", LK_ADMIN_READ, do_long, 0},
    {"change", LK_ADMIN_CHANGE, do_echo, 0},     {"window", LK_ADMIN_CHANGE, do_echo, AT_WINDOW},
    {"override", LK_ADMIN_OVERRIDE, do_echo, 0}, {NULL, LK_ADMIN_READ, NULL, 0},
};

static void on_auth(void *user, struct lk_admin_request *request, const char *staff, const char *pin)
{
    struct world *w = user;
    struct lk_staff who = {.role = w->role};

    w->auths++;
    snprintf(w->staff, sizeof(w->staff), "%s", staff);
    snprintf(w->pin, sizeof(w->pin), "%s", pin);
    if (!w->auth_at_once) {
        w->asking = request;
        return;
    }
    who.ok = strcmp(pin, "2468") == 0;
    snprintf(who.id, sizeof(who.id), "%s", staff);
    lk_admin_auth_done(request, &who);
}

static void on_cancelled(void *user, struct lk_admin_request *request)
{
    struct world *w = user;

    w->cancelled++;
    assert_true(lk_admin_gone(request));
    if (lk_admin_data(request) == w) {
        lk_admin_fail(request, LK_REASON_CANCELLED_BY_PERSON, "gone");
    }
}

static const struct lk_admin_ops ops = {on_auth, on_cancelled};

int world_create(struct world *w, struct lk_admin **ret_admin)
{
    const struct lk_admin_config config = {
        .path = w->path, .group = (gid_t)-1, .commands = world_commands, .line_timeout_ms = 300};

    return lk_admin_create(&config, &ops, w, w->base, ret_admin);
}

int world_start(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    strcpy(w->folder, "/tmp/lk-admin-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    chmod(w->folder, 0755);
    snprintf(w->path, sizeof(w->path), "%s/admin.sock", w->folder);
    w->base = event_base_new();
    w->auth_at_once = true;
    w->role = LK_ACTOR_CLERK;
    assert_int_equal(world_create(w, &w->admin), 0);
    *state = w;
    return 0;
}

int world_stop(void **state)
{
    struct world *w = *state;

    assert_null(lk_admin_destroy(w->admin));
    assert_int_equal(access(w->path, F_OK), -1);
    event_base_free(w->base);
    unlink(w->path);
    assert_int_equal(rmdir(w->folder), 0);
    free(w);
    return 0;
}

void expect(struct world *w, const char *line, const char *words)
{
    struct client *c = client_unix(w->base, w->path);

    client_say(c, line);
    client_say(c, "\n");
    client_expect(c, "}\n");
    if (!strstr(c->got, words)) {
        fail_msg("said %.200s\nexpected %s\ngot %s", line, words, c->got);
    }
    client_close(c);
}
