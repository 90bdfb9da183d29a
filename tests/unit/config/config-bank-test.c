/* [bank NAME]: every kind of board and GPIO, what is refused about them and where (law 3: never the wrong door begins
 * with no two doors on one coil). */
#include "app/config.h"
#include "base/cleanup.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct lk_config_profile profiles[] = {
    {.name = "timed-8", .channels = 8, .inputs = 8, .pulse_unit_ms = 100, .pulse_max_ms = 500},
    {.name = "modes-16", .channels = 16, .inputs = 8, .pulse_unit_ms = 100, .pulse_modes = {2, 4}, .catch_all = {77}},
    {.name = "relays-8", .channels = 8, .pulse_unit_ms = 1000, .pulse_min_ms = 1000, .pulse_max_ms = 1000},
    {.name = "plain-8", .channels = 8, .inputs = 8, .needs_software_pulse = true},
    {.name = "weak-8", .channels = 8, .inputs = 8, .output_limit_ma = 500},
    {.name = "tcp-8", .channels = 8, .inputs = 8, .tcp_only = true},
    {.name = "rtu-8", .channels = 8, .inputs = 8, .rtu_only = true},
};

static char path[64];
static struct lk_config_errors errors;

static int load(const char *text, struct lk_config **ret)
{
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    return lk_config_load(path, profiles, LK_ARRAY_SIZE(profiles), ret, &errors);
}

static int setup(void **state)
{
    (void)state;
    strcpy(path, "/tmp/lk-config-bank-XXXXXX");
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
    (void)state;
    return unlink(path);
}

#define SITE     "[site]\noperator = yulin\nid = hall-1\n"
#define BUS      "[fieldbus r]\ntransport = rtu\ndevice = /dev/ttyUSB0\n"
#define BANK(p)  SITE BUS "[bank A]\nfieldbus = r\nunit = 1\ndoors = 2\nsizes = S:1-2\nprofile = " p "\n" /* to 12 */
#define OTHER(p) "[bank B]\nfieldbus = r\nunit = 2\ndoors = 2\nsizes = S:1-2\nprofile = " p "\n"          /* 6 lines */
#define GPIO                                                                                                           \
    SITE "[bank G]\nprofile = gpio\ngpio_chip = /dev/gpiochip0\nlock_active = low\nlocks = A B\nsensors = C D\n"
#define GPIO2 "[bank H]\nprofile = gpio\ngpio_chip = /dev/gpiochip0\nlock_active = low\n" /* GPIO is 9, so 10 to 13 */

static const struct lk_config_bank *good(const char *text, struct lk_config **ret)
{
    if (load(text, ret) != 0) {
        fail_msg("in:\n%s\ngot: %s", text, errors.text[0]);
    }
    return &(*ret)->bank[0];
}

static void a_board_is_wired_in_order_unless_told(void **state)
{
    (void)state;
    LK_CLEANUP(lk_freep) struct lk_config *c = NULL;
    const struct lk_config_bank *bank = good(BANK("timed-8"), &c);
    assert_false(bank->gpio);
    assert_int_equal(bank->channels.count, 2);
    assert_int_equal(bank->channels.at[0], 0);
    assert_int_equal(bank->channels.at[1], 1);
    assert_int_equal(bank->inputs.count, 2);
    assert_int_equal(bank->inputs.at[1], 1);
    assert_int_equal(bank->inputs_unit, 0);
    assert_int_equal(bank->sensor_closed, UINT32_MAX);
    assert_int_equal(bank->pulse_mode, 0);
    assert_int_equal(bank->lock_ma, 0);
}

static void channels_and_inputs_are_lists_in_order(void **state)
{
    (void)state;
    LK_CLEANUP(lk_freep) struct lk_config *c = NULL;
    const struct lk_config_bank *bank =
        good(SITE BUS "[bank A]\nfieldbus = r\nunit = 1\ndoors = 4\nsizes = S:1-4\nprofile = timed-8\n"
                      "channels = 8 2-4\ninputs = 5-6 1 3\n",
             &c);
    static const uint8_t channels[] = {7, 1, 2, 3}, inputs[] = {4, 5, 0, 2};
    assert_memory_equal(bank->channels.at, channels, 4);
    assert_memory_equal(bank->inputs.at, inputs, 4);
}

static void inputs_follow_the_channels(void **state)
{
    (void)state;
    LK_CLEANUP(lk_freep) struct lk_config *c = NULL;
    const struct lk_config_bank *bank = good(BANK("timed-8") "channels = 6 3\n", &c);
    assert_int_equal(bank->inputs.at[0], 5);
    assert_int_equal(bank->inputs.at[1], 2);
}

static void the_polarity_belongs_to_the_door(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        uint32_t high;
    } rows[] = {
        {"high", UINT32_MAX},     {"low", 0},           {"high low:2", ~UINT32_C(2)}, {"low high:1", 1},
        {"low high:1 high:2", 3}, {"low  high:1-2", 3},
    };
    for (size_t i = 0; i < LK_ARRAY_SIZE(rows); i++) {
        LK_CLEANUP(lk_freep) struct lk_config *c = NULL;
        char text[400];
        snprintf(text, sizeof(text), "%ssensor_closed = %s\n", BANK("timed-8"), rows[i].value);
        assert_int_equal(good(text, &c)->sensor_closed, rows[i].high);
    }
}

/* Relays here, door switches on a second board of the line; another bank may use the rest of its inputs. */
static void door_switches_may_be_on_another_board(void **state)
{
    (void)state;
    LK_CLEANUP(lk_freep) struct lk_config *c = NULL;
    const struct lk_config_bank *bank =
        good(BANK("relays-8") "inputs_unit = 9\ninputs_profile = timed-8\n" OTHER(
                 "relays-8") "inputs_unit = 9\ninputs_profile = timed-8\ninputs = 7 8\npulse_ms = 1000\n",
             &c);
    assert_int_equal(bank[0].inputs_unit, 9);
    assert_string_equal(bank[0].inputs_profile, "timed-8");
    assert_int_equal(bank[1].inputs.at[0], 6);
}

static void what_is_dangerous_is_said_to_be_known(void **state)
{
    (void)state;
    LK_CLEANUP(lk_freep) struct lk_config *c = NULL;
    const struct lk_config_bank *bank = good(BANK("plain-8") "accept_software_pulse = yes\n", &c);
    assert_true(bank->accept_software_pulse);
    c = lk_config_free(c);
    assert_int_equal(good(BANK("weak-8") "lock_ma = 500\n", &c)->lock_ma, 500);
    c = lk_config_free(c);
    assert_int_equal(good(BANK("modes-16") "pulse_mode = 4\n", &c)->pulse_mode, 4);
}

/* The sketch of the design, word by word. */
static void the_design_is_accepted_as_it_stands(void **state)
{
    (void)state;
    LK_CLEANUP(lk_freep) struct lk_config *c = NULL;
    static const char sketch[] = "[site]\noperator = yulin\nid = hall-1\n"
                                 "[fieldbus rs485-a]\ntransport = rtu\n"
                                 "device = /dev/serial/by-id/usb-FTDI_...-port0\nbaud = 9600\n"
                                 "[fieldbus eth-1]\ntransport = tcp\nhost = 192.0.2.10\nport = 502\n"
                                 "[bank A]\nfieldbus = rs485-a\nunit = 1\nprofile = timed-8\ndoors = 8\n"
                                 "sizes = S:1-6 M:7 L:8\nlow_reach = 5-8\n"
                                 "[bank G]\ngpio_chip = label:pinctrl-bcm2711\nprofile = gpio\n"
                                 "locks = GPIO5 GPIO6 GPIO13 GPIO19\nsensors = GPIO12 GPIO16 GPIO20 GPIO21\n"
                                 "lock_active = low\nsensor_closed = low\n"
                                 "[uplink]\nurl = mqtts://broker.example:8883\nca = /etc/lockerd/tls/ca.pem\n";
    const struct lk_config_bank *gpio = good(sketch, &c) + 1;
    assert_true(gpio->gpio);
    assert_string_equal(gpio->gpio_chip, "label:pinctrl-bcm2711");
    assert_int_equal(gpio->doors, 4);
    assert_int_equal(gpio->size[3], LK_SIZE_M);
    assert_int_equal(gpio->locks.count, 4);
    assert_string_equal(gpio->locks.name[2], "GPIO13");
    assert_string_equal(gpio->sensors.name[3], "GPIO21");
    assert_int_equal(gpio->lock_active, LK_CONFIG_LOW);
    assert_int_equal(gpio->sensor_closed, 0);
    assert_int_equal(gpio->bias, LK_CONFIG_BIAS_AS_IS);
    assert_int_equal(gpio->debounce_ms, 20);
    assert_int_equal(c->core.doors, 12);
    assert_string_equal(c->core.door[11].label, "G04");
}

static void lines_have_names_or_offsets(void **state)
{
    (void)state;
    LK_CLEANUP(lk_freep) struct lk_config *c = NULL;
    const struct lk_config_bank *bank = good(SITE "[bank G]\nprofile = gpio\ngpio_chip = /dev/gpiochip4\n"
                                                  "lock_active = high\nlocks = PA5 #13 #0-1\nsensors = #16-19\n"
                                                  "sizes = S:1-3 XL:4\nbias = up\ndebounce_ms = 0\n",
                                             &c);
    assert_string_equal(bank->locks.name[0], "PA5");
    assert_string_equal(bank->locks.name[1], "#13");
    assert_string_equal(bank->locks.name[3], "#1");
    assert_string_equal(bank->sensors.name[3], "#19");
    assert_int_equal(bank->size[3], LK_SIZE_XL);
    assert_int_equal(bank->bias, LK_CONFIG_BIAS_UP);
}

/* One mistake each, as in config-test.c. */
static const struct {
    const char *text;
    unsigned line;
    const char *says;
} mistakes[] = {
    /* law 3: two doors on one coil or one input */
    {BANK("timed-8") "channels = 3 3\n", 13,
     "bank A.channels: \"3 3\" names 3 twice; allowed: numbers of 1..128, each"},
    {BANK("timed-8") "channels = 1-4 2\n", 13, "bank A.channels: \"1-4 2\" names 2 twice"},
    {BANK("timed-8") "inputs = 5 5\n", 13, "bank A.inputs: \"5 5\" names 5 twice"},
    {BANK("relays-8") "inputs_unit = 9\ninputs_profile = timed-8\n" OTHER(
         "relays-8") "inputs_unit = 9\ninputs_profile = timed-8\n",
     21, "bank B.inputs: door 1 is on input 1 of unit 9, as door 1 of bank A; allowed: each input once"},
    {BANK("relays-8") "inputs_unit = 9\ninputs_profile = timed-8\n" OTHER(
         "relays-8") "inputs_unit = 9\ninputs_profile = timed-8\ninputs = 8 2\n",
     23, "bank B.inputs: door 2 is on input 2 of unit 9, as door 2 of bank A"},
    {BANK("timed-8") "[bank B]\nfieldbus = r\nunit = 1\ndoors = 1\nsizes = S:1\nprofile = timed-8\n", 15,
     "bank B.unit: bank A is unit 1 on fieldbus r too; allowed: each address once"},
    {BANK("relays-8") "inputs_unit = 2\ninputs_profile = timed-8\n" OTHER("timed-8"), 17,
     "bank B.unit: 2 is the inputs_unit of bank A; allowed: each address once"},
    {BANK("timed-8") OTHER("relays-8") "inputs_unit = 1\ninputs_profile = timed-8\n", 19,
     "bank B.inputs_unit: 1 is the unit of bank A; allowed: a board without locks"},
    {BANK("timed-8") "inputs_unit = 1\ninputs_profile = timed-8\n", 13,
     "bank A.inputs_unit: 1 is the bank's own board; allowed: another board"},
    {BANK("relays-8") "inputs_unit = 9\ninputs_profile = timed-8\n" OTHER(
         "relays-8") "inputs_unit = 9\ninputs_profile = weak-8\ninputs = 7 8\n",
     22, "bank B.inputs_profile: bank A says that unit 9 is a timed-8; allowed: the same"},
    /* beyond the board */
    {BANK("timed-8") "channels = 9 1\n", 13, "bank A.channels: door 1 is on relay 9, but timed-8 has 8; allowed: 1..8"},
    {BANK("timed-8") "inputs = 1 12\n", 13, "bank A.inputs: door 2 is on input 12, but timed-8 has 8; allowed: 1..8"},
    {BANK("modes-16") "channels = 1 16\n", 13, "bank A.channels: door 2 is on input 16, but modes-16 has 8"},
    {SITE BUS "[bank A]\nfieldbus = r\nunit = 1\ndoors = 9\nsizes = S:1-9\nprofile = modes-16\n", 10,
     "bank A.doors: door 9 is on input 9, but modes-16 has 8; allowed: 1..8"},
    {BANK("relays-8") "inputs_unit = 9\ninputs_profile = timed-8\ninputs = 8 9\n", 15,
     "bank A.inputs: door 2 is on input 9, but timed-8 has 8"},
    {BANK("timed-8") "channels = 1\n", 13, "bank A.channels: 1 numbers for 2 doors; allowed: one for each door"},
    {BANK("timed-8") "inputs = 1-3\n", 13, "bank A.inputs: 3 numbers for 2 doors"},
    {BANK("timed-8") "channels = 0 1\n", 13, "bank A.channels: \"0 1\" is not a list of numbers"},
    {BANK("timed-8") "channels = 1,2\n", 13, "bank A.channels: \"1,2\" is not a list of numbers"},
    {BANK("timed-8") "channels = 1-40\n", 13, "bank A.channels: \"1-40\" has more numbers than a bank has doors"},
    {BANK("timed-8") "channels = 129\n", 13, "bank A.channels: \"129\" is not a list of numbers"},
    {BANK("timed-8") "channels =\n", 13, "bank A.channels: \"\" is not a list of numbers"},
    /* door switches */
    {BANK("relays-8"), 12, "bank A.profile: relays-8 has no inputs for door switches; allowed: with inputs_unit"},
    {BANK("relays-8") "inputs_unit = 9\n", 7, "bank A.inputs_profile: missing, needed for inputs_unit"},
    {BANK("timed-8") "inputs_profile = timed-8\n", 13,
     "bank A.inputs_profile: has no meaning here; allowed: only with inputs_unit"},
    {BANK("relays-8") "inputs_unit = 9\ninputs_profile = relays-8\n", 14,
     "bank A.inputs_profile: relays-8 has no inputs; allowed: a board with inputs"},
    {BANK("relays-8") "inputs_unit = 9\ninputs_profile = x\n", 14,
     "bank A.inputs_profile: \"x\" is not known; allowed: timed-8, modes-16"},
    {BANK("timed-8") "sensor_closed = low:1\n", 13,
     "bank A.sensor_closed: \"low:1\" is not known here; allowed: low or"},
    {BANK("timed-8") "sensor_closed = low low:1\n", 13, "bank A.sensor_closed: \"low low:1\" is not known here"},
    {BANK("timed-8") "sensor_closed = high low:1,1\n", 13, "bank A.sensor_closed: \"high low:1,1\" names door 1 twice"},
    {BANK("timed-8") "sensor_closed = high low:2-3\n", 13,
     "bank A.sensor_closed: doors that are not there: 3; allowed"},
    {BANK("timed-8") "sensor_closed = high low:\n", 13, "bank A.sensor_closed: \"high low:\" is not known here"},
    {BANK("timed-8") "sensor_closed =\n", 13, "bank A.sensor_closed: \"\" is not known here"},
    /* what the board can do */
    {BANK("plain-8"), 12, "bank A.profile: plain-8 cannot time a pulse: a coil stays on when the line breaks"},
    {BANK("plain-8") "accept_software_pulse = no\n", 12, "bank A.profile: plain-8 cannot time a pulse"},
    {BANK("timed-8") "accept_software_pulse = yes\n", 13,
     "bank A.accept_software_pulse: has no meaning here; allowed: only with a board that cannot time a pulse"},
    {BANK("weak-8"), 12, "bank A.profile: the outputs of weak-8 bear 500 mA, and lock_ma does not say"},
    {BANK("weak-8") "lock_ma = 2000\n", 13,
     "bank A.lock_ma: 2000 mA is too much for the outputs of weak-8; allowed: at most 500"},
    {BANK("modes-16") "pulse_mode = 3\n", 13, "bank A.pulse_mode: modes-16 has no mode 3; allowed: 2, 4"},
    {BANK("timed-8") "pulse_mode = 2\n", 13,
     "bank A.pulse_mode: has no meaning here; allowed: only with a board whose"},
    {BANK("relays-8") "pulse_ms = 500\ninputs_unit = 9\ninputs_profile = timed-8\n", 13,
     "bank A.pulse_ms: 500 ms is too short for relays-8; allowed: at least 1000"},
    {BANK("tcp-8"), 12, "bank A.profile: tcp-8 cannot be on fieldbus r; allowed: transport = tcp"},
    {SITE
     "[fieldbus r]\ntransport = tcp\nhost = ::1\n[bank A]\nfieldbus = r\nunit = 1\ndoors = 1\nsizes = S:1\nprofile = "
     "rtu-8\n",
     12, "bank A.profile: rtu-8 cannot be on fieldbus r; allowed: transport = rtu"},
    {BANK("relays-8") "inputs_unit = 9\ninputs_profile = tcp-8\n", 14,
     "bank A.inputs_profile: tcp-8 cannot be on fieldbus r"},
    /* catch-all addresses */
    {SITE BUS "[bank A]\nfieldbus = r\nunit = 77\ndoors = 1\nsizes = S:1\nprofile = modes-16\n", 9,
     "bank A.unit: every modes-16 answers to 77, whatever its own address; allowed: the board's own"},
    {BANK("relays-8") "inputs_unit = 77\ninputs_profile = modes-16\n", 13,
     "bank A.inputs_unit: every modes-16 answers to 77"},
    {SITE BUS "[bank A]\nfieldbus = r\nunit = 254\ndoors = 1\nsizes = S:1\nprofile = timed-8\n", 9,
     "bank A.unit: \"254\" is out of range; allowed: 1..247"},
    /* boards and lines */
    {BANK("timed-8") "gpio_chip = /dev/gpiochip0\n", 13,
     "bank A.gpio_chip: has no meaning here; allowed: only with profile = gpio"},
    {BANK("timed-8") "lock_active = low\n", 13, "bank A.lock_active: has no meaning here"},
    {BANK("timed-8") "debounce_ms = 20\n", 13, "bank A.debounce_ms: has no meaning here"},
    {GPIO "unit = 1\n", 10, "bank G.unit: has no meaning here; allowed: only with a board on a fieldbus"},
    {GPIO "channels = 1 2\n", 10, "bank G.channels: has no meaning here"},
    {GPIO "verified = yes\n", 10, "bank G.verified: has no meaning here"},
    {GPIO "accept_software_pulse = yes\n", 10, "bank G.accept_software_pulse: has no meaning here"},
    {GPIO "pulse_ms = 501\n", 10, "bank G.pulse_ms: 501 ms is too long for GPIO lines; allowed: at most 500"},
    {GPIO "doors = 3\n", 8, "bank G.locks: 2 lines for 3 doors; allowed: one for each door"},
    {GPIO "sizes = S:1\n", 10, "bank G.sizes: doors without a size: 2"},
    {GPIO "low_reach = 3\n", 10, "bank G.low_reach: doors that are not there: 3"},
    {GPIO GPIO2 "locks = E C\nsensors = F G\n", 14,
     "bank H.locks: line C is among the sensors of bank G too; allowed: each line once"},
    {GPIO GPIO2 "locks = B E\nsensors = F G\n", 14, "bank H.locks: line B is among the locks of bank G too"},
    {GPIO GPIO2 "locks = E F\nsensors = D G\n", 15, "bank H.sensors: line D is among the sensors of bank G too"},
    {GPIO GPIO2 "locks = E F\nsensors = A G\n", 15, "bank H.sensors: line A is among the locks of bank G too"},
    {SITE GPIO2 "locks = A B\nsensors = B C\n", 9, "bank H.sensors: line B is among the locks of bank H too"},
    {SITE GPIO2 "locks = A A\nsensors = B C\n", 8, "bank H.locks: \"A A\" names A twice; allowed: names or offsets"},
    {SITE GPIO2 "locks = #1-3\nsensors = #5-6 #6\n", 9, "bank H.sensors: \"#5-6 #6\" names #6 twice"},
    {SITE GPIO2 "locks = A B\nsensors = C\n", 9, "bank H.sensors: 1 lines for 2 locks"},
    {SITE GPIO2 "locks = A\nsensors = #x\n", 9, "bank H.sensors: \"#x\" is not a list of lines"},
    {SITE GPIO2 "locks =\nsensors = #1\n", 8, "bank H.locks: \"\" is not a list of lines"},
    {SITE GPIO2 "locks = #0-32\nsensors = #40-71\n", 8, "bank H.locks: \"#0-32\" has more lines than a bank has doors"},
    {SITE "[bank H]\nprofile = gpio\ngpio_chip = gpiochip0\nlock_active = low\nlocks = A\nsensors = B\n", 6,
     "bank H.gpio_chip: \"gpiochip0\" is neither a label nor a path; allowed: label:NAME or an absolute path"},
    {SITE "[bank H]\nprofile = gpio\ngpio_chip = label:\nlock_active = low\nlocks = A\nsensors = B\n", 6,
     "bank H.gpio_chip: \"label:\" is neither a label nor a path"},
    {SITE "[bank H]\nprofile = gpio\ngpio_chip = label:x\nlocks = A\nsensors = B\n", 4,
     "bank H.lock_active: missing, needed for profile = gpio; allowed: low or high"},
    {SITE "[bank H]\nprofile = gpio\nlock_active = low\nlocks = A\nsensors = B\n", 4, "bank H.gpio_chip: missing"},
};

static void law_3_each_mistake_has_its_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < LK_ARRAY_SIZE(mistakes); i++) {
        struct lk_config *c = NULL;
        char want[600];
        int rc = load(mistakes[i].text, &c);
        snprintf(want, sizeof(want), "%s:%u: %s", path, mistakes[i].line, mistakes[i].says);
        bool said = false;
        for (unsigned n = 0; n < errors.count; n++) {
            said = said || strncmp(errors.text[n], want, strlen(want)) == 0;
        }
        if (rc != -EINVAL || c != NULL || !said || strstr(errors.text[0], "allowed: ") == NULL) {
            fail_msg("in:\n%s\nwant: %s\ngot:  %s", mistakes[i].text, want, errors.count > 0 ? errors.text[0] : "ok");
        }
    }
}

/* All but the sharing of an input give exactly one sentence: nobody has to look for the first cause. */
static void one_mistake_gives_one_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < LK_ARRAY_SIZE(mistakes); i++) {
        struct lk_config *c = NULL;
        (void)load(mistakes[i].text, &c);
        if (errors.count != 1) {
            fail_msg("in:\n%s\n%u sentences, the second: %s", mistakes[i].text, errors.count, errors.text[1]);
        }
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_board_is_wired_in_order_unless_told),
        TEST(channels_and_inputs_are_lists_in_order),
        TEST(inputs_follow_the_channels),
        TEST(the_polarity_belongs_to_the_door),
        TEST(door_switches_may_be_on_another_board),
        TEST(what_is_dangerous_is_said_to_be_known),
        TEST(the_design_is_accepted_as_it_stands),
        TEST(lines_have_names_or_offsets),
        TEST(law_3_each_mistake_has_its_line),
        TEST(one_mistake_gives_one_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
