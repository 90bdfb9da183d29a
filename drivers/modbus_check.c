#include "modbus_bank.h"

static bool due(const struct lk_modbus_bank *bank, int64_t at_ms)
{
    for (unsigned d = 0; d < bank->config.doors; d++) {
        if (bank->base.doors[d].check_at_ms <= at_ms) {
            return true;
        }
    }
    return false;
}

void lk_modbus_check_due(struct lk_modbus_bank *bank, int64_t now_ms)
{
    if (bank->base.state != LK_LOCKBANK_READY || bank->check_tag != 0 || now_ms < bank->base.retry_at_ms ||
        now_ms < bank->check_again_ms || !due(bank, now_ms)) {
        return;
    }
    struct lk_fb_request r = lk_modbus_read_coils(bank);
    r.tag = lk_modbus_tag(bank, LK_BANK_USE_CHECK);
    if (lk_modbus_submit(bank, &r, now_ms) == 0) {
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
    for (unsigned ch = 0; ch < bank->config.profile->channels; ch++) {
        if (stuck >> ch & 1) {
            struct lk_fb_request r = lk_modbus_coil_off(bank, ch);
            r.tag = lk_modbus_tag(bank, LK_BANK_USE_FORCE_OFF);
            (void)lk_modbus_submit(bank, &r, now_ms);
        }
    }
    struct lk_fb_request r = lk_modbus_all_off(bank);
    r.tag = lk_modbus_tag(bank, LK_BANK_USE_FORCE_OFF);
    (void)lk_modbus_submit(bank, &r, now_ms);
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
    int64_t sent_ms = c->sent_at_ns / 1000000;
    uint32_t stuck = lk_modbus_bits(c, bank->config.profile->channels) & ~allowed(bank, sent_ms);
    for (unsigned d = 0; d < bank->config.doors; d++) {
        if (bank->base.doors[d].check_at_ms <= sent_ms) {
            bank->base.doors[d].check_at_ms = INT64_MAX;
        }
    }
    if (stuck) {
        force_off(bank, stuck, now_ms);
        lk_bank_set_state(&bank->base, LK_LOCKBANK_STOPPED, LK_LOCKBANK_REASON_COIL_STUCK, now_ms);
    }
}

int64_t lk_modbus_check_next_ms(const struct lk_modbus_bank *bank)
{
    int64_t next_ms = INT64_MAX;
    for (unsigned d = 0; bank->base.state == LK_LOCKBANK_READY && bank->check_tag == 0 && d < bank->config.doors; d++) {
        int64_t at_ms = bank->base.doors[d].check_at_ms;
        next_ms = at_ms < next_ms ? at_ms : next_ms;
    }
    return next_ms < bank->check_again_ms ? bank->check_again_ms : next_ms;
}
