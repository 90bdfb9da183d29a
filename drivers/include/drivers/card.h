/*
 * An ID-card reader of the SAM kind on a serial line: finds a resident identity card, reads its text, and COMPARES it
 * with what the caller knows. It may be unplugged and come back.
 *
 * Personal data (law 12): what a card says is handed to one callback, which answers "yes" or "no", and is overwritten
 * the moment that returns: our frame, our chunk of the line, the decoded fields. Without a callback nothing is decoded
 * at all. Nothing here stores, logs, counts or sends any of it. What the kernel's tty buffer and the reader itself keep
 * is not in our hands; the line is read at once and flushed at open.
 *
 * Protocol (115200 8N1). Command: AA AA AA 96 69, length (2 bytes, big-endian: what follows, checksum included),
 * command, parameter, data, checksum: all bytes from the length on, XORed. Answer: the same head and length, then SW1
 * SW2 SW3, data, checksum.
 *   find   20 01  -> 00 00 9F and 4 bytes: a card;      00 00 80: none
 *   select 20 02  -> 00 00 90 and 8 bytes: selected;    00 00 81: not
 *   read   30 01  -> 00 00 90, text length and photo length (2 bytes each, big-endian; 256 and 1024), text, photo
 * A card that was read is found again only after it was taken away and put back, in most readers; one that finds it
 * again at once is not asked to read it again. The text is UTF-16LE in fixed fields: name 30 bytes, sex 2, people 4,
 * birth 16, address 70, number 36, authority 30, from 16, until 16, spare 36.
 *
 * Sources: GA 467-2004 (interface of the SAM), as retold by makers of readers (a UART protocol paper of such a reader)
 * and as three independent public drivers use it. Unverified, for we had no reader on the bench: the times below, SW3
 * other than 9F 90 80 81, and the photo's length of readers that do not send 1024. Other layouts (permanent residence
 * cards of foreigners) are answered LK_CARD_NOT_READ.
 *
 * How the caller drives it: as drivers/scanner.h. Thread: the owner's. Nothing blocks or logs; memory is taken at
 * create. Time: the caller's monotonic ms.
 */
#ifndef DRIVERS_CARD_H
#define DRIVERS_CARD_H

#include <stdbool.h>
#include <stdint.h>

#include "hal/serial.h"

struct lk_card;

enum {
    LK_CARD_FRAME_MAX = 1295, /* head, length, and what a read answers */
    LK_CARD_FIND_MS = 300,    /* between two searches */
    LK_CARD_ANSWER_MS = 800,  /* for the answer to find and select */
    LK_CARD_READ_MS = 2500,   /* for the answer to read: about one second of radio, 0.12 s of line */
    LK_CARD_SILENT = 5,       /* unanswered commands in a row until the reader counts as silent */
    LK_CARD_TRIES = 3,        /* of one card, until it is called unreadable */
};

/* What a card says; UTF-8, NUL-terminated. Valid during the callback only: copy nothing out of it. */
struct lk_card_holder {
    char number[19]; /* 17 digits and a digit or X */
    char name[61];
};

enum lk_card_result {
    LK_CARD_MATCH,    /* compare() said so */
    LK_CARD_OTHER,    /* compare() said no */
    LK_CARD_READ,     /* it could be read; nothing was compared */
    LK_CARD_NOT_READ, /* there is a card, and it cannot be read */
    LK_CARD_RESULTS
};

/* Where a reader tells its news. The callee must not call the same reader, but for fd() and error(). */
struct lk_card_sink {
    /* Whether this is the person that is expected here. NULL: never asked. */
    bool (*compare)(void *user, const struct lk_card_holder *holder);
    /* Once per card that was put there. Required. */
    void (*result)(void *user, enum lk_card_result result, int64_t now_ms);
    /* It answers (0), or not: -ETIMEDOUT: the line is there, the reader is silent or set to another speed; else as
     * lk_serial_open(). Told when it changes. Required. */
    void (*state)(void *user, int error, int64_t now_ms);
};

/* Takes over `serial` (also on failure: then it is destroyed). sink must outlive the reader. 0 or -ENOMEM. */
int lk_card_create(struct lk_serial *serial, const struct lk_card_sink *sink, void *user, struct lk_card **ret_card);

/* Erases, closes; nothing is told. NULL is fine. Returns NULL. */
struct lk_card *lk_card_destroy(struct lk_card *card);

/* What has become due: opening, searching, giving up. Early or twice is harmless. */
void lk_card_tick(struct lk_card *card, int64_t now_ms);

/* Takes what has arrived. */
void lk_card_ready(struct lk_card *card, int64_t now_ms);

/* When tick() is wanted next. */
int64_t lk_card_next_at_ms(const struct lk_card *card);

/* The descriptor to watch; -1 while the line is not open. It changes only inside tick() and ready(). */
int lk_card_fd(const struct lk_card *card);

/* 0 while the reader answers, else why not; -ENODEV before its first answer. */
int lk_card_error(const struct lk_card *card);

/* The counts since create: cards of each result, answers that were no answer (checksum, length, unknown status). */
struct lk_card_counts {
    unsigned results[LK_CARD_RESULTS], bad;
};
void lk_card_counts(const struct lk_card *card, struct lk_card_counts *ret_counts);

/* "read", "not read", ...: for messages. Never NULL. */
const char *lk_card_result_name(enum lk_card_result result);

#endif
