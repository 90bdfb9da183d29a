#include "world.h"

#include "base/text.h"

#include <string.h>

enum { CODES = 400, FIRST_TOKEN = 1000000, DELEGATE_TOKENS = 2000000, KINDS = 10 };

/* Some item of the store, better one that the command is for; NULL: the store is empty. */
static const struct lk_item *some_item(struct world *w, enum lk_custody want)
{
    const struct lk_item *found = NULL;
    int from = (int)world_between(w, 0, MODEL_ITEMS - 1);
    for (int i = 0; i < MODEL_ITEMS && (!found || (found->custody != want && !world_chance(w, 30))); i++) {
        int k = (from + i) % MODEL_ITEMS;
        found = w->store.item[k].used ? &w->store.item[k].item : found;
    }
    return found;
}

/* Codes and tokens, and whether the code is alive for somebody else already: of whom, is looked at as strictly as the
 * engine does. */
static void secrets(struct world *w, struct lk_input *in, enum lk_holder holder)
{
    uint64_t code = world_chance(w, 850) ? (uint64_t)world_between(w, 1, CODES) : 0;
    uint64_t first = holder == LK_HOLDER_DELEGATE ? DELEGATE_TOKENS : FIRST_TOKEN;
    for (int i = 0; i < MODEL_SECRETS && code != 0; i++) {
        const struct model_secret *s = &w->store.secret[i];
        bool own = strcmp(s->item, in->command.item.id) == 0 && s->holder == holder;
        in->code_in_use = in->code_in_use || (s->used && s->live && s->code == code && !own);
    }
    in->secret = model_secret(code, world_chance(w, 500) ? first + ++w->ids : 0);
    in->secret.holder = holder;
    (void)lk_text_copy(in->secret.tail, sizeof(in->secret.tail), world_chance(w, 500) ? "7788" : "");
}

/* With another person the item's code would be two people's: the engine says so, and the core refuses. */
static bool is_shared(const struct world *w, const struct lk_input *in)
{
    for (int i = 0; i < MODEL_SECRETS * MODEL_SECRETS; i++) {
        const struct model_secret *own = &w->store.secret[i / MODEL_SECRETS];
        const struct model_secret *s = &w->store.secret[i % MODEL_SECRETS];
        bool live = own->used && own->live && s->used && s->live && own->code != 0 && own->code == s->code;
        bool others = strcmp(own->item, in->command.item.id) == 0 && strcmp(s->item, in->command.item.id) != 0;
        if (live && others && !model_same_person(model_store_item(&w->store, s->item), &in->command.item)) {
            return true;
        }
    }
    return false;
}

static void details(struct world *w, struct lk_input *in)
{
    static const uint32_t bits[] = {LK_GIVEN_SIZE, LK_GIVEN_PHONE | LK_GIVEN_CASE, LK_GIVEN_LOW_REACH,
                                    LK_GIVEN_SECOND_FACTOR, LK_GIVEN_CHANNEL};
    struct lk_item *item = &in->command.item;
    item->size = (enum lk_size)world_between(w, 0, LK_SIZE_L);
    item->channel = (enum lk_channel)world_between(w, 0, LK_CHANNELS - 1);
    item->low_reach = world_chance(w, 300);
    item->second_factor = world_chance(w, 200);
    staff_details(w, item);
    for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
        in->command.given |= world_chance(w, 300) ? bits[i] : 0;
    }
    in->code_in_use = (in->command.given & LK_GIVEN_PHONE) != 0 && is_shared(w, in);
}

static enum lk_custody wanted(enum lk_command_kind kind)
{
    return kind == LK_CMD_ITEM_RECEIVED    ? LK_CUSTODY_WITH_COURIER
           : kind == LK_CMD_ITEM_DELIVERED ? LK_CUSTODY_WITH_COURIER
                                           : LK_CUSTODY_IN_LOCKER;
}

static void arguments(struct world *w, struct lk_input *in)
{
    struct lk_command *c = &in->command;
    if (c->kind == LK_CMD_ITEM_UPDATE) {
        details(w, in);
    } else if (c->kind == LK_CMD_CODE_REISSUE || c->kind == LK_CMD_DELEGATE_GRANT) {
        secrets(w, in, c->kind == LK_CMD_DELEGATE_GRANT ? LK_HOLDER_DELEGATE : LK_HOLDER_RECIPIENT);
    } else if (c->kind == LK_CMD_ITEM_TRANSFER) {
        c->to = world_chance(w, 500) ? LK_CUSTODY_AT_WINDOW : LK_CUSTODY_WITH_COURIER;
        (void)snprintf(c->item.waybill, sizeof(c->item.waybill), "U%u", ++w->ids);
    } else if (c->kind == LK_CMD_ITEM_DELIVERED) {
        c->via = (enum lk_channel)world_between(w, 0, LK_CHANNELS - 1);
        c->undeliverable = world_chance(w, 300);
    } else if (c->kind == LK_CMD_ITEM_EXTEND) {
        c->days = (unsigned)world_between(w, 0, 9);
    }
}

void postal_command(struct world *w)
{
    static const enum lk_command_kind kinds[KINDS] = {
        LK_CMD_ITEM_UPDATE,  LK_CMD_ITEM_TRANSFER, LK_CMD_ITEM_EXTEND,    LK_CMD_ITEM_DELIVERED,  LK_CMD_ITEM_RECEIVED,
        LK_CMD_CODE_REISSUE, LK_CMD_CODE_REVOKE,   LK_CMD_DELEGATE_GRANT, LK_CMD_DELEGATE_REVOKE, LK_CMD_ITEM_CANCEL,
    };
    struct lk_input in = world_input(LK_IN_COMMAND);
    in.command.kind = kinds[world_between(w, 0, KINDS - 1)];
    in.command.digest[0] = 1;
    in.command.item.door = LK_NO_DOOR;
    (void)snprintf(in.command.jti, sizeof(in.command.jti), "p%u", ++w->ids);
    (void)lk_text_copy(in.command.issuer, sizeof(in.command.issuer), "postal");
    const struct lk_item *item = some_item(w, wanted(in.command.kind));
    (void)lk_text_copy(in.command.item.id, sizeof(in.command.item.id), item ? item->id : "nothing");
    in.found = item != NULL;
    if (item) {
        in.item = *item;
        in.code_live = model_store_has_secret(&w->store, item->id);
    }
    arguments(w, &in);
    (void)world_person(w, &in);
}

void postal_calendar(struct world *w)
{
    struct lk_input in = world_input(LK_IN_DUE);
    in.due = (enum lk_due)world_between(w, 0, LK_DUES - 1);
    const struct lk_item *item = some_item(w, in.due == LK_DUE_ERASE ? LK_CUSTODY_COLLECTED : LK_CUSTODY_IN_LOCKER);
    bool about_one = in.due != LK_DUE_PURGE && in.due != LK_DUE_EVENTS;
    in.found = about_one && item;
    if (in.found) {
        in.item = *item;
    }
    in.count = about_one ? 0 : 1;
    (void)world_person(w, &in);
}
