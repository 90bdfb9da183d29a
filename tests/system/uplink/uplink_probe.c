/*
 * A stand-in for the daemon in the real-broker tests: the uplink, the outbox and the command check of the product,
 * wired as the engine wires them, over an event log in memory. Orders come as lines on stdin, what happened goes out as
 * lines on stdout.
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "uplink/command_verify.h"
#include "uplink/envelope.h"
#include "uplink/outbox.h"
#include "uplink/uplink.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/sha.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LOG_MOST = 20000, LINE_MOST = 256 };

static const char epoch[] = "0b8f5c1e-3f0a-4d59-9a57-6a0f4e6c2d11";

struct probe {
    struct lk_uplink *up;
    struct lk_uplink_config config;
    struct lk_command_keys *keys;
    struct lk_outbox outbox;
    char hash[LOG_MOST + 1][LK_HASH_HEX + 1]; /* [0]: genesis */
    uint64_t delivered, undelivered;
    bool unsynced;
};

static int64_t now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static const char *event_time(uint64_t seq, char *buf)
{
    lk_envelope_time(buf, INT64_C(1790000000000) + (int64_t)seq);
    return buf;
}

static void event_data(uint64_t seq, char *buf, size_t cap)
{
    struct lk_text t = lk_text_init(buf, cap);
    lk_text_addf(&t, "{\"door\":\"A%02d\",\"item\":\"case-%" PRIu64 "\"}", (int)(seq % 32) + 1, seq);
}

static void hash_event(struct probe *p, uint64_t seq)
{
    char text[512], data[128], time[LK_TIME_MAX];
    uint8_t digest[SHA256_DIGEST_LENGTH];
    event_data(seq, data, sizeof(data));
    struct lk_text t = lk_text_init(text, sizeof(text));
    lk_text_addf(&t, "%s\n%s\n%" PRIu64 "\n%s\n%s\n%s\n%s", p->hash[seq - 1], epoch, seq, "item.reminder",
                 event_time(seq, time), "synced", data);
    (void)SHA256((const unsigned char *)text, t.len, digest);
    lk_text_hex(p->hash[seq], digest, sizeof(digest));
}

static void grow(struct probe *p, uint64_t count)
{
    for (uint64_t i = 0; i < count && p->outbox.last < LOG_MOST; i++) {
        hash_event(p, p->outbox.last + 1);
        lk_outbox_grew(&p->outbox, p->outbox.last + 1);
    }
    printf("last %" PRIu64 "\n", p->outbox.last);
}

static int publish_event(struct probe *p, uint64_t seq)
{
    char buf[LK_ENVELOPE_EVENT_MAX], data[128];
    struct lk_record record = {.seq = seq, .type = LK_EV_ITEM_REMINDER, .quality = LK_CLOCK_SYNCED, .data = data};
    (void)event_time(seq, record.time);
    event_data(seq, data, sizeof(data));
    memcpy(record.epoch, epoch, sizeof(epoch));
    memcpy(record.prevhash, p->hash[seq - 1], sizeof(record.prevhash));
    memcpy(record.hash, p->hash[seq], sizeof(record.hash));
    struct lk_text t = lk_text_init(buf, sizeof(buf));
    lk_envelope_event(&t, &p->config.site, &record, "");
    return lk_uplink_publish(p->up, LK_TOPIC_EVT, lk_topic_class(record.type), buf, t.len, seq, NULL);
}

static void send_events(struct probe *p)
{
    uint64_t seq;
    while (lk_outbox_next(&p->outbox, now_ms(), &seq)) {
        if (publish_event(p, seq) < 0) {
            break;
        }
        lk_outbox_sent(&p->outbox, now_ms());
    }
}

static void publish_state(struct probe *p, size_t count)
{
    static char buf[LK_ENVELOPE_COMPARTMENTS_MAX], label[LK_MAX_DOORS][LK_LABEL_MAX + 1];
    static struct lk_envelope_compartment all[LK_MAX_DOORS];
    char time[LK_TIME_MAX];
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(label[i], sizeof(label[i]), "%c%02zu", (char)('A' + (int)(i / 32)), i % 32 + 1);
        all[i] = (struct lk_envelope_compartment){label[i], i == 1 ? LK_DOOR_LOST : LK_DOOR_CLOSED, LK_USE_FREE};
    }
    struct lk_text t = lk_text_init(buf, sizeof(buf));
    lk_envelope_compartments(&t, epoch, p->outbox.last, event_time(p->outbox.last, time), all, count);
    printf("state %d\n", lk_uplink_publish(p->up, LK_TOPIC_COMPARTMENTS, NULL, buf, t.len, 0, NULL));
}

/* What status.get brings: the members of state/health. */
static void health_text(struct probe *p, struct lk_text *t)
{
    char time[LK_TIME_MAX];
    struct lk_envelope_health health = {
        .epoch = epoch,
        .time = event_time(1, time),
        .version = "probe",
        .quality = LK_CLOCK_SYNCED,
        .seq = p->outbox.last,
        .acked = p->outbox.last,
        .first_seq = 1,
        .hash = "",
        .oldest_unacked_time = "",
    };
    lk_envelope_health(t, &health);
}

static void answer(struct probe *p, const struct lk_uplink_notice *n, const struct lk_command *c, enum lk_reason reason,
                   const char *why)
{
    char buf[LK_ENVELOPE_SMALL_MAX], time[LK_TIME_MAX], status[1024];
    struct lk_text about = lk_text_init(status, sizeof(status));
    health_text(p, &about);
    struct lk_envelope_answer a = {
        .jti = c->jti,
        .result = reason == LK_REASON_NONE ? LK_RESULT_OK : LK_RESULT_REFUSED,
        .reason = reason,
        .why = reason == LK_REASON_NONE ? NULL : why,
        .compartment = c->compartment[0] != '\0' ? c->compartment : NULL,
        .time = event_time(1, time),
        .extra = reason == LK_REASON_NONE && c->kind == LK_CMD_STATUS_GET ? status : NULL,
    };
    struct lk_text t = lk_text_init(buf, sizeof(buf));
    lk_envelope_answer(&t, &a);
    (void)lk_uplink_respond(p->up, &n->reply_to, buf, t.len, NULL);
}

static void on_command(struct probe *p, const struct lk_uplink_notice *n)
{
    struct lk_command command;
    char why[LK_COMMAND_WHY_MAX];
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    struct lk_command_context context = {
        .site = p->config.site,
        .now_wall_s = now.tv_sec,
        .quality = p->unsynced ? LK_CLOCK_UNSYNCED : LK_CLOCK_SYNCED,
        .retained = n->retained,
    };
    enum lk_reason reason = lk_command_verify(p->keys, &context, n->payload ? n->payload : "", n->len, &command, why);
    printf("command %s jti=%s len=%zu: %s\n", lk_reason_name(reason), command.jti, n->len, why);
    if (command.jti[0] != '\0') {
        answer(p, n, &command, reason, why);
    }
}

static void on_ack(struct probe *p, const struct lk_uplink_notice *n)
{
    static const char *const names[] = {"moved", "old", "replaying", "foreign", "beyond"};
    struct lk_ack ack;
    char why[64];
    if (!n->payload || lk_ack_parse(n->payload, n->len, &ack, why) < 0) {
        printf("ack malformed: %s\n", n->payload ? why : "oversize");
        return;
    }
    enum lk_ack_verdict verdict = lk_outbox_ack(&p->outbox, &ack, now_ms());
    printf("ack %s %" PRIu64 " acked=%" PRIu64 "\n", names[verdict], ack.seq, p->outbox.acked);
}

static void on_notice(struct probe *p, const struct lk_uplink_notice *n)
{
    switch (n->kind) {
    case LK_UPLINK_CONNECTED:
        printf("connected session=%u version=%d text=%s\n", n->session, n->version == LK_MQTT_5 ? 5 : 311, n->text);
        lk_outbox_connected(&p->outbox, now_ms());
        break;
    case LK_UPLINK_LOST:
        printf("lost before=%d text=%s\n", n->connected_before, n->text);
        lk_outbox_lost(&p->outbox);
        break;
    case LK_UPLINK_DELIVERED:
        p->delivered++;
        lk_outbox_delivered(&p->outbox, n->tag, now_ms());
        break;
    case LK_UPLINK_UNDELIVERED:
        p->undelivered++;
        printf("undelivered %" PRIu64 " text=%s\n", n->tag, n->text);
        lk_outbox_undelivered(&p->outbox, n->tag, now_ms());
        break;
    case LK_UPLINK_MESSAGE:
        if (n->topic == LK_TOPIC_CMD) {
            on_command(p, n);
        } else if (n->topic == LK_TOPIC_ACK) {
            on_ack(p, n);
        }
        break;
    case LK_UPLINK_DROPPED:
        printf("dropped %u\n", n->count);
        break;
    }
}

/* Counts our TCP connections to the broker's port and those of them with TCP_NODELAY. */
static void tell_nodelay(unsigned port)
{
    int all = 0, set = 0;
    DIR *dir = opendir("/proc/self/fd");
    for (struct dirent *e = dir ? readdir(dir) : NULL; e; e = readdir(dir)) {
        struct sockaddr_in peer;
        socklen_t len = sizeof(peer);
        int fd = atoi(e->d_name), on = 0;
        socklen_t on_len = sizeof(on);
        if (getpeername(fd, (struct sockaddr *)&peer, &len) == 0 && peer.sin_family == AF_INET &&
            ntohs(peer.sin_port) == port) {
            all++;
            set += getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &on_len) == 0 && on != 0;
        }
    }
    if (dir) {
        (void)closedir(dir);
    }
    printf("nodelay %d of %d\n", set, all);
}

static void tell(const struct probe *p)
{
    printf("status last=%" PRIu64 " acked=%" PRIu64 " next=%" PRIu64 " in_flight=%u delivered=%" PRIu64
           " undelivered=%" PRIu64 " alive=%" PRId64 "\n",
           p->outbox.last, p->outbox.acked, p->outbox.next, p->outbox.in_flight, p->delivered, p->undelivered,
           now_ms() - lk_uplink_alive_at_ms(p->up));
}

/* The time one publish call takes the owner, whatever the broker does. */
static void tell_publish_time(struct probe *p)
{
    struct timespec a, b;
    (void)clock_gettime(CLOCK_MONOTONIC, &a);
    int r = lk_uplink_publish(p->up, LK_TOPIC_HEALTH, NULL, "{}", 2, 0, NULL);
    (void)clock_gettime(CLOCK_MONOTONIC, &b);
    printf("publish %d us=%ld\n", r, (b.tv_sec - a.tv_sec) * 1000000L + (b.tv_nsec - a.tv_nsec) / 1000);
}

/* One order; false ends. */
static bool obey(struct probe *p, const char *line)
{
    unsigned n = 0;
    if (strcmp(line, "stop") == 0) {
        return false;
    }
    if (sscanf(line, "grow %u", &n) == 1) {
        grow(p, n);
    } else if (sscanf(line, "state %u", &n) == 1) {
        publish_state(p, n);
    } else if (sscanf(line, "nodelay %u", &n) == 1) {
        tell_nodelay(n);
    } else if (sscanf(line, "unsynced %u", &n) == 1) {
        p->unsynced = n != 0;
    } else if (sscanf(line, "sleep %u", &n) == 1) {
        (void)usleep(n * 1000);
    } else if (strcmp(line, "status") == 0) {
        tell(p);
    } else if (strcmp(line, "publish") == 0) {
        tell_publish_time(p);
    } else {
        printf("what? %s\n", line);
    }
    return true;
}

static bool read_orders(struct probe *p)
{
    static char buf[LINE_MOST];
    static size_t len;
    ssize_t n = read(STDIN_FILENO, buf + len, sizeof(buf) - len - 1);
    if (n <= 0) {
        return false;
    }
    len += (size_t)n;
    buf[len] = '\0';
    for (char *end = strchr(buf, '\n'); end; end = strchr(buf, '\n')) {
        *end = '\0';
        bool go_on = obey(p, buf);
        len -= (size_t)(end + 1 - buf);
        memmove(buf, end + 1, len + 1);
        if (!go_on) {
            return false;
        }
    }
    return true;
}

static void run(struct probe *p)
{
    struct lk_uplink_notice n;
    for (;;) {
        int64_t at_ms = lk_outbox_next_at_ms(&p->outbox);
        int64_t wait_ms = at_ms - now_ms();
        struct pollfd fds[] = {{STDIN_FILENO, POLLIN, 0}, {lk_uplink_fd(p->up), POLLIN, 0}};
        (void)poll(fds, 2, at_ms == INT64_MAX || wait_ms > 1000 ? 1000 : wait_ms < 1 ? 1 : (int)wait_ms);
        while (lk_uplink_next(p->up, &n)) {
            on_notice(p, &n);
            lk_uplink_notice_free(&n);
        }
        if ((fds[0].revents & (POLLIN | POLLHUP)) && !read_orders(p)) {
            return;
        }
        send_events(p);
    }
}

static const char *option(int argc, char **argv, const char *name, const char *otherwise)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], name) == 0) {
            return argv[i + 1];
        }
    }
    return otherwise;
}

static void configure(struct probe *p, int argc, char **argv)
{
    const char *version = option(argc, argv, "--version", "auto");
    p->config = (struct lk_uplink_config){
        .url = option(argc, argv, "--url", NULL),
        .epoch = epoch,
        .version = LK_VERSION,
        .ca_file = option(argc, argv, "--ca", NULL),
        .cert_file = option(argc, argv, "--cert", NULL),
        .key_file = option(argc, argv, "--key", NULL),
        .username = option(argc, argv, "--username", NULL),
        .password_file = option(argc, argv, "--password-file", NULL),
        .mqtt_version = strcmp(version, "5") == 0     ? LK_MQTT_5
                        : strcmp(version, "311") == 0 ? LK_MQTT_311
                                                      : LK_MQTT_AUTO,
        .keepalive_s = (unsigned)atoi(option(argc, argv, "--keepalive", "5")),
        .connect_timeout_s = (unsigned)atoi(option(argc, argv, "--connect-timeout", "3")),
        .reconnect_min_ms = 100,
        .reconnect_max_ms = 500,
    };
    (void)lk_text_copy(p->config.site.operator_id, sizeof(p->config.site.operator_id), "yulin");
    (void)lk_text_copy(p->config.site.site_id, sizeof(p->config.site.site_id), option(argc, argv, "--site", "hall-1"));
}

int main(int argc, char **argv)
{
    static struct probe p;
    char why[LK_UPLINK_ERROR_MAX];
    const char *keys = option(argc, argv, "--keys", NULL);
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    (void)signal(SIGPIPE, SIG_IGN);
    configure(&p, argc, argv);
    memset(p.hash[0], '0', LK_HASH_HEX);
    lk_outbox_init(&p.outbox, epoch, 0, 0, 0);
    if (keys && lk_command_keys_load(keys, &p.keys, why) < 0) {
        printf("keys: %s\n", why);
        return 2;
    }
    grow(&p, (uint64_t)atoi(option(argc, argv, "--log", "0")));
    int r = lk_uplink_create(&p.config, &p.up, why);
    if (r < 0) {
        printf("refused %d: %s\n", r, why);
        return 2;
    }
    run(&p);
    int64_t began_ms = now_ms();
    (void)lk_uplink_stop(p.up);
    printf("stopped ms=%" PRId64 "\n", now_ms() - began_ms);
    (void)lk_command_keys_free(p.keys);
    return 0;
}
