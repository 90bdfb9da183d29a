#include "hal/gpio_sim.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "gpio_sim_private.h"

enum { INSIST_MS = 50 };

static struct gpio_sim *sim(struct lk_gpio *gpio)
{
    return (struct gpio_sim *)gpio;
}

void lk_gpio_sim_wake(struct gpio_sim *self)
{
    uint64_t one = 1;
    if (self->base.fd >= 0 && write(self->base.fd, &one, sizeof(one)) < 0) {
        return; /* its counter is full: it is readable already */
    }
}

bool lk_gpio_sim_level(const struct wire *w)
{
    if (w->stuck) {
        return w->stuck_at;
    }
    return w->driven ? w->drive : w->pull;
}

bool lk_gpio_sim_logical(const struct gpio_sim *self, unsigned line)
{
    bool high = lk_gpio_sim_level(&self->chip->wires[self->offsets[line]]);
    return high != self->base.config.lines[line].active_low;
}

static void queue_edge(struct gpio_sim *self, unsigned offset)
{
    for (unsigned i = 0; !self->polled && i < self->base.config.lines_n; i++) {
        struct queue *q = &self->queues[i];
        if (self->offsets[i] == offset && self->base.config.lines[i].direction == LK_GPIO_IN_EDGES) {
            if (q->n < LK_GPIO_QUEUE) {
                q->edges[q->n].level = lk_gpio_sim_logical(self, i);
                q->edges[q->n++].at_ns = self->chip->now_ns;
            }
            lk_gpio_sim_wake(self);
        }
    }
}

/* What follows when a wire may have changed from `before`. */
static void changed(struct lk_gpio_sim_chip *chip, unsigned offset, bool before)
{
    struct wire *w = &chip->wires[offset];
    if (lk_gpio_sim_level(w) == before) {
        return;
    }
    if (w->owner) {
        queue_edge(w->owner, offset);
    }
    if (chip->on_wire) {
        chip->on_wire(chip->user, offset, lk_gpio_sim_level(w), chip->now_ns);
    }
}

void lk_gpio_sim_pull(struct lk_gpio_sim_chip *chip, unsigned offset, bool high)
{
    bool before = lk_gpio_sim_level(&chip->wires[offset]);
    chip->wires[offset].pull = high;
    changed(chip, offset, before);
}

void lk_gpio_sim_drive(struct gpio_sim *self, unsigned line, bool level)
{
    unsigned offset = self->offsets[line];
    struct wire *w = &self->chip->wires[offset];
    bool before = lk_gpio_sim_level(w);
    w->driven = true;
    w->drive = level != self->base.config.lines[line].active_low;
    changed(self->chip, offset, before);
}

void lk_gpio_sim_let_go(struct gpio_sim *self)
{
    for (unsigned i = 0; i < self->base.config.lines_n; i++) {
        struct wire *w = &self->chip->wires[self->offsets[i]];
        if (w->owner == self) {
            bool before = lk_gpio_sim_level(w);
            w->owner = NULL;
            w->driven = false;
            changed(self->chip, self->offsets[i], before);
        }
    }
}

void lk_gpio_sim_all_off(struct gpio_sim *self)
{
    for (unsigned i = 0; i < self->base.config.lines_n; i++) {
        if (self->base.config.lines[i].direction == LK_GPIO_OUT && self->chip->wires[self->offsets[i]].owner == self) {
            lk_gpio_sim_drive(self, i, false);
        }
    }
}

static void guard_due(struct gpio_sim *self)
{
    struct guard *g = &self->guard;
    if (!g->alive || !g->busy || self->chip->guards.deaf || self->gone) {
        return;
    }
    if (g->answer_at_ns <= self->chip->now_ns) {
        g->answer_at_ns = INT64_MAX;
        g->given = true;
        lk_gpio_sim_wake(self);
    }
    if (g->off_at_ns <= self->chip->now_ns) {
        g->off_at_ns = self->chip->now_ns + (int64_t)INSIST_MS * LK_GPIO_SIM_NS_PER_MS;
        lk_gpio_sim_drive(self, g->line, false);
    }
}

static int64_t guard_next_ns(const struct gpio_sim *self)
{
    const struct guard *g = &self->guard;
    if (!g->alive || !g->busy || self->chip->guards.deaf || self->gone) {
        return INT64_MAX;
    }
    return g->answer_at_ns < g->off_at_ns ? g->answer_at_ns : g->off_at_ns;
}

/* --- the chip */

int lk_gpio_sim_chip_create(const char *label, const char *prefix, unsigned lines, int64_t now_ns,
                            struct lk_gpio_sim_chip **ret_chip)
{
    struct lk_gpio_sim_chip *chip = calloc(1, sizeof(*chip));
    if (!chip) {
        return -ENOMEM;
    }
    if (lines < 1 || lines > LK_GPIO_SIM_LINES_MAX || lk_text_copy(chip->label, sizeof(chip->label), label) != 0) {
        free(chip);
        return -EINVAL;
    }
    chip->lines = lines;
    chip->now_ns = now_ns;
    for (unsigned i = 0; i < lines; i++) {
        struct lk_text t = lk_text_init(chip->wires[i].name, sizeof(chip->wires[i].name));
        lk_text_addf(&t, "%s%02u", prefix, i);
    }
    *ret_chip = chip;
    return 0;
}

struct lk_gpio_sim_chip *lk_gpio_sim_chip_destroy(struct lk_gpio_sim_chip *chip)
{
    free(chip);
    return NULL;
}

int64_t lk_gpio_sim_now_ns(const struct lk_gpio_sim_chip *chip)
{
    return chip->now_ns;
}

int lk_gpio_sim_pull_at(struct lk_gpio_sim_chip *chip, unsigned offset, bool high, int64_t at_ns)
{
    if (chip->moves_n == LK_GPIO_SIM_MOVES_MAX) {
        return -EAGAIN;
    }
    chip->moves[chip->moves_n++] =
        (struct move){.at_ns = at_ns, .order = chip->order++, .offset = offset, .high = high};
    return 0;
}

static struct move *next_move(struct lk_gpio_sim_chip *chip)
{
    struct move *best = NULL;
    for (unsigned i = 0; i < chip->moves_n; i++) {
        struct move *m = &chip->moves[i];
        if (!best || m->at_ns < best->at_ns || (m->at_ns == best->at_ns && m->order < best->order)) {
            best = m;
        }
    }
    return best;
}

static void moves_due(struct lk_gpio_sim_chip *chip)
{
    struct move *m = next_move(chip);
    while (m && m->at_ns <= chip->now_ns) {
        struct move now = *m;
        *m = chip->moves[--chip->moves_n];
        lk_gpio_sim_pull(chip, now.offset, now.high);
        m = next_move(chip);
    }
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t next_ns(struct lk_gpio_sim_chip *chip)
{
    const struct move *m = next_move(chip);
    int64_t at_ns = m ? m->at_ns : INT64_MAX;
    for (unsigned i = 0; i < LK_GPIO_SIM_REQUESTS_MAX; i++) {
        struct gpio_sim *r = chip->requests[i];
        if (r && r->base.fd >= 0) {
            int64_t quiet_ns = lk_gpio_edges_next_ns(&r->edges);
            at_ns = sooner(at_ns, guard_next_ns(r));
            at_ns = sooner(at_ns, quiet_ns > chip->now_ns ? quiet_ns : INT64_MAX);
        }
    }
    return at_ns;
}

static void do_due(struct lk_gpio_sim_chip *chip)
{
    moves_due(chip);
    for (unsigned i = 0; i < LK_GPIO_SIM_REQUESTS_MAX; i++) {
        struct gpio_sim *r = chip->requests[i];
        if (r && r->base.fd >= 0) {
            guard_due(r);
            if (lk_gpio_edges_next_ns(&r->edges) <= chip->now_ns) {
                lk_gpio_sim_wake(r);
            }
        }
    }
}

void lk_gpio_sim_advance(struct lk_gpio_sim_chip *chip, int64_t until_ns)
{
    do_due(chip);
    while (chip->now_ns < until_ns) {
        int64_t at_ns = next_ns(chip);
        chip->now_ns = at_ns > chip->now_ns ? sooner(at_ns, until_ns) : chip->now_ns;
        do_due(chip);
    }
}

bool lk_gpio_sim_wire(const struct lk_gpio_sim_chip *chip, unsigned offset)
{
    return lk_gpio_sim_level(&chip->wires[offset]);
}

void lk_gpio_sim_watch(struct lk_gpio_sim_chip *chip,
                       void (*on_wire)(void *user, unsigned offset, bool high, int64_t at_ns), void *user)
{
    chip->on_wire = on_wire;
    chip->user = user;
}

void lk_gpio_sim_hold(struct lk_gpio_sim_chip *chip, unsigned offset, const char *holder)
{
    struct wire *w = &chip->wires[offset];
    (void)lk_text_copy(w->holder, sizeof(w->holder), holder ? holder : "");
}

void lk_gpio_sim_plug(struct lk_gpio_sim_chip *chip, bool there)
{
    chip->gone = !there;
    for (unsigned i = 0; !there && i < LK_GPIO_SIM_REQUESTS_MAX; i++) {
        struct gpio_sim *r = chip->requests[i];
        if (r && r->base.fd >= 0) {
            r->gone = true;
            lk_gpio_sim_let_go(r);
            lk_gpio_sim_wake(r);
        }
    }
}

void lk_gpio_sim_stick(struct lk_gpio_sim_chip *chip, unsigned offset, bool high)
{
    bool before = lk_gpio_sim_level(&chip->wires[offset]);
    chip->wires[offset].stuck = true;
    chip->wires[offset].stuck_at = high;
    changed(chip, offset, before);
}

void lk_gpio_sim_unstick(struct lk_gpio_sim_chip *chip, unsigned offset)
{
    bool before = lk_gpio_sim_level(&chip->wires[offset]);
    chip->wires[offset].stuck = false;
    changed(chip, offset, before);
}

void lk_gpio_sim_refuse(struct lk_gpio_sim_chip *chip, int error, unsigned count)
{
    chip->refuse_error = error;
    chip->refuse_count = count;
}

void lk_gpio_sim_no_edges(struct lk_gpio_sim_chip *chip, bool none)
{
    chip->no_edges = none;
}

void lk_gpio_sim_guards(struct lk_gpio_sim_chip *chip, const struct lk_gpio_sim_guard *behaviour)
{
    chip->guards = *behaviour;
}

void lk_gpio_sim_kill_guard(struct lk_gpio *gpio)
{
    sim(gpio)->guard.alive = false;
    lk_gpio_sim_wake(sim(gpio));
}

void lk_gpio_sim_kill_owner(struct lk_gpio *gpio)
{
    struct gpio_sim *self = sim(gpio);
    if (gpio->fd < 0) {
        return;
    }
    if (self->guard.alive && !self->chip->guards.deaf) {
        lk_gpio_sim_all_off(self);
    }
    lk_gpio_sim_let_go(self);
    lk_closep(&gpio->fd);
}
