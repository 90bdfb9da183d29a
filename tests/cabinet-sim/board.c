#include "board.h"

#include "frame.h"
#include "world.h"

#include "base/cleanup.h"

#include <string.h>

/* The shapes of the function codes, Modbus Application Protocol V1.1b3, 6.1 to 6.12. */
enum shape { READ_BITS, READ_REGISTERS, WRITE_ONE, WRITE_BITS, WRITE_REGISTERS };

struct function {
    uint8_t fc;
    enum shape shape;
    unsigned most; /* addresses in one request */
};

static const struct function functions[] = {
    {1, READ_BITS, 2000}, {2, READ_BITS, 2000}, {3, READ_REGISTERS, 125}, {4, READ_REGISTERS, 125},
    {5, WRITE_ONE, 1},    {6, WRITE_ONE, 1},    {15, WRITE_BITS, 1968},   {16, WRITE_REGISTERS, 123},
};

struct job {
    struct lk_cab_world *w;
    struct lk_cab_board *b;
    const struct lk_cab_row *row;
    const uint8_t *pdu;
    unsigned at, count; /* addresses from the row's first */
    int64_t now_ns;
};

static unsigned get16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static size_t exception(uint8_t *ret_pdu, uint8_t fc, uint8_t code)
{
    ret_pdu[0] = fc | 0x80;
    ret_pdu[1] = code;
    return 2;
}

static const struct function *find_function(const struct lk_cab_board *b, uint8_t fc)
{
    bool used = false;
    for (size_t i = 0; i < b->profile->row_count; i++) {
        used = used || b->profile->rows[i].fc == fc;
    }
    for (size_t i = 0; used && i < LK_ARRAY_SIZE(functions); i++) {
        if (functions[i].fc == fc) {
            return &functions[i];
        }
    }
    return NULL;
}

static unsigned row_span(const struct lk_cab_board *b, const struct lk_cab_row *row)
{
    unsigned each = row->of_inputs ? b->inputs : b->channels;
    return row->span ? row->span : each * (row->per_channel ? row->per_channel : 1u);
}

static const struct lk_cab_row *find_row(const struct lk_cab_board *b, uint8_t fc, unsigned first, unsigned count)
{
    for (size_t i = 0; i < b->profile->row_count; i++) {
        const struct lk_cab_row *row = &b->profile->rows[i];
        if (row->fc == fc && first >= row->first && first + count <= row->first + row_span(b, row)) {
            return row;
        }
    }
    return NULL;
}

/* Number of addresses asked for, or 0 when count and length do not fit together. */
static unsigned request_count(const struct function *f, const uint8_t *pdu, size_t len)
{
    unsigned count = f->shape == WRITE_ONE ? 1 : get16(pdu + 3);
    size_t bytes = f->shape == WRITE_BITS ? (count + 7u) / 8 : (size_t)count * 2;
    bool multiple = f->shape == WRITE_BITS || f->shape == WRITE_REGISTERS;
    if (count > f->most || (!multiple && len != 5)) {
        return 0;
    }
    return multiple && (len != 6 + bytes || pdu[5] != bytes) ? 0 : count;
}

static unsigned written_value(const struct job *j, enum shape shape, unsigned i)
{
    if (shape == WRITE_ONE) {
        return get16(j->pdu + 3);
    }
    return shape == WRITE_BITS ? (j->pdu[6 + i / 8] >> i % 8 & 1 ? 0xFF00u : 0u) : get16(j->pdu + 6 + (size_t)2 * i);
}

static size_t do_read(const struct job *j, enum shape shape, uint8_t *ret_pdu)
{
    size_t bytes = shape == READ_BITS ? (j->count + 7u) / 8 : (size_t)j->count * 2;
    memset(ret_pdu + 2, 0, bytes);
    ret_pdu[0] = j->pdu[0];
    ret_pdu[1] = (uint8_t)bytes;
    for (unsigned i = 0; i < j->count; i++) {
        uint16_t value = j->row->get(j->w, j->b, j->at + i);
        if (shape == READ_BITS) {
            ret_pdu[2 + i / 8] |= (uint8_t)((value != 0) << i % 8);
        } else {
            ret_pdu[2 + 2 * i] = (uint8_t)(value >> 8);
            ret_pdu[3 + 2 * i] = (uint8_t)value;
        }
    }
    return 2 + bytes;
}

static size_t do_write(const struct job *j, enum shape shape, uint8_t *ret_pdu)
{
    for (unsigned i = 0; i < j->count; i++) {
        if (!j->row->ok(j->b, j->at + i, (uint16_t)written_value(j, shape, i))) {
            return exception(ret_pdu, j->pdu[0], LK_CAB_EX_VALUE);
        }
    }
    memcpy(ret_pdu, j->pdu, 5);
    for (unsigned i = 0; i < j->count; i++) {
        j->row->put(j->w, j->b, j->at + i, (uint16_t)written_value(j, shape, i), j->now_ns);
    }
    return 5;
}

static bool is_read(enum shape shape)
{
    return shape == READ_BITS || shape == READ_REGISTERS;
}

void lk_cab_board_wait(struct lk_cab_world *w, struct lk_cab_board *b, int64_t now_ns)
{
    b->heard_ns = now_ns;
    if (b->watchdog_s != 0) {
        lk_cab_world_later(w, b->heard_ns + b->watchdog_s * INT64_C(1000) * LK_CAB_MS, LK_CAB_DUE_WATCHDOG, b->index);
    }
}

void lk_cab_board_watchdog(struct lk_cab_world *w, struct lk_cab_board *b, int64_t now_ns)
{
    if (b->watchdog_s == 0 || now_ns < b->heard_ns + b->watchdog_s * INT64_C(1000) * LK_CAB_MS) {
        return;
    }
    for (unsigned ch = 0; ch < b->channels; ch++) {
        lk_cab_board_switch(w, b, ch, false, 0, now_ns);
    }
}

size_t lk_cab_board_serve(struct lk_cab_world *w, struct lk_cab_board *b, const uint8_t *pdu, size_t len,
                          bool broadcast, int64_t now_ns, uint8_t *ret_pdu)
{
    const struct function *f = find_function(b, pdu[0]);
    lk_cab_board_wait(w, b, now_ns);
    if (!f) {
        return broadcast ? 0 : exception(ret_pdu, pdu[0], LK_CAB_EX_FUNCTION);
    }
    unsigned count = len >= 5 ? request_count(f, pdu, len) : 0;
    if (count == 0) {
        return broadcast ? 0 : exception(ret_pdu, pdu[0], LK_CAB_EX_VALUE);
    }
    unsigned first = get16(pdu + 1);
    const struct lk_cab_row *row = find_row(b, pdu[0], first, count);
    if (!row || (broadcast && is_read(f->shape) && !row->answers_broadcast)) {
        return broadcast ? 0 : exception(ret_pdu, pdu[0], LK_CAB_EX_ADDRESS);
    }
    struct job j = {w, b, row, pdu, first - row->first, count, now_ns};
    size_t n = is_read(f->shape) ? do_read(&j, f->shape, ret_pdu) : do_write(&j, f->shape, ret_pdu);
    return broadcast && !row->answers_broadcast ? 0 : n;
}

bool lk_cab_board_hears(const struct lk_cab_board *b, uint8_t unit)
{
    const struct lk_cab_fault_state *same = &b->faults[LK_CAB_SAME_ADDRESS];
    return unit == 0 || unit == b->unit || (same->on && unit == same->value) || unit == b->profile->catch_all[0] ||
           unit == b->profile->catch_all[1];
}

static const struct lk_cab_fault_state *door_fault(const struct lk_cab_world *w, const struct lk_cab_board *b,
                                                   unsigned ch, enum lk_cab_fault fault)
{
    static const struct lk_cab_fault_state none;
    return ch < b->doors ? &w->door[b->first_door + (int)ch].faults[fault] : &none;
}

void lk_cab_board_refresh(struct lk_cab_world *w, struct lk_cab_board *b, unsigned ch, int64_t now_ns)
{
    struct lk_cab_channel *c = &b->channel[ch];
    bool contact = b->power && c->commanded && !door_fault(w, b, ch, LK_CAB_RELAY_OPEN)->on;
    contact = contact || door_fault(w, b, ch, LK_CAB_RELAY_WELDED)->on;
    if (contact != c->contact) {
        c->contact = contact;
        c->pulses += contact;
        lk_cab_tell_board(w, now_ns, contact ? LK_CAB_PULSE_START : LK_CAB_PULSE_END, b, (int)ch,
                          contact ? 0 : now_ns - c->since_ns, NULL);
        c->since_ns = now_ns;
    }
    if (c->door >= 0) {
        lk_cab_door_coil(w, &w->door[c->door], contact, now_ns);
    }
}

void lk_cab_board_switch(struct lk_cab_world *w, struct lk_cab_board *b, unsigned ch, bool on, int64_t for_ns,
                         int64_t now_ns)
{
    struct lk_cab_channel *c = &b->channel[ch];
    bool runs = c->until_ns != 0 && !c->after;
    if (!on && for_ns == 0 && runs && lk_cab_fault_strikes(&b->faults[LK_CAB_IGNORES_OFF], &w->rand, 0)) {
        return;
    }
    bool stays = for_ns > 0 && on && lk_cab_fault_strikes(&b->faults[LK_CAB_PULSE_STAYS], &w->rand, 0);
    c->commands += on;
    c->commanded = on;
    c->until_ns = 0;
    if (for_ns > 0 && !stays) {
        c->after = !on;
        c->until_ns = now_ns + for_ns;
        lk_cab_world_later(w, c->until_ns, LK_CAB_DUE_CHANNEL, b->index * LK_CAB_CHANNELS_MAX + ch);
    }
    lk_cab_board_refresh(w, b, ch, now_ns);
}

void lk_cab_board_due(struct lk_cab_world *w, struct lk_cab_board *b, unsigned ch, int64_t now_ns)
{
    struct lk_cab_channel *c = &b->channel[ch];
    if (c->until_ns == 0 || c->until_ns > now_ns) {
        return;
    }
    c->until_ns = 0;
    c->commanded = c->after;
    lk_cab_board_refresh(w, b, ch, now_ns);
}

bool lk_cab_board_readback(struct lk_cab_world *w, const struct lk_cab_board *b, unsigned ch)
{
    bool shown =
        door_fault(w, b, ch, LK_CAB_RELAY_WELDED)->value == 1 || door_fault(w, b, ch, LK_CAB_RELAY_OPEN)->value;
    return shown ? b->channel[ch].contact : b->channel[ch].commanded;
}

bool lk_cab_board_input(struct lk_cab_world *w, const struct lk_cab_board *b, unsigned ch)
{
    return b->channel[ch].sensor >= 0 && lk_cab_door_input(&w->door[b->channel[ch].sensor]);
}

void lk_cab_board_input_changed(struct lk_cab_world *w, struct lk_cab_board *b, unsigned ch, int64_t now_ns)
{
    enum { LINKED = 1, TOGGLE = 2, EDGE = 3 };
    struct lk_cab_channel *c = &b->channel[ch];
    bool reads = lk_cab_board_input(w, b, ch);
    bool changed = reads != c->input_last;
    c->input_last = reads;
    if (!b->power) {
        return;
    }
    if (c->link == LINKED && reads != c->commanded) {
        lk_cab_board_switch(w, b, ch, reads, 0, now_ns);
    } else if (changed && (c->link == EDGE || (c->link == TOGGLE && reads))) {
        lk_cab_board_switch(w, b, ch, !c->commanded, 0, now_ns);
    }
}

void lk_cab_board_power(struct lk_cab_world *w, struct lk_cab_board *b, bool on, int64_t now_ns)
{
    if (on == b->power) {
        return;
    }
    b->power = on;
    lk_cab_tell_board(w, now_ns, on ? LK_CAB_POWER_ON : LK_CAB_POWER_OFF, b, -1, 0, NULL);
    for (unsigned ch = 0; ch < b->channels; ch++) {
        b->channel[ch].commanded = false;
        b->channel[ch].until_ns = 0;
        lk_cab_board_refresh(w, b, ch, now_ns);
        lk_cab_board_input_changed(w, b, ch, now_ns);
    }
}
