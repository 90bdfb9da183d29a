/* The whole daemon in one thread, on simulated lines and a simulated clock: how it refuses to start, what it leaves
 * behind, and what the admin desk promises of its openings. Meant for the address sanitizer too: every start is
 * followed by an end. */
#include "unit/app/rig.h"

#include "app.h"
#include "hal/fieldbus_sim.h"
#include "hal/serial_sim.h"
#include "hal/watchdog_sim.h"
#include "store/log.h"
#include "store/memory.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

enum { LINES = 2, WHY_MAX_TEXT = 512, ANSWER_WITHIN_MS = 15000 };

static struct {
    struct rig rig;
    struct lk_app app;
    struct lk_watchdog *watchdog;
    struct lk_fieldbus *line[LINES];
    struct lk_sim_board *board[LINES];
    unsigned lines;
    int make_error, start_error, serial_error, commit_error;
    int64_t more_bytes; /* than the database has */
    char why[WHY_MAX_TEXT];
} t;

int __real_lk_fieldbus_start(struct lk_fieldbus *fb);
int __wrap_lk_fieldbus_start(struct lk_fieldbus *fb);

/* The second line cannot be had. */
int __wrap_lk_fieldbus_start(struct lk_fieldbus *fb)
{
    return t.start_error != 0 && fb == t.line[1] ? t.start_error : __real_lk_fieldbus_start(fb);
}

void __real_lk_store_health(struct lk_store *store, struct lk_store_health *ret_health);
void __wrap_lk_store_health(struct lk_store *store, struct lk_store_health *ret_health);

void __wrap_lk_store_health(struct lk_store *store, struct lk_store_health *ret_health)
{
    __real_lk_store_health(store, ret_health);
    ret_health->bytes += t.more_bytes;
}

int __real_lk_store_apply(struct lk_store *store, const struct lk_effects *fx, const struct lk_stamp *now,
                          struct lk_store_range *ret_range);
int __wrap_lk_store_apply(struct lk_store *store, const struct lk_effects *fx, const struct lk_stamp *now,
                          struct lk_store_range *ret_range);

int __wrap_lk_store_apply(struct lk_store *store, const struct lk_effects *fx, const struct lk_stamp *now,
                          struct lk_store_range *ret_range)
{
    return t.commit_error != 0 ? t.commit_error : __real_lk_store_apply(store, fx, now, ret_range);
}

static int make_line(const struct lk_fieldbus_config *config, struct lk_fieldbus **ret_fb)
{
    unsigned i = t.lines;
    if (t.make_error != 0 && i == 1) {
        return t.make_error;
    }
    int r = lk_fieldbus_sim_create(config, lk_clock_mono_ns(t.rig.clock), ret_fb);
    if (r == 0) {
        t.line[i] = *ret_fb;
        t.board[i] = lk_fieldbus_sim_board(*ret_fb, (uint8_t)(i + 1), 8);
        t.board[i]->inputs = 0xFF;
        t.lines++;
    }
    return r;
}

static int make_serial(const char *path, unsigned baud, struct lk_serial **ret_serial)
{
    (void)path;
    (void)baud;
    return t.serial_error != 0 ? t.serial_error : lk_serial_sim_create(ret_serial);
}

static int start(void)
{
    struct lk_backends backends = {
        .fieldbus = make_line, .serial = make_serial, .clock = t.rig.clock, .watchdog = t.watchdog};
    struct lk_text why = lk_text_init(t.why, sizeof(t.why));
    t.lines = 0;
    return lk_app_start(&t.app, t.rig.config, &backends, &why);
}

static void make_with(const char *more)
{
    memset(&t, 0, sizeof(t));
    rig_make(&t.rig, more);
    assert_int_equal(lk_watchdog_sim_create(0, &t.watchdog), 0);
}

static int make_site(void **state)
{
    (void)state;
    make_with("[staff]\ntwo_person_within_s = 0\n"); /* one person may open what these tests open */
    return 0;
}

static int make_site_with_everything(void **state)
{
    (void)state;
    make_with("[scanner]\ndevice = /dev/scanner\n[log]\ntrace = /dev/null\n");
    return 0;
}

static int end_site(void **state)
{
    (void)state;
    lk_app_end(&t.app);
    t.watchdog = lk_watchdog_destroy(t.watchdog);
    rig_end(&t.rig);
    return 0;
}

/* Time passes on the lines, on the clock, and in the loop. */
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

static const struct lk_door *door(int i)
{
    return &lk_engine_core(t.app.engine)->door[i];
}

/* --- starts that fail: the right exit code, a reason, nothing leaked, nothing left behind */

static void expect_refusal(int code, const char *reason)
{
    assert_int_equal(start(), code);
    if (!strstr(t.why, reason)) {
        fail_msg("\"%s\" does not say \"%s\"", t.why, reason);
    }
    assert_int_equal(lk_watchdog_sim_count(t.watchdog, LK_WATCHDOG_READY), 0);
}

static void a_database_in_use_is_75(void **state)
{
    (void)state;
    rig_open_store(&t.rig);
    expect_refusal(EX_TEMPFAIL, "");
}

static void a_damaged_database_is_65(void **state)
{
    (void)state;
    rig_write(&t.rig, "lockerd.db", "this is no database, and never was one");
    expect_refusal(EX_DATAERR, "");
}

static void a_line_that_cannot_be_made_is_71_or_78(void **state)
{
    (void)state;
    t.make_error = -EMFILE;
    expect_refusal(EX_OSERR, "fieldbus M");
    lk_app_end(&t.app);
    t.make_error = -EINVAL;
    expect_refusal(EX_CONFIG, "fieldbus M");
}

/* Tried again every few seconds by the service manager: that must not fill the log of events. */
static void a_line_in_use_is_75_and_was_no_start(void **state)
{
    (void)state;
    t.start_error = -EBUSY;
    expect_refusal(EX_TEMPFAIL, "fieldbus M");
    assert_int_equal(lk_store_last_seq(t.app.store), 0);
    lk_app_end(&t.app);
    t.start_error = 0;
    start_and_be_ready(); /* and nothing was left behind that hinders the next one */
}

static void a_kiosk_port_in_use_is_75(void **state)
{
    (void)state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, n), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &n), 0);
    t.rig.config->kiosk_port = ntohs(address.sin_port);
    expect_refusal(EX_TEMPFAIL, "kiosk");
    (void)close(fd);
}

static void an_admin_socket_that_is_something_else_is_75(void **state)
{
    (void)state;
    rig_write(&t.rig, "admin.sock", "a file");
    expect_refusal(EX_TEMPFAIL, "admin socket");
}

static void a_group_that_does_not_exist_is_78(void **state)
{
    (void)state;
    (void)lk_text_copy(t.rig.config->admin_group, sizeof(t.rig.config->admin_group), "no-such-group-9");
    expect_refusal(EX_CONFIG, "no-such-group-9");
}

static void a_trace_file_that_cannot_be_opened_is_71(void **state)
{
    (void)state;
    (void)lk_text_copy(t.rig.config->trace_file, sizeof(t.rig.config->trace_file), "/no/such/folder/trace");
    expect_refusal(EX_OSERR, "trace");
}

static void a_scanner_that_cannot_be_made_is_71(void **state)
{
    (void)state;
    t.serial_error = -ENOMEM;
    expect_refusal(EX_OSERR, "scanner");
}

static void command_keys_that_are_missing_are_78(void **state)
{
    (void)state;
    t.rig.config->uplink.present = true;
    (void)lk_text_copy(t.rig.config->uplink.url, sizeof(t.rig.config->uplink.url), "mqtt://127.0.0.1:1");
    (void)lk_text_copy(t.rig.config->uplink.command_keys, sizeof(t.rig.config->uplink.command_keys), "/no/keys.json");
    expect_refusal(EX_CONFIG, "command keys");
    assert_int_equal(lk_store_last_seq(t.app.store), 0);
}

static void a_door_that_holds_something_must_be_configured(void **state)
{
    (void)state;
    static struct lk_effects fx;
    rig_open_store(&t.rig);
    fx.count = 1;
    fx.at[0] = (struct lk_effect){.kind = LK_FX_DOOR_USE, .door = 7, .bank = -1, .use = LK_USE_BLOCKED};
    fx.at[0].reason = LK_REASON_STAFF_REQUEST;
    assert_int_equal(lk_store_apply(t.rig.store, &fx, &t.rig.now, NULL), 0);
    fx.at[0].use = LK_USE_OCCUPIED;
    (void)lk_text_copy(fx.at[0].item.id, sizeof(fx.at[0].item.id), "Y1");
    rig_announce(&t.rig, "Y1", "12345678", "");
    assert_int_equal(lk_store_apply(t.rig.store, &fx, &t.rig.now, NULL), 0);
    t.rig.store = lk_store_close(t.rig.store);
    t.rig.config->core.doors = 7;
    t.rig.config->bank[1].doors = 3;
    expect_refusal(EX_CONFIG, "B04");
}

/* --- the cabinet, wired */

static void a_sensors_change_reaches_the_core(void **state)
{
    (void)state;
    start_and_be_ready();
    assert_int_equal(lk_watchdog_sim_count(t.watchdog, LK_WATCHDOG_READY), 1);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(door(i)->state, LK_DOOR_CLOSED);
    }
    t.board[1]->inputs &= ~(1U << 2);
    run_ms(1500);
    assert_int_equal(door(6)->state, LK_DOOR_FORCED); /* nobody asked for B03 */
    assert_int_equal(door(2)->state, LK_DOOR_CLOSED);
    assert_true(lk_cabinet_answers(t.app.cabinet, lk_clock_mono_ms(t.rig.clock)));
    assert_int_equal(lk_cabinet_pulses(t.app.cabinet, 6), 0);
}

static void a_silent_board_is_news_after_five_seconds(void **state)
{
    (void)state;
    assert_int_equal(start(), EX_OK);
    lk_fieldbus_sim_fault(t.line[1], 2, &(struct lk_fieldbus_sim_fault){.dead = true});
    run_ms(3000);
    uint64_t before = lk_store_last_seq(t.app.store);
    assert_int_equal(lk_engine_core(t.app.engine)->bank[0].state, LK_BANK_READY);
    assert_int_equal(lk_engine_core(t.app.engine)->bank[1].reason, LK_REASON_NONE);
    run_ms(4000);
    assert_int_equal(lk_engine_core(t.app.engine)->bank[1].reason, LK_REASON_BOARD_SILENT);
    assert_true(lk_store_last_seq(t.app.store) > before);
    lk_fieldbus_sim_fault(t.line[1], 2, &(struct lk_fieldbus_sim_fault){.dead = false});
    run_ms(15000);
    assert_int_equal(lk_engine_core(t.app.engine)->bank[1].state, LK_BANK_READY);
}

static void ends_cleanly_with_every_board_asked(void **state)
{
    (void)state;
    start_and_be_ready();
    assert_false(lk_cabinet_stopped(t.app.cabinet));
    lk_cabinet_stop(t.app.cabinet);
    run_ms(1000);
    assert_true(lk_cabinet_stopped(t.app.cabinet));
    assert_int_equal(t.board[0]->coils | t.board[1]->coils, 0);
}

static void a_store_that_contradicts_the_state_ends_it_with_70(void **state)
{
    (void)state;
    start_and_be_ready();
    t.commit_error = -ESTALE;
    t.board[0]->inputs &= ~(1U << 1);
    run_ms(1500);
    assert_true(t.app.stopping);
    assert_int_equal(lk_watchdog_sim_count(t.watchdog, LK_WATCHDOG_STOPPING), 1);
    assert_true(lk_cabinet_stopped(t.app.cabinet));
    assert_int_equal(lk_app_run(&t.app), EX_SOFTWARE);
    lk_app_end(&t.app);
    t.commit_error = 0;
    t.board[0] = NULL;
    start_and_be_ready();
    assert_false(t.app.stopping);
}

/* A full disk is no contradiction: it may end, and what was said meanwhile counts. */
static void law_10_a_full_disk_is_waited_out(void **state)
{
    (void)state;
    start_and_be_ready();
    t.commit_error = -ENOSPC;
    t.board[0]->inputs &= ~(1U << 1);
    run_ms(1500);
    assert_false(t.app.stopping);
    assert_int_equal(door(1)->state, LK_DOOR_CLOSED);
    assert_true(lk_engine_stalled(t.app.engine));
    t.commit_error = 0;
    t.board[1]->inputs &= ~(1U << 3); /* anything: the next word of the cabinet tries again */
    run_ms(1500);
    assert_int_equal(door(1)->state, LK_DOOR_FORCED);
    assert_int_equal(door(7)->state, LK_DOOR_FORCED);
}

/* --- the admin desk */

static int connect_admin(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    (void)lk_text_copy(address.sun_path, sizeof(address.sun_path), t.rig.config->admin_socket);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void say(int fd, const char *line)
{
    assert_int_equal(write(fd, line, strlen(line)), strlen(line));
    assert_int_equal(write(fd, "\n", 1), 1);
    run_ms(20);
}

/* What came so far: "" when nothing did. */
static const char *hear(int fd)
{
    static char text[65536];
    ssize_t n = read(fd, text, sizeof(text) - 1);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

static int64_t real_ms(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

/* For answers that another thread works on, or a timer. */
static const char *wait_ms(int fd, int64_t most_ms)
{
    int64_t limit = real_ms() + most_ms;
    const char *text = hear(fd);
    while (text[0] == '\0' && real_ms() < limit) {
        struct timeval tv = {.tv_usec = 20000};
        (void)event_base_loopexit(t.app.base, &tv);
        (void)event_base_loop(t.app.base, EVLOOP_ONCE);
        text = hear(fd);
    }
    return text;
}

static const char *wait_for_answer(int fd)
{
    return wait_ms(fd, ANSWER_WITHIN_MS);
}

static void an_opening_is_answered_when_the_sensor_proves_it(void **state)
{
    (void)state;
    start_and_be_ready();
    int fd = connect_admin();
    say(fd, "{\"id\":1,\"cmd\":\"open\",\"args\":{\"door\":\"A02\",\"why\":\"test\"}}");
    run_ms(1000);
    assert_int_equal(t.board[0]->pulses[1], 1);
    assert_string_equal(hear(fd), "");
    t.board[0]->inputs &= ~(1U << 1);
    run_ms(500);
    assert_non_null(strstr(hear(fd), "\"outcome\":\"opened\""));
    assert_int_equal(lk_cabinet_pulses(t.app.cabinet, 1), 1);
    (void)close(fd);
}

/* A reply that comes twice, or late, must not answer whoever has the place now. */
static void a_late_reply_answers_nobody_else(void **state)
{
    (void)state;
    start_and_be_ready();
    int fd = connect_admin();
    say(fd, "{\"id\":1,\"cmd\":\"open\",\"args\":{\"door\":\"A01\",\"why\":\"test\"}}");
    struct lk_effect reply = {.kind = LK_FX_REPLY, .request = door(0)->op.request, .door = 0, .bank = -1};
    assert_true(reply.request != 0);
    lk_admin_reply(&t.app, &reply);
    run_ms(10);
    assert_non_null(strstr(hear(fd), "\"id\":1"));
    say(fd, "{\"id\":2,\"cmd\":\"open\",\"args\":{\"door\":\"B01\",\"why\":\"test\"}}");
    assert_true(door(4)->op.request != 0);
    lk_admin_reply(&t.app, &reply);
    run_ms(10);
    assert_string_equal(hear(fd), "");
    reply.request = door(4)->op.request;
    lk_admin_reply(&t.app, &reply);
    run_ms(10);
    assert_non_null(strstr(hear(fd), "\"id\":2"));
    (void)close(fd);
}

/* The client leaves while its request waits for the sensor: nothing dangles. */
static void a_client_that_left_is_forgotten(void **state)
{
    (void)state;
    start_and_be_ready();
    int fd = connect_admin();
    say(fd, "{\"id\":1,\"cmd\":\"open\",\"args\":{\"door\":\"A02\",\"why\":\"test\"}}");
    say(fd, "{\"id\":2,\"cmd\":\"events\",\"args\":{\"follow\":true}}");
    (void)close(fd);
    run_ms(1000);
    t.board[0]->inputs &= ~(1U << 1);
    run_ms(500);
    assert_int_equal(door(1)->state, LK_DOOR_OPEN);
    assert_null(t.app.followers);
}

/* The daemon ends while requests wait for a sensor, a worker, a backup and news. */
static void an_end_with_everything_under_way_is_clean(void **state)
{
    (void)state;
    start_and_be_ready();
    assert_int_equal(lk_store_staff_put(t.app.store, "m1", LK_ACTOR_MAINTENANCE, "$argon2id$v=19$x", "", &t.rig.now),
                     0);
    char line[400];
    (void)snprintf(line, sizeof(line), "{\"id\":4,\"cmd\":\"backup\",\"args\":{\"path\":\"%s\"}}",
                   rig_path(&t.rig, "copy.db"));
    int fd = connect_admin();
    say(fd, "{\"id\":1,\"cmd\":\"open\",\"args\":{\"door\":\"A02\",\"why\":\"test\"}}");
    say(fd, "{\"id\":2,\"cmd\":\"events\",\"args\":{\"follow\":true}}");
    say(fd, line);
    for (int id = 10; id < 14; id++) {
        (void)snprintf(line, sizeof(line), "{\"id\":%d,\"cmd\":\"status\",\"staff\":\"m1\",\"pin\":\"4711\"}", id);
        say(fd, line);
    }
    say(fd, "{\"id\":20,\"cmd\":\"staff_add\",\"args\":{\"staff\":\"c9\",\"role\":\"courier\",\"pin\":\"1234\"}}");
    (void)close(fd);
}

static void one_backup_or_check_at_a_time(void **state)
{
    (void)state;
    start_and_be_ready();
    int fd = connect_admin();
    char line[400];
    (void)snprintf(line, sizeof(line),
                   "{\"id\":1,\"cmd\":\"backup\",\"args\":{\"path\":\"%s\"}}\n{\"id\":2,\"cmd\":\"store\"}",
                   rig_path(&t.rig, "copy.db"));
    say(fd, line);
    const char *text = wait_for_answer(fd);
    assert_non_null(strstr(text, "\"id\":2,\"ok\":false,\"reason\":\"not_now\""));
    int64_t limit = real_ms() + ANSWER_WITHIN_MS;
    while (t.app.long_job && real_ms() < limit) {
        run_ms(5);
    }
    assert_null(t.app.long_job);
    run_ms(20);
    assert_non_null(strstr(hear(fd), "\"verified\":true"));
    say(fd, "{\"id\":3,\"cmd\":\"store\"}");
    text = wait_for_answer(fd);
    assert_non_null(strstr(text, "\"quick_check\":\"ok\""));
    (void)close(fd);
}

/* The check of a big database blocks: not while a person stands there. */
static void law_10_a_big_check_waits_until_nobody_is_there(void **state)
{
    (void)state;
    start_and_be_ready();
    t.more_bytes = INT64_C(200) << 20;
    int fd = connect_admin(), person = connect_admin();
    say(fd, "{\"id\":1,\"cmd\":\"store\"}");
    assert_non_null(strstr(wait_for_answer(fd), "\"quick_check\":\"ok\""));
    say(person, "{\"id\":1,\"cmd\":\"open\",\"args\":{\"door\":\"A02\",\"why\":\"test\"}}");
    say(fd, "{\"id\":2,\"cmd\":\"selfcheck\"}");
    (void)wait_ms(fd, 400);
    assert_non_null(t.app.long_job);
    t.board[0]->inputs &= ~(1U << 1);
    run_ms(1000);
    t.board[0]->inputs |= 1U << 1;
    run_ms(1000);
    assert_int_equal(door(1)->state, LK_DOOR_CLOSED);
    assert_non_null(strstr(wait_for_answer(fd), "\"checks\""));
    t.board[0]->inputs &= ~(1U << 1);
    say(person, "{\"id\":2,\"cmd\":\"open\",\"args\":{\"door\":\"A03\",\"why\":\"test\"}}");
    say(fd, "{\"id\":3,\"cmd\":\"store\"}");
    (void)wait_ms(fd, 300);
    rig_pass_ms(&t.rig, 31000);
    assert_non_null(strstr(wait_for_answer(fd), "not_now"));
    assert_null(t.app.long_job);
    (void)close(fd);
    (void)close(person);
}

int main(void)
{
#define CASE(f)                 cmocka_unit_test_setup_teardown(f, make_site, end_site)
#define CASE_WITH_EVERYTHING(f) cmocka_unit_test_setup_teardown(f, make_site_with_everything, end_site)
    const struct CMUnitTest tests[] = {
        CASE(a_database_in_use_is_75),
        CASE(a_damaged_database_is_65),
        CASE(a_line_that_cannot_be_made_is_71_or_78),
        CASE_WITH_EVERYTHING(a_line_in_use_is_75_and_was_no_start),
        CASE(a_kiosk_port_in_use_is_75),
        CASE(an_admin_socket_that_is_something_else_is_75),
        CASE(a_group_that_does_not_exist_is_78),
        CASE(a_trace_file_that_cannot_be_opened_is_71),
        CASE_WITH_EVERYTHING(a_scanner_that_cannot_be_made_is_71),
        CASE(command_keys_that_are_missing_are_78),
        CASE(a_door_that_holds_something_must_be_configured),
        CASE_WITH_EVERYTHING(a_sensors_change_reaches_the_core),
        CASE(a_silent_board_is_news_after_five_seconds),
        CASE(ends_cleanly_with_every_board_asked),
        CASE(a_store_that_contradicts_the_state_ends_it_with_70),
        CASE(law_10_a_full_disk_is_waited_out),
        CASE(an_opening_is_answered_when_the_sensor_proves_it),
        CASE(a_late_reply_answers_nobody_else),
        CASE(a_client_that_left_is_forgotten),
        CASE_WITH_EVERYTHING(an_end_with_everything_under_way_is_clean),
        CASE(one_backup_or_check_at_a_time),
        CASE(law_10_a_big_check_waits_until_nobody_is_there),
    };
    return cmocka_run_group_tests_name("app", tests, NULL, NULL);
}
