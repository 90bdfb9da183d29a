/* What upstream may look up at any time: the retained snapshots of compartments and health. */
#include "postal_impl.h"
#include "rounds.h"
#include "store/log.h"
#include "uplink/envelope.h"
#include "wiring.h"

enum {
    WEAR_MOST = 32, /* of wear the worst; lockerctl wear has all */
    LIMITS_MOST = 4,
    FAULTS_MOST = 2 * LK_MAX_BANKS + 4 + LIMITS_MOST + LK_POSTAL_CERTIFICATES + WEAR_MOST,
};

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
    if (lk_uplink_publish(p->uplink, LK_TOPIC_COMPARTMENTS, NULL, t.buf, t.len, 0, NULL) == 0) {
        p->printed = lk_postal_fingerprint(core, cfg->doors);
    }
}

static size_t wear_faults(const struct lk_postal *p, struct lk_envelope_fault *faults, size_t room)
{
    uint16_t order[LK_MAX_DOORS];
    const char *place = "";
    enum lk_reason reason = LK_REASON_NONE;
    size_t n = 0;
    if (!p->wear) {
        return 0;
    }
    lk_wear_order(p->wear, order);
    while (n < room && n < WEAR_MOST && lk_wear_fault(p->wear, order, (unsigned)n, &place, &reason)) {
        faults[n++] = (struct lk_envelope_fault){"wear", place, reason};
    }
    return n;
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
    if (core->outbox != LK_OUTBOX_ROOMY && n < room) {
        bool full = core->outbox == LK_OUTBOX_FULL;
        faults[n++] = (struct lk_envelope_fault){"outbox", "", full ? LK_REASON_OUTBOX_FULL : LK_REASON_OUTBOX_FILLING};
    }
    if (lk_engine_quality(p->clock) == LK_CLOCK_UNSYNCED && n < room) {
        faults[n++] = (struct lk_envelope_fault){"clock", "", LK_REASON_CLOCK_UNSYNCED};
    } else if (lk_clock_doubt_ms(p->clock) != 0 && n < room) {
        faults[n++] = (struct lk_envelope_fault){"clock", "", LK_REASON_CLOCK_JUMPED};
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
    n += lk_postal_trust_faults(p, faults + n, room - n);
    struct lk_rounds rounds;
    struct lk_stamp now = lk_engine_stamp(p->engine);
    if (lk_rounds_state(p->store, p->config, &now, &rounds) == 0 && rounds.due && n < room) {
        faults[n++] = (struct lk_envelope_fault){"inspection", "", LK_REASON_OVERDUE};
    }
    n += lk_limits_faults(p->limits, faults + n, room - n);
    return n + wear_faults(p, faults + n, room - n);
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
        .first_seq = lk_store_first_seq(p->store),
        .left_out = lk_engine_core(p->engine)->left_out,
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
    /* What a dead locker said last about its health is not to be believed for long. */
    struct lk_uplink_extra extra = {.expiry_s = 3 * p->config->uplink.health_s};
    (void)lk_uplink_publish(p->uplink, LK_TOPIC_HEALTH, NULL, t.buf, t.len, 0, &extra);
}

void lk_postal_publish_states(struct lk_postal *p)
{
    if (p->engine && lk_uplink_connected(p->uplink)) {
        publish_compartments(p);
        publish_health(p);
    }
}

void lk_postal_on_snapshot_timer(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct lk_postal *p = user;
    if (p->engine && lk_uplink_connected(p->uplink)) {
        publish_compartments(p);
    }
}

void lk_postal_on_health_timer(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct lk_postal *p = user;
    if (p->engine && lk_uplink_connected(p->uplink)) {
        publish_health(p);
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
