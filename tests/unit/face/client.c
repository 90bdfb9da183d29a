#include "client.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static struct client *client_new(struct event_base *base, int family, const struct sockaddr *address, socklen_t length)
{
    struct client *c = calloc(1, sizeof(*c));

    assert_non_null(c);
    c->base = base;
    c->got = calloc(1, CLIENT_ROOM + 1);
    assert_non_null(c->got);
    c->fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(c->fd >= 0);
    assert_int_equal(connect(c->fd, address, length), 0);
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    return c;
}

struct client *client_tcp(struct event_base *base, uint16_t port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    return client_new(base, AF_INET, (const struct sockaddr *)&address, sizeof(address));
}

struct client *client_unix(struct event_base *base, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
    return client_new(base, AF_UNIX, (const struct sockaddr *)&address, sizeof(address));
}

void client_close(struct client *c)
{
    close(c->fd);
    free(c->got);
    free(c);
}

static void receive(struct client *c)
{
    while (c->length < CLIENT_ROOM && !c->over) {
        ssize_t n = recv(c->fd, c->got + c->length, CLIENT_ROOM - c->length, 0);
        if (n > 0) {
            c->length += (size_t)n;
            c->got[c->length] = '\0';
        } else if (n == 0 || errno == ECONNRESET) {
            c->over = true;
        } else {
            return;
        }
    }
}

/* One turn of the loop, and a short sleep when nothing is going on. */
static void step(struct client *c)
{
    struct pollfd p = {.fd = c->fd, .events = POLLIN};

    event_base_loop(c->base, EVLOOP_NONBLOCK);
    poll(&p, 1, c->over ? 0 : 1);
    receive(c);
}

void client_send(struct client *c, const char *bytes, size_t n)
{
    int64_t end = now_ms() + WAIT_MS;

    while (n > 0) {
        assert_true(now_ms() < end);
        ssize_t sent = send(c->fd, bytes, n, MSG_NOSIGNAL);
        if (sent > 0) {
            bytes += sent;
            n -= (size_t)sent;
        } else if (errno != EAGAIN) {
            return; /* the server has closed; what it said first is what the test looks at */
        }
        step(c);
    }
}

void client_say(struct client *c, const char *text)
{
    client_send(c, text, strlen(text));
}

void turn(struct event_base *base, int ms)
{
    for (int64_t end = now_ms() + ms; now_ms() < end;) {
        event_base_loop(base, EVLOOP_NONBLOCK);
        poll(NULL, 0, 1);
    }
}

const char *client_expect(struct client *c, const char *text)
{
    const char *at = NULL;

    for (int64_t end = now_ms() + WAIT_MS; !at;) {
        if (now_ms() >= end || (c->over && !strstr(c->got, text))) {
            fail_msg("expected %s, got %s", text, c->got);
        }
        step(c);
        at = strstr(c->got, text);
    }
    return at;
}

void client_expect_end(struct client *c)
{
    for (int64_t end = now_ms() + WAIT_MS; !c->over;) {
        if (now_ms() >= end) {
            fail_msg("the connection is still open; got %s", c->got);
        }
        step(c);
    }
}

bool client_is_quiet(struct client *c, int ms)
{
    size_t before = c->length;

    for (int64_t end = now_ms() + ms; now_ms() < end;) {
        step(c);
    }
    return c->length == before && !c->over;
}

void client_forget(struct client *c)
{
    explicit_bzero(c->got, c->length);
    c->length = 0;
}
