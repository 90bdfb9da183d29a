#include "sql.h"
#include "store/memory.h"

#include "base/cleanup.h"

#include <errno.h>
#include <string.h>

static bool may_sign_in(enum lk_actor role)
{
    return role == LK_ACTOR_COURIER || role == LK_ACTOR_CLERK || role == LK_ACTOR_MAINTENANCE ||
           role == LK_ACTOR_SUPERVISOR;
}

/* One statement in a transaction of its own. */
static int commit_one(struct lk_store *store, int r)
{
    return r < 0 ? lk_tx_abort(store, "staff", r) : lk_tx_commit(store, "staff");
}

int lk_store_staff_put(struct lk_store *store, const char *id, enum lk_actor role, const char *pin_hash,
                       const char *badge, const struct lk_stamp *now)
{
    uint8_t mac[32];
    bool has_badge = badge && *badge;
    size_t pin_length = pin_hash ? strlen(pin_hash) : 0;
    if (!lk_text_is_id(id, LK_STAFF_ID_MAX) || !may_sign_in(role) || pin_length == 0 || pin_length > LK_STORE_PIN_MAX) {
        return -EINVAL;
    }
    int r = has_badge ? lk_key_mac(store->key, LK_KEY_BADGE, badge, mac) : 0;
    r = r < 0 ? r : lk_tx_begin(store, "staff");
    if (r < 0) {
        return r;
    }
    struct lk_arg badge_arg = {.kind = has_badge ? 'b' : '\0', .b = mac, .size = sizeof(mac)};
    return commit_one(store, LK_RUN(store, ST_STAFF_PUT, LK_T(id), LK_T(lk_actor_name(role)), LK_T(pin_hash), badge_arg,
                                    LK_I(now->wall_ms)));
}

int lk_store_badge_mac(struct lk_store *store, const char *badge, uint8_t ret_mac[32])
{
    return lk_key_mac(store->key, LK_KEY_BADGE, badge, ret_mac);
}

int lk_store_staff_remove(struct lk_store *store, const char *id, const struct lk_stamp *now)
{
    int r = lk_tx_begin(store, "staff");
    if (r < 0) {
        return r;
    }
    r = commit_one(store, LK_RUN_ONE(store, ST_STAFF_REMOVE, LK_T(id), LK_I(now->wall_ms)));
    return r == -ESTALE ? -ENOENT : r;
}

static int read_staff(sqlite3_stmt *stmt, struct lk_store_staff *ret_staff)
{
    struct lk_store_staff staff = {.badge = sqlite3_column_int(stmt, 3) != 0,
                                   .removed = sqlite3_column_int(stmt, 4) != 0};
    if (lk_text_copy(staff.id, sizeof(staff.id), lk_sql_text(stmt, 0)) < 0 ||
        lk_actor_parse(lk_sql_text(stmt, 1), &staff.role) < 0 ||
        lk_text_copy(staff.pin, sizeof(staff.pin), lk_sql_text(stmt, 2)) < 0) {
        return -EUCLEAN;
    }
    *ret_staff = staff;
    return 0;
}

static int find(struct lk_store *store, sqlite3_stmt *started, bool *ret_found, struct lk_store_staff *ret_staff)
{
    LK_CLEANUP(lk_sql_resetp) sqlite3_stmt *stmt = started;
    int there = lk_sql_row(store, stmt);
    int r = there > 0 ? read_staff(stmt, ret_staff) : there;
    if (r == 0) {
        *ret_found = there > 0;
    }
    return r;
}

int lk_store_staff_by_id(struct lk_store *store, const char *id, bool *ret_found, struct lk_store_staff *ret_staff)
{
    return find(store, LK_START(store, ST_STAFF_BY_ID, LK_T(id)), ret_found, ret_staff);
}

int lk_store_staff_by_badge(struct lk_store *store, const char *text, bool *ret_found, struct lk_store_staff *ret_staff)
{
    uint8_t mac[32];
    int r = lk_key_mac(store->key, LK_KEY_BADGE, text, mac);
    return r < 0 ? r : find(store, LK_START(store, ST_STAFF_BY_BADGE, LK_B(mac, 32)), ret_found, ret_staff);
}

int lk_store_staff_list(struct lk_store *store, lk_store_staff_row *row, void *user)
{
    LK_CLEANUP(lk_sql_resetp) sqlite3_stmt *stmt = lk_sql_start(store, ST_STAFF_LIST, NULL, 0);
    int r;
    while ((r = lk_sql_row(store, stmt)) > 0) {
        struct lk_store_staff staff;
        r = read_staff(stmt, &staff);
        if (r < 0) {
            return r;
        }
        memset(staff.pin, 0, sizeof(staff.pin));
        if (!row(user, &staff)) {
            return 0;
        }
    }
    return r;
}
