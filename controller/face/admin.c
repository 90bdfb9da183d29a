#include "face/admin.h"

#include "admin_private.h"
#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { LAST_BYTES_MS = 2000 };

static void wipe_input(struct evbuffer *input, size_t n)
{
    unsigned char *bytes = n > 0 ? evbuffer_pullup(input, (ev_ssize_t)n) : NULL;

    if (bytes) {
        explicit_bzero(bytes, n);
    }
    evbuffer_drain(input, n);
}

static void client_free(struct lk_admin_client *client)
{
    struct evbuffer *input = bufferevent_get_input(client->bev);

    lk_admin_abandon(client);
    wipe_input(input, evbuffer_get_length(input));
    TAILQ_REMOVE(&client->admin->clients, client, link);
    client->admin->clients_count--;
    event_free(client->timer);
    bufferevent_free(client->bev);
    free(client);
}

static void client_deadline(struct lk_admin_client *client, int ms)
{
    struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};

    event_add(client->timer, &tv);
}

void lk_admin_client_end(struct lk_admin_client *client)
{
    client->closing = true;
    bufferevent_disable(client->bev, EV_READ);
    client_deadline(client, LAST_BYTES_MS);
}

/* Takes one line out of what was received. False: there is no whole line. */
static bool take_line(struct lk_admin_client *client, struct evbuffer *input)
{
    struct evbuffer_ptr end = evbuffer_search_eol(input, NULL, NULL, EVBUFFER_EOL_LF);

    if (end.pos < 0 || end.pos > LK_ADMIN_LINE_MAX) {
        return false;
    }
    char line[LK_ADMIN_LINE_MAX + 1];
    size_t length = (size_t)end.pos;
    evbuffer_copyout(input, line, length);
    line[length] = '\0';
    wipe_input(input, length + 1);
    lk_admin_line(client, line, length);
    explicit_bzero(line, length);
    return true;
}

static void on_read(struct bufferevent *bev, void *arg)
{
    struct lk_admin_client *client = arg;
    struct evbuffer *input = bufferevent_get_input(bev);

    while (!client->closing && take_line(client, input)) {
        /* A line's time runs from its first byte, however slowly the rest drips in. */
        event_del(client->timer);
    }
    size_t rest = evbuffer_get_length(input);
    if (client->closing) {
        return;
    }
    if (rest > LK_ADMIN_LINE_MAX) {
        lk_admin_refuse(client, -1, LK_REASON_OVERSIZE, "a request line is longer than 16384 bytes");
        lk_admin_client_end(client);
    } else if (rest > 0 && !evtimer_pending(client->timer, NULL)) {
        client_deadline(client, client->admin->line_timeout_ms);
    }
}

static void on_written(struct bufferevent *bev, void *arg)
{
    struct lk_admin_client *client = arg;

    if (evbuffer_get_length(bufferevent_get_output(bev)) > 0) {
        return;
    }
    if (client->closing) {
        client_free(client);
    } else {
        lk_admin_written(client->admin, client);
    }
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
    struct lk_admin_client *client = arg;

    if ((what & BEV_EVENT_EOF) && evbuffer_get_length(bufferevent_get_output(bev)) > 0) {
        lk_admin_abandon(client);
        lk_admin_client_end(client);
    } else {
        client_free(client);
    }
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
    struct lk_admin_client *client = arg;

    (void)fd;
    (void)what;
    if (client->closing) {
        client_free(client);
        return;
    }
    lk_admin_refuse(client, -1, LK_REASON_TIMED_OUT, "a request line was begun and not finished in time");
    lk_admin_client_end(client);
}

int lk_admin_write(struct lk_admin_client *client, struct evbuffer_iovec *parts, int count)
{
    static const char last[] = "{\"id\":null,\"ok\":false,\"reason\":\"not_now\",\"message\":\"this client does not "
                               "read fast enough and was dropped; connect again\"}\n";

    if (!client || client->closing) {
        return -EPIPE;
    }
    struct evbuffer *output = bufferevent_get_output(client->bev);
    if (evbuffer_get_length(output) > LK_ADMIN_BACKLOG_MAX) {
        evbuffer_add(output, last, sizeof(last) - 1);
        lk_admin_client_end(client);
        lk_admin_abandon(client);
        return -EPIPE;
    }
    evbuffer_add_iovec(output, parts, count);
    return 0;
}

static struct lk_admin_client *client_new(struct lk_admin *admin, evutil_socket_t fd)
{
    struct lk_admin_client *client = calloc(1, sizeof(*client));

    if (!client) {
        return NULL;
    }
    client->admin = admin;
    client->timer = evtimer_new(admin->base, on_deadline, client);
    client->bev = client->timer ? bufferevent_socket_new(admin->base, fd, BEV_OPT_CLOSE_ON_FREE) : NULL;
    if (client->bev) {
        return client;
    }
    if (client->timer) {
        event_free(client->timer);
    }
    free(client);
    return NULL;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *peer, int length, void *arg)
{
    static const char full[] =
        "{\"id\":null,\"ok\":false,\"reason\":\"not_now\",\"message\":\"16 clients are connected already\"}\n";
    struct lk_admin *admin = arg;
    struct ucred credentials;
    socklen_t size = sizeof(credentials);

    (void)listener;
    (void)peer;
    (void)length;
    if (admin->clients_count == LK_ADMIN_CONNECTIONS) {
        ssize_t sent = send(fd, full, sizeof(full) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
        (void)sent;
        evutil_closesocket(fd);
        return;
    }
    struct lk_admin_client *client = NULL;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0) {
        client = client_new(admin, fd);
    }
    if (!client) {
        evutil_closesocket(fd);
        return;
    }
    client->uid = credentials.uid;
    client->privileged = credentials.uid == 0 || credentials.uid == geteuid();
    TAILQ_INSERT_TAIL(&admin->clients, client, link);
    admin->clients_count++;
    bufferevent_setcb(client->bev, on_read, on_written, on_event, client);
    bufferevent_setwatermark(client->bev, EV_READ, 0, LK_ADMIN_LINE_MAX + 4096);
    bufferevent_enable(client->bev, EV_READ | EV_WRITE);
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
    struct lk_admin *admin = arg;
    struct lk_admin_request *request;

    (void)fd;
    (void)what;
    /* The app may answer, and so free, any request from its callback: begin anew after each. */
    do {
        TAILQ_FOREACH(request, &admin->requests, link)
        {
            if (!request->client && !request->told) {
                request->told = true;
                admin->ops->cancelled(admin->user, request);
                break;
            }
        }
    } while (request);
}

/* 0 when the path may be bound: nothing there, or a socket nobody listens on any more, which is removed. */
static int clear_path(const struct sockaddr_un *address)
{
    struct stat st;

    if (lstat(address->sun_path, &st) < 0) {
        return errno == ENOENT ? 0 : -errno;
    }
    if (!S_ISSOCK(st.st_mode)) {
        return -EBUSY;
    }
    LK_CLEANUP(lk_closep) int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0) {
        return -errno;
    }
    if (connect(probe, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno != ECONNREFUSED) {
        return -EBUSY;
    }
    return unlink(address->sun_path) < 0 ? -errno : 0;
}

static int open_socket(struct lk_admin *admin, gid_t group, int *ret_fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat st;
    LK_CLEANUP(lk_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    memcpy(address.sun_path, admin->path, strlen(admin->path) + 1);
    int error = fd < 0 ? -errno : clear_path(&address);
    if (error < 0) {
        return error;
    }
    /* The umask keeps everybody out between bind and chmod. */
    mode_t before = umask(0177);
    int bound = bind(fd, (const struct sockaddr *)&address, sizeof(address));
    error = -errno;
    umask(before);
    if (bound < 0) {
        return error == -EADDRINUSE ? -EBUSY : error;
    }
    if (chown(admin->path, (uid_t)-1, group) < 0 || chmod(admin->path, 0660) < 0 || stat(admin->path, &st) < 0) {
        error = -errno;
        unlink(admin->path);
        return error;
    }
    admin->device = st.st_dev;
    admin->inode = st.st_ino;
    *ret_fd = lk_steal_fd(&fd);
    return 0;
}

static int start(struct lk_admin *admin, const struct lk_admin_config *config)
{
    int fd = -1;
    int error = lk_text_copy(admin->path, sizeof(admin->path), config->path);

    if (error < 0 || admin->path[0] == '\0') {
        admin->path[0] = '\0';
        return error < 0 ? error : -EINVAL;
    }
    admin->sweep = event_new(admin->base, -1, 0, on_sweep, admin);
    error = admin->sweep ? open_socket(admin, config->group, &fd) : -ENOMEM;
    if (error < 0) {
        return error;
    }
    admin->listener = evconnlistener_new(admin->base, on_accept, admin, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC,
                                         LK_ADMIN_CONNECTIONS, fd);
    if (!admin->listener) {
        close(fd);
        return -ENOMEM;
    }
    return 0;
}

int lk_admin_create(const struct lk_admin_config *config, const struct lk_admin_ops *ops, void *user,
                    struct event_base *base, struct lk_admin **ret_admin)
{
    struct lk_admin *admin = calloc(1, sizeof(*admin));

    if (!admin) {
        return -ENOMEM;
    }
    admin->base = base;
    admin->ops = ops;
    admin->user = user;
    admin->commands = config->commands;
    admin->line_timeout_ms = config->line_timeout_ms > 0 ? config->line_timeout_ms : 10000;
    TAILQ_INIT(&admin->clients);
    TAILQ_INIT(&admin->requests);
    int error = start(admin, config);
    if (error < 0) {
        lk_admin_destroy(admin);
        return error;
    }
    *ret_admin = admin;
    return 0;
}

/* Somebody may have replaced our socket file meanwhile; theirs is not ours to remove. */
static void remove_socket(const struct lk_admin *admin)
{
    struct stat st;

    if (admin->inode != 0 && stat(admin->path, &st) == 0 && st.st_dev == admin->device && st.st_ino == admin->inode) {
        unlink(admin->path);
    }
}

struct lk_admin *lk_admin_destroy(struct lk_admin *admin)
{
    if (!admin) {
        return NULL;
    }
    remove_socket(admin);
    if (admin->listener) {
        evconnlistener_free(admin->listener);
    }
    while (!TAILQ_EMPTY(&admin->clients)) {
        client_free(TAILQ_FIRST(&admin->clients));
    }
    while (!TAILQ_EMPTY(&admin->requests)) {
        lk_admin_request_free(TAILQ_FIRST(&admin->requests));
    }
    if (admin->sweep) {
        event_free(admin->sweep);
    }
    free(admin);
    return NULL;
}

unsigned lk_admin_clients(const struct lk_admin *admin)
{
    return admin->clients_count;
}
