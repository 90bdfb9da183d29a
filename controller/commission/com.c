#include "com.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { TICK_MS = 1000 };

int lk_com_create(const struct lk_com_setup *setup, struct lk_com_known *known, const struct lk_com_io *io, void *user,
                  struct lk_com **ret_com)
{
    struct lk_com *com = calloc(1, sizeof(*com));
    if (!com || lk_supply_create(NULL, &com->supply) < 0) {
        free(com);
        return -ENOMEM;
    }
    com->setup = *setup;
    com->known = known;
    com->io = *io;
    com->user = user;
    for (unsigned i = 0; i < LK_COM_BOARDS; i++) {
        com->board[i].com = com;
        com->board[i].index = i;
    }
    *ret_com = com;
    return 0;
}

struct lk_com *lk_com_destroy(struct lk_com *com)
{
    if (com) {
        com_close(com);
        com->supply = lk_supply_destroy(com->supply);
        free(com);
    }
    return NULL;
}

bool lk_com_proved_off(const struct lk_com *com)
{
    return com->proved_off;
}

int64_t com_now(const struct lk_com *com)
{
    return com->io.now_ms(com->user);
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* When a board wants to be ticked at the earliest. */
static int64_t next_tick(const struct lk_com *com, int64_t until_ms)
{
    for (unsigned i = 0; i < LK_COM_BOARDS; i++) {
        if (com->board[i].bank) {
            until_ms = sooner(until_ms, lk_lockbank_next_at_ms(com->board[i].bank));
        }
    }
    return until_ms;
}

static void tick(struct lk_com *com)
{
    com_reap(com);
    int64_t now_ms = com_now(com);
    for (unsigned i = 0; i < LK_COM_BOARDS; i++) {
        struct lk_lockbank *bank = com->board[i].bank;
        if (bank && lk_lockbank_next_at_ms(bank) <= now_ms) {
            lk_lockbank_tick(bank, now_ms);
        }
    }
}

int com_pass(struct lk_com *com, int64_t until_ms)
{
    int r = com->io.wait(com->user, com->fb, next_tick(com, until_ms));
    tick(com);
    return r;
}

int com_note(struct lk_com *com, const struct lk_com_fact *fact)
{
    struct lk_com_known *trial = malloc(sizeof(*trial));
    if (!trial) {
        return -ENOMEM;
    }
    *trial = *com->known;
    int r = lk_com_fold(trial, fact);
    r = r == 0 ? com->io.note(com->user, fact) : r;
    if (r == 0) {
        *com->known = *trial;
    }
    free(trial);
    return r;
}

struct lk_com_say com_say(const char *key)
{
    return (struct lk_com_say){.key = key};
}

void com_word(struct lk_com_say *say, const char *name, const char *format, ...)
{
    va_list args;
    if (say->words < LK_COM_WORDS) {
        struct lk_text t = lk_text_init(say->word[say->words].value, LK_COM_TEXT);
        va_start(args, format);
        lk_text_vaddf(&t, format, args);
        va_end(args);
        say->word[say->words++].name = name;
    }
}

void com_tell(struct lk_com *com, const struct lk_com_say *say)
{
    com->io.tell(com->user, say);
}

/* While somebody thinks, the boards live on. */
int com_ask(struct lk_com *com, const struct lk_com_say *question, char *ret_text)
{
    int r;
    com->io.ask(com->user, question);
    while ((r = com->io.answer(com->user, ret_text, LK_COM_ANSWER)) == -EAGAIN) {
        r = com_pass(com, com_now(com) + TICK_MS);
        if (r < 0) {
            return r;
        }
    }
    if (r == 0 && strcmp(ret_text, "quit") == 0) {
        return -EINTR;
    }
    if (r == 0 && ret_text[0] == '\0' && question->preset) {
        return lk_text_copy(ret_text, LK_COM_ANSWER, question->preset);
    }
    return r;
}

int com_ask_yes(struct lk_com *com, const struct lk_com_say *question, bool *ret_yes)
{
    static const char *const yes[] = {"y", "yes", "Y", "是", "对", "有"}, *const no[] = {"n",  "no", "N",
                                                                                         "否", "不", "没有"};
    char text[LK_COM_ANSWER];
    for (;;) {
        int r = com_ask(com, question, text);
        if (r < 0) {
            return r;
        }
        for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
            if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
                *ret_yes = strcmp(text, yes[i]) == 0;
                return 0;
            }
        }
        struct lk_com_say say = com_say("yes_or_no");
        com_tell(com, &say);
    }
}

const char *com_door(const struct lk_com_board *board, unsigned door, char *buf, size_t cap)
{
    struct lk_text t = lk_text_init(buf, cap);
    lk_text_addf(&t, "%s%02u", board->bank, door);
    return buf;
}

static int take_step(struct lk_com *com, const struct lk_com_step *s)
{
    switch (s->kind) {
    case LK_COM_STEP_SCAN:
        return com_scan(com);
    case LK_COM_STEP_NAME:
        return com_name(com, s->board);
    case LK_COM_STEP_VERIFY:
        return com_verify(com, s->board);
    case LK_COM_STEP_SOFTWARE:
        return com_software(com, s->board);
    case LK_COM_STEP_CURRENT:
        return com_current(com, s->board);
    case LK_COM_STEP_DOUBT:
        return com_doubt(com, s->board, s->channel);
    case LK_COM_STEP_LEARN:
        return com_learn(com, s->board, s->channel);
    case LK_COM_STEP_SIZES:
        return com_sizes(com, s->board);
    case LK_COM_STEP_REVIEW:
        return com_review(com);
    case LK_COM_STEP_DONE:
        break;
    }
    return 1;
}

/* The end of every run. Its fact is a service to the reader of the journal; a full disk must not hide how it ended. */
static int end(struct lk_com *com, int r)
{
    com_sleep(com);
    struct lk_com_fact fact = {.kind = LK_COM_STOPPED, .level = com->proved_off};
    (void)com_note(com, &fact);
    struct lk_com_say say = com_say(com->proved_off ? "coils_off" : "coils_unproven");
    if (com->had_banks) {
        com_tell(com, &say);
    }
    com_close(com);
    return r == 1 ? 0 : r;
}

int lk_com_run(struct lk_com *com)
{
    int r = 0;
    while (r == 0) {
        struct lk_com_step step = lk_com_next(com->known);
        r = take_step(com, &step);
    }
    return end(com, r);
}
