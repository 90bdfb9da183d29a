/*
 * Boards of six makers on one real line, before cabinet-sim in another process: each opens its own door, and what the
 * boards that cannot time a pulse do when our loop hangs and when we are killed.
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

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "drivers/lockbank.h"
#include "hal/fieldbus_linux.h"
#include "sim_process.h"

enum { PLAIN, R4D, JUYING, WIREN, BARE, BANKS };

static const char *const cabinet[] = {"I,line=a,unit=9,channels=16,doors=0",
                                      "P,line=a,unit=1,channels=8,profile=plain-coil",
                                      "R,line=a,unit=2,channels=8,inputs=0,profile=eletechsup-r4d,sensors=I",
                                      "J,line=a,unit=3,channels=8,profile=jy-dam",
                                      "W,line=a,unit=4,channels=6,profile=wirenboard-mr",
                                      "B,line=a,unit=5,channels=8,inputs=0,sensors=I,sensors_from=8",
                                      NULL};
static const char *const profiles[BANKS] = {"plain-coil-8", "eletechsup-r4d-8", "jy-dam-8", "wirenboard-mr-6",
                                            "waveshare-relay-8-bare"};
static const char *const first_doors[BANKS] = {"P01", "R01", "J01", "W01", "B01"};

static struct sim_process sim;

/* Our side: the line and some of the banks. */
struct site {
    struct lk_fieldbus *fb;
    struct lk_supply *supply;
    struct lk_lockbank *banks[BANKS];
    unsigned opened[BANKS], done[BANKS];
    struct site_bank {
        struct site *site;
        unsigned bank;
    } users[BANKS];
};

static void on_sense(void *user, unsigned door, enum lk_lockbank_sense sense, int64_t at_ms)
{
    struct site_bank *u = user;
    (void)door;
    (void)at_ms;
    u->site->opened[u->bank] += sense == LK_LOCKBANK_SENSE_OPEN;
}

static void on_pulse(void *user, unsigned door, uint64_t intent, enum lk_lockbank_pulse_result result)
{
    struct site_bank *u = user;
    (void)door;
    (void)intent;
    u->site->done[u->bank] += result == LK_LOCKBANK_PULSE_DONE;
}

static void on_board(void *user, enum lk_lockbank_board board, enum lk_lockbank_reason reason)
{
    (void)user;
    (void)board;
    (void)reason;
}

static void make_bank(struct site *s, unsigned b)
{
    static const struct lk_lockbank_sink sink = {on_sense, on_pulse, on_board};
    const struct lk_board_profile *p = lk_board_profile_find(profiles[b]);
    struct lk_lockbank_config config = {.tag_base = b,
                                        .unit = (uint8_t)(b + 1),
                                        .profile = p,
                                        .verified = true,
                                        .accept_software_pulse = true,
                                        .doors = 6,
                                        .sensor_closed_level = UINT32_MAX,
                                        .timeout_ms = 300,
                                        .has_inputs = true};
    for (unsigned d = 0; d < config.doors; d++) {
        config.inputs[d] = (uint8_t)(b == BARE ? 8 + d : d);
    }
    if (p->inputs == 0) {
        config.inputs_unit = 9;
        config.inputs_profile = lk_board_profile_find("waveshare-relay-16");
    }
    s->users[b] = (struct site_bank){s, b};
    assert_int_equal(lk_lockbank_create(&config, s->fb, s->supply, &sink, &s->users[b], &s->banks[b]), 0);
    assert_int_equal(lk_lockbank_start(s->banks[b], sim_now_ms()), 0);
}

static void site_begin(struct site *s, unsigned from, unsigned to)
{
    struct lk_fieldbus_config config = {.name = "a", .transport = LK_FB_RTU, .baud = 19200, .timeout_ms = 300};
    *s = (struct site){0};
    strcpy(config.device, sim.tty);
    assert_int_equal(lk_fieldbus_linux_create(&config, &s->fb), 0);
    assert_int_equal(lk_fieldbus_start(s->fb), 0);
    assert_int_equal(lk_supply_create(NULL, &s->supply), 0);
    for (unsigned b = from; b < to; b++) {
        make_bank(s, b);
    }
}

static void site_end(struct site *s)
{
    for (unsigned b = 0; b < BANKS; b++) {
        s->banks[b] = lk_lockbank_destroy(s->banks[b]);
    }
    s->supply = lk_supply_destroy(s->supply);
    s->fb = lk_fieldbus_destroy(s->fb);
}

static void turn(struct site *s)
{
    struct lk_fb_completion done;
    struct pollfd p = {.fd = lk_fieldbus_fd(s->fb), .events = POLLIN};
    (void)poll(&p, 1, 5);
    while (lk_fieldbus_reap(s->fb, &done)) {
        if (s->banks[lk_lockbank_tag_bank(done.tag)]) {
            lk_lockbank_completion(s->banks[lk_lockbank_tag_bank(done.tag)], &done, sim_now_ms());
        }
    }
    for (unsigned b = 0; b < BANKS; b++) {
        if (s->banks[b]) {
            lk_lockbank_tick(s->banks[b], sim_now_ms());
        }
    }
}

static bool is(const struct site *s, unsigned b, enum lk_lockbank_board board)
{
    enum lk_lockbank_reason reason;
    return lk_lockbank_board_state(s->banks[b], &reason) == board;
}

static void wait_for(struct site *s, unsigned b, enum lk_lockbank_board board)
{
    for (int64_t end_at_ms = sim_now_ms() + 20000; !is(s, b, board); turn(s)) {
        if (sim_now_ms() > end_at_ms) {
            enum lk_lockbank_reason reason;
            (void)lk_lockbank_board_state(s->banks[b], &reason);
            fail_msg("%s: %s, wanted %s", profiles[b], lk_lockbank_reason_name(reason), lk_lockbank_board_name(board));
        }
    }
}

static void wait_done(struct site *s, unsigned b, unsigned pulses)
{
    for (int64_t end_at_ms = sim_now_ms() + 20000; s->done[b] < pulses; turn(s)) {
        assert_true(sim_now_ms() < end_at_ms);
    }
}

static int set_up(void **state)
{
    (void)state;
    sim_begin(&sim, 19200, cabinet);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sim_end(&sim);
    return 0;
}

/* Lengths of the pulses the simulator saw, newest last; returns how many. */
static size_t pulse_lengths(int64_t *ret_ms, size_t room)
{
    json_t *j = sim_tell(&sim, "{\"cmd\":\"log\",\"since\":1,\"events\":[\"pulse-end\"]}"), *one;
    size_t i, n = 0;
    json_array_foreach(json_object_get(j, "log"), i, one)
    {
        if (n < room) {
            ret_ms[n++] = json_integer_value(json_object_get(one, "length_ns")) / 1000000;
        }
    }
    json_decref(j);
    return n;
}

static void each_maker_opens_its_own_door(void **state)
{
    struct site s;
    int64_t ms[BANKS + 1];
    (void)state;
    site_begin(&s, 0, BANKS);
    for (unsigned b = 0; b < BANKS; b++) {
        wait_for(&s, b, LK_LOCKBANK_READY);
    }
    for (unsigned b = 0; b < BANKS; b++) {
        assert_int_equal(lk_lockbank_pulse(s.banks[b], 0, 1, sim_now_ms()), 0);
        wait_done(&s, b, 1);
    }
    for (int64_t end_at_ms = sim_now_ms() + 3000; sim_now_ms() < end_at_ms; turn(&s)) {
    }
    assert_int_equal(pulse_lengths(ms, BANKS + 1), BANKS);
    for (unsigned b = 0; b < BANKS; b++) {
        print_message("%s: %d ms\n", profiles[b], (int)ms[b]);
        assert_int_equal(sim_door_value(&sim, first_doors[b], "openings"), 1);
        assert_int_equal(s.opened[b], 1);
        assert_true(is(&s, b, LK_LOCKBANK_READY));
    }
    assert_int_equal(sim_line_value(&sim, "gap_violations"), 0);
    site_end(&s);
}

static void law_9_the_worker_ends_a_pulse_though_the_loop_hangs(void **state)
{
    struct site s;
    int64_t ms = 0;
    (void)state;
    site_begin(&s, PLAIN, PLAIN + 1);
    wait_for(&s, PLAIN, LK_LOCKBANK_READY);
    assert_int_equal(lk_lockbank_pulse(s.banks[PLAIN], 0, 1, sim_now_ms()), 0);
    for (int64_t end_at_ms = sim_now_ms() + 10000; pulse_lengths(&ms, 1) == 0; (void)poll(NULL, 0, 20)) {
        assert_true(sim_now_ms() < end_at_ms); /* nobody reaps, nobody ticks */
    }
    print_message("the coil was on for %d ms\n", (int)ms);
    assert_in_range(ms, 450, 800);
    assert_int_equal(sim_door_value(&sim, "P01", "relay"), 0);
    assert_int_equal(s.done[PLAIN], 0);
    wait_done(&s, PLAIN, 1);
    assert_true(is(&s, PLAIN, LK_LOCKBANK_READY));
    site_end(&s);
}

/* A process of ours that pulses a door and is killed while its coil is on. */
static void killed_during_a_pulse(unsigned b)
{
    int ready[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct site s;
        site_begin(&s, b, b + 1);
        wait_for(&s, b, LK_LOCKBANK_READY);
        (void)lk_lockbank_pulse(s.banks[b], 0, 1, sim_now_ms());
        wait_done(&s, b, 1);
        (void)!write(ready[1], "", 1);
        for (;;) {
            turn(&s);
        }
    }
    close(ready[1]);
    ssize_t n = read(ready[0], &byte, 1);
    kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
    close(ready[0]);
    assert_int_equal(n, 1);
}

static void law_9_a_board_with_a_watchdog_lets_go_when_we_are_killed(void **state)
{
    (void)state;
    killed_during_a_pulse(WIREN);
    assert_int_equal(sim_door_value(&sim, "W01", "relay"), 1);
    for (int64_t end_at_ms = sim_now_ms() + 10000; sim_door_value(&sim, "W01", "relay"); (void)poll(NULL, 0, 20)) {
        assert_true(sim_now_ms() < end_at_ms);
    }
    int64_t ms = 0;
    assert_int_equal(pulse_lengths(&ms, 1), 1);
    print_message("the watchdog ended it after %d ms\n", (int)ms);
    assert_true(ms <= 2600);
}

static void a_board_without_one_holds_on_until_we_are_back(void **state)
{
    struct site s;
    (void)state;
    killed_during_a_pulse(PLAIN);
    (void)poll(NULL, 0, 1500);
    assert_int_equal(sim_door_value(&sim, "P01", "relay"), 1); /* the risk that accept_software_pulse accepts */
    site_begin(&s, PLAIN, PLAIN + 1);
    wait_for(&s, PLAIN, LK_LOCKBANK_READY);
    assert_int_equal(sim_door_value(&sim, "P01", "relay"), 0);
    site_end(&s);
}

static void ryn4_ignores_off_and_ends_proved_off(void **state)
{
    struct site s;
    (void)state;
    sim_order(&sim, "{\"cmd\":\"fault\",\"board\":\"R\",\"fault\":\"ignores-off\"}");
    site_begin(&s, R4D, R4D + 1);
    wait_for(&s, R4D, LK_LOCKBANK_READY);
    assert_int_equal(lk_lockbank_pulse(s.banks[R4D], 0, 1, sim_now_ms()), 0);
    wait_done(&s, R4D, 1);
    lk_lockbank_stop(s.banks[R4D], sim_now_ms());
    for (int64_t end_at_ms = sim_now_ms() + 10000; !lk_lockbank_stopped(s.banks[R4D]); turn(&s)) {
        assert_true(sim_now_ms() < end_at_ms);
    }
    assert_true(lk_lockbank_proved_off(s.banks[R4D]));
    assert_int_equal(sim_door_value(&sim, "R01", "relay"), 0);
    site_end(&s);
}

static void jy_dam_a_pulse_that_stays_stops_the_bank(void **state)
{
    struct site s;
    (void)state;
    sim_order(&sim, "{\"cmd\":\"fault\",\"board\":\"J\",\"fault\":\"pulse-stays\"}");
    site_begin(&s, JUYING, JUYING + 1);
    wait_for(&s, JUYING, LK_LOCKBANK_READY);
    assert_int_equal(lk_lockbank_pulse(s.banks[JUYING], 0, 1, sim_now_ms()), 0);
    wait_for(&s, JUYING, LK_LOCKBANK_STOPPED);
    for (int64_t end_at_ms = sim_now_ms() + 10000; sim_door_value(&sim, "J01", "relay"); turn(&s)) {
        assert_true(sim_now_ms() < end_at_ms);
    }
    site_end(&s);
}

static void law_3_two_boards_with_one_address_open_nothing(void **state)
{
    struct site s;
    enum lk_lockbank_reason reason;
    (void)state;
    sim_order(&sim, "{\"cmd\":\"fault\",\"board\":\"J\",\"fault\":\"same-address\",\"value\":1}");
    site_begin(&s, PLAIN, PLAIN + 1);
    for (int64_t end_at_ms = sim_now_ms() + 6000; sim_now_ms() < end_at_ms; turn(&s)) {
        assert_false(is(&s, PLAIN, LK_LOCKBANK_READY));
    }
    (void)lk_lockbank_board_state(s.banks[PLAIN], &reason);
    print_message("said: %s\n", lk_lockbank_reason_name(reason));
    assert_true(reason == LK_LOCKBANK_REASON_DUPLICATE || reason == LK_LOCKBANK_REASON_GARBLED);
    assert_int_equal(lk_lockbank_pulse(s.banks[PLAIN], 0, 1, sim_now_ms()), -EHOSTDOWN);
    site_end(&s);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(each_maker_opens_its_own_door),
        T(law_9_the_worker_ends_a_pulse_though_the_loop_hangs),
        T(law_9_a_board_with_a_watchdog_lets_go_when_we_are_killed),
        T(a_board_without_one_holds_on_until_we_are_back),
        T(ryn4_ignores_off_and_ends_proved_off),
        T(jy_dam_a_pulse_that_stays_stops_the_bank),
        T(law_3_two_boards_with_one_address_open_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
