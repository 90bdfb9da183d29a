/* The event log: what is written, the chain an auditor can compute again, tampering, acknowledgement, purging. */
#include "unit/store/fixture.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct seen {
    unsigned count, stop_after;
    struct lk_record last;
    char data[1024];
};

static bool see(void *user, const struct lk_record *record)
{
    struct seen *seen = user;
    seen->count++;
    seen->last = *record;
    (void)snprintf(seen->data, sizeof(seen->data), "%s", record->data);
    return seen->count != seen->stop_after;
}

static struct seen read_after(struct fix *f, uint64_t after, unsigned limit)
{
    struct seen seen = {0};
    assert_int_equal(lk_store_read_events(f->store, after, limit, see, &seen), 0);
    return seen;
}

/* Every field of struct lk_event, byte for byte: upstream and auditors rely on names and order. */
static void event_with_everything(void **state)
{
    struct fix *f = *state;
    struct lk_event *e = fx_event(f, LK_EV_DOOR_WRONG);
    e->door = 8; /* A01: bank A is the second one */
    e->expected_door = 9;
    e->bank = 1;
    (void)snprintf(e->item, sizeof(e->item), "case-1");
    e->from = LK_CUSTODY_IN_LOCKER;
    e->to = LK_CUSTODY_UNKNOWN;
    e->purpose = LK_PURPOSE_PICKUP;
    e->outcome = LK_OUTCOME_UNKNOWN;
    e->actor = LK_ACTOR_RECIPIENT;
    (void)snprintf(e->who, sizeof(e->who), "c-17");
    e->reason = LK_REASON_WRONG_DOOR;
    e->intent = 4711;
    e->count = 3;
    e->duration_s = 60;
    e->alarm = true;
    (void)snprintf(e->jti, sizeof(e->jti), "cmd-9");
    apply_ok(f);
    struct seen seen = read_after(f, 0, 0);
    assert_string_equal(seen.data,
                        "{\"item\":\"case-1\",\"door\":\"A01\",\"expected_door\":\"A02\",\"bank\":\"A\","
                        "\"from\":\"in_locker\",\"to\":\"unknown\",\"purpose\":\"pickup\",\"outcome\":\"unknown\","
                        "\"actor\":\"recipient\",\"who\":\"c-17\",\"reason\":\"wrong_door\",\"intent\":4711,"
                        "\"count\":3,\"duration_s\":60,\"alarm\":true,\"command\":\"cmd-9\"}");
    assert_int_equal(seen.last.type, LK_EV_DOOR_WRONG);
    assert_int_equal(seen.last.seq, 1);
    assert_int_equal(seen.last.quality, LK_CLOCK_SYNCED);
    assert_string_equal(seen.last.time, "2026-01-01T00:00:00.123Z");
    assert_string_equal(seen.last.epoch, lk_store_epoch(f->store));
    assert_string_equal(seen.last.hash, lk_store_head_hash(f->store));
}

static void event_with_nothing(void **state)
{
    struct fix *f = *state;
    (void)fx_event(f, LK_EV_SITE_STOPPED);
    apply_ok(f);
    assert_string_equal(read_after(f, 0, 0).data, "{}");
    fx_event(f, LK_EV_SITE_CLOCK)->clock = LK_CLOCK_UNSYNCED;
    apply_ok(f);
    assert_string_equal(read_after(f, 1, 0).data, "{\"clock\":\"unsynced\"}");
}

/* The recipe of docs/store.md, written down a second time and independently of the store. */
static void chain_can_be_recomputed(void **state)
{
    struct fix *f = *state;
    say_announce(f, "case-1", "12345678", NULL);
    f->now.wall_ms = -1; /* even a clock before 1970 is written down as it was */
    f->now.quality = LK_CLOCK_UNSYNCED;
    say_deposit(f, 1, "case-1", 0);
    char prev[65];
    memset(prev, '0', 64);
    prev[64] = '\0';
    for (uint64_t seq = 1; seq <= lk_store_last_seq(f->store); seq++) {
        struct seen seen = read_after(f, seq - 1, 1);
        char text[2048], hex[65];
        unsigned char hash[32];
        int n = snprintf(text, sizeof(text), "%s\n%s\n%" PRIu64 "\n%s\n%s\n%s\n%s", prev, seen.last.epoch, seq,
                         lk_event_type_name(seen.last.type), seen.last.time, lk_clock_quality_name(seen.last.quality),
                         seen.data);
        (void)SHA256((unsigned char *)text, (size_t)n, hash);
        for (int i = 0; i < 32; i++) {
            (void)snprintf(hex + 2 * i, 3, "%02x", hash[i]);
        }
        assert_string_equal(seen.last.prevhash, prev);
        assert_string_equal(seen.last.hash, hex);
        memcpy(prev, hex, sizeof(prev));
    }
    assert_string_equal(prev, lk_store_head_hash(f->store));
    assert_string_equal(read_after(f, 1, 1).last.time, "1969-12-31T23:59:59.999Z");
}

static void events(struct fix *f, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        fx_event(f, LK_EV_ACCESS_DENIED)->count = i + 1;
        if (f->fx.count == 100 || i + 1 == n) {
            apply_ok(f);
        }
    }
}

static void reading_in_pages(void **state)
{
    struct fix *f = *state;
    events(f, 250);
    assert_int_equal(read_after(f, 0, 0).count, 100);
    assert_int_equal(read_after(f, 0, 1000).count, 250);
    assert_int_equal(read_after(f, 240, 20).count, 10);
    assert_int_equal(read_after(f, 250, 20).count, 0);
    assert_int_equal(read_after(f, UINT64_MAX, 20).count, 0);
    struct seen seen = {.stop_after = 7};
    assert_int_equal(lk_store_read_events(f->store, 10, 100, see, &seen), 0);
    assert_int_equal(seen.count, 7);
    assert_int_equal(seen.last.seq, 17);
}

static struct lk_store_chain walk(struct fix *f, unsigned step)
{
    struct lk_store_chain chain;
    lk_store_chain_begin(f->store, &chain);
    while (!chain.finished) {
        assert_int_equal(lk_store_chain_step(f->store, &chain, step), 0);
    }
    return chain;
}

static void chain_is_walked_in_slices(void **state)
{
    struct fix *f = *state;
    struct lk_store_chain chain = walk(f, 10);
    assert_int_equal(chain.checked, 0);
    events(f, 95);
    lk_store_chain_begin(f->store, &chain);
    assert_int_equal(lk_store_chain_step(f->store, &chain, 90), 0);
    assert_int_equal(chain.checked, 90);
    assert_false(chain.finished);
    events(f, 5); /* appended meanwhile */
    assert_int_equal(lk_store_chain_step(f->store, &chain, 90), 0);
    assert_true(chain.finished);
    assert_int_equal(chain.checked, 100);
    assert_int_equal(chain.first_bad_seq, 0);
}

/* Each way to change history with a tool of one's own, and the first row that gives it away. */
static void tampering_is_found(void **state)
{
    struct fix *f = *state;
    static const struct {
        const char *sql;
        uint64_t bad;
    } cases[] = {
        {"UPDATE event SET data = replace(data, '\"count\":7', '\"count\":8') WHERE seq = 7", 7},
        {"UPDATE event SET time = '2026-01-01T00:00:00.124Z' WHERE seq = 8", 8},
        {"UPDATE event SET type = 'door.opened' WHERE seq = 9", 9},
        {"UPDATE event SET quality = 'rtc' WHERE seq = 10", 10},
        {"UPDATE event SET hash = zeroblob(32) WHERE seq = 11", 11},
        {"UPDATE event SET prevhash = zeroblob(32) WHERE seq = 12", 12},
        {"DELETE FROM event WHERE seq = 13", 13},
        {"UPDATE event SET seq = seq + 1 WHERE seq = 20", 20},
        {"DELETE FROM event WHERE seq < 3", 1},
        {"UPDATE site SET epoch = '00000000-0000-4000-8000-000000000000'", 1},
    };
    events(f, 20);
    f->store = lk_store_close(f->store);
    fix_copy_file(f->db, fix_path(f, "good"));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fix_copy_file(fix_path(f, "good"), f->db);
        sqlite3 *db = raw_open(f->db);
        raw_exec(db, "DROP TRIGGER event_no_update; DROP TRIGGER event_no_delete; DROP TRIGGER event_in_order");
        raw_exec(db, cases[i].sql);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
        fix_open(f);
        struct lk_store_chain chain = walk(f, 6);
        assert_int_equal(chain.first_bad_seq, cases[i].bad);
        assert_int_equal(chain.checked, cases[i].bad - 1);
        f->store = lk_store_close(f->store);
    }
    fix_copy_file(fix_path(f, "good"), f->db);
    fix_open(f);
    assert_int_equal(walk(f, 6).first_bad_seq, 0);
}

static void database_refuses_to_rewrite_history(void **state)
{
    struct fix *f = *state;
    events(f, 10);
    f->store = lk_store_close(f->store);
    sqlite3 *db = raw_open(f->db);
    assert_int_equal(raw_exec_rc(db, "UPDATE event SET data = '{}' WHERE seq = 1"), SQLITE_CONSTRAINT);
    assert_int_equal(raw_exec_rc(db, "DELETE FROM event WHERE seq = 10"), SQLITE_CONSTRAINT);
    assert_int_equal(raw_exec_rc(db, "INSERT INTO event SELECT 12, type, time, quality, data, prevhash, hash "
                                     "FROM event WHERE seq = 1"),
                     SQLITE_CONSTRAINT);
    assert_int_equal(raw_exec_rc(db, "INSERT OR REPLACE INTO event SELECT 3, type, time, quality, data, prevhash, "
                                     "hash FROM event WHERE seq = 1"),
                     SQLITE_CONSTRAINT);
    assert_int_equal(raw_exec_rc(db, "UPDATE cursor SET purged = 5"), SQLITE_CONSTRAINT); /* beyond acked */
    raw_exec(db, "UPDATE cursor SET acked = 5");
    assert_int_equal(raw_exec_rc(db, "UPDATE cursor SET acked = 4"), SQLITE_CONSTRAINT);
    assert_int_equal(raw_exec_rc(db, "DELETE FROM cursor"), SQLITE_CONSTRAINT);
    sqlite3_close(db);
}

/* Law 6: what upstream has is remembered, and never taken back. */
static void ack_is_durable_and_monotone(void **state)
{
    struct fix *f = *state;
    uint64_t seq = 99;
    char when[32];
    assert_int_equal(lk_store_oldest_unacked(f->store, &seq, when), 0);
    assert_int_equal(seq, 0);
    events(f, 10);
    assert_int_equal(lk_store_oldest_unacked(f->store, &seq, when), 0);
    assert_int_equal(seq, 1);
    assert_string_equal(when, "2026-01-01T00:00:00.123Z");
    assert_int_equal(lk_store_set_acked(f->store, 11), -ERANGE);
    assert_int_equal(lk_store_set_acked(f->store, 6), 0);
    assert_int_equal(lk_store_set_acked(f->store, 4), 0);
    assert_int_equal(lk_store_acked(f->store), 6);
    fix_reopen(f);
    assert_int_equal(lk_store_acked(f->store), 6);
    assert_int_equal(lk_store_oldest_unacked(f->store, &seq, when), 0);
    assert_int_equal(seq, 7);
    assert_int_equal(lk_store_set_acked(f->store, 10), 0);
    assert_int_equal(lk_store_oldest_unacked(f->store, &seq, when), 0);
    assert_int_equal(seq, 0);
    assert_string_equal(when, "");
}

static void purge_keeps_the_chain(void **state)
{
    struct fix *f = *state;
    unsigned removed = 0;
    events(f, 50);
    assert_int_equal(lk_store_set_acked(f->store, 40), 0);
    assert_int_equal(lk_store_purge_events(f->store, 41, 0, &removed), -EPERM);
    assert_int_equal(lk_store_purge_events(f->store, 30, 12, &removed), 0);
    assert_int_equal(removed, 12);
    assert_int_equal(lk_store_purge_events(f->store, 30, 0, &removed), 0);
    assert_int_equal(removed, 18);
    assert_int_equal(lk_store_purge_events(f->store, 30, 0, &removed), 0);
    assert_int_equal(removed, 0);
    assert_int_equal(lk_store_first_seq(f->store), 31);
    fix_reopen(f);
    assert_int_equal(lk_store_first_seq(f->store), 31);
    assert_int_equal(read_after(f, 0, 1).last.seq, 31);
    events(f, 5);
    struct lk_store_chain chain = walk(f, 7);
    assert_int_equal(chain.first_bad_seq, 0);
    assert_int_equal(chain.checked, 25);
}

static void purge_of_everything_goes_on_with_the_next_seq(void **state)
{
    struct fix *f = *state;
    char head[65];
    events(f, 8);
    (void)snprintf(head, sizeof(head), "%s", lk_store_head_hash(f->store));
    assert_int_equal(lk_store_set_acked(f->store, 8), 0);
    assert_int_equal(lk_store_purge_events(f->store, 8, 0, NULL), 0);
    fix_reopen(f);
    assert_int_equal(lk_store_last_seq(f->store), 8);
    assert_int_equal(lk_store_first_seq(f->store), 9);
    assert_string_equal(lk_store_head_hash(f->store), head);
    events(f, 1);
    assert_string_equal(read_after(f, 0, 0).last.prevhash, head);
    assert_int_equal(walk(f, 5).first_bad_seq, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(event_with_everything, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(event_with_nothing, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(chain_can_be_recomputed, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(reading_in_pages, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(chain_is_walked_in_slices, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(tampering_is_found, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(database_refuses_to_rewrite_history, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(ack_is_durable_and_monotone, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(purge_keeps_the_chain, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(purge_of_everything_goes_on_with_the_next_seq, fix_setup, fix_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
