/*
 * A fieldbus: one Modbus RTU line, or one Modbus TCP connection, as its users see it.
 *
 * The owner thread submits requests and standing polls and reaps completions; what talks to the wire is behind
 * hal/fieldbus_driver.h (hal/linux: one worker thread per line; hal/sim: virtual time, no thread). Nothing here blocks
 * except start() (opening a tty) and stop() (joining the worker).
 *
 * Promises:
 * - every accepted request gets exactly one completion, whatever happens, stop() included;
 * - a request goes on the wire at most once: nothing is ever sent again by the line itself, polls and follow-ups apart;
 * - a follow-up ("off" of a pulse that the board cannot time) is sent by the line itself, at its time, even when the
 *   owner thread hangs, and whatever became of the request before it;
 * - a completion with status 0 was matched against its request (unit, function, length, or the echo byte for byte), and
 *   a reply that comes late is never credited to another request;
 * - a completion with was_sent false is a proof that nothing of the request was transmitted.
 *
 * Thread: the owner thread only, unless said otherwise. Units: ms and ns on CLOCK_MONOTONIC (virtual in hal/sim).
 * Sources: Modbus Application Protocol V1.1b3; Modbus over Serial Line V1.02 (2.5.1.1: the 3.5 character gap).
 */
#ifndef HAL_FIELDBUS_H
#define HAL_FIELDBUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lk_fieldbus;

enum {
    LK_FB_PDU_MAX = 64,     /* bytes of a request: function code and data */
    LK_FB_DATA_MAX = 64,    /* bytes of data in a read reply: 32 registers or 512 bits */
    LK_FB_POLLS_MAX = 32,   /* standing polls on one line */
    LK_FB_UNITS_MAX = 32,   /* units on one line; requests to one more complete with -EHOSTDOWN */
    LK_FB_SLOTS_MAX = 1024, /* requests not yet reaped */
    LK_FB_NAME_MAX = 32,    /* bytes of a line's name, NUL included */
    LK_FB_PATH_MAX = 256,   /* bytes of a device path or a host, NUL included */
    LK_FB_UNIT_MAX = 247,   /* highest unit address; 0 (broadcast) is for commissioning only, see lk_fb_request */
    LK_FB_TIMEOUT_MIN_MS = 10,
    LK_FB_TIMEOUT_MAX_MS = 1500,  /* so that stop() always ends within two seconds */
    LK_FB_THEN_MAX = 8,           /* bytes of a follow-up's PDU */
    LK_FB_THEN_AFTER_MIN_MS = 20, /* shortest and longest time from a request to its follow-up */
    LK_FB_THEN_AFTER_MAX_MS = 5000,
    LK_FB_THEN_TRIES = 5, /* a follow-up is sent so often at most */
    LK_FB_LISTEN_MAX_MS = 500,
};

enum lk_fb_transport { LK_FB_RTU, LK_FB_TCP };
enum lk_fb_parity { LK_FB_PARITY_NONE, LK_FB_PARITY_EVEN, LK_FB_PARITY_ODD };

/* How a line is made. All values are copied by create. */
struct lk_fieldbus_config {
    char name[LK_FB_NAME_MAX]; /* as in the configuration, for messages */
    enum lk_fb_transport transport;
    char device[LK_FB_PATH_MAX]; /* RTU: path of the tty, best one below /dev/serial/by-id */
    unsigned baud;               /* RTU: 1200, 2400, 4800, 9600, 19200, 38400, 57600 or 115200 */
    enum lk_fb_parity parity;    /* RTU: 8N1, 8E1 or 8O1 */
    bool paced_pty;            /* RTU: if it is a pseudo terminal, replies take their time as on a wire all the same */
    char host[LK_FB_PATH_MAX]; /* TCP: numeric IPv4 or IPv6 address (a cabinet does not wait for a name server) */
    unsigned port;             /* TCP: 1..65535, usually 502 */
    unsigned timeout_ms;       /* for requests and polls that say 0; 0 here means 300 */
    unsigned queue_slots;      /* requests not yet reaped, 1..LK_FB_SLOTS_MAX; 0 means 64 */
};

/* The order in which waiting requests are chosen; it is chosen after the frame gap, so a pulse waits for at most the
 * one transaction that is already on the wire. Polls rank with LK_FB_NORMAL, and share with it turn by turn. */
enum lk_fb_priority { LK_FB_PULSE, LK_FB_MOVING, LK_FB_PROBE, LK_FB_NORMAL };

/* What the reply must be: */
enum lk_fb_expect {
    LK_FB_ECHO, /* the request PDU again, byte for byte (function 05, 06) */
    LK_FB_HEAD, /* its first five bytes: function, address, count (function 0F, 10) */
    LK_FB_READ, /* function, byte count = read_bytes, data (function 01 to 04) */
};

/*
 * One request. All values that are 0 by default may be left out.
 *
 * The follow-up (then_pdu_len > 0) is a second request to the same unit, answered by its echo, which the line sends by
 * itself then_after_ms after the first byte of the request was handed to the kernel: the "off" of a relay that was
 * switched "on" where the board cannot time the pulse. It must be idempotent, for it is repeated until it was echoed,
 * LK_FB_THEN_TRIES times at most. It goes ahead of everything else that waits, quarantine or not, whatever became of
 * the request (whose reply is not awaited beyond the follow-up's time), and at once when the line is being stopped. The
 * line begins nothing that is expected to last beyond its time, so it is late by one failing transaction at worst. It
 * is not sent only if the request was certainly never sent (its completion has was_sent false). If it is to be sent,
 * the request's completion says then_follows, and exactly one more completion with the same tag and is_then comes:
 * status 0 echoed; otherwise the status of the last try; -ENODEV when the line went away before the echo: then the line
 * still sends it before anything else when it comes back, without another completion. A request with a follow-up
 * takes two of the queue's slots.
 *
 * listen_ms: after a proven reply the line goes on listening for so long. If something comes that nobody owes, two
 * boards answer to one address, and the completion says `doubled`. For set-up; it costs the line that time.
 *
 * Broadcast (unit 0): RTU only, priority LK_FB_PROBE only, LK_FB_READ or LK_FB_ECHO only, without follow-up. The reply
 * is taken from any unit, whose address is the completion's. It proves only that somebody heard it: for boards which
 * tell or take their address that way, and only when exactly one board is on the line. Requests whose answer would
 * look the same are held back for a while after it.
 */
struct lk_fb_request {
    uint64_t tag; /* comes back in the completion; the line gives it no meaning */
    uint8_t unit; /* 1..LK_FB_UNIT_MAX; 0: broadcast */
    uint8_t pdu_len;
    uint8_t pdu[LK_FB_PDU_MAX];
    enum lk_fb_expect expect;
    uint8_t read_bytes; /* LK_FB_READ: 1..LK_FB_DATA_MAX */
    enum lk_fb_priority priority;
    /* From the end of the request to the first byte of the reply; 0 = the line's. This is the upper limit: for a unit
     * that proved to be quick the line waits less, pulses and follow-ups apart (docs/fieldbus.md). */
    unsigned timeout_ms;
    uint8_t then_pdu_len; /* 0: no follow-up */
    uint8_t then_pdu[LK_FB_THEN_MAX];
    unsigned then_after_ms; /* LK_FB_THEN_AFTER_MIN_MS..LK_FB_THEN_AFTER_MAX_MS */
    unsigned listen_ms;     /* 0..LK_FB_LISTEN_MAX_MS */
};

/*
 * What became of a request, or news from a standing poll.
 *
 * status:
 *   0           proven
 *   -ETIMEDOUT  sent, no reply in time: outcome unknown
 *   -EBADMSG    sent, and something else came back (wrong unit, function, length, echo or CRC): outcome unknown
 *   -EREMOTEIO  the unit refused with a Modbus exception, its code is in `exception`
 *   -EHOSTDOWN  not sent: the unit is in quarantine
 *   -ENODEV     the adapter or the connection is gone; was_sent tells whether before or after sending
 *   -ECANCELED  not sent: the line is being stopped
 */
struct lk_fb_completion {
    uint64_t tag;
    int status;
    bool was_sent; /* false: certainly nothing on the wire; true: perhaps, or certainly */
    bool is_poll;
    bool is_then;      /* of the follow-up, not of the request */
    bool then_follows; /* another completion with this tag, is_then, will come */
    bool doubled;      /* something more came: after the proven reply (listen_ms), or with it (-EBADMSG) */
    bool garbled;      /* -EBADMSG because of a bad checksum: noise, or two that spoke at once */
    uint8_t unit;      /* who was asked; of a broadcast: who answered, 0 for nobody or an answer from 0 */
    uint8_t exception;
    uint8_t data_len; /* of a read reply with status 0 */
    uint8_t data[LK_FB_DATA_MAX];
    uint32_t generation; /* counts openings of the line, from 1: when it changes, every board must be set up anew */
    int64_t sent_at_ns;  /* just before the first byte was handed to the kernel; 0 when nothing was sent */
    int64_t done_at_ns;
};

/*
 * A standing poll: a read which the line repeats by itself, in rotation with its other polls. A completion (is_poll)
 * comes only when the data, the status or the generation changed, or report_every_ms after the last one.
 */
struct lk_fb_poll {
    uint64_t tag; /* unique among the polls of the line */
    uint8_t unit;
    uint8_t pdu_len;
    uint8_t pdu[LK_FB_PDU_MAX];
    uint8_t read_bytes;
    unsigned period_ms;       /* 0: as often as the line allows */
    unsigned report_every_ms; /* 0: 1000 */
    unsigned timeout_ms;      /* 0: the line's */
};

/* Books about one unit since start(). Latency is from the first byte sent to the last byte received. */
struct lk_fb_stats {
    uint8_t unit;
    bool quarantined;
    uint64_t requests; /* put on the wire */
    uint64_t ok, timeouts, crc, bad, exceptions, late;
    uint64_t doubled;                                         /* proven replies after which more came (listen_ms) */
    uint64_t probes;                                          /* of `requests`: while in quarantine */
    uint32_t latency_min_us, latency_mean_us, latency_max_us; /* of `ok`; 0 when there is none */
    uint32_t latency_p50_us, latency_p99_us;                  /* the same, to within a tenth (a histogram) */
    uint32_t longest_gap_ms;                                  /* longest time between two proven replies */
    uint32_t timeout_ms; /* waited for now, by requests which allow that much; 0: nothing was asked yet */
    uint64_t busy_ns;    /* the line's time spent on this unit: sending, waiting, gaps, silence after a failure */
    uint64_t dead_ns;    /* of busy_ns: while it was failing (from the first of the failures on) */
    uint64_t line_ns;    /* time the line was up in all: busy_ns / line_ns is the unit's share of it */
};

/* Starts the line. RTU: takes the tty for itself alone. 0; -EBUSY when another process holds it (nothing was started);
 * -EALREADY; or the errno of making the thread. A tty or host which is not there is no error: the line is down, says
 * so in every completion, and tries again every second (TCP: 1 s growing to 10 s). */
int lk_fieldbus_start(struct lk_fieldbus *fb);

/* Ends the worker: the transaction on the wire is finished, everything else completes with -ECANCELED. What has
 * completed can still be reaped. Blocks for at most two seconds. Calling it twice is fine. */
void lk_fieldbus_stop(struct lk_fieldbus *fb);

/* Stops if need be and frees; completions not yet reaped are lost. NULL is fine. Returns NULL. */
struct lk_fieldbus *lk_fieldbus_destroy(struct lk_fieldbus *fb);

/* The line's name as configured; valid until destroy. */
const char *lk_fieldbus_name(const struct lk_fieldbus *fb);

/* Readable while completions may be waiting; valid until destroy. */
int lk_fieldbus_fd(const struct lk_fieldbus *fb);

/* Takes a copy of the request. 0 (exactly one completion will come); -EAGAIN when queue_slots requests are not yet
 * reaped; -EINVAL for a request that breaks the rules above; -ESHUTDOWN before start and after stop. */
int lk_fieldbus_submit(struct lk_fieldbus *fb, const struct lk_fb_request *request);

/* Takes the oldest completion. True when there was one; call it until false whenever the descriptor is readable. */
bool lk_fieldbus_reap(struct lk_fieldbus *fb, struct lk_fb_completion *ret_completion);

/* Adds a poll, or replaces the one with the same tag. Before or after start. 0, -EINVAL, -ENOSPC (table full),
 * -EAGAIN (the worker has too much to do: try again). */
int lk_fieldbus_poll_set(struct lk_fieldbus *fb, const struct lk_fb_poll *poll);

/* Removes a poll; news from it that is already on the way is still reaped. Unknown tags are ignored. 0 or -EAGAIN. */
int lk_fieldbus_poll_drop(struct lk_fieldbus *fb, uint64_t tag);

/* Until the given instant this poll is read in every second slot and regardless of its period: a door of its board is
 * moving. Of several focused polls the one whose focus lasts longest has the slot. Unknown tags are ignored. 0 or
 * -EAGAIN. */
int lk_fieldbus_focus(struct lk_fieldbus *fb, uint64_t tag, int64_t until_ms);

/* The line is open, or the connection stands. A snapshot. Thread: any. */
bool lk_fieldbus_up(const struct lk_fieldbus *fb);

/* Copies the books of one unit. 0, or -ENOENT when nothing was ever asked of it. Thread: any. */
int lk_fieldbus_stats(struct lk_fieldbus *fb, uint8_t unit, struct lk_fb_stats *ret_stats);

#endif
