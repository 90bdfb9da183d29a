/* Preloaded into the daemon: while the file named by SLOW_WHILE is there, making bytes stay takes SLOW_MS more. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int slowly(const char *name, int fd)
{
    int (*next)(int);
    void *found = dlsym(RTLD_NEXT, name);
    const char *flag = getenv("SLOW_WHILE"), *ms = getenv("SLOW_MS");
    memcpy(&next, &found, sizeof(next));
    if (flag && ms && access(flag, F_OK) == 0) {
        (void)usleep((useconds_t)atoi(ms) * 1000);
    }
    return next(fd);
}

int fsync(int fd)
{
    return slowly("fsync", fd);
}

int fdatasync(int fd)
{
    return slowly("fdatasync", fd);
}
