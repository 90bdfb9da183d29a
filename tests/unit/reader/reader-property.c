/*
 * Random streams of bytes with random times, cut in random ways: what the reader tells must be what a second, simpler
 * reading of the whole stream says (split at line ends, judge each line as a whole).
 * Usage: reader-property SEED ROUNDS; a failure prints the seed of its round.
 */
#include "drivers/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STREAM_MAX = 1500, TOLD_MAX = 4096 };

struct byte_at {
    uint8_t byte;
    int64_t at_ms;
};

static uint64_t seed;

static unsigned draw(unsigned below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 33) % below;
}

/* --- the reader under test -----------------------------------------------------------------------------------------
 */

struct told {
    char text[TOLD_MAX * 4];
    size_t len;
};

static void tell(struct told *told, const char *what, const char *text)
{
    int n = snprintf(told->text + told->len, sizeof(told->text) - told->len, "%s %s\n", what, text);
    if (n < 0 || (size_t)n >= sizeof(told->text) - told->len) {
        (void)fprintf(stderr, "the test's own buffer is too small\n");
        exit(2);
    }
    told->len += (size_t)n;
}

static void on_line(void *user, const char *line, int64_t now_ms)
{
    (void)now_ms;
    tell(user, "line", line);
}

static void on_drop(void *user, enum lk_reader_drop why, int64_t now_ms)
{
    (void)now_ms;
    tell(user, "drop", lk_reader_drop_name(why));
}

static const struct lk_reader_sink sink = {.line = on_line, .drop = on_drop};

/* Feeds runs of bytes that share an instant in random pieces, with ticks in between whenever one is due. */
static void run_reader(const struct byte_at *stream, size_t n, int64_t end_ms, struct told *told)
{
    struct lk_reader reader;
    lk_reader_init(&reader, &sink, told, 0);
    for (size_t i = 0; i < n;) {
        uint8_t piece[64];
        size_t k = 0;
        while (lk_reader_next_at_ms(&reader) <= stream[i].at_ms && draw(4) != 0) {
            lk_reader_tick(&reader, lk_reader_next_at_ms(&reader));
        }
        size_t want = 1 + draw(sizeof(piece));
        int64_t at_ms = stream[i].at_ms;
        for (; i < n && k < want && stream[i].at_ms == at_ms; i++) {
            piece[k++] = stream[i].byte;
        }
        lk_reader_feed(&reader, piece, k, at_ms);
    }
    lk_reader_tick(&reader, end_ms);
}

/* --- the second reading --------------------------------------------------------------------------------------------
 */

static bool is_end(uint8_t byte)
{
    return byte == '\r' || byte == '\n';
}

/* Judges stream[from..to), which ends at end_ms (a line end, or the end of everything when `open`). */
static const char *judge(const struct byte_at *stream, size_t from, size_t to, int64_t end_ms, bool open, bool first)
{
    if (first && stream[from].at_ms < LK_READER_SETTLE_MS) {
        return "tail";
    }
    for (size_t i = from; i < to; i++) {
        if (stream[i].at_ms - stream[from].at_ms > LK_READER_LINE_MS) {
            return "late";
        }
        if (stream[i].byte < 0x20 || stream[i].byte > 0x7e) {
            return "garbage";
        }
        if (i - from >= LK_READER_LINE_MAX) {
            return "overlong";
        }
    }
    if (end_ms - stream[from].at_ms > LK_READER_LINE_MS) {
        return "late";
    }
    return open ? "unfinished" : NULL;
}

static void run_model(const struct byte_at *stream, size_t n, int64_t end_ms, struct told *told)
{
    char last[LK_READER_LINE_MAX + 1] = "";
    int64_t last_at_ms = 0;
    bool first = true;
    for (size_t from = 0, to; from < n; from = to + 1) {
        for (to = from; to < n && !is_end(stream[to].byte);) {
            to++;
        }
        if (to == from) {
            continue;
        }
        bool open = to == n;
        int64_t at_ms = open ? end_ms : stream[to].at_ms;
        const char *why = judge(stream, from, to, at_ms, open, first);
        first = false;
        if (why) {
            if (strcmp(why, "unfinished") != 0) {
                tell(told, "drop", why);
            }
            continue;
        }
        char line[LK_READER_LINE_MAX + 1] = "";
        for (size_t i = from; i < to; i++) {
            line[i - from] = (char)stream[i].byte;
        }
        if (strcmp(line, last) != 0 || at_ms - last_at_ms > LK_READER_REPEAT_MS) {
            tell(told, "line", line);
        }
        memcpy(last, line, sizeof(last));
        last_at_ms = at_ms;
    }
}

/* --- streams -------------------------------------------------------------------------------------------------------
 */

static size_t add(struct byte_at *stream, size_t n, uint8_t byte, int64_t at_ms)
{
    if (n < STREAM_MAX) {
        stream[n++] = (struct byte_at){byte, at_ms};
    }
    return n;
}

static int64_t pause_ms(void)
{
    static const unsigned pauses[] = {0, 0, 0, 1, 3, 15, 29, 30, 400, 1500, 1501, 2000, 2001, 5000};
    return pauses[draw(sizeof(pauses) / sizeof(pauses[0]))];
}

/* One line, mostly a decent one. */
static size_t add_line(struct byte_at *stream, size_t n, int64_t *at_ms)
{
    static const char *const ends[] = {"\r", "\n", "\r\n", "\n\n", ""};
    static const unsigned lengths[] = {0, 1, 8, 8, 8, 20, 127, 128, 129, 300};
    unsigned len = lengths[draw(10)];
    unsigned style = draw(8); /* 0, 1: with garbage; 2: slow; else decent */
    unsigned text = draw(3);
    for (unsigned i = 0; i < len; i++) {
        uint8_t byte = (uint8_t)('1' + text + (i % 5));
        if (style <= 1 && draw(len) == 0) {
            byte = (uint8_t)draw(256);
        }
        n = add(stream, n, byte, *at_ms);
        *at_ms += style == 2 && draw(8) == 0 ? pause_ms() : 0;
    }
    *at_ms += draw(6) == 0 ? pause_ms() : 0;
    for (const char *e = ends[draw(5)]; *e; e++) {
        n = add(stream, n, (uint8_t)*e, *at_ms);
    }
    return n;
}

static int round_of(uint64_t round_seed)
{
    static struct byte_at stream[STREAM_MAX];
    static struct told real, model;
    seed = round_seed;
    size_t n = 0;
    int64_t at_ms = pause_ms();
    while (n < STREAM_MAX - 8 && draw(40) != 0) {
        n = add_line(stream, n, &at_ms);
        at_ms += pause_ms();
    }
    real.len = model.len = 0;
    real.text[0] = model.text[0] = '\0';
    int64_t end_ms = at_ms + pause_ms();
    run_reader(stream, n, end_ms, &real);
    run_model(stream, n, end_ms, &model);
    if (strcmp(real.text, model.text) != 0) {
        (void)fprintf(stderr, "seed %llu: the reader said\n%sbut the whole stream says\n%s",
                      (unsigned long long)round_seed, real.text, model.text);
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    uint64_t rounds = argc > 2 ? strtoull(argv[2], NULL, 10) : 4000;
    for (uint64_t i = 0; i < rounds; i++) {
        if (round_of((first + i) * UINT64_C(0x9e3779b97f4a7c15) | 1) != 0) {
            return 1;
        }
    }
    printf("%llu streams read alike\n", (unsigned long long)rounds);
    return 0;
}
