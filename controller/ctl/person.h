/*
 * The person in front of the screen: what is said to them, what they are asked, and what they answer. Texts come from
 * the catalogue under a prefix ("ctl.commission."); with --json each is one line for a program:
 *
 *   {"say":"learned","door":"A07",...,"text":"..."}     {"ask":"which_door","bank":"A",...,"preset":"","text":"..."}
 *
 * Answers are lines: from the terminal, from a file or a pipe. SIGINT, SIGTERM and SIGHUP arrive here as the wish to
 * leave, so that nothing is left half done. Thread: one, and no other may handle those signals.
 */
#ifndef CTL_PERSON_H
#define CTL_PERSON_H

#include "commission/commission.h"
#include "ctl.h"

struct lk_person {
    struct lk_ctl *ctl;
    const char *prefix;
    int in, signals; /* descriptors */
    bool asked, ended;
    char buf[1024]; /* what was typed and not yet taken */
    size_t len;
};

/* answers: a path, "-" or NULL for the standard input. LK_EXIT_OK, or the exit code after a complaint. */
int lk_person_open(struct lk_person *person, struct lk_ctl *ctl, const char *prefix, const char *answers);
void lk_person_close(struct lk_person *person);

void lk_person_tell(struct lk_person *person, const struct lk_com_say *say);
void lk_person_ask(struct lk_person *person, const struct lk_com_say *question);

/* -EAGAIN: no answer yet; -EPIPE: there will be none. The answer comes without blanks around it. */
int lk_person_answer(struct lk_person *person, char *ret_text, size_t cap);

/* Waits until until_ms (CLOCK_MONOTONIC), the descriptor (-1: none) or the person. 0, or -EINTR: they want to leave. */
int lk_person_wait(struct lk_person *person, int fd, int64_t until_ms);

/* Asks and waits. 0, -EINTR (also for the answer "quit"), -EPIPE. */
int lk_person_question(struct lk_person *person, const struct lk_com_say *question, char *ret_text, size_t cap);

/* A word for say; see lk_com_say. */
void lk_person_word(struct lk_com_say *say, const char *name, const char *value);

int64_t lk_person_now_ms(void);

/* Who acts, for a journal: --staff, else who called sudo, else who is logged in. */
const char *lk_person_who(const struct lk_ctl *ctl, char *buf, size_t cap);

#endif
