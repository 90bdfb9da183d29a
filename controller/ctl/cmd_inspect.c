/* lockerctl inspect: staff open, look at and settle doors one by one, with the daemon running. What is found goes into
 * a journal first, so that an inspection that was interrupted goes on behind the last door. */
#include "inspect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* --- which doors */

static bool is_odd(const json_t *door)
{
    char a[LK_SHOW_CELL], b[LK_SHOW_CELL], c[LK_SHOW_CELL];
    const char *state = lk_ctl_get(door, "state", a, sizeof(a)), *use = lk_ctl_get(door, "use", b, sizeof(b));
    return strcmp(state, "closed") != 0 || strcmp(use, "blocked") == 0 ||
           lk_ctl_get(door, "reason", c, sizeof(c))[0] != '\0';
}

static bool is_meant(const struct lk_inspection *i, const json_t *door)
{
    char a[LK_SHOW_CELL], b[LK_SHOW_CELL];
    const char *label = lk_ctl_get(door, "door", a, sizeof(a)), *bank = lk_ctl_get(door, "bank", b, sizeof(b));
    const char *only = lk_ctl_more(i->ctl, LK_OPT_ONLY);
    bool meant = i->ctl->word_count == 0 || strcmp(i->ctl->words[0], "all") == 0;
    for (int w = 0; w < i->ctl->word_count; w++) {
        meant = meant || strcmp(i->ctl->words[w], label) == 0 || strcmp(i->ctl->words[w], bank) == 0;
    }
    if (only && strcmp(only, "occupied") == 0) {
        return meant && json_string_length(json_object_get(door, "item")) > 0;
    }
    return meant && (!only || is_odd(door));
}

/* Each word must name something: a mistyped door is not silently left out. */
static int check_words(struct lk_inspection *i, const json_t *doors)
{
    const char *only = lk_ctl_more(i->ctl, LK_OPT_ONLY);
    if (only && strcmp(only, "odd") != 0 && strcmp(only, "occupied") != 0) {
        return lk_ctl_complain(i->ctl, LK_EXIT_USAGE, "usage", "ctl.error.value",
                               LK_WORDS({"option", "only"}, {"value", only}));
    }
    for (int w = 0; w < i->ctl->word_count; w++) {
        const char *word = i->ctl->words[w];
        char buf[LK_SHOW_CELL];
        bool found = strcmp(word, "all") == 0;
        size_t k;
        const json_t *d;
        json_array_foreach(doors, k, d)
        {
            found = found || strcmp(word, lk_ctl_get(d, "door", buf, sizeof(buf))) == 0 ||
                    strcmp(word, lk_ctl_get(d, "bank", buf, sizeof(buf))) == 0;
        }
        if (!found) {
            return lk_ctl_complain(i->ctl, LK_EXIT_USAGE, "usage", "ctl.error.inspect_door", LK_WORDS({"door", word}));
        }
    }
    return LK_EXIT_OK;
}

/* --- the report */

static bool is_mismatch(const json_t *finding)
{
    char a[LK_SHOW_CELL];
    const char *verdict = lk_ctl_get(finding, "verdict", a, sizeof(a));
    return strcmp(verdict, "as_expected") != 0 && strcmp(verdict, "settled") != 0;
}

static json_t *make_report(const struct lk_inspection *i, bool whole)
{
    json_t *mismatches = json_array();
    size_t k;
    json_t *f;
    json_array_foreach(i->findings, k, f)
    {
        if (is_mismatch(f)) {
            json_array_append(mismatches, f);
        }
    }
    return json_pack("{s:s, s:b, s:b, s:i, s:i, s:o, s:O}", "who", i->who, "complete", whole, "round", i->recorded,
                     "looked_at", (int)json_array_size(i->findings), "doors", (int)i->meant, "mismatches", mismatches,
                     "findings", i->findings);
}

static void print_table(const struct lk_inspection *i, const json_t *list)
{
    static const char *const header[] = {"ctl.col.door", "ctl.col.expected", "ctl.col.found", "ctl.col.verdict",
                                         "ctl.col.detail"};
    struct lk_table t = {.columns = 5};
    size_t k;
    json_t *f;
    lk_show_header(i->ctl, &t, header);
    json_array_foreach(list, k, f)
    {
        char b[5][LK_SHOW_CELL];
        const char *cells[] = {lk_ctl_get(f, "door", b[0], LK_SHOW_CELL), lk_ctl_get(f, "expected", b[1], LK_SHOW_CELL),
                               lk_show_word(i->ctl, f, "found", "ctl.inspect.found", b[2]),
                               lk_show_word(i->ctl, f, "verdict", "ctl.inspect.verdict", b[3]),
                               lk_ctl_get(f, "detail", b[4], LK_SHOW_CELL)};
        lk_table_add(&t, cells);
    }
    lk_table_print(&t, stdout);
    lk_table_free(&t);
}

static int write_report(const struct lk_inspection *i, json_t *report)
{
    const char *path = lk_ctl_more(i->ctl, LK_OPT_REPORT);
    char folder[LK_COM_PATH] = ".";
    if (!path) {
        return LK_EXIT_OK;
    }
    const char *slash = strrchr(path, '/');
    char *text = json_dumps(report, JSON_INDENT(2));
    struct lk_text t = lk_text_init(folder, sizeof(folder));
    lk_text_addf(&t, "%.*s", slash && slash != path ? (int)(slash - path) : 1, slash ? path : ".");
    int r = text ? lk_com_put(folder, slash ? slash + 1 : path, text) : -ENOMEM;
    free(text);
    return r == 0 ? LK_EXIT_OK
                  : lk_ctl_complain(i->ctl, LK_EXIT_FAILED, "report", "ctl.error.report",
                                    LK_WORDS({"path", path}, {"error", strerror(-r)}));
}

static int tell_report(struct lk_inspection *i, bool whole)
{
    json_t *report = make_report(i, whole), *bad = json_object_get(report, "mismatches");
    char looked[16], mismatches[16];
    size_t n = json_array_size(bad);
    (void)snprintf(looked, sizeof(looked), "%zu", json_array_size(i->findings));
    (void)snprintf(mismatches, sizeof(mismatches), "%zu", n);
    int code = write_report(i, report);
    if (i->ctl->json) {
        json_t *o = json_pack("{s:b, s:O}", "ok", 1, "result", report);
        lk_ctl_print_json(o);
        json_decref(o);
    } else {
        if (n > 0) {
            print_table(i, bad);
        }
        lk_say(stdout, i->ctl->lang, n > 0 ? "ctl.inspect.mismatches" : "ctl.inspect.good",
               LK_WORDS({"n", looked}, {"mismatches", mismatches}));
    }
    json_decref(report);
    return code != LK_EXIT_OK ? code : n > 0 ? LK_EXIT_FAULTS : LK_EXIT_OK;
}

/* --- the second person */

/* Opening more than one compartment without a code takes two people, where the site asks for that. */
static int ask_second(struct lk_inspection *i, const json_t *status)
{
    struct lk_com_say q = {.key = "second", .preset = ""};
    if (i->ctl->with || i->meant < 2 || lk_ctl_int(status, "two_person_s") == 0) {
        return LK_EXIT_OK;
    }
    do {
        if (lk_person_question(&i->person, &q, i->second, sizeof(i->second)) < 0) {
            return LK_EXIT_LEFT;
        }
    } while (i->second[0] != '\0' && !lk_text_is_id(i->second, sizeof(i->second) - 1));
    i->ctl->with = i->second[0] != '\0' ? i->second : NULL;
    return LK_EXIT_OK;
}

/* --- the doors one by one */

static int look_at(struct lk_inspection *i, const json_t *doors, bool occupied)
{
    size_t k;
    const json_t *d;
    json_array_foreach(doors, k, d)
    {
        char a[LK_SHOW_CELL], b[LK_SHOW_CELL];
        const char *label = lk_ctl_get(d, "door", a, sizeof(a));
        bool mine = !i->round || (strcmp(lk_ctl_get(d, "use", b, sizeof(b)), "occupied") == 0) == occupied;
        if (!mine || !is_meant(i, d) || lk_inspect_is_done(i, label)) {
            continue;
        }
        int code = lk_inspect_door(i, d);
        if (code != LK_EXIT_OK) {
            return code;
        }
    }
    return LK_EXIT_OK;
}

/* A round begins with what should be empty and what nobody is sure of: that is where a lost item lies. */
static int look_at_all(struct lk_inspection *i, const json_t *doors)
{
    int code = look_at(i, doors, false);
    return code == LK_EXIT_OK && i->round ? look_at(i, doors, true) : code;
}

static void count_meant(struct lk_inspection *i, const json_t *doors)
{
    size_t k;
    const json_t *d;
    json_array_foreach(doors, k, d)
    {
        i->meant += is_meant(i, d);
    }
}

/* --- the round */

/* When the last one was. */
static void tell_last_round(struct lk_inspection *i, const json_t *status)
{
    char a[LK_SHOW_CELL], b[LK_SHOW_CELL];
    const json_t *inspection = json_object_get(status, "inspection");
    const char *last = lk_ctl_get(inspection, "last", a, sizeof(a));
    struct lk_com_say say = {.key = last[0] != '\0' ? "last_round" : "no_round"};
    lk_person_word(&say, "time", lk_show_time(last, b));
    if (i->round) {
        lk_person_tell(&i->person, &say);
    }
}

static bool was_seen(const json_t *finding)
{
    char a[LK_SHOW_CELL];
    const char *found = lk_ctl_get(finding, "found", a, sizeof(a));
    return strcmp(found, "skipped") != 0 && strcmp(found, "not_opened") != 0;
}

/* The event log gets the round as a whole. Compartments nobody looked into are not counted as seen. */
static int record_round(struct lk_inspection *i)
{
    size_t k;
    const json_t *f;
    int seen = 0, bad = 0, missing = 0;
    char a[LK_SHOW_CELL];
    json_t *result = NULL;
    json_array_foreach(i->findings, k, f)
    {
        seen += was_seen(f);
        bad += was_seen(f) && is_mismatch(f);
        missing += strcmp(lk_ctl_get(f, "verdict", a, sizeof(a)), "missing") == 0;
    }
    if (!i->round || seen == 0) {
        return LK_EXIT_OK;
    }
    json_t *args = json_pack("{s:i, s:i, s:s}", "seen", seen, "mismatches", bad, "worst",
                             missing > 0 ? "not_found_inside" : "not_empty");
    if (i->ctl->why) {
        json_object_set_new(args, "why", json_string(i->ctl->why));
    }
    int code = lk_ctl_call(i->ctl, "round_done", args, true, NULL, &result);
    json_decref(result);
    i->recorded = code == LK_EXIT_OK;
    return code;
}

static int walk(struct lk_inspection *i, const json_t *doors)
{
    int code = look_at_all(i, doors);
    bool left = code == LK_EXIT_LEFT;
    code = code == LK_EXIT_OK ? record_round(i) : code;
    int told = code == LK_EXIT_OK || left ? tell_report(i, !left) : code;
    return left ? LK_EXIT_LEFT : told;
}

static int inspect(struct lk_inspection *i)
{
    json_t *answer = NULL, *status = NULL;
    int code = lk_ctl_call(i->ctl, "doors", NULL, false, NULL, &answer);
    const json_t *doors = json_object_get(answer, "doors");
    code = code == LK_EXIT_OK ? check_words(i, doors) : code;
    code = code == LK_EXIT_OK ? lk_ctl_call(i->ctl, "status", NULL, false, NULL, &status) : code;
    code = code == LK_EXIT_OK ? lk_inspect_journal_open(i) : code;
    if (code == LK_EXIT_OK) {
        count_meant(i, doors);
        tell_last_round(i, status);
        code = ask_second(i, status);
    }
    code = code == LK_EXIT_OK ? walk(i, doors) : code;
    json_decref(answer);
    json_decref(status);
    return code;
}

int lk_cmd_inspect(struct lk_ctl *ctl)
{
    LK_CLEANUP(lk_freep) struct lk_inspection *i = calloc(1, sizeof(*i));
    if (!i) {
        return LK_EXIT_FAILED;
    }
    i->ctl = ctl;
    i->journal = -1;
    i->round = lk_ctl_more(ctl, LK_OPT_ROUND) != NULL;
    i->findings = json_array();
    (void)lk_person_who(ctl, i->who, sizeof(i->who));
    int code = lk_person_open(&i->person, ctl, "ctl.inspect.", lk_ctl_more(ctl, LK_OPT_ANSWERS));
    code = code == LK_EXIT_OK ? inspect(i) : code;
    lk_person_close(&i->person);
    lk_closep(&i->journal);
    json_decref(i->findings);
    return code;
}
