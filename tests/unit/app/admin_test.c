/* What the admin desk promises: who may what, what it takes and what it says. The whole daemon in one thread, on
 * simulated lines and a simulated clock; its clients are real sockets. */
#include "unit/app/rig.h"

#include "app.h"
#include "base/cleanup.h"
#include "hal/fieldbus_sim.h"
#include "hal/watchdog_sim.h"
#include "store/care.h"
#include "store/memory.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define DAYS_MS(n) ((n)*INT64_C(24) * 60 * 60 * 1000)

enum { LINES = 2, ANSWER_WITHIN_MS = 15000 };

static struct {
    struct rig rig;
    struct lk_app app;
    struct lk_watchdog *watchdog;
    struct lk_fieldbus *line[LINES];
    struct lk_sim_board *board[LINES];
    unsigned lines;
    int fd; /* a client that is root, or our own user: maintenance */
} t;

/* --- the site */

static int make_line(const struct lk_fieldbus_config *config, struct lk_fieldbus **ret_fb)
{
    unsigned i = t.lines;
    int r = lk_fieldbus_sim_create(config, lk_clock_mono_ns(t.rig.clock), ret_fb);
    if (r == 0) {
        t.line[i] = *ret_fb;
        t.board[i] = lk_fieldbus_sim_board(*ret_fb, (uint8_t)(i + 1), 8);
        t.board[i]->inputs = 0xFF;
        t.lines++;
    }
    return r;
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

/* On the calendar only: the lines need not live through all of it. */
static void days_pass(int days)
{
    lk_clock_sim_set_wall_ms(t.rig.clock, lk_clock_wall_ms(t.rig.clock) + days * INT64_C(24) * 60 * 60 * 1000);
}

static int connect_admin(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    (void)lk_text_copy(address.sun_path, sizeof(address.sun_path), t.rig.config->admin_socket);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static int start(void **state)
{
    (void)state;
    char text[512] = "";
    struct lk_text why = lk_text_init(text, sizeof(text));
    memset(&t, 0, sizeof(t));
    rig_make(&t.rig, "");
    assert_int_equal(lk_watchdog_sim_create(0, &t.watchdog), 0);
    struct lk_backends backends = {.fieldbus = make_line, .clock = t.rig.clock, .watchdog = t.watchdog};
    if (lk_app_start(&t.app, t.rig.config, &backends, &why) != EX_OK) {
        fail_msg("%s", text);
    }
    run_ms(2000);
    t.fd = connect_admin();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    (void)close(t.fd);
    lk_app_end(&t.app);
    t.watchdog = lk_watchdog_destroy(t.watchdog);
    rig_end(&t.rig);
    return 0;
}

/* --- asking */

static int64_t real_ms(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

static void say(const char *line)
{
    assert_int_equal(write(t.fd, line, strlen(line)), strlen(line));
    assert_int_equal(write(t.fd, "\n", 1), 1);
    run_ms(20);
}

/* The next answer. PINs are checked on another thread, in real time. */
static const char *hear(void)
{
    static char text[65536];
    int64_t limit = real_ms() + ANSWER_WITHIN_MS;
    ssize_t n = read(t.fd, text, sizeof(text) - 1);
    while (n <= 0 && real_ms() < limit) {
        struct timeval tv = {.tv_usec = 10000};
        (void)event_base_loopexit(t.app.base, &tv);
        (void)event_base_loop(t.app.base, EVLOOP_ONCE);
        n = read(t.fd, text, sizeof(text) - 1);
    }
    text[n > 0 ? n : 0] = '\0';
    return text;
}

/* The answer to a command with these args, and with this before the end of the line ("" or ",\"staff\":..."). */
static const char *ask(const char *command, const char *args, const char *more)
{
    char line[1024];
    (void)snprintf(line, sizeof(line), "{\"id\":1,\"cmd\":\"%s\",\"args\":%s%s}", command, args, more);
    say(line);
    return hear();
}

static void expect(const char *command, const char *args, const char *more, const char *words)
{
    const char *answer = ask(command, args, more);
    if (!strstr(answer, words)) {
        fail_msg("%s %s%s: expected %s, got %s", command, args, more, words, answer);
    }
}

#define MAINTENANCE ""
#define CLERK       ",\"staff\":\"k1\",\"pin\":\"1111\""
#define SUPERVISOR  ",\"staff\":\"s1\",\"pin\":\"2222\""
#define COURIER     ",\"staff\":\"c1\",\"pin\":\"3333\""
#define WITH(s, p)  ",\"with\":{\"staff\":\"" s "\",\"pin\":\"" p "\"}"

static void hire_all(void)
{
    expect("staff_add", "{\"staff\":\"k1\",\"role\":\"clerk\",\"pin\":\"1111\"}", "", "\"role\":\"clerk\"");
    expect("staff_add", "{\"staff\":\"s1\",\"role\":\"supervisor\",\"pin\":\"2222\"}", "", "\"role\":\"supervisor\"");
    expect("staff_add", "{\"staff\":\"c1\",\"role\":\"courier\",\"pin\":\"3333\"}", "", "\"role\":\"courier\"");
}

static void announce(const char *item, const char *code)
{
    t.rig.store = t.app.store; /* borrowed */
    rig_announce(&t.rig, item, code, "");
    t.rig.store = NULL;
}

static void open_and_shut(int door, const char *label, const char *more)
{
    char args[64];
    (void)snprintf(args, sizeof(args), "{\"door\":\"%s\",\"why\":\"test\"}", label);
    char line[512];
    (void)snprintf(line, sizeof(line), "{\"id\":1,\"cmd\":\"open\",\"args\":%s%s}", args, more);
    say(line);
    int64_t limit = real_ms() + ANSWER_WITHIN_MS;
    while (t.board[0]->pulses[door] == 0 && real_ms() < limit) {
        run_ms(50);
    }
    t.board[0]->inputs &= ~(1U << door);
    run_ms(500);
    assert_non_null(strstr(hear(), "\"outcome\":\"opened\""));
    t.board[0]->inputs |= 1U << door;
    run_ms(500);
}

/* --- who may what */

static const struct {
    const char *command, *args;
    const char *yes, *no; /* credentials of one who may, and of one who may not */
} roles[] = {
    {"block", "{\"door\":\"A01\",\"why\":\"x\"}", SUPERVISOR, CLERK},
    {"unblock", "{\"door\":\"A01\",\"why\":\"x\"}", MAINTENANCE, CLERK},
    {"confirm", "{\"door\":\"A01\",\"why\":\"x\"}", SUPERVISOR, COURIER},
    {"settle", "{\"item\":\"Y1\",\"to\":\"at_window\",\"why\":\"x\"}", CLERK, COURIER},
    {"inspected", "{\"door\":\"A01\",\"holds\":false}", CLERK, COURIER},
    {"round_done", "{\"seen\":1}", MAINTENANCE, COURIER},
    {"item_receive", "{\"item\":\"Y1\"}", SUPERVISOR, MAINTENANCE},
    {"item_send", "{\"item\":\"Y1\",\"waybill\":\"E1\"}", CLERK, COURIER},
    {"item_return", "{\"item\":\"Y1\"}", CLERK, MAINTENANCE},
    {"item_reject", "{\"item\":\"Y1\"}", CLERK, COURIER},
    {"item_extend", "{\"item\":\"Y1\"}", CLERK, COURIER},
    {"item_hand_over", "{\"item\":\"Y1\",\"digits\":\"11112222\"}", CLERK, MAINTENANCE},
    {"purge", "{\"dry_run\":true}", MAINTENANCE, CLERK},
    {"wear_reset", "{\"door\":\"A01\",\"part\":\"lock\",\"why\":\"x\"}", MAINTENANCE, CLERK},
    {"staff_remove", "{\"staff\":\"nobody\"}", SUPERVISOR, CLERK},
};

static void each_role_has_its_own_work(void **state)
{
    (void)state;
    hire_all();
    announce("Y1", "11112222");
    for (size_t i = 0; i < LK_ARRAY_SIZE(roles); i++) {
        const char *answer = ask(roles[i].command, roles[i].args, roles[i].yes);
        if (strstr(answer, "not for your role") || strstr(answer, "sign_in")) {
            fail_msg("%s%s: %s", roles[i].command, roles[i].yes, answer);
        }
        expect(roles[i].command, roles[i].args, roles[i].no, "\"reason\":\"not_allowed\"");
    }
}

/* --- two people */

static void a_second_compartment_takes_two_people(void **state)
{
    (void)state;
    hire_all();
    open_and_shut(0, "A01", MAINTENANCE);
    expect("open", "{\"door\":\"A02\",\"why\":\"x\"}", MAINTENANCE, "\"reason\":\"second_person\"");
    expect("open", "{\"door\":\"A02\",\"why\":\"x\"}", WITH("k1", "9999"), "\"reason\":\"sign_in_failed\"");
    expect("open", "{\"door\":\"A02\",\"why\":\"x\"}", WITH("c1", "3333"), "\"reason\":\"second_person\"");
    expect("open", "{\"door\":\"A02\",\"why\":\"x\"}", SUPERVISOR WITH("s1", "2222"), "\"reason\":\"second_person\"");
    assert_int_equal(t.board[0]->pulses[1], 0);
    open_and_shut(1, "A02", SUPERVISOR WITH("k1", "1111"));
    const char *events = ask("events", "{\"after\":0}", "");
    assert_non_null(strstr(events, "\"second\":\"k1\""));
}

/* Naming a second person must not be a way to guess their PIN. */
static void law_8_wrong_pins_of_the_second_count_too(void **state)
{
    (void)state;
    hire_all();
    for (int i = 0; i < 5; i++) {
        expect("open", "{\"door\":\"A02\",\"why\":\"x\"}", WITH("k1", "0000"), "\"reason\":\"sign_in_failed\"");
    }
    expect("open", "{\"door\":\"A02\",\"why\":\"x\"}", WITH("k1", "1111"), "\"reason\":\"locked_out\"");
    expect("status", "{}", CLERK, "\"reason\":\"locked_out\"");
    assert_int_equal(t.board[0]->pulses[1], 0);
}

static const char *try_pin(const char *staff, const char *pin)
{
    char line[200];
    (void)snprintf(line, sizeof(line), "{\"id\":1,\"cmd\":\"status\",\"staff\":\"%s\",\"pin\":\"%s\"}", staff, pin);
    say(line);
    return hear();
}

static void hire(const char *staff, const char *role, const char *pin)
{
    char line[300];
    (void)snprintf(line, sizeof(line),
                   "{\"id\":1,\"cmd\":\"staff_add\",\"args\":{\"staff\":\"%s\",\"role\":\"%s\",\"pin\":\"%s\"}}", staff,
                   role, pin);
    say(line);
    assert_non_null(strstr(hear(), "\"ok\":true"));
}

/* Who has a PIN of their own must not be able to guess somebody else's by giving the own one in between. */
static void law_8_an_own_pin_does_not_pay_for_guesses(void **state)
{
    (void)state;
    hire("boss", "maintenance", "483920");
    hire("eve", "courier", "1111");
    for (int i = 0; i < 4; i++) {
        assert_non_null(strstr(try_pin("boss", "000000"), "sign_in_failed"));
    }
    assert_non_null(strstr(try_pin("eve", "1111"), "\"ok\":true"));
    assert_non_null(strstr(try_pin("boss", "000001"), "sign_in_failed"));
    assert_non_null(strstr(try_pin("boss", "483920"), "locked_out"));
    rig_pass_ms(&t.rig, 61000);
    assert_non_null(strstr(try_pin("boss", "483920"), "\"ok\":true"));
    for (int i = 0; i < 6; i++) { /* nobody is slowed down by right ones */
        assert_non_null(strstr(try_pin("boss", "483920"), "\"ok\":true"));
    }
}

static unsigned count(const char *text, const char *word)
{
    unsigned n = 0;
    for (const char *at = strstr(text, word); at; at = strstr(at + 1, word)) {
        n++;
    }
    return n;
}

/* Guesses sent together count before the first of them is judged. */
static void law_8_guesses_at_once_are_no_more_than_in_a_row(void **state)
{
    (void)state;
    char lines[2000] = "", all[4000] = "";
    hire("boss", "maintenance", "483920");
    for (int id = 1; id <= 8; id++) {
        char line[120];
        (void)snprintf(line, sizeof(line), "{\"id\":%d,\"cmd\":\"status\",\"staff\":\"boss\",\"pin\":\"00000%d\"}%s",
                       id, id, id < 8 ? "\n" : "");
        (void)strcat(lines, line);
    }
    say(lines);
    int64_t limit = real_ms() + ANSWER_WITHIN_MS;
    while (count(all, "\"ok\":false") < 8 && real_ms() < limit) {
        const char *more = hear();
        (void)strncat(all, more, sizeof(all) - strlen(all) - 1);
    }
    assert_int_equal(count(all, "sign_in_failed"), 5);
    assert_int_equal(count(all, "not_now"), 3);
}

/* The check takes its time; what became of the member meanwhile counts. */
static void who_was_removed_during_the_check_is_not_let_through(void **state)
{
    (void)state;
    hire_all();
    say("{\"id\":1,\"cmd\":\"block\",\"args\":{\"door\":\"A01\",\"why\":\"x\"}" SUPERVISOR "}");
    assert_int_equal(lk_store_staff_remove(t.app.store, "s1", &t.rig.now), 0);
    assert_non_null(strstr(hear(), "\"reason\":\"sign_in_failed\""));
    assert_int_equal(lk_engine_core(t.app.engine)->door[0].use, LK_USE_FREE);
}

/* --- items */

static void the_window_receives_sends_and_returns(void **state)
{
    (void)state;
    hire_all();
    announce("Y1", "11112222");
    expect("item_receive", "{\"item\":\"Y1\",\"why\":\"bag 7\"}", CLERK, "{\"item\":\"Y1\",\"custody\":\"at_window\"}");
    expect("item_receive", "{\"item\":\"Y1\"}", CLERK, "\"ok\":false,\"reason\":\"at_window\"");
    expect("item_extend", "{\"item\":\"Y1\"}", CLERK, "\"ok\":false,\"reason\":\"at_window\"");
    expect("item_return", "{\"item\":\"Y1\"}", CLERK, "\"ok\":false,\"reason\":\"not_allowed\"");
    expect("item_send", "{\"item\":\"Y1\",\"waybill\":\"E 1\"}", CLERK, "\"ok\":false,\"reason\":\"bad_waybill\"");
    expect("item_send", "{\"item\":\"Y1\",\"waybill\":\"EMS77\"}", CLERK, "\"custody\":\"with_courier\"");
    expect("items", "{\"item\":\"Y1\"}", "", "\"waybill\":\"EMS77\"");
    expect("item_receive", "{\"item\":\"Y1\"}", SUPERVISOR, "\"custody\":\"at_window\"");
    expect("item_reject", "{\"item\":\"Y1\",\"why\":\"does not want it\"}", CLERK, "\"custody\":\"at_window\"");
    expect("items", "{}", "", "\"rejected\":true,\"dropoff\":false,\"code\":false");
    expect("item_return", "{\"item\":\"Y1\"}", CLERK, "\"custody\":\"returned\"");
    expect("item_receive", "{\"item\":\"nobody\"}", CLERK, "\"ok\":false,\"reason\":\"no_such_item\"");
}

/* Why is part of the record, not only of the daemon's log. */
static void why_is_kept_with_the_event(void **state)
{
    (void)state;
    hire_all();
    announce("Y1", "11112222");
    expect("block", "{\"door\":\"A01\",\"why\":\"门轴坏了\"}", "", "\"door\":\"A01\"");
    expect("item_receive", "{\"item\":\"Y1\",\"why\":\"bag 7\"}", CLERK, "\"ok\":true");
    const char *events = ask("events", "{\"after\":0}", "");
    assert_non_null(strstr(events, "\"note\":\"门轴坏了\""));
    assert_non_null(strstr(events, "\"note\":\"bag 7\""));
}

static void an_item_is_told_whole_only_by_its_id(void **state)
{
    (void)state;
    announce("Y1", "11112222");
    const char *all = ask("items", "{}", "");
    assert_null(strstr(all, "\"name\""));
    assert_non_null(strstr(all, "\"code\":true"));
    const char *one = ask("items", "{\"item\":\"Y1\"}", "");
    assert_non_null(strstr(one, "\"name\":null,\"case\":null,\"site\":null,\"waybill\":null"));
    assert_non_null(strstr(one, "\"second_factor\":false,\"extended\":0,\"holders\":[\"recipient\"]"));
    assert_non_null(strstr(one, "\"retain_until\":null,\"reminded\":false,\"told_overdue\":false"));
}

static void recalls_are_listed(void **state)
{
    (void)state;
    expect("recalls", "{}", "", "{\"items\":[],\"more\":false}");
    expect("recalls", "{\"round\":true}", "", "{\"items\":[],\"more\":false}");
    expect("recalls", "{\"round\":1}", "", "\"reason\":\"bad_argument\"");
}

/* --- inspections */

static void an_inspection_is_compared_with_the_records(void **state)
{
    (void)state;
    expect("inspected", "{\"door\":\"A01\",\"holds\":false}", "", "{\"door\":\"A01\",\"reason\":\"as_expected\"}");
    expect("inspected", "{\"door\":\"A01\",\"holds\":true,\"why\":\"a bag\"}", "", "\"reason\":\"not_empty\"");
    assert_int_equal(lk_engine_core(t.app.engine)->door[0].use, LK_USE_BLOCKED);
    expect("round_done", "{\"seen\":8,\"mismatches\":1}", "", "\"result\":{}");
}

/* A new site is not asked for a round at once; after a week it is, until somebody made one. */
static void a_round_is_asked_for_after_a_week(void **state)
{
    (void)state;
    expect("status", "{}", "",
           "\"inspection\":{\"last\":null,\"undated\":false,\"every_days\":7,\"due\":false},\"two_person_s\":1800");
    days_pass(6);
    expect("status", "{}", "", "\"last\":null,\"undated\":false,\"every_days\":7,\"due\":false");
    days_pass(2);
    expect("status", "{}", "", "\"last\":null,\"undated\":false,\"every_days\":7,\"due\":true");
    expect("selfcheck", "{}", "", "{\"check\":\"inspection\",\"place\":\"\",\"ok\":false,\"reason\":\"overdue\"");
    expect("metrics", "{}", "", "lockerd_inspection_due 1\\n");
    expect("round_done", "{\"seen\":8}", "", "\"ok\":true");
    const char *status = ask("status", "{}", "");
    assert_null(strstr(status, "\"inspection\":{\"last\":null"));
    assert_non_null(strstr(status, "\"every_days\":7,\"due\":false"));
    days_pass(8);
    expect("status", "{}", "", "\"every_days\":7,\"due\":true");
}

/* A round by a clock that is years late would be too long ago at once, and one years ahead for years not. */
static void law_11_a_wrong_clock_makes_no_round_due(void **state)
{
    (void)state;
    days_pass(-20 * 365);
    lk_clock_sim_set_quality(t.rig.clock, LK_HAL_CLOCK_RTC);
    expect("round_done", "{\"seen\":8}", "", "\"ok\":true");
    expect("status", "{}", "", "\"last\":null,\"undated\":true,\"every_days\":7,\"due\":false");
    expect("metrics", "{}", "", "lockerd_inspection_last_timestamp_seconds 0\\n");
    lk_clock_sim_set_quality(t.rig.clock, LK_HAL_CLOCK_SYNCED);
    days_pass(20 * 365);
    expect("status", "{}", "", "\"last\":null,\"undated\":true,\"every_days\":7,\"due\":false");
}

/* --- forgetting people */

/* Y1 was collected so long ago that nobody may know its recipient any more. */
static void a_purge_is_done_now(void **state)
{
    (void)state;
    hire_all();
    announce("Y1", "11112222");
    expect("item_receive", "{\"item\":\"Y1\"}", CLERK, "\"ok\":true");
    expect("item_hand_over", "{\"item\":\"Y1\",\"digits\":\"99990000\"}", CLERK, "\"reason\":\"wrong_code\"");
    expect("item_hand_over", "{\"item\":\"Y1\"}", CLERK, "\"reason\":\"wrong_code\"");
    expect("item_hand_over", "{\"item\":\"Y1\",\"digits\":\"11112222\"}", CLERK, "\"custody\":\"collected\"");
    expect("purge", "{\"dry_run\":1}", "", "args.dry_run: must be true or false");
    expect("purge", "{\"dry_run\":true}", "",
           "{\"dry_run\":true,\"synced\":true,\"erase\":0,\"records\":0,\"more\":false}");
    days_pass(31);
    expect("purge", "{\"dry_run\":true}", "", "\"erase\":1");
    assert_null(strstr(ask("events", "{\"after\":0}", ""), "item.erased"));
    expect("purge", "{}", SUPERVISOR, "{\"dry_run\":false,\"synced\":true,\"erase\":1,\"records\":0,\"more\":false}");
    assert_int_equal(count(ask("events", "{\"after\":0}", ""), "locker.item.erased.v1"), 1);
    expect("purge", "{\"dry_run\":true}", "", "\"erase\":0");
}

/* --- arguments */

static const struct {
    const char *command, *args, *words;
} bad[] = {
    {"wear_reset", "{\"door\":\"A01\",\"part\":\"lock\"}", "args.why: is missing"},
    {"wear_reset", "{\"door\":\"A01\",\"part\":\"hinge\",\"why\":\"x\"}", "args.part: must be"},
    {"wear_reset", "{\"bank\":\"Z\",\"part\":\"lock\",\"why\":\"x\"}", "no such door or bank"},
    {"wear_reset", "{\"part\":\"lock\",\"why\":\"x\"}", "args.door: is missing"},
    {"block", "{\"door\":\"A01\"}", "args.why: is missing"},
    {"block", "{\"door\":\"A01\",\"why\":\"a\\nb\"}", "args.why: must be one line"},
    {"block", "{\"why\":\"x\"}", "args.door: is missing"},
    {"block", "{\"door\":\"Z99\",\"why\":\"x\"}", "no such door"},
    {"unblock", "{\"bank\":\"Z\",\"why\":\"x\"}", "no such bank"},
    {"settle", "{\"item\":\"Y1\",\"to\":\"nowhere\",\"why\":\"x\"}", "args.to: must be"},
    {"inspected", "{\"door\":\"A01\"}", "args.holds: must be true or false"},
    {"inspected", "{\"door\":\"A01\",\"holds\":1}", "args.holds: must be true or false"},
    {"inspected", "{\"holds\":true}", "args.door: is missing"},
    {"round_done", "{}", "args.seen: must be 1 or more"},
    {"round_done", "{\"seen\":3,\"mismatches\":4}", "no less than args.mismatches"},
    {"round_done", "{\"seen\":513}", "args.seen: must be a whole number from 0 to 512"},
    {"round_done", "{\"seen\":1,\"worst\":\"expired\"}", "args.worst: must be"},
};

static const struct {
    const char *command, *args, *words;
} bad_at_window[] = {
    {"item_receive", "{}", "args.item: is missing"},
    {"item_send", "{\"item\":\"Y1\"}", "args.waybill: is missing"},
    {"item_extend", "{\"item\":\"Y1\",\"days\":-1}", "args.days: must be a whole number"},
    {"item_extend", "{\"item\":\"Y1\",\"days\":366}", "args.days: must be a whole number"},
    {"item_hand_over", "{\"item\":\"Y1\",\"digits\":\"12\"}", "args.digits: must be 4 to 16 digits"},
    {"item_hand_over", "{\"item\":\"Y1\",\"digits\":\"12a4\"}", "args.digits: must be 4 to 16 digits"},
};

static void names_the_argument_that_is_wrong(void **state)
{
    (void)state;
    hire_all();
    announce("Y1", "11112222");
    for (size_t i = 0; i < LK_ARRAY_SIZE(bad); i++) {
        expect(bad[i].command, bad[i].args, "", bad[i].words);
    }
    for (size_t i = 0; i < LK_ARRAY_SIZE(bad_at_window); i++) {
        expect(bad_at_window[i].command, bad_at_window[i].args, CLERK, bad_at_window[i].words);
    }
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        CASE(each_role_has_its_own_work),
        CASE(a_second_compartment_takes_two_people),
        CASE(law_8_wrong_pins_of_the_second_count_too),
        CASE(law_8_an_own_pin_does_not_pay_for_guesses),
        CASE(law_8_guesses_at_once_are_no_more_than_in_a_row),
        CASE(who_was_removed_during_the_check_is_not_let_through),
        CASE(the_window_receives_sends_and_returns),
        CASE(why_is_kept_with_the_event),
        CASE(an_item_is_told_whole_only_by_its_id),
        CASE(recalls_are_listed),
        CASE(an_inspection_is_compared_with_the_records),
        CASE(a_round_is_asked_for_after_a_week),
        CASE(law_11_a_wrong_clock_makes_no_round_due),
        CASE(a_purge_is_done_now),
        CASE(names_the_argument_that_is_wrong),
    };
    return cmocka_run_group_tests_name("app_admin", tests, NULL, NULL);
}
