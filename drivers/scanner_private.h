/*
 * Where a scanner's bytes come from: a serial line (scanner_serial.c) or a keyboard (keyboard.c). Private to the
 * scanner; a source is owned by its scanner and ended through destroy.
 */
#ifndef DRIVERS_SCANNER_PRIVATE_H
#define DRIVERS_SCANNER_PRIVATE_H

#include <sys/types.h>

#include "drivers/scanner.h"

struct lk_scanner_source;

/* All required but send. */
struct lk_scanner_source_ops {
    int (*open)(struct lk_scanner_source *source); /* as lk_serial_open(); -EBUSY: somebody else holds it */
    void (*close)(struct lk_scanner_source *source);
    int (*fd)(const struct lk_scanner_source *source);
    /* Feeds what has arrived, a bounded amount. 0: more may be there; -EAGAIN: that was all; else it is lost. */
    int (*pump)(struct lk_scanner_source *source, struct lk_reader *reader, int64_t now_ms);
    /* NULL: it cannot be told anything. */
    ssize_t (*send)(struct lk_scanner_source *source, const void *bytes, size_t n);
    /* What may come between codes from now on. NULL where send is. */
    void (*expect)(struct lk_scanner_source *source, const struct lk_reader_trigger *trigger);
    void (*destroy)(struct lk_scanner_source *source);
};

struct lk_scanner_source {
    const struct lk_scanner_source_ops *ops;
};

/* A scanner on this source, which it takes over (also on failure). 0 or -ENOMEM. */
int lk_scanner_create_on(struct lk_scanner_source *source, const struct lk_scanner_sink *sink, void *user,
                         struct lk_scanner **ret_scanner);

#endif
