#include "drivers/board_frames.h"

#include <string.h>

enum {
    READ_REGISTERS = 0x03,
    WRITE_COIL = 0x05,
    WRITE_REGISTER = 0x06,
    WRITE_COILS = 0x0F,
    WRITE_REGISTERS = 0x10,
    COIL_ON = 0xFF00,
    COIL_OFF = 0x0000,
    HEAD = 6, /* of functions 0F and 10: function, address, count, length */
};

static struct lk_fb_request frame(uint8_t function, unsigned address, unsigned value)
{
    return (struct lk_fb_request){
        .pdu_len = 5,
        .pdu = {function, (uint8_t)(address >> 8), (uint8_t)address, (uint8_t)(value >> 8), (uint8_t)value},
        .expect = LK_FB_ECHO};
}

/* Functions 0F and 10: the reply is the request's first five bytes. */
static struct lk_fb_request frame_many(uint8_t function, unsigned address, unsigned count, const uint8_t *data,
                                       size_t n)
{
    struct lk_fb_request r = frame(function, address, count);
    r.expect = LK_FB_HEAD;
    r.pdu[HEAD - 1] = (uint8_t)n;
    memcpy(r.pdu + HEAD, data, n);
    r.pdu_len = (uint8_t)(HEAD + n);
    return r;
}

/* Functions 01 and 02 pack eight to a byte, 03 and 04 spend a register on each. */
static struct lk_fb_request read_frame(uint8_t function, unsigned address, unsigned count)
{
    struct lk_fb_request r = frame(function, address, count);
    r.expect = LK_FB_READ;
    r.read_bytes = (uint8_t)(function >= READ_REGISTERS ? count * 2 : (count + 7) / 8);
    return r;
}

struct lk_fb_request lk_board_frame_all_off(const struct lk_board_profile *p)
{
    static const uint8_t zero[(LK_BOARD_CHANNELS_MAX + 7) / 8];
    struct lk_fb_request r = {0};
    switch (p->all_off_kind) {
    case LK_ALL_OFF_COIL:
        r = frame(WRITE_COIL, p->all_off_address, COIL_OFF);
        break;
    case LK_ALL_OFF_REGISTER:
        r = frame(WRITE_REGISTER, p->all_off_address, p->all_off_value);
        break;
    case LK_ALL_OFF_COILS:
        r = frame_many(WRITE_COILS, p->coil_address, p->channels, zero, (p->channels + 7) / 8);
        break;
    }
    return r;
}

struct lk_fb_request lk_board_frame_coil(const struct lk_board_profile *p, unsigned channel, bool on)
{
    struct lk_fb_request r = {0};
    switch (p->coil_kind) {
    case LK_COIL_BIT:
        r = frame(WRITE_COIL, p->coil_address + channel, on ? COIL_ON : COIL_OFF);
        break;
    case LK_COIL_REGISTER:
        r = frame(WRITE_REGISTER, p->coil_address + channel, on ? p->coil_on : p->coil_off);
        break;
    }
    return r;
}

static struct lk_fb_request pulse_registers(const struct lk_board_profile *p, unsigned channel, unsigned mode,
                                            unsigned units)
{
    const uint8_t data[] = {(uint8_t)(mode >> 8), (uint8_t)mode, (uint8_t)(units >> 8), (uint8_t)units};
    return frame_many(WRITE_REGISTERS, p->pulse_address + channel * p->pulse_stride, sizeof(data) / 2, data,
                      sizeof(data));
}

static struct lk_fb_request pulse_software(const struct lk_board_profile *p, unsigned channel, unsigned pulse_ms)
{
    struct lk_fb_request on = lk_board_frame_coil(p, channel, true), off = lk_board_frame_coil(p, channel, false);
    _Static_assert(LK_FB_THEN_MAX >= 5, "an echoed request fits in a follow-up");
    memcpy(on.then_pdu, off.pdu, off.pdu_len);
    on.then_pdu_len = off.pdu_len;
    on.then_after_ms = pulse_ms;
    return on;
}

struct lk_fb_request lk_board_frame_pulse(const struct lk_board_profile *p, unsigned channel, unsigned pulse_ms,
                                          unsigned mode)
{
    unsigned used = mode ? mode : p->pulse_modes[0], units = pulse_ms / p->pulse_unit_ms;
    struct lk_fb_request r = {0};
    switch (p->pulse_kind) {
    case LK_PULSE_COIL_TIMED:
        r = frame(WRITE_COIL, p->pulse_address + channel, units);
        break;
    case LK_PULSE_REGISTERS_TIMED:
        r = pulse_registers(p, channel, used, units);
        break;
    case LK_PULSE_REGISTER_COMMAND:
        r = frame(WRITE_REGISTER, p->pulse_address + channel, used << 8 | (used == p->pulse_fixed_mode ? 0 : units));
        break;
    case LK_PULSE_SOFTWARE:
        r = pulse_software(p, channel, pulse_ms);
        break;
    }
    return r;
}

struct lk_fb_request lk_board_frame_read_coils(const struct lk_board_profile *p)
{
    return read_frame(p->coils_read, p->coils_address, p->channels);
}

struct lk_fb_request lk_board_frame_read_inputs(const struct lk_board_profile *p)
{
    return read_frame(p->inputs_read, p->inputs_address, p->inputs);
}

struct lk_fb_request lk_board_frame_read_link_modes(const struct lk_board_profile *p)
{
    return read_frame(READ_REGISTERS, p->link_modes_address, p->inputs);
}

struct lk_fb_request lk_board_frame_read_identity(const struct lk_board_profile *p)
{
    return read_frame(READ_REGISTERS, p->identity_address, 1);
}

struct lk_fb_request lk_board_frame_set_watchdog(const struct lk_board_profile *p)
{
    return frame(WRITE_REGISTER, p->watchdog_address, p->watchdog_value);
}

struct lk_fb_request lk_board_frame_read_address(const struct lk_board_profile *p)
{
    return read_frame(READ_REGISTERS, p->address_register, 1);
}

struct lk_fb_request lk_board_frame_set_address(const struct lk_board_profile *p, uint8_t address)
{
    return frame(WRITE_REGISTER, p->address_register, address);
}

uint32_t lk_board_bits(const struct lk_fb_completion *c, unsigned count)
{
    bool registers = c->data_len == count * 2;
    uint32_t bits = 0;
    for (unsigned i = 0; i < count; i++) {
        bool on = registers ? lk_board_register(c, i) != 0 : c->data[i / 8] >> i % 8 & 1;
        bits |= (uint32_t)on << i;
    }
    return bits;
}

uint16_t lk_board_register(const struct lk_fb_completion *c, unsigned i)
{
    return 2 * i + 1 < c->data_len ? (uint16_t)(c->data[2 * i] << 8 | c->data[2 * i + 1]) : 0;
}
