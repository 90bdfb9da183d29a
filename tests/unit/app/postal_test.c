/* The postal desk before a connection that only writes down: what is published, where answers go, and what upstream is
 * told when the store fails. Store and engine are real; the uplink and the signature are stood in for. */
#include "unit/app/rig.h"

#include "postal_impl.h"
#include "store/log.h"
#include "store/memory.h"

#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { ANSWER_MAX = 512, TOPIC_MAX_TEXT = 64 };

static struct {
    struct rig rig;
    struct lk_engine *engine;
    struct lk_postal *postal;
    int fd;
    bool connected, has_notice;
    struct lk_uplink_notice notice;
    unsigned snapshots, events, answers;
    int publish_error;
    char snapshot[LK_UPLINK_PAYLOAD_MAX], health[LK_UPLINK_PAYLOAD_MAX];
    char answer[ANSWER_MAX], answer_topic[TOPIC_MAX_TEXT];
    struct lk_command command; /* what the signature is found to be over */
    enum lk_reason verdict;
    int commit_error;
} t;

/* --- stand-ins */

int __wrap_lk_uplink_create(const struct lk_uplink_config *config, struct lk_uplink **ret_up, char *why);
struct lk_uplink *__wrap_lk_uplink_stop(struct lk_uplink *up);
int __wrap_lk_uplink_fd(const struct lk_uplink *up);
bool __wrap_lk_uplink_connected(const struct lk_uplink *up);
int64_t __wrap_lk_uplink_alive_at_ms(const struct lk_uplink *up);
bool __wrap_lk_uplink_next(struct lk_uplink *up, struct lk_uplink_notice *ret_notice);
void __wrap_lk_uplink_notice_free(struct lk_uplink_notice *notice);
int __wrap_lk_uplink_publish(struct lk_uplink *up, enum lk_topic topic, const char *class, const void *payload,
                             size_t len, uint64_t tag, const struct lk_uplink_extra *extra);
int __wrap_lk_uplink_respond(struct lk_uplink *up, const struct lk_uplink_reply_to *to, const void *payload, size_t len,
                             const struct lk_uplink_extra *extra);
enum lk_reason __wrap_lk_command_verify(const struct lk_command_keys *keys, const struct lk_command_context *context,
                                        const char *token, size_t len, struct lk_command *ret_command, char *why);
size_t __wrap_lk_command_keys_count(const struct lk_command_keys *keys);
int __wrap_lk_command_keys_load(const char *files, struct lk_command_keys **ret_keys, char *why);
struct lk_command_keys *__wrap_lk_command_keys_free(struct lk_command_keys *keys);
int __real_lk_store_apply(struct lk_store *store, const struct lk_effects *fx, const struct lk_stamp *now,
                          struct lk_store_range *ret_range);
int __wrap_lk_store_apply(struct lk_store *store, const struct lk_effects *fx, const struct lk_stamp *now,
                          struct lk_store_range *ret_range);

int __wrap_lk_uplink_create(const struct lk_uplink_config *config, struct lk_uplink **ret_up, char *why)
{
    (void)why;
    assert_string_equal(config->url, "mqtt://127.0.0.1:1883");
    *ret_up = (struct lk_uplink *)&t;
    return 0;
}

struct lk_uplink *__wrap_lk_uplink_stop(struct lk_uplink *up)
{
    (void)up;
    return NULL;
}

int __wrap_lk_uplink_fd(const struct lk_uplink *up)
{
    (void)up;
    return t.fd;
}

bool __wrap_lk_uplink_connected(const struct lk_uplink *up)
{
    (void)up;
    return t.connected;
}

int64_t __wrap_lk_uplink_alive_at_ms(const struct lk_uplink *up)
{
    (void)up;
    return 0;
}

bool __wrap_lk_uplink_next(struct lk_uplink *up, struct lk_uplink_notice *ret_notice)
{
    (void)up;
    bool any = t.has_notice;
    *ret_notice = t.notice;
    t.has_notice = false;
    return any;
}

void __wrap_lk_uplink_notice_free(struct lk_uplink_notice *notice)
{
    (void)notice;
}

int __wrap_lk_uplink_publish(struct lk_uplink *up, enum lk_topic topic, const char *class, const void *payload,
                             size_t len, uint64_t tag, const struct lk_uplink_extra *extra)
{
    (void)up;
    (void)extra;
    (void)class;
    (void)tag;
    if (!t.connected || t.publish_error != 0) {
        return t.connected ? t.publish_error : -ENOTCONN;
    }
    if (topic == LK_TOPIC_COMPARTMENTS) {
        t.snapshots++;
        memcpy(t.snapshot, payload, len);
        t.snapshot[len] = '\0';
    }
    if (topic == LK_TOPIC_HEALTH) {
        (void)snprintf(t.health, sizeof(t.health), "%.*s", (int)len, (const char *)payload);
    }
    t.events += topic == LK_TOPIC_EVT;
    return 0;
}

int __wrap_lk_uplink_respond(struct lk_uplink *up, const struct lk_uplink_reply_to *to, const void *payload, size_t len,
                             const struct lk_uplink_extra *extra)
{
    (void)up;
    (void)extra;
    t.answers++;
    (void)snprintf(t.answer, sizeof(t.answer), "%.*s", (int)len, (const char *)payload);
    (void)snprintf(t.answer_topic, sizeof(t.answer_topic), "%s", to ? to->topic : "");
    return 0;
}

enum lk_reason __wrap_lk_command_verify(const struct lk_command_keys *keys, const struct lk_command_context *context,
                                        const char *token, size_t len, struct lk_command *ret_command, char *why)
{
    (void)keys;
    (void)token;
    (void)len;
    assert_string_equal(context->site.site_id, "hall-1");
    *ret_command = t.command;
    (void)lk_text_copy(why, LK_COMMAND_WHY_MAX, "so says the test");
    return t.verdict;
}

size_t __wrap_lk_command_keys_count(const struct lk_command_keys *keys)
{
    return keys ? 1 : 0;
}

int __wrap_lk_command_keys_load(const char *files, struct lk_command_keys **ret_keys, char *why)
{
    (void)files;
    (void)why;
    *ret_keys = (struct lk_command_keys *)&t;
    return 0;
}

struct lk_command_keys *__wrap_lk_command_keys_free(struct lk_command_keys *keys)
{
    (void)keys;
    return NULL;
}

int __wrap_lk_store_apply(struct lk_store *store, const struct lk_effects *fx, const struct lk_stamp *now,
                          struct lk_store_range *ret_range)
{
    return t.commit_error != 0 ? t.commit_error : __real_lk_store_apply(store, fx, now, ret_range);
}

/* --- the engine's outlets */

static int on_pulse(void *user, int door, uint64_t intent, int64_t now_ms)
{
    (void)user;
    (void)door;
    (void)intent;
    (void)now_ms;
    return 0;
}

static void on_resume(void *user, int bank)
{
    (void)user;
    (void)bank;
}

static void on_reply(void *user, const struct lk_effect *reply)
{
    (void)user;
    (void)reply;
}

static void on_command(void *user, const struct lk_effect *command)
{
    (void)user;
    lk_postal_command(t.postal, command);
}

static void on_logged(void *user, struct lk_store_range range)
{
    (void)user;
    lk_postal_logged(t.postal, range);
}

static void on_changed(void *user)
{
    (void)user;
    lk_postal_changed(t.postal);
}

static void on_broken(void *user, int error)
{
    (void)user;
    fail_msg("broken: %d", error);
}

static const struct lk_outlets outlets = {.pulse = on_pulse,
                                          .resume_bank = on_resume,
                                          .reply = on_reply,
                                          .command = on_command,
                                          .logged = on_logged,
                                          .changed = on_changed,
                                          .broken = on_broken};

/* --- driving it */

static void post(struct lk_input in)
{
    lk_engine_post(t.engine, &in);
}

static void sense(int door, enum lk_sense sense)
{
    struct lk_input in = lk_engine_input(LK_IN_SENSE);
    in.door = door;
    in.sense = sense;
    post(in);
}

static void take(struct lk_uplink_notice notice)
{
    uint64_t one = 1;
    t.notice = notice;
    t.has_notice = true;
    assert_int_equal(write(t.fd, &one, sizeof(one)), sizeof(one));
    (void)event_base_loop(t.rig.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    assert_int_equal(read(t.fd, &one, sizeof(one)), sizeof(one));
    assert_false(t.has_notice);
}

static void connect_up(void)
{
    t.connected = true;
    take((struct lk_uplink_notice){.kind = LK_UPLINK_CONNECTED, .version = LK_MQTT_5, .session = 1});
}

static void command_comes(const char *jti, char *topic)
{
    static char payload[] = "signed";
    (void)lk_text_copy(t.command.jti, sizeof(t.command.jti), jti);
    t.command.digest[0] = (uint8_t)jti[strlen(jti) - 1];
    take((struct lk_uplink_notice){.kind = LK_UPLINK_MESSAGE,
                                   .topic = LK_TOPIC_CMD,
                                   .payload = payload,
                                   .len = sizeof(payload) - 1,
                                   .reply_to = {.topic = topic}});
}

/* Lets the snapshot's delay pass, whether it is armed or not. */
static void let_snapshot_out(void)
{
    (void)poll(NULL, 0, 200);
    (void)event_base_loop(t.rig.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

static bool snapshot_says(const char *door, const char *state)
{
    const char *at = strstr(t.snapshot, door), *end = at ? strchr(at, '}') : NULL;
    const char *word = at ? strstr(at, state) : NULL;
    return word && word < end;
}

static int make_site(void **state)
{
    (void)state;
    char text[256] = "";
    struct lk_text why = lk_text_init(text, sizeof(text));
    memset(&t, 0, sizeof(t));
    rig_make(&t.rig, "[uplink]\nurl = mqtt://127.0.0.1:1883\ncommand_keys = /etc/keys.json\n");
    rig_open_store(&t.rig);
    t.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct lk_postal_config postal = {
        .config = t.rig.config, .store = t.rig.store, .clock = t.rig.clock, .base = t.rig.base};
    struct lk_engine_config engine = {.core = &t.rig.config->core,
                                      .store = t.rig.store,
                                      .clock = t.rig.clock,
                                      .base = t.rig.base,
                                      .outlets = outlets};
    assert_int_equal(lk_engine_create(&engine, &t.engine, &why), 0);
    assert_int_equal(lk_postal_create(&postal, &t.postal, &why), 0);
    lk_postal_serve(t.postal, t.engine);
    post(lk_engine_input(LK_IN_BOOT));
    for (int bank = 0; bank < 2; bank++) {
        struct lk_input in = lk_engine_input(LK_IN_BANK);
        in.bank = bank;
        in.bank_state = LK_BANK_READY;
        post(in);
    }
    for (int door = 0; door < 8; door++) {
        sense(door, LK_SENSE_CLOSED);
    }
    t.command = (struct lk_command){.kind = LK_CMD_STATUS_GET, .door = LK_NO_DOOR};
    return 0;
}

static int end_site(void **state)
{
    (void)state;
    t.postal = lk_postal_stop(t.postal);
    t.engine = lk_engine_destroy(t.engine);
    (void)close(t.fd);
    rig_end(&t.rig);
    return 0;
}

/* --- snapshots */

static void the_fingerprint_sees_every_door(void **state)
{
    (void)state;
    static struct lk_core core;
    core = *lk_engine_core(t.engine);
    uint64_t print = lk_postal_fingerprint(&core, 8);
    assert_true(print == lk_postal_fingerprint(lk_engine_core(t.engine), 8));
    for (int i = 0; i < 8; i++) {
        core.door[i].use = LK_USE_BLOCKED;
        uint64_t used = lk_postal_fingerprint(&core, 8);
        core.door[i].use = LK_USE_FREE;
        core.door[i].state = LK_DOOR_OPEN;
        uint64_t open = lk_postal_fingerprint(&core, 8);
        core.door[i].state = LK_DOOR_CLOSED;
        assert_true(used != print && open != print && used != open);
    }
    core.door[0].state = LK_DOOR_OPEN;
    uint64_t first = lk_postal_fingerprint(&core, 8);
    core.door[0].state = LK_DOOR_CLOSED;
    core.door[1].state = LK_DOOR_OPEN;
    assert_true(first != lk_postal_fingerprint(&core, 8));
}

/* The snapshot is retained: what it says last stays. Two changes within its delay, then back to what the first one had
 * led to, used to leave the second one standing. */
static void the_last_snapshot_is_the_present_state(void **state)
{
    (void)state;
    connect_up();
    let_snapshot_out();
    sense(0, LK_SENSE_OPEN);    /* snapshot is due */
    sense(1, LK_SENSE_UNKNOWN); /* still in its delay */
    let_snapshot_out();
    assert_false(snapshot_says("A02", "closed"));
    sense(1, LK_SENSE_CLOSED); /* as it was when the last snapshot was ordered */
    let_snapshot_out();
    assert_true(snapshot_says("A02", "closed"));
    assert_false(snapshot_says("A01", "closed"));
}

static void one_snapshot_for_many_changes(void **state)
{
    (void)state;
    connect_up();
    let_snapshot_out();
    unsigned before = t.snapshots;
    for (int door = 0; door < 8; door++) {
        sense(door, LK_SENSE_OPEN);
    }
    let_snapshot_out();
    assert_int_equal(t.snapshots, before + 1);
    let_snapshot_out();
    assert_int_equal(t.snapshots, before + 1);
}

static void a_connection_brings_everything_up_to_date(void **state)
{
    (void)state;
    sense(3, LK_SENSE_OPEN);
    let_snapshot_out();
    assert_int_equal(t.snapshots, 0);
    assert_int_equal(t.events, 0);
    connect_up();
    assert_int_equal(t.snapshots, 1);
    assert_false(snapshot_says("A04", "closed"));
    assert_int_equal(t.events, lk_store_last_seq(t.rig.store));
}

struct somebody {
    struct event *ev;
    unsigned turns;
    uint64_t until;
};

/* Wants a turn as long as there are events to send. */
static void somebody_else(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct somebody *s = user;
    s->turns++;
    if (t.events < s->until) {
        event_active(s->ev, EV_TIMEOUT, 0);
    }
}

/* What gathered in weeks goes out a few at a time: whoever stands in front of a door has a turn in between. */
static void many_events_go_a_few_in_a_turn(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        sense(3, i % 2 == 0 ? LK_SENSE_OPEN : LK_SENSE_CLOSED);
    }
    uint64_t all = lk_store_last_seq(t.rig.store);
    assert_true(all > 64);
    struct somebody s = {.until = all};
    s.ev = event_new(t.rig.base, -1, 0, somebody_else, &s);
    event_active(s.ev, EV_TIMEOUT, 0);
    connect_up();
    rig_loop(&t.rig, 200);
    event_free(s.ev);
    assert_int_equal(t.events, all);
    assert_in_range(s.turns, all / 32, 100000);
}

/* A round of inspection that was not made in time is a fault like any other. */
static void health_tells_that_a_round_is_due(void **state)
{
    (void)state;
    static const char fault[] = "{\"what\":\"inspection\",\"reason\":\"overdue\"}";
    connect_up();
    assert_true(t.health[0] != '\0');
    assert_null(strstr(t.health, fault));
    lk_clock_sim_set_wall_ms(t.rig.clock, lk_clock_wall_ms(t.rig.clock) + 8 * INT64_C(86400000));
    connect_up();
    assert_non_null(strstr(t.health, fault));
    lk_clock_sim_set_quality(t.rig.clock, LK_HAL_CLOCK_RTC);
    connect_up();
    assert_null(strstr(t.health, fault)); /* law 11: a clock nobody trusts calls nobody */
}

/* --- commands */

static void an_answer_goes_where_it_was_asked_for(void **state)
{
    (void)state;
    char topic[] = "answers/7";
    connect_up();
    command_comes("j-1", topic);
    assert_int_equal(t.answers, 1);
    assert_non_null(strstr(t.answer, "\"ok\""));
    assert_string_equal(t.answer_topic, "answers/7");
    command_comes("j-2", NULL);
    assert_string_equal(t.answer_topic, "");
}

/* The same command again: the stored answer, nothing done twice (law 7). */
static void law_7_a_repeated_command_gets_the_stored_answer(void **state)
{
    (void)state;
    connect_up();
    t.command.kind = LK_CMD_COMPARTMENT_OPEN;
    (void)lk_text_copy(t.command.compartment, sizeof(t.command.compartment), "A02");
    command_comes("j-1", NULL);
    assert_int_equal(t.answers, 0); /* until the sensor spoke */
    uint64_t intent = lk_engine_core(t.engine)->door[1].op.intent;
    command_comes("j-1", NULL);
    assert_int_equal(t.answers, 0);
    sense(1, LK_SENSE_OPEN);
    assert_int_equal(t.answers, 1);
    assert_non_null(strstr(t.answer, "opened"));
    sense(1, LK_SENSE_CLOSED);
    command_comes("j-1", NULL);
    assert_int_equal(t.answers, 2);
    assert_non_null(strstr(t.answer, "opened"));
    assert_int_equal(lk_engine_core(t.engine)->next_intent, intent + 1);
    t.command.compartment[2] = '3';
    (void)lk_text_copy(t.command.jti, sizeof(t.command.jti), "j-1");
    t.command.digest[5] = 9;
    command_comes("j-1", NULL);
    assert_non_null(strstr(t.answer, "id_reused"));
    assert_int_equal(lk_engine_core(t.engine)->next_intent, intent + 1);
}

static void law_7_a_refused_command_is_reported(void **state)
{
    (void)state;
    connect_up();
    uint64_t before = lk_store_last_seq(t.rig.store);
    t.verdict = LK_REASON_EXPIRED;
    command_comes("j-1", NULL);
    assert_int_equal(t.answers, 1);
    assert_non_null(strstr(t.answer, "expired"));
    assert_int_equal(lk_store_last_seq(t.rig.store), before + 1);
    command_comes("x", NULL);
    take(
        (struct lk_uplink_notice){.kind = LK_UPLINK_MESSAGE, .topic = LK_TOPIC_CMD, .retained = true, .payload = NULL});
    assert_int_equal(lk_store_last_seq(t.rig.store), before + 3);
    for (int i = 0; i < 100; i++) {
        command_comes("y", NULL);
    }
    assert_in_range(lk_store_last_seq(t.rig.store), before + 3, before + 12); /* a stranger does not fill our disk */
}

/* A command that could not be committed did nothing and is not remembered: it may come again. */
static void law_7_a_command_the_store_did_not_take_may_come_again(void **state)
{
    (void)state;
    struct lk_store_command known = {0};
    connect_up();
    t.command.kind = LK_CMD_COMPARTMENT_OPEN;
    (void)lk_text_copy(t.command.compartment, sizeof(t.command.compartment), "A02");
    t.commit_error = -ENOSPC;
    command_comes("j-1", NULL);
    assert_int_equal(t.answers, 1);
    assert_non_null(strstr(t.answer, "store_failed"));
    assert_int_equal(lk_engine_core(t.engine)->door[1].state, LK_DOOR_CLOSED);
    t.commit_error = 0;
    assert_int_equal(lk_store_find_command(t.rig.store, "j-1", t.command.digest, &known), 0);
    assert_int_equal(known.known, LK_STORE_KNOWN_NONE);
    command_comes("j-1", NULL);
    assert_int_equal(lk_engine_core(t.engine)->door[1].state, LK_DOOR_PULSING);
}

/* Strangers' commands must not push the address of a waiting answer out of the table. */
static void refused_commands_do_not_cost_a_waiting_answer_its_address(void **state)
{
    (void)state;
    char mine[] = "answers/mine", theirs[] = "answers/theirs";
    connect_up();
    t.command.kind = LK_CMD_COMPARTMENT_OPEN;
    (void)lk_text_copy(t.command.compartment, sizeof(t.command.compartment), "A02");
    command_comes("j-1", mine);
    t.verdict = LK_REASON_EXPIRED;
    for (int i = 0; i < 20; i++) {
        command_comes("j-x", theirs);
        assert_string_equal(t.answer_topic, "answers/theirs");
    }
    t.verdict = LK_REASON_NONE;
    sense(1, LK_SENSE_OPEN);
    assert_non_null(strstr(t.answer, "opened"));
    assert_string_equal(t.answer_topic, "answers/mine");
}

/* Asked twice while it is under way: the answer goes to the newest address, and no stale one stays. */
static void a_repeat_while_under_way_moves_the_address(void **state)
{
    (void)state;
    char first[] = "answers/1", second[] = "answers/2";
    connect_up();
    t.command.kind = LK_CMD_COMPARTMENT_OPEN;
    (void)lk_text_copy(t.command.compartment, sizeof(t.command.compartment), "A02");
    command_comes("j-1", first);
    command_comes("j-1", second);
    sense(1, LK_SENSE_OPEN);
    assert_string_equal(t.answer_topic, "answers/2");
    command_comes("j-1", NULL);
    assert_string_equal(t.answer_topic, "");
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, make_site, end_site)
    const struct CMUnitTest tests[] = {
        CASE(the_fingerprint_sees_every_door),
        CASE(the_last_snapshot_is_the_present_state),
        CASE(one_snapshot_for_many_changes),
        CASE(a_connection_brings_everything_up_to_date),
        CASE(many_events_go_a_few_in_a_turn),
        CASE(health_tells_that_a_round_is_due),
        CASE(an_answer_goes_where_it_was_asked_for),
        CASE(law_7_a_repeated_command_gets_the_stored_answer),
        CASE(law_7_a_refused_command_is_reported),
        CASE(law_7_a_command_the_store_did_not_take_may_come_again),
        CASE(refused_commands_do_not_cost_a_waiting_answer_its_address),
        CASE(a_repeat_while_under_way_moves_the_address),
    };
    return cmocka_run_group_tests_name("postal", tests, NULL, NULL);
}
