/* base/text.h and base/cleanup.h */
#include "base/text.h"

#include "base/cleanup.h"
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

CASE(a_builder_adds_until_it_is_full)
{
    char buf[8];
    struct lk_text t = lk_text_init(buf, sizeof(buf));
    CHECK_STR(buf, "");
    lk_text_addf(&t, "%d-", 12);
    lk_text_add(&t, "abc");
    CHECK_STR(buf, "12-abc");
    CHECK(!t.truncated);
    lk_text_add(&t, "xyz");
    CHECK_STR(buf, "12-abcx");
    CHECK(t.truncated);
    lk_text_add(&t, "more");
    CHECK_STR(buf, "12-abcx");
    CHECK_INT(t.len, 7);
}

static int64_t days_of(int year)
{
    int64_t y = year - 1;
    return y * 365 + y / 4 - y / 100 + y / 400 - 719162;
}

CASE(times_are_utc_beyond_any_time_t)
{
    static const struct {
        int64_t ms;
        const char *want;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {INT64_C(951782400007), "2000-02-29T00:00:00.007Z"},
        {INT64_C(1772439330250), "2026-03-02T08:15:30.250Z"},
        {INT64_C(2147483648000), "2038-01-19T03:14:08.000Z"},
        {INT64_C(4102444799999), "2099-12-31T23:59:59.999Z"},
        {INT64_C(4107542400000), "2100-03-01T00:00:00.000Z"},
        {INT64_C(253402300799999), "9999-12-31T23:59:59.999Z"},
        {INT64_C(-62135596800000), "0001-01-01T00:00:00.000Z"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char buf[32];
        struct lk_text t = lk_text_init(buf, sizeof(buf));
        lk_text_add_utc(&t, rows[i].ms);
        CHECK_STR(buf, rows[i].want);
    }
    for (int year = 1; year < 9999; year++) { /* the last day of each year is the day before the next one's first */
        char buf[32], want[32];
        struct lk_text t = lk_text_init(buf, sizeof(buf));
        lk_text_add_utc(&t, days_of(year + 1) * 86400000 - 1);
        (void)snprintf(want, sizeof(want), "%04d-12-31T23:59:59.999Z", year);
        CHECK_STR(buf, want);
    }
}

CASE(a_copy_is_whole_or_nothing)
{
    char buf[4] = "zz";
    CHECK_INT(lk_text_copy(buf, sizeof(buf), "abc"), 0);
    CHECK_STR(buf, "abc");
    CHECK_INT(lk_text_copy(buf, sizeof(buf), "abcd"), -ENAMETOOLONG);
    CHECK_STR(buf, "");
}

CASE(hex_goes_both_ways)
{
    static const uint8_t bytes[] = {0x00, 0x7f, 0xff, 0xa5};
    uint8_t back[4];
    char hex[9];
    lk_text_hex(hex, bytes, 4);
    CHECK_STR(hex, "007fffa5");
    CHECK_INT(lk_text_unhex(back, 4, "007FfFa5"), 0);
    CHECK(memcmp(back, bytes, 4) == 0);
    CHECK_INT(lk_text_unhex(back, 4, "007fffa"), -EINVAL);
    CHECK_INT(lk_text_unhex(back, 4, "007fffa55"), -EINVAL);
    CHECK_INT(lk_text_unhex(back, 4, "007fffag"), -EINVAL);
}

CASE(outside_text_is_judged)
{
    CHECK(lk_text_is_digits("12345678", 8, 8));
    CHECK(!lk_text_is_digits("1234567", 8, 8));
    CHECK(!lk_text_is_digits("123456789", 8, 8));
    CHECK(!lk_text_is_digits("1234 678", 8, 8));
    CHECK(!lk_text_is_digits("\xef\xbc\x91", 1, 8)); /* a full-width digit */
    CHECK(lk_text_is_id("A-7_x.9", 7));
    CHECK(!lk_text_is_id("A-7_x.9", 6));
    CHECK(!lk_text_is_id("", 6));
    CHECK(!lk_text_is_id("a/b", 6));
    CHECK(lk_text_is_printable("a b~", 4));
    CHECK(!lk_text_is_printable("a\nb", 4));
    CHECK(!lk_text_is_printable("\x7f", 4));
}

CASE(utf8_is_strict)
{
    static const struct {
        const char *text;
        size_t n;
        bool good;
    } rows[] = {
        {"", 0, true},
        {"A07", 3, true},
        {"\xe6\x9c\xaa", 3, true},      /* a Chinese character */
        {"\xf0\x9f\x93\xae", 4, true},  /* beyond the first plane */
        {"\xe6\x9c", 2, false},         /* cut short */
        {"\x9c", 1, false},             /* a tail alone */
        {"\xc0\x80", 2, false},         /* overlong NUL */
        {"\xe0\x80\xaf", 3, false},     /* overlong slash */
        {"\xed\xa0\x80", 3, false},     /* a surrogate */
        {"\xf4\x90\x80\x80", 4, false}, /* above 10ffff */
        {"\xf8\x88\x80\x80\x80", 5, false},
        {"a\0b", 3, false}, /* NUL */
        {"\xe6"
         "A\xaa",
         3, false},
    };
    for (size_t i = 0; i < LK_ARRAY_SIZE(rows); i++) {
        if (lk_text_is_utf8(rows[i].text, rows[i].n) != rows[i].good) {
            printf("# row %zu\n", i);
        }
        CHECK_INT(lk_text_is_utf8(rows[i].text, rows[i].n), rows[i].good);
    }
}

CASE(a_line_shows_what_is_there)
{
    static const struct {
        const char *text;
        bool good;
    } rows[] = {
        {"the hinge is bent", true},
        {"\xe9\x97\xa8\xe5\x9d\x8f\xe4\xba\x86 \xf0\x9f\x93\xae", true},
        {"", false},
        {"two\nlines", false},
        {"a\ttab", false},
        {"clears \x1b[2J the screen", false},
        {"delete \x7f", false},
        {"C1 \xc2\x9b 2J", false},
        {"turns \xe2\x80\xae around", false},
        {"hidden \xe2\x80\x8b", false},
        {"a mark \xef\xbb\xbf", false},
        {"\xff", false},
    };
    for (size_t i = 0; i < LK_ARRAY_SIZE(rows); i++) {
        if (lk_text_is_line(rows[i].text) != rows[i].good) {
            printf("# row %zu\n", i);
        }
        CHECK_INT(lk_text_is_line(rows[i].text), rows[i].good);
    }
}

CASE(numbers_are_strict)
{
    uint64_t v = 7;
    CHECK_INT(lk_text_parse_u64("0", 10, &v), 0);
    CHECK_INT(v, 0);
    CHECK_INT(lk_text_parse_u64("18446744073709551615", UINT64_MAX, &v), 0);
    CHECK(v == UINT64_MAX);
    v = 7;
    CHECK_INT(lk_text_parse_u64("18446744073709551616", UINT64_MAX, &v), -ERANGE);
    CHECK_INT(lk_text_parse_u64("11", 10, &v), -ERANGE);
    CHECK_INT(lk_text_parse_u64("", 10, &v), -EINVAL);
    CHECK_INT(lk_text_parse_u64("-1", 10, &v), -EINVAL);
    CHECK_INT(lk_text_parse_u64("+1", 10, &v), -EINVAL);
    CHECK_INT(lk_text_parse_u64(" 1", 10, &v), -EINVAL);
    CHECK_INT(lk_text_parse_u64("0x1", 10, &v), -EINVAL);
    CHECK_INT(v, 7);
}

static int fd_after_scope(void)
{
    LK_CLEANUP(lk_closep) int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return fd;
}

CASE(cleanup_closes_what_is_not_stolen)
{
    int fd = fd_after_scope();
    CHECK(fd >= 0);
    CHECK_INT(fcntl(fd, F_GETFD), -1);
    {
        LK_CLEANUP(lk_closep) int mine = open("/dev/null", O_RDONLY | O_CLOEXEC);
        fd = lk_steal_fd(&mine);
        CHECK_INT(mine, -1);
    }
    CHECK(fcntl(fd, F_GETFD) >= 0);
    CHECK_INT(close(fd), 0);
    LK_CLEANUP(lk_freep) char *text = strdup("x");
    char *stolen = LK_STEAL(text);
    CHECK(text == NULL);
    free(stolen);
}

int main(int argc, char **argv)
{
    static const struct check_case cases[] = {
        NAMED(a_builder_adds_until_it_is_full),
        NAMED(times_are_utc_beyond_any_time_t),
        NAMED(a_copy_is_whole_or_nothing),
        NAMED(hex_goes_both_ways),
        NAMED(outside_text_is_judged),
        NAMED(utf8_is_strict),
        NAMED(a_line_shows_what_is_there),
        NAMED(numbers_are_strict),
        NAMED(cleanup_closes_what_is_not_stolen),
    };
    return check_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
