/* The panel in virtual time: patterns and duty on a chip in memory, and coils of a board beside a busy line. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/panel.h"
#include "hal/fieldbus_sim.h"
#include "hal/gpio_sim.h"

enum {
    GREEN = 1 << LK_PANEL_LAMP_READY,
    RED = 1 << LK_PANEL_LAMP_ATTENTION,
    OUT = 1 << LK_PANEL_LAMP_OUT_OF_ORDER,
    NOISE = 1 << LK_PANEL_BUZZER,
    UNIT = 9,
};
#define MS INT64_C(1000000)

static struct lk_panel *panel;
static char told[512];

static void on_state(void *user, int error, int64_t now_ms)
{
    size_t len = strlen(told);
    (void)user;
    (void)now_ms;
    snprintf(told + len, sizeof(told) - len, "%s;", error == 0 ? "there" : strerrorname_np(-error));
}

static const struct lk_panel_sink sink = {.state = on_state};

static void assert_told(const char *should)
{
    assert_string_equal(told, should);
    told[0] = '\0';
}

/* --- on lines of a chip --- */

static struct lk_gpio_sim_chip *chip;

static int setup_gpio(void **state)
{
    static const int line[LK_PANEL_OUTPUTS] = {0, 1, 2, 3};
    struct lk_gpio_config config = {.chip = "label:panel", .consumer = "lockerd", .lines_n = 4};
    struct lk_gpio *gpio = NULL;
    (void)state;
    told[0] = '\0';
    for (unsigned i = 0; i < 4; i++) {
        snprintf(config.lines[i].name, sizeof(config.lines[i].name), "#%u", i);
        config.lines[i].direction = LK_GPIO_OUT;
    }
    if (lk_gpio_sim_chip_create("panel", "P", 8, 0, &chip) != 0 || lk_gpio_sim_create(chip, &config, &gpio) != 0) {
        return -1;
    }
    return lk_panel_create_gpio(gpio, line, &sink, NULL, &panel);
}

static int teardown_gpio(void **state)
{
    (void)state;
    panel = lk_panel_destroy(panel);
    chip = lk_gpio_sim_chip_destroy(chip);
    return 0;
}

static uint32_t wires(void)
{
    uint32_t on = 0;
    for (unsigned i = 0; i < LK_PANEL_OUTPUTS; i++) {
        on |= lk_gpio_sim_wire(chip, i) ? 1U << i : 0;
    }
    return on;
}

/* The loop's timer: every instant the panel asks for, up to to_ms. Returns how long the buzzer was on. */
static int64_t run_to(int64_t *now_ms, int64_t to_ms)
{
    int64_t noise_ms = 0;
    while (*now_ms < to_ms) {
        int64_t next_ms = lk_panel_next_at_ms(panel);
        next_ms = next_ms > *now_ms ? next_ms : *now_ms + 1;
        next_ms = next_ms < to_ms ? next_ms : to_ms;
        noise_ms += (lk_panel_shown(panel) & NOISE) != 0 ? next_ms - *now_ms : 0;
        *now_ms = next_ms;
        lk_panel_tick(panel, *now_ms);
    }
    return noise_ms;
}

static void lamps_say_how_the_cabinet_is(void **state)
{
    int64_t now_ms = 0;
    (void)state;
    assert_int_equal(wires(), 0);
    lk_panel_tick(panel, 0);
    assert_told("there;");
    assert_int_equal(wires(), GREEN);
    lk_panel_mood(panel, LK_PANEL_OUT_OF_ORDER, 10);
    assert_int_equal(wires(), OUT);
    lk_panel_mood(panel, LK_PANEL_ATTENTION, 20);
    assert_int_equal(wires(), GREEN | RED);
    now_ms = 20;
    (void)run_to(&now_ms, 1019);
    assert_int_equal(wires(), GREEN | RED);
    (void)run_to(&now_ms, 1020);
    assert_int_equal(wires(), GREEN);
    (void)run_to(&now_ms, 2020);
    assert_int_equal(wires(), GREEN | RED);
    lk_panel_mood(panel, LK_PANEL_READY, 2030);
    assert_int_equal(wires(), GREEN);
}

/* All there is, for as long as it says, and then as before; a sound that is asked for meanwhile does not shorten it. */
static void a_lamp_test_shows_everything_and_ends_by_itself(void **state)
{
    int64_t now_ms = 1000;
    (void)state;
    lk_panel_tick(panel, now_ms);
    lk_panel_mood(panel, LK_PANEL_ATTENTION, now_ms);
    lk_panel_test(panel, now_ms);
    assert_int_equal(wires(), GREEN | RED | OUT | NOISE);
    int64_t noise_ms = run_to(&now_ms, 2000);
    assert_int_equal(noise_ms, 400);
    assert_int_equal(wires(), GREEN | RED | OUT);
    lk_panel_sound(panel, LK_PANEL_REFUSED, now_ms);
    (void)run_to(&now_ms, 1000 + LK_PANEL_TEST_MS - 1);
    assert_int_equal(wires() & ~NOISE, GREEN | RED | OUT);
    (void)run_to(&now_ms, 1000 + LK_PANEL_TEST_MS);
    assert_int_equal(wires() & OUT, 0);
    assert_int_equal(wires() & GREEN, GREEN);
    lk_panel_stop(panel, now_ms);
    lk_panel_test(panel, now_ms);
    assert_int_equal(wires(), 0);
}

static void sounds_have_their_length(void **state)
{
    static const struct {
        enum lk_panel_sound sound;
        int64_t noise_ms;
    } rows[] = {{LK_PANEL_OK, 150}, {LK_PANEL_REFUSED, 800}, {LK_PANEL_LEFT_OPEN, 7 * 600}};
    int64_t now_ms = 0;
    (void)state;
    lk_panel_tick(panel, 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        lk_panel_sound(panel, rows[i].sound, now_ms);
        assert_int_equal(run_to(&now_ms, now_ms + 120000), rows[i].noise_ms);
        assert_int_equal(wires(), GREEN);
    }
}

static void beeps_are_on_and_off_in_time(void **state)
{
    int64_t now_ms = 0;
    (void)state;
    lk_panel_tick(panel, 0);
    lk_panel_sound(panel, LK_PANEL_REFUSED, 0);
    static const struct {
        int64_t at_ms;
        uint32_t on;
    } rows[] = {{399, GREEN | NOISE}, {400, GREEN},         {599, GREEN},
                {600, GREEN | NOISE}, {999, GREEN | NOISE}, {1000, GREEN}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        (void)run_to(&now_ms, rows[i].at_ms);
        assert_int_equal(wires(), rows[i].on);
    }
}

static void a_higher_rank_is_heard_and_a_lower_one_is_not(void **state)
{
    int64_t now_ms = 0;
    (void)state;
    lk_panel_tick(panel, 0);
    lk_panel_sound(panel, LK_PANEL_ALARM, 0);
    (void)run_to(&now_ms, 600);
    lk_panel_sound(panel, LK_PANEL_OK, 600); /* in the pause of a beep */
    assert_int_equal(wires(), GREEN);
    lk_panel_hush(panel, LK_PANEL_LEFT_OPEN, 600); /* not what is played */
    (void)run_to(&now_ms, 1200);
    assert_int_equal(wires(), GREEN | NOISE);
    lk_panel_hush(panel, LK_PANEL_ALARM, 1200);
    assert_int_equal(wires(), GREEN);
    lk_panel_sound(panel, LK_PANEL_LEFT_OPEN, 1400);
    lk_panel_sound(panel, LK_PANEL_REFUSED, 1400);
    lk_panel_sound(panel, LK_PANEL_ALARM, 1450);
    now_ms = 1450;
    (void)run_to(&now_ms, 1900);
    assert_int_equal(wires(), GREEN | NOISE); /* 450 ms into a long one; a short one would be over */
}

static void an_alarm_that_is_repeated_does_not_begin_anew(void **state)
{
    int64_t now_ms = 0;
    (void)state;
    lk_panel_tick(panel, 0);
    for (int i = 0; i < 100; i++) {
        lk_panel_sound(panel, LK_PANEL_ALARM, now_ms);
        (void)run_to(&now_ms, now_ms + 100);
    }
    assert_int_equal(now_ms, 10000);
    lk_panel_hush(panel, LK_PANEL_ALARM, now_ms);
    assert_int_equal(wires(), GREEN);
}

static void noise_is_bounded_whatever_happens(void **state)
{
    int64_t now_ms = 0, noise_ms = 0;
    (void)state;
    lk_panel_tick(panel, 0);
    while (now_ms < 600000) { /* an alarm after the other, for ten minutes */
        lk_panel_hush(panel, LK_PANEL_ALARM, now_ms);
        lk_panel_sound(panel, LK_PANEL_ALARM, now_ms);
        noise_ms += run_to(&now_ms, now_ms + 800);
    }
    assert_in_range(noise_ms, LK_PANEL_DUTY_MS, LK_PANEL_DUTY_MS + 600000 / LK_PANEL_DUTY_SHARE);
    (void)run_to(&now_ms, now_ms + 120000);
    lk_panel_sound(panel, LK_PANEL_OK, now_ms); /* rested */
    assert_int_equal(wires(), GREEN | NOISE);
}

static void all_off_at_the_end_and_no_more(void **state)
{
    int64_t now_ms = 0;
    (void)state;
    lk_panel_tick(panel, 0);
    lk_panel_mood(panel, LK_PANEL_ATTENTION, 0);
    lk_panel_sound(panel, LK_PANEL_ALARM, 0);
    assert_int_equal(wires(), GREEN | RED | NOISE);
    assert_false(lk_panel_stopped(panel));
    lk_panel_stop(panel, 10);
    assert_true(lk_panel_stopped(panel));
    assert_int_equal(wires(), 0);
    lk_panel_sound(panel, LK_PANEL_ALARM, 20);
    lk_panel_mood(panel, LK_PANEL_OUT_OF_ORDER, 20);
    now_ms = 20;
    (void)run_to(&now_ms, 5000);
    assert_int_equal(wires(), 0);
}

static void destroyed_without_a_stop_it_is_dark_too(void **state)
{
    (void)state;
    lk_panel_tick(panel, 0);
    lk_panel_sound(panel, LK_PANEL_ALARM, 0);
    assert_int_equal(wires(), GREEN | NOISE);
    panel = lk_panel_destroy(panel);
    assert_int_equal(wires(), 0);
}

static void a_chip_that_goes_and_comes_back(void **state)
{
    int64_t now_ms = 0;
    (void)state;
    lk_panel_tick(panel, 0);
    lk_gpio_sim_plug(chip, false);
    (void)run_to(&now_ms, 5000);
    assert_told("there;ENODEV;");
    assert_int_equal(lk_panel_fd(panel), -1);
    lk_panel_mood(panel, LK_PANEL_OUT_OF_ORDER, now_ms);
    lk_gpio_sim_plug(chip, true);
    (void)run_to(&now_ms, 7000);
    assert_told("there;");
    assert_int_equal(wires(), OUT); /* it was remembered */
}

static void a_line_somebody_holds_is_told_with_his_name(void **state)
{
    int64_t now_ms = 0;
    (void)state;
    lk_gpio_sim_hold(chip, 3, "gpio-fan");
    lk_panel_tick(panel, 0);
    assert_told("EBUSY;");
    assert_non_null(strstr(lk_panel_complaint(panel), "gpio-fan"));
    lk_gpio_sim_hold(chip, 3, NULL);
    (void)run_to(&now_ms, 2000);
    assert_told("there;");
}

/* --- on coils of a board --- */

static struct lk_fieldbus *fb;
static struct lk_sim_board *board;
static unsigned heard;

static void on_request(void *user, int64_t at_ns, uint8_t unit, const uint8_t *pdu, size_t n)
{
    (void)user;
    (void)at_ns;
    (void)pdu;
    (void)n;
    heard += unit == UNIT;
}

static int setup_coils(void **state)
{
    struct lk_fieldbus_config config = {
        .name = "L", .transport = LK_FB_RTU, .device = "/dev/none", .baud = 9600, .timeout_ms = 300};
    struct lk_panel_coils coils = {
        .unit = UNIT, .profile = lk_board_profile_find("waveshare-relay-8"), .channel = {4, 5, 6, 7}};
    (void)state;
    told[0] = '\0';
    heard = 0;
    if (lk_fieldbus_sim_create(&config, 0, &fb) != 0) {
        return -1;
    }
    board = lk_fieldbus_sim_board(fb, UNIT, 8);
    lk_fieldbus_sim_set_watch(fb, on_request, NULL);
    if (!board || lk_fieldbus_start(fb) != 0) {
        return -1;
    }
    return lk_panel_create_coils(&coils, fb, &sink, NULL, &panel);
}

static int teardown_coils(void **state)
{
    (void)state;
    panel = lk_panel_destroy(panel);
    fb = lk_fieldbus_destroy(fb);
    return 0;
}

static void reap(int64_t now_ms)
{
    struct lk_fb_completion done;
    while (lk_fieldbus_reap(fb, &done)) {
        if (done.tag >> 48 == LK_PANEL_TAG) {
            lk_panel_completion(panel, &done, now_ms);
        }
    }
}

static void pass(int64_t *now_ms, int64_t to_ms)
{
    for (; *now_ms < to_ms; (*now_ms)++) {
        lk_fieldbus_sim_advance(fb, (*now_ms + 1) * MS);
        reap(*now_ms + 1);
        if (lk_panel_next_at_ms(panel) <= *now_ms + 1) {
            lk_panel_tick(panel, *now_ms + 1);
        }
    }
}

static uint32_t coils(void)
{
    return board->coils >> 4;
}

static void coils_follow(void **state)
{
    int64_t now_ms = 0;
    (void)state;
    lk_panel_tick(panel, 0);
    pass(&now_ms, 500);
    assert_told("there;");
    assert_int_equal(board->coils, GREEN << 4);
    lk_panel_mood(panel, LK_PANEL_OUT_OF_ORDER, now_ms);
    pass(&now_ms, 1000);
    assert_int_equal(coils(), OUT);
    lk_panel_sound(panel, LK_PANEL_REFUSED, now_ms);
    pass(&now_ms, 1200);
    assert_int_equal(coils(), OUT | NOISE);
    pass(&now_ms, 3000);
    assert_int_equal(coils(), OUT);
    assert_int_equal(board->pulses[7], 2);
    lk_panel_stop(panel, now_ms);
    assert_false(lk_panel_stopped(panel)); /* not proven yet */
    pass(&now_ms, 3500);
    assert_true(lk_panel_stopped(panel));
    assert_int_equal(board->coils, 0);
}

static void a_beep_ends_by_the_board_when_we_do_not_come_back(void **state)
{
    int64_t now_ms = 0;
    (void)state;
    lk_panel_tick(panel, 0);
    pass(&now_ms, 500);
    lk_panel_sound(panel, LK_PANEL_ALARM, now_ms);
    pass(&now_ms, 700);
    assert_int_equal(coils(), GREEN | NOISE);
    lk_fieldbus_sim_advance(fb, (now_ms + 1500) * MS); /* we are dead */
    assert_int_equal(coils(), GREEN);
}

static void one_request_at_a_time_behind_everything_else(void **state)
{
    struct lk_fb_request pulse = {.tag = 1,
                                  .unit = UNIT,
                                  .pdu_len = 5,
                                  .pdu = {0x05, 0x02, 0x00, 0x00, 0x05},
                                  .expect = LK_FB_ECHO,
                                  .priority = LK_FB_PULSE};
    struct lk_fb_completion done;
    int64_t now_ms = 0;
    (void)state;
    lk_panel_tick(panel, 0);
    pass(&now_ms, 500);
    lk_panel_mood(panel, LK_PANEL_ATTENTION, now_ms); /* one write on its way, no second behind it */
    lk_panel_sound(panel, LK_PANEL_ALARM, now_ms);
    assert_int_equal(lk_fieldbus_submit(fb, &pulse), 0);
    lk_fieldbus_sim_advance(fb, (now_ms + 200) * MS);
    assert_true(lk_fieldbus_reap(fb, &done));
    assert_int_equal(done.tag, 1); /* asked for last, done first */
    assert_true(lk_fieldbus_reap(fb, &done));
    assert_int_equal(done.tag >> 48, LK_PANEL_TAG);
    assert_false(lk_fieldbus_reap(fb, &done));
}

static void a_dead_board_is_told_once_and_costs_next_to_nothing(void **state)
{
    struct lk_fieldbus_sim_fault dead = {.dead = true};
    int64_t now_ms = 0;
    (void)state;
    lk_panel_tick(panel, 0);
    pass(&now_ms, 500);
    assert_told("there;");
    lk_fieldbus_sim_fault(fb, UNIT, &dead);
    lk_panel_mood(panel, LK_PANEL_ATTENTION, now_ms);
    heard = 0;
    pass(&now_ms, 60500);
    assert_true(heard <= 13);  /* once in five seconds, at the very most */
    assert_told("ETIMEDOUT;"); /* silent, in quarantine, asked again: one state */
    told[0] = '\0';
    lk_panel_stop(panel, now_ms);
    assert_true(lk_panel_stopped(panel)); /* nobody waits for a lamp */
}

static void a_board_that_comes_back_is_told_everything_anew(void **state)
{
    struct lk_fieldbus_sim_fault dead = {.dead = true}, alive = {.dead = false};
    int64_t now_ms = 0;
    (void)state;
    lk_panel_tick(panel, 0);
    pass(&now_ms, 500);
    lk_fieldbus_sim_fault(fb, UNIT, &dead);
    lk_panel_mood(panel, LK_PANEL_OUT_OF_ORDER, now_ms);
    pass(&now_ms, 20000);
    board->coils = 0xff; /* as some boards start */
    lk_fieldbus_sim_fault(fb, UNIT, &alive);
    pass(&now_ms, 60000);
    assert_int_equal(coils(), OUT);
    told[0] = '\0';
    board->coils = 0; /* switched off and on again without our notice */
    pass(&now_ms, now_ms + LK_PANEL_REFRESH_MS + 2000);
    assert_int_equal(coils(), OUT);
    assert_told("");
}

static uint8_t seen[5];

static void on_register(void *user, int64_t at_ns, uint8_t unit, const uint8_t *pdu, size_t n)
{
    (void)user;
    (void)at_ns;
    if (unit == 3 && n == sizeof(seen)) {
        memcpy(seen, pdu, n);
    }
}

static void a_board_that_is_commanded_through_registers(void **state)
{
    struct lk_panel_coils wish = {
        .unit = 3, .profile = lk_board_profile_find("eletechsup-r4d-8"), .verified = true, .channel = {0, -1, -1, 7}};
    struct lk_panel *other = NULL;
    (void)state;
    assert_non_null(wish.profile);
    lk_fieldbus_sim_set_watch(fb, on_register, NULL);
    assert_int_equal(lk_panel_create_coils(&wish, fb, &sink, NULL, &other), 0);
    lk_panel_stop(other, 0); /* the buzzer off first */
    lk_panel_tick(other, 0);
    lk_fieldbus_sim_advance(fb, 500 * MS);
    assert_memory_equal(seen, ((const uint8_t[]){0x06, 0x00, 0x08, 0x02, 0x00}), 5);
    (void)lk_panel_destroy(other);
}

static void what_cannot_be_is_refused(void **state)
{
    static const struct lk_board_profile unverified = {.name = "x", .channels = 8, .timeout_ms = 100};
    struct lk_panel_coils wish = {.unit = 1, .profile = &unverified, .channel = {0, -1, -1, -1}};
    struct lk_panel *none = NULL;
    (void)state;
    assert_int_equal(lk_panel_create_coils(&wish, fb, &sink, NULL, &none), -EPERM);
    wish.profile = lk_board_profile_find("waveshare-relay-8");
    wish.channel[0] = 8;
    assert_int_equal(lk_panel_create_coils(&wish, fb, &sink, NULL, &none), -EINVAL);
    wish.channel[0] = -1;
    assert_int_equal(lk_panel_create_coils(&wish, fb, &sink, NULL, &none), -EINVAL);
    assert_null(none);
}

#define ON_GPIO(name)  cmocka_unit_test_setup_teardown(name, setup_gpio, teardown_gpio)
#define ON_COILS(name) cmocka_unit_test_setup_teardown(name, setup_coils, teardown_coils)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_GPIO(lamps_say_how_the_cabinet_is),
        ON_GPIO(a_lamp_test_shows_everything_and_ends_by_itself),
        ON_GPIO(sounds_have_their_length),
        ON_GPIO(beeps_are_on_and_off_in_time),
        ON_GPIO(a_higher_rank_is_heard_and_a_lower_one_is_not),
        ON_GPIO(an_alarm_that_is_repeated_does_not_begin_anew),
        ON_GPIO(noise_is_bounded_whatever_happens),
        ON_GPIO(all_off_at_the_end_and_no_more),
        ON_GPIO(destroyed_without_a_stop_it_is_dark_too),
        ON_GPIO(a_chip_that_goes_and_comes_back),
        ON_GPIO(a_line_somebody_holds_is_told_with_his_name),
        ON_COILS(coils_follow),
        ON_COILS(a_beep_ends_by_the_board_when_we_do_not_come_back),
        ON_COILS(one_request_at_a_time_behind_everything_else),
        ON_COILS(a_dead_board_is_told_once_and_costs_next_to_nothing),
        ON_COILS(a_board_that_comes_back_is_told_everything_anew),
        ON_COILS(a_board_that_is_commanded_through_registers),
        ON_COILS(what_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
