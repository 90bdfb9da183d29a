/* Who may sign in at the cabinet, for the admin socket. The core decides; PINs are hashed on the worker thread. */
#include "app.h"
#include "facts.h"
#include "pins.h"
#include "store/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct staff_job {
    struct lk_admin_request *request;
    struct lk_member member;
    char badge[129];
};

static void submit(struct lk_app *app, struct lk_admin_request *request, enum lk_admin_op op, struct lk_member *member,
                   const char *badge)
{
    struct lk_input in = lk_engine_input(LK_IN_ADMIN);
    struct lk_admin_wait about = {.is_staff = true, .role = member->role};
    int r = lk_facts_member(app->store, badge, member, &in);
    if (r < 0) {
        lk_admin_store_failed(request, r);
        return;
    }
    in.admin = op;
    in.member = *member;
    (void)lk_text_copy(about.staff, sizeof(about.staff), member->id);
    lk_admin_submit(app, request, &in, &about);
    explicit_bzero(&in, sizeof(in));
}

static void staff_hashed(void *user, void *cookie, int error, const char *encoded)
{
    struct lk_app *app = user;
    struct staff_job *job = cookie;
    if (app->admin && error == 0) {
        (void)lk_text_copy(job->member.pin_hash, sizeof(job->member.pin_hash), encoded);
        submit(app, job->request, LK_ADMIN_STAFF_PUT, &job->member, job->badge);
    } else if (app->admin) {
        lk_admin_store_failed(job->request, error);
    }
    explicit_bzero(job, sizeof(*job));
    free(job);
}

static bool staff_role(struct lk_admin_request *request, const char *text, enum lk_actor *ret_role)
{
    if (lk_actor_parse(text, ret_role) < 0 || (*ret_role != LK_ACTOR_COURIER && *ret_role != LK_ACTOR_CLERK &&
                                               *ret_role != LK_ACTOR_MAINTENANCE && *ret_role != LK_ACTOR_SUPERVISOR)) {
        lk_admin_fail(request, LK_REASON_BAD_ARGUMENT, "args.role: must be courier, clerk, maintenance or supervisor");
        return false;
    }
    return true;
}

void lk_admin_staff_add(void *user, struct lk_admin_request *request, const json_t *args)
{
    struct lk_app *app = user;
    const char *id = NULL, *role = NULL, *pin = NULL, *badge = NULL;
    enum lk_actor actor = LK_ACTOR_SYSTEM;
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
        job->member.role = actor;
        (void)lk_text_copy(job->member.id, sizeof(job->member.id), id);
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
    const char *id = NULL;
    struct lk_member member = {.role = LK_ACTOR_SYSTEM};
    if (lk_admin_text(request, args, "staff", true, LK_STAFF_ID_MAX, &id)) {
        (void)lk_text_copy(member.id, sizeof(member.id), id);
        submit(user, request, LK_ADMIN_STAFF_REMOVE, &member, "");
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
