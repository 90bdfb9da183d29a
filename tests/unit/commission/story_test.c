/* Commissioning as told to a person, in virtual time: cabinets wired in every wrong way. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "com_rig.h"

static struct rig rig;

static void cabinet(unsigned doors)
{
    rig_init(&rig);
    rig_add_board(&rig, 1, 8);
    rig_add_doors(&rig, 1, "A", doors);
}

static void assert_line(const char *bank, const char *line)
{
    const char *text = rig_conf(&rig, bank);
    const char *at = strstr(text, line);
    if (!at || (at != text && at[-1] != '\n') || at[strlen(line)] != '\n') {
        fail_msg("no line \"%s\" in:\n%s", line, text);
    }
}

static void assert_no_key(const char *bank, const char *key)
{
    if (strstr(rig_conf(&rig, bank), key)) {
        fail_msg("a line with \"%s\" in:\n%s", key, rig_conf(&rig, bank));
    }
}

static void a_cabinet_wired_as_planned(void **state)
{
    (void)state;
    cabinet(8);
    assert_int_equal(rig_run(&rig), 0);
    assert_string_equal(rig_conf(&rig, "A"),
                        "# Learned at the cabinet by lockerctl commission. After a change of the wiring, commission "
                        "again.\n[bank A]\nfieldbus = rs485-a\nunit = 1\nprofile = waveshare-relay-8\ndoors = 8\nsizes "
                        "= S:1-8\nsensor_closed = high\n");
    assert_int_equal(rig.pulses, 8);
}

static void swapped_doors_are_found(void **state)
{
    (void)state;
    cabinet(8);
    rig_door(&rig, "A03")->channel = 4;
    rig_door(&rig, "A05")->channel = 2;
    assert_int_equal(rig_run(&rig), 0);
    assert_line("A", "channels = 1-2 5 4 3 6-8");
    assert_line("A", "inputs = 1-8");
}

static void lock_and_switch_moved_together_need_channels_only(void **state)
{
    (void)state;
    cabinet(2);
    *rig_door(&rig, "A01") = (struct rig_door){"A01", 1, 6, 1, 6, true, false, false};
    rig_say(&rig, "nothing", 0, "unused");
    assert_int_equal(rig_run(&rig), 0);
    assert_line("A", "channels = 7 2");
    assert_no_key("A", "inputs");
    assert_line("A", "doors = 2");
}

static void inverted_switches_are_learned_door_by_door(void **state)
{
    (void)state;
    cabinet(8);
    rig_door(&rig, "A03")->closed_level = false;
    rig_door(&rig, "A07")->closed_level = false;
    assert_int_equal(rig_run(&rig), 0);
    assert_line("A", "sensor_closed = high low:3,7");
    cabinet(3);
    for (unsigned i = 0; i < 3; i++) {
        rig.door[i].closed_level = i == 1;
    }
    assert_int_equal(rig_run(&rig), 0);
    assert_line("A", "sensor_closed = low high:2");
}

static void switches_on_another_board(void **state)
{
    (void)state;
    cabinet(8);
    rig_add_board(&rig, 2, 16);
    rig_say(&rig, "which_bank", 2, "-");
    for (unsigned i = 0; i < 8; i++) {
        rig.door[i].input_unit = 2;
        rig.door[i].input = 15 - i;
    }
    assert_int_equal(rig_run(&rig), 0);
    assert_line("A", "inputs_unit = 2");
    assert_line("A", "inputs_profile = waveshare-relay-16");
    assert_line("A", "inputs = 16 15 14 13 12 11 10 9");
    assert_no_key("A", "channels");
}

static void switches_on_two_boards_cannot_be_written(void **state)
{
    (void)state;
    cabinet(2);
    rig_add_board(&rig, 2, 8);
    rig_say(&rig, "which_bank", 2, "-");
    rig.door[1].input_unit = 2;
    rig_say(&rig, "review", 2, "END");
    assert_int_equal(rig_run(&rig), -EPIPE);
    assert_int_equal(rig_said(&rig, "mixed_inputs"), 1);
    assert_false(rig.known.done);
}

static void a_dead_channel_is_asked_about_and_left(void **state)
{
    (void)state;
    cabinet(4);
    rig_door(&rig, "A04")->jammed = true;
    rig_say(&rig, "nothing", 1, "again");
    assert_int_equal(rig_run(&rig), 0);
    assert_int_equal(rig_said(&rig, "nothing"), 6); /* channel 4 twice, then 5..8 */
    assert_line("A", "doors = 3");
    assert_string_equal(lk_com_bank_of(&rig.known, "A")->channel[3].why, "dead");
}

static void two_doors_on_one_relay_are_never_configured(void **state)
{
    (void)state;
    cabinet(3);
    rig_door(&rig, "A03")->channel = 1;
    rig_say(&rig, "review", 0, "END");
    assert_int_equal(rig_run(&rig), -EPIPE);
    assert_int_equal(rig_said(&rig, "two_doors"), 1);
    assert_string_equal(lk_com_bank_of(&rig.known, "A")->channel[1].why, "two");
    assert_int_equal(lk_com_doors(lk_com_bank_of(&rig.known, "A"), NULL), 1);
}

static void two_inputs_that_move_are_asked_about(void **state)
{
    (void)state;
    cabinet(2);
    rig.board[0].stray = 0x40; /* input 7 moves with every pulse */
    rig_say(&rig, "which_input", 0, "1");
    assert_int_equal(rig_run(&rig), 0);
    assert_int_equal(rig_said(&rig, "which_input"), 2);
    assert_line("A", "doors = 2");
    assert_no_key("A", "inputs");
}

static void an_input_is_never_guessed(void **state)
{
    (void)state;
    cabinet(2);
    rig_door(&rig, "A02")->input_unit = 0; /* its switch is not wired */
    rig_say(&rig, "no_sensor", 0, "skip");
    rig_say(&rig, "review", 1, "END");
    assert_int_equal(rig_run(&rig), -EPIPE);
    assert_string_equal(lk_com_bank_of(&rig.known, "A")->channel[1].why, "skip");
    assert_int_equal(lk_com_doors(lk_com_bank_of(&rig.known, "A"), NULL), 1);
}

static void one_input_is_one_doors(void **state)
{
    (void)state;
    cabinet(2);
    rig.door[0].closed_level = rig.door[1].closed_level = false;
    rig.door[1].input = 0; /* both switches on one input */
    rig_say(&rig, "no_sensor", 0, "skip");
    rig_say(&rig, "review", 1, "END");
    assert_int_equal(rig_run(&rig), -EPIPE);
    assert_int_equal(rig_said(&rig, "input_taken"), 1);
    assert_int_equal(lk_com_doors(lk_com_bank_of(&rig.known, "A"), NULL), 1);
}

static void a_door_that_nobody_saw_is_not_believed(void **state)
{
    (void)state;
    cabinet(1);
    rig_say(&rig, "which_door", 1, "none");
    rig_say(&rig, "unseen_what", 1, "again");
    assert_int_equal(rig_run(&rig), 0);
    assert_int_equal(rig_said(&rig, "unseen"), 1);
    assert_line("A", "doors = 1");
}

static void a_door_that_is_not_shut_proves_nothing(void **state)
{
    (void)state;
    cabinet(1);
    rig_say(&rig, "shut_it", 1, "done");
    assert_int_equal(rig_run(&rig), 0);
    assert_int_equal(rig_said(&rig, "still_open"), 1);
    assert_int_equal(rig_said(&rig, "shut_it"), 2);
    assert_line("A", "doors = 1");
}

static void a_door_number_is_given_once(void **state)
{
    (void)state;
    cabinet(2);
    rig_say(&rig, "which_door", 2, "A01");
    rig_say(&rig, "which_door", 3, "B02");
    assert_int_equal(rig_run(&rig), 0);
    assert_int_equal(rig_said(&rig, "door_taken"), 1);
    assert_int_equal(rig_said(&rig, "no_such_door"), 1);
    assert_line("A", "doors = 2");
}

static void back_forgets_the_last_one(void **state)
{
    (void)state;
    cabinet(2);
    rig_say(&rig, "which_door", 1, "2"); /* they misread the label */
    rig_say(&rig, "which_door", 2, "back");
    assert_int_equal(rig_run(&rig), 0);
    assert_no_key("A", "channels");
    assert_int_equal(rig.pulses, 8 + 2);
}

static void doors_are_renumbered_and_done_again(void **state)
{
    (void)state;
    cabinet(3);
    rig_say(&rig, "which_door", 3, "7");
    rig_say(&rig, "review", 1, "ok"); /* 1, 2, 7: a gap */
    rig_say(&rig, "review", 2, "close-up A");
    rig_say(&rig, "review", 3, "number A01 A02");
    rig_say(&rig, "review", 4, "redo A03");
    rig_say(&rig, "review", 5, "sizes A S:1,2 M:3");
    rig_say(&rig, "review", 6, "nonsense");
    assert_int_equal(rig_run(&rig), 0);
    assert_int_equal(rig_said(&rig, "gap"), 1);
    assert_int_equal(rig_said(&rig, "not_understood"), 1);
    assert_line("A", "channels = 2 1 3");
    assert_line("A", "sizes = S:1,2 M:3");
}

static void two_answers_at_one_address_open_nothing(void **state)
{
    (void)state;
    cabinet(8);
    rig.fault_unit = 1;
    rig.fault = (struct lk_fieldbus_sim_fault){.corrupt = true};
    rig_say(&rig, "scan_again", 2, "END");
    assert_int_equal(rig_run(&rig), -EPIPE);
    assert_int_equal(rig_said(&rig, "duplicate"), 2);
    assert_int_equal(rig.pulses, 0);
    assert_int_equal(rig.known.boards, 0);
}

static void nobody_answers(void **state)
{
    (void)state;
    cabinet(8);
    rig.baud = 19200;
    assert_int_equal(rig_run(&rig), -ENXIO);
    assert_int_equal(rig_said(&rig, "nobody"), 1);
}

static void the_speed_is_found(void **state)
{
    (void)state;
    cabinet(1);
    rig.baud = 19200;
    rig.setup.baud[1] = 19200;
    rig.setup.bauds = 2;
    assert_int_equal(rig_run(&rig), 0);
    assert_int_equal(rig.known.baud, 19200);
}

static void an_unverified_board_opens_nothing_without_the_bench(void **state)
{
    (void)state;
    cabinet(2);
    rig.board[0].profile = "jy-dam-8";
    rig_say(&rig, "bench_lets_go", 0, "n");
    rig_say(&rig, "review", 1, "END");
    assert_int_equal(rig_run(&rig), -EPIPE);
    assert_int_equal(rig_said(&rig, "not_used"), 1);
    assert_int_equal(rig.pulses, 0);
}

static void on_a_board(enum lk_sim_kind kind, const char *profile)
{
    cabinet(2);
    rig.board[0].kind = kind;
    rig.board[0].profile = profile;
}

static void a_board_tried_on_the_bench_is_driven(void **state)
{
    (void)state;
    on_a_board(LK_SIM_JY_DAM, "jy-dam-8");
    assert_int_equal(rig_run(&rig), 0);
    assert_int_equal(rig_said(&rig, "bench_lets_go"), 1);
    assert_true(rig_said(&rig, "profile_doubt") > 0);
    assert_line("A", "verified = yes");
    assert_line("A", "pulse_mode = 4");
    on_a_board(LK_SIM_JY_DAM, "jy-dam-8");
    rig.board[0].swapped_modes = true;
    rig_say(&rig, "which_mode", 1, "3"); /* no such mode */
    rig_say(&rig, "which_mode", 2, "2");
    assert_int_equal(rig_run(&rig), 0);
    assert_line("A", "pulse_mode = 2");
}

/* The person was wrong about the mode, and the coil stays on: it is forced off, and nothing goes on with this board. */
static void a_coil_that_stays_on_ends_it(void **state)
{
    (void)state;
    on_a_board(LK_SIM_JY_DAM, "jy-dam-8");
    rig.board[0].swapped_modes = true;
    int r = rig_run(&rig);
    assert_int_equal(r, -EIO);
    assert_int_equal(rig_said(&rig, "not_safe"), 1);
    assert_int_equal(rig.pulses, 1);
}

static void a_board_that_cannot_time_is_driven_by_consent_only(void **state)
{
    (void)state;
    on_a_board(LK_SIM_PLAIN, "plain-coil-8");
    assert_int_equal(rig_run(&rig), 0);
    assert_int_equal(rig_said(&rig, "software_pulse"), 1);
    assert_line("A", "accept_software_pulse = yes");
    on_a_board(LK_SIM_PLAIN, "plain-coil-8");
    rig_say(&rig, "software_pulse", 0, "n");
    rig_say(&rig, "review", 1, "END");
    assert_int_equal(rig_run(&rig), -EPIPE);
    assert_int_equal(rig.pulses, 0);
}

static void small_outputs_need_small_locks(void **state)
{
    (void)state;
    on_a_board(LK_SIM_WAVESHARE, "waveshare-io-8");
    rig_say(&rig, "which_current", 1, "much");
    rig_say(&rig, "which_current", 2, "300");
    assert_int_equal(rig_run(&rig), 0);
    assert_line("A", "lock_ma = 300");
    on_a_board(LK_SIM_WAVESHARE, "waveshare-io-8");
    rig_say(&rig, "which_current", 1, "2000");
    rig_say(&rig, "review", 1, "END");
    assert_int_equal(rig_run(&rig), -EPIPE);
    assert_int_equal(rig.pulses, 0);
}

static void locks_and_switches_on_boards_of_two_kinds(void **state)
{
    (void)state;
    cabinet(8);
    rig.board[0].profile = "waveshare-relay-8-bare";
    rig.board[0].no_inputs = true;
    rig_add_board(&rig, 2, 8);
    rig.board[1].kind = LK_SIM_JY_DAM;
    rig.board[1].profile = "jy-dam-8";
    rig_say(&rig, "which_bank", 2, "-");
    for (unsigned i = 0; i < 8; i++) {
        rig.door[i].input_unit = 2;
    }
    assert_int_equal(rig_run(&rig), 0);
    assert_line("A", "profile = waveshare-relay-8-bare");
    assert_line("A", "inputs_unit = 2");
    assert_line("A", "inputs_profile = jy-dam-8");
    assert_no_key("A", "verified");
}

static void leaving_at_any_moment_leaves_the_coils_off(void **state)
{
    (void)state;
    for (unsigned at = 1; at < 3000; at += 137) {
        cabinet(2);
        rig.leave_at_wait = at;
        int r = rig_run(&rig);
        assert_true(r == -EINTR || r == 0);
    }
}

/* Killed after each fact, and gone on: the same configuration, and no lock is pulsed twice for one fact. */
static void killed_after_any_fact_it_ends_the_same(void **state)
{
    (void)state;
    char want[2048];
    cabinet(3);
    rig_door(&rig, "A01")->channel = 2;
    rig_door(&rig, "A03")->channel = 0;
    rig_door(&rig, "A02")->closed_level = false;
    assert_int_equal(rig_run(&rig), 0);
    unsigned facts = rig.facts;
    strcpy(want, rig_conf(&rig, "A"));
    for (unsigned die = 1; die < facts; die++) {
        cabinet(3);
        rig_door(&rig, "A01")->channel = 2;
        rig_door(&rig, "A03")->channel = 0;
        rig_door(&rig, "A02")->closed_level = false;
        rig.die_after = die;
        int r = rig_run(&rig);
        assert_true(r == -EIO || r == 0);
        rig_restart(&rig);
        assert_int_equal(rig_run(&rig), 0);
        assert_string_equal(rig_conf(&rig, "A"), want);
    }
}

/* The journal ends with a pulse: a person is asked before the lock is pulsed again. */
static void a_pulse_in_doubt_is_asked_about(void **state)
{
    (void)state;
    cabinet(2);
    unsigned pulse = 0;
    assert_int_equal(rig_run(&rig), 0);
    while (rig.fact[pulse].kind != LK_COM_PULSE) {
        pulse++;
    }
    cabinet(2);
    rig.die_after = pulse + 1;
    assert_int_equal(rig_run(&rig), -EIO);
    unsigned pulses = rig.pulses;
    assert_int_equal(pulses, 1);
    rig_restart(&rig);
    rig_say(&rig, "doubt", 1, "END");
    assert_int_equal(rig_run(&rig), -EPIPE);
    assert_int_equal(rig.pulses, pulses);
    rig_restart(&rig);
    rig.answers = 0;
    assert_int_equal(rig_run(&rig), 0);
    assert_line("A", "doors = 2");
}

static void two_banks_on_one_line(void **state)
{
    (void)state;
    cabinet(8);
    rig_add_board(&rig, 3, 8);
    rig_add_doors(&rig, 3, "B", 8);
    rig_door(&rig, "B02")->closed_level = false;
    assert_int_equal(rig_run(&rig), 0);
    assert_line("A", "unit = 1");
    assert_line("B", "unit = 3");
    assert_line("B", "sensor_closed = high low:2");
    assert_line("A", "sensor_closed = high");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cabinet_wired_as_planned),
        cmocka_unit_test(swapped_doors_are_found),
        cmocka_unit_test(lock_and_switch_moved_together_need_channels_only),
        cmocka_unit_test(inverted_switches_are_learned_door_by_door),
        cmocka_unit_test(switches_on_another_board),
        cmocka_unit_test(switches_on_two_boards_cannot_be_written),
        cmocka_unit_test(a_dead_channel_is_asked_about_and_left),
        cmocka_unit_test(two_doors_on_one_relay_are_never_configured),
        cmocka_unit_test(two_inputs_that_move_are_asked_about),
        cmocka_unit_test(an_input_is_never_guessed),
        cmocka_unit_test(one_input_is_one_doors),
        cmocka_unit_test(a_door_that_nobody_saw_is_not_believed),
        cmocka_unit_test(a_door_that_is_not_shut_proves_nothing),
        cmocka_unit_test(a_door_number_is_given_once),
        cmocka_unit_test(back_forgets_the_last_one),
        cmocka_unit_test(doors_are_renumbered_and_done_again),
        cmocka_unit_test(two_answers_at_one_address_open_nothing),
        cmocka_unit_test(nobody_answers),
        cmocka_unit_test(the_speed_is_found),
        cmocka_unit_test(an_unverified_board_opens_nothing_without_the_bench),
        cmocka_unit_test(a_board_tried_on_the_bench_is_driven),
        cmocka_unit_test(a_coil_that_stays_on_ends_it),
        cmocka_unit_test(a_board_that_cannot_time_is_driven_by_consent_only),
        cmocka_unit_test(small_outputs_need_small_locks),
        cmocka_unit_test(locks_and_switches_on_boards_of_two_kinds),
        cmocka_unit_test(leaving_at_any_moment_leaves_the_coils_off),
        cmocka_unit_test(killed_after_any_fact_it_ends_the_same),
        cmocka_unit_test(a_pulse_in_doubt_is_asked_about),
        cmocka_unit_test(two_banks_on_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
