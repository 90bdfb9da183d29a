/* The makers' frames, byte for byte: tests/data/modbus-frames.csv against the simulator's boards. */
#include "test_head.h"

#include "rig.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct row {
    char profile[32], purpose[64];
    uint8_t request[64], reply[64];
    size_t request_len, reply_len;
    bool echo;
};

static size_t bytes_of(const char *hex, uint8_t *ret_bytes)
{
    char packed[256];
    size_t n = 0;
    for (; *hex; hex++) {
        if (*hex != ' ' && *hex != '\r' && *hex != '\n') {
            packed[n++] = *hex;
        }
    }
    packed[n] = '\0';
    assert_int_equal(lk_text_unhex(ret_bytes, n / 2, packed), 0);
    return n / 2;
}

static bool next_row(FILE *f, struct row *ret_row)
{
    char line[512];
    for (;;) {
        if (!fgets(line, sizeof line, f)) {
            return false;
        }
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0] != '#' && line[0] != '\0' && strncmp(line, "profile,", 8) != 0) {
            break;
        }
    }
    char *rest = line;
    const char *field[4];
    for (int i = 0; i < 4; i++) {
        field[i] = strsep(&rest, ",");
        assert_non_null(field[i]);
    }
    assert_int_equal(lk_text_copy(ret_row->profile, sizeof ret_row->profile, field[0]), 0);
    assert_int_equal(lk_text_copy(ret_row->purpose, sizeof ret_row->purpose, field[1]), 0);
    ret_row->request_len = bytes_of(field[2], ret_row->request);
    ret_row->echo = strcmp(field[3], "echo") == 0;
    ret_row->reply_len = ret_row->echo ? 0 : bytes_of(field[3], ret_row->reply);
    return true;
}

/* What no column says still must be a whole, unexceptional reply to this function, from unit 1. */
static void check_free_reply(const struct rig *r, const struct row *row)
{
    assert_true(lk_cab_crc_ok(r->got, r->got_len));
    assert_int_equal(r->got[1], row->request[1]);
    if (row->request[1] <= 2) {
        unsigned count = (unsigned)row->request[4] << 8 | row->request[5];
        assert_int_equal(r->got[2], (count + 7) / 8);
        assert_int_equal(r->got_len, 5 + (count + 7) / 8);
    }
}

static void check_row(const struct row *row)
{
    struct rig r;
    rig_init(&r, row->profile);
    /* two boards on the line would both answer a broadcast or a catch-all */
    r.w.boards = 1;
    assert_int_equal(lk_cab_rtu_request_length(row->request, row->request_len), row->request_len);
    rig_send(&r, row->request, row->request_len);
    rig_run(&r, 10 * MS);
    if (row->echo) {
        assert_int_equal(r.got_len, row->request_len);
        assert_memory_equal(r.got, row->request, r.got_len);
    } else if (row->reply_len > 0) {
        assert_int_equal(r.got_len, row->reply_len);
        assert_memory_equal(r.got, row->reply, r.got_len);
    } else {
        check_free_reply(&r, row);
    }
    rig_free(&r);
}

static void test_every_row(void **state)
{
    (void)state;
    LK_CLEANUP(lk_fclosep) FILE *f = fopen(LK_SOURCE_DIR "/tests/data/modbus-frames.csv", "r");
    struct row row;
    unsigned rows = 0;
    assert_non_null(f);
    for (; next_row(f, &row); rows++) {
        print_message("%s: %s\n", row.profile, row.purpose);
        assert_true(lk_cab_crc_ok(row.request, row.request_len));
        assert_true(row.reply_len == 0 || lk_cab_crc_ok(row.reply, row.reply_len));
        check_row(&row);
    }
    assert_true(rows >= 29);
}

static void test_one_wrong_bit_is_silence(void **state)
{
    (void)state;
    LK_CLEANUP(lk_fclosep) FILE *f = fopen(LK_SOURCE_DIR "/tests/data/modbus-frames.csv", "r");
    struct row row;
    assert_non_null(f);
    assert_true(next_row(f, &row));
    for (unsigned bit = 0; bit < row.request_len * 8; bit++) {
        struct rig r;
        rig_init(&r, "waveshare-relay");
        row.request[bit / 8] ^= (uint8_t)(1u << bit % 8);
        rig_send(&r, row.request, row.request_len);
        rig_run(&r, 100 * MS);
        assert_int_equal(r.got_len, 0);
        row.request[bit / 8] ^= (uint8_t)(1u << bit % 8);
        rig_free(&r);
    }
}

struct ask {
    const char *request, *reply; /* without CRC; reply "" = silence */
};

static void test_answers(void **state)
{
    static const struct ask rows[] = {
        {"010100000020", "01010400000000"},     /* all relays off */
        {"010200000020", "010204ffffffff"},     /* all doors shut */
        {"01020007000a", "010202ff03"},         /* from the middle, spare bits are 0 */
        {"010310000003", "010306000000000000"}, /* link modes */
        {"010380000001", "01030200c8"},         /* V2.00 */
        {"010340000001", "0103020001"},         /* address */
        {"010320000001", "0103020001"},         /* 9600 8N1 */
        {"0106100a0003", "0106100a0003"},       /* link mode of channel 10 */
        {"0103100a0001", "0103020003"},         /* is kept */
        {"010f0000001004ffff0000", "018f03"},   /* byte count is not right */
        {"010f0000001002ffff", "010f00000010"}, /* sixteen on */
        {"010100000020", "010104ffff0000"},     /* are on */
        {"010500ff0000", "010500ff0000"},       /* all off */
        {"010100000020", "01010400000000"},     /* are off */
        {"010500005500", "010500005500"},       /* flip */
        {"010100000001", "01010101"},           /* is on */
        {"010700000000", ""},                   /* fc 07 has no data: four bytes too many, CRC of 4 does not fit */
        {"010400000001", "018401"},             /* no function 04 */
        {"011100000001", ""},                   /* as 07 */
        {"010100200001", "018102"},             /* no relay 32 */
        {"0101001f0002", "018102"},             /* over the end */
        {"010100000000", "018103"},             /* none */
        {"0101000007d1", "018103"},             /* more than a frame holds */
        {"010500001234", "018503"},             /* neither on nor off */
        {"01050220000a", "018502"},             /* no flash on channel 32 */
        {"010502000000", "018503"},             /* no pulse of 0 */
        {"010502008000", "018503"},             /* nor of 0x8000 */
        {"010610000004", "018603"},             /* no link mode 4 */
        {"010640000000", "018603"},             /* address 0 is broadcast */
        {"010640000100", "018603"},             /* 256 is none */
        {"010650000001", "018602"},             /* no such register */
        {"030100000020", ""},                   /* nobody has unit 3 */
        {"000100000020", ""},                   /* reading by broadcast */
        {"01102000000102000a", "019002"},       /* FC10 elsewhere */
        {"01101000000204000100ff", "019003"},   /* the second value is bad */
        {"010310000001", "0103020000"},         /* then the first is not written either */
        {"011010000002040001"
         "0000",
         "011010000002"}, /* link mode 1 and 0 */
    };
    struct rig r;
    (void)state;
    rig_init(&r, "waveshare-relay");
    for (size_t i = 0; i < LK_ARRAY_SIZE(rows); i++) {
        print_message("%s\n", rows[i].request);
        (void)rig_ask(&r, rows[i].request);
        rig_run(&r, 50 * MS);
        if (rows[i].reply[0] == '\0') {
            assert_int_equal(r.got_len, 0);
        } else {
            assert_true(rig_got(&r, rows[i].reply));
        }
    }
    rig_free(&r);
}

static void test_address_by_broadcast(void **state)
{
    struct rig r;
    (void)state;
    rig_init(&r, "waveshare-relay");
    r.w.boards = 1;
    (void)rig_ask(&r, "000340000001");
    assert_true(rig_got(&r, "0103020001"));
    (void)rig_ask(&r, "000640000009");
    assert_true(rig_got(&r, "000640000009"));
    assert_int_equal(rig_ask(&r, "010100000008"), 0);
    (void)rig_ask(&r, "090100000008");
    assert_true(rig_got(&r, "09010100"));
    r.w.boards = 2; /* now two answer at once, and nothing readable is left */
    (void)rig_ask(&r, "000340000001");
    assert_true(r.got_len > 0 && !lk_cab_crc_ok(r.got, r.got_len));
    assert_int_equal(r.w.line[0].stats.collisions, 1);
    rig_free(&r);
}

static void test_broadcast_writes_reach_all(void **state)
{
    struct rig r;
    (void)state;
    rig_init(&r, "waveshare-relay");
    assert_int_equal(rig_ask(&r, "00050003ff00"), 0);
    assert_true(r.w.board[0].channel[3].contact && r.w.board[1].channel[3].contact);
    rig_free(&r);
}

static void test_unknown_function_of_any_length(void **state)
{
    struct rig r;
    (void)state;
    rig_init(&r, "waveshare-relay");
    r.line.config.baud = 9600;
    (void)rig_ask(&r, "0142aabbccddeeff001122");
    assert_int_equal(r.got_len, 0); /* its end is only known by the silence */
    rig_run(&r, 50 * MS);
    assert_true(rig_got(&r, "01c201"));
    rig_free(&r);
}

static void test_r4d_commands(void **state)
{
    struct rig r;
    (void)state;
    rig_init(&r, "eletechsup-r4d");
    assert_true(rig_ask(&r, "010600010500") && r.w.board[0].channel[0].contact);
    rig_run(&r, 1001 * MS);
    assert_false(r.w.board[0].channel[0].contact);
    (void)rig_ask(&r, "010600010602");
    rig_run(&r, 1900 * MS);
    assert_true(r.w.board[0].channel[0].contact);
    rig_run(&r, 101 * MS);
    assert_false(r.w.board[0].channel[0].contact);
    (void)rig_ask(&r, "010600000700");
    (void)rig_ask(&r, "010300010002");
    assert_true(rig_got(&r, "01030400010001"));
    (void)rig_ask(&r, "010600020400"); /* latch: this one, all others off */
    (void)rig_ask(&r, "010300010002");
    assert_true(rig_got(&r, "01030400000001"));
    (void)rig_ask(&r, "010600010900");
    assert_true(rig_got(&r, "018603"));
    rig_free(&r);
}

static void test_jydam_modes(void **state)
{
    struct rig r;
    (void)state;
    rig_init(&r, "jy-dam");
    r.w.boards = 1;
    (void)rig_ask(&r, "011000080002040004000a"); /* the second channel, 1 s */
    assert_true(r.w.board[0].channel[1].contact && !r.w.board[0].channel[0].contact);
    rig_run(&r, 1000 * MS);
    assert_false(r.w.board[0].channel[1].contact);
    (void)rig_ask(&r, "011000030002040002000a"); /* the other mode leaves it on afterwards */
    rig_run(&r, 1001 * MS);
    assert_true(r.w.board[0].channel[0].contact);
    (void)rig_ask(&r, "ff0500000000");
    assert_false(r.w.board[0].channel[0].contact);
    rig_free(&r);
}

static void test_plain_coil_and_its_watchdog(void **state)
{
    struct rig r;
    (void)state;
    rig_init(&r, "plain-coil");
    assert_true(rig_ask(&r, "01050003ff00") && r.w.board[0].channel[3].contact);
    rig_run(&r, 60000 * MS);
    assert_true(r.w.board[0].channel[3].contact); /* as shipped: nobody guards it */
    (void)rig_ask(&r, "010502000005");
    assert_true(rig_got(&r, "018502")); /* it cannot time a pulse */
    (void)rig_ask(&r, "010600080002");
    assert_true(rig_got(&r, "010600080002"));
    rig_run(&r, 1900 * MS);
    (void)rig_ask(&r, "010100000008"); /* somebody speaks: its time begins anew */
    rig_run(&r, 1900 * MS);
    assert_true(r.w.board[0].channel[3].contact);
    rig_run(&r, 200 * MS);
    assert_false(r.w.board[0].channel[3].contact);
    rig_free(&r);
}

static void test_wirenboard_links(void **state)
{
    struct rig r;
    (void)state;
    rig_init(&r, "wirenboard-mr");
    (void)rig_ask(&r, "010300090002");
    assert_true(rig_got(&r, "01030400030003"));
    (void)rig_ask(&r, "010600090001"); /* linked: the door is shut, its input reads 1 */
    assert_true(r.w.board[0].channel[0].contact);
    (void)rig_ask(&r, "010600090002");
    assert_true(rig_got(&r, "018603"));
    rig_free(&r);
}

/* Board I reads what board A has no inputs for. */
static void test_switches_on_another_board(void **state)
{
    struct rig r;
    (void)state;
    rig_init(&r, "waveshare-relay");
    struct lk_cab_board_config c = {.name = "I",
                                    .line = r.line.line,
                                    .unit = 3,
                                    .channels = 8,
                                    .inputs = 8,
                                    .profile = lk_cab_profile_find("waveshare-relay")};
    assert_int_equal(lk_cab_world_add_board(&r.w, &c), 2);
    c = (struct lk_cab_board_config){.name = "R",
                                     .line = r.line.line,
                                     .unit = 4,
                                     .channels = 4,
                                     .doors = 4,
                                     .sensors_elsewhere = true,
                                     .sensors_board = 2,
                                     .sensors_first = 4,
                                     .profile = lk_cab_profile_find("eletechsup-r4d"),
                                     .door = {.latch_ns = 50 * MS, .spring_ns = 60 * MS, .closed_reads1 = true}};
    assert_int_equal(lk_cab_world_add_board(&r.w, &c), 3);
    (void)rig_ask(&r, "030200000008");
    assert_true(rig_got(&r, "030201f0"));
    (void)rig_ask(&r, "040600020500"); /* relay 2 */
    rig_run(&r, 200 * MS);
    (void)rig_ask(&r, "030200000008");
    assert_true(rig_got(&r, "030201d0"));
    (void)rig_ask(&r, "040200000004");
    assert_true(rig_got(&r, "048201"));
    c.name = "S"; /* these inputs are taken */
    c.unit = 5;
    assert_int_equal(lk_cab_world_add_board(&r.w, &c), -EINVAL);
    rig_free(&r);
}

static void test_tcp_units(void **state)
{
    uint8_t adu[LK_CAB_ADU_MAX];
    const uint8_t pdu[] = {5, 2, 6, 0, 5}, wanted[] = {0xAB, 0xCD, 0, 0, 0, 6, 9, 5, 2, 6, 0, 5};
    (void)state;
    assert_int_equal(lk_cab_tcp_wrap(0xABCD, 9, pdu, sizeof pdu, adu), sizeof wanted);
    assert_memory_equal(adu, wanted, sizeof wanted);
    assert_int_equal(lk_cab_tcp_length(adu, 5), 0);
    assert_int_equal(lk_cab_tcp_length(adu, 6), sizeof wanted);
    adu[3] = 1;
    assert_int_equal(lk_cab_tcp_length(adu, 6), -1);
    adu[3] = 0;
    adu[4] = 1;
    assert_int_equal(lk_cab_tcp_length(adu, 6), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row),
        cmocka_unit_test(test_one_wrong_bit_is_silence),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_address_by_broadcast),
        cmocka_unit_test(test_broadcast_writes_reach_all),
        cmocka_unit_test(test_unknown_function_of_any_length),
        cmocka_unit_test(test_r4d_commands),
        cmocka_unit_test(test_jydam_modes),
        cmocka_unit_test(test_plain_coil_and_its_watchdog),
        cmocka_unit_test(test_wirenboard_links),
        cmocka_unit_test(test_switches_on_another_board),
        cmocka_unit_test(test_tcp_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
