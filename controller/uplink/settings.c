#include "base/cleanup.h"
#include "base/text.h"
#include "private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PORT_PLAIN = 1883, PORT_TLS = 8883, HOST_MOST = 200 };

static int complain(char *why, int err, const char *what, const char *text)
{
    struct lk_text t = lk_text_init(why, LK_UPLINK_ERROR_MAX);
    lk_text_addf(&t, "%s: %s", what, text);
    return err;
}

static bool given(const char *s)
{
    return s && s[0] != '\0';
}

/* An absent text becomes "". */
static int copy(char *dst, size_t cap, const char *s, const char *what, char *why)
{
    dst[0] = '\0';
    if (given(s) && lk_text_copy(dst, cap, s) < 0) {
        return complain(why, -EINVAL, what, "too long");
    }
    return 0;
}

static int read_port(const char *text, unsigned *ret_port)
{
    uint64_t port;
    if (lk_text_parse_u64(text, 65535, &port) < 0 || port == 0) {
        return -EINVAL;
    }
    *ret_port = (unsigned)port;
    return 0;
}

/* Where the port of host[:port] or [v6][:port] begins, after the colon; NULL: none. */
static const char *find_port(const char *authority)
{
    const char *from = authority[0] == '[' ? strchr(authority, ']') : authority;
    const char *colon = from ? strchr(from, ':') : NULL;
    return colon ? colon + 1 : NULL;
}

static int read_url(const char *url, struct lk_uplink_settings *set, char *why)
{
    static const char form[] = "must be mqtt://host[:port] or mqtts://host[:port]";
    bool tls = given(url) && strncmp(url, "mqtts://", 8) == 0;
    if (!given(url) || (!tls && strncmp(url, "mqtt://", 7) != 0)) {
        return complain(why, -EINVAL, "url", form);
    }
    const char *authority = url + (tls ? 8 : 7);
    const char *port = find_port(authority);
    size_t host = port ? (size_t)(port - 1 - authority) : strlen(authority);
    bool odd = strpbrk(authority, "/?#@ ") != NULL || (authority[0] == '[' && !strchr(authority, ']'));
    set->port = tls ? PORT_TLS : PORT_PLAIN;
    if (odd || host == 0 || host > HOST_MOST || (port && read_port(port, &set->port) < 0)) {
        return complain(why, -EINVAL, "url", form);
    }
    struct lk_text t = lk_text_init(set->url, sizeof(set->url));
    lk_text_addf(&t, "%s://%.*s:%u", tls ? "mqtts" : "mqtt", (int)host, authority, set->port);
    return 0;
}

static int read_password(const char *file, struct lk_uplink_settings *set, char *why)
{
    if (!given(file)) {
        return 0;
    }
    LK_CLEANUP(lk_fclosep) FILE *f = fopen(file, "re");
    if (!f) {
        int err = -errno;
        return complain(why, err, file, strerror(-err));
    }
    if (!fgets(set->password, sizeof(set->password), f)) {
        return complain(why, -EINVAL, file, "holds no password");
    }
    size_t len = strcspn(set->password, "\r\n");
    if (len == sizeof(set->password) - 1) {
        return complain(why, -EINVAL, file, "the password is too long");
    }
    set->password[len] = '\0';
    return 0;
}

/* Said at start, since Paho would only say so at each attempt. */
static int check_file(const char *file, char *why)
{
    if (file[0] != '\0' && access(file, R_OK) < 0) {
        int err = -errno;
        return complain(why, err, file, strerror(-err));
    }
    return 0;
}

static int read_files(const struct lk_uplink_config *c, struct lk_uplink_settings *set, char *why)
{
    const struct {
        const char *name, *from;
        char *to;
    } files[] = {
        {"ca", c->ca_file, set->ca_file}, {"cert", c->cert_file, set->cert_file}, {"key", c->key_file, set->key_file}};
    for (size_t i = 0; i < LK_ARRAY_SIZE(files); i++) {
        int r = copy(files[i].to, sizeof(set->ca_file), files[i].from, files[i].name, why);
        r = r == 0 ? check_file(files[i].to, why) : r;
        if (r < 0) {
            return r;
        }
    }
    if (given(c->cert_file) != given(c->key_file)) {
        return complain(why, -EINVAL, "cert", "cert and key belong together");
    }
    return read_password(c->password_file, set, why);
}

static int read_names(const struct lk_uplink_config *c, struct lk_uplink_settings *set, char *why)
{
    if (!lk_uplink_site_ok(&c->site)) {
        return complain(why, -EINVAL, "site", "operator and id are letters, digits and . _ -");
    }
    set->site = c->site;
    char own[sizeof(set->client_id)];
    struct lk_text t = lk_text_init(own, sizeof(own));
    lk_text_addf(&t, "lockerd-%s-%s", c->site.operator_id, c->site.site_id);
    int r = copy(set->client_id, sizeof(set->client_id), given(c->client_id) ? c->client_id : own, "client id", why);
    r = r == 0 ? copy(set->username, sizeof(set->username), c->username, "username", why) : r;
    r = r == 0 ? copy(set->epoch, sizeof(set->epoch), c->epoch, "epoch", why) : r;
    r = r == 0 ? copy(set->version, sizeof(set->version), c->version, "version", why) : r;
    for (int topic = LK_TOPIC_PRESENCE; r == 0 && topic < LK_TOPICS; topic++) {
        r = lk_topic_write(&set->site, (enum lk_topic)topic, NULL, set->topic[topic], LK_TOPIC_MAX);
    }
    return r;
}

static unsigned or_else(unsigned value, unsigned otherwise)
{
    return value > 0 ? value : otherwise;
}

int lk_uplink_settings_read(const struct lk_uplink_config *c, struct lk_uplink_settings *ret_set, char *why)
{
    struct lk_uplink_settings set = {0};
    set.mqtt_version = c->mqtt_version;
    set.keepalive_s = or_else(c->keepalive_s, 25);
    set.connect_timeout_s = or_else(c->connect_timeout_s, 10);
    set.reconnect_min_ms = or_else(c->reconnect_min_ms, 1000);
    set.reconnect_max_ms = or_else(c->reconnect_max_ms, 60000);
    set.in_flight = or_else(c->in_flight, 1000);
    if (set.in_flight > LK_SLOTS_MOST - LK_SLOTS_KEPT) {
        return complain(why, -EINVAL, "in flight", "at most 4092");
    }
    int r = read_url(c->url, &set, why);
    r = r == 0 ? read_names(c, &set, why) : r;
    r = r == 0 ? read_files(c, &set, why) : r;
    if (r == 0) {
        *ret_set = set;
    }
    return r;
}
