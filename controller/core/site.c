#include "base/text.h"
#include "machine.h"

#include <errno.h>
#include <string.h>

void lk_core_init(struct lk_core *core, const struct lk_core_config *cfg)
{
    (void)cfg;
    memset(core, 0, sizeof(*core));
    core->next_intent = 1;
    core->session.door = LK_NO_DOOR;
    core->session.join_door = LK_NO_DOOR;
    core->service_door = LK_NO_DOOR;
    core->session.deadline_at_ms = LK_NEVER;
    for (int i = 0; i < LK_MAX_BANKS; i++) {
        core->bank[i].pulsed_door = LK_NO_DOOR;
    }
    for (int i = 0; i < LK_MAX_DOORS; i++) {
        core->door[i].deadline_at_ms = LK_NEVER;
        core->door[i].doubt_until_ms = LK_NEVER;
    }
    for (int i = 0; i < LK_REMOTE_KEPT; i++) {
        core->remote_at_ms[i] = LK_NEVER;
    }
}

void lk_core_restore_door(struct lk_core *core, int door, enum lk_use use, const char *item, enum lk_reason blocked_for)
{
    struct lk_door *d = &core->door[door];
    d->use = use;
    d->blocked_for = blocked_for;
    (void)lk_text_copy(d->item, sizeof(d->item), item);
}

void lk_core_restore_op(struct lk_core *core, int door, const struct lk_op *op)
{
    core->door[door].op = *op;
    core->door[door].op.request = 0;
    if (op->outcome != LK_OUTCOME_PENDING) {
        core->door[door].op.jti[0] = '\0'; /* the command has its answer already (law 7) */
    }
}

void lk_core_restore_doubt(struct lk_core *core, int door, enum lk_purpose purpose, enum lk_custody from,
                           const char *joining)
{
    (void)lk_text_copy(core->door[door].joining, sizeof(core->door[door].joining), joining);
    /* The grace starts anew at boot: set there, when the time is known. */
    core->door[door].doubt_purpose = purpose;
    core->door[door].doubt_from = from;
}

int lk_core_restore_extra(struct lk_core *core, int door, const char *item, bool unknown)
{
    unsigned used = 0;
    for (int i = 0; i < LK_EXTRAS; i++) {
        used += core->extra[i].item[0] != '\0';
    }
    if (used == LK_EXTRAS) {
        return -ENOSPC;
    }
    lk_together_add(core, door, item, unknown);
    return 0;
}

void lk_core_restore_dropoff(struct lk_core *core, int door)
{
    core->door[door].dropoff = core->door[door].item[0] != '\0';
}

void lk_core_restore_joining(struct lk_core *core, int door, const char *item)
{
    (void)lk_text_copy(core->door[door].joining, sizeof(core->door[door].joining), item);
}

void lk_core_restore_service(struct lk_core *core, int door, int64_t now_ms)
{
    core->service_door = door;
    core->service_at_ms = now_ms;
}

void lk_core_restore_wiring(struct lk_core *core, int door, enum lk_wiring wiring)
{
    struct lk_door *d = &core->door[door];
    d->wiring_held = wiring == LK_WIRING_CHANGED || wiring == LK_WIRING_HELD;
    d->wiring_news = wiring == LK_WIRING_CHANGED || wiring == LK_WIRING_BACK;
    core->wiring_new = core->wiring_new || wiring == LK_WIRING_NEW;
}

void lk_core_restore_bank(struct lk_core *core, int bank, enum lk_reason stopped_for)
{
    core->bank[bank].stopped_by_us = true;
    core->bank[bank].reason = stopped_for;
}

void lk_core_restore_lockout(struct lk_core *core, unsigned tries, unsigned level, int64_t lock_ms, int64_t now_ms)
{
    core->lockout = (struct lk_lockout){.tries = tries, .level = level, .last_at_ms = now_ms};
    core->lockout.until_at_ms = lock_ms > 0 ? now_ms + lock_ms : 0;
}

void lk_core_restore_remote(struct lk_core *core, unsigned opens, int64_t now_ms)
{
    for (unsigned i = 0; i < opens && i < LK_REMOTE_KEPT; i++) {
        core->remote_at_ms[i] = now_ms;
        core->remote_next = (i + 1) % LK_REMOTE_KEPT;
    }
}

void lk_core_restore_left_out(struct lk_core *core, unsigned count)
{
    core->left_out = count;
}

void lk_core_restore_next_intent(struct lk_core *core, uint64_t next_intent)
{
    core->next_intent = next_intent;
}

/* A reservation without an opening is a deposit that ended between two commits: it never happened. */
static void clear_empty_reservations(struct lk_step *s)
{
    for (int i = 0; i < s->cfg->doors && lk_fx_has_room(s); i++) {
        const struct lk_door *d = &s->core->door[i];
        bool idle = d->op.purpose == LK_PURPOSE_NONE && d->doubt_purpose == LK_PURPOSE_NONE;
        if (d->use == LK_USE_RESERVED && idle) {
            lk_dropoff_give_up(s, i);
            lk_fx_use(s, i, LK_USE_FREE, "", LK_REASON_NONE);
        }
    }
}

void lk_site_boot(struct lk_step *s)
{
    s->core->booted = true;
    s->core->clock = s->in->clock;
    for (int i = 0; i < s->cfg->doors; i++) {
        struct lk_door *d = &s->core->door[i];
        d->moved_at_ms = s->in->now_ms;
        /* Whether the second scan had come is not known any more. */
        d->op.unchecked = s->cfg->misload_check && d->op.purpose == LK_PURPOSE_DEPOSIT && !d->op.withdrawn &&
                          d->op.actor != LK_ACTOR_RECIPIENT;
        if (d->doubt_purpose != LK_PURPOSE_NONE) {
            d->doubt_until_ms = s->in->now_ms + s->cfg->doubt_grace_ms;
        }
    }
    clear_empty_reservations(s);
    lk_fx_event(s, LK_EV_SITE_STARTED, LK_NO_DOOR)->clock = s->in->clock;
    lk_wiring_boot(s);
    lk_session_show(s, LK_SCREEN_HOME);
}

void lk_site_shutdown(struct lk_step *s)
{
    if (!s->core->stopping) {
        s->core->stopping = true;
        (void)lk_fx_event(s, LK_EV_SITE_STOPPED, LK_NO_DOOR);
    }
}

void lk_site_clock(struct lk_step *s)
{
    if (s->core->clock != s->in->clock) {
        s->core->clock = s->in->clock;
        lk_fx_event(s, LK_EV_SITE_CLOCK, LK_NO_DOOR)->clock = s->in->clock;
    }
}

/* What only the outside can see, such as a certificate's date or a worn lock: told, and nothing else. */
void lk_site_tell(struct lk_step *s)
{
    struct lk_event *e = lk_fx_event(s, LK_EV_SITE_DEGRADED, s->in->door);
    lk_fx_nobody(e);
    e->item[0] = '\0';
    e->reason = s->in->reason;
    e->alarm = s->in->reason != LK_REASON_RECOVERED;
    memcpy(e->note, s->in->note, sizeof(e->note));
}

static void bank_event(struct lk_step *s, enum lk_event_type type, bool alarm)
{
    struct lk_event *e = lk_fx_event(s, type, LK_NO_DOOR);
    e->bank = s->in->bank;
    e->reason = s->in->reason;
    e->alarm = alarm;
}

/* A board that stopped answering takes its doors' states with it: nothing is known of them now (law 2). */
static void lose_doors(struct lk_step *s)
{
    struct lk_step each = *s;
    struct lk_input in = *s->in;
    each.in = &in;
    in.kind = LK_IN_SENSE;
    in.sense = LK_SENSE_UNKNOWN;
    for (int i = 0; i < s->cfg->doors; i++) {
        if (s->cfg->door[i].bank == s->in->bank) {
            in.door = i;
            lk_opening_sense(&each);
        }
    }
}

void lk_site_bank(struct lk_step *s)
{
    struct lk_bank *bank = &s->core->bank[s->in->bank];
    bool other_reason = !bank->stopped_by_us && bank->reason != s->in->reason;
    if (bank->state == s->in->bank_state && !other_reason) {
        return;
    }
    bank->state = s->in->bank_state;
    if (!bank->stopped_by_us) {
        bank->reason = s->in->reason;
    }
    switch (s->in->bank_state) {
    case LK_BANK_READY:
        bank_event(s, LK_EV_SITE_BOARD_BACK, false);
        break;
    case LK_BANK_LOST:
        lose_doors(s);
        bank_event(s, LK_EV_SITE_BOARD_LOST, true);
        break;
    case LK_BANK_STOPPED:
        lose_doors(s);
        bank_event(s, LK_EV_SITE_DEGRADED, true);
        break;
    case LK_BANK_STATES:
        break;
    }
}

void lk_site_stop_bank(struct lk_step *s, int bank, enum lk_reason reason)
{
    if (s->core->bank[bank].stopped_by_us) {
        return;
    }
    s->core->bank[bank].stopped_by_us = true;
    s->core->bank[bank].reason = reason;
    struct lk_effect *fx = lk_fx(s, LK_FX_BANK_STOP);
    fx->bank = bank;
    fx->reason = reason;
}
