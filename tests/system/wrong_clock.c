/* Preloaded into the daemon: its calendar is WRONG_CLOCK_S seconds late (or early, when negative), as after a power cut
 * with an empty backup battery, and it is synchronised while the file WRONG_CLOCK_SYNCED is there. The monotonic clock
 * is left alone, and so is what no variable names. */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

typedef int clock_call(clockid_t id, struct timespec *now);
typedef int timex_call(struct timex *tx);

int clock_gettime(clockid_t id, struct timespec *now)
{
    static clock_call *next;
    if (!next) {
        void *found = dlsym(RTLD_NEXT, "clock_gettime");
        memcpy(&next, &found, sizeof(next));
    }
    int r = next(id, now);
    const char *late = getenv("WRONG_CLOCK_S");
    if (r == 0 && id == CLOCK_REALTIME && late) {
        now->tv_sec -= strtol(late, NULL, 10);
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
