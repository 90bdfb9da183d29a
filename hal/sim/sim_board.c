#include "hal/sim_board.h"

#include <string.h>

#include "base/cleanup.h"

enum {
    READ_COILS = 0x01,
    READ_INPUTS = 0x02,
    READ_REGISTERS = 0x03,
    WRITE_COIL = 0x05,
    WRITE_REGISTER = 0x06,
    WRITE_COILS = 0x0F,
    WRITE_REGISTERS = 0x10,
    ILLEGAL_FUNCTION = 1,
    ILLEGAL_ADDRESS = 2,
    ILLEGAL_VALUE = 3,
    COIL_ON = 0xFF00,
    HEAD = 5, /* function, address, count or value */
    VERSION = 200,
    JY_REGISTERS = 5,
    JY_ON_OFF = 4,
    JY_OFF_ON = 2,
};

#define TENTH_NS  INT64_C(100000000)
#define SECOND_NS INT64_C(1000000000)

static void set_coil(struct lk_sim_board *b, unsigned channel, bool on, int64_t at_ns)
{
    uint32_t bit = UINT32_C(1) << channel;
    bool was = b->coils & bit;
    b->off_at_ns[channel] = 0;
    b->then_on &= ~bit;
    if (was == on || (!on && b->stuck & bit)) {
        return;
    }
    b->coils ^= bit;
    b->pulses[channel] += on;
    if (b->on_coil) {
        b->on_coil(b->user, b->unit, channel, on, at_ns);
    }
}

static void set_timed(struct lk_sim_board *b, unsigned channel, bool on, int64_t for_ns, int64_t now_ns)
{
    set_coil(b, channel, on, now_ns);
    b->off_at_ns[channel] = now_ns + for_ns;
    b->then_on |= on ? 0 : UINT32_C(1) << channel;
}

static int64_t watchdog_ns(const struct lk_sim_board *b)
{
    return b->watchdog_s != 0 && b->coils != 0 ? b->heard_at_ns + b->watchdog_s * SECOND_NS : INT64_MAX;
}

void lk_sim_board_run(struct lk_sim_board *board, int64_t now_ns)
{
    int64_t strikes_ns = watchdog_ns(board);
    for (unsigned ch = 0; ch < board->channels; ch++) {
        if (board->off_at_ns[ch] != 0 && board->off_at_ns[ch] <= now_ns) {
            set_coil(board, ch, board->then_on >> ch & 1, board->off_at_ns[ch]);
        }
        if (strikes_ns <= now_ns && board->coils >> ch & 1) {
            set_coil(board, ch, false, strikes_ns);
        }
    }
    if (strikes_ns <= now_ns) {
        board->heard_at_ns = now_ns; /* a welded relay does not make it strike again at once */
    }
}

int64_t lk_sim_board_next_ns(const struct lk_sim_board *board)
{
    int64_t next_ns = watchdog_ns(board);
    for (unsigned ch = 0; ch < board->channels; ch++) {
        int64_t at_ns = board->off_at_ns[ch];
        next_ns = at_ns != 0 && at_ns < next_ns ? at_ns : next_ns;
    }
    return next_ns;
}

void lk_sim_board_become(struct lk_sim_board *board, enum lk_sim_kind kind)
{
    board->kind = kind;
    board->no_inputs = board->no_inputs || kind == LK_SIM_R4D;
    for (unsigned ch = 0; ch < LK_SIM_CHANNELS_MAX; ch++) {
        board->link_modes[ch] = kind == LK_SIM_PLAIN ? LK_SIM_LINK_FREE : 0;
    }
}

/* --- what the tables are made of: `at` counts from the row's first address; put returns false for an illegal value */

static uint16_t get_coil(const struct lk_sim_board *b, unsigned at)
{
    return b->coils >> at & 1;
}

static uint16_t get_input(const struct lk_sim_board *b, unsigned at)
{
    return b->inputs >> at & 1;
}

static uint16_t get_link(const struct lk_sim_board *b, unsigned at)
{
    return b->link_modes[at];
}

static uint16_t get_version(const struct lk_sim_board *b, unsigned at)
{
    (void)at;
    return b->version ? b->version : VERSION;
}

static uint16_t get_address(const struct lk_sim_board *b, unsigned at)
{
    (void)at;
    return b->unit;
}

static bool put_coil(struct lk_sim_board *b, unsigned at, uint16_t value, int64_t now_ns)
{
    if (value != 0 && value != COIL_ON) {
        return false;
    }
    set_coil(b, at, value != 0, now_ns);
    return true;
}

static bool put_all(struct lk_sim_board *b, unsigned at, uint16_t value, int64_t now_ns)
{
    (void)at;
    for (unsigned ch = 0; ch < b->channels; ch++) {
        set_coil(b, ch, value != 0, now_ns);
    }
    return true;
}

static bool put_flash(struct lk_sim_board *b, unsigned at, uint16_t value, int64_t now_ns)
{
    if (value < 1 || value > 0x7FFF) {
        return false;
    }
    set_timed(b, at, true, value * TENTH_NS, now_ns);
    return true;
}

static bool put_flash_off(struct lk_sim_board *b, unsigned at, uint16_t value, int64_t now_ns)
{
    if (value < 1 || value > 0x7FFF) {
        return false;
    }
    set_timed(b, at, false, value * TENTH_NS, now_ns);
    return true;
}

static bool put_link(struct lk_sim_board *b, unsigned at, uint16_t value, int64_t now_ns)
{
    (void)now_ns;
    b->link_modes[at] = value;
    return value <= 3;
}

static bool put_address(struct lk_sim_board *b, unsigned at, uint16_t value, int64_t now_ns)
{
    (void)at, (void)now_ns;
    if (value < 1 || value > 0xFF) {
        return false;
    }
    b->unit = (uint8_t)value;
    return true;
}

static bool put_jy(struct lk_sim_board *b, unsigned at, uint16_t value, int64_t now_ns)
{
    unsigned ch = at / JY_REGISTERS, mode = b->modes[ch];
    if (at % JY_REGISTERS == 0) {
        b->modes[ch] = value;
        return value == 0 || value == JY_ON_OFF || value == JY_OFF_ON;
    }
    if (at % JY_REGISTERS == 1 && mode != 0) {
        set_timed(b, ch, (mode == JY_ON_OFF) != b->swapped_modes, value * TENTH_NS, now_ns);
        b->modes[ch] = 0;
    }
    return true;
}

enum { R4_ON = 1, R4_OFF, R4_FLIP, R4_LATCH, R4_MOMENTARY, R4_DELAY, R4_ALL_ON, R4_ALL_OFF };

static void r4_switch(struct lk_sim_board *b, unsigned at, bool on, int64_t now_ns)
{
    if (on || !b->ignores_off || b->off_at_ns[at] == 0) {
        set_coil(b, at, on, now_ns);
    }
}

static bool put_r4(struct lk_sim_board *b, unsigned at, uint16_t value, int64_t now_ns)
{
    unsigned command = value >> 8;
    int64_t seconds = command == R4_MOMENTARY ? 1 : value & 0xFF;
    if (command == R4_ON || command == R4_OFF) {
        r4_switch(b, at, command == R4_ON, now_ns);
    } else if ((command == R4_MOMENTARY || command == R4_DELAY) && seconds > 0) {
        set_timed(b, at, true, seconds * SECOND_NS, now_ns);
    } else {
        return false; /* toggle and latch: nobody here uses them */
    }
    return true;
}

static bool put_r4_all(struct lk_sim_board *b, unsigned at, uint16_t value, int64_t now_ns)
{
    unsigned command = value >> 8;
    (void)at;
    for (unsigned ch = 0; ch < b->channels; ch++) {
        r4_switch(b, ch, command == R4_ALL_ON, now_ns);
    }
    return command == R4_ALL_ON || command == R4_ALL_OFF;
}

static bool put_watchdog(struct lk_sim_board *b, unsigned at, uint16_t value, int64_t now_ns)
{
    (void)at, (void)now_ns;
    b->watchdog_s = value;
    return true;
}

/* --- the makers' tables */

enum span { RELAYS, INPUTS, ONE, FIVE_EACH };

struct row {
    uint8_t function;
    uint16_t first;
    enum span span;
    uint16_t (*get)(const struct lk_sim_board *b, unsigned at);
    bool (*put)(struct lk_sim_board *b, unsigned at, uint16_t value, int64_t now_ns);
};

static const struct row waveshare[] = {
    {READ_COILS, 0x0000, RELAYS, get_coil, NULL},      {READ_INPUTS, 0x0000, INPUTS, get_input, NULL},
    {READ_REGISTERS, 0x1000, INPUTS, get_link, NULL},  {READ_REGISTERS, 0x4000, ONE, get_address, NULL},
    {READ_REGISTERS, 0x8000, ONE, get_version, NULL},  {WRITE_COIL, 0x0000, RELAYS, NULL, put_coil},
    {WRITE_COIL, 0x00FF, ONE, NULL, put_all},          {WRITE_COIL, 0x0200, RELAYS, NULL, put_flash},
    {WRITE_COIL, 0x0400, RELAYS, NULL, put_flash_off}, {WRITE_REGISTER, 0x1000, INPUTS, NULL, put_link},
    {WRITE_REGISTER, 0x4000, ONE, NULL, put_address},  {WRITE_COILS, 0x0000, RELAYS, NULL, put_coil},
    {WRITE_REGISTERS, 0x1000, INPUTS, NULL, put_link},
};

static const struct row jy_dam[] = {
    {READ_COILS, 0, RELAYS, get_coil, NULL},       {READ_INPUTS, 0, INPUTS, get_input, NULL},
    {WRITE_COIL, 0, RELAYS, NULL, put_coil},       {WRITE_COILS, 0, RELAYS, NULL, put_coil},
    {WRITE_REGISTERS, 3, FIVE_EACH, NULL, put_jy},
};

static const struct row r4d[] = {
    {READ_REGISTERS, 1, RELAYS, get_coil, NULL},
    {WRITE_REGISTER, 0, ONE, NULL, put_r4_all},
    {WRITE_REGISTER, 1, RELAYS, NULL, put_r4},
};

static const struct row plain[] = {
    {READ_COILS, 0, RELAYS, get_coil, NULL},     {READ_INPUTS, 0, INPUTS, get_input, NULL},
    {READ_REGISTERS, 9, INPUTS, get_link, NULL}, {WRITE_COIL, 0, RELAYS, NULL, put_coil},
    {WRITE_COILS, 0, RELAYS, NULL, put_coil},    {WRITE_REGISTER, 8, ONE, NULL, put_watchdog},
    {WRITE_REGISTER, 9, INPUTS, NULL, put_link},
};

static const struct {
    const struct row *rows;
    size_t n;
} makers[] = {
    [LK_SIM_WAVESHARE] = {waveshare, LK_ARRAY_SIZE(waveshare)},
    [LK_SIM_JY_DAM] = {jy_dam, LK_ARRAY_SIZE(jy_dam)},
    [LK_SIM_R4D] = {r4d, LK_ARRAY_SIZE(r4d)},
    [LK_SIM_PLAIN] = {plain, LK_ARRAY_SIZE(plain)},
};

static unsigned row_span(const struct lk_sim_board *b, const struct row *row)
{
    unsigned inputs = b->no_inputs ? 0 : b->channels;
    const unsigned spans[] = {
        [RELAYS] = b->channels, [INPUTS] = inputs, [ONE] = 1, [FIVE_EACH] = b->channels * JY_REGISTERS};
    return spans[row->span];
}

static bool known(const struct lk_sim_board *b, uint8_t function)
{
    for (size_t i = 0; i < makers[b->kind].n; i++) {
        if (makers[b->kind].rows[i].function == function) {
            return true;
        }
    }
    return false;
}

static const struct row *find(const struct lk_sim_board *b, uint8_t function, unsigned address, unsigned count)
{
    for (size_t i = 0; i < makers[b->kind].n; i++) {
        const struct row *row = &makers[b->kind].rows[i];
        if (row->function == function && address >= row->first && count >= 1 &&
            address - row->first + count <= row_span(b, row)) {
            return row;
        }
    }
    return NULL;
}

/* --- the shapes of the functions */

static size_t exception(const uint8_t *pdu, uint8_t code, uint8_t *ret_reply)
{
    ret_reply[0] = pdu[0] | 0x80;
    ret_reply[1] = code;
    return 2;
}

static size_t answer_read(const struct lk_sim_board *b, const struct row *row, const uint8_t *pdu, unsigned at,
                          unsigned count, uint8_t *ret_reply)
{
    bool bits = pdu[0] <= READ_INPUTS;
    size_t bytes = bits ? (count + 7) / 8 : (size_t)count * 2;
    if (2 + bytes > LK_SIM_REPLY_MAX) {
        return exception(pdu, ILLEGAL_VALUE, ret_reply);
    }
    memset(ret_reply, 0, 2 + bytes);
    ret_reply[0] = pdu[0];
    ret_reply[1] = (uint8_t)bytes;
    for (unsigned i = 0; i < count; i++) {
        uint16_t value = row->get(b, at + i);
        if (bits) {
            ret_reply[2 + i / 8] |= (uint8_t)(value << i % 8);
        } else {
            ret_reply[2 + 2 * i] = (uint8_t)(value >> 8);
            ret_reply[3 + 2 * i] = (uint8_t)value;
        }
    }
    return 2 + bytes;
}

static uint16_t written(const uint8_t *pdu, unsigned i)
{
    switch (pdu[0]) {
    case WRITE_COILS:
        return pdu[6 + i / 8] >> i % 8 & 1 ? COIL_ON : 0;
    case WRITE_REGISTERS:
        return (uint16_t)(pdu[6 + 2 * i] << 8 | pdu[7 + 2 * i]);
    default:
        return (uint16_t)(pdu[3] << 8 | pdu[4]);
    }
}

static size_t answer_write(struct lk_sim_board *b, const struct row *row, const uint8_t *pdu, unsigned at,
                           unsigned count, int64_t now_ns, uint8_t *ret_reply)
{
    for (unsigned i = 0; i < count; i++) {
        if (!row->put(b, at + i, written(pdu, i), now_ns)) {
            return exception(pdu, ILLEGAL_VALUE, ret_reply);
        }
    }
    memcpy(ret_reply, pdu, HEAD);
    return HEAD;
}

/* How many addresses a request is about; 0 when its length does not fit that. */
static unsigned count_of(const uint8_t *pdu, size_t n)
{
    unsigned count = (unsigned)(pdu[3] << 8 | pdu[4]);
    switch (pdu[0]) {
    case WRITE_COILS:
        return n == HEAD + 1 + (count + 7u) / 8 && pdu[HEAD] == n - HEAD - 1 ? count : 0;
    case WRITE_REGISTERS:
        return n == HEAD + 1 + (size_t)count * 2 && pdu[HEAD] == n - HEAD - 1 ? count : 0;
    case WRITE_COIL:
    case WRITE_REGISTER:
        return n == HEAD ? 1 : 0;
    default:
        return n == HEAD ? count : 0;
    }
}

size_t lk_sim_board_answer(struct lk_sim_board *board, const uint8_t *pdu, size_t n, int64_t now_ns, uint8_t *ret_reply)
{
    lk_sim_board_run(board, now_ns);
    board->heard_at_ns = now_ns;
    if (n < HEAD || !known(board, pdu[0])) {
        return exception(pdu, ILLEGAL_FUNCTION, ret_reply);
    }
    unsigned address = (unsigned)(pdu[1] << 8 | pdu[2]), count = count_of(pdu, n);
    const struct row *row = find(board, pdu[0], address, count);
    if (!row) {
        return exception(pdu, ILLEGAL_ADDRESS, ret_reply);
    }
    unsigned at = address - row->first;
    return row->get ? answer_read(board, row, pdu, at, count, ret_reply)
                    : answer_write(board, row, pdu, at, count, now_ns, ret_reply);
}
