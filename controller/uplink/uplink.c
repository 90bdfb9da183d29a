#include "uplink/uplink.h"

#include "base/text.h"
#include "private.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 256, MESSAGES = 256, STOP_WAIT_MS = LK_UPLINK_STOP_MS - 200 };

static int create_rings(struct lk_uplink *up)
{
    int r = lk_ring_create(LK_UPLINK_QUEUE, sizeof(struct lk_outgoing *), &up->outgoing);
    r = r == 0 ? lk_ring_create(EVENTS, sizeof(struct lk_mqtt_event), &up->events) : r;
    r = r == 0 ? lk_ring_create(MESSAGES, sizeof(struct lk_uplink_notice *), &up->messages) : r;
    r = r == 0 ? lk_ring_create(1, sizeof(uint8_t), &up->bell) : r;
    return r == 0 ? lk_slots_create(up->set.in_flight, &up->slots) : r;
}

static int watch(struct lk_uplink *up, int fd)
{
    struct epoll_event event = {.events = EPOLLIN};
    return epoll_ctl(up->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int create_epoll(struct lk_uplink *up)
{
    up->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (up->epoll_fd < 0) {
        return -errno;
    }
    int r = watch(up, lk_slots_fd(up->slots));
    r = r == 0 ? watch(up, lk_ring_fd(up->messages)) : r;
    return r == 0 ? watch(up, lk_ring_fd(up->bell)) : r;
}

static void create_locks(struct lk_uplink *up)
{
    pthread_condattr_t attr;
    (void)pthread_mutex_init(&up->lock, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&up->ended_cond, &attr);
    (void)pthread_condattr_destroy(&attr);
}

static void free_messages(struct lk_uplink *up)
{
    struct lk_uplink_notice *notice;
    while (up->messages && lk_ring_pop(up->messages, &notice)) {
        lk_uplink_notice_free(notice);
        free(notice);
    }
}

static void free_all(struct lk_uplink *up)
{
    free_messages(up);
    if (up->epoll_fd >= 0) {
        (void)close(up->epoll_fd);
    }
    (void)lk_slots_destroy(up->slots);
    (void)lk_ring_destroy(up->bell);
    (void)lk_ring_destroy(up->messages);
    (void)lk_ring_destroy(up->events);
    (void)lk_ring_destroy(up->outgoing);
    (void)pthread_cond_destroy(&up->ended_cond);
    (void)pthread_mutex_destroy(&up->lock);
    explicit_bzero(up->set.password, sizeof(up->set.password));
    free(up);
}

/* Signals are the owner's: its thread, not ours or Paho's, is to be interrupted. */
static int start_thread(struct lk_uplink *up)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = -pthread_create(&up->thread, NULL, lk_link_run, up);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return r;
}

int lk_uplink_create(const struct lk_uplink_config *config, struct lk_uplink **ret_up, char *why)
{
    struct lk_uplink *up = calloc(1, sizeof(*up));
    if (!up) {
        (void)lk_text_copy(why, LK_UPLINK_ERROR_MAX, "no memory");
        return -ENOMEM;
    }
    up->epoll_fd = -1;
    create_locks(up);
    int r = lk_uplink_settings_read(config, &up->set, why);
    if (r < 0) {
        free_all(up);
        return r;
    }
    (void)unsetenv("http_proxy");
    (void)unsetenv("https_proxy");
    up->alive_at_ms = lk_uplink_now_ms();
    r = create_rings(up);
    r = r == 0 ? create_epoll(up) : r;
    r = r == 0 ? start_thread(up) : r;
    if (r < 0) {
        (void)snprintf(why, LK_UPLINK_ERROR_MAX, "cannot start: %s", strerror(-r));
        free_all(up);
        return r;
    }
    *ret_up = up;
    return 0;
}

static bool wait_for_end(struct lk_uplink *up)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += STOP_WAIT_MS / 1000;
    until.tv_nsec += (STOP_WAIT_MS % 1000) * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    pthread_mutex_lock(&up->lock);
    while (!up->ended && pthread_cond_timedwait(&up->ended_cond, &up->lock, &until) == 0) {
    }
    bool ended = up->ended;
    pthread_mutex_unlock(&up->lock);
    return ended;
}

struct lk_uplink *lk_uplink_stop(struct lk_uplink *up)
{
    if (!up) {
        return NULL;
    }
    up->stopping = true;
    lk_inbox_wake(up);
    if (wait_for_end(up)) {
        (void)pthread_join(up->thread, NULL);
        free_all(up);
    } else {
        (void)pthread_detach(up->thread);
    }
    return NULL;
}

int lk_uplink_renew(struct lk_uplink *up, const struct lk_uplink_config *config, char *why)
{
    struct lk_uplink_settings set;
    int r = lk_uplink_settings_read(config, &set, why);
    if (r == 0) {
        pthread_mutex_lock(&up->lock);
        memcpy(up->new_password, set.password, sizeof(up->new_password));
        up->renewed = true;
        pthread_mutex_unlock(&up->lock);
        lk_inbox_wake(up);
    }
    explicit_bzero(&set, sizeof(set));
    return r;
}

/* ---- publishing ---- */

static void *place(char **at, const void *bytes, size_t len)
{
    void *to = *at;
    if (len > 0) {
        memcpy(to, bytes, len);
    }
    *at += len;
    return to;
}

static int enqueue(struct lk_uplink *up, const char *topic, const struct lk_outgoing *what)
{
    size_t topic_len = strlen(topic) + 1;
    struct lk_outgoing *o = malloc(sizeof(*o) + topic_len + what->len + what->correlation_len);
    if (!o) {
        return -ENOMEM;
    }
    char *at = (char *)(o + 1);
    *o = *what;
    o->session = up->seen_session;
    o->topic = place(&at, topic, topic_len);
    o->payload = place(&at, what->payload, what->len);
    o->correlation = what->correlation ? place(&at, what->correlation, what->correlation_len) : NULL;
    int r = lk_ring_push(up->outgoing, &o);
    if (r < 0) {
        free(o);
    }
    return r;
}

static int check(const struct lk_uplink *up, size_t len)
{
    if (!up->seen_up) {
        return -ENOTCONN;
    }
    return len <= LK_UPLINK_PAYLOAD_MAX ? 0 : -EMSGSIZE;
}

int lk_uplink_publish(struct lk_uplink *up, enum lk_topic topic, const char *class, const void *payload, size_t len,
                      uint64_t tag, const struct lk_uplink_extra *extra)
{
    char name[LK_TOPIC_MAX];
    int r = lk_topic_write(&up->set.site, topic, class, name, sizeof(name));
    r = r == 0 ? check(up, len) : r;
    if (r < 0) {
        return r;
    }
    struct lk_outgoing what = {
        .tag = tag,
        .retain = lk_topic_retained(topic),
        .content_type = topic == LK_TOPIC_EVT ? "application/cloudevents+json" : "application/json",
        .payload = (void *)payload,
        .len = len,
        .extra = extra ? *extra : (struct lk_uplink_extra){0},
    };
    return enqueue(up, name, &what);
}

int lk_uplink_respond(struct lk_uplink *up, const struct lk_uplink_reply_to *to, const void *payload, size_t len,
                      const struct lk_uplink_extra *extra)
{
    struct lk_outgoing what = {.content_type = "application/json", .payload = (void *)payload, .len = len};
    if (extra) {
        what.extra = *extra;
    }
    int r = check(up, len);
    if (r < 0) {
        return r;
    }
    if (to) {
        what.correlation = (void *)to->correlation;
        what.correlation_len = to->correlation_len;
    }
    r = enqueue(up, up->set.topic[LK_TOPIC_RSP], &what);
    if (r == 0 && to && to->topic && strcmp(to->topic, up->set.topic[LK_TOPIC_RSP]) != 0) {
        r = enqueue(up, to->topic, &what);
    }
    return r;
}

/* ---- notices ---- */

static void begin_drain(struct lk_uplink *up)
{
    if (!up->draining) {
        lk_slots_clear(up->slots);
        lk_ring_clear(up->messages);
        lk_ring_clear(up->bell);
        up->draining = true;
    }
}

static void tell_lost(struct lk_uplink *up, const struct lk_session_news *news, struct lk_uplink_notice *n)
{
    n->kind = LK_UPLINK_LOST;
    n->connected_before = up->seen_up;
    memcpy(n->text, news->down_text, sizeof(n->text));
    up->seen_up = false;
    up->seen_losses = news->losses;
}

static void tell_connected(struct lk_uplink *up, const struct lk_session_news *news, struct lk_uplink_notice *n)
{
    n->kind = LK_UPLINK_CONNECTED;
    n->session = news->session;
    n->version = news->version;
    memcpy(n->text, news->up_text, sizeof(n->text));
    up->seen_up = true;
    up->seen_session = news->session;
    up->seen_losses = news->losses;
}

static bool next_news(struct lk_uplink *up, struct lk_uplink_notice *n)
{
    uint8_t rung;
    (void)lk_ring_pop(up->bell, &rung);
    pthread_mutex_lock(&up->lock);
    struct lk_session_news news = up->news;
    pthread_mutex_unlock(&up->lock);
    if (up->seen_up ? !news.up || news.session != up->seen_session : !news.up && news.losses != up->seen_losses) {
        tell_lost(up, &news, n);
        return true;
    }
    if (!up->seen_up && news.up) {
        tell_connected(up, &news, n);
        return true;
    }
    return false;
}

static void tell_result(const struct lk_slot_result *result, struct lk_uplink_notice *n)
{
    n->kind = result->code == 0 ? LK_UPLINK_DELIVERED : LK_UPLINK_UNDELIVERED;
    n->session = result->session;
    n->tag = result->tag;
    if (result->code > 0) {
        (void)snprintf(n->text, sizeof(n->text), "the broker refused it, reason code 0x%02x", (unsigned)result->code);
    } else if (result->code < 0) {
        (void)snprintf(n->text, sizeof(n->text), "the MQTT library refused it, code %d", result->code);
    }
}

static bool next_result(struct lk_uplink *up, struct lk_uplink_notice *n)
{
    struct lk_slot_result result;
    bool wanted;
    while (lk_slots_collect(up->slots, &result, &wanted)) {
        if (wanted) {
            lk_inbox_wake(up);
        }
        if (up->seen_up && result.session == up->seen_session) {
            tell_result(&result, n);
            return true;
        }
    }
    return false;
}

/* Messages wait for CONNECTED, so that the owner can answer them. */
static bool next_message(struct lk_uplink *up, struct lk_uplink_notice *n)
{
    struct lk_uplink_notice *message;
    if (!up->seen_up) {
        return false;
    }
    if (lk_ring_pop(up->messages, &message)) {
        *n = *message;
        free(message);
        return true;
    }
    n->count = atomic_exchange(&up->dropped, 0);
    n->kind = LK_UPLINK_DROPPED;
    return n->count > 0;
}

bool lk_uplink_next(struct lk_uplink *up, struct lk_uplink_notice *ret_notice)
{
    struct lk_uplink_notice notice = {0};
    begin_drain(up);
    if (next_news(up, &notice) || next_result(up, &notice) || next_message(up, &notice)) {
        *ret_notice = notice;
        return true;
    }
    up->draining = false;
    return false;
}

void lk_uplink_notice_free(struct lk_uplink_notice *notice)
{
    if (notice) {
        free(notice->payload);
        free((void *)notice->reply_to.topic);
        free((void *)notice->reply_to.correlation);
        notice->payload = NULL;
        notice->reply_to = (struct lk_uplink_reply_to){0};
    }
}

int lk_uplink_fd(const struct lk_uplink *up)
{
    return up->epoll_fd;
}

bool lk_uplink_connected(const struct lk_uplink *up)
{
    return up->seen_up;
}

int64_t lk_uplink_alive_at_ms(const struct lk_uplink *up)
{
    return up->alive_at_ms;
}
