#include "postal.h"

#include "base/log.h"
#include "crash_point.h"
#include "postal_impl.h"
#include "rounds.h"
#include "store/log.h"
#include "uplink/envelope.h"
#include "wiring.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

enum { SNAPSHOT_AFTER_MS = 150, BATCH = 64, FAULTS_MOST = 2 * LK_MAX_BANKS + 2 };

/* --- events out
 * ------------------------------------------------------------------------------------------------------------------ */

static void arm_outbox(struct lk_postal *p)
{
    int64_t at_ms = lk_outbox_next_at_ms(&p->outbox);
    if (at_ms == INT64_MAX) {
        (void)event_del(p->outbox_timer);
        return;
    }
    int64_t wait_ms = at_ms - lk_clock_mono_ms(p->clock);
    wait_ms = wait_ms > 0 ? wait_ms : 1;
    struct timeval tv = {.tv_sec = wait_ms / 1000, .tv_usec = (wait_ms % 1000) * 1000};
    (void)event_add(p->outbox_timer, &tv);
}

/* One event from the log, if it is the one that goes out next. */
static bool publish_record(void *user, const struct lk_record *record)
{
    struct lk_postal *p = user;
    uint64_t wanted = 0;
    int64_t now_ms = lk_clock_mono_ms(p->clock);
    if (!lk_outbox_next(&p->outbox, now_ms, &wanted) || wanted != record->seq) {
        return false;
    }
    struct lk_text t = lk_text_init(p->payload, sizeof(p->payload));
    lk_envelope_event(&t, &p->site, record);
    lk_crash_point("publish-before");
    int r = lk_uplink_publish(p->uplink, LK_TOPIC_EVT, lk_topic_class(record->type), t.buf, t.len, record->seq);
    lk_crash_point("publish-after");
    if (r < 0) {
        return false;
    }
    lk_outbox_sent(&p->outbox, now_ms);
    p->sent++;
    return true;
}

void lk_postal_pump(struct lk_postal *p)
{
    uint64_t seq = 0, before = 0;
    int64_t now_ms = lk_clock_mono_ms(p->clock);
    while (lk_outbox_next(&p->outbox, now_ms, &seq)) {
        before = p->sent;
        if (lk_store_read_events(p->store, seq - 1, BATCH, publish_record, p) < 0 || p->sent == before) {
            break; /* the queue is full or the store cannot be read: DELIVERED or the timer goes on */
        }
    }
    arm_outbox(p);
}

static void on_outbox_timer(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    lk_postal_pump(user);
}

/* --- retained states
 * ----------------------------------------------------------------------------------------------------------------- */

void lk_postal_now_text(const struct lk_postal *p, char *buf)
{
    lk_envelope_time(buf, lk_clock_wall_ms(p->clock));
}

static void publish_compartments(struct lk_postal *p)
{
    const struct lk_core_config *cfg = lk_engine_core_config(p->engine);
    const struct lk_core *core = lk_engine_core(p->engine);
    static struct lk_envelope_compartment all[LK_MAX_DOORS]; /* owner thread only; too big for a stack frame */
    for (int i = 0; i < cfg->doors; i++) {
        all[i] = (struct lk_envelope_compartment){cfg->door[i].label, core->door[i].state, core->door[i].use};
    }
    char time[LK_TIME_MAX];
    lk_postal_now_text(p, time);
    struct lk_text t = lk_text_init(p->payload, sizeof(p->payload));
    lk_envelope_compartments(&t, lk_store_epoch(p->store), lk_store_last_seq(p->store), time, all, (size_t)cfg->doors);
    if (lk_uplink_publish(p->uplink, LK_TOPIC_COMPARTMENTS, NULL, t.buf, t.len, 0) == 0) {
        p->printed = lk_postal_fingerprint(core, cfg->doors);
    }
}

static size_t list_faults(const struct lk_postal *p, struct lk_envelope_fault *faults, size_t room)
{
    const struct lk_core *core = lk_engine_core(p->engine);
    struct lk_store_health store;
    lk_store_health(p->store, &store);
    size_t n = 0;
    if (store.degraded && n < room) {
        faults[n++] = (struct lk_envelope_fault){"store", "", LK_REASON_STORE_FAILED};
    }
    if (lk_engine_quality(p->clock) == LK_CLOCK_UNSYNCED && n < room) {
        faults[n++] = (struct lk_envelope_fault){"clock", "", LK_REASON_CLOCK_UNSYNCED};
    }
    for (unsigned b = 0; b < p->config->banks && n < room; b++) {
        const struct lk_bank *bank = &core->bank[b];
        if (bank->state != LK_BANK_READY || bank->stopped_by_us) {
            enum lk_reason reason = bank->reason == LK_REASON_NONE ? LK_REASON_BOARD_SILENT : bank->reason;
            faults[n++] = (struct lk_envelope_fault){"bank", p->config->bank[b].name, reason};
        }
        if (lk_wiring_held(lk_engine_core_config(p->engine), core, (int)b, 0) != NULL && n < room) {
            faults[n++] = (struct lk_envelope_fault){"wiring", p->config->bank[b].name, LK_REASON_WIRING_CHANGED};
        }
    }
    struct lk_rounds rounds;
    struct lk_stamp now = lk_engine_stamp(p->engine);
    if (lk_rounds_state(p->store, p->config, &now, &rounds) == 0 && rounds.due && n < room) {
        faults[n++] = (struct lk_envelope_fault){"inspection", "", LK_REASON_OVERDUE};
    }
    return n;
}

void lk_postal_health_text(struct lk_postal *p, struct lk_text *t)
{
    struct lk_envelope_fault faults[FAULTS_MOST];
    char time[LK_TIME_MAX], oldest[32];
    uint64_t oldest_seq = 0;
    lk_postal_now_text(p, time);
    if (lk_store_oldest_unacked(p->store, &oldest_seq, oldest) < 0) {
        oldest[0] = '\0';
    }
    uint64_t last = lk_store_last_seq(p->store);
    struct lk_envelope_health health = {
        .epoch = lk_store_epoch(p->store),
        .time = time,
        .version = LK_VERSION,
        .quality = lk_engine_quality(p->clock),
        .seq = last,
        .acked = lk_store_acked(p->store),
        .hash = last ? lk_store_head_hash(p->store) : "",
        .oldest_unacked_time = oldest,
        .uptime_s = (uint64_t)((lk_clock_mono_ms(p->clock) - p->started_at_ms) / 1000),
        .fault = faults,
        .faults = list_faults(p, faults, FAULTS_MOST),
    };
    lk_envelope_health(t, &health);
}

static void publish_health(struct lk_postal *p)
{
    struct lk_text t = lk_text_init(p->payload, sizeof(p->payload));
    lk_postal_health_text(p, &t);
    (void)lk_uplink_publish(p->uplink, LK_TOPIC_HEALTH, NULL, t.buf, t.len, 0);
}

void lk_postal_publish_states(struct lk_postal *p)
{
    if (p->engine && lk_uplink_connected(p->uplink)) {
        publish_compartments(p);
        publish_health(p);
    }
}

static void on_snapshot_timer(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct lk_postal *p = user;
    if (p->engine && lk_uplink_connected(p->uplink)) {
        publish_compartments(p);
    }
}

static void on_health_timer(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct lk_postal *p = user;
    if (p->engine && lk_uplink_connected(p->uplink)) {
        publish_health(p);
    }
}

/* --- what the uplink tells
 * ------------------------------------------------------------------------------------------------------------ */

static void take_ack(struct lk_postal *p, const struct lk_uplink_notice *notice)
{
    struct lk_ack ack;
    char why[64] = "longer than 16 KiB";
    if (notice->oversize || lk_ack_parse(notice->payload, notice->len, &ack, why) < 0) {
        lk_log(LK_WARN, LK_BLAME_PEER, "a message on ack is refused: %s", why);
        return;
    }
    if (ack.replay && ack.seq < lk_store_first_seq(p->store)) {
        lk_log(LK_WARN, LK_BLAME_PEER, "upstream asks for event %llu again, but the oldest kept is %llu",
               (unsigned long long)ack.seq, (unsigned long long)lk_store_first_seq(p->store));
        ack.seq = lk_store_first_seq(p->store);
    }
    switch (lk_outbox_ack(&p->outbox, &ack, lk_clock_mono_ms(p->clock))) {
    case LK_ACK_MOVED:
        lk_crash_point("ack-before");
        if (lk_store_set_acked(p->store, p->outbox.acked) < 0) {
            lk_log(LK_WARN, LK_BLAME_DEVICE, "an acknowledgement could not be stored; upstream will get events again");
        }
        lk_crash_point("ack-after");
        break;
    case LK_ACK_REPLAYING:
        lk_log(LK_NOTICE, LK_BLAME_NONE, "upstream asks for events from %llu again", (unsigned long long)ack.seq);
        break;
    case LK_ACK_FOREIGN_EPOCH:
        lk_log(LK_WARN, LK_BLAME_PEER, "an acknowledgement is about another database (epoch %s)", ack.epoch);
        break;
    case LK_ACK_BEYOND:
        lk_log(LK_WARN, LK_BLAME_PEER, "an acknowledgement names event %llu, which does not exist",
               (unsigned long long)ack.seq);
        break;
    case LK_ACK_OLD:
        break;
    }
}

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
            take_ack(p, notice);
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
    while (lk_uplink_next(p->uplink, &notice)) {
        take_notice(p, &notice);
        lk_uplink_notice_free(&notice);
    }
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

/* FNV-1a over what the snapshot shows, to notice that it changed. */
uint64_t lk_postal_fingerprint(const struct lk_core *core, int doors)
{
    uint64_t h = 14695981039346656037U;
    for (int i = 0; i < doors; i++) {
        h = (h ^ (uint64_t)core->door[i].state) * 1099511628211U;
        h = (h ^ (uint64_t)core->door[i].use) * 1099511628211U;
    }
    return h;
}

void lk_postal_status(const struct lk_postal *p, struct lk_postal_status *ret_status)
{
    *ret_status = (struct lk_postal_status){
        .connected = p->connected,
        .since_ms = p->since_ms,
        .last_error = p->last_error,
        .sent = p->sent,
        .alive_at_ms = lk_uplink_alive_at_ms(p->uplink),
        .command_keys = p->keys ? (unsigned)lk_command_keys_count(p->keys) : 0,
    };
}

/* --- life
 * ----------------------------------------------------------------------------------------------------------------------------------
 */

static int make_uplink(struct lk_postal *p, struct lk_text *why)
{
    static const enum lk_mqtt_version versions[] = {
        [LK_CONFIG_MQTT_AUTO] = LK_MQTT_AUTO,
        [LK_CONFIG_MQTT_5] = LK_MQTT_5,
        [LK_CONFIG_MQTT_311] = LK_MQTT_311,
    };
    const struct lk_config_uplink *from = &p->config->uplink;
    struct lk_uplink_config config = {
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
    char error[LK_UPLINK_ERROR_MAX] = "";
    int r = lk_uplink_create(&config, &p->uplink, error);
    if (r < 0) {
        lk_text_addf(why, "the uplink cannot be set up: %s", error[0] ? error : strerror(-r));
    }
    return r;
}

static int make_keys(struct lk_postal *p, struct lk_text *why)
{
    char error[LK_COMMAND_WHY_MAX] = "";
    const char *files = p->config->uplink.command_keys;
    if (files[0] == '\0') {
        return 0;
    }
    int r = lk_command_keys_load(files, &p->keys, error);
    if (r < 0) {
        lk_text_addf(why, "the command keys cannot be loaded: %s", error[0] ? error : strerror(-r));
    }
    return r;
}

static int make_timers(struct lk_postal *p, struct event_base *base)
{
    p->readable = event_new(base, lk_uplink_fd(p->uplink), EV_READ | EV_PERSIST, on_uplink, p);
    p->outbox_timer = event_new(base, -1, 0, on_outbox_timer, p);
    p->snapshot_timer = event_new(base, -1, 0, on_snapshot_timer, p);
    p->health_timer = event_new(base, -1, EV_PERSIST, on_health_timer, p);
    if (!p->readable || !p->outbox_timer || !p->snapshot_timer || !p->health_timer) {
        return -ENOMEM;
    }
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
    p->clock = config->clock;
    p->started_at_ms = config->started_at_ms;
    p->since_ms = config->started_at_ms;
    p->lost_lines = (struct lk_log_limit){.burst = 2, .window_ms = 600000};
    p->refused_lines = (struct lk_log_limit){.burst = 10, .window_ms = 60000};
    (void)lk_text_copy(p->site.operator_id, sizeof(p->site.operator_id), p->config->site.operator_id);
    (void)lk_text_copy(p->site.site_id, sizeof(p->site.site_id), p->config->site.id);
    lk_outbox_init(&p->outbox, lk_store_epoch(p->store), lk_store_last_seq(p->store), lk_store_acked(p->store), 0);
    int r = make_keys(p, why);
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
    (void)lk_uplink_stop(p->uplink);
    (void)lk_command_keys_free(p->keys);
    lk_postal_forget_replies(p);
    free(p);
    return NULL;
}
