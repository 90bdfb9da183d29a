/* The catalogue: every word of the core that a person may meet has its text in both languages. */
#include "catalogue/catalogue.h"
#include "core/input.h"
#include "core/state.h"

#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void has(const char *prefix, const char *name)
{
    char key[128];

    snprintf(key, sizeof(key), "%s%s", prefix, name);
    for (int lang = 0; lang < LK_LANGS; lang++) {
        const char *text = lk_catalogue_text(key, (enum lk_lang)lang);
        if (!text || *text == '\0') {
            fail_msg("no text for %s", key);
        }
    }
}

static void every_reason_has_a_text(void **state)
{
    (void)state;
    for (int i = 0; i < LK_REASONS; i++) {
        has("reason.", lk_reason_name((enum lk_reason)i));
    }
    has("help.", "general");
    has("help.staff.", "general");
}

static void no_text_is_about_a_reason_that_is_gone(void **state)
{
    enum lk_reason reason;

    (void)state;
    for (size_t i = 0; i < lk_catalogue_count(); i++) {
        const char *key = lk_catalogue_key(i);
        if (strncmp(key, "reason.", 7) == 0 && lk_reason_parse(key + 7, &reason) < 0) {
            fail_msg("%s: there is no such reason", key);
        }
    }
}

static void every_button_has_a_text(void **state)
{
    (void)state;
    for (int i = 0; i < LK_BUTTONS; i++) {
        if (i != LK_BUTTON_SIZE && i != LK_BUTTON_RECALL_ITEM) {
            has("button.", lk_button_name((enum lk_button)i));
        }
    }
}

static void every_size_has_a_text(void **state)
{
    (void)state;
    for (int i = 0; i < LK_SIZES; i++) {
        char name[8] = {0};
        for (size_t c = 0; c < sizeof(name) - 1 && lk_size_name((enum lk_size)i)[c] != '\0'; c++) {
            name[c] = (char)(lk_size_name((enum lk_size)i)[c] | 0x20);
        }
        has("size.name.", name);
    }
}

/* home and notice are put together from other texts. */
static void every_screen_has_a_title(void **state)
{
    (void)state;
    for (int i = 0; i < LK_SCREENS; i++) {
        if (i != LK_SCREEN_NOTICE) {
            char key[64];
            snprintf(key, sizeof(key), "%s.title", lk_screen_name((enum lk_screen)i));
            has(key, "");
        }
    }
}

static void finds_nothing_that_is_not_there(void **state)
{
    (void)state;
    assert_null(lk_catalogue_text("reason", LK_LANG_ZH));
    assert_null(lk_catalogue_text("", LK_LANG_ZH));
    assert_null(lk_catalogue_text("zzz", LK_LANG_EN));
    assert_null(lk_catalogue_key(lk_catalogue_count()));
    assert_string_equal(lk_catalogue_text("button.back", LK_LANG_EN), "Back");
    assert_string_equal(lk_catalogue_text("button.back", LK_LANG_ZH), "返回");
}

static void keys_are_in_order(void **state)
{
    (void)state;
    for (size_t i = 1; i < lk_catalogue_count(); i++) {
        assert_true(strcmp(lk_catalogue_key(i - 1), lk_catalogue_key(i)) < 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reason_has_a_text),  cmocka_unit_test(no_text_is_about_a_reason_that_is_gone),
        cmocka_unit_test(every_button_has_a_text),  cmocka_unit_test(every_size_has_a_text),
        cmocka_unit_test(every_screen_has_a_title), cmocka_unit_test(finds_nothing_that_is_not_there),
        cmocka_unit_test(keys_are_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
