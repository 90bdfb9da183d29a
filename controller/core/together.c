#include "base/text.h"
#include "machine.h"

#include <assert.h>
#include <string.h>

struct lk_extra *lk_together_next(struct lk_core *core, int door)
{
    for (int i = 0; i < LK_EXTRAS; i++) {
        if (core->extra[i].item[0] != '\0' && core->extra[i].door == door) {
            return &core->extra[i];
        }
    }
    return NULL;
}

unsigned lk_together_count(const struct lk_core *core, int door)
{
    unsigned n = core->door[door].item[0] != '\0';
    for (int i = 0; i < LK_EXTRAS; i++) {
        n += core->extra[i].item[0] != '\0' && core->extra[i].door == door;
    }
    return n;
}

static struct lk_extra *free_entry(struct lk_core *core)
{
    for (int i = 0; i < LK_EXTRAS; i++) {
        if (core->extra[i].item[0] == '\0') {
            return &core->extra[i];
        }
    }
    return NULL;
}

bool lk_together_has_room(const struct lk_core *core, int door)
{
    unsigned used = 0, joining = 0;
    for (int i = 0; i < LK_EXTRAS; i++) {
        used += core->extra[i].item[0] != '\0';
    }
    for (int i = 0; i < LK_MAX_DOORS; i++) {
        joining += core->door[i].joining[0] != '\0';
    }
    return used + joining < LK_EXTRAS && lk_together_count(core, door) < LK_TOGETHER_MOST;
}

void lk_together_add(struct lk_core *core, int door, const char *item, bool unknown)
{
    struct lk_extra *extra = free_entry(core);
    assert(extra); /* lk_together_has_room() was asked before the item was put in */
    extra->door = door;
    extra->unknown = unknown;
    (void)lk_text_copy(extra->item, sizeof(extra->item), item);
}

static struct lk_extra *entry_of(struct lk_core *core, int door, const char *item)
{
    for (int i = 0; i < LK_EXTRAS; i++) {
        if (core->extra[i].door == door && strcmp(core->extra[i].item, item) == 0) {
            return &core->extra[i];
        }
    }
    return NULL;
}

void lk_together_lead(struct lk_step *s, int door, const char *item)
{
    struct lk_door *d = &s->core->door[door];
    struct lk_extra *extra = entry_of(s->core, door, item);
    if (!extra || item[0] == '\0' || strcmp(d->item, item) == 0) {
        return;
    }
    char lead[LK_ITEM_ID_MAX + 1];
    bool was_unknown = d->use == LK_USE_BLOCKED;
    memcpy(lead, extra->item, sizeof(lead));
    memcpy(extra->item, d->item, sizeof(extra->item));
    extra->unknown = was_unknown;
    lk_fx_use(s, door, d->use, lead, d->blocked_for);
}

void lk_together_remove(struct lk_core *core, int door, const char *item)
{
    struct lk_extra *extra = entry_of(core, door, item);
    if (extra && item[0] != '\0') {
        extra->item[0] = '\0';
    }
}
