/* lockerctl menu: for those who do not type commands. Each entry is a command line with blanks in it; what is missing
 * is asked, the line is shown and run, by this very program or one installed beside it. So nothing can be done here
 * that cannot be typed, and whoever uses it learns to. Plain lines and numbers: it works on a serial console without
 * colours. */
#include "person.h"
#include "show.h"

#include "base/cleanup.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS = 8, WORD_MAX = 256, ENTRIES = 8 };

/* A word that begins with "?" is asked: ctl.menu.ask.NAME. name "": the end. */
struct entry {
    const char *name;
    bool changes;        /* it is asked once more before it runs */
    const char *program; /* NULL: lockerctl */
    const char *words[WORDS];
};

static const struct page {
    const char *name;
    struct entry entry[ENTRIES];
} pages[] = {
    {"look",
     {{"status", false, NULL, {"status"}},
      {"doors", false, NULL, {"doors"}},
      {"unknown", false, NULL, {"items", "--custody", "unknown"}},
      {"recalls", false, NULL, {"recalls", "--round"}},
      {"events", false, NULL, {"events", "--last", "20"}},
      {"bus", false, NULL, {"bus"}},
      {"uplink", false, NULL, {"uplink"}},
      {"wear", false, NULL, {"wear"}}}},
    {"doors",
     {{"open", true, NULL, {"open", "?door", "--why", "?why"}},
      {"block", true, NULL, {"block", "?door", "--why", "?why"}},
      {"unblock", true, NULL, {"unblock", "?place", "--why", "?why"}},
      {"confirm", true, NULL, {"confirm", "?place", "--why", "?why"}}}},
    {"items",
     {{"find", false, NULL, {"items", "--item", "?item"}},
      {"inspect", true, NULL, {"inspect", "?place"}},
      {"round", true, NULL, {"inspect", "--round"}},
      {"settle", true, NULL, {"settle", "?item", "?to", "--why", "?why"}}}},
    {"parts",
     {{"lamps", true, NULL, {"lamps"}},
      {"replace", true, NULL, {"replace", "?bank"}},
      {"new_lock", true, NULL, {"wear", "reset", "?door", "--part", "lock", "--why", "?why"}},
      {"new_relay", true, NULL, {"wear", "reset", "?place", "--part", "relay", "--why", "?why"}}}},
    {"machine",
     {{"selfcheck", false, NULL, {"selfcheck"}},
      {"diagnose", false, "lockerd-diagnose", {NULL}},
      {"store", false, NULL, {"store"}},
      {"backup", true, NULL, {"backup", "?path"}},
      {"export", true, "lockerd-support-bundle", {"--out", "?bundle"}},
      {"reload", true, NULL, {"reload"}}}},
    {"staff",
     {{"list", false, NULL, {"staff", "list"}},
      {"add", true, NULL, {"staff", "add", "?staff", "--role", "?role"}},
      {"remove", true, NULL, {"staff", "remove", "?staff"}}}},
};
enum { PAGES = LK_ARRAY_SIZE(pages) };

struct menu {
    struct lk_ctl *ctl;
    struct lk_person person;
    char typed[WORDS][WORD_MAX];
};

static const char *text_of(struct menu *m, const char *kind, const char *name, char *key, size_t cap)
{
    struct lk_text t = lk_text_init(key, cap);
    lk_text_addf(&t, "ctl.menu.%s.%s", kind, name);
    return lk_say_text(m->ctl->lang, key);
}

/* A number from 0 to most. Negative: the person has gone. */
static int choose(struct menu *m, int most)
{
    char text[LK_COM_ANSWER];
    struct lk_com_say question = {.key = "choose"};
    for (;;) {
        uint64_t n = 0;
        int r = lk_person_question(&m->person, &question, text, sizeof(text));
        if (r < 0) {
            return r;
        }
        if (lk_text_parse_u64(text, (uint64_t)most, &n) == 0) {
            return (int)n;
        }
        struct lk_com_say say = {.key = "not_a_number"};
        lk_person_word(&say, "text", text);
        lk_person_tell(&m->person, &say);
    }
}

/* 1: filled; 0: an empty answer, which means back; negative: gone. */
static int fill(struct menu *m, const char *what, char *ret_word)
{
    char key[64], text[LK_COM_ANSWER];
    struct lk_text t = lk_text_init(key, sizeof(key));
    lk_text_addf(&t, "ask.%s", what);
    struct lk_com_say question = {.key = key};
    int r = lk_person_question(&m->person, &question, text, sizeof(text));
    if (r < 0) {
        return r;
    }
    bool good = text[0] != '\0' && text[0] != '-' && strlen(text) < WORD_MAX;
    (void)lk_text_copy(ret_word, WORD_MAX, good ? text : "");
    return good;
}

/* As one would type it: words with anything but plain characters in quotes. */
static void show_line(const char *const *argv)
{
    (void)fputs("\n$", stdout);
    for (size_t i = 0; argv[i]; i++) {
        char word[2 * WORD_MAX];
        struct lk_text t = lk_text_init(word, sizeof(word));
        lk_say_clean(&t, argv[i]);
        bool plain =
            strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:") == strlen(word);
        (void)fputs(plain ? " " : " '", stdout);
        for (const char *c = word; *c; c++) {
            (void)fputs(*c == '\'' ? "'\\''" : (char[]){*c, '\0'}, stdout);
        }
        (void)fputs(plain ? "" : "'", stdout);
    }
    (void)fputs("\n", stdout);
    (void)fflush(stdout);
}

/* The child has the terminal and its own signals; what it says stays on the screen. */
static void run(struct menu *m, const char *program, const char *const *argv)
{
    char code[24];
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        sigset_t none;
        sigemptyset(&none);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
        if (program) {
            (void)execvp(program, (char *const *)argv);
        } else {
            (void)execv("/proc/self/exe", (char *const *)argv);
        }
        _exit(127);
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    int exit_code = pid < 0 ? 127 : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    struct lk_com_say say = {.key = exit_code == 127 ? "no_program" : exit_code == 0 ? "done" : "ended"};
    (void)snprintf(code, sizeof(code), "%d", exit_code);
    lk_person_word(&say, "code", code);
    lk_person_word(&say, "program", program ? program : "lockerctl");
    lk_person_tell(&m->person, &say);
}

/* 1: yes; 0: no; negative: gone. */
static int is_sure(struct menu *m)
{
    char text[LK_COM_ANSWER];
    struct lk_com_say question = {.key = "sure", .preset = "n"};
    int r = lk_person_question(&m->person, &question, text, sizeof(text));
    return r < 0 ? r : strcmp(text, "y") == 0;
}

/* 0, or negative: the person has gone. */
static int act(struct menu *m, const struct entry *entry)
{
    const char *argv[WORDS + 8] = {entry->program ? entry->program : "lockerctl"};
    size_t n = 1;
    for (size_t i = 0; i < WORDS && entry->words[i]; i++) {
        const char *word = entry->words[i];
        if (word[0] == '?') {
            int r = fill(m, word + 1, m->typed[i]);
            if (r <= 0) {
                return r;
            }
            word = m->typed[i];
        }
        argv[n++] = word;
    }
    if (!entry->program && m->ctl->staff && entry->changes) {
        argv[n++] = "--staff";
        argv[n++] = m->ctl->staff;
    }
    show_line(argv);
    int sure = entry->changes ? is_sure(m) : 1;
    if (sure <= 0) {
        return sure;
    }
    argv[n++] = "--lang";
    argv[n++] = m->ctl->lang == LK_LANG_ZH ? "zh" : "en";
    argv[n++] = "--socket";
    argv[n++] = m->ctl->socket;
    run(m, entry->program, argv);
    return 0;
}

/* 0: back; negative: gone. */
static int show_page(struct menu *m, const struct page *page)
{
    char key[96];
    for (;;) {
        int n = 0;
        (void)printf("\n%s\n", text_of(m, "page", page->name, key, sizeof(key)));
        for (; n < ENTRIES && page->entry[n].name; n++) {
            (void)printf("  %d  %s\n", n + 1, text_of(m, page->name, page->entry[n].name, key, sizeof(key)));
        }
        (void)printf("  0  %s\n", lk_say_text(m->ctl->lang, "ctl.menu.back"));
        int chosen = choose(m, n);
        if (chosen <= 0) {
            return chosen;
        }
        int r = act(m, &page->entry[chosen - 1]);
        if (r < 0) {
            return r;
        }
    }
}

static int show_main(struct menu *m)
{
    char key[96];
    for (;;) {
        (void)printf("\n%s\n", lk_say_text(m->ctl->lang, "ctl.menu.title"));
        for (int i = 0; i < (int)PAGES; i++) {
            (void)printf("  %d  %s\n", i + 1, text_of(m, "page", pages[i].name, key, sizeof(key)));
        }
        (void)printf("  0  %s\n", lk_say_text(m->ctl->lang, "ctl.menu.leave"));
        int chosen = choose(m, PAGES);
        if (chosen <= 0) {
            return chosen;
        }
        int r = show_page(m, &pages[chosen - 1]);
        if (r < 0) {
            return r;
        }
    }
}

/* Whose acts these are. Root and our own user need nobody's name. */
static int ask_who(struct menu *m, char *who)
{
    if (m->ctl->staff || geteuid() == 0) {
        return 0;
    }
    int r = fill(m, "who", who);
    m->ctl->staff = r > 0 ? who : NULL;
    return r < 0 ? r : 0;
}

int lk_cmd_menu(struct lk_ctl *ctl)
{
    struct menu m = {.ctl = ctl};
    char who[WORD_MAX];
    if (ctl->json) {
        return lk_ctl_complain(ctl, LK_EXIT_USAGE, "usage", "ctl.menu.no_json", NULL);
    }
    int code = lk_person_open(&m.person, ctl, "ctl.menu.", lk_ctl_more(ctl, LK_OPT_ANSWERS));
    if (code != LK_EXIT_OK) {
        return code;
    }
    int r = ask_who(&m, who);
    r = r < 0 ? r : show_main(&m);
    (void)r; /* leaving, by whatever way, is no failure: each act had its own end */
    (void)fputs("\n", stdout);
    lk_person_close(&m.person);
    return LK_EXIT_OK;
}
