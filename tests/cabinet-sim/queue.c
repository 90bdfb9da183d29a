#include "queue.h"

#include <errno.h>
#include <stdlib.h>

static bool earlier(const struct lk_cab_deadline *a, const struct lk_cab_deadline *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

static void swap(struct lk_cab_deadline *a, struct lk_cab_deadline *b)
{
    struct lk_cab_deadline t = *a;
    *a = *b;
    *b = t;
}

void lk_cab_queue_free(struct lk_cab_queue *q)
{
    free(q->heap);
    *q = (struct lk_cab_queue){0};
}

static int grow(struct lk_cab_queue *q)
{
    size_t room = q->room ? q->room * 2 : 256;
    struct lk_cab_deadline *heap = realloc(q->heap, room * sizeof *heap);
    if (!heap) {
        return -ENOMEM;
    }
    q->heap = heap;
    q->room = room;
    return 0;
}

int lk_cab_queue_add(struct lk_cab_queue *q, int64_t at_ns, enum lk_cab_due due, unsigned index)
{
    if (q->used == q->room && grow(q) < 0) {
        return -ENOMEM;
    }
    size_t i = q->used++;
    q->heap[i] = (struct lk_cab_deadline){at_ns, q->order++, due, index};
    while (i > 0 && earlier(&q->heap[i], &q->heap[(i - 1) / 2])) {
        swap(&q->heap[i], &q->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    return 0;
}

int64_t lk_cab_queue_next(const struct lk_cab_queue *q)
{
    return q->used ? q->heap[0].at_ns : INT64_MAX;
}

static void sink(struct lk_cab_queue *q)
{
    for (size_t i = 0;;) {
        size_t least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < q->used; child++) {
            least = earlier(&q->heap[child], &q->heap[least]) ? child : least;
        }
        if (least == i) {
            return;
        }
        swap(&q->heap[i], &q->heap[least]);
        i = least;
    }
}

bool lk_cab_queue_pop(struct lk_cab_queue *q, int64_t now_ns, struct lk_cab_deadline *ret_due)
{
    if (q->used == 0 || q->heap[0].at_ns > now_ns) {
        return false;
    }
    *ret_due = q->heap[0];
    q->heap[0] = q->heap[--q->used];
    sink(q);
    return true;
}
