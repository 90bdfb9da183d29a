#include "app.h"
#include "pins.h"
#include "store/memory.h"

#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { WRONG_PINS_MOST = 5, WRONG_PINS_MS = 60000 };

#define ROLE(name) (1U << LK_ACTOR_##name)

/* Who may what at this desk. A courier's work is at the screen. Root and our own user are maintenance. */
enum {
    WINDOW = ROLE(CLERK) | ROLE(SUPERVISOR),        /* what is handed over and counted there */
    CABINET = ROLE(MAINTENANCE) | ROLE(SUPERVISOR), /* doors, wiring, disks, people */
    INSPECTION = WINDOW | CABINET,                  /* saying where something was found */
};

const struct lk_admin_command lk_admin_table[] = {
    {"status", LK_ADMIN_READ, lk_admin_status, 0},
    {"doors", LK_ADMIN_READ, lk_admin_doors, 0},
    {"items", LK_ADMIN_READ, lk_admin_items, 0},
    {"recalls", LK_ADMIN_READ, lk_admin_recalls, 0},
    {"events", LK_ADMIN_READ, lk_admin_events, 0},
    {"bus", LK_ADMIN_READ, lk_admin_bus, 0},
    {"metrics", LK_ADMIN_READ, lk_admin_metrics, 0},
    {"uplink", LK_ADMIN_READ, lk_admin_uplink, 0},
    {"store", LK_ADMIN_READ, lk_admin_store, 0},
    {"selfcheck", LK_ADMIN_READ, lk_admin_selfcheck, 0},
    {"wear", LK_ADMIN_READ, lk_admin_wear, 0},
    {"staff_list", LK_ADMIN_READ, lk_admin_staff_list, 0},
    {"open", LK_ADMIN_OVERRIDE, lk_admin_open, CABINET},
    {"block", LK_ADMIN_CHANGE, lk_admin_block, CABINET},
    {"unblock", LK_ADMIN_OVERRIDE, lk_admin_unblock, CABINET},
    {"confirm", LK_ADMIN_OVERRIDE, lk_admin_confirm, CABINET},
    {"settle", LK_ADMIN_OVERRIDE, lk_admin_settle, INSPECTION},
    {"inspected", LK_ADMIN_OVERRIDE, lk_admin_inspected, INSPECTION},
    {"round_done", LK_ADMIN_CHANGE, lk_admin_round_done, INSPECTION},
    {"item_receive", LK_ADMIN_CHANGE, lk_admin_item_receive, WINDOW},
    {"item_hand_over", LK_ADMIN_CHANGE, lk_admin_item_hand_over, WINDOW},
    {"item_send", LK_ADMIN_CHANGE, lk_admin_item_send, WINDOW},
    {"item_return", LK_ADMIN_CHANGE, lk_admin_item_return, WINDOW},
    {"item_reject", LK_ADMIN_CHANGE, lk_admin_item_reject, WINDOW},
    {"item_extend", LK_ADMIN_CHANGE, lk_admin_item_extend, WINDOW},
    {"wear_reset", LK_ADMIN_CHANGE, lk_admin_wear_reset, CABINET},
    {"purge", LK_ADMIN_CHANGE, lk_admin_purge, CABINET},
    {"reload", LK_ADMIN_CHANGE, lk_admin_reload, CABINET},
    {"lamps", LK_ADMIN_CHANGE, lk_admin_lamps, CABINET},
    {"backup", LK_ADMIN_CHANGE, lk_admin_backup, CABINET},
    {"staff_add", LK_ADMIN_CHANGE, lk_admin_staff_add, CABINET},
    {"staff_remove", LK_ADMIN_CHANGE, lk_admin_staff_remove, CABINET},
    {NULL, LK_ADMIN_READ, NULL, 0},
};

/* --- who asks
 * -----------------------------------------------------------------------------------------------------------------------
 */

struct auth {
    struct lk_admin_request *request;
    struct lk_staff staff;
    char encoded[LK_STORE_PIN_MAX + 1];
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

/* The check took a while: somebody who was removed, or given another PIN or role meanwhile, is not let through. */
static bool is_still_so(const struct lk_app *app, const struct auth *job)
{
    bool found = false;
    struct lk_store_staff now = {0};
    int r = lk_store_staff_by_id(app->store, job->staff.id, &found, &now);
    bool same = r == 0 && found && now.role == job->staff.role && strcmp(now.pin, job->encoded) == 0;
    explicit_bzero(&now, sizeof(now));
    return same;
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
        job->staff.ok = ok && is_still_so(app, job);
        lk_admin_auth_done(job->request, &job->staff);
    }
    explicit_bzero(job, sizeof(*job));
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
        memcpy(job->encoded, staff.pin, sizeof(job->encoded));
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

bool lk_admin_number(struct lk_admin_request *request, const json_t *args, const char *key, json_int_t most,
                     json_int_t fallback, uint64_t *ret_number)
{
    const json_t *value = json_object_get(args, key);
    json_int_t number = value ? json_integer_value(value) : fallback;
    if ((value && !json_is_integer(value)) || number < 0 || number > most) {
        char text[64];
        struct lk_text t = lk_text_init(text, sizeof(text));
        lk_text_addf(&t, "must be a whole number from 0 to %lld", (long long)most);
        bad_argument(request, key, text);
        return false;
    }
    *ret_number = (uint64_t)number;
    return true;
}

void lk_admin_store_failed(struct lk_admin_request *request, int error)
{
    char text[128];
    struct lk_text t = lk_text_init(text, sizeof(text));
    lk_text_addf(&t, "the store: %s; nothing was changed", strerror(-error));
    lk_admin_fail(request, LK_REASON_STORE_FAILED, text);
}
