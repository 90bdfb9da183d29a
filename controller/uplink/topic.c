#include "uplink/topic.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>

struct row {
    const char *path;
    bool retained;
};

static const struct row rows[LK_TOPICS] = {
    [LK_TOPIC_EVT] = {"evt", false},
    [LK_TOPIC_PRESENCE] = {"state/presence", true},
    [LK_TOPIC_COMPARTMENTS] = {"state/compartments", true},
    [LK_TOPIC_HEALTH] = {"state/health", true},
    [LK_TOPIC_RSP] = {"rsp", false},
    [LK_TOPIC_CMD] = {"cmd", false},
    [LK_TOPIC_ACK] = {"ack", false},
};

static const char *const classes[] = {"item", "door", "access", "site", "audit"};

bool lk_uplink_site_ok(const struct lk_uplink_site *site)
{
    return lk_text_is_id(site->operator_id, LK_OPERATOR_MAX) && lk_text_is_id(site->site_id, LK_SITE_MAX);
}

static bool is_class(const char *class)
{
    for (size_t i = 0; i < LK_ARRAY_SIZE(classes); i++) {
        if (strcmp(classes[i], class) == 0) {
            return true;
        }
    }
    return false;
}

int lk_topic_write(const struct lk_uplink_site *site, enum lk_topic topic, const char *class, char *buf, size_t cap)
{
    if ((unsigned)topic >= LK_TOPICS || (topic == LK_TOPIC_EVT) != (class != NULL) || (class && !is_class(class))) {
        return -EINVAL;
    }
    struct lk_text t = lk_text_init(buf, cap);
    lk_text_addf(&t, "locker/v1/%s/%s/%s", site->operator_id, site->site_id, rows[topic].path);
    if (class) {
        lk_text_addf(&t, "/%s", class);
    }
    return t.truncated ? -ENAMETOOLONG : 0;
}

bool lk_topic_retained(enum lk_topic topic)
{
    return (unsigned)topic < LK_TOPICS && rows[topic].retained;
}

static bool is_topic(const struct lk_uplink_site *site, enum lk_topic which, const char *topic, size_t len)
{
    char own[LK_TOPIC_MAX];
    return lk_topic_write(site, which, NULL, own, sizeof(own)) == 0 && strlen(own) == len &&
           memcmp(own, topic, len) == 0;
}

enum lk_topic lk_topic_received(const struct lk_uplink_site *site, const char *topic, size_t len)
{
    if (is_topic(site, LK_TOPIC_CMD, topic, len)) {
        return LK_TOPIC_CMD;
    }
    return is_topic(site, LK_TOPIC_ACK, topic, len) ? LK_TOPIC_ACK : LK_TOPICS;
}

const char *lk_topic_class(enum lk_event_type type)
{
    const char *name = lk_event_type_name(type);
    for (size_t i = 0; i < LK_ARRAY_SIZE(classes); i++) {
        size_t n = strlen(classes[i]);
        if (strncmp(name, classes[i], n) == 0 && name[n] == '.') {
            return classes[i];
        }
    }
    return "site";
}

static bool has_bad_byte(const char *topic, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)topic[i];
        if (c < 0x20 || c == 0x7f || c == '+' || c == '#') {
            return true;
        }
    }
    return false;
}

bool lk_topic_answerable(const struct lk_uplink_site *site, const char *topic, size_t len)
{
    if (len < 1 || len > 256 || topic[0] == '$' || has_bad_byte(topic, len) || !lk_text_is_utf8(topic, len)) {
        return false;
    }
    static const char tree[] = "locker/";
    bool inside = len >= sizeof(tree) - 1 && memcmp(topic, tree, sizeof(tree) - 1) == 0;
    return !inside || is_topic(site, LK_TOPIC_RSP, topic, len);
}
