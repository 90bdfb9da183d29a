/*
 * Law 12 for the card reader: after a card was read, its number and its name are nowhere in the reading process'
 * memory. The reading process is a child; the card is made in the parent after the fork, and handed over a pseudo
 * terminal, so that the child has it from the card only. A child that keeps a copy on purpose is found out, or the
 * search is worth nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "drivers/card.h"
#include "hal/serial_linux.h"
#include "sam.h"

enum manner { COMPARES, READS_ONLY, KEEPS_A_COPY, LOSES_THE_LINE };

static char *kept; /* the child's sin */
static enum manner manner;
static int news; /* the child's end of the pipe to the parent */

/* --- the child: a daemon with a card reader --- */

static bool on_compare(void *user, const struct lk_card_holder *holder)
{
    (void)user;
    if (manner == KEEPS_A_COPY) {
        kept = strdup(holder->number);
    }
    return holder->number[0] == '1' && holder->name[0] != '\0';
}

static void say(char what)
{
    if (write(news, &what, 1) != 1) {
        _exit(3);
    }
}

static void on_result(void *user, enum lk_card_result result, int64_t now_ms)
{
    (void)user;
    (void)now_ms;
    say((char)('0' + (int)result));
}

static void on_state(void *user, int error, int64_t now_ms)
{
    (void)user;
    (void)now_ms;
    if (error == -ENODEV) {
        say('u');
    }
}

static int64_t now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void live(const char *tty)
{
    static const struct lk_card_sink comparing = {.compare = on_compare, .result = on_result, .state = on_state};
    static const struct lk_card_sink reading = {.result = on_result, .state = on_state};
    struct lk_serial *serial = NULL;
    struct lk_card *card = NULL;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (lk_serial_linux_create(tty, 115200, &serial) != 0 ||
        lk_card_create(serial, manner == READS_ONLY ? &reading : &comparing, NULL, &card) != 0) {
        _exit(2);
    }
    for (;;) {
        lk_card_tick(card, now());
        int64_t wait_ms = lk_card_next_at_ms(card) - now();
        struct pollfd p = {.fd = lk_card_fd(card), .events = POLLIN};
        if (poll(&p, 1, wait_ms > 0 ? (int)wait_ms : 0) > 0) {
            lk_card_ready(card, now());
        }
    }
}

/* --- the parent: the card, the SAM, and whoever reads other people's memory --- */

static char number[19];
static const char *const name = "诸葛孔明甲乙丙";
static int sam;
static pid_t child;
static int heard;

static void make_number(void)
{
    uint8_t random[18];
    assert_int_equal(getrandom(random, sizeof(random), 0), sizeof(random));
    for (size_t i = 0; i < 17; i++) {
        number[i] = (char)('0' + random[i] % 10);
    }
    number[0] = '1';
    number[17] = 'X';
}

static void start(enum manner how)
{
    char tty[128];
    int pipes[2];
    sam = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(sam >= 0 && grantpt(sam) == 0 && unlockpt(sam) == 0);
    assert_int_equal(ptsname_r(sam, tty, sizeof(tty)), 0);
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    explicit_bzero(number, sizeof(number));
    manner = how;
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(sam);
        news = pipes[1];
        live(tty);
    }
    close(pipes[1]);
    heard = pipes[0];
    make_number(); /* after the fork */
}

static int teardown(void **state)
{
    (void)state;
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(heard);
    if (sam >= 0) {
        close(sam);
    }
    return 0;
}

/* Answers commands until the reading process has something to say. */
static char play(void)
{
    uint8_t command[10], frame[SAM_FRAME_MAX];
    size_t len = 0;
    char what = 0;
    for (;;) {
        struct pollfd p[2] = {{.fd = sam, .events = POLLIN}, {.fd = heard, .events = POLLIN}};
        assert_true(poll(p, 2, 20000) > 0);
        if (p[1].revents) {
            assert_int_equal(read(heard, &what, 1), 1);
            return what;
        }
        ssize_t n = read(sam, command + len, sizeof(command) - len);
        assert_true(n > 0);
        len += (size_t)n;
        if (len < sizeof(command)) {
            continue;
        }
        len = 0;
        bool select = command[8] == 2, text = command[7] == 0x30;
        size_t size = text ? sam_text(frame, number, name) : sam_status(frame, select ? 0x90 : 0x9f, select ? 8 : 4);
        size_t cut = text && manner == LOSES_THE_LINE ? 600 : size; /* the number is in it, the end is not */
        assert_int_equal(write(sam, frame, cut), cut);
        explicit_bzero(frame, sizeof(frame));
        if (cut < size) {
            nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL); /* it lies half-read in the driver by then */
            close(sam);
            sam = -1;
            p[0].fd = -1;
            assert_int_equal(poll(p, 2, 20000), 1);
            assert_int_equal(read(heard, &what, 1), 1);
            return what;
        }
    }
}

static bool contains(const uint8_t *bytes, size_t n, const void *what, size_t len)
{
    return memmem(bytes, n, what, len) != NULL;
}

/* How many of the four forms of the person are in the writable memory of the child. */
static unsigned traces(void)
{
    char path[64], line[512];
    uint8_t wide_number[36], wide_name[14];
    unsigned found = 0;
    sam_field(wide_number, 18, number);
    sam_field(wide_name, 7, name);
    snprintf(path, sizeof(path), "/proc/%d/mem", (int)child);
    LK_CLEANUP(lk_closep) int mem = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(mem >= 0);
    snprintf(path, sizeof(path), "/proc/%d/maps", (int)child);
    LK_CLEANUP(lk_fclosep) FILE *maps = fopen(path, "re");
    assert_non_null(maps);
    size_t looked = 0;
    while (fgets(line, sizeof(line), maps)) {
        uint64_t from, to;
        char rights[8];
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s", &from, &to, rights) != 3 || rights[0] != 'r' ||
            rights[1] != 'w') {
            continue;
        }
        uint8_t *bytes = malloc(to - from);
        assert_non_null(bytes);
        ssize_t n = pread(mem, bytes, to - from, (off_t)from);
        assert_true(n > 0);
        looked += (size_t)n;
        found += contains(bytes, (size_t)n, number, 18);
        found += contains(bytes, (size_t)n, wide_number, sizeof(wide_number));
        found += contains(bytes, (size_t)n, name, strlen(name) - 3); /* the string constant itself stands in .rodata */
        found += contains(bytes, (size_t)n, wide_name, sizeof(wide_name));
        explicit_bzero(bytes, (size_t)n);
        free(bytes);
    }
    /* The next case's child inherits this stack, and the name is the same there. */
    explicit_bzero(wide_number, sizeof(wide_number));
    explicit_bzero(wide_name, sizeof(wide_name));
    assert_true(looked > 100000); /* heap, data and stack were there to be looked at */
    return found;
}

static void law_12_nothing_is_left_after_comparing(void **state)
{
    (void)state;
    start(COMPARES);
    assert_int_equal(play(), '0' + LK_CARD_MATCH);
    assert_int_equal(traces(), 0);
}

static void law_12_nothing_is_left_after_reading(void **state)
{
    (void)state;
    start(READS_ONLY);
    assert_int_equal(play(), '0' + LK_CARD_READ);
    assert_int_equal(traces(), 0);
}

static void law_12_nothing_is_left_when_the_line_is_lost_in_the_middle(void **state)
{
    (void)state;
    start(LOSES_THE_LINE);
    assert_int_equal(play(), 'u');
    assert_int_equal(traces(), 0);
}

static void a_copy_that_is_kept_is_found(void **state)
{
    (void)state;
    start(KEEPS_A_COPY);
    assert_int_equal(play(), '0' + LK_CARD_MATCH);
    assert_int_equal(traces(), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(law_12_nothing_is_left_after_comparing, teardown),
        cmocka_unit_test_teardown(law_12_nothing_is_left_after_reading, teardown),
        cmocka_unit_test_teardown(law_12_nothing_is_left_when_the_line_is_lost_in_the_middle, teardown),
        cmocka_unit_test_teardown(a_copy_that_is_kept_is_found, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
