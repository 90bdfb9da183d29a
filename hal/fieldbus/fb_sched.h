/*
 * The mind of a fieldbus: which request is next, which unit is in quarantine, which reply is owed, when a poll speaks.
 * Pure book-keeping in the caller's time: no thread, no wire, no clock, no memory after create.
 *
 * Late replies. A unit that did not answer in time may still answer: for a while its reply is "owed". During that
 * while a reply that fits the owed request is dropped, and a new request whose reply would look the same is held
 * back. So a late reply can never be taken for the answer to another request (law 3).
 */
#ifndef LK_FIELDBUS_SCHED_H
#define LK_FIELDBUS_SCHED_H

#include "hal/fieldbus_driver.h"

/* Where completions go. False for a poll's: no room now, it will be offered again. One-shots always have room.
 * give_back: the second completion of a request with a follow-up will not come. */
struct lk_fb_sink {
    bool (*emit)(void *user, const struct lk_fb_completion *completion);
    void (*give_back)(void *user);
    void *user;
};

struct lk_fb_sched_config {
    unsigned slots;      /* requests waiting at most */
    unsigned timeout_ms; /* default */
    int64_t char_ns;     /* of one character on the wire; 0 on TCP */
    bool replies_owed;   /* false where a failed exchange ends in a new connection (TCP): nothing can come late */
};

enum {
    LK_FB_FAILURES_MAX = 3,      /* in a row, then quarantine */
    LK_FB_PROBE_FIRST_MS = 2000, /* first probe of a unit in quarantine, doubling ... */
    LK_FB_PROBE_LAST_MS = 10000, /* ... to this */
    LK_FB_PROBE_REST = 22, /* after a probe that failed none for so many times its cost: 1 / 23 of the line's time, */
    LK_FB_PROBE_REST_ALONE = 1, /* unless no unit answers any more: half of it */
    LK_FB_REPORT_MS = 1000,     /* a poll speaks at least this often */
    LK_FB_FOCUS_MS = 10,        /* a focused poll is not read more often than this */
    LK_FB_ROOM_MARGIN_MS = 5,   /* a unit not known well may need so much besides its time-out */
    LK_FB_RTU_OVERHEAD = 3,     /* bytes of a frame beside its PDU */
    LK_FB_OWED_MIN_MS = 200,    /* how long a reply is owed: twice the time-out, at least this, */
    LK_FB_OWED_MAX_MS = 2000,   /* at most this */
};

int lk_fb_sched_create(const struct lk_fb_sched_config *config, const struct lk_fb_sink *sink,
                       struct lk_fb_sched **ret_sched);
struct lk_fb_sched *lk_fb_sched_destroy(struct lk_fb_sched *s);

/* Takes a request; it may complete at once. There is always a slot: the front counts. */
void lk_fb_sched_submit(struct lk_fb_sched *s, const struct lk_fb_request *request, int64_t now_ns);
void lk_fb_sched_poll_set(struct lk_fb_sched *s, const struct lk_fb_poll *poll, int64_t now_ns);
void lk_fb_sched_poll_drop(struct lk_fb_sched *s, uint64_t tag);
void lk_fb_sched_focus(struct lk_fb_sched *s, uint64_t tag, int64_t until_ns);

/* As lk_fb_next, lk_fb_judge, lk_fb_done, lk_fb_line, lk_fb_cancel_all. */
bool lk_fb_sched_next(struct lk_fb_sched *s, int64_t now_ns, struct lk_fb_job *ret_job, int64_t *ret_at_ns);
enum lk_fb_verdict lk_fb_sched_judge(struct lk_fb_sched *s, const struct lk_fb_job *job, uint8_t unit,
                                     const uint8_t *pdu, size_t n, struct lk_fb_outcome *outcome, int64_t now_ns);
bool lk_fb_sched_stray(struct lk_fb_sched *s, uint8_t unit, const uint8_t *pdu, size_t n, int64_t now_ns);
void lk_fb_sched_done(struct lk_fb_sched *s, const struct lk_fb_job *job, const struct lk_fb_outcome *outcome);
void lk_fb_sched_free(struct lk_fb_sched *s, uint8_t unit, int64_t begun_ns, int64_t free_ns);
bool lk_fb_sched_follows(const struct lk_fb_sched *s);
bool lk_fb_sched_last(struct lk_fb_sched *s, int64_t now_ns, struct lk_fb_job *ret_job);
void lk_fb_sched_paced(struct lk_fb_sched *s, bool paced);
void lk_fb_sched_line(struct lk_fb_sched *s, bool up, int64_t now_ns);
void lk_fb_sched_cancel_all(struct lk_fb_sched *s, int64_t now_ns);

/* 0 or -ENOENT. */
int lk_fb_sched_stats(const struct lk_fb_sched *s, uint8_t unit, struct lk_fb_stats *ret_stats);

#endif
