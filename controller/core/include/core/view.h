/*
 * What the kiosk may show, derived from the state: the page draws this and decides nothing. Value type.
 */
#ifndef CORE_VIEW_H
#define CORE_VIEW_H

#include "core/input.h"
#include "core/state.h"

struct lk_view {
    enum lk_screen screen;
    enum lk_reason reason;         /* NOTICE and the jams: why; PUT: NOT_CHECKED, MISLOAD: scan it (again); WAYBILL,
                                      HAND_OVER: what was wrong with the last one; else of no meaning */
    char door[LK_LABEL_MAX + 1];   /* "" when the screen is about no door */
    char item[LK_ITEM_ID_MAX + 1]; /* staff screens only; citizens see no item id */
    char staff[LK_STAFF_ID_MAX + 1];
    enum lk_actor role;               /* SYSTEM when nobody is signed in */
    bool button[LK_BUTTONS];          /* which buttons the screen has */
    unsigned free[LK_SIZES];          /* SIZE screen: free, reachable compartments of each size */
    int64_t left_ms;                  /* until the screen falls back; -1 when it stays */
    int64_t locked_ms;                /* keypad lockout: how long still; 0 when not locked */
    unsigned tries_left;              /* wrong codes still allowed before a lockout */
    bool out_of_service;              /* no bank answers, or the power is about to go */
    unsigned doors_open;              /* how many doors stand open now: "please close" */
    char open_door[LK_LABEL_MAX + 1]; /* the lowest one left open, "" when none */
    unsigned more;                    /* TAKE, TAKEN: further compartments the same code opens */
    char receipt[LK_ITEM_ID_MAX + 1]; /* DROP_PLACED: the receipt number */
    enum lk_custody custody;          /* WINDOW_ITEM: where the item is; else NONE */
    char name[LK_NAME_MAX + 1];       /* staff screens: the masked name */
    char join[LK_LABEL_MAX + 1];      /* SIZE: the compartment of the other items of this case, "" when none */
    unsigned placed;                  /* staff screens: items put in since signing in */
    bool round, post;                 /* recall screens: a round; what is taken goes to the post */
    bool tail;                        /* a phone tail may be typed here: SECOND, HAND_OVER */
};

void lk_core_view(const struct lk_core_config *cfg, const struct lk_core *core, int64_t now_ms,
                  struct lk_view *ret_view);

#endif
