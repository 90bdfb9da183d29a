/* Doors, locks and boards as they really are. The faults are those of an ordinary year; the adversarial ones, every
 * moment of every step, are tests/property's. */
#include "year.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    STIFF_ONE_IN = 2500,
    WRONG_ONE_IN = 10000,
    LATE_ONE_IN = 1500,
    CUT_ONE_IN = 1000, /* the light goes out while somebody stands there */
    LOST_ONE_IN = 1500,
    AT_WORST_MS = 12000,
};

static bool one_in(struct site *s, int n)
{
    return chance_between(&s->rng, 1, n) == 1;
}

static void remember_pulse(struct site *s, uint64_t intent)
{
    while (intent >= s->pulsed_room) {
        s->pulsed = realloc(s->pulsed, s->pulsed_room * 2);
        if (!s->pulsed) {
            abort();
        }
        memset(s->pulsed + s->pulsed_room, 0, s->pulsed_room);
        s->pulsed_room *= 2;
    }
    if (s->pulsed[intent]++ != 0) {
        site_broken(s, "intent %" PRIu64 " is pulsed twice (law 1)", intent);
    }
}

/* Law 3: swapped wires. The bank stops, and staff have to look. */
static int other_door(struct site *s, int door)
{
    for (int i = 0; i < s->cfg.doors; i++) {
        int other = (int)chance_between(&s->rng, 0, s->cfg.doors - 1);
        if (other != door && s->cfg.door[other].bank == s->cfg.door[door].bank && !s->door[other].open &&
            site_core(s)->door[other].op.purpose == LK_PURPOSE_NONE) {
            return other;
        }
    }
    return door;
}

int cabinet_pulse(void *user, int door, uint64_t intent, int64_t now_ms)
{
    struct site *s = user;
    int64_t now = s->base_ms + now_ms;
    remember_pulse(s, intent);
    if (!s->board_up[s->cfg.door[door].bank]) {
        return -EIO;
    }
    site_plan(s, H_REPORT, now + 40, door)->intent = intent;
    s->door[door].stiff = s->door[door].stiff || one_in(s, STIFF_ONE_IN);
    s->tally.jams += s->door[door].stiff;
    if (one_in(s, CUT_ONE_IN)) {
        (void)site_plan(s, H_POWER, now + chance_between(&s->rng, 0, AT_WORST_MS), 1);
    }
    if (one_in(s, LOST_ONE_IN)) {
        (void)site_plan(s, H_BOARD_LOST, now + chance_between(&s->rng, 0, AT_WORST_MS), s->cfg.door[door].bank);
    }
    if (s->door[door].stiff) {
        return 0;
    }
    int swings = one_in(s, WRONG_ONE_IN) ? other_door(s, door) : door;
    s->tally.wrong += swings != door;
    int64_t after_ms = one_in(s, LATE_ONE_IN) ? chance_between(&s->rng, 4500, 20000) : chance_between(&s->rng, 80, 300);
    (void)site_plan(s, H_SWING, now + after_ms, swings);
    return 0;
}

/* --- what the boards tell ----------------------------------------------------------------------------------------- */

static void tell(struct site *s, int door, enum lk_sense sense)
{
    struct real_door *d = &s->door[door];
    if (s->up && s->board_up[s->cfg.door[door].bank] && d->told != sense) {
        struct lk_input in = lk_engine_input(LK_IN_SENSE);
        d->told = sense;
        in.door = door;
        in.sense = sense;
        lk_engine_post(s->engine, &in);
    }
}

static enum lk_sense sense_of(const struct site *s, int door)
{
    return s->door[door].open ? LK_SENSE_OPEN : LK_SENSE_CLOSED;
}

static void tell_bank(struct site *s, int bank, enum lk_bank_state state, enum lk_reason reason)
{
    struct lk_input in = lk_engine_input(LK_IN_BANK);
    in.bank = bank;
    in.bank_state = state;
    in.reason = reason;
    lk_engine_post(s->engine, &in);
}

static void board_back(struct site *s, int bank)
{
    if (!s->up || s->board_up[bank]) {
        return;
    }
    s->board_up[bank] = true;
    tell_bank(s, bank, LK_BANK_READY, LK_REASON_NONE);
    for (int i = 0; i < s->cfg.doors; i++) {
        if (s->cfg.door[i].bank == bank) {
            tell(s, i, sense_of(s, i));
        }
    }
}

static void board_lost(struct site *s, int bank)
{
    if (!s->up || !s->board_up[bank]) {
        return;
    }
    s->tally.boards_lost++;
    for (int i = 0; i < s->cfg.doors; i++) {
        if (s->cfg.door[i].bank == bank) {
            tell(s, i, LK_SENSE_UNKNOWN);
        }
    }
    s->board_up[bank] = false;
    tell_bank(s, bank, LK_BANK_LOST, LK_REASON_BOARD_SILENT);
    int64_t away_ms =
        one_in(s, 4) ? chance_between(&s->rng, HOUR_MS, 20 * HOUR_MS) : chance_between(&s->rng, 2000, 300000);
    (void)site_plan(s, H_BOARD_BACK, site_now(s) + away_ms, bank);
}

void cabinet_boards_up(struct site *s)
{
    for (int b = 0; b < s->cfg.banks; b++) {
        (void)site_plan(s, H_BOARD_BACK, site_now(s) + 200 + 100 * b, b);
    }
}

/* The driver starts the board anew when staff resume a bank. */
void cabinet_resume(void *user, int bank)
{
    struct site *s = user;
    s->board_up[bank] = false;
    for (int i = 0; i < s->cfg.doors; i++) {
        if (s->cfg.door[i].bank == bank) {
            s->door[i].told = LK_SENSE_UNKNOWN;
        }
    }
    (void)site_plan(s, H_BOARD_BACK, site_now(s) + 300, bank);
}

/* The daemon is gone: nobody reads the boards, and nothing more is pulsed. */
void cabinet_dead(struct site *s)
{
    memset(s->board_up, 0, sizeof(s->board_up));
    for (int i = 0; i < s->cfg.doors; i++) {
        s->door[i].told = LK_SENSE_UNKNOWN;
    }
    for (size_t i = 0; i < s->cabinet.count; i++) {
        bool driver = s->cabinet.at[i].kind == H_REPORT || s->cabinet.at[i].kind == H_BOARD_BACK;
        s->cabinet.at[i].arg = driver ? -1 : s->cabinet.at[i].arg;
    }
}

/* --- doors -------------------------------------------------------------------------------------------------------- */

static void swing(struct site *s, int door)
{
    if (!s->door[door].open) {
        s->door[door].open = true;
        s->door[door].cycles++;
        (void)site_plan(s, H_SENSE, site_now(s) + 60, door);
        /* Whoever passes by shuts what nobody shuts. */
        int64_t until_ms = site_now(s) + chance_between(&s->rng, 5 * MINUTE_MS, 25 * MINUTE_MS);
        site_plan(s, H_SHUT, until_ms, door)->intent = s->door[door].cycles;
    }
}

void cabinet_shut(struct site *s, int door)
{
    if (s->door[door].open) {
        s->door[door].open = false;
        (void)site_plan(s, H_SENSE, site_now(s) + 120, door);
    }
}

/* A thief forces a door and takes what is there, half of the time. */
static void force(struct site *s, int door)
{
    if (s->door[door].open) {
        return;
    }
    s->tally.forced++;
    swing(s, door);
    bool takes = one_in(s, 2);
    for (size_t i = 0; i < s->items && takes; i++) {
        if (s->item[i].where == BEHIND_DOOR && s->item[i].door == door) {
            s->item[i].where = STOLEN;
        }
    }
}

static void report(struct site *s, const struct happening *h)
{
    struct lk_input in = lk_engine_input(LK_IN_PULSE_DONE);
    in.door = h->arg;
    in.intent = h->intent;
    in.pulse = s->board_up[s->cfg.door[h->arg].bank] ? LK_PULSE_ECHOED : LK_PULSE_UNPROVEN;
    lk_engine_post(s->engine, &in);
}

void cabinet_happens(struct site *s, const struct happening *h)
{
    if (h->arg < 0) {
        return;
    }
    if (h->kind == H_SENSE) {
        tell(s, h->arg, sense_of(s, h->arg));
    } else if (h->kind == H_REPORT && s->up) {
        report(s, h);
    } else if (h->kind == H_SWING) {
        swing(s, h->arg);
    } else if (h->kind == H_SHUT && h->intent == s->door[h->arg].cycles) {
        cabinet_shut(s, h->arg);
    } else if (h->kind == H_BOARD_LOST) {
        board_lost(s, h->arg);
    } else if (h->kind == H_BOARD_BACK) {
        board_back(s, h->arg);
    } else if (h->kind == H_FORCE) {
        force(s, h->arg);
    }
}
