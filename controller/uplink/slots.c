#include "slots.h"

#include "base/ring.h"
#include "mqtt.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

enum { INDEX_BITS = 12, INDEX_MASK = (1 << INDEX_BITS) - 1, GENERATION_MASK = LK_MQTT_MARK_MOST >> INDEX_BITS };
_Static_assert(LK_SLOTS_MOST == 1 << INDEX_BITS, "an index fits its bits");

enum slot_state { SLOT_FREE, SLOT_SENT, SLOT_DONE };

struct slot {
    enum slot_state state;
    enum lk_slot_kind kind;
    uint32_t session, generation;
    uint64_t tag;
    int code;
    uint16_t next_free;
};

struct lk_slots {
    pthread_mutex_t lock;
    struct lk_ring *done; /* indices; as many places as slots, so that a push never fails */
    size_t count, used, sent, most_sent;
    uint32_t generation;
    bool wanted;
    uint16_t first_free; /* count: none */
    struct slot slot[];
};

int lk_slots_create(size_t count, struct lk_slots **ret_slots)
{
    if (count < 1 || count > LK_SLOTS_MOST - LK_SLOTS_KEPT) {
        return -EINVAL;
    }
    count += LK_SLOTS_KEPT;
    struct lk_slots *s = calloc(1, sizeof(*s) + count * sizeof(s->slot[0]));
    if (!s) {
        return -ENOMEM;
    }
    int r = lk_ring_create(count, sizeof(uint16_t), &s->done);
    if (r < 0) {
        free(s);
        return r;
    }
    (void)pthread_mutex_init(&s->lock, NULL);
    s->count = count;
    s->most_sent = count - LK_SLOTS_KEPT;
    for (size_t i = 0; i < count; i++) {
        s->slot[i].next_free = (uint16_t)(i + 1);
    }
    *ret_slots = s;
    return 0;
}

struct lk_slots *lk_slots_destroy(struct lk_slots *s)
{
    if (s) {
        (void)lk_ring_destroy(s->done);
        (void)pthread_mutex_destroy(&s->lock);
        free(s);
    }
    return NULL;
}

static void leave_state(struct lk_slots *s, size_t index)
{
    if (s->slot[index].state == SLOT_SENT) {
        s->sent--;
    }
}

static void release(struct lk_slots *s, size_t index)
{
    leave_state(s, index);
    s->slot[index].state = SLOT_FREE;
    s->slot[index].next_free = s->first_free;
    s->first_free = (uint16_t)index;
    s->used--;
}

static bool was_wanted(struct lk_slots *s)
{
    bool wanted = s->wanted;
    s->wanted = false;
    return wanted;
}

int lk_slots_take(struct lk_slots *s, enum lk_slot_kind kind, uint32_t session, uint64_t tag, uintptr_t *ret_mark)
{
    pthread_mutex_lock(&s->lock);
    bool own = kind == LK_SLOT_BIRTH || kind == LK_SLOT_LEAVE;
    bool room = own ? s->used < s->count : s->used < s->count - LK_SLOTS_KEPT && s->sent < s->most_sent;
    s->wanted = !room;
    if (room) {
        size_t index = s->first_free;
        struct slot *slot = &s->slot[index];
        s->first_free = slot->next_free;
        s->used++;
        s->sent++;
        *slot = (struct slot){SLOT_SENT, kind, session, s->generation, tag, 0, 0};
        *ret_mark = (uintptr_t)s->generation << INDEX_BITS | index;
    }
    pthread_mutex_unlock(&s->lock);
    return room ? 0 : -EAGAIN;
}

void lk_slots_put_back(struct lk_slots *s, uintptr_t mark)
{
    pthread_mutex_lock(&s->lock);
    release(s, mark & INDEX_MASK);
    pthread_mutex_unlock(&s->lock);
}

void lk_slots_forget(struct lk_slots *s)
{
    pthread_mutex_lock(&s->lock);
    s->generation = (s->generation + 1) & GENERATION_MASK;
    for (size_t i = 0; i < s->count; i++) {
        if (s->slot[i].state == SLOT_SENT) {
            release(s, i);
        }
    }
    pthread_mutex_unlock(&s->lock);
}

void lk_slots_limit(struct lk_slots *s, size_t most)
{
    pthread_mutex_lock(&s->lock);
    s->most_sent = most;
    pthread_mutex_unlock(&s->lock);
}

static struct slot *find_sent(struct lk_slots *s, uintptr_t mark)
{
    size_t index = mark & INDEX_MASK;
    if (index >= s->count) {
        return NULL;
    }
    struct slot *slot = &s->slot[index];
    return slot->state == SLOT_SENT && slot->generation == mark >> INDEX_BITS ? slot : NULL;
}

bool lk_slots_report(struct lk_slots *s, uintptr_t mark, int code, bool *ret_leave)
{
    bool wanted = false;
    pthread_mutex_lock(&s->lock);
    struct slot *slot = find_sent(s, mark);
    *ret_leave = slot && slot->kind == LK_SLOT_LEAVE;
    if (slot && slot->kind == LK_SLOT_TAGGED) {
        uint16_t index = (uint16_t)(slot - s->slot);
        leave_state(s, index);
        slot->state = SLOT_DONE;
        slot->code = code;
        (void)lk_ring_push(s->done, &index);
    } else if (slot) {
        release(s, (size_t)(slot - s->slot));
    }
    wanted = slot && was_wanted(s);
    pthread_mutex_unlock(&s->lock);
    return wanted;
}

bool lk_slots_collect(struct lk_slots *s, struct lk_slot_result *ret_result, bool *ret_wanted)
{
    uint16_t index;
    *ret_wanted = false;
    if (!lk_ring_pop(s->done, &index)) {
        return false;
    }
    pthread_mutex_lock(&s->lock);
    const struct slot *slot = &s->slot[index];
    *ret_result = (struct lk_slot_result){slot->session, slot->tag, slot->code};
    release(s, index);
    *ret_wanted = was_wanted(s);
    pthread_mutex_unlock(&s->lock);
    return true;
}

int lk_slots_fd(const struct lk_slots *s)
{
    return lk_ring_fd(s->done);
}

void lk_slots_clear(struct lk_slots *s)
{
    lk_ring_clear(s->done);
}
