/*
 * What the commands print with: labelled rows, headings, and the words of the daemon's answers in the reader's
 * language. Buffers named buf hold LK_SHOW_CELL bytes; results may live in them. Thread: one.
 */
#ifndef CTL_SHOW_H
#define CTL_SHOW_H

#include "ctl.h"

enum { LK_SHOW_CELL = 160 };

/* A row "label  value" of a table with two columns; label is a catalogue key. */
void lk_show_label(struct lk_ctl *ctl, struct lk_table *t, const char *label, const char *value);

/* The same with a catalogue text to be filled as value. */
void lk_show_row(struct lk_ctl *ctl, struct lk_table *t, const char *label, const char *text,
                 const struct lk_word *words);

/* The heading row: one catalogue key per column. */
void lk_show_header(struct lk_ctl *ctl, struct lk_table *t, const char *const *keys);

/* The value of an enumeration in the reader's words ("prefix.value" in the catalogue); "" when absent or "none". */
const char *lk_show_word(struct lk_ctl *ctl, const json_t *o, const char *key, const char *prefix, char *buf);

/* A number of seconds, a number of bytes, a truth value, for people. "" when absent. */
const char *lk_show_duration(struct lk_ctl *ctl, const json_t *o, const char *key, char *buf);
const char *lk_show_bytes(const json_t *o, const char *key, char *buf);
const char *lk_show_yes_no(struct lk_ctl *ctl, const json_t *v);

/* An RFC 3339 UTC time, or milliseconds since 1970, in the reader's own zone, to the second. A text that is no such
 * time stays as it is. */
const char *lk_show_time(const char *utc, char *buf);
const char *lk_show_wall_ms(const json_t *o, const char *key, char *buf);

/* Fetches one answer and prints it: as it is with --json, else by human(). Takes the reference to args. The exit code
 * is verdict's, when there is one. */
int lk_show(struct lk_ctl *ctl, const char *cmd, json_t *args, void (*human)(struct lk_ctl *, const json_t *),
            int (*verdict)(const json_t *));

/* Has one change made; prints the answer with --json, else the catalogue text `done` filled with the words. Takes the
 * reference to args. */
int lk_show_change(struct lk_ctl *ctl, const char *cmd, json_t *args, const char *done, const struct lk_word *words);

#endif
