/*
 * The whole cabinet: lines, boards, doors, the deadlines between them, and the history. Time is an argument
 * everywhere (CLOCK_MONOTONIC nanoseconds); only the program's loop reads a clock, so tests run in virtual time.
 * Thread: the owner's. Blocking: never.
 */
#ifndef LK_CAB_WORLD_H
#define LK_CAB_WORLD_H

#include "board.h"
#include "door.h"
#include "history.h"
#include "queue.h"
#include "rand.h"

#define LK_CAB_LINES_MAX  32u
#define LK_CAB_BOARDS_MAX 128u
#define LK_CAB_DOORS_MAX  4096u
#define LK_CAB_MS         INT64_C(1000000)

enum lk_cab_medium { LK_CAB_RTU, LK_CAB_TCP };

/* Counters of a line, since start or reset. Times in ns. */
struct lk_cab_line_stats {
    uint64_t requests, replies, unanswered, garbled, gap_violations, dropped, collisions, overruns;
    uint64_t bytes_in, bytes_out;
    int64_t wire_ns;         /* characters of both directions, at the line's speed */
    int64_t shortest_gap_ns; /* least silence before a request; INT64_MAX = no second request yet */
    int64_t worst_late_ns;   /* how late the simulator itself delivered a reply, at worst */
    uint64_t connections;    /* times opened (RTU) or accepted (TCP) */
};

struct lk_cab_line {
    char name[LK_CAB_NAME_MAX];
    enum lk_cab_medium medium;
    struct lk_cab_line_stats stats;
};

struct lk_cab_world {
    struct lk_cab_line line[LK_CAB_LINES_MAX];
    struct lk_cab_board *board; /* LK_CAB_BOARDS_MAX */
    struct lk_cab_door *door;   /* LK_CAB_DOORS_MAX */
    unsigned lines, boards, doors;
    struct lk_cab_queue queue;
    struct lk_cab_history history;
    struct lk_cab_rand rand;
    uint64_t seed;
};

/* What a board is made of; names are copied. */
struct lk_cab_board_config {
    const char *name;
    int line;
    uint8_t unit;
    unsigned channels, inputs, doors;
    bool sensors_elsewhere; /* the switches of its doors are wired to that board, from that input on */
    unsigned sensors_board, sensors_first;
    const struct lk_cab_profile *profile;
    struct lk_cab_door_config door;
};

/* An empty world. 0 or -ENOMEM. Freed with lk_cab_world_free(), which accepts a zeroed one. */
int lk_cab_world_init(struct lk_cab_world *ret_w, uint64_t seed, size_t history_room);
void lk_cab_world_free(struct lk_cab_world *w);

/* Return the new index. -ENOSPC too many, -EEXIST name (or unit on that line) taken, -EINVAL name or number not usable.
 * Doors are named after the board and numbered from 01. */
int lk_cab_world_add_line(struct lk_cab_world *w, const char *name, enum lk_cab_medium medium);
int lk_cab_world_add_board(struct lk_cab_world *w, const struct lk_cab_board_config *config);

/* Index by name, or -ENOENT. */
int lk_cab_world_find_line(const struct lk_cab_world *w, const char *name);
int lk_cab_world_find_board(const struct lk_cab_world *w, const char *name);
int lk_cab_world_find_door(const struct lk_cab_world *w, const char *name);

/* Lets everything happen that is due until now_ns, each at its own instant. */
void lk_cab_world_run(struct lk_cab_world *w, int64_t now_ns);

/* When something happens next, INT64_MAX = never without outside help. */
int64_t lk_cab_world_next(const struct lk_cab_world *w);

/* Sets a deadline; a lack of memory ends the program, as a model with holes proves nothing. */
void lk_cab_world_later(struct lk_cab_world *w, int64_t at_ns, enum lk_cab_due due, unsigned index);

/* Records a happening about a line, board, channel or door. text may be NULL. */
void lk_cab_tell_line(struct lk_cab_world *w, int64_t at_ns, enum lk_cab_kind kind, int line, int board, int64_t value,
                      const char *text);
void lk_cab_tell_board(struct lk_cab_world *w, int64_t at_ns, enum lk_cab_kind kind, const struct lk_cab_board *b,
                       int channel, int64_t value, const char *text);
void lk_cab_tell_door(struct lk_cab_world *w, int64_t at_ns, enum lk_cab_kind kind, const struct lk_cab_door *d,
                      int64_t value, const char *text);

/* Sets a fault on a board or a door (of the right kind) and lets it act. 0; -EINVAL not for this; -EBUSY wires of the
 * other door are already swapped. */
int lk_cab_world_fault_board(struct lk_cab_world *w, struct lk_cab_board *b, enum lk_cab_fault fault,
                             const struct lk_cab_fault_state *state, int64_t now_ns);
int lk_cab_world_fault_door(struct lk_cab_world *w, struct lk_cab_door *d, enum lk_cab_fault fault,
                            const struct lk_cab_fault_state *state, int64_t now_ns);

/* Clears one fault, or all with LK_CAB_FAULTS. Clearing what is not there is fine. */
void lk_cab_world_clear_board(struct lk_cab_world *w, struct lk_cab_board *b, enum lk_cab_fault fault, int64_t now_ns);
void lk_cab_world_clear_door(struct lk_cab_world *w, struct lk_cab_door *d, enum lk_cab_fault fault, int64_t now_ns);

/* As new: no faults, power on, relays and link modes off, doors shut, compartments empty, counters 0. The history and
 * unit addresses stay. */
void lk_cab_world_reset(struct lk_cab_world *w, int64_t now_ns);

#endif
