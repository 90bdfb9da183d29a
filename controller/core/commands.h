/*
 * Upstream's commands, inside the core: what their files share. commands.c runs and remembers them; item_commands.c,
 * code_commands.c, door_commands.c and staff_commands.c each do those about one thing. Not for other modules.
 */
#ifndef CORE_COMMANDS_H
#define CORE_COMMANDS_H

#include "machine.h"

/* The command of this step is remembered with this answer, in the same transaction (law 7). */
struct lk_effect *lk_command_remember(struct lk_step *s, enum lk_result result, enum lk_reason reason);

/* Remembered as done; or, for another reason than NONE, refused: told in the log, and nothing else happens. */
void lk_command_settle(struct lk_step *s, enum lk_reason reason);

/* An event about the command's item, by upstream. Its door is named when it lies in one. */
struct lk_event *lk_command_event(struct lk_step *s, enum lk_event_type type);

/* Upstream as who acts. Borrows the step's input. */
struct lk_by lk_command_by(const struct lk_step *s);

/* The item the command is about, as the store knows it; NULL: there is none. */
const struct lk_item *lk_command_item(const struct lk_step *s);

/* Why upstream can change nothing about this item any more: not known, left by a citizen for the office, cancelled,
 * its story over; NONE: it can. */
enum lk_reason lk_command_item_refusal(const struct lk_step *s);

/* This holder's code, or everybody's (LK_HOLDERS), is dead: who has just typed it and is asked for more is told so. */
void lk_command_code_died(struct lk_step *s, enum lk_holder holder, enum lk_reason reason);

/* item_commands.c */
void lk_command_announce(struct lk_step *s);
void lk_command_update(struct lk_step *s);
void lk_command_cancel(struct lk_step *s);
void lk_command_transfer(struct lk_step *s);
void lk_command_extend(struct lk_step *s);
void lk_command_delivered(struct lk_step *s);
void lk_command_received(struct lk_step *s);

/* code_commands.c */
void lk_command_reissue(struct lk_step *s);
void lk_command_revoke(struct lk_step *s);
void lk_command_grant(struct lk_step *s);
void lk_command_ungrant(struct lk_step *s);

/* door_commands.c */
void lk_command_open(struct lk_step *s);
void lk_command_block(struct lk_step *s);
void lk_command_unblock(struct lk_step *s);

/* staff_commands.c */
void lk_command_staff_upsert(struct lk_step *s);
void lk_command_staff_remove(struct lk_step *s);

#endif
