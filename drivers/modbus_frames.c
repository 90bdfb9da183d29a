#include <string.h>

#include "modbus_bank.h"

enum { WRITE_COIL = 0x05, READ_REGISTERS = 0x03, COIL_OFF = 0x0000 };

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

static struct lk_fb_request read_frame(const struct lk_modbus_bank *bank, uint8_t function, unsigned address,
                                       unsigned bytes)
{
    struct lk_fb_request r = frame(bank, function, address, bank->config.profile->channels);
    r.expect = LK_FB_READ;
    r.read_bytes = (uint8_t)bytes;
    return r;
}

static unsigned packed_bytes(const struct lk_modbus_bank *bank)
{
    return (bank->config.profile->channels + 7) / 8;
}

struct lk_fb_request lk_modbus_all_off(const struct lk_modbus_bank *bank)
{
    return frame(bank, WRITE_COIL, bank->config.profile->all_off_address, COIL_OFF);
}

struct lk_fb_request lk_modbus_coil_off(const struct lk_modbus_bank *bank, unsigned channel)
{
    return frame(bank, WRITE_COIL, bank->config.profile->coils_address + channel, COIL_OFF);
}

struct lk_fb_request lk_modbus_pulse(const struct lk_modbus_bank *bank, unsigned channel)
{
    const struct lk_board_profile *p = bank->config.profile;
    struct lk_fb_request r = {0};
    switch (p->pulse_kind) {
    case LK_PULSE_COIL_TIMED:
        r = frame(bank, WRITE_COIL, p->pulse_address + channel, bank->config.pulse_ms / p->pulse_unit_ms);
        break;
    }
    r.priority = LK_FB_PULSE;
    return r;
}

struct lk_fb_request lk_modbus_read_coils(const struct lk_modbus_bank *bank)
{
    const struct lk_board_profile *p = bank->config.profile;
    return read_frame(bank, p->coils_read, p->coils_address, packed_bytes(bank));
}

struct lk_fb_request lk_modbus_read_inputs(const struct lk_modbus_bank *bank)
{
    const struct lk_board_profile *p = bank->config.profile;
    return read_frame(bank, p->inputs_read, p->inputs_address, packed_bytes(bank));
}

struct lk_fb_request lk_modbus_read_link_modes(const struct lk_modbus_bank *bank)
{
    const struct lk_board_profile *p = bank->config.profile;
    return read_frame(bank, READ_REGISTERS, p->link_modes_address, p->channels * 2);
}

uint32_t lk_modbus_bits(const struct lk_fb_completion *c, unsigned channels)
{
    uint32_t bits = 0;
    for (unsigned i = 0; i < channels; i++) {
        bits |= (uint32_t)(c->data[i / 8] >> i % 8 & 1) << i;
    }
    return bits;
}

uint32_t lk_modbus_levels(const struct lk_modbus_bank *bank, const struct lk_fb_completion *c)
{
    uint32_t bits = lk_modbus_bits(c, bank->config.profile->channels), levels = 0;
    for (unsigned d = 0; d < bank->config.doors; d++) {
        levels |= (bits >> bank->config.channels[d] & 1) << d;
    }
    return levels;
}
