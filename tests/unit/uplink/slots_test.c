#include "check.h"

#include "slots.h"

#include <errno.h>

static struct lk_slots *make(size_t count)
{
    struct lk_slots *s = NULL;
    assert_int_equal(lk_slots_create(count, &s), 0);
    return s;
}

static void a_result_comes_back_with_its_tag(void **state)
{
    (void)state;
    struct lk_slots *s = make(4);
    uintptr_t mark;
    bool leave, wanted;
    struct lk_slot_result result;
    assert_int_equal(lk_slots_take(s, LK_SLOT_TAGGED, 7, 99, &mark), 0);
    assert_false(lk_slots_collect(s, &result, &wanted));
    (void)lk_slots_report(s, mark, 0x87, &leave);
    assert_false(leave);
    assert_true(lk_slots_collect(s, &result, &wanted));
    assert_true(result.session == 7 && result.tag == 99 && result.code == 0x87);
    (void)lk_slots_report(s, mark, 0, &leave); /* told twice */
    assert_false(lk_slots_collect(s, &result, &wanted));
    (void)lk_slots_destroy(s);
}

static void full_until_the_owner_collects(void **state)
{
    (void)state;
    struct lk_slots *s = make(2);
    uintptr_t a, b, c;
    bool leave, wanted;
    struct lk_slot_result result;
    assert_int_equal(lk_slots_take(s, LK_SLOT_TAGGED, 1, 1, &a), 0);
    assert_int_equal(lk_slots_take(s, LK_SLOT_TAGGED, 1, 2, &b), 0);
    assert_int_equal(lk_slots_take(s, LK_SLOT_TAGGED, 1, 3, &c), -EAGAIN);
    assert_true(lk_slots_report(s, a, 0, &leave)); /* somebody waits */
    assert_int_equal(lk_slots_take(s, LK_SLOT_TAGGED, 1, 3, &c), -EAGAIN);
    assert_true(lk_slots_collect(s, &result, &wanted));
    assert_true(wanted);
    assert_int_equal(lk_slots_take(s, LK_SLOT_TAGGED, 1, 3, &c), 0);
    (void)lk_slots_destroy(s);
}

static void our_own_presence_always_has_room(void **state)
{
    (void)state;
    struct lk_slots *s = make(1);
    uintptr_t mark;
    bool leave;
    assert_int_equal(lk_slots_take(s, LK_SLOT_QUIET, 1, 0, &mark), 0);
    assert_int_equal(lk_slots_take(s, LK_SLOT_QUIET, 1, 0, &mark), -EAGAIN);
    assert_int_equal(lk_slots_take(s, LK_SLOT_BIRTH, 1, 0, &mark), 0);
    assert_int_equal(lk_slots_take(s, LK_SLOT_LEAVE, 1, 0, &mark), 0);
    (void)lk_slots_report(s, mark, 0, &leave);
    assert_true(leave);
    (void)lk_slots_destroy(s);
}

static void the_brokers_limit_is_kept(void **state)
{
    (void)state;
    struct lk_slots *s = make(100);
    uintptr_t marks[3];
    bool leave;
    lk_slots_limit(s, 2);
    assert_int_equal(lk_slots_take(s, LK_SLOT_TAGGED, 1, 1, &marks[0]), 0);
    assert_int_equal(lk_slots_take(s, LK_SLOT_TAGGED, 1, 2, &marks[1]), 0);
    assert_int_equal(lk_slots_take(s, LK_SLOT_TAGGED, 1, 3, &marks[2]), -EAGAIN);
    assert_true(lk_slots_report(s, marks[1], 0, &leave));
    assert_int_equal(lk_slots_take(s, LK_SLOT_TAGGED, 1, 3, &marks[2]), 0); /* also before the owner collected */
    lk_slots_put_back(s, marks[2]);
    assert_int_equal(lk_slots_take(s, LK_SLOT_TAGGED, 1, 3, &marks[2]), 0);
    (void)lk_slots_destroy(s);
}

static void late_reports_of_a_lost_connection_are_ignored(void **state)
{
    (void)state;
    struct lk_slots *s = make(1);
    uintptr_t old, new;
    bool leave, wanted;
    struct lk_slot_result result;
    assert_int_equal(lk_slots_take(s, LK_SLOT_TAGGED, 1, 1, &old), 0);
    lk_slots_forget(s);
    assert_int_equal(lk_slots_take(s, LK_SLOT_TAGGED, 2, 5, &new), 0);
    (void)lk_slots_report(s, old, 0, &leave);
    assert_false(lk_slots_collect(s, &result, &wanted));
    (void)lk_slots_report(s, new, 0, &leave);
    assert_true(lk_slots_collect(s, &result, &wanted));
    assert_int_equal(result.tag, 5);
    (void)lk_slots_report(s, UINTPTR_MAX >> 8, 0, &leave); /* nonsense */
    (void)lk_slots_destroy(s);
}

static void sizes_are_checked(void **state)
{
    (void)state;
    struct lk_slots *s;
    assert_int_equal(lk_slots_create(0, &s), -EINVAL);
    assert_int_equal(lk_slots_create(LK_SLOTS_MOST, &s), -EINVAL);
    assert_null(lk_slots_destroy(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_comes_back_with_its_tag),
        cmocka_unit_test(full_until_the_owner_collects),
        cmocka_unit_test(our_own_presence_always_has_room),
        cmocka_unit_test(the_brokers_limit_is_kept),
        cmocka_unit_test(late_reports_of_a_lost_connection_are_ignored),
        cmocka_unit_test(sizes_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
