/*
 * The connection to upstream: MQTT 5 (3.1.1 when the broker knows no better) by Eclipse Paho, kept up for the life of
 * the process. One thread of its own owns every Paho call, so that a slow look-up, a dead broker or a stalled handshake
 * never holds up the caller.
 *
 * Threads: every function here belongs to ONE thread, the owner, and none of them blocks except lk_uplink_stop().
 * The owner polls lk_uplink_fd() and drains lk_uplink_next().
 *
 * What it promises and what it does not: messages leave in the order they were published; DELIVERED is the broker's
 * PUBACK, which proves nothing about upstream (law 6). Nothing is kept over a lost connection: LOST ends everything
 * published before it, and the owner publishes anew what it still needs (uplink/outbox.h) after CONNECTED.
 *
 * Presence is the uplink's own: `online` (retained) first thing on every connection, `offline` as the will, `stopped`
 * by lk_uplink_stop(). All carry the same epoch.
 *
 * Process: the caller ignores SIGPIPE before create. create() unsets http_proxy and https_proxy, which Paho would use.
 */
#ifndef UPLINK_UPLINK_H
#define UPLINK_UPLINK_H

#include "uplink/topic.h"

#include <stdint.h>

enum {
    LK_UPLINK_QUEUE = 2048,          /* publications on their way at most; more is -EAGAIN */
    LK_UPLINK_PAYLOAD_MAX = 65536,   /* bytes of a payload we publish */
    LK_UPLINK_MESSAGE_MAX = 16384,   /* bytes of a received payload that are handed on */
    LK_UPLINK_CORRELATION_MAX = 256, /* bytes of correlation data that are given back; longer ones are ignored */
    LK_UPLINK_ERROR_MAX = 160,       /* bytes of an error text with its NUL */
    LK_UPLINK_STOP_MS = 3000,        /* lk_uplink_stop() returns within this */
};

/* Which protocol to speak. AUTO begins with 5 and stays with 3.1.1 once a broker refused 5, or hangs up on it and
 * answers 3.1.1. */
enum lk_mqtt_version { LK_MQTT_AUTO, LK_MQTT_5, LK_MQTT_311 };

/* All text is borrowed for the call of create only. NULL or "": not used. */
struct lk_uplink_config {
    const char *url;       /* mqtt://host[:port] (1883) or mqtts://host[:port] (8883); IPv6 in brackets */
    const char *client_id; /* NULL: "lockerd-{operator}-{site}"; the same after each restart, or commands get lost */
    struct lk_uplink_site site;
    const char *epoch;         /* of the event log; goes into presence */
    const char *version;       /* of the program; goes into presence */
    const char *ca_file;       /* PEM; mqtts: NULL means the system's store */
    const char *cert_file;     /* PEM chain of the client certificate */
    const char *key_file;      /* PEM key of it, without a pass phrase */
    const char *username;      /* with password_file */
    const char *password_file; /* its first line is the password; read once by create */
    enum lk_mqtt_version mqtt_version;
    unsigned keepalive_s;       /* 0: 25 */
    unsigned connect_timeout_s; /* 0: 10 */
    unsigned reconnect_min_ms;  /* 0: 1000; doubles with a random part up to */
    unsigned reconnect_max_ms;  /* 0: 60000 */
    unsigned in_flight;         /* publications without PUBACK at most, 0: 1000 */
};

/* What MQTT 5 carries beside a message, for brokers and bridges that look at no payload. With 3.1.1 it is left out. */
enum { LK_UPLINK_PROPERTIES = 2, LK_UPLINK_PROPERTY_MAX = 48 };

struct lk_uplink_property {
    char name[8], value[LK_UPLINK_PROPERTY_MAX]; /* name "": none */
};

struct lk_uplink_extra {
    uint32_t expiry_s; /* a broker throws it away then; 0: never */
    struct lk_uplink_property user[LK_UPLINK_PROPERTIES];
};

struct lk_uplink;

/* Starts the thread and begins to connect. 0; -EINVAL with *why naming the wrong setting; -ENOMEM; the errno of a file
 * that cannot be read (why names it). `why` holds LK_UPLINK_ERROR_MAX bytes and is written only on failure.
 * *ret_up is the caller's, who ends it with lk_uplink_stop(). */
int lk_uplink_create(const struct lk_uplink_config *config, struct lk_uplink **ret_up, char *why);

/* Publishes `stopped` when connected, disconnects cleanly, ends the thread and frees everything; returns within
 * LK_UPLINK_STOP_MS also when the broker is dead. When Paho itself is stuck in a system call (a name server that does
 * not answer) the thread and its memory are left to the end of the process. NULL is fine. Returns NULL. */
struct lk_uplink *lk_uplink_stop(struct lk_uplink *up);

/* Publishes one message, QoS 1; retain by the topic's table. `payload` is copied. class: as lk_topic_write().
 * tag != 0 asks for DELIVERED or UNDELIVERED with this tag; 0 is quiet. extra: may be NULL.
 * 0; -ENOTCONN (by the notices taken so far; nothing was queued); -EAGAIN when the queue is full; -EMSGSIZE; -EINVAL;
 * -ENOMEM. */
int lk_uplink_publish(struct lk_uplink *up, enum lk_topic topic, const char *class, const void *payload, size_t len,
                      uint64_t tag, const struct lk_uplink_extra *extra);

/* Where a command wants its answer besides `rsp`; borrowed from a notice. Topic NULL: nowhere else. */
struct lk_uplink_reply_to {
    const char *topic; /* NUL-terminated; already found lk_topic_answerable() */
    const void *correlation;
    size_t correlation_len;
};

/* Publishes an answer to `rsp`, and a copy to to->topic when there is one; the correlation data goes with both. `to`
 * may be NULL. Errors as lk_uplink_publish(). Answer only commands whose signature was found right. */
int lk_uplink_respond(struct lk_uplink *up, const struct lk_uplink_reply_to *to, const void *payload, size_t len,
                      const struct lk_uplink_extra *extra);

/* The files named by the configuration have new contents: the connection is ended cleanly and made anew with them. What
 * was in flight comes back as after any lost connection. `config` is that of create, with its files; only they count.
 * 0, or what create() says about them, and then nothing changes. */
int lk_uplink_renew(struct lk_uplink *up, const struct lk_uplink_config *config, char *why);

enum lk_uplink_notice_kind {
    LK_UPLINK_CONNECTED,   /* session, version; publish from here on. text: what the broker denied us, mostly "" */
    LK_UPLINK_LOST,        /* text: the connection ended, or an attempt failed (connected_before tells which) */
    LK_UPLINK_DELIVERED,   /* tag: the broker has it */
    LK_UPLINK_UNDELIVERED, /* tag, text: the broker refused it; the connection stays */
    LK_UPLINK_MESSAGE,     /* topic, retained, payload, reply_to */
    LK_UPLINK_DROPPED,     /* count: received messages thrown away because the owner was too slow */
};

/* One notice. Pointers belong to it until lk_uplink_notice_free(). */
struct lk_uplink_notice {
    enum lk_uplink_notice_kind kind;
    uint32_t session;             /* counts connections from 1; CONNECTED, DELIVERED, UNDELIVERED */
    enum lk_mqtt_version version; /* CONNECTED: 5 or 311 */
    bool connected_before;        /* LOST: there was a connection (else: one more attempt failed) */
    uint64_t tag;
    unsigned count;
    char text[LK_UPLINK_ERROR_MAX]; /* English, for the log and lockerctl */
    enum lk_topic topic;            /* MESSAGE: CMD, ACK, or LK_TOPICS for anything else */
    bool retained;                  /* MESSAGE: the broker kept it; never obey such a command */
    bool oversize;                  /* MESSAGE: longer than LK_UPLINK_MESSAGE_MAX; payload is NULL */
    char *payload;                  /* MESSAGE: len bytes and a NUL behind them */
    size_t len;                     /* as received, also when oversize */
    struct lk_uplink_reply_to reply_to;
};

/* Readable while notices may wait. Valid until stop. */
int lk_uplink_fd(const struct lk_uplink *up);

/* The next notice; false when there is none. Call until false. Notices of one kind come in order; DELIVERED never comes
 * for something published before the last LOST. */
bool lk_uplink_next(struct lk_uplink *up, struct lk_uplink_notice *ret_notice);

/* Frees what the notice points to. */
void lk_uplink_notice_free(struct lk_uplink_notice *notice);

/* Whether the notices taken so far say that we are connected. */
bool lk_uplink_connected(const struct lk_uplink *up);

/* Milliseconds of the monotonic clock when the uplink's thread last went round its loop; it does so at least once a
 * second while it lives and Paho answers. For the watchdog, which must allow for the resolver's time-outs
 * (resolv.conf(5): 5 s, twice for each server): Paho holds its lock while it looks a name up. */
int64_t lk_uplink_alive_at_ms(const struct lk_uplink *up);

#endif
