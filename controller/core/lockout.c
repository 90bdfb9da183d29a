#include "machine.h"

bool lk_lockout_active(const struct lk_step *s)
{
    return s->core->lockout.until_at_ms > s->in->now_ms;
}

/* What is stored is what holds: without a duration no lockout runs, also not one whose end nobody has noticed yet. */
static void save(struct lk_step *s, int64_t duration_ms)
{
    s->core->lockout.until_at_ms = duration_ms == 0 ? 0 : s->in->now_ms + duration_ms;
    struct lk_effect *fx = lk_fx(s, LK_FX_LOCKOUT);
    fx->count = s->core->lockout.tries;
    fx->level = s->core->lockout.level;
    fx->duration_ms = duration_ms;
}

static int64_t duration_of(const struct lk_core_config *cfg, unsigned level)
{
    int64_t ms = cfg->lockout_first_ms;
    for (unsigned i = 1; i < level && ms < cfg->lockout_most_ms; i++) {
        ms *= 2;
    }
    return ms < cfg->lockout_most_ms ? ms : cfg->lockout_most_ms;
}

static void lock(struct lk_step *s)
{
    struct lk_lockout *l = &s->core->lockout;
    bool forgotten = l->level > 0 && s->in->now_ms - l->last_at_ms > s->cfg->lockout_forget_ms;
    l->level = forgotten ? 1 : l->level + 1;
    l->tries = 0;
    int64_t ms = duration_of(s->cfg, l->level);
    l->last_at_ms = s->in->now_ms;
    struct lk_event *e = lk_fx_event(s, LK_EV_ACCESS_LOCKOUT, LK_NO_DOOR);
    e->count = l->level;
    e->duration_s = (unsigned)(ms / 1000);
    e->alarm = l->level >= s->cfg->lockout_alarm;
    save(s, ms);
}

enum lk_reason lk_lockout_wrong(struct lk_step *s, enum lk_reason reason)
{
    struct lk_lockout *l = &s->core->lockout;
    l->tries++;
    struct lk_event *e = lk_fx_event(s, LK_EV_ACCESS_DENIED, LK_NO_DOOR);
    e->reason = reason;
    e->count = l->tries;
    if (l->tries >= s->cfg->lockout_tries) {
        lock(s);
        return LK_REASON_LOCKED_OUT;
    }
    save(s, 0);
    return reason;
}

void lk_lockout_right(struct lk_step *s)
{
    if (s->core->lockout.tries != 0) {
        s->core->lockout.tries = 0;
        save(s, 0);
    }
}

void lk_lockout_tick(struct lk_step *s)
{
    if (s->core->lockout.until_at_ms != 0 && !lk_lockout_active(s)) {
        save(s, 0);
    }
}
