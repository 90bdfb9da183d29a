/* A bank on GPIO lines in the wired daemon: beside banks on boards, in virtual time. What the bank itself does is
 * tests/unit/gpio's; here is that the cabinet watches it, tells the core, and that nothing else suffers. */
#include "app.h"
#include "base/log.h"
#include "hal/fieldbus_sim.h"
#include "hal/gpio_sim.h"
#include "hal/serial_sim.h"
#include "hal/watchdog_sim.h"
#include "unit/app/rig.h"

#include <event2/event.h>
#include <string.h>
#include <sysexits.h>

enum { LINES = 2, G01 = 8, G02 = 9, LOCK_1 = 2, LOCK_2 = 3, SWITCH_1 = 10, SWITCH_2 = 11 };

#define GPIO_BANK                                                                                                      \
    "[bank G]\nprofile = gpio\ngpio_chip = label:toy\nlocks = L02 #3\nsensors = L10 L11\nlock_active = high\n"         \
    "sensor_closed = high low:2\ndebounce_ms = 10\npulse_ms = 200\n"

static struct {
    struct rig rig;
    struct lk_app app;
    struct lk_watchdog *watchdog;
    struct lk_fieldbus *line[LINES];
    unsigned lines;
    struct lk_gpio_sim_chip *chip;
    unsigned energised[16]; /* times a lock's line went high */
    char why[512];
} t;

static void on_wire(void *user, unsigned offset, bool high, int64_t at_ns)
{
    (void)user;
    (void)at_ns;
    t.energised[offset] += high;
}

static int make_line(const struct lk_fieldbus_config *config, struct lk_fieldbus **ret_fb)
{
    int r = lk_fieldbus_sim_create(config, lk_clock_mono_ns(t.rig.clock), ret_fb);
    if (r == 0) {
        lk_fieldbus_sim_board(*ret_fb, (uint8_t)(t.lines + 1), 8)->inputs = 0xFF;
        t.line[t.lines++] = *ret_fb;
    }
    return r;
}

static int make_gpio(const struct lk_gpio_config *config, struct lk_gpio **ret_gpio)
{
    return lk_gpio_sim_create(t.chip, config, ret_gpio);
}

static int make_site(void **state)
{
    (void)state;
    memset(&t, 0, sizeof(t));
    rig_make(&t.rig, GPIO_BANK);
    assert_int_equal(lk_watchdog_sim_create(0, &t.watchdog), 0);
    assert_int_equal(lk_gpio_sim_chip_create("toy", "L", 16, lk_clock_mono_ns(t.rig.clock), &t.chip), 0);
    lk_gpio_sim_pull(t.chip, SWITCH_1, true); /* shut reads high there, low here */
    lk_gpio_sim_watch(t.chip, on_wire, NULL);
    return 0;
}

static int end_site(void **state)
{
    (void)state;
    lk_app_end(&t.app);
    t.chip = lk_gpio_sim_chip_destroy(t.chip);
    t.watchdog = lk_watchdog_destroy(t.watchdog);
    rig_end(&t.rig);
    return 0;
}

static int start(bool with_gpio)
{
    struct lk_backends backends = {
        .fieldbus = make_line, .gpio = with_gpio ? make_gpio : NULL, .clock = t.rig.clock, .watchdog = t.watchdog};
    struct lk_text why = lk_text_init(t.why, sizeof(t.why));
    return lk_app_start(&t.app, t.rig.config, &backends, &why);
}

static void run_ms(int64_t ms)
{
    for (int64_t i = 0; i < ms; i += 5) {
        rig_pass_ms(&t.rig, 5);
        int64_t now_ns = lk_clock_mono_ns(t.rig.clock);
        for (unsigned l = 0; l < t.lines; l++) {
            lk_fieldbus_sim_advance(t.line[l], now_ns);
        }
        lk_gpio_sim_advance(t.chip, now_ns);
        for (int turn = 0; turn < 3; turn++) {
            (void)event_base_loop(t.app.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
        }
    }
}

static enum lk_door_state door(int i)
{
    return lk_engine_core(t.app.engine)->door[i].state;
}

static enum lk_bank_state bank(int i)
{
    return lk_engine_core(t.app.engine)->bank[i].state;
}

static void be_ready(void)
{
    if (start(true) != EX_OK) {
        fail_msg("%s", t.why);
    }
    run_ms(3000);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(bank(i), LK_BANK_READY);
    }
    assert_int_equal(door(G01), LK_DOOR_CLOSED);
    assert_int_equal(door(G02), LK_DOOR_CLOSED);
}

static void open_door(int i)
{
    struct lk_input in = lk_engine_input(LK_IN_ADMIN);
    in.admin = LK_ADMIN_OPEN;
    in.door = i;
    in.staff = (struct lk_staff){.ok = true, .role = LK_ACTOR_MAINTENANCE, .id = "m1"};
    assert_int_equal(lk_engine_submit(t.app.engine, &in), 0);
}

static void law_3_its_own_lock_and_no_other(void **state)
{
    (void)state;
    be_ready();
    open_door(G02);
    run_ms(100);
    assert_true(lk_gpio_sim_wire(t.chip, LOCK_2));
    lk_gpio_sim_pull(t.chip, SWITCH_2, true); /* its switch is the other way round */
    run_ms(1500);
    const struct lk_wear_door *worn = lk_wear_door_of(t.app.wear, G02);
    assert_int_equal(worn->lock_cycles, 1);
    assert_int_equal(worn->relay_cycles, 0); /* what is behind a line is not known */
    assert_int_equal(worn->openings, 1);
    assert_int_equal(worn->recent, 1);
    assert_in_range(worn->recent_ms[0], 80, 130); /* 100 ms after the request, debounced */
    assert_int_equal(door(G02), LK_DOOR_OPEN);
    assert_int_equal(door(G01), LK_DOOR_CLOSED);
    assert_false(lk_gpio_sim_wire(t.chip, LOCK_2));
    lk_gpio_sim_pull(t.chip, SWITCH_2, false);
    run_ms(1500);
    assert_int_equal(door(G02), LK_DOOR_CLOSED);
    assert_int_equal(t.energised[LOCK_2], 1);
    assert_int_equal(t.energised[LOCK_1], 0);
    assert_int_equal(lk_cabinet_pulses(t.app.cabinet, G02), 1);
}

/* The chip goes, its doors are unknown, the boards go on; it comes back with another descriptor, which is watched. */
static void law_10_a_chip_that_vanishes_stops_only_its_doors(void **state)
{
    (void)state;
    be_ready();
    lk_gpio_sim_plug(t.chip, false);
    run_ms(3000);
    assert_int_equal(bank(2), LK_BANK_LOST);
    assert_int_equal(door(G01), LK_DOOR_LOST);
    assert_int_equal(bank(0), LK_BANK_READY);
    assert_int_equal(door(0), LK_DOOR_CLOSED);
    assert_true(lk_cabinet_complaint(t.app.cabinet, 2)[0] != '\0');
    lk_gpio_sim_plug(t.chip, true);
    run_ms(4000);
    assert_int_equal(bank(2), LK_BANK_READY);
    assert_int_equal(door(G01), LK_DOOR_CLOSED);
    lk_gpio_sim_pull(t.chip, SWITCH_1, false); /* forced: the edge of the new request is heard */
    run_ms(1500); /* the loop's timer waits in real time; the lines' reports tick once a second */
    assert_int_equal(door(G01), LK_DOOR_FORCED);
}

/* The watchdog is fed for lines; a bank that has none must not count for the first of them. */
static void law_10_the_watchdog_is_fed(void **state)
{
    (void)state;
    be_ready();
    lk_gpio_sim_plug(t.chip, false);
    run_ms(14000);
    assert_true(lk_cabinet_answers(t.app.cabinet, lk_engine_now_ms(t.app.engine)));
}

static void law_9_off_at_the_end(void **state)
{
    (void)state;
    be_ready();
    open_door(G01);
    run_ms(100);
    assert_true(lk_gpio_sim_wire(t.chip, LOCK_1));
    lk_cabinet_stop(t.app.cabinet);
    run_ms(500);
    assert_true(lk_cabinet_stopped(t.app.cabinet));
    assert_false(lk_gpio_sim_wire(t.chip, LOCK_1));
}

static void without_gpio_it_is_named(void **state)
{
    (void)state;
    assert_int_equal(start(false), EX_OSERR);
    assert_non_null(strstr(t.why, "bank G cannot be set up"));
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, make_site, end_site)
    const struct CMUnitTest tests[] = {
        CASE(law_3_its_own_lock_and_no_other), CASE(law_10_a_chip_that_vanishes_stops_only_its_doors),
        CASE(law_10_the_watchdog_is_fed),      CASE(law_9_off_at_the_end),
        CASE(without_gpio_it_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
