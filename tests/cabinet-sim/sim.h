/*
 * The running simulator: the world plus everything that has a descriptor. One struct, no globals.
 * Thread: one. Blocking: lk_cab_sim_run() only.
 */
#ifndef LK_CAB_SIM_H
#define LK_CAB_SIM_H

#include "loop.h"
#include "pty.h"
#include "rtu.h"
#include "tcp.h"
#include "world.h"

struct lk_cab_control;

#define LK_CAB_PATH_MAX 512u

/* What stands behind world.line[i]: the RTU half or the TCP half is used, by its medium. */
struct lk_cab_port {
    struct lk_cab_sim *sim;
    int line;
    char link[LK_CAB_PATH_MAX];
    struct lk_cab_rtu rtu;
    struct lk_cab_pty pty;
    struct lk_cab_tcp tcp;
};

struct lk_cab_sim {
    struct lk_cab_world world;
    struct lk_cab_loop loop;
    struct lk_cab_port *port;       /* LK_CAB_LINES_MAX, same index as world.line */
    struct lk_cab_control *control; /* NULL = none */
    bool quit;
};

/* 0 or negative errno. The caller frees with lk_cab_sim_free(), also after a failure. */
int lk_cab_sim_init(struct lk_cab_sim *ret_sim, uint64_t seed, size_t history_room);
void lk_cab_sim_free(struct lk_cab_sim *sim);

/* Add a line and open it at once. Return its index or negative errno (see world.h, pty.h, tcp.h). */
int lk_cab_sim_add_rtu(struct lk_cab_sim *sim, const char *name, const char *link,
                       const struct lk_cab_rtu_config *config);
int lk_cab_sim_add_tcp(struct lk_cab_sim *sim, const char *name, const char *bind, uint16_t port,
                       int64_t turnaround_ns);

/* Pull the adapter of an RTU line, or plug it in again. */
void lk_cab_sim_unplug(struct lk_cab_sim *sim, int line);
int lk_cab_sim_plug(struct lk_cab_sim *sim, int line);

/* Does everything that is due until now_ns, in the order of its instants. */
void lk_cab_sim_catch_up(struct lk_cab_sim *sim, int64_t now_ns);

/* Runs until quit is set. 0 or negative errno. */
int lk_cab_sim_run(struct lk_cab_sim *sim);

#endif
