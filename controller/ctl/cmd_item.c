/* lockerctl item, recalls, purge: what the window does with an item, what is to be taken back, whom to forget. */
#include "base/cleanup.h"
#include "show.h"

#include <inttypes.h>
#include <string.h>

/* --- item show */

static const char *yes_no(struct lk_ctl *ctl, const json_t *item, const char *key)
{
    return lk_show_yes_no(ctl, json_object_get(item, key));
}

static void show_marks(struct lk_ctl *ctl, struct lk_table *t, const json_t *item)
{
    static const struct {
        const char *key, *label;
    } marks[] = {{"overdue", "ctl.item.overdue"},
                 {"cancelled", "ctl.item.cancelled"},
                 {"rejected", "ctl.item.rejected"},
                 {"dropoff", "ctl.item.dropoff"}};
    for (size_t i = 0; i < LK_ARRAY_SIZE(marks); i++) {
        if (json_is_true(json_object_get(item, marks[i].key))) {
            lk_show_label(ctl, t, "ctl.item.note", lk_say_text(ctl->lang, marks[i].label));
        }
    }
}

/* Whose codes open it: the recipient's, a delegate's, both, or nobody's. */
static void show_holders(struct lk_ctl *ctl, struct lk_table *t, const json_t *item)
{
    char line[LK_SHOW_CELL] = "", buf[LK_SHOW_CELL];
    struct lk_text text = lk_text_init(line, sizeof(line));
    size_t i;
    const json_t *holder;
    json_array_foreach(json_object_get(item, "holders"), i, holder)
    {
        const char *word = json_is_string(holder) ? json_string_value(holder) : "?";
        lk_text_addf(&text, "%s%s", i == 0 ? "" : ", ", lk_say_word(ctl->lang, "ctl.role", word, buf, sizeof(buf)));
    }
    lk_show_label(ctl, t, "ctl.item.codes", text.len > 0 ? line : lk_say_text(ctl->lang, "ctl.item.no_code"));
}

static void show_times(struct lk_ctl *ctl, struct lk_table *t, const json_t *item)
{
    static const char *const keys[] = {"deposited", "retain_until"};
    static const char *const labels[] = {"ctl.item.deposited", "ctl.item.retain_until"};
    char a[LK_SHOW_CELL], b[LK_SHOW_CELL];
    for (size_t i = 0; i < LK_ARRAY_SIZE(keys); i++) {
        lk_show_label(ctl, t, labels[i], lk_show_time(lk_ctl_get(item, keys[i], a, sizeof(a)), b));
    }
    lk_show_row(ctl, t, "ctl.item.told", "ctl.item.told_value",
                LK_WORDS({"reminded", yes_no(ctl, item, "reminded")}, {"overdue", yes_no(ctl, item, "told_overdue")},
                         {"extended", lk_ctl_get(item, "extended", a, sizeof(a))}));
}

static void human_item(struct lk_ctl *ctl, const json_t *item)
{
    static const struct {
        const char *key, *label;
    } texts[] = {{"door", "ctl.item.door"}, {"size", "ctl.item.size"}, {"name", "ctl.item.name"},
                 {"case", "ctl.item.case"}, {"site", "ctl.item.site"}, {"waybill", "ctl.item.waybill"}};
    struct lk_table t = {.columns = 2};
    char buf[LK_SHOW_CELL];
    lk_show_label(ctl, &t, "ctl.item.item", lk_ctl_get(item, "item", buf, sizeof(buf)));
    lk_show_label(ctl, &t, "ctl.item.custody", lk_show_word(ctl, item, "custody", "ctl.custody", buf));
    lk_show_label(ctl, &t, "ctl.item.channel", lk_show_word(ctl, item, "channel", "ctl.channel", buf));
    for (size_t i = 0; i < LK_ARRAY_SIZE(texts); i++) {
        lk_show_label(ctl, &t, texts[i].label, lk_ctl_get(item, texts[i].key, buf, sizeof(buf)));
    }
    show_marks(ctl, &t, item);
    show_holders(ctl, &t, item);
    lk_show_label(ctl, &t, "ctl.item.second_factor", yes_no(ctl, item, "second_factor"));
    show_times(ctl, &t, item);
    lk_table_print(&t, stdout);
    lk_table_free(&t);
}

static int item_show(struct lk_ctl *ctl, const char *id)
{
    json_t *result = NULL;
    int code = lk_ctl_call(ctl, "items", json_pack("{s:s}", "item", id), false, NULL, &result);
    const json_t *item = json_array_get(json_object_get(result, "items"), 0);
    if (code == LK_EXIT_OK && !item) {
        code = lk_ctl_complain(ctl, LK_EXIT_REFUSED, "no_such_item", "ctl.error.no_item", LK_WORDS({"item", id}));
    } else if (code == LK_EXIT_OK && ctl->json) {
        lk_ctl_print_json(item);
    } else if (code == LK_EXIT_OK) {
        human_item(ctl, item);
    }
    json_decref(result);
    return code;
}

/* --- item receive, hand-over, send, return, reject, extend */

static json_t *item_args(const struct lk_ctl *ctl)
{
    json_t *args = json_pack("{s:s}", "item", ctl->words[1]);
    if (ctl->why != NULL) {
        json_object_set_new(args, "why", json_string(ctl->why));
    }
    return args;
}

/* A waybill, a number of days, or nothing. */
static const char *third(const struct lk_ctl *ctl)
{
    return ctl->word_count == 3 ? ctl->words[2] : "";
}

static int item_change(struct lk_ctl *ctl, const char *cmd, json_t *args, const char *done)
{
    return lk_show_change(ctl, cmd, args, done, LK_WORDS({"item", ctl->words[1]}, {"waybill", third(ctl)}));
}

/* Whether a citizen left it for the office: then there is nothing to show. */
static int is_dropoff(struct lk_ctl *ctl, bool *ret_dropoff)
{
    json_t *result = NULL;
    int code = lk_ctl_call(ctl, "items", json_pack("{s:s}", "item", ctl->words[1]), false, NULL, &result);
    const json_t *item = json_array_get(json_object_get(result, "items"), 0);
    *ret_dropoff = json_is_true(json_object_get(item, "dropoff"));
    json_decref(result);
    return code;
}

/* What the person shows is typed without echo, or read from a file: others may look at the screen and at the command
 * line. */
static int item_hand_over(struct lk_ctl *ctl)
{
    char digits[LK_SECRET_MAX + 1] = "";
    const char *file = lk_ctl_more(ctl, LK_OPT_CODE_FILE);
    bool dropoff = false;
    int code = is_dropoff(ctl, &dropoff);
    if (code == LK_EXIT_OK && (!dropoff || file)) {
        code = lk_ctl_secret(ctl, "ctl.ask.shown", file, digits, sizeof(digits));
    }
    if (code == LK_EXIT_OK) {
        json_t *args = item_args(ctl);
        if (digits[0] != '\0') {
            json_object_set_new(args, "digits", json_string(digits));
        }
        code = item_change(ctl, "item_hand_over", args, "ctl.item.done.hand_over");
    }
    explicit_bzero(digits, sizeof(digits));
    return code;
}

static int item_send(struct lk_ctl *ctl)
{
    json_t *args = item_args(ctl);
    json_object_set_new(args, "waybill", json_string(third(ctl)));
    return item_change(ctl, "item_send", args, "ctl.item.done.send");
}

static int item_extend(struct lk_ctl *ctl)
{
    uint64_t days = 0;
    if (ctl->word_count == 3 && (lk_text_parse_u64(ctl->words[2], 365, &days) < 0 || days == 0)) {
        return lk_ctl_complain(ctl, LK_EXIT_USAGE, "usage", "ctl.error.number",
                               LK_WORDS({"option", "item extend"}, {"value", ctl->words[2]}));
    }
    json_t *args = item_args(ctl);
    if (days > 0) {
        json_object_set_new(args, "days", json_integer((json_int_t)days));
    }
    return item_change(ctl, "item_extend", args, "ctl.item.done.extend");
}

static int item_receive(struct lk_ctl *ctl)
{
    return item_change(ctl, "item_receive", item_args(ctl), "ctl.item.done.receive");
}

static int item_return(struct lk_ctl *ctl)
{
    return item_change(ctl, "item_return", item_args(ctl), "ctl.item.done.return");
}

static int item_reject(struct lk_ctl *ctl)
{
    return item_change(ctl, "item_reject", item_args(ctl), "ctl.item.done.reject");
}

static int show(struct lk_ctl *ctl)
{
    return item_show(ctl, ctl->words[1]);
}

int lk_cmd_item(struct lk_ctl *ctl)
{
    static const struct {
        const char *verb;
        int least, most; /* words */
        int (*run)(struct lk_ctl *ctl);
    } verbs[] = {{"show", 2, 2, show},         {"receive", 2, 2, item_receive}, {"hand-over", 2, 2, item_hand_over},
                 {"send", 3, 3, item_send},    {"return", 2, 2, item_return},   {"reject", 2, 2, item_reject},
                 {"extend", 2, 3, item_extend}};
    bool wants_code = strcmp(ctl->words[0], "hand-over") == 0;
    for (size_t i = 0; i < LK_ARRAY_SIZE(verbs); i++) {
        bool fits = ctl->word_count >= verbs[i].least && ctl->word_count <= verbs[i].most;
        bool code_fits = wants_code || lk_ctl_more(ctl, LK_OPT_CODE_FILE) == NULL;
        if (strcmp(ctl->words[0], verbs[i].verb) == 0 && fits && code_fits) {
            return verbs[i].run(ctl);
        }
    }
    return lk_ctl_complain(ctl, LK_EXIT_USAGE, "usage", "ctl.error.words", LK_WORDS({"command", "item"}));
}

/* --- recalls */

static const char *recall_note(struct lk_ctl *ctl, const json_t *item)
{
    static const struct {
        const char *key, *label;
    } notes[] = {{"cancelled", "ctl.item.cancelled"},
                 {"rejected", "ctl.item.rejected"},
                 {"dropoff", "ctl.item.dropoff"},
                 {"overdue", "ctl.item.overdue"}};
    for (size_t i = 0; i < LK_ARRAY_SIZE(notes); i++) {
        if (json_is_true(json_object_get(item, notes[i].key))) {
            return lk_say_text(ctl->lang, notes[i].label);
        }
    }
    return "";
}

static void human_recalls(struct lk_ctl *ctl, const json_t *r)
{
    static const char *const header[] = {"ctl.col.door", "ctl.col.item", "ctl.col.name",   "ctl.col.size",
                                         "ctl.col.to",   "ctl.col.note", "ctl.col.waybill"};
    struct lk_table t = {.columns = 7};
    const json_t *items = json_object_get(r, "items"), *item;
    char b[7][LK_SHOW_CELL];
    size_t i;
    if (json_array_size(items) == 0) {
        lk_say(stdout, ctl->lang, "ctl.recalls.none", NULL);
        return;
    }
    lk_show_header(ctl, &t, header);
    json_array_foreach(items, i, item)
    {
        const char *cells[] = {
            lk_ctl_get(item, "door", b[0], LK_SHOW_CELL),       lk_ctl_get(item, "item", b[1], LK_SHOW_CELL),
            lk_ctl_get(item, "name", b[2], LK_SHOW_CELL),       lk_ctl_get(item, "size", b[3], LK_SHOW_CELL),
            lk_show_word(ctl, item, "to", "ctl.custody", b[4]), recall_note(ctl, item),
            lk_ctl_get(item, "waybill", b[6], LK_SHOW_CELL)};
        lk_table_add(&t, cells);
    }
    lk_table_print(&t, stdout);
    lk_table_free(&t);
}

int lk_cmd_recalls(struct lk_ctl *ctl)
{
    bool round = lk_ctl_more(ctl, LK_OPT_ROUND) != NULL;
    return lk_show(ctl, "recalls", json_pack("{s:b}", "round", round), human_recalls, NULL);
}

/* --- purge */

static void human_purge(struct lk_ctl *ctl, const json_t *r)
{
    char a[LK_SHOW_CELL], b[LK_SHOW_CELL];
    bool dry = json_is_true(json_object_get(r, "dry_run"));
    bool synced = !json_is_false(json_object_get(r, "synced"));
    lk_say(
        stdout, ctl->lang, dry ? "ctl.purge.would" : "ctl.purge.done",
        LK_WORDS({"erase", lk_ctl_get(r, "erase", a, sizeof(a))}, {"records", lk_ctl_get(r, "records", b, sizeof(b))}));
    if (!synced) {
        lk_say(stdout, ctl->lang, "ctl.purge.unsynced", NULL);
    }
}

/* Adds what the next request did to what was done so far. */
static void add_counts(json_t *sum, const json_t *next)
{
    static const char *const keys[] = {"erase", "records"};
    for (size_t i = 0; i < LK_ARRAY_SIZE(keys); i++) {
        json_object_set_new(sum, keys[i], json_integer(lk_ctl_int(sum, keys[i]) + lk_ctl_int(next, keys[i])));
    }
    json_object_set(sum, "more", json_object_get(next, "more"));
}

/* The daemon does a handful at a time, so that no door waits for it. */
static int purge_all(struct lk_ctl *ctl, bool dry, json_t **ret_sum)
{
    int code = lk_ctl_call(ctl, "purge", json_pack("{s:b}", "dry_run", dry), !dry, NULL, ret_sum);
    while (code == LK_EXIT_OK && json_is_true(json_object_get(*ret_sum, "more"))) {
        json_t *next = NULL;
        code = lk_ctl_call(ctl, "purge", json_pack("{s:b}", "dry_run", dry), true, NULL, &next);
        if (code == LK_EXIT_OK) {
            add_counts(*ret_sum, next);
        }
        json_decref(next);
    }
    return code;
}

int lk_cmd_purge(struct lk_ctl *ctl)
{
    json_t *result = NULL;
    int code = purge_all(ctl, lk_ctl_more(ctl, LK_OPT_DRY_RUN) != NULL, &result);
    if (code == LK_EXIT_OK && ctl->json) {
        lk_ctl_print_json(result);
    } else if (code == LK_EXIT_OK) {
        human_purge(ctl, result);
    }
    json_decref(result);
    return code;
}
