#include "commission/known.h"

#include "base/text.h"

#include <errno.h>
#include <string.h>

static const char *const kind_names[LK_COM_KINDS] = {
    [LK_COM_BEGIN] = "begin",       [LK_COM_EMPTY] = "empty",     [LK_COM_SPEED] = "speed",
    [LK_COM_BOARD] = "board",       [LK_COM_SCANNED] = "scanned", [LK_COM_VERIFIED] = "verified",
    [LK_COM_SOFTWARE] = "software", [LK_COM_NAMED] = "named",     [LK_COM_PULSE] = "pulse",
    [LK_COM_LEARNED] = "learned",   [LK_COM_LEFT] = "left",       [LK_COM_AGAIN] = "again",
    [LK_COM_NUMBER] = "number",     [LK_COM_SIZES] = "sizes",     [LK_COM_ADDRESS] = "address",
    [LK_COM_MODE] = "mode",         [LK_COM_CURRENT] = "current", [LK_COM_MOVED] = "moved",
    [LK_COM_WRITTEN] = "written",   [LK_COM_DONE] = "done",       [LK_COM_STOPPED] = "stopped",
};

const char *lk_com_kind_name(enum lk_com_kind kind)
{
    return kind < LK_COM_KINDS ? kind_names[kind] : "?";
}

enum lk_com_kind lk_com_kind_of(const char *name)
{
    unsigned kind = 0;
    while (kind < LK_COM_KINDS && strcmp(kind_names[kind], name) != 0) {
        kind++;
    }
    return (enum lk_com_kind)kind;
}

const struct lk_com_board *lk_com_board_of(const struct lk_com_known *known, unsigned unit)
{
    for (unsigned i = 0; i < known->boards; i++) {
        if (known->board[i].unit == unit) {
            return &known->board[i];
        }
    }
    return NULL;
}

const struct lk_com_board *lk_com_bank_of(const struct lk_com_known *known, const char *bank)
{
    for (unsigned i = 0; i < known->boards; i++) {
        if (bank[0] != '\0' && strcmp(known->board[i].bank, bank) == 0) {
            return &known->board[i];
        }
    }
    return NULL;
}

static struct lk_com_board *board_of(struct lk_com_known *known, unsigned unit)
{
    return (struct lk_com_board *)lk_com_board_of(known, unit);
}

int lk_com_channel_of_door(const struct lk_com_board *board, unsigned door)
{
    for (int ch = 0; ch < LK_COM_CHANNELS; ch++) {
        if (board->channel[ch].state == LK_COM_KNOWN && board->channel[ch].door == door) {
            return ch;
        }
    }
    return -1;
}

unsigned lk_com_doors(const struct lk_com_board *board, unsigned *ret_highest)
{
    unsigned n = 0, highest = 0;
    for (unsigned ch = 0; ch < LK_COM_CHANNELS; ch++) {
        const struct lk_com_channel *c = &board->channel[ch];
        if (c->state == LK_COM_KNOWN) {
            n++;
            highest = c->door > highest ? c->door : highest;
        }
    }
    if (ret_highest) {
        *ret_highest = highest;
    }
    return n;
}

bool lk_com_input_owner(const struct lk_com_known *known, unsigned unit, unsigned input, unsigned *ret_board,
                        unsigned *ret_channel)
{
    for (unsigned b = 0; b < known->boards; b++) {
        for (unsigned ch = 0; ch < LK_COM_CHANNELS; ch++) {
            const struct lk_com_channel *c = &known->board[b].channel[ch];
            if (c->state == LK_COM_KNOWN && c->input_unit == unit && c->input == input) {
                *ret_board = b;
                *ret_channel = ch;
                return true;
            }
        }
    }
    return false;
}

/* --- facts */

static int fold_board(struct lk_com_known *k, const struct lk_com_fact *f)
{
    const struct lk_board_profile *profile = lk_board_profile_find(f->text);
    struct lk_com_board *b = board_of(k, f->unit);
    if (!profile || f->unit < 1 || f->unit > LK_FB_UNIT_MAX || (!b && k->boards == LK_COM_BOARDS)) {
        return -EINVAL;
    }
    if (!b) {
        unsigned at = k->boards++;
        for (; at > 0 && k->board[at - 1].unit > f->unit; at--) {
            k->board[at] = k->board[at - 1];
        }
        b = &k->board[at];
    }
    *b = (struct lk_com_board){.unit = f->unit, .profile = profile, .verified = profile->verified};
    return 0;
}

/* A bank has one name, and no two the same. */
static int fold_named(struct lk_com_known *k, struct lk_com_board *b, const struct lk_com_fact *f)
{
    const struct lk_com_board *other = lk_com_bank_of(k, f->text);
    if ((other && other != b) || strlen(f->text) >= LK_COM_BANK) {
        return -EINVAL;
    }
    (void)lk_text_copy(b->bank, sizeof(b->bank), f->text);
    b->named = true;
    return 0;
}

static int fold_learned(struct lk_com_known *k, struct lk_com_board *b, const struct lk_com_fact *f)
{
    unsigned board, channel;
    int door = lk_com_channel_of_door(b, f->door);
    bool taken = lk_com_input_owner(k, f->input_unit, f->input, &board, &channel) &&
                 (&k->board[board] != b || channel != f->channel);
    if (f->door < 1 || f->door > LK_COM_CHANNELS || (door >= 0 && door != (int)f->channel) || taken ||
        !lk_com_board_of(k, f->input_unit)) {
        return -EINVAL;
    }
    b->channel[f->channel] = (struct lk_com_channel){.state = LK_COM_KNOWN,
                                                     .door = f->door,
                                                     .input_unit = f->input_unit,
                                                     .input = f->input,
                                                     .closed_level = f->level};
    k->last_unit = f->unit;
    k->last_channel = f->channel;
    return 0;
}

static int fold_left(struct lk_com_known *k, struct lk_com_board *b, const struct lk_com_fact *f)
{
    struct lk_com_channel *c = &b->channel[f->channel];
    *c = (struct lk_com_channel){.state = LK_COM_UNUSED};
    (void)lk_text_copy(c->why, sizeof(c->why), f->text);
    k->last_unit = f->unit;
    k->last_channel = f->channel;
    return 0;
}

static int fold_number(struct lk_com_board *b, const struct lk_com_fact *f)
{
    int from = lk_com_channel_of_door(b, f->door), to = lk_com_channel_of_door(b, f->to);
    if (from < 0 || f->to < 1 || f->to > LK_COM_CHANNELS) {
        return -EINVAL;
    }
    b->channel[from].door = f->to;
    if (to >= 0) {
        b->channel[to].door = f->door;
    }
    return 0;
}

/* Facts about one channel of a board. */
static int fold_channel(struct lk_com_known *k, struct lk_com_board *b, const struct lk_com_fact *f)
{
    if (f->channel >= b->profile->channels) {
        return -EINVAL;
    }
    if (f->kind == LK_COM_LEARNED) {
        return fold_learned(k, b, f);
    }
    if (f->kind == LK_COM_LEFT) {
        return fold_left(k, b, f);
    }
    enum lk_com_channel_state state = f->kind == LK_COM_PULSE ? LK_COM_DOUBT : LK_COM_UNTRIED;
    b->channel[f->channel] = (struct lk_com_channel){.state = state};
    return 0;
}

static int fold_on_board(struct lk_com_known *k, struct lk_com_board *b, const struct lk_com_fact *f)
{
    switch (f->kind) {
    case LK_COM_VERIFIED:
        b->verified = true;
        return 0;
    case LK_COM_SOFTWARE:
        b->software = true;
        return 0;
    case LK_COM_MODE:
        b->pulse_mode = f->number;
        return 0;
    case LK_COM_CURRENT:
        b->lock_ma = f->number > 0 ? f->number : b->lock_ma;
        return f->number > 0 ? 0 : -EINVAL;
    case LK_COM_NAMED:
        return fold_named(k, b, f);
    case LK_COM_SIZES:
        b->has_sizes = true;
        return lk_text_copy(b->sizes, sizeof(b->sizes), f->text);
    case LK_COM_NUMBER:
        return fold_number(b, f);
    case LK_COM_PULSE:
    case LK_COM_LEARNED:
    case LK_COM_LEFT:
    case LK_COM_AGAIN:
        return fold_channel(k, b, f);
    case LK_COM_BEGIN:
    case LK_COM_EMPTY:
    case LK_COM_SPEED:
    case LK_COM_BOARD:
    case LK_COM_SCANNED:
    case LK_COM_ADDRESS:
    case LK_COM_MOVED:
    case LK_COM_WRITTEN:
    case LK_COM_DONE:
    case LK_COM_STOPPED:
    case LK_COM_KINDS:
        break;
    }
    return -EINVAL;
}

static int fold_begin(struct lk_com_known *k, const struct lk_com_fact *f)
{
    if (k->begun && strcmp(k->place, f->text) != 0) {
        return -EINVAL;
    }
    k->begun = true;
    return lk_text_copy(k->place, sizeof(k->place), f->text);
}

static int fold_speed(struct lk_com_known *k, const struct lk_com_fact *f)
{
    if (f->to > LK_FB_PARITY_ODD) {
        return -EINVAL;
    }
    k->baud = f->number;
    k->parity = (enum lk_fb_parity)f->to;
    k->boards = k->scanned ? k->boards : 0; /* a look at the line that was interrupted begins anew */
    return 0;
}

static int fold_any(struct lk_com_known *k, const struct lk_com_fact *f)
{
    struct lk_com_board *b = board_of(k, f->unit);
    switch (f->kind) {
    case LK_COM_BEGIN:
        return fold_begin(k, f);
    case LK_COM_EMPTY:
        k->empty = true;
        return 0;
    case LK_COM_SPEED:
        return fold_speed(k, f);
    case LK_COM_BOARD:
        return fold_board(k, f);
    case LK_COM_SCANNED:
        k->scanned = k->boards > 0;
        return k->scanned ? 0 : -EINVAL;
    case LK_COM_DONE:
        k->done = true;
        return 0;
    case LK_COM_ADDRESS:
    case LK_COM_MOVED:
    case LK_COM_WRITTEN:
    case LK_COM_STOPPED:
        return 0;
    case LK_COM_VERIFIED:
    case LK_COM_SOFTWARE:
    case LK_COM_MODE:
    case LK_COM_CURRENT:
    case LK_COM_NAMED:
    case LK_COM_PULSE:
    case LK_COM_LEARNED:
    case LK_COM_LEFT:
    case LK_COM_AGAIN:
    case LK_COM_NUMBER:
    case LK_COM_SIZES:
        return b ? fold_on_board(k, b, f) : -EINVAL;
    case LK_COM_KINDS:
        break;
    }
    return -EINVAL;
}

int lk_com_fold(struct lk_com_known *known, const struct lk_com_fact *fact)
{
    int r = fold_any(known, fact);
    known->facts += r == 0;
    return r;
}

/* --- what next */

static bool needs_software(const struct lk_board_profile *profile)
{
    return profile->pulse_kind == LK_PULSE_SOFTWARE;
}

/* The first channel in this state, or -1. */
static int first_in(const struct lk_com_board *b, enum lk_com_channel_state state)
{
    for (unsigned ch = 0; ch < b->profile->channels && ch < LK_COM_CHANNELS; ch++) {
        if (b->channel[ch].state == state) {
            return (int)ch;
        }
    }
    return -1;
}

/* What is open about one board, in the order in which it is asked. False: nothing. */
static bool board_step(const struct lk_com_board *b, struct lk_com_step *ret_step)
{
    bool locks = b->named && b->bank[0] != '\0';
    int doubt = locks ? first_in(b, LK_COM_DOUBT) : -1;
    int untried = locks ? first_in(b, LK_COM_UNTRIED) : -1;
    if (!b->named) {
        ret_step->kind = LK_COM_STEP_NAME;
    } else if (locks && !b->verified) {
        ret_step->kind = LK_COM_STEP_VERIFY;
    } else if (locks && needs_software(b->profile) && !b->software) {
        ret_step->kind = LK_COM_STEP_SOFTWARE;
    } else if (locks && b->profile->output_limit_ma > 0 && b->lock_ma == 0) {
        ret_step->kind = LK_COM_STEP_CURRENT;
    } else if (doubt >= 0) {
        ret_step->kind = LK_COM_STEP_DOUBT;
        ret_step->channel = (unsigned)doubt;
    } else if (untried >= 0) {
        ret_step->kind = LK_COM_STEP_LEARN;
        ret_step->channel = (unsigned)untried;
    } else if (locks && !b->has_sizes && lk_com_doors(b, NULL) > 0) {
        ret_step->kind = LK_COM_STEP_SIZES;
    } else {
        return false;
    }
    return true;
}

struct lk_com_step lk_com_next(const struct lk_com_known *known)
{
    struct lk_com_step step = {.kind = LK_COM_STEP_SCAN};
    if (known->done) {
        step.kind = LK_COM_STEP_DONE;
        return step;
    }
    if (!known->scanned) {
        return step;
    }
    /* All boards get their names first: a sensor may be on a board that comes later. */
    for (unsigned i = 0; i < known->boards; i++) {
        if (!known->board[i].named) {
            return (struct lk_com_step){.kind = LK_COM_STEP_NAME, .board = i};
        }
    }
    for (unsigned i = 0; i < known->boards; i++) {
        step = (struct lk_com_step){.board = i};
        if (board_step(&known->board[i], &step)) {
            return step;
        }
    }
    return (struct lk_com_step){.kind = LK_COM_STEP_REVIEW};
}
