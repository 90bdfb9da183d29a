#include "machine.h"

/* One row per state, one column per input; LK_DOOR_STATES marks a pair that cannot happen. */
#define X LK_DOOR_STATES
static const enum lk_door_state next_state[LK_DOOR_STATES][LK_DOOR_INPUTS] = {
    /*                     see_closed       see_open_own  open_found    open_forced     nothing       pulse not_sent
       give_up         too_long */
    [LK_DOOR_UNKNOWN] = {LK_DOOR_CLOSED, LK_DOOR_OPEN, LK_DOOR_OPEN, LK_DOOR_FORCED, LK_DOOR_LOST, X, LK_DOOR_UNKNOWN,
                         X, X},
    [LK_DOOR_CLOSED] = {LK_DOOR_CLOSED, LK_DOOR_OPEN, X, LK_DOOR_FORCED, LK_DOOR_LOST, LK_DOOR_PULSING, LK_DOOR_CLOSED,
                        X, X},
    [LK_DOOR_PULSING] = {LK_DOOR_PULSING, LK_DOOR_OPEN, X, X, LK_DOOR_LOST, X, LK_DOOR_CLOSED, LK_DOOR_JAMMED, X},
    [LK_DOOR_OPEN] = {LK_DOOR_CLOSED, LK_DOOR_OPEN, X, LK_DOOR_OPEN, LK_DOOR_LOST, X, LK_DOOR_OPEN, X,
                      LK_DOOR_LEFT_OPEN},
    [LK_DOOR_LEFT_OPEN] = {LK_DOOR_CLOSED, LK_DOOR_LEFT_OPEN, X, LK_DOOR_LEFT_OPEN, LK_DOOR_LOST, X, LK_DOOR_LEFT_OPEN,
                           X, X},
    [LK_DOOR_JAMMED] = {LK_DOOR_JAMMED, LK_DOOR_OPEN, X, LK_DOOR_FORCED, LK_DOOR_LOST, LK_DOOR_PULSING, LK_DOOR_JAMMED,
                        X, X},
    [LK_DOOR_FORCED] = {LK_DOOR_CLOSED, X, X, LK_DOOR_FORCED, LK_DOOR_LOST, X, LK_DOOR_FORCED, X, X},
    [LK_DOOR_LOST] = {LK_DOOR_CLOSED, LK_DOOR_OPEN, LK_DOOR_OPEN, LK_DOOR_FORCED, LK_DOOR_LOST, X, LK_DOOR_LOST, X, X},
};
#undef X
/* clang-format on */

enum lk_door_state lk_door_next(enum lk_door_state state, enum lk_door_input input)
{
    return next_state[state][input];
}

bool lk_door_move(struct lk_step *s, int door, enum lk_door_input input)
{
    struct lk_door *d = &s->core->door[door];
    enum lk_door_state next = lk_door_next(d->state, input);
    if (next == LK_DOOR_STATES) {
        return false;
    }
    if (next != d->state) {
        d->state = next;
        d->moved_at_ms = s->in->now_ms;
        d->deadline_at_ms = LK_NEVER;
    }
    return true;
}

bool lk_door_is_open(enum lk_door_state state)
{
    return state == LK_DOOR_OPEN || state == LK_DOOR_LEFT_OPEN || state == LK_DOOR_FORCED;
}
