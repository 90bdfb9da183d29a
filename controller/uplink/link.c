#include "base/text.h"
#include "private.h"
#include "probe.h"
#include "uplink/envelope.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
    TURN_MS = 1000,        /* the loop turns at least this often */
    PROBE_MS = 1000,       /* between two looks whether Paho still believes in the connection */
    PAHO_SLACK_MS = 20000, /* Paho should end an attempt within its time-out; this much later we do */
    SUBSCRIBE_MS = 15000,  /* the broker answers both subscriptions within this */
    STEADY_MS = 10000,     /* a connection that lasted this long forgets the failures before it */
    LEAVE_MS = 1500,       /* `stopped` is acknowledged within this */
    CLOSE_MS = 600,        /* our DISCONNECT is through within this */
    HANG_UPS = 2,          /* on MQTT 5 in a row: then we ask whether it knows 3.1.1 only */
    NICE = 5,
    RENEW_MS = 600,    /* our DISCONNECT is through, then the next attempt */
    PAHO_FULL_MS = 20, /* Paho's buffer is full: try again then */
    SUBSCRIPTIONS = 2,
    SEND_AT_ONCE = 256, /* publications in one turn */
};

int64_t lk_uplink_now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void write_presence(const struct lk_uplink *up, const char *state, char *buf, size_t cap)
{
    struct timespec now;
    char time[LK_TIME_MAX];
    (void)clock_gettime(CLOCK_REALTIME, &now);
    lk_envelope_time(time, (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
    struct lk_text t = lk_text_init(buf, cap);
    lk_envelope_presence(&t, state, up->set.epoch, time, up->set.version);
}

static void enter(struct lk_link *link, enum lk_link_state state, int64_t deadline_at_ms)
{
    link->state = state;
    link->deadline_at_ms = deadline_at_ms;
}

/* ---- going down ---- */

static void throw_away_outgoing(struct lk_uplink *up)
{
    struct lk_outgoing *outgoing;
    free(up->link.held);
    up->link.held = NULL;
    while (lk_ring_pop(up->outgoing, &outgoing)) {
        free(outgoing);
    }
}

/* Between half and all of the current patience, so that the sites of a city do not return to a broker in one instant.
 */
static unsigned next_pause_ms(struct lk_uplink *up)
{
    unsigned pause = up->link.backoff_ms;
    unsigned chance = 0;
    if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) < 0) {
        chance = 0;
    }
    unsigned longer = pause * 2;
    up->link.backoff_ms = longer < up->set.reconnect_max_ms ? longer : up->set.reconnect_max_ms;
    return pause / 2 + chance % (pause / 2 + 1);
}

static void go_down(struct lk_uplink *up, int64_t now_ms, const char *text)
{
    struct lk_link *link = &up->link;
    if (link->state == LK_LINK_UP && now_ms - link->up_since_ms >= STEADY_MS) {
        link->backoff_ms = up->set.reconnect_min_ms;
    }
    lk_slots_forget(up->slots);
    throw_away_outgoing(up);
    lk_inbox_down(up, text);
    enter(link, up->stopping ? LK_LINK_ENDED : LK_LINK_DOWN, now_ms + next_pause_ms(up));
}

/* Paho still thinks otherwise: make it end the connection too. */
static void give_up(struct lk_uplink *up, int64_t now_ms, const char *text)
{
    (void)lk_mqtt_break(up->set.port);
    lk_mqtt_disconnect(up->mqtt);
    go_down(up, now_ms, text);
}

/* ---- coming up ---- */

static struct lk_mqtt_settings mqtt_settings(const struct lk_uplink_settings *set)
{
    return (struct lk_mqtt_settings){
        .url = set->url,
        .client_id = set->client_id,
        .will_topic = set->topic[LK_TOPIC_PRESENCE],
        .ca_file = set->ca_file[0] != '\0' ? set->ca_file : NULL,
        .cert_file = set->cert_file[0] != '\0' ? set->cert_file : NULL,
        .key_file = set->key_file[0] != '\0' ? set->key_file : NULL,
        .username = set->username[0] != '\0' ? set->username : NULL,
        .password = set->password[0] != '\0' ? set->password : NULL,
        .keepalive_s = set->keepalive_s,
        .connect_timeout_s = set->connect_timeout_s,
        .in_flight = set->in_flight,
    };
}

/* A fresh Paho object instead of a spoilt one. When that fails the next attempt tries again. */
static int renew(struct lk_uplink *up)
{
    struct lk_mqtt_settings settings = mqtt_settings(&up->set);
    struct lk_mqtt_handler handler = lk_inbox_handler(up);
    struct lk_mqtt *fresh;
    if (!lk_mqtt_is_spoilt(up->mqtt) && !up->link.fresh) {
        return 0;
    }
    int r = lk_mqtt_create(&settings, &handler, &fresh);
    if (r == 0) {
        lk_mqtt_abandon(up->mqtt);
        up->mqtt = fresh;
        up->link.fresh = false;
    }
    return r;
}

static void attempt(struct lk_uplink *up, int64_t now_ms)
{
    char will[512];
    struct lk_link *link = &up->link;
    write_presence(up, "offline", will, sizeof(will));
    link->attempt++;
    enter(link, LK_LINK_CONNECTING, now_ms + up->set.connect_timeout_s * 1000 + PAHO_SLACK_MS);
    if (renew(up) < 0 || lk_mqtt_connect(up->mqtt, link->version, link->attempt, will) < 0) {
        go_down(up, now_ms, "the MQTT library refuses to connect");
    }
}

static void on_up(struct lk_uplink *up, const struct lk_mqtt_event *event, int64_t now_ms)
{
    struct lk_link *link = &up->link;
    bool fewer = event->in_flight_most > 0 && event->in_flight_most < up->set.in_flight;
    lk_slots_limit(up->slots, fewer ? event->in_flight_most : up->set.in_flight);
    (void)lk_mqtt_set_nodelay(up->set.port);
    link->session++;
    link->hung_up = 0;
    link->subscribed = 0;
    link->warning[0] = '\0';
    enter(link, LK_LINK_SUBSCRIBING, now_ms + SUBSCRIBE_MS);
    if (lk_mqtt_subscribe(up->mqtt, up->set.topic[LK_TOPIC_CMD]) < 0 ||
        lk_mqtt_subscribe(up->mqtt, up->set.topic[LK_TOPIC_ACK]) < 0) {
        give_up(up, now_ms, "cannot subscribe");
    }
}

/* Some brokers that know only 3.1.1 say so, others hang up (RabbitMQ 3.10). A broker that is just coming up, or a proxy
 * without one behind it, hangs up too: so it is asked, and never once it spoke 5. Not by trying with Paho, whose
 * handle cannot go back from 3.1.1. */
static bool knows_only_311(struct lk_uplink *up, const struct lk_mqtt_event *event, bool hangs_up)
{
    struct lk_link *link = &up->link;
    if (up->set.mqtt_version != LK_MQTT_AUTO || link->version != LK_MQTT_5) {
        return false;
    }
    bool asks = hangs_up && link->session == 0 && ++link->hung_up >= HANG_UPS;
    return event->old_broker || (asks && lk_probe_only_311(&up->set));
}

static void on_failed(struct lk_uplink *up, const struct lk_mqtt_event *event, int64_t now_ms)
{
    char text[LK_UPLINK_ERROR_MAX] = "";
    enum lk_probe found = event->mute ? lk_probe(&up->set, text) : LK_PROBE_UNREACHABLE;
    go_down(up, now_ms, found == LK_PROBE_TLS ? text : event->text);
    if (knows_only_311(up, event, found == LK_PROBE_OPEN)) {
        /* What Paho still holds of a session in 5 it would send as 5, and the broker take the properties for payload.
         */
        up->link.fresh = up->link.session > 0;
        up->link.version = LK_MQTT_311;
        up->link.deadline_at_ms = now_ms;
    }
}

static int publish_presence(struct lk_uplink *up, const char *state, enum lk_slot_kind kind)
{
    char payload[512];
    uintptr_t mark;
    int r = lk_slots_take(up->slots, kind, up->link.session, 0, &mark);
    if (r < 0) {
        return r;
    }
    write_presence(up, state, payload, sizeof(payload));
    struct lk_mqtt_publication publication = {
        .topic = up->set.topic[LK_TOPIC_PRESENCE],
        .payload = payload,
        .len = strlen(payload),
        .retain = true,
        .content_type = "application/json",
        .mark = mark,
    };
    r = lk_mqtt_publish(up->mqtt, &publication);
    if (r < 0) {
        lk_slots_put_back(up->slots, mark);
    }
    return r;
}

static void on_subscribed(struct lk_uplink *up, const struct lk_mqtt_event *event, int64_t now_ms)
{
    struct lk_link *link = &up->link;
    if (event->text[0] != '\0') {
        struct lk_text t = lk_text_init(link->warning, sizeof(link->warning));
        lk_text_addf(&t, "%s", event->text);
    }
    if (++link->subscribed < SUBSCRIPTIONS) {
        return;
    }
    if (publish_presence(up, "online", LK_SLOT_BIRTH) < 0) {
        give_up(up, now_ms, "cannot announce ourselves");
        return;
    }
    link->starved = false;
    link->retry_publish_at_ms = now_ms;
    link->up_since_ms = now_ms;
    link->probe_at_ms = now_ms + PROBE_MS;
    enter(link, LK_LINK_UP, INT64_MAX);
    lk_inbox_up(up, link->session, link->version, link->warning);
}

/* ---- publishing ---- */

static struct lk_outgoing *take_outgoing(struct lk_uplink *up)
{
    struct lk_outgoing *outgoing = up->link.held;
    up->link.held = NULL;
    if (!outgoing && !lk_ring_pop(up->outgoing, &outgoing)) {
        return NULL;
    }
    return outgoing;
}

static int hand_over(struct lk_uplink *up, const struct lk_outgoing *o, int64_t now_ms)
{
    uintptr_t mark;
    bool leave;
    int r = lk_slots_take(up->slots, o->tag != 0 ? LK_SLOT_TAGGED : LK_SLOT_QUIET, o->session, o->tag, &mark);
    if (r < 0) {
        up->link.starved = true;
        return r;
    }
    struct lk_mqtt_publication publication = {
        .topic = o->topic,
        .payload = o->payload,
        .len = o->len,
        .retain = o->retain,
        .content_type = o->content_type,
        .correlation = o->correlation,
        .correlation_len = o->correlation_len,
        .expiry_s = o->extra.expiry_s,
        .mark = mark,
    };
    memcpy(publication.user, o->extra.user, sizeof(publication.user));
    r = lk_mqtt_publish(up->mqtt, &publication);
    if (r == -EAGAIN) {
        lk_slots_put_back(up->slots, mark);
        up->link.retry_publish_at_ms = now_ms + PAHO_FULL_MS;
    } else if (r == -ENOTCONN) {
        lk_slots_put_back(up->slots, mark); /* LOST follows and says it all */
    } else if (r < 0) {
        (void)lk_slots_report(up->slots, mark, r, &leave);
    }
    return r;
}

/* Sends what waits; true when there may be more. */
static bool send_some(struct lk_uplink *up, int64_t now_ms)
{
    struct lk_link *link = &up->link;
    for (int i = 0; i < SEND_AT_ONCE; i++) {
        if (link->state != LK_LINK_UP || link->starved || now_ms < link->retry_publish_at_ms) {
            return false;
        }
        struct lk_outgoing *outgoing = take_outgoing(up);
        if (!outgoing) {
            return false;
        }
        if (outgoing->session == link->session && hand_over(up, outgoing, now_ms) == -EAGAIN) {
            link->held = outgoing;
            return false;
        }
        free(outgoing);
    }
    return true;
}

/* ---- leaving ---- */

static void take_leave(struct lk_uplink *up, int64_t now_ms)
{
    while (send_some(up, now_ms)) {
    }
    enter(&up->link, LK_LINK_TAKING_LEAVE, now_ms + LEAVE_MS);
    if (publish_presence(up, "stopped", LK_SLOT_LEAVE) < 0) {
        up->link.deadline_at_ms = now_ms;
    }
}

static void close_cleanly(struct lk_uplink *up, int64_t now_ms)
{
    enter(&up->link, LK_LINK_CLOSING, now_ms + CLOSE_MS);
    lk_mqtt_disconnect(up->mqtt);
}

/* Clean, so that nobody is told by the will that we are gone: we are back in a moment. */
static void look_for_new_files(struct lk_uplink *up, int64_t now_ms)
{
    struct lk_link *link = &up->link;
    if (link->state == LK_LINK_CONNECTING || link->state == LK_LINK_SUBSCRIBING) {
        return; /* with the old ones; looked at again when it is decided */
    }
    pthread_mutex_lock(&up->lock);
    bool renewed = up->renewed;
    if (renewed) {
        memcpy(up->set.password, up->new_password, sizeof(up->set.password));
        explicit_bzero(up->new_password, sizeof(up->new_password));
        up->renewed = false;
    }
    pthread_mutex_unlock(&up->lock);
    if (renewed && link->state == LK_LINK_UP) {
        lk_mqtt_disconnect(up->mqtt);
        go_down(up, now_ms, "keys and certificates were read anew");
    }
    if (renewed && link->state == LK_LINK_DOWN) {
        link->backoff_ms = up->set.reconnect_min_ms;
        link->deadline_at_ms = now_ms + RENEW_MS;
    }
}

static void look_for_stop(struct lk_uplink *up, int64_t now_ms)
{
    if (!up->stopping) {
        return;
    }
    switch (up->link.state) {
    case LK_LINK_UP:
        take_leave(up, now_ms);
        break;
    case LK_LINK_DOWN:
    case LK_LINK_CONNECTING:
    case LK_LINK_SUBSCRIBING:
        enter(&up->link, LK_LINK_ENDED, now_ms);
        break;
    case LK_LINK_TAKING_LEAVE:
    case LK_LINK_CLOSING:
    case LK_LINK_ENDED:
        break;
    }
}

/* ---- the loop ---- */

static bool is_current(const struct lk_link *link, const struct lk_mqtt_event *event, enum lk_link_state state)
{
    return link->state == state && event->attempt == link->attempt;
}

static bool is_connected(const struct lk_link *link)
{
    return link->state == LK_LINK_SUBSCRIBING || link->state == LK_LINK_UP || link->state == LK_LINK_TAKING_LEAVE;
}

static void on_event(struct lk_uplink *up, const struct lk_mqtt_event *event, int64_t now_ms)
{
    struct lk_link *link = &up->link;
    switch (event->kind) {
    case LK_MQTT_UP:
        if (is_current(link, event, LK_LINK_CONNECTING)) {
            on_up(up, event, now_ms);
        }
        break;
    case LK_MQTT_FAILED:
        if (is_current(link, event, LK_LINK_CONNECTING)) {
            on_failed(up, event, now_ms);
        }
        break;
    case LK_MQTT_DOWN:
        if (is_connected(link)) {
            go_down(up, now_ms, event->text);
        }
        break;
    case LK_MQTT_SUBSCRIBED:
        if (is_current(link, event, LK_LINK_SUBSCRIBING)) {
            on_subscribed(up, event, now_ms);
        }
        break;
    case LK_MQTT_ANNOUNCED:
        if (link->state == LK_LINK_TAKING_LEAVE) {
            close_cleanly(up, now_ms);
        }
        break;
    case LK_MQTT_CLOSED:
        if (link->state == LK_LINK_CLOSING) {
            enter(link, LK_LINK_ENDED, now_ms);
        }
        break;
    case LK_MQTT_WAKE:
        link->starved = false;
        break;
    }
}

static void on_deadline(struct lk_uplink *up, int64_t now_ms)
{
    switch (up->link.state) {
    case LK_LINK_DOWN:
        attempt(up, now_ms);
        break;
    case LK_LINK_CONNECTING:
        give_up(up, now_ms, "no answer from the broker");
        break;
    case LK_LINK_SUBSCRIBING:
        give_up(up, now_ms, "the broker does not answer the subscription");
        break;
    case LK_LINK_TAKING_LEAVE:
        /* Not told that we stop: let it find the connection broken, so that the will says that we are gone. */
        (void)lk_mqtt_break(up->set.port);
        enter(&up->link, LK_LINK_ENDED, now_ms);
        break;
    case LK_LINK_CLOSING:
        enter(&up->link, LK_LINK_ENDED, now_ms);
        break;
    case LK_LINK_UP:
    case LK_LINK_ENDED:
        break;
    }
}

static void probe(struct lk_uplink *up, int64_t now_ms)
{
    struct lk_link *link = &up->link;
    if (link->state != LK_LINK_UP || now_ms < link->probe_at_ms) {
        return;
    }
    link->probe_at_ms = now_ms + PROBE_MS;
    link->starved = false; /* should a wake have been lost */
    if (!lk_mqtt_is_connected(up->mqtt)) {
        go_down(up, now_ms, "the connection was lost");
    }
}

static void wait_for_work(struct lk_uplink *up, bool at_once)
{
    struct lk_link *link = &up->link;
    int64_t now_ms = lk_uplink_now_ms();
    int64_t until_ms = now_ms + TURN_MS;
    bool sending = link->state == LK_LINK_UP && !link->starved;
    if (link->deadline_at_ms < until_ms) {
        until_ms = link->deadline_at_ms;
    }
    if (sending && link->held && link->retry_publish_at_ms < until_ms) {
        until_ms = link->retry_publish_at_ms;
    }
    struct pollfd fds[] = {
        {.fd = lk_ring_fd(up->events), .events = POLLIN},
        {.fd = sending && !link->held ? lk_ring_fd(up->outgoing) : -1, .events = POLLIN},
    };
    int64_t wait_ms = at_once || until_ms < now_ms ? 0 : until_ms - now_ms;
    (void)poll(fds, 2, (int)wait_ms);
}

static void drain_events(struct lk_uplink *up)
{
    struct lk_mqtt_event event;
    lk_ring_clear(up->events);
    while (lk_ring_pop(up->events, &event)) {
        on_event(up, &event, lk_uplink_now_ms());
    }
}

static void turn(struct lk_uplink *up)
{
    bool more = false;
    while (up->link.state != LK_LINK_ENDED) {
        wait_for_work(up, more);
        up->alive_at_ms = lk_uplink_now_ms();
        drain_events(up);
        int64_t now_ms = lk_uplink_now_ms();
        look_for_stop(up, now_ms);
        look_for_new_files(up, now_ms);
        if (now_ms >= up->link.deadline_at_ms) {
            on_deadline(up, now_ms);
        }
        probe(up, now_ms);
        if (up->link.state == LK_LINK_UP) {
            lk_ring_clear(up->outgoing);
        }
        more = send_some(up, now_ms);
    }
}

static void tell_end(struct lk_uplink *up)
{
    pthread_mutex_lock(&up->lock);
    up->ended = true;
    pthread_cond_signal(&up->ended_cond);
    pthread_mutex_unlock(&up->lock);
}

/* Doors before reports: this thread, and those that Paho begins from here, get what the others leave of a busy machine.
 */
static void stand_back(void)
{
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
}

void *lk_link_run(void *uplink)
{
    struct lk_uplink *up = uplink;
    stand_back();
    struct lk_mqtt_settings settings = mqtt_settings(&up->set);
    struct lk_mqtt_handler handler = lk_inbox_handler(up);
    up->link.version = up->set.mqtt_version == LK_MQTT_311 ? LK_MQTT_311 : LK_MQTT_5;
    up->link.backoff_ms = up->set.reconnect_min_ms;
    enter(&up->link, LK_LINK_DOWN, lk_uplink_now_ms());
    if (lk_mqtt_create(&settings, &handler, &up->mqtt) < 0) {
        lk_inbox_down(up, "the MQTT library refuses to start");
        enter(&up->link, LK_LINK_ENDED, 0);
    }
    turn(up);
    up->mqtt = lk_mqtt_destroy(up->mqtt);
    throw_away_outgoing(up);
    tell_end(up);
    return NULL;
}
