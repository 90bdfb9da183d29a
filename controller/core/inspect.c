/* What people found when they looked into compartments: unknown items settled, and records compared with what is there.
 */
#include "base/text.h"
#include "machine.h"

#include <string.h>

static void answer(struct lk_step *s, enum lk_reason reason)
{
    lk_fx_answer(s, reason == LK_REASON_NONE ? LK_RESULT_OK : LK_RESULT_REFUSED, reason);
}

static bool may_inspect(enum lk_actor actor)
{
    return actor == LK_ACTOR_MAINTENANCE || actor == LK_ACTOR_CLERK || actor == LK_ACTOR_SUPERVISOR;
}

/* --- unknown items ------------------------------------------------------------------------------------------------ */

static enum lk_reason settle_refusal(const struct lk_step *s, int door)
{
    if (!s->in->found) {
        return LK_REASON_NO_SUCH_ITEM;
    }
    if (s->in->item.custody != LK_CUSTODY_UNKNOWN) {
        return lk_custody_reason(s->in->item.custody);
    }
    if (!lk_custody_allowed(LK_CUSTODY_UNKNOWN, s->in->settle_to, s->in->staff.role)) {
        return LK_REASON_NOT_ALLOWED;
    }
    if (s->in->settle_to != LK_CUSTODY_IN_LOCKER) {
        return LK_REASON_NONE;
    }
    if (door == LK_NO_DOOR) {
        return LK_REASON_BAD_ARGUMENT;
    }
    return lk_door_is_open(s->core->door[door].state) ? LK_REASON_DOOR_OPEN : LK_REASON_NONE;
}

/* Another item of this compartment, preferably one that nobody has settled yet; NULL: there is none. */
static const struct lk_extra *next_of(const struct lk_core *core, int door, bool only_unknown)
{
    const struct lk_extra *known = NULL;
    for (int i = 0; i < LK_EXTRAS; i++) {
        const struct lk_extra *extra = &core->extra[i];
        if (extra->item[0] == '\0' || extra->door != door) {
            continue;
        }
        if (extra->unknown) {
            return extra;
        }
        known = extra;
    }
    return only_unknown ? NULL : known;
}

static void settle_extra(struct lk_core *core, int door, const char *item, bool stays)
{
    lk_together_remove(core, door, item);
    if (stays) {
        lk_together_add(core, door, item, false);
    }
}

/* The compartment stays blocked as long as one of its items is unknown, and such a one leads it. An emptied one stays
 * blocked until staff unblock it: they have just had it open. */
static void settle_lead(struct lk_step *s, int door, const char *item, bool stays)
{
    const struct lk_extra *next = next_of(s->core, door, stays);
    const struct lk_door *d = &s->core->door[door];
    char lead[LK_ITEM_ID_MAX + 1] = "", old[LK_ITEM_ID_MAX + 1];
    bool open_question = next && next->unknown;
    (void)lk_text_copy(old, sizeof(old), item);
    (void)lk_text_copy(lead, sizeof(lead), next ? next->item : stays ? item : "");
    if (next) {
        lk_together_remove(s->core, door, lead);
    }
    if (next && stays) {
        lk_together_add(s->core, door, old, false);
    }
    if (open_question) {
        lk_fx_use(s, door, LK_USE_BLOCKED, lead, d->blocked_for);
    } else if (lead[0] != '\0') {
        lk_fx_use(s, door, LK_USE_OCCUPIED, lead, LK_REASON_NONE);
    } else {
        lk_fx_use(s, door, LK_USE_BLOCKED, "", LK_REASON_STAFF_REQUEST);
    }
}

void lk_inspect_settle(struct lk_step *s)
{
    const struct lk_item *item = &s->in->item;
    int door = lk_custody_door(s->core, item->id);
    enum lk_reason reason = settle_refusal(s, door);
    if (reason != LK_REASON_NONE) {
        answer(s, reason);
        return;
    }
    bool stays = s->in->settle_to == LK_CUSTODY_IN_LOCKER;
    struct lk_event *e = lk_fx_staff(s, LK_EV_ITEM_SETTLED, door, LK_REASON_STAFF_REQUEST);
    memcpy(e->item, item->id, sizeof(e->item));
    e->from = LK_CUSTODY_UNKNOWN;
    e->to = s->in->settle_to;
    lk_fx_custody(s, item->id, LK_CUSTODY_UNKNOWN, s->in->settle_to, stays ? door : LK_NO_DOOR);
    if (s->in->settle_to == LK_CUSTODY_COLLECTED || s->in->settle_to == LK_CUSTODY_RETURNED) {
        lk_fx_secret_kill(s, item->id);
    }
    if (door != LK_NO_DOOR && strcmp(s->core->door[door].item, item->id) == 0) {
        settle_lead(s, door, item->id, stays);
    } else if (door != LK_NO_DOOR) {
        settle_extra(s->core, door, item->id, stays);
    }
    struct lk_item now = *item;
    now.custody = s->in->settle_to;
    lk_deposit_changed(s, &now);
    answer(s, LK_REASON_NONE);
}

/* --- a look into one compartment ---------------------------------------------------------------------------------- */

static enum lk_reason look_refusal(const struct lk_step *s)
{
    const struct lk_door *d = &s->core->door[s->in->door];
    bool changes = d->op.purpose == LK_PURPOSE_DEPOSIT || d->op.purpose == LK_PURPOSE_PICKUP ||
                   d->op.purpose == LK_PURPOSE_RECALL || d->use == LK_USE_RESERVED;
    if (!may_inspect(s->in->staff.role)) {
        return LK_REASON_NOT_ALLOWED;
    }
    if (d->doubt_until_ms != LK_NEVER) {
        return LK_REASON_OUTCOME_UNPROVEN; /* whoever stood there may still say */
    }
    return changes ? LK_REASON_DOOR_BUSY : LK_REASON_NONE;
}

static enum lk_reason compare(const struct lk_door *d, bool holds)
{
    if (d->use == LK_USE_OCCUPIED) {
        return holds ? LK_REASON_AS_EXPECTED : LK_REASON_NOT_FOUND_INSIDE;
    }
    bool known = !holds || d->item[0] != '\0' || d->blocked_for == LK_REASON_NOT_EMPTY;
    return known ? LK_REASON_AS_EXPECTED : LK_REASON_NOT_EMPTY;
}

/* What is said of one item is said of all that lay there. */
static void attribute(struct lk_step *s)
{
    for (unsigned i = 0; i < s->fx->count; i++) {
        struct lk_event *e = &s->fx->at[i].event;
        if (s->fx->at[i].kind == LK_FX_EVENT && e->type == LK_EV_AUDIT_MISMATCH) {
            memcpy(e->who, s->in->staff.id, sizeof(e->who));
            memcpy(e->note, s->in->note, sizeof(e->note));
        }
    }
}

/* Nobody changes what is unknown into something known here: that is settled item by item. */
void lk_inspect_door(struct lk_step *s)
{
    int door = s->in->door;
    enum lk_reason refusal = look_refusal(s), found = compare(&s->core->door[door], s->in->holds);
    if (refusal != LK_REASON_NONE) {
        answer(s, refusal);
        return;
    }
    if (found == LK_REASON_NOT_EMPTY) {
        lk_fx_staff(s, LK_EV_AUDIT_MISMATCH, door, found)->alarm = true;
        lk_fx_use(s, door, LK_USE_BLOCKED, "", found);
    } else if (found == LK_REASON_NOT_FOUND_INSIDE) {
        struct lk_event *e = lk_fx_staff(s, LK_EV_AUDIT_MISMATCH, door, found);
        e->actor = LK_ACTOR_SYSTEM; /* nobody took it: what is known of it ends here, on this person's word (.who) */
        e->alarm = true;
        lk_custody_lose(s, door, found, e);
        attribute(s);
    }
    lk_fx_answer(s, LK_RESULT_OK, found);
}

void lk_inspect_round(struct lk_step *s)
{
    const struct lk_input *in = s->in;
    enum lk_reason reason = !may_inspect(in->staff.role) ? LK_REASON_NOT_ALLOWED
                            : in->mismatches > in->count ? LK_REASON_BAD_ARGUMENT
                                                         : LK_REASON_NONE;
    if (reason == LK_REASON_NONE) {
        enum lk_reason worst = in->reason == LK_REASON_NONE ? LK_REASON_NOT_EMPTY : in->reason;
        enum lk_reason found = in->mismatches == 0 ? LK_REASON_AS_EXPECTED : worst;
        lk_fx_staff(s, LK_EV_AUDIT_INSPECTION, LK_NO_DOOR, found)->count = in->count;
    }
    answer(s, reason);
}
