#include "mqtt.h"

#include "base/text.h"

#include <MQTTAsync.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { SESSION_EXPIRY_S = 7 * 24 * 3600, BUFFERED_MOST = 4096, DISCONNECT_MS = 400, PROTOCOL_REFUSED = 1 };
enum { INSTANCES = 8 };
_Static_assert(INSTANCES <= 1 << (32 - LK_MQTT_MARK_BITS), "mark and instance share 32 bits");

/* Debian's OpenSSL refuses TLS 1.0 and 1.1 from security level 1 on; said here so that a machine's own OpenSSL
 * configuration cannot weaken it. */
static const char ciphers[] = "HIGH:!aNULL:!eNULL:!MD5:@SECLEVEL=2";

struct lk_mqtt {
    MQTTAsync paho;
    struct lk_mqtt_settings set;
    struct lk_mqtt_handler handler;
    unsigned instance;
    _Atomic(enum lk_mqtt_version) version; /* of the current attempt */
    _Atomic uint32_t attempt;
    _Atomic bool spoilt, abandoned;
    char tls_fault[LK_UPLINK_ERROR_MAX]; /* written and read on Paho's threads, under Paho's lock */
};

/* A publication's context is a number, not a pointer: Paho may drop a publication without calling anybody, and may call
 * for one of an earlier connection. The upper bits say which of these it belongs to. */
static struct lk_mqtt *_Atomic instances[INSTANCES];

/* ---- callbacks: Paho's threads, under Paho's lock ---- */

static void report(struct lk_mqtt *m, const struct lk_mqtt_event *event)
{
    if (!m->abandoned) {
        m->handler.event(m->handler.user, event);
    }
}

static void tell(struct lk_mqtt *m, enum lk_mqtt_event_kind kind, const char *text)
{
    struct lk_mqtt_event event = {.kind = kind, .attempt = m->attempt, .version = m->version};
    struct lk_text t = lk_text_init(event.text, sizeof(event.text));
    lk_text_add(&t, text);
    report(m, &event);
}

/* More publications than the broker takes at once must not be given to Paho: those it holds back it looks at again only
 * once a second (1.3.12: its sending thread is not woken by a PUBACK). */
static void on_up(struct lk_mqtt *m, unsigned in_flight_most)
{
    struct lk_mqtt_event event = {
        .kind = LK_MQTT_UP, .attempt = m->attempt, .version = m->version, .in_flight_most = in_flight_most};
    m->tls_fault[0] = '\0';
    report(m, &event);
}

static void on_up_3(void *context, MQTTAsync_successData *data)
{
    (void)data;
    on_up(context, 0);
}

static void on_up_5(void *context, MQTTAsync_successData5 *data)
{
    MQTTProperty *most = data ? MQTTProperties_getProperty(&data->properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM) : NULL;
    on_up(context, most ? most->value.integer2 : 0);
}

static void on_failed(struct lk_mqtt *m, int code, const char *reason, const char *message)
{
    struct lk_mqtt_event event = {.kind = LK_MQTT_FAILED, .attempt = m->attempt, .version = m->version};
    struct lk_text t = lk_text_init(event.text, sizeof(event.text));
    lk_text_addf(&t, "%s", message ? message : reason ? reason : "connection refused or closed");
    lk_text_addf(&t, " (code %d)", code);
    if (m->tls_fault[0] != '\0') {
        lk_text_addf(&t, ": %s", m->tls_fault);
    }
    event.old_broker = m->version == LK_MQTT_5 &&
                       (code == PROTOCOL_REFUSED || code == (int)MQTTREASONCODE_UNSUPPORTED_PROTOCOL_VERSION);
    event.mute = code <= 0;
    m->tls_fault[0] = '\0';
    report(m, &event);
}

static const char *const connack_311[] = {
    [1] = "the broker does not speak this MQTT version",
    [2] = "the broker refuses this client id",
    [3] = "the broker is not available",
    [4] = "wrong user name or password",
    [5] = "the broker does not authorise us",
};

static void on_failed_3(void *context, MQTTAsync_failureData *data)
{
    int code = data ? data->code : 0;
    const char *known = code >= 1 && code <= 5 ? connack_311[code] : NULL;
    on_failed(context, code, known, known || !data ? NULL : data->message);
}

/* A refusing CONNACK's reason comes as reasonCode or as code, depending on Paho's version. */
static void on_failed_5(void *context, MQTTAsync_failureData5 *data)
{
    int code = data ? (data->reasonCode > 0 ? (int)data->reasonCode : data->code) : 0;
    const char *reason =
        code >= (int)MQTTREASONCODE_UNSPECIFIED_ERROR ? MQTTReasonCode_toString((enum MQTTReasonCodes)code) : NULL;
    on_failed(context, code, reason, reason || !data ? NULL : data->message);
}

static void on_lost(void *context, char *cause)
{
    tell(context, LK_MQTT_DOWN, cause ? cause : "the connection was lost");
}

static void on_disconnected(void *context, MQTTProperties *properties, enum MQTTReasonCodes reason)
{
    (void)properties;
    const char *text = MQTTReasonCode_toString(reason);
    struct lk_mqtt_event event = {.kind = LK_MQTT_DOWN};
    struct lk_text t = lk_text_init(event.text, sizeof(event.text));
    lk_text_addf(&t, "the broker ended the connection: %s", text ? text : "no reason");
    struct lk_mqtt *m = context;
    report(m, &event);
}

static void on_closed_3(void *context, MQTTAsync_successData *data)
{
    (void)data;
    tell(context, LK_MQTT_CLOSED, "");
}

static void on_closed_5(void *context, MQTTAsync_successData5 *data)
{
    (void)data;
    tell(context, LK_MQTT_CLOSED, "");
}

static void on_subscribed_3(void *context, MQTTAsync_successData *data)
{
    bool refused = data && data->alt.qos >= 0x80;
    tell(context, LK_MQTT_SUBSCRIBED, refused ? "the broker refuses the subscription" : "");
}

static void on_subscribed_5(void *context, MQTTAsync_successData5 *data)
{
    bool refused = data && data->reasonCode >= MQTTREASONCODE_UNSPECIFIED_ERROR;
    const char *text = refused ? MQTTReasonCode_toString(data->reasonCode) : "";
    tell(context, LK_MQTT_SUBSCRIBED, text ? text : "the broker refuses the subscription");
}

static void on_unsubscribed_3(void *context, MQTTAsync_failureData *data)
{
    (void)data;
    tell(context, LK_MQTT_SUBSCRIBED, "the broker refuses the subscription");
}

static void on_unsubscribed_5(void *context, MQTTAsync_failureData5 *data)
{
    const char *text = data && data->reasonCode > 0 ? MQTTReasonCode_toString(data->reasonCode) : NULL;
    tell(context, LK_MQTT_SUBSCRIBED, text ? text : "the broker refuses the subscription");
}

static void on_published(void *context, int code)
{
    uintptr_t number = (uintptr_t)context;
    struct lk_mqtt *m = instances[number >> LK_MQTT_MARK_BITS];
    if (m) {
        m->spoilt = m->spoilt || code == MQTTASYNC_FAILURE; /* the write failed: see lk_mqtt_is_spoilt */
        m->handler.published(m->handler.user, number & LK_MQTT_MARK_MOST, code);
    }
}

static void on_published_3(void *context, MQTTAsync_successData *data)
{
    (void)data;
    on_published(context, 0);
}

static void on_published_5(void *context, MQTTAsync_successData5 *data)
{
    bool refused = data && data->reasonCode >= MQTTREASONCODE_UNSPECIFIED_ERROR;
    on_published(context, refused ? (int)data->reasonCode : 0);
}

static void on_unpublished_3(void *context, MQTTAsync_failureData *data)
{
    on_published(context, data && data->code != 0 ? data->code : -1);
}

static void on_unpublished_5(void *context, MQTTAsync_failureData5 *data)
{
    int code = data ? (data->reasonCode > 0 ? (int)data->reasonCode : data->code) : -1;
    on_published(context, code != 0 ? code : -1);
}

static const MQTTLenString *property(MQTTAsync_message *message, enum MQTTPropertyCodes code)
{
    MQTTProperty *p = MQTTProperties_getProperty(&message->properties, code);
    return p ? &p->value.data : NULL;
}

static int on_message(void *context, char *topic, int topic_len, MQTTAsync_message *message)
{
    struct lk_mqtt *m = context;
    const MQTTLenString *response = property(message, MQTTPROPERTY_CODE_RESPONSE_TOPIC);
    const MQTTLenString *correlation = property(message, MQTTPROPERTY_CODE_CORRELATION_DATA);
    struct lk_mqtt_message out = {
        .topic = topic,
        .topic_len = topic_len > 0 ? (size_t)topic_len : strlen(topic),
        .payload = message->payload,
        .len = message->payloadlen > 0 ? (size_t)message->payloadlen : 0,
        .retained = message->retained != 0,
        .response_topic = response ? response->data : NULL,
        .response_len = response && response->len > 0 ? (size_t)response->len : 0,
        .correlation = correlation ? correlation->data : NULL,
        .correlation_len = correlation && correlation->len > 0 ? (size_t)correlation->len : 0,
    };
    if (!m->abandoned) {
        m->handler.message(m->handler.user, &out);
    }
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
}

static int on_tls_fault(const char *text, size_t len, void *context)
{
    struct lk_mqtt *m = context;
    struct lk_text t = lk_text_init(m->tls_fault, sizeof(m->tls_fault));
    size_t n = len > 0 && text[len - 1] == '\n' ? len - 1 : len;
    lk_text_addf(&t, "%.*s", (int)(n < sizeof(m->tls_fault) ? n : sizeof(m->tls_fault) - 1), text);
    return 1;
}

/* ---- calls: the uplink's thread ---- */

static int take_instance(struct lk_mqtt *m)
{
    for (unsigned i = 0; i < INSTANCES; i++) {
        struct lk_mqtt *none = NULL;
        if (atomic_compare_exchange_strong(&instances[i], &none, m)) {
            m->instance = i;
            return 0;
        }
    }
    return -ENOMEM;
}

int lk_mqtt_create(const struct lk_mqtt_settings *settings, const struct lk_mqtt_handler *handler,
                   struct lk_mqtt **ret_mqtt)
{
    MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer5;
    options.sendWhileDisconnected = 0;
    options.maxBufferedMessages = BUFFERED_MOST;
    struct lk_mqtt *m = calloc(1, sizeof(*m));
    if (!m) {
        return -ENOMEM;
    }
    m->set = *settings;
    m->handler = *handler;
    if (take_instance(m) < 0) {
        free(m);
        return -ENOMEM;
    }
    if (MQTTAsync_createWithOptions(&m->paho, settings->url, settings->client_id, MQTTCLIENT_PERSISTENCE_NONE, NULL,
                                    &options) != MQTTASYNC_SUCCESS) {
        instances[m->instance] = NULL;
        free(m);
        return -EINVAL;
    }
    (void)MQTTAsync_setCallbacks(m->paho, m, on_lost, on_message, NULL);
    (void)MQTTAsync_setDisconnected(m->paho, m, on_disconnected);
    *ret_mqtt = m;
    return 0;
}

struct lk_mqtt *lk_mqtt_destroy(struct lk_mqtt *m)
{
    if (m && m->spoilt) {
        lk_mqtt_abandon(m);
    } else if (m) {
        MQTTAsync_destroy(&m->paho);
        instances[m->instance] = NULL;
        free(m);
    }
    return NULL;
}

bool lk_mqtt_is_spoilt(const struct lk_mqtt *m)
{
    return m->spoilt;
}

void lk_mqtt_abandon(struct lk_mqtt *m)
{
    m->abandoned = true;
    instances[m->instance] = NULL;
    (void)MQTTAsync_isConnected(m->paho); /* takes Paho's lock: a callback that runs now is over when this returns */
}

static MQTTAsync_SSLOptions tls_options(struct lk_mqtt *m)
{
    MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
    tls.trustStore = m->set.ca_file;
    tls.keyStore = m->set.cert_file;
    tls.privateKey = m->set.key_file;
    tls.enabledCipherSuites = ciphers;
    tls.enableServerCertAuth = 1;
    tls.verify = 1;
    tls.disableDefaultTrustStore = m->set.ca_file != NULL;
    tls.ssl_error_cb = on_tls_fault;
    tls.ssl_error_context = m;
    return tls;
}

static MQTTAsync_connectOptions connect_options(struct lk_mqtt *m)
{
    MQTTAsync_connectOptions v5 = MQTTAsync_connectOptions_initializer5;
    MQTTAsync_connectOptions v3 = MQTTAsync_connectOptions_initializer;
    MQTTAsync_connectOptions o = m->version == LK_MQTT_5 ? v5 : v3;
    if (m->version == LK_MQTT_5) {
        o.cleanstart = 0;
        o.onSuccess5 = on_up_5;
        o.onFailure5 = on_failed_5;
    } else {
        o.MQTTVersion = MQTTVERSION_3_1_1;
        o.cleansession = 0;
        o.onSuccess = on_up_3;
        o.onFailure = on_failed_3;
    }
    o.keepAliveInterval = (int)m->set.keepalive_s;
    o.connectTimeout = (int)m->set.connect_timeout_s;
    o.maxInflight = (int)m->set.in_flight;
    o.username = m->set.username;
    o.password = m->set.password;
    o.context = m;
    return o;
}

int lk_mqtt_connect(struct lk_mqtt *m, enum lk_mqtt_version version, uint32_t attempt, const char *will)
{
    m->version = version;
    m->attempt = attempt;
    MQTTAsync_SSLOptions tls = tls_options(m);
    MQTTAsync_willOptions last = MQTTAsync_willOptions_initializer;
    last.topicName = m->set.will_topic;
    last.message = will;
    last.retained = 1;
    last.qos = 1;
    MQTTProperty expiry = {.identifier = MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL, .value.integer4 = SESSION_EXPIRY_S};
    MQTTProperties properties = MQTTProperties_initializer;
    MQTTAsync_connectOptions options = connect_options(m);
    options.will = &last;
    if (strncmp(m->set.url, "mqtts:", 6) == 0) {
        options.ssl = &tls;
    }
    if (version == LK_MQTT_5 && MQTTProperties_add(&properties, &expiry) == 0) {
        options.connectProperties = &properties;
    }
    int rc = MQTTAsync_connect(m->paho, &options);
    MQTTProperties_free(&properties);
    return rc == MQTTASYNC_SUCCESS ? 0 : -EIO;
}

static MQTTAsync_responseOptions call_options(const struct lk_mqtt *m, MQTTAsync_onSuccess *ok3,
                                              MQTTAsync_onFailure *bad3, MQTTAsync_onSuccess5 *ok5,
                                              MQTTAsync_onFailure5 *bad5)
{
    MQTTAsync_responseOptions o = MQTTAsync_responseOptions_initializer;
    if (m->version == LK_MQTT_5) {
        o.onSuccess5 = ok5;
        o.onFailure5 = bad5;
    } else {
        o.onSuccess = ok3;
        o.onFailure = bad3;
    }
    return o;
}

int lk_mqtt_subscribe(struct lk_mqtt *m, const char *topic)
{
    MQTTAsync_responseOptions o =
        call_options(m, on_subscribed_3, on_unsubscribed_3, on_subscribed_5, on_unsubscribed_5);
    o.context = m;
    if (m->version == LK_MQTT_5) {
        /* So that a command published as retained is known as such also while we are connected. */
        o.subscribeOptions.retainAsPublished = 1;
        o.subscribeOptions.retainHandling = 1;
    }
    return MQTTAsync_subscribe(m->paho, topic, 1, &o) == MQTTASYNC_SUCCESS ? 0 : -EIO;
}

static void add_text(MQTTProperties *properties, enum MQTTPropertyCodes code, const void *data, size_t len)
{
    MQTTProperty p = {.identifier = code};
    p.value.data.data = (char *)data;
    p.value.data.len = (int)len;
    (void)MQTTProperties_add(properties, &p);
}

static void add_pair(MQTTProperties *properties, const struct lk_uplink_property *pair)
{
    MQTTProperty p = {.identifier = MQTTPROPERTY_CODE_USER_PROPERTY};
    p.value.data.data = (char *)pair->name;
    p.value.data.len = (int)strlen(pair->name);
    p.value.value.data = (char *)pair->value;
    p.value.value.len = (int)strlen(pair->value);
    (void)MQTTProperties_add(properties, &p);
}

static void add_properties(MQTTProperties *properties, const struct lk_mqtt_publication *pub)
{
    add_text(properties, MQTTPROPERTY_CODE_CONTENT_TYPE, pub->content_type, strlen(pub->content_type));
    if (pub->correlation) {
        add_text(properties, MQTTPROPERTY_CODE_CORRELATION_DATA, pub->correlation, pub->correlation_len);
    }
    if (pub->expiry_s > 0) {
        MQTTProperty p = {.identifier = MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL, .value.integer4 = pub->expiry_s};
        (void)MQTTProperties_add(properties, &p);
    }
    for (size_t i = 0; i < LK_UPLINK_PROPERTIES && pub->user[i].name[0] != '\0'; i++) {
        add_pair(properties, &pub->user[i]);
    }
}

static int translate(int rc)
{
    switch (rc) {
    case MQTTASYNC_SUCCESS:
        return 0;
    case MQTTASYNC_MAX_BUFFERED_MESSAGES:
    case MQTTASYNC_NO_MORE_MSGIDS:
    case MQTTASYNC_MAX_MESSAGES_INFLIGHT:
        return -EAGAIN;
    case MQTTASYNC_DISCONNECTED:
        return -ENOTCONN;
    }
    return -EIO;
}

int lk_mqtt_publish(struct lk_mqtt *m, const struct lk_mqtt_publication *pub)
{
    MQTTAsync_message message = MQTTAsync_message_initializer;
    message.payload = (void *)pub->payload;
    message.payloadlen = (int)pub->len;
    message.qos = 1;
    message.retained = pub->retain;
    if (m->version == LK_MQTT_5) {
        add_properties(&message.properties, pub);
    }
    MQTTAsync_responseOptions o = call_options(m, on_published_3, on_unpublished_3, on_published_5, on_unpublished_5);
    o.context = (void *)((uintptr_t)m->instance << LK_MQTT_MARK_BITS | pub->mark);
    int rc = MQTTAsync_sendMessage(m->paho, pub->topic, &message, &o);
    MQTTProperties_free(&message.properties);
    return translate(rc);
}

bool lk_mqtt_is_connected(struct lk_mqtt *m)
{
    return MQTTAsync_isConnected(m->paho) != 0;
}

void lk_mqtt_disconnect(struct lk_mqtt *m)
{
    MQTTAsync_disconnectOptions o = MQTTAsync_disconnectOptions_initializer;
    o.timeout = DISCONNECT_MS;
    o.context = m;
    if (m->version == LK_MQTT_5) {
        MQTTAsync_disconnectOptions v5 = MQTTAsync_disconnectOptions_initializer5;
        v5.timeout = DISCONNECT_MS;
        v5.context = m;
        v5.onSuccess5 = on_closed_5;
        o = v5;
    } else {
        o.onSuccess = on_closed_3;
    }
    if (MQTTAsync_disconnect(m->paho, &o) != MQTTASYNC_SUCCESS) {
        tell(m, LK_MQTT_CLOSED, "");
    }
}
