#include "command_args.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "person.h"
#include "pin_hash.h"
#include "uplink/command_verify.h"

#include <string.h>

enum { CODE_LEAST = 6, TOKEN_LEAST = 22, DAYS_MOST = 365 };

#define OF(command) (1U << LK_CMD_##command)
#define ITEMS                                                                                                          \
    (OF(ITEM_ANNOUNCE) | OF(ITEM_UPDATE) | OF(ITEM_CANCEL) | OF(ITEM_TRANSFER) | OF(ITEM_EXTEND) |                     \
     OF(ITEM_DELIVERED) | OF(ITEM_RECEIVED) | OF(CODE_REISSUE) | OF(CODE_REVOKE) | OF(DELEGATE_GRANT) |                \
     OF(DELEGATE_REVOKE))
#define DETAILS (OF(ITEM_ANNOUNCE) | OF(ITEM_UPDATE))
#define DOORS   (OF(COMPARTMENT_OPEN) | OF(COMPARTMENT_BLOCK) | OF(COMPARTMENT_UNBLOCK))
#define STAFF   (OF(STAFF_UPSERT) | OF(STAFF_REMOVE))
#define SECRETS (OF(ITEM_ANNOUNCE) | OF(CODE_REISSUE) | OF(DELEGATE_GRANT))

/* Takes one argument; false: not of its form. */
typedef bool take_fn(const json_t *value, struct lk_command *command);

struct arg {
    const char *name;
    unsigned commands; /* that may have it */
    unsigned required; /* that must */
    uint32_t given;    /* LK_GIVEN: what its presence says */
    take_fn *take;
    const char *form;
};

static bool take_id(const json_t *value, char *text, size_t size)
{
    const char *s = json_string_value(value);
    return s && lk_text_is_id(s, size - 1) && lk_text_copy(text, size, s) == 0;
}

static bool take_item_id(const json_t *value, struct lk_command *command)
{
    return take_id(value, command->item.id, sizeof(command->item.id));
}

static bool take_channel(const json_t *value, struct lk_command *command)
{
    const char *s = json_string_value(value);
    return s && lk_channel_parse(s, &command->item.channel) == 0;
}

static bool take_size(const json_t *value, struct lk_command *command)
{
    const char *s = json_string_value(value);
    return s && lk_size_parse(s, &command->item.size) == 0;
}

static bool take_code(const json_t *value, struct lk_command *command)
{
    const char *s = json_string_value(value);
    return s && lk_text_is_digits(s, CODE_LEAST, sizeof(command->code) - 1) &&
           lk_text_copy(command->code, sizeof(command->code), s) == 0;
}

static bool take_token(const json_t *value, struct lk_command *command)
{
    const char *s = json_string_value(value);
    return s && strlen(s) >= TOKEN_LEAST && lk_text_is_printable(s, sizeof(command->token) - 1) && !strchr(s, ' ') &&
           lk_text_copy(command->token, sizeof(command->token), s) == 0;
}

static bool take_make_code(const json_t *value, struct lk_command *command)
{
    command->make_code = json_is_true(value);
    return json_is_boolean(value);
}

static bool take_make_token(const json_t *value, struct lk_command *command)
{
    command->make_token = json_is_true(value);
    return json_is_boolean(value);
}

static bool take_phone(const json_t *value, struct lk_command *command)
{
    const char *s = json_string_value(value);
    return s && lk_person_tail(s, command->item.phone_tail) &&
           lk_text_copy(command->phone, sizeof(command->phone), s) == 0;
}

/* Stands behind phone in the table: both may be given, when they say the same. */
static bool take_phone_tail(const json_t *value, struct lk_command *command)
{
    const char *s = json_string_value(value);
    bool fits = command->phone[0] == '\0' || (s && strcmp(s, command->item.phone_tail) == 0);
    return s && fits && lk_text_is_digits(s, 4, 4) &&
           lk_text_copy(command->item.phone_tail, sizeof(command->item.phone_tail), s) == 0;
}

static bool take_name(const json_t *value, struct lk_command *command)
{
    const char *s = json_string_value(value);
    return s && lk_person_mask(s, command->item.name, sizeof(command->item.name));
}

static bool take_case(const json_t *value, struct lk_command *command)
{
    return take_id(value, command->item.case_id, sizeof(command->item.case_id));
}

static bool take_site(const json_t *value, struct lk_command *command)
{
    return take_id(value, command->item.site, sizeof(command->item.site));
}

static bool take_waybill(const json_t *value, struct lk_command *command)
{
    return take_id(value, command->item.waybill, sizeof(command->item.waybill));
}

static bool take_second_factor(const json_t *value, struct lk_command *command)
{
    command->item.second_factor = json_is_true(value);
    return json_is_boolean(value);
}

static bool take_way(const json_t *value, enum lk_channel *ret_channel)
{
    const char *s = json_string_value(value);
    return s && lk_channel_parse(s, ret_channel) == 0 && *ret_channel != LK_CHANNEL_LOCKER;
}

static bool take_to(const json_t *value, struct lk_command *command)
{
    enum lk_channel way = LK_CHANNEL_LOCKER;
    bool taken = take_way(value, &way);
    command->to = way == LK_CHANNEL_POST ? LK_CUSTODY_WITH_COURIER : LK_CUSTODY_AT_WINDOW;
    return taken;
}

static bool take_via(const json_t *value, struct lk_command *command)
{
    return take_way(value, &command->via);
}

static bool take_undeliverable(const json_t *value, struct lk_command *command)
{
    command->undeliverable = json_is_true(value);
    return json_is_boolean(value);
}

static bool take_days(const json_t *value, struct lk_command *command)
{
    json_int_t days = json_integer_value(value);
    command->days = days >= 1 && days <= DAYS_MOST ? (unsigned)days : 0;
    return command->days != 0; /* not a whole number reads as 0 */
}

static bool take_low_reach(const json_t *value, struct lk_command *command)
{
    command->item.low_reach = json_is_true(value);
    return json_is_boolean(value);
}

static bool take_compartment(const json_t *value, struct lk_command *command)
{
    return take_id(value, command->compartment, sizeof(command->compartment));
}

static bool take_note(const json_t *value, struct lk_command *command)
{
    const char *s = json_string_value(value);
    return s && lk_text_is_line(s) && lk_text_copy(command->note, sizeof(command->note), s) == 0;
}

static bool take_staff_id(const json_t *value, struct lk_command *command)
{
    return take_id(value, command->member.id, sizeof(command->member.id));
}

static bool take_role(const json_t *value, struct lk_command *command)
{
    const char *s = json_string_value(value);
    enum lk_actor role;
    if (!s || lk_actor_parse(s, &role) < 0) {
        return false;
    }
    command->member.role = role;
    return role == LK_ACTOR_COURIER || role == LK_ACTOR_CLERK || role == LK_ACTOR_MAINTENANCE ||
           role == LK_ACTOR_SUPERVISOR;
}

static bool take_pin_hash(const json_t *value, struct lk_command *command)
{
    const char *s = json_string_value(value);
    return s && lk_pin_hash_ok(s) && lk_text_copy(command->member.pin_hash, sizeof(command->member.pin_hash), s) == 0;
}

static bool take_badge(const json_t *value, struct lk_command *command)
{
    const char *s = json_string_value(value);
    return s && lk_text_is_printable(s, sizeof(command->badge) - 1) &&
           lk_text_copy(command->badge, sizeof(command->badge), s) == 0;
}

static bool take_from(const json_t *value, struct lk_command *command)
{
    json_int_t from = json_integer_value(value);
    command->replay_from = from >= 1 && from <= INT32_MAX ? (uint64_t)from : 0;
    return command->replay_from != 0; /* not a whole number reads as 0 */
}

#define AN_ID "1 to 64 of letters, digits and . _ -"

static const struct arg args[] = {
    {"item_id", ITEMS, ITEMS, 0, take_item_id, AN_ID},
    {"channel", DETAILS, 0, LK_GIVEN_CHANNEL, take_channel, "one of locker, window, post"},
    {"size", DETAILS, 0, LK_GIVEN_SIZE, take_size, "one of S, M, L, XL"},
    {"code", SECRETS, 0, 0, take_code, "6 to 16 digits as text"},
    {"token", SECRETS, 0, 0, take_token, "22 to 128 printable characters without blanks"},
    {"make_code", SECRETS, 0, 0, take_make_code, "true or false"},
    {"make_token", SECRETS, 0, 0, take_make_token, "true or false"},
    {"phone", DETAILS, 0, LK_GIVEN_PHONE, take_phone, "5 to 20 digits as text, maybe with a + in front"},
    {"phone_tail", DETAILS | OF(DELEGATE_GRANT), 0, LK_GIVEN_PHONE, take_phone_tail,
     "four digits as text, the last ones of phone"},
    {"low_reach", DETAILS, 0, LK_GIVEN_LOW_REACH, take_low_reach, "true or false"},
    {"name", DETAILS, 0, LK_GIVEN_NAME, take_name, "1 to 64 characters of a name"},
    {"case", DETAILS, 0, LK_GIVEN_CASE, take_case, AN_ID},
    {"site", DETAILS, 0, LK_GIVEN_SITE, take_site, "1 to 32 of letters, digits and . _ -"},
    {"second_factor", DETAILS, 0, LK_GIVEN_SECOND_FACTOR, take_second_factor, "true or false"},
    {"to", OF(ITEM_TRANSFER), OF(ITEM_TRANSFER), 0, take_to, "window or post"},
    {"waybill", OF(ITEM_TRANSFER), 0, 0, take_waybill, "1 to 32 of letters, digits and . _ -"},
    {"days", OF(ITEM_EXTEND), 0, 0, take_days, "a whole number from 1 to 365"},
    {"via", OF(ITEM_DELIVERED), 0, 0, take_via, "window or post"},
    {"undeliverable", OF(ITEM_DELIVERED), 0, 0, take_undeliverable, "true or false"},
    {"compartment", DOORS, DOORS, 0, take_compartment, "a compartment's label such as A07"},
    {"note", OF(COMPARTMENT_BLOCK), 0, 0, take_note, "one line of 1 to 200 bytes, without control characters"},
    {"staff_id", STAFF, STAFF, 0, take_staff_id, "1 to 32 of letters, digits and . _ -"},
    {"role", OF(STAFF_UPSERT), OF(STAFF_UPSERT), 0, take_role, "one of courier, clerk, maintenance, supervisor"},
    {"pin_hash", OF(STAFF_UPSERT), 0, 0, take_pin_hash, "an Argon2id hash as the contract says"},
    {"badge", OF(STAFF_UPSERT), 0, 0, take_badge, "1 to 128 printable characters"},
    {"from", OF(EVENTS_REPLAY), OF(EVENTS_REPLAY), 0, take_from, "the number of an event, from 1"},
};

static enum lk_reason bad(char *why, const char *name, const char *what)
{
    struct lk_text t = lk_text_init(why, LK_COMMAND_WHY_MAX);
    lk_text_addf(&t, "args.%.32s: %s", name, what);
    return LK_REASON_BAD_ARGUMENT;
}

static bool is_known(enum lk_command_kind kind, const char *name)
{
    for (size_t i = 0; i < LK_ARRAY_SIZE(args); i++) {
        if ((args[i].commands & 1U << kind) != 0 && strcmp(args[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static enum lk_reason refuse_unknown(const json_t *object, enum lk_command_kind kind, char *why)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)object, name, value)
    {
        if (!is_known(kind, name)) {
            struct lk_text t = lk_text_init(why, LK_COMMAND_WHY_MAX);
            lk_text_addf(&t, "args: %s takes no such field", lk_command_name(kind));
            return LK_REASON_BAD_ARGUMENT;
        }
    }
    return LK_REASON_NONE;
}

static enum lk_reason take_all(const json_t *object, struct lk_command *command, char *why)
{
    unsigned kind = 1U << command->kind;
    for (size_t i = 0; i < LK_ARRAY_SIZE(args); i++) {
        if ((args[i].commands & kind) == 0) {
            continue;
        }
        const json_t *value = json_object_get(object, args[i].name);
        if (!value && (args[i].required & kind) != 0) {
            return bad(why, args[i].name, "missing");
        }
        if (value && !args[i].take(value, command)) {
            return bad(why, args[i].name, args[i].form);
        }
        command->given |= value ? args[i].given : 0;
    }
    return LK_REASON_NONE;
}

/* --- what must fit together ----------------------------------------------------------------------------------------
 */

static bool has_tail_for_second(const struct lk_command *c)
{
    return !c->item.second_factor || c->item.phone_tail[0] != '\0';
}

static bool has_change(const struct lk_command *c)
{
    return c->given != 0;
}

static bool has_waybill_for_post_only(const struct lk_command *c)
{
    return c->item.waybill[0] == '\0' || c->to == LK_CUSTODY_WITH_COURIER;
}

static bool is_undeliverable_by_post_only(const struct lk_command *c)
{
    return !c->undeliverable || c->via != LK_CHANNEL_WINDOW;
}

static bool has_secret(const struct lk_command *c)
{
    return c->code[0] != '\0' || c->token[0] != '\0' || c->make_code || c->make_token;
}

static bool has_one_code(const struct lk_command *c)
{
    return c->code[0] == '\0' || !c->make_code;
}

static bool has_one_token(const struct lk_command *c)
{
    return c->token[0] == '\0' || !c->make_token;
}

static enum lk_reason check_together(const struct lk_command *command, char *why)
{
    static const struct {
        unsigned commands;
        bool (*holds)(const struct lk_command *c);
        const char *name, *what;
    } rules[] = {
        {OF(ITEM_ANNOUNCE), has_tail_for_second, "second_factor", "needs phone or phone_tail"},
        {OF(ITEM_UPDATE), has_change, "item_id", "nothing else is given, so nothing changes"},
        {OF(ITEM_TRANSFER), has_waybill_for_post_only, "waybill", "only what goes to the post has one"},
        {OF(ITEM_DELIVERED), is_undeliverable_by_post_only, "undeliverable", "only the post can fail to deliver"},
        {OF(CODE_REISSUE) | OF(DELEGATE_GRANT), has_secret, "code", "missing, and token too"},
        {SECRETS, has_one_code, "make_code", "a code is given already"},
        {SECRETS, has_one_token, "make_token", "a token is given already"},
    };
    for (size_t i = 0; i < LK_ARRAY_SIZE(rules); i++) {
        if ((rules[i].commands & 1U << command->kind) != 0 && !rules[i].holds(command)) {
            return bad(why, rules[i].name, rules[i].what);
        }
    }
    return LK_REASON_NONE;
}

enum lk_reason lk_command_read_args(const json_t *claims, struct lk_command *command, char *why)
{
    const char *name = json_string_value(json_object_get(claims, "cmd"));
    const json_t *object = json_object_get(claims, "args");
    if (!name || lk_command_parse(name, &command->kind) < 0) {
        (void)lk_text_copy(why, LK_COMMAND_WHY_MAX, "cmd: no such command");
        return LK_REASON_UNKNOWN_COMMAND;
    }
    if (object && !json_is_object(object)) {
        (void)lk_text_copy(why, LK_COMMAND_WHY_MAX, "args: not an object");
        return LK_REASON_BAD_ARGUMENT;
    }
    enum lk_reason reason = refuse_unknown(object, command->kind, why);
    reason = reason == LK_REASON_NONE ? take_all(object, command, why) : reason;
    return reason == LK_REASON_NONE ? check_together(command, why) : reason;
}
