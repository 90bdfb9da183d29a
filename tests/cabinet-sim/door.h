/*
 * One compartment: lock coil, latch, spring, door, sensor, the item inside, and the person in front of it. A small
 * physical model in the caller's time: a coil energised for latch_ns lets the latch go, the spring moves the door after
 * spring_ns, the sensor bounces on each movement, a shut door latches again unless the coil still pulls.
 * Times are monotonic nanoseconds given by the caller; calls for one world must not go back in time.
 * Thread: the owner's. Blocking: never.
 */
#ifndef LK_CAB_DOOR_H
#define LK_CAB_DOOR_H

#include "fault.h"

#include <stdbool.h>
#include <stdint.h>

struct lk_cab_world;

#define LK_CAB_NAME_MAX 24u /* bytes with NUL: lines, boards, doors */
#define LK_CAB_ITEM_MAX 64u /* bytes with NUL */

/* How a board's doors are built. */
struct lk_cab_door_config {
    int64_t latch_ns;   /* the coil must pull this long */
    int64_t spring_ns;  /* from the latch letting go to the sensor noticing */
    int64_t bounce_ns;  /* all extra edges of one movement lie within this */
    unsigned bounce;    /* extra pairs of edges per movement */
    bool closed_reads1; /* what the input reads with the door shut */
};

enum lk_cab_auto { LK_CAB_AUTO_OFF, LK_CAB_AUTO_NOTHING, LK_CAB_AUTO_PUT, LK_CAB_AUTO_TAKE };

/* A person who waits for the door to open, does one thing, and closes the door, or forgets to. */
struct lk_cab_person {
    enum lk_cab_auto does;
    int64_t after_ns;       /* from the door opening to doing */
    int64_t close_after_ns; /* from doing to closing; negative: leaves without closing */
    unsigned left;          /* openings served before the person goes away, 0 = stays */
    char item[LK_CAB_ITEM_MAX];
};

struct lk_cab_door {
    char name[LK_CAB_NAME_MAX];
    unsigned board, channel, index; /* channel counts from 0 on its board; index is the door's own, in the world */
    int input_board;                /* where its switch is wired to, -1 = nowhere */
    unsigned input_channel;         /* and to which input there */
    struct lk_cab_door_config config;
    bool coil, latched, open;
    bool switch_shut; /* the sensor's raw contact, bouncing */
    bool input_seen;  /* last value told to the history */
    char item[LK_CAB_ITEM_MAX];
    struct lk_cab_person person;
    bool person_done;
    unsigned bounce_left; /* edges still to come */
    int64_t bounce_step_ns;
    int64_t coil_since_ns, latch_at_ns, spring_at_ns, bounce_at_ns, person_at_ns; /* 0 = not running */
    int64_t pushed_until_ns;
    uint64_t energised, openings, closings; /* since start or reset */
    struct lk_cab_fault_state faults[LK_CAB_FAULTS];
};

enum lk_cab_action { LK_CAB_FORCE, LK_CAB_CLOSE, LK_CAB_PUT, LK_CAB_TAKE, LK_CAB_PUSH };

/* A shut, empty, latched door. name, board, channel, index and config are already set. */
void lk_cab_door_init(struct lk_cab_door *d);

/* The lock wires now carry current or not. */
void lk_cab_door_coil(struct lk_cab_world *w, struct lk_cab_door *d, bool on, int64_t now_ns);

/* Some instant of the door has come: does what is due. Calls for instants that no longer hold do nothing. */
void lk_cab_door_due(struct lk_cab_world *w, struct lk_cab_door *d, int64_t now_ns);

/* Somebody does something to the door. PUT takes item (a copy is kept); PUSH leans on the door for push_ns.
 * 0; -EALREADY already open or shut; -EEXIST something is inside; -ENOENT nothing is inside; -EACCES the door is shut.
 */
int lk_cab_door_act(struct lk_cab_world *w, struct lk_cab_door *d, enum lk_cab_action action, const char *item,
                    int64_t push_ns, int64_t now_ns);

/* What the board's input terminal reads now, sensor faults included. */
bool lk_cab_door_input(const struct lk_cab_door *d);

/* A sensor fault was set or cleared: tells board and history if the input reads another value now. */
void lk_cab_door_input_check(struct lk_cab_world *w, struct lk_cab_door *d, int64_t now_ns);

#endif
