#include "inspect.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

enum { LOOK_MS = 250, SHUT_MS = 4000, JOURNAL_MAX = 1 << 20, THINGS_MOST = 8, ITEM_MAX = 64 };

/* An item that the records have in the compartment. */
struct thing {
    char item[LK_SHOW_CELL], custody[LK_SHOW_CELL]; /* custody: before this visit */
    bool there;
};

/* One door under inspection. */
struct visit {
    struct lk_inspection *i;
    const char *door;
    char state[LK_SHOW_CELL], use[LK_SHOW_CELL];
    struct thing thing[THINGS_MOST];
    unsigned things, at;      /* at: the one that is talked about */
    bool foreign;             /* something else lies there */
    char what[LK_COM_ANSWER]; /* its number, "" when it has none */
    const char *found, *verdict;
    char detail[LK_COM_TEXT];
};

/* --- the journal */

static int complain_journal(struct lk_inspection *i, const char *path, int error)
{
    const char *key = error == EEXIST        ? "ctl.error.journal_there"
                      : error == ENOENT      ? "ctl.error.journal_missing"
                      : error == EWOULDBLOCK ? "ctl.error.journal_busy"
                                             : "ctl.error.journal";
    int code = error == EWOULDBLOCK                 ? LK_EXIT_BUSY
               : error == EEXIST || error == ENOENT ? LK_EXIT_USAGE
                                                    : LK_EXIT_FAILED;
    return lk_ctl_complain(i->ctl, code, "journal", key, LK_WORDS({"path", path}, {"error", strerror(error)}));
}

/* Takes the findings of whole lines over and cuts off a broken last one. */
static int read_journal(struct lk_inspection *i, const char *path)
{
    LK_CLEANUP(lk_freep) char *text = malloc(JOURNAL_MAX);
    ssize_t n = text ? pread(i->journal, text, JOURNAL_MAX, 0) : -1;
    if (n < 0 || n == JOURNAL_MAX) {
        return complain_journal(i, path, n < 0 ? errno : EFBIG);
    }
    size_t at = 0;
    for (char *end; (end = memchr(text + at, '\n', (size_t)n - at)); at = (size_t)(end - text) + 1) {
        json_t *finding = json_loadb(text + at, (size_t)(end - text) - at, JSON_REJECT_DUPLICATES, NULL);
        if (!json_is_string(json_object_get(finding, "door"))) {
            json_decref(finding);
            return complain_journal(i, path, EBADMSG);
        }
        json_array_append_new(i->findings, finding);
    }
    return ftruncate(i->journal, (off_t)at) < 0 || lseek(i->journal, 0, SEEK_END) < 0 ? complain_journal(i, path, errno)
                                                                                      : LK_EXIT_OK;
}

int lk_inspect_journal_open(struct lk_inspection *i)
{
    const char *path = lk_ctl_more(i->ctl, LK_OPT_JOURNAL);
    bool resume = lk_ctl_more(i->ctl, LK_OPT_RESUME) != NULL;
    if (!path) {
        return resume ? lk_ctl_complain(i->ctl, LK_EXIT_USAGE, "usage", "ctl.error.resume", NULL) : LK_EXIT_OK;
    }
    i->journal = open(path, O_RDWR | O_CLOEXEC | (resume ? 0 : O_CREAT | O_EXCL), 0640);
    if (i->journal < 0 || flock(i->journal, LOCK_EX | LOCK_NB) < 0) {
        return complain_journal(i, path, errno);
    }
    return read_journal(i, path);
}

bool lk_inspect_is_done(const struct lk_inspection *i, const char *door)
{
    char buf[LK_SHOW_CELL];
    size_t k;
    json_t *f;
    json_array_foreach(i->findings, k, f)
    {
        if (strcmp(lk_ctl_get(f, "door", buf, sizeof(buf)), door) == 0) {
            return true;
        }
    }
    return false;
}

/* All that should be there, with blanks between. */
static const char *expected(const struct visit *v, char *buf, size_t cap)
{
    struct lk_text t = lk_text_init(buf, cap);
    for (unsigned n = 0; n < v->things; n++) {
        lk_text_addf(&t, "%s%s", n == 0 ? "" : " ", v->thing[n].item);
    }
    return buf;
}

static int write_finding(const struct visit *v)
{
    char at[32] = "", items[THINGS_MOST * (ITEM_MAX + 2)];
    time_t now = time(NULL);
    struct tm tm;
    if (gmtime_r(&now, &tm)) {
        (void)strftime(at, sizeof(at), "%Y-%m-%dT%H:%M:%SZ", &tm);
    }
    json_t *f =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "at", at, "who", v->i->who, "door", v->door, "expected",
                  expected(v, items, sizeof(items)), "custody", v->things > 0 ? v->thing[0].custody : "", "found",
                  v->found, "verdict", v->verdict, "detail", v->detail);
    LK_CLEANUP(lk_freep) char *text = json_dumps(f, JSON_COMPACT);
    json_array_append_new(v->i->findings, f);
    if (v->i->journal < 0) {
        return LK_EXIT_OK;
    }
    bool good = text && dprintf(v->i->journal, "%s\n", text) > 0 && fsync(v->i->journal) == 0;
    return good ? LK_EXIT_OK : complain_journal(v->i, lk_ctl_more(v->i->ctl, LK_OPT_JOURNAL), errno);
}

/* What came to light besides the verdict, one after the other; cut where there is no room for a whole character. */
static void add_detail(struct visit *v, const char *what, const char *more)
{
    size_t used = strlen(v->detail);
    struct lk_text t = lk_text_init(v->detail + used, sizeof(v->detail) - used);
    lk_text_addf(&t, "%s%s%s%s", used > 0 ? "; " : "", what, more[0] != '\0' ? ": " : "", more);
    for (size_t n = strlen(v->detail); n > 0 && !lk_text_is_utf8(v->detail, n); n--) {
        v->detail[n - 1] = '\0';
    }
}

/* --- what the daemon knows */

static int read_door(struct visit *v)
{
    json_t *answer = NULL, *d;
    size_t k;
    char buf[LK_SHOW_CELL];
    int code = lk_ctl_call(v->i->ctl, "doors", NULL, false, NULL, &answer);
    json_array_foreach(json_object_get(answer, "doors"), k, d)
    {
        if (strcmp(lk_ctl_get(d, "door", buf, sizeof(buf)), v->door) == 0) {
            (void)lk_text_copy(v->state, sizeof(v->state), lk_ctl_get(d, "state", buf, sizeof(buf)));
            (void)lk_text_copy(v->use, sizeof(v->use), lk_ctl_get(d, "use", buf, sizeof(buf)));
        }
    }
    json_decref(answer);
    return code;
}

/* Where the records have an item; "" when they do not know it. */
static int read_custody(struct visit *v, const char *item, char ret_custody[LK_SHOW_CELL])
{
    json_t *answer = NULL;
    char buf[LK_SHOW_CELL];
    int code = lk_ctl_call(v->i->ctl, "items", json_pack("{s:s}", "item", item), false, NULL, &answer);
    const json_t *row = json_array_get(json_object_get(answer, "items"), 0);
    (void)lk_text_copy(ret_custody, LK_SHOW_CELL, lk_ctl_get(row, "custody", buf, sizeof(buf)));
    json_decref(answer);
    return code;
}

static int read_thing(struct visit *v, const char *item)
{
    if (v->things == THINGS_MOST || item[0] == '\0') {
        return LK_EXIT_OK;
    }
    struct thing *thing = &v->thing[v->things++];
    (void)lk_text_copy(thing->item, sizeof(thing->item), item);
    return read_custody(v, item, thing->custody);
}

/* The item the door is about, and those that lie with it. `row` is the door as `doors` tells of it. */
static int read_things(struct visit *v, const json_t *row)
{
    char buf[LK_SHOW_CELL];
    size_t k;
    const json_t *other;
    int code = read_thing(v, lk_ctl_get(row, "item", buf, sizeof(buf)));
    json_array_foreach(json_object_get(row, "others"), k, other)
    {
        code = code == LK_EXIT_OK && json_is_string(other) ? read_thing(v, json_string_value(other)) : code;
    }
    return code;
}

static bool is_open(const struct visit *v)
{
    return strcmp(v->state, "open") == 0 || strcmp(v->state, "left_open") == 0 || strcmp(v->state, "forced") == 0;
}

/* Who is not let in now will not be for the next door either. */
static bool stops_all(const char *reason)
{
    return strcmp(reason, "sign_in_failed") == 0 || strcmp(reason, "locked_out") == 0 ||
           strcmp(reason, "not_allowed") == 0;
}

/* A change that the daemon may refuse without ending the inspection: then the reason goes into the finding. */
static int try_change(struct visit *v, const char *cmd, json_t *args, bool *ret_done)
{
    json_t *result = NULL;
    int code = lk_ctl_call(v->i->ctl, cmd, args, true, NULL, &result);
    json_decref(result);
    *ret_done = code == LK_EXIT_OK;
    if ((code == LK_EXIT_REFUSED || code == LK_EXIT_FAILED) && !stops_all(v->i->ctl->reason)) {
        add_detail(v, cmd, v->i->ctl->reason);
        return LK_EXIT_OK;
    }
    return code;
}

static const char *why(const struct visit *v)
{
    return v->i->ctl->why ? v->i->ctl->why : "inspection";
}

/* --- the person */

static struct lk_com_say about(const struct visit *v, const char *key)
{
    char buf[LK_SHOW_CELL];
    struct lk_com_say say = {.key = key};
    const struct thing *thing = v->at < v->things ? &v->thing[v->at] : NULL;
    lk_person_word(&say, "door", v->door);
    lk_person_word(&say, "item", thing ? thing->item : "-");
    lk_person_word(&say, "custody",
                   thing ? lk_say_word(v->i->ctl->lang, "ctl.custody", thing->custody, buf, sizeof(buf)) : "-");
    lk_person_word(&say, "state", lk_say_word(v->i->ctl->lang, "ctl.door", v->state, buf, sizeof(buf)));
    return say;
}

/* One of the answers in `choices` (NULL at the end), as its index. */
static int choose(struct visit *v, const char *key, const char *preset, const char *const *choices, int *ret_choice)
{
    char text[LK_COM_ANSWER];
    struct lk_com_say q = about(v, key);
    q.preset = preset;
    for (;;) {
        int r = lk_person_question(&v->i->person, &q, text, sizeof(text));
        if (r < 0) {
            return LK_EXIT_LEFT;
        }
        for (int i = 0; choices[i]; i++) {
            if (strcmp(text, choices[i]) == 0) {
                *ret_choice = i;
                return LK_EXIT_OK;
            }
        }
        struct lk_com_say say = {.key = "not_understood"};
        lk_person_word(&say, "text", text);
        lk_person_tell(&v->i->person, &say);
    }
}

static int wait_shut(struct visit *v)
{
    int64_t until_ms = lk_person_now_ms() + SHUT_MS;
    int code = read_door(v);
    while (code == LK_EXIT_OK && is_open(v) && lk_person_now_ms() < until_ms) {
        if (lk_person_wait(&v->i->person, -1, lk_person_now_ms() + LOOK_MS) < 0) {
            return LK_EXIT_LEFT;
        }
        code = read_door(v);
    }
    return code;
}

/* Until the daemon sees it shut, or the person gives up on it. */
static int have_it_shut(struct visit *v)
{
    static const char *const choices[] = {"shut", "skip", NULL};
    int choice = 0, code = LK_EXIT_OK;
    while (code == LK_EXIT_OK && choice == 0) {
        code = choose(v, "shut_it", "shut", choices, &choice);
        code = code == LK_EXIT_OK && choice == 0 ? wait_shut(v) : code;
        if (!is_open(v)) {
            break;
        }
    }
    return code;
}

/* --- settling */

/* The worst that was found is the door's verdict. */
static void judge(struct visit *v, const char *verdict)
{
    static const char *const ranks[] = {"as_expected", "settled", "unsettled", "foreign", "missing"};
    size_t now = 0, then = 0;
    for (size_t n = 0; n < LK_ARRAY_SIZE(ranks); n++) {
        now = strcmp(ranks[n], v->verdict) == 0 ? n : now;
        then = strcmp(ranks[n], verdict) == 0 ? n : then;
    }
    v->verdict = ranks[then > now ? then : now];
}

static int settle_to(struct visit *v, const char *item, const char *to, bool *ret_done)
{
    int code = try_change(v, "settle", json_pack("{s:s, s:s, s:s}", "item", item, "to", to, "why", why(v)), ret_done);
    if (*ret_done) {
        add_detail(v, item, to);
    }
    return code;
}

static int offer(struct visit *v, const char *key, const char *preset, const char *cmd)
{
    static const char *const choices[] = {"y", "n", NULL};
    bool done;
    int choice = 1, code = choose(v, key, preset, choices, &choice);
    return code != LK_EXIT_OK || choice != 0
               ? code
               : try_change(v, cmd, json_pack("{s:s, s:s}", "door", v->door, "why", why(v)), &done);
}

static bool all_there(const struct visit *v)
{
    for (unsigned n = 0; n < v->things; n++) {
        if (!v->thing[n].there) {
            return false;
        }
    }
    return true;
}

/* The daemon compares what was seen with its records. An item that should be there and is not becomes unknown, and all
 * that lie with it; what lies where nothing should blocks its compartment. */
static int record(struct visit *v)
{
    bool done, holds = v->things > 0 ? all_there(v) : v->foreign;
    return try_change(v, "inspected", json_pack("{s:s, s:b, s:s}", "door", v->door, "holds", holds, "why", why(v)),
                      &done);
}

/* It should be there, or nobody knew, and it is not. *ret_settled: it is known now where it is. */
static int settle_absent(struct visit *v, bool was_unknown, bool *ret_settled)
{
    static const char *const choices[] = {"at_window", "with_courier", "collected", "returned", "unknown", NULL};
    int choice = 4;
    if (!was_unknown) {
        struct lk_com_say say = about(v, "missing");
        lk_person_tell(&v->i->person, &say);
    }
    int code = choose(v, "where_is_it", "unknown", choices, &choice);
    if (code == LK_EXIT_OK && choice != 4) {
        code = settle_to(v, v->thing[v->at].item, choices[choice], ret_settled);
    }
    judge(v, !was_unknown ? "missing" : *ret_settled ? "settled" : "unsettled");
    return code;
}

/* One of the items that should be there. *ret_gone: it is not, and it is known where it is. */
static int settle_thing(struct visit *v, bool *ret_gone)
{
    const struct thing *thing = &v->thing[v->at];
    char now[LK_SHOW_CELL];
    bool was_unknown = strcmp(thing->custody, "unknown") == 0, done = false;
    int code = read_custody(v, thing->item, now);
    *ret_gone = false;
    if (code != LK_EXIT_OK || strcmp(now, "unknown") != 0) {
        judge(v, thing->there ? "as_expected" : "missing");
        return code;
    }
    if (!thing->there) {
        return settle_absent(v, was_unknown, ret_gone);
    }
    code = settle_to(v, thing->item, "in_locker", &done);
    judge(v, !done ? "unsettled" : was_unknown ? "settled" : "as_expected");
    return code;
}

/* Something that should not be there and has a number: if nobody knew where it was, it is taken along now. */
static int settle_what(struct visit *v)
{
    static const char *const choices[] = {"at_window", "with_courier", "returned", "unknown", NULL};
    char custody[LK_SHOW_CELL], buf[LK_SHOW_CELL];
    bool done, number = lk_text_is_id(v->what, ITEM_MAX);
    int choice = 3, code = number ? read_custody(v, v->what, custody) : LK_EXIT_OK;
    if (!number) { /* "a lunch box" */
        add_detail(v, v->what, "");
        return LK_EXIT_OK;
    }
    add_detail(v, v->what, custody[0] != '\0' ? custody : "not in the records");
    if (code != LK_EXIT_OK || strcmp(custody, "unknown") != 0) {
        struct lk_com_say say = about(v, "foreign_known");
        lk_person_word(&say, "what", v->what);
        lk_person_word(&say, "where",
                       custody[0] != '\0' ? lk_say_word(v->i->ctl->lang, "ctl.custody", custody, buf, sizeof(buf))
                                          : "-");
        lk_person_tell(&v->i->person, &say);
        return code;
    }
    code = choose(v, "where_to", "unknown", choices, &choice);
    return code == LK_EXIT_OK && choice != 3 ? settle_to(v, v->what, choices[choice], &done) : code;
}

static int settle_foreign(struct visit *v)
{
    judge(v, "foreign");
    int code = v->what[0] != '\0' ? settle_what(v) : LK_EXIT_OK;
    return code == LK_EXIT_OK && v->things == 0 ? offer(v, "taken_out", "n", "unblock") : code;
}

static int settle(struct visit *v)
{
    unsigned gone = 0;
    v->verdict = "as_expected";
    int code = record(v);
    for (v->at = 0; code == LK_EXIT_OK && v->at < v->things; v->at++) {
        bool is_gone = false;
        code = settle_thing(v, &is_gone);
        gone += is_gone;
    }
    v->at = 0;
    if (code == LK_EXIT_OK && v->foreign) {
        return settle_foreign(v);
    }
    bool empty = gone == v->things && (v->things > 0 || strcmp(v->use, "blocked") == 0);
    return code == LK_EXIT_OK && empty ? offer(v, "unblock_it", "y", "unblock") : code;
}

/* --- one door */

/* There, absent, or something else in its place: asked of each item that should be there. */
static int ask_things(struct visit *v)
{
    static const char *const choices[] = {"there", "absent", "other", NULL};
    int code = LK_EXIT_OK;
    for (v->at = 0; code == LK_EXIT_OK && v->at < v->things; v->at++) {
        int choice = 0;
        code = choose(v, "inside", NULL, choices, &choice);
        v->thing[v->at].there = choice == 0;
        v->foreign = v->foreign || choice == 2;
    }
    v->at = 0;
    return code;
}

static const char *what_was_found(const struct visit *v)
{
    unsigned there = 0;
    for (unsigned n = 0; n < v->things; n++) {
        there += v->thing[n].there;
    }
    return v->things == 0             ? v->foreign ? "other" : "empty"
           : there == v->things       ? "there"
           : v->foreign && there == 0 ? "other"
           : there == 0               ? "absent"
                                      : "some";
}

static int ask_inside(struct visit *v)
{
    static const char *const choices[] = {"empty", "other", NULL};
    int choice = 0, code = v->things > 0 ? ask_things(v) : choose(v, "inside_empty", NULL, choices, &choice);
    v->foreign = v->foreign || choice == 1;
    v->found = what_was_found(v);
    if (code == LK_EXIT_OK && v->foreign) {
        struct lk_com_say q = about(v, "what_is_it");
        q.preset = "";
        code = lk_person_question(&v->i->person, &q, v->what, sizeof(v->what)) < 0 ? LK_EXIT_LEFT : LK_EXIT_OK;
    }
    return code;
}

/* Opens it unless it stands open. *ret_open false: it did not, and the finding says why. */
static int open_it(struct visit *v, bool *ret_open)
{
    *ret_open = is_open(v);
    if (*ret_open) {
        return LK_EXIT_OK;
    }
    int code = try_change(v, "open", json_pack("{s:s, s:s}", "door", v->door, "why", why(v)), ret_open);
    int again = code == LK_EXIT_OK ? read_door(v) : code;
    *ret_open = *ret_open && again == LK_EXIT_OK && is_open(v);
    if (again == LK_EXIT_OK && !*ret_open) {
        v->found = v->verdict = "not_opened";
        struct lk_com_say say = about(v, "not_opened");
        lk_person_word(&say, "detail", v->detail);
        lk_person_tell(&v->i->person, &say);
    }
    return again;
}

static int look_inside(struct visit *v)
{
    bool opened = false;
    int code = open_it(v, &opened);
    if (code != LK_EXIT_OK || !opened) {
        return code;
    }
    code = ask_inside(v);
    code = code == LK_EXIT_OK ? have_it_shut(v) : code;
    return code == LK_EXIT_OK ? settle(v) : code;
}

int lk_inspect_door(struct lk_inspection *i, const json_t *row)
{
    static const char *const choices[] = {"open", "skip", NULL};
    char label[LK_SHOW_CELL];
    struct visit v = {.i = i, .found = "skipped", .verdict = "skipped"};
    v.door = lk_ctl_get(row, "door", label, sizeof(label));
    int choice = 0, code = read_door(&v);
    code = code == LK_EXIT_OK ? read_things(&v, row) : code;
    code = code == LK_EXIT_OK ? choose(&v, is_open(&v) ? "look" : "open_it", "open", choices, &choice) : code;
    code = code == LK_EXIT_OK && choice == 0 ? look_inside(&v) : code;
    return code == LK_EXIT_OK ? write_finding(&v) : code;
}
