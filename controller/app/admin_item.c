/* Admin commands about items: what the window does with them, and what staff read about them. */
#include "app.h"
#include "store/find.h"

#include "base/text.h"

#include <string.h>

enum { ITEMS_MOST = 500, RECALLS_MOST = 512, DAYS_MOST = 365, DIGITS_MOST = 16, TIME_MAX = 32 };

/* --- the window's work
 * ---------------------------------------------------------------------------------------------------------------- */

/* An operation on args.item; custody: where the item is when the core says yes, NONE: where it was. */
static void item_command(struct lk_app *app, struct lk_admin_request *request, const json_t *args, struct lk_input *in,
                         enum lk_custody custody)
{
    struct lk_admin_wait about = {0};
    if (!lk_admin_take_item(app, request, args, in, &about) || !lk_admin_why(request, args, false, in)) {
        return;
    }
    about.custody = custody == LK_CUSTODY_NONE ? in->item.custody : custody;
    lk_admin_submit(app, request, in, &about);
}

static struct lk_input input_of(enum lk_admin_op op)
{
    struct lk_input in = lk_engine_input(LK_IN_ADMIN);
    in.admin = op;
    return in;
}

void lk_admin_item_receive(void *user, struct lk_admin_request *request, const json_t *args)
{
    struct lk_input in = input_of(LK_ADMIN_RECEIVE);
    item_command(user, request, args, &in, LK_CUSTODY_AT_WINDOW);
}

void lk_admin_item_return(void *user, struct lk_admin_request *request, const json_t *args)
{
    struct lk_input in = input_of(LK_ADMIN_RETURN);
    item_command(user, request, args, &in, LK_CUSTODY_RETURNED);
}

void lk_admin_item_reject(void *user, struct lk_admin_request *request, const json_t *args)
{
    struct lk_input in = input_of(LK_ADMIN_REJECT);
    item_command(user, request, args, &in, LK_CUSTODY_NONE);
}

void lk_admin_item_send(void *user, struct lk_admin_request *request, const json_t *args)
{
    const char *waybill = NULL;
    struct lk_input in = input_of(LK_ADMIN_SEND);
    if (!lk_admin_text(request, args, "waybill", true, LK_ITEM_ID_MAX, &waybill)) {
        return;
    }
    if (lk_text_is_id(waybill, LK_WAYBILL_MAX)) {
        (void)lk_text_copy(in.waybill, sizeof(in.waybill), waybill);
    } /* else "": the core says that it is none */
    item_command(user, request, args, &in, LK_CUSTODY_WITH_COURIER);
}

void lk_admin_item_extend(void *user, struct lk_admin_request *request, const json_t *args)
{
    uint64_t days = 0;
    struct lk_input in = input_of(LK_ADMIN_EXTEND);
    if (lk_admin_number(request, args, "days", DAYS_MOST, 0, &days)) {
        in.count = (unsigned)days;
        item_command(user, request, args, &in, LK_CUSTODY_NONE);
    }
}

/* What the person at the window shows is compared here; the core hears only whether it fits, and records it if not.
 * Nothing is shown for material that a citizen left for the office. */
void lk_admin_item_hand_over(void *user, struct lk_admin_request *request, const json_t *args)
{
    struct lk_app *app = user;
    const char *item = NULL, *digits = NULL;
    struct lk_input in = input_of(LK_ADMIN_HAND_OVER);
    if (!lk_admin_text(request, args, "item", true, LK_ITEM_ID_MAX, &item) ||
        !lk_admin_text(request, args, "digits", false, DIGITS_MOST, &digits)) {
        return;
    }
    if (digits && !lk_text_is_digits(digits, 4, DIGITS_MOST)) {
        lk_admin_fail(request, LK_REASON_BAD_ARGUMENT, "args.digits: must be 4 to 16 digits");
        return;
    }
    int r = digits ? lk_store_proof(app->store, item, digits, &in.proof) : 0;
    if (r < 0) {
        lk_admin_store_failed(request, r);
        return;
    }
    item_command(app, request, args, &in, LK_CUSTODY_COLLECTED);
}

/* --- what staff read about items
 * ------------------------------------------------------------------------------------------------------ */

struct item_walk {
    struct lk_app *app;
    json_t *list;
    unsigned room;
    bool more, whole; /* whole: everything that is known of it */
};

static json_t *text_or_null(const char *text)
{
    return text[0] != '\0' ? json_string(text) : json_null();
}

static json_t *time_or_null(int64_t wall_ms)
{
    char text[TIME_MAX];
    struct lk_text t = lk_text_init(text, sizeof(text));
    if (wall_ms == 0) {
        return json_null();
    }
    lk_text_add_utc(&t, wall_ms);
    return json_string(text);
}

static json_t *item_json(struct lk_app *app, const struct lk_store_item *row)
{
    const struct lk_item *item = &row->item;
    const char *label = lk_core_label(lk_engine_core_config(app->engine), item->door);
    json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:b, s:b}", "item", item->id, "custody",
                             lk_custody_name(item->custody), "channel", lk_channel_name(item->channel), "size",
                             lk_size_name(item->size), "cancelled", item->cancelled, "overdue", item->overdue,
                             "rejected", item->rejected, "dropoff", item->dropoff, "code", row->live);
    json_object_set_new(json, "door", item->door != LK_NO_DOOR ? json_string(label) : json_null());
    return json;
}

/* Whose code or token is live. */
static json_t *holders_json(const struct lk_store_item *row)
{
    json_t *list = json_array();
    for (int h = 0; h < LK_HOLDERS; h++) {
        if (row->holder[h]) {
            json_array_append_new(list, json_string(lk_holder_name((enum lk_holder)h)));
        }
    }
    return list;
}

static void add_details(json_t *json, const struct lk_store_item *row)
{
    const struct lk_item *item = &row->item;
    json_object_set_new(json, "name", text_or_null(item->name));
    json_object_set_new(json, "case", text_or_null(item->case_id));
    json_object_set_new(json, "site", text_or_null(item->site));
    json_object_set_new(json, "waybill", text_or_null(item->waybill));
    json_object_set_new(json, "low_reach", json_boolean(item->low_reach));
    json_object_set_new(json, "second_factor", json_boolean(item->second_factor));
    json_object_set_new(json, "extended", json_integer(item->extended));
    json_object_set_new(json, "holders", holders_json(row));
    json_object_set_new(json, "deposited", time_or_null(row->deposited_wall_ms));
    json_object_set_new(json, "retain_until", time_or_null(row->retain_until_wall_ms));
    json_object_set_new(json, "reminded", json_boolean(row->reminded));
    json_object_set_new(json, "told_overdue", json_boolean(row->told_overdue));
}

static bool has_room(struct item_walk *walk)
{
    walk->more = walk->room == 0;
    walk->room -= walk->more ? 0 : 1;
    return !walk->more;
}

static bool add_item(void *user, const struct lk_store_item *row)
{
    struct item_walk *walk = user;
    if (!has_room(walk)) {
        return false;
    }
    json_t *json = item_json(walk->app, row);
    if (walk->whole) {
        add_details(json, row);
    }
    json_array_append_new(walk->list, json);
    return true;
}

static void answer_list(struct lk_admin_request *request, struct item_walk *walk, int error)
{
    if (error < 0) {
        json_decref(walk->list);
        lk_admin_store_failed(request, error);
    } else {
        lk_admin_ok(request, json_pack("{s:o, s:b}", "items", walk->list, "more", walk->more));
    }
}

void lk_admin_items(void *user, struct lk_admin_request *request, const json_t *args)
{
    struct lk_app *app = user;
    struct lk_stamp now = lk_engine_stamp(app->engine);
    const char *custody = NULL;
    uint64_t limit = 0;
    struct lk_store_item_filter filter = {0};
    if (!lk_admin_text(request, args, "custody", false, 32, &custody) ||
        !lk_admin_text(request, args, "item", false, LK_ITEM_ID_MAX, &filter.item) ||
        !lk_admin_text(request, args, "after", false, LK_ITEM_ID_MAX, &filter.after) ||
        !lk_admin_number(request, args, "limit", ITEMS_MOST, 100, &limit)) {
        return;
    }
    if (custody && lk_custody_parse(custody, &filter.custody) < 0) {
        lk_admin_fail(request, LK_REASON_BAD_ARGUMENT, "args.custody: no such custody");
        return;
    }
    struct item_walk walk = {
        .app = app, .list = json_array(), .room = limit ? (unsigned)limit : ITEMS_MOST, .whole = filter.item != NULL};
    filter.limit = walk.room + 1;
    answer_list(request, &walk, lk_store_list_items(app->store, &now, &filter, add_item, &walk));
}

/* Where an item that is taken out of its compartment goes. */
static enum lk_custody recall_to(const struct lk_item *item)
{
    return item->cancelled || item->rejected ? LK_CUSTODY_RETURNED
           : item->waybill[0] != '\0'        ? LK_CUSTODY_WITH_COURIER
                                             : LK_CUSTODY_AT_WINDOW;
}

static bool add_recall(void *user, const struct lk_store_item *row)
{
    struct item_walk *walk = user;
    if (!has_room(walk)) {
        return false;
    }
    json_t *json = item_json(walk->app, row);
    json_object_set_new(json, "name", text_or_null(row->item.name));
    json_object_set_new(json, "waybill", text_or_null(row->item.waybill));
    json_object_set_new(json, "to", json_string(lk_custody_name(recall_to(&row->item))));
    json_object_set_new(json, "retain_until", time_or_null(row->retain_until_wall_ms));
    json_array_append_new(walk->list, json);
    return true;
}

void lk_admin_recalls(void *user, struct lk_admin_request *request, const json_t *args)
{
    struct lk_app *app = user;
    struct lk_stamp now = lk_engine_stamp(app->engine);
    const json_t *round = json_object_get(args, "round");
    struct item_walk walk = {.app = app, .room = RECALLS_MOST};
    if (round && !json_is_boolean(round)) {
        lk_admin_fail(request, LK_REASON_BAD_ARGUMENT, "args.round: must be true or false");
        return;
    }
    walk.list = json_array();
    int r = json_is_true(round) ? lk_store_list_round(app->store, &now, walk.room + 1, add_recall, &walk)
                                : lk_store_list_recalls(app->store, &now, walk.room + 1, add_recall, &walk);
    answer_list(request, &walk, r);
}
