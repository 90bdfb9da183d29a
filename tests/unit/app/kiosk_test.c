/* The kiosk's desk: what is typed, scanned and pressed becomes the input that the screen asks for. The engine and the
 * store are the test's: one shows a screen and keeps what it is given, the other knows a few texts. */
#include "app.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "facts.h"
#include "store/find.h"
#include "store/memory.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char code[] = "73519264", token[] = "q4Zt8Hn2Lw6Xc0Vb5Ms9Yk", badge[] = "BADGE-1";

static struct lk_core core;
static struct lk_core_config cabinet = {.doors = 2, .door = {{.label = "A01"}, {.label = "A02"}}};
static struct lk_config config;
static struct lk_app app;
static struct lk_input got; /* the last one submitted */
static unsigned submitted;
static int store_error;
static enum lk_result replied;
static enum lk_reason why;
static const char *asked; /* the list that was read last */
static struct lk_item listed[3];
static char rows[256]; /* of a list, as the face got them */

/* --- the engine ------------------------------------------------------------------------------------------------- */

const struct lk_core *__wrap_lk_engine_core(const struct lk_engine *engine);
const struct lk_core *__wrap_lk_engine_core(const struct lk_engine *engine)
{
    (void)engine;
    return &core;
}

const struct lk_core_config *__wrap_lk_engine_core_config(const struct lk_engine *engine);
const struct lk_core_config *__wrap_lk_engine_core_config(const struct lk_engine *engine)
{
    (void)engine;
    return &cabinet;
}

struct lk_stamp __wrap_lk_engine_stamp(const struct lk_engine *engine);
struct lk_stamp __wrap_lk_engine_stamp(const struct lk_engine *engine)
{
    (void)engine;
    return (struct lk_stamp){.wall_ms = 1, .quality = LK_CLOCK_SYNCED};
}

int __wrap_lk_engine_submit(struct lk_engine *engine, const struct lk_input *input);
int __wrap_lk_engine_submit(struct lk_engine *engine, const struct lk_input *input)
{
    (void)engine;
    got = *input;
    submitted++;
    return 0;
}

/* --- the store -------------------------------------------------------------------------------------------------- */

static void found_item(struct lk_store_found *found, const char *id, bool live)
{
    *found = (struct lk_store_found){.found = true, .live = live, .more = 2};
    (void)lk_text_copy(found->item.id, sizeof(found->item.id), id);
}

int __wrap_lk_store_find_code(struct lk_store *store, const struct lk_stamp *now, const char *digits,
                              struct lk_store_found *ret_found);
int __wrap_lk_store_find_code(struct lk_store *store, const struct lk_stamp *now, const char *digits,
                              struct lk_store_found *ret_found)
{
    (void)store;
    (void)now;
    if (strcmp(digits, code) == 0) {
        found_item(ret_found, "Y1", true);
    }
    return store_error;
}

int __wrap_lk_store_find_token(struct lk_store *store, const struct lk_stamp *now, const char *text,
                               struct lk_store_found *ret_found);
int __wrap_lk_store_find_token(struct lk_store *store, const struct lk_stamp *now, const char *text,
                               struct lk_store_found *ret_found)
{
    (void)store;
    (void)now;
    if (strcmp(text, token) == 0) {
        found_item(ret_found, "Y1", true);
    }
    return store_error;
}

int __wrap_lk_store_find_item(struct lk_store *store, const struct lk_stamp *now, const char *id,
                              struct lk_store_found *ret_found);
int __wrap_lk_store_find_item(struct lk_store *store, const struct lk_stamp *now, const char *id,
                              struct lk_store_found *ret_found)
{
    (void)store;
    (void)now;
    if (id[0] == 'Y') {
        found_item(ret_found, id, true);
    }
    return store_error;
}

int __wrap_lk_store_find_sibling(struct lk_store *store, const struct lk_stamp *now, const char *id,
                                 enum lk_holder holder, struct lk_store_found *ret_found);
int __wrap_lk_store_find_sibling(struct lk_store *store, const struct lk_stamp *now, const char *id,
                                 enum lk_holder holder, struct lk_store_found *ret_found)
{
    (void)store;
    (void)now;
    assert_string_equal(id, "Y1");
    assert_int_equal(holder, LK_HOLDER_DELEGATE);
    found_item(ret_found, "Y2", true);
    return store_error;
}

int __wrap_lk_store_find_companion(struct lk_store *store, const char *id, int *ret_door);
int __wrap_lk_store_find_companion(struct lk_store *store, const char *id, int *ret_door)
{
    (void)store;
    *ret_door = strcmp(id, "Y3") == 0 ? 1 : LK_NO_DOOR;
    return store_error;
}

int __wrap_lk_store_proof(struct lk_store *store, const char *id, const char *digits, enum lk_proof *ret_proof);
int __wrap_lk_store_proof(struct lk_store *store, const char *id, const char *digits, enum lk_proof *ret_proof)
{
    (void)store;
    assert_string_equal(id, "Y1");
    *ret_proof = strcmp(digits, code) == 0     ? LK_PROOF_CODE
                 : strcmp(digits, "5678") == 0 ? LK_PROOF_TAIL
                                               : LK_PROOF_NONE;
    return store_error;
}

int __wrap_lk_store_new_receipt(struct lk_store *store, char ret_id[LK_ITEM_ID_MAX + 1]);
int __wrap_lk_store_new_receipt(struct lk_store *store, char ret_id[LK_ITEM_ID_MAX + 1])
{
    (void)store;
    (void)lk_text_copy(ret_id, LK_ITEM_ID_MAX + 1, "D123456789");
    return store_error;
}

int __wrap_lk_store_staff_by_badge(struct lk_store *store, const char *text, bool *ret_found,
                                   struct lk_store_staff *ret_staff);
int __wrap_lk_store_staff_by_badge(struct lk_store *store, const char *text, bool *ret_found,
                                   struct lk_store_staff *ret_staff)
{
    (void)store;
    *ret_found = strcmp(text, badge) == 0;
    *ret_staff = (struct lk_store_staff){.id = "s1", .role = LK_ACTOR_SUPERVISOR};
    return store_error;
}

static int list(const char *name, unsigned limit, lk_store_item_row *row, void *user)
{
    asked = name;
    for (unsigned i = 0; i < LK_ARRAY_SIZE(listed) && (limit == 0 || i < limit) && listed[i].id[0] != '\0'; i++) {
        if (!row(user, &(struct lk_store_item){.item = listed[i], .live = true})) {
            break;
        }
    }
    return store_error;
}

int __wrap_lk_store_list_round(struct lk_store *store, const struct lk_stamp *now, unsigned limit,
                               lk_store_item_row *row, void *user);
int __wrap_lk_store_list_round(struct lk_store *store, const struct lk_stamp *now, unsigned limit,
                               lk_store_item_row *row, void *user)
{
    (void)store;
    (void)now;
    return list("round", limit, row, user);
}

int __wrap_lk_store_list_recalls(struct lk_store *store, const struct lk_stamp *now, unsigned limit,
                                 lk_store_item_row *row, void *user);
int __wrap_lk_store_list_recalls(struct lk_store *store, const struct lk_stamp *now, unsigned limit,
                                 lk_store_item_row *row, void *user)
{
    (void)store;
    (void)now;
    return list("recalls", limit, row, user);
}

int __wrap_lk_store_list_deposits(struct lk_store *store, const struct lk_stamp *now, const char *who,
                                  uint64_t from_intent, unsigned limit, lk_store_item_row *row, void *user);
int __wrap_lk_store_list_deposits(struct lk_store *store, const struct lk_stamp *now, const char *who,
                                  uint64_t from_intent, unsigned limit, lk_store_item_row *row, void *user)
{
    (void)store;
    (void)now;
    assert_string_equal(who, "c1");
    assert_int_equal(from_intent, 77);
    return list("deposits", limit, row, user);
}

/* --- the face --------------------------------------------------------------------------------------------------- */

void __wrap_lk_face_reply(struct lk_face *face, uint64_t request, enum lk_result result, enum lk_reason reason);
void __wrap_lk_face_reply(struct lk_face *face, uint64_t request, enum lk_result result, enum lk_reason reason)
{
    (void)face;
    assert_int_equal(request, 9);
    replied = result;
    why = reason;
}

static int add_row(const struct lk_item *item, const char *door, const char *due)
{
    size_t n = strlen(rows);
    (void)snprintf(rows + n, sizeof(rows) - n, "%s %s%s;", item->id, door, due);
    return 0;
}

int __wrap_lk_face_recall_add(struct lk_face_list *to, const struct lk_item *item, const char *door_label, bool due);
int __wrap_lk_face_recall_add(struct lk_face_list *to, const struct lk_item *item, const char *door_label, bool due)
{
    (void)to;
    return add_row(item, door_label, due ? " due" : "");
}

int __wrap_lk_face_receipt_add(struct lk_face_list *to, const struct lk_item *item, const char *door_label);
int __wrap_lk_face_receipt_add(struct lk_face_list *to, const struct lk_item *item, const char *door_label)
{
    (void)to;
    return add_row(item, door_label, "");
}

/* --- the tests -------------------------------------------------------------------------------------------------- */

static int make(void **state)
{
    (void)state;
    memset(&core, 0, sizeof(core));
    memset(&got, 0, sizeof(got));
    memset(listed, 0, sizeof(listed));
    submitted = 0;
    store_error = 0;
    replied = LK_RESULT_PENDING;
    why = LK_REASON_NONE;
    asked = "";
    rows[0] = '\0';
    config.code_digits = 8;
    app = (struct lk_app){.config = &config};
    return 0;
}

static void show(enum lk_screen screen, enum lk_actor staff)
{
    core.session.screen = screen;
    core.session.staff = staff;
    (void)lk_text_copy(core.session.who, sizeof(core.session.who), "c1");
    (void)lk_text_copy(core.session.item.id, sizeof(core.session.item.id), "Y1");
    core.session.first_intent = 77;
}

static void act(enum lk_face_act_kind kind, const char *text)
{
    struct lk_face_act what = {.kind = kind};
    (void)lk_text_copy(what.text, sizeof(what.text), text);
    lk_kiosk_ops.act(&app, &what, 9);
    assert_int_equal(got.request, lk_kiosk_request(9));
}

static void press(enum lk_button button, unsigned rating)
{
    lk_kiosk_ops.act(&app, &(struct lk_face_act){.kind = LK_FACE_BUTTON, .button = button, .rating = rating}, 9);
    assert_int_equal(got.kind, LK_IN_BUTTON);
    assert_int_equal(got.button, button);
}

static bool input_holds(const char *text)
{
    return memmem(&got, sizeof(got), text, strlen(text)) != NULL;
}

static void what_is_typed_means_what_the_screen_asks_for(void **state)
{
    (void)state;
    show(LK_SCREEN_HOME, LK_ACTOR_SYSTEM);
    act(LK_FACE_CODE, code);
    assert_int_equal(got.kind, LK_IN_CODE);
    assert_true(got.well_formed && got.found && got.code_live);
    assert_int_equal(got.more, 2);
    show(LK_SCREEN_EXTEND, LK_ACTOR_SYSTEM);
    act(LK_FACE_CODE, code);
    assert_int_equal(got.kind, LK_IN_CODE);
    assert_string_equal(got.item.id, "Y1");
    show(LK_SCREEN_SECOND, LK_ACTOR_SYSTEM);
    act(LK_FACE_CODE, "5678");
    assert_int_equal(got.kind, LK_IN_SECOND);
    assert_string_equal(got.tail, "5678");
    act(LK_FACE_CODE, code);
    assert_int_equal(got.kind, LK_IN_SECOND);
    assert_string_equal(got.tail, "");
    show(LK_SCREEN_DROP_CASE, LK_ACTOR_SYSTEM);
    act(LK_FACE_CODE, "6108002026");
    assert_int_equal(got.kind, LK_IN_CASE);
    assert_string_equal(got.text, "6108002026");
    assert_string_equal(got.item.id, "D123456789");
}

static void the_window_is_told_the_proof_and_nothing_else(void **state)
{
    (void)state;
    show(LK_SCREEN_HAND_OVER, LK_ACTOR_CLERK);
    act(LK_FACE_CODE, code);
    assert_int_equal(got.kind, LK_IN_CODE);
    assert_int_equal(got.proof, LK_PROOF_CODE);
    assert_false(got.found || input_holds(code));
    act(LK_FACE_CODE, "5678");
    assert_int_equal(got.proof, LK_PROOF_TAIL);
    act(LK_FACE_CODE, "5679");
    assert_int_equal(got.proof, LK_PROOF_NONE);
    act(LK_FACE_SCAN, token); /* though staff are signed in */
    assert_int_equal(got.kind, LK_IN_SCAN);
    assert_int_equal(got.scan, LK_SCAN_TOKEN);
    assert_true(got.found && got.code_live);
    assert_false(input_holds(token));
}

static void a_scan_means_what_the_screen_asks_for(void **state)
{
    (void)state;
    show(LK_SCREEN_HOME, LK_ACTOR_SYSTEM);
    act(LK_FACE_SCAN, badge);
    assert_int_equal(got.scan, LK_SCAN_BADGE);
    assert_int_equal(got.staff.role, LK_ACTOR_SUPERVISOR);
    assert_true(got.staff.ok);
    show(LK_SCREEN_DROP_CASE, LK_ACTOR_SYSTEM);
    act(LK_FACE_SCAN, "610800-7");
    assert_int_equal(got.kind, LK_IN_CASE);
    assert_string_equal(got.text, "610800-7");
    show(LK_SCREEN_WAYBILL, LK_ACTOR_COURIER);
    act(LK_FACE_SCAN, "EMS1234567890");
    assert_int_equal(got.kind, LK_IN_SCAN);
    assert_string_equal(got.waybill, "EMS1234567890");
    static const enum lk_screen screens[] = {LK_SCREEN_SCAN, LK_SCREEN_WINDOW, LK_SCREEN_PUT, LK_SCREEN_CHECK};
    for (size_t i = 0; i < LK_ARRAY_SIZE(screens); i++) {
        show(screens[i], LK_ACTOR_CLERK);
        act(LK_FACE_SCAN, "Y3");
        assert_int_equal(got.scan, LK_SCAN_ITEM);
        assert_string_equal(got.text, "Y3");
        assert_string_equal(got.waybill, "");
        assert_int_equal(got.join_door, 1);
    }
    act(LK_FACE_SCAN, "Y4");
    assert_int_equal(got.join_door, LK_NO_DOOR);
}

/* What names a case, a waybill or an item is kept for good: somebody's code, QR code or badge must not. */
static void law_12_a_secret_names_nothing(void **state)
{
    (void)state;
    static const struct {
        enum lk_screen screen;
        enum lk_actor staff;
    } places[] = {{LK_SCREEN_DROP_CASE, LK_ACTOR_SYSTEM},
                  {LK_SCREEN_WAYBILL, LK_ACTOR_COURIER},
                  {LK_SCREEN_SCAN, LK_ACTOR_COURIER},
                  {LK_SCREEN_WINDOW, LK_ACTOR_CLERK}};
    static const char *const secrets[] = {code, "00000001", token, badge}; /* a code that is nobody's is told as one */
    for (size_t p = 0; p < LK_ARRAY_SIZE(places); p++) {
        for (size_t i = 0; i < LK_ARRAY_SIZE(secrets); i++) {
            show(places[p].screen, places[p].staff);
            act(LK_FACE_SCAN, secrets[i]);
            assert_string_equal(got.text, "");
            assert_string_equal(got.waybill, "");
            assert_string_equal(got.item.id, "");
            assert_false(input_holds(secrets[i]));
        }
    }
    assert_int_equal(submitted, 16);
}

static void next_is_the_next_item_or_the_next_compartment(void **state)
{
    (void)state;
    show(LK_SCREEN_TAKEN, LK_ACTOR_SYSTEM);
    core.session.item.holder = LK_HOLDER_DELEGATE;
    press(LK_BUTTON_NEXT, 0);
    assert_true(got.found);
    assert_string_equal(got.item.id, "Y2");
    assert_int_equal(got.more, 2);
    assert_string_equal(asked, "");
    show(LK_SCREEN_RECALL_TAKEN, LK_ACTOR_COURIER);
    strcpy(listed[0].id, "Y1"); /* the one in hand */
    strcpy(listed[1].id, "Y7");
    press(LK_BUTTON_NEXT, 0);
    assert_string_equal(asked, "round");
    assert_true(got.found);
    assert_string_equal(got.item.id, "Y7");
    listed[1].dropoff = true; /* not a courier's */
    press(LK_BUTTON_NEXT, 0);
    assert_false(got.found);
    listed[1].dropoff = false;
    listed[1].id[0] = '\0';
    press(LK_BUTTON_NEXT, 0);
    assert_false(got.found);
    press(LK_BUTTON_RATE, 4);
    assert_int_equal(got.rating, 4);
    press(LK_BUTTON_DONE, 0);
    assert_int_equal(got.rating, 0);
    assert_false(got.found);
}

static void lists_are_those_of_the_screen(void **state)
{
    (void)state;
    show(LK_SCREEN_RECALL_LIST, LK_ACTOR_COURIER);
    listed[0] = (struct lk_item){.id = "Y1", .door = 0};
    listed[1] = (struct lk_item){.id = "Y2", .door = 1, .rejected = true};
    listed[2] = (struct lk_item){.id = "Y3", .door = 1, .channel = LK_CHANNEL_POST};
    assert_int_equal(lk_kiosk_ops.recalls(&app, NULL), 0);
    assert_string_equal(asked, "recalls");
    assert_string_equal(rows, "Y1 A01;Y2 A02 due;Y3 A02 due;");
    rows[0] = '\0';
    core.session.round = true;
    assert_int_equal(lk_kiosk_ops.recalls(&app, NULL), 0);
    assert_string_equal(asked, "round");
    rows[0] = '\0';
    assert_int_equal(lk_kiosk_ops.receipt(&app, NULL), 0);
    assert_string_equal(asked, "deposits");
    assert_string_equal(rows, "Y1 A01;Y2 A02;Y3 A02;");
    store_error = -EIO;
    assert_int_equal(lk_kiosk_ops.recalls(&app, NULL), -EIO);
    assert_int_equal(lk_kiosk_ops.receipt(&app, NULL), -EIO);
}

/* Nothing is decided on half the facts. */
static void a_store_that_cannot_be_read_is_said_so(void **state)
{
    (void)state;
    static const struct {
        enum lk_screen screen;
        enum lk_face_act_kind kind;
        const char *text;
    } places[] = {
        {LK_SCREEN_HOME, LK_FACE_CODE, code},       {LK_SCREEN_HOME, LK_FACE_SCAN, token},
        {LK_SCREEN_EXTEND, LK_FACE_CODE, code},     {LK_SCREEN_DROP_CASE, LK_FACE_CODE, "6108002026"},
        {LK_SCREEN_DROP_CASE, LK_FACE_SCAN, "X-7"}, {LK_SCREEN_WAYBILL, LK_FACE_SCAN, "EMS1234567890"},
        {LK_SCREEN_HAND_OVER, LK_FACE_CODE, code},  {LK_SCREEN_HAND_OVER, LK_FACE_SCAN, token},
    };
    store_error = -EIO;
    for (size_t i = 0; i < LK_ARRAY_SIZE(places); i++) {
        struct lk_face_act what = {.kind = places[i].kind};
        show(places[i].screen, LK_ACTOR_SYSTEM);
        replied = LK_RESULT_PENDING;
        (void)lk_text_copy(what.text, sizeof(what.text), places[i].text);
        lk_kiosk_ops.act(&app, &what, 9);
        assert_int_equal(replied, LK_RESULT_FAILED);
        assert_int_equal(why, LK_REASON_STORE_FAILED);
    }
    show(LK_SCREEN_TAKEN, LK_ACTOR_SYSTEM);
    core.session.item.holder = LK_HOLDER_DELEGATE;
    lk_kiosk_ops.act(&app, &(struct lk_face_act){.kind = LK_FACE_BUTTON, .button = LK_BUTTON_NEXT}, 9);
    assert_int_equal(submitted, 0);
    app.stopping = true;
    lk_kiosk_ops.act(&app, &(struct lk_face_act){.kind = LK_FACE_BUTTON, .button = LK_BUTTON_DONE}, 9);
    assert_int_equal(replied, LK_RESULT_REFUSED);
    assert_int_equal(why, LK_REASON_SHUTTING_DOWN);
    assert_int_equal(submitted, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_is_typed_means_what_the_screen_asks_for, make),
        cmocka_unit_test_setup(the_window_is_told_the_proof_and_nothing_else, make),
        cmocka_unit_test_setup(a_scan_means_what_the_screen_asks_for, make),
        cmocka_unit_test_setup(law_12_a_secret_names_nothing, make),
        cmocka_unit_test_setup(next_is_the_next_item_or_the_next_compartment, make),
        cmocka_unit_test_setup(lists_are_those_of_the_screen, make),
        cmocka_unit_test_setup(a_store_that_cannot_be_read_is_said_so, make),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
