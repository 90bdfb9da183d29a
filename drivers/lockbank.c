#include "lockbank_driver.h"

#include <errno.h>

void lk_bank_init(struct lk_lockbank *bank, const struct lk_lockbank_ops *ops, const struct lk_bank_config *config,
                  struct lk_supply *supply, const struct lk_lockbank_sink *sink, void *user)
{
    bank->ops = ops;
    bank->common = *config;
    bank->common.confirm_ms = config->confirm_ms ? config->confirm_ms : LK_BANK_CONFIRM_MS;
    bank->supply = supply;
    bank->sink = *sink;
    bank->user = user;
    bank->reason = LK_LOCKBANK_REASON_STARTING;
    bank->retry_at_ms = bank->confirm_again_ms = INT64_MIN;
    for (unsigned d = 0; d < bank->common.doors; d++) {
        bank->doors[d].check_at_ms = INT64_MAX;
        bank->doors[d].expect_until_ms = INT64_MIN;
    }
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

void lk_bank_ready(struct lk_lockbank *bank, uint32_t levels, int64_t at_ms, int64_t now_ms)
{
    for (unsigned d = 0; d < bank->common.doors; d++) {
        bank->doors[d].check_at_ms = INT64_MAX;
    }
    lk_bank_set_state(bank, LK_LOCKBANK_READY, LK_LOCKBANK_REASON_NONE, now_ms);
    lk_bank_sense_first(bank, levels, at_ms);
}

void lk_bank_end(struct lk_lockbank *bank, bool proved_off)
{
    bank->proved_off = proved_off;
    bank->ended = true;
}

struct lk_lockbank *lk_lockbank_destroy(struct lk_lockbank *bank)
{
    if (!bank) {
        return NULL;
    }
    for (unsigned d = 0; d < bank->common.doors; d++) {
        enum lk_bank_pulse pulse = bank->doors[d].pulse;
        if (pulse == LK_BANK_PULSE_SENT ||
            pulse == LK_BANK_PULSE_HELD) { /* others on this supply must not wait for ever */
            lk_supply_settle(bank->supply, &bank->doors[d].coil, bank->now_ms, bank->common.pulse_ms);
        }
    }
    bank->ops->destroy(bank);
    return NULL;
}

int lk_lockbank_start(struct lk_lockbank *bank, int64_t now_ms)
{
    bool may_drive = bank->ops->may_drive(bank);
    bank->now_ms = now_ms;
    bank->ending = bank->ended = bank->proved_off = false;
    bank->state = LK_LOCKBANK_LOST;
    bank->reason = LK_LOCKBANK_REASON_NONE; /* so that the first state is said */
    if (!may_drive) {
        lk_bank_set_state(bank, LK_LOCKBANK_STOPPED, LK_LOCKBANK_REASON_UNVERIFIED, now_ms);
    } else {
        lk_bank_set_state(bank, LK_LOCKBANK_LOST, LK_LOCKBANK_REASON_STARTING, now_ms);
    }
    for (unsigned d = 0; d < bank->common.doors; d++) {
        bank->sink.sense(bank->user, d, LK_LOCKBANK_SENSE_UNKNOWN, now_ms);
    }
    return may_drive ? bank->ops->start(bank, now_ms) : 0;
}

void lk_lockbank_completion(struct lk_lockbank *bank, const struct lk_fb_completion *completion, int64_t now_ms)
{
    bank->now_ms = now_ms;
    if (bank->ops->completion) {
        bank->ops->completion(bank, completion, now_ms);
    }
}

int lk_lockbank_fd(const struct lk_lockbank *bank)
{
    return bank->ops->fd ? bank->ops->fd(bank) : -1;
}

void lk_lockbank_ready(struct lk_lockbank *bank, int64_t now_ms)
{
    bank->now_ms = now_ms;
    if (bank->ops->ready) {
        bank->ops->ready(bank, now_ms);
    }
}

int64_t lk_lockbank_next_at_ms(const struct lk_lockbank *bank)
{
    int64_t at_ms = lk_bank_sooner(bank->ops->next_at_ms(bank),
                                   lk_bank_sooner(lk_bank_pulses_next_ms(bank), lk_bank_confirm_next_ms(bank)));
    return at_ms != INT64_MAX && at_ms < bank->retry_at_ms ? bank->retry_at_ms : at_ms;
}

void lk_lockbank_tick(struct lk_lockbank *bank, int64_t now_ms)
{
    bank->now_ms = now_ms;
    bank->ops->tick(bank, now_ms);
    lk_bank_pulses_grant(bank, now_ms);
    lk_bank_confirm_due(bank, now_ms);
}

int lk_lockbank_pulse(struct lk_lockbank *bank, unsigned door, uint64_t intent, int64_t now_ms)
{
    if (door >= bank->common.doors) {
        return -EINVAL;
    }
    if (!bank->ops->may_drive(bank)) {
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
    if (door >= bank->common.doors) {
        return 0;
    }
    int64_t wait_ms = lk_supply_earliest_at_ms(bank->supply, &bank->doors[door].coil, now_ms);
    return wait_ms > now_ms ? wait_ms - now_ms : 0;
}

void lk_lockbank_drop_waiting(struct lk_lockbank *bank, int64_t now_ms)
{
    bank->now_ms = now_ms;
    lk_bank_pulses_drop(bank);
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
    bank->ops->stop(bank, reachable, now_ms);
    if (!reachable) {
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
    return door < bank->common.doors ? bank->doors[door].sense : LK_LOCKBANK_SENSE_UNKNOWN;
}

const char *lk_lockbank_complaint(const struct lk_lockbank *bank)
{
    return bank->ops->complaint ? bank->ops->complaint(bank) : "";
}

uint32_t lk_lockbank_pulses(const struct lk_lockbank *bank, unsigned door)
{
    return door < bank->common.doors ? bank->doors[door].pulses : 0;
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
        [LK_LOCKBANK_REASON_DUPLICATE] = "two boards with this address",
        [LK_LOCKBANK_REASON_WRONG_BOARD] = "not the board of this profile",
        [LK_LOCKBANK_REASON_GARBLED] = "answers arrive broken",
        [LK_LOCKBANK_REASON_INPUTS_SILENT] = "the board with the door switches does not answer",
        [LK_LOCKBANK_REASON_HELD] = "a line is held by somebody else",
        [LK_LOCKBANK_REASON_NO_LINE] = "no such line",
        [LK_LOCKBANK_REASON_GUARD] = "no guard for the locks",
    };
    return names[reason];
}
