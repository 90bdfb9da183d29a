#include "commands.h"

#include <string.h>

/* --- what upstream says about an item: announce, update
 * --------------------------------------------------------------- */

/* A tail that is the known number's own takes nothing away of what is known. */
static void merge_phone(struct lk_item *item, const struct lk_item *args)
{
    bool same = !args->has_phone && strcmp(item->phone_tail, args->phone_tail) == 0;
    if (!same) {
        memcpy(item->phone_tail, args->phone_tail, sizeof(item->phone_tail));
        memcpy(item->phone_mac, args->phone_mac, sizeof(item->phone_mac));
        item->has_phone = args->has_phone;
    }
}

/* What is given replaces, what is not stays. */
static struct lk_item merged(const struct lk_step *s)
{
    const struct lk_item *args = &s->in->command.item;
    struct lk_item item = s->in->item;
    uint32_t given = s->in->command.given;
    item.channel = (given & LK_GIVEN_CHANNEL) != 0 ? args->channel : item.channel;
    item.size = (given & LK_GIVEN_SIZE) != 0 ? args->size : item.size;
    item.low_reach = (given & LK_GIVEN_LOW_REACH) != 0 ? args->low_reach : item.low_reach;
    item.second_factor = (given & LK_GIVEN_SECOND_FACTOR) != 0 ? args->second_factor : item.second_factor;
    if ((given & LK_GIVEN_PHONE) != 0) {
        merge_phone(&item, args);
    }
    if ((given & LK_GIVEN_NAME) != 0) {
        memcpy(item.name, args->name, sizeof(item.name));
    }
    if ((given & LK_GIVEN_CASE) != 0) {
        memcpy(item.case_id, args->case_id, sizeof(item.case_id));
    }
    if ((given & LK_GIVEN_SITE) != 0) {
        memcpy(item.site, args->site, sizeof(item.site));
    }
    return item;
}

static bool asks_for_no_tail(const struct lk_item *item)
{
    return item->second_factor && item->phone_tail[0] == '\0';
}

static bool is_anothers(const struct lk_item *was, const struct lk_item *item)
{
    bool person = item->has_phone != was->has_phone || memcmp(item->phone_mac, was->phone_mac, sizeof(was->phone_mac));
    return person || strcmp(item->case_id, was->case_id) != 0;
}

/* What lies together is one person's and one case's, and is taken out together: neither may become another's there. */
static bool is_torn_from_others(const struct lk_step *s, const struct lk_item *item)
{
    int door = lk_custody_door(s->core, item->id);
    bool together =
        door != LK_NO_DOOR && (s->core->door[door].joining[0] != '\0' || lk_together_count(s->core, door) > 1);
    return together && is_anothers(&s->in->item, item);
}

/* The kiosk goes on with what is true now. A compartment that was offered because the same person's items lie there is
 * offered no more when the one in hand, or the one that lies there, is another's now. */
static void details_changed(struct lk_step *s, const struct lk_item *item)
{
    struct lk_session *session = &s->core->session;
    bool in_hand = strcmp(session->item.id, item->id) == 0;
    bool offered = session->join_door != LK_NO_DOOR && lk_custody_door(s->core, item->id) == session->join_door;
    if ((in_hand || offered) && is_anothers(&s->in->item, item)) {
        session->join_door = LK_NO_DOOR;
    }
    lk_deposit_changed(s, item);
}

static enum lk_reason details_refusal(const struct lk_step *s, const struct lk_item *item)
{
    return asks_for_no_tail(item)         ? LK_REASON_BAD_ARGUMENT
           : is_torn_from_others(s, item) ? LK_REASON_DOOR_OCCUPIED
                                          : LK_REASON_NONE;
}

static enum lk_reason announce_refusal(const struct lk_step *s, const struct lk_item *item)
{
    const struct lk_item *was = &s->in->item;
    if (s->in->code_in_use) {
        return LK_REASON_CODE_IN_USE;
    }
    if (!s->in->found) {
        return asks_for_no_tail(item) ? LK_REASON_BAD_ARGUMENT : lk_limits_intake(s->core);
    }
    /* An item that a courier brought before upstream named it has no code yet: now it gets one. */
    bool over = was->custody == LK_CUSTODY_COLLECTED || was->custody == LK_CUSTODY_RETURNED;
    bool waits = !over && was->custody != LK_CUSTODY_UNKNOWN && !was->cancelled && !was->rejected && !was->dropoff;
    return waits && !s->in->code_live ? details_refusal(s, item) : LK_REASON_ITEM_EXISTS;
}

static struct lk_item announced(const struct lk_step *s)
{
    struct lk_item item = s->in->command.item;
    item.custody = LK_CUSTODY_EXPECTED;
    return s->in->found ? merged(s) : item;
}

void lk_command_announce(struct lk_step *s)
{
    struct lk_item item = announced(s);
    enum lk_reason reason = announce_refusal(s, &item);
    if (reason != LK_REASON_NONE) {
        lk_command_settle(s, reason);
        return;
    }
    lk_fx(s, LK_FX_ITEM_PUT)->item = item;
    if (s->in->secret.has_code || s->in->secret.has_token) {
        struct lk_effect *set = lk_fx(s, LK_FX_SECRET_SET);
        set->item = item;
        set->secret = s->in->secret;
        set->secret.holder = LK_HOLDER_RECIPIENT;
    }
    if (s->in->found) {
        lk_command_event(s, LK_EV_ITEM_UPDATED)->reason = LK_REASON_DETAILS_CHANGED;
    } else {
        lk_command_event(s, LK_EV_ITEM_EXPECTED)->to = LK_CUSTODY_EXPECTED;
    }
    details_changed(s, &item);
    lk_command_settle(s, LK_REASON_NONE);
}

static enum lk_reason update_refusal(const struct lk_step *s, const struct lk_item *item)
{
    enum lk_reason reason = lk_command_item_refusal(s);
    if (reason != LK_REASON_NONE) {
        return reason;
    }
    /* The code that the item has is somebody else's too: with another person it would open for both (law 8). */
    if (s->in->code_in_use) {
        return LK_REASON_CODE_IN_USE;
    }
    return s->in->command.given == 0 ? LK_REASON_BAD_ARGUMENT : details_refusal(s, item);
}

void lk_command_update(struct lk_step *s)
{
    struct lk_item item = merged(s);
    enum lk_reason reason = update_refusal(s, &item);
    if (reason == LK_REASON_NONE) {
        lk_fx(s, LK_FX_ITEM_PUT)->item = item;
        lk_command_event(s, LK_EV_ITEM_UPDATED)->reason = LK_REASON_DETAILS_CHANGED;
        details_changed(s, &item);
    }
    lk_command_settle(s, reason);
}

/* --- cancel
 * ------------------------------------------------------------------------------------------------------------ */

static enum lk_reason cancel_refusal(const struct lk_step *s, int door)
{
    enum lk_reason reason = lk_command_item_refusal(s);
    if (reason != LK_REASON_NONE) {
        return reason;
    }
    enum lk_custody custody = s->in->item.custody;
    if (custody == LK_CUSTODY_WITH_COURIER || custody == LK_CUSTODY_UNKNOWN) {
        return lk_custody_reason(custody); /* on its way, or nobody knows: there is nobody to stop it */
    }
    if (door == LK_NO_DOOR) {
        return LK_REASON_NONE;
    }
    const struct lk_door *d = &s->core->door[door];
    bool changing_hands = d->op.purpose != LK_PURPOSE_NONE || d->doubt_until_ms != LK_NEVER;
    return changing_hands ? LK_REASON_DOOR_BUSY : LK_REASON_NONE;
}

/* An expected item never comes; staff take one out of its compartment, and hand one at the window back. */
void lk_command_cancel(struct lk_step *s)
{
    const struct lk_item *item = &s->in->item;
    enum lk_reason reason = cancel_refusal(s, lk_custody_door(s->core, s->in->command.item.id));
    if (reason != LK_REASON_NONE) {
        lk_command_settle(s, reason);
        return;
    }
    struct lk_event *e = lk_command_event(s, LK_EV_ITEM_CANCELLED);
    memcpy(lk_fx(s, LK_FX_ITEM_CANCELLED)->item.id, item->id, sizeof(item->id));
    lk_fx_secret_kill(s, item->id);
    struct lk_item now = *item;
    now.cancelled = true;
    if (item->custody == LK_CUSTODY_EXPECTED) {
        now.custody = LK_CUSTODY_RETURNED;
        e->from = LK_CUSTODY_EXPECTED;
        e->to = LK_CUSTODY_RETURNED;
        lk_fx_custody(s, item->id, LK_CUSTODY_EXPECTED, LK_CUSTODY_RETURNED, LK_NO_DOOR);
    }
    lk_command_code_died(s, LK_HOLDERS, LK_REASON_ITEM_CANCELLED);
    lk_deposit_changed(s, &now);
    lk_command_settle(s, LK_REASON_NONE);
}

/* --- which way it goes: transfer, extend, received, delivered
 * --------------------------------------------------------- */

static enum lk_channel channel_to(enum lk_custody to)
{
    return to == LK_CUSTODY_WITH_COURIER ? LK_CHANNEL_POST : LK_CHANNEL_WINDOW;
}

static enum lk_reason transfer_refusal(const struct lk_step *s)
{
    const struct lk_item *item = &s->in->item;
    enum lk_reason reason = lk_command_item_refusal(s);
    if (reason != LK_REASON_NONE) {
        return reason;
    }
    if (item->rejected) {
        return LK_REASON_REJECTED;
    }
    /* What is at the window staff send by themselves, and the post has what it has: upstream cannot know of either. */
    bool there = item->custody == LK_CUSTODY_AT_WINDOW && s->in->command.to == LK_CUSTODY_AT_WINDOW;
    if (item->custody != LK_CUSTODY_EXPECTED && item->custody != LK_CUSTODY_IN_LOCKER && !there) {
        return lk_custody_reason(item->custody);
    }
    bool being_put_in = item->custody != LK_CUSTODY_IN_LOCKER && lk_custody_door(s->core, item->id) != LK_NO_DOOR;
    return being_put_in ? LK_REASON_DOOR_BUSY : LK_REASON_NONE;
}

/* Nothing changes hands here: an item in a compartment that is wanted elsewhere is due for a round (store/find.h), and
 * what staff do is then told as any recall. */
void lk_command_transfer(struct lk_step *s)
{
    enum lk_reason reason = transfer_refusal(s);
    struct lk_item item = s->in->item;
    item.channel = channel_to(s->in->command.to);
    const char *waybill = s->in->command.item.waybill;
    bool news = item.channel != s->in->item.channel || strcmp(waybill, item.waybill) != 0;
    if (reason == LK_REASON_NONE && news) {
        struct lk_event *e = lk_command_event(s, LK_EV_ITEM_UPDATED);
        e->reason = LK_REASON_DETAILS_CHANGED;
        e->has_via = true;
        e->via = item.channel;
        memcpy(e->waybill, waybill, sizeof(e->waybill));
        lk_fx(s, LK_FX_ITEM_PUT)->item = item;
        if (strcmp(waybill, item.waybill) != 0) {
            lk_fx_waybill(s, item.id, waybill);
        }
        memcpy(item.waybill, waybill, sizeof(item.waybill));
        lk_deposit_changed(s, &item);
    }
    lk_command_settle(s, reason);
}

void lk_command_extend(struct lk_step *s)
{
    struct lk_by by = lk_command_by(s);
    lk_command_settle(s, lk_desk_extend(s, lk_command_item(s), s->in->command.days, &by));
}

void lk_command_received(struct lk_step *s)
{
    struct lk_by by = lk_command_by(s);
    lk_command_settle(s, lk_desk_receive(s, lk_command_item(s), &by));
}

static enum lk_reason delivered_by_post(struct lk_step *s)
{
    const struct lk_item *item = &s->in->item;
    if (lk_custody_door(s->core, item->id) != LK_NO_DOOR) {
        return LK_REASON_DOOR_BUSY; /* a courier is just putting it into a compartment, or was */
    }
    if (s->in->command.undeliverable) {
        struct lk_event *e = lk_command_event(s, LK_EV_ITEM_UPDATED);
        e->reason = LK_REASON_UNDELIVERABLE;
        memcpy(e->waybill, item->waybill, sizeof(e->waybill));
        return LK_REASON_NONE;
    }
    struct lk_event *e = lk_command_event(s, LK_EV_ITEM_COLLECTED);
    e->from = LK_CUSTODY_WITH_COURIER;
    e->to = LK_CUSTODY_COLLECTED;
    e->has_via = true;
    e->via = LK_CHANNEL_POST;
    memcpy(e->waybill, item->waybill, sizeof(e->waybill));
    lk_fx_custody(s, item->id, e->from, e->to, LK_NO_DOOR);
    lk_fx_secret_kill(s, item->id);
    struct lk_item now = *item;
    now.custody = LK_CUSTODY_COLLECTED;
    lk_deposit_changed(s, &now);
    return LK_REASON_NONE;
}

/* Which way it went is where it is now; upstream may say which, and is then taken at its word. */
static enum lk_reason delivered(struct lk_step *s)
{
    const struct lk_command *command = &s->in->command;
    const struct lk_item *item = lk_command_item(s);
    if (!item) {
        return LK_REASON_NO_SUCH_ITEM;
    }
    bool window = item->custody == LK_CUSTODY_AT_WINDOW && command->via != LK_CHANNEL_POST && !command->undeliverable;
    bool post = item->custody == LK_CUSTODY_WITH_COURIER && command->via != LK_CHANNEL_WINDOW;
    if (!window && !post) {
        return lk_custody_reason(item->custody);
    }
    struct lk_by by = lk_command_by(s);
    return window ? lk_desk_hand_over(s, item, LK_PROOF_NONE, &by) : delivered_by_post(s);
}

void lk_command_delivered(struct lk_step *s)
{
    lk_command_settle(s, delivered(s));
}
