/*
 * What we say is what docs/contract shows: every envelope is compared with its example there.
 */
#include "check.h"

#include "base/cleanup.h"
#include "uplink/envelope.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define HASH_A "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define HASH_B "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752"

static const struct lk_uplink_site site = {"yulin", "hall-1"};
static const char epoch[] = "0b8f5c1e-3f0a-4d59-9a57-6a0f4e6c2d11";
static const char when[] = "2026-03-02T08:15:30.250Z";

static json_t *example(const char *name)
{
    char path[512];
    json_error_t error;
    (void)snprintf(path, sizeof(path), "%s/docs/contract/examples/%s", LK_SOURCE_DIR, name);
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!root) {
        print_error("%s: %s\n", path, error.text);
    }
    assert_non_null(root);
    return root;
}

static void same_as_example(const struct lk_text *t, const char *name)
{
    assert_false(t->truncated);
    json_error_t error;
    json_t *ours = json_loads(t->buf, JSON_REJECT_DUPLICATES, &error);
    json_t *want = example(name);
    if (!ours || !json_equal(ours, want)) {
        print_error("%s: we say %s\n", name, t->buf);
    }
    assert_true(ours && json_equal(ours, want));
    json_decref(ours);
    json_decref(want);
}

static struct lk_record record_of(enum lk_event_type type, const char *data)
{
    struct lk_record r = {.seq = 42, .type = type, .quality = LK_CLOCK_SYNCED, .data = data};
    memcpy(r.epoch, epoch, sizeof(epoch));
    memcpy(r.time, when, sizeof(when));
    memcpy(r.prevhash, HASH_A, sizeof(HASH_A));
    memcpy(r.hash, HASH_B, sizeof(HASH_B));
    return r;
}

static void event_is_a_cloudevent(void **state)
{
    (void)state;
    char buf[LK_ENVELOPE_EVENT_MAX];
    struct lk_text t = lk_text_init(buf, sizeof(buf));
    struct lk_record r = record_of(LK_EV_ITEM_DEPOSITED, "{\"door\":\"A07\",\"item\":\"case-2026-0001\","
                                                         "\"from\":\"expected\",\"to\":\"in_locker\","
                                                         "\"actor\":\"courier\",\"who\":\"c-17\"}");
    lk_envelope_event(&t, &site, &r, "");
    same_as_example(&t, "event.json");
}

static void a_postal_status_stands_outside_what_is_hashed(void **state)
{
    (void)state;
    char buf[LK_ENVELOPE_EVENT_MAX];
    struct lk_text t = lk_text_init(buf, sizeof(buf));
    struct lk_record r = record_of(LK_EV_ITEM_DEPOSITED, "{\"door\":\"A07\",\"item\":\"case-2026-0001\","
                                                         "\"from\":\"expected\",\"to\":\"in_locker\","
                                                         "\"actor\":\"courier\",\"who\":\"c-17\"}");
    lk_envelope_event(&t, &site, &r, "EDH");
    same_as_example(&t, "event-with-status.json");
    assert_non_null(strstr(buf, "\"postalstatus\":\"EDH\",\"data\":{"));
}

static void event_data_goes_in_byte_for_byte(void **state)
{
    (void)state;
    char buf[LK_ENVELOPE_EVENT_MAX];
    struct lk_text t = lk_text_init(buf, sizeof(buf));
    static const char data[] = "{\"b\" : 1,  \"a\":\"\\u6587\\u4ef6\"}";
    struct lk_record r = record_of(LK_EV_DOOR_OPENED, data);
    lk_envelope_event(&t, &site, &r, "");
    const char *at = strstr(buf, ",\"data\":");
    assert_non_null(at);
    assert_int_equal(strncmp(at + 8, data, strlen(data)), 0);
    assert_string_equal(at + 8 + strlen(data), "}");
}

static void every_event_type_makes_a_wire_type(void **state)
{
    (void)state;
    for (int type = 0; type < LK_EVENT_TYPES; type++) {
        char buf[LK_ENVELOPE_EVENT_MAX], want[64];
        struct lk_text t = lk_text_init(buf, sizeof(buf));
        struct lk_record r = record_of((enum lk_event_type)type, "{}");
        lk_envelope_event(&t, &site, &r, "");
        (void)snprintf(want, sizeof(want), "\"type\":\"locker.%s.v1\"", lk_event_type_name((enum lk_event_type)type));
        assert_non_null(strstr(buf, want));
    }
}

static void too_small_a_builder_says_so(void **state)
{
    (void)state;
    char buf[100];
    struct lk_text t = lk_text_init(buf, sizeof(buf));
    struct lk_record r = record_of(LK_EV_DOOR_OPENED, "{}");
    lk_envelope_event(&t, &site, &r, "");
    assert_true(t.truncated);
}

static void compartments_never_claim_what_nobody_can_read(void **state)
{
    (void)state;
    static const struct lk_envelope_compartment all[] = {
        {"A01", LK_DOOR_CLOSED, LK_USE_OCCUPIED},
        {"A02", LK_DOOR_OPEN, LK_USE_FREE},
        {"A03", LK_DOOR_UNKNOWN, LK_USE_FREE},
        {"A04", LK_DOOR_LOST, LK_USE_BLOCKED},
    };
    char buf[LK_ENVELOPE_SMALL_MAX];
    struct lk_text t = lk_text_init(buf, sizeof(buf));
    lk_envelope_compartments(&t, epoch, 42, when, all, LK_ARRAY_SIZE(all));
    same_as_example(&t, "compartments.json");
}

static void the_largest_snapshot_fits(void **state)
{
    (void)state;
    static struct lk_envelope_compartment all[LK_MAX_DOORS];
    static char buf[LK_ENVELOPE_COMPARTMENTS_MAX];
    for (size_t i = 0; i < LK_MAX_DOORS; i++) {
        all[i] = (struct lk_envelope_compartment){"ABCDE99", LK_DOOR_LEFT_OPEN, LK_USE_RESERVED};
    }
    struct lk_text t = lk_text_init(buf, sizeof(buf));
    lk_envelope_compartments(&t, epoch, UINT64_MAX, when, all, LK_MAX_DOORS);
    assert_false(t.truncated);
}

static void health_is_as_described(void **state)
{
    (void)state;
    static const struct lk_envelope_fault faults[] = {{"bank", "B", LK_REASON_BOARD_SILENT},
                                                      {"clock", "", LK_REASON_CLOCK_UNSYNCED}};
    struct lk_envelope_health health = {
        .epoch = epoch,
        .time = when,
        .version = "0.1.0",
        .quality = LK_CLOCK_UNSYNCED,
        .seq = 42,
        .acked = 40,
        .first_seq = 1,
        .hash = HASH_B,
        .oldest_unacked_time = "2026-03-02T08:15:00.000Z",
        .uptime_s = 3600,
        .fault = faults,
        .faults = 2,
    };
    char buf[LK_ENVELOPE_SMALL_MAX];
    struct lk_text t = lk_text_init(buf, sizeof(buf));
    lk_envelope_health(&t, &health);
    same_as_example(&t, "health.json");
    assert_null(strstr(buf, "leftOut"));
    health.acked = 42;
    health.faults = 0;
    health.left_out = 9;
    t = lk_text_init(buf, sizeof(buf));
    lk_envelope_health(&t, &health);
    assert_null(strstr(buf, "oldestUnacked"));
    assert_non_null(strstr(buf, "\"faults\":[]"));
    assert_non_null(strstr(buf, "\"leftOut\":9,"));
}

static void presence_is_as_described(void **state)
{
    (void)state;
    static const char *const states[] = {"online", "offline", "stopped"};
    for (size_t i = 0; i < LK_ARRAY_SIZE(states); i++) {
        char buf[LK_ENVELOPE_SMALL_MAX], name[64];
        struct lk_text t = lk_text_init(buf, sizeof(buf));
        lk_envelope_presence(&t, states[i], epoch, when, "0.1.0");
        (void)snprintf(name, sizeof(name), "presence-%s.json", states[i]);
        same_as_example(&t, name);
    }
}

/* What goes under "status" of the answer to status.get: the health of the site, as postal_command.c puts it there. */
static void write_status(char *buf, size_t cap)
{
    static const struct lk_envelope_fault fault = {"bank", "B", LK_REASON_BOARD_SILENT};
    struct lk_envelope_health health = {
        .epoch = epoch,
        .time = when,
        .version = "0.1.0",
        .quality = LK_CLOCK_SYNCED,
        .seq = 42,
        .acked = 40,
        .first_seq = 1,
        .hash = HASH_B,
        .oldest_unacked_time = "2026-03-02T08:15:00.000Z",
        .uptime_s = 3600,
        .fault = &fault,
        .faults = 1,
    };
    struct lk_text t = lk_text_init(buf, cap);
    lk_envelope_health(&t, &health);
}

static void answers_are_as_described(void **state)
{
    (void)state;
    char status[2048];
    write_status(status, sizeof(status));
    const struct {
        const char *example;
        struct lk_envelope_answer answer;
    } rows[] = {
        {"rsp-announce.json", {.jti = "8f14e45fceea167a", .result = LK_RESULT_OK, .time = when}},
        {"rsp-open.json",
         {.jti = "c9f0f895fb98ab91",
          .result = LK_RESULT_OK,
          .outcome = LK_OUTCOME_OPENED,
          .compartment = "A07",
          .time = when}},
        {"rsp-refused.json",
         {.jti = "45c48cce2e2d7fbd",
          .result = LK_RESULT_REFUSED,
          .reason = LK_REASON_EXPIRED,
          .why = "expired",
          .time = when}},
        {"rsp-status.json", {.jti = "d3d9446802a44259", .result = LK_RESULT_OK, .time = when, .extra = status}},
    };
    for (size_t i = 0; i < LK_ARRAY_SIZE(rows); i++) {
        char buf[LK_ENVELOPE_SMALL_MAX];
        struct lk_text t = lk_text_init(buf, sizeof(buf));
        lk_envelope_answer(&t, &rows[i].answer);
        same_as_example(&t, rows[i].example);
    }
}

static void strings_survive_whatever_is_in_them(void **state)
{
    (void)state;
    static const struct {
        const char *in, *want;
    } rows[] = {
        {"", "\"\""},
        {"plain text", "\"plain text\""},
        {"a\"b\\c", "\"a\\\"b\\\\c\""},
        {"line\nfeed\ttab\x01\x7f", "\"line\\nfeed\\u0009tab\\u0001\\u007f\""},
        {"\xe6\x96\x87\xe4\xbb\xb6", "\"\xe6\x96\x87\xe4\xbb\xb6\""},
        {"\xf0\x9f\x93\xa6!", "\"\xf0\x9f\x93\xa6!\""},
        {"bad\xff\xc3(", "\"bad\xef\xbf\xbd\xef\xbf\xbd(\""},
        {"cut\xe6\x96", "\"cut\xef\xbf\xbd\xef\xbf\xbd\""},
    };
    for (size_t i = 0; i < LK_ARRAY_SIZE(rows); i++) {
        char buf[128];
        struct lk_text t = lk_text_init(buf, sizeof(buf));
        lk_envelope_string(&t, rows[i].in);
        assert_string_equal(buf, rows[i].want);
    }
}

static void times_are_utc_with_milliseconds(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *want;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {INT64_C(1772439330250), "2026-03-02T08:15:30.250Z"},
        {INT64_C(951782400007), "2000-02-29T00:00:00.007Z"},
        {INT64_C(4102444799999), "2099-12-31T23:59:59.999Z"},
    };
    for (size_t i = 0; i < LK_ARRAY_SIZE(rows); i++) {
        char buf[LK_TIME_MAX];
        lk_envelope_time(buf, rows[i].ms);
        assert_string_equal(buf, rows[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(event_is_a_cloudevent),
        cmocka_unit_test(a_postal_status_stands_outside_what_is_hashed),
        cmocka_unit_test(event_data_goes_in_byte_for_byte),
        cmocka_unit_test(every_event_type_makes_a_wire_type),
        cmocka_unit_test(too_small_a_builder_says_so),
        cmocka_unit_test(compartments_never_claim_what_nobody_can_read),
        cmocka_unit_test(the_largest_snapshot_fits),
        cmocka_unit_test(health_is_as_described),
        cmocka_unit_test(presence_is_as_described),
        cmocka_unit_test(answers_are_as_described),
        cmocka_unit_test(strings_survive_whatever_is_in_them),
        cmocka_unit_test(times_are_utc_with_milliseconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
