#include "base/cleanup.h"

#include <errno.h>
#include <unistd.h>

void lk_freep(void *pp)
{
    void **p = pp;
    free(*p);
    *p = NULL;
}

void lk_closep(int *fd)
{
    if (*fd >= 0) {
        int saved = errno;
        (void)close(*fd);
        errno = saved;
        *fd = -1;
    }
}

void lk_fclosep(FILE **f)
{
    if (*f) {
        (void)fclose(*f);
        *f = NULL;
    }
}

int lk_steal_fd(int *fd)
{
    int given = *fd;
    *fd = -1;
    return given;
}
