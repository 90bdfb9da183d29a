#include "hal/clock_linux.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/timex.h>
#include <time.h>

#include "clock_judge.h"
#include "hal/clock_driver.h"

struct books {
    pthread_mutex_t lock;
    struct lk_clock_trust trust;
};

struct clock_linux {
    struct lk_clock base;
    int64_t earliest_s;
    struct books *books;
};

static struct timespec now(clockid_t id)
{
    struct timespec ts = {0};
    (void)clock_gettime(id, &ts);
    return ts;
}

static int64_t mono_ns(const struct lk_clock *clock)
{
    (void)clock;
    struct timespec ts = now(CLOCK_MONOTONIC);
    return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static int64_t wall_ms(const struct lk_clock *clock)
{
    (void)clock;
    struct timespec ts = now(CLOCK_REALTIME);
    return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

enum lk_hal_clock lk_clock_judge(int64_t wall_s, int64_t earliest_s, int state, int status)
{
    if (wall_s < earliest_s) {
        return LK_HAL_CLOCK_UNSYNCED;
    }
    /* A time service that says "synchronised to 1970" is not believed, hence the order. */
    bool disciplined = state >= 0 && state != TIME_ERROR && !(status & STA_UNSYNC);
    return disciplined ? LK_HAL_CLOCK_SYNCED : LK_HAL_CLOCK_RTC;
}

static bool is_near(int64_t a_ms, int64_t b_ms)
{
    return llabs((long long)(a_ms - b_ms)) <= LK_CLOCK_JUMP_MS;
}

static void doubt(struct lk_clock_trust *trust, int64_t ahead_ms, int64_t mono_ms)
{
    if (!trust->doubted || !is_near(ahead_ms, trust->doubted_ms)) {
        trust->doubted_at_ms = mono_ms;
    }
    trust->doubted = true;
    trust->doubted_ms = ahead_ms;
}

enum lk_hal_clock lk_clock_trust(struct lk_clock_trust *trust, enum lk_hal_clock said, int64_t wall_ms, int64_t mono_ms)
{
    int64_t ahead_ms = wall_ms - mono_ms;
    if (said != LK_HAL_CLOCK_SYNCED) {
        return said;
    }
    if (trust->any && !is_near(ahead_ms, trust->believed_ms)) {
        doubt(trust, ahead_ms, mono_ms);
        if (mono_ms - trust->doubted_at_ms < LK_CLOCK_DOUBT_MS) {
            return LK_HAL_CLOCK_RTC;
        }
    }
    *trust = (struct lk_clock_trust){.any = true, .believed_ms = ahead_ms};
    return said;
}

static enum lk_hal_clock quality(const struct lk_clock *clock)
{
    const struct clock_linux *self = (const struct clock_linux *)clock;
    struct timex tx = {.modes = 0};
    int state = adjtimex(&tx);
    int64_t at_ms = wall_ms(clock);
    enum lk_hal_clock said = lk_clock_judge(at_ms / 1000, self->earliest_s, state, tx.status);
    pthread_mutex_lock(&self->books->lock);
    said = lk_clock_trust(&self->books->trust, said, at_ms, mono_ns(clock) / 1000000);
    pthread_mutex_unlock(&self->books->lock);
    return said;
}

static int64_t doubt_ms(const struct lk_clock *clock)
{
    struct books *books = ((const struct clock_linux *)clock)->books;
    pthread_mutex_lock(&books->lock);
    int64_t off_ms = books->trust.doubted ? books->trust.doubted_ms - books->trust.believed_ms : 0;
    pthread_mutex_unlock(&books->lock);
    return off_ms;
}

static void destroy(struct lk_clock *clock)
{
    struct books *books = ((struct clock_linux *)clock)->books;
    (void)pthread_mutex_destroy(&books->lock);
    free(books);
    free(clock);
}

static const struct lk_clock_ops ops = {
    .name = "linux",
    .mono_ns = mono_ns,
    .wall_ms = wall_ms,
    .quality = quality,
    .doubt_ms = doubt_ms,
    .destroy = destroy,
};

int lk_clock_linux_create(int64_t earliest_wall_s, struct lk_clock **ret_clock)
{
    struct clock_linux *self = calloc(1, sizeof(*self));
    struct books *books = calloc(1, sizeof(*books));
    if (!self || !books) {
        free(self);
        free(books);
        return -ENOMEM;
    }
    (void)pthread_mutex_init(&books->lock, NULL);
    self->books = books;
    self->base.ops = &ops;
    self->earliest_s = earliest_wall_s != 0 ? earliest_wall_s : LK_BUILD_DAY_S;
    *ret_clock = &self->base;
    return 0;
}
