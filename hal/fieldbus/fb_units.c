#include "fb_private.h"

#include <errno.h>

struct lk_fb_unit *lk_fb_unit_find(const struct lk_fb_sched *s, uint8_t unit)
{
    for (size_t i = 0; i < LK_FB_UNITS_MAX && s->units[i].unit != 0; i++) {
        if (s->units[i].unit == unit) {
            return &s->units[i];
        }
    }
    return NULL;
}

struct lk_fb_unit *lk_fb_unit_get(struct lk_fb_sched *s, uint8_t unit)
{
    if (unit == 0) {
        return NULL;
    }
    for (size_t i = 0; i < LK_FB_UNITS_MAX; i++) {
        struct lk_fb_unit *u = &s->units[i];
        if (u->unit == 0) {
            u->unit = unit;
            u->stats.unit = unit;
        }
        if (u->unit == unit) {
            return u;
        }
    }
    return NULL;
}

static void count_latency(struct lk_fb_unit *u, const struct lk_fb_outcome *outcome)
{
    struct lk_fb_stats *st = &u->stats;
    uint32_t us = (uint32_t)((outcome->done_at_ns - outcome->sent_at_ns) / 1000);
    st->ok++;
    u->latency_sum_us += us;
    st->latency_min_us = st->ok == 1 || us < st->latency_min_us ? us : st->latency_min_us;
    st->latency_max_us = us > st->latency_max_us ? us : st->latency_max_us;
    st->latency_mean_us = (uint32_t)(u->latency_sum_us / st->ok);
}

static void count_gap(struct lk_fb_unit *u, int64_t now_ns)
{
    int64_t gap_ms = u->last_ok_ns ? (now_ns - u->last_ok_ns) / 1000000 : 0;
    if (gap_ms > u->stats.longest_gap_ms) {
        u->stats.longest_gap_ms = gap_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)gap_ms;
    }
    u->last_ok_ns = now_ns;
}

static void count(struct lk_fb_unit *u, const struct lk_fb_outcome *outcome)
{
    u->stats.requests += outcome->was_sent;
    u->stats.timeouts += outcome->status == -ETIMEDOUT;
    u->stats.exceptions += outcome->status == -EREMOTEIO;
    u->stats.crc += outcome->status == -EBADMSG && outcome->crc;
    u->stats.bad += outcome->status == -EBADMSG && !outcome->crc;
    if (outcome->status == 0) {
        count_latency(u, outcome);
    }
    if (outcome->status == 0 || outcome->status == -EREMOTEIO) {
        count_gap(u, outcome->done_at_ns);
    }
}

static void owe(struct lk_fb_unit *u, const struct lk_fb_request *request, int64_t now_ns)
{
    struct lk_fb_owed *oldest = &u->owed[0];
    for (size_t i = 1; i < LK_FB_OWED_SLOTS; i++) {
        oldest = u->owed[i].until_ns < oldest->until_ns ? &u->owed[i] : oldest;
    }
    unsigned ms = request->timeout_ms * 2;
    ms = ms < LK_FB_OWED_MIN_MS ? LK_FB_OWED_MIN_MS : ms;
    ms = ms > LK_FB_OWED_MAX_MS ? LK_FB_OWED_MAX_MS : ms;
    oldest->request = *request;
    oldest->until_ns = now_ns + lk_fb_ms(ms);
}

static bool failed(struct lk_fb_unit *u, int64_t now_ns)
{
    u->failures++;
    if (u->stats.quarantined) {
        u->probe_ms = u->probe_ms * 2 > LK_FB_PROBE_LAST_MS ? LK_FB_PROBE_LAST_MS : u->probe_ms * 2;
        u->probe_at_ns = now_ns + lk_fb_ms(u->probe_ms);
        return false;
    }
    if (u->failures < LK_FB_FAILURES_MAX) {
        return false;
    }
    u->stats.quarantined = true;
    u->probe_ms = LK_FB_PROBE_FIRST_MS;
    u->probe_at_ns = now_ns + lk_fb_ms(u->probe_ms);
    return true;
}

bool lk_fb_unit_outcome(struct lk_fb_sched *s, struct lk_fb_unit *u, const struct lk_fb_request *request,
                        const struct lk_fb_outcome *outcome)
{
    count(u, outcome);
    if (outcome->status == 0 || outcome->status == -EREMOTEIO) {
        u->failures = 0;
        u->stats.quarantined = false;
        return false;
    }
    if (outcome->status != -ETIMEDOUT && outcome->status != -EBADMSG) {
        return false;
    }
    if (s->config.replies_owed && !outcome->crc) {
        owe(u, request, outcome->done_at_ns);
    }
    return failed(u, outcome->done_at_ns);
}

void lk_fb_unit_refresh(struct lk_fb_unit *u)
{
    u->failures = 0;
    u->stats.quarantined = false;
    for (size_t i = 0; i < LK_FB_OWED_SLOTS; i++) {
        u->owed[i].until_ns = 0;
    }
}

int64_t lk_fb_unit_held_until(const struct lk_fb_sched *s, const struct lk_fb_request *request, int64_t now_ns)
{
    const struct lk_fb_unit *u = lk_fb_unit_find(s, request->unit);
    int64_t until_ns = 0;
    for (size_t i = 0; u && i < LK_FB_OWED_SLOTS; i++) {
        const struct lk_fb_owed *o = &u->owed[i];
        if (o->until_ns > now_ns && o->until_ns > until_ns && lk_fb_replies_alike(&o->request, request)) {
            until_ns = o->until_ns;
        }
    }
    return until_ns;
}
