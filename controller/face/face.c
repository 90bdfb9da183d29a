#include "face/face.h"

#include "act.h"
#include "assets.h"
#include "base/cleanup.h"
#include "face_private.h"
#include "http_server.h"
#include "json_text.h"
#include "page.h"
#include "view_json.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

static const char json_media[] = "application/json";

static void refuse(struct lk_http_conn *conn, int status, const char *why)
{
    lk_face_answer(conn, status, LK_RESULT_REFUSED, LK_REASON_BAD_REQUEST, why);
}

static void get_page(struct lk_face *face, const struct lk_face_call *call)
{
    lk_http_answer(call->conn, 200, "text/html; charset=utf-8", "", face->page, face->page_length);
}

static void get_view(struct lk_face *face, const struct lk_face_call *call)
{
    char text[LK_FACE_SNAPSHOT_MAX];
    struct lk_text t = lk_text_init(text, sizeof(text));

    lk_face_snapshot(face, &t);
    lk_face_answer_json(call->conn, text, t.len);
}

/* For whoever keeps the screen alive (packaging/kiosk/kiosk): a browser that runs may yet show nothing. */
static void get_pages(struct lk_face *face, const struct lk_face_call *call)
{
    char text[32];
    int n = snprintf(text, sizeof(text), "{\"pages\":%u}", lk_face_streams(face));
    lk_face_answer_json(call->conn, text, (size_t)n);
}

static void get_events(struct lk_face *face, const struct lk_face_call *call)
{
    if (lk_face_stream_open(face, call->conn) < 0) {
        lk_face_answer(call->conn, 503, LK_RESULT_REFUSED, LK_REASON_NOT_NOW, "all 8 streams are taken");
    }
}

static void get_recalls(struct lk_face *face, const struct lk_face_call *call)
{
    if (face->view.role == LK_ACTOR_SYSTEM) {
        lk_face_answer(call->conn, 403, LK_RESULT_REFUSED, LK_REASON_NOT_ALLOWED, "nobody of the staff is signed in");
        return;
    }
    lk_face_answer_list(call->conn, face->ops->recalls, face->user);
}

static void get_receipt(struct lk_face *face, const struct lk_face_call *call)
{
    if (face->view.role == LK_ACTOR_SYSTEM || face->view.screen != LK_SCREEN_RECEIPT) {
        lk_face_answer(call->conn, 403, LK_RESULT_REFUSED, LK_REASON_NOT_ALLOWED, "nobody asked for a receipt");
        return;
    }
    lk_face_answer_list(call->conn, face->ops->receipt, face->user);
}

static void post_act(struct lk_face *face, const struct lk_face_call *call)
{
    struct lk_face_act act;
    char why[LK_ACT_WHY_MAX];
    struct lk_face_held *slot = NULL;

    if (lk_act_parse(call->body, call->length, &act, why) < 0) {
        refuse(call->conn, 400, why);
        return;
    }
    for (size_t i = 0; i < LK_FACE_CONNECTIONS && !slot; i++) {
        slot = face->held[i].conn ? NULL : &face->held[i];
    }
    assert(slot); /* as many slots as connections, one request each */
    slot->conn = call->conn;
    slot->request = ++face->last_request;
    lk_http_hold(call->conn);
    face->ops->act(face->user, &act, slot->request);
    explicit_bzero(&act, sizeof(act));
}

static const struct route {
    enum lk_http_method method;
    const char *path;
    bool token;  /* the per-boot token is required, in its header; a GET may have it in the query */
    bool origin; /* Origin is required, not only checked when present */
    void (*serve)(struct lk_face *face, const struct lk_face_call *call);
} routes[] = {
    {LK_HTTP_GET, "/", false, false, get_page},
    {LK_HTTP_GET, "/api/v1/view", false, false, get_view},
    {LK_HTTP_GET, "/api/v1/pages", false, false, get_pages},
    {LK_HTTP_GET, "/api/v1/events", true, false, get_events},
    {LK_HTTP_GET, "/api/v1/recalls", false, false, get_recalls},
    {LK_HTTP_GET, "/api/v1/receipt", false, false, get_receipt},
    {LK_HTTP_POST, "/api/v1/act", true, true, post_act},
};

static bool is_our_host(const struct lk_face *face, const char *host)
{
    return strcasecmp(host, face->host[0]) == 0 || strcasecmp(host, face->host[1]) == 0;
}

/* The page's origin is the host it was fetched from; any other, also our other name, is foreign. */
static bool is_our_origin(const char *origin, const char *host)
{
    return strncmp(origin, "http://", 7) == 0 && strcasecmp(origin + 7, host) == 0;
}

static bool has_token(const struct lk_face *face, const struct lk_http_head *head)
{
    if (head->token) {
        return lk_http_same_secret(head->token, face->token);
    }
    return head->method == LK_HTTP_GET && head->query && strncmp(head->query, "token=", 6) == 0 &&
           lk_http_same_secret(head->query + 6, face->token);
}

static bool is_json_type(const char *type)
{
    size_t n = strcspn(type, "; \t");
    const char *rest = type + n + strspn(type + n, "; \t");

    return n == sizeof(json_media) - 1 && strncasecmp(type, json_media, n) == 0 &&
           (*rest == '\0' || strcasecmp(rest, "charset=utf-8") == 0);
}

/* True when the request may be served; else it has been answered. */
static bool check_sender(const struct lk_face *face, struct lk_http_conn *conn, const struct lk_http_head *head)
{
    if (!head->host) {
        refuse(conn, 400, "Host is missing");
        return false;
    }
    if (!is_our_host(face, head->host)) {
        refuse(conn, 421, "Host is not this kiosk");
        return false;
    }
    if (head->origin && !is_our_origin(head->origin, head->host)) {
        lk_face_answer(conn, 403, LK_RESULT_REFUSED, LK_REASON_NOT_ALLOWED, "Origin is not this kiosk's page");
        return false;
    }
    return true;
}

static bool check_route(const struct lk_face *face, const struct lk_face_call *call, const struct route *route)
{
    if (route->origin && !call->head->origin) {
        lk_face_answer(call->conn, 403, LK_RESULT_REFUSED, LK_REASON_NOT_ALLOWED, "Origin is missing");
        return false;
    }
    if (route->token && !has_token(face, call->head)) {
        lk_face_answer(call->conn, 403, LK_RESULT_REFUSED, LK_REASON_NOT_ALLOWED,
                       "X-Locker-Token is missing or not of this boot: load the page again");
        return false;
    }
    if (route->method == LK_HTTP_POST && (!call->head->content_type || !is_json_type(call->head->content_type))) {
        refuse(call->conn, 415, "Content-Type has to be application/json");
        return false;
    }
    return true;
}

static bool serve_asset(const struct lk_face_call *call)
{
    for (size_t i = 0; i < lk_asset_count; i++) {
        const struct lk_asset *asset = &lk_assets[i];
        if (strcmp(call->head->path, asset->path) == 0 && strcmp(asset->path, "/index.html") != 0) {
            if (call->head->method == LK_HTTP_GET) {
                lk_http_answer(call->conn, 200, asset->type, "", asset->bytes, asset->length);
            } else {
                refuse(call->conn, 405, "only GET here");
            }
            return true;
        }
    }
    return false;
}

static void on_request(void *user, struct lk_http_conn *conn, const struct lk_http_head *head, const char *body,
                       size_t length)
{
    struct lk_face *face = user;
    const struct lk_face_call call = {.conn = conn, .head = head, .body = body, .length = length};
    bool path_known = false;

    if (!check_sender(face, conn, head)) {
        return;
    }
    for (size_t i = 0; i < LK_ARRAY_SIZE(routes); i++) {
        bool here = strcmp(head->path, routes[i].path) == 0;
        path_known = path_known || here;
        if (here && head->method == routes[i].method) {
            if (check_route(face, &call, &routes[i])) {
                routes[i].serve(face, &call);
            }
            return;
        }
    }
    if (path_known) {
        refuse(conn, 405, "not with this method");
    } else if (!serve_asset(&call)) {
        refuse(conn, 404, "there is nothing at this path");
    }
}

static void on_refused(void *user, struct lk_http_conn *conn, int status, const char *why)
{
    (void)user;
    refuse(conn, status, why);
}

static void on_expired(void *user, struct lk_http_conn *conn)
{
    lk_face_forget(user, conn);
    lk_face_answer(conn, 503, LK_RESULT_UNKNOWN, LK_REASON_TIMED_OUT, "no answer came in time");
}

static void on_gone(void *user, struct lk_http_conn *conn)
{
    lk_face_forget(user, conn);
}

void lk_face_reply(struct lk_face *face, uint64_t request, enum lk_result result, enum lk_reason reason)
{
    for (size_t i = 0; i < LK_FACE_CONNECTIONS; i++) {
        struct lk_face_held *held = &face->held[i];
        if (held->conn && held->request == request) {
            struct lk_http_conn *conn = held->conn;
            held->conn = NULL;
            lk_face_answer(conn, 200, result == LK_RESULT_PENDING ? LK_RESULT_UNKNOWN : result, reason, NULL);
            return;
        }
    }
}

static int make_token(struct lk_face *face)
{
    uint8_t bytes[16];

    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
        return errno != 0 ? -errno : -EIO;
    }
    lk_text_hex(face->token, bytes, sizeof(bytes));
    return 0;
}

static const char *or_nothing(const char *text)
{
    return text ? text : "";
}

static int make_page(struct lk_face *face, const struct lk_face_config *config)
{
    char digits[16];
    const struct lk_page_value values[] = {
        {"token", face->token},
        {"site_name", or_nothing(config->site_name)},
        {"support_phone", or_nothing(config->support_phone)},
        {"code_digits", digits},
        {NULL, NULL},
    };
    struct lk_text t = lk_text_init(digits, sizeof(digits));

    lk_text_addf(&t, "%u", config->code_digits > 0 ? config->code_digits : 8);
    for (size_t i = 0; i < lk_asset_count; i++) {
        if (strcmp(lk_assets[i].path, "/index.html") == 0) {
            face->page = lk_page_fill(lk_assets[i].bytes, lk_assets[i].length, values, &face->page_length);
        }
    }
    return face->page ? 0 : -ENOMEM;
}

static void make_fields(struct lk_face *face, const char *frame_ancestor)
{
    struct lk_text t = lk_text_init(face->fields, sizeof(face->fields));

    lk_text_addf(&t,
                 "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"
                 "Cross-Origin-Resource-Policy: same-origin\r\n"
                 "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
                 "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors %s\r\n",
                 frame_ancestor ? frame_ancestor : "'none'");
}

static void make_names(struct lk_face *face)
{
    unsigned port = lk_http_server_port(face->server);
    static const char *const names[] = {"127.0.0.1", "localhost"};

    for (size_t i = 0; i < LK_ARRAY_SIZE(names); i++) {
        struct lk_text t = lk_text_init(face->host[i], sizeof(face->host[i]));
        if (port == 80) {
            lk_text_add(&t, names[i]);
        } else {
            lk_text_addf(&t, "%s:%u", names[i], port);
        }
    }
    struct lk_text t = lk_text_init(face->url, sizeof(face->url));
    lk_text_addf(&t, "http://%s/", face->host[0]);
}

static bool is_config_sound(const struct lk_face_config *config)
{
    const char *texts[] = {or_nothing(config->site_name), or_nothing(config->support_phone),
                           or_nothing(config->frame_ancestor)};

    for (size_t i = 0; i < LK_ARRAY_SIZE(texts); i++) {
        if (strlen(texts[i]) > 128 || !lk_text_is_utf8(texts[i], strlen(texts[i])) || strpbrk(texts[i], "\r\n;")) {
            return false;
        }
    }
    return config->code_digits <= 16;
}

static int or_default(int value, int standard)
{
    return value > 0 ? value : standard;
}

static int start_server(struct lk_face *face, const struct lk_face_config *config, struct event_base *base)
{
    static const struct lk_http_ops http_ops = {on_request, on_refused, on_expired, on_gone};
    const struct lk_http_config http = {
        .port = config->port,
        .request_timeout_ms = or_default(config->request_timeout_ms, 10000),
        .hold_timeout_ms = or_default(config->act_timeout_ms, 10000),
        .fields = face->fields,
    };

    return lk_http_server_create(&http, &http_ops, face, base, &face->server);
}

int lk_face_create(const struct lk_face_config *config, const struct lk_face_ops *ops, void *user,
                   struct event_base *base, struct lk_face **ret_face)
{
    if (!is_config_sound(config)) {
        return -EINVAL;
    }
    struct lk_face *face = calloc(1, sizeof(*face));
    if (!face) {
        return -ENOMEM;
    }
    face->ops = ops;
    face->user = user;
    make_fields(face, config->frame_ancestor);
    (void)lk_window_json(&(struct lk_face_window){.state = LK_FACE_WINDOW_NONE}, face->window);
    lk_face_show(face, &(struct lk_view){.left_ms = -1, .out_of_service = true});
    int error = make_token(face);
    if (error == 0) {
        error = make_page(face, config);
    }
    if (error == 0) {
        error = start_server(face, config, base);
    }
    if (error == 0) {
        error = lk_face_ticks_start(face, base, or_default(config->tick_ms, 5000));
    }
    if (error < 0) {
        lk_face_destroy(face);
        return error;
    }
    make_names(face);
    *ret_face = face;
    return 0;
}

struct lk_face *lk_face_destroy(struct lk_face *face)
{
    if (!face) {
        return NULL;
    }
    if (face->ticker) {
        event_free(face->ticker);
    }
    lk_http_server_destroy(face->server);
    free(face->page);
    explicit_bzero(face->token, sizeof(face->token));
    free(face);
    return NULL;
}

uint16_t lk_face_port(const struct lk_face *face)
{
    return lk_http_server_port(face->server);
}

const char *lk_face_url(const struct lk_face *face)
{
    return face->url;
}
