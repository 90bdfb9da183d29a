#include "world.h"

#include "base/text.h"

#include <string.h>

enum { CASES = 6 };

void staff_details(struct world *w, struct lk_item *item)
{
    int64_t n = world_between(w, 1, CASES);
    if (world_chance(w, 600)) {
        (void)snprintf(item->case_id, sizeof(item->case_id), "C%d", (int)n);
        item->has_phone = true;
        item->phone_mac[0] = (uint8_t)n;
    }
}

void staff_facts(const struct world *w, struct lk_input *in)
{
    in->join_door = in->found ? model_store_companion(&w->store, &in->item) : LK_NO_DOOR;
}

/* --- at the kiosk --------------------------------------------------------------------------------------------------
 */

static struct lk_input scan_of(const struct world *w, const char *id)
{
    struct lk_input in = world_input(LK_IN_SCAN);
    const struct lk_item *item = model_store_item(&w->store, id);
    in.scan = LK_SCAN_ITEM;
    (void)lk_text_copy(in.text, sizeof(in.text), id);
    in.found = item != NULL;
    if (item) {
        in.item = *item;
        staff_facts(w, &in);
    }
    return in;
}

static struct lk_input waybill(struct world *w)
{
    struct lk_input in = world_input(LK_IN_SCAN);
    if (world_chance(w, 900)) {
        in.scan = LK_SCAN_ITEM;
        (void)snprintf(in.waybill, sizeof(in.waybill), "E%u", ++w->ids);
        memcpy(in.text, in.waybill, sizeof(in.waybill));
    }
    return in;
}

static struct lk_input proof(struct world *w)
{
    struct lk_input in = world_input(LK_IN_CODE);
    in.proof = world_chance(w, 800) ? LK_PROOF_CODE : LK_PROOF_NONE;
    return in;
}

/* Whoever has another compartment's item in hand scans that one; it happens. */
bool staff_answer(struct world *w, const struct lk_view *v, struct lk_input *ret_in)
{
    bool check = v->screen == LK_SCREEN_PUT && (v->reason == LK_REASON_NOT_CHECKED || v->reason == LK_REASON_MISLOAD);
    if (check) {
        *ret_in = scan_of(w, world_chance(w, 850) ? v->item : "another");
    } else if (v->screen == LK_SCREEN_WAYBILL) {
        *ret_in = waybill(w);
    } else if (v->screen == LK_SCREEN_HAND_OVER) {
        *ret_in = proof(w);
    } else {
        return false;
    }
    return true;
}

void staff_hand_over(struct world *w)
{
    for (unsigned i = 0; i < w->fx.count; i++) {
        const struct lk_event *e = &w->fx.at[i].event;
        bool counter =
            w->fx.at[i].kind == LK_FX_EVENT && e->type == LK_EV_ITEM_COLLECTED && e->via != LK_CHANNEL_LOCKER;
        struct envelope *envelope = counter ? cabinet_envelope(w, e->item) : NULL;
        if (envelope) {
            envelope->where = WITH_RECIPIENT;
        }
    }
}

/* --- with lockerctl ------------------------------------------------------------------------------------------------
 */

static void member(struct world *w, struct lk_staff *staff)
{
    static const enum lk_actor roles[] = {LK_ACTOR_COURIER, LK_ACTOR_CLERK, LK_ACTOR_SUPERVISOR, LK_ACTOR_MAINTENANCE};
    static const char *const ids[] = {"k1", "c1", "v1", "m1"};
    int64_t n = world_between(w, 0, 3);
    staff->ok = true;
    staff->role = roles[n];
    (void)lk_text_copy(staff->id, sizeof(staff->id), ids[n]);
}

void staff_second(struct world *w, struct lk_input *in)
{
    if (world_chance(w, 800)) {
        member(w, &in->approver);
    }
}

/* What really lies there; only a shut door that the controller has seen shut is looked into. */
static void inspect(struct world *w, struct lk_input *in)
{
    in->admin = LK_ADMIN_INSPECTED;
    in->door = (int)world_between(w, 0, w->cfg.doors - 1);
    if (w->door[in->door].open || w->door[in->door].told != LK_SENSE_CLOSED || world_is_planned(w, H_OPEN, in->door)) {
        return;
    }
    for (int i = 0; i < MODEL_ITEMS; i++) {
        const struct envelope *e = &w->envelope[i];
        in->holds = in->holds || (e->used && e->where == BEHIND_DOOR && e->door == in->door);
    }
    (void)world_person(w, in);
}

void staff_desk(struct world *w)
{
    static const enum lk_admin_op ops[] = {LK_ADMIN_RECEIVE, LK_ADMIN_HAND_OVER, LK_ADMIN_SEND,
                                           LK_ADMIN_RETURN,  LK_ADMIN_REJECT,    LK_ADMIN_EXTEND};
    struct lk_input in = world_input(LK_IN_ADMIN);
    member(w, &in.staff);
    if (world_chance(w, 300)) {
        inspect(w, &in);
        return;
    }
    if (world_chance(w, 50)) {
        in.admin = LK_ADMIN_ROUND;
        in.count = (unsigned)w->cfg.doors;
        in.mismatches = (unsigned)world_between(w, 0, 2);
        (void)world_person(w, &in);
        return;
    }
    in.admin = ops[world_between(w, 0, 5)];
    enum lk_custody want = in.admin == LK_ADMIN_EXTEND    ? LK_CUSTODY_IN_LOCKER
                           : in.admin == LK_ADMIN_RECEIVE ? LK_CUSTODY_WITH_COURIER
                                                          : LK_CUSTODY_AT_WINDOW;
    int from = (int)world_between(w, 0, MODEL_ITEMS - 1);
    for (int i = 0; i < MODEL_ITEMS && (!in.found || (in.item.custody != want && !world_chance(w, 30))); i++) {
        const struct lk_item *item = &w->store.item[(from + i) % MODEL_ITEMS].item;
        bool used = w->store.item[(from + i) % MODEL_ITEMS].used;
        in.found = in.found || used;
        in.item = used ? *item : in.item;
    }
    in.proof = world_chance(w, 800) ? LK_PROOF_TAIL : LK_PROOF_NONE;
    in.count = (unsigned)world_between(w, 0, 7);
    (void)snprintf(in.waybill, sizeof(in.waybill), "E%u", ++w->ids);
    (void)world_person(w, &in);
}
