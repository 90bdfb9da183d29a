#include "drivers/scanner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 512, CHUNKS_PER_CALL = 8 };

struct lk_scanner {
    struct lk_serial *serial;
    const struct lk_scanner_sink *sink;
    void *user;
    struct lk_reader reader;
    int error;
    bool told; /* the state was told at least once */
    int64_t open_at_ms;
};

int lk_scanner_create(struct lk_serial *serial, const struct lk_scanner_sink *sink, void *user,
                      struct lk_scanner **ret_scanner)
{
    struct lk_scanner *scanner = calloc(1, sizeof(*scanner));
    if (!scanner) {
        (void)lk_serial_destroy(serial);
        return -ENOMEM;
    }
    scanner->serial = serial;
    scanner->sink = sink;
    scanner->user = user;
    scanner->error = -ENODEV;
    scanner->open_at_ms = INT64_MIN;
    lk_reader_init(&scanner->reader, &sink->reader, user, 0);
    *ret_scanner = scanner;
    return 0;
}

struct lk_scanner *lk_scanner_destroy(struct lk_scanner *scanner)
{
    if (scanner) {
        (void)lk_serial_destroy(scanner->serial);
        explicit_bzero(&scanner->reader, sizeof(scanner->reader));
        free(scanner);
    }
    return NULL;
}

static void set_state(struct lk_scanner *scanner, int error, int64_t now_ms)
{
    if (scanner->told && scanner->error == error) {
        return;
    }
    scanner->told = true;
    scanner->error = error;
    scanner->sink->state(scanner->user, error, now_ms);
}

static void try_open(struct lk_scanner *scanner, int64_t now_ms)
{
    int r = lk_serial_open(scanner->serial);
    if (r == 0) {
        lk_reader_restart(&scanner->reader, now_ms);
    } else {
        scanner->open_at_ms = lk_serial_retry_at_ms(now_ms);
    }
    set_state(scanner, r, now_ms);
}

static void lose(struct lk_scanner *scanner, int error, int64_t now_ms)
{
    lk_serial_close(scanner->serial);
    lk_reader_restart(&scanner->reader, now_ms); /* half a line went with the device */
    scanner->open_at_ms = lk_serial_retry_at_ms(now_ms);
    set_state(scanner, error, now_ms);
}

void lk_scanner_tick(struct lk_scanner *scanner, int64_t now_ms)
{
    lk_reader_tick(&scanner->reader, now_ms);
    if (lk_scanner_fd(scanner) < 0 && now_ms >= scanner->open_at_ms) {
        try_open(scanner, now_ms);
    }
}

void lk_scanner_ready(struct lk_scanner *scanner, int64_t now_ms)
{
    char bytes[CHUNK];
    ssize_t n = 0;
    if (lk_scanner_fd(scanner) < 0) {
        return;
    }
    for (int i = 0; i < CHUNKS_PER_CALL; i++) {
        n = lk_serial_read(scanner->serial, bytes, sizeof(bytes));
        if (n <= 0) {
            break;
        }
        lk_reader_feed(&scanner->reader, bytes, (size_t)n, now_ms);
    }
    explicit_bzero(bytes, sizeof(bytes));
    if (n < 0 && n != -EAGAIN) {
        lose(scanner, (int)n, now_ms);
    }
}

int64_t lk_scanner_next_at_ms(const struct lk_scanner *scanner)
{
    int64_t reader_ms = lk_reader_next_at_ms(&scanner->reader);
    return lk_scanner_fd(scanner) < 0 && scanner->open_at_ms < reader_ms ? scanner->open_at_ms : reader_ms;
}

int lk_scanner_fd(const struct lk_scanner *scanner)
{
    return lk_serial_fd(scanner->serial);
}

int lk_scanner_error(const struct lk_scanner *scanner)
{
    return scanner->error;
}

int lk_scanner_trigger(struct lk_scanner *scanner, const struct lk_reader_trigger *trigger, bool on)
{
    const uint8_t *bytes = on ? trigger->start : trigger->stop;
    size_t n = on ? trigger->start_len : trigger->stop_len;
    ssize_t done = lk_serial_write(scanner->serial, bytes, n);
    if (done < 0) {
        return (int)done;
    }
    return (size_t)done == n ? 0 : -EAGAIN;
}

void lk_scanner_counts(const struct lk_scanner *scanner, struct lk_scanner_counts *ret_counts)
{
    ret_counts->lines = scanner->reader.lines;
    ret_counts->repeats = scanner->reader.repeats;
    memcpy(ret_counts->drops, scanner->reader.drops, sizeof(ret_counts->drops));
}
