/*
 * The topics of one site, `locker/v1/{operator}/{site}/...`. The one place where their names, their quality of service
 * and their retain flag are written down. Pure; any thread; nothing allocates. Described for integrators in
 * docs/contract/README.md.
 */
#ifndef UPLINK_TOPIC_H
#define UPLINK_TOPIC_H

#include "core/words.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    LK_OPERATOR_MAX = 32, /* characters of an operator id */
    LK_SITE_MAX = 32,     /* characters of a site id */
    LK_TOPIC_MAX = 128,   /* bytes of a topic of ours with its NUL */
};

/* What we publish, then what we listen to. All QoS 1. */
enum lk_topic {
    LK_TOPIC_EVT,          /* evt/{class}; not retained */
    LK_TOPIC_PRESENCE,     /* state/presence; retained; the uplink publishes it by itself */
    LK_TOPIC_COMPARTMENTS, /* state/compartments; retained */
    LK_TOPIC_HEALTH,       /* state/health; retained */
    LK_TOPIC_RSP,          /* rsp; not retained */
    LK_TOPIC_CMD,          /* cmd; listened to; a retained message there is refused */
    LK_TOPIC_ACK,          /* ack; listened to */
    LK_TOPICS
};

/* Who a message is about. Both are ids (base/text.h lk_text_is_id), so neither can hold '/', '+' or '#'. */
struct lk_uplink_site {
    char operator_id[LK_OPERATOR_MAX + 1];
    char site_id[LK_SITE_MAX + 1];
};

/* Whether both ids are well formed. */
bool lk_uplink_site_ok(const struct lk_uplink_site *site);

/* Writes the topic. `class` is needed by LK_TOPIC_EVT and must be NULL for the others.
 * 0, -EINVAL (class missing, unknown or not wanted) or -ENAMETOOLONG. */
int lk_topic_write(const struct lk_uplink_site *site, enum lk_topic topic, const char *class, char *buf, size_t cap);

/* Whether messages of this kind are retained. */
bool lk_topic_retained(enum lk_topic topic);

/* Which of ours a received topic is: LK_TOPIC_CMD, LK_TOPIC_ACK, or LK_TOPICS for anything else. */
enum lk_topic lk_topic_received(const struct lk_uplink_site *site, const char *topic, size_t len);

/* The class of an event, the part of its name before the dot: "item", "door", "access", "site" or "audit". Static. */
const char *lk_topic_class(enum lk_event_type type);

/* Whether an answer may be sent to this response topic, which a stranger chose: UTF-8 without controls, no wildcard,
 * not under '$', at most 256 bytes, and nothing below our own tree but `rsp`, so that nobody can make us speak in our
 * own or another part's name. */
bool lk_topic_answerable(const struct lk_uplink_site *site, const char *topic, size_t len);

#endif
