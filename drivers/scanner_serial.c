#include "drivers/scanner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scanner_private.h"

enum { CHUNK = 512, CHUNKS_PER_CALL = 8 };

struct serial_source {
    struct lk_scanner_source base;
    struct lk_serial *serial;
    const struct lk_reader_trigger *trigger; /* NULL: nothing but codes comes */
    uint8_t held[LK_READER_ACK_MAX];         /* the beginning of an acknowledgement, perhaps */
    size_t held_len;
};

static struct serial_source *self_of(struct lk_scanner_source *source)
{
    return (struct serial_source *)source;
}

static int open_line(struct lk_scanner_source *source)
{
    self_of(source)->held_len = 0;
    return lk_serial_open(self_of(source)->serial);
}

static void close_line(struct lk_scanner_source *source)
{
    lk_serial_close(self_of(source)->serial);
}

static int line_fd(const struct lk_scanner_source *source)
{
    return lk_serial_fd(((const struct serial_source *)source)->serial);
}

/* --- acknowledgements
 * Only between two lines: inside one they are garbage like everything else. */

enum match { NO_ACK, PART_OF_ACK, WHOLE_ACK };

static enum match match_held(const struct serial_source *self)
{
    for (size_t i = 0; i < self->trigger->ack_count; i++) {
        const struct lk_reader_ack *ack = &self->trigger->acks[i];
        if (self->held_len <= ack->len && memcmp(self->held, ack->bytes, self->held_len) == 0) {
            return self->held_len == ack->len ? WHOLE_ACK : PART_OF_ACK;
        }
    }
    return NO_ACK;
}

static void feed_byte(struct serial_source *self, struct lk_reader *reader, uint8_t byte, int64_t now_ms)
{
    if (self->held_len == 0 && (reader->len > 0 || reader->skipping)) {
        lk_reader_feed(reader, &byte, 1, now_ms);
        return;
    }
    self->held[self->held_len++] = byte;
    enum match match = match_held(self);
    if (match == NO_ACK) {
        lk_reader_feed(reader, self->held, self->held_len, now_ms);
    }
    if (match != PART_OF_ACK) {
        self->held_len = 0;
    }
}

static void feed(struct serial_source *self, struct lk_reader *reader, const uint8_t *bytes, size_t n, int64_t now_ms)
{
    if (!self->trigger) {
        lk_reader_feed(reader, bytes, n, now_ms);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        feed_byte(self, reader, bytes[i], now_ms);
    }
}

static int pump(struct lk_scanner_source *source, struct lk_reader *reader, int64_t now_ms)
{
    uint8_t bytes[CHUNK];
    ssize_t n = 0;
    for (int i = 0; i < CHUNKS_PER_CALL; i++) {
        n = lk_serial_read(self_of(source)->serial, bytes, sizeof(bytes));
        if (n <= 0) {
            break;
        }
        feed(self_of(source), reader, bytes, (size_t)n, now_ms);
    }
    explicit_bzero(bytes, sizeof(bytes));
    return n < 0 ? (int)n : 0;
}

static ssize_t send_bytes(struct lk_scanner_source *source, const void *bytes, size_t n)
{
    return lk_serial_write(self_of(source)->serial, bytes, n);
}

static void expect(struct lk_scanner_source *source, const struct lk_reader_trigger *trigger)
{
    self_of(source)->trigger = trigger;
}

static void destroy(struct lk_scanner_source *source)
{
    (void)lk_serial_destroy(self_of(source)->serial);
    explicit_bzero(source, sizeof(struct serial_source));
    free(source);
}

static const struct lk_scanner_source_ops ops = {
    .open = open_line,
    .close = close_line,
    .fd = line_fd,
    .pump = pump,
    .send = send_bytes,
    .expect = expect,
    .destroy = destroy,
};

int lk_scanner_create(struct lk_serial *serial, const struct lk_scanner_sink *sink, void *user,
                      struct lk_scanner **ret_scanner)
{
    struct serial_source *self = calloc(1, sizeof(*self));
    if (!self) {
        (void)lk_serial_destroy(serial);
        return -ENOMEM;
    }
    self->base.ops = &ops;
    self->serial = serial;
    return lk_scanner_create_on(&self->base, sink, user, ret_scanner);
}
