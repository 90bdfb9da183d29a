/*
 * The real line and the lock banks before cabinet-sim, a strict cabinet in another process: it throws away what starts
 * inside the silent gap, and knows what its locks really did.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <poll.h>

#include "drivers/lockbank.h"
#include "hal/fieldbus_driver.h"
#include "hal/fieldbus_linux.h"
#include "sim_process.h"

enum { BOARDS = 4, SCAN_MS = 1000 };

struct cabinet {
    struct sim_process sim;
    struct lk_fieldbus *fb;
    struct lk_supply *supply;
    struct lk_lockbank *banks[2];
    unsigned pulses_done, opened[2];
};

static void begin(struct cabinet *c, unsigned baud)
{
    static const char *const boards[BOARDS + 1] = {"A,line=a,unit=1,channels=32", "B,line=a,unit=2,channels=32",
                                                   "C,line=a,unit=3,channels=32", "D,line=a,unit=4,channels=32"};
    *c = (struct cabinet){0};
    sim_begin(&c->sim, baud, boards);
    struct lk_fieldbus_config config = {.name = "a", .transport = LK_FB_RTU, .baud = baud, .timeout_ms = 200};
    strcpy(config.device, c->sim.tty);
    assert_int_equal(lk_fieldbus_linux_create(&config, &c->fb), 0);
    assert_int_equal(lk_fieldbus_start(c->fb), 0);
    assert_int_equal(lk_supply_create(NULL, &c->supply), 0);
}

static void end(struct cabinet *c)
{
    for (int b = 0; b < 2; b++) {
        c->banks[b] = lk_lockbank_destroy(c->banks[b]);
    }
    c->supply = lk_supply_destroy(c->supply);
    c->fb = lk_fieldbus_destroy(c->fb);
    sim_end(&c->sim);
}

static void drain(struct cabinet *c, int64_t ms)
{
    struct lk_fb_completion done;
    for (int64_t end_at_ms = sim_now_ms() + ms; sim_now_ms() < end_at_ms;) {
        struct pollfd p = {.fd = lk_fieldbus_fd(c->fb), .events = POLLIN};
        (void)poll(&p, 1, 5);
        while (lk_fieldbus_reap(c->fb, &done)) {
            if (c->banks[lk_lockbank_tag_bank(done.tag) & 1]) {
                lk_lockbank_completion(c->banks[lk_lockbank_tag_bank(done.tag)], &done, sim_now_ms());
            }
        }
        for (int b = 0; b < 2; b++) {
            if (c->banks[b]) {
                lk_lockbank_tick(c->banks[b], sim_now_ms());
            }
        }
    }
}

/* Prints the time of one read over the lawful time (request, the board's gap, reply, our gap); tests/bench judges it.
 */
static void scan(unsigned baud)
{
    struct cabinet c;
    begin(&c, baud);
    for (uint8_t u = 1; u <= BOARDS; u++) {
        struct lk_fb_poll poll = {.tag = u, .unit = u, .pdu_len = 5, .pdu = {2, 0, 0, 0, 32}, .read_bytes = 4};
        assert_int_equal(lk_fieldbus_poll_set(c.fb, &poll), 0);
    }
    drain(&c, 150);
    int64_t before = sim_line_value(&c.sim, "replies"), begin_ms = sim_now_ms();
    drain(&c, SCAN_MS);
    int64_t reads = sim_line_value(&c.sim, "replies") - before, took_ms = sim_now_ms() - begin_ms;
    double gap_ms = baud > 19200 ? 1.75 : 35e3 / baud, lawful_ms = 17 * 10e3 / baud + 2 * gap_ms;
    double factor = (double)took_ms / (double)reads / lawful_ms;
    int64_t violations = sim_line_value(&c.sim, "gap_violations"), unanswered = sim_line_value(&c.sim, "unanswered");
    print_message("%6u baud: %.2f ms a read of 32 inputs, lawful %.2f (x %.3f), %d gap violations, %d dropped\n", baud,
                  (double)took_ms / (double)reads, lawful_ms, factor, (int)violations,
                  (int)sim_line_value(&c.sim, "dropped"));
    assert_int_equal(violations, 0);
    assert_int_equal(unanswered, 0);
    end(&c);
}

static void a_strict_line_answers_everything(void **state)
{
    (void)state;
    scan(9600);
    scan(19200);
    scan(115200);
}

static void on_sense(void *user, unsigned door, enum lk_lockbank_sense sense, int64_t at_ms)
{
    struct cabinet *c = user;
    (void)at_ms;
    if (sense == LK_LOCKBANK_SENSE_OPEN && door < 2) {
        c->opened[door]++;
    }
}

static void on_pulse(void *user, unsigned door, uint64_t intent, enum lk_lockbank_pulse_result result)
{
    struct cabinet *c = user;
    (void)door;
    (void)intent;
    c->pulses_done += result == LK_LOCKBANK_PULSE_DONE;
}

static void on_board(void *user, enum lk_lockbank_board board, enum lk_lockbank_reason reason)
{
    (void)user;
    (void)board;
    (void)reason;
}

static bool reach(struct cabinet *c, unsigned b, enum lk_lockbank_board board, enum lk_lockbank_reason reason)
{
    enum lk_lockbank_reason is = LK_LOCKBANK_REASON_NONE;
    for (int64_t end_at_ms = sim_now_ms() + 6000; sim_now_ms() < end_at_ms; drain(c, 20)) {
        if (lk_lockbank_board_state(c->banks[b], &is) == board && is == reason) {
            return true;
        }
    }
    return false;
}

static void begin_banks(struct cabinet *c)
{
    static const struct lk_lockbank_sink sink = {on_sense, on_pulse, on_board};
    begin(c, 19200);
    for (unsigned b = 0; b < 2; b++) {
        struct lk_lockbank_config config = {.tag_base = b,
                                            .unit = (uint8_t)(b + 1),
                                            .profile = lk_board_profile_find("waveshare-relay-32"),
                                            .doors = 32,
                                            .sensor_closed_level = UINT32_MAX,
                                            .timeout_ms = 200};
        assert_int_equal(lk_lockbank_create(&config, c->fb, c->supply, &sink, c, &c->banks[b]), 0);
        assert_int_equal(lk_lockbank_start(c->banks[b], sim_now_ms()), 0);
    }
    assert_true(reach(c, 0, LK_LOCKBANK_READY, LK_LOCKBANK_REASON_NONE));
    assert_true(reach(c, 1, LK_LOCKBANK_READY, LK_LOCKBANK_REASON_NONE));
}

static void a_pulse_opens_its_door_once(void **state)
{
    struct cabinet c;
    (void)state;
    begin_banks(&c);
    assert_int_equal(lk_lockbank_pulse(c.banks[0], 0, 1, sim_now_ms()), 0);
    assert_int_equal(lk_lockbank_pulse(c.banks[0], 1, 2, sim_now_ms()), 0);
    drain(&c, 1600);
    assert_int_equal(c.pulses_done, 2);
    for (size_t d = 0; d < 2; d++) {
        assert_int_equal(c.opened[d], 1);
        assert_int_equal(sim_door_value(&c.sim, d == 0 ? "A01" : "A02", "commands"), 1);
        assert_int_equal(sim_door_value(&c.sim, d == 0 ? "A01" : "A02", "openings"), 1);
    }
    assert_int_equal(sim_line_value(&c.sim, "gap_violations"), 0);
    lk_lockbank_stop(c.banks[0], sim_now_ms());
    drain(&c, 300);
    assert_true(lk_lockbank_stopped(c.banks[0]) && lk_lockbank_proved_off(c.banks[0]));
    end(&c);
}

static void a_welded_relay_stops_one_bank_only(void **state)
{
    struct cabinet c;
    (void)state;
    begin_banks(&c);
    sim_order(&c.sim, "{\"cmd\":\"fault\",\"door\":\"A01\",\"fault\":\"relay-welded\"}");
    assert_int_equal(lk_lockbank_pulse(c.banks[0], 0, 1, sim_now_ms()), 0);
    assert_true(reach(&c, 0, LK_LOCKBANK_STOPPED, LK_LOCKBANK_REASON_COIL_STUCK));
    assert_true(reach(&c, 1, LK_LOCKBANK_READY, LK_LOCKBANK_REASON_NONE));
    end(&c);
}

static void an_unplugged_adapter_comes_back(void **state)
{
    struct cabinet c;
    (void)state;
    begin_banks(&c);
    sim_order(&c.sim, "{\"cmd\":\"line\",\"line\":\"a\",\"action\":\"unplug\"}");
    assert_true(reach(&c, 0, LK_LOCKBANK_LOST, LK_LOCKBANK_REASON_LINE));
    sim_order(&c.sim, "{\"cmd\":\"line\",\"line\":\"a\",\"action\":\"plug\"}");
    assert_true(reach(&c, 0, LK_LOCKBANK_READY, LK_LOCKBANK_REASON_NONE));
    assert_true(reach(&c, 1, LK_LOCKBANK_READY, LK_LOCKBANK_REASON_NONE));
    end(&c);
}

static void a_dead_board_leaves_the_others_alone(void **state)
{
    struct cabinet c;
    (void)state;
    begin_banks(&c);
    sim_order(&c.sim, "{\"cmd\":\"fault\",\"board\":\"A\",\"fault\":\"dead\"}");
    assert_true(reach(&c, 0, LK_LOCKBANK_LOST, LK_LOCKBANK_REASON_SILENT));
    assert_int_equal(lk_lockbank_pulse(c.banks[1], 1, 1, sim_now_ms()), 0);
    drain(&c, 800);
    assert_int_equal(c.opened[1], 1);
    sim_order(&c.sim, "{\"cmd\":\"clear\",\"all\":true}");
    assert_true(reach(&c, 0, LK_LOCKBANK_READY, LK_LOCKBANK_REASON_NONE));
    end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_strict_line_answers_everything),     cmocka_unit_test(a_pulse_opens_its_door_once),
        cmocka_unit_test(a_welded_relay_stops_one_bank_only),   cmocka_unit_test(an_unplugged_adapter_comes_back),
        cmocka_unit_test(a_dead_board_leaves_the_others_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
