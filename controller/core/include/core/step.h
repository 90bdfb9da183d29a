/*
 * The core: (state, input) -> (state', effects). Pure: no clock, no I/O, no allocation, no log. Any thread, one at a
 * time for one state. The caller copies the state first and keeps the copy when the commit of the effects fails.
 */
#ifndef CORE_STEP_H
#define CORE_STEP_H

#include "core/effect.h"
#include "core/input.h"
#include "core/state.h"

/* An empty site: all doors unknown and free, all banks lost. */
void lk_core_init(struct lk_core *core, const struct lk_core_config *cfg);

/* Restore calls, between init and LK_IN_BOOT, from what the store holds. A door that the configuration no longer has is
 * the caller's to refuse. */
void lk_core_restore_door(struct lk_core *core, int door, enum lk_use use, const char *item,
                          enum lk_reason blocked_for);
void lk_core_restore_op(struct lk_core *core, int door, const struct lk_op *op);
/* joining: what was being put in beside others when the doubt came up, else "". */
void lk_core_restore_doubt(struct lk_core *core, int door, enum lk_purpose purpose, enum lk_custody from,
                           const char *joining);
/* A further item that lies in this door's compartment, after lk_core_restore_door(). -ENOSPC: more than LK_EXTRAS. */
int lk_core_restore_extra(struct lk_core *core, int door, const char *item, bool unknown);
/* The item of this door was brought by a citizen for the office (items.dropoff of compartment.item), whatever its
 * custody; after lk_core_restore_door(). The core counts these doors against dropoff_most. */
void lk_core_restore_dropoff(struct lk_core *core, int door);
/* The item an unfinished deposit was putting in beside others; after lk_core_restore_op(). */
void lk_core_restore_joining(struct lk_core *core, int door, const char *item);
/* The last compartment that staff opened without a code; it counts as if it had happened now (law 11). */
void lk_core_restore_service(struct lk_core *core, int door, int64_t now_ms);
/* After the calls about the door. An unfinished opening says for itself whether its door is wired otherwise now
 * (lk_op.rewired). */
void lk_core_restore_wiring(struct lk_core *core, int door, enum lk_wiring wiring);
void lk_core_restore_bank(struct lk_core *core, int bank, enum lk_reason stopped_for);
/* lock_ms: the whole length of the lockout that ran when we stopped (0: none); it starts anew at boot (law 11). */
void lk_core_restore_lockout(struct lk_core *core, unsigned tries, unsigned level, int64_t lock_ms, int64_t now_ms);
/* How many remote opens the last 24 hours saw; they count as if they had happened now (law 11). */
void lk_core_restore_remote(struct lk_core *core, unsigned opens, int64_t now_ms);
/* Events that were counted instead of logged and that nobody was told of yet. */
void lk_core_restore_left_out(struct lk_core *core, unsigned count);
void lk_core_restore_next_intent(struct lk_core *core, uint64_t next_intent);

/* One step. *fx is overwritten. Never fails: what is not allowed is answered by a REPLY effect and a notice. */
void lk_core_step(const struct lk_core_config *cfg, struct lk_core *core, const struct lk_input *in,
                  struct lk_effects *fx);

/* When the next TICK is due (monotonic ms), LK_NEVER when nothing waits. */
int64_t lk_core_next_at_ms(const struct lk_core_config *cfg, const struct lk_core *core);

/* The invariants. NULL when all hold, else a short English sentence that names the first broken one. `before` may be
 * NULL, then only the state itself is looked at. Static text. */
const char *lk_core_check(const struct lk_core_config *cfg, const struct lk_core *before, const struct lk_core *after,
                          const struct lk_effects *fx);

/* Whether the table of docs/core.md allows this custody change to this actor. */
bool lk_custody_allowed(enum lk_custody from, enum lk_custody to, enum lk_actor actor);

#endif
