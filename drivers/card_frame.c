#include "card_frame.h"

#include <errno.h>
#include <string.h>

enum {
    LENGTH_AT = LK_CARD_HEAD,
    STATUS_AT = LK_CARD_HEAD + 2,
    SIZES_AT = STATUS_AT + 3,
    TEXT_AT = SIZES_AT + 4,
    NAME_CHARS = 15,
    NUMBER_AT = TEXT_AT + 30 + 2 + 4 + 16 + 70,
    NUMBER_CHARS = 18,
    LENGTH_MIN = 4, /* SW1 SW2 SW3, checksum */
};

static const uint8_t head[LK_CARD_HEAD] = {0xaa, 0xaa, 0xaa, 0x96, 0x69};

const uint8_t *lk_card_command(enum lk_card_step step)
{
    static const uint8_t commands[][LK_CARD_COMMAND] = {
        [LK_CARD_FIND] = {0xaa, 0xaa, 0xaa, 0x96, 0x69, 0x00, 0x03, 0x20, 0x01, 0x22},
        [LK_CARD_SELECT] = {0xaa, 0xaa, 0xaa, 0x96, 0x69, 0x00, 0x03, 0x20, 0x02, 0x21},
        [LK_CARD_READ_TEXT] = {0xaa, 0xaa, 0xaa, 0x96, 0x69, 0x00, 0x03, 0x30, 0x01, 0x32},
    };
    return commands[step];
}

/* Throws away what cannot be the beginning of a head. */
static void seek_head(uint8_t *frame, size_t *len)
{
    while (*len > 0 && memcmp(frame, head, *len < LK_CARD_HEAD ? *len : LK_CARD_HEAD) != 0) {
        (*len)--;
        memmove(frame, frame + 1, *len);
    }
}

static size_t length_of(const uint8_t *frame)
{
    return (size_t)frame[LENGTH_AT] << 8 | frame[LENGTH_AT + 1];
}

static bool is_sum_right(const uint8_t *frame, size_t len)
{
    uint8_t sum = 0;
    for (size_t i = LENGTH_AT; i < len; i++) {
        sum ^= frame[i];
    }
    return sum == 0;
}

enum lk_card_scan lk_card_take(uint8_t *frame, size_t *len, uint8_t byte)
{
    frame[(*len)++] = byte;
    if (*len <= LK_CARD_HEAD) {
        seek_head(frame, len);
        return LK_CARD_MORE;
    }
    if (*len < STATUS_AT) {
        return LK_CARD_MORE;
    }
    size_t whole = STATUS_AT + length_of(frame);
    if (length_of(frame) < LENGTH_MIN || whole > LK_CARD_FRAME_MAX) {
        return LK_CARD_BROKEN;
    }
    if (*len < whole) {
        return LK_CARD_MORE;
    }
    return is_sum_right(frame, whole) ? LK_CARD_WHOLE : LK_CARD_BROKEN;
}

int lk_card_status(const uint8_t *frame)
{
    return frame[STATUS_AT] == 0 && frame[STATUS_AT + 1] == 0 ? frame[STATUS_AT + 2] : -1;
}

static uint16_t char_at(const uint8_t *text, size_t i)
{
    return (uint16_t)(text[2 * i] | text[2 * i + 1] << 8);
}

static int take_number(const uint8_t *text, char number[NUMBER_CHARS + 1])
{
    for (size_t i = 0; i < NUMBER_CHARS; i++) {
        uint16_t c = char_at(text, i);
        bool digit = c >= '0' && c <= '9';
        if (!digit && !(i == NUMBER_CHARS - 1 && (c == 'X' || c == 'x'))) {
            return -EBADMSG;
        }
        number[i] = digit ? (char)c : 'X';
    }
    number[NUMBER_CHARS] = '\0';
    return 0;
}

/* The basic plane is enough for the cards' own character set; a surrogate is shown as a replacement. */
static size_t add_utf8(char *out, uint16_t c)
{
    c = c >= 0xd800 && c <= 0xdfff ? 0xfffd : c;
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    out[0] = (char)(0xe0 | c >> 12);
    out[1] = (char)(0x80 | (c >> 6 & 0x3f));
    out[2] = (char)(0x80 | (c & 0x3f));
    return 3;
}

_Static_assert(sizeof(((struct lk_card_holder *)0)->name) > NAME_CHARS * 3, "a name fits in UTF-8");

/* Padded with blanks. */
static void take_name(const uint8_t *text, char *name)
{
    size_t chars = NAME_CHARS, len = 0;
    while (chars > 0 && (char_at(text, chars - 1) == ' ' || char_at(text, chars - 1) == 0)) {
        chars--;
    }
    for (size_t i = 0; i < chars; i++) {
        len += add_utf8(name + len, char_at(text, i));
    }
    name[len] = '\0';
}

int lk_card_holder(const uint8_t *frame, size_t len, struct lk_card_holder *ret_holder)
{
    struct lk_card_holder holder;
    size_t text = len > TEXT_AT ? (size_t)frame[SIZES_AT] << 8 | frame[SIZES_AT + 1] : 0;
    size_t photo = len > TEXT_AT ? (size_t)frame[SIZES_AT + 2] << 8 | frame[SIZES_AT + 3] : 0;
    if (text != LK_CARD_TEXT || len != TEXT_AT + text + photo + 1) {
        return -EBADMSG;
    }
    int r = take_number(frame + NUMBER_AT, holder.number);
    if (r == 0) {
        take_name(frame + TEXT_AT, holder.name);
        *ret_holder = holder;
    }
    explicit_bzero(&holder, sizeof(holder));
    return r;
}
