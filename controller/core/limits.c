/* What the machine around us allows. While the power fails nothing new is begun: what is under way ends as it should,
 * and everything that was said is on the disk already. While the disk is nearly full nothing new is taken in, so that
 * there is room for giving out what is in the cabinet. */
#include "base/text.h"
#include "machine.h"

static void tell(struct lk_step *s, enum lk_reason reason, bool begins)
{
    struct lk_event *e = lk_fx_event(s, LK_EV_SITE_DEGRADED, LK_NO_DOOR);
    e->reason = begins ? reason : LK_REASON_RECOVERED;
    e->alarm = begins;
    (void)lk_text_copy(e->note, sizeof(e->note), begins ? "" : lk_reason_name(reason));
}

void lk_limits_set(struct lk_step *s)
{
    struct lk_core *core = s->core;
    if (core->power_failing != s->in->power_failing) {
        core->power_failing = s->in->power_failing;
        tell(s, LK_REASON_POWER_FAILING, core->power_failing);
    }
    if (core->disk_low != s->in->disk_low) {
        core->disk_low = s->in->disk_low;
        tell(s, LK_REASON_DISK_LOW, core->disk_low);
    }
}

enum lk_reason lk_limits_rest(const struct lk_core *core)
{
    return core->stopping ? LK_REASON_SHUTTING_DOWN : core->power_failing ? LK_REASON_POWER_FAILING : LK_REASON_NONE;
}

enum lk_reason lk_limits_intake(const struct lk_core *core)
{
    return core->disk_low ? LK_REASON_DISK_LOW : lk_outbox_refusal(core);
}
