/*
 * The cursor over the event log: which event goes out next. A sliding window in front of lk_uplink_publish(), so that
 * neither Paho's nor the broker's queue ever decides what upstream gets (law 6). Pure: no clock, no I/O, no allocation;
 * the events themselves stay in the store. One thread at a time.
 *
 * Use by the owner:
 *   CONNECTED -> lk_outbox_connected; LOST -> lk_outbox_lost; DELIVERED/UNDELIVERED -> the function of that name;
 *   an event was committed -> lk_outbox_grew; a message on `ack` -> lk_ack_parse, lk_outbox_ack, store the new acked;
 *   then: while (lk_outbox_next(o, now_ms, &seq)) { publish with tag seq; on 0 lk_outbox_sent(o, now_ms), else stop }.
 *   One timer for lk_outbox_next_at_ms().
 *
 * Promises (tests/unit/uplink/outbox_property.c): every event is offered until upstream acknowledged it; on a
 * connection without replay and without a refusal events are offered in order without a gap; acked never goes back.
 */
#ifndef UPLINK_OUTBOX_H
#define UPLINK_OUTBOX_H

#include "core/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LK_OUTBOX_WINDOW = 1000,           /* default: sent and not yet DELIVERED */
    LK_OUTBOX_RETRY_MS = 1000,         /* after the broker refused an event */
    LK_OUTBOX_STALL_MS = 30000,        /* delivered, but not acknowledged: send a window again, first after this ... */
    LK_OUTBOX_STALL_MOST_MS = 3600000, /* ... doubling up to this */
};

/* Fields are read by anybody (lockerctl uplink), written only here. */
struct lk_outbox {
    char epoch[LK_EPOCH_MAX + 1];
    unsigned window;
    bool connected;
    uint64_t last;        /* the newest event there is, 0: none */
    uint64_t acked;       /* upstream has everything up to here */
    uint64_t next;        /* the one to offer next; next - 1 is "sent" */
    uint64_t replay_from; /* upstream asked for replay_from..replay_to again; to 0: it did not */
    uint64_t replay_to;
    uint64_t again; /* after silence: again..again_to are offered once more beside the rest; to 0: not now */
    uint64_t again_to;
    unsigned in_flight;     /* offered and neither DELIVERED nor UNDELIVERED */
    int64_t hold_until_ms;  /* offer nothing before this */
    int64_t progress_at_ms; /* when something was last offered, delivered or acknowledged */
    int64_t stall_ms;       /* the current patience */
};

/* `last` and `acked` from the store (acked > last is a mistake of ours and is read as last). window 0: the default. */
void lk_outbox_init(struct lk_outbox *o, const char *epoch, uint64_t last, uint64_t acked, unsigned window);

/* The log now ends with `last`. */
void lk_outbox_grew(struct lk_outbox *o, uint64_t last);

/* A connection is up: everything after acked goes out again. */
void lk_outbox_connected(struct lk_outbox *o, int64_t now_ms);

/* The connection is gone: nothing is in flight any more. */
void lk_outbox_lost(struct lk_outbox *o);

/* Whether an event should be published now, and which. Changes nothing of what was sent; may begin to send again what
 * upstream has not acknowledged for too long. */
bool lk_outbox_next(struct lk_outbox *o, int64_t now_ms, uint64_t *ret_seq);

/* The event lk_outbox_next() named was taken by lk_uplink_publish(). */
void lk_outbox_sent(struct lk_outbox *o, int64_t now_ms);

/* The broker has event seq (sent on this connection). */
void lk_outbox_delivered(struct lk_outbox *o, uint64_t seq, int64_t now_ms);

/* The broker refused event seq: it and what follows is offered again after LK_OUTBOX_RETRY_MS. */
void lk_outbox_undelivered(struct lk_outbox *o, uint64_t seq, int64_t now_ms);

/* When lk_outbox_next() may turn true without anything else happening; INT64_MAX: never. */
int64_t lk_outbox_next_at_ms(const struct lk_outbox *o);

/* How much room is left for `unacked` events in a log that may hold `most`, alarm from `percent` of it on; `was`: the
 * level so far. A level is left only when a tenth of its limit is free again, so that it does not flap. most 0: there
 * is no limit. */
enum lk_outbox_level lk_outbox_level(enum lk_outbox_level was, uint64_t unacked, unsigned most, unsigned percent);

/* What a message on `ack` asks. */
struct lk_ack {
    bool has_epoch;
    char epoch[LK_EPOCH_MAX + 1];
    bool replay; /* {"replayFrom": seq} instead of {"epoch": ..., "upTo": seq} */
    uint64_t seq;
};

/* Reads a payload of `len` bytes. 0, or -EINVAL with the English reason in why (64 bytes): not an object of this form,
 * both or neither of upTo and replayFrom, upTo without epoch, a number that is no event number. Fields we do not know
 * are ignored. */
int lk_ack_parse(const char *payload, size_t len, struct lk_ack *ret_ack, char *why);

enum lk_ack_verdict {
    LK_ACK_MOVED,         /* acked grew: make it durable */
    LK_ACK_OLD,           /* nothing new: said before, or asked for the event that comes next anyway */
    LK_ACK_REPLAYING,     /* sending again from seq */
    LK_ACK_FOREIGN_EPOCH, /* about another database's log: ignored, worth a log line */
    LK_ACK_BEYOND,        /* about events that do not exist: refused, worth a log line */
};

/* Applies it. A replay may begin below acked and takes nothing back of it. */
enum lk_ack_verdict lk_outbox_ack(struct lk_outbox *o, const struct lk_ack *ack, int64_t now_ms);

#endif
