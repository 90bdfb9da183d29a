/*
 * One command of the control socket under way: its arguments, checked as they are taken, and its answer or the sentence
 * that says what was wrong. Commands return 0 or negative errno; lk_cab_fail() sets the sentence.
 * Thread: the loop's. Blocking: never.
 */
#ifndef LK_CAB_CALL_H
#define LK_CAB_CALL_H

#include "control.h"

#include <stdbool.h>
#include <stdint.h>

struct lk_cab_call {
    struct lk_cab_sim *sim;
    struct lk_cab_client *client; /* NULL = not from a connection */
    const json_t *args;
    json_t *answer; /* what a successful command adds to */
    int64_t now_ns;
    char error[200];
};

/* Sets the sentence and returns code. */
int lk_cab_fail(struct lk_cab_call *c, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Is word one of the words, which are separated by blanks? */
bool lk_cab_word_in(const char *words, const char *word);

/* Is there such a key? */
bool lk_cab_has(const struct lk_cab_call *c, const char *key);

/* The text under the key, valid as long as the call. NULL with the sentence set when it is absent or no text. */
const char *lk_cab_need_text(struct lk_cab_call *c, const char *key);

/* Leave *value alone when the key is absent. 0, or -EINVAL with the sentence set. */
int lk_cab_take_int(struct lk_cab_call *c, const char *key, int64_t min, int64_t max, int64_t *value);
int lk_cab_take_bool(struct lk_cab_call *c, const char *key, bool *value);

/* Index of the line, board or door named under the key, by one of the lk_cab_world_find_*() functions; negative errno
 * with the sentence set. */
int lk_cab_find_named(struct lk_cab_call *c, const char *key,
                      int (*look_up)(const struct lk_cab_world *w, const char *name));

/* Commands about doors, boards and their faults, in commands_door.c and commands_fault.c. */
int lk_cab_run_door(struct lk_cab_call *c);
int lk_cab_run_bounce(struct lk_cab_call *c);
int lk_cab_run_fault(struct lk_cab_call *c);
int lk_cab_run_clear(struct lk_cab_call *c);

#endif
