#include "control.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { CLIENTS_MAX = 32, LINE_MAX_BYTES = 16384, OUT_MAX = 4 << 20 };

struct lk_cab_client {
    struct lk_cab_control *control;
    struct lk_cab_source source; /* fd -1 = free */
    uint64_t kinds;
    char in[LINE_MAX_BYTES];
    size_t in_len;
    char *out;
    size_t out_len, out_room;
    bool waiting; /* for the socket to take more */
};

struct lk_cab_control {
    struct lk_cab_sim *sim;
    struct sockaddr_un address;
    struct lk_cab_source listener;
    struct lk_cab_client client[CLIENTS_MAX];
};

static void hang_up(struct lk_cab_client *c)
{
    lk_cab_loop_remove(&c->control->sim->loop, &c->source);
    lk_closep(&c->source.fd);
    free(c->out);
    c->out = NULL;
    c->in_len = c->out_len = c->out_room = 0;
    c->kinds = 0;
    c->waiting = false;
}

static void flush(struct lk_cab_client *c)
{
    while (c->out_len > 0) {
        ssize_t n = send(c->source.fd, c->out, c->out_len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0) {
            break;
        }
        c->out_len -= (size_t)n;
        memmove(c->out, c->out + n, c->out_len);
    }
    bool waiting = c->out_len > 0;
    if (waiting != c->waiting) {
        c->waiting = waiting;
        (void)lk_cab_loop_change(&c->control->sim->loop, &c->source, waiting ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }
}

static int reserve(struct lk_cab_client *c, size_t more)
{
    size_t need = c->out_len + more;
    if (need > OUT_MAX) {
        return -ENOBUFS;
    }
    if (need > c->out_room) {
        char *out = realloc(c->out, need * 2);
        if (!out) {
            return -ENOMEM;
        }
        c->out = out;
        c->out_room = need * 2;
    }
    return 0;
}

/* Queues one line. A client that cannot keep up is shut down, and freed when its socket reports that. */
static void send_json(struct lk_cab_client *c, const json_t *json)
{
    LK_CLEANUP(lk_freep) char *text = json_dumps(json, JSON_COMPACT);
    size_t n = text ? strlen(text) : 0;
    if (!text || reserve(c, n + 1) < 0) {
        c->kinds = 0;
        (void)shutdown(c->source.fd, SHUT_RDWR);
        return;
    }
    memcpy(c->out + c->out_len, text, n);
    c->out[c->out_len + n] = '\n';
    c->out_len += n + 1;
    flush(c);
}

static void happened(void *arg, const struct lk_cab_happening *h)
{
    struct lk_cab_control *control = arg;
    json_t *json = NULL;
    for (unsigned i = 0; i < CLIENTS_MAX; i++) {
        struct lk_cab_client *c = &control->client[i];
        if (c->source.fd < 0 || (c->kinds >> h->kind & 1) == 0) {
            continue;
        }
        json = json ? json : lk_cab_happening_json(control->sim, h);
        send_json(c, json);
    }
    json_decref(json);
}

void lk_cab_client_subscribe(struct lk_cab_client *client, uint64_t kinds)
{
    client->kinds = kinds;
}

void lk_cab_client_replay(struct lk_cab_client *client, uint64_t since)
{
    const struct lk_cab_history *history = &client->control->sim->world.history;
    uint64_t oldest = lk_cab_history_oldest(history);
    for (uint64_t seq = since > oldest ? since : oldest; seq <= history->last_seq; seq++) {
        const struct lk_cab_happening *h = lk_cab_history_get(history, seq);
        if (client->kinds >> h->kind & 1) {
            json_t *json = lk_cab_happening_json(client->control->sim, h);
            send_json(client, json);
            json_decref(json);
        }
    }
}

static void run_line(struct lk_cab_client *c, const char *line, size_t n)
{
    lk_cab_sim_catch_up(c->control->sim, lk_cab_now());
    json_t *answer = lk_cab_command_run(c->control->sim, c, line, n);
    send_json(c, answer);
    json_decref(answer);
}

static void run_lines(struct lk_cab_client *c)
{
    char *end;
    while (c->source.fd >= 0 && (end = memchr(c->in, '\n', c->in_len)) != NULL) {
        size_t n = (size_t)(end - c->in);
        run_line(c, c->in, n);
        c->in_len -= n + 1;
        memmove(c->in, end + 1, c->in_len);
    }
    if (c->in_len == sizeof c->in) {
        hang_up(c);
    }
}

static void client_ready(void *arg, uint32_t events)
{
    struct lk_cab_client *c = arg;
    if (events & EPOLLOUT) {
        flush(c);
    }
    ssize_t n = recv(c->source.fd, c->in + c->in_len, sizeof c->in - c->in_len, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n <= 0) {
        hang_up(c);
        return;
    }
    c->in_len += (size_t)n;
    run_lines(c);
}

static void listener_ready(void *arg, uint32_t events)
{
    struct lk_cab_control *control = arg;
    (void)events;
    LK_CLEANUP(lk_closep) int fd = accept4(control->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    for (unsigned i = 0; fd >= 0 && i < CLIENTS_MAX; i++) {
        struct lk_cab_client *c = &control->client[i];
        if (c->source.fd >= 0) {
            continue;
        }
        c->source = (struct lk_cab_source){fd, client_ready, c};
        if (lk_cab_loop_add(&control->sim->loop, &c->source, EPOLLIN) < 0) {
            c->source.fd = -1;
            return;
        }
        (void)lk_steal_fd(&fd);
        return;
    }
}

/* Only a socket that nobody answers at any more is removed. */
static int clear_way(const struct sockaddr_un *a)
{
    struct stat st;
    if (lstat(a->sun_path, &st) < 0) {
        return errno == ENOENT ? 0 : -errno;
    }
    if (!S_ISSOCK(st.st_mode)) {
        return -EEXIST;
    }
    LK_CLEANUP(lk_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -errno;
    }
    if (connect(fd, (const struct sockaddr *)a, sizeof *a) == 0) {
        return -EADDRINUSE;
    }
    return unlink(a->sun_path) < 0 ? -errno : 0;
}

static int listen_at(struct lk_cab_control *control, const char *path)
{
    struct sockaddr_un *a = &control->address;
    a->sun_family = AF_UNIX;
    if (strlen(path) >= sizeof a->sun_path) {
        return -ENAMETOOLONG;
    }
    memcpy(a->sun_path, path, strlen(path) + 1);
    int r = clear_way(a);
    if (r < 0) {
        return r;
    }
    LK_CLEANUP(lk_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)a, sizeof *a) < 0 || listen(fd, CLIENTS_MAX) < 0) {
        return -errno;
    }
    control->listener = (struct lk_cab_source){fd, listener_ready, control};
    r = lk_cab_loop_add(&control->sim->loop, &control->listener, EPOLLIN);
    if (r < 0) {
        control->listener.fd = -1;
        return r;
    }
    (void)lk_steal_fd(&fd);
    return 0;
}

int lk_cab_control_create(struct lk_cab_sim *sim, const char *path, struct lk_cab_control **ret_control)
{
    struct lk_cab_control *control = calloc(1, sizeof *control);
    if (!control) {
        return -ENOMEM;
    }
    control->sim = sim;
    control->listener.fd = -1;
    for (unsigned i = 0; i < CLIENTS_MAX; i++) {
        control->client[i].control = control;
        control->client[i].source.fd = -1;
    }
    int r = listen_at(control, path);
    if (r < 0) {
        lk_cab_control_destroy(control);
        return r;
    }
    sim->world.history.listener = happened;
    sim->world.history.listener_arg = control;
    *ret_control = control;
    return 0;
}

void lk_cab_control_destroy(struct lk_cab_control *control)
{
    if (!control) {
        return;
    }
    for (unsigned i = 0; i < CLIENTS_MAX; i++) {
        if (control->client[i].source.fd >= 0) {
            hang_up(&control->client[i]);
        }
    }
    if (control->listener.fd >= 0) {
        lk_cab_loop_remove(&control->sim->loop, &control->listener);
        lk_closep(&control->listener.fd);
        (void)unlink(control->address.sun_path);
    }
    free(control);
}
