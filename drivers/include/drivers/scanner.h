/*
 * A scanner that may be unplugged and come back, for an event loop: an lk_reader on a serial line, or on a keyboard
 * that is one (drivers/keyboard.h says how its keys become bytes). Framing and repeats are the reader's on both.
 *
 * How the caller drives it: after create, tick(). Watch lk_scanner_fd() for reading and call ready() when it is; the
 * descriptor changes only inside tick(), ready() and want(), and each change is told by sink.state. Keep a timer at
 * next_at_ms() and call tick() when its instant has come.
 *
 * Thread: the owner thread only. Time: the caller's monotonic ms. Nothing blocks or logs; memory is taken at create.
 */
#ifndef DRIVERS_SCANNER_H
#define DRIVERS_SCANNER_H

#include <stdbool.h>
#include <stdint.h>

#include "drivers/reader.h"
#include "hal/input.h"
#include "hal/serial.h"

struct lk_scanner;

enum {
    LK_SCANNER_START_MS = 4000, /* host mode: a start lasts a few seconds in the module (5 by its manual, unverified) */
    LK_SCANNER_REST_MS = 300,   /* host mode: from one code to the next start */
};

/* Where a scanner tells its news; all required. The callee must not call the same scanner, but for fd() and error(). */
struct lk_scanner_sink {
    struct lk_reader_sink reader; /* lines and drops; their user is the scanner's */
    /* It is there (error 0: watch the new descriptor) or it is not (a negative errno: forget the old one; it is closed
     * already). Told when it changes, not at every attempt: unplugged is told once, and back once. -EBUSY: another
     * process has it. */
    void (*state)(void *user, int error, int64_t now_ms);
};

/* Takes over `serial` (also on failure: then it is destroyed). sink must outlive the scanner. 0 or -ENOMEM. */
int lk_scanner_create(struct lk_serial *serial, const struct lk_scanner_sink *sink, void *user,
                      struct lk_scanner **ret_scanner);

/* The same on a scanner that types. Takes over `device` (also on failure: then it is destroyed). 0 or -ENOMEM. */
int lk_scanner_create_keyboard(struct lk_input_device *device, const struct lk_scanner_sink *sink, void *user,
                               struct lk_scanner **ret_scanner);

/* From now on the scanner reads only while a code is wanted, and `trigger` says so to it; its acknowledgements are left
 * out. trigger must outlive the scanner. Once, before the first tick. 0, or -ENOTSUP: a keyboard cannot be told. */
int lk_scanner_host_mode(struct lk_scanner *scanner, const struct lk_reader_trigger *trigger);

/* Host mode: whether a code is waited for. A start is sent when that begins, after each code, when the device comes
 * back, and every LK_SCANNER_START_MS; a stop when it ends. Without host mode it changes nothing. */
void lk_scanner_want(struct lk_scanner *scanner, bool wanted, int64_t now_ms);

/* Stops the reading in host mode and closes; nothing is told. NULL is fine. Returns NULL. */
struct lk_scanner *lk_scanner_destroy(struct lk_scanner *scanner);

/* Opens what is due to be opened, drops what is late. Early or twice is harmless. */
void lk_scanner_tick(struct lk_scanner *scanner, int64_t now_ms);

/* Reads what has arrived, at most 4 KiB a call, so that a scanner gone mad starves nobody. */
void lk_scanner_ready(struct lk_scanner *scanner, int64_t now_ms);

/* When tick() is wanted next. */
int64_t lk_scanner_next_at_ms(const struct lk_scanner *scanner);

/* The descriptor to watch; -1 while the scanner is not there. */
int lk_scanner_fd(const struct lk_scanner *scanner);

/* 0 while it is there, else why not: -ENODEV before the first attempt. */
int lk_scanner_error(const struct lk_scanner *scanner);

/* Starts or stops one reading by hand. 0; -EAGAIN when the line did not take all of it (nothing is sent again);
 * -ENOTSUP: a keyboard; or as lk_serial_write(). */
int lk_scanner_trigger(struct lk_scanner *scanner, const struct lk_reader_trigger *trigger, bool on);

/* The counts since create: lines delivered, repeats left out, lines dropped for one reason. */
struct lk_scanner_counts {
    unsigned lines, repeats, drops[LK_READER_DROPS];
};
void lk_scanner_counts(const struct lk_scanner *scanner, struct lk_scanner_counts *ret_counts);

#endif
