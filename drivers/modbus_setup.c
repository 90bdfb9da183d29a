#include <errno.h>

#include "modbus_bank.h"

enum { END_FAILURES_MAX = 2 };

static struct lk_fb_request request_of(const struct lk_modbus_bank *bank)
{
    switch (bank->step) {
    case LK_BANK_STEP_ALL_OFF:
    case LK_BANK_STEP_ALL_OFF_AGAIN:
        return lk_modbus_all_off(bank);
    case LK_BANK_STEP_COILS:
    case LK_BANK_STEP_COILS_AGAIN:
        return lk_modbus_read_coils(bank);
    case LK_BANK_STEP_LINK_MODES:
        return lk_modbus_read_link_modes(bank);
    case LK_BANK_STEP_INPUTS:
    case LK_BANK_STEP_NONE:
        break;
    }
    return lk_modbus_read_inputs(bank);
}

void lk_modbus_step_submit(struct lk_modbus_bank *bank, int64_t now_ms)
{
    if (bank->step == LK_BANK_STEP_NONE || bank->step_tag != 0 || now_ms < bank->base.retry_at_ms) {
        return;
    }
    struct lk_fb_request r = request_of(bank);
    r.tag = lk_modbus_tag(bank, LK_BANK_USE_STEP);
    int err = lk_modbus_submit(bank, &r, now_ms);
    if (err == 0) {
        bank->step_tag = r.tag;
    } else if (err != -EAGAIN) {
        bank->step = LK_BANK_STEP_NONE; /* the line is stopped: nothing can be reached any more */
        bank->base.ended = bank->base.ending;
    }
}

static void go(struct lk_modbus_bank *bank, enum lk_bank_step step, int64_t now_ms)
{
    bank->step = step;
    bank->step_tag = 0;
    lk_modbus_step_submit(bank, now_ms);
}

void lk_modbus_setup_begin(struct lk_modbus_bank *bank, int64_t now_ms)
{
    go(bank, LK_BANK_STEP_ALL_OFF, now_ms);
}

void lk_modbus_end_begin(struct lk_modbus_bank *bank, int64_t now_ms)
{
    bank->base.ending = true;
    bank->end_failures = 0;
    go(bank, LK_BANK_STEP_ALL_OFF, now_ms);
}

static void end(struct lk_modbus_bank *bank, bool proved_off)
{
    bank->step = LK_BANK_STEP_NONE;
    lk_bank_end(&bank->base, proved_off);
}

static enum lk_lockbank_reason reason_of(int status)
{
    if (status == -ENODEV) {
        return LK_LOCKBANK_REASON_LINE;
    }
    return status == -EREMOTEIO ? LK_LOCKBANK_REASON_REFUSED : LK_LOCKBANK_REASON_SILENT;
}

/* Set-up is tried again with the next news from the poll; the end only where somebody may still be listening. */
static void step_failed(struct lk_modbus_bank *bank, int status, int64_t now_ms)
{
    bool somebody = status != -ENODEV && status != -EHOSTDOWN && status != -ECANCELED;
    if (!bank->base.ending) {
        bank->step = LK_BANK_STEP_NONE;
        lk_bank_set_state(&bank->base, LK_LOCKBANK_LOST, reason_of(status), now_ms);
    } else if (somebody && ++bank->end_failures < END_FAILURES_MAX) {
        go(bank, LK_BANK_STEP_ALL_OFF, now_ms);
    } else {
        end(bank, false);
    }
}

static void stopped(struct lk_modbus_bank *bank, enum lk_lockbank_reason reason, int64_t now_ms)
{
    bank->step = LK_BANK_STEP_NONE;
    lk_bank_set_state(&bank->base, LK_LOCKBANK_STOPPED, reason, now_ms);
}

static bool all_zero(const struct lk_fb_completion *c)
{
    for (unsigned i = 0; i < c->data_len; i++) {
        if (c->data[i] != 0) {
            return false;
        }
    }
    return true;
}

static void coils_read(struct lk_modbus_bank *bank, const struct lk_fb_completion *c, int64_t now_ms)
{
    bool off = all_zero(c);
    bool first = bank->step == LK_BANK_STEP_COILS;
    if (!off && first) {
        go(bank, LK_BANK_STEP_ALL_OFF_AGAIN, now_ms);
    } else if (bank->base.ending) {
        end(bank, off);
    } else if (!off) {
        stopped(bank, LK_LOCKBANK_REASON_COIL_STUCK, now_ms);
    } else {
        go(bank, bank->config.profile->has_link_modes ? LK_BANK_STEP_LINK_MODES : LK_BANK_STEP_INPUTS, now_ms);
    }
}

static void ready(struct lk_modbus_bank *bank, const struct lk_fb_completion *c, int64_t now_ms)
{
    bank->step = LK_BANK_STEP_NONE;
    lk_bank_ready(&bank->base, lk_modbus_levels(bank, c), c->done_at_ns / 1000000, now_ms);
}

void lk_modbus_step_done(struct lk_modbus_bank *bank, const struct lk_fb_completion *c, int64_t now_ms)
{
    if (c->tag != bank->step_tag || bank->step == LK_BANK_STEP_NONE) {
        return; /* of a set-up that was given up */
    }
    if (c->status != 0) {
        step_failed(bank, c->status, now_ms);
        return;
    }
    if (!bank->base.ending && c->generation != bank->generation) {
        bank->generation = c->generation; /* the line was reopened in between: from the beginning */
        lk_modbus_setup_begin(bank, now_ms);
        return;
    }
    switch (bank->step) {
    case LK_BANK_STEP_NONE:
        break;
    case LK_BANK_STEP_ALL_OFF:
        go(bank, LK_BANK_STEP_COILS, now_ms);
        break;
    case LK_BANK_STEP_ALL_OFF_AGAIN:
        go(bank, LK_BANK_STEP_COILS_AGAIN, now_ms);
        break;
    case LK_BANK_STEP_COILS:
    case LK_BANK_STEP_COILS_AGAIN:
        coils_read(bank, c, now_ms);
        break;
    case LK_BANK_STEP_LINK_MODES:
        if (all_zero(c)) {
            go(bank, LK_BANK_STEP_INPUTS, now_ms);
        } else {
            stopped(bank, LK_LOCKBANK_REASON_LINK_MODE, now_ms);
        }
        break;
    case LK_BANK_STEP_INPUTS:
        ready(bank, c, now_ms);
        break;
    }
}
