#include "inspect.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

enum { LOOK_MS = 250, SHUT_MS = 4000, JOURNAL_MAX = 1 << 20 };

/* One door under inspection. */
struct visit {
    struct lk_inspection *i;
    const char *door;
    char state[LK_SHOW_CELL], use[LK_SHOW_CELL], item[LK_SHOW_CELL], custody[LK_SHOW_CELL];
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

static int write_finding(const struct visit *v)
{
    char at[32] = "";
    time_t now = time(NULL);
    struct tm tm;
    if (gmtime_r(&now, &tm)) {
        (void)strftime(at, sizeof(at), "%Y-%m-%dT%H:%M:%SZ", &tm);
    }
    json_t *f =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "at", at, "who", v->i->who, "door", v->door, "expected",
                  v->item, "custody", v->custody, "found", v->found, "verdict", v->verdict, "detail", v->detail);
    LK_CLEANUP(lk_freep) char *text = json_dumps(f, JSON_COMPACT);
    json_array_append_new(v->i->findings, f);
    if (v->i->journal < 0) {
        return LK_EXIT_OK;
    }
    bool good = text && dprintf(v->i->journal, "%s\n", text) > 0 && fsync(v->i->journal) == 0;
    return good ? LK_EXIT_OK : complain_journal(v->i, lk_ctl_more(v->i->ctl, LK_OPT_JOURNAL), errno);
}

/* --- what the daemon knows */

static int read_door(struct visit *v)
{
    json_t *answer = NULL, *found = NULL, *d;
    size_t k;
    char buf[LK_SHOW_CELL];
    int code = lk_ctl_call(v->i->ctl, "doors", NULL, false, NULL, &answer);
    json_array_foreach(json_object_get(answer, "doors"), k, d)
    {
        if (strcmp(lk_ctl_get(d, "door", buf, sizeof(buf)), v->door) == 0) {
            found = d;
        }
    }
    (void)lk_text_copy(v->state, sizeof(v->state), lk_ctl_get(found, "state", buf, sizeof(buf)));
    (void)lk_text_copy(v->use, sizeof(v->use), lk_ctl_get(found, "use", buf, sizeof(buf)));
    (void)lk_text_copy(v->item, sizeof(v->item), lk_ctl_get(found, "item", buf, sizeof(buf)));
    json_decref(answer);
    return code;
}

static int read_custody(struct visit *v)
{
    json_t *answer = NULL;
    char buf[LK_SHOW_CELL];
    v->custody[0] = '\0';
    if (v->item[0] == '\0') {
        return LK_EXIT_OK;
    }
    int code = lk_ctl_call(v->i->ctl, "items", json_pack("{s:s}", "item", v->item), false, NULL, &answer);
    const json_t *item = json_array_get(json_object_get(answer, "items"), 0);
    (void)lk_text_copy(v->custody, sizeof(v->custody), lk_ctl_get(item, "custody", buf, sizeof(buf)));
    json_decref(answer);
    return code;
}

static bool is_open(const struct visit *v)
{
    return strcmp(v->state, "open") == 0 || strcmp(v->state, "left_open") == 0 || strcmp(v->state, "forced") == 0;
}

/* A change that the daemon may refuse without ending the inspection: then the reason goes into the finding. */
static int try_change(struct visit *v, const char *cmd, json_t *args, bool *ret_done)
{
    json_t *result = NULL;
    int code = lk_ctl_call(v->i->ctl, cmd, args, true, NULL, &result);
    json_decref(result);
    *ret_done = code == LK_EXIT_OK;
    if (code == LK_EXIT_REFUSED || code == LK_EXIT_FAILED) {
        struct lk_text t = lk_text_init(v->detail, sizeof(v->detail));
        lk_text_addf(&t, "%s: %s", cmd, v->i->ctl->reason);
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
    lk_person_word(&say, "door", v->door);
    lk_person_word(&say, "item", v->item[0] != '\0' ? v->item : "-");
    lk_person_word(&say, "custody",
                   v->custody[0] != '\0' ? lk_say_word(v->i->ctl->lang, "ctl.custody", v->custody, buf, sizeof(buf))
                                         : "-");
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
    char item[LK_SHOW_CELL];
    int choice = 0, code = LK_EXIT_OK;
    (void)lk_text_copy(item, sizeof(item), v->item);
    while (code == LK_EXIT_OK && choice == 0) {
        code = choose(v, "shut_it", "shut", choices, &choice);
        code = code == LK_EXIT_OK && choice == 0 ? wait_shut(v) : code;
        if (!is_open(v)) {
            break;
        }
    }
    (void)lk_text_copy(v->item, sizeof(v->item), item);
    return code;
}

/* --- settling */

static int settle_to(struct visit *v, const char *to)
{
    bool done = false;
    int code = try_change(v, "settle", json_pack("{s:s, s:s, s:s}", "item", v->item, "to", to, "why", why(v)), &done);
    v->verdict = done ? "settled" : "unsettled";
    if (done) {
        struct lk_text t = lk_text_init(v->detail, sizeof(v->detail));
        lk_text_add(&t, to);
    }
    return code;
}

static int offer(struct visit *v, const char *key, const char *cmd, bool *ret_done)
{
    static const char *const choices[] = {"y", "n", NULL};
    int choice = 1, code = choose(v, key, "y", choices, &choice);
    *ret_done = false;
    if (code != LK_EXIT_OK || choice != 0) {
        return code;
    }
    return try_change(v, cmd, json_pack("{s:s, s:s}", "door", v->door, "why", why(v)), ret_done);
}

/* It should be there, or nobody knew, and it is not. */
static int settle_absent(struct visit *v)
{
    static const char *const choices[] = {"at_window", "with_courier", "collected", "returned", "unknown", NULL};
    int choice = 4;
    bool done;
    v->verdict = "missing";
    if (strcmp(v->custody, "unknown") != 0) {
        struct lk_com_say say = about(v, "missing");
        lk_person_tell(&v->i->person, &say);
        return LK_EXIT_OK;
    }
    int code = choose(v, "where_is_it", "unknown", choices, &choice);
    if (code != LK_EXIT_OK || choice == 4) {
        return code;
    }
    code = settle_to(v, choices[choice]);
    return code == LK_EXIT_OK && strcmp(v->verdict, "settled") == 0 ? offer(v, "unblock_it", "unblock", &done) : code;
}

static int settle_empty(struct visit *v)
{
    bool done;
    v->verdict = "as_expected";
    return strcmp(v->use, "blocked") == 0 ? offer(v, "unblock_it", "unblock", &done) : LK_EXIT_OK;
}

/* Something lies where nothing, or something else, should. */
static int settle_foreign(struct visit *v)
{
    bool done;
    v->verdict = "foreign";
    return strcmp(v->use, "free") == 0 ? offer(v, "block_it", "block", &done) : LK_EXIT_OK;
}

static int settle(struct visit *v)
{
    if (strcmp(v->found, "other") == 0) {
        return settle_foreign(v);
    }
    if (v->item[0] == '\0') {
        return settle_empty(v);
    }
    if (strcmp(v->found, "absent") == 0) {
        return settle_absent(v);
    }
    v->verdict = "as_expected";
    return strcmp(v->custody, "unknown") == 0 ? settle_to(v, "in_locker") : LK_EXIT_OK;
}

/* --- one door */

static int ask_inside(struct visit *v)
{
    static const char *const with_item[] = {"there", "absent", "other", NULL}, *const without[] = {"empty", "other",
                                                                                                   NULL};
    bool expects = v->item[0] != '\0';
    int choice = 0, code = choose(v, expects ? "inside" : "inside_empty", NULL, expects ? with_item : without, &choice);
    v->found = expects ? with_item[choice] : without[choice];
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

int lk_inspect_door(struct lk_inspection *i, const char *door)
{
    static const char *const choices[] = {"open", "skip", NULL};
    struct visit v = {.i = i, .door = door, .found = "skipped", .verdict = "skipped"};
    int choice = 0, code = read_door(&v);
    code = code == LK_EXIT_OK ? read_custody(&v) : code;
    code = code == LK_EXIT_OK ? choose(&v, is_open(&v) ? "look" : "open_it", "open", choices, &choice) : code;
    code = code == LK_EXIT_OK && choice == 0 ? look_inside(&v) : code;
    return code == LK_EXIT_OK ? write_finding(&v) : code;
}
