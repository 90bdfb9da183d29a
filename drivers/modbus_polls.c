#include "modbus_bank.h"

#include <errno.h>
#include <string.h>

static int set_poll(struct lk_modbus_bank *bank, enum lk_bank_use use, const struct lk_fb_request *read,
                    unsigned period_ms)
{
    struct lk_fb_poll poll = {.tag = lk_modbus_poll_tag(bank, use),
                              .unit = read->unit,
                              .pdu_len = read->pdu_len,
                              .read_bytes = read->read_bytes,
                              .period_ms = period_ms,
                              .timeout_ms = read->timeout_ms};
    memcpy(poll.pdu, read->pdu, read->pdu_len);
    return lk_fieldbus_poll_set(bank->fb, &poll);
}

/* A board without inputs would never be asked for anything between pulses: its relays are read slowly, which shows that
 * it lives, and a relay that closed on its own. */
int lk_modbus_polls_set(struct lk_modbus_bank *bank, bool slow)
{
    if (lk_modbus_two_boards(bank)) {
        struct lk_fb_request coils = lk_modbus_to_relays(bank, lk_board_frame_read_coils(bank->config.profile));
        int r = set_poll(bank, LK_BANK_USE_HEALTH, &coils, slow ? LK_BANK_SLOW_MS : LK_BANK_HEALTH_MS);
        if (r) {
            return r;
        }
    }
    struct lk_fb_request inputs = lk_modbus_to_inputs(bank, lk_board_frame_read_inputs(lk_modbus_inputs_profile(bank)));
    int r = set_poll(bank, LK_BANK_USE_POLL, &inputs, slow ? LK_BANK_SLOW_MS : bank->config.poll_ms);
    bank->polls_slow = r == 0 ? slow : bank->polls_slow;
    return r;
}

void lk_modbus_polls_drop(struct lk_modbus_bank *bank)
{
    (void)lk_fieldbus_poll_drop(bank->fb, lk_modbus_poll_tag(bank, LK_BANK_USE_POLL));
    if (lk_modbus_two_boards(bank)) {
        (void)lk_fieldbus_poll_drop(bank->fb, lk_modbus_poll_tag(bank, LK_BANK_USE_HEALTH));
    }
}

static bool about_relays(const struct lk_modbus_bank *bank, bool health)
{
    return health || !lk_modbus_two_boards(bank);
}

static enum lk_lockbank_reason silent(const struct lk_modbus_bank *bank, bool health)
{
    const struct lk_bank_board *board = health ? &bank->relays : &bank->inputs;
    if (board->garbled) {
        return LK_LOCKBANK_REASON_GARBLED;
    }
    return about_relays(bank, health) ? LK_LOCKBANK_REASON_SILENT : LK_LOCKBANK_REASON_INPUTS_SILENT;
}

static void heard(struct lk_modbus_bank *bank, bool health, struct lk_bank_board news)
{
    if (about_relays(bank, health)) {
        bank->relays = news;
    }
    if (!health) {
        bank->inputs = news;
    }
}

/* One lost reply says nothing yet; the line's quarantine does. */
static void poll_failed(struct lk_modbus_bank *bank, const struct lk_fb_completion *c, bool health, int64_t now_ms)
{
    struct lk_bank_board *board = health ? &bank->relays : &bank->inputs;
    enum lk_lockbank_reason reason = LK_LOCKBANK_REASON_SILENT;
    switch (c->status) {
    case -ENODEV:
        reason = LK_LOCKBANK_REASON_LINE;
        break;
    case -EREMOTEIO:
        reason = LK_LOCKBANK_REASON_REFUSED;
        break;
    case -EHOSTDOWN:
        reason = silent(bank, health);
        break;
    default:
        board->garbled = c->status == -EBADMSG;
        return;
    }
    heard(bank, health, (struct lk_bank_board){.heard = LK_BANK_FAILED, .garbled = board->garbled});
    bank->relays_set_up = bank->relays_set_up && !about_relays(bank, health);
    bank->step = LK_BANK_STEP_NONE;
    lk_bank_set_state(&bank->base, LK_LOCKBANK_LOST, reason, now_ms);
}

/* The relays are set up as soon as their board answers; what is missing then is said, and waited for. */
static bool may_begin(const struct lk_modbus_bank *bank)
{
    return bank->base.state == LK_LOCKBANK_LOST && bank->step == LK_BANK_STEP_NONE &&
           bank->relays.heard == LK_BANK_HEARD && (bank->inputs.heard == LK_BANK_HEARD || !bank->relays_set_up);
}

void lk_modbus_poll_news(struct lk_modbus_bank *bank, const struct lk_fb_completion *c, bool health, int64_t now_ms)
{
    if (bank->base.ending) {
        return;
    }
    if (c->status != 0) {
        poll_failed(bank, c, health, now_ms);
        return;
    }
    heard(bank, health, (struct lk_bank_board){.heard = LK_BANK_HEARD});
    if (c->generation != bank->generation) {
        bank->generation = c->generation;
        bank->relays_set_up = false;
        if (bank->base.state != LK_LOCKBANK_LOST) {
            lk_bank_set_state(&bank->base, LK_LOCKBANK_LOST, LK_LOCKBANK_REASON_STARTING, now_ms);
        }
        lk_modbus_setup_begin(bank, now_ms);
    } else if (may_begin(bank)) {
        lk_modbus_setup_begin(bank, now_ms);
    } else if (bank->base.state == LK_LOCKBANK_READY && health) {
        lk_modbus_coils_seen(bank, c, now_ms);
    } else if (bank->base.state == LK_LOCKBANK_READY) {
        lk_modbus_tell_reading(bank, c, false);
    }
}
