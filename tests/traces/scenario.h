/*
 * The words of the scenario language (scenarios/README.md): a line split into words, and what the files with words
 * share. Thread: one. Errors end the scenario (site.broken).
 */
#ifndef SCENARIO_H
#define SCENARIO_H

#include "site.h"

enum { WORDS = 12 };

struct line {
    char *word[WORDS]; /* never NULL: "" when there is no such word */
    int words;
};

void wrong(struct site *site, const char *what);
int door_of(struct site *site, const char *label);

/* A code or token as a number. */
uint64_t number_of(const char *text);

/* The value of "key=value" among the words, or NULL. */
const char *option(const struct line *l, const char *key);
void facts(struct site *site, struct lk_input *in, const struct lk_item *item);
void staff(struct site *site, struct lk_input *in, const char *id, const char *role);

/* --- staff_words.c: what the site is like, and what staff do ---------------------------------------------------------
 */

void do_policy(struct site *site, const struct line *l);
void do_admin(struct site *site, const struct line *l);
void do_settle(struct site *site, const struct line *l);
void do_desk(struct site *site, const struct line *l);
void do_inspected(struct site *site, const struct line *l);
void do_round(struct site *site, const struct line *l);

/* --- upstream_words.c: upstream's commands, and what the calendar asks for ------------------------------------------
 */

void do_announce(struct site *site, const struct line *l);
void do_update(struct site *site, const struct line *l);
void do_transfer(struct site *site, const struct line *l);
void do_secret(struct site *site, const struct line *l);
void do_command(struct site *site, const struct line *l);
void do_remote(struct site *site, const struct line *l);
void do_due(struct site *site, const struct line *l);
void do_clock(struct site *site, const struct line *l);

/* --- person_words.c: what citizens do ------------------------------------------------------------------------------
 */

/* What sites let citizens do: rating, no-refusal, dropoff [MOST], extend DAYS; false: no such policy */
bool person_policy(struct lk_core_config *cfg, const char *name, const char *value);
void do_second(struct site *site, const struct line *l);
void do_case(struct site *site, const struct line *l);

/* What the engine looks up for a citizen's button; false: it is none of those. */
bool person_facts(struct site *site, struct lk_input *in, const struct line *l);

/* announce: case=, phone=, site=, name=, dropoff */
void item_details(struct lk_item *item, const struct line *l);

/* What the engine looks up for a scan of an item by staff, and for a code at the window. */
void scan_facts(struct site *site, struct lk_input *in);
void code_facts(struct site *site, struct lk_input *in, const char *digits);

#endif
