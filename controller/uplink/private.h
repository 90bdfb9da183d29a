/*
 * What uplink.c (the owner's side), link.c (the thread) and inbox.c (between them) share. Each field says who may touch
 * it.
 */
#ifndef UPLINK_PRIVATE_H
#define UPLINK_PRIVATE_H

#include "base/ring.h"
#include "mqtt.h"
#include "slots.h"

#include "core/record.h"

#include <pthread.h>
#include <stdatomic.h>

/* One publication on its way to the thread: one allocation, freed by whoever takes it out of the queue. */
struct lk_outgoing {
    uint32_t session; /* the one the owner believed in; another one makes it void */
    uint64_t tag;
    bool retain;
    const char *content_type;
    struct lk_uplink_extra extra;
    char *topic;
    void *payload;
    size_t len;
    void *correlation;
    size_t correlation_len;
};

/* The state of the connection, as the thread last told it; the owner compares it with what it has seen. A value instead
 * of a queue, so that a connection that flaps cannot fill anything. */
struct lk_session_news {
    uint32_t session; /* counts connections */
    bool up;
    uint32_t losses; /* counts lost connections and failed attempts */
    enum lk_mqtt_version version;
    char up_text[LK_UPLINK_ERROR_MAX], down_text[LK_UPLINK_ERROR_MAX];
};

/* Everything text-like of the configuration, resolved and owned. */
struct lk_uplink_settings {
    char url[256], client_id[LK_OPERATOR_MAX + LK_SITE_MAX + 16];
    char ca_file[256], cert_file[256], key_file[256], username[128], password[256];
    char epoch[LK_EPOCH_MAX + 1], version[64];
    char topic[LK_TOPICS][LK_TOPIC_MAX]; /* all but evt */
    unsigned port;
    unsigned keepalive_s, connect_timeout_s, reconnect_min_ms, reconnect_max_ms, in_flight;
    enum lk_mqtt_version mqtt_version;
    struct lk_uplink_site site;
};

enum lk_link_state {
    LK_LINK_DOWN,        /* until deadline: then the next attempt */
    LK_LINK_CONNECTING,  /* until deadline: Paho should have said something */
    LK_LINK_SUBSCRIBING, /* until deadline: the broker should have answered both */
    LK_LINK_UP,
    LK_LINK_TAKING_LEAVE, /* `stopped` is on its way */
    LK_LINK_CLOSING,      /* our DISCONNECT is on its way */
    LK_LINK_ENDED,
};

/* The thread's own; nobody else looks. */
struct lk_link {
    enum lk_link_state state;
    int64_t deadline_at_ms, up_since_ms, probe_at_ms, retry_publish_at_ms;
    uint32_t attempt, session;
    unsigned subscribed, backoff_ms;
    enum lk_mqtt_version version;
    struct lk_outgoing *held; /* taken from the queue, not yet taken by Paho */
    bool starved;             /* no slot was free */
    unsigned hung_up;         /* how often in a row the broker hung up on MQTT 5 */
    bool fresh;               /* the next attempt needs a fresh Paho object */
    char warning[LK_UPLINK_ERROR_MAX];
};

struct lk_uplink {
    struct lk_uplink_settings set; /* fixed after create */
    struct lk_mqtt *mqtt;          /* the thread's, after create */
    struct lk_link link;           /* the thread's */

    struct lk_ring *outgoing; /* struct lk_outgoing *; owner -> thread */
    struct lk_ring *events;   /* struct lk_mqtt_event; Paho and owner -> thread */
    struct lk_slots *slots;
    struct lk_ring *messages; /* struct lk_uplink_notice *; Paho -> owner */
    struct lk_ring *bell;     /* uint8_t: look at the news; thread -> owner */
    _Atomic unsigned dropped; /* messages thrown away */
    _Atomic bool stopping;
    _Atomic int64_t alive_at_ms;

    pthread_mutex_t lock; /* news, ended */
    pthread_cond_t ended_cond;
    struct lk_session_news news;
    bool ended;
    bool renewed;           /* owner -> thread: files have new contents */
    char new_password[256]; /* ... and this is the password now */

    /* the owner's */
    pthread_t thread;
    int epoll_fd;
    bool draining, seen_up;
    uint32_t seen_session, seen_losses;
};

int64_t lk_uplink_now_ms(void);

/* settings.c: checks and copies the configuration; `why` as lk_uplink_create(). */
int lk_uplink_settings_read(const struct lk_uplink_config *config, struct lk_uplink_settings *ret_set, char *why);

/* link.c: the thread's whole life; argument and result of pthread_create(3). */
void *lk_link_run(void *uplink);

/* inbox.c: the handler for Paho's callbacks. */
struct lk_mqtt_handler lk_inbox_handler(struct lk_uplink *up);

/* inbox.c: the thread tells the owner; text may be "". */
void lk_inbox_up(struct lk_uplink *up, uint32_t session, enum lk_mqtt_version version, const char *text);
void lk_inbox_down(struct lk_uplink *up, const char *text);

/* inbox.c: makes the thread look at its queues. */
void lk_inbox_wake(struct lk_uplink *up);

#endif
