#include "machine.h"

static void tick(struct lk_step *s)
{
    for (int i = 0; i < s->cfg->doors && lk_fx_has_room(s); i++) {
        lk_opening_tick(s, i);
        lk_custody_tick(s, i);
    }
    if (lk_fx_has_room(s)) {
        lk_lockout_tick(s);
        lk_session_tick(s);
    }
}

static bool names_a_door(const struct lk_step *s)
{
    return s->in->door >= 0 && s->in->door < s->cfg->doors;
}

static bool names_a_bank(const struct lk_step *s)
{
    return s->in->bank >= 0 && s->in->bank < s->cfg->banks;
}

static bool is_about_a_door(enum lk_admin_op op)
{
    return op == LK_ADMIN_OPEN || op == LK_ADMIN_BLOCK || op == LK_ADMIN_UNBLOCK || op == LK_ADMIN_CONFIRM ||
           op == LK_ADMIN_INSPECTED || op == LK_ADMIN_REPLACED;
}

static void admin(struct lk_step *s)
{
    bool of_banks = s->in->admin == LK_ADMIN_UNBLOCK || s->in->admin == LK_ADMIN_CONFIRM;
    bool bank = of_banks && s->in->door == LK_NO_DOOR && names_a_bank(s);
    if (names_a_door(s) || bank || !is_about_a_door(s->in->admin)) {
        lk_admin_run(s);
    } else {
        lk_fx_answer(s, LK_RESULT_REFUSED, LK_REASON_NO_SUCH_DOOR);
    }
}

/* Inputs that have no meaning for this site (a door it does not have) change nothing: they are the engine's bug. */
static void dispatch(struct lk_step *s)
{
    switch (s->in->kind) {
    case LK_IN_BOOT:
        lk_site_boot(s);
        break;
    case LK_IN_SHUTDOWN:
        lk_site_shutdown(s);
        break;
    case LK_IN_TICK:
        tick(s);
        break;
    case LK_IN_CLOCK:
        lk_site_clock(s);
        break;
    case LK_IN_SENSE:
        if (names_a_door(s)) {
            lk_opening_sense(s);
        }
        break;
    case LK_IN_PULSE_DONE:
        if (names_a_door(s)) {
            lk_opening_pulse_done(s);
        }
        break;
    case LK_IN_BANK:
        if (names_a_bank(s)) {
            lk_site_bank(s);
        }
        break;
    case LK_IN_CODE:
    case LK_IN_SCAN:
    case LK_IN_SIGN_IN:
    case LK_IN_SECOND:
    case LK_IN_CASE:
    case LK_IN_BUTTON:
        lk_session_input(s);
        break;
    case LK_IN_DUE:
        lk_due_run(s);
        break;
    case LK_IN_SITE:
        lk_site_tell(s);
        break;
    case LK_IN_OUTBOX:
        lk_outbox_room(s);
        break;
    case LK_IN_RESTORED:
        lk_restored(s);
        break;
    case LK_IN_COMMAND:
        lk_command_run(s);
        break;
    case LK_IN_COMMAND_REFUSED:
        lk_command_refuse(s);
        break;
    case LK_IN_ADMIN:
        admin(s);
        break;
    case LK_INPUTS:
        break;
    }
}

void lk_core_step(const struct lk_core_config *cfg, struct lk_core *core, const struct lk_input *in,
                  struct lk_effects *fx)
{
    struct lk_step s = {.cfg = cfg, .core = core, .in = in, .fx = fx};
    fx->count = 0;
    dispatch(&s);
    lk_outbox_spare(&s);
}

static void sooner(int64_t *at_ms, int64_t candidate_ms)
{
    if (candidate_ms < *at_ms) {
        *at_ms = candidate_ms;
    }
}

int64_t lk_core_next_at_ms(const struct lk_core_config *cfg, const struct lk_core *core)
{
    int64_t at_ms = core->session.deadline_at_ms;
    if (core->lockout.until_at_ms != 0) {
        sooner(&at_ms, core->lockout.until_at_ms);
    }
    for (int i = 0; i < cfg->doors; i++) {
        sooner(&at_ms, core->door[i].deadline_at_ms);
        if (core->door[i].op.purpose == LK_PURPOSE_NONE) {
            sooner(&at_ms, core->door[i].doubt_until_ms);
        }
    }
    return at_ms;
}
