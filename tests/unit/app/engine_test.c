/* The engine: one step commits before it acts, a failed commit changes nothing, the cabinet's words wait for the store
 * and are taken in order. The store is real; its commit fails on request. */
#include "unit/app/rig.h"

#include "engine.h"
#include "store/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { BOOK = 4000 };

struct site {
    struct rig rig;
    struct lk_engine *engine;
    char book[BOOK]; /* what happened, in order: "commit pulse:0 reply:7:ok:none ..." */
    int pulse_error;
    bool submit_from_reply, broken;
    int submit_result;
};

static int commit_error;
static unsigned commits_asked;
static struct site *watched;

int __real_lk_store_apply(struct lk_store *store, const struct lk_effects *fx, const struct lk_stamp *now,
                          struct lk_store_range *ret_range);
int __wrap_lk_store_apply(struct lk_store *store, const struct lk_effects *fx, const struct lk_stamp *now,
                          struct lk_store_range *ret_range);

__attribute__((format(printf, 2, 3))) static void note(struct site *s, const char *fmt, ...)
{
    size_t used = strlen(s->book);
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(s->book + used, sizeof(s->book) - used, fmt, ap);
    va_end(ap);
}

static bool commits_anything(const struct lk_effects *fx)
{
    bool any = false;
    for (unsigned i = 0; i < fx->count; i++) {
        any = any || lk_effect_is_store(fx->at[i].kind);
    }
    return any;
}

int __wrap_lk_store_apply(struct lk_store *store, const struct lk_effects *fx, const struct lk_stamp *now,
                          struct lk_store_range *ret_range)
{
    if (!commits_anything(fx)) {
        return __real_lk_store_apply(store, fx, now, ret_range);
    }
    commits_asked++;
    if (commit_error != 0) {
        return commit_error;
    }
    int r = __real_lk_store_apply(store, fx, now, ret_range);
    if (watched) {
        note(watched, "commit%s ", r == 0 ? "" : "-failed");
    }
    return r;
}

static int on_pulse(void *user, int door, uint64_t intent, int64_t now_ms)
{
    struct site *s = user;
    assert_true(intent != 0);
    assert_int_equal(now_ms, lk_clock_mono_ms(s->rig.clock));
    note(s, "pulse:%d ", door);
    return s->pulse_error;
}

static void on_resume(void *user, int bank)
{
    note(user, "resume:%d ", bank);
}

static void on_reply(void *user, const struct lk_effect *reply)
{
    struct site *s = user;
    note(s, "reply:%u:%s:%s ", (unsigned)reply->request, lk_result_name(reply->result), lk_reason_name(reply->reason));
    if (s->submit_from_reply) {
        struct lk_input in = lk_engine_input(LK_IN_BUTTON);
        s->submit_from_reply = false;
        in.request = 99;
        s->submit_result = lk_engine_submit(s->engine, &in);
    }
}

static void on_command(void *user, const struct lk_effect *command)
{
    note(user, "command:%s ", lk_result_name(command->result));
}

static void on_logged(void *user, struct lk_store_range range)
{
    note(user, "logged:%u ", (unsigned)(range.last - range.first + 1));
}

static void on_changed(void *user)
{
    (void)user;
}

static void on_broken(void *user, int error)
{
    struct site *s = user;
    s->broken = true;
    note(s, "broken:%s ", error == -ESTALE ? "stale" : "other");
}

static void post(struct site *s, struct lk_input in)
{
    lk_engine_post(s->engine, &in);
}

static struct lk_input bank_in(int bank, enum lk_bank_state state)
{
    struct lk_input in = lk_engine_input(LK_IN_BANK);
    in.bank = bank;
    in.bank_state = state;
    return in;
}

static struct lk_input sense_in(int door, enum lk_sense sense)
{
    struct lk_input in = lk_engine_input(LK_IN_SENSE);
    in.door = door;
    in.sense = sense;
    return in;
}

static int create_engine(struct site *s, const char *trace)
{
    char text[256] = "";
    struct lk_text why = lk_text_init(text, sizeof(text));
    struct lk_engine_config config = {.core = &s->rig.config->core,
                                      .store = s->rig.store,
                                      .clock = s->rig.clock,
                                      .base = s->rig.base,
                                      .outlets = {.user = s,
                                                  .pulse = on_pulse,
                                                  .resume_bank = on_resume,
                                                  .reply = on_reply,
                                                  .command = on_command,
                                                  .logged = on_logged,
                                                  .changed = on_changed,
                                                  .broken = on_broken},
                                      .trace_file = trace};
    return lk_engine_create(&config, &s->engine, &why);
}

static int make_site(void **state)
{
    static struct site site;
    struct site *s = &site;
    memset(s, 0, sizeof(*s));
    commit_error = 0;
    watched = NULL;
    rig_make(&s->rig, "");
    rig_open_store(&s->rig);
    assert_int_equal(create_engine(s, NULL), 0);
    post(s, lk_engine_input(LK_IN_BOOT));
    post(s, bank_in(0, LK_BANK_READY));
    for (int door = 0; door < 4; door++) {
        post(s, sense_in(door, LK_SENSE_CLOSED));
    }
    s->book[0] = '\0';
    watched = s;
    *state = s;
    return 0;
}

static int end_site(void **state)
{
    struct site *s = *state;
    watched = NULL;
    s->engine = lk_engine_destroy(s->engine);
    rig_end(&s->rig);
    return 0;
}

static struct lk_input open_in(int door, uint64_t request)
{
    struct lk_input in = lk_engine_input(LK_IN_ADMIN);
    in.admin = LK_ADMIN_OPEN;
    in.door = door;
    in.request = request;
    in.staff = (struct lk_staff){.ok = true, .role = LK_ACTOR_MAINTENANCE, .id = "m1"};
    return in;
}

static enum lk_door_state door_state(const struct site *s, int door)
{
    return lk_engine_core(s->engine)->door[door].state;
}

static uint64_t intent_of(const struct site *s, int door)
{
    return lk_engine_core(s->engine)->door[door].op.intent;
}

/* Law 1: the pulse comes after the commit, and news of events after that. */
static void law_1_commits_before_it_acts(void **state)
{
    struct site *s = *state;
    struct lk_input in = open_in(2, 5);
    assert_int_equal(lk_engine_submit(s->engine, &in), 0);
    assert_string_equal(s->book, "commit pulse:2 ");
    assert_int_equal(door_state(s, 2), LK_DOOR_PULSING);
    s->book[0] = '\0';
    post(s, sense_in(2, LK_SENSE_OPEN));
    assert_string_equal(s->book, "commit reply:5:ok:none logged:1 ");
}

static void law_1_a_failed_commit_changes_nothing(void **state)
{
    struct site *s = *state;
    struct lk_input in = open_in(2, 5);
    uint64_t steps = lk_engine_steps(s->engine);
    commit_error = -EIO;
    assert_int_equal(lk_engine_submit(s->engine, &in), -EIO);
    assert_string_equal(s->book, "reply:5:failed:store_failed ");
    assert_int_equal(door_state(s, 2), LK_DOOR_CLOSED);
    assert_int_equal(lk_engine_steps(s->engine), steps);
    commit_error = 0;
    s->book[0] = '\0';
    assert_int_equal(lk_engine_submit(s->engine, &in), 0);
    assert_string_equal(s->book, "commit pulse:2 ");
}

/* What the cabinet says while the store fails waits in order, is stepped when the store commits again, and no person is
 * let through in between. */
static void the_cabinets_words_wait_in_order(void **state)
{
    struct site *s = *state;
    struct lk_input in = open_in(2, 5), other = open_in(1, 6);
    assert_int_equal(lk_engine_submit(s->engine, &in), 0);
    s->book[0] = '\0';
    commit_error = -EIO;
    post(s, sense_in(2, LK_SENSE_OPEN));
    assert_true(lk_engine_stalled(s->engine));
    post(s, sense_in(2, LK_SENSE_CLOSED));
    assert_int_equal(door_state(s, 2), LK_DOOR_PULSING);
    assert_true(lk_engine_submit(s->engine, &other) < 0);
    assert_string_equal(s->book, "reply:6:failed:store_failed ");
    commit_error = 0;
    s->book[0] = '\0';
    rig_loop(&s->rig, 3000); /* the engine tries again by itself */
    assert_false(lk_engine_stalled(s->engine));
    assert_string_equal(s->book, "commit reply:5:ok:none logged:1 commit logged:1 ");
    assert_int_equal(door_state(s, 2), LK_DOOR_CLOSED);
}

/* A person who comes when the store has just recovered is served after what the cabinet said. */
static void a_recovered_store_serves_the_next_person(void **state)
{
    struct site *s = *state;
    struct lk_input in = open_in(2, 5);
    commit_error = -ENOSPC;
    post(s, bank_in(0, LK_BANK_LOST));
    assert_true(lk_engine_stalled(s->engine));
    commit_error = 0;
    assert_int_equal(lk_engine_submit(s->engine, &in), 0);
    assert_false(lk_engine_stalled(s->engine));
    assert_non_null(strstr(s->book, "reply:5:refused:door_unreachable"));
}

/* Posted from inside a step (here: the pulse that could not be given) it waits for the end of the step. */
static void a_pulse_that_was_not_sent_is_said(void **state)
{
    struct site *s = *state;
    struct lk_input in = open_in(2, 5);
    s->pulse_error = -EHOSTDOWN;
    assert_int_equal(lk_engine_submit(s->engine, &in), 0);
    assert_string_equal(s->book, "commit pulse:2 commit reply:5:unknown:pulse_not_sent logged:1 ");
    assert_int_not_equal(door_state(s, 2), LK_DOOR_PULSING);
}

/* The caller of submit counts on an answer to its request, whatever happens. */
static void submit_from_inside_a_step_is_refused_and_answered(void **state)
{
    struct site *s = *state;
    struct lk_input in = open_in(2, 5);
    s->pulse_error = 0;
    assert_int_equal(lk_engine_submit(s->engine, &in), 0);
    s->submit_from_reply = true;
    s->book[0] = '\0';
    post(s, sense_in(2, LK_SENSE_OPEN));
    assert_int_equal(s->submit_result, -EBUSY);
    assert_non_null(strstr(s->book, "reply:99:refused:not_now "));
}

/* Doors that bounce while the disk is away must not crowd out the others: the newest word about each door is kept. */
static void law_2_a_full_queue_keeps_the_newest_of_each_door(void **state)
{
    struct site *s = *state;
    commit_error = -EIO;
    post(s, bank_in(1, LK_BANK_READY)); /* the one that cannot be committed */
    for (int i = 0; i < 3000; i++) {
        post(s, sense_in(i % 3, i % 2 ? LK_SENSE_OPEN : LK_SENSE_CLOSED));
    }
    post(s, sense_in(3, LK_SENSE_OPEN)); /* forced while nobody could write it down */
    post(s, sense_in(0, LK_SENSE_CLOSED));
    post(s, sense_in(1, LK_SENSE_OPEN));
    post(s, sense_in(2, LK_SENSE_CLOSED));
    commit_error = 0;
    post(s, sense_in(2, LK_SENSE_CLOSED));
    assert_false(lk_engine_stalled(s->engine));
    assert_int_equal(lk_engine_core(s->engine)->bank[1].state, LK_BANK_READY);
    assert_int_equal(door_state(s, 0), LK_DOOR_CLOSED);
    assert_int_not_equal(door_state(s, 1), LK_DOOR_CLOSED);
    assert_int_equal(door_state(s, 2), LK_DOOR_CLOSED);
    assert_int_not_equal(door_state(s, 3), LK_DOOR_CLOSED);
}

/* A commit that can never succeed (state and store disagree) must not be tried for ever with every door waiting. */
static void a_commit_that_contradicts_the_store_is_told(void **state)
{
    struct site *s = *state;
    commit_error = -EIO;
    post(s, bank_in(1, LK_BANK_READY));
    assert_false(s->broken);
    commit_error = -ESTALE;
    post(s, sense_in(0, LK_SENSE_OPEN));
    assert_true(s->broken);
    assert_true(lk_engine_stalled(s->engine));
}

/* A person's input that contradicts the store is refused; it stops nobody else. */
static void a_contradicting_person_is_only_refused(void **state)
{
    struct site *s = *state;
    struct lk_input in = open_in(2, 5);
    commit_error = -ESTALE;
    assert_int_equal(lk_engine_submit(s->engine, &in), -ESTALE);
    assert_false(s->broken);
    assert_string_equal(s->book, "reply:5:failed:store_failed ");
}

/* Deadlines come by the timer, one for the next of them, on the monotonic clock only (law 11). */
static void law_11_a_deadline_ticks_by_the_monotonic_clock(void **state)
{
    struct site *s = *state;
    struct lk_input in = open_in(2, 5), done = lk_engine_input(LK_IN_PULSE_DONE);
    assert_int_equal(lk_engine_submit(s->engine, &in), 0);
    done.door = 2;
    done.intent = intent_of(s, 2);
    done.pulse = LK_PULSE_ECHOED;
    post(s, done);
    lk_clock_sim_set_wall_ms(s->rig.clock, (RIG_WALL_S + 86400 * INT64_C(1000)) * 1000); /* years ahead */
    rig_loop(&s->rig, 20);
    post(s, lk_engine_input(LK_IN_TICK));
    assert_int_equal(door_state(s, 2), LK_DOOR_PULSING);
    rig_pass_ms(&s->rig, s->rig.config->core.open_timeout_ms + 1);
    post(s, sense_in(0, LK_SENSE_CLOSED)); /* arms the timer anew: the deadline is over */
    rig_loop(&s->rig, 1000);
    assert_int_equal(door_state(s, 2), LK_DOOR_JAMMED);
    assert_non_null(strstr(s->book, "reply:5:failed:"));
}

/* After a restart the state comes from the store: the open intent is there, and is not pulsed again (law 1). */
static void law_1_a_restart_does_not_pulse_again(void **state)
{
    struct site *s = *state;
    struct lk_input in = open_in(2, 5);
    assert_int_equal(lk_engine_submit(s->engine, &in), 0);
    uint64_t intent = intent_of(s, 2);
    s->engine = lk_engine_destroy(s->engine);
    assert_int_equal(create_engine(s, rig_path(&s->rig, "trace")), 0);
    assert_int_equal(intent_of(s, 2), intent);
    s->book[0] = '\0';
    post(s, lk_engine_input(LK_IN_BOOT));
    post(s, bank_in(0, LK_BANK_READY));
    post(s, sense_in(2, LK_SENSE_OPEN));
    assert_null(strstr(s->book, "pulse:"));
    assert_null(strstr(s->book, "reply:")); /* whoever asked is gone */
    assert_int_equal(door_state(s, 2), LK_DOOR_OPEN);
    FILE *trace = fopen(rig_path(&s->rig, "trace"), "r");
    char line[400] = "";
    assert_non_null(trace);
    assert_non_null(fgets(line, sizeof(line), trace));
    assert_int_equal(fclose(trace), 0);
}

static void a_trace_file_that_cannot_be_made_is_an_error(void **state)
{
    struct site *s = *state;
    s->engine = lk_engine_destroy(s->engine);
    assert_int_equal(create_engine(s, rig_path(&s->rig, "no/such/folder")), -ENOENT);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, make_site, end_site)
    const struct CMUnitTest tests[] = {
        CASE(law_1_commits_before_it_acts),
        CASE(law_1_a_failed_commit_changes_nothing),
        CASE(the_cabinets_words_wait_in_order),
        CASE(a_recovered_store_serves_the_next_person),
        CASE(a_pulse_that_was_not_sent_is_said),
        CASE(submit_from_inside_a_step_is_refused_and_answered),
        CASE(law_2_a_full_queue_keeps_the_newest_of_each_door),
        CASE(a_commit_that_contradicts_the_store_is_told),
        CASE(a_contradicting_person_is_only_refused),
        CASE(law_11_a_deadline_ticks_by_the_monotonic_clock),
        CASE(law_1_a_restart_does_not_pulse_again),
        CASE(a_trace_file_that_cannot_be_made_is_an_error),
    };
    return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
