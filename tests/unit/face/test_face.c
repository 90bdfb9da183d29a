/* The kiosk's server, asked over real sockets by clients of every kind. */
#include "face_world.h"

/* --- routes ---------------------------------------------------------------------------------------------------- */

static void serves_the_page_and_its_files(void **state)
{
    struct world *w = *state;

    face_expect(w, "GET / HTTP/1.1\r\nHost: {H}\r\n\r\n", 200, "Content-Type: text/html; charset=utf-8");
    face_expect(w, "GET /?again HTTP/1.1\r\nHost: {H}\r\n\r\n", 200, "/kiosk.js");
    face_expect(w, "GET /kiosk.js HTTP/1.1\r\nHost: {H}\r\n\r\n", 200, "text/javascript");
    face_expect(w, "GET /screens.js HTTP/1.1\r\nHost: {H}\r\n\r\n", 200, "export const SCREENS");
    face_expect(w, "GET /kiosk.css HTTP/1.1\r\nHost: {H}\r\n\r\n", 200, "text/css");
    face_expect(w, "GET /icon.svg HTTP/1.1\r\nHost: {H}\r\n\r\n", 200, "image/svg+xml");
    face_expect(w, "GET /messages.json HTTP/1.1\r\nHost: {H}\r\n\r\n", 200, "reason.wrong_code");
    face_expect(w, "GET /index.html HTTP/1.1\r\nHost: {H}\r\n\r\n", 404, "bad_request");
    face_expect(w, "GET /../kiosk.js HTTP/1.1\r\nHost: {H}\r\n\r\n", 404, "bad_request");
    face_expect(w, "GET /%6biosk.js HTTP/1.1\r\nHost: {H}\r\n\r\n", 404, "bad_request");
}

static void escapes_what_the_configuration_says(void **state)
{
    struct world *w = *state;

    face_expect(w, "GET / HTTP/1.1\r\nHost: {H}\r\n\r\n", 200, "一号厅 &#60;&#38;&#34;&#39;&#62;");
}

static void sends_strict_headers_with_everything(void **state)
{
    struct world *w = *state;
    static const char *const requests[] = {"GET / HTTP/1.1\r\nHost: {H}\r\n\r\n",
                                           "GET /nothing HTTP/1.1\r\nHost: {H}\r\n\r\n",
                                           "GET /api/v1/view HTTP/1.1\r\nHost: {H}\r\n\r\n", "nonsense\r\n\r\n"};
    static const char *const fields[] = {
        "\r\nCache-Control: no-store\r\n",      "\r\nX-Content-Type-Options: nosniff\r\n",
        "\r\nReferrer-Policy: no-referrer\r\n", "\r\nContent-Security-Policy: default-src 'none'; script-src 'self';",
        "frame-ancestors 'none'\r\n",           "\r\nConnection: close\r\n"};

    for (size_t i = 0; i < LK_ARRAY_SIZE(requests); i++) {
        for (size_t f = 0; f < LK_ARRAY_SIZE(fields); f++) {
            int status;
            assert_non_null(strstr(face_ask(w, requests[i], &status), fields[f]));
        }
    }
}

static void tells_the_address(void **state)
{
    struct world *w = *state;
    char url[64];

    snprintf(url, sizeof(url), "http://127.0.0.1:%u/", w->port);
    assert_string_equal(lk_face_url(w->face), url);
}

/* --- who may ask ----------------------------------------------------------------------------------------------- */

static const struct {
    const char *request;
    int status;
    const char *words;
} senders[] = {
    {"GET / HTTP/1.1\r\n\r\n", 400, "Host is missing"},
    {"GET / HTTP/1.0\r\n\r\n", 400, "Host is missing"},
    {"GET / HTTP/1.0\r\nHost: {H}\r\n\r\n", 200, "kiosk.js"},
    {"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421, "Host is not this kiosk"},
    {"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 421, "Host"},
    {"GET / HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n", 421, "Host"},
    {"GET / HTTP/1.1\r\nHost: {H}.evil.example\r\n\r\n", 421, "Host"},
    {"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", 421, "Host"},
    {"GET / HTTP/1.1\r\nHost: a\r\nHost: {H}\r\n\r\n", 400, "twice"},
    {"GET http://{H}/ HTTP/1.1\r\nHost: {H}\r\n\r\n", 400, "target"},
    {"GET / HTTP/1.1\nHost: {H}\n\n", 400, "CR LF"},
    {"GET / HTTP/1.1\r\nHost: {H}\n\r\n", 400, "CR LF"},
    {"GET / HTTP/1.1\r\nHost: {H}\r\nOrigin: http://{H}\r\n\r\n", 200, "kiosk.js"},
    {"GET / HTTP/1.1\r\nHost: {H}\r\nOrigin: http://evil.example\r\n\r\n", 403, "Origin"},
    {"GET / HTTP/1.1\r\nHost: {H}\r\nOrigin: null\r\n\r\n", 403, "Origin"},
    {"GET / HTTP/1.1\r\nHost: {H}\r\nOrigin: https://{H}\r\n\r\n", 403, "Origin"},
    {"GET / HTTP/1.1\r\nHost: {H}\r\nOrigin: http://{H}.evil.example\r\n\r\n", 403, "Origin"},
    {"HEAD / HTTP/1.1\r\nHost: {H}\r\n\r\n", 405, "method"},
    {"DELETE /kiosk.js HTTP/1.1\r\nHost: {H}\r\n\r\n", 405, "GET"},
    {"OPTIONS /api/v1/act HTTP/1.1\r\nHost: {H}\r\nOrigin: http://{H}\r\n\r\n", 405, "method"},
    {"GET /api/v1/act HTTP/1.1\r\nHost: {H}\r\n\r\n", 405, "method"},
    {"POST / HTTP/1.1\r\nHost: {H}\r\nContent-Length: 0\r\n\r\n", 405, "method"},
    {"GET / HTTP/1.1\r\nHost: {H}\r\nContent-Length: 3\r\n\r\nabc", 400, "no body"},
    {"GET /api/v1/events HTTP/1.1\r\nHost: {H}\r\n\r\n", 403, "X-Locker-Token"},
    {"GET /api/v1/events?token=0123 HTTP/1.1\r\nHost: {H}\r\n\r\n", 403, "X-Locker-Token"},
    {"GET /api/v1/events?token={T}x HTTP/1.1\r\nHost: {H}\r\n\r\n", 403, "X-Locker-Token"},
    {"GET /api/v1/events?token={T} HTTP/1.1\r\nHost: {H}\r\nX-Locker-Token: bad\r\n\r\n", 403, "X-Locker-Token"},
};

static void answers_each_sender(void **state)
{
    for (size_t i = 0; i < LK_ARRAY_SIZE(senders); i++) {
        face_expect(*state, senders[i].request, senders[i].status, senders[i].words);
    }
}

static const struct {
    const char *fields;
    const char *body;
    int status;
    const char *words;
} posts[] = {
    {"X-Locker-Token: {T}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n", "{}", 403, "Origin is missing"},
    {"Origin: http://localhost:1\r\nX-Locker-Token: {T}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n",
     "{}", 403, "Origin is not"},
    {"Origin: http://{H}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n", "{}", 403, "X-Locker-Token"},
    {"Origin: http://{H}\r\nX-Locker-Token: 00000000000000000000000000000000\r\nContent-Type: application/json\r\n"
     "Content-Length: 2\r\n",
     "{}", 403, "X-Locker-Token"},
    {"Origin: http://{H}\r\nX-Locker-Token: {T}\r\nContent-Length: 2\r\n", "{}", 415, "Content-Type"},
    {"Origin: http://{H}\r\nX-Locker-Token: {T}\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n", "{}", 415,
     "Content-Type"},
    {"Origin: http://{H}\r\nX-Locker-Token: {T}\r\nContent-Type: application/jsonx\r\nContent-Length: 2\r\n", "{}", 415,
     "Content-Type"},
    {"Origin: http://{H}\r\nX-Locker-Token: {T}\r\nContent-Type: application/json\r\n", "", 411, "Content-Length"},
    {"Origin: http://{H}\r\nX-Locker-Token: {T}\r\nContent-Type: application/json\r\nContent-Length: 16385\r\n", "",
     413, "16384"},
    {"Origin: http://{H}\r\nX-Locker-Token: {T}\r\nContent-Type: application/json\r\n"
     "Content-Length: 99999999999999999999999\r\n",
     "", 413, "16384"},
    {"Origin: http://{H}\r\nX-Locker-Token: {T}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n",
     "2\r\n{}\r\n0\r\n\r\n", 501, "transfer"},
    {"Origin: http://{H}\r\nX-Locker-Token: {T}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
     "Content-Length: 2\r\n",
     "{}", 501, "transfer"},
    {"Origin: http://{H}\r\nX-Locker-Token: {T}\r\nContent-Type: Application/JSON; charset=UTF-8\r\n"
     "Content-Length: 2\r\n",
     "{}", 400, "act: has to be"},
};

static void answers_each_post(void **state)
{
    struct world *w = *state;

    for (size_t i = 0; i < LK_ARRAY_SIZE(posts); i++) {
        char request[4096];
        snprintf(request, sizeof(request), "POST /api/v1/act HTTP/1.1\r\nHost: {H}\r\n%s\r\n%s", posts[i].fields,
                 posts[i].body);
        face_expect(w, request, posts[i].status, posts[i].words);
    }
    assert_int_equal(w->acts, 0);
}

/* The answer to a body that is far too large still arrives, although the client goes on sending. */
static void answers_before_a_huge_body_is_sent(void **state)
{
    struct world *w = *state;
    struct client *c = client_tcp(w->base, w->port);
    char *huge = calloc(1, 300000);

    memset(huge, 'x', 299999);
    client_say(c, face_fill(w, "POST /api/v1/act HTTP/1.1\r\nHost: {H}\r\nContent-Length: 299999\r\n\r\n"));
    client_send(c, huge, 299999);
    client_expect(c, "HTTP/1.1 413 ");
    client_expect(c, "16384 bytes");
    free(huge);
    client_close(c);
}

static void refuses_a_huge_head(void **state)
{
    struct world *w = *state;
    char request[LK_FACE_HEAD_MAX + 64];

    memset(request, 'a', sizeof(request));
    memcpy(request, "GET / HTTP/1.1\r\nA: ", 19);
    request[sizeof(request) - 1] = '\0';
    face_expect(w, request, 431, "8192");
}

/* --- acts ------------------------------------------------------------------------------------------------------- */

static void hands_over_each_act(void **state)
{
    struct world *w = *state;

    face_expect(w, face_post("{\"act\":\"code\",\"code\":\"12345678\"}"), 200,
                "{\"result\":\"ok\",\"reason\":\"none\"}");
    assert_int_equal(w->act.kind, LK_FACE_CODE);
    assert_string_equal(w->act.text, "12345678");
    face_expect(w, face_post("{\"act\":\"code\",\"code\":\"\\u4e00\\u4e8c\"}"), 200, "ok");
    assert_string_equal(w->act.text, "一二"); /* whether that is a code is not the face's to say */
    face_expect(w, face_post("{\"text\":\"q7-_\",\"act\":\"scan\"}"), 200, "ok");
    assert_int_equal(w->act.kind, LK_FACE_SCAN);
    assert_string_equal(w->act.text, "q7-_");
    face_expect(w, face_post("{\"act\":\"sign_in\",\"staff\":\"c.1001\",\"pin\":\"24 68\"}"), 200, "ok");
    assert_int_equal(w->act.kind, LK_FACE_SIGN_IN);
    assert_string_equal(w->act.staff, "c.1001");
    assert_string_equal(w->act.pin, "24 68");
    face_expect(w, face_post("{\"act\":\"button\",\"button\":\"size\",\"size\":\"L\"}"), 200, "ok");
    assert_int_equal(w->act.button, LK_BUTTON_SIZE);
    assert_int_equal(w->act.size, LK_SIZE_L);
    face_expect(w, face_post("{\"act\":\"button\",\"button\":\"recall_item\",\"item\":\"YL-1\"}"), 200, "ok");
    assert_int_equal(w->act.button, LK_BUTTON_RECALL_ITEM);
    assert_string_equal(w->act.item, "YL-1");
    face_expect(w, face_post("{\"act\":\"button\",\"button\":\"rate\",\"rating\":5}"), 200, "ok");
    assert_int_equal(w->act.button, LK_BUTTON_RATE);
    assert_int_equal(w->act.rating, 5);
    for (int i = 0; i < LK_BUTTONS; i++) {
        if (i != LK_BUTTON_SIZE && i != LK_BUTTON_RECALL_ITEM && i != LK_BUTTON_RATE) {
            char body[80];
            snprintf(body, sizeof(body), "{\"act\":\"button\",\"button\":\"%s\"}", lk_button_name((enum lk_button)i));
            face_expect(w, face_post(body), 200, "ok");
            assert_int_equal(w->act.button, i);
        }
    }
}

static const struct {
    const char *body;
    const char *words;
} bad_bodies[] = {
    {"", "not JSON"},
    {"{", "not JSON"},
    {"{}x", "not JSON"},
    {"[]", "not a JSON object"},
    {"7", "not JSON"},
    {"{\"act\":\"code\",\"code\":\"1\",\"code\":\"2\"}", "twice"},
    {"{\"act\":\"code\",\"code\":{\"a\":1}}", "nested"},
    {"[[[[[[[[[[[[[[[[", "nested"},
    {"{\"act\":\"code\",\"code\":\"\xff\"}", "UTF-8"},
    {"{\"act\":\"code\",\"code\":\"\\u0000\"}", "not JSON"},
    {"{\"act\":\"code\",\"code\":\"a\\nb\"}", "code: has to be"},
    {"{\"act\":\"code\",\"code\":\"\"}", "code: has to be"},
    {"{\"act\":\"code\",\"code\":12345678}", "code: has to be"},
    {"{\"act\":\"code\",\"code\":null}", "code: has to be"},
    {"{\"act\":\"code\"}", "code: missing"},
    {"{\"act\":\"code\",\"code\":\"1\",\"pin\":\"1\"}", "pin: not a member"},
    {"{\"act\":\"code\",\"code\":\"1\",\"\\u0007 strange\":\"1\"}", "?: not a member"},
    {"{\"code\":\"1\"}", "act: has to be"},
    {"{\"act\":\"open\",\"door\":\"A01\"}", "act: has to be"},
    {"{\"act\":5}", "act: has to be"},
    {"{\"act\":\"scan\",\"code\":\"1\"}", "code: not a member"},
    {"{\"act\":\"sign_in\",\"staff\":\"a b\",\"pin\":\"1\"}", "staff: has to be"},
    {"{\"act\":\"sign_in\",\"staff\":\"a\"}", "pin: missing"},
    {"{\"act\":\"sign_in\",\"staff\":\"a\",\"pin\":\"123456789012345678901234567890123\"}", "pin: has to be"},
    {"{\"act\":\"button\",\"button\":\"explode\"}", "button: has to be"},
    {"{\"act\":\"button\",\"button\":\"size\"}", "size: missing"},
    {"{\"act\":\"button\",\"button\":\"size\",\"size\":\"XXL\"}", "size: has to be"},
    {"{\"act\":\"button\",\"button\":\"back\",\"size\":\"M\"}", "size: not with this button"},
    {"{\"act\":\"button\",\"button\":\"back\",\"item\":\"a\"}", "item: not with this button"},
    {"{\"act\":\"button\",\"button\":\"recall_item\",\"item\":\"a/b\"}", "item: has to be"},
    {"{\"act\":\"button\",\"button\":\"next\",\"item\":\"a\"}", "item: not with this button"},
    {"{\"act\":\"button\",\"button\":\"rate\"}", "rating: missing"},
    {"{\"act\":\"button\",\"button\":\"rate\",\"rating\":0}", "rating: has to be a number from 1 to 5"},
    {"{\"act\":\"button\",\"button\":\"rate\",\"rating\":6}", "rating: has to be"},
    {"{\"act\":\"button\",\"button\":\"rate\",\"rating\":4294967297}", "rating: has to be"},
    {"{\"act\":\"button\",\"button\":\"rate\",\"rating\":3.0}", "rating: has to be"},
    {"{\"act\":\"button\",\"button\":\"rate\",\"rating\":\"3\"}", "rating: has to be"},
    {"{\"act\":\"button\",\"button\":\"rate\",\"rating\":true}", "rating: has to be"},
    {"{\"act\":\"button\",\"button\":\"done\",\"rating\":3}", "rating: not with this button"},
    {"{\"act\":\"scan\",\"text\":\"1\",\"rating\":3}", "rating: not a member"},
};

static void names_what_is_wrong_with_a_body(void **state)
{
    struct world *w = *state;

    for (size_t i = 0; i < LK_ARRAY_SIZE(bad_bodies); i++) {
        face_expect(w, face_post(bad_bodies[i].body), 400, bad_bodies[i].words);
        face_expect(w, face_post(bad_bodies[i].body), 400,
                    "{\"result\":\"refused\",\"reason\":\"bad_request\",\"message\":\"");
    }
    assert_int_equal(w->acts, 0);
}

static void refuses_texts_over_their_length(void **state)
{
    struct world *w = *state;
    char body[LK_FACE_TEXT_MAX + 64];

    snprintf(body, sizeof(body), "{\"act\":\"code\",\"code\":\"%0*d\"}", LK_FACE_TEXT_MAX, 0);
    face_expect(w, face_post(body), 200, "ok");
    snprintf(body, sizeof(body), "{\"act\":\"code\",\"code\":\"%0*d\"}", LK_FACE_TEXT_MAX + 1, 0);
    face_expect(w, face_post(body), 400, "code: has to be");
}

static void takes_a_body_of_just_the_limit(void **state)
{
    struct world *w = *state;
    char body[LK_FACE_BODY_MAX + 1];

    memset(body, ' ', sizeof(body));
    memcpy(body, "{\"act\":\"code\",\"code\":\"1\"}", 25);
    body[LK_FACE_BODY_MAX] = '\0';
    face_expect(w, face_post(body), 200, "ok");
}

static void tells_each_result(void **state)
{
    struct world *w = *state;
    static const struct {
        enum lk_result result;
        const char *words;
    } rows[] = {{LK_RESULT_REFUSED, "{\"result\":\"refused\",\"reason\":\"wrong_code\"}"},
                {LK_RESULT_FAILED, "{\"result\":\"failed\",\"reason\":\"wrong_code\"}"},
                {LK_RESULT_UNKNOWN, "{\"result\":\"unknown\",\"reason\":\"wrong_code\"}"},
                {LK_RESULT_PENDING, "{\"result\":\"unknown\",\"reason\":\"wrong_code\"}"}};

    w->answer = ANSWER_LATER;
    for (size_t i = 0; i < LK_ARRAY_SIZE(rows); i++) {
        struct client *c = client_tcp(w->base, w->port);
        unsigned before = w->acts;
        client_say(c, face_fill(w, face_post("{\"act\":\"code\",\"code\":\"1\"}")));
        UNTIL(w->base, w->acts == before + 1);
        assert_true(client_is_quiet(c, 20));
        lk_face_reply(w->face, w->request, rows[i].result, LK_REASON_WRONG_CODE);
        lk_face_reply(w->face, w->request, LK_RESULT_OK, LK_REASON_NONE); /* a second answer changes nothing */
        client_expect(c, rows[i].words);
        client_expect_end(c);
        client_close(c);
    }
}

static void gives_up_waiting_for_the_app(void **state)
{
    struct world *w = *state;

    w->answer = ANSWER_NEVER;
    face_expect(w, face_post("{\"act\":\"code\",\"code\":\"1\"}"), 503,
                "{\"result\":\"unknown\",\"reason\":\"timed_out\"");
    lk_face_reply(w->face, w->request, LK_RESULT_OK, LK_REASON_NONE); /* too late, and harmless */
}

static void outlives_a_client_that_leaves(void **state)
{
    struct world *w = *state;
    struct client *c = client_tcp(w->base, w->port);
    const struct linger reset = {1, 0};

    w->answer = ANSWER_LATER;
    client_say(c, face_fill(w, face_post("{\"act\":\"code\",\"code\":\"1\"}")));
    UNTIL(w->base, w->acts == 1);
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    client_close(c);
    turn(w->base, 20);
    lk_face_reply(w->face, w->request, LK_RESULT_OK, LK_REASON_NONE);
    face_expect(w, "GET /api/v1/view HTTP/1.1\r\nHost: {H}\r\n\r\n", 200, "screen");
}

/* --- odd clients ------------------------------------------------------------------------------------------------ */

static void answers_one_request_a_connection(void **state)
{
    struct world *w = *state;
    char twice[4096];
    struct lk_text t = lk_text_init(twice, sizeof(twice));
    int status;
    const char *one = face_post("{\"act\":\"code\",\"code\":\"1\"}");

    lk_text_add(&t, one);
    lk_text_add(&t, one);
    const char *answer = face_ask(w, twice, &status);
    assert_int_equal(status, 200);
    assert_null(strstr(answer + 8, "HTTP/1.1"));
    assert_int_equal(w->acts, 1);
}

static void takes_a_request_in_small_pieces(void **state)
{
    struct world *w = *state;
    struct client *c = client_tcp(w->base, w->port);
    const char *text = face_fill(w, face_post("{\"act\":\"code\",\"code\":\"1\"}"));

    for (size_t n = strlen(text), step; n > 0; n -= step, text += step) {
        step = n % 5 + 1 < n ? n % 5 + 1 : n;
        client_send(c, text, step);
    }
    client_expect(c, "HTTP/1.1 200 ");
    client_close(c);
}

static void ends_a_slow_head(void **state)
{
    struct world *w = *state;
    struct client *c = client_tcp(w->base, w->port);

    for (int i = 0; i < 300 && c->length == 0; i++) {
        client_say(c, "G"); /* each byte within any idle time, the whole never */
        client_is_quiet(c, 10);
    }
    assert_non_null(strstr(c->got, "HTTP/1.1 408 ")); /* while bytes still came */
    client_expect_end(c);
    client_close(c);
}

static void ends_a_slow_body(void **state)
{
    struct world *w = *state;
    struct client *c = client_tcp(w->base, w->port);

    client_say(c, face_fill(w, "POST /api/v1/act HTTP/1.1\r\nHost: {H}\r\nContent-Length: 10\r\n\r\n{"));
    client_expect(c, "HTTP/1.1 408 ");
    client_close(c);
}

static void ends_a_silent_client(void **state)
{
    struct world *w = *state;
    struct client *c = client_tcp(w->base, w->port);

    client_expect_end(c);
    assert_int_equal(c->length, 0);
    client_close(c);
}

/* Idle connections up to the limit and beyond do not lock the page out. */
static void serves_while_others_hold_every_connection(void **state)
{
    struct world *w = *state;
    struct client *idle[LK_FACE_CONNECTIONS + 8];

    for (size_t i = 0; i < LK_ARRAY_SIZE(idle); i++) {
        idle[i] = client_tcp(w->base, w->port);
        client_say(idle[i], "GET / HT");
    }
    face_expect(w, "GET / HTTP/1.1\r\nHost: {H}\r\n\r\n", 200, "kiosk.js");
    client_expect_end(idle[0]);
    for (size_t i = 0; i < LK_ARRAY_SIZE(idle); i++) {
        client_close(idle[i]);
    }
}

static void survives_garbage(void **state)
{
    struct world *w = *state;
    char noise[512];
    unsigned random = 99;

    for (int round = 0; round < 40; round++) {
        struct client *c = client_tcp(w->base, w->port);
        for (size_t i = 0; i < sizeof(noise); i++) {
            random = random * 1103515245u + 12345u;
            noise[i] = (char)(random >> 16);
        }
        noise[sizeof(noise) - 1] = '\n'; /* at the latest here it cannot be a request any more */
        client_send(c, noise, sizeof(noise));
        client_expect(c, "HTTP/1.1 400 ");
        client_close(c);
    }
}

/* --- making one ------------------------------------------------------------------------------------------------- */

static void each_boot_has_its_own_token(void **state)
{
    struct world *w = *state;
    char before[40];
    void *other = NULL;

    memcpy(before, w->token, sizeof(before));
    face_start(&other);
    assert_string_not_equal(((struct world *)other)->token, before);
    face_stop(&other);
}

static void a_second_one_on_the_port_is_refused(void **state)
{
    struct world *w = *state;
    const struct lk_face_config config = {.port = w->port};
    struct lk_face *second = NULL;

    assert_int_equal(lk_face_create(&config, &face_world_ops, NULL, w->base, &second), -EADDRINUSE);
    assert_null(second);
    assert_null(lk_face_destroy(NULL));
}

static void refuses_unsound_texts(void **state)
{
    struct world *w = *state;
    static const struct lk_face_config configs[] = {{.site_name = "\xff"},
                                                    {.support_phone = "1\r\nX: y"},
                                                    {.frame_ancestor = "'self'; script-src *"},
                                                    {.code_digits = 99}};
    struct lk_face *face = NULL;

    for (size_t i = 0; i < LK_ARRAY_SIZE(configs); i++) {
        assert_int_equal(lk_face_create(&configs[i], &face_world_ops, NULL, w->base, &face), -EINVAL);
    }
}

static void lets_a_named_page_frame_it(void **state)
{
    struct world *w = *state;
    const struct lk_face_config config = {.frame_ancestor = "http://127.0.0.1:9"};
    struct world other = {.base = w->base};

    assert_int_equal(lk_face_create(&config, &face_world_ops, &other, w->base, &other.face), 0);
    other.port = lk_face_port(other.face);
    face_expect(&other, "GET / HTTP/1.1\r\nHost: {H}\r\n\r\n", 200, "frame-ancestors http://127.0.0.1:9\r\n");
    lk_face_destroy(other.face);
}

/* --- what stays in memory --------------------------------------------------------------------------------------- */

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
static unsigned count_in_memory(const uint8_t *masked, size_t n)
{
    LK_CLEANUP(lk_fclosep) FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];
    unsigned found = 0;

    assert_non_null(maps);
    while (fgets(line, sizeof(line), maps)) {
        unsigned long from, to;
        if ((!strstr(line, "[heap]") && !strstr(line, "[stack]")) || sscanf(line, "%lx-%lx", &from, &to) != 2) {
            continue;
        }
        const uint8_t *at = (const uint8_t *)from;
        for (size_t i = 0; i + n <= to - from; i++) {
            size_t same = 0;
            while (same < n && at[i + same] == (masked[same] ^ 0x55)) {
                same++;
            }
            found += same == n;
        }
    }
    return found;
}

/* The secret is kept masked here, so that the only readable copies are those the face makes. */
static void forgets_what_was_typed(void **state)
{
    struct world *w = *state;
    uint8_t masked[30];
    const uint8_t *tail = masked + 18; /* freed memory keeps its end, the allocator writes over its front */
    const size_t n = sizeof(masked) - 18;
    char body[4096];
    /* Far behind the front of each buffer, where the next user of the memory would overwrite it by chance. */
    size_t at = (size_t)snprintf(body, sizeof(body), "{\"act\":\"sign_in\",\"staff\":\"c1001\",%2500s\"pin\":\"", "");

    lk_face_wipe_json();
    assert_int_equal(getrandom(masked, sizeof(masked), 0), sizeof(masked));
    for (size_t i = 0; i < sizeof(masked); i++) {
        body[at + i] = (char)('a' + masked[i] % 26);
        masked[i] = (uint8_t)(body[at + i] ^ 0x55);
    }
    memcpy(body + at + sizeof(masked), "\"}", 3);
    w->answer = ANSWER_LATER;
    struct client *c = client_tcp(w->base, w->port);
    client_say(c, face_fill(w, face_post(body)));
    explicit_bzero(body, sizeof(body));
    UNTIL(w->base, w->acts == 1);
    assert_int_equal(count_in_memory(tail, n), 1); /* w->act is ours: so the search does find */
    explicit_bzero(&w->act, sizeof(w->act));
    assert_int_equal(count_in_memory(tail, n), 0);
    lk_face_reply(w->face, w->request, LK_RESULT_OK, LK_REASON_NONE);
    client_expect(c, "200");
    client_close(c);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FACE(serves_the_page_and_its_files),
        WITH_FACE(escapes_what_the_configuration_says),
        WITH_FACE(sends_strict_headers_with_everything),
        WITH_FACE(tells_the_address),
        WITH_FACE(answers_each_sender),
        WITH_FACE(answers_each_post),
        WITH_FACE(answers_before_a_huge_body_is_sent),
        WITH_FACE(refuses_a_huge_head),
        WITH_FACE(hands_over_each_act),
        WITH_FACE(names_what_is_wrong_with_a_body),
        WITH_FACE(refuses_texts_over_their_length),
        WITH_FACE(takes_a_body_of_just_the_limit),
        WITH_FACE(tells_each_result),
        WITH_FACE(gives_up_waiting_for_the_app),
        WITH_FACE(outlives_a_client_that_leaves),
        WITH_FACE(answers_one_request_a_connection),
        WITH_FACE(takes_a_request_in_small_pieces),
        WITH_FACE(ends_a_slow_head),
        WITH_FACE(ends_a_slow_body),
        WITH_FACE(ends_a_silent_client),
        WITH_FACE(serves_while_others_hold_every_connection),
        WITH_FACE(survives_garbage),
        WITH_FACE(each_boot_has_its_own_token),
        WITH_FACE(a_second_one_on_the_port_is_refused),
        WITH_FACE(refuses_unsound_texts),
        WITH_FACE(lets_a_named_page_frame_it),
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
        WITH_FACE(forgets_what_was_typed),
#endif
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
