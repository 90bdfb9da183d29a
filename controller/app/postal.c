#include "postal.h"

#include "base/log.h"
#include "postal_impl.h"
#include "store/log.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

enum { SNAPSHOT_AFTER_MS = 150, NOTICES_PER_TURN = 16 };

/* --- what the uplink tells
 * ------------------------------------------------------------------------------------------------------------ */

static void set_connected(struct lk_postal *p, bool connected, const char *error)
{
    if (p->connected != connected) {
        p->since_ms = lk_clock_mono_ms(p->clock);
    }
    p->connected = connected;
    (void)lk_text_copy(p->last_error, sizeof(p->last_error), error);
}

static void on_connected(struct lk_postal *p, const struct lk_uplink_notice *notice)
{
    lk_log(LK_NOTICE, LK_BLAME_NONE, "uplink: connected (MQTT %s)", notice->version == LK_MQTT_311 ? "3.1.1" : "5");
    set_connected(p, true, "");
    lk_outbox_connected(&p->outbox, lk_clock_mono_ms(p->clock));
    lk_postal_publish_states(p);
}

static void on_lost(struct lk_postal *p, const struct lk_uplink_notice *notice)
{
    unsigned dropped = 0;
    lk_outbox_lost(&p->outbox);
    if (p->connected || lk_log_allowed(&p->lost_lines, lk_clock_mono_ms(p->clock), &dropped)) {
        lk_log(LK_WARN, LK_BLAME_PEER, "uplink: %s; events are kept and sent later", notice->text);
    }
    set_connected(p, false, notice->text);
}

static void take_notice(struct lk_postal *p, const struct lk_uplink_notice *notice)
{
    int64_t now_ms = lk_clock_mono_ms(p->clock);
    switch (notice->kind) {
    case LK_UPLINK_CONNECTED:
        on_connected(p, notice);
        break;
    case LK_UPLINK_LOST:
        on_lost(p, notice);
        break;
    case LK_UPLINK_DELIVERED:
        lk_outbox_delivered(&p->outbox, notice->tag, now_ms);
        break;
    case LK_UPLINK_UNDELIVERED:
        lk_log(LK_WARN, LK_BLAME_PEER, "uplink: the broker refused event %llu: %s", (unsigned long long)notice->tag,
               notice->text);
        lk_outbox_undelivered(&p->outbox, notice->tag, now_ms);
        break;
    case LK_UPLINK_MESSAGE:
        if (notice->topic == LK_TOPIC_ACK) {
            lk_postal_take_ack(p, notice);
        } else if (notice->topic == LK_TOPIC_CMD) {
            lk_postal_take_command(p, notice);
        }
        break;
    case LK_UPLINK_DROPPED:
        lk_log(LK_ERR, LK_BLAME_BUG, "uplink: %u received messages were dropped", notice->count);
        break;
    }
}

static void on_uplink(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct lk_postal *p = user;
    struct lk_uplink_notice notice;
    /* A drain after weeks brings thousands of these; a door that opens meanwhile must not wait for them. */
    for (int i = 0; i < NOTICES_PER_TURN; i++) {
        if (!lk_uplink_next(p->uplink, &notice)) {
            lk_postal_pump(p);
            return;
        }
        take_notice(p, &notice);
        lk_uplink_notice_free(&notice);
    }
    event_active(p->readable, EV_READ, 0); /* what is left has rung its bell already */
    lk_postal_pump(p);
}

/* --- outlets
 * ----------------------------------------------------------------------------------------------------------------------------
 */

void lk_postal_logged(struct lk_postal *p, struct lk_store_range range)
{
    if (p) {
        lk_outbox_grew(&p->outbox, range.last);
        lk_postal_pump(p);
        lk_postal_look_at_room(p);
    }
}

void lk_postal_changed(struct lk_postal *p)
{
    if (p && !event_pending(p->snapshot_timer, EV_TIMEOUT, NULL)) {
        uint64_t print = lk_postal_fingerprint(lk_engine_core(p->engine), lk_engine_core_config(p->engine)->doors);
        if (print != p->printed) {
            struct timeval tv = {.tv_usec = (suseconds_t)SNAPSHOT_AFTER_MS * 1000};
            (void)event_add(p->snapshot_timer, &tv);
        }
    }
}

void lk_postal_status(const struct lk_postal *p, struct lk_postal_status *ret_status)
{
    *ret_status = (struct lk_postal_status){
        .connected = p->connected,
        .since_ms = p->since_ms,
        .last_error = p->last_error,
        .sent = p->sent,
        .alive_at_ms = lk_uplink_alive_at_ms(p->uplink),
        .command_keys = p->trust.keys ? (unsigned)lk_command_keys_count(p->trust.keys) : 0,
        .seal_key = p->trust.seal ? lk_seal_key_id(p->trust.seal) : "",
        .level = p->level,
        .outbox_most = p->config->uplink.outbox_most,
        .left_out = p->engine ? lk_engine_core(p->engine)->left_out : 0,
    };
}

/* --- life
 * ----------------------------------------------------------------------------------------------------------------------------------
 */

struct lk_uplink_config lk_postal_uplink_config(const struct lk_postal *p)
{
    static const enum lk_mqtt_version versions[] = {
        [LK_CONFIG_MQTT_AUTO] = LK_MQTT_AUTO,
        [LK_CONFIG_MQTT_5] = LK_MQTT_5,
        [LK_CONFIG_MQTT_311] = LK_MQTT_311,
    };
    const struct lk_config_uplink *from = &p->config->uplink;
    return (struct lk_uplink_config){
        .url = from->url,
        .site = p->site,
        .epoch = lk_store_epoch(p->store),
        .version = LK_VERSION,
        .ca_file = from->ca,
        .cert_file = from->cert,
        .key_file = from->key,
        .username = from->username,
        .password_file = from->password_file,
        .mqtt_version = versions[from->mqtt_version],
        .keepalive_s = from->keepalive_s,
    };
}

static int make_uplink(struct lk_postal *p, struct lk_text *why)
{
    struct lk_uplink_config config = lk_postal_uplink_config(p);
    char error[LK_UPLINK_ERROR_MAX] = "";
    int r = lk_uplink_create(&config, &p->uplink, error);
    if (r < 0) {
        lk_text_addf(why, "the uplink cannot be set up: %s", error[0] ? error : strerror(-r));
    }
    return r;
}

static int make_timers(struct lk_postal *p, struct event_base *base)
{
    p->readable = event_new(base, lk_uplink_fd(p->uplink), EV_READ | EV_PERSIST, on_uplink, p);
    p->outbox_timer = event_new(base, -1, 0, lk_postal_on_outbox_timer, p);
    p->snapshot_timer = event_new(base, -1, 0, lk_postal_on_snapshot_timer, p);
    p->health_timer = event_new(base, -1, EV_PERSIST, lk_postal_on_health_timer, p);
    p->trust_timer = event_new(base, -1, 0, lk_postal_on_trust_timer, p);
    if (!p->readable || !p->outbox_timer || !p->snapshot_timer || !p->health_timer || !p->trust_timer) {
        return -ENOMEM;
    }
    /* Behind everybody else: what drains can wait, a person in front of a door cannot. Without priorities: as they
     * come. */
    (void)event_priority_set(p->readable, LK_APP_PRIORITIES - 1);
    (void)event_priority_set(p->outbox_timer, LK_APP_PRIORITIES - 1);
    struct timeval health = {.tv_sec = p->config->uplink.health_s};
    (void)event_add(p->health_timer, &health);
    return event_add(p->readable, NULL) == 0 ? 0 : -ENOMEM;
}

int lk_postal_create(const struct lk_postal_config *config, struct lk_postal **ret_postal, struct lk_text *why)
{
    struct lk_postal *p = calloc(1, sizeof(*p));
    if (!p) {
        return -ENOMEM;
    }
    p->config = config->config;
    p->store = config->store;
    p->wear = config->wear;
    p->clock = config->clock;
    p->started_at_ms = config->started_at_ms;
    p->since_ms = config->started_at_ms;
    p->lost_lines = (struct lk_log_limit){.burst = 2, .window_ms = 600000};
    p->refused_lines = (struct lk_log_limit){.burst = p->config->uplink.refusals_per_minute, .window_ms = 60000};
    (void)lk_text_copy(p->site.operator_id, sizeof(p->site.operator_id), p->config->site.operator_id);
    (void)lk_text_copy(p->site.site_id, sizeof(p->site.site_id), p->config->site.id);
    lk_outbox_init(&p->outbox, lk_store_epoch(p->store), lk_store_last_seq(p->store), lk_store_acked(p->store), 0);
    int r = lk_postal_read_trust(p, &p->trust, why);
    if (r == 0) {
        r = make_uplink(p, why);
    }
    if (r == 0) {
        r = make_timers(p, config->base);
    }
    if (r < 0) {
        (void)lk_postal_stop(p);
        return r;
    }
    *ret_postal = p;
    return 0;
}

void lk_postal_serve(struct lk_postal *p, struct lk_engine *engine)
{
    if (p) {
        p->engine = engine;
        lk_postal_look_at_room(p);
        event_active(p->trust_timer, EV_TIMEOUT, 0);
        lk_postal_publish_states(p);
    }
}

static void free_event(struct event *ev)
{
    if (ev) {
        event_free(ev);
    }
}

struct lk_postal *lk_postal_stop(struct lk_postal *p)
{
    if (!p) {
        return NULL;
    }
    free_event(p->readable);
    free_event(p->outbox_timer);
    free_event(p->snapshot_timer);
    free_event(p->health_timer);
    free_event(p->trust_timer);
    (void)lk_uplink_stop(p->uplink);
    lk_postal_free_trust(&p->trust);
    lk_postal_forget_replies(p);
    free(p);
    return NULL;
}
