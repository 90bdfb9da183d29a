#include "lockbank_driver.h"

static struct lk_bank_door *first_waiting(struct lk_lockbank *bank, uint64_t after_ticket)
{
    struct lk_bank_door *best = NULL;
    for (unsigned d = 0; d < bank->common.doors; d++) {
        struct lk_bank_door *door = &bank->doors[d];
        if (door->pulse == LK_BANK_PULSE_WAITING && door->ticket > after_ticket &&
            (!best || door->ticket < best->ticket)) {
            best = door;
        }
    }
    return best;
}

static void send(struct lk_lockbank *bank, struct lk_bank_door *door, int64_t now_ms)
{
    if (bank->ops->pulse(bank, (unsigned)(door - bank->doors), now_ms) != 0) {
        lk_supply_release(bank->supply); /* nothing left us: it waits on */
        return;
    }
    door->pulse = LK_BANK_PULSE_SENT;
    door->expect_until_ms = now_ms + LK_BANK_EXPECT_MS;
    bank->ops->look_closely(bank, door->expect_until_ms);
}

void lk_bank_pulses_grant(struct lk_lockbank *bank, int64_t now_ms)
{
    if (bank->state != LK_LOCKBANK_READY || now_ms < bank->retry_at_ms) {
        return;
    }
    /* In the order of asking, but a coil that must rest does not hold up the others. */
    struct lk_bank_door *door = first_waiting(bank, 0);
    while (door && !lk_supply_take(bank->supply, &door->coil, now_ms, bank->common.pulse_ms)) {
        door = first_waiting(bank, door->ticket);
    }
    if (door) {
        send(bank, door, now_ms);
    }
}

void lk_bank_pulses_drop(struct lk_lockbank *bank)
{
    for (unsigned d = 0; d < bank->common.doors; d++) {
        struct lk_bank_door *door = &bank->doors[d];
        if (door->pulse == LK_BANK_PULSE_WAITING) {
            door->pulse = LK_BANK_PULSE_NONE;
            bank->sink.pulse_done(bank->user, d, door->intent, LK_LOCKBANK_PULSE_NOT_SENT);
        }
    }
}

/* The coil may be on until pulse_ms after the answer (or after the moment we gave up waiting for it). */
static void settle(struct lk_lockbank *bank, struct lk_bank_door *door, int64_t done_at_ms)
{
    lk_supply_settle(bank->supply, &door->coil, done_at_ms, bank->common.pulse_ms);
    door->pulses++;
    door->expect_until_ms = done_at_ms + LK_BANK_EXPECT_MS;
    door->check_at_ms = done_at_ms + bank->common.pulse_ms + LK_BANK_READBACK_MS;
}

void lk_bank_pulse_done(struct lk_lockbank *bank, unsigned d, enum lk_lockbank_pulse_result result, bool was_sent,
                        int64_t done_at_ms, int64_t now_ms)
{
    struct lk_bank_door *door = &bank->doors[d];
    if (was_sent) {
        settle(bank, door, done_at_ms);
    } else {
        lk_supply_release(bank->supply);
        door->expect_until_ms = INT64_MIN;
    }
    door->pulse = LK_BANK_PULSE_NONE;
    bank->sink.pulse_done(bank->user, d, door->intent, result);
    lk_bank_pulses_grant(bank, now_ms);
}

void lk_bank_pulse_held(struct lk_lockbank *bank, unsigned d, enum lk_lockbank_pulse_result result, int64_t done_at_ms)
{
    struct lk_bank_door *door = &bank->doors[d];
    door->pulse = LK_BANK_PULSE_HELD;
    door->pulses++;
    door->expect_until_ms = done_at_ms + LK_BANK_EXPECT_MS;
    door->check_at_ms = done_at_ms + bank->common.pulse_ms + LK_BANK_HELD_MS;
    bank->sink.pulse_done(bank->user, d, door->intent, result);
}

/* Without proof the supply is given up all the same after another pulse's time: a coil that cannot be reached must not
 * keep the doors of the other boards shut. */
void lk_bank_pulse_off(struct lk_lockbank *bank, unsigned d, bool proven, int64_t off_at_ms, int64_t now_ms)
{
    struct lk_bank_door *door = &bank->doors[d];
    unsigned pulse_ms = bank->common.pulse_ms;
    lk_supply_settle(bank->supply, &door->coil, proven ? off_at_ms - pulse_ms : off_at_ms, pulse_ms);
    door->pulse = LK_BANK_PULSE_NONE;
    door->check_at_ms = proven ? off_at_ms + LK_BANK_READBACK_MS : now_ms;
    lk_bank_pulses_grant(bank, now_ms);
}

int64_t lk_bank_pulses_next_ms(const struct lk_lockbank *bank)
{
    int64_t next_ms = INT64_MAX;
    for (unsigned d = 0; bank->state == LK_LOCKBANK_READY && d < bank->common.doors; d++) {
        const struct lk_bank_door *door = &bank->doors[d];
        if (door->pulse == LK_BANK_PULSE_WAITING) {
            int64_t at_ms = lk_supply_earliest_at_ms(bank->supply, &door->coil, bank->now_ms);
            next_ms = at_ms < next_ms ? at_ms : next_ms;
        }
    }
    return next_ms;
}
