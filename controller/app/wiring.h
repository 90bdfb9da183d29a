/*
 * What connects each door to metal, as one line of text and its fingerprint (docs/decisions/0009). The store keeps the
 * fingerprint with every intent and for every door; a changed one is noticed at the next start.
 *
 * Thread: any for the text, the owner's for what looks at the core. Nothing blocks.
 */
#ifndef APP_WIRING_H
#define APP_WIRING_H

#include "app/config.h"
#include "base/text.h"
#include "core/state.h"

enum { LK_WIRING_TEXT = 640 }; /* room for the longest line */

/* Everything that decides which lock a pulse of this door moves and which switch is read for it:
 *   1|rtu|DEVICE|UNIT|PROFILE|RELAY|UNIT|PROFILE|INPUT|LEVEL     the second unit and profile are the inputs' board
 *   1|tcp|HOST:PORT|...                                          LEVEL is what the input reads while the door is shut
 *   1|gpio|CHIP|LOCK LINE|ACTIVE LEVEL|SENSOR LINE|LEVEL
 * Numbers from 1 as in the file. Names of fieldbuses and banks are not in it: they move no metal. The first field is
 * the form's version: a text that changed by an update would hold every door of every cabinet. */
void lk_wiring_text(const struct lk_config *config, unsigned bank, unsigned door, struct lk_text *out);

/* The label of the n-th door (from 0) whose wiring waits for staff, or NULL. bank: only of that bank; -1: of all. */
const char *lk_wiring_held(const struct lk_core_config *cfg, const struct lk_core *core, int bank, unsigned n);

/* Says in the log which doors wait, one line for each bank. */
void lk_wiring_say(const struct lk_core_config *cfg, const struct lk_core *core);

/* Puts the fingerprints into config->core. 0 or -EIO. */
int lk_wiring_fill(struct lk_config *config);

#endif
