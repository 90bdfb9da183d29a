/* What is beside the doors, in the whole daemon: keypad, scanner in host mode, card reader, panel. Simulated devices,
 * lines and clock; the kiosk is asked over its own HTTP. */
#include "unit/app/rig.h"

#include "app.h"
#include "drivers/panel.h"
#include "hal/fieldbus_sim.h"
#include "hal/gpio_sim.h"
#include "hal/input_sim.h"
#include "hal/serial_sim.h"
#include "hal/watchdog_sim.h"
#include "store/log.h"
#include "unit/reader/sam.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <linux/input-event-codes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

enum { LINES = 2, PANEL_UNIT = 9, GREEN = 1, RED = 2, OUT = 4, NOISE = 8 };

static struct {
    struct rig rig;
    struct lk_app app;
    struct lk_watchdog *watchdog;
    struct lk_fieldbus *line[LINES];
    struct lk_sim_board *board[LINES], *panel_board;
    unsigned lines;
    struct lk_input_device *keypad, *typing_scanner;
    struct lk_serial *scanner, *card;
    struct lk_gpio_sim_chip *chip;
    char why[512];
} t;

#define SCANNER "[scanner]\ndevice = /dev/scanner\nmode = host\n"
#define KEYPAD  "[keypad]\ndevice = /dev/keypad\n"
#define CARD    "[card]\ndevice = /dev/card\n"
#define LAMPS   "[panel]\nkind = gpio\nchip = label:lamps\nready = #0\nattention = #1\nout_of_order = #2\nbuzzer = #3\n"
#define COILS                                                                                                          \
    "[panel]\nkind = coils\nfieldbus = M\nunit = 9\nprofile = waveshare-relay-8\nready = 1\nattention = 2\n"           \
    "out_of_order = 3\nbuzzer = 4\n"

static int make_line(const struct lk_fieldbus_config *config, struct lk_fieldbus **ret_fb)
{
    unsigned i = t.lines++;
    int r = lk_fieldbus_sim_create(config, lk_clock_mono_ns(t.rig.clock), ret_fb);
    t.line[i] = *ret_fb;
    t.board[i] = lk_fieldbus_sim_board(*ret_fb, (uint8_t)(i + 1), 8);
    t.board[i]->inputs = 0xFF;
    if (i == 1) {
        t.panel_board = lk_fieldbus_sim_board(*ret_fb, PANEL_UNIT, 8);
    }
    return r;
}

static int make_serial(const char *path, unsigned baud, struct lk_serial **ret_serial)
{
    bool card = strcmp(path, "/dev/card") == 0;
    assert_int_equal(baud, card ? 115200 : 9600);
    int r = lk_serial_sim_create(ret_serial);
    *(card ? &t.card : &t.scanner) = *ret_serial;
    return r;
}

static int make_input(const char *path, struct lk_input_device **ret_device)
{
    int r = lk_input_sim_create(ret_device);
    *(strcmp(path, "/dev/keypad") == 0 ? &t.keypad : &t.typing_scanner) = *ret_device;
    return r;
}

static int make_gpio(const struct lk_gpio_config *config, struct lk_gpio **ret_gpio)
{
    assert_string_equal(config->chip, "label:lamps");
    return lk_gpio_sim_create(t.chip, config, ret_gpio);
}

static int start(void)
{
    struct lk_backends backends = {.fieldbus = make_line,
                                   .serial = make_serial,
                                   .input = make_input,
                                   .gpio = make_gpio,
                                   .clock = t.rig.clock,
                                   .watchdog = t.watchdog};
    struct lk_text why = lk_text_init(t.why, sizeof(t.why));
    t.lines = 0;
    return lk_app_start(&t.app, t.rig.config, &backends, &why);
}

static void make(const char *more)
{
    char text[1024];
    memset(&t, 0, sizeof(t));
    snprintf(text, sizeof(text), "%s[log]\ntrace = /dev/null\n", more);
    rig_make(&t.rig, text);
    (void)lk_text_copy(t.rig.config->trace_file, sizeof(t.rig.config->trace_file), rig_path(&t.rig, "trace"));
    assert_int_equal(lk_watchdog_sim_create(0, &t.watchdog), 0);
    assert_int_equal(lk_gpio_sim_chip_create("lamps", "L", 8, 0, &t.chip), 0);
}

static int end_site(void **state)
{
    (void)state;
    lk_app_end(&t.app);
    t.watchdog = lk_watchdog_destroy(t.watchdog);
    t.chip = lk_gpio_sim_chip_destroy(t.chip);
    rig_end(&t.rig);
    return 0;
}

static void run_ms(int64_t ms)
{
    for (int64_t i = 0; i < ms; i += 5) {
        rig_pass_ms(&t.rig, 5);
        for (unsigned l = 0; l < t.lines; l++) {
            lk_fieldbus_sim_advance(t.line[l], lk_clock_mono_ns(t.rig.clock));
        }
        (void)event_base_loop(t.app.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    }
}

static void start_and_be_ready(void)
{
    if (start() != EX_OK) {
        fail_msg("%s", t.why);
    }
    run_ms(2000);
    assert_int_equal(lk_engine_core(t.app.engine)->bank[0].state, LK_BANK_READY);
    assert_int_equal(lk_engine_core(t.app.engine)->bank[1].state, LK_BANK_READY);
}

static enum lk_screen screen(void)
{
    return lk_engine_core(t.app.engine)->session.screen;
}

static unsigned tries(void)
{
    return lk_engine_core(t.app.engine)->lockout.tries;
}

/* What the page would be told now. */
static const char *view(void)
{
    static char text[8192];
    char request[128];
    size_t len = 0;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(lk_face_port(t.app.face))};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    snprintf(request, sizeof(request), "GET /api/v1/view HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: close\r\n\r\n",
             lk_face_port(t.app.face));
    assert_int_equal(write(fd, request, strlen(request)), strlen(request));
    for (int i = 0; i < 2000 && !memmem(text, len, "locked_ms", 9); i++) {
        rig_loop(&t.rig, 0);
        (void)event_base_loop(t.app.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
        ssize_t n = recv(fd, text + len, sizeof(text) - 1 - len, MSG_DONTWAIT);
        len += n > 0 ? (size_t)n : 0;
        nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
    }
    close(fd);
    text[len] = '\0';
    return text;
}

static void assert_keyed(unsigned digits)
{
    char want[32];
    snprintf(want, sizeof(want), "\"keyed\":%u,", digits);
    if (!strstr(view(), want)) {
        fail_msg("%s is not in %s", want, view());
    }
}

static void key_in(const char *digits)
{
    static const uint16_t codes[] = {KEY_KP0, KEY_KP1, KEY_KP2, KEY_KP3, KEY_KP4,
                                     KEY_KP5, KEY_KP6, KEY_KP7, KEY_KP8, KEY_KP9};
    for (; *digits; digits++) {
        uint16_t code = *digits == '\n' ? KEY_KPENTER : codes[*digits - '0'];
        assert_int_equal(lk_input_sim_key(t.keypad, LK_INPUT_DOWN, code), 0);
        assert_int_equal(lk_input_sim_key(t.keypad, LK_INPUT_UP, code), 0);
    }
    run_ms(20);
}

static struct lk_readers_state state_of(const char *name)
{
    struct lk_readers_state list[LK_READERS_MOST] = {{0}};
    size_t n = lk_readers_list(&t.app, list);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(list[i].name, name) == 0) {
            return list[i];
        }
    }
    fail_msg("%s is not in the list", name);
    return list[0];
}

/* --- keypad --- */

static void a_code_of_the_keypad_goes_the_way_of_the_screens(void **state)
{
    (void)state;
    make(KEYPAD);
    start_and_be_ready();
    assert_keyed(0);
    key_in("1234");
    assert_keyed(4);
    key_in("5678");
    assert_keyed(8);
    assert_int_equal(screen(), LK_SCREEN_HOME);
    key_in("\n");
    assert_keyed(0);
    assert_int_equal(screen(), LK_SCREEN_NOTICE);
    assert_int_equal(lk_engine_core(t.app.engine)->session.reason, LK_REASON_WRONG_CODE);
    assert_int_equal(tries(), 1);
    assert_int_equal(state_of("keypad").reads, 1);
}

static void a_first_digit_leaves_a_notice(void **state)
{
    (void)state;
    make(KEYPAD);
    start_and_be_ready();
    key_in("87654321\n");
    assert_int_equal(screen(), LK_SCREEN_NOTICE);
    key_in("1");
    assert_int_equal(screen(), LK_SCREEN_HOME);
    assert_keyed(1);
    key_in("1111111\n");
    assert_int_equal(tries(), 2);
}

static void a_locked_keypad_takes_no_digits(void **state)
{
    (void)state;
    make(KEYPAD);
    start_and_be_ready();
    for (int i = 0; i < 5; i++) {
        key_in("00000000\n");
    }
    assert_true(lk_engine_core(t.app.engine)->lockout.until_at_ms > 0);
    key_in("1234");
    assert_keyed(0);
    key_in("5678\n");
    assert_int_equal(state_of("keypad").reads, 5);
}

static void somebody_elses_screen_takes_no_digits(void **state)
{
    (void)state;
    make(KEYPAD);
    start_and_be_ready();
    key_in("12");
    struct lk_input in = lk_engine_input(LK_IN_SIGN_IN);
    in.staff = (struct lk_staff){.ok = true, .role = LK_ACTOR_COURIER, .id = "c1"};
    assert_int_equal(lk_engine_submit(t.app.engine, &in), 0);
    run_ms(20);
    assert_int_equal(screen(), LK_SCREEN_STAFF_MENU);
    assert_keyed(0); /* what was typed before is gone, too */
    key_in("345678\n");
    assert_keyed(0);
    assert_int_equal(tries(), 0);
    assert_int_equal(screen(), LK_SCREEN_STAFF_MENU);
}

/* The screens are shown as the core will show them; what a digit does there is the kiosk desk's. */
static void show(enum lk_screen of, enum lk_actor role)
{
    lk_readers_show(t.app.readers, &(struct lk_view){.screen = of, .role = role});
    run_ms(20);
}

static void each_screen_takes_as_many_digits_as_it_asks_for(void **state)
{
    static const struct {
        enum lk_screen screen;
        enum lk_actor role;
        unsigned digits;
    } rows[] = {
        {LK_SCREEN_HOME, LK_ACTOR_SYSTEM, 8},       {LK_SCREEN_SECOND, LK_ACTOR_SYSTEM, 4},
        {LK_SCREEN_EXTEND, LK_ACTOR_SYSTEM, 8},     {LK_SCREEN_DROP_CASE, LK_ACTOR_SYSTEM, 24},
        {LK_SCREEN_HAND_OVER, LK_ACTOR_CLERK, 8},   {LK_SCREEN_WAYBILL, LK_ACTOR_COURIER, 0},
        {LK_SCREEN_DROP_SIZE, LK_ACTOR_SYSTEM, 0},  {LK_SCREEN_REFUSE_ASK, LK_ACTOR_SYSTEM, 0},
        {LK_SCREEN_WINDOW_ITEM, LK_ACTOR_CLERK, 0}, {LK_SCREEN_HOME, LK_ACTOR_CLERK, 0},
    };
    (void)state;
    make(KEYPAD);
    start_and_be_ready();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        show(rows[i].screen, rows[i].role);
        key_in("123412341234123412341234");
        assert_keyed(rows[i].digits);
        assert_int_equal(tries(), 0);
    }
    show(LK_SCREEN_SECOND, LK_ACTOR_SYSTEM);
    key_in("12");
    show(LK_SCREEN_EXTEND, LK_ACTOR_SYSTEM);
    assert_keyed(0); /* what was typed for the one screen is nothing for the other */
}

static void a_half_typed_code_is_forgotten(void **state)
{
    (void)state;
    make(KEYPAD);
    start_and_be_ready();
    key_in("1234567");
    run_ms(31000);
    key_in("8");
    assert_keyed(1);
}

static bool file_holds(const char *name, const char *text)
{
    static char bytes[1 << 20];
    FILE *f = fopen(rig_path(&t.rig, name), "re");
    assert_non_null(f);
    size_t n = fread(bytes, 1, sizeof(bytes), f);
    assert_int_equal(fclose(f), 0);
    assert_true(n > 0);
    return memmem(bytes, n, text, strlen(text)) != NULL;
}

static void law_12_digits_are_in_no_trace_and_no_database(void **state)
{
    (void)state;
    make(KEYPAD);
    start_and_be_ready();
    key_in("73914682\n");
    assert_int_equal(tries(), 1);
    lk_app_end(&t.app);
    assert_false(file_holds("trace", "73914682"));
    assert_false(file_holds("lockerd.db", "73914682"));
    memset(&t.app, 0, sizeof(t.app));
}

/* --- scanner --- */

static void assert_sent(const char *bytes, size_t n)
{
    char got[64];
    assert_int_equal(lk_serial_sim_take(t.scanner, got, sizeof(got)), n);
    assert_memory_equal(got, bytes, n);
}
#define START "\x04\xe4\x04\x00\xff\x14"
#define STOP  "\x04\xe5\x04\x00\xff\x13"

static void a_scanner_in_host_mode_reads_while_a_code_is_waited_for(void **state)
{
    (void)state;
    make(SCANNER);
    start_and_be_ready();
    assert_sent(START, 6);
    struct lk_input in = lk_engine_input(LK_IN_SIGN_IN);
    in.staff = (struct lk_staff){.ok = true, .role = LK_ACTOR_COURIER, .id = "c1"};
    assert_int_equal(lk_engine_submit(t.app.engine, &in), 0);
    run_ms(20);
    assert_sent(STOP, 6); /* the staff menu waits for a finger */
    in = lk_engine_input(LK_IN_BUTTON);
    in.button = LK_BUTTON_DEPOSIT;
    assert_int_equal(lk_engine_submit(t.app.engine, &in), 0);
    run_ms(20);
    assert_sent(START, 6);
    assert_int_equal(lk_serial_sim_arrive(t.scanner, "\x04\xd0\x00\x00\xff\x2cNEW-1\r\n", 13), 0);
    run_ms(20);
    assert_int_equal(screen(), LK_SCREEN_SIZE); /* the scan changed the screen from inside the scanner's own call */
    assert_sent(STOP, 6);
}

static void one_reader_gone_is_one_reader_gone(void **state)
{
    (void)state;
    make(SCANNER KEYPAD CARD);
    start_and_be_ready();
    lk_serial_sim_unplug(t.scanner, -ENOENT);
    lk_serial_sim_unplug(t.card, -EBUSY);
    run_ms(100);
    assert_int_equal(state_of("scanner").error, -ENODEV);
    assert_string_equal(state_of("scanner").detail, "not plugged in");
    assert_int_equal(state_of("keypad").error, 0);
    assert_int_not_equal(state_of("card").error, 0);
    key_in("11112222\n");
    assert_int_equal(tries(), 1);
}

static void a_typing_scanner_is_grabbed_and_read(void **state)
{
    (void)state;
    make("[scanner]\nkind = keyboard\ndevice = /dev/typing\n");
    start_and_be_ready();
    static const uint16_t keys[] = {KEY_X, KEY_9, KEY_ENTER};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(lk_input_sim_key(t.typing_scanner, LK_INPUT_DOWN, keys[i]), 0);
        assert_int_equal(lk_input_sim_key(t.typing_scanner, LK_INPUT_UP, keys[i]), 0);
    }
    run_ms(20);
    assert_int_equal(screen(), LK_SCREEN_NOTICE);
    assert_int_equal(lk_engine_core(t.app.engine)->session.reason, LK_REASON_UNKNOWN_BARCODE);
    assert_int_equal(state_of("scanner").reads, 1);
}

/* --- card reader --- */

static void card_answers(const uint8_t *frame, size_t n)
{
    uint8_t command[16];
    assert_int_equal(lk_serial_sim_take(t.card, command, sizeof(command)), 10);
    assert_int_equal(lk_serial_sim_arrive(t.card, frame, n), 0);
    run_ms(10);
}

static void a_card_is_read_and_nothing_happens(void **state)
{
    uint8_t frame[SAM_FRAME_MAX];
    (void)state;
    make(CARD);
    start_and_be_ready();
    assert_string_equal(state_of("card").detail, "not plugged in"); /* it has not said a word yet */
    uint64_t seq = lk_store_last_seq(t.app.store);
    card_answers(frame, sam_status(frame, 0x9f, 4));
    assert_string_equal(state_of("card").detail, "there");
    card_answers(frame, sam_status(frame, 0x90, 8));
    card_answers(frame, sam_text(frame, "11010519491231002X", "张三丰"));
    assert_int_equal(state_of("card").reads, 1);
    assert_int_equal(screen(), LK_SCREEN_HOME);
    assert_int_equal(lk_store_last_seq(t.app.store), seq);
}

/* --- panel --- */

static uint32_t lamps(void)
{
    uint32_t on = 0;
    for (unsigned i = 0; i < 4; i++) {
        on |= lk_gpio_sim_wire(t.chip, i) ? 1U << i : 0;
    }
    return on;
}

static void lamps_follow_the_cabinet(void **state)
{
    (void)state;
    make(LAMPS);
    assert_int_equal(start(), EX_OK);
    assert_int_equal(lamps(), OUT); /* no board has answered yet */
    run_ms(2000);
    assert_int_equal(lamps(), GREEN);
    lk_kiosk_code(&t.app, "12345678", 0);
    assert_int_equal(lamps(), GREEN | NOISE); /* refused */
    run_ms(5);
    t.board[1]->inputs &= ~(1U << 2); /* a door is forced */
    run_ms(1500);
    assert_int_equal(lamps(), GREEN | RED | NOISE);
    lk_fieldbus_sim_plug(t.line[0], false);
    lk_fieldbus_sim_plug(t.line[1], false);
    run_ms(8000);
    assert_int_equal(lamps() & (GREEN | RED | OUT), OUT);
    lk_app_end(&t.app);
    assert_int_equal(lamps(), 0);
    memset(&t.app, 0, sizeof(t.app));
}

static void coils_follow_and_are_off_at_the_end(void **state)
{
    (void)state;
    make(COILS);
    start_and_be_ready();
    lk_lamps_show(t.app.lamps, &(struct lk_view){.screen = LK_SCREEN_HOME});
    run_ms(1000);
    assert_int_equal(t.panel_board->coils, GREEN);
    assert_int_equal(state_of("panel").error, 0);
    lk_lamps_stop(t.app.lamps);
    assert_false(lk_lamps_stopped(t.app.lamps));
    run_ms(1000);
    assert_true(lk_lamps_stopped(t.app.lamps));
    assert_int_equal(t.panel_board->coils, 0);
}

/* Screens that stay when something wrong was typed or scanned are heard all the same. */
static void a_refusal_without_another_screen_is_heard(void **state)
{
    static const struct {
        enum lk_screen screen;
        enum lk_reason reason;
        bool heard;
    } rows[] = {
        {LK_SCREEN_HAND_OVER, LK_REASON_NONE, false},     {LK_SCREEN_HAND_OVER, LK_REASON_WRONG_CODE, true},
        {LK_SCREEN_WAYBILL, LK_REASON_NONE, false},       {LK_SCREEN_WAYBILL, LK_REASON_BAD_WAYBILL, true},
        {LK_SCREEN_SECOND, LK_REASON_NONE, false},        {LK_SCREEN_SECOND, LK_REASON_WRONG_TAIL, true},
        {LK_SCREEN_NOTICE, LK_REASON_RECEIVED, false},    {LK_SCREEN_NOTICE, LK_REASON_WRONG_SITE, true},
        {LK_SCREEN_GIVE_BACK, LK_REASON_REJECTED, false}, {LK_SCREEN_CHECK, LK_REASON_NOT_CHECKED, true},
        {LK_SCREEN_DROP_CASE, LK_REASON_NONE, false},     {LK_SCREEN_DROP_CASE, LK_REASON_BAD_ARGUMENT, true},
        {LK_SCREEN_DROP_PLACED, LK_REASON_NONE, false},   {LK_SCREEN_DROP_JAM, LK_REASON_DOOR_JAMMED, true},
    };
    (void)state;
    make(LAMPS);
    start_and_be_ready();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        lk_lamps_show(t.app.lamps, &(struct lk_view){.screen = rows[i].screen, .reason = rows[i].reason});
        bool heard = (lamps() & NOISE) != 0;
        if (heard != rows[i].heard) {
            fail_msg("%s %s", lk_screen_name(rows[i].screen), lk_reason_name(rows[i].reason));
        }
        run_ms(3000);
    }
}

static void a_dead_board_of_lamps_disturbs_no_door(void **state)
{
    (void)state;
    make(COILS);
    assert_int_equal(start(), EX_OK);
    lk_fieldbus_sim_fault(t.line[1], PANEL_UNIT, &(struct lk_fieldbus_sim_fault){.dead = true});
    run_ms(4000);
    assert_int_equal(lk_engine_core(t.app.engine)->bank[1].state, LK_BANK_READY);
    assert_int_not_equal(state_of("panel").error, 0);
    assert_int_equal(lk_cabinet_pulse(t.app.cabinet, 5, 1, lk_engine_now_ms(t.app.engine)), 0);
    run_ms(1000);
    assert_int_equal(t.board[1]->pulses[1], 1);
    lk_lamps_stop(t.app.lamps);
    assert_true(lk_lamps_stopped(t.app.lamps)); /* the end does not wait for it */
}

static void an_unverified_board_of_lamps_is_78(void **state)
{
    (void)state;
    make("[panel]\nkind = coils\nfieldbus = M\nunit = 9\nprofile = jy-dam-8\nready = 1\n");
    assert_int_equal(start(), EX_CONFIG);
    assert_non_null(strstr(t.why, "unverified"));
}

#define ROW(name) cmocka_unit_test_teardown(name, end_site)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(a_code_of_the_keypad_goes_the_way_of_the_screens),
        ROW(a_first_digit_leaves_a_notice),
        ROW(a_locked_keypad_takes_no_digits),
        ROW(somebody_elses_screen_takes_no_digits),
        ROW(each_screen_takes_as_many_digits_as_it_asks_for),
        ROW(a_half_typed_code_is_forgotten),
        ROW(law_12_digits_are_in_no_trace_and_no_database),
        ROW(a_scanner_in_host_mode_reads_while_a_code_is_waited_for),
        ROW(one_reader_gone_is_one_reader_gone),
        ROW(a_typing_scanner_is_grabbed_and_read),
        ROW(a_card_is_read_and_nothing_happens),
        ROW(lamps_follow_the_cabinet),
        ROW(a_refusal_without_another_screen_is_heard),
        ROW(coils_follow_and_are_off_at_the_end),
        ROW(a_dead_board_of_lamps_disturbs_no_door),
        ROW(an_unverified_board_of_lamps_is_78),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
