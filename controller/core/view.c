#include "core/view.h"

#include "machine.h"

#include <string.h>

static void view_door(const struct lk_core_config *cfg, const struct lk_session *session, struct lk_view *v)
{
    if (session->door != LK_NO_DOOR) {
        memcpy(v->door, cfg->door[session->door].label, sizeof(v->door));
    }
}

static void view_cabinet(const struct lk_core_config *cfg, const struct lk_core *core, struct lk_view *v)
{
    v->out_of_service = true;
    for (int i = 0; i < cfg->banks; i++) {
        v->out_of_service = v->out_of_service && (core->bank[i].state != LK_BANK_READY || core->bank[i].stopped_by_us);
    }
    v->out_of_service = v->out_of_service || core->power_failing;
    for (int i = cfg->doors - 1; i >= 0; i--) {
        v->doors_open += lk_door_is_open(core->door[i].state);
        if (core->door[i].state == LK_DOOR_LEFT_OPEN) {
            memcpy(v->open_door, cfg->door[i].label, sizeof(v->open_door));
        }
    }
}

static void view_staff(const struct lk_core_config *cfg, const struct lk_session *session, struct lk_view *v)
{
    memcpy(v->item, session->item.id, sizeof(v->item));
    memcpy(v->name, session->item.name, sizeof(v->name));
    v->custody = session->screen == LK_SCREEN_WINDOW_ITEM ? session->item.custody : LK_CUSTODY_NONE;
    if (v->button[LK_BUTTON_JOIN]) {
        memcpy(v->join, cfg->door[session->join_door].label, sizeof(v->join));
    }
    v->placed = session->placed;
    v->round = session->round;
    v->post = session->to == LK_CUSTODY_WITH_COURIER;
}

static void view_person(const struct lk_session *session, struct lk_view *v)
{
    v->more = session->screen == LK_SCREEN_TAKE || session->screen == LK_SCREEN_TAKEN ? session->more : 0;
    if (session->screen == LK_SCREEN_DROP_PLACED) {
        memcpy(v->receipt, session->item.id, sizeof(v->receipt));
    }
}

static int64_t left(int64_t at_ms, int64_t now_ms)
{
    return at_ms > now_ms ? at_ms - now_ms : 0;
}

void lk_core_view(const struct lk_core_config *cfg, const struct lk_core *core, int64_t now_ms,
                  struct lk_view *ret_view)
{
    const struct lk_session *session = &core->session;
    struct lk_view v = {.screen = session->screen, .reason = session->reason, .role = session->staff};
    view_door(cfg, session, &v);
    memcpy(v.staff, session->who, sizeof(v.staff));
    for (int b = 0; b < LK_BUTTONS; b++) {
        v.button[b] = lk_session_has_button(cfg, core, now_ms, (enum lk_button)b);
    }
    if (session->staff != LK_ACTOR_SYSTEM) {
        view_staff(cfg, session, &v);
    } else {
        view_person(session, &v);
    }
    v.tail = session->screen == LK_SCREEN_SECOND || session->screen == LK_SCREEN_HAND_OVER;
    bool sizes = session->screen == LK_SCREEN_SIZE || session->screen == LK_SCREEN_DROP_SIZE;
    for (int size = 0; size < LK_SIZES && sizes; size++) {
        v.free[size] = lk_deposit_free(cfg, core, (enum lk_size)size, &session->item);
    }
    v.left_ms = session->deadline_at_ms == LK_NEVER ? -1 : left(session->deadline_at_ms, now_ms);
    v.locked_ms = left(core->lockout.until_at_ms, now_ms);
    v.tries_left = cfg->lockout_tries - core->lockout.tries;
    view_cabinet(cfg, core, &v);
    *ret_view = v;
}
