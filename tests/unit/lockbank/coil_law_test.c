/*
 * The coil law under a random life: three banks on one supply and one line, each with another profile of the table (all
 * of them get their turn), pulses asked for at random, boards that die, answer late, from the wrong address, with a
 * wrong echo, and an adapter that comes and goes. Whatever happens: one coil at a time, none on for longer than its
 * pulse, starts 200 ms apart, at most three pulses of a coil without ten seconds of rest, one end per accepted pulse,
 * no coil without an intent, DONE only when the coil was on, NOT_SENT only when it was not.
 *
 * A board that cannot time its pulses is switched off by a request, so it has easier lives: there nothing fails
 * more often than the line repeats "off", and its coil may be on for as long as that takes. What happens when nobody
 * can reach it: profile_faults_test.c. LK_SEED replays one life; a failure prints its seed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bank_rig.h"

enum {
    BANKS = 3,
    DOORS = 8,
    LIVES = 25,
    LIFE_STEPS = 1500,
    REST_MS = 10000,
    STAGGER_MS = 200,
    BURST = 3,
    REPEATS_MS = 1500, /* until "off" was said for the last time */
    PROFILES_MAX = 64,
};

struct coil {
    bool asked, went_on;
    uint64_t intent;
    unsigned in_burst;
    int64_t last_on_ms, last_off_ms;
};

static struct rig rig;
static char rig_seed[24];
static struct coil coils[BANKS][DOORS];
static const struct lk_board_profile *profiles[BANKS];
static bool software, lived[PROFILES_MAX];
static unsigned on_now;
static int64_t last_on_ms;
static uint64_t dice, intents, accepted, ended, went;

static unsigned roll(unsigned sides)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return (unsigned)((dice >> 11) % sides);
}

static void coil_moved(const struct rig_note *n)
{
    struct coil *c = &coils[n->bank][n->door];
    if (!n->value) {
        const struct lk_board_profile *p = profiles[n->bank];
        int64_t most_ms = p->pulse_max_ms + (p->pulse_kind == LK_PULSE_SOFTWARE ? REPEATS_MS : 0);
        if (n->at_ms - c->last_on_ms > most_ms) {
            fail_msg("%s: coil %u was on for %lld ms", p->name, n->door, (long long)(n->at_ms - c->last_on_ms));
        }
        on_now--;
        c->last_off_ms = n->at_ms;
        return;
    }
    c->last_on_ms = n->at_ms;
    assert_true(c->asked && !c->went_on);
    c->went_on = true;
    went++;
    assert_int_equal(on_now++, 0);
    assert_true(last_on_ms == 0 || n->at_ms - last_on_ms >= STAGGER_MS);
    last_on_ms = n->at_ms;
    bool rested = c->in_burst == 0 || n->at_ms - c->last_off_ms >= REST_MS;
    c->in_burst = rested ? 1 : c->in_burst + 1;
    assert_true(c->in_burst <= BURST);
}

static void pulse_ended(const struct rig_note *n)
{
    struct coil *c = &coils[n->bank][n->door];
    assert_true(c->asked && c->intent == n->intent);
    assert_true(n->value != LK_LOCKBANK_PULSE_DONE || c->went_on);
    assert_true(n->value != LK_LOCKBANK_PULSE_NOT_SENT || !c->went_on);
    /* UNPROVEN may still be under way only as long as the line waits for it: not any more. */
    c->asked = c->went_on = false;
    ended++;
}

static void check(void)
{
    for (unsigned i = 0; i < rig.notes_n; i++) {
        if (rig.notes[i].kind == RIG_COIL) {
            coil_moved(&rig.notes[i]);
        } else if (rig.notes[i].kind == RIG_PULSE) {
            pulse_ended(&rig.notes[i]);
        }
    }
    rig_forget(&rig);
}

static void run(int64_t ms)
{
    while (ms-- > 0) {
        rig_run(&rig, 1);
        check();
    }
}

static struct lk_fieldbus_sim_fault some_fault(void)
{
    struct lk_fieldbus_sim_fault f = {.count = 1 + roll(4)};
    switch (roll(7)) {
    case 0:
        f.dead = true;
        f.count = roll(3) || software ? f.count : 60;
        break;
    case 1:
        f.lose_reply = true;
        break;
    case 2:
        f.late_ms = 20 + roll(400);
        break;
    case 3:
        f.answers_as = (uint8_t)(1 + roll(BANKS));
        break;
    case 4:
        f.bend = 1;
        break;
    case 5:
        f.exception = (uint8_t)(1 + roll(6));
        break;
    default:
        f.corrupt = true;
    }
    return f;
}

static void ask(void)
{
    unsigned b = roll(BANKS), d = roll(DOORS) < 5 ? 0 : roll(rig.doors[b]); /* one door much, so that it must rest */
    struct coil *c = &coils[b][d];
    uint64_t intent = ++intents;
    bool was_asked = c->asked;
    if (!was_asked) {
        c->asked = true;
        c->intent = intent;
    }
    int r = lk_lockbank_pulse(rig.banks[b], d, intent, rig.now_ms);
    assert_true(r != 0 || !was_asked);
    accepted += r == 0;
    if (r != 0 && !was_asked) {
        c->asked = false;
    }
}

static void step(void)
{
    unsigned what = roll(100);
    if (what < 25) {
        ask();
    } else if (what < 30 && !(software && on_now > 0)) {
        struct lk_fieldbus_sim_fault f = some_fault();
        lk_fieldbus_sim_fault(rig.fb, (uint8_t)(1 + roll(BANKS)), &f);
    } else if (what < 31 && !software) {
        lk_fieldbus_sim_plug(rig.fb, false);
    } else if (what < 36) {
        lk_fieldbus_sim_plug(rig.fb, true);
    } else if (what < 45) {
        unsigned b = roll(BANKS);
        rig_door(&rig, b, roll(rig.doors[b]), roll(2) != 0);
    }
    run(roll(8) ? roll(40) : roll(700));
}

/* All boards whose maker hal/sim knows. */
static unsigned count_known(const struct lk_board_profile *known[PROFILES_MAX])
{
    unsigned n = 0;
    const struct lk_board_profile *p;
    for (unsigned i = 0; (p = lk_board_profile_at(i)); i++) {
        assert_true(n < PROFILES_MAX);
        if (rig_knows(p)) {
            known[n++] = p;
        }
    }
    return n;
}

/* Three neighbours of the table; the next life has the next three. */
static void choose(uint64_t seed)
{
    const struct lk_board_profile *known[PROFILES_MAX];
    unsigned n = count_known(known);
    software = false;
    for (unsigned b = 0; b < BANKS; b++) {
        unsigned i = (unsigned)((seed * BANKS + b) % n);
        profiles[b] = known[i];
        lived[i] = true;
        software = software || profiles[b]->pulse_kind == LK_PULSE_SOFTWARE;
        rig_bank_as(&rig, b, profiles[b], NULL);
    }
}

/* A board whose "off" got lost so often that the bank gave up is taken up again by a person. */
static void all_ready(void)
{
    for (unsigned b = 0; b < BANKS; b++) {
        if (rig_state(&rig, b) == LK_LOCKBANK_STOPPED && profiles[b]->pulse_kind == LK_PULSE_SOFTWARE) {
            assert_int_equal(rig_reason(&rig, b), LK_LOCKBANK_REASON_COIL_STUCK);
            assert_int_equal(lk_lockbank_start(rig.banks[b], rig.now_ms), 0);
            run(5000);
        }
        assert_int_equal(rig.boards[b]->coils, 0);
        assert_int_equal(rig_state(&rig, b), LK_LOCKBANK_READY);
    }
}

static void live(uint64_t seed)
{
    memset(coils, 0, sizeof(coils));
    on_now = 0;
    last_on_ms = 0;
    dice = seed * UINT64_C(0x9E3779B97F4A7C15) | 1;
    accepted = ended = 0;
    rig_make(&rig, BANKS, 19200);
    choose(seed);
    rig_ready(&rig);
    rig_forget(&rig);
    for (unsigned i = 0; i < LIFE_STEPS; i++) {
        step();
    }
    lk_fieldbus_sim_plug(rig.fb, true);
    for (uint8_t u = 1; u <= BANKS; u++) {
        lk_fieldbus_sim_fault(rig.fb, u, &(struct lk_fieldbus_sim_fault){0});
    }
    run(60000); /* long enough for every rest and every probe */
    assert_int_equal(accepted, ended);
    all_ready();
    rig_end(&rig);
}

static void coils_are_safe_whatever_happens(void **state)
{
    (void)state;
    const char *one = getenv("LK_SEED");
    uint64_t first = one ? strtoull(one, NULL, 10) : 1, lives = one ? 1 : LIVES;
    went = 0;
    for (uint64_t seed = first; seed < first + lives; seed++) {
        (void)snprintf(rig_seed, sizeof(rig_seed), "%llu", (unsigned long long)seed);
        live(seed);
    }
    const struct lk_board_profile *known[PROFILES_MAX];
    for (unsigned i = 0; !one && i < count_known(known); i++) {
        assert_true(lived[i]);
    }
    print_message("%llu lives, %llu pulses\n", (unsigned long long)lives, (unsigned long long)went);
    assert_true(one || went > 500);
}

static int say_seed(void **state)
{
    (void)state;
    print_message("last seed: LK_SEED=%s\n", rig_seed);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_teardown(coils_are_safe_whatever_happens, say_seed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
