#include "com.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* --- the whole, told */

static void tell_channel(struct lk_com *com, const struct lk_com_board *b, unsigned ch)
{
    const struct lk_com_channel *c = &b->channel[ch];
    char label[COM_LABEL];
    struct lk_com_say say = com_say(c->state == LK_COM_KNOWN ? "review_door" : "review_left");
    com_word(&say, "bank", "%s", b->bank);
    com_word(&say, "channel", "%u", ch + 1);
    if (c->state == LK_COM_KNOWN) {
        com_word(&say, "door", "%s", com_door(b, c->door, label, sizeof(label)));
        com_word(&say, "input", "%u/%u", c->input_unit, c->input + 1);
        com_word(&say, "level", "%u", c->closed_level);
    } else {
        com_word(&say, "why", "%s", c->why);
    }
    com_tell(com, &say);
}

static void tell_all(struct lk_com *com)
{
    for (unsigned i = 0; i < com->known->boards; i++) {
        const struct lk_com_board *b = &com->known->board[i];
        if (b->bank[0] == '\0') {
            continue;
        }
        struct lk_com_say say = com_say("review_bank");
        com_word(&say, "bank", "%s", b->bank);
        com_word(&say, "unit", "%u", b->unit);
        com_word(&say, "profile", "%s", b->profile->name);
        com_word(&say, "doors", "%u", lk_com_doors(b, NULL));
        com_tell(com, &say);
        for (unsigned ch = 0; ch < b->profile->channels; ch++) {
            tell_channel(com, b, ch);
        }
    }
}

/* --- what cannot be written */

static bool has_one_input_board(const struct lk_com_board *b)
{
    unsigned unit = 0;
    bool one = true;
    for (unsigned ch = 0; ch < LK_COM_CHANNELS; ch++) {
        const struct lk_com_channel *c = &b->channel[ch];
        if (c->state == LK_COM_KNOWN) {
            one = one && (unit == 0 || unit == c->input_unit);
            unit = c->input_unit;
        }
    }
    return one;
}

static bool bank_is_whole(struct lk_com *com, const struct lk_com_board *b)
{
    unsigned highest, n = lk_com_doors(b, &highest);
    const char *key = n != highest ? "gap" : !has_one_input_board(b) ? "mixed_inputs" : NULL;
    if (key) {
        struct lk_com_say say = com_say(key);
        com_word(&say, "bank", "%s", b->bank);
        com_word(&say, "doors", "%u", n);
        com_word(&say, "highest", "%u", highest);
        com_tell(com, &say);
    }
    return !key;
}

static bool is_whole(struct lk_com *com)
{
    bool whole = true;
    unsigned doors = 0;
    for (unsigned i = 0; i < com->known->boards; i++) {
        const struct lk_com_board *b = &com->known->board[i];
        doors += lk_com_doors(b, NULL);
        whole = bank_is_whole(com, b) && whole;
    }
    if (doors == 0) {
        struct lk_com_say say = com_say("no_doors");
        com_tell(com, &say);
    }
    return whole && doors > 0;
}

/* --- what the person wants changed */

/* "A07" or "A07:" of a bank that exists. */
static const struct lk_com_board *label(const struct lk_com *com, const char *text, unsigned *ret_door)
{
    for (unsigned i = 0; i < com->known->boards; i++) {
        const struct lk_com_board *b = &com->known->board[i];
        size_t n = strlen(b->bank);
        uint64_t door;
        if (n == 0 || strncmp(text, b->bank, n) != 0) {
            continue;
        }
        const char *digits = text + n;
        digits += digits[0] == '0' ? 1 : 0;
        /* Labels have two digits, so A107 is bank A1, door 7, and A07 is not bank A0. */
        if (strlen(text + n) == 2 && lk_text_parse_u64(digits, LK_COM_CHANNELS, &door) == 0 && door > 0) {
            *ret_door = (unsigned)door;
            return b;
        }
    }
    return NULL;
}

static int redo_channel(struct lk_com *com, const struct lk_com_board *b, unsigned channel)
{
    struct lk_com_fact fact = {.kind = LK_COM_AGAIN, .unit = b->unit, .channel = channel};
    return com_note(com, &fact);
}

/* redo A07, or redo A channel 3: "redo A/3". 1: not understood. */
static int redo(struct lk_com *com, const char *what)
{
    char bank[LK_COM_BANK];
    unsigned door, channel;
    const struct lk_com_board *b = label(com, what, &door);
    int ch = b ? lk_com_channel_of_door(b, door) : -1;
    if (ch >= 0) {
        return redo_channel(com, b, (unsigned)ch);
    }
    if (sscanf(what, "%5[A-Z0-9]/%2u", bank, &channel) == 2) {
        b = lk_com_bank_of(com->known, bank);
        if (b && channel >= 1 && channel <= b->profile->channels) {
            return redo_channel(com, b, channel - 1);
        }
    }
    return 1;
}

static int number(struct lk_com *com, const char *from, const char *to)
{
    unsigned door_from, door_to;
    const struct lk_com_board *b = label(com, from, &door_from), *other = label(com, to, &door_to);
    if (!b || b != other || lk_com_channel_of_door(b, door_from) < 0) {
        return 1;
    }
    struct lk_com_fact fact = {.kind = LK_COM_NUMBER, .unit = b->unit, .door = door_from, .to = door_to};
    return com_note(com, &fact);
}

/* Numbers without gaps, in the order they have. */
static int close_up(struct lk_com *com, const char *bank)
{
    const struct lk_com_board *b = lk_com_bank_of(com->known, bank);
    unsigned to = 1;
    if (!b) {
        return 1;
    }
    for (unsigned door = 1; door <= LK_COM_CHANNELS; door++) {
        if (lk_com_channel_of_door(b, door) < 0) {
            continue;
        }
        struct lk_com_fact fact = {.kind = LK_COM_NUMBER, .unit = b->unit, .door = door, .to = to};
        int r = door != to ? com_note(com, &fact) : 0;
        if (r < 0) {
            return r;
        }
        to++;
    }
    return 0;
}

static int sizes(struct lk_com *com, const char *bank, const char *text)
{
    const struct lk_com_board *b = lk_com_bank_of(com->known, bank);
    struct lk_com_fact fact = {.kind = LK_COM_SIZES, .unit = b ? b->unit : 0};
    if (!b || !strchr(text, ':') || lk_text_copy(fact.text, sizeof(fact.text), text) < 0) {
        return 1;
    }
    return com_note(com, &fact);
}

/* 0: noted; 1: not understood; negative: an errno. */
static int take(struct lk_com *com, const char *text)
{
    char a[LK_COM_ANSWER] = "", b[LK_COM_ANSWER] = "";
    if (strcmp(text, "ok") == 0) {
        struct lk_com_fact done = {.kind = LK_COM_DONE};
        return is_whole(com) ? com_note(com, &done) : 0;
    }
    if (sscanf(text, "redo %159s", a) == 1) {
        return redo(com, a);
    }
    if (sscanf(text, "number %159s %159s", a, b) == 2) {
        return number(com, a, b);
    }
    if (sscanf(text, "close-up %159s", a) == 1) {
        return close_up(com, a);
    }
    if (sscanf(text, "sizes %159s %159[^\n]", a, b) == 2) {
        return sizes(com, a, b);
    }
    return 1;
}

int com_review(struct lk_com *com)
{
    char text[LK_COM_ANSWER];
    tell_all(com);
    struct lk_com_say q = com_say("review");
    int r = com_ask(com, &q, text);
    r = r == 0 ? take(com, text) : r;
    if (r == 1) {
        struct lk_com_say say = com_say("not_understood");
        com_word(&say, "text", "%s", text);
        com_tell(com, &say);
        r = 0;
    }
    return r;
}
