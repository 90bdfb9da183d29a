/*
 * MQTT as the uplink's thread needs it, so that Paho stays in mqtt_paho.c. A thin layer: it translates calls, callbacks
 * and errors and decides nothing.
 *
 * Threads: every lk_mqtt_* call belongs to the uplink's thread. The handler's functions run on Paho's threads under
 * Paho's lock: they copy and enqueue, and never call back into this header.
 */
#ifndef UPLINK_MQTT_H
#define UPLINK_MQTT_H

#include "uplink/uplink.h"

enum { LK_MQTT_MARK_BITS = 28, LK_MQTT_MARK_MOST = (1 << LK_MQTT_MARK_BITS) - 1 };

enum lk_mqtt_event_kind {
    LK_MQTT_UP,         /* attempt, version, in_flight_most: CONNACK came */
    LK_MQTT_FAILED,     /* attempt, old_broker, text: the connection did not come up */
    LK_MQTT_DOWN,       /* text: the connection that was up ended */
    LK_MQTT_SUBSCRIBED, /* attempt, text "" or what the broker had against it */
    LK_MQTT_CLOSED,     /* our disconnect is through */
    LK_MQTT_ANNOUNCED,  /* the broker has our last presence (made by the uplink) */
    LK_MQTT_WAKE,       /* nothing happened: look at your queues (made by the uplink) */
};

struct lk_mqtt_event {
    enum lk_mqtt_event_kind kind;
    uint32_t attempt;
    enum lk_mqtt_version version;
    bool old_broker;         /* it does not speak MQTT 5, and says so */
    bool mute;               /* FAILED: it said nothing in MQTT at all */
    unsigned in_flight_most; /* the broker takes so many publications at once; 0: it did not say */
    char text[LK_UPLINK_ERROR_MAX];
};

/* A received message; borrowed for the call. */
struct lk_mqtt_message {
    const char *topic;
    size_t topic_len;
    const void *payload;
    size_t len;
    bool retained;
    const char *response_topic; /* not terminated; NULL when there is none */
    size_t response_len;
    const void *correlation;
    size_t correlation_len;
};

struct lk_mqtt_handler {
    void *user;
    void (*event)(void *user, const struct lk_mqtt_event *event);
    /* mark: as given to publish. code 0: PUBACK; else the reason code or Paho's error. */
    void (*published)(void *user, uintptr_t mark, int code);
    void (*message)(void *user, const struct lk_mqtt_message *message);
};

/* Borrowed for the life of the object. */
struct lk_mqtt_settings {
    const char *url, *client_id, *will_topic;
    const char *ca_file, *cert_file, *key_file, *username, *password;
    unsigned keepalive_s, connect_timeout_s, in_flight;
};

struct lk_mqtt;

/* 0 or -EINVAL (url), -ENOMEM. The caller frees it with lk_mqtt_destroy(). Makes no connection. */
int lk_mqtt_create(const struct lk_mqtt_settings *settings, const struct lk_mqtt_handler *handler,
                   struct lk_mqtt **ret_mqtt);

/* Ends Paho's part; abandons it when it is spoilt. No handler function runs after it. NULL is fine; returns NULL. */
struct lk_mqtt *lk_mqtt_destroy(struct lk_mqtt *mqtt);

/* Whether Paho's state must not be used for another connection. Paho 1.3.12 frees a payload whose writing failed and
 * keeps it among those to be sent again: the next connection would send whatever lies there by then, for ever. */
bool lk_mqtt_is_spoilt(const struct lk_mqtt *mqtt);

/* For a spoilt object: what Paho holds stays where it is until the process ends, since freeing it
 * would free the payload twice. Nothing is reported any more. */
void lk_mqtt_abandon(struct lk_mqtt *mqtt);

/* Begins one attempt; UP or FAILED follows with its number. Once 3.1.1 was used 5 cannot be used again. 0 or -EIO. */
int lk_mqtt_connect(struct lk_mqtt *mqtt, enum lk_mqtt_version version, uint32_t attempt, const char *will);

/* SUBSCRIBED follows. 0 or -EIO. */
int lk_mqtt_subscribe(struct lk_mqtt *mqtt, const char *topic);

/* One publication, QoS 1; everything is copied. */
struct lk_mqtt_publication {
    const char *topic;
    const void *payload;
    size_t len;
    bool retain;
    const char *content_type; /* 5 only */
    const void *correlation;  /* 5 only; NULL: none */
    size_t correlation_len;
    uint32_t expiry_s;                                    /* 5 only; 0: it never expires */
    struct lk_uplink_property user[LK_UPLINK_PROPERTIES]; /* 5 only; until one without a name */
    uintptr_t mark;                                       /* 0..LK_MQTT_MARK_MOST; comes back with published() */
};

/* 0: published() follows, unless the connection ends first; -EAGAIN: Paho's buffer is full; -ENOTCONN; -EIO: never. */
int lk_mqtt_publish(struct lk_mqtt *mqtt, const struct lk_mqtt_publication *publication);

bool lk_mqtt_is_connected(struct lk_mqtt *mqtt);

/* Disconnects cleanly: no will. CLOSED follows. */
void lk_mqtt_disconnect(struct lk_mqtt *mqtt);

/* Sends small packets at once: TCP_NODELAY on every TCP socket of this process whose peer has this port (Paho 1.3.12
 * has no option for it and does not show its socket). Returns how many. */
int lk_mqtt_set_nodelay(unsigned port);

/* Shuts the same sockets down without a word, so that the broker publishes the will. */
int lk_mqtt_break(unsigned port);

#endif
