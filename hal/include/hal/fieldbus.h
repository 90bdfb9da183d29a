/*
 * A fieldbus: one Modbus RTU line, or one Modbus TCP connection, as its users see it.
 *
 * The owner thread submits requests and standing polls and reaps completions; what talks to the wire is behind
 * hal/fieldbus_driver.h (hal/linux: one worker thread per line; hal/sim: virtual time, no thread). Nothing here blocks
 * except start() (opening a tty) and stop() (joining the worker).
 *
 * Promises:
 * - every accepted request gets exactly one completion, whatever happens, stop() included;
 * - a request goes on the wire at most once: nothing is ever sent again by the line itself, polls apart;
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
    LK_FB_UNIT_MAX = 247,   /* highest unit address; 0 (broadcast) is refused: it has no reply to prove anything */
    LK_FB_TIMEOUT_MIN_MS = 10,
    LK_FB_TIMEOUT_MAX_MS = 1500, /* so that stop() always ends within two seconds */
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
    char host[LK_FB_PATH_MAX];   /* TCP: numeric IPv4 or IPv6 address (a cabinet does not wait for a name server) */
    unsigned port;               /* TCP: 1..65535, usually 502 */
    unsigned timeout_ms;         /* for requests and polls that say 0; 0 here means 300 */
    unsigned queue_slots;        /* requests not yet reaped, 1..LK_FB_SLOTS_MAX; 0 means 64 */
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

struct lk_fb_request {
    uint64_t tag; /* comes back in the completion; the line gives it no meaning */
    uint8_t unit; /* 1..LK_FB_UNIT_MAX */
    uint8_t pdu_len;
    uint8_t pdu[LK_FB_PDU_MAX];
    enum lk_fb_expect expect;
    uint8_t read_bytes; /* LK_FB_READ: 1..LK_FB_DATA_MAX */
    enum lk_fb_priority priority;
    unsigned timeout_ms; /* from the end of the request to the first byte of the reply; 0 = the line's */
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
    uint8_t unit;
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
    uint32_t latency_min_us, latency_mean_us, latency_max_us; /* of `ok`; 0 when there is none */
    uint32_t longest_gap_ms;                                  /* longest time between two proven replies */
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
