#include "door.h"

#include "world.h"

#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void lk_cab_door_init(struct lk_cab_door *d)
{
    d->latched = true;
    d->switch_shut = true;
    d->input_seen = lk_cab_door_input(d);
}

bool lk_cab_door_input(const struct lk_cab_door *d)
{
    if (d->faults[LK_CAB_SENSOR_STUCK].on) {
        return d->faults[LK_CAB_SENSOR_STUCK].value != 0;
    }
    bool reads = d->switch_shut == d->config.closed_reads1;
    return d->faults[LK_CAB_SENSOR_INVERTED].on ? !reads : reads;
}

void lk_cab_door_input_check(struct lk_cab_world *w, struct lk_cab_door *d, int64_t now_ns)
{
    bool reads = lk_cab_door_input(d);
    if (reads == d->input_seen) {
        return;
    }
    d->input_seen = reads;
    lk_cab_tell_door(w, now_ns, LK_CAB_INPUT, d, reads, NULL);
    if (d->input_board >= 0) {
        lk_cab_board_input_changed(w, &w->board[d->input_board], d->input_channel, now_ns);
    }
}

static void set_timer(struct lk_cab_world *w, struct lk_cab_door *d, int64_t *timer, int64_t at_ns)
{
    *timer = at_ns;
    lk_cab_world_later(w, at_ns, LK_CAB_DUE_DOOR, d->index);
}

static bool ring(int64_t *timer, int64_t now_ns)
{
    bool due = *timer != 0 && *timer <= now_ns;
    *timer = due ? 0 : *timer;
    return due;
}

static void start_bounce(struct lk_cab_world *w, struct lk_cab_door *d, int64_t now_ns)
{
    const struct lk_cab_fault_state *f = &d->faults[LK_CAB_BOUNCE];
    unsigned pairs = f->on ? (unsigned)f->value : d->config.bounce;
    int64_t within_ns = f->on ? f->ms * LK_CAB_MS : d->config.bounce_ns;
    d->bounce_left = 2 * pairs;
    d->bounce_at_ns = 0;
    if (d->bounce_left > 0) {
        d->bounce_step_ns = within_ns / d->bounce_left + 1;
        set_timer(w, d, &d->bounce_at_ns, now_ns + d->bounce_step_ns);
    }
}

static void move_door(struct lk_cab_world *w, struct lk_cab_door *d, bool open, int64_t now_ns)
{
    d->open = open;
    d->spring_at_ns = 0;
    *(open ? &d->openings : &d->closings) += 1;
    lk_cab_tell_door(w, now_ns, open ? LK_CAB_DOOR_OPENED : LK_CAB_DOOR_CLOSED, d, 0, NULL);
    d->switch_shut = !open;
    start_bounce(w, d, now_ns);
    lk_cab_door_input_check(w, d, now_ns);
    if (open && d->person.does != LK_CAB_AUTO_OFF) {
        d->person_done = false;
        set_timer(w, d, &d->person_at_ns, now_ns + d->person.after_ns);
    }
}

static bool latch_lets_go(struct lk_cab_world *w, struct lk_cab_door *d, int64_t now_ns)
{
    const struct lk_cab_fault_state *jam = &d->faults[LK_CAB_JAM];
    if (jam->on) {
        return jam->value == 1 && now_ns < d->pushed_until_ns;
    }
    struct lk_cab_fault_state *weak = &d->faults[LK_CAB_WEAK_COIL];
    return !weak->on || lk_cab_fault_strikes(weak, &w->rand, 0);
}

static void pull_latch(struct lk_cab_world *w, struct lk_cab_door *d, int64_t now_ns)
{
    if (d->open || d->spring_at_ns != 0 || !latch_lets_go(w, d, now_ns)) {
        return;
    }
    d->latched = false;
    lk_cab_tell_door(w, now_ns, LK_CAB_UNLATCHED, d, 0, NULL);
    const struct lk_cab_fault_state *slow = &d->faults[LK_CAB_SLOW];
    int64_t more_ns = slow->on ? (int64_t)slow->ms * LK_CAB_MS : 0;
    set_timer(w, d, &d->spring_at_ns, now_ns + d->config.spring_ns + more_ns);
}

void lk_cab_door_coil(struct lk_cab_world *w, struct lk_cab_door *d, bool on, int64_t now_ns)
{
    if (on == d->coil) {
        return;
    }
    d->coil = on;
    d->latch_at_ns = 0;
    if (on) {
        d->energised++;
        d->coil_since_ns = now_ns;
        set_timer(w, d, &d->latch_at_ns, now_ns + d->config.latch_ns);
    }
}

static int close_door(struct lk_cab_world *w, struct lk_cab_door *d, int64_t now_ns)
{
    if (!d->open) {
        return -EALREADY;
    }
    move_door(w, d, false, now_ns);
    d->latched = !d->coil && !d->faults[LK_CAB_FORCED].on;
    if (d->coil) {
        set_timer(w, d, &d->spring_at_ns, now_ns + d->config.spring_ns);
    }
    return 0;
}

static int force_door(struct lk_cab_world *w, struct lk_cab_door *d, int64_t now_ns)
{
    if (d->open) {
        return -EALREADY;
    }
    d->latched = false;
    move_door(w, d, true, now_ns);
    return 0;
}

static int put_item(struct lk_cab_world *w, struct lk_cab_door *d, const char *item, int64_t now_ns)
{
    if (!d->open) {
        return -EACCES;
    }
    if (d->item[0] != '\0') {
        return -EEXIST;
    }
    if (lk_text_copy(d->item, sizeof d->item, item) < 0) {
        return -EINVAL;
    }
    lk_cab_tell_door(w, now_ns, LK_CAB_ITEM_PUT, d, 0, d->item);
    return 0;
}

static int take_item(struct lk_cab_world *w, struct lk_cab_door *d, int64_t now_ns)
{
    if (!d->open) {
        return -EACCES;
    }
    if (d->item[0] == '\0') {
        return -ENOENT;
    }
    lk_cab_tell_door(w, now_ns, LK_CAB_ITEM_TAKEN, d, 0, d->item);
    d->item[0] = '\0';
    return 0;
}

static int push_door(struct lk_cab_world *w, struct lk_cab_door *d, int64_t push_ns, int64_t now_ns)
{
    d->pushed_until_ns = now_ns + push_ns;
    if (d->coil && now_ns - d->coil_since_ns >= d->config.latch_ns) {
        pull_latch(w, d, now_ns);
    }
    return 0;
}

int lk_cab_door_act(struct lk_cab_world *w, struct lk_cab_door *d, enum lk_cab_action action, const char *item,
                    int64_t push_ns, int64_t now_ns)
{
    switch (action) {
    case LK_CAB_FORCE:
        return force_door(w, d, now_ns);
    case LK_CAB_CLOSE:
        return close_door(w, d, now_ns);
    case LK_CAB_PUT:
        return put_item(w, d, item, now_ns);
    case LK_CAB_TAKE:
        return take_item(w, d, now_ns);
    case LK_CAB_PUSH:
        return push_door(w, d, push_ns, now_ns);
    }
    return -EINVAL;
}

static void person_does(struct lk_cab_world *w, struct lk_cab_door *d, int64_t now_ns)
{
    char item[LK_CAB_ITEM_MAX];
    (void)snprintf(item, sizeof item, "auto-%s-%llu", d->name, (unsigned long long)d->openings);
    switch (d->person.does) {
    case LK_CAB_AUTO_PUT:
        (void)put_item(w, d, d->person.item[0] ? d->person.item : item, now_ns);
        break;
    case LK_CAB_AUTO_TAKE:
        (void)take_item(w, d, now_ns);
        break;
    case LK_CAB_AUTO_OFF:
    case LK_CAB_AUTO_NOTHING:
        break;
    }
}

static void person_leaves(struct lk_cab_door *d)
{
    if (d->person.left > 0 && --d->person.left == 0) {
        d->person.does = LK_CAB_AUTO_OFF;
    }
}

static void person_due(struct lk_cab_world *w, struct lk_cab_door *d, int64_t now_ns)
{
    if (!d->person_done) {
        d->person_done = true;
        person_does(w, d, now_ns);
        if (d->person.close_after_ns < 0) {
            person_leaves(d);
        } else {
            set_timer(w, d, &d->person_at_ns, now_ns + d->person.close_after_ns);
        }
        return;
    }
    person_leaves(d);
    (void)close_door(w, d, now_ns);
}

static void bounce_due(struct lk_cab_world *w, struct lk_cab_door *d, int64_t now_ns)
{
    d->switch_shut = !d->switch_shut;
    if (--d->bounce_left > 0) {
        set_timer(w, d, &d->bounce_at_ns, now_ns + d->bounce_step_ns);
    }
    lk_cab_door_input_check(w, d, now_ns);
}

void lk_cab_door_due(struct lk_cab_world *w, struct lk_cab_door *d, int64_t now_ns)
{
    if (ring(&d->latch_at_ns, now_ns)) {
        pull_latch(w, d, now_ns);
    }
    if (ring(&d->bounce_at_ns, now_ns)) {
        bounce_due(w, d, now_ns);
    }
    if (ring(&d->spring_at_ns, now_ns) && !d->open) {
        move_door(w, d, true, now_ns);
    }
    if (ring(&d->person_at_ns, now_ns)) {
        person_due(w, d, now_ns);
    }
}
