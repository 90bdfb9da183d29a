#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "gpiobank_rig.h"

enum { PULSE_MS = LK_GPIOBANK_PULSE_MS, CEILING_MS = 450, CONFIRM_MS = 200, DEBOUNCE_MS = 20 };

static struct rig rig;

static int make(void **state)
{
    (void)state;
    rig_make(&rig);
    rig_ready(&rig, 0);
    rig_ready(&rig, 1);
    return 0;
}

static int make_unstarted(void **state)
{
    (void)state;
    rig_make(&rig);
    return 0;
}

static int end(void **state)
{
    (void)state;
    rig_end(&rig);
    return 0;
}

/* --- helpers */

static void asked(unsigned b, unsigned door, uint64_t intent)
{
    assert_int_equal(lk_lockbank_pulse(rig.banks[b], door, intent, rig.now_ms), 0);
}

static void said_board(unsigned b, unsigned i, enum lk_lockbank_board state, enum lk_lockbank_reason reason)
{
    const struct rig_note *n = rig_note(&rig, RIG_BOARD, (int)b, -1, i);
    assert_non_null(n);
    assert_int_equal(n->value, state);
    assert_int_equal(n->reason, reason);
}

static void said_pulse(unsigned b, unsigned door, enum lk_lockbank_pulse_result result, uint64_t intent)
{
    assert_int_equal(rig_count(&rig, RIG_PULSE, (int)b, (int)door), 1);
    const struct rig_note *n = rig_note(&rig, RIG_PULSE, (int)b, (int)door, 0);
    assert_int_equal(n->value, result);
    assert_int_equal(n->intent, intent);
}

/* How long the i-th energising of a lock lasted. */
static int64_t on_for_ms(unsigned b, unsigned door, unsigned i)
{
    const struct rig_note *on = rig_note(&rig, RIG_LOCK, (int)b, (int)door, 2 * i);
    const struct rig_note *off = rig_note(&rig, RIG_LOCK, (int)b, (int)door, 2 * i + 1);
    assert_non_null(on);
    assert_non_null(off);
    assert_int_equal(on->value, 1);
    assert_int_equal(off->value, 0);
    return off->at_ms - on->at_ms;
}

/* --- life */

static void start_tells_the_board_and_every_door(void **state)
{
    (void)state;
    rig_door(&rig, 1, 2, true);
    rig_ready(&rig, 1);
    said_board(1, 0, LK_LOCKBANK_LOST, LK_LOCKBANK_REASON_STARTING);
    said_board(1, 1, LK_LOCKBANK_READY, LK_LOCKBANK_REASON_NONE);
    assert_int_equal(rig_count(&rig, RIG_SENSE, 1, -1), 2 * RIG_DOORS); /* unknown, then what it is */
    for (unsigned d = 0; d < RIG_DOORS; d++) {
        assert_int_equal(lk_lockbank_sense_of(rig.banks[1], d),
                         d == 2 ? LK_LOCKBANK_SENSE_OPEN : LK_LOCKBANK_SENSE_CLOSED);
    }
    assert_false(rig_any_energised(&rig));
    assert_int_equal(rig_count(&rig, RIG_LOCK, -1, -1), 0);
}

static void law_9_start_switches_off_what_somebody_left_on(void **state)
{
    (void)state;
    lk_gpio_sim_pull(rig.chip, rig_lock_line(0, 1), true);
    lk_gpio_sim_pull(rig.chip, rig_lock_line(1, 1), false);
    assert_true(rig_energised(&rig, 0, 1) && rig_energised(&rig, 1, 1));
    rig_ready(&rig, 0);
    rig_ready(&rig, 1);
    assert_false(rig_any_energised(&rig));
}

static void no_chip_is_lost_and_tried_again(void **state)
{
    (void)state;
    lk_gpio_sim_plug(rig.chip, false);
    assert_int_equal(lk_lockbank_start(rig.banks[0], rig.now_ms), 0);
    assert_true(rig_is(&rig, 0, LK_LOCKBANK_LOST, LK_LOCKBANK_REASON_LINE));
    assert_int_equal(lk_lockbank_fd(rig.banks[0]), -1);
    assert_int_equal(lk_lockbank_pulse(rig.banks[0], 0, 1, rig.now_ms), -EHOSTDOWN);
    rig_run(&rig, 5 * LK_GPIO_RETRY_MS);
    assert_int_equal(rig_count(&rig, RIG_BOARD, 0, -1), 2); /* said once */
    lk_gpio_sim_plug(rig.chip, true);
    rig_run(&rig, LK_GPIO_RETRY_MS);
    assert_true(rig_is(&rig, 0, LK_LOCKBANK_READY, LK_LOCKBANK_REASON_NONE));
}

static void a_held_line_is_lost_and_names_the_holder(void **state)
{
    (void)state;
    lk_gpio_sim_hold(rig.chip, rig_lock_line(0, 3), "gpio-fan");
    assert_int_equal(lk_lockbank_start(rig.banks[0], rig.now_ms), 0);
    assert_true(rig_is(&rig, 0, LK_LOCKBANK_LOST, LK_LOCKBANK_REASON_HELD));
    assert_string_equal(lk_lockbank_complaint(rig.banks[0]), "P03 is held by \"gpio-fan\"");
    lk_gpio_sim_hold(rig.chip, rig_lock_line(0, 3), NULL);
    rig_run(&rig, LK_GPIO_RETRY_MS);
    assert_true(rig_is(&rig, 0, LK_LOCKBANK_READY, LK_LOCKBANK_REASON_NONE));
    assert_string_equal(lk_lockbank_complaint(rig.banks[0]), "");
}

static void a_line_that_does_not_exist_is_said(void **state)
{
    (void)state;
    rig_misname(&rig, 0);
    assert_int_equal(lk_lockbank_start(rig.banks[0], rig.now_ms), 0);
    assert_true(rig_is(&rig, 0, LK_LOCKBANK_LOST, LK_LOCKBANK_REASON_NO_LINE));
    assert_string_equal(lk_lockbank_complaint(rig.banks[0]), "the chip has no line GPIO77");
}

static void a_chip_without_edges_is_read_instead(void **state)
{
    (void)state;
    lk_gpio_sim_no_edges(rig.chip, true);
    rig_ready(&rig, 0);
    rig_forget(&rig);
    asked(0, 1, 1);
    rig_run(&rig, 20);
    int64_t at_ms = rig.now_ms;
    rig_door(&rig, 0, 1, true);
    rig_run(&rig, 150);
    assert_int_equal(rig_count(&rig, RIG_SENSE, 0, -1), 1);
    assert_int_equal(lk_lockbank_sense_of(rig.banks[0], 1), LK_LOCKBANK_SENSE_OPEN);
    assert_in_range(rig_note(&rig, RIG_SENSE, 0, 1, 0)->at_ms, at_ms + DEBOUNCE_MS, at_ms + 2 * 50 + DEBOUNCE_MS);
    rig_run(&rig, 1000);
    rig_door(&rig, 0, 1, false);
    rig_run(&rig, CONFIRM_MS + 150);
    assert_int_equal(lk_lockbank_sense_of(rig.banks[0], 1), LK_LOCKBANK_SENSE_CLOSED);
}

static void a_vanished_chip_is_lost_and_set_up_anew(void **state)
{
    (void)state;
    rig_forget(&rig);
    lk_gpio_sim_plug(rig.chip, false);
    rig_run(&rig, 5);
    said_board(0, 0, LK_LOCKBANK_LOST, LK_LOCKBANK_REASON_LINE);
    assert_int_equal(rig_count(&rig, RIG_SENSE, 0, -1), RIG_DOORS);
    assert_int_equal(lk_lockbank_sense_of(rig.banks[0], 0), LK_LOCKBANK_SENSE_UNKNOWN);
    rig_door(&rig, 0, 2, true);
    lk_gpio_sim_plug(rig.chip, true);
    rig_run(&rig, LK_GPIO_RETRY_MS);
    said_board(0, 1, LK_LOCKBANK_READY, LK_LOCKBANK_REASON_NONE);
    assert_int_equal(lk_lockbank_sense_of(rig.banks[0], 2), LK_LOCKBANK_SENSE_OPEN);
}

/* --- pulses */

static void law_9_a_pulse_is_timed_and_proved(void **state)
{
    (void)state;
    for (unsigned b = 0; b < RIG_BANKS; b++) {
        rig_forget(&rig);
        asked(b, 1, 7);
        assert_int_equal(rig_count(&rig, RIG_PULSE, -1, -1), 0); /* never from pulse() */
        rig_run(&rig, 5);
        assert_true(rig_energised(&rig, b, 1));
        said_pulse(b, 1, LK_LOCKBANK_PULSE_DONE, 7);
        rig_run(&rig, 1000);
        assert_int_equal(on_for_ms(b, 1, 0), PULSE_MS);
        assert_int_equal(rig_count(&rig, RIG_LOCK, -1, -1), 2);
        assert_int_equal(lk_lockbank_pulses(rig.banks[b], 1), 1);
        assert_true(rig_is(&rig, b, LK_LOCKBANK_READY, LK_LOCKBANK_REASON_NONE));
    }
}

static void law_9_the_guard_ends_a_pulse_when_the_loop_hangs(void **state)
{
    (void)state;
    rig_forget(&rig);
    asked(0, 0, 1);
    rig_run(&rig, 2);
    assert_true(rig_energised(&rig, 0, 0));
    rig.stalled = true;
    rig_run(&rig, 3000);
    assert_false(rig_any_energised(&rig));
    assert_in_range(on_for_ms(0, 0, 0), PULSE_MS, CEILING_MS);
    rig.stalled = false;
    rig_run(&rig, 2000);
    assert_true(rig_is(&rig, 0, LK_LOCKBANK_READY, LK_LOCKBANK_REASON_NONE));
    asked(0, 0, 2);
    rig_run(&rig, 1000);
    assert_int_equal(on_for_ms(0, 0, 1), PULSE_MS);
}

static void law_9_death_in_a_pulse_switches_off_at_once(void **state)
{
    (void)state;
    for (unsigned b = 0; b < RIG_BANKS; b++) {
        asked(b, 0, 1);
        rig_run(&rig, 100);
        assert_true(rig_energised(&rig, b, 0));
        lk_gpio_sim_kill_owner(rig.gpio[b]);
        assert_false(rig_any_energised(&rig));
        rig.stalled = true; /* the supply of a dead process is nobody's */
        rig_run(&rig, 600);
        rig.stalled = false;
    }
}

static void law_9_without_a_guard_nothing_is_driven(void **state)
{
    (void)state;
    asked(0, 0, 1);
    rig_run(&rig, 100);
    rig_forget(&rig);
    lk_gpio_sim_kill_guard(rig.gpio[0]);
    rig_run(&rig, 2);
    assert_false(rig_any_energised(&rig)); /* the pulse is cut short */
    said_board(0, 0, LK_LOCKBANK_LOST, LK_LOCKBANK_REASON_GUARD);
    assert_int_equal(lk_lockbank_pulse(rig.banks[0], 1, 2, rig.now_ms), -EHOSTDOWN);
    rig_run(&rig, LK_GPIO_RETRY_MS);
    assert_true(rig_is(&rig, 0, LK_LOCKBANK_READY, LK_LOCKBANK_REASON_NONE)); /* with a new guard */
    asked(0, 1, 3);
    rig_run(&rig, 1000);
    said_pulse(0, 1, LK_LOCKBANK_PULSE_DONE, 3);
}

static void law_9_a_deaf_guard_gives_no_permission(void **state)
{
    (void)state;
    lk_gpio_sim_guards(rig.chip, &(struct lk_gpio_sim_guard){.deaf = true});
    rig_forget(&rig);
    asked(0, 0, 9);
    rig_run(&rig, 1000);
    assert_int_equal(rig_count(&rig, RIG_LOCK, -1, -1), 0);
    said_pulse(0, 0, LK_LOCKBANK_PULSE_NOT_SENT, 9);
    said_board(0, 0, LK_LOCKBANK_LOST, LK_LOCKBANK_REASON_GUARD);
}

static void law_9_a_slow_guard_shortens_no_rest(void **state)
{
    (void)state;
    lk_gpio_sim_guards(rig.chip, &(struct lk_gpio_sim_guard){.answer_ns = 150000000});
    rig_forget(&rig);
    asked(0, 0, 1);
    asked(1, 0, 2);
    rig_run(&rig, 3000);
    assert_in_range(on_for_ms(0, 0, 0), 250, PULSE_MS);
    assert_in_range(on_for_ms(1, 0, 0), 250, PULSE_MS);
    const struct rig_note *off = rig_note(&rig, RIG_LOCK, 0, 0, 1), *on = rig_note(&rig, RIG_LOCK, 1, 0, 0);
    assert_true(on->at_ms > off->at_ms);
}

static void law_9_one_lock_at_a_time_and_staggered(void **state)
{
    (void)state;
    rig_forget(&rig);
    for (unsigned d = 0; d < RIG_DOORS; d++) {
        asked(0, d, 10 + d);
        asked(1, d, 20 + d);
    }
    rig_run(&rig, 10000);
    int64_t free_ms = 0;
    unsigned on = 0;
    for (unsigned i = 0; i < rig_count(&rig, RIG_LOCK, -1, -1); i++) {
        const struct rig_note *n = rig_note(&rig, RIG_LOCK, -1, -1, i);
        assert_int_equal(n->value, i % 2 == 0);
        if (n->value) {
            assert_true(n->at_ms >= free_ms);
            free_ms = n->at_ms + CEILING_MS;
            on++;
        }
    }
    assert_int_equal(on, 2 * RIG_DOORS);
}

static void law_9_a_lock_rests_after_three_pulses(void **state)
{
    (void)state;
    rig_forget(&rig);
    for (unsigned i = 0; i < 4; i++) {
        asked(0, 0, i);
        rig_run(&rig, 600);
    }
    assert_int_equal(rig_count(&rig, RIG_LOCK, 0, 0), 6);
    rig_run(&rig, 9000);
    assert_int_equal(rig_count(&rig, RIG_LOCK, 0, 0), 6);
    rig_run(&rig, 2000);
    assert_int_equal(rig_count(&rig, RIG_LOCK, 0, 0), 8);
}

static void law_9_a_stuck_output_stops_the_bank(void **state)
{
    (void)state;
    asked(1, 3, 1);
    rig_run(&rig, 100);
    lk_gpio_sim_stick(rig.chip, rig_lock_line(1, 3), false); /* welded: active low */
    rig_forget(&rig);
    rig_run(&rig, 1000);
    said_board(1, 0, LK_LOCKBANK_STOPPED, LK_LOCKBANK_REASON_COIL_STUCK);
    assert_int_equal(lk_lockbank_pulse(rig.banks[1], 0, 2, rig.now_ms), -EHOSTDOWN);
    assert_int_equal(lk_lockbank_sense_of(rig.banks[1], 0), LK_LOCKBANK_SENSE_UNKNOWN);
    assert_int_equal(lk_lockbank_start(rig.banks[1], rig.now_ms), 0); /* still stuck */
    assert_true(rig_is(&rig, 1, LK_LOCKBANK_STOPPED, LK_LOCKBANK_REASON_COIL_STUCK));
    lk_gpio_sim_unstick(rig.chip, rig_lock_line(1, 3));
    rig_run(&rig, 3000);
    assert_true(rig_is(&rig, 1, LK_LOCKBANK_STOPPED, LK_LOCKBANK_REASON_COIL_STUCK)); /* until a person says so */
    rig_ready(&rig, 1);
}

static void law_9_an_output_that_is_on_without_a_reason_stops_the_bank(void **state)
{
    (void)state;
    lk_gpio_sim_stick(rig.chip, rig_lock_line(0, 2), true);
    rig_run(&rig, LK_GPIO_LOOK_MS + 1);
    assert_true(rig_is(&rig, 0, LK_LOCKBANK_STOPPED, LK_LOCKBANK_REASON_COIL_STUCK));
    lk_gpio_sim_unstick(rig.chip, rig_lock_line(0, 2));
    assert_false(rig_any_energised(&rig));
}

static void an_output_that_does_not_go_on_is_unproven(void **state)
{
    (void)state;
    lk_gpio_sim_stick(rig.chip, rig_lock_line(0, 2), false);
    rig_forget(&rig);
    asked(0, 2, 4);
    rig_run(&rig, 1000);
    said_pulse(0, 2, LK_LOCKBANK_PULSE_UNPROVEN, 4);
}

static void law_9_a_refused_switching_off_is_repeated_then_the_lines_are_given_up(void **state)
{
    (void)state;
    asked(0, 0, 1);
    rig_run(&rig, 100);
    lk_gpio_sim_refuse(rig.chip, -EIO, 1);
    rig_forget(&rig);
    rig_run(&rig, 500);
    assert_false(rig_any_energised(&rig));
    assert_true(rig_note(&rig, RIG_LOCK, 0, 0, 0)->at_ms <= RIG_START_MS + 2 + PULSE_MS + 10 + 1);
    assert_true(rig_is(&rig, 0, LK_LOCKBANK_READY, LK_LOCKBANK_REASON_NONE));
    asked(0, 1, 2);
    rig_run(&rig, 100);
    lk_gpio_sim_refuse(rig.chip, -EIO, 100);
    rig_run(&rig, 500);
    assert_false(rig_any_energised(&rig));
    assert_true(rig_is(&rig, 0, LK_LOCKBANK_LOST, LK_LOCKBANK_REASON_LINE));
}

static void a_refused_switching_on_is_unproven(void **state)
{
    (void)state;
    rig_forget(&rig);
    asked(0, 0, 5);
    lk_gpio_sim_refuse(rig.chip, -EIO, 1);
    rig_run(&rig, 1000);
    said_pulse(0, 0, LK_LOCKBANK_PULSE_UNPROVEN, 5);
    assert_int_equal(rig_count(&rig, RIG_LOCK, 0, 0), 0);
}

static void law_9_a_chip_that_vanishes_in_a_pulse_is_off_and_set_up_off(void **state)
{
    (void)state;
    asked(0, 0, 1);
    asked(0, 1, 2);
    rig_run(&rig, 100);
    rig_forget(&rig);
    lk_gpio_sim_plug(rig.chip, false);
    rig_run(&rig, 2);
    said_pulse(0, 1, LK_LOCKBANK_PULSE_NOT_SENT, 2);
    lk_gpio_sim_pull(rig.chip, rig_lock_line(0, 0), true); /* its expander came back with the output on */
    lk_gpio_sim_plug(rig.chip, true);
    rig_run(&rig, LK_GPIO_RETRY_MS);
    assert_true(rig_is(&rig, 0, LK_LOCKBANK_READY, LK_LOCKBANK_REASON_NONE));
    assert_false(rig_any_energised(&rig));
}

/* --- the end */

static void law_9_stop_proves_the_locks_off(void **state)
{
    (void)state;
    asked(0, 0, 1);
    asked(0, 1, 2);
    rig_run(&rig, 100);
    assert_true(rig_energised(&rig, 0, 0));
    rig_forget(&rig);
    lk_lockbank_stop(rig.banks[0], rig.now_ms);
    assert_true(lk_lockbank_stopped(rig.banks[0]));
    assert_true(lk_lockbank_proved_off(rig.banks[0]));
    assert_false(rig_any_energised(&rig));
    said_board(0, 0, LK_LOCKBANK_STOPPED, LK_LOCKBANK_REASON_SHUTDOWN);
    said_pulse(0, 1, LK_LOCKBANK_PULSE_NOT_SENT, 2);
    assert_int_equal(lk_lockbank_next_at_ms(rig.banks[0]), INT64_MAX);
    rig_door(&rig, 0, 0, true); /* the lines are still ours */
    rig_run(&rig, 3000);
    lk_gpio_sim_plug(rig.chip, false);
    rig_run(&rig, 3000);
    assert_true(rig_is(&rig, 0, LK_LOCKBANK_STOPPED, LK_LOCKBANK_REASON_SHUTDOWN));
    assert_int_equal(lk_lockbank_fd(rig.banks[0]), -1);
    lk_gpio_sim_plug(rig.chip, true);
    rig_ready(&rig, 0);
}

static void stop_with_a_permission_asked_for_reports_the_pulse(void **state)
{
    (void)state;
    rig_forget(&rig);
    asked(0, 0, 1);
    lk_lockbank_stop(rig.banks[0], rig.now_ms);
    said_pulse(0, 0, LK_LOCKBANK_PULSE_NOT_SENT, 1);
    rig_run(&rig, 1000);
    assert_int_equal(rig_count(&rig, RIG_LOCK, -1, -1), 0);
}

static void starting_again_reports_the_pulse_that_was_asked_for(void **state)
{
    (void)state;
    rig_forget(&rig);
    asked(0, 0, 1);
    assert_int_equal(lk_lockbank_start(rig.banks[0], rig.now_ms), 0);
    said_pulse(0, 0, LK_LOCKBANK_PULSE_NOT_SENT, 1);
    asked(0, 0, 2);
    rig_run(&rig, 100);
    assert_true(rig_energised(&rig, 0, 0));
    int fd = lk_lockbank_fd(rig.banks[0]);
    assert_int_equal(lk_lockbank_start(rig.banks[0], rig.now_ms), 0); /* and in the middle of one */
    assert_false(rig_any_energised(&rig));
    assert_int_equal(lk_lockbank_fd(rig.banks[0]), fd);
    rig_run(&rig, 1000);
    asked(0, 0, 3);
    rig_run(&rig, 1000);
    assert_int_equal(on_for_ms(0, 0, 1), PULSE_MS);
}

static void stop_without_a_chip_proves_nothing(void **state)
{
    (void)state;
    lk_gpio_sim_plug(rig.chip, false);
    rig_run(&rig, 5);
    lk_lockbank_stop(rig.banks[0], rig.now_ms);
    assert_true(lk_lockbank_stopped(rig.banks[0]));
    assert_false(lk_lockbank_proved_off(rig.banks[0]));
}

static void law_9_destroy_switches_off(void **state)
{
    (void)state;
    asked(1, 0, 1);
    rig_run(&rig, 100);
    assert_true(rig_energised(&rig, 1, 0));
    rig.banks[1] = lk_lockbank_destroy(rig.banks[1]);
    assert_false(rig_any_energised(&rig));
}

/* --- doors */

static void an_expected_opening_is_told_at_once(void **state)
{
    (void)state;
    rig_forget(&rig);
    asked(1, 1, 1);
    rig_run(&rig, 50);
    int64_t at_ms = rig.now_ms;
    rig_door(&rig, 1, 1, true);
    rig_run(&rig, DEBOUNCE_MS + 1);
    assert_int_equal(rig_count(&rig, RIG_SENSE, -1, -1), 1);
    const struct rig_note *n = rig_note(&rig, RIG_SENSE, 1, 1, 0);
    assert_non_null(n);
    assert_int_equal(n->value, LK_LOCKBANK_SENSE_OPEN);
    assert_int_equal(n->at_ms, at_ms + DEBOUNCE_MS);
}

static void an_unexpected_change_must_hold(void **state)
{
    (void)state;
    rig_forget(&rig);
    rig_door(&rig, 0, 1, true);
    rig_run(&rig, DEBOUNCE_MS + CONFIRM_MS - 10);
    assert_int_equal(rig_count(&rig, RIG_SENSE, -1, -1), 0);
    rig_run(&rig, 20);
    assert_int_equal(rig_count(&rig, RIG_SENSE, 0, 1), 1);
    assert_int_equal(lk_lockbank_sense_of(rig.banks[0], 1), LK_LOCKBANK_SENSE_OPEN);
    rig_door(&rig, 0, 1, false);
    rig_run(&rig, 100);
    rig_door(&rig, 0, 1, true); /* a rattling door */
    rig_run(&rig, 1000);
    assert_int_equal(rig_count(&rig, RIG_SENSE, 0, 1), 1);
}

static void bounce_is_not_told(void **state)
{
    (void)state;
    rig_forget(&rig);
    asked(0, 0, 1);
    for (int64_t i = 0; i < 40; i++) { /* beyond what the kernel keeps, and it ends as it began */
        assert_int_equal(
            lk_gpio_sim_pull_at(rig.chip, rig_sensor_line(0, 0), i % 2 != 0, (rig.now_ms + 50) * 1000000 + i * 200000),
            0);
    }
    rig_run(&rig, 500);
    assert_int_equal(rig_count(&rig, RIG_SENSE, -1, -1), 0);
    assert_int_equal(lk_lockbank_sense_of(rig.banks[0], 0), LK_LOCKBANK_SENSE_CLOSED);
}

static void a_short_opening_between_two_turns_is_not_missed(void **state)
{
    (void)state;
    asked(0, 0, 1);
    rig_run(&rig, 20);
    rig_forget(&rig);
    rig_door(&rig, 0, 0, true);
    rig_run(&rig, 40);
    rig.stalled = true; /* the loop is in a long commit while the door falls shut again */
    rig_door(&rig, 0, 0, false);
    rig_run(&rig, 40);
    rig.stalled = false;
    rig_run(&rig, 500);
    assert_int_equal(rig_count(&rig, RIG_SENSE, 0, 0), 2);
    assert_int_equal(rig_note(&rig, RIG_SENSE, 0, 0, 0)->value, LK_LOCKBANK_SENSE_OPEN);
    assert_int_equal(rig_note(&rig, RIG_SENSE, 0, 0, 1)->value, LK_LOCKBANK_SENSE_CLOSED);
}

static void law_10_a_lost_bank_leaves_the_other_alone(void **state)
{
    (void)state;
    lk_gpio_sim_kill_guard(rig.gpio[0]);
    rig_run(&rig, 2);
    rig_forget(&rig);
    asked(1, 0, 1);
    rig_run(&rig, 600);
    said_pulse(1, 0, LK_LOCKBANK_PULSE_DONE, 1);
}

/* --- the configuration */

static void a_bad_configuration_is_refused(void **state)
{
    (void)state;
    struct lk_gpiobank_config good = {.chip = "gpiochip0", .doors = 1, .locks = {"A"}, .sensors = {"B"}}, bad = good;
    struct lk_gpio_config lines;
    assert_int_equal(lk_gpiobank_lines(&good, &lines), 0);
    assert_string_equal(lines.consumer, "lockerd");
    assert_int_equal(lines.ceiling_ms, LK_GPIOBANK_PULSE_MS + 50);
    bad.pulse_ms = LK_GPIOBANK_CEILING_MS + 1;
    assert_int_equal(lk_gpiobank_lines(&bad, &lines), -EINVAL);
    bad.pulse_ms = LK_GPIOBANK_CEILING_MS;
    assert_int_equal(lk_gpiobank_lines(&bad, &lines), 0);
    assert_int_equal(lines.ceiling_ms, LK_GPIOBANK_CEILING_MS);
    bad.pulse_ms = 10;
    assert_int_equal(lk_gpiobank_lines(&bad, &lines), -EINVAL);
    bad = good;
    bad.doors = 2; /* without lines for it */
    assert_int_equal(lk_gpiobank_lines(&bad, &lines), -EINVAL);
    bad = good;
    memcpy(bad.sensors[0], "A", 2); /* a lock as its own switch */
    assert_int_equal(lk_gpiobank_lines(&bad, &lines), -EINVAL);
}

#define TEST(f)  cmocka_unit_test_setup_teardown(f, make, end)
#define FRESH(f) cmocka_unit_test_setup_teardown(f, make_unstarted, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(start_tells_the_board_and_every_door),
        FRESH(law_9_start_switches_off_what_somebody_left_on),
        FRESH(no_chip_is_lost_and_tried_again),
        FRESH(a_held_line_is_lost_and_names_the_holder),
        FRESH(a_line_that_does_not_exist_is_said),
        FRESH(a_chip_without_edges_is_read_instead),
        TEST(a_vanished_chip_is_lost_and_set_up_anew),
        TEST(law_9_a_pulse_is_timed_and_proved),
        TEST(law_9_the_guard_ends_a_pulse_when_the_loop_hangs),
        TEST(law_9_death_in_a_pulse_switches_off_at_once),
        TEST(law_9_without_a_guard_nothing_is_driven),
        TEST(law_9_a_deaf_guard_gives_no_permission),
        TEST(law_9_a_slow_guard_shortens_no_rest),
        TEST(law_9_one_lock_at_a_time_and_staggered),
        TEST(law_9_a_lock_rests_after_three_pulses),
        TEST(law_9_a_stuck_output_stops_the_bank),
        TEST(law_9_an_output_that_is_on_without_a_reason_stops_the_bank),
        TEST(an_output_that_does_not_go_on_is_unproven),
        TEST(law_9_a_refused_switching_off_is_repeated_then_the_lines_are_given_up),
        TEST(a_refused_switching_on_is_unproven),
        TEST(law_9_a_chip_that_vanishes_in_a_pulse_is_off_and_set_up_off),
        TEST(law_9_stop_proves_the_locks_off),
        TEST(stop_with_a_permission_asked_for_reports_the_pulse),
        TEST(starting_again_reports_the_pulse_that_was_asked_for),
        TEST(stop_without_a_chip_proves_nothing),
        TEST(law_9_destroy_switches_off),
        TEST(an_expected_opening_is_told_at_once),
        TEST(an_unexpected_change_must_hold),
        TEST(bounce_is_not_told),
        TEST(a_short_opening_between_two_turns_is_not_missed),
        TEST(law_10_a_lost_bank_leaves_the_other_alone),
        FRESH(a_bad_configuration_is_refused),
    };
    return cmocka_run_group_tests_name("gpio bank", tests, NULL, NULL);
}
