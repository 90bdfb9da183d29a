#include "crash_point.h"

#ifdef LK_TEST_HOOKS

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static long passings_left(const char *spec, const char *name)
{
    size_t n = strlen(name);
    if (strncmp(spec, name, n) != 0 || (spec[n] != '\0' && spec[n] != ':')) {
        return -1;
    }
    return spec[n] == ':' ? strtol(spec + n + 1, NULL, 10) : 1;
}

void lk_crash_point(const char *name)
{
    static long passed;
    const char *spec = getenv("LOCKERD_TEST_KILL_AT");
    if (!spec || passings_left(spec, name) < 0) {
        return;
    }
    if (++passed >= passings_left(spec, name)) {
        (void)kill(getpid(), SIGKILL);
    }
}

#else
typedef int lk_crash_point_unused; /* ISO C wants a declaration in every file */
#endif
