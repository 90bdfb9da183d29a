/*
 * What the profiles put on the wire, byte for byte:
 * - every frame of tests/data/modbus-frames.csv (from makers' pages and other people's drivers) is produced by a
 *   profile, answered by a simulated board of that maker with the recorded reply, and that reply is accepted by the
 *   line;
 * - every board has one row in tests/data/boards.csv, and produces just these frames.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "drivers/board_frames.h"
#include "hal/fieldbus_sim.h"

enum { FRAME_MAX = 64, HEX_MAX = 3 * FRAME_MAX + 1, ROW_MAX = 512, CATCH_ALL = 0xFE };

static uint16_t crc(const uint8_t *bytes, size_t n)
{
    uint16_t value = 0xFFFF;
    for (size_t i = 0; i < n; i++) {
        value ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            value = value & 1 ? (uint16_t)(value >> 1 ^ 0xA001) : (uint16_t)(value >> 1);
        }
    }
    return value;
}

/* "01 05 ... CRC" as it passes over the wire. */
static const char *on_wire(uint8_t unit, const uint8_t *pdu, size_t n)
{
    static char hex[HEX_MAX];
    uint8_t frame[FRAME_MAX] = {unit};
    memcpy(frame + 1, pdu, n);
    uint16_t sum = crc(frame, n + 1);
    frame[n + 1] = (uint8_t)sum;
    frame[n + 2] = (uint8_t)(sum >> 8);
    for (size_t i = 0; i < n + 3; i++) {
        (void)snprintf(hex + 3 * i, 4, "%02X ", frame[i]);
    }
    hex[3 * (n + 3) - 1] = '\0';
    return hex;
}

/* --- the recorded frames: which board's profile makes each, and with which of its functions */

enum what { PULSE, ON, OFF, ALL_OFF, COILS, INPUTS, LINKS, IDENTITY, ADDRESS, SET_ADDRESS, FLASH_OFF, OFF_BY_COILS };

struct recorded {
    const char *family, *purpose, *board;
    enum what what;
    unsigned channel, ms, mode;
    uint8_t unit;
};

static const struct recorded table[] = {
    {"waveshare-relay", "read relays 8", "waveshare-relay-8", COILS, 0, 0, 0, 1},
    {"waveshare-relay", "read relays 16", "waveshare-relay-16", COILS, 0, 0, 0, 1},
    {"waveshare-relay", "read relays 32", "waveshare-relay-32-bare", COILS, 0, 0, 0, 1},
    {"waveshare-relay", "read inputs 8", "waveshare-relay-8", INPUTS, 0, 0, 0, 1},
    {"waveshare-relay", "read inputs 16", "waveshare-relay-16", INPUTS, 0, 0, 0, 1},
    {"waveshare-relay", "coil 0 on", "waveshare-relay-8", ON, 0, 0, 0, 1},
    {"waveshare-relay", "coil 0 off", "waveshare-relay-8-poe", OFF, 0, 0, 0, 1},
    {"waveshare-relay", "all off", "waveshare-relay-8-bare", ALL_OFF, 0, 0, 0, 1},
    {"waveshare-relay", "flash on ch0 500 ms", "waveshare-relay-8", PULSE, 0, 500, 0, 1},
    {"waveshare-relay", "flash on ch3 500 ms", "waveshare-io-8", PULSE, 3, 500, 0, 1},
    {"waveshare-relay", "flash on ch15 500 ms", "waveshare-relay-16", PULSE, 15, 500, 0, 1},
    {"waveshare-relay", "flash on ch31 500 ms", "waveshare-relay-32", PULSE, 31, 500, 0, 1},
    {"waveshare-relay", "flash on ch0 700 ms", "waveshare-relay-8", PULSE, 0, 700, 0, 1},
    {"waveshare-relay", "flash off ch0 700 ms", "waveshare-relay-8", FLASH_OFF, 0, 700, 0, 1},
    {"waveshare-relay", "write 16 coils off", "waveshare-relay-16", OFF_BY_COILS, 0, 0, 0, 1},
    {"waveshare-relay", "read address (broadcast)", "waveshare-relay-8", ADDRESS, 0, 0, 0, 0},
    {"waveshare-relay", "set address 1 (broadcast)", "waveshare-relay-8", SET_ADDRESS, 0, 0, 0, 0},
    {"waveshare-relay", "read version", "waveshare-relay-8", IDENTITY, 0, 0, 0, 1},
    {"waveshare-relay", "read input link modes 8", "waveshare-relay-8", LINKS, 0, 0, 0, 1},
    {"jy-dam", "pulse ch1 500 ms (mode 4)", "jy-dam-8", PULSE, 0, 500, 4, 1},
    {"jy-dam", "pulse ch1 1 s at catch-all FE", "jy-dam-8", PULSE, 0, 1000, 0, CATCH_ALL},
    {"jy-dam", "pulse ch2 1 s at catch-all FE", "jy-dam-16", PULSE, 1, 1000, 0, CATCH_ALL},
    {"jy-dam", "coil 0 on at catch-all FE", "jy-dam-8", ON, 0, 0, 0, CATCH_ALL},
    {"jy-dam", "coil 0 off at catch-all FE", "jy-dam-32", OFF, 0, 0, 0, CATCH_ALL},
    {"jy-dam", "read inputs 8 at catch-all FE", "jy-dam-8", INPUTS, 0, 0, 0, CATCH_ALL},
    {"eletechsup-r4d", "ch1 on", "eletechsup-r4d-8", ON, 0, 0, 0, 1},
    {"eletechsup-r4d", "ch1 off", "eletechsup-r4d-8", OFF, 0, 0, 0, 1},
    {"eletechsup-r4d", "ch1 momentary 1 s", "eletechsup-r4d-8", PULSE, 0, 1000, 0, 1},
    {"eletechsup-r4d", "ch1 delay 1 s", "eletechsup-r4d-8", PULSE, 0, 1000, 6, 1},
    {"eletechsup-r4d", "read relays 8", "eletechsup-r4d-8", COILS, 0, 0, 0, 1},
};

static const struct recorded *recorded_of(const char *family, const char *purpose)
{
    for (size_t i = 0; i < LK_ARRAY_SIZE(table); i++) {
        if (strcmp(table[i].family, family) == 0 && strcmp(table[i].purpose, purpose) == 0) {
            return &table[i];
        }
    }
    fail_msg("no profile is asked for: %s, %s", family, purpose);
    return NULL;
}

/* Two functions of the board are not ours: a fail-safe lock would be pulsed off, and all coils can be written in one
 * request. A profile that wants them differs in one field. */
static struct lk_fb_request made(const struct recorded *r)
{
    const struct lk_board_profile *p = lk_board_profile_find(r->board);
    assert_non_null(p);
    struct lk_board_profile other = *p;
    switch (r->what) {
    case PULSE:
        return lk_board_frame_pulse(p, r->channel, r->ms, r->mode);
    case FLASH_OFF:
        other.pulse_address = 0x0400;
        return lk_board_frame_pulse(&other, r->channel, r->ms, r->mode);
    case ON:
    case OFF:
        return lk_board_frame_coil(p, r->channel, r->what == ON);
    case ALL_OFF:
        return lk_board_frame_all_off(p);
    case OFF_BY_COILS:
        other.all_off_kind = LK_ALL_OFF_COILS;
        return lk_board_frame_all_off(&other);
    case COILS:
        return lk_board_frame_read_coils(p);
    case INPUTS:
        return lk_board_frame_read_inputs(p);
    case LINKS:
        return lk_board_frame_read_link_modes(p);
    case IDENTITY:
        return lk_board_frame_read_identity(p);
    case ADDRESS:
        return lk_board_frame_read_address(p);
    case SET_ADDRESS:
        return lk_board_frame_set_address(p, 1);
    }
    return (struct lk_fb_request){0};
}

static enum lk_sim_kind kind_of(const char *family)
{
    return strcmp(family, "jy-dam") == 0 ? LK_SIM_JY_DAM : family[0] == 'e' ? LK_SIM_R4D : LK_SIM_WAVESHARE;
}

/* What a board of that maker answers is the recorded reply, where there is one. */
static void check_reply(const struct recorded *r, const struct lk_fb_request *request, const char *reply)
{
    struct lk_sim_board board = {.unit = 1, .channels = lk_board_profile_find(r->board)->channels};
    uint8_t pdu[LK_SIM_REPLY_MAX];
    lk_sim_board_become(&board, kind_of(r->family));
    size_t n = lk_sim_board_answer(&board, request->pdu, request->pdu_len, 1, pdu);
    assert_true(n > 0 && (pdu[0] & 0x80) == 0);
    if (strcmp(reply, "echo") == 0) {
        assert_int_equal(n, request->pdu_len);
        assert_memory_equal(pdu, request->pdu, n);
    } else if (reply[0] != '\0') {
        assert_string_equal(on_wire(r->unit, pdu, n), reply);
    }
}

/* The line takes the request, and the reply for its proof. */
static void check_accepted(const struct recorded *r, struct lk_fb_request request)
{
    struct lk_fieldbus_config config = {.name = "x", .transport = LK_FB_RTU, .device = "/dev/x", .baud = 9600};
    struct lk_fieldbus *fb;
    struct lk_fb_completion c;
    assert_int_equal(lk_fieldbus_sim_create(&config, 1, &fb), 0);
    struct lk_sim_board *board = lk_fieldbus_sim_board(fb, 1, lk_board_profile_find(r->board)->channels);
    lk_sim_board_become(board, kind_of(r->family));
    assert_int_equal(lk_fieldbus_start(fb), 0);
    request.unit = r->unit;
    request.priority = LK_FB_PROBE;
    assert_int_equal(lk_fieldbus_submit(fb, &request), r->unit == CATCH_ALL ? -EINVAL : 0);
    lk_fieldbus_sim_advance(fb, 500000000);
    assert_int_equal(lk_fieldbus_reap(fb, &c), r->unit != CATCH_ALL);
    if (r->unit != CATCH_ALL) {
        assert_int_equal(c.status, 0);
    }
    lk_fieldbus_destroy(fb);
}

static void check_row(const char *family, const char *purpose, const char *request, const char *reply)
{
    const struct recorded *r = recorded_of(family, purpose);
    struct lk_fb_request mine = made(r);
    print_message("%s, %s: %s\n", family, purpose, r->board);
    assert_string_equal(on_wire(r->unit, mine.pdu, mine.pdu_len), request);
    check_reply(r, &mine, reply);
    check_accepted(r, mine);
}

/* Cuts a line of comma-separated fields in place. */
static void cut(char *line, char *fields[], unsigned n)
{
    line[strcspn(line, "\r\n")] = '\0';
    for (unsigned i = 0; i < n; i++) {
        fields[i] = strsep(&line, ",");
        assert_non_null(fields[i]);
    }
    assert_null(line);
}

/* The next row of n fields, past comments and the line of titles. */
static bool next_row(FILE *file, char line[ROW_MAX], char *fields[], unsigned n)
{
    do {
        if (!fgets(line, ROW_MAX, file)) {
            return false;
        }
    } while (line[0] == '#' || strncmp(line, "profile,", 8) == 0 || strncmp(line, "board,", 6) == 0);
    cut(line, fields, n);
    return true;
}

static void every_recorded_frame_is_produced_and_its_reply_accepted(void **state)
{
    (void)state;
    char line[ROW_MAX], *f[4];
    unsigned rows = 0;
    LK_CLEANUP(lk_fclosep) FILE *file = fopen(LK_SOURCE_DIR "/tests/data/modbus-frames.csv", "re");
    assert_non_null(file);
    for (; next_row(file, line, f, LK_ARRAY_SIZE(f)); rows++) {
        check_row(f[0], f[1], f[2], f[3]);
    }
    assert_int_equal(rows, LK_ARRAY_SIZE(table));
}

static void catch_all_addresses_are_nobodys(void **state)
{
    (void)state;
    const struct lk_board_profile *p = lk_board_profile_find("jy-dam-8");
    assert_false(lk_board_profile_unit_ok(p, 0xFE));
    assert_false(lk_board_profile_unit_ok(p, 0xFF));
    assert_false(lk_board_profile_unit_ok(p, 0));
    assert_true(lk_board_profile_unit_ok(p, 1));
    assert_true(lk_board_profile_unit_ok(p, LK_FB_UNIT_MAX));
}

/* --- one row for each board */

enum { BOARD, PULSE_1, OFF_1, ALL_OFF_NOW, READ_RELAYS, READ_INPUTS, BOARD_FIELDS };

static void check_frame(const char *board, const char *what, const char *want, struct lk_fb_request r)
{
    if (strcmp(want, "?") == 0) {
        fail_msg("tests/data/boards.csv: %s: the frame '%s' is not filled in; take it from the maker's page", board,
                 what);
    }
    if (strcmp(on_wire(1, r.pdu, r.pdu_len), want) != 0) {
        fail_msg("%s: %s is %s, and has to be %s", board, what, on_wire(1, r.pdu, r.pdu_len), want);
    }
}

static void check_board(char *f[BOARD_FIELDS])
{
    const struct lk_board_profile *p = lk_board_profile_find(f[BOARD]);
    if (!p) {
        fail_msg("tests/data/boards.csv: there is no board %s", f[BOARD]);
    }
    check_frame(p->name, "pulse of relay 1", f[PULSE_1], lk_board_frame_pulse(p, 0, p->pulse_default_ms, 0));
    check_frame(p->name, "relay 1 off", f[OFF_1], lk_board_frame_coil(p, 0, false));
    check_frame(p->name, "all off", f[ALL_OFF_NOW], lk_board_frame_all_off(p));
    check_frame(p->name, "read relays", f[READ_RELAYS], lk_board_frame_read_coils(p));
    if (p->inputs > 0) {
        check_frame(p->name, "read inputs", f[READ_INPUTS], lk_board_frame_read_inputs(p));
    } else {
        assert_string_equal(f[READ_INPUTS], "none");
    }
}

static void every_board_has_its_row(void **state)
{
    (void)state;
    char line[ROW_MAX], *f[BOARD_FIELDS];
    unsigned rows = 0, boards = 0;
    LK_CLEANUP(lk_fclosep) FILE *file = fopen(LK_SOURCE_DIR "/tests/data/boards.csv", "re");
    assert_non_null(file);
    for (; next_row(file, line, f, BOARD_FIELDS); rows++) {
        check_board(f);
    }
    while (lk_board_profile_at(boards)) {
        boards++;
    }
    assert_int_equal(rows, boards);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_recorded_frame_is_produced_and_its_reply_accepted),
        cmocka_unit_test(catch_all_addresses_are_nobodys),
        cmocka_unit_test(every_board_has_its_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
