#include "board.h"
#include "world.h"

#include "base/cleanup.h"

#include <string.h>

#define TENTH_NS (100 * LK_CAB_MS)
#define ON       0xFF00u
#define FLIP     0x5500u

/* ---- what the tables are made of ---- */

static uint16_t get_relay(struct lk_cab_world *w, struct lk_cab_board *b, unsigned at)
{
    return lk_cab_board_readback(w, b, at);
}

static uint16_t get_input(struct lk_cab_world *w, struct lk_cab_board *b, unsigned at)
{
    return lk_cab_board_input(w, b, at);
}

static bool ok_switch(const struct lk_cab_board *b, unsigned at, uint16_t value)
{
    (void)b, (void)at;
    return value == 0 || value == ON;
}

static void put_relay(struct lk_cab_world *w, struct lk_cab_board *b, unsigned at, uint16_t value, int64_t now_ns)
{
    bool on = value == FLIP ? !b->channel[at].commanded : value == ON;
    lk_cab_board_switch(w, b, at, on, 0, now_ns);
}

static void put_all(struct lk_cab_world *w, struct lk_cab_board *b, unsigned at, uint16_t value, int64_t now_ns)
{
    (void)at;
    for (unsigned ch = 0; ch < b->channels; ch++) {
        put_relay(w, b, ch, value, now_ns);
    }
}

/* ---- waveshare-relay: wiki "Modbus RTU Relay", protocol V2 ---- */

static bool ws_ok_switch(const struct lk_cab_board *b, unsigned at, uint16_t value)
{
    return ok_switch(b, at, value) || value == FLIP;
}

static bool ws_ok_flash(const struct lk_cab_board *b, unsigned at, uint16_t value)
{
    (void)b, (void)at;
    return value >= 1 && value <= 0x7FFF;
}

static void ws_flash_on(struct lk_cab_world *w, struct lk_cab_board *b, unsigned at, uint16_t value, int64_t now_ns)
{
    lk_cab_board_switch(w, b, at, true, value * TENTH_NS, now_ns);
}

static void ws_flash_off(struct lk_cab_world *w, struct lk_cab_board *b, unsigned at, uint16_t value, int64_t now_ns)
{
    lk_cab_board_switch(w, b, at, false, value * TENTH_NS, now_ns);
}

static uint16_t ws_get_link(struct lk_cab_world *w, struct lk_cab_board *b, unsigned at)
{
    (void)w;
    return b->channel[at].link;
}

static bool ws_ok_link(const struct lk_cab_board *b, unsigned at, uint16_t value)
{
    (void)b, (void)at;
    return value <= 3;
}

static void ws_put_link(struct lk_cab_world *w, struct lk_cab_board *b, unsigned at, uint16_t value, int64_t now_ns)
{
    b->channel[at].link = value;
    lk_cab_board_input_changed(w, b, at, now_ns);
}

static uint16_t ws_get_uart(struct lk_cab_world *w, struct lk_cab_board *b, unsigned at)
{
    (void)w, (void)at;
    return b->uart;
}

static bool ws_ok_uart(const struct lk_cab_board *b, unsigned at, uint16_t value)
{
    (void)b, (void)at;
    return value >> 8 <= 2 && (value & 0xFF) <= 7;
}

static void ws_put_uart(struct lk_cab_world *w, struct lk_cab_board *b, unsigned at, uint16_t value, int64_t now_ns)
{
    (void)w, (void)at, (void)now_ns;
    b->uart = value;
}

static uint16_t ws_get_address(struct lk_cab_world *w, struct lk_cab_board *b, unsigned at)
{
    (void)w, (void)at;
    return b->unit;
}

static bool ws_ok_address(const struct lk_cab_board *b, unsigned at, uint16_t value)
{
    (void)b, (void)at;
    return value >= 1 && value <= 255;
}

static void ws_put_address(struct lk_cab_world *w, struct lk_cab_board *b, unsigned at, uint16_t value, int64_t now_ns)
{
    (void)w, (void)at, (void)now_ns;
    b->unit = (uint8_t)value;
}

static uint16_t ws_get_version(struct lk_cab_world *w, struct lk_cab_board *b, unsigned at)
{
    (void)w, (void)b, (void)at;
    return 200; /* hundredths: V2.00 */
}

static const struct lk_cab_row waveshare_rows[] = {
    {.fc = 1, .first = 0x0000, .get = get_relay},
    {.fc = 2, .first = 0x0000, .of_inputs = true, .get = get_input},
    {.fc = 3, .first = 0x1000, .of_inputs = true, .get = ws_get_link},
    {.fc = 3, .first = 0x2000, .span = 1, .get = ws_get_uart},
    {.fc = 3, .first = 0x4000, .span = 1, .answers_broadcast = true, .get = ws_get_address},
    {.fc = 3, .first = 0x8000, .span = 1, .answers_broadcast = true, .get = ws_get_version},
    {.fc = 5, .first = 0x0000, .ok = ws_ok_switch, .put = put_relay},
    {.fc = 5, .first = 0x00FF, .span = 1, .ok = ws_ok_switch, .put = put_all},
    {.fc = 5, .first = 0x0200, .ok = ws_ok_flash, .put = ws_flash_on},
    {.fc = 5, .first = 0x0400, .ok = ws_ok_flash, .put = ws_flash_off},
    {.fc = 6, .first = 0x1000, .of_inputs = true, .ok = ws_ok_link, .put = ws_put_link},
    {.fc = 6, .first = 0x2000, .span = 1, .ok = ws_ok_uart, .put = ws_put_uart},
    {.fc = 6, .first = 0x4000, .span = 1, .answers_broadcast = true, .ok = ws_ok_address, .put = ws_put_address},
    {.fc = 15, .first = 0x0000, .ok = ok_switch, .put = put_relay},
    {.fc = 16, .first = 0x1000, .of_inputs = true, .ok = ws_ok_link, .put = ws_put_link},
};

/* ---- jy-dam: Juying DAM series and LC; mode 4 closes first, 2 opens first, as in Juying's own text ---- */

enum { JY_REGISTERS = 5, JY_MODE = 0, JY_TIME = 1, JY_ON_OFF = 4, JY_OFF_ON = 2 };

static bool jy_ok_pulse(const struct lk_cab_board *b, unsigned at, uint16_t value)
{
    (void)b;
    return at % JY_REGISTERS != JY_MODE || value == 0 || value == JY_ON_OFF || value == JY_OFF_ON;
}

static void jy_put_pulse(struct lk_cab_world *w, struct lk_cab_board *b, unsigned at, uint16_t value, int64_t now_ns)
{
    struct lk_cab_channel *c = &b->channel[at / JY_REGISTERS];
    if (at % JY_REGISTERS == JY_MODE) {
        c->mode = value;
    } else if (at % JY_REGISTERS == JY_TIME && c->mode != 0) {
        lk_cab_board_switch(w, b, at / JY_REGISTERS, c->mode == JY_ON_OFF, value * TENTH_NS, now_ns);
        c->mode = 0;
    }
}

static const struct lk_cab_row jydam_rows[] = {
    {.fc = 1, .first = 0, .get = get_relay},
    {.fc = 2, .first = 0, .of_inputs = true, .get = get_input},
    {.fc = 5, .first = 0, .ok = ok_switch, .put = put_relay},
    {.fc = 15, .first = 0, .ok = ok_switch, .put = put_relay},
    {.fc = 16, .first = 3, .per_channel = JY_REGISTERS, .ok = jy_ok_pulse, .put = jy_put_pulse},
};

/* ---- eletechsup-r4d: the command is the high byte of the value ---- */

enum { R4_ON = 1, R4_OFF, R4_FLIP, R4_LATCH, R4_MOMENTARY, R4_DELAY, R4_ALL_ON, R4_ALL_OFF };

static bool r4_ok(const struct lk_cab_board *b, unsigned at, uint16_t value)
{
    (void)b, (void)at;
    return value >> 8 >= R4_ON && value >> 8 <= R4_DELAY && (value >> 8 != R4_DELAY || (value & 0xFF) > 0);
}

static void r4_put(struct lk_cab_world *w, struct lk_cab_board *b, unsigned at, uint16_t value, int64_t now_ns)
{
    unsigned command = value >> 8;
    int64_t seconds = command == R4_MOMENTARY ? 1 : command == R4_DELAY ? value & 0xFF : 0;
    if (command == R4_LATCH) {
        put_all(w, b, 0, 0, now_ns);
    }
    bool on = command == R4_FLIP ? !b->channel[at].commanded : command != R4_OFF;
    lk_cab_board_switch(w, b, at, on, seconds * 1000 * LK_CAB_MS, now_ns);
}

static bool r4_ok_all(const struct lk_cab_board *b, unsigned at, uint16_t value)
{
    (void)b, (void)at;
    return value >> 8 == R4_ALL_ON || value >> 8 == R4_ALL_OFF;
}

static void r4_put_all(struct lk_cab_world *w, struct lk_cab_board *b, unsigned at, uint16_t value, int64_t now_ns)
{
    put_all(w, b, at, value >> 8 == R4_ALL_ON ? ON : 0, now_ns);
}

static const struct lk_cab_row r4d_rows[] = {
    {.fc = 3, .first = 1, .get = get_relay},
    {.fc = 6, .first = 0, .span = 1, .ok = r4_ok_all, .put = r4_put_all},
    {.fc = 6, .first = 1, .ok = r4_ok, .put = r4_put},
};

/* ---- plain-coil: what the standard's functions alone can do, with a communication watchdog in register 8 ---- */

enum { WATCHDOG_REGISTER = 8 };

static uint16_t pc_get_watchdog(struct lk_cab_world *w, struct lk_cab_board *b, unsigned at)
{
    (void)w, (void)at;
    return b->watchdog_s;
}

static bool pc_ok_watchdog(const struct lk_cab_board *b, unsigned at, uint16_t value)
{
    (void)b, (void)at, (void)value;
    return true;
}

static void pc_put_watchdog(struct lk_cab_world *w, struct lk_cab_board *b, unsigned at, uint16_t value, int64_t now_ns)
{
    (void)at;
    b->watchdog_s = value;
    lk_cab_board_wait(w, b, now_ns);
}

static const struct lk_cab_row plain_rows[] = {
    {.fc = 1, .first = 0, .get = get_relay},
    {.fc = 2, .first = 0, .of_inputs = true, .get = get_input},
    {.fc = 3, .first = WATCHDOG_REGISTER, .span = 1, .get = pc_get_watchdog},
    {.fc = 5, .first = 0, .ok = ok_switch, .put = put_relay},
    {.fc = 6, .first = WATCHDOG_REGISTER, .span = 1, .ok = pc_ok_watchdog, .put = pc_put_watchdog},
    {.fc = 15, .first = 0, .ok = ok_switch, .put = put_relay},
};

/* ---- wirenboard-mr: the same, and from register 9 what each input does to its relay: 0 toggles, 1 drives, 3 nothing.
 * Out of our box they read 3, as commissioned: the maker's read 0. ---- */

enum { WB_TOGGLE = 0, WB_FREE = 3, LINK_NONE = 0, LINK_TOGGLE = 2 };

static uint16_t wb_get_link(struct lk_cab_world *w, struct lk_cab_board *b, unsigned at)
{
    (void)w;
    uint16_t link = b->channel[at].link;
    return link == LINK_NONE ? WB_FREE : link == LINK_TOGGLE ? WB_TOGGLE : link;
}

static bool wb_ok_link(const struct lk_cab_board *b, unsigned at, uint16_t value)
{
    (void)b, (void)at;
    return value == WB_TOGGLE || value == 1 || value == WB_FREE;
}

static void wb_put_link(struct lk_cab_world *w, struct lk_cab_board *b, unsigned at, uint16_t value, int64_t now_ns)
{
    ws_put_link(w, b, at, value == WB_FREE ? LINK_NONE : value == WB_TOGGLE ? LINK_TOGGLE : value, now_ns);
}

static const struct lk_cab_row wirenboard_rows[] = {
    {.fc = 1, .first = 0, .get = get_relay},
    {.fc = 2, .first = 0, .of_inputs = true, .get = get_input},
    {.fc = 3, .first = WATCHDOG_REGISTER, .span = 1, .get = pc_get_watchdog},
    {.fc = 3, .first = WATCHDOG_REGISTER + 1, .of_inputs = true, .get = wb_get_link},
    {.fc = 5, .first = 0, .ok = ok_switch, .put = put_relay},
    {.fc = 6, .first = WATCHDOG_REGISTER, .span = 1, .ok = pc_ok_watchdog, .put = pc_put_watchdog},
    {.fc = 6, .first = WATCHDOG_REGISTER + 1, .of_inputs = true, .ok = wb_ok_link, .put = wb_put_link},
    {.fc = 15, .first = 0, .ok = ok_switch, .put = put_relay},
};

static const struct lk_cab_profile profiles[] = {
    {"waveshare-relay", waveshare_rows, LK_ARRAY_SIZE(waveshare_rows), {0, 0}},
    {"jy-dam", jydam_rows, LK_ARRAY_SIZE(jydam_rows), {0xFE, 0xFF}},
    {"eletechsup-r4d", r4d_rows, LK_ARRAY_SIZE(r4d_rows), {0, 0}},
    {"plain-coil", plain_rows, LK_ARRAY_SIZE(plain_rows), {0, 0}},
    {"wirenboard-mr", wirenboard_rows, LK_ARRAY_SIZE(wirenboard_rows), {0, 0}},
};

const struct lk_cab_profile *lk_cab_profile_at(size_t n)
{
    return n < LK_ARRAY_SIZE(profiles) ? &profiles[n] : NULL;
}

const struct lk_cab_profile *lk_cab_profile_find(const char *name)
{
    for (size_t i = 0; i < LK_ARRAY_SIZE(profiles); i++) {
        if (strcmp(profiles[i].name, name) == 0) {
            return &profiles[i];
        }
    }
    return NULL;
}
