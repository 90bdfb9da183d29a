#include "hal/fieldbus_sim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hal/fieldbus_driver.h"

enum {
    FRAMES_MAX = 16,         /* replies under way */
    TURNAROUND_NS = 1000000, /* a board thinks */
    TCP_LATENCY_NS = 100000, /* one way */
    SILENCE_NS = 20000000,   /* after a failure, as the real line */
    RETRY_NS = 1000000000,   /* reopening */
    RTU_OVERHEAD = 3,
    STOP_NS = 1800000000, /* follow-ups are tried for so long at most */
    READ_REGISTERS = 0x03,
    WRITE_REGISTER = 0x06,
    ADDRESS_REGISTER = 0x4000,
};

/* next_job_ns: something changed, look for a job again. */
#define ASK_NOW INT64_MIN

/* A reply on its way to us; n 0: free. */
struct frame {
    int64_t at_ns;
    bool corrupt;
    uint8_t unit;
    uint8_t pdu[LK_SIM_REPLY_MAX];
    size_t n;
};

struct sim {
    struct lk_fieldbus base;
    int64_t now_ns, free_at_ns, next_job_ns, retry_at_ns;
    bool plugged, up, busy, heard, listening;
    struct lk_fb_job job;
    struct lk_fb_outcome outcome;
    int64_t hear_at_ns, deadline_ns;
    struct frame frames[FRAMES_MAX];
    struct lk_sim_board boards[LK_FB_UNITS_MAX];
    struct lk_fieldbus_sim_fault faults[LK_FB_UNIT_MAX + 1];
    bool counted[LK_FB_UNIT_MAX + 1];
    lk_fieldbus_sim_watch *watch;
    void *watch_user;
};

static int64_t travel_ns(const struct sim *sim, size_t pdu_len)
{
    bool tcp = sim->base.config.transport == LK_FB_TCP;
    return tcp ? TCP_LATENCY_NS : lk_fb_wire_ns(&sim->base.config, pdu_len + RTU_OVERHEAD);
}

static struct lk_sim_board *board_of(struct sim *sim, uint8_t unit)
{
    for (size_t i = 0; i < LK_FB_UNITS_MAX; i++) {
        if (sim->boards[i].unit == unit && unit != 0) {
            return &sim->boards[i];
        }
    }
    return NULL;
}

static void begin(struct sim *sim)
{
    sim->busy = true;
    sim->heard = sim->listening = false;
    sim->outcome = (struct lk_fb_outcome){.was_sent = true, .sent_at_ns = sim->now_ns};
    sim->hear_at_ns = sim->now_ns + travel_ns(sim, sim->job.request.pdu_len);
    sim->deadline_ns = sim->hear_at_ns + sim->job.wait_ms * INT64_C(1000000);
}

static void finish(struct sim *sim)
{
    bool unproven = sim->outcome.status == -ETIMEDOUT || sim->outcome.status == -EBADMSG || sim->outcome.doubled;
    sim->busy = false;
    sim->next_job_ns = ASK_NOW;
    sim->outcome.done_at_ns = sim->listening ? sim->outcome.done_at_ns : sim->now_ns;
    lk_fb_done(&sim->base, &sim->job, &sim->outcome);
    sim->free_at_ns = sim->now_ns + lk_fb_gap_ns(&sim->base.config);
    if (unproven && sim->base.config.transport == LK_FB_TCP) {
        memset(sim->frames, 0, sizeof(sim->frames)); /* a new connection: what is under way goes to the old one */
    } else if (unproven) {
        sim->free_at_ns += SILENCE_NS;
    }
    lk_fb_free(&sim->base, &sim->job, sim->outcome.sent_at_ns, sim->free_at_ns);
}

static void send_frame(struct sim *sim, const struct frame *frame)
{
    for (size_t i = 0; i < FRAMES_MAX; i++) {
        if (sim->frames[i].n == 0) {
            sim->frames[i] = *frame;
            return;
        }
    }
}

static void reply(struct sim *sim, uint8_t unit, const uint8_t *pdu, size_t n,
                  const struct lk_fieldbus_sim_fault *fault)
{
    struct frame f = {.at_ns = sim->now_ns + TURNAROUND_NS + fault->late_ms * INT64_C(1000000) + travel_ns(sim, n),
                      .corrupt = fault->corrupt,
                      .unit = fault->answers_as ? fault->answers_as : unit,
                      .n = n};
    memcpy(f.pdu, pdu, n);
    f.pdu[n - 1] = (uint8_t)(f.pdu[n - 1] + fault->bend);
    if (fault->noise) {
        struct frame rubbish = {.at_ns = sim->now_ns + TURNAROUND_NS, .corrupt = true, .unit = 1, .n = 1};
        send_frame(sim, &rubbish);
    }
    send_frame(sim, &f);
    if (fault->twice_ms) {
        f.at_ns += fault->twice_ms * INT64_C(1000000) + travel_ns(sim, n);
        send_frame(sim, &f);
    }
}

/* The address register is all that boards answer by broadcast: all of them, one over the other. */
static void hear_broadcast(struct sim *sim, const struct lk_fb_request *r)
{
    unsigned address = (unsigned)(r->pdu[1] << 8 | r->pdu[2]);
    bool reads = r->pdu[0] == READ_REGISTERS;
    for (size_t i = 0; i < LK_FB_UNITS_MAX; i++) {
        struct lk_sim_board *b = &sim->boards[i];
        if (b->unit == 0 || r->pdu_len != 5 || address != ADDRESS_REGISTER || sim->faults[b->unit].dead) {
            continue;
        }
        if (reads) {
            reply(sim, b->unit, (uint8_t[]){READ_REGISTERS, 2, 0, b->unit}, 4, &sim->faults[b->unit]);
        } else if (r->pdu[0] == WRITE_REGISTER) {
            reply(sim, 0, r->pdu, r->pdu_len, &sim->faults[b->unit]);
            b->unit = r->pdu[4];
        }
    }
}

static struct lk_fieldbus_sim_fault take_fault(struct sim *sim, uint8_t unit, uint8_t function)
{
    struct lk_fieldbus_sim_fault *fault = &sim->faults[unit];
    struct lk_fieldbus_sim_fault now = *fault;
    if (now.only_function && now.only_function != function) {
        return (struct lk_fieldbus_sim_fault){0};
    }
    if (sim->counted[unit] && --fault->count == 0) {
        *fault = (struct lk_fieldbus_sim_fault){0};
        sim->counted[unit] = false;
    }
    return now;
}

static void hear(struct sim *sim)
{
    const struct lk_fb_request *r = &sim->job.request;
    struct lk_sim_board *board = board_of(sim, r->unit);
    struct lk_fieldbus_sim_fault fault = take_fault(sim, r->unit, r->pdu[0]);
    uint8_t pdu[LK_SIM_REPLY_MAX];
    sim->heard = true;
    if (sim->watch) {
        sim->watch(sim->watch_user, sim->now_ns, r->unit, r->pdu, r->pdu_len);
    }
    if (r->unit == 0) {
        hear_broadcast(sim, r);
    }
    if (!board || fault.dead) {
        return;
    }
    if (fault.exception) {
        pdu[0] = r->pdu[0] | 0x80;
        pdu[1] = fault.exception;
        reply(sim, r->unit, pdu, 2, &fault);
        return;
    }
    size_t n = lk_sim_board_answer(board, r->pdu, r->pdu_len, sim->now_ns, pdu);
    if (!fault.lose_reply) {
        reply(sim, r->unit, pdu, n, &fault);
    }
}

/* A proven reply ends the job, or begins the time of listening. */
static void settle(struct sim *sim)
{
    if (sim->outcome.status != 0 || sim->job.request.listen_ms == 0) {
        finish(sim);
        return;
    }
    sim->listening = true;
    sim->outcome.done_at_ns = sim->now_ns;
    sim->deadline_ns = sim->now_ns + sim->job.request.listen_ms * INT64_C(1000000);
}

static void arrive(struct sim *sim, struct frame *f)
{
    size_t n = f->n;
    f->n = 0;
    if (!sim->busy) {
        return; /* nobody waits: flushed before the next request */
    }
    if (sim->listening) {
        sim->outcome.doubled = f->corrupt || lk_fb_stray(&sim->base, f->unit, f->pdu, n, sim->now_ns);
        if (sim->outcome.doubled) {
            finish(sim);
        }
    } else if (f->corrupt) {
        sim->outcome.status = -EBADMSG;
        sim->outcome.crc = true;
        finish(sim);
    } else if (lk_fb_judge(&sim->base, &sim->job, f->unit, f->pdu, n, &sim->outcome, sim->now_ns) != LK_FB_LATE) {
        settle(sim);
    }
}

static struct frame *first_frame(struct sim *sim)
{
    struct frame *first = NULL;
    for (size_t i = 0; i < FRAMES_MAX; i++) {
        struct frame *f = &sim->frames[i];
        if (f->n > 0 && (!first || f->at_ns < first->at_ns)) {
            first = f;
        }
    }
    return first;
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t next_ns(struct sim *sim)
{
    struct frame *f = first_frame(sim);
    int64_t at_ns = f ? f->at_ns : INT64_MAX;
    for (size_t i = 0; i < LK_FB_UNITS_MAX; i++) {
        at_ns = sooner(at_ns, lk_sim_board_next_ns(&sim->boards[i]));
    }
    if (!sim->up) {
        return sooner(at_ns, sim->retry_at_ns);
    }
    if (sim->busy) {
        return sooner(at_ns, sim->heard ? sim->deadline_ns : sim->hear_at_ns);
    }
    return sooner(at_ns, sim->next_job_ns > sim->free_at_ns ? sim->next_job_ns : sim->free_at_ns);
}

static void retry(struct sim *sim)
{
    sim->retry_at_ns = sim->now_ns + RETRY_NS;
    if (sim->plugged) {
        sim->up = true;
        sim->next_job_ns = ASK_NOW;
        lk_fb_paced(&sim->base, sim->base.config.transport == LK_FB_RTU);
        lk_fb_line(&sim->base, true, sim->now_ns);
    }
}

/* Does what is due at now_ns; one thing at a time, in the order of its cause. */
static void happen(struct sim *sim)
{
    for (size_t i = 0; i < LK_FB_UNITS_MAX; i++) {
        lk_sim_board_run(&sim->boards[i], sim->now_ns);
    }
    struct frame *f = first_frame(sim);
    if (f && f->at_ns <= sim->now_ns) {
        arrive(sim, f);
    } else if (!sim->up) {
        if (sim->now_ns >= sim->retry_at_ns) {
            retry(sim);
        }
    } else if (sim->busy && !sim->heard && sim->now_ns >= sim->hear_at_ns) {
        hear(sim);
    } else if (sim->busy && sim->heard && sim->now_ns >= sim->deadline_ns) {
        sim->outcome.status = sim->listening ? 0 : -ETIMEDOUT;
        finish(sim);
    } else if (!sim->busy && sim->now_ns >= sim->free_at_ns && sim->now_ns >= sim->next_job_ns) {
        if (lk_fb_next(&sim->base, sim->now_ns, &sim->job, &sim->next_job_ns)) {
            begin(sim);
        }
    }
}

static void take_commands(struct sim *sim)
{
    if (lk_ring_count(sim->base.commands) > 0) {
        lk_fb_take_commands(&sim->base, sim->now_ns);
        sim->next_job_ns = ASK_NOW;
    }
}

void lk_fieldbus_sim_advance(struct lk_fieldbus *fb, int64_t to_ns)
{
    struct sim *sim = (struct sim *)fb;
    while (atomic_load(&fb->accepting)) {
        take_commands(sim);
        int64_t at_ns = next_ns(sim);
        if (at_ns > to_ns) {
            break;
        }
        sim->now_ns = at_ns > sim->now_ns ? at_ns : sim->now_ns;
        happen(sim);
    }
    sim->now_ns = to_ns > sim->now_ns ? to_ns : sim->now_ns;
}

int64_t lk_fieldbus_sim_next_ns(struct lk_fieldbus *fb)
{
    struct sim *sim = (struct sim *)fb;
    take_commands(sim);
    return next_ns(sim);
}

int64_t lk_fieldbus_sim_now_ns(const struct lk_fieldbus *fb)
{
    return ((const struct sim *)fb)->now_ns;
}

struct lk_sim_board *lk_fieldbus_sim_board(struct lk_fieldbus *fb, uint8_t unit, unsigned channels)
{
    struct sim *sim = (struct sim *)fb;
    if (unit == 0 || board_of(sim, unit) || channels < 1 || channels > LK_SIM_CHANNELS_MAX) {
        return NULL;
    }
    for (size_t i = 0; i < LK_FB_UNITS_MAX; i++) {
        if (sim->boards[i].unit == 0) {
            sim->boards[i] = (struct lk_sim_board){.unit = unit, .channels = channels};
            return &sim->boards[i];
        }
    }
    return NULL;
}

void lk_fieldbus_sim_fault(struct lk_fieldbus *fb, uint8_t unit, const struct lk_fieldbus_sim_fault *fault)
{
    struct sim *sim = (struct sim *)fb;
    if (unit <= LK_FB_UNIT_MAX) {
        sim->faults[unit] = *fault;
        sim->counted[unit] = fault->count > 0;
    }
}

void lk_fieldbus_sim_plug(struct lk_fieldbus *fb, bool plugged)
{
    struct sim *sim = (struct sim *)fb;
    sim->plugged = plugged;
    if (plugged || !sim->up) {
        return;
    }
    if (sim->busy) {
        sim->outcome.status = sim->listening ? 0 : -ENODEV;
        finish(sim);
    }
    memset(sim->frames, 0, sizeof(sim->frames));
    sim->up = false;
    sim->retry_at_ns = sim->now_ns + RETRY_NS;
    lk_fb_line(fb, false, sim->now_ns);
}

void lk_fieldbus_sim_set_watch(struct lk_fieldbus *fb, lk_fieldbus_sim_watch *watch, void *user)
{
    struct sim *sim = (struct sim *)fb;
    sim->watch = watch;
    sim->watch_user = user;
}

static int start(struct lk_fieldbus *fb)
{
    struct sim *sim = (struct sim *)fb;
    retry(sim);
    return 0;
}

static void run_job(struct sim *sim)
{
    while (sim->busy) {
        sim->now_ns = next_ns(sim);
        happen(sim);
    }
}

static void stop(struct lk_fieldbus *fb)
{
    struct sim *sim = (struct sim *)fb;
    int64_t end_ns = sim->now_ns + STOP_NS;
    run_job(sim);
    while (sim->now_ns < end_ns && lk_fb_last(fb, sim->now_ns, &sim->job)) {
        sim->now_ns = sim->now_ns > sim->free_at_ns ? sim->now_ns : sim->free_at_ns;
        begin(sim);
        run_job(sim);
    }
    sim->up = false;
    lk_fb_cancel_all(fb, sim->now_ns);
}

static void destroy(struct lk_fieldbus *fb)
{
    lk_fieldbus_fini(fb);
    free(fb);
}

static const struct lk_fieldbus_ops sim_ops = {.name = "sim", .start = start, .stop = stop, .destroy = destroy};

int lk_fieldbus_sim_create(const struct lk_fieldbus_config *config, int64_t start_ns, struct lk_fieldbus **ret_fb)
{
    struct sim *sim = calloc(1, sizeof(*sim));
    if (!sim) {
        return -ENOMEM;
    }
    int r = lk_fieldbus_init(&sim->base, config, &sim_ops);
    if (r) {
        free(sim);
        return r;
    }
    sim->now_ns = start_ns;
    sim->plugged = true;
    *ret_fb = &sim->base;
    return 0;
}
