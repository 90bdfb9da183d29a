/* The sections of the devices beside the doors: scanner, keypad, card reader, panel. */
#include "app/config.h"
#include "base/cleanup.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct lk_config_profile profiles[] = {{.name = "waveshare-relay-8", .channels = 8, .inputs = 8},
                                                    {.name = "bare"}};

static char path[64];
static struct lk_config_errors errors;

/* Twelve lines; the next is 13. */
#define SITE                                                                                                           \
    "[site]\noperator = o\nid = s\n[fieldbus r]\ntransport = rtu\ndevice = /dev/r\n"                                   \
    "[bank A]\nfieldbus = r\nunit = 1\nprofile = waveshare-relay-8\ndoors = 1\nsizes = S:1\n"
#define COILS "[panel]\nkind = coils\nfieldbus = r\nunit = 2\nprofile = waveshare-relay-8\n"
#define GPIO  "[panel]\nkind = gpio\nchip = label:pinctrl-bcm2711\n"

static int setup(void **state)
{
    (void)state;
    strcpy(path, "/tmp/lk-devices-XXXXXX");
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
    (void)state;
    return unlink(path);
}

static int load(const char *more, struct lk_config **ret_config)
{
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_true(fprintf(f, "%s%s", SITE, more) > 0);
    assert_int_equal(fclose(f), 0);
    return lk_config_load(path, profiles, LK_ARRAY_SIZE(profiles), ret_config, &errors);
}

static struct lk_config *good(const char *more)
{
    struct lk_config *c = NULL;
    if (load(more, &c) < 0) {
        fail_msg("%s", errors.text[0]);
    }
    return c;
}

static void nothing_is_there_without_a_section(void **state)
{
    (void)state;
    LK_CLEANUP(lk_freep) struct lk_config *c = good("");
    assert_false(c->scanner.present || c->keypad.present || c->card.present || c->panel.present);
}

static void defaults(void **state)
{
    (void)state;
    LK_CLEANUP(lk_freep)
    struct lk_config *c =
        good("[scanner]\ndevice = /dev/s\n[keypad]\ndevice = /dev/k\n[card]\ndevice = /dev/c\n" GPIO "ready = GPIO5\n");
    assert_true(c->scanner.present && c->keypad.present && c->card.present && c->panel.present);
    assert_int_equal(c->scanner.kind, LK_CONFIG_SCANNER_SERIAL);
    assert_int_equal(c->scanner.mode, LK_CONFIG_SCANNER_CONTINUOUS);
    assert_int_equal(c->scanner.baud, 9600);
    assert_int_equal(c->keypad.idle_ms, 30000);
    assert_int_equal(c->card.baud, 115200);
    assert_int_equal(c->panel.kind, LK_CONFIG_PANEL_GPIO);
    assert_int_equal(c->panel.active, LK_CONFIG_HIGH);
    assert_string_equal(c->panel.chip, "label:pinctrl-bcm2711");
    assert_string_equal(c->panel.output[0], "GPIO5");
    assert_string_equal(c->panel.output[3], "");
}

static void everything_said(void **state)
{
    (void)state;
    LK_CLEANUP(lk_freep)
    struct lk_config *c =
        good("[scanner]\ndevice = /dev/s\nmode = host\nbaud = 115200\n[keypad]\ndevice = /dev/k\nidle_s = 5\n" COILS
             "ready = 1\nbuzzer = 8\nverified = yes\n");
    assert_int_equal(c->scanner.mode, LK_CONFIG_SCANNER_HOST);
    assert_int_equal(c->keypad.idle_ms, 5000);
    assert_int_equal(c->panel.kind, LK_CONFIG_PANEL_COILS);
    assert_int_equal(c->panel.fieldbus_index, 0);
    assert_int_equal(c->panel.unit, 2);
    assert_int_equal(c->panel.channel[0], 0);
    assert_int_equal(c->panel.channel[1], -1);
    assert_int_equal(c->panel.channel[2], -1);
    assert_int_equal(c->panel.channel[3], 7);
    assert_true(c->panel.verified);
}

static void a_scanner_that_types(void **state)
{
    (void)state;
    LK_CLEANUP(lk_freep)
    struct lk_config *c = good("[scanner]\nkind = keyboard\ndevice = /dev/input/by-id/x-event-kbd\n");
    assert_int_equal(c->scanner.kind, LK_CONFIG_SCANNER_KEYBOARD);
}

static const struct {
    const char *text;
    unsigned line; /* below SITE, from 1 */
    const char *said;
} mistakes[] = {
    {"[scanner]\nbaud = 9600\n", 1, "scanner.device: missing"},
    {"[scanner]\ndevice = /dev/r\n", 2, "scanner.device: fieldbus r has the same device"},
    {"[keypad]\ndevice = /dev/k\n[scanner]\ndevice = /dev/k\n", 2, "keypad.device: scanner has the same device"},
    {"[card]\ndevice = /dev/k\n[keypad]\ndevice = /dev/k\n", 2, "card.device: keypad has the same device"},
    {"[card]\ndevice = /dev/r\n", 2, "card.device: fieldbus r has the same device"},
    {"[scanner]\ndevice = /dev/s\nkind = keyboard\nbaud = 9600\n", 4, "scanner.baud: has no meaning here"},
    {"[scanner]\ndevice = /dev/s\nkind = keyboard\nmode = host\n", 4, "scanner.mode: has no meaning here"},
    {"[scanner]\ndevice = /dev/s\nmode = trigger\n", 3,
     "scanner.mode: \"trigger\" is not known here; allowed: continuous or host"},
    {"[keypad]\ndevice = /dev/k\nidle_s = 4\n", 3, "keypad.idle_s: \"4\" is out of range; allowed: 5..300"},
    {"[card]\nbaud = 115200\n", 1, "card.device: missing"},
    {"[panel]\nready = 1\n", 1, "panel.kind: missing; allowed: gpio or coils"},
    {GPIO, 1, "panel: nothing is wired; allowed: at least one of"},
    {"[panel]\nkind = gpio\nready = GPIO5\n", 1, "panel.chip: missing, needed for kind = gpio"},
    {GPIO "ready = GPIO5\nunit = 2\n", 5, "panel.unit: has no meaning here; allowed: only with kind = coils"},
    {GPIO "ready = GPIO5\nbuzzer = GPIO5\n", 5,
     "panel.buzzer: ready is \"GPIO5\" too; allowed: each line or channel once"},
    {"[panel]\nkind = coils\nready = 1\nunit = 2\nprofile = bare\n", 1,
     "panel.fieldbus: missing, needed for kind = coils"},
    {COILS "ready = 1\nactive = low\n", 7, "panel.active: has no meaning here; allowed: only with kind = gpio"},
    {COILS "ready = 0\n", 6, "panel.ready: \"0\" is no channel; allowed: 1..8"},
    {COILS "ready = 9\n", 6, "panel.ready: \"9\" is no channel; allowed: 1..8"},
    {COILS "buzzer = GPIO5\n", 6, "panel.buzzer: \"GPIO5\" is no channel; allowed: 1..8"},
    {"[panel]\nkind = coils\nfieldbus = q\nunit = 2\nprofile = bare\nready = 1\n", 3,
     "panel.fieldbus: there is no [fieldbus q]"},
    {"[panel]\nkind = coils\nfieldbus = r\nunit = 2\nprofile = x\nready = 1\n", 5, "panel.profile: \"x\" is not known"},
    {"[panel]\nkind = coils\nfieldbus = r\nunit = 1\nprofile = bare\nready = 1\n", 4,
     "panel.unit: bank A is unit 1 on fieldbus r"},
};

static void each_mistake_has_its_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < LK_ARRAY_SIZE(mistakes); i++) {
        struct lk_config *c = NULL;
        char want[400];
        int r = load(mistakes[i].text, &c);
        snprintf(want, sizeof(want), "%s:%u: %s", path, 12 + mistakes[i].line, mistakes[i].said);
        if (r != -EINVAL || errors.count != 1 || strncmp(errors.text[0], want, strlen(want)) != 0 ||
            !strstr(errors.text[0], "allowed: ")) {
            fail_msg("in:\n%s\nwant: %s\ngot:  %d, %u: %s", mistakes[i].text, want, r, errors.count, errors.text[0]);
        }
    }
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(nothing_is_there_without_a_section), ROW(defaults), ROW(everything_said), ROW(a_scanner_that_types),
        ROW(each_mistake_has_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
