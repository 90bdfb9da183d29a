/* The serial line: one contract on a real tty (a pseudo terminal) and on the simulated one, then what only a tty has.
 */
#include "base/cleanup.h"
#include "hal/serial_linux.h"
#include "hal/serial_sim.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

/* One device under test, whichever it is. */
struct rig {
    struct lk_serial *serial;
    bool real;
    int master;     /* of the pseudo terminal */
    char path[128]; /* of its other side */
};

static int open_master(struct rig *rig)
{
    rig->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    return rig->master >= 0 && grantpt(rig->master) == 0 && unlockpt(rig->master) == 0 &&
                   ptsname_r(rig->master, rig->path, sizeof(rig->path)) == 0
               ? 0
               : -1;
}

static int setup(void **state, bool real)
{
    struct rig *rig = calloc(1, sizeof(*rig));
    if (!rig) {
        return -1;
    }
    rig->real = real;
    rig->master = -1;
    *state = rig;
    if (!real) {
        return lk_serial_sim_create(&rig->serial);
    }
    return open_master(rig) != 0 ? -1 : lk_serial_linux_create(rig->path, 9600, &rig->serial);
}

static int setup_real(void **state)
{
    return setup(state, true);
}

static int setup_sim(void **state)
{
    return setup(state, false);
}

static int teardown(void **state)
{
    struct rig *rig = *state;
    (void)lk_serial_destroy(rig->serial);
    lk_closep(&rig->master);
    free(rig);
    return 0;
}

static void arrive(struct rig *rig, const char *text)
{
    size_t n = strlen(text);
    if (rig->real) {
        assert_int_equal(write(rig->master, text, n), n);
    } else {
        assert_int_equal(lk_serial_sim_arrive(rig->serial, text, n), 0);
    }
}

static void unplug(struct rig *rig)
{
    if (rig->real) {
        lk_closep(&rig->master);
    } else {
        lk_serial_sim_unplug(rig->serial, -ENOENT);
    }
}

static bool readable(const struct lk_serial *serial)
{
    struct pollfd p = {.fd = lk_serial_fd(serial), .events = POLLIN};
    return poll(&p, 1, 1000) == 1;
}

static void closed_at_first(void **state)
{
    struct rig *rig = *state;
    char byte;
    assert_int_equal(lk_serial_fd(rig->serial), -1);
    assert_int_equal(lk_serial_read(rig->serial, &byte, 1), -EBADF);
    assert_int_equal(lk_serial_write(rig->serial, "x", 1), -EBADF);
    lk_serial_close(rig->serial);
    assert_null(lk_serial_destroy(NULL));
}

static void reads_what_arrived_byte_for_byte(void **state)
{
    struct rig *rig = *state;
    static const char text[] = "A\rB\n\x03\x11\x13\x1a\x7f\xff 1";
    char got[64];
    assert_int_equal(lk_serial_open(rig->serial), 0);
    assert_int_equal(lk_serial_open(rig->serial), 0);
    assert_true(lk_serial_fd(rig->serial) >= 0);
    assert_int_equal(lk_serial_read(rig->serial, got, sizeof(got)), -EAGAIN);
    assert_int_equal(lk_serial_read(rig->serial, got, 0), -EINVAL);
    arrive(rig, text);
    assert_true(readable(rig->serial));
    assert_int_equal(lk_serial_read(rig->serial, got, 2), 2);
    ssize_t n = lk_serial_read(rig->serial, got + 2, sizeof(got) - 2);
    assert_int_equal(n, sizeof(text) - 1 - 2);
    assert_memory_equal(got, text, sizeof(text) - 1);
    assert_int_equal(lk_serial_read(rig->serial, got, sizeof(got)), -EAGAIN);
}

static void writes_reach_the_other_side(void **state)
{
    struct rig *rig = *state;
    char got[16] = {0};
    assert_int_equal(lk_serial_open(rig->serial), 0);
    assert_int_equal(lk_serial_write(rig->serial, "\x04\xe4\n", 3), 3);
    if (rig->real) {
        struct pollfd p = {.fd = rig->master, .events = POLLIN};
        assert_int_equal(poll(&p, 1, 1000), 1);
        assert_int_equal(read(rig->master, got, sizeof(got)), 3);
    } else {
        assert_int_equal(lk_serial_sim_take(rig->serial, got, sizeof(got)), 3);
    }
    assert_memory_equal(got, "\x04\xe4\n", 3);
}

static void vanishing_is_told(void **state)
{
    struct rig *rig = *state;
    char byte;
    assert_int_equal(lk_serial_open(rig->serial), 0);
    unplug(rig);
    assert_true(readable(rig->serial));
    assert_int_equal(lk_serial_read(rig->serial, &byte, 1), -ENODEV);
    assert_int_equal(lk_serial_read(rig->serial, &byte, 1), -ENODEV);
    assert_int_equal(lk_serial_write(rig->serial, "x", 1), -ENODEV);
    lk_serial_close(rig->serial);
    assert_int_equal(lk_serial_fd(rig->serial), -1);
    assert_int_equal(lk_serial_open(rig->serial), -ENOENT);
    assert_int_equal(lk_serial_fd(rig->serial), -1);
    assert_int_equal(lk_serial_retry_at_ms(500), 1500);
}

static void what_came_before_opening_is_thrown_away(void **state)
{
    struct rig *rig = *state;
    char got[16];
    if (rig->real) {
        /* A slave that stays open keeps what is written while we are away. */
        LK_CLEANUP(lk_closep) int other = open(rig->path, O_RDWR | O_NOCTTY | O_CLOEXEC);
        assert_true(other >= 0);
        arrive(rig, "old\n");
        assert_int_equal(lk_serial_open(rig->serial), 0);
        assert_int_equal(lk_serial_read(rig->serial, got, sizeof(got)), -EAGAIN);
    } else {
        assert_int_equal(lk_serial_sim_arrive(rig->serial, "old\n", 4), -ENODEV);
        assert_int_equal(lk_serial_open(rig->serial), 0);
        assert_int_equal(lk_serial_read(rig->serial, got, sizeof(got)), -EAGAIN);
    }
}

/* --- only a tty ----------------------------------------------------------------------------------------------------
 */

static void tty_is_raw_at_the_speed(void **state)
{
    struct rig *rig = *state;
    struct termios t;
    assert_int_equal(lk_serial_open(rig->serial), 0);
    assert_int_equal(tcgetattr(lk_serial_fd(rig->serial), &t), 0);
    assert_int_equal(cfgetispeed(&t), B9600);
    assert_int_equal(t.c_lflag & (ICANON | ECHO | ISIG), 0);
    assert_int_equal(t.c_iflag & (ICRNL | IXON | ISTRIP), 0);
    assert_int_equal(t.c_oflag & OPOST, 0);
    assert_int_equal(t.c_cflag & CSIZE, CS8);
    int flags = fcntl(lk_serial_fd(rig->serial), F_GETFL);
    assert_true(flags & O_NONBLOCK);
    assert_true(fcntl(lk_serial_fd(rig->serial), F_GETFD) & FD_CLOEXEC);
}

static void a_second_process_gets_busy(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(lk_serial_open(rig->serial), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct lk_serial *second = NULL;
        int r = lk_serial_linux_create(rig->path, 9600, &second);
        r = r ? r : lk_serial_open(second);
        _exit(r == -EBUSY ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    /* Ours is undisturbed, and closing sets it free. */
    arrive(rig, "x");
    assert_true(readable(rig->serial));
    lk_serial_close(rig->serial);
    struct lk_serial *next = NULL;
    assert_int_equal(lk_serial_linux_create(rig->path, 9600, &next), 0);
    assert_int_equal(lk_serial_open(next), 0);
    (void)lk_serial_destroy(next);
}

static void a_killed_holder_leaves_no_lock(void **state)
{
    struct rig *rig = *state;
    int done[2];
    assert_int_equal(pipe(done), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (lk_serial_open(rig->serial) == 0 && write(done[1], "x", 1) == 1) {
            (void)pause();
        }
        _exit(1);
    }
    char byte;
    assert_int_equal(read(done[0], &byte, 1), 1);
    assert_int_equal(lk_serial_open(rig->serial), -EBUSY);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(lk_serial_open(rig->serial), 0);
    lk_closep(&done[0]);
    lk_closep(&done[1]);
}

static void bad_devices_are_named(void **state)
{
    struct lk_serial *serial = NULL;
    char long_path[LK_SERIAL_PATH_MAX + 1];
    (void)state;
    memset(long_path, 'a', sizeof(long_path) - 1);
    long_path[sizeof(long_path) - 1] = '\0';
    assert_int_equal(lk_serial_linux_create("/dev/ttyUSB0", 9601, &serial), -EINVAL);
    assert_int_equal(lk_serial_linux_create("", 9600, &serial), -EINVAL);
    assert_int_equal(lk_serial_linux_create(long_path, 9600, &serial), -EINVAL);
    assert_null(serial);
    assert_true(lk_serial_linux_baud_ok(115200));
    assert_false(lk_serial_linux_baud_ok(0));
    assert_int_equal(lk_serial_linux_create("/nonexistent/tty", 9600, &serial), 0);
    assert_int_equal(lk_serial_open(serial), -ENOENT);
    (void)lk_serial_destroy(serial);
    assert_int_equal(lk_serial_linux_create("/dev/null", 9600, &serial), 0);
    assert_int_equal(lk_serial_open(serial), -ENOTTY);
    (void)lk_serial_destroy(serial);
}

static void sim_says_the_error_it_was_told(void **state)
{
    struct rig *rig = *state;
    lk_serial_sim_unplug(rig->serial, -EBUSY);
    assert_int_equal(lk_serial_open(rig->serial), -EBUSY);
    lk_serial_sim_unplug(rig->serial, 0);
    assert_int_equal(lk_serial_open(rig->serial), 0);
}

#define BOTH(f)                                                                                                        \
    cmocka_unit_test_setup_teardown(f, setup_real, teardown),                                                          \
    {                                                                                                                  \
        "sim: " #f, f, setup_sim, teardown, NULL                                                                       \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(closed_at_first),
        BOTH(reads_what_arrived_byte_for_byte),
        BOTH(writes_reach_the_other_side),
        BOTH(vanishing_is_told),
        BOTH(what_came_before_opening_is_thrown_away),
        cmocka_unit_test_setup_teardown(tty_is_raw_at_the_speed, setup_real, teardown),
        cmocka_unit_test_setup_teardown(a_second_process_gets_busy, setup_real, teardown),
        cmocka_unit_test_setup_teardown(a_killed_holder_leaves_no_lock, setup_real, teardown),
        cmocka_unit_test(bad_devices_are_named),
        cmocka_unit_test_setup_teardown(sim_says_the_error_it_was_told, setup_sim, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
