/* The helper thread and the PINs it checks. Run under the thread sanitizer too. */
#include "unit/app/rig.h"

#include "pins.h"
#include "worker.h"

#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 16, WAIT_MS = 20000 };

static struct {
    struct event_base *base;
    struct lk_worker *worker;
    int hold[2]; /* a job that waits for a byte here */
    char ran[64], done[64];
    unsigned ran_n, done_n;
} t;

struct numbered {
    char name;
    bool waits, ran;
};

static void run(void *arg)
{
    struct numbered *job = arg;
    char byte = 0;
    if (job->waits) {
        assert_int_equal(read(t.hold[0], &byte, 1), 1);
    }
    job->ran = true;
    t.ran[t.ran_n++] = job->name;
}

static void done(void *arg)
{
    const struct numbered *job = arg;
    t.done[t.done_n++] = job->name;
}

static int give(struct numbered *job)
{
    return lk_worker_give(t.worker, &(struct lk_job){.run = run, .done = done, .arg = job});
}

static void let_go(void)
{
    assert_int_equal(write(t.hold[1], "x", 1), 1);
}

static int64_t read_ms(clockid_t clock)
{
    struct timespec ts;
    (void)clock_gettime(clock, &ts);
    return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

static int64_t now_ms(void)
{
    return read_ms(CLOCK_MONOTONIC);
}

/* What this process computed; how busy the machine is does not matter. */
static int64_t processor_ms(void)
{
    return read_ms(CLOCK_PROCESS_CPUTIME_ID);
}

static void loop_until_done(unsigned n)
{
    int64_t limit = now_ms() + WAIT_MS;
    while (t.done_n < n && now_ms() < limit) {
        struct timeval tv = {.tv_usec = 100000};
        (void)event_base_loopexit(t.base, &tv);
        (void)event_base_loop(t.base, EVLOOP_ONCE);
    }
    assert_int_equal(t.done_n, n);
}

static int make_worker(void **state)
{
    (void)state;
    memset(&t, 0, sizeof(t));
    t.base = event_base_new();
    return t.base && pipe(t.hold) == 0 ? lk_worker_create(t.base, &t.worker) : -1;
}

static int end_worker(void **state)
{
    (void)state;
    t.worker = lk_worker_destroy(t.worker);
    event_base_free(t.base);
    (void)close(t.hold[0]);
    (void)close(t.hold[1]);
    return 0;
}

static void jobs_run_in_order(void **state)
{
    (void)state;
    struct numbered jobs[5] = {{.name = 'a'}, {.name = 'b'}, {.name = 'c'}, {.name = 'd'}, {.name = 'e'}};
    for (int i = 0; i < 5; i++) {
        assert_int_equal(give(&jobs[i]), 0);
    }
    loop_until_done(5);
    assert_string_equal(t.ran, "abcde");
    assert_string_equal(t.done, "abcde");
}

static void a_full_queue_refuses_and_forgets(void **state)
{
    (void)state;
    struct numbered jobs[MOST] = {{.waits = true}}, more = {.name = '!'};
    for (int i = 0; i < MOST; i++) {
        jobs[i].name = (char)('a' + i);
        assert_int_equal(give(&jobs[i]), 0);
    }
    assert_int_equal(give(&more), -EAGAIN);
    let_go();
    loop_until_done(MOST);
    assert_false(more.ran);
    assert_string_equal(t.done, "abcdefghijklmnop");
    assert_int_equal(give(&more), 0); /* there is room again */
    loop_until_done(MOST + 1);
}

/* Exactly one done for each job given, run or not; the one under way is waited for. */
static void destroy_while_busy_ends_every_job(void **state)
{
    (void)state;
    struct numbered jobs[3] = {{.name = 'a', .waits = true}, {.name = 'b', .waits = true}, {.name = 'c'}};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(give(&jobs[i]), 0);
    }
    let_go(); /* for a; whether b is begun is up to the threads */
    let_go();
    t.worker = lk_worker_destroy(t.worker);
    assert_int_equal(t.done_n, 3);
    assert_string_equal(t.done, "abc");
}

static void destroying_an_idle_worker_is_quick(void **state)
{
    (void)state;
    int64_t before_ms = now_ms();
    for (int i = 0; i < 5; i++) {
        t.worker = lk_worker_destroy(t.worker);
        assert_int_equal(lk_worker_create(t.base, &t.worker), 0);
    }
    assert_true(now_ms() - before_ms < 4000); /* five polls of a second would be 5 000 */
}

/* --- PINs */

static struct {
    char encoded[LK_PIN_HASH_MAX + 1];
    int error;
    bool ok;
} pin;

static void hashed(void *user, void *cookie, int error, const char *encoded)
{
    assert_ptr_equal(user, &pin);
    assert_ptr_equal(cookie, &t);
    pin.error = error;
    (void)lk_text_copy(pin.encoded, sizeof(pin.encoded), encoded);
    t.done_n++;
}

static void checked(void *user, void *cookie, bool ok)
{
    assert_ptr_equal(user, &pin);
    assert_ptr_equal(cookie, &t);
    pin.ok = ok;
    t.done_n++;
}

static bool check(const char *text, const char *encoded)
{
    pin.ok = true;
    t.done_n = 0;
    assert_int_equal(lk_pin_check(t.worker, text, encoded, checked, &pin, &t), 0);
    loop_until_done(1);
    return pin.ok;
}

static void only_the_right_pin_is_right(void **state)
{
    (void)state;
    char first[LK_PIN_HASH_MAX + 1];
    assert_int_equal(lk_pin_hash(t.worker, "4711", hashed, &pin, &t), 0);
    loop_until_done(1);
    assert_int_equal(pin.error, 0);
    assert_memory_equal(pin.encoded, "$argon2id$", 10);
    assert_null(strstr(pin.encoded, "4711"));
    (void)lk_text_copy(first, sizeof(first), pin.encoded);
    assert_int_equal(lk_pin_hash(t.worker, "4711", hashed, &pin, &t), 0);
    loop_until_done(2);
    assert_string_not_equal(first, pin.encoded); /* salted */
    assert_true(check("4711", first));
    assert_false(check("4712", first));
    assert_false(check("471", first));
    assert_false(check("47111", first));
    assert_false(check("", first));
    assert_false(check("4711", "$argon2id$v=19$broken"));
    assert_false(check("4711", ""));
}

/* Who is not there takes the same path: the time must not tell. */
static void nobody_takes_as_long_as_somebody(void **state)
{
    (void)state;
    assert_int_equal(lk_pin_hash(t.worker, "4711", hashed, &pin, &t), 0);
    loop_until_done(1);
    int64_t begin_ms = processor_ms();
    assert_false(check("0815", pin.encoded));
    int64_t known_ms = processor_ms() - begin_ms;
    begin_ms = processor_ms();
    assert_false(check("0815", NULL));
    int64_t unknown_ms = processor_ms() - begin_ms;
    assert_true(unknown_ms * 4 > known_ms); /* not a benchmark: without the hash it would be some hundred times less */
}

static void a_pin_is_4_to_32_digits(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "123", "123456789012345678901234567890123", "12a4", "１２３４"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(lk_pin_hash(t.worker, bad[i], hashed, &pin, &t), -EINVAL);
    }
    assert_false(check("123456789012345678901234567890123", NULL)); /* too long to be anybody's */
}

static void too_many_checks_at_once_are_refused(void **state)
{
    (void)state;
    struct numbered jobs[MOST] = {{.waits = true}};
    for (int i = 0; i < MOST; i++) {
        assert_int_equal(give(&jobs[i]), 0);
    }
    assert_int_equal(lk_pin_check(t.worker, "4711", NULL, checked, &pin, &t), -EAGAIN);
    let_go();
    loop_until_done(MOST);
}

/* The verdict of a check that was never made is "no". */
static void a_check_cut_short_is_not_ok(void **state)
{
    (void)state;
    struct numbered job = {.name = 'a', .waits = true};
    assert_int_equal(give(&job), 0);
    pin.ok = true;
    assert_int_equal(lk_pin_check(t.worker, "4711", NULL, checked, &pin, &t), 0);
    let_go();
    t.worker = lk_worker_destroy(t.worker);
    assert_int_equal(t.done_n, 2);
    assert_false(pin.ok);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, make_worker, end_worker)
    const struct CMUnitTest tests[] = {
        CASE(jobs_run_in_order),
        CASE(a_full_queue_refuses_and_forgets),
        CASE(destroy_while_busy_ends_every_job),
        CASE(destroying_an_idle_worker_is_quick),
        CASE(only_the_right_pin_is_right),
        CASE(nobody_takes_as_long_as_somebody),
        CASE(a_pin_is_4_to_32_digits),
        CASE(too_many_checks_at_once_are_refused),
        CASE(a_check_cut_short_is_not_ok),
    };
    return cmocka_run_group_tests_name("worker", tests, NULL, NULL);
}
