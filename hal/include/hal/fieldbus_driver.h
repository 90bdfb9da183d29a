/*
 * For implementers of a fieldbus: the object behind the handle, its ops, and the helpers that every implementation
 * uses for its queues. Callers include hal/fieldbus.h only.
 *
 * An implementation embeds struct lk_fieldbus as its first member, calls lk_fieldbus_init(), and then, from the one
 * context that owns the wire (a worker thread, or advance() of the simulator): lk_fb_take_commands() when the commands
 * ring is readable, lk_fb_next() to learn what to send, lk_fb_judge() on what came back, lk_fb_done() with the outcome,
 * lk_fb_line() when the line goes or comes. Which request is next, quarantine, polls, and what counts as a proof are
 * decided there (hal/fieldbus/), the same for all.
 */
#ifndef HAL_FIELDBUS_DRIVER_H
#define HAL_FIELDBUS_DRIVER_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/ring.h"
#include "hal/fieldbus.h"

struct lk_fb_sched;

/* start, stop, destroy: as in hal/fieldbus.h. All required. destroy is called after stop. */
struct lk_fieldbus_ops {
    const char *name; /* of the implementation, for messages */
    int (*start)(struct lk_fieldbus *fb);
    void (*stop)(struct lk_fieldbus *fb);
    void (*destroy)(struct lk_fieldbus *fb);
};

/* The device: const config, const ops, data. Everything here belongs to hal/fieldbus; implementations read config and
 * wait on the commands ring's descriptor. */
struct lk_fieldbus {
    const struct lk_fieldbus_ops *ops;
    struct lk_fieldbus_config config; /* with defaults filled in */
    struct lk_ring *commands;         /* owner -> wire */
    struct lk_ring *completions;      /* wire -> owner */
    atomic_uint unreaped;             /* accepted requests the owner has not reaped */
    atomic_uint polls_unreaped;
    atomic_bool accepting, up;
    unsigned polls; /* standing polls, as the owner counts them */
    uint64_t poll_tags[LK_FB_POLLS_MAX];
    pthread_mutex_t sched_lock; /* sched is the wire context's; the lock only lets other threads read the books */
    struct lk_fb_sched *sched;
};

/* Checks config and sets up the common part. 0, -EINVAL, -ENOMEM, or eventfd's errno; on failure nothing is left. */
int lk_fieldbus_init(struct lk_fieldbus *fb, const struct lk_fieldbus_config *config,
                     const struct lk_fieldbus_ops *ops);
void lk_fieldbus_fini(struct lk_fieldbus *fb);

/* What to put on the wire next. */
struct lk_fb_job {
    struct lk_fb_request request; /* timeout_ms is never 0 here: how long its reply is owed depends on it */
    unsigned wait_ms;             /* how long to wait for the reply, timeout_ms or less */
    int poll;                     /* index of the poll, -1 for a request */
    int then;                     /* index of the follow-up, -1: there is none */
    bool is_then;                 /* this is the follow-up */
};

/* What happened to a job. status, was_sent, exception, data and the instants as in struct lk_fb_completion. */
struct lk_fb_outcome {
    int status;
    bool was_sent;
    bool crc;     /* -EBADMSG because of the checksum */
    bool held_up; /* -EBADMSG because we looked too late to know whose reply it is: nothing against the unit */
    bool doubled;
    uint8_t unit; /* who answered a broadcast */
    uint8_t exception;
    uint8_t data_len;
    uint8_t data[LK_FB_DATA_MAX];
    int64_t sent_at_ns, done_at_ns;
};

/* What a reply is worth: */
enum lk_fb_verdict {
    LK_FB_PROVEN,  /* outcome has status 0 or -EREMOTEIO and its data */
    LK_FB_LATE,    /* it belongs to a request given up before: drop it and go on waiting */
    LK_FB_FOREIGN, /* outcome has status -EBADMSG */
};

/* Hands the waiting commands to the scheduler. */
void lk_fb_take_commands(struct lk_fieldbus *fb, int64_t now_ns);

/* Chooses the job to send now. True: *ret_job is it, and lk_fb_done() must follow. False: nothing to do before
 * *ret_at_ns (INT64_MAX: before the next command). Call it after the frame gap, not before. */
bool lk_fb_next(struct lk_fieldbus *fb, int64_t now_ns, struct lk_fb_job *ret_job, int64_t *ret_at_ns);

/* Judges a reply of n bytes (function and data) from `unit` to the job; fills status, exception and data of *outcome
 * unless it is LATE. */
enum lk_fb_verdict lk_fb_judge(struct lk_fieldbus *fb, const struct lk_fb_job *job, uint8_t unit, const uint8_t *pdu,
                               size_t n, struct lk_fb_outcome *outcome, int64_t now_ns);

/* Whether nobody owes this frame, which came while the line listened after the proven reply (request.listen_ms). */
bool lk_fb_stray(struct lk_fieldbus *fb, uint8_t unit, const uint8_t *pdu, size_t n, int64_t now_ns);

/* The job's end. */
void lk_fb_done(struct lk_fieldbus *fb, const struct lk_fb_job *job, const struct lk_fb_outcome *outcome);

/* The line can be used again after the job, from free_ns on; comes after lk_fb_done(), for the books and for how often
 * dead units may be probed. */
void lk_fb_free(struct lk_fieldbus *fb, const struct lk_fb_job *job, int64_t begun_ns, int64_t free_ns);

/* While the line is being stopped: the next follow-up to be sent at once, then lk_fb_done(). False: there is none left.
 * Follow-ups not sent by then complete in lk_fb_cancel_all(). */
bool lk_fb_last(struct lk_fieldbus *fb, int64_t now_ns, struct lk_fb_job *ret_job);

/* A follow-up waits for its time. */
bool lk_fb_follows(struct lk_fieldbus *fb);

/* Nothing comes back sooner than the wire can carry request and reply: what does is not taken for the reply. Before
 * lk_fb_line(); at first it is not so. */
void lk_fb_paced(struct lk_fieldbus *fb, bool paced);

/* The line came (a new generation begins) or went (everything waiting completes with -ENODEV). Starts as gone. */
void lk_fb_line(struct lk_fieldbus *fb, bool up, int64_t now_ns);

/* The last call: everything waiting completes with -ECANCELED. */
void lk_fb_cancel_all(struct lk_fieldbus *fb, int64_t now_ns);

/* Time one frame of n bytes (address and checksum included) takes on the wire, and the silence before the next one;
 * 0 on TCP. Source: Modbus over Serial Line V1.02, 2.5.1.1. */
int64_t lk_fb_wire_ns(const struct lk_fieldbus_config *config, size_t n);
int64_t lk_fb_gap_ns(const struct lk_fieldbus_config *config);

#endif
