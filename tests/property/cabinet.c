#include "world.h"

#include <stdlib.h>
#include <string.h>

struct envelope *cabinet_envelope(struct world *w, const char *id)
{
    for (int i = 0; i < MODEL_ITEMS; i++) {
        if (w->envelope[i].used && strcmp(w->envelope[i].id, id) == 0) {
            return &w->envelope[i];
        }
    }
    return NULL;
}

/* --- the driver ----------------------------------------------------------------------------------------------------
 */

static void remember_pulse(struct world *w, uint64_t intent)
{
    if (intent >= w->pulsed_size) {
        size_t size = w->pulsed_size * 2;
        w->pulsed = realloc(w->pulsed, size);
        if (!w->pulsed) {
            abort();
        }
        memset(w->pulsed + w->pulsed_size, 0, size - w->pulsed_size);
        w->pulsed_size = size;
    }
    if (++w->pulsed[intent] > 1) {
        w->broken = "one intent is pulsed twice (law 1)";
    }
}

static void report(struct world *w, int64_t in_ms, int door, uint64_t intent, enum lk_pulse_report what)
{
    struct happening *h = world_plan(w, H_REPORT, in_ms, door);
    h->intent = intent;
    h->report = what;
}

void cabinet_pulse(struct world *w, int door, uint64_t intent)
{
    remember_pulse(w, intent);
    if (!w->board_up[w->cfg.door[door].bank] || world_chance(w, 5)) {
        report(w, 0, door, intent, LK_PULSE_NOT_SENT);
        return;
    }
    int64_t wait_ms = world_chance(w, 50) ? world_between(w, 500, 12000) : world_between(w, 0, 200);
    world_plan(w, H_FIRE, wait_ms, door)->intent = intent;
}

static void tell(struct world *w, int door)
{
    struct real_door *d = &w->door[door];
    enum lk_sense is = d->open ? LK_SENSE_OPEN : LK_SENSE_CLOSED;
    if (!w->up || !w->board_up[w->cfg.door[door].bank] || d->told == is) {
        return;
    }
    d->told = is;
    struct lk_input in = world_input(LK_IN_SENSE);
    in.door = door;
    in.sense = is;
    world_hardware(w, &in);
}

static void tell_report(struct world *w, const struct happening *h)
{
    struct lk_input in = world_input(LK_IN_PULSE_DONE);
    in.door = h->door;
    in.intent = h->intent;
    in.pulse = h->report;
    world_hardware(w, &in);
}

/* What was on its way to a board that went away. */
static void lose_pulses(struct world *w, int bank)
{
    for (int i = 0; i < WORLD_HAPPENINGS && w->up; i++) {
        struct happening h = w->happening[i];
        bool ours = (h.kind == H_FIRE || h.kind == H_REPORT) && w->cfg.door[h.door].bank == bank;
        if (ours) {
            w->happening[i].kind = H_NONE;
            h.report = h.kind == H_FIRE ? LK_PULSE_NOT_SENT : h.report;
            h.report = h.report == LK_PULSE_ECHOED ? LK_PULSE_UNPROVEN : h.report;
            tell_report(w, &h);
        }
    }
}

static void tell_all(struct world *w, int bank, bool known)
{
    for (int i = 0; i < w->cfg.doors && w->up; i++) {
        if (w->cfg.door[i].bank != bank) {
            continue;
        }
        if (known) {
            tell(w, i);
        } else if (w->door[i].told != LK_SENSE_UNKNOWN) {
            w->door[i].told = LK_SENSE_UNKNOWN;
            struct lk_input in = world_input(LK_IN_SENSE);
            in.door = i;
            in.sense = LK_SENSE_UNKNOWN;
            world_hardware(w, &in);
        }
    }
}

void cabinet_board(struct world *w, int bank, enum lk_bank_state state, enum lk_reason reason)
{
    bool pulses_first = world_chance(w, 500), doors_first = world_chance(w, 500);
    w->board_up[bank] = state == LK_BANK_READY;
    struct lk_input in = world_input(LK_IN_BANK);
    in.bank = bank;
    in.bank_state = state;
    in.reason = reason;
    if (state == LK_BANK_READY) {
        world_hardware(w, &in);
        tell_all(w, bank, true);
        return;
    }
    if (pulses_first) {
        lose_pulses(w, bank);
    }
    if (doors_first) {
        tell_all(w, bank, false);
    }
    world_hardware(w, &in);
    lose_pulses(w, bank);
    tell_all(w, bank, false);
}

/* --- locks and doors -----------------------------------------------------------------------------------------------
 */

static void swing(struct world *w, int64_t in_ms, int door, enum cause cause)
{
    world_plan(w, H_OPEN, in_ms, door)->cause = cause;
}

/* A door of the same bank that nobody opens now, for wires that are swapped. */
static int other_door(struct world *w, int door)
{
    for (int i = 0; i < w->cfg.doors; i++) {
        int other = (int)world_between(w, 0, w->cfg.doors - 1);
        if (other != door && w->cfg.door[other].bank == w->cfg.door[door].bank && !w->door[other].open &&
            w->door[other].told == LK_SENSE_CLOSED && w->store.door[other].intent.op.intent == 0 &&
            !world_is_planned(w, H_OPEN, other)) {
            return other;
        }
    }
    return LK_NO_DOOR;
}

static void fire(struct world *w, const struct happening *h)
{
    struct real_door *d = &w->door[h->door];
    const struct model_intent *intent = &w->store.door[h->door].intent;
    if (intent->op.intent == h->intent) {
        d->authority = intent->op;
        memcpy(d->item, intent->item, sizeof(d->item));
    }
    int64_t luck = world_between(w, 0, 99);
    int other = luck == 99 ? other_door(w, h->door) : LK_NO_DOOR;
    if (other != LK_NO_DOOR) {
        swing(w, world_between(w, 50, 400), other, CAUSE_WRONG);
    } else if (luck < 80) {
        swing(w, world_between(w, 50, 500), h->door, CAUSE_OWN);
    } else if (luck < 86) {
        swing(w, world_between(w, 4500, 60000), h->door, CAUSE_LATE);
    }
    report(w, world_between(w, 10, 200), h->door, h->intent, world_chance(w, 60) ? LK_PULSE_UNPROVEN : LK_PULSE_ECHOED);
}

static bool came_to_put(const struct world *w, int door)
{
    const struct real_door *d = &w->door[door];
    bool for_it = strcmp(w->store.door[door].item, d->item) == 0 ||
                  (d->item[0] != '\0' && strcmp(model_store_joining(&w->store, door), d->item) == 0);
    return !d->thief && d->authority.purpose == LK_PURPOSE_DEPOSIT && for_it;
}

static void moves_open(struct world *w, const struct happening *h)
{
    struct real_door *d = &w->door[h->door];
    if (d->open) {
        return;
    }
    world_cancel(w, H_OPEN, h->door);
    d->open = true;
    d->seen = false;
    d->thief = h->cause == CAUSE_FORCED || h->cause == CAUSE_WRONG;
    world_say(w, "%s really opens", w->cfg.door[h->door].label);
    int64_t stays_ms = world_chance(w, 60) ? world_between(w, 60000, 120000) : world_between(w, 1000, 20000);
    (void)world_plan(w, H_ACT, stays_ms, h->door);
    if (d->authority.purpose == LK_PURPOSE_DEPOSIT && world_chance(w, 500)) {
        (void)world_plan(w, H_PUT, 600, h->door);
    }
    (void)world_plan(w, H_SENSE, world_between(w, 5, 250), h->door);
}

/* --- whoever stands there ------------------------------------------------------------------------------------------
 */

static void put(struct world *w, int door)
{
    struct envelope *e = cabinet_envelope(w, w->door[door].item);
    bool at_hand = e && (e->where == WITH_SENDER || e->where == WITH_STAFF ||
                         (e->where == BEHIND_DOOR && e->door != door && w->door[e->door].open));
    if (at_hand && came_to_put(w, door)) {
        e->where = BEHIND_DOOR;
        e->door = door;
        world_say(w, "%s is really put into %s", e->id, w->cfg.door[door].label);
    }
}

static void take(struct world *w, int door, const char *id, enum where to)
{
    for (int i = 0; i < MODEL_ITEMS; i++) {
        struct envelope *e = &w->envelope[i];
        if (e->used && e->where == BEHIND_DOOR && e->door == door && (!id || strcmp(e->id, id) == 0)) {
            e->where = to;
            const struct model_door *d = &w->store.door[door];
            bool pending = d->intent.op.intent != 0 || d->doubt_purpose != LK_PURPOSE_NONE;
            bool noticed = w->door[door].seen || (pending && to != STOLEN);
            e->exempt = e->exempt || !noticed;
            world_say(w, "%s is really taken out of %s%s", e->id, w->cfg.door[door].label, noticed ? "" : ", unseen");
        }
    }
}

/* Also what was taken out at an earlier opening that nobody proved. */
static void put_back(struct world *w, int door)
{
    for (int i = 0; i < MODEL_ITEMS; i++) {
        struct envelope *e = &w->envelope[i];
        const struct lk_item *item = e->used ? model_store_item(&w->store, e->id) : NULL;
        if (item && item->door == door && item->custody == LK_CUSTODY_IN_LOCKER && e->where == WITH_RECIPIENT) {
            e->where = BEHIND_DOOR;
            e->door = door;
        }
    }
    world_say(w, "it is really put back into %s", w->cfg.door[door].label);
}

static void act(struct world *w, int door)
{
    struct real_door *d = &w->door[door];
    const struct model_intent *intent = &w->store.door[door].intent;
    bool other = d->thief || d->authority.intent != intent->op.intent;
    if (other && intent->op.intent != 0) { /* somebody with authority came just then, and finds it open */
        d->thief = false;
        d->authority = intent->op;
        memcpy(d->item, intent->item, sizeof(d->item));
    }
    if (d->thief) {
        if (world_chance(w, 400)) {
            take(w, door, NULL, STOLEN);
        }
    } else if (intent->op.turn == LK_REASON_REJECTED || intent->op.turn == LK_REASON_NOT_MINE) {
        put_back(w, door);
    } else if (d->authority.purpose == LK_PURPOSE_PICKUP) {
        take(w, door, NULL, WITH_RECIPIENT); /* with all that lies together */
    } else if (d->authority.purpose == LK_PURPOSE_RECALL) {
        take(w, door, NULL, WITH_STAFF);
    } else if (d->authority.purpose == LK_PURPOSE_DEPOSIT && came_to_put(w, door)) {
        put(w, door);
    } else if (d->authority.purpose == LK_PURPOSE_DEPOSIT) {
        take(w, door, d->item, WITH_SENDER);
    }
}

static void act_and_close(struct world *w, int door)
{
    struct real_door *d = &w->door[door];
    if (!d->open) {
        return;
    }
    act(w, door);
    d->open = false;
    memset(&d->authority, 0, sizeof(d->authority));
    world_cancel(w, H_PUT, door);
    world_say(w, "%s is really shut", w->cfg.door[door].label);
    (void)world_plan(w, H_SENSE, world_between(w, 100, 400), door);
}

void cabinet_force(struct world *w, int door)
{
    if (!w->door[door].open && w->store.door[door].intent.op.intent == 0 && !world_is_planned(w, H_OPEN, door)) {
        swing(w, 0, door, CAUSE_FORCED);
    }
}

void cabinet_happens(struct world *w, const struct happening *h)
{
    switch (h->kind) {
    case H_FIRE:
        fire(w, h);
        break;
    case H_REPORT:
        tell_report(w, h);
        break;
    case H_SENSE:
        tell(w, h->door);
        break;
    case H_OPEN:
        moves_open(w, h);
        break;
    case H_PUT:
        if (w->door[h->door].open) {
            put(w, h->door);
        }
        break;
    case H_ACT:
        act_and_close(w, h->door);
        break;
    case H_BACK:
        if (w->up && !w->board_up[h->door]) {
            cabinet_board(w, h->door, LK_BANK_READY, LK_REASON_NONE);
        }
        break;
    case H_NONE:
    case H_RETRY:
    case H_BOOT:
    case H_KIOSK:
    case H_WORLD:
        break;
    }
}
