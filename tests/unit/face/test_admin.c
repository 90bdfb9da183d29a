/* The admin socket, asked by clients of every kind over a real Unix socket. */
#include "base/cleanup.h"
#include "base/text.h"
#include "client.h"
#include "face/admin.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { READER = 65534 }; /* nobody */

struct world {
    struct event_base *base;
    struct lk_admin *admin;
    char folder[64];
    char path[96];
    struct lk_admin_request *kept[16]; /* by the "keep" command */
    unsigned keeps, cancelled, auths, slices;
    char staff[64], pin[64];
    struct lk_admin_request *asking; /* waits for auth_done */
    bool auth_at_once;
};

static void do_echo(void *user, struct lk_admin_request *request, const json_t *args)
{
    (void)user;
    const struct lk_staff *who = lk_admin_who(request);
    lk_admin_ok(request, json_pack("{s:O, s:s, s:b, s:s, s:s}", "args", args, "who", who->id, "ok", who->ok, "role",
                                   lk_actor_name(who->role), "name", lk_admin_name_of(request)));
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

static const struct lk_admin_command commands[] = {
    {"echo", LK_ADMIN_READ, do_echo},     {"nothing", LK_ADMIN_READ, do_nothing},
    {"keep", LK_ADMIN_READ, do_keep},     {"fail", LK_ADMIN_READ, do_fail},
    {"follow", LK_ADMIN_READ, do_follow}, {"long", LK_ADMIN_READ, do_long},
    {"change", LK_ADMIN_CHANGE, do_echo}, {NULL, LK_ADMIN_READ, NULL},
};

static void on_auth(void *user, struct lk_admin_request *request, const char *staff, const char *pin)
{
    struct world *w = user;
    struct lk_staff who = {.role = LK_ACTOR_CLERK};

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

static int create(struct world *w, struct lk_admin **ret_admin)
{
    const struct lk_admin_config config = {
        .path = w->path, .group = (gid_t)-1, .commands = commands, .line_timeout_ms = 300};

    return lk_admin_create(&config, &ops, w, w->base, ret_admin);
}

static int start(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    strcpy(w->folder, "/tmp/lk-admin-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    chmod(w->folder, 0755);
    snprintf(w->path, sizeof(w->path), "%s/admin.sock", w->folder);
    w->base = event_base_new();
    w->auth_at_once = true;
    assert_int_equal(create(w, &w->admin), 0);
    *state = w;
    return 0;
}

static int stop(void **state)
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

/* One line out, the given words back. */
static void expect(struct world *w, const char *line, const char *words)
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

static void answers_a_command(void **state)
{
    struct world *w = *state;
    char words[128];

    expect(w, "{\"id\":7,\"cmd\":\"echo\",\"args\":{\"a\":[1]}}",
           "{\"id\":7,\"ok\":true,\"result\":{\"args\":{\"a\":[1]}");
    expect(w, "{\"id\":0,\"cmd\":\"nothing\"}", "{\"id\":0,\"ok\":true,\"result\":{}}\n");
    expect(w, " {\"cmd\":\"echo\", \"id\":1} \r", "\"args\":{}");
    snprintf(words, sizeof(words), "\"who\":\"uid-%u\",\"ok\":true,\"role\":\"maintenance\",\"name\":\"echo\"",
             getuid());
    expect(w, "{\"id\":1,\"cmd\":\"echo\"}", words);
}

static void sends_progress_and_failure(void **state)
{
    struct world *w = *state;

    expect(w, "{\"id\":3,\"cmd\":\"fail\"}", "{\"id\":3,\"progress\":{\"done\":1,\"total\":2}}\n");
    struct client *c = client_unix(w->base, w->path);
    client_say(c, "{\"id\":3,\"cmd\":\"fail\"}\n");
    client_expect(c, "{\"id\":3,\"ok\":false,\"reason\":\"door_busy\",\"message\":\"door A07 is in use\"}\n");
    client_close(c);
}

static const struct {
    const char *line;
    const char *reason;
    const char *words;
} bad_lines[] = {
    {"", "bad_request", "not JSON"},
    {"{", "bad_request", "not JSON"},
    {"[]", "bad_request", "not a JSON object"},
    {"{\"id\":1,\"cmd\":\"echo\"}{}", "bad_request", "not JSON"},
    {"{\"id\":1,\"id\":2,\"cmd\":\"echo\"}", "bad_request", "twice"},
    {"{\"id\":1,\"cmd\":\"echo\",\"args\":{\"a\":1,\"a\":2}}", "bad_request", "twice"},
    {"{\"id\":1,\"cmd\":\"\xc3\x28\"}", "bad_request", "UTF-8"},
    {"{\"cmd\":\"echo\"}", "bad_request", "id: missing"},
    {"{\"id\":\"1\",\"cmd\":\"echo\"}", "bad_request", "id: of a wrong type"},
    {"{\"id\":1.5,\"cmd\":\"echo\"}", "bad_request", "id: of a wrong type"},
    {"{\"id\":-1,\"cmd\":\"echo\"}", "bad_request", "id: has to be 0 or more"},
    {"{\"id\":1}", "bad_request", "cmd: missing"},
    {"{\"id\":1,\"cmd\":5}", "bad_request", "cmd: of a wrong type"},
    {"{\"id\":1,\"cmd\":\"explode\"}", "unknown_command", "no such command"},
    {"{\"id\":1,\"cmd\":\"echo\",\"args\":[]}", "bad_request", "args: of a wrong type"},
    {"{\"id\":1,\"cmd\":\"echo\",\"sudo\":true}", "bad_request", "sudo: not a member"},
    {"{\"id\":1,\"cmd\":\"echo\",\"staff\":\"a\"}", "bad_request", "staff and pin"},
    {"{\"id\":1,\"cmd\":\"echo\",\"pin\":\"1\"}", "bad_request", "staff and pin"},
    {"{\"id\":1,\"cmd\":\"echo\",\"staff\":\"a b\",\"pin\":\"1\"}", "bad_request", "staff or pin"},
    {"{\"id\":1,\"cmd\":\"echo\",\"staff\":\"a\",\"pin\":\"\"}", "bad_request", "staff or pin"},
    {"{\"id\":1,\"cmd\":\"echo\",\"args\":{\"a\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}}", "bad_request", "nested"},
};

static void names_what_is_wrong_with_a_line(void **state)
{
    struct world *w = *state;

    for (size_t i = 0; i < LK_ARRAY_SIZE(bad_lines); i++) {
        char reason[64];
        snprintf(reason, sizeof(reason), "\"ok\":false,\"reason\":\"%s\"", bad_lines[i].reason);
        expect(w, bad_lines[i].line, reason);
        expect(w, bad_lines[i].line, bad_lines[i].words);
    }
    expect(w, "{\"id\":12,\"cmd\":\"explode\"}", "{\"id\":12,");
    expect(w, "nonsense", "{\"id\":null,");
}

static void goes_on_after_a_bad_line(void **state)
{
    struct world *w = *state;
    struct client *c = client_unix(w->base, w->path);

    client_say(c, "nonsense\n{\"id\":2,\"cmd\":\"nothing\"}\n");
    client_expect(c, "{\"id\":2,\"ok\":true");
    client_close(c);
}

static void ends_a_line_that_is_too_long(void **state)
{
    struct world *w = *state;
    struct client *c = client_unix(w->base, w->path);
    char line[LK_ADMIN_LINE_MAX + 2];

    memset(line, ' ', sizeof(line));
    memcpy(line, "{\"id\":1,\"cmd\":\"nothing\"}", 24);
    line[LK_ADMIN_LINE_MAX] = '\n';
    client_send(c, line, LK_ADMIN_LINE_MAX + 1); /* just fits */
    client_expect(c, "{\"id\":1,\"ok\":true");
    line[LK_ADMIN_LINE_MAX] = ' ';
    line[LK_ADMIN_LINE_MAX + 1] = '\n';
    client_send(c, line, sizeof(line));
    client_expect(c, "\"reason\":\"oversize\"");
    client_expect_end(c);
    client_close(c);
}

static void ends_a_line_that_drips(void **state)
{
    struct world *w = *state;
    struct client *c = client_unix(w->base, w->path);

    client_say(c, "{\"id\":1,\"cmd\":\"nothing\"}\n");
    client_expect(c, "true");
    assert_true(client_is_quiet(c, 400)); /* waiting between lines is fine */
    client_forget(c);
    for (int i = 0; i < 100 && c->length == 0; i++) {
        client_say(c, "{");
        client_is_quiet(c, 10);
    }
    assert_non_null(strstr(c->got, "timed_out")); /* while bytes still came */
    client_expect_end(c);
    client_close(c);
}

static void answers_late_and_in_any_order(void **state)
{
    struct world *w = *state;
    struct client *c = client_unix(w->base, w->path);

    client_say(c, "{\"id\":1,\"cmd\":\"keep\"}\n{\"id\":2,\"cmd\":\"keep\"}\n{\"id\":3,\"cmd\":\"nothing\"}\n");
    client_expect(c, "{\"id\":3,");
    assert_int_equal(w->keeps, 2);
    lk_admin_ok(w->kept[1], NULL);
    client_expect(c, "{\"id\":2,");
    assert_null(strstr(c->got, "{\"id\":1,"));
    lk_admin_ok(w->kept[0], NULL);
    client_expect(c, "{\"id\":1,");
    client_close(c);
}

static void limits_what_is_under_way(void **state)
{
    struct world *w = *state;
    struct client *c = client_unix(w->base, w->path);
    char line[64];

    for (int i = 0; i < LK_ADMIN_UNDER_WAY; i++) {
        snprintf(line, sizeof(line), "{\"id\":%d,\"cmd\":\"keep\"}\n", i);
        client_say(c, line);
    }
    client_say(c, "{\"id\":100,\"cmd\":\"nothing\"}\n");
    client_expect(c, "{\"id\":100,\"ok\":false,\"reason\":\"not_now\"");
    lk_admin_ok(w->kept[0], NULL);
    client_say(c, "{\"id\":1,\"cmd\":\"nothing\"}\n");
    client_expect(c, "{\"id\":1,\"ok\":false,\"reason\":\"bad_request\",\"message\":\"id: a request with this id");
    client_say(c, "{\"id\":101,\"cmd\":\"nothing\"}\n");
    client_expect(c, "{\"id\":101,\"ok\":true");
    client_close(c);
    UNTIL(w->base, w->cancelled == LK_ADMIN_UNDER_WAY - 1);
}

static void limits_connections(void **state)
{
    struct world *w = *state;
    struct client *c[LK_ADMIN_CONNECTIONS];

    for (size_t i = 0; i < LK_ARRAY_SIZE(c); i++) {
        c[i] = client_unix(w->base, w->path);
        client_say(c[i], "{\"id\":1,\"cmd\":\"nothing\"}\n");
        client_expect(c[i], "true");
    }
    assert_int_equal(lk_admin_clients(w->admin), LK_ADMIN_CONNECTIONS);
    struct client *more = client_unix(w->base, w->path);
    client_expect(more, "16 clients are connected");
    client_expect_end(more);
    client_close(more);
    client_close(c[0]);
    UNTIL(w->base, lk_admin_clients(w->admin) == LK_ADMIN_CONNECTIONS - 1);
    expect(w, "{\"id\":1,\"cmd\":\"nothing\"}", "true");
    for (size_t i = 1; i < LK_ARRAY_SIZE(c); i++) {
        client_close(c[i]);
    }
}

static void tells_the_app_that_a_client_left(void **state)
{
    struct world *w = *state;
    struct client *c = client_unix(w->base, w->path);

    client_say(c, "{\"id\":1,\"cmd\":\"keep\"}\n");
    UNTIL(w->base, w->keeps == 1);
    assert_false(lk_admin_gone(w->kept[0]));
    client_close(c);
    UNTIL(w->base, w->cancelled == 1);
}

/* The app may answer later than the client waits: the request is still there to be answered. */
static void keeps_an_abandoned_request_until_it_is_answered(void **state)
{
    struct world *w = *state;
    struct client *c = client_unix(w->base, w->path);

    client_say(c, "{\"id\":1,\"cmd\":\"keep\"}\n");
    turn(w->base, 20);
    lk_admin_set_data(w->kept[0], NULL); /* so that on_cancelled does not answer */
    client_close(c);
    UNTIL(w->base, w->cancelled == 1);
    assert_true(lk_admin_gone(w->kept[0]));
    assert_int_equal(lk_admin_progress(w->kept[0], json_object()), -EPIPE);
    lk_admin_ok(w->kept[0], json_object());
    UNTIL(w->base, w->cancelled == 1);
}

static void answers_a_client_that_has_said_all(void **state)
{
    struct world *w = *state;
    struct client *c = client_unix(w->base, w->path);

    client_say(c, "{\"id\":1,\"cmd\":\"nothing\"}\n");
    shutdown(c->fd, SHUT_WR);
    client_expect(c, "{\"id\":1,\"ok\":true");
    client_expect_end(c);
    client_close(c);
}

static void frees_what_is_under_way_at_the_end(void **state)
{
    struct world *w = *state;
    struct client *c = client_unix(w->base, w->path);

    client_say(c, "{\"id\":1,\"cmd\":\"keep\"}\n");
    UNTIL(w->base, w->keeps == 1);
    w->admin = lk_admin_destroy(w->admin);
    client_expect_end(c);
    client_close(c);
    assert_int_equal(w->cancelled, 0);
}

/* --- followers -------------------------------------------------------------------------------------------------- */

static void sends_events(void **state)
{
    struct world *w = *state;
    struct client *c = client_unix(w->base, w->path);

    client_say(c, "{\"id\":5,\"cmd\":\"follow\"}\n");
    client_expect(c, "{\"id\":5,\"event\":{\"type\":\"locker.site.started.v1\"}}\n{\"id\":5,\"event\":{\"n\":2}}\n");
    client_close(c);
}

static void drops_a_follower_that_does_not_read(void **state)
{
    struct world *w = *state;
    struct client *deaf = client_unix(w->base, w->path), *good = client_unix(w->base, w->path);
    char event[1024];
    int length = snprintf(event, sizeof(event), "{\"n\":\"%0900d\"}", 1);
    int result = 0;

    client_say(good, "{\"id\":1,\"cmd\":\"nothing\"}\n");
    client_expect(good, "true");
    client_say(deaf, "{\"id\":5,\"cmd\":\"follow\"}\n");
    UNTIL(w->base, w->keeps == 1);
    for (int i = 0; i < 100000 && result == 0; i++) {
        event_base_loop(w->base, EVLOOP_NONBLOCK);
        result = lk_admin_event_text(w->kept[0], event, (size_t)length);
    }
    assert_int_equal(result, -EPIPE);
    assert_int_equal(w->cancelled, 0); /* not from inside our own call */
    client_expect(deaf, "does not read fast enough and was dropped; connect again\"}\n");
    client_expect_end(deaf);
    assert_int_equal(deaf->got[deaf->length - 1], '\n');
    assert_int_equal(w->cancelled, 1);
    client_say(good, "{\"id\":2,\"cmd\":\"nothing\"}\n");
    client_expect(good, "{\"id\":2,");
    client_close(deaf);
    client_close(good);
}

static void sends_a_long_list_in_slices(void **state)
{
    struct world *w = *state;
    struct client *c = client_unix(w->base, w->path);
    unsigned lines = 0;

    client_say(c, "{\"id\":5,\"cmd\":\"long\"}\n");
    while (!strstr(c->got, "\"ok\":true")) {
        for (const char *at = c->got; (at = strchr(at, '\n')) != NULL; at++) {
            lines++;
        }
        char *last = strrchr(c->got, '\n');
        size_t rest = last ? c->length - (size_t)(last + 1 - c->got) : c->length;
        memmove(c->got, last ? last + 1 : c->got, rest);
        c->got[rest] = '\0';
        c->length = rest;
        client_is_quiet(c, 2);
        assert_false(c->over);
    }
    for (const char *at = c->got; (at = strchr(at, '\n')) != NULL; at++) {
        lines++;
    }
    assert_int_equal(lines, 40 * 64 + 1);
    assert_int_equal(w->slices, 41);
    client_close(c);
}

/* --- who may do what -------------------------------------------------------------------------------------------- */

static void checks_credentials_that_were_sent(void **state)
{
    struct world *w = *state;

    expect(w, "{\"id\":1,\"cmd\":\"change\",\"staff\":\"c.7\",\"pin\":\"2468\"}",
           "\"who\":\"c.7\",\"ok\":true,\"role\":\"clerk\"");
    assert_string_equal(w->staff, "c.7");
    assert_string_equal(w->pin, "2468");
    expect(w, "{\"id\":1,\"cmd\":\"change\",\"staff\":\"c.7\",\"pin\":\"1\"}", "\"reason\":\"sign_in_failed\"");
    expect(w, "{\"id\":1,\"cmd\":\"echo\",\"staff\":\"c.7\",\"pin\":\"1\"}", "\"reason\":\"sign_in_failed\"");
    assert_int_equal(w->auths, 3);
}

static void waits_for_the_verdict(void **state)
{
    struct world *w = *state;
    struct client *c = client_unix(w->base, w->path);
    const struct lk_staff who = {.ok = true, .role = LK_ACTOR_COURIER, .id = "c1"};

    w->auth_at_once = false;
    client_say(c, "{\"id\":1,\"cmd\":\"change\",\"staff\":\"c1\",\"pin\":\"2468\"}\n");
    assert_true(client_is_quiet(c, 30));
    lk_admin_auth_done(w->asking, &who);
    client_expect(c, "\"role\":\"courier\"");
    client_close(c);
}

/* Runs as another user in a child: connects, says the line, prints what came back to a pipe. */
static int as_reader(const struct world *w, const char *line)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        char answer[4096];
        strncpy(address.sun_path, w->path, sizeof(address.sun_path) - 1);
        if (setgid(getgid()) < 0 || setuid(READER) < 0) {
            _exit(1);
        }
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
            ssize_t told = write(ends[1], "refused", 7);
            _exit(told == 7 ? 0 : 1);
        }
        ssize_t n = write(fd, line, strlen(line));
        n = n > 0 ? read(fd, answer, sizeof(answer)) : 0;
        _exit(n > 0 && write(ends[1], answer, (size_t)n) == n ? 0 : 1);
    }
    close(ends[1]);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return ends[0];
}

static void expect_reader(struct world *w, const char *line, const char *words)
{
    LK_CLEANUP(lk_closep) int fd = as_reader(w, line);
    char answer[4096] = "";
    ssize_t n = -1;
    int status;

    for (int i = 0; i < 500 && n <= 0; i++) {
        turn(w->base, 10);
        n = read(fd, answer, sizeof(answer) - 1);
    }
    while (wait(&status) < 0 && errno == EINTR) {
    }
    if (n <= 0 || !strstr(answer, words)) {
        fail_msg("a reader said %s, expected %s, got %s", line, words, answer);
    }
}

static void lets_a_member_of_the_group_read_only(void **state)
{
    struct world *w = *state;

    if (getuid() != 0) {
        skip(); /* only root can become somebody else */
    }
    expect_reader(w, "{\"id\":1,\"cmd\":\"echo\"}\n", "\"who\":\"uid-65534\",\"ok\":false,\"role\":\"system\"");
    expect_reader(
        w, "{\"id\":1,\"cmd\":\"change\"}\n",
        "\"reason\":\"not_allowed\",\"message\":\"this command changes something: staff and pin are needed\"");
    expect_reader(w, "{\"id\":1,\"cmd\":\"change\",\"staff\":\"c.7\",\"pin\":\"2468\"}\n", "\"who\":\"c.7\"");
    expect_reader(w, "{\"id\":1,\"cmd\":\"change\",\"staff\":\"c.7\",\"pin\":\"1\"}\n", "sign_in_failed");
    chmod(w->path, 0600);
    expect_reader(w, "{\"id\":1,\"cmd\":\"echo\"}\n", "refused"); /* the file mode is what keeps others out */
}

/* --- the socket file -------------------------------------------------------------------------------------------- */

static void makes_the_file_for_the_group(void **state)
{
    struct world *w = *state;
    struct stat st;

    assert_int_equal(stat(w->path, &st), 0);
    assert_true(S_ISSOCK(st.st_mode));
    assert_int_equal(st.st_mode & 07777, 0660);
}

static void a_second_server_is_refused(void **state)
{
    struct world *w = *state;
    struct lk_admin *second = NULL;

    assert_int_equal(create(w, &second), -EBUSY);
    assert_null(second);
    expect(w, "{\"id\":1,\"cmd\":\"nothing\"}", "true");
}

static void replaces_a_stale_socket(void **state)
{
    struct world *w = *state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    w->admin = lk_admin_destroy(w->admin);
    strncpy(address.sun_path, w->path, sizeof(address.sun_path) - 1);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    close(fd); /* as after SIGKILL: the file stays, nobody listens */
    assert_int_equal(access(w->path, F_OK), 0);
    assert_int_equal(create(w, &w->admin), 0);
    expect(w, "{\"id\":1,\"cmd\":\"nothing\"}", "true");
}

static void leaves_what_is_no_socket(void **state)
{
    struct world *w = *state;

    w->admin = lk_admin_destroy(w->admin);
    FILE *file = fopen(w->path, "w");
    fputs("mine", file);
    fclose(file);
    assert_int_equal(create(w, &w->admin), -EBUSY);
    assert_int_equal(access(w->path, F_OK), 0);
    unlink(w->path);
}

static void leaves_a_file_that_another_put_there(void **state)
{
    struct world *w = *state;

    unlink(w->path);
    FILE *file = fopen(w->path, "w");
    fclose(file);
    w->admin = lk_admin_destroy(w->admin);
    assert_int_equal(access(w->path, F_OK), 0);
    unlink(w->path);
}

static void refuses_a_bad_path(void **state)
{
    struct world *w = *state;
    char path[96];
    struct lk_admin *admin = NULL;

    memcpy(path, w->path, sizeof(path));
    strcpy(w->path, "");
    assert_int_equal(create(w, &admin), -EINVAL);
    snprintf(w->path, sizeof(w->path), "%s/none/admin.sock", w->folder);
    assert_int_equal(create(w, &admin), -ENOENT);
    memcpy(w->path, path, sizeof(path));
    char longer[160];
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    const struct lk_admin_config config = {.path = longer, .group = (gid_t)-1, .commands = commands};
    assert_int_equal(lk_admin_create(&config, &ops, w, w->base, &admin), -ENAMETOOLONG);
    assert_null(admin);
    assert_null(lk_admin_destroy(NULL));
}

static void survives_garbage(void **state)
{
    struct world *w = *state;
    unsigned random = 7;

    for (int round = 0; round < 30; round++) {
        struct client *c = client_unix(w->base, w->path);
        char noise[1024];
        for (size_t i = 0; i < sizeof(noise); i++) {
            random = random * 1103515245u + 12345u;
            noise[i] = (char)(random >> 16);
        }
        noise[sizeof(noise) - 1] = '\n';
        client_send(c, noise, sizeof(noise));
        client_expect(c, "bad_request");
        client_close(c);
    }
    expect(w, "{\"id\":1,\"cmd\":\"nothing\"}", "true");
}

#define WITH_ADMIN(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ADMIN(answers_a_command),
        WITH_ADMIN(sends_progress_and_failure),
        WITH_ADMIN(names_what_is_wrong_with_a_line),
        WITH_ADMIN(goes_on_after_a_bad_line),
        WITH_ADMIN(ends_a_line_that_is_too_long),
        WITH_ADMIN(ends_a_line_that_drips),
        WITH_ADMIN(answers_late_and_in_any_order),
        WITH_ADMIN(limits_what_is_under_way),
        WITH_ADMIN(limits_connections),
        WITH_ADMIN(tells_the_app_that_a_client_left),
        WITH_ADMIN(keeps_an_abandoned_request_until_it_is_answered),
        WITH_ADMIN(answers_a_client_that_has_said_all),
        WITH_ADMIN(frees_what_is_under_way_at_the_end),
        WITH_ADMIN(sends_events),
        WITH_ADMIN(drops_a_follower_that_does_not_read),
        WITH_ADMIN(sends_a_long_list_in_slices),
        WITH_ADMIN(checks_credentials_that_were_sent),
        WITH_ADMIN(waits_for_the_verdict),
        WITH_ADMIN(lets_a_member_of_the_group_read_only),
        WITH_ADMIN(makes_the_file_for_the_group),
        WITH_ADMIN(a_second_server_is_refused),
        WITH_ADMIN(replaces_a_stale_socket),
        WITH_ADMIN(leaves_what_is_no_socket),
        WITH_ADMIN(leaves_a_file_that_another_put_there),
        WITH_ADMIN(refuses_a_bad_path),
        WITH_ADMIN(survives_garbage),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
