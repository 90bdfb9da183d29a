#include "drivers/card.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "card_frame.h"
#include "plug.h"

enum { CHUNK = 256, CHUNKS_PER_CALL = 16, FOUND = 0x9f, DONE = 0x90, NO_CARD = 0x80, NOT_SELECTED = 0x81 };

struct lk_card {
    struct lk_serial *serial;
    const struct lk_card_sink *sink;
    void *user;
    struct lk_plug plug;
    enum lk_card_step step;
    bool waiting;    /* for the answer to step, until at_ms; else the next search begins then */
    int64_t at_ms;   /* one of the two */
    unsigned silent; /* commands without an answer, in a row */
    unsigned tries;  /* of the card that lies there */
    bool told;       /* the card that lies there was told */
    size_t len;      /* bytes of frame[] */
    struct lk_card_counts counts;
    uint8_t frame[LK_CARD_FRAME_MAX];
};

int lk_card_create(struct lk_serial *serial, const struct lk_card_sink *sink, void *user, struct lk_card **ret_card)
{
    struct lk_card *card = calloc(1, sizeof(*card));
    if (!card) {
        (void)lk_serial_destroy(serial);
        return -ENOMEM;
    }
    card->serial = serial;
    card->sink = sink;
    card->user = user;
    lk_plug_init(&card->plug);
    *ret_card = card;
    return 0;
}

struct lk_card *lk_card_destroy(struct lk_card *card)
{
    if (card) {
        (void)lk_serial_destroy(card->serial);
        explicit_bzero(card, sizeof(*card));
        free(card);
    }
    return NULL;
}

static void wipe(struct lk_card *card)
{
    explicit_bzero(card->frame, sizeof(card->frame));
    card->len = 0;
}

static void set_state(struct lk_card *card, int error, int64_t now_ms)
{
    if (lk_plug_set(&card->plug, error, lk_serial_retry_at_ms(now_ms))) {
        card->sink->state(card->user, error, now_ms);
    }
}

static void lose(struct lk_card *card, int error, int64_t now_ms)
{
    lk_serial_close(card->serial);
    wipe(card);
    card->waiting = false;
    card->tries = 0;
    card->told = false;
    set_state(card, error, now_ms);
}

static void search_later(struct lk_card *card, int64_t now_ms)
{
    card->waiting = false;
    card->at_ms = now_ms + LK_CARD_FIND_MS;
}

static void ask(struct lk_card *card, enum lk_card_step step, int64_t now_ms)
{
    wipe(card);
    ssize_t n = lk_serial_write(card->serial, lk_card_command(step), LK_CARD_COMMAND);
    if (n < 0 && n != -EAGAIN) {
        lose(card, (int)n, now_ms);
        return;
    }
    card->step = step; /* a command that did not go out whole is answered by silence */
    card->waiting = true;
    card->at_ms = now_ms + (step == LK_CARD_READ_TEXT ? LK_CARD_READ_MS : LK_CARD_ANSWER_MS);
}

/* --- the card
 * ---------------------------------------------------------------------------------------------------------------- */

static void tell(struct lk_card *card, enum lk_card_result result, int64_t now_ms)
{
    card->told = true;
    card->counts.results[result]++;
    card->sink->result(card->user, result, now_ms);
}

static void gone(struct lk_card *card)
{
    card->tries = 0;
    card->told = false;
}

/* Select or read failed, or its answer was broken or missing: the card is tried again from the beginning. */
static void failed(struct lk_card *card, int64_t now_ms)
{
    if (card->step != LK_CARD_FIND && ++card->tries == LK_CARD_TRIES && !card->told) {
        tell(card, LK_CARD_NOT_READ, now_ms);
    }
    search_later(card, now_ms);
}

/* What the text says stays in here: the only place where a person's data is decoded. */
static enum lk_card_result judge(const struct lk_card *card)
{
    struct lk_card_holder holder;
    if (!card->sink->compare) {
        return LK_CARD_READ;
    }
    if (lk_card_holder(card->frame, card->len, &holder) < 0) {
        return LK_CARD_NOT_READ;
    }
    bool match = card->sink->compare(card->user, &holder);
    explicit_bzero(&holder, sizeof(holder));
    return match ? LK_CARD_MATCH : LK_CARD_OTHER;
}

static void was_read(struct lk_card *card, int64_t now_ms)
{
    enum lk_card_result result = judge(card);
    wipe(card);
    search_later(card, now_ms);
    tell(card, result, now_ms);
}

static void answered(struct lk_card *card, int64_t now_ms)
{
    int status = lk_card_status(card->frame);
    card->silent = 0;
    if (card->step == LK_CARD_FIND && status == FOUND) {
        if (card->told) {
            search_later(card, now_ms); /* it still lies there */
        } else {
            ask(card, LK_CARD_SELECT, now_ms);
        }
    } else if (card->step == LK_CARD_FIND && status == NO_CARD) {
        gone(card);
        search_later(card, now_ms);
    } else if (card->step == LK_CARD_SELECT && status == DONE) {
        ask(card, LK_CARD_READ_TEXT, now_ms);
    } else if (card->step == LK_CARD_READ_TEXT && status == DONE) {
        was_read(card, now_ms);
    } else {
        card->counts.bad += status != NOT_SELECTED || card->step != LK_CARD_SELECT;
        failed(card, now_ms);
    }
}

/* --- the line
 * ---------------------------------------------------------------------------------------------------------------- */

static void take_byte(struct lk_card *card, uint8_t byte, int64_t now_ms)
{
    if (!card->waiting) {
        return; /* too late, or nobody asked: worth nothing */
    }
    switch (lk_card_take(card->frame, &card->len, byte)) {
    case LK_CARD_MORE:
        break;
    case LK_CARD_WHOLE:
        set_state(card, 0, now_ms);
        answered(card, now_ms);
        break;
    case LK_CARD_BROKEN:
        card->counts.bad++;
        failed(card, now_ms);
        wipe(card);
        break;
    }
    if (!card->waiting) {
        wipe(card);
    }
}

void lk_card_ready(struct lk_card *card, int64_t now_ms)
{
    uint8_t bytes[CHUNK];
    ssize_t n = -EAGAIN;
    for (int i = 0; i < CHUNKS_PER_CALL && lk_card_fd(card) >= 0; i++) {
        n = lk_serial_read(card->serial, bytes, sizeof(bytes));
        for (ssize_t k = 0; k < n; k++) {
            take_byte(card, bytes[k], now_ms);
        }
        if (n <= 0) {
            break;
        }
    }
    explicit_bzero(bytes, sizeof(bytes));
    if (n < 0 && n != -EAGAIN && lk_card_fd(card) >= 0) {
        lose(card, (int)n, now_ms);
    }
}

static void unanswered(struct lk_card *card, int64_t now_ms)
{
    card->silent++;
    if (card->silent == LK_CARD_SILENT) {
        set_state(card, -ETIMEDOUT, now_ms);
    }
    card->counts.bad += card->len > 0; /* cut short */
    wipe(card);
    failed(card, now_ms);
}

static void try_open(struct lk_card *card, int64_t now_ms)
{
    int r = lk_serial_open(card->serial);
    if (r < 0) {
        set_state(card, r, now_ms);
        return;
    }
    card->silent = 0;
    gone(card);
    ask(card, LK_CARD_FIND, now_ms); /* it is there when it answers */
}

void lk_card_tick(struct lk_card *card, int64_t now_ms)
{
    if (lk_card_fd(card) < 0) {
        if (now_ms >= card->plug.open_at_ms) {
            try_open(card, now_ms);
        }
    } else if (now_ms >= card->at_ms) {
        if (card->waiting) {
            unanswered(card, now_ms);
        } else {
            ask(card, LK_CARD_FIND, now_ms);
        }
    }
}

int64_t lk_card_next_at_ms(const struct lk_card *card)
{
    return lk_card_fd(card) < 0 ? card->plug.open_at_ms : card->at_ms;
}

int lk_card_fd(const struct lk_card *card)
{
    return lk_serial_fd(card->serial);
}

int lk_card_error(const struct lk_card *card)
{
    return card->plug.error;
}

void lk_card_counts(const struct lk_card *card, struct lk_card_counts *ret_counts)
{
    *ret_counts = card->counts;
}

const char *lk_card_result_name(enum lk_card_result result)
{
    switch (result) {
    case LK_CARD_MATCH:
        return "match";
    case LK_CARD_OTHER:
        return "somebody else";
    case LK_CARD_READ:
        return "read";
    case LK_CARD_NOT_READ:
        return "not read";
    case LK_CARD_RESULTS:
        break;
    }
    return "?";
}
