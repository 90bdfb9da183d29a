#include "command_args.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "uplink/command_verify.h"

#include <string.h>

enum { CODE_LEAST = 6, TOKEN_LEAST = 22 };

/* Takes one argument; false: not of its form. */
typedef bool take_fn(const json_t *value, struct lk_command *command);

struct arg {
    enum lk_command_kind kind;
    const char *name;
    bool required;
    take_fn *take;
    const char *form;
};

static bool take_item_id(const json_t *value, struct lk_command *command)
{
    const char *s = json_string_value(value);
    return s && lk_text_is_id(s, LK_ITEM_ID_MAX) && lk_text_copy(command->item.id, sizeof(command->item.id), s) == 0;
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

static bool take_phone_tail(const json_t *value, struct lk_command *command)
{
    const char *s = json_string_value(value);
    return s && lk_text_is_digits(s, 4, 4) &&
           lk_text_copy(command->item.phone_tail, sizeof(command->item.phone_tail), s) == 0;
}

static bool take_low_reach(const json_t *value, struct lk_command *command)
{
    command->item.low_reach = json_is_true(value);
    return json_is_boolean(value);
}

static bool take_compartment(const json_t *value, struct lk_command *command)
{
    const char *s = json_string_value(value);
    return s && lk_text_is_id(s, LK_LABEL_MAX) &&
           lk_text_copy(command->compartment, sizeof(command->compartment), s) == 0;
}

static const struct arg args[] = {
    {LK_CMD_ITEM_ANNOUNCE, "item_id", true, take_item_id, "1 to 64 of letters, digits and . _ -"},
    {LK_CMD_ITEM_ANNOUNCE, "channel", false, take_channel, "one of locker, window, post"},
    {LK_CMD_ITEM_ANNOUNCE, "size", false, take_size, "one of S, M, L, XL"},
    {LK_CMD_ITEM_ANNOUNCE, "code", false, take_code, "6 to 16 digits as text"},
    {LK_CMD_ITEM_ANNOUNCE, "token", false, take_token, "22 to 128 printable characters without blanks"},
    {LK_CMD_ITEM_ANNOUNCE, "phone_tail", false, take_phone_tail, "four digits as text"},
    {LK_CMD_ITEM_ANNOUNCE, "low_reach", false, take_low_reach, "true or false"},
    {LK_CMD_ITEM_CANCEL, "item_id", true, take_item_id, "1 to 64 of letters, digits and . _ -"},
    {LK_CMD_COMPARTMENT_OPEN, "compartment", true, take_compartment, "a compartment's label such as A07"},
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
        if (args[i].kind == kind && strcmp(args[i].name, name) == 0) {
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
    for (size_t i = 0; i < LK_ARRAY_SIZE(args); i++) {
        if (args[i].kind != command->kind) {
            continue;
        }
        const json_t *value = json_object_get(object, args[i].name);
        if (!value && args[i].required) {
            return bad(why, args[i].name, "missing");
        }
        if (value && !args[i].take(value, command)) {
            return bad(why, args[i].name, args[i].form);
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
    return reason == LK_REASON_NONE ? take_all(object, command, why) : reason;
}
