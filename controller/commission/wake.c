#include "com.h"

#include <errno.h>
#include <string.h>

enum { STOP_MS = 6000, STEP_MS = 100 };

/* --- what the lock banks tell */

static void on_sense(void *user, unsigned door, enum lk_lockbank_sense sense, int64_t at_ms)
{
    (void)user; /* the inputs are looked at here as they are: which belongs to which door is not known yet */
    (void)door;
    (void)sense;
    (void)at_ms;
}

static void on_pulse(void *user, unsigned door, uint64_t intent, enum lk_lockbank_pulse_result result)
{
    struct com_board *b = user;
    (void)door;
    (void)intent;
    b->pulse_ended = true;
    b->result = result;
}

static void on_board(void *user, enum lk_lockbank_board state, enum lk_lockbank_reason reason)
{
    (void)user; /* asked for where it matters */
    (void)state;
    (void)reason;
}

static const struct lk_lockbank_sink sink = {on_sense, on_pulse, on_board};

/* --- waking */

static bool has_locks(const struct lk_com_board *b)
{
    return b->named && b->bank[0] != '\0' && b->verified;
}

/* A lock bank wants an input for each lock. Which is which does not matter here: the inputs are looked at as they are.
 * 0: no board of the line has any. */
static unsigned lend_inputs(const struct lk_com *com, const struct lk_com_board *b, struct lk_lockbank_config *config)
{
    unsigned most = b->profile->inputs;
    for (unsigned i = 0; i < com->known->boards; i++) {
        const struct lk_com_board *other = &com->known->board[i];
        if (most < b->profile->channels && other != b && other->profile->inputs > most) {
            most = other->profile->inputs;
            config->inputs_unit = (uint8_t)other->unit;
            config->inputs_profile = other->profile;
        }
    }
    return most < b->profile->channels ? most : b->profile->channels;
}

static int make_bank(struct lk_com *com, unsigned i)
{
    const struct lk_com_board *b = &com->known->board[i];
    struct lk_lockbank_config config = {.tag_base = i,
                                        .unit = (uint8_t)b->unit,
                                        .profile = b->profile,
                                        .verified = b->verified,
                                        .accept_software_pulse = b->software,
                                        .pulse_mode = b->pulse_mode,
                                        .lock_ma = b->lock_ma};
    config.doors = lend_inputs(com, b, &config);
    int r = config.doors == 0 ? -ENXIO : 0;
    if (r < 0) {
        struct lk_com_say say = com_say("no_inputs");
        com_word(&say, "unit", "%u", b->unit);
        com_tell(com, &say);
        return -EIO;
    }
    r = lk_lockbank_create(&config, com->fb, com->supply, &sink, &com->board[i], &com->board[i].bank);
    return r < 0 ? r : lk_lockbank_start(com->board[i].bank, com_now(com));
}

/* -EAGAIN: not yet. */
static int is_awake(struct lk_com *com, unsigned *ret_board, enum lk_lockbank_reason *ret_reason)
{
    for (unsigned i = 0; i < com->known->boards; i++) {
        struct lk_lockbank *bank = com->board[i].bank;
        enum lk_lockbank_board state = bank ? lk_lockbank_board_state(bank, ret_reason) : LK_LOCKBANK_READY;
        *ret_board = i;
        if (state != LK_LOCKBANK_READY) {
            return state == LK_LOCKBANK_STOPPED ? -EIO : -EAGAIN;
        }
    }
    return com_inputs_known(com) ? 0 : -EAGAIN;
}

static int say_not_awake(struct lk_com *com, unsigned board, enum lk_lockbank_reason reason)
{
    struct lk_com_say say = com_say("not_safe");
    com_word(&say, "unit", "%u", com->known->board[board].unit);
    com_word(&say, "reason", "%s", lk_lockbank_reason_name(reason));
    com_tell(com, &say);
    return -EIO;
}

static int wait_awake(struct lk_com *com)
{
    enum lk_lockbank_reason reason = LK_LOCKBANK_REASON_NONE;
    unsigned board = 0;
    int64_t until_ms = com_now(com) + COM_READY_MS;
    int r;
    while ((r = is_awake(com, &board, &reason)) == -EAGAIN && com_now(com) < until_ms) {
        r = com_pass(com, com_now(com) + STEP_MS);
        if (r < 0) {
            return r;
        }
    }
    return r == 0 ? 0 : say_not_awake(com, board, reason);
}

/* Opens the line at the speed that was found, with the inputs of all boards. */
static int open_line(struct lk_com *com)
{
    int r = com_open(com, com->known->baud, com->known->parity);
    return r < 0 ? r : com_watch_inputs(com);
}

static int ask_shut(struct lk_com *com)
{
    char text[LK_COM_ANSWER];
    struct lk_com_say q = com_say("all_shut");
    q.preset = "";
    return com_ask(com, &q, text);
}

int com_wake(struct lk_com *com)
{
    bool first = !com->awake;
    int r = first ? open_line(com) : 0;
    for (unsigned i = 0; i < com->known->boards && r == 0; i++) {
        if (has_locks(&com->known->board[i]) && !com->board[i].bank) {
            r = make_bank(com, i);
            com->had_banks = true;
        }
    }
    com->awake = com->awake || r == 0;
    r = r == 0 ? wait_awake(com) : r; /* each time: a board may have stopped since */
    return r == 0 && first ? ask_shut(com) : r;
}

static bool all_stopped(const struct lk_com *com)
{
    bool all = true;
    for (unsigned i = 0; i < LK_COM_BOARDS; i++) {
        all = all && (!com->board[i].bank || lk_lockbank_stopped(com->board[i].bank));
    }
    return all;
}

void com_sleep(struct lk_com *com)
{
    int64_t until_ms = com_now(com) + STOP_MS;
    com->proved_off = true;
    for (unsigned i = 0; i < LK_COM_BOARDS; i++) {
        if (com->board[i].bank) {
            lk_lockbank_stop(com->board[i].bank, com_now(com));
        }
    }
    while (!all_stopped(com) && com_now(com) < until_ms) {
        (void)com_pass(com, com_now(com) + STEP_MS); /* whoever wants to leave waits for the coils */
    }
    for (unsigned i = 0; i < LK_COM_BOARDS; i++) {
        if (com->board[i].bank) {
            com->proved_off = com->proved_off && lk_lockbank_proved_off(com->board[i].bank);
        }
    }
}

int com_pulse(struct lk_com *com, unsigned board, unsigned channel, enum lk_lockbank_pulse_result *ret_result)
{
    struct com_board *b = &com->board[board];
    int64_t until_ms = com_now(com) + COM_PULSE_MS;
    b->pulse_ended = false;
    if (lk_lockbank_pulse(b->bank, channel, ++com->seq, com_now(com)) < 0) {
        *ret_result = LK_LOCKBANK_PULSE_NOT_SENT;
        return 0;
    }
    while (!b->pulse_ended) {
        int r = com_pass(com, com_now(com) + STEP_MS);
        if (r < 0 || com_now(com) > until_ms) {
            return r < 0 ? r : -EIO;
        }
    }
    *ret_result = b->result;
    return 0;
}
