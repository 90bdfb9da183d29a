#include "world.h"

#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int lk_cab_world_init(struct lk_cab_world *ret_w, uint64_t seed, size_t history_room)
{
    *ret_w = (struct lk_cab_world){.seed = seed, .rand = {.state = seed}};
    ret_w->board = calloc(LK_CAB_BOARDS_MAX, sizeof *ret_w->board);
    ret_w->door = calloc(LK_CAB_DOORS_MAX, sizeof *ret_w->door);
    if (!ret_w->board || !ret_w->door || lk_cab_history_init(&ret_w->history, history_room) < 0) {
        lk_cab_world_free(ret_w);
        return -ENOMEM;
    }
    return 0;
}

void lk_cab_world_free(struct lk_cab_world *w)
{
    free(w->board);
    free(w->door);
    lk_cab_queue_free(&w->queue);
    lk_cab_history_free(&w->history);
    *w = (struct lk_cab_world){0};
}

int lk_cab_world_find_line(const struct lk_cab_world *w, const char *name)
{
    for (unsigned i = 0; i < w->lines; i++) {
        if (strcmp(w->line[i].name, name) == 0) {
            return (int)i;
        }
    }
    return -ENOENT;
}

int lk_cab_world_find_board(const struct lk_cab_world *w, const char *name)
{
    for (unsigned i = 0; i < w->boards; i++) {
        if (strcmp(w->board[i].name, name) == 0) {
            return (int)i;
        }
    }
    return -ENOENT;
}

int lk_cab_world_find_door(const struct lk_cab_world *w, const char *name)
{
    for (unsigned i = 0; i < w->doors; i++) {
        if (strcmp(w->door[i].name, name) == 0) {
            return (int)i;
        }
    }
    return -ENOENT;
}

int lk_cab_world_add_line(struct lk_cab_world *w, const char *name, enum lk_cab_medium medium)
{
    if (!lk_text_is_id(name, LK_CAB_NAME_MAX - 1)) {
        return -EINVAL;
    }
    if (lk_cab_world_find_line(w, name) >= 0) {
        return -EEXIST;
    }
    if (w->lines == LK_CAB_LINES_MAX) {
        return -ENOSPC;
    }
    struct lk_cab_line *line = &w->line[w->lines];
    (void)lk_text_copy(line->name, sizeof line->name, name);
    line->medium = medium;
    line->stats.shortest_gap_ns = INT64_MAX;
    return (int)w->lines++;
}

/* Each switch finds an input of its own. */
static bool sensors_fit(const struct lk_cab_world *w, const struct lk_cab_board_config *c)
{
    if (!c->sensors_elsewhere) {
        return true;
    }
    const struct lk_cab_board *at = &w->board[c->sensors_board];
    bool fit = c->sensors_board < w->boards && c->sensors_first + c->doors <= at->inputs;
    for (unsigned i = 0; fit && i < c->doors; i++) {
        fit = at->channel[c->sensors_first + i].sensor < 0;
    }
    return fit;
}

static int check_board(const struct lk_cab_world *w, const struct lk_cab_board_config *c)
{
    if (!lk_text_is_id(c->name, LK_CAB_NAME_MAX - 5) || !c->profile || c->unit == 0 || c->channels == 0 ||
        c->channels > LK_CAB_CHANNELS_MAX || c->inputs > LK_CAB_CHANNELS_MAX || c->doors > c->channels || c->line < 0 ||
        !sensors_fit(w, c)) {
        return -EINVAL;
    }
    if (w->boards == LK_CAB_BOARDS_MAX || w->doors + c->doors > LK_CAB_DOORS_MAX) {
        return -ENOSPC;
    }
    bool taken = lk_cab_world_find_board(w, c->name) >= 0;
    for (unsigned i = 0; i < w->boards; i++) {
        taken = taken || (w->board[i].line == c->line && w->board[i].unit == c->unit);
    }
    return taken ? -EEXIST : 0;
}

static void wire_sensor(struct lk_cab_world *w, struct lk_cab_door *d, const struct lk_cab_board_config *c)
{
    unsigned board = c->sensors_elsewhere ? c->sensors_board : d->board;
    unsigned input = c->sensors_elsewhere ? c->sensors_first + d->channel : d->channel;
    d->input_board = -1;
    if (input < w->board[board].inputs) {
        d->input_board = (int)board;
        d->input_channel = input;
        w->board[board].channel[input].sensor = (int)d->index;
        w->board[board].channel[input].input_last = lk_cab_door_input(d);
    }
}

static void add_door(struct lk_cab_world *w, struct lk_cab_board *b, unsigned ch, const struct lk_cab_board_config *c)
{
    struct lk_cab_door *d = &w->door[w->doors];
    (void)snprintf(d->name, sizeof d->name, "%.*s%02u", (int)(sizeof d->name - 5), b->name, ch + 1);
    d->board = b->index;
    d->channel = ch;
    d->index = w->doors;
    d->config = c->door;
    lk_cab_door_init(d);
    wire_sensor(w, d, c);
    b->channel[ch].door = (int)w->doors++;
}

int lk_cab_world_add_board(struct lk_cab_world *w, const struct lk_cab_board_config *c)
{
    int r = check_board(w, c);
    if (r < 0) {
        return r;
    }
    struct lk_cab_board *b = &w->board[w->boards];
    *b = (struct lk_cab_board){.index = w->boards,
                               .line = c->line,
                               .unit = c->unit,
                               .uart = 1, /* waveshare's code for 9600 8N1 */
                               .channels = c->channels,
                               .inputs = c->inputs,
                               .profile = c->profile,
                               .power = true,
                               .first_door = (int)w->doors,
                               .doors = c->doors};
    (void)lk_text_copy(b->name, sizeof b->name, c->name);
    for (unsigned ch = 0; ch < LK_CAB_CHANNELS_MAX; ch++) {
        b->channel[ch].door = b->channel[ch].sensor = -1;
    }
    for (unsigned ch = 0; ch < b->doors; ch++) {
        add_door(w, b, ch, c);
    }
    return (int)w->boards++;
}

void lk_cab_world_later(struct lk_cab_world *w, int64_t at_ns, enum lk_cab_due due, unsigned index)
{
    if (lk_cab_queue_add(&w->queue, at_ns, due, index) < 0) {
        abort();
    }
}

void lk_cab_world_run(struct lk_cab_world *w, int64_t now_ns)
{
    struct lk_cab_deadline d;
    while (lk_cab_queue_pop(&w->queue, now_ns, &d)) {
        switch (d.due) {
        case LK_CAB_DUE_DOOR:
            lk_cab_door_due(w, &w->door[d.index], d.at_ns);
            break;
        case LK_CAB_DUE_CHANNEL:
            lk_cab_board_due(w, &w->board[d.index / LK_CAB_CHANNELS_MAX], d.index % LK_CAB_CHANNELS_MAX, d.at_ns);
            break;
        case LK_CAB_DUE_WATCHDOG:
            lk_cab_board_watchdog(w, &w->board[d.index], d.at_ns);
            break;
        }
    }
}

int64_t lk_cab_world_next(const struct lk_cab_world *w)
{
    return lk_cab_queue_next(&w->queue);
}

static void tell(struct lk_cab_world *w, struct lk_cab_happening *h, const char *text)
{
    if (text) {
        (void)snprintf(h->text, sizeof h->text, "%s", text);
    }
    lk_cab_history_add(&w->history, h);
}

void lk_cab_tell_line(struct lk_cab_world *w, int64_t at_ns, enum lk_cab_kind kind, int line, int board, int64_t value,
                      const char *text)
{
    struct lk_cab_happening h = {
        .at_ns = at_ns, .kind = kind, .line = line, .board = board, .channel = -1, .door = -1, .value = value};
    tell(w, &h, text);
}

void lk_cab_tell_board(struct lk_cab_world *w, int64_t at_ns, enum lk_cab_kind kind, const struct lk_cab_board *b,
                       int channel, int64_t value, const char *text)
{
    bool own = channel >= 0 && (unsigned)channel < b->doors;
    struct lk_cab_happening h = {.at_ns = at_ns,
                                 .kind = kind,
                                 .line = b->line,
                                 .board = (int)b->index,
                                 .channel = channel,
                                 .door = own ? b->first_door + channel : -1,
                                 .value = value};
    tell(w, &h, text);
}

void lk_cab_tell_door(struct lk_cab_world *w, int64_t at_ns, enum lk_cab_kind kind, const struct lk_cab_door *d,
                      int64_t value, const char *text)
{
    lk_cab_tell_board(w, at_ns, kind, &w->board[d->board], (int)d->channel, value, text);
}

static void refresh(struct lk_cab_world *w, struct lk_cab_door *d, int64_t now_ns)
{
    lk_cab_board_refresh(w, &w->board[d->board], d->channel, now_ns);
}

/* Exchanges the lock wires of two doors, whoever drives them now. */
static void swap_wires(struct lk_cab_world *w, struct lk_cab_door *a, struct lk_cab_door *b, int64_t now_ns)
{
    int *to_a = &w->board[a->board].channel[a->channel].door;
    int *to_b = &w->board[b->board].channel[b->channel].door;
    int held = *to_a;
    *to_a = *to_b;
    *to_b = held;
    refresh(w, a, now_ns);
    refresh(w, b, now_ns);
}

int lk_cab_world_fault_board(struct lk_cab_world *w, struct lk_cab_board *b, enum lk_cab_fault fault,
                             const struct lk_cab_fault_state *state, int64_t now_ns)
{
    if (fault >= LK_CAB_BOARD_FAULTS) {
        return -EINVAL;
    }
    b->faults[fault] = *state;
    lk_cab_tell_board(w, now_ns, LK_CAB_FAULT_SET, b, -1, 0, lk_cab_fault_row(fault)->name);
    return 0;
}

static int swap_set(struct lk_cab_world *w, struct lk_cab_door *d, const struct lk_cab_fault_state *state,
                    int64_t now_ns)
{
    if (state->other < 0 || (unsigned)state->other >= w->doors || (unsigned)state->other == d->index) {
        return -EINVAL;
    }
    struct lk_cab_door *other = &w->door[state->other];
    if (d->faults[LK_CAB_SWAPPED_WIRES].on || other->faults[LK_CAB_SWAPPED_WIRES].on) {
        return -EBUSY;
    }
    other->faults[LK_CAB_SWAPPED_WIRES] = *state;
    other->faults[LK_CAB_SWAPPED_WIRES].other = (int)d->index;
    swap_wires(w, d, other, now_ns);
    return 0;
}

static void fault_acts(struct lk_cab_world *w, struct lk_cab_door *d, enum lk_cab_fault fault, int64_t now_ns)
{
    if (fault == LK_CAB_FORCED && d->faults[fault].on) {
        (void)lk_cab_door_act(w, d, LK_CAB_FORCE, NULL, 0, now_ns);
    } else if (fault == LK_CAB_FORCED) {
        d->latched = d->latched || (!d->open && !d->coil);
    }
    refresh(w, d, now_ns);
    lk_cab_door_input_check(w, d, now_ns);
}

int lk_cab_world_fault_door(struct lk_cab_world *w, struct lk_cab_door *d, enum lk_cab_fault fault,
                            const struct lk_cab_fault_state *state, int64_t now_ns)
{
    if (fault < LK_CAB_BOARD_FAULTS || fault >= LK_CAB_FAULTS) {
        return -EINVAL;
    }
    int r = fault == LK_CAB_SWAPPED_WIRES ? swap_set(w, d, state, now_ns) : 0;
    if (r < 0) {
        return r;
    }
    d->faults[fault] = *state;
    lk_cab_tell_door(w, now_ns, LK_CAB_FAULT_SET, d, 0, lk_cab_fault_row(fault)->name);
    fault_acts(w, d, fault, now_ns);
    return 0;
}

void lk_cab_world_clear_board(struct lk_cab_world *w, struct lk_cab_board *b, enum lk_cab_fault fault, int64_t now_ns)
{
    for (unsigned i = 0; i < LK_CAB_BOARD_FAULTS; i++) {
        if ((fault == LK_CAB_FAULTS || fault == (enum lk_cab_fault)i) && b->faults[i].on) {
            b->faults[i] = (struct lk_cab_fault_state){0};
            lk_cab_tell_board(w, now_ns, LK_CAB_FAULT_CLEARED, b, -1, 0, lk_cab_fault_row((enum lk_cab_fault)i)->name);
        }
    }
}

void lk_cab_world_clear_door(struct lk_cab_world *w, struct lk_cab_door *d, enum lk_cab_fault fault, int64_t now_ns)
{
    for (unsigned i = LK_CAB_BOARD_FAULTS; i < LK_CAB_FAULTS; i++) {
        if ((fault != LK_CAB_FAULTS && fault != (enum lk_cab_fault)i) || !d->faults[i].on) {
            continue;
        }
        int other = d->faults[i].other;
        d->faults[i] = (struct lk_cab_fault_state){0};
        if (i == LK_CAB_SWAPPED_WIRES) {
            w->door[other].faults[i] = (struct lk_cab_fault_state){0};
            swap_wires(w, d, &w->door[other], now_ns);
        }
        lk_cab_tell_door(w, now_ns, LK_CAB_FAULT_CLEARED, d, 0, lk_cab_fault_row((enum lk_cab_fault)i)->name);
        fault_acts(w, d, (enum lk_cab_fault)i, now_ns);
    }
}

static void reset_board(struct lk_cab_world *w, struct lk_cab_board *b, int64_t now_ns)
{
    lk_cab_world_clear_board(w, b, LK_CAB_FAULTS, now_ns);
    for (unsigned ch = 0; ch < b->channels; ch++) {
        struct lk_cab_channel *c = &b->channel[ch];
        c->link = c->mode = 0;
        c->commanded = false;
        c->until_ns = 0;
        lk_cab_board_refresh(w, b, ch, now_ns);
        c->commands = c->pulses = 0;
    }
    lk_cab_board_power(w, b, true, now_ns);
    b->watchdog_s = 0;
    b->requests = b->replies = 0;
}

static void reset_door(struct lk_cab_world *w, struct lk_cab_door *d, int64_t now_ns)
{
    d->person = (struct lk_cab_person){0};
    d->person_at_ns = d->spring_at_ns = d->latch_at_ns = d->pushed_until_ns = 0;
    d->item[0] = '\0';
    (void)lk_cab_door_act(w, d, LK_CAB_CLOSE, NULL, 0, now_ns);
    d->latched = true;
    d->energised = d->openings = d->closings = 0;
}

void lk_cab_world_reset(struct lk_cab_world *w, int64_t now_ns)
{
    for (unsigned i = 0; i < w->doors; i++) {
        lk_cab_world_clear_door(w, &w->door[i], LK_CAB_FAULTS, now_ns);
    }
    for (unsigned i = 0; i < w->boards; i++) {
        reset_board(w, &w->board[i], now_ns);
    }
    for (unsigned i = 0; i < w->doors; i++) {
        reset_door(w, &w->door[i], now_ns);
    }
    for (unsigned i = 0; i < w->lines; i++) {
        w->line[i].stats = (struct lk_cab_line_stats){.shortest_gap_ns = INT64_MAX};
    }
}
