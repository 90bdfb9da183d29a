#include "modbus_bank.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { TAG_BANK_SHIFT = 48, TAG_USE_SHIFT = 40 };

uint64_t lk_modbus_tag(struct lk_modbus_bank *bank, enum lk_bank_use use)
{
    uint64_t seq = use == LK_BANK_USE_POLL ? 0 : ++bank->seq & ((UINT64_C(1) << TAG_USE_SHIFT) - 1);
    return (uint64_t)bank->config.tag_base << TAG_BANK_SHIFT | (uint64_t)use << TAG_USE_SHIFT | seq;
}

unsigned lk_lockbank_tag_bank(uint64_t tag)
{
    return (unsigned)(tag >> TAG_BANK_SHIFT);
}

int64_t lk_modbus_ms_up(int64_t ns)
{
    return (ns + 999999) / 1000000;
}

int lk_modbus_submit(struct lk_modbus_bank *bank, const struct lk_fb_request *request, int64_t now_ms)
{
    int r = lk_fieldbus_submit(bank->fb, request);
    if (r) {
        bank->base.retry_at_ms = now_ms + LK_BANK_RETRY_MS;
    }
    return r;
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

static void fill_in(struct lk_lockbank_config *c)
{
    c->pulse_ms = c->pulse_ms ? c->pulse_ms : c->profile->pulse_default_ms;
    c->timeout_ms = c->timeout_ms ? c->timeout_ms : c->profile->timeout_ms;
    for (unsigned d = 0; d < c->doors; d++) {
        c->channels[d] = c->has_channels ? c->channels[d] : (uint8_t)d;
    }
}

/* --- the ops */

static struct lk_modbus_bank *modbus(struct lk_lockbank *bank)
{
    return (struct lk_modbus_bank *)bank;
}

static bool may_drive(const struct lk_lockbank *base)
{
    const struct lk_modbus_bank *bank = (const struct lk_modbus_bank *)base;
    return bank->config.profile->verified || bank->config.verified;
}

static uint64_t poll_tag(const struct lk_lockbank_config *c)
{
    return (uint64_t)c->tag_base << TAG_BANK_SHIFT | (uint64_t)LK_BANK_USE_POLL << TAG_USE_SHIFT;
}

static int start(struct lk_lockbank *base, int64_t now_ms)
{
    struct lk_modbus_bank *bank = modbus(base);
    (void)now_ms;
    bank->step = LK_BANK_STEP_NONE;
    struct lk_fb_request read = lk_modbus_read_inputs(bank);
    struct lk_fb_poll poll = {.tag = poll_tag(&bank->config),
                              .unit = bank->config.unit,
                              .pdu_len = read.pdu_len,
                              .read_bytes = read.read_bytes,
                              .period_ms = bank->config.poll_ms,
                              .timeout_ms = bank->config.timeout_ms};
    memcpy(poll.pdu, read.pdu, read.pdu_len);
    return lk_fieldbus_poll_set(bank->fb, &poll);
}

static int pulse(struct lk_lockbank *base, unsigned door, int64_t now_ms)
{
    struct lk_modbus_bank *bank = modbus(base);
    struct lk_fb_request r = lk_modbus_pulse(bank, bank->config.channels[door]);
    r.tag = lk_modbus_tag(bank, LK_BANK_USE_PULSE);
    int err = lk_modbus_submit(bank, &r, now_ms);
    bank->pulse_tag[door] = err == 0 ? r.tag : 0;
    return err;
}

static void look_closely(struct lk_lockbank *base, int64_t until_ms)
{
    const struct lk_modbus_bank *bank = modbus(base);
    (void)lk_fieldbus_focus(bank->fb, poll_tag(&bank->config), until_ms);
}

static void confirm(struct lk_lockbank *base, int64_t now_ms)
{
    struct lk_modbus_bank *bank = modbus(base);
    struct lk_fb_request r = lk_modbus_read_inputs(bank);
    r.tag = lk_modbus_tag(bank, LK_BANK_USE_CONFIRM);
    if (lk_modbus_submit(bank, &r, now_ms) == 0) {
        bank->confirm_tag = r.tag;
        base->confirming = true;
    }
}

static void tick(struct lk_lockbank *base, int64_t now_ms)
{
    lk_modbus_step_submit(modbus(base), now_ms);
    lk_modbus_check_due(modbus(base), now_ms);
}

static int64_t next_at_ms(const struct lk_lockbank *base)
{
    const struct lk_modbus_bank *bank = (const struct lk_modbus_bank *)base;
    int64_t step_ms = bank->step != LK_BANK_STEP_NONE && bank->step_tag == 0 ? base->now_ms : INT64_MAX;
    return lk_bank_sooner(step_ms, lk_modbus_check_next_ms(bank));
}

static void stop(struct lk_lockbank *base, bool reachable, int64_t now_ms)
{
    struct lk_modbus_bank *bank = modbus(base);
    (void)lk_fieldbus_poll_drop(bank->fb, poll_tag(&bank->config));
    if (reachable) {
        lk_modbus_end_begin(bank, now_ms);
    }
}

static void destroy(struct lk_lockbank *base)
{
    free(modbus(base));
}

/* --- what completions mean */

static void tell_reading(struct lk_modbus_bank *bank, const struct lk_fb_completion *c, bool fresh)
{
    struct lk_bank_reading reading = {.levels = lk_modbus_levels(bank, c),
                                      .taken_ms = c->sent_at_ns / 1000000,
                                      .at_ms = c->done_at_ns / 1000000,
                                      .fresh = fresh};
    lk_bank_sense_reading(&bank->base, &reading);
}

/* One lost reply says nothing yet; the line's quarantine does. */
static void poll_failed(struct lk_modbus_bank *bank, int status, int64_t now_ms)
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
    lk_bank_set_state(&bank->base, LK_LOCKBANK_LOST, reason, now_ms);
}

static void poll_news(struct lk_modbus_bank *bank, const struct lk_fb_completion *c, int64_t now_ms)
{
    if (bank->base.ending) {
        return;
    }
    if (c->status != 0) {
        poll_failed(bank, c->status, now_ms);
        return;
    }
    if (c->generation != bank->generation) {
        bank->generation = c->generation;
        if (bank->base.state != LK_LOCKBANK_LOST) {
            lk_bank_set_state(&bank->base, LK_LOCKBANK_LOST, LK_LOCKBANK_REASON_STARTING, now_ms);
        }
        lk_modbus_setup_begin(bank, now_ms);
    } else if (bank->base.state == LK_LOCKBANK_LOST && bank->step == LK_BANK_STEP_NONE) {
        lk_modbus_setup_begin(bank, now_ms);
    } else if (bank->base.state == LK_LOCKBANK_READY) {
        tell_reading(bank, c, false);
    }
}

static void confirm_done(struct lk_modbus_bank *bank, const struct lk_fb_completion *c, int64_t now_ms)
{
    if (c->tag != bank->confirm_tag) {
        return;
    }
    bank->confirm_tag = 0;
    lk_bank_confirmed(&bank->base, c->status != 0, now_ms);
    if (c->status == 0) {
        tell_reading(bank, c, true);
    }
}

static enum lk_lockbank_pulse_result result_of(const struct lk_fb_completion *c)
{
    if (c->status == 0) {
        return LK_LOCKBANK_PULSE_DONE;
    }
    bool untouched = !c->was_sent || c->status == -EREMOTEIO;
    return untouched ? LK_LOCKBANK_PULSE_NOT_SENT : LK_LOCKBANK_PULSE_UNPROVEN;
}

static void pulse_done(struct lk_modbus_bank *bank, const struct lk_fb_completion *c, int64_t now_ms)
{
    for (unsigned d = 0; d < bank->config.doors; d++) {
        if (bank->base.doors[d].pulse == LK_BANK_PULSE_SENT && bank->pulse_tag[d] == c->tag) {
            lk_bank_pulse_done(&bank->base, d, result_of(c), c->was_sent, lk_modbus_ms_up(c->done_at_ns), now_ms);
            return;
        }
    }
    lk_bank_pulses_grant(&bank->base, now_ms);
}

static void completion(struct lk_lockbank *base, const struct lk_fb_completion *c, int64_t now_ms)
{
    struct lk_modbus_bank *bank = modbus(base);
    switch ((enum lk_bank_use)(c->tag >> TAG_USE_SHIFT & 0xFF)) {
    case LK_BANK_USE_POLL:
        poll_news(bank, c, now_ms);
        break;
    case LK_BANK_USE_STEP:
        lk_modbus_step_done(bank, c, now_ms);
        break;
    case LK_BANK_USE_PULSE:
        pulse_done(bank, c, now_ms);
        break;
    case LK_BANK_USE_CHECK:
        lk_modbus_check_done(bank, c, now_ms);
        break;
    case LK_BANK_USE_CONFIRM:
        confirm_done(bank, c, now_ms);
        break;
    case LK_BANK_USE_FORCE_OFF:
        break; /* the bank is stopped already; the next set-up proves the coils */
    }
}

static const struct lk_lockbank_ops modbus_ops = {
    .name = "modbus",
    .may_drive = may_drive,
    .start = start,
    .pulse = pulse,
    .look_closely = look_closely,
    .confirm = confirm,
    .completion = completion,
    .tick = tick,
    .next_at_ms = next_at_ms,
    .stop = stop,
    .destroy = destroy,
};

int lk_lockbank_create(const struct lk_lockbank_config *config, struct lk_fieldbus *fb, struct lk_supply *supply,
                       const struct lk_lockbank_sink *sink, void *user, struct lk_lockbank **ret_bank)
{
    if (!config_ok(config)) {
        return -EINVAL;
    }
    struct lk_modbus_bank *bank = calloc(1, sizeof(*bank));
    if (!bank) {
        return -ENOMEM;
    }
    bank->config = *config;
    bank->fb = fb;
    bank->check_again_ms = INT64_MIN;
    fill_in(&bank->config);
    struct lk_bank_config common = {.doors = config->doors,
                                    .pulse_ms = bank->config.pulse_ms,
                                    .confirm_ms = config->confirm_ms,
                                    .sensor_closed_level = config->sensor_closed_level};
    lk_bank_init(&bank->base, &modbus_ops, &common, supply, sink, user);
    *ret_bank = &bank->base;
    return 0;
}
