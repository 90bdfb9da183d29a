#include "base/text.h"
#include "private.h"

#include <stdlib.h>
#include <string.h>

/* ---- Paho's threads, under Paho's lock: copy, enqueue, write the eventfd ---- */

static void on_event(void *user, const struct lk_mqtt_event *event)
{
    struct lk_uplink *up = user;
    (void)lk_ring_push(up->events, event);
}

static void on_published(void *user, uintptr_t mark, int code)
{
    struct lk_uplink *up = user;
    bool leave;
    bool wanted = lk_slots_report(up->slots, mark, code, &leave);
    if (leave) {
        struct lk_mqtt_event event = {.kind = LK_MQTT_ANNOUNCED};
        (void)lk_ring_push(up->events, &event);
    } else if (wanted) {
        lk_inbox_wake(up);
    }
}

/* A copy with a NUL behind it; NULL for NULL or when there is no memory. */
static char *copy_of(const void *bytes, size_t len)
{
    char *copy = bytes ? malloc(len + 1) : NULL;
    if (copy) {
        memcpy(copy, bytes, len);
        copy[len] = '\0';
    }
    return copy;
}

static void copy_reply_to(const struct lk_uplink *up, const struct lk_mqtt_message *message,
                          struct lk_uplink_reply_to *to)
{
    if (message->response_topic && lk_topic_answerable(&up->set.site, message->response_topic, message->response_len)) {
        to->topic = copy_of(message->response_topic, message->response_len);
    }
    if (message->correlation && message->correlation_len <= LK_UPLINK_CORRELATION_MAX) {
        to->correlation = copy_of(message->correlation, message->correlation_len);
        to->correlation_len = to->correlation ? message->correlation_len : 0;
    }
}

static struct lk_uplink_notice *copy_message(const struct lk_uplink *up, const struct lk_mqtt_message *message)
{
    struct lk_uplink_notice *notice = calloc(1, sizeof(*notice));
    if (!notice) {
        return NULL;
    }
    notice->kind = LK_UPLINK_MESSAGE;
    notice->topic = lk_topic_received(&up->set.site, message->topic, message->topic_len);
    notice->retained = message->retained;
    notice->oversize = message->len > LK_UPLINK_MESSAGE_MAX;
    notice->len = message->len;
    if (!notice->oversize) {
        notice->payload = copy_of(message->payload ? message->payload : "", message->len);
        if (!notice->payload) {
            free(notice);
            return NULL;
        }
    }
    copy_reply_to(up, message, &notice->reply_to);
    return notice;
}

static void on_message(void *user, const struct lk_mqtt_message *message)
{
    struct lk_uplink *up = user;
    struct lk_uplink_notice *notice = copy_message(up, message);
    if (!notice || lk_ring_push(up->messages, &notice) < 0) {
        lk_uplink_notice_free(notice);
        free(notice);
        atomic_fetch_add(&up->dropped, 1);
    }
}

struct lk_mqtt_handler lk_inbox_handler(struct lk_uplink *up)
{
    return (struct lk_mqtt_handler){up, on_event, on_published, on_message};
}

/* ---- the thread ---- */

static void ring_bell(struct lk_uplink *up)
{
    uint8_t ring = 1;
    (void)lk_ring_push(up->bell, &ring); /* full: it rings already */
}

void lk_inbox_up(struct lk_uplink *up, uint32_t session, enum lk_mqtt_version version, const char *text)
{
    pthread_mutex_lock(&up->lock);
    up->news.session = session;
    up->news.up = true;
    up->news.version = version;
    struct lk_text t = lk_text_init(up->news.up_text, sizeof(up->news.up_text));
    lk_text_add(&t, text);
    pthread_mutex_unlock(&up->lock);
    ring_bell(up);
}

void lk_inbox_down(struct lk_uplink *up, const char *text)
{
    pthread_mutex_lock(&up->lock);
    up->news.up = false;
    up->news.losses++;
    struct lk_text t = lk_text_init(up->news.down_text, sizeof(up->news.down_text));
    lk_text_add(&t, text);
    pthread_mutex_unlock(&up->lock);
    ring_bell(up);
}

/* ---- anybody ---- */

void lk_inbox_wake(struct lk_uplink *up)
{
    struct lk_mqtt_event event = {.kind = LK_MQTT_WAKE};
    (void)lk_ring_push(up->events, &event); /* full: the thread is being woken anyway */
}
