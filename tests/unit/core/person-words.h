/*
 * More short words for the bench: what citizens do. Included after bench.h. Thread: one.
 */
#ifndef PERSON_WORDS_H
#define PERSON_WORDS_H

#include "bench.h"

/* An item of the person with this phone number (its last four digits are the tail), put into the first S compartment
 * that is free; returns its door. */
static inline int stock_for(const char *id, uint64_t number, unsigned phone, bool second_factor)
{
    struct lk_input in = command(LK_CMD_ITEM_ANNOUNCE);
    struct lk_item *item = &in.command.item;
    (void)lk_text_copy(item->id, sizeof(item->id), id);
    item->has_phone = true;
    item->phone_mac[0] = (uint8_t)(phone / 10000);
    (void)snprintf(item->phone_tail, sizeof(item->phone_tail), "%04u", phone % 10000);
    item->second_factor = second_factor;
    in.secret = model_secret(number, 0);
    feed(in);
    CHECK_INT(custody(id), LK_CUSTODY_EXPECTED);
    bring(id);
    press_size(LK_SIZE_S);
    int door = find_fx(LK_FX_PULSE)->door;
    opens(door);
    shuts(door);
    press(LK_BUTTON_SIGN_OUT);
    return door;
}

static inline void grant(const char *id, uint64_t number, const char *tail)
{
    struct lk_input in = command(LK_CMD_DELEGATE_GRANT);
    (void)lk_text_copy(in.command.item.id, sizeof(in.command.item.id), id);
    facts(&in, model_store_item(&bench.store, id));
    in.code_live = model_store_has_secret(&bench.store, id);
    in.secret = model_secret(number, 0);
    (void)lk_text_copy(in.secret.tail, sizeof(in.secret.tail), tail);
    feed(in);
    CHECK_INT(find_fx(LK_FX_COMMAND)->result, LK_RESULT_OK);
}

/* "": not four digits. */
static inline void second(const char *tail)
{
    struct lk_input in = input(LK_IN_SECOND);
    (void)lk_text_copy(in.tail, sizeof(in.tail), tail);
    ask(in);
}

static inline void press_my_next(void)
{
    struct lk_input in = input(LK_IN_BUTTON);
    in.button = LK_BUTTON_NEXT;
    model_store_sibling(&bench.store, bench.core.session.item.id, bench.core.session.item.holder, &in);
    ask(in);
}

static inline void rate(unsigned rating)
{
    struct lk_input in = input(LK_IN_BUTTON);
    in.button = LK_BUTTON_RATE;
    in.rating = rating;
    ask(in);
}

/* "": not a case number. */
static inline void case_number(const char *number, const char *receipt)
{
    struct lk_input in = input(LK_IN_CASE);
    (void)lk_text_copy(in.text, sizeof(in.text), number);
    (void)lk_text_copy(in.item.id, sizeof(in.item.id), receipt);
    ask(in);
}

/* A citizen leaves something for case C9, up to the open door; returns it. */
static inline int begin_drop_off(const char *receipt)
{
    bench.cfg.dropoff = true;
    press(LK_BUTTON_DROP_OFF);
    case_number("C9", receipt);
    press_size(LK_SIZE_S);
    int door = find_fx(LK_FX_PULSE)->door;
    CHECK_INT(custody(receipt), LK_CUSTODY_EXPECTED);
    return door;
}

static inline int drop_off(const char *receipt)
{
    int door = begin_drop_off(receipt);
    opens(door);
    shuts(door);
    CHECK_INT(custody(receipt), LK_CUSTODY_IN_LOCKER);
    press(LK_BUTTON_DONE);
    return door;
}

/* X1 taken out of A01 with its code; the screen says so. */
static inline void take_out(const char *id, uint64_t number)
{
    int door = model_store_item(&bench.store, id)->door;
    code(number);
    CHECK_INT(count_fx(LK_FX_PULSE), 1);
    opens(door);
    shuts(door);
    CHECK_INT(custody(id), LK_CUSTODY_COLLECTED);
    CHECK_INT(bench.core.session.screen, LK_SCREEN_TAKEN);
}

#endif
