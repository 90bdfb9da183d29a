/* The configuration reader: what a good file becomes, and for each kind of mistake the exact line and sentence. */
#include "app/config.h"
#include "base/cleanup.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const struct lk_config_profile profiles[] = {
    {.name = "waveshare-relay-8", .channels = 8, .inputs = 8, .pulse_unit_ms = 100, .pulse_max_ms = 500},
    {.name = "waveshare-relay-32", .channels = 32, .inputs = 32, .pulse_unit_ms = 100, .pulse_max_ms = 500},
    {.name = "bare", .inputs = 32},
};

static char dir[64];
static struct lk_config_errors errors;

static void write_file(const char *name, const char *text, size_t len)
{
    char path[160];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static const char *main_path(void)
{
    static char path[160];
    snprintf(path, sizeof(path), "%s/lockerd.conf", dir);
    return path;
}

static int load(struct lk_config **ret)
{
    return lk_config_load(main_path(), profiles, LK_ARRAY_SIZE(profiles), ret, &errors);
}

static int setup(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/lk-config-XXXXXX");
    return mkdtemp(dir) == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof(command), "rm -rf '%s'", dir);
    return system(command); /* NOLINT(cert-env33-c): a path of our own making */
}

#define SITE  "[site]\noperator = yulin\nid = hall-1\n"
#define BUS   "[fieldbus r]\ntransport = rtu\ndevice = /dev/ttyUSB0\n"
#define BANK_ "[bank A]\nfieldbus = r\nunit = 1\nprofile = waveshare-relay-8\ndoors = 8\n"
#define BANK  BANK_ "sizes = S:1-8\n"
#define GOOD  SITE BUS BANK /* lines 1-3, 4-6, 7-12; the next is 13 */

static const char full[] = "\xef\xbb\xbf# a whole cabinet\n"
                           "[site]\n"
                           "operator = yulin\n"
                           "id = hall-1\n"
                           "name = 榆林政务大厅 ; beside the main door\n"
                           "support_phone = 0912-12345\n"
                           "[paths]\n"
                           "state_dir = /srv/lockerd\n"
                           "[fieldbus rs485-a]\r\n"
                           "transport = rtu\r\n"
                           "   device = /dev/serial/by-id/usb-FTDI-port0\n"
                           "baud = 19200\n"
                           "parity = even\n"
                           "[fieldbus eth-1]\n"
                           "transport = tcp\n"
                           "host = 192.0.2.10\n"
                           "[bank A]\n"
                           "fieldbus = rs485-a\n"
                           "unit = 1\n"
                           "profile = waveshare-relay-32\n"
                           "doors = 32\n"
                           "sizes = S:1-20 M:21-28 L:29-31 XL:32\n"
                           "low_reach = 5-28 30\n"
                           "sensor_closed = low\n"
                           "pulse_ms = 400\n"
                           "[bank B]\n"
                           "fieldbus = eth-1\n"
                           "unit = 1\n"
                           "profile = waveshare-relay-8\n"
                           "doors = 8\n"
                           "sizes = M:1-8\n"
                           "supply = second\n"
                           "[bank C]\n"
                           "fieldbus = eth-1\n"
                           "unit = 2\n"
                           "profile = bare\n"
                           "doors = 1\n"
                           "sizes = L:1\n"
                           "poll_ms = 0\n"
                           "verified = yes\n"
                           "[uplink]\n"
                           "url = mqtts://broker.example:8883\n"
                           "ca = /etc/lockerd/tls/ca.pem\n"
                           "mqtt_version = 3.1.1\n"
                           "[kiosk]\n"
                           "port = 0\n"
                           "[scanner]\n"
                           "device = /dev/ttyACM0\n"
                           "[deposit]\n"
                           "unknown_barcode = ask\n"
                           "misload_check = yes\n"
                           "join_case = no\n"
                           "keep_free = S:2 XL:1\n"
                           "retention_days = 10\n"
                           "[pickup]\n"
                           "refusable = no\n"
                           "rating = yes\n"
                           "extend_days = 5\n"
                           "extend_most = 2\n"
                           "[dropoff]\n"
                           "enabled = yes\n"
                           "most = 6\n"
                           "[staff]\n"
                           "two_person_within_s = 600\n"
                           "[retention]\n"
                           "remind_days = 2\n"
                           "personal_days = 20\n"
                           "records_days = 400\n"
                           "[window 3]\n"
                           "hours = mon-fri 09:00-12:00 13:30-17:00, sat 10:00-16:00\n"
                           "[window east.1]\n"
                           "hours = sun 09:00-10:00\n"
                           "open_on_holidays = yes\n"
                           "[holidays 2026]\n"
                           "closed = 2026-01-01..2026-01-03\n"
                           "working = 2026-01-04:fri\n"
                           "[timing]\n"
                           "person_idle_s = 45\n"
                           "left_open_s = 90\n"
                           "open_timeout_ms = 2500\n"
                           "[lockout]\n"
                           "tries = 4\n"
                           "[log]\n"
                           "level = debug";

static void reads_a_whole_file(void **state)
{
    (void)state;
    LK_CLEANUP(lk_freep) struct lk_config *c = NULL;
    write_file("lockerd.conf", full, sizeof(full) - 1);
    if (load(&c) != 0) {
        fail_msg("%s", errors.text[0]);
    }
    assert_string_equal(c->site.name, "榆林政务大厅");
    assert_string_equal(c->site.key, "yulin/hall-1");
    assert_string_equal(c->paths.database, "/srv/lockerd/lockerd.db");
    assert_string_equal(c->paths.code_key, "/srv/lockerd/code.key");
    assert_string_equal(c->admin_socket, "/run/lockerd/admin.sock");
    assert_int_equal(c->fieldbuses, 2);
    assert_string_equal(c->fieldbus[0].device, "/dev/serial/by-id/usb-FTDI-port0");
    assert_int_equal(c->fieldbus[0].baud, 19200);
    assert_int_equal(c->fieldbus[0].parity, LK_CONFIG_PARITY_EVEN);
    assert_int_equal(c->fieldbus[1].transport, LK_CONFIG_TCP);
    assert_int_equal(c->fieldbus[1].port, 502);
    assert_int_equal(c->fieldbus[1].timeout_ms, 300);
    assert_int_equal(c->banks, 3);
    assert_int_equal(c->bank[0].low_reach, 0x2ffffff0u);
    assert_int_equal(c->bank[0].sensor_closed, 0);
    assert_int_equal(c->bank[1].sensor_closed, UINT32_MAX);
    assert_int_equal(c->bank[0].pulse_ms, 400);
    assert_int_equal(c->bank[1].pulse_ms, 0);
    assert_int_equal(c->bank[0].poll_ms, 0);
    assert_int_equal(c->bank[1].poll_ms, 100);
    assert_int_equal(c->bank[2].poll_ms, 0);
    assert_int_equal(c->supplies, 2);
    assert_int_equal(c->bank[1].supply_index, 1);
    assert_int_equal(c->bank[2].supply_index, 0);
    assert_true(c->bank[2].verified);
    assert_true(c->uplink.present);
    assert_int_equal(c->uplink.mqtt_version, LK_CONFIG_MQTT_311);
    assert_int_equal(c->uplink.keepalive_s, 25);
    assert_int_equal(c->kiosk_port, 0);
    assert_true(c->scanner.present);
    assert_int_equal(c->scanner.baud, 9600);
    assert_int_equal(c->log_level, LK_DEBUG);
}

static void fills_the_core(void **state)
{
    (void)state;
    LK_CLEANUP(lk_freep) struct lk_config *c = NULL;
    static struct lk_core_config core;
    write_file("lockerd.conf", full, sizeof(full) - 1);
    assert_int_equal(load(&c), 0);
    lk_config_core(c, &core);
    assert_int_equal(core.banks, 3);
    assert_int_equal(core.doors, 41);
    assert_string_equal(core.door[0].label, "A01");
    assert_string_equal(core.door[31].label, "A32");
    assert_int_equal(core.door[31].size, LK_SIZE_XL);
    assert_false(core.door[3].low_reach);
    assert_true(core.door[4].low_reach);
    assert_string_equal(core.door[40].label, "C01");
    assert_int_equal(core.door[40].bank, 2);
    assert_int_equal(core.left_open_ms, 90000);
    assert_int_equal(core.open_timeout_ms, 2500);
    assert_int_equal(core.lockout_tries, 4);
    assert_int_equal(core.unknown_barcode, LK_BARCODE_ASK);
    assert_true(core.misload_check);
    assert_false(core.join_case);
    assert_int_equal(core.keep_free[LK_SIZE_S], 2);
    assert_int_equal(core.keep_free[LK_SIZE_M], 0);
    assert_int_equal(core.keep_free[LK_SIZE_XL], 1);
    assert_false(core.refusable);
    assert_true(core.rating);
    assert_int_equal(core.extend_days, 5);
    assert_int_equal(core.extend_most, 2);
    assert_true(core.dropoff);
    assert_int_equal(core.dropoff_most, 6);
    assert_int_equal(core.two_person_ms, 600000);
    assert_int_equal(core.person_idle_ms, 45000);
    assert_string_equal(core.site, "hall-1");
}

static void reads_times_of_keeping_and_hours(void **state)
{
    (void)state;
    LK_CLEANUP(lk_freep) struct lk_config *c = NULL;
    write_file("lockerd.conf", full, sizeof(full) - 1);
    assert_int_equal(load(&c), 0);
    assert_int_equal(c->retention_days, 10);
    assert_int_equal(c->remind_days, 2);
    assert_int_equal(c->personal_days, 20);
    assert_int_equal(c->records_days, 400);
    assert_string_equal(c->site.time_zone, "Asia/Shanghai");
    assert_int_equal(c->windows, 2);
    assert_string_equal(c->window[0].name, "3");
    assert_false(c->window[0].on_holidays);
    assert_int_equal(c->window[0].week[4].count, 2);
    assert_int_equal(c->window[0].week[4].span[1].from, 13 * 60 + 30);
    assert_int_equal(c->window[0].week[6].count, 0);
    assert_string_equal(c->window[1].name, "east.1");
    assert_true(c->window[1].on_holidays);
    assert_int_equal(c->calendar.years, 1);
    assert_int_equal(c->calendar.year[0].year, 2026);
    assert_int_equal(c->calendar.year[0].count, 4);
    assert_int_equal(c->calendar.year[0].at[3].works_as, 4);
}

/* The default of one key depends on another's value; a short retention must not become a mistake by it. */
static void reminds_before_the_end_of_any_retention(void **state)
{
    (void)state;
    static const unsigned rows[][2] = {{1, 0}, {2, 1}, {3, 2}, {4, 3}, {365, 3}};
    for (size_t i = 0; i < LK_ARRAY_SIZE(rows); i++) {
        LK_CLEANUP(lk_freep) struct lk_config *c = NULL;
        char text[400];
        snprintf(text, sizeof(text), "%s[deposit]\nretention_days = %u\n", GOOD, rows[i][0]);
        write_file("lockerd.conf", text, strlen(text));
        assert_int_equal(load(&c), 0);
        assert_int_equal(c->remind_days, rows[i][1]);
    }
}

/* The table and the core must not disagree about a default. */
static void defaults_are_the_cores(void **state)
{
    (void)state;
    LK_CLEANUP(lk_freep) struct lk_config *c = NULL;
    static struct lk_core_config core;
    write_file("lockerd.conf", GOOD, strlen(GOOD));
    assert_int_equal(load(&c), 0);
    lk_core_config_defaults(&core);
    assert_int_equal(core.pulse_wait_ms, c->core.pulse_wait_ms);
    assert_int_equal(core.open_timeout_ms, c->core.open_timeout_ms);
    assert_int_equal(core.left_open_ms, c->core.left_open_ms);
    assert_int_equal(core.open_again_ms, c->core.open_again_ms);
    assert_int_equal(core.notice_ms, c->core.notice_ms);
    assert_int_equal(core.staff_idle_ms, c->core.staff_idle_ms);
    assert_int_equal(core.doubt_grace_ms, c->core.doubt_grace_ms);
    assert_int_equal(core.wrong_door_ms, c->core.wrong_door_ms);
    assert_int_equal(core.late_open_ms, c->core.late_open_ms);
    assert_int_equal(core.lockout_tries, c->core.lockout_tries);
    assert_int_equal(core.lockout_first_ms, c->core.lockout_first_ms);
    assert_int_equal(core.lockout_most_ms, c->core.lockout_most_ms);
    assert_int_equal(core.lockout_alarm, c->core.lockout_alarm);
    assert_int_equal(core.lockout_forget_ms, c->core.lockout_forget_ms);
    assert_int_equal(core.remote_short_most, c->core.remote_short_most);
    assert_int_equal(core.remote_short_ms, c->core.remote_short_ms);
    assert_int_equal(core.remote_day_most, c->core.remote_day_most);
    assert_int_equal(core.unknown_barcode, c->core.unknown_barcode);
    assert_int_equal(core.misload_check, c->core.misload_check);
    assert_int_equal(core.join_case, c->core.join_case);
    assert_memory_equal(core.keep_free, c->core.keep_free, sizeof(core.keep_free));
    assert_int_equal(core.refusable, c->core.refusable);
    assert_int_equal(core.rating, c->core.rating);
    assert_int_equal(core.extend_days, c->core.extend_days);
    assert_int_equal(core.extend_most, c->core.extend_most);
    assert_int_equal(core.dropoff, c->core.dropoff);
    assert_int_equal(core.dropoff_most, c->core.dropoff_most);
    assert_int_equal(core.two_person_ms, c->core.two_person_ms);
    assert_int_equal(core.person_idle_ms, c->core.person_idle_ms);
    assert_int_equal(c->windows, 0);
    assert_int_equal(c->calendar.years, 0);
}

#define LONG_40 "0123456789012345678901234567890123456789"

/* One mistake each: the text, and the errors it must give (line, then what the message begins with), no more. */
static const struct {
    const char *text;
    struct {
        unsigned line;
        const char *begins;
    } want[3];
} mistakes[] = {
    /* lines and sections */
    {GOOD "[bnak B]\nunit = 300\n", {{13, "[bnak B]: unknown section; allowed: [site] [paths] [fieldbus NAME]"}}},
    {GOOD "[site\n", {{13, "[site: not a heading; allowed: [SECTION]"}}},
    {GOOD "[site] x\n", {{13, "[site] x: not a heading"}}},
    {GOOD "[site main]\n", {{13, "[site main]: unknown section"}}},
    {GOOD "[bank]\n", {{13, "[bank]: wrong name for a bank; allowed: 1 to 5 capital"}}},
    {GOOD "[bank b]\n", {{13, "[bank b]: wrong name for a bank"}}},
    {GOOD "[bank 1A]\n", {{13, "[bank 1A]: wrong name for a bank"}}},
    {GOOD "[bank ABCDEF]\n", {{13, "[bank ABCDEF]: wrong name for a bank"}}},
    {GOOD "[fieldbus a b]\n", {{13, "[fieldbus a b]: wrong or missing name"}}},
    {GOOD "[fieldbus]\n", {{13, "[fieldbus]: wrong or missing name"}}},
    {GOOD "[site]\n", {{13, "[site]: this section stands twice in the file, first in line 1; allowed: once"}}},
    {GOOD "[bank A]\n", {{13, "[bank A]: this section stands twice in the file, first in line 7"}}},
    {"x = 1\n" GOOD, {{1, "x: stands before the first [SECTION]"}}},
    {GOOD "just words\n", {{13, "just words: not understood; allowed: KEY = VALUE"}}},
    {GOOD "# \xff\n", {{13, "line: not UTF-8 text"}}},
    {GOOD "supply = " LONG_40 LONG_40 LONG_40 LONG_40 LONG_40 "\n", {{13, "line: 209 bytes long; allowed: at most"}}},
    /* keys */
    {GOOD "pulse = 3\n", {{13, "bank A.pulse: unknown key; allowed: profile, fieldbus, unit, doors, sizes"}}},
    {GOOD "gpio = 0\n", {{13, "bank A.gpio: unknown key"}}},
    {GOOD "unit = 1\n", {{13, "bank A.unit: set twice, first in "}}},
    {GOOD "Supply = a\n", {{13, "bank A.Supply: unknown key"}}},
    /* values */
    {GOOD "pulse_ms = soon\n", {{13, "bank A.pulse_ms: \"soon\" is not a whole number; allowed: 50..10000"}}},
    {GOOD "pulse_ms = -1\n", {{13, "bank A.pulse_ms: \"-1\" is not a whole number"}}},
    {GOOD "pulse_ms = 0x64\n", {{13, "bank A.pulse_ms: \"0x64\" is not a whole number"}}},
    {GOOD "pulse_ms =\n", {{13, "bank A.pulse_ms: \"\" is not a whole number"}}},
    {GOOD "pulse_ms = 10001\n", {{13, "bank A.pulse_ms: \"10001\" is out of range; allowed: 50..10000"}}},
    {GOOD "pulse_ms = 18446744073709551615\n", {{13, "bank A.pulse_ms: \"18446744073709551615\" is out of"}}},
    {GOOD "verified = true\n", {{13, "bank A.verified: \"true\" is neither; allowed: yes or no"}}},
    {GOOD "sensor_closed = High\n", {{13, "bank A.sensor_closed: \"High\" is not known here; allowed: low or high"}}},
    {GOOD "[paths]\nstate_dir = var\n", {{14, "paths.state_dir: \"var\" does not begin with /; allowed: absolute"}}},
    {GOOD "[site2]\nx = y\n", {{13, "[site2]: unknown section"}}},
    {GOOD "[log]\nlevel = loud\n",
     {{14, "log.level: \"loud\" is not known here; allowed: error, warning, notice, in"}}},
    {GOOD "[timing]\nnotice_s = 2\n", {{14, "timing.notice_s: \"2\" is out of range; allowed: 3..120"}}},
    {GOOD "[fieldbus s]\ntransport = rtu\ndevice = /dev/b\nbaud = 9601\n",
     {{16, "fieldbus s.baud: \"9601\" is not known here; allowed: 1200, 2400,"}}},
    {GOOD "[admin]\nsocket = /" LONG_40 LONG_40 LONG_40 "\n", {{14, "admin.socket: "}}},
    {GOOD "[uplink]\nurl = http://a\n", {{14, "uplink.url: \"http://a\" is no such address; allowed: mqtt://HOST"}}},
    {GOOD "[uplink]\nurl = mqtt://a:0\n", {{14, "uplink.url: \"mqtt://a:0\" is no such address"}}},
    {GOOD "[uplink]\nurl = mqtt://u:p@a\n", {{14, "uplink.url: \"mqtt://u:p@a\" is no such address"}}},
    {SITE "name = a\x01z\n" BUS BANK, {{4, "site.name: \"a\x01z\" holds control characters"}}},
    {"[site]\noperator = a/b\nid = h\n" BUS BANK,
     {{2, "site.operator: \"a/b\" holds other characters; allowed: 1 to 31"}}},
    {GOOD "[deposit]\nunknown_barcode = maybe\n",
     {{14, "deposit.unknown_barcode: \"maybe\" is not known here; allowed: refuse, ask or accept"}}},
    {GOOD "[deposit]\nkeep_free = S:1 S:2\n", {{14, "deposit.keep_free: \"S:1 S:2\" names S twice; allowed: each"}}},
    {GOOD "[deposit]\nkeep_free = S\n", {{14, "deposit.keep_free: \"S\" is not a list of sizes and numbers"}}},
    {GOOD "[deposit]\nkeep_free = S:1-2\n", {{14, "deposit.keep_free: \"S:1-2\" is not a list"}}},
    {GOOD "[deposit]\nkeep_free = XXL:1\n", {{14, "deposit.keep_free: \"XXL:1\" is not a list"}}},
    {GOOD "[deposit]\nkeep_free = S:513\n", {{14, "deposit.keep_free: \"S:513\" is not a list"}}},
    {GOOD "[deposit]\nkeep_free = 3\n", {{14, "deposit.keep_free: \"3\" is not a list"}}},
    {GOOD "[dropoff]\nmost = 0\n", {{14, "dropoff.most: \"0\" is out of range; allowed: 1..512"}}},
    {GOOD "[retention]\nremind_days = 15\n",
     {{14, "retention.remind_days: 15 is not less than deposit.retention_days (15); allowed: less"}}},
    {GOOD "[retention]\npersonal_days = 366\n",
     {{14, "retention.personal_days: records_days (365) is less than personal_days (366); allowed: as many"}}},
    {GOOD "[retention]\npersonal_days = 9\nrecords_days = 8\n",
     {{15, "retention.records_days: records_days (8) is less than personal_days (9)"}}},
    /* windows and holidays */
    {GOOD "[window]\nhours = mon 09:00-10:00\n", {{13, "[window]: wrong or missing name; allowed: 1 to 31"}}},
    {GOOD "[window 3]\n", {{13, "window 3.hours: missing; allowed: days and times, such as mon-fri 09:00"}}},
    {GOOD "[window 3]\nhours = mon 9-17\n", {{14, "window 3.hours: \"mon 9-17\" is not a list of days and hours"}}},
    {GOOD "[window 3]\nhours = mon 09:00-12:00 11:00-17:00\n",
     {{14, "window 3.hours: \"mon 09:00-12:00 11:00-17:00\" has hours that end before"}}},
    {GOOD "[window 3]\nhours = mon 09:00-12:00\nhours = tue 09:00-12:00\n",
     {{15, "window 3.hours: set twice, first in"}}},
    {GOOD "[window 3]\nhours = mon 09:00-12:00\n[window 3]\n", {{15, "[window 3]: this section stands twice"}}},
    {GOOD "[holidays]\n", {{13, "[holidays]: wrong or missing year; allowed: 1970 to 2199"}}},
    {GOOD "[holidays 26]\n", {{13, "[holidays 26]: wrong or missing year"}}},
    {GOOD "[holidays 2200]\n", {{13, "[holidays 2200]: wrong or missing year"}}},
    {GOOD "[holidays 2026]\nclosed = 2026-02-29\n",
     {{14, "holidays 2026.closed: \"2026-02-29\" is not a list of dates; allowed: dates of the year, each"}}},
    {GOOD "[holidays 2026]\nclosed = 2027-01-01\n",
     {{14, "holidays 2026.closed: \"2027-01-01\" has a date of another year"}}},
    {GOOD "[holidays 2026]\nclosed = 2026-01-01\nworking = 2026-01-01:fri\n",
     {{15, "holidays 2026.working: \"2026-01-01:fri\" names a day that is named already"}}},
    {GOOD "[holidays 2026]\nworking = 2026-01-04\n",
     {{14, "holidays 2026.working: \"2026-01-04\" is not a list of dates and weekdays; allowed: dates of"}}},
    {SITE "time_zone = Asia/Nowhere\n" BUS BANK "[window 3]\nhours = mon 09:00-12:00\n",
     {{4, "site.time_zone: there is no \"Asia/Nowhere\" on this machine; allowed: a name such as"}}},
    {SITE "time_zone = ../passwd\n" BUS BANK, {{4, "site.time_zone: \"../passwd\" is no such name; allowed: a name"}}},
    {SITE "time_zone = /etc/localtime\n" BUS BANK, {{4, "site.time_zone: \"/etc/localtime\" is no such name"}}},
    {SITE "time_zone =\n" BUS BANK, {{4, "site.time_zone: \"\" is empty"}}},
    /* missing */
    {BUS BANK, {{1, "site: there is no [site] section"}}},
    {SITE BUS, {{1, "bank: there is no [bank NAME] section; allowed: at least one"}}},
    {"[site]\nid = h\n" BUS BANK, {{1, "site.operator: missing; allowed: 1 to 31 letters"}}},
    {"\n[site]\n" BUS BANK, {{2, "site.operator: missing"}, {2, "site.id: missing"}}},
    {SITE BUS "[bank A]\nfieldbus = r\n",
     {{7, "bank A.profile: missing; allowed: 1 to 31"},
      {7, "bank A.unit: missing, needed for a board; allowed: 1..247"},
      {7, "bank A.doors: missing, needed for a board"}}},
    {SITE "[fieldbus r]\ntransport = rtu\n" BANK, {{4, "fieldbus r.device: missing, needed for transport = rtu"}}},
    {SITE "[fieldbus r]\ntransport = tcp\n" BANK, {{4, "fieldbus r.host: missing, needed for transport = tcp"}}},
    {GOOD "[uplink]\nurl = mqtts://b\n", {{13, "uplink.ca: missing, needed for mqtts://"}}},
    {GOOD "[uplink]\n", {{13, "uplink.url: missing; allowed: mqtt://"}}},
    {GOOD "[scanner]\nbaud = 9600\n", {{13, "scanner.device: missing; allowed: absolute path"}}},
    /* contradictions */
    {GOOD "[bank B]\nfieldbus = r\nunit = 1\nprofile = bare\ndoors = 1\nsizes = S:1\n",
     {{15, "bank B.unit: bank A is unit 1 on fieldbus r too; allowed: each address once"}}},
    {SITE BUS BANK_ "sizes = S:1-4 M:4-8\n", {{12, "bank A.sizes: \"S:1-4 M:4-8\" names door 4 twice; allowed: each"}}},
    {SITE BUS BANK_ "sizes = S:1-4,6\n",
     {{12, "bank A.sizes: doors without a size: 5 7-8; allowed: each of doors 1..8"}}},
    {SITE BUS BANK_ "sizes = S:1-32\n",
     {{12, "bank A.sizes: doors that are not there: 9-32; allowed: each of doors 1"}}},
    {SITE BUS BANK_ "sizes = S:0-8\n", {{12, "bank A.sizes: \"S:0-8\" is not a list of sizes and doors"}}},
    {SITE BUS BANK_ "sizes = S:8-1\n", {{12, "bank A.sizes: \"S:8-1\" is not a list"}}},
    {SITE BUS BANK_ "sizes = S:1-8-9\n", {{12, "bank A.sizes: \"S:1-8-9\" is not a list"}}},
    {SITE BUS BANK_ "sizes = S:1-33\n", {{12, "bank A.sizes: \"S:1-33\" is not a list"}}},
    {SITE BUS BANK_ "sizes = T:1-8\n", {{12, "bank A.sizes: \"T:1-8\" is not a list"}}},
    {SITE BUS BANK_ "sizes = 1-8\n", {{12, "bank A.sizes: \"1-8\" is not a list"}}},
    {GOOD "low_reach = 5-9\n", {{13, "bank A.low_reach: doors that are not there: 9"}}},
    {GOOD "low_reach = 5-6 6\n", {{13, "bank A.low_reach: \"5-6 6\" names a door twice"}}},
    {GOOD "low_reach = all\n", {{13, "bank A.low_reach: \"all\" is not a list of doors"}}},
    {SITE BUS "[bank A]\nfieldbus = r\nunit = 1\nprofile = waveshare\ndoors = 1\nsizes = S:1\n",
     {{10, "bank A.profile: \"waveshare\" is not known; allowed: waveshare-relay-8, waveshare-relay-32, bare"}}},
    {SITE BUS "[bank A]\nfieldbus = r\nunit = 1\nprofile = waveshare-relay-8\ndoors = 9\nsizes = S:1-9\n",
     {{11, "bank A.doors: 9 doors, but waveshare-relay-8 has 8 channels; allowed: 1..8"}}},
    {GOOD "pulse_ms = 600\n",
     {{13, "bank A.pulse_ms: 600 ms is too long for waveshare-relay-8; allowed: at most 500"}}},
    {GOOD "pulse_ms = 250\n", {{13, "bank A.pulse_ms: waveshare-relay-8 counts in steps of 100 ms"}}},
    {SITE BANK, {{5, "bank A.fieldbus: there is no [fieldbus r]; allowed: the name of a"}}},
    {SITE BUS "[bank A]\nfieldbus = q\nunit = 1\nprofile = bare\ndoors = 1\nsizes = S:1\n",
     {{8, "bank A.fieldbus: there is no [fieldbus q]; allowed: r"}}},
    {SITE BUS "[bank A]\nunit = 1\nprofile = bare\ndoors = 1\nsizes = S:1\n", {{7, "bank A.fieldbus: missing"}}},
    {GOOD "[fieldbus s]\ntransport = rtu\ndevice = /dev/ttyUSB0\n",
     {{15, "fieldbus s.device: fieldbus r has the same device; allowed: one fieldbus for each"}}},
    {GOOD
     "[fieldbus s]\ntransport = tcp\nhost = 192.0.2.1\n[fieldbus t]\ntransport = tcp\nport = 502\nhost = 192.0.2.1\n",
     {{19, "fieldbus t.host: fieldbus s has the same host and port"}}},
    {GOOD "[fieldbus s]\ntransport = tcp\nhost = board.lan\n",
     {{15, "fieldbus s.host: \"board.lan\" is no such address"}}},
    {GOOD "[fieldbus s]\ntransport = tcp\nhost = ::1\nbaud = 9600\n",
     {{16, "fieldbus s.baud: has no meaning here; allowed: only with transport = rtu"}}},
    {GOOD "[fieldbus s]\ntransport = rtu\ndevice = /dev/b\nport = 1\n",
     {{16, "fieldbus s.port: has no meaning here; allowed: only with transport = tcp"}}},
    {GOOD "[uplink]\nurl = mqtt://b\nca = /ca\n",
     {{15, "uplink.ca: has no meaning here; allowed: only with an mqtts:// url"}}},
    {GOOD "[uplink]\nurl = mqtts://b\nca = /ca\ncert = /c\n",
     {{13, "uplink.key: missing; allowed: cert and key together"}}},
    {GOOD "[uplink]\nurl = mqtt://b\npassword_file = /p\n", {{13, "uplink.username: missing; allowed: a username"}}},
    {GOOD "[scanner]\ndevice = /dev/ttyUSB0\n", {{14, "scanner.device: fieldbus r has the same device"}}},
    {GOOD "[lockout]\nfirst_s = 100\nmost_s = 50\n", {{15, "lockout.most_s: most_s (50) is less than first_s (100)"}}},
    {GOOD "[lockout]\nfirst_s = 1000\n", {{14, "lockout.first_s: most_s (900) is less than first_s (1000)"}}},
    {GOOD "[paths]\nrun_dir = /" LONG_40 LONG_40 "01234567890123456789\n", {{13, "paths: /" LONG_40}}},
    /* several, in the order of the lines */
    {SITE BUS "[bank A]\nfieldbus = r\nunit = 999\nprofile = x\ndoors = 1\nsizes = S:1\n[oops]\n",
     {{9, "bank A.unit: \"999\" is out of range"}, {10, "bank A.profile: \"x\" is not"}, {13, "[oops]: unknown"}}},
};

static void check_error(unsigned n, unsigned line, const char *begins, const char *text)
{
    char want[600];
    snprintf(want, sizeof(want), "%s:%u: %s", main_path(), line, begins);
    if (n >= errors.count || strncmp(errors.text[n], want, strlen(want)) != 0) {
        fail_msg("in:\n%s\nwant: %s\ngot:  %s", text, want, n < errors.count ? errors.text[n] : "(nothing)");
    }
    if (strstr(errors.text[n], "allowed: ") == NULL) {
        fail_msg("does not say what is allowed: %s", errors.text[n]);
    }
}

static void each_mistake_has_its_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < LK_ARRAY_SIZE(mistakes); i++) {
        struct lk_config *c = NULL;
        unsigned n = 0;
        write_file("lockerd.conf", mistakes[i].text, strlen(mistakes[i].text));
        int rc = load(&c);
        for (; n < 3 && mistakes[i].want[n].line != 0; n++) {
            check_error(n, mistakes[i].want[n].line, mistakes[i].want[n].begins, mistakes[i].text);
        }
        if (rc != -EINVAL || c != NULL || (n < 3 && errors.count != n)) {
            fail_msg("in:\n%s\nrc %d, %u errors, last: %s", mistakes[i].text, rc, errors.count,
                     errors.text[errors.count > 0 ? errors.count - 1 : 0]);
        }
    }
}

static void a_nul_byte_is_named(void **state)
{
    (void)state;
    struct lk_config *c = NULL;
    static const char text[] = GOOD "supply = a\0b\n";
    write_file("lockerd.conf", text, sizeof(text) - 1);
    assert_int_equal(load(&c), -EINVAL);
    check_error(0, 13, "line: not UTF-8 text", text);
}

static void a_missing_file_is_named(void **state)
{
    (void)state;
    struct lk_config *c = NULL;
    assert_int_equal(load(&c), -EINVAL);
    assert_non_null(strstr(errors.text[0], "lockerd.conf: file: cannot be read: No such file or directory"));
}

static void drop_ins_extend_sections(void **state)
{
    (void)state;
    LK_CLEANUP(lk_freep) struct lk_config *c = NULL;
    char path[160];
    snprintf(path, sizeof(path), "%s/conf.d", dir);
    assert_int_equal(mkdir(path, 0700), 0);
    write_file("lockerd.conf", GOOD, strlen(GOOD));
    write_file("conf.d/10-b.conf", "[bank A]\nsupply = x\n[kiosk]\nport = 81\n", 39);
    write_file("conf.d/20-c.conf", "[bank A]\npulse_ms = 300\n", 24);
    write_file("conf.d/.hidden.conf", "nonsense\n", 9);
    write_file("conf.d/readme.txt", "nonsense\n", 9);
    assert_int_equal(load(&c), 0);
    assert_string_equal(c->bank[0].supply, "x");
    assert_int_equal(c->bank[0].pulse_ms, 300);
    assert_int_equal(c->kiosk_port, 81);
}

static void a_key_set_in_two_files_is_an_error(void **state)
{
    (void)state;
    struct lk_config *c = NULL;
    char path[160], want[400];
    snprintf(path, sizeof(path), "%s/conf.d", dir);
    assert_int_equal(mkdir(path, 0700), 0);
    write_file("lockerd.conf", GOOD, strlen(GOOD));
    write_file("conf.d/20.conf", "[kiosk]\n\nport = 81\n", 19);
    write_file("conf.d/10.conf", "[kiosk]\nport = 80\n", 18);
    assert_int_equal(load(&c), -EINVAL);
    snprintf(want, sizeof(want), "%s/20.conf:3: kiosk.port: set twice, first in %s/10.conf:2; allowed: once", path,
             path);
    assert_int_equal(errors.count, 1);
    assert_string_equal(errors.text[0], want);
}

static void too_many_errors_are_counted(void **state)
{
    (void)state;
    struct lk_config *c = NULL;
    char text[2000] = "[site]\n";
    for (int i = 0; i < 70; i++) {
        strcat(text, "nonsense = 1\n");
    }
    write_file("lockerd.conf", text, strlen(text));
    assert_int_equal(load(&c), -EINVAL);
    assert_int_equal(errors.count, LK_CONFIG_ERRORS);
    assert_int_equal(errors.more, 70 + 3 - LK_CONFIG_ERRORS);
}

static void too_many_sections_are_named(void **state)
{
    (void)state;
    struct lk_config *c = NULL;
    static char text[8000] = SITE BUS;
    for (int i = 1; i <= LK_MAX_BANKS + 1; i++) {
        size_t n = strlen(text);
        snprintf(text + n, sizeof(text) - n,
                 "[bank B%d]\nfieldbus = r\nunit = %d\nprofile = bare\ndoors = 1\nsizes = "
                 "S:1\n",
                 i, i);
    }
    write_file("lockerd.conf", text, strlen(text));
    assert_int_equal(load(&c), -EINVAL);
    assert_int_equal(errors.count, 1);
    check_error(0, 6 + LK_MAX_BANKS * 6 + 1, "bank: too many sections; allowed: 64", "65 banks");
}

static void too_many_doors_are_named(void **state)
{
    (void)state;
    struct lk_config *c = NULL;
    static char text[8000] = SITE BUS;
    for (int i = 1; i <= 18; i++) {
        size_t n = strlen(text);
        snprintf(text + n, sizeof(text) - n,
                 "[bank B%d]\nfieldbus = r\nunit = %d\nprofile = bare\ndoors = 32\nsizes = "
                 "S:1-32\n",
                 i, i);
    }
    write_file("lockerd.conf", text, strlen(text));
    assert_int_equal(load(&c), -EINVAL);
    assert_int_equal(errors.count, 1);
    check_error(0, 6 + 16 * 6 + 5, "bank B17.doors: 544 doors with the banks before it; allowed: 512", "18 banks");
}

/* Random damage to a good file and plain noise: never a crash, and never an answer without a reason. */
static void random_text_never_crashes(void **state)
{
    (void)state;
    static const char alphabet[] = "[]=:;# \t\r\n\\-,.0123456789abSML/\"\xe4\xb8\xad\xff";
    char text[sizeof(full) + 64];
    unsigned seed = 20240607;
    for (int round = 0; round < 3000; round++) {
        struct lk_config *c = NULL;
        size_t len = sizeof(full) - 1;
        memcpy(text, full, len);
        seed = seed * 1103515245u + 12345u;
        for (unsigned hits = round % 3 == 0 ? 400 : 1 + seed % 8; hits > 0; hits--) {
            seed = seed * 1103515245u + 12345u;
            text[(seed >> 8) % len] = alphabet[(seed >> 20) % sizeof(alphabet)];
        }
        len -= round % 5 == 0 ? (seed >> 9) % len : 0;
        write_file("lockerd.conf", text, len);
        int rc = load(&c);
        assert_true((rc == 0) == (c != NULL));
        assert_true((rc == 0) == (errors.count == 0));
        assert_true(rc == 0 || rc == -EINVAL);
        lk_config_free(c);
    }
}

static char *slurp(const char *path)
{
    FILE *f = fopen(path, "re");
    char *text = calloc(1, 200000);
    if (f == NULL || text == NULL || fread(text, 1, 199999, f) == 0) {
        fail_msg("cannot read %s", path);
    }
    fclose(f);
    return text;
}

/* docs/configuration.md is the printed table; the manual page names every key. */
static void the_documents_know_every_key(void **state)
{
    (void)state;
    LK_CLEANUP(lk_freep) char *table = NULL;
    size_t size;
    FILE *out = open_memstream(&table, &size);
    lk_config_print_keys(out);
    fclose(out);
    LK_CLEANUP(lk_freep) char *page = slurp(LK_SOURCE_DIR "/docs/configuration.md");
    LK_CLEANUP(lk_freep) char *man = slurp(LK_SOURCE_DIR "/packaging/man/lockerd.conf.5");
    if (strstr(page, table) == NULL) {
        fail_msg("docs/configuration.md does not contain this table:\n%s", table);
    }
    unsigned rows = 0;
    for (char *row = strstr(table, "\n| `["); row != NULL; row = strstr(row + 1, "\n| `["), rows++) {
        char key[64], want[80];
        assert_int_equal(sscanf(row, "\n| `[%*[^]]]` | `%63[a-z_0-9.]`", key), 1);
        snprintf(want, sizeof(want), "\n.It Cm %s", key);
        if (strstr(man, want) == NULL) {
            fail_msg("lockerd.conf.5 does not have \".It Cm %s\"", key);
        }
    }
    assert_in_range(rows, 50, 256);
}

static void load_example(const char *name)
{
    struct lk_config *c = NULL;
    static const struct lk_config_profile known[] = {
        {.name = "waveshare-relay-8", .channels = 8, .inputs = 8, .pulse_unit_ms = 100, .pulse_max_ms = 500},
        {.name = "waveshare-relay-16", .channels = 16, .inputs = 16, .pulse_unit_ms = 100, .pulse_max_ms = 500},
        {.name = "waveshare-relay-32", .channels = 32, .inputs = 32, .pulse_unit_ms = 100, .pulse_max_ms = 500}};
    char path[300];
    snprintf(path, sizeof(path), "%s/packaging/examples/%s", LK_SOURCE_DIR, name);
    if (lk_config_load(path, known, LK_ARRAY_SIZE(known), &c, &errors) != 0) {
        fail_msg("%s", errors.text[0]);
    }
    lk_config_free(c);
}

static void the_examples_are_good(void **state)
{
    (void)state;
    load_example("hall-rtu.conf");
    load_example("hall-tcp.conf");
    load_example("hall-upu.conf");
    load_example("branch-offline.conf");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_a_whole_file),
        TEST(fills_the_core),
        TEST(defaults_are_the_cores),
        TEST(reads_times_of_keeping_and_hours),
        TEST(reminds_before_the_end_of_any_retention),
        TEST(each_mistake_has_its_line),
        TEST(a_nul_byte_is_named),
        TEST(a_missing_file_is_named),
        TEST(drop_ins_extend_sections),
        TEST(a_key_set_in_two_files_is_an_error),
        TEST(too_many_errors_are_counted),
        TEST(too_many_sections_are_named),
        TEST(too_many_doors_are_named),
        TEST(random_text_never_crashes),
        TEST(the_documents_know_every_key),
        TEST(the_examples_are_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
