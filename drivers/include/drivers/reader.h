/*
 * Reads codes from a stream of bytes: what a QR or barcode scanner sends or types, cut into lines.
 *
 * A line is 1 to 128 bytes of printable ASCII (0x20 to 0x7e), ended by CR, LF or CR LF, complete within 2 s of its
 * first byte. Anything else is dropped as a whole line, with one reason, up to and including its line end: never is a
 * part of a line delivered. That costs the next scan after one whose line end got lost; the person scans again. Empty
 * lines are nothing. The same text again within 1.5 s of the last reading of it is the same scan (a code held before
 * a scanner that reads continuously is one scan, however long).
 *
 * Codes are secrets: nothing here keeps or prints a dropped text, and the last delivered one is erased once it can no
 * longer be repeated and lk_reader_tick() is called.
 *
 * Memory: a value type of the caller's, no allocation. Thread: one. Time: the caller's monotonic ms, so virtual time
 * works. Nothing blocks.
 */
#ifndef DRIVERS_READER_H
#define DRIVERS_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LK_READER_LINE_MAX = 128,   /* bytes of a line without its end */
    LK_READER_LINE_MS = 2000,   /* from the first byte of a line to its end */
    LK_READER_REPEAT_MS = 1500, /* between two readings of one scan */
    LK_READER_SETTLE_MS = 30,   /* bytes this soon after opening may be the rest of a line: 9600 baud sends one a ms,
                                   USB adapters hand over every 16 ms */
};

/* Why a line was dropped: the first thing that was wrong with it. */
enum lk_reader_drop {
    LK_READER_DROP_GARBAGE,  /* a byte that is not printable ASCII: wrong baud rate, a scanner's own protocol, noise */
    LK_READER_DROP_OVERLONG, /* more than LK_READER_LINE_MAX bytes */
    LK_READER_DROP_LATE,     /* not complete in time: a line end got lost, or the scanner is not set to send one */
    LK_READER_DROP_TAIL,     /* we began to listen in the middle of it */
    LK_READER_DROP_LOST,     /* a part of it never reached us: lk_reader_lose() */
    LK_READER_DROPS
};

/* Where a reader tells its news; both required. The callee must not call the same reader. */
struct lk_reader_sink {
    /* A complete line, NUL-terminated, valid during the call. */
    void (*line)(void *user, const char *line, int64_t now_ms);
    /* A line was dropped. Once per line, as soon as it is known to be bad. */
    void (*drop)(void *user, enum lk_reader_drop why, int64_t now_ms);
};

/* The state; private. Make it with lk_reader_init(). */
struct lk_reader {
    const struct lk_reader_sink *sink;
    void *user;
    size_t len; /* bytes of the line so far */
    bool skipping;
    int64_t line_at_ms;   /* the first byte came */
    int64_t opened_at_ms; /* bytes shortly after this are a tail */
    bool settling;
    bool has_last;
    int64_t last_at_ms; /* the last reading of last[] */
    char line[LK_READER_LINE_MAX + 1];
    char last[LK_READER_LINE_MAX + 1];
    unsigned lines, repeats, drops[LK_READER_DROPS];
};

/* Starts listening. sink must outlive the reader. */
void lk_reader_init(struct lk_reader *reader, const struct lk_reader_sink *sink, void *user, int64_t now_ms);

/* Starts listening anew after the line was (re)opened: forgets a line in progress (without telling: it went with the
 * device), keeps the counts and the repeat suppression. */
void lk_reader_restart(struct lk_reader *reader, int64_t now_ms);

/* n bytes arrived. Any bytes, any split: how a stream is cut into calls changes nothing but the times. */
void lk_reader_feed(struct lk_reader *reader, const void *bytes, size_t n, int64_t now_ms);

/* Something between the last feed and the next is known to be missing: drops the line in progress up to its end, and
 * what looks like a new line if there was none, for it may be the rest of one. Never is a line told that has a hole. */
void lk_reader_lose(struct lk_reader *reader, int64_t now_ms);

/* Does what has become due: drops a line that is too late, erases the last text. Early or twice is harmless. */
void lk_reader_tick(struct lk_reader *reader, int64_t now_ms);

/* When tick() is wanted next; INT64_MAX: not before the next feed. */
int64_t lk_reader_next_at_ms(const struct lk_reader *reader);

/* "garbage", "overlong", ...: for messages. Never NULL. */
const char *lk_reader_drop_name(enum lk_reader_drop why);

enum { LK_READER_ACKS = 6, LK_READER_ACK_MAX = 8 };

/* What a scanner says on its data line about a command, as bytes; it is no part of a code. */
struct lk_reader_ack {
    uint8_t bytes[LK_READER_ACK_MAX];
    size_t len;
};

/* What starts and stops one reading of a scanner in host mode, and what it may answer to that. Static data. */
struct lk_reader_trigger {
    const char *name;
    uint8_t start[8], stop[8];
    size_t start_len, stop_len;
    struct lk_reader_ack acks[LK_READER_ACKS];
    size_t ack_count;
    const char *source;
};

/*
 * Grow GM65 and GM72, set to host mode. The two commands are START_SESSION and STOP_SESSION of the Simple Serial
 * Interface (Zebra 72E-40451): length 04, opcode E4 or E5, source 04 (the host), status 00, and the sum of all of it,
 * negated, in two bytes. Its acknowledgement (opcode D0) and refusals (D1 with a cause) are therefore known, and so is
 * the answer to a register write of the GM65 manual (02 00 00 01 00 33 31). Whether a given firmware sends them after
 * E4 and E5 is unverified: all of them are left out of the codes when they come, and none is waited for.
 */
extern const struct lk_reader_trigger lk_reader_trigger_gm65;

#endif
