/*
 * Facts for the core: what the store knows about a code, a barcode or a command, put into an input (design: one step).
 * Thread: the owner thread. Blocking: short reads of the store. 0, or the store's negative errno.
 */
#ifndef APP_FACTS_H
#define APP_FACTS_H

#include "engine.h"

/* A keypad code. `digits` is what a code has. The text is not kept. */
int lk_facts_code(struct lk_store *store, const struct lk_stamp *now, const char *code, unsigned digits,
                  struct lk_input *ret_input);

/* A scanned text: a pickup token, a staff badge, or an item's barcode. While staff are signed in an item's barcode
 * comes first; a token or a badge is only named as such then, with nothing of it in the input. */
int lk_facts_scan(struct lk_store *store, const struct lk_stamp *now, const char *text, bool staff_session,
                  struct lk_input *ret_input);

/* An item chosen by its id, into input->item and ->found. */
int lk_facts_item(struct lk_store *store, const struct lk_stamp *now, const char *id, struct lk_input *input);

/* A verified command: the item it names, its secrets and its phone number as keyed hashes (the readable ones are
 * erased), its door; whether a code or token of it is somebody else's. -EINVAL: the phone number is none.
 * (facts_command.c) */
int lk_facts_command(struct lk_store *store, const struct lk_stamp *now, const struct lk_core_config *cfg,
                     struct lk_command *command, struct lk_input *ret_input);

#endif
