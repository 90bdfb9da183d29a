/*
 * Inside the scheduler: its tables, and what its files do for one another. Everything belongs to one struct
 * lk_fb_sched and is touched by the wire context only.
 */
#ifndef LK_FIELDBUS_SCHED_PRIVATE_H
#define LK_FIELDBUS_SCHED_PRIVATE_H

#include "fb_sched.h"

enum { LK_FB_OWED_SLOTS = 4, LK_FB_QUEUES = LK_FB_NORMAL + 1 };

/* A reply that may still come. Free when until_ns is in the past. */
struct lk_fb_owed {
    int64_t until_ns;
    struct lk_fb_request request;
};

/* One unit's books. */
struct lk_fb_unit {
    uint8_t unit; /* 0: free row */
    unsigned failures;
    unsigned probe_ms;
    int64_t probe_at_ns;
    int64_t last_ok_ns;
    uint64_t latency_sum_us;
    struct lk_fb_owed owed[LK_FB_OWED_SLOTS];
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
    uint32_t generation;
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
bool lk_fb_unit_outcome(struct lk_fb_sched *s, struct lk_fb_unit *u, const struct lk_fb_request *request,
                        const struct lk_fb_outcome *outcome);
/* Forgets quarantine and owed replies: the line is new. */
void lk_fb_unit_refresh(struct lk_fb_unit *u);
/* When the request may go without its reply being mistaken for an owed one; 0: now. */
int64_t lk_fb_unit_held_until(const struct lk_fb_sched *s, const struct lk_fb_request *request, int64_t now_ns);

/* judge.c: the reply is what the request expects. */
bool lk_fb_reply_fits(const struct lk_fb_request *request, const uint8_t *pdu, size_t n);
/* Two requests whose replies cannot be told apart. */
bool lk_fb_replies_alike(const struct lk_fb_request *a, const struct lk_fb_request *b);

/* polls.c */
bool lk_fb_poll_due(struct lk_fb_sched *s, int64_t now_ns, struct lk_fb_job *ret_job);
bool lk_fb_poll_probe(struct lk_fb_sched *s, int64_t now_ns, struct lk_fb_job *ret_job);
int64_t lk_fb_poll_next_ns(const struct lk_fb_sched *s, int64_t now_ns);
bool lk_fb_poll_exists(const struct lk_fb_sched *s, uint8_t unit);
void lk_fb_poll_done(struct lk_fb_sched *s, const struct lk_fb_job *job, const struct lk_fb_outcome *outcome);
/* Says a status for all polls of a unit; unit 0: of all units. */
void lk_fb_poll_status(struct lk_fb_sched *s, uint8_t unit, int status, int64_t now_ns);

#endif
