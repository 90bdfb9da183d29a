/* A new address for the one board on a line: only when exactly one answers, only with a person's word, and proven. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "com_rig.h"

static struct rig rig;

static void line(unsigned boards)
{
    rig_init(&rig);
    for (unsigned b = 0; b < boards; b++) {
        rig_add_board(&rig, b + 1, 8);
    }
}

static unsigned facts_of(enum lk_com_kind kind)
{
    unsigned n = 0;
    for (unsigned i = 0; i < rig.facts; i++) {
        n += rig.fact[i].kind == kind;
    }
    return n;
}

static void the_only_board_gets_it(void **state)
{
    (void)state;
    line(1);
    assert_int_equal(rig_set_address(&rig, 7), 0);
    assert_int_equal(rig.board[0].unit, 7);
    assert_int_equal(facts_of(LK_COM_ADDRESS), 1);
    assert_int_equal(facts_of(LK_COM_MOVED), 1);
    assert_int_equal(rig_said(&rig, "address_done"), 1);
}

static void two_boards_get_nothing(void **state)
{
    (void)state;
    line(2);
    assert_int_equal(rig_set_address(&rig, 7), -EEXIST);
    assert_int_equal(rig.board[0].unit, 1);
    assert_int_equal(rig.board[1].unit, 2);
    assert_int_equal(facts_of(LK_COM_ADDRESS), 0);
    assert_int_equal(rig_said(&rig, "only_one"), 0);
    assert_int_equal(rig_said(&rig, "address_two"), 1);
}

static void nothing_without_the_persons_word(void **state)
{
    (void)state;
    line(1);
    rig_say(&rig, "only_one", 0, "n");
    assert_int_equal(rig_set_address(&rig, 7), -EINTR);
    assert_int_equal(rig.board[0].unit, 1);
    assert_int_equal(facts_of(LK_COM_ADDRESS), 0);
}

/* The journal is full: what cannot be written down is not done. */
static void nothing_without_the_journal(void **state)
{
    (void)state;
    line(1);
    rig.facts = 1;
    rig.die_after = 1;
    assert_int_equal(rig_set_address(&rig, 7), -EIO);
    assert_int_equal(rig.board[0].unit, 1);
}

static void nobody_there(void **state)
{
    (void)state;
    line(0);
    assert_int_equal(rig_set_address(&rig, 7), -ENXIO);
    assert_int_equal(rig_said(&rig, "nobody"), 1);
}

static void the_same_address_is_no_change(void **state)
{
    (void)state;
    line(1);
    assert_int_equal(rig_set_address(&rig, 1), 0);
    assert_int_equal(facts_of(LK_COM_ADDRESS), 0);
}

static void a_board_that_only_pretends_is_not_believed(void **state)
{
    (void)state;
    line(1);
    rig.fault_unit = 7; /* where it is read back nobody can be heard */
    rig.fault = (struct lk_fieldbus_sim_fault){.dead = true};
    assert_int_equal(rig_set_address(&rig, 7), -EIO);
    assert_int_equal(rig_said(&rig, "address_unproven"), 1);
    assert_int_equal(facts_of(LK_COM_MOVED), 0);
}

static void a_line_over_tcp_has_no_broadcast(void **state)
{
    (void)state;
    line(1);
    rig.setup.line.transport = LK_FB_TCP;
    assert_int_equal(rig_set_address(&rig, 7), -ENOTSUP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_only_board_gets_it),
        cmocka_unit_test(two_boards_get_nothing),
        cmocka_unit_test(nothing_without_the_persons_word),
        cmocka_unit_test(nothing_without_the_journal),
        cmocka_unit_test(nobody_there),
        cmocka_unit_test(the_same_address_is_no_change),
        cmocka_unit_test(a_board_that_only_pretends_is_not_believed),
        cmocka_unit_test(a_line_over_tcp_has_no_broadcast),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
