/* What only a citizen can press at the kiosk, and when. The stories are in files of their own. */
#include "machine.h"

#include <stddef.h>
#include <string.h>

enum { RATING_MOST = 5 };

enum lk_actor lk_session_actor(const struct lk_session *session)
{
    if (session->staff != LK_ACTOR_SYSTEM) {
        return session->staff;
    }
    return session->item.holder == LK_HOLDER_DELEGATE ? LK_ACTOR_DELEGATE : LK_ACTOR_RECIPIENT;
}

/* --- may it be pressed -------------------------------------------------------------------------------------------- */

/* The pickup whose door stands open on the screen; NULL when there is none. */
static const struct lk_op *pickup_of(const struct lk_core *core)
{
    const struct lk_session *session = &core->session;
    const struct lk_op *op = session->door == LK_NO_DOOR ? NULL : &core->door[session->door].op;
    return op && op->purpose == LK_PURPOSE_PICKUP && op->outcome == LK_OUTCOME_OPENED ? op : NULL;
}

/* Only whose name is on it may refuse it. */
static bool may_say(const struct lk_core_config *cfg, const struct lk_core *core, enum lk_button button)
{
    const struct lk_op *op = pickup_of(core);
    if (!op) {
        return false;
    }
    if (button == LK_BUTTON_BACK) {
        return op->turn != LK_REASON_NONE || core->session.screen == LK_SCREEN_REFUSE_ASK;
    }
    bool refusing = button == LK_BUTTON_REFUSE || button == LK_BUTTON_CONFIRM;
    bool own = op->actor == LK_ACTOR_RECIPIENT && lk_session_actor(&core->session) == LK_ACTOR_RECIPIENT;
    return op->turn == LK_REASON_NONE && (!refusing || (cfg->refusable && own));
}

static bool may_taken(const struct lk_core_config *cfg, const struct lk_core *core, enum lk_button button)
{
    const struct lk_session *session = &core->session;
    if (button == LK_BUTTON_NEXT) {
        return session->more > 0;
    }
    if (button == LK_BUTTON_RATE) {
        return cfg->rating && !session->rated;
    }
    bool disputes =
        button == LK_BUTTON_NOT_MINE || button == LK_BUTTON_NOTHING_INSIDE || button == LK_BUTTON_STILL_INSIDE;
    return !disputes || lk_dispute_may(core);
}

static bool may_drop(const struct lk_core_config *cfg, const struct lk_core *core, enum lk_button button)
{
    const struct lk_session *session = &core->session;
    const struct lk_op *op = session->door == LK_NO_DOOR ? NULL : &core->door[session->door].op;
    if (!op || op->purpose != LK_PURPOSE_DEPOSIT || op->withdrawn) {
        return false;
    }
    return button != LK_BUTTON_SMALLER || lk_deposit_has_smaller(cfg, core);
}

bool lk_person_may_press(const struct lk_core_config *cfg, const struct lk_core *core, enum lk_button button)
{
    enum lk_screen screen = core->session.screen;
    if (screen == LK_SCREEN_HOME) {
        return button == LK_BUTTON_MORE_TIME ? cfg->extend_days > 0 && cfg->extend_most > 0 : lk_dropoff_may(cfg, core);
    }
    if (screen == LK_SCREEN_TAKE || screen == LK_SCREEN_REFUSE_ASK || screen == LK_SCREEN_GIVE_BACK) {
        return button == LK_BUTTON_DONE || may_say(cfg, core, button);
    }
    if (screen == LK_SCREEN_TAKEN) {
        return may_taken(cfg, core, button);
    }
    return screen != LK_SCREEN_DROP_PUT || may_drop(cfg, core, button);
}

/* --- pressing ----------------------------------------------------------------------------------------------------- */

/* Not worth a notice: whoever shows it goes on with the screen that is there. */
static void rate(struct lk_step *s)
{
    struct lk_session *session = &s->core->session;
    if (s->in->rating < 1 || s->in->rating > RATING_MOST) {
        s->refused = LK_REASON_BAD_REQUEST;
        return;
    }
    struct lk_event *e = lk_fx_event(s, LK_EV_ITEM_RATED, session->door);
    lk_fx_nobody(e);
    memcpy(e->item, session->item.id, sizeof(e->item));
    e->actor = lk_session_actor(session);
    e->rating = s->in->rating;
    session->rated = true;
}

static bool press_back(struct lk_step *s)
{
    enum lk_screen screen = s->core->session.screen;
    if (screen == LK_SCREEN_REFUSE_ASK) {
        lk_session_show(s, LK_SCREEN_TAKE);
    } else if (screen == LK_SCREEN_TAKE || screen == LK_SCREEN_GIVE_BACK) {
        lk_dispute_take_back(s);
    } else {
        return false;
    }
    return true;
}

static bool press_show(struct lk_step *s)
{
    static const struct {
        enum lk_button button;
        enum lk_screen screen;
    } rows[] = {
        {LK_BUTTON_MORE_TIME, LK_SCREEN_EXTEND},
        {LK_BUTTON_DROP_OFF, LK_SCREEN_DROP_CASE},
        {LK_BUTTON_REFUSE, LK_SCREEN_REFUSE_ASK},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].button == s->in->button) {
            lk_session_show(s, rows[i].screen);
            return true;
        }
    }
    return false;
}

bool lk_person_press(struct lk_step *s)
{
    static const struct {
        enum lk_button button;
        void (*press)(struct lk_step *s);
    } rows[] = {
        {LK_BUTTON_CONFIRM, lk_refuse_confirm},  {LK_BUTTON_STILL_INSIDE, lk_dispute_taken},
        {LK_BUTTON_NEXT, lk_pickup_next},        {LK_BUTTON_RATE, rate},
        {LK_BUTTON_SMALLER, lk_deposit_smaller}, {LK_BUTTON_NOT_EMPTY, lk_deposit_not_empty},
    };
    enum lk_button button = s->in->button;
    if (button == LK_BUTTON_BACK) {
        return press_back(s);
    }
    if (button == LK_BUTTON_NOT_MINE || button == LK_BUTTON_NOTHING_INSIDE) {
        bool open = s->core->session.screen == LK_SCREEN_TAKE;
        (open ? lk_dispute_say : lk_dispute_taken)(s);
        return true;
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].button == button) {
            rows[i].press(s);
            return true;
        }
    }
    return press_show(s);
}

/* --- the door on the screen --------------------------------------------------------------------------------------- */

enum lk_screen lk_person_news(struct lk_step *s, int door, enum lk_screen next)
{
    struct lk_session *session = &s->core->session;
    enum lk_reason turn = s->core->door[door].op.turn;
    if (next == LK_SCREEN_TAKE && turn == LK_REASON_NOT_MINE) {
        session->reason = turn; /* it opened once more, to put it back */
        return LK_SCREEN_GIVE_BACK;
    }
    if (next == LK_SCREEN_TAKEN && turn != LK_REASON_NONE) {
        lk_session_tell(s, turn == LK_REASON_REJECTED ? LK_REASON_REJECTED : LK_REASON_DISPUTED);
        return LK_SCREEN_NOTICE;
    }
    if (next == LK_SCREEN_TAKEN) {
        session->shut_at_ms = s->in->now_ms;
    }
    return next;
}
