/* lockerctl replace BANK: another board in the place of a broken one, step by step. No lock is pulsed here: the daemon
 * sets the new board up as it does each, and the person tries one door at the end with `open`. */
#include "person.h"
#include "show.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum { LOOK_MS = 500 };

struct job {
    struct lk_ctl *ctl;
    struct lk_person person;
    const char *bank;
    char state[LK_SHOW_CELL], reason[LK_SHOW_CELL], door[LK_SHOW_CELL];
};

static struct lk_com_say about(struct job *job, const char *key)
{
    char buf[LK_SHOW_CELL];
    struct lk_com_say say = {.key = key};
    lk_person_word(&say, "bank", job->bank);
    lk_person_word(&say, "door", job->door);
    lk_person_word(&say, "state", lk_say_word(job->ctl->lang, "ctl.bank", job->state, buf, sizeof(buf)));
    lk_person_word(&say, "reason",
                   job->reason[0] ? lk_say_word(job->ctl->lang, "reason", job->reason, buf, sizeof(buf)) : "-");
    return say;
}

static void tell(struct job *job, const char *key)
{
    struct lk_com_say say = about(job, key);
    lk_person_tell(&job->person, &say);
}

/* What the daemon says of the bank. With show: also how it has to be wired. LK_EXIT_OK, or after a complaint. */
static int read_bank(struct job *job, bool show)
{
    json_t *status = NULL;
    const json_t *bank;
    char buf[LK_SHOW_CELL], line[LK_SHOW_CELL], unit[LK_SHOW_CELL], doors[LK_SHOW_CELL];
    size_t i;
    bool found = false;
    int code = lk_ctl_call(job->ctl, "status", NULL, false, NULL, &status);
    json_array_foreach(json_object_get(status, "banks"), i, bank)
    {
        if (strcmp(lk_ctl_get(bank, "name", buf, sizeof(buf)), job->bank) != 0) {
            continue;
        }
        found = true;
        (void)lk_text_copy(job->state, sizeof(job->state), lk_ctl_get(bank, "state", buf, sizeof(buf)));
        (void)lk_text_copy(job->reason, sizeof(job->reason), lk_ctl_get(bank, "reason", buf, sizeof(buf)));
        if (show) {
            struct lk_com_say say = about(job, "settings");
            lk_person_word(&say, "line", lk_ctl_get(bank, "fieldbus", line, sizeof(line)));
            lk_person_word(&say, "unit", lk_ctl_get(bank, "unit", unit, sizeof(unit)));
            lk_person_word(&say, "doors", lk_ctl_get(bank, "doors", doors, sizeof(doors)));
            lk_person_tell(&job->person, &say);
        }
    }
    json_decref(status);
    return code != LK_EXIT_OK ? code
           : found            ? LK_EXIT_OK
                              : lk_ctl_complain(job->ctl, LK_EXIT_REFUSED, "no_such_bank", "ctl.replace.no_such_bank",
                                                LK_WORDS({"bank", job->bank}));
}

/* The first empty door of the bank, to be tried at the end; "" when none is. */
static int find_door(struct job *job)
{
    json_t *answer = NULL;
    const json_t *d;
    char a[LK_SHOW_CELL];
    size_t i;
    int code = lk_ctl_call(job->ctl, "doors", NULL, false, NULL, &answer);
    json_array_foreach(json_object_get(answer, "doors"), i, d)
    {
        bool ours = strcmp(lk_ctl_get(d, "bank", a, sizeof(a)), job->bank) == 0;
        if (ours && job->door[0] == '\0' && strcmp(lk_ctl_get(d, "use", a, sizeof(a)), "free") == 0) {
            (void)lk_text_copy(job->door, sizeof(job->door), lk_ctl_get(d, "door", a, sizeof(a)));
        }
    }
    json_decref(answer);
    return code;
}

/* Looks twice a second until the bank is in that state or it is not, and says each change. */
static int wait_for(struct job *job, const char *state, bool is)
{
    char was[2 * LK_SHOW_CELL] = "", now[2 * LK_SHOW_CELL];
    int code = read_bank(job, false);
    while (code == LK_EXIT_OK && (strcmp(job->state, state) == 0) != is) {
        (void)snprintf(now, sizeof(now), "%s %s", job->state, job->reason);
        if (was[0] != '\0' && strcmp(was, now) != 0) {
            tell(job, "seen");
        }
        (void)lk_text_copy(was, sizeof(was), now);
        if (lk_person_wait(&job->person, -1, lk_person_now_ms() + LOOK_MS) < 0) {
            return LK_EXIT_LEFT;
        }
        code = read_bank(job, false);
    }
    return code;
}

static int ready(struct job *job, const char *key)
{
    char text[LK_COM_ANSWER];
    struct lk_com_say question = about(job, key);
    question.preset = "";
    return lk_person_question(&job->person, &question, text, sizeof(text)) < 0 ? LK_EXIT_LEFT : LK_EXIT_OK;
}

static int walk(struct job *job)
{
    int code = read_bank(job, true);
    code = code == LK_EXIT_OK ? find_door(job) : code;
    code = code == LK_EXIT_OK ? ready(job, "take_out") : code;
    if (code == LK_EXIT_OK) {
        tell(job, "wait_lost");
        code = wait_for(job, "ready", false);
    }
    code = code == LK_EXIT_OK ? ready(job, "put_in") : code;
    if (code == LK_EXIT_OK) {
        tell(job, "wait_ready");
        code = wait_for(job, "ready", true);
    }
    if (code == LK_EXIT_OK) {
        tell(job, job->door[0] ? "there" : "there_full");
    }
    return code;
}

int lk_cmd_replace(struct lk_ctl *ctl)
{
    struct job job = {.ctl = ctl, .bank = ctl->words[0]};
    int code = lk_person_open(&job.person, ctl, "ctl.replace.", lk_ctl_more(ctl, LK_OPT_ANSWERS));
    if (code != LK_EXIT_OK) {
        return code;
    }
    code = walk(&job);
    if (code == LK_EXIT_LEFT) {
        tell(&job, "left");
    }
    lk_person_close(&job.person);
    return code;
}
