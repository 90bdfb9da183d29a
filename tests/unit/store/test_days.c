/*
 * Random days on the real core, with the store behind it: citizens, couriers, clerks, upstream and the calendar, and
 * every so often the power goes. After a restart the core knows what it knew, whatever was under way.
 */
#include "unit/store/fixture.h"

#include "core/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { T0 = 1000, STEPS = 12000, ITEMS_AT_A_TIME = 9 };

struct day {
    struct fix *f;
    struct lk_core core;
    int64_t now_ms;
    unsigned seed;
    unsigned applied;
    unsigned together, said, joining; /* how often a comparison met one */
};

static unsigned dice(struct day *day, unsigned n)
{
    day->seed = day->seed * 1103515245u + 12345u;
    return (day->seed >> 16) % n;
}

static void restore(struct day *day, struct lk_core *core)
{
    struct fix *f = day->f;
    lk_core_init(core, &f->cfg);
    struct lk_text why = lk_text_init(f->why, sizeof(f->why));
    int r = lk_store_restore(f->store, core, &f->now, T0, &why);
    if (r < 0) {
        fail_msg("restore: %s (%s)", strerror(-r), f->why);
    }
}

static void step(struct day *day, struct lk_input *in)
{
    static struct lk_effects effects;
    in->now_ms = day->now_ms;
    in->wall_s = day->f->now.wall_ms / 1000;
    lk_core_step(&day->f->cfg, &day->core, in, &effects);
    int r = lk_store_apply(day->f->store, &effects, &day->f->now, NULL);
    if (r < 0) {
        fail_msg("apply of %s: %s", lk_input_name(in->kind), strerror(-r));
    }
    day->applied++;
}

/* --- who and what --------------------------------------------------------------------------------------------------
 */

/* Items come and go: some are new in each stretch of the history. */
static unsigned some_item(struct day *day)
{
    return dice(day, ITEMS_AT_A_TIME) + 3 * (day->applied / 300);
}

static void id_of(unsigned n, char ret_id[LK_ITEM_ID_MAX + 1])
{
    (void)snprintf(ret_id, LK_ITEM_ID_MAX + 1, "case-%u", n);
}

/* Three items each are one person's, of one case, with one code. */
static void code_of(unsigned n, char ret_code[17])
{
    (void)snprintf(ret_code, 17, "%08u", n / 3);
}

static struct lk_input about(struct day *day, enum lk_input_kind kind, const char *id)
{
    struct lk_store_found found = find_item(day->f, id);
    struct lk_input in = {
        .kind = kind, .found = found.found, .item = found.item, .code_live = found.live, .join_door = LK_NO_DOOR};
    (void)snprintf(in.text, sizeof(in.text), "%s", id);
    if (found.found) {
        assert_int_equal(lk_store_find_companion(day->f->store, id, &in.join_door), 0);
    }
    return in;
}

static void be_person(struct day *day, struct lk_item *item, unsigned n)
{
    char phone[24];
    (void)snprintf(phone, sizeof(phone), "1380000%04u", n / 3);
    assert_int_equal(lk_store_phone(day->f->store, phone, item->phone_mac), 0);
    item->has_phone = true;
    (void)snprintf(item->phone_tail, sizeof(item->phone_tail), "%04u", n / 3 % 10000);
    (void)snprintf(item->case_id, sizeof(item->case_id), "affair-%u", n / 3);
    item->second_factor = n % 5 == 0;
}

/* --- what happens --------------------------------------------------------------------------------------------------
 */

static void upstream(struct day *day)
{
    static const enum lk_command_kind kinds[] = {LK_CMD_ITEM_CANCEL,    LK_CMD_ITEM_TRANSFER, LK_CMD_ITEM_EXTEND,
                                                 LK_CMD_ITEM_DELIVERED, LK_CMD_ITEM_RECEIVED, LK_CMD_DELEGATE_GRANT};
    unsigned n = some_item(day);
    char id[LK_ITEM_ID_MAX + 1], code[17];
    id_of(n, id);
    code_of(n, code);
    struct lk_input in = about(day, LK_IN_COMMAND, id);
    in.command.kind = dice(day, 3) != 0 ? LK_CMD_ITEM_ANNOUNCE : kinds[dice(day, sizeof(kinds) / sizeof(kinds[0]))];
    in.command.item.door = in.command.door = LK_NO_DOOR;
    in.command.item.size = LK_SIZE_S;
    in.command.to = dice(day, 2) ? LK_CUSTODY_AT_WINDOW : LK_CUSTODY_WITH_COURIER;
    in.command.via = dice(day, 2) ? LK_CHANNEL_WINDOW : LK_CHANNEL_POST;
    in.command.days = 2;
    (void)snprintf(in.command.item.waybill, sizeof(in.command.item.waybill), "EMS-%u", n);
    (void)snprintf(in.command.jti, sizeof(in.command.jti), "cmd-%u", day->applied);
    in.command.digest[0] = 1;
    (void)snprintf(in.command.item.id, sizeof(in.command.item.id), "%s", id);
    be_person(day, &in.command.item, n);
    in.command.given = LK_GIVEN_PHONE | LK_GIVEN_CASE | LK_GIVEN_SECOND_FACTOR;
    if (in.command.kind == LK_CMD_DELEGATE_GRANT) {
        (void)snprintf(code, sizeof(code), "9%07u", day->applied);
        (void)snprintf(in.secret.tail, sizeof(in.secret.tail), "7777");
    }
    assert_int_equal(lk_store_code_in_use(day->f->store, code, id, in.command.item.phone_mac, &in.code_in_use), 0);
    struct lk_secret made;
    assert_int_equal(lk_store_make_secret(day->f->store, code, NULL, &made), 0);
    memcpy(made.tail, in.secret.tail, sizeof(made.tail));
    in.secret = made;
    step(day, &in);
}

static void type_code(struct day *day)
{
    char code[17];
    code_of(some_item(day), code);
    struct lk_store_found found = find_code(day->f, code);
    step(day, &(struct lk_input){.kind = LK_IN_CODE,
                                 .well_formed = true,
                                 .found = found.found,
                                 .item = found.item,
                                 .more = found.more,
                                 .join_door = LK_NO_DOOR,
                                 .code_live = found.live});
}

static void type_tail(struct day *day)
{
    struct lk_input in = {.kind = LK_IN_SECOND, .join_door = LK_NO_DOOR};
    memcpy(in.tail, day->core.session.item.phone_tail, sizeof(in.tail));
    step(day, &in);
}

static void type_case(struct day *day)
{
    struct lk_input in = {.kind = LK_IN_CASE, .text = "affair-of-a-citizen", .join_door = LK_NO_DOOR};
    assert_int_equal(lk_store_new_receipt(day->f->store, in.item.id), 0);
    in.item.door = LK_NO_DOOR;
    step(day, &in);
}

static void scan(struct day *day)
{
    char id[LK_ITEM_ID_MAX + 1];
    id_of(some_item(day), id);
    if (dice(day, 3) == 0 && day->core.session.item.id[0] != '\0') {
        memcpy(id, day->core.session.item.id, sizeof(id)); /* the second scan of what is being put in */
    }
    struct lk_input in = about(day, LK_IN_SCAN, id);
    in.scan = LK_SCAN_ITEM;
    (void)snprintf(in.waybill, sizeof(in.waybill), "EMS-%u", day->applied);
    step(day, &in);
}

static void sign_in(struct day *day)
{
    static const enum lk_actor roles[] = {LK_ACTOR_COURIER, LK_ACTOR_CLERK, LK_ACTOR_SUPERVISOR};
    struct lk_input in = {.kind = LK_IN_SIGN_IN, .staff = {.ok = true, .id = "k-1"}, .join_door = LK_NO_DOOR};
    in.staff.role = roles[dice(day, 3)];
    step(day, &in);
}

/* Mostly one that the screen shows; rarely one that only leads back. */
static enum lk_button some_button(struct day *day)
{
    static const enum lk_button likely[] = {LK_BUTTON_JOIN, LK_BUTTON_DEPOSIT, LK_BUTTON_SIZE, LK_BUTTON_NEXT};
    static const enum lk_button dull[] = {LK_BUTTON_BACK, LK_BUTTON_SIGN_OUT, LK_BUTTON_CANCEL, LK_BUTTON_WINDOW};
    struct lk_view view;
    lk_core_view(&day->f->cfg, &day->core, day->now_ms, &view);
    for (int i = 0; i < 4; i++) {
        if (view.button[likely[i]] && dice(day, 3) != 0) {
            return likely[i];
        }
        view.button[dull[i]] = view.button[dull[i]] && dice(day, 5) == 0;
    }
    enum lk_button button = (enum lk_button)dice(day, LK_BUTTONS);
    for (int i = 0; i < LK_BUTTONS && !view.button[button] && dice(day, 100) != 0; i++) {
        button = (enum lk_button)((button + 1) % LK_BUTTONS);
    }
    return button;
}

static void press(struct day *day)
{
    char id[LK_ITEM_ID_MAX + 1];
    id_of(some_item(day), id);
    struct lk_input in = about(day, LK_IN_BUTTON, id);
    in.button = some_button(day);
    in.size = LK_SIZE_S;
    in.rating = 1 + dice(day, 5);
    if (in.button == LK_BUTTON_NEXT) {
        struct lk_store_found next;
        const struct lk_item *last = &day->core.session.item;
        assert_int_equal(lk_store_find_sibling(day->f->store, &day->f->now, last->id, last->holder, &next), 0);
        in.found = next.found;
        in.item = next.item;
        in.more = next.more;
        in.code_live = next.live;
    }
    step(day, &in);
}

static void move_door(struct day *day)
{
    bool shut = dice(day, 2) == 0;
    int door = (int)dice(day, 16);
    for (int i = 0; i < 16; i++) {
        enum lk_door_state state = day->core.door[i].state;
        if (state == LK_DOOR_PULSING || (shut && state == LK_DOOR_OPEN)) {
            door = i;
            break;
        }
    }
    enum lk_sense sense = day->core.door[door].state == LK_DOOR_PULSING ? LK_SENSE_OPEN : LK_SENSE_CLOSED;
    if (dice(day, 60) == 0) {
        sense = (enum lk_sense)dice(day, 3);
    }
    step(day, &(struct lk_input){.kind = LK_IN_SENSE, .door = door, .sense = sense, .join_door = LK_NO_DOOR});
}

static void lockerctl(struct day *day)
{
    char id[LK_ITEM_ID_MAX + 1];
    id_of(some_item(day), id);
    struct lk_input in = about(day, LK_IN_ADMIN, id);
    in.admin = (enum lk_admin_op)dice(day, LK_ADMINS);
    in.door = (int)dice(day, 16);
    if (in.admin == LK_ADMIN_UNBLOCK && dice(day, 2)) {
        in.door = LK_NO_DOOR;
    }
    in.bank = (int)dice(day, 2);
    in.settle_to = (enum lk_custody)(1 + dice(day, LK_CUSTODIES - 2));
    in.staff = (struct lk_staff){.ok = true, .role = LK_ACTOR_SUPERVISOR, .id = "b-1"};
    in.approver = (struct lk_staff){.ok = true, .role = LK_ACTOR_MAINTENANCE, .id = "m-1"};
    in.proof = LK_PROOF_TAIL;
    in.holds = dice(day, 2);
    in.count = 2;
    (void)snprintf(in.note, sizeof(in.note), "looked");
    (void)snprintf(in.waybill, sizeof(in.waybill), "EMS-%u", day->applied);
    step(day, &in);
}

static void calendar(struct day *day)
{
    struct lk_input in = {.kind = LK_IN_DUE, .join_door = LK_NO_DOOR};
    struct lk_store_found found;
    assert_int_equal(lk_store_next_due(day->f->store, &day->f->now, &in.due, &found, &in.count), 0);
    if (found.found) {
        in.found = true;
        in.item = found.item;
        step(day, &in);
    }
    day->f->now.wall_ms += (int64_t)dice(day, 86400000);
}

static void time_passes(struct day *day)
{
    day->now_ms += (int64_t)dice(day, 20000);
    day->f->now.wall_ms += 10000;
    step(day, &(struct lk_input){.kind = LK_IN_TICK, .join_door = LK_NO_DOOR});
}

static void something_happens(struct day *day)
{
    static void (*const happenings[])(struct day * day) = {
        upstream,  upstream,  type_code, type_tail, type_case, scan,      scan,     scan,        scan,      scan,
        sign_in,   press,     press,     press,     press,     press,     press,    press,       move_door, move_door,
        move_door, move_door, move_door, move_door, move_door, lockerctl, calendar, time_passes,
    };
    happenings[dice(day, sizeof(happenings) / sizeof(happenings[0]))](day);
}

/* --- what a restart must not lose ----------------------------------------------------------------------------------
 */

static void compare_op(const struct lk_op *was, const struct lk_op *is)
{
    assert_int_equal(is->purpose, was->purpose);
    assert_int_equal(is->outcome, was->outcome);
    assert_int_equal(is->intent, was->intent);
    if (was->purpose != LK_PURPOSE_NONE) {
        assert_int_equal(is->actor, was->actor);
        assert_string_equal(is->who, was->who);
        assert_int_equal(is->from, was->from);
        assert_int_equal(is->to, was->to);
        assert_int_equal(is->turn, was->turn);
        assert_int_equal(is->withdrawn, was->withdrawn);
        assert_string_equal(is->waybill, was->waybill);
        assert_string_equal(is->jti, was->jti);
    }
}

static unsigned beside(const struct lk_core *core, int door, const char *item, bool unknown)
{
    unsigned n = 0;
    for (int i = 0; i < LK_EXTRAS; i++) {
        const struct lk_extra *extra = &core->extra[i];
        n += extra->door == door && extra->unknown == unknown && strcmp(extra->item, item) == 0;
    }
    return n;
}

static unsigned compare_extras(const struct lk_core *was, const struct lk_core *is)
{
    unsigned n = 0, again = 0;
    for (int i = 0; i < LK_EXTRAS; i++) {
        const struct lk_extra *extra = &was->extra[i];
        if (extra->item[0] != '\0') {
            assert_int_equal(beside(is, extra->door, extra->item, extra->unknown), 1);
            n++;
        }
        again += is->extra[i].item[0] != '\0';
    }
    assert_int_equal(again, n);
    return n;
}

/* What the door says of its item is what the item's row says (law 4). */
static void compare_custody(struct day *day, const struct lk_door *door)
{
    if (door->use != LK_USE_OCCUPIED && !(door->use == LK_USE_BLOCKED && door->item[0] != '\0')) {
        return;
    }
    enum lk_custody custody = find_item(day->f, door->item).item.custody;
    assert_int_equal(custody, door->use == LK_USE_OCCUPIED ? LK_CUSTODY_IN_LOCKER : LK_CUSTODY_UNKNOWN);
}

static void compare_door(struct day *day, const struct lk_door *was, const struct lk_door *is)
{
    assert_int_equal(is->use, was->use);
    assert_int_equal(is->blocked_for, was->blocked_for);
    assert_string_equal(is->item, was->item);
    assert_string_equal(is->joining, was->joining);
    assert_int_equal(is->dropoff, was->dropoff);
    assert_int_equal(is->doubt_purpose, was->doubt_purpose);
    assert_int_equal(is->doubt_from, was->doubt_from);
    compare_op(&was->op, &is->op);
    compare_custody(day, was);
    day->said += was->op.turn != LK_REASON_NONE;
    day->joining += was->joining[0] != '\0';
}

static void compare(struct day *day)
{
    static struct lk_core again;
    restore(day, &again);
    assert_int_equal(again.next_intent, day->core.next_intent);
    assert_int_equal(again.lockout.tries, day->core.lockout.tries);
    assert_int_equal(again.lockout.level, day->core.lockout.level);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(again.bank[i].stopped_by_us, day->core.bank[i].stopped_by_us);
    }
    for (int i = 0; i < day->f->cfg.doors; i++) {
        compare_door(day, &day->core.door[i], &again.door[i]);
    }
    day->together += compare_extras(&day->core, &again);
    const char *broken = lk_core_check(&day->f->cfg, NULL, &day->core, NULL);
    if (broken) {
        fail_msg("%s", broken);
    }
}

/* The power was away: what the store knows is all there is. */
static void power_cut(struct day *day)
{
    fix_reopen(day->f);
    day->now_ms = T0;
    restore(day, &day->core);
    step(day, &(struct lk_input){.kind = LK_IN_BOOT, .clock = LK_CLOCK_SYNCED, .join_door = LK_NO_DOOR});
    for (int bank = 0; bank < 2; bank++) {
        step(day, &(struct lk_input){.kind = LK_IN_BANK, .bank = bank, .bank_state = LK_BANK_READY});
    }
    for (int i = 0; i < day->f->cfg.doors; i++) {
        step(day, &(struct lk_input){.kind = LK_IN_SENSE, .door = i, .sense = LK_SENSE_CLOSED});
    }
}

static void configure(struct fix *f)
{
    f->cfg.unknown_barcode = LK_BARCODE_ACCEPT;
    f->cfg.join_case = true;
    f->cfg.refusable = true;
    f->cfg.rating = true;
    f->cfg.dropoff = true;
    f->cfg.extend_most = 2;
    f->cfg.lockout_tries = 1000; /* nothing would happen for most of the time */
}

static void tell(struct day *day, const struct lk_store_counts *counts, uint64_t events)
{
    print_message("%u steps, %u events: ", day->applied, (unsigned)events);
    for (int i = 1; i < LK_CUSTODIES; i++) {
        print_message("%s %u, ", lk_custody_name((enum lk_custody)i), (unsigned)counts->items[i]);
    }
    print_message("together %u, said %u, joining %u\n", day->together, day->said, day->joining);
}

static void random_days_survive_restarts(void **state)
{
    struct fix *f = *state;
    static struct day day;
    day = (struct day){.f = f, .seed = 20260101};
    configure(f);
    for (unsigned i = 0; i < STEPS; i++) {
        if (i % 300 == 0) {
            power_cut(&day);
        }
        something_happens(&day);
        if (i % 4 == 0) {
            compare(&day);
        }
    }
    struct lk_store_chain chain;
    struct lk_store_counts counts;
    lk_store_chain_begin(f->store, &chain);
    assert_int_equal(lk_store_chain_step(f->store, &chain, 1000000), 0);
    assert_int_equal(chain.first_bad_seq, 0);
    assert_int_equal(chain.checked, lk_store_last_seq(f->store));
    assert_int_equal(lk_store_counts(f->store, &counts), 0);
    tell(&day, &counts, chain.checked);
    assert_true(chain.checked > 1000);
    assert_true(day.together > 0 && day.said > 0 && day.joining > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(random_days_survive_restarts, fix_setup, fix_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
