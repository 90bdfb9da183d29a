/*
 * What we say upstream, as JSON text: pure functions from our values to bytes. Any thread; nothing allocates: each
 * function appends to the caller's builder, and `t->truncated` says that it did not fit (then the text is worthless).
 * Sources: CloudEvents 1.0.2 JSON format, structured mode; docs/contract/README.md, whose examples the tests compare.
 * No code, token, PIN or personal data can get in: no value taken here has one.
 */
#ifndef UPLINK_ENVELOPE_H
#define UPLINK_ENVELOPE_H

#include "base/text.h"
#include "core/record.h"
#include "uplink/topic.h"

#include <stdint.h>

enum {
    LK_ENVELOPE_EVENT_MAX = 8192,         /* a builder of this many bytes holds any event */
    LK_ENVELOPE_COMPARTMENTS_MAX = 49152, /* ... any snapshot of LK_MAX_DOORS */
    LK_ENVELOPE_SMALL_MAX = 8192,         /* ... presence, health, and answers with up to 6 KiB of extra */
    LK_TIME_MAX = 32,                     /* an RFC 3339 time with its NUL */
};

/* One event: CloudEvents 1.0 with id {site}:{epoch}:{seq}, source /locker/{operator}/{site}, type
 * locker.<class>.<what>.v1 and the extensions seq, epoch, timequality, prevhash, hash. `record->data` goes in byte for
 * byte, so that upstream can check the hash. status: the postal status code that the site gives to this event, as the
 * extension postalstatus, outside what is hashed; "": left out. */
void lk_envelope_event(struct lk_text *t, const struct lk_uplink_site *site, const struct lk_record *record,
                       const char *status);

/* One compartment. A state that nobody can read (unknown, or the board is lost) is written "unknown". */
struct lk_envelope_compartment {
    const char *label;
    enum lk_door_state state;
    enum lk_use use;
};

/* state/compartments: epoch, seq (the last event this snapshot includes), time, and every compartment in the given
 * order. */
void lk_envelope_compartments(struct lk_text *t, const char *epoch, uint64_t seq, const char *time,
                              const struct lk_envelope_compartment *all, size_t count);

/* Something that is wrong now, for state/health. */
struct lk_envelope_fault {
    const char *what;  /* "bank", "store", "clock" ... */
    const char *place; /* "A"; "" when there is only one */
    enum lk_reason reason;
};

/* state/health, each 60 s. */
struct lk_envelope_health {
    const char *epoch, *time, *version;
    enum lk_clock_quality quality;
    uint64_t seq, acked;             /* last event, last acknowledged one */
    uint64_t first_seq;              /* the oldest event kept; seq + 1 when there is none */
    unsigned left_out;               /* events that were counted instead of logged, and are not told yet; 0: left out */
    const char *hash;                /* head of the audit chain: the hash of event seq, "" when there is none */
    const char *oldest_unacked_time; /* "" when everything is acknowledged */
    uint64_t uptime_s;
    const struct lk_envelope_fault *fault;
    size_t faults;
};

void lk_envelope_health(struct lk_text *t, const struct lk_envelope_health *health);

/* state/presence: state is "online", "offline" or "stopped". */
void lk_envelope_presence(struct lk_text *t, const char *state, const char *epoch, const char *time,
                          const char *version);

/* The answer to a command on rsp. Fields that do not apply are left out of the JSON. */
struct lk_envelope_answer {
    const char *jti;
    enum lk_result result;
    enum lk_reason reason;   /* NONE: left out */
    enum lk_outcome outcome; /* PENDING: left out */
    const char *compartment; /* NULL: left out */
    const char *why;         /* English, for the integrator's log; NULL: left out */
    const char *time;
    const char *sealed; /* the code and token that the locker made, sealed to upstream; NULL: left out */
    const char *extra;  /* a JSON value, byte for byte, under "status"; NULL: left out */
};

void lk_envelope_answer(struct lk_text *t, const struct lk_envelope_answer *answer);

/* Writes s as a JSON string with its quotes (RFC 8259: quote, backslash and controls escaped; bytes that are not UTF-8
 * become U+FFFD). */
void lk_envelope_string(struct lk_text *t, const char *s);

/* Writes wall_ms (since 1970, UTC) as RFC 3339 with milliseconds into buf of LK_TIME_MAX bytes. */
void lk_envelope_time(char *buf, int64_t wall_ms);

#endif
