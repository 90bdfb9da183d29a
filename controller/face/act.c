#include "act.h"

#include "base/cleanup.h"
#include "json_text.h"

#include <errno.h>
#include <string.h>

static int read_text(const char *value, struct lk_face_act *act)
{
    for (const char *c = value; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f) {
            return -EINVAL;
        }
    }
    return *value == '\0' ? -EINVAL : lk_text_copy(act->text, sizeof(act->text), value);
}

static int read_staff(const char *value, struct lk_face_act *act)
{
    return lk_text_is_id(value, LK_STAFF_ID_MAX) ? lk_text_copy(act->staff, sizeof(act->staff), value) : -EINVAL;
}

static int read_pin(const char *value, struct lk_face_act *act)
{
    return lk_text_is_printable(value, LK_FACE_PIN_MAX) ? lk_text_copy(act->pin, sizeof(act->pin), value) : -EINVAL;
}

static int read_button(const char *value, struct lk_face_act *act)
{
    return lk_button_parse(value, &act->button);
}

static int read_size(const char *value, struct lk_face_act *act)
{
    return lk_size_parse(value, &act->size);
}

static int read_item(const char *value, struct lk_face_act *act)
{
    return lk_text_is_id(value, LK_ITEM_ID_MAX) ? lk_text_copy(act->item, sizeof(act->item), value) : -EINVAL;
}

static int read_rating(json_int_t value, struct lk_face_act *act)
{
    if (value < 1 || value > 5) {
        return -EINVAL;
    }
    act->rating = (unsigned)value;
    return 0;
}

static const char any_text[] = "a text of 1 to 256 bytes without control characters";

/* One row per member of an act; a text or a number. `only` limits a member to one button: it is required there and
 * refused elsewhere. */
static const struct member {
    enum lk_face_act_kind kind;
    const char *name;
    enum lk_button only;
    const char *form;
    int (*text)(const char *value, struct lk_face_act *act);
    int (*number)(json_int_t value, struct lk_face_act *act);
} members[] = {
    {LK_FACE_CODE, "code", LK_BUTTONS, any_text, .text = read_text},
    {LK_FACE_SCAN, "text", LK_BUTTONS, any_text, .text = read_text},
    {LK_FACE_SIGN_IN, "staff", LK_BUTTONS, "1 to 32 letters, digits or . _ -", .text = read_staff},
    {LK_FACE_SIGN_IN, "pin", LK_BUTTONS, "1 to 32 printable ASCII characters", .text = read_pin},
    {LK_FACE_BUTTON, "button", LK_BUTTONS, "the name of a button", .text = read_button},
    {LK_FACE_BUTTON, "size", LK_BUTTON_SIZE, "the name of a size", .text = read_size},
    {LK_FACE_BUTTON, "item", LK_BUTTON_RECALL_ITEM, "1 to 64 letters, digits or . _ -", .text = read_item},
    {LK_FACE_BUTTON, "rating", LK_BUTTON_RATE, "a number from 1 to 5", .number = read_rating},
};

static const char *const kind_names[] = {
    [LK_FACE_CODE] = "code",
    [LK_FACE_SCAN] = "scan",
    [LK_FACE_SIGN_IN] = "sign_in",
    [LK_FACE_BUTTON] = "button",
};

static int read_kind(const json_t *object, struct lk_face_act *act, struct lk_text *why)
{
    const char *name = json_string_value(json_object_get(object, "act"));

    for (size_t i = 0; name && i < LK_ARRAY_SIZE(kind_names); i++) {
        if (strcmp(name, kind_names[i]) == 0) {
            act->kind = (enum lk_face_act_kind)i;
            return 0;
        }
    }
    lk_text_add(why, "act: has to be code, scan, sign_in or button");
    return -EINVAL;
}

static int read_value(const json_t *value, const struct member *member, struct lk_face_act *act)
{
    if (member->number) {
        return json_is_integer(value) ? member->number(json_integer_value(value), act) : -EINVAL;
    }
    return json_is_string(value) ? member->text(json_string_value(value), act) : -EINVAL;
}

static int read_member(const json_t *object, const struct member *member, struct lk_face_act *act, struct lk_text *why)
{
    const json_t *value = json_object_get(object, member->name);
    bool wanted = member->only == LK_BUTTONS || member->only == act->button;

    if (!value && !wanted) {
        return 0;
    }
    if (!wanted) {
        lk_text_addf(why, "%s: not with this button", member->name);
        return -EINVAL;
    }
    if (!value) {
        lk_text_addf(why, "%s: missing", member->name);
        return -EINVAL;
    }
    if (read_value(value, member, act) < 0) {
        lk_text_addf(why, "%s: has to be %s", member->name, member->form);
        return -EINVAL;
    }
    return 0;
}

static int refuse_others(json_t *object, enum lk_face_act_kind kind, struct lk_text *why)
{
    const char *name;
    json_t *value;

    json_object_foreach(object, name, value)
    {
        bool known = strcmp(name, "act") == 0;
        for (size_t i = 0; i < LK_ARRAY_SIZE(members); i++) {
            known = known || (members[i].kind == kind && strcmp(name, members[i].name) == 0);
        }
        if (!known) {
            lk_text_addf(why, "%s: not a member of this act", lk_json_plain_name(name));
            return -EINVAL;
        }
    }
    return 0;
}

static int read_act(json_t *object, struct lk_face_act *act, struct lk_text *why)
{
    int error = read_kind(object, act, why);

    if (error == 0) {
        error = refuse_others(object, act->kind, why);
    }
    for (size_t i = 0; error == 0 && i < LK_ARRAY_SIZE(members); i++) {
        if (members[i].kind == act->kind) {
            error = read_member(object, &members[i], act, why);
        }
    }
    return error;
}

static void wipe_members(json_t *object)
{
    const char *name;
    json_t *value;

    json_object_foreach(object, name, value)
    {
        lk_json_wipe(value);
    }
}

int lk_act_parse(const char *body, size_t length, struct lk_face_act *ret_act, char why[LK_ACT_WHY_MAX])
{
    struct lk_text reason = lk_text_init(why, LK_ACT_WHY_MAX);
    struct lk_face_act act = {0};
    json_t *object = lk_json_load_object(body, length, 1, &reason);

    if (!object) {
        return -EINVAL;
    }
    int error = read_act(object, &act, &reason);
    if (error == 0) {
        *ret_act = act;
    }
    wipe_members(object);
    json_decref(object);
    explicit_bzero(&act, sizeof(act));
    return error;
}
