#include "frame.h"

#include <string.h>

uint16_t lk_cab_crc(const uint8_t *bytes, size_t n)
{
    uint16_t crc = 0xFFFF;
    for (size_t i = 0; i < n; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc & 1 ? (uint16_t)(crc >> 1 ^ 0xA001) : (uint16_t)(crc >> 1);
        }
    }
    return crc;
}

bool lk_cab_crc_ok(const uint8_t *bytes, size_t n)
{
    if (n < 4) {
        return false;
    }
    uint16_t crc = lk_cab_crc(bytes, n - 2);
    return bytes[n - 2] == (crc & 0xFF) && bytes[n - 1] == crc >> 8;
}

size_t lk_cab_rtu_wrap(uint8_t unit, const uint8_t *pdu, size_t len, uint8_t *ret_adu)
{
    ret_adu[0] = unit;
    memcpy(ret_adu + 1, pdu, len);
    uint16_t crc = lk_cab_crc(ret_adu, len + 1);
    ret_adu[len + 1] = (uint8_t)(crc & 0xFF);
    ret_adu[len + 2] = (uint8_t)(crc >> 8);
    return len + 3;
}

int lk_cab_rtu_request_length(const uint8_t *bytes, size_t n)
{
    static const struct {
        uint8_t fc, fixed, count_at; /* count_at: where the byte count is, 0 = the length is fixed */
    } rows[] = {{1, 8, 0},  {2, 8, 0},  {3, 8, 0},  {4, 8, 0},  {5, 8, 0},  {6, 8, 0},   {7, 4, 0},
                {11, 4, 0}, {12, 4, 0}, {15, 9, 6}, {16, 9, 6}, {17, 4, 0}, {22, 10, 0}, {23, 13, 10}};
    if (n < 2) {
        return 0;
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].fc != bytes[1]) {
            continue;
        }
        if (rows[i].count_at == 0) {
            return rows[i].fixed;
        }
        return n > rows[i].count_at ? rows[i].fixed + bytes[rows[i].count_at] : 0;
    }
    return -1;
}

size_t lk_cab_tcp_wrap(uint16_t transaction, uint8_t unit, const uint8_t *pdu, size_t len, uint8_t *ret_adu)
{
    size_t follow = len + 1;
    uint8_t head[7] = {(uint8_t)(transaction >> 8), (uint8_t)transaction, 0,   0,
                       (uint8_t)(follow >> 8),      (uint8_t)follow,      unit};
    memcpy(ret_adu, head, sizeof head);
    memcpy(ret_adu + sizeof head, pdu, len);
    return len + sizeof head;
}

int lk_cab_tcp_length(const uint8_t *bytes, size_t n)
{
    if (n < 6) {
        return 0;
    }
    unsigned follow = (unsigned)bytes[4] << 8 | bytes[5];
    if (bytes[2] != 0 || bytes[3] != 0 || follow < 2 || follow > LK_CAB_PDU_MAX + 1) {
        return -1;
    }
    return (int)follow + 6;
}
