/*
 * Modbus application data units on the two media, as bytes: RTU (unit, PDU, CRC) and TCP (MBAP header, PDU).
 * Pure functions over the caller's buffers; nothing blocks, nothing is kept. Thread: any.
 * Source: Modbus over Serial Line V1.02 (2.5.1, 6.2.2), Modbus Messaging on TCP/IP V1.0b (3.1.3).
 */
#ifndef LK_CAB_FRAME_H
#define LK_CAB_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LK_CAB_PDU_MAX 253u
#define LK_CAB_ADU_MAX 300u /* the largest TCP unit is 260; the rest is room for faults that lengthen a frame */

/* CRC-16/MODBUS of n bytes; sent low byte first. */
uint16_t lk_cab_crc(const uint8_t *bytes, size_t n);

/* Non-zero when the last two of n bytes are the CRC of those before. */
bool lk_cab_crc_ok(const uint8_t *bytes, size_t n);

/* Writes unit + PDU + CRC to ret_adu (LK_CAB_ADU_MAX bytes). Returns the length, len + 3. len <= LK_CAB_PDU_MAX. */
size_t lk_cab_rtu_wrap(uint8_t unit, const uint8_t *pdu, size_t len, uint8_t *ret_adu);

/* How long the request that begins with these n bytes is, CRC included: > 0 the length, 0 more bytes are needed to
 * tell, -1 the function code does not tell (the frame then ends at the silent gap). */
int lk_cab_rtu_request_length(const uint8_t *bytes, size_t n);

/* Writes MBAP header + PDU to ret_adu (LK_CAB_ADU_MAX bytes). Returns the length, len + 7. */
size_t lk_cab_tcp_wrap(uint16_t transaction, uint8_t unit, const uint8_t *pdu, size_t len, uint8_t *ret_adu);

/* Length of the TCP unit that n bytes begin with: > 0 (may exceed n: wait for more), 0 the header is not complete,
 * -1 not Modbus TCP (protocol id not 0, or an impossible length): the peer must be disconnected. */
int lk_cab_tcp_length(const uint8_t *bytes, size_t n);

#endif
