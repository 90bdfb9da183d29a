/* Wear in the store: kept, written inside the probe and at no other time, never going back, new after a new part. */
#include "store/wear.h"
#include "unit/store/fixture.h"

#include <errno.h>
#include <string.h>

enum { A01 = 8, A02 = 9 };

static struct lk_wear_door doors[LK_MAX_DOORS];
static bool changed[LK_MAX_DOORS];
static struct lk_store_disk disk;

static int save(struct fix *f, const struct lk_store_disk *with)
{
    const struct lk_store_wear all = {.doors = doors, .changed = changed, .disk = with};
    return lk_store_probe_with(f->store, &all);
}

static void load(struct fix *f)
{
    memset(doors, 0, sizeof(doors));
    memset(&disk, 0, sizeof(disk));
    assert_int_equal(lk_store_wear_load(f->store, doors, &disk), 0);
}

static struct lk_wear_door some(void)
{
    struct lk_wear_door d = {.lock_cycles = UINT32_MAX,
                             .relay_cycles = 77,
                             .openings = 70,
                             .jams = 7,
                             .lock_resets = 2,
                             .relay_resets = 3,
                             .attempts = UINT64_MAX - 5,
                             .attempts_known = 64,
                             .baseline_ms = 300,
                             .recent = LK_WEAR_WINDOW_MOST,
                             .raised = 1U << LK_WEAR_SLOWER};
    for (uint32_t i = 0; i < d.recent; i++) {
        d.recent_ms[i] = (uint16_t)(65535 - i);
    }
    return d;
}

static void setup(struct fix *f)
{
    load(f);
    memset(changed, 0, sizeof(changed));
}

static void every_number_comes_back(void **state)
{
    struct fix *f = *state;
    setup(f);
    struct lk_wear_door was = some();
    struct lk_store_disk books = {
        .device_bytes = 1ULL << 50, .own_bytes = 9, .hours = LK_STORE_WEAR_HOURS, .raised = 16};
    for (uint32_t i = 0; i < books.hours; i++) {
        books.device_kib[i] = UINT32_MAX - i;
        books.own_kib[i] = i;
    }
    doors[A02] = was;
    doors[A01] = was; /* not said to have changed: not written */
    changed[A02] = true;
    assert_int_equal(save(f, &books), 0);
    fix_reopen(f);
    load(f);
    assert_memory_equal(&doors[A02], &was, sizeof(was));
    assert_int_equal(doors[A01].lock_cycles, 0);
    assert_memory_equal(&disk, &books, sizeof(books));
}

static void it_costs_no_commit_of_its_own(void **state)
{
    struct fix *f = *state;
    struct lk_store_health before, after;
    setup(f);
    for (int i = 0; i < f->cfg.doors; i++) {
        changed[i] = true;
        doors[i] = some();
    }
    lk_store_health(f->store, &before);
    assert_int_equal(save(f, &disk), 0);
    lk_store_health(f->store, &after);
    assert_int_equal(after.commits, before.commits + 1);
}

static void a_count_never_goes_back(void **state)
{
    struct fix *f = *state;
    setup(f);
    doors[A01] = some();
    changed[A01] = true;
    assert_int_equal(save(f, NULL), 0);
    static const size_t fields[] = {
        offsetof(struct lk_wear_door, lock_cycles), offsetof(struct lk_wear_door, relay_cycles),
        offsetof(struct lk_wear_door, openings),    offsetof(struct lk_wear_door, jams),
        offsetof(struct lk_wear_door, lock_resets), offsetof(struct lk_wear_door, relay_resets)};
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        doors[A01] = some();
        uint32_t *field = (uint32_t *)(void *)((char *)&doors[A01] + fields[i]);
        *field -= 1;
        assert_true(save(f, NULL) < 0);
    }
    load(f);
    struct lk_wear_door was = some();
    assert_memory_equal(&doors[A01], &was, sizeof(was));
}

static void a_new_part_is_one_commit_with_its_event(void **state)
{
    struct fix *f = *state;
    setup(f);
    doors[A01] = some();
    doors[A01].lock_cycles = 5000;
    changed[A01] = true;
    assert_int_equal(save(f, NULL), 0);
    static const enum lk_reason parts[] = {LK_REASON_RELAY_REPLACED, LK_REASON_LOCK_REPLACED};
    struct lk_wear_door model = doors[A01];
    for (size_t i = 0; i < 2; i++) {
        struct lk_effect *e = fx(f, LK_FX_WEAR_RESET);
        e->door = A01;
        e->reason = parts[i];
        fx_event(f, LK_EV_SITE_CONFIG)->door = A01;
        apply_ok(f);
        lk_wear_replaced(&model, parts[i]);
        load(f);
        assert_int_equal(doors[A01].lock_cycles, model.lock_cycles);
        assert_int_equal(doors[A01].relay_cycles, model.relay_cycles);
        assert_int_equal(doors[A01].lock_resets, model.lock_resets);
        assert_int_equal(doors[A01].relay_resets, model.relay_resets);
        assert_int_equal(doors[A01].baseline_ms, model.baseline_ms);
        assert_int_equal(doors[A01].recent, model.recent);
        assert_int_equal(doors[A01].attempts_known, model.attempts_known);
    }
    doors[A01] = model; /* and what is counted in memory goes on from there */
    doors[A01].lock_cycles = 1;
    assert_int_equal(save(f, NULL), 0);
    fx(f, LK_FX_WEAR_RESET)->door = LK_NO_DOOR;
    assert_int_equal(fx_apply(f), -EINVAL);
}

static void a_door_that_was_never_counted_can_have_a_new_lock(void **state)
{
    struct fix *f = *state;
    setup(f);
    struct lk_effect *e = fx(f, LK_FX_WEAR_RESET);
    e->door = A02;
    e->reason = LK_REASON_LOCK_REPLACED;
    apply_ok(f);
    load(f);
    assert_int_equal(doors[A02].lock_resets, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_number_comes_back, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(it_costs_no_commit_of_its_own, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(a_count_never_goes_back, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(a_new_part_is_one_commit_with_its_event, fix_setup, fix_teardown),
        cmocka_unit_test_setup_teardown(a_door_that_was_never_counted_can_have_a_new_lock, fix_setup, fix_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
