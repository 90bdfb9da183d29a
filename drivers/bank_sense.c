#include "bank_private.h"

static enum lk_lockbank_sense sense_in(const struct lk_lockbank *bank, uint32_t bits, unsigned door)
{
    unsigned level = bits >> bank->config.channels[door] & 1;
    unsigned closed_level = bank->config.sensor_closed_level >> door & 1;
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
    for (unsigned d = 0; d < bank->config.doors; d++) {
        bank->doors[d].candidate = LK_LOCKBANK_SENSE_UNKNOWN;
        if (bank->doors[d].sense != LK_LOCKBANK_SENSE_UNKNOWN) {
            say(bank, d, LK_LOCKBANK_SENSE_UNKNOWN, at_ms);
        }
    }
}

void lk_bank_sense_first(struct lk_lockbank *bank, const struct lk_fb_completion *c)
{
    uint32_t bits = lk_bank_bits(c, bank->config.profile->channels);
    for (unsigned d = 0; bank->state == LK_LOCKBANK_READY && d < bank->config.doors; d++) {
        say(bank, d, sense_in(bank, bits, d), c->done_at_ns / 1000000);
    }
}

static void look_closely(struct lk_lockbank *bank, int64_t now_ms)
{
    (void)lk_fieldbus_focus(bank->fb, (uint64_t)bank->config.tag_base << 48 | (uint64_t)LK_BANK_USE_POLL << 40,
                            now_ms + LK_BANK_FOCUS_MS);
}

static void compare(struct lk_lockbank *bank, unsigned d, enum lk_lockbank_sense seen, const struct lk_fb_completion *c,
                    bool fresh)
{
    struct lk_bank_door *door = &bank->doors[d];
    int64_t at_ms = c->done_at_ns / 1000000;
    if (seen == door->sense) {
        door->candidate = LK_LOCKBANK_SENSE_UNKNOWN;
    } else if (seen == LK_LOCKBANK_SENSE_OPEN && at_ms <= door->expect_until_ms) {
        door->expect_until_ms = INT64_MIN; /* one pulse, one opening: what moves later has to hold to be believed */
        say(bank, d, seen, at_ms);
    } else if (seen != door->candidate) {
        door->candidate = seen;
        door->candidate_at_ms = at_ms;
        look_closely(bank, at_ms);
    } else if (fresh && c->sent_at_ns / 1000000 >= door->candidate_at_ms + bank->config.confirm_ms) {
        say(bank, d, seen, door->candidate_at_ms);
    }
}

void lk_bank_sense_reading(struct lk_lockbank *bank, const struct lk_fb_completion *c, bool fresh)
{
    uint32_t bits = lk_bank_bits(c, bank->config.profile->channels);
    for (unsigned d = 0; bank->state == LK_LOCKBANK_READY && d < bank->config.doors; d++) {
        compare(bank, d, sense_in(bank, bits, d), c, fresh);
    }
}

int64_t lk_bank_confirm_next_ms(const struct lk_lockbank *bank)
{
    int64_t next_ms = INT64_MAX;
    for (unsigned d = 0; bank->state == LK_LOCKBANK_READY && bank->confirm_tag == 0 && d < bank->config.doors; d++) {
        const struct lk_bank_door *door = &bank->doors[d];
        if (door->candidate != LK_LOCKBANK_SENSE_UNKNOWN) {
            int64_t at_ms = door->candidate_at_ms + bank->config.confirm_ms + 1;
            next_ms = at_ms < next_ms ? at_ms : next_ms;
        }
    }
    return next_ms < bank->confirm_again_ms ? bank->confirm_again_ms : next_ms;
}

void lk_bank_confirm_due(struct lk_lockbank *bank, int64_t now_ms)
{
    if (bank->confirm_tag != 0 || now_ms < bank->retry_at_ms || now_ms < lk_bank_confirm_next_ms(bank)) {
        return;
    }
    struct lk_fb_request r = lk_bank_read_inputs(bank);
    r.tag = lk_bank_tag(bank, LK_BANK_USE_CONFIRM);
    if (lk_bank_submit(bank, &r, now_ms) == 0) {
        bank->confirm_tag = r.tag;
    }
}

void lk_bank_confirm_done(struct lk_lockbank *bank, const struct lk_fb_completion *c, int64_t now_ms)
{
    if (c->tag != bank->confirm_tag) {
        return;
    }
    bank->confirm_tag = 0;
    if (c->status == 0) {
        lk_bank_sense_reading(bank, c, true);
    } else {
        bank->confirm_again_ms = now_ms + LK_BANK_AGAIN_MS;
    }
}
