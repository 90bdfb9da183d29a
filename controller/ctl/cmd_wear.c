/* lockerctl wear: what will fail before long, worst first; and that a part was replaced. */
#include "show.h"

#include <inttypes.h>
#include <string.h>

/* "480000/500000"; "480000" when nothing is watched; "" where there is no such part. */
static const char *of_rating(const json_t *d, const char *cycles, const char *rating, char *buf)
{
    struct lk_text t = lk_text_init(buf, LK_SHOW_CELL);
    if (json_is_integer(json_object_get(d, cycles))) {
        lk_text_addf(&t, "%" PRId64, lk_ctl_int(d, cycles));
        if (lk_ctl_int(d, rating) > 0) {
            lk_text_addf(&t, "/%" PRId64, lk_ctl_int(d, rating));
        }
    }
    return buf;
}

static const char *warnings(struct lk_ctl *ctl, const json_t *list, char *buf)
{
    struct lk_text t = lk_text_init(buf, LK_SHOW_CELL);
    size_t i;
    const json_t *word;
    json_array_foreach(list, i, word)
    {
        char cell[LK_SHOW_CELL];
        lk_text_addf(&t, "%s%s", i == 0 ? "" : " ",
                     lk_say_word(ctl->lang, "ctl.wear", json_string_value(word), cell, sizeof(cell)));
    }
    return buf;
}

static void print_doors(struct lk_ctl *ctl, const json_t *r)
{
    static const char *const header[] = {"ctl.col.door",     "ctl.col.wear",      "ctl.col.lock",
                                         "ctl.col.relay",    "ctl.col.openings",  "ctl.col.jams",
                                         "ctl.col.usual_ms", "ctl.col.lately_ms", "ctl.col.warnings"};
    struct lk_table t = {.columns = 9, .right = 0xFE};
    char b[9][LK_SHOW_CELL];
    size_t i;
    const json_t *d;
    lk_show_header(ctl, &t, header);
    json_array_foreach(json_object_get(r, "doors"), i, d)
    {
        struct lk_text percent = lk_text_init(b[1], LK_SHOW_CELL);
        lk_text_addf(&percent, "%" PRId64 "%%", lk_ctl_int(d, "percent"));
        const char *cells[] = {
            lk_ctl_get(d, "door", b[0], LK_SHOW_CELL),          b[1],
            of_rating(d, "lock_cycles", "lock_rating", b[2]),   of_rating(d, "relay_cycles", "relay_rating", b[3]),
            lk_ctl_get(d, "openings", b[4], LK_SHOW_CELL),      lk_ctl_get(d, "jams", b[5], LK_SHOW_CELL),
            lk_ctl_get(d, "baseline_ms", b[6], LK_SHOW_CELL),   lk_ctl_get(d, "lately_ms", b[7], LK_SHOW_CELL),
            warnings(ctl, json_object_get(d, "warnings"), b[8])};
        lk_table_add(&t, cells);
    }
    lk_table_print(&t, stdout);
    lk_table_free(&t);
}

/* What this machine cannot tell is left out. */
static void print_machine(struct lk_ctl *ctl, const json_t *m)
{
    static const struct {
        const char *key, *label, *text;
        bool bytes;
    } rows[] = {
        {"temperature", "ctl.wear.temperature", "ctl.wear.degrees", false},
        {"disk_life_percent", "ctl.wear.disk_life", "ctl.wear.used", false},
        {"disk_daily_bytes", "ctl.wear.disk_daily", "ctl.wear.a_day", true},
        {"own_daily_bytes", "ctl.wear.own_daily", "ctl.wear.a_day", true},
    };
    struct lk_table t = {.columns = 2};
    char b[LK_SHOW_CELL];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (json_is_integer(json_object_get(m, rows[i].key))) {
            const char *value =
                rows[i].bytes ? lk_show_bytes(m, rows[i].key, b) : lk_ctl_get(m, rows[i].key, b, sizeof(b));
            lk_show_row(ctl, &t, rows[i].label, rows[i].text, LK_WORDS({"n", value}));
        }
    }
    if (json_array_size(json_object_get(m, "warnings")) > 0) {
        lk_show_label(ctl, &t, "ctl.wear.warnings", warnings(ctl, json_object_get(m, "warnings"), b));
    }
    lk_table_print(&t, stdout);
    lk_table_free(&t);
}

static void human(struct lk_ctl *ctl, const json_t *r)
{
    print_doors(ctl, r);
    fputc('\n', stdout);
    print_machine(ctl, json_object_get(r, "machine"));
}

static int reset(struct lk_ctl *ctl)
{
    const char *part = lk_ctl_more(ctl, LK_OPT_PART);
    bool lock = part && strcmp(part, "lock") == 0;
    if (!lock && (!part || strcmp(part, "relay") != 0)) {
        return lk_ctl_complain(ctl, LK_EXIT_USAGE, "usage", "ctl.error.value",
                               LK_WORDS({"option", "--part"}, {"value", part ? part : ""}));
    }
    json_t *args = json_pack("{s:s,s:s,s:s}", "door", ctl->words[1], "part", part, "why",
                             ctl->why != NULL ? ctl->why : "lockerctl");
    return lk_show_change(ctl, "wear_reset", args, lock ? "ctl.wear.lock_new" : "ctl.wear.relay_new",
                          LK_WORDS({"door", ctl->words[1]}));
}

int lk_cmd_wear(struct lk_ctl *ctl)
{
    if (ctl->word_count == 0 && !ctl->why && !lk_ctl_more(ctl, LK_OPT_PART)) {
        return lk_show(ctl, "wear", NULL, human, NULL);
    }
    if (ctl->word_count == 2 && strcmp(ctl->words[0], "reset") == 0) {
        return reset(ctl);
    }
    return lk_ctl_complain(ctl, LK_EXIT_USAGE, "usage", "ctl.error.words", LK_WORDS({"command", "wear"}));
}
