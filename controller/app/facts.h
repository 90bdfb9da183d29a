/*
 * Facts for the core: what the store knows about a code, a barcode or a command, put into an input (design: one step).
 * Thread: the owner thread. Blocking: short reads of the store. 0, or the store's negative errno.
 */
#ifndef APP_FACTS_H
#define APP_FACTS_H

#include "engine.h"

enum { LK_FACTS_CODE_MAX = 16 }; /* digits of the longest code that a site may have */

/* A keypad code. `digits` is what a code has. The text is not kept. */
int lk_facts_code(struct lk_store *store, const struct lk_stamp *now, const char *code, unsigned digits,
                  struct lk_input *ret_input);

/* What is typed at the window for item `id`: in->proof says whether its code or its recipient's phone tail fits. An
 * LK_IN_CODE, and nothing of what was typed in it. */
int lk_facts_proof(struct lk_store *store, const char *id, const char *digits, struct lk_input *ret_input);

/* What is typed where a phone tail is asked for: four digits, or nothing. */
struct lk_input lk_facts_second(const char *digits);

/* Whether a text could be a pickup code: so many digits, nothing else. Such a text names nothing, whether the code is a
 * live one or not: an answer that depended on it would tell which are, and count no try (laws 8 and 12). */
bool lk_facts_is_code(const char *text, unsigned digits);

/* What is typed or scanned where a case number is asked for, with a fresh receipt number; "" when it is none. What
 * could be a pickup code (so many `digits`, nothing else), a token or a badge is none: it must not become the name of
 * anything (law 12). */
int lk_facts_case(struct lk_store *store, const struct lk_stamp *now, const char *text, unsigned digits,
                  struct lk_input *ret_input);

/* A scanned text where a waybill is asked for; the same. */
int lk_facts_waybill(struct lk_store *store, const struct lk_stamp *now, const char *text, unsigned digits,
                     struct lk_input *ret_input);

/* Whether somebody of this role takes this item out of a compartment at all: what a citizen left for the office is not
 * a courier's. The core refuses the same; lists and rounds do not offer it. */
bool lk_facts_may_recall(const struct lk_item *item, enum lk_actor role);

/* The next item that the same code opens as `item`, of the same holder, or the next one of this role's round but item
 * `id`, into input->item, ->found and ->more. */
int lk_facts_sibling(struct lk_store *store, const struct lk_stamp *now, const struct lk_item *item,
                     struct lk_input *input);
int lk_facts_round(struct lk_store *store, const struct lk_stamp *now, const char *id, enum lk_actor role,
                   struct lk_input *input);

/* A scanned text: a pickup token, a staff badge, or an item's barcode. While staff are signed in an item's barcode
 * comes first, and input->join_door says where others of its case and person lie; a token or a badge is only
 * named as such then, with nothing of it in the input. */
int lk_facts_scan(struct lk_store *store, const struct lk_stamp *now, const char *text, bool staff_session,
                  struct lk_input *ret_input);

/* An item chosen by its id, into input->item and ->found. */
int lk_facts_item(struct lk_store *store, const struct lk_stamp *now, const char *id, struct lk_input *input);

/* A verified command: the item it names, its secrets and its phone number as keyed hashes (the readable ones are
 * erased), its door; whether a code or token of it is somebody else's. -EINVAL: the phone number is none.
 * (facts_command.c) */
int lk_facts_command(struct lk_store *store, const struct lk_stamp *now, const struct lk_core_config *cfg,
                     struct lk_command *command, struct lk_input *ret_input);

/* About a staff member who is added, changed or removed: who they are now, the keyed hash of the badge ("": not given),
 * and whether it is somebody else's. */
int lk_facts_member(struct lk_store *store, const char *badge, struct lk_member *member, struct lk_input *in);

#endif
