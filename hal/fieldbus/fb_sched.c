#include "fb_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int lk_fb_sched_create(const struct lk_fb_sched_config *config, const struct lk_fb_sink *sink,
                       struct lk_fb_sched **ret_sched)
{
    struct lk_fb_sched *s = calloc(1, sizeof(*s) + config->slots * sizeof(s->slots[0]));
    if (!s) {
        return -ENOMEM;
    }
    s->units = calloc(LK_FB_UNITS_MAX, sizeof(s->units[0]));
    if (!s->units) {
        free(s);
        return -ENOMEM;
    }
    s->config = *config;
    s->sink = *sink;
    for (int q = 0; q < LK_FB_QUEUES; q++) {
        s->queues[q] = (struct lk_fb_list){-1, -1};
    }
    for (unsigned i = 0; i < config->slots; i++) {
        s->slots[i].next = i + 1 < config->slots ? (int)i + 1 : -1;
    }
    s->free = (struct lk_fb_list){0, (int)config->slots - 1};
    *ret_sched = s;
    return 0;
}

struct lk_fb_sched *lk_fb_sched_destroy(struct lk_fb_sched *s)
{
    if (s) {
        free(s->units);
        free(s);
    }
    return NULL;
}

static void append(struct lk_fb_sched *s, struct lk_fb_list *list, int slot)
{
    s->slots[slot].next = -1;
    if (list->head < 0) {
        list->head = slot;
    } else {
        s->slots[list->tail].next = slot;
    }
    list->tail = slot;
}

/* Takes out the slot after `before` (-1: the head) and gives it back to the free list. */
static struct lk_fb_request take(struct lk_fb_sched *s, struct lk_fb_list *list, int before)
{
    int slot = before < 0 ? list->head : s->slots[before].next;
    int after = s->slots[slot].next;
    if (before < 0) {
        list->head = after;
    } else {
        s->slots[before].next = after;
    }
    if (after < 0) {
        list->tail = before;
    }
    struct lk_fb_request request = s->slots[slot].request;
    append(s, &s->free, slot);
    return request;
}

static void refuse(struct lk_fb_sched *s, const struct lk_fb_request *request, int status, int64_t now_ns)
{
    struct lk_fb_completion c = {.tag = request->tag,
                                 .unit = request->unit,
                                 .status = status,
                                 .generation = s->generation,
                                 .done_at_ns = now_ns};
    (void)s->sink.emit(s->sink.user, &c);
}

/* Completes what waits for a unit (0: for any) without sending it. */
static void refuse_waiting(struct lk_fb_sched *s, uint8_t unit, int status, int64_t now_ns)
{
    for (int q = 0; q < LK_FB_QUEUES; q++) {
        struct lk_fb_list *list = &s->queues[q];
        for (int before = -1, slot = list->head; slot >= 0;) {
            int after = s->slots[slot].next;
            if (unit == 0 || s->slots[slot].request.unit == unit) {
                struct lk_fb_request request = take(s, list, before);
                refuse(s, &request, status, now_ns);
            } else {
                before = slot;
            }
            slot = after;
        }
    }
}

/* A unit in quarantine without a poll has nothing that probes it: its next request, once the probe is due, does. */
static bool shut_out(struct lk_fb_sched *s, struct lk_fb_unit *u, int64_t now_ns)
{
    if (!u->stats.quarantined) {
        return false;
    }
    if (lk_fb_poll_exists(s, u->unit) || now_ns < u->probe_at_ns) {
        return true;
    }
    u->probe_at_ns = now_ns + lk_fb_ms(u->probe_ms);
    return false;
}

void lk_fb_sched_submit(struct lk_fb_sched *s, const struct lk_fb_request *request, int64_t now_ns)
{
    if (!s->up) {
        refuse(s, request, -ENODEV, now_ns);
        return;
    }
    struct lk_fb_unit *u = lk_fb_unit_get(s, request->unit);
    int slot = s->free.head;
    if (!u || slot < 0 || shut_out(s, u, now_ns)) {
        refuse(s, request, -EHOSTDOWN, now_ns);
        return;
    }
    s->free.head = s->slots[slot].next;
    s->slots[slot].request = *request;
    if (request->timeout_ms == 0) {
        s->slots[slot].request.timeout_ms = s->config.timeout_ms;
    }
    append(s, &s->queues[request->priority], slot);
}

/* The first request of the queue whose reply cannot be mistaken. */
static bool from_queue(struct lk_fb_sched *s, enum lk_fb_priority priority, int64_t now_ns, struct lk_fb_job *ret_job)
{
    struct lk_fb_list *list = &s->queues[priority];
    for (int before = -1, slot = list->head; slot >= 0; before = slot, slot = s->slots[slot].next) {
        if (lk_fb_unit_held_until(s, &s->slots[slot].request, now_ns) == 0) {
            ret_job->request = take(s, list, before);
            ret_job->poll = -1;
            return true;
        }
    }
    return false;
}

static bool normal(struct lk_fb_sched *s, int64_t now_ns, struct lk_fb_job *ret_job)
{
    if (s->polls_turn && lk_fb_poll_due(s, now_ns, ret_job)) {
        s->polls_turn = false;
        return true;
    }
    s->polls_turn = true;
    return from_queue(s, LK_FB_NORMAL, now_ns, ret_job) || lk_fb_poll_due(s, now_ns, ret_job);
}

/* When something that waits now may be sent: a poll's time, or the end of the time a reply is owed. */
static int64_t next_ns(const struct lk_fb_sched *s, int64_t now_ns)
{
    int64_t at_ns = lk_fb_poll_next_ns(s, now_ns);
    for (int q = 0; q < LK_FB_QUEUES; q++) {
        for (int slot = s->queues[q].head; slot >= 0; slot = s->slots[slot].next) {
            int64_t held_ns = lk_fb_unit_held_until(s, &s->slots[slot].request, now_ns);
            at_ns = held_ns < at_ns ? held_ns : at_ns;
        }
    }
    return at_ns;
}

bool lk_fb_sched_next(struct lk_fb_sched *s, int64_t now_ns, struct lk_fb_job *ret_job, int64_t *ret_at_ns)
{
    *ret_at_ns = INT64_MAX;
    if (!s->up) {
        return false;
    }
    if (from_queue(s, LK_FB_PULSE, now_ns, ret_job) || from_queue(s, LK_FB_MOVING, now_ns, ret_job) ||
        from_queue(s, LK_FB_PROBE, now_ns, ret_job) || lk_fb_poll_probe(s, now_ns, ret_job) ||
        normal(s, now_ns, ret_job)) {
        return true;
    }
    *ret_at_ns = next_ns(s, now_ns);
    return false;
}

static void complete(struct lk_fb_sched *s, const struct lk_fb_request *request, const struct lk_fb_outcome *outcome)
{
    struct lk_fb_completion c = {.tag = request->tag,
                                 .status = outcome->status,
                                 .was_sent = outcome->was_sent,
                                 .unit = request->unit,
                                 .exception = outcome->exception,
                                 .data_len = outcome->data_len,
                                 .generation = s->generation,
                                 .sent_at_ns = outcome->was_sent ? outcome->sent_at_ns : 0,
                                 .done_at_ns = outcome->done_at_ns};
    memcpy(c.data, outcome->data, outcome->data_len);
    (void)s->sink.emit(s->sink.user, &c);
}

void lk_fb_sched_done(struct lk_fb_sched *s, const struct lk_fb_job *job, const struct lk_fb_outcome *outcome)
{
    struct lk_fb_unit *u = lk_fb_unit_get(s, job->request.unit);
    bool newly_down = u && lk_fb_unit_outcome(s, u, &job->request, outcome);
    if (job->poll >= 0) {
        lk_fb_poll_done(s, job, outcome);
    } else {
        complete(s, &job->request, outcome);
    }
    if (newly_down) {
        lk_fb_poll_status(s, job->request.unit, -EHOSTDOWN, outcome->done_at_ns);
        refuse_waiting(s, job->request.unit, -EHOSTDOWN, outcome->done_at_ns);
    }
}

void lk_fb_sched_line(struct lk_fb_sched *s, bool up, int64_t now_ns)
{
    s->up = up;
    if (!up) {
        refuse_waiting(s, 0, -ENODEV, now_ns);
        lk_fb_poll_status(s, 0, -ENODEV, now_ns);
        return;
    }
    s->generation++;
    for (size_t i = 0; i < LK_FB_UNITS_MAX; i++) {
        lk_fb_unit_refresh(&s->units[i]);
    }
    for (size_t i = 0; i < LK_FB_POLLS_MAX; i++) {
        s->polls[i].due_ns = now_ns;
    }
}

void lk_fb_sched_cancel_all(struct lk_fb_sched *s, int64_t now_ns)
{
    refuse_waiting(s, 0, -ECANCELED, now_ns);
    s->up = false;
}

int lk_fb_sched_stats(const struct lk_fb_sched *s, uint8_t unit, struct lk_fb_stats *ret_stats)
{
    const struct lk_fb_unit *u = lk_fb_unit_find(s, unit);
    if (!u) {
        return -ENOENT;
    }
    *ret_stats = u->stats;
    return 0;
}
