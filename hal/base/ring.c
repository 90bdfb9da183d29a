#include "base/ring.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct lk_ring {
    pthread_mutex_t lock;
    size_t slots, record_size, head, count;
    int fd;
    unsigned char records[];
};

int lk_ring_create(size_t slots, size_t record_size, struct lk_ring **ret_ring)
{
    if (slots < 1 || slots > 65536 || record_size < 1 || record_size > 1U << 20) {
        return -EINVAL;
    }
    struct lk_ring *ring = calloc(1, sizeof(*ring) + slots * record_size);
    if (!ring) {
        return -ENOMEM;
    }
    ring->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (ring->fd < 0) {
        int err = -errno;
        free(ring);
        return err;
    }
    (void)pthread_mutex_init(&ring->lock, NULL);
    ring->slots = slots;
    ring->record_size = record_size;
    *ret_ring = ring;
    return 0;
}

struct lk_ring *lk_ring_destroy(struct lk_ring *ring)
{
    if (ring) {
        (void)close(ring->fd);
        (void)pthread_mutex_destroy(&ring->lock);
        free(ring);
    }
    return NULL;
}

static void wake(int fd)
{
    uint64_t one = 1;
    ssize_t n = write(fd, &one, sizeof(one));
    (void)n; /* EAGAIN means the counter is already above zero: the reader is being woken. */
}

int lk_ring_push(struct lk_ring *ring, const void *record)
{
    pthread_mutex_lock(&ring->lock);
    if (ring->count == ring->slots) {
        pthread_mutex_unlock(&ring->lock);
        return -EAGAIN;
    }
    size_t slot = (ring->head + ring->count) % ring->slots;
    memcpy(ring->records + slot * ring->record_size, record, ring->record_size);
    ring->count++;
    pthread_mutex_unlock(&ring->lock);
    wake(ring->fd);
    return 0;
}

bool lk_ring_pop(struct lk_ring *ring, void *ret_record)
{
    pthread_mutex_lock(&ring->lock);
    bool some = ring->count > 0;
    if (some) {
        memcpy(ret_record, ring->records + ring->head * ring->record_size, ring->record_size);
        ring->count--;
        /* Empty again: begin at the first slot, so that a ring made for the worst hour touches no more memory than it
         * needs. */
        ring->head = ring->count > 0 ? (ring->head + 1) % ring->slots : 0;
    }
    pthread_mutex_unlock(&ring->lock);
    return some;
}

void lk_ring_clear(struct lk_ring *ring)
{
    uint64_t ignored;
    ssize_t n = read(ring->fd, &ignored, sizeof(ignored));
    (void)n;
}

int lk_ring_fd(const struct lk_ring *ring)
{
    return ring->fd;
}

size_t lk_ring_count(struct lk_ring *ring)
{
    pthread_mutex_lock(&ring->lock);
    size_t n = ring->count;
    pthread_mutex_unlock(&ring->lock);
    return n;
}
