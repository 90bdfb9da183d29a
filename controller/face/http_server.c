#include "http_server.h"

#include "base/cleanup.h"
#include "face/face.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

enum {
    LINGER_MS = 1000,       /* for the client to read our last bytes before the socket is closed */
    LINGER_BYTES = 1 << 20, /* what it may still send meanwhile */
    STREAM_BACKLOG_MAX = 1 << 16,
    SEND_BUFFER = 1 << 16,
};

enum conn_state { CONN_READING, CONN_HELD, CONN_STREAM, CONN_SENDING, CONN_LINGERING };

struct lk_http_conn {
    TAILQ_ENTRY(lk_http_conn) link;
    struct lk_http_server *server;
    struct bufferevent *bev;
    struct event *timer;
    enum conn_state state;
    bool half_closed; /* the client has sent all it will ever send */
    size_t drained;
};

struct lk_http_server {
    struct event_base *base;
    struct evconnlistener *listener;
    struct lk_http_config config;
    const struct lk_http_ops *ops;
    void *user;
    uint16_t port;
    unsigned count;
    TAILQ_HEAD(conn_list, lk_http_conn) conns; /* the oldest first */
};

/* Overwrites and drops the first n bytes that were received: they may hold a code or a PIN. */
static void wipe_input(struct evbuffer *input, size_t n)
{
    while (n > 0) {
        struct evbuffer_iovec part;
        if (evbuffer_peek(input, (ev_ssize_t)n, NULL, &part, 1) < 1) {
            return;
        }
        size_t step = part.iov_len < n ? part.iov_len : n;
        explicit_bzero(part.iov_base, step);
        evbuffer_drain(input, step);
        n -= step;
    }
}

static void conn_free(struct lk_http_conn *conn)
{
    struct evbuffer *input = bufferevent_get_input(conn->bev);

    wipe_input(input, evbuffer_get_length(input));
    TAILQ_REMOVE(&conn->server->conns, conn, link);
    conn->server->count--;
    event_free(conn->timer);
    bufferevent_free(conn->bev);
    free(conn);
}

static void conn_deadline(struct lk_http_conn *conn, int ms)
{
    struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};

    event_add(conn->timer, &tv);
}

static void conn_gone(struct lk_http_conn *conn)
{
    if (conn->state == CONN_HELD || conn->state == CONN_STREAM) {
        conn->server->ops->gone(conn->server->user, conn);
    }
    conn_free(conn);
}

static void refuse(struct lk_http_conn *conn, int status, const char *why)
{
    conn->server->ops->refused(conn->server->user, conn, status, why);
}

static const char *body_fault(const struct lk_http_head *head, int *ret_status)
{
    if (head->coded) {
        *ret_status = 501;
        return "transfer codings are not supported; send Content-Length";
    }
    if (head->method == LK_HTTP_POST && !head->length) {
        *ret_status = 411;
        return "Content-Length is missing";
    }
    if (head->content_length > LK_FACE_BODY_MAX) {
        *ret_status = 413;
        return "the body is larger than 16384 bytes";
    }
    if (head->method == LK_HTTP_GET && head->content_length > 0) {
        *ret_status = 400;
        return "a GET has no body";
    }
    return NULL;
}

/* Looks at what has come so far; hands the request over when it is whole. */
static void conn_parse(struct lk_http_conn *conn)
{
    struct evbuffer *input = bufferevent_get_input(conn->bev);
    size_t have = evbuffer_get_length(input);
    size_t look = have < LK_FACE_HEAD_MAX ? have : LK_FACE_HEAD_MAX;
    const char *bytes = (const char *)evbuffer_pullup(input, (ev_ssize_t)look);
    long length = bytes ? lk_http_head_length(bytes, look) : -ENOMEM;

    if (length < 0) {
        refuse(conn, 400, "a line of the head does not end with CR LF, or holds a NUL");
        return;
    }
    if (length == 0) {
        if (have >= LK_FACE_HEAD_MAX) {
            refuse(conn, 431, "the request's head is larger than 8192 bytes");
        }
        return;
    }
    char copy[LK_FACE_HEAD_MAX + 1];
    struct lk_http_head head;
    const char *why = NULL;
    memcpy(copy, bytes, (size_t)length);
    int status = lk_http_head_parse(copy, (size_t)length, &head, &why);
    if (status == 0) {
        why = body_fault(&head, &status);
    }
    if (status != 0) {
        refuse(conn, status, why);
        return;
    }
    if (have - (size_t)length < head.content_length) {
        return;
    }
    char body[LK_FACE_BODY_MAX + 1];
    wipe_input(input, (size_t)length);
    evbuffer_copyout(input, body, head.content_length);
    body[head.content_length] = '\0';
    wipe_input(input, head.content_length);
    conn->server->ops->request(conn->server->user, conn, &head, body, head.content_length);
    explicit_bzero(body, head.content_length);
    explicit_bzero(copy, (size_t)length);
}

static void on_read(struct bufferevent *bev, void *arg)
{
    struct lk_http_conn *conn = arg;

    if (conn->state == CONN_READING) {
        conn_parse(conn);
        return;
    }
    struct evbuffer *input = bufferevent_get_input(bev);
    conn->drained += evbuffer_get_length(input);
    wipe_input(input, evbuffer_get_length(input));
    if (conn->drained > LINGER_BYTES) {
        conn_gone(conn);
    }
}

/* The answer is out. Closing now while the client still sends would make the kernel reset the connection and throw
 * our answer away before it was read. */
static void on_written(struct bufferevent *bev, void *arg)
{
    struct lk_http_conn *conn = arg;

    if (conn->state != CONN_SENDING || evbuffer_get_length(bufferevent_get_output(bev)) > 0) {
        return;
    }
    if (conn->half_closed) {
        conn_free(conn);
    } else {
        conn->state = CONN_LINGERING;
        shutdown(bufferevent_getfd(bev), SHUT_WR);
        conn_deadline(conn, LINGER_MS);
    }
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
    struct lk_http_conn *conn = arg;

    (void)bev;
    if ((what & BEV_EVENT_EOF) && (conn->state == CONN_HELD || conn->state == CONN_SENDING)) {
        conn->half_closed = true;
    } else {
        conn_gone(conn);
    }
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
    struct lk_http_conn *conn = arg;

    (void)fd;
    (void)what;
    if (conn->state == CONN_HELD) {
        conn->server->ops->expired(conn->server->user, conn);
        return;
    }
    if (conn->state == CONN_READING && evbuffer_get_length(bufferevent_get_input(conn->bev)) > 0) {
        refuse(conn, 408, "the request did not arrive in time");
        return;
    }
    conn_gone(conn);
}

/* Room for one more: the oldest client that still owes us its request has to go. */
static bool make_room(struct lk_http_server *server)
{
    struct lk_http_conn *conn;

    if (server->count < LK_FACE_CONNECTIONS) {
        return true;
    }
    TAILQ_FOREACH(conn, &server->conns, link)
    {
        if (conn->state == CONN_READING || conn->state == CONN_LINGERING) {
            conn_free(conn);
            return true;
        }
    }
    return false;
}

static struct lk_http_conn *conn_new(struct lk_http_server *server, evutil_socket_t fd)
{
    struct lk_http_conn *conn = calloc(1, sizeof(*conn));

    if (!conn) {
        return NULL;
    }
    conn->server = server;
    conn->timer = evtimer_new(server->base, on_deadline, conn);
    conn->bev = conn->timer ? bufferevent_socket_new(server->base, fd, BEV_OPT_CLOSE_ON_FREE) : NULL;
    if (conn->bev) {
        return conn;
    }
    if (conn->timer) {
        event_free(conn->timer);
    }
    free(conn);
    return NULL;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *peer, int length, void *arg)
{
    struct lk_http_server *server = arg;
    int size = SEND_BUFFER, on = 1;
    struct lk_http_conn *conn = make_room(server) ? conn_new(server, fd) : NULL;

    (void)listener;
    (void)peer;
    (void)length;
    if (!conn) {
        evutil_closesocket(fd);
        return;
    }
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* else a second event waits for a delayed ACK: 40 ms */
    TAILQ_INSERT_TAIL(&server->conns, conn, link);
    server->count++;
    bufferevent_setcb(conn->bev, on_read, on_written, on_event, conn);
    /* Never read more ahead than one request can be. */
    bufferevent_setwatermark(conn->bev, EV_READ, 0, LK_FACE_HEAD_MAX + LK_FACE_BODY_MAX);
    bufferevent_enable(conn->bev, EV_READ | EV_WRITE);
    conn_deadline(conn, server->config.request_timeout_ms);
}

int lk_http_server_create(const struct lk_http_config *config, const struct lk_http_ops *ops, void *user,
                          struct event_base *base, struct lk_http_server **ret_server)
{
    struct lk_http_server *server = calloc(1, sizeof(*server));
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(config->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);

    if (!server) {
        return -ENOMEM;
    }
    server->base = base;
    server->config = *config;
    server->ops = ops;
    server->user = user;
    TAILQ_INIT(&server->conns);
    server->listener = evconnlistener_new_bind(base, on_accept, server,
                                               LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE, 32,
                                               (struct sockaddr *)&address, sizeof(address));
    if (!server->listener ||
        getsockname(evconnlistener_get_fd(server->listener), (struct sockaddr *)&address, &length) < 0) {
        int error = errno != 0 ? -errno : -ENOMEM;
        lk_http_server_destroy(server);
        return error;
    }
    server->port = ntohs(address.sin_port);
    *ret_server = server;
    return 0;
}

struct lk_http_server *lk_http_server_destroy(struct lk_http_server *server)
{
    if (!server) {
        return NULL;
    }
    while (!TAILQ_EMPTY(&server->conns)) {
        conn_free(TAILQ_FIRST(&server->conns));
    }
    if (server->listener) {
        evconnlistener_free(server->listener);
    }
    free(server);
    return NULL;
}

uint16_t lk_http_server_port(const struct lk_http_server *server)
{
    return server->port;
}

static const struct status_text {
    int status;
    const char *text;
} status_texts[] = {
    {200, "OK"},
    {400, "Bad Request"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {421, "Misdirected Request"},
    {431, "Request Header Fields Too Large"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
};

static const char *status_text(int status)
{
    for (size_t i = 0; i < LK_ARRAY_SIZE(status_texts); i++) {
        if (status_texts[i].status == status) {
            return status_texts[i].text;
        }
    }
    return "Unknown";
}

static void send_head(struct lk_http_conn *conn, int status, const char *type)
{
    evbuffer_add_printf(bufferevent_get_output(conn->bev),
                        "HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Type: %s\r\n%s", status, status_text(status),
                        type, conn->server->config.fields);
}

void lk_http_answer(struct lk_http_conn *conn, int status, const char *type, const char *fields, const char *body,
                    size_t length)
{
    struct evbuffer *output = bufferevent_get_output(conn->bev);
    struct evbuffer *input = bufferevent_get_input(conn->bev);

    conn->state = CONN_SENDING;
    conn_deadline(conn, conn->server->config.request_timeout_ms);
    send_head(conn, status, type);
    evbuffer_add_printf(output, "%sContent-Length: %zu\r\n\r\n", fields, length);
    evbuffer_add(output, body, length);
    wipe_input(input, evbuffer_get_length(input));
}

void lk_http_hold(struct lk_http_conn *conn)
{
    conn->state = CONN_HELD;
    conn_deadline(conn, conn->server->config.hold_timeout_ms);
}

void lk_http_stream(struct lk_http_conn *conn, const char *type)
{
    int ms = conn->server->config.request_timeout_ms;
    struct timeval stuck = {.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};

    conn->state = CONN_STREAM;
    event_del(conn->timer);
    bufferevent_set_timeouts(conn->bev, NULL, &stuck);
    send_head(conn, 200, type);
    evbuffer_add(bufferevent_get_output(conn->bev), "\r\n", 2);
}

int lk_http_stream_send(struct lk_http_conn *conn, const char *text, size_t length)
{
    struct evbuffer *output = bufferevent_get_output(conn->bev);

    if (evbuffer_get_length(output) + length > STREAM_BACKLOG_MAX) {
        conn_free(conn);
        return -EPIPE;
    }
    evbuffer_add(output, text, length);
    return 0;
}
