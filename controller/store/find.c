#include "store/find.h"

#include "base/cleanup.h"
#include "items.h"

#include <errno.h>
#include <string.h>

/* Longer texts are no code or token of ours; hashing them would only cost time. */
enum { SECRET_TEXT_MAX = 256 };

static int found_by(struct lk_store *store, const struct lk_stamp *now, sqlite3_stmt *stmt,
                    struct lk_store_found *ret_found)
{
    struct lk_store_item row;
    int r = lk_sql_row(store, stmt);
    if (r <= 0) {
        return r;
    }
    r = lk_item_read(store, stmt, now, &row);
    if (r == 0) {
        *ret_found = (struct lk_store_found){.found = true, .live = row.live, .item = row.item};
    }
    return r;
}

static int one_number(struct lk_store *store, sqlite3_stmt *stmt, unsigned *ret_value)
{
    int r = lk_sql_row(store, stmt);
    if (r > 0) {
        *ret_value = (unsigned)sqlite3_column_int64(stmt, 0);
    }
    return r < 0 ? r : 0;
}

static int count_more(struct lk_store *store, const uint8_t mac[32], const char *kind, struct lk_store_found *found)
{
    LK_CLEANUP(lk_sql_resetp)
    sqlite3_stmt *stmt =
        LK_START(store, ST_COUNT_MORE, LK_B(mac, 32), LK_T(kind), LK_T(lk_store_label(store, found->item.door)));
    return one_number(store, stmt, &found->more);
}

static int find_mac(struct lk_store *store, enum lk_st st, const struct lk_stamp *now, const uint8_t mac[32],
                    const char *kind, struct lk_store_found *ret_found)
{
    LK_CLEANUP(lk_sql_resetp) sqlite3_stmt *stmt = LK_START(store, st, LK_B(mac, 32), LK_T(kind));
    int r = found_by(store, now, stmt, ret_found);
    if (r < 0 || !ret_found->found) {
        return r;
    }
    ret_found->live = st == ST_FIND_LIVE;
    r = lk_item_read_holder(stmt, &ret_found->item);
    return r < 0 || !ret_found->live ? r : count_more(store, mac, kind, ret_found);
}

static int find_secret(struct lk_store *store, const struct lk_stamp *now, enum lk_key_kind kind, const char *text,
                       struct lk_store_found *ret_found)
{
    static const char *const kinds[] = {[LK_KEY_CODE] = "code", [LK_KEY_TOKEN] = "token"};
    struct lk_store_found found = {.item.door = LK_NO_DOOR};
    uint8_t mac[32];
    int r = 0;
    if (text[0] != '\0' && strnlen(text, SECRET_TEXT_MAX) < SECRET_TEXT_MAX) {
        r = lk_key_mac(store->key, kind, text, mac);
        r = r < 0 ? r : find_mac(store, ST_FIND_LIVE, now, mac, kinds[kind], &found);
        if (r == 0 && !found.found) {
            r = find_mac(store, ST_FIND_DEAD, now, mac, kinds[kind], &found);
        }
    }
    if (r == 0) {
        *ret_found = found;
    }
    return r;
}

int lk_store_find_code(struct lk_store *store, const struct lk_stamp *now, const char *digits,
                       struct lk_store_found *ret_found)
{
    return find_secret(store, now, LK_KEY_CODE, digits, ret_found);
}

int lk_store_find_token(struct lk_store *store, const struct lk_stamp *now, const char *text,
                        struct lk_store_found *ret_found)
{
    return find_secret(store, now, LK_KEY_TOKEN, text, ret_found);
}

int lk_store_find_item(struct lk_store *store, const struct lk_stamp *now, const char *id,
                       struct lk_store_found *ret_found)
{
    struct lk_store_found found = {.item.door = LK_NO_DOOR};
    LK_CLEANUP(lk_sql_resetp) sqlite3_stmt *stmt = LK_START(store, ST_FIND_ITEM, LK_T(id));
    int r = found_by(store, now, stmt, &found);
    if (r == 0) {
        *ret_found = found;
    }
    return r;
}

static int count_siblings(struct lk_store *store, const char *id, const char *holder, struct lk_store_found *found)
{
    LK_CLEANUP(lk_sql_resetp)
    sqlite3_stmt *stmt =
        LK_START(store, ST_COUNT_SIBLINGS, LK_T(id), LK_T(holder), LK_T(lk_store_label(store, found->item.door)));
    return one_number(store, stmt, &found->more);
}

int lk_store_find_sibling(struct lk_store *store, const struct lk_stamp *now, const char *id, enum lk_holder holder,
                          struct lk_store_found *ret_found)
{
    struct lk_store_found found = {.item.door = LK_NO_DOOR};
    const char *name = lk_holder_name(holder);
    LK_CLEANUP(lk_sql_resetp) sqlite3_stmt *stmt = LK_START(store, ST_FIND_SIBLING, LK_T(id), LK_T(name));
    int r = found_by(store, now, stmt, &found);
    if (r == 0 && found.found) {
        r = lk_item_read_holder(stmt, &found.item);
        r = r < 0 ? r : count_siblings(store, id, name, &found);
    }
    if (r == 0) {
        *ret_found = found;
    }
    return r;
}

int lk_store_find_companion(struct lk_store *store, const char *id, int *ret_door)
{
    LK_CLEANUP(lk_sql_resetp) sqlite3_stmt *stmt = LK_START(store, ST_FIND_COMPANION, LK_T(id));
    int r = lk_sql_row(store, stmt);
    if (r >= 0) {
        *ret_door = r > 0 ? lk_store_door(store, lk_sql_text(stmt, 0)) : LK_NO_DOOR;
    }
    return r < 0 ? r : 0;
}

int lk_store_code_in_use(struct lk_store *store, const char *code, const char *except, const uint8_t *phone_mac,
                         bool *ret_used)
{
    uint8_t mac[32];
    struct lk_arg phone = {.kind = phone_mac ? 'b' : '\0', .b = phone_mac, .size = 32};
    int r = lk_key_mac(store->key, LK_KEY_CODE, code, mac);
    if (r < 0) {
        return r;
    }
    LK_CLEANUP(lk_sql_resetp)
    sqlite3_stmt *stmt = LK_START(store, ST_CODE_OWNER, LK_B(mac, 32), LK_T(except ? except : ""), phone);
    r = lk_sql_row(store, stmt);
    if (r >= 0) {
        *ret_used = r > 0;
    }
    return r < 0 ? r : 0;
}

int lk_store_code_shared(struct lk_store *store, const char *id, bool *ret_shared)
{
    LK_CLEANUP(lk_sql_resetp) sqlite3_stmt *stmt = LK_START(store, ST_CODE_SHARED, LK_T(id));
    int r = lk_sql_row(store, stmt);
    if (r >= 0) {
        *ret_shared = r > 0;
    }
    return r < 0 ? r : 0;
}

int lk_store_make_secret(struct lk_store *store, const char *code, const char *token, struct lk_secret *ret_secret)
{
    struct lk_secret secret = {.has_code = code && *code, .has_token = token && *token};
    int r = secret.has_code ? lk_key_mac(store->key, LK_KEY_CODE, code, secret.code_mac) : 0;
    if (r == 0 && secret.has_token) {
        r = lk_key_mac(store->key, LK_KEY_TOKEN, token, secret.token_mac);
    }
    if (r == 0) {
        *ret_secret = secret;
    }
    return r;
}
