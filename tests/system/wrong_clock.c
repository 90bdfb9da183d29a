/* Preloaded into the daemon: its calendar is WRONG_CLOCK_S seconds late (or early, when negative), as after a power cut
 * with an empty backup battery, and it is synchronised while the file WRONG_CLOCK_SYNCED is there. The monotonic clock
 * is left alone, and so is what no variable names. Waits for a moment of the wrong calendar end when that moment comes
 * by it: the kernel keeps the right one, and Paho's threads wait by the calendar. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

typedef int clock_call(clockid_t id, struct timespec *now);
typedef int timex_call(struct timex *tx);
typedef int wait_call(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *until);

enum { LONGEST_UPTIME_S = 1000000000 }; /* a later moment is one of the calendar, not of the monotonic clock */

static time_t late_s(void)
{
    const char *late = getenv("WRONG_CLOCK_S");
    return late ? strtol(late, NULL, 10) : 0;
}

int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *until)
{
    static wait_call *next;
    if (!next) {
        void *found = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
        memcpy(&next, &found, sizeof(next));
    }
    struct timespec moment = *until;
    if (moment.tv_sec > LONGEST_UPTIME_S) {
        moment.tv_sec += late_s();
    }
    return next(cond, mutex, &moment);
}

int clock_gettime(clockid_t id, struct timespec *now)
{
    static clock_call *next;
    if (!next) {
        void *found = dlsym(RTLD_NEXT, "clock_gettime");
        memcpy(&next, &found, sizeof(next));
    }
    int r = next(id, now);
    if (r == 0 && id == CLOCK_REALTIME) {
        now->tv_sec -= late_s();
    }
    return r;
}

int adjtimex(struct timex *tx)
{
    static timex_call *next;
    const char *file = getenv("WRONG_CLOCK_SYNCED");
    if (!next) {
        void *found = dlsym(RTLD_NEXT, "adjtimex");
        memcpy(&next, &found, sizeof(next));
    }
    if (!file) {
        return next(tx);
    }
    bool synced = access(file, F_OK) == 0;
    memset(tx, 0, sizeof(*tx));
    tx->status = synced ? STA_PLL : STA_UNSYNC;
    return synced ? TIME_OK : TIME_ERROR;
}
