/* Every fault there is: what the master sees of it, and what really happened. Virtual time. */
#include "test_head.h"

#include "rig.h"

#include "base/cleanup.h"

#include <errno.h>
#include <string.h>

static struct rig rig;
static bool covered[LK_CAB_FAULTS];

static int set_up(void **state)
{
    rig_init(&rig, "waveshare-relay");
    *state = &rig;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rig_free(&rig);
    return 0;
}

static void break_board(enum lk_cab_fault fault, const struct lk_cab_fault_state *f)
{
    covered[fault] = true;
    rig_break_board(&rig, fault, f);
}

static void break_door(unsigned n, enum lk_cab_fault fault, const struct lk_cab_fault_state *f)
{
    covered[fault] = true;
    rig_break_door(&rig, n, fault, f);
}

static struct lk_cab_fault_state once(enum lk_cab_fault fault)
{
    struct lk_cab_fault_state f = rig_fault(fault);
    f.left = 1;
    return f;
}

static void open_door(unsigned n)
{
    assert_int_equal(lk_cab_door_act(&rig.w, rig_door(&rig, n), LK_CAB_FORCE, NULL, 0, rig.now_ns), 0);
}

#define READ_INPUTS "010200000020"
#define SHUT        "010204ffffffff"
#define PULSE_CH0   "010502000005"

static void test_dead(void **state)
{
    (void)state;
    break_board(LK_CAB_DEAD, NULL);
    assert_int_equal(rig_ask(&rig, PULSE_CH0), 0);
    assert_int_equal(rig.w.board[0].channel[0].commands, 0);
    (void)rig_ask(&rig, "020200000008");
    assert_true(rig_got(&rig, "020201ff")); /* the other board lives */
    lk_cab_world_clear_board(&rig.w, &rig.w.board[0], LK_CAB_DEAD, rig.now_ns);
    (void)rig_ask(&rig, READ_INPUTS);
    assert_true(rig_got(&rig, SHUT));
    assert_int_equal(rig_count(&rig, LK_CAB_UNANSWERED, NULL), 1);
}

static void test_lost_only_pulses_and_only_once(void **state)
{
    struct lk_cab_fault_state f = once(LK_CAB_LOST);
    (void)state;
    f.fc = 5;
    break_board(LK_CAB_LOST, &f);
    (void)rig_ask(&rig, READ_INPUTS);
    assert_true(rig_got(&rig, SHUT));
    assert_int_equal(rig_ask(&rig, PULSE_CH0), 0);
    assert_int_equal(rig.w.board[0].channel[0].commands, 0);
    (void)rig_ask(&rig, PULSE_CH0);
    assert_true(rig_got(&rig, PULSE_CH0));
}

static void test_echo_lost_but_acted(void **state)
{
    struct lk_cab_fault_state f = once(LK_CAB_ECHO_LOST);
    (void)state;
    break_board(LK_CAB_ECHO_LOST, &f);
    assert_int_equal(rig_ask(&rig, PULSE_CH0), 0);
    rig_run(&rig, 200 * MS);
    assert_true(rig_door(&rig, 1)->open);
}

static void test_late_answers_the_next_request(void **state)
{
    struct lk_cab_fault_state f = once(LK_CAB_LATE);
    (void)state;
    f.ms = 500;
    break_board(LK_CAB_LATE, &f);
    rig.line.config.baud = 9600;
    (void)rig_ask(&rig, PULSE_CH0);
    rig_run(&rig, 505 * MS);
    assert_int_equal(rig.got_len, 0);
    (void)rig_ask(&rig, "010502010005");
    rig_run(&rig, 50 * MS);
    assert_int_equal(rig.got_len, 16); /* both echoes, the old one first */
    assert_int_equal(rig.got[3], 0x00);
    assert_int_equal(rig.got[11], 0x01);
}

static void test_wrong_unit(void **state)
{
    struct lk_cab_fault_state f = once(LK_CAB_WRONG_UNIT);
    (void)state;
    break_board(LK_CAB_WRONG_UNIT, &f);
    (void)rig_ask(&rig, READ_INPUTS);
    assert_true(rig_got(&rig, "020204ffffffff")); /* with a right CRC */
    f = once(LK_CAB_WRONG_UNIT);
    f.value = 77;
    break_board(LK_CAB_WRONG_UNIT, &f);
    (void)rig_ask(&rig, PULSE_CH0);
    assert_true(rig_got(&rig, "4d0502000005"));
}

static void test_noise(void **state)
{
    struct lk_cab_fault_state f = rig_fault(LK_CAB_NOISE);
    unsigned spoilt = 0;
    (void)state;
    break_board(LK_CAB_NOISE, NULL);
    for (unsigned i = 0; i < 200; i++) {
        assert_int_equal(rig_ask(&rig, READ_INPUTS), 9);
        assert_false(lk_cab_crc_ok(rig.got, rig.got_len)); /* up to three neighbours are always caught by the CRC */
    }
    f.p = 0.25;
    break_board(LK_CAB_NOISE, &f);
    for (unsigned i = 0; i < 400; i++) {
        (void)rig_ask(&rig, READ_INPUTS);
        spoilt += !rig_got(&rig, SHUT);
    }
    assert_in_range(spoilt, 60, 140);
}

static void test_truncated(void **state)
{
    struct lk_cab_fault_state f = once(LK_CAB_TRUNCATED);
    (void)state;
    f.bytes = 5;
    break_board(LK_CAB_TRUNCATED, &f);
    assert_int_equal(rig_ask(&rig, READ_INPUTS), 5);
    assert_memory_equal(rig.got, "\x01\x02\x04\xff\xff", 5);
    (void)rig_ask(&rig, READ_INPUTS);
    assert_true(rig_got(&rig, SHUT));
}

static void test_exception(void **state)
{
    struct lk_cab_fault_state f = once(LK_CAB_EXCEPTION);
    (void)state;
    f.value = 6;
    break_board(LK_CAB_EXCEPTION, &f);
    (void)rig_ask(&rig, PULSE_CH0);
    assert_true(rig_got(&rig, "018506"));
    assert_int_equal(rig.w.board[0].channel[0].commands, 0);
}

static void test_garbage_before(void **state)
{
    struct lk_cab_fault_state f = once(LK_CAB_GARBAGE);
    (void)state;
    f.bytes = 7;
    break_board(LK_CAB_GARBAGE, &f);
    assert_int_equal(rig_ask(&rig, READ_INPUTS), 16);
    assert_true(lk_cab_crc_ok(rig.got + 7, 9));
}

static void test_double_reply(void **state)
{
    struct lk_cab_fault_state f = once(LK_CAB_DOUBLE_REPLY);
    (void)state;
    break_board(LK_CAB_DOUBLE_REPLY, &f);
    unsigned before = rig.deliveries;
    assert_int_equal(rig_ask(&rig, PULSE_CH0), 16);
    assert_memory_equal(rig.got, rig.got + 8, 8);
    assert_int_equal(rig.deliveries - before, 2);
}

static void test_same_address(void **state)
{
    struct lk_cab_fault_state f = rig_fault(LK_CAB_SAME_ADDRESS);
    (void)state;
    f.value = 2;
    break_board(LK_CAB_SAME_ADDRESS, &f);
    assert_int_equal(rig_ask(&rig, "020502000005"), 8);
    assert_false(lk_cab_crc_ok(rig.got, rig.got_len));
    rig_run(&rig, 200 * MS);
    assert_true(rig_door(&rig, 1)->open);  /* A01 */
    assert_true(rig_door(&rig, 33)->open); /* B01: two doors at once */
    assert_int_equal(rig.w.line[0].stats.collisions, 1);
}

static void test_pulse_stays(void **state)
{
    (void)state;
    break_board(LK_CAB_PULSE_STAYS, NULL);
    (void)rig_ask(&rig, PULSE_CH0);
    assert_true(rig_got(&rig, PULSE_CH0));
    rig_run(&rig, 60000 * MS);
    (void)rig_ask(&rig, "010100000008");
    assert_true(rig_got(&rig, "01010101"));
    (void)rig_ask(&rig, "010500ff0000");
    assert_false(rig.w.board[0].channel[0].contact);
}

static void test_ignores_off(void **state)
{
    (void)state;
    break_board(LK_CAB_IGNORES_OFF, NULL);
    (void)rig_ask(&rig, PULSE_CH0);
    (void)rig_ask(&rig, "010500ff0000");
    assert_true(rig_got(&rig, "010500ff0000")); /* it says that it did */
    assert_true(rig.w.board[0].channel[0].contact);
    rig_run(&rig, 600 * MS);
    assert_false(rig.w.board[0].channel[0].contact);
    (void)rig_ask(&rig, "01050000ff00"); /* without a timer it obeys */
    (void)rig_ask(&rig, "010500000000");
    assert_false(rig.w.board[0].channel[0].contact);
}

static void test_relay_welded(void **state)
{
    struct lk_cab_fault_state f = rig_fault(LK_CAB_RELAY_WELDED);
    (void)state;
    break_door(1, LK_CAB_RELAY_WELDED, NULL);
    rig_run(&rig, 200 * MS);
    assert_true(rig_door(&rig, 1)->open);
    (void)rig_ask(&rig, "010500000000");
    (void)rig_ask(&rig, "010100000008");
    assert_true(rig_got(&rig, "01010101"));
    assert_true(rig_door(&rig, 1)->coil);
    lk_cab_world_clear_door(&rig.w, rig_door(&rig, 1), LK_CAB_FAULTS, rig.now_ns);
    assert_false(rig_door(&rig, 1)->coil);
    f.value = 0; /* a board that only reports what it was told */
    break_door(1, LK_CAB_RELAY_WELDED, &f);
    (void)rig_ask(&rig, "010100000008");
    assert_true(rig_got(&rig, "01010100"));
}

static void test_relay_open(void **state)
{
    (void)state;
    break_door(1, LK_CAB_RELAY_OPEN, NULL);
    (void)rig_ask(&rig, PULSE_CH0);
    assert_true(rig_got(&rig, PULSE_CH0));
    (void)rig_ask(&rig, "010100000008");
    assert_true(rig_got(&rig, "01010100"));
    rig_run(&rig, 1000 * MS);
    assert_false(rig_door(&rig, 1)->open);
    assert_int_equal(rig.w.board[0].channel[0].pulses, 0);
    assert_int_equal(rig.w.board[0].channel[0].commands, 1);
}

static void test_sensor_stuck(void **state)
{
    struct lk_cab_fault_state f = rig_fault(LK_CAB_SENSOR_STUCK);
    (void)state;
    f.value = 1;
    break_door(1, LK_CAB_SENSOR_STUCK, &f);
    break_door(2, LK_CAB_SENSOR_STUCK, NULL);
    open_door(1);
    (void)rig_ask(&rig, "010200000003");
    assert_true(rig_got(&rig, "01020105")); /* 1 reads shut though open, 2 reads open though shut */
}

static void test_sensor_inverted(void **state)
{
    (void)state;
    break_door(3, LK_CAB_SENSOR_INVERTED, NULL);
    (void)rig_ask(&rig, "010200000003");
    assert_true(rig_got(&rig, "01020103"));
    open_door(3);
    (void)rig_ask(&rig, "010200000003");
    assert_true(rig_got(&rig, "01020107"));
}

static void test_bounce(void **state)
{
    struct lk_cab_fault_state f = rig_fault(LK_CAB_BOUNCE);
    (void)state;
    f.value = 10;
    f.ms = 100;
    break_door(1, LK_CAB_BOUNCE, &f);
    open_door(1);
    rig_run(&rig, 50 * MS);
    unsigned halfway = rig_count(&rig, LK_CAB_INPUT, NULL);
    assert_in_range(halfway, 5, 16);
    rig_run(&rig, 60 * MS);
    assert_int_equal(rig_count(&rig, LK_CAB_INPUT, NULL), 21);
}

static void test_jam(void **state)
{
    struct lk_cab_fault_state f = rig_fault(LK_CAB_JAM);
    struct lk_cab_door *d = rig_door(&rig, 1);
    (void)state;
    break_door(1, LK_CAB_JAM, NULL);
    (void)rig_ask(&rig, PULSE_CH0);
    assert_int_equal(lk_cab_door_act(&rig.w, d, LK_CAB_PUSH, NULL, 1000 * MS, rig.now_ns), 0);
    rig_run(&rig, 2000 * MS);
    assert_false(d->open);
    f.value = 1; /* now pushing helps, but only together with the current */
    break_door(1, LK_CAB_JAM, &f);
    (void)rig_ask(&rig, PULSE_CH0);
    rig_run(&rig, 1000 * MS);
    assert_false(d->open);
    assert_int_equal(lk_cab_door_act(&rig.w, d, LK_CAB_PUSH, NULL, 100 * MS, rig.now_ns), 0);
    rig_run(&rig, 200 * MS);
    assert_false(d->open);
    (void)rig_ask(&rig, PULSE_CH0);
    rig_run(&rig, 300 * MS);
    assert_int_equal(lk_cab_door_act(&rig.w, d, LK_CAB_PUSH, NULL, 100 * MS, rig.now_ns), 0);
    rig_run(&rig, 100 * MS);
    assert_true(d->open);
}

static void test_slow(void **state)
{
    struct lk_cab_fault_state f = rig_fault(LK_CAB_SLOW);
    struct lk_cab_door *d = rig_door(&rig, 1);
    (void)state;
    f.ms = 500;
    break_door(1, LK_CAB_SLOW, &f);
    (void)rig_ask(&rig, PULSE_CH0);
    rig_run(&rig, 500 * MS);
    assert_false(d->open);
    rig_run(&rig, 300 * MS);
    assert_true(d->open);
}

static void test_weak_coil(void **state)
{
    struct lk_cab_door *d = rig_door(&rig, 1);
    (void)state;
    break_door(1, LK_CAB_WEAK_COIL, NULL);
    for (unsigned i = 0; i < 100; i++) {
        (void)rig_ask(&rig, PULSE_CH0);
        rig_run(&rig, 1000 * MS);
        (void)lk_cab_door_act(&rig.w, d, LK_CAB_CLOSE, NULL, 0, rig.now_ns);
    }
    assert_int_equal(d->energised, 100);
    assert_in_range(d->openings, 25, 75);
}

static void test_forced(void **state)
{
    struct lk_cab_door *d = rig_door(&rig, 1);
    (void)state;
    break_door(1, LK_CAB_FORCED, NULL);
    assert_true(d->open);
    assert_int_equal(d->energised, 0);
    assert_int_equal(lk_cab_door_act(&rig.w, d, LK_CAB_CLOSE, NULL, 0, rig.now_ns), 0);
    assert_false(d->latched);
    lk_cab_world_clear_door(&rig.w, d, LK_CAB_FORCED, rig.now_ns);
    assert_true(d->latched);
}

static void test_swapped_wires(void **state)
{
    struct lk_cab_fault_state f = rig_fault(LK_CAB_SWAPPED_WIRES);
    (void)state;
    f.other = 7;
    break_door(1, LK_CAB_SWAPPED_WIRES, &f);
    (void)rig_ask(&rig, PULSE_CH0);
    rig_run(&rig, 600 * MS);
    assert_false(rig_door(&rig, 1)->open);
    assert_true(rig_door(&rig, 8)->open);
    assert_int_equal(lk_cab_world_fault_door(&rig.w, rig_door(&rig, 8), LK_CAB_SWAPPED_WIRES, &f, rig.now_ns), -EINVAL);
    f.other = 0;
    assert_int_equal(lk_cab_world_fault_door(&rig.w, rig_door(&rig, 9), LK_CAB_SWAPPED_WIRES, &f, rig.now_ns), -EBUSY);
    (void)rig_ask(&rig, "010502070005");
    rig_run(&rig, 600 * MS);
    assert_true(rig_door(&rig, 1)->open);
    lk_cab_world_clear_door(&rig.w, rig_door(&rig, 8), LK_CAB_FAULTS, rig.now_ns);
    (void)rig_ask(&rig, "010502080005");
    (void)rig_ask(&rig, PULSE_CH0);
    assert_true(rig_door(&rig, 1)->coil);
    assert_false(rig_door(&rig, 8)->coil);
}

static void test_power_cut(void **state)
{
    (void)state;
    struct lk_cab_happening h;
    (void)rig_ask(&rig, "010502000032"); /* 5 s */
    (void)rig_ask(&rig, "0106100b0003");
    rig_run(&rig, 1000 * MS);
    lk_cab_board_power(&rig.w, &rig.w.board[0], false, rig.now_ns);
    assert_int_equal(rig_count(&rig, LK_CAB_PULSE_END, &h), 1);
    assert_in_range(h.value, 1000 * MS, 1020 * MS);
    assert_int_equal(rig_ask(&rig, READ_INPUTS), 0);
    rig_run(&rig, 1000 * MS);
    lk_cab_board_power(&rig.w, &rig.w.board[0], true, rig.now_ns);
    (void)rig_ask(&rig, "010100000008");
    assert_true(rig_got(&rig, "01010100"));
    (void)rig_ask(&rig, "0103100b0001");
    assert_true(rig_got(&rig, "0103020003")); /* settings outlive it */
    rig_run(&rig, 10000 * MS);
    assert_int_equal(rig_count(&rig, LK_CAB_PULSE_START, NULL), 1);
}

static void test_reset_makes_all_well(void **state)
{
    struct lk_cab_fault_state f = rig_fault(LK_CAB_SWAPPED_WIRES);
    (void)state;
    for (unsigned i = 0; i < LK_CAB_BOARD_FAULTS; i++) {
        rig_break_board(&rig, (enum lk_cab_fault)i, NULL);
    }
    f.other = 5;
    for (unsigned i = LK_CAB_BOARD_FAULTS; i < LK_CAB_FAULTS; i++) {
        rig_break_door(&rig, 1, (enum lk_cab_fault)i, i == LK_CAB_SWAPPED_WIRES ? &f : NULL);
    }
    rig_run(&rig, 1000 * MS);
    lk_cab_board_power(&rig.w, &rig.w.board[1], false, rig.now_ns);
    lk_cab_world_reset(&rig.w, rig.now_ns);
    (void)rig_ask(&rig, READ_INPUTS);
    assert_true(rig_got(&rig, SHUT));
    (void)rig_ask(&rig, PULSE_CH0);
    rig_run(&rig, 200 * MS);
    assert_true(rig_door(&rig, 1)->open && !rig_door(&rig, 6)->open);
    assert_int_equal(rig_door(&rig, 1)->openings, 1);
}

static void test_every_fault_has_a_test(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LK_CAB_FAULTS; i++) {
        if (!covered[i]) {
            fail_msg("no test breaks anything with \"%s\"", lk_cab_fault_row((enum lk_cab_fault)i)->name);
        }
        assert_int_equal(lk_cab_fault_from_name(lk_cab_fault_row((enum lk_cab_fault)i)->name), i);
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(test_dead),
        T(test_lost_only_pulses_and_only_once),
        T(test_echo_lost_but_acted),
        T(test_late_answers_the_next_request),
        T(test_wrong_unit),
        T(test_noise),
        T(test_truncated),
        T(test_exception),
        T(test_garbage_before),
        T(test_double_reply),
        T(test_same_address),
        T(test_pulse_stays),
        T(test_ignores_off),
        T(test_relay_welded),
        T(test_relay_open),
        T(test_sensor_stuck),
        T(test_sensor_inverted),
        T(test_bounce),
        T(test_jam),
        T(test_slow),
        T(test_weak_coil),
        T(test_forced),
        T(test_swapped_wires),
        T(test_power_cut),
        T(test_reset_makes_all_well),
        cmocka_unit_test(test_every_fault_has_a_test),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
