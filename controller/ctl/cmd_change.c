#include "show.h"

#include <inttypes.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

/* Why, as the event log will say it. */
static const char *why(const struct lk_ctl *ctl)
{
    return ctl->why != NULL ? ctl->why : "lockerctl";
}

static void say_outcome(struct lk_ctl *ctl, const char *door, const char *outcome)
{
    char key[64];
    struct lk_text t = lk_text_init(key, sizeof(key));
    lk_text_addf(&t, "ctl.open.%s", outcome);
    bool known = !t.truncated && lk_catalogue_text(key, ctl->lang) != NULL;
    lk_say(stdout, ctl->lang, known ? key : "ctl.open.unknown", LK_WORDS({"door", door}));
}

int lk_cmd_open(struct lk_ctl *ctl)
{
    json_t *result = NULL;
    json_t *args = json_pack("{s:s,s:s}", "door", ctl->words[0], "why", why(ctl));
    if (!ctl->json && isatty(STDERR_FILENO)) {
        lk_say(stderr, ctl->lang, "ctl.open.wait", LK_WORDS({"door", ctl->words[0]}));
    }
    int code = lk_ctl_call(ctl, "open", args, true, NULL, &result);
    if (code != LK_EXIT_OK) {
        return code;
    }
    char buf[LK_SHOW_CELL];
    const char *outcome = lk_ctl_get(result, "outcome", buf, sizeof(buf));
    bool opened = strcmp(outcome, "opened") == 0 || strcmp(outcome, "already_open") == 0;
    if (ctl->json) {
        lk_ctl_print_json(result);
    } else {
        say_outcome(ctl, ctl->words[0], outcome);
    }
    json_decref(result);
    return opened ? LK_EXIT_OK : LK_EXIT_FAILED;
}

int lk_cmd_block(struct lk_ctl *ctl)
{
    return lk_show_change(ctl, "block", json_pack("{s:s,s:s}", "door", ctl->words[0], "why", why(ctl)),
                          "ctl.block.done", LK_WORDS({"door", ctl->words[0]}));
}

int lk_ctl_is_bank(struct lk_ctl *ctl, const char *name, bool *ret_bank)
{
    json_t *doors = NULL;
    char buf[LK_SHOW_CELL];
    size_t i;
    const json_t *d;
    bool door = false, bank = false;
    int code = lk_ctl_call(ctl, "doors", NULL, false, NULL, &doors);
    if (code != LK_EXIT_OK) {
        return code;
    }
    json_array_foreach(json_object_get(doors, "doors"), i, d)
    {
        door = door || strcmp(lk_ctl_get(d, "door", buf, sizeof(buf)), name) == 0;
        bank = bank || strcmp(lk_ctl_get(d, "bank", buf, sizeof(buf)), name) == 0;
    }
    *ret_bank = bank && !door;
    json_decref(doors);
    return LK_EXIT_OK;
}

/* A change of a door, or of all of a bank. */
static int change_place(struct lk_ctl *ctl, const char *cmd, const char *done_door, const char *done_bank)
{
    bool bank = false;
    int code = lk_ctl_is_bank(ctl, ctl->words[0], &bank);
    if (code != LK_EXIT_OK) {
        return code;
    }
    json_t *args = json_pack("{s:s,s:s}", bank ? "bank" : "door", ctl->words[0], "why", why(ctl));
    return lk_show_change(ctl, cmd, args, bank ? done_bank : done_door,
                          LK_WORDS({"door", ctl->words[0]}, {"bank", ctl->words[0]}));
}

int lk_cmd_unblock(struct lk_ctl *ctl)
{
    return change_place(ctl, "unblock", "ctl.unblock.door", "ctl.unblock.bank");
}

int lk_cmd_confirm(struct lk_ctl *ctl)
{
    return change_place(ctl, "confirm", "ctl.confirm.door", "ctl.confirm.bank");
}

int lk_cmd_settle(struct lk_ctl *ctl)
{
    char buf[LK_SHOW_CELL];
    json_t *args = json_pack("{s:s,s:s,s:s}", "item", ctl->words[0], "to", ctl->words[1], "why", why(ctl));
    const char *to = lk_say_word(ctl->lang, "ctl.custody", ctl->words[1], buf, sizeof(buf));
    return lk_show_change(ctl, "settle", args, "ctl.settle.done", LK_WORDS({"item", ctl->words[0]}, {"to", to}));
}

static void backup_progress(struct lk_ctl *ctl, const char *name, const json_t *value)
{
    char percent[24];
    int64_t total = lk_ctl_int(value, "total");
    if (ctl->json || strcmp(name, "progress") != 0 || total <= 0 || !isatty(STDERR_FILENO)) {
        return;
    }
    snprintf(percent, sizeof(percent), "%" PRId64, lk_ctl_int(value, "done") * 100 / total);
    char line[256];
    struct lk_text t = lk_text_init(line, sizeof(line));
    lk_say_fill(&t, lk_say_text(ctl->lang, "ctl.backup.progress"), LK_WORDS({"percent", percent}));
    fprintf(stderr, "\r%s", line);
}

/* The daemon writes the file and has another working directory: it needs the whole path. */
static int whole_path(struct lk_ctl *ctl, const char *path, char *buf, size_t cap)
{
    char cwd[2048];
    struct lk_text t = lk_text_init(buf, cap);
    if (path[0] != '/' && getcwd(cwd, sizeof(cwd)) != NULL) {
        lk_text_addf(&t, "%s/", cwd);
    }
    lk_text_add(&t, path);
    if (t.truncated || buf[0] != '/') {
        return lk_ctl_complain(ctl, LK_EXIT_USAGE, "usage", "ctl.error.path", LK_WORDS({"path", path}));
    }
    return LK_EXIT_OK;
}

int lk_cmd_backup(struct lk_ctl *ctl)
{
    char path[4096], a[LK_SHOW_CELL], b[LK_SHOW_CELL];
    json_t *result = NULL;
    int code = whole_path(ctl, ctl->words[0], path, sizeof(path));
    code = code != LK_EXIT_OK
               ? code
               : lk_ctl_call(ctl, "backup", json_pack("{s:s}", "path", path), true, backup_progress, &result);
    if (!ctl->json && isatty(STDERR_FILENO)) {
        fputc('\n', stderr);
    }
    if (code != LK_EXIT_OK) {
        return code;
    }
    bool verified = json_is_true(json_object_get(result, "verified"));
    if (ctl->json) {
        lk_ctl_print_json(result);
    } else {
        lk_say(stdout, ctl->lang, verified ? "ctl.backup.done" : "ctl.backup.unverified",
               LK_WORDS({"path", path}, {"size", lk_show_bytes(result, "bytes", a)},
                        {"sha256", lk_ctl_get(result, "sha256", b, sizeof(b))}));
    }
    json_decref(result);
    return verified ? LK_EXIT_OK : LK_EXIT_FAILED;
}
