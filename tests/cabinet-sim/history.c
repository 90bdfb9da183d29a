#include "history.h"

#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_names[LK_CAB_KINDS] = {
    [LK_CAB_REQUEST] = "request",
    [LK_CAB_REPLY] = "reply",
    [LK_CAB_UNANSWERED] = "unanswered",
    [LK_CAB_GARBLED] = "garbled",
    [LK_CAB_GAP_VIOLATION] = "gap-violation",
    [LK_CAB_DROPPED] = "dropped",
    [LK_CAB_PULSE_START] = "pulse-start",
    [LK_CAB_PULSE_END] = "pulse-end",
    [LK_CAB_UNLATCHED] = "unlatched",
    [LK_CAB_DOOR_OPENED] = "door-opened",
    [LK_CAB_DOOR_CLOSED] = "door-closed",
    [LK_CAB_INPUT] = "input",
    [LK_CAB_ITEM_PUT] = "item-put",
    [LK_CAB_ITEM_TAKEN] = "item-taken",
    [LK_CAB_FAULT_SET] = "fault-set",
    [LK_CAB_FAULT_CLEARED] = "fault-cleared",
    [LK_CAB_POWER_OFF] = "power-off",
    [LK_CAB_POWER_ON] = "power-on",
    [LK_CAB_LINE] = "line",
};

int lk_cab_history_init(struct lk_cab_history *ret_h, size_t room)
{
    struct lk_cab_happening *ring = calloc(room, sizeof *ring);
    if (!ring) {
        return -ENOMEM;
    }
    *ret_h = (struct lk_cab_history){.ring = ring, .room = room};
    return 0;
}

void lk_cab_history_free(struct lk_cab_history *h)
{
    free(h->ring);
    *h = (struct lk_cab_history){0};
}

void lk_cab_history_add(struct lk_cab_history *h, const struct lk_cab_happening *what)
{
    struct lk_cab_happening *slot = &h->ring[h->last_seq++ % h->room];
    *slot = *what;
    slot->seq = h->last_seq;
    if (h->listener) {
        h->listener(h->listener_arg, slot);
    }
}

const struct lk_cab_happening *lk_cab_history_get(const struct lk_cab_history *h, uint64_t seq)
{
    if (seq < lk_cab_history_oldest(h) || seq > h->last_seq) {
        return NULL;
    }
    return &h->ring[(seq - 1) % h->room];
}

uint64_t lk_cab_history_oldest(const struct lk_cab_history *h)
{
    return h->last_seq > h->room ? h->last_seq - h->room + 1 : 1;
}

const char *lk_cab_kind_name(enum lk_cab_kind kind)
{
    return kind_names[kind];
}

enum lk_cab_kind lk_cab_kind_from_name(const char *name)
{
    unsigned kind = 0;
    while (kind < LK_CAB_KINDS && strcmp(kind_names[kind], name) != 0) {
        kind++;
    }
    return (enum lk_cab_kind)kind;
}

void lk_cab_hex_text(char *dst, size_t cap, const uint8_t *bytes, size_t n)
{
    size_t fits = (cap - 3) / 2;
    lk_text_hex(dst, bytes, n < fits ? n : fits);
    if (n > fits) {
        memcpy(dst + 2 * fits, "..", 3);
    }
}
