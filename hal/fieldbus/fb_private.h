/*
 * Inside the scheduler: its tables, and what its files do for one another. Everything belongs to one struct
 * lk_fb_sched and is touched by the wire context only.
 */
#ifndef LK_FIELDBUS_SCHED_PRIVATE_H
#define LK_FIELDBUS_SCHED_PRIVATE_H

#include "fb_sched.h"

enum { LK_FB_OWED_SLOTS = 4, LK_FB_QUEUES = LK_FB_NORMAL + 1, LK_FB_THENS_MAX = 16, LK_FB_BUCKETS = 64 };

/* A reply that may still come. Free when until_ns is in the past. Not before: what came may have been another board's,
 * under a wrong address, and the reply itself may still be on its way. */
struct lk_fb_owed {
    bool came;
    int64_t until_ns, sent_ns;
    uint32_t then_id; /* of the follow-up whose echo it is; 0: of none */
    struct lk_fb_request request;
};

/* How quickly a unit answers, and how long it is worth waiting for it. */
struct lk_fb_tempo {
    uint32_t steady;      /* proven replies since the last silence */
    uint32_t worst_us[2]; /* of this window of replies and of the one before */
    uint32_t in_window;
    uint32_t histogram[LK_FB_BUCKETS];
};

/* A follow-up: reserved (due_ns INT64_MAX) while its request is on the wire, then armed. */
struct lk_fb_then {
    bool used;
    bool told; /* its completion went out when the line was lost: only the duty is left */
    unsigned tries;
    uint32_t id; /* never 0 */
    int64_t due_ns;
    struct lk_fb_request request;
};

/* One unit's books. */
struct lk_fb_unit {
    uint8_t unit; /* 0: free row */
    unsigned failures;
    bool timed_out; /* one of these failures was silence */
    unsigned probe_ms;
    unsigned limit_ms; /* what the last request allowed */
    int64_t probe_at_ns;
    int64_t last_ok_ns;
    uint64_t latency_sum_us;
    struct lk_fb_owed owed[LK_FB_OWED_SLOTS];
    struct lk_fb_tempo tempo;
    struct lk_fb_stats stats; /* stats.quarantined is the state itself */
};

/* One standing poll and what was last said about it. */
struct lk_fb_row {
    bool used, reported;
    struct lk_fb_poll poll;
    int64_t due_ns, done_ns, focus_until_ns, said_at_ns;
    struct lk_fb_completion said;
};

/* A waiting request; next is an index, -1 ends the list. */
struct lk_fb_slot {
    struct lk_fb_request request;
    int next;
};

struct lk_fb_list {
    int head, tail;
};

struct lk_fb_sched {
    struct lk_fb_sched_config config;
    struct lk_fb_sink sink;
    bool up, polls_turn, focus_turn;
    bool paced; /* nothing comes quicker than a wire carries it */
    uint32_t generation, then_id;
    int64_t room_ns;                     /* how long what is begun now may last: then a follow-up is due */
    int64_t up_ns, line_ns, now_ns;      /* since when it is up; how long before that; the latest instant heard of */
    int64_t probe_end_ns, probe_cost_ns; /* of the last probe that failed */
    struct lk_fb_owed broadcast;         /* replies to the last broadcast, from any unit */
    struct lk_fb_then thens[LK_FB_THENS_MAX];
    struct lk_fb_unit *units; /* LK_FB_UNITS_MAX rows, filled from the front */
    struct lk_fb_row polls[LK_FB_POLLS_MAX];
    struct lk_fb_list queues[LK_FB_QUEUES], free;
    struct lk_fb_slot slots[];
};

static inline int64_t lk_fb_ms(int64_t ms)
{
    return ms * 1000000;
}

/* units.c: the row of a unit, made if need be (NULL when the table is full), or only looked up (NULL when there is
 * none): a wrong address in a reply must not fill the books. */
struct lk_fb_unit *lk_fb_unit_get(struct lk_fb_sched *s, uint8_t unit);
struct lk_fb_unit *lk_fb_unit_find(const struct lk_fb_sched *s, uint8_t unit);
/* Takes an outcome into the books; true when this put the unit into quarantine. */
bool lk_fb_unit_outcome(struct lk_fb_sched *s, struct lk_fb_unit *u, const struct lk_fb_job *job,
                        const struct lk_fb_outcome *outcome);
/* How long to wait for the reply: the request's time-out, or less. */
unsigned lk_fb_unit_wait_ms(struct lk_fb_sched *s, const struct lk_fb_request *request);
/* The request is expected to be over before room_ns is. */
bool lk_fb_unit_fits_room(const struct lk_fb_sched *s, const struct lk_fb_request *request);
/* From when on a unit in quarantine may be probed. */
int64_t lk_fb_unit_probe_ns(const struct lk_fb_sched *s, const struct lk_fb_unit *u);
/* Remembers that anybody's answer to this broadcast may still come. */
void lk_fb_unit_owe_broadcast(struct lk_fb_sched *s, const struct lk_fb_request *request, int64_t now_ns);
/* Forgets quarantine and owed replies: the line is new. */
void lk_fb_unit_refresh(struct lk_fb_unit *u);
/* When the request may go without its reply being mistaken for an owed one; 0: now. */
int64_t lk_fb_unit_held_until(const struct lk_fb_sched *s, const struct lk_fb_request *request, int64_t now_ns);

/* tempo.c. slow: a reply took so long, or took so long that it was given up: the wait is what was asked for again.
 * share: in how many us so many thousandths of the `ok` replies came. */
void lk_fb_tempo_proven(struct lk_fb_tempo *t, uint32_t us);
void lk_fb_tempo_slow(struct lk_fb_tempo *t, uint32_t us);
unsigned lk_fb_tempo_wait_ms(const struct lk_fb_tempo *t, unsigned limit_ms);
uint32_t lk_fb_tempo_worst_us(const struct lk_fb_tempo *t);
uint32_t lk_fb_tempo_share_us(const struct lk_fb_tempo *t, uint64_t ok, unsigned per_mille);

/* thens.c: a row for the request's follow-up (-1: none is free); then armed when the request was sent (false: it was
 * not, the row is free again); due when next says so. */
int lk_fb_then_reserve(struct lk_fb_sched *s, const struct lk_fb_request *request);
bool lk_fb_then_arm(struct lk_fb_sched *s, const struct lk_fb_job *job, const struct lk_fb_outcome *outcome);
bool lk_fb_then_next(const struct lk_fb_sched *s, int64_t now_ns, struct lk_fb_job *ret_job);
int64_t lk_fb_then_due_ns(const struct lk_fb_sched *s);
void lk_fb_then_done(struct lk_fb_sched *s, const struct lk_fb_job *job, const struct lk_fb_outcome *outcome);
void lk_fb_then_line(struct lk_fb_sched *s, bool up, int64_t now_ns);
/* All armed ones are due now; all of them end. */
void lk_fb_then_hurry(struct lk_fb_sched *s, int64_t now_ns);
void lk_fb_then_give_up(struct lk_fb_sched *s, int64_t now_ns);

/* judge.c: the reply is what the request expects. */
bool lk_fb_reply_fits(const struct lk_fb_request *request, const uint8_t *pdu, size_t n);
/* Two requests whose replies cannot be told apart. */
bool lk_fb_replies_alike(const struct lk_fb_request *a, const struct lk_fb_request *b);
/* As above, whoever answers. */
bool lk_fb_answers_alike(const struct lk_fb_request *a, const struct lk_fb_request *b);

/* polls.c */
bool lk_fb_poll_due(struct lk_fb_sched *s, int64_t now_ns, struct lk_fb_job *ret_job);
bool lk_fb_poll_probe(struct lk_fb_sched *s, int64_t now_ns, struct lk_fb_job *ret_job);
int64_t lk_fb_poll_next_ns(const struct lk_fb_sched *s, int64_t now_ns);
bool lk_fb_poll_exists(const struct lk_fb_sched *s, uint8_t unit);
void lk_fb_poll_done(struct lk_fb_sched *s, const struct lk_fb_job *job, const struct lk_fb_outcome *outcome);
/* Says a status for all polls of a unit; unit 0: of all units. */
void lk_fb_poll_status(struct lk_fb_sched *s, uint8_t unit, int status, int64_t now_ns);

#endif
