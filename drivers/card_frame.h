/* The frames of an ID-card reader, and the text of a card. Pure; private to the card driver and its tests. */
#ifndef DRIVERS_CARD_FRAME_H
#define DRIVERS_CARD_FRAME_H

#include <stddef.h>

#include "drivers/card.h"

enum { LK_CARD_HEAD = 5, LK_CARD_COMMAND = 10, LK_CARD_TEXT = 256 };

enum lk_card_step { LK_CARD_FIND, LK_CARD_SELECT, LK_CARD_READ_TEXT };

/* What the bytes so far are. */
enum lk_card_scan {
    LK_CARD_MORE,  /* the beginning of an answer; more has to come */
    LK_CARD_WHOLE, /* an answer, its checksum right */
    LK_CARD_BROKEN /* no answer will come of it: length or checksum */
};

/* The command of a step, LK_CARD_COMMAND bytes. */
const uint8_t *lk_card_command(enum lk_card_step step);

/* Takes one byte behind *len bytes of an answer. Noise before the head is thrown away. frame: LK_CARD_FRAME_MAX. */
enum lk_card_scan lk_card_take(uint8_t *frame, size_t *len, uint8_t byte);

/* SW3 of a whole answer, or -1 when SW1 or SW2 is not 0. */
int lk_card_status(const uint8_t *frame);

/* The holder in a whole answer to LK_CARD_READ_TEXT. 0, or -EBADMSG: no resident card's text. */
int lk_card_holder(const uint8_t *frame, size_t len, struct lk_card_holder *ret_holder);

#endif
