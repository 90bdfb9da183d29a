/*
 * The site a scenario is played on: the real core, the model store (tests/property) and a clock that moves only when
 * the scenario says so. Every step goes through the invariants. Thread: one. Errors end the scenario (.broken).
 */
#ifndef SITE_H
#define SITE_H

#include "model_store.h"

#include <stdio.h>

struct site {
    struct lk_core_config cfg;
    struct lk_core core, next;
    struct lk_effects fx;
    struct model_store store;
    int64_t now_ms;
    bool up;
    bool board_up[LK_MAX_BANKS];
    bool open[MODEL_DOORS];           /* as they really are */
    uint64_t last_pulse[MODEL_DOORS]; /* the intent pulsed last; survives a kill, as the driver's report would not */
    unsigned jti;
    FILE *out;
    bool quiet; /* the scenario is still setting the scene */
    const char *broken;
};

void site_init(struct site *site, FILE *out);
struct lk_input site_input(enum lk_input_kind kind);

/* Lets time pass to at_ms; deadlines on the way come as ticks. */
void site_wait(struct site *site, int64_t at_ms);
void site_step(struct site *site, struct lk_input *in);
void site_boot(struct site *site);
void site_kill(struct site *site);
void site_board(struct site *site, int bank, enum lk_bank_state state, enum lk_reason reason);
void site_door(struct site *site, int door, bool open);

/* What is known in the end: every item's custody, every compartment that is not simply free and shut. */
void site_print_end(struct site *site);

#endif
