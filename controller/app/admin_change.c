#include "app.h"
#include "facts.h"
#include "pins.h"
#include "store/memory.h"

#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { WHY_MAX = 200 };

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

static json_t *result_of(const struct lk_admin_wait *wait, const struct lk_effect *reply)
{
    json_t *result = json_object();
    if (wait->item[0] != '\0') {
        json_object_set_new(result, "item", json_string(wait->item));
        json_object_set_new(result, "custody", json_string(lk_custody_name(wait->custody)));
    } else {
        json_object_set_new(result, wait->is_bank ? "bank" : "door", json_string(wait->door));
    }
    if (reply->outcome != LK_OUTCOME_PENDING) {
        json_object_set_new(result, "outcome", json_string(lk_outcome_name(reply->outcome)));
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

/* Steps the input; its reply ends the request. */
static void submit(struct lk_app *app, struct lk_admin_request *request, struct lk_input *in,
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
    (void)lk_engine_submit(app->engine, in); /* a failure was answered through lk_admin_reply */
}

/* The staff member's reason goes into the log of the daemon, beside the event that names who. */
static bool take_why(struct lk_admin_request *request, const json_t *args)
{
    const char *why = NULL;
    if (!lk_admin_text(request, args, "why", true, WHY_MAX, &why)) {
        return false;
    }
    if (!lk_text_is_utf8(why, strlen(why)) || strpbrk(why, "\r\n")) {
        lk_admin_fail(request, LK_REASON_BAD_ARGUMENT, "args.why: must be one line of text");
        return false;
    }
    lk_log(LK_NOTICE, LK_BLAME_NONE, "admin: %s by %s: %s", lk_admin_name_of(request), lk_admin_who(request)->id, why);
    return true;
}

static void door_command(struct lk_app *app, struct lk_admin_request *request, const json_t *args, enum lk_admin_op op)
{
    const struct lk_core_config *cfg = lk_engine_core_config(app->engine);
    const char *door = NULL;
    if (!lk_admin_text(request, args, "door", true, LK_LABEL_MAX, &door) || !take_why(request, args)) {
        return;
    }
    struct lk_input in = lk_engine_input(LK_IN_ADMIN);
    in.admin = op;
    in.door = lk_core_find_door(cfg, door);
    if (in.door == LK_NO_DOOR) {
        lk_admin_fail(request, LK_REASON_NO_SUCH_DOOR, "args.door: this cabinet has no such door");
        return;
    }
    struct lk_admin_wait about = {0};
    (void)lk_text_copy(about.door, sizeof(about.door), door);
    submit(app, request, &in, &about);
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
    if (!lk_admin_text(request, args, "bank", true, LK_LABEL_MAX, &bank) || !take_why(request, args)) {
        return;
    }
    struct lk_input in = lk_engine_input(LK_IN_ADMIN);
    in.admin = op;
    in.bank = lk_core_find_bank(lk_engine_core_config(app->engine), bank);
    if (in.bank < 0) {
        lk_admin_fail(request, LK_REASON_NO_SUCH_DOOR, "args.bank: this cabinet has no such bank");
        return;
    }
    struct lk_admin_wait about = {.is_bank = true};
    (void)lk_text_copy(about.door, sizeof(about.door), bank);
    submit(app, request, &in, &about);
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

void lk_admin_settle(void *user, struct lk_admin_request *request, const json_t *args)
{
    struct lk_app *app = user;
    struct lk_stamp now = lk_engine_stamp(app->engine);
    const char *item = NULL, *to = NULL;
    struct lk_input in = lk_engine_input(LK_IN_ADMIN);
    in.admin = LK_ADMIN_SETTLE;
    if (!lk_admin_text(request, args, "item", true, LK_ITEM_ID_MAX, &item) ||
        !lk_admin_text(request, args, "to", true, 32, &to) || !take_why(request, args)) {
        return;
    }
    if (lk_custody_parse(to, &in.settle_to) < 0) {
        lk_admin_fail(request, LK_REASON_BAD_ARGUMENT,
                      "args.to: must be in_locker, at_window, with_courier, collected or returned");
        return;
    }
    int r = lk_facts_item(app->store, &now, item, &in);
    if (r < 0) {
        lk_admin_store_failed(request, r);
        return;
    }
    struct lk_admin_wait about = {.custody = in.settle_to};
    (void)lk_text_copy(about.item, sizeof(about.item), item);
    submit(app, request, &in, &about);
}

/* --- staff
 * --------------------------------------------------------------------------------------------------------------------------
 */

struct staff_job {
    struct lk_admin_request *request;
    char id[LK_STAFF_ID_MAX + 1];
    char badge[129];
    enum lk_actor role;
};

static void staff_hashed(void *user, void *cookie, int error, const char *encoded)
{
    struct lk_app *app = user;
    struct staff_job *job = cookie;
    if (app->admin && error == 0) {
        struct lk_stamp now = lk_engine_stamp(app->engine);
        error = lk_store_staff_put(app->store, job->id, job->role, encoded, job->badge, &now);
    }
    if (app->admin && error == 0) {
        lk_admin_ok(job->request, json_pack("{s:s, s:s}", "staff", job->id, "role", lk_actor_name(job->role)));
    } else if (app->admin && error == -EEXIST) {
        lk_admin_fail(job->request, LK_REASON_BAD_ARGUMENT, "args.badge: it is another staff member's");
    } else if (app->admin) {
        lk_admin_store_failed(job->request, error);
    }
    explicit_bzero(job, sizeof(*job));
    free(job);
}

static bool staff_role(struct lk_admin_request *request, const char *text, enum lk_actor *ret_role)
{
    if (lk_actor_parse(text, ret_role) < 0 ||
        (*ret_role != LK_ACTOR_COURIER && *ret_role != LK_ACTOR_CLERK && *ret_role != LK_ACTOR_MAINTENANCE)) {
        lk_admin_fail(request, LK_REASON_BAD_ARGUMENT, "args.role: must be courier, clerk or maintenance");
        return false;
    }
    return true;
}

void lk_admin_staff_add(void *user, struct lk_admin_request *request, const json_t *args)
{
    struct lk_app *app = user;
    const char *id = NULL, *role = NULL, *pin = NULL, *badge = NULL;
    enum lk_actor actor = LK_ACTOR_SYSTEM;
    if (lk_admin_who(request)->role != LK_ACTOR_MAINTENANCE) {
        lk_admin_fail(request, LK_REASON_NOT_ALLOWED, "only maintenance may change staff");
        return;
    }
    if (!lk_admin_text(request, args, "staff", true, LK_STAFF_ID_MAX, &id) ||
        !lk_admin_text(request, args, "role", true, 16, &role) ||
        !lk_admin_text(request, args, "pin", true, LK_PIN_MAX, &pin) ||
        !lk_admin_text(request, args, "badge", false, 128, &badge) || !staff_role(request, role, &actor)) {
        return;
    }
    if (!lk_text_is_id(id, LK_STAFF_ID_MAX) || (badge && !lk_text_is_printable(badge, 128))) {
        lk_admin_fail(request, LK_REASON_BAD_ARGUMENT,
                      "args.staff, args.badge: letters, digits and . _ - only; a badge is printable ASCII");
        return;
    }
    struct staff_job *job = calloc(1, sizeof(*job));
    int r = -ENOMEM;
    if (job) {
        job->request = request;
        job->role = actor;
        (void)lk_text_copy(job->id, sizeof(job->id), id);
        (void)lk_text_copy(job->badge, sizeof(job->badge), badge ? badge : "");
        r = lk_pin_hash(app->worker, pin, staff_hashed, app, job);
    }
    if (r < 0) {
        free(job);
        lk_admin_fail(request, r == -EINVAL ? LK_REASON_BAD_ARGUMENT : LK_REASON_NOT_NOW,
                      r == -EINVAL ? "args.pin: must be 4 to 32 digits" : "the PIN cannot be hashed now");
    }
}

void lk_admin_staff_remove(void *user, struct lk_admin_request *request, const json_t *args)
{
    struct lk_app *app = user;
    struct lk_stamp now = lk_engine_stamp(app->engine);
    const char *id = NULL;
    if (lk_admin_who(request)->role != LK_ACTOR_MAINTENANCE) {
        lk_admin_fail(request, LK_REASON_NOT_ALLOWED, "only maintenance may change staff");
        return;
    }
    if (!lk_admin_text(request, args, "staff", true, LK_STAFF_ID_MAX, &id)) {
        return;
    }
    int r = lk_store_staff_remove(app->store, id, &now);
    if (r == -ENOENT) {
        lk_admin_fail(request, LK_REASON_BAD_ARGUMENT, "args.staff: there is no such staff member");
    } else if (r < 0) {
        lk_admin_store_failed(request, r);
    } else {
        lk_admin_ok(request, json_pack("{s:s}", "staff", id));
    }
}

static bool add_staff(void *user, const struct lk_store_staff *staff)
{
    if (!staff->removed) {
        json_array_append_new(user, json_pack("{s:s, s:s, s:b}", "staff", staff->id, "role", lk_actor_name(staff->role),
                                              "badge", staff->badge));
    }
    return true;
}

void lk_admin_staff_list(void *user, struct lk_admin_request *request, const json_t *args)
{
    (void)args;
    struct lk_app *app = user;
    json_t *list = json_array();
    int r = lk_store_staff_list(app->store, add_staff, list);
    if (r < 0) {
        json_decref(list);
        lk_admin_store_failed(request, r);
        return;
    }
    lk_admin_ok(request, json_pack("{s:o}", "staff", list));
}
