#include "facts.h"

#include "base/text.h"
#include "store/find.h"
#include "store/memory.h"

#include <string.h>

static void put_found(struct lk_input *in, const struct lk_store_found *found)
{
    in->found = found->found;
    in->code_live = found->live;
    in->more = found->more;
    if (found->found) {
        in->item = found->item;
    }
}

int lk_facts_code(struct lk_store *store, const struct lk_stamp *now, const char *code, unsigned digits,
                  struct lk_input *ret_input)
{
    struct lk_input in = lk_engine_input(LK_IN_CODE);
    in.well_formed = lk_text_is_digits(code, digits, digits);
    if (in.well_formed) {
        struct lk_store_found found = {0};
        int r = lk_store_find_code(store, now, code, &found);
        if (r < 0) {
            return r;
        }
        put_found(&in, &found);
    }
    *ret_input = in;
    return 0;
}

int lk_facts_item(struct lk_store *store, const struct lk_stamp *now, const char *id, struct lk_input *input)
{
    struct lk_store_found found = {0};
    int r = lk_store_find_item(store, now, id, &found);
    if (r == 0) {
        put_found(input, &found);
    }
    return r;
}

static int scanned_item(struct lk_store *store, const struct lk_stamp *now, const char *text, struct lk_input *in)
{
    in->scan = LK_SCAN_UNKNOWN;
    if (!lk_text_is_id(text, LK_ITEM_ID_MAX)) {
        return 0;
    }
    (void)lk_text_copy(in->text, sizeof(in->text), text);
    int r = lk_facts_item(store, now, text, in);
    in->scan = in->found ? LK_SCAN_ITEM : LK_SCAN_UNKNOWN;
    if (r == 0 && in->found) {
        r = lk_store_find_companion(store, text, &in->join_door);
    }
    return r;
}

static int scanned_badge(struct lk_store *store, const char *text, struct lk_input *in)
{
    bool found = false;
    struct lk_store_staff staff;
    int r = lk_store_staff_by_badge(store, text, &found, &staff);
    if (r == 0 && found) {
        in->scan = LK_SCAN_BADGE;
        in->staff.ok = true;
        in->staff.role = staff.role;
        memcpy(in->staff.id, staff.id, sizeof(in->staff.id));
    }
    explicit_bzero(&staff, sizeof(staff));
    return r;
}

/* Whether a text that names no known item is somebody's token or badge. */
static int find_secret(struct lk_store *store, const struct lk_stamp *now, const char *text, bool *ret_secret,
                       enum lk_scan_kind *ret_kind)
{
    bool badge = false;
    struct lk_store_staff staff = {0};
    struct lk_store_found token = {0};
    int r = lk_store_find_token(store, now, text, &token);
    if (r == 0 && !token.found) {
        r = lk_store_staff_by_badge(store, text, &badge, &staff);
        explicit_bzero(&staff, sizeof(staff));
    }
    *ret_secret = token.found || badge;
    *ret_kind = token.found ? LK_SCAN_TOKEN : badge ? LK_SCAN_BADGE : LK_SCAN_UNKNOWN;
    return r;
}

/* It opens nothing in a staff session, and must not become the name of an item (law 12). */
static int hide_secret(struct lk_store *store, const struct lk_stamp *now, const char *text, struct lk_input *in)
{
    bool secret = false;
    enum lk_scan_kind kind = LK_SCAN_UNKNOWN;
    int r = find_secret(store, now, text, &secret, &kind);
    if (secret) {
        explicit_bzero(in->text, sizeof(in->text));
        in->scan = kind;
    }
    return r;
}

int lk_facts_scan(struct lk_store *store, const struct lk_stamp *now, const char *text, bool staff_session,
                  struct lk_input *ret_input)
{
    struct lk_input in = lk_engine_input(LK_IN_SCAN);
    struct lk_store_found found = {0};
    int r = 0;
    if (staff_session) {
        r = scanned_item(store, now, text, &in);
        if (r == 0 && !in.found) {
            r = hide_secret(store, now, text, &in);
        }
    } else {
        r = lk_store_find_token(store, now, text, &found);
        in.scan = found.found ? LK_SCAN_TOKEN : LK_SCAN_UNKNOWN;
        put_found(&in, &found);
        if (r == 0 && !found.found) {
            r = scanned_badge(store, text, &in);
        }
    }
    if (r == 0) {
        *ret_input = in;
    }
    return r;
}

int lk_facts_proof(struct lk_store *store, const char *id, const char *digits, struct lk_input *ret_input)
{
    struct lk_input in = lk_engine_input(LK_IN_CODE);
    in.well_formed = lk_text_is_digits(digits, 1, LK_FACTS_CODE_MAX);
    int r = in.well_formed ? lk_store_proof(store, id, digits, &in.proof) : 0;
    if (r == 0) {
        *ret_input = in;
    }
    return r;
}

struct lk_input lk_facts_second(const char *digits)
{
    struct lk_input in = lk_engine_input(LK_IN_SECOND);
    if (lk_text_is_digits(digits, 4, 4)) {
        (void)lk_text_copy(in.tail, sizeof(in.tail), digits);
    }
    return in;
}

bool lk_facts_is_code(const char *text, unsigned digits)
{
    return lk_text_is_digits(text, digits, digits);
}

/* The text into `to`; nothing when it could be a secret, or is no id of that length. */
static int plain_id(struct lk_store *store, const struct lk_stamp *now, const char *text, unsigned digits, char *to,
                    size_t cap)
{
    bool secret = false;
    enum lk_scan_kind kind;
    if (!lk_text_is_id(text, cap - 1) || lk_facts_is_code(text, digits)) {
        return 0;
    }
    int r = find_secret(store, now, text, &secret, &kind);
    if (r == 0 && !secret) {
        (void)lk_text_copy(to, cap, text);
    }
    return r;
}

int lk_facts_case(struct lk_store *store, const struct lk_stamp *now, const char *text, unsigned digits,
                  struct lk_input *ret_input)
{
    struct lk_input in = lk_engine_input(LK_IN_CASE);
    int r = plain_id(store, now, text, digits, in.text, sizeof(in.text));
    if (r == 0 && in.text[0] != '\0') {
        r = lk_store_new_receipt(store, in.item.id);
    }
    if (r == 0) {
        *ret_input = in;
    }
    return r;
}

int lk_facts_waybill(struct lk_store *store, const struct lk_stamp *now, const char *text, unsigned digits,
                     struct lk_input *ret_input)
{
    struct lk_input in = lk_engine_input(LK_IN_SCAN);
    int r = plain_id(store, now, text, digits, in.waybill, sizeof(in.waybill));
    if (r == 0) {
        *ret_input = in;
    }
    return r;
}

int lk_facts_sibling(struct lk_store *store, const struct lk_stamp *now, const struct lk_item *item,
                     struct lk_input *input)
{
    struct lk_store_found found = {0};
    int r = item->id[0] != '\0' ? lk_store_find_sibling(store, now, item->id, item->holder, &found) : 0;
    if (r == 0) {
        put_found(input, &found);
    }
    return r;
}

bool lk_facts_may_recall(const struct lk_item *item, enum lk_actor role)
{
    return !item->dropoff || role != LK_ACTOR_COURIER;
}

struct next_of_round {
    const char *but;
    enum lk_actor role;
    struct lk_store_found found;
};

static bool look_at(void *user, const struct lk_store_item *row)
{
    struct next_of_round *next = user;
    if (strcmp(row->item.id, next->but) == 0 || !lk_facts_may_recall(&row->item, next->role)) {
        return true;
    }
    next->found = (struct lk_store_found){.found = true, .live = row->live, .item = row->item};
    return false;
}

int lk_facts_round(struct lk_store *store, const struct lk_stamp *now, const char *id, enum lk_actor role,
                   struct lk_input *input)
{
    struct next_of_round next = {.but = id, .role = role};
    int r = lk_store_list_round(store, now, 0, look_at, &next);
    if (r == 0) {
        put_found(input, &next.found);
    }
    return r;
}
