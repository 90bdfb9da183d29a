/* Follow-ups: what the line sends by itself, at its time and before everything else (hal/fieldbus.h). */
#include "fb_private.h"

#include <errno.h>
#include <string.h>

enum { NONE = -1 };

int lk_fb_then_reserve(struct lk_fb_sched *s, const struct lk_fb_request *request)
{
    for (int i = 0; i < LK_FB_THENS_MAX; i++) {
        struct lk_fb_then *t = &s->thens[i];
        if (!t->used) {
            *t = (struct lk_fb_then){.used = true, .due_ns = INT64_MAX, .id = ++s->then_id};
            t->request = (struct lk_fb_request){.tag = request->tag,
                                                .unit = request->unit,
                                                .pdu_len = request->then_pdu_len,
                                                .expect = LK_FB_ECHO,
                                                .priority = LK_FB_PULSE,
                                                .timeout_ms = request->timeout_ms};
            memcpy(t->request.pdu, request->then_pdu, request->then_pdu_len);
            return i;
        }
    }
    return NONE;
}

bool lk_fb_then_arm(struct lk_fb_sched *s, const struct lk_fb_job *job, const struct lk_fb_outcome *outcome)
{
    struct lk_fb_then *t = &s->thens[job->then];
    if (!outcome->was_sent) {
        t->used = false;
        s->sink.give_back(s->sink.user);
        return false;
    }
    t->due_ns = outcome->sent_at_ns + lk_fb_ms(job->request.then_after_ms);
    return true;
}

/* Of two that are due, the one tried less often: a dead unit's must not make another's late. */
static bool goes_before(const struct lk_fb_then *a, const struct lk_fb_then *b)
{
    return a->tries != b->tries ? a->tries < b->tries : a->due_ns < b->due_ns;
}

bool lk_fb_then_next(const struct lk_fb_sched *s, int64_t now_ns, struct lk_fb_job *ret_job)
{
    int best = NONE;
    for (int i = 0; i < LK_FB_THENS_MAX; i++) {
        const struct lk_fb_then *t = &s->thens[i];
        if (t->used && t->due_ns <= now_ns && (best < 0 || goes_before(t, &s->thens[best]))) {
            best = i;
        }
    }
    if (best >= 0) {
        const struct lk_fb_request *request = &s->thens[best].request;
        *ret_job = (struct lk_fb_job){
            .request = *request, .wait_ms = request->timeout_ms, .poll = NONE, .then = best, .is_then = true};
    }
    return best >= 0;
}

int64_t lk_fb_then_due_ns(const struct lk_fb_sched *s)
{
    int64_t due_ns = INT64_MAX;
    for (int i = 0; i < LK_FB_THENS_MAX; i++) {
        const struct lk_fb_then *t = &s->thens[i];
        due_ns = t->used && t->due_ns < due_ns ? t->due_ns : due_ns;
    }
    return due_ns;
}

static void say(struct lk_fb_sched *s, struct lk_fb_then *t, const struct lk_fb_outcome *outcome)
{
    struct lk_fb_completion c = {.tag = t->request.tag,
                                 .status = outcome->status,
                                 .was_sent = t->tries > 0,
                                 .is_then = true,
                                 .garbled = outcome->crc,
                                 .unit = t->request.unit,
                                 .exception = outcome->exception,
                                 .generation = s->generation,
                                 .sent_at_ns = outcome->sent_at_ns,
                                 .done_at_ns = outcome->done_at_ns};
    if (!t->told) {
        (void)s->sink.emit(s->sink.user, &c);
    }
    t->told = true;
}

void lk_fb_then_done(struct lk_fb_sched *s, const struct lk_fb_job *job, const struct lk_fb_outcome *outcome)
{
    struct lk_fb_then *t = &s->thens[job->then];
    t->tries += outcome->was_sent;
    if (outcome->status == -ENODEV) {
        return; /* lk_fb_then_line() says so, and keeps it */
    }
    if (outcome->status == 0 || t->tries >= LK_FB_THEN_TRIES) {
        say(s, t, outcome);
        t->used = false;
    }
}

void lk_fb_then_line(struct lk_fb_sched *s, bool up, int64_t now_ns)
{
    struct lk_fb_outcome gone = {.status = -ENODEV, .done_at_ns = now_ns};
    for (int i = 0; i < LK_FB_THENS_MAX; i++) {
        struct lk_fb_then *t = &s->thens[i];
        if (!t->used || t->due_ns == INT64_MAX) {
            continue;
        }
        if (up) {
            t->tries = 0;
            t->due_ns = now_ns;
        } else {
            say(s, t, &gone);
        }
    }
}

void lk_fb_then_hurry(struct lk_fb_sched *s, int64_t now_ns)
{
    for (int i = 0; i < LK_FB_THENS_MAX; i++) {
        struct lk_fb_then *t = &s->thens[i];
        if (t->used && t->due_ns != INT64_MAX && t->due_ns > now_ns) {
            t->due_ns = now_ns;
        }
    }
}

void lk_fb_then_give_up(struct lk_fb_sched *s, int64_t now_ns)
{
    struct lk_fb_outcome over = {.status = -ETIMEDOUT, .done_at_ns = now_ns};
    for (int i = 0; i < LK_FB_THENS_MAX; i++) {
        struct lk_fb_then *t = &s->thens[i];
        if (t->used && t->due_ns != INT64_MAX) {
            over.status = t->tries > 0 ? -ETIMEDOUT : -ECANCELED;
            say(s, t, &over);
        }
        t->used = false;
    }
}
