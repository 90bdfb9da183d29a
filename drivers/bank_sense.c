#include "lockbank_driver.h"

static enum lk_lockbank_sense sense_in(const struct lk_lockbank *bank, uint32_t levels, unsigned door)
{
    unsigned level = levels >> door & 1;
    unsigned closed_level = bank->common.sensor_closed_level >> door & 1;
    return level == closed_level ? LK_LOCKBANK_SENSE_CLOSED : LK_LOCKBANK_SENSE_OPEN;
}

static void say(struct lk_lockbank *bank, unsigned door, enum lk_lockbank_sense sense, int64_t at_ms)
{
    bank->doors[door].sense = sense;
    bank->doors[door].candidate = LK_LOCKBANK_SENSE_UNKNOWN;
    bank->sink.sense(bank->user, door, sense, at_ms);
}

void lk_bank_sense_unknown(struct lk_lockbank *bank, int64_t at_ms)
{
    for (unsigned d = 0; d < bank->common.doors; d++) {
        bank->doors[d].candidate = LK_LOCKBANK_SENSE_UNKNOWN;
        if (bank->doors[d].sense != LK_LOCKBANK_SENSE_UNKNOWN) {
            say(bank, d, LK_LOCKBANK_SENSE_UNKNOWN, at_ms);
        }
    }
}

void lk_bank_sense_first(struct lk_lockbank *bank, uint32_t levels, int64_t at_ms)
{
    for (unsigned d = 0; bank->state == LK_LOCKBANK_READY && d < bank->common.doors; d++) {
        say(bank, d, sense_in(bank, levels, d), at_ms);
    }
}

static void compare(struct lk_lockbank *bank, unsigned d, const struct lk_bank_reading *r)
{
    struct lk_bank_door *door = &bank->doors[d];
    enum lk_lockbank_sense seen = sense_in(bank, r->levels, d);
    if (seen == door->sense) {
        door->candidate = LK_LOCKBANK_SENSE_UNKNOWN;
    } else if (seen == LK_LOCKBANK_SENSE_OPEN && r->at_ms <= door->expect_until_ms) {
        door->expect_until_ms = INT64_MIN; /* one pulse, one opening: what moves later has to hold to be believed */
        say(bank, d, seen, r->at_ms);
    } else if (seen != door->candidate) {
        door->candidate = seen;
        door->candidate_at_ms = r->at_ms;
        bank->ops->look_closely(bank, r->at_ms + LK_BANK_FOCUS_MS);
    } else if (r->fresh && r->taken_ms >= door->candidate_at_ms + bank->common.confirm_ms) {
        say(bank, d, seen, door->candidate_at_ms);
    }
}

void lk_bank_sense_reading(struct lk_lockbank *bank, const struct lk_bank_reading *reading)
{
    for (unsigned d = 0; bank->state == LK_LOCKBANK_READY && d < bank->common.doors; d++) {
        compare(bank, d, reading);
    }
}

int64_t lk_bank_confirm_next_ms(const struct lk_lockbank *bank)
{
    int64_t next_ms = INT64_MAX;
    for (unsigned d = 0; bank->state == LK_LOCKBANK_READY && !bank->confirming && d < bank->common.doors; d++) {
        const struct lk_bank_door *door = &bank->doors[d];
        if (door->candidate != LK_LOCKBANK_SENSE_UNKNOWN) {
            next_ms = lk_bank_sooner(next_ms, door->candidate_at_ms + bank->common.confirm_ms + 1);
        }
    }
    return next_ms < bank->confirm_again_ms ? bank->confirm_again_ms : next_ms;
}

void lk_bank_confirm_due(struct lk_lockbank *bank, int64_t now_ms)
{
    if (!bank->confirming && now_ms >= bank->retry_at_ms && now_ms >= lk_bank_confirm_next_ms(bank)) {
        bank->ops->confirm(bank, now_ms);
    }
}

void lk_bank_confirmed(struct lk_lockbank *bank, bool failed, int64_t now_ms)
{
    bank->confirming = false;
    if (failed) {
        bank->confirm_again_ms = now_ms + LK_BANK_AGAIN_MS;
    }
}
