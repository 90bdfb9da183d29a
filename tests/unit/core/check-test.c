/* The invariants see what they are there for: a good step, spoilt in one place, is told. */
#include "person-words.h"
#include "staff-words.h"

enum { CODE = 11112222 };

/* Whether the check tells of something that contains these words. */
static void tells(const char *words)
{
    const char *broken = lk_core_check(&bench.cfg, &bench.before, &bench.core, &bench.fx);
    if (!broken || !strstr(broken, words)) {
        printf("# told: %s\n", broken ? broken : "nothing");
    }
    CHECK(broken != NULL && strstr(broken, words) != NULL);
}

static void hold(char *place, const char *item)
{
    (void)lk_text_copy(place, LK_ITEM_ID_MAX + 1, item);
}

static struct lk_effect *effect(enum lk_effect_kind kind)
{
    return (struct lk_effect *)find_fx(kind);
}

static struct lk_extra *beside(void)
{
    for (int i = 0; i < LK_EXTRAS; i++) {
        if (bench.core.extra[i].item[0] != '\0') {
            return &bench.core.extra[i];
        }
    }
    printf("# nothing lies beside anything\n");
    longjmp(check_failed, 1);
}

static void two_together(void)
{
    setup();
    stock_two_together();
}

CASE(law_4_the_check_sees_an_item_in_two_places)
{
    two_together();
    hold(bench.core.door[A02].item, "X2");
    bench.core.door[A02].use = LK_USE_OCCUPIED;
    tells("two compartments");
    two_together();
    hold(bench.core.door[A01].joining, "X1");
    tells("two compartments");
    two_together();
    hold(beside()->item, "X1");
    tells("two compartments");
}

CASE(law_4_the_check_sees_what_lies_beside_nothing)
{
    two_together();
    beside()->door = A02;
    tells("beside nothing");
    two_together();
    beside()->door = BENCH_DOORS;
    tells("does not exist");
    two_together();
    beside()->unknown = true;
    tells("not blocked");
    two_together();
    hold(bench.core.door[A01].joining, "X9");
    tells("by nobody");
    two_together();
    bench.core.door[A01].dropoff = true;
    tells("not alone");
    setup();
    bench.core.door[A01].dropoff = true;
    tells("not alone");
}

CASE(the_check_counts_what_lies_together)
{
    two_together();
    for (int i = 0, n = 2; i < LK_EXTRAS && n <= LK_TOGETHER_MOST; i++) {
        if (bench.core.extra[i].item[0] == '\0') {
            bench.core.extra[i].door = A01;
            (void)snprintf(bench.core.extra[i].item, sizeof(bench.core.extra[i].item), "Y%d", ++n);
        }
    }
    tells("too many");
}

CASE(the_check_sees_what_cannot_have_been_said)
{
    setup();
    (void)stock("X1", CODE, 0);
    code(CODE);
    opens(A01);
    bench.core.door[A01].op.turn = LK_REASON_NOT_EMPTY;
    tells("cannot be about");
    bench.core.door[A01].op.turn = LK_REASON_NOT_MINE;
    bench.core.door[A01].op.purpose = LK_PURPOSE_RECALL;
    tells("cannot be about");
}

CASE(the_check_sees_a_screen_without_what_it_is_about)
{
    setup();
    (void)stock("X1", CODE, 0);
    code(CODE);
    bench.core.session.door = LK_NO_DOOR;
    tells("about none");
    setup();
    bench.core.session.screen = LK_SCREEN_SECOND;
    tells("no item needs");
    setup();
    sign_in(LK_ACTOR_CLERK);
    bench.core.session.screen = LK_SCREEN_EXTEND;
    tells("citizen's screen");
}

CASE(law_8_the_check_sees_a_code_that_must_not_open)
{
    for (int way = 0; way < 6; way++) {
        setup();
        (void)stock("X1", CODE, 0);
        code(CODE);
        struct lk_item *item = &bench.core.session.item;
        item->rejected = way == 0;
        item->cancelled = way == 1;
        item->dropoff = way == 2;
        item->custody = way == 3 ? LK_CUSTODY_UNKNOWN : item->custody;
        item->second_factor = way == 4;
        if (way == 5) {
            effect(LK_FX_INTENT_ADD)->actor = LK_ACTOR_COURIER;
        }
        tells("law 8");
    }
}

CASE(law_5_the_check_sees_a_mark_without_its_event)
{
    setup();
    (void)stock("X1", CODE, 0);
    code(CODE);
    opens(A01);
    press(LK_BUTTON_REFUSE);
    press(LK_BUTTON_CONFIRM);
    shuts(A01);
    ((struct lk_event *)find_event(LK_EV_ITEM_REJECTED))->type = LK_EV_ITEM_UPDATED;
    tells("law 5");
}

CASE(law_5_the_check_sees_two_events_for_one_change)
{
    setup();
    (void)stock("X1", CODE, 0);
    code(CODE);
    opens(A01);
    shuts(A01);
    bench.fx.at[bench.fx.count] = *find_fx(LK_FX_EVENT);
    bench.fx.at[bench.fx.count++].event = *find_event(LK_EV_ITEM_COLLECTED);
    tells("exactly one event");
}

int main(int argc, char **argv)
{
    static const struct check_case cases[] = {
        NAMED(law_4_the_check_sees_an_item_in_two_places),
        NAMED(law_4_the_check_sees_what_lies_beside_nothing),
        NAMED(the_check_counts_what_lies_together),
        NAMED(the_check_sees_what_cannot_have_been_said),
        NAMED(the_check_sees_a_screen_without_what_it_is_about),
        NAMED(law_8_the_check_sees_a_code_that_must_not_open),
        NAMED(law_5_the_check_sees_a_mark_without_its_event),
        NAMED(law_5_the_check_sees_two_events_for_one_change),
    };
    return check_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
