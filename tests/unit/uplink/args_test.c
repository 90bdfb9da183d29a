/*
 * What a command's args may say: each form, each refusal with the field it names, and what is kept of a person. The
 * tokens around them are command_test.c's affair.
 */
#include "check.h"

#include "base/cleanup.h"
#include "command_args.h"
#include "uplink/command_verify.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static enum lk_reason read_args(const char *command, const char *args, struct lk_command *ret_command, char *why)
{
    char text[512];
    json_error_t error;
    (void)snprintf(text, sizeof(text), "{\"cmd\":\"%s\",\"args\":{%s}}", command, args);
    json_t *claims = json_loads(text, 0, &error);
    if (!claims) {
        fail_msg("not JSON: %s: %s", text, error.text);
    }
    memset(ret_command, 0, sizeof(*ret_command));
    why[0] = '\0';
    enum lk_reason reason = lk_command_read_args(claims, ret_command, why);
    json_decref(claims);
    return reason;
}

static const struct {
    const char *command, *field, *what, *args; /* field "": one that the command does not take */
} refusals[] = {
    {"item.announce", "phone", "phone a number", "\"item_id\":\"a\",\"phone\":13800138000"},
    {"item.announce", "phone", "phone with blanks", "\"item_id\":\"a\",\"phone\":\"138 0013 8000\""},
    {"item.announce", "phone", "phone with two plusses", "\"item_id\":\"a\",\"phone\":\"++8613800138000\""},
    {"item.announce", "phone", "phone too short", "\"item_id\":\"a\",\"phone\":\"1234\""},
    {"item.announce", "phone", "phone too long", "\"item_id\":\"a\",\"phone\":\"123456789012345678901\""},
    {"item.announce", "phone", "phone too long with a plus", "\"item_id\":\"a\",\"phone\":\"+12345678901234567890\""},
    {"item.announce", "phone_tail", "another number's tail",
     "\"item_id\":\"a\",\"phone\":\"13800138000\",\"phone_tail\":\"8001\""},
    {"item.announce", "second_factor", "second factor of nobody", "\"item_id\":\"a\",\"second_factor\":true"},
    {"item.announce", "second_factor", "second factor a number",
     "\"item_id\":\"a\",\"phone_tail\":\"8000\",\"second_factor\":1"},
    {"item.announce", "name", "name empty", "\"item_id\":\"a\",\"name\":\"\""},
    {"item.announce", "name", "name a list", "\"item_id\":\"a\",\"name\":[\"a\"]"},
    {"item.announce", "name", "name begins with a blank", "\"item_id\":\"a\",\"name\":\" a\""},
    {"item.announce", "name", "name of two lines", "\"item_id\":\"a\",\"name\":\"a\\nb\""},
    {"item.announce", "name", "name that turns the line round", "\"item_id\":\"a\",\"name\":\"\\u202eab\""},
    {"item.announce", "name", "name too long",
     "\"item_id\":\"a\",\"name\":\"01234567890123456789012345678901234567890123456789012345678901234\""},
    {"item.announce", "case", "case with a blank", "\"item_id\":\"a\",\"case\":\"2026 1\""},
    {"item.announce", "case", "case empty", "\"item_id\":\"a\",\"case\":\"\""},
    {"item.announce", "site", "site with a slash", "\"item_id\":\"a\",\"site\":\"yulin/hall-1\""},
    {"item.announce", "site", "site too long", "\"item_id\":\"a\",\"site\":\"012345678901234567890123456789012\""},
    {"item.update", "item_id", "nothing to change", "\"item_id\":\"a\""},
    {"item.update", "item_id", "no item", "\"size\":\"L\""},
    {"item.update", "", "a code", "\"item_id\":\"a\",\"size\":\"L\",\"code\":\"12345678\""},
    {"item.transfer", "to", "no way", "\"item_id\":\"a\""},
    {"item.transfer", "to", "to the locker", "\"item_id\":\"a\",\"to\":\"locker\""},
    {"item.transfer", "to", "to a custody", "\"item_id\":\"a\",\"to\":\"at_window\""},
    {"item.transfer", "waybill", "a waybill for the window", "\"item_id\":\"a\",\"to\":\"window\",\"waybill\":\"109\""},
    {"item.transfer", "waybill", "waybill too long",
     "\"item_id\":\"a\",\"to\":\"post\",\"waybill\":\"123456789012345678901234567890123\""},
    {"item.extend", "days", "no days", "\"item_id\":\"a\",\"days\":0"},
    {"item.extend", "days", "days back", "\"item_id\":\"a\",\"days\":-1"},
    {"item.extend", "days", "more than a year", "\"item_id\":\"a\",\"days\":366"},
    {"item.extend", "days", "days beyond 32 bits", "\"item_id\":\"a\",\"days\":4294967297"},
    {"item.extend", "days", "half a day", "\"item_id\":\"a\",\"days\":0.5"},
    {"item.extend", "days", "days a text", "\"item_id\":\"a\",\"days\":\"3\""},
    {"item.delivered", "via", "by the locker", "\"item_id\":\"a\",\"via\":\"locker\""},
    {"item.delivered", "undeliverable", "undeliverable at the window",
     "\"item_id\":\"a\",\"via\":\"window\",\"undeliverable\":true"},
    {"item.delivered", "undeliverable", "undeliverable a text", "\"item_id\":\"a\",\"undeliverable\":\"yes\""},
    {"item.received", "item_id", "received nothing", ""},
    {"item.received", "", "received with a way", "\"item_id\":\"a\",\"via\":\"window\""},
    {"code.reissue", "code", "neither code nor token", "\"item_id\":\"a\""},
    {"code.reissue", "code", "none asked for", "\"item_id\":\"a\",\"make_code\":false"},
    {"code.reissue", "make_code", "a number", "\"item_id\":\"a\",\"make_code\":1"},
    {"item.announce", "make_code", "both", "\"item_id\":\"a\",\"code\":\"12345678\",\"make_code\":true"},
    {"delegate.grant", "make_token", "both",
     "\"item_id\":\"a\",\"token\":\"q7Jx2mVb9sTfYw4LkR8dPz\",\"make_token\":true"},
    {"code.reissue", "", "a tail", "\"item_id\":\"a\",\"code\":\"12345678\",\"phone_tail\":\"1234\""},
    {"code.revoke", "", "one code only", "\"item_id\":\"a\",\"code\":\"12345678\""},
    {"delegate.grant", "code", "neither code nor token", "\"item_id\":\"a\",\"phone_tail\":\"1234\""},
    {"delegate.grant", "", "a whole number", "\"item_id\":\"a\",\"code\":\"12345678\",\"phone\":\"13800138000\""},
    {"delegate.grant", "phone_tail", "half a tail", "\"item_id\":\"a\",\"code\":\"12345678\",\"phone_tail\":\"12\""},
    {"delegate.revoke", "", "by code", "\"item_id\":\"a\",\"code\":\"12345678\""},
};

static void refusals_name_the_field(void **state)
{
    (void)state;
    for (size_t i = 0; i < LK_ARRAY_SIZE(refusals); i++) {
        struct lk_command c;
        char why[LK_COMMAND_WHY_MAX], start[64];
        enum lk_reason reason = read_args(refusals[i].command, refusals[i].args, &c, why);
        (void)snprintf(start, sizeof(start), "args%s%s:", refusals[i].field[0] ? "." : "", refusals[i].field);
        if (reason != LK_REASON_BAD_ARGUMENT || strncmp(why, start, strlen(start)) != 0) {
            fail_msg("%s, %s: %s, \"%s\"", refusals[i].command, refusals[i].what, lk_reason_name(reason), why);
        }
    }
}

static void refusals_quote_nothing_of_a_person(void **state)
{
    (void)state;
    struct lk_command c;
    char why[LK_COMMAND_WHY_MAX];
    assert_int_not_equal(read_args("item.update", "\"item_id\":\"a\",\"phone\":\"1380013800x\"", &c, why), 0);
    assert_null(strstr(why, "138001"));
    assert_int_not_equal(read_args("item.update", "\"item_id\":\"a\",\"name\":\"\\nANNA\"", &c, why), 0);
    assert_null(strstr(why, "ANNA"));
}

static struct lk_command taken(const char *command, const char *args)
{
    struct lk_command c;
    char why[LK_COMMAND_WHY_MAX];
    if (read_args(command, args, &c, why) != LK_REASON_NONE) {
        fail_msg("%s {%s}: %s", command, args, why);
    }
    return c;
}

static void reads_what_is_known_of_a_person(void **state)
{
    (void)state;
    struct lk_command c =
        taken("item.announce", "\"item_id\":\"a\",\"phone\":\"+8613800138000\",\"case\":\"2026-1\",\"site\":\"hall-2\","
                               "\"second_factor\":true,\"name\":\"\xe5\xbc\xa0\xe4\xb8\x89\xe4\xb8\xb0\"");
    assert_string_equal(c.phone, "+8613800138000");
    assert_string_equal(c.item.phone_tail, "8000");
    assert_string_equal(c.item.case_id, "2026-1");
    assert_string_equal(c.item.site, "hall-2");
    assert_string_equal(c.item.name, "\xe5\xbc\xa0**");
    assert_true(c.item.second_factor);
    assert_int_equal(c.given, LK_GIVEN_PHONE | LK_GIVEN_CASE | LK_GIVEN_SITE | LK_GIVEN_SECOND_FACTOR | LK_GIVEN_NAME);
    c = taken("item.announce", "\"item_id\":\"a\",\"phone\":\"13800138000\",\"phone_tail\":\"8000\"");
    assert_string_equal(c.item.phone_tail, "8000");
    assert_int_equal(c.given, LK_GIVEN_PHONE);
    c = taken("item.announce", "\"item_id\":\"a\"");
    assert_true(c.given == 0 && c.phone[0] == '\0' && c.item.name[0] == '\0');
}

static void masks_names_as_it_reads_them(void **state)
{
    (void)state;
    static const struct {
        const char *name, *masked;
    } rows[] = {
        {"\xe5\xbc\xa0\xe4\xb8\x89", "\xe5\xbc\xa0*"},
        {"\xe5\xbc\xa0*", "\xe5\xbc\xa0*"}, /* masked already */
        {"\xe5\xbc\xa0*\xe4\xb8\xb0", "\xe5\xbc\xa0**"},
        {"\xf0\xa0\xae\xb7\xe4\xb8\x89", "\xf0\xa0\xae\xb7*"}, /* a character of four bytes */
        {"Z", "Z"},
        {"Anna Maria", "A*********"},
        {"0123456789012345678901234567890123456789", "0******************************"}, /* as much as fits */
    };
    for (size_t i = 0; i < LK_ARRAY_SIZE(rows); i++) {
        char args[256];
        (void)snprintf(args, sizeof(args), "\"item_id\":\"a\",\"name\":\"%s\"", rows[i].name);
        assert_string_equal(taken("item.update", args).item.name, rows[i].masked);
    }
}

static void reads_where_an_item_goes(void **state)
{
    (void)state;
    struct lk_command c = taken("item.update", "\"item_id\":\"a\",\"low_reach\":false");
    assert_true(c.kind == LK_CMD_ITEM_UPDATE && c.given == LK_GIVEN_LOW_REACH && !c.item.low_reach);
    c = taken("item.transfer", "\"item_id\":\"a\",\"to\":\"window\"");
    assert_true(c.kind == LK_CMD_ITEM_TRANSFER && c.to == LK_CUSTODY_AT_WINDOW && c.item.waybill[0] == '\0');
    c = taken("item.transfer", "\"item_id\":\"a\",\"waybill\":\"1098765432101\",\"to\":\"post\"");
    assert_int_equal(c.to, LK_CUSTODY_WITH_COURIER);
    assert_string_equal(c.item.waybill, "1098765432101");
    c = taken("item.extend", "\"item_id\":\"a\"");
    assert_true(c.kind == LK_CMD_ITEM_EXTEND && c.days == 0);
    assert_int_equal(taken("item.extend", "\"item_id\":\"a\",\"days\":365").days, 365);
    c = taken("item.received", "\"item_id\":\"a\"");
    assert_int_equal(c.kind, LK_CMD_ITEM_RECEIVED);
}

static void reads_how_an_item_was_delivered(void **state)
{
    (void)state;
    struct lk_command c = taken("item.delivered", "\"item_id\":\"a\"");
    assert_true(c.kind == LK_CMD_ITEM_DELIVERED && c.via == LK_CHANNEL_LOCKER && !c.undeliverable);
    c = taken("item.delivered", "\"item_id\":\"a\",\"via\":\"window\",\"undeliverable\":false");
    assert_true(c.via == LK_CHANNEL_WINDOW && !c.undeliverable);
    c = taken("item.delivered", "\"item_id\":\"a\",\"via\":\"post\",\"undeliverable\":true");
    assert_true(c.via == LK_CHANNEL_POST && c.undeliverable);
}

static void reads_commands_about_codes(void **state)
{
    (void)state;
    struct lk_command c = taken("code.reissue", "\"item_id\":\"a\",\"code\":\"48201957\"");
    assert_int_equal(c.kind, LK_CMD_CODE_REISSUE);
    assert_string_equal(c.code, "48201957");
    assert_int_equal(taken("code.revoke", "\"item_id\":\"a\"").kind, LK_CMD_CODE_REVOKE);
    c = taken("delegate.grant", "\"item_id\":\"a\",\"token\":\"q7Jx2mVb9sTfYw4LkR8dPz\",\"phone_tail\":\"7788\"");
    assert_int_equal(c.kind, LK_CMD_DELEGATE_GRANT);
    assert_string_equal(c.token, "q7Jx2mVb9sTfYw4LkR8dPz");
    assert_string_equal(c.item.phone_tail, "7788");
    assert_int_equal(taken("delegate.revoke", "\"item_id\":\"a\"").kind, LK_CMD_DELEGATE_REVOKE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals_name_the_field),         cmocka_unit_test(refusals_quote_nothing_of_a_person),
        cmocka_unit_test(reads_what_is_known_of_a_person), cmocka_unit_test(masks_names_as_it_reads_them),
        cmocka_unit_test(reads_where_an_item_goes),        cmocka_unit_test(reads_how_an_item_was_delivered),
        cmocka_unit_test(reads_commands_about_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
