/* Admin commands that go through the core: doors, banks, inspections. */
#include "app.h"
#include "facts.h"

#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- requests that wait for the core
 * --------------------------------------------------------------------------------------------- */

static struct lk_admin_wait *free_slot(struct lk_app *app)
{
    for (unsigned i = 0; i < LK_ADMIN_WAITING; i++) {
        if (!app->waiting[i].request) {
            return &app->waiting[i];
        }
    }
    return NULL;
}

static const char *message_for(enum lk_reason reason, char *buf, size_t cap)
{
    struct lk_text t = lk_text_init(buf, cap);
    lk_text_addf(&t, "refused or not done: %s", lk_reason_name(reason));
    return buf;
}

static void name_place(json_t *result, const struct lk_admin_wait *wait)
{
    if (wait->item[0] != '\0') {
        json_object_set_new(result, "item", json_string(wait->item));
        json_object_set_new(result, "custody", json_string(lk_custody_name(wait->custody)));
    } else {
        json_object_set_new(result, wait->is_bank ? "bank" : "door", json_string(wait->door));
    }
}

static json_t *result_of(const struct lk_admin_wait *wait, const struct lk_effect *reply)
{
    json_t *result = json_object();
    if (wait->is_staff) {
        json_object_set_new(result, "staff", json_string(wait->staff));
        if (wait->role != LK_ACTOR_SYSTEM) {
            json_object_set_new(result, "role", json_string(lk_actor_name(wait->role)));
        }
    } else if (!wait->is_round) {
        name_place(result, wait);
    }
    if (reply->outcome != LK_OUTCOME_PENDING) {
        json_object_set_new(result, "outcome", json_string(lk_outcome_name(reply->outcome)));
    }
    if (reply->reason != LK_REASON_NONE) {
        json_object_set_new(result, "reason", json_string(lk_reason_name(reply->reason)));
    }
    return result;
}

void lk_admin_reply(struct lk_app *app, const struct lk_effect *reply)
{
    struct lk_admin_wait *wait = &app->waiting[(reply->request >> 1) % LK_ADMIN_WAITING];
    struct lk_admin_request *request = wait->request;
    if (!request || wait->number != reply->request) {
        return; /* said already */
    }
    struct lk_admin_wait copy = *wait;
    *wait = (struct lk_admin_wait){0};
    if (reply->result == LK_RESULT_OK) {
        lk_admin_ok(request, result_of(&copy, reply));
    } else {
        char text[96];
        lk_admin_fail(request, reply->reason, message_for(reply->reason, text, sizeof(text)));
    }
}

void lk_admin_submit(struct lk_app *app, struct lk_admin_request *request, struct lk_input *in,
                     const struct lk_admin_wait *about)
{
    struct lk_admin_wait *wait = free_slot(app);
    if (!wait || app->stopping) {
        lk_admin_fail(request, wait ? LK_REASON_SHUTTING_DOWN : LK_REASON_NOT_NOW,
                      wait ? "the daemon is stopping" : "too many requests are waiting");
        return;
    }
    *wait = *about;
    wait->request = request;
    wait->number = (app->admin_requests++ * LK_ADMIN_WAITING + (uint64_t)(wait - app->waiting)) << 1 | 1;
    in->request = wait->number;
    in->staff = *lk_admin_who(request);
    in->approver = *lk_admin_with(request);
    (void)lk_engine_submit(app->engine, in); /* a failure was answered through lk_admin_reply */
}

bool lk_admin_why(struct lk_admin_request *request, const json_t *args, bool required, struct lk_input *in)
{
    const char *why = NULL;
    if (!lk_admin_text(request, args, "why", required, LK_NOTE_MAX, &why)) {
        return false;
    }
    if (why && !lk_text_is_line(why)) {
        lk_admin_fail(request, LK_REASON_BAD_ARGUMENT,
                      "args.why: must be one line of text, without control characters");
        return false;
    }
    (void)lk_text_copy(in->note, sizeof(in->note), why ? why : "");
    if (why) {
        lk_log(LK_NOTICE, LK_BLAME_NONE, "admin: %s by %s: %s", lk_admin_name_of(request), lk_admin_who(request)->id,
               why);
    }
    return true;
}

bool lk_admin_take_item(struct lk_app *app, struct lk_admin_request *request, const json_t *args, struct lk_input *in,
                        struct lk_admin_wait *about)
{
    struct lk_stamp now = lk_engine_stamp(app->engine);
    const char *item = NULL;
    if (!lk_admin_text(request, args, "item", true, LK_ITEM_ID_MAX, &item)) {
        return false;
    }
    int r = lk_facts_item(app->store, &now, item, in);
    if (r < 0) {
        lk_admin_store_failed(request, r);
        return false;
    }
    (void)lk_text_copy(about->item, sizeof(about->item), item);
    return true;
}

/* --- doors and banks
 * -------------------------------------------------------------------------------------------------------------- */

static bool take_door(struct lk_app *app, struct lk_admin_request *request, const json_t *args, struct lk_input *in,
                      struct lk_admin_wait *about)
{
    const char *door = NULL;
    if (!lk_admin_text(request, args, "door", true, LK_LABEL_MAX, &door)) {
        return false;
    }
    in->door = lk_core_find_door(lk_engine_core_config(app->engine), door);
    if (in->door == LK_NO_DOOR) {
        lk_admin_fail(request, LK_REASON_NO_SUCH_DOOR, "args.door: this cabinet has no such door");
        return false;
    }
    (void)lk_text_copy(about->door, sizeof(about->door), door);
    return true;
}

static void door_command(struct lk_app *app, struct lk_admin_request *request, const json_t *args, enum lk_admin_op op)
{
    struct lk_input in = lk_engine_input(LK_IN_ADMIN);
    struct lk_admin_wait about = {0};
    in.admin = op;
    if (take_door(app, request, args, &in, &about) && lk_admin_why(request, args, true, &in)) {
        lk_admin_submit(app, request, &in, &about);
    }
}

void lk_admin_open(void *user, struct lk_admin_request *request, const json_t *args)
{
    door_command(user, request, args, LK_ADMIN_OPEN);
}

void lk_admin_block(void *user, struct lk_admin_request *request, const json_t *args)
{
    door_command(user, request, args, LK_ADMIN_BLOCK);
}

static void bank_command(struct lk_app *app, struct lk_admin_request *request, const json_t *args, enum lk_admin_op op)
{
    const char *bank = NULL;
    struct lk_input in = lk_engine_input(LK_IN_ADMIN);
    in.admin = op;
    if (!lk_admin_text(request, args, "bank", true, LK_LABEL_MAX, &bank) || !lk_admin_why(request, args, true, &in)) {
        return;
    }
    in.bank = lk_core_find_bank(lk_engine_core_config(app->engine), bank);
    if (in.bank < 0) {
        lk_admin_fail(request, LK_REASON_NO_SUCH_DOOR, "args.bank: this cabinet has no such bank");
        return;
    }
    struct lk_admin_wait about = {.is_bank = true};
    (void)lk_text_copy(about.door, sizeof(about.door), bank);
    lk_admin_submit(app, request, &in, &about);
}

void lk_admin_unblock(void *user, struct lk_admin_request *request, const json_t *args)
{
    if (json_object_get(args, "bank")) {
        bank_command(user, request, args, LK_ADMIN_UNBLOCK);
    } else {
        door_command(user, request, args, LK_ADMIN_UNBLOCK);
    }
}

void lk_admin_confirm(void *user, struct lk_admin_request *request, const json_t *args)
{
    if (json_object_get(args, "bank")) {
        bank_command(user, request, args, LK_ADMIN_CONFIRM);
    } else {
        door_command(user, request, args, LK_ADMIN_CONFIRM);
    }
}

/* --- inspections
 * ------------------------------------------------------------------------------------------------------------------ */

void lk_admin_settle(void *user, struct lk_admin_request *request, const json_t *args)
{
    const char *to = NULL;
    struct lk_input in = lk_engine_input(LK_IN_ADMIN);
    struct lk_admin_wait about = {0};
    in.admin = LK_ADMIN_SETTLE;
    if (!lk_admin_text(request, args, "to", true, 32, &to) || !lk_admin_why(request, args, true, &in)) {
        return;
    }
    if (lk_custody_parse(to, &in.settle_to) < 0) {
        lk_admin_fail(request, LK_REASON_BAD_ARGUMENT,
                      "args.to: must be in_locker, at_window, with_courier, collected or returned");
        return;
    }
    about.custody = in.settle_to;
    if (lk_admin_take_item(user, request, args, &in, &about)) {
        lk_admin_submit(user, request, &in, &about);
    }
}

void lk_admin_inspected(void *user, struct lk_admin_request *request, const json_t *args)
{
    const json_t *holds = json_object_get(args, "holds");
    struct lk_input in = lk_engine_input(LK_IN_ADMIN);
    struct lk_admin_wait about = {0};
    in.admin = LK_ADMIN_INSPECTED;
    if (!json_is_boolean(holds)) {
        lk_admin_fail(request, LK_REASON_BAD_ARGUMENT, "args.holds: must be true or false");
        return;
    }
    in.holds = json_is_true(holds);
    if (take_door(user, request, args, &in, &about) && lk_admin_why(request, args, false, &in)) {
        lk_admin_submit(user, request, &in, &about);
    }
}

void lk_admin_round_done(void *user, struct lk_admin_request *request, const json_t *args)
{
    uint64_t seen = 0, mismatches = 0;
    const char *worst = NULL;
    struct lk_input in = lk_engine_input(LK_IN_ADMIN);
    struct lk_admin_wait about = {.is_round = true};
    in.admin = LK_ADMIN_ROUND;
    if (!lk_admin_number(request, args, "seen", LK_MAX_DOORS, 0, &seen) ||
        !lk_admin_number(request, args, "mismatches", LK_MAX_DOORS, 0, &mismatches) ||
        !lk_admin_text(request, args, "worst", false, 32, &worst) || !lk_admin_why(request, args, false, &in)) {
        return;
    }
    if (seen == 0 || mismatches > seen) {
        lk_admin_fail(request, LK_REASON_BAD_ARGUMENT,
                      "args.seen: must be 1 or more, and no less than args.mismatches");
        return;
    }
    if (worst && (lk_reason_parse(worst, &in.reason) < 0 ||
                  (in.reason != LK_REASON_NOT_EMPTY && in.reason != LK_REASON_NOT_FOUND_INSIDE))) {
        lk_admin_fail(request, LK_REASON_BAD_ARGUMENT, "args.worst: must be not_empty or not_found_inside");
        return;
    }
    in.count = (unsigned)seen;
    in.mismatches = (unsigned)mismatches;
    lk_admin_submit(user, request, &in, &about);
}
