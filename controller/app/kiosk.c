#include "app.h"
#include "base/log.h"
#include "facts.h"
#include "pins.h"
#include "store/find.h"
#include "store/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

uint64_t lk_kiosk_request(uint64_t face_request)
{
    return face_request << 1;
}

void lk_kiosk_reply(struct lk_app *app, const struct lk_effect *reply)
{
    lk_face_reply(app->face, reply->request >> 1, reply->result, reply->reason);
}

static void refuse(struct lk_app *app, uint64_t request, enum lk_result result, enum lk_reason reason)
{
    if (request != 0) {
        lk_face_reply(app->face, request, result, reason);
    }
}

/* Hands an input to the core, unless its facts could not be read. */
static void submit(struct lk_app *app, struct lk_input *in, int facts_error, uint64_t request)
{
    if (facts_error < 0) {
        refuse(app, request, LK_RESULT_FAILED, LK_REASON_STORE_FAILED);
        return;
    }
    in->request = lk_kiosk_request(request);
    (void)lk_engine_submit(app->engine, in); /* a failure was answered there */
}

/* What is typed means what the screen asks for. */
void lk_kiosk_code(struct lk_app *app, const char *code, uint64_t request)
{
    const struct lk_session *session = &lk_engine_core(app->engine)->session;
    struct lk_stamp now = lk_engine_stamp(app->engine);
    struct lk_input in;
    int r = 0;
    if (session->screen == LK_SCREEN_SECOND) {
        in = lk_facts_second(code);
    } else if (session->screen == LK_SCREEN_DROP_CASE) {
        r = lk_facts_case(app->store, &now, code, app->config->code_digits, &in);
    } else if (session->screen == LK_SCREEN_HAND_OVER) {
        r = lk_facts_proof(app->store, session->item.id, code, &in);
    } else {
        r = lk_facts_code(app->store, &now, code, app->config->code_digits, &in);
    }
    submit(app, &in, r, request);
    explicit_bzero(in.tail, sizeof(in.tail));
}

void lk_kiosk_go_home(struct lk_app *app)
{
    struct lk_input in = lk_engine_input(LK_IN_BUTTON);
    bool notice = lk_engine_core(app->engine)->session.screen == LK_SCREEN_NOTICE;
    in.button = notice ? LK_BUTTON_BACK : LK_BUTTON_DONE;
    submit(app, &in, 0, 0);
}

void lk_kiosk_scan(struct lk_app *app, const char *text, uint64_t request)
{
    const struct lk_session *session = &lk_engine_core(app->engine)->session;
    struct lk_stamp now = lk_engine_stamp(app->engine);
    unsigned digits = app->config->code_digits;
    struct lk_input in;
    int r;
    if (session->screen == LK_SCREEN_DROP_CASE) {
        r = lk_facts_case(app->store, &now, text, digits, &in);
    } else if (session->screen == LK_SCREEN_WAYBILL) {
        r = lk_facts_waybill(app->store, &now, text, digits, &in);
    } else { /* at the window a recipient's token is wanted, though somebody of the staff is signed in */
        bool staff = session->staff != LK_ACTOR_SYSTEM && session->screen != LK_SCREEN_HAND_OVER;
        r = lk_facts_scan(app->store, &now, text, staff, &in);
    }
    if (r == 0 && in.scan == LK_SCAN_UNKNOWN && lk_facts_is_code(in.text, digits)) {
        explicit_bzero(in.text, sizeof(in.text)); /* a code in the wrong place is no item's name */
    }
    submit(app, &in, r, request);
}

/* --- signing in
 * ------------------------------------------------------------------------------------------------------------- */

struct sign_in {
    uint64_t request;
    struct lk_staff staff;
};

static void sign_in_checked(void *user, void *cookie, bool ok)
{
    struct lk_app *app = user;
    struct sign_in *job = cookie;
    if (!app->stopping) {
        struct lk_input in = lk_engine_input(LK_IN_SIGN_IN);
        in.staff = job->staff;
        in.staff.ok = ok;
        submit(app, &in, 0, job->request);
    }
    free(job);
}

static bool keypad_is_locked(const struct lk_app *app)
{
    return lk_engine_core(app->engine)->lockout.until_at_ms > lk_engine_now_ms(app->engine);
}

static void act_sign_in(struct lk_app *app, const struct lk_face_act *act, uint64_t request)
{
    bool found = false;
    struct lk_store_staff staff = {0};
    struct sign_in *job = calloc(1, sizeof(*job));
    int r = job ? lk_store_staff_by_id(app->store, act->staff, &found, &staff) : -ENOMEM;
    if (r == 0 && !keypad_is_locked(app)) {
        job->request = request;
        job->staff.role = staff.role;
        memcpy(job->staff.id, staff.id, sizeof(job->staff.id));
        r = lk_pin_check(app->worker, act->pin, found ? staff.pin : NULL, sign_in_checked, app, job);
        job = r == 0 ? NULL : job;
    } else if (r == 0) {
        struct lk_input in = lk_engine_input(LK_IN_SIGN_IN); /* the core says "locked" */
        submit(app, &in, 0, request);
    }
    if (r < 0) {
        refuse(app, request, LK_RESULT_FAILED, r == -EAGAIN ? LK_REASON_NOT_NOW : LK_REASON_STORE_FAILED);
    }
    explicit_bzero(&staff, sizeof(staff));
    free(job);
}

/* "Next": the next item of this person, or the next compartment of the round. */
static int next_facts(struct lk_app *app, const struct lk_stamp *now, struct lk_input *in)
{
    const struct lk_session *session = &lk_engine_core(app->engine)->session;
    return session->screen == LK_SCREEN_TAKEN ? lk_facts_sibling(app->store, now, &session->item, in)
                                              : lk_facts_round(app->store, now, session->item.id, session->staff, in);
}

static void act_button(struct lk_app *app, const struct lk_face_act *act, uint64_t request)
{
    struct lk_stamp now = lk_engine_stamp(app->engine);
    struct lk_input in = lk_engine_input(LK_IN_BUTTON);
    int r = 0;
    in.button = act->button;
    in.size = act->size;
    in.rating = act->rating;
    if (act->button == LK_BUTTON_RECALL_ITEM) {
        r = lk_facts_item(app->store, &now, act->item, &in);
    } else if (act->button == LK_BUTTON_NEXT) {
        r = next_facts(app, &now, &in);
    }
    submit(app, &in, r, request);
}

static void on_act(void *user, const struct lk_face_act *act, uint64_t request)
{
    struct lk_app *app = user;
    if (app->stopping) {
        refuse(app, request, LK_RESULT_REFUSED, LK_REASON_SHUTTING_DOWN);
        return;
    }
    switch (act->kind) {
    case LK_FACE_CODE:
        lk_kiosk_code(app, act->text, request);
        break;
    case LK_FACE_SCAN:
        lk_kiosk_scan(app, act->text, request);
        break;
    case LK_FACE_SIGN_IN:
        act_sign_in(app, act, request);
        break;
    case LK_FACE_BUTTON:
        act_button(app, act, request);
        break;
    }
}

/* --- the recall list
 * ------------------------------------------------------------------------------------------------------------ */

struct list_walk {
    struct lk_app *app;
    struct lk_face_list *list;
};

/* What a round takes along; lk_store_list_round() asks the same of an item in a locker. */
static bool is_due(const struct lk_item *item)
{
    return item->overdue || item->cancelled || item->rejected || item->dropoff || item->channel != LK_CHANNEL_LOCKER;
}

static bool add_recall(void *user, const struct lk_store_item *row)
{
    struct list_walk *walk = user;
    if (!lk_facts_may_recall(&row->item, lk_engine_core(walk->app->engine)->session.staff)) {
        return true;
    }
    const char *label = lk_core_label(lk_engine_core_config(walk->app->engine), row->item.door);
    return lk_face_recall_add(walk->list, &row->item, label, is_due(&row->item)) == 0;
}

/* One row more than fits, so that the page learns that there are more. */
static int on_recalls(void *user, struct lk_face_list *list)
{
    struct lk_app *app = user;
    struct lk_stamp now = lk_engine_stamp(app->engine);
    struct list_walk walk = {.app = app, .list = list};
    bool round = lk_engine_core(app->engine)->session.round;
    return round ? lk_store_list_round(app->store, &now, LK_FACE_LIST_MAX + 1, add_recall, &walk)
                 : lk_store_list_recalls(app->store, &now, LK_FACE_LIST_MAX + 1, add_recall, &walk);
}

static bool add_receipt(void *user, const struct lk_store_item *row)
{
    struct list_walk *walk = user;
    if (!lk_facts_may_recall(&row->item, lk_engine_core(walk->app->engine)->session.staff)) {
        return true;
    }
    const char *label = lk_core_label(lk_engine_core_config(walk->app->engine), row->item.door);
    return lk_face_receipt_add(walk->list, &row->item, label) == 0;
}

static int on_receipt(void *user, struct lk_face_list *list)
{
    struct lk_app *app = user;
    struct lk_stamp now = lk_engine_stamp(app->engine);
    const struct lk_session *session = &lk_engine_core(app->engine)->session;
    struct list_walk walk = {.app = app, .list = list};
    return lk_store_list_deposits(app->store, &now, session->who, session->first_intent, LK_FACE_LIST_MAX + 1,
                                  add_receipt, &walk);
}

const struct lk_face_ops lk_kiosk_ops = {.act = on_act, .recalls = on_recalls, .receipt = on_receipt};
