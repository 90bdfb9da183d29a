/* Preloaded into a program: before its CUT_AT-th call that changes names or makes bytes stay (link, rename, unlink, mkdir,
 * rmdir, fsync, fdatasync) it is gone, as by kill -9. CUT_COUNT names a file that gets how many such calls there were. */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void *next_of(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

static void step(void)
{
    static int calls;
    const char *at = getenv("CUT_AT"), *count = getenv("CUT_COUNT");
    calls++;
    if (at && atoi(at) == calls) {
        (void)raise(SIGKILL);
    }
    if (count) {
        FILE *f = fopen(count, "w");
        if (f) {
            (void)fprintf(f, "%d\n", calls);
            (void)fclose(f);
        }
    }
}

#define WRAP(name, parameters, arguments)                                                                              \
    int name parameters                                                                                                \
    {                                                                                                                  \
        static int(*next) parameters;                                                                                  \
        if (!next) {                                                                                                   \
            void *found = next_of(#name);                                                                              \
            memcpy(&next, &found, sizeof(next));                                                                       \
        }                                                                                                              \
        step();                                                                                                        \
        return next arguments;                                                                                         \
    }

WRAP(link, (const char *from, const char *to), (from, to))
WRAP(rename, (const char *from, const char *to), (from, to))
WRAP(unlink, (const char *path), (path))
WRAP(mkdir, (const char *path, mode_t mode), (path, mode))
WRAP(rmdir, (const char *path), (path))
WRAP(fsync, (int fd), (fd))
WRAP(fdatasync, (int fd), (fd))
