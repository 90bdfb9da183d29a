#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { PENDING_MAX = 16, ADU_MAX = 64, REQUEST = 8, GAP_NS = 1750000, CHAR_NS = 10 * 1000000000LL / WIRE_BAUD };
/* A board never sleeps, this thread may be held up. What it then finds is thrown away: no board answers to a request
 * long after it. */
enum { LATE_MOST_MS = 60, STALL_NS = 100000000, PUNCTUAL_NS = 300000, SLEEP_NS = 10000000, HELD_UP_NS = 15000000 };

struct pending {
    int64_t at_ns, expires_ns; /* sent at; not at all when this program was stopped for so long */
    size_t n;                  /* 0: free */
    enum wire_fault fault;     /* counted when it is sent */
    uint8_t bytes[ADU_MAX];
};

struct wire {
    char dir[32], path[WIRE_PATH];
    int fd, wake[2];
    pthread_t thread;
    pthread_mutex_t lock;
    atomic_bool ending;
    uint64_t seed, requests, counted[WIRE_FAULTS];
    unsigned faults;
    uint8_t in[ADU_MAX];
    size_t in_n;
    struct pending pending[PENDING_MAX];
    uint32_t done[WIRE_UNITS + 1][WIRE_CHANNELS];
    int64_t on_since_ns[WIRE_UNITS + 1][WIRE_CHANNELS], longest_on_ns;
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

static unsigned dice(struct wire *w, unsigned sides)
{
    w->seed = w->seed * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)(w->seed >> 33) % sides;
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

static size_t seal(uint8_t *adu, size_t n)
{
    uint16_t crc = crc16(adu, n);
    adu[n] = (uint8_t)crc;
    adu[n + 1] = (uint8_t)(crc >> 8);
    return n + 2;
}

static void plain_coil(struct wire *w, uint8_t unit, unsigned channel, bool on, int64_t at_ns)
{
    int64_t *since_ns = &w->on_since_ns[unit][channel];
    if (on && *since_ns == 0) {
        *since_ns = at_ns;
        w->done[unit][channel]++;
    } else if (!on && *since_ns != 0) {
        w->longest_on_ns = at_ns - *since_ns > w->longest_on_ns ? at_ns - *since_ns : w->longest_on_ns;
        *since_ns = 0;
    }
}

/* What the board does with a request, and its reply without checksum. */
static size_t act(struct wire *w, const uint8_t *q, int64_t at_ns, uint8_t *ret_adu)
{
    unsigned address = (unsigned)(q[2] << 8 | q[3]);
    memcpy(ret_adu, q, 6);
    if (q[1] == 5) {
        unsigned channel = (address & 0xFF) % WIRE_CHANNELS;
        if (address >= 0x0200) {
            w->done[q[0]][channel]++;
        } else {
            plain_coil(w, q[0], channel, q[4] != 0, at_ns);
        }
        return 6;
    }
    size_t bytes = (size_t)q[5] * 2;
    ret_adu[2] = (uint8_t)bytes;
    for (size_t i = 0; i < bytes; i++) {
        ret_adu[3 + i] = (uint8_t[]){q[2], q[3], q[0], q[1]}[i % 4];
    }
    return 3 + bytes;
}

static void put(struct wire *w, int64_t at_ns, const uint8_t *bytes, size_t n, enum wire_fault fault, int64_t leeway_ns)
{
    for (size_t i = 0; i < PENDING_MAX; i++) {
        struct pending *p = &w->pending[i];
        if (p->n == 0) {
            *p = (struct pending){.at_ns = at_ns, .expires_ns = at_ns + leeway_ns, .n = n, .fault = fault};
            memcpy(p->bytes, bytes, n);
            return;
        }
    }
}

static enum wire_fault draw(struct wire *w)
{
    bool hit = dice(w, 1000) < w->faults;
    return hit ? (enum wire_fault)(1 + dice(w, WIRE_FAULTS - 1)) : WIRE_NONE;
}

static void reply_twice(struct wire *w, const uint8_t *adu, size_t n, int64_t at_ns)
{
    put(w, at_ns, adu, n, WIRE_NONE, STALL_NS);
    /* Complete before any reply to the next request can be. */
    int64_t after_ns = (int64_t)n * CHAR_NS + dice(w, GAP_NS);
    put(w, at_ns + after_ns, adu, n, WIRE_DUPLICATE, PUNCTUAL_NS);
}

static void send_with(struct wire *w, enum wire_fault fault, uint8_t *adu, size_t n, int64_t at_ns)
{
    uint8_t rubbish[ADU_MAX];
    size_t more = 1 + dice(w, 6);
    switch (fault) {
    case WIRE_NONE:
    case WIRE_EXCEPTION:
        break;
    case WIRE_LATE:
        at_ns += (WIRE_TIMEOUT_MS + dice(w, LATE_MOST_MS)) * INT64_C(1000000) + 500000;
        break;
    case WIRE_LOST:
        w->counted[WIRE_LOST]++;
        return;
    case WIRE_TRUNCATED:
        n = 1 + dice(w, (unsigned)n - 1);
        break;
    case WIRE_CRC:
        adu[dice(w, (unsigned)n)] ^= (uint8_t)(1U << dice(w, 8));
        break;
    case WIRE_UNIT:
        adu[0] = (uint8_t)(adu[0] % WIRE_UNITS + 1);
        (void)seal(adu, n - 2);
        break;
    case WIRE_DUPLICATE:
        reply_twice(w, adu, n, at_ns);
        return;
    case WIRE_GARBAGE:
        for (size_t i = 0; i < more; i++) {
            rubbish[i] = (uint8_t)dice(w, 256);
        }
        memcpy(rubbish + more, adu, n);
        put(w, at_ns, rubbish, n + more, fault, STALL_NS);
        return;
    case WIRE_FAULTS:
        abort();
    }
    put(w, at_ns, adu, n, fault, STALL_NS);
}

static void serve(struct wire *w, const uint8_t *q, int64_t heard_ns)
{
    enum wire_fault fault = draw(w);
    uint8_t adu[ADU_MAX] = {q[0], (uint8_t)(q[1] | 0x80), 4};
    size_t n = 3;
    w->requests++;
    if (q[0] < 1 || q[0] > WIRE_UNITS) {
        return;
    }
    if (fault == WIRE_LOST && dice(w, 2) == 0) {
        w->counted[WIRE_LOST]++; /* the request */
        return;
    }
    if (fault != WIRE_EXCEPTION) {
        n = act(w, q, heard_ns, adu);
    }
    n = seal(adu, n);
    send_with(w, fault, adu, n, heard_ns + (int64_t)(REQUEST + n) * CHAR_NS);
}

static void take_bytes(struct wire *w, bool held_up)
{
    int64_t heard_ns = now_ns();
    ssize_t n = read(w->fd, w->in + w->in_n, sizeof(w->in) - w->in_n);
    w->in_n += n > 0 ? (size_t)n : 0;
    if (held_up) {
        w->in_n = 0;
    }
    while (w->in_n >= REQUEST) {
        must(crc16(w->in, 6) == (w->in[6] | w->in[7] << 8), "a request with a bad checksum");
        serve(w, w->in, heard_ns);
        w->in_n -= REQUEST;
        memmove(w->in, w->in + REQUEST, w->in_n);
    }
}

/* Frames go out in the order of their time. Returns when the next one is due. */
static int64_t send_due(struct wire *w)
{
    for (;;) {
        struct pending *first = NULL;
        for (size_t i = 0; i < PENDING_MAX; i++) {
            struct pending *p = &w->pending[i];
            first = p->n > 0 && (!first || p->at_ns < first->at_ns) ? p : first;
        }
        int64_t now = now_ns();
        if (!first || first->at_ns > now) {
            return first ? first->at_ns : INT64_MAX;
        }
        if (now <= first->expires_ns) {
            ssize_t n = write(w->fd, first->bytes, first->n);
            (void)n;
            w->counted[first->fault]++;
        }
        first->n = 0;
    }
}

static void *work(void *arg)
{
    struct wire *w = arg;
    while (!atomic_load(&w->ending)) {
        pthread_mutex_lock(&w->lock);
        int64_t next_ns = send_due(w);
        pthread_mutex_unlock(&w->lock);
        int64_t begin_ns = now_ns(), ns = next_ns == INT64_MAX ? SLEEP_NS : next_ns - begin_ns;
        struct timespec ts = {.tv_nsec = ns < 0 ? 0 : ns > SLEEP_NS ? SLEEP_NS : ns};
        struct pollfd fds[] = {{.fd = w->fd, .events = POLLIN}, {.fd = w->wake[0], .events = POLLIN}};
        (void)ppoll(fds, 2, &ts, NULL);
        if (fds[0].revents & POLLIN) {
            pthread_mutex_lock(&w->lock);
            take_bytes(w, now_ns() - begin_ns > ts.tv_nsec + HELD_UP_NS);
            pthread_mutex_unlock(&w->lock);
        } else if (fds[0].revents & POLLHUP) {
            (void)poll(NULL, 0, 1); /* nobody has it open */
        }
    }
    return NULL;
}

static void open_pty(struct wire *w)
{
    struct termios raw;
    w->fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    must(w->fd >= 0 && grantpt(w->fd) == 0 && unlockpt(w->fd) == 0, "pty");
    must(symlink(ptsname(w->fd), w->path) == 0, "symlink");
    int slave = open(w->path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    must(slave >= 0 && tcgetattr(slave, &raw) == 0, "slave");
    cfmakeraw(&raw);
    must(tcsetattr(slave, TCSANOW, &raw) == 0, "raw");
    close(slave);
}

struct wire *wire_make(uint64_t seed, unsigned faults)
{
    struct wire *w = calloc(1, sizeof(*w));
    must(w, "calloc");
    w->seed = seed;
    w->faults = faults;
    (void)snprintf(w->dir, sizeof(w->dir), "/tmp/lk-stress-XXXXXX");
    must(mkdtemp(w->dir), "mkdtemp");
    (void)snprintf(w->path, sizeof(w->path), "%s/tty", w->dir);
    must(pipe2(w->wake, O_CLOEXEC) == 0, "pipe");
    pthread_mutex_init(&w->lock, NULL);
    open_pty(w);
    must(pthread_create(&w->thread, NULL, work, w) == 0, "pthread_create");
    return w;
}

void wire_end(struct wire *w)
{
    atomic_store(&w->ending, true);
    must(write(w->wake[1], "", 1) == 1, "wake");
    pthread_join(w->thread, NULL);
    close(w->fd);
    close(w->wake[0]);
    close(w->wake[1]);
    (void)unlink(w->path);
    (void)rmdir(w->dir);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

const char *wire_path(const struct wire *w)
{
    return w->path;
}

uint32_t wire_done(struct wire *w, uint8_t unit, unsigned channel)
{
    pthread_mutex_lock(&w->lock);
    uint32_t n = w->done[unit][channel];
    pthread_mutex_unlock(&w->lock);
    return n;
}

bool wire_coil(struct wire *w, uint8_t unit, unsigned channel)
{
    pthread_mutex_lock(&w->lock);
    bool on = w->on_since_ns[unit][channel] != 0;
    pthread_mutex_unlock(&w->lock);
    return on;
}

int64_t wire_longest_on_ms(struct wire *w)
{
    pthread_mutex_lock(&w->lock);
    int64_t longest_ns = w->longest_on_ns, now = now_ns();
    for (unsigned i = 0; i < (WIRE_UNITS + 1) * WIRE_CHANNELS; i++) {
        int64_t since_ns = w->on_since_ns[i / WIRE_CHANNELS][i % WIRE_CHANNELS];
        longest_ns = since_ns && now - since_ns > longest_ns ? now - since_ns : longest_ns;
    }
    pthread_mutex_unlock(&w->lock);
    return longest_ns / 1000000;
}

uint64_t wire_faults(struct wire *w, enum wire_fault fault)
{
    pthread_mutex_lock(&w->lock);
    uint64_t n = w->counted[fault];
    pthread_mutex_unlock(&w->lock);
    return n;
}

uint64_t wire_requests(struct wire *w)
{
    pthread_mutex_lock(&w->lock);
    uint64_t n = w->requests;
    pthread_mutex_unlock(&w->lock);
    return n;
}

void wire_heal(struct wire *w)
{
    pthread_mutex_lock(&w->lock);
    w->faults = 0;
    pthread_mutex_unlock(&w->lock);
}

const char *wire_fault_name(enum wire_fault fault)
{
    static const char *const names[WIRE_FAULTS] = {"none",       "late",      "lost",      "truncated",     "CRC",
                                                   "wrong unit", "exception", "duplicate", "garbage before"};
    return names[fault];
}
