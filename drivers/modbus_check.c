#include "modbus_bank.h"

static bool due(const struct lk_modbus_bank *bank, int64_t at_ms)
{
    for (unsigned d = 0; d < bank->config.doors; d++) {
        if (bank->base.doors[d].check_at_ms <= at_ms) {
            return true;
        }
    }
    return bank->forced_check_at_ms <= at_ms;
}

void lk_modbus_check_due(struct lk_modbus_bank *bank, int64_t now_ms)
{
    if (bank->base.state != LK_LOCKBANK_READY || bank->check_tag != 0 || now_ms < bank->base.retry_at_ms ||
        now_ms < bank->check_again_ms || !due(bank, now_ms)) {
        return;
    }
    struct lk_fb_request r = lk_modbus_to_relays(bank, lk_board_frame_read_coils(bank->config.profile));
    if (lk_modbus_submit(bank, &r, LK_BANK_USE_CHECK, now_ms) == 0) {
        bank->check_tag = r.tag;
    }
}

/* Coils that may still be on at sent_ms: of a pulse on its way, or not over for long enough. */
static uint32_t allowed(const struct lk_modbus_bank *bank, int64_t sent_ms)
{
    uint32_t mask = 0;
    for (unsigned d = 0; d < bank->config.doors; d++) {
        const struct lk_bank_door *door = &bank->base.doors[d];
        bool running = door->check_at_ms != INT64_MAX && door->check_at_ms > sent_ms;
        if (running || door->pulse == LK_BANK_PULSE_SENT) {
            mask |= UINT32_C(1) << bank->config.channels[d];
        }
    }
    return mask;
}

static void force_off(struct lk_modbus_bank *bank, uint32_t stuck, int64_t now_ms)
{
    const struct lk_board_profile *p = bank->config.profile;
    for (unsigned ch = 0; ch < p->channels; ch++) {
        if (stuck >> ch & 1) {
            struct lk_fb_request r = lk_modbus_to_relays(bank, lk_board_frame_coil(p, ch, false));
            (void)lk_modbus_submit(bank, &r, LK_BANK_USE_FORCE_OFF, now_ms);
        }
    }
    struct lk_fb_request r = lk_modbus_to_relays(bank, lk_board_frame_all_off(p));
    (void)lk_modbus_submit(bank, &r, LK_BANK_USE_FORCE_OFF, now_ms);
}

/* A board that times its pulses and has a coil on afterwards is welded, or understood something else: it is stopped at
 * once. Where "off" is a request of ours, that request may have been lost: it is sent again and looked at once more. */
static void found_on(struct lk_modbus_bank *bank, uint32_t stuck, int64_t now_ms)
{
    bool again = bank->config.profile->pulse_kind == LK_PULSE_SOFTWARE && bank->forced_check_at_ms == INT64_MAX;
    force_off(bank, stuck, now_ms);
    bank->forced_check_at_ms = again ? now_ms + LK_BANK_READBACK_MS : INT64_MAX;
    if (!again) {
        lk_bank_set_state(&bank->base, LK_LOCKBANK_STOPPED, LK_LOCKBANK_REASON_COIL_STUCK, now_ms);
    }
}

void lk_modbus_coils_seen(struct lk_modbus_bank *bank, const struct lk_fb_completion *c, int64_t now_ms)
{
    int64_t sent_ms = c->sent_at_ns / 1000000;
    uint32_t stuck = lk_board_bits(c, bank->config.profile->channels) & ~allowed(bank, sent_ms);
    bool forced = bank->forced_check_at_ms != INT64_MAX;
    for (unsigned d = 0; d < bank->config.doors; d++) {
        if (bank->base.doors[d].check_at_ms <= sent_ms) {
            bank->base.doors[d].check_at_ms = INT64_MAX;
        }
    }
    if (forced && sent_ms < bank->forced_check_at_ms) {
        return; /* "off" is on its way: too early to judge */
    }
    if (stuck) {
        found_on(bank, stuck, now_ms);
    } else {
        bank->forced_check_at_ms = INT64_MAX;
    }
}

void lk_modbus_check_done(struct lk_modbus_bank *bank, const struct lk_fb_completion *c, int64_t now_ms)
{
    if (c->tag != bank->check_tag) {
        return;
    }
    bank->check_tag = 0;
    if (bank->base.state != LK_LOCKBANK_READY) {
        return; /* set-up reads the coils anyway */
    }
    if (c->status != 0) {
        bank->check_again_ms = now_ms + LK_BANK_AGAIN_MS;
        return;
    }
    lk_modbus_coils_seen(bank, c, now_ms);
}

int64_t lk_modbus_check_next_ms(const struct lk_modbus_bank *bank)
{
    if (bank->base.state != LK_LOCKBANK_READY || bank->check_tag != 0) {
        return INT64_MAX;
    }
    int64_t next_ms = bank->forced_check_at_ms;
    for (unsigned d = 0; d < bank->config.doors; d++) {
        next_ms = lk_bank_sooner(next_ms, bank->base.doors[d].check_at_ms);
    }
    return next_ms < bank->check_again_ms ? bank->check_again_ms : next_ms;
}
