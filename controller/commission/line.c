#include "com.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

enum { RTU_READ_BITS = 2, POLL_MS = 50 };

int com_open(struct lk_com *com, unsigned baud, enum lk_fb_parity parity)
{
    struct lk_fieldbus_config config = com->setup.line;
    com_close(com);
    if (config.transport == LK_FB_RTU) {
        config.baud = baud;
        config.parity = parity;
    }
    return com->io.open(com->user, &config, &com->fb);
}

void com_close(struct lk_com *com)
{
    for (unsigned i = 0; i < LK_COM_BOARDS; i++) {
        com->board[i].bank = lk_lockbank_destroy(com->board[i].bank);
        com->board[i].has_inputs = false;
    }
    com->fb = lk_fieldbus_destroy(com->fb);
    com->awake = false;
    com->waiting = 0;
}

static bool is_packed(unsigned function)
{
    return function <= RTU_READ_BITS;
}

struct lk_fb_request com_read(unsigned unit, unsigned function, unsigned address, unsigned count)
{
    return (struct lk_fb_request){
        .unit = (uint8_t)unit,
        .pdu_len = 5,
        .pdu = {(uint8_t)function, (uint8_t)(address >> 8), (uint8_t)address, (uint8_t)(count >> 8), (uint8_t)count},
        .expect = LK_FB_READ,
        .read_bytes = (uint8_t)(is_packed(function) ? (count + 7) / 8 : count * 2),
        .priority = LK_FB_NORMAL,
        .timeout_ms = LK_COM_PROBE_MS};
}

static unsigned inputs_of(const struct lk_board_profile *profile)
{
    return profile->inputs;
}

/* The inputs of a reading, one bit each. */
static uint32_t bits_of(const struct lk_board_profile *profile, const struct lk_fb_completion *c)
{
    uint32_t bits = 0;
    for (unsigned i = 0; i < inputs_of(profile) && i < 32; i++) {
        bool on =
            is_packed(profile->inputs_read) ? c->data[i / 8] >> i % 8 & 1 : (c->data[2 * i] | c->data[2 * i + 1]) != 0;
        bits |= (uint32_t)on << i;
    }
    return bits;
}

static void take_inputs(struct lk_com *com, const struct lk_fb_completion *c)
{
    unsigned i = (unsigned)(c->tag & 0xFFFF);
    struct com_board *b = &com->board[i];
    b->has_inputs = c->status == 0;
    if (b->has_inputs) {
        b->inputs = bits_of(com->known->board[i].profile, c);
        b->at_ms = c->sent_at_ns / 1000000;
    }
}

void com_reap(struct lk_com *com)
{
    struct lk_fb_completion c;
    while (com->fb && lk_fieldbus_reap(com->fb, &c)) {
        unsigned whose = lk_lockbank_tag_bank(c.tag);
        if (whose == COM_TAG_INPUTS) {
            take_inputs(com, &c);
        } else if (whose == COM_TAG_REQUEST) {
            com->has_answer = com->has_answer || c.tag == com->waiting;
            com->completion = c.tag == com->waiting ? c : com->completion;
        } else if (whose < LK_COM_BOARDS && com->board[whose].bank) {
            lk_lockbank_completion(com->board[whose].bank, &c, com_now(com));
        }
    }
}

int com_exchange(struct lk_com *com, struct lk_fb_request *request, struct lk_fb_completion *ret_completion)
{
    request->tag = (uint64_t)COM_TAG_REQUEST << 48 | ++com->seq;
    com->waiting = request->tag;
    com->has_answer = false;
    if (lk_fieldbus_submit(com->fb, request) < 0) {
        return -EIO;
    }
    while (!com->has_answer) {
        int r = com_pass(com, com_now(com) + POLL_MS);
        if (r < 0) {
            return r;
        }
    }
    *ret_completion = com->completion;
    return 0;
}

int com_watch_inputs(struct lk_com *com)
{
    for (unsigned i = 0; i < com->known->boards; i++) {
        const struct lk_com_board *b = &com->known->board[i];
        if (inputs_of(b->profile) == 0) {
            continue;
        }
        struct lk_fb_request read =
            com_read(b->unit, b->profile->inputs_read, b->profile->inputs_address, inputs_of(b->profile));
        struct lk_fb_poll poll = {.tag = (uint64_t)COM_TAG_INPUTS << 48 | i,
                                  .unit = read.unit,
                                  .pdu_len = read.pdu_len,
                                  .read_bytes = read.read_bytes,
                                  .period_ms = POLL_MS,
                                  .report_every_ms = 200,
                                  .timeout_ms = b->profile->timeout_ms};
        memcpy(poll.pdu, read.pdu, read.pdu_len);
        int r = lk_fieldbus_poll_set(com->fb, &poll);
        if (r < 0) {
            return r;
        }
    }
    return 0;
}

bool com_inputs_known(const struct lk_com *com)
{
    for (unsigned i = 0; i < com->known->boards; i++) {
        if (inputs_of(com->known->board[i].profile) > 0 && !com->board[i].has_inputs) {
            return false;
        }
    }
    return true;
}
