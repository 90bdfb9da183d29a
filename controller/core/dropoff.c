/* A citizen leaves material for the office (容缺材料): a deposit without a courier. Compartment and opening are those
 * of deposit.c; here is what only a drop-off has. */
#include "base/text.h"
#include "machine.h"

#include <string.h>

static unsigned count(const struct lk_core_config *cfg, const struct lk_core *core)
{
    unsigned n = 0;
    for (int i = 0; i < cfg->doors; i++) {
        n += core->door[i].dropoff;
    }
    return n;
}

bool lk_dropoff_may(const struct lk_core_config *cfg, const struct lk_core *core)
{
    return cfg->dropoff && count(cfg, core) < cfg->dropoff_most && lk_limits_intake(core) == LK_REASON_NONE;
}

static enum lk_reason case_refusal(const struct lk_step *s)
{
    if (s->core->session.screen != LK_SCREEN_DROP_CASE) {
        return LK_REASON_NOT_NOW;
    }
    if (!lk_dropoff_may(s->cfg, s->core)) {
        return !s->cfg->dropoff                              ? LK_REASON_DROPOFF_OFF
               : lk_limits_intake(s->core) != LK_REASON_NONE ? lk_limits_intake(s->core)
                                                             : LK_REASON_NO_FREE_DOOR;
    }
    if (s->in->text[0] == '\0') {
        return LK_REASON_BAD_ARGUMENT;
    }
    return s->in->item.id[0] == '\0' ? LK_REASON_STORE_FAILED : LK_REASON_NONE; /* no receipt number */
}

void lk_dropoff_case(struct lk_step *s)
{
    struct lk_session *session = &s->core->session;
    enum lk_reason reason = case_refusal(s);
    if (reason != LK_REASON_NONE) {
        session->reason = reason == LK_REASON_NOT_NOW ? session->reason : reason;
        lk_fx_answer(s, LK_RESULT_REFUSED, reason);
        return;
    }
    memset(&session->item, 0, sizeof(session->item));
    memcpy(session->item.id, s->in->item.id, sizeof(session->item.id));
    memcpy(session->item.case_id, s->in->text, sizeof(session->item.case_id));
    session->item.dropoff = true;
    session->item.door = LK_NO_DOOR;
    session->reason = LK_REASON_NONE;
    lk_session_show(s, LK_SCREEN_DROP_SIZE);
    lk_fx_answer(s, LK_RESULT_OK, LK_REASON_NONE);
}

void lk_dropoff_give_up(struct lk_step *s, int door)
{
    struct lk_door *d = &s->core->door[door];
    if (!d->dropoff) {
        return;
    }
    d->dropoff = false;
    struct lk_event *e =
        lk_custody_change(s, door, d->item, LK_EV_ITEM_CANCELLED, LK_CUSTODY_EXPECTED, LK_CUSTODY_RETURNED);
    e->reason = LK_REASON_DROPOFF_GIVEN_UP;
}
