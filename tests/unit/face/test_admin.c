/* The admin socket, asked by clients of every kind over a real Unix socket: lines, limits, followers. */
#include "admin_world.h"

#include "base/cleanup.h"
#include "base/text.h"

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
        WITH_ADMIN(survives_garbage),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
