/* What an ID-card reader answers, made independently of the driver: from the protocol in drivers/card.h. */
#ifndef TESTS_SAM_H
#define TESTS_SAM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { SAM_FRAME_MAX = 1400 };

static inline size_t sam_frame(uint8_t *frame, const uint8_t *body, size_t n)
{
    static const uint8_t head[] = {0xaa, 0xaa, 0xaa, 0x96, 0x69};
    uint8_t sum = 0;
    memcpy(frame, head, sizeof(head));
    frame[5] = (uint8_t)((n + 1) >> 8);
    frame[6] = (uint8_t)(n + 1);
    memcpy(frame + 7, body, n);
    for (size_t i = 5; i < 7 + n; i++) {
        sum ^= frame[i];
    }
    frame[7 + n] = sum;
    return 8 + n;
}

/* SW1 SW2 are 0; data bytes of zeroes follow. */
static inline size_t sam_status(uint8_t *frame, uint8_t sw3, size_t data)
{
    uint8_t body[32] = {0, 0, sw3};
    return sam_frame(frame, body, 3 + data);
}

/* UTF-8 of up to three bytes a character, to UTF-16LE in a field of so many characters, padded with blanks. */
static inline void sam_field(uint8_t *out, size_t chars, const char *utf8)
{
    const uint8_t *in = (const uint8_t *)utf8;
    for (size_t i = 0; i < chars; i++) {
        unsigned c = ' ';
        if (*in >= 0xe0) {
            c = (unsigned)(in[0] & 0x0f) << 12 | (unsigned)(in[1] & 0x3f) << 6 | (in[2] & 0x3f);
            in += 3;
        } else if (*in >= 0xc0) {
            c = (unsigned)(in[0] & 0x1f) << 6 | (in[1] & 0x3f);
            in += 2;
        } else if (*in != 0) {
            c = *in++;
        }
        out[2 * i] = (uint8_t)c;
        out[2 * i + 1] = (uint8_t)(c >> 8);
    }
}

/* A whole card: 256 bytes of text, 1024 of a photo. */
static inline size_t sam_text(uint8_t *frame, const char *number, const char *name)
{
    static const struct {
        size_t chars;
        const char *text;
    } rest[] = {{1, "1"},        {2, "01"},       {8, "19491231"}, {35, "北京市朝阳区"}, {18, NULL}, {15, "朝阳分局"},
                {8, "20200101"}, {8, "20400101"}, {18, ""}};
    uint8_t body[3 + 4 + 256 + 1024] = {0, 0, 0x90, 0x01, 0x00, 0x04, 0x00};
    uint8_t *at = body + 7;
    sam_field(at, 15, name);
    at += 30;
    for (size_t i = 0; i < sizeof(rest) / sizeof(rest[0]); i++) {
        sam_field(at, rest[i].chars, rest[i].text ? rest[i].text : number);
        at += 2 * rest[i].chars;
    }
    for (size_t i = 0; i < 1024; i++) {
        body[7 + 256 + i] = (uint8_t)(i * 7);
    }
    size_t n = sam_frame(frame, body, sizeof(body));
    explicit_bzero(body, sizeof(body)); /* who makes cards may be searched for copies himself */
    return n;
}

#endif
