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

#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "drivers/lockbank.h"
#include "hal/fieldbus_driver.h"
#include "hal/fieldbus_linux.h"

enum { BOARDS = 4, SCAN_MS = 1000 };

struct cabinet {
    char dir[32], tty[64], control[64];
    pid_t pid;
    FILE *talk;
    struct lk_fieldbus *fb;
    struct lk_supply *supply;
    struct lk_lockbank *banks[2];
    unsigned pulses_done, opened[2];
};

static int64_t now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

static void run_simulator(const struct cabinet *c, unsigned baud)
{
    char line[128], boards[BOARDS][64];
    const char *argv[8 + 2 * BOARDS] = {LK_CABINET_SIM, "--line", line, "--control", c->control};
    (void)snprintf(line, sizeof(line), "a=%s,baud=%u,strict", c->tty, baud);
    for (int b = 0; b < BOARDS; b++) {
        (void)snprintf(boards[b], sizeof(boards[b]), "%c,line=a,unit=%d,channels=32", 'A' + b, b + 1);
        argv[5 + 2 * b] = "--board";
        argv[6 + 2 * b] = boards[b];
    }
    (void)!freopen("/dev/null", "w", stdout);
    (void)execv(LK_CABINET_SIM, (char *const *)argv);
    _exit(127);
}

static void connect_control(struct cabinet *c)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    (void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", c->control);
    for (int i = 0; i < 500; i++) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0) {
            c->talk = fdopen(fd, "r+");
            return;
        }
        close(fd);
        (void)poll(NULL, 0, 10);
    }
    fail_msg("cabinet-sim did not come up");
}

static json_t *tell(struct cabinet *c, const char *command)
{
    LK_CLEANUP(lk_freep) char *answer = NULL;
    size_t room = 0;
    assert_true(fprintf(c->talk, "%s\n", command) > 0 && fflush(c->talk) == 0);
    assert_true(getline(&answer, &room, c->talk) > 0);
    json_t *j = json_loads(answer, 0, NULL);
    assert_non_null(j);
    return j;
}

static void order(struct cabinet *c, const char *command)
{
    json_t *j = tell(c, command);
    assert_true(json_is_true(json_object_get(j, "ok")));
    json_decref(j);
}

static int64_t line_value(struct cabinet *c, const char *key)
{
    json_t *j = tell(c, "{\"cmd\":\"status\"}");
    int64_t v = json_integer_value(json_object_get(json_array_get(json_object_get(j, "lines"), 0), key));
    json_decref(j);
    return v;
}

static int64_t door_value(struct cabinet *c, size_t door, const char *key)
{
    json_t *j = tell(c, "{\"cmd\":\"status\"}");
    int64_t v = json_integer_value(json_object_get(json_array_get(json_object_get(j, "doors"), door), key));
    json_decref(j);
    return v;
}

static void begin(struct cabinet *c, unsigned baud)
{
    *c = (struct cabinet){.dir = "/tmp/lk-cabinet-XXXXXX"};
    assert_non_null(mkdtemp(c->dir));
    (void)snprintf(c->tty, sizeof(c->tty), "%s/tty", c->dir);
    (void)snprintf(c->control, sizeof(c->control), "%s/control", c->dir);
    c->pid = fork();
    if (c->pid == 0) {
        run_simulator(c, baud);
    }
    connect_control(c);
    struct lk_fieldbus_config config = {.name = "a", .transport = LK_FB_RTU, .baud = baud, .timeout_ms = 200};
    strcpy(config.device, c->tty);
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
    order(c, "{\"cmd\":\"quit\"}");
    (void)fclose(c->talk);
    (void)waitpid(c->pid, NULL, 0);
    (void)unlink(c->tty);
    (void)unlink(c->control);
    (void)rmdir(c->dir);
}

static void drain(struct cabinet *c, int64_t ms)
{
    struct lk_fb_completion done;
    for (int64_t end_at_ms = now_ms() + ms; now_ms() < end_at_ms;) {
        struct pollfd p = {.fd = lk_fieldbus_fd(c->fb), .events = POLLIN};
        (void)poll(&p, 1, 5);
        while (lk_fieldbus_reap(c->fb, &done)) {
            if (c->banks[lk_lockbank_tag_bank(done.tag) & 1]) {
                lk_lockbank_completion(c->banks[lk_lockbank_tag_bank(done.tag)], &done, now_ms());
            }
        }
        for (int b = 0; b < 2; b++) {
            if (c->banks[b]) {
                lk_lockbank_tick(c->banks[b], now_ms());
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
    int64_t before = line_value(&c, "replies"), begin_ms = now_ms();
    drain(&c, SCAN_MS);
    int64_t reads = line_value(&c, "replies") - before, took_ms = now_ms() - begin_ms;
    double gap_ms = baud > 19200 ? 1.75 : 35e3 / baud, lawful_ms = 17 * 10e3 / baud + 2 * gap_ms;
    double factor = (double)took_ms / (double)reads / lawful_ms;
    int64_t violations = line_value(&c, "gap_violations"), unanswered = line_value(&c, "unanswered");
    print_message("%6u baud: %.2f ms a read of 32 inputs, lawful %.2f (x %.3f), %d gap violations, %d dropped\n", baud,
                  (double)took_ms / (double)reads, lawful_ms, factor, (int)violations, (int)line_value(&c, "dropped"));
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
    for (int64_t end_at_ms = now_ms() + 6000; now_ms() < end_at_ms; drain(c, 20)) {
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
        assert_int_equal(lk_lockbank_start(c->banks[b], now_ms()), 0);
    }
    assert_true(reach(c, 0, LK_LOCKBANK_READY, LK_LOCKBANK_REASON_NONE));
    assert_true(reach(c, 1, LK_LOCKBANK_READY, LK_LOCKBANK_REASON_NONE));
}

static void a_pulse_opens_its_door_once(void **state)
{
    struct cabinet c;
    (void)state;
    begin_banks(&c);
    assert_int_equal(lk_lockbank_pulse(c.banks[0], 0, 1, now_ms()), 0);
    assert_int_equal(lk_lockbank_pulse(c.banks[0], 1, 2, now_ms()), 0);
    drain(&c, 1600);
    assert_int_equal(c.pulses_done, 2);
    for (size_t d = 0; d < 2; d++) {
        assert_int_equal(c.opened[d], 1);
        assert_int_equal(door_value(&c, d, "commands"), 1);
        assert_int_equal(door_value(&c, d, "openings"), 1);
    }
    assert_int_equal(line_value(&c, "gap_violations"), 0);
    lk_lockbank_stop(c.banks[0], now_ms());
    drain(&c, 300);
    assert_true(lk_lockbank_stopped(c.banks[0]) && lk_lockbank_proved_off(c.banks[0]));
    end(&c);
}

static void a_welded_relay_stops_one_bank_only(void **state)
{
    struct cabinet c;
    (void)state;
    begin_banks(&c);
    order(&c, "{\"cmd\":\"fault\",\"door\":\"A01\",\"fault\":\"relay-welded\"}");
    assert_int_equal(lk_lockbank_pulse(c.banks[0], 0, 1, now_ms()), 0);
    assert_true(reach(&c, 0, LK_LOCKBANK_STOPPED, LK_LOCKBANK_REASON_COIL_STUCK));
    assert_true(reach(&c, 1, LK_LOCKBANK_READY, LK_LOCKBANK_REASON_NONE));
    end(&c);
}

static void an_unplugged_adapter_comes_back(void **state)
{
    struct cabinet c;
    (void)state;
    begin_banks(&c);
    order(&c, "{\"cmd\":\"line\",\"line\":\"a\",\"action\":\"unplug\"}");
    assert_true(reach(&c, 0, LK_LOCKBANK_LOST, LK_LOCKBANK_REASON_LINE));
    order(&c, "{\"cmd\":\"line\",\"line\":\"a\",\"action\":\"plug\"}");
    assert_true(reach(&c, 0, LK_LOCKBANK_READY, LK_LOCKBANK_REASON_NONE));
    assert_true(reach(&c, 1, LK_LOCKBANK_READY, LK_LOCKBANK_REASON_NONE));
    end(&c);
}

static void a_dead_board_leaves_the_others_alone(void **state)
{
    struct cabinet c;
    (void)state;
    begin_banks(&c);
    order(&c, "{\"cmd\":\"fault\",\"board\":\"A\",\"fault\":\"dead\"}");
    assert_true(reach(&c, 0, LK_LOCKBANK_LOST, LK_LOCKBANK_REASON_SILENT));
    assert_int_equal(lk_lockbank_pulse(c.banks[1], 1, 1, now_ms()), 0);
    drain(&c, 800);
    assert_int_equal(c.opened[1], 1);
    order(&c, "{\"cmd\":\"clear\",\"all\":true}");
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
