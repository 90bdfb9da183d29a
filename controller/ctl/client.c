#include "client.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

int lk_client_open(struct lk_client *client, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    *client = (struct lk_client){.fd = -1};
    if (lk_text_copy(address.sun_path, sizeof(address.sun_path), path) < 0) {
        return -ENAMETOOLONG;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -errno;
    }
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        int rc = -errno;
        close(fd);
        return rc;
    }
    client->fd = fd;
    return 0;
}

static int send_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR) {
            return -errno;
        }
        bytes += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return 0;
}

int lk_client_send(struct lk_client *client, const json_t *request)
{
    char *text = json_dumps(request, JSON_COMPACT);
    if (text == NULL) {
        return -ENOMEM;
    }
    size_t len = strlen(text);
    int rc = send_all(client->fd, text, len);
    rc = rc == 0 ? send_all(client->fd, "\n", 1) : rc;
    explicit_bzero(text, len);
    free(text);
    return rc;
}

static int64_t now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Waits until there is something to read. until_ms < 0: for ever. */
static int wait_readable(int fd, int64_t until_ms)
{
    for (;;) {
        int64_t left = until_ms < 0 ? -1 : until_ms - now_ms();
        if (until_ms >= 0 && left <= 0) {
            return -ETIMEDOUT;
        }
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int n = poll(&p, 1, (int)left);
        if (n > 0) {
            return 0;
        }
        if (n < 0 && errno != EINTR) {
            return -errno;
        }
    }
}

static int make_room(struct lk_client *client)
{
    if (client->cap - client->len >= 4096) {
        return 0;
    }
    size_t cap = client->cap == 0 ? 16384 : client->cap * 2;
    char *grown = cap > 2 * (size_t)LK_CLIENT_LINE_MAX ? NULL : realloc(client->buf, cap);
    if (grown == NULL) {
        return cap > 2 * (size_t)LK_CLIENT_LINE_MAX ? -EPROTO : -ENOMEM;
    }
    client->buf = grown;
    client->cap = cap;
    return 0;
}

static int read_more(struct lk_client *client, int64_t until_ms)
{
    int rc = make_room(client);
    rc = rc == 0 ? wait_readable(client->fd, until_ms) : rc;
    if (rc < 0) {
        return rc;
    }
    ssize_t n = read(client->fd, client->buf + client->len, client->cap - client->len);
    if (n < 0) {
        return errno == EINTR ? 0 : errno == ECONNRESET ? -EPIPE : -errno;
    }
    client->len += (size_t)n;
    return n == 0 ? -EPIPE : 0;
}

int lk_client_next(struct lk_client *client, int timeout_ms, json_t **ret_line)
{
    int64_t until_ms = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
    char *end = NULL;
    while (end == NULL) {
        end = client->len == 0 ? NULL : memchr(client->buf, '\n', client->len);
        int rc = end != NULL ? 0 : read_more(client, until_ms);
        if (rc < 0) {
            return rc;
        }
    }
    size_t len = (size_t)(end - client->buf);
    json_t *line = json_loadb(client->buf, len, JSON_REJECT_DUPLICATES, NULL);
    client->len -= len + 1;
    memmove(client->buf, end + 1, client->len);
    if (!json_is_object(line)) {
        json_decref(line);
        return -EPROTO;
    }
    *ret_line = line;
    return 0;
}

void lk_client_close(struct lk_client *client)
{
    if (client->fd >= 0) {
        close(client->fd);
    }
    free(client->buf);
    *client = (struct lk_client){.fd = -1};
}
