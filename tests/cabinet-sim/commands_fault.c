#include "call.h"

#include "base/cleanup.h"

#include <errno.h>
#include <string.h>

static int take_parameters(struct lk_cab_call *c, enum lk_cab_fault fault, struct lk_cab_fault_state *s)
{
    static const char *const own[] = {"ms", "value", "bytes", "with"};
    const struct lk_cab_fault_row *row = lk_cab_fault_row(fault);
    int64_t n = 0, fc = 0, value = s->value, bytes = s->bytes;
    for (size_t i = 0; i < LK_ARRAY_SIZE(own); i++) {
        if (lk_cab_has(c, own[i]) && !lk_cab_word_in(row->takes, own[i])) {
            return lk_cab_fail(c, -EINVAL, "%s: fault %s does not take it", own[i], row->name);
        }
    }
    if (lk_cab_take_int(c, "n", 1, 1000000, &n) < 0 || lk_cab_take_int(c, "fc", 1, 127, &fc) < 0 ||
        lk_cab_take_int(c, "ms", 0, 3600000, &s->ms) < 0 || lk_cab_take_int(c, "bytes", 0, 32, &bytes) < 0 ||
        lk_cab_take_int(c, "value", row->value_min, row->value_max, &value) < 0) {
        return -EINVAL;
    }
    const json_t *p = json_object_get(c->args, "p");
    if (p && (!json_is_number(p) || !(json_number_value(p) >= 0.0 && json_number_value(p) <= 1.0))) {
        return lk_cab_fail(c, -EINVAL, "p: must be a number from 0 to 1");
    }
    s->p = p ? json_number_value(p) : s->p;
    s->left = (unsigned)n;
    s->fc = (uint8_t)fc;
    s->value = (int)value;
    s->bytes = (unsigned)bytes;
    s->other = lk_cab_word_in(row->takes, "with") ? lk_cab_find_named(c, "with", lk_cab_world_find_door) : -1;
    return lk_cab_word_in(row->takes, "with") && s->other < 0 ? -EINVAL : 0;
}

/* The fault named by the key, of the board's or the door's kind. */
static int take_fault(struct lk_cab_call *c, bool of_door, enum lk_cab_fault *ret_fault)
{
    const char *name = lk_cab_need_text(c, "fault");
    if (!name) {
        return -EINVAL;
    }
    *ret_fault = lk_cab_fault_from_name(name);
    if (*ret_fault == LK_CAB_FAULTS) {
        return lk_cab_fail(c, -EINVAL, "fault: there is no \"%.40s\"", name);
    }
    if ((*ret_fault >= LK_CAB_BOARD_FAULTS) != of_door) {
        return lk_cab_fail(c, -EINVAL, "fault: %s is for a %s", name, of_door ? "board" : "door");
    }
    return 0;
}

int lk_cab_run_fault(struct lk_cab_call *c)
{
    struct lk_cab_world *w = &c->sim->world;
    enum lk_cab_fault fault;
    bool of_door = lk_cab_has(c, "door");
    int at = of_door ? lk_cab_find_named(c, "door", lk_cab_world_find_door)
                     : lk_cab_find_named(c, "board", lk_cab_world_find_board);
    if (at < 0 || take_fault(c, of_door, &fault) < 0) {
        return -EINVAL;
    }
    struct lk_cab_fault_state state = lk_cab_fault_row(fault)->defaults;
    if (take_parameters(c, fault, &state) < 0) {
        return -EINVAL;
    }
    int r = of_door ? lk_cab_world_fault_door(w, &w->door[at], fault, &state, c->now_ns)
                    : lk_cab_world_fault_board(w, &w->board[at], fault, &state, c->now_ns);
    return r < 0 ? lk_cab_fail(c, r, "with: that door's wires cannot be swapped (same door, or swapped already)") : 0;
}

int lk_cab_run_clear(struct lk_cab_call *c)
{
    struct lk_cab_world *w = &c->sim->world;
    enum lk_cab_fault fault = LK_CAB_FAULTS;
    bool of_door = lk_cab_has(c, "door"), of_board = lk_cab_has(c, "board"), all = false;
    if (lk_cab_take_bool(c, "all", &all) < 0 ||
        (lk_cab_has(c, "fault") && !all && take_fault(c, of_door, &fault) < 0)) {
        return -EINVAL;
    }
    if (of_door || of_board) {
        int at = of_door ? lk_cab_find_named(c, "door", lk_cab_world_find_door)
                         : lk_cab_find_named(c, "board", lk_cab_world_find_board);
        if (at >= 0 && of_door) {
            lk_cab_world_clear_door(w, &w->door[at], fault, c->now_ns);
        } else if (at >= 0) {
            lk_cab_world_clear_board(w, &w->board[at], fault, c->now_ns);
        }
        return at < 0 ? at : 0;
    }
    if (!all) {
        return lk_cab_fail(c, -EINVAL, "door: missing (or board, or all)");
    }
    for (unsigned i = 0; i < w->boards; i++) {
        lk_cab_world_clear_board(w, &w->board[i], LK_CAB_FAULTS, c->now_ns);
    }
    for (unsigned i = 0; i < w->doors; i++) {
        lk_cab_world_clear_door(w, &w->door[i], LK_CAB_FAULTS, c->now_ns);
    }
    return 0;
}
