/* The head of an HTTP request: what is accepted, and what each doubtful form is answered with. */
#include "http_head.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int parse(const char *text, size_t n, struct lk_http_head *head, char buffer[16384])
{
    const char *why = "";
    long length = lk_http_head_length(text, n);

    assert_int_equal(length, (long)n);
    memcpy(buffer, text, n);
    int status = lk_http_head_parse(buffer, n, head, &why);
    if (status != 0) {
        assert_true(strlen(why) > 5);
    }
    return status;
}

static void takes_a_browser_apart(void **state)
{
    static const char text[] =
        "POST /api/v1/act?x=1 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\norigin:http://127.0.0.1:8080\r\n"
        "X-Locker-Token: \t abc \r\nContent-Length: 12\r\nCONTENT-TYPE: application/json\r\n"
        "Empty:\r\nAccept: */*\r\n\r\n";
    struct lk_http_head head;
    char buffer[16384];

    (void)state;
    assert_int_equal(parse(text, sizeof(text) - 1, &head, buffer), 0);
    assert_int_equal(head.method, LK_HTTP_POST);
    assert_string_equal(head.path, "/api/v1/act");
    assert_string_equal(head.query, "x=1");
    assert_string_equal(head.host, "127.0.0.1:8080");
    assert_string_equal(head.origin, "http://127.0.0.1:8080");
    assert_string_equal(head.token, "abc");
    assert_string_equal(head.content_type, "application/json");
    assert_int_equal(head.content_length, 12);
    assert_false(head.coded);
}

static const struct {
    const char *text;
    int status;
} heads[] = {
    {"GET / HTTP/1.1\r\n\r\n", 0},
    {"GET / HTTP/1.0\r\nHost: x\r\n\r\n", 0},
    {"BREW /pot HTTP/1.1\r\n\r\n", 0}, /* the routes say 405 */
    {"\r\nGET / HTTP/1.1\r\n\r\n", 400},
    {"\r\n\r\n", 400},
    {"GET /\r\n\r\n", 400},
    {"GET  / HTTP/1.1\r\n\r\n", 400},
    {"GET / HTTP/1.1 \r\n\r\n", 505},
    {"GET / HTTP/2.0\r\n\r\n", 505},
    {"GET / http/1.1\r\n\r\n", 400},
    {"GET / FTP/1.1\r\n\r\n", 400},
    {" / HTTP/1.1\r\n\r\n", 400},
    {"G(T / HTTP/1.1\r\n\r\n", 400},
    {"GET http://127.0.0.1/ HTTP/1.1\r\n\r\n", 400},
    {"GET //x HTTP/1.1\r\n\r\n", 0}, /* a path like any other: 404 */
    {"GET * HTTP/1.1\r\n\r\n", 400},
    {"OPTIONS * HTTP/1.1\r\n\r\n", 400},
    {"CONNECT 127.0.0.1:80 HTTP/1.1\r\n\r\n", 400},
    {"GET /\xe9 HTTP/1.1\r\n\r\n", 400},
    {"GET /\t HTTP/1.1\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n: x\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nA: b\x01\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nA: b\x7f\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nOrigin: a\r\norigin: b\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nX-Locker-Token: a\r\nX-Locker-Token: b\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\nContent-Length: 0x10\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\nContent-Length:\r\n\r\n", 400},
};

static void answers_each_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        struct lk_http_head head;
        char buffer[16384];
        int status = parse(heads[i].text, strlen(heads[i].text), &head, buffer);
        if (status != heads[i].status) {
            fail_msg("%s: %d instead of %d", heads[i].text, status, heads[i].status);
        }
    }
}

static void counts_no_length_beyond_counting(void **state)
{
    static const char text[] = "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999999999999\r\n\r\n";
    struct lk_http_head head;
    char buffer[16384];

    (void)state;
    assert_int_equal(parse(text, sizeof(text) - 1, &head, buffer), 0);
    assert_true(head.content_length == SIZE_MAX);
}

static void refuses_too_many_fields(void **state)
{
    char text[8192] = "GET / HTTP/1.1\r\n", buffer[16384];
    struct lk_http_head head;

    (void)state;
    for (int i = 0; i < LK_HTTP_FIELDS_MAX + 1; i++) {
        strcat(text, "A: b\r\n");
    }
    strcat(text, "\r\n");
    assert_int_equal(parse(text, strlen(text), &head, buffer), 431);
}

static void refuses_a_long_target(void **state)
{
    char text[4096], buffer[16384];
    struct lk_http_head head;

    (void)state;
    snprintf(text, sizeof(text), "GET /%0*d HTTP/1.1\r\n\r\n", LK_HTTP_TARGET_MAX, 0);
    assert_int_equal(parse(text, strlen(text), &head, buffer), 414);
}

static void waits_for_the_empty_line(void **state)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\nbody\n";
    size_t whole = strstr(text, "body") - text;

    (void)state;
    for (size_t n = 0; n < whole; n++) {
        assert_int_equal(lk_http_head_length(text, n), 0);
    }
    assert_int_equal(lk_http_head_length(text, sizeof(text) - 1), (long)whole);
}

static void refuses_bare_line_ends(void **state)
{
    (void)state;
    assert_int_equal(lk_http_head_length("GET / HTTP/1.1\n", 15), -EBADMSG);
    assert_int_equal(lk_http_head_length("GET / HTTP/1.1\r\nHost: x\n\r\n", 26), -EBADMSG);
    assert_int_equal(lk_http_head_length("GET / HTTP/1.1\rHost", 19), -EBADMSG);
    assert_int_equal(lk_http_head_length("GET /\0 HTTP", 11), -EBADMSG);
    assert_int_equal(lk_http_head_length("\n", 1), -EBADMSG);
}

static void compares_secrets(void **state)
{
    (void)state;
    assert_true(lk_http_same_secret("0123abcd", "0123abcd"));
    assert_false(lk_http_same_secret("0123abcx", "0123abcd"));
    assert_false(lk_http_same_secret("0123abc", "0123abcd"));
    assert_false(lk_http_same_secret("0123abcdd", "0123abcd"));
    assert_false(lk_http_same_secret("", "0123abcd"));
}

/* Mutated requests: never a crash, and never an accepted head without its path. */
static void survives_noise(void **state)
{
    static const char seed[] = "POST /api/v1/act HTTP/1.1\r\nHost: 127.0.0.1:1\r\nOrigin: http://127.0.0.1:1\r\n"
                               "Content-Length: 5\r\n\r\n";
    unsigned random = 12345;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        char text[sizeof(seed)], copy[sizeof(seed)];
        memcpy(text, seed, sizeof(seed));
        for (int i = 0; i < 3; i++) {
            random = random * 1103515245u + 12345u;
            text[(random >> 8) % (sizeof(seed) - 1)] = (char)(random >> 20);
        }
        long n = lk_http_head_length(text, sizeof(seed) - 1);
        struct lk_http_head head = {0};
        const char *why = NULL;
        if (n > 0) {
            memcpy(copy, text, sizeof(seed));
            int status = lk_http_head_parse(copy, (size_t)n, &head, &why);
            assert_true(status == 0 ? head.path && head.path[0] == '/' : why != NULL);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_a_browser_apart),
        cmocka_unit_test(answers_each_form),
        cmocka_unit_test(counts_no_length_beyond_counting),
        cmocka_unit_test(refuses_too_many_fields),
        cmocka_unit_test(refuses_a_long_target),
        cmocka_unit_test(waits_for_the_empty_line),
        cmocka_unit_test(refuses_bare_line_ends),
        cmocka_unit_test(compares_secrets),
        cmocka_unit_test(survives_noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
