/* The watchdog, against a service manager of our own: a datagram socket that keeps what it is told. */
#include "base/cleanup.h"
#include "hal/watchdog_linux.h"
#include "hal/watchdog_sim.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

struct manager {
    char dir[64];
    struct sockaddr_un address;
    int fd;
};

static int setup(void **state)
{
    static struct manager m;
    *state = &m;
    strcpy(m.dir, "/tmp/lk-watchdog-XXXXXX");
    if (!mkdtemp(m.dir)) {
        return -1;
    }
    m.address.sun_family = AF_UNIX;
    snprintf(m.address.sun_path, sizeof(m.address.sun_path), "%s/notify", m.dir);
    m.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (m.fd < 0 || bind(m.fd, (struct sockaddr *)&m.address, sizeof(m.address)) != 0) {
        return -1;
    }
    return setenv("NOTIFY_SOCKET", m.address.sun_path, 1);
}

static int teardown(void **state)
{
    struct manager *m = *state;
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    lk_closep(&m->fd);
    (void)unlink(m->address.sun_path);
    return rmdir(m->dir);
}

/* What the manager was told next; "" when nothing. */
static const char *heard(struct manager *m)
{
    static char text[1024];
    ssize_t n = recv(m->fd, text, sizeof(text) - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

static struct lk_watchdog *make(void)
{
    struct lk_watchdog *watchdog = NULL;
    assert_int_equal(lk_watchdog_linux_create(&watchdog), 0);
    return watchdog;
}

static void tells_the_manager(void **state)
{
    struct lk_watchdog *watchdog = make();
    assert_int_equal(lk_watchdog_tell(watchdog, LK_WATCHDOG_READY), 0);
    assert_string_equal(heard(*state), "READY=1");
    assert_int_equal(lk_watchdog_tell(watchdog, LK_WATCHDOG_FEED), 0);
    assert_string_equal(heard(*state), "WATCHDOG=1");
    assert_int_equal(lk_watchdog_tell(watchdog, LK_WATCHDOG_STOPPING), 0);
    assert_string_equal(heard(*state), "STOPPING=1");
    assert_int_equal(lk_watchdog_status(watchdog, "16 boards, 3 doors open"), 0);
    assert_string_equal(heard(*state), "STATUS=16 boards, 3 doors open");
    assert_string_equal(heard(*state), "");
    assert_null(lk_watchdog_destroy(watchdog));
    assert_null(lk_watchdog_destroy(NULL));
}

static void a_status_is_never_another_message(void **state)
{
    struct lk_watchdog *watchdog = make();
    assert_int_equal(lk_watchdog_status(watchdog, "a\nREADY=1\nWATCHDOG=1"), 0);
    assert_string_equal(heard(*state), "STATUS=a READY=1 WATCHDOG=1");
    (void)lk_watchdog_destroy(watchdog);
}

static void a_long_status_is_cut_between_characters(void **state)
{
    struct lk_watchdog *watchdog = make();
    char text[3 * 100 + 1];
    for (size_t shift = 0; shift < 3; shift++) {
        memset(text, '.', shift);
        for (size_t i = shift; i + 3 < sizeof(text); i += 3) {
            memcpy(text + i, "\xe6\x9f\x9c", 3); /* the sign for cabinet */
        }
        text[shift + 3 * 90] = '\0';
        assert_int_equal(lk_watchdog_status(watchdog, text), 0);
        const char *got = heard(*state);
        size_t n = strlen(got) - strlen("STATUS=");
        assert_true(n < LK_WATCHDOG_STATUS_MAX && n + 3 >= LK_WATCHDOG_STATUS_MAX);
        assert_int_equal((n - shift) % 3, 0);
        assert_memory_equal(got + strlen("STATUS="), text, n);
    }
    (void)lk_watchdog_destroy(watchdog);
}

static void interval_is_half_of_what_is_allowed(void **state)
{
    (void)state;
    struct lk_watchdog *watchdog = make();
    assert_int_equal(lk_watchdog_interval_ms(watchdog), 0);
    (void)lk_watchdog_destroy(watchdog);
    setenv("WATCHDOG_USEC", "10000000", 1);
    watchdog = make();
    assert_int_equal(lk_watchdog_interval_ms(watchdog), 5000);
    (void)lk_watchdog_destroy(watchdog);
    setenv("WATCHDOG_USEC", "100", 1);
    watchdog = make();
    assert_int_equal(lk_watchdog_interval_ms(watchdog), 1);
    (void)lk_watchdog_destroy(watchdog);
    setenv("WATCHDOG_USEC", "10000000", 1);
    setenv("WATCHDOG_PID", "1", 1); /* meant for another process */
    watchdog = make();
    assert_int_equal(lk_watchdog_interval_ms(watchdog), 0);
    (void)lk_watchdog_destroy(watchdog);
}

static void nonsense_from_the_manager_is_refused(void **state)
{
    struct lk_watchdog *watchdog = NULL;
    (void)state;
    setenv("WATCHDOG_USEC", "soon", 1);
    assert_int_equal(lk_watchdog_linux_create(&watchdog), -EINVAL);
    setenv("WATCHDOG_USEC", "0", 1);
    assert_int_equal(lk_watchdog_linux_create(&watchdog), -EINVAL);
    setenv("WATCHDOG_USEC", "1000", 1);
    setenv("WATCHDOG_PID", "me", 1);
    assert_int_equal(lk_watchdog_linux_create(&watchdog), -EINVAL);
    assert_null(watchdog);
}

static void without_a_manager_nothing_happens(void **state)
{
    struct manager *m = *state;
    unsetenv("NOTIFY_SOCKET");
    struct lk_watchdog *watchdog = make();
    assert_int_equal(lk_watchdog_tell(watchdog, LK_WATCHDOG_READY), 0);
    assert_int_equal(lk_watchdog_status(watchdog, "x"), 0);
    assert_string_equal(heard(m), "");
    (void)lk_watchdog_destroy(watchdog);
}

static void a_manager_that_went_is_an_error_not_a_crash(void **state)
{
    struct manager *m = *state;
    struct lk_watchdog *watchdog = make();
    (void)unlink(m->address.sun_path);
    assert_true(lk_watchdog_tell(watchdog, LK_WATCHDOG_FEED) < 0);
    (void)lk_watchdog_destroy(watchdog);
}

static void a_manager_may_have_an_abstract_address(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char name[64], text[32] = "";
    (void)state;
    int len = snprintf(name, sizeof(name), "@lk-watchdog-%d", (int)getpid());
    memcpy(address.sun_path + 1, name + 1, (size_t)len - 1);
    LK_CLEANUP(lk_closep) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)len);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    setenv("NOTIFY_SOCKET", name, 1);
    struct lk_watchdog *watchdog = make();
    assert_int_equal(lk_watchdog_tell(watchdog, LK_WATCHDOG_READY), 0);
    assert_int_equal(recv(fd, text, sizeof(text) - 1, 0), strlen("READY=1"));
    assert_string_equal(text, "READY=1");
    (void)lk_watchdog_destroy(watchdog);
}

static void an_address_that_is_none_is_refused(void **state)
{
    char longest[200];
    (void)state;
    memset(longest, 'x', sizeof(longest) - 1);
    longest[0] = '/';
    longest[sizeof(longest) - 1] = '\0';
    const char *const names[] = {"", "/", "@", "vsock:2:1234", "relative/path", longest};
    struct lk_watchdog *watchdog = make();
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        setenv("NOTIFY_SOCKET", names[i], 1);
        assert_int_equal(lk_watchdog_tell(watchdog, LK_WATCHDOG_READY), -EINVAL);
    }
    (void)lk_watchdog_destroy(watchdog);
}

static void sim_remembers(void **state)
{
    struct lk_watchdog *watchdog = NULL;
    (void)state;
    assert_int_equal(lk_watchdog_sim_create(250, &watchdog), 0);
    assert_int_equal(lk_watchdog_interval_ms(watchdog), 250);
    assert_string_equal(lk_watchdog_sim_status(watchdog), "");
    assert_int_equal(lk_watchdog_tell(watchdog, LK_WATCHDOG_FEED), 0);
    assert_int_equal(lk_watchdog_tell(watchdog, LK_WATCHDOG_FEED), 0);
    assert_int_equal(lk_watchdog_status(watchdog, "ready"), 0);
    assert_int_equal(lk_watchdog_sim_count(watchdog, LK_WATCHDOG_FEED), 2);
    assert_int_equal(lk_watchdog_sim_count(watchdog, LK_WATCHDOG_READY), 0);
    assert_string_equal(lk_watchdog_sim_status(watchdog), "ready");
    lk_watchdog_sim_fail(watchdog, -EIO);
    assert_int_equal(lk_watchdog_tell(watchdog, LK_WATCHDOG_FEED), -EIO);
    assert_int_equal(lk_watchdog_sim_count(watchdog, LK_WATCHDOG_FEED), 2);
    (void)lk_watchdog_destroy(watchdog);
}

#define WITH_MANAGER(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_MANAGER(tells_the_manager),
        WITH_MANAGER(a_status_is_never_another_message),
        WITH_MANAGER(a_long_status_is_cut_between_characters),
        WITH_MANAGER(interval_is_half_of_what_is_allowed),
        WITH_MANAGER(nonsense_from_the_manager_is_refused),
        WITH_MANAGER(without_a_manager_nothing_happens),
        WITH_MANAGER(a_manager_that_went_is_an_error_not_a_crash),
        WITH_MANAGER(a_manager_may_have_an_abstract_address),
        WITH_MANAGER(an_address_that_is_none_is_refused),
        cmocka_unit_test(sim_remembers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
