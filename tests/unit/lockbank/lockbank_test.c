#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bank_rig.h"
#include "base/cleanup.h"

enum { PULSE_0 = 0x050200, ALL_OFF = 0x0500FF, READ_COILS = 0x010000, READ_LINKS = 0x031000, READ_IDENTITY = 0x038000 };

static struct rig rig;

static int one_bank(void **state)
{
    (void)state;
    rig_make(&rig, 1, 19200);
    rig_bank(&rig, 0, NULL);
    rig_ready(&rig);
    return 0;
}

static int three_banks(void **state)
{
    (void)state;
    rig_make(&rig, 3, 19200);
    for (unsigned b = 0; b < 3; b++) {
        rig_bank(&rig, b, NULL);
    }
    rig_ready(&rig);
    return 0;
}

static int bare(void **state)
{
    (void)state;
    rig_make(&rig, 1, 19200);
    return 0;
}

static int end(void **state)
{
    (void)state;
    rig_end(&rig);
    return 0;
}

static enum lk_lockbank_reason reason_of(unsigned b)
{
    enum lk_lockbank_reason reason;
    (void)lk_lockbank_board_state(rig.banks[b], &reason);
    return reason;
}

static enum lk_lockbank_board state_of(unsigned b)
{
    enum lk_lockbank_reason reason;
    return lk_lockbank_board_state(rig.banks[b], &reason);
}

static int pulse(unsigned b, unsigned door, uint64_t intent)
{
    return lk_lockbank_pulse(rig.banks[b], door, intent, rig.now_ms);
}

static void fault(unsigned b, struct lk_fieldbus_sim_fault f)
{
    lk_fieldbus_sim_fault(rig.fb, (uint8_t)(b + 1), &f);
}

static void start_proves_coils_off_and_inputs_free(void **state)
{
    (void)state;
    static const unsigned expected[] = {ALL_OFF,    READ_COILS,    READ_COILS,
                                        READ_COILS, /* three of them listened after */
                                        READ_COILS, READ_IDENTITY, READ_LINKS};
    for (unsigned i = 0; i < LK_ARRAY_SIZE(expected); i++) {
        assert_int_equal(rig_note(&rig, RIG_REQUEST, 0, -1, i)->door, expected[i]);
    }
    assert_int_equal(rig_count(&rig, RIG_BOARD, 0, -1), 2);
    assert_int_equal(rig_note(&rig, RIG_BOARD, 0, -1, 0)->value, LK_LOCKBANK_LOST);
    assert_int_equal(rig_note(&rig, RIG_BOARD, 0, -1, 1)->value, LK_LOCKBANK_READY);
    for (int d = 0; d < 8; d++) {
        assert_int_equal(rig_count(&rig, RIG_SENSE, 0, d), 2);
        assert_int_equal(rig_note(&rig, RIG_SENSE, 0, d, 0)->value, LK_LOCKBANK_SENSE_UNKNOWN);
        assert_int_equal(rig_note(&rig, RIG_SENSE, 0, d, 1)->value, LK_LOCKBANK_SENSE_CLOSED);
    }
}

static void a_pulse_is_one_request_and_is_read_back(void **state)
{
    (void)state;
    rig_forget(&rig);
    assert_int_equal(pulse(0, 3, 77), 0);
    assert_int_equal(pulse(0, 3, 78), -EBUSY);
    rig_run(&rig, 900);
    assert_int_equal(rig_count(&rig, RIG_PULSE, 0, -1), 1);
    const struct rig_note *n = rig_note(&rig, RIG_PULSE, 0, 3, 0);
    assert_int_equal(n->value, LK_LOCKBANK_PULSE_DONE);
    assert_int_equal(n->intent, 77);
    assert_int_equal(rig_count(&rig, RIG_REQUEST, 0, PULSE_0 + 3), 1);
    assert_int_equal(rig_note(&rig, RIG_REQUEST, 0, PULSE_0 + 3, 0)->value, 5);
    const struct rig_note *off = rig_note(&rig, RIG_COIL, 0, 3, 1);
    const struct rig_note *check = rig_note(&rig, RIG_REQUEST, 0, READ_COILS, 0);
    assert_int_equal(off->value, 0);
    assert_in_range(check->at_ms - off->at_ms, 90, 200);
    assert_int_equal(lk_lockbank_pulses(rig.banks[0], 3), 1);
    assert_int_equal(state_of(0), LK_LOCKBANK_READY);
}

static void an_expected_opening_is_told_at_first_sight(void **state)
{
    (void)state;
    assert_int_equal(pulse(0, 3, 1), 0);
    rig_run(&rig, 100);
    rig_forget(&rig);
    rig_door(&rig, 0, 3, true);
    int64_t moved_ms = rig.now_ms;
    rig_run(&rig, 100);
    assert_int_equal(rig_count(&rig, RIG_SENSE, 0, 3), 1);
    assert_int_equal(rig_note(&rig, RIG_SENSE, 0, 3, 0)->value, LK_LOCKBANK_SENSE_OPEN);
    assert_in_range(rig_note(&rig, RIG_SENSE, 0, 3, 0)->at_ms - moved_ms, 0, 40);
}

static void an_unexpected_opening_must_hold(void **state)
{
    (void)state;
    assert_int_equal(pulse(0, 3, 1), 0);
    rig_run(&rig, 100);
    rig_forget(&rig);
    rig_door(&rig, 0, 4, true);
    int64_t moved_ms = rig.now_ms;
    rig_run(&rig, 190);
    assert_int_equal(rig_count(&rig, RIG_SENSE, 0, 4), 0);
    rig_run(&rig, 110);
    assert_int_equal(rig_count(&rig, RIG_SENSE, 0, 4), 1);
    assert_in_range(rig_note(&rig, RIG_SENSE, 0, 4, 0)->at_ms - moved_ms, 0, 40);
    rig_run(&rig, 5000);
    rig_door(&rig, 0, 3, true); /* five seconds after its pulse it is no longer expected either */
    rig_run(&rig, 190);
    assert_int_equal(rig_count(&rig, RIG_SENSE, 0, 3), 0);
    rig_run(&rig, 200);
    assert_int_equal(rig_count(&rig, RIG_SENSE, 0, 3), 1);
}

static void a_second_opening_after_one_pulse_must_hold(void **state)
{
    (void)state;
    rig_forget(&rig);
    assert_int_equal(pulse(0, 3, 1), 0);
    rig_run(&rig, 100);
    rig_door(&rig, 0, 3, true);
    rig_run(&rig, 100);
    rig_door(&rig, 0, 3, false);
    rig_run(&rig, 600);
    assert_int_equal(rig_count(&rig, RIG_SENSE, 0, 3), 2);
    rig_door(&rig, 0, 3, true); /* the frame trembles as the door falls shut */
    rig_run(&rig, 50);
    rig_door(&rig, 0, 3, false);
    rig_run(&rig, 600);
    assert_int_equal(rig_count(&rig, RIG_SENSE, 0, 3), 2);
}

static void a_closing_must_hold_and_bounce_is_not_told(void **state)
{
    (void)state;
    assert_int_equal(pulse(0, 0, 1), 0);
    rig_run(&rig, 50);
    rig_door(&rig, 0, 0, true);
    rig_run(&rig, 500);
    rig_forget(&rig);
    for (int i = 0; i < 10; i++) {
        rig_door(&rig, 0, 0, i % 2 != 0);
        rig_run(&rig, 60);
    }
    assert_int_equal(rig_count(&rig, RIG_SENSE, 0, 0), 0);
    rig_door(&rig, 0, 0, false);
    rig_run(&rig, 300);
    assert_int_equal(rig_count(&rig, RIG_SENSE, 0, 0), 1);
    assert_int_equal(rig_note(&rig, RIG_SENSE, 0, 0, 0)->value, LK_LOCKBANK_SENSE_CLOSED);
}

static void a_lost_echo_is_unproven_and_never_repeated(void **state)
{
    (void)state;
    rig_forget(&rig);
    fault(0, (struct lk_fieldbus_sim_fault){.lose_reply = true, .count = 2});
    assert_int_equal(pulse(0, 2, 9), 0);
    rig_run(&rig, 3000);
    assert_int_equal(rig_count(&rig, RIG_PULSE, 0, 2), 1);
    assert_int_equal(rig_note(&rig, RIG_PULSE, 0, 2, 0)->value, LK_LOCKBANK_PULSE_UNPROVEN);
    assert_int_equal(rig.boards[0]->pulses[2], 1);
    assert_int_equal(rig_count(&rig, RIG_REQUEST, 0, PULSE_0 + 2), 1);
    assert_int_equal(state_of(0), LK_LOCKBANK_READY);
}

/* The fault hits the pulse, not the polls. */
static bool pulse_meets(struct lk_fieldbus_sim_fault f, unsigned door)
{
    f.only_function = 0x05;
    f.count = 1;
    fault(0, f);
    assert_int_equal(pulse(0, door, door), 0);
    rig_run(&rig, 150);
    return rig_count(&rig, RIG_PULSE, 0, (int)door) == 1;
}

static void a_wrong_unit_or_echo_is_unproven(void **state)
{
    (void)state;
    assert_true(pulse_meets((struct lk_fieldbus_sim_fault){.answers_as = 9}, 1));
    assert_int_equal(rig_note(&rig, RIG_PULSE, 0, 1, 0)->value, LK_LOCKBANK_PULSE_UNPROVEN);
    rig_run(&rig, 3000);
    assert_true(pulse_meets((struct lk_fieldbus_sim_fault){.bend = 1}, 2));
    assert_int_equal(rig_note(&rig, RIG_PULSE, 0, 2, 0)->value, LK_LOCKBANK_PULSE_UNPROVEN);
}

static void a_refused_pulse_is_not_sent(void **state)
{
    (void)state;
    assert_true(pulse_meets((struct lk_fieldbus_sim_fault){.exception = 4}, 5));
    assert_int_equal(rig_note(&rig, RIG_PULSE, 0, 5, 0)->value, LK_LOCKBANK_PULSE_NOT_SENT);
    assert_int_equal(rig.boards[0]->pulses[5], 0);
}

static void a_late_echo_is_not_the_next_doors(void **state)
{
    (void)state;
    struct lk_fb_stats st;
    rig_forget(&rig);
    fault(0, (struct lk_fieldbus_sim_fault){.late_ms = 650, .only_function = 0x05, .count = 1});
    assert_int_equal(pulse(0, 6, 6), 0);
    assert_int_equal(pulse(0, 7, 7), 0);
    rig_run(&rig, 150);
    /* Door 7's own echo is lost; door 6's arrives while it is awaited. */
    fault(0, (struct lk_fieldbus_sim_fault){.lose_reply = true, .only_function = 0x05, .count = 1});
    rig_run(&rig, 800);
    assert_in_range(rig_note(&rig, RIG_REQUEST, 0, PULSE_0 + 7, 0)->at_ms,
                    rig_note(&rig, RIG_REQUEST, 0, PULSE_0 + 6, 0)->at_ms + 560,
                    rig_note(&rig, RIG_REQUEST, 0, PULSE_0 + 6, 0)->at_ms + 640);
    assert_int_equal(lk_fieldbus_stats(rig.fb, 1, &st), 0);
    assert_int_equal(st.bad, 1); /* it did arrive then */
    assert_int_equal(rig_note(&rig, RIG_PULSE, 0, 6, 0)->value, LK_LOCKBANK_PULSE_UNPROVEN);
    assert_int_equal(rig_note(&rig, RIG_PULSE, 0, 7, 0)->value, LK_LOCKBANK_PULSE_UNPROVEN);
}

static void a_dead_board_is_unknown_and_the_others_go_on(void **state)
{
    (void)state;
    rig_forget(&rig);
    fault(1, (struct lk_fieldbus_sim_fault){.dead = true});
    rig_run(&rig, 1500);
    assert_int_equal(state_of(1), LK_LOCKBANK_LOST);
    assert_int_equal(reason_of(1), LK_LOCKBANK_REASON_SILENT);
    for (unsigned d = 0; d < 8; d++) {
        assert_int_equal(lk_lockbank_sense_of(rig.banks[1], d), LK_LOCKBANK_SENSE_UNKNOWN);
        assert_int_equal(rig_count(&rig, RIG_SENSE, 1, (int)d), 1);
    }
    assert_int_equal(pulse(1, 0, 1), -EHOSTDOWN);
    assert_int_equal(rig_count(&rig, RIG_SENSE, 0, -1) + rig_count(&rig, RIG_SENSE, 2, -1), 0);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(pulse(i % 2 ? 0 : 2, i, i), 0);
        rig_run(&rig, 1200);
    }
    assert_int_equal(rig_count(&rig, RIG_PULSE, -1, -1), 5);
    rig_forget(&rig);
    fault(1, (struct lk_fieldbus_sim_fault){0});
    rig_run(&rig, 11000);
    assert_int_equal(state_of(1), LK_LOCKBANK_READY);
    assert_int_equal(rig_note(&rig, RIG_REQUEST, 1, -1, 0)->door, ALL_OFF);
    assert_int_equal(rig_note(&rig, RIG_REQUEST, 1, -1, 1)->door, READ_COILS);
    assert_non_null(rig_note(&rig, RIG_REQUEST, 1, READ_LINKS, 0));
}

static void a_waiting_pulse_of_a_lost_board_is_not_sent(void **state)
{
    (void)state;
    rig_forget(&rig);
    assert_int_equal(pulse(0, 0, 1), 0);
    assert_int_equal(pulse(1, 0, 2), 0); /* waits for the supply */
    rig_run(&rig, 30);
    lk_fieldbus_sim_plug(rig.fb, false);
    rig_run(&rig, 30);
    assert_int_equal(rig_note(&rig, RIG_PULSE, 1, 0, 0)->value, LK_LOCKBANK_PULSE_NOT_SENT);
    assert_int_equal(rig.boards[1]->pulses[0], 0);
    assert_int_equal(reason_of(1), LK_LOCKBANK_REASON_LINE);
    lk_fieldbus_sim_plug(rig.fb, true);
    rig_forget(&rig);
    rig_run(&rig, 2500);
    for (unsigned b = 0; b < 3; b++) {
        assert_int_equal(state_of(b), LK_LOCKBANK_READY);
        assert_int_equal(rig_note(&rig, RIG_REQUEST, (int)b, -1, 0)->door, ALL_OFF);
    }
    assert_int_equal(rig.boards[1]->pulses[0], 0);
}

static void one_coil_at_a_time_and_staggered(void **state)
{
    (void)state;
    rig_forget(&rig);
    for (unsigned b = 0; b < 3; b++) {
        for (unsigned d = 0; d < 4; d++) {
            assert_int_equal(pulse(b, d, b * 10 + d), 0);
        }
    }
    rig_run(&rig, 12 * 700);
    assert_int_equal(rig_count(&rig, RIG_PULSE, -1, -1), 12);
    int on = 0;
    int64_t last_on_ms = 0;
    for (unsigned i = 0; rig_note(&rig, RIG_COIL, -1, -1, i); i++) {
        const struct rig_note *n = rig_note(&rig, RIG_COIL, -1, -1, i);
        on += n->value ? 1 : -1;
        assert_in_range(on, 0, 1);
        if (n->value) {
            assert_true(n->at_ms - last_on_ms >= 200);
            last_on_ms = n->at_ms;
        }
    }
    assert_int_equal(rig_count(&rig, RIG_COIL, -1, -1), 24);
}

static void short_pulses_are_still_200_ms_apart(void **state)
{
    (void)state;
    struct lk_supply *s;
    struct lk_supply_coil a = {0}, b = {0};
    assert_int_equal(lk_supply_create(NULL, &s), 0);
    assert_true(lk_supply_take(s, &a, 1000, 100));
    assert_false(lk_supply_take(s, &b, 5000, 100)); /* still on its way */
    lk_supply_settle(s, &a, 1020, 100);
    assert_false(lk_supply_take(s, &b, 1219, 100));
    assert_true(lk_supply_take(s, &b, 1220, 100));
    lk_supply_release(s);
    assert_true(lk_supply_take(s, &b, 1220, 100));
    lk_supply_destroy(s);
}

static void a_coil_rests_after_three_pulses(void **state)
{
    (void)state;
    rig_forget(&rig);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(pulse(0, 0, i), 0);
        rig_run(&rig, 1000);
    }
    assert_in_range(lk_lockbank_pulse_wait_ms(rig.banks[0], 0, rig.now_ms), 8000, 10000);
    assert_int_equal(lk_lockbank_pulse_wait_ms(rig.banks[0], 1, rig.now_ms), 0);
    assert_int_equal(pulse(0, 0, 3), 0);
    assert_int_equal(pulse(0, 1, 4), 0); /* the tired coil does not hold up the others */
    rig_run(&rig, 1000);
    assert_int_equal(rig_count(&rig, RIG_PULSE, 0, 1), 1);
    assert_int_equal(rig_count(&rig, RIG_PULSE, 0, 0), 3);
    rig_run(&rig, 10000);
    assert_int_equal(rig_count(&rig, RIG_PULSE, 0, 0), 4);
    const struct rig_note *third_off = rig_note(&rig, RIG_COIL, 0, 0, 5),
                          *fourth_on = rig_note(&rig, RIG_COIL, 0, 0, 6);
    assert_true(fourth_on->at_ms - third_off->at_ms >= 10000);
}

static void a_stuck_coil_is_forced_off_and_stops_the_bank(void **state)
{
    (void)state;
    rig_forget(&rig);
    rig.boards[0]->stuck = 1U << 4;
    assert_int_equal(pulse(0, 4, 1), 0);
    assert_int_equal(pulse(0, 5, 2), 0);
    rig_run(&rig, 2000);
    assert_int_equal(state_of(0), LK_LOCKBANK_STOPPED);
    assert_int_equal(reason_of(0), LK_LOCKBANK_REASON_COIL_STUCK);
    assert_int_equal(rig_count(&rig, RIG_REQUEST, 0, 0x050004), 1); /* coil 4 off */
    assert_int_equal(rig_count(&rig, RIG_REQUEST, 0, ALL_OFF), 1);
    assert_int_equal(pulse(0, 6, 3), -EHOSTDOWN);
    for (unsigned d = 0; d < 8; d++) {
        assert_int_equal(lk_lockbank_sense_of(rig.banks[0], d), LK_LOCKBANK_SENSE_UNKNOWN);
    }
    rig.boards[0]->stuck = 0;
    rig.boards[0]->coils = 0;
    assert_int_equal(lk_lockbank_start(rig.banks[0], rig.now_ms), 0);
    rig_run(&rig, 500);
    assert_int_equal(state_of(0), LK_LOCKBANK_READY);
}

static void a_coil_on_at_start_is_switched_off(void **state)
{
    (void)state;
    rig.boards[0]->coils = 1U << 2;
    rig_bank(&rig, 0, NULL);
    rig_ready(&rig);
    assert_int_equal(rig.boards[0]->coils, 0);
}

static void a_coil_stuck_at_start_stops_the_bank(void **state)
{
    (void)state;
    rig.boards[0]->coils = rig.boards[0]->stuck = 1U << 2;
    rig_bank(&rig, 0, NULL);
    assert_int_equal(lk_lockbank_start(rig.banks[0], rig.now_ms), 0);
    rig_run(&rig, 2000);
    assert_int_equal(reason_of(0), LK_LOCKBANK_REASON_COIL_STUCK);
    assert_int_equal(rig_count(&rig, RIG_REQUEST, 0, ALL_OFF), 2);
    assert_int_equal(pulse(0, 0, 1), -EHOSTDOWN);
}

static void a_linked_input_stops_the_bank(void **state)
{
    (void)state;
    rig.boards[0]->link_modes[6] = 1;
    rig_bank(&rig, 0, NULL);
    assert_int_equal(lk_lockbank_start(rig.banks[0], rig.now_ms), 0);
    rig_run(&rig, 2000);
    assert_int_equal(state_of(0), LK_LOCKBANK_STOPPED);
    assert_int_equal(reason_of(0), LK_LOCKBANK_REASON_LINK_MODE);
    assert_int_equal(pulse(0, 0, 1), -EHOSTDOWN);
    assert_int_equal(rig.boards[0]->pulses[0], 0);
}

static struct lk_board_profile doubtful;

static void make_doubtful(struct lk_lockbank_config *c)
{
    doubtful = *c->profile;
    doubtful.verified = false;
    c->profile = &doubtful;
}

static void make_confirmed(struct lk_lockbank_config *c)
{
    make_doubtful(c);
    c->verified = true;
}

static void an_unverified_profile_drives_nothing(void **state)
{
    (void)state;
    rig_bank(&rig, 0, make_doubtful);
    assert_int_equal(lk_lockbank_start(rig.banks[0], rig.now_ms), 0);
    rig_run(&rig, 2000);
    assert_int_equal(reason_of(0), LK_LOCKBANK_REASON_UNVERIFIED);
    assert_int_equal(pulse(0, 0, 1), -EPERM);
    lk_lockbank_stop(rig.banks[0], rig.now_ms);
    assert_true(lk_lockbank_stopped(rig.banks[0]));
    rig_run(&rig, 500);
    assert_int_equal(rig_count(&rig, RIG_REQUEST, -1, -1), 0);
}

static void a_confirmed_profile_drives(void **state)
{
    (void)state;
    rig_bank(&rig, 0, make_confirmed);
    rig_ready(&rig);
    assert_int_equal(pulse(0, 0, 1), 0);
}

static void stop_proves_the_coils_off(void **state)
{
    (void)state;
    assert_int_equal(pulse(0, 0, 1), 0);
    assert_int_equal(pulse(0, 1, 2), 0);
    rig_run(&rig, 60);
    rig_forget(&rig);
    lk_lockbank_stop(rig.banks[0], rig.now_ms);
    assert_false(lk_lockbank_stopped(rig.banks[0]));
    assert_int_equal(rig_note(&rig, RIG_PULSE, 0, 1, 0)->value, LK_LOCKBANK_PULSE_NOT_SENT);
    rig_run(&rig, 150);
    assert_true(lk_lockbank_stopped(rig.banks[0]));
    assert_true(lk_lockbank_proved_off(rig.banks[0]));
    assert_int_equal(rig.boards[0]->coils, 0);
    assert_int_equal(rig_note(&rig, RIG_REQUEST, 0, -1, 0)->door, ALL_OFF);
    assert_int_equal(rig_note(&rig, RIG_REQUEST, 0, -1, 1)->door, READ_COILS);
    assert_int_equal(pulse(0, 0, 3), -EHOSTDOWN);
}

static void stop_is_not_held_up_by_a_dead_board(void **state)
{
    (void)state;
    fault(0, (struct lk_fieldbus_sim_fault){.dead = true});
    lk_lockbank_stop(rig.banks[0], rig.now_ms);
    rig_run(&rig, 700);
    assert_true(lk_lockbank_stopped(rig.banks[0]));
    assert_false(lk_lockbank_proved_off(rig.banks[0]));
}

static void swap(struct lk_lockbank_config *c)
{
    c->doors = 2;
    c->has_channels = true;
    c->channels[0] = 5;
    c->channels[1] = 2;
    c->sensor_closed_level = 0x2; /* door 0 reads 0 while shut, door 1 reads 1 */
}

static void doors_map_to_channels_and_polarity(void **state)
{
    (void)state;
    rig.boards[0]->inputs = 1U << 2;
    rig_bank(&rig, 0, swap);
    rig_ready(&rig);
    assert_int_equal(lk_lockbank_sense_of(rig.banks[0], 0), LK_LOCKBANK_SENSE_CLOSED);
    assert_int_equal(lk_lockbank_sense_of(rig.banks[0], 1), LK_LOCKBANK_SENSE_CLOSED);
    assert_int_equal(pulse(0, 0, 1), 0);
    rig_run(&rig, 60);
    assert_int_equal(rig.boards[0]->pulses[5], 1);
    rig.boards[0]->inputs |= 1U << 5;
    rig_run(&rig, 60);
    assert_int_equal(lk_lockbank_sense_of(rig.banks[0], 0), LK_LOCKBANK_SENSE_OPEN);
    assert_int_equal(pulse(0, 2, 1), -EINVAL);
}

static void bad_configurations_are_refused(void **state)
{
    (void)state;
    static const struct lk_lockbank_sink sink;
    struct lk_lockbank *bank = NULL;
    const struct lk_board_profile *p = lk_board_profile_find("waveshare-relay-8");
    const struct lk_lockbank_config good = {.unit = 1, .profile = p, .doors = 8};
    struct lk_lockbank_config bad[8];
    for (unsigned i = 0; i < 8; i++) {
        bad[i] = good;
    }
    bad[0].unit = 0;
    bad[1].doors = 9;
    bad[2].doors = 0;
    bad[3].pulse_ms = 600;
    bad[4].pulse_ms = 150;
    bad[5].has_channels = true; /* all on channel 0 */
    bad[6].timeout_ms = 9999;
    bad[7].profile = NULL;
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(lk_lockbank_create(&bad[i], rig.fb, rig.supply, &sink, NULL, &bank), -EINVAL);
    }
    assert_null(lk_board_profile_find("waveshare-relay-9"));
    assert_non_null(lk_board_profile_find("waveshare-relay-32"));
}

int main(void)
{
#define T(f, setup) cmocka_unit_test_setup_teardown(f, setup, end)
    const struct CMUnitTest tests[] = {
        T(start_proves_coils_off_and_inputs_free, one_bank),
        T(a_pulse_is_one_request_and_is_read_back, one_bank),
        T(an_expected_opening_is_told_at_first_sight, one_bank),
        T(an_unexpected_opening_must_hold, one_bank),
        T(a_second_opening_after_one_pulse_must_hold, one_bank),
        T(a_closing_must_hold_and_bounce_is_not_told, one_bank),
        T(a_lost_echo_is_unproven_and_never_repeated, one_bank),
        T(a_wrong_unit_or_echo_is_unproven, one_bank),
        T(a_refused_pulse_is_not_sent, one_bank),
        T(a_late_echo_is_not_the_next_doors, one_bank),
        T(a_dead_board_is_unknown_and_the_others_go_on, three_banks),
        T(a_waiting_pulse_of_a_lost_board_is_not_sent, three_banks),
        T(one_coil_at_a_time_and_staggered, three_banks),
        T(short_pulses_are_still_200_ms_apart, bare),
        T(a_coil_rests_after_three_pulses, one_bank),
        T(a_stuck_coil_is_forced_off_and_stops_the_bank, one_bank),
        T(a_coil_on_at_start_is_switched_off, bare),
        T(a_coil_stuck_at_start_stops_the_bank, bare),
        T(a_linked_input_stops_the_bank, bare),
        T(an_unverified_profile_drives_nothing, bare),
        T(a_confirmed_profile_drives, bare),
        T(stop_proves_the_coils_off, one_bank),
        T(stop_is_not_held_up_by_a_dead_board, one_bank),
        T(doors_map_to_channels_and_polarity, bare),
        T(bad_configurations_are_refused, bare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
