#include "face_world.h"

static void on_act(void *user, const struct lk_face_act *act, uint64_t request)
{
    struct world *w = user;

    w->acts++;
    w->act = *act;
    w->request = request;
    if (w->answer == ANSWER_AT_ONCE) {
        lk_face_reply(w->face, request, LK_RESULT_OK, LK_REASON_NONE);
    }
}

static int on_recalls(void *user, struct lk_face_list *list)
{
    struct world *w = user;

    for (int i = 0; i < w->recalls; i++) {
        struct lk_item item = {.size = LK_SIZE_M,
                               .name = "王*",
                               .overdue = i == 0,
                               .cancelled = i == 1,
                               .rejected = i == 2,
                               .dropoff = i == 3};
        snprintf(item.id, sizeof(item.id), "YL-%04d", i);
        if (lk_face_recall_add(list, &item, "A07", i < 4) < 0) {
            assert_int_equal(i, LK_FACE_LIST_MAX);
            break;
        }
    }
    return w->recalls < 0 ? w->recalls : 0;
}

static int on_receipt(void *user, struct lk_face_list *list)
{
    struct world *w = user;

    for (int i = 0; i < w->receipt; i++) {
        struct lk_item item = {.size = LK_SIZE_L, .name = "李*"};
        snprintf(item.id, sizeof(item.id), "YL-%04d", i);
        if (lk_face_receipt_add(list, &item, "B02") < 0) {
            assert_int_equal(i, LK_FACE_LIST_MAX);
            break;
        }
    }
    return w->receipt < 0 ? w->receipt : 0;
}

const struct lk_face_ops face_world_ops = {on_act, on_recalls, on_receipt};

const char *face_fill(const struct world *w, const char *text)
{
    static char buffer[32768];
    struct lk_text t = lk_text_init(buffer, sizeof(buffer));

    for (; *text != '\0'; text++) {
        if (strncmp(text, "{H}", 3) == 0) {
            lk_text_addf(&t, "127.0.0.1:%u", w->port);
            text += 2;
        } else if (strncmp(text, "{T}", 3) == 0) {
            lk_text_add(&t, w->token);
            text += 2;
        } else {
            lk_text_addf(&t, "%c", *text);
        }
    }
    assert_false(t.truncated);
    return buffer;
}

const char *face_ask(struct world *w, const char *request, int *ret_status)
{
    static char answer[1 << 17];
    struct client *c = client_tcp(w->base, w->port);

    client_say(c, face_fill(w, request));
    client_expect_end(c);
    assert_true(c->length < sizeof(answer));
    memcpy(answer, c->got, c->length + 1);
    client_close(c);
    *ret_status = 0;
    sscanf(answer, "HTTP/1.1 %d ", ret_status);
    return answer;
}

const char *face_body_of(const char *answer)
{
    const char *at = strstr(answer, "\r\n\r\n");

    assert_non_null(at);
    return at + 4;
}

void face_expect(struct world *w, const char *request, int status, const char *words)
{
    int got = 0;
    const char *answer = face_ask(w, request, &got);

    if (got != status || !strstr(answer, words)) {
        fail_msg("asked %.200s\nexpected %d with %s\ngot %s", request, status, words, answer);
    }
}

const char *face_post(const char *body)
{
    static char request[LK_FACE_BODY_MAX + 4096];

    snprintf(request, sizeof(request),
             "POST /api/v1/act HTTP/1.1\r\nHost: {H}\r\nOrigin: http://{H}\r\nX-Locker-Token: {T}\r\n"
             "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
             strlen(body), body);
    return request;
}

void face_read_token(struct world *w)
{
    int status;
    const char *page = face_ask(w, "GET / HTTP/1.1\r\nHost: {H}\r\n\r\n", &status);
    const char *at = strstr(page, "name=\"locker-token\" content=\"");

    assert_int_equal(status, 200);
    assert_non_null(at);
    assert_int_equal(sscanf(at, "name=\"locker-token\" content=\"%32[0-9a-f]\"", w->token), 1);
    assert_int_equal(strlen(w->token), 32);
}

int face_start(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    const struct lk_face_config config = {.site_name = "一号厅 <&\"'>",
                                          .support_phone = "0912-3281234",
                                          .act_timeout_ms = 800,
                                          .tick_ms = 100,
                                          .request_timeout_ms = 800};

    w->base = event_base_new();
    assert_int_equal(lk_face_create(&config, &face_world_ops, w, w->base, &w->face), 0);
    w->port = lk_face_port(w->face);
    w->view = (struct lk_view){.left_ms = -1, .tries_left = 5};
    face_read_token(w);
    *state = w;
    return 0;
}

int face_stop(void **state)
{
    struct world *w = *state;

    assert_null(lk_face_destroy(w->face));
    event_base_free(w->base);
    free(w);
    return 0;
}

json_t *face_get_json(struct world *w, const char *path, int *ret_status)
{
    char request[256];

    snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: {H}\r\n\r\n", path);
    const char *answer = face_ask(w, request, ret_status);
    json_t *value = json_loads(face_body_of(answer), 0, NULL);
    assert_non_null(value);
    return value;
}

const char *face_text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    assert_non_null(text);
    return text;
}
