/* lockerctl commission: the story of controller/commission, told at a terminal, on a real line. The only file of
 * lockerctl that chooses a backend. */
#include "com_files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "commission/journal.h"
#include "hal/fieldbus_linux.h"

#define CONFIG_PATH "/etc/lockerd/lockerd.conf"

struct job {
    struct lk_ctl *ctl;
    struct lk_person person;
    struct lk_com_site site;
    struct lk_com_setup setup;
    struct lk_com_known known;
    struct lk_com_journal *journal;
    struct lk_com_files files;
    char fieldbus[LK_COM_NAME], place[LK_COM_TEXT], who[LK_COM_WHO], journal_path[LK_COM_PATH];
    bool own_line; /* the [fieldbus] is ours to write */
    unsigned to;   /* --set-address; 0: commission */
    bool written;
};

/* --- what the story borrows */

static int io_open(void *user, const struct lk_fieldbus_config *config, struct lk_fieldbus **ret_fb)
{
    (void)user;
    int r = lk_fieldbus_linux_create(config, ret_fb);
    if (r < 0) {
        return r;
    }
    r = lk_fieldbus_start(*ret_fb);
    if (r < 0) {
        *ret_fb = lk_fieldbus_destroy(*ret_fb);
    }
    return r;
}

static int64_t io_now(void *user)
{
    (void)user;
    return lk_person_now_ms();
}

static int io_wait(void *user, struct lk_fieldbus *fb, int64_t until_ms)
{
    struct job *job = user;
    return lk_person_wait(&job->person, fb ? lk_fieldbus_fd(fb) : -1, until_ms);
}

static void io_ask(void *user, const struct lk_com_say *question)
{
    lk_person_ask(&((struct job *)user)->person, question);
}

static int io_answer(void *user, char *ret_text, size_t cap)
{
    return lk_person_answer(&((struct job *)user)->person, ret_text, cap);
}

static void io_tell(void *user, const struct lk_com_say *say)
{
    lk_person_tell(&((struct job *)user)->person, say);
}

static int io_note(void *user, const struct lk_com_fact *fact)
{
    struct job *job = user;
    return lk_com_journal_note(job->journal, fact, (int64_t)time(NULL));
}

static bool bank_taken(void *user, const char *bank)
{
    const struct job *job = user;
    return lk_com_site_bank_taken(&job->site, bank, job->fieldbus);
}

static const struct lk_com_io io = {io_open, io_now, io_wait, io_ask, io_answer, io_tell, io_note};

/* --- the command line */

static int wrong(struct job *job, const char *option, const char *value)
{
    return lk_ctl_complain(job->ctl, LK_EXIT_USAGE, "usage", "ctl.error.value",
                           LK_WORDS({"option", option}, {"value", value}));
}

/* "9600,19200" and "none,even" into numbers; an empty option leaves the defaults. */
static bool take_bauds(struct lk_com_setup *setup, const char *text)
{
    char copy[128], *rest = NULL;
    static const unsigned lawful[] = {1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200};
    setup->bauds = 0;
    if (lk_text_copy(copy, sizeof(copy), text) < 0) {
        return false;
    }
    for (char *s = strtok_r(copy, ",", &rest); s; s = strtok_r(NULL, ",", &rest)) {
        uint64_t baud = 0;
        bool good = lk_text_parse_u64(s, 115200, &baud) == 0 && setup->bauds < LK_COM_SPEEDS;
        bool listed = false;
        for (size_t i = 0; i < LK_ARRAY_SIZE(lawful); i++) {
            listed = listed || lawful[i] == baud;
        }
        if (!good || !listed) {
            return false;
        }
        setup->baud[setup->bauds++] = (unsigned)baud;
    }
    return setup->bauds > 0;
}

static bool take_parities(struct lk_com_setup *setup, const char *text)
{
    static const char *const names[] = {"none", "even", "odd"};
    char copy[64], *rest = NULL;
    setup->parities = 0;
    if (lk_text_copy(copy, sizeof(copy), text) < 0) {
        return false;
    }
    for (char *s = strtok_r(copy, ",", &rest); s; s = strtok_r(NULL, ",", &rest)) {
        unsigned i = 0;
        while (i < 3 && strcmp(names[i], s) != 0) {
            i++;
        }
        if (i == 3 || setup->parities == LK_COM_PARITIES) {
            return false;
        }
        setup->parity[setup->parities++] = (enum lk_fb_parity)i;
    }
    return setup->parities > 0;
}

static bool take_units(struct lk_com_setup *setup, const char *text)
{
    char copy[32];
    uint64_t first, last;
    if (lk_text_copy(copy, sizeof(copy), text) < 0) {
        return false;
    }
    char *dash = strchr(copy, '-');
    if (dash) {
        *dash = '\0';
    }
    bool good = lk_text_parse_u64(copy, LK_FB_UNIT_MAX, &first) == 0 &&
                lk_text_parse_u64(dash ? dash + 1 : copy, LK_FB_UNIT_MAX, &last) == 0 && first > 0 && last >= first;
    if (good) {
        setup->unit_first = (unsigned)first;
        setup->unit_last = (unsigned)last;
    }
    return good;
}

/* "192.0.2.10:502", "[2001:db8::1]:502" */
static bool take_host(struct lk_fieldbus_config *line, const char *text)
{
    const char *colon = strrchr(text, ':');
    bool bracket = text[0] == '[';
    uint64_t port = 502;
    size_t n = strlen(text);
    if (colon && (bracket ? colon > text && colon[-1] == ']' : strchr(text, ':') == colon)) {
        n = (size_t)(colon - text);
        if (lk_text_parse_u64(colon + 1, 65535, &port) < 0 || port == 0) {
            return false;
        }
    }
    struct lk_text host = lk_text_init(line->host, sizeof(line->host));
    lk_text_addf(&host, "%.*s", (int)(bracket ? n - 2 : n), bracket ? text + 1 : text);
    line->port = (unsigned)port;
    return host.len > 0 && !host.truncated && n > (bracket ? 2U : 0U);
}

static int take_line(struct job *job)
{
    const char *device = lk_ctl_more(job->ctl, LK_OPT_DEVICE), *host = lk_ctl_more(job->ctl, LK_OPT_HOST);
    struct lk_fieldbus_config *line = &job->setup.line;
    struct lk_text place = lk_text_init(job->place, sizeof(job->place));
    if ((device != NULL) == (host != NULL)) {
        return lk_ctl_complain(job->ctl, LK_EXIT_USAGE, "usage", "ctl.error.commission_line", NULL);
    }
    line->transport = device ? LK_FB_RTU : LK_FB_TCP;
    if (device && (device[0] != '/' || lk_text_copy(line->device, sizeof(line->device), device) < 0)) {
        return wrong(job, "device", device);
    }
    if (host && !take_host(line, host)) {
        return wrong(job, "host", host);
    }
    if (device) {
        lk_text_add(&place, device);
    } else {
        lk_text_addf(&place, "%.120s:%u", line->host, line->port);
    }
    return LK_EXIT_OK;
}

static int take_options(struct job *job)
{
    struct lk_ctl *ctl = job->ctl;
    const struct {
        enum lk_option option;
        const char *name, *preset;
        bool (*take)(struct lk_com_setup *, const char *);
    } rows[] = {
        {LK_OPT_BAUD, "baud", "9600,19200,38400,57600,115200", take_bauds},
        {LK_OPT_PARITY, "parity", "none", take_parities},
        {LK_OPT_UNITS, "units", job->setup.line.transport == LK_FB_TCP ? "1" : "1-32", take_units},
    };
    for (size_t i = 0; i < LK_ARRAY_SIZE(rows); i++) {
        const char *value = lk_ctl_more(ctl, rows[i].option);
        if (!rows[i].take(&job->setup, value ? value : rows[i].preset)) {
            return wrong(job, rows[i].name, value);
        }
    }
    const char *profile = lk_ctl_more(ctl, LK_OPT_PROFILE), *address = lk_ctl_more(ctl, LK_OPT_SET_ADDRESS);
    const char *line = lk_ctl_more(ctl, LK_OPT_LINE);
    uint64_t to = 0;
    if (profile && !lk_board_profile_find(profile)) {
        return wrong(job, "profile", profile);
    }
    if (address && (lk_text_parse_u64(address, LK_FB_UNIT_MAX, &to) < 0 || to == 0)) {
        return wrong(job, "set-address", address);
    }
    if (line && !lk_text_is_id(line, LK_COM_NAME - 1)) {
        return wrong(job, "line", line);
    }
    job->to = (unsigned)to;
    job->setup.profile = profile;
    job->setup.who = lk_person_who(ctl, job->who, sizeof(job->who));
    job->setup.why = ctl->why ? ctl->why : "commission";
    job->setup.bank_taken = bank_taken;
    return LK_EXIT_OK;
}

/* --- may we */

/* The name of the [fieldbus]: of the section that has this place already, else --line, else a free one. */
static int name_line(struct job *job)
{
    const char *given = lk_ctl_more(job->ctl, LK_OPT_LINE), *there = lk_com_site_line(&job->site, job->place);
    bool rtu = job->setup.line.transport == LK_FB_RTU;
    char own[64];
    (void)snprintf(job->fieldbus, sizeof(job->fieldbus), "%s",
                   there   ? there
                   : given ? given
                   : rtu   ? "rs485-a"
                           : "eth-1");
    job->own_line = true;
    for (unsigned i = 0; i < job->site.lines; i++) {
        bool same = strcmp(job->site.line[i].name, job->fieldbus) == 0;
        lk_com_conf_line_name(job->fieldbus, own, sizeof(own));
        if (same && !there) { /* another line's */
            if (given || job->fieldbus[0] == '\0' || job->fieldbus[strlen(job->fieldbus) - 1] >= 'z') {
                return wrong(job, "line", job->fieldbus);
            }
            job->fieldbus[strlen(job->fieldbus) - 1]++;
            i = UINT32_MAX; /* from the first again */
        } else if (same) {
            job->own_line = strcmp(job->site.line[i].file, own) == 0;
        }
    }
    (void)lk_text_copy(job->setup.line.name, sizeof(job->setup.line.name), job->fieldbus);
    return LK_EXIT_OK;
}

static bool answers_at(const char *path)
{
    struct lk_client client;
    bool there = lk_client_open(&client, path) == 0;
    if (there) {
        lk_client_close(&client);
    }
    return there;
}

/* The daemon shares the power supply of the locks, whatever line it is on: it must not run. And a cabinet with letters
 * in it is not opened door by door. */
static int check_site(struct job *job)
{
    struct lk_ctl *ctl = job->ctl;
    const char *config = lk_ctl_more(ctl, LK_OPT_CONFIG);
    int r = lk_com_site_read(config ? config : CONFIG_PATH, &job->site);
    if (r < 0) {
        return lk_ctl_complain(ctl, LK_EXIT_FAILED, "config", "ctl.error.commission_config",
                               LK_WORDS({"path", job->site.config}, {"error", strerror(-r)}));
    }
    if (answers_at(job->site.socket) || answers_at(ctl->socket)) {
        return lk_ctl_complain(ctl, LK_EXIT_BUSY, "daemon_running", "ctl.error.commission_running", NULL);
    }
    if (lk_com_site_in_use(&job->site) && !lk_ctl_more(ctl, LK_OPT_EMPTY)) {
        return lk_ctl_complain(ctl, LK_EXIT_REFUSED, "not_empty", "ctl.error.commission_not_empty",
                               LK_WORDS({"path", job->site.database}));
    }
    return LK_EXIT_OK;
}

/* --- the journal */

static int complain_journal(struct job *job, int r, unsigned line)
{
    char number[16];
    (void)snprintf(number, sizeof(number), "%u", line);
    const char *key = r == -EEXIST    ? "ctl.error.journal_there"
                      : r == -ENOENT  ? "ctl.error.journal_missing"
                      : r == -EBUSY   ? "ctl.error.journal_busy"
                      : r == -EBADMSG ? "ctl.error.journal_damaged"
                                      : "ctl.error.journal";
    int code = r == -EBUSY ? LK_EXIT_BUSY : r == -EEXIST || r == -ENOENT ? LK_EXIT_USAGE : LK_EXIT_FAILED;
    return lk_ctl_complain(job->ctl, code, "journal", key,
                           LK_WORDS({"path", job->journal_path}, {"line", number}, {"error", strerror(-r)}));
}

static int note(struct job *job, const struct lk_com_fact *fact)
{
    int r = lk_com_fold(&job->known, fact);
    return r < 0 ? r : io_note(job, fact);
}

static int begin(struct job *job)
{
    struct lk_com_fact fact = {.kind = LK_COM_BEGIN}, empty = {.kind = LK_COM_EMPTY};
    (void)lk_text_copy(fact.who, sizeof(fact.who), job->who);
    (void)lk_text_copy(fact.text, sizeof(fact.text), job->place);
    (void)lk_text_copy(empty.who, sizeof(empty.who), job->who);
    if (job->known.begun && strcmp(job->known.place, job->place) != 0) {
        return lk_ctl_complain(job->ctl, LK_EXIT_USAGE, "journal", "ctl.error.journal_line",
                               LK_WORDS({"path", job->journal_path}, {"line", job->known.place}));
    }
    int r = note(job, &fact);
    r = r == 0 && lk_ctl_more(job->ctl, LK_OPT_EMPTY) ? note(job, &empty) : r;
    return r < 0 ? complain_journal(job, r, 0) : LK_EXIT_OK;
}

static int open_journal(struct job *job)
{
    const char *given = lk_ctl_more(job->ctl, LK_OPT_JOURNAL);
    bool resume = lk_ctl_more(job->ctl, LK_OPT_RESUME) != NULL;
    unsigned line = 0;
    (void)snprintf(job->journal_path, sizeof(job->journal_path), "%s%s%s", given ? given : "commission-",
                   given ? "" : job->fieldbus,
                   given     ? ""
                   : job->to ? "-addresses.jsonl"
                             : ".jsonl");
    resume = resume || (job->to && access(job->journal_path, F_OK) == 0); /* one journal for all addresses of a line */
    int r = lk_com_journal_open(job->journal_path, resume, &job->known, &line, &job->journal);
    return r < 0 ? complain_journal(job, r, line) : begin(job);
}

/* --- the end */

static int after_run(struct job *job, int r)
{
    static const struct {
        int error, code;
        const char *reason, *key;
    } rows[] = {
        {-EINTR, LK_EXIT_LEFT, "left", "ctl.error.commission_left"},
        {-EPIPE, LK_EXIT_LEFT, "answers_ended", "ctl.error.commission_left"},
        {-EBUSY, LK_EXIT_BUSY, "line_busy", "ctl.error.commission_busy"},
        {-ENXIO, LK_EXIT_FAILED, "nobody", "ctl.error.commission_nobody"},
        {-EEXIST, LK_EXIT_REFUSED, "two_boards", "ctl.error.commission_two"},
        {-ENOTSUP, LK_EXIT_REFUSED, "no_address", "ctl.error.commission_address"},
    };
    for (size_t i = 0; i < LK_ARRAY_SIZE(rows); i++) {
        if (rows[i].error == r) {
            return lk_ctl_complain(job->ctl, rows[i].code, rows[i].reason, rows[i].key,
                                   LK_WORDS({"journal", job->journal_path}, {"line", job->place}));
        }
    }
    return r == 0 ? LK_EXIT_OK
                  : lk_ctl_complain(job->ctl, LK_EXIT_FAILED, "failed", "ctl.error.commission_failed",
                                    LK_WORDS({"journal", job->journal_path}, {"error", strerror(-r)}));
}

static void tell_verdict(struct job *job)
{
    static char words[LK_COM_FILE_MAX];
    struct lk_text t = lk_text_init(words, sizeof(words));
    int r = lk_com_files_check(&job->site, &job->files, lk_ctl_more(job->ctl, LK_OPT_LOCKERD), &t);
    struct lk_com_say say = {.key = r == 0 ? "check_good" : r == 1 ? "check_bad" : "check_none"};
    lk_person_tell(&job->person, &say);
    for (char *rest = NULL, *line = strtok_r(words, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        struct lk_com_say one = {.key = "check_line"};
        lk_person_word(&one, "line", line);
        lk_person_tell(&job->person, &one);
    }
}

static int write_all(struct job *job)
{
    for (unsigned i = 0; i < job->files.n; i++) {
        struct lk_com_fact fact = {.kind = LK_COM_WRITTEN};
        struct lk_com_say say = {.key = "written"};
        struct lk_text t = lk_text_init(fact.text, sizeof(fact.text));
        lk_text_addf(&t, "%s/%s", job->site.folder, job->files.file[i].name);
        int r = job->files.file[i].changes
                    ? lk_com_put(job->site.folder, job->files.file[i].name, job->files.file[i].new_text)
                    : 0;
        r = r == 0 ? note(job, &fact) : r;
        if (r < 0) {
            return after_run(job, r);
        }
        lk_person_word(&say, "path", fact.text);
        lk_person_tell(&job->person, &say);
    }
    job->written = true;
    return LK_EXIT_OK;
}

/* Somebody wrote this line's section by hand: it stays as it is, and must fit what was found. */
static void tell_speed(struct job *job)
{
    char speed[32];
    struct lk_com_say say = {.key = "speed_differs"};
    if (job->own_line || job->setup.line.transport != LK_FB_RTU ||
        lk_com_site_speed(&job->site, job->fieldbus, job->known.baud, job->known.parity)) {
        return;
    }
    (void)snprintf(speed, sizeof(speed), "%u 8%c1", job->known.baud, "NEO"[job->known.parity]);
    lk_person_word(&say, "line", job->fieldbus);
    lk_person_word(&say, "speed", speed);
    lk_person_tell(&job->person, &say);
}

static int finish(struct job *job)
{
    char text[LK_COM_ANSWER] = "";
    int r = lk_com_files_make(&job->site, &job->known, &job->setup.line, job->fieldbus, job->own_line, &job->files);
    if (r < 0) {
        return after_run(job, r);
    }
    tell_speed(job);
    struct lk_com_say none = {.key = "no_change"}, q = {.key = "write_it"};
    if (job->files.changed == 0) {
        lk_person_tell(&job->person, &none);
        return LK_EXIT_OK;
    }
    lk_com_files_show(&job->person, &job->site, &job->files);
    tell_verdict(job);
    if (lk_ctl_more(job->ctl, LK_OPT_DRY_RUN)) {
        return LK_EXIT_OK;
    }
    while (strcmp(text, "y") != 0) {
        r = lk_person_question(&job->person, &q, text, sizeof(text));
        if (r < 0 || strcmp(text, "n") == 0) {
            return after_run(job, r < 0 ? r : -EINTR);
        }
    }
    return write_all(job);
}

static int print_result(struct job *job, int code)
{
    json_t *files = json_array(), *banks = json_array();
    for (unsigned i = 0; i < job->files.n; i++) {
        json_array_append_new(files, json_string(job->files.file[i].name));
    }
    for (unsigned i = 0; i < job->known.boards; i++) {
        const struct lk_com_board *b = &job->known.board[i];
        json_array_append_new(banks, json_pack("{s:s, s:i, s:s, s:i}", "bank", b->bank, "unit", (int)b->unit, "profile",
                                               b->profile->name, "doors", (int)lk_com_doors(b, NULL)));
    }
    json_t *o = json_pack("{s:b, s:{s:b, s:o, s:o}}", "ok", 1, "result", "written", job->written, "files", files,
                          "banks", banks);
    lk_ctl_print_json(o);
    json_decref(o);
    return code;
}

static int commission(struct job *job)
{
    struct lk_com *com = NULL;
    int r = lk_com_create(&job->setup, &job->known, &io, job, &com);
    if (r == 0) {
        r = job->to ? lk_com_set_address(com, job->to) : lk_com_run(com);
    }
    (void)lk_com_destroy(com);
    int code = after_run(job, r);
    code = code == LK_EXIT_OK && !job->to ? finish(job) : code;
    return code == LK_EXIT_OK && job->ctl->json ? print_result(job, code) : code;
}

int lk_cmd_commission(struct lk_ctl *ctl)
{
    LK_CLEANUP(lk_freep) struct job *job = calloc(1, sizeof(*job));
    if (!job) {
        return LK_EXIT_FAILED;
    }
    job->ctl = ctl;
    int code = take_line(job);
    code = code == LK_EXIT_OK ? take_options(job) : code;
    code = code == LK_EXIT_OK ? check_site(job) : code;
    code = code == LK_EXIT_OK ? name_line(job) : code;
    code = code == LK_EXIT_OK ? lk_person_open(&job->person, ctl, "ctl.commission.", lk_ctl_more(ctl, LK_OPT_ANSWERS))
                              : code;
    code = code == LK_EXIT_OK ? open_journal(job) : code;
    code = code == LK_EXIT_OK ? commission(job) : code;
    job->journal = lk_com_journal_close(job->journal);
    lk_person_close(&job->person);
    return code;
}
