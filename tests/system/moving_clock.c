/* Preloaded into the daemon: a calendar that a test moves while the daemon runs. The file MOVING_CLOCK holds struct
 * moved; every reading of the calendar, of whichever library, and what adjtimex says come from there. The monotonic
 * clock is the kernel's. Waits until a moment of the calendar are like the kernel's: the moment moves with it, so a
 * calendar that is set back years keeps a thread waiting for years. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

/* What the test writes, in the machine's byte order: Python's struct "=qii". */
struct moved {
    int64_t ahead_ms; /* of the kernel's calendar */
    int32_t state;    /* what adjtimex returns: TIME_OK, TIME_INS, ..., TIME_ERROR */
    int32_t status;   /* STA_UNSYNC and others */
};

typedef int clock_call(clockid_t id, struct timespec *now);
typedef int wait_call(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *until);

enum { LOOK_EVERY_MS = 20 };

static const struct moved *moved;

__attribute__((constructor)) static void map(void)
{
    const char *file = getenv("MOVING_CLOCK");
    int fd = file ? open(file, O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        void *at = mmap(NULL, sizeof(*moved), PROT_READ, MAP_SHARED, fd, 0);
        moved = at == MAP_FAILED ? NULL : at;
        (void)close(fd);
    }
}

static int real_time(clockid_t id, struct timespec *now)
{
    static clock_call *next;
    if (!next) {
        void *found = dlsym(RTLD_NEXT, "clock_gettime");
        memcpy(&next, &found, sizeof(next));
    }
    return next(id, now);
}

static struct timespec later(struct timespec at, int64_t ms)
{
    int64_t ns = at.tv_nsec + ms % 1000 * 1000000;
    int64_t s = at.tv_sec + ms / 1000 + ns / 1000000000;
    ns %= 1000000000;
    s -= ns < 0;
    return (struct timespec){.tv_sec = s, .tv_nsec = ns < 0 ? ns + 1000000000 : ns};
}

int clock_gettime(clockid_t id, struct timespec *now)
{
    int r = real_time(id, now);
    if (r == 0 && moved && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) {
        *now = later(*now, __atomic_load_n(&moved->ahead_ms, __ATOMIC_RELAXED));
    }
    return r;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec ts;
    (void)zone;
    int r = clock_gettime(CLOCK_REALTIME, &ts);
    *now = (struct timeval){.tv_sec = ts.tv_sec, .tv_usec = ts.tv_nsec / 1000};
    return r;
}

time_t time(time_t *ret_now)
{
    struct timespec ts = {0};
    (void)clock_gettime(CLOCK_REALTIME, &ts);
    if (ret_now) {
        *ret_now = ts.tv_sec;
    }
    return ts.tv_sec;
}

static int64_t distance_s(clockid_t id, const struct timespec *until)
{
    struct timespec now = {0};
    (void)clock_gettime(id, &now);
    return llabs((long long)until->tv_sec - now.tv_sec);
}

static int is_over(const struct timespec *until)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec != until->tv_sec ? now.tv_sec > until->tv_sec : now.tv_nsec >= until->tv_nsec;
}

int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *until)
{
    static wait_call *next;
    if (!next) {
        void *found = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
        memcpy(&next, &found, sizeof(next));
    }
    /* Which clock a condition waits by cannot be asked; a wait is for seconds, and the two clocks are years apart. */
    if (distance_s(CLOCK_MONOTONIC, until) < distance_s(CLOCK_REALTIME, until)) {
        return next(cond, mutex, until);
    }
    int r = ETIMEDOUT;
    while (r == ETIMEDOUT && !is_over(until)) {
        struct timespec look;
        (void)real_time(CLOCK_REALTIME, &look);
        look = later(look, LOOK_EVERY_MS);
        r = next(cond, mutex, &look);
    }
    return r;
}

int adjtimex(struct timex *tx)
{
    memset(tx, 0, sizeof(*tx));
    if (!moved) {
        errno = ENOSYS;
        return -1;
    }
    tx->status = moved->status;
    return moved->state;
}
