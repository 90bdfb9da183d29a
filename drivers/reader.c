#include "drivers/reader.h"

#include <string.h>

void lk_reader_init(struct lk_reader *reader, const struct lk_reader_sink *sink, void *user, int64_t now_ms)
{
    memset(reader, 0, sizeof(*reader));
    reader->sink = sink;
    reader->user = user;
    lk_reader_restart(reader, now_ms);
}

static void wipe_line(struct lk_reader *reader)
{
    explicit_bzero(reader->line, sizeof(reader->line));
    reader->len = 0;
}

void lk_reader_restart(struct lk_reader *reader, int64_t now_ms)
{
    wipe_line(reader);
    reader->skipping = false;
    reader->opened_at_ms = now_ms;
    reader->settling = true;
}

static void drop(struct lk_reader *reader, enum lk_reader_drop why, int64_t now_ms)
{
    wipe_line(reader);
    reader->skipping = true;
    reader->drops[why]++;
    reader->sink->drop(reader->user, why, now_ms);
}

static bool is_repeat(const struct lk_reader *reader, int64_t now_ms)
{
    return reader->has_last && now_ms - reader->last_at_ms <= LK_READER_REPEAT_MS &&
           strcmp(reader->line, reader->last) == 0;
}

static void end_line(struct lk_reader *reader, int64_t now_ms)
{
    reader->skipping = false;
    if (reader->len == 0) {
        return;
    }
    reader->line[reader->len] = '\0';
    bool repeat = is_repeat(reader, now_ms);
    memcpy(reader->last, reader->line, sizeof(reader->last));
    reader->has_last = true;
    reader->last_at_ms = now_ms;
    if (repeat) {
        reader->repeats++;
    } else {
        reader->lines++;
        reader->sink->line(reader->user, reader->line, now_ms);
    }
    wipe_line(reader);
}

static bool is_late(const struct lk_reader *reader, int64_t now_ms)
{
    return reader->len > 0 && now_ms - reader->line_at_ms > LK_READER_LINE_MS;
}

/* A byte that is not a line end, while no line is being skipped. */
static void take(struct lk_reader *reader, uint8_t byte, int64_t now_ms)
{
    if (reader->settling && now_ms - reader->opened_at_ms < LK_READER_SETTLE_MS) {
        drop(reader, LK_READER_DROP_TAIL, now_ms);
    } else if (byte < 0x20 || byte > 0x7e) {
        drop(reader, LK_READER_DROP_GARBAGE, now_ms);
    } else if (reader->len == LK_READER_LINE_MAX) {
        drop(reader, LK_READER_DROP_OVERLONG, now_ms);
    } else {
        reader->line_at_ms = reader->len == 0 ? now_ms : reader->line_at_ms;
        reader->line[reader->len++] = (char)byte;
    }
    reader->settling = false;
}

void lk_reader_feed(struct lk_reader *reader, const void *bytes, size_t n, int64_t now_ms)
{
    const uint8_t *byte = bytes;
    lk_reader_tick(reader, now_ms);
    for (size_t i = 0; i < n; i++) {
        if (byte[i] == '\r' || byte[i] == '\n') {
            end_line(reader, now_ms);
        } else if (!reader->skipping) {
            take(reader, byte[i], now_ms);
        }
    }
}

void lk_reader_lose(struct lk_reader *reader, int64_t now_ms)
{
    if (!reader->skipping) {
        drop(reader, LK_READER_DROP_LOST, now_ms);
    }
    reader->settling = false;
}

void lk_reader_tick(struct lk_reader *reader, int64_t now_ms)
{
    if (is_late(reader, now_ms)) {
        drop(reader, LK_READER_DROP_LATE, now_ms);
    }
    if (reader->has_last && now_ms - reader->last_at_ms > LK_READER_REPEAT_MS) {
        explicit_bzero(reader->last, sizeof(reader->last));
        reader->has_last = false;
    }
}

int64_t lk_reader_next_at_ms(const struct lk_reader *reader)
{
    int64_t late = reader->len > 0 ? reader->line_at_ms + LK_READER_LINE_MS + 1 : INT64_MAX;
    int64_t forget = reader->has_last ? reader->last_at_ms + LK_READER_REPEAT_MS + 1 : INT64_MAX;
    return late < forget ? late : forget;
}

const char *lk_reader_drop_name(enum lk_reader_drop why)
{
    switch (why) {
    case LK_READER_DROP_GARBAGE:
        return "garbage";
    case LK_READER_DROP_OVERLONG:
        return "overlong";
    case LK_READER_DROP_LATE:
        return "late";
    case LK_READER_DROP_TAIL:
        return "tail";
    case LK_READER_DROP_LOST:
        return "lost";
    case LK_READER_DROPS:
        break;
    }
    return "?";
}

const struct lk_reader_trigger lk_reader_trigger_gm65 = {
    .name = "gm65",
    .start = {0x04, 0xe4, 0x04, 0x00, 0xff, 0x14},
    .stop = {0x04, 0xe5, 0x04, 0x00, 0xff, 0x13},
    .start_len = 6,
    .stop_len = 6,
    .acks =
        {
            {{0x04, 0xd0, 0x00, 0x00, 0xff, 0x2c}, 6},       /* done */
            {{0x05, 0xd1, 0x00, 0x00, 0x01, 0xff, 0x29}, 7}, /* send again */
            {{0x05, 0xd1, 0x00, 0x00, 0x02, 0xff, 0x28}, 7}, /* not understood */
            {{0x05, 0xd1, 0x00, 0x00, 0x06, 0xff, 0x24}, 7}, /* not in this mode */
            {{0x02, 0x00, 0x00, 0x01, 0x00, 0x33, 0x31}, 7}, /* a register was written */
        },
    .ack_count = 5,
    .source = "Grow GM65/GM72 module manual, host mode; Simple Serial Interface, Zebra 72E-40451",
};
