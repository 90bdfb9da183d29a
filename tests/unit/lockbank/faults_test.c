/*
 * What only one kind of board does wrong, and what two boards do to each other: swapped pulse mode, link modes,
 * catch-all addresses, "off" ignored or lost, a loop that hangs, a watchdog, an output too weak; one address twice, the
 * wrong board, door switches on another board. Virtual time, simulated boards.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bank_rig.h"
#include "base/cleanup.h"

static struct rig rig;

static int site(void **state)
{
    (void)state;
    rig_make(&rig, 2, 19200);
    return 0;
}

static int end(void **state)
{
    (void)state;
    rig_end(&rig);
    return 0;
}

static void bank(unsigned b, const char *profile, void (*change)(struct lk_lockbank_config *))
{
    const struct lk_board_profile *p = lk_board_profile_find(profile);
    assert_non_null(p);
    rig_bank_as(&rig, b, p, change);
}

static void start(int64_t ms)
{
    for (unsigned b = 0; b < RIG_BANKS && rig.banks[b]; b++) {
        assert_int_equal(lk_lockbank_start(rig.banks[b], rig.now_ms), 0);
    }
    rig_run(&rig, ms);
}

static int pulse(unsigned b, unsigned door)
{
    return lk_lockbank_pulse(rig.banks[b], door, door + 1, rig.now_ms);
}

static void fault(uint8_t unit, struct lk_fieldbus_sim_fault f)
{
    lk_fieldbus_sim_fault(rig.fb, unit, &f);
}

static void assert_bank(unsigned b, enum lk_lockbank_board state, enum lk_lockbank_reason reason)
{
    assert_int_equal(rig_state(&rig, b), state);
    assert_int_equal(rig_reason(&rig, b), reason);
}

/* --- jy-dam */

static void jy_dam_a_swapped_pulse_mode_is_forced_off_and_stops(void **state)
{
    (void)state;
    bank(0, "jy-dam-8", NULL);
    rig.boards[0]->swapped_modes = true;
    rig_ready(&rig);
    rig_forget(&rig);
    assert_int_equal(pulse(0, 3), 0);
    rig_run(&rig, 2000);
    const struct rig_note *on = rig_note(&rig, RIG_COIL, 0, 3, 0), *off = rig_note(&rig, RIG_COIL, 0, 3, 1);
    assert_true(on && on->value == 1 && off && off->value == 0);
    assert_true(off->at_ms - on->at_ms <= 200); /* it went on when the pulse was over, and was seen at once */
    assert_int_equal(rig.boards[0]->coils, 0);
    assert_bank(0, LK_LOCKBANK_STOPPED, LK_LOCKBANK_REASON_COIL_STUCK);
    assert_int_equal(pulse(0, 4), -EHOSTDOWN);
}

static void mode_2(struct lk_lockbank_config *c)
{
    c->pulse_mode = 2;
}

static void jy_dam_the_other_mode_can_be_configured(void **state)
{
    (void)state;
    bank(0, "jy-dam-8", mode_2);
    rig.boards[0]->swapped_modes = true;
    rig_ready(&rig);
    rig_forget(&rig);
    assert_int_equal(pulse(0, 3), 0);
    rig_run(&rig, 2000);
    assert_int_equal(rig_note(&rig, RIG_COIL, 0, 3, 1)->at_ms - rig_note(&rig, RIG_COIL, 0, 3, 0)->at_ms, 500);
    assert_bank(0, LK_LOCKBANK_READY, LK_LOCKBANK_REASON_NONE);
}

static int create(const char *profile, void (*change)(struct lk_lockbank_config *))
{
    static const struct lk_lockbank_sink sink;
    struct lk_lockbank *made = NULL;
    struct lk_lockbank_config c = {.unit = 1, .profile = lk_board_profile_find(profile), .doors = 6, .verified = true};
    change(&c);
    int r = lk_lockbank_create(&c, rig.fb, rig.supply, &sink, NULL, &made);
    lk_lockbank_destroy(made);
    return r;
}

static void at_fe(struct lk_lockbank_config *c)
{
    c->unit = 0xFE;
}

static void at_ff(struct lk_lockbank_config *c)
{
    c->unit = 0xFF;
}

static void inputs_at_fe(struct lk_lockbank_config *c)
{
    c->inputs_unit = 0xFE;
    c->inputs_profile = lk_board_profile_find("jy-dam-8");
}

static void mode_3(struct lk_lockbank_config *c)
{
    c->pulse_mode = 3;
}

static void jy_dam_catch_all_addresses_are_refused(void **state)
{
    (void)state;
    assert_int_equal(create("jy-dam-8", at_fe), -EINVAL);
    assert_int_equal(create("jy-dam-8", at_ff), -EINVAL);
    assert_int_equal(create("jy-dam-8", inputs_at_fe), -EINVAL);
    assert_int_equal(create("jy-dam-8", mode_3), -EINVAL);
    assert_int_equal(create("jy-dam-8", mode_2), 0);
    assert_int_equal(create("waveshare-relay-8", mode_2), -EINVAL);
}

/* --- eletechsup-r4d and its clone */

static void ryn4_that_ignores_off_is_waited_for(void **state)
{
    (void)state;
    bank(0, "eletechsup-r4d-8", NULL);
    rig.boards[0]->ignores_off = true;
    rig.boards[0]->coils = 1;
    rig.boards[0]->off_at_ns[0] = (RIG_START_MS + 900) * INT64_C(1000000); /* a pulse of before the restart */
    start(4000);
    assert_bank(0, LK_LOCKBANK_READY, LK_LOCKBANK_REASON_NONE);
    assert_int_equal(pulse(0, 1), 0);
    rig_run(&rig, 100);
    lk_lockbank_stop(rig.banks[0], rig.now_ms);
    rig_run(&rig, 100);
    assert_int_equal(rig.boards[0]->coils, 2);
    rig_run(&rig, 1500);
    assert_true(lk_lockbank_stopped(rig.banks[0]) && lk_lockbank_proved_off(rig.banks[0]));
    assert_int_equal(rig.boards[0]->coils, 0);
}

static void mode_6(struct lk_lockbank_config *c)
{
    c->pulse_mode = 6;
}

static void half_a_second(struct lk_lockbank_config *c)
{
    c->pulse_ms = 500;
}

static void r4d_has_a_delay_too_but_nothing_below_a_second(void **state)
{
    (void)state;
    bank(0, "eletechsup-r4d-8", mode_6);
    rig_ready(&rig);
    rig_forget(&rig);
    assert_int_equal(pulse(0, 0), 0);
    rig_run(&rig, 2500);
    assert_int_equal(rig_note(&rig, RIG_COIL, 0, 0, 1)->at_ms - rig_note(&rig, RIG_COIL, 0, 0, 0)->at_ms, 1000);
    assert_bank(0, LK_LOCKBANK_READY, LK_LOCKBANK_REASON_NONE);
    assert_int_equal(create("eletechsup-r4d-8", half_a_second), -EINVAL);
}

/* --- boards that cannot time a pulse */

static void plain(struct lk_lockbank_config *c)
{
    c->accept_software_pulse = false;
}

static void a_software_pulse_has_to_be_accepted(void **state)
{
    (void)state;
    assert_int_equal(create("plain-coil-8", plain), -EINVAL);
    assert_int_equal(create("wirenboard-mr-6", plain), -EINVAL);
}

/* The owner thread hangs: nothing is reaped, nothing ticks. Only the line lives. */
static void hang(int64_t ms)
{
    rig.now_ms += ms;
    lk_fieldbus_sim_advance(rig.fb, rig.now_ms * 1000000);
}

static void law_9_a_software_pulse_ends_though_the_loop_hangs(void **state)
{
    (void)state;
    bank(0, "plain-coil-8", NULL);
    rig_ready(&rig);
    rig_forget(&rig);
    assert_int_equal(pulse(0, 3), 0);
    hang(10000);
    const struct rig_note *on = rig_note(&rig, RIG_COIL, 0, 3, 0), *off = rig_note(&rig, RIG_COIL, 0, 3, 1);
    assert_true(on && off && on->value == 1 && off->value == 0);
    assert_in_range(off->at_ms - on->at_ms, 490, 560);
    assert_int_equal(rig_count(&rig, RIG_PULSE, -1, -1), 0);
    rig_run(&rig, 1000);
    assert_int_equal(rig_note(&rig, RIG_PULSE, 0, 3, 0)->value, LK_LOCKBANK_PULSE_DONE);
    assert_bank(0, LK_LOCKBANK_READY, LK_LOCKBANK_REASON_NONE);
}

static void law_9_an_off_that_was_never_heard_is_forced(void **state)
{
    (void)state;
    bank(0, "plain-coil-8", NULL);
    bank(1, "plain-coil-8", NULL);
    rig_ready(&rig);
    rig_forget(&rig);
    assert_int_equal(pulse(0, 3), 0);
    rig_run(&rig, 100);
    /* Every "off" of the line is refused; reading goes on. */
    fault(1, (struct lk_fieldbus_sim_fault){.exception = 4, .only_function = 5, .count = LK_FB_THEN_TRIES});
    assert_int_equal(pulse(1, 0), 0); /* waits: the coil of bank 0 is not proved off */
    rig_run(&rig, 2500);
    const struct rig_note *off = rig_note(&rig, RIG_COIL, 0, 3, 1), *other = rig_note(&rig, RIG_COIL, 1, 0, 0);
    assert_true(off && off->value == 0);
    assert_true(other && other->at_ms >= off->at_ms);
    assert_int_equal(rig.boards[0]->coils, 0);
    assert_bank(0, LK_LOCKBANK_READY, LK_LOCKBANK_REASON_NONE); /* "off" again, and it was off: no welded relay */
}

static void law_10_a_coil_that_cannot_be_reached_does_not_stop_the_others(void **state)
{
    (void)state;
    bank(0, "plain-coil-8", NULL);
    bank(1, "waveshare-relay-8", NULL);
    rig_ready(&rig);
    rig_forget(&rig);
    assert_int_equal(pulse(0, 3), 0);
    rig_run(&rig, 100);
    fault(1, (struct lk_fieldbus_sim_fault){.dead = true});
    rig_run(&rig, 3000);
    assert_int_equal(rig.boards[0]->coils, 1U << 3); /* nobody can help that: the risk of this kind of board */
    assert_bank(0, LK_LOCKBANK_LOST, LK_LOCKBANK_REASON_SILENT);
    assert_int_equal(pulse(1, 0), 0);
    rig_run(&rig, 1000);
    assert_int_equal(rig_note(&rig, RIG_PULSE, 1, 0, 0)->value, LK_LOCKBANK_PULSE_DONE);
    fault(1, (struct lk_fieldbus_sim_fault){0});
    rig_run(&rig, 12000);
    assert_int_equal(rig.boards[0]->coils, 0);
    assert_bank(0, LK_LOCKBANK_READY, LK_LOCKBANK_REASON_NONE);
}

static void law_9_the_boards_watchdog_is_armed_and_ends_what_we_cannot(void **state)
{
    (void)state;
    bank(0, "wirenboard-mr-6", NULL);
    rig_ready(&rig);
    rig_forget(&rig);
    assert_int_equal(rig.boards[0]->watchdog_s, 2);
    assert_int_equal(pulse(0, 3), 0);
    rig_run(&rig, 100);
    lk_fieldbus_sim_plug(rig.fb, false); /* with the coil on */
    rig_run(&rig, 3000);
    assert_int_equal(rig.boards[0]->coils, 0);
    assert_true(rig_note(&rig, RIG_COIL, 0, 3, 1)->at_ms - rig_note(&rig, RIG_COIL, 0, 3, 0)->at_ms <= 2200);
}

/* --- link modes */

static void an_input_that_moves_a_relay_stops_the_bank(void **state)
{
    (void)state;
    bank(0, "waveshare-relay-8", NULL);
    bank(1, "wirenboard-mr-6", NULL);
    rig.boards[0]->link_modes[7] = 1;
    rig.boards[1]->link_modes[2] = 0; /* as shipped: a push-button */
    start(3000);
    assert_bank(0, LK_LOCKBANK_STOPPED, LK_LOCKBANK_REASON_LINK_MODE);
    assert_bank(1, LK_LOCKBANK_STOPPED, LK_LOCKBANK_REASON_LINK_MODE);
    assert_int_equal(pulse(0, 0), -EHOSTDOWN);
}

/* --- an output that cannot drive a lock */

static void no_current(struct lk_lockbank_config *c)
{
    c->lock_ma = 0;
}

static void two_amperes(struct lk_lockbank_config *c)
{
    c->lock_ma = 2000;
}

static void half_an_ampere(struct lk_lockbank_config *c)
{
    c->lock_ma = 500;
}

static void a_weak_output_wants_to_know_the_lock(void **state)
{
    (void)state;
    assert_int_equal(create("waveshare-io-8", no_current), -EINVAL);
    assert_int_equal(create("waveshare-io-8", two_amperes), -EINVAL);
    assert_int_equal(create("waveshare-io-8", half_an_ampere), 0);
    assert_int_equal(create("waveshare-relay-8", two_amperes), 0);
}

/* --- who is there */

static void law_3_two_boards_with_one_address_stop_the_bank(void **state)
{
    (void)state;
    bank(0, "waveshare-relay-8", NULL);
    bank(1, "waveshare-relay-8", NULL);
    fault(1, (struct lk_fieldbus_sim_fault){.twice_ms = 5});
    start(20000);
    assert_bank(0, LK_LOCKBANK_STOPPED, LK_LOCKBANK_REASON_DUPLICATE);
    assert_bank(1, LK_LOCKBANK_READY, LK_LOCKBANK_REASON_NONE);
    assert_int_equal(pulse(0, 0), -EHOSTDOWN);
    assert_int_equal(rig_count(&rig, RIG_COIL, -1, -1), 0);
}

static void two_that_speak_at_once_are_garbled(void **state)
{
    (void)state;
    bank(0, "waveshare-relay-8", NULL);
    fault(1, (struct lk_fieldbus_sim_fault){.corrupt = true});
    start(3000);
    assert_bank(0, LK_LOCKBANK_LOST, LK_LOCKBANK_REASON_GARBLED);
    fault(1, (struct lk_fieldbus_sim_fault){.corrupt = true, .only_function = 1}); /* some answers come through */
    rig_run(&rig, 15000);
    assert_bank(0, LK_LOCKBANK_LOST, LK_LOCKBANK_REASON_GARBLED);
    fault(1, (struct lk_fieldbus_sim_fault){0});
    rig_run(&rig, 15000);
    assert_bank(0, LK_LOCKBANK_READY, LK_LOCKBANK_REASON_NONE);
}

static void one_broken_answer_is_no_second_board(void **state)
{
    (void)state;
    bank(0, "waveshare-relay-8", NULL);
    fault(1, (struct lk_fieldbus_sim_fault){.corrupt = true, .only_function = 1, .count = 1});
    start(3000);
    assert_bank(0, LK_LOCKBANK_READY, LK_LOCKBANK_REASON_NONE);
    assert_int_equal(rig_count(&rig, RIG_BOARD, 0, -1), 2);
}

static void the_wrong_board_is_not_driven(void **state)
{
    (void)state;
    bank(0, "waveshare-relay-8-bare", NULL);
    bank(1, "waveshare-relay-8", NULL);
    rig.boards[0]->version = 100;                         /* before V2: another dialect */
    rig.boards[1]->kind = LK_SIM_PLAIN;                   /* reads and writes alike, but has no version */
    fault(2, (struct lk_fieldbus_sim_fault){.count = 0}); /* healthy */
    start(3000);
    assert_bank(0, LK_LOCKBANK_STOPPED, LK_LOCKBANK_REASON_WRONG_BOARD);
    assert_int_not_equal(rig_state(&rig, 1), LK_LOCKBANK_READY);
    assert_int_equal(pulse(0, 0), -EHOSTDOWN);
    assert_int_equal(pulse(1, 0), -EHOSTDOWN);
}

static void a_board_without_a_version_is_the_wrong_one(void **state)
{
    (void)state;
    bank(0, "waveshare-relay-8", NULL);
    fault(1, (struct lk_fieldbus_sim_fault){.exception = 2, .only_function = 3});
    start(3000);
    assert_bank(0, LK_LOCKBANK_STOPPED, LK_LOCKBANK_REASON_WRONG_BOARD);
}

/* --- door switches on another board */

static void ready_takes_both_boards(void **state)
{
    (void)state;
    bank(0, "waveshare-relay-8-bare", NULL);
    rig.boards[0]->coils = 1;
    fault(RIG_INPUTS_UNIT, (struct lk_fieldbus_sim_fault){.dead = true});
    start(8000);
    assert_bank(0, LK_LOCKBANK_LOST, LK_LOCKBANK_REASON_INPUTS_SILENT);
    assert_int_equal(rig.boards[0]->coils, 0); /* the relays were set off all the same */
    fault(RIG_INPUTS_UNIT, (struct lk_fieldbus_sim_fault){0});
    rig_run(&rig, 15000);
    assert_bank(0, LK_LOCKBANK_READY, LK_LOCKBANK_REASON_NONE);
    fault(RIG_INPUTS_UNIT, (struct lk_fieldbus_sim_fault){.dead = true});
    rig_run(&rig, 8000);
    assert_bank(0, LK_LOCKBANK_LOST, LK_LOCKBANK_REASON_INPUTS_SILENT);
    assert_int_equal(lk_lockbank_sense_of(rig.banks[0], 0), LK_LOCKBANK_SENSE_UNKNOWN);
    assert_int_equal(pulse(0, 0), -EHOSTDOWN);
    fault(RIG_INPUTS_UNIT, (struct lk_fieldbus_sim_fault){0});
    rig_run(&rig, 15000);
    fault(1, (struct lk_fieldbus_sim_fault){.dead = true});
    rig_run(&rig, 6000);
    assert_bank(0, LK_LOCKBANK_LOST, LK_LOCKBANK_REASON_SILENT);
}

static void the_slow_poll_finds_a_relay_that_closed_on_its_own(void **state)
{
    (void)state;
    bank(0, "waveshare-relay-8-bare", NULL);
    rig_ready(&rig);
    rig.boards[0]->coils = 1U << 6;
    rig_run(&rig, 2500);
    assert_bank(0, LK_LOCKBANK_STOPPED, LK_LOCKBANK_REASON_COIL_STUCK);
    assert_int_equal(rig.boards[0]->coils, 0);
}

static void an_opening_is_seen_on_the_other_board(void **state)
{
    (void)state;
    bank(0, "eletechsup-r4d-8", NULL);
    rig_ready(&rig);
    rig_forget(&rig);
    assert_int_equal(pulse(0, 3), 0);
    rig_run(&rig, 100);
    rig_door(&rig, 0, 3, true);
    rig_run(&rig, 300);
    assert_int_equal(rig_count(&rig, RIG_SENSE, 0, -1), 1);
    assert_int_equal(rig_note(&rig, RIG_SENSE, 0, 3, 0)->value, LK_LOCKBANK_SENSE_OPEN);
}

static void upper_half(struct lk_lockbank_config *c)
{
    c->has_inputs = true;
    for (unsigned d = 0; d < c->doors; d++) {
        c->inputs[d] = (uint8_t)(8 + d);
    }
}

static void on_board_of_bank_0(struct lk_lockbank_config *c)
{
    upper_half(c);
    c->inputs_unit = RIG_INPUTS_UNIT;
}

static void two_banks_share_one_board_of_switches(void **state)
{
    (void)state;
    bank(0, "plain-coil-8-bare", NULL);
    bank(1, "eletechsup-r4d-8", on_board_of_bank_0);
    rig.inputs[0]->inputs = 0xFFFF;
    rig_ready(&rig);
    rig_forget(&rig);
    rig.inputs[0]->inputs &= ~(UINT32_C(1) << 10);
    rig_run(&rig, 1000);
    assert_int_equal(lk_lockbank_sense_of(rig.banks[1], 2), LK_LOCKBANK_SENSE_OPEN);
    assert_int_equal(rig_count(&rig, RIG_SENSE, -1, -1), 1);
    assert_int_equal(create("plain-coil-8", on_board_of_bank_0), -EINVAL); /* no profile for it */
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, site, end)
    const struct CMUnitTest tests[] = {
        T(jy_dam_a_swapped_pulse_mode_is_forced_off_and_stops),
        T(jy_dam_the_other_mode_can_be_configured),
        T(jy_dam_catch_all_addresses_are_refused),
        T(ryn4_that_ignores_off_is_waited_for),
        T(r4d_has_a_delay_too_but_nothing_below_a_second),
        T(a_software_pulse_has_to_be_accepted),
        T(law_9_a_software_pulse_ends_though_the_loop_hangs),
        T(law_9_an_off_that_was_never_heard_is_forced),
        T(law_10_a_coil_that_cannot_be_reached_does_not_stop_the_others),
        T(law_9_the_boards_watchdog_is_armed_and_ends_what_we_cannot),
        T(an_input_that_moves_a_relay_stops_the_bank),
        T(a_weak_output_wants_to_know_the_lock),
        T(law_3_two_boards_with_one_address_stop_the_bank),
        T(two_that_speak_at_once_are_garbled),
        T(one_broken_answer_is_no_second_board),
        T(the_wrong_board_is_not_driven),
        T(a_board_without_a_version_is_the_wrong_one),
        T(ready_takes_both_boards),
        T(the_slow_poll_finds_a_relay_that_closed_on_its_own),
        T(an_opening_is_seen_on_the_other_board),
        T(two_banks_share_one_board_of_switches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
