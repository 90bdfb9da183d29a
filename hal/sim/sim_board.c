#include "hal/sim_board.h"

#include <stdbool.h>
#include <string.h>

enum {
    READ_COILS = 0x01,
    READ_INPUTS = 0x02,
    READ_REGISTERS = 0x03,
    WRITE_COIL = 0x05,
    ILLEGAL_FUNCTION = 1,
    ILLEGAL_ADDRESS = 2,
    ILLEGAL_VALUE = 3,
    ALL_COILS = 0x00FF,
    FLASH_ON = 0x0200,
    LINK_MODES = 0x1000,
    PULSE_UNIT_NS = 100000000,
    PULSE_UNITS_MAX = 0x7FFF,
};

static void set_coil(struct lk_sim_board *b, unsigned channel, bool on, int64_t at_ns)
{
    uint32_t bit = UINT32_C(1) << channel;
    bool was = b->coils & bit;
    b->off_at_ns[channel] = 0;
    if (was == on || (!on && b->stuck & bit)) {
        return;
    }
    b->coils ^= bit;
    b->pulses[channel] += on;
    if (b->on_coil) {
        b->on_coil(b->user, b->unit, channel, on, at_ns);
    }
}

void lk_sim_board_run(struct lk_sim_board *board, int64_t now_ns)
{
    for (unsigned ch = 0; ch < board->channels; ch++) {
        if (board->off_at_ns[ch] != 0 && board->off_at_ns[ch] <= now_ns) {
            set_coil(board, ch, false, board->off_at_ns[ch]);
        }
    }
}

int64_t lk_sim_board_next_ns(const struct lk_sim_board *board)
{
    int64_t next_ns = INT64_MAX;
    for (unsigned ch = 0; ch < board->channels; ch++) {
        int64_t at_ns = board->off_at_ns[ch];
        next_ns = at_ns != 0 && at_ns < next_ns ? at_ns : next_ns;
    }
    return next_ns;
}

static size_t exception(const uint8_t *pdu, uint8_t code, uint8_t *ret_reply)
{
    ret_reply[0] = pdu[0] | 0x80;
    ret_reply[1] = code;
    return 2;
}

static size_t read_bits(const struct lk_sim_board *b, const uint8_t *pdu, uint32_t bits, uint8_t *ret_reply)
{
    unsigned address = (unsigned)(pdu[1] << 8 | pdu[2]), count = (unsigned)(pdu[3] << 8 | pdu[4]);
    if (count < 1 || address + count > b->channels) {
        return exception(pdu, ILLEGAL_ADDRESS, ret_reply);
    }
    unsigned bytes = (count + 7) / 8;
    memset(ret_reply, 0, 2 + bytes);
    ret_reply[0] = pdu[0];
    ret_reply[1] = (uint8_t)bytes;
    for (unsigned i = 0; i < count; i++) {
        ret_reply[2 + i / 8] |= (uint8_t)((bits >> (address + i) & 1) << i % 8);
    }
    return 2 + bytes;
}

static size_t read_registers(const struct lk_sim_board *b, const uint8_t *pdu, uint8_t *ret_reply)
{
    unsigned address = (unsigned)(pdu[1] << 8 | pdu[2]), count = (unsigned)(pdu[3] << 8 | pdu[4]);
    if (address < LINK_MODES || count < 1 || address - LINK_MODES + count > b->channels) {
        return exception(pdu, ILLEGAL_ADDRESS, ret_reply);
    }
    ret_reply[0] = pdu[0];
    ret_reply[1] = (uint8_t)(count * 2);
    for (unsigned i = 0; i < count; i++) {
        uint16_t mode = b->link_modes[address - LINK_MODES + i];
        ret_reply[2 + i * 2] = (uint8_t)(mode >> 8);
        ret_reply[3 + i * 2] = (uint8_t)mode;
    }
    return 2 + count * 2;
}

static size_t write_coil(struct lk_sim_board *b, const uint8_t *pdu, int64_t now_ns, uint8_t *ret_reply)
{
    unsigned address = (unsigned)(pdu[1] << 8 | pdu[2]), value = (unsigned)(pdu[3] << 8 | pdu[4]);
    if (address == ALL_COILS) {
        for (unsigned ch = 0; ch < b->channels; ch++) {
            set_coil(b, ch, value != 0, now_ns);
        }
    } else if (address < b->channels) {
        if (value != 0 && value != 0xFF00) {
            return exception(pdu, ILLEGAL_VALUE, ret_reply);
        }
        set_coil(b, address, value != 0, now_ns);
    } else if (address >= FLASH_ON && address - FLASH_ON < b->channels) {
        if (value < 1 || value > PULSE_UNITS_MAX) {
            return exception(pdu, ILLEGAL_VALUE, ret_reply);
        }
        set_coil(b, address - FLASH_ON, true, now_ns);
        b->off_at_ns[address - FLASH_ON] = now_ns + (int64_t)value * PULSE_UNIT_NS;
    } else {
        return exception(pdu, ILLEGAL_ADDRESS, ret_reply);
    }
    memcpy(ret_reply, pdu, 5);
    return 5;
}

size_t lk_sim_board_answer(struct lk_sim_board *board, const uint8_t *pdu, size_t n, int64_t now_ns, uint8_t *ret_reply)
{
    lk_sim_board_run(board, now_ns);
    if (n != 5) {
        return exception(pdu, ILLEGAL_FUNCTION, ret_reply);
    }
    switch (pdu[0]) {
    case READ_COILS:
        return read_bits(board, pdu, board->coils, ret_reply);
    case READ_INPUTS:
        return read_bits(board, pdu, board->inputs, ret_reply);
    case READ_REGISTERS:
        return read_registers(board, pdu, ret_reply);
    case WRITE_COIL:
        return write_coil(board, pdu, now_ns, ret_reply);
    default:
        return exception(pdu, ILLEGAL_FUNCTION, ret_reply);
    }
}
