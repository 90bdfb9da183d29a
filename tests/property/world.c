#include "world.h"

#include "core/trace.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { RETRY_MS = 1000, DOORS_A_BANK = 6, IDLE_TICKS_MOST = 64 };

/* --- chance, text, plans -------------------------------------------------------------------------------------------
 */

/* splitmix64, public domain, Sebastiano Vigna */
uint64_t world_random(struct world *w)
{
    uint64_t z = (w->rng += 0x9E3779B97F4A7C15U);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

int64_t world_between(struct world *w, int64_t least, int64_t most)
{
    return least + (int64_t)(world_random(w) % (uint64_t)(most - least + 1));
}

bool world_chance(struct world *w, unsigned per_mille)
{
    return world_random(w) % 1000 < per_mille;
}

static void keep_line(void *user, const char *line)
{
    struct world *w = user;
    for (const char *c = line; *c; c++) {
        w->hash = (w->hash ^ (uint64_t)(unsigned char)*c) * 0x100000001B3U; /* FNV-1a */
    }
    (void)snprintf(w->line[w->lines++ % WORLD_LINES], WORLD_LINE, "%s", line);
    if (w->print) {
        puts(line);
    }
}

void world_say(struct world *w, const char *fmt, ...)
{
    char text[WORLD_LINE], line[WORLD_LINE + 32];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    (void)snprintf(line, sizeof(line), "%9" PRId64 ".%03d # %s", w->now_ms / 1000, (int)(w->now_ms % 1000), text);
    keep_line(w, line);
}

struct happening *world_plan(struct world *w, enum happening_kind kind, int64_t in_ms, int door)
{
    for (int i = 0; i < WORLD_HAPPENINGS; i++) {
        struct happening *h = &w->happening[i];
        if (h->kind == H_NONE) {
            *h = (struct happening){.kind = kind, .at_ms = w->now_ms + in_ms, .order = w->order++, .door = door};
            return h;
        }
    }
    fprintf(stderr, "property_core: too many happenings\n");
    abort();
}

bool world_is_planned(const struct world *w, enum happening_kind kind, int door)
{
    for (int i = 0; i < WORLD_HAPPENINGS; i++) {
        if (w->happening[i].kind == kind && w->happening[i].door == door) {
            return true;
        }
    }
    return false;
}

void world_cancel(struct world *w, enum happening_kind kind, int door)
{
    for (int i = 0; i < WORLD_HAPPENINGS; i++) {
        if (w->happening[i].kind == kind && (door == -2 || w->happening[i].door == door)) {
            w->happening[i].kind = H_NONE;
        }
    }
}

struct lk_input world_input(enum lk_input_kind kind)
{
    struct lk_input in = {.kind = kind, .door = LK_NO_DOOR, .bank = -1};
    in.join_door = LK_NO_DOOR;
    in.item.door = LK_NO_DOOR;
    in.command.door = LK_NO_DOOR;
    return in;
}

/* --- crash and restart ---------------------------------------------------------------------------------------------
 */

void world_crash(struct world *w, const char *when)
{
    world_say(w, "the daemon ends: %s", when);
    w->up = false;
    w->stopping = false;
    w->waits = 0;
    w->tick_not_before = 0;
    memset(w->open_request, 0, sizeof(w->open_request));
    world_cancel(w, H_FIRE, -2);
    world_cancel(w, H_REPORT, -2);
    world_cancel(w, H_SENSE, -2);
    world_cancel(w, H_RETRY, -2);
    world_cancel(w, H_BACK, -2);
    for (int i = 0; i < w->cfg.doors; i++) {
        w->door[i].told = LK_SENSE_UNKNOWN;
    }
    memset(w->board_up, 0, sizeof(w->board_up));
    (void)world_plan(w, H_BOOT, world_chance(w, 300) ? world_between(w, 5000, 100000) : world_between(w, 100, 3000),
                     -1);
}

/* --- the engine's part ---------------------------------------------------------------------------------------------
 */

static bool has_store_effect(const struct lk_effects *fx)
{
    for (unsigned i = 0; i < fx->count; i++) {
        if (lk_effect_is_store(fx->at[i].kind)) {
            return true;
        }
    }
    return false;
}

static void broken(struct world *w, const char *what)
{
    if (what && !w->broken) {
        w->broken = what;
    }
}

static void reply(struct world *w, const struct lk_input *in, const struct lk_effect *fx, unsigned *own)
{
    if (fx->request == in->request) {
        (*own)++;
        return;
    }
    for (int i = 0; i < WORLD_REQUESTS; i++) {
        if (w->open_request[i].request == fx->request) {
            w->open_request[i].request = 0;
            return;
        }
    }
    broken(w, "an answer goes to nobody, or twice to somebody");
}

static void count_replies(struct world *w, const struct lk_input *in)
{
    unsigned own = 0, opens = 0;
    int door = LK_NO_DOOR;
    for (unsigned i = 0; i < w->fx.count; i++) {
        if (w->fx.at[i].kind == LK_FX_REPLY) {
            reply(w, in, &w->fx.at[i], &own);
        } else if (w->fx.at[i].kind == LK_FX_PULSE && in->kind == LK_IN_ADMIN) {
            opens++;
            door = w->fx.at[i].door;
        }
    }
    if (in->request != 0 && own + opens != 1) {
        broken(w, "a request gets no answer, or two");
    }
    for (int i = 0; opens == 1 && i < WORLD_REQUESTS; i++) {
        if (w->open_request[i].request == 0) {
            w->open_request[i].request = in->request;
            w->open_request[i].door = door;
            break;
        }
    }
    for (int i = 0; i < WORLD_REQUESTS; i++) {
        uint64_t waits = w->open_request[i].request;
        if (waits != 0 && w->core.door[w->open_request[i].door].op.request != waits) {
            broken(w, "somebody waits for an answer that nobody will give");
        }
    }
}

static void act(struct world *w)
{
    for (unsigned i = 0; i < w->fx.count && w->up; i++) {
        const struct lk_effect *fx = &w->fx.at[i];
        if (fx->kind == LK_FX_PULSE) {
            cabinet_pulse(w, fx->door, fx->intent);
        } else if (fx->kind == LK_FX_RESUME_BANK) {
            cabinet_board(w, fx->bank, LK_BANK_LOST, LK_REASON_NONE);
            world_cancel(w, H_BACK, fx->bank);
            (void)world_plan(w, H_BACK, 300, fx->bank);
        }
    }
}

/* Stamp, step, commit, adopt, act; false when the commit failed and nothing happened. */
static bool step(struct world *w, struct lk_input *in)
{
    in->now_ms = w->now_ms;
    w->steps++;
    w->next = w->core;
    lk_core_step(&w->cfg, &w->next, in, &w->fx);
    broken(w, lk_core_check(&w->cfg, &w->core, &w->next, &w->fx));
    broken(w, truths_of_step(w, in));
    bool writes = has_store_effect(&w->fx);
    if (writes && in->kind != LK_IN_BOOT && (w->now_ms < w->disk_bad_until || world_chance(w, 3))) {
        world_say(w, "commit of %s fails", lk_input_name(in->kind));
        return false;
    }
    lk_trace_step(&w->cfg, in, &w->core, &w->next, &w->fx, keep_line, w);
    if (writes && world_chance(w, 1)) {
        world_crash(w, "killed before the commit");
        return true;
    }
    broken(w, model_store_apply(&w->store, &w->fx, w->now_ms));
    w->core = w->next;
    staff_hand_over(w);
    if (in->kind == LK_IN_SENSE && in->sense == LK_SENSE_OPEN) {
        w->door[in->door].seen = true;
    }
    count_replies(w, in);
    if (writes && world_chance(w, 1)) {
        world_crash(w, "killed after the commit, before acting");
        return true;
    }
    act(w);
    broken(w, model_store_agrees(&w->store, &w->cfg, &w->core));
    broken(w, truths_of_world(w));
    if (world_chance(w, 1) && in->kind != LK_IN_BOOT) {
        world_crash(w, "killed after acting");
    }
    return true;
}

static void drain(struct world *w)
{
    while (w->waits > 0 && w->up && !w->broken) {
        struct lk_input in = w->waiting[0];
        if (!step(w, &in)) {
            world_cancel(w, H_RETRY, -1);
            (void)world_plan(w, H_RETRY, RETRY_MS, -1);
            return;
        }
        if (w->up) {
            memmove(&w->waiting[0], &w->waiting[1], (w->waits - 1) * sizeof(w->waiting[0]));
            w->waits--;
        }
    }
}

void world_hardware(struct world *w, const struct lk_input *in)
{
    if (!w->up) {
        return;
    }
    if (w->waits == WORLD_WAITING) {
        fprintf(stderr, "property_core: too many inputs wait\n");
        abort();
    }
    w->waiting[w->waits++] = *in;
    if (w->waits == 1) {
        drain(w);
    }
}

bool world_person(struct world *w, struct lk_input *in)
{
    if (w->waits > 0) {
        drain(w); /* whoever stands there sees another screen now, and thinks again */
        return false;
    }
    if (!w->up || w->broken) {
        return false;
    }
    bool asks = in->kind != LK_IN_COMMAND && in->kind != LK_IN_COMMAND_REFUSED && in->kind != LK_IN_SHUTDOWN &&
                in->kind != LK_IN_CLOCK && in->kind != LK_IN_DUE;
    in->request = asks ? ++w->requests : 0;
    return step(w, in) && w->up;
}

/* Between two starts a technician changes the configuration, and sometimes takes it back. */
static void rewire(struct world *w)
{
    struct model_door *door = &w->store.door[world_between(w, 0, w->cfg.doors - 1)];
    if (world_chance(w, 150)) {
        door->wired = world_chance(w, 300) ? door->confirmed : door->wired + 1;
    }
}

static void boot(struct world *w)
{
    rewire(w);
    lk_core_init(&w->core, &w->cfg);
    model_store_restore(&w->store, &w->cfg, &w->core, w->now_ms);
    w->up = true;
    broken(w, model_store_agrees(&w->store, &w->cfg, &w->core));
    struct lk_input in = world_input(LK_IN_BOOT);
    in.clock = world_chance(w, 800) ? LK_CLOCK_SYNCED : LK_CLOCK_UNSYNCED;
    (void)step(w, &in);
    for (int i = 0; i < w->cfg.banks && w->up; i++) {
        (void)world_plan(w, H_BACK, world_chance(w, 50) ? world_between(w, 5000, 60000) : world_between(w, 50, 500), i);
    }
}

/* --- time ----------------------------------------------------------------------------------------------------------
 */

static struct happening *soonest(struct world *w)
{
    struct happening *best = NULL;
    for (int i = 0; i < WORLD_HAPPENINGS; i++) {
        struct happening *h = &w->happening[i];
        bool sooner = h->kind != H_NONE &&
                      (!best || h->at_ms < best->at_ms || (h->at_ms == best->at_ms && h->order < best->order));
        best = sooner ? h : best;
    }
    return best;
}

static void happens(struct world *w, const struct happening *h)
{
    if (h->kind == H_BOOT) {
        boot(w);
    } else if (h->kind == H_RETRY) {
        drain(w);
    } else if (h->kind == H_KIOSK) {
        int64_t wait = world_chance(w, 50) ? world_between(w, 20000, 250000) : world_between(w, 50, 6000);
        (void)world_plan(w, H_KIOSK, wait, -1);
        people_kiosk(w);
    } else if (h->kind == H_WORLD) {
        (void)world_plan(w, H_WORLD, world_between(w, 500, 30000) * (1 + 2 * w->calm), -1);
        people_world(w);
    } else {
        cabinet_happens(w, h);
    }
}

static void tick(struct world *w, int64_t at_ms)
{
    w->idle_ticks = at_ms > w->now_ms ? 0 : w->idle_ticks + 1;
    if (w->idle_ticks > IDLE_TICKS_MOST) {
        broken(w, "ticks change nothing: a deadline stays in the past");
    }
    w->now_ms = at_ms > w->now_ms ? at_ms : w->now_ms;
    struct lk_input in = world_input(LK_IN_TICK);
    drain(w);
    if (w->up && (w->waits > 0 || !step(w, &in))) {
        w->tick_not_before = w->now_ms + RETRY_MS;
    }
}

void world_run(struct world *w, uint64_t steps)
{
    while (w->steps < steps && !w->broken) {
        struct happening *h = soonest(w);
        int64_t at_ms = w->up ? lk_core_next_at_ms(&w->cfg, &w->core) : LK_NEVER;
        at_ms = at_ms < w->tick_not_before ? w->tick_not_before : at_ms;
        if (h && h->at_ms < at_ms) {
            struct happening now = *h;
            h->kind = H_NONE;
            w->now_ms = now.at_ms > w->now_ms ? now.at_ms : w->now_ms;
            happens(w, &now);
        } else {
            tick(w, at_ms);
        }
    }
}

/* --- beginning and end ---------------------------------------------------------------------------------------------
 */

static void configure(struct world *w)
{
    struct lk_core_config *cfg = &w->cfg;
    lk_core_config_defaults(cfg);
    cfg->banks = (int)world_between(w, 1, 3);
    cfg->doors = cfg->banks * DOORS_A_BANK;
    cfg->unknown_barcode = (enum lk_unknown_barcode)world_between(w, 0, LK_BARCODES - 1);
    citizens_policy(w);
    cfg->misload_check = world_chance(w, 300);
    cfg->join_case = world_chance(w, 800);
    cfg->keep_free[LK_SIZE_S] = world_chance(w, 300);
    cfg->two_person_ms = world_chance(w, 300) ? 0 : cfg->two_person_ms;
    for (int b = 0; b < cfg->banks; b++) {
        (void)snprintf(cfg->bank_name[b], sizeof(cfg->bank_name[b]), "%c", 'A' + b);
    }
    for (int i = 0; i < cfg->doors; i++) {
        struct lk_door_config *d = &cfg->door[i];
        d->bank = i / DOORS_A_BANK;
        d->size = (enum lk_size)(i % DOORS_A_BANK / 2);
        d->low_reach = i % 2 == 1;
        (void)snprintf(d->label, sizeof(d->label), "%c0%c", 'A' + d->bank, '1' + i % DOORS_A_BANK);
    }
}

void world_init(struct world *w, uint64_t seed, bool print)
{
    memset(w, 0, sizeof(*w));
    w->seed = seed;
    w->rng = seed * 0x2545F4914F6CDD1DU + 1;
    w->print = print;
    w->hash = 0xCBF29CE484222325U;
    w->now_ms = 1000;
    w->pulsed_size = 4096;
    w->pulsed = calloc(w->pulsed_size, 1);
    if (!w->pulsed) {
        abort();
    }
    configure(w);
    w->calm = (unsigned)(seed % 3);
    model_store_init(&w->store);
    (void)world_plan(w, H_BOOT, 0, -1);
    (void)world_plan(w, H_KIOSK, 1000, -1);
    (void)world_plan(w, H_WORLD, 1500, -1);
}

void world_done(struct world *w)
{
    free(w->pulsed);
    w->pulsed = NULL;
}
