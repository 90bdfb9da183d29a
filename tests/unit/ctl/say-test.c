/* Words and tables of lockerctl: widths of Chinese text, placeholders, and nothing from outside that moves the cursor.
 */
#include "say.h"

#include "base/cleanup.h"
#include "core/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void widths(void **state)
{
    (void)state;
    assert_int_equal(lk_say_width(""), 0);
    assert_int_equal(lk_say_width("A07"), 3);
    assert_int_equal(lk_say_width("格口"), 4);
    assert_int_equal(lk_say_width("µs"), 2);
    assert_int_equal(lk_say_width("（A）"), 5);
    assert_int_equal(lk_say_width("e\xcc\x81"), 1);
    assert_int_equal(lk_say_width("\xf0\x9f\x93\xa6"), 2);
    assert_int_equal(lk_say_width("\xff\xfe"), 2);
}

static const char *clean(const char *s)
{
    static char buf[200];
    struct lk_text t = lk_text_init(buf, sizeof(buf));
    lk_say_clean(&t, s);
    return buf;
}

static void outside_text_is_harmless(void **state)
{
    (void)state;
    assert_string_equal(clean("a\x1b[2Jb\n"), "a?[2Jb?");
    assert_string_equal(clean("\xc2\x9b"
                              "2J"),
                        "?2J");
    assert_string_equal(clean("x\xe2\x80\xaey"), "x?y");
    assert_string_equal(clean("取件\xe5\x8f"), "取件??");
    assert_string_equal(clean("取件"), "取件");
}

static void placeholders(void **state)
{
    (void)state;
    char buf[200];
    struct lk_text t = lk_text_init(buf, sizeof(buf));
    lk_say_fill(&t, "{door} and {door}, {n} of {unknown} { {", LK_WORDS({"door", "A07"}, {"n", "{door}"}));
    assert_string_equal(buf, "A07 and A07, {door} of {unknown} { {");
    t = lk_text_init(buf, sizeof(buf));
    lk_say_fill(&t, "plain {x}", NULL);
    assert_string_equal(buf, "plain {x}");
}

static void durations_and_bytes(void **state)
{
    (void)state;
    static const struct {
        int64_t seconds;
        const char *en, *zh;
    } rows[] = {{0, "0 s", "0 秒"},
                {59, "59 s", "59 秒"},
                {60, "1 min", "1 分"},
                {11520, "3 h 12 min", "3 小时 12 分"},
                {90061, "1 d 1 h", "1 天 1 小时"},
                {-5, "0 s", "0 秒"}};
    char buf[64];
    for (size_t i = 0; i < LK_ARRAY_SIZE(rows); i++) {
        struct lk_text t = lk_text_init(buf, sizeof(buf));
        lk_say_duration(&t, LK_LANG_EN, rows[i].seconds);
        assert_string_equal(buf, rows[i].en);
        t = lk_text_init(buf, sizeof(buf));
        lk_say_duration(&t, LK_LANG_ZH, rows[i].seconds);
        assert_string_equal(buf, rows[i].zh);
    }
    struct lk_text t = lk_text_init(buf, sizeof(buf));
    lk_say_bytes(&t, 999);
    lk_text_add(&t, " ");
    lk_say_bytes(&t, 1234567);
    lk_text_add(&t, " ");
    lk_say_bytes(&t, 900000000);
    assert_string_equal(buf, "999 B 1.2 MB 900 MB");
}

static void tables_line_up(void **state)
{
    (void)state;
    LK_CLEANUP(lk_freep) char *text = NULL;
    size_t size;
    struct lk_table t = {.columns = 3, .right = 1 << 1};
    char much[400];
    memset(much, 'x', sizeof(much) - 1);
    much[sizeof(much) - 1] = '\0';
    assert_int_equal(lk_table_add(&t, (const char *[]){"格口", "n", "item"}), 0);
    assert_int_equal(lk_table_add(&t, (const char *[]){"A07", "12", NULL}), 0);
    assert_int_equal(lk_table_add(&t, (const char *[]){"被强行打开", "7", "\x1bx"}), 0);
    FILE *out = open_memstream(&text, &size);
    lk_table_print(&t, out);
    fclose(out);
    assert_string_equal(text, "格口         n  item\n"
                              "A07         12  -\n"
                              "被强行打开   7  ?x\n");
    assert_int_equal(lk_table_add(&t, (const char *[]){much, "", ""}), 0);
    assert_int_equal(lk_say_width(t.cell[9]), LK_TABLE_CELL - 1);
    lk_table_free(&t);
}

/* Every value of the enumerations that reach a person has its word in both languages. */
static void every_word_is_in_the_catalogue(void **state)
{
    (void)state;
    char key[96];
#define EACH(prefix, name, last)                                                                                       \
    for (int v = 0; v < (int)(last); v++) {                                                                            \
        snprintf(key, sizeof(key), "%s.%s", prefix, name(v));                                                          \
        if (lk_catalogue_text(key, LK_LANG_ZH) == NULL || lk_catalogue_text(key, LK_LANG_EN) == NULL) {                \
            fail_msg("%s is not in the catalogue", key);                                                               \
        }                                                                                                              \
    }
    EACH("ctl.door", lk_door_state_name, LK_DOOR_STATES)
    EACH("ctl.use", lk_use_name, LK_USES)
    EACH("ctl.custody", lk_custody_name, LK_CUSTODIES)
    EACH("ctl.channel", lk_channel_name, LK_CHANNELS)
    EACH("ctl.role", lk_actor_name, LK_ACTORS)
    EACH("ctl.outcome", lk_outcome_name, LK_OUTCOMES)
    EACH("ctl.bank", lk_bank_state_name, LK_BANK_STATES)
    EACH("ctl.clock", lk_clock_quality_name, LK_CLOCK_QUALITIES)
    EACH("ctl.event", lk_event_type_name, LK_EVENT_TYPES)
    for (int v = LK_PURPOSE_DEPOSIT; v < (int)LK_PURPOSES; v++) {
        snprintf(key, sizeof(key), "ctl.purpose.%s", lk_purpose_name(v));
        assert_non_null(lk_catalogue_text(key, LK_LANG_ZH));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(widths),         cmocka_unit_test(outside_text_is_harmless),
        cmocka_unit_test(placeholders),   cmocka_unit_test(durations_and_bytes),
        cmocka_unit_test(tables_line_up), cmocka_unit_test(every_word_is_in_the_catalogue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
