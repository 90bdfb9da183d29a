/*
 * The coil law (9) on every board of the table, in virtual time, on simulated boards that speak their makers'
 * protocols: off at start, one pulse of the right length, off at the end and after a reconnection, a relay that does
 * not let go, rest. What only one maker does wrong: faults_test.c.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bank_rig.h"

enum { SLACK_MS = 60 /* "off" as a request: it waits for a transaction and takes its time on the wire */ };

static struct rig rig;

/* Runs a check on every profile of the table, on a site with that many banks of it. */
static void on_each(unsigned banks, void (*check)(const struct lk_board_profile *p))
{
    const struct lk_board_profile *p;
    for (size_t i = 0; (p = lk_board_profile_at(i)); i++) {
        if (!rig_knows(p)) {
            print_message("%s: no simulated board of this maker, only its frames are tested\n", p->name);
            continue;
        }
        print_message("%s\n", p->name);
        rig_make(&rig, banks, 19200);
        for (unsigned b = 0; b < banks; b++) {
            rig_bank_as(&rig, b, p, NULL);
        }
        check(p);
        rig_end(&rig);
    }
}

static void start(void)
{
    for (unsigned b = 0; b < RIG_BANKS && rig.banks[b]; b++) {
        assert_int_equal(lk_lockbank_start(rig.banks[b], rig.now_ms), 0);
    }
}

static int pulse(unsigned b, unsigned door)
{
    return lk_lockbank_pulse(rig.banks[b], door, door + 1, rig.now_ms);
}

static void check_start(const struct lk_board_profile *p)
{
    (void)p;
    rig.boards[0]->coils = 1U << 2;
    start();
    rig_run(&rig, 3000);
    assert_int_equal(rig_state(&rig, 0), LK_LOCKBANK_READY);
    assert_int_equal(rig.boards[0]->coils, 0);
    assert_int_equal(rig_count(&rig, RIG_COIL, 0, -1), 1); /* the one that went off, and nothing else moved */
    for (unsigned d = 0; d < rig.doors[0]; d++) {
        assert_int_equal(lk_lockbank_sense_of(rig.banks[0], d), LK_LOCKBANK_SENSE_CLOSED);
    }
}

static void law_9_coils_are_set_off_at_start(void **state)
{
    (void)state;
    on_each(1, check_start);
}

static int64_t on_for_ms(unsigned b, int door)
{
    const struct rig_note *on = rig_note(&rig, RIG_COIL, (int)b, door, 0),
                          *off = rig_note(&rig, RIG_COIL, (int)b, door, 1);
    assert_true(on && off && on->value == 1 && off->value == 0);
    return off->at_ms - on->at_ms;
}

static void check_pulse(const struct lk_board_profile *p)
{
    int64_t pulse_ms = p->pulse_default_ms;
    rig_ready(&rig);
    rig_forget(&rig);
    assert_int_equal(pulse(0, 3), 0);
    assert_int_equal(pulse(0, 3), -EBUSY);
    rig_run(&rig, 60);
    assert_int_equal(rig_note(&rig, RIG_PULSE, 0, 3, 0)->value, LK_LOCKBANK_PULSE_DONE);
    rig_door(&rig, 0, 3, true);
    rig_run(&rig, 3000);
    assert_int_equal(rig_count(&rig, RIG_COIL, -1, -1), 2);
    int64_t slack_ms = p->pulse_kind == LK_PULSE_SOFTWARE ? SLACK_MS : 0;
    assert_in_range(on_for_ms(0, 3), pulse_ms - (slack_ms ? 10 : 0), pulse_ms + slack_ms);
    assert_int_equal(lk_lockbank_sense_of(rig.banks[0], 3), LK_LOCKBANK_SENSE_OPEN);
    assert_int_equal(rig_state(&rig, 0), LK_LOCKBANK_READY);
    assert_int_equal(lk_lockbank_pulses(rig.banks[0], 3), 1);
}

static void law_9_a_pulse_is_one_and_ends(void **state)
{
    (void)state;
    on_each(1, check_pulse);
}

static void check_one_at_a_time(const struct lk_board_profile *p)
{
    rig_ready(&rig);
    rig_forget(&rig);
    assert_int_equal(pulse(0, 0), 0);
    assert_int_equal(pulse(1, 1), 0);
    assert_int_equal(pulse(0, 2), 0);
    rig_run(&rig, 3 * (p->pulse_max_ms + 500));
    assert_int_equal(rig_count(&rig, RIG_PULSE, -1, -1), 3);
    assert_int_equal(rig_count(&rig, RIG_COIL, -1, -1), 6);
    int64_t last_on_ms = INT64_MIN;
    for (unsigned i = 0; i < 6; i++) {
        const struct rig_note *n = rig_note(&rig, RIG_COIL, -1, -1, i);
        assert_int_equal(n->value, i % 2 == 0); /* on, off, on, off: never two */
        if (n->value) {
            assert_true(last_on_ms == INT64_MIN || n->at_ms - last_on_ms >= 200);
            last_on_ms = n->at_ms;
        }
    }
}

static void law_9_one_coil_of_a_supply_and_staggered(void **state)
{
    (void)state;
    on_each(2, check_one_at_a_time);
}

static void check_rest(const struct lk_board_profile *p)
{
    rig_ready(&rig);
    rig_forget(&rig);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(pulse(0, 0), 0);
        rig_run(&rig, p->pulse_max_ms + 500);
    }
    assert_int_equal(rig_count(&rig, RIG_COIL, 0, 0), 6);
    rig_run(&rig, 10000);
    assert_int_equal(rig_count(&rig, RIG_COIL, 0, 0), 8);
    assert_true(rig_note(&rig, RIG_COIL, 0, 0, 6)->at_ms - rig_note(&rig, RIG_COIL, 0, 0, 5)->at_ms >= 10000);
}

static void law_9_a_coil_rests_after_three_pulses(void **state)
{
    (void)state;
    on_each(1, check_rest);
}

static void check_welded(const struct lk_board_profile *p)
{
    rig_ready(&rig);
    rig.boards[0]->stuck = 1U << 4;
    assert_int_equal(pulse(0, 4), 0);
    rig_run(&rig, p->pulse_max_ms + 3500);
    assert_int_equal(rig_state(&rig, 0), LK_LOCKBANK_STOPPED);
    assert_int_equal(rig_reason(&rig, 0), LK_LOCKBANK_REASON_COIL_STUCK);
    assert_int_equal(pulse(0, 5), -EHOSTDOWN);
    assert_int_equal(rig_state(&rig, 1), LK_LOCKBANK_READY);
    assert_int_equal(pulse(1, 5), 0); /* law 10 */
    rig_run(&rig, 100);
    assert_int_equal(rig_note(&rig, RIG_PULSE, 1, 5, 0)->value, LK_LOCKBANK_PULSE_DONE);
}

static void law_9_a_welded_relay_stops_its_bank(void **state)
{
    (void)state;
    on_each(2, check_welded);
}

static void check_stuck_at_start(const struct lk_board_profile *p)
{
    (void)p;
    rig.boards[0]->coils = rig.boards[0]->stuck = 1U << 1;
    start();
    rig_run(&rig, 5000);
    assert_int_equal(rig_state(&rig, 0), LK_LOCKBANK_STOPPED);
    assert_int_equal(rig_reason(&rig, 0), LK_LOCKBANK_REASON_COIL_STUCK);
}

static void law_9_a_coil_on_that_stays_stops_the_bank_at_start(void **state)
{
    (void)state;
    on_each(1, check_stuck_at_start);
}

static void check_end(const struct lk_board_profile *p)
{
    rig_ready(&rig);
    assert_int_equal(pulse(0, 0), 0);
    rig_run(&rig, 60);
    assert_int_equal(rig.boards[0]->coils, 1);
    lk_lockbank_stop(rig.banks[0], rig.now_ms);
    rig_run(&rig, p->pulse_ignores_off ? p->pulse_max_ms + 500 : 300);
    assert_true(lk_lockbank_stopped(rig.banks[0]));
    assert_true(lk_lockbank_proved_off(rig.banks[0]));
    assert_int_equal(rig.boards[0]->coils, 0);
}

static void law_9_coils_are_off_at_the_end(void **state)
{
    (void)state;
    on_each(1, check_end);
}

static void check_reconnect(const struct lk_board_profile *p)
{
    (void)p;
    rig_ready(&rig);
    lk_fieldbus_sim_plug(rig.fb, false);
    rig_run(&rig, 2000);
    assert_int_equal(rig_state(&rig, 0), LK_LOCKBANK_LOST);
    assert_int_equal(rig_reason(&rig, 0), LK_LOCKBANK_REASON_LINE);
    rig.boards[0]->coils = 1U << 5; /* somebody else had the line meanwhile */
    rig.boards[0]->off_at_ns[5] = 0;
    rig_forget(&rig);
    lk_fieldbus_sim_plug(rig.fb, true);
    rig_run(&rig, 5000);
    assert_int_equal(rig_state(&rig, 0), LK_LOCKBANK_READY);
    assert_int_equal(rig.boards[0]->coils, 0);
    assert_int_equal(rig_count(&rig, RIG_COIL, 0, -1), 1);
}

static void law_9_coils_are_set_off_after_a_reconnection(void **state)
{
    (void)state;
    on_each(1, check_reconnect);
}

static void unconfirmed(struct lk_lockbank_config *c)
{
    c->verified = false;
}

static void an_unverified_board_drives_nothing(void **state)
{
    (void)state;
    unsigned unverified = 0;
    const struct lk_board_profile *p;
    for (size_t i = 0; (p = lk_board_profile_at(i)); i++) {
        if (!rig_knows(p)) {
            continue;
        }
        rig_make(&rig, 1, 19200);
        rig_bank_as(&rig, 0, p, unconfirmed);
        start();
        rig_run(&rig, 3000);
        if (p->verified) {
            assert_int_equal(rig_state(&rig, 0), LK_LOCKBANK_READY);
        } else {
            assert_true(p->doubts_n > 0);
            assert_int_equal(rig_reason(&rig, 0), LK_LOCKBANK_REASON_UNVERIFIED);
            assert_int_equal(pulse(0, 0), -EPERM);
            assert_int_equal(rig_count(&rig, RIG_REQUEST, -1, -1), 0);
            unverified++;
        }
        rig_end(&rig);
    }
    assert_true(unverified >= 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(law_9_coils_are_set_off_at_start),
        cmocka_unit_test(law_9_a_pulse_is_one_and_ends),
        cmocka_unit_test(law_9_one_coil_of_a_supply_and_staggered),
        cmocka_unit_test(law_9_a_coil_rests_after_three_pulses),
        cmocka_unit_test(law_9_a_welded_relay_stops_its_bank),
        cmocka_unit_test(law_9_a_coil_on_that_stays_stops_the_bank_at_start),
        cmocka_unit_test(law_9_coils_are_off_at_the_end),
        cmocka_unit_test(law_9_coils_are_set_off_after_a_reconnection),
        cmocka_unit_test(an_unverified_board_drives_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
