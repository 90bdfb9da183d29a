#include <string.h>

#include "modbus_bank.h"

enum {
    READ_REGISTERS = 0x03,
    WRITE_COIL = 0x05,
    WRITE_REGISTER = 0x06,
    WRITE_COILS = 0x0F,
    WRITE_REGISTERS = 0x10,
    COIL_ON = 0xFF00,
    COIL_OFF = 0x0000
};

static struct lk_fb_request frame(const struct lk_modbus_bank *bank, uint8_t function, unsigned address, unsigned value)
{
    return (struct lk_fb_request){
        .unit = bank->config.unit,
        .pdu_len = 5,
        .pdu = {function, (uint8_t)(address >> 8), (uint8_t)address, (uint8_t)(value >> 8), (uint8_t)value},
        .expect = LK_FB_ECHO,
        .priority = LK_FB_MOVING,
        .timeout_ms = bank->config.timeout_ms};
}

/* Functions 0F and 10: count, length and data behind the address; the reply is the first five bytes. */
static struct lk_fb_request frame_many(const struct lk_modbus_bank *bank, uint8_t function, unsigned address,
                                       unsigned count, const uint8_t *data, unsigned n)
{
    struct lk_fb_request r = frame(bank, function, address, count);
    r.expect = LK_FB_HEAD;
    r.pdu[5] = (uint8_t)n;
    memcpy(r.pdu + 6, data, n);
    r.pdu_len = (uint8_t)(6 + n);
    return r;
}

/* Functions 01 and 02 pack eight to a byte, 03 and 04 spend a register on each. */
static struct lk_fb_request read_frame(const struct lk_modbus_bank *bank, uint8_t function, unsigned address,
                                       unsigned count)
{
    struct lk_fb_request r = frame(bank, function, address, count);
    r.expect = LK_FB_READ;
    r.read_bytes = (uint8_t)(function >= READ_REGISTERS ? count * 2 : (count + 7) / 8);
    return r;
}

struct lk_fb_request lk_modbus_all_off(const struct lk_modbus_bank *bank)
{
    static const uint8_t zero[(LK_BOARD_CHANNELS_MAX + 7) / 8];
    const struct lk_board_profile *p = bank->config.profile;
    struct lk_fb_request r = {0};
    switch (p->all_off_kind) {
    case LK_ALL_OFF_COIL:
        r = frame(bank, WRITE_COIL, p->all_off_address, COIL_OFF);
        break;
    case LK_ALL_OFF_REGISTER:
        r = frame(bank, WRITE_REGISTER, p->all_off_address, p->all_off_value);
        break;
    case LK_ALL_OFF_COILS:
        r = frame_many(bank, WRITE_COILS, p->coil_address, p->channels, zero, (p->channels + 7) / 8);
        break;
    }
    return r;
}

static struct lk_fb_request coil(const struct lk_modbus_bank *bank, unsigned channel, bool on)
{
    const struct lk_board_profile *p = bank->config.profile;
    struct lk_fb_request r = {0};
    switch (p->coil_kind) {
    case LK_COIL_BIT:
        r = frame(bank, WRITE_COIL, p->coil_address + channel, on ? COIL_ON : COIL_OFF);
        break;
    case LK_COIL_REGISTER:
        r = frame(bank, WRITE_REGISTER, p->coil_address + channel, on ? p->coil_on : p->coil_off);
        break;
    }
    return r;
}

struct lk_fb_request lk_modbus_coil_off(const struct lk_modbus_bank *bank, unsigned channel)
{
    return coil(bank, channel, false);
}

static struct lk_fb_request pulse_registers(const struct lk_modbus_bank *bank, unsigned channel, unsigned mode,
                                            unsigned units)
{
    const struct lk_board_profile *p = bank->config.profile;
    const uint8_t data[] = {(uint8_t)(mode >> 8), (uint8_t)mode, (uint8_t)(units >> 8), (uint8_t)units};
    return frame_many(bank, WRITE_REGISTERS, p->pulse_address + channel * p->pulse_stride, sizeof(data) / 2, data,
                      sizeof(data));
}

struct lk_fb_request lk_modbus_pulse(const struct lk_modbus_bank *bank, unsigned channel)
{
    const struct lk_board_profile *p = bank->config.profile;
    unsigned mode = p->pulse_modes[0], units = bank->config.pulse_ms / p->pulse_unit_ms;
    struct lk_fb_request r = {0};
    switch (p->pulse_kind) {
    case LK_PULSE_COIL_TIMED:
        r = frame(bank, WRITE_COIL, p->pulse_address + channel, units);
        break;
    case LK_PULSE_REGISTERS_TIMED:
        r = pulse_registers(bank, channel, mode, units);
        break;
    case LK_PULSE_REGISTER_COMMAND:
        r = frame(bank, WRITE_REGISTER, p->pulse_address + channel,
                  mode << 8 | (mode == p->pulse_fixed_mode ? 0 : units));
        break;
    case LK_PULSE_SOFTWARE:
        r = coil(bank, channel, true);
        break;
    }
    r.priority = LK_FB_PULSE;
    return r;
}

struct lk_fb_request lk_modbus_read_coils(const struct lk_modbus_bank *bank)
{
    const struct lk_board_profile *p = bank->config.profile;
    return read_frame(bank, p->coils_read, p->coils_address, p->channels);
}

struct lk_fb_request lk_modbus_read_inputs(const struct lk_modbus_bank *bank)
{
    const struct lk_board_profile *p = bank->config.profile;
    return read_frame(bank, p->inputs_read, p->inputs_address, p->inputs);
}

struct lk_fb_request lk_modbus_read_link_modes(const struct lk_modbus_bank *bank)
{
    const struct lk_board_profile *p = bank->config.profile;
    return read_frame(bank, READ_REGISTERS, p->link_modes_address, p->inputs);
}

uint32_t lk_modbus_bits(const struct lk_fb_completion *c, unsigned count)
{
    bool registers = c->data_len == count * 2;
    uint32_t bits = 0;
    for (unsigned i = 0; i < count; i++) {
        bool on = registers ? c->data[2 * i] || c->data[2 * i + 1] : c->data[i / 8] >> i % 8 & 1;
        bits |= (uint32_t)on << i;
    }
    return bits;
}

uint32_t lk_modbus_levels(const struct lk_modbus_bank *bank, const struct lk_fb_completion *c)
{
    uint32_t bits = lk_modbus_bits(c, bank->config.profile->inputs), levels = 0;
    for (unsigned d = 0; d < bank->config.doors; d++) {
        levels |= (bits >> bank->config.channels[d] & 1) << d;
    }
    return levels;
}
