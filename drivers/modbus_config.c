#include "modbus_bank.h"

/* Each number once, and below the limit. */
static bool numbers_ok(const uint8_t *numbers, unsigned n, unsigned limit)
{
    uint32_t used = 0;
    for (unsigned i = 0; i < n; i++) {
        if (numbers[i] >= limit || used >> numbers[i] & 1) {
            return false;
        }
        used |= UINT32_C(1) << numbers[i];
    }
    return true;
}

static bool timeout_ok(unsigned timeout_ms)
{
    return timeout_ms == 0 || (timeout_ms >= LK_FB_TIMEOUT_MIN_MS && timeout_ms <= LK_FB_TIMEOUT_MAX_MS);
}

static bool boards_ok(const struct lk_lockbank_config *c)
{
    if (c->profile->channels > LK_LOCKBANK_DOORS_MAX || !lk_board_profile_unit_ok(c->profile, c->unit)) {
        return false;
    }
    if (c->inputs_unit == 0) {
        return !c->inputs_profile;
    }
    return c->inputs_profile && c->inputs_unit != c->unit &&
           lk_board_profile_unit_ok(c->inputs_profile, c->inputs_unit);
}

static bool pulse_ok(const struct lk_lockbank_config *c)
{
    const struct lk_board_profile *p = c->profile;
    if (p->pulse_kind == LK_PULSE_SOFTWARE && !c->accept_software_pulse) {
        return false;
    }
    if (p->output_limit_ma != 0 && (c->lock_ma == 0 || c->lock_ma > p->output_limit_ma)) {
        return false;
    }
    return lk_board_profile_pulse_ok(p, c->pulse_ms ? c->pulse_ms : p->pulse_default_ms, c->pulse_mode);
}

/* What the rules of each part cannot tell: a filled-in copy has every number. */
static bool doors_ok(const struct lk_lockbank_config *c)
{
    struct lk_lockbank_config filled = *c;
    unsigned inputs = c->inputs_profile ? c->inputs_profile->inputs : c->profile->inputs;
    lk_modbus_config_fill(&filled);
    return numbers_ok(filled.channels, c->doors, c->profile->channels) && numbers_ok(filled.inputs, c->doors, inputs);
}

bool lk_modbus_config_ok(const struct lk_lockbank_config *c)
{
    return c->profile && c->tag_base < LK_LOCKBANK_BANKS_MAX && boards_ok(c) && c->doors >= 1 &&
           c->doors <= c->profile->channels && timeout_ok(c->timeout_ms) && pulse_ok(c) && doors_ok(c);
}

void lk_modbus_config_fill(struct lk_lockbank_config *c)
{
    c->pulse_ms = c->pulse_ms ? c->pulse_ms : c->profile->pulse_default_ms;
    c->timeout_ms = c->timeout_ms ? c->timeout_ms : c->profile->timeout_ms;
    for (unsigned d = 0; d < c->doors; d++) {
        c->channels[d] = c->has_channels ? c->channels[d] : (uint8_t)d;
        c->inputs[d] = c->has_inputs ? c->inputs[d] : c->channels[d];
    }
}
