/* The kiosk's side of the core: screens, exactly the buttons that are accepted, compartments, lockout, notices. */
#include "person-words.h"

#include "core/view.h"

enum { CODE = 11112222, TOKEN = 999 };

static struct lk_view view(void)
{
    struct lk_view v;
    lk_core_view(&bench.cfg, &bench.core, bench.now_ms, &v);
    return v;
}

static void jams(int door)
{
    report(door, LK_PULSE_ECHOED);
    wait_ms(bench.cfg.open_timeout_ms);
}

static void put(void)
{
    announce("X1", CODE, TOKEN);
    bring("X1");
    press_size(LK_SIZE_S);
}

static void recall(void)
{
    stock("X1", CODE, TOKEN);
    sign_in(LK_ACTOR_CLERK);
    press(LK_BUTTON_RECALL);
    press_recall("X1");
}

/* Leads the kiosk to a screen, the way people do. */
static void reach_citizens(enum lk_screen screen)
{
    if (screen == LK_SCREEN_NOTICE) {
        code(1);
    } else if (screen != LK_SCREEN_HOME) {
        stock("X1", CODE, TOKEN);
        code(CODE);
    }
    if (screen == LK_SCREEN_JAM) {
        jams(A01);
    } else if (screen == LK_SCREEN_TAKE || screen == LK_SCREEN_TAKEN) {
        opens(A01);
    }
    if (screen == LK_SCREEN_TAKEN) {
        shuts(A01);
    }
}

static void reach_deposit(enum lk_screen screen)
{
    put();
    if (screen == LK_SCREEN_PUT_JAM) {
        jams(A01);
    } else if (screen != LK_SCREEN_PUT_OPENING) {
        opens(A01);
    }
    if (screen == LK_SCREEN_PUT_BACK) {
        press(LK_BUTTON_CANCEL);
    } else if (screen == LK_SCREEN_PLACED) {
        shuts(A01);
    }
}

static void reach_recall(enum lk_screen screen)
{
    recall();
    if (screen == LK_SCREEN_RECALL_JAM) {
        jams(A01);
    } else if (screen != LK_SCREEN_RECALL_OPENING) {
        opens(A01);
    }
    if (screen == LK_SCREEN_RECALL_TAKEN) {
        shuts(A01);
    }
}

static bool reach_window(enum lk_screen screen)
{
    if (screen != LK_SCREEN_WINDOW && screen != LK_SCREEN_WINDOW_ITEM && screen != LK_SCREEN_HAND_OVER) {
        return false;
    }
    announce("X1", CODE, TOKEN);
    sign_in(LK_ACTOR_CLERK);
    press(LK_BUTTON_WINDOW);
    if (screen != LK_SCREEN_WINDOW) {
        scan("X1");
    }
    if (screen == LK_SCREEN_HAND_OVER) {
        press(LK_BUTTON_RECEIVE);
        press(LK_BUTTON_DONE);
        scan("X1");
        press(LK_BUTTON_HAND_OVER);
    }
    return true;
}

/* The staff's screens off the main road. */
static bool reach_staff(enum lk_screen screen)
{
    if (screen == LK_SCREEN_ASK) {
        bench.cfg.unknown_barcode = LK_BARCODE_ASK;
        bring("N1");
    } else if (screen == LK_SCREEN_CHECK) {
        bench.cfg.misload_check = true;
        put();
        opens(A01);
        shuts(A01);
    } else if (screen == LK_SCREEN_RECEIPT) {
        put();
        opens(A01);
        shuts(A01);
        press(LK_BUTTON_BACK);
        press(LK_BUTTON_RECEIPT);
    } else if (screen == LK_SCREEN_WAYBILL) {
        stock("X1", CODE, TOKEN);
        sign_in(LK_ACTOR_COURIER);
        press(LK_BUTTON_RECALL);
        press(LK_BUTTON_RECALL_POST);
        press_recall("X1");
    } else {
        return reach_window(screen);
    }
    return true;
}

/* What a citizen leaves for the office. */
static void reach_drop_off(enum lk_screen screen)
{
    bench.cfg.dropoff = true;
    press(LK_BUTTON_DROP_OFF);
    if (screen == LK_SCREEN_DROP_CASE) {
        return;
    }
    case_number("C9", "D1");
    if (screen == LK_SCREEN_DROP_SIZE) {
        return;
    }
    press_size(LK_SIZE_M);
    if (screen == LK_SCREEN_DROP_JAM) {
        jams(A04);
    } else if (screen != LK_SCREEN_DROP_OPENING) {
        opens(A04);
    }
    if (screen == LK_SCREEN_DROP_BACK) {
        press(LK_BUTTON_CANCEL);
    } else if (screen == LK_SCREEN_DROP_PLACED) {
        shuts(A04);
    }
}

/* The citizens' screens off the main road. */
static bool reach_more(enum lk_screen screen)
{
    if (screen >= LK_SCREEN_DROP_CASE && screen <= LK_SCREEN_DROP_JAM) {
        reach_drop_off(screen);
    } else if (screen == LK_SCREEN_EXTEND) {
        press(LK_BUTTON_MORE_TIME);
    } else if (screen == LK_SCREEN_SECOND) {
        stock_for("X1", CODE, 51234, true);
        code(CODE);
    } else if (screen == LK_SCREEN_REFUSE_ASK || screen == LK_SCREEN_GIVE_BACK) {
        stock("X1", CODE, TOKEN);
        code(CODE);
        opens(A01);
        press(screen == LK_SCREEN_GIVE_BACK ? LK_BUTTON_NOT_MINE : LK_BUTTON_REFUSE);
    } else {
        return false;
    }
    return true;
}

static void reach(enum lk_screen screen)
{
    setup();
    if (reach_more(screen) || reach_staff(screen)) {
        CHECK_STR(lk_screen_name(bench.core.session.screen), lk_screen_name(screen));
        return;
    }
    if (screen < LK_SCREEN_STAFF_MENU) {
        reach_citizens(screen);
    } else if (screen == LK_SCREEN_SIZE) {
        announce("X1", CODE, TOKEN);
        bring("X1");
    } else if (screen < LK_SCREEN_PUT_OPENING || screen == LK_SCREEN_RECALL_LIST) {
        sign_in(LK_ACTOR_CLERK);
        if (screen != LK_SCREEN_STAFF_MENU) {
            press(screen == LK_SCREEN_SCAN ? LK_BUTTON_DEPOSIT : LK_BUTTON_RECALL);
        }
    } else if (screen < LK_SCREEN_RECALL_LIST) {
        reach_deposit(screen);
    } else {
        reach_recall(screen);
    }
    CHECK_STR(lk_screen_name(bench.core.session.screen), lk_screen_name(screen));
}

CASE(every_screen_shows_exactly_the_buttons_it_accepts)
{
    static struct bench here;
    for (int s = 0; s < LK_SCREENS; s++) {
        reach((enum lk_screen)s);
        here = bench;
        struct lk_view v = view();
        CHECK_INT(v.screen, s);
        for (int b = 0; b < LK_BUTTONS; b++) {
            bench = here;
            press((enum lk_button)b);
            bool accepted = answer() != LK_REASON_NOT_NOW;
            if (accepted != v.button[b]) {
                printf("# screen %s, button %s\n", lk_screen_name((enum lk_screen)s),
                       lk_button_name((enum lk_button)b));
            }
            CHECK_INT(accepted, v.button[b]);
        }
    }
}

CASE(every_screen_falls_back_by_itself)
{
    for (int s = 1; s < LK_SCREENS; s++) {
        reach((enum lk_screen)s);
        CHECK(view().left_ms > 0);
        wait_ms(3600000);
        CHECK_STR(lk_screen_name(bench.core.session.screen), "home");
        CHECK_INT(bench.core.session.staff, LK_ACTOR_SYSTEM);
        CHECK_INT(view().left_ms, -1);
    }
}

CASE(citizens_see_no_item_id)
{
    for (int s = 0; s < LK_SCREEN_STAFF_MENU; s++) {
        reach((enum lk_screen)s);
        CHECK_STR(view().item, "");
        CHECK_STR(view().staff, "");
    }
    reach(LK_SCREEN_PUT);
    CHECK_STR(view().item, "X1");
    CHECK_STR(view().door, "A01");
    CHECK_STR(view().staff, "s1");
}

CASE(nothing_of_one_story_shows_in_the_next)
{
    reach(LK_SCREEN_PLACED);
    press(LK_BUTTON_DONE);
    CHECK_STR(view().door, "");
    CHECK_STR(view().item, "");
    reach(LK_SCREEN_TAKEN);
    code(1);
    CHECK_INT(view().reason, LK_REASON_WRONG_CODE);
    CHECK_STR(view().door, "");
    reach(LK_SCREEN_PLACED);
    scan("nobody");
    CHECK_STR(view().door, "");
    reach(LK_SCREEN_TAKEN);
    stock("X2", 3, 4);
    board(0, LK_BANK_LOST);
    code(3);
    CHECK_STR(view().door, bench.cfg.door[model_store_item(&bench.store, "X2")->door].label);
}

CASE(a_notice_leads_back_to_the_work)
{
    reach(LK_SCREEN_SCAN);
    scan("nobody");
    press(LK_BUTTON_DONE);
    CHECK_INT(bench.core.session.screen, LK_SCREEN_SCAN);
    reach(LK_SCREEN_RECALL_LIST);
    press_recall("nobody");
    press(LK_BUTTON_BACK);
    CHECK_INT(bench.core.session.screen, LK_SCREEN_RECALL_LIST);
    reach(LK_SCREEN_RECALL_TAKEN);
    board(0, LK_BANK_LOST);
    press(LK_BUTTON_OPEN_AGAIN);
    CHECK_INT(answer(), LK_REASON_NOT_NOW);
}

CASE(open_again_ends)
{
    reach(LK_SCREEN_TAKEN);
    wait_ms(bench.cfg.open_again_ms - 1);
    CHECK(view().button[LK_BUTTON_OPEN_AGAIN]);
    reach(LK_SCREEN_PLACED);
    wait_ms(bench.cfg.open_again_ms + 1);
    CHECK(!view().button[LK_BUTTON_OPEN_AGAIN]);
    reach(LK_SCREEN_TAKEN);
    for (int i = 0; i < 3; i++) {
        press(LK_BUTTON_OPEN_AGAIN);
        opens(A01);
        shuts(A01);
    }
    CHECK(!view().button[LK_BUTTON_OPEN_AGAIN]);
}

CASE(staff_take_a_jammed_door_from_the_kiosk)
{
    reach(LK_SCREEN_PUT_JAM);
    admin(LK_ADMIN_OPEN, A01, LK_ACTOR_MAINTENANCE);
    CHECK_INT(bench.core.session.screen, LK_SCREEN_NOTICE);
    press(LK_BUTTON_CANCEL);
    CHECK_INT(answer(), LK_REASON_NOT_NOW);
    CHECK_INT(bench.core.door[A01].op.purpose, LK_PURPOSE_SERVICE);
    CHECK_INT(bench.core.door[A01].use, LK_USE_BLOCKED);
}

CASE(while_a_door_is_on_its_way_the_screen_is_taken)
{
    static const enum lk_screen busy[] = {LK_SCREEN_OPENING,     LK_SCREEN_PUT_OPENING,  LK_SCREEN_PUT,
                                          LK_SCREEN_PUT_BACK,    LK_SCREEN_PUT_JAM,      LK_SCREEN_RECALL_OPENING,
                                          LK_SCREEN_RECALL_TAKE, LK_SCREEN_DROP_OPENING, LK_SCREEN_DROP_PUT,
                                          LK_SCREEN_DROP_BACK,   LK_SCREEN_DROP_JAM};
    for (size_t i = 0; i < LK_ARRAY_SIZE(busy); i++) {
        reach(busy[i]);
        code(1);
        CHECK_INT(answer(), LK_REASON_NOT_NOW);
        scan("X1");
        CHECK_INT(answer(), LK_REASON_NOT_NOW);
        CHECK_INT(bench.core.session.screen, busy[i]);
    }
}

CASE(maintenance_has_no_work_at_the_kiosk)
{
    setup();
    sign_in(LK_ACTOR_MAINTENANCE);
    CHECK_INT(answer(), LK_REASON_NOT_ALLOWED);
}

/* --- compartments --------------------------------------------------------------------------------------------------
 */

CASE(low_compartments_are_kept_for_who_needs_them)
{
    setup();
    CHECK_INT(stock("X1", 1, 0), A01);
    CHECK_INT(stock("X2", 2, 0), A02);
    CHECK_INT(stock("X3", 3, 0), B01); /* before A03, which is low */
    CHECK_INT(stock("X4", 4, 0), A03); /* the last one left */
    announce("X5", 5, 0);
    bring("X5");
    press_size(LK_SIZE_S);
    CHECK_INT(answer(), LK_REASON_NO_FREE_DOOR);
}

CASE(who_needs_a_low_one_gets_only_a_low_one)
{
    setup();
    announce_sized("X1", 1, 0, true);
    bring("X1");
    CHECK_INT(view().free[LK_SIZE_S], 1);
    CHECK_INT(view().free[LK_SIZE_M], 0);
    press_size(LK_SIZE_S);
    CHECK_INT(find_fx(LK_FX_PULSE)->door, A03);
}

CASE(the_view_counts_what_is_usable)
{
    reach(LK_SCREEN_SIZE);
    CHECK_INT(view().free[LK_SIZE_S], 4);
    CHECK_INT(view().free[LK_SIZE_M], 2);
    CHECK_INT(view().free[LK_SIZE_L], 1);
    CHECK_INT(view().free[LK_SIZE_XL], 0);
    opens(A05); /* forced: not usable */
    CHECK_INT(view().free[LK_SIZE_L], 0);
    board(1, LK_BANK_LOST);
    CHECK_INT(view().free[LK_SIZE_S], 3);
    CHECK_INT(view().free[LK_SIZE_M], 1);
    feed(input(LK_IN_SHUTDOWN));
    CHECK_INT(view().free[LK_SIZE_S], 0);
    press_size(LK_SIZE_S);
    CHECK_INT(answer(), LK_REASON_SHUTTING_DOWN);
}

CASE(larger_skips_to_the_next_size_that_is_free)
{
    setup();
    admin(LK_ADMIN_BLOCK, A04, LK_ACTOR_MAINTENANCE);
    admin(LK_ADMIN_BLOCK, B02, LK_ACTOR_MAINTENANCE);
    put();
    opens(A01);
    press(LK_BUTTON_LARGER);
    CHECK_INT(find_fx(LK_FX_PULSE)->door, A05);
}

CASE(a_jammed_compartment_is_blocked_and_another_found)
{
    reach(LK_SCREEN_PUT_JAM);
    press(LK_BUTTON_OTHER);
    CHECK_INT(find_fx(LK_FX_PULSE)->door, A02);
    CHECK_INT(bench.core.door[A01].use, LK_USE_BLOCKED);
    admin(LK_ADMIN_UNBLOCK, A01, LK_ACTOR_MAINTENANCE);
    CHECK_INT(answer(), LK_REASON_DOOR_JAMMED);
}

CASE(a_doubted_deposit_gets_no_other_compartment)
{
    reach(LK_SCREEN_PUT_OPENING);
    restart();
    shuts(A01);
    bring("X1");
    CHECK_INT(find_fx(LK_FX_PULSE)->door, A01);
    jams(A01);
    press(LK_BUTTON_OTHER);
    CHECK_INT(answer(), LK_REASON_NOT_NOW);
    press(LK_BUTTON_CANCEL);
    CHECK_INT(bench.core.door[A01].use, LK_USE_RESERVED);
    CHECK_INT(custody("X1"), LK_CUSTODY_EXPECTED);
    wait_ms(bench.cfg.doubt_grace_ms);
    CHECK_INT(custody("X1"), LK_CUSTODY_UNKNOWN);
}

/* --- lockout -------------------------------------------------------------------------------------------------------
 */

static int64_t lock_out(void)
{
    for (unsigned i = 0; i < bench.cfg.lockout_tries; i++) {
        CHECK_INT(view().tries_left, bench.cfg.lockout_tries - i);
        code(1);
    }
    CHECK_INT(answer(), LK_REASON_LOCKED_OUT);
    return view().locked_ms;
}

CASE(the_lockout_doubles_up_to_its_most)
{
    static const int64_t lasts_s[] = {60, 120, 240, 480, 900, 900};
    setup();
    for (size_t i = 0; i < LK_ARRAY_SIZE(lasts_s); i++) {
        CHECK_INT(lock_out(), lasts_s[i] * 1000);
        CHECK_INT(find_event(LK_EV_ACCESS_LOCKOUT)->count, i + 1);
        CHECK_INT(find_event(LK_EV_ACCESS_LOCKOUT)->duration_s, lasts_s[i]);
        CHECK_INT(find_event(LK_EV_ACCESS_LOCKOUT)->alarm, i >= 2);
        wait_ms(lasts_s[i] * 1000 - 1);
        sign_in(LK_ACTOR_COURIER);
        CHECK_INT(answer(), LK_REASON_LOCKED_OUT);
        wait_ms(1);
    }
}

CASE(an_hour_of_peace_forgets)
{
    setup();
    CHECK_INT(lock_out(), 60000);
    wait_ms(60000);
    CHECK_INT(lock_out(), 120000);
    wait_ms(bench.cfg.lockout_forget_ms + 1);
    CHECK_INT(lock_out(), 60000);
}

CASE(a_right_code_that_opens_clears_the_tries)
{
    setup();
    stock("X1", CODE, TOKEN);
    code(1);
    code(1);
    code(CODE);
    CHECK_INT(bench.core.lockout.tries, 0);
    CHECK_INT(bench.store.tries, 0);
}

CASE(a_malformed_code_is_not_a_try)
{
    setup();
    struct lk_input in = input(LK_IN_CODE);
    ask(in);
    CHECK_INT(answer(), LK_REASON_CODE_MALFORMED);
    CHECK_INT(bench.core.lockout.tries, 0);
}

CASE(a_restart_keeps_tries_and_level)
{
    setup();
    (void)lock_out();
    wait_ms(60000);
    code(1);
    code(1);
    restart();
    CHECK_INT(view().tries_left, 3);
    code(1);
    code(1);
    code(1);
    CHECK_INT(view().locked_ms, 120000);
}

/* --- the cabinet in the view ---------------------------------------------------------------------------------------
 */

CASE(out_of_service_when_no_board_answers)
{
    setup();
    CHECK(!view().out_of_service);
    board(0, LK_BANK_LOST);
    CHECK(!view().out_of_service);
    board(1, LK_BANK_LOST);
    CHECK(view().out_of_service);
}

CASE(open_doors_are_told)
{
    reach(LK_SCREEN_TAKE);
    CHECK_INT(view().doors_open, 1);
    CHECK_STR(view().open_door, "");
    opens(A01); /* told twice: the time still counts from the opening */
    wait_ms(bench.cfg.left_open_ms);
    CHECK_STR(view().open_door, "A01");
}

CASE(a_boards_word_is_news_once)
{
    setup();
    stock("X1", CODE, TOKEN);
    code(CODE);
    opens(A02);
    CHECK(bench.core.bank[0].stopped_by_us);
    board(0, LK_BANK_READY);
    CHECK_INT(bench.fx.count, 0);
}

int main(int argc, char **argv)
{
    static const struct check_case cases[] = {
        NAMED(every_screen_shows_exactly_the_buttons_it_accepts),
        NAMED(every_screen_falls_back_by_itself),
        NAMED(citizens_see_no_item_id),
        NAMED(nothing_of_one_story_shows_in_the_next),
        NAMED(a_notice_leads_back_to_the_work),
        NAMED(open_again_ends),
        NAMED(staff_take_a_jammed_door_from_the_kiosk),
        NAMED(while_a_door_is_on_its_way_the_screen_is_taken),
        NAMED(maintenance_has_no_work_at_the_kiosk),
        NAMED(low_compartments_are_kept_for_who_needs_them),
        NAMED(who_needs_a_low_one_gets_only_a_low_one),
        NAMED(the_view_counts_what_is_usable),
        NAMED(larger_skips_to_the_next_size_that_is_free),
        NAMED(a_jammed_compartment_is_blocked_and_another_found),
        NAMED(a_doubted_deposit_gets_no_other_compartment),
        NAMED(the_lockout_doubles_up_to_its_most),
        NAMED(an_hour_of_peace_forgets),
        NAMED(a_right_code_that_opens_clears_the_tries),
        NAMED(a_malformed_code_is_not_a_try),
        NAMED(a_restart_keeps_tries_and_level),
        NAMED(out_of_service_when_no_board_answers),
        NAMED(open_doors_are_told),
        NAMED(a_boards_word_is_news_once),
    };
    return check_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
