#include "machine.h"

#include "base/text.h"

#include <string.h>

/* --- which compartment -----------------------------------------------------------------------------------------------
 */

static bool is_usable(const struct lk_core_config *cfg, const struct lk_core *core, int door)
{
    const struct lk_door *d = &core->door[door];
    const struct lk_bank *bank = &core->bank[cfg->door[door].bank];
    return d->use == LK_USE_FREE && d->state == LK_DOOR_CLOSED && d->op.purpose == LK_PURPOSE_NONE && !d->wiring_held &&
           bank->state == LK_BANK_READY && !bank->stopped_by_us && !core->stopping;
}

static bool suits(const struct lk_core_config *cfg, int door, enum lk_size size, const struct lk_item *item)
{
    return cfg->door[door].size == size && (!item->low_reach || cfg->door[door].low_reach);
}

unsigned lk_deposit_free(const struct lk_core_config *cfg, const struct lk_core *core, enum lk_size size,
                         const struct lk_item *item)
{
    unsigned n = 0;
    for (int i = 0; i < cfg->doors; i++) {
        n += is_usable(cfg, core, i) && suits(cfg, i, size, item);
    }
    return n;
}

/* The first suitable door; low ones are kept for those who need them as long as others are free. */
static int allocate(const struct lk_step *s, enum lk_size size, const struct lk_item *item)
{
    int low = LK_NO_DOOR;
    for (int i = 0; i < s->cfg->doors; i++) {
        if (!is_usable(s->cfg, s->core, i) || !suits(s->cfg, i, size, item)) {
            continue;
        }
        if (!s->cfg->door[i].low_reach || item->low_reach) {
            return i;
        }
        low = low == LK_NO_DOOR ? i : low;
    }
    return low;
}

static enum lk_reason why_none(const struct lk_step *s)
{
    return s->core->stopping ? LK_REASON_SHUTTING_DOWN : LK_REASON_NO_FREE_DOOR;
}

static int allocate_larger(const struct lk_step *s, enum lk_size than, const struct lk_item *item)
{
    int door = LK_NO_DOOR;
    for (int size = (int)than + 1; size < LK_SIZES && door == LK_NO_DOOR; size++) {
        door = allocate(s, (enum lk_size)size, item);
    }
    return door;
}

/* --- opening it
 * ------------------------------------------------------------------------------------------------------- */

static void announce_unknown(struct lk_step *s, struct lk_item *item)
{
    struct lk_effect *put = lk_fx(s, LK_FX_ITEM_PUT);
    item->custody = LK_CUSTODY_EXPECTED;
    put->item = *item;
    struct lk_event *e = lk_fx_event(s, LK_EV_ITEM_EXPECTED, LK_NO_DOOR);
    memcpy(e->item, item->id, sizeof(e->item));
    e->to = LK_CUSTODY_EXPECTED;
    e->actor = s->core->session.staff;
    memcpy(e->who, s->core->session.who, sizeof(e->who));
}

static void open_for_deposit(struct lk_step *s, int door)
{
    struct lk_session *session = &s->core->session;
    if (session->item.custody == LK_CUSTODY_NONE) {
        announce_unknown(s, &session->item);
    }
    struct lk_door *d = &s->core->door[door];
    if (d->use == LK_USE_OCCUPIED) {
        memcpy(d->joining, session->item.id, sizeof(d->joining));
    } else if (strcmp(d->item, session->item.id) != 0) {
        lk_fx_use(s, door, LK_USE_RESERVED, session->item.id, LK_REASON_NONE);
    }
    struct lk_authority by = {
        .purpose = LK_PURPOSE_DEPOSIT,
        .actor = session->staff,
        .who = session->who,
        .item = session->item.id,
        .from = session->item.custody,
    };
    lk_opening_start(s, door, &by);
    session->door = door;
    session->size = s->cfg->door[door].size;
    session->reopened = 0;
    lk_session_show(s, LK_SCREEN_PUT_OPENING);
}

/* --- the courier's steps
 * ---------------------------------------------------------------------------------------------- */

static enum lk_reason scan_refusal(const struct lk_step *s)
{
    const struct lk_item *item = &s->in->item;
    if (s->in->text[0] == '\0') {
        return LK_REASON_UNKNOWN_BARCODE;
    }
    if (!s->in->found) {
        return s->cfg->unknown_barcode == LK_BARCODE_ACCEPT ? LK_REASON_NONE : LK_REASON_NOT_ANNOUNCED;
    }
    if (item->cancelled) {
        return LK_REASON_ITEM_CANCELLED;
    }
    bool may = lk_custody_allowed(item->custody, LK_CUSTODY_IN_LOCKER, s->core->session.staff);
    return may && item->custody != LK_CUSTODY_UNKNOWN ? LK_REASON_NONE : lk_custody_reason(item->custody);
}

/* An interrupted deposit of this item: the person standing there proves it by opening the same door again. */
static void resume(struct lk_step *s, int door)
{
    const struct lk_door *d = &s->core->door[door];
    if (d->op.purpose == LK_PURPOSE_DEPOSIT && lk_door_is_open(d->state)) {
        s->core->session.door = door; /* the same opening, still open */
        lk_session_show(s, LK_SCREEN_PUT);
        lk_fx_answer(s, LK_RESULT_OK, LK_REASON_NONE);
        return;
    }
    enum lk_reason refusal = lk_opening_refusal(s, door);
    if (refusal != LK_REASON_NONE) {
        lk_session_refuse(s, door, refusal);
        return;
    }
    open_for_deposit(s, door);
    lk_fx_answer(s, LK_RESULT_OK, LK_REASON_NONE);
}

void lk_deposit_scan(struct lk_step *s)
{
    struct lk_session *session = &s->core->session;
    enum lk_reason reason = scan_refusal(s);
    if (reason != LK_REASON_NONE) {
        lk_session_refuse(s, LK_NO_DOOR, reason);
        return;
    }
    session->item = s->in->item;
    if (!s->in->found) {
        memset(&session->item, 0, sizeof(session->item));
        memcpy(session->item.id, s->in->text, sizeof(session->item.id));
        session->item.door = LK_NO_DOOR;
    }
    int door = lk_custody_door(s->core, session->item.id);
    if (door != LK_NO_DOOR) {
        resume(s, door);
        return;
    }
    session->door = LK_NO_DOOR;
    session->size = session->item.size;
    lk_session_show(s, LK_SCREEN_SIZE);
    lk_fx_answer(s, LK_RESULT_OK, LK_REASON_NONE);
}

void lk_deposit_size(struct lk_step *s, enum lk_size size)
{
    int door = size < LK_SIZES ? allocate(s, size, &s->core->session.item) : LK_NO_DOOR;
    if (door == LK_NO_DOOR) {
        lk_session_notice(s, why_none(s));
        return;
    }
    open_for_deposit(s, door);
}

void lk_deposit_larger(struct lk_step *s)
{
    struct lk_session *session = &s->core->session;
    int door = allocate_larger(s, s->cfg->door[session->door].size, &session->item);
    lk_opening_withdraw(s, session->door);
    if (door == LK_NO_DOOR) {
        session->reason = why_none(s);
        lk_session_show(s, LK_SCREEN_PUT_BACK);
        return;
    }
    open_for_deposit(s, door);
}

void lk_deposit_other(struct lk_step *s)
{
    struct lk_session *session = &s->core->session;
    enum lk_size size = s->cfg->door[session->door].size;
    lk_opening_abandon(s, session->door);
    int door = allocate(s, size, &session->item);
    door = door == LK_NO_DOOR ? allocate_larger(s, size, &session->item) : door;
    if (door == LK_NO_DOOR) {
        lk_session_notice(s, why_none(s));
        return;
    }
    open_for_deposit(s, door);
}

void lk_deposit_cancel(struct lk_step *s)
{
    struct lk_session *session = &s->core->session;
    if (session->screen == LK_SCREEN_PUT) {
        lk_opening_withdraw(s, session->door);
        session->reason = LK_REASON_CANCELLED_BY_PERSON;
        lk_session_show(s, LK_SCREEN_PUT_BACK);
    } else {
        lk_opening_abandon(s, session->door);
        lk_session_show(s, LK_SCREEN_SCAN);
    }
}

void lk_deposit_changed(struct lk_step *s, const struct lk_item *item)
{
    struct lk_session *session = &s->core->session;
    if (session->screen != LK_SCREEN_SIZE || strcmp(session->item.id, item->id) != 0) {
        return;
    }
    session->item = *item;
    session->item.door = LK_NO_DOOR;
    if (item->cancelled) {
        lk_session_notice(s, LK_REASON_ITEM_CANCELLED);
    }
}
