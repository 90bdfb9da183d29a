/* What the engine is told about a code, a scanned text and a command: found through a real store. */
#include "unit/app/rig.h"

#include "facts.h"
#include "store/memory.h"

#include <string.h>

static const char token[] = "q4Zt8Hn2Lw6Xc0Vb5Ms9Yk"; /* 22 characters: 128 bits */

static int make_site(void **state)
{
    static struct rig rig;
    rig_make(&rig, "");
    rig_open_store(&rig);
    rig_announce(&rig, "Y1", "12345678", token);
    rig_hire(&rig, "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA");
    *state = &rig;
    return 0;
}

static int end_site(void **state)
{
    rig_end(*state);
    return 0;
}

static struct lk_input code(struct rig *rig, const char *digits)
{
    struct lk_input in;
    assert_int_equal(lk_facts_code(rig->store, &rig->now, digits, 8, &in), 0);
    assert_int_equal(in.kind, LK_IN_CODE);
    return in;
}

static struct lk_input scan(struct rig *rig, const char *text, bool staff)
{
    struct lk_input in;
    assert_int_equal(lk_facts_scan(rig->store, &rig->now, text, staff, &in), 0);
    assert_int_equal(in.kind, LK_IN_SCAN);
    return in;
}

static void a_code_is_well_formed_and_found_or_not(void **state)
{
    struct rig *rig = *state;
    struct lk_input in = code(rig, "12345678");
    assert_true(in.well_formed && in.found && in.code_live);
    assert_string_equal(in.item.id, "Y1");
    in = code(rig, "12345679");
    assert_true(in.well_formed);
    assert_false(in.found);
    static const char *const malformed[] = {"",          "1234567",   "123456789", "1234567a",
                                            " 12345678", "12345678 ", "１２３４",  "1234\n678"};
    for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        in = code(rig, malformed[i]);
        assert_false(in.well_formed || in.found || in.code_live);
    }
}

static void a_citizens_scan_is_a_token_a_badge_or_nothing(void **state)
{
    struct rig *rig = *state;
    struct lk_input in = scan(rig, token, false);
    assert_int_equal(in.scan, LK_SCAN_TOKEN);
    assert_true(in.found && in.code_live);
    assert_string_equal(in.item.id, "Y1");
    in = scan(rig, "BADGE-1", false);
    assert_int_equal(in.scan, LK_SCAN_BADGE);
    assert_true(in.staff.ok);
    assert_int_equal(in.staff.role, LK_ACTOR_COURIER);
    assert_string_equal(in.staff.id, "c1");
    in = scan(rig, "Y1", false); /* knowing a barcode opens nothing */
    assert_int_equal(in.scan, LK_SCAN_UNKNOWN);
    assert_false(in.found);
    in = scan(rig, "12345678", false); /* a keypad code is no token */
    assert_int_equal(in.scan, LK_SCAN_UNKNOWN);
}

static void law_8_staff_scan_items_only(void **state)
{
    struct rig *rig = *state;
    struct lk_input in = scan(rig, "Y1", true);
    assert_int_equal(in.scan, LK_SCAN_ITEM);
    assert_true(in.found);
    assert_string_equal(in.text, "Y1");
    in = scan(rig, "NEW-7", true);
    assert_int_equal(in.scan, LK_SCAN_UNKNOWN);
    assert_false(in.found);
    assert_string_equal(in.text, "NEW-7");
    in = scan(rig, "no barcode: spaces", true);
    assert_int_equal(in.scan, LK_SCAN_UNKNOWN);
    assert_string_equal(in.text, "");
}

/* Else the badge that was scanned twice, or the citizen's QR code, would become the name of a new item: in the events,
 * upstream, on the screen. */
static void law_12_a_secret_never_becomes_a_barcode(void **state)
{
    struct rig *rig = *state;
    struct lk_input in = scan(rig, "BADGE-1", true);
    assert_string_equal(in.text, "");
    assert_false(in.found || in.staff.ok);
    assert_int_equal(in.scan, LK_SCAN_BADGE);
    in = scan(rig, token, true);
    assert_string_equal(in.text, "");
    assert_string_equal(in.item.id, "");
    assert_false(in.found || in.code_live);
    assert_int_equal(in.scan, LK_SCAN_TOKEN);
}

/* An item that upstream named like somebody's badge is still an item. */
static void a_known_barcode_wins_in_a_staff_session(void **state)
{
    struct rig *rig = *state;
    rig_announce(rig, "BADGE-1", "87654321", "");
    struct lk_input in = scan(rig, "BADGE-1", true);
    assert_int_equal(in.scan, LK_SCAN_ITEM);
    assert_string_equal(in.item.id, "BADGE-1");
}

static bool holds(const void *bytes, size_t n, const char *text)
{
    return memmem(bytes, n, text, strlen(text)) != NULL;
}

static struct lk_command announce(const char *item, const char *digits)
{
    struct lk_command command;
    memset(&command, 0, sizeof(command));
    (void)lk_text_copy(command.item.id, sizeof(command.item.id), item);
    (void)lk_text_copy(command.code, sizeof(command.code), digits);
    (void)lk_text_copy(command.token, sizeof(command.token), token);
    (void)lk_text_copy(command.compartment, sizeof(command.compartment), "B03");
    return command;
}

static void law_12_a_commands_secrets_are_erased(void **state)
{
    struct rig *rig = *state;
    struct lk_command command = announce("Y2", "55555555");
    struct lk_input in;
    assert_int_equal(lk_facts_command(rig->store, &rig->now, &rig->config->core, &command, &in), 0);
    assert_false(holds(&command, sizeof(command), "55555555") || holds(&command, sizeof(command), token));
    assert_false(holds(&in, sizeof(in), "55555555") || holds(&in, sizeof(in), token));
    assert_false(in.found || in.code_in_use);
    assert_int_equal(in.command.door, 6);
    command = announce("Y2", "12345678"); /* Y1's */
    assert_int_equal(lk_facts_command(rig->store, &rig->now, &rig->config->core, &command, &in), 0);
    assert_true(in.code_in_use);
    command = announce("Y1", "12345678");
    assert_int_equal(lk_facts_command(rig->store, &rig->now, &rig->config->core, &command, &in), 0);
    assert_true(in.found);
    assert_false(in.code_in_use);
}

static void a_compartment_that_does_not_exist_is_no_door(void **state)
{
    struct rig *rig = *state;
    struct lk_command command = announce("", "");
    struct lk_input in;
    (void)lk_text_copy(command.compartment, sizeof(command.compartment), "Z99");
    assert_int_equal(lk_facts_command(rig->store, &rig->now, &rig->config->core, &command, &in), 0);
    assert_int_equal(in.command.door, LK_NO_DOOR);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, make_site, end_site)
    const struct CMUnitTest tests[] = {
        CASE(a_code_is_well_formed_and_found_or_not),
        CASE(a_citizens_scan_is_a_token_a_badge_or_nothing),
        CASE(law_8_staff_scan_items_only),
        CASE(law_12_a_secret_never_becomes_a_barcode),
        CASE(a_known_barcode_wins_in_a_staff_session),
        CASE(law_12_a_commands_secrets_are_erased),
        CASE(a_compartment_that_does_not_exist_is_no_door),
    };
    return cmocka_run_group_tests_name("facts", tests, NULL, NULL);
}
