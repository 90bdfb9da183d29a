/* The ID-card reader against a SAM that is played here, byte by byte, on a pseudo terminal and in virtual time. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "drivers/card.h"
#include "hal/serial_driver.h"
#include "hal/serial_linux.h"
#include "sam.h"

static char told[2048], link_dir[64], link_path[96];
static const char *expected_number, *expected_name;
static struct lk_card *card;
static int sam; /* the other side */

static void note(const char *what, const char *text)
{
    size_t len = strlen(told);
    snprintf(told + len, sizeof(told) - len, "%s %s;", what, text);
}

static bool on_compare(void *user, const struct lk_card_holder *holder)
{
    (void)user;
    return strcmp(holder->number, expected_number) == 0 && (!expected_name || strcmp(holder->name, expected_name) == 0);
}

static void on_result(void *user, enum lk_card_result result, int64_t now_ms)
{
    (void)user;
    (void)now_ms;
    note("card", lk_card_result_name(result));
}

static void on_state(void *user, int error, int64_t now_ms)
{
    (void)user;
    (void)now_ms;
    note("state", error == 0 ? "there" : strerrorname_np(-error));
}

static const struct lk_card_sink comparing = {.compare = on_compare, .result = on_result, .state = on_state};
static const struct lk_card_sink reading = {.result = on_result, .state = on_state};

static void assert_told_at(int line, const char *should)
{
    if (strcmp(told, should) != 0) {
        print_error("line %d: told \"%s\", should be \"%s\"\n", line, told, should);
        fail();
    }
    told[0] = '\0';
}
#define assert_told(should) assert_told_at(__LINE__, should)

/* --- the line, with a count of what was read from it: a pty hands over when it likes --- */

static struct lk_serial *real;
static size_t bytes_read;

static int counted_open(struct lk_serial *serial)
{
    int r = lk_serial_open(real);
    serial->fd = lk_serial_fd(real);
    return r;
}

static void counted_close(struct lk_serial *serial)
{
    lk_serial_close(real);
    serial->fd = -1;
}

static ssize_t counted_read(struct lk_serial *serial, void *ret_bytes, size_t cap)
{
    (void)serial;
    ssize_t n = lk_serial_read(real, ret_bytes, cap);
    bytes_read += n > 0 ? (size_t)n : 0;
    return n;
}

static ssize_t counted_write(struct lk_serial *serial, const void *bytes, size_t n)
{
    (void)serial;
    return lk_serial_write(real, bytes, n);
}

static void counted_destroy(struct lk_serial *serial)
{
    serial->fd = -1;
    real = lk_serial_destroy(real);
}

static const struct lk_serial_ops counted_ops = {.name = "counted",
                                                 .open = counted_open,
                                                 .close = counted_close,
                                                 .read = counted_read,
                                                 .write = counted_write,
                                                 .destroy = counted_destroy};
static struct lk_serial counted = {.ops = &counted_ops, .fd = -1};

static int plug_in(void)
{
    char name[128];
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(master >= 0);
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    assert_int_equal(ptsname_r(master, name, sizeof(name)), 0);
    assert_int_equal(symlink(name, link_path), 0);
    return master;
}

static int make(const struct lk_card_sink *sink)
{
    told[0] = '\0';
    expected_number = "11010519491231002X";
    expected_name = NULL;
    strcpy(link_dir, "/tmp/lk-card-XXXXXX");
    if (!mkdtemp(link_dir)) {
        return -1;
    }
    snprintf(link_path, sizeof(link_path), "%s/sam", link_dir);
    if (lk_serial_linux_create(link_path, 115200, &real) != 0) {
        return -1;
    }
    sam = plug_in();
    return lk_card_create(&counted, sink, NULL, &card);
}

static int setup(void **state)
{
    (void)state;
    return make(&comparing);
}

static int setup_reading(void **state)
{
    (void)state;
    return make(&reading);
}

static int teardown(void **state)
{
    (void)state;
    card = lk_card_destroy(card);
    if (sam >= 0) {
        close(sam);
    }
    unlink(link_path);
    rmdir(link_dir);
    return 0;
}

/* The ten bytes of a command arrive at the SAM. */
static void assert_asked(uint8_t command, uint8_t parameter)
{
    uint8_t got[10],
        should[10] = {0xaa, 0xaa, 0xaa, 0x96, 0x69, 0x00, 0x03, command, parameter, 3 ^ command ^ parameter};
    size_t len = 0;
    while (len < sizeof(got)) {
        struct pollfd p = {.fd = sam, .events = POLLIN};
        assert_int_equal(poll(&p, 1, 5000), 1);
        ssize_t n = read(sam, got + len, sizeof(got) - len);
        assert_true(n > 0);
        len += (size_t)n;
    }
    assert_memory_equal(got, should, sizeof(got));
}

static void assert_quiet(void)
{
    struct pollfd p = {.fd = sam, .events = POLLIN};
    assert_int_equal(poll(&p, 1, 50), 0);
}

static void answer(const uint8_t *bytes, size_t n, int64_t now_ms)
{
    for (size_t done = 0; done < n;) {
        bytes_read = 0;
        ssize_t r = write(sam, bytes + done, n - done > 512 ? 512 : n - done);
        assert_true(r > 0);
        done += (size_t)r;
        while (bytes_read < (size_t)r) {
            struct pollfd p = {.fd = lk_card_fd(card), .events = POLLIN};
            assert_int_equal(poll(&p, 1, 5000), 1);
            lk_card_ready(card, now_ms);
        }
    }
}

static void answer_status(uint8_t sw3, size_t data, int64_t now_ms)
{
    uint8_t frame[SAM_FRAME_MAX];
    size_t n = sam_status(frame, sw3, data);
    answer(frame, n, now_ms);
}

static void answer_text(const char *number, const char *name, int64_t now_ms)
{
    uint8_t frame[SAM_FRAME_MAX];
    size_t n = sam_text(frame, number, name);
    assert_int_equal(n, LK_CARD_FRAME_MAX);
    answer(frame, n, now_ms);
}

/* Finds and selects: the read command is out. The reader is told there at the first answer. */
static void find_and_select(int64_t now_ms)
{
    lk_card_tick(card, now_ms);
    assert_asked(0x20, 0x01);
    answer_status(0x9f, 4, now_ms);
    assert_asked(0x20, 0x02);
    answer_status(0x90, 8, now_ms);
    assert_asked(0x30, 0x01);
}

static void finds_selects_reads_and_compares(void **state)
{
    (void)state;
    find_and_select(0);
    answer_text("11010519491231002X", "张三丰", 900);
    assert_told("state there;card match;");
}

static void another_person_is_another_person(void **state)
{
    (void)state;
    find_and_select(0);
    answer_text("110105194912310021", "张三丰", 900);
    assert_told("state there;card somebody else;");
}

static void the_name_is_decoded_too(void **state)
{
    (void)state;
    expected_name = "欧阳 A é";
    find_and_select(0);
    answer_text("11010519491231002X", "欧阳 A é", 900);
    assert_told("state there;card match;");
}

static void without_a_question_nothing_is_decoded(void **state)
{
    (void)state;
    find_and_select(0);
    answer_text("not a number at al", "?", 900);
    assert_told("state there;card read;");
}

static void what_is_no_resident_card_is_not_read(void **state)
{
    (void)state;
    find_and_select(0);
    answer_text("ABC123456789012345", "SMITH", 900);
    assert_told("state there;card not read;");
}

static void no_card_is_searched_again(void **state)
{
    (void)state;
    for (int64_t now_ms = 0; now_ms < 3000; now_ms += LK_CARD_FIND_MS) {
        lk_card_tick(card, now_ms);
        assert_asked(0x20, 0x01);
        answer_status(0x80, 0, now_ms);
        assert_int_equal(lk_card_next_at_ms(card), now_ms + LK_CARD_FIND_MS);
    }
    assert_told("state there;");
}

static void a_card_that_lies_there_is_told_once(void **state)
{
    (void)state;
    find_and_select(0);
    answer_text("11010519491231002X", "张", 900);
    assert_told("state there;card match;");
    lk_card_tick(card, 1200);
    assert_asked(0x20, 0x01);
    answer_status(0x9f, 4, 1200); /* a reader that finds it again */
    assert_quiet();
    lk_card_tick(card, 1500);
    assert_asked(0x20, 0x01);
    answer_status(0x80, 0, 1500); /* taken away */
    find_and_select(1800);
    answer_text("11010519491231002X", "张", 2500);
    assert_told("card match;");
}

static void select_refused_thrice_is_not_read_once(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        lk_card_tick(card, i * 1000);
        assert_asked(0x20, 0x01);
        answer_status(0x9f, 4, i * 1000);
        if (i < 3) {
            assert_asked(0x20, 0x02);
            answer_status(0x81, 0, i * 1000);
        }
    }
    assert_quiet(); /* told: it waits for the card to be taken away */
    assert_told("state there;card not read;");
    struct lk_card_counts counts;
    lk_card_counts(card, &counts);
    assert_int_equal(counts.bad, 0); /* 81 is an answer */
    assert_int_equal(counts.results[LK_CARD_NOT_READ], 1);
}

static void read_refused_begins_anew(void **state)
{
    (void)state;
    find_and_select(0);
    answer_status(0x41, 0, 500);
    find_and_select(800);
    answer_text("11010519491231002X", "张", 1500);
    assert_told("state there;card match;");
}

static void a_wrong_checksum_is_no_card(void **state)
{
    uint8_t frame[SAM_FRAME_MAX];
    struct lk_card_counts counts;
    (void)state;
    for (int i = 0; i < LK_CARD_TRIES; i++) {
        find_and_select(i * 2000);
        size_t n = sam_text(frame, "11010519491231002X", "张");
        frame[200 + i] ^= 0x10;
        answer(frame, n, i * 2000 + 900);
    }
    assert_told("state there;card not read;");
    lk_card_counts(card, &counts);
    assert_int_equal(counts.bad, LK_CARD_TRIES);
}

static void lengths_that_cannot_be_are_broken(void **state)
{
    static const uint16_t lengths[] = {0, 1, 3, 1289, 0xffff};
    struct lk_card_counts counts;
    (void)state;
    for (size_t i = 0; i < LK_ARRAY_SIZE(lengths); i++) {
        uint8_t frame[12] = {0xaa, 0xaa, 0xaa, 0x96, 0x69, (uint8_t)(lengths[i] >> 8), (uint8_t)lengths[i]};
        lk_card_tick(card, (int64_t)i * 1000);
        assert_asked(0x20, 0x01);
        answer(frame, sizeof(frame), (int64_t)i * 1000);
        lk_card_counts(card, &counts);
        assert_int_equal(counts.bad, i + 1);
    }
    lk_card_tick(card, 9000);
    assert_asked(0x20, 0x01);
    answer_status(0x80, 0, 9000);
    assert_told("state there;"); /* only the last one was an answer */
}

static void a_truncated_answer_ends_by_time(void **state)
{
    uint8_t frame[SAM_FRAME_MAX];
    (void)state;
    find_and_select(0);
    size_t n = sam_text(frame, "11010519491231002X", "张");
    answer(frame, n - 1, 900);
    assert_int_equal(lk_card_next_at_ms(card), LK_CARD_READ_MS);
    lk_card_tick(card, LK_CARD_READ_MS);
    answer(frame + n - 1, 1, LK_CARD_READ_MS + 10); /* too late */
    assert_told("state there;");
    find_and_select(LK_CARD_READ_MS + LK_CARD_FIND_MS);
    answer(frame, n, 4000);
    assert_told("card match;");
}

static void split_bytes_and_noise_before_the_head(void **state)
{
    static const uint8_t noise[] = {0x00, 0xff, 0xaa, 0xaa, 0x96, 0xaa, 0xaa}; /* almost heads, then the real one */
    uint8_t frame[SAM_FRAME_MAX];
    (void)state;
    lk_card_tick(card, 0);
    assert_asked(0x20, 0x01);
    answer(noise, sizeof(noise), 0);
    size_t n = sam_status(frame, 0x9f, 4);
    for (size_t i = 0; i < n; i++) {
        answer(frame + i, 1, 0);
    }
    assert_asked(0x20, 0x02);
    answer_status(0x90, 8, 0);
    assert_asked(0x30, 0x01);
    n = sam_text(frame, "11010519491231002X", "张");
    for (size_t i = 0; i < n; i += 37) {
        answer(frame + i, n - i < 37 ? n - i : 37, 900);
    }
    assert_told("state there;card match;");
}

static void a_silent_reader_is_told_and_back(void **state)
{
    int64_t now_ms = 0;
    (void)state;
    for (int i = 0; i < LK_CARD_SILENT; i++) {
        lk_card_tick(card, now_ms);
        assert_asked(0x20, 0x01);
        assert_told("");
        now_ms += LK_CARD_ANSWER_MS;
        lk_card_tick(card, now_ms);
        now_ms += LK_CARD_FIND_MS;
    }
    assert_told("state ETIMEDOUT;");
    assert_int_equal(lk_card_error(card), -ETIMEDOUT);
    for (int i = 0; i < 3; i++) {
        lk_card_tick(card, now_ms);
        assert_asked(0x20, 0x01);
        now_ms += LK_CARD_ANSWER_MS;
        lk_card_tick(card, now_ms);
        now_ms += LK_CARD_FIND_MS;
    }
    assert_told("");
    lk_card_tick(card, now_ms);
    assert_asked(0x20, 0x01);
    answer_status(0x80, 0, now_ms);
    assert_told("state there;");
}

static void unplugged_in_the_middle_of_a_text_and_back(void **state)
{
    uint8_t frame[SAM_FRAME_MAX];
    (void)state;
    find_and_select(0);
    size_t n = sam_text(frame, "11010519491231002X", "张");
    answer(frame, n / 2, 900);
    unlink(link_path);
    close(sam);
    struct pollfd p = {.fd = lk_card_fd(card), .events = POLLIN};
    assert_int_equal(poll(&p, 1, 5000), 1);
    lk_card_ready(card, 1000);
    assert_told("state there;state ENODEV;");
    assert_int_equal(lk_card_fd(card), -1);
    lk_card_tick(card, 2000);
    lk_card_tick(card, 3000);
    assert_told("");
    sam = plug_in();
    find_and_select(4000);
    answer_text("11010519491231002X", "张", 4900);
    assert_told("state there;card match;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(finds_selects_reads_and_compares, setup, teardown),
        cmocka_unit_test_setup_teardown(another_person_is_another_person, setup, teardown),
        cmocka_unit_test_setup_teardown(the_name_is_decoded_too, setup, teardown),
        cmocka_unit_test_setup_teardown(without_a_question_nothing_is_decoded, setup_reading, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_resident_card_is_not_read, setup, teardown),
        cmocka_unit_test_setup_teardown(no_card_is_searched_again, setup, teardown),
        cmocka_unit_test_setup_teardown(a_card_that_lies_there_is_told_once, setup, teardown),
        cmocka_unit_test_setup_teardown(select_refused_thrice_is_not_read_once, setup, teardown),
        cmocka_unit_test_setup_teardown(read_refused_begins_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(a_wrong_checksum_is_no_card, setup, teardown),
        cmocka_unit_test_setup_teardown(lengths_that_cannot_be_are_broken, setup, teardown),
        cmocka_unit_test_setup_teardown(a_truncated_answer_ends_by_time, setup, teardown),
        cmocka_unit_test_setup_teardown(split_bytes_and_noise_before_the_head, setup, teardown),
        cmocka_unit_test_setup_teardown(a_silent_reader_is_told_and_back, setup, teardown),
        cmocka_unit_test_setup_teardown(unplugged_in_the_middle_of_a_text_and_back, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
