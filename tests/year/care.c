/* Maintenance: what is blocked or stopped is looked at in the morning, and the weekly inspection round. */
#include "year.h"

#include "base/text.h"

#include <string.h>

enum { ROUND_DOORS = 8, UNKNOWN_MOST = 100 };

bool care_admin(struct site *s, struct lk_input *in, const char *who)
{
    in->staff.ok = true;
    in->staff.role = who[0] == 'c' ? LK_ACTOR_CLERK : LK_ACTOR_MAINTENANCE;
    (void)lk_text_copy(in->staff.id, sizeof(in->staff.id), who);
    in->approver = (struct lk_staff){.ok = true, .role = LK_ACTOR_SUPERVISOR, .id = "s1"};
    (void)lk_text_copy(in->note, sizeof(in->note), "ordinary work");
    return kiosk_send(s, in);
}

static void admin_door(struct site *s, enum lk_admin_op op, int door, bool holds)
{
    struct lk_input in = lk_engine_input(LK_IN_ADMIN);
    in.admin = op;
    in.door = door;
    in.holds = holds;
    (void)care_admin(s, &in, "m1");
}

void care_take_out(struct site *s, int door, enum place to)
{
    for (size_t i = 0; i < s->items; i++) {
        if (s->item[i].where == BEHIND_DOOR && s->item[i].door == door) {
            s->item[i].where = to;
        }
    }
}

static bool holds(const struct site *s, int door)
{
    for (size_t i = 0; i < s->items; i++) {
        if (s->item[i].where == BEHIND_DOOR && s->item[i].door == door) {
            return true;
        }
    }
    return false;
}

static bool opens(struct site *s, int door)
{
    admin_door(s, LK_ADMIN_OPEN, door, false);
    for (int i = 0; i < 6 && !s->door[door].open; i++) {
        site_wait(s, SECOND_MS);
    }
    return s->door[door].open;
}

static void shuts(struct site *s, int door)
{
    cabinet_shut(s, door);
    site_wait(s, 2 * SECOND_MS);
}

/* --- unknown items ------------------------------------------------------------------------------------------------ */

struct unknowns {
    unsigned count;
    char id[UNKNOWN_MOST][LK_ITEM_ID_MAX + 1];
};

static bool add_unknown(void *user, const struct lk_store_item *row)
{
    struct unknowns *u = user;
    memcpy(u->id[u->count++], row->item.id, sizeof(u->id[0]));
    return u->count < UNKNOWN_MOST;
}

/* What an honest inspection finds; NONE: it stays unknown, for it is nowhere. */
static enum lk_custody finds(const struct envelope *e)
{
    switch (e->where) {
    case AT_RECIPIENT:
        return LK_CUSTODY_COLLECTED;
    case AT_OFFICE:
    case AT_SENDER:
        return LK_CUSTODY_AT_WINDOW;
    case AT_POST:
        return LK_CUSTODY_WITH_COURIER;
    case SENT_BACK:
        return LK_CUSTODY_RETURNED;
    case BEHIND_DOOR:
    case STOLEN:
    case PLACES:
        break;
    }
    return LK_CUSTODY_NONE;
}

static void settle(struct site *s, int item)
{
    struct envelope *e = &s->item[item];
    struct lk_input in = lk_engine_input(LK_IN_ADMIN);
    struct lk_store_found found = {0};
    if (!s->up || finds(e) == LK_CUSTODY_NONE) {
        return;
    }
    struct lk_stamp now = site_stamp(s);
    if (lk_store_find_item(s->store, &now, e->id, &found) < 0) {
        site_broken(s, "an item cannot be looked up");
    }
    in.admin = LK_ADMIN_SETTLE;
    in.settle_to = finds(e);
    in.found = found.found;
    in.item = found.item;
    (void)care_admin(s, &in, "m1");
    if (kiosk_custody(s, e->id) == LK_CUSTODY_AT_WINDOW) {
        staff_here(s, item);
    }
}

static void settle_all(struct site *s)
{
    static struct unknowns u;
    struct lk_store_item_filter filter = {.custody = LK_CUSTODY_UNKNOWN, .limit = UNKNOWN_MOST};
    u.count = 0;
    if (!s->up) {
        return;
    }
    struct lk_stamp now = site_stamp(s);
    if (lk_store_list_items(s->store, &now, &filter, add_unknown, &u) < 0) {
        site_broken(s, "unknown items cannot be listed");
    }
    for (unsigned k = 0; k < u.count; k++) {
        for (size_t i = 0; i < s->items; i++) {
            if (strcmp(s->item[i].id, u.id[k]) == 0) {
                settle(s, (int)i);
            }
        }
    }
}

/* --- what stands still -------------------------------------------------------------------------------------------- */

static void resume_banks(struct site *s)
{
    for (int b = 0; b < s->cfg.banks && s->up; b++) {
        const struct lk_bank *bank = &site_core(s)->bank[b];
        if (bank->stopped_by_us || bank->state == LK_BANK_STOPPED) {
            struct lk_input in = lk_engine_input(LK_IN_ADMIN);
            in.admin = LK_ADMIN_UNBLOCK;
            in.bank = b;
            (void)care_admin(s, &in, "m1");
            site_wait(s, 5 * SECOND_MS);
        }
    }
}

/* A copy that its recipient never knew was in there goes to them. */
static void hand_back(struct site *s, int door)
{
    for (size_t i = 0; i < s->items; i++) {
        struct envelope *e = &s->item[i];
        if (e->where == BEHIND_DOOR && e->door == door && kiosk_custody(s, e->id) == LK_CUSTODY_COLLECTED) {
            e->where = AT_RECIPIENT;
        }
    }
}

static void look_into(struct site *s, int door)
{
    s->door[door].stiff = false;
    if (!opens(s, door)) {
        return;
    }
    hand_back(s, door);
    care_take_out(s, door, AT_OFFICE);
    shuts(s, door);
}

static void repair(struct site *s, int door)
{
    s->door[door].stiff = false;
    if (opens(s, door)) {
        shuts(s, door);
    }
}

static void blocked_doors(struct site *s)
{
    bool looked[LK_MAX_DOORS] = {false};
    for (int i = 0; i < s->cfg.doors && s->up; i++) {
        const struct lk_door *d = &site_core(s)->door[i];
        looked[i] = d->use == LK_USE_BLOCKED && d->doubt_until_ms == LK_NEVER;
        if (looked[i]) {
            look_into(s, i);
        } else if (d->state == LK_DOOR_JAMMED) {
            repair(s, i);
        }
    }
    settle_all(s);
    for (int i = 0; i < s->cfg.doors && s->up; i++) {
        if (looked[i]) {
            admin_door(s, LK_ADMIN_UNBLOCK, i, false);
        }
    }
}

/* --- the weekly round --------------------------------------------------------------------------------------------- */

/* Compartments that should be empty, a few each week, all of them in the course of time. */
static void weekly_round(struct site *s)
{
    unsigned seen = 0, mismatches = 0;
    for (int i = 0; i < s->cfg.doors && seen < ROUND_DOORS && s->up; i++) {
        int door = (s->round_at + i) % s->cfg.doors;
        const struct lk_door *d = &site_core(s)->door[door];
        if (d->use != LK_USE_FREE || d->state != LK_DOOR_CLOSED || !opens(s, door)) {
            continue;
        }
        mismatches += holds(s, door);
        admin_door(s, LK_ADMIN_INSPECTED, door, holds(s, door));
        shuts(s, door);
        seen++;
    }
    s->round_at = (s->round_at + ROUND_DOORS) % s->cfg.doors;
    struct lk_input in = lk_engine_input(LK_IN_ADMIN);
    in.admin = LK_ADMIN_ROUND;
    in.count = seen;
    in.mismatches = mismatches;
    in.reason = mismatches > 0 ? LK_REASON_NOT_EMPTY : LK_REASON_NONE;
    (void)care_admin(s, &in, "m1");
}

void care_morning(struct site *s)
{
    kiosk_clear(s);
    resume_banks(s);
    blocked_doors(s);
    if (calendar_is_monday(site_day(s))) {
        weekly_round(s);
    }
}
