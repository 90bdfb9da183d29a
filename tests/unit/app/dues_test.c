/* The dues job: through a real store and a real core, in virtual time, what the calendar asks for is done once, a few
 * at a time, and never by a wrong clock. */
#include "unit/app/rig.h"

#include "dues.h"
#include "store/care.h"
#include "store/find.h"
#include "store/log.h"

#include <string.h>

enum { DAY_MS = 86400000 };

struct site {
    struct rig rig;
    struct lk_engine *engine;
    struct lk_dues *dues;
    unsigned scrubs;
};

static struct site *site;

int __real_lk_store_scrub(struct lk_store *store);
int __wrap_lk_store_scrub(struct lk_store *store);

int __wrap_lk_store_scrub(struct lk_store *store)
{
    site->scrubs++;
    return __real_lk_store_scrub(store);
}

/* --- outlets: nobody listens ---------------------------------------------------------------------------------------
 */

static int no_pulse(void *user, int door, uint64_t intent, int64_t now_ms)
{
    (void)user, (void)door, (void)intent, (void)now_ms;
    return -1;
}

static void no_bank(void *user, int bank)
{
    (void)user, (void)bank;
}

static void no_effect(void *user, const struct lk_effect *fx)
{
    (void)user, (void)fx;
}

static void no_range(void *user, struct lk_store_range range)
{
    (void)user, (void)range;
}

static void no_change(void *user)
{
    (void)user;
}

static void no_error(void *user, int error)
{
    (void)user, (void)error;
}

/* --- the site ------------------------------------------------------------------------------------------------------
 */

static void start(struct site *s)
{
    char text[256] = "";
    struct lk_text why = lk_text_init(text, sizeof(text));
    struct lk_engine_config config = {.core = &s->rig.config->core,
                                      .store = s->rig.store,
                                      .clock = s->rig.clock,
                                      .base = s->rig.base,
                                      .outlets = {.pulse = no_pulse,
                                                  .resume_bank = no_bank,
                                                  .reply = no_effect,
                                                  .command = no_effect,
                                                  .logged = no_range,
                                                  .changed = no_change,
                                                  .broken = no_error}};
    assert_int_equal(lk_engine_create(&config, &s->engine, &why), 0);
    struct lk_input boot = lk_engine_input(LK_IN_BOOT);
    boot.clock = lk_engine_quality(s->rig.clock);
    lk_engine_post(s->engine, &boot);
    struct lk_dues_config dues = {.engine = s->engine, .store = s->rig.store, .base = s->rig.base};
    assert_int_equal(lk_dues_create(&dues, &s->dues), 0);
}

static int make_site(void **state)
{
    static struct site made;
    memset(&made, 0, sizeof(made));
    site = &made;
    rig_make(&made.rig, "");
    rig_open_store(&made.rig);
    *state = &made;
    return 0;
}

static int end_site(void **state)
{
    struct site *s = *state;
    s->dues = lk_dues_destroy(s->dues);
    s->engine = lk_engine_destroy(s->engine);
    rig_end(&s->rig);
    return 0;
}

/* What was put into compartment `door` now, and, when it is gone, that it was collected. */
static void lay(struct site *s, const char *id, int door, bool gone)
{
    static struct lk_effects fx;
    struct lk_stamp now = {.wall_ms = lk_clock_wall_ms(s->rig.clock), .quality = LK_CLOCK_SYNCED};
    rig_announce(&s->rig, id, "", "");
    memset(&fx, 0, sizeof(fx));
    fx.count = 2;
    for (unsigned i = 0; i < fx.count; i++) {
        fx.at[i] = (struct lk_effect){.kind = LK_FX_ITEM_CUSTODY, .door = i == 0 ? door : LK_NO_DOOR, .bank = -1};
        (void)lk_text_copy(fx.at[i].item.id, sizeof(fx.at[i].item.id), id);
    }
    fx.at[0].from = LK_CUSTODY_EXPECTED;
    fx.at[0].to = LK_CUSTODY_IN_LOCKER;
    fx.at[1].from = LK_CUSTODY_IN_LOCKER;
    fx.at[1].to = LK_CUSTODY_COLLECTED;
    if (!gone) {
        fx.at[1].kind = LK_FX_DOOR_USE;
        fx.at[1].door = door;
        fx.at[1].use = LK_USE_OCCUPIED;
    }
    assert_int_equal(lk_store_apply(s->rig.store, &fx, &now, NULL), 0);
}

static bool tally(void *user, const struct lk_record *record)
{
    ((unsigned *)user)[record->type]++;
    return true;
}

static unsigned told(struct site *s, enum lk_event_type type)
{
    unsigned by_type[LK_EVENT_TYPES] = {0};
    assert_int_equal(lk_store_read_events(s->rig.store, 0, 10000, tally, by_type), 0);
    return by_type[type];
}

/* Until the job rests: it looks again and again, with a breath in between, as long as there is something. */
static void let_it_run(struct site *s)
{
    lk_dues_look(s->dues);
    for (int i = 0; i < 12; i++) {
        rig_loop(&s->rig, 40);
    }
}

static void what_is_due_is_told_once(void **state)
{
    struct site *s = *state;
    lay(s, "Y1", 0, false);
    start(s);
    let_it_run(s);
    assert_int_equal(told(s, LK_EV_ITEM_REMINDER), 0);
    rig_pass_ms(&s->rig, 6 * (int64_t)DAY_MS); /* of 7; reminded 2 before */
    let_it_run(s);
    let_it_run(s);
    assert_int_equal(told(s, LK_EV_ITEM_REMINDER), 1);
    assert_int_equal(told(s, LK_EV_ITEM_OVERDUE), 0);
    rig_pass_ms(&s->rig, 2 * (int64_t)DAY_MS);
    let_it_run(s);
    let_it_run(s);
    assert_int_equal(told(s, LK_EV_ITEM_OVERDUE), 1);
    assert_int_equal(told(s, LK_EV_ITEM_REMINDER), 1);
}

static void law_11_a_clock_that_is_not_synced_makes_nothing_due(void **state)
{
    struct site *s = *state;
    lay(s, "Y1", 0, false);
    lay(s, "Z1", 1, true);
    start(s);
    lk_clock_sim_set_quality(s->rig.clock, LK_HAL_CLOCK_RTC);
    rig_pass_ms(&s->rig, 400 * (int64_t)DAY_MS);
    let_it_run(s);
    assert_int_equal(told(s, LK_EV_ITEM_OVERDUE), 0);
    assert_int_equal(told(s, LK_EV_ITEM_ERASED), 0);
    lk_clock_sim_set_quality(s->rig.clock, LK_HAL_CLOCK_SYNCED);
    struct lk_input in = lk_engine_input(LK_IN_CLOCK);
    in.clock = LK_CLOCK_SYNCED;
    lk_engine_post(s->engine, &in);
    let_it_run(s);
    assert_int_equal(told(s, LK_EV_ITEM_OVERDUE), 1);
    assert_int_equal(told(s, LK_EV_ITEM_ERASED), 1);
}

/* More than one turn takes; and the files are emptied of them once, in the end. */
static void law_12_the_gone_are_erased_then_purged_and_the_files_emptied(void **state)
{
    enum { MANY = 21 };
    struct site *s = *state;
    struct lk_store_purge_plan plan;
    for (int i = 0; i < MANY; i++) {
        char id[8];
        (void)snprintf(id, sizeof(id), "Z%d", i);
        lay(s, id, 1, true);
    }
    start(s);
    let_it_run(s);
    assert_int_equal(s->scrubs, 0); /* a start is not held up */
    rig_pass_ms(&s->rig, 600000);
    let_it_run(s);
    assert_int_equal(s->scrubs, 1); /* for a crash before the last one */
    rig_pass_ms(&s->rig, 31 * (int64_t)DAY_MS);
    let_it_run(s);
    assert_int_equal(told(s, LK_EV_ITEM_ERASED), MANY);
    assert_int_equal(told(s, LK_EV_AUDIT_PURGE), 0);
    assert_int_equal(s->scrubs, 2);
    let_it_run(s);
    assert_int_equal(s->scrubs, 2);
    rig_pass_ms(&s->rig, 366 * (int64_t)DAY_MS);
    let_it_run(s);
    assert_int_equal(told(s, LK_EV_AUDIT_PURGE), 1);
    struct lk_stamp now = lk_engine_stamp(s->engine);
    assert_int_equal(lk_store_purge_count(s->rig.store, &now, &plan), 0);
    assert_true(plan.erase == 0 && plan.records == 0);
}

static void nobody_is_held_up_by_a_scrub(void **state)
{
    struct site *s = *state;
    lay(s, "Z1", 1, true);
    start(s);
    let_it_run(s);
    rig_pass_ms(&s->rig, 31 * (int64_t)DAY_MS);
    struct lk_input in = lk_engine_input(LK_IN_SIGN_IN); /* somebody works at the kiosk */
    in.staff = (struct lk_staff){.ok = true, .role = LK_ACTOR_CLERK, .id = "k1"};
    assert_int_equal(lk_engine_submit(s->engine, &in), 0);
    let_it_run(s);
    assert_int_equal(told(s, LK_EV_ITEM_ERASED), 1);
    assert_int_equal(s->scrubs, 0);
    in = lk_engine_input(LK_IN_BUTTON);
    in.button = LK_BUTTON_SIGN_OUT;
    assert_int_equal(lk_engine_submit(s->engine, &in), 0);
    let_it_run(s);
    assert_int_equal(s->scrubs, 1);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, make_site, end_site)
    const struct CMUnitTest tests[] = {
        CASE(what_is_due_is_told_once),
        CASE(law_11_a_clock_that_is_not_synced_makes_nothing_due),
        CASE(law_12_the_gone_are_erased_then_purged_and_the_files_emptied),
        CASE(nobody_is_held_up_by_a_scrub),
    };
    return cmocka_run_group_tests_name("dues", tests, NULL, NULL);
}
