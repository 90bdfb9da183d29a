/*
 * fieldbus-stress TRANSACTIONS [SEED]: real lines on pseudo terminals, side by side, before boards that misbehave in
 * eight ways, until so many requests have been on the wires. Law 3: no reply is credited to another request, and no
 * other door than the one that was asked for moves. Law 9: no coil stays on.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hal/fieldbus_linux.h"
#include "wire.h"

enum {
    LINES = 16,
    SLOTS = 24,
    FAULTS_PER_1000 = 50,
    AGAIN = 3,
    PULSE_CHANNELS = 5, /* of each board: timed by it; the others are switched off by the line */
    ON_MS = 30,
    ON_MOST_MS = 15000, /* an off that the line gave up, and then its unit was in quarantine until the next probe */
    AGAIN_MS = 20,
    SETTLE_MS = 15000,
    PATIENCE_MS = 20000,
    TROUBLES_SHOWN = 10,
};

enum kind { FREE, READ, PULSE, PLAIN, OFF };

/* What a slot asked, and the truth when it did. */
struct asked {
    enum kind kind;
    uint8_t unit, channel;
    uint16_t address;
    uint8_t function, registers;
    uint32_t done_before;
    bool is_off;         /* PLAIN: the request has completed, the follow-up is awaited */
    int64_t again_at_ms; /* OFF: to be sent then; 0: is sent */
};

struct lane {
    struct wire *wire;
    struct lk_fieldbus *fb;
    struct asked asked[SLOTS];
    /* Sent without proof, and not carried out when that was known: a board that this machine let wait may still do it.
     */
    uint32_t undone[WIRE_UNITS + 1][WIRE_CHANNELS];
    uint32_t asked_of[WIRE_UNITS + 1][WIRE_CHANNELS]; /* requests to move that door which may have been sent */
    bool door_busy[WIRE_UNITS + 1][WIRE_CHANNELS];
    int64_t down_until_ms[WIRE_UNITS + 1];
    struct asked again; /* failed: the next requests are like it, as a driver's are, and as a late reply would fit */
    unsigned again_n;
    unsigned waiting;
    uint16_t next_address;
};

static struct lane lanes[LINES];
static uint64_t seed, sent, proven, unproven, refused, given_up, troubles;

static unsigned dice(unsigned sides)
{
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)(seed >> 33) % sides;
}

static int64_t now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

__attribute__((format(printf, 1, 2))) static void trouble(const char *format, ...)
{
    va_list args;
    if (troubles++ < TROUBLES_SHOWN) {
        va_start(args, format);
        (void)printf("TROUBLE: ");
        (void)vprintf(format, args);
        (void)printf("\n");
        va_end(args);
    }
}

static void begin(struct lane *l, unsigned index)
{
    struct lk_fieldbus_config config = {.transport = LK_FB_RTU,
                                        .baud = WIRE_BAUD,
                                        .timeout_ms = WIRE_TIMEOUT_MS,
                                        .paced_pty = true,
                                        .queue_slots = 2 * SLOTS};
    l->wire = wire_make(seed + index * 7919UL, FAULTS_PER_1000);
    (void)snprintf(config.name, sizeof(config.name), "line %u", index);
    (void)snprintf(config.device, sizeof(config.device), "%s", wire_path(l->wire));
    if (lk_fieldbus_linux_create(&config, &l->fb) != 0 || lk_fieldbus_start(l->fb) != 0) {
        (void)fprintf(stderr, "a line cannot be started\n");
        exit(2);
    }
}

static struct lk_fb_request read_request(struct lane *l, struct asked *a)
{
    a->kind = READ;
    a->address = l->next_address++;
    if (a->registers == 0) {
        a->function = (uint8_t)(3 + dice(2));
        a->registers = (uint8_t)(2 + dice(4));
    }
    return (struct lk_fb_request){
        .pdu_len = 5,
        .pdu = {a->function, (uint8_t)(a->address >> 8), (uint8_t)a->address, 0, a->registers},
        .expect = LK_FB_READ,
        .read_bytes = (uint8_t)(a->registers * 2),
        .priority = LK_FB_NORMAL};
}

static struct lk_fb_request door_request(struct lane *l, struct asked *a)
{
    bool pulse = a->channel < PULSE_CHANNELS;
    a->kind = pulse ? PULSE : PLAIN;
    a->is_off = false;
    a->done_before = wire_done(l->wire, a->unit, a->channel);
    l->door_busy[a->unit][a->channel] = true;
    struct lk_fb_request r = {
        .pdu_len = 5, .pdu = {5, pulse ? 2 : 0, a->channel}, .expect = LK_FB_ECHO, .priority = LK_FB_PULSE};
    if (pulse) {
        r.pdu[4] = 5; /* always the same: echoes of one door are all alike */
    } else {
        r.pdu[3] = 0xFF;
        r.then_pdu_len = 5;
        memcpy(r.then_pdu, (uint8_t[]){5, 0, a->channel, 0, 0}, 5);
        r.then_after_ms = ON_MS;
    }
    return r;
}

static void submit(struct lane *l, unsigned slot)
{
    bool again = l->again_n > 0;
    struct asked *a = &l->asked[slot];
    *a = (struct asked){.unit = (uint8_t)(1 + dice(WIRE_UNITS)), .channel = (uint8_t)dice(WIRE_CHANNELS)};
    bool door = dice(4) == 0;
    if (again) {
        l->again_n--;
        *a = l->again;
        door = a->kind != READ;
        a->kind = FREE;
    }
    if (now_ms() < l->down_until_ms[a->unit]) {
        return;
    }
    door = door && !l->door_busy[a->unit][a->channel];
    struct lk_fb_request r = door ? door_request(l, a) : read_request(l, a);
    r.tag = slot;
    r.unit = a->unit;
    r.priority = again && a->kind == READ ? LK_FB_MOVING : r.priority;
    if (lk_fieldbus_submit(l->fb, &r) != 0) {
        trouble("a request with room for it was not accepted");
    }
    l->waiting++;
}

static void judge_read(const struct lk_fb_completion *c, const struct asked *a)
{
    for (unsigned i = 0; c->status == 0 && i < c->data_len; i++) {
        uint8_t right = (uint8_t[]){(uint8_t)(a->address >> 8), (uint8_t)a->address, a->unit, a->function}[i % 4];
        if (c->data[i] != right || c->data_len != a->registers * 2) {
            trouble("read %u of unit %u was credited the reply to another request", a->address, a->unit);
            return;
        }
    }
}

/* Only this request was out for that door since done_before was noted, but for the undone ones. */
static void judge_door(struct lane *l, const struct lk_fb_completion *c, const struct asked *a)
{
    uint32_t done = wire_done(l->wire, a->unit, a->channel) - a->done_before;
    uint32_t *undone = &l->undone[a->unit][a->channel];
    l->asked_of[a->unit][a->channel] += c->was_sent;
    if (c->status == 0 && done == 0) {
        trouble("a pulse of %u/%u was proven and never carried out", a->unit, a->channel);
    } else if (done > c->was_sent + *undone) {
        trouble("a pulse of %u/%u was carried out %u times", a->unit, a->channel, done);
    } else if (c->status == -EREMOTEIO && done > *undone) {
        trouble("a pulse of %u/%u was refused and carried out", a->unit, a->channel);
    }
    bool nothing_done = c->status == -EREMOTEIO || !c->was_sent;
    uint32_t left = *undone + !nothing_done;
    *undone = left > done ? left - done : 0;
}

/* What the line gave up the owner goes on with, as a driver does before it uses that coil again. */
static void off_again(struct lane *l, unsigned slot)
{
    struct asked *a = &l->asked[slot];
    struct lk_fb_request r = {.tag = slot,
                              .unit = a->unit,
                              .pdu_len = 5,
                              .pdu = {5, 0, a->channel, 0, 0},
                              .expect = LK_FB_ECHO,
                              .priority = LK_FB_MOVING};
    a->again_at_ms = 0;
    if (lk_fieldbus_submit(l->fb, &r) != 0) {
        trouble("a request with room for it was not accepted");
    }
}

static void judge_off(struct lane *l, const struct lk_fb_completion *c, const struct asked *a)
{
    if (c->status == 0 && wire_coil(l->wire, a->unit, a->channel)) {
        trouble("coil %u/%u is on though its off was proven", a->unit, a->channel);
    }
}

static void take(struct lane *l, const struct lk_fb_completion *c)
{
    struct asked *a = c->tag < SLOTS ? &l->asked[c->tag] : NULL;
    if (!a || a->kind == FREE || a->again_at_ms || c->unit != a->unit ||
        c->is_then != (a->kind == PLAIN && a->is_off)) {
        trouble("a completion that nobody waits for");
        return;
    }
    sent += c->was_sent;
    proven += c->status == 0;
    unproven += c->was_sent && c->status != 0;
    refused += !c->was_sent;
    if (a->kind == READ) {
        judge_read(c, a);
    } else if (c->is_then || a->kind == OFF) {
        judge_off(l, c, a);
    } else {
        judge_door(l, c, a);
    }
    if (c->status == -EHOSTDOWN) {
        l->down_until_ms[a->unit] = now_ms() + 100;
    }
    if ((c->is_then || a->kind == OFF) && c->status != 0) {
        given_up += c->is_then;
        a->kind = OFF;
        a->again_at_ms = now_ms() + AGAIN_MS;
        return;
    }
    if (c->was_sent && c->status != 0 && a->kind != OFF) {
        l->again = *a;
        l->again_n = AGAIN;
    }
    a->is_off = c->then_follows;
    if (!c->then_follows) {
        l->door_busy[a->unit][a->channel] &= a->kind == READ;
        a->kind = FREE;
        l->waiting--;
    }
}

/* Reaps what there is; asks anew while `more`. False when nothing happened for too long. */
static bool turn(bool more)
{
    static int64_t last_ms;
    struct pollfd fds[LINES];
    struct lk_fb_completion c;
    last_ms = last_ms ? last_ms : now_ms();
    for (unsigned i = 0; i < LINES; i++) {
        struct lane *l = &lanes[i];
        for (unsigned slot = 0; slot < SLOTS; slot++) {
            const struct asked *a = &l->asked[slot];
            if (more && a->kind == FREE) {
                submit(l, slot);
            } else if (a->again_at_ms && now_ms() >= a->again_at_ms) {
                off_again(l, slot);
            }
        }
        fds[i] = (struct pollfd){.fd = lk_fieldbus_fd(l->fb), .events = POLLIN};
    }
    (void)poll(fds, LINES, 20);
    for (unsigned i = 0; i < LINES; i++) {
        while (fds[i].revents && lk_fieldbus_reap(lanes[i].fb, &c)) {
            take(&lanes[i], &c);
            last_ms = now_ms();
        }
    }
    return now_ms() - last_ms < PATIENCE_MS;
}

static unsigned all_waiting(void)
{
    unsigned n = 0;
    for (unsigned i = 0; i < LINES; i++) {
        n += lanes[i].waiting;
    }
    return n;
}

/* Every door moved as often as it was asked to at most, and every coil is off. */
static void judge_lane(struct lane *l, unsigned index)
{
    for (unsigned u = 1; u <= WIRE_UNITS; u++) {
        uint8_t unit = (uint8_t)u;
        for (unsigned channel = 0; channel < WIRE_CHANNELS; channel++) {
            if (wire_done(l->wire, unit, channel) > l->asked_of[unit][channel]) {
                trouble("line %u: door %u/%u moved more often than it was asked to", index, unit, channel);
            }
            if (wire_coil(l->wire, unit, channel)) {
                trouble("line %u: coil %u/%u is stuck", index, unit, channel);
            }
        }
    }
    int64_t on_ms = wire_longest_on_ms(l->wire);
    if (on_ms > ON_MOST_MS) {
        trouble("line %u: a coil was on for %" PRId64 " ms", index, on_ms);
    }
}

static void report(int64_t took_ms)
{
    uint64_t heard = 0, late = 0;
    int64_t on_ms = 0;
    (void)printf("%" PRIu64 " transactions on %d lines in %.1f s: %" PRIu64 " proven, %" PRIu64 " not, %" PRIu64
                 " more never sent (quarantine)\n",
                 sent, LINES, (double)took_ms / 1000, proven, unproven, refused);
    for (int fault = WIRE_LATE; fault < WIRE_FAULTS; fault++) {
        uint64_t n = 0;
        for (unsigned i = 0; i < LINES; i++) {
            n += wire_faults(lanes[i].wire, (enum wire_fault)fault);
        }
        (void)printf("  %-15s %8" PRIu64 "\n", wire_fault_name((enum wire_fault)fault), n);
        if (n == 0) {
            trouble("no %s happened: nothing was shown", wire_fault_name((enum wire_fault)fault));
        }
    }
    for (unsigned i = 0; i < LINES; i++) {
        struct lk_fb_stats st = {0};
        heard += wire_requests(lanes[i].wire);
        on_ms = wire_longest_on_ms(lanes[i].wire) > on_ms ? wire_longest_on_ms(lanes[i].wire) : on_ms;
        for (unsigned unit = 1; unit <= WIRE_UNITS; unit++) {
            (void)lk_fieldbus_stats(lanes[i].fb, (uint8_t)unit, &st);
            late += st.late;
        }
    }
    (void)printf("%" PRIu64 " times off had to be sent after the line gave it up\n", given_up);
    (void)printf("boards heard %" PRIu64 " requests; %" PRIu64
                 " late or stray replies were dropped; the longest that a "
                 "coil was on: %" PRId64 " ms of %d\n",
                 heard, late, on_ms, ON_MS);
}

int main(int argc, char **argv)
{
    uint64_t wanted = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
    seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    if (wanted == 0) {
        (void)fprintf(stderr, "usage: fieldbus-stress TRANSACTIONS [SEED]\n");
        return 64;
    }
    for (unsigned i = 0; i < LINES; i++) {
        begin(&lanes[i], i);
    }
    int64_t begin_ms = now_ms();
    bool alive = true;
    while (alive && sent < wanted) {
        alive = turn(true);
    }
    for (unsigned i = 0; i < LINES; i++) {
        wire_heal(lanes[i].wire);
    }
    for (int64_t end_ms = now_ms() + SETTLE_MS; alive && all_waiting() > 0 && now_ms() < end_ms;) {
        alive = turn(false);
    }
    if (!alive || all_waiting() > 0) {
        trouble("%u requests never completed", all_waiting());
    }
    report(now_ms() - begin_ms);
    for (unsigned i = 0; i < LINES; i++) {
        judge_lane(&lanes[i], i);
        lanes[i].fb = lk_fieldbus_destroy(lanes[i].fb);
        wire_end(lanes[i].wire);
    }
    (void)printf("%" PRIu64 " wrong doors, credited late replies, stuck coils or other troubles\n", troubles);
    return troubles > 0;
}
