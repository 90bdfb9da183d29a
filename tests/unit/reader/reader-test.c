/* The reader's line rules, one by one, in virtual time. */
#include "drivers/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* What was told, as text: "line <text>;" and "drop <why>;". */
static char told[4096];
static struct lk_reader reader;

static void on_line(void *user, const char *line, int64_t now_ms)
{
    (void)user, (void)now_ms;
    size_t n = strlen(told);
    snprintf(told + n, sizeof(told) - n, "line %s;", line);
}

static void on_drop(void *user, enum lk_reader_drop why, int64_t now_ms)
{
    (void)user, (void)now_ms;
    size_t n = strlen(told);
    snprintf(told + n, sizeof(told) - n, "drop %s;", lk_reader_drop_name(why));
}

static const struct lk_reader_sink sink = {.line = on_line, .drop = on_drop};

/* A reader that was opened long ago. */
static int setup(void **state)
{
    (void)state;
    told[0] = '\0';
    lk_reader_init(&reader, &sink, NULL, 0);
    return 0;
}

static void feed(int64_t at_ms, const char *text)
{
    lk_reader_feed(&reader, text, strlen(text), at_ms);
}

#define assert_told(expected)                                                                                          \
    do {                                                                                                               \
        assert_string_equal(told, expected);                                                                           \
        told[0] = '\0';                                                                                                \
    } while (0)

static void cr_lf_and_crlf_end_a_line(void **state)
{
    (void)state;
    feed(1000, "one\r");
    assert_told("line one;");
    feed(1000, "two\nthree\r\nfour\n\r\r\n\nfive\r");
    assert_told("line two;line three;line four;line five;");
    assert_int_equal(reader.lines, 5);
}

static void a_line_may_come_in_pieces(void **state)
{
    (void)state;
    feed(1000, "12");
    feed(1500, "34");
    assert_told("");
    feed(2999, "5678");
    feed(3000, "\r");
    assert_told("line 12345678;");
}

static void every_printable_byte_is_kept(void **state)
{
    char text[96 + 2];
    char expected[128];
    (void)state;
    for (int i = 0; i < 95; i++) {
        text[i] = (char)(0x20 + i);
    }
    text[95] = '\0';
    snprintf(expected, sizeof(expected), "line %s;", text);
    feed(1000, text);
    feed(1000, "\n");
    assert_told(expected);
}

static void garbage_drops_the_whole_line_once(void **state)
{
    static const unsigned char bad[] = {0x00, 0x01, 0x02, 0x08, 0x09, 0x0b, 0x1b, 0x1f, 0x7f, 0x80, 0xc3, 0xff};
    (void)state;
    for (size_t i = 0; i < sizeof(bad); i++) {
        unsigned char line[] = {'a', 'b', bad[i], 'c', bad[i], 'd', '\r'};
        lk_reader_feed(&reader, line, sizeof(line), 1000);
        assert_told("drop garbage;");
        lk_reader_feed(&reader, &bad[i], 1, 1000);
        feed(1000, "12345678\n");
        assert_told("drop garbage;");
    }
    feed(1000, "12345678\n");
    assert_told("line 12345678;");
    assert_int_equal(reader.drops[LK_READER_DROP_GARBAGE], 2 * sizeof(bad));
}

static void length_limit(void **state)
{
    char text[LK_READER_LINE_MAX + 2];
    char expected[sizeof(text) + 8];
    (void)state;
    memset(text, 'x', sizeof(text));
    text[LK_READER_LINE_MAX] = '\0';
    snprintf(expected, sizeof(expected), "line %s;", text);
    feed(1000, text);
    feed(1000, "\n");
    assert_told(expected);
    text[LK_READER_LINE_MAX] = 'x';
    text[LK_READER_LINE_MAX + 1] = '\0';
    feed(5000, text);
    assert_told("drop overlong;");
    feed(5000, text);
    feed(5000, text);
    feed(5000, "\r\nnext\r\n");
    assert_told("line next;");
}

static void a_late_line_is_dropped_with_all_that_follows_of_it(void **state)
{
    (void)state;
    feed(1000, "1234");
    assert_int_equal(lk_reader_next_at_ms(&reader), 3001);
    lk_reader_tick(&reader, 3000);
    assert_told("");
    lk_reader_tick(&reader, 3001);
    assert_told("drop late;");
    assert_int_equal(lk_reader_next_at_ms(&reader), INT64_MAX);
    feed(3500, "5678\r"); /* the rest: never half a line */
    assert_told("");
    feed(3600, "87654321\r");
    assert_told("line 87654321;");
}

static void a_line_end_just_in_time_and_just_too_late(void **state)
{
    (void)state;
    feed(1000, "12345678");
    feed(3000, "\r");
    assert_told("line 12345678;");
    feed(11000, "12345678");
    feed(13001, "\r"); /* no tick came in between */
    assert_told("drop late;");
}

static void the_same_text_soon_is_one_scan(void **state)
{
    (void)state;
    feed(1000, "12345678\r");
    feed(2500, "12345678\r");
    assert_told("line 12345678;");
    feed(4000, "12345678\r"); /* held: 1.5 s after the last reading */
    assert_told("");
    feed(5501, "12345678\r");
    assert_told("line 12345678;");
    assert_int_equal(reader.repeats, 2);
}

static void another_text_in_between_makes_it_new(void **state)
{
    (void)state;
    feed(1000, "A\rB\rA\r");
    assert_told("line A;line B;line A;");
}

static void a_dropped_line_does_not_end_a_repeat(void **state)
{
    (void)state;
    feed(1000, "A\r\x01\rA\r");
    assert_told("line A;drop garbage;");
}

static void no_code_stays_in_memory(void **state)
{
    (void)state;
    feed(1000, "31415926\r");
    assert_int_equal(lk_reader_next_at_ms(&reader), 2501);
    lk_reader_tick(&reader, 2501);
    feed(2600, "2718281\x01");
    const unsigned char *bytes = (const unsigned char *)&reader;
    for (size_t i = 0; i + 4 <= sizeof(reader); i++) {
        assert_memory_not_equal(bytes + i, "3141", 4);
        assert_memory_not_equal(bytes + i, "2718", 4);
    }
    assert_int_equal(lk_reader_next_at_ms(&reader), INT64_MAX);
}

static void what_comes_right_after_opening_is_a_tail(void **state)
{
    (void)state;
    lk_reader_restart(&reader, 10000);
    feed(10000 + LK_READER_SETTLE_MS - 1, "5678");
    assert_told("drop tail;");
    feed(10100, "99\r");
    assert_told("");
    feed(10200, "12345678\r");
    assert_told("line 12345678;");
    lk_reader_restart(&reader, 20000);
    feed(20000 + LK_READER_SETTLE_MS, "12345678\r");
    assert_told("line 12345678;");
}

static void opening_again_forgets_half_a_line(void **state)
{
    (void)state;
    feed(1000, "1234");
    lk_reader_restart(&reader, 1100);
    feed(1200, "5678\r");
    assert_told("line 5678;");
}

static void a_repeat_across_a_replug_is_still_one_scan(void **state)
{
    (void)state;
    feed(1000, "1234\r");
    lk_reader_restart(&reader, 1100);
    feed(1200, "1234\r");
    assert_told("line 1234;");
}

static void words(void **state)
{
    (void)state;
    for (int i = 0; i < LK_READER_DROPS; i++) {
        assert_string_not_equal(lk_reader_drop_name((enum lk_reader_drop)i), "?");
    }
    assert_int_equal(lk_reader_trigger_gm65.start_len, 6);
    assert_memory_equal(lk_reader_trigger_gm65.start, "\x04\xe4\x04\x00\xff\x14", 6);
    assert_memory_equal(lk_reader_trigger_gm65.stop, "\x04\xe5\x04\x00\xff\x13", 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(cr_lf_and_crlf_end_a_line, setup),
        cmocka_unit_test_setup(a_line_may_come_in_pieces, setup),
        cmocka_unit_test_setup(every_printable_byte_is_kept, setup),
        cmocka_unit_test_setup(garbage_drops_the_whole_line_once, setup),
        cmocka_unit_test_setup(length_limit, setup),
        cmocka_unit_test_setup(a_late_line_is_dropped_with_all_that_follows_of_it, setup),
        cmocka_unit_test_setup(a_line_end_just_in_time_and_just_too_late, setup),
        cmocka_unit_test_setup(the_same_text_soon_is_one_scan, setup),
        cmocka_unit_test_setup(another_text_in_between_makes_it_new, setup),
        cmocka_unit_test_setup(a_dropped_line_does_not_end_a_repeat, setup),
        cmocka_unit_test_setup(no_code_stays_in_memory, setup),
        cmocka_unit_test_setup(what_comes_right_after_opening_is_a_tail, setup),
        cmocka_unit_test_setup(opening_again_forgets_half_a_line, setup),
        cmocka_unit_test_setup(a_repeat_across_a_replug_is_still_one_scan, setup),
        cmocka_unit_test(words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
