#include "tcp.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static struct lk_cab_line_stats *stats(struct lk_cab_tcp *t)
{
    return &t->world->line[t->line].stats;
}

void lk_cab_tcp_init(struct lk_cab_tcp *t, struct lk_cab_world *w, struct lk_cab_loop *loop, int line, const char *bind,
                     uint16_t port, int64_t turnaround_ns)
{
    *t = (struct lk_cab_tcp){
        .world = w, .loop = loop, .line = line, .port = port, .turnaround_ns = turnaround_ns, .listener.fd = -1};
    (void)lk_text_copy(t->bind, sizeof t->bind, bind);
    for (unsigned i = 0; i < LK_CAB_CONNECTIONS_MAX; i++) {
        t->connection[i].tcp = t;
        t->connection[i].source.fd = -1;
    }
}

static void hang_up(struct lk_cab_connection *c, bool reset)
{
    if (c->source.fd < 0) {
        return;
    }
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    if (reset) {
        (void)setsockopt(c->source.fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    }
    lk_cab_loop_remove(c->tcp->loop, &c->source);
    lk_closep(&c->source.fd);
    c->rx_len = 0;
    c->generation++;
    lk_cab_tell_line(c->tcp->world, lk_cab_now(), LK_CAB_LINE, c->tcp->line, -1, 0, reset ? "reset" : "closed");
}

static void send_now(struct lk_cab_tcp *t, const struct lk_cab_tcp_reply *r, int64_t now_ns)
{
    struct lk_cab_connection *c = &t->connection[r->connection];
    if (c->source.fd < 0 || c->generation != r->generation) {
        return;
    }
    if (send(c->source.fd, r->bytes, r->len, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)r->len) {
        hang_up(c, true);
        return;
    }
    char hex[sizeof((struct lk_cab_happening *)0)->text];
    struct lk_cab_line_stats *s = stats(t);
    s->replies++;
    s->bytes_out += r->len;
    s->worst_late_ns = now_ns - r->at_ns > s->worst_late_ns ? now_ns - r->at_ns : s->worst_late_ns;
    lk_cab_hex_text(hex, sizeof hex, r->bytes, r->len);
    lk_cab_tell_line(t->world, now_ns, LK_CAB_REPLY, t->line, r->board, r->at_ns, hex);
}

static void send_later(struct lk_cab_tcp *t, const struct lk_cab_tcp_reply *r)
{
    for (size_t i = 0; i < LK_CAB_TCP_PENDING_MAX; i++) {
        if (!t->reply[i].used) {
            t->reply[i] = *r;
            t->reply[i].used = true;
            return;
        }
    }
    stats(t)->overruns++;
}

static void serve(struct lk_cab_connection *c, size_t length, int64_t now_ns)
{
    struct lk_cab_tcp *t = c->tcp;
    char hex[sizeof((struct lk_cab_happening *)0)->text];
    lk_cab_world_run(t->world, now_ns);
    stats(t)->requests++;
    lk_cab_hex_text(hex, sizeof hex, c->rx, length);
    lk_cab_tell_line(t->world, now_ns, LK_CAB_REQUEST, t->line, -1, now_ns, hex);
    struct lk_cab_request q = {.line = t->line,
                               .unit = c->rx[6],
                               .transaction = (uint16_t)(c->rx[0] << 8 | c->rx[1]),
                               .pdu = c->rx + 7,
                               .len = length - 7};
    struct lk_cab_answer a;
    if (!lk_cab_exchange(t->world, &q, now_ns, &a)) {
        stats(t)->unanswered++;
        lk_cab_tell_line(t->world, now_ns, LK_CAB_UNANSWERED, t->line, -1, q.unit, NULL);
        return;
    }
    struct lk_cab_tcp_reply r = {.at_ns = now_ns + t->turnaround_ns + a.delay_ns,
                                 .connection = (unsigned)(c - t->connection),
                                 .generation = c->generation,
                                 .board = a.board,
                                 .len = a.len};
    memcpy(r.bytes, a.adu, a.len);
    for (unsigned i = 0; i < a.copies; i++) {
        if (r.at_ns <= now_ns) {
            send_now(t, &r, now_ns);
        } else {
            send_later(t, &r);
        }
    }
}

static void serve_all(struct lk_cab_connection *c, int64_t now_ns)
{
    while (c->source.fd >= 0) {
        int length = lk_cab_tcp_length(c->rx, c->rx_len);
        if (length < 0 || (length > 0 && length < 8)) {
            stats(c->tcp)->garbled++;
            hang_up(c, false);
            return;
        }
        if (length == 0 || (size_t)length > c->rx_len) {
            return;
        }
        serve(c, (size_t)length, now_ns);
        if (c->source.fd >= 0) {
            c->rx_len -= (size_t)length;
            memmove(c->rx, c->rx + length, c->rx_len);
        }
    }
}

static void connection_ready(void *arg, uint32_t events)
{
    struct lk_cab_connection *c = arg;
    int64_t now_ns = lk_cab_now();
    if (c->tcp->stalled && (events & (EPOLLERR | EPOLLHUP))) {
        hang_up(c, false);
        return;
    }
    ssize_t n = recv(c->source.fd, c->rx + c->rx_len, sizeof c->rx - c->rx_len, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n <= 0) {
        hang_up(c, false);
        return;
    }
    stats(c->tcp)->bytes_in += (uint64_t)n;
    c->rx_len += (size_t)n;
    serve_all(c, now_ns);
}

static void listener_ready(void *arg, uint32_t events)
{
    struct lk_cab_tcp *t = arg;
    (void)events;
    LK_CLEANUP(lk_closep) int fd = accept4(t->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        return;
    }
    int one = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    for (unsigned i = 0; i < LK_CAB_CONNECTIONS_MAX; i++) {
        struct lk_cab_connection *c = &t->connection[i];
        if (c->source.fd >= 0) {
            continue;
        }
        c->source = (struct lk_cab_source){fd, connection_ready, c};
        if (lk_cab_loop_add(t->loop, &c->source, t->stalled ? 0 : EPOLLIN) < 0) {
            c->source.fd = -1;
            return;
        }
        (void)lk_steal_fd(&fd);
        stats(t)->connections++;
        lk_cab_tell_line(t->world, lk_cab_now(), LK_CAB_LINE, t->line, -1, 0, "opened");
        return;
    }
}

int lk_cab_tcp_listen(struct lk_cab_tcp *t)
{
    if (t->listener.fd >= 0) {
        return 0;
    }
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(t->port)};
    if (inet_pton(AF_INET, t->bind, &a.sin_addr) != 1) {
        return -EINVAL;
    }
    LK_CLEANUP(lk_closep) int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int one = 1;
    socklen_t len = sizeof a;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
        bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, LK_CAB_CONNECTIONS_MAX) < 0 ||
        getsockname(fd, (struct sockaddr *)&a, &len) < 0) {
        return -errno;
    }
    t->port = ntohs(a.sin_port);
    t->listener = (struct lk_cab_source){fd, listener_ready, t};
    int r = lk_cab_loop_add(t->loop, &t->listener, EPOLLIN);
    if (r < 0) {
        t->listener.fd = -1;
        return r;
    }
    (void)lk_steal_fd(&fd);
    return 0;
}

void lk_cab_tcp_refuse(struct lk_cab_tcp *t)
{
    if (t->listener.fd >= 0) {
        lk_cab_loop_remove(t->loop, &t->listener);
        lk_closep(&t->listener.fd);
    }
}

void lk_cab_tcp_reset(struct lk_cab_tcp *t)
{
    for (unsigned i = 0; i < LK_CAB_CONNECTIONS_MAX; i++) {
        hang_up(&t->connection[i], true);
    }
    memset(t->reply, 0, sizeof t->reply);
}

void lk_cab_tcp_stall(struct lk_cab_tcp *t, bool stalled)
{
    t->stalled = stalled;
    for (unsigned i = 0; i < LK_CAB_CONNECTIONS_MAX; i++) {
        if (t->connection[i].source.fd >= 0) {
            (void)lk_cab_loop_change(t->loop, &t->connection[i].source, stalled ? 0 : EPOLLIN);
        }
    }
}

unsigned lk_cab_tcp_connections(const struct lk_cab_tcp *t)
{
    unsigned n = 0;
    for (unsigned i = 0; i < LK_CAB_CONNECTIONS_MAX; i++) {
        n += t->connection[i].source.fd >= 0;
    }
    return n;
}

int64_t lk_cab_tcp_next(const struct lk_cab_tcp *t)
{
    int64_t next_ns = INT64_MAX;
    for (size_t i = 0; i < LK_CAB_TCP_PENDING_MAX && !t->stalled; i++) {
        next_ns = t->reply[i].used && t->reply[i].at_ns < next_ns ? t->reply[i].at_ns : next_ns;
    }
    return next_ns;
}

void lk_cab_tcp_run(struct lk_cab_tcp *t, int64_t now_ns)
{
    for (size_t i = 0; i < LK_CAB_TCP_PENDING_MAX && !t->stalled; i++) {
        if (t->reply[i].used && t->reply[i].at_ns <= now_ns) {
            t->reply[i].used = false;
            send_now(t, &t->reply[i], now_ns);
        }
    }
}
