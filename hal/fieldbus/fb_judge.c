#include "fb_private.h"

#include <errno.h>
#include <string.h>

enum { EXCEPTION_BIT = 0x80, HEAD_BYTES = 5 };

static size_t echo_length(const struct lk_fb_request *request)
{
    bool head = request->expect == LK_FB_HEAD && request->pdu_len > HEAD_BYTES;
    return head ? HEAD_BYTES : request->pdu_len;
}

bool lk_fb_reply_fits(const struct lk_fb_request *request, const uint8_t *pdu, size_t n)
{
    if (request->expect == LK_FB_READ) {
        return n == request->read_bytes + 2U && pdu[0] == request->pdu[0] && pdu[1] == request->read_bytes;
    }
    return n == echo_length(request) && memcmp(pdu, request->pdu, n) == 0;
}

bool lk_fb_replies_alike(const struct lk_fb_request *a, const struct lk_fb_request *b)
{
    return a->unit == b->unit && lk_fb_answers_alike(a, b);
}

bool lk_fb_answers_alike(const struct lk_fb_request *a, const struct lk_fb_request *b)
{
    if (a->expect != b->expect) {
        return false;
    }
    if (a->expect == LK_FB_READ) {
        return a->pdu[0] == b->pdu[0] && a->read_bytes == b->read_bytes;
    }
    return echo_length(a) == echo_length(b) && memcmp(a->pdu, b->pdu, echo_length(a)) == 0;
}

static bool is_exception(uint8_t function, const uint8_t *pdu, size_t n)
{
    return n == 2 && pdu[0] == (function | EXCEPTION_BIT);
}

static bool owed_function(const struct lk_fb_unit *u, uint8_t function, int64_t now_ns)
{
    for (size_t i = 0; u && i < LK_FB_OWED_SLOTS; i++) {
        if (u->owed[i].until_ns > now_ns && u->owed[i].request.pdu[0] == function) {
            return true;
        }
    }
    return false;
}

static struct lk_fb_owed *owed_reply(struct lk_fb_unit *u, const uint8_t *pdu, size_t n, int64_t now_ns)
{
    for (size_t i = 0; i < LK_FB_OWED_SLOTS; i++) {
        struct lk_fb_owed *o = &u->owed[i];
        if (o->until_ns > now_ns &&
            (lk_fb_reply_fits(&o->request, pdu, n) || is_exception(o->request.pdu[0], pdu, n))) {
            return o;
        }
    }
    return NULL;
}

static void settle(struct lk_fb_unit *u, struct lk_fb_owed *o, int64_t now_ns)
{
    o->came = true;
    u->stats.late++;
    lk_fb_tempo_slow(&u->tempo, (uint32_t)((now_ns - o->sent_ns) / 1000));
}

/* The echo of a follow-up may also be the late one of an equal follow-up before: they are not held back for each other,
 * so the first echo pays the debt. Its own earlier tries are as good: each of them switched the same thing off. */
static struct lk_fb_owed *older_echo(struct lk_fb_sched *s, struct lk_fb_unit *u, const struct lk_fb_job *job,
                                     int64_t now_ns)
{
    for (size_t i = 0; u && job->is_then && i < LK_FB_OWED_SLOTS; i++) {
        struct lk_fb_owed *o = &u->owed[i];
        if (o->until_ns > now_ns && !o->came && o->then_id != s->thens[job->then].id &&
            lk_fb_replies_alike(&o->request, &job->request)) {
            return o;
        }
    }
    return NULL;
}

static void count_stray(struct lk_fb_unit *u)
{
    if (u) {
        u->stats.late++;
    }
}

static bool broadcast_owed(const struct lk_fb_sched *s, const uint8_t *pdu, size_t n, int64_t now_ns)
{
    const struct lk_fb_owed *o = &s->broadcast;
    return o->until_ns > now_ns && n > 0 &&
           (lk_fb_reply_fits(&o->request, pdu, n) || is_exception(o->request.pdu[0], pdu, n));
}

bool lk_fb_sched_stray(struct lk_fb_sched *s, uint8_t unit, const uint8_t *pdu, size_t n, int64_t now_ns)
{
    struct lk_fb_unit *u = lk_fb_unit_find(s, unit);
    struct lk_fb_owed *o = u && n > 0 ? owed_reply(u, pdu, n, now_ns) : NULL;
    if (o) {
        settle(u, o, now_ns);
    }
    return !o && !broadcast_owed(s, pdu, n, now_ns);
}

static void prove(const struct lk_fb_job *job, uint8_t unit, const uint8_t *pdu, size_t n,
                  struct lk_fb_outcome *outcome)
{
    outcome->status = 0;
    outcome->data_len = 0;
    outcome->unit = unit;
    if (job->request.expect == LK_FB_READ) {
        outcome->data_len = (uint8_t)(n - 2);
        memcpy(outcome->data, pdu + 2, n - 2);
    }
}

/* A frame that is complete before a reply could be was on its way already when the request went out: a repetition, or a
 * second board. A tenth for inexact clocks. */
static bool too_early(const struct lk_fb_sched *s, const struct lk_fb_request *request, size_t n, int64_t took_ns)
{
    int64_t wire_ns = (int64_t)(request->pdu_len + n + 2UL * LK_FB_RTU_OVERHEAD) * s->config.char_ns;
    return s->paced && took_ns * 10 < wire_ns * 9;
}

enum lk_fb_verdict lk_fb_sched_judge(struct lk_fb_sched *s, const struct lk_fb_job *job, uint8_t unit,
                                     const uint8_t *pdu, size_t n, struct lk_fb_outcome *outcome, int64_t now_ns)
{
    const struct lk_fb_request *request = &job->request;
    bool ours = (unit == request->unit || request->unit == 0) && n > 0;
    struct lk_fb_unit *u = lk_fb_unit_find(s, unit);
    if (too_early(s, request, n, now_ns - outcome->sent_at_ns)) {
        count_stray(u);
        return LK_FB_LATE;
    }
    if (ours && lk_fb_reply_fits(request, pdu, n)) {
        struct lk_fb_owed *older = older_echo(s, u, job, now_ns);
        if (older) {
            settle(u, older, now_ns);
            return LK_FB_LATE;
        }
        prove(job, unit, pdu, n, outcome);
        return LK_FB_PROVEN;
    }
    /* An exception does not say which request it refuses: with an older one unanswered it proves nothing. */
    if (ours && is_exception(request->pdu[0], pdu, n) && !owed_function(u, request->pdu[0], now_ns)) {
        outcome->status = -EREMOTEIO;
        outcome->exception = pdu[1];
        outcome->unit = unit;
        return LK_FB_PROVEN;
    }
    struct lk_fb_owed *o = u && n > 0 ? owed_reply(u, pdu, n, now_ns) : NULL;
    if (o && !(ours && is_exception(request->pdu[0], pdu, n))) {
        settle(u, o, now_ns);
        return LK_FB_LATE;
    }
    if (!o && broadcast_owed(s, pdu, n, now_ns)) {
        return LK_FB_LATE;
    }
    outcome->status = -EBADMSG;
    return LK_FB_FOREIGN;
}
