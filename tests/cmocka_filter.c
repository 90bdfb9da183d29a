/*
 * Lets one case of a cmocka program run by name: LK_TEST='law_11_*' build/dev/tests/unit/hal/clock-test
 * and all but one: LK_TEST_SKIP=name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

__attribute__((constructor)) static void filter_by_name(void)
{
    const char *pattern = getenv("LK_TEST");
    if (pattern) {
        cmocka_set_test_filter(pattern);
    }
    const char *skipped = getenv("LK_TEST_SKIP");
    if (skipped) {
        cmocka_set_skip_filter(skipped);
    }
}
