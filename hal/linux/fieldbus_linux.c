#include "hal/fieldbus_linux.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "fieldbus_link.h"

enum {
    /* A sleep ends late by what was learnt on this machine, within these limits; for the rest the worker spins. */
    SPIN_MIN_NS = 30000,
    SPIN_MAX_NS = 200000,
    TIMER_SLACK_RTU_NS = 1000,    /* the kernel's default of 50 us is as much as a tenth of a gap */
    TIMER_SLACK_TCP_NS = 4000000, /* no gap to keep: let the kernel wake many connections at once */
    SILENCE_NS = 20000000,        /* after a failure: longer than a USB adapter's 16 ms between hand-overs */
    NOISE_LIMIT_NS = 300000000,   /* a line that is never silent is used all the same */
    RETRY_MIN_MS = 1000,          /* reopening */
    RETRY_MAX_TCP_MS = 10000,
    RTU_OVERHEAD = 3, /* address and checksum */
    /* lk_fieldbus_stop() ends within two seconds, follow-ups included: */
    STOP_REPLY_NS = 300000000,  /* a reply is awaited no longer once the line is being stopped with follow-ups open */
    STOP_REOPEN_NS = 600000000, /* no new connection is tried later than this after the stop (it may take a second) */
    STOP_TRIES_NS = 1600000000, /* no follow-up is begun later */
    STOP_NOISE_NS = 40000000,
};

struct line {
    struct lk_fieldbus base;
    struct lk_fb_link *link;
    pthread_t thread;
    int stop_fd;
    atomic_bool stopping;
    _Atomic int64_t stop_at_ns;
    bool paced; /* bytes take their time on this wire */
    int64_t gap_ns;
    int64_t free_at_ns; /* the frame gap is over */
    int64_t noise_since_ns;
    int64_t spin_ns; /* how late sleeps end, of late */
    int64_t retry_at_ns;
    unsigned retry_ms;
};

static int64_t now_ns(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* Sleeps until the instant, a command, or stop. True: it was the instant. */
static bool wait_until(struct line *line, int64_t at_ns)
{
    struct pollfd fds[] = {{.fd = lk_ring_fd(line->base.commands), .events = POLLIN},
                           {.fd = line->stop_fd, .events = POLLIN}};
    int64_t ns = at_ns == INT64_MAX ? 0 : at_ns - now_ns();
    struct timespec ts = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
    if (at_ns == INT64_MAX || ns > 0) {
        (void)ppoll(fds, 2, at_ns == INT64_MAX ? NULL : &ts, NULL);
    }
    if (fds[0].revents) {
        lk_fb_take_commands(&line->base, now_ns());
    }
    return !fds[0].revents && !fds[1].revents;
}

static void lose(struct line *line)
{
    lk_fb_link_close(line->link);
    lk_fb_line(&line->base, false, now_ns());
    line->retry_at_ns = now_ns() + line->retry_ms * INT64_C(1000000);
}

static int bring_up(struct line *line)
{
    int r = lk_fb_link_open(line->link);
    if (r == 0) {
        const struct lk_fieldbus_config *c = &line->base.config;
        line->free_at_ns = now_ns() + line->gap_ns;
        line->paced = c->transport == LK_FB_RTU && (c->paced_pty || !lk_fb_link_is_pty(line->link));
        lk_fb_paced(&line->base, line->paced);
        lk_fb_line(&line->base, true, now_ns());
        return 0;
    }
    line->retry_at_ns = now_ns() + line->retry_ms * INT64_C(1000000);
    if (line->base.config.transport == LK_FB_TCP) {
        line->retry_ms = line->retry_ms * 2 > RETRY_MAX_TCP_MS ? RETRY_MAX_TCP_MS : line->retry_ms * 2;
    }
    return r;
}

/* Something came back that must not be taken for a later reply, or may still come. */
static void recover(struct line *line)
{
    bool stopping = atomic_load(&line->stopping);
    if (stopping && !lk_fb_follows(&line->base)) {
        return;
    }
    if (line->base.config.transport == LK_FB_RTU) {
        lk_fb_link_drain(line->link, SILENCE_NS, stopping ? STOP_NOISE_NS : NOISE_LIMIT_NS);
        return;
    }
    lk_fb_link_close(line->link);
    bool late = stopping && now_ns() > atomic_load(&line->stop_at_ns) + STOP_REOPEN_NS;
    if (late || lk_fb_link_open(line->link) != 0) {
        lose(line);
    }
}

/* Sleeps are late; who sleeps until the instant when something is expected misses it by that. */
static void learn_lateness(struct line *line, int64_t wanted_ns, int64_t woke_ns)
{
    int64_t late_ns = woke_ns - wanted_ns;
    int64_t spin_ns = line->spin_ns - line->spin_ns / 16;
    spin_ns = late_ns > spin_ns ? late_ns : spin_ns;
    spin_ns = spin_ns < SPIN_MIN_NS ? SPIN_MIN_NS : spin_ns;
    line->spin_ns = spin_ns > SPIN_MAX_NS ? SPIN_MAX_NS : spin_ns;
}

/* The wait for a reply. When the line is being stopped and a coil waits for its follow-up, it becomes a short one. */
static int await_reply(struct line *line, const struct lk_fb_job *job, int64_t *deadline_ns)
{
    int stop_fd = atomic_load(&line->stopping) ? -1 : line->stop_fd;
    int r = lk_fb_link_await(line->link, *deadline_ns - now_ns(), stop_fd);
    if (r == -EINTR && (job->then >= 0 || lk_fb_follows(&line->base))) {
        int64_t short_ns = now_ns() + STOP_REPLY_NS;
        *deadline_ns = short_ns < *deadline_ns ? short_ns : *deadline_ns;
    }
    return r == -EINTR ? lk_fb_link_await(line->link, *deadline_ns - now_ns(), -1) : r;
}

/* Whose bytes are there when the request is over? No board can have said anything before, nor for one character more.
 */
enum early { EARLY_NOTHING, EARLY_OTHERS, EARLY_NOBODY_KNOWS };

/* A repetition of an earlier reply is taken by its time; but only who looked in time knows it. */
static enum early look_early(struct line *line, const struct lk_fb_job *job, int64_t sent_ns, int64_t *ret_looked_ns)
{
    const struct lk_fieldbus_config *c = &line->base.config;
    int64_t over_ns = sent_ns + lk_fb_wire_ns(c, job->request.pdu_len + RTU_OVERHEAD);
    if (!line->paced ||
        (lk_fb_link_await(line->link, over_ns - now_ns(), -1) != 0 && lk_fb_link_check(line->link) <= 0)) {
        return EARLY_NOTHING;
    }
    *ret_looked_ns = now_ns();
    return *ret_looked_ns < over_ns + lk_fb_wire_ns(c, 1) ? EARLY_OTHERS : EARLY_NOBODY_KNOWS;
}

/* When this thread was held up, a repetition of an earlier reply and the reply itself wait together, and nothing tells
 * when each of them came: then the first one is no proof. */
static void doubt(struct line *line, const struct lk_fb_job *job, struct lk_fb_outcome *outcome)
{
    if (outcome->status == 0 && job->request.listen_ms == 0 && lk_fb_link_check(line->link) > 0) {
        outcome->status = -EBADMSG;
        outcome->doubled = true;
    }
}

static void listen_for(struct line *line, const struct lk_fb_job *job, struct lk_fb_outcome *outcome)
{
    size_t n = job->request.pdu_len + RTU_OVERHEAD;
    int64_t deadline_ns = outcome->sent_at_ns + lk_fb_wire_ns(&line->base.config, n) + job->wait_ms * INT64_C(1000000);
    int64_t looked_ns = 0;
    enum early early = look_early(line, job, outcome->sent_at_ns, &looked_ns);
    if (early == EARLY_NOBODY_KNOWS) {
        outcome->status = -EBADMSG;
        outcome->held_up = true;
        return;
    }
    enum lk_fb_verdict verdict = LK_FB_LATE;
    while (verdict == LK_FB_LATE) {
        struct lk_fb_frame frame;
        int r = early == EARLY_OTHERS ? 0 : await_reply(line, job, &deadline_ns);
        r = r ? r : lk_fb_link_receive(line->link, 0, &frame);
        int64_t heard_ns = early == EARLY_OTHERS ? looked_ns : now_ns();
        early = EARLY_NOTHING;
        if (r) {
            outcome->crc = r == -EILSEQ;
            outcome->status = r == -EILSEQ ? -EBADMSG : r;
            return;
        }
        verdict = lk_fb_judge(&line->base, job, frame.unit, frame.pdu, frame.n, outcome, heard_ns);
        outcome->done_at_ns = heard_ns;
    }
    doubt(line, job, outcome);
}

/* After the proof: does somebody else answer as well? */
static void listen_on(struct line *line, const struct lk_fb_job *job, struct lk_fb_outcome *outcome)
{
    int64_t end_ns = outcome->done_at_ns + job->request.listen_ms * INT64_C(1000000);
    while (!outcome->doubled && lk_fb_link_await(line->link, end_ns - now_ns(), line->stop_fd) == 0) {
        struct lk_fb_frame frame;
        int r = lk_fb_link_receive(line->link, 0, &frame);
        if (r == -ENODEV) {
            return; /* the next use of the line finds out */
        }
        outcome->doubled = r != 0 || lk_fb_stray(&line->base, frame.unit, frame.pdu, frame.n, now_ns());
    }
}

static void transact(struct line *line, const struct lk_fb_job *job)
{
    struct lk_fb_outcome outcome = {.was_sent = true, .sent_at_ns = now_ns()};
    const struct lk_fb_request *r = &job->request;
    outcome.status = lk_fb_link_send(line->link, r->unit, r->pdu, r->pdu_len, &outcome.was_sent);
    if (outcome.status == 0) {
        outcome.was_sent = true;
        listen_for(line, job, &outcome);
    }
    if (outcome.status != 0) {
        outcome.done_at_ns = now_ns();
    }
    int64_t quiet_ns = outcome.done_at_ns;
    if (outcome.status == 0 && r->listen_ms > 0) {
        listen_on(line, job, &outcome);
        quiet_ns = now_ns();
    }
    lk_fb_done(&line->base, job, &outcome);
    if (outcome.status == -ENODEV) {
        lose(line);
    } else if (outcome.status == -ETIMEDOUT || outcome.status == -EBADMSG || outcome.doubled) {
        recover(line);
        quiet_ns = now_ns();
    } else {
        line->retry_ms = RETRY_MIN_MS;
    }
    line->free_at_ns = quiet_ns + line->gap_ns;
    lk_fb_free(&line->base, job, outcome.sent_at_ns, line->free_at_ns);
}

/* True when the gap is over. The wait ends early for a command, so that the next request is chosen after it. */
static bool gap_over(struct line *line)
{
    int64_t now = now_ns();
    int64_t wanted_ns = line->free_at_ns - line->spin_ns;
    if (now < wanted_ns) {
        if (wait_until(line, wanted_ns)) {
            learn_lateness(line, wanted_ns, now_ns());
        }
        return false;
    }
    while (now < line->free_at_ns) {
        now = now_ns();
    }
    return true;
}

/* True when nothing stray waits to be read. */
static bool silent(struct line *line)
{
    int r = lk_fb_link_check(line->link);
    if (r == 0) {
        line->noise_since_ns = 0;
        return true;
    }
    if (r < 0) {
        lose(line);
        return false;
    }
    int64_t now = now_ns();
    line->noise_since_ns = line->noise_since_ns ? line->noise_since_ns : now;
    recover(line);
    line->free_at_ns = now_ns() + line->gap_ns;
    return line->base.config.transport == LK_FB_RTU && now - line->noise_since_ns > NOISE_LIMIT_NS;
}

static void step(struct line *line)
{
    struct lk_fb_job job;
    int64_t at_ns = INT64_MAX;
    bool open = lk_fb_link_is_open(line->link);
    /* Opening comes before the commands, so that a line that is there never says at start that it is not. */
    if (!open && now_ns() >= line->retry_at_ns) {
        open = bring_up(line) == 0;
    }
    if (lk_ring_count(line->base.commands) > 0) {
        lk_fb_take_commands(&line->base, now_ns());
    }
    if (!open) {
        (void)wait_until(line, line->retry_at_ns);
    } else if (gap_over(line) && silent(line)) {
        if (lk_fb_next(&line->base, now_ns(), &job, &at_ns)) {
            transact(line, &job);
        } else {
            (void)wait_until(line, at_ns);
        }
    }
}

static void sleep_until(int64_t at_ns)
{
    struct timespec ts = {.tv_sec = at_ns / 1000000000, .tv_nsec = at_ns % 1000000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR) {
    }
}

/* The line is being stopped: what was switched on and waits for its follow-up gets it now. */
static void send_follow_ups(struct line *line)
{
    struct lk_fb_job job;
    int64_t stop_ns = atomic_load(&line->stop_at_ns);
    bool follows = lk_fb_follows(&line->base);
    if (follows && !lk_fb_link_is_open(line->link) && now_ns() < stop_ns + STOP_REOPEN_NS) {
        (void)bring_up(line);
    }
    while (follows && now_ns() < stop_ns + STOP_TRIES_NS && lk_fb_last(&line->base, now_ns(), &job)) {
        sleep_until(line->free_at_ns);
        if (lk_fb_link_check(line->link) > 0) {
            lk_fb_link_drain(line->link, SILENCE_NS, STOP_NOISE_NS);
        }
        job.wait_ms = job.wait_ms < STOP_REPLY_NS / 1000000 ? job.wait_ms : STOP_REPLY_NS / 1000000;
        transact(line, &job);
    }
}

static void *work(void *arg)
{
    struct line *line = arg;
    bool tcp = line->base.config.transport == LK_FB_TCP;
    (void)prctl(PR_SET_TIMERSLACK, tcp ? TIMER_SLACK_TCP_NS : TIMER_SLACK_RTU_NS, 0, 0, 0);
    (void)prctl(PR_SET_NAME, "lk-fieldbus", 0, 0, 0);
    while (!atomic_load(&line->stopping)) {
        step(line);
    }
    send_follow_ups(line);
    lk_fb_cancel_all(&line->base, now_ns());
    lk_fb_link_close(line->link);
    return NULL;
}

/* Signals belong to the owner thread. */
static int make_thread(struct line *line)
{
    sigset_t all, old;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    int r = pthread_create(&line->thread, NULL, work, line);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    return -r;
}

static int start(struct lk_fieldbus *fb)
{
    struct line *line = (struct line *)fb;
    int r = fb->config.transport == LK_FB_RTU ? bring_up(line) : 0;
    if (r == -EBUSY) {
        return r;
    }
    r = make_thread(line);
    if (r) {
        lk_fb_link_close(line->link);
    }
    return r;
}

static void stop(struct lk_fieldbus *fb)
{
    struct line *line = (struct line *)fb;
    uint64_t one = 1;
    atomic_store(&line->stop_at_ns, now_ns());
    atomic_store(&line->stopping, true);
    ssize_t n = write(line->stop_fd, &one, sizeof(one));
    (void)n;
    (void)pthread_join(line->thread, NULL);
}

static void destroy(struct lk_fieldbus *fb)
{
    struct line *line = (struct line *)fb;
    (void)lk_fb_link_destroy(line->link);
    (void)close(line->stop_fd);
    lk_fieldbus_fini(fb);
    free(line);
}

static const struct lk_fieldbus_ops linux_ops = {.name = "linux", .start = start, .stop = stop, .destroy = destroy};

int lk_fieldbus_linux_create(const struct lk_fieldbus_config *config, struct lk_fieldbus **ret_fb)
{
    struct line *line = calloc(1, sizeof(*line));
    if (!line) {
        return -ENOMEM;
    }
    int r = lk_fieldbus_init(&line->base, config, &linux_ops);
    if (r) {
        goto fail_free;
    }
    line->gap_ns = lk_fb_gap_ns(config);
    line->retry_ms = RETRY_MIN_MS;
    line->spin_ns = SPIN_MIN_NS;
    line->stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (line->stop_fd < 0) {
        r = -errno;
        goto fail_fini;
    }
    r = lk_fb_link_create(&line->base.config, &line->link);
    if (r) {
        goto fail_close;
    }
    *ret_fb = &line->base;
    return 0;

fail_close:
    (void)close(line->stop_fd);
fail_fini:
    lk_fieldbus_fini(&line->base);
fail_free:
    free(line);
    return r;
}
