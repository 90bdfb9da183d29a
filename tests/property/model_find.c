/* The model store's look-ups: who is behind a code, and what else it opens. */
#include "model_store.h"

#include <string.h>

bool model_same_person(const struct lk_item *a, const struct lk_item *b)
{
    return a->has_phone && b->has_phone && memcmp(a->phone_mac, b->phone_mac, sizeof(a->phone_mac)) == 0;
}

static bool is_same_secret(const struct model_secret *a, const struct model_secret *b)
{
    return (a->code != 0 && a->code == b->code) || (a->token != 0 && a->token == b->token);
}

/* Whether a live secret of this item is the same as `secret`. */
static bool opens_too(const struct model_store *store, const struct model_secret *secret, const char *id)
{
    for (int i = 0; i < MODEL_SECRETS; i++) {
        const struct model_secret *s = &store->secret[i];
        if (s->used && s->live && strcmp(s->item, id) == 0 && is_same_secret(s, secret)) {
            return true;
        }
    }
    return false;
}

/* Compartments other than this one that the secret opens; the first of them by door: *ret_next. */
static unsigned siblings(const struct model_store *store, const struct model_secret *secret, int except,
                         const struct lk_item **ret_next)
{
    unsigned n = 0;
    *ret_next = NULL;
    for (int door = 0; door < MODEL_DOORS; door++) {
        const struct lk_item *here = NULL;
        for (int i = 0; i < MODEL_ITEMS && door != except; i++) {
            const struct lk_item *item = &store->item[i].item;
            bool inside = store->item[i].used && item->custody == LK_CUSTODY_IN_LOCKER && item->door == door;
            here = inside && opens_too(store, secret, item->id) ? item : here;
        }
        *ret_next = *ret_next ? *ret_next : here;
        n += here != NULL;
    }
    return n;
}

static void fill(const struct model_store *store, const struct lk_item *item, const struct model_secret *secret,
                 struct lk_input *in)
{
    const struct lk_item *next = NULL;
    in->found = item != NULL;
    if (!item) {
        return;
    }
    in->item = *item;
    in->item.holder = secret->holder;
    if (secret->holder == LK_HOLDER_DELEGATE) {
        memcpy(in->item.phone_tail, secret->tail, sizeof(in->item.phone_tail));
    }
    in->code_live = secret->live;
    in->more = secret->live ? siblings(store, secret, item->door, &next) : 0;
}

void model_store_look_up(const struct model_store *store, uint64_t number, bool is_token, struct lk_input *in)
{
    const struct model_secret *found = NULL;
    for (int i = 0; i < MODEL_SECRETS && number != 0; i++) {
        const struct model_secret *s = &store->secret[i];
        bool better = !found || (s->live && !found->live);
        if (s->used && (is_token ? s->token : s->code) == number && better) {
            found = s;
        }
    }
    in->found = false;
    if (found) {
        fill(store, model_store_item(store, found->item), found, in);
    }
}

void model_store_sibling(const struct model_store *store, const char *id, enum lk_holder holder, struct lk_input *in)
{
    in->found = false;
    for (int i = 0; i < MODEL_SECRETS && !in->found; i++) {
        const struct model_secret *s = &store->secret[i];
        const struct lk_item *next = NULL;
        bool theirs = s->used && s->holder == holder && strcmp(s->item, id) == 0;
        if (theirs && siblings(store, s, LK_NO_DOOR, &next) > 0) {
            struct model_secret live = *s;
            live.live = true;
            fill(store, next, &live, in);
        }
    }
}
