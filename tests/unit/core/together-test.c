/* Several items of one person: one after the other from their own compartments, or together from one. */
#include "person-words.h"
#include "staff-words.h"

enum { CODE = 11112222, OTHER_CODE = 33334444, ZHANG = 51234, LI = 65678 };

/* --- several items ------------------------------------------------------------------------------------------------ */

CASE(several_items_open_one_after_the_other)
{
    setup();
    CHECK_INT(stock_for("X1", CODE, ZHANG, false), A01);
    CHECK_INT(stock_for("X2", CODE, ZHANG, false), A02);
    CHECK_INT(stock_for("X3", CODE, ZHANG, false), B01);
    take_out("X1", CODE);
    CHECK_INT(shown().more, 2);
    press_my_next();
    CHECK_INT(find_fx(LK_FX_PULSE)->door, A02);
    opens(A02);
    CHECK_INT(shown().more, 1);
    CHECK_INT(custody("X2"), LK_CUSTODY_IN_LOCKER);
    shuts(A02);
    press_my_next();
    opens(B01);
    shuts(B01);
    CHECK_INT(custody("X3"), LK_CUSTODY_COLLECTED);
    CHECK_INT(shown().more, 0);
    CHECK(!shown().button[LK_BUTTON_NEXT]);
}

CASE(law_8_next_opens_for_the_same_person_only)
{
    setup();
    (void)stock_for("X1", CODE, ZHANG, false);
    (void)stock_for("X2", CODE, ZHANG, false);
    (void)stock_for("Y1", OTHER_CODE, LI, false);
    take_out("X1", CODE);
    press_next("Y1"); /* an engine that looked up the wrong one */
    CHECK_INT(answer(), LK_REASON_NO_SUCH_ITEM);
    CHECK_INT(count_fx(LK_FX_PULSE), 0);
    CHECK_INT(shown().screen, LK_SCREEN_TAKEN);
}

CASE(law_8_a_friends_code_opens_what_it_was_made_for)
{
    setup();
    (void)stock_for("X1", CODE, ZHANG, false);
    (void)stock_for("X2", CODE, ZHANG, false);
    grant("X1", OTHER_CODE, "");
    take_out("X1", OTHER_CODE);
    CHECK_INT(shown().more, 0);
    bench.core.session.more = 1; /* an engine that counted the recipient's */
    press_next("X2");
    CHECK_INT(answer(), LK_REASON_NO_SUCH_ITEM);
    CHECK_INT(count_fx(LK_FX_PULSE), 0);
    setup();
    (void)stock_for("X1", CODE, ZHANG, false);
    (void)stock_for("X2", CODE, ZHANG, false);
    grant("X1", OTHER_CODE, "");
    grant("X2", OTHER_CODE, "");
    take_out("X1", OTHER_CODE);
    CHECK_INT(shown().more, 1);
    press_my_next();
    CHECK_INT(find_fx(LK_FX_INTENT_ADD)->actor, LK_ACTOR_DELEGATE);
}

CASE(the_next_one_may_be_gone)
{
    setup();
    (void)stock_for("X1", CODE, ZHANG, false);
    (void)stock_for("X2", CODE, ZHANG, false);
    take_out("X1", CODE);
    cancel("X2");
    press_my_next();
    CHECK_INT(answer(), LK_REASON_NO_SUCH_ITEM);
    CHECK(shown().button[LK_BUTTON_OPEN_AGAIN]); /* what is true on the screen stays */
    CHECK(!shown().button[LK_BUTTON_NEXT]);
}

CASE(the_tail_is_asked_for_once_for_one_person)
{
    setup();
    (void)stock_for("X1", CODE, ZHANG, true);
    (void)stock_for("X2", CODE, ZHANG, true);
    code(CODE);
    second("1234");
    opens(A01);
    shuts(A01);
    CHECK_INT(shown().more, 1);
    press_my_next();
    CHECK_INT(find_fx(LK_FX_PULSE)->door, A02);
    setup();
    (void)stock_for("X1", CODE, ZHANG, false);
    (void)stock_for("X2", CODE, ZHANG, true);
    take_out("X1", CODE);
    press_my_next(); /* nobody was asked yet */
    CHECK_INT(count_fx(LK_FX_PULSE), 0);
    CHECK_INT(shown().screen, LK_SCREEN_SECOND);
}

CASE(what_lies_together_is_one_compartment)
{
    setup();
    stock_two_together();
    for (int i = 0; i < MODEL_SECRETS; i++) {
        bench.store.secret[i].code = bench.store.secret[i].used ? CODE : 0; /* one code for both */
    }
    code(CODE);
    opens(A01);
    CHECK_INT(shown().more, 0);
    shuts(A01);
    CHECK_INT(count_fx(LK_FX_ITEM_CUSTODY), 2);
    CHECK_INT(count_fx(LK_FX_SECRET_KILL), 2);
    CHECK_INT(custody("X1"), LK_CUSTODY_COLLECTED);
    CHECK_INT(custody("X2"), LK_CUSTODY_COLLECTED);
    CHECK_INT(bench.core.door[A01].use, LK_USE_FREE);
}

/* As many as may lie in one compartment. */
static void stock_full(void)
{
    setup();
    for (int i = 0; i < LK_TOGETHER_MOST; i++) {
        char id[8];
        (void)snprintf(id, sizeof(id), "X%d", i + 1);
        const struct lk_item item = of_one_case(id);
        announce_item(&item, (uint64_t)i + 1);
        sign_in(LK_ACTOR_COURIER);
        press(LK_BUTTON_DEPOSIT);
        scan_beside(id, i == 0 ? LK_NO_DOOR : A01);
        if (i == 0) {
            press_size(LK_SIZE_S);
        } else {
            press(LK_BUTTON_JOIN);
        }
        opens(A01);
        shuts(A01);
        press(LK_BUTTON_SIGN_OUT);
        CHECK_INT(custody(id), LK_CUSTODY_IN_LOCKER);
    }
}

static unsigned in_custody(enum lk_custody want)
{
    unsigned n = 0;
    for (int i = 0; i < MODEL_ITEMS; i++) {
        n += bench.store.item[i].used && bench.store.item[i].item.custody == want;
    }
    return n;
}

CASE(a_full_compartment_takes_no_more)
{
    stock_full();
    const struct lk_item item = of_one_case("X9");
    announce_item(&item, 9);
    sign_in(LK_ACTOR_COURIER);
    press(LK_BUTTON_DEPOSIT);
    scan_beside("X9", A01);
    CHECK(!shown().button[LK_BUTTON_JOIN]);
}

CASE(law_4_all_of_a_full_compartment_change_hands_together)
{
    stock_full();
    code(3);
    opens(A01);
    shuts(A01);
    CHECK_INT(count_fx(LK_FX_ITEM_CUSTODY), LK_TOGETHER_MOST);
    CHECK_INT(in_custody(LK_CUSTODY_COLLECTED), LK_TOGETHER_MOST);
    press(LK_BUTTON_NOTHING_INSIDE);
    CHECK_INT(count_fx(LK_FX_ITEM_CUSTODY), LK_TOGETHER_MOST);
    CHECK_INT(in_custody(LK_CUSTODY_UNKNOWN), LK_TOGETHER_MOST);
    stock_full();
    opens(A01); /* forced */
    CHECK_INT(in_custody(LK_CUSTODY_UNKNOWN), LK_TOGETHER_MOST);
    stock_full();
    code(8);
    restart();
    shuts(A01);
    wait_ms(bench.cfg.doubt_grace_ms);
    CHECK_INT(in_custody(LK_CUSTODY_UNKNOWN), LK_TOGETHER_MOST);
}

CASE(a_full_compartment_is_refused_together)
{
    stock_full();
    code(5);
    opens(A01);
    press(LK_BUTTON_REFUSE);
    press(LK_BUTTON_CONFIRM);
    shuts(A01);
    CHECK_INT(count_fx(LK_FX_ITEM_REJECTED), LK_TOGETHER_MOST);
    CHECK_INT(count_fx(LK_FX_SECRET_KILL), LK_TOGETHER_MOST);
    CHECK_INT(in_custody(LK_CUSTODY_IN_LOCKER), LK_TOGETHER_MOST);
    CHECK_INT(bench.core.door[A01].use, LK_USE_OCCUPIED);
}

int main(int argc, char **argv)
{
    static const struct check_case cases[] = {
        NAMED(several_items_open_one_after_the_other),
        NAMED(law_8_next_opens_for_the_same_person_only),
        NAMED(law_8_a_friends_code_opens_what_it_was_made_for),
        NAMED(the_next_one_may_be_gone),
        NAMED(the_tail_is_asked_for_once_for_one_person),
        NAMED(what_lies_together_is_one_compartment),
        NAMED(a_full_compartment_takes_no_more),
        NAMED(law_4_all_of_a_full_compartment_change_hands_together),
        NAMED(a_full_compartment_is_refused_together),
    };
    return check_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
