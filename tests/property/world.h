/*
 * A whole site in virtual time around the real core: a store that fails and rolls back, a cabinet with physics, people
 * and upstream, crashes at every point of a step. Everything comes from one seed, so that any run can be repeated.
 *
 *   world.c    time, the queue of happenings, the engine's part: step, commit, adopt, act; crash and restart
 *   cabinet.c  doors, locks, boards and the driver: what the controller sees of them, and what is really so
 *   people.c   citizens, couriers and clerks at the kiosk, staff with lockerctl, upstream
 *   postal.c   upstream's commands about items and codes, and what the calendar asks for
 *   truths.c   what must be true of the world after every step, seen from outside
 *
 * Thread: one. A broken truth is kept in .broken and ends the run.
 */
#ifndef WORLD_H
#define WORLD_H

#include "model_store.h"

#include "core/view.h"

#include <stdio.h>

enum { WORLD_HAPPENINGS = 512, WORLD_WAITING = 512, WORLD_LINES = 40, WORLD_LINE = 400, WORLD_REQUESTS = 64 };

enum happening_kind {
    H_NONE,
    H_FIRE,   /* driver: the pulse goes out. .door .intent */
    H_REPORT, /* driver: .door .intent .report */
    H_SENSE,  /* driver: confirm time is over, look at the door */
    H_RETRY,  /* engine: try the commit again */
    H_OPEN,   /* the door moves. .door .cause */
    H_PUT,    /* the courier puts the envelope in already */
    H_ACT,    /* whoever stands there does what they came for, and closes */
    H_BACK,   /* .door is a bank: the board answers (again) */
    H_BOOT,   /* the daemon starts */
    H_KIOSK,  /* somebody touches the kiosk */
    H_WORLD,  /* something else happens */
};

enum cause { CAUSE_OWN, CAUSE_LATE, CAUSE_WRONG, CAUSE_FORCED };

struct happening {
    enum happening_kind kind;
    int64_t at_ms;
    uint64_t order; /* ties run in the order in which they were planned */
    int door;
    uint64_t intent;
    enum lk_pulse_report report;
    enum cause cause;
};

/* A door as it really is, and what the driver told of it. */
struct real_door {
    bool open;
    bool seen;              /* the controller committed this opening */
    bool thief;             /* who stands there is not whom the intent meant */
    enum lk_sense told;     /* what the driver reported last */
    struct lk_op authority; /* why the lock was pulsed last */
    char item[LK_ITEM_ID_MAX + 1];
};

enum where { WITH_SENDER, BEHIND_DOOR, WITH_RECIPIENT, WITH_STAFF, STOLEN };

/* An envelope as it really is. */
struct envelope {
    bool used;
    char id[LK_ITEM_ID_MAX + 1];
    enum where where;
    int door;
    bool exempt; /* something happened to it that nobody could have seen */
};

struct world {
    uint64_t seed, rng, steps;
    int64_t now_ms;
    const char *broken;

    struct lk_core_config cfg;
    struct lk_core core, next;
    struct lk_effects fx;
    struct model_store store;

    unsigned calm;           /* 0: a wild site; 2: mostly people who do what they came for */
    bool up;                 /* the daemon runs */
    bool stopping;           /* a clean stop was asked for */
    int64_t disk_bad_until;  /* commits fail until then */
    int64_t tick_not_before; /* a failed tick waits */
    unsigned idle_ticks;     /* ticks in a row at the same instant */
    struct lk_input waiting[WORLD_WAITING];
    unsigned waits;
    uint64_t requests;
    struct {
        uint64_t request;
        int door;
    } open_request[WORLD_REQUESTS];

    struct happening happening[WORLD_HAPPENINGS];
    uint64_t order;
    struct real_door door[MODEL_DOORS];
    bool board_up[LK_MAX_BANKS];
    struct envelope envelope[MODEL_ITEMS];
    unsigned char *pulsed; /* per intent id: pulses that went to the driver, over all restarts */
    size_t pulsed_size;
    unsigned ids;

    bool print;
    uint64_t hash; /* of every trace line */
    char line[WORLD_LINES][WORLD_LINE];
    unsigned lines;
};

/* --- world.c -------------------------------------------------------------------------------------------------------
 */

void world_init(struct world *w, uint64_t seed, bool print);
void world_done(struct world *w);
/* Runs until `steps` inputs were stepped or a truth is broken. */
void world_run(struct world *w, uint64_t steps);

uint64_t world_random(struct world *w);
int64_t world_between(struct world *w, int64_t least, int64_t most);
bool world_chance(struct world *w, unsigned per_mille);
void world_say(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
struct happening *world_plan(struct world *w, enum happening_kind kind, int64_t in_ms, int door);
bool world_is_planned(const struct world *w, enum happening_kind kind, int door);
void world_cancel(struct world *w, enum happening_kind kind, int door); /* door -2: all */

struct lk_input world_input(enum lk_input_kind kind);
/* An input of the cabinet: waits and is tried again when the commit fails. */
void world_hardware(struct world *w, const struct lk_input *in);
/* An input of a person: done at once or not at all. True when it was committed and the daemon still runs. */
bool world_person(struct world *w, struct lk_input *in);
void world_crash(struct world *w, const char *when);

/* --- cabinet.c -----------------------------------------------------------------------------------------------------
 */

void cabinet_happens(struct world *w, const struct happening *h);
void cabinet_pulse(struct world *w, int door, uint64_t intent);
void cabinet_board(struct world *w, int bank, enum lk_bank_state state, enum lk_reason reason);
void cabinet_force(struct world *w, int door);
struct envelope *cabinet_envelope(struct world *w, const char *id);

/* --- people.c ------------------------------------------------------------------------------------------------------
 */

/* An envelope that nobody has seen yet; NULL: there are too many already. */
const struct envelope *people_envelope(struct world *w);
void people_kiosk(struct world *w);
void people_world(struct world *w);

/* --- staff.c: what else staff do -----------------------------------------------------------------------------------
 */

/* What a staff screen waits for, when it waits for something else than a button; false: it does not. */
bool staff_answer(struct world *w, const struct lk_view *v, struct lk_input *ret_in);
/* The facts of a scanned item that lie in the cabinet. */
void staff_facts(const struct world *w, struct lk_input *in);
/* An item's details, so that some belong to one case and person. */
void staff_details(struct world *w, struct lk_item *item);
/* lockerctl: the window, inspections. */
void staff_desk(struct world *w);
/* The second person, mostly. */
void staff_second(struct world *w, struct lk_input *in);
/* What goes over the counter with this step. */
void staff_hand_over(struct world *w);

/* --- citizens.c: what else citizens do -----------------------------------------------------------------------------
 */

/* What this site lets them do. */
void citizens_policy(struct world *w);
/* An announced item's details: the phone tail, whether it is asked for. */
void citizens_details(struct world *w, struct lk_item *item);
/* What a citizen's button carries. */
void citizens_button(struct world *w, struct lk_input *in);
/* What a citizen's screen waits for, when it waits for something else than a button; false: it does not. */
bool citizens_answer(struct world *w, const struct lk_view *v, struct lk_input *ret_in);

/* --- postal.c: upstream's commands about items and codes; the calendar ----------------------------------------------
 */

void postal_command(struct world *w);
void postal_calendar(struct world *w);

/* --- truths.c ------------------------------------------------------------------------------------------------------
 */

/* Before the commit: does the input authorise these effects? */
const char *truths_of_step(const struct world *w, const struct lk_input *in);
/* After it: does what store and core believe agree with what is? */
const char *truths_of_world(const struct world *w);

#endif
