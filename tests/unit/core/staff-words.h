/*
 * More short words for the bench: what staff do at the window, with lockerctl and with items of one case.
 * Included after bench.h. Thread: one.
 */
#ifndef STAFF_WORDS_H
#define STAFF_WORDS_H

#include "bench.h"

#include "core/view.h"

/* Announces an item with all its details. */
static inline void announce_item(const struct lk_item *item, uint64_t code)
{
    struct lk_input in = command(LK_CMD_ITEM_ANNOUNCE);
    in.command.item = *item;
    facts(&in, model_store_item(&bench.store, item->id));
    in.secret = model_secret(code, 0);
    feed(in);
}

/* An item of the one case and person that these tests know. */
static inline struct lk_item of_one_case(const char *id)
{
    struct lk_item item = {.door = LK_NO_DOOR, .has_phone = true, .phone_mac = {7}};
    (void)lk_text_copy(item.id, sizeof(item.id), id);
    (void)lk_text_copy(item.case_id, sizeof(item.case_id), "C9");
    return item;
}

/* A scan, and the fact that others of its case lie behind this door. */
static inline void scan_beside(const char *id, int door)
{
    struct lk_input in = input(LK_IN_SCAN);
    in.scan = LK_SCAN_ITEM;
    (void)lk_text_copy(in.text, sizeof(in.text), id);
    facts(&in, model_store_item(&bench.store, id));
    in.join_door = door;
    ask(in);
}

/* What lockerctl does with an item: the proof fits, the waybill is good. */
static inline void desk(enum lk_admin_op op, const char *id, enum lk_actor role)
{
    struct lk_input in = input(LK_IN_ADMIN);
    in.admin = op;
    in.proof = LK_PROOF_TAIL;
    (void)lk_text_copy(in.waybill, sizeof(in.waybill), "EMS-1");
    facts(&in, model_store_item(&bench.store, id));
    staff_member(&in, role);
    ask(in);
}

static inline void inspected(int door, bool holds, enum lk_actor role)
{
    struct lk_input in = input(LK_IN_ADMIN);
    in.admin = LK_ADMIN_INSPECTED;
    in.door = door;
    in.holds = holds;
    staff_member(&in, role);
    ask(in);
}

static inline void round_over(unsigned seen, unsigned mismatches, enum lk_actor role)
{
    struct lk_input in = input(LK_IN_ADMIN);
    in.admin = LK_ADMIN_ROUND;
    in.count = seen;
    in.mismatches = mismatches;
    staff_member(&in, role);
    ask(in);
}

/* Maintenance s1 opens a door, and somebody agrees. */
static inline void open_with(int door, const char *second, enum lk_actor role)
{
    struct lk_input in = input(LK_IN_ADMIN);
    in.admin = LK_ADMIN_OPEN;
    in.door = door;
    staff_member(&in, LK_ACTOR_MAINTENANCE);
    in.approver.ok = true;
    in.approver.role = role;
    (void)lk_text_copy(in.approver.id, sizeof(in.approver.id), second);
    ask(in);
}

static inline void press_next(const char *id)
{
    struct lk_input in = input(LK_IN_BUTTON);
    in.button = LK_BUTTON_NEXT;
    facts(&in, model_store_item(&bench.store, id));
    ask(in);
}

static inline void scan_waybill(const char *number)
{
    struct lk_input in = input(LK_IN_SCAN);
    in.scan = LK_SCAN_ITEM;
    (void)lk_text_copy(in.text, sizeof(in.text), number);
    (void)lk_text_copy(in.waybill, sizeof(in.waybill), number);
    ask(in);
}

static inline struct lk_view shown(void)
{
    struct lk_view v;
    lk_core_view(&bench.cfg, &bench.core, bench.now_ms, &v);
    return v;
}

/* X2 beside X1 in A01, and nobody at the kiosk. */
static inline void stock_two_together(void)
{
    const struct lk_item one = of_one_case("X1"), other = of_one_case("X2");
    announce_item(&one, 1);
    CHECK_INT(stock("X1", 1, 0), A01);
    announce_item(&other, 2);
    sign_in(LK_ACTOR_COURIER);
    press(LK_BUTTON_DEPOSIT);
    scan_beside("X2", A01);
    press(LK_BUTTON_JOIN);
    opens(A01);
    shuts(A01);
    press(LK_BUTTON_SIGN_OUT);
    CHECK_INT(custody("X2"), LK_CUSTODY_IN_LOCKER);
    CHECK_INT(bench.core.door[A01].use, LK_USE_OCCUPIED);
}

#endif
