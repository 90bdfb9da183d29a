#include "drivers/scanner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plug.h"
#include "scanner_private.h"

struct lk_scanner {
    struct lk_scanner_source *source;
    const struct lk_scanner_sink *sink;
    void *user;
    struct lk_reader reader;
    struct lk_plug plug;
    const struct lk_reader_trigger *host; /* NULL: it reads by itself */
    bool wanted;                          /* host mode: a code is waited for */
    int64_t start_at_ms;                  /* host mode, wanted: the next start */
};

int lk_scanner_create_on(struct lk_scanner_source *source, const struct lk_scanner_sink *sink, void *user,
                         struct lk_scanner **ret_scanner)
{
    struct lk_scanner *scanner = calloc(1, sizeof(*scanner));
    if (!scanner) {
        source->ops->destroy(source);
        return -ENOMEM;
    }
    scanner->source = source;
    scanner->sink = sink;
    scanner->user = user;
    lk_plug_init(&scanner->plug);
    lk_reader_init(&scanner->reader, &sink->reader, user, 0);
    *ret_scanner = scanner;
    return 0;
}

struct lk_scanner *lk_scanner_destroy(struct lk_scanner *scanner)
{
    if (scanner) {
        if (scanner->host && scanner->wanted && lk_scanner_fd(scanner) >= 0) {
            (void)lk_scanner_trigger(scanner, scanner->host, false);
        }
        scanner->source->ops->destroy(scanner->source);
        explicit_bzero(&scanner->reader, sizeof(scanner->reader));
        free(scanner);
    }
    return NULL;
}

static void set_state(struct lk_scanner *scanner, int error, int64_t now_ms)
{
    if (lk_plug_set(&scanner->plug, error, lk_serial_retry_at_ms(now_ms))) {
        scanner->sink->state(scanner->user, error, now_ms);
    }
}

static void lose(struct lk_scanner *scanner, int error, int64_t now_ms)
{
    scanner->source->ops->close(scanner->source);
    lk_reader_restart(&scanner->reader, now_ms); /* half a line went with the device */
    set_state(scanner, error, now_ms);
}

/* --- host mode
 * -------------------------------------------------------------------------------------------------------- */

static bool is_reading(const struct lk_scanner *scanner)
{
    return scanner->host && scanner->wanted && lk_scanner_fd(scanner) >= 0;
}

/* A start that the line did not take is made good by the next one. */
static void start_reading(struct lk_scanner *scanner, int64_t now_ms)
{
    scanner->start_at_ms = now_ms + LK_SCANNER_START_MS;
    int r = lk_scanner_trigger(scanner, scanner->host, true);
    if (r < 0 && r != -EAGAIN) {
        lose(scanner, r, now_ms);
    }
}

int lk_scanner_host_mode(struct lk_scanner *scanner, const struct lk_reader_trigger *trigger)
{
    if (!scanner->source->ops->send) {
        return -ENOTSUP;
    }
    scanner->host = trigger;
    scanner->source->ops->expect(scanner->source, trigger);
    return 0;
}

void lk_scanner_want(struct lk_scanner *scanner, bool wanted, int64_t now_ms)
{
    if (wanted == scanner->wanted) {
        return;
    }
    bool was_reading = is_reading(scanner);
    scanner->wanted = wanted;
    if (is_reading(scanner)) {
        start_reading(scanner, now_ms);
    } else if (was_reading) {
        (void)lk_scanner_trigger(scanner, scanner->host, false);
    }
}

int lk_scanner_trigger(struct lk_scanner *scanner, const struct lk_reader_trigger *trigger, bool on)
{
    const uint8_t *bytes = on ? trigger->start : trigger->stop;
    size_t n = on ? trigger->start_len : trigger->stop_len;
    if (!scanner->source->ops->send) {
        return -ENOTSUP;
    }
    ssize_t done = scanner->source->ops->send(scanner->source, bytes, n);
    if (done < 0) {
        return (int)done;
    }
    return (size_t)done == n ? 0 : -EAGAIN;
}

/* --- the loop's calls
 * ------------------------------------------------------------------------------------------------- */

static void try_open(struct lk_scanner *scanner, int64_t now_ms)
{
    int r = scanner->source->ops->open(scanner->source);
    if (r == 0) {
        lk_reader_restart(&scanner->reader, now_ms);
    }
    set_state(scanner, r, now_ms);
    if (is_reading(scanner)) {
        start_reading(scanner, now_ms);
    }
}

void lk_scanner_tick(struct lk_scanner *scanner, int64_t now_ms)
{
    lk_reader_tick(&scanner->reader, now_ms);
    if (lk_scanner_fd(scanner) < 0 && now_ms >= scanner->plug.open_at_ms) {
        try_open(scanner, now_ms);
    } else if (is_reading(scanner) && now_ms >= scanner->start_at_ms) {
        start_reading(scanner, now_ms);
    }
}

static unsigned lines_ended(const struct lk_reader *reader)
{
    unsigned n = reader->lines + reader->repeats;
    for (size_t i = 0; i < LK_READER_DROPS; i++) {
        n += reader->drops[i];
    }
    return n;
}

void lk_scanner_ready(struct lk_scanner *scanner, int64_t now_ms)
{
    if (lk_scanner_fd(scanner) < 0) {
        return;
    }
    unsigned before = lines_ended(&scanner->reader);
    int r = scanner->source->ops->pump(scanner->source, &scanner->reader, now_ms);
    if (lines_ended(&scanner->reader) != before) {
        scanner->start_at_ms = now_ms + LK_SCANNER_REST_MS; /* one start is one reading */
    }
    if (r < 0 && r != -EAGAIN) {
        lose(scanner, r, now_ms);
    }
}

static int64_t sooner(int64_t a_ms, int64_t b_ms)
{
    return a_ms < b_ms ? a_ms : b_ms;
}

int64_t lk_scanner_next_at_ms(const struct lk_scanner *scanner)
{
    int64_t at_ms = lk_reader_next_at_ms(&scanner->reader);
    if (lk_scanner_fd(scanner) < 0) {
        return sooner(at_ms, scanner->plug.open_at_ms);
    }
    return is_reading(scanner) ? sooner(at_ms, scanner->start_at_ms) : at_ms;
}

int lk_scanner_fd(const struct lk_scanner *scanner)
{
    return scanner->source->ops->fd(scanner->source);
}

int lk_scanner_error(const struct lk_scanner *scanner)
{
    return scanner->plug.error;
}

void lk_scanner_counts(const struct lk_scanner *scanner, struct lk_scanner_counts *ret_counts)
{
    ret_counts->lines = scanner->reader.lines;
    ret_counts->repeats = scanner->reader.repeats;
    memcpy(ret_counts->drops, scanner->reader.drops, sizeof(ret_counts->drops));
}
