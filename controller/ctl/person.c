#include "person.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

int64_t lk_person_now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

const char *lk_person_who(const struct lk_ctl *ctl, char *buf, size_t cap)
{
    const char *sudo = getenv("SUDO_USER");
    const struct passwd *pw = getpwuid(getuid());
    const char *who = ctl->staff ? ctl->staff : sudo != NULL && sudo[0] != 0 ? sudo : pw ? pw->pw_name : "";
    if (lk_text_copy(buf, cap, who) < 0 || who[0] == '\0' || !lk_text_is_utf8(who, strlen(who))) {
        (void)snprintf(buf, cap, "uid-%u", (unsigned)getuid());
    }
    return buf;
}

static int open_answers(struct lk_person *p, const char *answers)
{
    if (!answers || strcmp(answers, "-") == 0) {
        p->in = STDIN_FILENO;
        return LK_EXIT_OK;
    }
    p->in = open(answers, O_RDONLY | O_CLOEXEC);
    return p->in >= 0 ? LK_EXIT_OK
                      : lk_ctl_complain(p->ctl, LK_EXIT_USAGE, "usage", "ctl.error.answers",
                                        LK_WORDS({"path", answers}, {"error", strerror(errno)}));
}

int lk_person_open(struct lk_person *person, struct lk_ctl *ctl, const char *prefix, const char *answers)
{
    sigset_t set;
    *person = (struct lk_person){.ctl = ctl, .prefix = prefix, .in = -1, .signals = -1};
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    person->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    int code = open_answers(person, answers);
    if (code == LK_EXIT_OK && person->signals < 0) {
        code = lk_ctl_complain(ctl, LK_EXIT_FAILED, "failed", "ctl.error.answers",
                               LK_WORDS({"path", "signalfd"}, {"error", strerror(errno)}));
    }
    return code;
}

void lk_person_close(struct lk_person *person)
{
    if (person->in > STDIN_FILENO) {
        close(person->in);
    }
    if (person->signals >= 0) {
        close(person->signals);
    }
    person->in = person->signals = -1;
}

/* --- saying */

void lk_person_word(struct lk_com_say *say, const char *name, const char *value)
{
    if (say->words < LK_COM_WORDS) {
        struct lk_text t = lk_text_init(say->word[say->words].value, LK_COM_TEXT);
        lk_text_add(&t, value);
        say->word[say->words++].name = name;
    }
}

static void fill(const struct lk_person *p, const struct lk_com_say *say, struct lk_text *out)
{
    char key[96];
    struct lk_text k = lk_text_init(key, sizeof(key));
    struct lk_word words[LK_COM_WORDS + 1] = {{NULL, NULL}};
    for (unsigned i = 0; i < say->words; i++) {
        words[i] = (struct lk_word){say->word[i].name, say->word[i].value};
    }
    lk_text_addf(&k, "%s%s", p->prefix, say->key);
    lk_say_fill(out, lk_say_text(p->ctl->json ? LK_LANG_EN : p->ctl->lang, key), words);
}

static void print_json(const struct lk_person *p, const char *what, const struct lk_com_say *say)
{
    char text[2048];
    struct lk_text t = lk_text_init(text, sizeof(text));
    json_t *o = json_object();
    json_object_set_new(o, what, json_string(say->key));
    for (unsigned i = 0; i < say->words; i++) {
        json_object_set_new(o, say->word[i].name, json_string(say->word[i].value));
    }
    if (strcmp(what, "ask") == 0) {
        json_object_set_new(o, "preset", say->preset ? json_string(say->preset) : json_null());
    }
    fill(p, say, &t);
    json_object_set_new(o, "text", json_string(text));
    lk_ctl_print_json(o);
    json_decref(o);
}

void lk_person_tell(struct lk_person *person, const struct lk_com_say *say)
{
    char text[2048];
    struct lk_text t = lk_text_init(text, sizeof(text));
    if (person->ctl->json) {
        print_json(person, "say", say);
        return;
    }
    fill(person, say, &t);
    (void)puts(text);
    (void)fflush(stdout);
}

void lk_person_ask(struct lk_person *person, const struct lk_com_say *question)
{
    char text[2048];
    struct lk_text t = lk_text_init(text, sizeof(text));
    person->asked = true;
    if (person->ctl->json) {
        print_json(person, "ask", question);
        return;
    }
    fill(person, question, &t);
    if (question->preset && question->preset[0] != '\0') {
        lk_text_addf(&t, " [%s]", question->preset);
    }
    (void)printf("%s > ", text);
    (void)fflush(stdout);
}

/* --- hearing */

/* The next whole line, or at the end of the input what there is. */
static bool take_line(struct lk_person *p, char *ret_text, size_t cap)
{
    char *end = memchr(p->buf, '\n', p->len);
    size_t n = end ? (size_t)(end - p->buf) : p->len;
    if (!end && (!p->ended || p->len == 0) && p->len < sizeof(p->buf)) {
        return false;
    }
    char line[sizeof(p->buf) + 1];
    memcpy(line, p->buf, n);
    line[n] = '\0';
    p->len -= end ? n + 1 : n;
    memmove(p->buf, p->buf + (end ? n + 1 : n), p->len);
    char *start = line + strspn(line, " \t\r");
    for (n = strlen(start); n > 0 && strchr(" \t\r", start[n - 1]); n--) {
        start[n - 1] = '\0';
    }
    if (lk_text_copy(ret_text, cap, start) < 0 || !lk_text_is_utf8(start, strlen(start))) {
        (void)lk_text_copy(ret_text, cap, "?"); /* too long, or no text: no answer to anything */
    }
    return true;
}

static void hear(struct lk_person *p)
{
    ssize_t n = p->len < sizeof(p->buf) ? read(p->in, p->buf + p->len, sizeof(p->buf) - p->len) : 0;
    if (n > 0) {
        p->len += (size_t)n;
    } else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
        p->ended = true;
    }
}

int lk_person_answer(struct lk_person *person, char *ret_text, size_t cap)
{
    if (take_line(person, ret_text, cap)) {
        person->asked = false;
        return 0;
    }
    return person->ended ? -EPIPE : -EAGAIN;
}

int lk_person_wait(struct lk_person *person, int fd, int64_t until_ms)
{
    int64_t left_ms = until_ms - lk_person_now_ms();
    struct signalfd_siginfo info;
    struct pollfd p[] = {{.fd = person->signals, .events = POLLIN},
                         {.fd = person->asked && !person->ended ? person->in : -1, .events = POLLIN},
                         {.fd = fd, .events = POLLIN}};
    int n = poll(p, LK_ARRAY_SIZE(p), left_ms <= 0 ? 0 : left_ms > 60000 ? 60000 : (int)left_ms);
    if (n > 0 && p[1].revents != 0) {
        hear(person);
    }
    return n > 0 && p[0].revents != 0 && read(person->signals, &info, sizeof(info)) > 0 ? -EINTR : 0;
}

int lk_person_question(struct lk_person *person, const struct lk_com_say *question, char *ret_text, size_t cap)
{
    int r;
    lk_person_ask(person, question);
    while ((r = lk_person_answer(person, ret_text, cap)) == -EAGAIN) {
        r = lk_person_wait(person, -1, lk_person_now_ms() + 1000);
        if (r < 0) {
            return r;
        }
    }
    if (r == 0 && strcmp(ret_text, "quit") == 0) {
        return -EINTR;
    }
    return r == 0 && ret_text[0] == '\0' && question->preset ? lk_text_copy(ret_text, cap, question->preset) : r;
}
