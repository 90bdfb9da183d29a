#include "cabinet_impl.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "crash_point.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

enum {
    WORKER_SILENT_MS = 12000, /* boards in quarantine are asked every 10 s, otherwise polls speak every second */
    FIRST_ANSWER_MS = 5000,   /* a board that has not answered since the start is no news before this */
};

/* --- from the boards to the engine
 * ------------------------------------------------------------------------------------------ */

static void on_sense(void *user, unsigned door, enum lk_lockbank_sense sense, int64_t at_ms)
{
    static const enum lk_sense words[] = {
        [LK_LOCKBANK_SENSE_UNKNOWN] = LK_SENSE_UNKNOWN,
        [LK_LOCKBANK_SENSE_CLOSED] = LK_SENSE_CLOSED,
        [LK_LOCKBANK_SENSE_OPEN] = LK_SENSE_OPEN,
    };
    struct lk_cabinet_bank *bank = user;
    struct lk_input in = lk_engine_input(LK_IN_SENSE);
    in.door = bank->first_door + (int)door;
    in.sense = words[sense];
    if (sense == LK_LOCKBANK_SENSE_OPEN && bank->cabinet->wear) {
        lk_wear_open(bank->cabinet->wear, in.door, at_ms);
    }
    lk_crash_point(sense == LK_LOCKBANK_SENSE_OPEN ? "sense-open" : "sense-closed");
    lk_engine_post(bank->cabinet->engine, &in);
}

static void on_pulse_done(void *user, unsigned door, uint64_t intent, enum lk_lockbank_pulse_result result)
{
    static const enum lk_pulse_report words[] = {
        [LK_LOCKBANK_PULSE_DONE] = LK_PULSE_ECHOED,
        [LK_LOCKBANK_PULSE_NOT_SENT] = LK_PULSE_NOT_SENT,
        [LK_LOCKBANK_PULSE_UNPROVEN] = LK_PULSE_UNPROVEN,
    };
    struct lk_cabinet_bank *bank = user;
    struct lk_input in = lk_engine_input(LK_IN_PULSE_DONE);
    in.door = bank->first_door + (int)door;
    in.intent = intent;
    in.pulse = words[result];
    struct lk_cabinet *c = bank->cabinet;
    if (c->wear) {
        lk_wear_pulse(c->wear, in.door, lk_lockbank_pulses(bank->lockbank, door), result == LK_LOCKBANK_PULSE_DONE,
                      lk_clock_mono_ms(c->clock));
    }
    lk_crash_point("echo");
    lk_engine_post(bank->cabinet->engine, &in);
}

static enum lk_reason reason_word(enum lk_lockbank_reason reason)
{
    switch (reason) {
    case LK_LOCKBANK_REASON_NONE:
        return LK_REASON_NONE;
    case LK_LOCKBANK_REASON_STARTING:
    case LK_LOCKBANK_REASON_SILENT:
    case LK_LOCKBANK_REASON_LINE:
        return LK_REASON_BOARD_SILENT;
    case LK_LOCKBANK_REASON_COIL_STUCK:
        return LK_REASON_COIL_STUCK;
    case LK_LOCKBANK_REASON_LINK_MODE:
        return LK_REASON_LINK_MODE;
    case LK_LOCKBANK_REASON_UNVERIFIED:
    case LK_LOCKBANK_REASON_REFUSED:
        return LK_REASON_BOARD_UNVERIFIED;
    case LK_LOCKBANK_REASON_DUPLICATE:
        return LK_REASON_DUPLICATE_ADDRESS;
    case LK_LOCKBANK_REASON_WRONG_BOARD:
        return LK_REASON_WRONG_BOARD;
    case LK_LOCKBANK_REASON_GARBLED:
        return LK_REASON_GARBLED;
    case LK_LOCKBANK_REASON_INPUTS_SILENT:
        return LK_REASON_INPUTS_SILENT;
    case LK_LOCKBANK_REASON_SHUTDOWN:
        return LK_REASON_SHUTTING_DOWN;
    case LK_LOCKBANK_REASON_HELD:
        return LK_REASON_LINE_HELD;
    case LK_LOCKBANK_REASON_NO_LINE:
        return LK_REASON_LINE_MISSING;
    case LK_LOCKBANK_REASON_GUARD:
        return LK_REASON_GUARD_LOST;
    }
    return LK_REASON_NONE;
}

static void tell_board(struct lk_cabinet_bank *bank, enum lk_bank_state state, enum lk_reason reason)
{
    struct lk_input in = lk_engine_input(LK_IN_BANK);
    in.bank = bank->index;
    in.bank_state = state;
    in.reason = reason;
    bank->silent_for = LK_REASON_NONE;
    const char *complaint = state == LK_BANK_READY ? "" : lk_lockbank_complaint(bank->lockbank);
    const struct lk_log_field about[] = {{"BANK", bank->cabinet->config->bank[bank->index].name},
                                         {"STATE", lk_bank_state_name(state)},
                                         {"REASON", reason == LK_REASON_NONE ? "" : lk_reason_name(reason)}};
    lk_log_about(state == LK_BANK_READY ? LK_NOTICE : LK_WARN, state == LK_BANK_READY ? LK_BLAME_NONE : LK_BLAME_DEVICE,
                 about, LK_ARRAY_SIZE(about), "bank %s: %s%s%s%s%s", bank->cabinet->config->bank[bank->index].name,
                 lk_bank_state_name(state), reason == LK_REASON_NONE ? "" : ", ",
                 reason == LK_REASON_NONE ? "" : lk_reason_name(reason), complaint[0] == '\0' ? "" : ": ", complaint);
    lk_engine_post(bank->cabinet->engine, &in);
}

static bool is_starting(const struct lk_cabinet_bank *bank)
{
    const struct lk_cabinet *c = bank->cabinet;
    return !bank->answered && lk_clock_mono_ms(c->clock) - c->started_at_ms < FIRST_ANSWER_MS;
}

static void on_board(void *user, enum lk_lockbank_board state, enum lk_lockbank_reason reason)
{
    static const enum lk_bank_state words[] = {
        [LK_LOCKBANK_LOST] = LK_BANK_LOST,
        [LK_LOCKBANK_READY] = LK_BANK_READY,
        [LK_LOCKBANK_STOPPED] = LK_BANK_STOPPED,
    };
    struct lk_cabinet_bank *bank = user;
    if (reason == LK_LOCKBANK_REASON_STARTING || reason == LK_LOCKBANK_REASON_SHUTDOWN) {
        return; /* no news for anybody: it was unknown before, or we are leaving */
    }
    if (state == LK_LOCKBANK_LOST && is_starting(bank)) {
        bank->silent_for = reason_word(reason);
        return;
    }
    bank->answered = bank->answered || state != LK_LOCKBANK_LOST;
    tell_board(bank, words[state], reason_word(reason));
}

/* Boards that did not answer in the first seconds are news now. */
static void tell_silent(struct lk_cabinet *c)
{
    for (unsigned i = 0; i < c->config->banks; i++) {
        if (c->bank[i].silent_for != LK_REASON_NONE && !is_starting(&c->bank[i])) {
            tell_board(&c->bank[i], LK_BANK_LOST, c->bank[i].silent_for);
        }
    }
}

static const struct lk_lockbank_sink sink = {.sense = on_sense, .pulse_done = on_pulse_done, .board = on_board};

/* --- the loop
 * ---------------------------------------------------------------------------------------------------------------------
 */

static void arm(struct lk_cabinet *c)
{
    int64_t now_ms = lk_clock_mono_ms(c->clock);
    int64_t at_ms = INT64_MAX;
    for (unsigned i = 0; i < c->config->banks; i++) {
        int64_t bank_at_ms = lk_lockbank_next_at_ms(c->bank[i].lockbank);
        at_ms = bank_at_ms < at_ms ? bank_at_ms : at_ms;
        int64_t told_at_ms = c->started_at_ms + FIRST_ANSWER_MS;
        at_ms = c->bank[i].silent_for != LK_REASON_NONE && told_at_ms < at_ms ? told_at_ms : at_ms;
    }
    if (at_ms == INT64_MAX) {
        (void)event_del(c->timer);
        return;
    }
    int64_t wait_ms = at_ms > now_ms ? at_ms - now_ms : 0;
    struct timeval tv = {.tv_sec = wait_ms / 1000, .tv_usec = (wait_ms % 1000) * 1000};
    (void)event_add(c->timer, &tv);
}

static void on_bank(evutil_socket_t fd, short what, void *user);

/* A bank's own descriptor may be another one, or gone, after it did something. The old one is closed already. */
static void watch(struct lk_cabinet_bank *bank)
{
    int fd = lk_lockbank_fd(bank->lockbank);
    if (fd == bank->fd) {
        return;
    }
    if (bank->readable) {
        event_free(bank->readable);
    }
    bank->fd = fd;
    bank->readable = fd >= 0 ? event_new(bank->cabinet->base, fd, EV_READ | EV_PERSIST, on_bank, bank) : NULL;
    if (fd >= 0 && (!bank->readable || event_add(bank->readable, NULL) < 0)) {
        lk_log(LK_ERR, LK_BLAME_NONE, "bank %s: its GPIO lines cannot be watched: out of memory",
               bank->cabinet->config->bank[bank->index].name);
    }
}

static void tick(struct lk_cabinet *c)
{
    int64_t now_ms = lk_clock_mono_ms(c->clock);
    for (unsigned i = 0; i < c->config->banks; i++) {
        if (lk_lockbank_next_at_ms(c->bank[i].lockbank) <= now_ms) {
            lk_lockbank_tick(c->bank[i].lockbank, now_ms);
            watch(&c->bank[i]);
        }
    }
    tell_silent(c);
}

static void on_bank(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct lk_cabinet_bank *bank = user;
    struct lk_cabinet *c = bank->cabinet;
    lk_lockbank_ready(bank->lockbank, lk_clock_mono_ms(c->clock));
    watch(bank);
    tick(c);
    arm(c);
}

static void on_timer(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    tick(user);
    arm(user);
}

static void on_line(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct lk_cabinet_line *line = user;
    struct lk_cabinet *c = line->cabinet;
    struct lk_fb_completion done;
    while (lk_fieldbus_reap(line->fb, &done)) {
        unsigned bank = lk_lockbank_tag_bank(done.tag);
        line->heard_at_ms = lk_clock_mono_ms(c->clock);
        if (bank < c->config->banks) {
            lk_lockbank_completion(c->bank[bank].lockbank, &done, line->heard_at_ms);
        } else if (c->other) {
            c->other(c->other_user, &done);
        }
    }
    tick(c);
    arm(c);
}

static int watch_line(struct lk_cabinet_line *line)
{
    line->readable = event_new(line->cabinet->base, lk_fieldbus_fd(line->fb), EV_READ | EV_PERSIST, on_line, line);
    return line->readable && event_add(line->readable, NULL) == 0 ? 0 : -ENOMEM;
}

/* --- life
 * ---------------------------------------------------------------------------------------------------------------------
 */

int lk_cabinet_create(const struct lk_config *config, const struct lk_cabinet_makers *make, struct event_base *base,
                      struct lk_clock *clock, struct lk_cabinet **ret_cabinet, struct lk_text *why)
{
    struct lk_cabinet *c = calloc(1, sizeof(*c));
    if (!c) {
        return -ENOMEM;
    }
    c->config = config;
    c->base = base;
    c->clock = clock;
    c->timer = event_new(base, -1, 0, on_timer, c);
    int r = c->timer ? 0 : -ENOMEM;
    for (unsigned i = 0; r == 0 && i < config->fieldbuses; i++) {
        r = lk_cabinet_make_line(c, i, make->fieldbus, why);
        r = r == 0 ? watch_line(&c->line[i]) : r;
    }
    for (unsigned i = 0; r == 0 && i < config->banks; i++) {
        r = lk_cabinet_make_bank(c, i, make->gpio, &sink, why);
    }
    if (r < 0) {
        (void)lk_cabinet_destroy(c);
        return r;
    }
    *ret_cabinet = c;
    return 0;
}

int lk_cabinet_open(struct lk_cabinet *c, struct lk_text *why)
{
    for (unsigned i = 0; i < c->config->fieldbuses; i++) {
        const struct lk_config_fieldbus *line = &c->config->fieldbus[i];
        int r = lk_fieldbus_start(c->line[i].fb);
        if (r < 0) {
            lk_text_addf(why, "fieldbus %s (%s) cannot be started: %s", line->name,
                         line->transport == LK_CONFIG_RTU ? line->device : line->host,
                         r == -EBUSY ? "another process holds the line" : strerror(-r));
            return r;
        }
    }
    return 0;
}

int lk_cabinet_start(struct lk_cabinet *c, struct lk_engine *engine, struct lk_text *why)
{
    c->engine = engine;
    lk_cabinet_say_risks(c);
    c->started_at_ms = lk_clock_mono_ms(c->clock);
    for (unsigned i = 0; i < c->config->banks; i++) {
        int r = lk_lockbank_start(c->bank[i].lockbank, lk_clock_mono_ms(c->clock));
        watch(&c->bank[i]);
        if (r < 0) {
            lk_text_addf(why, "bank %s cannot be started: %s", c->config->bank[i].name, strerror(-r));
            return r;
        }
    }
    arm(c);
    return 0;
}

void lk_cabinet_drop_waiting(struct lk_cabinet *c)
{
    for (unsigned i = 0; i < c->config->banks; i++) {
        lk_lockbank_drop_waiting(c->bank[i].lockbank, lk_clock_mono_ms(c->clock));
    }
    arm(c);
}

void lk_cabinet_stop(struct lk_cabinet *c)
{
    for (unsigned i = 0; i < c->config->banks; i++) {
        lk_lockbank_stop(c->bank[i].lockbank, lk_clock_mono_ms(c->clock));
        watch(&c->bank[i]);
    }
    arm(c);
}

bool lk_cabinet_stopped(const struct lk_cabinet *c)
{
    for (unsigned i = 0; i < c->config->banks; i++) {
        if (!lk_lockbank_stopped(c->bank[i].lockbank)) {
            return false;
        }
    }
    return true;
}

struct lk_cabinet *lk_cabinet_destroy(struct lk_cabinet *c)
{
    if (!c) {
        return NULL;
    }
    for (unsigned i = 0; i < LK_CONFIG_BUSES; i++) {
        if (c->line[i].fb) {
            lk_fieldbus_stop(c->line[i].fb);
        }
        if (c->line[i].readable) {
            event_free(c->line[i].readable);
        }
    }
    for (unsigned i = 0; i < LK_MAX_BANKS; i++) {
        if (c->bank[i].readable) {
            event_free(c->bank[i].readable);
        }
        (void)lk_lockbank_destroy(c->bank[i].lockbank);
    }
    for (unsigned i = 0; i < LK_CONFIG_BUSES; i++) {
        (void)lk_fieldbus_destroy(c->line[i].fb);
    }
    for (unsigned i = 0; i < LK_MAX_BANKS; i++) {
        (void)lk_supply_destroy(c->supply[i]);
    }
    if (c->timer) {
        event_free(c->timer);
    }
    free(c);
    return NULL;
}

/* --- for the engine and for status
 * ------------------------------------------------------------------------------------------------ */

int lk_cabinet_pulse(struct lk_cabinet *c, int door, uint64_t intent, int64_t now_ms)
{
    struct lk_cabinet_bank *bank = &c->bank[c->bank_of[door]];
    lk_crash_point("pulse-before");
    int r = lk_lockbank_pulse(bank->lockbank, (unsigned)(door - bank->first_door), intent, now_ms);
    lk_crash_point("pulse-after");
    arm(c);
    return r;
}

void lk_cabinet_resume_bank(struct lk_cabinet *c, int bank)
{
    int r = lk_lockbank_start(c->bank[bank].lockbank, lk_clock_mono_ms(c->clock));
    watch(&c->bank[bank]);
    if (r < 0) {
        lk_log(LK_ERR, LK_BLAME_DEVICE, "bank %s cannot be started again: %s", c->config->bank[bank].name,
               strerror(-r));
    }
    arm(c);
}

void lk_cabinet_set_wear(struct lk_cabinet *c, struct lk_wear *wear)
{
    c->wear = wear;
}

void lk_cabinet_set_other(struct lk_cabinet *c, void (*other)(void *user, const struct lk_fb_completion *done),
                          void *user)
{
    if (c) {
        c->other = other;
        c->other_user = user;
    }
}

struct lk_fieldbus *lk_cabinet_fieldbus(const struct lk_cabinet *c, unsigned index)
{
    return index < c->config->fieldbuses ? c->line[index].fb : NULL;
}

/* A line that is down or has no board to ask has nothing to say: no reason to end the doors of the others (law 10). */
static bool must_speak(const struct lk_cabinet *c, unsigned line)
{
    bool asked = false;
    for (unsigned i = 0; i < c->config->banks; i++) {
        enum lk_lockbank_reason reason;
        bool stopped = lk_lockbank_board_state(c->bank[i].lockbank, &reason) == LK_LOCKBANK_STOPPED;
        bool here = !c->config->bank[i].gpio && c->config->bank[i].fieldbus_index == line;
        asked = asked || (here && !stopped);
    }
    return asked && lk_fieldbus_up(c->line[line].fb);
}

bool lk_cabinet_answers(const struct lk_cabinet *c, int64_t now_ms)
{
    for (unsigned i = 0; i < c->config->fieldbuses; i++) {
        if (must_speak(c, i) && now_ms - c->line[i].heard_at_ms > WORKER_SILENT_MS) {
            return false;
        }
    }
    return true;
}

const char *lk_cabinet_complaint(const struct lk_cabinet *c, int bank)
{
    return lk_lockbank_complaint(c->bank[bank].lockbank);
}

uint32_t lk_cabinet_pulses(const struct lk_cabinet *c, int door)
{
    const struct lk_cabinet_bank *bank = &c->bank[c->bank_of[door]];
    return lk_lockbank_pulses(bank->lockbank, (unsigned)(door - bank->first_door));
}
