#include "modbus_bank.h"

#include <errno.h>
#include <stdlib.h>

enum { TAG_BANK_SHIFT = 48, TAG_USE_SHIFT = 40 };

uint64_t lk_modbus_poll_tag(const struct lk_modbus_bank *bank, enum lk_bank_use use)
{
    return (uint64_t)bank->config.tag_base << TAG_BANK_SHIFT | (uint64_t)use << TAG_USE_SHIFT;
}

unsigned lk_lockbank_tag_bank(uint64_t tag)
{
    return (unsigned)(tag >> TAG_BANK_SHIFT);
}

static int64_t ms_up(int64_t ns)
{
    return (ns + 999999) / 1000000;
}

bool lk_modbus_two_boards(const struct lk_modbus_bank *bank)
{
    return bank->config.inputs_unit != 0;
}

const struct lk_board_profile *lk_modbus_inputs_profile(const struct lk_modbus_bank *bank)
{
    return lk_modbus_two_boards(bank) ? bank->config.inputs_profile : bank->config.profile;
}

struct lk_fb_request lk_modbus_to_relays(const struct lk_modbus_bank *bank, struct lk_fb_request frame)
{
    frame.unit = bank->config.unit;
    frame.priority = LK_FB_MOVING;
    frame.timeout_ms = bank->config.timeout_ms;
    return frame;
}

struct lk_fb_request lk_modbus_to_inputs(const struct lk_modbus_bank *bank, struct lk_fb_request frame)
{
    struct lk_fb_request r = lk_modbus_to_relays(bank, frame);
    if (lk_modbus_two_boards(bank)) {
        r.unit = bank->config.inputs_unit;
        r.timeout_ms = bank->config.inputs_profile->timeout_ms;
    }
    return r;
}

int lk_modbus_submit(struct lk_modbus_bank *bank, struct lk_fb_request *request, enum lk_bank_use use, int64_t now_ms)
{
    request->tag = lk_modbus_poll_tag(bank, use) | (++bank->seq & ((UINT64_C(1) << TAG_USE_SHIFT) - 1));
    int r = lk_fieldbus_submit(bank->fb, request);
    if (r) {
        bank->base.retry_at_ms = now_ms + LK_BANK_RETRY_MS;
    }
    return r;
}

uint32_t lk_modbus_levels(const struct lk_modbus_bank *bank, const struct lk_fb_completion *c)
{
    uint32_t bits = lk_board_bits(c, lk_modbus_inputs_profile(bank)->inputs), levels = 0;
    for (unsigned d = 0; d < bank->config.doors; d++) {
        levels |= (bits >> bank->config.inputs[d] & 1) << d;
    }
    return levels;
}

/* --- the ops */

static struct lk_modbus_bank *modbus(struct lk_lockbank *bank)
{
    return (struct lk_modbus_bank *)bank;
}

static bool may_drive(const struct lk_lockbank *base)
{
    const struct lk_modbus_bank *bank = (const struct lk_modbus_bank *)base;
    bool verified = bank->config.profile->verified && lk_modbus_inputs_profile(bank)->verified;
    return verified || bank->config.verified;
}

static int start(struct lk_lockbank *base, int64_t now_ms)
{
    struct lk_modbus_bank *bank = modbus(base);
    (void)now_ms;
    bank->step = LK_BANK_STEP_NONE;
    bank->relays = bank->inputs = (struct lk_bank_board){0};
    bank->relays_set_up = false;
    return lk_modbus_polls_set(bank, false);
}

static int pulse(struct lk_lockbank *base, unsigned door, int64_t now_ms)
{
    struct lk_modbus_bank *bank = modbus(base);
    const struct lk_lockbank_config *c = &bank->config;
    struct lk_fb_request r =
        lk_modbus_to_relays(bank, lk_board_frame_pulse(c->profile, c->channels[door], c->pulse_ms, c->pulse_mode));
    r.priority = LK_FB_PULSE;
    int err = lk_modbus_submit(bank, &r, LK_BANK_USE_PULSE, now_ms);
    bank->pulse_tag[door] = err == 0 ? r.tag : 0;
    return err;
}

static void look_closely(struct lk_lockbank *base, int64_t until_ms)
{
    const struct lk_modbus_bank *bank = modbus(base);
    (void)lk_fieldbus_focus(bank->fb, lk_modbus_poll_tag(bank, LK_BANK_USE_POLL), until_ms);
}

static void confirm(struct lk_lockbank *base, int64_t now_ms)
{
    struct lk_modbus_bank *bank = modbus(base);
    struct lk_fb_request r = lk_modbus_to_inputs(bank, lk_board_frame_read_inputs(lk_modbus_inputs_profile(bank)));
    if (lk_modbus_submit(bank, &r, LK_BANK_USE_CONFIRM, now_ms) == 0) {
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
    return lk_bank_sooner(lk_modbus_step_next_ms(bank), lk_modbus_check_next_ms(bank));
}

static void stop(struct lk_lockbank *base, bool reachable, int64_t now_ms)
{
    struct lk_modbus_bank *bank = modbus(base);
    lk_modbus_polls_drop(bank);
    if (reachable) {
        lk_modbus_end_begin(bank, now_ms);
    }
}

static void destroy(struct lk_lockbank *base)
{
    free(modbus(base));
}

/* --- what completions mean */

void lk_modbus_tell_reading(struct lk_modbus_bank *bank, const struct lk_fb_completion *c, bool fresh)
{
    struct lk_bank_reading reading = {.levels = lk_modbus_levels(bank, c),
                                      .taken_ms = c->sent_at_ns / 1000000,
                                      .at_ms = c->done_at_ns / 1000000,
                                      .fresh = fresh};
    lk_bank_sense_reading(&bank->base, &reading);
}

static void confirm_done(struct lk_modbus_bank *bank, const struct lk_fb_completion *c, int64_t now_ms)
{
    if (c->tag != bank->confirm_tag) {
        return;
    }
    bank->confirm_tag = 0;
    lk_bank_confirmed(&bank->base, c->status != 0, now_ms);
    if (c->status == 0) {
        lk_modbus_tell_reading(bank, c, true);
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

static void door_done(struct lk_modbus_bank *bank, unsigned door, const struct lk_fb_completion *c, int64_t now_ms)
{
    int64_t done_ms = ms_up(c->done_at_ns);
    if (c->is_then) {
        lk_bank_pulse_off(&bank->base, door, c->status == 0, done_ms, now_ms);
    } else if (c->then_follows) {
        lk_bank_pulse_held(&bank->base, door, result_of(c), done_ms);
    } else {
        lk_bank_pulse_done(&bank->base, door, result_of(c), c->was_sent, done_ms, now_ms);
    }
}

static void pulse_done(struct lk_modbus_bank *bank, const struct lk_fb_completion *c, int64_t now_ms)
{
    enum lk_bank_pulse wanted = c->is_then ? LK_BANK_PULSE_HELD : LK_BANK_PULSE_SENT;
    for (unsigned d = 0; d < bank->config.doors; d++) {
        if (bank->base.doors[d].pulse == wanted && bank->pulse_tag[d] == c->tag) {
            door_done(bank, d, c, now_ms);
            return;
        }
    }
    lk_bank_pulses_grant(&bank->base, now_ms);
}

static void completion(struct lk_lockbank *base, const struct lk_fb_completion *c, int64_t now_ms)
{
    struct lk_modbus_bank *bank = modbus(base);
    enum lk_bank_use use = (enum lk_bank_use)(c->tag >> TAG_USE_SHIFT & 0xFF);
    switch (use) {
    case LK_BANK_USE_POLL:
    case LK_BANK_USE_HEALTH:
        lk_modbus_poll_news(bank, c, use == LK_BANK_USE_HEALTH, now_ms);
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
        break; /* what it did is read back */
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
    if (!lk_modbus_config_ok(config)) {
        return -EINVAL;
    }
    struct lk_modbus_bank *bank = calloc(1, sizeof(*bank));
    if (!bank) {
        return -ENOMEM;
    }
    bank->config = *config;
    bank->fb = fb;
    bank->check_again_ms = INT64_MIN;
    bank->forced_check_at_ms = INT64_MAX;
    lk_modbus_config_fill(&bank->config);
    struct lk_bank_config common = {.doors = config->doors,
                                    .pulse_ms = bank->config.pulse_ms,
                                    .confirm_ms = config->confirm_ms,
                                    .sensor_closed_level = config->sensor_closed_level};
    lk_bank_init(&bank->base, &modbus_ops, &common, supply, sink, user);
    *ret_bank = &bank->base;
    return 0;
}
