/*
 * Inside the core: one step's context and what its files offer each other. Not for other modules.
 */
#ifndef CORE_MACHINE_H
#define CORE_MACHINE_H

#include "core/step.h"

/* One step in progress. */
struct lk_step {
    const struct lk_core_config *cfg;
    struct lk_core *core;
    const struct lk_input *in;
    struct lk_effects *fx;
    enum lk_reason refused; /* the person's wish was refused for this reason; NONE: it was not */
};

/* --- door.c: the door machine ------------------------------------------------------------------------------------- */

enum lk_door_input {
    LK_DOOR_SEE_CLOSED,
    LK_DOOR_SEE_OPEN_OWN,    /* opened, and an authorised opening waits for it */
    LK_DOOR_SEE_OPEN_FOUND,  /* first look: stands open, nothing at stake inside */
    LK_DOOR_SEE_OPEN_FORCED, /* opened without authority */
    LK_DOOR_SEE_NOTHING,     /* its board is lost */
    LK_DOOR_PULSE,
    LK_DOOR_PULSE_NOT_SENT,
    LK_DOOR_GIVE_UP,  /* pulsed, and the sensor did not move in time */
    LK_DOOR_TOO_LONG, /* open for longer than allowed */
    LK_DOOR_INPUTS
};

/* The next state; LK_DOOR_STATES for a pair that cannot happen (the caller changes nothing then). */
enum lk_door_state lk_door_next(enum lk_door_state state, enum lk_door_input input);

/* Moves a door and stamps the time. False for an impossible pair. */
bool lk_door_move(struct lk_step *s, int door, enum lk_door_input input);

/* Whether the sensor says that the metal is away from the frame. */
bool lk_door_is_open(enum lk_door_state state);

/* --- fx.c: emitting effects --------------------------------------------------------------------------------------- */

struct lk_effect *lk_fx(struct lk_step *s, enum lk_effect_kind kind);

/* An EVENT about a door (or LK_NO_DOOR), with item, purpose, intent and actor of its current opening filled in. */
struct lk_event *lk_fx_event(struct lk_step *s, enum lk_event_type type, int door);

/* An event that nobody caused: no purpose, intent, actor or command. */
void lk_fx_nobody(struct lk_event *e);
/* An event that the staff member of an ADMIN input caused, with note and second person. */
struct lk_event *lk_fx_staff(struct lk_step *s, enum lk_event_type type, int door, enum lk_reason reason);
void lk_fx_reply(struct lk_step *s, uint64_t request, enum lk_result result, enum lk_reason reason, int door,
                 enum lk_outcome outcome);
/* Answers the input's own request, if somebody waits. */
void lk_fx_answer(struct lk_step *s, enum lk_result result, enum lk_reason reason);
void lk_fx_custody(struct lk_step *s, const char *item, enum lk_custody from, enum lk_custody to, int door);
void lk_fx_use(struct lk_step *s, int door, enum lk_use use, const char *item, enum lk_reason reason);
void lk_fx_waybill(struct lk_step *s, const char *item, const char *waybill);
void lk_fx_secret_kill(struct lk_step *s, const char *item);
void lk_fx_doubt(struct lk_step *s, int door, enum lk_purpose purpose, enum lk_custody from);

/* Whether a tick may go on to another door: keeps room for the effects of one more. */
bool lk_fx_has_room(const struct lk_step *s);

/* --- opening.c: authorised openings, from intent to finish -------------------------------------------------------- */

/* Who wants a door open and why. */
struct lk_authority {
    enum lk_purpose purpose;
    enum lk_actor actor;
    const char *who;
    const char *item;
    enum lk_custody from;
    enum lk_custody to;  /* recall: see lk_op.to */
    const char *waybill; /* recall to the post; NULL: none */
    const char *second;  /* service: who agreed; NULL: nobody had to */
    uint64_t request;    /* answered when the outcome is proved; 0: nobody waits */
    const char *jti;     /* command answered when the outcome is proved; NULL: none */
};

/* Why this door cannot be pulsed now; NONE when it can (or already stands open for this purpose). */
enum lk_reason lk_opening_refusal(const struct lk_step *s, int door);
/* The same for staff who want to find out which door it is: a changed wiring does not keep them. */
enum lk_reason lk_opening_obstacle(const struct lk_step *s, int door);

/* Why staff or upstream cannot put this compartment out of use, or into use again; NONE: they can. */
enum lk_reason lk_door_block_refusal(const struct lk_door *d);
enum lk_reason lk_door_unblock_refusal(const struct lk_door *d);

/* staff_commands.c: lockerctl adds, changes or removes a staff member (LK_ADMIN_STAFF_*). */
void lk_staff_admin(struct lk_step *s);

/* Writes the intent and asks for the pulse. Call only when lk_opening_refusal() said NONE. */
void lk_opening_start(struct lk_step *s, int door, const struct lk_authority *by);

/* Once more after a jam, for the same authority. */
void lk_opening_retry(struct lk_step *s, int door, const char *item);

/* Gives a jammed or refused opening up: a deposit's compartment is blocked. */
void lk_opening_abandon(struct lk_step *s, int door);

/* The person said something that changes what closing means (lk_op.turn). */
void lk_opening_turn(struct lk_step *s, int door, enum lk_reason said);

/* The courier takes the item out again: closing frees the door. */
void lk_opening_withdraw(struct lk_step *s, int door);

/* An opening from before the start of which nothing that is seen now proves anything (the door is wired otherwise, the
 * records are a backup's): its outcome is unknown, and so is what was to change hands. */
void lk_opening_void(struct lk_step *s, int door, enum lk_reason reason);

void lk_opening_sense(struct lk_step *s);
void lk_opening_pulse_done(struct lk_step *s);
void lk_opening_tick(struct lk_step *s, int door);

/* --- custody.c ---------------------------------------------------------------------------------------------------- */

/* The end of an opening whose door was seen to open and to close: what changes hands. */
void lk_custody_complete(struct lk_step *s, int door);

/* The item of this door cannot be vouched for any more: custody unknown, compartment blocked. The event is the
 * caller's, and gets from/to filled in here. */
void lk_custody_lose(struct lk_step *s, int door, enum lk_reason reason, struct lk_event *event);

/* The same, with an audit.mismatch of its own that tells why. */
void lk_custody_give_up(struct lk_step *s, int door, enum lk_reason reason);

/* The outcome of an item's opening is unproven; the same person may prove it for a while. */
void lk_custody_doubt(struct lk_step *s, int door);
void lk_custody_doubt_over(struct lk_step *s, int door);
/* Whether the item is in doubt for another reason than this one: whoever was there first may have it already, and only
 * the same person or an inspection can say. */
bool lk_custody_is_others_doubt(const struct lk_door *d, enum lk_purpose purpose);
void lk_custody_tick(struct lk_step *s, int door);

/* The door an item lies in or is being put into, or LK_NO_DOOR. */
int lk_custody_door(const struct lk_core *core, const char *item);

/* One custody change with its event, in the same step. The event's other fields are those of the door's opening; the
 * caller may add to them. */
struct lk_event *lk_custody_change(struct lk_step *s, int door, const char *item, enum lk_event_type type,
                                   enum lk_custody from, enum lk_custody to);

/* Why an item of this custody cannot be picked up (or deposited); for refusals. */
enum lk_reason lk_custody_reason(enum lk_custody custody);

/* --- together.c: several items of one case and person in one compartment -------------------------------------------
 * The door names one of them, the one its story is about; the others are entries of core->extra. */

/* Some further item of this compartment, or NULL. The caller frees the entry by emptying .item. */
struct lk_extra *lk_together_next(struct lk_core *core, int door);
unsigned lk_together_count(const struct lk_core *core, int door);
/* Whether one more may be put in. */
bool lk_together_has_room(const struct lk_core *core, int door);
void lk_together_add(struct lk_core *core, int door, const char *item, bool unknown);
void lk_together_remove(struct lk_core *core, int door, const char *item);
/* From here on the door's story is about this item of its compartment. */
void lk_together_lead(struct lk_step *s, int door, const char *item);

/* --- lockout.c ---------------------------------------------------------------------------------------------------- */

bool lk_lockout_active(const struct lk_step *s);
/* A wrong try at the keypad, told as `reason`. Returns that reason, or LOCKED_OUT when it was one too many. Scanned
 * tokens and badges never come here: who holds a pen must not be able to lock the keypad for others (law 8). */
enum lk_reason lk_lockout_wrong(struct lk_step *s, enum lk_reason reason);
/* A right one at the keypad that had an effect: the count starts anew. */
void lk_lockout_right(struct lk_step *s);
void lk_lockout_tick(struct lk_step *s);

/* --- session.c: the kiosk -------------------------------------------------------------------------------- */

/* What became of the door that the kiosk waits for. */
enum lk_door_news { LK_NEWS_OPENED, LK_NEWS_CLOSED, LK_NEWS_JAMMED, LK_NEWS_FAILED, LK_NEWS_LOST };

void lk_session_show(struct lk_step *s, enum lk_screen screen);
/* A notice that the wish is refused; a notice that it is fulfilled. */
void lk_session_notice(struct lk_step *s, enum lk_reason reason);
void lk_session_tell(struct lk_step *s, enum lk_reason reason);
/* The screen a session falls back to when there is nothing more to say. */
enum lk_screen lk_session_base(const struct lk_session *session);
/* The answer to somebody's code or scan: a notice about this door (LK_NO_DOOR: about none), and the refusal. */
void lk_session_refuse(struct lk_step *s, int door, enum lk_reason reason);
void lk_session_sign_out(struct lk_step *s, enum lk_reason reason);
void lk_session_input(struct lk_step *s); /* CODE, SCAN, SIGN_IN, BUTTON */
void lk_session_door(struct lk_step *s, int door, enum lk_door_news news, enum lk_reason reason);
void lk_session_tick(struct lk_step *s);

/* Whether the screen has this button now; the view shows and the handlers accept exactly these. */
bool lk_session_has_button(const struct lk_core_config *cfg, const struct lk_core *core, int64_t now_ms,
                           enum lk_button button);

/* --- screens.c: what each screen is; buttons.c: what each button does --------------------------------------------- */

/* How long a screen waits for somebody; LK_NEVER: it stays. */
int64_t lk_screen_lasts_ms(const struct lk_core_config *cfg, enum lk_screen screen);
/* The screen that follows when the door on the screen does this; LK_SCREENS: it stays. */
enum lk_screen lk_screen_after_news(enum lk_screen screen, enum lk_door_news news);
void lk_button_input(struct lk_step *s);

/* --- pickup.c, deposit.c, recall.c: the stories behind the screens --------------------------------------------------
 */

/* Whose item is to be opened, by the right secret. */
struct lk_claim {
    struct lk_item item;
    unsigned more; /* further compartments the same code opens */
    bool proved;   /* the second factor was shown */
};

void lk_pickup_present(struct lk_step *s); /* CODE, or SCAN of a token */
void lk_pickup_next(struct lk_step *s);    /* NEXT on TAKEN */
/* Why the secret that was typed or scanned opens nothing; a wrong one at the keypad is counted. */
enum lk_reason lk_pickup_secret(struct lk_step *s);
/* On to the second factor or to the door; the kiosk shows it. A reason: nothing was done; *ret_door: its door. */
enum lk_reason lk_pickup_go_on(struct lk_step *s, const struct lk_claim *claim, int *ret_door);
void lk_deposit_scan(struct lk_step *s);
void lk_deposit_size(struct lk_step *s, enum lk_size size);
void lk_deposit_larger(struct lk_step *s);
void lk_deposit_other(struct lk_step *s);
void lk_deposit_cancel(struct lk_step *s);
void lk_deposit_smaller(struct lk_step *s);
bool lk_deposit_has_smaller(const struct lk_core_config *cfg, const struct lk_core *core);
void lk_deposit_not_empty(struct lk_step *s);
void lk_deposit_join(struct lk_step *s);
bool lk_deposit_may_join(const struct lk_core_config *cfg, const struct lk_core *core, int door,
                         const struct lk_item *item);
void lk_deposit_check(struct lk_step *s); /* PUT: the second scan that this site asks for */
void lk_deposit_again(struct lk_step *s); /* CHECK: the same deposit's door once more */
/* The screen that follows when the door of a deposit opens or shuts, `next` by the table. */
enum lk_screen lk_deposit_news(struct lk_step *s, int door, enum lk_screen next);
/* Somebody else changed an item that staff may just hold in the hand: the kiosk goes on with what is true now. To be
 * called by everything that changes an item outside of a compartment. */
void lk_deposit_changed(struct lk_step *s, const struct lk_item *item);
/* Free, closed, reachable compartments of a size that suit the item. */
unsigned lk_deposit_free(const struct lk_core_config *cfg, const struct lk_core *core, enum lk_size size,
                         const struct lk_item *item);
void lk_recall_item(struct lk_step *s); /* RECALL_ITEM, NEXT */
void lk_recall_list(struct lk_step *s, bool round);
void lk_recall_waybill(struct lk_step *s); /* WAYBILL was scanned, for an item in a compartment */
/* "Open again" of the door on the screen, for whoever stands there; next: the screen while it opens. */
void lk_reopen(struct lk_step *s, enum lk_screen next);

/* --- person.c: what only a citizen can press; second.c, dispute.c, refuse.c, extend.c, dropoff.c: the stories ------
 */

/* Who stands there: staff, or whoever the code was made for. */
enum lk_actor lk_session_actor(const struct lk_session *session);
/* Whether a button that the screen has for citizens may be pressed now. */
bool lk_person_may_press(const struct lk_core_config *cfg, const struct lk_core *core, enum lk_button button);
/* Does what the button is for; false: it is none of citizens' own. */
bool lk_person_press(struct lk_step *s);
/* The screen that follows when the door of a citizen opens or shuts, `next` by the table. */
enum lk_screen lk_person_news(struct lk_step *s, int door, enum lk_screen next);

/* Why the second factor cannot be asked for. */
enum lk_reason lk_second_refusal(const struct lk_step *s, const struct lk_item *item);
void lk_second_typed(struct lk_step *s); /* LK_IN_SECOND */
/* What is known of the item changed, maybe its phone: whoever was asked for the tail shows the code anew. */
void lk_second_changed(struct lk_step *s, const char *item);

void lk_dispute_say(struct lk_step *s);       /* NOT_MINE, NOTHING_INSIDE while the door is open */
void lk_dispute_take_back(struct lk_step *s); /* BACK: nothing was said; of a refusal, too */
void lk_dispute_taken(struct lk_step *s);     /* NOT_MINE, NOTHING_INSIDE, STILL_INSIDE when it is shut */
/* Whether what was taken out can still be disputed: nobody else had the compartment since. */
bool lk_dispute_may(const struct lk_core *core);
void lk_dispute_closed(struct lk_step *s, int door); /* shut after NOT_MINE, NOTHING_INSIDE */

void lk_refuse_confirm(struct lk_step *s);
void lk_refuse_closed(struct lk_step *s, int door);

void lk_extend_present(struct lk_step *s); /* EXTEND: CODE, or SCAN of a token */

/* Whether this site takes one more drop-off. */
bool lk_dropoff_may(const struct lk_core_config *cfg, const struct lk_core *core);
void lk_dropoff_case(struct lk_step *s); /* LK_IN_CASE */
/* The drop-off that this door was opened for comes to nothing; another door's: no effect. Before its use is changed. */
void lk_dropoff_give_up(struct lk_step *s, int door);

/* --- staff.c: what only staff can press and scan; window.c: the work at the window ---------------------------------
 */

/* Whether a button that the screen has for staff may be pressed now. */
bool lk_staff_may_press(const struct lk_core_config *cfg, const struct lk_core *core, enum lk_button button);
/* Does what the button is for; false: it is none of staff's own. */
bool lk_staff_press(struct lk_step *s);
/* A scan or code that a staff screen waits for; false: none does. */
bool lk_staff_input(struct lk_step *s);
/* Refused, and the screen stays as it is, with the reason on it. */
void lk_staff_stay(struct lk_step *s, enum lk_reason reason);
void lk_window_scan(struct lk_step *s);  /* an item's barcode */
void lk_window_press(struct lk_step *s); /* RECEIVE, HAND_OVER, SEND_POST, RETURN_ITEM, REFUSE */
void lk_window_proof(struct lk_step *s); /* HAND_OVER: a code, a phone tail, a token */
void lk_window_send(struct lk_step *s);  /* WAYBILL was scanned, for the item at the window */

/* --- desk.c: what is done with an item outside of a compartment; the same for the window's screens, lockerctl and
 * upstream's commands. `item`: the facts, NULL when there is no such item. Each act says why it is refused, and then
 * does nothing; at NONE it has emitted its effects and event, and the kiosk goes on with what is true now. No answer to
 * anybody: that is the caller's. --------------------------------------------------------------------------------- */

/* Who does it; goes into the event. */
struct lk_by {
    enum lk_actor actor;
    const char *who;
    const char *jti;  /* upstream's command; NULL: none */
    const char *note; /* why, in the staff member's words; NULL: none */
};

enum lk_desk {
    LK_DESK_RECEIVE,
    LK_DESK_HAND_OVER,
    LK_DESK_SEND,
    LK_DESK_RETURN,
    LK_DESK_REJECT,
    LK_DESK_EXTEND,
    LK_DESKS
};

/* Why this may not be done with the item; NONE: it may. */
enum lk_reason lk_desk_refusal(const struct lk_core_config *cfg, const struct lk_core *core, enum lk_desk desk,
                               const struct lk_item *item, enum lk_actor actor);
/* expected, with_courier -> at_window: item.transferred */
enum lk_reason lk_desk_receive(struct lk_step *s, const struct lk_item *item, const struct lk_by *by);
/* at_window -> collected: item.collected via the window. Proof NONE: WRONG_CODE, unless upstream says so or it was left
 * for the office. */
enum lk_reason lk_desk_hand_over(struct lk_step *s, const struct lk_item *item, enum lk_proof proof,
                                 const struct lk_by *by);
/* at_window -> with_courier: item.transferred with its waybill */
enum lk_reason lk_desk_send(struct lk_step *s, const struct lk_item *item, const char *waybill, const struct lk_by *by);
/* at_window -> returned, of a cancelled or refused item: item.returned */
enum lk_reason lk_desk_return(struct lk_step *s, const struct lk_item *item, const struct lk_by *by);
/* The recipient refuses it at the window: item.rejected */
enum lk_reason lk_desk_reject(struct lk_step *s, const struct lk_item *item, const struct lk_by *by);
/* So many days more (0: as configured) in its compartment: item.updated. Limits for citizens are the caller's. */
enum lk_reason lk_desk_extend(struct lk_step *s, const struct lk_item *item, unsigned days, const struct lk_by *by);

/* --- wiring.c --------------------------------------------------------------------------------------------------- */

/* What the restore calls said about the wiring: told once, and what depends on it decided. */
void lk_wiring_boot(struct lk_step *s);
void lk_wiring_confirm(struct lk_step *s); /* LK_ADMIN_CONFIRM */

/* --- due.c: LK_IN_DUE -----------------------------------------------------------------------------------------------
 */

void lk_due_run(struct lk_step *s);

/* --- room.c: how much room the log has for what upstream has not acknowledged ----------------------------------- */

void lk_outbox_room(struct lk_step *s); /* LK_IN_OUTBOX */
/* Why nothing new is taken in now; NONE: it is. */
enum lk_reason lk_outbox_refusal(const struct lk_core *core);
/* The end of a step: while the outbox is full, its events that tell nothing new become a count. Never one about
 * custody, an opening, a person's doing that has to be accounted for, or the first of a kind. */
void lk_outbox_spare(struct lk_step *s);

/* --- commands.c, admin.c, site.c
 * -------------------------------------------------------------------------------------- */

void lk_command_run(struct lk_step *s);
void lk_command_refuse(struct lk_step *s);
/* The stored answer of a command whose door has an outcome now. */
void lk_command_answer(struct lk_step *s, int door, const char *jti, enum lk_result result, enum lk_reason reason,
                       enum lk_outcome outcome);
void lk_admin_run(struct lk_step *s);
/* inspect.c: LK_ADMIN_SETTLE, LK_ADMIN_INSPECTED, LK_ADMIN_ROUND */
void lk_inspect_settle(struct lk_step *s);
void lk_inspect_door(struct lk_step *s);
void lk_inspect_round(struct lk_step *s);
void lk_site_boot(struct lk_step *s);
void lk_site_shutdown(struct lk_step *s);
void lk_site_clock(struct lk_step *s);
void lk_site_tell(struct lk_step *s); /* LK_IN_SITE */

/* --- limits.c: what the machine around us allows ------------------------------------------------------------------ */

void lk_limits_set(struct lk_step *s); /* LK_IN_LIMITS */
/* Why no lock is pulsed now, whichever; NONE: locks are. */
enum lk_reason lk_limits_rest(const struct lk_core *core);
/* Why nothing new is taken in now: too little room on the disk or in the log; NONE: it is. */
enum lk_reason lk_limits_intake(const struct lk_core *core);

/* --- restored.c: LK_IN_RESTORED ----------------------------------------------------------------------------------- */

void lk_restored(struct lk_step *s);
void lk_site_bank(struct lk_step *s);
/* Another door than the pulsed one opened: the bank stands still until staff resume it (law 3). */
void lk_site_stop_bank(struct lk_step *s, int bank, enum lk_reason reason);

#endif
