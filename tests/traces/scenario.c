/*
 * Plays scenarios and compares what the core traced with the golden trace beside them.
 *
 *     scenario DIR                play all DIR/NAME.scenario, compare with DIR/NAME.trace
 *     scenario DIR NAME...        only these
 *     scenario DIR --update ...   write the traces anew (read the difference before you commit it)
 *
 * The language is in scenarios/README.md. Exit: 0 all equal, 1 one differs or is broken, 2 usage.
 */
#include "scenario.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 256, NAMES = 192 };

/* --- arguments -----------------------------------------------------------------------------------------------------
 */

void wrong(struct site *site, const char *what)
{
    site->broken = site->broken ? site->broken : what;
}

int door_of(struct site *site, const char *label)
{
    int door = lk_core_find_door(&site->cfg, label);
    if (door == LK_NO_DOOR) {
        wrong(site, "no such door");
        return 0;
    }
    return door;
}

uint64_t number_of(const char *text)
{
    uint64_t h = 0xCBF29CE484222325U;
    for (; *text; text++) {
        h = (h ^ (uint64_t)(unsigned char)*text) * 0x100000001B3U;
    }
    return h;
}

const char *option(const struct line *l, const char *key)
{
    size_t n = strlen(key);
    for (int i = 0; i < l->words; i++) {
        if (strncmp(l->word[i], key, n) == 0 && l->word[i][n] == '=') {
            return l->word[i] + n + 1;
        }
    }
    return NULL;
}

void facts(struct site *site, struct lk_input *in, const struct lk_item *item)
{
    in->found = item != NULL;
    if (item) {
        in->item = *item;
    }
    (void)site;
}

void staff(struct site *site, struct lk_input *in, const char *id, const char *role)
{
    in->staff.ok = strcmp(id, "wrong") != 0;
    if (in->staff.ok &&
        (lk_text_copy(in->staff.id, sizeof(in->staff.id), id) < 0 || lk_actor_parse(role, &in->staff.role) < 0)) {
        wrong(site, "staff needs an id and a role");
    }
}

/* --- the words of the language -------------------------------------------------------------------------------------
 */

static void do_bank(struct site *site, const struct line *l)
{
    struct lk_core_config *cfg = &site->cfg;
    char name = l->word[1][0];
    cfg->bank_name[cfg->banks][0] = name;
    for (int i = 2; i < l->words && cfg->doors < MODEL_DOORS; i++) {
        struct lk_door_config *d = &cfg->door[cfg->doors++];
        char size[2] = {l->word[i][0], '\0'};
        d->bank = cfg->banks;
        d->low_reach = l->word[i][1] == 'l';
        (void)snprintf(d->label, sizeof(d->label), "%c0%c", name, '0' + i - 1);
        if (lk_size_parse(size, &d->size) < 0) {
            wrong(site, "a size is S, M or L, with an l behind it when low");
        }
    }
    cfg->banks++;
}

static void do_boot(struct site *site, const struct line *l)
{
    (void)l;
    site_boot(site);
}

static void do_kill(struct site *site, const struct line *l)
{
    (void)l;
    site_kill(site);
}

/* rewire DOOR: the configuration says something new about it; rewire DOOR back: what it said at first. */
static void do_rewire(struct site *site, const struct line *l)
{
    struct model_door *door = &site->store.door[door_of(site, l->word[1])];
    if (site->up) {
        wrong(site, "the configuration is read at start only");
    }
    door->wired = strcmp(l->word[2], "back") == 0 ? 0 : door->wired + 1;
}

static void do_wait(struct site *site, const struct line *l)
{
    (void)site;
    (void)l;
}

static void do_quiet(struct site *site, const struct line *l)
{
    site->quiet = strcmp(l->word[0], "quiet") == 0;
}

static void do_shutdown(struct site *site, const struct line *l)
{
    (void)l;
    struct lk_input in = site_input(LK_IN_SHUTDOWN);
    site_step(site, &in);
}

static void do_board(struct site *site, const struct line *l)
{
    int bank = lk_core_find_bank(&site->cfg, l->word[1]);
    enum lk_reason reason = LK_REASON_NONE;
    enum lk_bank_state state = strcmp(l->word[2], "ready") == 0  ? LK_BANK_READY
                               : strcmp(l->word[2], "lost") == 0 ? LK_BANK_LOST
                                                                 : LK_BANK_STOPPED;
    if (bank < 0 || (l->words > 3 && lk_reason_parse(l->word[3], &reason) < 0)) {
        wrong(site, "no such bank or reason");
        return;
    }
    site_board(site, bank, state, reason);
}

static void do_door(struct site *site, const struct line *l)
{
    site_door(site, door_of(site, l->word[1]), strcmp(l->word[2], "opens") == 0);
}

static void do_pulse(struct site *site, const struct line *l)
{
    struct lk_input in = site_input(LK_IN_PULSE_DONE);
    in.door = door_of(site, l->word[1]);
    in.intent = site->last_pulse[in.door];
    in.pulse = strcmp(l->word[2], "echoed") == 0     ? LK_PULSE_ECHOED
               : strcmp(l->word[2], "not_sent") == 0 ? LK_PULSE_NOT_SENT
                                                     : LK_PULSE_UNPROVEN;
    site_step(site, &in);
}

static void do_code(struct site *site, const struct line *l)
{
    struct lk_input in = site_input(LK_IN_CODE);
    in.well_formed = lk_text_is_digits(l->word[1], 8, 8);
    model_store_look_up(&site->store, number_of(l->word[1]), false, &in);
    code_facts(site, &in, l->word[1]);
    site_step(site, &in);
}

static void do_qr(struct site *site, const struct line *l)
{
    struct lk_input in = site_input(LK_IN_SCAN);
    model_store_look_up(&site->store, number_of(l->word[1]), true, &in);
    in.scan = in.found ? LK_SCAN_TOKEN : LK_SCAN_UNKNOWN;
    site_step(site, &in);
}

static void do_sign_in(struct site *site, const struct line *l)
{
    bool badge = strcmp(l->word[0], "badge") == 0;
    struct lk_input in = site_input(badge ? LK_IN_SCAN : LK_IN_SIGN_IN);
    in.scan = LK_SCAN_BADGE;
    staff(site, &in, l->word[1], l->word[2]);
    site_step(site, &in);
}

static void do_scan(struct site *site, const struct line *l)
{
    struct lk_input in = site_input(LK_IN_SCAN);
    if (lk_text_is_id(l->word[1], LK_ITEM_ID_MAX)) {
        in.scan = LK_SCAN_ITEM;
        (void)lk_text_copy(in.text, sizeof(in.text), l->word[1]);
        facts(site, &in, model_store_item(&site->store, l->word[1]));
        scan_facts(site, &in);
    }
    site_step(site, &in);
}

static void do_press(struct site *site, const struct line *l)
{
    struct lk_input in = site_input(LK_IN_BUTTON);
    if (lk_button_parse(l->word[1], &in.button) < 0) {
        wrong(site, "no such button");
        return;
    }
    if (in.button == LK_BUTTON_SIZE && lk_size_parse(l->word[2], &in.size) < 0) {
        wrong(site, "no such size");
    }
    if (!person_facts(site, &in, l) && (in.button == LK_BUTTON_RECALL_ITEM || in.button == LK_BUTTON_NEXT)) {
        facts(site, &in, model_store_item(&site->store, l->word[2]));
    }
    site_step(site, &in);
}

static const struct {
    const char *word;
    void (*run)(struct site *site, const struct line *l);
} language[] = {
    {"bank", do_bank},         {"policy", do_policy},       {"boot", do_boot},        {"kill", do_kill},
    {"wait", do_wait},         {"board", do_board},         {"door", do_door},        {"pulse", do_pulse},
    {"announce", do_announce}, {"update", do_update},       {"cancel", do_command},   {"transfer", do_transfer},
    {"extend", do_command},    {"delivered", do_command},   {"received", do_command}, {"reissue", do_secret},
    {"revoke", do_command},    {"grant", do_secret},        {"ungrant", do_command},  {"remote", do_remote},
    {"due", do_due},           {"clock", do_clock},         {"code", do_code},        {"qr", do_qr},
    {"badge", do_sign_in},     {"scan", do_scan},           {"second", do_second},    {"case", do_case},
    {"sign-in", do_sign_in},   {"press", do_press},         {"admin", do_admin},      {"settle", do_settle},
    {"shutdown", do_shutdown}, {"quiet", do_quiet},         {"tell", do_quiet},       {"rewire", do_rewire},
    {"desk", do_desk},         {"inspected", do_inspected}, {"round", do_round},
};

/* --- one file ------------------------------------------------------------------------------------------------------
 */

static struct line split(char *text)
{
    static char none[] = "";
    struct line l = {.words = 0};
    char *rest = NULL;
    for (char *w = strtok_r(text, " \t\n", &rest); w && l.words < WORDS; w = strtok_r(NULL, " \t\n", &rest)) {
        l.word[l.words++] = w;
    }
    for (int i = l.words; i < WORDS; i++) {
        l.word[i] = none;
    }
    return l;
}

static void run_line(struct site *site, char *text)
{
    text[strcspn(text, "#")] = '\0';
    struct line l = split(text);
    if (l.words == 0) {
        return;
    }
    if (l.word[0][0] == '+') {
        double seconds = strtod(l.word[0] + 1, NULL);
        site_wait(site, site->now_ms + (int64_t)(seconds * 1000 + 0.5));
        memmove(&l.word[0], &l.word[1], (WORDS - 1) * sizeof(l.word[0]));
        l.words--;
    }
    for (size_t i = 0; i < LK_ARRAY_SIZE(language); i++) {
        if (strcmp(language[i].word, l.word[0]) == 0) {
            language[i].run(site, &l);
            return;
        }
    }
    wrong(site, "a word the language does not have");
}

/* Plays a scenario into `out`. 0, or 1 with the reason printed. */
static int play(const char *path, FILE *out)
{
    static struct site site;
    char text[LINE];
    int number = 0;
    LK_CLEANUP(lk_fclosep) FILE *in = fopen(path, "re");
    if (!in) {
        printf("%s: %s\n", path, strerror(errno));
        return 1;
    }
    site_init(&site, out);
    while (!site.broken && fgets(text, sizeof(text), in)) {
        number++;
        run_line(&site, text);
    }
    site_print_end(&site);
    if (site.broken) {
        printf("%s:%d: %s\n", path, number, site.broken);
        return 1;
    }
    return 0;
}

/* Where two texts differ first, printed with a little before it. */
static int compare(const char *path, const char *is, const char *should)
{
    int line = 1;
    const char *start = is, *other = should;
    for (; *is == *should && *is; is++, should++) {
        if (*is == '\n') {
            line++;
            start = is + 1;
            other = should + 1;
        }
    }
    if (*is == *should) {
        return 0;
    }
    printf("%s:%d: differs\n  golden: %.*s\n  now:    %.*s\n", path, line, (int)strcspn(other, "\n"), other,
           (int)strcspn(start, "\n"), start);
    return 1;
}

static char *read_file(const char *path)
{
    LK_CLEANUP(lk_fclosep) FILE *f = fopen(path, "re");
    size_t size = 0, n = 0, got;
    char *text = NULL;
    do {
        size = n + 65536;
        char *more = realloc(text, size);
        if (!more) {
            abort();
        }
        text = more;
        got = f ? fread(text + n, 1, size - n - 1, f) : 0;
        n += got;
        text[n] = '\0';
    } while (got > 0);
    return text;
}

static int run(const char *dir, const char *name, bool update)
{
    char scenario[512], golden[512];
    LK_CLEANUP(lk_freep) char *text = NULL;
    size_t size = 0;
    (void)snprintf(scenario, sizeof(scenario), "%s/%s.scenario", dir, name);
    (void)snprintf(golden, sizeof(golden), "%s/%s.trace", dir, name);
    FILE *out = open_memstream(&text, &size);
    if (!out) {
        abort();
    }
    int failed = play(scenario, out);
    (void)fclose(out);
    if (failed) {
        printf("%s", text);
    } else if (update) {
        LK_CLEANUP(lk_fclosep) FILE *f = fopen(golden, "we");
        failed = !f || fwrite(text, 1, size, f) != size;
    } else {
        LK_CLEANUP(lk_freep) char *should = read_file(golden);
        failed = compare(golden, text, should);
    }
    printf("%s - %s\n", failed ? "not ok" : "ok", name);
    return failed;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static int run_all(const char *dir, bool update)
{
    static char names[NAMES][64];
    size_t count = 0;
    int failed = 0;
    DIR *d = opendir(dir);
    for (struct dirent *e = d ? readdir(d) : NULL; e && count < NAMES; e = readdir(d)) {
        char *end = strstr(e->d_name, ".scenario");
        if (end && end[strlen(".scenario")] == '\0') {
            (void)snprintf(names[count++], sizeof(names[0]), "%.*s", (int)(end - e->d_name), e->d_name);
        }
    }
    if (d) {
        (void)closedir(d);
    }
    qsort(names, count, sizeof(names[0]), by_name);
    for (size_t i = 0; i < count; i++) {
        failed |= run(dir, names[i], update);
    }
    return failed || count == 0;
}

int main(int argc, char **argv)
{
    bool update = argc > 2 && strcmp(argv[2], "--update") == 0;
    int first = update ? 3 : 2, failed = 0;
    if (argc < 2) {
        fprintf(stderr, "usage: scenario DIR [--update] [NAME...]\n");
        return 2;
    }
    if (argc == first) {
        return run_all(argv[1], update);
    }
    for (int i = first; i < argc; i++) {
        failed |= run(argv[1], argv[i], update);
    }
    return failed;
}
