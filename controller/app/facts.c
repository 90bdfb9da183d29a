#include "facts.h"

#include "base/text.h"
#include "store/find.h"
#include "store/memory.h"

#include <string.h>

static void put_found(struct lk_input *in, const struct lk_store_found *found)
{
    in->found = found->found;
    in->code_live = found->live;
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

/* A badge or a pickup token in a staff session opens nothing, and must not become the name of an item (law 12). */
static int hide_secret(struct lk_store *store, const struct lk_stamp *now, const char *text, struct lk_input *in)
{
    bool badge = false;
    struct lk_store_staff staff = {0};
    struct lk_store_found token = {0};
    int r = lk_store_find_token(store, now, text, &token);
    if (r == 0 && !token.found) {
        r = lk_store_staff_by_badge(store, text, &badge, &staff);
        explicit_bzero(&staff, sizeof(staff));
    }
    if (token.found || badge) {
        explicit_bzero(in->text, sizeof(in->text));
        in->scan = token.found ? LK_SCAN_TOKEN : LK_SCAN_BADGE;
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
