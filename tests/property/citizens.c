#include "world.h"

#include "base/text.h"

#include <string.h>

enum { PEOPLE = 6 };

void citizens_policy(struct world *w)
{
    w->cfg.rating = world_chance(w, 500);
    w->cfg.refusable = world_chance(w, 900);
    w->cfg.dropoff = world_chance(w, 700);
    w->cfg.extend_days = world_chance(w, 900) ? w->cfg.extend_days : 0;
}

/* Whoever is "the same person" has the same tail, too. */
void citizens_details(struct world *w, struct lk_item *item)
{
    if (item->has_phone) {
        (void)snprintf(item->phone_tail, sizeof(item->phone_tail), "%04u", item->phone_mac[0] % PEOPLE);
        item->second_factor = world_chance(w, 250);
    }
}

void citizens_button(struct world *w, struct lk_input *in)
{
    if (in->button == LK_BUTTON_RATE) {
        in->rating = (unsigned)world_between(w, 0, 6);
    } else if (in->button == LK_BUTTON_NEXT && w->core.session.staff == LK_ACTOR_SYSTEM) {
        model_store_sibling(&w->store, w->core.session.item.id, w->core.session.item.holder, in);
    }
}

static struct lk_input tail(struct world *w)
{
    struct lk_input in = world_input(LK_IN_SECOND);
    const char *right = w->core.session.item.phone_tail;
    int64_t luck = world_between(w, 0, 9);
    (void)lk_text_copy(in.tail, sizeof(in.tail), luck == 0 ? "" : luck == 1 ? "9999" : right);
    return in;
}

/* Who leaves something has the envelope in hand already; its number is the receipt's. */
static struct lk_input case_number(struct world *w)
{
    struct lk_input in = world_input(LK_IN_CASE);
    const struct envelope *e = people_envelope(w);
    (void)lk_text_copy(in.text, sizeof(in.text), world_chance(w, 900) ? "C-LEFT" : "");
    (void)lk_text_copy(in.item.id, sizeof(in.item.id), e ? e->id : "");
    return in;
}

bool citizens_answer(struct world *w, const struct lk_view *v, struct lk_input *ret_in)
{
    if (v->screen == LK_SCREEN_SECOND) {
        *ret_in = tail(w);
    } else if (v->screen == LK_SCREEN_DROP_CASE) {
        *ret_in = case_number(w);
    } else {
        return false;
    }
    return true;
}
