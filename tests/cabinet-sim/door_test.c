/* The lock, the door, the sensor and the person, in virtual time. */
#include "test_head.h"

#include "rig.h"

#include <errno.h>
#include <string.h>

static int set_up(void **state)
{
    static struct rig r;
    rig_init(&r, "waveshare-relay");
    *state = &r;
    return 0;
}

static int tear_down(void **state)
{
    rig_free(*state);
    return 0;
}

static void pulse(struct rig *r, unsigned door, unsigned tenths)
{
    uint8_t pdu[] = {5, 2, (uint8_t)(door - 1), 0, (uint8_t)tenths}, adu[LK_CAB_ADU_MAX];
    rig_send(r, adu, lk_cab_rtu_wrap(1, pdu, sizeof pdu, adu));
    rig_run(r, 0);
}

static int act(struct rig *r, unsigned door, enum lk_cab_action action)
{
    return lk_cab_door_act(&r->w, rig_door(r, door), action, "item-1", 300 * MS, r->now_ns);
}

static void test_pulse_opens_after_latch_and_spring(void **state)
{
    struct rig *r = *state;
    struct lk_cab_happening h;
    int64_t start_ns = r->now_ns;
    pulse(r, 7, 5);
    rig_run(r, 109 * MS);
    assert_false(rig_door(r, 7)->open);
    assert_true(lk_cab_door_input(rig_door(r, 7)));
    rig_run(r, 1 * MS);
    assert_true(rig_door(r, 7)->open);
    assert_false(lk_cab_door_input(rig_door(r, 7)));
    assert_int_equal(rig_count(r, LK_CAB_UNLATCHED, &h), 1);
    assert_int_equal(h.at_ns, start_ns + 50 * MS);
    assert_int_equal(rig_count(r, LK_CAB_DOOR_OPENED, &h), 1);
    assert_int_equal(h.at_ns, start_ns + 110 * MS);
    rig_run(r, 1000 * MS);
    assert_int_equal(rig_count(r, LK_CAB_PULSE_END, &h), 1);
    assert_int_equal(h.at_ns, start_ns + 500 * MS);
    assert_int_equal(h.value, 500 * MS);
    assert_int_equal(h.door, 6);
    assert_int_equal(rig_door(r, 7)->openings, 1);
    assert_int_equal(r->w.board[0].channel[6].pulses, 1);
}

static void test_short_current_does_not_unlatch(void **state)
{
    struct rig *r = *state;
    lk_cab_board_switch(&r->w, &r->w.board[0], 0, true, 49 * MS, r->now_ns);
    rig_run(r, 1000 * MS);
    assert_false(rig_door(r, 1)->open);
    assert_true(rig_door(r, 1)->latched);
    assert_int_equal(rig_door(r, 1)->energised, 1);
}

static void test_close_latches(void **state)
{
    struct rig *r = *state;
    pulse(r, 1, 1);
    rig_run(r, 300 * MS);
    assert_int_equal(act(r, 1, LK_CAB_CLOSE), 0);
    assert_true(rig_door(r, 1)->latched);
    rig_run(r, 10000 * MS);
    assert_false(rig_door(r, 1)->open);
    assert_int_equal(act(r, 1, LK_CAB_CLOSE), -EALREADY);
}

static void test_close_under_current_springs_back(void **state)
{
    struct rig *r = *state;
    pulse(r, 1, 5);
    rig_run(r, 200 * MS);
    assert_int_equal(act(r, 1, LK_CAB_CLOSE), 0);
    assert_false(rig_door(r, 1)->latched);
    rig_run(r, 60 * MS);
    assert_true(rig_door(r, 1)->open);
    assert_int_equal(rig_door(r, 1)->openings, 2);
}

static void test_bounce_ends_right(void **state)
{
    struct rig *r = *state;
    struct lk_cab_door *d = rig_door(r, 1);
    d->config.bounce = 4;
    d->config.bounce_ns = 20 * MS;
    assert_int_equal(act(r, 1, LK_CAB_FORCE), 0);
    rig_run(r, 21 * MS);
    assert_int_equal(rig_count(r, LK_CAB_INPUT, NULL), 9);
    assert_false(lk_cab_door_input(d));
    assert_int_equal(act(r, 1, LK_CAB_CLOSE), 0);
    rig_run(r, 5 * MS); /* opened again in the middle of it */
    assert_int_equal(act(r, 1, LK_CAB_FORCE), 0);
    rig_run(r, 100 * MS);
    assert_false(lk_cab_door_input(d));
}

static void test_sensor_polarity(void **state)
{
    struct rig *r = *state;
    struct lk_cab_door *d = rig_door(r, 1);
    d->config.closed_reads1 = false;
    assert_false(lk_cab_door_input(d));
    assert_int_equal(act(r, 1, LK_CAB_FORCE), 0);
    assert_true(lk_cab_door_input(d));
}

static void test_items(void **state)
{
    struct rig *r = *state;
    struct lk_cab_happening h;
    assert_int_equal(act(r, 1, LK_CAB_PUT), -EACCES);
    assert_int_equal(act(r, 1, LK_CAB_FORCE), 0);
    assert_int_equal(act(r, 1, LK_CAB_TAKE), -ENOENT);
    assert_int_equal(act(r, 1, LK_CAB_PUT), 0);
    assert_int_equal(act(r, 1, LK_CAB_PUT), -EEXIST);
    assert_int_equal(act(r, 1, LK_CAB_TAKE), 0);
    assert_int_equal(rig_count(r, LK_CAB_ITEM_TAKEN, &h), 1);
    assert_string_equal(h.text, "item-1");
    assert_string_equal(rig_door(r, 1)->item, "");
}

static void test_person_serves_and_closes(void **state)
{
    struct rig *r = *state;
    struct lk_cab_door *d = rig_door(r, 1);
    d->person = (struct lk_cab_person){
        .does = LK_CAB_AUTO_PUT, .after_ns = 1000 * MS, .close_after_ns = 500 * MS, .left = 1, .item = "parcel"};
    pulse(r, 1, 2);
    rig_run(r, 110 * MS + 999 * MS);
    assert_string_equal(d->item, "");
    rig_run(r, 1 * MS);
    assert_string_equal(d->item, "parcel");
    rig_run(r, 499 * MS);
    assert_true(d->open);
    rig_run(r, 1 * MS);
    assert_false(d->open);
    assert_int_equal(d->person.does, LK_CAB_AUTO_OFF);
}

static void test_person_forgets_to_close(void **state)
{
    struct rig *r = *state;
    struct lk_cab_door *d = rig_door(r, 1);
    (void)strcpy(d->item, "letter");
    d->person = (struct lk_cab_person){.does = LK_CAB_AUTO_TAKE, .after_ns = 10 * MS, .close_after_ns = -1};
    pulse(r, 1, 2);
    rig_run(r, 3600 * 1000 * MS);
    assert_string_equal(d->item, "");
    assert_true(d->open);
    assert_int_equal(rig_count(r, LK_CAB_ITEM_TAKEN, NULL), 1);
}

static void test_flash_off(void **state)
{
    struct rig *r = *state;
    struct lk_cab_channel *c = &r->w.board[0].channel[0];
    (void)rig_ask(r, "01050000ff00");
    (void)rig_ask(r, "010504000003");
    assert_false(c->contact);
    rig_run(r, 294 * MS);
    assert_false(c->contact);
    rig_run(r, 2 * MS);
    assert_true(c->contact);
}

static void test_off_ends_a_pulse_and_on_outlasts_it(void **state)
{
    struct rig *r = *state;
    struct lk_cab_channel *c = &r->w.board[0].channel[0];
    pulse(r, 1, 5);
    (void)rig_ask(r, "010500000000");
    assert_false(c->contact);
    pulse(r, 1, 5);
    (void)rig_ask(r, "01050000ff00");
    rig_run(r, 1000 * MS);
    assert_true(c->contact);
    assert_int_equal(c->pulses, 2);
    assert_int_equal(c->commands, 3);
}

static void test_link_modes_let_the_input_drive(void **state)
{
    struct rig *r = *state;
    struct lk_cab_channel *c = r->w.board[0].channel;
    (void)rig_ask(r, "010610000001"); /* linked: the input reads 1, so the lock opens by itself */
    assert_true(c[0].contact);
    rig_run(r, 110 * MS);
    assert_true(rig_door(r, 1)->open);
    assert_false(c[0].contact);
    (void)rig_ask(r, "010610010002"); /* toggle: on rising edges */
    assert_false(c[1].contact);
    assert_int_equal(act(r, 2, LK_CAB_FORCE), 0);
    assert_false(c[1].contact);
    assert_int_equal(act(r, 2, LK_CAB_CLOSE), 0);
    assert_true(c[1].contact);
    (void)rig_ask(r, "010610020003"); /* edge: on each change */
    assert_int_equal(act(r, 3, LK_CAB_FORCE), 0);
    assert_true(c[2].contact);
    assert_int_equal(act(r, 3, LK_CAB_CLOSE), 0);
    assert_false(c[2].contact);
    assert_int_equal(act(r, 4, LK_CAB_FORCE), 0); /* mode 0 */
    assert_false(c[3].contact);
}

static void test_same_seed_same_history(void **state)
{
    struct rig *r = *state, other;
    rig_init(&other, "waveshare-relay");
    struct rig *both[] = {r, &other};
    for (unsigned i = 0; i < 2; i++) {
        rig_break_door(both[i], 1, LK_CAB_WEAK_COIL, NULL);
        for (unsigned n = 0; n < 40; n++) {
            pulse(both[i], 1, 2);
            rig_run(both[i], 500 * MS);
            (void)act(both[i], 1, LK_CAB_CLOSE);
        }
    }
    assert_int_equal(r->w.history.last_seq, other.w.history.last_seq);
    assert_int_equal(rig_door(r, 1)->openings, rig_door(&other, 1)->openings);
    rig_free(&other);
}

static void test_queue_keeps_order(void **state)
{
    struct lk_cab_queue q = {0};
    struct lk_cab_rand rand = {7};
    struct lk_cab_deadline d;
    int64_t last_ns = -1;
    uint64_t last_order = 0;
    unsigned popped = 0;
    (void)state;
    for (unsigned i = 0; i < 2000; i++) {
        assert_int_equal(lk_cab_queue_add(&q, lk_cab_rand_below(&rand, 100), LK_CAB_DUE_DOOR, i), 0);
    }
    for (; lk_cab_queue_pop(&q, 98, &d); popped++) {
        assert_true(d.at_ns > last_ns || (d.at_ns == last_ns && d.order > last_order));
        last_ns = d.at_ns;
        last_order = d.order;
    }
    assert_true(popped > 1900 && popped < 2000);
    assert_int_equal(lk_cab_queue_next(&q), 99);
    lk_cab_queue_free(&q);
}

static void test_history_forgets_the_oldest(void **state)
{
    struct lk_cab_history h;
    struct lk_cab_happening one = {.kind = LK_CAB_INPUT};
    (void)state;
    assert_int_equal(lk_cab_history_init(&h, 4), 0);
    assert_null(lk_cab_history_get(&h, 1));
    for (int i = 1; i <= 10; i++) {
        one.value = i;
        lk_cab_history_add(&h, &one);
    }
    assert_int_equal(lk_cab_history_oldest(&h), 7);
    assert_null(lk_cab_history_get(&h, 6));
    assert_int_equal(lk_cab_history_get(&h, 7)->value, 7);
    assert_int_equal(lk_cab_history_get(&h, 10)->value, 10);
    assert_null(lk_cab_history_get(&h, 11));
    lk_cab_history_free(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pulse_opens_after_latch_and_spring, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_short_current_does_not_unlatch, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_close_latches, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_close_under_current_springs_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bounce_ends_right, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sensor_polarity, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_items, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_person_serves_and_closes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_person_forgets_to_close, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_flash_off, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_off_ends_a_pulse_and_on_outlasts_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_link_modes_let_the_input_drive, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_same_seed_same_history, set_up, tear_down),
        cmocka_unit_test(test_queue_keeps_order),
        cmocka_unit_test(test_history_forgets_the_oldest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
