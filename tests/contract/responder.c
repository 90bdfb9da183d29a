#include "responder.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { PENDING_MAX = 16, ADU_MAX = 96, REQUEST_PDU = 5, MBAP = 7 };

struct pending {
    int64_t at_ns;
    size_t n;
    uint8_t bytes[ADU_MAX];
    unsigned connection;
};

struct responder {
    enum lk_fb_transport transport;
    char dir[32], path[64];
    unsigned port, connection, units;
    int fd, listener, wake;
    pthread_t thread;
    pthread_mutex_t lock;
    atomic_bool ending;
    bool unplugged;
    unsigned baud;
    struct lk_sim_board boards[RESPONDER_UNITS + 1];
    struct lk_fieldbus_sim_fault faults[RESPONDER_UNITS + 1];
    bool counted[RESPONDER_UNITS + 1];
    struct pending pending[PENDING_MAX];
    uint8_t in[ADU_MAX];
    size_t in_n;
    int64_t first_byte_ns, reply_ns;
    struct responder_heard heard[RESPONDER_HEARD];
    size_t heard_n;
};

static void must(bool ok, const char *what)
{
    if (!ok) {
        perror(what);
        abort();
    }
}

static int64_t now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static uint16_t crc16(const uint8_t *bytes, size_t n)
{
    uint16_t crc = 0xFFFF;
    for (size_t i = 0; i < n; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc & 1 ? (uint16_t)(crc >> 1 ^ 0xA001) : (uint16_t)(crc >> 1);
        }
    }
    return crc;
}

static void open_pty(struct responder *r)
{
    struct termios raw;
    r->fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    must(r->fd >= 0 && grantpt(r->fd) == 0 && unlockpt(r->fd) == 0, "pty");
    (void)unlink(r->path);
    must(symlink(ptsname(r->fd), r->path) == 0, "symlink");
    int slave = open(r->path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    must(slave >= 0 && tcgetattr(slave, &raw) == 0, "slave");
    cfmakeraw(&raw);
    must(tcsetattr(slave, TCSANOW, &raw) == 0, "raw");
    close(slave);
}

static void open_port(struct responder *r)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)r->port)};
    socklen_t len = sizeof(a);
    int one = 1;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    r->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    setsockopt(r->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    must(bind(r->listener, (struct sockaddr *)&a, len) == 0 && listen(r->listener, 4) == 0, "listen");
    must(getsockname(r->listener, (struct sockaddr *)&a, &len) == 0, "getsockname");
    r->port = ntohs(a.sin_port);
}

static void open_all(struct responder *r)
{
    if (r->transport == LK_FB_RTU) {
        open_pty(r);
    } else {
        open_port(r);
    }
}

static void close_all(struct responder *r)
{
    if (r->fd >= 0) {
        close(r->fd);
    }
    if (r->listener >= 0) {
        close(r->listener);
    }
    r->fd = r->listener = -1;
    r->in_n = 0;
    r->connection++;
}

static struct lk_fieldbus_sim_fault take_fault(struct responder *r, uint8_t unit, uint8_t function)
{
    struct lk_fieldbus_sim_fault fault = r->faults[unit];
    if (fault.only_function && fault.only_function != function) {
        return (struct lk_fieldbus_sim_fault){0};
    }
    if (r->counted[unit] && --r->faults[unit].count == 0) {
        r->faults[unit] = (struct lk_fieldbus_sim_fault){0};
        r->counted[unit] = false;
    }
    return fault;
}

static size_t wrap(struct responder *r, uint8_t unit, const uint8_t *pdu, size_t n, bool corrupt, uint8_t *adu)
{
    if (r->transport == LK_FB_RTU) {
        adu[0] = unit;
        memcpy(adu + 1, pdu, n);
        uint16_t crc = (uint16_t)(crc16(adu, n + 1) ^ (corrupt ? 0x55 : 0));
        adu[n + 1] = (uint8_t)crc;
        adu[n + 2] = (uint8_t)(crc >> 8);
        return n + 3;
    }
    memcpy(adu, r->in, 4);
    adu[2] = corrupt ? 0x55 : 0;
    adu[4] = 0;
    adu[5] = (uint8_t)(n + 1);
    adu[6] = unit;
    memcpy(adu + MBAP, pdu, n);
    return n + MBAP;
}

static void reply_with(struct responder *r, uint8_t unit, uint8_t *reply, size_t n,
                       const struct lk_fieldbus_sim_fault *fault, int64_t at_ns)
{
    for (size_t i = 0; i < PENDING_MAX; i++) {
        struct pending *p = &r->pending[i];
        if (p->n == 0) {
            p->n = wrap(r, fault->answers_as ? fault->answers_as : unit, reply, n, fault->corrupt, p->bytes);
            p->at_ns = at_ns + fault->late_ms * INT64_C(1000000);
            p->at_ns += r->baud ? (int64_t)(p->n + 8) * 10 * 1000000000 / r->baud : 0;
            p->connection = r->connection;
            if (fault->glued && 2 * p->n <= sizeof(p->bytes)) {
                memcpy(p->bytes + p->n, p->bytes, p->n);
                p->n *= 2;
            }
            return;
        }
    }
}

/* Every board that is on the line tells its address. */
static void answer_broadcast(struct responder *r, const uint8_t *pdu)
{
    for (unsigned u = 1; u <= r->units; u++) {
        uint8_t reply[] = {pdu[0], 2, 0, r->boards[u].unit};
        if (pdu[0] == 0x03 && pdu[1] == 0x40 && !r->faults[u].dead) {
            reply_with(r, (uint8_t)u, reply, sizeof(reply), &r->faults[u], now_ns());
        }
    }
}

static void answer(struct responder *r, uint8_t unit, const uint8_t *pdu)
{
    uint8_t reply[LK_SIM_REPLY_MAX];
    int64_t now = now_ns();
    if (r->heard_n < RESPONDER_HEARD) {
        struct responder_heard h = {.at_ns = r->first_byte_ns, .reply_before_ns = r->reply_ns, .unit = unit};
        memcpy(h.pdu, pdu, REQUEST_PDU);
        r->heard[r->heard_n++] = h;
    }
    if (unit == 0) {
        answer_broadcast(r, pdu);
    }
    if (unit < 1 || unit > r->units) {
        return;
    }
    struct lk_fieldbus_sim_fault fault = take_fault(r, unit, pdu[0]);
    if (fault.dead) {
        return;
    }
    size_t n = 2;
    if (fault.exception) {
        reply[0] = pdu[0] | 0x80;
        reply[1] = fault.exception;
    } else {
        n = lk_sim_board_answer(&r->boards[unit], pdu, REQUEST_PDU, now, reply);
    }
    if (!fault.lose_reply) {
        reply[n - 1] = (uint8_t)(reply[n - 1] + fault.bend);
        reply_with(r, unit, reply, n, &fault, now);
    }
    if (fault.twice_ms) {
        reply_with(r, unit, reply, n, &fault, now + fault.twice_ms * INT64_C(1000000));
    }
}

static void parse(struct responder *r)
{
    size_t head = r->transport == LK_FB_RTU ? 1 : MBAP;
    size_t whole = r->transport == LK_FB_RTU ? 1 + REQUEST_PDU + 2 : MBAP + REQUEST_PDU;
    while (r->in_n >= whole) {
        const uint8_t *unit = r->transport == LK_FB_RTU ? r->in : r->in + 6;
        bool ok = r->transport == LK_FB_TCP || crc16(r->in, 6) == (r->in[6] | r->in[7] << 8);
        if (ok) {
            answer(r, *unit, r->in + head);
        }
        r->in_n -= whole;
        memmove(r->in, r->in + whole, r->in_n);
    }
}

static void take_bytes(struct responder *r)
{
    int64_t now = now_ns();
    ssize_t n = read(r->fd, r->in + r->in_n, sizeof(r->in) - r->in_n);
    if (n > 0) {
        r->first_byte_ns = r->in_n == 0 ? now : r->first_byte_ns;
        r->in_n += (size_t)n;
        parse(r);
    } else if (r->transport == LK_FB_TCP && (n == 0 || errno != EAGAIN)) {
        close(r->fd);
        r->fd = -1;
        r->in_n = 0;
    }
}

static void take_connection(struct responder *r)
{
    int fd = accept4(r->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
        if (r->fd >= 0) {
            close(r->fd);
        }
        r->fd = fd;
        r->in_n = 0;
        r->connection++;
    }
}

static int64_t send_due(struct responder *r)
{
    int64_t next_ns = INT64_MAX;
    for (size_t i = 0; i < PENDING_MAX; i++) {
        struct pending *p = &r->pending[i];
        int64_t now = now_ns();
        if (p->n > 0 && p->at_ns <= now) {
            bool same = p->connection == r->connection && r->fd >= 0;
            r->reply_ns = now;
            ssize_t n = same ? write(r->fd, p->bytes, p->n) : 0;
            (void)n;
            p->n = 0;
        } else if (p->n > 0 && p->at_ns < next_ns) {
            next_ns = p->at_ns;
        }
    }
    return next_ns;
}

static void *work(void *arg)
{
    struct responder *r = arg;
    while (!atomic_load(&r->ending)) {
        pthread_mutex_lock(&r->lock);
        int64_t next_ns = send_due(r);
        struct pollfd fds[] = {
            {.fd = r->wake, .events = POLLIN}, {.fd = r->fd, .events = POLLIN}, {.fd = r->listener, .events = POLLIN}};
        pthread_mutex_unlock(&r->lock);
        int64_t ns = next_ns == INT64_MAX ? 50000000 : next_ns - now_ns();
        ns = ns < 0 ? 0 : ns > 50000000 ? 50000000 : ns;
        struct timespec ts = {.tv_nsec = ns};
        (void)ppoll(fds, 3, &ts, NULL);
        if (fds[1].revents & POLLHUP && r->transport == LK_FB_RTU) {
            usleep(1000); /* nobody has the pty open: its hang-up would make us spin */
        }
        pthread_mutex_lock(&r->lock);
        uint64_t ignored;
        ssize_t n = read(r->wake, &ignored, sizeof(ignored));
        (void)n;
        if (fds[2].revents && fds[2].fd == r->listener) {
            take_connection(r);
        }
        if (fds[1].revents && fds[1].fd == r->fd && r->fd >= 0) {
            take_bytes(r);
        }
        pthread_mutex_unlock(&r->lock);
    }
    return NULL;
}

struct responder *responder_make(enum lk_fb_transport transport, unsigned units, unsigned channels)
{
    struct responder *r = calloc(1, sizeof(*r));
    must(r, "calloc");
    r->transport = transport;
    r->units = units;
    r->fd = r->listener = -1;
    (void)snprintf(r->dir, sizeof(r->dir), "/tmp/lk-fieldbus-XXXXXX");
    must(mkdtemp(r->dir), "mkdtemp");
    (void)snprintf(r->path, sizeof(r->path), "%s/tty", r->dir);
    r->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    pthread_mutex_init(&r->lock, NULL);
    for (unsigned u = 1; u <= units; u++) {
        r->boards[u].unit = (uint8_t)u;
        r->boards[u].channels = channels;
    }
    open_all(r);
    must(pthread_create(&r->thread, NULL, work, r) == 0, "pthread_create");
    return r;
}

static void nudge(struct responder *r)
{
    uint64_t one = 1;
    ssize_t n = write(r->wake, &one, sizeof(one));
    (void)n;
}

void responder_end(struct responder *r)
{
    atomic_store(&r->ending, true);
    nudge(r);
    pthread_join(r->thread, NULL);
    close_all(r);
    close(r->wake);
    (void)unlink(r->path);
    (void)rmdir(r->dir);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

const char *responder_path(const struct responder *r)
{
    return r->path;
}

unsigned responder_port(const struct responder *r)
{
    return r->port;
}

void responder_fault(struct responder *r, uint8_t unit, const struct lk_fieldbus_sim_fault *fault)
{
    pthread_mutex_lock(&r->lock);
    r->faults[unit] = *fault;
    r->counted[unit] = fault->count > 0;
    pthread_mutex_unlock(&r->lock);
}

void responder_inputs(struct responder *r, uint8_t unit, uint32_t inputs)
{
    pthread_mutex_lock(&r->lock);
    r->boards[unit].inputs = inputs;
    pthread_mutex_unlock(&r->lock);
}

uint32_t responder_pulses(struct responder *r, uint8_t unit, unsigned channel)
{
    pthread_mutex_lock(&r->lock);
    uint32_t n = r->boards[unit].pulses[channel];
    pthread_mutex_unlock(&r->lock);
    return n;
}

uint32_t responder_coils(struct responder *r, uint8_t unit)
{
    pthread_mutex_lock(&r->lock);
    uint32_t coils = r->boards[unit].coils;
    pthread_mutex_unlock(&r->lock);
    return coils;
}

void responder_plug(struct responder *r, bool plugged)
{
    pthread_mutex_lock(&r->lock);
    if (plugged && r->unplugged) {
        open_all(r);
    } else if (!plugged && !r->unplugged) {
        close_all(r);
    }
    r->unplugged = !plugged;
    pthread_mutex_unlock(&r->lock);
    nudge(r);
}

void responder_pace(struct responder *r, unsigned baud)
{
    pthread_mutex_lock(&r->lock);
    r->baud = baud;
    pthread_mutex_unlock(&r->lock);
}

size_t responder_heard(struct responder *r, struct responder_heard *ret_heard)
{
    pthread_mutex_lock(&r->lock);
    size_t n = r->heard_n;
    memcpy(ret_heard, r->heard, n * sizeof(r->heard[0]));
    r->heard_n = 0;
    pthread_mutex_unlock(&r->lock);
    return n;
}
