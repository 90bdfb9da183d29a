/*
 * The postal side at its fastest: subscribes to a site's events over raw MQTT 3.1.1, confirms each to the broker,
 * acknowledges to the locker up to where it has all of them, and says at the end what came.
 *
 *   sink PORT ROOT EPOCH FROM TO     (ROOT: locker/v1/operator/site)
 *
 * Prints "ready", then one line of JSON when every event FROM..TO was received: the times of the first and the last one
 * (CLOCK_MONOTONIC, ns), how many came, how many of them again, and how many times one was missing when a later one
 * came.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER = 1 << 20, ACK_EVERY = 500, ARGS = 6, OUT = 1 << 16 };

static unsigned char in[BUFFER], out[OUT];
static size_t have, out_len;
static int fd;
static uint64_t from, to, contiguous, received, again, gaps, acked;
static unsigned char *seen;
static const char *root, *epoch;
static int64_t first_ns, last_ns;

static int64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void flush(void)
{
    for (size_t done = 0; done < out_len;) {
        ssize_t n = write(fd, out + done, out_len - done);
        if (n <= 0) {
            die("write");
        }
        done += (size_t)n;
    }
    out_len = 0;
}

static void put(const void *bytes, size_t n)
{
    if (out_len + n > OUT) {
        flush();
    }
    memcpy(out + out_len, bytes, n);
    out_len += n;
}

/* A packet of less than 16,384 bytes behind its first byte. */
static void packet(unsigned char kind, const unsigned char *body, size_t n)
{
    unsigned char head[3] = {kind, (unsigned char)(n < 128 ? n : (n & 127) | 128), (unsigned char)(n >> 7)};
    put(head, n < 128 ? 2 : 3);
    put(body, n);
}

static size_t text(unsigned char *at, const char *s)
{
    size_t n = strlen(s);
    at[0] = (unsigned char)(n >> 8);
    at[1] = (unsigned char)n;
    memcpy(at + 2, s, n);
    return n + 2;
}

static void publish_ack(void)
{
    unsigned char body[512];
    char topic[200], payload[160];
    (void)snprintf(topic, sizeof(topic), "%s/ack", root);
    int n = snprintf(payload, sizeof(payload), "{\"epoch\":\"%s\",\"upTo\":%" PRIu64 "}", epoch, contiguous);
    size_t len = text(body, topic);
    memcpy(body + len, payload, (size_t)n);
    packet(0x30, body, len + (size_t)n);
    acked = contiguous;
}

static void take(const unsigned char *payload, size_t n)
{
    static const char key[] = "\"seq\":";
    const char *at = memmem(payload, n, key, sizeof(key) - 1);
    uint64_t seq = at ? strtoull(at + sizeof(key) - 1, NULL, 10) : 0;
    if (seq < from || seq > to) {
        return;
    }
    last_ns = now_ns();
    first_ns = first_ns ? first_ns : last_ns;
    received++;
    again += seen[seq - from];
    gaps += seq > contiguous + 1 && !seen[seq - from];
    seen[seq - from] = 1;
    while (contiguous < to && seen[contiguous + 1 - from]) {
        contiguous++;
    }
    if (contiguous >= acked + ACK_EVERY || contiguous == to) {
        publish_ack();
    }
}

static void publication(unsigned char flags, const unsigned char *body, size_t n)
{
    size_t topic = ((size_t)body[0] << 8 | body[1]) + 2;
    if ((flags & 6) != 0) {
        unsigned char id[2] = {body[topic], body[topic + 1]};
        packet(0x40, id, 2);
        topic += 2;
    }
    take(body + topic, n - topic);
}

/* Takes whole packets out of what came; returns how many bytes. */
static size_t packets(void)
{
    size_t at = 0;
    while (at + 2 <= have) {
        size_t n = 0, i = at + 1;
        unsigned shift = 0;
        while (i < have && in[i] & 128) {
            n |= (size_t)(in[i++] & 127) << shift;
            shift += 7;
        }
        if (i >= have) {
            break;
        }
        n |= (size_t)in[i++] << shift;
        if (i + n > have) {
            break;
        }
        if (in[at] >> 4 == 3) {
            publication(in[at] & 15, in + i, n);
        }
        at = i + n;
    }
    return at;
}

static void read_more(void)
{
    ssize_t n = read(fd, in + have, BUFFER - have);
    if (n <= 0) {
        die("read");
    }
    have += (size_t)n;
    size_t used = packets();
    memmove(in, in + used, have - used);
    have -= used;
    flush();
}

static void begin(unsigned port)
{
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    unsigned char body[512];
    char topic[200];
    int on = 1;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    for (int tries = 0; connect(fd, (struct sockaddr *)&where, sizeof(where)) < 0; tries++) {
        if (tries > 2000) {
            die("connect");
        }
        (void)usleep(5000);
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    static const unsigned char variable[] = {0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 0};
    memcpy(body, variable, sizeof(variable));
    packet(0x10, body, sizeof(variable) + text(body + sizeof(variable), "bench-sink"));
    (void)snprintf(topic, sizeof(topic), "%s/evt/#", root);
    body[0] = 0;
    body[1] = 1;
    size_t n = 2 + text(body + 2, topic);
    body[n] = 1;
    packet(0x82, body, n + 1);
    flush();
}

int main(int argc, char **argv)
{
    if (argc != ARGS) {
        (void)fprintf(stderr, "usage: sink PORT ROOT EPOCH FROM TO\n");
        return 2;
    }
    root = argv[2];
    epoch = argv[3];
    from = strtoull(argv[4], NULL, 10);
    to = strtoull(argv[5], NULL, 10);
    contiguous = acked = from - 1;
    seen = calloc(1, (size_t)(to - from + 1));
    if (!seen) {
        die("memory");
    }
    begin((unsigned)strtoul(argv[1], NULL, 10));
    printf("ready\n");
    (void)fflush(stdout);
    while (contiguous < to) {
        read_more();
    }
    flush();
    printf("{\"first_ns\": %" PRId64 ", \"last_ns\": %" PRId64 ", \"received\": %" PRIu64 ", \"again\": %" PRIu64
           ", \"gaps\": %" PRIu64 "}\n",
           first_ns, last_ns, received, again, gaps);
    return 0;
}
