#include "modbus_bank.h"

#include <errno.h>

enum { END_FAILURES_MAX = 2, ILLEGAL_FUNCTION = 1, ILLEGAL_ADDRESS = 2 };

/* After these answers the line goes on listening, so that a second board with the same address gives itself away. */
static struct lk_fb_request probe(struct lk_fb_request read)
{
    read.listen_ms = LK_BANK_LISTEN_MS;
    return read;
}

static struct lk_fb_request request_of(const struct lk_modbus_bank *bank)
{
    const struct lk_board_profile *relays = bank->config.profile, *inputs = lk_modbus_inputs_profile(bank);
    switch (bank->step) {
    case LK_BANK_STEP_ALL_OFF:
    case LK_BANK_STEP_ALL_OFF_AGAIN:
        return lk_modbus_to_relays(bank, lk_board_frame_all_off(relays));
    case LK_BANK_STEP_PROBE:
        return probe(lk_modbus_to_relays(bank, lk_board_frame_read_coils(relays)));
    case LK_BANK_STEP_COILS:
    case LK_BANK_STEP_COILS_AGAIN:
        return lk_modbus_to_relays(bank, lk_board_frame_read_coils(relays));
    case LK_BANK_STEP_IDENTITY:
        return lk_modbus_to_relays(bank, lk_board_frame_read_identity(relays));
    case LK_BANK_STEP_WATCHDOG:
        return lk_modbus_to_relays(bank, lk_board_frame_set_watchdog(relays));
    case LK_BANK_STEP_LINK_MODES:
        return lk_modbus_to_relays(bank, lk_board_frame_read_link_modes(relays));
    case LK_BANK_STEP_INPUTS_PROBE:
        return probe(lk_modbus_to_inputs(bank, lk_board_frame_read_inputs(inputs)));
    case LK_BANK_STEP_INPUTS_IDENTITY:
        return lk_modbus_to_inputs(bank, lk_board_frame_read_identity(inputs));
    case LK_BANK_STEP_INPUTS:
    case LK_BANK_STEP_NONE:
        break;
    }
    return lk_modbus_to_inputs(bank, lk_board_frame_read_inputs(inputs));
}

static bool of_other_board(enum lk_bank_step step)
{
    return step >= LK_BANK_STEP_INPUTS_PROBE;
}

static bool wanted(const struct lk_modbus_bank *bank, enum lk_bank_step step)
{
    const struct lk_board_profile *p = bank->config.profile;
    switch (step) {
    case LK_BANK_STEP_ALL_OFF:
    case LK_BANK_STEP_COILS:
    case LK_BANK_STEP_INPUTS:
        return true;
    case LK_BANK_STEP_PROBE:
        return !bank->base.ending;
    case LK_BANK_STEP_IDENTITY:
        return p->has_identity;
    case LK_BANK_STEP_WATCHDOG:
        return p->has_watchdog;
    case LK_BANK_STEP_LINK_MODES:
        return p->has_link_modes;
    case LK_BANK_STEP_INPUTS_PROBE:
        return lk_modbus_two_boards(bank);
    case LK_BANK_STEP_INPUTS_IDENTITY:
        return lk_modbus_two_boards(bank) && bank->config.inputs_profile->has_identity;
    case LK_BANK_STEP_NONE:
    case LK_BANK_STEP_ALL_OFF_AGAIN:
    case LK_BANK_STEP_COILS_AGAIN:
        break;
    }
    return false;
}

void lk_modbus_step_submit(struct lk_modbus_bank *bank, int64_t now_ms)
{
    if (bank->step == LK_BANK_STEP_NONE || bank->step_tag != 0 || now_ms < bank->step_at_ms ||
        now_ms < bank->base.retry_at_ms) {
        return;
    }
    struct lk_fb_request r = request_of(bank);
    int err = lk_modbus_submit(bank, &r, LK_BANK_USE_STEP, now_ms);
    if (err == 0) {
        bank->step_tag = r.tag;
    } else if (err != -EAGAIN) {
        bank->step = LK_BANK_STEP_NONE; /* the line is stopped: nothing can be reached any more */
        bank->base.ended = bank->base.ending;
    }
}

int64_t lk_modbus_step_next_ms(const struct lk_modbus_bank *bank)
{
    if (bank->step == LK_BANK_STEP_NONE || bank->step_tag != 0) {
        return INT64_MAX;
    }
    return bank->step_at_ms > bank->base.now_ms ? bank->step_at_ms : bank->base.now_ms;
}

static void go_at(struct lk_modbus_bank *bank, enum lk_bank_step step, int64_t at_ms, int64_t now_ms)
{
    bank->step = step;
    bank->step_tag = 0;
    bank->step_at_ms = at_ms;
    lk_modbus_step_submit(bank, now_ms);
}

static void go(struct lk_modbus_bank *bank, enum lk_bank_step step, int64_t now_ms)
{
    go_at(bank, step, now_ms, now_ms);
}

static void begin(struct lk_modbus_bank *bank, int64_t now_ms)
{
    bank->probes = bank->probes_garbled = bank->probes_doubled = 0;
    go(bank, LK_BANK_STEP_ALL_OFF, now_ms);
}

void lk_modbus_setup_begin(struct lk_modbus_bank *bank, int64_t now_ms)
{
    begin(bank, now_ms);
}

void lk_modbus_end_begin(struct lk_modbus_bank *bank, int64_t now_ms)
{
    bank->base.ending = true;
    bank->end_failures = 0;
    begin(bank, now_ms);
}

static void end(struct lk_modbus_bank *bank, bool proved_off)
{
    bank->step = LK_BANK_STEP_NONE;
    lk_bank_end(&bank->base, proved_off);
}

/* What the standing poll says next, that its board is silent, is then said with this reason. */
static void note_garbled(struct lk_modbus_bank *bank)
{
    bool other = of_other_board(bank->step) && lk_modbus_two_boards(bank);
    bank->relays.garbled = bank->relays.garbled || !other;
    bank->inputs.garbled = bank->inputs.garbled || other || !lk_modbus_two_boards(bank);
}

static void lost(struct lk_modbus_bank *bank, enum lk_lockbank_reason reason, int64_t now_ms)
{
    bank->step = LK_BANK_STEP_NONE;
    lk_bank_set_state(&bank->base, LK_LOCKBANK_LOST, reason, now_ms);
}

static void stopped(struct lk_modbus_bank *bank, enum lk_lockbank_reason reason, int64_t now_ms)
{
    bank->step = LK_BANK_STEP_NONE;
    lk_bank_set_state(&bank->base, LK_LOCKBANK_STOPPED, reason, now_ms);
}

/* The other board has not answered its poll yet: if it is known to be silent, its poll has said so or says so now. */
static void wait_for_inputs(struct lk_modbus_bank *bank, int64_t now_ms)
{
    enum lk_lockbank_reason reason =
        bank->inputs.garbled ? LK_LOCKBANK_REASON_GARBLED : LK_LOCKBANK_REASON_INPUTS_SILENT;
    bank->relays_set_up = true;
    lost(bank, bank->inputs.heard == LK_BANK_FAILED ? reason : LK_LOCKBANK_REASON_STARTING, now_ms);
}

static void next(struct lk_modbus_bank *bank, int64_t now_ms)
{
    enum lk_bank_step step = bank->step;
    do {
        step++;
    } while (!wanted(bank, step));
    if (of_other_board(step) && lk_modbus_two_boards(bank) && bank->inputs.heard != LK_BANK_HEARD) {
        wait_for_inputs(bank, now_ms);
        return;
    }
    if (step == LK_BANK_STEP_INPUTS_PROBE) {
        bank->probes = bank->probes_garbled = bank->probes_doubled = 0;
    }
    go(bank, step, now_ms);
}

static enum lk_lockbank_reason reason_of(const struct lk_modbus_bank *bank, const struct lk_fb_completion *c)
{
    if (c->status == -ENODEV) {
        return LK_LOCKBANK_REASON_LINE;
    }
    if (c->status == -EREMOTEIO) {
        return LK_LOCKBANK_REASON_REFUSED;
    }
    if (c->status == -EBADMSG) {
        return LK_LOCKBANK_REASON_GARBLED;
    }
    bool other = of_other_board(bank->step) && lk_modbus_two_boards(bank);
    return other ? LK_LOCKBANK_REASON_INPUTS_SILENT : LK_LOCKBANK_REASON_SILENT;
}

/* Set-up is tried again with the next news from the poll; the end only where somebody may still be listening. */
static void step_failed(struct lk_modbus_bank *bank, const struct lk_fb_completion *c, int64_t now_ms)
{
    if (c->status == -EBADMSG) {
        note_garbled(bank);
    }
    bool somebody = c->status != -ENODEV && c->status != -EHOSTDOWN && c->status != -ECANCELED;
    if (!bank->base.ending) {
        lost(bank, reason_of(bank, c), now_ms);
    } else if (somebody && ++bank->end_failures < END_FAILURES_MAX) {
        go(bank, LK_BANK_STEP_ALL_OFF, now_ms);
    } else {
        end(bank, false);
    }
}

/* One odd answer is bad luck: noise, or a late reply to somebody's question of before. */
static void probed(struct lk_modbus_bank *bank, int64_t now_ms)
{
    bank->probes++;
    if (bank->probes_doubled >= LK_BANK_PROBES_ODD) {
        stopped(bank, LK_LOCKBANK_REASON_DUPLICATE, now_ms);
        (void)lk_modbus_polls_set(bank, true);
    } else if (bank->probes < LK_BANK_PROBES) {
        go(bank, bank->step, now_ms);
    } else if (bank->probes_doubled + bank->probes_garbled >= LK_BANK_PROBES_ODD) {
        lost(bank, LK_LOCKBANK_REASON_GARBLED, now_ms);
    } else {
        next(bank, now_ms);
    }
}

/* True when the failure is an answer of its own. Broken replies to the first steps are counted, not feared: whether
 * "off" was heard is read back, and whether a second board talks is what the probes are to show. */
static bool failure_means(struct lk_modbus_bank *bank, const struct lk_fb_completion *c, int64_t now_ms)
{
    bool identity = bank->step == LK_BANK_STEP_IDENTITY || bank->step == LK_BANK_STEP_INPUTS_IDENTITY;
    bool probing = bank->step == LK_BANK_STEP_PROBE || bank->step == LK_BANK_STEP_INPUTS_PROBE;
    if (identity && c->status == -EREMOTEIO && (c->exception == ILLEGAL_FUNCTION || c->exception == ILLEGAL_ADDRESS)) {
        stopped(bank, LK_LOCKBANK_REASON_WRONG_BOARD, now_ms);
        return true;
    }
    if (bank->base.ending || c->status != -EBADMSG || (!probing && bank->step != LK_BANK_STEP_ALL_OFF)) {
        return false;
    }
    note_garbled(bank);
    if (probing) {
        bank->probes_garbled++;
        probed(bank, now_ms);
    } else {
        next(bank, now_ms);
    }
    return true;
}

static int64_t again_at_ms(const struct lk_modbus_bank *bank, int64_t now_ms)
{
    const struct lk_board_profile *p = bank->config.profile;
    return p->pulse_ignores_off ? now_ms + p->pulse_max_ms + LK_BANK_IGNORED_OFF_MS : now_ms;
}

static void coils_read(struct lk_modbus_bank *bank, const struct lk_fb_completion *c, int64_t now_ms)
{
    bool off = lk_board_bits(c, bank->config.profile->channels) == 0;
    bool first = bank->step == LK_BANK_STEP_COILS;
    if (!off && first) {
        go_at(bank, LK_BANK_STEP_ALL_OFF_AGAIN, again_at_ms(bank, now_ms), now_ms);
    } else if (bank->base.ending) {
        end(bank, off);
    } else if (!off) {
        stopped(bank, LK_LOCKBANK_REASON_COIL_STUCK, now_ms);
    } else {
        next(bank, now_ms);
    }
}

static void identity_read(struct lk_modbus_bank *bank, const struct lk_fb_completion *c, int64_t now_ms)
{
    const struct lk_board_profile *p =
        bank->step == LK_BANK_STEP_IDENTITY ? bank->config.profile : bank->config.inputs_profile;
    uint16_t seen = lk_board_register(c, 0);
    if (seen < p->identity_min || seen > p->identity_max) {
        stopped(bank, LK_LOCKBANK_REASON_WRONG_BOARD, now_ms);
    } else {
        next(bank, now_ms);
    }
}

static void link_modes_read(struct lk_modbus_bank *bank, const struct lk_fb_completion *c, int64_t now_ms)
{
    const struct lk_board_profile *p = bank->config.profile;
    for (unsigned i = 0; i < p->inputs; i++) {
        if (lk_board_register(c, i) != p->link_modes_free) {
            stopped(bank, LK_LOCKBANK_REASON_LINK_MODE, now_ms);
            return;
        }
    }
    next(bank, now_ms);
}

static void ready(struct lk_modbus_bank *bank, const struct lk_fb_completion *c, int64_t now_ms)
{
    bank->step = LK_BANK_STEP_NONE;
    bank->forced_check_at_ms = INT64_MAX;
    if (bank->polls_slow) {
        (void)lk_modbus_polls_set(bank, false);
    }
    lk_bank_ready(&bank->base, lk_modbus_levels(bank, c), c->done_at_ns / 1000000, now_ms);
}

static void step_answered(struct lk_modbus_bank *bank, const struct lk_fb_completion *c, int64_t now_ms)
{
    switch (bank->step) {
    case LK_BANK_STEP_NONE:
        break;
    case LK_BANK_STEP_ALL_OFF:
    case LK_BANK_STEP_WATCHDOG:
        next(bank, now_ms);
        break;
    case LK_BANK_STEP_ALL_OFF_AGAIN:
        go(bank, LK_BANK_STEP_COILS_AGAIN, now_ms);
        break;
    case LK_BANK_STEP_PROBE:
    case LK_BANK_STEP_INPUTS_PROBE:
        bank->probes_doubled += c->doubled;
        probed(bank, now_ms);
        break;
    case LK_BANK_STEP_COILS:
    case LK_BANK_STEP_COILS_AGAIN:
        coils_read(bank, c, now_ms);
        break;
    case LK_BANK_STEP_IDENTITY:
    case LK_BANK_STEP_INPUTS_IDENTITY:
        identity_read(bank, c, now_ms);
        break;
    case LK_BANK_STEP_LINK_MODES:
        link_modes_read(bank, c, now_ms);
        break;
    case LK_BANK_STEP_INPUTS:
        ready(bank, c, now_ms);
        break;
    }
}

void lk_modbus_step_done(struct lk_modbus_bank *bank, const struct lk_fb_completion *c, int64_t now_ms)
{
    if (c->tag != bank->step_tag || bank->step == LK_BANK_STEP_NONE) {
        return; /* of a set-up that was given up */
    }
    if (c->status != 0) {
        if (!failure_means(bank, c, now_ms)) {
            step_failed(bank, c, now_ms);
        }
        return;
    }
    if (!bank->base.ending && c->generation != bank->generation) {
        bank->generation = c->generation; /* the line was reopened in between: from the beginning */
        lk_modbus_setup_begin(bank, now_ms);
        return;
    }
    step_answered(bank, c, now_ms);
}
