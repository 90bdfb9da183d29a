#include "drivers/lockbank.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bank_private.h"

enum { TAG_BANK_SHIFT = 48, TAG_USE_SHIFT = 40 };

uint64_t lk_bank_tag(struct lk_lockbank *bank, enum lk_bank_use use)
{
    uint64_t seq = use == LK_BANK_USE_POLL ? 0 : ++bank->seq & ((UINT64_C(1) << TAG_USE_SHIFT) - 1);
    return (uint64_t)bank->config.tag_base << TAG_BANK_SHIFT | (uint64_t)use << TAG_USE_SHIFT | seq;
}

unsigned lk_lockbank_tag_bank(uint64_t tag)
{
    return (unsigned)(tag >> TAG_BANK_SHIFT);
}

int64_t lk_bank_ms_up(int64_t ns)
{
    return (ns + 999999) / 1000000;
}

int lk_bank_submit(struct lk_lockbank *bank, const struct lk_fb_request *request, int64_t now_ms)
{
    int r = lk_fieldbus_submit(bank->fb, request);
    if (r) {
        bank->retry_at_ms = now_ms + LK_BANK_RETRY_MS;
    }
    return r;
}

void lk_bank_set_state(struct lk_lockbank *bank, enum lk_lockbank_board state, enum lk_lockbank_reason reason,
                       int64_t now_ms)
{
    if (bank->state != state || bank->reason != reason) {
        bank->state = state;
        bank->reason = reason;
        bank->sink.board(bank->user, state, reason);
    }
    if (state != LK_LOCKBANK_READY) {
        lk_bank_sense_unknown(bank, now_ms);
        lk_bank_pulses_drop(bank);
    }
}

static bool pulse_ok(const struct lk_lockbank_config *c)
{
    const struct lk_board_profile *p = c->profile;
    unsigned ms = c->pulse_ms ? c->pulse_ms : p->pulse_default_ms;
    return ms >= p->pulse_unit_ms && ms <= p->pulse_max_ms && ms % p->pulse_unit_ms == 0;
}

static bool channels_ok(const struct lk_lockbank_config *c)
{
    uint32_t used = 0;
    for (unsigned d = 0; c->has_channels && d < c->doors; d++) {
        if (c->channels[d] >= c->profile->channels || used >> c->channels[d] & 1) {
            return false;
        }
        used |= UINT32_C(1) << c->channels[d];
    }
    return true;
}

static bool config_ok(const struct lk_lockbank_config *c)
{
    return c->profile && c->profile->channels <= LK_LOCKBANK_DOORS_MAX && c->tag_base < LK_LOCKBANK_BANKS_MAX &&
           c->unit >= 1 && c->unit <= LK_FB_UNIT_MAX && c->doors >= 1 && c->doors <= c->profile->channels &&
           (c->timeout_ms == 0 || (c->timeout_ms >= LK_FB_TIMEOUT_MIN_MS && c->timeout_ms <= LK_FB_TIMEOUT_MAX_MS)) &&
           pulse_ok(c) && channels_ok(c);
}

static void fill_in(struct lk_lockbank *bank)
{
    struct lk_lockbank_config *c = &bank->config;
    c->pulse_ms = c->pulse_ms ? c->pulse_ms : c->profile->pulse_default_ms;
    c->timeout_ms = c->timeout_ms ? c->timeout_ms : c->profile->timeout_ms;
    c->confirm_ms = c->confirm_ms ? c->confirm_ms : LK_BANK_CONFIRM_MS;
    for (unsigned d = 0; d < c->doors; d++) {
        c->channels[d] = c->has_channels ? c->channels[d] : (uint8_t)d;
        bank->doors[d].check_at_ms = INT64_MAX;
        bank->doors[d].expect_until_ms = INT64_MIN;
    }
}

int lk_lockbank_create(const struct lk_lockbank_config *config, struct lk_fieldbus *fb, struct lk_supply *supply,
                       const struct lk_lockbank_sink *sink, void *user, struct lk_lockbank **ret_bank)
{
    if (!config_ok(config)) {
        return -EINVAL;
    }
    struct lk_lockbank *bank = calloc(1, sizeof(*bank));
    if (!bank) {
        return -ENOMEM;
    }
    bank->config = *config;
    bank->fb = fb;
    bank->supply = supply;
    bank->sink = *sink;
    bank->user = user;
    bank->reason = LK_LOCKBANK_REASON_STARTING;
    bank->retry_at_ms = bank->confirm_again_ms = bank->check_again_ms = INT64_MIN;
    fill_in(bank);
    *ret_bank = bank;
    return 0;
}

struct lk_lockbank *lk_lockbank_destroy(struct lk_lockbank *bank)
{
    for (unsigned d = 0; bank && d < bank->config.doors; d++) {
        if (bank->doors[d].pulse == LK_BANK_PULSE_SENT) { /* others on this supply must not wait for ever */
            lk_supply_settle(bank->supply, &bank->doors[d].coil, bank->now_ms, bank->config.pulse_ms);
        }
    }
    free(bank);
    return NULL;
}

static bool may_drive(const struct lk_lockbank *bank)
{
    return bank->config.profile->verified || bank->config.verified;
}

static int set_poll(struct lk_lockbank *bank)
{
    struct lk_fb_request read = lk_bank_read_inputs(bank);
    struct lk_fb_poll poll = {.tag = lk_bank_tag(bank, LK_BANK_USE_POLL),
                              .unit = bank->config.unit,
                              .pdu_len = read.pdu_len,
                              .read_bytes = read.read_bytes,
                              .period_ms = bank->config.poll_ms,
                              .timeout_ms = bank->config.timeout_ms};
    memcpy(poll.pdu, read.pdu, read.pdu_len);
    return lk_fieldbus_poll_set(bank->fb, &poll);
}

int lk_lockbank_start(struct lk_lockbank *bank, int64_t now_ms)
{
    bank->now_ms = now_ms;
    bank->ending = bank->ended = bank->proved_off = false;
    bank->step = LK_BANK_STEP_NONE;
    bank->state = LK_LOCKBANK_LOST;
    bank->reason = LK_LOCKBANK_REASON_NONE; /* so that the first state is said */
    if (!may_drive(bank)) {
        lk_bank_set_state(bank, LK_LOCKBANK_STOPPED, LK_LOCKBANK_REASON_UNVERIFIED, now_ms);
    } else {
        lk_bank_set_state(bank, LK_LOCKBANK_LOST, LK_LOCKBANK_REASON_STARTING, now_ms);
    }
    for (unsigned d = 0; d < bank->config.doors; d++) {
        bank->sink.sense(bank->user, d, LK_LOCKBANK_SENSE_UNKNOWN, now_ms);
    }
    return may_drive(bank) ? set_poll(bank) : 0;
}

/* One lost reply says nothing yet; the line's quarantine does. */
static void poll_failed(struct lk_lockbank *bank, int status, int64_t now_ms)
{
    enum lk_lockbank_reason reason = LK_LOCKBANK_REASON_SILENT;
    switch (status) {
    case -ENODEV:
        reason = LK_LOCKBANK_REASON_LINE;
        break;
    case -EREMOTEIO:
        reason = LK_LOCKBANK_REASON_REFUSED;
        break;
    case -EHOSTDOWN:
        break;
    default:
        return;
    }
    bank->step = LK_BANK_STEP_NONE;
    lk_bank_set_state(bank, LK_LOCKBANK_LOST, reason, now_ms);
}

static void poll_news(struct lk_lockbank *bank, const struct lk_fb_completion *c, int64_t now_ms)
{
    if (bank->ending) {
        return;
    }
    if (c->status != 0) {
        poll_failed(bank, c->status, now_ms);
        return;
    }
    if (c->generation != bank->generation) {
        bank->generation = c->generation;
        if (bank->state != LK_LOCKBANK_LOST) {
            lk_bank_set_state(bank, LK_LOCKBANK_LOST, LK_LOCKBANK_REASON_STARTING, now_ms);
        }
        lk_bank_setup_begin(bank, now_ms);
    } else if (bank->state == LK_LOCKBANK_LOST && bank->step == LK_BANK_STEP_NONE) {
        lk_bank_setup_begin(bank, now_ms);
    } else if (bank->state == LK_LOCKBANK_READY) {
        lk_bank_sense_reading(bank, c, false);
    }
}

void lk_lockbank_completion(struct lk_lockbank *bank, const struct lk_fb_completion *completion, int64_t now_ms)
{
    bank->now_ms = now_ms;
    switch ((enum lk_bank_use)(completion->tag >> TAG_USE_SHIFT & 0xFF)) {
    case LK_BANK_USE_POLL:
        poll_news(bank, completion, now_ms);
        break;
    case LK_BANK_USE_STEP:
        lk_bank_step_done(bank, completion, now_ms);
        break;
    case LK_BANK_USE_PULSE:
        lk_bank_pulse_done(bank, completion, now_ms);
        break;
    case LK_BANK_USE_CHECK:
        lk_bank_check_done(bank, completion, now_ms);
        break;
    case LK_BANK_USE_CONFIRM:
        lk_bank_confirm_done(bank, completion, now_ms);
        break;
    case LK_BANK_USE_FORCE_OFF:
        break; /* the bank is stopped already; the next set-up proves the coils */
    }
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t lk_lockbank_next_at_ms(const struct lk_lockbank *bank)
{
    int64_t step_ms = bank->step != LK_BANK_STEP_NONE && bank->step_tag == 0 ? bank->now_ms : INT64_MAX;
    int64_t at_ms = sooner(sooner(step_ms, lk_bank_pulses_next_ms(bank)),
                           sooner(lk_bank_check_next_ms(bank), lk_bank_confirm_next_ms(bank)));
    return at_ms != INT64_MAX && at_ms < bank->retry_at_ms ? bank->retry_at_ms : at_ms;
}

void lk_lockbank_tick(struct lk_lockbank *bank, int64_t now_ms)
{
    bank->now_ms = now_ms;
    lk_bank_step_submit(bank, now_ms);
    lk_bank_pulses_grant(bank, now_ms);
    lk_bank_check_due(bank, now_ms);
    lk_bank_confirm_due(bank, now_ms);
}

int lk_lockbank_pulse(struct lk_lockbank *bank, unsigned door, uint64_t intent, int64_t now_ms)
{
    if (door >= bank->config.doors) {
        return -EINVAL;
    }
    if (!may_drive(bank)) {
        return -EPERM;
    }
    if (bank->state != LK_LOCKBANK_READY) {
        return -EHOSTDOWN;
    }
    struct lk_bank_door *d = &bank->doors[door];
    if (d->pulse != LK_BANK_PULSE_NONE) {
        return -EBUSY;
    }
    bank->now_ms = now_ms;
    d->pulse = LK_BANK_PULSE_WAITING;
    d->intent = intent;
    d->ticket = ++bank->tickets;
    lk_bank_pulses_grant(bank, now_ms);
    return 0;
}

int64_t lk_lockbank_pulse_wait_ms(const struct lk_lockbank *bank, unsigned door, int64_t now_ms)
{
    if (door >= bank->config.doors) {
        return 0;
    }
    int64_t wait_ms = lk_supply_earliest_at_ms(bank->supply, &bank->doors[door].coil, now_ms);
    return wait_ms > now_ms ? wait_ms - now_ms : 0;
}

void lk_lockbank_stop(struct lk_lockbank *bank, int64_t now_ms)
{
    bank->now_ms = now_ms;
    if (bank->ending) {
        return;
    }
    bool reachable = bank->state != LK_LOCKBANK_STOPPED || bank->reason != LK_LOCKBANK_REASON_UNVERIFIED;
    bank->ending = true;
    lk_bank_set_state(bank, LK_LOCKBANK_STOPPED, LK_LOCKBANK_REASON_SHUTDOWN, now_ms);
    (void)lk_fieldbus_poll_drop(bank->fb, lk_bank_tag(bank, LK_BANK_USE_POLL));
    if (reachable) {
        lk_bank_end_begin(bank, now_ms);
    } else {
        bank->ended = true; /* its coils were never touched, and how to is not confirmed */
    }
}

bool lk_lockbank_stopped(const struct lk_lockbank *bank)
{
    return bank->ended;
}

bool lk_lockbank_proved_off(const struct lk_lockbank *bank)
{
    return bank->proved_off;
}

enum lk_lockbank_board lk_lockbank_board_state(const struct lk_lockbank *bank, enum lk_lockbank_reason *ret_reason)
{
    *ret_reason = bank->reason;
    return bank->state;
}

enum lk_lockbank_sense lk_lockbank_sense_of(const struct lk_lockbank *bank, unsigned door)
{
    return door < bank->config.doors ? bank->doors[door].sense : LK_LOCKBANK_SENSE_UNKNOWN;
}

uint32_t lk_lockbank_pulses(const struct lk_lockbank *bank, unsigned door)
{
    return door < bank->config.doors ? bank->doors[door].pulses : 0;
}

const char *lk_lockbank_board_name(enum lk_lockbank_board state)
{
    static const char *const names[] = {
        [LK_LOCKBANK_LOST] = "lost", [LK_LOCKBANK_READY] = "ready", [LK_LOCKBANK_STOPPED] = "stopped"};
    return names[state];
}

const char *lk_lockbank_reason_name(enum lk_lockbank_reason reason)
{
    static const char *const names[] = {
        [LK_LOCKBANK_REASON_NONE] = "none",
        [LK_LOCKBANK_REASON_STARTING] = "starting",
        [LK_LOCKBANK_REASON_SILENT] = "board does not answer",
        [LK_LOCKBANK_REASON_LINE] = "adapter or connection gone",
        [LK_LOCKBANK_REASON_COIL_STUCK] = "coil stuck on",
        [LK_LOCKBANK_REASON_LINK_MODE] = "an input is linked to a relay",
        [LK_LOCKBANK_REASON_UNVERIFIED] = "profile not verified",
        [LK_LOCKBANK_REASON_REFUSED] = "board refuses the commands",
        [LK_LOCKBANK_REASON_SHUTDOWN] = "shut down",
    };
    return names[reason];
}
