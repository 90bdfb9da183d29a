/*
 * What the profile waveshare-relay puts on the wire, compared with the recorded frames in tests/data. The channel is
 * driven through the public functions; the simulated line shows the bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "drivers/lockbank.h"
#include "hal/fieldbus_sim.h"

enum { SEEN_MAX = 4096 };

static char seen[SEEN_MAX][24];
static unsigned seen_n;

static void watch(void *user, int64_t at_ns, uint8_t unit, const uint8_t *pdu, size_t n)
{
    (void)user;
    (void)at_ns;
    assert_int_equal(n, 5);
    if (seen_n < SEEN_MAX) {
        (void)snprintf(seen[seen_n++], sizeof(seen[0]), "%02X %02X %02X %02X %02X %02X", unit, pdu[0], pdu[1], pdu[2],
                       pdu[3], pdu[4]);
    }
}

static void on_sense(void *user, unsigned door, enum lk_lockbank_sense sense, int64_t at_ms)
{
    (void)user;
    (void)door;
    (void)sense;
    (void)at_ms;
}

static void on_pulse(void *user, unsigned door, uint64_t intent, enum lk_lockbank_pulse_result result)
{
    (void)user;
    (void)door;
    (void)intent;
    assert_int_equal(result, LK_LOCKBANK_PULSE_DONE);
}

static void on_board(void *user, enum lk_lockbank_board state, enum lk_lockbank_reason reason)
{
    (void)user;
    (void)state;
    (void)reason;
}

static void run(struct lk_fieldbus *fb, struct lk_lockbank *bank, int64_t ms)
{
    struct lk_fb_completion c;
    for (int64_t now_ms = lk_fieldbus_sim_now_ns(fb) / 1000000, end_ms = now_ms + ms; now_ms < end_ms;) {
        lk_fieldbus_sim_advance(fb, ++now_ms * 1000000);
        while (lk_fieldbus_reap(fb, &c)) {
            lk_lockbank_completion(bank, &c, now_ms);
        }
        lk_lockbank_tick(bank, now_ms);
    }
}

static void drive(unsigned channels, const char *profile)
{
    static const struct lk_lockbank_sink sink = {on_sense, on_pulse, on_board};
    struct lk_fieldbus_config line = {.name = "x", .transport = LK_FB_RTU, .device = "/dev/x", .baud = 9600};
    struct lk_lockbank_config config = {.unit = 1, .profile = lk_board_profile_find(profile), .doors = channels};
    struct lk_fieldbus *fb;
    struct lk_supply *supply;
    struct lk_lockbank *bank;
    assert_int_equal(lk_fieldbus_sim_create(&line, 0, &fb), 0);
    assert_non_null(lk_fieldbus_sim_board(fb, 1, channels));
    lk_fieldbus_sim_set_watch(fb, watch, NULL);
    assert_int_equal(lk_supply_create(NULL, &supply), 0);
    assert_int_equal(lk_lockbank_create(&config, fb, supply, &sink, NULL, &bank), 0);
    assert_int_equal(lk_fieldbus_start(fb), 0);
    assert_int_equal(lk_lockbank_start(bank, 0), 0);
    run(fb, bank, 500);
    for (unsigned d = 0; d < channels; d++) {
        assert_int_equal(lk_lockbank_pulse(bank, d, d, lk_fieldbus_sim_now_ns(fb) / 1000000), 0);
        run(fb, bank, 700);
    }
    lk_lockbank_destroy(bank);
    lk_supply_destroy(supply);
    lk_fieldbus_destroy(fb);
}

static bool was_seen(const char *frame)
{
    for (unsigned i = 0; i < seen_n; i++) {
        if (strncmp(seen[i], frame, 17) == 0) {
            return true;
        }
    }
    return false;
}

static bool wanted(const char *purpose)
{
    static const char *const ours[] = {"read relays 8",        "read relays 16",         "read relays 32",
                                       "read inputs 8",        "read inputs 16",         "all off",
                                       "flash on ch0 500 ms",  "flash on ch3 500 ms",    "flash on ch15 500 ms",
                                       "flash on ch31 500 ms", "read input link modes 8"};
    for (size_t i = 0; i < LK_ARRAY_SIZE(ours); i++) {
        if (strcmp(ours[i], purpose) == 0) {
            return true;
        }
    }
    return false;
}

static void every_recorded_frame_is_what_we_send(void **state)
{
    (void)state;
    char line[256];
    unsigned compared = 0;
    LK_CLEANUP(lk_fclosep) FILE *f = fopen(LK_SOURCE_DIR "/tests/data/modbus-frames.csv", "re");
    assert_non_null(f);
    drive(8, "waveshare-relay-8");
    drive(16, "waveshare-relay-16");
    drive(32, "waveshare-relay-32");
    while (fgets(line, sizeof(line), f)) {
        char *rest = line, *profile = strsep(&rest, ","), *purpose = strsep(&rest, ","), *request = strsep(&rest, ",");
        if (strcmp(profile, "waveshare-relay") == 0 && request && wanted(purpose)) {
            if (!was_seen(request)) {
                fail_msg("never sent: %s (%s)", purpose, request);
            }
            compared++;
        }
    }
    assert_int_equal(compared, 11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_recorded_frame_is_what_we_send)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
