#include "fb_private.h"

#include <errno.h>
#include <string.h>

static struct lk_fb_row *find(struct lk_fb_sched *s, uint64_t tag)
{
    for (size_t i = 0; i < LK_FB_POLLS_MAX; i++) {
        if (s->polls[i].used && s->polls[i].poll.tag == tag) {
            return &s->polls[i];
        }
    }
    return NULL;
}

static struct lk_fb_row *unused(struct lk_fb_sched *s)
{
    for (size_t i = 0; i < LK_FB_POLLS_MAX; i++) {
        if (!s->polls[i].used) {
            return &s->polls[i];
        }
    }
    return NULL;
}

void lk_fb_sched_poll_set(struct lk_fb_sched *s, const struct lk_fb_poll *poll, int64_t now_ns)
{
    struct lk_fb_row *row = find(s, poll->tag);
    row = row ? row : unused(s);
    if (!row) {
        return; /* the front counts polls and never lets it come to this */
    }
    *row = (struct lk_fb_row){.used = true, .poll = *poll, .due_ns = now_ns};
    row->poll.report_every_ms = poll->report_every_ms ? poll->report_every_ms : LK_FB_REPORT_MS;
    row->poll.timeout_ms = poll->timeout_ms ? poll->timeout_ms : s->config.timeout_ms;
    const struct lk_fb_unit *u = lk_fb_unit_get(s, poll->unit);
    if (!s->up) {
        lk_fb_poll_status(s, poll->unit, -ENODEV, now_ns);
    } else if (u && u->stats.quarantined) {
        lk_fb_poll_status(s, poll->unit, -EHOSTDOWN, now_ns);
    }
}

void lk_fb_sched_poll_drop(struct lk_fb_sched *s, uint64_t tag)
{
    struct lk_fb_row *row = find(s, tag);
    if (row) {
        row->used = false;
    }
}

void lk_fb_sched_focus(struct lk_fb_sched *s, uint64_t tag, int64_t until_ns)
{
    struct lk_fb_row *row = find(s, tag);
    if (row) {
        row->focus_until_ns = until_ns;
    }
}

bool lk_fb_poll_exists(const struct lk_fb_sched *s, uint8_t unit)
{
    for (size_t i = 0; i < LK_FB_POLLS_MAX; i++) {
        if (s->polls[i].used && s->polls[i].poll.unit == unit) {
            return true;
        }
    }
    return false;
}

static struct lk_fb_request request_of(const struct lk_fb_row *row)
{
    const struct lk_fb_poll *p = &row->poll;
    struct lk_fb_request r = {.tag = p->tag,
                              .unit = p->unit,
                              .pdu_len = p->pdu_len,
                              .expect = LK_FB_READ,
                              .read_bytes = p->read_bytes,
                              .priority = LK_FB_NORMAL,
                              .timeout_ms = p->timeout_ms};
    memcpy(r.pdu, p->pdu, p->pdu_len);
    return r;
}

/* When the row wants its turn: in quarantine at the unit's probe, in focus often, otherwise by its period. */
static int64_t wanted_ns(const struct lk_fb_sched *s, const struct lk_fb_row *row, int64_t now_ns)
{
    const struct lk_fb_unit *u = lk_fb_unit_find(s, row->poll.unit);
    if (u && u->stats.quarantined) {
        return lk_fb_unit_probe_ns(s, u);
    }
    int64_t at_ns = row->due_ns;
    int64_t focused_ns = row->done_ns + lk_fb_ms(LK_FB_FOCUS_MS);
    if (row->focus_until_ns > now_ns && focused_ns < at_ns) {
        at_ns = focused_ns;
    }
    struct lk_fb_request r = request_of(row);
    int64_t held_ns = lk_fb_unit_held_until(s, &r, now_ns);
    return held_ns > at_ns ? held_ns : at_ns;
}

static bool quarantined(const struct lk_fb_sched *s, const struct lk_fb_row *row)
{
    const struct lk_fb_unit *u = lk_fb_unit_find(s, row->poll.unit);
    return u && u->stats.quarantined;
}

/* Of two rows, whether the first goes before: the one that waited longer; in the focused slot the one whose focus lasts
 * longest, for that door was pulsed last and somebody stands before it. The others keep their turn in the rotation. */
static bool goes_before(const struct lk_fb_row *row, const struct lk_fb_row *other, bool focused_only)
{
    if (focused_only && row->focus_until_ns != other->focus_until_ns) {
        return row->focus_until_ns > other->focus_until_ns;
    }
    return row->done_ns < other->done_ns;
}

static int first_wanted(const struct lk_fb_sched *s, int64_t now_ns, bool probes, bool focused_only)
{
    int best = -1;
    for (int i = 0; i < LK_FB_POLLS_MAX; i++) {
        const struct lk_fb_row *row = &s->polls[i];
        if (!row->used || quarantined(s, row) != probes || wanted_ns(s, row, now_ns) > now_ns ||
            (focused_only && row->focus_until_ns <= now_ns)) {
            continue;
        }
        struct lk_fb_request r = request_of(row);
        if (!lk_fb_unit_fits_room(s, &r)) {
            continue;
        }
        if (best < 0 || goes_before(row, &s->polls[best], focused_only)) {
            best = i;
        }
    }
    return best;
}

static bool job_for(const struct lk_fb_sched *s, int index, struct lk_fb_job *ret_job)
{
    if (index < 0) {
        return false;
    }
    ret_job->poll = index;
    ret_job->request = request_of(&s->polls[index]);
    return true;
}

bool lk_fb_poll_due(struct lk_fb_sched *s, int64_t now_ns, struct lk_fb_job *ret_job)
{
    int index = s->focus_turn ? first_wanted(s, now_ns, false, true) : -1;
    s->focus_turn = index < 0;
    if (index < 0) {
        index = first_wanted(s, now_ns, false, false);
    }
    return job_for(s, index, ret_job);
}

bool lk_fb_poll_probe(struct lk_fb_sched *s, int64_t now_ns, struct lk_fb_job *ret_job)
{
    return job_for(s, first_wanted(s, now_ns, true, false), ret_job);
}

int64_t lk_fb_poll_next_ns(const struct lk_fb_sched *s, int64_t now_ns)
{
    int64_t next_ns = INT64_MAX;
    for (size_t i = 0; i < LK_FB_POLLS_MAX; i++) {
        if (s->polls[i].used) {
            int64_t at_ns = wanted_ns(s, &s->polls[i], now_ns);
            next_ns = at_ns < next_ns ? at_ns : next_ns;
        }
    }
    return next_ns;
}

static bool worth_saying(const struct lk_fb_row *row, const struct lk_fb_completion *now)
{
    const struct lk_fb_completion *said = &row->said;
    return !row->reported || now->status != said->status || now->generation != said->generation ||
           now->data_len != said->data_len || memcmp(now->data, said->data, now->data_len) != 0 ||
           now->done_at_ns - row->said_at_ns >= lk_fb_ms(row->poll.report_every_ms);
}

static void say(struct lk_fb_sched *s, struct lk_fb_row *row, struct lk_fb_completion *c)
{
    c->tag = row->poll.tag;
    c->unit = row->poll.unit;
    c->is_poll = true;
    c->generation = s->generation;
    if (worth_saying(row, c) && s->sink.emit(s->sink.user, c)) {
        row->said = *c;
        row->said_at_ns = c->done_at_ns;
        row->reported = true;
    }
}

/* A period after it was due, so that a late read does not shift the rhythm; but neither in a burst to catch up when it
 * is behind, nor later than a period from now when focus made it read more often than its period. */
static int64_t next_due_ns(const struct lk_fb_row *row, int64_t done_ns)
{
    int64_t period_ns = lk_fb_ms(row->poll.period_ms);
    int64_t due_ns = row->due_ns + period_ns;
    if (due_ns < done_ns) {
        return done_ns;
    }
    return due_ns < done_ns + period_ns ? due_ns : done_ns + period_ns;
}

void lk_fb_poll_done(struct lk_fb_sched *s, const struct lk_fb_job *job, const struct lk_fb_outcome *outcome)
{
    struct lk_fb_row *row = &s->polls[job->poll];
    if (!row->used || row->poll.tag != job->request.tag) {
        return; /* dropped or replaced while it was on the wire */
    }
    row->done_ns = outcome->done_at_ns;
    row->due_ns = next_due_ns(row, outcome->done_at_ns);
    struct lk_fb_completion c = {.status = outcome->status,
                                 .was_sent = outcome->was_sent,
                                 .garbled = outcome->crc,
                                 .exception = outcome->exception,
                                 .data_len = outcome->data_len,
                                 .sent_at_ns = outcome->sent_at_ns,
                                 .done_at_ns = outcome->done_at_ns};
    memcpy(c.data, outcome->data, outcome->data_len);
    if (c.status != 0 && c.status != -EREMOTEIO && quarantined(s, row)) {
        c.status = -EHOSTDOWN;
    }
    say(s, row, &c);
}

void lk_fb_poll_status(struct lk_fb_sched *s, uint8_t unit, int status, int64_t now_ns)
{
    for (size_t i = 0; i < LK_FB_POLLS_MAX; i++) {
        struct lk_fb_row *row = &s->polls[i];
        if (row->used && (unit == 0 || row->poll.unit == unit)) {
            struct lk_fb_completion c = {.status = status, .done_at_ns = now_ns};
            say(s, row, &c);
        }
    }
}
