/* lockerctl restore: a backup in the place of the database. lockerd does it, while it does not run as a daemon; here it
 * is shown what that means, and somebody says yes. */
#include "person.h"
#include "program.h"
#include "show.h"

#include "base/cleanup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define CONFIG_PATH "/etc/lockerd/lockerd.conf"

enum { ANSWER_MAX = 256 * 1024, SHOWN_MOST = 20 };

/* Runs it. LK_EXIT_OK and *ret_answer, or the exit code after a complaint. */
static int run_lockerd(struct lk_ctl *ctl, bool dry_run, json_t **ret_answer)
{
    char path[4096];
    const char *config = lk_ctl_more(ctl, LK_OPT_CONFIG), *argv[12] = {"lockerd", "--config"};
    size_t n = 2;
    argv[n++] = config ? config : CONFIG_PATH;
    argv[n++] = "--restore";
    argv[n++] = ctl->words[0];
    if (dry_run) {
        argv[n++] = "--dry-run";
    }
    if (lk_ctl_more(ctl, LK_OPT_WHOLE)) {
        argv[n++] = "--although-whole";
    }
    if (ctl->why) {
        argv[n++] = "--why";
        argv[n++] = ctl->why;
    }
    if (lk_program_find(lk_ctl_more(ctl, LK_OPT_LOCKERD), path, sizeof(path)) < 0) {
        return lk_ctl_complain(ctl, LK_EXIT_FAILED, "no_lockerd", "ctl.restore.no_lockerd", NULL);
    }
    LK_CLEANUP(lk_freep) char *words = malloc(ANSWER_MAX);
    int code = words ? lk_program_run(path, argv, false, words, ANSWER_MAX) : -ENOMEM;
    json_t *answer = code < 0 ? NULL : json_loads(words, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_boolean(json_object_get(answer, "ok"))) {
        char exit_code[24];
        (void)snprintf(exit_code, sizeof(exit_code), "%d", code);
        json_decref(answer);
        return lk_ctl_complain(ctl, LK_EXIT_FAILED, "failed", "ctl.restore.broke", LK_WORDS({"code", exit_code}));
    }
    *ret_answer = answer;
    return LK_EXIT_OK;
}

/* What lockerd refused, in its own words behind ours. */
static int refused(struct lk_ctl *ctl, const json_t *answer)
{
    char buf[LK_SHOW_CELL], key[64], message[512] = "";
    const char *reason = lk_ctl_get(answer, "reason", buf, sizeof(buf));
    struct lk_text t = lk_text_init(key, sizeof(key)), m = lk_text_init(message, sizeof(message));
    lk_text_addf(&t, "ctl.restore.%s", reason);
    lk_text_add(&m, json_is_string(json_object_get(answer, "message"))
                        ? json_string_value(json_object_get(answer, "message"))
                        : "");
    bool known = lk_catalogue_text(key, ctl->lang) != NULL;
    bool nothing = strcmp(reason, "failed") != 0;
    return lk_ctl_complain(ctl,
                           strcmp(reason, "busy") == 0 ? LK_EXIT_BUSY
                           : nothing                   ? LK_EXIT_REFUSED
                                                       : LK_EXIT_FAILED,
                           reason, known ? key : "ctl.restore.failed", LK_WORDS({"message", message}));
}

static void show_present(struct lk_ctl *ctl, const json_t *answer)
{
    char a[LK_SHOW_CELL], b[LK_SHOW_CELL], c[LK_SHOW_CELL], d[LK_SHOW_CELL], key[64];
    const json_t *present = json_object_get(answer, "present");
    const char *state = lk_ctl_get(present, "state", a, sizeof(a));
    struct lk_text t = lk_text_init(key, sizeof(key));
    lk_text_addf(&t, "ctl.restore.present.%s", state);
    lk_say(stdout, ctl->lang, key,
           LK_WORDS({"finding", lk_ctl_get(present, "finding", b, sizeof(b))},
                    {"events", lk_ctl_get(present, "events", c, sizeof(c))},
                    {"time", lk_show_time(lk_ctl_get(present, "time", d, sizeof(d)), key)},
                    {"lost", lk_ctl_get(answer, "lost", b, sizeof(b))}));
}

static const char *place(struct lk_ctl *ctl, const json_t *side, char *buf, size_t cap)
{
    char a[LK_SHOW_CELL], b[LK_SHOW_CELL], c[LK_SHOW_CELL];
    const char *custody = lk_ctl_get(side, "custody", a, sizeof(a)), *door = lk_ctl_get(side, "door", b, sizeof(b));
    struct lk_text t = lk_text_init(buf, cap);
    lk_text_addf(&t, "%s%s%s", custody[0] ? lk_say_word(ctl->lang, "ctl.custody", custody, c, sizeof(c)) : "-",
                 door[0] ? " " : "", door);
    return buf;
}

static void show_differences(struct lk_ctl *ctl, const json_t *answer)
{
    struct lk_table t = {.columns = 3};
    char item[LK_SHOW_CELL], was[LK_SHOW_CELL], is[LK_SHOW_CELL], more[24];
    size_t i, n = json_array_size(json_object_get(answer, "differences"));
    const json_t *d;
    if (n == 0) {
        return;
    }
    lk_show_header(ctl, &t, (const char *const[]){"ctl.restore.item", "ctl.restore.in_backup", "ctl.restore.now"});
    json_array_foreach(json_object_get(answer, "differences"), i, d)
    {
        if (i < SHOWN_MOST) {
            (void)lk_table_add(&t, (const char *const[]){lk_ctl_get(d, "item", item, sizeof(item)),
                                                         place(ctl, json_object_get(d, "backup"), was, sizeof(was)),
                                                         place(ctl, json_object_get(d, "present"), is, sizeof(is))});
        }
    }
    lk_table_print(&t, stdout);
    lk_table_free(&t);
    int64_t left = (int64_t)n + lk_ctl_int(answer, "differences_more") - SHOWN_MOST;
    if (left > 0) {
        (void)snprintf(more, sizeof(more), "%" PRId64, left);
        lk_say(stdout, ctl->lang, "ctl.restore.more", LK_WORDS({"n", more}));
    }
}

static void show_plan(struct lk_ctl *ctl, const json_t *answer)
{
    char a[LK_SHOW_CELL], b[LK_SHOW_CELL], c[LK_SHOW_CELL], time[LK_SHOW_CELL];
    const json_t *backup = json_object_get(answer, "backup");
    lk_say(stdout, ctl->lang, "ctl.restore.backup",
           LK_WORDS({"path", ctl->words[0]}, {"events", lk_ctl_get(backup, "events", a, sizeof(a))},
                    {"time", lk_show_time(lk_ctl_get(backup, "time", b, sizeof(b)), time)},
                    {"items", lk_ctl_get(backup, "in_locker", c, sizeof(c))}));
    show_present(ctl, answer);
    show_differences(ctl, answer);
    lk_say(stdout, ctl->lang, "ctl.restore.means", LK_WORDS({"carried", lk_ctl_get(answer, "carried", a, sizeof(a))}));
}

/* LK_EXIT_OK: yes. */
static int ask(struct lk_ctl *ctl)
{
    struct lk_person person;
    struct lk_com_say question = {.key = "sure", .preset = "n"};
    char text[LK_COM_ANSWER] = "";
    if (lk_ctl_more(ctl, LK_OPT_YES)) {
        return LK_EXIT_OK;
    }
    if (ctl->json || (!isatty(STDIN_FILENO) && !lk_ctl_more(ctl, LK_OPT_ANSWERS))) {
        return lk_ctl_complain(ctl, LK_EXIT_USAGE, "usage", "ctl.restore.say_yes", NULL);
    }
    int code = lk_person_open(&person, ctl, "ctl.restore.", lk_ctl_more(ctl, LK_OPT_ANSWERS));
    if (code != LK_EXIT_OK) {
        return code;
    }
    int r = lk_person_question(&person, &question, text, sizeof(text));
    lk_person_close(&person);
    if (r < 0 || strcmp(text, "yes") != 0) {
        lk_say(stdout, ctl->lang, "ctl.restore.left", NULL);
        return LK_EXIT_LEFT;
    }
    return LK_EXIT_OK;
}

static void show_done(struct lk_ctl *ctl, const json_t *answer)
{
    char path[4096];
    if (json_is_true(json_object_get(answer, "completed"))) {
        lk_say(stdout, ctl->lang, "ctl.restore.completed", NULL);
    } else {
        const char *aside = lk_ctl_get(answer, "aside", path, sizeof(path));
        lk_say(stdout, ctl->lang, aside[0] ? "ctl.restore.done" : "ctl.restore.done_first", LK_WORDS({"aside", aside}));
    }
    lk_say(stdout, ctl->lang, "ctl.restore.next", NULL);
}

static int put_in_place(struct lk_ctl *ctl)
{
    json_t *answer = NULL;
    int code = run_lockerd(ctl, false, &answer);
    if (code == LK_EXIT_OK && !json_is_true(json_object_get(answer, "ok"))) {
        code = refused(ctl, answer);
    } else if (code == LK_EXIT_OK && ctl->json) {
        lk_ctl_print_json(answer);
    } else if (code == LK_EXIT_OK) {
        show_done(ctl, answer);
    }
    json_decref(answer);
    return code;
}

/* What stands against it, before anybody is asked. */
static int obstacle(struct lk_ctl *ctl, const json_t *answer)
{
    char buf[LK_SHOW_CELL];
    const char *state = lk_ctl_get(json_object_get(answer, "present"), "state", buf, sizeof(buf));
    if (strcmp(state, "in_use") == 0) {
        return lk_ctl_complain(ctl, LK_EXIT_BUSY, "busy", "ctl.restore.busy", NULL);
    }
    if (strcmp(state, "whole") == 0 && !lk_ctl_more(ctl, LK_OPT_WHOLE)) {
        return lk_ctl_complain(ctl, LK_EXIT_REFUSED, "present_whole", "ctl.restore.present_whole", NULL);
    }
    return LK_EXIT_OK;
}

int lk_cmd_restore(struct lk_ctl *ctl)
{
    json_t *answer = NULL;
    bool dry_run = lk_ctl_more(ctl, LK_OPT_DRY_RUN) != NULL;
    int code = run_lockerd(ctl, true, &answer);
    if (code == LK_EXIT_OK && !json_is_true(json_object_get(answer, "ok"))) {
        code = refused(ctl, answer);
    } else if (code == LK_EXIT_OK && dry_run && ctl->json) {
        lk_ctl_print_json(answer);
    } else if (code == LK_EXIT_OK && !ctl->json) {
        show_plan(ctl, answer);
    }
    if (code == LK_EXIT_OK && dry_run && !ctl->json) {
        lk_say(stdout, ctl->lang, "ctl.restore.dry", NULL);
    }
    if (code == LK_EXIT_OK && !dry_run) {
        code = obstacle(ctl, answer);
        code = code == LK_EXIT_OK ? ask(ctl) : code;
        code = code == LK_EXIT_OK ? put_in_place(ctl) : code;
    }
    json_decref(answer);
    return code;
}
