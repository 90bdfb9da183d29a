#include "base/text.h"
#include "machine.h"

#include <assert.h>
#include <string.h>

enum { ROOM_FOR_ONE_DOOR = 56 }; /* LK_TOGETHER_MOST items change hands, and what a door does besides */

struct lk_effect *lk_fx(struct lk_step *s, enum lk_effect_kind kind)
{
    assert(s->fx->count < LK_EFFECTS_MOST);
    struct lk_effect *fx = &s->fx->at[s->fx->count++];
    memset(fx, 0, sizeof(*fx));
    fx->kind = kind;
    fx->door = LK_NO_DOOR;
    fx->bank = -1;
    return fx;
}

bool lk_fx_has_room(const struct lk_step *s)
{
    return s->fx->count + ROOM_FOR_ONE_DOOR <= LK_EFFECTS_MOST;
}

/* Why staff opened it is told once, with what came of it. */
static bool tells_why(const struct lk_core *core, enum lk_event_type type, int door)
{
    return core->door[door].op.purpose == LK_PURPOSE_SERVICE && core->service_door == door &&
           (type == LK_EV_DOOR_OPENED || type == LK_EV_DOOR_OPEN_FAILED);
}

struct lk_event *lk_fx_event(struct lk_step *s, enum lk_event_type type, int door)
{
    struct lk_event *e = &lk_fx(s, LK_FX_EVENT)->event;
    e->type = type;
    e->door = door;
    e->expected_door = LK_NO_DOOR;
    e->bank = -1;
    if (door != LK_NO_DOOR) {
        const struct lk_door *d = &s->core->door[door];
        bool joins = d->op.purpose == LK_PURPOSE_DEPOSIT && d->joining[0] != '\0';
        memcpy(e->item, joins ? d->joining : d->item, sizeof(e->item));
        e->purpose = d->op.purpose;
        e->intent = d->op.intent;
        e->actor = d->op.actor;
        memcpy(e->who, d->op.who, sizeof(e->who));
        memcpy(e->second, d->op.second, sizeof(e->second));
        if (tells_why(s->core, type, door)) {
            memcpy(e->note, s->core->service_note, sizeof(e->note));
        }
        memcpy(e->jti, d->op.jti, sizeof(e->jti));
    }
    return e;
}

void lk_fx_nobody(struct lk_event *e)
{
    e->purpose = LK_PURPOSE_NONE;
    e->intent = 0;
    e->actor = LK_ACTOR_SYSTEM;
    e->who[0] = '\0';
    e->second[0] = '\0';
    e->note[0] = '\0';
    e->jti[0] = '\0';
}

struct lk_event *lk_fx_staff(struct lk_step *s, enum lk_event_type type, int door, enum lk_reason reason)
{
    const struct lk_input *in = s->in;
    bool second = in->approver.ok && strcmp(in->approver.id, in->staff.id) != 0;
    struct lk_event *e = lk_fx_event(s, type, door);
    lk_fx_nobody(e); /* whoever the opening there was for: this is said by staff */
    e->actor = in->staff.role;
    memcpy(e->who, in->staff.id, sizeof(e->who));
    memcpy(e->note, in->note, sizeof(e->note));
    (void)lk_text_copy(e->second, sizeof(e->second), second ? in->approver.id : "");
    e->reason = reason;
    return e;
}

void lk_fx_reply(struct lk_step *s, uint64_t request, enum lk_result result, enum lk_reason reason, int door,
                 enum lk_outcome outcome)
{
    if (request == 0) {
        return;
    }
    struct lk_effect *fx = lk_fx(s, LK_FX_REPLY);
    fx->request = request;
    fx->result = result;
    fx->reason = reason;
    fx->door = door;
    fx->outcome = outcome;
}

void lk_fx_answer(struct lk_step *s, enum lk_result result, enum lk_reason reason)
{
    lk_fx_reply(s, s->in->request, result, reason, LK_NO_DOOR, LK_OUTCOME_PENDING);
}

void lk_fx_custody(struct lk_step *s, const char *item, enum lk_custody from, enum lk_custody to, int door)
{
    struct lk_effect *fx = lk_fx(s, LK_FX_ITEM_CUSTODY);
    (void)lk_text_copy(fx->item.id, sizeof(fx->item.id), item);
    fx->from = from;
    fx->to = to;
    fx->door = door;
}

void lk_fx_use(struct lk_step *s, int door, enum lk_use use, const char *item, enum lk_reason reason)
{
    struct lk_door *d = &s->core->door[door];
    struct lk_effect *fx = lk_fx(s, LK_FX_DOOR_USE);
    fx->door = door;
    fx->use = use;
    fx->reason = reason;
    (void)lk_text_copy(fx->item.id, sizeof(fx->item.id), item);
    d->use = use;
    d->blocked_for = reason;
    d->dropoff = d->dropoff && strcmp(d->item, fx->item.id) == 0;
    memcpy(d->item, fx->item.id, sizeof(d->item));
}

void lk_fx_waybill(struct lk_step *s, const char *item, const char *waybill)
{
    struct lk_effect *fx = lk_fx(s, LK_FX_ITEM_WAYBILL);
    (void)lk_text_copy(fx->item.id, sizeof(fx->item.id), item);
    (void)lk_text_copy(fx->waybill, sizeof(fx->waybill), waybill);
}

void lk_fx_secret_kill(struct lk_step *s, const char *item)
{
    struct lk_effect *fx = lk_fx(s, LK_FX_SECRET_KILL);
    (void)lk_text_copy(fx->item.id, sizeof(fx->item.id), item);
}

void lk_fx_doubt(struct lk_step *s, int door, enum lk_purpose purpose, enum lk_custody from)
{
    struct lk_effect *fx = lk_fx(s, LK_FX_DOUBT);
    fx->door = door;
    fx->purpose = purpose;
    fx->from = from;
    fx->to = purpose == LK_PURPOSE_NONE ? LK_CUSTODY_NONE : LK_CUSTODY_UNKNOWN;
    if (purpose != LK_PURPOSE_NONE) {
        memcpy(fx->item.id, s->core->door[door].joining, sizeof(fx->item.id));
    }
}
