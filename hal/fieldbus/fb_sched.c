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
    if (request->then_pdu_len > 0) {
        s->sink.give_back(s->sink.user);
    }
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
    if (lk_fb_poll_exists(s, u->unit) || now_ns < lk_fb_unit_probe_ns(s, u)) {
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
    bool broadcast = request->unit == 0;
    int slot = s->free.head;
    if ((!u && !broadcast) || slot < 0 || (u && shut_out(s, u, now_ns))) {
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

/* Rows for follow-ups are few: a request that needs one waits until one is free. */
static bool begins(struct lk_fb_sched *s, const struct lk_fb_request *request, struct lk_fb_job *ret_job)
{
    if (!lk_fb_unit_fits_room(s, request)) {
        return false;
    }
    ret_job->then = request->then_pdu_len > 0 ? lk_fb_then_reserve(s, request) : -1;
    return request->then_pdu_len == 0 || ret_job->then >= 0;
}

/* The first request of the queue whose reply cannot be mistaken. */
static bool from_queue(struct lk_fb_sched *s, enum lk_fb_priority priority, int64_t now_ns, struct lk_fb_job *ret_job)
{
    struct lk_fb_list *list = &s->queues[priority];
    for (int before = -1, slot = list->head; slot >= 0; before = slot, slot = s->slots[slot].next) {
        const struct lk_fb_request *request = &s->slots[slot].request;
        if (lk_fb_unit_held_until(s, request, now_ns) == 0 && begins(s, request, ret_job)) {
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
    s->now_ns = now_ns;
    if (!s->up) {
        return false;
    }
    if (lk_fb_then_next(s, now_ns, ret_job)) {
        return true;
    }
    int64_t due_ns = lk_fb_then_due_ns(s);
    s->room_ns = due_ns == INT64_MAX ? INT64_MAX : due_ns - now_ns;
    *ret_job = (struct lk_fb_job){.poll = -1, .then = -1};
    if (from_queue(s, LK_FB_PULSE, now_ns, ret_job) || from_queue(s, LK_FB_MOVING, now_ns, ret_job) ||
        from_queue(s, LK_FB_PROBE, now_ns, ret_job) || lk_fb_poll_probe(s, now_ns, ret_job) ||
        normal(s, now_ns, ret_job)) {
        ret_job->wait_ms = lk_fb_unit_wait_ms(s, &ret_job->request);
        return true;
    }
    /* What could begin already and does not would last too long: nothing to do before the follow-up. */
    int64_t at_ns = next_ns(s, now_ns);
    *ret_at_ns = at_ns > now_ns && at_ns < due_ns ? at_ns : due_ns;
    return false;
}

bool lk_fb_sched_last(struct lk_fb_sched *s, int64_t now_ns, struct lk_fb_job *ret_job)
{
    lk_fb_then_hurry(s, now_ns);
    return s->up && lk_fb_then_next(s, now_ns, ret_job);
}

bool lk_fb_sched_follows(const struct lk_fb_sched *s)
{
    return lk_fb_then_due_ns(s) != INT64_MAX;
}

static void complete(struct lk_fb_sched *s, const struct lk_fb_job *job, const struct lk_fb_outcome *outcome)
{
    const struct lk_fb_request *request = &job->request;
    struct lk_fb_completion c = {.tag = request->tag,
                                 .status = outcome->status,
                                 .was_sent = outcome->was_sent,
                                 .then_follows = job->then >= 0 && lk_fb_then_arm(s, job, outcome),
                                 .doubled = outcome->doubled,
                                 .garbled = outcome->crc,
                                 .unit = request->unit ? request->unit : outcome->unit,
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
    bool newly_down = u && lk_fb_unit_outcome(s, u, job, outcome);
    s->now_ns = outcome->done_at_ns;
    if (job->request.unit == 0 && outcome->was_sent) {
        lk_fb_unit_owe_broadcast(s, &job->request, outcome->done_at_ns);
    }
    if (job->poll >= 0) {
        lk_fb_poll_done(s, job, outcome);
    } else if (job->is_then) {
        lk_fb_then_done(s, job, outcome);
    } else {
        complete(s, job, outcome);
    }
    if (newly_down) {
        lk_fb_poll_status(s, job->request.unit, -EHOSTDOWN, outcome->done_at_ns);
        refuse_waiting(s, job->request.unit, -EHOSTDOWN, outcome->done_at_ns);
    }
}

void lk_fb_sched_free(struct lk_fb_sched *s, uint8_t unit, int64_t begun_ns, int64_t free_ns)
{
    struct lk_fb_unit *u = lk_fb_unit_find(s, unit);
    int64_t spent_ns = free_ns > begun_ns ? free_ns - begun_ns : 0;
    s->now_ns = free_ns;
    if (!u) {
        return;
    }
    u->stats.busy_ns += (uint64_t)spent_ns;
    u->stats.dead_ns += u->failures > 0 ? (uint64_t)spent_ns : 0;
    if (u->stats.quarantined) {
        s->probe_end_ns = free_ns;
        s->probe_cost_ns = spent_ns;
    }
}

void lk_fb_sched_paced(struct lk_fb_sched *s, bool paced)
{
    s->paced = paced;
}

void lk_fb_sched_line(struct lk_fb_sched *s, bool up, int64_t now_ns)
{
    s->line_ns += s->up ? now_ns - s->up_ns : 0;
    s->up_ns = s->now_ns = now_ns;
    s->up = up;
    s->probe_end_ns = s->probe_cost_ns = 0;
    s->broadcast.until_ns = 0;
    lk_fb_then_line(s, up, now_ns);
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
    lk_fb_then_give_up(s, now_ns);
    s->up = false;
}

int lk_fb_sched_stats(const struct lk_fb_sched *s, uint8_t unit, struct lk_fb_stats *ret_stats)
{
    const struct lk_fb_unit *u = lk_fb_unit_find(s, unit);
    if (!u) {
        return -ENOENT;
    }
    *ret_stats = u->stats;
    ret_stats->latency_p50_us = lk_fb_tempo_share_us(&u->tempo, u->stats.ok, 500);
    ret_stats->latency_p99_us = lk_fb_tempo_share_us(&u->tempo, u->stats.ok, 990);
    ret_stats->timeout_ms = lk_fb_tempo_wait_ms(&u->tempo, u->limit_ms);
    ret_stats->line_ns = (uint64_t)(s->line_ns + (s->up ? s->now_ns - s->up_ns : 0));
    return 0;
}
