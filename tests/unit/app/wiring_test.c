/* What a door's fingerprint is made of, and what it is not. */
#include "wiring.h"

#include "unit/app/rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *text_of(const char *lines, unsigned bank, unsigned door)
{
    struct rig rig;
    rig_make(&rig, lines);
    char *buf = calloc(1, LK_WIRING_TEXT);
    assert_non_null(buf);
    struct lk_text t = lk_text_init(buf, LK_WIRING_TEXT);
    lk_wiring_text(rig.config, bank, door, &t);
    assert_false(t.truncated);
    rig_end(&rig);
    return buf;
}

/* The text is a format: a change of it would hold every door of every cabinet in the field. */
static void law_3_the_text_never_changes(void **state)
{
    (void)state;
    static const struct {
        const char *lines;
        unsigned bank, door;
        const char *text;
    } rows[] = {
        {"", 0, 0, "1|tcp|127.0.0.1:502|1|waveshare-relay-8|1|1|waveshare-relay-8|1|high"},
        {"", 1, 3, "1|tcp|127.0.0.1:503|2|waveshare-relay-8|4|2|waveshare-relay-8|4|high"},
        {"channels = 8 1 3 2\nsensor_closed = low high:2\n", 1, 0,
         "1|tcp|127.0.0.1:503|2|waveshare-relay-8|8|2|waveshare-relay-8|8|low"},
        {"channels = 8 1 3 2\nsensor_closed = low high:2\n", 1, 1,
         "1|tcp|127.0.0.1:503|2|waveshare-relay-8|1|2|waveshare-relay-8|1|high"},
        {"inputs = 5-8\ninputs_unit = 9\ninputs_profile = waveshare-relay-32\n", 1, 3,
         "1|tcp|127.0.0.1:503|2|waveshare-relay-8|4|9|waveshare-relay-32|8|high"},
        {"[fieldbus R]\ntransport = rtu\ndevice = /dev/ttyUSB0\n[bank C]\nfieldbus = R\nunit = 247\n"
         "profile = waveshare-relay-32\ndoors = 1\nsizes = L:1\nchannels = 32\n",
         2, 0, "1|rtu|/dev/ttyUSB0|247|waveshare-relay-32|32|247|waveshare-relay-32|32|high"},
        {"[bank G]\nprofile = gpio\ngpio_chip = label:x\nlocks = GPIO5 #13\nsensors = A B\nlock_active = low\n"
         "sensor_closed = high low:1\n",
         2, 0, "1|gpio|label:x|GPIO5|low|A|low"},
        {"[bank G]\nprofile = gpio\ngpio_chip = /dev/gpiochip0\nlocks = GPIO5 #13\nsensors = A B\nlock_active = high\n",
         2, 1, "1|gpio|/dev/gpiochip0|#13|high|B|high"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *text = text_of(rows[i].lines, rows[i].bank, rows[i].door);
        assert_string_equal(text, rows[i].text);
        free(text);
    }
}

/* Baud rates, time-outs and pulses move no other door. */
static void what_moves_no_metal_is_not_in_it(void **state)
{
    (void)state;
    char *before = text_of("", 1, 0), *after = text_of("pulse_ms = 300\nsupply = x\ntimeout_ms = 700\n"
                                                       "poll_ms = 5\nconfirm_ms = 90\nlow_reach = 1\n",
                                                       1, 0);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

static void every_door_has_its_own(void **state)
{
    (void)state;
    struct rig rig;
    rig_make(&rig, "");
    assert_int_equal(lk_wiring_fill(rig.config), 0);
    const struct lk_core_config *core = &rig.config->core;
    for (int i = 0; i < core->doors; i++) {
        for (int k = 0; k < i; k++) {
            assert_memory_not_equal(core->door[i].wiring, core->door[k].wiring, LK_WIRING_LEN);
        }
    }
    static const uint8_t first[4] = {0};
    assert_memory_not_equal(core->door[0].wiring, first, sizeof(first));
    rig_end(&rig);
}

/* The longest names there can be. */
static void the_longest_line_fits(void **state)
{
    (void)state;
    static struct lk_config config;
    char buf[LK_WIRING_TEXT];
    struct lk_text t = lk_text_init(buf, sizeof(buf));
    struct lk_config_bank *bank = &config.bank[0];
    memset(config.fieldbus[0].device, 'd', sizeof(config.fieldbus[0].device) - 1);
    memset(bank->profile, 'p', sizeof(bank->profile) - 1);
    memset(bank->inputs_profile, 'q', sizeof(bank->inputs_profile) - 1);
    bank->unit = bank->inputs_unit = 247;
    bank->channels.at[31] = bank->inputs.at[31] = 255;
    lk_wiring_text(&config, 0, 31, &t);
    assert_false(t.truncated);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(law_3_the_text_never_changes),
        cmocka_unit_test(what_moves_no_metal_is_not_in_it),
        cmocka_unit_test(every_door_has_its_own),
        cmocka_unit_test(the_longest_line_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
