/* The client's end of the admin socket, against a socketpair whose other end is this test. */
#include "client.h"

#include "base/cleanup.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct lk_client client;
static int peer;

static int setup(void **state)
{
    int fd[2];
    (void)state;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) < 0) {
        return -1;
    }
    client = (struct lk_client){.fd = fd[0]};
    peer = fd[1];
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    lk_client_close(&client);
    lk_closep(&peer);
    return 0;
}

static void say(const char *text)
{
    assert_int_equal(write(peer, text, strlen(text)), strlen(text));
}

static int64_t next_id(void)
{
    json_t *line = NULL;
    assert_int_equal(lk_client_next(&client, 1000, &line), 0);
    int64_t id = json_integer_value(json_object_get(line, "id"));
    json_decref(line);
    return id;
}

static void lines_arrive_in_pieces_and_in_heaps(void **state)
{
    (void)state;
    json_t *line = NULL;
    say("{\"id\":1}\n{\"id\":2}\n{\"i");
    assert_int_equal(next_id(), 1);
    assert_int_equal(next_id(), 2);
    assert_int_equal(lk_client_next(&client, 1, &line), -ETIMEDOUT);
    say("d\":3}\n");
    assert_int_equal(next_id(), 3);
}

static void a_long_line_is_read_whole(void **state)
{
    (void)state;
    static char pad[60001];
    memset(pad, 'x', sizeof(pad) - 1);
    say("{\"pad\":\"");
    say(pad);
    say("\",\"id\":9}\n");
    assert_int_equal(next_id(), 9);
}

static void what_is_no_object_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"\n",     "[1]\n",     "{\"a\":1,\"a\":2}\n", "{\"a\":\"\xff\"}\n",
                                      "{}{}\n", "nonsense\n"};
    for (size_t i = 0; i < LK_ARRAY_SIZE(bad); i++) {
        json_t *line = NULL;
        say(bad[i]);
        assert_int_equal(lk_client_next(&client, 1000, &line), -EPROTO);
        assert_null(line);
    }
    say("{\"id\":4}\n");
    assert_int_equal(next_id(), 4);
}

static void the_other_end_leaves(void **state)
{
    (void)state;
    json_t *line = NULL;
    json_t *request = json_pack("{s:i}", "id", 1);
    say("{\"id\":5}\n{\"half");
    lk_closep(&peer);
    peer = -1;
    assert_int_equal(next_id(), 5);
    assert_int_equal(lk_client_next(&client, 1000, &line), -EPIPE);
    assert_int_equal(lk_client_send(&client, request), -EPIPE);
    json_decref(request);
}

static void a_request_is_one_line(void **state)
{
    (void)state;
    char text[100];
    json_t *request = json_pack("{s:i,s:s}", "id", 1, "why", "a\nb");
    assert_int_equal(lk_client_send(&client, request), 0);
    ssize_t n = read(peer, text, sizeof(text) - 1);
    text[n > 0 ? n : 0] = '\0';
    assert_string_equal(text, "{\"id\":1,\"why\":\"a\\nb\"}\n");
    json_decref(request);
}

static void a_path_that_leads_nowhere(void **state)
{
    (void)state;
    struct lk_client other;
    char path[200];
    memset(path, 'x', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    assert_int_equal(lk_client_open(&other, "/nonexistent/admin.sock"), -ENOENT);
    assert_int_equal(lk_client_open(&other, path), -ENAMETOOLONG);
    lk_client_close(&other);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lines_arrive_in_pieces_and_in_heaps),
        TEST(a_long_line_is_read_whole),
        TEST(what_is_no_object_is_refused),
        TEST(the_other_end_leaves),
        TEST(a_request_is_one_line),
        TEST(a_path_that_leads_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
