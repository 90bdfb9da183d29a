/* The recipient does not want the item (拒收): it goes back into its compartment, and staff take it back from there. */
#include "base/text.h"
#include "machine.h"

void lk_refuse_confirm(struct lk_step *s)
{
    struct lk_session *session = &s->core->session;
    lk_opening_turn(s, session->door, LK_REASON_REJECTED);
    session->reason = LK_REASON_REJECTED;
    lk_session_show(s, LK_SCREEN_GIVE_BACK);
}

static void reject(struct lk_step *s, int door, const char *item)
{
    struct lk_event *e = lk_fx_event(s, LK_EV_ITEM_REJECTED, door);
    (void)lk_text_copy(e->item, sizeof(e->item), item);
    struct lk_effect *fx = lk_fx(s, LK_FX_ITEM_REJECTED);
    (void)lk_text_copy(fx->item.id, sizeof(fx->item.id), item);
    lk_fx_secret_kill(s, item);
}

/* What lies together was refused together: nobody saw which of them came out. */
void lk_refuse_closed(struct lk_step *s, int door)
{
    reject(s, door, s->core->door[door].item);
    for (int i = 0; i < LK_EXTRAS; i++) {
        const struct lk_extra *extra = &s->core->extra[i];
        if (extra->item[0] != '\0' && extra->door == door) {
            reject(s, door, extra->item);
        }
    }
}
