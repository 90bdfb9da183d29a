#include "app.h"
#include "pins.h"
#include "store/memory.h"

#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { WRONG_PINS_MOST = 5, WRONG_PINS_MS = 60000 };

const struct lk_admin_command lk_admin_table[] = {
    {"status", LK_ADMIN_READ, lk_admin_status},
    {"doors", LK_ADMIN_READ, lk_admin_doors},
    {"items", LK_ADMIN_READ, lk_admin_items},
    {"events", LK_ADMIN_READ, lk_admin_events},
    {"bus", LK_ADMIN_READ, lk_admin_bus},
    {"metrics", LK_ADMIN_READ, lk_admin_metrics},
    {"uplink", LK_ADMIN_READ, lk_admin_uplink},
    {"store", LK_ADMIN_READ, lk_admin_store},
    {"selfcheck", LK_ADMIN_READ, lk_admin_selfcheck},
    {"staff_list", LK_ADMIN_READ, lk_admin_staff_list},
    {"open", LK_ADMIN_CHANGE, lk_admin_open},
    {"block", LK_ADMIN_CHANGE, lk_admin_block},
    {"unblock", LK_ADMIN_CHANGE, lk_admin_unblock},
    {"confirm", LK_ADMIN_CHANGE, lk_admin_confirm},
    {"settle", LK_ADMIN_CHANGE, lk_admin_settle},
    {"backup", LK_ADMIN_CHANGE, lk_admin_backup},
    {"staff_add", LK_ADMIN_CHANGE, lk_admin_staff_add},
    {"staff_remove", LK_ADMIN_CHANGE, lk_admin_staff_remove},
    {NULL, LK_ADMIN_READ, NULL},
};

/* --- who asks
 * -----------------------------------------------------------------------------------------------------------------------
 */

struct auth {
    struct lk_admin_request *request;
    struct lk_staff staff;
};

/* Wrong PINs are slowed down, as on the keypad: a login on the board must not become a way to guess PINs. A right one
 * in between takes nothing back, for who has a PIN of their own could guess others' for ever. */
static unsigned recent_wrong_pins(const struct lk_app *app)
{
    return lk_engine_now_ms(app->engine) - app->wrong_pin_at_ms < WRONG_PINS_MS ? app->wrong_pins : 0;
}

static void count_wrong_pin(struct lk_app *app)
{
    app->wrong_pins = recent_wrong_pins(app) + 1;
    app->wrong_pin_at_ms = lk_engine_now_ms(app->engine);
}

/* False after answering. Those being checked may turn out wrong, and are counted as if. */
static bool may_try_pin(const struct lk_app *app, struct lk_admin_request *request)
{
    if (recent_wrong_pins(app) >= WRONG_PINS_MOST) {
        lk_admin_fail(request, LK_REASON_LOCKED_OUT, "too many wrong PINs; wait a minute");
        return false;
    }
    if (recent_wrong_pins(app) + app->pins_under_way >= WRONG_PINS_MOST) {
        lk_admin_fail(request, LK_REASON_NOT_NOW, "other PINs are being checked; try again in a moment");
        return false;
    }
    return true;
}

static void auth_checked(void *user, void *cookie, bool ok)
{
    struct lk_app *app = user;
    struct auth *job = cookie;
    app->pins_under_way--;
    if (app->admin) {
        if (!ok) {
            count_wrong_pin(app);
        }
        job->staff.ok = ok;
        lk_admin_auth_done(job->request, &job->staff);
    }
    free(job);
}

static void on_auth(void *user, struct lk_admin_request *request, const char *staff_id, const char *pin)
{
    struct lk_app *app = user;
    bool found = false;
    struct lk_store_staff staff = {0};
    if (!may_try_pin(app, request)) {
        return;
    }
    struct auth *job = calloc(1, sizeof(*job));
    int r = job ? lk_store_staff_by_id(app->store, staff_id, &found, &staff) : -ENOMEM;
    if (r == 0) {
        job->request = request;
        job->staff.role = staff.role;
        memcpy(job->staff.id, staff.id, sizeof(job->staff.id));
        r = lk_pin_check(app->worker, pin, found ? staff.pin : NULL, auth_checked, app, job);
    }
    if (r == 0) {
        app->pins_under_way++;
    } else {
        free(job);
        lk_admin_fail(request, LK_REASON_NOT_NOW, "the PIN cannot be checked now; try again in a moment");
    }
    explicit_bzero(&staff, sizeof(staff));
}

static void on_cancelled(void *user, struct lk_admin_request *request)
{
    lk_admin_events_cancelled(user, request);
}

const struct lk_admin_ops lk_admin_desk = {.auth = on_auth, .cancelled = on_cancelled};

/* --- arguments
 * ------------------------------------------------------------------------------------------------------------------------
 */

static void bad_argument(struct lk_admin_request *request, const char *key, const char *what)
{
    char text[128];
    struct lk_text t = lk_text_init(text, sizeof(text));
    lk_text_addf(&t, "args.%s: %s", key, what);
    lk_admin_fail(request, LK_REASON_BAD_ARGUMENT, text);
}

bool lk_admin_text(struct lk_admin_request *request, const json_t *args, const char *key, bool required, size_t max,
                   const char **ret_text)
{
    const json_t *value = json_object_get(args, key);
    if (!value) {
        *ret_text = NULL;
        if (required) {
            bad_argument(request, key, "is missing");
        }
        return !required;
    }
    const char *text = json_string_value(value);
    if (!text || strlen(text) != json_string_length(value)) {
        bad_argument(request, key, "must be text");
        return false;
    }
    if (text[0] == '\0' || strlen(text) > max) {
        bad_argument(request, key, text[0] ? "is too long" : "is empty");
        return false;
    }
    *ret_text = text;
    return true;
}

void lk_admin_store_failed(struct lk_admin_request *request, int error)
{
    char text[128];
    struct lk_text t = lk_text_init(text, sizeof(text));
    lk_text_addf(&t, "the store: %s; nothing was changed", strerror(-error));
    lk_admin_fail(request, LK_REASON_STORE_FAILED, text);
}
