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

static void open_books(struct lk_fb_unit *u, uint8_t unit)
{
    *u = (struct lk_fb_unit){.unit = unit, .stats = {.unit = unit}};
}

static bool waits_for(const struct lk_fb_sched *s, const struct lk_fb_unit *u)
{
    for (int q = 0; q < LK_FB_QUEUES; q++) {
        for (int slot = s->queues[q].head; slot >= 0; slot = s->slots[slot].next) {
            if (s->slots[slot].request.unit == u->unit) {
                return true;
            }
        }
    }
    return false;
}

/* A search for boards asks every address: those that never answered give their row to the next. */
static struct lk_fb_unit *reopen_books(struct lk_fb_sched *s, uint8_t unit)
{
    for (size_t i = 0; i < LK_FB_UNITS_MAX; i++) {
        struct lk_fb_unit *u = &s->units[i];
        bool owes = false;
        for (size_t o = 0; o < LK_FB_OWED_SLOTS; o++) {
            owes = owes || u->owed[o].until_ns > s->now_ns;
        }
        if (u->last_ok_ns == 0 && !owes && !lk_fb_poll_exists(s, u->unit) && !waits_for(s, u)) {
            open_books(u, unit);
            return u;
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
            open_books(u, unit);
        }
        if (u->unit == unit) {
            return u;
        }
    }
    return reopen_books(s, unit);
}

static void count_latency(struct lk_fb_unit *u, const struct lk_fb_outcome *outcome)
{
    struct lk_fb_stats *st = &u->stats;
    uint32_t us = (uint32_t)((outcome->done_at_ns - outcome->sent_at_ns) / 1000);
    st->ok++;
    lk_fb_tempo_proven(&u->tempo, us);
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
    u->stats.probes += outcome->was_sent && u->stats.quarantined;
    u->stats.doubled += outcome->doubled;
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

static int64_t owed_until_ns(const struct lk_fb_request *request, int64_t now_ns)
{
    unsigned ms = request->timeout_ms * 2;
    ms = ms < LK_FB_OWED_MIN_MS ? LK_FB_OWED_MIN_MS : ms;
    ms = ms > LK_FB_OWED_MAX_MS ? LK_FB_OWED_MAX_MS : ms;
    return now_ns + lk_fb_ms(ms);
}

static void owe(struct lk_fb_sched *s, struct lk_fb_unit *u, const struct lk_fb_job *job,
                const struct lk_fb_outcome *outcome)
{
    struct lk_fb_owed *oldest = &u->owed[0];
    for (size_t i = 1; i < LK_FB_OWED_SLOTS; i++) {
        oldest = u->owed[i].until_ns < oldest->until_ns ? &u->owed[i] : oldest;
    }
    /* With a bad checksum it probably came already; but if that was noise before it, it still has its time. */
    int64_t rest_ns = outcome->sent_at_ns + lk_fb_ms(job->request.timeout_ms);
    int64_t until_ns = outcome->crc ? rest_ns : owed_until_ns(&job->request, outcome->done_at_ns);
    *oldest = (struct lk_fb_owed){.until_ns = until_ns,
                                  .sent_ns = outcome->sent_at_ns,
                                  .then_id = job->is_then ? s->thens[job->then].id : 0,
                                  .request = job->request};
}

void lk_fb_unit_owe_broadcast(struct lk_fb_sched *s, const struct lk_fb_request *request, int64_t now_ns)
{
    s->broadcast = (struct lk_fb_owed){.until_ns = owed_until_ns(request, now_ns), .request = *request};
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

static void answered(struct lk_fb_sched *s, struct lk_fb_unit *u, int64_t now_ns)
{
    if (u->stats.quarantined) {
        lk_fb_then_unpark(s, u->unit, now_ns);
    }
    if (u->timed_out && u->stats.quarantined) {
        u->tempo.steady = 0; /* it was away, which says nothing about how quick it is */
    } else if (u->timed_out) {
        lk_fb_tempo_slow(&u->tempo, u->limit_ms * 1000);
    }
    u->timed_out = false;
    u->failures = 0;
    u->stats.quarantined = false;
}

bool lk_fb_unit_outcome(struct lk_fb_sched *s, struct lk_fb_unit *u, const struct lk_fb_job *job,
                        const struct lk_fb_outcome *outcome)
{
    count(u, outcome);
    u->limit_ms = job->request.timeout_ms;
    if (outcome->status == 0 || outcome->status == -EREMOTEIO) {
        answered(s, u, outcome->done_at_ns);
        return false;
    }
    if (outcome->status != -ETIMEDOUT && outcome->status != -EBADMSG) {
        return false;
    }
    u->timed_out = u->timed_out || outcome->status == -ETIMEDOUT;
    if (s->config.replies_owed) {
        owe(s, u, job, outcome);
    }
    return !outcome->held_up && failed(u, outcome->done_at_ns);
}

/* A write always gets its full time: its proof is worth more than the line's. Of a failing unit every second request
 * gets it, so that one that has only become slow is found as well. */
static unsigned patience_ms(const struct lk_fb_unit *u, const struct lk_fb_request *request)
{
    bool full = request->expect != LK_FB_READ || request->priority == LK_FB_PULSE || u->failures % 2 == 1;
    return full ? request->timeout_ms : lk_fb_tempo_wait_ms(&u->tempo, request->timeout_ms);
}

unsigned lk_fb_unit_wait_ms(struct lk_fb_sched *s, const struct lk_fb_request *request)
{
    const struct lk_fb_unit *u = lk_fb_unit_find(s, request->unit);
    unsigned ms = u ? patience_ms(u, request) : request->timeout_ms;
    if (request->then_pdu_len == 0) {
        return ms;
    }
    /* Counted from the end of the request; the follow-up's time from its beginning. */
    int64_t wire_ms = request->pdu_len * s->config.char_ns / 1000000 + 1;
    int64_t most_ms = request->then_after_ms > wire_ms + LK_FB_TIMEOUT_MIN_MS ? request->then_after_ms - wire_ms
                                                                              : LK_FB_TIMEOUT_MIN_MS;
    return ms < most_ms ? ms : (unsigned)most_ms;
}

bool lk_fb_unit_fits_room(const struct lk_fb_sched *s, const struct lk_fb_request *request)
{
    if (s->room_ns == INT64_MAX) {
        return true;
    }
    const struct lk_fb_unit *u = lk_fb_unit_find(s, request->unit);
    bool well = u && u->failures == 0 && u->last_ok_ns != 0;
    int64_t frames_ns = (request->pdu_len + request->read_bytes) * s->config.char_ns + lk_fb_ms(LK_FB_ROOM_MARGIN_MS);
    int64_t reply_ns =
        well ? lk_fb_tempo_worst_us(&u->tempo) * INT64_C(1000) : frames_ns + lk_fb_ms(request->timeout_ms);
    return reply_ns + lk_fb_ms(request->listen_ms) < s->room_ns;
}

static bool somebody_answers(const struct lk_fb_sched *s)
{
    for (size_t i = 0; i < LK_FB_UNITS_MAX && s->units[i].unit != 0; i++) {
        if (!s->units[i].stats.quarantined && s->units[i].last_ok_ns != 0) {
            return true;
        }
    }
    return false;
}

int64_t lk_fb_unit_probe_ns(const struct lk_fb_sched *s, const struct lk_fb_unit *u)
{
    int64_t rest = somebody_answers(s) ? LK_FB_PROBE_REST : LK_FB_PROBE_REST_ALONE;
    int64_t line_ns = s->probe_end_ns + s->probe_cost_ns * rest;
    return line_ns > u->probe_at_ns ? line_ns : u->probe_at_ns;
}

void lk_fb_unit_refresh(struct lk_fb_unit *u)
{
    u->failures = 0;
    u->timed_out = false;
    u->stats.quarantined = false;
    for (size_t i = 0; i < LK_FB_OWED_SLOTS; i++) {
        u->owed[i].until_ns = 0;
    }
}

int64_t lk_fb_unit_held_until(const struct lk_fb_sched *s, const struct lk_fb_request *request, int64_t now_ns)
{
    const struct lk_fb_unit *u = lk_fb_unit_find(s, request->unit);
    bool broadcast = s->broadcast.until_ns > now_ns && lk_fb_answers_alike(&s->broadcast.request, request);
    int64_t until_ns = broadcast ? s->broadcast.until_ns : 0;
    for (size_t i = 0; u && i < LK_FB_OWED_SLOTS; i++) {
        const struct lk_fb_owed *o = &u->owed[i];
        if (o->until_ns > now_ns && o->until_ns > until_ns && lk_fb_replies_alike(&o->request, request)) {
            until_ns = o->until_ns;
        }
    }
    return until_ns;
}
