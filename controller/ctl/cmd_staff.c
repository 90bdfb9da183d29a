#include "show.h"

#include <string.h>

static void human_list(struct lk_ctl *ctl, const json_t *r)
{
    static const char *const header[] = {"ctl.col.staff", "ctl.col.role", "ctl.col.badge"};
    struct lk_table t = {.columns = 3};
    char b[2][LK_SHOW_CELL];
    size_t i;
    const json_t *s;
    lk_show_header(ctl, &t, header);
    json_array_foreach(json_object_get(r, "staff"), i, s)
    {
        const char *cells[] = {lk_ctl_get(s, "staff", b[0], LK_SHOW_CELL),
                               lk_show_word(ctl, s, "role", "ctl.role", b[1]),
                               lk_show_yes_no(ctl, json_object_get(s, "badge"))};
        lk_table_add(&t, cells);
    }
    lk_table_print(&t, stdout);
    lk_table_free(&t);
}

/* The new person's PIN; at a terminal it is asked twice. */
static int new_pin(struct lk_ctl *ctl, char *pin, size_t cap)
{
    char again[LK_SECRET_MAX + 1];
    int code = lk_ctl_secret(ctl, "ctl.ask.new_pin", ctl->new_pin_file, pin, cap);
    if (code != LK_EXIT_OK || ctl->new_pin_file != NULL) {
        return code;
    }
    code = lk_ctl_secret(ctl, "ctl.ask.pin_again", NULL, again, sizeof(again));
    if (code == LK_EXIT_OK && strcmp(pin, again) != 0) {
        code = lk_ctl_complain(ctl, LK_EXIT_USAGE, "usage", "ctl.error.pins_differ", NULL);
    }
    explicit_bzero(again, sizeof(again));
    return code;
}

static int finish(struct lk_ctl *ctl, const char *cmd, json_t *args, const char *done)
{
    json_t *result = NULL;
    int code = lk_ctl_call(ctl, cmd, args, true, NULL, &result);
    if (code == LK_EXIT_OK && ctl->json) {
        lk_ctl_print_json(result);
    } else if (code == LK_EXIT_OK) {
        lk_say(stdout, ctl->lang, done, LK_WORDS({"staff", ctl->words[1]}));
    }
    json_decref(result);
    return code;
}

static int add(struct lk_ctl *ctl)
{
    char pin[LK_SECRET_MAX + 1] = "", badge[LK_SECRET_MAX + 1] = "";
    if (ctl->role == NULL) {
        return lk_ctl_complain(ctl, LK_EXIT_USAGE, "usage", "ctl.error.role", NULL);
    }
    int code = new_pin(ctl, pin, sizeof(pin));
    if (code == LK_EXIT_OK && (ctl->badge || ctl->badge_file != NULL)) {
        code = lk_ctl_secret(ctl, "ctl.ask.badge", ctl->badge_file, badge, sizeof(badge));
    }
    if (code == LK_EXIT_OK) {
        json_t *args = json_pack("{s:s,s:s,s:s}", "staff", ctl->words[1], "role", ctl->role, "pin", pin);
        if (badge[0] != '\0') {
            json_object_set_new(args, "badge", json_string(badge));
        }
        code = finish(ctl, "staff_add", args, "ctl.staff.added");
    }
    explicit_bzero(pin, sizeof(pin));
    explicit_bzero(badge, sizeof(badge));
    return code;
}

int lk_cmd_staff(struct lk_ctl *ctl)
{
    const char *verb = ctl->words[0];
    bool wants_id = strcmp(verb, "list") != 0;
    if (wants_id != (ctl->word_count == 2)) {
        return lk_ctl_complain(ctl, LK_EXIT_USAGE, "usage", "ctl.error.words", LK_WORDS({"command", "staff"}));
    }
    if (!wants_id) {
        return lk_show(ctl, "staff_list", NULL, human_list, NULL);
    }
    if (strcmp(verb, "add") == 0) {
        return add(ctl);
    }
    if (strcmp(verb, "remove") == 0) {
        return finish(ctl, "staff_remove", json_pack("{s:s}", "staff", ctl->words[1]), "ctl.staff.removed");
    }
    return lk_ctl_complain(ctl, LK_EXIT_USAGE, "usage", "ctl.error.words", LK_WORDS({"command", "staff"}));
}
